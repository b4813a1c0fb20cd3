"""A hand-in lands where the grader looks, comes with a receipt, and never replaces the last one."""

import hashlib
import json

import pytest

from lobsim.course.handin import hand_in
from lobsim.course.workspace import Workspace, WorkspaceError

LESSON = "01_shortfall"


@pytest.fixture
def own(tmp_path):
    lesson = tmp_path / "course" / "lessons" / LESSON
    lesson.mkdir(parents=True)
    (lesson / f"{LESSON}.ipynb").write_text('{"cells": []}')
    workspace = Workspace(tmp_path / "work", tmp_path / "course")
    workspace.prepare()
    return workspace


def test_the_receipt_proves_what_was_handed_in(own, tmp_path):
    receipt = hand_in(own, LESSON, tmp_path / "drop", "ada")
    target = tmp_path / "drop" / "ada" / LESSON / f"{LESSON}.ipynb"
    assert receipt.notebook == str(target)
    assert receipt.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert (target.parent / "timestamp.txt").read_text().endswith("UTC")
    (kept,) = (own.state / "receipts").glob("*.json")
    assert json.loads(kept.read_text())["sha256"] == receipt.sha256


def test_every_earlier_hand_in_is_kept_apart_from_the_students(own, tmp_path):
    drop = tmp_path / "drop"
    versions = [json.dumps({"cells": [], "metadata": {"version": n}}) for n in range(4)]
    for version in versions:
        own.notebook(LESSON).write_text(version)
        hand_in(own, LESSON, drop, "ada")
    assert (drop / "ada" / LESSON / f"{LESSON}.ipynb").read_text() == versions[-1]
    earlier = [p.read_text() for p in sorted((drop / ".earlier").rglob("*.ipynb"))]
    assert earlier == versions[:-1]
    assert [p.name for p in drop.iterdir() if not p.name.startswith(".")] == ["ada"]


@pytest.mark.parametrize("name", ["", "../eve", "a b", ".hidden", "x" * 65, "a/b", "é"])
def test_a_name_that_cannot_be_a_folder_is_refused(own, tmp_path, name):
    with pytest.raises(WorkspaceError, match="is not a name for hand-ins"):
        hand_in(own, LESSON, tmp_path / "drop", name)
    assert not (tmp_path / "drop").exists()


def test_a_damaged_or_missing_notebook_is_refused_with_a_way_out(own, tmp_path):
    own.notebook(LESSON).write_text("{")
    with pytest.raises(WorkspaceError, match="damaged.*--reset"):
        hand_in(own, LESSON, tmp_path / "drop", "ada")
    own.notebook(LESSON).unlink()
    with pytest.raises(WorkspaceError, match="nothing to hand in"):
        hand_in(own, LESSON, tmp_path / "drop", "ada")
