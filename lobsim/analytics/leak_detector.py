"""A detector of parent orders on the public tape, and how well it tells days apart (AUC).

The unit is the day. Windows of one day stand or fall together: they are in the training days or in
the test days, and an interval draws whole days anew.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from lobsim.analytics._checks import float_array, need_columns, same_length
from lobsim.analytics.leakage import SIGNED, UNSIGNED

__all__ = ["AUC", "LeakDay", "LeakageDetector", "auc", "auc_difference", "auc_of"]

_LARGEST = 6.0  # standard deviations beyond which a feature says no more


class AUC(NamedTuple):
    """Area under the curve with its interval; see :func:`auc_of` and :func:`auc_difference`."""

    value: float
    ci_low: float
    ci_high: float
    n: int


def auc(with_order, without) -> float:
    r"""Chance that a day with an order scores above a day without one.

    .. math:: A = \frac{1}{mn}\sum_{i,j} \bigl(1_{x_i > y_j} + \tfrac12 1_{x_i = y_j}\bigr)

    Parameters
    ----------
    with_order, without : array_like of float, shapes (m,) and (n,)
        Scores, higher = more like an order.

    Returns
    -------
    float
        0 to 1, .5 = the tape tells nothing. NaN when a side is empty.

    References
    ----------
    D. Bamber (1975), Journal of Mathematical Psychology 12(4): the area is Mann and Whitney's U
    over mn.

    Examples
    --------
    >>> auc([3.0, 1.0], [0.0, 1.0])
    0.875
    """
    x, y = float_array(with_order, "with_order"), float_array(without, "without")
    if not (len(x) and len(y)):
        return math.nan
    below = sum(np.searchsorted(np.sort(y), x, side=side).sum() for side in ("left", "right"))
    return float(0.5 * below / (len(x) * len(y)))


def auc_of(with_order, without, *, paired: bool = True, days=None, confidence: float = 0.95,
           draws: int = 2000, seed: int = 0) -> AUC:
    """:func:`auc` with a percentile interval from a bootstrap over days.

    Parameters
    ----------
    with_order, without : array_like of float
        Scores of days. When `paired`, entry i of both is one day of the market, with and without
        the order, and both are drawn together.
    paired : bool
    days : array_like, shape (n,), optional
        The day of each pair of scores, where a day has several (many names): all of a day are drawn
        together. By default each pair is a day.
    confidence, draws, seed
        Of the bootstrap.

    Returns
    -------
    AUC
        ``n`` is the smaller number of days.

    Raises
    ------
    ValueError
        When there are days for scores that are not paired.

    Notes
    -----
    When the days are told apart without one error, every draw is 1 too and the interval is a
    point. Then its inner end is put where n days without an error would be no surprise,
    :math:`((1-c)/2)^{1/n}`, as for a proportion (Clopper and Pearson 1934).

    Examples
    --------
    >>> found = auc_of([2.0, 3.0, 4.0, 1.0], [0.0, 2.5, 1.5, 0.5])
    >>> found.value, found.ci_low < found.value < found.ci_high
    (0.8125, True)
    """
    x, y = float_array(with_order, "with_order"), float_array(without, "without")
    if paired:
        same_length(with_order=x, without=y)
    elif days is not None:
        raise ValueError("days are given, but paired is False; only pairs have a day in common")
    value, n = auc(x, y), min(len(x), len(y)) if days is None else len(np.unique(days))
    if n < 2:
        return AUC(value, math.nan, math.nan, n)
    rng = np.random.default_rng(seed)
    one = _draws(rng, len(x), draws, days)
    drawn = _drawn(_above(x, y), one, one if paired else _draws(rng, len(y), draws))
    low, high = _reach(drawn, confidence)
    if value in (0.0, 1.0):
        inner = (0.5 * (1 - confidence))**(1 / n)
        low, high = (inner, 1.0) if value else (0.0, 1.0 - inner)
    return AUC(value, low, high, n)


def auc_difference(a, b, without, *, without_b=None, days=None, confidence: float = 0.95,
                   draws: int = 2000, seed: int = 0) -> AUC:
    """AUC of strategy `a` less that of strategy `b` on the same days, with its interval.

    Parameters
    ----------
    a, b, without : array_like of float, shape (n,)
        Scores of the same n days with an order of either strategy, and without any.
    without_b : array_like of float, shape (n,), optional
        Scores of the days without an order by the detector of `b`, where each strategy has its
        own; then `without` is by that of `a`.
    days : array_like, shape (n,), optional
        As in :func:`auc_of`.
    confidence, draws, seed
        Of the bootstrap over days, which draws all scores of a day together.

    Returns
    -------
    AUC
        Negative = `a` leaks less.

    Examples
    --------
    >>> auc_difference([2.0, 3.0], [0.0, 1.0], [0.5, 0.6]).value
    0.5
    """
    x, y, null = (float_array(v, n) for v, n in ((a, "a"), (b, "b"), (without, "without")))
    null_b = null if without_b is None else float_array(without_b, "without_b")
    same_length(a=x, b=y, without=null, without_b=null_b)
    value = auc(x, null) - auc(y, null_b)
    n = len(x) if days is None else len(np.unique(days))
    if n < 2:
        return AUC(value, math.nan, math.nan, n)
    day = _draws(np.random.default_rng(seed), len(x), draws, days)
    drawn = _drawn(_above(x, null), day, day) - _drawn(_above(y, null_b), day, day)
    return AUC(value, *_reach(drawn, confidence), n)


class LeakDay(NamedTuple):
    """The features of one day and what was at work in it.

    Attributes
    ----------
    features : DataFrame
        Of :func:`lobsim.analytics.tape_features`, one row a window.
    side : int
        +1 a buying parent order, -1 a selling one, 0 none.
    share : float
        Its share of the volume of the windows, 0 to 1.
    """

    features: pd.DataFrame
    side: int = 0
    share: float = 0.0


class LeakageDetector:
    r"""Says from public features whether a parent order is at work, on which side and how large.

    Three classes (buy, none, sell) with the logits

    .. math:: \ell_{\pm} = c + a\cdot u \pm b\cdot s, \qquad \ell_0 = 0

    for the standardised unsigned features u and signed ones s. A tape whose buyers and sellers
    swap places so gets the same answer with the other side, by construction, and both sides learn
    from all days. Days with and without an order have equal weight in all.

    Parameters
    ----------
    ridge : float
        Penalty on half the squared coefficients, per unit of the mean log-loss; > 0. Windows of a
        day overlap and repeat each other, so that days, not windows, should be thought of as rows.

    Attributes
    ----------
    coefficients : dict of str to float
        ``"intercept"`` and every feature, in standard deviations of the training windows.

    Notes
    -----
    The share of volume is a ridge regression on the same features turned to the detected side.

    References
    ----------
    T. Hastie, R. Tibshirani and J. Friedman (2009), "The Elements of Statistical Learning",
    2nd ed., section 4.4.1 (multinomial logit) and equation (18.11) (its ridge penalty).
    """

    def __init__(self, ridge: float = 0.02):
        if not ridge > 0:
            raise ValueError(f"ridge is {ridge}; it must be above 0")
        self.ridge = float(ridge)

    def fit(self, days: Sequence[LeakDay]) -> "LeakageDetector":
        """Learn from days with and without an order; returns itself.

        Raises
        ------
        ValueError
            When there is no day of either kind, or a side other than -1, 0, +1.
        """
        sides = np.array([day.side for day in days], dtype=np.int64)
        if not np.isin(sides, (-1, 0, 1)).all():
            raise ValueError(f"the sides of the days are {np.unique(sides)}; allowed: -1, 0, +1")
        if not ((sides == 0).any() and (sides != 0).any()):
            raise ValueError("fit() needs days with an order and days without one")
        tables = [day.features for day in days]
        plain = np.concatenate([_columns(table, UNSIGNED) for table in tables])
        signed = np.concatenate([_columns(table, SIGNED) for table in tables])
        length = [len(table) for table in tables]
        self._centre, self._scale = _moments(plain)
        # no centre: the mirror image of a tape must stay one
        self._signed_scale = np.sqrt(_mean(signed**2))
        self._signed_scale[~(self._signed_scale > 0)] = 1.0
        u, s = self._standard(plain, signed)
        side = np.repeat(sides, length)
        weight = np.where(side == 0, 0.5 / (side == 0).sum(), 0.5 / (side != 0).sum())
        found = minimize(_loss, np.zeros(1 + u.shape[1] + s.shape[1]), jac=True,
                         args=(u, s, side, weight, self.ridge), method="L-BFGS-B")
        self._c, self._a, self._b = np.split(found.x, [1, 1 + u.shape[1]])
        self.coefficients = dict(zip(("intercept", *UNSIGNED, *SIGNED), found.x.tolist()))
        share = np.repeat([day.share for day in days], length)
        design = self._towards(u, s)
        penalty = self.ridge * np.diag(np.arange(design.shape[1]) > 0)
        self._size = np.linalg.solve(design.T @ (weight[:, None] * design) + penalty,
                                     design.T @ (weight * share))
        return self

    def logits(self, features: pd.DataFrame) -> np.ndarray:
        """Log-odds of (buy, sell) against none in each window, shape (windows, 2)."""
        u, s = self._standard(_columns(features, UNSIGNED), _columns(features, SIGNED))
        common, lean = self._c + u @ self._a, s @ self._b
        return np.column_stack([common + lean, common - lean])

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        """Chances of (sell, none, buy) in each window, at equal odds; shape (windows, 3)."""
        buy, sell = self.logits(features).T
        return _softmax(np.column_stack([sell, np.zeros(len(buy)), buy]))

    def lean(self, features: pd.DataFrame) -> np.ndarray:
        """Chance of a buying less that of a selling parent in each window, -1 to 1."""
        chances = self.probabilities(features)
        return chances[:, 2] - chances[:, 0]

    def day_score(self, features: pd.DataFrame) -> float:
        """How much a day looks like one with an order (log-odds of its windows, averaged)."""
        return float(np.logaddexp(*self.logits(features).mean(axis=0)))

    def day_side(self, features: pd.DataFrame) -> int:
        """The likelier side of an order on this day, if there is one: +1 or -1."""
        buy, sell = self.logits(features).mean(axis=0)
        return 1 if buy >= sell else -1

    def day_share(self, features: pd.DataFrame) -> float:
        """Estimated share of the day's volume that belongs to a parent order, 0 to 1."""
        standard = self._standard(_columns(features, UNSIGNED), _columns(features, SIGNED))
        return float(np.clip((self._towards(*standard) @ self._size).mean(), 0.0, 1.0))

    def _towards(self, u: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Features as seen from the detected side, with a constant."""
        side = np.where(s @ self._b >= 0, 1.0, -1.0)
        return np.column_stack([np.ones(len(u)), u, side[:, None] * s])

    def _standard(self, plain: np.ndarray, signed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both kinds in training standard deviations; what is unknown is ordinary: 0."""
        u, s = (plain - self._centre) / self._scale, signed / self._signed_scale
        return tuple(np.clip(np.nan_to_num(x), -_LARGEST, _LARGEST) for x in (u, s))


def _loss(x, u, s, side, weight, ridge) -> tuple[float, np.ndarray]:
    """Weighted mean log-loss with its penalty, and the gradient."""
    c, a, b = x[0], x[1:1 + u.shape[1]], x[1 + u.shape[1]:]
    common, lean = c + u @ a, s @ b
    chance = _softmax(np.column_stack([common - lean, np.zeros(len(u)), common + lean]))
    told = chance[np.arange(len(side)), side + 1]
    excess = weight[:, None] * (chance - (side[:, None] == np.array([-1, 0, 1])))
    on, lean_on = excess[:, 0] + excess[:, 2], excess[:, 2] - excess[:, 0]
    value = -weight @ np.log(np.maximum(told, 1e-300)) + 0.5 * ridge * (x[1:] @ x[1:])
    slope = np.concatenate([[on.sum()], u.T @ on + ridge * a, s.T @ lean_on + ridge * b])
    return value, slope


def _softmax(logits: np.ndarray) -> np.ndarray:
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)


def _columns(features: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    need_columns(features, names, "features")
    if not len(features):
        raise ValueError("features has no rows; a day needs at least one window")
    return features[list(names)].to_numpy(np.float64)


def _mean(x: np.ndarray) -> np.ndarray:
    """Mean of each column over what is known, 0 where nothing is."""
    known = np.isfinite(x)
    return np.where(known, x, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    centre = _mean(x)
    scale = np.sqrt(_mean((x - centre)**2))
    return centre, np.where(scale > 1e-12, scale, 1.0)


def _above(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """1 where x_i > y_j, .5 where they are equal."""
    return 0.5 * (1.0 + np.sign(x[:, None] - y))


def _draws(rng: np.random.Generator, n: int, draws: int, days=None) -> np.ndarray:
    """How often each of n scores is drawn, all those of a day together; shape (draws, n)."""
    if days is None:
        return rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    _, day = np.unique(days, return_inverse=True)
    same_length(days=day, scores=np.zeros(n))
    return _draws(rng, int(day.max()) + 1, draws)[:, day]


def _drawn(above: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The area in each draw of days."""
    return ((one @ above) * other).sum(axis=1) / (one.sum(axis=1) * other.sum(axis=1))


def _reach(drawn: np.ndarray, confidence: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.5 * (1 - confidence), 0.5 * (1 + confidence)])
    return float(low), float(high)
