"""Solutions earn full marks and untouched lessons none, through the real runner."""

from pathlib import Path

import pytest

from lobsim.course import catalogue

ROOT = Path(__file__).resolve().parents[2]
LESSONS = catalogue.names(ROOT)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_solution_earns_full_marks_on_every_check(lesson, compose, judged):
    report = judged(compose(lesson, side="solutions"), lesson)
    assert report.problems == []
    exercises = catalogue.lesson_info(lesson, ROOT).exercises
    marked = {e.name: e.points for e in exercises if not e.manual}
    assert {name: r.earned for name, r in report.results.items()} == marked
    for name, result in report.results.items():
        assert result.hidden_judged, f"the hidden cases of {name} were not judged"


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_untouched_lesson_earns_nothing_on_any_check(lesson, compose, judged):
    report = judged(compose(lesson), lesson)
    marked = [e.name for e in catalogue.lesson_info(lesson, ROOT).exercises if not e.manual]
    assert {name: r.earned for name, r in report.results.items()} == dict.fromkeys(marked, 0.0)
    for name, result in report.results.items():
        assert result.unanswered, f"{name} is blank and was not told so"
