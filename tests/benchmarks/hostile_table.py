"""Hostile and broken submissions in stock nbgrader and in lobsim: `python tests/benchmarks/...`.

Usage: ``python tests/benchmarks/hostile_table.py [--write FILE] [--only CASE ... | --all]``. The
catalogue is that of tests/grading/hostile. Stock nbgrader runs a twin of the lesson: a group of
cases between two honest submissions, those that are known to harm others each alone between them;
a group that comes to harm is taken apart until the case that does it stands alone. lobsim grades
all cases in one run among fifty honest ones; with ``--together`` stock nbgrader does so too.
Needs bubblewrap. Ten minutes on two idle cores, several times that on busy ones: ``--keep`` takes
up again what was measured.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "grading"), str(HERE.parent / "course")]

import hostile  # noqa: E402
import mini_course  # noqa: E402
from hostile import stock_course, stock_run  # noqa: E402
from hostile.desk import LESSON, copy_course, usual_place  # noqa: E402

from lobsim.course.grade import grade  # noqa: E402
from lobsim.course.limits import Limits  # noqa: E402
from lobsim.course.release import release  # noqa: E402

CELL_S = 10  # of a cell, on both sides
STOCK_S = 120  # for two honest submissions,
CASE_S = 40  # and for each case between them
GROUP = 9
STOCK_ALL_S = 900
HONEST = 50
LIMITS = Limits(cell_s=CELL_S, call_s=5, notebook_s=60, checks_s=60, group_memory_bytes=1024**3)
HARMFUL = ("delete", "edit-others", "raise-marks", "lock-book", "kill-parent", "kill-grader",
           "forks", "large-forks", "output", "deaf-loop", "home", "background")
WITH_PAGES = ("output",)  # of the harmful ones; a page of the others shows nothing that matters
CHOSEN = (  # of the catalogue, where neither --only nor --all says otherwise
    "delete", "raise-marks", "lock-book", "kill-grader", "forks", "output", "deaf-loop",
    "patched", "stripped", "blanked", "equal", "printed", "messages", "payload", "stack",
    "tests-in-sight", "solution", "excepthook", "checks-edited", "points-altered", "own-marks",
    "checks-deleted", "forged-outputs", "empty", "cut-off", "a-list", "killed", "memory",
    "loop-in-function", "home", "read-all", "scripts", "written")


def stock(cases: list, template: Path, folder: Path) -> dict[str, tuple[str, str]]:
    """Mark and effect of each case in stock nbgrader."""
    root = copy_course(template, folder / "stock-run")
    desk = hostile.Desk(root)
    honest = hostile.honest(desk, 2)
    for student, (notebook, _) in honest.items():
        usual_place(desk, root / "submitted", student, desk.bytes(notebook))
    before = {}
    for case in cases:
        had = set((root / "submitted").iterdir())
        case.hand_in(desk, root / "submitted")
        before[case.name] = next(iter(set((root / "submitted").iterdir()) - had)).name
    pages = cases[0].name in WITH_PAGES or cases[0].name not in HARMFUL
    result = stock_run.run(root, STOCK_S + CASE_S * len(cases), pages=pages)
    shutil.rmtree(root, ignore_errors=True)
    shared = _effects(result, honest, len(cases))
    if shared and len(cases) > 1:
        middle = (len(cases) + 1) // 2
        return {**stock(cases[:middle], template, folder),
                **stock(cases[middle:], template, folder)}
    found = {}
    for case in cases:
        student = before[case.name]
        mark = result.marks.get(student)
        deserved = case.deserved if case.in_stock is None else case.in_stock
        own = _own_effects(result, student, mark, deserved)
        found[case.name] = _number(mark), "; ".join(own + shared) or "none"
    return found


def _own_effects(result: stock_run.StockRun, student: str, mark: float | None,
                 deserved: float) -> list[str]:
    """What became of the case itself."""
    found = []
    if mark is None:
        found.append("nothing recorded")
    elif mark > deserved:
        found.append(f"**{_points(mark - deserved)} too many**")
    elif mark < deserved:
        found.append(f"{_points(deserved - mark)} too few")
    size, acts = result.pages.get(student, (0, False))
    if size > 5e6:
        found.append(f"a feedback page of {size / 1e6:.0f} MB")
    if acts:
        found.append("**its script stands live in the feedback page**")
    return found


def _effects(result: stock_run.StockRun, honest: dict, cases: int) -> list[str]:
    """What became of everything else."""
    found = []
    lost = [s for s in honest if s not in result.marks]
    wrong = [s for s, (_, points) in honest.items() if result.marks.get(s, points) != points]
    if lost:
        found.append(f"**{len(lost)} of {len(honest)} honest ones not marked**")
    if wrong:
        found.append(f"**{len(wrong)} of {len(honest)} honest marks wrong**")
    if result.ended:
        found.append(f"**the run {result.ended} and was ended**")
    elif result.code is None or isinstance(result.code, int) and result.code < 0:
        found.append("**the run was killed**")
    elif result.code == "too long":
        found.append(f"**the run hung for more than {STOCK_S + CASE_S * cases} s**")
    if result.changed:
        found.append(f"**{len(result.changed)} files of solutions or submissions changed**")
    if result.written:
        found.append("wrote outside its folder")
    if result.alive:
        found.append(f"{len(result.alive)} processes outlived the run")
    return found


def stock_together(template: Path, folder: Path, cases: list) -> str:
    """One sentence on all cases in one run of stock nbgrader."""
    root = copy_course(template, folder / "together")
    desk = hostile.Desk(root)
    honest = hostile.honest(desk, HONEST)
    for student, (notebook, _) in honest.items():
        usual_place(desk, root / "submitted", student, desk.bytes(notebook))
    for case in cases:
        case.hand_in(desk, root / "submitted")
    result = stock_run.run(root, STOCK_ALL_S, pages=False)
    shutil.rmtree(root, ignore_errors=True)
    right = sum(result.marks.get(s) == points for s, (_, points) in honest.items())
    how = (f"it {result.ended} and was ended" if result.ended else
           f"it was stopped after {STOCK_ALL_S} s" if result.code == "too long" else
           f"it ended by itself with code {result.code}")
    return (f"Stock nbgrader, all {len(cases)} in one run among {HONEST} honest ones: "
            f"{len(result.marks)} submissions got a mark, {right} of {HONEST} honest ones the "
            f"right one; {how} ({result.seconds:.0f} s).")


def ours(course: Path, folder: Path, cases: list) -> tuple[dict, str]:
    """Mark and report line of every case in lobsim, all in one run, and a sentence on the rest."""
    root = copy_course(course, folder / "ours")
    desk, submissions = hostile.Desk(root), folder / "submissions"
    honest = hostile.honest(desk, HONEST)
    for student, (notebook, _) in honest.items():
        usual_place(desk, submissions, student, desk.bytes(notebook))
    for case in cases:
        case.hand_in(desk, submissions)
    began = time.monotonic()
    report = grade(submissions, root, limits=LIMITS)
    took = time.monotonic() - began
    rows = {row.student: row for row in report.rows}
    right = sum(rows[s].total == points for s, (_, points) in honest.items() if s in rows)
    found = {}
    for case in cases:
        row = rows.get(case.marked_as)
        found[case.name] = (_number(row and row.total),
                            "; ".join(row.problems) or "none" if row else "not graded")
    return found, (f"lobsim, all {len(cases)} in one run among {HONEST} honest ones: "
                   f"{len(rows)} of {len(cases) + HONEST} submissions got a mark, {right} "
                   f"of {HONEST} honest ones the right one ({took:.0f} s).")


def _points(number: float) -> str:
    return f"{number:g} point" + "s" * (number != 1)


def _number(mark: float | None) -> str:
    return "-" if mark is None else f"{mark:g}"


def table(cases: list, stock: dict, our: dict, sentences: list[str]) -> str:
    """The whole page in Markdown."""
    wrong = sum(our[c.name][0] != _number(c.deserved) for c in cases)
    harmed = sum(any(sign in stock[c.name][1] for sign in ("honest", "**the run", "files of"))
                 for c in cases)
    gained = sum("too many" in stock[c.name][1] for c in cases)
    harmful = sum(c.name in HARMFUL for c in cases)
    lines = [
        "# Hostile and broken submissions, here and in stock nbgrader", "",
        "Generated by `python tests/benchmarks/hostile_table.py --write solutions/HOSTILE.md` on "
        f"{datetime.date.today()}; do not edit. {_versions()}.", "",
        f"{len(cases)} cases of the catalogue in tests/grading/hostile. Marks are points of the "
        f"three checks of the mini lesson, 8 in all; a cell may take {CELL_S} s. Stock nbgrader "
        "runs the lesson with asserts in the notebook, judges all or nothing (where a case "
        "deserves other points there, the number in brackets says so), and runs inside an outer "
        f"bubblewrap with at most 200 processes and 4 GiB: {harmful} cases each alone between two "
        f"honest submissions, the others in groups of up to {GROUP} between two honest ones. "
        "lobsim runs with its own limits and 1 GiB for a submission; that honest marks are the "
        "same without the hostile ones is a test, tests/grading/test_hostile_table.py.", "",
        f"Stock nbgrader gave points that were not earned in {gained} cases and harmed other "
        f"submissions or never came back in {harmed}. lobsim gave other marks than deserved in "
        f"{wrong}.", "", *(line for s in sentences for line in (s, "")),
        "| case | deserved | stock | effect in stock | lobsim | what lobsim reports |",
        "|---|---|---|---|---|---|"]
    for case in cases:
        deserved = _number(case.deserved)
        if case.in_stock not in (None, case.deserved):
            deserved += f" ({_number(case.in_stock)})"
        mark, effect = stock[case.name]
        our_mark, says = our[case.name]
        lines.append(f"| {case.does} | {deserved} | {mark} | {effect} | {our_mark} | "
                     f"{_cell(says)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    text = text.replace("|", "/").replace("\n", " ")
    return text if len(text) <= 160 else text[:156] + " ..."


def _versions() -> str:
    bwrap = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=True)
    packages = (f"{name} {importlib.metadata.version(name)}" for name in
                ("lobsim", "nbgrader", "nbconvert", "nbclient", "ipykernel"))
    return ", ".join([f"Python {platform.python_version()}", *packages, bwrap.stdout.strip()])


class Kept:
    """What was measured so far; with a file it outlives this run."""

    def __init__(self, file: Path | None):
        self.file = file
        self.stock: dict = {}
        self.ours: dict = {}
        self.sentences: dict = {}
        if file and file.exists():
            self.__dict__.update(json.loads(file.read_text()))

    def save(self) -> None:
        if self.file:
            held = {name: getattr(self, name) for name in ("stock", "ours", "sentences")}
            self.file.write_text(json.dumps(held))


def measure(cases: list, kept: Kept, together: bool) -> None:
    """Run what `kept` does not hold yet."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    folder.chmod(0o755)
    try:
        left = [case for case in cases if case.name not in kept.stock]
        if left or together and "stock" not in kept.sentences:
            template = stock_course.build(folder / "stock", CELL_S)
        left.sort(key=lambda case: case.name in HARMFUL)
        while left:
            group = left[:1] if left[0].name in HARMFUL else [
                case for case in left if case.name not in HARMFUL][:GROUP]
            kept.stock.update(stock(group, template, folder))
            kept.save()
            left = [case for case in left if case.name not in kept.stock]
            print(f"  stock nbgrader: {len(kept.stock)} cases", file=sys.stderr, flush=True)
        if together and "stock" not in kept.sentences:
            kept.sentences["stock"] = stock_together(template, folder, cases)
            kept.save()
        if any(case.name not in kept.ours for case in cases):
            course = mini_course.build(folder / "course")
            release(course)
            kept.ours, kept.sentences["lobsim"] = ours(course, folder, cases)
            kept.save()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page there")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--only", nargs="+", metavar="CASE", help="names of cases")
    chosen.add_argument("--all", action="store_true", help="the whole catalogue")
    parser.add_argument("--together", action="store_true",
                        help="all cases in one run of stock nbgrader besides")
    parser.add_argument("--keep", type=Path, metavar="FILE",
                        help="results so far as JSON: read, and written after each step")
    given = parser.parse_args()
    every = {case.name: case for case in hostile.CASES}
    unknown = sorted(set(given.only or ()) - set(every))
    if unknown:
        parser.error(f"there is no case {unknown[0]!r}; there are: {', '.join(every)}")
    cases = [every[name] for name in given.only or (every if given.all else CHOSEN)]
    kept = Kept(given.keep)
    measure(cases, kept, given.together)
    text = table(cases, kept.stock, kept.ours, list(kept.sentences.values()))
    if given.write:
        given.write.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
