"""The sandbox: bubblewrap around the kernel. What is not bound here does not exist inside.

Inside there is no network, no other process, no home, no course but the lesson's own files and the
course's data, and nothing that can be written except three folders in memory, thrown away at the
end. The system, Python and the `lobsim` package are there read-only.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from lobsim.course import fork_server, warmth, zygote
from lobsim.course.kernel import Launch
from lobsim.course.limits import Limits

HOME = "/home/learner"
WORK = f"{HOME}/work"
COURSE = "/course"  # what LOBSIM_COURSE says inside; holds data/ and nothing else
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
        "/etc/fonts", "/etc/localtime", "/etc/mime.types")
_NEVER_COPIED = {"checks.py", "__pycache__"}
# Not -I: it would ignore PYTHONHASHSEED, and the order of a set would differ from run to run. The
# environment inside is all ours.
_ISOLATED = ("-P", "-s", "-m")
_WARM = "/run/warm"
_FILLING = ("CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_DAC_READ_SEARCH")
_SHUTTING_IN = ("CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SETPCAP")
_FIRST_UID = 1_300_000_000
_runs = itertools.count()


@functools.lru_cache(maxsize=1)
def available() -> tuple[bool, str]:
    """Whether submissions can be shut in on this machine, tried out once.

    Returns
    -------
    (bool, str)
        False comes with one sentence that says what is missing and what helps.
    """
    if sys.platform != "linux":
        return False, ("the sandbox needs Linux; on macOS and Windows grade inside a Linux virtual "
                       "machine or container")
    if shutil.which("bwrap") is None:
        return False, ("the program bwrap (package bubblewrap) is not installed; install it with "
                       "the system's package manager")
    spec = {"probe": True, **_rights(Limits())}
    argv = bwrap_argv([sys.executable, *_ISOLATED, "lobsim.course.kernel_main", json.dumps(spec)],
                      limits=Limits())
    try:
        done = subprocess.run(argv, env={}, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, f"bwrap could not be run ({type(error).__name__})"
    if done.returncode or not done.stdout.startswith("ready"):
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1][:200]
        return False, f"bwrap is installed but cannot shut a process in on this machine: {said}"
    return True, "ready"


def launch(files_dir: Path | None, course_root: Path | None, limits: Limits,
           secrets: Iterable[Path] = ()) -> Launch:
    """How to start a kernel inside the sandbox.

    Parameters
    ----------
    files_dir : the lesson's folder; its files except notebooks and ``checks.py`` are copied into
        the working folder inside. Trusted: the instructor's copy, never the submission's.
    course_root : its ``data/`` is bound read-only.
    secrets : folders that must stay invisible even where they lie inside a folder that is bound
        (a course below ``/usr`` or inside the Python environment).
    """
    warm = warmth.warm_folder()
    uid_slot = next(_runs)
    around = {"limits": limits, "files_dir": files_dir, "course_root": course_root, "warm": warm,
              "secrets": tuple(secrets)}

    def spec(addresses: dict[str, str], key: str) -> dict:
        inside = {name: f"ipc://{zygote.SOCKETS}/{name}" for name in addresses}
        return {"addresses": inside, "key": key, "cwd": WORK,
                "copies": [["/run/lesson", WORK]], "links": [[_WARM, f"{HOME}/.cache"]],
                **_rights(limits, uid_slot)}

    def command(addresses: dict[str, str], key: str, socket_dir: Path | None) -> list[str]:
        if socket_dir is None:
            raise RuntimeError("the sandbox needs Unix sockets")
        return bwrap_argv(
            [sys.executable, *_ISOLATED, "lobsim.course.kernel_main",
             json.dumps(spec(addresses, key))], socket_dir=socket_dir, **around)

    def server() -> Server | None:
        running = fork_server.server(_kind(around), lambda folder: _server_argv(around, folder))
        return None if running is None else Server(running, spec, limits)

    # bwrap itself gets no environment: what it had could be read inside as /proc/1/environ.
    return Launch(command, {}, cwd="/", wrapped=True, server=server)


class Server:
    """A fork server, and what is to become of its forks."""

    def __init__(self, running: fork_server.ForkServer,
                 spec: Callable[[dict[str, str], str], dict], limits: Limits):
        self._running = running
        self._spec = spec
        self._limits = limits

    def new_folder(self) -> Path:
        """Folder for the sockets of one kernel."""
        return self._running.new_folder()

    def fork(self, addresses: dict[str, str], key: str,
             socket_dir: Path) -> fork_server.Forked | None:
        """A kernel's process, shut in as `bwrap_argv` would; None where that fails."""
        place = {"scratch": ["/dev/shm", "/tmp", HOME], "size_bytes": self._limits.scratch_bytes,
                 "folders": [WORK, f"{HOME}/.cache"]}
        return self._running.fork(socket_dir, self._spec(addresses, key), place)


def _server_argv(around: dict, folder: Path) -> list[str]:
    spec = {"links": [[_WARM, f"{HOME}/.cache"]]}
    argv = [sys.executable, *_ISOLATED, "lobsim.course.zygote", json.dumps(spec)]
    return bwrap_argv(argv, forks_dir=folder, **around)


def _kind(around: dict) -> tuple:
    """What a server's sandbox is made of: another one is needed when a lesson's file changes."""
    files = [] if around["files_dir"] is None else lesson_files(around["files_dir"])
    stats = [os.stat(file) for file, _ in files]
    return (*_server_argv(around, Path()),
            *[(about.st_ino, about.st_size, about.st_mtime_ns) for about in stats])


def _rights(limits: Limits, slot: int = 0) -> dict:
    """User id and limits inside.

    As root every run gets a user id of its own, so that one run's processes neither count against
    another's nor can touch them. As an ordinary user the process limit is set above what the user
    runs already, because older kernels count across sandboxes.
    """
    if os.getuid() == 0:
        uid = _FIRST_UID + (os.getpid() % 4_000_000) * 100 + slot % 100
        return {"uid": uid, "own": ["/tmp", HOME, "/dev/shm"], "close_calls": True,
                "limits": limits.rlimits(count_processes=True)}
    return {"close_calls": True,
            "limits": limits.rlimits(count_processes=True, already=_tasks_of(os.getuid()))}


def _tasks_of(uid: int) -> int:
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid == uid:
                count += len(os.listdir(folder / "task"))
        except OSError:
            continue
    return count


def bwrap_argv(argv: list[str], *, limits: Limits, files_dir: Path | None = None,
               course_root: Path | None = None, warm: Path | None = None,
               socket_dir: Path | None = None, forks_dir: Path | None = None,
               secrets: Iterable[Path] = ()) -> list[str]:
    """The bwrap command line around `argv`; see `launch` for the parameters.

    With `forks_dir` it is for a fork server, which keeps the rights to shut its forks in.
    """
    size = str(limits.scratch_bytes)
    line = [shutil.which("bwrap") or "bwrap", "--unshare-net", "--unshare-pid", "--unshare-ipc",
            "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
            "--hostname", "sandbox"]
    if os.getuid() == 0:
        # Enough to fill the scratch folders and to become somebody without rights.
        line += ["--cap-drop", "ALL"]
        for right in _FILLING + (_SHUTTING_IN if forks_dir is not None else ()):
            line += ["--cap-add", right]
    else:
        line += ["--unshare-user"]
    line += ["--clearenv"]
    for name, value in _environment().items():
        line += ["--setenv", name, value]
    # Scratch first: Python itself may live below /tmp or a home and is bound over it.
    line += ["--proc", "/proc", "--dev", "/dev", "--size", size, "--tmpfs", "/dev/shm",
             "--remount-ro", "/dev", "--size", size, "--tmpfs", "/tmp",
             "--size", size, "--tmpfs", HOME, "--dir", WORK, "--dir", f"{HOME}/.cache",
             "--dir", COURSE, "--dir", "/run", "--dir", "/run/lesson"]
    line += _system_binds(secrets)
    if course_root is not None and (Path(course_root) / "data").is_dir():
        line += ["--ro-bind", str((Path(course_root) / "data").resolve()), f"{COURSE}/data"]
    for file, relative in lesson_files(files_dir) if files_dir is not None else ():
        for parent in list(Path(relative).parents)[-2::-1]:
            line += ["--dir", f"/run/lesson/{parent}"]
        line += ["--ro-bind", str(file), f"/run/lesson/{relative}"]
    if warm is not None:
        line += ["--ro-bind", str(warm), _WARM]
    if socket_dir is not None:
        line += ["--ro-bind", str(socket_dir), zygote.SOCKETS]
    if forks_dir is not None:
        line += ["--dir", zygote.SOCKETS, "--ro-bind", str(forks_dir), zygote.KERNELS]
    return [*line, "--remount-ro", "/", "--chdir", "/", "--", *argv]


def _environment() -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME, "USER": "learner", "LOGNAME": "learner", "LANG": "C.UTF-8",
        "TMPDIR": "/tmp", "LOBSIM_COURSE": COURSE, "LOBSIM_SANDBOX": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": f"{HOME}/.cache/matplotlib", "IPYTHONDIR": f"{HOME}/.ipython",
        "JUPYTER_PLATFORM_DIRS": "1", "XDG_CACHE_HOME": f"{HOME}/.cache",
        "NUMBA_CACHE_DIR": f"{HOME}/.cache/numba",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
        "NUMBA_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0",
        "TZ": os.environ.get("TZ", ""),
    }


def _system_binds(secrets: Iterable[Path]) -> list[str]:
    """Read-only binds of system, Python and package; secrets inside them are covered.

    Binds and covers are laid from the outside inwards, so that a package inside a covered folder
    shows again and nothing else in that folder does.
    """
    layers: dict[str, list[str]] = {}
    links: list[str] = []
    for place in _SYSTEM:
        path = Path(place)
        if path.is_symlink():
            links += ["--symlink", os.readlink(path), place]
        elif path.is_dir():
            layers[place] = ["--ro-bind", place, place]
    for place in _ETC:
        if os.path.exists(place):
            layers[place] = ["--ro-bind", os.path.realpath(place), place]
    for path in _python_folders():
        layers[str(path)] = ["--ro-bind", str(path), str(path)]
    bound = [Path(place) for place in layers]
    for secret in {Path(s).resolve() for s in secrets}:
        inside = any(place != secret and place in secret.parents for place in bound)
        if inside and str(secret) not in layers and secret.is_dir():
            layers[str(secret)] = ["--tmpfs", str(secret)]
    ordered = sorted(layers, key=lambda place: place.count("/"))
    # bwrap makes missing parents for root's eyes only, and the kernel is not root.
    parents = {str(parent) for place in ordered for parent in list(Path(place).parents)[:-1]}
    dirs = [word for parent in sorted(parents) for word in ("--dir", parent)]
    return links + dirs + [word for place in ordered for word in layers[place]]


def _python_folders() -> set[Path]:
    """Folders that Python and lobsim need.

    Of an editable installation only the package's own folder is bound: the solutions, the tests
    and the gradebook beside it stay outside.
    """
    import lobsim

    wanted = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix),
              Path(lobsim.__file__).resolve().parent,
              Path(os.path.realpath(sys.executable)).parent.parent}
    for entry in sys.path:
        path = Path(entry)
        if path.name in ("site-packages", "dist-packages", "lib-dynload"):
            wanted.add(path)
    wanted |= {path.resolve() for path in wanted}
    forbidden = {Path("/"), Path.home(), Path("/home"), Path("/root"), Path("/tmp")}
    return {path for path in wanted if path.is_dir() and path not in forbidden}


def lesson_files(files_dir: Path) -> list[tuple[Path, str]]:
    """The lesson's own files that a notebook may open: (file, name inside)."""
    found = []
    for folder, names, files in os.walk(files_dir):
        names[:] = sorted(n for n in names if not n.startswith(".") and n not in _NEVER_COPIED)
        for name in sorted(files):
            path = Path(folder) / name
            if (name.endswith((".ipynb", ".pyc")) or name in _NEVER_COPIED or name.startswith(".")
                    or path.is_symlink() or not path.is_file()):
                continue
            found.append((path.resolve(), str(path.relative_to(files_dir))))
    return found


def copy_lesson_files(files_dir: Path, target: Path) -> None:
    """Copy what `lesson_files` names, for a run without sandbox."""
    for file, relative in lesson_files(Path(files_dir)):
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target / relative)
