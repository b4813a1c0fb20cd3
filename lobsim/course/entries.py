"""The files of a folder or a ZIP of submissions, read without trusting their names or sizes.

Nothing is ever written under a name that comes from outside: a ZIP is read entry by entry into
memory, within limits. Links, devices and names that lead out of the archive are refused.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lobsim.course import submission

MAX_ENTRIES = 50_000
MAX_TOTAL_BYTES = 2_000_000_000  # of all notebooks of one ZIP, unpacked
_MAX_DEPTH = 8
_SKIPPED = {".ipynb_checkpoints", "__pycache__", "__MACOSX"}
_DRIVE = re.compile(r"[A-Za-z]:")
_UTF8_NAMES = 0x800  # flag of a ZIP entry
_ENCRYPTED = 0x1


class NotSubmissions(NotADirectoryError):
    """The given path is neither a folder nor a ZIP that can be read."""


@dataclass(frozen=True)
class Entry:
    """One file: its path below the folder, how to read it, and when it was last changed.

    ``read`` raises OSError, with the reason as text, for what may not or cannot be read.
    ``refused`` is the reason why a link is not looked into; such an entry has nothing to read.
    """

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    changed: float
    refused: str = ""


def entries(source: Path) -> Iterator[Entry]:
    """The files below a folder or in a ZIP, in the order of their names.

    ZIPs that lie directly in a folder are read as if they were unpacked there.

    Raises
    ------
    NotSubmissions
        `source` is no folder and no ZIP, or a ZIP that is damaged or has too many entries.
    """
    if source.is_dir():
        yield from _folder(source, ())
    elif source.suffix.lower() == ".zip" and source.is_file():
        yield from _zip(source)
    else:
        raise NotSubmissions(f"{source} is not a folder of submissions and not a ZIP of them")


def _folder(folder: Path, above: tuple[str, ...]) -> Iterator[Entry]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        if not above:
            raise
        yield Entry(above, _nothing, 0.0, f"cannot be opened ({error.strerror})")
        return
    for path in paths:
        parts = (*above, path.name)
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_symlink() and path.suffix != ".ipynb":
            yield Entry(parts, _nothing, 0.0, "a link, not looked into")
        elif path.is_dir() and not path.is_symlink():
            if len(parts) < _MAX_DEPTH:
                yield from _folder(path, parts)
            else:
                yield Entry(parts, _nothing, 0.0, "too many folders deep, not looked into")
        elif not above and path.suffix.lower() == ".zip":
            try:
                yield from _zip(path)
            except NotSubmissions as error:
                yield Entry(parts, _nothing, 0.0, str(error))
        else:
            yield Entry(parts, lambda path=path: read_plain(path), _changed(path))


def _nothing() -> bytes:
    raise OSError("there is nothing to read")


def read_plain(path: Path) -> bytes:
    """The bytes of a regular file.

    Raises
    ------
    OSError
        It is a link, no regular file, or larger than any notebook.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
                         | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        if path.is_symlink():
            raise OSError("it is a link to another file") from None
        raise OSError("it cannot be read") from None
    with open(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if path.is_symlink() or not stat.S_ISREG(about.st_mode):
            raise OSError("it is no regular file")
        if about.st_size > submission.MAX_BYTES:
            raise OSError(_too_large(f"{about.st_size:,}"))
        return file.read(submission.MAX_BYTES + 1)


def _too_large(size: str) -> str:
    return f"it has {size} bytes; at most {submission.MAX_BYTES:,} are read"


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _zip(path: Path) -> Iterator[Entry]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise NotSubmissions(f"{path} cannot be read as a ZIP: {error}") from None
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > MAX_ENTRIES:
            raise NotSubmissions(f"{path} has {len(infos):,} files; at most {MAX_ENTRIES:,} are "
                                 "looked at")
        budget = _Budget(MAX_TOTAL_BYTES)
        for info in sorted(infos, key=_name):
            parts = tuple(_name(info).replace("\\", "/").split("/"))
            if any(part.startswith(".") and part.strip(".") for part in parts) \
                    or _SKIPPED & set(parts):
                continue
            refused = _refused(info, parts)
            yield Entry(parts, lambda info=info: _read_entry(archive, info, budget),
                        _zip_time(info), refused)


class _Budget:
    """How many bytes may still be unpacked."""

    def __init__(self, left: int):
        self.left = left


def _name(info: zipfile.ZipInfo) -> str:
    """The entry's name. Some programs write UTF-8 without saying so; Python then reads cp437."""
    if info.flag_bits & _UTF8_NAMES:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


def _refused(info: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "a link, not looked into"
    if mode and stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        return "no regular file, not looked into"
    if any(part in ("", ".", "..") for part in parts) or _DRIVE.match(parts[0]):
        return "its name leads out of the archive, not looked into"
    if len(parts) > _MAX_DEPTH:
        return "too many folders deep, not looked into"
    return ""


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: _Budget) -> bytes:
    if info.flag_bits & _ENCRYPTED:
        raise OSError("it is encrypted")
    try:
        with archive.open(info) as file:
            # what the archive says about its sizes may be a lie: count while unpacking
            content = file.read(submission.MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
            ValueError, OSError) as error:
        raise OSError(f"it is damaged in the ZIP ({error})") from None
    if len(content) > submission.MAX_BYTES:
        raise OSError(_too_large(f"more than {submission.MAX_BYTES:,}"))
    budget.left -= len(content)
    if budget.left < 0:
        raise OSError(f"the ZIP unpacks to more than {MAX_TOTAL_BYTES:,} bytes")
    return content


def _zip_time(info: zipfile.ZipInfo) -> float:
    """The entry's time, good for an order only: a ZIP tells no zone."""
    try:
        return dt.datetime(*info.date_time, tzinfo=dt.timezone.utc).timestamp()
    except ValueError:
        return 0.0
