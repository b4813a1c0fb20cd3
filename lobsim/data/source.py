"""Opening a data file, plain or packed, and reading it in blocks of whole lines within limits."""

from __future__ import annotations

import bz2
import gzip
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lobsim.data.errors import DataError
from lobsim.data.zstd import INSTALL, ZstdStream

__all__ = ["Source", "TextBlock", "zip_members", "MAX_BYTES", "MAX_RATIO"]

MAX_BYTES = 64 << 30  # of an unpacked file; a whole TAQ quote file of one letter fits
MAX_RATIO = 200  # unpacked / packed bytes; market data packs 3 to 30 times
FREE_BYTES = 8 << 20  # below this the ratio says nothing: a short file of equal rows packs well
BLOCK_BYTES = 32 << 20
LINE_BYTES = 1 << 20  # no row of any format is near this long

_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_MAGIC = {b"PK": "zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd"}
_UNPACK_ERRORS = (zlib.error, EOFError, gzip.BadGzipFile, zipfile.BadZipFile, OSError)


@dataclass(frozen=True)
class TextBlock:
    """Whole lines of a text file, each ended by a line feed."""

    data: bytes
    first_row: int
    is_last: bool


def _kind(path: Path) -> str:
    """What the first bytes say: zip, gzip, bzip2, zstd or plain."""
    try:
        with open(path, "rb") as file:
            magic = file.read(4)
    except FileNotFoundError:
        raise DataError(path, "there is no such file") from None
    except IsADirectoryError:
        raise DataError(path, "this is a folder; give one file") from None
    except OSError as error:
        raise DataError(path, f"the file cannot be opened ({error.strerror})") from None
    if not magic:
        raise DataError(path, "the file is empty (0 bytes)")
    for start, kind in _MAGIC.items():
        if magic.startswith(start):
            return kind
    packed = {".zip": "zip", ".gz": "gzip", ".bz2": "bzip2", ".zst": "zstd"}.get(
        path.suffix.lower()
    )
    if packed and not magic.isascii():
        raise DataError(
            path, f"the name says {packed} but the file starts with bytes 0x{magic.hex()}"
        )
    return "plain"


def zip_members(path: str | os.PathLike) -> list[str]:
    """Names of the files inside a zip, folders left out.

    Raises
    ------
    DataError
        When the archive is damaged, truncated or empty.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except _UNPACK_ERRORS as error:
        raise DataError(path, f"the zip archive is damaged or truncated ({error})") from None
    if not names:
        raise DataError(path, "the zip archive holds no file")
    return names


class Source:
    """A file that may be packed, read as blocks of whole lines of text or of bytes.

    Parameters
    ----------
    path : str or path
        Plain, gzip, bzip2, zip or (with a library for it) zstd file; recognised by its first
        bytes, not by its name.
    member : str, optional
        Name of the file inside a zip. Without it the zip must hold exactly one file.
    what : str
        What the file should be, for messages ("a TAQ trade file").
    max_bytes, max_ratio : int
        Limits on the unpacked size and on unpacked / packed size (against zip bombs).
    """

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        member: str | None = None,
        what: str = "a data file",
        max_bytes: int = MAX_BYTES,
        max_ratio: float = MAX_RATIO,
    ):
        self.file = Path(path)
        self.kind = _kind(self.file)
        self.member = member
        self.what = what
        self.max_bytes = max_bytes
        self.max_ratio = max_ratio
        self.packed_bytes = self.file.stat().st_size
        self.ends_with_newline = True  # known once the last block was read
        if self.kind == "zip":
            self._choose_member()
        self.path = f"{self.file}/{self.member}" if self.kind == "zip" else str(self.file)

    def _choose_member(self) -> None:
        names = zip_members(self.file)
        if self.member is None:
            if len(names) != 1:
                raise DataError(
                    self.file,
                    f"the zip holds {len(names)} files ({', '.join(names[:4])}"
                    f"{', ...' if len(names) > 4 else ''}); {self.what} is one file per zip",
                )
            self.member = names[0]
        if self.member not in names:
            raise DataError(self.file, f"the zip holds no {self.member!r}, only {names[:4]}")
        with zipfile.ZipFile(self.file) as archive:
            info = archive.getinfo(self.member)
        self.packed_bytes = info.compress_size
        if info.flag_bits & 1:
            raise DataError(self.file, f"{self.member} is encrypted; unpack it first")
        self._check_size(info.file_size)

    def _check_size(self, unpacked: int) -> None:
        if unpacked > self.max_bytes:
            raise DataError(
                self.file,
                f"unpacks to more than {self.max_bytes:,} bytes, the largest size allowed",
            )
        packed = max(self.packed_bytes, 1)
        if self.kind != "plain" and unpacked > max(FREE_BYTES, self.max_ratio * packed):
            raise DataError(
                self.file,
                f"{packed:,} packed bytes unpack to more than {self.max_ratio} times as many,"
                " which no market data does (a zip bomb?)",
            )

    @contextmanager
    def _open(self):
        if self.kind == "zip":
            with zipfile.ZipFile(self.file) as archive, archive.open(self.member) as stream:
                yield stream
        else:
            openers = {"gzip": gzip.open, "bzip2": bz2.open, "zstd": ZstdStream, "plain": open}
            try:
                opened = openers[self.kind](self.file, "rb")
            except ImportError:
                raise DataError(
                    self.file, f"is packed with zstd; install a library for it: {INSTALL}"
                ) from None
            with opened as stream:
                yield stream

    def head(self, size: int = 65536) -> bytes:
        """First bytes of the unpacked file, for recognising what it is."""
        try:
            with self._open() as stream:
                return stream.read(size)
        except (*_UNPACK_ERRORS, NotImplementedError, RuntimeError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: BaseException) -> DataError:
        return DataError(self.file, f"the {self.kind} file is damaged or truncated ({error})")

    def byte_blocks(self, size: int) -> Iterator[bytes]:
        """Yield the unpacked bytes in blocks of `size` (the last may be shorter), unchecked."""
        return self._raw_blocks(size)

    def _raw_blocks(self, size: int = BLOCK_BYTES) -> Iterator[bytes]:
        total = 0
        try:
            with self._open() as stream:
                while data := stream.read(size):
                    total += len(data)
                    self._check_size(total)
                    yield data
        except (*_UNPACK_ERRORS, NotImplementedError, RuntimeError) as error:
            raise self._damaged(error) from None
        if total == 0:
            raise DataError(self.path, "the file is empty (0 bytes)")

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the lines of the file in large blocks, checked to be plain text.

        Line ends are made ``\\n``; a missing one at the end of the file is added.
        """
        row = 1
        rest = b""
        waiting: bytes | None = None
        for raw in self._raw_blocks():
            data = rest + raw
            cut = data.rfind(b"\n") + 1
            rest, data = data[cut:], data[:cut]
            if len(rest) > LINE_BYTES:
                self._text(rest[:LINE_BYTES], 0)
                raise DataError(self.path, f"holds a line of more than {LINE_BYTES:,} bytes")
            if not data:
                continue
            if waiting is not None:
                yield TextBlock(waiting, row, False)
                row += waiting.count(b"\n")
            waiting = self._text(data, row)
        self.ends_with_newline = not rest
        if rest:
            first = row + (waiting.count(b"\n") if waiting else 0)
            waiting = (waiting or b"") + self._text(rest + b"\n", first)
        yield TextBlock(waiting, row, True)

    def _text(self, data: bytes, first_row: int) -> bytes:
        """Check that the bytes are ASCII text and give them Unix line ends."""
        if first_row == 1:
            if data.startswith(b"\xef\xbb\xbf"):
                data = data[3:]
            if data.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise DataError(
                    self.path, f"is UTF-16 text; {self.what} is plain ASCII text", row=1
                )
        strange = data.translate(None, _PRINTABLE)
        if strange:
            self._strange_byte(data, strange[:1], first_row)
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        return data

    def _strange_byte(self, data: bytes, byte: bytes, first_row: int) -> None:
        position = data.index(byte)
        row = first_row + data.count(b"\n", 0, position)
        start = data.rfind(b"\n", 0, position) + 1
        around = data[max(start, position - 12) : position + 4]
        kind = "binary" if byte[0] < 32 else "not ASCII (wrong encoding or binary)"
        raise DataError(
            self.path,
            f"holds the byte 0x{byte.hex()} in {around!r}, which is {kind}; "
            f"{self.what} is plain ASCII text",
            row=row,
        )
