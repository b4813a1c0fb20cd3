"""The instructor's commands: ``lobsim release`` and ``lobsim grade``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lobsim.cli_output import FINDING, one_sentence_errors, print_json, say

__all__ = ["add_commands"]


def _release(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; status 1 if lessons/ is out of step.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Make lessons/ from solutions/: blanks for answers, visible checks, no outputs."""
    raise typer.Exit


def _grade(
    submissions: Annotated[Path, typer.Argument(help="Folder of student/lesson/lesson.ipynb.")],
) -> None:
    """Grade a folder of hand-ins in a sandbox; gradebook, feedback pages, marks as CSV."""
    raise typer.Exit


def add_commands(app: typer.Typer) -> None:
    """Hang the commands below ``lobsim``."""
    app.command("release", rich_help_panel="Instructor")(one_sentence_errors(_release))
    app.command("grade", rich_help_panel="Instructor")(one_sentence_errors(_grade))
