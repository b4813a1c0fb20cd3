"""How far a learner is: every lesson with points, exercises and minutes left.

Nothing is executed here. Whether an exercise was begun is read from the notebook; its points
come from the last ``lobsim check``, and count only while the answer is still the one checked.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from lobsim.course.workspace import Workspace, write_atomically

__all__ = [
    "Exercise",
    "ExerciseProgress",
    "LessonProgress",
    "lesson_facts",
    "lesson_progress",
    "progress",
    "read_exercises",
    "read_results",
    "save_results",
]


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook: its blank, and the points of its check (or mark scheme).

    ``kind`` is ``"code"`` (judged by a check) or ``"written"`` (marked by a person).
    """

    name: str
    title: str
    kind: str
    points: float
    source: str

    @property
    def digest(self) -> str:
        """Fingerprint of the answer, to tell later whether it was changed."""
        return hashlib.sha256(self.source.encode()).hexdigest()


@dataclass(frozen=True)
class ExerciseProgress:
    """State of one exercise: ``untouched``, ``started``, ``done`` or ``answered`` (written).

    ``earned`` is None when this answer was not checked yet.
    """

    name: str
    title: str
    kind: str
    state: str
    points: float
    earned: float | None


@dataclass(frozen=True)
class LessonProgress:
    """State of one lesson; ``minutes_left`` is the lesson's time less the share that is done."""

    lesson: str
    title: str
    exercises: tuple[ExerciseProgress, ...]
    minutes: int
    minutes_left: int
    checked_at: str | None
    problem: str | None = None

    @property
    def points(self) -> float:
        """Points that checks can give."""
        return sum(e.points for e in self.exercises if e.kind == "code")

    @property
    def earned(self) -> float:
        """Points that the present answers had in the last check."""
        return sum(e.earned or 0.0 for e in self.exercises if e.kind == "code")

    def count(self, *states: str) -> int:
        """How many exercises are in one of ``states``."""
        return sum(1 for e in self.exercises if e.state in states)


def _cells(content: bytes) -> list[dict[str, Any]]:
    """Cells of a notebook; ValueError if the content is no notebook."""
    try:
        cells = json.loads(content)["cells"]
        return [{**cell, "source": "".join(cell["source"])} for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("it is not a notebook (damaged JSON)") from error


def _mark(cell: dict[str, Any]) -> dict[str, Any]:
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return mark if isinstance(mark, dict) else {}


def read_exercises(content: bytes) -> list[Exercise]:
    """Exercises of a notebook in their order; ValueError if ``content`` is no notebook.

    A copied cell keeps its name in JupyterLab; the first one counts, as in grading.
    """
    cells = _cells(content)
    points = {
        str(mark["grade_id"]).removeprefix("check_"): float(mark.get("points") or 0)
        for mark in map(_mark, cells)
        if mark.get("grade") and not mark.get("solution") and mark.get("grade_id")
    }
    found: dict[str, Exercise] = {}
    heading = ""
    for cell in cells:
        mark = _mark(cell)
        name = str(mark.get("grade_id") or "")
        if cell.get("cell_type") == "markdown" and not mark.get("solution"):
            titles = re.findall(r"^#{2,4} +(.+?)\s*$", cell["source"], flags=re.MULTILINE)
            heading = titles[-1] if titles else heading
        elif mark.get("solution") and name and name not in found:
            written = bool(mark.get("grade"))
            found[name] = Exercise(
                name=name,
                title=heading or name,
                kind="written" if written else "code",
                points=float(mark.get("points") or 0) if written else points.get(name, 0.0),
                source=cell["source"],
            )
    return list(found.values())


def lesson_facts(content: bytes, lesson: str) -> tuple[str, int]:
    """Title and minutes that a lesson's notebook states of itself in ``metadata.lobsim``.

    Where it states none, the title is the lesson's name and the minutes are 0.
    """
    try:
        about = json.loads(content)["metadata"]["lobsim"]
        return str(about.get("title") or lesson), int(about.get("minutes") or 0)
    except (ValueError, KeyError, TypeError, AttributeError):
        return lesson, 0


def save_results(
    workspace: Workspace, lesson: str, marks: dict[str, tuple[float, float]], sandboxed: bool
) -> None:
    """Remember the outcome of a check: ``marks`` is earned and possible points by exercise."""
    content = workspace.notebook(lesson).read_bytes()
    digests = {exercise.name: exercise.digest for exercise in read_exercises(content)}
    results = {
        "version": 1,
        "lesson": lesson,
        "time": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        "sandboxed": sandboxed,
        "checks": {
            name: {"earned": earned, "points": points, "source": digests.get(name)}
            for name, (earned, points) in marks.items()
        },
    }
    path = workspace.state / "results" / f"{lesson}.json"
    write_atomically(path, json.dumps(results, indent=1, sort_keys=True).encode())


def read_results(workspace: Workspace, lesson: str) -> dict[str, Any]:
    """The remembered outcome of the last check of ``lesson``; empty if there is none."""
    try:
        results = json.loads((workspace.state / "results" / f"{lesson}.json").read_bytes())
        return results if isinstance(results.get("checks"), dict) else {}
    except (OSError, ValueError, AttributeError):
        return {}


def lesson_progress(workspace: Workspace, lesson: str) -> LessonProgress:
    """State of one lesson in the workspace; a lesson never opened counts as untouched."""
    original = workspace.original(lesson).read_bytes()
    title, minutes = lesson_facts(original, lesson)
    blanks = {exercise.name: exercise for exercise in read_exercises(original)}
    problem = None
    try:
        own = read_exercises(workspace.notebook(lesson).read_bytes())
    except FileNotFoundError:
        own = list(blanks.values())
    except ValueError as error:
        own, problem = list(blanks.values()), f"the notebook cannot be read: {error}"
    results = read_results(workspace, lesson)
    answers = {exercise.name: exercise for exercise in own}
    exercises = tuple(
        _exercise_progress(blank, answers.get(name, blank), results.get("checks", {}).get(name))
        for name, blank in blanks.items()
    )
    total = sum(e.points for e in exercises)
    done = sum(e.points for e in exercises if e.state in ("done", "answered"))
    left = minutes * (1 - done / total) if total else minutes
    return LessonProgress(
        lesson=lesson,
        title=title,
        exercises=exercises,
        minutes=minutes,
        minutes_left=round(left),
        checked_at=results.get("time"),
        problem=problem,
    )


def _exercise_progress(
    blank: Exercise, answer: Exercise, mark: dict[str, Any] | None
) -> ExerciseProgress:
    earned = None
    if mark and mark.get("source") == answer.digest:
        earned = float(mark.get("earned") or 0.0)
    if answer.source == blank.source:
        state = "untouched"
    elif blank.kind == "written":
        state = "answered"
    else:
        state = "done" if earned is not None and earned >= blank.points else "started"
    return ExerciseProgress(blank.name, blank.title, blank.kind, state, blank.points, earned)


def progress(workspace: Workspace) -> list[LessonProgress]:
    """State of every lesson that the course has, in order."""
    return [lesson_progress(workspace, lesson) for lesson in workspace.lessons()]
