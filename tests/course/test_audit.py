"""The audit finds each fault of a faulty course, and says it in one sentence."""

import json
import re
import shutil
from pathlib import Path

import audited_course
import numpy as np
import pytest
from typer.testing import CliRunner

from lobsim.course.audit_answers import read_answers
from lobsim.course.audit_inputs import habits_of, variations
from lobsim.course.audit_report import audit
from lobsim.course.audit_text import printed_numbers
from lobsim.course.audit_worker import Workbench

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    root = audited_course.build(tmp_path_factory.mktemp("audited"))
    return audit(root, [audited_course.NAME])


@pytest.fixture(scope="module")
def found(report):
    return report.lessons[0].all_findings()


@pytest.mark.parametrize("words", [
    "above: the answer 'right_text' fails: it earns 0 of 4",
    "above: the answer 'right_text' earns 0, its author states 4",
    "above: the answer 'wrong_ties' earns full marks for 5 of 5 students",
    "above: the answer 'wrong_ties' earns 4, its author states 3",
    "above: the answer 'wrong_below' is to be told 'never', but is told below",
    "spread: 1 submitted right answers; at least 2",
    "spread: 0 submitted wrong answers; at least 3",
    "above: the answer 'return 0' earns 1 of 4",
    "spread: no wrong answer fails the hidden part '2 more'",
    "above: no wrong answer fails the hidden part 'none at all'",
    "the message of the known mistake 'never' never appears: no answer raises ZeroDivisionError",
    "above: the task says 3 points, its cell gives 4",
    "above: there is no folded hint 2",
    "above: reread names section 7, which the lesson does not have",
    "above: the text expects 6; no visible case has or yields that number",
    "above: the case 'the numbers above' holds 9, which the text above the exercise does not show",
    "spread: case 1 of the hidden part '2 more' repeats case 1 of 'two quotes'",
    "spread: who makes the known mistake 'halved_again' is told 'half' first",
    "spread: the message of the known mistake 'halved_again' never appears",
    "spread: the task does not say how difficult it is",
    "spread: the task does not say how many minutes it takes",
    "spread: there is no folded hint 1",
    "spread: a relative tolerance of 0.01 is more than rounding; say why",
    "spread: the hidden part '2 more' has no category",
    "spread: the name of the hidden part '2 more' holds a number",
    "spread: no hidden part has an instance of its own for each student",
    "spread: checks_audit.toml: no surviving change of 'spread' reads 'a -> b'",
    "the first cell says 30 minutes, the notebook's metadata 40",
    "the first cell says 25 minutes of exercises; they add up to 5",
])
def test_each_fault_is_found(found, words):
    assert any(words in line for line in found), "\n".join(found)


def test_a_change_that_no_case_tells_from_the_solution_is_shown_with_a_call(tmp_path):
    root = audited_course.build(tmp_path)
    path = root / "solutions" / audited_course.NAME / f"{audited_course.NAME}.ipynb"
    text = path.read_text(encoding="utf-8")
    # the helper's comparison moves into the solution, where it can be changed
    path.write_text(text.replace("exceeds(xs, limit).sum()", "(np.asarray(xs) > limit).sum()"))
    above = audit(root, [audited_course.NAME]).lessons[0].exercises[0]
    (tie,) = [s for s in above.survivors if s.change.endswith("np.asarray(xs) >= limit")]
    call = re.search(r"xs=array\(\[(?P<xs>[^]]*)\]\), limit=(?P<limit>-?\d+)", tie.witness)
    assert int(call["limit"]) in [int(x) for x in call["xs"].split(",")], tie.witness


def test_an_answer_that_never_ends_is_refused_and_the_rest_is_tried(report):
    above = report.lessons[0].exercises[0]
    assert above.wrong == 3 and above.right == 2
    assert not any("wrong_loop" in line for line in above.findings)


def test_every_changed_solution_is_accounted_for(report):
    for exercise in report.lessons[0].exercises:
        assert exercise.mutants > 0
        assert exercise.mutants == (exercise.by_visible + exercise.by_hidden + exercise.equivalent
                                    + exercise.set_aside + len(exercise.survivors))


def test_the_command_ends_with_a_finding_and_prints_json(tmp_path, monkeypatch):
    from lobsim.cli import app

    root = audited_course.build(tmp_path)
    shutil.rmtree(root / "tests")
    monkeypatch.setenv("LOBSIM_COURSE", str(root))
    done = CliRunner().invoke(app, ["release", "--audit", "--json"])
    (lesson,) = json.loads(done.stdout)["lessons"]
    assert done.exit_code == 1 and lesson["name"] == audited_course.NAME
    first = lesson["exercises"][0]["findings"]
    assert "0 submitted wrong answers; at least 3 are asked for" in first
    assert CliRunner().invoke(app, ["release", "--audit", "--check"]).exit_code == 2


@pytest.mark.parametrize("name, first", [
    ("above__loop", "# marks: 1.0"), ("above__right_loop", "marks: 1.0"), ("above", "# marks: 1")])
def test_a_submitted_answer_without_stated_marks_is_an_error(tmp_path, name, first):
    (tmp_path / f"{name}.py").write_text(f"{first}\nx = 1\n")
    with pytest.raises(ValueError, match="the name must be CHECK__right_LABEL.py"):
        read_answers(tmp_path)


def test_the_time_to_load_a_module_is_not_the_answers_time(tmp_path, monkeypatch):
    (tmp_path / "slow_to_load.py").write_text(
        "import time\nends = time.process_time() + 0.8\nwhile time.process_time() < ends:\n"
        "    pass\n")
    monkeypatch.syspath_prepend(tmp_path)  # the worker process inherits it
    root = audited_course.build(tmp_path / "course")
    with Workbench(root / "solutions" / audited_course.NAME) as bench:
        run = bench.run("above", "def above(xs, limit):\n    import slow_to_load\n"
                                 "    return int((xs > limit).sum())\n")
    assert not run.hung and all(run.full())


def test_variations_keep_or_break_the_habits_of_the_declared_cases():
    cases = [{"times": np.array([1, 4, 9]), "sizes": np.array([5, 7, 6]), "side": "buy"},
             {"times": np.array([2, 3]), "sizes": np.array([8, 9]), "side": "buy"}]
    habits = habits_of(cases)
    assert all(habits.kept(case) for case in cases)
    assert not habits.kept({**cases[0], "times": np.array([4, 1, 9])})  # always in order
    assert not habits.kept({**cases[0], "sizes": np.array([5, 0, 6])})  # always above zero
    assert not habits.kept({**cases[0], "side": "sell"})
    assert not habits.kept({**cases[1], "times": np.array([2])})  # always as long as the sizes
    made = list(variations(cases, np.random.default_rng(1), 200))
    assert {habits.kept(inputs) for inputs in made} == {True, False}
    assert cases[0]["times"].tolist() == [1, 4, 9]  # the declared cases stay as they are


def test_numbers_are_read_as_people_print_them():
    assert printed_numbers("10 002 or 10,003.33… and $1{,}000$ at -0.5, in x2") == [
        ("10002", False), ("10003.33", True), ("1000", False), ("-0.5", False)]
