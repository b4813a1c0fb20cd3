"""``lobsim forecast``: can the next move of a book's mid be foretold, and does it pay?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lobsim.cli_output import WRONG_USE, complain, console, one_sentence_errors, print_json, say

HORIZONS = [10, 30, 100]


@one_sentence_errors
def forecast(
    days: Annotated[
        list[Path] | None,
        typer.Argument(help="LOBSTER files in order of time: one, cut in time, or at least three.",
                       show_default="the bundled hour"),
    ] = None,
    horizon: Annotated[
        list[int], typer.Option(help="Changes of the book ahead; may be given again.", min=1)
    ] = HORIZONS,  # noqa: B006 - typer copies it
    levels: Annotated[
        int | None, typer.Option(help="Levels of the book.", min=1, show_default="5, or all")
    ] = None,
    trainings: Annotated[int, typer.Option(help="Of the network.", min=1)] = 3,
    steps: Annotated[int, typer.Option(help="Of a training.", min=1)] = 600,
    fee: Annotated[float, typer.Option(help="Of taking, ticks a share.", min=0.0)] = 0.3,
    tick: Annotated[float, typer.Option(help="Size of a tick, dollars.", min=1e-4)] = 0.01,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Judge a network and logistic regression on your days: macro F1, and profit after costs."""
    from lobsim.data import bundled, read_lobster
    from lobsim.orderflow_ai.book_windows import depth_of_lobster
    from lobsim.orderflow_ai.forecast_judging import judge_forecasts, parts_of

    read = [read_lobster(path) for path in days or [bundled("lobster_messages")]]
    levels = levels or min(5, *(day.levels for day in read))
    try:
        states = [depth_of_lobster(day, levels, tick) for day in read]
        told = [entry for ahead in horizon
                for entry in judge_forecasts(*parts_of(states, ahead), ahead, trainings=trainings,
                                             steps=steps, fee=fee, draws=200)]
    except ValueError as error:  # too short a day, too few levels
        complain(" ".join(str(error).split()))
        raise typer.Exit(WRONG_USE) from None
    if as_json:
        print_json(_without_nan(told))
        return
    _show(told)


def _without_nan(value):
    """The same with None in place of NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if value != value else value


def _show(told: list[dict]) -> None:
    """A line for each model and horizon."""
    from rich.table import Table

    def between(name: str, form: str) -> str:
        if entry[name].value != entry[name].value:
            return ""
        value, low, high = (f"{number:{form}}" for number in entry[name])
        return f"{value} ({low}, {high})"

    table = Table(box=None, pad_edge=False)
    for head in ("rows ahead", "model", "macro F1", "trades", "mid moves", "after costs, ticks"):
        table.add_column(head, overflow="fold")
    for entry in told:
        table.add_row(str(entry["horizon"]), entry["model"], between("f1", ".3f"),
                      f"{entry['trades']:.0f}", between("gross", "+.2f"), between("net", "+.2f"))
    console().print(table)
    say(f"Judged on {told[0]['rows']} rows that served nothing else; intervals 95 %. A guess has a "
        f"macro F1 of about 0.333.")
