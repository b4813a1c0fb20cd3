"""A question as it is asked once: its own numbers, what is shown, and how an answer is judged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lobsim.course.calling import Outcome
from lobsim.course.drill import text
from lobsim.course.drill.question import Question
from lobsim.course.drill.units import UnitError, amount

__all__ = ["Asked", "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """What a program says of an answer.

    Attributes
    ----------
    right : bool
    lines : tuple of str
        What came back, what was expected, the likely mistake.
    mistake : str
        Name of the known mistake that the answer shows, "" for none.
    share : float
        Part of the automatic marks that it earns, 0 to 1.
    """

    right: bool
    lines: tuple[str, ...]
    mistake: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One asking of a question.

    Attributes
    ----------
    question : Question
    seed : int
        The same seed asks with the same numbers.
    """

    question: Question
    seed: int

    @cached_property
    def _instance(self) -> tuple[Any, dict[str, Any], float]:
        from lobsim.course.drill.fresh import instance

        return instance(self.question.fresh, self.seed)

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """The question's own numbers; with ``result``, the right answer, for the model answer."""
        if not self.question.fresh:
            return {}
        _, numbers, result = self._instance
        return numbers | {"result": result}

    @property
    def unit(self) -> str:
        """Unit in which a number is asked for; "" is a pure number."""
        from lobsim.course.drill.fresh import FRESH

        return FRESH[self.question.fresh].unit if self.question.fresh else ""

    @property
    def prompt(self) -> str:
        """The question with its numbers, and the snippet with numbered lines."""
        asked = text.fill(text.flowing(self.question.ask), self.numbers)
        if not self.question.snippet:
            return asked
        lines = self.question.snippet.splitlines()
        return asked + "\n\n" + "\n".join(f"{n:2d}  {line}" for n, line in enumerate(lines, 1))

    @property
    def model_answer(self) -> str:
        """The model answer with its numbers, and the sources of published ones."""
        shown = text.fill(text.flowing(self.question.answer), self.numbers)
        sources = text.sources_in(self.question.answer)
        return shown + ("\n\nSources: " + "; ".join(sources) + "." if sources else "")

    @property
    def better(self) -> str:
        """What tells an excellent answer from a good one."""
        return text.fill(text.flowing(self.question.better), self.numbers)

    @property
    def rubric(self) -> list[str]:
        """The points of the rubric as they are shown."""
        return [text.fill(point.text, self.numbers) for point in self.question.rubric]

    def judge_typed(self, typed: str) -> Verdict:
        """Judge a typed answer: a number, or the number of the wrong line.

        Raises
        ------
        UnitError
            It is no number, or its unit measures something else; nothing is judged.
        """
        if self.question.check == "line":
            return self._judge_line(typed)
        from lobsim.course.judge import judge

        planned, _, result = self._instance
        value = amount(typed, self.unit)
        found = judge(planned, lambda inputs: Outcome(value), hidden=True)
        # "It is 3, expected 2" speaks of a variable; here it would read as the answer
        lines = [] if found.passed else [line.replace("It is ", "You said ", 1)
                                         for line in found.parts[0].cases[0].lines]
        lines += [f"Likely mistake: {message}" for _, message in found.mistakes]
        if found.passed:
            lines = [f"Right: {result:.6g} {self.unit}".rstrip() + "."]
        return Verdict(found.passed, tuple(lines), found.mistakes[0][0] if found.mistakes else "",
                       float(found.passed))

    def _judge_line(self, typed: str) -> Verdict:
        cleaned = typed.strip().casefold().removeprefix("line").strip()
        count = len(self.question.snippet.splitlines())
        if not cleaned.isdecimal() or not 1 <= int(cleaned) <= count:
            raise UnitError(f"{typed.strip()!r} is no line; type a number from 1 to {count}")
        right = int(cleaned) in (self.question.line, *self.question.also)
        told = (f"Right: line {self.question.line}." if right else
                f"It is line {self.question.line}, not line {int(cleaned)}.")
        return Verdict(right, (told,), share=float(right))

    def judge_function(self, function: Any) -> Verdict:
        """Judge a function of the learner's, by calling it here."""
        from lobsim.course.drill.coding import judge_function

        found = judge_function(self.question.code, function, self.seed)
        told = tuple(found.text().splitlines())
        if found.unanswered:  # the course's own sentence speaks of a notebook's cells
            told = (f"{self.question.code} still raises NotImplementedError: nothing was checked.",)
        return Verdict(found.passed, told, found.mistakes[0][0] if found.mistakes else "",
                       0.0 if found.unanswered else found.earned / found.points)

    def automatic_marks(self, verdict: Verdict | None) -> list[int]:
        """Marks of each point of the rubric that a program decides; the others are 0."""
        share = verdict.share if verdict else 0.0
        return [int(point.marks * share + 1e-9) if point.automatic else 0
                for point in self.question.rubric]
