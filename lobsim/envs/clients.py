"""Blocks that clients give to a desk for a day: what each wants, and what it does not allow."""

from dataclasses import dataclass, field

import numpy as np

from lobsim.market.arguments import checked_seed
from lobsim.market.curve import cumulative_share
from lobsim.market.parts import Takers
from lobsim.market.profile import Profile
from lobsim.market.rng import Dice

__all__ = ["URGENCIES", "Block", "ClientBook", "expected_volume"]

_BLOCKS = 151  # stream of a seed


@dataclass(frozen=True)
class Urgency:
    """How soon, and how much a client minds risk.

    Parameters
    ----------
    risk_aversion : float
        1/bps: the client is as content with a cost of c bps as with a variance of
        c / `risk_aversion` bps^2.
    deadline : (float, float)
        Earliest and latest, as a share of the horizon.
    """

    risk_aversion: float
    deadline: tuple[float, float]


URGENCIES = {"low": Urgency(0.001, (1.0, 1.0)), "medium": Urgency(0.003, (0.6, 1.0)),
             "high": Urgency(0.01, (0.35, 0.6))}
"""A variance of a third of that of 26 minutes at 6 bps a minute, about 300 bps^2, weighs as 0.3, 1
and 3 bps: below, as much as, and above what the spread of a liquid name costs."""


@dataclass(frozen=True)
class Block:
    """An order of a client, and its limits, none of which may be broken.

    Parameters
    ----------
    name : str
        Of the profile that it is in.
    side : int
        +1 buys, -1 sells.
    quantity : float
        In the profile's unit, > 0, whole lots.
    deadline_s : float
        Seconds after its arrival, > 0; rounded up to whole decisions by an environment.
    risk_aversion : float
        1/bps, at least 0; see `Urgency`.
    min_completion : float
        Share of the quantity that must be done by the deadline, 0 to 1.
    max_participation : float
        Largest share of the market's volume since arrival, own trades included, above 0; 1 for no
        cap. It goes before `min_completion`: where there is too little volume for both, the block
        ends short.
    urgency : str
        Class that it is reported in.

    Examples
    --------
    >>> Block("U01", side=-1, quantity=1000, deadline_s=600, max_participation=0.2).min_completion
    1.0
    """

    name: str
    side: int
    quantity: float
    deadline_s: float
    risk_aversion: float = 0.003
    min_completion: float = 1.0
    max_participation: float = 1.0
    urgency: str = "medium"

    def __post_init__(self):
        if self.side not in (1, -1):
            raise ValueError(f"side of the block in {self.name} is {self.side!r}; it must be +1 "
                             f"(buy) or -1 (sell)")
        for name in ("quantity", "deadline_s"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} of the block in {self.name} is {getattr(self, name)}; it "
                                 f"must be positive")
        if not 0 <= self.risk_aversion < np.inf:
            raise ValueError(f"risk_aversion of the block in {self.name} is {self.risk_aversion}; "
                             f"it must be at least 0")
        if not 0 <= self.min_completion <= 1:
            raise ValueError(f"min_completion of the block in {self.name} is "
                             f"{self.min_completion}; it must be from 0 to 1")
        if not 0 < self.max_participation <= 1:
            raise ValueError(f"max_participation of the block in {self.name} is "
                             f"{self.max_participation}; it must be above 0 and at most 1")


@dataclass(frozen=True)
class ClientBook:
    """What the blocks of a day are like; each is drawn anew every day, from the day's seed.

    Parameters
    ----------
    coverage : float
        Chance that a client wants to trade a name, above 0 to 1; one name has a block at least.
    buy_chance : float
        0 to 1.
    volume_share : (float, float)
        Size of a block, as a share of the volume that its name expects until its deadline: the
        least and the most, above 0 and below 1.
    caps : (float, float)
        Largest participation, least and most, above 0 to 1.
    completions : tuple of float
        Smallest completions, each as likely, 0 to 1.
    urgencies : mapping of str to Urgency
        Classes, each as likely.

    Examples
    --------
    >>> from lobsim.market import UNIVERSE
    >>> blocks = ClientBook().draw(UNIVERSE[:5], seed=3, start_s=36_000, horizon_s=1560)
    >>> len(blocks), blocks == ClientBook().draw(UNIVERSE[:5], 3, 36_000, 1560)
    (5, True)
    """

    coverage: float = 1.0
    buy_chance: float = 0.5
    volume_share: tuple[float, float] = (0.01, 0.06)
    caps: tuple[float, float] = (0.15, 0.3)
    completions: tuple[float, ...] = (1.0, 1.0, 0.9, 0.8)
    urgencies: dict[str, Urgency] = field(default_factory=lambda: dict(URGENCIES))

    def __post_init__(self):
        if not (0 < self.coverage <= 1 and 0 <= self.buy_chance <= 1):
            raise ValueError(f"coverage is {self.coverage} and buy_chance {self.buy_chance}; the "
                             f"first must be above 0, both at most 1, none below 0")
        for name in ("volume_share", "caps"):
            low, high = getattr(self, name)
            if not 0 < low <= high <= 1:
                raise ValueError(f"{name} is {(low, high)}; it must be (least, most), above 0 and "
                                 f"at most 1")
        if not self.completions or not all(0 <= one <= 1 for one in self.completions):
            raise ValueError(f"completions is {self.completions}; it must hold shares from 0 to 1")
        if not self.urgencies:
            raise ValueError("urgencies is empty; name at least one class")

    def draw(self, profiles, seed: int, start_s: float, horizon_s: float) -> tuple:
        """The blocks of one day, in the order of the profiles.

        Parameters
        ----------
        profiles : sequence of Profile
        seed : int
            0 to 2**63 - 1.
        start_s, horizon_s : float
            When all blocks arrive, seconds after midnight, and the longest deadline, seconds.

        Returns
        -------
        tuple of Block or None
            None for a name that nobody wants to trade.
        """
        count = len(profiles)
        dice = Dice(checked_seed(seed), _BLOCKS)
        wanted = dice.uniform(count)
        limit = max(self.coverage, float(wanted.min()) + 1e-12)
        classes = list(self.urgencies)
        side, size, cap, end = dice.uniform(4 * count).reshape(4, count)
        done = dice.integers(count, 0, len(self.completions))
        kind = dice.integers(count, 0, len(classes))
        blocks = []
        for i, profile in enumerate(profiles):
            if wanted[i] >= limit:
                blocks.append(None)
                continue
            urgency = self.urgencies[classes[kind[i]]]
            deadline_s = horizon_s * _between(urgency.deadline, end[i])
            volume = expected_volume(profile, start_s, deadline_s)
            lots = max(1, round(volume * _between(self.volume_share, size[i]) / profile.lot_size))
            blocks.append(Block(
                profile.name, 1 if side[i] < self.buy_chance else -1,
                float(lots * profile.lot_size), float(deadline_s), urgency.risk_aversion,
                self.completions[done[i]], _between(self.caps, cap[i]), classes[kind[i]]))
        return tuple(blocks)


def expected_volume(profile: Profile, start_s: float, seconds: float) -> float:
    """Volume that an ordinary day of a profile brings in a window, in its unit.

    Without a `daily_volume` in the profile, that of its takers' rate and sizes.
    """
    before, after = cumulative_share(profile, [start_s, start_s + seconds])
    if np.isfinite(profile.daily_volume):
        return float(profile.daily_volume * (after - before))
    takers = profile.part(Takers)
    if takers is None:
        raise ValueError(f"profile {profile.name} has neither daily_volume nor Takers; nobody "
                         f"knows what volume to expect")
    mean = sum(size * share for size, share in takers.market_sizes)
    mean /= sum(share for _, share in takers.market_sizes)
    rate = takers.market_rate_per_s * mean * (profile.day_end_s - profile.day_start_s)
    return float(rate * (after - before))


def _between(limits, place) -> float:
    return float(limits[0] + (limits[1] - limits[0]) * place)
