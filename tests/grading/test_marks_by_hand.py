"""Marks that a person gave stay with the answer they were given for, whatever is graded again."""

import shutil
from pathlib import Path

import mini_course
import pytest
from nbformat.v4 import new_output

from lobsim.course import gradebook_record
from lobsim.course.gradebook import CourseGradebook

LESSON = mini_course.NAME


def graded(course, answers=mini_course.RIGHT, points=None, student_wrote=True):
    """A graded notebook as the runner leaves it, with these points in its check cells."""
    notebook = mini_course.fill(course / "lessons" / LESSON / f"{LESSON}.ipynb",
                                answers if student_wrote else {})
    earned = {**mini_course.POINTS, **(points or {})}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name.startswith("check_"):
            value = repr(earned[name.removeprefix("check_")])
            cell.outputs = [new_output("execute_result", {"text/plain": value})]
    return notebook


@pytest.fixture(scope="module")
def prepared(course, tmp_path_factory):
    """A course whose gradebook knows the lesson and one student. Tests only copy it."""
    root = Path(shutil.copytree(course, tmp_path_factory.mktemp("prepared") / "course"))
    CourseGradebook(root).prepare({LESSON: "first"}, ["ada"])
    return root


@pytest.fixture
def fresh_course(prepared, tmp_path):
    return Path(shutil.copytree(prepared, tmp_path / "course"))


@pytest.fixture
def book(fresh_course):
    return CourseGradebook(fresh_course)


@pytest.fixture
def record(book, fresh_course):
    """``record(notebook) -> Marks`` of one student; every call is another version."""
    versions = iter(range(100))

    def record(notebook, timestamp=None):
        book.record("ada", LESSON, notebook, fresh_course / "lessons" / LESSON,
                    f"version {next(versions)}", timestamp)
        return book.marks([LESSON])["ada", LESSON]

    return record


def mark(book, grade_id, score, comment=None, extra=None):
    """What formgrader does when a person marks a cell."""
    with book.open() as gradebook:
        grade = gradebook.find_grade(grade_id, LESSON, LESSON, "ada")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = score, extra, False
        if comment:
            name = grade_id.removeprefix("check_")
            gradebook.find_comment(name, LESSON, LESSON, "ada").manual_comment = comment
        gradebook.db.commit()


def comment_on(book, name):
    with book.open() as gradebook:
        return gradebook.find_comment(name, LESSON, LESSON, "ada").manual_comment


def test_a_mark_stays_when_other_answers_change(book, record, fresh_course):
    assert record(graded(fresh_course)).needs_manual
    mark(book, "why", 1.5, "Say who trades.", extra=0.25)
    answers = {**mini_course.RIGHT, "double": "def double(x):\n    return 0"}
    marks = record(graded(fresh_course, answers, {"double": 0.0}))
    assert marks.total == 4 + 1 + 1.5 + 0.25
    assert not marks.needs_manual and not marks.taken_back
    assert comment_on(book, "why") == "Say who trades."


def test_a_mark_is_taken_back_and_told_when_its_answer_changed(book, record, fresh_course):
    record(graded(fresh_course))
    mark(book, "why", 1.5, "Say who trades.")
    marks = record(graded(fresh_course, {**mini_course.RIGHT, "why": "Something else."}))
    assert marks.total == 8.0 and marks.marks["why"].score is None and marks.needs_manual
    assert len(marks.taken_back) == 1
    assert "1.5 of 2 (Say who trades.)" in marks.taken_back[0]
    assert comment_on(book, "why") is None
    # told until somebody marks the new answer
    again = record(graded(fresh_course, {**mini_course.RIGHT, "why": "Something else."}))
    assert again.taken_back == marks.taken_back and again.needs_manual
    mark(book, "why", 2.0)
    assert not book.marks([LESSON])["ada", LESSON].taken_back


def test_a_mark_comes_back_with_its_answer(book, record, fresh_course):
    record(graded(fresh_course))
    mark(book, "why", 1.5, "Say who trades.", extra=0.5)
    record(graded(fresh_course, {**mini_course.RIGHT, "why": "Something else."}))
    marks = record(graded(fresh_course))
    assert marks.total == 10.0 and not marks.needs_manual and not marks.taken_back
    assert comment_on(book, "why") == "Say who trades."


def test_a_mark_stays_when_the_checks_changed_and_asks_where_the_automatic_one_differs(
        book, record, fresh_course):
    record(graded(fresh_course, points={"double": 1.0}))
    mark(book, "why", 1.0)
    mark(book, "check_double", 2.5, "Nearly.")
    same = record(graded(fresh_course, points={"double": 1.0, "spreads": 2.0}))
    assert same.marks["check_double"].score == 2.5 and not same.needs_manual
    marks = record(graded(fresh_course, points={"double": 3.0}))
    assert marks.marks["check_double"].score == 2.5 and marks.marks["check_double"].needs_manual
    assert marks.marks["why"].score == 1.0 and not marks.marks["why"].needs_manual
    assert marks.marks["check_double"].comment == "Nearly."


def test_an_overruled_check_counts_automatically_again_when_its_exercise_changed(
        book, record, fresh_course):
    record(graded(fresh_course, points={"double": 0.0}))
    mark(book, "check_double", 2.5, "Only the name was wrong.")
    answers = {**mini_course.RIGHT, "double": "def double(x):\n    return x"}
    marks = record(graded(fresh_course, answers, {"double": 1.0}))
    assert marks.marks["check_double"].score == 1.0 and marks.marks["check_double"].needs_manual
    assert "double" in marks.taken_back[0] and "2.5 of 3" in marks.taken_back[0]


def test_a_file_that_cannot_be_read_takes_no_mark_back(book, record, fresh_course):
    from lobsim.course import submission

    record(graded(fresh_course))
    mark(book, "why", 1.5)
    released = submission.read_trusted(fresh_course / "lessons" / LESSON / f"{LESSON}.ipynb")
    broken = submission.blank(graded(fresh_course, {}, dict.fromkeys(mini_course.POINTS, 0.0)),
                              "the file is empty")
    assert len(broken.cells) == len(released.cells) + 1
    marks = record(broken)
    assert marks.marks["why"].score == 1.5 and marks.marks["why"].needs_manual
    marks = record(graded(fresh_course))
    assert marks.marks["why"].score == 1.5 and not marks.taken_back


def test_an_answer_left_empty_needs_no_person(record, fresh_course):
    assert not record(graded(fresh_course, student_wrote=False)).needs_manual


def test_a_gradebook_of_stock_nbgrader_keeps_its_marks(book, record, fresh_course):
    record(graded(fresh_course))
    mark(book, "why", 1.5)
    with book.open() as gradebook:  # as if nbgrader had recorded it
        gradebook.db.execute(gradebook_record._RECORDED.delete())
        gradebook.db.commit()
    marks = record(graded(fresh_course, {**mini_course.RIGHT, "larger": "larger = 'bid'"}))
    assert marks.marks["why"].score == 1.5 and not marks.needs_manual
    with book.open() as gradebook:
        gradebook.db.execute(gradebook_record._RECORDED.delete())
        gradebook.db.commit()
    marks = record(graded(fresh_course, {**mini_course.RIGHT, "why": "New."}))
    assert marks.marks["why"].score is None and "1.5 of 2" in marks.taken_back[0]


def test_what_fails_half_way_leaves_the_gradebook_as_it_was(book, record, fresh_course,
                                                            monkeypatch):
    record(graded(fresh_course))
    mark(book, "why", 1.5)
    before = book.marks([LESSON]), book.recorded([LESSON])

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(CourseGradebook, "_write_autograded", full)
    with pytest.raises(OSError, match="disk full"):
        record(graded(fresh_course, {**mini_course.RIGHT, "why": "New."}, {"double": 0.0}))
    assert (book.marks([LESSON]), book.recorded([LESSON])) == before


def test_a_gradebook_whose_making_was_cut_off_is_completed(course, tmp_path):
    from sqlalchemy import text

    fresh_course = Path(shutil.copytree(course, tmp_path / "unprepared"))
    book = CourseGradebook(fresh_course)
    with book.open() as gradebook:
        version = gradebook.db.execute(text("SELECT version_num FROM alembic_version")).scalar()
        gradebook.db.execute(text("DROP TABLE alembic_version"))
        gradebook.db.commit()
    with CourseGradebook(fresh_course).open() as gradebook:
        rows = gradebook.db.execute(text("SELECT version_num FROM alembic_version")).all()
    assert rows == [(version,)]


def test_a_penalty_follows_the_due_date_and_the_marks(book, record, fresh_course):
    with book.open() as gradebook:
        gradebook.update_or_create_assignment(LESSON, duedate="2027-02-01 18:00:00 UTC")
    book.config.AssignLatePenalties.plugin_class = "nbgrader.plugins.LateSubmissionPlugin"
    book.config.LateSubmissionPlugin.penalty_method = "zero"
    late = record(graded(fresh_course), "2027-02-01 18:05:00 UTC")
    assert (late.late_penalty, late.total) == (8.0, 0.0)
    assert book.settle_penalties([LESSON]) == 0
    mark(book, "why", 1.5)
    assert book.settle_penalties([LESSON]) == 1
    assert book.marks([LESSON])["ada", LESSON].total == 0.0
    with book.open() as gradebook:
        gradebook.update_or_create_assignment(LESSON, duedate="2027-02-02 18:00:00 UTC")
    assert book.settle_penalties([LESSON]) == 1
    assert book.marks([LESSON])["ada", LESSON].total == 9.5
