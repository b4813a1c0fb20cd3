r"""Shapley values: what each of several switches adds, whichever order they are switched in.

With the value :math:`v(S)` of a set S of switches that are on,

.. math:: \phi_i = \sum_{S \subseteq N \setminus \{i\}} \frac{|S|!\,(k - |S| - 1)!}{k!}
          \left[v(S \cup \{i\}) - v(S)\right]

is the only split of :math:`v(N) - v(\emptyset)` that adds up (efficiency), treats switches that do
the same alike (symmetry), gives nothing to one that does nothing (dummy), and is linear in v
(Shapley 1953). It is the mean, over all k! orders, of what i adds when it is switched on: few
switches are summed exactly; for many, orders are drawn, each with its reverse, so that a switch
that came early once comes late once (Castro, Gomez and Tejada 2009, section 3, for the plain draw;
the reversed twin is the antithetic variate of Mitchell et al. 2022, section 3). A drawn order adds
up by itself, so efficiency is exact there too.

References
----------
L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games II, 1953.
J. Castro, D. Gomez, J. Tejada, "Polynomial calculation of the Shapley value based on sampling",
Computers & Operations Research 36(5), 2009.
R. Mitchell, J. Cooper, E. Frank, G. Holmes, "Sampling permutations for Shapley value estimation",
Journal of Machine Learning Research 23, 2022.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

__all__ = ["MOST_EXACT", "ShapleyValues", "shapley"]

MOST_EXACT = 8
"""Players up to which all subsets are looked at (256 of them)."""


@dataclass(frozen=True, eq=False)
class ShapleyValues:
    """A split of a total among players.

    Attributes
    ----------
    players : tuple
    values : ndarray, shape (k,)
        Mean share of each over the cases (days).
    cases : ndarray, shape (k, n)
        Share of each in each case; columns add up to ``total`` of the case.
    total : ndarray, shape (n,)
        Value of all less value of none, in each case.
    drawn_error : ndarray, shape (k,)
        Standard error by having drawn orders; 0 where all subsets were looked at.
    evaluated : int
        Sets whose value was asked for.
    """

    players: tuple
    values: np.ndarray
    cases: np.ndarray
    total: np.ndarray
    drawn_error: np.ndarray
    evaluated: int


def shapley(value: Callable[[frozenset], float | np.ndarray], players: Sequence, *,
            permutations: int | None = None, seed: int = 0) -> ShapleyValues:
    """Split what all players are worth together.

    Parameters
    ----------
    value : callable
        From a frozenset of players to a number, or to one for each of n cases; cases must be the
        same ones for every set (paired by seed), or their luck is split as well.
    players : sequence
        Distinct and hashable.
    permutations : int, optional
        Even: so many orders are drawn, half of them the reverse of the others. Default: exact.
    seed : int
        Of the draw.

    Returns
    -------
    ShapleyValues

    Raises
    ------
    ValueError
        For players twice, an odd number of orders, or too many players for an exact split.

    Examples
    --------
    A glove market: one has a left glove, two a right one, a pair is worth 1.

    >>> pair = lambda who: float("left" in who and len(who) > 1)
    >>> shapley(pair, ["left", "right", "other"]).values.round(3).tolist()
    [0.667, 0.167, 0.167]
    """
    players = tuple(players)
    if len(set(players)) != len(players):
        raise ValueError(f"players are {players}; each must be there once")
    known: dict[frozenset, np.ndarray] = {}

    def worth(some) -> np.ndarray:
        key = frozenset(some)
        if key not in known:
            known[key] = np.atleast_1d(np.asarray(value(key), dtype=float))
        return known[key]

    total = worth(players) - worth(())
    if permutations is None:
        if len(players) > MOST_EXACT:
            raise ValueError(f"there are {len(players)} players; an exact split takes at most "
                             f"{MOST_EXACT}, so say how many permutations to draw")
        cases = _exact(worth, players, len(total))
        error = np.zeros(len(players))
    else:
        if permutations < 2 or permutations % 2:
            raise ValueError(f"permutations is {permutations}; it must be even and at least 2")
        cases, error = _drawn(worth, players, permutations // 2, np.random.default_rng(seed))
    values = cases.mean(axis=1) if players else np.zeros(0)
    return ShapleyValues(players, values, cases, total, error, len(known))


def _exact(worth, players, n: int) -> np.ndarray:
    k, cases = len(players), np.zeros((len(players), n))
    for i, player in enumerate(players):
        others = players[:i] + players[i + 1:]
        for size in range(k):
            weight = 1.0 / (k * comb(k - 1, size))
            for some in combinations(others, size):
                cases[i] += weight * (worth((*some, player)) - worth(some))
    return cases


def _drawn(worth, players, pairs: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Means over drawn orders and their reverses; errors from one pair to the next."""
    by_pair = []
    for _ in range(pairs):
        order = rng.permutation(len(players))
        by_pair.append(0.5 * (_in_order(worth, players, order)
                              + _in_order(worth, players, order[::-1])))
    by_pair = np.array(by_pair).reshape(pairs, len(players), len(worth(())))
    means = by_pair.mean(axis=2)
    spread = means.std(axis=0, ddof=1) if pairs > 1 else np.full(len(players), np.nan)
    return by_pair.mean(axis=0), spread / np.sqrt(pairs)


def _in_order(worth, players, order) -> np.ndarray:
    before, rows = worth(()), [None] * len(players)
    for place in range(len(order)):
        after = worth(players[k] for k in order[:place + 1])
        rows[order[place]], before = after - before, after
    return np.array(rows)
