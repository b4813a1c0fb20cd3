"""What a grading came to: one row per submission, as data, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lobsim.course import grade_job
from lobsim.course.grade_job import Job
from lobsim.course.gradebook import Marks
from lobsim.course.workspace import write_atomically


@dataclass
class Row:
    """Marks of one submission.

    Attributes
    ----------
    student, lesson : str
    total, points : float
        Marks so far (late penalty subtracted), and the most that can be had.
    exercises : dict of str to float or None
        Marks per exercise, in the lesson's order; None while a person has still to mark it.
    maxima : dict of str to float
    needs_manual : bool
        Whether something waits for a person.
    problems : list of str
        What was broken or had to be mended, one sentence each.
    mistakes : list of str
        Names of known mistakes that were recognised, as ``exercise: name``.
    seconds : float
        Time of the run.
    feedback : str
        Path of the feedback page below the course folder.
    taken_back : list of str
        Marks by hand that no longer count because the answer changed, one sentence each.
    """

    student: str
    lesson: str
    total: float
    points: float
    exercises: dict[str, float | None]
    maxima: dict[str, float]
    needs_manual: bool
    late_penalty: float = 0.0
    problems: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    feedback: str = ""
    taken_back: list[str] = field(default_factory=list)


@dataclass
class GradeReport:
    """Outcome of one `grade`.

    Attributes
    ----------
    rows : list of Row
        By lesson and student.
    unknown : list of str
        Files that could not be told to be a submission.
    unmatched : list of str
        Students whom the roster does not know; graded under an id made up from their names.
    notes : list of str
        What else is worth knowing about the folder.
    errors : dict
        ``student/lesson`` -> reason, for submissions that could not be graded on this machine;
        they are tried again next time.
    run, recorded, pages : int
        Submissions run, recorded, and feedback pages written in this call; all 0 when there was
        nothing new.
    sandboxed : bool
    seconds : float
    folder : str
        Where ``marks.csv`` and ``report.json`` are.
    """

    rows: list[Row] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    run: int = 0
    recorded: int = 0
    pages: int = 0
    sandboxed: bool = True
    seconds: float = 0.0
    folder: str = ""

    @property
    def good(self) -> bool:
        """Whether every submission was sound and could be graded."""
        return not (self.unknown or self.unmatched or self.errors
                    or any(row.problems for row in self.rows))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {**asdict(self), "good": self.good}

    def csv(self) -> str:
        """The marks as CSV: one row per submission, one column per exercise.

        Names that a spreadsheet would take for a formula get an apostrophe in front.
        """
        exercises: dict[str, None] = {}
        for row in self.rows:
            exercises.update(dict.fromkeys(row.exercises))
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["student", "lesson", *exercises, "late_penalty", "total", "max",
                         "needs_manual_grading", "problems"])
        for row in self.rows:
            marks = [_number(row.exercises[name]) if name in row.exercises else ""
                     for name in exercises]
            writer.writerow([_cell(row.student), row.lesson, *marks, _number(row.late_penalty),
                             _number(row.total), _number(row.points),
                             "yes" if row.needs_manual else "no",
                             _cell("; ".join(row.problems))])
        return out.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _cell(text: str) -> str:
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def build_report(jobs: Iterable[Job], marks: dict[tuple[str, str], Marks], unknown: list[str],
                 errors: dict[tuple[str, str], str], root: Path, *, run: int, recorded: int,
                 pages: int, sandboxed: bool) -> GradeReport:
    """The report from result files and gradebook."""
    report = GradeReport(unknown=list(unknown), run=run, recorded=recorded, pages=pages,
                         errors={f"{s}/{l}": why for (s, l), why in errors.items()},
                         sandboxed=sandboxed, folder=str(root / "grading"))
    for job in sorted(jobs, key=lambda j: (j.lesson, j.student)):
        result = grade_job.read_result(job.result, job.key)
        found = marks[job.student, job.lesson]
        order = [name for name in _order(result["notebook"]) if name in found.marks]
        names = {name: name.removeprefix("check_") for name in order}
        report.rows.append(Row(
            job.student, job.lesson, found.total, found.points,
            {names[n]: found.marks[n].score for n in order},
            {names[n]: found.marks[n].points for n in order},
            found.needs_manual, found.late_penalty, result["problems"],
            [f"{name}: {mistake[0]}" for name, check in result["results"].items()
             for mistake in check["mistakes"]],
            result["seconds"], f"feedback/{job.student}/{job.lesson}/{job.lesson}.html",
            found.taken_back))
    return report


def _order(notebook: dict) -> list[str]:
    return [cell["metadata"]["nbgrader"]["grade_id"] for cell in notebook["cells"]
            if cell["metadata"].get("nbgrader", {}).get("grade")]


_OF_THIS_CALL = ("run", "recorded", "pages", "seconds")  # no news by themselves


def write_report(report: GradeReport, folder: Path) -> None:
    """``marks.csv``, ``report.json`` and the class report ``report.html``; left alone when a run
    had nothing new to say."""
    from lobsim.course.class_report import write_class_report

    _write_if_new(folder / "marks.csv", report.csv())
    path = folder / "report.json"
    text = json.dumps(report.as_dict(), indent=1, ensure_ascii=False) + "\n"
    if _news(path.read_text(encoding="utf-8") if path.is_file() else "") != _news(text):
        write_atomically(path, text.encode())
    write_class_report(folder.parent)


def _news(text: str) -> dict:
    """A report without what only says how much work one call was."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return {name: value for name, value in data.items() if name not in _OF_THIS_CALL}


def _write_if_new(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text.encode())
