"""A LOBSTER day as messages for the matching engine, with patches where the files leave gaps."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np

from lobsim.data.lobster import NO_PRICE_E4, LobsterDay
from lobsim.engine.codes import Kind, Side
from lobsim.engine.records import KEEP_ID, MESSAGE

__all__ = ["Replay", "to_messages"]

_NEW, _PARTIAL, _DELETE, _EXECUTION = 1, 2, 3, 4
_UNKNOWN = 0  # LOBSTER id of shares whose order is not known


@dataclass(frozen=True, eq=False)
class Replay:
    """Messages that rebuild a LOBSTER day in the engine. Unpacks to ``messages, initial``.

    Attributes
    ----------
    messages : ndarray of MESSAGE
        To be processed after `initial`.
    initial : ndarray of MESSAGE
        Limit orders, one a level, that make the book before the first row.
    rows : ndarray of int64
        Row of the message file (from 0) that each of `messages` belongs to. After the last message
        of row k the best levels equal row k of the orderbook file.
    is_patch : ndarray of bool
        True where a message is not on the tape but follows from the orderbook file.
    order_ids : ndarray of int64
        LOBSTER id of each engine id (its index); 0 = shares whose order is not known, and orders
        that only take.
    tick_size : float
        Dollars per tick.
    price_min, price_max : float
        Lowest and highest price in dollars that a book for these messages must allow.
    """

    messages: np.ndarray
    initial: np.ndarray
    rows: np.ndarray
    is_patch: np.ndarray
    order_ids: np.ndarray
    tick_size: float
    price_min: float
    price_max: float

    def __iter__(self):
        return iter((self.messages, self.initial))


def to_messages(day: LobsterDay, tick_size: float | None = None) -> Replay:
    """Turn a LOBSTER day into messages for the engine.

    Parameters
    ----------
    day : LobsterDay
        Messages and book of any number of levels.
    tick_size : float, optional
        Dollars; by default the largest that all visible prices are multiples of.

    Returns
    -------
    Replay

    Raises
    ------
    ValueError
        When a visible price is not a multiple of `tick_size`.

    Notes
    -----
    New orders become LIMIT, partial cancels REDUCE, deletes CANCEL; an execution becomes an
    IOC order of the other side, so the engine matches it against its own queue. Hidden executions,
    crosses and halts do not touch the visible book and give no message.

    A file of N levels leaves out what happens behind level N. What the orderbook file then
    shows and the messages do not explain is patched: shares that came are added as orders of
    unknown id at the end of the queue, shares that went are taken from its end. When an execution
    names an order that is not first in the queue here (shares of unknown age stand before it),
    those before it are queued anew behind it: price-time priority says they were behind.
    """
    tick_e4 = _tick_e4(day, tick_size)
    mirror = _Mirror(tick_e4, day.levels)
    book = _book_e4(day)
    messages = day.messages
    kinds, ids = messages["type"].tolist(), messages["order_id"].tolist()
    sizes, prices = messages["size"].tolist(), messages["price_e4"].tolist()
    sides, times = messages["direction"].tolist(), messages["time_ns"].tolist()

    mirror.start(times[0])
    before = _undo(book[0], kinds[0], sides[0], prices[0], sizes[0])
    mirror.agree(before)
    initial = mirror.take()
    acts = {
        _NEW: mirror.add,
        _PARTIAL: mirror.reduce,
        _DELETE: mirror.reduce,
        _EXECUTION: mirror.execute,
    }
    for row, kind in enumerate(kinds):
        mirror.start(times[row], row)
        act = acts.get(kind)
        if act is not None:
            act(ids[row], sides[row], prices[row], sizes[row])
        mirror.patching = True
        mirror.agree(book[row])
    found = mirror.take()
    return Replay(
        messages=found[0],
        initial=initial[0],
        rows=found[1],
        is_patch=found[2],
        order_ids=np.array(mirror.lobster_id, dtype=np.int64),
        tick_size=tick_e4 / 1e4,
        price_min=mirror.lowest / 1e4,
        price_max=mirror.highest / 1e4,
    )


def _tick_e4(day: LobsterDay, tick_size: float | None) -> int:
    visible = day.messages["type"].between(_NEW, _EXECUTION).to_numpy()
    prices = [day.messages["price_e4"].to_numpy()[visible]]
    for name in day.book.columns:
        if "price" in name:
            price = day.book[name].to_numpy()
            prices.append(np.rint(price[~np.isnan(price)] * 1e4).astype(np.int64))
    common = int(np.gcd.reduce(np.concatenate(prices)))
    if tick_size is None:
        return common
    tick = round(tick_size * 1e4)
    if tick < 1 or common % tick:
        raise ValueError(
            f"tick_size is {tick_size}; the prices of this day are multiples of {common / 1e4}"
        )
    return tick


def _book_e4(day: LobsterDay) -> list[tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
    """For each row: bids and asks as lists of (price_e4, size), best first."""
    sides = []
    for side in ("bid", "ask"):
        levels = []
        for level in range(1, day.levels + 1):
            price = day.book[f"{side}_price_{level}"].to_numpy()
            price = np.where(np.isnan(price), NO_PRICE_E4, np.rint(price * 1e4)).astype(np.int64)
            levels.append(zip(price.tolist(), day.book[f"{side}_size_{level}"].tolist()))
        sides.append(zip(*levels, strict=True))
    return [
        ([pair for pair in bids if pair[1]], [pair for pair in asks if pair[1]])
        for bids, asks in zip(*sides, strict=True)
    ]


def _undo(row, kind: int, side: int, price: int, size: int):
    """The visible book before the first message, from the book after it."""
    change = {_NEW: -size, _PARTIAL: size, _DELETE: size, _EXECUTION: size}.get(kind, 0)
    bids, asks = dict(row[0]), dict(row[1])
    levels = bids if side == Side.BUY else asks
    if change:
        levels[price] = levels.get(price, 0) + change
    return (
        sorted(((p, s) for p, s in bids.items() if s > 0), reverse=True),
        sorted((p, s) for p, s in asks.items() if s > 0),
    )


class _Mirror:
    """The engine's book while the messages are made: queues by side and price.

    A queue is a dict of engine id -> shares in the order of arrival. Prices of a side are kept as
    a sorted list of ``-side * price``, so that the best is first on both sides.
    """

    def __init__(self, tick_e4: int, depth: int):
        self.tick_e4 = tick_e4
        self.depth = depth  # levels that the orderbook file shows
        self.queues: dict[tuple[int, int], dict[int, int]] = {}
        self.totals: dict[tuple[int, int], int] = {}
        self.keys: dict[int, list[int]] = {1: [], -1: []}
        self.engine_id: dict[int, int] = {}
        self.lobster_id: list[int] = [_UNKNOWN]  # engine ids count from 1
        self.out: list[tuple] = []
        self.rows: list[int] = []
        self.patches: list[bool] = []
        self.patching = False
        self.touched = {1, -1}  # sides changed since they last agreed with the file
        self.agreed: dict[int, list] = {1: [], -1: []}
        self.row = self.time_ns = 0
        self.lowest, self.highest = 1 << 62, 0

    def start(self, time_ns: int, row: int = 0) -> None:
        """Messages from here on belong to this row."""
        self.time_ns, self.row, self.patching = time_ns, row, False

    def take(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Hand over the messages made so far."""
        found = (
            np.array(self.out, dtype=MESSAGE),
            np.array(self.rows, dtype=np.int64),
            np.array(self.patches, dtype=bool),
        )
        self.out, self.rows, self.patches = [], [], []
        return found

    def _send(self, kind: int, order: int, side: int, price: int, size: int) -> None:
        ticks = price // self.tick_e4
        self.touched.add(side if kind != Kind.IOC else -side)
        self.out.append((self.time_ns, order, ticks, size, 0, kind, side, KEEP_ID))
        self.rows.append(self.row)
        self.patches.append(self.patching)

    def _new_id(self, lobster_id: int) -> int:
        self.lobster_id.append(lobster_id)
        return len(self.lobster_id) - 1

    def add(self, lobster_id: int, side: int, price: int, size: int) -> None:
        """A limit order comes to the end of the queue."""
        order = self._new_id(lobster_id)
        if lobster_id != _UNKNOWN:
            self.engine_id[lobster_id] = order
        place = (side, price)
        if place not in self.queues:
            self.queues[place] = {}
            self.totals[place] = 0
            insort(self.keys[side], -side * price)
            self.lowest, self.highest = min(self.lowest, price), max(self.highest, price)
        self.queues[place][order] = size
        self.totals[place] += size
        self._send(Kind.LIMIT, order, side, price, size)

    def _shrink(self, place: tuple[int, int], order: int, size: int) -> None:
        """Book-keeping of shares that leave."""
        queue = self.queues[place]
        queue[order] -= size
        self.totals[place] -= size
        if queue[order] == 0:
            del queue[order]
            self.engine_id.pop(self.lobster_id[order], None)
        if not queue:
            del self.queues[place], self.totals[place]
            keys = self.keys[place[0]]
            del keys[bisect_left(keys, -place[0] * place[1])]

    def _remove(self, place: tuple[int, int], order: int, size: int) -> None:
        """Take shares off an order by REDUCE, or CANCEL when none would be left."""
        whole = size == self.queues[place][order]
        self._send(Kind.CANCEL if whole else Kind.REDUCE, order, *place, size)
        self._shrink(place, order, size)

    def _known(self, lobster_id: int, place: tuple[int, int]) -> int | None:
        order = self.engine_id.get(lobster_id)
        return order if order is not None and order in self.queues.get(place, ()) else None

    def _unknown(self, place: tuple[int, int]) -> list[int]:
        return [o for o in self.queues.get(place, ()) if self.lobster_id[o] == _UNKNOWN]

    def reduce(self, lobster_id: int, side: int, price: int, size: int) -> None:
        """Shares of an order are cancelled; of an order not known, from unknown shares."""
        place = (side, price)
        order = self._known(lobster_id, place)
        for target in self._unknown(place)[::-1] if order is None else [order]:
            part = min(size, self.queues[place][target])
            self._remove(place, target, part)
            size -= part
            if size == 0:
                return

    def execute(self, lobster_id: int, side: int, price: int, size: int) -> None:
        """An order of the other side takes from the front of the queue."""
        place = (side, price)
        order = self._known(lobster_id, place)
        wanted = self._unknown(place) if order is None else [order]
        if wanted:
            self._bring_to_front(place, wanted[0])
        size = min(size, self.totals.get(place, 0))
        if size == 0:
            return
        self._send(Kind.IOC, self._new_id(_UNKNOWN), -side, price, size)
        for front, held in list(self.queues[place].items()):
            part = min(size, held)
            self._shrink(place, front, part)
            size -= part
            if size == 0:
                return

    def _bring_to_front(self, place: tuple[int, int], order: int) -> None:
        """Queue those before an order anew, behind it."""
        self.patching = True
        ahead = []
        for other, held in self.queues[place].items():
            if other == order:
                break
            ahead.append((other, held))
        for other, held in ahead:
            name = self.lobster_id[other]
            self._remove(place, other, held)
            self.add(name, *place, held)
        self.patching = False

    def agree(self, row) -> None:
        """Patch the best levels to equal a row of the orderbook file."""
        grows = []
        for side, levels in ((Side.BUY, row[0]), (Side.SELL, row[1])):
            side = int(side)
            if side not in self.touched and levels == self.agreed[side]:
                continue
            self.agreed[side] = levels
            shown = dict(levels)
            self._drop_hidden(side, shown)
            for price, size in levels:
                held = self.totals.get((side, price), 0)
                if held > size:
                    self._cut((side, price), held - size)
                elif held < size:
                    grows.append((side, price, size - held))
        for side, price, size in grows:
            self.add(_UNKNOWN, side, price, size)
        self.touched.clear()

    def _drop_hidden(self, side: int, shown: dict[int, int]) -> None:
        """Levels that the file does not show although they would be among its best are gone."""
        keys = self.keys[side]
        count = len(shown)
        if len(keys) <= count and all(-side * key in shown for key in keys):
            return
        worst = max((-side * price for price in shown), default=-(1 << 62))
        for key in list(keys):
            if key > worst and count == self.depth:
                break
            price = -side * key
            if price not in shown:
                self._cut((side, price), self.totals[side, price])

    def _cut(self, place: tuple[int, int], size: int) -> None:
        """Take shares from the end of a queue, those of unknown orders first."""
        queue = list(self.queues[place])
        unknown = set(self._unknown(place))
        for order in sorted(queue, key=lambda o: (o not in unknown, -queue.index(o))):
            part = min(size, self.queues[place][order])
            self._remove(place, order, part)
            size -= part
            if size == 0:
                return
