"""Values in words: short, exact enough to see a difference, the same on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from lobsim.course.wire import Other

_DEPTH = 3  # containers within containers that are written out


def number(value: Any, digits: int = 10) -> str:
    """A number without noise: at most ``digits`` significant digits, whole numbers in full."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    value = float(value)
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    text = f"{value:.{digits}g}"
    if "e" in text and 1e-5 <= abs(value) < 1e16:
        # people compare digits, so everyday sizes are written out
        text = f"{float(text):.16f}".rstrip("0") if abs(value) < 1 else f"{float(text):.1f}"
    return text if any(c in text for c in ".en") else text + ".0"


def pair(got: Any, expected: Any) -> tuple[str, str]:
    """Two values with just enough digits to differ."""
    plain = (bool, int, float, np.bool_, np.integer, np.floating)
    if isinstance(got, plain) and isinstance(expected, plain):
        for digits in (6, 10, 13, 17):
            shown = number(got, digits), number(expected, digits)
            if shown[0] != shown[1]:
                return shown
        return repr(got), repr(expected)
    return value(got), value(expected)


def one_line(text: str, width: int = 400) -> str:
    """Text that came from elsewhere, safe for a terminal: printable, on one line, cut."""
    text = "".join(c if c.isprintable() else " " for c in text[: 2 * width])
    return text if len(text) <= width else text[: width - 4] + " ..."


def value(item: Any, width: int = 100) -> str:
    """One line for any plain value; long ones are cut and measured."""
    text = _full(item, width)
    return text if len(text) <= width else _cut(item, text, width)


def _full(item: Any, width: int, depth: int = 0) -> str:
    if item is None or isinstance(item, (bool, np.bool_)):
        return str(item)
    if isinstance(item, (int, float, np.integer, np.floating)):
        return number(item)
    if isinstance(item, str):
        return repr(item if len(item) <= 2 * width else item[: 2 * width])
    if isinstance(item, Other):
        return f"an object of type {item.type_name}"
    if isinstance(item, np.ndarray):
        return _array(item, width)
    if depth == _DEPTH and isinstance(item, (dict, list, tuple)):
        return kind(item)
    if isinstance(item, dict):
        inner = ", ".join(f"{key!r}: {_full(v, width, depth + 1)}"
                          for key, v in list(item.items())[:20])
        return "{" + inner + (", ..." if len(item) > 20 else "") + "}"
    if isinstance(item, (list, tuple)):
        inner = ", ".join(_full(v, width, depth + 1) for v in item[:20])
        inner += ", ..." if len(item) > 20 else ""
        if isinstance(item, list):
            return f"[{inner}]"
        return f"({inner},)" if len(item) == 1 else f"({inner})"
    if hasattr(item, "columns"):
        names = ", ".join(map(str, list(item.columns)[:8]))
        more = ", ..." if len(item.columns) > 8 else ""
        return f"a table of {rows(len(item))} ({names}{more})"
    if hasattr(item, "to_numpy"):
        return f"a column of {_full(np.asarray(item.to_list()), width)}"
    return type(item).__name__


def rows(count: int) -> str:
    """``1 row``, ``2 rows``."""
    return f"{count} row" + ("" if count == 1 else "s")


def _array(item: np.ndarray, width: int) -> str:
    if item.size <= 20 and item.ndim == 1:
        text = "array([" + ", ".join(_full(v, width) for v in item.tolist()) + "])"
        if len(text) <= width:
            return text
    if item.size <= 20:
        text = "array(" + _full(item.tolist(), width) + ")"
        if item.ndim > 1 and len(text) <= width:
            return text
    head = ", ".join(_full(v, width) for v in item.ravel()[:3].tolist())
    shape = " x ".join(map(str, item.shape))
    return f"an array of {shape} values ({head}{', ...' if item.size > 3 else ''})"


def _cut(item: Any, text: str, width: int) -> str:
    if isinstance(item, (list, tuple, dict, str)):
        kind = {list: "list", tuple: "tuple", dict: "dict", str: "text"}[type(item)]
        unit = "characters" if kind == "text" else "items"
        return f"{text[: width - 30]} ... (a {kind} of {len(item)} {unit})"
    return text[: width - 4] + " ..."


def arguments(inputs: dict[str, Any], width: int = 60) -> str:
    """The inside of the brackets of a call: ``side='sell', quantity=100``."""
    return ", ".join(f"{name}={value(item, width)}" for name, item in inputs.items())


def kind(item: Any) -> str:
    """What sort of thing a value is, in a learner's words."""
    if item is None:
        return "nothing (None)"
    if isinstance(item, (bool, np.bool_)):
        return "True or False" if item is None else f"the truth value {bool(item)}"
    if isinstance(item, (int, float, np.integer, np.floating)):
        return "a number"
    if isinstance(item, str):
        return "text"
    if isinstance(item, np.ndarray):
        return f"an array of shape {item.shape}"
    if isinstance(item, (list, tuple)):
        return f"a {type(item).__name__} of {len(item)}"
    if isinstance(item, dict):
        return "a dict"
    if isinstance(item, Other):
        return f"an object of type {item.type_name}"
    if hasattr(item, "columns"):
        return f"a table of {rows(len(item))}"
    return f"a column of {len(item)}"
