"""Plain values survive the journey; nothing else is let in."""

import base64
import dataclasses
import enum
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lobsim.course import wire
from lobsim.course.wire import Limits, Other, WireError, decode, dumps, encode, loads
from lobsim.course.wire_decoder import Decoder

floats = st.floats(allow_nan=True, allow_infinity=True)
texts = st.text(max_size=8)
keys = st.one_of(texts, st.integers(), st.booleans(), st.none())
scalars = st.one_of(st.none(), st.booleans(), st.integers(-2**80, 2**80), floats, texts)
dtypes = st.sampled_from(["?", "i1", "u1", "i4", "u2", "i8", "u8", "f4", "f8", "U1", "U7"])
arrays = dtypes.flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(max_dims=3, min_side=0,
                                                                 max_side=4)))
values = st.recursive(st.one_of(scalars, arrays), lambda inner: st.one_of(
    st.lists(inner, max_size=4), st.lists(inner, max_size=3).map(tuple),
    st.dictionaries(keys, inner, max_size=3)), max_leaves=12)


def _equal(a, b):
    """Equal in type, order and bits (NaN and the sign of zero included)."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (
            a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(_equal(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_equal, a, b))
    return a == b


@settings(max_examples=200, deadline=None)
@given(values)
def test_a_plain_value_comes_back_as_it_was(value):
    assert _equal(loads(dumps(value)), value)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5).flatmap(lambda n: st.tuples(
    st.lists(st.integers(-2**62, 2**62), min_size=n, max_size=n),
    st.lists(floats, min_size=n, max_size=n), st.lists(st.booleans(), min_size=n, max_size=n),
    st.lists(st.one_of(st.none(), texts), min_size=n, max_size=n))))
def test_a_table_comes_back_column_by_column(columns):
    whole, real, truth, text = columns
    frame = pd.DataFrame({"i": np.array(whole, dtype="i8"), "f": np.array(real, dtype="f8"),
                          "b": np.array(truth, dtype=bool),
                          "s": pd.Series(text, dtype="str")})
    frame.attrs = {"kind": "quotes", "report": {"dropped": 3}}
    back = loads(dumps(frame))
    pd.testing.assert_frame_equal(back, frame)
    assert back.attrs == frame.attrs


@settings(max_examples=300, deadline=None)
@given(st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["t", "v", "dtype", "shape", "rows", "columns", "attrs", "name"]),
            st.one_of(inner, st.sampled_from([*Decoder.READERS, "<f8", "|O"])),
            max_size=4)),
    max_leaves=10))
def test_any_json_is_decoded_or_refused_with_one_sentence(data):
    try:
        decode(data)
    except WireError as error:
        assert 5 < len(str(error)) < 300


@dataclasses.dataclass
class _Pair:
    bid: float
    ask: float


class _Colour(enum.IntEnum):
    RED = 3


@pytest.mark.parametrize("value, plain", [
    (np.float32(1.5), 1.5), (np.int64(7), 7), (np.bool_(True), True), (np.array(2.5), 2.5),
    (_Colour.RED, 3), (_Pair(1.0, 2.0), {"bid": 1.0, "ask": 2.0}), (np.str_("x"), "x"),
    (pd.NA, math.nan), (np.array(["a", 1], dtype=object), ["a", 1]),
])
def test_rich_values_are_reduced_to_plain_ones(value, plain):
    assert _equal(wire.plain(value), plain)


def test_subclasses_lose_their_tricks():
    class AlwaysEqual(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

    class Sly(np.ndarray):
        def __eq__(self, other):
            return np.ones(self.shape, dtype=bool)

    back = wire.plain([AlwaysEqual(1.0), np.zeros(2).view(Sly)])
    assert type(back[0]) is float and back[0] != 2.0
    assert type(back[1]) is np.ndarray and not (back[1] == 1).any()


@pytest.mark.parametrize("value", [object(), len, {1, 2}, 1j, ..., np.array([1j]),
                                   np.array(["2026-01-02"], dtype="M8[D]"), {("a",): 1}, b"x"])
def test_what_cannot_travel_is_refused_for_authors_and_named_for_learners(value):
    with pytest.raises(WireError):
        encode(value)
    assert type(wire.plain(value, strict=False)) is Other


def test_a_strange_extra_column_does_not_spoil_a_learners_table():
    frame = pd.DataFrame({"bid": [1.0], "when": pd.to_datetime(["2026-01-02"])})
    back = wire.plain(frame, strict=False)
    assert list(back.columns) == ["bid"]
    assert list(back.attrs[wire.STRANGE_COLUMNS]) == ["when"]
    with pytest.raises(WireError, match="when"):
        encode(frame)


def test_a_named_index_becomes_a_column_and_row_numbers_are_forgotten():
    frame = pd.DataFrame({"bid": [1.0, 2.0]}, index=pd.Index([5, 6], name="time_ns"))
    assert list(wire.plain(frame).columns) == ["time_ns", "bid"]
    assert list(wire.plain(frame.reset_index(drop=True).iloc[::-1]).index) == [0, 1]


def test_categories_and_nullable_columns_become_plain_ones():
    frame = pd.DataFrame({"c": pd.Categorical(["x", "y"]), "n": pd.array([1, None], dtype="Int64"),
                          "m": pd.array([1, 2], dtype="Int64")})
    back = wire.plain(frame)
    assert back["c"].tolist() == ["x", "y"]
    assert back["n"].dtype == "float64" and back["m"].dtype == "int64"


def _array(**changes):
    raw = base64.b64encode(np.zeros(2).tobytes()).decode()
    return {"t": "array", "dtype": "<f8", "shape": [2], "v": raw, **changes}


@pytest.mark.parametrize("data, words", [
    (_array(dtype="|O"), "not allowed"), (_array(dtype="<M8[ns]"), "not allowed"),
    (_array(dtype="<U99999"), "not allowed"), (_array(dtype=["<f8"]), "not allowed"),
    (_array(shape=[3]), "16 bytes"), (_array(shape=[2**40]), "shape"),
    (_array(shape=[True]), "shape"), (_array(shape=[-2]), "shape"), (_array(shape=[]), "shape"),
    (_array(v="%%%"), "base64"), (_array(v=None), "base64"), (_array(extra=1), "fields"),
    (_array(dtype="<U2", shape=[1], v=base64.b64encode(b"\xff" * 8).decode()), "not text"),
    (_array(dtype="|b1", shape=[1], v=base64.b64encode(b"\x02").decode()), "bools"),
    ({"t": "pickle", "v": "x"}, "unknown tag"), ({"v": 1}, "unknown tag"),
    ({"t": ["dict"], "v": []}, "unknown tag"), ({"t": "f", "v": "1.0"}, "nan, inf"),
    ({"t": "dict", "v": [["a", 1], ["a", 2]]}, "twice"), ({"t": "dict", "v": [["a"]]}, "pairs"),
    ({"t": "dict", "v": [[["a"], 1]]}, "key"), ({"t": "tuple", "v": "ab"}, "list"),
    ({"t": "strings", "v": [1]}, "text"),
    ({"t": "table", "rows": 3, "columns": [["x", _array()]],
      "attrs": {"t": "dict", "v": []}}, "2 rows"),
    ({"t": "table", "rows": -1, "columns": [], "attrs": {"t": "dict", "v": []}}, "rows"),
    ({"t": "table", "rows": 2, "columns": [["x", _array()]] * 2,
      "attrs": {"t": "dict", "v": []}}, "twice"),
    ({"t": "table", "rows": 0, "columns": [], "attrs": 1}, "attributes"),
    ({"t": "series", "name": 5, "v": _array()}, "name"),
    (float("nan"), "NaN"), (2**2000, "bits"), (b"x", "bytes"),
    ({"t": "other", "v": "x" * 999}, "short"),
])
def test_forged_messages_are_refused(data, words):
    with pytest.raises(WireError, match=words):
        decode(data)


@pytest.mark.parametrize("text", ["", "{", "NaN", '[1, Infinity]', "[" * 100_000, b"\xff\xfe",
                                  "1" * 10_000, '{"t": "array"}'])
def test_text_that_is_not_a_message_is_refused(text):
    with pytest.raises(WireError):
        loads(text)


def test_limits_hold_before_memory_is_spent():
    small = Limits(bytes=200, elements=10, depth=3, columns=2)
    for value in (list(range(11)), "x" * 300, np.zeros(1000), [[[[[1]]]]]):
        with pytest.raises(WireError):
            encode(value, limits=small)
        with pytest.raises(WireError):
            loads(dumps(value), limits=small)
    wide = pd.DataFrame({str(i): [i] for i in range(3)})
    with pytest.raises(WireError, match="columns"):
        encode(wide, limits=small)
    with pytest.raises(WireError, match="columns"):
        decode(encode(wide), limits=Limits(columns=2))


def test_text_is_the_same_whatever_the_order_of_the_tags():
    text = dumps({"b": np.arange(3), "a": (1,)})
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) == text


def test_decoded_arrays_can_be_written_to():
    array = wire.plain(np.arange(3))
    array[0] = 7
    assert array.tolist() == [7, 1, 2]


@pytest.mark.parametrize("strict", [True, False])
def test_what_cannot_travel_keeps_its_name_on_a_second_journey(strict):
    """Else a learner who returns two tensors is told of dicts."""
    there = decode(encode((object(), {"a": object()}), strict=False))
    assert there == (Other("object"), {"a": Other("object")})
    assert decode(encode(there, strict=strict)) == there
