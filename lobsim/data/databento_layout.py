"""Databento's schemas: columns of the CSV exports, binary records, actions and flags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lobsim.data.fields import Field, Layout

__all__ = [
    "ACTIONS", "SIDES", "SCHEMAS", "Schema", "LAST", "TOP_OF_BOOK", "SNAPSHOT", "BY_PRICE",
    "BAD_RECEIVE_TIME", "MAYBE_BAD_BOOK", "NO_PRICE", "NO_TIME", "PRICE_UNITS",
]  # fmt: skip

_SOURCE = "databento.com/docs, schemas mbo, mbp-1, mbp-10 and trades"

# Bits of the column `flags`.
LAST = 128  # last record of an event of the venue
TOP_OF_BOOK = 64  # the best price of a side, not an order
SNAPSHOT = 32  # part of a snapshot, not of the stream
BY_PRICE = 16  # a total of a price, not an order
BAD_RECEIVE_TIME = 8  # ts_recv is not exact
MAYBE_BAD_BOOK = 4  # records were lost before this one

ACTIONS = {
    "A": "order added",
    "C": "order cancelled, wholly or in part",
    "M": "order modified",
    "R": "book cleared",
    "T": "trade: an order took; the book stays as it is",
    "F": "fill: a resting order was hit; the book stays as it is",
    "N": "nothing",
}
SIDES = {"B": 1, "A": -1, "N": 0}
PRICE_UNITS = 1e9  # units of an integer price in one unit of currency
NO_PRICE = (1 << 63) - 1
NO_TIME = (1 << 64) - 1


@dataclass(frozen=True)
class Schema:
    """One kind of file.

    Attributes
    ----------
    name : str
        As Databento names it.
    kind : str
        What the table holds, for ``attrs["kind"]``.
    rtype : int
        The mark of its records.
    layout : Layout
        Of the CSV export.
    record : dtype
        Of a record in DBN, little-endian.
    levels : int
        Price levels of the book in each row.
    """

    name: str
    kind: str
    rtype: int
    layout: Layout
    record: np.dtype
    levels: int


def _column(name: str, column: str, record: str, kind: str = "integer", **more):
    return Field(name, column, kind, **more), record


def _price(name: str, column: str):
    return _column(
        name, column, "<i8", "decimal", unit="currency, or whole units of 1e-9", optional=True
    )


_TIMES = (
    _column("ts_recv", "receive_ns", "<u8", "utc time"),
    _column("ts_event", "event_ns", "<u8", "utc time", optional=True),
)
_HEAD = (
    _column("rtype", "rtype", "u1"),
    _column("publisher_id", "publisher_id", "<u2"),
    _column("instrument_id", "instrument_id", "<u4"),
    _column("action", "action", "S1", "text"),
    _column("side", "side", "S1", "text"),
)
_SIZE = (_price("price", "price"), _column("size", "size", "<u4", least=0))
_TAIL = (
    _column("flags", "flags", "u1", least=0),
    _column("ts_in_delta", "in_delta_ns", "<i4"),
    _column("sequence", "sequence", "<u4"),
)
_SYMBOL = Field("symbol", "symbol", "text", required=False)


def _levels(count: int) -> tuple:
    columns = []
    for level in range(count):
        columns += [
            _price(f"bid_px_{level:02}", f"bid_{level}"),
            _price(f"ask_px_{level:02}", f"ask_{level}"),
        ]
        for word, short in (("size", "sz"), ("orders", "ct")):
            columns += [
                _column(f"{side}_{short}_{level:02}", f"{side}_{word}_{level}", "<u4", least=0)
                for side in ("bid", "ask")
            ]
    return tuple(columns)


# In a record the fields stand in another order than in the CSV export.
_ORDER_RECORD = (
    "rtype", "publisher_id", "instrument_id", "ts_event", "order_id", "price", "size", "flags",
    "channel_id", "action", "side", "ts_recv", "ts_in_delta", "sequence",
)  # fmt: skip
_LEVEL_RECORD = (
    "rtype", "publisher_id", "instrument_id", "ts_event", "price", "size", "action", "side",
    "flags", "depth", "ts_recv", "ts_in_delta", "sequence",
)  # fmt: skip


def _schema(name: str, kind: str, rtype: int, columns: tuple, order: tuple, levels: int) -> Schema:
    types = {field.name: record for field, record in columns}
    order = (*order, *(name for name in types if name not in order))
    record = np.dtype([("length", "u1"), *((name, types[name]) for name in order)])
    fields = (*(field for field, _ in columns), _SYMBOL)
    layout = Layout(
        f"a Databento {name} file", ",", fields, header=True, source=_SOURCE,
        excludes=("order_id",) if name != "mbo" else (),
    )  # fmt: skip
    return Schema(name, kind, rtype, layout, record, levels)


_DEPTH = _column("depth", "depth", "u1")
_ORDER = (
    *_SIZE, _column("channel_id", "channel_id", "u1"), _column("order_id", "order_id", "<u8"),
)  # fmt: skip

_MBO = _schema(
    "mbo", "market by order", 160, (*_TIMES, *_HEAD, *_ORDER, *_TAIL), _ORDER_RECORD, 0
)
_TRADES = _schema(
    "trades", "trade records", 0, (*_TIMES, *_HEAD, _DEPTH, *_SIZE, *_TAIL), _LEVEL_RECORD, 0
)
_MBP_1, _MBP_10 = (
    _schema(
        f"mbp-{count}", "market by price", count,
        (*_TIMES, *_HEAD, _DEPTH, *_SIZE, *_TAIL, *_levels(count)), _LEVEL_RECORD, count,
    )
    for count in (1, 10)
)  # fmt: skip

SCHEMAS: dict[str, Schema] = {entry.name: entry for entry in (_MBO, _MBP_1, _MBP_10, _TRADES)}
