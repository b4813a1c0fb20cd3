"""What an execution environment was asked to be, checked; and what one episode of it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lobsim.analytics._checks import side_sign
from lobsim.engine.units import Grid
from lobsim.envs.execution_layout import CONTINUOUS, DISCRETE, ORDERS, PACE
from lobsim.envs.randomise import Randomise, drawn_profile
from lobsim.envs.rewards import weights_of
from lobsim.envs.seeding import episode_rng
from lobsim.market.arguments import checked_window
from lobsim.market.curve import cumulative_share
from lobsim.market.profile import Profile
from lobsim.market.profiles import find_profile

__all__ = ["Episode", "ExecutionSettings"]

MODES = {"discrete": DISCRETE, "continuous": CONTINUOUS, "orders": ORDERS, "pace": PACE}
SCHEDULES = ("vwap", "twap")
MOST_STEPS = 1_000_000
MOST_DEPTH = 100


class Episode(NamedTuple):
    """What is drawn for one episode."""

    profile: Profile
    start_s: float
    side: int


@dataclass(frozen=True, eq=False)
class ExecutionSettings:
    """Arguments of `lobsim.envs.ExecutionEnv`, which documents them; errors are one sentence."""

    profile: str | Profile = "SPY"
    side: str | int = "sell"
    quantity: float = 10_000
    horizon_s: float = 14_400.0
    interval_s: float = 10.0
    start_s: float | tuple[float, float] = 36_000.0
    actions: str = "discrete"
    slice_s: float = 60.0
    sizes: tuple[float, ...] = (1.0, 4.0)
    offsets: tuple[int, ...] = (0, 1, -1)
    max_slices: float = 5.0
    max_offset_ticks: int = 4
    max_shift_s: float = 300.0
    shift_levels: int | None = None
    schedule: str = "vwap"
    guard_s: float | None = None
    ahead_s: float | None = None
    reward: str | Mapping[str, float] = "controlled"
    discount: float = 0.99
    blind: bool = False
    depth_levels: int = 0
    parts: tuple = ()
    randomise: Randomise | None = None
    base: Profile = field(init=False, repr=False)
    lots: int = field(init=False, repr=False)
    weights: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        base = find_profile(self.profile).with_parts(*self.parts)
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "weights", weights_of(self.reward))
        if self.side != "random":
            side_sign(self.side)
        lots = Grid(base.lot_size, "lot_size").units(self.quantity)
        if not lots or lots < 1:
            raise ValueError(f"quantity is {self.quantity}; it must be a positive whole number of "
                             f"lots of {base.lot_size:g} {base.size_unit}")
        object.__setattr__(self, "lots", lots)
        for name in ("horizon_s", "interval_s", "slice_s", "max_slices", "max_shift_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be positive")
        if self.interval_s > self.horizon_s or self.steps > MOST_STEPS:
            raise ValueError(f"interval_s is {self.interval_s} for a horizon of {self.horizon_s} "
                             f"s; it must not be longer, nor give more than {MOST_STEPS} steps")
        self._check_choices()
        for start_s in self.starts_s:
            checked_window(base, start_s, start_s + self.horizon_s)
        drawn_profile(self.randomise, base, np.random.default_rng(0))

    def _check_choices(self):
        if self.actions not in MODES:
            raise ValueError(f"actions is {self.actions!r}; it must be one of {', '.join(MODES)}")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule is {self.schedule!r}; it must be one of "
                             f"{', '.join(SCHEDULES)}")
        if not self.sizes or not all(0 < size < math.inf for size in self.sizes):
            raise ValueError(f"sizes is {self.sizes}; it must hold positive numbers of slices")
        if not self.offsets or any(ticks != int(ticks) for ticks in self.offsets):
            raise ValueError(f"offsets is {self.offsets}; it must hold whole numbers of ticks")
        for name in ("guard_s", "ahead_s"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ValueError(f"{name} is {value}; it must be None or at least 0 s")
        if self.max_offset_ticks != int(self.max_offset_ticks) or self.max_offset_ticks < 1:
            raise ValueError(f"max_offset_ticks is {self.max_offset_ticks}; it must be a whole "
                             f"number above 0")
        levels = self.shift_levels
        if levels is not None and (levels != int(levels) or levels < 2):
            raise ValueError(f"shift_levels is {levels}; it must be None or a whole number from 2")
        depth = self.depth_levels
        if not isinstance(depth, int | np.integer) or not 0 <= depth <= MOST_DEPTH:
            raise ValueError(f"depth_levels is {depth!r}; it must be a whole number from 0 to "
                             f"{MOST_DEPTH}")
        object.__setattr__(self, "depth_levels", int(depth))
        if not 0 <= self.discount <= 1:
            raise ValueError(f"discount is {self.discount}; it must be from 0 to 1")

    @property
    def discrete_actions(self) -> int:
        """How many actions there are to choose from; 0 if an action is a number."""
        if self.actions == "pace":
            return int(self.shift_levels or 0)
        return len(self.choices()) if self.actions == "discrete" else 0

    @property
    def steps(self) -> int:
        """Decisions of an episode."""
        return max(1, math.ceil(self.horizon_s / self.interval_s - 1e-9))

    @property
    def starts_s(self) -> tuple[float, float]:
        """Earliest and latest start, seconds after midnight."""
        if np.ndim(self.start_s) == 0:
            return float(self.start_s), float(self.start_s)
        if len(self.start_s) != 2 or not self.start_s[0] <= self.start_s[1]:
            raise ValueError(f"start_s is {self.start_s}; it must be a time or (earliest, latest)")
        return float(self.start_s[0]), float(self.start_s[1])

    @property
    def slice_lots(self) -> int:
        """Lots that an even schedule trades in `slice_s`, at least one."""
        return max(1, round(self.lots * min(self.slice_s / self.horizon_s, 1.0)))

    def choices(self) -> np.ndarray:
        """What each discrete action means: slices to cross, ticks better, slices to rest."""
        if self.actions != "discrete":
            return np.array([[0.0, 0.0, self.max_slices]])
        rows = [(0.0, 0.0, -1.0), (0.0, 0.0, 0.0)]
        for size in self.sizes:
            rows += [(0.0, float(offset), size) for offset in self.offsets]
            rows.append((size, 0.0, -1.0))
        return np.array(rows)

    def draw(self, seed: int) -> Episode:
        """What is special to the episode with this market seed."""
        low, high = self.starts_s
        if low == high and self.side != "random" and self.randomise is None:
            return Episode(self.base, low, side_sign(self.side))
        rng = episode_rng(seed)
        start_s = float(round(low + (high - low) * rng.random()))  # whole seconds
        start_s = min(max(start_s, low), high)
        side = 1 - 2 * int(rng.integers(2))
        profile = drawn_profile(self.randomise, self.base, rng)
        if not Grid(profile.lot_size, "lot_size").units(self.quantity):
            raise ValueError(f"randomise returned lots of {profile.lot_size:g}; the quantity is "
                             f"{self.quantity}")
        checked_window(profile, start_s, start_s + self.horizon_s)
        return Episode(profile, start_s, side if self.side == "random" else side_sign(self.side))

    def shares_due(self, profile: Profile, start_s: float) -> np.ndarray:
        """Share of the order that the schedule wants done at each decision, 0 to 1."""
        passed = np.minimum(self.interval_s * np.arange(self.steps + 1), self.horizon_s)
        if self.schedule == "twap":
            return passed / self.horizon_s
        share = cumulative_share(profile, start_s + passed)
        return (share - share[0]) / (share[-1] - share[0])
