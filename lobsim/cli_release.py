"""The author's command ``lobsim release``: lessons for learners, an audit, a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lobsim.cli_output import (
    FINDING,
    GOOD,
    WRONG_USE,
    complain,
    console,
    escape,
    print_json,
    say,
)

if TYPE_CHECKING:
    from lobsim.course.audit_report import AuditReport, LessonAudit

__all__ = ["release_command"]


def release_command(
    lessons: Annotated[
        list[str] | None, typer.Argument(help="Lessons by name.", show_default="all")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; status 1 if lessons/ is out of step.")
    ] = False,
    audit: Annotated[
        bool,
        typer.Option("--audit", help="Change nothing; try right and wrong answers on each check."),
    ] = False,
    bundle: Annotated[
        bool,
        typer.Option("--bundle", help="Write a ZIP for learners, without solutions/ and tests/."),
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE.zip", help="Where --bundle writes.",
                     show_default="lobsim-course.zip"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Make lessons/ from solutions/: blanks for answers, visible checks, no outputs."""
    from lobsim.course.catalogue import course_root
    from lobsim.course.release import source_names
    from lobsim.course.workspace import resolve_lesson

    if check + audit + bundle > 1 or (to is not None and not bundle):
        complain("--check, --audit and --bundle exclude each other, and --to goes with --bundle")
        raise typer.Exit(WRONG_USE)
    root = course_root()
    known = source_names(root)
    names = [resolve_lesson(name, known) for name in lessons] if lessons else None
    if check:
        _check(root, as_json)
    elif audit:
        _audit(root, names or known, as_json)
    elif bundle:
        _bundle(root, names, to or Path("lobsim-course.zip"), as_json)
    else:
        _release(root, names, as_json)


def _release(root: Path, names: list[str] | None, as_json: bool) -> None:
    from dataclasses import asdict

    from lobsim.course.release import ReleaseError, release

    try:
        report = release(root, names=names)
    except ReleaseError as error:
        if as_json:
            print_json({"problems": error.problems})
        else:
            complain(str(error))
        raise typer.Exit(FINDING) from None
    if as_json:
        print_json(asdict(report))
    else:
        typer.echo(report.text())


def _check(root: Path, as_json: bool) -> None:
    from lobsim.course.release import in_step

    differences = in_step(root)
    if as_json:
        print_json({"in_step": not differences, "differences": differences})
    else:
        typer.echo("\n".join(differences) or "lessons/ is in step with solutions/")
    raise typer.Exit(FINDING if differences else GOOD)


def _bundle(root: Path, names: list[str] | None, target: Path, as_json: bool) -> None:
    from lobsim.course.bundle import write_bundle

    made: Any = write_bundle(root, target, names=names)
    if as_json:
        print_json(made.as_dict())
    else:
        typer.echo(f"{made.path}: {made.files} files, {made.size / 1e6:.1f} MB, "
                   f"{len(made.lessons)} lessons; sha256 {made.sha256}")


def _audit(root: Path, names: list[str], as_json: bool) -> None:
    from lobsim.course.audit_report import audit

    def tell(name: str) -> None:
        typer.echo(f"  {name}: trying answers ...", err=True)

    report = audit(root, names, progress=None if as_json else tell)
    if as_json:
        print_json(report.as_dict())
    else:
        _show(report)
    raise typer.Exit(GOOD if report.good else FINDING)


def _show(report: AuditReport) -> None:
    for lesson in report.lessons:
        say()
        say(f"[bold]{escape(lesson.name)}[/bold]  ({lesson.seconds:.0f} s)")
        if lesson.exercises:
            _show_table(lesson)
        for text in lesson.all_findings():
            say(f"[red]✗[/red] {escape(text)}")
        for exercise in lesson.exercises:
            for text in exercise.remarks:
                say(f"[dim]· {escape(exercise.name)}: {escape(text)}[/dim]")
    say()
    count = sum(len(lesson.all_findings()) for lesson in report.lessons)
    say("[green]Nothing to mend.[/green]" if not count else
        f"[bold]{count} finding{'s' * (count > 1)} to mend.[/bold]")


def _show_table(lesson: LessonAudit) -> None:
    """How many answers were tried and what refused them; below each check its hidden parts."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("check", overflow="fold")
    for column in ("right", "wrong", "changed", "by visible", "by hidden", "same", "aside",
                   "survive", "explained"):
        table.add_column(column, justify="right")
    for e in lesson.exercises:
        table.add_row(e.name, *map(str, (e.right, e.wrong, e.mutants, e.by_visible, e.by_hidden,
                                         e.equivalent, e.set_aside, len(e.survivors), e.named)))
    console().print(table)
    hidden = Table(box=None, pad_edge=False, header_style="bold")
    hidden.add_column("hidden part", overflow="fold")
    for column in ("points", "cases", "refuses", "alone"):
        hidden.add_column(column, justify="right")
    for e in lesson.exercises:
        for part in e.hidden:
            hidden.add_row(escape(f"{e.name}: {part.name} ({part.category})"),
                           f"{part.points:g}", str(part.cases), str(part.failed_by),
                           str(part.failed_alone_by))
    console().print(hidden)
