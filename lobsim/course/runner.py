"""Runs one notebook in its own kernel and judges it from outside: `run_notebook`.

Check cells are never executed. Where one stands, the kernel is asked for the learner's answers to
the visible cases; hidden cases are asked after the last cell, when nothing that the learner's code
does can reach the notebook any more. A cell that takes the kernel down costs only itself: a fresh
kernel runs the other cells again. Cells of the lesson that no answer leans on are not run (see
`needed`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobsim.course import needed, submission, wire
from lobsim.course.calling import UNANSWERED, Outcome
from lobsim.course.declare import Check
from lobsim.course.judge import CheckResult, judge_outcomes
from lobsim.course.kernel import CellRun, Kernel, KernelGone, Launch, plain_launch
from lobsim.course.limits import Limits
from lobsim.course.outcome_words import own_words, without_words
from lobsim.course.outputs import handed_in, note, outputs_bytes, show_result
from lobsim.course.plan import PlannedCase, PlannedCheck, plan

_REPLAY_OF_SLOW_S = 3.0  # a cell that was stopped for its time gets this when it is run again
_MAX_TIMEOUTS = 2  # calls of one check that may run out of time before the rest is given up

Key = tuple[str, int]


@dataclass
class RunReport:
    """What came out of one notebook.

    Attributes
    ----------
    notebook : NotebookNode
        The mended notebook with outputs; check cells show their panel and points.
    results : dict of str to CheckResult
        By check name, in the order of the lesson; every check of the lesson is there.
    problems : list of str
        What was wrong with the notebook itself (not with its answers), one sentence each.
    seconds : float
    """

    notebook: Any
    results: dict[str, CheckResult]
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run_notebook(
    notebook: Any, *, lesson: str,
    checks: Iterable[Check | PlannedCheck] | Mapping[str, Check | PlannedCheck] | None = None,
    student: str | None = None, files_dir: Path | str | None = None, trusted: Any = None,
    course_root: Path | str | None = None, limits: Limits | None = None, sandboxed: bool = True,
    secrets: Iterable[Path] = (), every_cell: bool = False,
) -> RunReport:
    """Run a learner's notebook and judge it.

    Parameters
    ----------
    notebook : NotebookNode, path or bytes
        What was handed in; mended first (see `submission.mend`).
    lesson : str
        Full name of the lesson.
    checks : declarations, optional
        With hidden cases: from ``solutions/``. None: the published ones of the lesson, without.
    student : str, optional
        Whose numbers the hidden cases use.
    files_dir : path, optional
        The lesson's folder: its files are copied into the working folder of the run.
    trusted : NotebookNode or path, optional
        The released lesson, which says where the check cells are; by default that of
        `course_root`, else the notebook itself (one's own work).
    course_root : path, optional
        The course; by default `catalogue.course_root`. Its ``data/`` can be read by the notebook.
    limits : Limits
    sandboxed : bool
        False runs an ordinary process of this user. Only for code one would run anyway.
    secrets : paths
        Further folders that must be invisible (the course itself always is).
    every_cell : bool
        Run also the lesson's own cells that no mark depends on; else they are shown as handed in.

    Raises
    ------
    submission.Unreadable
        There is no notebook in it.
    kernel.KernelStartError
        No kernel can be started on this machine.
    """
    started = time.monotonic()
    limits = limits or Limits()
    root = _root(course_root)
    folder = Path(files_dir).resolve() if files_dir is not None else None
    content = _content(notebook)
    released = _trusted(trusted, lesson, root, content)
    planned = _planned(checks, lesson, student, folder, root)
    mended = submission.mend(content, released)
    launch = _launcher(sandboxed, folder, root, limits, secrets)
    marked = submission.marked_cells(released)
    idle = needed.Idle() if every_cell else needed.idle_cells(
        mended.notebook.cells, released, [m.check[1] for m in marked.values() if m.check])
    for idle in dict.fromkeys((idle, needed.Idle())):
        run = _Run(mended, marked, planned, launch, limits, submission.quick_budgets(released),
                   idle)
        results = run.run()
        if not run.asked_for_idle:
            break
    return RunReport(mended.notebook, results, mended.problems + run.problems,
                     time.monotonic() - started)


def _root(given: Path | str | None) -> Path | None:
    from lobsim.course.catalogue import CourseNotFound, course_root

    if given is not None:
        return Path(given).resolve()
    try:
        return course_root()
    except CourseNotFound:
        return None


def _content(notebook: Any) -> bytes:
    if isinstance(notebook, bytes):
        return notebook
    if isinstance(notebook, (str, Path)):
        return Path(notebook).read_bytes()
    import nbformat

    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).encode()


def _trusted(given: Any, lesson: str, root: Path | None, content: bytes) -> Any:
    if given is not None:
        return submission.read_trusted(Path(given)) if isinstance(given, (str, Path)) else given
    for side in ("lessons", "solutions") if root is not None else ():
        path = root / side / lesson / f"{lesson}.ipynb"
        if path.is_file():
            return submission.read_trusted(path)
    submission.parse(content)  # raises one clear sentence where it is no notebook
    import nbformat

    return nbformat.reads(content.decode("utf-8-sig"), as_version=4)


def _planned(checks: Any, lesson: str, student: str | None, folder: Path | None,
             root: Path | None) -> dict[str, PlannedCheck]:
    if checks is None:
        from lobsim.course.notebook_check import PUBLISHED_FILE, read_published

        places = [folder] if folder is not None else []
        places += [root / "lessons" / lesson] if root is not None else []
        for place in places:
            if (place / PUBLISHED_FILE).is_file():
                return read_published(place / PUBLISHED_FILE, lesson)
        return {}
    ready = checks.values() if isinstance(checks, Mapping) else checks
    ready = [plan(c, lesson, student) if isinstance(c, Check) else c for c in ready]
    return {check.name: check for check in ready}


def _launcher(sandboxed: bool, folder: Path | None, root: Path | None, limits: Limits,
              secrets: Iterable[Path]) -> Callable[[], Launch]:
    if not sandboxed:
        return lambda: plain_launch(folder, root, limits)
    from lobsim.course import sandbox

    usable, reason = sandbox.available()
    if not usable:
        raise RuntimeError(f"no sandbox on this machine: {reason}")
    hidden = [Path(s) for s in secrets] + ([root] if root is not None else [])
    return lambda: sandbox.launch(folder, root, limits, hidden)


class _Run:
    """One pass over one notebook. Cell numbers are positions in the notebook."""

    def __init__(self, mended: submission.Mended, marked: dict[str, submission.Marked],
                 planned: dict[str, PlannedCheck], launch: Callable[[], Launch], limits: Limits,
                 budgets: dict[str, str], idle: needed.Idle):
        self.cells = mended.notebook.cells
        self.below = mended.outputs
        self.idle = idle
        self.asked_for_idle = False  # something was missing that an idle cell would have made
        self.planned = planned
        self.launch = launch
        self.limits = limits
        self.budgets = budgets  # cell id -> lines run behind the cell
        self.problems: list[str] = []
        self.kernel: Kernel | None = None
        self.position = 0  # the kernel holds what the cells before this one did
        self.deaths = 0  # of the kernel
        self.at_place = False  # whether hidden cases are asked where their check stands
        self.skipped = set(idle.cells)  # also the deadly and those without time: not replayed
        self.slow: set[int] = set()
        self.room = limits.notebook_bytes
        self.cells_left_s = limits.notebook_s
        self.checks_left_s = limits.checks_s
        self.outcomes: dict[str, dict[Key, Outcome]] = {}  # as they were where the check stands
        self.checks: dict[int, tuple[str, str]] = {}
        for number, cell in enumerate(self.cells):
            about = cell.metadata.get("nbgrader", {})
            check = marked[about["grade_id"]].check if about.get("grade_id") in marked else None
            if check is not None and check[0] in planned:
                self.checks[number] = check

    def run(self) -> dict[str, CheckResult]:
        """Run all cells, then the hidden cases; fill in the outputs."""
        try:
            for number, cell in enumerate(self.cells):
                if cell.cell_type != "code":
                    continue
                cell.outputs, cell.execution_count = [], None
                if number in self.checks:
                    self._check_here(number)
                elif number in self.idle.cells:
                    self._show_handed_in(cell)
                elif cell.source.strip():
                    self._student_cell(number)
            results = self._judge_all()
        finally:
            self._drop_kernel()
        for number, (name, _) in self.checks.items():
            show_result(self.cells[number], results[name])
        return results

    # ------------------------------------------------------------------ kernel

    def _drop_kernel(self) -> None:
        if self.kernel is not None:
            self.kernel.stop()
            self.kernel = None

    def _died(self) -> None:
        self._drop_kernel()
        self.deaths += 1

    def _ready(self, upto: int) -> bool:
        """Have a kernel in which all cells before `upto` have run; False where that is given up."""
        if self.kernel is not None and not self.kernel.alive:
            self._died()  # something a cell left behind ended it; no cell is to blame
        while self.kernel is None or self.position < upto:
            if self.kernel is None:
                if self.deaths > self.limits.restarts:
                    return False
                self.kernel = Kernel(self.launch(), self.limits)
                self.kernel.start()
                self.position = 0
            if not self._replay(upto):
                self._died()
        return True

    def _replay(self, upto: int) -> bool:
        """Run the cells from `position` to `upto` again, outputs thrown away."""
        for number in range(self.position, upto):
            cell = self.cells[number]
            self.position = number + 1
            if cell.cell_type != "code" or number in self.skipped or not cell.source.strip():
                continue
            seconds = _REPLAY_OF_SLOW_S if number in self.slow else self.limits.cell_s
            try:
                if number in self.checks:
                    self._keep(number)
                else:
                    began = time.monotonic()
                    self.kernel.run_cell(self._source(cell), seconds, 0)
                    self.cells_left_s -= time.monotonic() - began
            except KernelGone:
                self.skipped.add(number)
                return False
        return True

    # ------------------------------------------------------------------ cells

    def _source(self, cell: Any) -> str:
        return cell.source + self.budgets.get(cell.id, "")

    def _student_cell(self, number: int) -> None:
        cell = self.cells[number]
        if self.cells_left_s <= 0:
            self._say(f"the notebook took longer than {self.limits.notebook_s:g} s; the cells from "
                      f"number {number + 1} on were not run", once="the notebook took longer")
            note(cell, "Not run: the notebook's time was over.")
            self.skipped.add(number)
            return
        if not self._ready(number):
            self._say("the Python process ended too often; the remaining cells were not run",
                      once="the Python process ended too often")
            note(cell, "Not run: the Python process had ended too often.")
            return
        # a run again of the cells before may have used up what was left
        seconds = min(self.limits.cell_s, max(self.cells_left_s, 1.0))
        began = time.monotonic()
        try:
            run = self.kernel.run_cell(self._source(cell), seconds, self.room)
        except KernelGone as gone:
            self._died()
            self.skipped.add(number)
            run = CellRun("error", gone.outputs, left_out=gone.left_out)
            self._say(f"cell {number + 1} took the Python process down ({gone}); the other cells "
                      "were run without it")
            note(cell, f"This cell took the Python process down: {gone}. The other cells were run "
                        "without it.")
        self.cells_left_s -= time.monotonic() - began
        self.position = number + 1
        if run.status == "timeout":
            self.slow.add(number)
            self._say(f"cell {number + 1} was stopped after {seconds:.3g} s")
            note(cell, f"Stopped after {seconds:.3g} s.")
        if run.left_out:
            self._say(f"of the output of cell {number + 1} not all was kept: "
                      + ", ".join(run.left_out))
        self._keep_outputs(cell, run)

    def _show_handed_in(self, cell: Any) -> None:
        from nbformat import from_dict

        outputs = handed_in(self.below.get(cell.id), self.limits, self.room)
        self.room -= outputs_bytes(outputs)
        cell.outputs = [from_dict(output) for output in outputs]
        note(cell, "As handed in: no mark depends on this cell.")

    def _keep_outputs(self, cell: Any, run: CellRun) -> None:
        from nbformat import from_dict

        for output in run.outputs if run.status == "error" else ():
            self._asks(output.get("ename"), output.get("evalue"))
        self.room -= outputs_bytes(run.outputs)
        cell.outputs = [from_dict(output) for output in run.outputs] + cell.outputs
        cell.execution_count = run.execution_count

    def _asks(self, error: str | None, message: str | None) -> None:
        self.asked_for_idle |= needed.asks_for(self.idle, error, message)

    def _say(self, sentence: str, once: str | None = None) -> None:
        if once is None or not any(p.startswith(once) for p in self.problems):
            self.problems.append(sentence)

    # ------------------------------------------------------------------ checks

    def _check_here(self, number: int) -> None:
        """Keep the object the check names and ask the visible cases."""
        name, _ = self.checks[number]
        planned = self.planned[name]
        cases = list(planned.cases(hidden=False))
        outcomes: dict[Key, Outcome] = {}
        self.outcomes[name] = outcomes
        if not self._ready(number):
            return
        self.position = number + 1
        try:
            problem = self._keep(number)
        except KernelGone:
            self._died()
            problem = Outcome(error="KernelDied")
        if problem is not None:
            outcomes.update((case.key, problem) for case in planned.cases())
            return
        if planned.kind == "value":
            # One look, here: what becomes of the value in later cells is not the answer.
            seen = self._ask(planned, {}, secret=False)
            outcomes.update((case.key, seen) for case in planned.cases())
            return
        outcomes.update(self._ask_all(planned, cases, secret=False))

    def _keep(self, number: int) -> Outcome | None:
        """Let the kernel keep the object of a check; an outcome where it has none."""
        name, expression = self.checks[number]
        try:
            data = self.kernel.ask({"op": "keep", "slot": name, "expression": expression},
                                   self.limits.call_s)
        except TimeoutError:
            return Outcome(error="TimeoutError")
        outcome = Outcome.from_wire(data)
        self._asks(outcome.error, outcome.message)
        return outcome if outcome.error else None

    def _ask_all(self, planned: PlannedCheck, cases: Iterable[PlannedCase], *,
                 secret: bool) -> dict[Key, Outcome]:
        """Outcomes of the cases; given up after a blank, a death, or too many time-outs."""
        def call(inputs: dict[str, Any]) -> Outcome:
            if self.kernel is None:
                return Outcome(error="KernelDied")
            return self._ask(planned, inputs, secret=secret)

        outcomes: dict[Key, Outcome] = {}
        timeouts, kept = 0, {}
        for case in cases:
            if timeouts >= _MAX_TIMEOUTS:
                outcomes[case.key] = Outcome(error="TimeoutError", message="It was not tried.")
            else:
                outcome = outcomes[case.key] = case.asked(call, kept)
                timeouts += outcome.error == "TimeoutError"
                if outcome.error == UNANSWERED and len(outcomes) == 1:
                    break
        return outcomes

    def _ask(self, planned: PlannedCheck, inputs: dict[str, Any], *, secret: bool) -> Outcome:
        seconds = min(self.limits.call_s, self.checks_left_s)
        if seconds <= 0:
            return Outcome(error="TimeoutError", message="The time for checks was over.")
        request = {"op": "call", "slot": planned.name, "kind": planned.kind,
                   "inputs": wire.encode(inputs), "by_keyword": list(planned.by_keyword)}
        began = time.monotonic()
        try:
            outcome = Outcome.from_wire(self.kernel.ask(request, seconds))
            self._asks(outcome.error, outcome.message)
        except TimeoutError:
            after = f"It was stopped after {seconds:.3g} s."
            outcome = Outcome(error="TimeoutError", message=after)
            what = f"the function of check {planned.name!r} was stopped after"
            self._say(f"{what} {seconds:.3g} s", once=what)
        except KernelGone as gone:
            self._died()
            outcome = Outcome(error="KernelDied", message=f"Why: {gone}.")
            what = f"the function of check {planned.name!r} took the Python process down"
            self._say(f"{what} ({gone})", once=what)
        self.checks_left_s -= time.monotonic() - began
        return without_words(outcome) if secret else own_words(outcome, inputs)

    # ------------------------------------------------------------------ judging

    def _judge_all(self) -> dict[str, CheckResult]:
        """Hidden cases of every check, in the lesson's order, then the marks."""
        for number, (name, _) in self.checks.items():
            planned, outcomes = self.planned[name], self.outcomes[name]
            first = next(iter(outcomes.values()), None)
            hidden = list(planned.cases(visible=False))
            if (planned.kind == "value" or not hidden or first is None
                    or first.error in (UNANSWERED, "KernelDied", "NameError", "NotAFunction")):
                continue
            outcomes.update(self._hidden(number, planned, hidden))
        order = [name for _, name in sorted((n, name) for n, (name, _) in self.checks.items())]
        order += [name for name in self.planned if name not in order]
        return {name: self._judge(self.planned[name], self.outcomes.get(name, {}))
                for name in order}

    def _judge(self, planned: PlannedCheck, outcomes: dict[Key, Outcome]) -> CheckResult:
        try:
            return judge_outcomes(planned, outcomes, hidden=planned.complete)
        except Exception as error:
            # Some value from the learner's process broke the comparison. It costs this exercise,
            # not the submission; where the check itself is broken the second try says so.
            self._say(f"the answers of check {planned.name!r} could not be compared "
                      f"({type(error).__name__})")
            unusable = Outcome(error="BadAnswer", message="it could not be compared")
            return judge_outcomes(planned, dict.fromkeys(outcomes, unusable),
                                  hidden=planned.complete)

    def _hidden(self, number: int, planned: PlannedCheck,
                hidden: list[PlannedCase]) -> dict[Key, Outcome]:
        """Hidden outcomes after the last cell.

        Where one is wrong, later cells may have changed something the function leans on. Then the
        visible cases tell: if one that passed at its place fails now, the notebook is run again in
        a fresh kernel, and this check and those after it are asked where they stand.
        """
        outcomes: dict[Key, Outcome] = {}
        if not self.at_place:
            if not self._ready(len(self.cells)):
                return {}
            outcomes = self._ask_all(planned, hidden, secret=True)
            if self.kernel is None or self._passed(planned, outcomes, hidden):
                return outcomes
            visible = list(planned.cases(hidden=False))
            before = self._passing(planned, self.outcomes[planned.name], visible)
            now = self._ask_all(planned, visible if before else [], secret=True)
            if before <= self._passing(planned, now, visible):
                return outcomes
            self._drop_kernel()
            self.at_place = True
        if not self._ready(number + 1):
            return outcomes
        again = self._ask_all(planned, hidden, secret=True)
        better = len(self._passing(planned, again, hidden)) >= len(
            self._passing(planned, outcomes, hidden))
        return again if better else outcomes

    def _passed(self, planned: PlannedCheck, outcomes: dict[Key, Outcome],
                cases: list[PlannedCase]) -> bool:
        return len(self._passing(planned, outcomes, cases)) == len(cases)

    @staticmethod
    def _passing(planned: PlannedCheck, outcomes: dict[Key, Outcome],
                 cases: list[PlannedCase]) -> set[Key]:
        wanted = {case.key for case in cases}
        kept = {key: outcome for key, outcome in outcomes.items() if key in wanted}
        try:
            result = judge_outcomes(planned, kept, hidden=True)
        except Exception:  # told when the marks are made
            return set()
        return {(part.name, case.index) for part in result.parts for case in part.cases
                if case.passed and (part.name, case.index) in wanted}
