"""Reader of NASDAQ TotalView-ITCH 5.0 files: streamed in blocks, one symbol's events as a table."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lobsim.data import itch_scan as scans
from lobsim.data.clock import NS_PER_DAY, date_text
from lobsim.data.errors import DataError
from lobsim.data.itch_layout import ITCH_TYPES, PREFIX, record_dtype, stock_key
from lobsim.data.source import MAX_BYTES, Source

__all__ = ["read_itch", "read_itch_directory", "MAX_EVENTS"]

MAX_EVENTS = 10_000_000  # of a table; about 1.5 gigabytes
NEW_YORK = "America/New_York"
_BLOCK_BYTES = 1 << 20  # the scan's scratch for a block is seven times as large
_WHAT = "an ITCH 5.0 file"
_DIRECTORY = record_dtype("R", prefix=False)


def read_itch(
    path: str | os.PathLike,
    symbol: str | None = None,
    *,
    max_events: int = MAX_EVENTS,
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    """Read the events of one symbol from an ITCH 5.0 file.

    The file is read in blocks and never held: memory grows with the events of the symbol.

    Parameters
    ----------
    path : str or path
        File of messages, each after its length in two bytes ("BinaryFILE"); plain or packed.
    symbol : str, optional
        The symbol, found by its R message. Without it the events of all symbols are returned.
    max_events : int
        Largest table; a longer one is refused.
    max_bytes : int
        Largest unpacked size.

    Returns
    -------
    DataFrame
        One row for each message of the types S, H, A, F, E, C, X, D, U, P, Q and B:

        ``time_ns`` int64 (since New York midnight), ``type`` str, ``symbol`` str ("" for S),
        ``order_id`` int64 (reference number, 0 = none), ``new_order_id`` int64 (U only),
        ``side`` int64 (of the resting order, 1 buy, -1 sell, 0 none or not known), ``size`` int64
        (shares: added, executed, cancelled; of D what was left; of U the new size), ``price_e4``
        int64 (dollars x 10000; -1 = none or not known), ``price`` float64 (dollars), ``left``
        int64 (shares of the order after the event; of the new order after U), ``match`` int64
        (number of the trade, 0 = none), ``printable`` bool (False for a C that is not printed),
        ``code`` str (S: event; H: trading state; Q: kind of cross; F: participant).

        E, X and D carry neither side nor price, and U no side: these come from the order that the
        reference number names. ``attrs["end_mark"]`` tells whether the file ends with a message
        of length 0. ``attrs["report"]`` counts, of the whole file, ``rows_in_file`` (messages),
        ``type_A`` and so on (messages of each type) and ``clock_back`` (messages earlier than the
        one before, kept where they are); of the rows returned ``unknown_orders`` (events about an
        order that was never added or is gone, as when the recording begins late), ``reused_ids``,
        ``over_taken`` (more shares taken than were left), ``no_size``, ``not_printable``,
        ``hidden``, ``crosses``, ``halts``, ``broken_trades`` and ``after_midnight``. Nothing is
        dropped or corrected.

    Raises
    ------
    DataError
        With the byte offset in the unpacked file: an unknown type, a length that its type does
        not have, a message cut off by the end of the file.

    Notes
    -----
    Without an R message the symbol is recognised by the first message that carries it.

    Examples
    --------
    >>> table = read_itch("01302020.NASDAQ_ITCH50.gz", "AAPL")             # doctest: +SKIP
    """
    key = None if symbol is None else _key(path, symbol)
    found = _scan(path, key, max_events, max_bytes)
    if key is not None and found.locate < 0:
        raise DataError(path, f"holds no symbol {symbol!r}; it holds {_some(found.directory)}")
    _check_sides(found)
    events, counts = _followed(found.events)
    names = _names(found, symbol)
    table = _table(events, names)
    table.attrs = {
        "source": found.path,
        "format": "itch",
        "kind": "order messages",
        "date": _date(found.path),
        "time_zone": NEW_YORK,
        "symbol": symbol if symbol is not None else _only(names),
        "end_mark": found.end_mark,
        "report": _report(found, events, counts),
    }
    return table


def read_itch_directory(
    path: str | os.PathLike, *, max_bytes: int = MAX_BYTES
) -> pd.DataFrame:
    """Read which symbols an ITCH 5.0 file holds, and how many messages each has.

    Parameters
    ----------
    path : str or path
    max_bytes : int
        Largest unpacked size.

    Returns
    -------
    DataFrame
        One row for each R message: ``time_ns, symbol, locate, market_category,
        financial_status, round_lot`` (shares), ``messages`` (all that carry its locate code).
        ``attrs["report"]`` as in :func:`read_itch`, of the whole file.

    Raises
    ------
    DataError
        As :func:`read_itch`.
    """
    found = _scan(path, stock_key("-"), MAX_EVENTS, max_bytes)
    records = found.directory
    time = records["time_high"].astype(np.int64) << 32 | records["time_low"]
    table = pd.DataFrame(
        {
            "time_ns": time,
            "symbol": _texts(records["stock"]),
            "locate": records["locate"].astype(np.int64),
            "market_category": _texts(records["market_category"]),
            "financial_status": _texts(records["financial_status"]),
            "round_lot": records["round_lot"].astype(np.int64),
            "messages": found.per_locate[records["locate"]],
        }
    )
    table.attrs = {
        "source": found.path, "format": "itch", "kind": "directory", "date": _date(found.path),
        "time_zone": NEW_YORK, "symbol": None, "end_mark": found.end_mark,
        "report": _file_report(found, len(table)),
    }  # fmt: skip
    return table


@dataclass
class _Found:
    """What one pass over a file collects."""

    path: str
    state: np.ndarray
    counts: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))
    per_locate: np.ndarray = field(default_factory=lambda: np.zeros(1 << 16, np.int64))
    events: np.ndarray = field(default_factory=lambda: np.zeros((scans.N_COLUMNS, 0), np.int64))
    directory: np.ndarray = field(default_factory=lambda: np.zeros(0, _DIRECTORY))
    end_mark: bool = False

    @property
    def locate(self) -> int:
        return int(self.state[scans.LOCATE])


def _scan(path, key: int | None, max_events: int, max_bytes: int) -> _Found:
    """Go through the file block by block; a message cut by a block's end waits for the next."""
    source = Source(path, what=_WHAT, max_bytes=max_bytes)
    found = _Found(source.path, scans.new_scan_state(key))
    kept, directory = [], []
    offset, n_events = 0, 0  # of the byte in the file that the scanned block begins with
    rest = b""
    room = np.zeros((scans.N_COLUMNS, 0), np.int64)
    places = np.zeros(0, np.int64)
    for block in source.byte_blocks(_BLOCK_BYTES):
        if found.end_mark:
            raise _behind_the_end(source.path, offset)
        data = np.frombuffer(rest + block, np.uint8)
        if len(data) // scans.SMALLEST >= room.shape[1]:
            rows = (len(data) + (1 << 16)) // scans.SMALLEST  # a rest is shorter than 2**16 bytes
            room = np.zeros((scans.N_COLUMNS, rows), np.int64)
            places = np.zeros(rows, np.int64)
        used, new, listed, problem = scans.scan(
            data, len(data), scans.LENGTHS, scans.PLACES, scans.STOCKS, scans.KEPT, found.state,
            found.counts, found.per_locate, room, places,
        )  # fmt: skip
        n_events += new
        if n_events > max_events:
            raise DataError(
                source.path,
                f"holds more than {max_events:,} events of what was asked for; name one symbol, "
                "or allow more with max_events",
            )
        kept.append(room[:, :new].copy())
        if listed:
            index = places[:listed, None] + np.arange(_DIRECTORY.itemsize)
            directory.append(data[index].view(_DIRECTORY)[:, 0])
        rest = data[used:].tobytes()
        offset += used
        if problem == scans.THE_END:
            found.end_mark = True
            offset += PREFIX
            rest = rest[PREFIX:]
            if rest:
                raise _behind_the_end(source.path, offset)
        elif problem:
            raise _bad_message(source.path, offset, rest, problem)
    if rest:
        raise _cut_message(source.path, offset, rest)
    if kept:
        found.events = np.concatenate(kept, axis=1)
    if directory:
        found.directory = np.concatenate(directory)
    return found


def _behind_the_end(path: str, offset: int) -> DataError:
    return DataError(path, f"goes on at byte {offset}, behind the end mark (a length of 0)")


def _bad_message(path: str, offset: int, rest: bytes, problem: int) -> DataError:
    length, letter = int.from_bytes(rest[:PREFIX], "big"), chr(rest[PREFIX])
    if problem == scans.UNKNOWN_TYPE:
        return DataError(
            path,
            f"at byte {offset} a message of unknown type {letter!r} and {length} bytes begins; "
            f"known types are {''.join(ITCH_TYPES)}",
        )
    right = ITCH_TYPES[letter].length
    return DataError(
        path,
        f"at byte {offset} a message of type {letter!r} begins whose length is {length} bytes; "
        f"that type has {right}",
    )


def _cut_message(path: str, offset: int, rest: bytes) -> DataError:
    behind = max(len(rest) - PREFIX, 0)
    wanted = f" of {int.from_bytes(rest[:PREFIX], 'big')} bytes" if len(rest) >= PREFIX else ""
    return DataError(
        path,
        f"is truncated: the message{wanted} that begins at byte {offset} has only {behind} bytes",
    )


def _check_sides(found: _Found) -> None:
    kind, side = found.events[scans.TYPE], found.events[scans.SIDE]
    sided = np.isin(kind, [scans.ADD, scans.ADD_NAMED, scans.HIDDEN])
    good = ~sided | (side == ord("B")) | (side == ord("S"))
    if not good.all():
        row = int(np.argmin(good))
        raise DataError(
            found.path,
            f"the message of type {chr(kind[row])!r} with reference number "
            f"{found.events[scans.REFERENCE, row]} at {found.events[scans.TIME, row]} ns has the "
            f"side {chr(side[row])!r}; allowed are B and S",
        )


def _followed(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Events with the side, price and size that follow from their orders; counts of oddities."""
    kinds = events[scans.TYPE]
    adds = int(np.isin(kinds, [scans.ADD, scans.ADD_NAMED, scans.REPLACED]).sum())
    size = 1 << (2 * adds + 2).bit_length()
    counts = np.zeros(4, np.int64)
    has_price = scans.PLACES[kinds, scans.PRICE, 1] > 0
    events[scans.PRICE, ~has_price] = -1
    keys = np.full(size, -1, np.int64)
    scans.follow(events, keys, np.zeros((size, 3), np.int64), counts)
    return events, counts


def _table(events: np.ndarray, names: dict[int, str]) -> pd.DataFrame:
    kinds, price_e4 = events[scans.TYPE], events[scans.PRICE]
    locate, distinct = pd.factorize(events[scans.LOCATE_CODE])
    symbols = pd.Series([names.get(int(code), "") for code in distinct], dtype=str)
    code, texts = pd.factorize(events[scans.CODE])
    words = [int(text).to_bytes(4, "big").strip(b"\0 ").decode("latin-1") for text in texts]
    letters = pd.Series([chr(number) for number in range(256)], dtype=str)
    return pd.DataFrame(
        {
            "time_ns": events[scans.TIME],
            "type": letters.take(kinds).reset_index(drop=True),
            "symbol": symbols.take(locate).reset_index(drop=True),
            "order_id": events[scans.REFERENCE],
            "new_order_id": events[scans.NEW_REFERENCE],
            "side": events[scans.SIDE],
            "size": events[scans.SIZE],
            "price_e4": price_e4,
            "price": np.where(price_e4 < 0, np.nan, price_e4 / 1e4),
            "left": events[scans.LEFT],
            "match": events[scans.MATCH],
            "printable": events[scans.PRINTABLE] != ord("N"),
            "code": pd.Series(words, dtype=str).take(code).reset_index(drop=True),
        },
        copy=False,
    )


def _file_report(found: _Found, returned: int) -> dict:
    letters = np.flatnonzero(found.counts)
    return {
        "rows_in_file": int(found.counts.sum()),
        "rows_returned": returned,
        **{f"type_{chr(letter)}": int(found.counts[letter]) for letter in letters},
        "clock_back": int(found.state[scans.TIME_WENT_BACK]),
    }


def _report(found: _Found, events: np.ndarray, counts: np.ndarray) -> dict:
    kind = events[scans.TYPE]
    types = np.bincount(kind, minlength=256)
    halted = (kind == ord("H")) & (events[scans.CODE] == ord("H"))
    silent = (kind == ord("C")) & (events[scans.PRINTABLE] == ord("N"))
    return {
        **_file_report(found, len(kind)),
        "unknown_orders": int(counts[scans.UNKNOWN]),
        "reused_ids": int(counts[scans.DUPLICATE]),
        "over_taken": int(counts[scans.OVER_TAKEN]),
        "no_size": int(counts[scans.ZERO_SIZE]),
        "not_printable": int(silent.sum()),
        "hidden": int(types[ord("P")]),
        "crosses": int(types[ord("Q")]),
        "halts": int(halted.sum()),
        "broken_trades": int(types[ord("B")]),
        "after_midnight": int((events[scans.TIME] >= NS_PER_DAY).sum()),
    }


def _names(found: _Found, symbol: str | None) -> dict[int, str]:
    """Symbol of each locate code."""
    listed = found.directory
    names = dict(zip(listed["locate"].tolist(), _texts(listed["stock"]), strict=True))
    if symbol is not None:
        names = {found.locate: symbol}
    return names


def _only(names: dict[int, str]) -> str | None:
    return next(iter(names.values())) if len(names) == 1 else None


def _texts(values: np.ndarray) -> list[str]:
    return [value.decode("latin-1").rstrip(" ") for value in values.tolist()]


def _some(directory: np.ndarray) -> str:
    names = sorted(_texts(directory["stock"]))
    if not names:
        return "no stock directory (R messages) at all"
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _key(path, symbol: str) -> int:
    try:
        return stock_key(symbol)
    except ValueError as error:
        raise DataError(path, str(error)) from None


def _date(path: str) -> str | None:
    """The day from a name like ``01302020.NASDAQ_ITCH50`` or ``S013020-v50``, None without."""
    name = os.path.basename(path)
    if found := re.search(r"(?<!\d)(\d{4})(20\d\d)(?!\d)", name):
        return date_text(found[2] + found[1])
    if found := re.search(r"(?<!\d)(20\d{6})(?!\d)", name):
        return date_text(found[1])
    if found := re.match(r"S(\d{4})(\d\d)-v5", name):
        return date_text("20" + found[2] + found[1])
    return None
