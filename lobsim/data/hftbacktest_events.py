"""A day of books or quotes with its trades as hftbacktest events, to be written and backtested."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lobsim.data.lobster import LobsterDay

__all__ = ["hftbacktest_events"]

_EXECUTIONS = (4, 5)  # LOBSTER types: of a visible and of a hidden order
_TRADE, _DEPTH = 0, 1  # of one moment the trade comes first, then what it left


def hftbacktest_events(
    book: LobsterDay | pd.DataFrame,
    trades: pd.DataFrame | None = None,
    *,
    latency_ns: int = 0,
) -> pd.DataFrame:
    """Events of a day, as :func:`~lobsim.data.read_hftbacktest` returns and the writer takes them.

    Parameters
    ----------
    book : LobsterDay or DataFrame
        A day of LOBSTER (with its executions as trades), or quotes with ``time_ns, bid, bid_size,
        ask, ask_size`` (NaN and 0 for an empty side): a book of one level.
    trades : DataFrame, optional
        ``time_ns, price, size, sign`` (1 the buyer took). Not with a LobsterDay.
    latency_ns : int
        From the exchange to the receiver, at least 0; the same for every event.

    Returns
    -------
    DataFrame
        ``time_ns, exchange_time_ns, type, side, price, size``. The first book is a snapshot; each
        change of a level is a depth event with the level's new total, a level out of sight has 0.

    Raises
    ------
    ValueError
        When columns are missing, times go back, a sign is neither 1 nor -1, or `latency_ns` is
        negative.

    Notes
    -----
    What a book of N levels does not show is not there for the backtest: a level that moves out of
    sight is taken away and comes back with its size when seen again.
    """
    if latency_ns < 0:
        raise ValueError(f"latency_ns is {latency_ns}; allowed is at least 0")
    if isinstance(book, LobsterDay):
        if trades is not None:
            raise ValueError("trades may not be given with a LobsterDay, which has its own")
        table, trades = book.book, _executions(book.messages)
        time = book.messages["time_ns"].to_numpy()
    else:
        _need(book, ("time_ns", "bid", "bid_size", "ask", "ask_size"), "book")
        names = {"bid": "bid_price_1", "ask": "ask_price_1",
                 "bid_size": "bid_size_1", "ask_size": "ask_size_1"}  # fmt: skip
        table, time = book.rename(columns=names), book["time_ns"].to_numpy()
    rows = _depth_rows(table, time)
    if trades is not None:
        _need(trades, ("time_ns", "price", "size", "sign"), "trades")
        if not trades["sign"].isin([1, -1]).all():
            raise ValueError("sign of a trade may only be 1 (the buyer took) and -1 (the seller)")
        columns = (trades[name].tolist() for name in ("time_ns", "sign", "price", "size"))
        for moment, sign, price, size in zip(*columns, strict=True):
            rows.append((moment, _TRADE, "trade", sign, price, size))
    events = pd.DataFrame(rows, columns=["time_ns", "rank", "type", "side", "price", "size"])
    events = events.sort_values(["time_ns", "rank"], kind="stable", ignore_index=True)
    events = events.astype({"price": np.float64, "size": np.float64}).drop(columns="rank")
    events.insert(1, "exchange_time_ns", events["time_ns"])
    events["time_ns"] += latency_ns
    kept = {key: value for key, value in book.attrs.items() if key != "report"}
    events.attrs = {**kept, "kind": "depth events", "report": {"rows_returned": len(events)}}
    return events


def _need(table: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    missing = [column for column in columns if column not in table]
    if missing or (name == "book" and not len(table)):
        raise ValueError(
            f"{name} needs rows with the columns {', '.join(columns)}; "
            f"it has {len(table)} rows with {', '.join(map(str, table))}"
        )
    back = np.flatnonzero(np.diff(table["time_ns"].to_numpy()) < 0)
    if len(back):
        row = back[0] + 1
        raise ValueError(
            f"time_ns of {name} goes back to {table['time_ns'].iloc[row]} in row {row}; "
            "rows must be in order of time"
        )


def _executions(messages: pd.DataFrame) -> pd.DataFrame:
    """Trades of a LOBSTER day; the resting order's direction is the other side's."""
    found = messages[messages["type"].isin(_EXECUTIONS)]
    return found[["time_ns", "price", "size"]].assign(sign=-found["direction"])


def _depth_rows(table: pd.DataFrame, time: np.ndarray) -> list[tuple]:
    """The first book, then each level that is not as it was."""
    levels = sum(str(name).startswith("bid_price_") for name in table.columns)
    names = [
        f"{side}_{what}_{level}"
        for side in ("bid", "ask")
        for level in range(1, levels + 1)
        for what in ("price", "size")
    ]
    values = table[names].to_numpy(dtype=np.float64)
    same = np.zeros(len(values), dtype=bool)
    same[1:] = (np.nan_to_num(values[1:]) == np.nan_to_num(values[:-1])).all(axis=1)
    was: tuple[dict, dict] = ({}, {})
    rows = []
    kind = "depth_snapshot"
    for row in np.flatnonzero(~same).tolist():
        moment, line = int(time[row]), values[row].tolist()
        halves = (line[: 2 * levels], line[2 * levels :])
        now = tuple(
            {price: size for price, size in zip(half[::2], half[1::2], strict=True) if size > 0}
            for half in halves
        )
        for side, old, new in zip((1, -1), was, now, strict=True):
            gone = [(price, 0.0) for price in old if price not in new]
            changed = [(price, size) for price, size in new.items() if old.get(price) != size]
            rows += [(moment, _DEPTH, kind, side, *level) for level in gone + changed]
        was, kind = now, "depth"
    return rows
