"""How the commands speak: one console, one sentence for a foreseen error, JSON on request."""

from __future__ import annotations

import errno
import functools
import json
import sys
from collections.abc import Callable
from typing import Any

import typer

GOOD, FINDING, WRONG_USE = 0, 1, 2


def console() -> Any:
    """Standard output with Rich; plain text where it is not a terminal."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 100
    return Console(width=width, highlight=False, soft_wrap=False)


def say(text: str = "") -> None:
    """Print one line of running text, wrapped, with Rich's markup."""
    console().print(text)


def escape(text: object) -> str:
    """Text that may hold square brackets, safe inside Rich's markup."""
    from rich.markup import escape as rich_escape

    return rich_escape(str(text))


def print_json(data: Any) -> None:
    """Print figures for programs."""
    typer.echo(json.dumps(data, indent=2, default=str))


def complain(sentence: str) -> None:
    """Say what went wrong on standard error."""
    typer.echo(f"lobsim: {sentence}", err=True)


def _foreseen(error: Exception) -> str | None:
    """One sentence for an error that a user can cause; None for a fault of ours."""
    if type(error).__module__.split(".")[0] == "lobsim":
        return " ".join(str(error).split())
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    if isinstance(error, PermissionError):
        return f"{error.filename}: not allowed (check the folder's owner and permissions)"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full; free some space and run the command again"
    return None


def one_sentence_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let foreseen errors end a command with one sentence and status 2, without a traceback."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Exception as error:
            sentence = _foreseen(error)
            if sentence is None:
                raise
            complain(sentence)
            raise typer.Exit(WRONG_USE) from None

    return guarded
