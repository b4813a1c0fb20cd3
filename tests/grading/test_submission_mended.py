"""Of a submission only the text of its cells counts; what was broken is mended and told."""

import json

import mini_course
import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from lobsim.course import submission

LESSON = mini_course.NAME


@pytest.fixture(scope="module")
def released(course):
    return submission.read_trusted(course / "lessons" / LESSON / f"{LESSON}.ipynb")


def mended(notebook, released):
    return submission.mend(nbformat.writes(notebook, version=4).encode(), released)


def cell_of(notebook, grade_id):
    found = [c for c in notebook.cells
             if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    assert len(found) == 1
    return found[0]


def order(notebook):
    return [c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata]


def test_a_sound_submission_is_left_as_it_is(released, submit):
    notebook = submit()
    result = mended(notebook, released)
    assert result.problems == []
    assert [c.source for c in result.notebook.cells] == [c.source for c in notebook.cells]
    assert [c.metadata.get("nbgrader") for c in result.notebook.cells] == [
        c.metadata.get("nbgrader") for c in released.cells]
    nbformat.validate(result.notebook)


@pytest.mark.filterwarnings("ignore:Non-unique cell id")
def test_of_a_copied_cell_the_last_that_was_worked_on_counts(released, submit):
    notebook = submit()
    at = next(i for i, c in enumerate(notebook.cells) if c.id == "l00-why")
    copy = nbformat.from_dict(notebook.cells[at])
    copy.source = cell_of(released, "why").source
    notebook.cells.insert(at + 1, copy)
    result = mended(notebook, released)
    assert cell_of(result.notebook, "why").source == mini_course.RIGHT["why"]
    assert result.problems == ["cell 'why' is there 2 times; the last one counts"]
    assert len({c.id for c in result.notebook.cells}) == len(result.notebook.cells)


def test_a_deleted_check_comes_back_behind_its_exercise(released, submit):
    notebook = submit()
    notebook.cells = [c for c in notebook.cells if c.id != "l00-check-double"]
    result = mended(notebook, released)
    assert order(result.notebook) == order(released)
    assert cell_of(result.notebook, "check_double").source == 'check("double", double)'
    assert "deleted" in result.problems[0]


def test_a_check_whose_exercise_is_gone_too_comes_back_at_the_end(released, submit):
    notebook = submit()
    work = next(c.source for c in notebook.cells if c.id == "l00-double")
    notebook.cells = [c for c in notebook.cells if c.id not in ("l00-double", "l00-check-double")]
    notebook.cells.append(v4.new_code_cell(work))
    result = mended(notebook, released)
    assert result.notebook.cells[-1].source == 'check("double", double)'


def test_a_check_before_its_exercise_moves_behind_it(released, submit):
    notebook = submit()
    ids = [c.id for c in notebook.cells]
    a, b = ids.index("l00-double"), ids.index("l00-check-double")
    notebook.cells[a], notebook.cells[b] = notebook.cells[b], notebook.cells[a]
    result = mended(notebook, released)
    assert order(result.notebook) == order(released)
    assert "moved behind" in result.problems[0]


def test_locked_cells_points_and_kinds_come_from_the_lesson(released, submit):
    notebook = submit()
    check = next(c for c in notebook.cells if c.id == "l00-check-double")
    check.source = "3.0"
    check.metadata.nbgrader.update(points=100, solution=True, locked=False, schema_version=99)
    larger = next(i for i, c in enumerate(notebook.cells) if c.id == "l00-larger")
    notebook.cells[larger] = v4.new_markdown_cell("larger = 'ask'",
                                                  metadata=notebook.cells[larger].metadata)
    result = mended(notebook, released)
    assert cell_of(result.notebook, "check_double").source == 'check("double", double)'
    assert cell_of(result.notebook, "check_double").metadata.nbgrader.points == 3
    assert cell_of(result.notebook, "larger").cell_type == "code"
    assert len(result.problems) == 3 and "(points, solution, locked" in result.problems[0]


def test_an_invented_marked_cell_is_an_ordinary_one(released, submit):
    notebook = submit()
    bonus = v4.new_code_cell("100.0")
    bonus.metadata.nbgrader = {"grade": True, "grade_id": "bonus", "points": 100, "locked": True,
                               "schema_version": 3, "solution": False}
    notebook.cells.append(bonus)
    result = mended(notebook, released)
    assert "nbgrader" not in result.notebook.cells[-1].metadata


def test_hostile_metadata_outputs_and_attachments_are_dropped(released, submit):
    notebook = submit()
    notebook.metadata["kernelspec"] = {"name": "evil", "display_name": "x", "language": "r"}
    notebook.cells[1].outputs = [v4.new_output("stream", text="forged")]
    notebook.cells[0].attachments = {"a.svg": {"image/svg+xml": "<svg/>"},
                                     "b.png": {"image/png": "AAAA"}}
    result = mended(notebook, released).notebook
    assert result.metadata.kernelspec.name == "python3"
    assert all(not c.get("outputs") for c in result.cells)
    assert result.cells[0].attachments == {"b.png": {"image/png": "AAAA"}}


def test_old_formats_are_read(released, submit):
    old = nbformat.writes(nbformat.convert(submit(), 3), version=3)
    assert json.loads(old)["nbformat"] == 3
    result = submission.mend(old.encode(), released)
    assert cell_of(result.notebook, "double").source == mini_course.RIGHT["double"]


@pytest.mark.parametrize(("content", "words"), [
    (b"", "empty"),
    (b"  \n", "empty"),
    (b"\xff\xfe\x00\x01", "not text"),
    (b"{'cells': []}", "not JSON"),
    (b'{"cells": [{"cell_type": "code", "sour', "cut off"),
    (b"[" * 200_000, "not JSON"),
    (b"[1]", "not a notebook"),
    (b'{"a": 1}', "no cells"),
    (b'{"cells": []}', "no cells"),
    (b'{"nbformat": 3, "worksheets": [7]}', "old format"),
])
def test_what_is_no_notebook_is_told_in_words(released, content, words):
    with pytest.raises(submission.Unreadable, match=words):
        submission.mend(content, released)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6)
CELL = st.fixed_dictionaries({}, optional={
    "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | JSON,
    "source": st.text(max_size=20) | JSON, "id": st.text(max_size=8) | JSON,
    "metadata": st.fixed_dictionaries({"nbgrader": st.fixed_dictionaries(
        {"grade_id": st.sampled_from(["double", "check_double", "why", "x"]) | JSON})}) | JSON,
    "outputs": JSON, "attachments": JSON})


@given(cells=st.lists(CELL | JSON, max_size=6))
def test_any_cells_whatever_give_a_valid_notebook_with_every_marked_cell(released, cells):
    content = json.dumps({"cells": cells, "nbformat": 4}).encode()
    try:
        result = submission.mend(content, released)
    except submission.Unreadable:
        return
    nbformat.validate(result.notebook)
    marked = [c.metadata.nbgrader.grade_id for c in result.notebook.cells
              if c.metadata.get("nbgrader", {}).get("grade")]
    assert sorted(marked) == ["check_double", "check_larger", "check_spreads", "why"]


def test_check_cells_are_read_from_their_one_line():
    assert submission.check_call('check("nbbo", nbbo)') == ("nbbo", "nbbo")
    assert submission.check_call('# a note\ncheck("fit", results["a"])') == ("fit", "results['a']")
    for source in ("check()", "3.0", "check(name, x)", "check('a'", "x = check('a', b)"):
        assert submission.check_call(source) is None
