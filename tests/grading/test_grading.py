"""A folder of submissions becomes marks, feedback and a gradebook; nothing is lost or redone."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import mini_course
import nbformat
import pytest
from grading_tools import QUICK, SECRETS, SHORT

from lobsim.course import sandbox
from lobsim.course.grade import GradingError, grade
from lobsim.course.gradebook import CourseGradebook

LESSON = mini_course.NAME
pytestmark = pytest.mark.usefixtures("shut_in")


def hand_in(folder: Path, student: str, notebook) -> Path:
    """Write a submission in nbgrader's layout."""
    path = folder / student / LESSON / f"{LESSON}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(notebook, bytes):
        path.write_bytes(notebook)
    else:
        nbformat.write(notebook, path)
    return path


def totals(report) -> dict[str, float]:
    return {row.student: row.total for row in report.rows}


def files_of(root: Path) -> dict[str, tuple[float, bytes]]:
    """Every file that grading makes, with time and content."""
    return {str(path): (path.stat().st_mtime, path.read_bytes())
            for name in ("gradebook.db", "submitted", "autograded", "feedback", "grading")
            for path in [root / name, *(root / name).rglob("*")] if path.is_file()
            and path.name != ".lock"}


@pytest.fixture(scope="module")
def three(course, submit, tmp_path_factory):
    """A perfect, a half right, an untouched and a broken submission, graded together."""
    root = Path(shutil.copytree(course, tmp_path_factory.mktemp("graded") / "course"))
    folder = root.parent / "submissions"
    hand_in(folder, "perfect", submit())
    hand_in(folder, "half", submit(mini_course.HALF))
    hand_in(folder, "untouched", submit({}))
    hand_in(folder, "broken", b'{"cells": [{"cell_type": "code", "sour')
    return root, folder, grade(folder, root, limits=QUICK, jobs=2)


def test_marks_are_what_they_should_be(three):
    root, _, report = three
    assert totals(report) == {"perfect": 8.0, "half": 3.0, "untouched": 0.0, "broken": 0.0}
    rows = {row.student: row for row in report.rows}
    assert rows["half"].exercises == {"double": 3.0, "spreads": 0.0, "larger": 0.0, "why": None}
    assert rows["half"].mistakes == ["larger: swapped"]
    assert [s for s, row in rows.items() if row.needs_manual] == ["half", "perfect"]
    assert rows["broken"].problems and not rows["perfect"].problems
    assert not report.good


def test_marks_are_written_as_csv_and_json(three):
    root, _, report = three
    rows = list(csv.DictReader((root / "grading" / "marks.csv").open()))
    assert {r["student"]: float(r["total"]) for r in rows} == totals(report)
    assert rows[0]["lesson"] == LESSON and float(rows[0]["max"]) == 10.0
    half = next(r for r in rows if r["student"] == "half")
    assert (half["double"], half["spreads"], half["why"]) == ("3", "0", "")
    assert half["needs_manual_grading"] == "yes"
    assert "JSON" in next(r for r in rows if r["student"] == "broken")["problems"]
    assert json.loads((root / "grading" / "report.json").read_text())["run"] == 4


def test_originals_are_kept_byte_for_byte(three):
    root, folder, _ = three
    for student in ("perfect", "half", "untouched", "broken"):
        kept = root / "submitted" / student / LESSON / f"{LESSON}.ipynb"
        assert kept.read_bytes() == (folder / student / LESSON / f"{LESSON}.ipynb").read_bytes()


def test_nothing_secret_is_in_any_page_or_graded_notebook(three):
    root, _, _ = three
    pages = [p for side in ("feedback", "autograded", "submitted") for p in (root / side).rglob("*")
             if p.is_file()]
    assert len([p for p in pages if p.suffix == ".html"]) == 4
    for path in pages:
        text = path.read_text(errors="replace")
        assert not any(secret in text for secret in SECRETS), path


def test_feedback_page_tells_points_answer_and_mistake_without_any_script(three):
    root, _, _ = three
    page = (root / "feedback" / "half" / LESSON / f"{LESSON}.html").read_text()
    for words in ("Exercise 1: twice a number", "3 of 3", "0 of 4", "to be marked", "x + x",
                  "the bid is what a buyer offers", "Read again: section 2"):
        assert words in page
    assert "<script" not in page and "default-src 'none'" in page
    broken = (root / "feedback" / "broken" / LESSON / f"{LESSON}.html").read_text()
    assert "could not be read" in broken


def test_a_second_run_with_nothing_new_changes_no_file(three):
    root, folder, first = three
    before = files_of(root)
    again = grade(folder, root, limits=QUICK, jobs=2)
    assert (again.run, again.recorded, again.pages) == (0, 0, 0)
    assert totals(again) == totals(first)
    assert files_of(root) == before


def test_stock_nbgrader_goes_on_from_here(three, tmp_path):
    root = Path(shutil.copytree(three[0], tmp_path / "course"))
    nbgrader = str(Path(sys.executable).parent / "nbgrader")
    run = [[nbgrader, "generate_feedback", LESSON, "--force"], [nbgrader, "export"]]
    for command in run:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    exported = list(csv.DictReader((root / "grades.csv").open()))
    assert {r["student_id"]: float(r["score"]) for r in exported} == totals(three[2])
    page = (root / "feedback" / "perfect" / LESSON / f"{LESSON}.html").read_text()
    assert "Score: 8.0 / 10.0" in page
    assert not any(secret in page for secret in SECRETS)


def test_formgraders_view_has_every_submission(three):
    from nbgrader.apps import NbGraderAPI

    book = CourseGradebook(three[0])
    found = NbGraderAPI(config=book.config).get_submissions(LESSON)
    assert {s["student"]: (s["score"], s["autograded"]) for s in found} == {
        student: (total, True) for student, total in totals(three[2]).items()}
    assert {s["student"] for s in found if s["needs_manual_grade"]} == {"half", "perfect"}


def test_manual_marks_and_comments_survive_grading_again(three, submit, tmp_path):
    root = Path(shutil.copytree(three[0], tmp_path / "course"))
    folder = Path(shutil.copytree(three[1], tmp_path / "submissions"))
    book = CourseGradebook(root)
    with book.open() as gradebook:
        for student in ("half", "perfect"):
            grade_ = gradebook.find_grade("why", LESSON, LESSON, student)
            grade_.manual_score, grade_.needs_manual_grade = 1.5, False
            comment = gradebook.find_comment("why", LESSON, LESSON, student)
            comment.manual_comment = "Say *who* trades. <script>x()</script>"
        gradebook.db.commit()
    report = grade(folder, root, limits=QUICK, jobs=1)
    assert (report.run, report.pages) == (0, 2), "only the pages are new"
    assert totals(report)["half"] == 4.5
    page = (root / "feedback" / "half" / LESSON / f"{LESSON}.html").read_text()
    assert "<em>who</em>" in page and "1.5 of 2" in page and "<script" not in page
    # one mends an exercise, the other writes another answer
    hand_in(folder, "half", submit())
    changed = {**mini_course.RIGHT, "why": "Another answer."}
    hand_in(folder, "perfect", submit(changed))
    rows = {row.student: row for row in grade(folder, root, limits=QUICK, jobs=1).rows}
    assert rows["half"].total == 9.5 and not rows["half"].needs_manual
    assert rows["perfect"].total == 8.0 and rows["perfect"].needs_manual
    assert "1.5 of 2" in rows["perfect"].taken_back[0] and not rows["half"].taken_back


def test_honest_marks_are_the_same_with_hostile_and_broken_ones_between(three, submit, tmp_path,
                                                                        course):
    root = Path(shutil.copytree(course, tmp_path / "course"))
    folder = Path(shutil.copytree(three[1], tmp_path / "submissions"))
    vandal = f"""
import os, glob, shutil, subprocess
for path in glob.glob("{root}/**", recursive=True) + glob.glob("{folder}/**", recursive=True):
    try:
        os.unlink(path)
    except OSError:
        pass
os.kill(os.getppid(), 9)
"""
    hand_in(folder, "loop", submit(after={"double": [
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"]}))
    hand_in(folder, "vandal", submit(before={"double": [vandal]}))
    hand_in(folder, "flood", submit(before={"double": ["while True: print('x' * 10**6)"]}))
    hand_in(folder, "empty", b"")
    hand_in(folder, "binary", bytes(range(256)) * 50)
    hand_in(folder, "list", b"[1, 2]")
    (folder / "linked" / LESSON).mkdir(parents=True)
    (folder / "linked" / LESSON / f"{LESSON}.ipynb").symlink_to(
        root / "solutions" / LESSON / f"{LESSON}.ipynb")
    (folder / "stranger").mkdir()
    (folder / "stranger" / "essay.txt").write_text("no notebook")
    report = grade(folder, root, limits=SHORT, jobs=2)
    marks = totals(report)
    assert {s: marks[s] for s in totals(three[2])} == totals(three[2])
    assert {s: marks[s] for s in ("empty", "binary", "list", "linked")} == dict.fromkeys(
        ("empty", "binary", "list", "linked"), 0.0)
    assert (marks["loop"], marks["vandal"], marks["flood"]) == (8.0, 8.0, 8.0)
    problems = {row.student: " ".join(row.problems) for row in report.rows}
    assert all(problems[s] for s in marks if s not in ("perfect", "half", "untouched", "vandal"))
    assert "link" in problems["linked"]
    assert any("stranger" in line for line in report.unknown)
    sizes = [p.stat().st_size for p in (root / "feedback").rglob("*.html")]
    assert max(sizes) < 1_000_000


def test_a_killed_run_is_taken_up_again_and_ends_the_same(three, tmp_path, course):
    root = Path(shutil.copytree(course, tmp_path / "course"))
    folder = three[1]
    code = ("import sys\nfrom lobsim.course.grade import grade\n"
            "if __name__ == '__main__':\n"
            f"    from grading_tools import QUICK\n"
            f"    grade({str(folder)!r}, {str(root)!r}, limits=QUICK, jobs=2)\n")
    script = tmp_path / "run.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    results = root / "grading" / "results" / LESSON
    for wanted in (1, 3):
        process = subprocess.Popen([sys.executable, str(script)], env=environment)
        deadline = time.monotonic() + 60
        while len(list(results.glob("*.json"))) < wanted and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        workers = _children(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 20
        while any(Path(f"/proc/{pid}").exists() for pid in workers):
            assert time.monotonic() < deadline, "a worker outlived its grader"
            time.sleep(0.1)
    done_before = {p.name: p.stat().st_mtime for p in results.glob("*.json")}
    _wait_for_lock(root)
    report = grade(folder, root, limits=QUICK, jobs=2)
    assert report.run <= 4 - len(done_before)
    assert totals(report) == totals(three[2])
    assert {p.name: p.stat().st_mtime for p in results.glob("*.json")}.items() \
        >= done_before.items(), "what was done is not done again"
    assert _gradebook(root) == _gradebook(three[0])


def _children(pid: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def _wait_for_lock(root: Path) -> None:
    """Workers of a killed run end by themselves within moments."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            from lobsim.course.grade import _only_one

            with _only_one(root / "grading"):
                return
        except GradingError:
            time.sleep(0.1)


def _gradebook(root: Path) -> dict:
    book = CourseGradebook(root)
    return {key: (m.total, m.points, m.needs_manual,
                  {n: (g.score, g.comment) for n, g in m.marks.items()})
            for key, m in book.marks([LESSON]).items()}


def test_only_what_changed_is_run_again(three, submit, tmp_path):
    root = Path(shutil.copytree(three[0], tmp_path / "course"))
    folder = Path(shutil.copytree(three[1], tmp_path / "submissions"))
    hand_in(folder, "broken", submit())
    hand_in(folder, "new", submit(mini_course.WRONG))
    report = grade(folder, root, limits=QUICK, jobs=1)
    assert report.run == 2
    assert totals(report) == {**totals(three[2]), "broken": 8.0, "new": 1.0}


def test_without_a_sandbox_it_refuses_in_one_sentence(course, tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "available", lambda: (False, "bwrap is not installed"))
    (tmp_path / "s").mkdir()
    with pytest.raises(GradingError, match="bwrap is not installed; or pass --trust-submissions"):
        grade(tmp_path / "s", course)


def test_trusted_submissions_keep_their_limits(three, submit, tmp_path, course):
    root = Path(shutil.copytree(course, tmp_path / "course"))
    folder = tmp_path / "submissions"
    hand_in(folder, "slow", submit(before={"double": ["while True: pass"]}))
    report = grade(folder, root, limits=SHORT, jobs=1, trust_submissions=True)
    assert totals(report) == {"slow": 8.0} and not report.sandboxed
    assert "stopped after 2 s" in report.rows[0].problems[0]


def test_two_gradings_of_one_course_do_not_run_at_once(three):
    from lobsim.course.grade import _only_one

    with _only_one(three[0] / "grading"), pytest.raises(GradingError, match="another"):
        grade(three[1], three[0], limits=QUICK)
