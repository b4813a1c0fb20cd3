"""A LOBSTER day as messages for the matching engine, with patches where the files leave gaps."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np

from lobsim.data.lobster import LobsterDay
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
    unknown id at the end of the queue. Shares that went are taken first from orders that the
    rest of the tape does not mention again, then from unknown ones, each time from the end. An
    execution always fills the order that the tape names: where it is not known, it is made
    from shares of the level in the same way, and those that stand before it are queued anew
    behind it, since price-time priority says they were behind.
    """
    tick_e4 = _tick_e4(day, tick_size)
    messages = day.messages
    takes = messages[messages["type"].between(_PARTIAL, _EXECUTION)]
    named = takes.groupby("order_id")["size"].sum().to_dict()
    mirror = _Mirror(tick_e4, day.levels, named)
    book = _book_e4(day)
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
            if kind != _NEW:
                mirror.named[ids[row]] -= sizes[row]
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


def _book_e4(day: LobsterDay) -> list[tuple[list[list[int]], list[list[int]]]]:
    """For each row: bids and asks as lists of [price_e4, size], best first."""
    sides = []
    for side in ("bid", "ask"):
        table = np.zeros((len(day), day.levels, 2), dtype=np.int64)
        for level in range(day.levels):
            price = day.book[f"{side}_price_{level + 1}"].to_numpy()
            table[:, level, 0] = np.rint(np.nan_to_num(price) * 1e4)
            table[:, level, 1] = day.book[f"{side}_size_{level + 1}"]
        rows = table.tolist()
        for row in np.flatnonzero((table[:, :, 1] == 0).any(axis=1)).tolist():
            rows[row] = [pair for pair in rows[row] if pair[1]]
        sides.append(rows)
    return list(zip(*sides, strict=True))


def _undo(row, kind: int, side: int, price: int, size: int):
    """The visible book before the first message, from the book after it."""
    change = {_NEW: -size, _PARTIAL: size, _DELETE: size, _EXECUTION: size}.get(kind, 0)
    bids, asks = dict(row[0]), dict(row[1])
    levels = bids if side == Side.BUY else asks
    if change:
        levels[price] = levels.get(price, 0) + change
    return (
        sorted(([p, s] for p, s in bids.items() if s > 0), reverse=True),
        sorted([p, s] for p, s in asks.items() if s > 0),
    )


class _Mirror:
    """The engine's book while the messages are made: queues by side and price.

    A queue is a dict of engine id -> shares in the order of arrival. Prices of a side are kept as
    a sorted list of ``-side * price``, so that the best is first on both sides.
    """

    def __init__(self, tick_e4: int, depth: int, named: dict[int, int]):
        self.tick_e4 = tick_e4
        self.depth = depth  # levels that the orderbook file shows
        self.queues: dict[tuple[int, int], dict[int, int]] = {}
        self.totals: dict[tuple[int, int], int] = {}
        self.keys: dict[int, list[int]] = {1: [], -1: []}
        self.engine_id: dict[int, int] = {}
        self.named = named  # LOBSTER id -> shares that the rest of the tape takes from it
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

    def _future(self, order: int) -> int:
        """Shares that the rest of the tape takes from this order by name."""
        return self.named.get(self.lobster_id[order], 0)

    def _take_away(self, place: tuple[int, int], size: int, keep: int | None = None) -> int:
        """Take shares off a level, from its end, where the tape does not contradict.

        First go shares that the tape never mentions again of orders that it names, for those have
        gone unseen; then shares of unknown orders; then any. Returns the shares not found.
        """
        for tier in range(3):
            for order in list(self.queues.get(place, ()))[::-1]:
                if size == 0:
                    return 0
                held = self.queues[place][order]
                unknown = self.lobster_id[order] == _UNKNOWN
                if tier == 0:
                    part = 0 if unknown else held - self._future(order)
                else:
                    part = held if unknown or tier == 2 else 0
                part = min(size, part)
                if order != keep and part > 0:
                    self._remove(place, order, part)
                    size -= part
        return size

    def reduce(self, lobster_id: int, side: int, price: int, size: int) -> None:
        """Shares of an order are cancelled; an order not known gives them as unseen shares."""
        place = (side, price)
        order = self._known(lobster_id, place)
        if order is None:
            self._take_away(place, size)
        else:
            self._remove(place, order, min(size, self.queues[place][order]))

    def execute(self, lobster_id: int, side: int, price: int, size: int) -> None:
        """An order of the other side takes from the named order, which must be first."""
        place = (side, price)
        self.patching = True
        order = self._named_order(lobster_id, place, size)
        self._bring_to_front(place, order)
        self.patching = False
        self._send(Kind.IOC, self._new_id(_UNKNOWN), -side, price, size)
        self._shrink(place, order, size)

    def _named_order(self, lobster_id: int, place: tuple[int, int], size: int) -> int:
        """The order with this id, holding at least what the tape will take from it."""
        order = self._known(lobster_id, place)
        held = 0 if order is None else self.queues[place][order]
        wanted = max(size, self.named[lobster_id])
        if held >= wanted and order is not None:
            return order
        found = wanted - held - self._take_away(place, wanted - held, keep=order)
        if order is not None:
            self._remove(place, order, held)
        self.add(lobster_id, *place, max(size, held + found))
        return self.engine_id[lobster_id]

    def _bring_to_front(self, place: tuple[int, int], order: int) -> None:
        """Queue those before an order anew, behind it."""
        ahead = []
        for other, held in self.queues[place].items():
            if other == order:
                break
            ahead.append((other, held))
        for other, held in ahead:
            name = self.lobster_id[other]
            self._remove(place, other, held)
            self.add(name, *place, held)

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
                    self._take_away((side, price), held - size)
                elif held < size:
                    grows.append((side, price, size - held))
        for side, price, size in grows:
            self.add(_UNKNOWN, side, price, size)
        self.touched.clear()

    def _drop_hidden(self, side: int, shown: dict[int, int]) -> None:
        """Levels that the file does not show although they would be among its best are gone."""
        keys = self.keys[side]
        count = len(shown)
        if [-side * key for key in keys[:count]] == list(shown) and (
            len(keys) == count or count == self.depth
        ):
            return  # the usual case: the best levels are those that the file shows
        worst = max((-side * price for price in shown), default=-(1 << 62))
        for key in list(keys):
            if key > worst and count == self.depth:
                break
            if -side * key not in shown:
                self._take_away((side, -side * key), self.totals[side, -side * key])
