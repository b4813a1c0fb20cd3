"""Cells that no mark depends on are shown as handed in, and run as soon as an answer needs them."""

import json

import mini_course
import nbformat
import pytest
from grading_tools import FULL, QUICK, SHORT, earned, printed
from nbformat import v4

from lobsim.course import runner
from lobsim.course.declare import load_checks

LESSON = mini_course.NAME
SHOWS = "import time\ntime.sleep(30)\nprint('ran to its end')\nscale = 2"


@pytest.fixture
def hand_in(submit, course):
    """``hand_in(answers, shows=..., outputs=..., **kwargs)``: the lesson has a cell that shows."""

    def hand_in(answers=mini_course.RIGHT, shows=SHOWS, outputs=(), **given):
        released = nbformat.read(course / "lessons" / LESSON / f"{LESSON}.ipynb", as_version=4)
        shown = v4.new_code_cell(shows, id="shows")
        place = 1 + max(n for n, cell in enumerate(released.cells) if cell.id == "l00-parameters")
        released.cells.insert(place, shown)
        notebook = submit(answers)
        notebook.cells.insert(place, v4.new_code_cell(shows, id="shows", outputs=list(outputs)))
        return runner.run_notebook(
            notebook, lesson=LESSON, student="ada", course_root=course, trusted=released,
            checks=load_checks(course / "solutions" / LESSON),
            files_dir=course / "lessons" / LESSON, **{"limits": QUICK, **given})

    return hand_in


def test_a_cell_that_only_shows_is_not_run_and_appears_as_handed_in(hand_in):
    png = "iVBORw0KGgo="
    report = hand_in(outputs=[
        v4.new_output("stream", text="my figure\n"),
        v4.new_output("display_data", {"image/png": png, "text/html": "<script>x()</script>"},
                      metadata={"image/png": {"alt": "a line"}})])
    assert earned(report) == FULL and report.problems == []
    cell = next(cell for cell in report.notebook.cells if cell.id == "shows")
    assert [output.output_type for output in cell.outputs] == ["stream", "display_data", "stream"]
    assert cell.outputs[0].text == "my figure\n" and cell.outputs[1].data["image/png"] == png
    assert "script" not in printed(report) and "no mark depends on this cell" in printed(report)
    assert cell.execution_count is None and "ran to its end" not in printed(report)
    nbformat.validate(report.notebook)


def test_with_every_cell_it_runs(hand_in):
    report = hand_in(shows="print('ran', 'to its end')\nscale = 2", every_cell=True)
    assert earned(report) == FULL
    assert "ran to its end" in printed(report) and "As handed in" not in printed(report)


@pytest.mark.parametrize("answer", [
    "def double(x):\n    return scale * x",
    "def double(x):\n    return eval('scale') * x"], ids=["by name", "by a name nobody can see"])
def test_an_answer_that_leans_on_it_makes_it_run(hand_in, answer):
    report = hand_in({**mini_course.RIGHT, "double": answer}, shows="print('seen')\nscale = 2")
    assert earned(report) == FULL
    assert '"text": "seen' in printed(report)


def test_one_letter_changed_makes_it_the_learners_own(hand_in, submit, course):
    notebook = submit()
    notebook.cells.insert(2, v4.new_code_cell("print('mine')\n# changed", id="shows"))
    released = nbformat.read(course / "lessons" / LESSON / f"{LESSON}.ipynb", as_version=4)
    released.cells.insert(2, v4.new_code_cell("print('mine')", id="shows"))
    report = runner.run_notebook(
        notebook, lesson=LESSON, student="ada", course_root=course, trusted=released,
        checks=load_checks(course / "solutions" / LESSON), limits=QUICK)
    assert earned(report) == FULL and '"text": "mine' in printed(report)


@pytest.mark.parametrize("outputs", [
    7, {"a": 1}, [None, 3, []], [{"output_type": "stream", "name": "stdout"}],
    [{"output_type": "stream", "name": "stdout", "text": 5}],
    [{"output_type": "stream", "name": "stdout", "text": "\ud800"}],
    [{"output_type": "display_data", "data": {"image/png": "<>"}}],
    [{"output_type": "error"}] * 5000,
    [{"output_type": "stream", "name": "stdout", "text": "x" * 500_000}]],
    ids=["number", "dict", "junk", "no text", "text 5", "surrogate", "no picture", "many", "long"])
def test_no_output_that_was_handed_in_breaks_a_page(submit, course, outputs):
    released = nbformat.read(course / "lessons" / LESSON / f"{LESSON}.ipynb", as_version=4)
    released.cells.insert(2, v4.new_code_cell(SHOWS, id="shows"))
    notebook = submit()
    notebook.cells.insert(2, v4.new_code_cell(SHOWS, id="shows"))
    data = json.loads(nbformat.writes(notebook))
    data["cells"][2]["outputs"] = outputs
    report = runner.run_notebook(
        json.dumps(data).encode(), lesson=LESSON, student="ada", course_root=course,
        trusted=released, checks=load_checks(course / "solutions" / LESSON), limits=SHORT)
    assert earned(report) == FULL
    nbformat.validate(report.notebook)
    assert len(nbformat.writes(report.notebook).encode()) < 1_000_000
