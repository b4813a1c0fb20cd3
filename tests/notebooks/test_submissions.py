"""Typical right and wrong answers earn the marks their authors state, through the real runner.

``tests/submissions/NN_name/<check>__<right|wrong>_<label>.py`` holds the source of one exercise
cell; its first line says ``# marks: 2.0  mistake: name``. The k-th answers to all exercises are
put into one notebook, so that a lesson is run as often as its richest exercise has answers.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from lobsim.course import catalogue

ROOT = Path(__file__).resolve().parents[2]
STATED = re.compile(r"# marks: (?P<marks>\d+(?:\.\d+)?)(?:\s+mistake: (?P<mistake>\w+))?\s*$")


@dataclass(frozen=True)
class Answer:
    """One submitted answer and what it must earn."""

    check: str
    label: str
    source: str
    marks: float
    mistake: str | None


def read_answers(lesson: str) -> dict[str, list[Answer]]:
    """Answers of a lesson by exercise, wrong ones last."""
    answers: dict[str, list[Answer]] = {}
    for path in sorted((ROOT / "tests" / "submissions" / lesson).glob("*.py")):
        check, separator, label = path.stem.partition("__")
        first, _, source = path.read_text(encoding="utf-8").partition("\n")
        stated = STATED.match(first)
        assert separator and stated, f"{path.name} does not begin with '# marks: ...'"
        answer = Answer(check, label, source, float(stated["marks"]), stated["mistake"])
        answers.setdefault(check, []).append(answer)
    return answers


def rounds() -> list:
    found = []
    for lesson in catalogue.names(ROOT):
        most = max(map(len, read_answers(lesson).values()), default=0)
        found += [pytest.param(lesson, k, id=f"{lesson}-{k}") for k in range(most)]
    return found


@pytest.mark.parametrize(("lesson", "number"), rounds())
def test_answers_earn_what_their_authors_state(lesson, number, compose, judged):
    answers = read_answers(lesson)
    # an exercise with fewer answers gets its first right one, so that later cells have a base
    chosen = {name: (own[number] if number < len(own) else own[0]) for name, own in answers.items()}
    report = judged(compose(lesson, {name: a.source for name, a in chosen.items()}), lesson)
    wrongly_marked = {}
    for name, answer in chosen.items():
        result = report.results.get(name)
        got = (result.earned, [m for m, _ in result.mistakes]) if result else (None, [])
        named = answer.mistake is None or answer.mistake in got[1]
        if got[0] != pytest.approx(answer.marks, abs=1e-6) or not named:
            wanted = f"{answer.marks:g} ({answer.mistake or 'any mistake'})"
            wrongly_marked[f"{name}__{answer.label}"] = f"earned {got}, stated {wanted}"
    assert not wrongly_marked


@pytest.mark.parametrize("lesson", catalogue.names(ROOT))
def test_right_answers_are_stated_to_earn_all_and_wrong_ones_less(lesson):
    points = {e.name: e.points for e in catalogue.lesson_info(lesson, ROOT).exercises}
    for name, answers in read_answers(lesson).items():
        for answer in answers:
            full = answer.marks == points[name]
            assert full == answer.label.startswith("right_"), f"{name}__{answer.label}"
