"""Readers of the WRDS millisecond TAQ tables (CSV exports of ctm, cqm, complete_nbbo, nbbom)."""

from __future__ import annotations

import os
import re

import numpy as np
import pandas as pd

from lobsim.data.clock import date_text
from lobsim.data.errors import DataError
from lobsim.data.fields import Field, Layout
from lobsim.data.finish import attach, finish_quotes, finish_trades
from lobsim.data.source import MAX_BYTES, Source
from lobsim.data.table import RawTable, bad_value, read_table
from lobsim.data.taq import NEW_YORK

__all__ = ["read_wrds_trades", "read_wrds_quotes", "WRDS_TRADES", "WRDS_QUOTES", "WRDS_NBBO"]

_HEAD = (
    Field("DATE", "date", "text", "YYYY-MM-DD"),
    Field("TIME_M", "time_ns", "clock time", "H:MM:SS[.fraction], New York"),
    Field("TIME_M_NANO", "nano", "integer", "ns behind the microseconds", optional=True,
          required=False, least=0),
    Field("SYM_ROOT", "symbol", "text", names=("SYMBOL",)),
    Field("SYM_SUFFIX", "suffix", "text", optional=True, required=False),
)  # fmt: skip

WRDS_TRADES = Layout(
    "a WRDS trade table (ctm)",
    ",",
    (
        *_HEAD,
        Field("EX", "exchange", "text", "one letter"),
        Field("TR_SCOND", "condition", "text", "letters, blanks may be squeezed", optional=True),
        Field("SIZE", "size", "integer", "shares", least=0),
        Field("PRICE", "price", "decimal", "dollars", least=0),
        Field("TR_CORR", "correction", "text", "00 = never corrected"),
        Field("TR_SEQNUM", "sequence", "integer", optional=True, required=False),
    ),
    header=True,
    source="WRDS taqmsec.ctm_YYYYMMDD",
)
WRDS_QUOTES = Layout(
    "a WRDS quote table (cqm)",
    ",",
    (
        *_HEAD,
        Field("EX", "exchange", "text", "one letter"),
        Field("BID", "bid", "decimal", "dollars, 0 = none", optional=True, least=0),
        Field("BIDSIZ", "bid_size", "integer", "round lots", optional=True, least=0),
        Field("ASK", "ask", "decimal", "dollars, 0 = none", optional=True, least=0),
        Field("ASKSIZ", "ask_size", "integer", "round lots", optional=True, least=0),
        Field("QU_COND", "condition", "text", "one letter", optional=True),
        Field("QU_SEQNUM", "sequence", "integer", optional=True, required=False),
    ),
    header=True,
    source="WRDS taqmsec.cqm_YYYYMMDD",
)
WRDS_NBBO = Layout(
    "a WRDS NBBO table (complete_nbbo or nbbom)",
    ",",
    (
        *_HEAD,
        Field("BEST_BID", "bid", "decimal", "dollars, 0 = none", optional=True, least=0),
        Field("BEST_BIDSIZESHARES", "bid_size", "integer", "shares", optional=True,
              required=False, least=0),
        Field("BEST_BIDSIZ", "bid_lots", "integer", "round lots", optional=True,
              required=False, least=0),
        Field("BEST_BIDEX", "bid_exchange", "text", "one letter", optional=True, required=False),
        Field("BEST_ASK", "ask", "decimal", "dollars, 0 = none", optional=True, least=0),
        Field("BEST_ASKSIZESHARES", "ask_size", "integer", "shares", optional=True,
              required=False, least=0),
        Field("BEST_ASKSIZ", "ask_lots", "integer", "round lots", optional=True,
              required=False, least=0),
        Field("BEST_ASKEX", "ask_exchange", "text", "one letter", optional=True, required=False),
        Field("EX", "exchange", "text", "whose quote changed it", optional=True, required=False),
        Field("QU_COND", "condition", "text", "one letter", optional=True, required=False),
        Field("NBBO_QU_COND", "nbbo_condition", "text", "one letter", optional=True,
              required=False),
        Field("QU_SEQNUM", "sequence", "integer", optional=True, required=False),
    ),
    header=True,
    source="WRDS taqmsec.complete_nbbo_YYYYMMDD, nbbom_YYYYMMDD",
)  # fmt: skip


def read_wrds_trades(
    path: str | os.PathLike,
    symbol: str | None = None,
    *,
    date: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    """Read a CSV export of a WRDS trade table (``ctm_YYYYMMDD``, also ``wct``).

    Parameters
    ----------
    path : str or path
        Plain, gzip or zip; names in upper or lower case, in any order.
    symbol : str, optional
        Keep one symbol: root, or root, blank and suffix (``"BRK B"``).
    date : str, optional
        ``YYYY-MM-DD``: keep one day of an export that holds several.
    max_bytes : int
        Largest unpacked size.

    Returns
    -------
    DataFrame
        As :func:`lobsim.data.read_taq_trades`; the blanks that exports squeeze out of the sale
        condition are put back.

    Raises
    ------
    DataError
        Naming file, row and value; also for several days without `date`.
    """
    raw = read_table(path, WRDS_TRADES, max_bytes=max_bytes)
    day = _one_day(raw, symbol, date)
    _add_sequence(raw)
    table, report = finish_trades(raw)
    attrs = {"format": "wrds_trades", "kind": "trades", "date": day, "time_zone": NEW_YORK}
    return attach(table, raw, report, **attrs)


def read_wrds_quotes(
    path: str | os.PathLike,
    symbol: str | None = None,
    *,
    date: str | None = None,
    round_lot: int = 100,
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    """Read a CSV export of a WRDS quote table (``cqm``) or NBBO table (``complete_nbbo, nbbom``).

    Parameters
    ----------
    path, symbol, date, max_bytes
        As in :func:`read_wrds_trades`.
    round_lot : int
        Shares per unit of size where the table counts in round lots (not ``complete_nbbo``).

    Returns
    -------
    DataFrame
        As :func:`lobsim.data.read_taq_quotes`; ``attrs["kind"]`` is "quotes" for cqm and "nbbo"
        for the NBBO tables, which add ``bid_exchange, ask_exchange`` ("" = unknown).

    Raises
    ------
    DataError
        Naming file, row and value.
    """
    head = Source(path, what="a WRDS quote table", max_bytes=max_bytes).head()
    names = {name.strip('" \r') for name in _first_line(head).lower().split(",")}
    is_nbbo = "best_bid" in names and "bid" not in names
    raw = read_table(path, WRDS_NBBO if is_nbbo else WRDS_QUOTES, max_bytes=max_bytes)
    day = _one_day(raw, symbol, date)
    _add_sequence(raw)
    extra: tuple[str, ...] = ()
    lot = round_lot
    if is_nbbo:
        lot = _nbbo_columns(raw, round_lot)
        extra = ("bid_exchange", "ask_exchange")
    table, report = finish_quotes(raw, lot, extra)
    attrs = {
        "format": "wrds_nbbo" if is_nbbo else "wrds_quotes",
        "kind": "nbbo" if is_nbbo else "quotes",
        "date": day,
        "time_zone": NEW_YORK,
    }
    return attach(table, raw, report, **attrs)


def _first_line(head: bytes) -> str:
    return head.split(b"\n", 1)[0].decode("ascii", "replace")


def _date(text: str) -> str | None:
    """One of the ways in which exports write a date, as YYYY-MM-DD; None when it is none."""
    months = "jan feb mar apr may jun jul aug sep oct nov dec".split()
    sas = re.fullmatch(r"(\d{2})([A-Za-z]{3})(\d{4})", text)
    if sas and sas[2].lower() in months:
        return date_text(f"{sas[3]}{months.index(sas[2].lower()) + 1:02}{sas[1]}")
    if re.fullmatch(r"\d{4}[-/]\d{2}[-/]\d{2}|\d{8}", text):
        return date_text(re.sub(r"\D", "", text))
    return None


def _one_day(raw: RawTable, symbol: str | None, date: str | None) -> str:
    """Check the dates, keep one day and one symbol, add the nanoseconds, join the suffix."""
    frame = raw.frame
    codes, texts = pd.factorize(frame["date"])
    days = [_date(text) for text in texts]
    readable = np.array([day is not None for day in days])
    bad_value(
        raw,
        readable[codes],
        lambda i: f"DATE is {frame['date'].iloc[i]!r}; allowed are YYYY-MM-DD and YYYYMMDD",
    )
    _add_nanoseconds(raw)
    frame["symbol"] = _full_symbol(frame)
    keep = np.ones(len(frame), dtype=bool)
    if date is not None:
        keep &= np.array([day == date for day in days])[codes]
    elif len(set(days)) > 1:
        raise DataError(
            raw.path,
            f"holds {len(set(days))} days ({', '.join(sorted(set(days))[:3])}, ...); "
            "choose one with date='YYYY-MM-DD'",
        )
    if symbol is not None:
        keep &= (frame["symbol"] == symbol).to_numpy()
    if not keep.any():
        seen = ", ".join(str(name) for name in pd.unique(frame["symbol"])[:4])
        raise DataError(
            raw.path,
            f"holds no row of symbol {symbol or 'any'!r} on {date or 'any day'}; it holds the "
            f"symbols {seen} on {', '.join(sorted(set(days))[:3])}",
        )
    if not keep.all():
        raw.frame = frame[keep].reset_index(drop=True)
        raw.row_numbers = raw.row_numbers[keep]
    return date if date is not None else days[0]


def _full_symbol(frame: pd.DataFrame) -> pd.Series:
    if "suffix" not in frame or (frame["suffix"] == "").all():
        return frame["symbol"]
    joined = frame["symbol"] + " " + frame["suffix"]
    return joined.where(frame["suffix"] != "", frame["symbol"])


def _add_nanoseconds(raw: RawTable) -> None:
    """TIME_M_NANO continues a TIME_M of microseconds; exports with 9 decimals hold it already."""
    frame = raw.frame
    if "nano" not in frame:
        return
    nano = frame["nano"].to_numpy()
    bad_value(raw, nano < 1000, lambda i: f"TIME_M_NANO is {nano[i]}; allowed are 0 to 999")
    held = frame["time_ns"].to_numpy() % 1000
    if not held.any():
        frame["time_ns"] += np.maximum(nano, 0)
        return
    bad_value(
        raw,
        (nano < 0) | (nano == held),
        lambda i: f"TIME_M_NANO is {nano[i]} but TIME_M ends with {held[i]} ns",
    )


def _add_sequence(raw: RawTable) -> None:
    if "sequence" not in raw.frame:
        raw.frame["sequence"] = np.arange(1, len(raw.frame) + 1)


def _nbbo_columns(raw: RawTable, round_lot: int) -> int:
    """Fill what the two NBBO tables name differently; return the shares per unit of size."""
    frame = raw.frame
    in_lots = "bid_lots" in frame and "bid_size" not in frame
    for side in ("bid", "ask"):
        if in_lots:
            frame[f"{side}_size"] = frame.get(f"{side}_lots")
        if frame.get(f"{side}_size") is None:
            name = f"BEST_{side.upper()}SIZ"
            raise DataError(raw.path, f"names neither {name} nor {name}ESHARES", row=1)
        if f"{side}_exchange" not in frame:
            frame[f"{side}_exchange"] = ""
    if "nbbo_condition" in frame:
        frame["condition"] = frame["nbbo_condition"]
    for name in ("exchange", "condition"):
        if name not in frame:
            frame[name] = ""
    return round_lot if in_lots else 1
