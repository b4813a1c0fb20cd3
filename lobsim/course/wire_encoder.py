"""The generous half of the wire: reduces values to plain JSON-able parts (see `wire`)."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import sys
from typing import Any

import numpy as np

from lobsim.course.wire_form import (
    MAX_DIMENSIONS,
    MAX_INT_BITS,
    MAX_TEXT_WIDTH,
    SCALARS,
    Limits,
    Other,
    WireError,
)


class Encoder:
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
        if isinstance(value, Other):  # what travelled before travels again
            return {"t": "other", "v": value.type_name}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            return self.mapping(fields, depth)
        if isinstance(value, (set, frozenset)):
            return self.other(value, "a set has no order and cannot travel; use a sorted list")
        return self.other(value)

    def whole(self, value: int) -> Any:
        if value.bit_length() > MAX_INT_BITS:
            raise WireError(f"a whole number of {value.bit_length()} bits cannot travel; "
                            f"at most {MAX_INT_BITS} can")
        return value

    def mapping(self, value: dict, depth: int) -> Any:
        pairs, seen = [], set()
        for key, item in value.items():
            plain = self.any(key, depth + 1)
            if type(plain) not in SCALARS:
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
        if value.dtype.kind not in "biufU" or value.ndim > MAX_DIMENSIONS:
            return self.other(value, f"an array of type {value.dtype} cannot travel; allowed are "
                              "whole numbers, floats, bools and text")
        if value.dtype.kind == "U" and value.dtype.itemsize == 0:
            value = value.astype("<U1")
        if value.dtype.kind == "U" and value.dtype.itemsize > 4 * MAX_TEXT_WIDTH:
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
        return {"t": "table", "rows": int(frame.shape[0]), "columns": columns, "attrs": coded}

    def plain_attrs(self, attrs: dict, depth: int) -> Any:
        kept = {}
        for key, item in attrs.items():
            # attributes that are not plain (paths, whole tables) stay behind without a complaint
            if isinstance(item, (*SCALARS, list, tuple, dict, np.generic)):
                coded = Encoder(False, self.limits).any(item, depth + 1)
                if '"other"' not in json.dumps(coded):
                    kept[key] = item
        return self.mapping(kept, depth + 1)


def _float(value: float) -> Any:
    if math.isfinite(value):
        return value
    return {"t": "f", "v": "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")}
