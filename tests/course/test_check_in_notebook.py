"""The locked cell: which declaration it finds, what it shows, that it never breaks a notebook."""

import shutil
import subprocess
import sys

import mini_course
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from lobsim.course import lesson
from lobsim.course.declare import DeclarationError
from lobsim.course.notebook_check import Score

NAME = mini_course.NAME


@pytest.fixture
def at_home(course, tmp_path, monkeypatch):
    """A learner's folder: the released files, far from any solution."""
    folder = tmp_path / "home" / NAME
    shutil.copytree(course / "lessons" / NAME, folder)
    shutil.rmtree(course / "solutions")
    monkeypatch.chdir(folder)
    return folder


def spreads(quotes):
    good = quotes[quotes["ask"] > quotes["bid"]]
    return good.assign(spread=good["ask"] - good["bid"])


def test_at_home_only_visible_points_can_be_seen(at_home):
    check = lesson(NAME)
    score = check("double", lambda x: 2 * x)
    assert isinstance(score, float) and repr(score) == "1.0"
    assert "2.0 more for hidden tests" in score.text
    assert repr(check("spreads", spreads)) == "1.0"
    assert repr(check("larger", "ask")) == "1.0"


def test_a_wrong_name_is_answered_with_the_right_ones(at_home):
    score = lesson(NAME)("doubel", lambda x: 2 * x)
    assert score == 0.0 and "Did you mean 'double'?" in score.text
    assert lesson(NAME)(3).text.startswith("There is no check 3")


def test_a_missing_answer_is_a_blank(at_home):
    assert "not done yet" in lesson(NAME)("double").text


def test_inputs_of_a_visible_case_can_be_had_and_are_fresh(at_home):
    check = lesson(NAME)
    quotes = check.inputs("spreads")["quotes"]
    assert list(quotes.columns) == ["time_ns", "bid", "ask"] and len(quotes) == 3
    quotes["bid"] = 0.0
    assert check.inputs("spreads")["quotes"]["bid"].tolist() == [99.0, 99.5, 99.0]
    with pytest.raises(IndexError, match="1 visible case"):
        check.inputs("spreads", 1)
    with pytest.raises(KeyError, match="no check"):
        check.inputs("nothing")


def test_damaged_or_foreign_checks_are_told_in_one_sentence(at_home):
    path = at_home / "checks.json"
    good = path.read_text()
    for text, words in [("{", "damaged"), ("[]", "damaged"), ("{}", "damaged"),
                        (good.replace('"format": 1', '"format": 99'), "format 99"),
                        (good.replace('"lesson": "00_mini"', '"lesson": "07_x"'), "belongs to")]:
        path.write_text(text)
        with pytest.raises(DeclarationError, match=words):
            lesson(NAME)


def test_missing_checks_say_how_to_get_them(at_home, course):
    (at_home / "checks.json").unlink()
    lesson(NAME)  # the course's own copy is as good
    shutil.rmtree(course / "lessons")
    with pytest.raises(FileNotFoundError, match="lobsim lab"):
        lesson("77_no_such_lesson")


def test_an_author_in_solutions_gets_the_full_check(course, monkeypatch):
    monkeypatch.chdir(course / "solutions" / NAME)
    assert repr(lesson(NAME)("double", lambda x: 2 * x)) == "3.0"


def _autograde(course, monkeypatch, student):
    folder = course / "autograded" / student / NAME
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("LOBSIM_COURSE")
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    return folder


def test_under_nbgrader_the_course_decides_and_not_what_was_handed_in(course, monkeypatch):
    folder = _autograde(course, monkeypatch, "eve")
    (folder / "checks.py").write_text("CHECKS = 1 / 0")
    (folder / "checks.json").write_text("{}")
    forged = folder / "solutions" / NAME
    forged.mkdir(parents=True)
    (forged / "checks.py").write_text("CHECKS = 1 / 0")
    assert repr(lesson(NAME)("double", lambda x: 2 * x)) == "3.0"
    assert repr(lesson(NAME)("double", lambda x: x * x)) == "1.0"


def test_under_nbgrader_each_student_has_an_instance(course, monkeypatch):
    seen = {}
    for student in ("ada", "bob"):
        _autograde(course, monkeypatch, student)
        seen[student] = []
        lesson(NAME)("spreads", lambda quotes, to=seen[student]: to.append(quotes) or quotes)
        monkeypatch.setenv("LOBSIM_COURSE", str(course))
    assert not seen["ada"][1].equals(seen["bob"][1])
    pd.testing.assert_frame_equal(seen["ada"][0], seen["bob"][0])


def test_without_solutions_nbgrader_validate_takes_visible_success_for_success(at_home,
                                                                               monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    assert repr(lesson(NAME)("double", lambda x: 2 * x)) == "3.0"
    assert repr(lesson(NAME)("double", lambda x: x * x)) == "0.0"


def _run(folder, answers):
    notebook = mini_course.fill(folder / f"{NAME}.ipynb", answers)
    NotebookClient(notebook, kernel_name="python3", timeout=60,
                   resources={"metadata": {"path": str(folder)}}).execute()
    return {cell.metadata.nbgrader.grade_id: cell.outputs for cell in notebook.cells
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")}


def test_in_a_real_kernel_a_check_cell_shows_a_float_and_a_panel(at_home):
    outputs = _run(at_home, mini_course.HALF)
    assert [o.output_type for o in outputs["check_double"]] == ["execute_result"]
    assert outputs["check_double"][0].data["text/plain"] == "1.0"
    assert "✓" in outputs["check_double"][0].data["text/html"]
    assert outputs["check_spreads"][0].data["text/plain"] == "0.0"
    assert "not done yet" in outputs["check_spreads"][0].data["text/html"]
    assert "the bid is what a buyer offers" in outputs["check_larger"][0].data["text/html"]


def test_run_all_on_an_untouched_lesson_reaches_the_end(at_home):
    outputs = _run(at_home, {})
    assert all(o[0].data["text/plain"] == "0.0" for o in outputs.values())
    nbformat.validate(nbformat.read(at_home / f"{NAME}.ipynb", as_version=4))


def test_a_terminal_without_panels_gets_the_words(at_home):
    class Printer:
        said = ""

        def text(self, text):
            self.said += text

    printer = Printer()
    score = lesson(NAME)("double", lambda x: x * x)
    score._repr_pretty_(printer, False)
    assert printer.said == score.text and "you squared the number" in score.text
    assert Score(2.5, problem="x") + 1 == 3.5


def test_the_setup_cell_brings_in_neither_jupyter_nor_nbgrader():
    code = ("import sys; from lobsim.course import lesson; "
            "print([m for m in ('nbgrader', 'nbformat', 'jupyter_client', 'torch') "
            "if m in sys.modules])")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
