"""Reading zstd-packed files with whichever library is there, in bounded memory."""

from __future__ import annotations

from importlib import import_module

__all__ = ["ZstdStream", "INSTALL"]

INSTALL = 'pip install "lobsim[databento]"'
_PACKED_BYTES = 2048  # one step of unpacking: a hostile kilobyte can unpack to 32 megabytes


def _new_unpacker():
    """An object with ``decompress``, ``eof`` and ``unused_data``; ImportError when none."""
    try:  # part of Python since 3.14
        return import_module("compression.zstd").ZstdDecompressor()
    except ImportError:
        return import_module("zstandard").ZstdDecompressor().decompressobj()


class ZstdStream:
    """A zstd file (of one frame or several) as a stream of unpacked bytes.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    ImportError
        When no library for zstd is installed.
    OSError
        While reading, when the file is damaged; EOFError when it ends inside a frame.
    """

    def __init__(self, path, _mode: str = "rb"):
        self._unpacker = _new_unpacker()
        self._fresh = True  # the current frame has not begun
        self._file = open(path, "rb")  # noqa: SIM115 (closed by __exit__)
        self._ready = bytearray()
        self._packed = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def read(self, size: int) -> bytes:
        """At most `size` bytes, fewer only at the end."""
        while len(self._ready) < size and self._step():
            pass
        taken = bytes(memoryview(self._ready)[:size])
        del self._ready[:size]
        return taken

    def _step(self) -> bool:
        """Unpack some more; False at the end of the file."""
        if self._unpacker.eof:
            self._packed = self._unpacker.unused_data + self._packed
            self._unpacker, self._fresh = _new_unpacker(), True
        if not self._packed:
            self._packed = self._file.read(_PACKED_BYTES)
        if not self._packed:
            if not self._fresh:
                raise EOFError("the file ends inside a zstd frame")
            return False
        packed, self._packed, self._fresh = self._packed, b"", False
        try:
            self._ready += self._unpacker.decompress(packed)
        except Exception as error:  # each library has its own kind
            raise OSError(str(error)) from None
        return True
