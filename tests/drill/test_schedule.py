"""Spaced repetition and its memory: intervals grow with success, and no answer is lost."""

import datetime as dt
import json
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.course.drill import bank
from lobsim.course.drill.record import Answer, Record
from lobsim.course.drill.schedule import LEAST_EASE, LONGEST_DAYS, Card, after, quality
from lobsim.course.drill.session import Session, order_of, status

DAY = dt.date(2027, 1, 1)
GRADES = st.lists(st.integers(0, 5), max_size=30)


def walk(grades, card=None):
    card, day = card or Card(), DAY
    for grade in grades:
        card = after(card, grade, day)
        day = card.due
    return card, day


@settings(max_examples=60)
@given(GRADES, st.integers(3, 5))
def test_after_a_success_the_interval_is_longer_than_before(grades, grade):
    card, day = walk(grades)
    better = after(card, grade, day)
    assert better.due > day and better.repetitions == card.repetitions + 1
    assert (better.interval_days > card.interval_days or card.repetitions == 0
            or better.interval_days == LONGEST_DAYS)
    assert better.ease >= LEAST_EASE


@settings(max_examples=60)
@given(GRADES, st.integers(0, 2))
def test_a_lapse_sets_back_to_tomorrow_and_lowers_the_ease(grades, grade):
    card, day = walk(grades)
    lapsed = after(card, grade, day)
    assert lapsed.interval_days == 1 and lapsed.repetitions == 0
    assert lapsed.due == day + dt.timedelta(days=1)
    assert lapsed.ease < card.ease or card.ease == LEAST_EASE


@settings(max_examples=60)
@given(GRADES, st.integers(0, 4))
def test_a_better_answer_never_comes_back_sooner(grades, grade):
    card, day = walk(grades)
    assert after(card, grade + 1, day).due >= after(card, grade, day).due


def test_the_intervals_are_those_of_sm2():
    """Wozniak 1990: 1 day, 6 days, then the interval times the ease, + 0.1 at grade 5."""
    card, intervals = Card(), []
    for _ in range(4):
        card = after(card, 5, DAY)
        intervals.append(card.interval_days)
    assert intervals == [1, 6, round(6 * 2.8), round(17 * 2.9)]
    assert after(Card(), 3, DAY).ease == pytest.approx(2.5 - 0.14)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 900))
def test_more_marks_and_less_time_never_lower_the_quality(a, b, seconds):
    low, high = sorted((a, b))
    assert quality(low, seconds, 180) <= quality(high, seconds, 180)
    assert quality(a, seconds + 300, 180) <= quality(a, seconds, 180)


def answer(name="queue-place-worth", marks=3, day="2027-01-01"):
    return Answer(name, day, marks, 4, 60.0, 180.0, 7, (True, False))


def test_what_was_answered_is_read_back_as_it_was(tmp_path):
    record = Record(tmp_path / "state" / "drill.jsonl")
    given = [answer(), answer("code-fifo", 0), answer(day="2027-02-01")]
    for one in given:
        record.add(one)
    assert record.answers() == given and record.damaged == 0
    assert Record(record.path).cards()["code-fifo"].due == dt.date(2027, 1, 2)


@settings(max_examples=40)
@given(cut=st.integers(0, 10_000))
def test_a_crash_in_the_middle_of_writing_loses_at_most_the_answer_being_written(
        tmp_path_factory, cut):
    record = Record(tmp_path_factory.mktemp("drill") / "drill.jsonl")
    for marks in (1, 2, 3):
        record.add(answer(marks=marks))
    content = record.path.read_bytes()
    before_last = content[:-1].rindex(b"\n") + 1
    kept = before_last + cut % (len(content) - before_last)
    record.path.write_bytes(content[:kept])  # the power went while the third line was written
    torn = record.path.read_bytes()
    record.add(answer(marks=4))
    marks = [one.marks for one in record.answers()]
    assert marks in ([1, 2, 4], [1, 2, 3, 4])  # only its newline was missing
    assert record.path.read_bytes().startswith(torn)


def test_a_write_that_fails_leaves_the_earlier_answers(tmp_path, monkeypatch):
    record = Record(tmp_path / "drill.jsonl")
    record.add(answer())
    before = record.path.read_bytes()

    def full(*_):
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="no space"):
            record.add(answer(marks=1))
    assert record.path.read_bytes() == before and len(record.answers()) == 1


@pytest.mark.parametrize("line", [
    b"no json", b"[1, 2]", b'{"question": "x"}', b"\xff\xfe", b'{"a":' * 5000,
    json.dumps({"question": "x", "day": "2027-13-01", "marks": 1, "possible": 2, "seconds": 1,
                "allowed_s": 1}).encode(),
    json.dumps({"question": "x", "day": "2027-01-01", "marks": 9, "possible": 2, "seconds": 1,
                "allowed_s": 1}).encode(),
])
def test_a_damaged_line_is_passed_over_and_kept(tmp_path, line):
    record = Record(tmp_path / "drill.jsonl")
    record.add(answer())
    with open(record.path, "ab") as file:
        file.write(line + b"\n")
    record.add(answer(marks=2))
    assert [one.marks for one in record.answers()] == [3, 2] and record.damaged == 1
    assert line in record.path.read_bytes()


def test_two_sessions_at_once_lose_nothing(tmp_path):
    first, second = (Record(tmp_path / "drill.jsonl") for _ in range(2))
    first.answers(), second.answers()
    first.add(answer(marks=1))
    second.add(answer(marks=2))
    assert [one.marks for one in first.answers()] == [1, 2]


def test_due_questions_come_first_the_most_overdue_before_all_then_new_ones():
    questions = bank.choose(lesson="00")
    names = [question.id for question in questions]
    cards = {names[3]: Card(due=DAY - dt.timedelta(5)), names[1]: Card(due=DAY),
             names[0]: Card(due=DAY + dt.timedelta(1)), names[2]: Card(due=DAY - dt.timedelta(9))}
    ordered = [q.id for q in order_of(questions, cards, DAY, random.Random(1))]
    assert ordered[:3] == [names[2], names[3], names[1]] and ordered[-1] == names[0]
    assert sorted(ordered) == sorted(names)
    fresh = [q.difficulty for q in order_of(questions, {}, DAY, random.Random(1))]
    assert fresh == sorted(fresh)


def test_a_session_asks_only_what_fits_and_keeps_each_answer_at_once(tmp_path):
    now = [0.0]
    record = Record(tmp_path / "drill.jsonl")
    session = Session(bank.choose(kind="case"), record, minutes=20, clock=lambda: now[0],
                      today=lambda: DAY)
    asked = session.next()
    now[0] += 60 * 12
    made = [not point.automatic for point in asked.question.rubric]
    session.mark(asked, made, 600.0)
    assert [a.marks for a in record.answers()] == [asked.question.marks]
    later = session.next()
    assert later is None or 12 + later.question.minutes <= 20
    (row,) = [row for row in status(bank.load(), record, DAY) if row["seen"]]
    assert row["lesson"] == asked.question.lesson and row["due"] == 0
    with pytest.raises(ValueError, match="the rubric has"):
        session.mark(asked, [True], 1.0)
