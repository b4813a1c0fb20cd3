"""Case "chriss": sell a block in the world of Almgren and Chriss, whose best schedule is known."""

import numpy as np

from lobsim.agents.case import Case, Recipe
from lobsim.envs.chriss import optimal_policy

__all__ = ["CHRISS"]


def _benchmarks(env) -> dict:
    twap = float(env.action_of(1.0))
    return {
        "TWAP": lambda seen: np.full((len(seen), 1), twap),
        "half the risk aversion": optimal_policy(env, 0.5 * env.risk_aversion),
        "twice the risk aversion": optimal_policy(env, 2.0 * env.risk_aversion),
        "optimum (closed form)": optimal_policy(env),
    }


CHRISS = Case(
    name="chriss",
    title="sell a block under linear impact",
    world="lobsim/AlmgrenChriss-v0",
    judge="schedule",
    settings={"risk_aversion": 1e-6},
    columns=("inventory", "time_left", "price"),
    benchmarks=_benchmarks,
    optimum=lambda env: env.optimum_bps,
    validation_episodes=200,
    judge_envs=200,
    recipes={
        "ppo": Recipe(n_envs=64, steps=300_000, learning_rate=1e-3, gamma=1.0, net=(32, 32),
                      batch_size=640, normalise_rewards=True,
                      options={"n_steps": 20, "n_epochs": 6, "gae_lambda": 0.95,
                               "log_std_init": -1.5}),
        "sac": Recipe(n_envs=16, steps=60_000, learning_rate=1e-3, gamma=1.0, net=(32, 32),
                      activation="relu", batch_size=256, normalise_rewards=True,
                      options={"buffer_size": 60_000, "learning_starts": 1_000, "train_freq": 5,
                               "gradient_steps": 5, "ent_coef": "auto_0.01"}),
    },
)  # fmt: skip
