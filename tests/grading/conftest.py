"""A released mini course, and notebooks run in it as the grader runs them."""

import shutil
from pathlib import Path

import mini_course
import pytest
from grading_tools import QUICK

from lobsim.course import runner, sandbox
from lobsim.course.declare import load_checks
from lobsim.course.quick_jupyter import quick_jupyter

quick_jupyter()

LESSON = mini_course.NAME


@pytest.fixture(scope="session")
def shut_in() -> None:
    """Skips, saying why, where no sandbox can be had."""
    usable, reason = sandbox.available()
    if not usable:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def course(tmp_path_factory, repo) -> Path:
    """A released course of one lesson. Tests only read it."""
    from lobsim.course.release import release

    root = mini_course.build(tmp_path_factory.mktemp("course"))
    release(root)
    shutil.copy(repo / "nbgrader_config.py", root)
    return root


@pytest.fixture
def fresh_course(course, tmp_path) -> Path:
    """A copy of the course in which a test may grade."""
    return Path(shutil.copytree(course, tmp_path / "course"))


@pytest.fixture(scope="session")
def submit(course):
    """``submit(answers, before={...}, after={...}, end=[...])``: the released lesson filled in.

    ``before``/``after`` put code cells next to the cell with a grade_id, ``end`` at the end.
    """
    from nbformat import v4

    def submit(answers=mini_course.RIGHT, before=None, after=None, end=()):
        notebook = mini_course.fill(course / "lessons" / LESSON / f"{LESSON}.ipynb", answers)
        cells = []
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cells += [v4.new_code_cell(s) for s in (before or {}).get(name, ())]
            cells.append(cell)
            cells += [v4.new_code_cell(s) for s in (after or {}).get(name, ())]
        notebook.cells = cells + [v4.new_code_cell(s) for s in end]
        return notebook

    return submit


@pytest.fixture(scope="session")
def run(course):
    """``run(notebook, sandboxed=True, limits=...) -> RunReport`` with the hidden cases."""

    def run(notebook, *, sandboxed=True, limits=QUICK, student="ada", checks=None, secrets=(),
            trusted=None):
        return runner.run_notebook(
            notebook, lesson=LESSON, student=student, course_root=course,
            checks=checks or load_checks(course / "solutions" / LESSON),
            files_dir=course / "lessons" / LESSON, limits=limits, sandboxed=sandboxed,
            secrets=secrets, trusted=trusted)

    return run
