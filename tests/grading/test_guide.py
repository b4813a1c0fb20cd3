"""The course guide is true: its commands run, word for word, in a throw-away course."""

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import mini_course
import nbformat
import pytest
from typer.testing import CliRunner

from lobsim.cli import app
from lobsim.course.gradebook import CourseGradebook

LESSON = "00_order_book"  # the name that the guide uses
CLASS = "Student ID;First name;Surname;Email\nada;Ada;Lovelace;ada@uni.example\n" \
    "bea;Bea;Late;bea@uni.example\ncem;Cem;Canvas;cem@uni.example\n"
CANVAS = ("Student,ID,SIS User ID,SIS Login ID,Section,00_order_book (77)\nPoints Possible,,,,,10\n"
          '"Canvas, Cem",12345,S3,cem,A,\n"Lovelace, Ada",12346,S1,ada,A,\n'
          '"Late, Bea",12347,S2,bea,A,\n')
MOODLE = ("First name,Surname,ID number,Email address,Assignment: 00_order_book (Real)\n"
          "Ada,Lovelace,ada,ada@uni.example,\nBea,Late,bea,bea@uni.example,\n"
          "Cem,Canvas,cem,cem@uni.example,\n")


def sections(repo: Path) -> list[tuple[str, list[str]]]:
    """(heading, commands) of the guide, in its order."""
    text = (repo / "solutions" / "GUIDE.md").read_text(encoding="utf-8")
    found = []
    for part in text.split("\n## ")[1:]:
        blocks = re.findall(r"```bash\n(.*?)```", part, re.DOTALL)
        found.append((part.split("\n", 1)[0], [line for b in blocks for line in b.splitlines()]))
    return found


@pytest.fixture
def course(repo, tmp_path, monkeypatch, shut_in) -> Path:
    """A course of one small lesson under the guide's name, a class, and what it handed in."""
    from lobsim.course.release import release

    monkeypatch.setattr(mini_course, "NAME", LESSON)
    root = mini_course.build(tmp_path / "course")
    release(root)
    shutil.copy(repo / "nbgrader_config.py", root)
    shutil.copytree(repo / "data", root / "data")
    with (root / "nbgrader_config.py").open("a") as file:
        file.write("c.LatePenalty.percent_per_day = 10\n")
    (root / "class.csv").write_text(CLASS)
    (root / "canvas_gradebook.csv").write_text(CANVAS)
    (root / "moodle_grades.csv").write_text(MOODLE)
    answered = nbformat.writes(mini_course.fill(
        root / "lessons" / LESSON / f"{LESSON}.ipynb", mini_course.RIGHT))
    own = root / "hand_ins" / "bea" / LESSON
    own.mkdir(parents=True)
    (own / f"{LESSON}.ipynb").write_text(answered)
    (own / "timestamp.txt").write_text("2027-02-08 16:00:00 UTC")
    for name, entry in (("moodle", f"Ada Lovelace_4711_assignsubmission_file/{LESSON}.ipynb"),
                        ("canvas", f"canvascem_12345_900_{LESSON}-1.ipynb")):
        with zipfile.ZipFile(root / f"{name}.zip", "w") as archive:
            archive.writestr(entry, answered)
    return root


def call(command: str) -> tuple[int, str]:
    """Exit status of a command and what it printed. `lobsim` runs here: it imports for seconds."""
    words = shlex.split(command)
    if words[0] == "lobsim":
        done = CliRunner().invoke(app, words[1:])
        return done.exit_code, done.stdout + (done.stderr if done.exit_code else "")
    done = subprocess.run(command, shell=True, text=True, capture_output=True)
    return done.returncode, done.stdout + done.stderr


def mark_by_hand(root: Path) -> None:
    """What an instructor does in formgrader."""
    with CourseGradebook(root).open() as book:
        for handed_in in book.assignment_submissions(LESSON):
            grade = book.find_grade("why", LESSON, LESSON, handed_in.student.id)
            grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.db.commit()


def mend_a_check(root: Path) -> None:
    checks = root / "solutions" / LESSON / "checks.py"
    checks.write_text(checks.read_text() + "\n# mended after an appeal\n")


def test_every_command_of_the_guide_runs_and_does_what_it_says(repo, course, monkeypatch):
    monkeypatch.chdir(course)
    monkeypatch.setenv("LOBSIM_COURSE", str(course))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    before = {"5": mark_by_hand, "9": mend_a_check}
    said = {}
    for heading, commands in sections(repo):
        before.get(heading[0], lambda root: None)(course)
        for command in commands:
            status, said[heading[0], command] = call(command)
            assert status == 0, f"{command}\n{said[heading[0], command]}"
    assert "ready" in said["1", "lobsim doctor"] or "sandbox" in said["1", "lobsim doctor"]
    assert "3 students" in said["2", "lobsim roster class.csv"]
    assert "bea: 2027-02-08T17:00+00:00" in said["2", "lobsim due"]
    assert "1 of them run now" in said["4", "lobsim grade moodle.zip"]
    assert "0 of them run now" in said["5", "lobsim grade moodle.zip"]
    assert "1 of them run now" in said["9", "lobsim grade hand_ins"]

    marks = {s: m for (s, _), m in CourseGradebook(course).marks([LESSON]).items()}
    assert {s: (m.total, m.late_penalty) for s, m in marks.items()} == {
        "ada": (9.5, 0.0), "bea": (9.5, 0.0), "cem": (9.5, 0.0)}
    assert "<html" in (course / "grading" / "report.html").read_text()
    names = {}
    for kind, path in (("plain", f"{LESSON}_feedback_plain.zip"),
                       ("moodle", f"{LESSON}_feedback_moodle.zip"), ("canvas", "for_canvas.zip")):
        with zipfile.ZipFile(course / path) as archive:
            names[kind] = archive.namelist()
            assert b"9.5 of 10" in archive.read(names[kind][0])
    assert names == {
        "plain": [f"{s}/{LESSON}.html" for s in ("ada", "bea", "cem")],
        "moodle": [f"Ada Lovelace_4711_assignsubmission_file/{LESSON}.html"],
        "canvas": [f"canvascem_12345_900_{LESSON}_feedback.html"]}
    for kind in ("canvas", "moodle", "csv"):
        rows = list(csv.reader((course / "grading" / f"marks-{kind}.csv").open()))
        assert sum("9.5" in row for row in rows) == 3, (kind, rows)
    kept = json.loads((course / "grading" / "hand_ins.json").read_text())
    assert {s: way["system"] for s, way in kept[LESSON].items()} == {
        "ada": "moodle", "bea": "folder", "cem": "canvas"}


def test_the_guide_names_only_commands_and_options_that_exist(repo):
    from typer.main import get_command

    from lobsim.cli import app

    text = (repo / "solutions" / "GUIDE.md").read_text(encoding="utf-8")
    known = get_command(app).commands
    lines = [line for code in re.findall(r"```bash\n(.*?)```|`(lobsim [^`]+)`", text, re.DOTALL)
             for part in code for line in part.splitlines()]
    called = [line.split() for line in lines if line.startswith("lobsim ")]
    assert len(called) > 15
    for _, name, *words in called:
        if name == "COMMAND":
            continue
        options = {flag for option in known[name].params for flag in option.opts}
        assert {word for word in words if word.startswith("--")} <= options | {"--help"}, name
