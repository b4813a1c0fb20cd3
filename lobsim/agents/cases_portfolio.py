"""Case "portfolio": a desk's day in twelve names of the universe, one policy for all of them."""

from lobsim.agents.case import Case, Recipe
from lobsim.agents.desk_rules import DESK, LinearPace
from lobsim.agents.shared import SteadyNames
from lobsim.envs import execution_layout as at
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio_names import ROW_OBSERVED
from lobsim.envs.portfolio_rules import day_rules

__all__ = ["PORTFOLIO"]

LIQUIDITY = (at.O_SPREAD, at.O_VOLUME, at.O_OWN_DEPTH, at.O_OTHER_DEPTH, pl.P_SPREAD,
             pl.P_VOLATILITY, pl.P_SIZE, pl.P_COVER)
URGENCY = (pl.P_ENDS, pl.P_AVERSION, pl.P_MUST, pl.P_CHARGE)
"""What tells a name that is dear to trade from a cheap one, and a client in a hurry from a patient
one. The time left stays: it is the clock of the order."""


# A quarter of the spread better than the own best: the best of 0, 0.25, 0.4 and 0.6 on tuning days.
WITHIN = LinearPace(price={"constant": 0.5})
# Found by lobsim.agents.desk_rules.tuned_desk(), and on test days no better than the one above.
TUNED = LinearPace(
    {"constant": -0.66, "time_left": -1.1, "behind": -0.92, "imbalance": -1.2, "aversion": 1.4,
     "spread_bps": 1.0, "volatility": -0.64, "size": -0.12},
    {"constant": 0.79, "time_left": -0.66, "behind": 1.6, "imbalance": 0.47, "aversion": 0.69,
     "spread_bps": -0.75, "volatility": -1.3, "size": 1.4})


def _benchmarks(env) -> dict:
    return {"patient in the spread": WITHIN, "patient": LinearPace(), "linear, tuned": TUNED,
            **day_rules()}


def _names(env) -> SteadyNames:
    return SteadyNames(env)


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
    validation_episodes=64,
    judge_envs=8,
    recipes={
        # A rollout is 8 whole days, 26 decisions of 12 names each. Both actions begin at 0, a desk
        # that waits near its schedule at the own best. Rewards are in bps of each block, tens of
        # them at once in a quiet name: unscaled, the gradient of the values would be nearly all of
        # what is clipped. In trials that began at WITHIN, one seed each, 300,000 steps, a discount
        # of 0.97 or a gae_lambda of 0.6 were not told apart from this; nor was any from WITHIN.
        "ppo": Recipe(n_envs=8, steps=149_760, learning_rate=2e-3, gamma=1.0, net=(64, 64),
                      batch_size=312, settings=DESK, training={"reward": "each_client"},
                      normalise_rewards=True, validations=2,
                      options={"n_steps": 26, "n_epochs": 8, "gae_lambda": 0.9,
                               "log_std_init": -0.5, "head_scale": 0.01}),
    },
)  # fmt: skip
