"""How ``lobsim check`` speaks: one line per exercise, and under it what would mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from lobsim.cli_output import escape, say

if TYPE_CHECKING:
    from lobsim.course.judge import CheckResult
    from lobsim.course.progress import Exercise
    from lobsim.course.selfcheck import SelfCheck

__all__ = ["show_check"]


def show_check(report: SelfCheck, *, verbose: bool = False) -> None:
    """Print the outcome for a learner: problems first, then exercises, then the next step."""
    say()
    say(f"[bold]{escape(report.title)}[/bold]")
    for problem in report.problems:
        say(f"[red]![/red] {escape(problem)}")
    for exercise in report.coded:
        _show_exercise(exercise, report.results.get(exercise.name), verbose)
    for exercise in report.written:
        state = "answered" if exercise.name in report.answered else "not answered yet"
        say(f"[dim]✎ {escape(exercise.title)}: {state}; marked by a person[/dim]")
    say()
    if report.results:
        earned, points = _tidy(report.earned), _tidy(report.points)
        say(f"[bold]{earned} of {points} points[/bold] in {report.seconds:.0f} s")
    for note in report.notes:
        say(f"[dim]{escape(note)}[/dim]")
    say(f"[bold]→[/bold] {escape(report.next_step())}")


def _show_exercise(exercise: Exercise, result: CheckResult | None, verbose: bool) -> None:
    title = escape(exercise.title)
    if result is None:
        say(f"[red]✗ {title}: could not be judged[/red]   0/{exercise.points:g}")
        return
    points = f"{_tidy(result.earned)}/{_tidy(result.points)}"
    if result.unanswered:
        say(f"[dim]○ {title}: not done yet   {points}[/dim]")
        return
    if result.passed and not verbose:
        say(f"[green]✓ {title}[/green]   {points}")
        return
    colour, sign = ("green", "✓") if result.passed else ("yellow", "✗")
    say(f"[{colour}]{sign} {title}[/{colour}]   {points}")
    _, _, explained = result.text().partition("\n")  # its first line is the one just printed
    typer.echo(f"{explained}\n")


def _tidy(points: float) -> str:
    return f"{round(points, 2):g}"
