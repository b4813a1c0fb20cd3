"""What can differ between the training market and the live one: named switches with a size.

========================= =======================================================================
name                      what a size of 1 changes (0 = nothing; all but `trend` are at least 0)
========================= =======================================================================
``volatility``            standard deviation of the efficient price + 100 %
``trend``                 drift of the efficient price + 1 basis point a minute (negative: down)
``spread``                makers demand half a tick more on each side
``flow``                  limit and market orders arrive at half the rate (1 / (1 + size))
``regime``                calm stretches of 20 minutes and storms of 10: in a storm twice the
                          activity and twice the volatility, and makers demand a tick more
``feed_latency``          what the trader sees is 1 s older, with jitter of 0.2 s
``order_latency``         orders and cancels travel 1 s longer, with jitter of 0.2 s
``ack_delay``             reports of own orders arrive 1 s (with jitter of 0.5 s) after the market
                          data that show the same, and overtake one another
``fees``                  0.2 basis points of the price more on every trade, taken or made
``cancel_fee``            a fee for each cancelled or replaced order: a cent, or the price of a
                          tick and a hundred lots where that is less
``queue``                 in each tenth of a second an own resting order falls behind everything at
                          its price with a chance of 20 % (1 - 0.8 ** size)
``hidden_liquidity``      takers meet hidden orders within the spread with a chance of 40 % more
``adverse_selection``     30 % more of single takers know where the price goes, up to all
``reaction``              own trades move the price twice as far (1 + size times)
``predator``              a trader who hunts one-sided flow on the tape, a typical market order at
                          a time, up to twenty of them
``throttle``              at most 4 requests in a second (4 / size); more are refused
``rejects``               5 % of requests are refused at random
``clock_skew``            the venue's stamps are 0.5 s ahead, and gain 50 microseconds a second
``stale_feed``            three of four looks at the book show again what the last one showed
                          (1 look in 1 + 3 size is fresh)
========================= =======================================================================

A mix is a tuple of `Gap`. Sizes in between move the simulator a part of the way toward live, which
is what attribution does. With no gap the live market is the training market bit for bit.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from lobsim.market.parts import (Fees, Fundamental, Hidden, Impact, Latency, Makers, Predator,
                                 Regime, Regimes, Takers, ZeroIntelligence)
from lobsim.market.profile import Profile

__all__ = ["GAPS", "Gap", "Rules", "as_gaps", "hidden_gaps", "with_gaps"]


@dataclass(frozen=True)
class Rules:
    """What a venue does around its market; the defaults are those of the training market.

    Parameters
    ----------
    ack_s, ack_jitter_s : float
        Delay of reports behind the market data, and the mean of an exponential one besides.
    lose_place : float
        Chance, in each tenth of a second, that an own resting order falls behind all at its price.
    most_per_s : float
        Requests in any second beyond which they are refused.
    reject_share : float
        Share of requests refused at random.
    skew_s, drift : float
        Venue's clock ahead of the true one at the start of the day, and seconds gained a second.
    fresh_every : int
        One in so many looks at the book is fresh; the others repeat it.
    """

    ack_s: float = 0.0
    ack_jitter_s: float = 0.0
    lose_place: float = 0.0
    most_per_s: float = math.inf
    reject_share: float = 0.0
    skew_s: float = 0.0
    drift: float = 0.0
    fresh_every: int = 1


def _scaled(profile: Profile, kind: type, **factors) -> Profile:
    """The profile with some parameters of one of its parts multiplied."""
    part = profile.part(kind)
    if part is None:
        raise ValueError(f"profile {profile.name} has no {kind.__name__}, which this gap changes")
    return profile.with_parts(replace(part, **{name: getattr(part, name) * factor
                                               for name, factor in factors.items()}))


def _added(profile: Profile, kind: type, default=None, most: float = math.inf,
           **terms) -> Profile:
    """The profile with something added to parameters of one of its parts."""
    part = profile.part(kind) or default
    if part is None:
        raise ValueError(f"profile {profile.name} has no {kind.__name__}, which this gap changes")
    return profile.with_parts(replace(part, **{name: min(getattr(part, name) + term, most)
                                               for name, term in terms.items()}))


def _flow(profile, size):
    factor = 1.0 / (1.0 + size)
    profile = _scaled(profile, ZeroIntelligence, limit_rate_per_s=factor)
    return _scaled(profile, Takers, market_rate_per_s=factor)


def _regime(profile, size):
    return profile.with_parts(Regimes((
        Regime("calm", 20.0),
        Regime("storm", 10.0, activity=1 + size, volatility=1 + size, slack_ticks=-size))))


def _fees(profile, size):
    per_share = (profile.part(Fees) or Fees()).fee_unit == "per_share"
    more = size * (0.2e-4 * profile.start_price if per_share else 0.2)
    return _added(profile, Fees, Fees(), maker_fee=more, taker_fee=more)


def _cancel_fee(profile, size):
    fee = min(0.01, 100 * profile.lot_size * profile.tick_size)
    return _added(profile, Fees, Fees(), cancel_fee=size * fee)


def _hidden(profile, size):
    return _added(profile, Hidden, Hidden(0.0), most=1.0, hidden_share=0.4 * size)


def _predator(profile, size):
    takers = profile.part(Takers)
    sizes = takers.market_sizes if takers else ((profile.lot_size, 1.0),)
    typical = sum(lots * share for lots, share in sizes) / sum(share for _, share in sizes)
    typical = max(1, round(size * typical / profile.lot_size)) * profile.lot_size
    return profile.with_parts(Predator(predator_size=typical, predator_limit=20 * typical,
                                       predator_threshold=2.0))


_MARKET: dict[str, Callable[[Profile, float], Profile]] = {
    "volatility": lambda p, x: _scaled(p, Fundamental, volatility_bps=1 + x),
    "trend": lambda p, x: _added(p, Fundamental, trend_bps_per_min=x),
    "spread": lambda p, x: _added(p, Makers, maker_slack_ticks=-0.5 * x),
    "flow": _flow,
    "regime": _regime,
    "feed_latency": lambda p, x: _added(p, Latency, Latency(), feed_s=x, feed_jitter_s=0.2 * x),
    "order_latency": lambda p, x: _added(p, Latency, Latency(), order_s=x, cancel_s=x,
                                         order_jitter_s=0.2 * x, cancel_jitter_s=0.2 * x),
    "fees": _fees,
    "cancel_fee": _cancel_fee,
    "hidden_liquidity": _hidden,
    "adverse_selection": lambda p, x: _added(p, Takers, most=1.0, informed_share=0.3 * x),
    "reaction": lambda p, x: _scaled(p, Impact, depth_per_tick=1 / (1 + x)),
    "predator": _predator,
}  # fmt: skip
_VENUE: dict[str, Callable[[Rules, float], Rules]] = {
    "ack_delay": lambda r, x: replace(r, ack_s=r.ack_s + x, ack_jitter_s=r.ack_jitter_s + x / 2),
    "queue": lambda r, x: replace(r, lose_place=1 - (1 - r.lose_place) * 0.8**x),
    "throttle": lambda r, x: replace(r, most_per_s=4 / x),
    "rejects": lambda r, x: replace(r, reject_share=min(1.0, r.reject_share + 0.05 * x)),
    "clock_skew": lambda r, x: replace(r, skew_s=r.skew_s + 0.5 * x, drift=r.drift + 5e-5 * x),
    "stale_feed": lambda r, x: replace(r, fresh_every=1 + round(3 * x)),
}  # fmt: skip

GAPS: tuple[str, ...] = (
    "volatility", "trend", "spread", "flow", "regime", "feed_latency", "order_latency",
    "ack_delay", "fees", "cancel_fee", "queue", "hidden_liquidity", "adverse_selection",
    "reaction", "predator", "throttle", "rejects", "clock_skew", "stale_feed",
)  # fmt: skip
"""Names of all gaps; the table at the head of the module says what each one changes."""


@dataclass(frozen=True)
class Gap:
    """One difference between the training market and the live one.

    Parameters
    ----------
    name : str
        One of `GAPS`.
    size : float
        1 = the default, 0 = off.

    Raises
    ------
    ValueError
        When there is no such gap, or the size is not finite, or negative (but for `trend`).
    """

    name: str
    size: float = 1.0

    def __post_init__(self):
        if self.name not in GAPS:
            raise ValueError(f"there is no gap {self.name!r}; it must be one of {', '.join(GAPS)}")
        if not math.isfinite(self.size) or (self.size < 0 and self.name != "trend"):
            raise ValueError(f"the size of the gap {self.name} is {self.size}; it must be a "
                             f"number from 0 on")


def as_gaps(gaps: Iterable) -> tuple[Gap, ...]:
    """Gaps given as `Gap`, as a name, as "name=size" or as (name, size); each name once.

    Examples
    --------
    >>> as_gaps(["queue", "fees=0.5"])
    (Gap(name='queue', size=1.0), Gap(name='fees', size=0.5))
    """
    found = []
    for one in gaps:
        if isinstance(one, str):
            name, _, size = one.partition("=")
            try:
                one = name, float(size) if size else 1.0
            except ValueError:
                raise ValueError(f"the size of the gap {name} is {size!r}; it must be a "
                                 f"number") from None
        found.append(one if isinstance(one, Gap) else Gap(str(one[0]), float(one[1])))
    names = [gap.name for gap in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the gap {name} is there twice")
    return tuple(found)


def with_gaps(profile: Profile, gaps: Iterable = ()) -> tuple[Profile, Rules]:
    """The live market's profile and the venue's rules.

    Raises
    ------
    ValueError
        When the profile has not the part that a gap changes.

    Examples
    --------
    >>> from lobsim.market import profiles
    >>> with_gaps(profiles["SPY"]) == (profiles["SPY"], Rules())
    True
    >>> with_gaps(profiles["SPY"], ["order_latency=0.5"])[0].order_s
    0.5
    """
    rules = Rules()
    for gap in as_gaps(gaps):
        if gap.size == 0:
            continue
        if gap.name in _MARKET:
            profile = _MARKET[gap.name](profile, gap.size)
        else:
            rules = _VENUE[gap.name](rules, gap.size)
    return profile, rules


def hidden_gaps(seed: int, count: int | None = None, names: Iterable[str] = GAPS
                ) -> tuple[Gap, ...]:
    """Draw the gaps of a live venue that nobody is told of: for diagnosis, a cause per student.

    Parameters
    ----------
    seed : int
    count : int, optional
        How many; by default 1 to 3 alike.
    names : iterable of str
        To draw from.

    Returns
    -------
    tuple of Gap
        Of sizes from 0.75 to 1.5.
    """
    names = tuple(names)
    rng = np.random.default_rng([seed, 0x6170])
    number = int(rng.integers(1, 4)) if count is None else count
    if not 0 <= number <= len(names):
        raise ValueError(f"count is {count}; it must be from 0 to {len(names)}")
    chosen = rng.permutation(len(names))[:number]
    sizes = rng.uniform(0.75, 1.5, number).round(2)
    return tuple(Gap(names[k], float(size)) for k, size in zip(chosen, sizes, strict=True))
