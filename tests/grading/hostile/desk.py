"""What a hostile or broken submission is made from: a released lesson, answers, cells beside them.

Works on any released form of the mini lesson: ours, or one of plain asserts as stock nbgrader has.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mini_course
import nbformat
from nbformat import v4

LESSON = mini_course.NAME
RIGHT = mini_course.RIGHT
TOTAL = 8.0  # points of the checks; the written answer is for a person
WITHOUT_DOUBLE = 5.0
VISIBLE_ONLY = 1.0
NOTHING = {"double": "def double(x):\n    return -1", "spreads": mini_course.WRONG["spreads"],
           "larger": "larger = 'bid'", "why": ""}
SECRETS = ("424242", "848484", "SECRET_HIDDEN_NUMBER", "SECRET MARK SCHEME", "per_student",
           "crossed_quotes")  # inputs, expected answers and names of hidden cases


@dataclass(frozen=True)
class Case:
    """One submission that is not what it should be.

    Parameters
    ----------
    name : the student's name in the course.
    does : what it does, for the table.
    notebook : makes the notebook, or the bytes that stand in its place.
    deserved : points that the checks should give; None where there is nothing to mark.
    says : words that the report must have about it, any one of them where there are several;
        "" where nothing has to be said.
    in_stock : points deserved where every check is all or nothing, if they are others.
    place : puts the files of the hand-in, where they lie otherwise than usual.
    student : how the marks call the student, where not by `name`.
    """

    name: str
    does: str
    notebook: Callable[[Desk], Any]
    deserved: float | None
    says: str | tuple[str, ...] = ""
    place: Callable[[Desk, Path, str, bytes], None] | None = None
    student: str = ""
    in_stock: float | None = None

    def hand_in(self, desk: Desk, folder: Path) -> None:
        """Write the submission below `folder`."""
        content = desk.bytes(self.notebook(desk))
        (self.place or usual_place)(desk, folder, self.name, content)

    @property
    def marked_as(self) -> str:
        return self.student or self.name

    def told(self, problems: str) -> bool:
        """Whether the report says what it must."""
        says = (self.says,) if isinstance(self.says, str) else self.says
        return any(words in problems for words in says)


@dataclass(frozen=True)
class Desk:
    """A course to hand in for."""

    root: Path

    @property
    def released(self) -> Any:
        path = self.root / "lessons" / LESSON / f"{LESSON}.ipynb"
        return nbformat.read(path, as_version=4)

    def fill(self, answers: dict = RIGHT, before: dict | None = None, after: dict | None = None,
             end: tuple = ()) -> Any:
        """The released lesson filled in; `before`/`after` put a code cell next to an exercise."""
        notebook = mini_course.fill(self.released, answers)
        cells = []
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in (before or {}):
                cells.append(v4.new_code_cell(before[name]))
            cells.append(cell)
            if name in (after or {}):
                cells.append(v4.new_code_cell(after[name]))
        notebook.cells = cells + [v4.new_code_cell(source) for source in end]
        return notebook

    @staticmethod
    def bytes(notebook: Any) -> bytes:
        if isinstance(notebook, bytes):
            return notebook
        return nbformat.writes(notebook, version=nbformat.NO_CONVERT).encode()


def cell_of(notebook: Any, grade_id: str) -> Any:
    """The marked cell of a name."""
    return next(cell for cell in notebook.cells
                if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def usual_place(desk: Desk, folder: Path, name: str, content: bytes) -> None:
    """``STUDENT/LESSON/LESSON.ipynb``."""
    path = folder / name / LESSON / f"{LESSON}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def called(file_name: str, as_student: str = "") -> Callable:
    """A place with another file name, or in the folder of a name with odd characters."""
    def place(desk: Desk, folder: Path, name: str, content: bytes) -> None:
        path = folder / (as_student or name) / LESSON / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place


def beside(file_name: str, text: str) -> Callable:
    """The usual place with another file beside the notebook."""
    def place(desk: Desk, folder: Path, name: str, content: bytes) -> None:
        usual_place(desk, folder, name, content)
        (folder / name / LESSON / file_name).write_text(text)
    return place


def link_to_solution(desk: Desk, folder: Path, name: str, content: bytes) -> None:
    """Instead of the notebook a link to the instructor's."""
    path = folder / name / LESSON / f"{LESSON}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(desk.root / "solutions" / LESSON / f"{LESSON}.ipynb")


def twice(desk: Desk, folder: Path, name: str, content: bytes) -> None:
    """An older empty hand-in beside the one that counts."""
    import os

    usual_place(desk, folder, name, content)
    older = folder / name / LESSON / f"{LESSON} (1).ipynb"
    older.write_bytes(desk.bytes(desk.fill(NOTHING)))
    os.utime(older, (1e9, 1e9))


HONEST = [
    (RIGHT, TOTAL), (mini_course.HALF, 3.0), (NOTHING, 0.0), ({}, 0.0),
    ({**RIGHT, "double": NOTHING["double"]}, WITHOUT_DOUBLE), ({**RIGHT, "larger": "..."}, 7.0),
    ({**RIGHT, "spreads": "def spreads(quotes):\n    return 1 / 0"}, 4.0),
    ({**RIGHT, "double": "import numpy as np\ndef double(x):\n    print(x)\n"
                         "    return np.float64(x) * 2"}, TOTAL),
]


def honest(desk: Desk, count: int) -> dict[str, tuple[Any, float]]:
    """Honest submissions of every kind: student -> (notebook, points deserved).

    No two are the same file.
    """
    result = {}
    for number in range(count):
        answers, deserved = HONEST[number % len(HONEST)]
        notebook = desk.fill(answers, end=(f"print('my own try, number {number}')",))
        result[f"{'az'[number % 2]}-honest-{number:02d}"] = notebook, deserved
    return result


def copy_course(root: Path, target: Path) -> Path:
    """A throw-away copy of a course."""
    return Path(shutil.copytree(root, target))
