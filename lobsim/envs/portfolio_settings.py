"""What a portfolio environment was asked to be, checked; and what one day of it is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lobsim.engine.units import Grid
from lobsim.envs.clients import Block, ClientBook
from lobsim.envs.portfolio_layout import MODES, NUMBERS, PORTFOLIO_TERMS
from lobsim.envs.rewards import REWARDS, weights_of
from lobsim.envs.seeding import episode_rng, episode_seeds
from lobsim.market.arguments import checked_window
from lobsim.market.parts import FillRule
from lobsim.market.profile import Profile
from lobsim.market.trading_days import Universe

__all__ = ["PORTFOLIO_REWARDS", "Day", "PortfolioSettings"]

NEUTRALS = {None: 0, "dollar": 1, "cash": 2}
OBSERVATIONS = ("flat", "dict")
MOST_DECISIONS = 10_000

PORTFOLIO_REWARDS = {name: weights for name, weights in REWARDS.items()
                     if name != "against_schedule"}
PORTFOLIO_REWARDS |= {"clients": REWARDS["controlled"] | {"aversion": 1.0},
                      "each_client": REWARDS["controlled"] | {"own_risk": 1.0}}
"""Named weights: those of a single order that count money, and what clients ask for: cost and, by
the aversion of each, risk: that of the desk, or that of each block by itself."""


class Day(NamedTuple):
    """What is drawn for one episode."""

    profiles: tuple[Profile, ...]
    blocks: tuple[Block | None, ...]
    start_s: float
    seeds: np.ndarray  # of the markets
    common_seed: int


@dataclass(frozen=True, eq=False)
class PortfolioSettings:
    """Arguments of `lobsim.envs.PortfolioEnv`, which documents them; errors are one sentence."""

    universe: Universe | Sequence[Profile] | None = None
    names: int | None = None
    clients: ClientBook = field(default_factory=ClientBook)
    blocks: Sequence[Block] | None = None
    horizon_s: float = 1560.0
    interval_s: float = 60.0
    start_s: float | tuple[float, float] = (34_500.0, 56_040.0)
    actions: str = "pace"
    max_shift_s: float = 300.0
    slice_s: float = 60.0
    neutral: str | None = None
    most_net: float = 0.1
    reward: str | Mapping[str, float] = "controlled"
    discount: float = 0.99
    observation: str = "flat"
    blind: bool = False
    parts: tuple = ()
    market: Universe = field(init=False, repr=False)
    weights: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "market", self._market())
        object.__setattr__(self, "weights", portfolio_weights(self.reward))
        for name in ("horizon_s", "interval_s", "slice_s", "max_shift_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be positive")
        exact = self.horizon_s / self.interval_s
        if abs(exact - round(exact)) > 1e-9 or not 1 <= round(exact) <= MOST_DECISIONS:
            raise ValueError(f"horizon_s is {self.horizon_s}; it must be 1 to {MOST_DECISIONS} "
                             f"whole decisions of interval_s, {self.interval_s} s")
        for name, allowed in (("actions", tuple(MODES)), ("neutral", tuple(NEUTRALS)),
                              ("observation", OBSERVATIONS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be one of "
                                 f"{', '.join(map(str, allowed))}")
        if not 0 <= self.most_net <= 1:
            raise ValueError(f"most_net is {self.most_net}; it must be a share of the gross value, "
                             f"from 0 to 1")
        if not 0 <= self.discount <= 1:
            raise ValueError(f"discount is {self.discount}; it must be from 0 to 1")
        for profile in self.market.profiles:
            for start_s in self.starts_s:
                checked_window(profile, start_s, start_s + self.horizon_s)
        if self.blocks is not None:
            object.__setattr__(self, "blocks", self._given(self.blocks))

    def _market(self) -> Universe:
        chosen = self.universe
        if chosen is None or not isinstance(chosen, Universe):
            chosen = Universe() if chosen is None else Universe(chosen)
        if self.names is not None:
            if self.names != int(self.names) or not 1 <= self.names <= len(chosen):
                raise ValueError(f"names is {self.names}; it must be from 1 to {len(chosen)}, "
                                 f"the names of the universe")
            chosen = chosen.some(int(self.names))
        if self.parts:
            chosen = chosen.with_parts(*self.parts)
        for profile in chosen.profiles:
            rule = profile.part(FillRule)
            if rule is not None and rule.fill_rule != "queue":
                raise ValueError(f"profile {profile.name} has the fill rule {rule.fill_rule!r}; "
                                 f"a share of the volume needs fills of the true queue")
        return chosen

    def _given(self, blocks) -> tuple:
        by_name = {block.name: block for block in blocks}
        names = [profile.name for profile in self.market.profiles]
        unknown = sorted(set(by_name) - set(names))
        if unknown or len(by_name) != len(blocks) or not blocks:
            raise ValueError(f"blocks are in {', '.join(block.name for block in blocks)}; there "
                             f"must be at least one, each in another of the {len(names)} names of "
                             f"the universe")
        for profile in self.market.profiles:
            block = by_name.get(profile.name)
            if block is not None:
                lots = Grid(profile.lot_size, "lot_size").units(block.quantity)
                if not lots or block.deadline_s > self.horizon_s + 1e-9:
                    raise ValueError(f"the block in {profile.name} is of {block.quantity} by "
                                     f"{block.deadline_s} s; it must be whole lots of "
                                     f"{profile.lot_size:g} by {self.horizon_s} s, the horizon")
        return tuple(by_name.get(name) for name in names)

    @property
    def steps(self) -> int:
        """Decisions of a day."""
        return round(self.horizon_s / self.interval_s)

    @property
    def numbers(self) -> int:
        """Numbers of the action of one name."""
        return NUMBERS[self.actions]

    @property
    def starts_s(self) -> tuple[float, float]:
        """Earliest and latest start, seconds after midnight."""
        if np.ndim(self.start_s) == 0:
            return float(self.start_s), float(self.start_s)
        if len(self.start_s) != 2 or not self.start_s[0] <= self.start_s[1]:
            raise ValueError(f"start_s is {self.start_s}; it must be a time or (earliest, latest)")
        return float(self.start_s[0]), float(self.start_s[1])

    def draw(self, seed: int) -> Day:
        """The day with this seed: its start, its markets and the blocks of its clients."""
        low, high = self.starts_s
        start_s = low
        if high > low:  # whole minutes, at which the market's day changes
            start_s = low + 60.0 * math.floor((high - low) / 60.0 * episode_rng(seed).random()
                                              + 0.5)
        own = episode_seeds(seed, 0, len(self.market) + 3)
        blocks = self.blocks
        if blocks is None:
            blocks = self.clients.draw(self.market.profiles, int(own[-3]), start_s, self.horizon_s)
        return Day(self.market.day(int(own[-2])), blocks, start_s, own[:-3], int(own[-1]))


def portfolio_weights(reward: str | Mapping[str, float]) -> np.ndarray:
    """Weights of all `PORTFOLIO_TERMS` in a reward.

    Raises
    ------
    ValueError
        When the name or a term is unknown, or a weight is not finite.

    Examples
    --------
    >>> portfolio_weights("clients").sum()
    np.float64(5.0)
    """
    return weights_of(reward, named=PORTFOLIO_REWARDS, terms=PORTFOLIO_TERMS)
