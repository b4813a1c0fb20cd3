"""``lobsim bench market`` and ``lobsim bench soak``: how fast markets are, and how lasting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

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
    from lobsim.bench.market import MarketReport
    from lobsim.bench.market_soak import SoakReport

JsonOption = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]


@one_sentence_errors
def market(
    hours: Annotated[float, typer.Option(help="Length of a run of a single market.")] = 4.0,
    turns: Annotated[int, typer.Option(help="Measurements of each side.")] = 5,
    markets: Annotated[
        list[int] | None,
        typer.Option(help="Markets of a batch; may be repeated.", show_default="1 to 1024"),
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers/--no-peers", help="Measure other installed packages too.")
    ] = True,
    quick: Annotated[
        bool, typer.Option("--quick", help="Short runs, three turns, batches up to 64.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Markets with their order flow: alone, in batches, beside plain C++ and other packages.

    Exit status 1 if the C++ market ended with another book than ours.
    """
    from lobsim.bench.market import QUICK, SIZES, bench_market

    sizes = tuple(markets or (QUICK if quick else SIZES))
    if quick:
        hours, turns = min(hours, 1.0), min(turns, 3)
    try:
        report = bench_market(hours, turns, sizes, with_peers=peers)
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(WRONG_USE) from None
    print_json(report.as_dict()) if as_json else _show_market(report)
    if not report.agrees:
        raise typer.Exit(FINDING)


@one_sentence_errors
def soak(
    events: Annotated[float, typer.Option(help="Events; 1e9 are a month of thirty days.")] = 1e9,
    profile: Annotated[str, typer.Option(help="Named profile that is made busier.")] = "SPY",
    seed: Annotated[int, typer.Option(help="Seed of the market and of the own messages.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """One market for a long time, its book checked all the way, with own messages good and bad.

    Exit status 1 if an invariant broke or memory grew.
    """
    from lobsim.bench.market_soak import soak as run

    try:
        report = run(events, profile, seed)
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(WRONG_USE) from None
    print_json(report.as_dict()) if as_json else _show_soak(report)
    if not report.sound:
        raise typer.Exit(FINDING)


def _table(*columns: str):
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.lstrip("<"), justify="left" if column[0] == "<" else "right")
    return table


def _millions(per_s: float | None) -> str:
    return "-" if per_s is None else f"{per_s / 1e6:.2f}"


def _show_market(report: MarketReport) -> None:
    from lobsim.bench.market import LOTS, SLICES
    from lobsim.cli_bench import _say_machine

    _say_machine(report.machine, report.compiler, report.flags)
    table = _table("<one market", "ratio", "M messages/s", "M events/s", "messages", "run, s",
                   "selling, s")  # fmt: skip
    for row in report.markets:
        table.add_row(
            escape(row.market), f"{row.relative:.2f}", _millions(row.messages_per_s),
            _millions(row.events_per_s), f"{row.messages:,}", f"{row.run_s:.3f}",
            f"{row.selling_s:.3f}",
        )  # fmt: skip
    console().print(table)
    hours = report.markets[0].hours
    say(f"{hours:g} hours of each; ratio to the zero-intelligence crowd; selling: the same with "
        f"{LOTS:,} lots sold in {SLICES} market orders.\n")  # fmt: skip
    _show_batches(report)
    _show_others(report)
    say(f"Medians of {report.turns} turns, each side in turn, in processor time; several threads "
        "in wall time.")  # fmt: skip


def _show_batches(report: MarketReport) -> None:
    table = _table("step, s", "threads", "markets", "ratio", "M messages/s", "messages a call")
    for row in report.batches:
        table.add_row(
            f"{row.step_s:g}", str(row.threads), f"{row.markets:,}", f"{row.relative:.2f}",
            _millions(row.messages_per_s), f"{row.messages_per_call:.0f}",
        )  # fmt: skip
    console().print(table)
    say(f"Batches of SPY; ratio to one market, one thread, the same step; messages a market and "
        f"call; {report.bytes_per_market:,} bytes a market. The largest batch is slower than the "
        f"fastest by a factor of {report.fall:.2f} at most.\n")  # fmt: skip


def _show_others(report: MarketReport) -> None:
    table = _table("<beside it", "ours / it", "M messages/s", "<what came of it")
    if report.cpp:
        cpp = report.cpp
        same = "same messages, same book" if cpp.same else "[red]another book[/red]"
        table.add_row("plain C++, zero intelligence only", f"{cpp.ratio:.2f}",
                      _millions(cpp.cpp_messages_per_s),
                      f"{same}; {cpp.ratio_low:.2f} to {cpp.ratio_high:.2f}")  # fmt: skip
    for peer in report.peers:
        times = "-" if peer.ours_over_peer is None else f"{peer.ours_over_peer:,.1f}"
        speed = "-" if peer.messages_per_s is None else f"{peer.messages_per_s / 1e6:.3f}"
        table.add_row(f"{peer.package} {peer.version}", times, speed,
                      escape(peer.failed or f"{peer.messages:,} messages; {peer.what}")
                      )  # fmt: skip
    if report.cpp or report.peers:
        console().print(table)
    if report.no_cpp_because:
        say(f"[yellow]Without the C++ market: {escape(report.no_cpp_because)}.[/yellow]")
    if report.not_installed:
        say(f"Not installed, so not measured: {', '.join(report.not_installed)}.")


def _show_soak(report: SoakReport) -> None:
    say(f"{escape(report.profile)}: {report.days:.2f} days, {report.events:,} events, "
        f"{report.messages:,} messages in {report.seconds:.0f} s of processor time "
        f"({report.events_per_s / 1e6:.2f} M events/s with all checks).")  # fmt: skip
    say(f"{report.checks:,} checks; memory {report.first_mb:.1f} MB after a tenth of the run, "
        f"{report.last_mb:.1f} MB at the end, {report.most_mb:.1f} MB at most; ids began anew "
        f"{report.ids_began_anew} times; the efficient price stood at the lower end of its band "
        f"at {report.at_low_end:,} checks, at the upper end at {report.at_high_end:,}."
        )  # fmt: skip
    say(f"Own messages: {report.own_sent:,} tried, {report.own_refused:,} refused before they were "
        f"sent, {report.own_rejected:,} rejected by the venue, {report.own_fills:,} fills; "
        f"{report.own_resting:.1f} own orders resting on average.")  # fmt: skip
    for fault in report.faults:
        say(f"[red]{escape(fault)}[/red]")
    say("Sound: no broken invariant, memory stayed." if report.sound else "[red]Not sound.[/red]")
