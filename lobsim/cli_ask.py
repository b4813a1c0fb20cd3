"""``lobsim ask``: a desk question answered from data, every number with the call behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lobsim.cli_output import FINDING, one_sentence_errors, print_json


@one_sentence_errors
def ask(
    question: Annotated[str, typer.Argument(help="A desk question in English.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder with orders.csv, fills.csv, quotes and trades.",
                     show_default="the course's simulated desk"),
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Send nothing, whatever endpoint is set.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the report and its figures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Answer a desk question; status 1 if no tool can.

    Offline unless LOBSIM_ANALYST_URL and LOBSIM_ANALYST_MODEL (and _KEY) name a model's endpoint.
    """
    from lobsim.orderflow_ai import Desk
    from lobsim.orderflow_ai import ask as answer

    desk = Desk.bundled() if data is None else Desk.read(data, symbol)
    report = answer(question, desk, offline=offline)
    saved = report.save(out) if out is not None else None
    if as_json:
        print_json(report.as_dict() | ({"report": str(saved)} if saved else {}))
    else:
        typer.echo(report.markdown())
        if saved:
            typer.echo(f"report and figures: {saved}")
    if report.declined:
        raise typer.Exit(FINDING)
