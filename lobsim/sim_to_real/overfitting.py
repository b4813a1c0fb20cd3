r"""The detector of overfitting: what an agent gains on its own histories, and on fresh days.

An agent that replays one recorded day again and again learns the day: when its price was high, not
what a high price looks like. Its profit on that day is no evidence. The evidence is the *gap*

.. math:: g = \bar y_{own} - \bar y_{fresh}

between its mean gain on the H histories of its training and on F fresh ones. A gain is measured
against a rule on the same history, so that a day on which everybody did well says nothing.

If the agent has learned only what is true of all days, its own days are days like any others: own
and fresh gains can be exchanged, and the gap is judged among all ways to call H of H + F days its
own (a permutation test; exact for any distribution, even for H = 1, where the p value is the rank
of the one own gain among the fresh ones). The gain must be counted *as it came*: a control variate
of the price's news takes away just what was memorised.

References
----------
D. Bailey, J. Borwein, M. Lopez de Prado, Q. Zhu (2014), "Pseudo-mathematics and financial
charlatanism: the effects of backtest overfitting on out-of-sample performance", Notices of the AMS
61(5), for the harm. C. Zhang, O. Vinyals, R. Munos, S. Bengio (2018), "A study on overfitting in
deep reinforcement learning", arXiv:1804.06893, for own and fresh episodes as its measure. E. Pitman
(1937), Supplement to the Journal of the RSS 4, for the permutation test.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from lobsim.sim_to_real.blocks import p_value

__all__ = ["Overfitting", "find_overfitting"]

_DRAWS_AT_ONCE = 500


@dataclass(frozen=True)
class Overfitting:
    """What agents gain on the histories of their training, and on fresh ones.

    Attributes
    ----------
    own, fresh : float
        Mean gains, positive = better than the rule, in the unit of what was given (bps).
    gap, low, high : float
        Own less fresh, and its interval. NaN ends where there is nothing to tell the spread by.
    p_value : float
        Of a gap this large or larger, if own histories are like any others.
    agents, histories, days : int
        Trainings, histories of each, and fresh days.
    """

    own: float
    fresh: float
    gap: float
    low: float
    high: float
    p_value: float
    agents: int
    histories: int
    days: int

    def overfitted(self, alpha: float = 0.05) -> bool:
        """Whether the agents did better on their own histories than chance lets them."""
        return self.p_value <= alpha

    @property
    def verdict(self) -> str:
        """A sentence, at 5 %."""
        interval = f"{self.gap:+.2f} ({self.low:+.2f} to {self.high:+.2f})"
        if not self.overfitted():
            return f"own and fresh days are not told apart: a gap of {interval}"
        if self.fresh > 0:
            return (f"overfitted by {interval}: of a gain of {self.own:.2f} on its own days "
                    f"{self.fresh:.2f} are there on fresh ones")
        return (f"overfitted by {interval}: the gain of {self.own:.2f} on its own days is "
                f"{self.fresh:.2f} on fresh ones")


def find_overfitting(own, fresh, *, confidence: float = 0.95, draws: int = 1999,
                     seed: int = 0) -> Overfitting:
    r"""Do agents gain more on the histories of their training than on fresh ones?

    Parameters
    ----------
    own : array_like of float, shape (H,) or (agents, H)
        What each agent gained over a rule on each history of its own training, H at least 1.
        Agents of different training seeds should have been given different histories.
    fresh : array_like of float, shape (F,) or (agents, F)
        The same on fresh days, the same ones for all agents, F at least 2.
    confidence : float
        Of the interval.
    draws, seed : int
        Of the permutation test; with D draws no p value is below 1/(D + 1).

    Returns
    -------
    Overfitting

    Notes
    -----
    With one agent the interval is Student's with the pooled variance,
    :math:`s^2 (1/H + 1/F)` (of fresh days alone where H = 1): as wide as it is because *one* day
    says little about an honest agent, too. With several agents it is between agents,
    :math:`Var(g_k)/A`, plus the error of the fresh days that they share.

    The permutations are drawn for each agent on its own. With few fresh days (F not much above H)
    and agents alike, the test is a little too ready to reject, as the agents share those days.

    Raises
    ------
    ValueError
        When the shapes do not fit or a gain is not finite.

    Examples
    --------
    >>> days = np.random.default_rng(0).normal(0.0, 1.0, 400)
    >>> find_overfitting([6.0], days).overfitted(), find_overfitting([0.5], days).overfitted()
    (True, False)
    """
    own, fresh = _table(own, "own", 1), _table(fresh, "fresh", 2)
    if len(own) != len(fresh):
        raise ValueError(f"own is of {len(own)} agents and fresh of {len(fresh)}")
    if not 0 < confidence < 1 or draws < 1:
        raise ValueError(f"confidence is {confidence} and draws {draws}; they must lie between 0 "
                         f"and 1, and be at least 1")
    agents, count = own.shape
    days = fresh.shape[1]
    gaps = own.mean(axis=1) - fresh.mean(axis=1)
    if agents == 1:
        freedom = count + days - 2
        squares = ((own - own.mean())**2).sum() + ((fresh - fresh.mean())**2).sum()
        error = math.sqrt(squares / freedom * (1 / count + 1 / days))
    else:
        freedom = agents - 1
        shared = fresh.mean(axis=0).var(ddof=1) / days
        error = math.sqrt(gaps.var(ddof=1) / agents + shared)
    half = float(student.ppf(0.5 + confidence / 2, freedom)) * error
    gap = float(gaps.mean())
    null = _permuted(np.concatenate([own, fresh], axis=1), count, draws,
                     np.random.default_rng(seed))
    return Overfitting(float(own.mean()), float(fresh.mean()), gap, gap - half, gap + half,
                       p_value(gap, null), agents, count, days)


def _table(gains, name: str, least: int) -> np.ndarray:
    table = np.atleast_2d(np.asarray(gains, dtype=np.float64))
    if table.ndim != 2 or table.shape[1] < least:
        raise ValueError(f"{name} has the shape {table.shape}; it must hold at least {least} "
                         f"gains of each agent")
    if not np.isfinite(table).all():
        raise ValueError(f"{name} holds a gain that is not finite")
    return table


def _permuted(gains: np.ndarray, count: int, draws: int, rng) -> np.ndarray:
    """Mean gaps when `count` of each agent's days, whichever, are called its own."""
    agents, days = gains.shape
    total, found = gains.sum(axis=1), []
    for begun in range(0, draws, _DRAWS_AT_ONCE):
        some = min(_DRAWS_AT_ONCE, draws - begun)
        called = np.zeros((some, agents))
        for k in range(agents):
            order = rng.random((some, days)).argpartition(count - 1, axis=1)[:, :count]
            called[:, k] = gains[k][order].sum(axis=1)
        found.append((called / count - (total - called) / (days - count)).mean(axis=1))
    return np.concatenate(found)
