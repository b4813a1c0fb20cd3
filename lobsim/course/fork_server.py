"""The grader's end of the fork server: kernels that start with everything imported.

`server` gives the server of this thread for one kind of sandbox. The first kernel of a kind starts
cold, because a server imports more than one notebook needs; the second one starts the server.
`fork` gives a process that behaves as the one of a cold start. Whatever goes wrong, the answer is
None and the caller starts its kernel cold; after two failures no more is tried in this process.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from lobsim.course.kernel import _kill_tree, _own_folder, _short_folder
from lobsim.course.zygote import _LENGTH, FORK, MADE, READY

SWITCH = "LOBSIM_FORK_SERVER"  # in the environment, "0": no server; "1": one for the first kernel
_START_S = 120.0  # imports and compiled kernels, on a busy machine
_FORK_S = 30.0
_KEPT = 3  # servers of one thread, one for each lesson lately graded
_MOST_FAILURES = 2
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid

_mine = threading.local()  # a server ends with the thread that started it (see bwrap_argv)
_failures: list[str] = []


def why_not() -> str | None:
    """Why kernels are started cold here; None while they are forked."""
    if os.environ.get(SWITCH) == "0":
        return f"{SWITCH}=0 is set"
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return "it needs Linux 5.3 or later"
    return _failures[-1] if len(_failures) >= _MOST_FAILURES else None


def server(key: Hashable, argv: Callable[[Path], list[str]]) -> ForkServer | None:
    """The server of this thread for sandboxes of kind `key`; None for a cold start.

    Parameters
    ----------
    key : what the sandbox of the server depends on; a server serves one kind only.
    argv : gives the server's command line from the folder that will hold kernels' sockets.
    """
    if why_not() is not None:
        return None
    servers = _servers()
    is_first = key not in _mine.asked
    _mine.asked.add(key)
    if is_first and os.environ.get(SWITCH) != "1":
        return None
    found = servers.pop(key, None)
    if found is not None and not found.alive:
        found.close()
        found = None
    if found is None:
        try:
            found = ForkServer(argv)
        except (OSError, ServerFailed) as error:
            _failures.append(f"the fork server did not start: {error}")
            return None
    servers[key] = found  # the last one used last
    while len(servers) > _KEPT:
        servers.pop(next(iter(servers))).close()
    return found


def _servers() -> dict[Hashable, ForkServer]:
    if getattr(_mine, "pid", None) != os.getpid():  # also after a fork: they are the parent's
        _mine.pid, _mine.servers, _mine.asked = os.getpid(), {}, set()
    return _mine.servers


def close_all() -> None:
    """End the servers of this thread."""
    for found in _servers().values():
        found.close()
    _servers().clear()


atexit.register(close_all)  # their folders; the servers themselves end with this process anyway


class ServerFailed(RuntimeError):
    """The server or one fork of it did not come up; the text says what it said last."""


class ForkServer:
    """One running `lobsim.course.zygote`."""

    def __init__(self, argv: Callable[[Path], list[str]]):
        self.folder = _own_folder(_short_folder())
        self._pid = os.getpid()
        self._line, far = socket.socketpair()
        try:
            # A file takes the last words: nobody reads a pipe while the server serves.
            self._said = tempfile.TemporaryFile()
            self._process = subprocess.Popen(
                argv(self.folder), env={}, cwd="/", stdin=far, stdout=subprocess.DEVNULL,
                stderr=self._said, start_new_session=True)
        except BaseException:
            self._line.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        finally:
            far.close()
        self._line.settimeout(_START_S)
        ready = b""
        with contextlib.suppress(OSError):
            ready = self._line.recv(1)
        if ready != READY:
            self.close()
            raise ServerFailed(self._last_words)

    @property
    def alive(self) -> bool:
        """Whether it can be asked for a fork."""
        return self._pid == os.getpid() and self._process.poll() is None

    def new_folder(self) -> Path:
        """A new folder for the sockets of one kernel, which nobody else of this machine enters.

        The server sees it; a kernel sees the folder `s` that its maker puts into it.
        """
        return Path(tempfile.mkdtemp(dir=self.folder))

    def fork(self, folder: Path, spec: dict, place: dict) -> Forked | None:
        """A new kernel's process, or None; then the server is closed.

        Parameters
        ----------
        folder : with its sockets, below a `new_folder`.
        spec : what `kernel_main.main` is to do.
        place : arguments of `namespaces.furnish`.
        """
        try:
            return self._fork({"folder": str(folder.relative_to(self.folder)), "place": place,
                               "kernel": spec})
        except (OSError, ServerFailed) as error:
            _failures.append(f"the fork server failed: {error}")
            self.close(keep_folder=True)  # the kernel that is now started cold uses its sockets
            return None

    def _fork(self, spec: dict) -> Forked:
        near, far = socket.socketpair()
        out, errors = os.pipe()
        stderr = os.fdopen(out, "rb")
        forked = None
        with near:
            near.settimeout(_FORK_S)
            near.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            try:
                socket.send_fds(self._line, [FORK], [far.fileno(), errors])
            finally:
                far.close()
                os.close(errors)
            try:
                # The system says who wrote, in numbers of this side; it waits for an answer, so
                # the number is still its own when it is opened.
                size = socket.CMSG_SPACE(_CREDENTIALS.size)
                said, about, _, _ = near.recvmsg(1, size)
                pids = [_CREDENTIALS.unpack(data)[0] for level, kind, data in about
                        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)]
                if said != READY or len(pids) != 1:
                    raise ServerFailed("a fork could not leave its namespaces")
                forked = Forked(pids[0], stderr)
                content = json.dumps(spec).encode()
                near.sendall(_LENGTH.pack(len(content)) + content)
                if near.recv(1) != MADE:
                    raise ServerFailed("a fork could not furnish its sandbox")
            except (OSError, ServerFailed) as error:
                if forked is not None:
                    forked.kill()
                raise ServerFailed(f"{error}{_last_line(stderr)}") from error
        return forked

    def close(self, *, keep_folder: bool = False) -> None:
        """End the server and every fork of it; a second time does nothing."""
        if self._said.closed:
            return
        self._line.close()
        if self._pid == os.getpid():
            _kill_tree(self._process, wrapped=True)
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        self._last_words = lines[-1][:300] if lines else "it says nothing"
        self._said.close()
        if not keep_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def _last_line(stderr: Any) -> str:
    """What a fork said before it gave up; never waits."""
    os.set_blocking(stderr.fileno(), False)
    lines = (stderr.read() or b"").decode(errors="replace").strip().splitlines()
    return f" ({lines[-1][:300]})" if lines else ""


class Forked:
    """A forked kernel's first process, seen from outside: what `subprocess.Popen` is otherwise.

    It ends after everything inside has ended, and takes everything with it.
    """

    def __init__(self, pid: int, stderr: Any):
        self.pid = pid
        self.stderr = stderr
        self._handle = os.pidfd_open(pid)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """None while it runs; its exit status is not known to us, so 1 stands for any."""
        self._wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises
        ------
        subprocess.TimeoutExpired
        """
        self._wait(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("kernel", timeout)
        return self.returncode

    def _wait(self, seconds: float | None) -> None:
        if self.returncode is not None:
            return
        watch = select.poll()
        watch.register(self._handle, select.POLLIN)
        if watch.poll(None if seconds is None else 1000 * seconds):
            self.returncode = 1
            os.close(self._handle)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """Kill it and everything inside, without waiting."""
        self.send_signal(signal.SIGKILL)
