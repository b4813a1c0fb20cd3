"""How policies of a case are played and scored, whatever its kind; nothing is evaluated twice.

`lobsim.envs.evaluate` and `lobsim.envs.evaluate_making` play; here their tables get one form: a
row for each policy and episode, with the *measures* of the kind of case.

=========== ================================= ====== ========================================
judge       main measure                      better others
=========== ================================= ====== ========================================
execution   ``controlled_bps``                less   ``shortfall_bps`` (as it came)
making      ``ce``, certainty equivalent      more   ``profit``
schedule    ``objective_bps``, E + lambda V   less   ``realised_bps`` (with the price's noise)
portfolio   ``client_bps``, cost and own risk  less   ``objective_bps`` (of the gross value)
=========== ================================= ====== ========================================

The controlled cost is the shortfall less its control variate (`lobsim.envs.rewards`), and the
objective is the running penalty plus the cost expected over the noise: both have the mean of what
stands beside them and less noise. The certainty equivalent is no mean; it is handled by its
contributions (`lobsim.envs.evaluate_making.certainty_equivalent`).

Of a portfolio day both measures are the controlled cost and what the clients' aversion charges for
the variance of what was left: of its own block (``own_risk_bps``), as a mean over the clients, each
in bps of its own value; and of the desk, in bps of the gross value. Blocks are shares of volume, so
one busy name may be most of the gross value (the first of twelve names of the universe is): then
the second measure says what that one name cost, with the noise of a single order, and next to
nothing of a policy for all names.
Told beside them are the controlled cost of the blocks of each class of urgency, in bps of their
own value on the days that have some, and violations of limits, counted in the fills by an auditor
(a single one is a bug).
"""

from collections.abc import Callable, Mapping
from itertools import starmap
from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.agents.case import Case
from lobsim.envs import evaluate as execution
from lobsim.envs import evaluate_making as making
from lobsim.envs.clients import URGENCIES
from lobsim.envs.portfolio_evaluate import DayEvaluation, evaluate_days
from lobsim.envs.threads import cores

__all__ = ["JUDGES", "Judge", "Measure", "play", "score", "values"]


class Measure(NamedTuple):
    """One number by which episodes are compared."""

    name: str
    more_is_better: bool


class Judge(NamedTuple):
    """How a kind of case is judged: measures, the main one first, and what else is told."""

    measures: tuple[Measure, ...]
    risk: str  # column whose spread and tail are told
    told: tuple[str, ...]  # columns of which the mean is told

    @property
    def main(self) -> Measure:
        """The measure that decides."""
        return self.measures[0]

    def measure(self, name: str) -> Measure:
        """A measure by its name."""
        return next(one for one in self.measures if one.name == name)


JUDGES = {
    "execution": Judge((Measure("controlled_bps", False), Measure("shortfall_bps", False)),
                       "shortfall_bps", ("completion", "maker_share")),
    "making": Judge((Measure("ce", True), Measure("profit", True)), "profit",
                    ("inventory_rms", "largest_inventory")),
    "schedule": Judge((Measure("objective_bps", False), Measure("realised_bps", False)),
                      "shortfall_bps", ("completion",)),
    "portfolio": Judge((Measure("client_bps", False), Measure("objective_bps", False)),
                       "shortfall_bps", ("shortfall_bps", "own_risk_bps", "completion", *(
                           f"{name}_bps" for name in URGENCIES), "violations")),
}


def play(case: Case, policies: Mapping, episodes: int, seed: int,
         spread: Callable = starmap) -> pd.DataFrame:
    """Play policies on the same episodes.

    Parameters
    ----------
    case : Case
    policies : mapping of str to policy
        As the evaluation of the environment takes them; one with an attribute ``environment``
        (an agent) is played in an environment with those settings beside the case's.
    episodes : int
        At least 2.
    seed : int
        Base seed, of `lobsim.agents.seeds`.
    spread : callable
        Of `lobsim.envs.portfolio_evaluate.evaluate_days`; other kinds of cases know none.

    Returns
    -------
    DataFrame
        ``policy, seed``, the columns of the measures (but ``ce``, which is made of ``profit``) and
        those that the evaluation told.
    """
    if episodes < 2:
        raise ValueError(f"episodes is {episodes}; it must be at least 2")
    own = {name: (policy, policy.environment) if hasattr(policy, "environment") else policy
           for name, policy in policies.items()}
    if case.judge == "portfolio":
        return _with_classes(evaluate_days(own, days=episodes, seed=seed, num_envs=case.judge_envs,
                                           spread=spread, **case.settings))
    if case.judge == "execution":
        return execution.evaluate(own, episodes=episodes, seed=seed, num_envs=case.judge_envs,
                                  threads=cores(), **case.settings).episodes
    tables = []
    for name, policy in policies.items():
        env = case.vector(min(case.judge_envs, episodes), **getattr(policy, "environment", {}))
        table = making.evaluate(env, {name: policy}, episodes, seed)
        tables.append(_schedule(env, table) if case.judge == "schedule" else table)
    return pd.concat(tables, ignore_index=True)


def _with_classes(found: DayEvaluation) -> pd.DataFrame:
    """Days with the controlled cost of every class of urgency, in bps of the value in it, and risk.

    The last is what clients charge for the variance of their own blocks, as a mean over them.
    """
    blocks = found.blocks
    cost = blocks["weight"] * (blocks["shortfall_bps"] - blocks["news_bps"])
    sums = blocks.assign(cost=cost).groupby(["policy", "seed", "urgency"])[["cost", "weight"]].sum()
    each = (sums["cost"] / sums["weight"]).unstack("urgency").add_suffix("_bps")
    minded = blocks.groupby(["policy", "seed"])["own_risk_bps"].mean()
    return found.days.join(each, on=["policy", "seed"]).join(minded, on=["policy", "seed"])


def _schedule(env, table: pd.DataFrame) -> pd.DataFrame:
    """Costs and risk of selling a block, in bps of its value, from sums of gains."""
    worth = env.model.quantity * env.start
    risk = -table["risk_bps"]
    shortfall = 1e4 * (worth - table["profit"]) / worth
    return table[["policy", "seed", "reward"]].assign(
        objective_bps=risk - table["expected_bps"], realised_bps=risk + shortfall,
        shortfall_bps=shortfall, completion=1.0 - table["end_inventory"] / env.model.quantity)


def values(case: Case, measure: str, table: pd.DataFrame) -> np.ndarray:
    """What each episode of one policy contributes to a measure: the mean of it is the measure.

    For the certainty equivalent its value plus the contributions to its error, whose spread is
    that of its estimate to first order (delta method).
    """
    if measure != "ce":
        return table[measure].to_numpy(dtype=float)
    whole, parts = making.certainty_equivalent(table["profit"], risk_aversion_of(case))
    return whole + parts


def risk_aversion_of(case: Case) -> float:
    """gamma by which a making case is judged: that of its environment."""
    return float(case.settings["risk_aversion"])


def score(case: Case, policy, episodes: int, seed: int) -> float:
    """The main measure of one policy, with the sign that makes more better."""
    main = JUDGES[case.judge].main
    table = play(case, {"policy": policy}, episodes, seed)
    mean = float(values(case, main.name, table).mean())
    return mean if main.more_is_better else -mean
