"""Clears away what a grading that was killed has left: half-written files, temporary folders."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

PREFIXES = ("lobsim-kernel-", "lobsim-node-")  # followed by the process's number and a dash
PART = ".lobsim-*.part"  # see `workspace.write_atomically`


def clear(folders: list[Path], scratch: Path) -> None:
    """Remove the remains. Only who holds the course's lock may call it.

    Parameters
    ----------
    folders : list of Path
        Folders that only grading writes to; half-written files in them go.
    scratch : Path
        A folder whose whole content goes.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in folders:
        for path in folder.rglob(PART):
            with contextlib.suppress(OSError):
                path.unlink()
    clear_temporary()


def clear_temporary() -> None:
    """Remove temporary folders of this user's processes that are no more."""
    for base in {Path(tempfile.gettempdir()), Path("/tmp")}:
        for prefix in PREFIXES:
            for folder in base.glob(f"{prefix}*-*"):
                pid = folder.name.removeprefix(prefix).split("-")[0]
                if pid.isdigit() and not _lives(int(pid)) and _own(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    """Whether the process runs; one that nobody has buried yet does not."""
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _own(folder: Path) -> bool:
    try:
        about = folder.lstat()
    except OSError:
        return False
    return not hasattr(os, "getuid") or about.st_uid == os.getuid()
