"""Which answers to an exercise its check takes, and which of its cases tell them apart.

Answers come from ``tests/submissions/NN_name/`` (with the marks their authors state), from the
declaration (accepted alternatives, known mistakes) and from `lobsim.course.mutants`, which changes
one place of the solution at a time.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobsim.course import wire
from lobsim.course.audit_worker import Run, Twin, Workbench, exercise_cell, handed_over
from lobsim.course.declare import Check
from lobsim.course.mutants import Mutant, mutants, trivial_answers
from lobsim.course.plan import plan

SET_ASIDE_FILE = "checks_audit.toml"
_STATED = re.compile(r"# marks: (?P<marks>\d+(?:\.\d+)?)(?:\s+mistake: (?P<mistake>\w+))?\s*$")


@dataclass(frozen=True)
class Answer:
    """One submitted answer and what its author says it must earn.

    ``label`` starts with ``right_`` or ``wrong_``; ``mistake`` is the known mistake that its
    feedback must name, None where any will do.
    """

    check: str
    label: str
    source: str
    marks: float
    mistake: str | None


def read_answers(folder: Path) -> dict[str, list[Answer]]:
    """Answers below ``tests/submissions/NN_name`` by exercise, right ones first.

    Raises
    ------
    ValueError
        A file's name or first line is not as it must be.
    """
    answers: dict[str, list[Answer]] = {}
    for path in sorted(Path(folder).glob("*.py")):
        check, separator, label = path.stem.partition("__")
        first, _, source = path.read_text(encoding="utf-8").partition("\n")
        stated = _STATED.match(first)
        if not separator or not label.startswith(("right_", "wrong_")) or not stated:
            raise ValueError(f"{path.name}: the name must be CHECK__right_LABEL.py or "
                             "CHECK__wrong_LABEL.py and the first line '# marks: 2.0'")
        answers.setdefault(check, []).append(
            Answer(check, label, source, float(stated["marks"]), stated["mistake"]))
    return answers


@dataclass(frozen=True)
class Survivor:
    """A changed solution that passes every case although it is not always right.

    ``witness`` is a call on which it differs from the solution, on inputs like the declared ones.
    """

    line: int
    change: str
    kind: str
    witness: str


@dataclass
class HiddenPart:
    """How many answers that are right elsewhere fail a hidden part, and how many fail only it."""

    name: str
    category: str
    points: float
    cases: int
    failed_by: int = 0
    failed_alone_by: int = 0


@dataclass
class ExerciseAudit:
    """What the audit found out about one check.

    Attributes
    ----------
    right, wrong : int
        Submitted answers that were tried.
    mutants, equivalent, set_aside : int
        Changed solutions; those that never differ from it; those that the author set aside.
    by_visible, by_hidden : int
        Changed solutions that a visible case refuses, and that only hidden cases refuse.
    named : int
        How many of all refused answers a known mistake's message explains.
    survivors : list of Survivor
    hidden : list of HiddenPart
    findings, remarks : list of str
        What must be mended; what is worth a look.
    """

    name: str
    title: str
    points: float
    right: int = 0
    wrong: int = 0
    mutants: int = 0
    by_visible: int = 0
    by_hidden: int = 0
    equivalent: int = 0
    set_aside: int = 0
    named: int = 0
    survivors: list[Survivor] = field(default_factory=list)
    hidden: list[HiddenPart] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass
class _Tried:
    """An answer with its outcome; ``what`` names it in a sentence."""

    what: str
    run: Run
    mutant: Mutant | None = None


def audit_answers(folder: Path, notebook: Any, checks: list[Check],
                  submissions: Path) -> list[ExerciseAudit]:
    """Try every answer to every check of a lesson.

    Parameters
    ----------
    folder : Path
        The lesson's folder under ``solutions/``.
    notebook : NotebookNode
        Its solution notebook.
    checks : list of Check
        Its declarations.
    submissions : Path
        Folder of its submitted answers.
    """
    answers = read_answers(submissions)
    aside = _read_set_aside(folder / SET_ASIDE_FILE)
    found = []
    with Workbench(folder) as bench:
        for check in checks:
            one = _Exercise(check, folder.name, notebook, bench)
            found.append(one.audit(answers.get(check.name, []), aside))
    names = {check.name for check in checks}
    for name in sorted(set(answers) - names):
        found[-1].findings.append(f"{submissions.name}/{name}__*.py: there is no check {name!r}")
    for entry in aside:
        if not entry["used"]:
            found[-1].findings.append(
                f"{SET_ASIDE_FILE}: no surviving change of {entry['check']!r} reads "
                f"{entry['change']!r}; take the entry out")
    return found


def _read_set_aside(path: Path) -> list[dict]:
    """Entries ``check, change, why`` of changes that the author looked at and left."""
    if not path.is_file():
        return []
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("set_aside", [])
    for entry in entries:
        if set(entry) != {"check", "change", "why"} or not all(entry.values()):
            raise ValueError(f"{path.name}: an entry has {sorted(entry)}; "
                             "check, change and why are needed")
    return [{**entry, "used": False} for entry in entries]


class _Exercise:
    def __init__(self, check: Check, lesson: str, notebook: Any, bench: Workbench):
        self.check, self.lesson, self.notebook, self.bench = check, lesson, notebook, bench
        self.report = ExerciseAudit(check.name, check.title, check.points)

    def find(self, sentence: str) -> None:
        self.report.findings.append(sentence)

    def audit(self, submitted: list[Answer], aside: list[dict]) -> ExerciseAudit:
        try:
            solution = exercise_cell(self.notebook, self.check.name).source
            variable = handed_over(self.notebook, self.check.name)
        except LookupError as error:
            self.find(str(error))
            return self.report
        own = self.bench.run(self.check.name, solution)
        if own.problem or not all(own.full()):
            why = own.problem or f"it earns {min(own.earned):g} of {self.check.points:g}"
            self.find(f"the solution fails when only what it needs is run: {why}")
            return self.report
        tried = [*self._submitted(submitted), *self._declared()]
        if self.check.kind == "function":
            tried += self._changed(solution, variable)
        self._survivors(tried, aside)
        self._hidden_parts(tried)
        self._mistakes(tried)
        self._repeated_cases()
        refused = [t for t in tried if t.run.passed and not all(t.run.full())]
        self.report.named = sum(bool(t.run.mistakes) for t in refused)
        return self.report

    # ------------------------------------------------------------------------------ kinds of answer

    def _submitted(self, answers: list[Answer]) -> list[_Tried]:
        tried = []
        for answer in answers:
            run = self.bench.run(self.check.name, answer.source, thorough=True)
            right = answer.label.startswith("right_")
            self.report.right += right
            self.report.wrong += not right
            what = f"the answer {answer.label!r}"
            if run.problem:
                self.find(f"{what} cannot be run: {run.problem}")
                continue
            self._marks(answer, what, run)
            if not right:
                tried.append(_Tried(what, run))
        for kind, least in (("right", 2), ("wrong", 3)):
            have = sum(a.label.startswith(kind) for a in answers)
            if have < least:
                self.find(f"{have} submitted {kind} answers; at least {least} are asked for")
        return tried

    def _marks(self, answer: Answer, what: str, run: Run) -> None:
        points = self.check.points
        right = answer.label.startswith("right_")
        if right and not all(run.full()):
            self.find(f"{what} fails: it earns {min(run.earned):g} of {points:g}")
        elif not right and max(run.earned) >= points:
            times = sum(e >= points for e in run.earned)
            self.find(f"{what} earns full marks for {times} of {len(run.earned)} students")
        if abs(run.earned[0] - answer.marks) > 1e-6:
            self.find(f"{what} earns {run.earned[0]:g}, its author states {answer.marks:g}")
        if answer.mistake and answer.mistake not in run.mistakes:
            told = ", ".join(run.mistakes) or "no known mistake"
            self.find(f"{what} is to be told {answer.mistake!r}, but is told {told}")

    def _declared(self) -> list[_Tried]:
        tried = []
        for number in range(len(self.check.accept)):
            run = self.bench.run(self.check.name, accept=number)
            if run.problem or not all(run.full()):
                self.find(f"accepted alternative {number + 1} fails: "
                          f"{run.problem or f'it earns {min(run.earned):g}'}")
        for mistake in self.check.mistakes:
            if mistake.wrong is None:
                continue
            run = self.bench.run(self.check.name, mistake=mistake.name)
            what = f"the known mistake {mistake.name!r}"
            if run.problem:
                self.find(f"{what} cannot be run: {run.problem}")
                continue
            if run.full()[0]:
                self.find(f"{what} passes every case")
            elif run.mistakes[:1] != (mistake.name,):
                told = run.mistakes[0] if run.mistakes else "nothing"
                self.find(f"who makes {what} is told {told!r} first")
            tried.append(_Tried(what, run))
        return tried

    def _changed(self, solution: str, variable: str) -> list[_Tried]:
        tried = []
        for mutant in mutants(solution, variable):
            run = self.bench.run(self.check.name, mutant.source)
            self.report.mutants += 1
            tried.append(_Tried(f"line {mutant.line}: {mutant.change}", run, mutant))
        for answer in trivial_answers(solution, variable):
            run = self.bench.run(self.check.name, answer.source)
            if run.earned and max(run.earned) > 0:
                self.find(f"the answer {answer.change!r} earns {max(run.earned):g} of "
                          f"{self.check.points:g}")
            tried.append(_Tried(answer.change, run))
        return tried

    # --------------------------------------------------------------------------------- what it says

    def _survivors(self, tried: list[_Tried], aside: list[dict]) -> None:
        visible = {part.name for part in self.check.parts if part.visible}
        for one in tried:
            mutant, run = one.mutant, one.run
            if mutant is None:
                continue
            if run.problem or run.hung:
                self.report.by_visible += 1
                continue
            full = run.full()
            if not any(full):
                seen = any(not ok for (part, _), ok in run.passed[0].items() if part in visible)
                self.report.by_visible += seen
                self.report.by_hidden += not seen
                continue
            entry = next((e for e in aside if e["check"] == self.check.name
                          and e["change"] == mutant.change), None)
            if entry is not None:
                entry["used"] = True
                self.report.set_aside += 1
                continue
            if not all(full):
                self.find(f"line {mutant.line}: {mutant.change} earns full marks for "
                          f"{sum(full)} of {len(full)} students: it depends on the instance")
                continue
            self._weigh(mutant, self.bench.twin(self.check.name, mutant.source))

    def _weigh(self, mutant: Mutant, twin: Twin | None) -> None:
        where = f"line {mutant.line}: {mutant.change}"
        if twin is None:
            self.report.remarks.append(f"{where} passes every case and hangs on others")
        elif twin.inside:
            self.report.survivors.append(
                Survivor(mutant.line, mutant.change, mutant.kind, twin.inside))
            self.find(f"{where} passes every case; it is wrong on {twin.inside}")
        else:
            self.report.equivalent += 1
            if twin.outside:
                self.report.remarks.append(
                    f"{where} differs only on inputs unlike the declared ones, e.g. {twin.outside}")

    def _hidden_parts(self, tried: list[_Tried]) -> None:
        # who is wrong everywhere (an answer that stops, or returns nothing) proves no case useful
        wrong = [t.run for t in tried if t.run.passed and any(t.run.passed[0].values())]
        failing = [{part for outcome in run.passed for (part, _), ok in outcome.items() if not ok}
                   for run in wrong]
        ever = Counter(key for run in wrong for outcome in run.passed
                       for key, ok in outcome.items() if not ok)
        for part in self.check.parts:
            if part.visible:
                continue
            cases = [key for key in plan(self.check, self.lesson).cases(visible=False)
                     if key.part == part.name]
            self.report.hidden.append(HiddenPart(
                part.name, part.category, float(part.points), len(cases),
                sum(part.name in parts for parts in failing),
                sum(parts == {part.name} for parts in failing)))
            dead = [case.index + 1 for case in cases if not ever[case.key]]
            if len(dead) == len(cases):
                self.find(f"no wrong answer fails the hidden part {part.name!r}")
            elif dead and not callable(part.cases):
                self.find(f"no wrong answer fails case {', '.join(map(str, dead))} of the hidden "
                          f"part {part.name!r}")

    def _mistakes(self, tried: list[_Tried]) -> None:
        raised = {error for t in tried for error in t.run.errors}
        told = {name for t in tried for name in t.run.mistakes}
        for mistake in self.check.mistakes:
            if mistake.name not in told:
                why = f"no answer raises {mistake.error}" if mistake.error not in (None, *raised) \
                    else "no answer shows it"
                self.find(f"the message of the known mistake {mistake.name!r} never appears: {why}")

    def _repeated_cases(self) -> None:
        seen: dict[str, Any] = {}
        for case in plan(self.check, self.lesson).cases():
            key = wire.dumps(case.inputs)
            if key in seen and not case.visible and self.check.kind == "function":
                self.find(f"case {case.index + 1} of the hidden part {case.part!r} repeats "
                          f"case {seen[key].index + 1} of {seen[key].part!r}")
            seen.setdefault(key, case)
