"""Values a learner's process might send instead of an answer: none earns, breaks or delays a mark."""

import base64
import json

import mini_course
import pytest

from lobsim.course.calling import Outcome
from lobsim.course.judge import judge_outcomes
from lobsim.course.plan import plan

_NUMBER = base64.b64encode(bytes(8)).decode()


def _array(dtype, shape, data=""):
    return {"t": "array", "dtype": dtype, "shape": shape, "v": data}


def _table(rows, columns, attrs):
    return {"t": "table", "rows": rows, "columns": columns, "attrs": {"t": "dict", "v": attrs}}


VALUES = {
    "a number beyond floats": 2**1023,
    "NaN as key": {"t": "dict", "v": [[{"t": "f", "v": "nan"}, n] for n in range(2)]},
    "keys that all fall into one place": {
        "t": "dict", "v": [[n * (2**61 - 1), 0] for n in range(400_000)]},
    "no elements, huge shape": _array("<f8", [0, 8_000_000, 8_000_000]),
    "no elements, wide text": _array("<U4096", [0]),
    "less than nothing": _array("<f8", [-1]),
    "True as length": _array("<f8", [True], _NUMBER),
    "half a character": "\ud83d",
    "half a character in an array": _array(
        "<U1", [1], base64.b64encode((0xD800).to_bytes(4, "little")).decode()),
    "columns that only claim to be strange": _table(
        0, [], [["columns that cannot travel", {"t": "dict", "v": [["time_ns", "<script>"]]}]]),
    "strange columns that are a list": _table(
        1, [["spread", _array("<f8", [1], _NUMBER)]], [["columns that cannot travel", [1]]]),
    "many rows, no column": _table(8_000_000, [], []),
    "a type's name with tags": {"t": "other", "v": "<script>evil()</script>"},
    "nested too deep": json.loads("[" * 500 + "]" * 500),
}


@pytest.fixture(scope="module")
def planned():
    names = {}
    exec(mini_course.CHECKS_PY, names)
    return [plan(check, mini_course.NAME, "ada") for check in names["CHECKS"]]


@pytest.mark.parametrize("name", VALUES)
def test_no_strange_value_earns_breaks_or_acts(planned, name):
    sent = {"value": VALUES[name], "error": None, "message": "", "where": "", "changed": [],
            "printed": ""}
    for check in planned:
        outcome = Outcome.from_wire(sent)
        result = judge_outcomes(check, {case.key: outcome for case in check.cases()}, hidden=True)
        assert result.earned == 0.0 and not result.passed
        assert "<script" not in result.html()
        assert (result.html() + result.text()).encode()
