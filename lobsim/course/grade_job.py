"""Grades one submission and writes one result file. Runs in worker processes, touches no gradebook.

A job is plain data and its result a file that appears whole or not at all, so that jobs may run
anywhere, in any order, and be cut off at any moment.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lobsim.course.limits import Limits
from lobsim.course.workspace import write_atomically

RESULT_FORMAT = 3


@dataclass(frozen=True)
class Job:
    """One submission to grade. ``original`` is None where nothing could be read."""

    student: str
    lesson: str
    root: Path
    original: Path | None
    result: Path
    key: str
    problems: tuple[str, ...]
    sandboxed: bool
    limits: Limits
    secrets: tuple[Path, ...] = ()
    every_cell: bool = False


def lesson_key(root: Path, lesson: str) -> str:
    """Hash of everything of the lesson that marks depend on."""
    digest = hashlib.sha256()
    files = [root / "lessons" / lesson / f"{lesson}.ipynb",
             *sorted((root / "solutions" / lesson).glob("*.py"))]
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.name}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()


def job_key(content: bytes | None, lesson: str, limits: Limits, sandboxed: bool,
            every_cell: bool = False) -> str:
    """Hash that changes when, and only when, the submission has to be run again.

    `lesson` is the lesson's `lesson_key`.
    """
    digest = hashlib.sha256(f"{RESULT_FORMAT}:{lesson}:{sandboxed}:{limits}:{every_cell}:".encode())
    digest.update(b"nothing" if content is None else content)
    return digest.hexdigest()


def end_with(parent: int) -> None:
    """Let this worker end when its grader has ended, even if that was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    if os.name == "posix":
        threading.Thread(target=watch, daemon=True).start()


def read_result(path: Path, key: str) -> dict | None:
    """The result file, if it is there and belongs to this key."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("key") == key else None


def work(job: Job) -> dict:
    """Grade one submission, write its result file, and return a summary of it."""
    started = time.monotonic()
    notebook, results, problems = _run(job)
    data = {
        "format": RESULT_FORMAT, "key": job.key, "student": job.student, "lesson": job.lesson,
        "problems": [*job.problems, *problems], "seconds": round(time.monotonic() - started, 3),
        "results": {name: asdict(result) for name, result in results.items()},
        "notebook": notebook,
    }
    write_atomically(job.result, json.dumps(data).encode())
    return {"student": job.student, "lesson": job.lesson, "seconds": data["seconds"]}


def give_up(job: Job, why: str) -> None:
    """A result of no marks for a submission that cannot be run, with the reason."""
    notebook = _blank(job, why)
    data = {"format": RESULT_FORMAT, "key": job.key, "student": job.student, "lesson": job.lesson,
            "problems": [*job.problems, why], "seconds": 0.0, "results": {}, "notebook": notebook}
    write_atomically(job.result, json.dumps(data).encode())


def _run(job: Job) -> tuple[Any, dict, list[str]]:
    from lobsim.course import runner, submission

    lesson_folder = job.root / "lessons" / job.lesson
    if job.original is None:
        return _blank(job, "it was refused or could not be opened"), {}, []
    trusted, checks = _lesson(job.root, job.lesson, lesson_key(job.root, job.lesson))
    try:
        report = runner.run_notebook(
            job.original.read_bytes(), lesson=job.lesson, checks=checks, student=job.student,
            files_dir=lesson_folder, trusted=trusted, course_root=job.root, limits=job.limits,
            sandboxed=job.sandboxed, secrets=job.secrets, every_cell=job.every_cell)
    except submission.Unreadable as why:
        return _blank(job, str(why)), {}, [f"the submission could not be read: {why}"]
    return report.notebook, report.results, report.problems


@functools.lru_cache(maxsize=64)
def _lesson(root: Path, lesson: str, key: str) -> tuple[Any, list]:
    """The released notebook and the declared checks, read once per process and version."""
    from lobsim.course import submission
    from lobsim.course.declare import load_checks

    trusted = submission.read_trusted(root / "lessons" / lesson / f"{lesson}.ipynb")
    return trusted, load_checks(root / "solutions" / lesson)


def _blank(job: Job, why: str) -> Any:
    """The empty lesson with 0 points in every check cell."""
    from nbformat.v4 import new_output

    from lobsim.course import submission

    trusted = submission.read_trusted(
        job.root / "lessons" / job.lesson / f"{job.lesson}.ipynb")
    notebook = submission.blank(trusted, why)
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade") and not about.get("solution") and cell.cell_type == "code":
            cell.outputs = [new_output("execute_result", {"text/plain": "0.0"})]
    return notebook
