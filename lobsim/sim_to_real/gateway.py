"""The gateway of the venue: sessions, the journal that outlives a crash, and the clock.

It takes lines of bytes and gives lines of bytes, so that a socket (`lobsim.sim_to_real.server`) and
a test without one (`lobsim.sim_to_real.links`) move the same bytes.
"""

import hashlib
import json
import os
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

from lobsim.market.profiles import find_profile
from lobsim.market.state import NS
from lobsim.sim_to_real.protocol import (HEARTBEAT_S, ORDER_REQUESTS, VERSION, ProtocolError,
                                         encode, read_request)
from lobsim.sim_to_real.venue import VenueCore, VenueDay

__all__ = ["Connection", "Gateway", "Journal", "JournalError"]

_FORMAT = 1
_MOST_LOOKS = 50
"""Looks at the book that one tick of the clock may be behind."""


class JournalError(ValueError):
    """A journal that cannot be gone on with; the text says why."""


class Journal:
    """Lines of JSON on disk: first what the day is, then what came in, with its true time.

    Each line is handed to the operating system before `append` returns, so that it outlives the
    death of the process; with `durable` it is on the disk by then and outlives that of the machine.
    A last line that was not written to its end is cut off: nothing followed from it.

    Parameters
    ----------
    path : path
        Made if it is not there.
    header : dict
        Of a new journal; one that is there must have the same, but for `wall_ns`.
    durable : bool
        Wait for the disk (``fsync``) at each line.

    Attributes
    ----------
    header : dict
    entries : list of (int, dict or None)
        Times and requests that were in it when it was opened.

    Raises
    ------
    JournalError
        When the file is damaged before its end, is the journal of another day, or is held by
        another venue (which a killed one does not do any more, but a stalled one does).
    """

    def __init__(self, path, header: dict, *, durable: bool = False):
        self.path, self.durable = Path(path), durable
        self.entries: list[tuple[int, dict | None]] = []
        self.header = header
        self._file = open(self.path, "ab")
        try:
            self._lock()
            kept = self._read(header)
        except JournalError:
            self._file.close()
            raise
        self._file.truncate(kept)
        if not kept:
            self._write({"format": _FORMAT} | header)

    def _lock(self) -> None:
        """One venue alone may write: one that is only stalled may wake up again."""
        if fcntl is None:  # Windows; there the operator sees to it
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise JournalError(f"another venue that is alive holds the journal {self.path}"
                               ) from None

    def _read(self, header: dict) -> int:
        """Take over what is there; returns the bytes that are whole lines."""
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[:whole].splitlines(), 1):
            try:
                entry = json.loads(line)
                if number == 1:
                    self.header = {key: entry[key] for key in header}
                    if entry["format"] != _FORMAT:
                        raise ValueError("it has another format")
                else:
                    self.entries.append((int(entry["ns"]), entry["request"]))
            except (ValueError, KeyError, TypeError):
                raise JournalError(f"line {number} of the journal {self.path} is damaged: "
                                   f"{line[:80]!r}") from None
        for key, value in header.items():
            if whole and key != "wall_ns" and self.header[key] != value:
                raise JournalError(f"the journal {self.path} is that of another day: its {key} is "
                                   f"{self.header[key]!r}, not {value!r}")
        return whole

    def append(self, ns: int, request: dict | None) -> None:
        """Write down what is about to be carried out."""
        self._write({"ns": ns, "request": request})

    def _write(self, entry: dict) -> None:
        self._file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        if self.durable:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Connection:
    """What the gateway keeps of one connection of the trader's.

    Attributes
    ----------
    closed : bool
        To be closed by whoever moves its bytes, once what it was sent is out.
    """

    def __init__(self):
        self.logged_on = self.closed = False
        self.next_seq = 1


class Gateway:
    """A venue's day with its journal: the account of one trader, reached by one connection.

    Parameters
    ----------
    day : VenueDay
        With a journal its profile must be one of the named ones, and it can have no parts.
    journal : path, optional
        Where to write it; if it is there already, the day goes on from it.
    speed : float, optional
        Seconds of the venue's clock in one of the wall clock; None (the default) = lockstep. The
        clock starts when the journal does and never waits for anybody.
    session : str
        Name under which the trader logs on.
    durable : bool
        As in `Journal`.

    Attributes
    ----------
    core : VenueCore
    """

    def __init__(self, day: VenueDay, journal=None, *, speed: float | None = None,
                 session: str = "desk", durable: bool = False):
        if speed is not None and not 0 < speed <= 1e6:
            raise ValueError(f"speed is {speed}; it must be above 0 and at most 1e6, or None")
        self.day, self.speed, self.session = day, speed, session
        self.profile = find_profile(day.profile)
        header = _described(day) | {"speed": speed, "session": session}
        self.day_id = hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()[:16]
        self._journal, self._wall_ns = None, time.time_ns()
        entries = []
        if journal is not None:
            if not isinstance(day.profile, str) or day.parts:
                raise ValueError("a journal holds days of named profiles without parts only")
            self._journal = Journal(journal, header | {"wall_ns": self._wall_ns}, durable=durable)
            self._wall_ns, entries = self._journal.header["wall_ns"], self._journal.entries
        self.core = VenueCore(day)
        for ns, request in entries:
            self.core.handle(ns, request)
        self.active: Connection | None = None

    # -- clock ---------------------------------------------------------------------------------

    def now_ns(self) -> int:
        """The true time of the day, by which a request arrives now."""
        if self.speed is None:
            return self.core.clock_ns
        passed = (time.time_ns() - self._wall_ns) * self.speed
        return min(self.core.start_ns + max(0, int(passed)), self.core.end_ns)

    def tick(self) -> list[bytes]:
        """Let the market run on toward now; returns lines for the active connection.

        After a pause it takes several calls, so that connections are served in between.
        """
        ns = min(self.now_ns(), self.core.clock_ns + round(_MOST_LOOKS * self.day.look_s * NS))
        if self.speed is not None and ns >= self.core.next_ns:
            self._carry_out(ns, None)
        return self._rest(self.active)

    # -- lines ---------------------------------------------------------------------------------

    def connect(self) -> Connection:
        """A trader calls."""
        return Connection()

    def receive(self, connection: Connection, line: bytes) -> list[bytes]:
        """A line has come; returns the lines to send back over the same connection."""
        try:
            request = read_request(line)
            answer = self._answer(connection, request)
        except ProtocolError as error:
            answer = [{"type": "error", "reason": str(error)}]
        return [encode(message) for message in answer] + self._rest(connection)

    def _answer(self, connection: Connection, request: dict) -> list[dict]:
        """Carry out a request; returns what is not numbered."""
        kind = request["type"]
        if kind == "logon":
            return self._log_on(connection, request)
        if kind == "logout":
            connection.closed = True
            return []
        if not connection.logged_on:
            raise ProtocolError("log on first")
        if connection is not self.active:
            raise ProtocolError("another connection of this session has taken over")
        if kind == "heartbeat":
            return [{"type": "heartbeat", "seq": len(self.core.sent), "echo": request["echo"]}]
        if kind == "status":
            return [self.core.state()]
        if kind == "resend":
            if request["from_seq"] > len(self.core.sent) + 1:
                raise ProtocolError(f"from_seq is {request['from_seq']}, but the last message is "
                                    f"number {len(self.core.sent)}")
            connection.next_seq = request["from_seq"]
            return []
        if kind == "step" and self.speed is not None:
            raise ProtocolError("the clock of this venue runs by itself")
        if kind in ORDER_REQUESTS or kind == "step":
            self._carry_out(self.now_ns(), request)
        return []

    def _log_on(self, connection: Connection, request: dict) -> list[dict]:
        core, profile = self.core, self.profile
        if request["version"] != VERSION:
            raise ProtocolError(f"version is {request['version']}; this venue speaks {VERSION}")
        if request["session"] != self.session:
            raise ProtocolError(f"there is no session {request['session']}")
        if request["last_seq"] > len(core.sent):
            raise ProtocolError(f"last_seq is {request['last_seq']}, but this venue has sent "
                                f"{len(core.sent)} messages: was that another day?")
        if self.active is not None and self.active is not connection:
            self.active.closed = True
        self.active, connection.logged_on = connection, True
        connection.next_seq = request["last_seq"] + 1
        return [{
            "type": "welcome", "version": VERSION, "session": self.session, "day": self.day_id,
            "seq": len(core.sent), "clock_ns": core.stamp(core.clock_ns),
            "start_ns": core.start_ns, "end_ns": core.end_ns,
            "look_ns": round(self.day.look_s * NS), "lockstep": self.speed is None,
            "profile": profile.name, "tick_size": profile.tick_size, "lot_size": profile.lot_size,
            "heartbeat_s": HEARTBEAT_S,
        }]  # fmt: skip

    def _carry_out(self, ns: int, request: dict | None) -> None:
        """First the journal, then the venue."""
        if self._journal is not None:
            self._journal.append(ns, request)
        self.core.handle(ns, request)

    def _rest(self, connection: Connection | None) -> list[bytes]:
        """All numbered messages that a connection has not been sent yet."""
        if connection is None or connection is not self.active or connection.closed:
            return []
        start, connection.next_seq = connection.next_seq, len(self.core.sent) + 1
        return [encode(message) for message in self.core.sent[start - 1:]]

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()


def _described(day: VenueDay) -> dict:
    """A day as JSON can hold it."""
    return {"profile": find_profile(day.profile).name, "seed": int(day.seed),
            "start_s": float(day.start_s), "end_s": float(day.end_s), "look_s": float(day.look_s),
            "levels": int(day.levels), "gaps": [[gap.name, float(gap.size)] for gap in day.gaps]}

