"""From raw rows to the tables that all readers share: trades and quotes, checked and counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lobsim.data.conditions import normalise_conditions
from lobsim.data.table import RawTable, bad_value, check_time_order

__all__ = ["TRADE_COLUMNS", "QUOTE_COLUMNS", "finish_trades", "finish_quotes", "attach"]

TRADE_COLUMNS = (
    "time_ns", "exchange", "symbol", "price", "size", "condition", "correction", "sequence",
)  # fmt: skip
QUOTE_COLUMNS = (
    "time_ns", "exchange", "symbol", "bid", "bid_size", "ask", "ask_size", "condition", "sequence",
)  # fmt: skip


def attach(table: pd.DataFrame, raw: RawTable, report: dict, **attrs) -> pd.DataFrame:
    """Hang what is known about a table on it.

    Parameters
    ----------
    table : DataFrame
    raw : RawTable
        Gives source and row counts.
    report : dict of str to int
        Counts of corrected or dropped rows.
    **attrs
        ``format, kind, date, time_zone, symbol`` and what else the format knows.
    """
    symbols = pd.unique(table["symbol"]) if "symbol" in table and len(table) else []
    attrs.setdefault("symbol", str(symbols[0]) if len(symbols) == 1 else None)
    counts = {"rows_in_file": raw.rows_in_file, "rows_returned": len(table)}
    table.attrs = {"source": raw.path, **attrs, "report": {**counts, **report}}
    return table


def _check_exchange(raw: RawTable) -> None:
    exchange = raw.frame["exchange"]
    if (exchange == "").all():
        return  # WRDS NBBO tables may not name it
    good = exchange.isin(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")).to_numpy()
    bad_value(
        raw, good, lambda i: f"exchange is {exchange.iloc[i]!r}; allowed is one letter from A to Z"
    )


def finish_trades(raw: RawTable, extra: tuple[str, ...] = ()) -> tuple[pd.DataFrame, dict]:
    """Check trades and bring them to the common columns.

    Returns
    -------
    DataFrame
        `TRADE_COLUMNS` and `extra`, one row per row of the file.
    dict
        Counts: ``zero_price, zero_size, unknown_condition, corrected`` (rows kept as they are).
    """
    frame = raw.frame
    _check_exchange(raw)
    check_time_order(raw)
    correction = frame["correction"]
    digits = correction.str.fullmatch(r"\d{1,2}").to_numpy(dtype=bool)
    bad_value(
        raw,
        digits,
        lambda i: f"trade correction indicator is {correction.iloc[i]!r}; allowed are 00 to 99",
    )
    frame["correction"] = correction.where(correction.str.len() == 2, "0" + correction)
    frame["condition"], unknown = normalise_conditions(frame["condition"])
    report = {
        "zero_price": int((frame["price"] == 0).sum()),
        "zero_size": int((frame["size"] == 0).sum()),
        "unknown_condition": unknown,
        "corrected": int((frame["correction"] != "00").sum()),
    }
    return frame[[*TRADE_COLUMNS, *extra]], report


def finish_quotes(
    raw: RawTable, lot: int, extra: tuple[str, ...] = ()
) -> tuple[pd.DataFrame, dict]:
    """Check quotes and bring them to the common columns.

    Parameters
    ----------
    raw : RawTable
    lot : int
        Shares per unit of size in the file (100 for round lots).
    extra : tuple of str
        Further columns to keep.

    Returns
    -------
    DataFrame
        `QUOTE_COLUMNS` and `extra`; a side with price 0 becomes NaN with size 0.
    dict
        Counts: ``no_bid, no_ask`` (corrected to NaN), ``no_bid_size, no_ask_size`` (price
        without size), ``crossed, locked`` (kept as they are).
    """
    frame = raw.frame
    _check_exchange(raw)
    check_time_order(raw)
    report = {}
    for side in ("bid", "ask"):
        price = frame[side].to_numpy()
        size = np.maximum(frame[f"{side}_size"].to_numpy(), 0)
        empty = ~(price > 0)
        report[f"no_{side}"] = int(empty.sum())
        report[f"no_{side}_size"] = int((~empty & (size == 0)).sum())
        frame[side] = np.where(empty, np.nan, price)
        frame[f"{side}_size"] = np.where(empty, 0, size * lot)
    report["crossed"] = int((frame["bid"] > frame["ask"]).sum())
    report["locked"] = int((frame["bid"] == frame["ask"]).sum())
    return frame[[*QUOTE_COLUMNS, *extra]], report
