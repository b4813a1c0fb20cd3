"""NASDAQ TotalView-ITCH 5.0: every message type with the place, width and unit of its fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = [
    "ITCH_TYPES", "ItchField", "ItchType", "BOOK_TYPES", "EVENT_TYPES", "COLUMNS",
    "PREFIX", "lengths_by_code", "places_by_code", "stock_by_code", "record_dtype", "stock_key",
]  # fmt: skip

SOURCE = "Nasdaq TotalView-ITCH 5.0, specification of 3 June 2015 and later additions"
PREFIX = 2  # bytes of big-endian length before each message; not counted in the length itself
STOCK_BYTES = 8  # a symbol, left-justified, padded with blanks

# Units: "number" big-endian unsigned; "price e4" a number of 1/10000 dollars; "price e8" one of
# 1/100000000 dollars; "ns" nanoseconds since New York midnight; "text" ASCII padded with blanks.
_HEAD = (
    ("type", 1, "text"),
    ("locate", 2, "number"),  # code of the symbol on this day, from its R message; 0 = none
    ("tracking", 2, "number"),
    ("time", 6, "ns"),
)
_STOCK = ("stock", STOCK_BYTES, "text")
_REFERENCE = ("reference", 8, "number")  # of an order; unique within the day
_MATCH = ("match", 8, "number")  # of a trade; unique within the day


@dataclass(frozen=True)
class ItchField:
    """One field of a message: bytes `offset` to ``offset + length`` after the length prefix."""

    name: str
    offset: int
    length: int
    unit: str


@dataclass(frozen=True)
class ItchType:
    """One type of message.

    Attributes
    ----------
    letter : str
    meaning : str
    fields : tuple of ItchField
        Without gaps, from offset 0.
    """

    letter: str
    meaning: str
    fields: tuple[ItchField, ...]

    @property
    def length(self) -> int:
        """Bytes of the message without the prefix."""
        return self.fields[-1].offset + self.fields[-1].length

    def field(self, name: str) -> ItchField | None:
        """The field of that name, None when this type has none."""
        return next((entry for entry in self.fields if entry.name == name), None)


def _type(letter: str, meaning: str, *fields: tuple[str, int, str]) -> ItchType:
    placed, offset = [], 0
    for name, length, unit in (*_HEAD, *fields):
        placed.append(ItchField(name, offset, length, unit))
        offset += length
    return ItchType(letter, meaning, tuple(placed))


_ADD = (
    _REFERENCE, ("side", 1, "text"), ("size", 4, "number"), _STOCK, ("price", 4, "price e4"),
)  # fmt: skip

_ALL = (
    _type("S", "system event", ("code", 1, "text")),
    _type(
        "R", "stock directory", _STOCK, ("market_category", 1, "text"),
        ("financial_status", 1, "text"), ("round_lot", 4, "number"),
        ("round_lots_only", 1, "text"), ("classification", 1, "text"), ("subtype", 2, "text"),
        ("authenticity", 1, "text"), ("short_sale_threshold", 1, "text"),
        ("ipo", 1, "text"), ("luld_tier", 1, "text"), ("etp", 1, "text"),
        ("etp_leverage", 4, "number"), ("inverse", 1, "text"),
    ),
    _type("H", "trading action", _STOCK, ("code", 1, "text"), ("reserved", 1, "text"),
          ("reason", 4, "text")),
    _type("Y", "short sale restriction", _STOCK, ("action", 1, "text")),
    _type("L", "market participant position", ("mpid", 4, "text"), _STOCK,
          ("primary", 1, "text"), ("mode", 1, "text"), ("state", 1, "text")),
    _type("V", "circuit breaker levels", ("level_1", 8, "price e8"), ("level_2", 8, "price e8"),
          ("level_3", 8, "price e8")),
    _type("W", "circuit breaker status", ("level", 1, "text")),
    _type("K", "quoting period of a new issue", _STOCK, ("release_s", 4, "number"),
          ("qualifier", 1, "text"), ("price", 4, "price e4")),
    _type("J", "auction collar", _STOCK, ("reference_price", 4, "price e4"),
          ("upper", 4, "price e4"), ("lower", 4, "price e4"), ("extension", 4, "number")),
    _type("h", "operational halt", _STOCK, ("market", 1, "text"), ("code", 1, "text")),
    _type("A", "add order", *_ADD),
    _type("F", "add order with participant", *_ADD, ("code", 4, "text")),
    _type("E", "order executed", _REFERENCE, ("size", 4, "number"), _MATCH),
    _type("C", "order executed at another price", _REFERENCE, ("size", 4, "number"), _MATCH,
          ("printable", 1, "text"), ("price", 4, "price e4")),
    _type("X", "order partly cancelled", _REFERENCE, ("size", 4, "number")),
    _type("D", "order deleted", _REFERENCE),
    _type("U", "order replaced", _REFERENCE, ("new_reference", 8, "number"),
          ("size", 4, "number"), ("price", 4, "price e4")),
    _type("P", "trade with a hidden order", *_ADD, _MATCH),
    _type("Q", "cross trade", ("size", 8, "number"), _STOCK, ("price", 4, "price e4"), _MATCH,
          ("code", 1, "text")),
    _type("B", "broken trade", _MATCH),
    _type("I", "order imbalance", ("paired", 8, "number"), ("imbalance", 8, "number"),
          ("direction", 1, "text"), _STOCK, ("far_price", 4, "price e4"),
          ("near_price", 4, "price e4"), ("reference_price", 4, "price e4"), ("code", 1, "text"),
          ("variation", 1, "text")),
    _type("N", "retail interest", _STOCK, ("interest", 1, "text")),
    _type("O", "direct listing price discovery", _STOCK, ("open_eligible", 1, "text"),
          ("minimum_price", 4, "price e4"), ("maximum_price", 4, "price e4"),
          ("near_price", 4, "price e4"), ("near_time", 8, "ns"),
          ("lower_collar", 4, "price e4"), ("upper_collar", 4, "price e4")),
)  # fmt: skip

ITCH_TYPES: dict[str, ItchType] = {entry.letter: entry for entry in _ALL}
BOOK_TYPES = "AFECXDU"  # the messages that change the visible book
EVENT_TYPES = "SH" + BOOK_TYPES + "PQB"  # the messages that `read_itch` returns
# Columns of a scanned event, in the order in which the kernel writes them.
COLUMNS = (
    "time", "type", "locate", "reference", "new_reference", "side", "size", "price", "match",
    "printable", "code",
)  # fmt: skip


def lengths_by_code() -> np.ndarray:
    """Length of the message by the ASCII code of its type; 0 = no such type. Shape (256,)."""
    lengths = np.zeros(256, np.int64)
    for letter, entry in ITCH_TYPES.items():
        lengths[ord(letter)] = entry.length
    return lengths


def places_by_code() -> np.ndarray:
    """Where the columns stand: offset and length, shape (256, len(COLUMNS), 2); length 0 = not."""
    places = np.zeros((256, len(COLUMNS), 2), np.int64)
    for letter in EVENT_TYPES:
        for number, name in enumerate(COLUMNS):
            entry = ITCH_TYPES[letter].field(name)
            if entry is not None:
                places[ord(letter), number] = entry.offset, entry.length
    return places


def stock_by_code() -> np.ndarray:
    """Offset of the symbol by the ASCII code of the type; 0 = it has none. Shape (256,)."""
    offsets = np.zeros(256, np.int64)
    for letter, entry in ITCH_TYPES.items():
        stock = entry.field("stock")
        offsets[ord(letter)] = 0 if stock is None else stock.offset
    return offsets


def record_dtype(letter: str, prefix: bool = True) -> np.dtype:
    """The message as a packed NumPy record: numbers big-endian, texts and the time as bytes.

    Parameters
    ----------
    letter : str
        Type of message.
    prefix : bool
        Begin with the length as the field ``length``.

    Examples
    --------
    >>> record_dtype("D").itemsize
    21
    """
    fields: list[tuple] = [("length", ">u2")] if prefix else []
    for entry in ITCH_TYPES[letter].fields:
        if entry.length == 6:  # NumPy has no whole number of six bytes: upper two, lower four
            fields += [("time_high", ">u2"), ("time_low", ">u4")]
        elif entry.unit == "text":
            fields.append((entry.name, f"S{entry.length}"))
        else:
            fields.append((entry.name, f">u{entry.length}"))
    return np.dtype(fields)


def stock_key(symbol: str) -> int:
    """A symbol as the whole number that its eight padded bytes make.

    Raises
    ------
    ValueError
        When the symbol cannot stand in a message.
    """
    if not (1 <= len(symbol) <= STOCK_BYTES and symbol.isascii() and symbol.isprintable()):
        raise ValueError(
            f"symbol is {symbol!r}; allowed are 1 to {STOCK_BYTES} printable ASCII characters"
        )
    return int.from_bytes(symbol.encode().ljust(STOCK_BYTES), "big")
