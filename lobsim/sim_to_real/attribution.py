r"""Which differences between simulator and venue explain a gap in performance, and by how much.

*Evidence.* The cost of some days is one number, and much of it is luck: many causes could have
made it. So a cause is named by its fingerprint. With :math:`\bar d` the mean change of all
measurements from the simulator to the live days, :math:`\mu_j(x)` what the simulator's switch j at
size x does to them (`lobsim.sim_to_real.learn_responses`) and :math:`C_j(x)` the covariance of
their difference (luck of the days, how differently days answer, and what straight lines between
known sizes get wrong), each switch is moved toward live as far as it explains most,

.. math:: L_j(x) = (\bar d - \mu_j(x))^T C_j(x)^{-1} (\bar d - \mu_j(x)) + \log |C_j(x)|,

and the one with the smallest minimum is taken in, if the likelihood ratio
:math:`L_j(0) - \min_x L_j(x)` says so at level alpha after Holm over all switches that are left.
The simulator is run with all switches taken in so far, what that explains is taken off, and the
rest is looked at again, until nothing is left that a switch explains beyond chance. This is
indirect inference (Gourieroux, Monfort and Renault 1993) with one parameter at a time.

*Cost.* The simulator is run with the switches that were found at the sizes that were found, one at
a time and in all subsets, on the same seeds, and the difference in cost is split by Shapley
(`lobsim.sim_to_real.shapley`). What the live days cost beyond that is named: unexplained.

*Ranking.* Causes that were found come first; of these, those whose Shapley cost has an interval
without 0, largest first; then by evidence. A cause with evidence and without cost is a difference
all the same: the next policy may pay for it.

*Blindness.* For every cause that was not found the table says what size of it these days would
have shown. Where that is large, nothing was found because nothing could be.

References
----------
C. Gourieroux, A. Monfort, E. Renault, "Indirect inference", Journal of Applied Econometrics 8(S1),
1993. S. Holm, Scandinavian Journal of Statistics 6(2), 1979. J. Schaefer, K. Strimmer, "A shrinkage
approach to large-scale covariance matrix estimation", Statistical Applications in Genetics and
Molecular Biology 4(1), 2005, table 1, target D.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm
from scipy.stats import t as student

from lobsim.sim_to_real.day_measures import MEASURES, RESOLUTION
from lobsim.sim_to_real.day_record import DayRecord
from lobsim.sim_to_real.drift_tests import holm
from lobsim.sim_to_real.gaps import Gap
from lobsim.sim_to_real.laboratory import COST, Laboratory, Response, Responses
from lobsim.sim_to_real.shapley_values import MOST_EXACT, shapley

__all__ = ["FOUND", "Attribution", "Effect", "attribute"]

FOUND, RULED_OUT, BLIND = "found", "no sign of it", "could not be seen"
"""Verdicts: evidence; none although size 1 would have shown; none, and size 1 would not show."""

_WRONG = 0.05  # of a response: straight lines between sizes, and causes that do not just add up
_GRID = np.concatenate([np.linspace(0.02, 1.5, 75), np.linspace(1.55, 4.0, 50)])
_SIGNED = ("trend",)
_PERMUTATIONS = 32
_BORDER = 9.0  # of the likelihood ratio: size 1 counts as visible from three standard errors on


@dataclass(frozen=True)
class Effect:
    """A mean with its interval, bps.

    Attributes
    ----------
    mean, low, high : float
    """

    mean: float
    low: float
    high: float

    @property
    def is_told(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, eq=False)
class Attribution:
    """What was found.

    Attributes
    ----------
    table : DataFrame
        A row a cause, in the order of the ranking: ``cause``, ``verdict``, ``size`` with ``low``
        and ``high`` (NaN if not found), ``p_value`` and ``p_holm``, ``seen_in`` (the measurements
        that say most), ``alone_bps`` and ``shapley_bps`` with ``..._low`` and ``..._high`` (what it
        costs in the simulator at that size, one at a time and its fair share), ``shows_from`` (the
        size that these days would show).
    gap : Effect
        Cost of the live days less that of the simulator.
    explained, unexplained : Effect
        What the simulator costs more with all that was found, and the rest of the gap.
    paired : bool
        Whether live days and simulator had the same seeds.
    alpha : float
    live_days, days : int
        Live, and those of the simulator on which costs are known; 0 if it was not run.
    """

    table: pd.DataFrame
    gap: Effect
    explained: Effect
    unexplained: Effect
    paired: bool
    alpha: float
    live_days: int
    days: int

    @property
    def found(self) -> tuple[Gap, ...]:
        """The causes that were found, at their sizes, in the order of the ranking."""
        rows = self.table[self.table["verdict"] == FOUND]
        return tuple(Gap(row.cause, round(row.size, 4)) for row in rows.itertuples(index=False))


def attribute(live: Sequence[DayRecord] | pd.DataFrame, laboratory: Laboratory,
              responses: Responses, *, seeds: Sequence[int] | None = None, alpha: float = 0.05,
              most: int = 6, rerun: bool = True, permutations: int = _PERMUTATIONS) -> Attribution:
    """Find the causes of a performance gap.

    Parameters
    ----------
    live : sequence of DayRecord, or DataFrame
        Of the laboratory's policy, at least 2; or what `Laboratory.measure` says of each.
    laboratory : Laboratory
    responses : Responses
        Of that laboratory.
    seeds : sequence of int, optional
        If the live days were played on known seeds (which only a classroom has): these, in order.
        Then luck is taken out: each day is compared with the simulator's on its seed. Default: a
        live day has no seed, and its luck is judged by that of the simulator's days.
    alpha : float
        Chance that anything is found where there is no difference.
    most : int
        Causes to find at most.
    rerun : bool
        Run the simulator with what was found, for what causes do together and for their cost.
        Without it nothing is run: causes are taken to add up, and the ranking is by evidence.
    permutations : int
        Orders for Shapley if more than `MOST_EXACT` causes were found.

    Returns
    -------
    Attribution

    Notes
    -----
    Without seeds, what luck does is known from ``responses.base``: it needs more days than there
    are measurements, or tests say too much.
    """
    measured = live if isinstance(live, pd.DataFrame) else pd.DataFrame(
        [laboratory.measure(record) for record in live])
    if len(measured) < 2:
        raise ValueError(f"there are {len(measured)} live days; at least 2 are needed")
    if seeds is not None and len(seeds) != len(measured):
        raise ValueError(f"there are {len(measured)} live days and {len(seeds)} seeds; each day "
                         f"needs its own")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; it must lie between 0 and 1")
    reference = responses.base if seeds is None else laboratory.measured((), seeds)
    evidence = _Evidence(measured, reference, responses, seeds is not None, alpha)
    evidence.search(most, laboratory if rerun else None)
    return _told(evidence, measured, reference, laboratory if rerun else None, responses,
                 permutations)


# -- evidence ----------------------------------------------------------------------------------


class _Evidence:
    """The search for switches that explain what has moved."""

    def __init__(self, live, reference, responses: Responses, paired: bool, alpha: float):
        self.responses, self.paired, self.alpha, self.n = responses, paired, alpha, len(live)
        a, b = (table[[*MEASURES]].to_numpy(float) for table in (live, reference))
        if paired:
            moved = _mean(a - b)
        else:
            moved = _mean(a) - _mean(b)
        floor = np.array([RESOLUTION[name] for name in MEASURES])
        self.kept = np.isfinite(moved)
        if not paired:
            self.kept &= np.isfinite(b).mean(axis=0) > 0.5
        self.moved = moved[self.kept]
        self.luck = np.diag(floor[self.kept] ** 2)
        if not paired:
            self.luck += _covariance(b[:, self.kept]) * (1 / self.n + 1 / len(b))
        self.names = [name for name, keep in zip(MEASURES, self.kept, strict=True) if keep]
        self.sizes: dict[str, float] = {}
        self.joint: np.ndarray | None = None
        self.p: dict[str, tuple[float, float]] = {}
        self.ratio: dict[str, float] = {}

    def response(self, gap: str, size: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean change of the measurements kept, and the variance of what is not known of it."""
        answer: Response = self.responses.by_gap[gap]
        mean, spread = (part[self.kept] for part in answer.at(size))
        known = 1 / self.n + 1 / max(self.responses.days, 1)
        return mean, spread**2 * known + (_WRONG * mean) ** 2

    def search(self, most: int, laboratory: Laboratory | None) -> None:
        """Take in one switch after the other; with a laboratory, run it with all taken in."""
        while len(self.sizes) < most:
            tried = {gap: self.best(gap, self.sizes) for gap in self.responses.by_gap
                     if gap not in self.sizes}
            if not tried:
                break
            p = {gap: float(chi2.sf(ratio, 1)) * (1.0 if gap in _SIGNED else 0.5)
                 if ratio > 0 else 1.0 for gap, (_, ratio) in tried.items()}
            adjusted = dict(zip(p, holm(list(p.values())), strict=True))
            self.p |= {gap: (p[gap], adjusted[gap]) for gap in p}
            best = max(tried, key=lambda gap: tried[gap][1])
            if adjusted[best] > self.alpha:
                break
            self.sizes[best], self.ratio[best] = tried[best]
            self.resize()
            if laboratory is not None:
                self.run_together(laboratory)
                self.resize()

    def resize(self) -> None:
        """Sizes of all switches taken in, each given the others."""
        for gap in [*self.sizes] * 2:
            others = {one: x for one, x in self.sizes.items() if one != gap}
            size = self.best(gap, others)[0]
            self.sizes[gap] = size if size else self.sizes[gap]

    def run_together(self, laboratory: Laboratory) -> None:
        """What the switches taken in do together, beyond what each of them does by itself."""
        gaps = [Gap(gap, size) for gap, size in self.sizes.items()]
        change = (laboratory.measured(gaps) - laboratory.measured())[self.names].to_numpy(float)
        apart = sum(self.response(gap, size)[0] for gap, size in self.sizes.items())
        together = np.where(np.isfinite(change).any(axis=0), _mean(change), apart)
        self.joint = together - apart

    def rest(self, found: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
        """What the switches found leave open, and the covariance without any other."""
        rest, luck = self.moved.copy(), self.luck.copy()
        for gap, size in found.items():
            mean, variance = self.response(gap, size)
            rest -= mean
            luck += np.diag(variance)
        if found and self.joint is not None:
            rest -= self.joint
        return rest, luck

    def best(self, gap: str, found: dict[str, float]) -> tuple[float, float]:
        """Size of a switch that explains most of what others leave, and its likelihood ratio."""
        rest, luck = self.rest(found)
        none = float(_misfit(rest[None], luck[None])[0])
        sizes = np.concatenate([-_GRID, _GRID]) if gap in _SIGNED else _GRID
        values = self.misfit(gap, sizes, rest, luck)
        k = int(np.argmin(values))
        for step in (0.01, 0.002):  # finer around the best
            near = sizes[k] + step * np.arange(-5, 6)
            near = near[np.sign(near) == np.sign(sizes[k])]
            tried = self.misfit(gap, near, rest, luck)
            if tried.min() < values[k]:
                sizes, values, k = near, tried, int(np.argmin(tried))
        return (float(sizes[k]), none - float(values[k])) if values[k] < none else (0.0, 0.0)

    def misfit(self, gap: str, sizes: np.ndarray, rest, luck) -> np.ndarray:
        """L of the head of this module at some sizes."""
        mean, variance = map(np.array, zip(*(self.response(gap, size) for size in sizes),
                                           strict=True))
        return _misfit(rest - mean, luck + variance[:, None, :] * np.eye(len(rest)))

    def interval(self, gap: str) -> tuple[float, float]:
        """Sizes that are not refuted, at level alpha over all gaps together."""
        others = {one: x for one, x in self.sizes.items() if one != gap}
        rest, luck = self.rest(others)
        size = self.sizes[gap]
        sizes = size * np.concatenate([[1.0], 0.97 ** np.arange(120), 1.03 ** np.arange(120)])
        misfit = self.misfit(gap, sizes, rest, luck)
        most = misfit[0] + float(chi2.isf(self.alpha / len(self.responses.by_gap), 1))
        inside = misfit <= most
        ends = []
        for way in (slice(1, 121), slice(121, 241)):  # outward, up to the first that is refuted
            first = np.flatnonzero(~inside[way])
            ends.append(float(sizes[way][first[0] if len(first) else -1]))
        return min(ends), max(ends)

    def seen_in(self, gap: str, most: int = 2) -> str:
        """The measurements that a switch moves farthest against what luck does to them."""
        mean, variance = self.response(gap, self.sizes.get(gap, 1.0))
        z = np.abs(mean) / np.sqrt(np.diag(self.luck) + variance)
        order = [k for k in np.argsort(-z, kind="stable")[:most] if z[k] > 1]
        return ", ".join(self.names[k] for k in order)

    def shows_from(self, gap: str) -> float:
        """Smallest size that three standard errors would tell from nothing; infinity if none."""
        inverse = np.linalg.inv(self.luck)
        for size in _GRID:
            mean, _ = self.response(gap, size)
            if mean @ inverse @ mean >= _BORDER:
                return float(size)
        return math.inf


def _misfit(rests: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Squared Mahalanobis distance and log determinant; shapes (g, m) and (g, m, m)."""
    factor = np.linalg.cholesky(covariances)
    standard = np.linalg.solve(factor, rests[:, :, None])[:, :, 0]
    logs = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    return (standard**2).sum(axis=1) + 2 * logs


def _mean(table: np.ndarray) -> np.ndarray:
    """Mean of each column over the days that have it; NaN if none has."""
    known = np.isfinite(table)
    total, count = np.where(known, table, 0.0).sum(axis=0), known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _covariance(table: np.ndarray) -> np.ndarray:
    """Covariance of the columns, correlations shrunk toward none (Schaefer and Strimmer 2005).

    It is made larger by (n - 1) / (n - m - 2), by which the inverse of n days of m measurements is
    too large on average (the inverse Wishart's mean), as far as correlations were not shrunk.
    """
    table = np.where(np.isfinite(table), table, _mean(table))
    n, m = table.shape
    sd = table.std(axis=0, ddof=1)
    z = (table - table.mean(axis=0)) / np.where(sd > 0, sd, 1.0)
    correlation = z.T @ z / (n - 1)
    products = z[:, :, None] * z[:, None, :]
    variance = products.var(axis=0, ddof=1) * n / (n - 1) ** 2
    off = ~np.eye(m, dtype=bool)
    denominator = float((correlation[off] ** 2).sum())
    shrink = min(1.0, float(variance[off].sum()) / denominator) if denominator else 1.0
    correlation = np.where(off, (1 - shrink) * correlation, 1.0)
    inflate = 1 + (1 - shrink) * ((n - 1) / (n - m - 2) - 1) if n > m + 2 else 4.0
    return correlation * np.outer(sd, sd) * inflate


# -- cost --------------------------------------------------------------------------------------


def _told(evidence: _Evidence, live, reference, laboratory, responses, permutations
          ) -> Attribution:
    """The table, with what the simulator says of the cost of what was found."""
    found = {gap: Gap(gap, size) for gap, size in evidence.sizes.items()}

    def cost(some) -> np.ndarray:
        if laboratory is None:
            return np.full(2, np.nan)
        return laboratory.measured([found[gap] for gap in some])[COST].to_numpy()

    many = len(found) > MOST_EXACT
    shares = shapley(cost, sorted(found), permutations=permutations if many else None)
    level = evidence.alpha / max(len(found), 1)
    rows = []
    for gap in responses.by_gap:
        p, adjusted = evidence.p.get(gap, (1.0, 1.0))
        shows = evidence.shows_from(gap)
        row = {"cause": gap, "verdict": RULED_OUT if shows <= 1 else BLIND, "size": math.nan,
               "low": math.nan, "high": math.nan, "p_value": p, "p_holm": adjusted,
               "seen_in": evidence.seen_in(gap), "alone_bps": math.nan, "alone_low": math.nan,
               "alone_high": math.nan, "shapley_bps": math.nan, "shapley_low": math.nan,
               "shapley_high": math.nan, "shows_from": shows}
        if gap in found:
            low, high = evidence.interval(gap)
            alone = _interval(cost([gap]) - cost(()), level)
            share = _interval(shares.cases[shares.players.index(gap)], level)
            row |= {"verdict": FOUND, "size": found[gap].size, "low": low, "high": high,
                    "alone_bps": alone.mean, "alone_low": alone.low, "alone_high": alone.high,
                    "shapley_bps": share.mean, "shapley_low": share.low,
                    "shapley_high": share.high}
        rows.append(row)
    table = pd.DataFrame(rows).iloc[_ranking(rows, evidence)].reset_index(drop=True)
    explained = _interval(shares.total, evidence.alpha)
    if evidence.paired:
        gap = _interval(live[COST].to_numpy() - reference[COST].to_numpy(), evidence.alpha)
    else:
        gap = _apart(live[COST].to_numpy(), reference[COST].to_numpy(), evidence.alpha)
    half = math.hypot(gap.high - gap.mean, explained.high - explained.mean)
    rest = gap.mean - explained.mean
    return Attribution(table, gap, explained, Effect(rest, rest - half, rest + half),
                       evidence.paired, evidence.alpha, len(live),
                       len(shares.total) if laboratory is not None else 0)


def _ranking(rows: list[dict], evidence: _Evidence) -> list[int]:
    """Order of the causes, see the head of this module."""

    def key(k: int):
        row = rows[k]
        is_found = row["verdict"] == FOUND
        is_told = is_found and (row["shapley_low"] > 0 or row["shapley_high"] < 0)
        cost = abs(row["shapley_bps"]) if is_told else 0.0
        return (not is_found, not is_told, -cost, -evidence.ratio.get(row["cause"], 0.0),
                row["p_value"], row["shows_from"])

    return sorted(range(len(rows)), key=key)


def _interval(values: np.ndarray, alpha: float) -> Effect:
    """Student's interval of a mean; of equal values it has no width."""
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return Effect(mean, -math.inf, math.inf)
    half = float(student.isf(alpha / 2, n - 1) * np.std(values, ddof=1) / math.sqrt(n))
    return Effect(mean, mean - half, mean + half)


def _apart(a: np.ndarray, b: np.ndarray, alpha: float) -> Effect:
    """Interval of a difference of means of days that have nothing to do with one another."""
    mean = float(a.mean() - b.mean())
    half = float(norm.isf(alpha / 2)) * math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return Effect(mean, mean - half, mean + half)
