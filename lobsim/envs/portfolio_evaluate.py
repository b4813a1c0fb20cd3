"""Judging policies on portfolio days: the same days for all, intervals by pairs, limits audited."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import starmap

import numpy as np
import pandas as pd
from scipy.stats import t as student

from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio_audit import Auditor
from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.envs.portfolio_rules import DayRule
from lobsim.envs.portfolio_settings import PortfolioSettings
from lobsim.envs.seeding import episode_seeds

__all__ = ["DayEvaluation", "evaluate_days", "play_days"]

_SUMMED = ("capped", "held_back", "forced", "overshot")
_SHORT = ("unfinished_cap", "unfinished_net", "unfinished_book")


@dataclass(frozen=True)
class DayEvaluation:
    """What policies cost on the same days.

    Attributes
    ----------
    days : DataFrame
        A row for each policy and day: ``policy, seed, shortfall_bps`` (of the gross value,
        positive = cost), ``controlled_bps`` (less the news that nobody could foresee: the same mean
        with less noise), ``aversion_bps`` (what clients charge for risk), ``objective_bps``
        (controlled and aversion), ``client_bps`` (controlled cost and what a client's aversion
        charges for the variance of its own block, as a mean over the blocks, each in bps of its
        own value: every client counts alike, and not by how much it trades), ``risk_bps``
        (root of the summed variance of what was left), ``fees_bps``, ``completion`` (share of the
        gross value), ``capped, held_back, forced, overshot`` (times that the environment stepped
        in), ``unfinished_cap, unfinished_net, unfinished_book`` (blocks that ended short, by why),
        ``violations``.
    blocks : DataFrame
        A row for each policy, day and block: those of `PortfolioCore.blocks`, ``aversion_bps``
        (its share of what clients charge for risk, in bps of its own value), ``own_risk_bps``
        (what its client charges for its own variance), ``risk_bps`` (root of the summed variance of
        what was left of it alone, in bps of its own value), ``policy, seed``.
    reference : str
    """

    days: pd.DataFrame
    blocks: pd.DataFrame
    reference: str

    def table(self) -> pd.DataFrame:
        """Means over the days by policy, with the difference from the reference by pairs of days.

        Returns
        -------
        DataFrame
            ``difference_bps`` is that of ``objective_bps``, with a 95 % interval by Student's t,
            ``low_bps`` and ``high_bps``; ``violations`` is the sum.
        """
        numbers = self.days.drop(columns="seed").groupby("policy", sort=False)
        found = numbers.mean()
        found["violations"] = numbers["violations"].sum()
        pairs = self.days.pivot(index="seed", columns="policy", values="objective_bps")
        gaps = pairs.sub(pairs[self.reference], axis=0)[found.index]
        n = len(pairs)
        reach = student.ppf(0.975, n - 1) * gaps.std(ddof=1) / np.sqrt(n)
        found["difference_bps"] = gaps.mean()
        found["low_bps"], found["high_bps"] = gaps.mean() - reach, gaps.mean() + reach
        return found

    def by_urgency(self) -> pd.DataFrame:
        """Value-weighted cost and completion, and blocks, by policy and class of urgency."""
        rows = self.blocks.assign(
            cost=self.blocks["weight"] * self.blocks["shortfall_bps"],
            done=self.blocks["weight"] * self.blocks["filled"] / self.blocks["quantity"],
            short=self.blocks["ended"] != "finished")
        sums = rows.groupby(["policy", "urgency"], sort=False)
        total = sums["weight"].sum()
        return pd.DataFrame({
            "shortfall_bps": sums["cost"].sum() / total, "completion": sums["done"].sum() / total,
            "blocks": sums.size(), "ended_short": sums["short"].sum(),
            "participation": sums["participation"].mean()})


def evaluate_days(policies: Mapping[str, DayRule | Callable], *, days: int, seed: int = 0,
                  first: int = 0, reference: str | None = None, num_envs: int = 8,
                  audit: bool = True, spread: Callable = starmap, **settings) -> DayEvaluation:
    """Play the same days with every policy.

    Parameters
    ----------
    policies : mapping of name to policy
        Rules (`lobsim.envs.portfolio_rules`), callables from observations (n, columns) to actions,
        or pairs of a policy and settings of its own.
    days, seed, first : int
        Days `first`, `first` + 1, ... of the environment that was reset with `seed`; at least two.
    reference : str, optional
        Policy that the others are compared with; the first by default.
    num_envs : int
        Days side by side; changes no result, unless a policy draws random numbers.
    audit : bool
        Whether an `Auditor` reads all fills; without it `violations` is NaN.
    spread : callable
        ``spread(play, jobs)`` gives ``play(*job)`` of each job, in order. Each of them plays
        `num_envs` days with one policy and needs nothing of the others, so they may run anywhere
        (`lobsim.agents.ray_days`); but a policy that draws random numbers draws on from job to job.
    **settings
        As in `lobsim.envs.PortfolioEnv`.

    Raises
    ------
    ValueError
        When there are no policies, the reference is none of them, or a setting is wrong.

    Examples
    --------
    >>> from lobsim.envs.portfolio_rules import AtOnceDay, TWAPDay
    >>> found = evaluate_days({"TWAP": TWAPDay(), "at once": AtOnceDay()}, days=2, names=2,
    ...                       horizon_s=120)
    >>> found.table()["violations"].tolist()
    [0.0, 0.0]
    """
    if not policies:
        raise ValueError("policies is empty; name at least one")
    reference = next(iter(policies)) if reference is None else reference
    if reference not in policies:
        raise ValueError(f"reference is {reference!r}; it must be one of {', '.join(policies)}")
    if days < 2 or num_envs < 1:
        raise ValueError(f"days is {days} and num_envs {num_envs}; they must be at least 2 and 1")
    seeds = episode_seeds(seed, first, days)
    names, jobs = [], []
    for name, policy in policies.items():
        policy, own = policy if isinstance(policy, tuple) else (policy, {})
        if hasattr(policy, "act"):
            own = {**own, "actions": "orders"}
        checked = PortfolioSettings(**{**settings, **own})
        for k in range(0, days, num_envs):
            names.append(name)
            jobs.append((policy, checked, seeds[k:k + num_envs], audit))
    rows, blocks = [], []
    for name, (some, theirs) in zip(names, spread(_play, jobs), strict=True):
        rows.append(some.assign(policy=name))
        blocks.append(theirs.assign(policy=name))
    table = pd.concat(rows, ignore_index=True)
    return DayEvaluation(table[["policy", *table.columns.drop("policy")]],
                         pd.concat(blocks, ignore_index=True), reference)


def _play(policy, settings: PortfolioSettings, seeds, audit: bool):
    """`play_days` on a core of its own: a job that can be sent anywhere."""
    return play_days(policy, PortfolioCore(len(seeds), settings), seeds, audit)


def play_days(policy: DayRule | Callable, core: PortfolioCore, seeds, audit: bool = True,
              ) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Play the days of some seeds side by side, to their ends, on a core of so many days.

    Parameters
    ----------
    policy : DayRule or callable
    core : PortfolioCore
        Its settings suit the policy; what it keeps of the days can be looked at afterwards.
    seeds : sequence of int, shape (N,)
    audit : bool

    Returns
    -------
    days, blocks : DataFrame
        As those of `DayEvaluation`, without the policy.
    """
    n = len(seeds)
    outcome = core.fresh()
    core.open(range(n), seeds, outcome)
    rule = policy if hasattr(policy, "act") else None
    if rule:
        rule.reset(core)
    auditor = Auditor(core) if audit else None
    sums = np.zeros((n, len(core.names)))
    charges, charged = core.charges, np.zeros((n, core.names_count))
    minded, felt = core.own_charges, np.zeros((n, core.names_count))
    waits, variance = _waits(core), np.zeros((n, core.names_count))
    while core.alive.any():
        running = core.alive
        actions = rule.act(core, outcome) if rule else policy(outcome.seen)
        outcome = core.step(actions)
        sums[running] += outcome.info[running]
        charged += 0.5 * (charges + core.charges)
        felt += 0.5 * (minded + core.own_charges)
        variance += 0.5 * (waits + _waits(core))
        charges, minded, waits = core.charges, core.own_charges, _waits(core)
        if auditor:
            auditor.look()
    told, added = (dict(zip(core.names, one.T, strict=True)) for one in (core.told, sums))
    own = core.client[:, pl.C_WEIGHT].reshape(charged.shape)
    blocks = pd.concat([core.blocks(e).assign(
        aversion_bps=charged[e, own[e] > 0] / own[e, own[e] > 0],
        own_risk_bps=felt[e, own[e] > 0],
        risk_bps=np.sqrt(variance[e, own[e] > 0]), seed=seeds[e])
        for e in range(n)], ignore_index=True)
    client = (blocks["shortfall_bps"] - blocks["news_bps"] + blocks["own_risk_bps"]).groupby(
        blocks["seed"], sort=False).mean()
    done = (blocks["weight"] * blocks["filled"] / blocks["quantity"]).groupby(
        blocks["seed"], sort=False).sum()
    controlled = told["shortfall_bps"] - told["news_bps"]
    aversion = added["aversion_step_bps"]
    days = pd.DataFrame({
        "seed": seeds, "shortfall_bps": told["shortfall_bps"], "controlled_bps": controlled,
        "aversion_bps": aversion, "objective_bps": controlled + aversion,
        "client_bps": client.reindex(seeds).to_numpy(),
        "risk_bps": np.sqrt(added["risk"]), "fees_bps": added["fees_step_bps"],
        "completion": done.reindex(seeds).to_numpy(),
        **{name: added[name] for name in _SUMMED}, **{name: told[name] for name in _SHORT},
        "violations": auditor.by_day if auditor else np.full(n, np.nan)})
    return days, blocks


def _waits(core) -> np.ndarray:
    """Variance of each name in a decision times the squared share of its block that is left."""
    left = core.working * (1.0 - core.filled_lots / np.maximum(core.quantity_lots, 1))
    return left**2 * np.diagonal(core.covariance, axis1=1, axis2=2)
