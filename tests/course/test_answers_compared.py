"""When two answers are the same, and how the first difference is told."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.course import wire
from lobsim.course.compare import equal, first_difference
from lobsim.course.declare import Tolerance
from lobsim.course.hints import guess

EXACT = Tolerance(0.0, 0.0)
numbers = st.floats(allow_nan=True, allow_infinity=True)
lists = st.lists(st.one_of(numbers, st.integers(-2**62, 2**62), st.booleans(), st.text(max_size=4)),
                 max_size=6)


def told(got, expected, tolerance=Tolerance(), **kwargs):
    difference = first_difference(wire.plain(got), wire.plain(expected), tolerance, **kwargs)
    return None if difference is None else difference.text


@settings(max_examples=150, deadline=None)
@given(st.one_of(numbers, lists, st.dictionaries(st.text(max_size=3), lists, max_size=3)))
def test_every_value_equals_itself_at_zero_tolerance(value):
    assert equal(value, wire.plain(value), EXACT)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.data())
def test_one_changed_number_is_found_where_it_is(values, data):
    at = data.draw(st.integers(0, len(values) - 1))
    changed = list(values)
    changed[at] += 1.0 + abs(values[at])
    for form in (list, tuple, np.array):
        assert told(form(changed), values).startswith(f"[{at}]: got ")
    table = pd.DataFrame({"a": values, "b": 1})
    assert told(table.assign(a=changed), table).startswith(f"row {at}, column a: got ")


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e9, 1e9), st.floats(0, 1e-3), st.floats(0, 1e-3), st.floats(-2, 2))
def test_the_tolerance_is_absolute_plus_relative(expected, rtol, atol, share):
    allowed = atol + rtol * abs(expected)
    got = expected + share * allowed
    near = abs(got - expected)
    if not math.isclose(near, allowed, rel_tol=1e-6):
        tolerance = Tolerance(rtol, atol)
        assert equal(got, expected, tolerance) == (near <= allowed)
        assert equal(np.array([got]), np.array([expected]), tolerance) == (near <= allowed)


@pytest.mark.parametrize("got, expected", [
    (2, 2.0), (2.0, 2), (np.float32(0.5), 0.5), (math.nan, math.nan), (-0.0, 0.0),
    ([1, 2], (1, 2)), (np.array([1.0, 2.0]), [1, 2]), (pd.Series([1, 2]), [1, 2]),
    ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]])), ([], np.zeros((0, 3))), (" buy ", "buy"),
    ({"b": 1, "a": 2}, {"a": 2, "b": 1}), (np.array([1, 0]), [True, False]),
    (["a", "b"], np.array(["a", "b"])), ([("x", 1.0)], [["x", 1]]), (math.inf, math.inf),
    (pd.Series(["u", "v"]), ["u", "v"]), (np.uint64(2**63), 2**63),
    (pd.DataFrame({"b": [2], "a": [1.0], "extra": [0]}), pd.DataFrame({"a": [1], "b": [2]})),
    (pd.DataFrame({"s": ["x ", None]}), pd.DataFrame({"s": ["x", np.nan]})),
    (pd.DataFrame({"a": [2, 1]}, index=[7, 3]), pd.DataFrame({"a": [2, 1]})),
])
def test_right_forms_of_an_answer_are_accepted(got, expected):
    assert told(got, expected) is None


@pytest.mark.parametrize("got, expected, words", [
    (10.01, 10.02, "got 10.01, expected 10.02"),
    (0.1 + 1e-6, 0.1, "got 0.100001, expected 0.1"),
    (True, 1.0, "got the truth value True, expected a number"),
    (1, True, "got a number, expected True or False"),
    ("1", 1, "got text, expected a number"),
    (None, 1.0, "got nothing (None), expected a number"),
    (math.nan, 1.0, "got nan, expected 1.0"),
    (math.inf, -math.inf, "got inf, expected -inf"),
    ("Buy", "buy", "got 'Buy', expected 'buy'"),
    ([1, 2, 3], [1, 2], "got 3 items, expected 2"),
    ([1, 9], [1, 2, 3], "got 2 items, expected 3; the first that differs: [1]: got 9, expected 2"),
    (np.zeros((2, 3)), np.zeros((3, 2)), "got an array of shape (2, 3), expected shape (3, 2)"),
    (np.zeros((2, 2)), np.ones((2, 2)), "[0, 0]: got 0.0, expected 1.0 (4 of 4 differ)"),
    ({"a": 1}, {"a": 1, "b": 2}, "the key 'b' missing; yours: 'a'"),
    ({"a": 1, "c": 2}, {"a": 1}, "unexpected key 'c'; expected only 'a'"),
    ({"a": [1, 2]}, {"a": [1, 3]}, "key 'a', [1]: got 2, expected 3 (1 of 2 differ)"),
    (3.0, [3.0], "got a number, expected a list of 1"),
    ([1.0], {"a": 1}, "got a list of 1, expected a dict with the keys 'a'"),
    (["a", "x"], ["a", "b"], "[1]: got 'x', expected 'b'"),
    (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1], "b": [2], "c": [3]}),
     "columns b, c missing; yours: a"),
    (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2, 3]}), "got 2 rows, expected 3"),
    (pd.DataFrame({"a": [1, 5], "b": [0, 0]}), pd.DataFrame({"a": [1, 2], "b": [0, 1]}),
     "row 1, column a: got 5, expected 2 (2 of 4 values differ)"),
    (pd.DataFrame({"a": ["1"]}), pd.DataFrame({"a": [1]}),
     "column a: it holds text, expected numbers"),
    ([1.0], pd.DataFrame({"a": [1]}),
     "got a list of 1, expected a table (DataFrame) with the columns a"),
])
def test_the_first_difference_is_told_precisely(got, expected, words):
    assert told(got, expected) == words


def test_whole_numbers_are_exact_however_large():
    noon_ns = 43_200_000_000_000
    assert told(noon_ns + 1, noon_ns) is not None
    assert told(np.array([noon_ns + 1]), np.array([noon_ns])) is not None
    assert told(float(noon_ns), noon_ns) is None
    assert told(101, 100, Tolerance(atol=1)) is None
    assert told(np.array([102]), np.array([100]), Tolerance(atol=1)) is not None
    assert told(np.array([2**63], dtype="u8"), np.array([-(2**63)], dtype="i8")) is not None


def test_two_close_numbers_are_shown_with_the_digits_that_differ():
    assert told(1 / 3, 1 / 3 + 1e-8, EXACT) == "got 0.3333333333, expected 0.3333333433"


def test_choices_ignore_case_and_name_what_is_allowed():
    assert told(" ASK", "ask", choices=("bid", "ask")) is None
    assert told("mid", "ask", choices=("bid", "ask")) == "'mid' is not one of 'bid', 'ask'"


@pytest.mark.parametrize("got, expected, words", [
    (-132.5, 132.5, "opposite sign"), (1.2, 0.00012, "basis points"), (600, 6.0, "units"),
    (4.0, 2.0, "twice"), (1.0, 2.0, "half"), (3, 3.4, "rounded"), ([3, 2, 1], [1, 2, 3], "reverse"),
    ([2, 1, 3], [1, 2, 3], "another order"), ([0, 1, 2, 5], [1, 2, 5, 9], "late"),
    ([2, 5, 9, 0], [1, 2, 5, 9], "early"), ([1, 2], [1, 2, 3], "too few"),
    (np.array([-1.0, 2.0]), [1.0, -2.0], "opposite"),
])
def test_well_known_slips_are_guessed(got, expected, words):
    assert words in guess(got, expected, Tolerance())


@pytest.mark.parametrize("got, expected", [(5.0, 7.3), (0.0, 0.0), ("a", 1.0), ([1, 2], [5, 7]),
                                           (None, 2.0), (math.nan, 1.0), ([], [1, 2, 3])])
def test_no_guess_where_there_is_no_pattern(got, expected):
    assert guess(got, expected, Tolerance()) == ""
