"""Case "portfolio": a desk's day in twelve names of the universe, one policy for all of them."""

from lobsim.agents.case import Case, Recipe
from lobsim.envs import execution_layout as at
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio_names import ROW_OBSERVED, NamesVectorEnv
from lobsim.envs.portfolio_rules import day_rules

__all__ = ["PORTFOLIO"]

LIQUIDITY = (at.O_SPREAD, at.O_VOLUME, at.O_OWN_DEPTH, at.O_OTHER_DEPTH, pl.P_SPREAD,
             pl.P_VOLATILITY, pl.P_SIZE, pl.P_COVER)
URGENCY = (pl.P_ENDS, pl.P_AVERSION, pl.P_MUST, pl.P_CHARGE)
"""What tells a name that is dear to trade from a cheap one, and a client in a hurry from a patient
one. The time left stays: it is the clock of the order."""


def _benchmarks(env) -> dict:
    return day_rules()


def _names(env) -> NamesVectorEnv:
    return NamesVectorEnv(env, "block")


PORTFOLIO = Case(
    name="portfolio",
    title="the blocks of a desk's clients in many names",
    world="lobsim/Portfolio-v0",
    judge="portfolio",
    # Evenly from the busiest to the quietest of the fifty; names=50 is the whole universe, and an
    # agent of the one acts in the other.
    settings={"names": 12},
    columns=ROW_OBSERVED,
    signals=(*range(at.O_SIGNALS, len(at.OBSERVED)), pl.P_SPREAD, pl.P_COVER),
    groups={"liquidity": LIQUIDITY, "urgency": URGENCY},
    learner=_names,
    benchmarks=_benchmarks,
    validation_episodes=32,
    judge_envs=8,
    recipes={
        # A rollout is 16 whole days, 26 decisions of 12 names each. A shift of 0 is near the
        # passive rule, and the first policy is there to within a hundredth. Rewards are in bps of
        # each block, tens of them at once in a quiet name: unscaled, the gradient of the values
        # would be nearly all of what is clipped. Nothing is discounted: days end.
        "ppo": Recipe(n_envs=16, steps=499_200, learning_rate=1e-3, gamma=1.0, net=(64, 64),
                      batch_size=624, settings={"actions": "pace", "max_shift_s": 300.0},
                      training={"reward": "clients"}, normalise_rewards=True, validations=5,
                      options={"n_steps": 26, "n_epochs": 6, "gae_lambda": 0.9,
                               "log_std_init": -0.7, "head_scale": 0.01}),
    },
)  # fmt: skip
