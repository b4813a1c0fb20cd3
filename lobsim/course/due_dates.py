"""Due dates in the gradebook, and extensions of single students in ``extensions.csv``.

nbgrader keeps a due date with each lesson, but an extension only with a submission, that is, not
before the student has handed in. So extensions stand in a file of the course's folder, with the
columns student, lesson and due, and go to the gradebook whenever penalties are worked out.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass
from pathlib import Path

from lobsim.course.roster import load
from lobsim.course.times import NoMoment, moment
from lobsim.course.workspace import write_atomically

FILE = "extensions.csv"
_COLUMNS = ("student", "lesson", "due")


class DueDateError(ValueError):
    """A date cannot be used; the text says in one sentence why."""


@dataclass(frozen=True)
class Extension:
    """A student's own due date of a lesson, in universal time; None takes an extension back."""

    student: str
    lesson: str
    due: dt.datetime | None


def read_extensions(root: Path) -> list[Extension]:
    """The extensions of a course; none where there is no file.

    Raises
    ------
    DueDateError
        A column is missing, or a date is none or has no time zone.
    """
    path = Path(root) / FILE
    if not path.is_file():
        return []
    rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise DueDateError(f"{path} has no column {missing[0]!r}; it needs student, lesson, due")
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            due = moment(row["due"]) if (row["due"] or "").strip() else None
        except NoMoment as error:
            raise DueDateError(f"{path}, row {number}: {error}") from None
        found.append(Extension((row["student"] or "").strip(), (row["lesson"] or "").strip(), due))
    return found


def set_extension(root: Path, book, student: str, lesson: str, when: dt.datetime | None) -> None:
    """Grant a student a later due date, or take it back (None).

    Raises
    ------
    DueDateError
        The lesson has no due date, the extension ends before it, or nobody is called `student`.
    """
    due = due_date(book, lesson)
    with book.open() as gradebook:
        known = {one.id for one in gradebook.students} | {one.id for one in load(root).people}
    if student not in known:
        raise DueDateError(f"there is no student {student!r} in the roster or the gradebook; "
                           "`lobsim roster` shows the class")
    if when is not None and due is None:
        raise DueDateError(f"{lesson} has no due date, so there is nothing to extend; set it with "
                           f"`lobsim due {lesson} 2027-02-01T18:00+01:00`")
    if when is not None and when < due:
        raise DueDateError(f"{when.isoformat()} is before the due date of {lesson}, "
                           f"{due.isoformat()}; an extension must be later")
    kept = [one for one in read_extensions(root) if (one.student, one.lesson) != (student, lesson)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    # a row without a date takes back what the gradebook may already have
    for one in sorted([*kept, Extension(student, lesson, when)],
                      key=lambda one: (one.lesson, one.student)):
        writer.writerow([one.student, one.lesson, one.due.isoformat() if one.due else ""])
    write_atomically(Path(root) / FILE, out.getvalue().encode())


def due_date(book, lesson: str) -> dt.datetime | None:
    """The due date of a lesson in universal time; None where there is none."""
    return due_dates(book).get(lesson)


def due_dates(book) -> dict[str, dt.datetime]:
    """Lesson -> due date in universal time, of the lessons that have one."""
    with book.open() as gradebook:
        return {one.name: one.duedate.replace(tzinfo=dt.timezone.utc)
                for one in gradebook.assignments if one.duedate is not None}


def set_due_date(book, lesson: str, when: dt.datetime | None) -> None:
    """Give a lesson its due date (universal time), or none."""
    with book.open() as gradebook:
        gradebook.update_or_create_assignment(lesson, duedate=when)


def without_time(book, found) -> list[str]:
    """What the instructor should know of hand-ins whose time nobody knows.

    Parameters
    ----------
    book : CourseGradebook
    found : iterable of collect.Found

    Returns
    -------
    list of str
        A sentence for each that its teaching system calls late, and one for the others of each
        lesson that has a due date. A ``timestamp.txt`` in ``submitted/`` counts as known.
    """
    due, told, silent = due_dates(book), [], {}
    for item in found:
        stamp = book.submitted(item.student, item.lesson) / "timestamp.txt"
        if item.timestamp is not None or stamp.is_file():
            continue
        if item.name is not None and item.name.late:
            told.append(f"{item.student}, {item.lesson}: Canvas calls it late but tells no time, "
                        f"so nothing was taken off; write the time into {stamp}, for example "
                        "2027-02-02T09:30+01:00, and grade again")
        elif item.lesson in due:
            silent.setdefault(item.lesson, []).append(item.student)
    told += [f"{lesson}: nobody knows when {', '.join(students[:5])}"
             f"{' and others' if len(students) > 5 else ''} handed in, so they count as in time"
             for lesson, students in sorted(silent.items())]
    return told


def apply_extensions(gradebook, root: Path, lessons: list[str]) -> None:
    """Write the extensions to the submissions that are there.

    Parameters
    ----------
    gradebook : nbgrader.api.Gradebook
        Open; the caller commits.
    root : Path
        The course.
    lessons : list of str
    """
    from nbgrader.api import MissingEntry

    for one in read_extensions(root):
        if one.lesson not in lessons:
            continue
        try:
            handed_in = gradebook.find_submission(one.lesson, one.student)
        except MissingEntry:
            continue
        due = handed_in.assignment.duedate
        wanted = None
        if one.due is not None and due is not None:
            wanted = max(one.due.replace(tzinfo=None) - due, dt.timedelta())
        if handed_in.extension != wanted:
            handed_in.extension = wanted
            gradebook.db.commit()
