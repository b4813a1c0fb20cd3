"""``lobsim data``: make the bundled data sets, look into a file, convert one format to another."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lobsim.cli_output import FINDING, GOOD, console, one_sentence_errors, print_json, say

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    help="Make, inspect and convert market data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]
SourceArgument = Annotated[Path, typer.Argument(help="A TAQ, WRDS, LOBSTER or LEAN file.")]
SymbolOption = Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")]


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
    target: Annotated[Path, typer.Argument(help="File (or, for LOBSTER, folder) to write.")],
    to: Annotated[Target, typer.Option("--to", help="Format to write.")],
    symbol: SymbolOption = None,
) -> None:
    """Read a file of one format and write it in another."""
    for path in _write(_read(source, symbol), target, to):
        say(f"wrote {path}")


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
    """The tables of a file by name."""
    from lobsim.data import read_any

    found = read_any(source)
    return {}


def _facts(name: str, table: pd.DataFrame) -> dict[str, Any]:
    """What is worth knowing of a table, as plain values."""
    attributes = table.attrs
    facts = {"table": name, "rows": len(table)}
    for key in ("format", "kind", "symbol", "date", "time_zone"):
        if attributes.get(key) is not None:
            facts[key] = str(attributes[key])
    if len(table) and "time_ns" in table:
        facts["from"], facts["to"] = (_clock(table["time_ns"].iloc[i]) for i in (0, -1))
    facts["columns"] = {column: str(dtype) for column, dtype in table.dtypes.items()}
    facts["report"] = dict(attributes.get("report") or {})
    return facts


def _clock(time_ns: int) -> str:
    seconds, nanoseconds = divmod(int(time_ns), 10**9)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{nanoseconds:09d}"
