"""What the two sides of the wire agree on: limits, the error, allowed types."""

from __future__ import annotations

from dataclasses import dataclass


class WireError(ValueError):
    """A value that cannot travel, or a message that is not one of ours."""


@dataclass(frozen=True)
class Limits:
    """Bounds on one message.

    Attributes
    ----------
    bytes : int
        Length of the JSON text, and of all decoded array data together.
    elements : int
        Numbers, strings and containers together.
    depth : int
        Containers within containers.
    columns : int
        Columns of one table.
    """

    bytes: int = 64_000_000
    elements: int = 8_000_000
    depth: int = 24
    columns: int = 400


LIMITS = Limits()

DTYPES = {"|b1", "|i1", "|u1"} | {f"<{k}{n}" for k, n in
                                   (("i", 2), ("i", 4), ("i", 8), ("u", 2), ("u", 4), ("u", 8),
                                    ("f", 2), ("f", 4), ("f", 8))}
MAX_TEXT_WIDTH = 4096  # characters of one element of a fixed-width text array
MAX_INT_BITS = 1024
MAX_DIMENSIONS = 8
SCALARS = (type(None), bool, int, float, str)


@dataclass(frozen=True)
class Other:
    """Stands for a value that cannot travel; only the name of its type is known."""

    type_name: str
STRANGE_COLUMNS = "columns that cannot travel"  # key of a table's attrs: column -> its type
