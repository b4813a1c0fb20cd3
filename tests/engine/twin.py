"""A slow matching engine in plain Python: two sorted lists of orders, nothing clever.

It shares no code with `lobsim.engine` but the named constants. Each message returns what the
engine must return: the outcome and the fills.
"""

from dataclasses import astuple, dataclass

from lobsim.engine import Kind, Reject, SelfTrade

TAKES_PRICE = (Kind.LIMIT, Kind.IOC, Kind.FOK, Kind.POST_ONLY)
NEW = (*TAKES_PRICE, Kind.MARKET)
RESTS = (Kind.LIMIT, Kind.POST_ONLY)


@dataclass
class TwinOrder:
    """A resting order; `arrival` grows with every order that joins a queue."""

    order_id: int
    side: int
    price: int
    size: int
    owner: int
    arrival: int


@dataclass(frozen=True)
class TwinOutcome:
    """What became of a message."""

    reject: int = 0
    filled: int = 0
    resting: int = 0
    cancelled: int = 0
    self_cancelled: int = 0


class TwinBook:
    """Reference book. Prices in ticks, sizes in lots."""

    def __init__(self, price_min, price_max, policy, max_orders=10**6, max_id=10**6):
        self.price_min, self.price_max = price_min, price_max
        self.policy, self.max_orders, self.max_id = policy, max_orders, max_id
        self.resting: list[TwinOrder] = []
        self.used_ids: set[int] = set()
        self.arrivals = 0
        self.rejects: dict[int, int] = {}

    def queue(self, side):
        """Orders of a side, best price first, then first come."""
        mine = [order for order in self.resting if order.side == side]
        return sorted(mine, key=lambda order: (-side * order.price, order.arrival))

    def apply(self, message):
        """Apply one message given as a dict; returns (TwinOutcome, list of fill tuples)."""
        before = self.picture()
        fills = []
        kind = message["kind"]
        if kind in NEW:
            outcome = self.new(message, fills)
        elif kind in (Kind.CANCEL, Kind.REDUCE, Kind.REPLACE):
            outcome = self.change(message, fills)
        else:
            outcome = TwinOutcome(Reject.UNKNOWN_KIND)
        if outcome.reject:
            assert before == self.picture() and not fills
            self.rejects[outcome.reject] = self.rejects.get(outcome.reject, 0) + 1
        return outcome, fills

    def picture(self):
        """Everything a refused message must leave as it was."""
        return [astuple(order) for order in self.resting], set(self.used_ids)

    def id_reject(self, order_id):
        if not 1 <= order_id <= self.max_id:
            return Reject.BAD_ID
        return Reject.DUPLICATE_ID if order_id in self.used_ids else Reject.OK

    def in_band(self, price):
        return self.price_min <= price <= self.price_max

    def crossing(self, side, price):
        """Opposite orders that an incoming order would meet, in order of priority."""
        return [
            order
            for order in self.queue(-side)
            if price is None or side * order.price <= side * price
        ]

    def is_self_trade(self, owner, order):
        return self.policy != SelfTrade.ALLOW and owner != 0 and order.owner == owner

    def new(self, message, fills):
        kind, side, size, owner = (message[k] for k in ("kind", "side", "size", "owner"))
        price = None if kind == Kind.MARKET else message["price_ticks"]
        if side not in (1, -1):
            return TwinOutcome(Reject.BAD_SIDE)
        if size < 1:
            return TwinOutcome(Reject.BAD_SIZE)
        if owner < 0:
            return TwinOutcome(Reject.BAD_OWNER)
        if price is not None and not self.in_band(price):
            return TwinOutcome(Reject.OUT_OF_BAND)
        if reject := self.id_reject(message["order_id"]):
            return TwinOutcome(reject)
        if kind in RESTS and len(self.resting) >= self.max_orders:
            return TwinOutcome(Reject.CAPACITY)
        if kind == Kind.POST_ONLY and self.crossing(side, price):
            return TwinOutcome(Reject.WOULD_TAKE)
        if kind == Kind.FOK and self.fillable(side, price, owner) < size:
            return TwinOutcome(Reject.CANNOT_FILL)
        return self.enter(message, message["order_id"], side, price, size, owner, fills)

    def fillable(self, side, price, owner):
        total = 0
        for order in self.crossing(side, price):
            if self.is_self_trade(owner, order):
                if self.policy == SelfTrade.CANCEL_RESTING:
                    continue
                break
            total += order.size
        return total

    def enter(self, message, order_id, side, price, size, owner, fills):
        self.used_ids.add(order_id)
        left, self_cancelled, stopped = size, 0, False
        for order in self.crossing(side, price):
            if left == 0:
                break
            if self.is_self_trade(owner, order):
                if self.policy in (SelfTrade.CANCEL_RESTING, SelfTrade.CANCEL_BOTH):
                    self.resting.remove(order)
                    self_cancelled += order.size
                if self.policy in (SelfTrade.CANCEL_INCOMING, SelfTrade.CANCEL_BOTH):
                    stopped = True
                    break
                continue
            traded = min(left, order.size)
            left -= traded
            order_left = order.size - traded
            fills.append(
                (message["time_ns"], order.price, traded, order.order_id, order_id, order.owner,
                 owner, order_left, side)
            )
            if order_left:
                order.size = order_left
            else:
                self.resting.remove(order)
        may_rest = message["kind"] in (*RESTS, Kind.REPLACE)
        if left and may_rest and not stopped:
            self.arrivals += 1
            self.resting.append(TwinOrder(order_id, side, price, left, owner, self.arrivals))
            return TwinOutcome(0, size - left, left, 0, self_cancelled)
        return TwinOutcome(0, size - left, 0, left, self_cancelled)

    def change(self, message, fills):
        found = [order for order in self.resting if order.order_id == message["order_id"]]
        if not found:
            return TwinOutcome(Reject.UNKNOWN_ID)
        order = found[0]
        if order.owner != message["owner"]:
            return TwinOutcome(Reject.NOT_OWNER)
        if message["kind"] == Kind.CANCEL:
            self.resting.remove(order)
            return TwinOutcome(cancelled=order.size)
        size = message["size"]
        if message["kind"] == Kind.REDUCE:
            if not 1 <= size <= order.size:
                return TwinOutcome(Reject.BAD_SIZE)
            if size == order.size:
                self.resting.remove(order)
                return TwinOutcome(cancelled=size)
            order.size -= size
            return TwinOutcome(cancelled=size, resting=order.size)
        return self.replace(message, order, fills)

    def replace(self, message, order, fills):
        price, size, new_id = (message[k] for k in ("price_ticks", "size", "new_order_id"))
        if size < 1:
            return TwinOutcome(Reject.BAD_SIZE)
        if not self.in_band(price):
            return TwinOutcome(Reject.OUT_OF_BAND)
        if new_id == -1:
            new_id = order.order_id
        elif new_id != order.order_id and (reject := self.id_reject(new_id)):
            return TwinOutcome(reject)
        if price == order.price and size <= order.size:
            order.size, order.order_id = size, new_id
            self.used_ids.add(new_id)
            return TwinOutcome(resting=size)
        self.resting.remove(order)
        return self.enter(message, new_id, order.side, price, size, order.owner, fills)
