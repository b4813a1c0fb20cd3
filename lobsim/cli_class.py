"""The instructor's commands on a graded class: ``lobsim report`` and ``lobsim export``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lobsim.cli_output import FINDING, GOOD, escape, one_sentence_errors, print_json, say

if TYPE_CHECKING:
    from lobsim.course.export_marks import Export

__all__ = ["add_commands"]

_SHOWN = 20  # of a list of names


class _Kind(StrEnum):
    canvas = "canvas"
    moodle = "moodle"
    csv = "csv"


JsonOption = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]
LessonOption = Annotated[
    list[str] | None,
    typer.Option("--lesson", help="Only this lesson (may be repeated).", show_default="all"),
]


def _report(
    lesson: LessonOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The page.", show_default="grading/report.html"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the class report: marks, hardest checks, frequent mistakes, what is alike.

    `lobsim grade` writes it too; here it takes up marks given by hand since.
    """
    from lobsim.course.catalogue import course_root, names
    from lobsim.course.class_report import PAGE, gather, write_class_report
    from lobsim.course.workspace import resolve_lesson

    root = course_root()
    wanted = [resolve_lesson(name, names(root)) for name in lesson] if lesson else None
    if as_json:
        print_json([one.as_dict() for one in gather(root, lessons=wanted).lessons])
        return
    if wanted and out is None:
        out = root / "grading" / f"report-{'-'.join(name[:2] for name in wanted)}.html"
    written = write_class_report(root, out, lessons=wanted)
    say("The class report is written:" if written else "The class report is up to date:")
    typer.echo(f"  {out or root / 'grading' / PAGE}")


def _export(
    kind: Annotated[_Kind, typer.Argument(help="canvas, moodle or csv.")],
    roster: Annotated[
        Path | None,
        typer.Option(
            "--roster",
            help="The file to fill: Canvas's exported gradebook, Moodle's exported grades or "
            "grading worksheet.",
            show_default="people from the course's roster",
        ),
    ] = None,
    lesson: LessonOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The CSV.", show_default="grading/marks-KIND.csv"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Export marks as CSV for Canvas or Moodle, or as a plain table.

    A lesson that still waits for a mark by hand is left blank and told, never 0.
    """
    from dataclasses import asdict

    from lobsim.course.catalogue import course_root, names
    from lobsim.course.export_marks import export_marks
    from lobsim.course.workspace import resolve_lesson, write_atomically

    root = course_root()
    wanted = [resolve_lesson(name, names(root)) for name in lesson] if lesson else None
    export = export_marks(root, kind.value, file=roster, lessons=wanted)
    path = out or root / "grading" / f"marks-{kind.value}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, export.text.encode())
    if as_json:
        print_json({**asdict(export), "file": str(path)})
    else:
        _tell(export, path)
    good = not (export.waiting or export.no_row or export.notes)
    raise typer.Exit(GOOD if good else FINDING)


def _tell(export: Export, path: Path) -> None:
    say(f"{export.marks} marks of {', '.join(export.lessons)}")
    typer.echo(f"  {path}")
    for words, names in (("still to be marked by hand, left blank", export.waiting),
                         ("with marks, but not in the file", export.no_row),
                         ("without marks", export.no_marks)):
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            say(f"[yellow]{len(names)} {words}:[/yellow] {escape(', '.join(names[:_SHOWN]))}{more}")
    for note in export.notes:
        say(f"[yellow]note:[/yellow] {escape(note)}")


def add_commands(app: typer.Typer) -> None:
    """Hang the commands below ``lobsim``."""
    app.command("report", rich_help_panel="Instructor")(one_sentence_errors(_report))
    app.command("export", rich_help_panel="Instructor")(one_sentence_errors(_export))
