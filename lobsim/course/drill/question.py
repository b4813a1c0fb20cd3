"""What an interview question is: how it is asked, timed, answered and marked.

A question is data (``bank/lesson_NN.toml``); what is checked by a program is code beside it, and
found by name: a number in `lobsim.course.drill.fresh`, a function in `lobsim.course.drill.coding`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

__all__ = ["KINDS", "LESSONS", "BankError", "Question", "RubricPoint", "question_from"]

KINDS = ("concept", "derivation", "coding", "debugging", "estimation", "case")
LESSONS = tuple(f"{number:02d}" for number in range(14))
_FIELDS = {"id", "kind", "minutes", "difficulty", "section", "ask", "rubric", "answer", "better",
           "fresh", "code", "auto", "snippet", "line", "also", "mended", "probe", "truth"}


class BankError(ValueError):
    """A question that is not as it must be, told in one sentence."""


@dataclass(frozen=True)
class RubricPoint:
    """One thing that a good answer says or does.

    Attributes
    ----------
    text : str
    marks : int
        At least 1.
    automatic : bool
        Whether a program decides it; else the learner marks it.
    """

    text: str
    marks: int = 1
    automatic: bool = False


@dataclass(frozen=True)
class Question:
    """One question of the bank.

    Attributes
    ----------
    id : str
        Unique in the bank, and kept for ever: progress is kept under it.
    lesson : str
        Two digits: the lesson that teaches it.
    section : str
        Heading of that lesson's notebook where it is taught.
    kind : str
        One of `KINDS`.
    minutes : int
        Time at a desk, 1 to 15.
    difficulty : int
        1 (asked on the telephone), 2 (asked at a desk) or 3 (asked of those who shall be hired).
    ask, answer : str
        The question, and what a strong candidate says in the time. Both may hold ``{{expression}}``
        or ``{{expression | format}}``; see `lobsim.course.drill.text`.
    rubric : tuple of RubricPoint
        Three to six points.
    better : str
        What tells an excellent answer from a good one.
    check : str, optional
        Name of what a program checks: of a fresh number, a function, or "line" for a snippet.
    snippet, line, also, mended, probe, truth : optional
        Debugging: Python with one wrong line, its number from 1, other lines that may be named for
        the same bug, the line mended, an expression that shows the difference, and an expression
        for what is true.
    """

    id: str
    lesson: str
    section: str
    kind: str
    minutes: int
    difficulty: int
    ask: str
    answer: str
    rubric: tuple[RubricPoint, ...]
    better: str
    fresh: str = ""
    code: str = ""
    snippet: str = ""
    line: int = 0
    also: tuple[int, ...] = ()
    mended: str = ""
    probe: str = ""
    truth: str = ""

    @property
    def check(self) -> str:
        """What a program checks: "number", "function", "line", or "" for nothing."""
        if self.fresh:
            return "number"
        if self.code:
            return "function"
        return "line" if self.snippet else ""

    @property
    def marks(self) -> int:
        """Marks of all points of the rubric."""
        return sum(point.marks for point in self.rubric)

    @property
    def mended_snippet(self) -> str:
        """The snippet with its wrong line mended."""
        lines = self.snippet.splitlines()
        lines[self.line - 1] = self.mended
        return "\n".join(lines)


def question_from(entry: dict[str, Any], lesson: str) -> Question:
    """Read one entry of a bank's file.

    Raises
    ------
    BankError
        Something is missing, unknown or outside what is allowed; the sentence says which.
    """
    name = entry.get("id")
    where = f"question {name!r} of lesson {lesson}"

    def need(condition: Any, sentence: str) -> None:
        if not condition:
            raise BankError(f"{where}: {sentence}")

    need(isinstance(name, str) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name),
         "an id of small letters and hyphens is needed, such as \"queue-ahead\"")
    unknown = sorted(set(entry) - _FIELDS)
    need(not unknown, f"unknown fields {', '.join(unknown)}; known are "
                      f"{', '.join(sorted(_FIELDS))}")
    need(entry.get("kind") in KINDS,
         f"kind is {entry.get('kind')!r}; allowed are {', '.join(KINDS)}")
    for field, low, high in (("minutes", 1, 15), ("difficulty", 1, 3)):
        value = entry.get(field)
        need(type(value) is int and low <= value <= high,
             f"{field} is {value!r}; a whole number from {low} to {high} is allowed")
    for field in ("section", "ask", "answer", "better"):
        value = entry.get(field)
        need(isinstance(value, str) and value.strip(), f"{field} is missing")
    question = Question(
        id=name, lesson=lesson, section=entry["section"].strip(), kind=entry["kind"],
        minutes=entry["minutes"], difficulty=entry["difficulty"], ask=entry["ask"].strip(),
        answer=entry["answer"].strip(), rubric=tuple(_rubric(entry, need)),
        better=entry["better"].strip(), fresh=entry.get("fresh", ""), code=entry.get("code", ""),
        snippet=entry.get("snippet", "").strip("\n"), line=entry.get("line", 0),
        also=tuple(entry.get("also", ())),
        mended=entry.get("mended", ""), probe=entry.get("probe", ""),
        truth=entry.get("truth", ""))
    _check_snippet(question, need)
    checks = [bool(question.fresh), bool(question.code), bool(question.snippet)]
    need(sum(checks) <= 1, "only one of fresh, code and snippet may be given")
    need((question.kind == "coding") == bool(question.code),
         "a coding question needs the name of its check in `code`, and no other may have one")
    need((question.kind == "debugging") == bool(question.snippet),
         "a debugging question needs a `snippet`, and no other may have one")
    return question


def _rubric(entry: dict[str, Any], need: Any) -> list[RubricPoint]:
    points = []
    for item in entry.get("rubric", []):
        text, marks = (item, 1) if isinstance(item, str) else (item[1], item[0])
        need(isinstance(text, str) and text.strip() and type(marks) is int and marks >= 1,
             f"a point of the rubric is {item!r}; a text or [marks, text] is allowed")
        points.append(RubricPoint(text.strip(), marks))
    what = {"fresh": "the number is right", "code": "the function passes its checks",
            "snippet": "names the wrong line"}
    for field, text in what.items():
        if entry.get(field):
            auto = entry.get("auto", 2)
            need(type(auto) is int and auto >= 1, f"auto is {auto!r}; marks from 1 are allowed")
            points.insert(0, RubricPoint(text, auto, automatic=True))
    need(3 <= len(points) <= 6, f"{len(points)} points in the rubric; three to six are allowed")
    return points


def _check_snippet(question: Question, need: Any) -> None:
    if not question.snippet:
        return
    lines = question.snippet.splitlines()
    for line in (question.line, *question.also):
        need(type(line) is int and 1 <= line <= len(lines),
             f"line is {line!r}; the snippet has lines 1 to {len(lines)}")
    need(question.mended and question.probe and question.truth,
         "a snippet needs the line `mended`, a `probe` that shows the bug, and its `truth`")
    for code in (question.snippet, question.mended_snippet):
        try:
            ast.parse(code)
        except SyntaxError as error:
            need(False, f"the snippet is no Python ({error})")
