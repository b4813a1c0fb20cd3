"""The desk's own data, day by day: parent orders, child orders, fills, best quotes and prints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.analytics import lee_ready, nbbo, regular_trades
from lobsim.analytics.facts_tape import market_orders
from lobsim.data import DataError, LobsterDay, bundled, read_any, sniff

__all__ = ["COLUMNS", "Desk", "DeskError"]

COLUMNS = {
    "orders": ("date", "order_id", "symbol", "side", "quantity", "decision_ns", "start_ns",
               "end_ns", "algo"),
    "children": ("date", "order_id", "child_id", "kind", "time_ns", "end_ns", "price", "size",
                 "filled", "queue_ahead"),
    "fills": ("date", "order_id", "child_id", "time_ns", "price", "size", "fee", "maker"),
    "quotes": ("date", "time_ns", "bid", "bid_size", "ask", "ask_size"),
    "trades": ("date", "time_ns", "price", "size"),
}
"""Columns of the desk's CSV tables; times in ns after midnight, prices in currency."""

_OPTIONAL = {"orders": ("symbol", "algo"), "fills": ("child_id", "fee", "maker"),
             "children": ("queue_ahead",)}
_TEXT = ("date", "order_id", "child_id", "symbol", "side", "algo", "kind")
_MAY_BE_EMPTY = ("price", "queue_ahead", "bid", "ask")
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,15}\Z")


class DeskError(ValueError):
    """The desk's data lack what was asked for, or are not as they should be."""


@dataclass(frozen=True)
class Desk:
    """What a desk knows of its trading; parts that are missing are None or empty.

    Attributes
    ----------
    orders, children, fills : DataFrame or None
        Columns as in `COLUMNS`; ``side`` is +1 or -1, ``date`` is ``YYYY-MM-DD``.
    quotes, trades : dict of str to DataFrame
        By date. Best quotes ``time_ns, bid, bid_size, ask, ask_size`` without crossed states;
        prints ``time_ns, price, size`` and, where the source knows it, ``sign``.
    source : str
        Where it came from, for the report.
    tick_size : float
        In currency.
    memo : dict
        What was computed from these tables, as a question asks for the same more than once.

    Examples
    --------
    >>> desk = Desk.bundled()                                              # doctest: +SKIP
    >>> desk.days[-1]                                                      # doctest: +SKIP
    '2025-01-17'
    """

    orders: pd.DataFrame | None = None
    children: pd.DataFrame | None = None
    fills: pd.DataFrame | None = None
    quotes: dict[str, pd.DataFrame] = field(default_factory=dict)
    trades: dict[str, pd.DataFrame] = field(default_factory=dict)
    source: str = "tables"
    tick_size: float = 0.01
    memo: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def bundled(cls) -> Desk:
        """The ten simulated days that come with the course."""
        return cls.read(bundled("desk_orders").parent)

    @classmethod
    def read(cls, folder: str | Path, symbol: str | None = None) -> Desk:
        """Read a folder: CSV tables named after `COLUMNS`, and files that `lobsim.data` knows.

        Parameters
        ----------
        folder : path
            Holds ``orders.csv``, ``fills.csv`` and so on (also ``desk_orders.csv.gz``), and any
            quote, trade or LOBSTER files, each of one day.
        symbol : str, optional
            The one to keep of files with several.

        Raises
        ------
        DataError
            A file is not as it should be, or none is there.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise DataError(folder, "is no folder; give one with orders.csv, fills.csv, quotes ...")
        tables: dict[str, pd.DataFrame] = {}
        market: list[Path] = []
        for path in sorted(path for path in folder.iterdir() if path.is_file()):
            name = path.name.lower().removesuffix(".gz").removesuffix(".csv").removeprefix("desk_")
            if name in COLUMNS and ".csv" in path.name.lower():
                tables[name] = _read_table(path, name)
            elif path.suffix.lower() not in (".md", ".txt", ".json", ".png", ".py"):
                market.append(path)
        if not tables and not market:
            raise DataError(folder, f"holds no data; tables are {', '.join(COLUMNS)} (.csv, .gz)")
        quotes, trades = _by_day(tables.pop("quotes", None)), _by_day(tables.pop("trades", None))
        for path in market:
            _add_market_file(path, symbol, quotes, trades)
        return cls(**tables, quotes=quotes, trades=trades, source=folder.name)

    @classmethod
    def of_tables(cls, tables: Mapping[str, pd.DataFrame], source: str = "tables",
                  tick_size: float = 0.01) -> Desk:
        """A desk of DataFrames: ``{"orders": ..., "fills": ...}``, columns as in `COLUMNS`."""
        odd = set(tables) - set(COLUMNS)
        if odd:
            raise DeskError(f"there is no table {sorted(odd)[0]!r}; tables are "
                            f"{', '.join(COLUMNS)}")
        checked = {name: _checked(table.copy(), name, source) for name, table in tables.items()}
        quotes, trades = _by_day(checked.pop("quotes", None)), _by_day(checked.pop("trades", None))
        return cls(**checked, quotes=quotes, trades=trades, source=source, tick_size=tick_size)

    @property
    def days(self) -> list[str]:
        """All dates that any table holds, in order."""
        held = set(self.quotes) | set(self.trades)
        for table in (self.orders, self.fills, self.children):
            if table is not None:
                held |= set(table["date"])
        return sorted(held)

    def has(self, *names: str) -> bool:
        """Whether all of these tables hold something."""
        return all(getattr(self, name) is not None and len(getattr(self, name)) for name in names)

    def need(self, *names: str) -> None:
        """Raise a DeskError naming the tables that are missing."""
        missing = [name for name in names if not self.has(name)]
        if missing:
            raise DeskError(f"the data hold no {' and no '.join(missing)}, which this needs")

    def period(self, first: str | None, last: str | None) -> list[str]:
        """The days from `first` to `last`, both included; None is the first or last there is."""
        days = self.days
        if not days:
            raise DeskError("the data hold no day")
        chosen = [day for day in days if (first or days[0]) <= day <= (last or days[-1])]
        if not chosen:
            raise DeskError(f"no data from {first or days[0]} to {last or days[-1]}; "
                            f"there are days from {days[0]} to {days[-1]}")
        return chosen

    def signed(self, day: str) -> pd.DataFrame:
        """Market orders of a day: ``time_ns, price, size, sign``; signed by Lee and Ready."""
        if ("signed", day) not in self.memo:
            prints = self.trades[day]
            if "sign" not in prints:
                prints = prints.assign(sign=lee_ready(prints, self.quotes[day]))
            self.memo["signed", day] = market_orders(prints)
        return self.memo["signed", day]


def safe_label(text: object) -> str | None:
    """A short name as it is, or None for a text that could be read as an instruction."""
    text = str(text)
    return text if _SAFE.match(text) else None


def _read_table(path: Path, name: str) -> pd.DataFrame:
    types = dict.fromkeys(_TEXT, str)
    try:
        table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    except (ValueError, OSError, EOFError) as error:
        told = " ".join(str(error).split())
        raise DataError(path, f"is no readable CSV table ({told})") from None
    return _checked(table, name, path)


def _checked(table: pd.DataFrame, name: str, path) -> pd.DataFrame:
    """Columns, numbers, sides and dates as they should be; a DataError names the first that is not.
    """
    wanted = [c for c in COLUMNS[name] if c not in _OPTIONAL.get(name, ())]
    missing = [c for c in wanted if c not in table]
    if missing:
        raise DataError(path, f"has no column {', '.join(missing)}; {name} needs "
                              f"{', '.join(wanted)}")
    table = table.reset_index(drop=True)
    for column in (c for c in COLUMNS[name] if c in table and c not in _TEXT):
        numbers = pd.to_numeric(table[column], errors="coerce").astype(np.float64)
        bad = ~np.isfinite(numbers) if column not in _MAY_BE_EMPTY else \
            numbers.isna() & table[column].notna()
        if column in ("price", "size", "quantity", "bid", "ask"):
            bad |= numbers <= 0
        _refuse(path, table, bad, column, "a number" + " above 0" * (column != "fee"))
        table[column] = numbers.astype(np.int64) if column.endswith("_ns") else numbers
    if name == "orders":
        sides = table["side"].astype(str).str.strip().str.lower().map(
            {"buy": 1, "sell": -1, "b": 1, "s": -1, "1": 1, "-1": -1})
        _refuse(path, table, sides.isna(), "side", "buy or sell")
        table["side"] = sides.astype(np.int64)
        table["algo"] = table["algo"].fillna("") if "algo" in table else ""
        late = (table["start_ns"] < table["decision_ns"]) | (table["end_ns"] <= table["start_ns"])
        _refuse(path, table, late, "end_ns", "a time after start_ns, itself not before decision_ns")
        _refuse(path, table, table.duplicated(["date", "order_id"]), "order_id",
                "an order_id that occurs once a day")
    if name == "fills":
        for column, value in (("fee", 0.0), ("maker", np.nan)):
            table[column] = table[column] if column in table else value
    days = table["date"].astype(str).str.replace("-", "")
    _refuse(path, table, ~days.str.fullmatch(r"\d{8}"), "date", "a day as 2025-01-15 or 20250115")
    table["date"] = days.str[:4] + "-" + days.str[4:6] + "-" + days.str[6:]
    return table


def _refuse(path, table, bad, column: str, allowed: str) -> None:
    rows = np.flatnonzero(np.asarray(bad, dtype=bool))
    if rows.size:  # the header is line 1
        value = table[column].iloc[rows[0]]
        value = value.item() if isinstance(value, np.generic) else value
        raise DataError(path, f"{column} is {value!r}; allowed is {allowed}", row=int(rows[0]) + 2)


def _by_day(table: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """One table a day in order of time; quotes without crossed states."""
    if table is None:
        return {}
    days = {}
    for day, rows in table.groupby("date"):
        rows = rows.drop(columns="date").reset_index(drop=True)
        rows = rows.sort_values("time_ns", kind="stable").reset_index(drop=True)
        if "bid" in rows:
            rows.attrs["kind"] = "nbbo"
            rows = nbbo(rows)
        days[str(day)] = rows
    return days


def _add_market_file(path: Path, symbol, quotes: dict, trades: dict) -> None:
    """Put a file of a known market-data format in its day."""
    if sniff(path) == "lobster" and "_orderbook" in path.name:
        return  # read with its message file
    table = read_any(path, symbol)
    if isinstance(table, LobsterDay):
        from lobsim.analytics import tape_of

        tape = tape_of(table)
        day = _date_of(table.messages.attrs, path)
        quotes[day], trades[day] = tape.quotes, tape.trades
        return
    kind, day = table.attrs.get("kind"), _date_of(table.attrs, path)
    if kind in ("quotes", "nbbo"):
        quotes[day] = nbbo(table)
    elif kind == "trades":
        trades[day] = regular_trades(table)
    else:
        raise DataError(path, f"holds {kind}; the analyst takes quotes, trades and LOBSTER days")


def _date_of(attrs: dict, path: Path) -> str:
    day = re.sub(r"\D", "", str(attrs.get("date") or ""))[:8]
    if len(day) != 8:
        raise DataError(path, "does not tell its day, which the analyst needs")
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"
