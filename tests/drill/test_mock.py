"""The mock interview fits its time and covers the course; the deck for Anki is whole."""

import json
import re
import sqlite3
import zipfile
from dataclasses import replace

import pytest

from lobsim.course.drill import anki, bank
from lobsim.course.drill.mock import BLOCKS, LENGTH, PLAN, draw, report
from lobsim.course.drill.programmes import PROGRAMMES, programme
from lobsim.course.drill.question import KINDS, BankError
from lobsim.course.drill.record import Answer


@pytest.mark.parametrize("seed", range(25))
def test_an_interview_fits_its_time_and_covers_the_course(seed):
    drawn = draw(bank.load(), seed)
    questions = [question for _, question in drawn]
    assert LENGTH - 10 <= sum(question.minutes for question in questions) <= LENGTH
    assert {question.kind for question in questions} == set(KINDS)
    assert len({question.lesson for question in questions}) == len(questions) >= 8
    for lessons in BLOCKS.values():
        assert any(question.lesson in lessons for question in questions)
    for slot in PLAN:
        own = [question for at, question in drawn if at is slot]
        assert len(own) == slot.count
        assert sum(question.minutes for question in own) <= slot.minutes
    assert drawn == draw(bank.load(), seed)


def test_the_plan_fits_and_its_blocks_are_all_lessons():
    assert sum(slot.minutes for slot in PLAN) <= LENGTH
    assert sorted(sum(BLOCKS.values(), ())) == [f"{n:02d}" for n in range(14)]


def test_interviews_differ_and_reach_every_lesson():
    drawn = [question for seed in range(25) for _, question in draw(bank.load(), seed)]
    assert {question.lesson for question in drawn} == {f"{n:02d}" for n in range(14)}
    assert len({question.id for question in drawn}) > 60


def test_a_bank_from_which_none_can_be_drawn_says_so():
    with pytest.raises(BankError, match="no interview"):
        draw(bank.choose(lesson="00"), 1)


def test_the_report_adds_up_and_says_what_was_missing():
    questions = [question for _, question in draw(bank.load(), 3)]
    answers = [Answer(q.id, "2027-01-01", 0, q.marks, 90.0, 60.0 * q.minutes, 5,
                      (False,) * len(q.rubric)) for q in questions[:-2]]
    answers[0] = Answer(questions[0].id, "2027-01-01", questions[0].marks, questions[0].marks,
                        9999.0, 60.0, 5, (True,) * len(questions[0].rubric))
    answers[1] = replace(answers[1], mistake="from_the_ask")
    written = report("of a test", answers, questions[-2:])
    assert written.count("likely mistake: from the ask") == 1
    possible = sum(question.marks for question in questions)
    assert f"{questions[0].marks} of {possible} marks" in written
    assert written.count("not reached |") == 2 and "{{" not in written
    assert f"over time: {questions[0].id}" in written
    missing = written.split("## What was missing")[1]
    assert questions[0].id not in missing and f"**{questions[1].id}**" in missing
    by_kind = re.findall(r"^- (\w+): (\d+) of (\d+)", written, flags=re.MULTILINE)
    assert sum(int(most) for _, _, most in by_kind) == possible
    assert sum(int(got) for _, got, _ in by_kind) == questions[0].marks


def test_the_deck_opens_and_holds_one_note_for_each_question(tmp_path):
    pytest.importorskip("genanki", reason="genanki is not installed: pip install genanki")
    questions = bank.load()
    path = tmp_path / "deck.apkg"
    assert anki.export(questions, path, seed=2) == len(questions)
    with zipfile.ZipFile(path) as archive:
        archive.extract("collection.anki2", tmp_path)
    with sqlite3.connect(tmp_path / "collection.anki2") as database:
        rows = database.execute("select guid, flds, tags from notes").fetchall()
        models = json.loads(database.execute("select models from col").fetchone()[0])
    assert len(rows) == len({guid for guid, _, _ in rows}) == len(questions)
    ids = {fields.split("\x1f")[-1] for _, fields, _ in rows}
    assert ids == {question.id for question in questions}
    (model,) = models.values()
    assert [field["name"] for field in model["flds"]] == ["Question", "Answer", "Rubric", "About",
                                                          "Id"]
    for _, fields, _ in rows:
        assert "{{" not in fields and all(part.strip() for part in fields.split("\x1f"))


def test_exported_again_a_note_keeps_its_name(tmp_path):
    pytest.importorskip("genanki", reason="genanki is not installed: pip install genanki")
    names = []
    for seed in (1, 2):
        path = tmp_path / f"{seed}.apkg"
        anki.export(bank.choose(lesson="07"), path, seed)
        with zipfile.ZipFile(path) as archive:
            archive.extract("collection.anki2", tmp_path)
        with sqlite3.connect(tmp_path / "collection.anki2") as database:
            names.append(sorted(database.execute("select guid, sfld from notes").fetchall()))
    assert [guid for guid, _ in names[0]] == [guid for guid, _ in names[1]]
    assert names[0] != names[1]


@pytest.mark.parametrize("name", PROGRAMMES)
def test_a_programme_fits_its_time_and_asks_every_kind_from_every_field(name):
    questions = [question for _, question in PROGRAMMES[name].slots()]
    assert LENGTH - 5 <= PROGRAMMES[name].minutes <= LENGTH
    assert {question.kind for question in questions} == set(KINDS)
    assert len({question.lesson for question in questions}) == len(questions) >= 10
    assert {question.difficulty for question in questions} == {1, 2, 3}
    for lessons in BLOCKS.values():
        assert any(question.lesson in lessons for question in questions)
    order = [slot for slot, _ in PROGRAMMES[name].slots()]
    assert order == sorted(order, key=PLAN.index)


def test_the_three_programmes_ask_every_lesson_and_nothing_twice():
    asked = [question for one in PROGRAMMES.values() for _, question in one.slots()]
    assert {question.lesson for question in asked} == {f"{n:02d}" for n in range(14)}
    assert len({question.id for question in asked}) == len(asked)


def test_a_programme_that_is_not_there_is_refused_with_the_names_that_are():
    with pytest.raises(BankError, match="allowed are bank, maker, buyside"):
        programme("hedge fund")
