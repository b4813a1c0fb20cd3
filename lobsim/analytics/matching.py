"""Which quote was in force: as-of joins of trades and times with the NBBO, and time windows."""

import numpy as np
import pandas as pd

from lobsim.analytics._checks import NS_PER_S, need_columns, need_sorted

_QUOTE = ("bid", "bid_size", "ask", "ask_size")


def match_quotes(
    trades: pd.DataFrame, nbbo: pd.DataFrame, lag_ns: int = 0, *, same_time: bool = False
) -> pd.DataFrame:
    r"""Give every trade the last NBBO strictly before it.

    The quote of a trade at :math:`t` is the last one with time :math:`< t - \text{lag}`, or
    :math:`\le t - \text{lag}` when ``same_time`` is true.

    Parameters
    ----------
    trades : DataFrame
        With ``time_ns``; any order.
    nbbo : DataFrame
        With ``time_ns, bid, ask`` (and sizes); sorted by time. Of several rows with the same time
        the last is used.
    lag_ns : int
        Nanoseconds by which quotes are held back: positive when trades are reported late
        (Lee and Ready used 5 s in 1991; with today's clocks 0 is usual).
    same_time : bool
        Also accept a quote with the very time of the trade. With millisecond stamps such a
        quote is often the *result* of the trade, which is look-ahead.

    Returns
    -------
    DataFrame
        ``trades`` with ``bid, bid_size, ask, ask_size, mid, quote_time_ns`` added. Where no quote
        is known, or a side is empty, prices and mid are NaN, sizes 0 and the quote time -1.

    References
    ----------
    C. Lee and M. Ready (1991), "Inferring trade direction from intraday data", Journal of
    Finance 46(2), section II; Holden and Jacobsen (2014) for "strictly before".

    Examples
    --------
    >>> best = pd.DataFrame({"time_ns": [10, 20], "bid": [1.00, 1.01], "bid_size": 100,
    ...                      "ask": [1.02, 1.03], "ask_size": 100})
    >>> tape = pd.DataFrame({"time_ns": [10, 20, 21], "price": [1.02, 1.02, 1.03]})
    >>> match_quotes(tape, best)["bid"].tolist()
    [nan, 1.0, 1.01]
    >>> match_quotes(tape, best, same_time=True)["bid"].tolist()
    [1.0, 1.01, 1.01]
    """
    need_columns(trades, ("time_ns",), "trades")
    row = _row_in_force(nbbo, trades["time_ns"].to_numpy(np.int64) - int(lag_ns), same_time)
    known = row >= 0
    columns = {}
    for name in _QUOTE:
        if name in nbbo.columns:
            value = nbbo[name].to_numpy()
            empty = np.nan if name in ("bid", "ask") else value.dtype.type(0)
            columns[name] = np.where(known, value[row] if len(value) else empty, empty)
    columns["mid"] = 0.5 * (columns["bid"] + columns["ask"])
    time = nbbo["time_ns"].to_numpy(np.int64)
    columns["quote_time_ns"] = np.where(known, time[row] if len(time) else -1, -1)
    matched = trades.assign(**columns)
    matched.attrs = dict(trades.attrs)
    return matched


def mid_at(nbbo: pd.DataFrame, time_ns, *, until_ns: int | None = None) -> np.ndarray:
    """Midpoint in force at given times.

    Parameters
    ----------
    nbbo : DataFrame
        With ``time_ns, bid, ask``; sorted by time.
    time_ns : array_like of int, shape (n,)
        Times in nanoseconds since midnight, any order. A quote at that very time counts.
    until_ns : int, optional
        End of the session: times after it give NaN, so that a mark-out never reads a price
        from after the close.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN before the first quote and where a side is empty.

    Examples
    --------
    >>> best = pd.DataFrame({"time_ns": [10, 20], "bid": [1.0, 2.0], "ask": [3.0, 4.0]})
    >>> mid_at(best, [5, 10, 25]).tolist()
    [nan, 2.0, 3.0]
    """
    when = np.atleast_1d(np.asarray(time_ns, dtype=np.int64))
    row = _row_in_force(nbbo, when, same_time=True)
    mid = 0.5 * (nbbo["bid"].to_numpy(np.float64) + nbbo["ask"].to_numpy(np.float64))
    known = row >= 0
    if until_ns is not None:
        known &= when <= until_ns
    return np.where(known, mid[row] if len(mid) else np.nan, np.nan)


def between(table: pd.DataFrame, start_s: float, end_s: float) -> pd.DataFrame:
    """Rows with ``start_s <= time < end_s``; a quote table keeps the state at the start.

    Parameters
    ----------
    table : DataFrame
        With ``time_ns``; sorted by time.
    start_s, end_s : float
        Seconds since midnight, start < end.

    Returns
    -------
    DataFrame
        The rows with a fresh index. For a table with ``attrs["kind"] == "nbbo"`` the last state
        before the start becomes a first row stamped with the start, as it is still in force then.

    Examples
    --------
    >>> best = pd.DataFrame({"time_ns": [1, 3_000_000_000], "bid": [1.0, 2.0]})
    >>> best.attrs["kind"] = "nbbo"
    >>> between(best, 2, 5)
          time_ns  bid
    0  2000000000  1.0
    1  3000000000  2.0
    """
    need_columns(table, ("time_ns",), "table")
    if not start_s < end_s:
        raise ValueError(f"start_s is {start_s} and end_s is {end_s}; the start must come first")
    time = table["time_ns"].to_numpy(np.int64)
    need_sorted(time, "table")
    start_ns, end_ns = round(start_s * NS_PER_S), round(end_s * NS_PER_S)
    first, last = np.searchsorted(time, [start_ns, end_ns], side="left")
    carries = table.attrs.get("kind") == "nbbo" and first > 0
    if carries and (first == len(time) or time[first] > start_ns):
        first -= 1
    cut = table.iloc[first:last].reset_index(drop=True)
    if carries and len(cut):
        cut.loc[0, "time_ns"] = max(start_ns, int(cut.loc[0, "time_ns"]))
    cut.attrs = dict(table.attrs)
    return cut


def _row_in_force(nbbo: pd.DataFrame, when: np.ndarray, same_time: bool) -> np.ndarray:
    """Index of the last NBBO row before (or at) each time; -1 where there is none."""
    need_columns(nbbo, ("time_ns", "bid", "ask"), "nbbo")
    time = nbbo["time_ns"].to_numpy(np.int64)
    need_sorted(time, "nbbo")
    return np.searchsorted(time, when, side="right" if same_time else "left") - 1
