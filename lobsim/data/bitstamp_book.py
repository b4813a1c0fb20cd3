"""The engine's book while Bitstamp events become messages: queues, waiting and stale orders."""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np

from lobsim.data.bitstamp_fills import Lives, Matches
from lobsim.engine.codes import Kind
from lobsim.engine.records import KEEP_ID, MESSAGE

__all__ = ["Mirror", "TapeBook"]

PATIENCE_NS = 1_000_000_000  # two crossing orders that both outlive this cannot both be there
_CREATED, _DELETED = 0, 2
_NEVER = 1 << 62


class TapeBook:
    """Volumes by side and price, as the tape has them, crossed or not."""

    def __init__(self):
        self.totals: dict[tuple[int, float], int] = {}
        self.keys: dict[int, list[float]] = {1: [], -1: []}  # -side * price, the best first
        self.orders: dict[int, tuple[int, float, int]] = {}

    def put(self, order: int, side: int, price: float, left: int) -> None:
        """The order now has this price and volume; 0 takes it out."""
        if order in self.orders:
            was_side, was_price, was = self.orders.pop(order)
            self._add(was_side, was_price, -was)
        if left > 0:
            self.orders[order] = (side, price, left)
            self._add(side, price, left)

    def _add(self, side: int, price: float, change: int) -> None:
        total = self.totals.get((side, price), 0)
        keys = self.keys[side]
        if total == 0:
            insort(keys, -side * price)
        if total + change == 0:
            del self.totals[side, price], keys[bisect_left(keys, -side * price)]
        else:
            self.totals[side, price] = total + change

    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        bids, asks = self.keys[1], self.keys[-1]
        return bool(bids and asks and -bids[0] >= asks[0])


class Mirror:
    """Follows the tape and sends the messages that make the engine follow it too.

    An order is one of: resting (in a queue under an engine id), waiting (it would cross),
    taking (has fills as a taker to come, so that it rests only after them), or over.
    Prices are ticks and sizes lots; orders are numbered as in :class:`Lives`.
    """

    def __init__(self, ids: np.ndarray):
        self.ids = ids.tolist()
        self.queues: dict[tuple[int, int], dict[int, int]] = {}  # order -> lots, oldest first
        self.totals: dict[tuple[int, int], int] = {}
        self.keys: dict[int, list[int]] = {1: [], -1: []}  # -side * price, the best first
        self.lots: dict[int, int] = {}
        self.place: dict[int, tuple[int, int]] = {}  # side and price of each order in `lots`
        self.engine_id: dict[int, int] = {}  # of the resting orders
        self.waiting: dict[int, None] = {}
        self.over: set[int] = set()  # deleted, with a trade still to be booked
        self.order_ids = [0]  # exchange id of each engine id; engine ids count from 1
        self.parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.out: list[tuple] = []
        self.rows: list[int] = []
        self.patches: list[bool] = []
        self.time_ns = self.row = 0
        self.lowest, self.highest = _NEVER, 0
        names = (
            "created_unseen", "dust_orders", "held_orders", "stale_orders", "fills_in_engine",
            "fills_out_of_priority", "fills_unbooked",
        )  # fmt: skip
        self.counts = dict.fromkeys(names, 0)
        self.held: set[int] = set()

    def plan(self, lives: Lives, matches: Matches, end_row: np.ndarray, fall: np.ndarray) -> None:
        """Learn what is to come: fills of each order and the time of its end."""
        segment = lives.segment[matches.taker]
        self.to_take = np.bincount(segment, minlength=len(lives)).tolist()
        both = np.concatenate((lives.order[matches.maker], lives.order[matches.taker]))
        self.open_fills = np.bincount(both, minlength=len(lives.ids)).tolist()
        time = np.append(lives.time_ns, _NEVER)
        self.ends = time[end_row].tolist()
        self.fall, self.segment = fall.tolist(), lives.segment.tolist()
        self.order = lives.order.tolist()

    def start(self, time_ns: int, row: int) -> None:
        """Messages from here on belong to this row."""
        self.time_ns, self.row = time_ns, row

    def hand_over(self) -> None:
        """Close a part: the initial book, then the messages."""
        arrays = (
            np.array(self.out, dtype=MESSAGE),
            np.array(self.rows, dtype=np.int64),
            np.array(self.patches, dtype=bool),
        )
        self.parts.append(arrays)
        self.out, self.rows, self.patches = [], [], []

    def _send(self, kind: int, engine_id: int, place, lots: int, patch: bool = False) -> None:
        side, price = place
        self.out.append((self.time_ns, engine_id, price, lots, 0, kind, side, KEEP_ID))
        self.rows.append(self.row)
        self.patches.append(patch)

    def _new_id(self, order: int) -> int:
        self.order_ids.append(self.ids[order])
        return len(self.order_ids) - 1

    # What the tape says

    def arrive(self, order: int, side: int, price: int, lots: int, taking: bool = False) -> None:
        """An order comes to a price; it rests unless it has something to take first."""
        self.lots[order] = lots
        self.place[order] = (side, price)
        if not taking:
            self._rest(order)

    def event(self, order, rank, side, price, lots, gone, in_trade, new_price) -> None:
        """One row of the tape, its trade left to :meth:`trade`."""
        taking = self.to_take[self.segment[self.row]] > 0
        if rank == _CREATED:
            self.arrive(order, side, price, lots, taking)
            return
        if order not in self.lots:
            return
        if gone and not in_trade:
            self._reduce(order, gone)
        if new_price and self.place.get(order, (side, price)) != (side, price):
            self._leave_queue(order)
            self.waiting.pop(order, None)
            self.arrive(order, side, price, self.lots[order], taking)
        if rank == _DELETED:
            if self.open_fills[order]:
                self.over.add(order)
            else:
                self._end(order)

    def trade(self, maker_row: int, taker_row: int) -> None:
        """The orders of two rows trade."""
        maker, taker = self.order[maker_row], self.order[taker_row]
        size, segment = self.fall[maker_row], self.segment[taker_row]
        for order in (maker, taker):
            self.open_fills[order] -= 1
        self.to_take[segment] -= 1
        if maker not in self.engine_id:
            self.counts["fills_unbooked"] += 1
            self._reduce(maker, size)
        elif self._is_first(maker) and 0 < size <= self.lots[maker]:
            self.counts["fills_in_engine"] += 1
            side, price = self.place[maker]
            self._send(Kind.IOC, self._new_id(taker), (-side, price), size)
            self._shrink(maker, size)
        else:
            self.counts["fills_out_of_priority"] += 1
            self._reduce(maker, size, patch=True)
        self._reduce(taker, self.fall[taker_row], patch=True)
        for order in (maker, taker):
            if order in self.over and not self.open_fills[order]:
                self._end(order)
        resting = taker in self.engine_id or taker in self.waiting
        if taker in self.lots and not resting and not self.to_take[segment]:
            self._rest(taker)

    def finish(self) -> tuple[int, int, int, int]:
        """Let waiting orders in; returns bid, its lots, ask, its lots (0 where there is none)."""
        for order in list(self.waiting):
            if order in self.waiting:
                del self.waiting[order]
                self._rest(order)
        bids, asks = self.keys[1], self.keys[-1]
        bid, ask = (-bids[0] if bids else 0), (asks[0] if asks else 0)
        return bid, self.totals.get((1, bid), 0), ask, self.totals.get((-1, ask), 0)

    # What follows for the book

    def _rest(self, order: int) -> None:
        """Put an order at the end of its queue, or let it wait while it would cross."""
        place, lots = self.place[order], self.lots[order]
        if lots < 1:
            self.counts["dust_orders"] += 1
            self._forget(order)
            return
        while (rival := self._rival(place)) is not None:
            if not self._is_stale(rival, order):
                self.waiting[order] = None
                if order not in self.held:
                    self.held.add(order)
                    self.counts["held_orders"] += 1
                return
            self.counts["stale_orders"] += 1
            self._end(rival, patch=True)
        if place not in self.queues:
            self.queues[place], self.totals[place] = {}, 0
            insort(self.keys[place[0]], -place[0] * place[1])
            self.lowest = min(self.lowest, place[1])
            self.highest = max(self.highest, place[1])
        self.queues[place][order] = lots
        self.totals[place] += lots
        self.engine_id[order] = self._new_id(order)
        self._send(Kind.LIMIT, self.engine_id[order], place, lots)

    def _rival(self, place: tuple[int, int]) -> int | None:
        """The first order of the other side that an order at this price would meet."""
        side, price = place
        keys = self.keys[-side]
        if not keys or side * (side * keys[0] - price) > 0:
            return None
        return next(iter(self.queues[-side, side * keys[0]]))

    def _is_stale(self, rival: int, order: int) -> bool:
        """Whether a resting order cannot be there, since another comes through its price."""
        later = self.time_ns + PATIENCE_NS
        return not self.open_fills[rival] and min(self.ends[rival], self.ends[order]) > later

    def _is_first(self, order: int) -> bool:
        side, price = self.place[order]
        return -side * price == self.keys[side][0] and order == next(iter(self.queues[side, price]))

    def _reduce(self, order: int, size: int, patch: bool = False) -> None:
        """Take lots off an order, wherever it is."""
        size = min(size, self.lots.get(order, 0))
        if size == 0:
            return
        if order in self.engine_id:
            whole = size == self.lots[order]
            kind = Kind.CANCEL if whole else Kind.REDUCE
            self._send(kind, self.engine_id[order], self.place[order], size, patch)
            self._shrink(order, size)
            return
        self.lots[order] -= size
        if self.lots[order] == 0:
            self._forget(order)

    def _shrink(self, order: int, size: int) -> None:
        """Book-keeping of lots that leave a queue."""
        place = self.place[order]
        self.lots[order] -= size
        self.queues[place][order] -= size
        self.totals[place] -= size
        if self.lots[order] == 0:
            self._unlink(order)
            self._forget(order)

    def _unlink(self, order: int) -> None:
        place = self.place[order]
        queue = self.queues[place]
        self.totals[place] -= queue.pop(order)
        del self.engine_id[order]
        if not queue:
            keys = self.keys[place[0]]
            del self.queues[place], self.totals[place]
            del keys[bisect_left(keys, -place[0] * place[1])]

    def _leave_queue(self, order: int) -> None:
        """A resting order is cancelled but lives on."""
        if order in self.engine_id:
            place = self.place[order]
            self._send(Kind.CANCEL, self.engine_id[order], place, self.lots[order])
            self._unlink(order)

    def _end(self, order: int, patch: bool = False) -> None:
        self._reduce(order, self.lots.get(order, 0), patch)
        self._forget(order)

    def _forget(self, order: int) -> None:
        for held in (self.lots, self.place, self.waiting):
            held.pop(order, None)
        self.over.discard(order)
