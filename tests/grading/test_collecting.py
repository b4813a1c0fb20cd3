"""Submissions are found in every layout; links and strangers are named, never followed."""

import mini_course
import nbformat
import pytest

from lobsim.course.collect import collect

LESSONS = {"00_order_book": {"a", "check_a"}, "01_shortfall": {"b", "check_b"}}
NOTEBOOK = b'{"cells": [{"cell_type": "code", "source": "1", "metadata": {}}], "nbformat": 4}'


def put(path, content=NOTEBOOK):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def found(folder):
    return [(f.student, f.lesson) for f in collect(folder, LESSONS).found]


def test_three_layouts_are_known(tmp_path):
    put(tmp_path / "ada" / "01_shortfall" / "01_shortfall.ipynb")
    put(tmp_path / "ben" / "01_shortfall.ipynb")
    put(tmp_path / "cem__00_order_book.ipynb")
    result = collect(tmp_path, LESSONS)
    assert [(f.student, f.lesson) for f in result.found] == [
        ("ada", "01_shortfall"), ("ben", "01_shortfall"), ("cem", "00_order_book")]
    assert not result.unknown and not any(f.problems for f in result.found)


def test_wrong_names_are_recognised_and_told(tmp_path):
    put(tmp_path / "ada" / "01_shortfall" / "Untitled.ipynb")
    put(tmp_path / "ben" / "01_shortfall (1).ipynb")
    put(tmp_path / "cem" / "01.ipynb")
    cells = {"cells": [{"metadata": {"nbgrader": {"grade_id": "a"}}}], "nbformat": 4}
    import json

    put(tmp_path / "dan" / "homework.ipynb", json.dumps(cells).encode())
    result = collect(tmp_path, LESSONS)
    assert [(f.student, f.lesson) for f in result.found] == [
        ("ada", "01_shortfall"), ("ben", "01_shortfall"), ("cem", "01_shortfall"),
        ("dan", "00_order_book")]
    assert all("the file is called" in f.problems[0] for f in result.found)


def test_links_are_refused_and_keep_their_place(tmp_path):
    secret = tmp_path / "secret.ipynb"
    put(secret)
    folder = tmp_path / "in"
    (folder / "ada").mkdir(parents=True)
    (folder / "ada" / "01_shortfall.ipynb").symlink_to(secret)
    (folder / "ben").symlink_to(tmp_path)
    (folder / "cem").mkdir()
    (folder / "cem" / "01_shortfall").symlink_to(tmp_path)
    result = collect(folder, LESSONS)
    assert [(f.student, f.content) for f in result.found] == [("ada", None)]
    assert "link" in result.found[0].problems[0]
    assert [line.split(":")[0] for line in result.unknown] == ["ben", "cem/01_shortfall", "cem"]


def test_a_pipe_does_not_hang_the_search(tmp_path):
    import os

    (tmp_path / "ada").mkdir()
    os.mkfifo(tmp_path / "ada" / "01_shortfall.ipynb")
    result = collect(tmp_path, LESSONS)
    assert result.found[0].content is None and "regular" in result.found[0].problems[0]


def test_strangers_are_named(tmp_path):
    put(tmp_path / "ada" / "essay.txt")
    put(tmp_path / "notes.ipynb")
    put(tmp_path / "ben" / "poem.ipynb")
    result = collect(tmp_path, LESSONS)
    assert not result.found
    assert len(result.unknown) == 4


def test_the_newest_readable_one_counts(tmp_path):
    import os

    put(tmp_path / "ada" / "01_shortfall.ipynb", NOTEBOOK)
    put(tmp_path / "ada__01_shortfall.ipynb", NOTEBOOK + b" ")
    os.utime(tmp_path / "ada" / "01_shortfall.ipynb", (1, 1))
    (only,) = collect(tmp_path, LESSONS).found
    assert only.content.endswith(b" ") and "more than once" in only.problems[0]


def test_odd_student_names_are_made_safe_and_told(tmp_path):
    put(tmp_path / "ada*[lovelace]" / "01_shortfall.ipynb")
    (only,) = collect(tmp_path, LESSONS).found
    assert only.student == "ada__lovelace_" and "written" in only.problems[0]


def test_a_timestamp_beside_the_notebook_is_kept(tmp_path):
    put(tmp_path / "ada" / "01_shortfall" / "01_shortfall.ipynb")
    put(tmp_path / "ada" / "01_shortfall" / "timestamp.txt", b"2026-01-02 03:04:05 UTC\n")
    assert collect(tmp_path, LESSONS).found[0].timestamp == "2026-01-02 03:04:05 UTC"


def test_a_file_is_no_folder(tmp_path):
    put(tmp_path / "a.ipynb")
    with pytest.raises(NotADirectoryError, match="not a folder"):
        collect(tmp_path / "a.ipynb", LESSONS)


def test_the_released_lesson_is_recognised_by_its_cells(course, tmp_path):
    from lobsim.course import submission

    released = submission.read_trusted(
        course / "lessons" / mini_course.NAME / f"{mini_course.NAME}.ipynb")
    put(tmp_path / "ada" / "x.ipynb", nbformat.writes(released).encode())
    ids = {mini_course.NAME: set(submission.marked_cells(released))}
    assert collect(tmp_path, ids).found[0].lesson == mini_course.NAME
