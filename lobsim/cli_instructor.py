"""The instructor's commands: ``lobsim release`` and ``lobsim grade``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lobsim.cli_output import FINDING, GOOD, complain, one_sentence_errors, print_json

__all__ = ["add_commands"]


def _release(
    lessons: Annotated[
        list[str] | None, typer.Argument(help="Lessons by name.", show_default="all")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; status 1 if lessons/ is out of step.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Make lessons/ from solutions/: blanks for answers, visible checks, no outputs."""
    from dataclasses import asdict

    from lobsim.course.catalogue import course_root
    from lobsim.course.release import ReleaseError, in_step, release, source_names
    from lobsim.course.workspace import resolve_lesson

    root = course_root()
    if check:
        differences = in_step(root)
        if as_json:
            print_json({"in_step": not differences, "differences": differences})
        else:
            typer.echo("\n".join(differences) or "lessons/ is in step with solutions/")
        raise typer.Exit(FINDING if differences else GOOD)
    known = source_names(root)
    names = [resolve_lesson(name, known) for name in lessons] if lessons else None
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


def _grade(
    submissions: Annotated[Path, typer.Argument(help="Folder of student/lesson/lesson.ipynb.")],
) -> None:
    """Grade a folder of hand-ins in a sandbox; gradebook, feedback pages, marks as CSV."""
    raise typer.Exit


def add_commands(app: typer.Typer) -> None:
    """Hang the commands below ``lobsim``."""
    app.command("release", rich_help_panel="Instructor")(one_sentence_errors(_release))
    app.command("grade", rich_help_panel="Instructor")(one_sentence_errors(_grade))
