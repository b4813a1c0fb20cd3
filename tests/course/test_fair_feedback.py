"""What a learner is told who fails hidden cases: category, known mistake, tolerance, no input."""

from pathlib import Path

import pytest

from lobsim.course import catalogue, show
from lobsim.course.calling import Outcome
from lobsim.course.declare import Tolerance, load_checks
from lobsim.course.judge import judge_outcomes
from lobsim.course.plan import plan

ROOT = Path(__file__).resolve().parents[2]
CHECKS = [pytest.param(check, lesson, id=f"{lesson[:2]}-{check.name}")
          for lesson in catalogue.names(ROOT)
          for check in load_checks(ROOT / "solutions" / lesson) if check.kind == "function"]


def _told(planned, hidden_value):
    """The panel's text for who is right on visible cases and answers so on hidden ones."""
    outcomes = {case.key: Outcome(case.expected[0] if case.visible else hidden_value(case))
                for case in planned.cases()}
    return judge_outcomes(planned, outcomes, hidden=True).text()


def _one_line(text):
    return " ".join(text.split())


@pytest.mark.parametrize("check, lesson", CHECKS)
def test_a_failed_hidden_part_is_told_by_name_category_tolerance_and_where_to_read(check, lesson):
    planned = plan(check, lesson)
    told = _one_line(_told(planned, lambda case: "no answer at all"))
    for part in check.parts:
        if not part.visible:
            assert part.category and f"hidden: {part.category}: {part.name}" in told
    assert check.tolerance.sentence() in told
    assert f"Read again: {check.reread}." in told


@pytest.mark.parametrize("check, lesson", CHECKS)
def test_no_input_or_answer_of_a_hidden_case_is_told(check, lesson):
    planned = plan(check, lesson)
    told = _one_line(_told(planned, lambda case: "no answer at all"))
    for case in planned.cases(visible=False):
        shown = [show.arguments(case.inputs), show.value(case.expected[0]), case.note]
        assert not [text for text in shown if len(text) > 6 and text in told]


@pytest.mark.parametrize("check, lesson", CHECKS)
def test_a_known_mistake_that_only_hidden_cases_show_is_explained(check, lesson):
    planned = plan(check, lesson)
    explained = 0
    for mistake in check.mistakes:
        hidden = list(planned.cases(visible=False))
        if mistake.wrong is None or all(mistake.name not in case.wrong for case in hidden):
            continue
        # a mistake that can show in some cases alone is right in the others
        told = _one_line(_told(planned, lambda case: case.wrong.get(mistake.name,
                                                                    case.expected[0])))
        if "not yet" in told or "partly" in told:
            # another mistake may fit as well and be told in its place, but one always is
            assert any(_one_line(m.message) in told for m in check.mistakes), mistake.name
            explained += 1
    assert explained > 0


@pytest.mark.parametrize("tolerance, sentence", [
    (Tolerance(0.0, 0.0, "shares are whole"), "Numbers must be exact (shares are whole)."),
    (Tolerance(1e-9, 1e-6, "rounding"),
     "Numbers may differ by 1e-07% of the expected value plus 1e-06 (rounding)."),
    (Tolerance(0.0, 0.5, ""), "Numbers may differ by 0.5."),
])
def test_the_tolerance_is_said_in_one_sentence(tolerance, sentence):
    assert tolerance.sentence() == sentence
