"""Reads a number with its unit, as one types it: ``12.5``, ``0.12 %``, ``1,250 $``, ``3/8``."""

from __future__ import annotations

import math
import re

__all__ = ["UnitError", "amount"]

# Units of one row measure the same thing; the numbers are their sizes in the row's first unit.
_FAMILIES: tuple[dict[str, float], ...] = (
    {"": 1.0, "%": 1e-2, "bps": 1e-4, "bp": 1e-4},
    {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "h": 3600.0},
    {"$": 1.0, "k$": 1e3, "cents": 1e-2, "cent": 1e-2},
    {"shares": 1.0, "share": 1.0},
    {"ticks": 1.0, "tick": 1.0},
    {"days": 1.0, "day": 1.0},
    {"orders": 1.0, "order": 1.0},
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", flags=re.IGNORECASE)


class UnitError(ValueError):
    """What was typed is no number in a unit that fits; the sentence says what is allowed."""


def _family(unit: str) -> dict[str, float]:
    for family in _FAMILIES:
        if unit in family:
            return family
    raise UnitError(f"{unit!r} is no unit that is known here")


def amount(typed: str, unit: str) -> float:
    """The number that was typed, in the unit that was asked for.

    Parameters
    ----------
    typed : str
        A number or a fraction, with or without a unit. Without one the asked unit is meant.
    unit : str
        "" (a pure number), %, bps, s, ms, us, min, h, $, cents, shares, ticks, days, orders.

    Raises
    ------
    UnitError
        It is no finite number, or its unit measures something else.

    Examples
    --------
    >>> amount("0.25 %", "bps"), amount("1,250", "$"), amount("3/8", "")
    (25.0, 1250.0, 0.375)
    """
    text = typed.strip().replace("−", "-").replace(",", "").replace("'", "")
    text = re.sub(r"^([+-]?)\s*\$", r"\1", text) + (" $" if re.match(r"^[+-]?\s*\$", text) else "")
    found = _NUMBER.match(text)
    if not found:
        raise UnitError(f"{typed.strip()!r} is no number; type one, such as 12.5 {unit}".rstrip())
    value, rest = float(found.group()), text[found.end():].strip()
    if rest.startswith("/") and (below := _NUMBER.match(rest[1:].strip())):
        if float(below.group()) == 0:
            raise UnitError(f"{typed.strip()!r} divides by zero")
        value, rest = value / float(below.group()), rest[1:].strip()[below.end():].strip()
    if not math.isfinite(value):
        raise UnitError(f"{typed.strip()!r} is no finite number")
    family = _family(unit)
    given = rest or unit
    given = given if given in family else given.casefold().replace("percent", "%")
    if given not in family:
        allowed = ", ".join(name for name in family if name) or "none, a pure number"
        raise UnitError(f"{rest!r} does not measure what is asked; units allowed: {allowed}")
    return value if given == unit else value * family[given] / family[unit]
