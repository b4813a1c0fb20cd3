"""The workspace never loses work: not to an update, a reset, an interruption or bad luck."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lobsim.course import workspace as module
from lobsim.course.workspace import Workspace, WorkspaceError, fingerprint, resolve_lesson

LESSONS = ("00_start", "01_shortfall")


def notebook(*sources: str, output: str = "", tags: tuple[str, ...] = ()) -> bytes:
    """A small notebook; outputs and metadata are what a run or JupyterLab would change."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {"tags": list(tags)},
            "execution_count": 3 if output else None,
            "source": source.splitlines(keepends=True),
            "outputs": [{"output_type": "stream", "name": "stdout", "text": output}],
        }
        for number, source in enumerate(sources)
    ]
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1).encode()


def make_course(folder: Path) -> Path:
    for lesson in LESSONS:
        write(folder / "lessons" / lesson / f"{lesson}.ipynb", notebook(lesson, "answer = ..."))
        write(folder / "lessons" / lesson / "checks.json", b"{}")
    return folder


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def own(tmp_path):
    return Workspace(tmp_path / "work", make_course(tmp_path / "course"))


def actions(deliveries) -> dict[str, str]:
    return {f"{d.lesson}/{d.file}": d.action for d in deliveries}


def everything(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def update(own: Workspace, lesson: str, *sources: str) -> bytes:
    content = notebook(*sources)
    write(own.original(lesson), content)
    return content


def test_every_lesson_is_delivered_once_and_then_left_alone(own):
    assert set(actions(own.prepare()).values()) == {"new"}
    before = {path: path.stat().st_mtime_ns for path in own.folder.rglob("*.ipynb")}
    assert set(actions(own.prepare()).values()) == {"current"}
    assert {path: path.stat().st_mtime_ns for path in own.folder.rglob("*.ipynb")} == before
    for lesson in LESSONS:
        assert own.notebook(lesson).read_bytes() == own.original(lesson).read_bytes()


def test_an_update_replaces_a_copy_that_was_only_run(own):
    own.prepare()
    own.notebook(LESSONS[1]).write_bytes(
        notebook(LESSONS[1], "answer = ...", output="42", tags=("seen",))
    )
    newer = update(own, LESSONS[1], "better text", "answer = ...")
    assert actions(own.prepare())[f"{LESSONS[1]}/{LESSONS[1]}.ipynb"] == "updated"
    assert own.notebook(LESSONS[1]).read_bytes() == newer


def test_an_update_arrives_beside_work_and_only_once(own):
    own.prepare()
    work = notebook(LESSONS[1], "answer = 42")
    own.notebook(LESSONS[1]).write_bytes(work)
    newer = update(own, LESSONS[1], "better text", "answer = ...")
    (beside,) = [d for d in own.prepare() if d.action == "beside"]
    assert own.notebook(LESSONS[1]).read_bytes() == work
    assert beside.path.read_bytes() == newer and beside.path.parent == own.folder / LESSONS[1]
    beside.path.unlink()
    assert actions(own.prepare())[f"{LESSONS[1]}/{LESSONS[1]}.ipynb"] == "kept"
    assert not beside.path.exists(), "an update that the learner threw away came back"


def test_work_in_a_copy_that_arrived_beside_is_kept_as_well(own):
    own.prepare()
    own.notebook(LESSONS[0]).write_bytes(notebook("mine"))
    update(own, LESSONS[0], "second edition")
    (second,) = [d.path for d in own.prepare() if d.action == "beside"]
    second.write_bytes(notebook("mine in the second edition"))
    update(own, LESSONS[0], "third edition")
    (third,) = [d.path for d in own.prepare() if d.action == "beside"]
    assert third != second
    assert second.read_bytes() == notebook("mine in the second edition")


def test_a_notebook_of_unknown_origin_counts_as_work(own):
    stranger = notebook("somebody's notes")
    write(own.notebook(LESSONS[0]), stranger)
    own.prepare()
    assert own.notebook(LESSONS[0]).read_bytes() == stranger


@pytest.mark.parametrize("damage", [b"", b"not json", b'{"files": 3}', b"[]"])
def test_a_damaged_list_of_deliveries_costs_no_work(own, damage):
    own.prepare()
    work = notebook("mine")
    own.notebook(LESSONS[0]).write_bytes(work)
    (own.state / "delivered.json").write_bytes(damage)
    update(own, LESSONS[0], "second edition")
    own.prepare()
    assert own.notebook(LESSONS[0]).read_bytes() == work


def test_damaged_checks_are_put_back(own):
    own.prepare()
    checks = own.folder / LESSONS[0] / "checks.json"
    checks.write_bytes(b'{"half')
    own.prepare()
    assert checks.read_bytes() == b"{}"


def test_a_deleted_notebook_is_delivered_again(own):
    own.prepare()
    own.notebook(LESSONS[0]).unlink()
    assert actions(own.prepare())[f"{LESSONS[0]}/{LESSONS[0]}.ipynb"] == "new"
    assert own.notebook(LESSONS[0]).is_file()


def test_reset_keeps_the_work_and_says_where(own):
    own.prepare()
    work = b"half a notebook {"
    own.notebook(LESSONS[1]).write_bytes(work)
    write(own.folder / LESSONS[1] / "notes.md", b"my notes")
    done = own.reset(LESSONS[1])
    assert (done.backup / f"{LESSONS[1]}.ipynb").read_bytes() == work
    assert own.notebook(LESSONS[1]).read_bytes() == own.original(LESSONS[1]).read_bytes()
    assert (own.folder / LESSONS[1] / "notes.md").read_bytes() == b"my notes"
    assert own.reset(LESSONS[1]).backup is None, "nothing was changed, so nothing to keep"


def test_two_resets_in_one_second_keep_two_backups(own):
    import datetime as dt

    now = dt.datetime(2026, 1, 2, 3, 4, 5)
    own.prepare()
    for work in (notebook("first"), notebook("second")):
        own.notebook(LESSONS[0]).write_bytes(work)
        own.reset(LESSONS[0], now)
    kept = everything(own.folder / "backups")
    assert notebook("first") in kept and notebook("second") in kept


def test_an_interrupted_write_leaves_the_old_file_and_no_part(own, monkeypatch):
    own.prepare()
    before = own.notebook(LESSONS[0]).read_bytes()
    update(own, LESSONS[0], "second edition")

    def pull_the_plug(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.os, "replace", pull_the_plug)
    with pytest.raises(KeyboardInterrupt):
        own.prepare()
    assert own.notebook(LESSONS[0]).read_bytes() == before
    assert not list(own.folder.rglob("*.part"))
    monkeypatch.undo()
    assert actions(own.prepare())[f"{LESSONS[0]}/{LESSONS[0]}.ipynb"] == "updated"


@pytest.mark.skipif(os.name != "posix", reason="links need a POSIX system")
def test_a_link_in_place_of_a_notebook_is_never_followed_or_replaced(own, tmp_path):
    own.prepare()
    elsewhere = tmp_path / "elsewhere.ipynb"
    elsewhere.write_bytes(own.original(LESSONS[0]).read_bytes())
    own.notebook(LESSONS[0]).unlink()
    own.notebook(LESSONS[0]).symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    update(own, LESSONS[0], "second edition")
    own.prepare()
    assert own.notebook(LESSONS[0]).is_symlink() and elsewhere.read_bytes() == before
    with pytest.raises(WorkspaceError, match="not a regular file"):
        own.reset(LESSONS[0])


def test_the_learner_comes_back_to_the_lesson_changed_last(own):
    own.prepare()
    assert own.where_left_off() == LESSONS[0]
    own.notebook(LESSONS[1]).write_bytes(notebook("mine"))
    assert own.where_left_off() == LESSONS[1]
    own.notebook(LESSONS[0]).write_bytes(notebook("mine"))
    os.utime(own.notebook(LESSONS[1]), (1, 1))
    assert own.where_left_off() == LESSONS[0]


@pytest.mark.parametrize("place", ["", "lessons", "solutions/x", "data/mine"])
def test_a_workspace_inside_the_course_s_own_folders_is_refused(own, place):
    with pytest.raises(WorkspaceError, match="choose a folder of its own"):
        Workspace(own.course / place, own.course)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("0", 0), ("01", 1), ("1", 1), ("shortfall", 1), ("01_shortfall", 1), ("00_start/", 0)],
)
def test_a_lesson_is_found_by_number_name_or_part(wanted, found):
    assert resolve_lesson(wanted, list(LESSONS)) == LESSONS[found]


@pytest.mark.parametrize("wanted", ["7", "", "art", "../00_start/x", "no such"])
def test_an_unknown_or_ambiguous_lesson_is_refused_with_the_names(wanted):
    with pytest.raises(WorkspaceError, match="00_start, 01_shortfall") as refusal:
        resolve_lesson(wanted, ["00_start", "01_shortfall", "02_art_start"])
    assert "\n" not in str(refusal.value)


def test_only_what_a_learner_types_counts_as_work():
    plain = notebook("a = 1", "b = 2")
    assert fingerprint(plain, "x.ipynb") == fingerprint(
        notebook("a = 1", "b = 2", output="9", tags=("t",)), "x.ipynb"
    )
    assert fingerprint(plain, "x.ipynb") != fingerprint(notebook("a = 1", "b = 3"), "x.ipynb")
    assert fingerprint(plain, "x.ipynb") != fingerprint(notebook("a = 1b = 2"), "x.ipynb")
    assert fingerprint(plain, "x.csv") != fingerprint(plain + b" ", "x.csv")


class WorkIsNeverLost(RuleBasedStateMachine):
    """Any sequence of edits, updates, deliveries and resets keeps every version of the work.

    "Kept" means: what lay in a lesson's folder before a tool ran can still be read, with the
    same cells, somewhere in the workspace after it.
    """

    @initialize()
    def begin(self):
        self.base = Path(tempfile.mkdtemp(prefix="lobsim-test-"))
        self.own = Workspace(self.base / "work", make_course(self.base / "course"))
        self.number = 0
        self.work: set[bytes] = set()  # what the learner wrote and did not overwrite herself

    def teardown(self):
        if hasattr(self, "base"):
            shutil.rmtree(self.base)

    def _places(self, lesson):
        return sorted((self.own.folder / lesson).glob("*.ipynb")) or [self.own.notebook(lesson)]

    @rule(lesson=st.sampled_from(LESSONS), which=st.integers(0, 3), damaged=st.booleans())
    def edit(self, lesson, which, damaged):
        places = self._places(lesson)
        place = places[which % len(places)]
        if place.exists():
            self.work.discard(place.read_bytes())
        self.number += 1
        content = notebook(f"work {self.number}")
        write(place, content[: len(content) // 2] if damaged else content)
        self.work.add(place.read_bytes())

    @rule(lesson=st.sampled_from(LESSONS), edition=st.integers(0, 3))
    def the_course_changes(self, lesson, edition):
        update(self.own, lesson, f"edition {edition}", "answer = ...")

    @rule()
    def deliver(self):
        before = {path: path.read_bytes() for path in self.own.folder.glob("*/*.ipynb")}
        self.own.prepare()
        for path, content in before.items():
            if content in self.work:
                assert path.read_bytes() == content, f"{path} was overwritten"

    @rule(lesson=st.sampled_from(LESSONS))
    def reset(self, lesson):
        self.own.reset(lesson)
        assert self.own.notebook(lesson).read_bytes() == self.own.original(lesson).read_bytes()

    @rule()
    def the_list_is_damaged(self):
        write(self.own.state / "delivered.json", b"{")

    @invariant()
    def all_work_is_there(self):
        if hasattr(self, "own"):
            missing = self.work - set(everything(self.own.folder))
            assert not missing, f"{len(missing)} versions of the work are gone"


WorkIsNeverLost.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
test_any_sequence_of_edits_updates_and_resets_keeps_every_version = WorkIsNeverLost.TestCase
