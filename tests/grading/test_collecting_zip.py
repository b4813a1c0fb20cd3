"""A ZIP from strangers does no harm: no bomb, no way out, no link; nothing is dropped unsaid."""

import stat
import zipfile

import pytest

from lobsim.course import entries, submission
from lobsim.course.collect import collect

LESSONS = {"01_shortfall": {"b", "check_b"}}
NOTEBOOK = b'{"cells": [{"cell_type": "code", "source": "1", "metadata": {}}], "nbformat": 4}'
GOOD = "ada/01_shortfall/01_shortfall.ipynb"


def write(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


def test_names_that_lead_out_are_refused_and_nothing_is_written(tmp_path):
    inside = tmp_path / "in"
    inside.mkdir()
    bad = ["../ben/01_shortfall.ipynb", "/etc/01_shortfall.ipynb", "x/../../01_shortfall.ipynb",
           "C:/x/01_shortfall.ipynb", "..\\..\\01_shortfall.ipynb"]
    source = write(inside / "a.zip", [(name, NOTEBOOK) for name in [*bad, GOOD]])
    result = collect(source, LESSONS)
    assert [item.student for item in result.found] == ["ada"]
    refused = [line for line in result.unknown if "leads out" in line]
    assert len(refused) == len(bad)
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "a.zip"]


def test_links_and_devices_inside_are_refused(tmp_path):
    link, pipe = zipfile.ZipInfo("ben/01_shortfall.ipynb"), zipfile.ZipInfo("c/01_shortfall.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    pipe.external_attr = (stat.S_IFIFO | 0o644) << 16
    source = write(tmp_path / "a.zip", [(link, "/etc/passwd"), (pipe, ""), (GOOD, NOTEBOOK)])
    result = collect(source, LESSONS)
    assert [item.student for item in result.found] == ["ada"]
    assert any("a link" in line for line in result.unknown)
    assert any("no regular file" in line for line in result.unknown)


def test_a_bomb_is_unpacked_to_the_limit_and_no_further(tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "MAX_BYTES", 10_000)
    source = write(tmp_path / "a.zip", [("ben/01_shortfall.ipynb", b" " * 5_000_000),
                                        (GOOD, NOTEBOOK)])
    result = collect(source, LESSONS)
    ben = next(item for item in result.found if item.student == "ben")
    assert ben.content is None and "at most 10,000 are read" in ben.problems[0]
    assert next(item for item in result.found if item.student == "ada").content == NOTEBOOK


def test_many_large_files_together_end_at_a_limit_too(tmp_path, monkeypatch):
    monkeypatch.setattr(entries, "MAX_TOTAL_BYTES", 3 * len(NOTEBOOK))
    source = write(tmp_path / "a.zip",
                   [(f"s{n}/01_shortfall.ipynb", NOTEBOOK) for n in range(5)])
    read = [item.content is not None for item in collect(source, LESSONS).found]
    assert read == [True, True, True, False, False]


def test_too_many_entries_are_refused_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(entries, "MAX_ENTRIES", 3)
    source = write(tmp_path / "a.zip", [(f"s{n}/01_shortfall.ipynb", b"") for n in range(4)])
    with pytest.raises(entries.NotSubmissions, match="at most 3"):
        collect(source, LESSONS)


def test_a_damaged_entry_keeps_its_student_s_place(tmp_path):
    source = write(tmp_path / "a.zip", [("ben/01_shortfall.ipynb", NOTEBOOK * 50),
                                        (GOOD, NOTEBOOK)])
    content = bytearray(source.read_bytes())
    start = content.index(b"01_shortfall.ipynb") + len("01_shortfall.ipynb")
    content[start + 5:start + 15] = b"\xff" * 10
    source.write_bytes(content)
    result = collect(source, LESSONS)
    ben = next(item for item in result.found if item.student == "ben")
    assert ben.content is None and "damaged" in ben.problems[0]


def test_what_is_no_zip_is_told_in_one_sentence(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"not a zip")
    with pytest.raises(entries.NotSubmissions, match="cannot be read as a ZIP"):
        collect(tmp_path / "a.zip", LESSONS)
    assert "cannot be read" in collect(tmp_path, LESSONS).unknown[0]


def test_names_in_utf8_without_the_flag_are_read_right(tmp_path):
    source = write(tmp_path / "a.zip", [("xxxxx/01_shortfall.ipynb", NOTEBOOK)])
    content = source.read_bytes().replace(b"xxxxx/01", "zoë_/01".encode())
    source.write_bytes(content)
    assert [item.student for item in collect(source, LESSONS).found] == ["zoë_"]


def test_mac_s_shadow_files_and_hidden_ones_are_passed_over(tmp_path):
    source = write(tmp_path / "a.zip", [(f"__MACOSX/{GOOD}", b"x"), (GOOD, NOTEBOOK),
                                        ("ada/01_shortfall/._01_shortfall.ipynb", b"x"),
                                        (".DS_Store", b"x")])
    result = collect(source, LESSONS)
    assert len(result.found) == 1 and not result.unknown


def test_a_time_beside_the_notebook_in_a_zip_is_kept(tmp_path):
    source = write(tmp_path / "a.zip", [
        (GOOD, NOTEBOOK), ("ada/01_shortfall/timestamp.txt", "2026-01-02 03:04:05 UTC\n")])
    assert collect(source, LESSONS).found[0].timestamp == "2026-01-02 03:04:05 UTC"
