"""The fork server inside the sandbox: everything is imported once, then a fork becomes a kernel.

Started by :mod:`lobsim.course.fork_server` through bubblewrap. It runs no learner's code, knows no
key and no submission: it only forks. Each fork leaves for namespaces of its own, with empty scratch
folders, before it is told what it is for, and is then the same program as a kernel that was
started cold (:mod:`lobsim.course.kernel_main`).

    grader                       zygote            first process         kernel
      | -- b"f" + two files ------> | -- forks ------> |
      | <------------ who I am (credentials) ---------- | leaves
      | --- what to do (JSON), by the first file -----> | furnishes, forks -> |
      | <---------------------- b"k" ------------------ | waits for its end   | drops rights, runs
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import io
import json
import os
import shutil
import signal
import socket
import struct
import sys
import threading

from lobsim.course import kernel_main, namespaces

KERNELS = "/run/kernels"  # the folders of sockets of all kernels of one server
SOCKETS = "/run/lobsim"  # what a kernel sees of it: its own
READY, FORK, MADE = b"r", b"f", b"k"
_LENGTH = struct.Struct("!I")

# What lessons use from their first cell on, and what a kernel itself needs. Not the inline backend
# of matplotlib: when it is imported it ties itself to the running IPython, which a fork has and the
# server has not.
_IMPORTS = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "IPython.core.pylabtools",
    "IPython.display",
    "numpy", "pandas", "pandas.io.formats.style", "matplotlib.pyplot",
    "matplotlib.backends.backend_agg", "numba",
    "lobsim", "lobsim.analytics", "lobsim.data", "lobsim.engine", "lobsim.market", "lobsim.plots",
    "lobsim.strategies", "lobsim.course.notebook_check", "lobsim.course.remote",
    "lobsim.course.closed_calls",
)


def preload() -> None:
    """Import what kernels will want and load what is compiled."""
    from lobsim.course.quick_jupyter import quick_jupyter

    quick_jupyter()
    # pandas imports pyarrow if it can, which starts threads, and no process with threads is forked.
    # It is hidden from pandas until then, and from no fork.
    sys.modules.setdefault("pyarrow", None)
    for name in _IMPORTS:
        if importlib.util.find_spec(name.partition(".")[0]) is not None:
            importlib.import_module(name)
    from lobsim.engine import jit

    jit.warm_up()
    _rehearse()
    if sys.modules["pyarrow"] is None:
        del sys.modules["pyarrow"]
    gc.collect()
    gc.freeze()  # the collector of a fork leaves these pages alone, so that they stay shared


def _rehearse() -> None:
    """Draw and print once: fonts and formatters are read in, and nothing is left behind."""
    import matplotlib
    import pandas
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        figure = Figure()
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.plot([1, 10, 100], [1.0, 2.0, 3.0], marker="o", label="rehearsal")
        axes.set(xscale="log", xlabel="time (s)", ylabel="price ($)", title="rehearsal")
        axes.legend()
        figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    frame.to_string()
    frame.style.hide().to_html()


def shared_with_forks() -> list[str]:
    """What forks would share with each other: threads cannot be copied, shared memory is one.

    Returns
    -------
    list of str
        Empty when it is safe to fork.
    """
    found = [f"thread {t.name}" for t in threading.enumerate() if t is not threading.main_thread()]
    if len(os.listdir("/proc/self/task")) > 1:
        found.append("a thread that Python does not know")
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            rights = line.split()[1]
            if rights[1] == "w" and rights[3] == "s":
                found.append(f"writable shared memory {line.split()[-1]}")
    return found


def serve(line: socket.socket) -> None:
    """Fork whenever the grader asks, until it hangs up."""
    while True:
        asked, files, _, _ = socket.recv_fds(line, 1, 2)
        if asked != FORK or len(files) != 2:
            return  # the grader has gone
        pid = os.fork()
        if pid == 0:
            _leave(line, *files)
        for file in files:
            os.close(file)
        os.waitpid(pid, 0)


def _leave(line: socket.socket, control: int, errors: int) -> None:
    """In the fork: leave the namespaces, start their first process, and end."""
    status = 1
    try:
        os.dup2(errors, 2)
        line.close()
        namespaces.leave()
        if os.fork() == 0:
            status = _first_process(socket.socket(fileno=control))
        else:
            status = 0
    except BaseException as error:
        _complain(error)
    finally:
        os._exit(status)


def _complain(error: BaseException) -> None:
    os.write(2, f"{type(error).__name__}: {error}\n".encode())


def _first_process(control: socket.socket) -> int:
    """Process 1 inside: furnish the place, start the kernel, bury the dead, end with the kernel."""
    # As process 1 it is spared by all signals that it does not handle.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    control.sendall(READY)
    spec = _receive(control)
    namespaces.furnish(sockets=(f"{KERNELS}/{spec['folder']}", SOCKETS), hidden=[KERNELS],
                       **spec["place"])
    kernel = os.fork()
    if kernel == 0:
        _kernel(control, spec)
    namespaces.keep_memory_private()
    control.sendall(MADE)
    namespaces.forgo_new_rights()
    namespaces.drop_capabilities()
    os.closerange(0, 65536)
    while True:
        pid, status = os.wait()
        if pid == kernel:
            return os.waitstatus_to_exitcode(status) & 0xFF


def _receive(control: socket.socket) -> dict:
    with control.makefile("rb") as file:
        size = _LENGTH.unpack(file.read(_LENGTH.size))[0]
        return json.loads(file.read(size))


def _kernel(control: socket.socket, spec: dict) -> None:
    """Become the kernel: nothing open but an end for last words, no rights, chance of its own."""
    status = 1
    try:
        control.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.closerange(3, 65536)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        namespaces.forgo_new_rights()
        if os.getuid():
            namespaces.drop_capabilities()  # root needs them until it becomes somebody else
        _new_chance()
        sys.argv = [kernel_main.__file__]
        kernel_main.main(spec["kernel"])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException as error:
        _complain(error)
    finally:
        os._exit(status)


def _new_chance() -> None:
    """Generators that seeded themselves when they were imported do so again.

    The module `random` does by itself in every fork.
    """
    import numpy
    from numba import _helperlib

    numpy.random.seed()
    for state in (_helperlib.rnd_get_np_state_ptr(), _helperlib.rnd_get_py_state_ptr()):
        _helperlib.rnd_seed(state, int.from_bytes(os.urandom(4), "little"))


def main() -> None:
    """Import, tell the grader that all is ready (or why not), and serve."""
    line = socket.socket(fileno=os.dup(0))
    spec = json.loads(sys.argv[1])
    kernel_main.fill_scratch(links=spec["links"])
    preload()
    for _, folder in spec["links"]:
        shutil.rmtree(folder, ignore_errors=True)  # loaded; every fork has its own
    shared = shared_with_forks()
    if shared:
        raise SystemExit(f"a fork would share {', '.join(shared)}")
    line.sendall(READY)
    serve(line)


if __name__ == "__main__":
    main()
