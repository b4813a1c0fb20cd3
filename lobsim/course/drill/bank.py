"""Reads the questions that come with the library, checks them, and finds some of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from pathlib import Path

from lobsim.course.drill.question import KINDS, LESSONS, BankError, Question, question_from

__all__ = ["choose", "find", "load", "read_file"]


def read_file(path: Path) -> list[Question]:
    """Questions of one ``lesson_NN.toml``.

    Raises
    ------
    BankError
        The file is no TOML, its name names no lesson, or a question is not as it must be.
    """
    lesson = path.name.removeprefix("lesson_").removesuffix(".toml")
    if lesson not in LESSONS:
        raise BankError(f"{path.name} names no lesson; names are lesson_00.toml to lesson_13.toml")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BankError(f"{path.name} cannot be read: {error}") from None
    return [question_from(entry, lesson) for entry in data.get("question", [])]


@lru_cache(maxsize=1)
def load() -> tuple[Question, ...]:
    """All questions of the library, in order of lessons.

    Raises
    ------
    BankError
        A file or a question is not as it must be, or an id is used twice.
    """
    with resources.as_file(resources.files("lobsim.course.drill") / "bank") as folder:
        questions = [question for path in sorted(folder.glob("lesson_*.toml"))
                     for question in read_file(path)]
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise BankError(f"the id {question.id!r} is used twice")
        seen.add(question.id)
    return tuple(questions)


def find(name: str, questions: Iterable[Question] | None = None) -> Question:
    """The question with an id.

    Raises
    ------
    BankError
        There is none.
    """
    for question in load() if questions is None else questions:
        if question.id == name:
            return question
    raise BankError(f"{name!r} is the id of no question; `lobsim drill --list` shows all of them")


def choose(*, lesson: str | None = None, kind: str | None = None) -> list[Question]:
    """Questions of one lesson, one kind, or both.

    Parameters
    ----------
    lesson : str, optional
        "4", "04" or "04_optimal_execution".
    kind : str, optional
        One of concept, derivation, coding, debugging, estimation, case.

    Raises
    ------
    BankError
        There is no such lesson or kind.
    """
    if lesson is not None:
        number = lesson.strip().split("_")[0].zfill(2)
        if number not in LESSONS:
            raise BankError(f"{lesson!r} is no lesson; allowed are 00 to {LESSONS[-1]}")
        lesson = number
    if kind is not None and kind not in KINDS:
        raise BankError(f"{kind!r} is no kind of question; allowed are {', '.join(KINDS)}")
    return [question for question in load()
            if lesson in (None, question.lesson) and kind in (None, question.kind)]
