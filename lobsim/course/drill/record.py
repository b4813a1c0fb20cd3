"""Remembers every answer: one line of JSON each, only ever appended, so that nothing can be lost.

The file lies where `lobsim progress` keeps its own. An answer is one write of one line: a crash in
the middle leaves a torn last line, which is passed over and kept, and the answers before it stand.
Two sessions at once only add lines. What is due is worked out anew from the answers.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from lobsim.course.drill.schedule import Card, after, quality

__all__ = ["Answer", "Record"]


@dataclass(frozen=True)
class Answer:
    """One answer as it was marked.

    Attributes
    ----------
    question : str
        The id.
    day : str
        Local date, as 2027-01-31.
    marks, possible : int
    seconds, allowed_s : float
    seed : int
        Of its fresh numbers.
    points : tuple of bool
        Which points of the rubric were made.
    mock : str
        Name of the mock interview, "" in a drill.
    mistake : str
        Name of the known mistake that the answer showed, "" for none.
    """

    question: str
    day: str
    marks: int
    possible: int
    seconds: float
    allowed_s: float
    seed: int = 0
    points: tuple[bool, ...] = ()
    mock: str = ""
    mistake: str = ""

    @property
    def grade(self) -> int:
        """SM-2's quality."""
        return quality(self.marks / self.possible, self.seconds, self.allowed_s)


class Record:
    """The answers of one learner.

    Parameters
    ----------
    path : Path
        ``.lobsim/drill.jsonl`` in the workspace.

    Attributes
    ----------
    damaged : int
        Lines that could not be read. They stay in the file.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self.damaged = 0

    def answers(self) -> list[Answer]:
        """All answers, in the order in which they were given."""
        self.damaged = 0
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        found = []
        for line in content.split(b"\n"):
            if not line.strip():
                continue
            try:
                found.append(_answer(json.loads(line)))
            except (ValueError, TypeError, KeyError, RecursionError):
                self.damaged += 1
        return found

    def add(self, answer: Answer) -> None:
        """Append one answer; it is on the disk when this returns."""
        line = json.dumps(asdict(answer), sort_keys=True).encode() + b"\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            size = os.fstat(handle).st_size
            if size:
                os.lseek(handle, size - 1, os.SEEK_SET)
                if os.read(handle, 1) != b"\n":  # a torn line before: do not write into it
                    line = b"\n" + line
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)

    def cards(self) -> dict[str, Card]:
        """The card of each question that was asked."""
        cards: dict[str, Card] = {}
        for answer in self.answers():
            card = cards.get(answer.question, Card())
            cards[answer.question] = after(card, answer.grade, dt.date.fromisoformat(answer.day))
        return cards


def _answer(data: dict) -> Answer:
    dt.date.fromisoformat(data["day"])
    answer = Answer(str(data["question"]), data["day"], int(data["marks"]), int(data["possible"]),
                    float(data["seconds"]), float(data["allowed_s"]), int(data.get("seed", 0)),
                    tuple(bool(point) for point in data.get("points", ())),
                    str(data.get("mock", "")), str(data.get("mistake", "")))
    if not 0 <= answer.marks <= answer.possible or answer.possible < 1:
        raise ValueError("marks outside what is possible")
    return answer
