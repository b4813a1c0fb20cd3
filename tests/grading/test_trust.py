"""Without a sandbox nothing runs unless the instructor trusts it, and hears the price."""

import os
import shutil

import mini_course
import nbformat
import pytest
from typer.testing import CliRunner

from lobsim.cli import app
from lobsim.course import sandbox

LESSON = mini_course.NAME


@pytest.fixture
def no_sandbox(monkeypatch):
    """``no_sandbox(platform, program)``: a machine of that platform, with or without bwrap."""
    def become(platform, program="/usr/bin/bwrap"):
        monkeypatch.setattr(sandbox.sys, "platform", platform)
        which = shutil.which
        monkeypatch.setattr(sandbox.shutil, "which",
                            lambda name, *a, **k: program if name == "bwrap" else which(name))
        sandbox.available.cache_clear()

    yield become
    sandbox.available.cache_clear()


@pytest.fixture
def hand_ins(submit, tmp_path):
    folder = tmp_path / "hand_ins" / "ada" / LESSON
    folder.mkdir(parents=True)
    nbformat.write(submit(), folder / f"{LESSON}.ipynb")
    return tmp_path / "hand_ins"


def lobsim(course, *words):
    return CliRunner().invoke(app, list(words), env={**os.environ, "LOBSIM_COURSE": str(course)})


@pytest.mark.parametrize(("platform", "program", "advice"), [
    ("darwin", None, "Linux virtual machine or container"),
    ("win32", None, "Linux virtual machine or container"),
    ("linux", None, "package bubblewrap"),
])
def test_a_machine_without_a_sandbox_refuses_in_one_sentence_and_runs_nothing(
    fresh_course, hand_ins, no_sandbox, platform, program, advice
):
    no_sandbox(platform, program)
    done = lobsim(fresh_course, "grade", str(hand_ins))
    assert done.exit_code == 2
    (sentence,) = done.stderr.strip().splitlines()
    assert advice in sentence and "--trust-submissions" in sentence
    assert not (fresh_course / "submitted").exists()


def test_trusting_says_aloud_what_is_given_up_and_grades(fresh_course, hand_ins, no_sandbox):
    no_sandbox("linux", None)
    done = lobsim(fresh_course, "grade", str(hand_ins), "--trust-submissions")
    assert done.exit_code == 0, done.output
    told = " ".join((done.stdout + done.stderr).split())
    for lost in ("without a sandbox", "the gradebook", "hidden cases", "the network"):
        assert lost in told
    assert "8/10" in told
