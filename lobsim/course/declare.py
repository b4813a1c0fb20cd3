"""How an author declares a check: cases, parts with points, tolerance, known mistakes.

A lesson's ``solutions/NN_name/checks.py`` defines ``CHECKS = [Check(...), ...]``.  The same
declaration explains at home, marks in the sandbox, and is audited at release.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

PUBLIC_STUDENT = "public"  # whose instance is shown where no student is known, that is, at home


class DeclarationError(ValueError):
    """An author's mistake in a declaration, told in one sentence."""


def _need(condition: Any, sentence: str) -> None:
    if not condition:
        raise DeclarationError(sentence)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _tidy(points: float) -> float:
    """Points without the dust of adding decimal fractions."""
    return round(float(points), 6)


@dataclass(frozen=True, eq=False)
class Case:
    """One call of the learner's function.

    Parameters
    ----------
    inputs : dict of str to value
        Argument name -> value, in the order of the function's signature.  The learner's function
        is called with them by position, the reference and the mistakes by name.
    note : str
        What this case shows, in words ("a sell in a falling market").
    play : callable, optional
        Hidden cases only: ``play(ask, kept, **inputs)`` asks the learner's function as often as it
        likes, ``ask(**arguments)``, and returns what is judged, a plain value.  So a market runs
        here while a submitted policy is asked there, decision by decision.  `kept` is a dict that
        the cases asked in one go share, for what need not be played twice.  A ValueError says that
        the learner's answer is of the wrong form.  Reference and mistakes of such a case are
        compared with what `play` returns.
    """

    inputs: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    play: Callable[..., Any] | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """Some cases that earn points together.

    Parameters
    ----------
    name : str
        Shown to the learner, also when the cases are hidden: name the idea, not the numbers.
    points : float
        Points for all cases.
    cases : list of Case, or callable rng -> list of Case
        A callable makes an instance per student from a ``numpy.random.Generator`` that depends on
        lesson, check, part and student only.  At home everybody sees the public instance.
    by_student : bool
        Whether the callable takes the student's name beside the stream, ``cases(rng, student)``,
        for work that a learner does in a world of their own.
    visible : bool
        Visible cases run at home and are explained; hidden ones run only while grading.
    category : str
        What kind of hidden case it is ("other numbers", "edge cases", "invariants").
    partial : bool
        True: points in proportion to the cases passed.  False: all or nothing.
    """

    name: str
    points: float
    cases: Sequence[Case] | Callable[[np.random.Generator], Sequence[Case]] = (Case(),)
    visible: bool = True
    category: str = ""
    partial: bool = False
    by_student: bool = False

    def __post_init__(self) -> None:
        _need(callable(self.cases) or not self.by_student,
              f"part {self.name!r} has by_student, so its cases must be a callable")
        _need(self.name and isinstance(self.name, str), "a part needs a name")
        _need(_is_number(self.points) and self.points >= 0,
              f"part {self.name!r} has points {self.points!r}; a number >= 0 is allowed")
        _need(callable(self.cases) or (len(self.cases) > 0 and
                                       all(isinstance(c, Case) for c in self.cases)),
              f"part {self.name!r} needs a list of at least one Case, or a callable that makes one")


@dataclass(frozen=True, eq=False)
class Mistake:
    """A known wrong answer and what to say about it.

    Parameters
    ----------
    name : str
        Short name for reports ("sign_of_a_buy").
    wrong : callable, optional
        ``wrong(**inputs)`` is what a learner with this mistake returns.  A case on which it equals
        a right answer says nothing about the mistake.
    message : str
        What the learner reads: what is probably wrong, without the answer itself.
    error : str, optional
        Instead of a value: the name of the exception that this mistake raises.
    """

    name: str
    wrong: Callable[..., Any] | None
    message: str
    error: str | None = None

    def __post_init__(self) -> None:
        _need(bool(self.name) and bool(self.message), "a mistake needs a name and a message")
        _need(callable(self.wrong) or self.error is not None,
              f"mistake {self.name!r} needs a callable `wrong` or the name of an `error`")


@dataclass(frozen=True)
class Tolerance:
    """How far a number may lie from the expected one: ``atol + rtol * |expected|``.

    Whole numbers (time stamps, sizes, counts) are compared exactly, up to ``atol``.

    Parameters
    ----------
    rtol, atol : float
        Relative and absolute allowance, both >= 0.
    why : str
        The reason, shown to the learner ("rounding only", "three standard errors").
    """

    rtol: float = 1e-9
    atol: float = 0.0
    why: str = "rounding only"

    def __post_init__(self) -> None:
        for name in ("rtol", "atol"):
            value = getattr(self, name)
            _need(_is_number(value) and 0 <= value < math.inf,
                  f"{name} is {value!r}; a finite number >= 0 is allowed")

    def sentence(self) -> str:
        """The allowance and its reason, for the learner.

        Examples
        --------
        >>> Tolerance(rtol=0.01, why="a simulation of 1,000 days").sentence()
        'Numbers may differ by 1% of the expected value (a simulation of 1,000 days).'
        """
        parts = [f"{100 * self.rtol:g}% of the expected value"] if self.rtol else []
        parts += [f"{self.atol:g}"] if self.atol else []
        allowed = f"may differ by {' plus '.join(parts)}" if parts else "must be exact"
        return f"Numbers {allowed} ({self.why})." if self.why else f"Numbers {allowed}."


@dataclass(frozen=True, eq=False)
class Check:
    """One locked check cell: ``check("name", learner_object)``.

    Parameters
    ----------
    name : str
        Also the ``grade_id`` of the exercise cell; the check cell's is ``check_<name>``.
    title : str
        Title of the exercise.
    reference : callable or value
        ``reference(**inputs)`` gives the expected value.  For ``kind="value"`` a plain value will
        do.  It must not change its inputs.
    parts : list of Part
        Points of the check cell are the sum of the parts' points.
    kind : "function" or "value"
        What the learner hands over: a function that is called, or a finished value.
    tolerance : Tolerance
    mistakes : sequence of Mistake
        Known wrong answers, likeliest first.
    accept : sequence of callables
        Other right answers (another convention that the prompt allows).  One convention must
        explain all cases: a function that mixes them is wrong.
    choices : sequence of str
        For a text answer: what may be answered.  Case and outer blanks then do not matter.
    by_keyword : sequence of str
        Arguments that the learner's function takes by keyword only.
    reread : str
        Where to look again ("section 1.4").
    show_expected : bool, optional
        Whether a failing visible case shows the expected value.  By default yes for functions,
        no for values (there the expected value is the answer).
    """

    name: str
    title: str
    reference: Any
    parts: Sequence[Part]
    kind: str = "function"
    tolerance: Tolerance = Tolerance()
    mistakes: Sequence[Mistake] = ()
    accept: Sequence[Any] = ()
    choices: Sequence[str] = ()
    by_keyword: Sequence[str] = ()
    reread: str = ""
    show_expected: bool | None = None

    def __post_init__(self) -> None:
        _need(isinstance(self.name, str) and self.name.isidentifier(),
              f"a check's name must be an identifier, not {self.name!r}")
        _need(self.kind in ("function", "value"),
              f"check {self.name!r} has kind {self.kind!r}; allowed are 'function' and 'value'")
        _need(self.kind == "value" or callable(self.reference),
              f"check {self.name!r} needs a callable reference")
        _need(len(self.parts) > 0, f"check {self.name!r} needs at least one part")
        names = [part.name for part in self.parts]
        _need(len(set(names)) == len(names), f"check {self.name!r} has two parts of one name")
        names = [mistake.name for mistake in self.mistakes]
        _need(len(set(names)) == len(names), f"check {self.name!r} has two mistakes of one name")
        _need(self.points > 0, f"check {self.name!r} earns no points")

    @property
    def points(self) -> float:
        """Points of the check cell."""
        return _tidy(sum(part.points for part in self.parts))

    @property
    def shows_expected(self) -> bool:
        """Whether a failing visible case names the expected value."""
        return self.kind == "function" if self.show_expected is None else self.show_expected


def instance_rng(lesson: str, check: str, part: str, student: str | None) -> np.random.Generator:
    """The random stream of one student's instance of one part.

    It depends on the four names only, so home, sandbox and stock nbgrader agree.

    Examples
    --------
    >>> a = instance_rng("01", "nbbo", "other numbers", "ada").integers(1000)
    >>> b = instance_rng("01", "nbbo", "other numbers", "ada").integers(1000)
    >>> bool(a == b)
    True
    """
    key = "\x1f".join((lesson, check, part, student or PUBLIC_STUDENT))
    digest = hashlib.sha256(key.encode("utf-8")).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def load_checks(path: str | Path) -> list[Check]:
    """Read ``CHECKS`` from an author's ``checks.py`` (trusted code).

    Parameters
    ----------
    path : path
        The file, or the lesson's folder under ``solutions/``.  A long ``checks.py`` may add up
        what ``load_checks`` reads from files ``checks_*.py`` beside it.

    Raises
    ------
    DeclarationError
        The file is missing, fails to run, or does not define a list of checks with unique names.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "checks.py"
    if not path.is_file():
        raise DeclarationError(f"{path} does not exist; it must define CHECKS = [Check(...), ...]")
    # compiled here and not imported, so that no __pycache__ appears beside the author's file
    module = ModuleType(f"lobsim_{path.parent.name}_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # data classes and pickles of the file's own look here
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    except Exception as error:
        raise DeclarationError(f"{path.parent.name}/{path.name} does not run: "
                               f"{type(error).__name__}: {error}") from error
    checks = getattr(module, "CHECKS", None)
    if not isinstance(checks, (list, tuple)) or not all(isinstance(c, Check) for c in checks):
        raise DeclarationError(f"{path} must define CHECKS = [Check(...), ...]")
    names = [check.name for check in checks]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise DeclarationError(f"{path} declares {', '.join(twice)} more than once")
    return list(checks)
