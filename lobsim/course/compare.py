"""Is a learner's value the expected one, and if not, where do they part first?

Rules, for plain values as they come out of `lobsim.course.wire`:

- numbers: within ``atol + rtol * |expected|``; where a whole number is expected, exact up to
  ``atol`` (a float equal to it is accepted); NaN equals NaN; infinities by sign;
- True/False, None: exactly; text: exactly after stripping outer blanks (any case with choices);
- list, tuple, array, column: interchangeable where shapes and items agree;
- dict: by key; a missing or an extra key is a difference;
- table: by column name; the order of columns and the index do not matter, extra columns are
  allowed, rows must agree in number and order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lobsim.course import show
from lobsim.course.declare import Tolerance
from lobsim.course.wire import STRANGE_COLUMNS, Other

_FLOAT_DUST = 1e-12  # relative slack of a float where a whole number is expected


@dataclass(frozen=True)
class Difference:
    """The first place where two values part.

    Attributes
    ----------
    kind : str
        ``"type"``, ``"shape"``, ``"keys"`` or ``"value"``.
    text : str
        One sentence part, e.g. ``row 3, column bid: got 10.01, expected 10.02``.
    """

    kind: str
    text: str


def first_difference(got: Any, expected: Any, tolerance: Tolerance = Tolerance(), *,
                     choices: Sequence[str] = ()) -> Difference | None:
    """Where ``got`` first departs from ``expected``, or None where it does not.

    Examples
    --------
    >>> first_difference([1.0, 2.0], (1, 2)) is None
    True
    >>> first_difference({"bid": 10.01}, {"bid": 10.02}).text
    "key 'bid': got 10.01, expected 10.02"
    """
    return _compare(got, expected, tolerance, tuple(choices), ())


def equal(got: Any, expected: Any, tolerance: Tolerance, choices: Sequence[str] = ()) -> bool:
    """Whether there is no difference."""
    return first_difference(got, expected, tolerance, choices=choices) is None


def _compare(got: Any, expected: Any, tol: Tolerance, choices: tuple, path: tuple):
    if expected is None or isinstance(expected, Other):
        return None if got is None and expected is None else _value(got, expected, path)
    if isinstance(expected, bool):
        return _truth(got, expected, path)
    if isinstance(expected, (int, float)):
        if isinstance(got, bool) or not isinstance(got, (int, float)):
            return _type(got, "a number", path)
        return None if _close(got, expected, tol) else _value(got, expected, path)
    if isinstance(expected, str):
        return _text(got, expected, choices, path)
    if isinstance(expected, dict):
        return _mapping(got, expected, tol, choices, path)
    if hasattr(expected, "columns"):
        return _table(got, expected, tol, path)
    return _sequence(got, expected, tol, choices, path)


def _close(got: float, expected: float, tol: Tolerance) -> bool:
    try:
        return _near(got, expected, tol)
    except OverflowError:  # a whole number beyond the range of floats
        return got == expected


def _near(got: float, expected: float, tol: Tolerance) -> bool:
    if math.isnan(expected) or math.isnan(got):
        return math.isnan(expected) and math.isnan(got)
    if math.isinf(expected) or math.isinf(got):
        return got == expected
    if isinstance(expected, int):
        slack = tol.atol
        if isinstance(got, float):
            slack += min(tol.rtol, _FLOAT_DUST) * abs(expected) + _FLOAT_DUST
        return abs(got - expected) <= slack
    return abs(got - expected) <= tol.atol + tol.rtol * abs(expected)


def _truth(got: Any, expected: bool, path: tuple):
    if not isinstance(got, bool):
        return _type(got, "True or False", path)
    return None if got is expected else _value(got, expected, path)


def _text(got: Any, expected: str, choices: tuple, path: tuple):
    if not isinstance(got, str):
        return _type(got, "text", path)
    if choices:
        allowed = {choice.strip().casefold() for choice in choices}
        if got.strip().casefold() not in allowed:
            shown = ", ".join(repr(choice) for choice in choices)
            return Difference("type", f"{_at(path)}{show.value(got)} is not one of {shown}")
        same = got.strip().casefold() == expected.strip().casefold()
    else:
        same = got.strip() == expected.strip()
    return None if same else _value(got, expected, path)


def _mapping(got: Any, expected: dict, tol: Tolerance, choices: tuple, path: tuple):
    if not isinstance(got, dict):
        return _type(got, "a dict with the keys " + ", ".join(map(repr, expected)), path)
    missing = [key for key in expected if key not in got]
    if missing:
        have = ", ".join(map(repr, list(got)[:12])) or "none"
        return Difference("keys", f"{_at(path)}the key{'s' * (len(missing) > 1)} "
                          f"{', '.join(map(repr, missing))} missing; yours: {have}")
    extra = [key for key in got if key not in expected]
    if extra:
        return Difference("keys", f"{_at(path)}unexpected key{'s' * (len(extra) > 1)} "
                          f"{', '.join(map(repr, extra[:12]))}; expected only "
                          f"{', '.join(map(repr, expected)) or 'none'}")
    for key, item in expected.items():
        found = _compare(got[key], item, tol, choices, (*path, f"key {key!r}"))
        if found:
            return found
    return None


# ------------------------------------------------------------------------- sequences and tables


def _sequence(got: Any, expected: Any, tol: Tolerance, choices: tuple, path: tuple):
    if not (isinstance(got, (list, tuple, np.ndarray)) or _is_series(got)):
        return _type(got, show.kind(expected), path)
    a, b = _numbers(got), _numbers(expected)
    if a is not None and b is not None:
        return _arrays(a, b, tol, path)
    a, b = _items(got), _items(expected)
    found = None
    for position, (mine, theirs) in enumerate(zip(a, b)):
        found = _compare(mine, theirs, tol, choices, (*path, position))
        if found:
            break
    if len(a) != len(b):
        first = f"; the first that differs: {found.text}" if found else ""
        return Difference("shape", f"{_at(path)}got {_count(len(a))}, "
                          f"expected {len(b)}{first}")
    return found


def _arrays(a: np.ndarray, b: np.ndarray, tol: Tolerance, path: tuple):
    if a.shape != b.shape and not (a.size == 0 and b.size == 0):
        if a.ndim == 1 and b.ndim == 1:
            n = min(a.size, b.size)
            bad = np.flatnonzero(~_close_array(a[:n], b[:n], tol))
            first = ""
            if bad.size:
                shown = show.pair(a[bad[0]], b[bad[0]])
                first = f"; the first that differs: [{bad[0]}]: got {shown[0]}, expected {shown[1]}"
            return Difference("shape", f"{_at(path)}got {_count(a.size)}, "
                              f"expected {b.size}{first}")
        return Difference("shape", f"{_at(path)}got an array of shape {a.shape}, "
                          f"expected shape {b.shape}")
    if a.size == 0:
        return None
    bad = np.argwhere(~_close_array(a, b, tol))
    if not len(bad):
        return None
    where = tuple(int(i) for i in bad[0])
    shown = show.pair(a[where], b[where])
    index = ", ".join(map(str, where))
    many = f" ({len(bad)} of {a.size} differ)" if a.size > 1 else ""
    return Difference("value", f"{_at((*path, f'[{index}]'))}got {shown[0]}, "
                      f"expected {shown[1]}{many}")


def _close_array(a: np.ndarray, b: np.ndarray, tol: Tolerance) -> np.ndarray:
    if b.dtype.kind in "biu":
        if a.dtype.kind in "biu":
            # unsigned and signed 64-bit do not mix exactly, so compare sign by sign
            if a.dtype.kind != b.dtype.kind and "u" in (a.dtype.kind, b.dtype.kind):
                a, b = a.astype(object), b.astype(object)
            exact = a == b
            if tol.atol < 1:
                return np.asarray(exact, dtype=bool)
            gap = np.abs(a.astype("f8") - b.astype("f8"))
            return np.asarray(exact, dtype=bool) | (gap <= tol.atol)
        reference = b.astype("f8")
        slack = (tol.atol + _FLOAT_DUST + min(tol.rtol, _FLOAT_DUST) * np.abs(reference))
    else:
        a = a.astype("f8")
        reference = b.astype("f8")
        with np.errstate(invalid="ignore", over="ignore"):
            slack = tol.atol + tol.rtol * np.abs(reference)
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.isfinite(a) & np.isfinite(reference)
        near = finite & (np.abs(a - reference) <= slack)
    same = (a == reference) | (np.isnan(a) & np.isnan(reference))
    return near | same


def _table(got: Any, expected: Any, tol: Tolerance, path: tuple):
    if not hasattr(got, "columns"):
        return _type(got, f"a table (DataFrame) with the columns "
                     f"{', '.join(map(str, expected.columns))}", path)
    strange = got.attrs.get(STRANGE_COLUMNS, {})
    for name in expected.columns:
        if isinstance(strange, dict) and name in strange:
            return Difference("type", f"{_at((*path, f'column {name}'))}it holds {strange[name]}, "
                              f"expected {_column_kind(expected[name])}")
    missing = [name for name in expected.columns if name not in got.columns]
    if missing:
        have = ", ".join(map(str, list(got.columns)[:12])) or "none"
        return Difference("keys", f"{_at(path)}column{'s' * (len(missing) > 1)} "
                          f"{', '.join(missing)} missing; yours: {have}")
    common = min(len(got), len(expected))
    found, total = _first_row(got, expected, common, tol, path)
    if isinstance(found, Difference):
        return found
    if len(got) != len(expected):
        first = f"; the first that differs: {found[1].text}" if found else ""
        return Difference("shape", f"{_at(path)}got {show.rows(len(got))}, "
                          f"expected {len(expected)}{first}")
    if found is None:
        return None
    many = f" ({total} of {expected.size} values differ)" if total > 1 else ""
    return Difference("value", found[1].text + many)


def _first_row(got: Any, expected: Any, common: int, tol: Tolerance, path: tuple):
    """The earliest differing row as (row, Difference), how many values differ; or a type fault."""
    best, total = None, 0
    for name in expected.columns:
        a, b = _numbers(got[name]), _numbers(expected[name])
        if (a is None) != (b is None) and len(got) and len(expected):
            return Difference("type", f"{_at((*path, f'column {name}'))}it holds "
                              f"{_column_kind(got[name])}, "
                              f"expected {_column_kind(expected[name])}"), 0
        if a is not None and b is not None:
            bad = np.flatnonzero(~_close_array(a[:common], b[:common], tol))
        else:
            a, b = _items(got[name]), _items(expected[name])
            bad = np.array([i for i in range(common) if _strip(a[i]) != _strip(b[i])], dtype=int)
        total += len(bad)
        if len(bad) and (best is None or bad[0] < best[0]):
            row = int(bad[0])
            shown = show.pair(a[row], b[row])
            best = row, Difference("value", f"{_at((*path, f'row {row}', f'column {name}'))}"
                                   f"got {shown[0]}, expected {shown[1]}")
    return best, total


def _strip(item: Any) -> Any:
    if isinstance(item, str):
        return item.strip()
    return None if item is None or item != item else item


def _is_series(item: Any) -> bool:
    return hasattr(item, "to_numpy") and not hasattr(item, "columns")


def _items(item: Any) -> list:
    return item.tolist() if isinstance(item, np.ndarray) or _is_series(item) else list(item)


def _numbers(item: Any) -> np.ndarray | None:
    """The sequence as an array of numbers, where it is one."""
    if _is_series(item):
        item = item.to_numpy()
    if not isinstance(item, np.ndarray):
        if not all(isinstance(v, (bool, int, float, list, tuple, np.ndarray)) for v in item):
            return None
        try:
            item = np.asarray(item)
        except (ValueError, OverflowError):
            return None
    return item if item.dtype.kind in "biuf" else None


def _column_kind(series: Any) -> str:
    numbers = _numbers(series)
    return "text" if numbers is None else "numbers"


# ------------------------------------------------------------------------------------- sentences


def _at(path: tuple) -> str:
    if not path:
        return ""
    names = [f"[{step}]" if isinstance(step, int) else str(step) for step in path]
    return ", ".join(names) + ": "


def _count(n: int) -> str:
    return f"{n} item" + ("" if n == 1 else "s")


def _value(got: Any, expected: Any, path: tuple) -> Difference:
    shown = show.pair(got, expected)
    return Difference("value", f"{_at(path)}got {shown[0]}, expected {shown[1]}")


def _type(got: Any, wanted: str, path: tuple) -> Difference:
    return Difference("type", f"{_at(path)}got {show.kind(got)}, expected {wanted}")
