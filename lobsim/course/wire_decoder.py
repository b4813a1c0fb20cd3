"""The strict half of the wire: builds plain values from what came from outside (see `wire`)."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

import numpy as np

from lobsim.course.wire_form import (
    DTYPES,
    MAX_DIMENSIONS,
    MAX_INT_BITS,
    MAX_TEXT_WIDTH,
    SCALARS,
    STRANGE_COLUMNS,
    Limits,
    Other,
    WireError,
)

_LARGE_KEYS = 1000


class Decoder:
    def __init__(self, limits: Limits):
        self.limits = limits
        self.elements = 0
        self.bytes = 0
        self.large_keys = 0

    def count(self, elements: int, nbytes: int = 0) -> None:
        self.elements += elements
        self.bytes += nbytes
        if self.elements > self.limits.elements:
            raise WireError(f"a message of more than {self.limits.elements:,} elements")
        if self.bytes > self.limits.bytes:
            raise WireError(f"a message of more than {self.limits.bytes:,} bytes")

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
            if data.bit_length() > MAX_INT_BITS:
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
            if type(key) not in SCALARS:
                raise WireError("a dict key must be text or a number")
            if type(key) is int and key.bit_length() > 63:
                # such numbers can be chosen so that all fall into one place of the dict, and
                # many of them would take hours
                self.large_keys += 1
                if self.large_keys > _LARGE_KEYS:
                    raise WireError(f"more than {_LARGE_KEYS} dict keys of more than 63 bits")
            if key in result:
                raise WireError(f"the key {str(key)[:40]!r} occurs twice")
            result[key] = self.any(pair[1], depth + 1)
        return result

    def array(self, data: dict, depth: int) -> np.ndarray:
        dtype, shape = data["dtype"], _list(data["shape"])
        if type(dtype) is not str or not (dtype in DTYPES or _is_text_dtype(dtype)):
            raise WireError(f"an array of type {str(dtype)[:20]!r} is not allowed")
        if not 1 <= len(shape) <= MAX_DIMENSIONS or any(
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


def _list(data: Any) -> list:
    if type(data) is not list:
        raise WireError("a list is missing in a message")
    return data


def _is_text_dtype(dtype: str) -> bool:
    digits = dtype[2:]
    return (dtype.startswith("<U") and digits.isascii() and digits.isdigit() and len(digits) <= 4
            and 1 <= int(digits) <= MAX_TEXT_WIDTH)
