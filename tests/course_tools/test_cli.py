"""The command line: exit status 0, 1 or 2, one sentence for what a user can cause, JSON."""

import json
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from lobsim import __version__
from lobsim.cli import app

LESSON = "01_tiny"


@pytest.fixture
def run(tiny_course, tmp_path, monkeypatch):
    """``run("check", "01") -> (status, output, errors)`` on a workspace of its own."""
    course = tmp_path / "course"
    shutil.copytree(tiny_course, course)
    monkeypatch.setenv("LOBSIM_COURSE", str(course))
    monkeypatch.setenv("LOBSIM_WORKSPACE", str(tmp_path / "work"))

    def run(*arguments):
        done = CliRunner().invoke(app, list(map(str, arguments)))
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout, done.stderr

    run.notebook = tmp_path / "work" / LESSON / f"{LESSON}.ipynb"
    run.course = course
    return run


def refused(outcome, *words):
    status, _, errors = outcome
    assert status == 2
    assert errors.startswith("lobsim: ") and errors.count("\n") == 1, errors
    for word in words:
        assert word in errors


def test_help_and_version_load_nothing_heavy():
    for option in ("--help", "--version"):
        command = [sys.executable, "-m", "lobsim", option]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"lobsim {__version__}"
    heavy = {"numpy", "numba", "pandas", "matplotlib", "nbformat", "nbgrader", "jupyterlab", "torch"}
    code = f"import sys, lobsim.cli; print(sorted(set({sorted(heavy)}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_lesson_is_prepared_checked_reset_and_handed_in(run, solve, tmp_path):
    assert run("lab", "--prepare-only")[0] == 0
    status, text, _ = run("check", "1")
    assert status == 1 and "not done yet" in text and "Begin with Exercise 1: Double" in text

    solve(run.notebook, double="return x * x", total="return sum(xs)")
    status, text, _ = run("check")
    assert status == 1
    assert "squares instead of doubling" in text and "✓ Exercise 2: Add" in text
    assert "271828" not in text, "a hidden case was shown"
    assert "other numbers" in text, "the category of the hidden part is missing"

    status, text, _ = run("progress", "--json")
    (lesson,) = json.loads(text)
    assert status == 0 and (lesson["earned"], lesson["points"]) == (3.0, 6.0)

    status, text, _ = run("lab", "--prepare-only", "--reset", "01")
    assert status == 0 and "backups" in text
    solve(run.notebook, double="return 2 * x", total="return sum(xs)")
    status, text, _ = run("check", "--json")
    (report,) = json.loads(text)
    assert status == 0 and report["complete"] and report["earned"] == report["points"] == 6.0
    assert report["written"] == [{"name": "why", "points": 2.0, "answered": False}]

    drop = tmp_path / "drop"
    status, text, _ = run("handin", "1", "--to", drop, "--student", "ada", "--json")
    assert status == 0 and json.loads(text)["student"] == "ada"
    assert (drop / "ada" / LESSON / f"{LESSON}.ipynb").read_bytes() == run.notebook.read_bytes()


@pytest.mark.parametrize("damage", [b"", b"not a notebook", b'{"cells": 1}'])
def test_a_damaged_notebook_is_explained_not_thrown(run, damage):
    run("lab", "--prepare-only")
    run.notebook.write_bytes(damage)
    status, text, _ = run("check", "1")
    assert status == 1 and "--reset" in text
    assert run.notebook.read_bytes() == damage
    assert run("progress")[0] == 0


def test_a_notebook_that_stops_in_a_cell_is_checked_as_far_as_it_goes(run, solve):
    run("lab", "--prepare-only")
    solve(run.notebook, double="return 2 * x", total="syntax error here")
    status, text, _ = run("check", "1")
    assert status == 1 and "✓ Exercise 1: Double" in text and "Exercise 2: Add" in text


def test_what_a_user_can_get_wrong_is_told_in_one_sentence(run, tmp_path, monkeypatch):
    refused(run("lab", "7", "--prepare-only"), "'7'", LESSON)
    refused(run("check", "nothing"), "'nothing'", LESSON)
    refused(run("check", "1"), "does not exist", "lobsim lab")
    refused(run("lab", "-w", run.course / "lessons", "--prepare-only"), "folder of its own")
    refused(run("handin", "1", "--to", tmp_path, "--student", "../eve"), "not a name")
    refused(run("release", "9"), "'9'")
    refused(run("grade", tmp_path / "nowhere"), "nowhere")
    refused(run("data", "inspect", tmp_path / "nowhere.csv"), "nowhere.csv")
    monkeypatch.setenv("LOBSIM_COURSE", str(tmp_path / "no_course"))
    refused(run("progress"), "no_course")
    assert run("no-such-command")[0] == 2


def test_release_says_what_is_out_of_step(run):
    assert run("release", "--check")[0] == 0
    lesson = run.course / "lessons" / LESSON / f"{LESSON}.ipynb"
    original = lesson.read_bytes()
    lesson.write_bytes(original.replace(b"Tiny lesson", b"Tinier lesson"))
    status, text, _ = run("release", "--check")
    assert status == 1 and f"{LESSON}.ipynb" in text
    assert run("release")[0] == 0 and lesson.read_bytes() == original


def test_doctor_tells_good_from_bad_and_how_to_mend(run):
    status, text, _ = run("doctor", "--json")
    findings = {one["name"]: one for one in json.loads(text)}
    assert status == 1 and findings["data"]["state"] == "bad" and findings["data"]["fix"]
    assert findings["python"]["state"] in ("good", "note")
    assert findings["kernel"]["state"] == "good" and findings["packages"]["state"] == "good"
    for one in findings.values():
        assert one["state"] == "good" or one["fix"], f"{one['name']} does not say how to mend it"
