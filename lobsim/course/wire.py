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

import base64
import binascii
import dataclasses
import json
import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np


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

_DTYPES = {"|b1", "|i1", "|u1"} | {f"<{k}{n}" for k, n in
                                   (("i", 2), ("i", 4), ("i", 8), ("u", 2), ("u", 4), ("u", 8),
                                    ("f", 2), ("f", 4), ("f", 8))}
_MAX_TEXT_WIDTH = 4096  # characters of one element of a fixed-width text array
_MAX_INT_BITS = 1024
_MAX_DIMENSIONS = 8
_SCALARS = (type(None), bool, int, float, str)


@dataclass(frozen=True)
class Other:
    """Stands for a value that cannot travel; only the name of its type is known."""

    type_name: str


# ---------------------------------------------------------------------------------------- encode


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
    return _Encoder(strict, limits).any(value, 0)


def dumps(value: Any, *, strict: bool = True, limits: Limits = LIMITS) -> str:
    """`encode` as compact JSON text with sorted keys."""
    text = json.dumps(encode(value, strict=strict, limits=limits), sort_keys=True,
                      separators=(",", ":"), allow_nan=False)
    if len(text) > limits.bytes:
        raise WireError(f"the value takes {len(text):,} bytes; at most {limits.bytes:,} can travel")
    return text


class _Encoder:
    """One pass over one value, counting as it goes."""

    def __init__(self, strict: bool, limits: Limits):
        self.strict = strict
        self.limits = limits
        self.elements = 0
        self.bytes = 0

    def count(self, elements: int, nbytes: int = 0) -> None:
        self.elements += int(elements)
        self.bytes += int(nbytes)
        if self.elements > self.limits.elements:
            raise WireError(f"the value has more than {self.limits.elements:,} elements")
        if self.bytes > self.limits.bytes:
            raise WireError(f"the value takes more than {self.limits.bytes:,} bytes")

    def other(self, value: Any, why: str = "") -> Any:
        name = type(value).__name__
        if self.strict:
            raise WireError(why or f"a value of type {name} cannot travel; allowed are numbers, "
                            "text, True/False, None, lists, tuples, dicts, arrays and tables")
        return {"t": "other", "v": name[:100]}

    def any(self, value: Any, depth: int) -> Any:
        if depth > self.limits.depth:
            raise WireError(f"the value is nested more than {self.limits.depth} deep")
        self.count(1)
        if value is None or isinstance(value, (bool, np.bool_)):
            return None if value is None else bool(value)
        if isinstance(value, (int, np.integer)) and not isinstance(value, np.timedelta64):
            return self.whole(int(value))
        if isinstance(value, (float, np.floating)):
            return _float(float(value))
        if isinstance(value, str):
            self.count(0, len(value))
            return str.__str__(value)
        if isinstance(value, np.ndarray):
            return self.array(value, depth)
        if isinstance(value, list):
            return [self.any(item, depth + 1) for item in value]
        if isinstance(value, tuple):
            return {"t": "tuple", "v": [self.any(item, depth + 1) for item in value]}
        if isinstance(value, dict):
            return self.mapping(value, depth)
        return self.rich(value, depth)

    def rich(self, value: Any, depth: int) -> Any:
        pd = sys.modules.get("pandas")
        if pd is not None:
            if isinstance(value, pd.DataFrame):
                return self.table(value, depth)
            if isinstance(value, (pd.Series, pd.Index)) and value.ndim == 1:
                name = value.name if isinstance(value.name, str) else None
                column = self.column(value, depth)
                if column.get("t") == "other":
                    return self.other(value, f"a column of type {value.dtype} cannot travel")
                return {"t": "series", "name": name, "v": column}
            if value is pd.NA or value is pd.NaT:
                return _float(math.nan)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            return self.mapping(fields, depth)
        if isinstance(value, (set, frozenset)):
            return self.other(value, "a set has no order and cannot travel; use a sorted list")
        return self.other(value)

    def whole(self, value: int) -> Any:
        if value.bit_length() > _MAX_INT_BITS:
            raise WireError(f"a whole number of {value.bit_length()} bits cannot travel; "
                            f"at most {_MAX_INT_BITS} can")
        return value

    def mapping(self, value: dict, depth: int) -> Any:
        pairs, seen = [], set()
        for key, item in value.items():
            plain = self.any(key, depth + 1)
            if type(plain) not in _SCALARS:
                return self.other(value, "a dict travels only with plain keys (text or numbers), "
                                  f"not {type(key).__name__}")
            if plain in seen:
                return self.other(value, f"the dict has the key {plain!r} twice")
            seen.add(plain)
            pairs.append([plain, self.any(item, depth + 1)])
        return {"t": "dict", "v": pairs}

    def array(self, value: np.ndarray, depth: int) -> Any:
        if isinstance(value, np.ma.MaskedArray):
            return self.other(value)
        value = np.asarray(value)
        if value.ndim == 0:
            return self.any(value.item(), depth)
        if value.dtype.kind == "O":
            return self.any(value.tolist(), depth)
        if value.dtype.kind == "f" and value.dtype.itemsize > 8:
            value = value.astype("<f8")
        if value.dtype.kind not in "biufU" or value.ndim > _MAX_DIMENSIONS:
            return self.other(value, f"an array of type {value.dtype} cannot travel; allowed are "
                              "whole numbers, floats, bools and text")
        if value.dtype.kind == "U" and value.dtype.itemsize == 0:
            value = value.astype("<U1")
        if value.dtype.kind == "U" and value.dtype.itemsize > 4 * _MAX_TEXT_WIDTH:
            return self.any(value.tolist(), depth)
        value = np.ascontiguousarray(value.astype(value.dtype.newbyteorder("<"), copy=False))
        self.count(value.size, value.nbytes)
        return {"t": "array", "dtype": value.dtype.str, "shape": list(value.shape),
                "v": base64.b64encode(value.tobytes()).decode("ascii")}

    def column(self, series: Any, depth: int) -> Any:
        import pandas as pd

        dtype = series.dtype
        if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
            return self.array(series.to_numpy(), depth)
        if isinstance(dtype, np.dtype) and dtype.kind in "mM":
            return {"t": "other", "v": str(dtype)}
        if isinstance(dtype, pd.CategoricalDtype):
            series = pd.Series(series).astype(dtype.categories.dtype)
            return self.column(series, depth)
        if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_numeric_dtype(dtype):
            missing = bool(pd.isna(series).any())
            kind = "f8" if missing or pd.api.types.is_float_dtype(dtype) else (
                "b1" if pd.api.types.is_bool_dtype(dtype) else "i8")
            if kind == "f8":
                return self.array(series.to_numpy(dtype="f8", na_value=np.nan), depth)
            return self.array(series.to_numpy(dtype=kind), depth)
        return self.text_column(series, dtype)

    def text_column(self, series: Any, dtype: Any) -> Any:
        import pandas as pd

        items = []
        for item in series.tolist():
            if isinstance(item, str):
                items.append(str.__str__(item))
                self.count(1, len(item))
            elif item is None or (not isinstance(item, (list, tuple, dict, np.ndarray))
                                  and pd.isna(item)):
                items.append(None)
                self.count(1)
            else:
                return self.mixed_column(series, dtype)
        return {"t": "strings", "v": items}

    def mixed_column(self, series: Any, dtype: Any) -> Any:
        items = series.tolist()
        plain = (bool, int, float, np.bool_, np.integer, np.floating)
        if all(isinstance(item, plain) for item in items):
            array = np.asarray(items)
            if array.dtype.kind in "biuf":
                return self.array(array, 0)
        return {"t": "other", "v": f"{dtype} (mixed)"}

    def table(self, frame: Any, depth: int) -> Any:
        import pandas as pd

        # a named index is data the learner moved aside; an unnamed one is only row numbers
        named = [name for name in frame.index.names if name is not None]
        if named and not set(named) & set(frame.columns):
            frame = frame.reset_index(level=named)
        if frame.shape[1] > self.limits.columns:
            raise WireError(f"the table has {frame.shape[1]} columns; "
                            f"at most {self.limits.columns} can travel")
        columns, seen = [], set()
        for position, label in enumerate(frame.columns):
            name = label if isinstance(label, str) else str(label)
            if name in seen:
                return self.other(frame, f"the table has the column {name!r} twice")
            seen.add(name)
            column = self.column(frame.iloc[:, position], depth)
            if column.get("t") == "other" and self.strict:
                raise WireError(f"column {name!r} of type {column['v']} cannot travel; allowed "
                                "are whole numbers, floats, bools and text")
            columns.append([name, column])
        attrs = {k: v for k, v in frame.attrs.items() if isinstance(k, str)}
        coded = self.plain_attrs(attrs, depth)
        assert isinstance(frame, pd.DataFrame)
        return {"t": "table", "rows": int(frame.shape[0]), "columns": columns, "attrs": coded}

    def plain_attrs(self, attrs: dict, depth: int) -> Any:
        kept = {}
        for key, item in attrs.items():
            # attributes that are not plain (paths, whole tables) stay behind without a complaint
            if isinstance(item, (*_SCALARS, list, tuple, dict, np.generic)):
                coded = _Encoder(False, self.limits).any(item, depth + 1)
                if '"other"' not in json.dumps(coded):
                    kept[key] = item
        return self.mapping(kept, depth + 1)


def _float(value: float) -> Any:
    if math.isfinite(value):
        return value
    return {"t": "f", "v": "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")}


# ---------------------------------------------------------------------------------------- decode


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
    return _Decoder(limits).any(data, 0)


class _Decoder:
    def __init__(self, limits: Limits):
        self.limits = limits
        self.elements = 0
        self.bytes = 0

    count = _Encoder.count

    def any(self, data: Any, depth: int) -> Any:
        if depth > self.limits.depth:
            raise WireError(f"a message nested more than {self.limits.depth} deep")
        self.count(1)
        kind = type(data)
        if kind in (bool, type(None)):
            return data
        if kind is str:
            self.count(0, len(data))
            return data
        if kind is int:
            if data.bit_length() > _MAX_INT_BITS:
                raise WireError(f"a whole number of {data.bit_length()} bits")
            return data
        if kind is float:
            if not math.isfinite(data):
                raise WireError("a bare NaN or infinity in a message")
            return data
        if kind is list:
            return [self.any(item, depth + 1) for item in data]
        if kind is not dict:
            raise WireError(f"a {kind.__name__} in a message")
        return self.tagged(data, depth)

    def tagged(self, data: dict, depth: int) -> Any:
        tag = data.get("t")
        reader = self.READERS.get(tag) if type(tag) is str else None
        if reader is None:
            raise WireError(f"an unknown tag {str(tag)[:40]!r} in a message")
        fields, method = reader
        if set(data) != fields:
            raise WireError(f"a {tag} needs exactly the fields {', '.join(sorted(fields))}")
        return method(self, data, depth)

    def special(self, data: dict, depth: int) -> float:
        if data["v"] not in ("nan", "inf", "-inf"):
            raise WireError("a special float must be nan, inf or -inf")
        return float(data["v"])

    def tuple(self, data: dict, depth: int) -> tuple:
        return tuple(self.any(item, depth + 1) for item in _list(data["v"]))

    def mapping(self, data: dict, depth: int) -> dict:
        result: dict = {}
        for pair in _list(data["v"]):
            if type(pair) is not list or len(pair) != 2:
                raise WireError("a dict must be a list of pairs")
            key = self.any(pair[0], depth + 1)
            if type(key) not in _SCALARS:
                raise WireError("a dict key must be text or a number")
            if key in result:
                raise WireError(f"the key {str(key)[:40]!r} occurs twice")
            result[key] = self.any(pair[1], depth + 1)
        return result

    def array(self, data: dict, depth: int) -> np.ndarray:
        dtype, shape = data["dtype"], _list(data["shape"])
        if type(dtype) is not str or not (dtype in _DTYPES or _is_text_dtype(dtype)):
            raise WireError(f"an array of type {str(dtype)[:20]!r} is not allowed")
        if not 1 <= len(shape) <= _MAX_DIMENSIONS or any(
                type(n) is not int or not 0 <= n <= self.limits.elements for n in shape):
            raise WireError("an array with an impossible shape")
        size = math.prod(shape)
        np_dtype = np.dtype(dtype)
        self.count(size, size * np_dtype.itemsize)
        if type(data["v"]) is not str:
            raise WireError("array data must be base64 text")
        try:
            raw = base64.b64decode(data["v"], validate=True)
        except (binascii.Error, ValueError):
            raise WireError("array data that is not base64") from None
        if len(raw) != size * np_dtype.itemsize:
            raise WireError(f"array data of {len(raw)} bytes for shape {tuple(shape)} of {dtype}")
        if dtype == "|b1" and raw.strip(b"\x00\x01"):
            raise WireError("array data of bools other than 0 and 1")
        if np_dtype.kind == "U":
            points = np.frombuffer(raw, dtype="<u4")
            if points.size and int(points.max()) > 0x10FFFF:
                raise WireError("array data that is not text")
        native = np_dtype.newbyteorder("=")
        return np.frombuffer(raw, dtype=np_dtype).astype(native).reshape(shape)

    def strings(self, data: dict, depth: int) -> list:
        items = _list(data["v"])
        for item in items:
            if type(item) is str:
                self.count(1, len(item))
            elif item is None:
                self.count(1)
            else:
                raise WireError("a column of text holds something else")
        return items

    def column(self, data: Any, depth: int, rows: int | None) -> Any:
        if type(data) is not dict or data.get("t") not in ("array", "strings", "other"):
            raise WireError("a column must be an array or a list of text")
        values = self.tagged(data, depth)
        if type(values) is Other:
            return values
        if type(values) is np.ndarray and values.ndim != 1:
            raise WireError("a column must have one dimension")
        if rows is not None and len(values) != rows:
            raise WireError(f"a column of {len(values)} rows in a table of {rows}")
        return values

    def series(self, data: dict, depth: int) -> Any:
        import pandas as pd

        name = data["name"]
        if name is not None and type(name) is not str:
            raise WireError("the name of a series must be text")
        values = self.column(data["v"], depth, None)
        if type(values) is Other:
            raise WireError("a series must hold numbers or text")
        return pd.Series(values, name=name, dtype="str" if type(values) is list else None)

    def table(self, data: dict, depth: int) -> Any:
        import pandas as pd

        rows, columns = data["rows"], _list(data["columns"])
        if type(rows) is not int or not 0 <= rows <= self.limits.elements:
            raise WireError("a table with an impossible number of rows")
        if len(columns) > self.limits.columns:
            raise WireError(f"a table of {len(columns)} columns; "
                            f"at most {self.limits.columns} are read")
        values: dict = {}
        strange: dict = {}
        for pair in columns:
            if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not str:
                raise WireError("a table must be a list of named columns")
            name = pair[0]
            if name in values or name in strange:
                raise WireError(f"the column {name[:40]!r} occurs twice")
            column = self.column(pair[1], depth + 1, rows)
            if type(column) is Other:
                strange[name] = column.type_name
            else:
                values[name] = (pd.Series(column, dtype="str") if type(column) is list
                                else column)
        attrs = self.any(data["attrs"], depth + 1)
        if type(attrs) is not dict or any(type(key) is not str for key in attrs):
            raise WireError("table attributes must be a dict with text keys")
        frame = pd.DataFrame(values, index=pd.RangeIndex(rows))
        frame.attrs = attrs
        if strange:
            frame.attrs[STRANGE_COLUMNS] = strange
        return frame

    def other(self, data: dict, depth: int) -> Other:
        if type(data["v"]) is not str or len(data["v"]) > 200:
            raise WireError("a type name must be short text")
        return Other(data["v"])

    READERS = {
        "f": ({"t", "v"}, special),
        "tuple": ({"t", "v"}, tuple),
        "dict": ({"t", "v"}, mapping),
        "array": ({"t", "dtype", "shape", "v"}, array),
        "strings": ({"t", "v"}, strings),
        "series": ({"t", "name", "v"}, series),
        "table": ({"t", "rows", "columns", "attrs"}, table),
        "other": ({"t", "v"}, other),
    }


STRANGE_COLUMNS = "columns that cannot travel"


def _list(data: Any) -> list:
    if type(data) is not list:
        raise WireError("a list is missing in a message")
    return data


def _is_text_dtype(dtype: str) -> bool:
    digits = dtype[2:]
    return (dtype.startswith("<U") and digits.isascii() and digits.isdigit() and len(digits) <= 4
            and 1 <= int(digits) <= _MAX_TEXT_WIDTH)


def plain(value: Any, *, strict: bool = True) -> Any:
    """The value as it looks after travelling: a fresh copy made of plain parts only."""
    return decode(encode(value, strict=strict))


def same(a: Any, b: Any) -> bool:
    """Whether two encoded values are the same, NaN and the sign of zero included."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)
