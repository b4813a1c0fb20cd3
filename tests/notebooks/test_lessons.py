"""Every lesson is in step with its source, has what a lesson must have, and marks fairly."""

import json
import re
from pathlib import Path

import pytest

from lobsim.course import catalogue
from lobsim.course.audit import audit_lesson, audit_teaching

ROOT = Path(__file__).resolve().parents[2]
LESSONS = catalogue.names(ROOT)


def cells(side: str, lesson: str) -> list[dict]:
    path = ROOT / side / lesson / f"{lesson}.ipynb"
    document = json.loads(path.read_text(encoding="utf-8"))
    return [{**cell, "source": "".join(cell["source"])} for cell in document["cells"]]


def text(lesson: str) -> str:
    own = cells("lessons", lesson)
    return "\n\n".join(cell["source"] for cell in own if cell["cell_type"] == "markdown")


def section(lesson: str, words: str) -> str:
    """Text below the heading that holds ``words``, up to the next heading of the same level."""
    found = re.search(
        rf"^(#+) [^\n]*{words}[^\n]*\n(.*?)(?=^\1 |\Z)",
        text(lesson),
        flags=re.MULTILINE | re.DOTALL | re.IGNORECASE,
    )
    assert found, f"{lesson} has no section about {words!r}"
    return found.group(2)


def test_there_are_lessons():
    assert [name[:2] for name in LESSONS] == [f"{n:02d}" for n in range(len(LESSONS))]
    assert len(LESSONS) >= 2


def test_lessons_are_in_step_with_solutions():
    from lobsim.course.release import in_step

    assert in_step(ROOT) == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_source_has_no_mistake_of_an_author(lesson):
    assert audit_lesson(ROOT / "solutions" / lesson) == []
    assert audit_teaching(ROOT / "solutions" / lesson) == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_first_cell_says_what_a_learner_needs_to_know(lesson):
    first = cells("lessons", lesson)[0]["source"]
    assert re.match(r"# \S", first)
    for wanted in ("you will be able to", "before you start", "minutes", "files used", "?"):
        assert wanted in first.lower(), f"the first cell does not say {wanted!r}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_learner_predicts_at_least_twice(lesson):
    asked = [c for c in cells("lessons", lesson) if "Predict before you" in c["source"]]
    assert len(asked) >= 2


@pytest.mark.parametrize("lesson", LESSONS)
def test_each_exercise_states_its_cost_and_is_followed_by_check_and_hints(lesson):
    own = cells("lessons", lesson)
    marks = [cell["metadata"].get("nbgrader", {}) for cell in own]
    exercises = [i for i, m in enumerate(marks) if m.get("solution") and not m.get("grade")]
    assert 5 <= len(exercises) <= 8
    minutes = 0
    for index in exercises:
        name = marks[index]["grade_id"]
        above = next(c["source"] for c in reversed(own[:index]) if c["cell_type"] == "markdown")
        cost = re.search(r"(\d+)\s*min", above)
        assert cost, f"{name} does not say how many minutes it takes"
        minutes += int(cost.group(1))
        assert 5 <= int(cost.group(1)) <= 20, f"{name} takes {cost.group(1)} minutes"
        for wanted in ("points", "difficulty"):
            assert wanted in above.lower(), f"{name} does not say {wanted!r}"
        check = own[index + 1]
        assert marks[index + 1]["grade_id"] == f"check_{name}"
        assert check["source"].strip() == f'check("{name}", {name})'
        assert "raises-exception" in check["metadata"].get("tags", [])
        below = "".join(c["source"] for c in own[index + 2 : index + 5])
        hints = re.findall(r"<summary>\s*Hint (\d)", below + above, flags=re.IGNORECASE)
        assert sorted(hints)[:2] == ["1", "2"], f"{name} has hints {hints}"
    whole = catalogue.lesson_info(lesson, ROOT).minutes
    assert minutes < whole, f"the exercises take {minutes} of the lesson's {whole} minutes"


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_minutes_of_the_exercises_add_up_to_what_the_first_cell_says(lesson):
    each = [int(n) for n in re.findall(r"difficulty [^·\n]*· (\d+) minutes", text(lesson))]
    whole = catalogue.lesson_info(lesson, ROOT).minutes
    said = re.search(r"about (\d+) minutes, (\d+) of them exercises",
                     cells("lessons", lesson)[0]["source"], re.IGNORECASE)
    assert said and [int(n) for n in said.groups()] == [whole, sum(each)]
    assert len(each) == len(catalogue.lesson_info(lesson, ROOT).exercises)


WRITTEN = {"13_interview_lab": 3}  # two cases and the page for a portfolio manager


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_exercise_is_to_find_a_bug_and_an_answer_is_written(lesson):
    assert re.search(r"find the (bug|mistake|error)", text(lesson), flags=re.IGNORECASE)
    written = [e for e in catalogue.lesson_info(lesson, ROOT).exercises if e.manual]
    assert len(written) == WRITTEN.get(lesson, 1)
    source = "\n".join(c["source"] for c in cells("solutions", lesson))
    assert "=== BEGIN MARK SCHEME ===" in source
    assert "MARK SCHEME" not in text(lesson)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_end_has_limits_recall_questions_drills_and_references(lesson):
    assert len(section(lesson, "does not do").split()) >= 30
    recall = section(lesson, "recall")
    assert recall.count("<details>") == recall.count("</details>") == 5
    drills = section(lesson, "interview")
    assert len(re.findall(r"rubric", drills, flags=re.IGNORECASE)) >= 3
    assert len(re.findall(r"\d+ (?:minutes|min|seconds|s)\b", drills)) >= 3
    references = section(lesson, "references")
    assert len(re.findall(r"\b(19|20)\d\d\b", references)) >= 2


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_picture_has_alt_text(lesson):
    pictures = 0
    for cell in cells("solutions", lesson):
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                about = output.get("metadata", {})
                alt = about.get("image/png", {}).get("alt") or about.get("alt") or ""
                assert len(alt.split()) >= 5, f"{cell['id']}: alt text {alt!r}"
                pictures += 1
        assert "plt.show()" not in cell["source"], f"{cell['id']} shows a figure without alt text"
        for alt in re.findall(r"!\[([^]]*)\]\(", cell["source"]):
            assert len(alt.split()) >= 3, f"{cell['id']}: alt text {alt!r}"
    assert pictures >= 2


@pytest.mark.parametrize("lesson", LESSONS)
def test_stored_outputs_come_from_a_run(lesson):
    for cell in cells("solutions", lesson):
        if cell.get("outputs"):  # nbval refuses to compare with a cell that was never run
            assert cell["execution_count"], f"{cell['id']} has outputs but was not run"


@pytest.mark.parametrize("lesson", LESSONS)
def test_something_in_the_lesson_moves(lesson):
    source = "\n".join(c["source"] for c in cells("lessons", lesson) if c["cell_type"] == "code")
    assert re.search(r"step_through|animate_book|interact|widgets", source)


@pytest.mark.parametrize("lesson", LESSONS)
def test_cells_are_short_and_named(lesson):
    for cell in cells("solutions", lesson):
        assert cell["id"].startswith(f"l{lesson[:2]}-")
        if cell["cell_type"] == "code" and "BEGIN SOLUTION" not in cell["source"]:
            lines = len(cell["source"].strip().splitlines())
            assert lines <= 35, f"{cell['id']} has {lines} lines"


@pytest.mark.parametrize("lesson", LESSONS)
def test_learners_get_no_output_and_no_secret(lesson):
    for cell in cells("lessons", lesson):
        assert not cell.get("outputs") and not cell.get("execution_count")
    folder = ROOT / "lessons" / lesson
    assert not list(folder.rglob("checks.py"))
    published = json.loads((folder / "checks.json").read_text(encoding="utf-8"))
    for check in published["checks"]:
        for part in check["parts"]:
            assert part["visible"] or not part["cases"], f"{check['name']} publishes a hidden case"


@pytest.mark.parametrize("lesson", LESSONS)
def test_each_exercise_has_three_wrong_and_two_right_submissions(lesson):
    folder = ROOT / "tests" / "submissions" / lesson
    for exercise in catalogue.lesson_info(lesson, ROOT).exercises:
        if exercise.manual:
            continue
        assert len(list(folder.glob(f"{exercise.name}__wrong_*.py"))) >= 3, exercise.name
        assert len(list(folder.glob(f"{exercise.name}__right_*.py"))) >= 2, exercise.name
