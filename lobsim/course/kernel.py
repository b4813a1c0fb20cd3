"""The grader's end of one kernel: start it, run cells, ask for values, end it and all it started.

Nothing that arrives is believed to be well-formed: whoever wrote the notebook may also write the
messages. Messages are bounded in size, checked in shape, and only ever become outputs or values.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobsim.course.group_memory import GroupMemory
from lobsim.course.limits import Limits
from lobsim.course.outputs import OutputBox
from lobsim.course.quick_jupyter import quick_jupyter

_ASK = "__import__('lobsim.course.remote', fromlist=['answer']).answer()"
_TICK_S = 0.2  # how often a waiting grader looks whether the process still lives


class KernelGone(Exception):
    """The process ended or had to be ended; the text says which, in words for the learner.

    ``outputs`` are those that arrived from the deadly cell before.
    """

    outputs: list[dict] = []
    left_out: list[str] = []


class KernelStartError(RuntimeError):
    """The kernel never answered: a fault of the installation, not of the submission."""


@dataclass
class CellRun:
    """What became of one cell.

    ``status`` is "ok", "error" (an exception of the learner's code) or "timeout" (interrupted);
    ``left_out`` says in clauses which outputs were more than is kept.
    """

    status: str = "ok"
    outputs: list[dict] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    execution_count: int | None = None


@dataclass(frozen=True)
class Launch:
    """How to start the process: made by `sandbox.launch` or `plain_launch`.

    ``command(addresses, key, socket_dir)`` gives argv; `socket_dir` is None where TCP is used.
    `wrapped` says that the process only holds the kernel's process (bwrap).
    `server()` gives the fork server that can start it faster (`sandbox.Server`), or None.
    """

    command: Callable[[dict[str, str], str, Path | None], list[str]]
    environment: dict[str, str]
    cwd: str | None = None
    interrupt_by_signal: bool = False
    wrapped: bool = False
    server: Callable[[], Any] = lambda: None
    cleanup: Callable[[], None] = lambda: None


class Kernel:
    """One running kernel. Use as a context manager; afterwards nothing it started is alive."""

    def __init__(self, launch: Launch, limits: Limits):
        self.launch = launch
        self.limits = limits
        self._process: subprocess.Popen | None = None
        self._folder: Path | None = None
        self._memory: GroupMemory | None = None

    def __enter__(self) -> Kernel:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ------------------------------------------------------------------ life and death

    def start(self) -> None:
        """Start the process and wait until it answers.

        Raises
        ------
        KernelStartError
            It does not answer within ``limits.start_s``; the text holds its last words.
        """
        quick_jupyter()
        import zmq
        from jupyter_client.session import Session

        self._session = Session(key=os.urandom(32).hex().encode())
        # Every message is signed; a replayed one is only a repeated value. Keeping all digests
        # would cost memory for nothing.
        self._session.digest_history_size = 1000
        self._context = zmq.Context()
        server = self.launch.server()
        addresses = self._open_sockets(zmq, server)
        self._process = self._start_process(addresses, server)
        try:
            self._wait_until_ready()
            self._memory = GroupMemory(self._process.pid, self.limits, scratch=self.launch.wrapped)
        except BaseException:
            self.stop()
            raise

    def _start_process(self, addresses: dict[str, str], server: Any) -> Any:
        key = self._session.key.decode()
        if server is not None:
            forked = server.fork(addresses, key, self._folder)
            if forked is not None:
                return forked
        argv = self.launch.command(addresses, key, self._folder)
        return subprocess.Popen(
            argv, env=self.launch.environment, cwd=self.launch.cwd, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)

    def _open_sockets(self, zmq: Any, server: Any) -> dict[str, str]:
        use_ipc = os.name == "posix"
        if use_ipc:
            # Two levels: the outer keeps other users of this machine out, the inner is what the
            # process inside (another user id) may walk into.
            outer = server.new_folder() if server else _own_folder(_short_folder())
            self._folder = outer / "s"
            self._folder.mkdir()
            self._folder.chmod(0o755)
        addresses = {}
        kinds = {"shell": zmq.DEALER, "control": zmq.DEALER, "iopub": zmq.SUB}
        for name, kind in kinds.items():
            socket = self._context.socket(kind)
            socket.linger = 0
            socket.setsockopt(zmq.MAXMSGSIZE, self.limits.wire_bytes)
            socket.rcvhwm = 50  # messages; with the size of one this bounds the grader's memory
            socket.sndtimeo = 50  # milliseconds; without a kernel at the other end a send blocks
            if name == "iopub":
                socket.subscribe(b"")
            if use_ipc:
                socket.bind(f"ipc://{self._folder / name}")
                (self._folder / name).chmod(0o666)
            else:
                socket.bind_to_random_port("tcp://127.0.0.1")
            addresses[name] = socket.getsockopt(zmq.LAST_ENDPOINT).decode()
            setattr(self, f"_{name}", socket)
        self._poller = zmq.Poller()
        self._poller.register(self._shell, zmq.POLLIN)
        self._poller.register(self._iopub, zmq.POLLIN)
        return addresses

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.limits.start_s
        heard_iopub = heard_shell = False
        next_knock = 0.0
        while not (heard_iopub and heard_shell):
            now = time.monotonic()
            if now > deadline or self._process.poll() is not None:
                raise KernelStartError(self._last_words())
            if now >= next_knock:
                knocked = self._send(self._shell, "kernel_info_request", {})
                next_knock = now + (0.3 if heard_shell or not knocked else 5.0)
            for channel, message in self._receive(0.05):
                heard_iopub |= channel == "iopub"
                heard_shell |= channel == "shell"

    def _last_words(self) -> str:
        said = b""
        if self._process.poll() is not None:
            said = self._process.stderr.read(4000) or b""
        text = said.decode(errors="replace").strip()
        return ("the kernel for the submission did not start"
                + (f": {text.splitlines()[-1]}" if text else
                   f" within {self.limits.start_s:g} s"))

    @property
    def alive(self) -> bool:
        """Whether the process can still be asked."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End the process and everything it started; give back sockets and folders."""
        process, self._process = self._process, None
        if process is not None:
            _kill_tree(process, self.launch.wrapped)
            process.stderr.close()
        if self._memory is not None:
            self._memory.close()
            self._memory = None
        if getattr(self, "_context", None) is not None:
            self._context.destroy(linger=0)
            self._context = None
        if self._folder is not None:
            shutil.rmtree(self._folder.parent, ignore_errors=True)
            self._folder = None
        self.launch.cleanup()

    def _end(self, why: str) -> KernelGone:
        self.stop()
        return KernelGone(why)

    # ------------------------------------------------------------------ work

    def run_cell(self, source: str, seconds: float, room_bytes: int) -> CellRun:
        """Run a learner's cell.

        Parameters
        ----------
        seconds : time allowed; then the cell is interrupted, and the kernel ended if it goes on.
        room_bytes : bytes of output that may still be kept in this notebook.

        Raises
        ------
        KernelGone
            The kernel died of this cell, or had to be killed.
        """
        box = OutputBox(self.limits, room_bytes)
        content = {"code": source, "silent": False, "store_history": True,
                   "user_expressions": {}, "allow_stdin": False, "stop_on_error": False}
        try:
            reply, interrupted = self._execute(content, seconds, box.take)
        except KernelGone as gone:
            gone.outputs, gone.left_out = box.finish(), box.left_out
            raise
        run = CellRun(outputs=box.finish(), left_out=box.left_out)
        count = reply.get("execution_count")
        run.execution_count = count if type(count) is int else None
        if interrupted:
            run.status = "timeout"
        elif reply.get("status") != "ok":
            run.status = "error"
        return run

    def ask(self, request: dict, seconds: float) -> Any:
        """Send a request to `lobsim.course.remote`; whatever is printed meanwhile is thrown away.

        Returns
        -------
        The outcome in wire form, unchecked; None where none came back.

        Raises
        ------
        TimeoutError
            It was interrupted after `seconds`; the kernel lives on.
        KernelGone
            The kernel died of this request, or had to be killed.
        """
        request = {**request, "limit": int(self.limits.wire_bytes * 0.8)}
        content = {"code": _ASK, "silent": True, "store_history": False, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": False, "lobsim": request}
        reply, interrupted = self._execute(content, seconds, None)
        if interrupted:
            raise TimeoutError(f"longer than {seconds:g} s")
        payload = reply.get("payload")
        for item in payload if type(payload) is list else []:
            if type(item) is dict and item.get("source") == "lobsim":
                return item.get("outcome")
        return None

    def _execute(self, content: dict, seconds: float,
                 take: Callable[[str, dict], None] | None) -> tuple[dict, bool]:
        """Send an execute request; hand outputs to `take`; return the reply and whether it was
        interrupted."""
        if not self.alive:
            raise self._end("it had ended the Python process")
        sent = self._send(self._shell, "execute_request", content)
        if sent is None:
            raise self._end("it cut the line to the grader")
        wanted = sent["header"]["msg_id"]
        deadline = time.monotonic() + seconds
        reply, idle, interrupted = None, False, False
        idle_deadline = None
        while True:
            now = time.monotonic()
            if reply is not None and (idle or now > idle_deadline):
                return reply, interrupted
            if reply is None and now > deadline:
                if interrupted:
                    raise self._end("it did not stop when its time was over")
                interrupted, deadline = True, now + self.limits.grace_s
                self._interrupt()
            # Outputs that are still under way count even when the process is gone already.
            alive = self.alive
            for channel, message in self._receive(_TICK_S):
                if message["parent_header"].get("msg_id") != wanted:
                    continue
                kind, body = message["msg_type"], message["content"]
                if channel == "shell" and kind == "execute_reply":
                    reply, idle_deadline = body, time.monotonic() + 2.0
                elif channel == "iopub" and kind == "status":
                    idle |= body.get("execution_state") == "idle"
                elif channel == "iopub" and take is not None:
                    take(kind, body)
            if (too_much := self._memory.exceeded()) is not None:
                raise self._end(f"it {too_much}")
            if not alive:
                raise self._end("it ended the Python process")

    def _send(self, socket: Any, kind: str, content: dict) -> dict | None:
        """Send a message; None where nobody is at the other end."""
        import zmq

        try:
            return self._session.send(socket, kind, content)
        except zmq.Again:
            return None

    def _receive(self, seconds: float) -> list[tuple[str, dict]]:
        """Messages now waiting, at most a few dozen so that the caller can look at the clock."""
        import zmq

        found: list[tuple[str, dict]] = []
        ready = dict(self._poller.poll(seconds * 1000))
        for name in ("iopub", "shell"):
            socket = getattr(self, f"_{name}")
            if socket not in ready:
                continue
            for _ in range(50):
                try:
                    frames = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.ZMQError:
                    break
                message = self._read(frames)
                if message is not None:
                    found.append((name, message))
        return found

    def _read(self, frames: list[bytes]) -> dict | None:
        """A message of the expected shape, or None."""
        if sum(map(len, frames)) > self.limits.wire_bytes:
            return None
        try:
            _, frames = self._session.feed_identities(frames)
            message = self._session.deserialize(frames, content=True)
        except Exception:  # forged or broken: as if it had not been sent
            return None
        good = (isinstance(message.get("parent_header"), dict)
                and isinstance(message.get("content"), dict)
                and type(message.get("msg_type")) is str)
        return message if good else None

    def _interrupt(self) -> None:
        if self.launch.interrupt_by_signal:
            with contextlib.suppress(OSError):
                self._process.send_signal(signal.SIGINT)
        else:
            self._send(self._control, "interrupt_request", {})


def _own_folder(base: str | None) -> Path:
    """A new folder for this process; those of processes that were killed are cleared away."""
    _sweep(Path(base or tempfile.gettempdir()))
    return Path(tempfile.mkdtemp(prefix=f"lobsim-kernel-{os.getpid()}-", dir=base))


@functools.lru_cache(maxsize=4)  # once per process and place
def _sweep(base: Path) -> None:
    for folder in base.glob("lobsim-kernel-*-*"):
        pid = folder.name.split("-")[2]
        if pid.isdigit() and not _runs(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)


def _short_folder() -> str | None:
    """A folder for sockets whose name is short: the system allows about 100 characters."""
    return "/tmp" if len(tempfile.gettempdir()) > 40 and os.path.isdir("/tmp") else None


def _kill_tree(process: subprocess.Popen, wrapped: bool) -> None:
    """Kill the process, its group and all its descendants, and see them gone.

    A `wrapped` process (bwrap) ends by itself when what it holds has ended, and takes the remains
    away; killed before its child it would leave them to the system.
    """
    import psutil

    descendants = []
    with contextlib.suppress(psutil.Error):
        descendants = psutil.Process(process.pid).children(recursive=True)
    for child in descendants:
        with contextlib.suppress(psutil.Error):
            child.kill()
    if wrapped and descendants:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=2)
    if process.poll() is None:
        if os.name == "posix":
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            process.kill()
    process.wait()
    # The system takes a namespace down after its first process has gone, not with it.
    deadline = time.monotonic() + 5
    while any(map(_lives, descendants)) and time.monotonic() < deadline:
        time.sleep(0.005)


def _lives(process: Any) -> bool:
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def plain_launch(files_dir: Path | None, course_root: Path | None, limits: Limits) -> Launch:
    """Start the kernel as an ordinary process of this user: for own work, not for strangers'.

    The working folder is a scratch copy of the lesson's files, thrown away afterwards.
    """
    from lobsim.course.sandbox import copy_lesson_files

    scratch = str(_own_folder(None))
    if files_dir is not None:
        copy_lesson_files(files_dir, Path(scratch))
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("NBGRADER_", "JPY_"))}
    environment.update(MPLBACKEND="module://matplotlib_inline.backend_inline",
                       OMP_NUM_THREADS="1", PYTHONHASHSEED="0")
    if course_root is not None:
        environment["LOBSIM_COURSE"] = str(course_root)

    def command(addresses: dict[str, str], key: str, _: Path | None) -> list[str]:
        spec = {"addresses": addresses, "key": key, "cwd": scratch, "parent": os.getpid(),
                "limits": limits.rlimits(count_processes=False)}
        return [sys.executable, "-m", "lobsim.course.kernel_main", json.dumps(spec)]

    return Launch(command, environment, cwd=scratch, interrupt_by_signal=os.name != "posix",
                  cleanup=lambda: shutil.rmtree(scratch, ignore_errors=True))
