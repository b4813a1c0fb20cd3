"""The command ``lobsim``: what a learner uses; the instructor's and data commands hang below.

Each command reads its arguments, calls one function of the library and prints what came back.
Imports that take time stand inside the commands, so that ``lobsim --help`` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lobsim import (
    __version__,
    cli_agents,
    cli_ask,
    cli_bench,
    cli_class,
    cli_data,
    cli_drill,
    cli_forecast,
    cli_instructor,
    cli_term,
)
from lobsim.cli_output import (
    FINDING,
    console,
    escape,
    one_sentence_errors,
    print_json,
    say,
)

if TYPE_CHECKING:
    from lobsim.course.workspace import Workspace

app = typer.Typer(
    name="lobsim",
    help="Market microstructure and reinforcement learning for trading, learnt on an order book.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        envvar="LOBSIM_WORKSPACE",
        help="Your own folder [default: workspace/ in the course].",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print figures as JSON, for programs.")]


def _open_workspace(folder: Path | None) -> Workspace:
    from lobsim.course.catalogue import course_root
    from lobsim.course.workspace import Workspace

    root = Path(course_root())
    return Workspace(folder or root / "workspace", root)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lobsim {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print version."),
    ] = False,
) -> None:
    pass


@app.command(rich_help_panel="Learner")
@one_sentence_errors
def lab(
    lesson: Annotated[
        str | None,
        typer.Argument(help="Lesson to open, as 01 or by name.", show_default="where you left off"),
    ] = None,
    workspace: WorkspaceOption = None,
    reset: Annotated[
        str | None,
        typer.Option(
            "--reset", metavar="LESSON", help="Lay this lesson anew; your work goes to a backup."
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port of the server.", show_default="first free from 8888", min=1, max=65535
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the browser.")
    ] = True,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Deliver the lessons, start nothing.")
    ] = False,
) -> None:
    """Open JupyterLab on your own copy of the lessons; your work is never overwritten."""
    from lobsim.course.lab import plan_launch, start
    from lobsim.course.workspace import resolve_lesson

    own = _open_workspace(workspace)
    names = own.lessons()
    chosen = resolve_lesson(lesson, names) if lesson is not None else None
    _tell_deliveries(own)
    if reset is not None:
        chosen = _reset(own, resolve_lesson(reset, names), chosen)
    chosen = chosen or own.where_left_off()
    if prepare_only:
        return
    launch = plan_launch(own, chosen, port=port, browser=browser)
    say(f"Opening [bold]{chosen}[/bold] in JupyterLab, a few seconds ... (Ctrl-C twice stops it)")
    typer.echo(f"  {launch.url}")
    raise typer.Exit(start(launch))


def _tell_deliveries(own: Workspace) -> None:
    deliveries = own.prepare()
    notebooks = [d for d in deliveries if d.file.endswith(".ipynb")]
    fresh = [d.lesson for d in notebooks if d.action == "new"]
    newer = [d.lesson for d in notebooks if d.action == "updated"]
    if fresh:
        say(f"Delivered to {escape(own.folder)}: {', '.join(fresh)}")
    if newer:
        say(f"Brought up to date (you had not changed them): {', '.join(newer)}")
    for delivery in deliveries:
        if delivery.action == "beside":
            say(
                f"[yellow]A newer {delivery.lesson}/{delivery.file} has arrived.[/yellow] Your "
                "work was left alone; the new version lies beside it as "
                f"[bold]{delivery.path.name}[/bold]. To go on with the new one: "
                f"lobsim lab --reset {delivery.lesson[:2]} (keeps a backup)."
            )


def _reset(own: Workspace, lesson: str, chosen: str | None) -> str:
    done = own.reset(lesson)
    say(f"[bold]{lesson}[/bold] is as new.")
    if done.backup:
        say("Your work from before is in:")
        typer.echo(f"  {done.backup}")
    return chosen or lesson


@app.command(rich_help_panel="Learner")
@one_sentence_errors
def check(
    lessons: Annotated[
        list[str] | None,
        typer.Argument(help="Lessons, as 01 or by name.", show_default="where you left off"),
    ] = None,
    workspace: WorkspaceOption = None,
    verbose: Annotated[
        bool, typer.Option("--all", help="Show also what is already right, case by case.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the official checks on your work and explain what is missing."""
    from lobsim.cli_check import show_check
    from lobsim.course.selfcheck import check_lesson
    from lobsim.course.workspace import resolve_lesson

    own = _open_workspace(workspace)
    names = own.lessons()
    chosen = [resolve_lesson(text, names) for text in lessons or []] or [own.where_left_off()]
    reports = []
    for lesson in dict.fromkeys(chosen):
        if not as_json:
            say(f"Checking {lesson}: it is run from top to bottom, up to a minute ...")
        report = check_lesson(own, lesson)
        reports.append(report)
        if not as_json:
            show_check(report, verbose=verbose)
    if as_json:
        print_json([report.as_dict() for report in reports])
    if not all(report.complete for report in reports):
        raise typer.Exit(FINDING)


@app.command(rich_help_panel="Learner")
@one_sentence_errors
def progress(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """All lessons at a glance: points, exercises, minutes left."""
    from dataclasses import asdict

    from lobsim.course.progress import progress as all_progress

    own = _open_workspace(workspace)
    lessons = all_progress(own)
    if as_json:
        print_json([asdict(l) | {"earned": l.earned, "points": l.points} for l in lessons])
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("lesson", no_wrap=True)
    for column in ("points", "done", "started", "untouched", "minutes left"):
        table.add_column(column, justify="right")
    table.add_column("checked")
    for one in lessons:
        done = one.count("done", "answered")
        table.add_row(
            one.lesson,
            f"{round(one.earned, 2):g}/{one.points:g}",
            f"{done}/{len(one.exercises)}",
            str(one.count("started")),
            str(one.count("untouched")),
            str(one.minutes_left),
            (one.checked_at or "never")[:16].replace("T", " "),
        )
    console().print(table)
    for one in lessons:
        if one.problem:
            say(f"[yellow]{one.lesson}: {escape(one.problem)}[/yellow]")
    if not own.folder.exists():
        say("There is no workspace yet: `lobsim lab` makes one.")
    else:
        say("Points come from the last `lobsim check` and count while the answer is unchanged.")


@app.command(rich_help_panel="Learner")
@one_sentence_errors
def handin(
    lesson: Annotated[str, typer.Argument(help="Lesson to hand in, as 01 or by name.")],
    to: Annotated[Path, typer.Option("--to", help="The instructor's drop folder.")],
    student: Annotated[
        str, typer.Option("--student", envvar="LOBSIM_STUDENT", help="Your name for marks.")
    ],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy a lesson's notebook to a drop folder and get a receipt; earlier hand-ins are kept."""
    from dataclasses import asdict

    from lobsim.course.handin import hand_in
    from lobsim.course.workspace import resolve_lesson

    own = _open_workspace(workspace)
    receipt = hand_in(own, resolve_lesson(lesson, own.lessons()), to, student)
    if as_json:
        print_json(asdict(receipt))
        return
    say(f"[green]Handed in[/green] {receipt.lesson} as {receipt.student} at {receipt.time}")
    typer.echo(f"  file    {receipt.notebook}\n  sha256  {receipt.sha256}")
    if receipt.earlier:
        typer.echo(f"  the hand-in before this one is kept in {receipt.earlier}")


@app.command(rich_help_panel="All")
@one_sentence_errors
def doctor(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Look at Python, packages, kernel, sandbox, disk and caches; say how to mend them."""
    from dataclasses import asdict

    from lobsim.course.doctor import BAD, examine

    findings = examine(_open_workspace(workspace))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        colours = {"good": "green", "note": "yellow", "bad": "red"}
        for one in findings:
            state = f"[{colours[one.state]}]{one.state}[/]"
            table.add_row(one.name, state, escape(one.detail))
            if one.fix:
                table.add_row("", "", f"[dim]to mend: {escape(one.fix)}[/dim]")
        console().print(table)
    if any(finding.state == BAD for finding in findings):
        raise typer.Exit(FINDING)


app.command(rich_help_panel="All")(cli_agents.train)
app.command(rich_help_panel="All")(cli_agents.evaluate)
app.command(rich_help_panel="All")(cli_ask.ask)
app.command(rich_help_panel="All")(cli_forecast.forecast)
cli_drill.add_commands(app)
cli_instructor.add_commands(app)
cli_term.add_commands(app)
cli_class.add_commands(app)
app.add_typer(cli_data.app, name="data", rich_help_panel="All")
app.add_typer(cli_bench.app, name="bench", rich_help_panel="All")


def main() -> None:
    """Entry point of the ``lobsim`` command."""
    from lobsim.course.quick_jupyter import quick_jupyter

    quick_jupyter()
    app()
