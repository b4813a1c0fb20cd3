"""The venue as a process of its own: ``python -m lobsim.sim_to_real.server --journal FILE``.

Listens on 127.0.0.1 alone. With ``--port 0`` (the default) the system chooses a free port; who
started the process reads it from the file ``--ready`` (JSON: port, pid), which appears once the
venue has played its journal and listens. SIGTERM and SIGINT end it in order; SIGKILL at any moment
does no harm, the journal has all.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path

from lobsim.sim_to_real.gateway import Gateway
from lobsim.sim_to_real.protocol import HEARTBEAT_S, MOST_BYTES, encode
from lobsim.sim_to_real.venue import VenueDay

__all__ = ["main", "serve"]

HOST = "127.0.0.1"
_TICK_S = 0.02
"""Wall-clock seconds between two looks at the clock of a venue whose clock runs by itself."""
_MOST_UNSENT = 16 * 2**20
"""Bytes that may wait for a client that does not read, before its connection is cut."""


class _Server:
    """Moves bytes between sockets and a `Gateway`."""

    def __init__(self, gateway: Gateway):
        self.gateway = gateway
        self._writers: dict = {}

    async def meet(self, reader, writer) -> None:
        """Serve one connection to its end."""
        connection = self.gateway.connect()
        self._writers[connection] = writer
        try:
            while not connection.closed:
                try:
                    line = await asyncio.wait_for(reader.readuntil(b"\n"), HEARTBEAT_S)
                except TimeoutError:
                    self._send(connection, [encode({
                        "type": "heartbeat", "seq": len(self.gateway.core.sent), "echo": 0})])
                    continue
                except asyncio.LimitOverrunError:
                    self._send(connection, [encode({
                        "type": "error", "reason": f"the line is longer than {MOST_BYTES} bytes"})])
                    break
                except (asyncio.IncompleteReadError, ConnectionError):
                    break
                self._send(connection, self.gateway.receive(connection, line))
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
        finally:
            del self._writers[connection]
            if self.gateway.active is connection:
                self.gateway.active = None
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    def _send(self, connection, lines: list[bytes]) -> None:
        writer = self._writers.get(connection)
        if writer is None or writer.is_closing() or not lines:
            return
        writer.write(b"".join(lines))  # at once: a dead connection is found out once
        if writer.transport.get_write_buffer_size() > _MOST_UNSENT:
            connection.closed = True
            writer.transport.abort()

    async def run_clock(self) -> None:
        """Let the market go on by itself."""
        while True:
            await asyncio.sleep(_TICK_S)
            lines = self.gateway.tick()
            if self.gateway.active is not None:
                self._send(self.gateway.active, lines)
            for connection in [one for one in self._writers if one.closed]:
                self._writers[connection].close()


async def serve(gateway: Gateway, port: int = 0, ready: Path | None = None) -> None:
    """Listen until a signal ends it.

    Parameters
    ----------
    gateway : Gateway
    port : int
        0 = any free one.
    ready : Path, optional
        File to write once the venue listens.
    """
    server = _Server(gateway)
    listener = await asyncio.start_server(server.meet, HOST, port, limit=MOST_BYTES)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    if ready is not None:
        told = json.dumps({"port": listener.sockets[0].getsockname()[1], "pid": os.getpid()})
        part = ready.with_suffix(".part")
        part.write_text(told, encoding="utf-8")
        part.replace(ready)
    clock = asyncio.create_task(server.run_clock())
    waiting = asyncio.create_task(stop.wait())
    # A failure of the clock's task must not leave a venue that listens and stands still.
    done, _ = await asyncio.wait({clock, waiting}, return_when=asyncio.FIRST_COMPLETED)
    listener.close()
    for task in (clock, waiting):
        task.cancel()
    gateway.close()
    if clock in done:
        clock.result()


def main(arguments: list[str] | None = None) -> int:
    """Run a venue; returns the exit status: 0, or 2 after wrong use."""
    parser = argparse.ArgumentParser(prog="python -m lobsim.sim_to_real.server",
                                     description="A live venue on 127.0.0.1.")
    parser.add_argument("--profile", default="SPY")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start-s", type=float, default=36_000.0)
    parser.add_argument("--end-s", type=float, default=50_400.0)
    parser.add_argument("--look-s", type=float, default=1.0)
    parser.add_argument("--levels", type=int, default=5)
    parser.add_argument("--gap", action="append", default=[], metavar="NAME[=SIZE]")
    parser.add_argument("--speed", type=float, default=None,
                        help="seconds of the venue in one of the wall clock [default: lockstep]")
    parser.add_argument("--session", default="desk")
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--durable", action="store_true", help="wait for the disk at each line")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ready", type=Path, default=None)
    args = parser.parse_args(arguments)
    try:
        day = VenueDay(args.profile, args.seed, args.start_s, args.end_s, args.look_s, args.levels,
                       tuple(args.gap))
        gateway = Gateway(day, args.journal, speed=args.speed, session=args.session,
                          durable=args.durable)
        # A warning for each write to a connection that broke: whoever reads no stderr would in
        # the end stop the venue by it.
        logging.getLogger("asyncio").setLevel(logging.ERROR)
        asyncio.run(serve(gateway, args.port, args.ready))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
