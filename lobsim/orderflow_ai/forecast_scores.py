"""How good a forecast is, and what it earns: macro F1 and profit after costs, with intervals."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Interval", "Trades", "block_interval", "class_f1", "forecast_trades", "macro_f1",
           "pick_edge", "pick_flat", "told_of"]

CLASSES = 3


class Interval(NamedTuple):
    """An estimate and the ends of its interval."""

    value: float
    low: float
    high: float


def macro_f1(labels: np.ndarray, told: np.ndarray) -> float:
    r"""Mean over the classes of :math:`F_1 = 2 TP / (2 TP + FP + FN)`, 0 to 1; higher is better.

    Parameters
    ----------
    labels, told : ndarray of int, shape (n,)
        0 down, 1 flat, 2 up: what happened, and what was foretold.

    Returns
    -------
    float
        Classes that neither occur nor are foretold are left out; NaN if n is 0.

    Examples
    --------
    >>> macro_f1(np.array([0, 1, 2, 2]), np.array([0, 1, 2, 1])).__round__(3)
    0.778
    """
    found = class_f1(labels, told)
    found = found[np.isfinite(found)]
    return float(found.mean()) if len(found) else float("nan")


def class_f1(labels: np.ndarray, told: np.ndarray) -> np.ndarray:
    """F1 of down, flat and up, each 0 to 1; NaN for one that neither occurs nor is foretold.

    Parameters
    ----------
    labels, told : ndarray of int, shape (n,)
        0 down, 1 flat, 2 up.

    Returns
    -------
    ndarray, shape (3,)
    """
    labels, told = np.asarray(labels), np.asarray(told)
    pairs = np.bincount(CLASSES * labels + told, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    seen = pairs.sum(axis=0) + pairs.sum(axis=1)
    return np.divide(2.0 * np.diag(pairs), seen, out=np.full(CLASSES, np.nan), where=seen > 0)


def block_interval(measure: Callable[..., float], n: int, block: int, seed: int = 0,
                   draws: int = 400, level: float = 0.95, trainings: int | None = None
                   ) -> Interval:
    """Interval of a measure by the circular block bootstrap (Politis and Romano 1992).

    Parameters
    ----------
    measure : callable
        Takes an array of indices 0..n-1 and returns a number; for a difference of two forecasts
        let it return the difference, so that they are paired.
    n, block : int
        Rows, and rows of a block: several times the horizon, over which neighbours are alike.
    seed, draws : int
    level : float
    trainings : int, optional
        Where a model was trained several times: each draw takes as many of the trainings, with
        replacement, and `measure` gets their numbers, an array of 0..trainings-1, as its second
        argument. The interval is then over rows and trainings.

    Returns
    -------
    Interval
        The measure of all rows (and trainings), and percentiles over the draws.
    """
    if n < 1 or not 1 <= block <= n:
        raise ValueError(f"block is {block} and n {n}; a block must have from 1 to n rows")
    rng = np.random.default_rng(seed)
    blocks = -(-n // block)
    inside = np.arange(block)
    values = []
    for _ in range(draws):
        starts = rng.integers(0, n, blocks)
        rows = ((starts[:, None] + inside) % n).ravel()[:n]
        values.append(measure(rows) if trainings is None
                      else measure(rows, rng.integers(0, trainings, trainings)))
    value = (measure(np.arange(n)) if trainings is None
             else measure(np.arange(n), np.arange(trainings)))
    if not np.isfinite(values).any():
        return Interval(float(value), np.nan, np.nan)
    tail = 50.0 * (1.0 - level)
    low, high = np.nanpercentile(values, [tail, 100.0 - tail])
    return Interval(float(value), float(low), float(high))


class Trades(NamedTuple):
    """Trades made on a forecast, one position of one share at a time; all in ticks a share.

    Attributes
    ----------
    entry : ndarray of int, shape (m,)
        Index, among the rows judged, at which each was entered.
    gross : ndarray of float, shape (m,)
        Move of the mid in the direction of the trade.
    half, net : ndarray of float, shape (m,)
        The same after the half-spread and fee paid on entry (and left at the mid for nothing),
        and after both on entry and on leaving: bought at the ask, sold at the bid.
    """

    entry: np.ndarray
    gross: np.ndarray
    half: np.ndarray
    net: np.ndarray

    @property
    def means(self) -> tuple[float, float, float]:
        """Mean gross, after the cost of entry, after both; NaN without trades."""
        if len(self.entry) == 0:
            return (float("nan"),) * 3
        return float(self.gross.mean()), float(self.half.mean()), float(self.net.mean())


def forecast_trades(chances: np.ndarray, rows: np.ndarray, mid: np.ndarray,
                    half_spread: np.ndarray, horizon: int, edge: float, fee: float = 0.0) -> Trades:
    """Buy where P(up) - P(down) exceeds `edge`, sell where it is below -`edge`; leave after
    `horizon` rows, and only then look again.

    Parameters
    ----------
    chances : ndarray of float, shape (n, 3)
        Of down, flat, up at each of `rows`.
    rows : ndarray of int, shape (n,)
        Rows of the day judged, increasing.
    mid, half_spread : ndarray of float
        Of every row of the day, ticks; the rows must have `horizon` more behind them.
    horizon : int
    edge : float
        From 0 to 1.
    fee : float
        Of taking, ticks a share, paid on entry and on leaving.
    """
    lean = chances[:, 2] - chances[:, 0]
    entries = []
    free_from = -1
    for k in np.flatnonzero(np.abs(lean) > edge):
        if rows[k] >= free_from:
            entries.append(k)
            free_from = rows[k] + horizon
    entry = np.array(entries, dtype=int)
    first, last = rows[entry], rows[entry] + horizon
    gross = np.sign(lean[entry]) * (mid[last] - mid[first])
    half = gross - half_spread[first] - fee
    return Trades(entry, gross, half, half - half_spread[last] - fee)


def pick_flat(chances: np.ndarray, labels: np.ndarray) -> float:
    """By how much to multiply the chance of flat before the likeliest is told, for the best macro
    F1, on rows that are not judged by.

    Cross-entropy wants true chances, macro F1 wants all three classes told. Where little can be
    foretold the likeliest class is nearly always the same, and a forecaster with the better chances
    can have the worse F1: each is cut where it does best.

    Parameters
    ----------
    chances : ndarray of float, shape (n, 3)
    labels : ndarray of int, shape (n,)

    Returns
    -------
    float
        From 0.5 to 2.
    """
    factors = np.geomspace(0.5, 2.0, 29)
    return float(max(factors, key=lambda factor: macro_f1(labels, told_of(chances, factor))))


def told_of(chances: np.ndarray, flat: float = 1.0) -> np.ndarray:
    """Which class is told: the likeliest, the chance of flat being multiplied by `flat`."""
    return (chances * np.array([1.0, flat, 1.0])).argmax(axis=1)


def pick_edge(chances: Sequence[np.ndarray], rows: Sequence[np.ndarray], days: Sequence,
              horizon: int, fee: float = 0.0, fewest: int = 30) -> float:
    """The edge that earned most in all after all costs, on rows that are not judged by.

    Edges that made fewer than `fewest` trades do not count; where none earns anything, the one with
    the best mean is taken, so that the loss is shown and not hidden behind not trading.

    Parameters
    ----------
    chances, rows : sequences of ndarray
        As for `forecast_trades`, of each day.
    days : sequence of DepthDay
    horizon, fee
        As for `forecast_trades`.
    fewest : int

    Returns
    -------
    float
        From 0 to 0.9; 0 where no edge made trades enough.
    """
    best, chosen = -np.inf, 0.0
    for edge in np.linspace(0.0, 0.9, 19):
        net = np.concatenate([
            forecast_trades(told, some, day.mid, day.half_spread, horizon, edge, fee).net
            for told, some, day in zip(chances, rows, days, strict=True)])
        if len(net) < fewest:
            continue
        value = net.sum() if net.sum() > 0 else net.mean() - 1e6
        if value > best:
            best, chosen = value, float(edge)
    return chosen
