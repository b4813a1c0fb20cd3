"""Writer of LOBSTER days: the message file and the orderbook file."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.data.clock import NS_PER_DAY, format_decimal
from lobsim.data.lobster import NO_PRICE_E4, LobsterDay
from lobsim.data.textout import join_columns, need, whole_texts, write_text

__all__ = ["write_lobster"]

_COLUMNS = ("time_ns", "type", "order_id", "size", "direction")


def write_lobster(
    day: LobsterDay,
    folder: str | os.PathLike,
    *,
    symbol: str | None = None,
    date: str | None = None,
    start_ms: int = 34_200_000,
    end_ms: int = 57_600_000,
    gz: bool = False,
) -> tuple[Path, Path]:
    """Write a day as a LOBSTER message and orderbook file.

    Parameters
    ----------
    day : LobsterDay
        ``messages`` with ``price_e4`` or ``price``; ``book`` with NaN for missing levels.
    folder : str or path
        Made when missing.
    symbol, date : str, optional
        Taken from ``day.attrs`` if not given; `date` as ``YYYY-MM-DD``.
    start_ms, end_ms : int
        Period in the file names, ms after midnight (default 09:30 to 16:00).
    gz : bool
        Pack both files (``.csv.gz``).

    Returns
    -------
    message_path, orderbook_path : Path
        ``SYMBOL_DATE_START_END_message_LEVELS.csv`` and ``..._orderbook_...``.

    Raises
    ------
    ValueError
        When the day is not complete, the tables differ in rows or values do not fit.
    """
    need(day.messages, _COLUMNS, "a LOBSTER message file")
    need(day.book, ("ask_price_1", "ask_size_1", "bid_price_1", "bid_size_1"), "a LOBSTER book")
    if len(day.messages) != len(day.book):
        raise ValueError(
            f"messages have {len(day.messages)} rows and the book {len(day.book)}; "
            "row k of the book belongs to message k, so both must be equal"
        )
    symbol = symbol or day.attrs.get("symbol")
    date = date or day.attrs.get("date")
    if not symbol or not re.fullmatch(r"[A-Za-z0-9.\-]+", symbol):
        raise ValueError(f"symbol is {symbol!r}; allowed are letters, digits, '.' and '-'")
    if not date or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
        raise ValueError(f"date is {date!r}; give it as date='YYYY-MM-DD'")
    time = day.messages["time_ns"].to_numpy()
    if time.min() < 0 or time.max() >= NS_PER_DAY or (np.diff(time) < 0).any():
        raise ValueError("time_ns must lie within the day and not decrease")
    stem = f"{symbol}_{date}_{start_ms}_{end_ms}_{{}}_{day.levels}.csv" + (".gz" if gz else "")
    folder = Path(folder)
    message_path = write_text(folder / stem.format("message"), _message_text(day.messages))
    return message_path, write_text(folder / stem.format("orderbook"), _book_text(day))


def _message_text(messages: pd.DataFrame) -> str:
    columns = [
        format_decimal(messages["time_ns"].to_numpy(), 9),
        whole_texts(messages["type"]),
        whole_texts(messages["order_id"]),
        whole_texts(messages["size"]),
        whole_texts(_price_e4(messages)),
        whole_texts(messages["direction"]),
    ]
    return join_columns(columns, ",") + "\n"


def _price_e4(messages: pd.DataFrame) -> np.ndarray:
    if "price_e4" in messages:
        return messages["price_e4"].to_numpy()
    price = messages["price"].to_numpy()
    if np.isnan(price).any():
        raise ValueError("price is NaN; halt rows need the column price_e4 (-1, 0 or 1)")
    return _to_e4(price)


def _to_e4(price: np.ndarray) -> np.ndarray:
    whole = np.rint(price * 1e4)
    if (np.abs(price * 1e4 - whole) > 1e-3).any():
        raise ValueError("a price is not a whole number of 1/10000 dollars")
    return whole.astype(np.int64)


def _book_text(day: LobsterDay) -> str:
    columns = []
    for level in range(1, day.levels + 1):
        for side, dummy in (("ask", NO_PRICE_E4), ("bid", -NO_PRICE_E4)):
            price = day.book[f"{side}_price_{level}"].to_numpy()
            absent = np.isnan(price)
            e4 = np.where(absent, dummy, _to_e4(np.where(absent, 0.0, price)))
            columns.append(whole_texts(e4))
            size = np.where(absent, 0, day.book[f"{side}_size_{level}"].to_numpy())
            columns.append(whole_texts(size))
    return join_columns(columns, ",") + "\n"
