"""Puts one graded notebook into the gradebook in one transaction, and keeps marks given by hand.

Beside nbgrader's tables stand two small ones: which version of which lesson is in the gradebook,
and which version of which submission, with a fingerprint of every answer. They change in the same
transaction as the marks, so that a run that was cut off finds either both or neither.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Column, MetaData, String, Table, Text, delete, inspect, select, text

from lobsim.course import submission
from lobsim.course.quick_jupyter import quick_jupyter

_TABLES = MetaData()
_LESSON = Table("lobsim_lesson", _TABLES, Column("lesson", String(128), primary_key=True),
                Column("version", String(200), nullable=False))
_RECORDED = Table("lobsim_recorded", _TABLES, Column("student", String(128), primary_key=True),
                  Column("lesson", String(128), primary_key=True),
                  Column("version", String(300), nullable=False),
                  Column("answers", Text, nullable=False),  # JSON: grade_id -> fingerprint
                  Column("taken_back", Text, nullable=False))  # JSON, see `taken_back`


def complete(book: Any) -> None:
    """Make the tables that are not there yet.

    nbgrader creates its own and only then notes which version of them it made; a gradebook whose
    creation was cut off between the two is given the note, or nbgrader could never upgrade it.
    """
    from nbgrader.api import Assignment, get_alembic_version

    _TABLES.create_all(book.engine)
    noted = inspect(book.engine).has_table("alembic_version") and book.db.execute(
        text("SELECT count(*) FROM alembic_version")).scalar()
    if not noted and not book.db.query(Assignment).count():
        version = get_alembic_version()
        book.db.execute(text("CREATE TABLE IF NOT EXISTS alembic_version "
                             "(version_num VARCHAR(32) NOT NULL)"))
        book.db.execute(text("INSERT INTO alembic_version (version_num) VALUES (:version)"),
                        {"version": version})
    book.db.commit()


@contextlib.contextmanager
def one_transaction(book: Any) -> Iterator[None]:
    """All that is written inside is committed at the end, or nothing of it.

    nbgrader's methods commit as they go; in here they only flush. Whoever else writes marks at
    the same moment (a person in formgrader) waits, so that nothing is decided on a mark that is
    just being changed.
    """
    session = book.db
    commit = session.commit
    commit()  # ends the transaction that looking something up has begun
    dialect = book.engine.dialect.name
    if dialect == "sqlite":
        session.execute(text("BEGIN IMMEDIATE"))
    elif dialect == "postgresql":
        session.execute(text("LOCK TABLE grade, comment IN SHARE ROW EXCLUSIVE MODE"))
    session.commit = session.flush
    try:
        yield
        del session.commit
        commit()
    except BaseException:
        session.__dict__.pop("commit", None)
        session.rollback()
        raise


# -------------------------------------------------------------------- versions

def lesson_versions(book: Any) -> dict[str, str]:
    """Lesson -> the version of it whose marked cells are in the gradebook."""
    return dict(book.db.execute(select(_LESSON.c.lesson, _LESSON.c.version)).all())


def note_lesson(book: Any, lesson: str, version: str) -> None:
    """Note, and commit, that this version of a lesson is in the gradebook."""
    _put(book, _LESSON, {"lesson": lesson}, {"version": version})
    book.db.commit()


def recorded_versions(book: Any, lessons: list[str]) -> dict[tuple[str, str], str]:
    """(student, lesson) -> the version of the submission that is recorded."""
    rows = book.db.execute(select(_RECORDED.c.student, _RECORDED.c.lesson, _RECORDED.c.version)
                           .where(_RECORDED.c.lesson.in_(lessons))).all()
    return {(student, lesson): version for student, lesson, version in rows}


def taken_back(book: Any, lesson: str) -> dict[str, dict[str, dict]]:
    """Marks by hand that were taken back because the answer changed.

    Returns
    -------
    dict
        student -> grade_id -> ``{"score", "extra_credit", "comment", "needs", "answer"}``, with
        the fingerprint of the answer that had been marked.
    """
    rows = book.db.execute(select(_RECORDED.c.student, _RECORDED.c.taken_back)
                           .where(_RECORDED.c.lesson == lesson)).all()
    return {student: json.loads(data) for student, data in rows}


def _put(book: Any, table: Table, key: dict, values: dict) -> None:
    match = [table.c[name] == value for name, value in key.items()]
    book.db.execute(delete(table).where(*match))
    book.db.execute(table.insert().values(**key, **values))


# -------------------------------------------------------------------- one submission

def adopt(book: Any, student: str, lesson: str, notebook: Any) -> None:
    """Note the answers of a submission that was graded without these tables (by nbgrader)."""
    row = book.db.execute(select(_RECORDED.c.version).where(
        _RECORDED.c.student == student, _RECORDED.c.lesson == lesson)).first()
    if row is None and notebook is not None:
        _put(book, _RECORDED, {"student": student, "lesson": lesson},
             {"version": "", "answers": json.dumps(answers(notebook)), "taken_back": "{}"})
        book.db.commit()


def record(book: Any, student: str, lesson: str, notebook: Any, *, version: str,
           timestamp: dt.datetime | None, config: Any,
           write_files: Callable[[], None]) -> None:
    """Record one graded notebook.

    Parameters
    ----------
    book : nbgrader.api.Gradebook
    student, lesson : str
    notebook : NotebookNode
        With the outputs of its check cells, from which nbgrader reads the automatic marks.
    version : str
        Names this submission, this lesson, and how they were run.
    timestamp : datetime, optional
        When it was handed in, in universal time without zone.
    config : traitlets.config.Config
        The course's, for the late penalty.
    write_files : callable
        Writes what belongs to the record outside of the gradebook; called before the commit.
    """
    with one_transaction(book):
        book.update_or_create_submission(lesson, student, timestamp=timestamp)
        known = book.find_submission_notebook(lesson, lesson, student)
        before = {grade.name: (grade.auto_score, grade.needs_manual_grade)
                  for grade in known.grades}
        row = book.db.execute(select(_RECORDED.c.answers, _RECORDED.c.taken_back).where(
            _RECORDED.c.student == student, _RECORDED.c.lesson == lesson)).first()
        old = json.loads(row[0]) if row else {}
        back = json.loads(row[1]) if row else {}
        _automatic_marks(book, student, lesson, notebook)
        # A file that could not be read answers nothing, and takes back nothing either.
        readable = notebook.cells[0].get("id") != submission.NOTE_ID
        new = answers(notebook) if readable or not old else old
        comments = {comment.name: comment for comment in known.comments}
        for grade in known.grades:
            comment = comments.get(grade.name) or comments.get(grade.name.removeprefix("check_"))
            _settle(grade, comment, before[grade.name], old.get(grade.name), new.get(grade.name),
                    back)
            if not readable and grade.manual_score is not None:
                grade.needs_manual_grade = True
        _penalise(book, config, book.find_submission(lesson, student))
        _put(book, _RECORDED, {"student": student, "lesson": lesson},
             {"version": version, "answers": json.dumps(new), "taken_back": json.dumps(back)})
        write_files()


def _automatic_marks(book: Any, student: str, lesson: str, notebook: Any) -> None:
    """What nbgrader's own step saves, through a gradebook that is open already."""
    from nbgrader.preprocessors import SaveAutoGrades

    step = SaveAutoGrades()
    step.notebook_id = step.assignment_id = lesson
    step.student_id, step.gradebook = student, book
    for index, cell in enumerate(notebook.cells):
        step.preprocess_cell(cell, {}, index)


def _settle(grade: Any, comment: Any, before: tuple, old: str | None, new: str | None,
            back: dict) -> None:
    """Decide about a mark by hand; `old` and `new` are fingerprints of the answer.

    nbgrader has asked for a person wherever there is a mark by hand or no automatic one.
    """
    auto_before, asked_before = before
    former = back.get(grade.name)
    if grade.manual_score is None and former and former["answer"] == new:
        # the answer that had been marked has come back, and with it its mark
        del back[grade.name]
        grade.manual_score, grade.extra_credit = former["score"], former["extra_credit"]
        grade.needs_manual_grade = former["needs"]
        if comment is not None and not comment.manual_comment:
            comment.manual_comment = former["comment"]
        return
    if old is None:
        return
    given = grade.manual_score is not None
    if old == new:
        if given:
            grade.needs_manual_grade = asked_before or grade.auto_score != auto_before
        else:
            grade.needs_manual_grade |= asked_before
        return
    remark = comment.manual_comment if comment is not None else None
    if given or grade.extra_credit or remark:
        back[grade.name] = {"score": grade.manual_score, "extra_credit": grade.extra_credit,
                            "comment": remark, "needs": asked_before, "answer": old}
        grade.needs_manual_grade |= given or bool(grade.extra_credit)
        grade.manual_score = grade.extra_credit = None
        if remark:
            comment.manual_comment = None


def answers(notebook: Any) -> dict[str, str]:
    """Fingerprint of the answer to each marked cell; a check's answer is its exercise's text."""
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells
             if cell.metadata.get("nbgrader", {}).get("grade_id")}
    found = {}
    for name, cell in cells.items():
        answer = cells.get(name.removeprefix("check_"), cell)
        content = [answer.source, answer.get("attachments") or {}]
        found[name] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return found


# -------------------------------------------------------------------- late penalty

def settle_penalties(book: Any, config: Any, lessons: list[str]) -> int:
    """Late penalties by today's due dates, extensions and marks; returns how many were changed."""
    from nbgrader.api import MissingEntry

    changed = 0
    for lesson in lessons:
        try:
            submissions = book.assignment_submissions(lesson)
        except MissingEntry:
            continue
        changed += sum(_penalise(book, config, handed_in) for handed_in in submissions)
    if changed:
        book.db.commit()
    return changed


def _penalise(book: Any, config: Any, handed_in: Any) -> bool:
    """The penalty as nbgrader's own step works it out; True if it is another one than before."""
    quick_jupyter()
    from nbgrader.preprocessors import AssignLatePenalties

    changed = False
    if handed_in.total_seconds_late <= 0 and not any(
            notebook.late_submission_penalty for notebook in handed_in.notebooks):
        return False
    book.db.flush()
    book.db.expire_all()  # scores are sums that the database works out
    step = AssignLatePenalties(config=config)
    step.init_plugin()
    for notebook in handed_in.notebooks:
        penalty = None
        if handed_in.total_seconds_late > 0:
            penalty = step.plugin_inst.late_submission_penalty(
                handed_in.student.id, notebook.score, handed_in.total_seconds_late)
            penalty = None if penalty is None else step._check_late_penalty(notebook, penalty)
        if penalty != notebook.late_submission_penalty:
            notebook.late_submission_penalty = penalty
            changed = True
    return changed
