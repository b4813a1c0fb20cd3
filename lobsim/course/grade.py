"""Grades a folder of submissions: collect, run in parallel, record, write feedback and marks.

Two phases. Runs happen in worker processes, each in its own sandbox, and leave result files.
Then one writer puts the results into nbgrader's gradebook. Every step can be cut off and is taken
up again by the next call; what has a result for the same submission and lesson is not run again.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from lobsim.course import feedback, grade_job, submission, warmth
from lobsim.course.collect import Collection, Found, collect
from lobsim.course.grade_job import Job
from lobsim.course.gradebook import CourseGradebook
from lobsim.course.limits import Limits
from lobsim.course.report import GradeReport, build_report, write_report
from lobsim.course.workspace import write_atomically

FOLDER = "grading"  # below the course: results, records, marks.csv, report.json


class GradingError(RuntimeError):
    """Grading cannot begin; the text says in one sentence why and what helps."""


Progress = Callable[[str, str, int, int], None]  # student, lesson, done, of


def grade(submissions: Path | str, course_root: Path | str | None = None, *,
          lessons: list[str] | None = None, jobs: int | None = None,
          trust_submissions: bool = False, limits: Limits | None = None,
          progress: Progress | None = None) -> GradeReport:
    """Grade every submission in a folder.

    Parameters
    ----------
    submissions : path
        Folder of submissions, laid out in any of the ways that `collect` knows.
    course_root : path, optional
        The course; by default `catalogue.course_root`. ``gradebook.db``, ``submitted/``,
        ``autograded/``, ``feedback/`` and ``grading/`` are made in it.
    lessons : list of str, optional
        Grade only these lessons (full names).
    jobs : int, optional
        Runs at one time; by default one per processor.
    trust_submissions : bool
        Run without a sandbox, as ordinary processes of this user. Time and output stay limited;
        a submission can then read and change whatever this user can.
    limits : Limits, optional
    progress : callable, optional
        Called after each run with (student, lesson, number done, number to do).

    Returns
    -------
    GradeReport

    Raises
    ------
    GradingError
        There is no sandbox and the submissions are not trusted, or a lesson is not released, or
        another run is at work on this course.
    NotADirectoryError
        `submissions` is not a folder.
    """
    from lobsim.course.catalogue import course_root as default_root

    started = time.monotonic()
    root = Path(course_root).resolve() if course_root is not None else default_root()
    limits = limits or Limits()
    _demand_sandbox(trust_submissions)
    known = _lessons(root, lessons)
    collection = collect(Path(submissions), known)
    used = sorted({found.lesson for found in collection.found})
    book = CourseGradebook(root)
    with _only_one(root / FOLDER):
        _prepare(book, root, used, collection)
        todo = [_job(found, book, root, limits, not trust_submissions, Path(submissions))
                for found in collection.found]
        fresh = [job for job in todo if grade_job.read_result(job.result, job.key) is None]
        if fresh and not trust_submissions:
            warmth.warm_folder()  # here and once, so that the compiling is told and not hidden
        errors = _run_all(fresh, jobs or os.cpu_count() or 1, progress)
        done = [job for job in todo if (job.student, job.lesson) not in errors]
        recorded = [job for job in done if _record(job, book)]
        marks = book.marks(used)
        pages = feedback.write_pages(book, done, marks, root)
        report = build_report(done, marks, collection.unknown, errors, root,
                              run=len(fresh) - len(errors), recorded=len(recorded), pages=pages,
                              sandboxed=not trust_submissions)
        report.seconds = round(time.monotonic() - started, 2)
        write_report(report, root / FOLDER)
    return report


def _demand_sandbox(trusted: bool) -> None:
    from lobsim.course import sandbox

    if trusted:
        return
    usable, reason = sandbox.available()
    if not usable:
        raise GradingError(
            f"Submissions are strangers' programs and cannot be shut in here: {reason}; or pass "
            "--trust-submissions to run them with your own rights.")


def _lessons(root: Path, wanted: list[str] | None) -> dict[str, set[str]]:
    """Released lessons and the grade_ids of their marked cells."""
    from lobsim.course import catalogue

    names = catalogue.names(root)
    missing = [name for name in wanted or [] if name not in names]
    if missing:
        raise GradingError(f"there is no lesson {missing[0]!r}; there are: {', '.join(names)}")
    known = {}
    for name in wanted or names:
        path = root / "lessons" / name / f"{name}.ipynb"
        if path.is_file() and (root / "solutions" / name / "checks.py").is_file():
            known[name] = set(submission.marked_cells(submission.read_trusted(path)))
    if not known:
        raise GradingError(f"no lesson in {root} has both lessons/ and solutions/ with checks.py; "
                           "run `lobsim release` first")
    return known


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """One grading at a time on one course; the lock goes with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as file:
        try:
            import fcntl
        except ImportError:  # Windows: the gradebook's own lock has to do
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise GradingError(f"another `lobsim grade` is at work in {folder.parent}") from None
        yield


def _prepare(book: CourseGradebook, root: Path, lessons: list[str],
             collection: Collection) -> None:
    """Lessons that are new or changed, and new students, into the gradebook."""
    state = root / FOLDER / "prepared.json"
    known = _read_json(state)
    keys = {lesson: grade_job.lesson_key(root, lesson) for lesson in lessons}
    due = [lesson for lesson in lessons
           if known.get("lessons", {}).get(lesson) != keys[lesson] or not book.knows(lesson)]
    students = sorted({found.student for found in collection.found})
    new = sorted(set(students) - set(known.get("students", []))) if not due else students
    if not due and not new:
        return
    try:
        book.prepare(due, new)
    except Exception as error:
        # nbgrader refuses lessons whose marked cells changed under existing submissions
        raise GradingError(f"the gradebook does not take {', '.join(due) or 'the students'}: "
                           f"{error}") from error
    data = {"lessons": {**known.get("lessons", {}), **keys},
            "students": sorted({*known.get("students", []), *students})}
    write_atomically(state, json.dumps(data, indent=1).encode())


def _job(found: Found, book: CourseGradebook, root: Path, limits: Limits, sandboxed: bool,
         submissions: Path) -> Job:
    """The work on one submission; its original is kept first of all."""
    original = None
    if found.content is not None:
        original = book.keep_original(found.student, found.lesson, found.content, found.timestamp)
    key = grade_job.job_key(found.content, grade_job.lesson_key(root, found.lesson), limits,
                            sandboxed)
    secrets = (submissions.resolve(), Path.home(), book.submitted(".", ".").resolve())
    return Job(found.student, found.lesson, root, original, _result_path(root, found), key,
               tuple(found.problems), sandboxed, limits, secrets)


def _result_path(root: Path, found: Found) -> Path:
    return root / FOLDER / "results" / found.lesson / f"{found.student}.json"


def _run_all(jobs: list[Job], workers: int, progress: Progress | None) -> dict:
    """Run the jobs; returns (student, lesson) -> reason for those that could not be graded."""
    errors: dict[tuple[str, str], str] = {}
    total, done = len(jobs), 0

    def tell(job: Job) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(job.student, job.lesson, done, total)

    if workers <= 1 or total <= 1:
        for job in jobs:
            try:
                grade_job.work(job)
            except Exception as error:  # a fault of ours or of the machine costs one submission
                errors[job.student, job.lesson] = f"{type(error).__name__}: {error}"
            tell(job)
        return errors
    left = list(jobs)
    while left:
        left = _pool(left, min(workers, total), errors, tell)
        if left:
            # A worker died with what it was at. Alone in a pool, the culprit is known.
            culprit = left.pop(0)
            if _pool([culprit], 1, errors, tell):
                grade_job.give_up(culprit, "the grader's own process died while running it")
                tell(culprit)
    return errors


def _pool(jobs: list[Job], workers: int, errors: dict, tell: Callable[[Job], None]) -> list[Job]:
    """Run jobs in worker processes; returns those that a dying worker left undone."""
    undone = []
    # spawn: a copy of this process could carry locks and sockets of other threads with it
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"),
                             initializer=grade_job.end_with, initargs=(os.getpid(),)) as pool:
        futures = {pool.submit(grade_job.work, job): job for job in jobs}
        for future in as_completed(futures):
            job = futures[future]
            try:
                future.result()
            except BrokenProcessPool:
                undone.append(job)
                continue
            except Exception as error:
                errors[job.student, job.lesson] = f"{type(error).__name__}: {error}"
            tell(job)
    return undone


def _record(job: Job, book: CourseGradebook) -> bool:
    """Put one result into the gradebook unless it is there; True if something was written."""
    stamp = job.root / FOLDER / "recorded" / job.lesson / f"{job.student}.json"
    autograded = book.autograded(job.student, job.lesson) / f"{job.lesson}.ipynb"
    if _read_json(stamp).get("key") == job.key and autograded.is_file():
        return False
    import nbformat

    result = grade_job.read_result(job.result, job.key)
    notebook = nbformat.from_dict(result["notebook"])
    timestamp = None
    written = book.submitted(job.student, job.lesson) / "timestamp.txt"
    if written.is_file():
        timestamp = written.read_text(encoding="utf-8").strip()
    book.record(job.student, job.lesson, notebook, job.root / "lessons" / job.lesson, timestamp)
    write_atomically(stamp, json.dumps({"key": job.key}).encode())
    return True


def _read_json(path: Path) -> dict:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
