"""``lobsim bench``: how fast the library is on this machine, against what else there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lobsim import cli_bench_envs, cli_bench_market
from lobsim.cli_output import (
    FINDING,
    WRONG_USE,
    complain,
    console,
    escape,
    one_sentence_errors,
    print_json,
    say,
)

if TYPE_CHECKING:
    from lobsim.bench.calls import CallReport
    from lobsim.bench.engine import EngineReport

app = typer.Typer(
    help="Measure speed on this machine, as ratios in one run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]

app.command()(cli_bench_market.market)
app.command()(cli_bench_market.soak)
app.command()(cli_bench_envs.envs)


@app.callback()
def _group() -> None:
    """Keep `bench` a group, whatever the number of its commands."""


@app.command()
@one_sentence_errors
def engine(
    messages: Annotated[int, typer.Option(help="Messages of a stream.")] = 1_000_000,
    depth: Annotated[
        list[int] | None,
        typer.Option(help="Live orders of a stream; may be repeated.", show_default="all three"),
    ] = None,
    turns: Annotated[int, typer.Option(help="Measurements of each side.")] = 11,
    peers: Annotated[
        bool, typer.Option("--peers/--no-peers", help="Measure other installed packages too.")
    ] = True,
    peer_messages: Annotated[
        int, typer.Option(help="Messages for the other packages, which may be slow.")
    ] = 200_000,
    native: Annotated[
        bool, typer.Option("--native", help="Compile the C++ loop with -march=native.")
    ] = False,
    calls: Annotated[
        bool, typer.Option("--calls", help="Take single calls of OrderBook apart instead.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Matching engine against a plain C++ loop and other packages; checks that fills agree.

    Exit status 1 if the C++ loop made other fills than the engine.
    """
    from lobsim.bench.calls import bench_calls
    from lobsim.bench.engine import bench_engine
    from lobsim.bench.stream import DEPTHS

    try:
        if calls:
            call_report = bench_calls()
        else:
            report = bench_engine(
                messages, tuple(depth or DEPTHS), turns, peer_messages,
                with_peers=peers, native=native,
            )  # fmt: skip
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(WRONG_USE) from None
    if calls:
        print_json(call_report.as_dict()) if as_json else _show_calls(call_report)
        return
    print_json(report.as_dict()) if as_json else _show_engine(report)
    if not report.agrees:
        raise typer.Exit(FINDING)


def _millions(per_s: float | None) -> str:
    return "-" if per_s is None else f"{per_s / 1e6:.2f}"


def _say_machine(machine: dict, compiler: str | None = None, flags: str = "") -> None:
    say(
        f"{escape(machine['processor'])}, {machine['cores']} cores, {escape(machine['system'])}; "
        f"Python {machine['python']}, numba {machine['numba']}, numpy {machine['numpy']}"
        + (f"; {escape(compiler)} {escape(flags)}" if compiler else "")
        + (f"; load {machine['load_1min']}" if machine["load_1min"] is not None else "")
    )


def _show_engine(report: EngineReport) -> None:
    from rich.table import Table

    from lobsim.bench.peers import CALLS

    _say_machine(report.machine, report.compiler, report.flags)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("live orders", justify="right")
    table.add_column("engine or package", no_wrap=True)
    for column in ("messages", "M/s", "ours / it"):
        table.add_column(column, justify="right")
    table.add_column("fills")
    for row in report.depths:
        table.add_row(
            f"{row.live_orders:,}", "[bold]lobsim[/bold] process()", f"{row.messages:,}",
            _millions(row.messages_per_s), "", f"{row.fills:,}",
        )  # fmt: skip
        for twin in row.cpp:
            agree = "same bytes" if twin.fills_agree else "[red]differ[/red]"
            table.add_row(
                "", twin.variant, f"{row.messages:,}", _millions(twin.messages_per_s),
                f"{twin.ratio:.2f}", f"{agree}; {twin.ratio_low:.2f} to {twin.ratio_high:.2f}",
            )  # fmt: skip
        for peer in row.peers:
            form = "" if peer.form == CALLS else f"{peer.form}: "
            times = "-" if peer.ours_over_peer is None else f"{peer.ours_over_peer:.1f}"
            table.add_row(
                "", f"{peer.package} {peer.version}", f"{peer.messages:,}",
                _millions(peer.messages_per_s), times, escape(form + peer.fills),
            )  # fmt: skip
    console().print(table)
    if report.no_twin_because:
        say(f"[yellow]Without the C++ loop: {escape(report.no_twin_because)}.[/yellow]")
    if report.not_installed:
        say(f"Not installed, so not measured: {', '.join(report.not_installed)}.")
    say(
        f"Medians of {report.turns} turns (packages: at most 3), each side in turn, in processor "
        "time. Packages get a call a message where nothing else is said; the C++ loop knows only "
        "the kinds of the stream; behind its fills the range of the ratio."
    )


def _show_calls(report: CallReport) -> None:
    from rich.table import Table

    _say_machine(report.machine)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("one call of OrderBook")
    table.add_column("ns", justify="right")
    table.add_column("M calls/s", justify="right")
    for row in report.figures:
        name = f"  part: {row.what}" if row.is_part else row.what
        table.add_row(name, f"{row.nanoseconds:.0f}", "" if row.is_part else _millions(row.per_s))
    console().print(table)
    say("What is not in the parts is the interpreter: checks of the values, calls, the result.")
