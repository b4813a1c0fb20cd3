"""Progress tells what is done, begun and untouched; points count for the present answer only."""

import json

import pytest

from lobsim.course.progress import (
    lesson_facts,
    lesson_progress,
    progress,
    read_exercises,
    save_results,
)
from lobsim.course.workspace import Workspace

LESSON = "01_shortfall"


def cell(kind: str, source: str, **mark) -> dict:
    metadata = {"nbgrader": mark} if mark else {}
    return {"cell_type": kind, "metadata": metadata, "source": source.splitlines(keepends=True)}


def notebook(nbbo: str = "...", cost: str = "...", essay: str = "Your answer") -> bytes:
    cells = [
        cell("markdown", "# Implementation shortfall"),
        cell("markdown", "## Exercises\n\n### Exercise 1: Best quotes\n\nText."),
        cell("code", nbbo, grade_id="nbbo", solution=True, grade=False),
        cell("code", "check()", grade_id="check_nbbo", solution=False, grade=True, points=6),
        cell("markdown", "### Exercise 2: Cost"),
        cell("code", cost, grade_id="cost", solution=True, grade=False),
        cell("code", "check()", grade_id="check_cost", solution=False, grade=True, points=3),
        cell("markdown", "### Exercise 3: Explain"),
        cell("markdown", essay, grade_id="explain", solution=True, grade=True, points=1),
    ]
    about = {"lobsim": {"title": "Implementation shortfall", "minutes": 90}}
    document = {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document).encode()


@pytest.fixture
def own(tmp_path):
    lesson = tmp_path / "course" / "lessons" / LESSON
    lesson.mkdir(parents=True)
    (lesson / f"{LESSON}.ipynb").write_bytes(notebook())
    return Workspace(tmp_path / "work", tmp_path / "course")


def states(own) -> dict[str, str]:
    return {e.name: e.state for e in lesson_progress(own, LESSON).exercises}


def test_exercises_are_read_with_title_points_and_kind():
    found = [(e.name, e.title, e.kind, e.points) for e in read_exercises(notebook())]
    assert found == [
        ("nbbo", "Exercise 1: Best quotes", "code", 6.0),
        ("cost", "Exercise 2: Cost", "code", 3.0),
        ("explain", "Exercise 3: Explain", "written", 1.0),
    ]
    assert lesson_facts(notebook(), LESSON) == ("Implementation shortfall", 90)
    assert lesson_facts(b'{"cells": []}', LESSON) == (LESSON, 0)


def test_before_the_first_start_everything_is_untouched(own):
    (one,) = progress(own)
    assert set(states(own).values()) == {"untouched"}
    assert (one.minutes, one.minutes_left, one.earned, one.points) == (90, 90, 0, 9)


def test_states_follow_the_answers_and_the_last_check(own):
    own.prepare()
    own.notebook(LESSON).write_bytes(notebook(nbbo="right", cost="half", essay="Because."))
    assert states(own) == {"nbbo": "started", "cost": "started", "explain": "answered"}
    save_results(own, LESSON, {"nbbo": (6.0, 6.0), "cost": (1.5, 3.0)}, sandboxed=True)
    assert states(own) == {"nbbo": "done", "cost": "started", "explain": "answered"}
    one = lesson_progress(own, LESSON)
    assert (one.earned, one.minutes_left) == (7.5, 27)  # 7 of 10 points are done: 30 % left


def test_points_do_not_count_for_an_answer_changed_after_the_check(own):
    own.prepare()
    own.notebook(LESSON).write_bytes(notebook(nbbo="right"))
    save_results(own, LESSON, {"nbbo": (6.0, 6.0)}, sandboxed=True)
    own.notebook(LESSON).write_bytes(notebook(nbbo="changed"))
    assert states(own)["nbbo"] == "started"
    assert lesson_progress(own, LESSON).earned == 0


def test_a_copied_cell_does_not_hide_the_first_answer(own):
    own.prepare()
    document = json.loads(notebook(nbbo="right"))
    document["cells"].append(cell("code", "...", grade_id="nbbo", solution=True, grade=False))
    own.notebook(LESSON).write_text(json.dumps(document))
    assert states(own)["nbbo"] == "started"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"cells": 5}', b"\x00\xff"])
def test_a_damaged_notebook_is_reported_and_stops_nothing(own, damage):
    own.prepare()
    own.notebook(LESSON).write_bytes(damage)
    assert "cannot be read" in lesson_progress(own, LESSON).problem


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"checks": 3}'])
def test_a_damaged_result_file_reads_as_never_checked(own, damage):
    own.prepare()
    results = own.state / "results" / f"{LESSON}.json"
    results.parent.mkdir(parents=True)
    results.write_bytes(damage)
    assert lesson_progress(own, LESSON).checked_at is None
