"""Readers of the exchange's Daily TAQ files (pipe-delimited, with header and trailer)."""

from __future__ import annotations

import os
import re

import pandas as pd

from lobsim.data.clock import date_text
from lobsim.data.errors import DataError
from lobsim.data.fields import Layout
from lobsim.data.finish import QUOTE_COLUMNS, TRADE_COLUMNS, attach, finish_quotes, finish_trades
from lobsim.data.source import MAX_BYTES
from lobsim.data.table import RawTable, read_table
from lobsim.data.taq_layout import EXTRA_TRADE_COLUMNS, TAQ_NBBO, TAQ_QUOTES, TAQ_TRADES

__all__ = ["read_taq_trades", "read_taq_quotes", "read_taq_nbbo", "NEW_YORK"]

NEW_YORK = "America/New_York"


def read_taq_trades(
    path: str | os.PathLike,
    symbol: str | None = None,
    *,
    extra: bool = False,
    trailer: str = "check",
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    """Read a Daily TAQ trade file (``EQY_US_ALL_TRADE_YYYYMMDD``).

    Parameters
    ----------
    path : str or path
        Plain, gzip or zip.
    symbol : str, optional
        Keep one symbol (``"BRK B"`` is root, blank, suffix). Without it all are kept.
    extra : bool
        Also return ``trade_id, source, reporting_facility, participant_time_ns,
        facility_time_ns`` (-1 = none) and ``trade_through_exempt`` where the file has them.
    trailer : {"check", "ignore"}
        The last line ``END|date|rows|`` must be there and its row count right; "ignore" takes
        files cut out of larger ones, with or without a trailer.
    max_bytes : int
        Largest unpacked size.

    Returns
    -------
    DataFrame
        ``time_ns`` int64 (SIP time, ns since New York midnight), ``exchange`` str (one letter),
        ``symbol`` str, ``price`` float64 (dollars), ``size`` int64 (shares), ``condition`` str
        (four characters), ``correction`` str ("00" = never corrected), ``sequence`` int64 (-1 =
        none). No row is dropped; ``attrs["report"]`` counts what deserves a look.

    Raises
    ------
    DataError
        Naming file, row and value.

    Examples
    --------
    >>> from lobsim.data import bundled, read_taq_trades
    >>> trades = read_taq_trades(bundled("taq_trades"))                   # doctest: +SKIP
    >>> trades.attrs["report"]["rows_returned"] == len(trades)             # doctest: +SKIP
    True
    """
    wanted = (*TRADE_COLUMNS, *(EXTRA_TRADE_COLUMNS if extra else ()))
    raw = _read(path, TAQ_TRADES, wanted, symbol, trailer, max_bytes)
    present = tuple(name for name in EXTRA_TRADE_COLUMNS if name in raw.frame)
    table, report = finish_trades(raw, present)
    return attach(table, raw, report, **_attrs(raw, "taq_trades", "trades"))


def read_taq_quotes(
    path: str | os.PathLike,
    symbol: str | None = None,
    *,
    extra: bool = False,
    trailer: str = "check",
    round_lot: int = 100,
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    """Read a Daily TAQ quote file (``SPLITS_US_ALL_BBO_<letter>_YYYYMMDD``).

    Each row is the new best quote of one exchange, not the NBBO.

    Parameters
    ----------
    path, symbol, trailer, max_bytes
        As in :func:`read_taq_trades`.
    extra : bool
        Also return ``participant_time_ns`` (-1 = none).
    round_lot : int
        Shares per unit of size in the file.

    Returns
    -------
    DataFrame
        ``time_ns, exchange, symbol, bid, bid_size, ask, ask_size, condition, sequence``: prices in
        dollars (NaN = no quote on that side), sizes in shares (int64). No row is dropped;
        ``attrs["report"]`` counts ``no_bid, no_ask, crossed, locked`` and more.

    Raises
    ------
    DataError
        Naming file, row and value.
    """
    wanted = (*QUOTE_COLUMNS, *(("participant_time_ns",) if extra else ()))
    raw = _read(path, TAQ_QUOTES, wanted, symbol, trailer, max_bytes)
    present = tuple(name for name in ("participant_time_ns",) if name in raw.frame)
    table, report = finish_quotes(raw, round_lot, present)
    return attach(table, raw, report, **_attrs(raw, "taq_quotes", "quotes"))


def read_taq_nbbo(
    path: str | os.PathLike,
    symbol: str | None = None,
    *,
    trailer: str = "check",
    round_lot: int = 100,
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    """Read a Daily TAQ NBBO file (``EQY_US_ALL_NBBO_YYYYMMDD``).

    Parameters
    ----------
    path, symbol, trailer, round_lot, max_bytes
        As in :func:`read_taq_quotes`.

    Returns
    -------
    DataFrame
        Columns of :func:`read_taq_quotes` with the best prices of all exchanges, then
        ``bid_exchange, ask_exchange``; ``exchange`` is the one whose quote changed the NBBO.
        ``attrs["kind"]`` is "nbbo". The file leaves out states that are already complete in the
        quote file, so on its own it has gaps.

    Raises
    ------
    DataError
        Naming file, row and value.
    """
    both = ("bid_exchange", "ask_exchange")
    raw = _read(path, TAQ_NBBO, (*QUOTE_COLUMNS, *both), symbol, trailer, max_bytes)
    table, report = finish_quotes(raw, round_lot, both)
    return attach(table, raw, report, **_attrs(raw, "taq_nbbo", "nbbo"))


def _read(
    path, layout: Layout, wanted: tuple[str, ...], symbol, trailer: str, max_bytes: int
) -> RawTable:
    if trailer not in ("check", "ignore"):
        raise ValueError(f"trailer is {trailer!r}; allowed are 'check' and 'ignore'")
    raw = read_table(
        path,
        layout,
        wanted=lambda field: field.column in wanted,
        symbol=symbol,
        trailer="need" if trailer == "check" else "allow",
        max_bytes=max_bytes,
    )
    if trailer == "check":
        _check_trailer(raw)
    return raw


def _check_trailer(raw: RawTable) -> None:
    """The trailer counts the data rows."""
    count = raw.trailer[2] if len(raw.trailer) > 2 else ""
    row = raw.rows_in_file + 2
    if not count.strip().isdigit():
        raise DataError(
            raw.path, f"the trailer's row count is {count!r}; allowed is a whole number", row=row
        )
    if int(count) != raw.rows_in_file:
        raise DataError(
            raw.path,
            f"the trailer says {int(count)} rows but the file holds {raw.rows_in_file}; rows are "
            "missing or added (trailer='ignore' reads it all the same)",
            row=row,
        )


def _attrs(raw: RawTable, file_format: str, kind: str) -> dict:
    date = date_text(raw.trailer[1]) if len(raw.trailer) > 1 else None
    if date is None:
        found = re.search(r"(?<!\d)(\d{8})(?!\d)", os.path.basename(raw.path))
        date = date_text(found[1]) if found else None
    return {"format": file_format, "kind": kind, "date": date, "time_zone": NEW_YORK}
