"""Case "pacing": sell 10,000 SPY within an hour whose price has spells of trend."""

from lobsim.agents.case import Case, Recipe
from lobsim.envs.baselines import default_rules
from lobsim.envs.execution_layout import O_SIGNALS, OBSERVED
from lobsim.envs.making import TRENDS
from lobsim.envs.paced import PacedRule

__all__ = ["PACING"]

# Found by lobsim.agents.tuning.tuned_pace("pacing"): seconds for a trend of one standard deviation.
AWARE = PacedRule({"trend": 800.0}, late_s=20.0)
_NEAR = {"actions": "pace", "max_shift_s": 300.0}
_LEARN = {"reward": "against_schedule"}


def _benchmarks(env) -> dict:
    return {"paced by the trend, tuned": AWARE, "passive near the schedule": PacedRule(),
            **default_rules(60.0)}


PACING = Case(
    name="pacing",
    title="sell 10,000 SPY within an hour of trends",
    world="lobsim/Execution-v0",
    judge="execution",
    settings={"side": "sell", "quantity": 10_000, "horizon_s": 3600.0, "interval_s": 20.0,
              "slice_s": 60.0, "schedule": "twap", "parts": (TRENDS,)},
    columns=OBSERVED,
    signals=tuple(range(O_SIGNALS, len(OBSERVED))),
    benchmarks=_benchmarks,
    validation_episodes=64,
    judge_envs=64,
    recipes={
        # DQN gains little here, and none is shipped. One seed each of four recipes (discount 0.98
        # or 0.95, nets of 64-64 or 16, last epsilon 0.05 or 0.01, 77,000 to 154,000 steps) ended
        # at a validation score of 1.00 to 1.20 (this one), where the passive rule has 0.78 and the
        # tuned one 2.21. In the three that were looked at the values of the shifts lay some 0.02
        # bps apart and their errors were no smaller, so the choice flipped at 29 to 54 % of the
        # steps. What is sold too soon cannot be taken back: they were three to four minutes ahead
        # of the schedule on average, and so hardly met the states in which waiting pays.
        "dqn": Recipe(n_envs=16, steps=100_000, learning_rate=5e-4, gamma=0.98, net=(64, 64),
                      activation="relu", batch_size=512, settings=_NEAR | {"shift_levels": 3},
                      training=_LEARN, stagger=True, validations=5,
                      options={"buffer_size": 100_000, "learning_starts": 2_000, "train_freq": 2,
                               "gradient_steps": 2, "target_update_interval": 2_000,
                               "exploration_fraction": 0.4, "exploration_final_eps": 0.05,
                               "double": True}),
        "ppo": Recipe(n_envs=64, steps=256_000, learning_rate=2e-3, gamma=0.95, net=(64, 64),
                      batch_size=512, settings=_NEAR, training=_LEARN, stagger=True, validations=4,
                      options={"n_steps": 32, "n_epochs": 8, "gae_lambda": 0.9,
                               "log_std_init": 0.0}),
        "sac": Recipe(n_envs=16, steps=76_800, learning_rate=1e-3, gamma=0.95, net=(64, 64),
                      activation="relu", batch_size=512, settings=_NEAR, training=_LEARN,
                      stagger=True, validations=2,
                      options={"buffer_size": 200_000, "learning_starts": 3_000, "train_freq": 8,
                               "gradient_steps": 16, "ent_coef": "auto_0.02"}),
    },
)  # fmt: skip
