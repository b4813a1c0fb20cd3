"""System calls that a notebook never needs and that hide memory or rights: closed by seccomp.

A limit on memory counts what processes and the scratch folders hold. Some calls get memory that
neither shows: System V segments and memory files outlive their mappings, a user namespace of one's
own may mount a file system in memory of any size, and pages shared without a file stay when the
process that filled them has gone. Others (io_uring, bpf, keyrings) only widen the kernel's surface.
A closed call fails with ``EPERM`` ("Operation not permitted") and does nothing else.

Source: Linux manual pages seccomp(2), bpf(2), and the kernel's tables of system call numbers.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

# name -> number on x86_64, number on aarch64
_CLOSED = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "bpf": (321, 280), "perf_event_open": (298, 241),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
}
_CLONE, _CLONE3, _MMAP = (56, 220), (435, 435), (9, 222)
_SECCOMP = (317, 277)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, audit number

_NEW_NAMESPACE = 0x7E020000  # any CLONE_NEW* flag
_SHARED_WITHOUT_FILE = 0x21  # MAP_SHARED | MAP_ANONYMOUS
_X32 = 0x40000000  # bit of the calls of x86_64's second table

_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # bytes into struct seccomp_data
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000


def available() -> bool:
    """Whether the calls can be closed on this system and processor."""
    return sys.platform == "linux" and platform.machine() in _ARCHITECTURES


def program(machine: str) -> bytes:
    """The filter as machine code of the kernel's packet filter.

    Parameters
    ----------
    machine : ``"x86_64"`` or ``"aarch64"``
    """
    column, audit = _ARCHITECTURES[machine]
    refuse, missing = _REFUSE | errno.EPERM, _REFUSE | errno.ENOSYS
    lines = [_line(_LOAD, _ARCHITECTURE_AT), _line(_EQUAL, audit, 1, 0), _line(_RETURN, missing),
             _line(_LOAD, _NUMBER_AT)]
    if machine == "x86_64":
        lines += [_line(_AT_LEAST, _X32, 0, 1), _line(_RETURN, missing)]
    for numbers in _CLOSED.values():
        lines += [_line(_EQUAL, numbers[column], 0, 1), _line(_RETURN, refuse)]
    # Its flags lie in memory where no filter can look; the C library falls back to clone.
    lines += [_line(_EQUAL, _CLONE3[column], 0, 1), _line(_RETURN, missing)]
    lines += [_line(_EQUAL, _CLONE[column], 0, 4), _line(_LOAD, _ARGUMENTS_AT),
              _line(_ANY_BIT, _NEW_NAMESPACE, 0, 1), _line(_RETURN, refuse),
              _line(_RETURN, _ALLOW)]
    lines += [_line(_EQUAL, _MMAP[column], 0, 4), _line(_LOAD, _ARGUMENTS_AT + 3 * 8),
              _line(_AND, _SHARED_WITHOUT_FILE),
              _line(_EQUAL, _SHARED_WITHOUT_FILE, 0, 1), _line(_RETURN, refuse),
              _line(_RETURN, _ALLOW)]
    return b"".join(lines)


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("lines", ctypes.c_char_p)]


def close_calls() -> bool:
    """Close the calls for this process, all its threads and everything it starts, for good.

    Returns
    -------
    bool
        False where system or processor does not know how; nothing is changed then.

    Raises
    ------
    OSError
        The kernel refused the filter.
    """
    if not available():
        return False
    machine = platform.machine()
    code = program(machine)
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS: without it only root may set a filter
    given = _Program(len(code) // 8, code)
    number = _SECCOMP[_ARCHITECTURES[machine][0]]
    mode_filter, all_threads = 1, 1
    if library.syscall(number, mode_filter, all_threads, ctypes.byref(given)):
        raise OSError(ctypes.get_errno(), "the kernel refused to close system calls")
    return True
