"""A graded class without a sandbox: answers that the tests wrote are run here and recorded.

It leaves what ``lobsim grade`` leaves (result files, gradebook, graded notebooks, feedback), in
milliseconds a student, so that reports, exports and similarity can be tried on whole classes.
"""

from __future__ import annotations

import ast
import functools
import json
import math
import sys
from dataclasses import asdict
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from nbformat import v4

from lobsim.course import feedback, grade_job, wire
from lobsim.course.calling import UNANSWERED
from lobsim.course.declare import load_checks
from lobsim.course.grade_job import Job
from lobsim.course.gradebook import CourseGradebook
from lobsim.course.judge import CheckResult, Outcome, judge
from lobsim.course.limits import Limits

ROOT = Path(__file__).parents[2]


@functools.cache
def _given(root: Path, lesson: str) -> list:
    """What cells that are given define: imports, functions, classes and constants, compiled."""
    path = next((root / "solutions" / lesson).glob("*.ipynb"))
    found = []
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type != "code" or "nbgrader" in cell.metadata:
            continue
        source = "\n".join(line for line in cell.source.splitlines() if not line.startswith("%"))
        for node in ast.parse(source).body:
            is_constant = isinstance(node, ast.Assign) and isinstance(
                node.value, ast.Constant | ast.Tuple)
            if is_constant or isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef
                                         | ast.ClassDef):
                found.append(compile(ast.Module([node], []), str(path), "exec"))
    return found


def judged(source: str, check, lesson: str, student: str | None = None,
           root: Path = ROOT) -> CheckResult:
    """One answer's outcome with the hidden cases; the source runs in this process."""
    names = {"np": np, "pd": pd, "math": math}
    beside = str(ROOT / "lessons" / lesson)
    if beside not in sys.path:
        sys.path.append(beside)  # as in a kernel: a lesson's own modules, after all packages
    for code in _given(root, lesson):
        try:
            exec(code, names)
        except NameError:  # leans on something that an answer or a run of the lesson defines
            pass
    try:
        exec(source, names)  # an answer from the tests' own files
    except NotImplementedError:
        pass
    answer = names.get(check.name)

    def call(inputs):
        try:
            value = answer if check.kind == "value" else answer(
                *(wire.plain(v) for v in inputs.values()))
            return Outcome(error=UNANSWERED) if value is ... else Outcome(wire.plain(value))
        except NotImplementedError:
            return Outcome(error=UNANSWERED)
        except Exception as error:
            return Outcome(error=type(error).__name__, message=str(error))

    return judge(check, call, lesson=lesson, student=student, hidden=True)


def grade_class(root: Path, lesson: str, answers: dict[str, dict[str, str]], *,
                problems: dict[str, list[str]] | None = None,
                added: dict[str, list[str]] | None = None) -> CourseGradebook:
    """Mark and record a class.

    Parameters
    ----------
    root : a released course with its solutions.
    answers : student -> grade_id -> source; what is missing stays blank.
    problems : student -> sentences on what was broken.
    added : student -> code cells put at the end.
    """
    book = CourseGradebook(root)
    checks = {check.name: check for check in load_checks(root / "solutions" / lesson)}
    released = nbformat.read(root / "lessons" / lesson / f"{lesson}.ipynb", as_version=4)
    book.prepare({lesson: grade_job.lesson_key(root, lesson)}, sorted(answers))
    jobs, seen = [], {}
    for student, own in answers.items():
        notebook = nbformat.from_dict(released)
        results = {}
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if name in own and cell.metadata.nbgrader.get("solution"):
                cell.source = own[name]
            check = checks.get(name.removeprefix("check_"))
            if check is not None and name.startswith("check_"):
                key = (check.name, own.get(check.name, ""))
                if key not in seen or any(callable(p.cases) for p in check.parts):
                    seen[key] = judged(key[1] or _blank(check), check, lesson, student, root)
                results[check.name] = seen[key]
                cell.outputs = [v4.new_output("execute_result", {
                    "text/plain": repr(float(seen[key].earned)), "text/html": seen[key].html()})]
        notebook.cells += [v4.new_code_cell(source) for source in (added or {}).get(student, ())]
        jobs.append(_record(book, root, lesson, student, notebook, results,
                            (problems or {}).get(student, [])))
    feedback.write_pages(book, jobs, book.marks([lesson]), root)
    return book


def _blank(check) -> str:
    return f"{check.name} = ..." if check.kind == "value" else \
        f"def {check.name}(*given):\n    raise NotImplementedError\n"


def _record(book, root, lesson, student, notebook, results, problems) -> Job:
    content = nbformat.writes(notebook).encode()
    key = grade_job.job_key(content, grade_job.lesson_key(root, lesson), Limits(), True)
    path = root / "grading" / "results" / lesson / f"{student}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "format": grade_job.RESULT_FORMAT, "key": key, "student": student, "lesson": lesson,
        "problems": problems, "seconds": 1.0, "notebook": notebook,
        "results": {name: asdict(result) for name, result in results.items()}}))
    original = book.keep_original(student, lesson, content, None)
    book.record(student, lesson, notebook, root / "lessons" / lesson, key)
    return Job(student, lesson, root, original, path, key, tuple(problems), True, Limits())
