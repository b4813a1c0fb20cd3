"""How good a forecast is, and what it earns: macro F1 and profit after costs, with intervals."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["Interval", "Trades", "block_interval", "forecast_trades", "macro_f1", "pick_edge"]

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
    labels, told = np.asarray(labels), np.asarray(told)
    found = []
    for which in range(CLASSES):
        hit = np.count_nonzero((labels == which) & (told == which))
        seen = np.count_nonzero(labels == which) + np.count_nonzero(told == which)
        if seen:
            found.append(2.0 * hit / seen)
    return float(np.mean(found)) if found else float("nan")


def block_interval(measure: Callable[[np.ndarray], float], n: int, block: int, seed: int = 0,
                   draws: int = 400, level: float = 0.95) -> Interval:
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

    Returns
    -------
    Interval
        The measure of all rows, and percentiles over the draws.
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
        values.append(measure(rows))
    tail = 50.0 * (1.0 - level)
    low, high = np.nanpercentile(values, [tail, 100.0 - tail])
    return Interval(float(measure(np.arange(n))), float(low), float(high))


class Trades(NamedTuple):
    """Trades made on a forecast, one position of one share at a time; all in ticks a share.

    Attributes
    ----------
    entry : ndarray of int, shape (m,)
        Index, among the rows judged, at which each was entered.
    gross : ndarray of float, shape (m,)
        Move of the mid in the direction of the trade.
    half, net : ndarray of float, shape (m,)
        The same after the half-spread paid on entry (and left at the mid), and after both.
    """

    entry: np.ndarray
    gross: np.ndarray
    half: np.ndarray
    net: np.ndarray

    @property
    def means(self) -> tuple[float, float, float]:
        """Mean gross, after one half-spread, after both; NaN without trades."""
        if len(self.entry) == 0:
            return (float("nan"),) * 3
        return float(self.gross.mean()), float(self.half.mean()), float(self.net.mean())


def forecast_trades(chances: np.ndarray, rows: np.ndarray, mid: np.ndarray,
                    half_spread: np.ndarray, horizon: int, edge: float) -> Trades:
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
    half = gross - half_spread[first]
    return Trades(entry, gross, half, half - half_spread[last])


def pick_edge(chances: np.ndarray, rows: np.ndarray, mid: np.ndarray, half_spread: np.ndarray,
              horizon: int, fewest: int = 10) -> float:
    """The edge that earned most in all after both half-spreads, on rows that are not judged by.

    Edges that made fewer than `fewest` trades do not count; where none earns anything, the one with
    the best mean is taken, so that the loss is shown and not hidden behind not trading.
    """
    best, chosen = -np.inf, 0.0
    for edge in np.linspace(0.0, 0.9, 19):
        trades = forecast_trades(chances, rows, mid, half_spread, horizon, edge)
        if len(trades.entry) < fewest:
            continue
        value = trades.net.sum() if trades.net.sum() > 0 else trades.net.mean() - 1e6
        if value > best:
            best, chosen = value, float(edge)
    return chosen
