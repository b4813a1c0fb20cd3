"""A lesson may bring modules of its own: they are found when it is graded, and hide no package."""

import nbformat
import pytest
from grading_tools import QUICK
from mini_course import NAME as LESSON
from nbformat import v4

from lobsim.course import runner
from lobsim.course.declare import load_checks

ASKS = "import beside, sched\nprint(beside.WORD, sched.scheduler().queue)"


@pytest.mark.usefixtures("shut_in")
def test_a_module_beside_the_lesson_is_found_and_stands_behind_every_package(course, submit):
    folder = course / "lessons" / LESSON
    (folder / "beside.py").write_text("WORD = 'found'\n", encoding="utf-8")
    (folder / "sched.py").write_text("raise SystemExit('hidden')\n", encoding="utf-8")
    notebook = submit()
    notebook.cells.insert(2, v4.new_code_cell(ASKS, id="asks"))
    report = runner.run_notebook(
        notebook, lesson=LESSON, student="ada", course_root=course, files_dir=folder,
        checks=load_checks(course / "solutions" / LESSON), limits=QUICK, every_cell=True)
    assert "found []" in nbformat.writes(report.notebook)
