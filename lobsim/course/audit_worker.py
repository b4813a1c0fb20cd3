"""Runs wrong and right answers against a lesson's checks, in a process that may be killed.

The answers are the author's own trusted code or changes of it, so there is no sandbox; but a
changed loop may never end. Each call has a time limit, and `Workbench` in the audit's process
starts a new worker when one hangs beyond it.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import multiprocessing
import os
import signal
import symtable
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lobsim.course import calling, wire
from lobsim.course.audit_inputs import habits_of, variations
from lobsim.course.compare import equal
from lobsim.course.declare import Check, load_checks
from lobsim.course.judge import CheckResult, judge
from lobsim.course.plan import PlannedCheck, plan

TIME_UP = "TimeUp"  # error name of a call that did not end in time
STUDENTS = (None, "audit-1", "audit-2", "audit-3", "audit-4")  # None is the public instance
_CALL_S = 0.5  # of processor time for one call, or twenty times what the solution takes
_BACKSTOP_S = 60.0  # for one answer on all cases, before its process is killed
_VARIATIONS = 400
_VARIATIONS_S = 30.0  # of processor time, for running solution and reference on them


@dataclass
class Run:
    """How one answer did.

    ``passed`` holds for each student's instance the outcome by (part, position); ``earned`` the
    points; ``mistakes`` the names that the public instance's result tells, likeliest first;
    ``errors`` the exceptions' names; ``problem`` says why it could not be tried at all.
    """

    passed: list[dict[tuple[str, int], bool]] = field(default_factory=list)
    earned: list[float] = field(default_factory=list)
    mistakes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    problem: str = ""
    hung: bool = False

    def full(self) -> list[bool]:
        """For each student's instance, whether every case is passed."""
        return [bool(cases) and all(cases.values()) for cases in self.passed]


@dataclass
class Twin:
    """Whether a surviving answer ever differs from the solution.

    ``tried`` inputs on which solution and reference agree; ``inside`` and ``outside`` show an
    input on which the answer differs, that keeps the habits of the declared cases or does not.
    """

    tried: int
    inside: str = ""
    outside: str = ""


class Workbench:
    """Tries answers to one lesson in a process of its own.

    Parameters
    ----------
    folder : Path
        The lesson's folder under ``solutions/``.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._process: Any = None
        self._pipe: Any = None

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def run(self, check: str, source: str | None = None, *, mistake: str = "",
            accept: int | None = None, thorough: bool = False) -> Run:
        """Try the source of an exercise cell, or a declared mistake or alternative.

        ``thorough`` tries every student's instance, also after a case failed that all share.
        """
        done = self._ask(("run", check, source, mistake, accept, thorough), _BACKSTOP_S)
        return done if isinstance(done, Run) else Run(problem=str(done), hung=True)

    def twin(self, check: str, source: str) -> Twin | None:
        """Compare a surviving answer with the solution on many more inputs; None if it hangs."""
        done = self._ask(("twin", check, source), _BACKSTOP_S)
        return done if isinstance(done, Twin) else None

    def _ask(self, message: tuple, wait_s: float) -> Any:
        for _ in range(2):  # a worker that died for want of memory or so is tried once more
            if self._process is None:
                self._start()
            try:
                self._pipe.send(message)
                if self._pipe.poll(wait_s):
                    return self._pipe.recv()
                self._stop()
                return f"it did not end within {wait_s:g} s"
            except (EOFError, OSError):
                self._stop()
        return "it ended the Python process"

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, str(self._folder)),
                                        daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(120):
            self._stop()
            raise RuntimeError(f"the audit of {self._folder.name} did not start within 120 s")
        self._pipe.recv()  # ready

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
        self._process = self._pipe = None


# --------------------------------------------------------------------------- in the worker process


def _serve(pipe: Any, folder: str) -> None:
    os.environ["MPLBACKEND"] = "Agg"
    bench = _Bench(Path(folder))
    pipe.send("ready")
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        what, *rest = message
        pipe.send(getattr(bench, what)(*rest))


class _TimeUp(BaseException):
    """Raised inside a call; no ``except Exception`` of an answer can hold it."""


_TimeUp.__name__ = TIME_UP


class _Bench:
    def __init__(self, folder: Path):
        import nbformat

        self.checks = {check.name: check for check in load_checks(folder)}
        self.notebook = nbformat.read(folder / f"{folder.name}.ipynb", as_version=4)
        self.lesson = folder.name
        self.plans: dict[tuple[str, str | None], PlannedCheck] = {}
        self.limits: dict[str, float] = {}
        self.bases: dict[str, dict] = {}
        self.inputs: dict[str, list] = {}
        self.looked_for: dict[str, set[str]] = {}
        os.chdir(folder)
        if hasattr(signal, "SIGPROF"):
            signal.signal(signal.SIGPROF, _time_is_up)

    def planned(self, check: str, student: str | None) -> PlannedCheck:
        key = check, student
        if key not in self.plans:
            self.plans[key] = plan(self.checks[check], self.lesson, student)
        return self.plans[key]

    # ------------------------------------------------------------------------------------- running

    def run(self, check: str, source: str | None, mistake: str, accept: int | None,
            thorough: bool) -> Run:
        declared = self.checks[check]
        try:
            if source is not None:
                answer, by_keyword = self.function(check, source), tuple(declared.by_keyword)
            else:
                answer, by_keyword = _declared(declared, mistake, accept), None
        except Exception as error:
            return Run(problem=f"{type(error).__name__}: {error}")
        done = Run()
        errors: dict[str, None] = {}
        fixed = {part.name for part in declared.parts if not callable(part.cases)}
        for student in STUDENTS:
            result = self.judged(declared, student, answer, by_keyword, errors)
            done.passed.append({(part.name, case.index): case.passed
                                for part in result.parts for case in part.cases})
            done.earned.append(result.earned)
            if student is None:
                done.mistakes = tuple(name for name, _ in result.mistakes)
            failed = {part for (part, _), ok in done.passed[-1].items() if not ok}
            if TIME_UP in errors or (failed & fixed and not thorough):
                break  # no other student's instance can be passed
        done.errors = tuple(errors)
        done.hung = TIME_UP in errors
        return done

    def judged(self, declared: Check, student: str | None, answer: Any,
               by_keyword: tuple[str, ...] | None, errors: dict[str, None]) -> CheckResult:
        limit = self.limit(declared.name)
        late = 0

        def call(inputs: dict[str, Any]) -> calling.Outcome:
            nonlocal late
            if late >= 2:
                return calling.Outcome(error=TIME_UP)
            names = tuple(inputs) if by_keyword is None else by_keyword
            outcome = _within(limit, answer, declared.kind, inputs, names)
            late += outcome.error == TIME_UP
            if outcome.error:
                errors[outcome.error] = None
            return outcome

        return judge(self.planned(declared.name, student), call, hidden=True)

    def limit(self, check: str) -> float:
        """Seconds for one call: generous for a check whose solution is slow."""
        if check not in self.limits:
            self.limits[check] = 60.0  # while the solution is timed
            longest = 0.0
            with contextlib.suppress(Exception):
                answer = self.function(check, self.solution(check))
                kind, names = self.checks[check].kind, tuple(self.checks[check].by_keyword)
                for case in self.planned(check, None).cases():
                    if case.play is not None:
                        continue  # asked many times; its calls are like the visible ones
                    calling.call(answer, kind, case.inputs, names)  # the first may compile
                    started = time.process_time()
                    calling.call(answer, kind, case.inputs, names)
                    longest = max(longest, time.process_time() - started)
            self.limits[check] = max(_CALL_S, 20 * longest)
        return self.limits[check]

    def solution(self, check: str) -> str:
        return exercise_cell(self.notebook, check).source

    def function(self, check: str, source: str) -> Any:
        """The object that the check cell hands over, after running ``source`` on what it needs."""
        namespace = dict(self.base(check, source))
        _load_modules(source)
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            exec(compile(source, f"<answer to {check}>", "exec"), namespace)
        return namespace[handed_over(self.notebook, check)]

    def base(self, check: str, source: str) -> dict:
        """Names that the exercise cell needs from the cells above it."""
        if check not in self.bases:
            self.bases[check] = {"__name__": "__lesson__"}
            self.looked_for[check] = set(dir(builtins))
            self.extend(check, self.solution(check))
        if _names_loaded(source) - set(self.bases[check]) - self.looked_for[check]:
            # an answer may use what the solution does not: pandas for NumPy, say
            self.looked_for[check] |= _names_loaded(source)
            with contextlib.suppress(Exception):
                self.extend(check, source)
        return self.bases[check]

    def extend(self, check: str, source: str) -> None:
        needed = needed_source(self.notebook, check, source)
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            exec(compile(needed, "<cells above>", "exec"), self.bases[check])

    # --------------------------------------------------------------------------------- equivalence

    def twin(self, check: str, source: str) -> Twin:
        declared = self.checks[check]
        names = tuple(declared.by_keyword)
        answer = self.function(check, source)
        result = Twin(0)
        late = 0
        for inputs, right, kept in self.more(check):
            result.tried += 1
            outcome = _within(self.limit(check), answer, declared.kind, inputs, names)
            late += outcome.error == TIME_UP
            if outcome.error is None and equal(outcome.value, right, declared.tolerance,
                                               declared.choices):
                continue
            place = "inside" if kept else "outside"
            shown = _shown(check, inputs)
            if not getattr(result, place) or len(shown) < len(getattr(result, place)):
                setattr(result, place, shown)
            if late > 2:
                break
        return result

    def more(self, check: str) -> list[tuple[dict, Any, bool]]:
        """Inputs on which solution and reference agree, the answer, and whether habits are kept."""
        if check in self.inputs:
            return self.inputs[check]
        declared = self.checks[check]
        names = tuple(declared.by_keyword)
        shown = [case.inputs for student in STUDENTS
                 for case in self.planned(check, student).cases() if case.play is None]
        others = [case.inputs for number in range(40)
                  for part, made in zip(declared.parts, plan(
                      declared, self.lesson, f"more-{number}").parts, strict=True)
                  if callable(part.cases) for case in made.cases if case.play is None]
        habits = habits_of(shown + others)
        rng = np.random.default_rng(0)
        answer = self.function(check, self.solution(check))
        found: list[tuple[dict, Any, bool]] = []
        ends = time.process_time() + _VARIATIONS_S
        for inputs in _in_turn(others, variations(shown, rng, _VARIATIONS)):
            outcome = _within(self.limit(check), answer, declared.kind, inputs, names)
            if outcome.error is None and _reference_agrees(declared, inputs, outcome.value):
                found.append((inputs, outcome.value, habits.kept(inputs)))
            if time.process_time() > ends:
                break
        self.inputs[check] = found
        return found


def _in_turn(first: list, second: Iterator) -> Iterator:
    for a in first:
        yield a
        b = next(second, None)
        if b is not None:
            yield b
    yield from second


def _reference_agrees(declared: Check, inputs: dict, value: Any) -> bool:
    for right in (declared.reference, *declared.accept):
        try:
            with np.errstate(all="ignore"):
                fresh = {name: wire.plain(item) for name, item in inputs.items()}
                expected = wire.plain(right(**fresh)) if callable(right) else right
        except Exception:
            continue
        if equal(value, expected, declared.tolerance, declared.choices):
            return True
    return False


def _declared(check: Check, mistake: str, accept: int | None) -> Any:
    if accept is not None:
        answer = check.accept[accept]
    elif mistake:
        answer = next(m.wrong for m in check.mistakes if m.name == mistake)
    else:
        answer = check.reference
    return answer() if check.kind == "value" and callable(answer) else answer


def _within(limit: float, answer: Any, kind: str, inputs: dict, names: tuple) -> calling.Outcome:
    if not hasattr(signal, "SIGPROF"):  # elsewhere only the backstop ends a loop
        return calling.call(answer, kind, inputs, names)
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        return calling.call(answer, kind, inputs, names)
    except _TimeUp:
        return calling.Outcome(error=TIME_UP)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _time_is_up(number: int, frame: Any) -> None:
    raise _TimeUp


def _shown(check: str, inputs: dict[str, Any]) -> str:
    from lobsim.course.show import arguments

    return f"{check}({arguments(inputs)})"


# ------------------------------------------------------------------------------ what a cell needs


def exercise_cell(notebook: Any, check: str) -> Any:
    """The cell that holds the answer to a check: the last one marked with its name."""
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution") and not about.get("grade") and about.get("grade_id") == check:
            return cell
    raise LookupError(f"no exercise cell has the grade_id {check!r}")


def handed_over(notebook: Any, check: str) -> str:
    """Name of the variable that the check cell hands to the check."""
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade") and about.get("grade_id") == f"check_{check}":
            call = ast.parse(cell.source.strip()).body[0]
            return call.value.args[1].id  # type: ignore[attr-defined]
    raise LookupError(f"no check cell has the grade_id 'check_{check}'")


def needed_source(notebook: Any, check: str, source: str) -> str:
    """The top-level statements above an exercise that its answer needs, and nothing else.

    Simulations and figures of the lesson are not run: only what binds or changes a name that the
    answer reads, and what those statements read in turn.
    """
    above: list[ast.stmt] = []
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade_id") == check:
            break
        if cell.cell_type == "code" and not about.get("grade"):
            lines = [line for line in cell.source.split("\n")
                     if not line.lstrip().startswith(("%", "!"))]
            with contextlib.suppress(SyntaxError):
                above += ast.parse("\n".join(lines)).body
    needed = _names_loaded(source)
    kept = []
    for statement in reversed(above):
        if _names_bound(statement) & needed:
            kept.append(statement)
            needed |= _names_loaded(ast.unparse(statement))
    return "\n".join(ast.unparse(statement) for statement in reversed(kept))


def _load_modules(source: str) -> None:
    """Run the imports inside functions, so that no call is timed while a module loads.

    Loading ``scipy.stats`` takes longer than a call may; the answer would seem to hang.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            with contextlib.suppress(Exception):  # a call that reaches it tells what is wrong
                exec(ast.unparse(node), {"__name__": "__lesson__"})


def _names_loaded(source: str) -> set[str]:
    """Names that the source reads from outside: no local of a function among them."""
    found: set[str] = set()

    def walk(table: symtable.SymbolTable) -> None:
        top = table.get_type() == "module"
        found.update(s.get_name() for s in table.get_symbols()
                     if (s.is_referenced() if top else s.is_global()))
        for inner in table.get_children():
            walk(inner)

    walk(symtable.symtable(source, "<cell>", "exec"))
    return found


def _names_bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    bound = {node.id for node in ast.walk(statement)
             if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    for target in targets:  # table["column"] = ... changes the table
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            target = target.value
        if isinstance(target, ast.Name):
            bound.add(target.id)
    return bound
