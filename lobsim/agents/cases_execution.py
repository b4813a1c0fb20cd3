"""Case "execution": sell 2,500 SPY within a quarter of an hour, order by order."""

from lobsim.agents.case import Case, Recipe
from lobsim.envs.baselines import default_rules
from lobsim.envs.execution_layout import O_SIGNALS, OBSERVED
from lobsim.envs.paced import PacedRule

__all__ = ["EXECUTION"]

_GUARDED = {"guard_s": 60.0, "ahead_s": 60.0, "offsets": (-1, 0, 1), "sizes": (1.0,)}
_LEARN = {"reward": "against_schedule"}


def _benchmarks(env) -> dict:
    return {"passive near the schedule": PacedRule(late_s=20.0), **default_rules(60.0)}


EXECUTION = Case(
    name="execution",
    title="sell 2,500 SPY within a quarter of an hour",
    world="lobsim/Execution-v0",
    judge="execution",
    settings={"side": "sell", "quantity": 2_500, "horizon_s": 900.0, "interval_s": 10.0,
              "slice_s": 60.0},
    columns=OBSERVED,
    signals=tuple(range(O_SIGNALS, len(OBSERVED))),
    benchmarks=_benchmarks,
    validation_episodes=64,
    judge_envs=64,
    recipes={
        "dqn": Recipe(n_envs=16, steps=100_000, learning_rate=5e-4, gamma=0.99, net=(64, 64),
                      activation="relu", batch_size=128, settings=_GUARDED, stagger=True,
                      training=_LEARN, validations=4,
                      options={"buffer_size": 100_000, "learning_starts": 2_000, "train_freq": 4,
                               "gradient_steps": 4, "target_update_interval": 2_000,
                               "exploration_fraction": 0.4, "exploration_final_eps": 0.05,
                               "double": True}),
        "ppo": Recipe(n_envs=64, steps=150_000, learning_rate=1e-3, gamma=0.99, net=(64, 64),
                      batch_size=2048, settings=_GUARDED, stagger=True,
                      training=_LEARN, validations=4,
                      options={"n_steps": 64, "n_epochs": 4, "gae_lambda": 0.95,
                               "ent_coef": 0.003}),
        "sac": Recipe(n_envs=16, steps=100_000, learning_rate=1e-3, gamma=0.99, net=(64, 64),
                      activation="relu", batch_size=256, stagger=True, training=_LEARN,
                      validations=4,
                      settings=_GUARDED | {"actions": "continuous"},
                      options={"buffer_size": 100_000, "learning_starts": 2_000, "train_freq": 1,
                               "gradient_steps": 1, "ent_coef": "auto_0.05"}),
    },
)  # fmt: skip
