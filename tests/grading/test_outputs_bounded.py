"""What a cell shows is bounded in bytes, right in shape and without anything that acts."""

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from lobsim.course.limits import Limits
from lobsim.course.outputs import OutputBox, outputs_bytes

LIMITS = Limits(text_bytes=1000, rich_bytes=2000)


def box(messages, room=10_000):
    collected = OutputBox(LIMITS, room)
    for kind, content in messages:
        collected.take(kind, content)
    return collected.finish()


def test_one_long_line_and_many_short_ones_are_cut_alike():
    long = box([("stream", {"name": "stdout", "text": "x" * 5000})])
    short = box([("stream", {"name": "stdout", "text": "x" * 10})] * 500)
    assert long == short
    assert outputs_bytes(long) < 1100 and "4,000 more characters" in str(long)


def test_the_room_of_the_notebook_bounds_a_cell():
    assert outputs_bytes(box([("stream", {"name": "stdout", "text": "x" * 900})], room=50)) < 150


def test_streams_stay_apart_and_in_order():
    outputs = box([("stream", {"name": "stdout", "text": "a"}),
                   ("stream", {"name": "stderr", "text": "b"}),
                   ("stream", {"name": "stdout", "text": "c"})])
    assert [(o["name"], o["text"]) for o in outputs] == [
        ("stdout", "a"), ("stderr", "b"), ("stdout", "c")]


def test_cleared_and_updated_outputs_are_as_a_reader_sees_them():
    shown = {"data": {"text/plain": "1"}, "transient": {"display_id": "k"}}
    update = {"data": {"text/plain": "2"}, "transient": {"display_id": "k"}}
    assert box([("display_data", shown), ("update_display_data", update)])[0]["data"] == {
        "text/plain": "2"}
    assert box([("display_data", shown), ("clear_output", {"wait": False})]) == []
    waited = box([("display_data", shown), ("clear_output", {"wait": True}),
                  ("display_data", update)])
    assert [o["data"]["text/plain"] for o in waited] == ["2"]


def test_pictures_keep_their_description():
    data = {"data": {"image/png": "AAAA", "text/plain": "<Figure>"},
            "metadata": {"image/png": {"alt": "a book", "width": 10}, "evil": 1}}
    assert box([("display_data", data)])[0]["metadata"] == {"image/png": {"alt": "a book"}}


@pytest.mark.parametrize("kind", ["application/javascript", "image/svg+xml", "application/pdf",
                                  "application/vnd.jupyter.widget-view+json"])
def test_kinds_that_act_are_left_out(kind):
    (only,) = box([("display_data", {"data": {kind: "x", "text/plain": "y"}})])
    assert set(only["data"]) == {"text/plain"}


VALUE = st.none() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=4), max_size=2)
CONTENT = st.dictionaries(
    st.sampled_from(["name", "text", "data", "metadata", "transient", "ename", "evalue",
                     "traceback", "execution_count", "wait"]),
    VALUE | st.dictionaries(st.sampled_from(["text/plain", "text/html", "image/png",
                                             "display_id", "x"]), VALUE, max_size=3), max_size=6)


@given(st.lists(st.tuples(st.sampled_from(
    ["stream", "display_data", "execute_result", "error", "update_display_data", "clear_output",
     "comm_open", ""]), CONTENT), max_size=8))
def test_any_messages_whatever_give_valid_outputs(messages):
    outputs = box(messages)
    notebook = v4.new_notebook(cells=[v4.new_code_cell("", outputs=[
        nbformat.from_dict(o) for o in outputs])])
    nbformat.validate(notebook)
