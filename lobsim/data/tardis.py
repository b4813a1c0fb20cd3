"""Tardis.dev CSV: trades, quotes, book changes and book snapshots of crypto exchanges."""

from __future__ import annotations

import os
import re

import numpy as np
import pandas as pd

from lobsim.data.clock import NS_PER_DAY
from lobsim.data.errors import DataError
from lobsim.data.fields import Field, Layout
from lobsim.data.finish import attach
from lobsim.data.known import hint
from lobsim.data.levels import CLEAR, SET, best_quotes, count_crossed
from lobsim.data.source import MAX_BYTES, Source
from lobsim.data.table import RawTable, bad_value, read_table

__all__ = ["read_tardis", "tardis_quotes", "TARDIS_LAYOUTS", "snapshot_layout"]

_NS_PER_US = 1_000
_LEAST_US, _MOST_US = 10**15, 10**16  # 2001 to 2286: 16 digits
_SOURCE = "docs.tardis.dev, Data Types"
_HEAD = (
    Field("exchange", "exchange", "text"),
    Field("symbol", "symbol", "text"),
    Field("timestamp", "exchange_time_us", "integer", "microseconds since 1970, UTC"),
    Field("local_timestamp", "time_us", "integer", "microseconds since 1970, UTC, when received"),
)
_SIDE = Field("side", "side", "text", meaning="buy, sell, unknown (taker) or bid, ask")
_PRICE = Field("price", "price", "decimal", "quote currency", least=0)


def _layout(what: str, *fields: Field, excludes: tuple[str, ...] = ()) -> Layout:
    return Layout(what, ",", (*_HEAD, *fields), header=True, source=_SOURCE, excludes=excludes)


TARDIS_LAYOUTS = {
    "trades": _layout(
        "a Tardis trades file",
        Field("id", "trade_id", "text"),
        _SIDE,
        _PRICE,
        Field("amount", "size", "decimal", "coins or contracts", least=0),
        excludes=("is_snapshot",),
    ),
    "quotes": _layout(
        "a Tardis quotes file",
        Field("ask_amount", "ask_size", "decimal", "coins or contracts", optional=True, least=0),
        Field("ask_price", "ask", "decimal", "quote currency", optional=True, least=0),
        Field("bid_price", "bid", "decimal", "quote currency", optional=True, least=0),
        Field("bid_amount", "bid_size", "decimal", "coins or contracts", optional=True, least=0),
    ),
    "book changes": _layout(
        "a Tardis incremental_book_L2 file",
        Field("is_snapshot", "is_snapshot", "text", meaning="true, false"),
        _SIDE,
        _PRICE,
        Field("amount", "size", "decimal", "new total at the price, 0 = level gone", least=0),
    ),
}
"""Layouts by kind of file; `snapshot_layout` has that of book snapshots."""


def snapshot_layout(levels: int) -> Layout:
    """Layout of a ``book_snapshot_N`` file: four columns a level, best level first."""
    fields = []
    for level in range(levels):
        for side in ("ask", "bid"):
            for name, column, unit in (
                ("price", "price", "quote currency"),
                ("amount", "size", "coins or contracts"),
            ):
                place = f"{side}s[{level}].{name}"
                column = f"{side}_{column}_{level + 1}"
                fields.append(Field(place, column, "decimal", unit, optional=True, least=0))
    return _layout(f"a Tardis book_snapshot_{levels} file", *fields)


def read_tardis(
    path: str | os.PathLike, symbol: str | None = None, *, max_bytes: int = MAX_BYTES
) -> pd.DataFrame:
    """Read a file of Tardis.dev; its kind is recognised by the header.

    Parameters
    ----------
    path : str or path
        CSV, plain or packed: ``trades``, ``quotes``, ``incremental_book_L2``, ``book_snapshot_5``
        or ``book_snapshot_25`` (any number of levels).
    symbol : str, optional
        Keep one symbol, for files of grouped symbols.
    max_bytes : int
        Largest unpacked size.

    Returns
    -------
    DataFrame
        All kinds: ``time_ns`` int64 (received; ns since the UTC midnight of ``attrs["date"]``,
        the first row's day), ``exchange, symbol`` str, ..., ``exchange_time_ns`` int64 (the
        exchange's clock, same origin). In between, by ``attrs["kind"]``:

        - "trades": ``price, size`` float64, ``condition, correction`` (blank and "00"),
          ``sequence`` int64 (row of the file), ``sign`` int64 (1 the buyer took, -1 the seller, 0
          not known), ``trade_id`` str;
        - "quotes": ``bid, bid_size, ask, ask_size`` float64 (NaN and 0 for an empty side),
          ``condition`` (blank), ``sequence``;
        - "book changes": ``is_snapshot`` bool, ``side`` int64 (1 bid, -1 ask), ``price, size``
          float64 (size is the new total at the price, 0 = level gone);
        - "book": ``ask_price_1, ask_size_1, bid_price_1, bid_size_1, ask_price_2, ...``.

        ``attrs["report"]`` counts ``local_time_backwards, exchange_time_backwards`` (a clock jumps
        back, of one symbol) and ``negative_latency`` (received before it was sent), and by kind
        ``unknown_side, zero_size``; ``no_bid, no_ask, crossed, locked``; ``missing_levels``;
        ``snapshots, removals``. Rows are kept as and where they are.

    Raises
    ------
    DataError
        Naming file, row and value.
    """
    kind, layout = _recognise(path, max_bytes)
    raw = read_table(path, layout, symbol=symbol, max_bytes=max_bytes)
    date, report = _set_times(raw)
    finish = {
        "trades": _finish_trades,
        "quotes": _finish_quotes,
        "book changes": _finish_changes,
        "book": _finish_book,
    }[kind]
    table, counts = finish(raw)
    return attach(
        table, raw, {**report, **counts}, format="tardis", kind=kind, date=date, time_zone="UTC"
    )


def _recognise(path: str | os.PathLike, max_bytes: int) -> tuple[str, Layout]:
    """Kind and layout by the header line."""
    source = Source(path, what="a Tardis file", max_bytes=max_bytes)
    head = source.head()
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("ascii", "replace")
    names = {name.strip().strip('"') for name in line.split(",")}
    if "is_snapshot" in names:
        return "book changes", TARDIS_LAYOUTS["book changes"]
    if "ask_amount" in names or "bid_amount" in names:
        return "quotes", TARDIS_LAYOUTS["quotes"]
    levels = [int(found[1]) for name in names if (found := re.match(r"asks\[(\d{1,3})\]\.", name))]
    if levels:
        return "book", snapshot_layout(max(levels) + 1)
    if {"id", "side", "amount"} <= names or "local_timestamp" in names:
        return "trades", TARDIS_LAYOUTS["trades"]
    next(source.blocks())  # says so when it is empty or no plain text at all
    shown = line if len(line) <= 60 else line[:57] + "..."
    raise DataError(
        path,
        f"begins with {shown!r}, which is not the header of a Tardis trades, quotes, "
        "incremental_book_L2 or book_snapshot file" + hint(line),
        row=1,
    )


def _set_times(raw: RawTable) -> tuple[str, dict[str, int]]:
    """Microseconds since 1970 become nanoseconds since midnight; clocks that go back counted."""
    frame = raw.frame
    for name, column in (("timestamp", "exchange_time_us"), ("local_timestamp", "time_us")):
        value = frame[column].to_numpy()
        bad_value(
            raw,
            (value >= _LEAST_US) & (value < _MOST_US),
            lambda i, value=value, name=name: (
                f"{name} is {value[i]}; allowed are microseconds since 1970 (16 digits)"
            ),
        )
    day = int(frame["time_us"].iloc[0]) * _NS_PER_US // NS_PER_DAY
    origin = day * NS_PER_DAY
    frame["time_ns"] = frame["time_us"] * _NS_PER_US - origin
    frame["exchange_time_ns"] = frame["exchange_time_us"] * _NS_PER_US - origin
    report = {}
    for name in ("local", "exchange"):
        time = frame["time_ns" if name == "local" else "exchange_time_ns"]
        back = time.groupby(frame["symbol"]).diff() < 0
        report[f"{name}_time_backwards"] = int(back.sum())
    report["negative_latency"] = int((frame["time_us"] < frame["exchange_time_us"]).sum())
    return str(np.datetime64(day, "D")), report


def _codes(raw: RawTable, name: str, allowed: dict[str, int]) -> np.ndarray:
    """Words of a column as numbers."""
    words = raw.frame[name]
    bad_value(
        raw,
        words.isin(list(allowed)).to_numpy(),
        lambda i: f"{name} is {words.iloc[i]!r}; allowed are {', '.join(allowed)}",
    )
    return words.map(allowed).to_numpy().astype(np.int64)


def _finish_trades(raw: RawTable) -> tuple[pd.DataFrame, dict[str, int]]:
    frame = raw.frame
    frame["sign"] = _codes(raw, "side", {"buy": 1, "sell": -1, "unknown": 0})
    price = frame["price"].to_numpy()
    bad_value(raw, price > 0, lambda i: f"price is {price[i]}; allowed is a positive number")
    _tape_columns(raw)
    frame["correction"] = pd.Series("00", index=frame.index, dtype=str)
    report = {
        "unknown_side": int((frame["sign"] == 0).sum()),
        "zero_size": int((frame["size"] == 0).sum()),
    }
    columns = ["time_ns", "exchange", "symbol", "price", "size", "condition", "correction",
               "sequence", "sign", "trade_id", "exchange_time_ns"]  # fmt: skip
    return frame[columns], report


def _tape_columns(raw: RawTable) -> None:
    """What tables of trades and quotes have in common and these files do not hold."""
    raw.frame["condition"] = pd.Series(" " * 4, index=raw.frame.index, dtype=str)
    raw.frame["sequence"] = raw.row_numbers


def _finish_quotes(raw: RawTable) -> tuple[pd.DataFrame, dict[str, int]]:
    frame = raw.frame
    report = {}
    for side in ("bid", "ask"):
        price, size = frame[side].to_numpy(), frame[f"{side}_size"].to_numpy()
        empty = ~(price > 0) | ~(size > 0)
        frame[side] = np.where(empty, np.nan, price)
        frame[f"{side}_size"] = np.where(empty, 0.0, size)
        report[f"no_{side}"] = int(empty.sum())
    _tape_columns(raw)
    columns = ["time_ns", "exchange", "symbol", "bid", "bid_size", "ask", "ask_size", "condition",
               "sequence", "exchange_time_ns"]  # fmt: skip
    return frame[columns], {**report, **count_crossed(frame)}


def _finish_changes(raw: RawTable) -> tuple[pd.DataFrame, dict[str, int]]:
    frame = raw.frame
    frame["side"] = _codes(raw, "side", {"bid": 1, "ask": -1})
    frame["is_snapshot"] = _codes(raw, "is_snapshot", {"true": 1, "false": 0}).astype(bool)
    price = frame["price"].to_numpy()
    bad_value(raw, price > 0, lambda i: f"price is {price[i]}; allowed is a positive number")
    report = {
        "snapshots": sum(int(_begins(rows).sum()) for _, rows in frame.groupby("symbol")),
        "removals": int((frame["size"] == 0).sum()),
    }
    columns = ["time_ns", "exchange", "symbol", "is_snapshot", "side", "price", "size",
               "exchange_time_ns"]  # fmt: skip
    return frame[columns], report


def _begins(changes: pd.DataFrame) -> np.ndarray:
    """True where a snapshot begins: `is_snapshot` turns from false to true, or is at the start."""
    snapshot = changes["is_snapshot"].to_numpy()
    return snapshot & ~np.concatenate(([False], snapshot[:-1]))


def _finish_book(raw: RawTable) -> tuple[pd.DataFrame, dict[str, int]]:
    frame = raw.frame
    prices = [name for name in frame if "_price_" in name]
    missing = 0
    for name in prices:
        size_name = name.replace("price", "size")
        price, size = frame[name].to_numpy(), frame[size_name].to_numpy()
        empty = ~(price > 0) | ~(size > 0)
        frame[name] = np.where(empty, np.nan, price)
        frame[size_name] = np.where(empty, 0.0, size)
        missing += int(empty.sum())
    best = frame.rename(columns={"bid_price_1": "bid", "ask_price_1": "ask"})
    levels = [name for name in frame if "_price_" in name or "_size_" in name]
    columns = ["time_ns", "exchange", "symbol", *levels, "exchange_time_ns"]
    return frame[columns], {"missing_levels": missing, **count_crossed(best)}


def tardis_quotes(table: pd.DataFrame) -> pd.DataFrame:
    """Best quotes from book changes or book snapshots.

    Parameters
    ----------
    table : DataFrame
        Table of :func:`read_tardis`, of kind "book changes" or "book", of one symbol.

    Returns
    -------
    DataFrame
        ``time_ns`` int64, ``bid, bid_size, ask, ask_size`` float64 (NaN and 0 for an empty side).
        From changes: a row where the best quote is new. From snapshots: a row per snapshot.
        ``attrs["report"]`` adds ``crossed, locked`` (left as they are) and, from changes,
        ``removed_unknown`` (a level taken away that was not there).

    Raises
    ------
    ValueError
        When the table is of another kind or holds several symbols.

    Notes
    -----
    Rows with one local time are one message, and the book within it is never shown. Where
    `is_snapshot` turns from false to true the book is emptied first.
    """
    kind = table.attrs.get("kind")
    if kind not in ("book changes", "book"):
        raise ValueError(f"the table is of kind {kind!r}; allowed are 'book changes' and 'book'")
    symbols = pd.unique(table["symbol"]).tolist()
    if len(symbols) > 1:
        raise ValueError(
            f"the table holds {len(symbols)} symbols ({', '.join(symbols[:3])}, ...); "
            "allowed is one: read_tardis(path, symbol)"
        )
    time = table["time_ns"].to_numpy()
    if kind == "book":
        names = {"bid_price_1": "bid", "bid_size_1": "bid_size",
                 "ask_price_1": "ask", "ask_size_1": "ask_size"}  # fmt: skip
        quotes = table[["time_ns", *names]].rename(columns=names).reset_index(drop=True)
        counts = count_crossed(quotes)
    else:
        begins = np.flatnonzero(_begins(table))
        columns = [np.full(len(table), SET)]
        columns += [table[name].to_numpy() for name in ("side", "price", "size")]
        fills = (CLEAR, 0, 0.0, 0.0)  # a row that empties both sides, before each snapshot
        rows = [np.insert(c, begins, fill) for c, fill in zip(columns, fills, strict=True)]
        quotes, counts = best_quotes(np.insert(time, begins, time[begins]), *rows)
    quotes.attrs = {**table.attrs, "kind": "quotes"}
    quotes.attrs["report"] = {
        **table.attrs["report"], "rows_returned": len(quotes), **counts
    }  # fmt: skip
    return quotes
