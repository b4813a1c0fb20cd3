"""A drill session: which question comes next, what an answer earned, and what is remembered.

The same engine serves the terminal, the notebook and a mock interview; none of them chooses or
counts anything itself.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lobsim.course.drill.asked import Asked, Verdict
from lobsim.course.drill.question import Question
from lobsim.course.drill.record import Answer, Record
from lobsim.course.drill.schedule import Card

__all__ = ["Session", "order_of", "status"]


def order_of(questions: Sequence[Question], cards: dict[str, Card], day: dt.date,
             rng: random.Random) -> list[Question]:
    """In which order questions are asked: the most overdue first, then new ones, then the rest.

    New ones come mixed over lessons and kinds, easier ones earlier; those that are not due come
    last, the soonest due first.
    """
    due, new, later = [], [], []
    for question in questions:
        card = cards.get(question.id)
        if card is None or card.due is None:
            new.append((question.difficulty + rng.random(), question))
        elif card.due <= day:
            due.append((card.due.toordinal() + rng.random(), question))
        else:
            later.append((card.due.toordinal() + rng.random(), question))
    return [question for group in (due, new, later)
            for _, question in sorted(group, key=lambda pair: pair[0])]


@dataclass
class Session:
    """Questions one after the other, within a time.

    Parameters
    ----------
    questions : sequence of Question
        In the order in which they are asked.
    record : Record
        Where answers are remembered, one by one.
    minutes : float, optional
        A question is asked only if the minutes it allows still fit. None: no limit.
    seed : int
        Of the fresh numbers; each question has numbers of its own.
    mock : str
        Name of the mock interview, "" in a drill.
    clock, today : callable
        Seconds that only rise, and the date.
    """

    questions: Sequence[Question]
    record: Record
    minutes: float | None = None
    seed: int = 0
    mock: str = ""
    clock: Callable[[], float] = time.monotonic
    today: Callable[[], dt.date] = dt.date.today
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = list(self.questions)
        self._begun = self.clock()

    @property
    def spent_s(self) -> float:
        """Seconds that count: all of a drill; of an interview those of answering, not marking."""
        if self.mock:
            return sum(answer.seconds for answer in self.answers)
        return self.clock() - self._begun

    def next(self) -> Asked | None:
        """The next question that still fits; None at the end."""
        while self._left:
            question = self._left.pop(0)
            if self.minutes is None or self.spent_s / 60 + question.minutes <= self.minutes:
                return Asked(question, self._seed_of(question))
        return None

    def _seed_of(self, question: Question) -> int:
        return random.Random(f"{self.seed} {question.id}").randrange(2 ** 31)

    def mark(self, asked: Asked, made: Sequence[bool], seconds: float,
             verdict: Verdict | None = None) -> Answer:
        """Count the marks and remember the answer.

        Parameters
        ----------
        made : sequence of bool
            For each point of the rubric whether it was made; what a program decides is taken from
            ``verdict`` instead.
        seconds : float
            Time taken until the answer was given.
        """
        points = asked.question.rubric
        if len(made) != len(points):
            raise ValueError(f"{len(made)} points were marked; the rubric has {len(points)}")
        automatic = asked.automatic_marks(verdict)
        marks = sum(by_program if point.automatic else point.marks * bool(own)
                    for point, by_program, own in zip(points, automatic, made, strict=True))
        decided = tuple(by_program == point.marks if point.automatic else bool(own)
                        for point, by_program, own in zip(points, automatic, made, strict=True))
        answer = Answer(asked.question.id, self.today().isoformat(), marks, asked.question.marks,
                        round(seconds, 1), 60.0 * asked.question.minutes, asked.seed, decided,
                        self.mock, verdict.mistake if verdict else "")
        self.record.add(answer)
        self.answers.append(answer)
        return answer

    def summary(self) -> dict:
        """What the session came to, as plain values."""
        marks, possible = (sum(getattr(a, name) for a in self.answers)
                           for name in ("marks", "possible"))
        cards = self.record.cards()
        return {"asked": len(self.answers), "marks": marks, "possible": possible,
                "seed": self.seed, "minutes": round(self.spent_s / 60, 1),
                "answers": [{"question": a.question, "marks": a.marks, "possible": a.possible,
                             "seconds": a.seconds, "allowed_s": a.allowed_s, "quality": a.grade,
                             "mistake": a.mistake,
                             "due": cards[a.question].due.isoformat()} for a in self.answers]}


def status(questions: Sequence[Question], record: Record, day: dt.date) -> list[dict]:
    """How far one is, by lesson: questions, seen, due, and the marks of the last answers."""
    cards = record.cards()
    last = {answer.question: answer for answer in record.answers()}
    rows = []
    for lesson in sorted({question.lesson for question in questions}):
        own = [question for question in questions if question.lesson == lesson]
        seen = [question for question in own if question.id in last]
        rows.append({
            "lesson": lesson, "questions": len(own), "seen": len(seen),
            "due": sum(cards[question.id].due <= day for question in seen),
            "marks": sum(last[question.id].marks for question in seen),
            "possible": sum(last[question.id].possible for question in seen)})
    return rows
