"""Writer of QuantConnect LEAN zips with LEAN's own paths and inner names."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.data.clock import NS_PER_DAY, date_text, format_decimal
from lobsim.data.conditions import LEAN_QUOTE_FLAGS, conditions_to_flags
from lobsim.data.lean_layout import BAR_NS, EQUITY_SCALE, TIME_ZONE, LeanName
from lobsim.data.textout import (
    checked_texts,
    join_columns,
    need,
    number_texts,
    whole_texts,
    write_zip,
)

__all__ = ["write_lean"]

_TRADE_BAR = ("open", "high", "low", "close", "volume")
_QUOTE_BAR = tuple(
    f"{side}_{name}" for side in ("bid", "ask") for name in ("open", "high", "low", "close", "size")
)


def write_lean(
    table: pd.DataFrame,
    folder: str | os.PathLike,
    *,
    security_type: str | None = None,
    market: str | None = None,
    symbol: str | None = None,
    date: str | None = None,
    resolution: str | None = None,
) -> Path:
    """Write trades, quotes or bars as a LEAN data zip.

    Parameters
    ----------
    table : DataFrame
        Ticks: a trades table (``time_ns, price, size``; for equities ``exchange``) or a quotes
        table of one market state (``time_ns, bid, bid_size, ask, ask_size``; for equities
        ``exchange`` or ``bid_exchange, ask_exchange``). Bars: as :func:`read_lean` returns.
    folder : str or path
        LEAN's data folder; the zip goes to ``<security type>/<market>/<resolution>/...`` in it.
    security_type : {"equity", "crypto"}, optional
    market : str, optional
        ``"usa"``, ``"coinbase"``, ...
    symbol, date : str, optional
        `date` as ``YYYY-MM-DD``; not needed for hour and daily bars.
    resolution : {"tick", "second", "minute", "hour", "daily"}, optional
        What is not given comes from ``table.attrs``, else equity, usa, and tick (or the
        resolution that ``attrs["bar_ns"]`` says).

    Returns
    -------
    Path
        Of the zip. The same table gives the same bytes.

    Raises
    ------
    ValueError
        When something is not known or does not fit the format.

    Notes
    -----
    Equity quote ticks are written as LEAN has them: a bid row with ask 0,0 and then an ask row
    with bid 0,0, or only the rows that the column ``sides`` names. A table that came from
    :func:`read_lean` gives the same CSV, byte for byte. Equity prices are rounded to 1/10000.
    """
    known = {**table.attrs}
    given = {"security_type": security_type, "market": market, "symbol": symbol, "date": date}
    known |= {key: value for key, value in given.items() if value is not None}
    name = _name(table, known, resolution)
    if name.is_bars:
        columns = _bar_columns(table, name)
    elif name.tick_type == "trade":
        columns = _trade_columns(table, name)
    else:
        columns = _quote_columns(table, name)
    return write_zip(Path(folder) / name.path, name.member, join_columns(columns, ","))


def _name(table: pd.DataFrame, known: dict, resolution: str | None) -> LeanName:
    kinds = {"price": "trade", "bid": "quote", "open": "trade", "bid_open": "quote"}
    tick_type = next((kind for column, kind in kinds.items() if column in table), None)
    if tick_type is None:
        raise ValueError(f"the table has neither trades, quotes nor bars; it has {list(table)}")
    security_type = known.get("security_type") or "equity"
    if security_type not in TIME_ZONE:
        allowed = ", ".join(TIME_ZONE)
        raise ValueError(f"security_type is {security_type!r}; allowed are {allowed}")
    is_bars = "open" in table or "bid_open" in table
    if resolution is None and is_bars:
        by_length = {length: word for word, length in BAR_NS.items()}
        resolution = known.get("resolution") or by_length.get(known.get("bar_ns"))
    resolution = resolution or "tick"
    if is_bars != (resolution in BAR_NS):
        kind = "bars" if is_bars else "ticks"
        raise ValueError(f"resolution is {resolution!r} but the table holds {kind}")
    symbol = known.get("symbol")
    if not symbol:
        raise ValueError("symbol is not known; give symbol='SPY'")
    digits = None
    if resolution not in ("hour", "daily"):
        digits = str(known.get("date")).replace("-", "")
        if len(digits) != 8 or date_text(digits) is None:
            raise ValueError(f"date is {known.get('date')!r}; give it as date='YYYY-MM-DD'")
    market = known.get("market") or "usa"
    return LeanName(security_type, market, resolution, symbol.lower(), tick_type, digits)


def _times(table: pd.DataFrame, name: LeanName) -> list[str]:
    need(table, ("time_ns",), "a LEAN file")
    time = table["time_ns"].to_numpy()
    if time.min() < 0 or time.max() >= NS_PER_DAY:
        raise ValueError(
            f"time_ns runs from {time.min()} to {time.max()}; allowed are times within a day"
        )
    if not name.spans_days:
        if (np.diff(time) < 0).any():
            raise ValueError("time_ns decreases; a LEAN file is in order of time")
        return format_decimal(time, 6)
    need(table, ("date",), "a LEAN hour or daily file")
    minutes = time // (60 * 10**9)
    days = table["date"].str.replace("-", "").tolist()
    return [
        f"{day} {minute // 60:02}:{minute % 60:02}"
        for day, minute in zip(days, minutes.tolist(), strict=True)
    ]


def _prices(values: pd.Series, name: LeanName, empty: str = "") -> list[str]:
    if name.security_type != "equity":
        return number_texts(values, empty=empty)
    scaled = np.rint(values.to_numpy() * EQUITY_SCALE)
    return number_texts(scaled, empty=empty)


def _exchange(table: pd.DataFrame, *choices: str) -> list[str]:
    for column in choices:
        if column in table:
            return checked_texts(table[column], column, ",")
    return [""] * len(table)


def _bar_columns(table: pd.DataFrame, name: LeanName) -> list[list[str]]:
    columns = _TRADE_BAR if name.tick_type == "trade" else _QUOTE_BAR
    need(table, columns, "a LEAN bar file")
    texts = [_times(table, name)]
    for column in columns:
        if column.endswith(("size", "volume")):
            texts.append(number_texts(table[column]))
        else:
            texts.append(_prices(table[column], name))
    return texts


def _trade_columns(table: pd.DataFrame, name: LeanName) -> list[list[str]]:
    need(table, ("price", "size"), "a LEAN trade file")
    columns = [_times(table, name), _prices(table["price"], name), number_texts(table["size"])]
    if name.security_type == "equity":
        columns += [
            _exchange(table, "exchange"),
            _hex_texts(_sale_flags(table)),
            _suspicious(table, "suspicious"),
        ]
    return columns


def _sale_flags(table: pd.DataFrame) -> np.ndarray:
    if "condition_flags" in table:
        return table["condition_flags"].to_numpy()
    if "condition" in table:
        return conditions_to_flags(table["condition"])
    return np.ones(len(table), dtype=np.int64)


def _suspicious(table: pd.DataFrame, *choices: str) -> list[str]:
    for column in choices:
        if column in table:
            return whole_texts(table[column].astype(np.int64))
    return ["0"] * len(table)


def _hex_texts(flags: np.ndarray) -> list[str]:
    codes, masks = pd.factorize(flags)
    texts = np.array([f"{int(mask):X}" for mask in masks], dtype=object)
    return texts[codes].tolist()


def _quote_columns(table: pd.DataFrame, name: LeanName) -> list[list[str]]:
    need(table, ("bid", "bid_size", "ask", "ask_size"), "a LEAN quote file")
    halves = {}
    for side in ("bid", "ask"):
        present = table[side].notna()
        price = _prices(table[side], name, empty="0")
        size = number_texts(table[f"{side}_size"].where(present, 0))
        halves[side] = (price, size)
    times = _times(table, name)
    if name.security_type != "equity":
        return [times, *halves["bid"], *halves["ask"]]
    return _one_sided_rows(table, times, halves)


def _one_sided_rows(table: pd.DataFrame, times: list[str], halves: dict) -> list[list[str]]:
    """Each update as its bid row and its ask row."""
    count = len(table)
    zero = ["0"] * count
    sides = table["sides"].to_numpy() if "sides" in table else np.full(count, 3)
    if not np.isin(sides, (1, 2, 3)).all():
        raise ValueError("sides may only be 1 (bid), 2 (ask) and 3 (both)")
    flags = _quote_flags(table)
    rows = {}
    for side in ("bid", "ask"):
        prices = (*halves["bid"], zero, zero) if side == "bid" else (zero, zero, *halves["ask"])
        rows[side] = [
            times,
            *prices,
            _exchange(table, f"{side}_exchange", "exchange"),
            _hex_texts(flags[side]),
            _suspicious(table, f"{side}_suspicious", "suspicious"),
        ]
    # Row 2k is the bid half and row 2k + 1 the ask half of update k.
    written = np.column_stack((sides & 1 > 0, sides & 2 > 0)).ravel()
    columns = []
    for bid_texts, ask_texts in zip(rows["bid"], rows["ask"], strict=True):
        both = np.empty(2 * count, dtype=object)
        both[0::2], both[1::2] = bid_texts, ask_texts
        columns.append(both[written].tolist())
    return columns


def _quote_flags(table: pd.DataFrame) -> dict[str, np.ndarray]:
    if "bid_flags" in table:
        return {side: table[f"{side}_flags"].to_numpy() for side in ("bid", "ask")}
    flags = np.ones(len(table), dtype=np.int64)
    if "condition" in table:
        by_letter = {letter: bit for bit, letter, _ in LEAN_QUOTE_FLAGS}
        codes, letters = pd.factorize(table["condition"])
        flags = np.array([by_letter.get(text.strip(), 1) for text in letters])[codes]
    return {"bid": flags, "ask": flags}
