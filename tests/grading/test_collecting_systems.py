"""Downloads of Moodle, Canvas, Blackboard and nbgrader's exchange are told apart by their names."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from lobsim.course import due_dates
from lobsim.course.collect import collect
from lobsim.course.collect_names import clean_id, read_name
from lobsim.course.gradebook import CourseGradebook
from lobsim.course.roster import Person, Roster
from lobsim.course.times import moment

LESSONS = {"00_order_book": {"a", "check_a"}, "01_shortfall": {"b", "check_b"}}
NOTEBOOK = b'{"cells": [{"cell_type": "code", "source": "1", "metadata": {}}], "nbformat": 4}'
CLASS = Roster([Person("al1", "Ada", "Lovelace", "ada@uni.example", "12345", "alovel"),
                Person("jp2", "José", "Pérez García", "jose@uni.example", "777", "jperez")])


def packed(path, names, content=NOTEBOOK):
    """A ZIP with a notebook under every name."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def laid_out(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(NOTEBOOK)
    return folder


def who(result):
    return [(item.student, item.lesson) for item in result.found]


@pytest.mark.parametrize("names", [
    ["Ada Lovelace_4711_assignsubmission_file/01_shortfall.ipynb",
     "José Pérez García_4712_assignsubmission_file/01_shortfall.ipynb"],
    ["Ada Lovelace_4711_assignsubmission_file_/01_shortfall.ipynb",
     "Pérez García José_4712_assignsubmission_file_/work/01_shortfall.ipynb"],
    ["Ada Lovelace_4711_assignsubmission_file_01_shortfall.ipynb",
     "José Pérez García_4712_assignsubmission_file_01_shortfall.ipynb"],
    ["lovelaceada_12345_900_01_shortfall.ipynb", "pérezgarcíajosé_777_901_01_shortfall-1.ipynb"],
    ["lovelaceada_1_900_01_shortfall.ipynb", "perezgarciajose_2_901_01_shortfall-2.ipynb"],
    ["Lab_1_alovel_attempt_2027-02-01-17-55-03_01_shortfall.ipynb",
     "Lab_1_jperez_attempt_2027-02-01-17-55-04_01_shortfall.ipynb"],
    ["alovel+01_shortfall+2027-02-01 17:55:03.25 UTC+x7/01_shortfall.ipynb",
     "jperez+01_shortfall+2027-02-01 17:55:03.25 UTC/01_shortfall.ipynb"],
    ["ada@uni.example/01_shortfall/01_shortfall.ipynb", "jp2__01_shortfall.ipynb"],
])
@pytest.mark.parametrize("as_zip", [True, False])
def test_every_system_s_names_come_to_the_ids_of_the_roster(tmp_path, names, as_zip):
    source = packed(tmp_path / "all.zip", names) if as_zip else laid_out(tmp_path / "all", names)
    result = collect(source, LESSONS, CLASS)
    assert who(result) == [("al1", "01_shortfall"), ("jp2", "01_shortfall")]
    assert not (result.unknown or result.unmatched or result.notes)
    assert not any(item.problems for item in result.found)


def test_a_folder_packed_with_folders_above_it_is_read_as_if_it_were_not(tmp_path):
    names = ["term/handed_in/ada/01_shortfall/01_shortfall.ipynb",
             "term/handed_in/ben/00_order_book/00_order_book.ipynb"]
    result = collect(packed(tmp_path / "a.zip", names), LESSONS)
    assert who(result) == [("ada", "01_shortfall"), ("ben", "00_order_book")]


def test_several_zips_in_a_folder_are_one_hand_in_each(tmp_path):
    packed(tmp_path / "moodle.zip", ["Ada Lovelace_1_assignsubmission_file/01_shortfall.ipynb"])
    packed(tmp_path / "canvas.zip", ["lovelaceada_12345_9_00_order_book.ipynb"])
    assert who(collect(tmp_path, LESSONS, CLASS)) == [
        ("al1", "00_order_book"), ("al1", "01_shortfall")]


def test_the_newest_upload_counts_and_the_others_are_named(tmp_path):
    names = ["lovelaceada_12345_90_01_shortfall.ipynb",
             "lovelaceada_LATE_12345_1200_01_shortfall-2.ipynb",
             "lovelaceada_12345_800_01_shortfall-1.ipynb"]
    (item,) = collect(packed(tmp_path / "a.zip", names), LESSONS, CLASS).found
    assert item.name.upload == 1200
    told = [text for text in item.problems if "more than once" in text]
    assert len(told) == 2 and "_90_" in " ".join(told) and "_800_" in " ".join(told)


def test_the_latest_attempt_of_blackboard_counts_and_its_time_is_known_with_its_zone(tmp_path):
    names = ["L_alovel_attempt_2027-02-01-09-00-00_01_shortfall.ipynb",
             "L_alovel_attempt_2027-01-31-23-00-00_01_shortfall.ipynb",
             "L_alovel_attempt_2027-02-01-09-00-00.txt"]
    result = collect(laid_out(tmp_path / "a", names), LESSONS, CLASS, "Europe/Berlin")
    assert result.found[0].timestamp == "2027-02-01T08:00:00+00:00" and not result.unknown


def test_hand_ins_without_a_time_are_told_and_where_to_write_the_time(tmp_path, course):
    names = ["lovelaceada_LATE_12345_9_01_shortfall.ipynb", "jp2/01_shortfall.ipynb",
             "L_x_attempt_2027-02-01-09-00-00_01_shortfall.ipynb"]
    found = collect(packed(tmp_path / "a.zip", names), LESSONS, CLASS).found
    root = Path(shutil.copytree(course, tmp_path / "course"))
    book = CourseGradebook(root)
    (late,) = due_dates.without_time(book, found)
    stamp = root / "submitted" / "al1" / "01_shortfall" / "timestamp.txt"
    assert late.startswith("al1, 01_shortfall: Canvas calls it late") and str(stamp) in late
    due_dates.set_due_date(book, "01_shortfall", moment("2027-02-01T18:00Z"))
    assert len(due_dates.without_time(book, found)) == 2
    stamp.parent.mkdir(parents=True)
    stamp.write_text("2027-02-02T09:30+01:00")
    (other,) = due_dates.without_time(book, found)
    assert "when jp2 handed in" in other


def test_who_is_not_in_the_roster_is_listed_and_graded_under_the_same_id_every_time(tmp_path):
    names = ["Grace Hopper_55_assignsubmission_file/01_shortfall.ipynb",
             "nobodyanna_31_77_00_order_book.ipynb", "max/01_shortfall/01_shortfall.ipynb"]
    for times in range(2):
        result = collect(packed(tmp_path / f"{times}.zip", names), LESSONS, CLASS)
        assert [item.student for item in result.found] == [
            "grace-hopper", "max", "nobodyanna-31"]
        assert len(result.unmatched) == 3 and "Grace Hopper" in result.unmatched[0]


def test_two_students_of_one_name_are_never_put_together(tmp_path):
    names = ["Anna Li_11_assignsubmission_file/01_shortfall.ipynb",
             "Anna Li_12_assignsubmission_file/01_shortfall.ipynb",
             "Anna Li_98_assignsubmission_file/00_order_book.ipynb"]
    result = collect(packed(tmp_path / "a.zip", names), LESSONS)
    assert who(result) == [("anna-li", "00_order_book"), ("anna-li-11", "01_shortfall"),
                           ("anna-li-12", "01_shortfall")]
    assert len(result.notes) == 3 and "Anna Li 11 is anna-li-11" in result.notes[0]
    twins = Roster([Person("a1", "Anna", "Li"), Person("a2", "Anna", "Li")])
    again = collect(tmp_path / "a.zip", LESSONS, twins)
    assert who(again) == who(result) and len(again.unmatched) == 3
    odd = collect(laid_out(tmp_path / "odd", ["a*b/01_shortfall.ipynb", "a?b/01_shortfall.ipynb"]),
                  LESSONS)
    assert len({item.student for item in odd.found}) == 2


def test_a_download_without_a_roster_says_how_to_give_one(tmp_path):
    source = packed(tmp_path / "a.zip", ["lovelaceada_12345_9_01_shortfall.ipynb"])
    result = collect(source, LESSONS)
    assert who(result) == [("lovelaceada-12345", "01_shortfall")]
    assert "lobsim roster FILE" in result.notes[0]


def test_anonymous_and_late_names_of_canvas(tmp_path):
    names = ["anon_Xy12Z_9_01_shortfall.ipynb", "LATE_anon_Ab34C_10_01_shortfall.ipynb"]
    result = collect(packed(tmp_path / "a.zip", names), LESSONS)
    assert who(result) == [("anon-Ab34C", "01_shortfall"), ("anon-Xy12Z", "01_shortfall")]
    assert [item.name.late for item in result.found] == [True, False]


def test_a_file_that_is_no_notebook_is_named_where_canvas_says_it_was_handed_in(tmp_path):
    source = packed(tmp_path / "a.zip", ["lovelaceada_1_2_essay.pdf", "lovelaceada_1_3_all.zip"])
    assert collect(source, LESSONS).unknown == [
        "lovelaceada_1_2_essay.pdf: no notebook", "lovelaceada_1_3_all.zip: no notebook"]


def test_the_newest_of_three_names_both_others(tmp_path):
    for age, name in ((3, "a/01_shortfall.ipynb"), (1, "a__01_shortfall.ipynb"),
                      (2, "a/01_shortfall (1).ipynb")):
        laid_out(tmp_path, [name])
        os.utime(tmp_path / name, (age, age))
    (item,) = collect(tmp_path, LESSONS).found
    assert item.path.name == "01_shortfall.ipynb"
    assert sum("more than once" in text for text in item.problems) == 2


def test_no_name_makes_an_id_that_leads_out_of_the_gradebook_s_folders():
    for text in ("..", "../../x", "a/../b", ".hidden", "", "  ", "x" * 500, "a\x00b", "{0}"):
        made = clean_id(text)
        assert made and made == clean_id(made) and len(made) <= 100
        assert not made.startswith(".") and not set(made) & set("/\\\x00{}*")


def test_a_name_without_a_student_is_none():
    assert read_name(["01_shortfall.ipynb"]) is None
    assert read_name(["a", "b", "c", "d.ipynb"]) is None
