"""Shut a forked process in: new namespaces, empty scratch folders, no rights (Linux system calls).

What bubblewrap does for a program that it starts, done by a process for itself and from inside a
sandbox of bubblewrap. Only what differs from one kernel to the next is made anew; the read-only
view of system and course stays the one that bubblewrap built.

Source: Linux manual pages namespaces(7), mount_namespaces(7), user_namespaces(7), mount(2),
capabilities(7), netdevice(7).
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import socket
import struct
from pathlib import Path

_NEW = {"mnt": 0x00020000, "uts": 0x04000000, "ipc": 0x08000000, "pid": 0x20000000,
        "net": 0x40000000}
_NEW_USER, _NEW_CGROUP = 0x10000000, 0x02000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18)
_DETACH = 2
_SET_DUMPABLE, _DROP_BOUNDING, _NO_NEW_PRIVS, _AMBIENT, _CLEAR_ALL = 4, 24, 38, 47, 4
_CAPABILITY_VERSION = 0x20080522  # the third, two words of 32 bits for each set
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # of network interfaces
_COVERED = ("sys", "sysrq-trigger", "irq", "bus")  # of /proc, as bubblewrap covers them

@functools.lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments) -> int:
    result = getattr(_libc(), name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _mount(kind: str | None, target: str, flags: int, source: str = "none", options: str = ""):
    try:
        _call("mount", source.encode(), target.encode(), kind.encode() if kind else None,
              ctypes.c_ulong(flags), options.encode() or None)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} ({kind or source} on {target})") from None


def leave() -> None:
    """Leave the namespaces of the parent; the next child is the first process of the new ones.

    Root has the right to; anybody else gets it with a user namespace of their own, in which they
    are who they were.

    Raises
    ------
    OSError
        The system does not allow it.
    """
    flags = sum(_NEW.values())
    uid, gid = os.getuid(), os.getgid()
    if uid:
        flags |= _NEW_USER
    try:
        _call("unshare", flags | _NEW_CGROUP)
    except OSError:
        _call("unshare", flags)  # a kernel without namespaces of control groups
    if uid:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def furnish(scratch: list[str], size_bytes: int, folders: list[str], sockets: tuple[str, str],
            hidden: list[str]) -> None:
    """Give the first process of new namespaces its own view of the machine.

    Parameters
    ----------
    scratch : folders that become empty and writable, in memory, `size_bytes` each at most.
    folders : made inside them.
    sockets : (folder, where it is shown); read-only as the folder is.
    hidden : folders that disappear from view afterwards.

    Raises
    ------
    OSError
        A step failed; the process must not go on to run a learner's code.
    """
    _mount(None, "/", _REC | _PRIVATE)  # what is mounted here must not show in the parent
    for place in scratch:
        shown = [(top, os.open(top, os.O_PATH)) for top in _mounted_in(place)]
        _mount("tmpfs", place, _NOSUID | _NODEV, "tmpfs", f"size={size_bytes},mode=0755")
        for top, handle in shown:
            _show_again(top, handle)
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
    _mount(None, sockets[1], _BIND, sockets[0])
    for place in hidden:
        _hide(place)
    _mount("proc", "/proc", _NOSUID | _NODEV | _NOEXEC, "proc")
    for name in _COVERED:
        place = f"/proc/{name}"
        if os.path.exists(place):
            _mount(None, place, _BIND, place)
            _mount(None, place, _BIND | _REMOUNT | _RDONLY | _NOSUID | _NODEV | _NOEXEC)
    if os.path.isdir("/dev/pts"):
        _mount("devpts", "/dev/pts", _NOSUID | _NOEXEC, "devpts",
               "newinstance,ptmxmode=0666,mode=620")
    _loopback_up()


def _mounted_in(place: str) -> list[str]:
    """What bubblewrap mounted in a scratch folder (Python itself may live below /tmp)."""
    lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    points = {os.fsdecode(line.split()[4].decode("unicode_escape").encode("latin-1"))
              for line in lines}
    inside = sorted(point for point in points if point.startswith(place + "/"))
    return [p for p in inside if not any(p.startswith(other + "/") for other in inside)]


def _show_again(point: str, handle: int) -> None:
    """Mount what `handle` holds, and all that is mounted in it, at its place in a new folder."""
    inside = f"/proc/self/fd/{handle}"
    if os.path.isdir(inside):
        os.makedirs(point, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(point), exist_ok=True)
        Path(point).touch()
    _mount(None, point, _BIND | _REC, inside)
    os.close(handle)


def _hide(place: str) -> None:
    """Take a mounted folder away; where it is locked (user namespaces), cover it for good."""
    try:
        _call("umount2", place.encode(), _DETACH)
    except OSError:
        _mount("tmpfs", place, _NOSUID | _NODEV | _RDONLY, "tmpfs", "size=4096,mode=0755")


def _loopback_up() -> None:
    """As in bubblewrap's sandbox, a program may speak to itself through 127.0.0.1."""
    import fcntl  # not on Windows, where this file is imported all the same

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", request)[1] | _UP
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags))


def forgo_new_rights() -> None:
    """No program started from here on gets rights that this process has not got.

    The bounding set is emptied as far as this process may.
    """
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)
    with contextlib.suppress(OSError):  # older kernels know neither of all of them nor of these
        _call("prctl", _AMBIENT, _CLEAR_ALL, 0, 0, 0)
    for capability in range(64):
        try:
            _call("prctl", _DROP_BOUNDING, capability, 0, 0, 0)
        except OSError:
            break
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    found = ctypes.create_string_buffer(24)
    _call("capget", header, found)
    sets = list(struct.unpack("=6I", found.raw))  # effective, permitted, inheritable; twice
    sets[2] = sets[5] = 0
    _call("capset", header, struct.pack("=6I", *sets))


def drop_capabilities() -> None:
    """Give up every capability, for good.

    Raises
    ------
    OSError
        The system refused.
    """
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _call("capset", header, bytes(24))


def keep_memory_private() -> None:
    """Let no process of the same user look into this one's memory."""
    _call("prctl", _SET_DUMPABLE, 0, 0, 0, 0)
