"""The author's audit of lessons: what would mark a learner unfairly, exercise by exercise.

``lobsim release --audit`` shows it.  It brings together the declarations (`lobsim.course.audit`),
the text (`lobsim.course.audit_text`) and the answers that were tried
(`lobsim.course.audit_answers`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lobsim.course.audit import audit_lesson, audit_teaching
from lobsim.course.audit_answers import ExerciseAudit, audit_answers
from lobsim.course.audit_text import audit_text
from lobsim.course.declare import load_checks


@dataclass
class LessonAudit:
    """What was found out about one lesson.  ``findings`` concern the lesson as a whole."""

    name: str
    exercises: list[ExerciseAudit] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def all_findings(self) -> list[str]:
        """Every finding with the exercise that it is about."""
        return self.findings + [f"{exercise.name}: {text}" for exercise in self.exercises
                                for text in exercise.findings]


@dataclass
class AuditReport:
    """The audit of several lessons."""

    lessons: list[LessonAudit] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing must be mended."""
        return not any(lesson.all_findings() for lesson in self.lessons)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {"good": self.good, "lessons": [asdict(lesson) for lesson in self.lessons]}


def audit(root: Path, names: list[str],
          progress: Callable[[str], None] | None = None) -> AuditReport:
    """Audit lessons with every answer there is.

    Parameters
    ----------
    root : Path
        The course: its ``solutions/`` and, for submitted answers, ``tests/submissions/``.
    names : list of str
        Folder names of the lessons.
    progress : callable, optional
        Called with each lesson's name before it is audited.
    """
    report = AuditReport()
    for name in names:
        if progress:
            progress(name)
        report.lessons.append(_lesson(Path(root).resolve(), name))
    return report


def _lesson(root: Path, name: str) -> LessonAudit:
    import nbformat

    started = time.perf_counter()
    folder = root / "solutions" / name
    found = LessonAudit(name, findings=audit_lesson(folder))
    if not found.findings:  # else there is nothing that could be run
        notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        checks = load_checks(folder)
        found.findings += audit_teaching(folder)
        found.exercises = audit_answers(folder, notebook, checks,
                                        root / "tests" / "submissions" / name)
        by_exercise = audit_text(notebook, checks, name)
        for exercise in found.exercises:
            exercise.findings += by_exercise.pop(exercise.name, [])
        found.findings += by_exercise.pop("")
        found.findings += [f"{written}: {text}" for written, texts in by_exercise.items()
                           for text in texts]
    found.seconds = round(time.perf_counter() - started, 1)
    return found
