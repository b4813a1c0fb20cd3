"""Numbers that are asked for, fresh each time: drawn from a seed, answered by the library.

Each is a `Check` of the course, whose cases depend on the seed as a student's instance does; so
judging, tolerances, known mistakes and what is said of them are those of the lessons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import combinations
from typing import Any

import numpy as np

from lobsim.course.declare import (
    Case,
    Check,
    DeclarationError,
    Mistake,
    Part,
    Tolerance,
)
from lobsim.course.plan import PlannedCheck, plan

_TRIES = 200

__all__ = ["FRESH", "Fresh", "instance", "wrong"]


@dataclass(frozen=True, eq=False)
class Fresh:
    """One number that is asked for.

    Attributes
    ----------
    name : str
    draw : callable
        ``draw(rng) -> dict`` of the question's own numbers, round enough to be read aloud.
    answer : callable
        ``answer(**numbers) -> float``, by the library where it has it.
    unit : str
        See `lobsim.course.drill.units.amount`.
    mistakes : tuple of Mistake
        Each with a ``wrong(**numbers)`` further from the answer than the tolerance, for all seeds.
    rtol, atol : float
        Room for a pocket calculator and for rounding on the way.
    """

    name: str
    draw: Callable[[np.random.Generator], dict[str, Any]]
    answer: Callable[..., float]
    unit: str
    mistakes: tuple[Mistake, ...]
    rtol: float = 0.01
    atol: float = 0.0

    @cached_property
    def check(self) -> Check:
        """The number as a check of the course; `plan` with the seed as the student."""
        def cases(rng: np.random.Generator) -> list[Case]:
            # numbers by which two of the ways cannot be told apart teach nothing: draw again
            for _ in range(_TRIES):
                numbers = {key: _plain(value) for key, value in self.draw(rng).items()}
                if self._tells_apart(numbers):
                    return [Case(numbers)]
            raise DeclarationError(f"the fresh number {self.name!r}: {_TRIES} draws in a row could "
                                   "not tell its mistakes apart")

        return Check(self.name, self.name.replace("_", " "), reference=self.answer,
                     parts=[Part("the number", 1, cases)], kind="value", show_expected=True,
                     tolerance=Tolerance(self.rtol, self.atol, "rounding on the way"),
                     mistakes=self.mistakes)

    def _tells_apart(self, numbers: dict[str, Any]) -> bool:
        ways = [self.answer(**numbers), *(one.wrong(**numbers) for one in self.mistakes)]
        return all(abs(a - b) > 2.5 * (self.atol + self.rtol * max(abs(a), abs(b)))
                   for a, b in combinations(ways, 2))


def wrong(name: str, way: Callable[..., float], message: str) -> Mistake:
    """A known mistake: its name, what it gives, and what is said of it."""
    return Mistake(name, lambda **inputs: float(way(**inputs)), message)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


# Those that load little first: a name is looked for in one after the other.
_MODULES = ("learning", "flow", "words", "live", "book", "making", "execution")


class _Lazy(Mapping):
    """The declared numbers by name. Modules are read when a name is looked for: some load much of
    the library, and a drill should begin at once."""

    def __init__(self) -> None:
        self._found: dict[str, Fresh] = {}
        self._unread = list(_MODULES)

    def _read(self) -> None:
        module = import_module(f"lobsim.course.drill.fresh_{self._unread.pop(0)}")
        for one in module.NUMBERS:
            if one.name in self._found:
                raise DeclarationError(f"the fresh number {one.name!r} is declared twice")
            self._found[one.name] = one

    def __getitem__(self, name: str) -> Fresh:
        while name not in self._found and self._unread:
            self._read()
        return self._found[name]

    def __iter__(self):
        while self._unread:
            self._read()
        return iter(self._found)

    def __len__(self) -> int:
        return sum(1 for _ in self)


FRESH: Mapping[str, Fresh] = _Lazy()


def instance(name: str, seed: int) -> tuple[PlannedCheck, dict[str, Any], float]:
    """The check, the question's own numbers, and the right answer, for one seed.

    Examples
    --------
    >>> _, numbers, answer = instance("hawkes_rate", 3)
    >>> bool(abs(answer - numbers["mu"] / (1 - numbers["branching"])) < 1e-9)
    True
    """
    planned = plan(FRESH[name].check, "drill", str(seed))
    (case,) = planned.cases()
    return planned, dict(case.inputs), float(case.expected[0])
