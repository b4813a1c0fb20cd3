"""Marks leave for Canvas and Moodle in files that these import, and none is invented."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import mini_course
import pytest
from grading_tools import SECRETS
from made_up_class import grade_class
from typer.testing import CliRunner

from lobsim.cli import app
from lobsim.course import roster
from lobsim.course.export_marks import ExportError, export_marks, number
from lobsim.course.gradebook import CourseGradebook
from lobsim.course.match_rows import safe_cell
from lobsim.course.roster import Person

LESSON = mini_course.NAME
PEOPLE = [
    Person("al1", "Ada", "Lovelace", "ada@uni.example", "101", "alovelace"),
    Person("bb2", "Bo", "=Bad", "bo@uni.example", "102", "bbad"),
    Person("cc3", "Cy", "Curie", "cy@uni.example", "103", "ccurie"),
    Person("dd4", "Di", "Dirac", "di@uni.example", "104", "ddirac"),  # hands nothing in
]
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Essay (7),Mini lesson (9),Current Score
,,,,,Manual Posting,,
    Points Possible,,,,,20,10,(read only)
"Lovelace, Ada",101,u1,alovelace,A,11,,55
"=Bad, Bo",102,u2,bbad,A,12,3,60
"Curie, Cy",103,u3,ccurie,A,13,4.5,65
"Dirac, Di",104,u4,ddirac,A,14,,70
"Student, Test",999,,,A,,,
"""
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 501,Ada Lovelace,ADA@uni.example,Submitted for grading,,100.00,Yes,\
"Monday, 1 February 2027, 9:00 AM",-,keep me
Participant 502,Bo =Bad,bo@uni.example,Submitted for grading,-,100.00,No,-,-,
Participant 503,Somebody Else,else@uni.example,No submission,,100.00,Yes,-,-,
"""
MOODLE = """First name,Last name,ID number,Institution,Email address,Assignment: Mini lesson (Real)
Ada,Lovelace,al1,X,ada@uni.example,-
Cy,Curie,cc3,X,cy@uni.example,4.50
Some,Body,zz9,X,zz@uni.example,-
"""


@pytest.fixture(scope="module")
def graded(course, tmp_path_factory) -> Path:
    """Ada's written answer is marked, Bo and Cy wait; eve is in no roster and marked."""
    root = Path(shutil.copytree(course, tmp_path_factory.mktemp("marks") / "course"))
    roster.save(root, PEOPLE)
    grade_class(root, LESSON, {"al1": mini_course.RIGHT, "bb2": mini_course.HALF,
                               "cc3": mini_course.WRONG, "eve": mini_course.RIGHT})
    with CourseGradebook(root).open() as book:
        for student, score in (("al1", 1.5), ("eve", 2.0)):
            grade = book.find_grade("why", LESSON, LESSON, student)
            grade.manual_score, grade.needs_manual_grade = score, False
        book.db.commit()
    return root


def written(tmp_path: Path, text: str, name: str = "given.csv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def rows(export) -> list[list[str]]:
    return list(csv.reader(io.StringIO(export.text, newline="")))


def canvas_takes(heads: list[str]) -> bool:
    """Canvas's own rule for the header (``lib/gradebook_importer.rb``), in our words: what comes
    before the assignments ends with Section."""
    count = 3
    if "SIS User ID" in heads[2] and "SIS Login ID" in heads[3]:
        count = 5 + ("Integration ID" in heads[4])
    return "Student" in heads[0] and "ID" in heads[1] and "Section" in heads[count - 1]


def test_a_canvas_gradebook_gets_its_column_filled_and_no_other_is_sent_back(graded, tmp_path):
    export = export_marks(graded, "canvas", file=written(tmp_path, CANVAS))
    heads, _, points, *people = rows(export)
    assert canvas_takes(heads)
    assert heads == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Mini lesson (9)"]
    assert points[0].strip() == "Points Possible" and points[-1] == "10"
    marks = {row[1]: row[-1] for row in people}
    assert marks == {"101": "9.5", "102": "3", "103": "4.5", "104": ""}, \
        "what waits keeps what Canvas had, and Canvas's test student is left out"
    assert export.marks == 1 and export.notes == []
    assert (export.no_row, export.no_marks) == (["eve"], ["Dirac, Di"])
    assert export.waiting == [f"bb2/{LESSON}", f"cc3/{LESSON}"]


def test_a_mark_that_waits_is_blank_and_never_zero(graded):
    for kind in ("canvas", "moodle", "csv"):
        table = rows(export_marks(graded, kind))
        column = table[0].index(LESSON)
        by_person = {" ".join(row[:5]): row[column] for row in table[1:]}
        assert [mark for who, mark in by_person.items() if "Cy" in who or "Curie" in who] in (
            [""], []), kind
        assert "0" not in by_person.values()


def test_without_a_file_canvas_gets_people_from_the_roster(graded):
    export = export_marks(graded, "canvas")
    heads, points, *people = rows(export)
    assert canvas_takes(heads) and points[-1] == "10"
    assert people[0] == ["Lovelace, Ada", "101", "", "alovelace", "", "9.5"]
    assert people[-1] == ["eve", "", "", "eve", "", "10"]
    assert any("no Canvas ID" in note for note in export.notes)


def test_other_points_and_a_missing_assignment_are_told(graded, tmp_path):
    text = CANVAS.replace(",20,10,", ",20,100,")
    (note,) = export_marks(graded, "canvas", file=written(tmp_path, text)).notes
    assert "Canvas has 100 points" in note and "the lesson has 10" in note
    text = CANVAS.replace("Mini lesson (9)", "Something else (9)")
    export = export_marks(graded, "canvas", file=written(tmp_path, text))
    assert rows(export)[0][-1] == LESSON and rows(export)[2][-1] == "10"
    assert "no assignment called" in export.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_files_of_any_office_are_read(graded, tmp_path, encoding):
    text = CANVAS.replace('"Lovelace, Ada"', '"Löwe, Ada"').replace("\n", "\r\n")
    if encoding != "utf-16":
        text = re.sub(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', ";", text)
    export = export_marks(graded, "canvas", file=written(tmp_path, text, encoding=encoding))
    assert rows(export)[3][0] == "Löwe, Ada" and rows(export)[3][-1] == "9.5"


def test_a_grading_worksheet_keeps_everything_but_the_grade(graded, tmp_path):
    export = export_marks(graded, "moodle", file=written(tmp_path, WORKSHEET), lessons=[LESSON])
    before = list(csv.reader(io.StringIO(WORKSHEET)))
    after = rows(export)
    assert export.kind == "worksheet" and after[0] == before[0]
    assert after[1][4] == "9.5" and after[2][4] == "-" and after[3][4] == ""
    for old, new in zip(before, after, strict=True):
        assert old[:4] + old[5:] == new[:4] + new[5:]
    assert any("maximum grade is 100.00" in note for note in export.notes)
    assert any("changed: Bo =Bad" in note for note in export.notes)
    assert export.no_marks == ["Somebody Else"]


def test_moodles_own_number_finds_the_student_without_a_roster(graded, tmp_path):
    root = Path(shutil.copytree(graded, tmp_path / "course"))
    (root / "roster.csv").unlink()
    ticket = "Somebody Else_503_assignsubmission_file_"
    (root / "grading" / "hand_ins.json").write_text(json.dumps(
        {LESSON: {"eve": {"system": "moodle", "ticket": ticket}}}))
    export = export_marks(root, "moodle", file=written(tmp_path, WORKSHEET), lessons=[LESSON])
    assert [row[4] for row in rows(export)[1:]] == ["", "-", "10"]


def test_moodles_grades_get_rows_for_students_with_a_mark_only(graded, tmp_path):
    # an empty cell would take a grade away, and an unknown user would end the whole import
    export = export_marks(graded, "moodle", file=written(tmp_path, MOODLE))
    assert rows(export) == [
        ["First name", "Last name", "ID number", "Email address",
         "Assignment: Mini lesson (Real)"],
        ["Ada", "Lovelace", "al1", "ada@uni.example", "9.5"],
        ["Cy", "Curie", "cc3", "cy@uni.example", "4.50"]]
    assert export.no_row == ["bb2", "eve"] and export.no_marks == ["Some Body"]


def test_the_plain_table_has_everybody_of_the_roster(graded):
    table = {row[0]: row for row in rows(export_marks(graded, "csv"))[1:]}
    assert set(table) == {"al1", "bb2", "cc3", "dd4", "eve"}
    assert table["al1"] == ["al1", "Lovelace", "Ada", "ada@uni.example", "9.5", "9.5", "10"]
    assert table["bb2"][4:] == ["", "", "10"] and table["dd4"][4:] == ["", "", "10"]


def test_no_cell_is_a_formula(graded, tmp_path):
    for kind, file in (("csv", None), ("canvas", None), ("canvas", CANVAS), ("moodle", None),
                       ("moodle", WORKSHEET.replace("keep me", "@SUM(A1)"))):
        given = written(tmp_path, file) if file else None
        table = rows(export_marks(graded, kind, file=given, lessons=[LESSON]))
        for cell in (cell for row in table for cell in row):
            bare = cell.strip()
            assert bare in ("", "-") or bare[0] not in "=+-@", (kind, cell)
    assert "'=Bad" in export_marks(graded, "csv").text


@pytest.mark.parametrize(("text", "safe"), [
    ("=1+1", "'=1+1"), ("+49 30 1234", "'+49 30 1234"), ("@x", "'@x"), ("-x", "'-x"),
    ("\t=1", "'\t=1"), (" =1", "' =1"), ("-3.5", "-3.5"), ("12", "12"), ("-", "-"), ("", ""),
    ("Ada = Bo", "Ada = Bo")])
def test_cells_that_begin_like_a_formula_get_an_apostrophe(text, safe):
    assert safe_cell(text) == safe


def test_a_row_that_fits_two_students_is_left_alone_and_told(graded, tmp_path):
    root = Path(shutil.copytree(graded, tmp_path / "course"))
    roster.save(root, [*PEOPLE, Person("eve", "Ada", "Lovelace")])
    text = CANVAS.replace("101,u1,alovelace", "0,,")
    export = export_marks(root, "canvas", file=written(tmp_path, text))
    assert rows(export)[3][-1] == "" and "al1 or eve" in export.notes[0]
    text = CANVAS.replace("104,u4,ddirac", "0,,alovelace")
    export = export_marks(root, "canvas", file=written(tmp_path, text))
    assert "al1 fits two rows" in export.notes[0]


def test_late_penalties_are_taken_off(graded, tmp_path):
    root = Path(shutil.copytree(graded, tmp_path / "course"))
    with CourseGradebook(root).open() as book:
        book.find_submission_notebook(LESSON, LESSON, "al1").late_submission_penalty = 2.5
        book.find_submission_notebook(LESSON, LESSON, "eve").late_submission_penalty = 99
        book.db.commit()
    table = {row[0]: row[4] for row in rows(export_marks(root, "csv"))}
    assert (table["al1"], table["eve"]) == ("7", "0")


@pytest.mark.parametrize(("kind", "text", "lessons", "words"), [
    ("canvas", MOODLE, None, "no gradebook exported by Canvas"),
    ("canvas", "\n", None, "is empty"),
    ("moodle", "Name,Grade\nAda,1\n", None, "by which Moodle knows people"),
    ("csv", MOODLE, None, "leave out --roster"),
    ("xml", None, None, "allowed are canvas, moodle, csv"),
])
def test_wrong_use_is_one_sentence(graded, tmp_path, kind, text, lessons, words):
    with pytest.raises(ExportError, match=re.escape(words)) as error:
        export_marks(graded, kind, file=written(tmp_path, text) if text else None,
                     lessons=lessons)
    assert "\n" not in str(error.value)


def test_nothing_graded_is_one_sentence(course, tmp_path):
    root = Path(shutil.copytree(course, tmp_path / "course"))
    with pytest.raises(ExportError, match="nothing has been graded yet"):
        export_marks(root, "csv")
    assert not (root / "gradebook.db").exists(), "a look changes nothing"


def test_the_command_tells_what_is_missing_and_ends_with_a_finding(graded, tmp_path, monkeypatch):
    monkeypatch.setenv("LOBSIM_COURSE", str(graded))
    out = tmp_path / "deep" / "marks.csv"
    given = str(written(tmp_path, CANVAS))
    command = ["export", "canvas", "--roster", given, "--out", str(out)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1, done.output
    assert "2 still to be marked by hand" in done.output and "eve" in done.output
    assert out.read_text(encoding="utf-8").startswith("Student,ID,")
    told = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert told["marks"] == 1 and told["no_row"] == ["eve"]
    wrong = CliRunner().invoke(app, ["export", "csv", "--roster", given])
    assert wrong.exit_code == 2


def test_nothing_hidden_is_exported(graded):
    for kind in ("canvas", "moodle", "csv"):
        assert not any(secret in export_marks(graded, kind).text for secret in SECRETS)


def test_marks_have_two_decimals_at_most():
    assert [number(x) for x in (0.0, 10.0, 7.25, 1 / 3, 99.999)] == ["0", "10", "7.25", "0.33",
                                                                   "100"]
