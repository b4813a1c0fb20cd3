"""The trader's account: a machine of order states that knows no socket, and reconciliation.

`Account` makes requests and takes messages: each numbered message once and in order, whatever order
they come in, and it remembers every request that was not answered.
"""

from dataclasses import dataclass, field

from lobsim.sim_to_real.protocol import VERSION

__all__ = ["Account", "LiveOrder", "Reconciliation", "reconcile"]


@dataclass
class LiveOrder:
    """An order as one side knows it; ``lots = filled + cancelled + left`` at every time.

    Attributes
    ----------
    order_id : str
    side : int
    price_ticks : int
    lots, filled, cancelled, left : int
        All that was ever asked for, and what became of it.
    done : bool
        Nothing can happen to it any more.
    reason : str
        Why it was refused, "" if it was not.
    """

    order_id: str
    side: int
    price_ticks: int
    lots: int
    left: int
    filled: int = 0
    cancelled: int = 0
    done: bool = False
    reason: str = ""

    def account(self) -> list:
        """``[lots, filled, cancelled, left, done]``, to be compared."""
        return [self.lots, self.filled, self.cancelled, self.left, self.done]


class Account:
    """Orders, fills and position of a trader, as far as the venue has told.

    Attributes
    ----------
    orders : dict of str to LiveOrder
        All orders by their ids, from the moment they were asked for.
    unanswered : dict of str to dict
        Requests by their ids, in the order in which they were made.
    position : int
        Lots, positive = long.
    cash_ticks : int
        Cash in ticks times lots, fees not deducted.
    fees : float
        In currency, paid > 0.
    asked : dict of str to dict
        All requests by their ids.
    fills : list of dict
        The fill reports, one for each `exec`.
    last_seq : int
        Number of the last message that was taken.
    clock_ns : int
        The latest stamp of the venue's clock.
    """

    def __init__(self):
        self.orders: dict[str, LiveOrder] = {}
        self.unanswered: dict[str, dict] = {}
        self.asked: dict[str, dict] = {}
        self.fills: list[dict] = []
        self.position = self.last_seq = self.clock_ns = 0
        self.cash_ticks = 0
        self.fees = 0.0
        self.day: str = ""
        self.welcome: dict = {}
        self.ended: dict | None = None
        self._early: dict[int, dict] = {}
        self._executed: set[int] = set()

    # -- requests ------------------------------------------------------------------------------

    def new(self, side: int, lots: int, kind: str, price_ticks: int = 0, *, now_ns: int = 0
            ) -> dict:
        """Ask for a new order; returns the request, whose id names the order."""
        return self._request("new", now_ns, side=int(side), lots=int(lots), kind=kind,
                             price_ticks=int(price_ticks))

    def cancel(self, order: str, *, now_ns: int = 0) -> dict:
        """Ask for the rest of an order to be withdrawn."""
        return self._request("cancel", now_ns, order=order)

    def reduce(self, order: str, lots: int, *, now_ns: int = 0) -> dict:
        """Ask for `lots` to be taken off an order."""
        return self._request("reduce", now_ns, order=order, lots=int(lots))

    def replace(self, order: str, lots: int, price_ticks: int, *, now_ns: int = 0) -> dict:
        """Ask for a new price and open size of an order."""
        return self._request("replace", now_ns, order=order, lots=int(lots),
                             price_ticks=int(price_ticks))

    def _request(self, what: str, now_ns: int, **content) -> dict:
        request = {"type": what, "id": f"{what[0]}{len(self.asked) + 1}", **content,
                   "sent_ns": int(now_ns)}
        self.record(request)
        return request

    def record(self, request: dict) -> None:
        """Take note of a request that is about to be sent."""
        self.asked[request["id"]] = self.unanswered[request["id"]] = request
        if request["type"] == "new":
            key, lots = request["id"], request["lots"]
            self.orders[key] = LiveOrder(key, request["side"], request["price_ticks"], lots, lots)

    def logon(self, session: str) -> dict:
        """The first request over a connection."""
        return {"type": "logon", "version": VERSION, "session": session, "last_seq": self.last_seq}

    # -- messages ------------------------------------------------------------------------------

    def take(self, message: dict) -> list[dict]:
        """Take a numbered message; returns those that could be taken now, in order.

        One that was taken before is nothing new; one that is early waits for those before it.
        """
        seq = message["seq"]
        if seq <= self.last_seq:
            return []
        self._early[seq] = message
        taken = []
        while (one := self._early.pop(self.last_seq + 1, None)) is not None:
            self.last_seq += 1
            self._apply(one)
            taken.append(one)
        return taken

    @property
    def missing_from(self) -> int | None:
        """First number that did not come although a later one did, or None."""
        return self.last_seq + 1 if self._early else None

    def _apply(self, message: dict) -> None:
        self.clock_ns = max(self.clock_ns, message["sent_ns"])
        if message["type"] == "report":
            self._hear(message)
        elif message["type"] == "end":
            self.ended = message

    def _hear(self, report: dict) -> None:
        """Enter a report. Reports of one order may come in another order than things happened.

        What was asked for, filled and cancelled of an order only ever grows, and each report tells
        all three: the largest that was told is the latest. A fill counts once, by its number.
        """
        if report["what"] != "known":
            self.unanswered.pop(report["id"], None)
        self.fees += report["fee"]
        order = self.orders.get(report["order"])
        if order is None:
            return
        if report["what"] == "filled" and report["exec"] not in self._executed:
            self._executed.add(report["exec"])
            self.fills.append(report)
            self.position += order.side * report["lots"]
            self.cash_ticks -= order.side * report["lots"] * report["price_ticks"]
        order.lots = max(order.lots, report["total"])
        order.filled = max(order.filled, report["filled"])
        order.cancelled = max(order.cancelled, report["cancelled"])
        order.left = order.lots - order.filled - order.cancelled
        if report["what"] in ("accepted", "replaced"):
            order.price_ticks = report["price_ticks"]
        if report["what"] == "rejected" and report["cancelled"] == report["total"] == order.lots:
            order.reason = report["reason"]
        order.done = order.left == 0

    # -- what is open --------------------------------------------------------------------------

    @property
    def open_orders(self) -> list[LiveOrder]:
        """Orders that are not done, oldest first."""
        return [order for order in self.orders.values() if not order.done]

    def cash(self) -> float:
        """Cash since the start in currency, fees deducted."""
        unit = self.welcome["tick_size"] * self.welcome["lot_size"]
        return self.cash_ticks * unit - self.fees


@dataclass
class Reconciliation:
    """What the two sides do not agree on.

    Attributes
    ----------
    differences : list of str
        One sentence each.
    orders, fills : int
        How many were compared.
    """

    differences: list[str] = field(default_factory=list)
    orders: int = 0
    fills: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether both sides have the same orders, fills and money."""
        return not self.differences


def reconcile(account: Account, state: dict) -> Reconciliation:
    """Compare a trader's account with the ``state`` that the venue told.

    Parameters
    ----------
    account : Account
    state : dict
        Of `Client.status`.
    """
    found = Reconciliation(orders=len(state["orders"]), fills=state["fills"])
    tell = found.differences.append
    if account.last_seq != state["seq"]:
        tell(f"the trader has heard {account.last_seq} messages of {state['seq']}")
    if state["untold"]:
        tell(f"the venue holds back {state['untold']} reports")
    ours = {key: order.account() for key, order in account.orders.items()}
    for key in sorted(ours.keys() | state["orders"].keys()):
        if key not in state["orders"]:
            tell(f"order {key} never reached the venue")
        elif key not in ours:
            tell(f"the venue has an order {key} that the trader never sent")
        elif ours[key] != state["orders"][key]:
            tell(f"order {key} is [lots, filled, cancelled, left, done] = {ours[key]} here and "
                 f"{state['orders'][key]} there")
    if len(account.fills) != state["fills"]:
        tell(f"the trader knows {len(account.fills)} fills of {state['fills']}")
    if account.position != state["position"]:
        tell(f"the position is {account.position} here and {state['position']} there")
    for name, here in (("cash", account.cash()), ("fees", account.fees)):
        if abs(here - state[name]) > 1e-9 * max(1.0, abs(state["cash"])):
            tell(f"{name} is {here} here and {state[name]} there")
    return found
