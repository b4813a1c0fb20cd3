"""``lobsim bench envs``: how fast the environments step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lobsim.cli_output import (
    WRONG_USE,
    complain,
    console,
    escape,
    one_sentence_errors,
    print_json,
    say,
)

if TYPE_CHECKING:
    from lobsim.bench.envs import EnvReport


@one_sentence_errors
def envs(
    turns: Annotated[int, typer.Option(help="Measurements of each side.")] = 5,
    many: Annotated[
        list[int] | None,
        typer.Option("--envs", help="Environments a call; may be repeated.",
                     show_default="16, 64, 256, 1024"),
    ] = None,
    profile: Annotated[str, typer.Option(help="Named market.")] = "SPY",
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:  # fmt: skip
    """Steps a second of the execution environment, one and many, beside a bare CartPole-v1."""
    from lobsim.bench.envs import SIZES, bench_envs

    try:
        report = bench_envs(turns, tuple(many or SIZES), profile)
    except (ValueError, ImportError) as error:
        complain(str(error))
        raise typer.Exit(WRONG_USE) from None
    print_json(report.as_dict()) if as_json else _show(report)


def _show(report: EnvReport) -> None:
    from rich.table import Table

    from lobsim.cli_bench import _say_machine

    _say_machine(report.machine)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("form")
    for column in ("envs", "interval, s", "events a step", "messages a step", "k steps/s",
                   "M events/s", "x CartPole", "MarketBatch", "reset, ms"):
        table.add_column(column, justify="right")
    for row in report.rows:
        table.add_row(
            row.form, f"{row.envs:,}", f"{row.interval_s:g}", f"{row.events_per_step:,.0f}",
            f"{row.messages_per_step:,.1f}", f"{row.steps_per_s / 1e3:,.1f}",
            f"{row.events_per_s / 1e6:.1f}", f"{row.over_cartpole:.2f}",
            f"{row.batch_share:.2f}", f"{row.reset_ms:.1f}",
        )  # fmt: skip
    console().print(table)
    say(f"{escape(report.profile)}; a bare CartPole-v1 made "
        f"{report.cartpole_steps_per_s / 1e3:,.1f} k steps/s in the same turns; MarketBatch: the "
        f"time that as many markets take for the same steps without environments, over ours. "
        f"Medians of {report.turns} turns, each side in turn, in processor time.")  # fmt: skip
