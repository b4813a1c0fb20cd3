"""The live venue without its sockets: requests come in at their times, numbered messages go out.

`VenueCore` is a `lobsim.Market` with the differences of `lobsim.sim_to_real.gaps`, behind the
protocol of `lobsim.sim_to_real.protocol`. What it says is a function of its day and of the requests
with their times of arrival, and of nothing else: a venue that died is the same again after these
were played once more (`lobsim.sim_to_real.gateway`).
"""

import heapq
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from lobsim.engine.state import PRICE_MIN
from lobsim.engine.views import ahead_of, depth_into
from lobsim.market import Market
from lobsim.market.arguments import checked_seed, checked_window
from lobsim.market.profile import Profile
from lobsim.market.profiles import find_profile
from lobsim.market.reports import What, explain_reason
from lobsim.market.rng import Dice
from lobsim.market.state import C_NOW, NEVER, N_OWN_LIVE, N_VOLUME, NS
from lobsim.sim_to_real.account import LiveOrder
from lobsim.sim_to_real.gaps import Gap, as_gaps, with_gaps
from lobsim.sim_to_real.priority import fall_behind

__all__ = ["VenueCore", "VenueDay"]

_ACKS, _PLACES, _REFUSALS = 201, 202, 203  # random streams of the venue, beside the market's
_CLOSED = "the day is over"
_PLACE_NS = NS // 10
"""Between two moments at which own orders may lose their place (`Rules.lose_place`)."""


@dataclass(frozen=True)
class VenueDay:
    """A day of a venue: which market, from when to when, and how it differs.

    Parameters
    ----------
    profile : str or Profile
        Of the training market.
    seed : int
    start_s, end_s : float
        Seconds after midnight.
    look_s : float
        Seconds between two looks at the book that the venue publishes, > 0.
    levels : int
        Of each side in a published book, 1 to 100.
    gaps : iterable
        As in `lobsim.sim_to_real.gaps.as_gaps`.
    parts : tuple
        Of the training market, added to its profile.
    """

    profile: str | Profile = "SPY"
    seed: int = 0
    start_s: float = 36_000.0
    end_s: float = 50_400.0
    look_s: float = 1.0
    levels: int = 5
    gaps: tuple[Gap, ...] = ()
    parts: tuple = field(default=(), repr=False)

    def __post_init__(self):
        object.__setattr__(self, "gaps", as_gaps(self.gaps))
        checked_seed(self.seed)
        checked_window(find_profile(self.profile), self.start_s, self.end_s)
        if not 1e-3 <= self.look_s <= self.end_s - self.start_s:
            raise ValueError(f"look_s is {self.look_s}; it must be from 0.001 s to the whole day")
        if self.levels != int(self.levels) or not 1 <= self.levels <= 100:
            raise ValueError(f"levels is {self.levels}; it must be a whole number from 1 to 100")


class _Held:
    """The venue's own side of an order: what is asked of it and not answered yet."""

    def __init__(self, order: LiveOrder, market_id: int, request: dict):
        self.order, self.market_id = order, market_id
        self.asked = deque([request])
        self.moving = False  # a replace has taken it out of the book and puts it back
        self.fee = 0.0  # of the cancellation inside a replace


class VenueCore:
    """One trader's account at a venue, for one day.

    Parameters
    ----------
    day : VenueDay

    Attributes
    ----------
    market : lobsim.Market
        Hidden from the trader.
    sent : list of dict
        All numbered messages so far.
    clock_ns : int
        The true time, nanoseconds after midnight.
    orders : dict of str to LiveOrder

    Examples
    --------
    >>> core = VenueCore(VenueDay(seed=1, end_s=36_060))
    >>> core.sent[0]["type"]
    'book'
    """

    def __init__(self, day: VenueDay):
        self.day = day
        profile, self.rules = with_gaps(find_profile(day.profile).with_parts(*day.parts), day.gaps)
        self.market = Market(profile, day.seed, day.start_s, day.end_s)
        self.start_ns, self.end_ns = round(day.start_s * NS), round(day.end_s * NS)
        self.clock_ns = self.start_ns
        self.sent: list[dict] = []
        self.orders: dict[str, LiveOrder] = {}
        self.closed = False
        self._out: list[dict] = []
        self._delayed: list[tuple[int, int, dict]] = []
        self._by_market: dict[int, _Held] = {}
        self._by_id: dict[str, _Held] = {}
        self._asked: dict[str, dict] = {}
        self._recent: deque[int] = deque()
        self._received: dict[str, int] = {}
        self._reports_read = self._fills_read = self._looks = self._counter = self.fills = 0
        self._look_ns = round(day.look_s * NS)
        self._next_look = self.start_ns
        self._next_place = self.start_ns if self.rules.lose_place else NEVER
        self._shown: dict | None = None
        self._acks, self._places, self._refusals = (
            Dice(day.seed, stream) for stream in (_ACKS, _PLACES, _REFUSALS))
        self._advance(self.start_ns)

    # -- clock ---------------------------------------------------------------------------------

    def handle(self, ns: int, request: dict | None = None) -> list[dict]:
        """Go on to a time, carry out a request that arrives then; returns the new messages.

        Parameters
        ----------
        ns : int
            True time of arrival; one before the clock counts as now.
        request : dict, optional
            One of the requests of the protocol that act: an order's, or ``step``.
        """
        self._out = []
        self._advance(max(ns, self.clock_ns))
        if request is not None and request["type"] == "step":
            self._advance(max(request["until_ns"], self.clock_ns))
            self._send({"type": "clock", "until_ns": request["until_ns"]})
        elif request is not None:
            self._answer(request)
            self._release()
        return self._out

    @property
    def next_ns(self) -> float:
        """True time at which the venue has something to say by itself; infinity after the end."""
        if self.closed:
            return float("inf")
        due = self._delayed[0][0] if self._delayed else self.end_ns
        return min(self._next_look, due, self.end_ns)

    def stamp(self, ns: int) -> int:
        """What the venue's clock shows at a true time."""
        rules = self.rules
        if not (rules.skew_s or rules.drift):
            return int(ns)
        return int(ns + rules.skew_s * NS + rules.drift * (ns - self.start_ns))

    def _advance(self, ns: int) -> None:
        ns = min(ns, self.end_ns)
        while (at_ns := min(self._next_look, self._next_place)) <= ns:
            self._run(at_ns)
            if at_ns == self._next_place:
                self._lose_places()
                self._next_place += _PLACE_NS
            if at_ns == self._next_look:
                self._look()
                self._next_look += self._look_ns
        self._run(ns)
        if ns >= self.end_ns and not self.closed:
            self._close()

    def _run(self, ns: int) -> None:
        self.market.advance(ns / NS)
        self.clock_ns = ns
        self._collect()
        self._release()

    def _close(self) -> None:
        """The day is over: what is open lapses."""
        self.closed = True
        for _, _, message in sorted(self._delayed, key=lambda entry: entry[:2]):
            self._send(message)
        self._delayed = []
        for held in self._by_id.values():
            order, asked = held.order, [request["id"] for request in held.asked]
            if not order.done:
                lapsed, order.left = order.left, 0
                order.cancelled += lapsed
                order.done = True
                entering = order.order_id if order.order_id in asked else ""
                self._report("cancelled", order, lapsed, entering, reason=_CLOSED)
            for key in asked:  # changes that never reached the book
                if key != order.order_id:
                    self._report("rejected", order, 0, key, reason=_CLOSED)
            held.asked.clear()
        self._send({"type": "end"} | self._account())

    # -- requests ------------------------------------------------------------------------------

    def _answer(self, request: dict) -> None:
        """Carry out an order's request, once."""
        key = request["id"]
        content = {name: value for name, value in request.items() if name != "sent_ns"}
        before = self._asked.get(key)
        if before is not None:
            self._again(request, content == before)
            return
        self._asked[key] = content
        self._received[key] = self.stamp(self.clock_ns)
        reason = self._refusal()
        if request["type"] == "new":
            order = LiveOrder(key, request["side"], request["price_ticks"], request["lots"],
                              request["lots"])
            self.orders[key] = order
            self._by_id[key] = held = _Held(order, 0, request)
            if reason or (reason := self._submit(held, request)):
                self._refuse_order(held, reason)
            return
        held = self._by_id.get(request["order"])
        if held is None:
            reason = reason or "no order has this id"
        elif held.order.done:
            reason = reason or "the order is done"
        elif not reason:
            held.asked.append(request)
            reason = self._change(held, request)
            if reason:
                held.asked.pop()
        if reason:
            order = held.order if held else LiveOrder(request["order"], 0, 0, 0, 0)
            self._report("rejected", order, 0, request["id"], reason=reason)

    def _again(self, request: dict, is_same: bool) -> None:
        """A request whose id was used before."""
        named = request["id"] if request["type"] == "new" else request["order"]
        nothing = LiveOrder(named, 0, 0, 0, 0)  # its true answer tells the state, and no sooner
        if is_same:
            self._report("known", nothing, 0, request["id"], now=True)
        else:
            self._report("rejected", nothing, 0, request["id"],
                         reason="the id was used for another request", now=True)

    def _refusal(self) -> str:
        """Why the gateway refuses a request before it comes near the book, "" if it does not."""
        if self.closed:
            return _CLOSED
        rules, recent = self.rules, self._recent
        while recent and recent[0] <= self.clock_ns - NS:
            recent.popleft()
        if len(recent) >= rules.most_per_s:
            return "throttled: too many requests in a second"
        recent.append(self.clock_ns)
        if rules.reject_share and self._refusals.uniform(1)[0] < rules.reject_share:
            return "refused by the venue's risk check"
        return ""

    def _submit(self, held: _Held, request: dict) -> str:
        """Send a new order to the market; returns why it cannot go, "" if it went."""
        ledger, kind = self.market._ledger, request["kind"]
        price = None if kind == "market" else ledger.price(request["price_ticks"])
        try:
            market_id = self.market.submit(request["side"], ledger.size(request["lots"]), price,
                                           kind)
        except ValueError as error:
            return str(error)
        if market_id == 0:  # its report is the last one, under an id that is free again
            rows = self._new_reports()
            return explain_reason(int(rows[-1]["reason"]))
        held.market_id = market_id
        self._by_market[market_id] = held
        self._collect()
        return ""

    def _refuse_order(self, held: _Held, reason: str) -> None:
        order = held.order
        order.cancelled, order.left, order.done, order.reason = order.lots, 0, True, reason
        held.asked.clear()
        self._report("rejected", order, 0, order.order_id, reason=reason)

    def _change(self, held: _Held, request: dict) -> str:
        """Send a change of an order to the market; returns why it cannot go."""
        market, ledger = self.market, self.market._ledger
        try:
            if request["type"] == "cancel":
                market.cancel(held.market_id)
            elif request["type"] == "reduce":
                market.reduce(held.market_id, ledger.size(request["lots"]))
            else:
                market.replace(held.market_id, ledger.price(request["price_ticks"]),
                               ledger.size(request["lots"]))
        except ValueError as error:
            return str(error)
        self._collect()
        return ""

    # -- what the market tells -----------------------------------------------------------------

    def _new_reports(self) -> np.ndarray:
        rows = self.market.report_records[self._reports_read:]
        self._reports_read += len(rows)
        return rows

    def _collect(self) -> None:
        """Turn what the market told of own orders into reports."""
        rows = self._new_reports()
        if not len(rows):
            return
        fills: dict[int, deque] = {}
        if (rows["what"] == What.FILLED).any():
            new = self.market._account.fills_from(self._fills_read)
            for order_id, *told in new:
                fills.setdefault(order_id, deque()).append(told)
            self._fills_read += len(new)
        for row in rows:
            held = self._by_market.get(int(row["order_id"]))
            if held is not None:
                self._hear(held, row, fills)

    def _hear(self, held: _Held, row, fills) -> None:
        """One report of the market about one order."""
        order, what = held.order, What(int(row["what"]))
        lots, left = int(row["size"]), int(row["left"])
        head = held.asked[0] if held.asked else None
        is_entering = head is not None and (head["type"] == "new" or held.moving)
        asked, ns = head["id"] if head else "", int(row["time_ns"])
        if what == What.FILLED:
            fee, maker = fills[held.market_id].popleft()
            order.filled, order.left = order.filled + lots, left
            self.fills += 1
            self._report("filled", order, lots, asked if is_entering else "", ns=ns,
                         price=int(row["price_ticks"]), fee=fee, maker=maker,
                         number=self.fills)
            if left == 0 and is_entering:
                self._answered(held)
        elif what == What.REJECTED:
            self._rejected(held, head, ns, explain_reason(int(row["reason"])))
        elif what == What.ACCEPTED:
            told = "replaced" if held.moving or (head and head["type"] == "replace") else (
                "reduced" if head and head["type"] == "reduce" else "accepted")
            order.price_ticks = int(row["price_ticks"])
            order.cancelled += order.left - left
            order.left = left
            fee, held.fee = held.fee, 0.0
            self._answered(held)
            self._report(told, order, left, asked, ns=ns, fee=fee)
        else:  # cancelled
            fee = self.market._ledger.fee.cancel_fee
            order.cancelled, order.left = order.cancelled + lots, 0
            if head is not None and head["type"] == "replace" and not held.moving:
                held.moving, held.fee = True, fee
                order.lots += head["lots"]
                order.left = head["lots"]
                return
            self._answered(held)
            self._report("cancelled", order, lots, asked, ns=ns, fee=fee + held.fee)
            held.fee = 0.0
        order.done = order.left == 0
        if order.done and held.fee:  # filled at once after a replace: its cancellation is paid
            self._report("replaced", order, 0, asked, ns=ns, fee=held.fee)
            held.fee = 0.0

    def _rejected(self, held: _Held, head, ns: int, reason: str) -> None:
        if head is None:  # the order went in another way before its cancel arrived
            return
        self._answered(held)
        if head["type"] == "new":
            order = held.order
            order.cancelled, order.left, order.reason = order.lots, 0, reason
        self._report("rejected", held.order, 0, head["id"], ns=ns, reason=reason)

    def _answered(self, held: _Held) -> None:
        """The oldest thing asked of an order is answered."""
        held.moving = False
        if held.asked:
            held.asked.popleft()

    def _report(self, what: str, order: LiveOrder, lots: int, asked: str = "", *, ns: int = 0,
                price: int | None = None, fee: float = 0.0, maker: bool = False,
                number: int = 0, reason: str = "", now: bool = False) -> None:
        message = {
            "type": "report", "what": what, "id": asked, "order": order.order_id,
            "side": order.side, "price_ticks": order.price_ticks if price is None else price,
            "lots": lots, "total": order.lots, "filled": order.filled,
            "cancelled": order.cancelled, "left": order.left, "fee": fee, "maker": maker,
            "exec": number, "reason": reason, "received_ns": self._received.get(asked, 0),
            "venue_ns": self.stamp(ns or self.clock_ns),
        }  # fmt: skip
        rules = self.rules
        if now or self.closed or not (rules.ack_s or rules.ack_jitter_s):
            self._send(message)
            return
        delay_s = rules.ack_s + float(self._acks.exponential(1, rules.ack_jitter_s)[0])
        self._counter += 1
        heapq.heappush(self._delayed, (self.clock_ns + round(delay_s * NS), self._counter, message))

    # -- what the venue shows ------------------------------------------------------------------

    def _lose_places(self) -> None:
        """Let some own resting orders fall behind."""
        flow = self.market._flow
        live = int(flow.count[N_OWN_LIVE])
        if live:
            lost = self._places.uniform(live) < self.rules.lose_place
            for k in np.flatnonzero(lost):
                fall_behind(self.market._book, flow.own, k)

    def _look(self) -> None:
        """Publish what was printed since the last look, and the book."""
        seen_ns = self.stamp(int(self.market._flow.clock[C_NOW]))
        if prints := self._prints():
            self._send({"type": "trades", "rows": prints, "venue_ns": seen_ns})
        if self._looks % self.rules.fresh_every == 0 or self._shown is None:
            self._shown = self._book()
        self._looks += 1
        self._send({"type": "book"} | self._shown | {"venue_ns": seen_ns})

    def _prints(self) -> list[list[int]]:
        """Prints since the last call; the market forgets them, so that it does not grow."""
        market = self.market
        market._empty_tape()
        chunks, market._kept["fills"] = market._kept["fills"], []
        return [[self.stamp(int(fill["time_ns"])), int(fill["price_ticks"]), int(fill["size"]),
                 int(fill["taker_side"])] for chunk in chunks for fill in chunk]

    def _book(self) -> dict:
        book, flow = self.market._book, self.market._flow
        sides = []
        for side in (1, -1):
            ticks, lots, orders = np.zeros((3, self.day.levels), np.int64)
            n = depth_into(book, side, ticks, lots, orders)
            sides.append(np.stack([ticks[:n], lots[:n]], axis=1).tolist())
        own = []
        for entry in flow.own[:flow.count[N_OWN_LIVE]]:
            held = self._by_market.get(int(entry["order_id"]))
            ahead = int(ahead_of(book, int(entry["slot"]))[0]) if entry["slot"] > 0 else 0
            if held is not None:
                price = int(entry["price_ticks"])
                there = int(book.levels[price - book.scalars[PRICE_MIN]]["total"])
                own.append([held.order.order_id, price, int(entry["left"]), ahead, there])
        return {"bids": sides[0], "asks": sides[1], "volume": int(flow.count[N_VOLUME]),
                "halted": bool(self.market.halted), "own": own}

    def _release(self) -> None:
        """Send delayed reports that are due."""
        while self._delayed and self._delayed[0][0] <= self.clock_ns:
            self._send(heapq.heappop(self._delayed)[2])

    def _send(self, message: dict) -> None:
        message["seq"] = len(self.sent) + 1
        message["sent_ns"] = self.stamp(self.clock_ns)
        self.sent.append(message)
        self._out.append(message)

    # -- account -------------------------------------------------------------------------------

    def _account(self) -> dict:
        ledger = self.market._account
        return {"position": int(ledger.position_lots), "fills": self.fills,
                "cash": float(ledger.cash), "fees": float(ledger.fees)}

    def state(self) -> dict:
        """Orders and account, for `lobsim.sim_to_real.reconcile`; `untold` reports are on hold."""
        orders = {key: order.account() for key, order in self.orders.items()}
        return ({"type": "state", "seq": len(self.sent), "clock_ns": self.stamp(self.clock_ns),
                 "untold": len(self._delayed), "orders": orders} | self._account())
