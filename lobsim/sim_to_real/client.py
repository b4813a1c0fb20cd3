"""The trader's side: a machine of order states, and a client that outlives any connection.

`Account` knows no socket: it makes requests and takes messages. It takes each numbered message
once and in order, asks again for what is missing, and remembers every request that was not
answered. `Client` moves its lines over a link, comes back with growing pauses when the link is
down, and writes down what it asks and hears, so that a client that was killed goes on, too.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lobsim.sim_to_real.protocol import VERSION, ProtocolError, decode, encode
from lobsim.sim_to_real.venue import LiveOrder

__all__ = ["Account", "Client", "Link", "LinkDown", "Reconciliation", "reconcile"]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0


class LinkDown(ConnectionError):
    """The connection is gone, or nobody answers."""


class Link(Protocol):
    """How bytes get to a venue; each method raises `LinkDown` when they do not."""

    def open(self) -> None:
        """Connect anew."""

    def send(self, line: bytes) -> None:
        """Send one line."""

    def receive(self, timeout_s: float) -> bytes | None:
        """The next line, or None when none came in that time."""

    def close(self) -> None:
        """Let go."""


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


class Client:
    """A trader who is connected to a venue, again and again if need be.

    Parameters
    ----------
    link : Link
    session : str
    kept : path, optional
        File in which requests (before they are sent) and messages (once they are taken) are kept;
        if it is there already, the client goes on from it.
    patience_s : float
        How long it tries to reach a venue that does not answer.
    reply_s : float
        Silence, while an answer is due, after which the connection counts as dead.
    clock : callable, optional
        The trader's own clock, nanoseconds after midnight; by default the venue's latest stamp.

    Attributes
    ----------
    account : Account
    errors : list of str
        What the venue said of lines it could not read.
    connections : int
        How often it connected.
    listeners : list of callable
        Called with each numbered message, once and in order.
    history : list of dict
        Numbered messages that `kept` held when it was opened.

    Raises
    ------
    LinkDown
        Of every method, when the venue cannot be reached for `patience_s`.
    """

    def __init__(self, link: Link, *, session: str = "desk", kept=None, patience_s: float = 30.0,
                 reply_s: float = 1.0, clock=None):
        self.account, self.link, self.session = Account(), link, session
        self.patience_s, self.reply_s = patience_s, reply_s
        self.clock = clock or (lambda: self.account.clock_ns)
        self.errors: list[str] = []
        self.listeners: list = []
        self.history: list[dict] = []
        self.connections = 0
        self._silence_s = 0.0
        self._state: dict | None = None
        self._heartbeat: dict = {}
        self._echo = 0
        self._stepped_ns = -1
        self._is_open = False
        self._file = None
        if kept is not None:
            self._go_on_from(Path(kept))

    # -- what it keeps -------------------------------------------------------------------------

    def _go_on_from(self, path: Path) -> None:
        whole = 0
        if path.exists():
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1
            for number, line in enumerate(content[:whole].splitlines(), 1):
                try:
                    self._remember(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    raise ValueError(f"line {number} of {path} is damaged: "
                                     f"{line[:80]!r}") from None
        self._file = open(path, "ab")
        self._file.truncate(whole)

    def _remember(self, entry: dict) -> None:
        if "sent" in entry:
            self.account.record(entry["sent"])
        elif "got" in entry:
            self.history += self.account.take(entry["got"])
        else:
            self.account.day = entry["day"]

    def _keep(self, entry: dict) -> None:
        if self._file is not None:
            self._file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
            self._file.flush()

    def close(self) -> None:
        """Let go of link and file; orders stay in the venue."""
        self._is_open = False
        self.link.close()
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- the link ------------------------------------------------------------------------------

    def connect(self) -> None:
        """Log on, get what was missed, and ask again for what was not answered."""
        pause_s, waited_s, told = _FIRST_PAUSE_S, 0.0, ""
        while True:
            try:
                self.link.close()
                self._is_open = False
                self.link.open()
                self._log_on()
                for request in list(self.account.unanswered.values()):
                    self.link.send(encode(request))
                return
            except LinkDown as error:
                told = str(error)
            if waited_s >= self.patience_s:
                raise LinkDown(f"no venue answered for {self.patience_s:g} s: {told}") from None
            if pause_s:
                self._wait(pause_s)
            waited_s += pause_s
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _wait(self, pause_s: float) -> None:
        wait = getattr(self.link, "wait", time.sleep)
        wait(pause_s)

    def _log_on(self) -> None:
        errors = len(self.errors)
        self.account.welcome = {}
        self.link.send(encode(self.account.logon(self.session)))
        silence_s = 0.0
        while not self.account.welcome:
            line = self.link.receive(0.1)
            if line is None:
                silence_s += 0.1
                if silence_s > self.reply_s:
                    raise LinkDown("no answer to the logon")
                continue
            self._hear(line)
            if len(self.errors) > errors:
                raise ProtocolError(f"the venue refuses the logon: {self.errors[-1]}")
        self._is_open, self._silence_s = True, 0.0
        self.connections += 1

    def _send(self, message: dict) -> None:
        try:
            if not self._is_open:
                raise LinkDown("not connected")
            self.link.send(encode(message))
        except LinkDown:
            self.connect()
            if message["type"] in ("step", "status", "resend"):
                self.link.send(encode(message))

    def _hear(self, line: bytes) -> list[dict]:
        """Take one line of the venue's."""
        message = decode(line)
        kind = message["type"]
        if "seq" in message and kind not in ("welcome", "heartbeat", "state"):
            taken = self.account.take(message)
            for one in taken:
                self._keep({"got": one})
                if one["type"] == "clock":
                    self._stepped_ns = max(self._stepped_ns, one["until_ns"])
                for listener in self.listeners:
                    listener(one)
            return taken
        if kind == "welcome":
            if self.account.day not in ("", message["day"]):
                raise ProtocolError("this venue plays another day than the one that was begun")
            if not self.account.day:
                self.account.day = message["day"]
                self._keep({"day": message["day"]})
            self.account.welcome = message
        elif kind == "state":
            self._state = message
        elif kind == "heartbeat" and message["echo"]:
            self._heartbeat = message
        elif kind == "error":
            self.errors.append(message["reason"])
        return []

    def poll(self, timeout_s: float = 0.1) -> list[dict]:
        """Hear one line if there is one; returns the numbered messages that it made available."""
        try:
            if not self._is_open:
                raise LinkDown("not connected")
            line = self.link.receive(timeout_s)
        except LinkDown:
            self.connect()
            return []
        if line is None:
            self._silence_s += timeout_s
            due_s = self.reply_s if self.account.unanswered else 2.5 * self.account.welcome[
                "heartbeat_s"]
            if self._silence_s > due_s:
                self.connect()
            return []
        self._silence_s = 0.0
        taken = self._hear(line)
        if self.account.missing_from is not None and not taken:
            self._send({"type": "resend", "from_seq": self.account.missing_from})
        return taken

    def _until(self, is_done, request: dict) -> None:
        """Ask, and hear until the answer is there; ask again over a new connection."""
        if not self._is_open:
            self.connect()
        connection, waited_s = -1, 0.0
        while not is_done():
            if connection != self.connections:
                connection = self.connections
                self._send(request)
            heard, silent_s = self.poll(0.1), self._silence_s
            waited_s = 0.0 if heard else waited_s + 0.1
            if silent_s > self.reply_s:
                self.connect()
            if waited_s > self.patience_s:
                raise LinkDown(f"the venue did not answer {request['type']} for "
                               f"{self.patience_s:g} s")

    # -- what a trader does --------------------------------------------------------------------

    def _ask(self, request: dict) -> str:
        self._keep({"sent": request})
        self._send(request)
        return request["id"]

    def new(self, side: int, lots: int, kind: str, price_ticks: int = 0) -> str:
        """Send a new order; returns its id."""
        return self._ask(self.account.new(side, lots, kind, price_ticks, now_ns=self.clock()))

    def cancel(self, order: str) -> str:
        """Send a cancel; returns the id of the request."""
        return self._ask(self.account.cancel(order, now_ns=self.clock()))

    def reduce(self, order: str, lots: int) -> str:
        """Take lots off an order; returns the id of the request."""
        return self._ask(self.account.reduce(order, lots, now_ns=self.clock()))

    def replace(self, order: str, lots: int, price_ticks: int) -> str:
        """Send a new price and open size; returns the id of the request."""
        return self._ask(self.account.replace(order, lots, price_ticks, now_ns=self.clock()))

    def step(self, until_ns: int) -> None:
        """Let a venue in lockstep run until a time, and hear all that it has to say."""
        self._until(lambda: self._stepped_ns >= until_ns,
                    {"type": "step", "until_ns": int(until_ns)})

    def sync(self) -> None:
        """Hear all that the venue has said so far, and what it says to the requests sent."""
        self._echo += 1
        asked = self._echo
        self._until(lambda: self._heartbeat.get("echo", 0) >= asked
                    and self._heartbeat["seq"] <= self.account.last_seq,
                    {"type": "heartbeat", "echo": asked})

    def settle(self) -> None:
        """Hear until every request is answered (of a venue without latency, or by itself)."""
        self._until(lambda: not self.account.unanswered,
                    {"type": "heartbeat", "echo": self._echo})

    def status(self) -> dict:
        """Orders and account as the venue sees them; every message before it has been taken."""
        self._state = None
        self._until(lambda: self._state is not None
                    and self._state["seq"] <= self.account.last_seq, {"type": "status"})
        return self._state


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
