"""Bars for regressions: the mid move of each interval beside the flow in it and the book before."""

import numpy as np
import pandas as pd

from lobsim.analytics._checks import NS_PER_S, need_columns
from lobsim.analytics.facts_tape import grid_ns, pick, quote_arrays
from lobsim.analytics.imbalance import _book_imbalance, _flow_imbalance


def flow_bars(
    quotes: pd.DataFrame,
    step_s: float,
    *,
    tick_size: float = 0.01,
    start_s: float | None = None,
    end_s: float | None = None,
    trades: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Cut a day into bars of equal length, each with its mid move and what might explain it.

    Columns that are known *before* a bar and columns that are only known *after* it stand in one
    row, so their names say which: ``..._start`` may be used to foretell, the others only to
    explain.

    Parameters
    ----------
    quotes : DataFrame
        Best quotes ``time_ns, bid, bid_size, ask, ask_size``, sorted by time. States with an empty
        side or without a positive spread are left out.
    step_s : float
        Length of a bar in seconds, > 0.
    tick_size : float
        In currency, > 0.
    start_s, end_s : float, optional
        Window in seconds since midnight; by default from the first to the last quote.
    trades : DataFrame, optional
        ``time_ns, price, size, sign`` (+1 bought by the aggressor, -1 sold).

    Returns
    -------
    DataFrame
        One row a whole bar: ``time_s`` (its start), ``move_ticks`` (change of the mid), ``ofi``
        (sum of :func:`order_flow_imbalance`), ``depth`` (mean best size of a side over the events
        of the bar; without an event the size at its start), ``events`` (quote changes), and, known
        before the bar, ``mid_start`` (currency), ``spread_start_ticks``, ``bid_size_start``,
        ``ask_size_start``, ``obi_start``; with `trades` also ``trade_imbalance`` (bought minus
        sold). NaN where no quote was known yet.

    Raises
    ------
    ValueError
        A window that is empty or shorter than one bar, or quotes that are not sorted.

    References
    ----------
    R. Cont, A. Kukanov and S. Stoikov (2014), "The price impact of order book events", Journal of
    Financial Econometrics 12(1), section 3 (bars of ten seconds, depth, trade imbalance).

    Examples
    --------
    >>> quotes = pd.DataFrame({"time_ns": np.array([0, 4, 12]) * 10**9, "bid": [1.0, 1.0, 1.01],
    ...                        "bid_size": [5, 9, 2], "ask": [1.02, 1.02, 1.03], "ask_size": 5})
    >>> bars = flow_bars(quotes, 10, start_s=0, end_s=20)
    >>> bars[["time_s", "move_ticks", "ofi", "obi_start"]].values.tolist()
    [[0.0, 0.0, 4.0, 0.0], [10.0, 1.0, 7.0, 0.2857142857142857]]
    """
    if not step_s > 0:
        raise ValueError(f"step_s is {step_s}; it must be positive")
    if not tick_size > 0:
        raise ValueError(f"tick_size is {tick_size}; it must be positive")
    need_columns(quotes, ("time_ns", "bid", "bid_size", "ask", "ask_size"), "quotes")
    if not len(quotes):
        raise ValueError("quotes has no rows; at least one is needed")
    times = quotes["time_ns"].to_numpy(np.int64)
    start_ns = int(times[0]) if start_s is None else round(start_s * NS_PER_S)
    end_ns = int(times[-1]) if end_s is None else round(end_s * NS_PER_S)
    step_ns = round(step_s * NS_PER_S)
    if end_ns - start_ns < step_ns:
        raise ValueError(f"the window of {(end_ns - start_ns) / NS_PER_S:g} s holds no bar of "
                         f"{step_s:g} s")
    # one more nanosecond, so that a quote at the very end of the window counts
    book = quote_arrays(quotes, tick_size, start_ns, end_ns + 1)
    at = grid_ns(start_ns, end_ns, step_ns)
    row = book.row_at(at)
    flow = np.cumsum(_flow_imbalance(book.bid, book.bid_size, book.ask, book.ask_size))
    depth = 0.5 * (book.bid_size + book.ask_size)
    events = np.diff(row)
    summed = np.concatenate([[0.0], np.cumsum(depth)])
    in_bar = np.diff(summed[row + 1])
    opening = row[:-1]
    bid_size, ask_size = pick(book.bid_size, opening), pick(book.ask_size, opening)
    table = {
        "time_s": at[:-1] / NS_PER_S,
        "move_ticks": np.diff(pick(book.mid, row)),
        "ofi": np.diff(pick(flow, row)),
        "depth": np.where(events > 0, in_bar / np.maximum(events, 1), 0.5 * (bid_size + ask_size)),
        "events": events,
        "mid_start": tick_size * pick(book.mid, opening),
        "spread_start_ticks": pick(book.ask - book.bid, opening),
        "bid_size_start": bid_size,
        "ask_size_start": ask_size,
        "obi_start": pick(_book_imbalance(book.bid_size, book.ask_size), opening),
    }
    if trades is not None:
        need_columns(trades, ("time_ns", "size", "sign"), "trades")
        moment = trades["time_ns"].to_numpy(np.int64)
        order = np.argsort(moment, kind="stable")
        signed = (trades["size"].to_numpy(np.float64) * trades["sign"].to_numpy(np.float64))[order]
        total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(signed))])
        table["trade_imbalance"] = np.diff(
            total[np.searchsorted(moment[order], at, side="right")])
    return pd.DataFrame(table)
