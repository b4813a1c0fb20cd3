"""The process that holds a learner's code: take on the limits, drop all rights, start IPython.

Started by :mod:`lobsim.course.kernel` as ``python -P -s -m lobsim.course.kernel_main SPEC``; SPEC
is a JSON object. Inside a sandbox the process begins with just enough rights to fill its scratch
folders and to become an ordinary user; it gives them up before anything of the learner is read.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path


def take_limits(limits: dict[str, list[int]]) -> None:
    """Set resource limits, soft and hard, so that they cannot be raised again."""
    try:
        import resource
    except ImportError:  # Windows has none; the time limits of the grader still hold there.
        return
    for name, value in limits.items():
        which = getattr(resource, name, None)
        if which is None:
            continue
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))


def fill_scratch(copies: Iterable[list[str]] = (), links: Iterable[list[str]] = ()) -> None:
    """Furnish the writable scratch from read-only folders, given as pairs (source, target).

    The lesson's files are copied. Of the warm caches only the folders are new, with links to the
    files in them: Numba and matplotlib write a file anew in place of a link, never through it.
    """
    for pairs, bring in ((copies, shutil.copyfile), (links, os.symlink)):
        for source, target in pairs:
            if Path(source).is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True,
                                copy_function=lambda a, b, bring=bring: bring(a, b))


def become(uid: int, own: list[str]) -> None:
    """Hand the scratch folders to user `uid` and turn into that user for good (root only)."""
    for top in own:
        device = os.stat(top).st_dev
        for folder, names, files in os.walk(top):
            # Read-only binds (Python itself may live below /tmp) are not ours to hand over.
            names[:] = [n for n in names if os.lstat(os.path.join(folder, n)).st_dev == device]
            os.chown(folder, uid, uid)
            for name in files:
                os.chown(os.path.join(folder, name), uid, uid, follow_symlinks=False)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def end_with(parent: int) -> None:
    """Let the system kill this process when the grader ends, even if that was killed (Linux).

    A sandbox sees to it by itself; a process without one would go on for as long as it likes, and
    a compiled loop lets no thread of Python look after it.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes
    import signal

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, prctl(2)
    if os.getppid() != parent:  # it ended before we could ask
        os._exit(1)


def kernel_app(addresses: dict[str, str], key: str):
    """An IPython kernel which *connects* to the grader's sockets instead of opening its own.

    So the sandbox needs no folder that both sides can write, and nothing inside can put a link
    in the place of a socket.
    """
    from ipykernel.kernelapp import IPKernelApp

    class ConnectingKernel(IPKernelApp):
        def init_connection_file(self):
            self.session.key = key.encode()

        def write_connection_file(self, **_):
            pass

        def log_connection_info(self):
            self._ports = {}

        def cleanup_connection_file(self):
            pass

        def init_heartbeat(self):
            # The grader sees the process itself, so it needs no heartbeat.
            pass

        def _bind_socket(self, s, port):
            if s is self.control_socket:
                s.connect(addresses["control"])
            elif s not in (self.shell_socket, self.stdin_socket):
                s.sndhwm = 100_000  # a burst of small outputs must not lose the end of the cell
                s.connect(addresses["iopub"])
            return 0

        def init_sockets(self):
            super().init_sockets()
            # Last of all: ipykernel's debugger socket would follow shell's address otherwise
            # and take every second request.
            self.shell_socket.connect(addresses["shell"])

    return ConnectingKernel.instance()


def main(spec: dict) -> None:
    """Prepare the process as `spec` says, then run the kernel until it is told to stop."""
    if spec.get("parent") is not None:
        end_with(spec["parent"])
    fill_scratch(spec.get("copies", []), spec.get("links", []))
    take_limits(spec.get("limits", {}))
    if spec.get("uid") is not None:
        become(spec["uid"], spec.get("own", []))
    if spec.get("cwd"):
        os.chdir(spec["cwd"])
        sys.path.append(spec["cwd"])  # last of all: a lesson's own modules hide no package
    if spec.get("close_calls"):
        from lobsim.course.closed_calls import close_calls

        close_calls()
    if spec.get("probe"):
        import lobsim
        import lobsim.course.quick_jupyter  # noqa: F401  (is the package readable without rights?)

        sys.stdout.write(f"ready {lobsim.__version__}\n")
        return
    from lobsim.course.quick_jupyter import quick_jupyter

    quick_jupyter()
    app = kernel_app(spec["addresses"], spec["key"])
    # No history file, no start-up scripts: two students' runs must not differ by what lies around.
    app.initialize(["--HistoryManager.enabled=False", "--IPKernelApp.log_level=50"])
    app.start()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
