"""``lobsim data``: make the bundled data sets, look into a file, convert one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lobsim.cli_output import FINDING, one_sentence_errors, print_json, say

app = typer.Typer(
    help="Make, inspect and convert market data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
