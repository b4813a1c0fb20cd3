"""Does a lesson's text agree with its checks: points, minutes, hints, places to reread, numbers?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lobsim.course.declare import Check
from lobsim.course.expected import EXPECTED_TAG
from lobsim.course.plan import plan

_NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(…?)")
_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|[ ,\u00a0\u202f])(?=\d{3}(?!\d))")
_UNITS = (1.0, 1e3, 1e6, 1e9)  # a text may say microseconds where the code counts nanoseconds
_LOOSE = 1e-6  # relative tolerance from which on a reason beyond rounding is asked for


@dataclass(frozen=True)
class Exercise:
    """One marked exercise with the text around it.

    ``task`` is the text above its cell, ``before`` the cells from the last exercise to it, and
    ``below`` those from it to the next exercise.
    """

    name: str
    points: float
    manual: bool
    task: str
    before: tuple[Any, ...]
    below: tuple[Any, ...]


def exercises(notebook: Any) -> list[Exercise]:
    """The marked exercises of a notebook in order."""
    cells = notebook.cells
    marks = [cell.metadata.get("nbgrader", {}) for cell in cells]
    at = [i for i, mark in enumerate(marks) if mark.get("solution")]
    points = {str(m.get("grade_id")): float(m.get("points", 0)) for m in marks if m.get("grade")}
    found = []
    for number, i in enumerate(at):
        name, manual = str(marks[i].get("grade_id")), bool(marks[i].get("grade"))
        first = at[number - 1] + 1 if number else 0
        last = at[number + 1] if number + 1 < len(at) else len(cells)
        texts = [c.source for c in cells[first:i] if c.cell_type == "markdown"]
        found.append(Exercise(name, points.get(name if manual else f"check_{name}", 0.0), manual,
                              texts[-1] if texts else "", tuple(cells[first:i]),
                              tuple(cells[i:last])))
    return found


def audit_text(notebook: Any, checks: list[Check], lesson: str) -> dict[str, list[str]]:
    """What the text says otherwise than the checks do, by exercise; "" for the whole lesson."""
    by_name = {check.name: check for check in checks}
    found: dict[str, list[str]] = {}
    minutes = []
    for exercise in exercises(notebook):
        problems = list(_costs(exercise))
        stated = re.search(r"(\d+)\s*min", exercise.task)
        minutes.append(int(stated[1]) if stated else 0)
        check = by_name.get(exercise.name)
        if check is not None:
            problems += _hints(exercise)
            problems += _declaration(check, notebook)
            problems += _numbers(exercise, check, lesson)
        found[exercise.name] = problems
    found[""] = list(_totals(notebook, minutes))
    return found


def _costs(exercise: Exercise) -> Iterator[str]:
    """Points, difficulty and minutes that the task states."""
    printed = re.search(r"(\d+(?:\.\d+)?)\s*points?\b", exercise.task)
    if not printed:
        yield "the task does not say how many points it gives"
    elif float(printed[1]) != exercise.points:
        yield f"the task says {printed[1]} points, its cell gives {exercise.points:g}"
    if not re.search(r"difficulty\W+\d", exercise.task, re.IGNORECASE):
        yield "the task does not say how difficult it is"
    if not re.search(r"\d+\s*min", exercise.task):
        yield "the task does not say how many minutes it takes"


def _totals(notebook: Any, minutes: list[int]) -> Iterator[str]:
    first = notebook.cells[0].source if notebook.cells else ""
    whole = notebook.metadata.get("lobsim", {}).get("minutes")
    said = re.search(r"about (\d+) minutes(?:, (\d+) of them exercises)?", first, re.IGNORECASE)
    if said and int(said[1]) != whole:
        yield f"the first cell says {said[1]} minutes, the notebook's metadata {whole}"
    if said and said[2] and int(said[2]) != sum(minutes):
        yield f"the first cell says {said[2]} minutes of exercises; they add up to {sum(minutes)}"
    if isinstance(whole, int) and sum(minutes) > whole:
        yield f"the exercises take {sum(minutes)} minutes, the whole lesson {whole}"
    total = re.search(r"(\d+(?:\.\d+)?)\s*points", first)
    points = sum(e.points for e in exercises(notebook))
    if total and float(total[1]) != points:
        yield f"the first cell says {total[1]} points; the exercises add up to {points:g}"


def _hints(exercise: Exercise) -> list[str]:
    around = exercise.task + "".join(
        cell.source for cell in exercise.below if cell.cell_type == "markdown")
    have = set(re.findall(r"<summary>\s*Hint (\d)", around, re.IGNORECASE))
    return [f"there is no folded hint {number}" for number in ("1", "2") if number not in have]


def _declaration(check: Check, notebook: Any) -> Iterator[str]:
    if not check.tolerance.why.strip():
        yield "its tolerance gives no reason"
    elif check.tolerance.rtol > _LOOSE and check.tolerance.why.strip() == "rounding only":
        yield f"a relative tolerance of {check.tolerance.rtol:g} is more than rounding; say why"
    for part in check.parts:
        if not part.visible and not part.category.strip():
            yield f"the hidden part {part.name!r} has no category; feedback needs one"
        if not part.visible and re.search(r"\d", part.name):
            yield f"the name of the hidden part {part.name!r} holds a number"
    if check.kind == "function" and not any(
            callable(part.cases) and not part.visible for part in check.parts):
        yield "no hidden part has an instance of its own for each student"
    yield from _reread(check.reread, notebook)


def _reread(reread: str, notebook: Any) -> Iterator[str]:
    """Places named in ``reread`` that the lesson does not have."""
    texts = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    headings = [h.strip() for text in texts for h in re.findall(r"^#{1,5}\s+(.+)$", text, re.M)]
    if not reread.strip():
        yield "nothing says what to read again"
    for number in re.findall(r"section (\d+)", reread):
        if not any(re.match(rf"{number}\b", heading) for heading in headings):
            yield f"reread names section {number}, which the lesson does not have"
    for title in re.findall(r'"([^"]+)"', reread):
        if not any(title.lower() in heading.lower() for heading in headings):
            yield f"reread names {title!r}, which is no heading of the lesson"
    for first, last in re.findall(r"equations? (\d+)(?:\s*(?:to|and)\s*(\d+))?", reread):
        for number in {first, last or first}:
            if f"\\tag{{{number}}}" not in "\n".join(texts):
                yield f"reread names equation {number}, which the lesson does not have"


# ----------------------------------------------------------------------------------------- numbers


def _numbers(exercise: Exercise, check: Check, lesson: str) -> Iterator[str]:
    """Printed numbers that no visible case yields, and worked cases that are not in the text."""
    cases = list(plan(check, lesson).cases(hidden=False))
    values = [v for case in cases for v in _flat([case.inputs, list(case.expected[:1])])]
    lines = re.findall(r"^\*Expected.*$", exercise.task, re.MULTILINE)
    for line in lines:
        for printed, cut in printed_numbers(line):
            if not any(_prints(printed, cut, value) for value in values):
                yield f"the text expects {printed}; no visible case has or yields that number"
    seen = any(EXPECTED_TAG in cell.metadata.get("tags", []) for cell in exercise.below)
    worked = [case for case in cases if re.search(r"\b(above|text|section)\b", case.note)]
    if not lines and not seen and not worked:
        yield "nothing beside the exercise says what is expected"
    # the worked example of a text: what the case holds must stand there
    text = "\n".join(_all_text(cell) for cell in exercise.before)
    printed = printed_numbers(text)
    for case in worked:
        if "above" not in case.note:
            continue
        missing = [v for v in _flat([case.inputs, case.expected[0]], skip=("time_ns",))
                   if math.isfinite(v) and abs(v) > 1
                   and not any(_prints(p, cut, v, exact_units=True) for p, cut in printed)]
        if missing:
            shown = ", ".join(f"{v:.10g}" for v in missing[:4])
            yield (f"the case {case.note!r} holds {shown}, which the text above the exercise "
                   "does not show")


def printed_numbers(text: str) -> list[tuple[str, bool]]:
    """Numbers as printed, without separators of thousands, and whether an ellipsis cuts them.

    Examples
    --------
    >>> printed_numbers("mid 10 002 ticks, about 10,003.33…")
    [('10002', False), ('10003.33', True)]
    """
    text = _THOUSANDS.sub("", text.replace("\\,", "\u202f"))
    return [(m[0].rstrip("…").replace("−", "-"), bool(m[1])) for m in _NUMBER.finditer(text)]


def _prints(printed: str, cut: bool, value: float, exact_units: bool = False) -> bool:
    """Whether a printed number stands for a value, to the digits printed; signs are left out."""
    digits = len(printed.partition(".")[2]) if "e" not in printed else 9
    number, value = abs(float(printed)), abs(value)
    for unit in (1.0,) if exact_units else _UNITS:
        scaled = value / unit
        slack = (1.0 if cut else 0.5000001) * 10.0 ** -digits if digits or cut else 1e-9
        if abs(scaled - number) <= slack * (1 + 1e-9):
            return True
    return False


def _flat(item: Any, skip: tuple[str, ...] = ()) -> list[float]:
    """All numbers in a plain value."""
    if isinstance(item, bool) or item is None or isinstance(item, str):
        return []
    if isinstance(item, (int, float)):
        return [float(item)]
    if isinstance(item, np.ndarray):
        return [float(v) for v in item.ravel().tolist() if not isinstance(v, (bool, str))]
    if hasattr(item, "columns"):
        return [v for name in item.columns if name not in skip
                for v in _flat(item[name].tolist())]
    if isinstance(item, dict):
        return [v for value in item.values() for v in _flat(value, skip)]
    if isinstance(item, (list, tuple)):
        return [v for value in item for v in _flat(value, skip)]
    return _flat(item.tolist()) if hasattr(item, "tolist") else []


def _all_text(cell: Any) -> str:
    outputs = [o.get("text", "") or o.get("data", {}).get("text/plain", "")
               for o in cell.get("outputs", [])]
    return "\n".join([cell.source, *("".join(t) for t in outputs)])
