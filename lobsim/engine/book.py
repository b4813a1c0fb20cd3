"""`OrderBook`: one call per order, prices in currency, plain results. For learners and tests.

Behind it are the same kernels as behind `process`, reached one message at a time
(`lobsim.engine.single`). What bounds a call is Python, not the book: `lobsim bench engine --calls`
takes a call apart. Send arrays of messages where speed matters.
"""

import struct
from operator import index

import numpy as np

from .batch import process
from .codes import Kind, Reject, SelfTrade, Side
from .records import FILL, KEEP_ID
from .results import Depth, Fill, Order, Result
from .single import (
    KEEP_OWNER,
    KEEP_PRICE,
    KEEP_SIZE,
    PACK,
    UNPACK,
    UNPACK_FILLS,
    Single,
    send_one,
)
from .state import (
    ASK_ORDERS,
    BEST_ASK,
    BEST_BID,
    BID_ORDERS,
    REJECTS,
    VOLUME,
    BookState,
    clear,
    new_state,
)
from .units import Grid
from .views import FAULTS, ahead_of, depth_into, find_fault, slots_into

__all__ = ["OrderBook", "Result", "Fill", "Order", "Depth", "as_side"]

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1  # what a field of a record can hold
INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1
SIDES = dict(Side.__members__)
REJECTS_BY_CODE = tuple(Reject)  # a look-up takes a tenth of the time of Reject(code)
BUY, SELL = Side.BUY, Side.SELL

# Plain integers, and tuples made without their named constructors: a comparison with an IntEnum
# or a constructor's detour would each cost as much as the matching itself.
LIMIT, MARKET, IOC, FOK, POST_ONLY, CANCEL, REDUCE, REPLACE = map(int, Kind)
OK = Reject.OK
new_tuple = tuple.__new__
DEFAULT_TICKS = (1 << 20) - 1  # default top of the band: 10,485.75 at a tick of 0.01


def as_side(side) -> Side:
    """`Side` from ``"buy"``, ``"sell"``, +1, -1 or a `Side`.

    Raises
    ------
    ValueError
        For anything else, zero and booleans included.
    """
    if type(side) is Side:
        return side
    if isinstance(side, str):
        if side == "buy":
            return BUY
        if side == "sell":
            return SELL
        name = side.strip().upper()
        if name in SIDES:
            return SIDES[name]
    elif not isinstance(side, (bool, np.bool_)) and side in (1, -1):
        return Side(int(side))
    raise ValueError(f"side is {side!r}; it must be 'buy', 'sell', Side.BUY, Side.SELL, +1 or -1")


def _whole(value, name: str) -> int:
    """An int from any integer type; a learner may pass a whole `Result` by mistake."""
    if type(value) is int:
        return value
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; it must be a whole number") from None


class OrderBook:
    """A limit order book with price-time priority.

    Parameters
    ----------
    tick_size : float
        Price step in currency.
    lot_size : float
        Size step in shares (or coins). All sizes given and returned are in shares.
    price_min, price_max : float, optional
        Lowest and highest accepted price, both on the grid. By default one tick to
        1,048,575 ticks (10,485.75 at a tick of 0.01).
    max_orders : int
        Most resting orders; more are refused with ``Reject.CAPACITY``.
    self_trade : SelfTrade
        What happens when an order meets one of the same owner (owner 0 never does).
    max_order_id : int
        Largest order id.

    Notes
    -----
    * A market order may take any price of the band; what cannot be filled is cancelled.
    * Priority is price, then arrival. `replace` keeps the place in the queue only at the same
      price and with no larger size; otherwise it is a cancel and a new limit order in one
      step, which may trade at once, even if the order was entered as post-only.
    * An id is used once: also after its order is gone, it is a duplicate.
    * A LIMIT or POST_ONLY order needs a free slot on arrival, even if it would not rest.

    Examples
    --------
    >>> book = OrderBook()
    >>> ask = book.limit("sell", 100.02, 300)
    >>> result = book.limit("buy", 100.02, 100)
    >>> result.status, result.fills[0].price, book.order(ask.order_id).size
    ('filled', 100.02, 200)
    >>> book.post_only("buy", 100.02, 100).reason
    'a post-only order would have traded at once'
    """

    def __init__(
        self,
        tick_size: float = 0.01,
        lot_size: float = 1,
        price_min: float | None = None,
        price_max: float | None = None,
        max_orders: int = 1 << 20,
        self_trade: SelfTrade = SelfTrade.CANCEL_RESTING,
        *,
        max_order_id: int = (1 << 26) - 1,
    ):
        self._price_grid = Grid(tick_size, "tick_size")
        self._size_grid = Grid(lot_size, "lot_size")
        low = 1 if price_min is None else self._price_grid.units(price_min)
        if low is None:
            raise ValueError(f"price_min is {price_min!r}; it must be a multiple of {tick_size}")
        top = max(DEFAULT_TICKS, low) if price_max is None else self._price_grid.units(price_max)
        if top is None:
            raise ValueError(f"price_max is {price_max!r}; it must be a multiple of {tick_size}")
        self.state: BookState = new_state(
            low,
            top,
            max_orders=max_orders,
            max_order_id=max_order_id,
            self_trade=SelfTrade(self_trade),
        )
        self.time_ns = 0  # stamped on the fills of the calls below; set it as you like
        self.ids_are_stale = False  # the batch functions use ids unknown to `_fresh_id`
        self._next_id = 1
        self._single = Single()
        self._lot_is_one = self._size_grid.is_whole and lot_size == 1

    # -- orders ------------------------------------------------------------------------------

    def limit(self, side, price: float, size: float, owner: int = 0) -> Result:
        """Take what crosses `price`, rest the remainder."""
        return self._enter(LIMIT, side, self._price_grid.units(price), size, owner)

    def market(self, side, size: float, owner: int = 0) -> Result:
        """Take at any price; cancel what the book cannot fill."""
        return self._enter(MARKET, side, 0, size, owner)

    def ioc(self, side, price: float, size: float, owner: int = 0) -> Result:
        """Immediate or cancel: take what crosses `price`, cancel the remainder."""
        return self._enter(IOC, side, self._price_grid.units(price), size, owner)

    def fok(self, side, price: float, size: float, owner: int = 0) -> Result:
        """Fill or kill: take the whole size at `price` or better, or be rejected."""
        return self._enter(FOK, side, self._price_grid.units(price), size, owner)

    def post_only(self, side, price: float, size: float, owner: int = 0) -> Result:
        """Rest at `price`; rejected if it would trade at once."""
        return self._enter(POST_ONLY, side, self._price_grid.units(price), size, owner)

    def cancel(self, order_id: int, owner: int | None = None) -> Result:
        """Remove a resting order (as its owner, unless `owner` says otherwise)."""
        return self._change(CANCEL, order_id, owner, 0, 0, 0, KEEP_ID)

    def reduce(self, order_id: int, size: float, owner: int | None = None) -> Result:
        """Take `size` off a resting order; it keeps its place in the queue."""
        return self._change(REDUCE, order_id, owner, 0, 0, self._size_grid.units(size), KEEP_ID)

    def replace(
        self,
        order_id: int,
        price: float | None = None,
        size: float | None = None,
        new_order_id: int | None = None,
        owner: int | None = None,
    ) -> Result:
        """New price and/or open size for a resting order; what is None stays.

        The place in the queue is kept only at the same price and with no larger size.
        """
        keep = (KEEP_PRICE if price is None else 0) | (KEEP_SIZE if size is None else 0)
        ticks = 0 if price is None else self._price_grid.units(price)
        lots = 0 if size is None else self._size_grid.units(size)
        new_id = KEEP_ID if new_order_id is None else _whole(new_order_id, "new_order_id")
        return self._change(REPLACE, order_id, owner, keep, ticks, lots, new_id)

    def _enter(self, kind, side, ticks, size, owner) -> Result:
        side = as_side(side)
        owner = _whole(owner, "owner")
        # The usual size needs no arithmetic: a whole number of shares where a lot is a share.
        is_lots = self._lot_is_one and type(size) is int
        lots = size if is_lots else self._size_grid.units(size)
        order_id = self._fresh_id() if self.ids_are_stale else self._next_id
        return self._send(0, order_id, ticks, lots, owner, kind, side, KEEP_ID)

    def _change(self, kind, order_id, owner, keep, ticks, lots, new_id) -> Result:
        order_id = _whole(order_id, "order_id")
        if owner is None:
            return self._send(keep | KEEP_OWNER, order_id, ticks, lots, 0, kind, 0, new_id)
        owner = _whole(owner, "owner")
        return self._send(keep, order_id, ticks, lots, owner, kind, 0, new_id)

    def _send(self, keep, order_id, ticks, lots, owner, kind, side, new_id) -> Result:
        """Pass a message to the kernel; what an int32 record cannot say is refused here."""
        single = self._single
        try:
            PACK(single.message, 0, self.time_ns, order_id, ticks, lots, owner, kind, side, new_id)
        except struct.error:
            return self._refuse(order_id, ticks, lots, owner, kind, new_id)
        if single.state is not self.state:
            single.wire(self.state)
        n_fills = send_one(single.wiring, keep)
        while n_fills < 0:  # a NEED code: nothing was changed yet
            self.state = single.make_room(n_fills)
            n_fills = send_one(single.wiring, keep)
        self_cancelled, reject, filled, resting, cancelled = UNPACK(single.outcome)
        if reject == 0:
            if kind <= POST_ONLY:
                self._next_id = order_id + 1
            elif new_id > 0:
                order_id = new_id
                self._next_id = max(self._next_id, new_id + 1)
        if not self._lot_is_one:
            size = self._size_grid.value
            filled, resting, cancelled = size(filled), size(resting), size(cancelled)
            self_cancelled = size(self_cancelled)
        fills = self._fill_list(n_fills) if n_fills else []
        reject = REJECTS_BY_CODE[reject]
        return new_tuple(
            Result, (order_id, reject, filled, resting, cancelled, self_cancelled, fills)
        )

    def _refuse(self, order_id, ticks, lots, owner, kind, new_id) -> Result:
        """Count and report the first value that does not fit into a record, as a kernel would.

        Raises
        ------
        ValueError
            If it is the clock, `time_ns`, that does not fit.
        """
        is_new = kind <= POST_ONLY
        unknown = not is_new and self._resting(order_id) is None
        owner_check = (owner, Reject.BAD_OWNER if is_new else Reject.NOT_OWNER)
        size_check = (lots, Reject.BAD_SIZE)
        for value, reject in (
            (None if unknown else order_id, Reject.BAD_ID if is_new else Reject.UNKNOWN_ID),
            *((size_check, owner_check) if is_new else (owner_check, size_check)),
            (ticks, Reject.OFF_GRID if ticks is None else Reject.OUT_OF_BAND),
            (new_id, Reject.BAD_ID),
        ):
            if value is None or not INT32_MIN <= value <= INT32_MAX:
                self.state.scalars[REJECTS + reject] += 1
                return Result(order_id, reject, 0, 0, 0, 0, [])
        raise ValueError(
            f"time_ns is {self.time_ns!r}; "
            f"it must be a whole number from {INT64_MIN} to {INT64_MAX}"
        )

    def _fill_list(self, count: int) -> list[Fill]:
        """The first fills of the last message."""
        price, size = self._price_grid.value, self._size_grid.value
        rows = UNPACK_FILLS(self._single.fills[: count * FILL.itemsize])
        return [
            new_tuple(Fill, (
                price(ticks), size(lots), maker, taker, BUY if side > 0 else SELL,
                maker_owner, taker_owner, size(left),
            ))
            for _, _, ticks, lots, maker, taker, maker_owner, taker_owner, left, side in rows
        ]  # fmt: skip

    def _wiring(self):
        """The way to the arrays of the book, for `lobsim.engine.single.send_many`."""
        if self._single.state is not self.state:
            self._single.wire(self.state)
        return self._single.wiring

    def _fresh_id(self) -> int:
        """Smallest id above all used ones."""
        if self.ids_are_stale:
            used = np.flatnonzero(self.state.slot_of)
            self._next_id = int(used[-1]) + 1 if len(used) else 1
            self.ids_are_stale = False
        return self._next_id

    def process(self, messages: np.ndarray, outcomes: np.ndarray | None = None) -> np.ndarray:
        """Apply an array of messages; see `lobsim.engine.process`."""
        return process(self, messages, outcomes)

    def clear(self) -> None:
        """Empty the book: no orders, no used ids, counters at zero."""
        clear(self.state)
        self._next_id = 1
        self.ids_are_stale = False

    # -- looking -----------------------------------------------------------------------------

    @property
    def tick_size(self) -> float:
        """Price step in currency."""
        return self._price_grid.step

    @property
    def lot_size(self) -> float:
        """Size step in shares."""
        return self._size_grid.step

    @property
    def best_bid(self) -> float | None:
        """Highest bid price, None without bids."""
        scalars = self.state.scalars
        return self._price_grid.value(int(scalars[BEST_BID])) if scalars[BID_ORDERS] else None

    @property
    def best_ask(self) -> float | None:
        """Lowest ask price, None without asks."""
        scalars = self.state.scalars
        return self._price_grid.value(int(scalars[BEST_ASK])) if scalars[ASK_ORDERS] else None

    @property
    def mid(self) -> float | None:
        """Mean of best bid and best ask, None unless both sides have orders."""
        if not self.state.scalars[BID_ORDERS] or not self.state.scalars[ASK_ORDERS]:
            return None
        total = int(self.state.scalars[BEST_BID] + self.state.scalars[BEST_ASK])
        return self._price_grid.value(total) / 2

    @property
    def spread_ticks(self) -> int | None:
        """Best ask minus best bid in ticks, None unless both sides have orders."""
        if not self.state.scalars[BID_ORDERS] or not self.state.scalars[ASK_ORDERS]:
            return None
        return int(self.state.scalars[BEST_ASK] - self.state.scalars[BEST_BID])

    @property
    def volume(self) -> float:
        """Shares traded so far."""
        return self._size_grid.value(int(self.state.scalars[VOLUME]))

    @property
    def reject_counts(self) -> dict[str, int]:
        """How many messages were refused, by reason; only reasons that occurred."""
        counts = self.state.scalars[REJECTS:]
        return {code.name: int(counts[code]) for code in Reject if counts[code]}

    def depth(self, levels: int = 10) -> Depth:
        """Best `levels` occupied prices of each side with total size and number of orders.

        Returns
        -------
        Depth
            Six arrays, best level first; a side with fewer levels has shorter arrays.
        """
        if levels < 1:
            raise ValueError(f"levels is {levels}; it must be at least 1")
        columns = []
        for side in (1, -1):
            ticks, sizes, counts = np.zeros((3, levels), np.int64)
            n = depth_into(self.state, side, ticks, sizes, counts)
            columns += [
                self._price_grid.value(ticks[:n]),
                self._size_grid.value(sizes[:n]),
                counts[:n],
            ]
        return Depth(*columns)

    def _resting(self, order_id: int) -> np.void | None:
        """Record of a resting order, or None."""
        state = self.state
        if not 0 < _whole(order_id, "order_id") < len(state.slot_of):
            return None
        slot = state.slot_of[order_id]
        return state.orders[slot] if slot > 0 else None

    def _order(self, record: np.void) -> Order:
        order_id, ticks, lots, owner, _, _, side, _ = record.item()
        return Order(
            order_id, Side(side), self._price_grid.value(ticks), self._size_grid.value(lots), owner
        )

    def order(self, order_id: int) -> Order | None:
        """A resting order, or None if no order with this id rests."""
        record = self._resting(order_id)
        return None if record is None else self._order(record)

    def orders(self, side) -> list[Order]:
        """All resting orders of a side in order of priority."""
        side = as_side(side)
        count = self.state.scalars[BID_ORDERS if side > 0 else ASK_ORDERS]
        slots = np.zeros(count, np.int64)
        slots_into(self.state, int(side), slots)
        return [self._order(self.state.orders[slot]) for slot in slots]

    def queue_position(self, order_id: int) -> tuple[float, int]:
        """Shares and orders that stand before a resting order at its price.

        Raises
        ------
        KeyError
            If no order with this id rests.
        """
        if self._resting(order_id) is None:
            raise KeyError(f"order {order_id!r} does not rest in the book")
        lots, orders = ahead_of(self.state, int(self.state.slot_of[order_id]))
        return self._size_grid.value(lots), orders

    def check_invariants(self) -> None:
        """Raise AssertionError if the book's arrays contradict each other."""
        fault = find_fault(self.state)
        if fault:
            raise AssertionError(FAULTS[fault])

    def __repr__(self) -> str:
        bids, asks = self.state.scalars[BID_ORDERS], self.state.scalars[ASK_ORDERS]
        return f"<OrderBook bid {self.best_bid} ask {self.best_ask}, {bids} + {asks} orders>"
