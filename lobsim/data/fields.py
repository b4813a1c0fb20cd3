"""How a file's layout is written down: one `Field` per column, one `Layout` per file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["Field", "Layout", "plain_name"]

KINDS = (
    "integer",  # whole number, int64
    "decimal",  # number with a decimal point, float64
    "text",
    "hex",  # hexadecimal whole number, int64
    "compact time",  # HHMMSS and 0 to 9 digits of the fraction -> ns since midnight
    "clock time",  # H:MM:SS[.fraction] -> ns since midnight
    "seconds",  # seconds since midnight with decimals -> ns
    "milliseconds",  # milliseconds since midnight with decimals -> ns
    "date and minute",  # YYYYMMDD HH:MM
    "utc time",  # ISO 8601 in UTC, or whole ns since 1970 -> ns since 1970
)


def plain_name(name: str) -> str:
    """Name of a column without regard to case, blanks, dots and underscores.

    Examples
    --------
    >>> plain_name("Bid_Price") == plain_name("BID PRICE")
    True
    """
    return re.sub(r"[^a-z0-9]+", "", name.lower())


@dataclass(frozen=True)
class Field:
    """One column of a file.

    Attributes
    ----------
    name : str
        Name in the file's own documentation.
    column : str
        Name in the table that the reader returns ("" = only known, not read).
    kind : str
        One of `KINDS`.
    unit : str
        Unit in the file.
    meaning : str
    optional : bool
        May be empty (NaN, -1 or "").
    required : bool
        The header must name it.
    least : float or None
        Smallest value allowed.
    names : tuple of str
        Other names in use for it.
    """

    name: str
    column: str
    kind: str
    unit: str = ""
    meaning: str = ""
    optional: bool = False
    required: bool = True
    least: float | None = None
    names: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """What a value may be, in words, for error messages."""
        words = {
            "integer": "a whole number",
            "decimal": "a number",
            "text": "text",
            "hex": "a hexadecimal number of at most 8 digits",
            "compact time": "a time HHMMSS with 0, 3, 6 or 9 further digits, as in the first row",
            "clock time": "a time H:MM:SS with at most 9 decimals",
            "seconds": "seconds since midnight, from 0 to less than 86400",
            "milliseconds": "milliseconds since midnight, from 0 to less than 86400000",
            "date and minute": "a date and time YYYYMMDD HH:MM",
            "utc time": "a time YYYY-MM-DDTHH:MM:SS.fffffffffZ, or whole nanoseconds since 1970",
        }[self.kind]
        if self.least is not None:
            words += f" of at least {self.least:g}"
        return words + (" or nothing" if self.optional else "")


@dataclass(frozen=True)
class Layout:
    """All columns of one kind of file.

    Attributes
    ----------
    what : str
        The file in words, with article ("a TAQ trade file").
    separator : str
    fields : tuple of Field
    header : bool
        The first line names the columns. Columns are then found by name, in any order;
        otherwise by place.
    source : str
        The document that defines the layout.
    excludes : tuple of str
        Columns whose presence shows that the file is of another kind.
    """

    what: str
    separator: str
    fields: tuple[Field, ...]
    header: bool
    source: str = ""
    excludes: tuple[str, ...] = ()
    _by_name: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        names = {}
        for entry in self.fields:
            if entry.kind not in KINDS:
                raise ValueError(f"kind of {entry.name} is {entry.kind!r}; allowed are {KINDS}")
            for name in (entry.name, *entry.names):
                names[plain_name(name)] = entry
        object.__setattr__(self, "_by_name", names)

    def field_called(self, name: str) -> Field | None:
        """The field with this name or one of its other names, None when unknown."""
        return self._by_name.get(plain_name(name))

    def header_line(self, count: int | None = None) -> str:
        """The names of the first `count` columns as a header line."""
        return self.separator.join(entry.name for entry in self.fields[:count])
