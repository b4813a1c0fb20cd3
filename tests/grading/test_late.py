"""A late hand-in costs what the course's rule says, by the student's own due date."""

import csv
import subprocess
import sys

import mini_course
import nbformat
import pytest
from grading_tools import QUICK
from traitlets import TraitError
from traitlets.config import Config

from lobsim.course import due_dates
from lobsim.course.grade import grade
from lobsim.course.gradebook import CourseGradebook
from lobsim.course.late import LatePenalty
from lobsim.course.roster import Person, save
from lobsim.course.times import NoMoment, moment, span

LESSON = mini_course.NAME
DUE = "2027-02-01T18:00+01:00"  # 17:00 in universal time
RULE = ("c.LatePenalty.percent_per_day = 10\nc.LatePenalty.grace_minutes = 15\n"
        "c.LatePenalty.maximum_percent = 50\n")
HOUR = 3600


@pytest.mark.parametrize(("seconds", "lost"), [
    (1, None), (15 * 60, None), (15 * 60 + 1, 0.8), (24 * HOUR, 0.8), (24 * HOUR + 1, 1.6),
    (100 * 24 * HOUR, 4.0)])
def test_each_started_day_costs_a_tenth_after_the_grace_up_to_one_half(seconds, lost):
    rule = LatePenalty(percent_per_day=10, grace_minutes=15, maximum_percent=50)
    assert rule.late_submission_penalty("ada", 8.0, seconds) == lost


def test_no_rule_takes_nothing_and_a_wrong_rule_is_told():
    assert LatePenalty().late_submission_penalty("ada", 8.0, 10**6) is None
    for name, value in (("percent_per_day", 101), ("maximum_percent", -1), ("grace_minutes", -1),
                        ("time_zone", "Mars/Base")):
        with pytest.raises(TraitError, match=name):
            LatePenalty(config=Config(LatePenalty={name: value}))


@pytest.mark.parametrize(("text", "hour"), [
    ("2027-02-01T18:00+01:00", 17), ("2027-02-01 18:00 +0100", 17), ("2027-02-01T17:00Z", 17),
    ("2027-02-01 17:00:00.250000 UTC", 17), ("2027-02-01 18:00 Europe/Berlin", 17)])
def test_a_moment_is_read_with_its_zone(text, hour):
    assert (moment(text).day, moment(text).hour) == (1, hour)


@pytest.mark.parametrize("text", ["2027-02-01T18:00", "tomorrow", "", "2027-02-01 18:00 Mars/Base"])
def test_a_moment_without_a_zone_or_sense_is_refused(text):
    with pytest.raises(NoMoment):
        moment(text)


def test_a_length_of_time_in_words():
    assert [span(s) for s in (30, 3600, 5400, 2 * 86400)] == ["30 s", "1 h", "1 h 30 min", "2 days"]


def penalties(report):
    return {row.student: row.late_penalty for row in report.rows}


def test_marks_feedback_and_csv_tell_the_penalty_and_new_dates_count_at_once(
    fresh_course, submit, shut_in, tmp_path
):
    root, hand_ins, book = fresh_course, tmp_path / "hand_ins", CourseGradebook(fresh_course)
    with (root / "nbgrader_config.py").open("a") as file:
        file.write(RULE)
    for student, stamp in (("grace", "2027-02-01T18:10+01:00"), ("late", "2027-02-02 18:00:00 UTC"),
                           ("granted", "2027-02-09 16:00:00 UTC")):
        folder = hand_ins / student / LESSON
        folder.mkdir(parents=True)
        nbformat.write(submit(), folder / f"{LESSON}.ipynb")
        (folder / "timestamp.txt").write_text(stamp)
    save(root, [Person("granted", "Grant", "Ed")])
    due_dates.set_due_date(book, LESSON, moment(DUE))
    # before anything was handed in
    due_dates.set_extension(root, book, "granted", LESSON, moment("2027-02-09T18:00+01:00"))
    report = grade(hand_ins, root, limits=QUICK, jobs=2)
    # 25 hours: the second day has begun; the written answer is not marked yet
    assert penalties(report) == {"grace": 0, "granted": 0, "late": 1.6}
    assert [line.split(" ")[0] for line in report.unmatched] == ["grace", "late"]
    page = (root / "feedback" / "late" / LESSON / f"{LESSON}.html").read_text()
    assert "Handed in 1 day 1 h after your due date: 1.6 points taken off." in page
    for student in ("grace", "granted"):
        other = (root / "feedback" / student / LESSON / f"{LESSON}.html").read_text()
        assert "after your due date" not in other
    rows = {r["student"]: r for r in csv.DictReader((root / "grading" / "marks.csv").open())}
    assert (rows["late"]["late_penalty"], rows["late"]["total"]) == ("1.6", "6.4")

    # marks by hand count too
    with book.open() as gradebook:
        written = gradebook.find_grade("why", LESSON, LESSON, "late")
        written.manual_score, written.needs_manual_grade = 2.0, False
        gradebook.db.commit()
    again = grade(hand_ins, root, limits=QUICK)
    assert again.run == 0 and penalties(again)["late"] == 2.0

    # an extension counts without a new run, and can be taken back
    for until, lost in (("2027-02-03T18:00Z", 0), ("2027-02-02T17:00Z", 1.0), (None, 2.0)):
        due_dates.set_extension(root, book, "late", LESSON, moment(until) if until else None)
        again = grade(hand_ins, root, limits=QUICK)
        assert again.run == 0 and penalties(again)["late"] == lost

    # stock nbgrader works out the same
    stock = [sys.executable, "-m", "nbgrader", "autograde", LESSON, "--student", "late", "--force"]
    done = subprocess.run(stock, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with book.open() as gradebook:
        handed_in = gradebook.find_submission_notebook(LESSON, LESSON, "late")
        assert handed_in.late_submission_penalty == pytest.approx(0.2 * handed_in.score)


def test_a_date_that_cannot_be_is_told_in_one_sentence(fresh_course):
    book = CourseGradebook(fresh_course)
    save(fresh_course, [Person("ada")])
    for student, when, said in (("bob", DUE, "no student 'bob'"), ("ada", DUE, "no due date")):
        with pytest.raises(due_dates.DueDateError, match=said):
            due_dates.set_extension(fresh_course, book, student, LESSON, moment(when))
    due_dates.set_due_date(book, LESSON, moment(DUE))
    with pytest.raises(due_dates.DueDateError, match="must be later"):
        due_dates.set_extension(fresh_course, book, "ada", LESSON, moment("2027-01-01T00:00Z"))
    (fresh_course / "extensions.csv").write_text("student,lesson,due\nada,x,2027-01-01\n")
    with pytest.raises(due_dates.DueDateError, match="row 2: .* no time zone"):
        due_dates.read_extensions(fresh_course)
