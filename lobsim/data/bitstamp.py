"""Order events of a BTC/USD exchange in the Bitstamp CSV layouts, read; that of 2026, written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.data.clock import NS_PER_DAY
from lobsim.data.fields import Field, Layout
from lobsim.data.source import MAX_BYTES, Source
from lobsim.data.table import bad_value, read_table
from lobsim.data.textout import join_columns, need, number_texts, whole_texts, write_text

__all__ = ["read_bitstamp", "write_bitstamp", "BITSTAMP_EVENTS", "ACTIONS"]

ACTIONS = ("created", "changed", "deleted")
_NS_PER_MS = 1_000_000
_SATOSHI = 100_000_000  # to a bitcoin

BITSTAMP_EVENTS = Layout(
    "a Bitstamp order event file",
    ",",
    (
        Field("id", "order_id", "integer"),
        Field("timestamp", "time_ms", "integer", "ms since 1970, UTC, when received", least=0),
        Field("exchange_timestamp", "exchange_time_ms", "integer", "ms since 1970, UTC", least=0),
        Field("price", "price", "decimal", "dollars", least=0),
        Field("volume", "remaining", "decimal", "bitcoin that remain in the order", least=0),
        Field("action", "action", "text", meaning="created, changed, deleted"),
        Field("direction", "side", "text", meaning="bid, ask"),
    ),
    header=True,
    source="ob-analytics 0.1.0, description of its sample data",
)


def read_bitstamp(path: str | os.PathLike, *, max_bytes: int = MAX_BYTES) -> pd.DataFrame:
    """Read order events.

    Parameters
    ----------
    path : str or path
        CSV with the header ``id,timestamp,exchange_timestamp,price,volume,action,direction``,
        plain or packed. A header with ``exchange.timestamp`` is the layout of 2015, whose volumes
        are satoshi (1e-8 bitcoin).
    max_bytes : int
        Largest unpacked size.

    Returns
    -------
    DataFrame
        ``time_ns`` int64 (received; ns since UTC midnight of ``attrs["date"]``, the first row's
        day), ``exchange_time_ns`` int64 (the exchange's clock, same origin, may be negative),
        ``order_id`` int64, ``price`` float64, ``remaining`` float64 (bitcoin left in the order
        AFTER the event, so a fill is the fall of `remaining`), ``action`` str (created, changed,
        deleted), ``side`` int64 (1 bid, -1 ask). A delete with remaining 0 was filled, others
        were cancelled. ``attrs["report"]`` counts ``out_of_order`` rows (the feed's order within a
        millisecond is not sure), which are kept where they are.

    Raises
    ------
    DataError
        Naming file, row and value.
    """
    head = Source(path, what=BITSTAMP_EVENTS.what, max_bytes=max_bytes).head()
    raw = read_table(path, BITSTAMP_EVENTS, max_bytes=max_bytes)
    frame = raw.frame
    action, side = frame["action"], frame["side"]
    bad_value(
        raw,
        action.isin(ACTIONS).to_numpy(),
        lambda i: f"action is {action.iloc[i]!r}; allowed are {', '.join(ACTIONS)}",
    )
    bad_value(
        raw,
        side.isin(["bid", "ask"]).to_numpy(),
        lambda i: f"direction is {side.iloc[i]!r}; allowed are bid and ask",
    )
    time = frame["time_ms"].to_numpy()
    plausible = (time > 10**11) & (time < 10**13)
    bad_value(
        raw,
        plausible,
        lambda i: f"timestamp is {time[i]}; allowed are milliseconds since 1970 (13 digits)",
    )
    day = int(time[0]) * _NS_PER_MS // NS_PER_DAY
    origin = day * NS_PER_DAY
    remaining = frame["remaining"].to_numpy()
    if b"exchange.timestamp" in head.split(b"\n", 1)[0]:
        remaining = remaining / _SATOSHI
    table = pd.DataFrame(
        {
            "time_ns": time * _NS_PER_MS - origin,
            "exchange_time_ns": frame["exchange_time_ms"].to_numpy() * _NS_PER_MS - origin,
            "order_id": frame["order_id"],
            "price": frame["price"],
            "remaining": remaining,
            "action": action,
            "side": np.where(side == "bid", 1, -1),
        }
    )
    table.attrs = {
        "source": raw.path,
        "format": "bitstamp",
        "kind": "order events",
        "date": str(np.datetime64(day, "D")),
        "time_zone": "UTC",
        "symbol": "BTCUSD",
        "report": {
            "rows_in_file": raw.rows_in_file,
            "rows_returned": len(table),
            "out_of_order": int((np.diff(time) < 0).sum()),
        },
    }
    return table


def write_bitstamp(
    events: pd.DataFrame, path: str | os.PathLike, *, date: str | None = None
) -> Path:
    """Write order events in the layout that :func:`read_bitstamp` reads.

    Parameters
    ----------
    events : DataFrame
        Table of :func:`read_bitstamp`; ``exchange_time_ns`` may be missing (then `time_ns`).
    path : str or path
        File; packed when the name ends in ``.gz``.
    date : str, optional
        Day of time 0, ``YYYY-MM-DD``; from ``events.attrs["date"]`` if not given.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        When columns are missing or values cannot stand in such a file. Times are written in
        whole milliseconds, rounded down.
    """
    columns = ("time_ns", "order_id", "price", "remaining", "action", "side")
    need(events, columns, "a Bitstamp event file")
    day = date or events.attrs.get("date")
    if day is None:
        raise ValueError("date is not known; give it as date='YYYY-MM-DD'")
    if not events["action"].isin(ACTIONS).all():
        raise ValueError(f"action may only be {', '.join(ACTIONS)}")
    if not events["side"].isin([1, -1]).all():
        raise ValueError("side may only be 1 (bid) and -1 (ask)")
    origin_ms = int(np.datetime64(day, "ms").astype(np.int64))
    time = events["time_ns"].to_numpy()
    exchange_time = events["exchange_time_ns"].to_numpy() if "exchange_time_ns" in events else time
    texts = [
        whole_texts(events["order_id"]),
        whole_texts(time // _NS_PER_MS + origin_ms),
        whole_texts(exchange_time // _NS_PER_MS + origin_ms),
        number_texts(events["price"]),
        number_texts(events["remaining"]),
        events["action"].tolist(),
        np.where(events["side"] == 1, "bid", "ask").tolist(),
    ]
    header = BITSTAMP_EVENTS.header_line()
    return write_text(Path(path), f"{header}\n{join_columns(texts, ',')}\n")
