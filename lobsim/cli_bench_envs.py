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
    parts: Annotated[
        bool, typer.Option("--parts/--no-parts", help="Tell where the time of a step goes.")
    ] = True,
    peers: Annotated[
        bool, typer.Option("--peers/--no-peers", help="Measure other installed packages too.")
    ] = True,
    training: Annotated[
        bool, typer.Option("--training/--no-training", help="Train with Stable-Baselines3 too.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:  # fmt: skip
    """Steps a second of the execution environment, one and many, beside CartPole-v1 and peers."""
    from lobsim.bench.envs import SIZES, bench_envs

    try:
        report = bench_envs(turns, tuple(many or SIZES), profile, with_parts=parts,
                            with_peers=peers, with_training=training)
    except (ValueError, ImportError) as error:
        complain(str(error))
        raise typer.Exit(WRONG_USE) from None
    print_json(report.as_dict()) if as_json else _show(report)


def _table(first: str, *columns: str):
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _show(report: EnvReport) -> None:
    from lobsim.cli_bench import _say_machine

    _say_machine(report.machine)
    table = _table("form", "info", "envs", "threads", "interval, s", "events a step",
                   "messages a step", "k steps/s", "M events/s", "x CartPole", "MarketBatch",
                   "reset, ms")
    for row in report.rows:
        share = "" if row.batch_share is None else f"{row.batch_share:.2f}"
        table.add_row(
            row.form, row.info, f"{row.envs:,}", f"{row.threads}", f"{row.interval_s:g}",
            f"{row.events_per_step:,.0f}", f"{row.messages_per_step:,.1f}",
            f"{row.steps_per_s / 1e3:,.1f}", f"{row.events_per_s / 1e6:.1f}",
            f"{row.over_cartpole:.2f}", share, f"{row.reset_ms:.1f}",
        )  # fmt: skip
    console().print(table)
    say(f"{escape(report.profile)}; a bare CartPole-v1 made "
        f"{report.cartpole_steps_per_s / 1e3:,.1f} k steps/s in the same turns; MarketBatch: the "
        f"time that as many markets take for the same steps without environments, over ours. "
        f"Medians of {report.turns} turns, each side in turn, in processor time; where several "
        f"threads run, in wall time.")  # fmt: skip
    _show_peers(report)
    _show_parts(report)
    _show_training(report)


def _show_peers(report: EnvReport) -> None:
    for row in report.peers:
        told = row.failed or (f"{row.steps_per_s / 1e3:,.1f} k steps/s, "
                              f"{row.over_cartpole:.2f} x CartPole")
        say(f"{escape(row.package)} {escape(row.version)} ({escape(row.what)}): {escape(told)}")
    if report.not_installed:
        say(f"not installed, not measured: {', '.join(report.not_installed)}")


def _show_parts(report: EnvReport) -> None:
    if not report.parts:
        return
    table = _table("a step of", "envs", "interval, s", "ns", "market", "orders", "account", "view",
                   "Python")
    for row in report.parts:
        shares = row.shares
        table.add_row(row.form, f"{row.envs:,}", f"{row.interval_s:g}", f"{row.step_ns:,.0f}",
                      *(f"{shares[name]:.0%}" for name in ("market", "orders", "account", "view",
                                                           "python")))
    console().print(table)
    say("Where the time of a step of one environment goes, by the processor's counter within the "
        "kernel: the market's events, the decision and its messages, money and reward, the "
        "observation, and Python around the kernel.")  # fmt: skip


def _show_training(report: EnvReport) -> None:
    if not report.training:
        return
    table = _table("PPO on", "envs", "threads", "interval, s", "k steps/s", "x DummyVecEnv",
                   "environments")
    for row in report.training:
        table.add_row(row.form, f"{row.envs:,}", f"{row.threads}", f"{row.interval_s:g}",
                      f"{row.steps_per_s / 1e3:,.1f}", f"{row.over_dummy:.2f}",
                      f"{row.env_share:.0%}")
    console().print(table)
    say("Training by Stable-Baselines3 (64 x 64 units, one thread of PyTorch), and the share of "
        "its time that the environments take.")  # fmt: skip
