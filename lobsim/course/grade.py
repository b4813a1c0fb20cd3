"""Grades a folder of submissions: collect, run in parallel, record, write feedback and marks.

Two phases. Runs happen in worker processes, here or on a cluster, each in its own sandbox, and
leave result files. Then one writer puts the results into nbgrader's gradebook. Every step can be
cut off and is taken up again by the next call; what has a result for the same submission and
lesson is not run again.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lobsim.course import (
    due_dates,
    feedback,
    grade_job,
    hand_ins,
    left_behind,
    local_pool,
    roster,
    submission,
    warmth,
)
from lobsim.course.collect import Found, collect
from lobsim.course.grade_job import Job
from lobsim.course.gradebook import SCRATCH, CourseGradebook
from lobsim.course.limits import Limits
from lobsim.course.report import GradeReport, build_report, write_report

FOLDER = "grading"  # below the course: results, records, marks.csv, report.json


class GradingError(RuntimeError):
    """Grading cannot begin; the text says in one sentence why and what helps."""


Progress = Callable[[str, str, int, int], None]  # student, lesson, done, of


def grade(submissions: Path | str, course_root: Path | str | None = None, *,
          lessons: list[str] | None = None, jobs: int | None = None,
          trust_submissions: bool = False, limits: Limits | None = None,
          progress: Progress | None = None, ray: str | None = None,
          every_cell: bool = False) -> GradeReport:
    """Grade every submission in a folder.

    Parameters
    ----------
    submissions : path
        Folder or ZIP of submissions, laid out in any of the ways that `collect` knows.
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
    ray : str, optional
        Run on this Ray cluster instead of here: ``"auto"``, ``"host:port"``,
        ``"ray://host:port"``, or ``"local"`` for one that is started here; see `ray_pool`.
    every_cell : bool
        Run also the lesson's own cells that no mark depends on; else pages show what was handed in
        with them. A submission graded the other way before is run again.

    Returns
    -------
    GradeReport

    Raises
    ------
    GradingError
        There is no sandbox and the submissions are not trusted, or a lesson is not released, or
        another run is at work on this course.
    ray_pool.ClusterError
        The cluster cannot be reached, or no node of it can grade.
    gradebook.GradebookError
        The gradebook's database cannot be opened.
    NotADirectoryError
        `submissions` is not a folder.
    """
    from lobsim.course.catalogue import course_root as default_root

    started = time.monotonic()
    root = Path(course_root).resolve() if course_root is not None else default_root()
    limits = limits or Limits()
    if ray is None:
        _demand_sandbox(trust_submissions)
    known = _lessons(root, lessons)
    book = CourseGradebook(root)
    collection = collect(Path(submissions), known, roster.load(root), book.time_zone)
    used = sorted({found.lesson for found in collection.found})
    with _only_one(root / FOLDER):
        left_behind.clear([root / FOLDER, *book.own_folders()], root / SCRATCH)
        _prepare(book, root, used, [found.student for found in collection.found])
        hand_ins.note(root, collection.found)
        todo = [_job(found, book, root, limits, not trust_submissions, Path(submissions),
                     every_cell)
                for found in collection.found]
        fresh = [job for job in todo if grade_job.read_result(job.result, job.key) is None]
        errors = _run_all(fresh, jobs, progress, ray)
        done = [job for job in todo if (job.student, job.lesson) not in errors]
        recorded = _record_all(done, book, used)
        book.settle_penalties(used)
        marks = book.marks(used)
        pages = feedback.write_pages(book, done, marks, root)
        report = build_report(done, marks, collection.unknown, errors, root,
                              run=len(fresh) - len(errors), recorded=recorded, pages=pages,
                              sandboxed=not trust_submissions)
        report.unmatched = collection.unmatched
        report.notes = collection.notes + due_dates.without_time(book, collection.found)
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


def _prepare(book: CourseGradebook, root: Path, lessons: list[str], students: list[str]) -> None:
    """Lessons that are new or changed, and new students, into the gradebook."""
    from lobsim.course.gradebook import GradebookError

    versions = {lesson: grade_job.lesson_key(root, lesson) for lesson in lessons}
    try:
        book.prepare(versions, students)
    except GradebookError:
        raise
    except Exception as error:
        # nbgrader refuses lessons whose marked cells changed under existing submissions
        raise GradingError(f"the gradebook does not take {', '.join(lessons)}: {error}") from error


def _job(found: Found, book: CourseGradebook, root: Path, limits: Limits, sandboxed: bool,
         submissions: Path, every_cell: bool) -> Job:
    """The work on one submission; its original is kept first of all."""
    original = None
    if found.content is not None:
        original = book.keep_original(found.student, found.lesson, found.content, found.timestamp)
    key = grade_job.job_key(found.content, grade_job.lesson_key(root, found.lesson), limits,
                            sandboxed, every_cell)
    secrets = (submissions.resolve(), Path.home(), book.submitted(".", ".").resolve())
    return Job(found.student, found.lesson, root, original, _result_path(root, found), key,
               tuple(found.problems), sandboxed, limits, secrets, every_cell)


def _result_path(root: Path, found: Found) -> Path:
    return root / FOLDER / "results" / found.lesson / f"{found.student}.json"


def _run_all(jobs: list[Job], at_once: int | None, progress: Progress | None,
             ray: str | None) -> local_pool.Errors:
    """Run the jobs; returns (student, lesson) -> reason for those that could not be graded."""
    done = 0

    def tell(job: Job) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(job.student, job.lesson, done, len(jobs))

    if not jobs:
        return {}
    if ray is not None:
        from lobsim.course import ray_pool

        return ray_pool.run(jobs, ray, at_once, tell)
    if any(job.sandboxed for job in jobs):
        warmth.warm_folder()  # here and once, so that the compiling is told and not hidden
    return local_pool.run(jobs, at_once or os.cpu_count() or 1, tell)


def _record_all(jobs: list[Job], book: CourseGradebook, lessons: list[str]) -> int:
    """Put results into the gradebook unless they are there; returns how many were written."""
    import nbformat

    known = book.recorded(lessons)
    written = 0
    for job in jobs:
        stamp = book.submitted(job.student, job.lesson) / "timestamp.txt"
        timestamp = stamp.read_text(encoding="utf-8").strip() if stamp.is_file() else None
        version = f"{job.key} {timestamp or ''}"
        graded = book.autograded(job.student, job.lesson) / f"{job.lesson}.ipynb"
        if known.get((job.student, job.lesson)) == version and graded.is_file():
            continue
        result = grade_job.read_result(job.result, job.key)
        book.record(job.student, job.lesson, nbformat.from_dict(result["notebook"]),
                    job.root / "lessons" / job.lesson, version, timestamp)
        written += 1
    return written
