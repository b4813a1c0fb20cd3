"""Time of `lobsim grade` on all cores against stock nbgrader on one, on lesson 01, in one run.

Makes a class of honest submissions (answers from tests/submissions, each student's own choice and
own words), lets ``nbgrader autograde`` and ``nbgrader generate_feedback`` mark a sample of it on
one core and ``lobsim grade`` all of it, and holds the marks of both against each other::

    python tests/benchmarks/grading_ratio.py --submissions 200 --sample 10

The sample is taken half before and half after, so that a change of the machine's load meets both.
Its time per submission stands for the whole class: nbgrader marks one after the other. Each side
uses a gradebook of its own, nothing marked before, and a warm cache of compiled kernels. Notebooks
run with their full budgets in nbgrader and with the lesson's quick budgets in ours, as each does.
Exit status 1 if a mark differs. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from lobsim.course.nbgrader_env import tools_on_path
from lobsim.course.quick_jupyter import quick_jupyter

ROOT = Path(__file__).resolve().parents[2]
LESSON = "01_implementation_shortfall"


def build(place: Path, students: list[str]) -> tuple[Path, Path]:
    """A course of one lesson and a folder of hand-ins."""
    quick_jupyter()
    import nbformat

    course, folder = place / "course", place / "submissions"
    for side in ("lessons", "solutions"):
        shutil.copytree(ROOT / side / LESSON, course / side / LESSON)
    shutil.copytree(ROOT / "data", course / "data")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    answers: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests" / "submissions" / LESSON).glob("*.py")):
        source = path.read_text(encoding="utf-8").partition("\n")[2]
        answers.setdefault(path.stem.partition("__")[0], []).append(source)
    for student in students:
        chance = random.Random(student)
        notebook = nbformat.read(course / "lessons" / LESSON / f"{LESSON}.ipynb", as_version=4)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in answers:
                cell.source = f"{chance.choice(answers[name])}\n# {student}"
        target = folder / student / LESSON / f"{LESSON}.ipynb"
        target.parent.mkdir(parents=True)
        nbformat.write(notebook, target)
    return course, folder


def call(command: list[str], course: Path, cores: set[int]) -> tuple[float, int, str]:
    """Run a program; seconds, peak bytes of it and all it started, and what it printed."""
    environment = {**os.environ, "LOBSIM_COURSE": str(course), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors, \
            tools_on_path():
        environment["PATH"] = os.environ["PATH"]
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=course, env=environment, stdout=out, stderr=errors, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores))
        peak, over = [0], threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, over))
        watcher.start()
        process.wait()
        seconds = time.monotonic() - started
        over.set()
        watcher.join()
        out.seek(0)
        errors.seek(0)
        if process.returncode not in (0, 1):  # 1: lobsim's finding, for example a broken hand-in
            raise SystemExit(f"{' '.join(command)} failed:\n{errors.read()[-3000:]}")
        return seconds, peak[0], out.read()


def _watch(pid: int, peak: list[int], over: threading.Event) -> None:
    """Pages that processes share are counted once (Pss)."""
    from lobsim.course.group_memory import held_bytes

    while not over.wait(1.0):
        peak[0] = max(peak[0], held_bytes(pid, scratch=False))


def stock(course: Path, students: str) -> float:
    """Seconds of stock nbgrader on one core, for students of this pattern."""
    total = 0.0
    for step in ("autograde", "generate_feedback"):
        total += call([sys.executable, "-m", "nbgrader", step, LESSON, f"--student={students}"],
                      course, {min(os.sched_getaffinity(0))})[0]
    return total


def marks(course: Path) -> dict[str, dict[str, float]]:
    """Automatic marks in a course's gradebook by student and cell."""
    from lobsim.course.gradebook import CourseGradebook

    found = CourseGradebook(course).marks([LESSON])
    return {student: {name: mark.score for name, mark in all_of_one.marks.items()
                      if not mark.manual}
            for (student, _), all_of_one in found.items()}


def measure(submissions: int, sample: int, jobs: int) -> dict:
    """Run both sides; see the module."""
    halves = [f"{half}{k:04d}" for k in range(sample) for half in ("ab"[2 * k // sample],)]
    students = halves + [f"c{k:04d}" for k in range(submissions - sample)]
    with tempfile.TemporaryDirectory(prefix="lobsim-ratio-") as temporary:
        place = Path(temporary)
        course, folder = build(place, students)
        theirs = Path(shutil.copytree(course, place / "stock"))
        for student in halves:
            shutil.copytree(folder / student, theirs / "submitted" / student)
        call([sys.executable, "-m", "nbgrader", "generate_assignment", LESSON, "--force"],
             theirs, os.sched_getaffinity(0))
        _warm()
        load = os.getloadavg()[0]
        before_s = stock(theirs, "a*")
        ours_s, peak, _ = call(
            [sys.executable, "-m", "lobsim", "grade", str(folder), "--jobs", str(jobs), "--json"],
            course, os.sched_getaffinity(0))
        after_s = stock(theirs, "b*")
        expected, got = marks(theirs), marks(course)
    differing = sorted(s for s in halves if expected.get(s) != got.get(s))
    stock_each_s = (before_s + after_s) / sample
    return {"submissions": submissions, "sample": sample, "jobs": jobs,
            "stock_s_per_submission": round(stock_each_s, 2),
            "stock_halves_s": [round(before_s, 1), round(after_s, 1)],
            "ours_s": round(ours_s, 1), "ours_s_per_submission": round(ours_s / submissions, 3),
            "stock_over_ours": round(stock_each_s * submissions / ours_s, 2),
            "peak_memory_mb": round(peak / 1e6), "marked": len(got),
            "marks_differ_for": differing, "load_at_start": round(load, 1)}


def _warm() -> None:
    """Compile before anything is timed: the learner's kernels, and those of the sandbox."""
    import lobsim.market  # noqa: F401
    from lobsim.course import warmth
    from lobsim.engine import jit

    jit.warm_up()
    warmth.warm_folder()


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--sample", type=int, default=4, help="of them marked by nbgrader too")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if not 2 <= given.sample <= given.submissions:
        parser.error(f"--sample is {given.sample}; it must be between 2 and --submissions "
                     f"({given.submissions})")
    found = measure(given.submissions, given.sample, given.jobs)
    if given.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:<24} {value}")
    raise SystemExit(1 if found["marks_differ_for"] or found["marked"] != given.submissions else 0)


if __name__ == "__main__":
    main()
