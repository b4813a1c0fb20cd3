"""A declaration made ready to run: every case with its inputs, right answers and known wrong ones.

`plan` makes it from a declaration (trusted side, hidden cases included); `publish` and
`from_published` write and read the form that learners get (``checks.json``: visible cases only,
values instead of code).  Judging sees no difference between the two.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from lobsim.course import wire
from lobsim.course.calling import Outcome
from lobsim.course.declare import (PUBLIC_STUDENT, Case, Check, DeclarationError, Part, Tolerance,
                                   instance_rng)

PUBLISHED_FORMAT = 1
_STOPPED = "stopped"  # key of the outcome that ended a game
_MESSAGE = 500  # characters of an error message that are kept
_DIGITS = 13  # significant digits of published answers, so that machines agree on the file


class _Stopped(Exception):
    """A call of the learner's function in the middle of a game brought an error."""

    def __init__(self, outcome: Outcome):
        super().__init__(outcome.error)
        self.outcome = outcome


@dataclass(frozen=True)
class PlannedMistake:
    """What is said about a known wrong answer; ``error`` names the exception it raises."""

    name: str
    message: str
    error: str | None = None


@dataclass(eq=False)
class PlannedCase:
    """One call, with everything that is needed to judge what comes back.

    ``expected`` and ``wrong`` are worked out when first asked for.
    """

    check: str
    part: str
    index: int
    visible: bool
    inputs: dict[str, Any]
    note: str = ""
    source: Check | None = None
    play: Callable[..., Any] | None = None
    _expected: tuple | None = None
    _wrong: dict[str, Any] | None = None

    def asked(self, call: Callable[[dict[str, Any]], Outcome], kept: dict) -> Outcome:
        """What the learner's function gives: of one call, or of all that the case plays.

        Parameters
        ----------
        call : callable
            ``call(inputs) -> Outcome``, wherever that runs.
        kept : dict
            The same one for all cases asked in one go; a game that has stopped with an error is not
            begun again.
        """
        if self.play is None:
            return call(self.inputs)
        if _STOPPED in kept:
            return kept[_STOPPED]

        def ask(**arguments: Any) -> Any:
            outcome = call(arguments)
            if outcome.error is not None:
                raise _Stopped(outcome)
            return outcome.value

        try:
            with _quiet():
                return Outcome(wire.plain(self.play(ask, kept, **_fresh(self.inputs))))
        except _Stopped as stopped:
            kept[_STOPPED] = stopped.outcome
        except ValueError as problem:
            kept[_STOPPED] = Outcome(error="BadAnswer", message=str(problem)[:_MESSAGE])
        return kept[_STOPPED]

    @property
    def key(self) -> tuple[str, int]:
        """(part name, position in the part), unique within a check."""
        return self.part, self.index

    @property
    def expected(self) -> tuple:
        """The right answers: the reference's, then one for each accepted alternative."""
        if self._expected is None:
            assert self.source is not None
            answers = [self.source.reference, *self.source.accept]
            with _quiet():
                self._expected = tuple(_answer(self.source, a, self.inputs) for a in answers)
        return self._expected

    @property
    def wrong(self) -> dict[str, Any]:
        """Mistake name -> the value that a learner with this mistake returns here."""
        if self._wrong is None:
            assert self.source is not None
            self._wrong = {}
            for mistake in self.source.mistakes:
                if mistake.wrong is None:
                    continue
                try:
                    with _quiet():
                        value = wire.plain(mistake.wrong(**_fresh(self.inputs)))
                except Exception:  # the wrong way has no answer on this case
                    continue
                self._wrong[mistake.name] = value
        return self._wrong


@dataclass(eq=False)
class PlannedPart:
    """Cases that earn points together; a published hidden part has no cases."""

    name: str
    points: float
    visible: bool
    category: str
    partial: bool
    cases: list[PlannedCase] = field(default_factory=list)


@dataclass(eq=False)
class PlannedCheck:
    """A check made ready for one student."""

    lesson: str
    name: str
    title: str
    kind: str
    tolerance: Tolerance
    mistakes: list[PlannedMistake]
    choices: tuple[str, ...]
    by_keyword: tuple[str, ...]
    reread: str
    show_expected: bool
    parts: list[PlannedPart]
    complete: bool = True  # False where the hidden cases are not at hand

    @property
    def points(self) -> float:
        """Points of the check cell, hidden parts included."""
        return round(sum(part.points for part in self.parts), 6)

    @property
    def points_visible(self) -> float:
        """Points that can be seen at home."""
        return round(sum(part.points for part in self.parts if part.visible), 6)

    def cases(self, *, visible: bool = True, hidden: bool = True) -> Iterator[PlannedCase]:
        """The cases in the order in which they are declared."""
        for part in self.parts:
            if (part.visible and visible) or (not part.visible and hidden):
                yield from part.cases


def plan(check: Check, lesson: str, student: str | None = None) -> PlannedCheck:
    """Make a declared check ready for one student.

    Parameters
    ----------
    check : Check
    lesson : str
        Name of the lesson's folder ("01_implementation_shortfall").
    student : str, optional
        Whose instance; None is the public one that everybody sees at home.
    """
    parts = []
    for part in check.parts:
        if callable(part.cases):
            cases = _instance(check, part, lesson, student)
        else:
            cases = _fixed_cases(check, part)
        parts.append(PlannedPart(part.name, float(part.points), part.visible, part.category,
                                 part.partial, cases))
    return PlannedCheck(
        lesson=lesson, name=check.name, title=check.title, kind=check.kind,
        tolerance=check.tolerance,
        mistakes=[PlannedMistake(m.name, m.message, m.error) for m in check.mistakes],
        choices=tuple(check.choices), by_keyword=tuple(check.by_keyword), reread=check.reread,
        show_expected=check.shows_expected, parts=parts)


@lru_cache(maxsize=4096)  # by identity: a class of students shares the fixed cases' answers
def _fixed_cases(check: Check, part: Part) -> list[PlannedCase]:
    return _planned(check, part, part.cases)


@lru_cache(maxsize=512)  # one student's instance is asked for twice: visible, then hidden
def _instance(check: Check, part: Part, lesson: str, student: str | None) -> list[PlannedCase]:
    rng = instance_rng(lesson, check.name, part.name, student)
    cases = part.cases(rng, student or PUBLIC_STUDENT) if part.by_student else part.cases(rng)
    if not cases or not all(isinstance(case, Case) for case in cases):
        raise DeclarationError(f"check {check.name!r}, part {part.name!r}: the callable must "
                               "return a list of at least one Case")
    return _planned(check, part, cases)


def _planned(check: Check, part: Part, cases: Any) -> list[PlannedCase]:
    result = []
    for index, case in enumerate(cases):
        try:
            inputs = {name: wire.plain(value) for name, value in case.inputs.items()}
        except wire.WireError as problem:
            raise DeclarationError(f"check {check.name!r}, part {part.name!r}, case {index}: "
                                   f"{problem}") from None
        if case.play is not None and part.visible:
            raise DeclarationError(f"check {check.name!r}, part {part.name!r}, case {index} is "
                                   "played, so it must be hidden: at home there is nobody to play")
        result.append(PlannedCase(check.name, part.name, index, part.visible, inputs, case.note,
                                  source=check, play=case.play))
    return result


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings from a reference or a wrong way: they say nothing about the learner's answer,
    and stock nbgrader gives 0 points for a check cell that writes to stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _fresh(inputs: dict[str, Any]) -> dict[str, Any]:
    """Copies, so that no callable can change what the next one gets."""
    return {name: wire.plain(value) for name, value in inputs.items()}


def _answer(check: Check, reference: Any, inputs: dict[str, Any]) -> Any:
    value = reference(**_fresh(inputs)) if callable(reference) else reference
    try:
        return wire.plain(value)
    except wire.WireError as problem:
        raise DeclarationError(f"check {check.name!r}: the reference's answer: {problem}") from None


# ------------------------------------------------------------------------------------- published


def publish(planned: PlannedCheck) -> dict:
    """The learner's form of a check: JSON-able, without code and without any hidden case."""
    return {
        "name": planned.name, "title": planned.title, "kind": planned.kind,
        "tolerance": {"rtol": planned.tolerance.rtol, "atol": planned.tolerance.atol,
                      "why": planned.tolerance.why},
        "mistakes": [{"name": m.name, "message": m.message, "error": m.error}
                     for m in planned.mistakes],
        "choices": list(planned.choices), "by_keyword": list(planned.by_keyword),
        "reread": planned.reread, "show_expected": planned.show_expected,
        "parts": [_publish_part(part) for part in planned.parts],
    }


def _publish_part(part: PlannedPart) -> dict:
    result = {"name": part.name, "points": part.points, "visible": part.visible,
              "category": part.category, "partial": part.partial, "cases": []}
    for case in part.cases if part.visible else []:
        result["cases"].append({
            "note": case.note,
            "inputs": wire.encode(case.inputs),
            "expected": [wire.encode(rounded(value)) for value in case.expected],
            "wrong": {name: wire.encode(rounded(value)) for name, value in case.wrong.items()},
        })
    return result


def from_published(data: dict, lesson: str) -> PlannedCheck:
    """Read back what `publish` wrote."""
    parts = []
    for part in data["parts"]:
        cases = [PlannedCase(data["name"], part["name"], index, part["visible"],
                             wire.decode(case["inputs"]), case["note"],
                             _expected=tuple(wire.decode(v) for v in case["expected"]),
                             _wrong={n: wire.decode(v) for n, v in case["wrong"].items()})
                 for index, case in enumerate(part["cases"])]
        parts.append(PlannedPart(part["name"], part["points"], part["visible"], part["category"],
                                 part["partial"], cases))
    return PlannedCheck(
        lesson=lesson, name=data["name"], title=data["title"], kind=data["kind"],
        tolerance=Tolerance(**data["tolerance"]),
        mistakes=[PlannedMistake(**mistake) for mistake in data["mistakes"]],
        choices=tuple(data["choices"]), by_keyword=tuple(data["by_keyword"]),
        reread=data["reread"], show_expected=data["show_expected"], parts=parts,
        complete=all(part.visible for part in parts))


def visible_only(planned: PlannedCheck) -> PlannedCheck:
    """The same check as a learner knows it: hidden parts without their cases."""
    parts = [part if part.visible else replace(part, cases=[]) for part in planned.parts]
    return replace(planned, parts=parts, complete=all(part.visible for part in parts))


def rounded(value: Any) -> Any:
    """The plain value with floats cut to 13 significant digits, so that files do not differ in the
    last bit from machine to machine; tolerances are wider than that."""
    if type(value) is float:
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else value
    if type(value) is list:
        return [rounded(item) for item in value]
    if type(value) is tuple:
        return tuple(rounded(item) for item in value)
    if type(value) is dict:
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _rounded_array(value)
    if hasattr(value, "columns"):
        result = value.copy()
        for name in value.columns:
            if getattr(value[name].dtype, "kind", "O") == "f":
                result[name] = _rounded_array(value[name].to_numpy())
        return result
    if hasattr(value, "to_numpy") and getattr(value.dtype, "kind", "O") == "f":
        return type(value)(_rounded_array(value.to_numpy()), name=value.name)
    return value


def _rounded_array(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    flat = [float(f"{v:.{_DIGITS}g}") for v in array.ravel().tolist()]
    return np.array(flat, dtype=array.dtype).reshape(array.shape)
