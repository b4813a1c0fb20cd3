"""Caches that every sandboxed kernel starts with: compiled engine, matplotlib's font list.

Without them each submission would compile the matching engine and look through all fonts. Its files
are bound read-only and each run has a folder of links to them, not one shared folder: a cache that
submissions could write would let one of them put code into the next.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_KEPT = 3  # versions that are kept however old they are
_PRUNE_AGE_S = 86_400.0  # a grading run may copy from a version for hours: younger ones stay
_COLLECT = """
import shutil, sys
from pathlib import Path
target = Path(sys.argv[1])
import matplotlib, matplotlib.font_manager
(target / "matplotlib").mkdir()
for file in Path(matplotlib.get_cachedir()).glob("fontlist*.json"):
    shutil.copyfile(file, target / "matplotlib" / file.name)
(target / "numba").mkdir()
import lobsim.engine, lobsim.market
from lobsim.engine import jit
jit.warm_up()
for floor in (*jit.DEPENDS, ""):
    folder = jit.cache_folder(floor)
    if folder is not None:
        shutil.copytree(folder, target / "numba" / folder.name, dirs_exist_ok=True)
for path in (target, *target.rglob("*")):  # for whatever user a submission runs as
    path.chmod(0o755 if path.is_dir() else 0o644)
"""


def _base() -> Path:
    chosen = os.environ.get("LOBSIM_CACHE") or os.environ.get("XDG_CACHE_HOME")
    base = Path(chosen) if chosen else Path.home() / ".cache"
    return base / "lobsim" / "sandbox"


def _key() -> str:
    from lobsim.engine.jit import source_hash

    parts = [source_hash(), sys.version, sys.prefix, _COLLECT]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@functools.lru_cache(maxsize=1)
def warm_folder() -> Path | None:
    """Folder with warm caches for this version of the sources, made on first use.

    Making it compiles what is not compiled yet (seconds to a minute, told on stderr). None where it
    cannot be made; sandboxed kernels then start cold.
    """
    try:
        folder = _base() / _key()
        if folder.is_dir():
            os.utime(folder)
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _one_maker(folder.parent):
            return folder if folder.is_dir() else _make(folder)
    except OSError:
        return None


@contextlib.contextmanager
def _one_maker(base: Path) -> Iterator[None]:
    """Workers that start together wait for the first instead of all compiling the same."""
    with open(base / ".lock", "w") as file:
        try:
            import fcntl
        except ImportError:
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder: Path) -> Path | None:
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=folder.parent))
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    done = subprocess.run([sys.executable, "-c", _COLLECT, str(draft)], env=environment,
                          stdout=subprocess.DEVNULL)
    if done.returncode:
        # A part is better than nothing; it is not kept, so that the next run tries again.
        shutil.rmtree(draft, ignore_errors=True)
        return None
    draft.rename(folder)
    _prune(folder)
    return folder


def _prune(folder: Path) -> None:
    def last_used(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except OSError:  # another process prunes too
            return 0.0

    others = [path for path in folder.parent.iterdir() if path.is_dir() and path != folder]
    for path in sorted(others, key=last_used, reverse=True)[_KEPT:]:
        if time.time() - last_used(path) > _PRUNE_AGE_S:
            shutil.rmtree(path, ignore_errors=True)
