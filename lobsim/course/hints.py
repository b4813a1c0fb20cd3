"""Guesses at what went wrong that need no author: sign, unit, order, off by one, rounding.

They speak only where no declared mistake fits, and only about visible cases.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lobsim.course.compare import equal
from lobsim.course.declare import Tolerance

_FACTORS = {
    1e4: "10,000 times too large: a fraction asked for, basis points given?",
    1e-4: "10,000 times too small: basis points asked for, a fraction given?",
    1e2: "100 times too large: look at the units (percent, cents, round lots).",
    1e-2: "100 times too small: look at the units (percent, cents, round lots).",
    1e3: "1,000 times too large: look at the units (seconds, milliseconds).",
    1e-3: "1,000 times too small: look at the units (seconds, milliseconds).",
    1e9: "1e9 times too large: nanoseconds given where seconds are asked for?",
    1e-9: "1e9 times too small: seconds given where nanoseconds are asked for?",
    2.0: "twice what is expected: full given where half is asked for?",
    0.5: "half of what is expected: half given where full is asked for?",
}


def guess(got: Any, expected: Any, tolerance: Tolerance) -> str:
    """One sentence about a difference that has a well-known shape, or "".

    Examples
    --------
    >>> guess(-132.5, 132.5, Tolerance())
    'your value has the opposite sign.'
    """
    a, b = _numbers(got), _numbers(expected)
    if a is None or b is None:
        return ""
    many = b.size > 1
    if a.shape != b.shape:
        if many and a.ndim == b.ndim == 1 and abs(a.size - b.size) == 1:
            return "one item too " + ("many" if a.size > b.size else "few") + \
                ": look at the first and the last."
        return ""
    if not np.any(np.isfinite(b) & (b != 0)):
        return ""
    loose = Tolerance(max(tolerance.rtol, 1e-9), tolerance.atol)
    if equal(-a, b, loose):
        return f"your value{'s have' if many else ' has'} the opposite sign."
    for factor, sentence in _FACTORS.items():
        if equal(a / factor, b, loose):
            return ("your values are " if many else "your value is ") + sentence
    if many and a.ndim == 1:
        return _order(a, b, loose)
    if not many and equal(a, np.trunc(b), loose) | equal(a, np.round(b), loose):
        return "your value is rounded to a whole number."
    return ""


def _order(a: np.ndarray, b: np.ndarray, tolerance: Tolerance) -> str:
    if equal(a[::-1], b, tolerance):
        return "your values are in reverse order."
    if equal(np.sort(a), np.sort(b), tolerance):
        return "your values are right, but in another order."
    if b.size > 2 and equal(a[1:], b[:-1], tolerance):
        return "your values are one place late (shifted towards the end)."
    if b.size > 2 and equal(a[:-1], b[1:], tolerance):
        return "your values are one place early (shifted towards the start)."
    return ""


def _numbers(value: Any) -> np.ndarray | None:
    if isinstance(value, bool) or value is None or isinstance(value, (str, dict)):
        return None
    if hasattr(value, "columns"):
        return None
    try:
        array = np.atleast_1d(np.asarray(value))
    except (ValueError, OverflowError):
        return None
    return array.astype("f8") if array.dtype.kind in "iuf" else None
