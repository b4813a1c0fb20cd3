"""Domain randomisation over gaps: a simulator that is another one in every episode.

Whoever does not know how the live market differs can train for a range of differences, so that no
single one is a surprise. The agent then learns what is good *on average* over them: less than one
trained for the true difference, and more than one trained for none. What it can see of the
difference (a trend in the price) it may even answer.
"""

from collections.abc import Mapping

import numpy as np

from lobsim.market.profile import Profile
from lobsim.sim_to_real.gaps import GAPS, Gap, Rules, with_gaps

__all__ = ["RandomGaps"]


class RandomGaps:
    """Draws a market with gaps for each episode: ``randomise`` of `lobsim/Execution-v0`.

    Parameters
    ----------
    ranges : mapping of str to (float, float)
        Smallest and largest size of gaps by name, drawn uniformly. Only of gaps that are parts of
        the market; those of the venue around it (`ack_delay`, `queue`, `throttle`, `rejects`,
        `clock_skew`, `stale_feed`) cannot be met in training.
    markets : int
        How many markets are drawn; each episode is in one of them. Markets are set up once.
    seed : int
        Of the draw of markets.

    Notes
    -----
    An observation is scaled by the episode's own market, so what changes those scales
    (`volatility`, `flow`) is partly told to the agent in training and not live.

    Examples
    --------
    >>> from lobsim.market import profiles
    >>> random = RandomGaps({"trend": (-2.0, 2.0)}, markets=4)
    >>> drawn = random(np.random.default_rng(0), profiles["SPY"])
    >>> -2.0 <= drawn.trend_bps_per_min <= 2.0
    True
    """

    def __init__(self, ranges: Mapping[str, tuple[float, float]], *, markets: int = 32,
                 seed: int = 0):
        if not ranges:
            raise ValueError("ranges is empty; name at least one gap")
        if markets != int(markets) or markets < 1:
            raise ValueError(f"markets is {markets}; it must be a whole number above 0")
        for name, (low, high) in ranges.items():
            Gap(name, float(low)), Gap(name, float(high))
            if not low <= high:
                raise ValueError(f"the range of the gap {name} is ({low}, {high}); it must rise")
        rng = np.random.default_rng([seed, 0x67617073])
        names = sorted(ranges, key=GAPS.index)
        self.ranges = {name: tuple(map(float, ranges[name])) for name in names}
        self.draws = [tuple(Gap(name, float(rng.uniform(*self.ranges[name]))) for name in names)
                      for _ in range(int(markets))]
        self._made: tuple[Profile, list[Profile]] | None = None

    def __repr__(self) -> str:
        return f"RandomGaps({self.ranges}, markets={len(self.draws)})"

    def markets(self, profile: Profile) -> list[Profile]:
        """All markets, from a profile."""
        if self._made is None or self._made[0] is not profile:
            made = [with_gaps(profile, gaps) for gaps in self.draws]
            if any(rules != Rules() for _, rules in made):
                raise ValueError(f"the ranges {self.ranges} hold a gap of the venue around the "
                                 f"market, which the simulator does not have")
            self._made = profile, [market for market, _ in made]
        return self._made[1]

    def __call__(self, rng: np.random.Generator, profile: Profile) -> Profile:
        """One of them."""
        return self.markets(profile)[int(rng.integers(len(self.draws)))]
