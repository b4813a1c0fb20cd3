"""A client that outlives any connection, and its own death.

It moves the lines of an `Account` over a link, comes back with growing pauses when the link is
down, asks again for what is missing, and writes down what it asks and hears.
"""

import json
import time
from pathlib import Path
from typing import Protocol

from lobsim.sim_to_real.account import Account
from lobsim.sim_to_real.protocol import ProtocolError, decode, encode

__all__ = ["Client", "Link", "LinkDown"]

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
        except LinkDown:  # orders' requests go out again with the logon, others by `_until`
            self.connect()

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

    def run_to(self, until_ns: int) -> None:
        """`step`, or wait until the venue's stamps have reached a time, or its day is over."""
        if not self._is_open:
            self.connect()
        if self.account.welcome["lockstep"]:
            self.step(until_ns)
            return
        while self.account.clock_ns < until_ns and self.account.ended is None:
            self.poll()

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
