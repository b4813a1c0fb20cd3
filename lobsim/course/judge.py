"""Decides what a learner's answers earn, and finds the words for what is missing.

Judging happens on plain values only (see `lobsim.course.wire`) and never calls learner's code
itself: it asks ``call(inputs)`` for an `Outcome`, wherever that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lobsim.course import show
from lobsim.course.calling import TOO_LARGE, UNANSWERED, Outcome
from lobsim.course.compare import Difference, equal, first_difference
from lobsim.course.declare import Check
from lobsim.course.hints import guess
from lobsim.course.plan import PlannedCase, PlannedCheck, PlannedPart, plan

_SCALARS = (bool, int, float, str, type(None))

__all__ = ["CaseResult", "CheckResult", "Outcome", "PartResult", "judge", "judge_outcomes"]


@dataclass(frozen=True)
class CaseResult:
    """How one case went.  For a hidden case ``lines`` is empty: its numbers stay here.

    Attributes
    ----------
    index : int
        Position in the part, from 0.
    passed : bool
    note : str
        What the case shows ("" for hidden ones).
    lines : tuple of str
        What was called, what came back, what was expected, one sentence each.
    mistake : str, optional
        Name of the declared mistake that this answer shows.
    """

    index: int
    passed: bool
    note: str = ""
    lines: tuple[str, ...] = ()
    mistake: str | None = None


@dataclass(frozen=True)
class PartResult:
    """Points of one part.  ``state`` is "passed", "partly", "failed", "blank" or "later"
    (hidden cases that were not run)."""

    name: str
    points: float
    earned: float
    visible: bool
    category: str
    state: str
    cases: tuple[CaseResult, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check.

    Attributes
    ----------
    check, lesson, title : str
    earned, points : float
        Points got, and points of the whole check with its hidden parts.
    points_visible : float
        Points that can be earned without the hidden cases.
    parts : tuple of PartResult
    unanswered : bool
        The exercise is still blank.
    mistakes : tuple of (name, message)
        Declared mistakes recognised, likeliest first.
    remarks : tuple of str
        Other things worth knowing (arguments changed in place, what the code printed).
    reread : str
    hidden_judged : bool
        Whether the hidden cases were run.
    allowed : str
        How far a number may lie from the expected one, and why.
    """

    check: str
    lesson: str
    title: str
    earned: float
    points: float
    points_visible: float
    parts: tuple[PartResult, ...]
    unanswered: bool = False
    mistakes: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    reread: str = ""
    hidden_judged: bool = False
    allowed: str = ""

    @property
    def passed(self) -> bool:
        """Whether every part that was judged earned its points."""
        return not self.unanswered and all(p.state in ("passed", "later") for p in self.parts)

    def text(self) -> str:
        """The result in plain text."""
        from lobsim.course.panel import as_text

        return as_text(self)

    def html(self) -> str:
        """The result as a small HTML panel, escaped, readable on light and dark pages."""
        from lobsim.course.panel import as_html

        return as_html(self)


def judge(check: Check | PlannedCheck, call: Callable[[dict[str, Any]], Outcome], *,
          lesson: str = "", student: str | None = None, hidden: bool) -> CheckResult:
    """Run a check's cases through ``call`` and judge what comes back.

    Parameters
    ----------
    check : Check or PlannedCheck
        The declaration, or one already made ready by `lobsim.course.plan`.
    call : callable
        ``call(inputs) -> Outcome``; it may run anything anywhere, only plain values come back.
    lesson, student : str
        Decide the per-student instance (ignored for a PlannedCheck).
    hidden : bool
        Whether to run the hidden cases.

    Examples
    --------
    >>> from lobsim.course.declare import Case, Check, Part
    >>> double = Check("double", "Double", reference=lambda x: 2 * x,
    ...                parts=[Part("by hand", 1, [Case({"x": 3})])])
    >>> judge(double, lambda inputs: Outcome(inputs["x"] * 2), hidden=True).earned
    1.0
    """
    planned = plan(check, lesson, student) if isinstance(check, Check) else check
    outcomes: dict[tuple[str, int], Outcome] = {}
    kept: dict = {}
    for case in planned.cases(hidden=hidden):
        outcomes[case.key] = outcome = case.asked(call, kept)
        if outcome.error == UNANSWERED and len(outcomes) == 1:
            break
    return judge_outcomes(planned, outcomes, hidden=hidden)


def judge_outcomes(planned: PlannedCheck, outcomes: Mapping[tuple[str, int], Outcome], *,
                   hidden: bool) -> CheckResult:
    """Judge answers that were collected before.

    Parameters
    ----------
    planned : PlannedCheck
    outcomes : mapping of (part name, index) to Outcome
        See `PlannedCase.key`.  A case without an outcome is not passed.
    hidden : bool
        False: hidden parts wait ("later"); their outcomes are not looked at.
    """
    cases = list(planned.cases(hidden=hidden))
    first = next((outcomes[case.key] for case in cases if case.key in outcomes), None)
    if first is not None and first.error == UNANSWERED:
        return _blank(planned, hidden)
    verdicts = _verdicts(planned, cases, outcomes)
    mistakes = _mistakes(planned, cases, outcomes, verdicts)
    parts = tuple(_part_result(planned, part, outcomes, verdicts, mistakes, hidden)
                  for part in planned.parts)
    earned = min(round(sum(part.earned for part in parts), 4), planned.points)
    found = [name for name in mistakes.ranking]
    messages = {m.name: m.message for m in planned.mistakes}
    return CheckResult(
        planned.name, planned.lesson, planned.title, earned, planned.points,
        planned.points_visible, parts, False,
        tuple((name, messages[name]) for name in found),
        _remarks(planned, outcomes), planned.reread, hidden,
        "" if planned.choices else planned.tolerance.sentence())


@dataclass
class _Verdicts:
    """Which accepted convention the answers follow, and what differs from it, by case key."""

    convention: int
    differences: dict[tuple[str, int], Difference | None] = field(default_factory=dict)

    def passed(self, key: tuple[str, int]) -> bool:
        return key in self.differences and self.differences[key] is None


@dataclass
class _Mistakes:
    """Declared mistakes that the answers show: all by rank, and the one shown by each case."""

    ranking: list[str]
    by_case: dict[tuple[str, int], str]


def _verdicts(planned: PlannedCheck, cases: list[PlannedCase],
              outcomes: Mapping[tuple[str, int], Outcome]) -> _Verdicts:
    answered = [c for c in cases if c.key in outcomes and outcomes[c.key].error is None]
    nothing = all(outcomes[c.key].value is None for c in answered)
    best: _Verdicts | None = None
    for convention in range(len(cases[0].expected) if cases else 0):
        verdicts = _Verdicts(convention)
        for case in answered:
            expected = case.expected[convention]
            verdicts.differences[case.key] = first_difference(
                outcomes[case.key].value, expected, planned.tolerance, choices=planned.choices)
        if nothing and any(d is not None for d in verdicts.differences.values()):
            # a function that never returns anything is right nowhere, not even where None is
            verdicts.differences = {key: Difference("type", "") for key in verdicts.differences}
        score = sum(d is None for d in verdicts.differences.values())
        if best is None or score > sum(d is None for d in best.differences.values()):
            best = verdicts
        if score == len(cases):
            break
    return best or _Verdicts(0)


def _mistakes(planned: PlannedCheck, cases: list[PlannedCase],
              outcomes: Mapping[tuple[str, int], Outcome], verdicts: _Verdicts) -> _Mistakes:
    failing = [c for c in cases if c.key in outcomes and not verdicts.passed(c.key)]
    shown: dict[str, set] = {}
    denied: dict[str, int] = {}
    for mistake in planned.mistakes:
        keys = {c.key for c in failing if _shows(planned, mistake, c, outcomes[c.key])}
        if keys:
            shown[mistake.name] = keys
            denied[mistake.name] = sum(_would_fail(planned, mistake, c) for c in cases
                                       if verdicts.passed(c.key))
    # the mistake that explains most failing cases first, then the one that fewest right answers
    # speak against; sort is stable, so ties keep the order of the declaration
    ranking = sorted(shown, key=lambda name: (-len(shown[name]), denied[name]))
    by_case = {}
    for name in reversed(ranking):
        by_case.update(dict.fromkeys(shown[name], name))
    needed = [name for name in ranking if name in by_case.values()]
    return _Mistakes(needed, by_case)


def _shows(planned: PlannedCheck, mistake: Any, case: PlannedCase, outcome: Outcome) -> bool:
    if outcome.error is not None:
        return mistake.error is not None and outcome.error == mistake.error
    return (_would_fail(planned, mistake, case)
            and equal(outcome.value, case.wrong[mistake.name], planned.tolerance, planned.choices))


def _would_fail(planned: PlannedCheck, mistake: Any, case: PlannedCase) -> bool:
    """Whether a learner with this mistake returns something wrong on this case."""
    if mistake.name not in case.wrong:
        return False
    wrong = case.wrong[mistake.name]
    return not any(equal(wrong, right, planned.tolerance, planned.choices)
                   for right in case.expected)


def _part_result(planned: PlannedCheck, part: PlannedPart,
                 outcomes: Mapping[tuple[str, int], Outcome], verdicts: _Verdicts,
                 mistakes: _Mistakes, hidden: bool) -> PartResult:
    if not part.visible and (not hidden or not part.cases):
        return PartResult(part.name, part.points, 0.0, False, part.category, "later")
    results = []
    for case in part.cases:
        passed = verdicts.passed(case.key)
        mistake = mistakes.by_case.get(case.key)
        lines: tuple[str, ...] = ()
        if part.visible and not passed:
            outcome = outcomes.get(case.key, Outcome(error="NotRun"))
            told = _explain(planned, case, outcome, verdicts, mistake)
            lines = tuple(show.one_line(line, 1000) for line in told)
        results.append(CaseResult(case.index, passed, case.note if part.visible else "", lines,
                                  mistake))
    right = sum(result.passed for result in results)
    share = right / len(results)
    earned = round(part.points * share, 4) if part.partial or share == 1 else 0.0
    state = "passed" if share == 1 else ("partly" if earned > 0 else "failed")
    return PartResult(part.name, part.points, earned, part.visible, part.category, state,
                      tuple(results))


def _blank(planned: PlannedCheck, hidden: bool) -> CheckResult:
    parts = tuple(PartResult(p.name, p.points, 0.0, p.visible, p.category,
                             "blank" if p.visible or hidden else "later") for p in planned.parts)
    return CheckResult(planned.name, planned.lesson, planned.title, 0.0, planned.points,
                       planned.points_visible, parts, True, (), (), planned.reread, hidden)


# ------------------------------------------------------------------------------------- sentences


def called(planned: PlannedCheck, case: PlannedCase) -> str:
    """``You called nbbo(quotes=...).``"""
    if planned.kind == "value":
        return "Your value was looked at."
    return f"You called {planned.name}({show.arguments(case.inputs)})."


def _explain(planned: PlannedCheck, case: PlannedCase, outcome: Outcome, verdicts: _Verdicts,
             mistake: str | None):
    if planned.kind == "function" and outcome.error != "NotAFunction":
        yield called(planned, case)
    if outcome.error is not None:
        yield _error_sentence(planned, outcome)
        return
    expected = case.expected[verdicts.convention]
    if outcome.value is None:
        wanted = f", expected {show.value(expected)}" if planned.show_expected else ""
        yield (f"It returned None{wanted}: is a `return` missing at the end?"
               if planned.kind == "function" else "It is None: put your answer in its place.")
        return
    if any(equal(outcome.value, other, planned.tolerance, planned.choices)
           for other in case.expected):
        yield f"It returned {show.value(outcome.value)}, which is right only by a convention " \
              "that your other answers do not follow."
        return
    yield from _got_and_expected(planned, outcome.value, expected)
    if mistake is None and planned.show_expected:
        idea = guess(outcome.value, expected, planned.tolerance)
        if idea:
            yield f"Perhaps: {idea}"
    if any(not isinstance(item, _SCALARS) for item in case.inputs.values()):
        number = [c.key for c in planned.cases(hidden=False)].index(case.key)
        yield f'Try it: {planned.name}(**check.inputs("{planned.name}", {number}))'


def _got_and_expected(planned: PlannedCheck, got: Any, expected: Any):
    returned = "It returned" if planned.kind == "function" else "It is"
    difference = first_difference(got, expected, planned.tolerance, choices=planned.choices)
    assert difference is not None
    if not planned.show_expected:
        if difference.kind == "value":
            yield f"{returned} {show.value(got)}, which is not right yet."
        else:
            yield f"{returned} {show.value(got)}: {_no_number(difference, got, expected)}."
        return
    if isinstance(got, _SCALARS) and isinstance(expected, _SCALARS) and difference.kind == "value":
        mine, theirs = show.pair(got, expected)
        yield f"{returned} {mine}, expected {theirs}."
        return
    shown = show.value(got), show.value(expected)
    wanted = f", expected {shown[1]}" if shown[0] != shown[1] else ""
    yield f"{returned} {shown[0]}{wanted}."
    yield f"First difference: {difference.text}."


def _no_number(difference: Difference, got: Any, expected: Any) -> str:
    if difference.kind == "type" and isinstance(expected, str):
        return difference.text
    return f"{show.kind(got)}, expected {show.kind(expected)}"


_ERRORS = {
    "NotAFunction": "The check needs the function itself; the name now holds a {message}. "
                    "Was it assigned something else after it was defined?",
    TOO_LARGE: "It returned something too large to check: {message}.",
    "BadAnswer": "What came back could not be read: {message}.",
    "TimeoutError": "It did not finish in time. {message}",
    "KernelDied": "The Python process ended during the call. {message}",
    "NotRun": "It was not run.",
    UNANSWERED: "This case is not done yet.",
}


def _error_sentence(planned: PlannedCheck, outcome: Outcome) -> str:
    known = _ERRORS.get(outcome.error or "")
    if known:
        return known.format(message=outcome.message).strip()
    message = f": {outcome.message}" if outcome.message else ""
    where = f" At {outcome.where}" if outcome.where else ""
    if outcome.error == "TypeError" and "argument" in outcome.message and not outcome.where:
        where = " Keep the arguments as they were given in the exercise."
    return f"It stopped with {outcome.error}{message}.{where}"


def _remarks(planned: PlannedCheck, outcomes: Mapping[tuple[str, int], Outcome]):
    visible = {case.key for case in planned.cases(hidden=False)}
    changed: list[str] = []
    printed = ""
    for key, outcome in outcomes.items():
        changed += [name for name in outcome.changed if name not in changed]
        if key in visible and outcome.printed.strip() and not printed:
            printed = outcome.printed.strip()
    remarks = []
    if changed:
        remarks.append(f"Your function changed its argument {', '.join(changed)} in place; the "
                       "caller may still need it. Work on a copy.")
    if printed:
        lines = printed.splitlines()
        more = f" (and {len(lines) - 5} lines more)" if len(lines) > 5 else ""
        remarks.append("Your code printed: " + " | ".join(lines[:5])[:400] + more)
    return tuple(show.one_line(remark, 600) for remark in remarks)
