"""``lobsim data``: make the bundled data sets, look into a file, convert one format to another."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lobsim import cli_facts
from lobsim.cli_output import (
    FINDING,
    GOOD,
    WRONG_USE,
    complain,
    one_sentence_errors,
    print_json,
    say,
)

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    help="Make, inspect and convert market data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]
SourceArgument = Annotated[Path, typer.Argument(help="A market data file of any known format.")]
SymbolOption = Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")]


app.command()(cli_facts.facts)


class Target(StrEnum):
    """Formats that `convert` writes."""

    TAQ = "taq"
    LEAN = "lean"
    LOBSTER = "lobster"


@app.command()
@one_sentence_errors
def inspect(
    source: SourceArgument,
    symbol: SymbolOption = None,
    rows: Annotated[int, typer.Option(help="How many first rows to show.", min=0)] = 5,
    as_json: JsonOption = False,
) -> None:
    """Say what a file is: format, day, rows, span of time, and what the reader dropped."""
    tables = _read(source, symbol)
    facts = [_facts(name, table) for name, table in tables.items()]
    if as_json:
        print_json({"file": str(source), "tables": facts})
        return
    for fact, table in zip(facts, tables.values(), strict=True):
        _show(fact, table.head(rows))


@app.command()
@one_sentence_errors
def convert(
    source: SourceArgument,
    target: Annotated[Path, typer.Argument(help="Folder to write into.")],
    to: Annotated[Target, typer.Option("--to", help="Format to write.")],
    symbol: SymbolOption = None,
) -> None:
    """Read a file of one format and write it in another; times, prices and sizes are kept."""
    from lobsim.data import DataError

    try:
        written = _write(source, target, to, symbol)
    except DataError:
        raise
    except ValueError as error:
        complain(f"{source} was not converted: {error}")
        raise typer.Exit(WRONG_USE) from None
    for path in written:
        typer.echo(f"wrote {path}")


@app.command()
@one_sentence_errors
def make(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; status 1 if a file would differ.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build the bundled data sets anew from their seeds: the same content every time."""
    import json
    import tempfile

    from lobsim.course.catalogue import course_root
    from lobsim.market.bundled import make_bundled, verify

    folder = course_root() / "data"
    if not check:
        manifest = make_bundled(folder)
        if as_json:
            print_json(manifest)
        else:
            for entry in manifest["files"].values():
                typer.echo(f"{entry['rows']:>9,} rows  {entry['bytes']:>9,} bytes  {entry['path']}")
        return
    findings = verify(folder)
    with tempfile.TemporaryDirectory(prefix="lobsim-data-") as scratch:
        fresh = make_bundled(scratch)["files"]
    if not findings:
        kept = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
        findings = [
            f"{name}: built anew, the content differs from {entry['path']}"
            for name, entry in fresh.items()
            if kept.get(name, {}).get("content_sha256") != entry["content_sha256"]
        ]
    if as_json:
        print_json({"same": not findings, "findings": findings})
    else:
        typer.echo("\n".join(findings) or f"{folder} is what its seeds make")
    raise typer.Exit(FINDING if findings else GOOD)


def _read(source: Path, symbol: str | None) -> dict[str, pd.DataFrame]:
    """The tables that a file (or a LOBSTER pair) holds, by name."""
    from lobsim.data import LobsterDay, read_any

    found = read_any(source, symbol)
    if isinstance(found, LobsterDay):
        return {"messages": found.messages, "book": found.book}
    return {str(found.attrs.get("kind", "table")): found}


def _facts(name: str, table: pd.DataFrame) -> dict[str, Any]:
    """What is worth knowing of a table, as plain values."""
    facts: dict[str, Any] = {"table": name, "rows": len(table)}
    for key in ("format", "symbol", "date", "time_zone"):
        if table.attrs.get(key) is not None:
            facts[key] = str(table.attrs[key])
    if len(table) and "time_ns" in table:
        facts["from"], facts["to"] = (_clock(table["time_ns"].iloc[i]) for i in (0, -1))
    facts["columns"] = {column: str(dtype) for column, dtype in table.dtypes.items()}
    facts["report"] = dict(table.attrs.get("report") or {})
    return facts


def _show(facts: dict[str, Any], first: pd.DataFrame) -> None:
    """Facts line by line, then the first rows."""
    say(f"[bold]{facts['table']}[/bold]  {facts['rows']:,} rows")
    for key in ("format", "symbol", "date", "time_zone", "from", "to"):
        if key in facts:
            typer.echo(f"  {key.replace('_', ' '):<10} {facts[key]}")
    for key, value in facts["report"].items():
        typer.echo(f"  {str(key).replace('_', ' ')}: {value}")
    if len(first):
        typer.echo(first.to_string(index=False, max_cols=12))
    typer.echo()


def _write(source: Path, target: Path, to: Target, symbol: str | None) -> list[Path]:
    """Read ``source`` and write it below ``target``; ValueError where the two do not fit."""
    from lobsim import analytics, data

    found = data.read_any(source, symbol)
    target.mkdir(parents=True, exist_ok=True)
    if isinstance(found, data.LobsterDay) != (to is Target.LOBSTER):
        raise ValueError("order messages (LOBSTER) are not made from trades and quotes or back")
    if isinstance(found, data.LobsterDay):
        return list(data.write_lobster(found, target))
    kind = found.attrs.get("kind")
    if to is Target.LEAN:
        # LEAN holds one quote for the whole market
        return [data.write_lean(analytics.nbbo(found) if kind == "quotes" else found, target)]
    writers = {
        "trades": data.write_taq_trades,
        "quotes": data.write_taq_quotes,
        "nbbo": data.write_taq_nbbo,
    }
    if kind not in writers:
        raise ValueError(f"{kind} cannot be written as TAQ, which holds {', '.join(writers)}")
    return [writers[kind](found, target)]


def _clock(time_ns: int) -> str:
    seconds, nanoseconds = divmod(int(time_ns), 10**9)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{nanoseconds:09d}"
