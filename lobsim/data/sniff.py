"""Recognising what a file is, and the readers that take any of the known formats."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pandas as pd

from lobsim.data.bitstamp import read_bitstamp
from lobsim.data.databento import read_databento
from lobsim.data.errors import DataError
from lobsim.data.hftbacktest import read_hftbacktest
from lobsim.data.itch import read_itch
from lobsim.data.known import FORMATS, guess, guess_binary
from lobsim.data.lean import bars_to_quotes, read_lean
from lobsim.data.lobster import LobsterDay, read_lobster
from lobsim.data.source import Source, zip_members
from lobsim.data.taq import read_taq_nbbo, read_taq_quotes, read_taq_trades
from lobsim.data.tardis import read_tardis
from lobsim.data.wrds import read_wrds_quotes, read_wrds_trades

__all__ = ["sniff", "read_any", "read_trades", "read_quotes", "FORMATS"]

_LEAN_MEMBER = re.compile(r"\d{8}_.+_(trade|quote)_|\d{8}_.+_(tick|second|minute)_", re.IGNORECASE)


def sniff(path: str | os.PathLike) -> str:
    """Recognise the format of a file by its first line and, for LEAN and LOBSTER, its name.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    str
        A key of `FORMATS`.

    Raises
    ------
    DataError
        When it is none of them.
    """
    path = Path(path)
    if path.is_file() and path.suffix.lower() == ".zip":
        names = zip_members(path)
        if any("_message" in name for name in names):
            return "lobster"
        if any(_LEAN_MEMBER.match(name) for name in names) or _in_lean_folder(path):
            return "lean"
    head = Source(path, what="a market data file").head()
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("ascii", "replace").strip()
    name = guess_binary(head) or guess(line)
    if name is None and "_orderbook" in path.name:
        name = "lobster"
    if name is not None:
        return name
    shown = line if len(line) <= 60 else line[:57] + "..."
    known = "; ".join(FORMATS.values())
    raise DataError(path, f"begins with {shown!r}, which is none of the known formats: {known}", 1)


def _in_lean_folder(path: Path) -> bool:
    parts = {part.lower() for part in path.parts}
    return bool(parts & {"equity", "crypto"}) and bool(
        parts & {"tick", "second", "minute", "hour", "daily"}
    )


def read_any(path: str | os.PathLike, symbol: str | None = None) -> pd.DataFrame | LobsterDay:
    """Read a file of any known format.

    Parameters
    ----------
    path : str or path
    symbol : str, optional
        Keep one symbol, for formats that hold several.

    Returns
    -------
    DataFrame or LobsterDay
        What the format's own reader returns; ``attrs["format"]`` and ``attrs["kind"]`` tell.

    Raises
    ------
    DataError
        Naming file, row and value; also for an unknown format.
    """
    name = sniff(path)
    if name in _WITH_SYMBOL:
        return _WITH_SYMBOL[name](path, symbol)
    if name == "lobster" and "_orderbook" in Path(path).name:
        path = Path(path).with_name(Path(path).name.replace("_orderbook", "_message"))
    table = _OF_ONE[name](path)
    held = table.attrs.get("symbol")
    if symbol is not None and held is not None and held.upper() != symbol.upper():
        raise DataError(path, f"holds {held}; symbol {symbol!r} was asked for")
    return table


_WITH_SYMBOL = {
    "taq_trades": read_taq_trades,
    "taq_quotes": read_taq_quotes,
    "taq_nbbo": read_taq_nbbo,
    "wrds_trades": read_wrds_trades,
    "wrds_quotes": read_wrds_quotes,
    "wrds_nbbo": read_wrds_quotes,
    "itch": read_itch,
    "databento": read_databento,
    "tardis": read_tardis,
}
_OF_ONE = {
    "lean": read_lean,
    "lobster": read_lobster,
    "bitstamp": read_bitstamp,
    "hftbacktest": read_hftbacktest,
}


def read_trades(path: str | os.PathLike, symbol: str | None = None) -> pd.DataFrame:
    """Read trades: a TAQ trade file, a WRDS table, LEAN trade ticks or a Tardis file.

    Parameters
    ----------
    path : str or path
    symbol : str, optional
        Keep one symbol.

    Returns
    -------
    DataFrame
        At least ``time_ns, exchange, symbol, price, size, condition, correction, sequence``.

    Raises
    ------
    DataError
        Naming file, row and value; also when the file holds something else.
    """
    table = read_any(path, symbol)
    if table.attrs["kind"] != "trades":
        raise _other_kind(path, table.attrs, "trades")
    return table


def read_quotes(path: str | os.PathLike, symbol: str | None = None) -> pd.DataFrame:
    """Read quotes: a TAQ quote or NBBO file, a WRDS table, LEAN quote ticks or bars, Tardis.

    Parameters
    ----------
    path : str or path
    symbol : str, optional
        Keep one symbol.

    Returns
    -------
    DataFrame
        At least ``time_ns, exchange, symbol, bid, bid_size, ask, ask_size, condition, sequence``.
        ``attrs["kind"]`` is "quotes" (best quotes of each exchange) or "nbbo". Quote bars give
        their closing quote, stamped with the end of the bar.

    Raises
    ------
    DataError
        Naming file, row and value; also when the file holds something else.
    """
    table = read_any(path, symbol)
    if table.attrs["kind"] == "bars" and "bid_close" in table and "date" not in table:
        return bars_to_quotes(table)
    if table.attrs["kind"] not in ("quotes", "nbbo"):
        raise _other_kind(path, table.attrs, "quotes")
    return table


def _other_kind(path, attrs: dict, wanted: str) -> DataError:
    kind = f"{attrs.get('tick_type', '')} {attrs['kind']}".strip()
    return DataError(path, f"holds {kind} ({FORMATS[attrs['format']]}), not {wanted}")


