"""Writers of Daily TAQ files: trades, quotes and NBBO with header and trailer."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.data.clock import NS_PER_DAY, date_text, format_compact_time
from lobsim.data.textout import (
    checked_texts,
    join_columns,
    need,
    number_texts,
    whole_texts,
    write_text,
)

__all__ = ["write_taq_trades", "write_taq_quotes", "write_taq_nbbo"]


def write_taq_trades(
    trades: pd.DataFrame, path: str | os.PathLike, *, date: str | None = None
) -> Path:
    """Write a Daily TAQ trade file.

    Parameters
    ----------
    trades : DataFrame
        Table of :func:`lobsim.data.read_taq_trades`; ``condition, correction, sequence`` and the
        extra columns may be missing (then blank, "00", 1, 2, ...).
    path : str or path
        A folder (the official name ``EQY_US_ALL_TRADE_YYYYMMDD.gz`` is used) or a file name;
        packed when it ends in ``.gz``.
    date : str, optional
        ``YYYY-MM-DD``; taken from ``trades.attrs["date"]`` if not given.

    Returns
    -------
    Path
        The file written. The same table gives the same bytes.

    Raises
    ------
    ValueError
        When columns are missing or values cannot stand in such a file.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> day = pd.DataFrame({"time_ns": [34_200_000_000_001], "exchange": ["N"],
    ...     "symbol": ["A"], "price": [45.88], "size": [300]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_taq_trades(day, folder, date="2016-10-24").name
    'EQY_US_ALL_TRADE_20161024.gz'
    """
    need(trades, ("time_ns", "exchange", "symbol", "price", "size"), "a TAQ trade file")
    table, day = _prepare(trades, date)
    _need_at_least_zero(table, ("price", "size"))
    times = format_compact_time(table["time_ns"])
    texts = _Texts(table)
    sweeps = ["1" if "F" in text else "0" for text in texts.column("condition")]
    columns = [
        times,
        texts.column("exchange"),
        texts.column("symbol"),
        [text.ljust(4) for text in texts.column("condition", "@   ")],
        whole_texts(table["size"]),
        number_texts(table["price"]),
        texts.constant("N"),
        texts.column("correction", "00"),
        texts.sequence(),
        texts.column("trade_id"),
        texts.column("source", "C"),
        texts.column("reporting_facility"),
        texts.time("participant_time_ns", times),
        texts.time("facility_time_ns", None),
        texts.column("trade_through_exempt", sweeps),
    ]
    header = (
        "Time|Exchange|Symbol|Sale Condition|Trade Volume|Trade Price|Trade Stop Stock Indicator|"
        "Trade Correction Indicator|Sequence Number|Trade Id|Source of Trade|"
        "Trade Reporting Facility|Participant Timestamp|Trade Reporting Facility TRF Timestamp|"
        "Trade Through Exempt Indicator"
    )
    return _write(path, f"EQY_US_ALL_TRADE_{day}.gz", header, columns, day)


def write_taq_quotes(
    quotes: pd.DataFrame,
    path: str | os.PathLike,
    *,
    date: str | None = None,
    columns: int = 23,
    round_lot: int = 100,
    odd_lots: str = "error",
) -> Path:
    """Write a Daily TAQ quote file (best quotes of each exchange).

    Parameters
    ----------
    quotes : DataFrame
        Table of :func:`lobsim.data.read_taq_quotes`; ``condition, sequence,
        participant_time_ns`` may be missing (then "R", 1, 2, ..., the SIP time). NaN prices
        are written as 0 with size 0.
    path, date
        As in :func:`write_taq_trades`; the official name is
        ``SPLITS_US_ALL_BBO_<first letter of the symbol>_YYYYMMDD.gz``.
    columns : {22, 23}
        22 up to version 2.2 of the specification.
    round_lot : int
        Shares per unit of size in the file.
    odd_lots : {"error", "floor"}
        What to do with sizes that are not whole round lots. Exchanges publish the floor.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        As :func:`write_taq_trades`.
    """
    if columns not in (22, 23):
        raise ValueError(f"columns is {columns}; allowed are 22 and 23")
    need(quotes, _QUOTED, "a TAQ quote file")
    table, day = _prepare(quotes, date)
    texts = _Texts(table)
    times = format_compact_time(table["time_ns"])
    blank = texts.constant("")
    fields = [
        *_own_quote(table, texts, times, round_lot, odd_lots),
        texts.constant("O"),
        blank,
        blank,
        blank,
        texts.column("source", "C"),
        *(texts.constant("") for _ in range(5)),
        texts.time("participant_time_ns", times),
        blank,
        blank,
        blank,
    ][:columns]
    header = (
        f"{_OWN}|Retail_Interest_Indicator|Short_Sale_Restriction_Indicator|LULD_BBO_Indicator|"
        "SIP_Generated_Message_Identifier|National_BBO_LULD_Indicator|Participant_Timestamp|"
        "FINRA_ADF_Timestamp|FINRA_ADF_Market_Participant_Quote_Indicator|"
        "Security_Status_Indicator"
    )
    letters = "".join(sorted({str(name)[:1] for name in table["symbol"].unique()}))
    name = f"SPLITS_US_ALL_BBO_{letters}_{day}.gz"
    if Path(path).is_dir() and len(letters) != 1:
        raise ValueError(
            f"the symbols begin with {letters!r}; a TAQ quote file holds one first letter: "
            "write each letter for itself, or give a file name"
        )
    return _write(path, name, _cut_header(header, columns), fields, day)


def write_taq_nbbo(
    nbbo: pd.DataFrame,
    path: str | os.PathLike,
    *,
    date: str | None = None,
    columns: int = 30,
    round_lot: int = 100,
    odd_lots: str = "error",
) -> Path:
    """Write a Daily TAQ NBBO file.

    Parameters
    ----------
    nbbo : DataFrame
        Table of :func:`lobsim.data.read_taq_nbbo`, or of ``lobsim.analytics.nbbo`` with a column
        ``symbol``; ``exchange, bid_exchange, ask_exchange`` may be missing when one of them
        can stand for the others.
    path, date, round_lot, odd_lots
        As in :func:`write_taq_quotes`; the official name is ``EQY_US_ALL_NBBO_YYYYMMDD.gz``.
    columns : {28, 30}
        28 up to version 2.2 of the specification.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        As :func:`write_taq_trades`.
    """
    if columns not in (28, 30):
        raise ValueError(f"columns is {columns}; allowed are 28 and 30")
    if "exchange" not in nbbo and "bid_exchange" in nbbo:
        nbbo = nbbo.assign(
            exchange=nbbo["bid_exchange"].where(nbbo["bid_exchange"] != "", nbbo["ask_exchange"])
        )
    need(nbbo, _QUOTED, "a TAQ NBBO file")
    table, day = _prepare(nbbo, date)
    texts = _Texts(table)
    times = format_compact_time(table["time_ns"])
    own = _own_quote(table, texts, times, round_lot, odd_lots)
    blank = texts.constant("")
    condition, exchange = own[7], own[1]
    fields = [
        *own,
        texts.constant("G"),
        blank,
        blank,
        blank,
        texts.column("source", "C"),
        condition,
        texts.column("bid_exchange", exchange),
        own[3],
        own[4],
        blank,
        condition,
        texts.column("ask_exchange", exchange),
        own[5],
        own[6],
        *(texts.constant("") for _ in range(4)),
        texts.time("participant_time_ns", times),
        blank,
        blank,
    ][:columns]
    header = (
        f"{_OWN}|Best_Bid_Quote_Condition|Best_Bid_Exchange|Best_Bid_Price|Best_Bid_Size|"
        "Best_Bid_FINRA_Market_Maker_ID|Best_Offer_Quote_Condition|Best_Offer_Exchange|"
        "Best_Offer_Price|Best_Offer_Size|Best_Offer_FINRA_Market_Maker_ID|LULD_Indicator|"
        "LULD_NBBO_Indicator|SIP_Generated_Message_Identifier|Participant_Timestamp|"
        "FINRA_ADF_Timestamp|Security_Status_Indicator"
    )
    return _write(path, f"EQY_US_ALL_NBBO_{day}.gz", _cut_header(header, columns), fields, day)


_QUOTED = ("time_ns", "exchange", "symbol", "bid", "bid_size", "ask", "ask_size")
_OWN = (
    "Time|Exchange|Symbol|Bid_Price|Bid_Size|Offer_Price|Offer_Size|Quote_Condition|"
    "Sequence_Number|National_BBO_Ind|FINRA_BBO_Indicator|FINRA_ADF_MPID_Indicator|"
    "Quote_Cancel_Correction|Source_Of_Quote"
)


class _Texts:
    """Columns of a table as texts, with stand-ins for missing ones."""

    def __init__(self, table: pd.DataFrame):
        self.table = table
        self.count = len(table)

    def constant(self, text: str) -> list[str]:
        return [text] * self.count

    def column(self, name: str, default: str | list[str] = "") -> list[str]:
        if name in self.table:
            return checked_texts(self.table[name], name, "|")
        return self.constant(default) if isinstance(default, str) else default

    def sequence(self) -> list[str]:
        if "sequence" not in self.table:
            return whole_texts(np.arange(1, self.count + 1))
        return ["" if text == "-1" else text for text in whole_texts(self.table["sequence"])]

    def time(self, name: str, default: list[str] | None) -> list[str]:
        if name not in self.table:
            return self.constant("") if default is None else default
        time = self.table[name].to_numpy()
        texts = format_compact_time(np.maximum(time, 0))
        return [text if at >= 0 else "" for text, at in zip(texts, time.tolist(), strict=True)]


def _prepare(table: pd.DataFrame, date: str | None) -> tuple[pd.DataFrame, str]:
    """Sort as the exchange does (symbol, then time) and find the day."""
    day = date or table.attrs.get("date")
    digits = str(day).replace("-", "")
    if day is None or len(digits) != 8 or date_text(digits) is None:
        raise ValueError(f"date is {day!r}; give the day as date='YYYY-MM-DD'")
    time = table["time_ns"].to_numpy()
    if time.min() < 0 or time.max() >= NS_PER_DAY:
        raise ValueError(
            f"time_ns runs from {time.min()} to {time.max()}; allowed are times within a day"
        )
    return table.sort_values(["symbol", "time_ns"], kind="stable", ignore_index=True), digits


def _need_at_least_zero(table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    for name in columns:
        good = (table[name] >= 0).to_numpy()
        if not good.all():
            row = int(np.argmin(good))
            raise ValueError(
                f"{name} is {table[name].iloc[row]} in row {row}; allowed is at least 0"
            )


def _own_quote(
    table: pd.DataFrame, texts: _Texts, times: list[str], round_lot: int, odd_lots: str
) -> list[list[str]]:
    """The first nine columns of quote and NBBO files."""
    if odd_lots not in ("error", "floor"):
        raise ValueError(f"odd_lots is {odd_lots!r}; allowed are 'error' and 'floor'")
    sides = []
    for side in ("bid", "ask"):
        price = table[side].fillna(0.0)
        _need_at_least_zero(pd.DataFrame({side: price}), (side,))
        _need_at_least_zero(table, (f"{side}_size",))
        size = np.where(price > 0, table[f"{side}_size"], 0).astype(np.int64)
        odd = size % round_lot != 0
        if odd.any() and odd_lots == "error":
            row = int(np.argmax(odd))
            raise ValueError(
                f"{side}_size is {size[row]} in row {row}; TAQ quotes hold whole round lots of "
                f"{round_lot} shares (odd_lots='floor' rounds down)"
            )
        sides += [number_texts(price), whole_texts(size // round_lot)]
    return [
        times,
        texts.column("exchange"),
        texts.column("symbol"),
        *sides,
        texts.column("condition", "R"),
        texts.sequence(),
    ]


def _cut_header(header: str, columns: int) -> str:
    return "|".join(header.split("|")[:columns])


def _write(path, name: str, header: str, columns: list[list[str]], day: str) -> Path:
    """Header, rows, trailer."""
    target = Path(path)
    if target.is_dir():
        target = target / name
    rows = len(columns[0])
    trailer = f"END|{day}|{rows}".ljust(len(f"END|{day}|{rows}") + len(columns) - 3, "|")
    body = join_columns(columns, "|")
    return write_text(target, f"{header}\n{body}\n{trailer}\n")
