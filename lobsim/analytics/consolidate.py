"""The national best bid and offer (NBBO) from the best quotes of each exchange."""

import numpy as np
import pandas as pd

from lobsim.analytics._checks import NS_PER_S, need_columns, need_one_symbol, one_of

ELIGIBLE_CONDITIONS = frozenset("ABHORW")
"""Quote conditions that may set the NBBO: R regular, O opening, A B H W slow but still firm."""

_SIDES = ("bid", "ask")
_COLUMNS = ["time_ns", "bid", "bid_size", "ask", "ask_size", "bid_exchange", "ask_exchange"]


def nbbo(
    quotes: pd.DataFrame,
    *,
    conditions: frozenset[str] | None = ELIGIBLE_CONDITIONS,
    sizes: str = "sum",
    crossed: str = "blank",
    locked: str = "keep",
    max_age_s: float | None = None,
    same_time: str = "last",
    changes_only: bool = True,
) -> pd.DataFrame:
    r"""Best bid and offer over all exchanges after each quote.

    With :math:`b_e(t), a_e(t)` the last quote of exchange :math:`e` at or before :math:`t`,

    .. math:: b(t) = \max_e b_e(t), \qquad a(t) = \min_e a_e(t).

    Parameters
    ----------
    quotes : DataFrame
        Table of ``lobsim.data`` with ``time_ns, exchange, bid, bid_size, ask, ask_size`` and,
        where known, ``condition`` and ``sequence``; one symbol; prices in currency, sizes in
        shares, NaN or a size of 0 = no quote on that side. A table whose
        ``attrs["kind"]`` is ``"nbbo"`` is already consolidated: its prices pass through and only
        ``crossed``, ``locked``, ``same_time`` and ``changes_only`` apply.
    conditions : set of str or None
        Quote conditions that may set the NBBO; None allows all. A quote with another condition
        still replaces the exchange's earlier quote, so the exchange then has none.
        A blank condition counts as regular.
    sizes : {"sum", "largest"}
        Size at the best price: all exchanges at that price together (what can be traded there),
        or the largest one (what the consolidated tape prints).
    crossed : {"blank", "drop", "keep"}
        What becomes of a state with bid > ask: prices set to NaN (no usable quote), row left
        out (the state before lives on), or kept.
    locked : {"keep", "blank", "drop"}
        The same for bid = ask. A locked market is a real state; many studies drop it all the same.
    max_age_s : float, optional
        Quotes older than this, in seconds, are stale and ignored. Age is looked at whenever any
        exchange quotes, so a quote may outlive its age until then.
    same_time : {"last", "all"}
        Quotes with one time stamp are taken in order of ``sequence`` (file order where
        that is unknown). "last" keeps only the state after the last of them, as no time passes
        between.
    changes_only : bool
        Leave out states equal to the one before.

    Returns
    -------
    DataFrame
        ``time_ns`` (int64, sorted), ``bid, bid_size, ask, ask_size`` and, where known,
        ``bid_exchange, ask_exchange``: the exchange with the best price; among equals the largest
        size, then the older quote, then the alphabet. NaN, 0 and "" where a side is empty.
        ``attrs["kind"]`` is "nbbo" and ``attrs["report"]`` counts, in rows, what was found and
        done: ``ineligible, own_crossed`` (an exchange's bid above its own ask: withdrawn),
        ``out_of_order, same_time, crossed, locked, one_sided, unchanged``; ``stale`` in
        rows in which at least one old quote was ignored.

    Notes
    -----
    Pre-market quotes are used (they are still in force at the open) and their states are in the
    result; cut it with :func:`lobsim.analytics.between`, which carries the state at the cut. The
    NBBO *file* of the TAQ holds only states that are not already complete in the quote file, so
    on its own it has gaps: prefer quotes.

    References
    ----------
    C. Holden and S. Jacobsen (2014), "Liquidity measurement problems in fast, competitive
    markets", Journal of Finance 69(4). They delete quotes of other conditions; here such a quote
    withdraws the exchange's earlier one.

    Examples
    --------
    >>> quotes = pd.DataFrame({
    ...     "time_ns": [1, 2, 3], "exchange": ["N", "Q", "N"],
    ...     "bid": [10.00, 10.00, 9.99], "bid_size": [300, 200, 100],
    ...     "ask": [10.03, 10.02, 10.02], "ask_size": [100, 100, 400]})
    >>> best = nbbo(quotes)
    >>> best[["bid", "bid_size", "ask", "ask_size", "bid_exchange"]]
        bid  bid_size    ask  ask_size bid_exchange
    0  10.0       300  10.03       100            N
    1  10.0       500  10.02       100            N
    2  10.0       200  10.02       500            Q
    """
    need_columns(quotes, ("time_ns", "bid", "bid_size", "ask", "ask_size"), "quotes")
    need_one_symbol(quotes, "quotes")
    one_of(sizes, ("sum", "largest"), "sizes")
    one_of(crossed, ("blank", "drop", "keep"), "crossed")
    one_of(locked, ("blank", "drop", "keep"), "locked")
    one_of(same_time, ("last", "all"), "same_time")
    if max_age_s is not None and not max_age_s > 0:
        raise ValueError(f"max_age_s is {max_age_s}; it must be positive, or None for no limit")

    ordered, out_of_order = _in_order(quotes)
    report = {"rows_in": len(quotes), "out_of_order": out_of_order}
    if quotes.attrs.get("kind") == "nbbo":
        best = _sides(ordered)
    else:
        need_columns(quotes, ("exchange",), "quotes")
        best = _consolidate(ordered, conditions, sizes, max_age_s, report)
    best = _thin(best, crossed, locked, same_time, changes_only, report)
    for side in _SIDES:
        if pd.api.types.is_integer_dtype(quotes[f"{side}_size"].dtype):
            best[f"{side}_size"] = best[f"{side}_size"].astype(np.int64)
    best.attrs = {**quotes.attrs, "kind": "nbbo", "report": {**report, "rows_out": len(best)}}
    return best


def _in_order(quotes: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Sort by time, then sequence, then file order; also count rows that came late."""
    time = quotes["time_ns"].to_numpy()
    if "sequence" in quotes.columns:
        sequence = quotes["sequence"].to_numpy()
        late = (np.diff(time) < 0) | ((np.diff(time) == 0) & (np.diff(sequence) < 0))
        keys = (sequence, time)
    else:
        late = np.diff(time) < 0
        keys = (time,)
    if not late.any():
        return quotes, 0
    return quotes.iloc[np.lexsort(keys)], int(late.sum())


def _sides(quotes: pd.DataFrame) -> pd.DataFrame:
    """Take the four quote columns as floats; a side without size has no price, and the reverse."""
    columns = {"time_ns": quotes["time_ns"].to_numpy(np.int64)}
    for side in _SIDES:
        price = quotes[side].to_numpy(np.float64, copy=True)
        size = quotes[f"{side}_size"].to_numpy(np.float64, na_value=0.0)
        there = (price > 0) & (size > 0)
        columns[side] = np.where(there, price, np.nan)
        columns[f"{side}_size"] = np.where(there, size, 0.0)
        if f"{side}_exchange" in quotes.columns:
            columns[f"{side}_exchange"] = np.where(
                there, quotes[f"{side}_exchange"].to_numpy(dtype=object), ""
            )
    return pd.DataFrame(columns)[[name for name in _COLUMNS if name in columns]]


def _consolidate(quotes, conditions, sizes, max_age_s, report) -> pd.DataFrame:
    """Best price of each side after every row, from the last quote of every exchange."""
    own = _sides(quotes)
    withdrawn = np.zeros(len(own), dtype=bool)
    if conditions is not None and "condition" in quotes.columns:
        codes, names = pd.factorize(quotes["condition"].fillna("").astype(str).str.strip())
        allowed = np.array([name == "" or name in conditions for name in names], dtype=bool)
        withdrawn = ~allowed[codes] if len(names) else withdrawn
    report["ineligible"] = int(withdrawn.sum())
    own_crossed = ~withdrawn & (own["bid"].to_numpy() > own["ask"].to_numpy())
    report["own_crossed"] = int(own_crossed.sum())
    gone = withdrawn | own_crossed

    time = own["time_ns"].to_numpy()
    codes, letters = pd.factorize(quotes["exchange"].astype(str), sort=True)
    rows_of = [np.flatnonzero(codes == code) for code in range(len(letters))]
    names = np.append(np.asarray(letters, dtype=object), "")
    max_age_ns = None if max_age_s is None else int(max_age_s * NS_PER_S)
    columns = {"time_ns": time}
    stale = np.zeros(len(own), dtype=bool)
    for side, sign in (("bid", 1.0), ("ask", -1.0)):
        key = np.where(gone | own[side].isna(), -np.inf, sign * own[side].to_numpy())
        size = own[f"{side}_size"].to_numpy()
        best, total, largest, leader, old = _best(key, size, time, rows_of, max_age_ns)
        stale |= old
        columns[side] = np.where(np.isfinite(best), sign * best, np.nan)
        columns[f"{side}_size"] = total if sizes == "sum" else largest
        columns[f"{side}_exchange"] = names[leader]
    report["stale"] = int(stale.sum())
    return pd.DataFrame(columns)[_COLUMNS]


def _best(key, size, time, rows_of, max_age_ns):
    """Highest key over exchanges after each row, with the sizes there and the leading exchange.

    Each exchange's quotes are spread over the rows during which they are in force and folded
    into a running best, so the cost is rows times exchanges without a Python loop over rows.
    """
    n = len(key)
    best = np.full(n, -np.inf)
    total, largest = np.zeros(n), np.zeros(n)
    since = np.zeros(n, dtype=np.int64)
    leader = np.full(n, -1)
    stale = np.zeros(n, dtype=bool)
    for code, rows in enumerate(rows_of):
        first = rows[0]
        in_force = np.diff(np.append(rows, n))
        here = slice(first, n)
        price, quantity = np.repeat(key[rows], in_force), np.repeat(size[rows], in_force)
        quoted = np.repeat(time[rows], in_force)
        if max_age_ns is not None:
            old = (time[here] - quoted > max_age_ns) & np.isfinite(price)
            stale[here] |= old
            price[old] = -np.inf
        better = price > best[here]
        level = (price == best[here]) & np.isfinite(price)
        total[here] = np.where(better, quantity, total[here] + np.where(level, quantity, 0.0))
        wins_tie = (quantity > largest[here]) | (
            (quantity == largest[here]) & (quoted < since[here])
        )
        leads = better | (level & wins_tie)
        best[here] = np.where(better, price, best[here])
        largest[here] = np.where(leads, quantity, largest[here])
        since[here] = np.where(leads, quoted, since[here])
        leader[here] = np.where(leads, code, leader[here])
    return best, total, largest, leader, stale


def _thin(best, crossed, locked, same_time, changes_only, report) -> pd.DataFrame:
    """Keep one state per time stamp, treat crossed and locked ones, drop repeats; count all."""
    if same_time == "last" and len(best):
        time = best["time_ns"].to_numpy()
        last = np.append(time[1:] != time[:-1], True)
        report["same_time"] = int((~last).sum())
        best = best[last]
    else:
        report["same_time"] = 0
    bid, ask = best["bid"].to_numpy(), best["ask"].to_numpy()
    report["one_sided"] = int((np.isnan(bid) != np.isnan(ask)).sum())
    gone = np.zeros(len(best), dtype=bool)
    for name, rows, what in (("crossed", bid > ask, crossed), ("locked", bid == ask, locked)):
        report[name] = int(rows.sum())
        if what == "drop":
            gone |= rows
        elif what == "blank" and rows.any():
            best = _without_quotes(best, rows)
    best = best[~gone]
    report["unchanged"] = 0
    if changes_only and len(best):
        changed = np.zeros(len(best), dtype=bool)
        changed[0] = True
        for name in best.columns.drop("time_ns"):
            value = best[name].to_numpy()
            if value.dtype.kind == "f":
                value = np.nan_to_num(value, nan=-1.0)
            changed[1:] |= value[1:] != value[:-1]
        report["unchanged"] = int((~changed).sum())
        best = best[changed]
    return best.reset_index(drop=True)


def _without_quotes(best: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Copy in which the given rows have no quote on either side."""
    empty = {"": np.nan, "_size": 0.0, "_exchange": ""}
    new = {}
    for side in _SIDES:
        for ending, nothing in empty.items():
            name = f"{side}{ending}"
            if name in best.columns:
                new[name] = np.where(rows, nothing, best[name].to_numpy())
    return best.assign(**new)
