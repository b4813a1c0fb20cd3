"""The one writer of nbgrader's gradebook and of ``submitted/`` and ``autograded/``.

It stores what `lobsim.course.runner` found out in the places where stock nbgrader would have put
it, so that formgrader, ``nbgrader generate_feedback`` and ``nbgrader export`` go on from there.
"""

from __future__ import annotations

import datetime as dt
import filecmp
import logging
import os
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobsim.course import due_dates, gradebook_record, times
from lobsim.course.nbgrader_env import quick_alembic, tools_on_path
from lobsim.course.quick_jupyter import quick_jupyter
from lobsim.course.sandbox import lesson_files
from lobsim.course.workspace import write_atomically

_CONFIG = "nbgrader_config.py"
SCRATCH = "grading/scratch"  # below the course


class GradebookError(RuntimeError):
    """The gradebook cannot be opened; the text says in one sentence why and what helps."""


@dataclass
class Mark:
    """One marked cell of one submission, as the gradebook has it.

    ``score`` is None while a person has still to mark it and no mark was given before.
    """

    grade_id: str
    score: float | None
    points: float
    needs_manual: bool
    manual: bool
    comment: str = ""


@dataclass
class Marks:
    """All marks of one submission.

    ``taken_back`` has one sentence for each mark by hand that no longer counts, because the answer
    it was given for has changed and no new mark was given yet.
    """

    student: str
    lesson: str
    total: float
    points: float
    needs_manual: bool
    late_penalty: float
    marks: dict[str, Mark] = field(default_factory=dict)
    taken_back: list[str] = field(default_factory=list)
    seconds_late: float = 0.0


class CourseGradebook:
    """The gradebook of one course folder, configured by its ``nbgrader_config.py`` if there is one.

    Parameters
    ----------
    root : path
        The course folder; ``gradebook.db``, ``submitted/`` and ``autograded/`` are made in it
        unless the configuration says otherwise.
    """

    def __init__(self, root: Path):
        quick_jupyter()
        from nbgrader.coursedir import CourseDirectory
        from traitlets.config import Config
        from traitlets.config.loader import PyFileConfigLoader

        self.root = Path(root).resolve()
        config = Config()
        if (self.root / _CONFIG).is_file():
            config = PyFileConfigLoader(_CONFIG, path=str(self.root)).load_config()
        config.CourseDirectory.root = str(self.root)
        self.config = config
        self.directory = CourseDirectory(config=config)
        self.db_url = self.directory.db_url
        self._complete = False
        # nbgrader tells every cell it saves; what matters is in our own report.
        logging.getLogger("traitlets").addHandler(logging.NullHandler())

    def open(self) -> Any:
        """A connection, to be used as a context manager. Makes the database if it is missing.

        Raises
        ------
        GradebookError
            The database cannot be reached, or the package that speaks to it is not installed.
        """
        from nbgrader.api import Gradebook
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

        # nbgrader adds rows in an order that SQLAlchemy remarks on, to no effect.
        warnings.filterwarnings("ignore", message=".*not in session, add operation along.*")
        quick_alembic()
        try:
            with tools_on_path():
                book = Gradebook(self.db_url, self.directory.course_id)
                if not self._complete:
                    gradebook_record.complete(book)
                    self._complete = True
        except (ImportError, NoSuchModuleError) as error:
            raise GradebookError(
                f"the gradebook {self.shown_url} needs a database driver that is not installed "
                f'({error}); for PostgreSQL: pip install "lobsim[postgres]"'
            ) from error
        except ArgumentError as error:
            raise GradebookError(f"{_CONFIG}: db_url is no address of a database; it should look "
                                 "like sqlite:////folder/gradebook.db or postgresql+psycopg://"
                                 "user@host/name") from error
        except OperationalError as error:
            said = " ".join(str(error.orig).split())
            raise GradebookError(
                f"the gradebook {self.shown_url} cannot be opened: {said}") from error
        return book

    @property
    def shown_url(self) -> str:
        """The database's address without its password."""
        from sqlalchemy import make_url

        return make_url(self.db_url).render_as_string(hide_password=True)

    def prepare(self, versions: dict[str, str], students: list[str]) -> None:
        """Lessons that are new or changed, and new students, before anything is recorded.

        Parameters
        ----------
        versions : dict
            Lesson -> name of its present version.
        students : list of str
        """
        from lobsim.course.release import make

        with self.open() as book:
            known = gradebook_record.lesson_versions(book)
            there = {student.id for student in book.students}
            for student in sorted(set(students) - there):
                book.add_student(student)
        for lesson, version in versions.items():
            if known.get(lesson) == version:
                continue
            with self.open() as book:
                book.update_or_create_assignment(lesson)
            with tempfile.TemporaryDirectory(dir=self._scratch()) as scratch, tools_on_path():
                make(self.root, lesson, Path(scratch), self.db_url)
            with self.open() as book:
                gradebook_record.note_lesson(book, lesson, version)

    def _scratch(self) -> Path:
        """A folder that belongs to one grading at a time; a killed one leaves things in it."""
        folder = self.root / SCRATCH
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    # ------------------------------------------------------------------ files

    def _folder(self, side: str, student: str, lesson: str) -> Path:
        return Path(self.directory.format_path(side, student, lesson))

    def own_folders(self) -> list[Path]:
        """The folders of all submissions, of graded notebooks and of feedback pages."""
        names = (self.directory.submitted_directory, self.directory.autograded_directory,
                 self.directory.feedback_directory)
        return [self.root / name for name in names]

    def submitted(self, student: str, lesson: str) -> Path:
        """Folder of the file as it was handed in."""
        return self._folder(self.directory.submitted_directory, student, lesson)

    def autograded(self, student: str, lesson: str) -> Path:
        """Folder of the graded notebook."""
        return self._folder(self.directory.autograded_directory, student, lesson)

    def feedback(self, student: str, lesson: str) -> Path:
        """Folder of the feedback page."""
        return self._folder(self.directory.feedback_directory, student, lesson)

    def keep_original(self, student: str, lesson: str, content: bytes,
                      timestamp: str | None) -> Path:
        """Put the submission, byte for byte, into ``submitted/``."""
        folder = self.submitted(student, lesson)
        folder.mkdir(parents=True, exist_ok=True)
        path, stamp = folder / f"{lesson}.ipynb", folder / "timestamp.txt"
        if not path.is_file() or path.read_bytes() != content:
            stamp.unlink(missing_ok=True)  # the moment belonged to the file before
            write_atomically(path, content)
        if timestamp is not None:
            text = (timestamp + "\n").encode()
            if not stamp.is_file() or stamp.read_bytes().strip() != text.strip():
                write_atomically(stamp, text)
        return path

    def _write_autograded(self, student: str, lesson: str, notebook: Any, files: Path) -> None:
        """The graded notebook with the lesson's own files beside it, as nbgrader leaves them."""
        import nbformat

        folder = self.autograded(student, lesson)
        folder.mkdir(parents=True, exist_ok=True)
        for file, relative in lesson_files(files):
            target = folder / relative
            # A copy that was cut off, or one of an earlier release, is made again.
            if not target.is_file() or not filecmp.cmp(file, target, shallow=False):
                write_atomically(target, file.read_bytes())
        text = nbformat.writes(notebook, version=4)
        path = folder / f"{lesson}.ipynb"
        write_atomically(path, (text + "\n").encode())
        os.chmod(path, 0o444)

    # ------------------------------------------------------------------ marks

    def recorded(self, lessons: list[str]) -> dict[tuple[str, str], str]:
        """(student, lesson) -> the version of the submission whose marks are in the gradebook."""
        with self.open() as book:
            return gradebook_record.recorded_versions(book, lessons)

    def record(self, student: str, lesson: str, notebook: Any, files: Path, version: str,
               timestamp: str | None = None) -> None:
        """Record one graded notebook: marks, comments, late penalty, the file itself.

        Marks and comments that a person gave stay with the answer they were given for: an answer
        that changed has to be marked again, and gets its mark back if it changes back. Where the
        answer is the same and the automatic mark is not, the mark stays and the gradebook asks
        for another look.
        """
        path = self.autograded(student, lesson) / f"{lesson}.ipynb"
        with self.open() as book:
            gradebook_record.adopt(book, student, lesson,
                                   _read(path) if path.is_file() else None)
            gradebook_record.record(
                book, student, lesson, notebook, version=version, timestamp=_moment(timestamp),
                config=self.config,
                write_files=lambda: self._write_autograded(student, lesson, notebook, files))

    def settle_penalties(self, lessons: list[str]) -> int:
        """Late penalties by today's due dates, extensions and marks; returns how many changed."""
        with self.open() as book:
            due_dates.apply_extensions(book, self.root, lessons)
            return gradebook_record.settle_penalties(book, self.config, lessons)

    @property
    def time_zone(self) -> str:
        """Zone of times in file names that name none (``c.LatePenalty.time_zone``)."""
        from lobsim.course.late import LatePenalty

        return LatePenalty(config=self.config).time_zone

    def marks(self, lessons: list[str]) -> dict[tuple[str, str], Marks]:
        """Everything the gradebook knows about these lessons, by (student, lesson)."""
        from nbgrader.api import MissingEntry

        found: dict[tuple[str, str], Marks] = {}
        with self.open() as book:
            for lesson in lessons:
                try:
                    submissions = book.assignment_submissions(lesson)
                except MissingEntry:
                    continue
                back = gradebook_record.taken_back(book, lesson)
                for submission in submissions:
                    for notebook in submission.notebooks:
                        student = submission.student.id
                        marks = _marks(student, lesson, notebook)
                        marks.taken_back = _told(notebook.grades, back.get(student, {}))
                        marks.seconds_late = float(submission.total_seconds_late)
                        found[student, lesson] = marks
        return found


def _marks(student: str, lesson: str, notebook: Any) -> Marks:
    # the automatic comment ("No response.") says nothing that the check panel does not
    comments = {c.name: c.manual_comment or "" for c in notebook.comments}
    marks = {}
    for grade in notebook.grades:
        open_ = grade.manual_score is None and grade.auto_score is None
        manual = grade.cell.cell_type == "markdown" or grade.auto_score is None
        marks[grade.name] = Mark(grade.name, None if open_ else float(grade.score),
                                 float(grade.max_score), bool(grade.needs_manual_grade), manual,
                                 comments.get(grade.name, ""))
    for name, comment in comments.items():
        check = marks.get(f"check_{name}")
        if check is not None and comment:
            check.comment = comment
    penalty = float(notebook.late_submission_penalty or 0.0)
    return Marks(student, lesson, round(float(notebook.score) - penalty, 6),
                 float(notebook.max_score), any(m.needs_manual for m in marks.values()), penalty,
                 marks)


def _told(grades: Any, back: dict[str, dict]) -> list[str]:
    """One sentence for each mark that was taken back and not given anew."""
    told = []
    for grade in grades:
        former = back.get(grade.name)
        if former is None or grade.manual_score is not None:
            continue
        mark = former["score"] if former["score"] is not None else former["extra_credit"]
        what = "the comment" if mark is None else f"{mark:g} of {grade.max_score:g}"
        said = f" ({former['comment']})" if former["comment"] else ""
        told.append(f"{grade.name.removeprefix('check_')}: the answer changed; {what}{said}, given "
                    "by hand for the earlier one, no longer counts")
    return sorted(told)


def _read(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def _moment(timestamp: str | None) -> dt.datetime | None:
    """nbgrader's ``timestamp.txt`` as a moment in universal time; None where it is not one."""
    if timestamp is None:
        return None
    try:
        return times.moment(timestamp, "UTC").replace(tzinfo=None)  # as nbgrader keeps it
    except (times.NoMoment, OverflowError):
        return None
