"""Order messages of a venue, which name every order, turned into messages for the engine."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.data.replay import Replay
from lobsim.engine.codes import Kind
from lobsim.engine.records import KEEP_ID, MESSAGE

__all__ = ["TapeReplay", "OrderTape", "common_tick", "TRADE_COLUMNS"]

_UNNAMED = 0  # reference of an order that only takes: the tape does not name it
_MAX_INT32 = (1 << 31) - 1
LIMIT, IOC, CANCEL, REDUCE, REPLACE = (
    int(kind) for kind in (Kind.LIMIT, Kind.IOC, Kind.CANCEL, Kind.REDUCE, Kind.REPLACE)
)
_SENT = ("row", "time_ns", "order_id", "price_ticks", "size", "kind", "side")  # one after another
TRADE_COLUMNS = ("time_ns", "price", "size", "sign")


@dataclass(frozen=True, eq=False)
class TapeReplay(Replay):
    """Messages that rebuild a book from order messages. Unpacks to ``messages, initial``.

    Attributes
    ----------
    messages, initial, rows, tick_size, price_min, price_max
        As in :class:`Replay`; `rows` are rows of the table that was converted.
    is_patch : ndarray of bool
        All False: nothing is invented.
    order_ids : ndarray of int64
        The venue's number of each engine id (its index); 0 = orders that only take.
    trades : DataFrame
        ``time_ns, price, size, sign`` (1 buyer-initiated, -1 seller, 0 not known) and what else
        the venue tells, of all trades, also those that are no fills of the engine.
    report : dict
        What was found on the way; see the function that made this.
    """

    trades: pd.DataFrame
    report: dict


def common_tick(prices: np.ndarray, unit: float, tick_size: float | None) -> int:
    """Tick in units of the prices: the largest that all are multiples of, or the one given.

    Parameters
    ----------
    prices : ndarray of int64
        In `unit`.
    unit : float
        Currency, for example 1e-4.
    tick_size : float or None
        Currency.

    Raises
    ------
    ValueError
        When the prices are no multiples of `tick_size`.
    """
    common = int(np.gcd.reduce(prices)) if len(prices) else 0
    if tick_size is None:
        return common or round(0.01 / unit)
    tick = round(tick_size / unit)
    if tick < 1 or common % tick:
        raise ValueError(
            f"tick_size is {tick_size}; the prices of this tape are multiples of {common * unit:g}"
        )
    return tick


class OrderTape:
    """The venue's book while the engine's messages are made.

    A venue may show a book that is locked or crossed for a while (before the open, in a halt,
    within one event); the engine cannot. An order that would cross is therefore kept back and
    enters, in order of arrival, as soon as it no longer crosses.
    """

    def __init__(self):
        # reference -> [engine id (0 = kept back), side, ticks, shares left]
        self.orders: dict[int, list] = {}
        # (side, ticks) -> references in the order of arrival
        self.queues: dict[tuple[int, int], dict[int, None]] = {}
        self.keys: dict[int, list[int]] = {1: [], -1: []}  # sorted -side * ticks, best first
        self.kept_back: dict[int, None] = {}
        self.uncounted: set[int] = set()  # kept back within the present event
        self.references: list[int] = [_UNNAMED]  # engine ids count from 1
        # Plain numbers: a million small tuples would keep the garbage collector busy.
        self.out = array("q")
        self.counts: Counter[str] = Counter()
        self.time_ns = self.row = 0
        self.lowest, self.highest = 1 << 62, -(1 << 62)

    # -- what the driver calls -------------------------------------------------------------------

    def start(self, time_ns: int, row: int) -> None:
        """Messages from here on belong to this row."""
        self.time_ns, self.row = time_ns, row

    def add(self, reference: int, side: int, ticks: int, size: int) -> None:
        """A limit order comes to the end of its queue."""
        if reference in self.orders:
            self.counts["reused_ids"] += 1
            self.delete(reference)
        if size < 1:
            self.counts["no_size"] += 1
            return
        self._release()  # those kept back came before this one
        if self._crosses(side, ticks):
            self._keep_back(reference, side, ticks, size)
        else:
            self._rest(reference, side, ticks, size)

    def take(self, reference: int, size: int) -> None:
        """Shares leave an order without a fill of the engine."""
        order = self._known(reference) if size > 0 else None
        if order is None:
            return
        size = self._at_most(order, size)
        if order[0]:
            whole = size == order[3]
            self._send(CANCEL if whole else REDUCE, order[0], *order[1:3], size)
        self._shrink(reference, order, size)

    def delete(self, reference: int) -> None:
        """All that is left of an order leaves."""
        order = self._known(reference)
        if order is not None:
            self.take(reference, order[3])

    def execute(self, reference: int, size: int) -> bool:
        """Shares of an order trade at its price; True if the engine makes a fill of it.

        The engine fills the first order of the best price. Where the tape names another one, its
        shares leave without a fill.
        """
        order = self._known(reference)
        if order is None or size < 1:
            return False
        if not order[0]:
            self.counts["executed_while_crossed"] += 1
        elif not self._is_first(reference, order):
            self.counts["out_of_priority"] += 1
        else:
            size = self._at_most(order, size)
            self.references.append(_UNNAMED)
            self._send(IOC, len(self.references) - 1, -order[1], order[2], size)
            self._shrink(reference, order, size)
            return True
        self.take(reference, size)
        return False

    def replace(self, reference: int, new_reference: int, ticks: int, size: int) -> None:
        """An order is replaced by one of another number, which goes to the end of the queue."""
        order = self._known(reference)
        if order is not None:
            self.delete(reference)
            self.add(new_reference, order[1], ticks, size)

    def modify(self, reference: int, side: int, ticks: int, size: int) -> None:
        """An order gets a new price and open size; it keeps its place if it only got smaller."""
        order = self._known(reference)
        if order is None:
            self.add(reference, side, ticks, size)
        elif size < 1:
            self.delete(reference)
        elif ticks == order[2] and size <= order[3]:
            self.take(reference, order[3] - size)
        elif not order[0] or self._crosses(order[1], ticks):
            self.delete(reference)
            self.add(reference, order[1], ticks, size)
        else:
            self._send(REPLACE, order[0], order[1], ticks, size)
            self._leave(reference, order)
            order[2:] = ticks, size
            self._queue(reference, order)

    def clear(self) -> None:
        """Every order leaves."""
        for reference in list(self.orders):
            self.delete(reference)

    def settle(self) -> None:
        """An event of the venue is complete: orders that no longer cross enter the book."""
        if self.kept_back:
            self._release()
            self.counts["crossed"] += len(self.uncounted & self.kept_back.keys())
            self.uncounted.clear()

    def _release(self) -> None:
        for reference in list(self.kept_back):
            _, side, ticks, size = self.orders[reference]
            if not self._crosses(side, ticks):
                del self.kept_back[reference]
                self._rest(reference, side, ticks, size)

    def end(self) -> tuple[np.ndarray, np.ndarray]:
        """Hand over the messages made so far, and their rows."""
        sent = np.frombuffer(self.out, np.int64).reshape(-1, len(_SENT))
        messages = np.zeros(len(sent), MESSAGE)
        for column, name in enumerate(_SENT[1:], 1):
            messages[name] = sent[:, column]
        messages["new_order_id"] = KEEP_ID
        self.out = array("q")
        return messages, sent[:, 0].copy()

    # -- inside ----------------------------------------------------------------------------------

    def _known(self, reference: int) -> list | None:
        order = self.orders.get(reference)
        if order is None:
            self.counts["unknown_orders"] += 1
        return order

    def _at_most(self, order: list, size: int) -> int:
        if size > order[3]:
            self.counts["over_taken"] += 1
        return min(size, order[3])

    def _crosses(self, side: int, ticks: int) -> bool:
        other = self.keys[-side]
        return bool(other) and side * ticks >= other[0]

    def _is_first(self, reference: int, order: list) -> bool:
        _, side, ticks, _ = order
        return (
            self.keys[side][0] == -side * ticks
            and next(iter(self.queues[side, ticks])) == reference
        )

    def _keep_back(self, reference: int, side: int, ticks: int, size: int) -> None:
        self.orders[reference] = [0, side, ticks, size]
        self.kept_back[reference] = None
        self.uncounted.add(reference)

    def _rest(self, reference: int, side: int, ticks: int, size: int) -> None:
        self.references.append(reference)
        order = [len(self.references) - 1, side, ticks, size]
        self.orders[reference] = order
        self._queue(reference, order)
        self._send(LIMIT, *order)

    def _queue(self, reference: int, order: list) -> None:
        _, side, ticks, _ = order
        queue = self.queues.get((side, ticks))
        if queue is None:
            queue = self.queues[side, ticks] = {}
            insort(self.keys[side], -side * ticks)
            self.lowest, self.highest = min(self.lowest, ticks), max(self.highest, ticks)
        queue[reference] = None

    def _leave(self, reference: int, order: list) -> None:
        _, side, ticks, _ = order
        queue = self.queues[side, ticks]
        del queue[reference]
        if not queue:
            del self.queues[side, ticks]
            keys = self.keys[side]
            del keys[bisect_left(keys, -side * ticks)]

    def _shrink(self, reference: int, order: list, size: int) -> None:
        order[3] -= size
        if order[3] == 0:
            del self.orders[reference]
            if order[0]:
                self._leave(reference, order)
            else:
                del self.kept_back[reference]

    def _send(self, kind: int, engine_id: int, side: int, ticks: int, size: int) -> None:
        if size > _MAX_INT32:
            raise ValueError(
                f"row {self.row} asks for {size} shares; the engine holds at most {_MAX_INT32}"
            )
        if abs(ticks) > _MAX_INT32:
            raise ValueError(
                f"row {self.row} has a price of {ticks} ticks; the engine holds at most "
                f"{_MAX_INT32}, so give a larger tick_size"
            )
        self.out.extend((self.row, self.time_ns, engine_id, ticks, size, kind, side))
