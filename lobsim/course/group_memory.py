"""One limit on the memory of a kernel and of everything it started, kept from outside.

The system's own limits bind single processes. A control group (cgroup, version 1 or 2) binds them
together, but its folder may only be made where somebody handed one over: the environment variable
``LOBSIM_CGROUP`` names it. Everywhere else, and besides, the grader looks at the processes while
it waits for them and ends the kernel when they hold too much.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

from lobsim.course.limits import Limits

FOLDER_VARIABLE = "LOBSIM_CGROUP"
SCRATCH = ("tmp", "home/learner", "dev/shm")  # folders in memory, as seen from the process's root
_LOOK_S = 0.1  # between two looks at the processes
_LOOKS = 4  # at processes that come and go while they are looked at
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class GroupMemory:
    """Watches one kernel from its start to its end.

    Parameters
    ----------
    root : int
        Process id of the kernel, or of the program that holds it.
    limits : Limits
        ``group_memory_bytes`` for all processes together, scratch folders included.
    scratch : bool
        Whether the kernel has scratch folders in memory of its own (a sandbox has).

    Examples
    --------
    >>> watch = GroupMemory(os.getpid(), Limits(group_memory_bytes=1000**4), scratch=False)
    >>> watch.exceeded() is None
    True
    """

    def __init__(self, root: int, limits: Limits, *, scratch: bool):
        self.root = root
        self.limit = limits.group_memory_bytes
        self.scratch = scratch
        self.group = ControlGroup.make(limits)
        self._next_look = 0.0
        if self.group is not None:
            self.group.take_in(lambda: _tree(root))

    def exceeded(self) -> str | None:
        """Why the kernel has to end, in words that follow "it"; None while all is well."""
        now = time.monotonic()
        if now < self._next_look:
            return None
        killed = self.group is not None and self.group.killed()
        if not killed and held_bytes(self.root, self.scratch, self.limit) <= self.limit:
            # from the end of this look: with very many processes a look takes its time
            self._next_look = time.monotonic() + _LOOK_S
            return None
        return f"and what it started took more than {_size(self.limit)} of memory together"

    def close(self) -> None:
        """Remove the control group; its processes must have ended."""
        if self.group is not None:
            self.group.remove()
            self.group = None


def _size(size: int) -> str:
    return f"{size / 1024**3:.3g} GiB" if size >= 1024**3 else f"{size / 1e6:.0f} MB"


# ----------------------------------------------------------------------- looking at the processes


def held_bytes(root: int, scratch: bool, enough: float = 0) -> int:
    """Bytes of memory that a process, its descendants and their scratch folders hold.

    Pages that several processes share are counted once. That is slow to find out; so a first sum
    counts them for each process, and where that is not more than `enough` it is the answer. Linux
    only: elsewhere the answer is 0.
    """
    least = float("inf")
    for _ in range(_LOOKS):
        processes = _tree(root)
        holding = {pid: size for pid in processes if (size := _resident(pid))}
        folders = _scratch_bytes(processes) if scratch else 0
        rough = folders + sum(holding.values())
        if rough <= enough:
            return rough
        least = min(least, folders + sum(map(_proportional, holding)))
        # a process that ends between two readings hands its share to those not yet read, and
        # its pages are counted again: such a sum is only an upper bound
        if least <= enough or {pid for pid in _tree(root) if _resident(pid)} == holding.keys():
            break
    return int(least)


def _tree(root: int) -> list[int]:
    """The process and its descendants. An orphan belongs to the first process of its namespace,
    and so to the tree of a sandbox."""
    found, waiting = [], [root]
    seen = {root}
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for child in _children(pid):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
    return found


def _children(pid: int) -> Iterable[int]:
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            # the process may end at any moment; what is left is seen with the next look
            with contextlib.suppress(OSError):
                yield from map(int, _read(f"/proc/{pid}/task/{task}/children").split())


def _read(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(_read(f"/proc/{pid}/statm").split()[1]) * _PAGE
    return 0


def _proportional(pid: int) -> int:
    """Resident memory with shared pages divided by the number of their users."""
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", _read(f"/proc/{pid}/smaps_rollup"), re.MULTILINE)
    except OSError:
        return 0 if not os.path.exists(f"/proc/{pid}") else _unshared(pid)
    return int(found[1]) * 1024 if found else 0  # a dead process that nobody has collected yet


def _unshared(pid: int) -> int:
    """For a system that shows no shares: what is in no file at least."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        fields = _read(f"/proc/{pid}/statm").split()
        return (int(fields[1]) - int(fields[2])) * _PAGE
    return 0


def _scratch_bytes(processes: list[int]) -> int:
    """Bytes in the scratch folders of the sandbox that the processes share."""
    for pid in reversed(processes):  # the program that holds the sandbox stands outside of it
        total, devices = 0, set()
        try:
            here = os.stat("/").st_dev, os.stat("/").st_ino
            root = os.stat(f"/proc/{pid}/root/")
            if (root.st_dev, root.st_ino) == here:
                continue
            for folder in SCRATCH:
                place = f"/proc/{pid}/root/{folder}"
                device = os.stat(place).st_dev
                if device not in devices:
                    devices.add(device)
                    about = os.statvfs(place)
                    total += (about.f_blocks - about.f_bfree) * about.f_frsize
        except OSError:
            continue
        return total
    return 0


# ------------------------------------------------------------------------------- control groups


class ControlGroup:
    """A cgroup of one kernel below the folder that was handed over.

    Version 2 needs the controllers memory and pids in the folder's ``cgroup.subtree_control``;
    version 1 is the controller memory alone.
    """

    def __init__(self, folder: Path, version: int):
        self.folder = folder
        self.version = version

    @classmethod
    def make(cls, limits: Limits) -> ControlGroup | None:
        """A new group with its limits set; None where there is no folder for it.

        Raises
        ------
        OSError
            ``LOBSIM_CGROUP`` is set and no group with a limit can be made there.
        """
        given = os.environ.get(FOLDER_VARIABLE)
        if not given:
            return None
        parent = Path(given)
        version = 2 if (parent / "cgroup.controllers").exists() else 1
        folder = parent / f"lobsim-{os.getpid()}-{time.monotonic_ns()}"
        group = cls(folder, version)
        try:
            folder.mkdir()
            for name, value, needed in group.settings(limits):
                try:
                    (folder / name).write_text(f"{value}\n")
                except OSError:
                    if needed:
                        raise
        except OSError as error:
            group.remove()
            raise OSError(f"{FOLDER_VARIABLE} is {given!r}, but no control group with a memory "
                          f"limit can be made there ({error.strerror}); name a cgroup folder that "
                          "you may write, or unset it") from error
        return group

    def settings(self, limits: Limits) -> list[tuple[str, int, bool]]:
        """(file, value, whether it must be there)."""
        size = limits.group_memory_bytes
        if self.version == 1:
            return [("memory.limit_in_bytes", size, True),
                    ("memory.memsw.limit_in_bytes", size, False)]
        return [("memory.max", size, True), ("memory.swap.max", 0, False),
                ("memory.oom.group", 1, False), ("pids.max", limits.processes + 8, False)]

    def take_in(self, processes) -> None:
        """Move processes into the group, before any of them runs a learner's code.

        `processes()` tells those there are; it is asked again until it names none but known ones.
        """
        moved: set[int] = set()
        while new := [pid for pid in processes() if pid not in moved]:
            for pid in new:
                moved.add(pid)
                with contextlib.suppress(ProcessLookupError):
                    (self.folder / "cgroup.procs").write_text(f"{pid}\n")

    def killed(self) -> bool:
        """Whether the system has ended a process of the group for its memory."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        with contextlib.suppress(OSError):
            found = re.search(r"^oom_kill (\d+)", (self.folder / name).read_text(), re.MULTILINE)
            return bool(found and int(found[1]))
        return False

    def remove(self) -> None:
        """Remove the group. A process that is still dying holds it for a moment."""
        deadline = time.monotonic() + 2
        while self.folder.exists() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                return
            time.sleep(0.01)
