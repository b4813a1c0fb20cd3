"""The one writer of nbgrader's gradebook and of ``submitted/`` and ``autograded/``.

It stores what `lobsim.course.runner` found out in the places where stock nbgrader would have put
it, so that formgrader, ``nbgrader generate_feedback`` and ``nbgrader export`` go on from there.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobsim.course.nbgrader_env import tools_on_path
from lobsim.course.quick_jupyter import quick_jupyter
from lobsim.course.sandbox import lesson_files
from lobsim.course.workspace import write_atomically

_CONFIG = "nbgrader_config.py"


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
    """All marks of one submission."""

    student: str
    lesson: str
    total: float
    points: float
    needs_manual: bool
    late_penalty: float
    marks: dict[str, Mark] = field(default_factory=dict)


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
        # nbgrader tells every cell it saves; what matters is in our own report.
        logging.getLogger("traitlets").addHandler(logging.NullHandler())

    def open(self) -> Any:
        """A connection, to be used as a context manager. Makes the database if it is missing."""
        from nbgrader.api import Gradebook

        # nbgrader adds rows in an order that SQLAlchemy remarks on, to no effect.
        warnings.filterwarnings("ignore", message=".*not in session, add operation along.*")
        with tools_on_path():
            return Gradebook(self.db_url, self.directory.course_id)

    def knows(self, lesson: str) -> bool:
        """Whether the lesson's marked cells are in the gradebook."""
        from nbgrader.api import MissingEntry

        with self.open() as book:
            try:
                return bool(book.find_notebook(lesson, lesson).grade_cells)
            except MissingEntry:
                return False

    def prepare(self, lessons: list[str], students: list[str]) -> None:
        """Create lessons and students once, before anything is recorded."""
        from lobsim.course.release import register

        for lesson in lessons:
            with tools_on_path():
                register(self.root, lesson, self.db_url)
        with self.open() as book:
            for student in students:
                book.update_or_create_student(student)

    # ------------------------------------------------------------------ files

    def _folder(self, side: str, student: str, lesson: str) -> Path:
        return Path(self.directory.format_path(side, student, lesson))

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
        path = folder / f"{lesson}.ipynb"
        if not path.is_file() or path.read_bytes() != content:
            write_atomically(path, content)
        if timestamp is not None:
            write_atomically(folder / "timestamp.txt", (timestamp + "\n").encode())
        return path

    def _write_autograded(self, student: str, lesson: str, notebook: Any, files: Path) -> None:
        """The graded notebook with the lesson's own files beside it, as nbgrader leaves them."""
        import nbformat

        folder = self.autograded(student, lesson)
        folder.mkdir(parents=True, exist_ok=True)
        for file, relative in lesson_files(files):
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copyfile(file, target)
        text = nbformat.writes(notebook, version=4)
        path = folder / f"{lesson}.ipynb"
        write_atomically(path, (text + "\n").encode())
        os.chmod(path, 0o444)

    # ------------------------------------------------------------------ marks

    def record(self, student: str, lesson: str, notebook: Any, files: Path,
               timestamp: str | None = None) -> None:
        """Record one graded notebook: marks, comments, late penalty, the file itself.

        Marks that a person gave before stay; they ask for another look only where the answer (or
        the automatic mark) is not the same any more.
        """
        from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades

        before = self._earlier(student, lesson)
        with self.open() as book:
            book.update_or_create_submission(lesson, student, timestamp=_moment(timestamp))
        resources = {"nbgrader": {"assignment": lesson, "notebook": lesson, "student": student,
                                  "db_url": self.db_url}}
        SaveAutoGrades(config=self.config).preprocess(notebook, resources)
        self._settle(student, lesson, notebook, before)
        AssignLatePenalties(config=self.config).preprocess(notebook, resources)
        self._write_autograded(student, lesson, notebook, files)

    def _earlier(self, student: str, lesson: str) -> dict[str, tuple[str, float | None, bool]]:
        """Of the last grading: grade_id -> (answer, automatic mark, asked for a person)."""
        from nbgrader.api import MissingEntry

        path = self.autograded(student, lesson) / f"{lesson}.ipynb"
        if not path.is_file():
            return {}
        sources = _answers(_read(path))
        with self.open() as book:
            try:
                grades = book.find_submission_notebook(lesson, lesson, student).grades
            except MissingEntry:
                return {}
            return {grade.name: (sources.get(grade.name, ""), grade.auto_score,
                                 grade.needs_manual_grade) for grade in grades}

    def _settle(self, student: str, lesson: str, notebook: Any, before: dict) -> None:
        answers = _answers(notebook)
        with self.open() as book:
            for grade in book.find_submission_notebook(lesson, lesson, student).grades:
                if grade.manual_score is None or grade.name not in before:
                    continue
                same = before[grade.name][:2] == (answers.get(grade.name, ""), grade.auto_score)
                if same:
                    grade.needs_manual_grade = before[grade.name][2]
            book.db.commit()

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
                for submission in submissions:
                    for notebook in submission.notebooks:
                        found[submission.student.id, lesson] = _marks(
                            submission.student.id, lesson, notebook)
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


def _answers(notebook: Any) -> dict[str, str]:
    """Text of each marked cell; of a check the text of its exercise."""
    sources = {cell.metadata.nbgrader.grade_id: cell.source for cell in notebook.cells
               if cell.metadata.get("nbgrader", {}).get("grade_id")}
    return {name: sources.get(name.removeprefix("check_"), source)
            for name, source in sources.items()}


def _read(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def _moment(timestamp: str | None) -> dt.datetime | None:
    """nbgrader's ``timestamp.txt`` as a moment in universal time; None where it is not one."""
    if timestamp is None:
        return None
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(timestamp)
    except (ValueError, OverflowError, TypeError):
        return None
