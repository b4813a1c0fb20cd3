"""The instructor's commands: ``lobsim release`` and ``lobsim grade``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lobsim.cli_output import (
    FINDING,
    GOOD,
    complain,
    console,
    escape,
    one_sentence_errors,
    print_json,
    say,
)
from lobsim.cli_release import release_command

if TYPE_CHECKING:
    from lobsim.course.report import GradeReport

__all__ = ["add_commands"]


def _grade(
    submissions: Annotated[
        Path, typer.Argument(help="Folder or ZIP of hand-ins; Moodle's and Canvas's downloads too.")
    ],
    lesson: Annotated[
        list[str] | None,
        typer.Option("--lesson", help="Only this lesson (may be repeated).", show_default="all"),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", help="Runs at a time.", show_default="one per processor", min=1),
    ] = None,
    trust_submissions: Annotated[
        bool,
        typer.Option(
            "--trust-submissions",
            help="Run without a sandbox, with your own rights. Only for notebooks you wrote.",
        ),
    ] = False,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="Run on a Ray cluster: auto, HOST:PORT or ray://HOST:PORT.",
            show_default="this machine",
        ),
    ] = None,
    every_cell: Annotated[
        bool,
        typer.Option(
            "--every-cell",
            help="Run also the lesson's own cells that no mark depends on; slower.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Grade hand-ins in a sandbox; gradebook, feedback pages, marks as CSV.

    A second run goes on where the first stopped, and grades again only what changed.
    """
    import warnings

    from lobsim.course.catalogue import course_root, names
    from lobsim.course.grade import grade
    from lobsim.course.workspace import resolve_lesson

    # nbgrader's gradebook objects join a session late; the database is right all the same
    warnings.filterwarnings("ignore", message="Object of type <Submitted")
    root = course_root()
    wanted = [resolve_lesson(name, names(root)) for name in lesson] if lesson else None
    if trust_submissions:
        complain("without a sandbox every submission can read and change what you can: the "
                 "solutions and hidden cases, the gradebook, other students' work, your files, "
                 "the network")
    report = grade(
        submissions,
        root,
        lessons=wanted,
        jobs=jobs,
        trust_submissions=trust_submissions,
        ray=ray,
        every_cell=every_cell,
        progress=None if as_json else _tell_progress,
    )
    if as_json:
        print_json(report.as_dict())
    else:
        _show_marks(report)
    raise typer.Exit(GOOD if report.good else FINDING)


def _tell_progress(student: str, lesson: str, done: int, total: int) -> None:
    typer.echo(f"  [{done}/{total}] {student}  {lesson}", err=True)


def _show_marks(report: GradeReport) -> None:
    """One table: who, which lesson, the mark, what still waits, what was broken."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("student", "lesson"):
        table.add_column(column, overflow="fold")
    for column in ("marks", "by hand"):
        table.add_column(column, justify="right")
    table.add_column("known mistakes and problems", overflow="fold")
    for row in report.rows:
        remarks = [f"[red]{escape(problem)}[/red]" for problem in row.problems]
        remarks += [escape(mistake) for mistake in row.mistakes]
        remarks += [f"[yellow]{escape(text)}[/yellow]" for text in row.taken_back]
        if row.late_penalty:
            remarks.append(f"late: {row.late_penalty:g} points taken off")
        waiting = sum(score is None for score in row.exercises.values())
        table.add_row(
            escape(row.student),
            row.lesson,
            f"{round(row.total, 2):g}/{row.points:g}",
            f"{waiting} to do" if waiting else "done" if row.needs_manual else "-",
            "\n".join(remarks),
        )
    console().print(table)
    for text in report.unknown:
        say(f"[red]not a submission:[/red] {escape(text)}")
    for text in report.unmatched:
        say(f"[yellow]not in the roster:[/yellow] {escape(text)}")
    for text in report.notes:
        say(f"[yellow]note:[/yellow] {escape(text)}")
    for name, reason in report.errors.items():
        say(f"[red]not graded, run again:[/red] {escape(name)}: {escape(reason)}")
    if not report.sandboxed:
        say("[yellow]Run without a sandbox, as you asked.[/yellow]")
    run, total = report.run, len(report.rows)
    say(f"{total} submissions, {run} of them run now, in {report.seconds:.0f} s")
    typer.echo(f"  marks     {report.folder}/marks.csv")
    typer.echo(f"  feedback  {Path(report.folder).parent}/feedback/STUDENT/LESSON/LESSON.html")
    typer.echo("  by hand   jupyter lab in the course's folder, then Nbgrader > Formgrader")


def add_commands(app: typer.Typer) -> None:
    """Hang the commands below ``lobsim``."""
    app.command("release", rich_help_panel="Instructor")(one_sentence_errors(release_command))
    app.command("grade", rich_help_panel="Instructor")(one_sentence_errors(_grade))
