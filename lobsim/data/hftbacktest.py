"""Event files of hftbacktest (npz), read, turned into quotes and trades, and written."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.data.clock import NS_PER_DAY
from lobsim.data.errors import DataError
from lobsim.data.levels import BEST, CLEAR, CLEAR_TO, SET, best_quotes
from lobsim.data.source import MAX_BYTES, Source
from lobsim.data.textout import ZIP_DATE

__all__ = [
    "EVENT_DTYPE",
    "EVENT_TYPES",
    "hftbacktest_quotes",
    "hftbacktest_trades",
    "read_hftbacktest",
    "write_hftbacktest",
]

EVENT_DTYPE = np.dtype(
    [
        ("ev", "<u8"),  # flags and type, see below
        ("exch_ts", "<i8"),  # exchange's clock
        ("local_ts", "<i8"),  # receiver's clock
        ("px", "<f8"),
        ("qty", "<f8"),  # DEPTH: the new total at the price, 0 = level gone
        ("order_id", "<u8"),  # order by order feeds only
        ("ival", "<i8"),  # free
        ("fval", "<f8"),  # free
    ],
    align=True,
)
"""Layout of a row, 64 bytes; hftbacktest 2.4.4, ``types.py``."""

EVENT_TYPES = {
    1: "depth",
    2: "trade",
    3: "depth_clear",
    4: "depth_snapshot",
    5: "depth_bbo",
    10: "add_order",
    11: "cancel_order",
    12: "modify_order",
    13: "fill",
}
EXCH, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
_TYPE_MASK = 0xFF
_KNOWN_BITS = EXCH | LOCAL | BUY | SELL | _TYPE_MASK
_MEMBER = "data.npy"
_CODES = {name: code for code, name in EVENT_TYPES.items()}
_PRICED = ("depth", "trade", "depth_snapshot", "depth_bbo", "add_order", "modify_order")
_SIDED = (*_PRICED, "fill")
_EPOCH_LEAST_NS = 10**17  # 1973; smaller times count from somewhere else
_DAMAGED = (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, SyntaxError)
_WHAT = "an hftbacktest event file"


def read_hftbacktest(
    path: str | os.PathLike,
    *,
    correct_latency: bool = False,
    base_latency_ns: int = 0,
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    """Read an event file.

    Parameters
    ----------
    path : str or path
        ``.npz`` that holds the array ``data`` (or ``.npy`` with it), dtype `EVENT_DTYPE`.
    correct_latency : bool
        Shift the receiver's clock so that the smallest latency is `base_latency_ns`, where rows
        were received before they were sent. Without it they are only counted.
    base_latency_ns : int
        Smallest latency after the correction, at least 0.
    max_bytes : int
        Largest unpacked size.

    Returns
    -------
    DataFrame
        One row per event, in the order of the file: ``time_ns`` int64 (received; ns since the UTC
        midnight of ``attrs["date"]``, or as in the file where it does not count from 1970, with
        date None), ``exchange_time_ns`` int64 (same origin), ``type`` str (values of
        `EVENT_TYPES`), ``side`` int64 (1 bid or the buyer took, -1 ask or the seller took, 0 none),
        ``price``, ``size`` float64 (for depth the new total at the price, 0 = level gone),
        ``at_exchange``, ``at_local`` bool (on which side's clock the row counts), ``order_id``
        uint64, ``ival`` int64, ``fval`` float64.

        ``attrs["report"]`` counts ``negative_latency`` rows, ``latency_corrected`` rows and the
        ``latency_shift_ns`` of the correction (0 without), and the rows at which the clock of one
        side jumps back: ``exchange_time_backwards, local_time_backwards``.

    Raises
    ------
    DataError
        Naming file, row (of the array, from 1) and value.

    Notes
    -----
    Times are taken as nanoseconds, hftbacktest's usual convention. An event that cannot be in
    order of both clocks at once is two rows, one for each side.
    """
    if base_latency_ns < 0:
        raise ValueError(f"base_latency_ns is {base_latency_ns}; allowed is at least 0")
    data = _load(path, max_bytes)
    kind = _check(path, data)
    exchange, local = data["exch_ts"], data["local_ts"]
    at_exchange, at_local = (data["ev"] & EXCH) > 0, (data["ev"] & LOCAL) > 0
    latency = local - exchange
    negative = int((latency < 0).sum())
    report = {
        "rows_in_file": len(data),
        "rows_returned": len(data),
        "negative_latency": negative,
        "latency_corrected": 0,
        "latency_shift_ns": 0,
        "exchange_time_backwards": int((np.diff(exchange[at_exchange]) < 0).sum()),
        "local_time_backwards": int((np.diff(local[at_local]) < 0).sum()),
    }
    if correct_latency and negative:
        shift = base_latency_ns - int(latency.min())
        local = local + shift
        report |= {"latency_corrected": len(data), "latency_shift_ns": shift}
    from_epoch = int(exchange.min()) >= _EPOCH_LEAST_NS
    day = int(local[0]) // NS_PER_DAY if from_epoch else 0
    table = pd.DataFrame(
        {
            "time_ns": local - day * NS_PER_DAY,
            "exchange_time_ns": exchange - day * NS_PER_DAY,
            "type": pd.Series(kind, dtype="category").map(EVENT_TYPES).astype(str),
            "side": np.where(data["ev"] & BUY, 1, np.where(data["ev"] & SELL, -1, 0)),
            "price": data["px"],
            "size": data["qty"],
            "at_exchange": at_exchange,
            "at_local": at_local,
            **{name: data[name] for name in ("order_id", "ival", "fval")},
        }
    )
    table.attrs = {
        "source": str(path),
        "format": "hftbacktest",
        "kind": "depth events",
        "date": str(np.datetime64(day, "D")) if from_epoch else None,
        "time_zone": "UTC",
        "symbol": None,
        "report": report,
    }
    return table


def _load(path: str | os.PathLike, max_bytes: int) -> np.ndarray:
    """The array, checked to have the layout."""
    packed = zipfile.is_zipfile(path) if Path(path).is_file() else False
    if packed:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
        if "data" not in names:
            raise DataError(path, f"holds {', '.join(names)}; {_WHAT} holds an array named data")
    Source(path, member=_MEMBER if packed else None, what=_WHAT, max_bytes=max_bytes)
    try:
        found = np.load(path, allow_pickle=False)
        data = found["data"] if packed else found
    except _DAMAGED as error:
        said = str(error).split("\n")[0][:120]
        raise DataError(path, f"is not {_WHAT} or is damaged ({said})") from None
    if not isinstance(data, np.ndarray) or data.dtype.names is None:
        shown = f"an array of {data.dtype}, shape {data.shape}"
        old = " (the layout of hftbacktest 1)" if data.ndim == 2 and data.shape[1] == 6 else ""
        raise DataError(path, f"holds {shown}{old}; {_WHAT} holds rows of {_columns()}")
    wrong = [
        f"{name} is {data.dtype[name] if name in data.dtype.names else 'missing'}"
        for name in EVENT_DTYPE.names
        if name not in data.dtype.names or data.dtype[name].newbyteorder("<") != EVENT_DTYPE[name]
    ]
    if wrong or data.ndim != 1:
        raise DataError(path, f"{', '.join(wrong) or 'has no rows'}; {_WHAT} has {_columns()}")
    if not len(data):
        raise DataError(path, "holds no data rows")
    clean = np.zeros(len(data), dtype=EVENT_DTYPE)
    for name in EVENT_DTYPE.names:
        clean[name] = data[name]
    return clean


def _columns() -> str:
    return ", ".join(f"{name} {EVENT_DTYPE[name]}" for name in EVENT_DTYPE.names)


def _check(path: str | os.PathLike, data: np.ndarray) -> np.ndarray:
    """The type of each event; raises about the first row that is wrong."""
    flags, price, size = data["ev"], data["px"], data["qty"]
    kind = (flags & _TYPE_MASK).astype(np.int64)
    priced = np.isin(kind, [_CODES[name] for name in _PRICED])
    sided = np.isin(kind, [_CODES[name] for name in _SIDED])
    trade = kind == _CODES["trade"]
    both = BUY | SELL
    laws = (
        (np.isin(kind, list(EVENT_TYPES)), lambda i: f"event type is {kind[i]}; allowed are "
         + ", ".join(f"{code} {name}" for code, name in EVENT_TYPES.items())),
        (flags & ~np.uint64(_KNOWN_BITS) == 0, lambda i: f"ev is {flags[i]:#x}; allowed are the "
         "flags 0x80000000, 0x40000000, 0x20000000 and 0x10000000 and a type in the last byte"),
        (flags & (EXCH | LOCAL) > 0, lambda i: f"ev is {flags[i]:#x}, which counts neither at the "
         "exchange (0x80000000) nor at the receiver (0x40000000)"),
        (flags & both != both, lambda i: f"ev is {flags[i]:#x}, which is buy and sell at once"),
        (~sided | (flags & both > 0), lambda i: f"ev is {flags[i]:#x}, a {EVENT_TYPES[kind[i]]} "
         "event without side; allowed are buy (0x20000000) and sell (0x10000000)"),
        (~priced | (np.isfinite(price) & (price > 0)), lambda i: f"px is {price[i]}; allowed is a "
         "positive number"),
        (~priced | (np.isfinite(size) & (size >= 0)), lambda i: f"qty is {size[i]}; allowed is a "
         "number of at least 0 (what a level holds now, not its change)"),
        (~trade | (size > 0), lambda i: f"qty of a trade is {size[i]}; allowed is above 0"),
    )  # fmt: skip
    for good, say in laws:
        if not good.all():
            index = int(np.argmin(good))
            raise DataError(path, say(index), row=index + 1)
    return kind


def _seen(events: pd.DataFrame, clock: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows that count on one clock, and their times."""
    if clock not in ("local", "exchange"):
        raise ValueError(f"clock is {clock!r}; allowed are 'local' and 'exchange'")
    rows = events[events[f"at_{clock}"]]
    return rows, rows["time_ns" if clock == "local" else "exchange_time_ns"].to_numpy()


def _attach(table: pd.DataFrame, events: pd.DataFrame, kind: str, report: dict) -> pd.DataFrame:
    table.attrs = {**events.attrs, "kind": kind}
    counts = {"rows_returned": len(table), **report}
    table.attrs["report"] = {**events.attrs.get("report", {}), **counts}
    return table


def hftbacktest_quotes(events: pd.DataFrame, *, clock: str = "local") -> pd.DataFrame:
    """Best quotes from depth events.

    Parameters
    ----------
    events : DataFrame
        Table of :func:`read_hftbacktest`.
    clock : {"local", "exchange"}
        Whose book: rows that count there, at its times.

    Returns
    -------
    DataFrame
        ``time_ns`` int64, ``bid, bid_size, ask, ask_size`` float64 (NaN and 0 for an empty side),
        one row where the best quote is new; rows of one time are one message. ``attrs["report"]``
        adds ``crossed, locked, removed_unknown``.

    Raises
    ------
    ValueError
        When `clock` is none of the two, or there is no depth event.

    Notes
    -----
    A depth or snapshot event sets the size of a level. A clear takes the levels of its side from
    the best to its price; without a usable price the whole side, without a side both. A BBO event
    names the best level, so better ones are gone. Crossed books are counted and left crossed.
    """
    rows, time = _seen(events, clock)
    depth = rows["type"].isin(["depth", "depth_snapshot", "depth_clear", "depth_bbo"]).to_numpy()
    rows, time = rows[depth], time[depth]
    if not len(rows):
        raise ValueError("the events hold no depth, snapshot, clear or bbo event to quote from")
    kind, side = rows["type"].to_numpy(), rows["side"].to_numpy()
    price = rows["price"].to_numpy()
    clears = kind == "depth_clear"
    bounded = clears & (side != 0) & np.isfinite(price) & (price > 0)
    what = np.select([bounded, clears, kind == "depth_bbo"], [CLEAR_TO, CLEAR, BEST], SET)
    table, counts = best_quotes(time, what, side, price, rows["size"].to_numpy())
    return _attach(table, events, "quotes", counts)


def hftbacktest_trades(events: pd.DataFrame, *, clock: str = "local") -> pd.DataFrame:
    """Trades of an event file.

    Parameters
    ----------
    events : DataFrame
        Table of :func:`read_hftbacktest`.
    clock : {"local", "exchange"}
        Whose times.

    Returns
    -------
    DataFrame
        ``time_ns`` int64, ``price, size`` float64, ``sign`` int64 (1 the buyer took, -1 the
        seller).

    Raises
    ------
    ValueError
        When `clock` is none of the two.
    """
    rows, time = _seen(events, clock)
    trade = (rows["type"] == "trade").to_numpy()
    rows = rows[trade]
    columns = {name: rows[name].to_numpy() for name in ("price", "size")}
    table = pd.DataFrame({"time_ns": time[trade], **columns, "sign": rows["side"].to_numpy()})
    return _attach(table, events, "trades", {})


def write_hftbacktest(
    events: pd.DataFrame, path: str | os.PathLike, *, date: str | None = None
) -> Path:
    """Write an event file that hftbacktest can backtest on.

    Parameters
    ----------
    events : DataFrame
        Table of :func:`read_hftbacktest` or :func:`~lobsim.data.hftbacktest_events`. Without
        ``at_exchange, at_local`` every row counts for both; without ``order_id, ival, fval``
        these are 0.
    path : str or path
        ``.npz`` file. The same events give the same bytes.
    date : str, optional
        Day of time 0, ``YYYY-MM-DD``; from ``events.attrs["date"]`` if not given. Without either,
        times are written as they are.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        When columns are missing, or hftbacktest would refuse the events: a row received before it
        was sent, or rows not in order of the clocks on which they count.
    """
    needed = ("time_ns", "exchange_time_ns", "type", "side", "price", "size")
    missing = [name for name in needed if name not in events]
    if missing or not len(events):
        raise ValueError(
            f"an hftbacktest file needs rows with the columns {', '.join(needed)}; "
            f"it has {len(events)} rows with {', '.join(map(str, events))}"
        )
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"the file is named {path.name}; allowed is a name that ends in .npz")
    data = _records(events, date or events.attrs.get("date"))
    try:
        _check(path, data)
    except DataError as error:
        raise ValueError(f"row {error.row}: {error.problem}") from None
    _check_clocks(data)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, data, allow_pickle=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    info = zipfile.ZipInfo(_MEMBER, ZIP_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, buffer.getvalue())
    return path


def _records(events: pd.DataFrame, date: str | None) -> np.ndarray:
    """Events as rows of the file."""
    unknown = ~events["type"].isin(_CODES)
    if unknown.any():
        first = events["type"][unknown].iloc[0]
        raise ValueError(f"type is {first!r}; allowed are {', '.join(_CODES)}")
    if not events["side"].isin([1, 0, -1]).all():
        raise ValueError("side may only be 1 (bid, buyer), -1 (ask, seller) and 0 (none)")
    origin = int(np.datetime64(date, "D").astype(np.int64)) * NS_PER_DAY if date else 0
    data = np.zeros(len(events), dtype=EVENT_DTYPE)
    flags = events["type"].map(_CODES).to_numpy().astype(np.uint64)
    side = events["side"].to_numpy()
    flags |= np.select([side == 1, side == -1], [BUY, SELL], 0).astype(np.uint64)
    for name, flag in (("at_exchange", EXCH), ("at_local", LOCAL)):
        counts = events[name].to_numpy(dtype=bool) if name in events else True
        flags |= np.where(counts, flag, 0).astype(np.uint64)
    data["ev"] = flags
    data["exch_ts"] = events["exchange_time_ns"].to_numpy() + origin
    data["local_ts"] = events["time_ns"].to_numpy() + origin
    data["px"], data["qty"] = events["price"].to_numpy(), events["size"].to_numpy()
    for name in ("order_id", "ival", "fval"):
        if name in events:
            data[name] = events[name].to_numpy()
    return data


def _check_clocks(data: np.ndarray) -> None:
    early = np.flatnonzero(data["local_ts"] < data["exch_ts"])
    if len(early):
        row = data[early[0]]
        raise ValueError(
            f"row {early[0] + 1} is received at {row['local_ts']}, before it was sent at "
            f"{row['exch_ts']}; allowed is a latency of at least 0 ns"
        )
    for name, flag in (("exch_ts", EXCH), ("local_ts", LOCAL)):
        rows = np.flatnonzero(data["ev"] & flag)
        back = np.flatnonzero(np.diff(data[name][rows]) < 0)
        if len(back):
            row = rows[back[0] + 1]
            raise ValueError(
                f"row {row + 1} has {name} {data[name][row]} after "
                f"{data[name][rows[back[0]]]}; rows must be in order of the clocks they count on"
            )
