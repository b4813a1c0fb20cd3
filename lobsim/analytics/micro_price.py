"""Micro-price: the mid that the book expects, from a finite chain of imbalance and spread."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.analytics._checks import NS_PER_S, float_array, need_columns, same_length
from lobsim.analytics.facts_tape import grid_ns, quote_arrays


def weighted_mid(bid, bid_size, ask, ask_size) -> np.ndarray:
    r"""Mid weighted by the *opposite* sizes: near the ask when much is bid.

    .. math:: W = I\,a + (1 - I)\,b, \qquad I = \frac{q^b}{q^b + q^a}

    Parameters
    ----------
    bid, bid_size, ask, ask_size : array_like of float, shape (n,)
        Best prices in any unit; sizes >= 0.

    Returns
    -------
    ndarray of float64, shape (n,)
        In the unit of the prices; NaN where both sizes are 0.

    Notes
    -----
    It is no martingale, and it can move against an order: see the second example, where an offer
    of 1 enters inside the spread, and the weighted mid *rises*.

    References
    ----------
    S. Stoikov (2018), "The micro-price", Quantitative Finance 18(12), section 1.

    Examples
    --------
    >>> weighted_mid(10.00, 9, 10.02, 27).round(6).tolist()
    [10.005]
    >>> weighted_mid(10.00, 9, 10.01, 1).round(6).tolist()
    [10.009]
    """
    bid, bid_size, ask, ask_size = (float_array(value, name) for value, name in (
        (bid, "bid"), (bid_size, "bid_size"), (ask, "ask"), (ask_size, "ask_size")))
    same_length(bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size)
    total = bid_size + ask_size
    share = np.divide(bid_size, total, out=np.full(len(total), np.nan), where=total > 0)
    return share * ask + (1 - share) * bid


class Convergence(NamedTuple):
    """How the sum of the micro-price converges.

    Attributes
    ----------
    second_eigenvalue : float
        Second largest modulus of the eigenvalues of B. The error shrinks at least by it with each
        term (by less of it where that mode looks the same from both sides of the book).
    partial_ticks : ndarray of float64, shape (terms, n_imbalance, n_spread)
        Adjustment after 1, 2, ... terms, in ticks.
    share : ndarray of float64, shape (terms,)
        Part of the limit that is reached (largest adjustment over that of the limit).
    drift_ticks : float
        Mean of the first term under the stationary law of B: 0 up to rounding when the data are
        symmetrised; otherwise the sum diverges by this much each term.
    """

    second_eigenvalue: float
    partial_ticks: np.ndarray
    share: np.ndarray
    drift_ticks: float


class MicroPrice(NamedTuple):
    """A fitted chain; see :func:`fit_micro_price`.

    Attributes
    ----------
    adjustment_ticks : ndarray of float64, shape (n_imbalance, n_spread)
        Micro-price minus mid. Row i: imbalance in [i/n, (i+1)/n); column s: spread of s + 1 ticks,
        the last one of that and more. NaN in states that the data do not hold.
    visits : ndarray of int64, shape (n_imbalance, n_spread)
        Steps that began in each state (before symmetrising).
    still, moved : ndarray of float64, shape (states, states)
        Q and T: probabilities of a step without and with a move of the mid.
    first_ticks : ndarray of float64, shape (states,)
        G1: expected mid change at the first move, by state.
    states : ndarray of int64, shape (states, 2)
        (imbalance bucket, spread column) of each state of the chain.
    tick_size : float
    symmetric : bool
    """

    adjustment_ticks: np.ndarray
    visits: np.ndarray
    still: np.ndarray
    moved: np.ndarray
    first_ticks: np.ndarray
    states: np.ndarray
    tick_size: float
    symmetric: bool

    def price(self, bid, bid_size, ask, ask_size) -> np.ndarray:
        """Micro-price of given best quotes, in currency, shape (n,).

        At an imbalance of exactly a half the adjustment is 0 (by symmetry), whichever bucket that
        falls in. NaN where the state was never seen or a side is empty.
        """
        bid, ask = float_array(bid, "bid"), float_array(ask, "ask")
        bid_size, ask_size = float_array(bid_size, "bid_size"), float_array(ask_size, "ask_size")
        same_length(bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size)
        total = bid_size + ask_size
        usable = (total > 0) & (ask > bid)
        share = np.divide(bid_size, total, out=np.full(len(total), 0.5), where=usable)
        n_imbalance, n_spread = self.adjustment_ticks.shape
        row = _bucket(share, n_imbalance)
        ticks = np.rint(np.where(usable, ask - bid, self.tick_size) / self.tick_size)
        column = np.clip(ticks, 1, n_spread).astype(np.int64) - 1
        shift = self.adjustment_ticks[row, column]
        if self.symmetric:
            shift = np.where(share == 0.5, 0.0, shift)
        return np.where(usable, 0.5 * (bid + ask) + self.tick_size * shift, np.nan)

    def convergence(self, terms: int = 6) -> Convergence:
        """Partial sums and what bounds them; six terms are what the paper takes.

        Parameters
        ----------
        terms : int
            At least 1.
        """
        if terms < 1:
            raise ValueError(f"terms is {terms}; at least 1 is needed")
        chain = _returns(self.still, self.moved)
        modulus = np.sort(np.abs(np.linalg.eigvals(chain)))[::-1]
        partial, total, term = [], np.zeros(len(self.first_ticks)), self.first_ticks
        for _ in range(terms):
            total = total + term
            partial.append(_as_table(total, self.states, self.adjustment_ticks.shape))
            term = chain @ term
        limit = np.nanmax(np.abs(self.adjustment_ticks))
        share = [np.nanmax(np.abs(table)) / limit if limit > 0 else np.nan for table in partial]
        return Convergence(float(modulus[1]) if len(modulus) > 1 else 0.0, np.array(partial),
                           np.array(share), float(_stationary(chain) @ self.first_ticks))

    def table(self) -> pd.DataFrame:
        """Adjustments in ticks: rows imbalance (middle of the bucket), columns spread in ticks."""
        n_imbalance, n_spread = self.adjustment_ticks.shape
        names = [f"{k + 1}" + ("+" if k + 1 == n_spread else "") for k in range(n_spread)]
        return pd.DataFrame(
            self.adjustment_ticks, columns=pd.Index(names, name="spread_ticks"),
            index=pd.Index((np.arange(n_imbalance) + 0.5) / n_imbalance, name="imbalance"))


def fit_micro_price(
    quotes: pd.DataFrame, *, tick_size: float = 0.01, n_imbalance: int = 10, n_spread: int = 2,
    step_s: float | None = 1.0, start_s: float | None = None, end_s: float | None = None,
    symmetric: bool = True,
) -> MicroPrice:
    r"""Estimate the micro-price from best quotes.

    The state X is (bucket of I, spread). In a step the mid stays (Q) or moves (T, with mean change
    r from each state). Then

    .. math::

        G_1 = (1 - Q)^{-1} r, \quad B = (1 - Q)^{-1} T, \quad
        P^{micro} = M + G^*(X), \quad G^* = \sum_{i \ge 0} B^i G_1

    The limit is solved for and not summed up, so slow chains are exact too.

    Parameters
    ----------
    quotes : DataFrame
        ``time_ns, bid, bid_size, ask, ask_size``, sorted; crossed and empty states are left out.
    tick_size : float
        In currency.
    n_imbalance : int
        Buckets of I, of equal width, at least 2.
    n_spread : int
        Spreads of 1, ..., n_spread ticks, the last one of that and more; at least 1.
    step_s : float or None
        Sample every so many seconds (the paper: 1 s); None takes every change of the quotes.
    start_s, end_s : float, optional
        Window in seconds since midnight; by default all.
    symmetric : bool
        Add the mirror image (I, S, I', S', dM) -> (1-I, S, 1-I', S', -dM) of each step. Without it
        a day that rose gives a sum that diverges (see ``convergence().drift_ticks``), and the
        adjustment is then that of six terms.

    Returns
    -------
    MicroPrice

    Raises
    ------
    ValueError
        The mid never moves in the window, or a parameter is out of range.

    Notes
    -----
    The paper calls half the spread S in its assumption 1 and the spread S everywhere else; this is
    the spread. Its buckets have equal width, those of its companion code equal counts.

    References
    ----------
    S. Stoikov (2018), "The micro-price: a high-frequency estimator of future prices", Quantitative
    Finance 18(12), equations (3.1) to (3.6) and theorem 3.1.

    Examples
    --------
    A heavy bid is followed by a rise, a heavy offer by a fall:

    >>> quotes = pd.DataFrame({"time_ns": np.arange(5) * 10**9, "bid": [1.0, 1.0, 1.01, 1.01, 1.0],
    ...     "bid_size": [5, 9, 5, 1, 5], "ask": [1.01, 1.01, 1.02, 1.02, 1.01],
    ...     "ask_size": [5, 1, 5, 9, 5]})
    >>> fitted = fit_micro_price(quotes, n_imbalance=3, n_spread=1, end_s=4)
    >>> (fitted.adjustment_ticks[:, 0].round(3) + 0.0).tolist()
    [-1.0, 0.0, 1.0]
    """
    if n_imbalance < 2:
        raise ValueError(f"n_imbalance is {n_imbalance}; at least 2 buckets are needed")
    if n_spread < 1:
        raise ValueError(f"n_spread is {n_spread}; at least 1 is needed")
    if step_s is not None and not step_s > 0:
        raise ValueError(f"step_s is {step_s}; it must be positive, or None for every change")
    need_columns(quotes, ("time_ns", "bid", "bid_size", "ask", "ask_size"), "quotes")
    row, column, mid = _path(quotes, tick_size, n_imbalance, n_spread, step_s, start_s, end_s)
    change = np.diff(mid)
    if not change.any():
        raise ValueError("the mid never moves in this window, so there is nothing to learn from")
    before = np.column_stack([row[:-1], column[:-1]])
    after = np.column_stack([row[1:], column[1:]])
    visits = np.zeros((n_imbalance, n_spread), dtype=np.int64)
    np.add.at(visits, tuple(before.T), 1)
    if symmetric:
        mirror = np.array([n_imbalance - 1, 0])
        sign = np.array([-1, 1])
        before = np.vstack([before, mirror + sign * before])
        after = np.vstack([after, mirror + sign * after])
        change = np.concatenate([change, -change])
    return _solve(before, after, change, visits, tick_size, symmetric)


def _path(quotes, tick_size, n_imbalance, n_spread, step_s, start_s, end_s):
    """Bucket, spread column and mid (ticks) at each sampled moment."""
    times = quotes["time_ns"].to_numpy(np.int64)
    start_ns = int(times[0]) if start_s is None else round(start_s * NS_PER_S)
    end_ns = int(times[-1]) if end_s is None else round(end_s * NS_PER_S)
    book = quote_arrays(quotes, tick_size, start_ns, end_ns + 1)
    if step_s is None:
        at = np.arange(len(book.mid))
    else:
        at = book.row_at(grid_ns(start_ns, end_ns, round(step_s * NS_PER_S)))
        at = at[at >= 0]
    share = book.bid_size[at] / (book.bid_size[at] + book.ask_size[at])
    column = np.minimum(book.ask[at] - book.bid[at], n_spread).astype(np.int64) - 1
    return _bucket(share, n_imbalance), column, book.mid[at]


def _bucket(share: np.ndarray, n: int) -> np.ndarray:
    # so that k/n, not exact in floating point, falls into the bucket that it begins
    return np.clip(np.floor(n * share + 1e-9), 0, n - 1).astype(np.int64)


def _solve(before, after, change, visits, tick_size, symmetric) -> MicroPrice:
    shape = visits.shape
    flat_before, flat_after = (np.ravel_multi_index(tuple(x.T), shape) for x in (before, after))
    # states that are entered once, at the very end, have no way out: the step into them is
    # dropped, again and again until every state left has one
    keep = np.ones(len(change), dtype=bool)
    while True:
        known = np.isin(flat_after, flat_before[keep])
        if (known | ~keep).all():
            break
        keep &= known
    flat_before, flat_after, change = flat_before[keep], flat_after[keep], change[keep]
    used, position = np.unique(flat_before, return_inverse=True)
    target = np.searchsorted(used, flat_after)
    n = len(used)
    moves = change != 0
    still, moved = np.zeros((n, n)), np.zeros((n, n))
    np.add.at(still, (position[~moves], target[~moves]), 1.0)
    np.add.at(moved, (position[moves], target[moves]), 1.0)
    steps = (still + moved).sum(axis=1)
    mean_change = np.bincount(position, weights=change, minlength=n) / steps
    still /= steps[:, None]
    moved /= steps[:, None]
    escape = np.eye(n) - still
    if np.linalg.matrix_rank(escape) < n:
        raise ValueError("from some states the mid never moves; take fewer buckets, a longer "
                         "window or a coarser step")
    first = np.linalg.solve(escape, mean_change)
    chain = _returns(still, moved)
    if symmetric:
        # sum of B^i G1 as a linear system; B has the eigenvalue 1 with constant vectors, which
        # the added rank takes away and which G1 holds nothing of
        system = np.eye(n) - chain + np.outer(np.ones(n), _stationary(chain))
        if np.linalg.matrix_rank(system) < n:
            raise ValueError("the states fall apart into groups that never meet; take fewer "
                             "buckets or a longer window")
        limit = np.linalg.solve(system, first)
    else:
        limit, term = np.zeros(n), first
        for _ in range(6):
            limit, term = limit + term, chain @ term
    states = np.column_stack(np.unravel_index(used, shape))
    return MicroPrice(_as_table(limit, states, shape), visits, still, moved, first, states,
                      tick_size, symmetric)


def _returns(still: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """B: law of the state just after the next move of the mid."""
    return np.linalg.solve(np.eye(len(still)) - still, moved)


def _stationary(chain: np.ndarray) -> np.ndarray:
    """Stationary law of B (where B falls apart into classes, one of several)."""
    n = len(chain)
    system = np.vstack([chain.T - np.eye(n), np.ones(n)])
    return np.linalg.lstsq(system, np.append(np.zeros(n), 1.0), rcond=None)[0]


def _as_table(values: np.ndarray, states: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    table = np.full(shape, np.nan)
    table[states[:, 0], states[:, 1]] = values
    return table
