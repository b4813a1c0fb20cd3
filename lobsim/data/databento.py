"""Reader of Databento files, CSV exports and DBN: orders, best prices or trades of one feed."""

from __future__ import annotations

import os
from importlib import import_module

import numpy as np
import pandas as pd

from lobsim.data.clock import NS_PER_DAY
from lobsim.data.databento_layout import (
    ACTIONS,
    BAD_RECEIVE_TIME,
    LAST,
    MAYBE_BAD_BOOK,
    NO_PRICE,
    NO_TIME,
    PRICE_UNITS,
    SCHEMAS,
    SIDES,
    SNAPSHOT,
    Schema,
)
from lobsim.data.errors import DataError
from lobsim.data.fields import plain_name
from lobsim.data.source import MAX_BYTES, Source
from lobsim.data.table import RawTable, bad_value, read_table
from lobsim.data.textout import need
from lobsim.data.zstd import INSTALL

__all__ = ["read_databento", "databento_quotes", "databento_trades", "is_dbn"]

_WHAT = "a Databento file"
_BLOCK_BYTES = 1 << 20
_NO_PRICE = float(NO_PRICE)
_EARLIEST_NS = int(np.datetime64("2000-01-01", "ns").astype(np.int64))
_PRICES = ("auto", "decimal", "integer")


def is_dbn(head: bytes) -> bool:
    """Whether the first (unpacked) bytes are those of a DBN file."""
    return head[:3] == b"DBN"


def read_databento(
    path: str | os.PathLike,
    symbol: str | None = None,
    *,
    publisher: int | None = None,
    instrument: int | None = None,
    prices: str = "auto",
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    """Read a Databento file of the schema mbo, mbp-1, mbp-10 or trades.

    Parameters
    ----------
    path : str or path
        A CSV export or a DBN file, plain or packed (gzip, zstd); recognised by its content. DBN
        needs Databento's own decoder: ``pip install "lobsim[databento]"``.
    symbol, publisher, instrument : optional
        Keep one symbol, one ``publisher_id`` (a venue of a feed), one ``instrument_id``.
    prices : {"auto", "decimal", "integer"}
        How a CSV writes prices: 5528.75, or in units of 1e-9. By default they are decimal if any
        of the first rows has a decimal point.
    max_bytes : int
        Largest unpacked size.

    Returns
    -------
    DataFrame
        In all schemas: ``time_ns`` int64 (when Databento received it, ``ts_recv``; ns since UTC
        midnight of ``attrs["date"]``, the day of the file's first row, so it goes on past 24
        hours), ``event_time_ns`` int64 (the matching engine's time, same origin; may be
        negative), ``action`` str (see `ACTIONS`), ``side`` int64 (1 bid or buyer, -1 ask or
        seller, 0 none; of a T the aggressor's), ``price`` float64 (NaN = undefined), ``size``
        int64, ``flags`` int64, ``publisher_id``, ``instrument_id``, ``sequence`` int64,
        ``in_delta_ns`` int64 (receive time minus the venue's sending time), ``symbol`` str ("" =
        not known).

        mbo: also ``order_id`` and ``channel_id`` int64. Others: ``depth`` int64 (level of the
        event). mbp: the book after the event, ``bid_0, ask_0`` (NaN = empty), ``bid_size_0,
        ask_size_0, bid_orders_0, ask_orders_0``, then level 1 and so on.

        ``attrs["schema"]`` names the schema. ``attrs["report"]`` counts, of the rows returned,
        ``last`` (ends of events), ``snapshot``, ``bad_receive_time``, ``maybe_bad_book`` (by the
        flags), ``clock_back`` (received before the row before), ``no_price``, ``no_event_time``
        (``event_time_ns`` is then the receive time), ``crossed`` and ``locked``; and
        ``other_records`` of a DBN file, which are not read. No row is dropped.

    Raises
    ------
    DataError
        Naming file, row (in DBN the record, from 1) and value.

    Examples
    --------
    >>> table = read_databento("glbx-mdp3-20240701.mbp-1.dbn.zst")         # doctest: +SKIP
    """
    if prices not in _PRICES:
        raise ValueError(f"prices is {prices!r}; allowed are {', '.join(_PRICES)}")
    source = Source(path, what=_WHAT, max_bytes=max_bytes)
    head = source.head()
    if not head:
        raise DataError(source.path, "the file is empty (0 bytes)")
    if is_dbn(head):
        schema, raw, other = _read_dbn(source)
    else:
        schema, raw = _read_csv(path, source, head, prices, max_bytes)
        other = 0
    _check(raw, schema)
    table, report = _finish(raw, schema)
    origin = int(raw.frame["receive_ns"].iloc[0]) // NS_PER_DAY
    held = table
    for name, wanted in (
        ("symbol", symbol), ("publisher_id", publisher), ("instrument_id", instrument),
    ):  # fmt: skip
        if wanted is not None:
            table = _only(raw.path, table, held, name, wanted)
    symbols = table["symbol"].unique()
    table.attrs = {
        "source": raw.path,
        "format": "databento",
        "kind": schema.kind,
        "schema": schema.name,
        "date": str(np.datetime64(origin, "D")),
        "time_zone": "UTC",
        "symbol": str(symbols[0]) if len(symbols) == 1 and symbols[0] else None,
        "report": {
            "rows_in_file": raw.rows_in_file,
            "rows_returned": len(table),
            **_count(table),
            "no_event_time": report,
            "other_records": other,
        },
    }
    return table


def _only(path: str, table: pd.DataFrame, held: pd.DataFrame, name: str, wanted) -> pd.DataFrame:
    kept = table[(table[name] == wanted).to_numpy()]
    if not len(kept):
        there = ", ".join(str(value) for value in held[name].unique()[:4])
        raise DataError(path, f"holds no row with {name} {wanted!r}; it holds {there}")
    return kept.reset_index(drop=True)


def _read_csv(path, source: Source, head: bytes, prices: str, max_bytes: int):
    """Schema and raw rows of a CSV export; prices in currency, undefined ones NaN."""
    schema = _csv_schema(source.path, head)
    raw = read_table(path, schema.layout, max_bytes=max_bytes)
    if "symbol" not in raw.frame:
        raw.frame["symbol"] = pd.Series([""] * len(raw.frame), dtype=str)
    columns = [field for field in schema.layout.fields if field.kind == "decimal"]
    if prices == "auto":
        lines = head.split(b"\n")[:-1] or [head]
        names = lines[0].decode("ascii", "replace").split(",")
        at = [names.index(field.name) for field in columns if field.name in names]
        rows = [line.split(b",") for line in lines[1:]]
        dotted = any(b"." in row[place] for row in rows for place in at if place < len(row))
        prices = "decimal" if dotted else "integer"
    for field in columns:
        price = raw.frame[field.column].to_numpy()
        if prices == "integer":
            price = np.where(price == _NO_PRICE, np.nan, price / PRICE_UNITS)
        raw.frame[field.column] = price
    return schema, raw


def _csv_schema(path: str, head: bytes) -> Schema:
    line = head.split(b"\n", 1)[0].decode("ascii", "replace")
    names = {plain_name(name) for name in line.split(",")}
    for name, telling in (("mbo", "order_id"), ("mbp-10", "bid_px_09"), ("mbp-1", "bid_px_00")):
        if plain_name(telling) in names:
            return SCHEMAS[name]
    if {plain_name("ts_recv"), "action"} <= names or not line.isascii() or "\0" in line:
        return SCHEMAS["trades"]  # of binary junk, reading it tells more
    shown = line if len(line) <= 60 else line[:57] + "..."
    raise DataError(
        path,
        f"begins with {shown!r}; allowed is a CSV export of Databento (schema "
        f"{', '.join(SCHEMAS)}) or a DBN file",
        row=1,
    )


def _read_dbn(source: Source) -> tuple[Schema, RawTable, int]:
    """Schema, raw rows and the number of other records, by Databento's own decoder."""
    try:
        dbn = import_module("databento_dbn")
    except ImportError:
        raise DataError(
            source.path, f"is a DBN file; install Databento's decoder to read it: {INSTALL}"
        ) from None
    decoder = dbn.DBNDecoder()
    metadata, schema, other = None, None, 0
    parts = []
    for block in source.byte_blocks(_BLOCK_BYTES):
        try:
            decoder.write(block)
            records = decoder.decode()
        except dbn.DBNError as error:
            raise DataError(source.path, f"is not a readable DBN file ({error})") from None
        if metadata is None and records:
            metadata, records = records[0], records[1:]
            schema = SCHEMAS.get(str(metadata.schema))
            if schema is None:
                raise DataError(
                    source.path,
                    f"holds the schema {metadata.schema}; allowed are {', '.join(SCHEMAS)}",
                )
        mine = [bytes(record) for record in records if record.rtype == schema.rtype]
        other += len(records) - len(mine)
        if mine:
            parts.append(np.frombuffer(b"".join(mine), _with_length(schema, len(mine[0]))))
    if metadata is None or decoder.buffer():
        raise DataError(
            source.path,
            f"is truncated: it ends inside record {sum(map(len, parts)) + other + 1}",
        )
    if not parts:
        raise DataError(source.path, "holds no data rows")
    frame = _frame(source.path, np.concatenate(parts), schema)
    frame["symbol"] = _symbols(metadata, frame)
    return schema, RawTable(frame, np.arange(1, len(frame) + 1), source.path, len(frame)), other


def _with_length(schema: Schema, length: int) -> np.dtype:
    """The record, followed by what a live stream appends (its sending time)."""
    record = schema.record
    places = [record.fields[name][1] for name in record.names]
    formats = [record.fields[name][0] for name in record.names]
    return np.dtype(
        {"names": record.names, "formats": formats, "offsets": places, "itemsize": length}
    )


def _frame(path: str, records: np.ndarray, schema: Schema) -> pd.DataFrame:
    """Columns as the CSV reader gives them."""
    columns = {}
    for field in schema.layout.fields[:-1]:
        value = records[field.name]
        if field.kind == "decimal":
            value = np.where(value == NO_PRICE, np.nan, value / PRICE_UNITS)
        elif field.kind == "utc time":
            value = np.where(value == NO_TIME, np.uint64(NO_PRICE), value).astype(np.int64)
            value[value == NO_PRICE] = -1
        elif field.kind == "text":
            codes, distinct = pd.factorize(value)
            value = pd.Series([text.decode("latin-1") for text in distinct], dtype=str)
            value = value.take(codes).reset_index(drop=True)
        else:
            if value.dtype == np.uint64 and (value > NO_PRICE).any():
                row = int(np.argmax(value > NO_PRICE))
                raise DataError(
                    path, f"{field.name} is {value[row]}; allowed are whole numbers below 2**63",
                    row=row + 1,
                )  # fmt: skip
            value = value.astype(np.int64)
        columns[field.column] = value
    return pd.DataFrame(columns)


def _symbols(metadata, frame: pd.DataFrame) -> pd.Series:
    """Symbol of each row by the file's table of instrument ids; "" where it has none."""
    names = np.full(len(frame), "", dtype=object)
    ids = frame["instrument_id"].to_numpy()
    day = frame["receive_ns"].to_numpy() // NS_PER_DAY
    for name, intervals in metadata.mappings.items():
        for entry in intervals:
            if not str(entry["symbol"]).isdigit():
                continue
            first, behind = (
                np.datetime64(entry[key], "D").astype(np.int64)
                for key in ("start_date", "end_date")
            )
            names[(ids == int(entry["symbol"])) & (day >= first) & (day < behind)] = name
    return pd.Series(names, dtype=str)


def _check(raw: RawTable, schema: Schema) -> None:
    frame = raw.frame
    action, side, rtype = frame["action"], frame["side"], frame["rtype"].to_numpy()
    bad_value(
        raw,
        rtype == schema.rtype,
        lambda i: f"rtype is {rtype[i]}; {schema.layout.what} has {schema.rtype}",
    )
    bad_value(
        raw,
        action.isin(list(ACTIONS)).to_numpy(),
        lambda i: f"action is {action.iloc[i]!r}; allowed are {', '.join(ACTIONS)}",
    )
    bad_value(
        raw,
        side.isin(list(SIDES)).to_numpy(),
        lambda i: f"side is {side.iloc[i]!r}; allowed are {', '.join(SIDES)}",
    )
    receive = frame["receive_ns"].to_numpy()
    bad_value(
        raw,
        receive >= _EARLIEST_NS,
        lambda i: (
            f"ts_recv is {np.datetime64(int(receive[i]), 'ns')}; allowed are times from "
            "2000 on, as integers in nanoseconds"
            if receive[i] >= 0
            else "ts_recv is undefined; allowed is a time"
        ),
    )
    flags = frame["flags"].to_numpy()
    bad_value(raw, flags < 256, lambda i: f"flags is {flags[i]}; allowed are 0 to 255")


def _finish(raw: RawTable, schema: Schema) -> tuple[pd.DataFrame, int]:
    """The table with times since midnight and sides as numbers; how many had no event time."""
    frame = raw.frame
    receive, event = frame["receive_ns"].to_numpy(), frame["event_ns"].to_numpy()
    origin = int(receive[0]) // NS_PER_DAY * NS_PER_DAY
    none = event < 0
    head = {
        "time_ns": receive - origin,
        "event_time_ns": np.where(none, receive, event) - origin,
        "action": frame["action"],
        "side": frame["side"].map(SIDES).astype(np.int64),
    }
    common = ("price", "size", "flags", "publisher_id", "instrument_id", "sequence", "in_delta_ns")
    done = {"receive_ns", "event_ns", "action", "side", "rtype", "symbol", *common}
    rest = [
        field.column for field in schema.layout.fields
        if field.column not in done and field.column in frame
    ]  # fmt: skip
    columns = {name: frame[name] for name in (*common, "symbol", *rest)}
    return pd.DataFrame({**head, **columns}), int(none.sum())


def _count(table: pd.DataFrame) -> dict:
    flags = table["flags"].to_numpy()
    counts = {
        name: int((flags & bit > 0).sum())
        for name, bit in (
            ("last", LAST), ("snapshot", SNAPSHOT), ("bad_receive_time", BAD_RECEIVE_TIME),
            ("maybe_bad_book", MAYBE_BAD_BOOK),
        )
    }  # fmt: skip
    counts["clock_back"] = int((np.diff(table["time_ns"]) < 0).sum())
    counts["no_price"] = int(table["price"].isna().sum())
    if "bid_0" in table:
        counts["crossed"] = int((table["bid_0"] > table["ask_0"]).sum())
        counts["locked"] = int((table["bid_0"] == table["ask_0"]).sum())
    return counts


def databento_quotes(table: pd.DataFrame) -> pd.DataFrame:
    """Best quotes of an mbp table, after each event of the venue.

    Parameters
    ----------
    table : DataFrame
        From :func:`read_databento`, schema mbp-1 or mbp-10.

    Returns
    -------
    DataFrame
        ``time_ns`` (receive time), ``bid``, ``bid_size``, ``ask``, ``ask_size`` (NaN with size 0
        for an empty side), ``event_time_ns``, ``symbol``. Rows within an event, which the next
        row of the same instrument and event time completes, are left out;
        ``attrs["report"]["within_event"]`` counts them.
    """
    columns = ("time_ns", "event_time_ns", "flags", "bid_0", "ask_0", "bid_size_0", "ask_size_0")
    need(table, columns, "a table of quotes")
    complete = _completes(table)
    part = table[complete].reset_index(drop=True)
    names = {
        "time_ns": "time_ns", "bid": "bid_0", "bid_size": "bid_size_0", "ask": "ask_0",
        "ask_size": "ask_size_0", "event_time_ns": "event_time_ns", "symbol": "symbol",
    }  # fmt: skip
    quotes = pd.DataFrame({name: part[column] for name, column in names.items()})
    report = {"rows_returned": len(quotes), "within_event": int((~complete).sum())}
    quotes.attrs = {**table.attrs, "kind": "best quotes", "report": report}
    return quotes


def _completes(table: pd.DataFrame) -> np.ndarray:
    """False for a row whose event goes on: not marked last, and the next row has its time."""
    keys = table["publisher_id"].to_numpy() << 32 | table["instrument_id"].to_numpy()
    order = np.argsort(keys, kind="stable")
    keys, time = keys[order], table["event_time_ns"].to_numpy()[order]
    goes_on = np.zeros(len(table), dtype=bool)
    goes_on[:-1] = (keys[1:] == keys[:-1]) & (time[1:] == time[:-1])
    complete = np.empty(len(table), dtype=bool)
    complete[order] = ~goes_on
    return complete | (table["flags"].to_numpy() & LAST > 0)


def databento_trades(table: pd.DataFrame) -> pd.DataFrame:
    """Trades of a table of any schema: its T rows.

    Parameters
    ----------
    table : DataFrame
        From :func:`read_databento`.

    Returns
    -------
    DataFrame
        ``time_ns`` (receive time), ``price``, ``size``, ``sign`` (1 buyer-initiated, -1 seller,
        0 not known: the side of a T is the aggressor's), ``event_time_ns``, ``symbol``, ``row``
        (of `table`).
    """
    need(table, ("time_ns", "action", "side", "price", "size"), "a table of trades")
    row = np.flatnonzero((table["action"] == "T").to_numpy())
    names = {
        "time_ns": "time_ns", "price": "price", "size": "size", "sign": "side",
        "event_time_ns": "event_time_ns", "symbol": "symbol",
    }  # fmt: skip
    part = table.iloc[row].reset_index(drop=True)
    trades = pd.DataFrame({name: part[column] for name, column in names.items()})
    trades["row"] = row
    report = {"rows_returned": len(trades)}
    trades.attrs = {**table.attrs, "kind": "signed trades", "report": report}
    return trades
