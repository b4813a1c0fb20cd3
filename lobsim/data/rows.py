"""A block of text lines as columns: positions of the separators, then numbers, times and texts."""

from __future__ import annotations

import io
import re
import warnings

import numpy as np
import pandas as pd

from lobsim.data.clock import (
    NS_PER_DAY,
    parse_clock_time,
    parse_compact_time,
    parse_digits,
    parse_utc_time,
)
from lobsim.data.errors import DataError
from lobsim.data.fields import Field, Layout

__all__ = ["Rows"]

_NEWLINE = ord("\n")
# The parser must give the nearest float64 to each text, so that writers can give the text back.
# From pandas 3.1 it always does and the option is deprecated.
_OLD = tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1)
_EXACT = {"float_precision": "round_trip"} if _OLD else {}
_NUMBER = {
    "integer": re.compile(rb"[+-]?\d{1,18}(\.0*)?\Z"),
    "decimal": re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\Z"),
    "hex": re.compile(rb"[0-9a-fA-F]{1,8}\Z"),
}
_NUMBER["seconds"] = _NUMBER["milliseconds"] = _NUMBER["decimal"]
_EXACT_WHOLE = float(2**53)  # above this float64 skips whole numbers
_SCALE_NS = {"seconds": 1e9, "milliseconds": 1e6}
_HEX_VALUE = np.full(256, 16, dtype=np.int64)
for _digit in range(16):
    for _code in (f"{_digit:x}", f"{_digit:X}"):
        _HEX_VALUE[ord(_code)] = _digit


class Rows:
    """Lines of one text block, indexed.

    Parameters
    ----------
    data : bytes
        Whole lines, each ended by a line feed.
    row_numbers : ndarray of int64
        Line in the file of each row, from 1.
    columns : int
        Number of columns that every row must have.
    layout : Layout
    path : str
        For messages.
    at_end : bool
        The block ends the file, so that a short last row points to truncation.
    """

    def __init__(
        self,
        data: bytes,
        row_numbers: np.ndarray,
        columns: int,
        layout: Layout,
        path: str,
        at_end: bool = False,
    ):
        self.data = data
        self.row_numbers = row_numbers
        self.columns = columns
        self.layout = layout
        self.path = path
        self.at_end = at_end
        self._codes = np.frombuffer(data, dtype=np.uint8)
        self._ends = np.flatnonzero(self._codes == _NEWLINE)
        self._starts = np.concatenate(([0], self._ends[:-1] + 1)).astype(np.int64)
        self._separators = self._find_separators()

    def __len__(self) -> int:
        return len(self._ends)

    def _find_separators(self) -> np.ndarray:
        found = np.flatnonzero(self._codes == ord(self.layout.separator))
        count = self.columns - 1
        if len(found) == count * len(self):
            table = found.reshape(len(self), count)
            if count == 0:
                return table
            if (table[:, 0] >= self._starts).all() and (table[:, -1] < self._ends).all():
                return table
        per_row = np.diff(np.searchsorted(found, self._ends), prepend=0)
        bad = int(np.flatnonzero(per_row != count)[0])
        cut = "; the file may be truncated" if self.at_end and bad == len(self) - 1 else ""
        raise DataError(
            self.path,
            f"has {per_row[bad] + 1} columns ({self.line(bad)!r}); "
            f"{self.layout.what} has {self.columns} in every row{cut}",
            row=self.row_numbers[bad],
        )

    def line(self, index: int) -> str:
        """Text of one row, shortened for a message."""
        text = self.data[self._starts[index] : self._ends[index]].decode("ascii", "replace")
        return text if len(text) <= 60 else text[:57] + "..."

    def _bounds(self, position: int) -> tuple[np.ndarray, np.ndarray]:
        first = self._starts if position == 0 else self._separators[:, position - 1] + 1
        last = position == self.columns - 1
        return first, self._ends if last else self._separators[:, position]

    def text(self, position: int, index: int) -> str:
        """One value as it stands in the file."""
        first, end = self._bounds(position)
        return self.data[first[index] : end[index]].decode("ascii", "replace")

    def keep(self, chosen: np.ndarray) -> Rows:
        """Only the rows where `chosen` is True."""
        index = np.flatnonzero(chosen)
        pieces = [
            self.data[start : end + 1]
            for start, end in zip(self._starts[index], self._ends[index], strict=True)
        ]
        return Rows(
            b"".join(pieces), self.row_numbers[index], self.columns, self.layout, self.path
        )

    def equals(self, position: int, text: str) -> np.ndarray:
        """True where the column holds exactly this text."""
        first, end = self._bounds(position)
        code = text.encode("ascii", "replace")
        same = end - first == len(code)
        index = np.flatnonzero(same)
        for place, letter in enumerate(code):
            hit = self._codes[first[index] + place] == letter
            same[index[~hit]] = False
            index = index[hit]
        return same

    def read(self, wanted: dict[int, Field]) -> pd.DataFrame:
        """Read columns.

        Parameters
        ----------
        wanted : dict of int to Field
            Position in the file (from 0) of each column.

        Returns
        -------
        DataFrame
            One column per field, named ``field.column``: int64 for whole numbers (-1 = nothing)
            and times (ns), float64 for decimals (NaN = nothing), str for texts.

        Raises
        ------
        DataError
            Names the first bad value.
        """
        table = self._read_plain(wanted)
        for position, field in wanted.items():
            if field.kind in _PARSERS:
                table[field.column] = self._read_coded(position, field)
            elif field.kind == "text" and field.column not in table:
                table[field.column] = self._read_short_text(position)
            elif field.kind in _SCALE_NS:
                table[field.column] = self._read_since_midnight(position, field, table)
            elif field.kind in ("integer", "decimal"):
                table[field.column] = self._checked_number(position, field, table)
        return pd.DataFrame({field.column: table[field.column] for field in wanted.values()})

    def _read_plain(self, wanted: dict[int, Field]) -> dict[str, np.ndarray]:
        """Numbers and texts by the C parser of pandas."""
        kinds = {}
        for position, field in wanted.items():
            if field.kind == "text" and not self._is_short(position):
                kinds[position] = str
            elif field.kind == "integer" and not field.optional:
                kinds[position] = np.int64
            elif field.kind in ("integer", "decimal", *_SCALE_NS):
                kinds[position] = np.float64
        if not kinds:
            return {}
        numbers_or_nothing = [p for p, f in wanted.items() if f.optional and p in kinds]
        frame, problem = self._parse(kinds, numbers_or_nothing)
        if problem:
            self._explain(wanted)
            # What is left are whole numbers written as 100.0, as some exports do.
            floats = {p: np.float64 if kind is np.int64 else kind for p, kind in kinds.items()}
            frame, problem = self._parse(floats, numbers_or_nothing)
        if problem:
            raise DataError(self.path, f"cannot be read ({problem})")
        return {field.column: frame[p] for p, field in wanted.items() if p in kinds}

    def _parse(self, kinds: dict, numbers_or_nothing: list[int]) -> tuple[pd.DataFrame, str]:
        """The columns, or the complaint of the parser (never its exception)."""
        try:
            with warnings.catch_warnings():
                # 1e30 in a column of whole numbers warns before it raises.
                warnings.simplefilter("ignore", RuntimeWarning)
                frame = pd.read_csv(
                    io.BytesIO(self.data),
                    sep=self.layout.separator,
                    header=None,
                    names=range(self.columns),
                    usecols=sorted(kinds),
                    dtype=kinds,
                    quoting=3,
                    keep_default_na=False,
                    na_values={p: [""] for p in numbers_or_nothing if kinds[p] is not str},
                    lineterminator="\n",
                    skip_blank_lines=False,
                    engine="c",
                    encoding="ascii",
                    low_memory=False,
                    **_EXACT,
                )
        except (ValueError, OverflowError, TypeError) as error:
            return pd.DataFrame(), str(error)
        return frame, ""

    def _explain(self, wanted: dict[int, Field]) -> None:
        """Find the first text in a number, slowly; called only after the fast parser failed."""
        checks = [(p, f) for p, f in sorted(wanted.items()) if f.kind in _NUMBER]
        for index, line in enumerate(self.data.split(b"\n")[:-1]):
            values = line.split(self.layout.separator.encode())
            for position, field in checks:
                value = values[position]
                if value == b"" and field.optional:
                    continue
                if not _NUMBER[field.kind].match(value):
                    self.fail(position, field, index)

    def fail(self, position: int, field: Field, index: int) -> None:
        """Raise the error about one value."""
        value = self.text(position, index)
        shown = repr(value) if len(value) <= 60 else repr(value[:57] + "...")
        raise DataError(
            self.path, f"{field.name} is {shown}; allowed is {field.allowed}",
            row=self.row_numbers[index],
        )

    def _check(self, good: np.ndarray, position: int, field: Field) -> None:
        if not good.all():
            self.fail(position, field, int(np.argmin(good)))

    def _empty(self, position: int) -> np.ndarray:
        first, end = self._bounds(position)
        return first == end

    def _checked_number(self, position: int, field: Field, table) -> np.ndarray:
        value = table[field.column].to_numpy()
        if value.dtype == np.float64:
            good = np.isfinite(value)
            if field.optional:
                good |= self._empty(position)
            self._check(good, position, field)
        if field.least is not None:
            self._check(~(value < field.least), position, field)
        if field.kind == "integer" and value.dtype == np.float64:
            whole = (value == np.rint(value)) & (np.abs(value) <= _EXACT_WHOLE)
            self._check(np.isnan(value) | whole, position, field)
            value = np.where(np.isnan(value), -1, value).astype(np.int64)
        return value

    def _read_since_midnight(self, position: int, field: Field, table) -> np.ndarray:
        value = table[field.column].to_numpy() * _SCALE_NS[field.kind]
        self._check((value >= 0) & (value < NS_PER_DAY), position, field)
        return np.rint(value).astype(np.int64)

    def _read_coded(self, position: int, field: Field) -> np.ndarray:
        """Times and hexadecimal numbers from the characters themselves, by width."""
        first, end = self._bounds(position)
        widths = end - first
        value = np.full(len(self), -1, dtype=np.int64)
        good = np.zeros(len(self), dtype=bool)
        if field.optional:
            good |= widths == 0
        for width in self._widths_to_read(widths, field):
            rows = slice(None) if (widths == width).all() else np.flatnonzero(widths == width)
            text = self._characters(first[rows], width)
            value[rows], good[rows] = _PARSERS[field.kind](text)
        self._check(good, position, field)
        return value

    def _is_short(self, position: int) -> bool:
        first, end = self._bounds(position)
        return int((end - first).max()) <= 8

    def _read_short_text(self, position: int) -> pd.Series:
        """Texts of at most 8 characters, packed into whole numbers to find the distinct ones.

        Market data repeats few codes, so this takes a tenth of the time of making each text.
        """
        first, end = self._bounds(position)
        widths = end - first
        packed = np.zeros(len(self), dtype=np.int64)
        last_code = len(self._codes) - 1
        for place in range(int(widths.max())):
            code = self._codes[np.minimum(first + place, last_code)].astype(np.int64)
            packed += np.where(place < widths, code, 0) << 8 * place
        codes, distinct = pd.factorize(packed)
        texts = [int(value).to_bytes(8, "little").rstrip(b"\0").decode() for value in distinct]
        return pd.Series(texts, dtype=str).take(codes).reset_index(drop=True)

    def _characters(self, first: np.ndarray, width: int) -> np.ndarray:
        """ASCII codes of texts of one width, shape (n, width), stored column by column."""
        text = np.empty((width, len(first)), dtype=np.uint8)
        for place in range(width):
            np.take(self._codes, first + place, out=text[place])
        return text.T

    def _widths_to_read(self, widths: np.ndarray, field: Field) -> list[int]:
        present = np.unique(widths).tolist()
        if field.kind == "compact time":
            # All times of a file have one width; a shorter one has lost digits somewhere.
            usual = next((int(width) for width in widths if width), 0)
            allowed = (6, 9, 12, 15)
            return [width for width in present if width == usual and width in allowed]
        widest = 35 if field.kind == "utc time" else 18
        return [width for width in present if 0 < width <= widest]


def _parse_hex(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    value = np.zeros(len(text), dtype=np.int64)
    good = np.full(len(text), text.shape[1] <= 8)
    for column in range(text.shape[1]):
        digit = _HEX_VALUE[text[:, column]]
        good &= digit < 16
        value = value * 16 + digit
    return value, good


def _parse_date_and_minute(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """YYYYMMDD HH:MM -> the whole number YYYYMMDDHHMM."""
    if text.shape[1] != 14:
        return np.zeros(len(text), dtype=np.int64), np.zeros(len(text), dtype=bool)
    digits, good = parse_digits(text[:, [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13]])
    good = good & (text[:, 8] == ord(" ")) & (text[:, 11] == ord(":"))
    month, day = digits // 1_000_000 % 100, digits // 10_000 % 100
    good = good & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return digits, good & (digits // 100 % 100 < 24) & (digits % 100 < 60)


_PARSERS = {
    "compact time": parse_compact_time,
    "clock time": parse_clock_time,
    "hex": _parse_hex,
    "date and minute": _parse_date_and_minute,
    "utc time": parse_utc_time,
}
