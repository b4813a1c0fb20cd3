"""`lobsim grade`, killed at any moment and started again, finishes the rest and repeats nothing.

Each kill costs seconds: five by default, twenty with ``LOBSIM_KILLS=20``.
"""

import os
import random
import shutil
import time
from pathlib import Path

import pytest
from whole_class import (
    ANSWERS,
    BROKEN,
    LESSON,
    Victims,
    finish,
    finish_runs,
    hand_in_all,
    picture,
    remains,
    results,
    see_finished,
    see_same,
    start,
)

from lobsim.course.sandbox import lesson_files

KILLS = int(os.environ.get("LOBSIM_KILLS", "5"))
KILLS_WHILE_RUNNING = max(2, round(0.4 * KILLS))
KILLS_WHILE_WRITING = max(3, KILLS - KILLS_WHILE_RUNNING)


@pytest.fixture(scope="module")
def submissions(course, tmp_path_factory):
    return hand_in_all(tmp_path_factory.mktemp("class") / "submissions", course)


def fresh(course: Path, place: Path, name: str) -> Path:
    return Path(shutil.copytree(course, place / name / "course"))


def test_kills_while_submissions_run_change_nothing_of_the_outcome(
        course, submissions, tmp_path, shut_in):
    calm = fresh(course, tmp_path, "calm")
    began = time.monotonic()
    finish(calm, submissions)
    length_s = time.monotonic() - began

    draw, victims, kills = random.Random(20270201), Victims(), 0
    for attempt in range(5):
        root = fresh(course, tmp_path, f"killed{attempt}")
        finished = {}
        while kills < KILLS_WHILE_RUNNING:
            process = start(root, submissions)
            deadline = time.monotonic() + draw.uniform(0.1, 1.0) * length_s
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            if process.poll() is None:
                victims.kill(process, whole_group=kills % 2 == 0)
                kills += 1
            now = results(root)
            assert now.items() >= finished.items(), "a finished result was made again"
            finished = now
            if process.returncode == 1:  # came to its end before it was killed
                break
        victims.wait()
        finish(root, submissions)
        assert results(root).items() >= finished.items(), "a finished result was made again"
        see_same(picture(root), picture(calm))
        assert not remains(root) and not victims.temporary_folders()
        if kills == KILLS_WHILE_RUNNING:
            break
    assert kills == KILLS_WHILE_RUNNING
    kept = root / "submitted"
    for student in (*ANSWERS, *BROKEN):
        inside = Path(student) / LESSON / f"{LESSON}.ipynb"
        assert (kept / inside).read_bytes() == (submissions / inside).read_bytes()


def test_kills_of_the_writer_leave_marks_pages_and_report_whole(
        course, submissions, tmp_path, shut_in):
    def ready(name: str) -> Path:
        root = fresh(course, tmp_path, name)
        finish_runs(root, submissions)
        return root

    calm = ready("calm")
    process = start(calm, submissions)
    began = _when_locked(calm)
    see_finished(process, calm)
    length_s = time.monotonic() - began

    draw, victims, kills = random.Random(20270202), Victims(), 0
    for attempt in range(KILLS_WHILE_WRITING):
        root = ready(f"killed{attempt}")
        before = results(root)
        while kills < KILLS_WHILE_WRITING:
            (root / "grading" / ".lock").unlink(missing_ok=True)
            process = start(root, submissions)
            deadline = _when_locked(root) + draw.uniform(0.0, 1.0) * length_s
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            if process.poll() is not None:
                break
            victims.kill(process, whole_group=kills % 2 == 0)
            kills += 1
        victims.wait()
        finish(root, submissions)
        assert results(root) == before, "something was run that had its result"
        see_same(picture(root), picture(calm))
        assert not remains(root) and not victims.temporary_folders()
        if kills == KILLS_WHILE_WRITING:
            break
    assert kills == KILLS_WHILE_WRITING


def _when_locked(root: Path) -> float:
    """The moment at which the command begins its work on the course."""
    deadline = time.monotonic() + 120
    while not (root / "grading" / ".lock").is_file():
        assert time.monotonic() < deadline, "the command does not begin"
        time.sleep(0.001)
    return time.monotonic()


def test_a_run_with_nothing_new_changes_no_byte_and_starts_no_kernel(
        course, submissions, tmp_path, shut_in):
    root = fresh(course, tmp_path, "done")
    finish_runs(root, submissions)
    finish(root, submissions)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes())
              for path in root.rglob("*") if path.is_file() and path.name != ".lock"}
    finish(root, submissions)
    after = {path: (path.stat().st_mtime_ns, path.read_bytes())
             for path in root.rglob("*") if path.is_file() and path.name != ".lock"}
    assert after == before


def test_a_copy_of_a_lessons_file_that_was_cut_off_is_made_whole(
        course, submissions, tmp_path, shut_in):
    root = fresh(course, tmp_path, "torn")
    finish_runs(root, submissions)
    names = [name for _, name in lesson_files(root / "lessons" / LESSON)]
    assert names
    beside = root / "autograded" / "ada" / LESSON
    beside.mkdir(parents=True)
    for name in names:  # as a kill between the opening and the writing of a copy leaves it
        (beside / name).touch()
    finish(root, submissions)
    for name in names:
        assert (beside / name).read_bytes() == (root / "lessons" / LESSON / name).read_bytes()
