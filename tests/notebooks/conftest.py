"""Runs composed notebooks through the real runner, as ``lobsim check`` and ``lobsim grade`` do."""

import copy
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def compose():
    """``compose(lesson, answers, side="lessons")``: the lesson with some exercise cells replaced."""
    import nbformat

    read = {}

    def compose(lesson, answers=None, side="lessons"):
        path = ROOT / side / lesson / f"{lesson}.ipynb"
        if path not in read:
            read[path] = nbformat.read(path, as_version=4)
        notebook = copy.deepcopy(read[path])
        left = dict(answers or {})
        for cell in notebook.cells:
            mark = cell.metadata.get("nbgrader", {})
            if mark.get("solution") and mark.get("grade_id") in left:
                cell.source = left.pop(mark["grade_id"])
        assert not left, f"{lesson} has no exercises {sorted(left)}"
        return notebook

    return compose


@pytest.fixture(scope="session")
def judged():
    """``judged(notebook, lesson) -> {check: CheckResult}``, hidden cases included."""
    from lobsim.course import runner, sandbox
    from lobsim.course.declare import load_checks

    usable, reason = sandbox.available()
    if not usable and os.environ.get("LOBSIM_NO_SKIP") == "1":
        pytest.fail(f"no sandbox on this machine: {reason}")

    def judged(notebook, lesson):
        report = runner.run_notebook(
            notebook,
            lesson=lesson,
            checks=load_checks(ROOT / "solutions" / lesson),
            student=None,  # the public instance, for which the authors state their marks
            files_dir=ROOT / "lessons" / lesson,
            course_root=ROOT,
            sandboxed=usable,
        )
        return report

    return judged
