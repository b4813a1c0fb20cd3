"""The official checks on one's own notebook, before handing in: what grading would say, explained.

The notebook runs as in grading: in the sandbox where there is one, else in a plain kernel (it
is the learner's own code on the learner's own machine). Hidden cases are judged when the
course's ``solutions/`` are at hand; of them only the category and the outcome are ever told.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lobsim.course.progress import Exercise, lesson_facts, read_exercises, save_results
from lobsim.course.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    from lobsim.course.judge import CheckResult

SHOWN_STOPS = 3  # later cells mostly stop because of the first

__all__ = ["SelfCheck", "check_lesson"]


@dataclass(frozen=True)
class SelfCheck:
    """Outcome of checking one lesson.

    ``results`` holds a `CheckResult` per exercise that could be judged, by name; ``written`` are
    the exercises that a person marks; ``problems`` are sentences about the notebook itself;
    ``notes`` say under which conditions the check ran.
    """

    lesson: str
    title: str
    exercises: tuple[Exercise, ...]
    results: dict[str, CheckResult] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    answered: frozenset[str] = frozenset()
    sandboxed: bool = False
    seconds: float = 0.0

    @property
    def coded(self) -> list[Exercise]:
        """Exercises that checks judge, in order."""
        return [e for e in self.exercises if e.kind == "code"]

    @property
    def written(self) -> list[Exercise]:
        """Exercises that a person marks, in order."""
        return [e for e in self.exercises if e.kind == "written"]

    @property
    def points(self) -> float:
        """Points that checks can give in this lesson."""
        return sum(e.points for e in self.coded)

    @property
    def earned(self) -> float:
        """Points earned; an exercise that could not be judged earns none."""
        return sum(result.earned for result in self.results.values())

    @property
    def complete(self) -> bool:
        """Whether every check is passed."""
        return bool(self.coded) and all(
            e.name in self.results and self.results[e.name].earned >= self._attainable(e)
            for e in self.coded
        )

    def _attainable(self, exercise: Exercise) -> float:
        result = self.results[exercise.name]
        return result.points if result.hidden_judged else result.points_visible

    def next_step(self) -> str:
        """One sentence: what to do now."""
        if self.problems and not self.results:
            return "Mend the notebook first, then check again."
        for exercise in self.coded:
            result = self.results.get(exercise.name)
            if result is None or result.earned < self._attainable(exercise):
                blank = result is None or result.unanswered
                verb, read = ("Begin with", "first") if blank else ("Go on with", "again")
                place = f" Read {read}: {result.reread}." if result and result.reread else ""
                return f"{verb} {exercise.title}.{place}"
        blank = [e.title for e in self.written if e.name not in self.answered]
        if blank:
            return f"All checks are passed. Still to write: {'; '.join(blank)}."
        return "All checks are passed. Hand in with `lobsim handin`, or go on to the next lesson."

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {
            "lesson": self.lesson,
            "title": self.title,
            "earned": self.earned,
            "points": self.points,
            "complete": self.complete,
            "sandboxed": self.sandboxed,
            "seconds": round(self.seconds, 2),
            "problems": list(self.problems),
            "notes": list(self.notes),
            "next_step": self.next_step(),
            "checks": [_check_dict(self.results.get(e.name), e) for e in self.coded],
            "written": [
                {"name": e.name, "points": e.points, "answered": e.name in self.answered}
                for e in self.written
            ],
        }


def _check_dict(result: CheckResult | None, exercise: Exercise) -> dict[str, Any]:
    if result is None:
        nothing = {"earned": 0.0, "state": "unjudged"}
        return {"name": exercise.name, "points": exercise.points, **nothing}
    passed = result.earned >= result.points
    return {
        "name": exercise.name,
        "points": result.points,
        "earned": result.earned,
        "state": "blank" if result.unanswered else ("passed" if passed else "missing"),
        "hidden_judged": result.hidden_judged,
        "mistakes": [name for name, _ in result.mistakes],
        "parts": [
            {
                "name": part.name,
                "points": part.points,
                "earned": part.earned,
                "visible": part.visible,
                "state": part.state,
            }
            for part in result.parts
        ],
        "text": result.text(),
    }


def check_lesson(workspace: Workspace, lesson: str, *, student: str = "me") -> SelfCheck:
    """Run and judge the learner's notebook of ``lesson``, and remember the points.

    Parameters
    ----------
    workspace : Workspace
    lesson : str
        Full name of the lesson.
    student : str
        Whose numbers the hidden cases use; the instructor's run uses the name at hand-in.

    Raises
    ------
    WorkspaceError
        If the lesson was never delivered to the workspace.
    """
    path = workspace.notebook(lesson)
    if not path.is_file():
        raise WorkspaceError(f"{path} does not exist; `lobsim lab {lesson}` delivers the lesson")
    original = workspace.original(lesson).read_bytes()
    title, _ = lesson_facts(original, lesson)
    blanks = tuple(read_exercises(original))
    content = path.read_bytes()
    try:
        own = {exercise.name: exercise.source for exercise in read_exercises(content)}
    except ValueError as error:
        problem = (
            f"{path} cannot be opened: {error}. JupyterLab's File > Revert to Checkpoint may bring "
            f"it back; `lobsim lab --reset {lesson}` lays the lesson anew and keeps this file."
        )
        return SelfCheck(lesson, title, blanks, problems=(problem,))
    answered = frozenset(e.name for e in blanks if own.get(e.name, e.source) != e.source)
    started = time.perf_counter()
    if workspace.touched(lesson):
        results, problems, notes, sandboxed = _run(workspace, lesson, student)
    else:
        results, problems, notes, sandboxed = _blank(workspace, lesson, student)
    report = SelfCheck(
        lesson=lesson,
        title=title,
        exercises=blanks,
        results=results,
        problems=tuple(problems),
        notes=tuple(notes),
        answered=answered,
        sandboxed=sandboxed,
        seconds=time.perf_counter() - started,
    )
    marks = {name: (result.earned, result.points) for name, result in results.items()}
    save_results(workspace, lesson, marks, sandboxed)
    return report


def _declared(workspace: Workspace, lesson: str) -> tuple[Any, list[str]]:
    """Checks with their hidden cases where the course has them, else None: the published ones."""
    from lobsim.course.declare import load_checks

    source = workspace.course / "solutions" / lesson / "checks.py"
    if source.is_file():
        return load_checks(source), []
    note = "The hidden cases are with your instructor: only the visible ones were judged."
    return None, [note]


def _run(
    workspace: Workspace, lesson: str, student: str
) -> tuple[dict[str, CheckResult], list[str], list[str], bool]:
    """Results by check, problems, notes, and whether the run was in the sandbox."""
    from lobsim.course import runner, sandbox

    checks, notes = _declared(workspace, lesson)
    usable, reason = sandbox.available()
    if not usable:
        notes.append(
            f"No sandbox here ({reason}): your own code ran in a plain kernel. Marks are the same."
        )
    report = runner.run_notebook(
        workspace.notebook(lesson),
        lesson=lesson,
        checks=checks,
        student=student,
        files_dir=workspace.original(lesson).parent,  # what grading has, and nothing else
        course_root=workspace.course,
        sandboxed=usable,
    )
    problems = [*report.problems, *_stops(report.notebook.cells)]
    return dict(report.results), problems, notes, usable


def _blank(
    workspace: Workspace, lesson: str, student: str
) -> tuple[dict[str, CheckResult], list[str], list[str], bool]:
    """What `_run` would find in a notebook of which no cell was changed, without running it."""
    from lobsim.course.calling import UNANSWERED, Outcome
    from lobsim.course.judge import judge_outcomes
    from lobsim.course.notebook_check import PUBLISHED_FILE, read_published
    from lobsim.course.plan import plan

    declared, notes = _declared(workspace, lesson)
    if declared is None:
        folder = workspace.original(lesson).parent
        planned = list(read_published(folder / PUBLISHED_FILE, lesson).values())
    else:
        planned = [plan(check, lesson, student) for check in declared]
    results = {}
    for check in planned:
        unanswered = {next(check.cases()).key: Outcome(error=UNANSWERED)}
        results[check.name] = judge_outcomes(check, unanswered, hidden=check.complete)
    return results, [], ["No cell was changed yet, so nothing was run.", *notes], False


def _stops(cells: list[Any]) -> list[str]:
    """Errors of cells, except those that only say that an exercise is still blank."""
    found = []
    for number, cell in enumerate(cells, start=1):
        for output in cell.get("outputs", []):
            if output.get("output_type") != "error" or output["ename"] == "NotImplementedError":
                continue
            first = next(iter(str(output.get("evalue", "")).strip().splitlines()), "")
            code = next((line for line in cell["source"].splitlines() if line.strip()), "")
            found.append(
                f"Cell {number} ({code.strip()[:40]}) stopped with {output['ename']}: {first[:120]}"
            )
    more = len(found) - SHOWN_STOPS
    return found[:SHOWN_STOPS] + ([f"... and {more} more cells stopped"] if more > 0 else [])
