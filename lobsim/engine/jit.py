"""Compilation for the whole kit: one decorator, a cache that cannot go stale, a progress line.

Numba caches each compiled function beside the hash of *its own* source file. A caller into
which an older callee was inlined is therefore served stale after the callee's file changes,
even in a new process. Here the cache lives in a folder whose name is a hash of all sources
that a kernel may depend on, so that any edit opens a new folder and the old ones are pruned.

Where the cache is: ``$NUMBA_CACHE_DIR/lobsim-<hash>`` if that variable is set, else
``<user cache>/lobsim/numba/lobsim-<hash>``. Where nothing can be written, functions are
compiled in every process. With ``NUMBA_DISABLE_JIT=1`` the decorator returns the plain
function. ``LOBSIM_QUIET=1`` silences the progress line.
"""

import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numba
from numba.core import config, event

from .inner import SOURCE_ONLY

__all__ = ["njit", "register_warm_up", "warm_up", "cache_folder", "source_hash"]

PACKAGE = Path(__file__).resolve().parents[1]
KEPT_CACHES = 3  # folders of earlier source hashes that are kept, newest first
PRUNE_AGE_S = 86_400  # folders used within a day are never removed
DEPENDS = {"engine": ("engine",), "market": ("engine", "market"), "data": ("engine", "data"),
           "envs": ("engine", "market", "envs"), "orderflow_ai": ("engine", "orderflow_ai")}
UNCOMPILED_FLOORS = ("course", "cli", "plots")  # hold no kernel: folders, files, file_*.py
WHAT = {
    "engine": "the matching engine",
    "market": "the market simulator",
    "envs": "the environments",
    "bench": "the generator of messages",
    "orderflow_ai": "the tokens and the message model",
}
EXPECTED_S = {"engine": 10, "market": 40, "envs": 15, "bench": 5, "orderflow_ai": 25}
"""Processor seconds of a cold start, above the floors below; on a busy machine it takes longer."""

_warmers: dict[str, Callable[[], None]] = {}


def source_files(floor: str, package: Path = PACKAGE) -> list[Path]:
    """Sources that a kernel of `floor` may depend on, sorted.

    A floor imports only from floors below it, so the caches of `DEPENDS` survive edits elsewhere.
    Any other floor is keyed by all sources but those that hold no kernels.
    """
    if floor in DEPENDS:
        files = [path for name in DEPENDS[floor] for path in (package / name).rglob("*.py")]
        return sorted(path for path in files if floor != "market" or "calibrate" not in path.parts)
    return sorted(
        path
        for path in package.rglob("*.py")
        if re.split(r"[._]", path.relative_to(package).parts[0])[0] not in UNCOMPILED_FLOORS
    )


def source_hash(floor: str = "", package: Path = PACKAGE) -> str:
    """Hash of the contents and names of `source_files`, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in source_files(floor, package):
        content = path.read_bytes()
        name = path.relative_to(package).as_posix()
        digest.update(f"{name}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _cache_base() -> Path:
    """Folder that holds the caches of all versions; it need not exist."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lobsim" / "numba"


def _is_writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _prune(base: Path, keep: Path, floor: str) -> None:
    """Remove the caches of this floor that were not used lately, but for the newest few.

    A process that still runs an earlier version may yet write to its cache, so nothing used
    within `PRUNE_AGE_S` goes. Another process may be pruning at the same time.
    """
    def last_used(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except OSError:
            return 0.0

    others = [path for path in base.glob(f"lobsim-{floor or 'all'}-*") if path != keep]
    for path in sorted(others, key=last_used, reverse=True)[KEPT_CACHES:]:
        if time.time() - last_used(path) > PRUNE_AGE_S:
            shutil.rmtree(path, ignore_errors=True)


@cache
def cache_folder(floor: str = "") -> Path | None:
    """Cache folder of this version for kernels of `floor`, made if needed.

    Returns
    -------
    Path or None
        None where no folder can be made or written; kernels are then not cached.
    """
    try:
        base = _cache_base()
        floor_name = floor if floor in DEPENDS else ""
        folder = base / f"lobsim-{floor_name or 'all'}-{source_hash(floor_name)}"
        is_new = not folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_writable(folder):
            return None
        os.utime(folder)  # used now
        if is_new:
            _prune(base, folder, floor_name)
        return folder
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None


def _floor_of(module: str) -> str:
    parts = module.split(".")
    if parts[1:3] == ["market", "calibrate"]:  # above the simulator, though in its folder
        return "calibrate"
    return parts[1] if parts[0] == "lobsim" and len(parts) > 1 else ""


def njit(function: Callable | None = None, *, borrows: bool = False, inner: bool = False,
         **options):
    """``numba.njit`` for kernels of this package: cached by the hash of the sources.

    Parameters
    ----------
    function : callable
        The function, when used as a bare decorator.
    borrows : bool
        The kernel neither makes nor returns arrays, so it only borrows its arguments and
        needs no reference counting. Counting is atomic and hides behind every access to an
        array of a NamedTuple: without it the matching engine runs 7 times faster.
    inner : bool
        Only other kernels call it. It gets no entry for Python, and is optimised and turned into
        machine code within the kernels that call it, not by itself (`lobsim.engine.inner`).
    **options
        Passed to ``numba.njit`` (for example ``forceinline=True``, ``parallel=True``).

    Returns
    -------
    Dispatcher, or the function itself when ``NUMBA_DISABLE_JIT=1``.
    """
    if function is None:
        return lambda wrapped: njit(wrapped, borrows=borrows, inner=inner, **options)
    if config.DISABLE_JIT:
        return function
    if borrows:
        options["_nrt"] = False  # Numba's switch for its run-time (reference counts, new arrays)
    if inner:
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        if SOURCE_ONLY is not None:
            options["pipeline_class"] = SOURCE_ONLY
    _listen()
    compiled = _compiled(function, cache_folder(_floor_of(function.__module__)), options)
    if inner:
        _close_to_python(compiled)
    return compiled


def _close_to_python(kernel) -> None:
    """Let a call from Python fail with a sentence: without an entry it would end the process."""

    def refuse(*_, **__):
        raise TypeError(f"{kernel.__name__}() is an inner kernel; only compiled code may call it")

    kernel._insert = lambda *_, **__: None  # Numba's table of entries stays empty,
    kernel._compile_for_args = refuse  # so that every call from Python comes here


def _compiled(function: Callable, folder: Path | None, options: dict):
    """The dispatcher of a function, its cache in `folder` if there is one."""
    if folder is None:
        return numba.njit(**options)(function)
    # Numba reads CACHE_DIR once, when the function is decorated.
    previous, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # Numba found no place for this function's cache after all
        return numba.njit(**options)(function)
    finally:
        config.CACHE_DIR = previous


class _Progress(event.Listener):
    """Says on stderr that something is being compiled, once per floor and process.

    Numba reports a compilation only after it missed the cache, so a warm start is silent.
    """

    def __init__(self):
        self.depth = 0
        self.told: set[str] = set()
        self.seconds = 0.0  # spent compiling kernels of this package, in this process
        self.started = 0.0

    def on_start(self, happening):
        self.depth += 1
        module = happening.data["dispatcher"].py_func.__module__
        if self.depth > 1:
            return
        self.started = time.perf_counter()
        floor = _floor_of(module)
        if not module.startswith("lobsim.") or floor in self.told:
            return
        self.told.add(floor)
        say(
            f"lobsim: compiling {WHAT.get(floor, floor)}, once per version, "
            f"about {EXPECTED_S.get(floor, 10)} s of one core ..."
        )

    def on_end(self, happening):
        self.depth -= 1
        if self.depth == 0:
            self.seconds += time.perf_counter() - self.started


_progress: _Progress | None = None


def _listen() -> None:
    global _progress
    if _progress is None:
        _progress = _Progress()
        event.register("numba:compile", _progress)


def say(line: str) -> None:
    """Write one line to stderr, unless ``LOBSIM_QUIET`` is set or there is no stderr."""
    if sys.stderr is not None and not os.environ.get("LOBSIM_QUIET"):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def register_warm_up(name: str, warmer: Callable[[], None]) -> None:
    """Let `warm_up` also compile another floor's kernels.

    Parameters
    ----------
    name : str
        Name of the floor, for example ``"market"``. Registering again replaces.
    warmer : callable without arguments
        Runs each kernel once on a tiny input.
    """
    _warmers[name] = warmer


def warm_up() -> float:
    """Compile, or load from the cache, the kernels of every floor imported so far.

    Returns
    -------
    float
        Seconds it took. If anything had to be compiled, one line on stderr says so.
    """
    started = time.perf_counter()
    compiled_before = _progress.seconds if _progress else 0.0
    for warmer in list(_warmers.values()):
        warmer()
    elapsed_s = time.perf_counter() - started
    if _progress and _progress.seconds > compiled_before:
        where = "cached for the next start" if cache_folder("engine") else (
            "not cached: no cache folder is writable"
        )
        say(f"lobsim: {', '.join(_warmers)} compiled in {elapsed_s:.1f} s ({where})")
    return elapsed_s
