"""Stock nbgrader works on the course: right marks, mended cells, feedback that does nothing."""

import shutil
from pathlib import Path

import mini_course
import nbformat
import pytest

from lobsim.course import release as release_module
from lobsim.course.nbgrader_env import tools_on_path

NAME = mini_course.NAME
CONFIG = Path(__file__).resolve().parents[2] / "nbgrader_config.py"
SCRIPT = "<script>document.title = 'stolen'</script><img src=x onerror=alert(1)>"


def _cell(notebook, grade_id):
    return next(cell for cell in notebook.cells
                if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def _copied(notebook):
    """Honest copy and paste in JupyterLab keeps the cell's description."""
    for grade_id in ("double", "check_double"):
        copy = nbformat.from_dict(_cell(notebook, grade_id))
        copy.id += "-copy"
        notebook.cells.insert(4, copy)


def _deleted(notebook):
    for grade_id in ("check_double", "larger"):
        notebook.cells.remove(_cell(notebook, grade_id))


def _forged(notebook):
    _cell(notebook, "check_double").metadata.nbgrader.points = 100
    _cell(notebook, "check_double").source = "3.0"
    _cell(notebook, "check_larger").metadata.nbgrader.schema_version = 99
    _cell(notebook, "check_spreads").metadata.nbgrader.grade = False
    _cell(notebook, "double").metadata.nbgrader = {"solution": "maybe"}
    bonus = nbformat.v4.new_code_cell("50.0", id="bonus")
    bonus.metadata.nbgrader = {"grade": True, "grade_id": "bonus", "locked": False, "points": 50,
                               "schema_version": 3, "solution": False, "task": False}
    notebook.cells.append(bonus)


def _scripted(notebook):
    notebook.cells.append(nbformat.v4.new_markdown_cell(f"Hello {SCRIPT} *world*", id="md"))
    notebook.cells.append(nbformat.v4.new_code_cell(
        f"from IPython.display import HTML, Javascript\nHTML({SCRIPT!r})", id="html"))
    notebook.cells.append(nbformat.v4.new_code_cell(
        "import sys, warnings\nwarnings.warn('careful')\nJavascript('stolen()')", id="js"))


def _noisy(notebook):
    _cell(notebook, "double").source = ("import sys, warnings\ndef double(x):\n"
                                        "    print('err', file=sys.stderr)\n"
                                        "    warnings.warn('w')\n    return 2 * x")


STUDENTS = {  # answers, change, marks of the checked exercises
    "ada": (mini_course.RIGHT, None, 8.0),
    "bob": (mini_course.WRONG, None, 1.0),  # 0 squared is 0: one of two hidden cases
    "cyn": ({}, None, 0.0),
    "dee": (mini_course.HALF, None, 3.0),
    "eve": (mini_course.RIGHT, _copied, 8.0),
    "fay": (mini_course.RIGHT, _deleted, 7.0),
    "gus": (mini_course.WRONG, _forged, 1.0),
    "hal": (mini_course.RIGHT, _scripted, 8.0),
    "ivy": (mini_course.RIGHT, _noisy, 8.0),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The mini course, its submissions autograded and fed back by nbgrader's own API."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import PyFileConfigLoader

    root = mini_course.build(tmp_path_factory.mktemp("stock") / "course")
    release_module.release(root)
    shutil.copy(CONFIG, root)
    released = root / "lessons" / NAME / f"{NAME}.ipynb"
    for student, (answers, change, _) in STUDENTS.items():
        notebook = mini_course.fill(released, answers)
        if change:
            change(notebook)
        folder = root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / released.name)
    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.CourseDirectory.root = str(root)
    api = NbGraderAPI(config=config)
    with tools_on_path(), pytest.MonkeyPatch.context() as patch:
        patch.delenv("LOBSIM_COURSE", raising=False)
        outcome = api.generate_assignment(NAME, force=True)
        assert outcome["success"], outcome
        for student in STUDENTS:
            for step in (api.autograde, api.generate_feedback):
                outcome = step(NAME, student)
                assert outcome["success"], outcome.get("error") or outcome.get("log")
        yield root, api


def test_nbgraders_own_release_is_the_same_as_ours(graded):
    root, _ = graded
    assert release_module.in_step(root) == []


@pytest.mark.parametrize("student", STUDENTS)
def test_marks_are_what_they_should_be(graded, student):
    _, api = graded
    with api.gradebook as gradebook:
        submission = gradebook.find_submission(NAME, student)
        notebook = submission.notebooks[0]
        grades = {grade.name: grade for grade in notebook.grades}
        assert set(grades) == {"check_double", "check_spreads", "check_larger", "why"}
        assert sum(grade.auto_score or 0 for grade in grades.values()) == STUDENTS[student][2]
        assert submission.max_score == 10
        if STUDENTS[student][0]:
            assert grades["why"].needs_manual_grade
        else:
            assert grades["why"].auto_score == 0  # untouched: nothing to mark


def test_feedback_explains_and_keeps_every_secret(graded):
    root, _ = graded
    page = (root / "feedback" / "bob" / NAME / f"{NAME}.html").read_text()
    assert "Likely mistake:" in page and "you squared the number." in page
    assert "is a `return` missing at the end?" in page
    for student in STUDENTS:
        page = (root / "feedback" / student / NAME / f"{NAME}.html").read_text()
        for secret in ("424242", "SECRET", "per_student", "crossed_quotes"):
            assert secret not in page


def test_declarations_are_not_copied_to_a_students_folder(graded):
    root, _ = graded
    for student in STUDENTS:
        files = {path.name for path in (root / "autograded" / student / NAME).iterdir()}
        assert files == {f"{NAME}.ipynb", "numbers.csv"}


def test_feedback_runs_nothing_a_student_wrote(graded):
    root, _ = graded
    page = (root / "feedback" / "hal" / NAME / f"{NAME}.html").read_text()
    assert "<em>world</em>" in page
    assert "document.title = 'stolen'</script>" not in page and "stolen()</script>" not in page
    assert "<img src=x" not in page and 'onerror="' not in page


def test_solutions_pass_and_released_lessons_fail_nbgraders_validator(graded, monkeypatch):
    from nbgrader.validator import Validator

    root, _ = graded
    results = {}
    for side in ("solutions", "lessons"):
        folder = root / side / NAME
        monkeypatch.chdir(folder)
        monkeypatch.delenv("LOBSIM_COURSE", raising=False)
        results[side] = Validator().validate(f"{NAME}.ipynb")
    assert "failed" not in results["solutions"], results["solutions"]
    assert len(results["lessons"]["failed"]) == 4  # three checks and the written answer
