"""Reader of QuantConnect LEAN zips: equity and crypto, ticks and bars, trades and quotes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.data.clock import NS_PER_S, date_text
from lobsim.data.conditions import flags_to_conditions, quote_flags_to_conditions
from lobsim.data.errors import DataError
from lobsim.data.finish import QUOTE_COLUMNS, TRADE_COLUMNS, attach
from lobsim.data.lean_layout import (
    BAR_NS,
    EQUITY_SCALE,
    TIME_ZONE,
    LeanName,
    lean_layout,
    lean_name,
)
from lobsim.data.source import MAX_BYTES, Source
from lobsim.data.table import RawTable, bad_value, check_time_order, read_table

__all__ = ["read_lean", "bars_to_quotes"]

BID, ASK, BOTH = 1, 2, 3  # values of the column `sides`


def read_lean(
    path: str | os.PathLike,
    *,
    security_type: str | None = None,
    market: str | None = None,
    resolution: str | None = None,
    ticker: str | None = None,
    tick_type: str | None = None,
    date: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    """Read a LEAN data zip.

    Parameters
    ----------
    path : str or path
        ``.../equity/usa/tick/spy/20131008_trade.zip`` and the like; what the file holds is read
        from the path and the name of the CSV inside.
    security_type, market, resolution, ticker, tick_type, date : str, optional
        What a moved or renamed file does not say (`LeanName`).
    max_bytes : int
        Largest unpacked size.

    Returns
    -------
    DataFrame
        By resolution and tick type, with ``attrs["kind"]``:

        "trades" (tick, trade)
            ``time_ns, exchange, symbol, price, size, condition, correction, sequence``, then
            ``condition_flags`` (int64, LEAN's bit mask; `condition` says it in TAQ letters) and
            ``suspicious`` (int64, 0 or 1). `correction` is "00", `sequence` the row number.
        "nbbo" (tick, quote)
            ``time_ns, exchange, symbol, bid, bid_size, ask, ask_size, condition, sequence``, then
            ``bid_exchange, ask_exchange, bid_flags, ask_flags, bid_suspicious,
            ask_suspicious, sides``. Two one-sided rows of one time stamp (bid row, ask row) are
            one update and become one row: the state after the ask row. `sides` tells which
            were written: 1 bid, 2 ask (the other side lives on), 3 both.
        "bars"
            ``time_ns`` (start of the bar), ``open, high, low, close, volume`` or ``bid_open, ...,
            bid_close, bid_size, ask_open, ..., ask_size``; hour and daily bars begin with
            ``date`` (YYYY-MM-DD). ``attrs["bar_ns"]`` is the length of a bar.

        Times in New York (equity) or UTC (crypto). Prices in currency; sizes int64 shares for
        equities, float64 for crypto.

    Raises
    ------
    DataError
        Naming file, row and value.
    """
    said = {
        "security_type": security_type,
        "market": market,
        "resolution": resolution,
        "ticker": ticker and ticker.lower(),
        "tick_type": tick_type,
        "date": date and date.replace("-", ""),
    }
    source = Source(path, what="a LEAN data file", max_bytes=max_bytes)
    name = lean_name(Path(path), source.member or Path(path).name, **said)
    layout, counts = lean_layout(name)
    raw = read_table(path, layout, column_counts=counts, max_bytes=max_bytes)
    frame = raw.frame
    if name.spans_days:
        _split_date_and_time(raw)
    else:
        check_time_order(raw, "time", per_symbol=False)
    if name.security_type == "equity":
        _scale_equity(raw)
    if "suspicious" in frame:
        flag = frame["suspicious"].to_numpy()
        bad_value(raw, flag <= 1, lambda i: f"suspicious is {flag[i]}; allowed are 0 and 1")
    if name.is_bars:
        table, report = _finish_bars(raw, name)
    elif name.tick_type == "trade":
        table, report = _finish_trade_ticks(raw, name)
    else:
        table, report = _finish_quote_ticks(raw, name)
    kind = "bars" if name.is_bars else {"trade": "trades", "quote": "nbbo"}[name.tick_type]
    attrs = {
        "format": "lean",
        "kind": kind,
        "date": date_text(name.date) if name.date else None,
        "time_zone": TIME_ZONE[name.security_type],
        "symbol": name.ticker.upper(),
        "security_type": name.security_type,
        "market": name.market,
        "resolution": name.resolution,
        "tick_type": name.tick_type,
    }
    if name.is_bars:
        attrs["bar_ns"] = BAR_NS[name.resolution]
    return attach(table, raw, report, **attrs)


def _split_date_and_time(raw: RawTable) -> None:
    """YYYYMMDDHHMM -> date and time of day."""
    stamp = raw.frame.pop("minute_of").to_numpy()
    days, minutes = np.divmod(stamp, 10_000)
    codes, numbers = pd.factorize(days)
    texts = [date_text(str(number)) for number in numbers]
    real = np.array([text is not None for text in texts])
    bad_value(raw, real[codes], lambda i: f"{days[i]} is not a date; allowed is YYYYMMDD")
    good = np.ones(len(stamp), dtype=bool)
    good[1:] = stamp[1:] > stamp[:-1]
    bad_value(
        raw,
        good,
        lambda i: f"time {stamp[i]} follows {stamp[i - 1]}; rows must be in order of time",
    )
    raw.frame.insert(0, "date", pd.Series(np.array(texts, dtype=object)[codes], dtype=str))
    raw.frame.insert(1, "time_ns", (minutes // 100 * 60 + minutes % 100) * 60 * NS_PER_S)


def _scale_equity(raw: RawTable) -> None:
    """Prices to dollars; a size that is missing is 0."""
    frame = raw.frame
    for column in frame.columns:
        if column.endswith("size"):
            frame[column] = np.maximum(frame[column].to_numpy(), 0)
        elif frame[column].dtype == np.float64:
            frame[column] = frame[column] / EQUITY_SCALE


def _finish_bars(raw: RawTable, name: LeanName) -> tuple[pd.DataFrame, dict]:
    """Highs must not be below lows; sides without a quote are NaN with size 0."""
    frame = raw.frame
    report = {}
    for prefix in ("",) if name.tick_type == "trade" else ("bid_", "ask_"):
        low, high = frame[f"{prefix}low"].to_numpy(), frame[f"{prefix}high"].to_numpy()
        bad_value(
            raw,
            ~(low > high),
            lambda i, p=prefix, low=low, high=high: (
                f"{p}low is {low[i]}, above {p}high {high[i]}"
            ),
        )
        if prefix:
            report[f"no_{prefix[:3]}"] = int(frame[f"{prefix}close"].isna().sum())
            frame[f"{prefix}size"] = frame[f"{prefix}size"].fillna(0)
    return frame, report


def _finish_trade_ticks(raw: RawTable, name: LeanName) -> tuple[pd.DataFrame, dict]:
    frame = raw.frame
    _add_common(frame, name)
    frame["correction"] = "00"
    frame["condition"] = flags_to_conditions(frame["condition_flags"].to_numpy())
    report = {
        "suspicious": int(frame["suspicious"].sum()),
        "zero_price": int((frame["price"] == 0).sum()),
        "zero_size": int((frame["size"] == 0).sum()),
    }
    return frame[[*TRADE_COLUMNS, "condition_flags", "suspicious"]], report


def _add_common(frame: pd.DataFrame, name: LeanName) -> None:
    """Columns that the file does not hold."""
    frame["symbol"] = name.ticker.upper()
    frame["sequence"] = np.arange(1, len(frame) + 1)
    defaults = (("exchange", ""), ("condition_flags", 1), ("suspicious", 0))
    for column, default in defaults:
        if column not in frame:
            frame[column] = default


def _pairs(time: np.ndarray, has_bid: np.ndarray, has_ask: np.ndarray) -> np.ndarray:
    """True where a row is the bid half of an update whose ask half is the next row.

    A row with neither side is the half that says "no quote"; in a run of such rows the first
    two are one update, the next two the next.
    """
    count = len(time)
    pair = np.zeros(count, dtype=bool)
    pair[:-1] = ~has_ask[:-1] & ~has_bid[1:] & (time[1:] == time[:-1])
    start = pair.copy()
    start[1:] &= ~pair[:-1]
    place = np.arange(count)
    begin = np.maximum.accumulate(np.where(start, place, 0))
    return pair & ((place - begin) % 2 == 0)


def _finish_quote_ticks(raw: RawTable, name: LeanName) -> tuple[pd.DataFrame, dict]:
    """Combine one-sided rows; the side that a lone row does not mention lives on."""
    frame = raw.frame
    _add_common(frame, name)
    has_bid, has_ask = (frame["bid"] > 0).to_numpy(), (frame["ask"] > 0).to_numpy()
    first = _pairs(frame["time_ns"].to_numpy(), has_bid, has_ask)
    second = np.zeros(len(first), dtype=bool)
    second[1:] = first[:-1]
    empty = ~first & ~second & ~has_bid & ~has_ask
    last = np.flatnonzero(~first)  # row after which the state of an update holds
    paired = second[last]
    bid_row = np.where(paired, last - 1, last)
    sets_bid = paired | has_bid[last] | empty[last]
    sets_ask = paired | has_ask[last] | empty[last]
    columns = {"time_ns": frame["time_ns"].to_numpy()[last]}
    for side, rows, sets in (("bid", bid_row, sets_bid), ("ask", last, sets_ask)):
        # Row whose values are in force: this update's, or the last one that set the side.
        source = np.maximum.accumulate(np.where(sets, np.arange(len(last)), -1))
        origin = np.where(source >= 0, rows[source], -1)
        price = np.where(origin >= 0, frame[side].to_numpy()[origin], 0.0)
        size = np.where(origin >= 0, frame[f"{side}_size"].to_numpy()[origin], 0)
        columns[side] = np.where(price > 0, price, np.nan)
        columns[f"{side}_size"] = np.where(price > 0, size, 0)
        letters = frame["exchange"].to_numpy(dtype=object)[origin]
        columns[f"{side}_exchange"] = pd.Series(np.where(origin >= 0, letters, ""), dtype=str)
        for new, old in (("flags", "condition_flags"), ("suspicious", "suspicious")):
            columns[f"{side}_{new}"] = np.where(sets, frame[old].to_numpy()[rows], 0)
    columns["sides"] = np.where(sets_bid, BID, 0) + np.where(sets_ask, ASK, 0)
    columns["exchange"] = frame["exchange"].to_numpy()[last]
    columns["symbol"] = frame["symbol"].to_numpy()[last]
    columns["sequence"] = raw.row_numbers[last]
    flags = columns["bid_flags"] | columns["ask_flags"]
    columns["condition"] = quote_flags_to_conditions(flags)
    table = pd.DataFrame(columns)
    report = {
        "pairs": int(paired.sum()),
        "lone_bids": int((~paired & has_bid[last] & ~has_ask[last]).sum()),
        "lone_asks": int((~paired & has_ask[last] & ~has_bid[last]).sum()),
        "empty_rows": int(empty.sum()),
        "no_bid": int(table["bid"].isna().sum()),
        "no_ask": int(table["ask"].isna().sum()),
        "crossed": int((table["bid"] > table["ask"]).sum()),
        "locked": int((table["bid"] == table["ask"]).sum()),
        "suspicious": int((table["bid_suspicious"] | table["ask_suspicious"]).sum()),
    }
    extra = [f"{s}_{c}" for c in ("exchange", "flags", "suspicious") for s in ("bid", "ask")]
    return table[[*QUOTE_COLUMNS, *extra, "sides"]], report


def bars_to_quotes(bars: pd.DataFrame) -> pd.DataFrame:
    """Quotes known from quote bars: the closing quote of each bar, stamped with the bar's end.

    Parameters
    ----------
    bars : DataFrame
        Quote bars of :func:`read_lean` within one day.

    Returns
    -------
    DataFrame
        Columns of a quote table; ``attrs["kind"]`` is "nbbo". The quote is stamped at the end
        because a bar's close is not known before; within the bar it may have changed often.

    Raises
    ------
    DataError
        When the table does not hold quote bars of one day.
    """
    attrs = bars.attrs
    if "bid_close" not in bars or "date" in bars:
        raise DataError(
            attrs.get("source", "table"), "holds no quote bars of one day (tick, second or minute)"
        )
    table = pd.DataFrame(
        {
            "time_ns": bars["time_ns"] + attrs["bar_ns"],
            "exchange": "",
            "symbol": attrs["symbol"],
            "bid": bars["bid_close"],
            "bid_size": bars["bid_size"],
            "ask": bars["ask_close"],
            "ask_size": bars["ask_size"],
            "condition": "R",
            "sequence": np.arange(1, len(bars) + 1),
        }
    )
    table.attrs = {**attrs, "kind": "nbbo"}
    return table
