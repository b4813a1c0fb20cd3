"""A mock interview of 45 minutes: drawn over all lessons by a plan of minutes, with a report."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from lobsim.course.drill.asked import Asked
from lobsim.course.drill.bank import find
from lobsim.course.drill.question import BankError, Question
from lobsim.course.drill.record import Answer

__all__ = ["BLOCKS", "LENGTH", "PLAN", "Slot", "draw", "report"]

LENGTH = 45  # minutes
_TRIES = 4000


@dataclass(frozen=True)
class Slot:
    """A stretch of the interview: what is asked, how many, and at most how many minutes."""

    title: str
    kind: str
    count: int
    minutes: int


# The order of an interview at a desk: talk, numbers, a derivation, code, a bug, a case at the end.
PLAN = (
    Slot("Warm-up", "concept", 2, 6),
    Slot("On the back of an envelope", "estimation", 3, 10),
    Slot("At the whiteboard", "derivation", 1, 6),
    Slot("Code", "coding", 1, 8),
    Slot("Find the bug", "debugging", 1, 4),
    Slot("A case", "case", 1, 10),
)
# Fields of the course; an interview asks from each of them.
BLOCKS = {"the book": ("00", "01", "02", "03"), "execution and quoting": ("04", "05"),
          "learning": ("06", "07", "08", "09", "10"), "live": ("11", "12", "13")}


def draw(questions: Sequence[Question], seed: int) -> list[tuple[Slot, Question]]:
    """Draw an interview: every slot filled, no lesson twice, each field asked, within 45 minutes.

    Raises
    ------
    BankError
        No such interview can be drawn from these questions.
    """
    rng = random.Random(f"mock {seed}")
    by_kind = {slot.kind: sorted((q for q in questions if q.kind == slot.kind), key=lambda q: q.id)
               for slot in PLAN}
    for _ in range(_TRIES):
        drawn: list[tuple[Slot, Question]] = []
        for slot in PLAN:
            pool = by_kind[slot.kind]
            if len(pool) < slot.count:
                break
            chosen = rng.sample(pool, slot.count)
            if sum(question.minutes for question in chosen) > slot.minutes:
                break
            drawn += [(slot, question) for question in chosen]
        else:
            if _covers([question for _, question in drawn]):
                return drawn
    raise BankError("no interview could be drawn from these questions")


def _covers(chosen: Sequence[Question]) -> bool:
    lessons = {question.lesson for question in chosen}
    return (len(lessons) == len(chosen)
            and all(lessons & set(block) for block in BLOCKS.values())
            and LENGTH - 10 <= sum(question.minutes for question in chosen) <= LENGTH
            and len({question.difficulty for question in chosen}) == 3)


def report(name: str, answers: Sequence[Answer], left_out: Sequence[Question] = ()) -> str:
    """The written report of an interview, in Markdown.

    Parameters
    ----------
    answers : sequence of Answer
        In the order in which they were given.
    left_out : sequence of Question
        Not asked, because the time was up: they count as no marks.
    """
    questions = [find(answer.question) for answer in answers]
    possible = sum(a.possible for a in answers) + sum(q.marks for q in left_out)
    marks = sum(a.marks for a in answers)
    seconds = sum(a.seconds for a in answers)
    lines = [f"# Mock interview {name}", "",
             f"{marks} of {possible} marks ({_percent(marks, possible)}), {len(answers)} questions "
             f"answered in {seconds / 60:.0f} minutes of {LENGTH}"
             + (f", {len(left_out)} not reached" if left_out else "") + ".", "",
             "| lesson | question | kind | marks | minutes | allowed |",
             "|---|---|---|---|---|---|"]
    lines += [f"| {q.lesson} | {q.id} | {q.kind} | {a.marks} / {a.possible} | "
              f"{a.seconds / 60:.1f} | {q.minutes} |" for q, a in zip(questions, answers,
                                                                      strict=True)]
    lines += [f"| {q.lesson} | {q.id} | {q.kind} | 0 / {q.marks} | not reached | {q.minutes} |"
              for q in left_out]
    lines += ["", "## Where the marks went", ""]
    for kind in dict.fromkeys(slot.kind for slot in PLAN):
        got = sum(a.marks for q, a in zip(questions, answers, strict=True) if q.kind == kind)
        most = sum(q.marks for q in [*questions, *left_out] if q.kind == kind)
        if most:
            lines.append(f"- {kind}: {got} of {most} ({_percent(got, most)})")
    late = [q.id for q, a in zip(questions, answers, strict=True) if a.seconds > a.allowed_s]
    if late:
        lines.append(f"- over time: {', '.join(late)}")
    lines += ["", "## What was missing", ""]
    missing = False
    for question, answer in zip(questions, answers, strict=True):
        shown = Asked(question, answer.seed).rubric
        lost = [text for text, made in zip(shown, answer.points, strict=False) if not made]
        if lost:
            missing = True
            lines += [f"**{question.id}** (read lesson {question.lesson}, "
                      f"“{question.section}”)", ""]
            lines += [f"- {text}" for text in lost]
            if answer.mistake:
                lines.append(f"- likely mistake: {answer.mistake.replace('_', ' ')}")
            lines.append("")
    if not missing:
        lines += ["Nothing of what was asked.", ""]
    return "\n".join(lines)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "no marks"
