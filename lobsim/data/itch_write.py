"""Writer of ITCH 5.0 files: what a simulated venue did, as its feed would have told it."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lobsim.data.clock import NS_PER_DAY
from lobsim.data.itch_layout import ITCH_TYPES, PREFIX, record_dtype, stock_key
from lobsim.engine import MESSAGE, OUTCOME, Kind, OrderBook, copy_state

__all__ = ["write_itch", "encode_itch", "WrittenItch"]

_LOCATE = 1  # the one symbol of the file
_MAX_UINT32 = (1 << 32) - 1
_NEW_KINDS = (Kind.LIMIT, Kind.MARKET, Kind.IOC, Kind.FOK, Kind.POST_ONLY)
_EVENT = np.dtype(
    [
        ("time", np.int64), ("type", "S1"), ("reference", np.int64),
        ("new_reference", np.int64), ("side", "S1"), ("size", np.int64), ("price", np.int64),
        ("match", np.int64), ("code", "S4"),
    ]
)  # fmt: skip


class WrittenItch(NamedTuple):
    """What :func:`write_itch` returns."""

    path: Path
    order_ids: np.ndarray  # int64: the engine id of each reference number (its index); 0 = none
    fills: np.ndarray  # FILL: what the engine did, one E message each, in this order
    counts: dict  # messages of each type


def write_itch(
    path: str | os.PathLike,
    book: OrderBook,
    messages: np.ndarray,
    initial: np.ndarray | None = None,
    *,
    symbol: str = "SIM",
) -> WrittenItch:
    """Write what happens when a book processes messages as an ITCH 5.0 file.

    Parameters
    ----------
    path : str or path
        Packed when the name ends in ``.gz``.
    book : OrderBook
        Empty, with the venue's tick, lot (whole shares), band and self-trade policy. Modified in
        place: it processes `initial` and `messages`.
    messages : ndarray of MESSAGE
        All kinds of message; times in ns since midnight, not decreasing. A refused message leaves
        no trace.
    initial : ndarray of MESSAGE, optional
        Orders that stand in the book before; written as A messages first.
    symbol : str
        At most 8 characters.

    Returns
    -------
    WrittenItch

    Raises
    ------
    ValueError
        When the book is not empty or times, prices or sizes do not fit into the format.

    Notes
    -----
    A resting order becomes A; each fill E, before the A of what rests of the order that took;
    a cancel D, a reduce X. A replace that keeps its place is an X; another is a U, or D, E and A
    where it trades at once. Orders removed by the self-trade policy are D. As in a real file, the
    order that takes is not named, nor are owners.
    """
    if book.state.slot_of.any():
        raise ValueError("the book has been used; give an empty one with the venue's rules")
    everything = messages if initial is None else np.concatenate([initial, messages])
    if everything.dtype != MESSAGE:
        raise ValueError(f"messages must be lobsim.engine.MESSAGE records, not {everything.dtype}")
    time = everything["time_ns"]
    if len(time) and (time[0] < 0 or time[-1] >= NS_PER_DAY or (np.diff(time) < 0).any()):
        raise ValueError("time_ns must lie within the day and not decrease")
    teller = _Teller(*_scales(book))
    fills, outcomes, removed = _run(book, everything)
    teller.tell(everything, outcomes, fills, removed)
    events = _with_frame(teller.events(), symbol, time)
    data = encode_itch(events, symbol)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_packed(data) if path.suffix == ".gz" else data)
    letters, counts = np.unique(events["type"], return_counts=True)
    named = dict(zip((letter.decode() for letter in letters), counts.tolist(), strict=True))
    return WrittenItch(path, np.array(teller.order_ids, np.int64), fills, named)


def _scales(book: OrderBook) -> tuple[int, int]:
    """A tick in 1/10000 dollars and a lot in shares."""
    tick_e4, lot = round(book.tick_size * 1e4), round(book.lot_size)
    if tick_e4 < 1 or abs(book.tick_size * 1e4 - tick_e4) > 1e-6:
        raise ValueError(f"tick_size is {book.tick_size}; ITCH prices are multiples of 0.0001")
    if lot < 1 or lot != book.lot_size:
        raise ValueError(f"lot_size is {book.lot_size}; ITCH sizes are whole shares")
    return tick_e4, lot


def _run(book: OrderBook, messages: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict]:
    """Fills, outcomes, and the orders that the self-trade policy removed at each message."""
    start = copy_state(book.state)
    outcomes = np.zeros(len(messages), OUTCOME)
    fills = book.process(messages, outcomes)
    hit = np.flatnonzero(outcomes["self_cancelled"])
    removed: dict[int, list[int]] = {}
    if len(hit):
        removed = _removed(book, start, messages, hit)
    return fills, outcomes, removed


def _removed(book: OrderBook, start, messages: np.ndarray, hit: np.ndarray) -> dict:
    """Ids of the orders that vanished at the messages `hit`, from the queues before and after.

    Only the policy removes resting orders of the owner of an incoming order.
    """
    end, book.state = book.state, start
    removed, done = {}, 0
    for index in hit.tolist():
        book.process(messages[done:index])
        before = _queued(book)
        filled = book.process(messages[index : index + 1])["maker_id"].tolist()
        done = index + 1
        named = int(messages["order_id"][index])  # a REPLACE takes its own order away itself
        gone = before.keys() - _queued(book).keys() - set(filled) - {named}
        removed[index] = [order for order in before if order in gone]
    book.state = end
    return removed


def _queued(book: OrderBook) -> dict[int, None]:
    return {order.order_id: None for side in (1, -1) for order in book.orders(side)}


class _Teller:
    """Turns messages and what became of them into events of the feed."""

    def __init__(self, tick_e4: int, lot: int):
        self.tick_e4, self.lot = tick_e4, lot
        self.order_ids: list[int] = [0]  # reference numbers count from 1
        self.reference: dict[int, int] = {}  # engine id -> reference of its living order
        self.side: dict[int, int] = {}
        self.ticks: dict[int, int] = {}
        self.left: dict[int, int] = {}
        self.rows: list[tuple] = []
        self.matches = 0

    def events(self) -> np.ndarray:
        return np.array(self.rows, _EVENT)

    def _write(self, time, letter, reference=0, new=0, side=b"", lots=0, ticks=0, match=0) -> None:
        size, price = lots * self.lot, ticks * self.tick_e4
        if not 0 <= price <= _MAX_UINT32 or size > _MAX_UINT32:
            raise ValueError(
                f"a price of {price / 1e4} dollars or a size of {size} shares does not fit into "
                "ITCH, whose numbers go from 0 to 2**32 - 1 (prices in 1/10000 dollars)"
            )
        self.rows.append((time, letter, reference, new, side, size, price, match, b""))

    def _new_reference(self, order: int) -> int:
        self.order_ids.append(order)
        self.reference[order] = len(self.order_ids) - 1
        return self.reference[order]

    def _add(self, time, order: int, side: int, ticks: int, lots: int) -> None:
        self.side[order], self.ticks[order], self.left[order] = side, ticks, lots
        letter = b"B" if side > 0 else b"S"
        self._write(time, b"A", self._new_reference(order), 0, letter, lots, ticks)

    def _forget(self, order: int) -> None:
        for table in (self.reference, self.side, self.ticks, self.left):
            del table[order]

    def _delete(self, time, order: int) -> None:
        self._write(time, b"D", self.reference[order])
        self._forget(order)

    def _shrink(self, time, order: int, lots: int) -> None:
        self._write(time, b"X", self.reference[order], lots=lots)
        self.left[order] -= lots

    def _fill(self, time, maker: int, lots: int) -> None:
        self.matches += 1
        self._write(time, b"E", self.reference[maker], lots=lots, match=self.matches)
        self.left[maker] -= lots
        if self.left[maker] == 0:
            self._forget(maker)

    def tell(self, messages, outcomes, fills, removed) -> None:
        """Write all events."""
        first = np.searchsorted(fills["message_index"], np.arange(len(messages) + 1)).tolist()
        makers, lots = fills["maker_id"].tolist(), fills["size"].tolist()
        rows = zip(messages.tolist(), outcomes.tolist(), strict=True)
        for index, (message, (_, reject, _, resting, taken)) in enumerate(rows):
            if reject:
                continue
            time, order, ticks, _, _, kind, side, new = message
            mine = slice(first[index], first[index + 1])
            hits = list(zip(makers[mine], lots[mine], strict=True)), removed.get(index, ())
            if kind in _NEW_KINDS:
                self._incoming(time, order, side, ticks, resting, hits)
            elif kind == Kind.CANCEL:
                self._delete(time, order)
            elif kind == Kind.REDUCE:
                if resting:
                    self._shrink(time, order, taken)
                else:
                    self._delete(time, order)
            else:
                self._replace(time, order, new if new > 0 else order, ticks, resting, hits)

    def _incoming(self, time, order, side, ticks, resting, hits) -> None:
        for other in hits[1]:
            self._delete(time, other)
        for maker, lots in hits[0]:
            self._fill(time, maker, lots)
        if resting:
            self._add(time, order, side, ticks, resting)

    def _replace(self, time, order, new, ticks, resting, hits) -> None:
        side = self.side[order]
        if ticks == self.ticks[order] and 0 < resting <= self.left[order]:
            if resting < self.left[order]:
                self._shrink(time, order, self.left[order] - resting)
            self._rename(order, new)
        elif hits[0] or hits[1] or not resting:
            self._delete(time, order)
            self._incoming(time, new, side, ticks, resting, hits)
        else:
            old = self.reference[order]
            self._forget(order)
            self.side[new], self.ticks[new], self.left[new] = side, ticks, resting
            self._write(time, b"U", old, self._new_reference(new), b"", resting, ticks)

    def _rename(self, order: int, new: int) -> None:
        if new != order:
            for table in (self.reference, self.side, self.ticks, self.left):
                table[new] = table.pop(order)
            self.order_ids[self.reference[new]] = new


def _with_frame(events: np.ndarray, symbol: str, time: np.ndarray) -> np.ndarray:
    """Add the messages that begin and end a day."""
    stock_key(symbol)
    start, end = (int(time[0]), int(time[-1])) if len(time) else (0, 0)
    opening = [(b"S", b"O"), (b"R", b""), (b"S", b"S"), (b"S", b"Q"), (b"H", b"T")]
    closing = [(b"S", b"M"), (b"S", b"E"), (b"S", b"C")]
    parts = []
    for pairs, at in ((opening, start), (closing, end)):
        part = np.zeros(len(pairs), _EVENT)
        part["time"] = at
        for row, (letter, code) in zip(part, pairs, strict=True):
            row["type"], row["code"] = letter, code
        parts.append(part)
    return np.concatenate([parts[0], events, parts[1]])


def encode_itch(events: np.ndarray, symbol: str, locate: int = _LOCATE) -> bytes:
    """Events of one symbol as the bytes of a file, each message after its length.

    Parameters
    ----------
    events : ndarray of records
        ``type`` (S1), ``time`` (ns) and what the types at hand need of ``reference``,
        ``new_reference``, ``side`` (S1), ``size``, ``price`` (1/10000 dollars), ``match``,
        ``code``, ``printable``.
    symbol : str
    locate : int
        Locate code; system events get 0.

    Returns
    -------
    bytes
    """
    kinds = events["type"].view(np.uint8)
    letters = [chr(code) for code in np.unique(kinds)]
    sizes = np.zeros(256, np.int64)
    for letter in letters:
        sizes[ord(letter)] = PREFIX + ITCH_TYPES[letter].length
    ends = np.cumsum(sizes[kinds])
    data = np.zeros(int(ends[-1]) if len(ends) else 0, np.uint8)
    for letter in letters:
        rows = np.flatnonzero(kinds == ord(letter))
        records = _records(letter, events[rows], symbol, locate)
        begin = ends[rows] - records.itemsize
        data[begin[:, None] + np.arange(records.itemsize)] = records.view(np.uint8).reshape(
            len(rows), -1
        )
    return data.tobytes()


def _records(letter: str, events: np.ndarray, symbol: str, locate: int) -> np.ndarray:
    records = np.zeros(len(events), record_dtype(letter))
    for name in records.dtype.names:
        if records.dtype[name].kind == "S":
            records[name] = b" " * records.dtype[name].itemsize
        if name in events.dtype.names:
            records[name] = events[name]
    records["length"] = ITCH_TYPES[letter].length
    records["locate"] = 0 if letter == "S" else locate
    records["time_high"], records["time_low"] = events["time"] >> 32, events["time"] & _MAX_UINT32
    if "stock" in records.dtype.names:
        records["stock"] = symbol.encode().ljust(8)
    if letter == "R":
        _fill_directory(records)
    return records


def _fill_directory(records: np.ndarray) -> None:
    """A common stock of the Nasdaq Global Select Market, in round lots of 100."""
    values = {
        "market_category": b"Q", "financial_status": b"N", "round_lot": 100,
        "round_lots_only": b"N", "classification": b"C", "subtype": b"Z", "authenticity": b"P",
        "short_sale_threshold": b"N", "luld_tier": b"1", "etp": b"N", "inverse": b"N",
    }  # fmt: skip
    for name, value in values.items():
        records[name] = value


def _packed(data: bytes) -> bytes:
    """Gzip with a fixed time stamp, so that the same day gives the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", mtime=0, compresslevel=6) as file:
        file.write(data)
    return buffer.getvalue()
