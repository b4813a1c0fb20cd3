"""A question being answered: the calls made so far, and sentences whose numbers are theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from lobsim.orderflow_ai.desk import Desk, DeskError
from lobsim.orderflow_ai.toolbox import Result, call

__all__ = ["Intent", "Session"]


@dataclass
class Session:
    """A question being answered: calls made so far and sentences with their citations."""

    desk: Desk
    question: str
    results: dict[str, Result] = field(default_factory=dict)
    answer: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def call(self, tool: str, /, **arguments: Any) -> Result:
        """Call a tool and keep the result under the next id."""
        made = call(self.desk, tool, arguments, f"t{len(self.results) + 1}")
        self.results[made.id] = made
        return made

    def try_call(self, tool: str, **arguments: Any) -> Result | None:
        """The same for what only adds to an answer: a lack of data becomes a note."""
        try:
            return self.call(tool, **arguments)
        except DeskError as error:
            self.notes.append(f"{tool}: {error}")
            return None

    def say(self, template: str, result: Result | None, **words: str) -> None:
        """Fill a template with values of a result and cite it; left out where one is unknown."""
        if result is None:
            return
        values = {name: value.value for name, value in result.values.items()}
        wanted = {name for _, name, _, _ in Formatter().parse(template) if name}
        if wanted <= {*values, *words}:
            self.answer.append(f"{template.format(**values, **words)} [{result.id}].")


@dataclass(frozen=True)
class Intent:
    """One kind of question: patterns with weights, what must occur, and the plan."""

    name: str
    words: dict[str, float]
    plan: Callable[[Session, dict[str, Any]], None]
    must: str = ""
