"""Reader of LOBSTER days: a message file and an orderbook file with one row for each message."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.data.errors import DataError
from lobsim.data.fields import Field, Layout
from lobsim.data.source import MAX_BYTES, zip_members
from lobsim.data.table import RawTable, bad_value, check_time_order, read_table

__all__ = ["LobsterDay", "read_lobster", "EVENT_TYPES", "MESSAGE_LAYOUT", "book_layout"]

_README = "LOBSTER sample files readme, version of 1 September 2013"
NO_PRICE_E4 = 9_999_999_999  # price of an ask level that does not exist; negative for a bid

EVENT_TYPES = {
    1: "new limit order",
    2: "partial cancel",
    3: "delete",
    4: "execution of a visible order",
    5: "execution of a hidden order",
    6: "cross trade",
    7: "trading halt",
}

MESSAGE_LAYOUT = Layout(
    "a LOBSTER message file",
    ",",
    (
        Field("Time", "time_ns", "seconds", "seconds since midnight, New York"),
        Field("Type", "type", "integer", meaning="1 to 7, see EVENT_TYPES"),
        Field("Order ID", "order_id", "integer", meaning="0 for a hidden order"),
        Field("Size", "size", "integer", "shares", least=0),
        Field("Price", "price_e4", "integer", "dollars x 10000"),
        Field("Direction", "direction", "integer", meaning="1 buy, -1 sell: the resting order"),
    ),
    header=False,
    source=_README,
)


def book_layout(levels: int) -> Layout:
    """Layout of an orderbook file: four columns a level, best level first."""
    fields = []
    for level in range(1, levels + 1):
        for side in ("ask", "bid"):
            name = f"{side.capitalize()}"
            fields.append(
                Field(f"{name}Price{level}", f"{side}_price_{level}", "integer", "dollars x 10000")
            )
            fields.append(
                Field(f"{name}Size{level}", f"{side}_size_{level}", "integer", "shares", least=0)
            )
    return Layout("a LOBSTER orderbook file", ",", tuple(fields), header=False, source=_README)


@dataclass(frozen=True, eq=False)
class LobsterDay:
    """A day of one venue's book, event by event.

    Attributes
    ----------
    messages : DataFrame
        ``time_ns`` int64 (since New York midnight), ``type`` int64 (`EVENT_TYPES`), ``order_id``
        int64 (0 = hidden), ``size`` int64 (shares), ``price_e4`` int64 (dollars x 10000),
        ``price`` float64 (dollars; NaN in a halt row), ``direction`` int64 (side of the resting
        order: 1 buy, -1 sell). The sign of a trade is ``-direction``.
    book : DataFrame
        Row k is the book after message k: ``ask_price_1, ask_size_1, bid_price_1, bid_size_1,
        ask_price_2, ...``; prices float64 in dollars (NaN = no such level), sizes int64.
    """

    messages: pd.DataFrame
    book: pd.DataFrame

    @property
    def levels(self) -> int:
        """Number of price levels on each side of the book."""
        return self.book.shape[1] // 4

    @property
    def attrs(self) -> dict:
        """What is known about the day: source, symbol, date, report."""
        return self.messages.attrs

    def __len__(self) -> int:
        return len(self.messages)


def read_lobster(
    path: str | os.PathLike,
    orderbook: str | os.PathLike | None = None,
    levels: int | None = None,
    *,
    max_bytes: int = MAX_BYTES,
) -> LobsterDay:
    """Read a LOBSTER day.

    Parameters
    ----------
    path : str or path
        The message file (plain or gzip), or a zip that holds the message and orderbook file.
    orderbook : str or path, optional
        The orderbook file. Without it the file named ``..._orderbook_...`` beside the message
        file is taken (also with or without ``.gz``).
    levels : int, optional
        Keep only the first levels of the book. All by default.
    max_bytes : int
        Largest unpacked size of each file.

    Returns
    -------
    LobsterDay
        ``attrs["report"]`` counts ``missing_levels`` (dummy prices corrected to NaN), ``hidden``,
        ``halts``, ``crosses`` and ``crossed`` (rows with bid above ask). No row is dropped.

    Raises
    ------
    DataError
        Naming file, row and value; also when the two files differ in rows.

    Notes
    -----
    The level of a file filters its messages too, so messages alone do not rebuild the book:
    orders from deeper levels enter the window without a message. Take the book from the file.
    Since 14 July 2014 the direction of hidden executions (type 5) is always 1 or -1 for the
    whole day and says nothing.
    """
    message_place, book_place = _find_pair(Path(path), orderbook)
    messages = _read_messages(*message_place, max_bytes)
    book = _read_book(*book_place, max_bytes)
    if len(messages.frame) != len(book.frame):
        raise DataError(
            book.path,
            f"has {len(book.frame)} rows but the message file has {len(messages.frame)}; "
            "row k of the orderbook is the book after message k, so both must be equal",
        )
    report = _report(messages.frame)
    table, book_report = _finish_book(book, levels)
    frame = messages.frame
    halted = (frame["type"] == 7).to_numpy()
    price = np.where(halted, np.nan, frame["price_e4"].to_numpy() / 1e4)
    frame.insert(5, "price", price)
    report |= book_report
    symbol, date = _symbol_and_date(messages.path)
    frame.attrs = {
        "source": messages.path,
        "format": "lobster",
        "kind": "messages",
        "date": date,
        "time_zone": "America/New_York",
        "symbol": symbol,
        "levels": table.shape[1] // 4,
        "report": {
            "rows_in_file": messages.rows_in_file,
            "rows_returned": len(frame),
            **report,
        },
    }
    table.attrs = {**frame.attrs, "source": book.path, "kind": "book"}
    return LobsterDay(frame, table)


def _find_pair(path: Path, orderbook) -> tuple[tuple[Path, str | None], tuple[Path, str | None]]:
    """Message and orderbook file, each as path and zip member."""
    if orderbook is not None:
        return (path, None), (Path(orderbook), None)
    if path.suffix.lower() == ".zip":
        names = zip_members(path)
        pair = []
        for word in ("message", "orderbook"):
            found = [name for name in names if f"_{word}" in name.rsplit("/", 1)[-1]]
            if len(found) != 1:
                raise DataError(
                    path,
                    f"the zip holds {len(found)} files named ..._{word}_...; "
                    "a LOBSTER zip holds one message and one orderbook file",
                )
            pair.append((path, found[0]))
        return pair[0], pair[1]
    if "_message" not in path.name:
        raise DataError(
            path, "is not named ..._message_..., so name its orderbook file: orderbook=PATH"
        )
    name = path.name.replace("_message", "_orderbook")
    plain = name.removesuffix(".gz")
    for other in dict.fromkeys((name, plain, plain + ".gz")):
        if (path.parent / other).is_file():
            return (path, None), (path.parent / other, None)
    if not path.is_file():
        raise DataError(path, "there is no such file")
    raise DataError(path, f"there is no orderbook file {name} beside it; give orderbook=PATH")


def _symbol_and_date(path: str) -> tuple[str | None, str | None]:
    found = re.match(r"([A-Za-z0-9.\-]+)_(\d{4}-\d{2}-\d{2})_", os.path.basename(path))
    return (found[1], found[2]) if found else (None, None)


def _read_messages(path: Path, member: str | None, max_bytes: int) -> RawTable:
    raw = read_table(path, MESSAGE_LAYOUT, member=member, column_counts=(6,), max_bytes=max_bytes)
    frame = raw.frame
    kind, side = frame["type"].to_numpy(), frame["direction"].to_numpy()
    size, price = frame["size"].to_numpy(), frame["price_e4"].to_numpy()
    bad_value(raw, (kind >= 1) & (kind <= 7), lambda i: f"type is {kind[i]}; allowed are 1 to 7")
    bad_value(raw, np.abs(side) == 1, lambda i: f"direction is {side[i]}; allowed are 1 and -1")
    halt = kind == 7
    bad_value(
        raw, halt | (size > 0), lambda i: f"size is {size[i]}; allowed is at least 1 share"
    )
    bad_value(
        raw,
        halt | (price > 0),
        lambda i: f"price is {price[i]}; allowed is a positive number of 1/10000 dollars",
    )
    bad_value(
        raw,
        ~halt | np.isin(price, (-1, 0, 1)),
        lambda i: f"price of a halt row (type 7) is {price[i]}; allowed are -1, 0 and 1",
    )
    check_time_order(raw, "time", per_symbol=False)
    return raw


def _report(messages: pd.DataFrame) -> dict:
    counts = np.bincount(messages["type"].to_numpy(), minlength=8)
    return {"hidden": int(counts[5]), "crosses": int(counts[6]), "halts": int(counts[7])}


def _read_book(path: Path, member: str | None, max_bytes: int) -> RawTable:
    return read_table(
        path,
        book_layout(200),
        member=member,
        column_counts=range(4, 801, 4),
        max_bytes=max_bytes,
    )


def _finish_book(raw: RawTable, levels: int | None) -> tuple[pd.DataFrame, dict]:
    """Dummy levels become NaN, prices dollars."""
    held = raw.frame.shape[1] // 4
    if levels is not None and not 1 <= levels <= held:
        raise DataError(raw.path, f"has {held} levels; levels={levels} was asked for")
    frame = raw.frame.iloc[:, : 4 * (levels or held)]
    missing = crossed = 0
    columns = {}
    for level in range(1, (levels or held) + 1):
        for side, dummy in (("ask", NO_PRICE_E4), ("bid", -NO_PRICE_E4)):
            price = frame[f"{side}_price_{level}"].to_numpy()
            size = frame[f"{side}_size_{level}"].to_numpy()
            absent = price == dummy
            name = f"{side} price of level {level}"
            bad_value(
                raw,
                absent | ((price > 0) & (price < NO_PRICE_E4)),
                lambda i, price=price, name=name, dummy=dummy: (
                    f"{name} is {price[i]}; allowed is a positive number of 1/10000 dollars, "
                    f"or {dummy} where there is no such level"
                ),
            )
            bad_value(
                raw,
                (size > 0) | absent,
                lambda i, name=name: f"{name} has size 0; a level that exists holds shares",
            )
            missing += int(absent.sum())
            columns[f"{side}_price_{level}"] = np.where(absent, np.nan, price / 1e4)
            columns[f"{side}_size_{level}"] = np.where(absent, 0, size)
        _check_depth(raw, columns, level)
    table = pd.DataFrame(columns)
    crossed = int((table["bid_price_1"] >= table["ask_price_1"]).sum())
    return table, {"missing_levels": missing, "crossed": crossed}


def _check_depth(raw: RawTable, columns: dict[str, np.ndarray], level: int) -> None:
    """Asks rise and bids fall from level to level."""
    if level == 1:
        return
    for side, sign in (("ask", 1), ("bid", -1)):
        price, better = columns[f"{side}_price_{level}"], columns[f"{side}_price_{level - 1}"]
        bad_value(
            raw,
            np.isnan(price) | (sign * (price - better) > 0),
            lambda i, side=side, price=price, better=better: (
                f"{side} price of level {level} is {price[i]} behind {better[i]}; "
                "each level must be worse than the one before"
            ),
        )
