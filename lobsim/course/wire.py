"""Plain values as JSON and back: what may pass between a learner's process and the judge.

``encode`` runs where the learner's code runs and is as generous as it can be: NumPy scalars,
enums, data classes, pandas columns and the like are reduced to plain values.  ``decode`` runs on
the trusted side.  It builds only plain Python values, NumPy arrays of numbers, bools or text, and
pandas tables of such columns; it checks every type by identity, has strict limits, never executes
anything (no pickle), and refuses with one sentence (`WireError`).

Form: ``None``, bools, whole numbers, finite floats, text and lists are themselves; everything else
is an object with a tag ``"t"``::

    {"t": "f", "v": "nan" | "inf" | "-inf"}          a float JSON cannot write
    {"t": "tuple", "v": [...]}
    {"t": "dict", "v": [[key, value], ...]}          in order; keys are plain scalars
    {"t": "array", "dtype": "<f8", "shape": [2, 3], "v": base64 of little-endian bytes}
    {"t": "strings", "v": ["a", null, ...]}          a column of text
    {"t": "series", "name": ..., "v": array or strings}
    {"t": "table", "rows": n, "columns": [[name, array or strings or other], ...], "attrs": dict}
    {"t": "other", "v": "name of a type"}            something that cannot travel
"""

from __future__ import annotations

import json
from typing import Any

from lobsim.course.wire_decoder import Decoder
from lobsim.course.wire_encoder import Encoder
from lobsim.course.wire_form import LIMITS, STRANGE_COLUMNS, Limits, Other, WireError

__all__ = ["LIMITS", "STRANGE_COLUMNS", "Limits", "Other", "WireError", "decode", "dumps",
           "encode", "loads", "parse", "plain"]


def encode(value: Any, *, strict: bool = True, limits: Limits = LIMITS) -> Any:
    """Reduce a value to JSON-able form.

    Parameters
    ----------
    value : object
        None, bool, number, text, list, tuple, dict with scalar keys, array, pandas Series or
        DataFrame, data class, enum, and nestings of these.
    strict : bool
        True (authors): a value of any other type raises.  False (learners): it becomes `Other`.
    limits : Limits
        What is too large raises in both cases.

    Raises
    ------
    WireError
        With one sentence saying what cannot travel and what may.

    Examples
    --------
    >>> encode((1, 2.5))
    {'t': 'tuple', 'v': [1, 2.5]}
    >>> decode(encode({"bid": float("inf")}))
    {'bid': inf}
    """
    return Encoder(strict, limits).any(value, 0)


def dumps(value: Any, *, strict: bool = True, limits: Limits = LIMITS) -> str:
    """`encode` as compact JSON text with sorted keys."""
    text = json.dumps(encode(value, strict=strict, limits=limits), sort_keys=True,
                      separators=(",", ":"), allow_nan=False)
    if len(text) > limits.bytes:
        raise WireError(f"the value takes {len(text):,} bytes; at most {limits.bytes:,} can travel")
    return text


def loads(text: str | bytes, *, limits: Limits = LIMITS) -> Any:
    """`decode` JSON text that came from outside; the length is checked before anything is read."""
    return decode(parse(text, limits=limits), limits=limits)


def parse(text: str | bytes, *, limits: Limits = LIMITS) -> Any:
    """Read JSON text from outside within the limits, without interpreting it yet."""
    if type(text) not in (str, bytes):
        raise WireError(f"expected text, got {type(text).__name__}")
    if len(text) > limits.bytes:
        raise WireError(f"a message of {len(text):,} bytes; at most {limits.bytes:,} are read")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise WireError(f"a message nested more than {limits.depth} deep") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise WireError(f"not a message of ours: {str(error)[:100]}") from None


def _no_constant(name: str) -> Any:
    raise WireError(f"a bare {name} in a message")


def decode(data: Any, *, limits: Limits = LIMITS) -> Any:
    """Build the plain value that JSON-able ``data`` stands for.

    Parameters
    ----------
    data : object
        What `encode` returned, or anything else that ``json.loads`` can return.
    limits : Limits
        Bounds; exceeding one raises before memory is spent on it.

    Returns
    -------
    object
        None, bool, int, float, str, list, tuple, dict, ndarray, pandas Series, DataFrame, `Other`.

    Raises
    ------
    WireError
        With one sentence, for anything that `encode` would not have written.
    """
    return Decoder(limits).any(data, 0)


def plain(value: Any, *, strict: bool = True) -> Any:
    """The value as it looks after travelling: a fresh copy made of plain parts only."""
    return decode(encode(value, strict=strict))
