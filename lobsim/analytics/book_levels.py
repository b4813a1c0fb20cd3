"""Imbalance and order flow over many levels of the book, and one number made of them."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.analytics.imbalance import _book_imbalance, _flow_imbalance


class BookLevels(NamedTuple):
    """Prices and sizes of a book's levels, each an ndarray of float64, shape (n, levels).

    Best level first; an absent level has price NaN and size 0.
    """

    bid: np.ndarray
    bid_size: np.ndarray
    ask: np.ndarray
    ask_size: np.ndarray


def book_levels(book: pd.DataFrame, levels: int | None = None) -> BookLevels:
    """Take the levels out of a table with columns ``bid_price_1, bid_size_1, ask_price_1, ...``.

    Parameters
    ----------
    book : DataFrame
        As ``LobsterDay.book``.
    levels : int, optional
        How many to take, at least 1; by default all.

    Raises
    ------
    ValueError
        The table has fewer levels than asked for.
    """
    have = 0
    while f"bid_price_{have + 1}" in book.columns:
        have += 1
    wanted = have if levels is None else levels
    if not 1 <= wanted <= have:
        raise ValueError(f"levels is {levels}; this book has {have}, so 1 to {have} are allowed")

    def columns(name: str) -> np.ndarray:
        return np.column_stack([book[f"{name}_{k}"].to_numpy(np.float64)
                                for k in range(1, wanted + 1)])

    return BookLevels(*(columns(name) for name in ("bid_price", "bid_size", "ask_price",
                                                   "ask_size")))


def multi_level_imbalance(bid_size, ask_size, *, decay: float = 0.0) -> np.ndarray:
    r"""Order-book imbalance over several levels, nearer levels weighing more.

    .. math:: \rho = \frac{\sum_m w_m (q^b_m - q^a_m)}{\sum_m w_m (q^b_m + q^a_m)},
              \qquad w_m = e^{-d (m-1)}

    Parameters
    ----------
    bid_size, ask_size : array_like of float, shape (n, levels)
        Sizes by level, best first, >= 0.
    decay : float
        d >= 0, per level; 0 weighs all levels alike, a large value leaves the best one.

    Returns
    -------
    ndarray of float64, shape (n,)
        From -1 to 1; NaN where all sizes are 0.

    Examples
    --------
    >>> multi_level_imbalance([[100, 300]], [[100, 100]]).round(3).tolist()
    [0.333]
    """
    if not decay >= 0:
        raise ValueError(f"decay is {decay}; it must not be negative")
    bid, ask = (np.asarray(side, dtype=np.float64) for side in (bid_size, ask_size))
    if bid.ndim != 2 or bid.shape != ask.shape:
        raise ValueError(f"bid_size {bid.shape} and ask_size {ask.shape} must be two tables of "
                         "one shape (n, levels)")
    weights = np.exp(-decay * np.arange(bid.shape[1]))
    return _book_imbalance(bid @ weights, ask @ weights)


def multi_level_ofi(levels: BookLevels) -> np.ndarray:
    r"""Order-flow imbalance of every level: the formula of the best quotes, applied level by level.

    Level m compares the m-th best price and size before and after an event. When an order enters
    at the best price, all levels behind it shift by one, and their flow shows it.

    Parameters
    ----------
    levels : BookLevels
        States after each event, in order of time.

    Returns
    -------
    ndarray of float64, shape (n, levels)
        Flow of each event, in units of size; the first row is 0. A level that is absent before
        or after the event counts with what stands: nothing.

    References
    ----------
    K. Xu, M. Gould and S. Howison (2018), "Multi-level order-flow imbalance in a limit order
    book", Market Microstructure and Liquidity 4(3-4), section 3.

    Examples
    --------
    A new best bid of 5 pushes the old one of 7 to level 2:

    >>> book = BookLevels(np.array([[9.9, 9.8], [10.0, 9.9]]), np.array([[7.0, 4.0], [5.0, 7.0]]),
    ...                   np.array([[10.1, 10.2]] * 2), np.array([[3.0, 3.0]] * 2))
    >>> multi_level_ofi(book)[1].tolist()
    [5.0, 7.0]
    """
    # an absent bid is a price below all others, an absent ask one above; both have no size
    bid = np.where(np.isfinite(levels.bid), levels.bid, -np.inf)
    ask = np.where(np.isfinite(levels.ask), levels.ask, np.inf)
    return np.column_stack([
        _flow_imbalance(bid[:, m], levels.bid_size[:, m], ask[:, m], levels.ask_size[:, m])
        for m in range(bid.shape[1])])


def integrated_weights(flows) -> np.ndarray:
    r"""Weights that make one order-flow imbalance of many levels: the first principal component.

    .. math:: \mathrm{ofi}^I = w^\top (\mathrm{ofi}_1, \dots, \mathrm{ofi}_M),
              \qquad \sum_m |w_m| = 1

    Parameters
    ----------
    flows : array_like of float, shape (bars, levels)
        Flow of every level in bars of equal length, of the *training* sample only: weights from
        the sample that is to be judged are look-ahead.

    Returns
    -------
    ndarray of float64, shape (levels,)
        Absolute values add up to 1; the sign is such that the sum is positive.

    Raises
    ------
    ValueError
        Fewer than two bars with finite values, or flows that never vary.

    References
    ----------
    R. Cont, M. Cucuringu and C. Zhang (2023), "Cross-impact of order flow imbalance in equity
    markets", Quantitative Finance 23(10), section 2.2.

    Examples
    --------
    >>> integrated_weights([[1, 1], [2, 2], [-3, -3], [0, 0]]).round(6).tolist()
    [0.5, 0.5]
    """
    flows = np.asarray(flows, dtype=np.float64)
    if flows.ndim != 2:
        raise ValueError(f"flows has {flows.ndim} dimensions; (bars, levels) is needed")
    flows = flows[np.isfinite(flows).all(axis=1)]
    if len(flows) < 2:
        raise ValueError(f"flows has {len(flows)} finite rows; at least 2 are needed")
    centred = flows - flows.mean(axis=0)
    if not centred.any():
        raise ValueError("the flows never vary, so they have no principal component")
    _, _, components = np.linalg.svd(centred, full_matrices=False)
    weights = components[0] / np.abs(components[0]).sum()
    return weights if weights.sum() >= 0 else -weights
