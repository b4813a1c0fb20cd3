"""LEAN's fill rule as a case: the same policies on the same seeds, filled by it and in the queue.

LEAN's equity rule (`lobsim.market.parts.FillRule`, "touch") fills a market order as a whole at the
best quote, whatever its size, and a resting order as a whole by the first trade strictly beyond its
price; nobody reacts to what it cannot see. In a queue a market order walks the book and moves the
price, and a resting order is filled by trades *at* its price once those before it are gone. So one
half of the rule flatters and the other need not: `compare_fill_rules` says what comes of both for a
policy, and `resting_odds` looks at the second half alone. Between the two stands "no_impact", the
exact place in the queue without any reaction: it tells the rule from the reaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.envs.evaluate import evaluate, interval
from lobsim.envs.execution_rules import KEEP
from lobsim.market.parts import FillRule

__all__ = ["FILL_RULES", "FillComparison", "compare_fill_rules", "resting_odds"]

FILL_RULES = ("queue", "no_impact", "touch")
"""The truth, the truth without reaction, and LEAN's."""
_TOLD = ("shortfall_bps", "controlled_bps", "maker_share", "completion")


@dataclass(frozen=True)
class FillComparison:
    """What policies did on the same seeds under several fill rules.

    Attributes
    ----------
    episodes : DataFrame
        A row for each policy, member, rule and episode: ``policy, member, rule, seed`` and the
        columns of `lobsim.envs.evaluate.Evaluation.episodes`.
    """

    episodes: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """A row for each policy and rule; costs in bps, positive = cost.

        Returns
        -------
        DataFrame
            Indexed by ``policy, rule``: means of ``shortfall_bps``, ``controlled_bps`` (less the
            control variate), ``maker_share`` (filled while resting) and ``completion`` (traded
            before the leftover was priced); then the paired difference of the controlled cost and
            of the maker's share from the first rule, each with the half-width of its 95 % interval
            over markets (members of a policy are averaged on each seed first).
        """
        first = self.episodes["rule"].iloc[0]
        by_seed = self.episodes.groupby(["policy", "rule", "seed"], sort=False)[list(_TOLD)].mean()
        rows = {}
        for policy, rule in self.episodes.groupby(["policy", "rule"], sort=False).groups:
            own, base = by_seed.loc[(policy, rule)], by_seed.loc[(policy, first)]
            row = own.mean().to_dict()
            for name in ("controlled_bps", "maker_share"):
                gap = (own[name] - base[name]).to_numpy()
                label = f"{name.removesuffix('_bps')}_difference"
                row[label], row[f"{label}_half"] = interval(gap)
            rows[policy, rule] = row
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index = pd.MultiIndex.from_tuples(table.index, names=["policy", "rule"])
        return table


def compare_fill_rules(policies: Mapping, *, episodes: int = 250, seed: int = 0, first: int = 0,
                       rules: Sequence[str] = FILL_RULES, num_envs: int = 64, threads: int = 1,
                       parts: tuple = (), **settings) -> FillComparison:
    """Play policies under several fill rules on the same episodes.

    Parameters
    ----------
    policies : mapping of name to policy
        As `lobsim.envs.evaluate.evaluate` takes them; or a list of them, members of one policy (an
        algorithm's training seeds), which are averaged.
    episodes, seed, first, num_envs, threads
        As in `lobsim.envs.evaluate.evaluate`.
    rules : sequence of str
        Of `lobsim.market.parts.FillRule`; differences are from the first.
    parts : tuple
        Of the environment, beside the fill rule.
    **settings
        As in `lobsim.envs.ExecutionEnv`.

    Returns
    -------
    FillComparison

    Examples
    --------
    >>> from lobsim.envs.baselines import TWAPRule
    >>> found = compare_fill_rules({"TWAP": TWAPRule(60)}, episodes=2, quantity=500, horizon_s=120)
    >>> [rule for _, rule in found.table().index]
    ['queue', 'no_impact', 'touch']
    """
    if not policies:
        raise ValueError("policies is empty; name at least one")
    each = [(name, k, one) for name, found in policies.items()
            for k, one in enumerate(found if isinstance(found, list) else [found])]
    by_number = {str(number): one for number, (_, _, one) in enumerate(each)}
    tables = []
    for rule in rules:
        found = evaluate(by_number, episodes=episodes, seed=seed, first=first, num_envs=num_envs,
                         threads=threads, parts=(*parts, FillRule(rule)), **settings).episodes
        number = found["policy"].astype(int)
        tables.append(found.assign(number=number, policy=[each[k][0] for k in number],
                                   member=[each[k][1] for k in number], rule=rule))
    whole = pd.concat(tables, ignore_index=True)
    whole = whole.sort_values("number", kind="stable").drop(columns="number")
    keys = ["policy", "member", "rule", "seed"]
    return FillComparison(whole[[*keys, *whole.columns.drop(keys)]].reset_index(drop=True))


class _RestOnce:
    """Everything rests at the own best from the first decision on, and stays."""

    def reset(self, core):
        """Nothing to prepare."""

    def act(self, core, outcome):
        """Lots to cross, offset in ticks, lots to rest."""
        rest = np.where(core.step_number == 0, core.quantity_lots, KEEP)
        return np.stack([np.zeros(len(core)), np.zeros(len(core)), rest], axis=1)


def resting_odds(*, horizons_s: Sequence[float] = (10.0, 60.0), episodes: int = 500, seed: int = 0,
                 first: int = 0, rules: Sequence[str] = FILL_RULES, parts: tuple = (),
                 start_s=(34_800.0, 54_000.0), **settings) -> pd.DataFrame:
    """How much of an order that joins the best price is filled there, by rule and time.

    Parameters
    ----------
    horizons_s : sequence of float
        Seconds that it rests.
    episodes, seed, first
        As in `lobsim.envs.evaluate.evaluate`.
    rules : sequence of str
    parts : tuple
        Of the environment, beside the fill rule.
    start_s : float or (float, float)
        When it is sent: by default at any time of an equity's day but its first and last minutes.
    **settings
        As in `lobsim.envs.ExecutionEnv`: ``profile``, ``side``, ``quantity`` ...

    Returns
    -------
    DataFrame
        Indexed by ``horizon_s, rule``: ``filled`` (mean share), and ``difference`` from the first
        rule on the same seeds with the half-width of its 95 % interval, ``difference_half``.

    Examples
    --------
    >>> odds = resting_odds(horizons_s=(5.0,), episodes=2, quantity=100)
    >>> bool(odds["filled"].between(0, 1).all())
    True
    """
    rows = {}
    for horizon_s in horizons_s:
        base = None
        for rule in rules:
            found = evaluate({"rest": _RestOnce()}, episodes=episodes, seed=seed, first=first,
                             horizon_s=horizon_s, interval_s=horizon_s, start_s=start_s,
                             parts=(*parts, FillRule(rule)), **settings).episodes
            filled = found["completion"].to_numpy()
            base = filled if base is None else base
            gap, half = interval(filled - base)
            rows[horizon_s, rule] = {"filled": filled.mean(), "difference": gap,
                                     "difference_half": half}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["horizon_s", "rule"])
    return table
