"""A catalogue of hostile and broken submissions among honest ones: none harms, none gains.

`python tests/benchmarks/hostile_table.py` shows the same catalogue beside stock nbgrader.
"""

import csv
import hashlib
import shutil
import time
from html.parser import HTMLParser
from pathlib import Path

import hostile
import psutil
import pytest
from grading_tools import QUICK
from hostile.desk import LESSON, SECRETS

from lobsim.course import fork_server
from lobsim.course.grade import grade

pytestmark = pytest.mark.usefixtures("shut_in")
HONEST = 10
# Far more than an honest cell needs even where many others are at work on the machine.
LIMITS = QUICK.but(cell_s=8, grace_s=3, notebook_s=50, checks_s=60, start_s=120,
                   group_memory_bytes=1024**3)
CASES = {case.name: case for case in hostile.CASES}


def fingerprints(folder: Path, pattern: str = "*") -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob(pattern)) if path.is_file() and not path.is_symlink()}


OUTSIDE = [Path.home() / "lobsim-was-here", *map(Path, (
    "/tmp/lobsim-was-here", "/etc/lobsim-was-here", "/usr/lobsim-was-here", "/tmp/filler-0"))]


def at_work_on(course: Path) -> list[str]:
    """Command lines of processes that know the course: sandboxes, and what a case left behind.

    The system takes a moment to end a sandbox whose grader has ended.
    """
    deadline = time.monotonic() + 30
    while True:
        lines = [" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"])]
        found = [line for line in lines if str(course) in line]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


class Acting(HTMLParser):
    """Collects what a page would run, load or send when it is opened or clicked on."""

    TAGS = ("script", "iframe", "frame", "object", "embed", "form", "base", "link")

    def __init__(self, text: str):
        super().__init__()
        self.found = []
        self.in_style = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.in_style = tag == "style"
        if tag in self.TAGS or (tag, "refresh") in [(tag, (v or "").lower()) for _, v in attrs]:
            self.found.append(tag)
        for name, value in attrs:
            value = "".join((value or "").lower().split())
            if (name.startswith("on") or value.startswith(("javascript:", "data:text"))
                    or name in ("src", "srcset", "action", "poster", "background", "xlink:href")
                    and not value.startswith("data:image/")
                    or name == "style" and "url(" in value):
                self.found.append(f"{tag} {name}={value[:50]}")

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        self.in_style = False

    def handle_data(self, data):
        if self.in_style and ("url(" in data or "@import" in data):
            self.found.append(data[:50])


class Graded:
    """One grading, with what was there before and after it."""

    def __init__(self, course: Path, folder: Path, cases, jobs: int):
        self.root = Path(shutil.copytree(course, folder / "course"))
        self.submissions = folder / "submissions"
        self.submissions.mkdir()
        desk = hostile.Desk(self.root)
        self.deserved = {}
        for student, (notebook, points) in hostile.honest(desk, HONEST).items():
            hostile.Case(student, "", lambda _, n=notebook: n, points).hand_in(
                desk, self.submissions)
            self.deserved[student] = points
        for case in cases:
            case.hand_in(desk, self.submissions)
        self.handed_in = fingerprints(self.submissions)
        self.sources = fingerprints(self.root / "solutions"), fingerprints(self.root / "lessons")
        there = {path for path in OUTSIDE if path.exists()}
        try:
            self.report = grade(self.submissions, self.root, limits=LIMITS, jobs=jobs)
        finally:
            fork_server.close_all()  # with one job they are this process's own
        self.rows = {row.student: row for row in self.report.rows}
        self.alive = at_work_on(self.root)
        inside = self.root / "lobsim-was-here"
        self.written = [p for p in (*OUTSIDE, inside) if p.exists() and p not in there]

    def honest_rows(self) -> dict:
        return {s: (self.rows[s].total, self.rows[s].exercises, self.rows[s].problems)
                for s in self.deserved}

    def pages(self) -> list[Path]:
        return [p for side in ("feedback", "autograded") for p in (self.root / side).rglob("*")
                if p.is_file()]


@pytest.fixture(scope="module")
def warm_kernels():
    """Every kernel is forked, the first one too: a cold one imports for seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(fork_server.SWITCH, "1")
        yield


@pytest.fixture(scope="module")
def together(course, tmp_path_factory, warm_kernels):
    """All of the catalogue and the honest submissions, before, between and after, in one run."""
    return Graded(course, tmp_path_factory.mktemp("together"), hostile.CASES, 2)


@pytest.fixture(scope="module")
def alone(course, tmp_path_factory, warm_kernels):
    return Graded(course, tmp_path_factory.mktemp("alone"), (), 1)


def test_the_catalogue_is_large_and_every_case_is_its_own(course):
    assert len(CASES) == len(hostile.CASES) >= 60
    desk = hostile.Desk(course)
    made = {desk.bytes(case.notebook(desk)) for case in hostile.CASES if case.place is None}
    assert len(made) == sum(case.place is None for case in hostile.CASES)


@pytest.mark.parametrize("name", CASES)
def test_each_gets_what_it_deserves_and_is_told_what_was_wrong(together, name):
    case = CASES[name]
    row = together.rows[case.marked_as]
    assert row.total == case.deserved, row.problems
    assert case.told(" ".join(row.problems)), row.problems


def test_marks_of_honest_ones_are_the_same_with_and_without_the_others(together, alone):
    assert together.honest_rows() == alone.honest_rows()
    assert {s: row[0] for s, row in alone.honest_rows().items()} == alone.deserved
    assert not [s for s, row in alone.honest_rows().items() if row[2]], "nothing to complain of"


def test_every_submission_is_in_the_marks_and_none_was_lost(together):
    assert not together.report.errors
    assert set(together.rows) == {*together.deserved, *(c.marked_as for c in hostile.CASES)}
    with (together.root / "grading" / "marks.csv").open(newline="") as file:
        assert {row["student"] for row in csv.DictReader(file)} == set(together.rows)


def test_originals_and_sources_are_kept_byte_for_byte(together):
    assert fingerprints(together.submissions) == together.handed_in
    assert together.sources == (fingerprints(together.root / "solutions"),
                                fingerprints(together.root / "lessons"))
    for student in together.deserved:
        mine = f"{student}/{LESSON}/{LESSON}.ipynb"
        assert fingerprints(together.root / "submitted")[mine] == together.handed_in[mine]


def test_no_hidden_case_is_in_any_page_or_graded_notebook(together):
    pages = together.pages()
    assert len([p for p in pages if p.suffix == ".html"]) == len(together.rows)
    for path in pages:
        text = path.read_text(errors="replace")
        assert not [word for word in SECRETS if word in text], path


def test_no_page_runs_or_loads_anything_or_grows_without_bound(together):
    for path in (p for p in together.pages() if p.suffix == ".html"):
        text = path.read_text()
        assert len(text) < 8_000_000, path
        assert Acting(text).found == [], path
    fake = (together.root / "feedback" / "fake-panel" / LESSON / f"{LESSON}.html").read_text()
    assert "0 of 10 points" in fake.split("<section")[0]


def test_no_process_outlives_the_run_and_nothing_is_written_outside(together):
    assert together.alive == []
    assert together.written == []
