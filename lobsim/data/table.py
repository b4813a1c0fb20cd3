"""Reading a whole file by its layout: header, trailer, blocks and symbol filter to one table."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lobsim.data.clock import NS_PER_DAY
from lobsim.data.errors import DataError
from lobsim.data.fields import Field, Layout, plain_name
from lobsim.data.known import hint
from lobsim.data.rows import Rows
from lobsim.data.source import MAX_BYTES, Source, TextBlock

__all__ = ["RawTable", "read_table", "header_columns", "check_time_order", "first_bad", "bad_value"]


@dataclass
class RawTable:
    """Rows of a file before any correction.

    Attributes
    ----------
    frame : DataFrame
        Columns named as `Field.column`.
    row_numbers : ndarray of int64
        Line in the file of each row, from 1.
    path : str
        File (and zip member) for messages.
    rows_in_file : int
        Data rows of the whole file, before the symbol filter.
    trailer : list of str
        Columns of the trailer line, empty when there is none.
    """

    frame: pd.DataFrame
    row_numbers: np.ndarray
    path: str
    rows_in_file: int
    trailer: list[str] = field(default_factory=list)
    source: Source | None = None


def header_columns(line: str, layout: Layout, path: str) -> dict[int, Field]:
    """Find the columns of a header line.

    Parameters
    ----------
    line : str
        First line of the file.
    layout : Layout
    path : str
        For messages.

    Returns
    -------
    dict of int to Field
        Position of each known column; unknown names are left out.

    Raises
    ------
    DataError
        When a required column is missing or named twice.
    """
    names = [name.strip().strip('"') for name in line.split(layout.separator)]
    found: dict[int, Field] = {}
    for position, name in enumerate(names):
        entry = layout.field_called(name)
        if entry is None:
            continue
        if any(entry is other for other in found.values()):
            raise DataError(path, f"the header names {entry.name} twice", row=1)
        found[position] = entry
    present = list(found.values())
    plain = {plain_name(name) for name in names}
    foreign = [name for name in layout.excludes if plain_name(name) in plain]
    if foreign:
        raise DataError(
            path, f"names {foreign[0]}, so it is not {layout.what}" + hint(line), row=1
        )
    missing = [f.name for f in layout.fields if f.required and f not in present]
    if missing:
        shown = line if len(line) <= 80 else line[:77] + "..."
        raise DataError(
            path,
            f"is not the header of {layout.what}: {', '.join(missing)} not found in {shown!r}"
            + hint(line),
            row=1,
        )
    return found


def read_table(
    path: str | os.PathLike,
    layout: Layout,
    *,
    wanted: Callable[[Field], bool] = lambda f: bool(f.column),
    member: str | None = None,
    column_counts: Sequence[int] = (),
    symbol: str | None = None,
    trailer: str = "none",
    max_bytes: int = MAX_BYTES,
) -> RawTable:
    """Read a file by its layout.

    Parameters
    ----------
    path : str or path
    layout : Layout
    wanted : function of Field -> bool
        Which of the known columns to read.
    member : str, optional
        File inside a zip.
    column_counts : sequence of int
        For files without a header: numbers of columns that may occur (one per file).
    symbol : str, optional
        Keep only rows whose column ``symbol`` is this text.
    trailer : {"none", "need", "allow"}
        Whether there is a last line ``END|date|rows|...``; it is taken off.
    max_bytes : int
        Largest unpacked size.

    Returns
    -------
    RawTable

    Raises
    ------
    DataError
        For anything that is not as the layout says.
    """
    source = Source(path, member=member, what=layout.what, max_bytes=max_bytes)
    reader = _BlockReader(source, layout, wanted, column_counts, symbol, trailer)
    for block in source.blocks():
        reader.add(block)
    return reader.result()


class _BlockReader:
    """Collects the blocks of one file."""

    def __init__(self, source, layout, wanted, column_counts, symbol, trailer):
        self.source, self.layout, self.wanted = source, layout, wanted
        self.column_counts, self.symbol, self.wants_trailer = column_counts, symbol, trailer
        self.path = source.path
        self.columns: dict[int, Field] = {}
        self.count = 0
        self.quoted = False
        self.frames: list[pd.DataFrame] = []
        self.numbers: list[np.ndarray] = []
        self.rows_in_file = 0
        self.trailer: list[str] = []
        self.symbols_seen: set[str] = set()

    def add(self, block: TextBlock) -> None:
        data, first_row = block.data, block.first_row
        if first_row == 1:
            data, first_row = self._start(data)
        if block.is_last:
            data = self._end(data, first_row)
        if not data:
            return
        if self.quoted:
            data = data.replace(b'"', b"")
        row_numbers = np.arange(first_row, first_row + data.count(b"\n"))
        rows = Rows(data, row_numbers, self.count, self.layout, self.path, block.is_last)
        self.rows_in_file += len(rows)
        if self.symbol is not None:
            rows = self._only_symbol(rows)
        if len(rows):
            self.frames.append(rows.read(self.columns))
            self.numbers.append(rows.row_numbers)

    def _start(self, data: bytes) -> tuple[bytes, int]:
        """Take the header off, or count the columns of the first row."""
        end = data.index(b"\n")
        line = data[:end].decode("ascii")
        self.count = line.count(self.layout.separator) + 1
        if self.layout.header:
            self.quoted = '"' in data[:65536].decode("ascii")
            known = header_columns(line, self.layout, self.path)
            self.columns = {p: f for p, f in known.items() if self.wanted(f)}
            return data[end + 1 :], 2
        if self.count not in self.column_counts:
            allowed = " or ".join(str(count) for count in self.column_counts[:3])
            if len(self.column_counts) > 3:
                allowed = f"{', '.join(str(count) for count in self.column_counts[:3])}, ..."
            shown = line if len(line) <= 60 else line[:57] + "..."
            raise DataError(
                self.path,
                f"has {self.count} columns ({shown!r}); {self.layout.what} has {allowed}"
                + hint(line),
                row=1,
            )
        fields = self.layout.fields[: self.count]
        self.columns = {p: f for p, f in enumerate(fields) if self.wanted(f)}
        return data, 1

    def _end(self, data: bytes, first_row: int) -> bytes:
        """Take empty lines and the trailer off the end."""
        data = data.rstrip(b"\n") + b"\n" if data.strip(b"\n") else b""
        if self.wants_trailer == "none" or (self.wants_trailer == "allow" and not data):
            return data
        cut = data.rfind(b"\n", 0, len(data) - 1) + 1
        last = data[cut:].rstrip(b"\n").decode("ascii")
        row = first_row + data.count(b"\n") - 1
        if not last.startswith("END" + self.layout.separator):
            if self.wants_trailer == "allow":
                return data
            raise DataError(
                self.path,
                f"the last line is {last[:60]!r}, not the trailer 'END|YYYYMMDD|rows|'; "
                "the file is truncated (trailer='ignore' reads it all the same)",
                row=max(row, 1),
            )
        self.trailer = last.split(self.layout.separator)
        return data[:cut]

    def _only_symbol(self, rows: Rows) -> Rows:
        position = next(p for p, f in self.columns.items() if f.column == "symbol")
        same = rows.equals(position, self.symbol)
        if not same.all() and len(self.symbols_seen) < 4:
            others = np.flatnonzero(~same)
            for index in others[np.linspace(0, len(others) - 1, 4).astype(int)]:
                self.symbols_seen.add(rows.text(position, index))
        return rows if same.all() else rows.keep(same)

    def result(self) -> RawTable:
        if not self.frames:
            if self.symbol is not None and self.rows_in_file:
                seen = ", ".join(sorted(self.symbols_seen)[:4])
                raise DataError(
                    self.path, f"holds no row of symbol {self.symbol!r}; it holds {seen}, ..."
                )
            raise DataError(self.path, "holds no data rows")
        one = len(self.frames) == 1
        frame = self.frames[0] if one else pd.concat(self.frames, ignore_index=True)
        numbers = np.concatenate(self.numbers)
        return RawTable(frame, numbers, self.path, self.rows_in_file, self.trailer, self.source)


def first_bad(good: np.ndarray) -> int | None:
    """Index of the first False, None when all are True."""
    return None if good.all() else int(np.argmin(good))


def bad_value(raw: RawTable, good: np.ndarray, say: Callable[[int], str]) -> None:
    """Raise a `DataError` about the first row where `good` is False.

    Parameters
    ----------
    raw : RawTable
    good : ndarray of bool
    say : function of int -> str
        Describes the problem of the row with that index.
    """
    index = first_bad(np.asarray(good))
    if index is not None:
        raise DataError(raw.path, say(index), row=raw.row_numbers[index])


def check_time_order(raw: RawTable, name: str = "time", per_symbol: bool = True) -> None:
    """Times must lie within the day and not decrease (within a symbol).

    Parameters
    ----------
    raw : RawTable
        With ``frame["time_ns"]`` and, for files of many symbols, ``frame["symbol"]``.
    name : str
        Name of the column in the file, for the message.
    per_symbol : bool
        Compare only neighbours of one symbol.

    Raises
    ------
    DataError
        Names the row and both times.
    """
    time = raw.frame["time_ns"].to_numpy()
    bad_value(
        raw,
        (time >= 0) & (time < NS_PER_DAY),
        lambda i: f"{name} is {time[i]} ns; allowed is a time within the day",
    )
    good = np.ones(len(time), dtype=bool)
    good[1:] = time[1:] >= time[:-1]
    if good.all():
        return
    if per_symbol and "symbol" in raw.frame:
        symbol = raw.frame["symbol"].to_numpy()
        good[1:] |= symbol[1:] != symbol[:-1]

    def say(i: int) -> str:
        now, before = _clock(time[i]), _clock(time[i - 1])
        return (
            f"{name} goes back to {now} after {before} in row {raw.row_numbers[i - 1]}; "
            "rows must be in order of time"
        )

    bad_value(raw, good, say)


def _clock(time_ns: int) -> str:
    second, fraction = divmod(int(time_ns), 1_000_000_000)
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{fraction:09}"
