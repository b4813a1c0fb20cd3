"""No hidden input, answer or name of the real lessons is in feedback, class report or exports."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_class import grade_class

from lobsim.course import catalogue
from lobsim.course.class_report import write_class_report
from lobsim.course.declare import load_checks
from lobsim.course.export_marks import export_marks
from lobsim.course.plan import plan

ROOT = Path(__file__).resolve().parents[2]
STUDENTS = 4
_LEAST_DIGITS = 6  # shorter numbers are everywhere


def strings_of(value: Any) -> Iterator[str]:
    """Every string and long number in a value, as it could be printed."""
    if isinstance(value, str):
        if len(value) >= 8:
            yield value
    elif isinstance(value, bool | None):
        return
    elif isinstance(value, int | float | np.number):
        number = float(value)
        for text in {repr(number), f"{number:.6g}", f"{number:,}", str(value)}:
            if sum(sign.isdigit() for sign in text.lstrip("0.")) >= _LEAST_DIGITS:
                yield text
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from strings_of(name)
            yield from strings_of(item)
    elif hasattr(value, "columns"):
        for name in value.columns:
            yield from strings_of(value[name].to_numpy())
    elif hasattr(value, "to_numpy"):
        yield from strings_of(value.to_numpy())
    elif isinstance(value, np.ndarray):
        yield from strings_of(value.tolist())
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings_of(item)


def strings_of_cases(lesson: str, students: list[str]) -> tuple[set[str], set[str]]:
    """What only the hidden cases hold (inputs, right and known wrong answers, names), and what
    the visible ones hold."""
    hidden, open_ = set(), set()
    for check in load_checks(ROOT / "solutions" / lesson):
        for student in [None, *students]:
            planned = plan(check, lesson, student)
            for case in planned.cases():
                texts = [case.note] if len(case.note) >= 8 else []
                texts += strings_of([case.inputs, list(case.expected), case.wrong])
                (open_ if case.visible else hidden).update(texts)
    for path in sorted((ROOT / "lessons" / lesson).glob("*")):
        released = path.read_text(encoding="utf-8")
        hidden = {text for text in hidden if text not in released}
    hidden -= set(students)  # by whom a case is drawn is no secret
    return {text for text in hidden if not any(text in other for other in open_)}, open_


@pytest.fixture(scope="module", params=catalogue.names(ROOT))
def graded(request, tmp_path_factory):
    """A lesson and a class in which every known wrong answer was given by somebody."""
    lesson = request.param
    root = tmp_path_factory.mktemp("hidden") / "course"
    for side in ("lessons", "solutions"):
        shutil.copytree(ROOT / side / lesson, root / side / lesson)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    wrong: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests" / "submissions" / lesson).glob("*__wrong_*.py")):
        wrong.setdefault(path.stem.partition("__")[0], []).append(path.read_text("utf-8"))
    students = [f"student-{number}" for number in range(STUDENTS)]
    grade_class(root, lesson, {
        student: {name: own[number % len(own)] for name, own in wrong.items()}
        for number, student in enumerate(students)})
    write_class_report(root)
    for kind in ("canvas", "moodle", "csv"):
        export = export_marks(root, kind)
        (root / "grading" / f"marks-{kind}.csv").write_text(export.text, encoding="utf-8")
    return root, lesson, *strings_of_cases(lesson, students)


def test_pages_and_exports_hold_nothing_of_the_hidden_cases(graded):
    root, _, hidden, _ = graded
    pages = [*(root / "feedback").rglob("*.html"), *(root / "grading").glob("*.html"),
             *(root / "grading").glob("*.csv")]
    assert len(pages) == STUDENTS + 4 and len(hidden) > 100
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert not sorted(secret for secret in hidden if secret in text), path.name


def test_the_search_would_find_what_is_there(graded):
    # hidden cases were judged and failed, and what visible cases hold is found in the same way
    root, lesson, _, visible = graded
    pages = "".join(p.read_text(encoding="utf-8") for p in (root / "feedback").rglob("*.html"))
    assert any(text in pages for text in visible)
    failed = 0
    for path in (root / "grading" / "results" / lesson).glob("*.json"):
        for check in json.loads(path.read_text(encoding="utf-8"))["results"].values():
            failed += sum(part["state"] in ("failed", "partly") for part in check["parts"]
                          if not part["visible"])
    assert failed >= STUDENTS
