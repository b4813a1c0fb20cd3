"""A class of eight, `lobsim grade` as a process that can be killed, and all that grading leaves.

``hand_in_all`` writes the submissions, ``finish_runs`` the results of their runs without running
anything (for tests of what comes after), ``picture`` tells everything that grading has made of
them in a form that ``see_same`` compares.
"""

import difflib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import mini_course
import nbformat
import psutil
from nbformat.v4 import new_output

from lobsim.course import grade_job, left_behind
from lobsim.course.gradebook import CourseGradebook
from lobsim.course.limits import Limits

LESSON = mini_course.NAME
OF_ONE_CALL = ("run", "recorded", "pages", "seconds", "folder")
ANSWERS = {
    "ada": mini_course.RIGHT,
    "ben": mini_course.WRONG,
    "cleo": mini_course.HALF,
    "dora": {},
    "emil": {**mini_course.RIGHT, "why": "Traders would meet."},
    "finn": {**mini_course.RIGHT, "larger": "larger = 'bid'"},
}
BROKEN = {"gwen": b"", "hugo": b'{"cells": [{"cell_type": "code", "sour'}
EARNED = {"ben": {"double": 1.0, "spreads": 0.0, "larger": 0.0},
          "cleo": {"spreads": 0.0, "larger": 0.0}, "finn": {"larger": 0.0},
          "dora": {"double": 0.0, "spreads": 0.0, "larger": 0.0}}


def hand_in_all(folder: Path, course: Path) -> Path:
    """The submissions of the class, two of them unreadable, two with the time of handing in."""
    released = course / "lessons" / LESSON / f"{LESSON}.ipynb"
    for student in (*ANSWERS, *BROKEN):
        path = folder / student / LESSON / f"{LESSON}.ipynb"
        path.parent.mkdir(parents=True)
        if student in BROKEN:
            path.write_bytes(BROKEN[student])
        else:
            nbformat.write(mini_course.fill(released, ANSWERS[student]), path)
    for student, moment in (("ada", "2027-02-01 17:00:00 UTC"), ("ben", "2027-02-01 19:30:00 CET")):
        (folder / student / LESSON / "timestamp.txt").write_text(moment + "\n")
    return folder


def finish_runs(root: Path, folder: Path) -> None:
    """Result files as if every submission had been run."""
    for path in sorted(folder.glob(f"*/{LESSON}/{LESSON}.ipynb")):
        student, content = path.parent.parent.name, path.read_bytes()
        key = grade_job.job_key(content, grade_job.lesson_key(root, LESSON), Limits(), True)
        target = root / "grading" / "results" / LESSON / f"{student}.json"
        job = grade_job.Job(student, LESSON, root, path, target, key, (), True, Limits())
        grade_job.give_up(job, "could not be read")
        if student in BROKEN:
            continue
        data = json.loads(target.read_text())
        notebook = nbformat.reads(content.decode(), as_version=4)
        earned = {**mini_course.POINTS, **EARNED.get(student, {})}
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if name.startswith("check_"):
                points = repr(earned[name.removeprefix("check_")])
                cell.outputs = [new_output("execute_result", {"text/plain": points})]
        target.write_text(json.dumps({**data, "notebook": notebook, "problems": []}))


# -------------------------------------------------------------------- the command

def start(root: Path, folder: Path, *options: str) -> subprocess.Popen:
    """`lobsim grade` in a process group of its own; what it says goes to ``grade.log``."""
    environment = {**os.environ, "LOBSIM_COURSE": str(root), "OMP_NUM_THREADS": "1"}
    with open(root.parent / "grade.log", "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "lobsim", "grade", str(folder), "--jobs", "2", *options],
            cwd=root.parent, env=environment, stdout=log, stderr=log, start_new_session=True)


def finish(root: Path, folder: Path, *options: str) -> None:
    """`lobsim grade` to its end; it finds broken submissions, so its status is 1."""
    (root.parent / "grade.log").unlink(missing_ok=True)
    see_finished(start(root, folder, *options), root)


def see_finished(process: subprocess.Popen, root: Path) -> None:
    """The command ends, and not with a fault of ours."""
    status, said = process.wait(), (root.parent / "grade.log").read_text()
    assert status == 1 and "Traceback" not in said, said[-3000:]


def results(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every finished result: name -> time it was written, content."""
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes())
            for path in (root / "grading" / "results").rglob("*.json")}


class Victims:
    """Processes that were killed or left behind, to be seen gone."""

    def __init__(self):
        self.known: dict[int, psutil.Process] = {}

    def kill(self, process: subprocess.Popen, whole_group: bool) -> None:
        """SIGKILL, to the process alone or to its group."""
        try:
            main = psutil.Process(process.pid)
            family = [main, *main.children(recursive=True)]
        except psutil.NoSuchProcess:
            family = []
        self.known |= {member.pid: member for member in family}
        if whole_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()

    def wait(self) -> None:
        """All of them end, by themselves, before long."""
        deadline = time.monotonic() + 60
        while any(_lives(process) for process in self.known.values()):
            assert time.monotonic() < deadline, "a process outlived its grader"
            time.sleep(0.1)

    def temporary_folders(self) -> list[Path]:
        """Temporary folders of theirs that are still there."""
        bases = {Path("/tmp"), Path(os.environ.get("TMPDIR", "/tmp"))}
        return [folder for base in bases for prefix in left_behind.PREFIXES
                for pid in self.known for folder in base.glob(f"{prefix}{pid}-*")]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


# -------------------------------------------------------------------- what it has made

def picture(root: Path) -> dict:
    """Gradebook, marks, report, notebooks, pages and originals, without ids and durations."""
    report = json.loads((root / "grading" / "report.json").read_text())
    for row in report["rows"]:
        del row["seconds"]
    files = {str(path.relative_to(root)): path.read_bytes()
             for side in ("submitted", "autograded", "feedback")
             for path in (root / side).rglob("*") if path.is_file()}
    return {"gradebook": gradebook(root), "files": files,
            "marks": (root / "grading" / "marks.csv").read_text(),
            "report": {k: v for k, v in report.items() if k not in OF_ONE_CALL}}


def see_same(told: dict, expected: dict) -> None:
    """Two pictures are equal; where not, the lines that differ are told, and only they."""
    ours, theirs = _lines(told), _lines(expected)
    changes = [line for name in sorted({*ours, *theirs})
               for line in difflib.unified_diff(theirs.get(name, []), ours.get(name, []),
                                                f"expected {name}", name, lineterm="", n=1)]
    assert told == expected, "\n".join(line[:400] for line in changes[:60])


def _lines(told: dict) -> dict[str, list[str]]:
    tables = {f"table {name}": rows for name, rows in told["gradebook"].items()}
    files = {name: content.decode(errors="replace").splitlines()
             for name, content in told["files"].items()}
    report = json.dumps(told["report"], indent=1, sort_keys=True).splitlines()
    return {**tables, **files, "marks.csv": told["marks"].splitlines(), "report.json": report}


def gradebook(root: Path) -> dict[str, list]:
    """Every row of every table, with names in place of ids."""
    from sqlalchemy import MetaData, select

    tables = MetaData()
    with CourseGradebook(root).open() as book:
        tables.reflect(book.engine)
        rows = {name: [dict(row._mapping) for row in book.db.execute(select(table))]
                for name, table in tables.tables.items()}
    named = {}
    for name in ("assignment", "student", "notebook", "base_cell"):
        named |= {row["id"]: row.get("name") or row["id"] for row in rows[name]}
    for row in rows["submitted_assignment"]:
        named[row["id"]] = f"{row['student_id']}'s"
    for row in rows["submitted_notebook"]:
        named[row["id"]] = f"{named[row['assignment_id']]} notebook"
    told = {}
    for name, lines in rows.items():
        lines = [{key: named.get(value, value) for key, value in line.items()
                  if key != "id" or not re.fullmatch(r"[0-9a-f]{32}", str(value))}
                 for line in lines]
        told[name] = sorted(json.dumps(line, default=str, sort_keys=True) for line in lines)
    return told


def remains(root: Path) -> list[Path]:
    """Half-written files and scratch folders."""
    return [*root.rglob(left_behind.PART), *(root / "grading").glob("scratch*/*")]
