"""One line of configuration puts the gradebook into PostgreSQL; everything goes on as before."""

import csv
import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import postgres_server
import pytest
from whole_class import (
    LESSON,
    Victims,
    finish,
    finish_runs,
    hand_in_all,
    picture,
    remains,
    see_same,
    start,
)

from lobsim.course.gradebook import CourseGradebook, GradebookError

KILLS = 3


@pytest.fixture(scope="module")
def server():
    """Socket folder of a private server; skips where PostgreSQL is not installed."""
    binaries = postgres_server.programs()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: package postgresql)")
    with postgres_server.running(binaries) as socket:
        yield socket


@pytest.fixture(scope="module")
def submissions(course, tmp_path_factory):
    return hand_in_all(tmp_path_factory.mktemp("class") / "submissions", course)


def ready(course: Path, place: Path, submissions: Path, db_url: str | None = None) -> Path:
    """A course in which everything has been run and nothing recorded."""
    root = Path(shutil.copytree(course, place / "course"))
    if db_url is not None:
        with (root / "nbgrader_config.py").open("a") as file:
            file.write(f"c.CourseDirectory.db_url = {db_url!r}\n")
    finish_runs(root, submissions)
    return root


@pytest.fixture(scope="module")
def calm(course, submissions, tmp_path_factory, shut_in):
    """The class graded into SQLite."""
    root = ready(course, tmp_path_factory.mktemp("sqlite"), submissions)
    began = time.monotonic()
    finish(root, submissions)
    return root, time.monotonic() - began


def test_a_class_in_postgresql_is_the_class_in_sqlite(course, submissions, calm, server, tmp_path):
    root = ready(course, tmp_path, submissions, postgres_server.new_database(server, "same"))
    finish(root, submissions)
    assert not (root / "gradebook.db").exists()
    see_same(picture(root), picture(calm[0]))
    _nbgrader_goes_on_from_here(root)
    _marks_by_hand_stay_with_their_answers(root, submissions, tmp_path)


def _nbgrader_goes_on_from_here(root: Path) -> None:
    from nbgrader.apps import NbGraderAPI

    totals = {row["student"]: row["total"]
              for row in json.loads((root / "grading" / "report.json").read_text())["rows"]}
    formgrader = NbGraderAPI(config=CourseGradebook(root).config)
    assert {s["student"]: s["score"] for s in formgrader.get_submissions(LESSON)} == totals
    nbgrader = str(Path(sys.executable).parent / "nbgrader")
    for words in (["export"], ["generate_feedback", LESSON, "--student", "ben", "--force"]):
        done = subprocess.run([nbgrader, *words], cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    exported = list(csv.DictReader((root / "grades.csv").open()))
    assert {row["student_id"]: float(row["score"]) for row in exported} == totals
    page = root / "feedback" / "ben" / LESSON / f"{LESSON}.html"
    assert f"Score: {totals['ben']} / 10.0" in page.read_text()


def _marks_by_hand_stay_with_their_answers(root: Path, submissions: Path, place: Path) -> None:
    with CourseGradebook(root).open() as book:
        for student in ("ada", "emil"):
            grade = book.find_grade("why", LESSON, LESSON, student)
            grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.db.commit()
    folder = Path(shutil.copytree(submissions, place / "again"))
    for student, cell_id in (("ada", "larger"), ("emil", "why")):
        path = folder / student / LESSON / f"{LESSON}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        cell = next(c for c in notebook.cells
                    if c.metadata.get("nbgrader", {}).get("grade_id") == cell_id)
        cell.source += "\n"
        nbformat.write(notebook, path)
    finish_runs(root, folder)
    finish(root, folder)
    marks = CourseGradebook(root).marks([LESSON])
    assert marks["ada", LESSON].total == 9.5 and not marks["ada", LESSON].needs_manual
    assert marks["emil", LESSON].total == 8.0 and marks["emil", LESSON].needs_manual
    assert "1.5 of 2" in marks["emil", LESSON].taken_back[0]


def test_kills_of_the_writer_leave_a_gradebook_in_postgresql_whole(course, submissions, calm,
                                                                   server, tmp_path):
    draw, victims, kills = random.Random(20270203), Victims(), 0
    for attempt in range(4 * KILLS):
        url = postgres_server.new_database(server, f"killed{attempt}")
        root = ready(course, tmp_path / str(attempt), submissions, url)
        while kills < KILLS:
            process = start(root, submissions)
            deadline = time.monotonic() + draw.uniform(0.3, 1.0) * calm[1]
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            if process.poll() is not None:
                break
            victims.kill(process, whole_group=kills % 2 == 0)
            kills += 1
        victims.wait()
        finish(root, submissions)
        see_same(picture(root), picture(calm[0]))
        assert not remains(root)
        if kills == KILLS:
            break
    assert kills == KILLS


@pytest.mark.parametrize(("url", "words"), [
    ("postgresql+psycopg://ada:pass1234@127.0.0.1:1/grades", "cannot be opened"),
    ("postgresql+nosuchdriver://ada:pass1234@127.0.0.1/grades", r"lobsim\[postgres\]"),
    ("no address", "should look like"),
])
def test_a_gradebook_out_of_reach_is_told_in_a_sentence_without_the_password(
        fresh_course, url, words):
    with (fresh_course / "nbgrader_config.py").open("a") as file:
        file.write(f"c.CourseDirectory.db_url = {url!r}\n")
    with pytest.raises(GradebookError, match=words) as raised:
        CourseGradebook(fresh_course).open()
    assert "pass1234" not in str(raised.value) and "\n" not in str(raised.value)
