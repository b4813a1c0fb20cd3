"""`Profile`: what a market is, as a name, a price grid, a day, and a tuple of parts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from lobsim.market.part_checks import check_parts
from lobsim.market.parts import PARTS, Fundamental
from lobsim.market.state import OWN_ROOM

_TABLE = 256
"""Entries of a size table; a size is drawn by one byte of a random word."""


@dataclass(frozen=True, eq=False)
class Profile:
    """A market: its grid, its day, and its parts (`lobsim.market.parts`).

    Parameters of parts can be read as attributes of the profile (``profile.taker_fee``).

    Parameters
    ----------
    name, symbol, description : str
    tick_size, start_price : float
        Currency per unit.
    parts : tuple
        At most one of each class of `lobsim.market.parts`.
    lot_size : float
        Smallest quantity (1 share, or a fraction of a coin); the engine counts in lots.
    size_unit : str
        "shares" or "BTC": what a size of 1.0 means.
    day_start_s, day_end_s : float
        The trading day, seconds after local midnight; may be longer than 24 h.
    daily_volume : float
        Expected volume of a day.
    max_live : int
        Orders that may rest at one time; 64 of these places are kept for own orders.
    band_ticks : int
        Width of the price band around `start_price`; the efficient price is held inside it.
    facts : str
        Key of the target regions in `lobsim.analytics.TARGETS` that it is meant for.
    misses : mapping of fact to reason
        What real markets show and this profile does not.
    clock : float
        Seconds on the market's own clock in one second: below 1 for a quiet name, whose facts are
        told at horizons that are as much longer (`lobsim.analytics.stylised_facts`).
    """

    name: str
    symbol: str
    description: str
    tick_size: float
    start_price: float
    parts: tuple
    lot_size: float = 1.0
    size_unit: str = "shares"
    day_start_s: float = 34_200.0
    day_end_s: float = 57_600.0
    daily_volume: float = float("nan")
    max_live: int = 512
    band_ticks: int = 8192
    facts: str = ""
    misses: Mapping[str, str] = field(default_factory=dict)
    clock: float = 1.0

    def __post_init__(self):
        kinds = [type(part) for part in self.parts]
        for kind in kinds:
            if kind not in PARTS:
                raise ValueError(f"{kind.__name__} is not a part of a market; parts are "
                                 f"{', '.join(part.__name__ for part in PARTS)}")
            if kinds.count(kind) > 1:
                raise ValueError(f"profile {self.name} has {kind.__name__} twice")
        for name in ("tick_size", "start_price", "lot_size"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} of profile {self.name} is {getattr(self, name)}; it must "
                                 f"be positive")
        if not 0 < self.clock < math.inf:
            raise ValueError(f"clock of profile {self.name} is {self.clock}; it must be positive")
        if self.max_live <= OWN_ROOM:
            raise ValueError(f"max_live of profile {self.name} is {self.max_live}; it must be more "
                             f"than the {OWN_ROOM} places of own orders")
        if not self.day_start_s < self.day_end_s:
            raise ValueError(f"the day of profile {self.name} runs from {self.day_start_s} to "
                             f"{self.day_end_s} s; it must end after its start")
        check_parts(self.parts, self.lot_size)

    def part(self, kind: type) -> Any:
        """The part of this class, or None."""
        return next((part for part in self.parts if type(part) is kind), None)

    def __getattr__(self, name: str):
        if not name.startswith("_"):
            for part in self.__dict__.get("parts", ()):
                if name in part.__dataclass_fields__:
                    return getattr(part, name)
        raise AttributeError(f"profile {self.__dict__.get('name')} has no {name!r}")

    @property
    def volatility_ticks_per_sqrt_s(self) -> float:
        """Standard deviation of one average second's change of the efficient price, in ticks."""
        path = self.part(Fundamental)
        return self.ticks_of_bps(path.volatility_bps) / math.sqrt(60.0) if path else 0.0

    def ticks_of_bps(self, bps: float) -> float:
        """Ticks of a relative price change, at the start price."""
        return bps * 1e-4 * self.start_price / self.tick_size

    def with_changes(self, **changes) -> "Profile":
        """Return a copy with some parameters of the profile or of its parts replaced.

        Raises
        ------
        ValueError
            When neither the profile nor one of its parts has a parameter of that name.

        Examples
        --------
        >>> from lobsim.market import profiles
        >>> profiles["SPY"].with_changes(taker_fee=0.0).taker_fee
        0.0
        """
        own = {f.name for f in fields(self)}
        parts = []
        for part in changes.get("parts", self.parts):
            mine = {name: value for name, value in changes.items()
                    if name in part.__dataclass_fields__}
            parts.append(replace(part, **mine) if mine else part)
        known = own.union(*(part.__dataclass_fields__ for part in parts))
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ValueError(f"profile {self.name} has no parameter {unknown[0]!r}")
        rest = {name: value for name, value in changes.items() if name in own}
        return replace(self, **rest | {"parts": tuple(parts)})

    def with_parts(self, *parts) -> "Profile":
        """Return a copy with these parts added, each in place of one of its class.

        Examples
        --------
        >>> from lobsim.market import profiles
        >>> from lobsim.market.parts import Latency
        >>> profiles["SPY"].with_parts(Latency(order_s=0.001)).order_s
        0.001
        """
        kept = [part for part in self.parts if type(part) not in {type(new) for new in parts}]
        return replace(self, parts=(*kept, *parts))

    def without(self, *kinds: type) -> "Profile":
        """Return a copy without the parts of these classes."""
        return replace(self, parts=tuple(p for p in self.parts if type(p) not in kinds))


def size_table(sizes, lot_size: float) -> np.ndarray:
    """Spread a size distribution over 256 equally likely entries, in lots.

    Whole shares take the listed sizes, with probabilities rounded to 1/256 by cumulative sums so
    that they add up. Fractions of a coin take all sizes in between as well (log-linear).
    """
    if lot_size != 1.0:
        at = np.cumsum([p for _, p in sizes])
        quantiles = (np.arange(_TABLE) + 0.5) / _TABLE * at[-1]
        logs = np.interp(quantiles, at - at[0], np.log([size for size, _ in sizes]))
        return np.maximum(1, np.rint(np.exp(logs) / lot_size)).astype(np.int64)
    values = np.array([round(size / lot_size) for size, _ in sizes], dtype=np.int64)
    edges = np.cumsum([p for _, p in sizes])
    edges = np.rint(edges / edges[-1] * _TABLE).astype(int)
    counts = np.diff(np.concatenate([[0], edges]))
    return np.repeat(values, counts)
