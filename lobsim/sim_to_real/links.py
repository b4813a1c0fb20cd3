"""Links between a client and a venue: a socket, or a gateway in the same process."""

import socket
import time
from collections import deque

from lobsim.sim_to_real.client import Client, LinkDown
from lobsim.sim_to_real.gateway import Gateway
from lobsim.sim_to_real.venue import VenueDay

__all__ = ["EmbeddedLink", "SocketLink", "embedded"]

_HOST = "127.0.0.1"


class SocketLink:
    """A TCP connection to a venue on this machine.

    Parameters
    ----------
    port : int, or callable without arguments
        A callable is asked at each connection: a venue that was started anew may have another.
    """

    def __init__(self, port):
        self._port = port if callable(port) else lambda: port
        self._socket: socket.socket | None = None
        self._lines: deque[bytes] = deque()
        self._rest = b""

    def open(self) -> None:
        """Connect anew."""
        self.close()
        try:
            self._socket = socket.create_connection((_HOST, self._port()), timeout=1.0)
        except (OSError, ValueError) as error:
            raise LinkDown(f"no venue listens: {error}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, line: bytes) -> None:
        """Send one line."""
        if self._socket is None:
            raise LinkDown("not connected")
        try:
            self._socket.settimeout(1.0)
            self._socket.sendall(line)
        except OSError as error:
            self.close()
            raise LinkDown(f"the connection broke: {error}") from None

    def receive(self, timeout_s: float) -> bytes | None:
        """The next line, or None when none came in that time."""
        if self._lines:
            return self._lines.popleft()
        if self._socket is None:
            raise LinkDown("not connected")
        until = time.monotonic() + timeout_s
        while not self._lines:
            self._socket.settimeout(max(1e-3, until - time.monotonic()))
            try:
                got = self._socket.recv(65_536)
            except TimeoutError:
                return None
            except OSError as error:
                self.close()
                raise LinkDown(f"the connection broke: {error}") from None
            if not got:
                self.close()
                raise LinkDown("the venue closed the connection")
            *lines, self._rest = (self._rest + got).split(b"\n")
            self._lines.extend(lines)
            if time.monotonic() > until and not self._lines:
                return None
        return self._lines.popleft()

    def close(self) -> None:
        """Let go; what was not read is gone, and will be sent again."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""
        self._lines.clear()


class EmbeddedLink:
    """The same lines to a gateway in the same process; nothing ever waits.

    Parameters
    ----------
    gateway : Gateway, or callable without arguments
        In lockstep. A callable is asked at each connection: it may give one that was restarted.
    """

    def __init__(self, gateway):
        self._gateway = gateway if callable(gateway) else lambda: gateway
        self._connected: tuple | None = None
        self._lines: deque[bytes] = deque()

    def open(self) -> None:
        """Connect anew."""
        gateway = self._gateway()
        self._connected = gateway, gateway.connect()
        self._lines.clear()

    def send(self, line: bytes) -> None:
        """Send one line; the answers wait to be received."""
        if self._connected is None:
            raise LinkDown("not connected")
        gateway, connection = self._connected
        self._lines.extend(gateway.receive(connection, line))
        if connection.closed:
            self._connected = None

    def receive(self, timeout_s: float) -> bytes | None:
        """The next line, or None."""
        if self._lines:
            return self._lines.popleft()
        if self._connected is None:
            raise LinkDown("not connected")
        return None

    def wait(self, pause_s: float) -> None:
        """Nothing to wait for."""

    def close(self) -> None:
        """Let go."""
        self._connected = None
        self._lines.clear()


def embedded(day: VenueDay, **client) -> tuple[Client, Gateway]:
    """A client of a venue in this process, in lockstep, connected.

    Parameters
    ----------
    day : VenueDay
    **client
        As in `Client`.

    Examples
    --------
    >>> from lobsim.sim_to_real.account import reconcile
    >>> client, gateway = embedded(VenueDay(seed=1, end_s=36_060))
    >>> order = client.new(1, 100, "market")
    >>> client.step(gateway.core.end_ns)
    >>> client.account.position, reconcile(client.account, client.status()).is_clean
    (100, True)
    """
    gateway = Gateway(day)
    client = Client(EmbeddedLink(gateway), **client)
    client.connect()
    return client, gateway
