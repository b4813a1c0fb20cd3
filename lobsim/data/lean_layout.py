"""QuantConnect LEAN files: columns, paths, inner names, time zones, price scale.

Sources: LEAN's ``Data/readme.md``, ``Data/equity/readme.md``, ``Data/crypto/readme.md`` and
``Common/Util/LeanData.cs``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from lobsim.data.clock import NS_PER_S, date_text
from lobsim.data.errors import DataError
from lobsim.data.fields import Field, Layout

__all__ = ["LeanName", "lean_layout", "lean_name", "BAR_NS", "EQUITY_SCALE", "TIME_ZONE"]

EQUITY_SCALE = 10_000  # equity prices are whole numbers of 1/10000 dollar; crypto plain decimals
BAR_NS = {
    "second": NS_PER_S,
    "minute": 60 * NS_PER_S,
    "hour": 3600 * NS_PER_S,
    "daily": 86_400 * NS_PER_S,
}
RESOLUTIONS = ("tick", *BAR_NS)
TIME_ZONE = {"equity": "America/New_York", "crypto": "UTC"}
_SOURCE = "QuantConnect LEAN, Data/readme.md and Common/Util/LeanData.cs"

_MS = Field("time", "time_ns", "milliseconds", "ms since midnight of the data's time zone")
_DAY = Field("time", "minute_of", "date and minute", "YYYYMMDD HH:MM")
_SUSPICIOUS = Field("suspicious", "suspicious", "integer", meaning="0 or 1", least=0)


def _price(name: str, column: str, optional: bool = False) -> Field:
    return Field(name, column, "decimal", "see EQUITY_SCALE", optional=optional, least=0)


def _size(name: str, column: str, optional: bool = False) -> Field:
    return Field(name, column, "decimal", "coins, or whole shares", optional=optional, least=0)


def _whole_shares(field: Field) -> Field:
    """Equities count whole shares, where crypto has decimals."""
    return replace(field, kind="integer") if field.unit.endswith("shares") else field


_TRADE_TICK = (_price("price", "price"), _size("quantity", "size"))
_QUOTE_TICK = (
    _price("bid price", "bid"),
    _size("bid size", "bid_size"),
    _price("ask price", "ask"),
    _size("ask size", "ask_size"),
)
_VENUE = (
    Field("exchange", "exchange", "text", "one letter", optional=True),
    Field("condition flags", "condition_flags", "hex", "bit mask"),
    _SUSPICIOUS,
)
_TRADE_BAR = tuple(_price(name, name) for name in ("open", "high", "low", "close"))
_QUOTE_BAR = tuple(
    entry
    for side in ("bid", "ask")
    for entry in (
        *(
            _price(f"{side} {name}", f"{side}_{name}", optional=True)
            for name in ("open", "high", "low", "close")
        ),
        _size(f"last {side} size", f"{side}_size", optional=True),
    )
)


@dataclass(frozen=True)
class LeanName:
    """What the path and inner name of a LEAN file say.

    Attributes
    ----------
    security_type : {"equity", "crypto"}
    market : str
        ``"usa"``, ``"coinbase"``, ...
    resolution : {"tick", "second", "minute", "hour", "daily"}
    ticker : str
        Lower case.
    tick_type : {"trade", "quote"}
    date : str or None
        ``YYYYMMDD``; None for hour and daily files, which hold many days.
    """

    security_type: str
    market: str
    resolution: str
    ticker: str
    tick_type: str
    date: str | None

    @property
    def is_bars(self) -> bool:
        """Bars and not ticks."""
        return self.resolution != "tick"

    @property
    def spans_days(self) -> bool:
        """One file for all days."""
        return self.resolution in ("hour", "daily")

    @property
    def path(self) -> PurePath:
        """Path of the zip below LEAN's data folder."""
        folder = PurePath(self.security_type, self.market, self.resolution)
        if not self.spans_days:
            return folder / self.ticker / f"{self.date}_{self.tick_type}.zip"
        if self.security_type == "equity" and self.tick_type == "trade":
            return folder / f"{self.ticker}.zip"
        return folder / f"{self.ticker}_{self.tick_type}.zip"

    @property
    def member(self) -> str:
        """Name of the CSV inside the zip."""
        if self.spans_days:
            return f"{self.ticker}.csv"
        if self.security_type == "equity" and self.resolution == "tick":
            return f"{self.date}_{self.ticker}_{self.tick_type.capitalize()}_Tick.csv"
        return f"{self.date}_{self.ticker}_{self.resolution}_{self.tick_type}.csv"


def lean_layout(name: LeanName) -> tuple[Layout, tuple[int, ...]]:
    """Layout of a LEAN file and the numbers of columns that it may have.

    Parameters
    ----------
    name : LeanName

    Returns
    -------
    Layout
    tuple of int
    """
    what = f"a LEAN {name.security_type} {name.resolution} {name.tick_type} file"
    first = _DAY if name.spans_days else _MS
    is_trade = name.tick_type == "trade"
    if name.is_bars:
        fields = (*_TRADE_BAR, _size("volume", "volume")) if is_trade else _QUOTE_BAR
        fields = (first, *fields)
        counts: tuple[int, ...] = (len(fields),)
    elif name.security_type == "equity":
        fields = (first, *(_TRADE_TICK if is_trade else _QUOTE_TICK), *_VENUE)
        counts = (len(fields),)
    else:
        fields = (first, *(_TRADE_TICK if is_trade else _QUOTE_TICK), _SUSPICIOUS)
        counts = (len(fields) - 1, len(fields))
    if name.security_type == "equity":
        fields = tuple(_whole_shares(field) for field in fields)
    return Layout(what, ",", fields, header=False, source=_SOURCE), counts


def lean_name(path: Path, member: str, **given: str | None) -> LeanName:
    """Learn from path and inner name what a LEAN file holds.

    Parameters
    ----------
    path : Path
        Of the zip.
    member : str
        Name of the CSV inside.
    **given : str or None
        Values of `LeanName` that the caller knows better.

    Raises
    ------
    DataError
        When path and inner name contradict each other or leave something open.
    """
    from_path = _read_path(path)
    from_member = _read_member(member)
    said = {key: value for key, value in given.items() if value is not None}
    for key in from_path.keys() & from_member.keys():
        if from_path[key] != from_member[key]:
            raise DataError(
                path,
                f"the path says {key} {from_path[key]!r} but the file inside, {member}, "
                f"says {from_member[key]!r}",
            )
    known = {"date": None, **from_member, **from_path, **said}
    needed = ["security_type", "market", "resolution", "ticker", "tick_type"]
    if known.get("resolution") not in ("hour", "daily"):
        needed.append("date")
    missing = [key for key in needed if not known.get(key)]
    if missing:
        raise DataError(
            path,
            f"path and inner name {member!r} do not say {', '.join(missing)}; a LEAN path is "
            ".../<equity|crypto>/<market>/<resolution>/<ticker>/<YYYYMMDD>_<trade|quote>.zip "
            "(or give it to read_lean)",
        )
    allowed = {
        "security_type": tuple(TIME_ZONE),
        "resolution": RESOLUTIONS,
        "tick_type": ("trade", "quote"),
    }
    for key, values in allowed.items():
        if known[key] not in values:
            raise DataError(path, f"{key} is {known[key]!r}; allowed are {', '.join(values)}")
    if known["date"] is not None and date_text(known["date"]) is None:
        raise DataError(path, f"date is {known['date']!r}; allowed is a date YYYYMMDD")
    return LeanName(**{key: known[key] for key in (*needed[:5], "date")})


def _read_path(path: Path) -> dict[str, str]:
    parts = [part.lower() for part in path.parts]
    known: dict[str, str] = {}
    stem = path.name.lower().removesuffix(".zip")
    dated = re.fullmatch(r"(\d{8})_(trade|quote)", stem)
    if dated:
        known["date"], known["tick_type"] = dated[1], dated[2]
    for place in range(len(parts) - 2, 1, -1):
        if parts[place] not in RESOLUTIONS or parts[place - 2] not in (*TIME_ZONE, "forex", "cfd",
                                                                       "option", "future"):
            continue  # fmt: skip
        known["resolution"] = parts[place]
        known["market"], known["security_type"] = parts[place - 1], parts[place - 2]
        if dated and place + 1 < len(parts) - 1:
            known["ticker"] = parts[place + 1]
        elif not dated:
            typed = re.fullmatch(r"(.+)_(trade|quote)", stem)
            known["ticker"] = typed[1] if typed else stem
            known["tick_type"] = typed[2] if typed else "trade"
        break
    return known


def _read_member(member: str) -> dict[str, str]:
    name = member.rsplit("/", 1)[-1].lower().removesuffix(".csv")
    resolutions = "|".join(RESOLUTIONS)
    found = re.fullmatch(rf"(\d{{8}})_(.+)_({resolutions})_(trade|quote)", name)
    if found:
        keys = ("date", "ticker", "resolution", "tick_type")
    else:
        found = re.fullmatch(rf"(\d{{8}})_(.+)_(trade|quote)_({resolutions})", name)
        keys = ("date", "ticker", "tick_type", "resolution")
    return dict(zip(keys, found.groups(), strict=True)) if found else {}
