"""Fifty names of different liquidity, made from three archetypes by a change of clock and scale."""

import math
from dataclasses import replace

import numpy as np

from lobsim.market.parts import (Fundamental, Impact, Makers, Metaorders, Takers, ZeroIntelligence)
from lobsim.market.profile import Profile
from lobsim.market.rng import Dice
from lobsim.market.state import GRID_NS, NS, RING

MOST_FORESIGHT_S = (RING - 1) * GRID_NS / NS
_STREAM = 140  # of the seed of a universe
_FORESEEN = ("sign_acf_1", "sign_acf_10", "sign_acf_50", "adverse_selection_1s",
             "adverse_selection_10s", "adverse_selection_60s")
"""Facts that shrink where takers foresee less."""


def rescaled(profile: Profile, name: str, *, activity: float, volatility_bps: float,
             size: float = 1.0, common_share: float = 0.0) -> Profile:
    """A market that is `profile` run on a faster clock, at another price and with other sizes.

    All rates are multiplied by `activity`, and so is the variance of F in ticks per second: in
    event time nothing changes, so spread, depth in trades, imbalance and signs stay as they are.
    The price follows from the volatility that is asked for: the same ticks are more basis points
    of a cheaper share.

    Parameters
    ----------
    profile : Profile
    name : str
    activity : float
        Factor of all rates, > 0.
    volatility_bps : float
        Of one average minute, in basis points, > 0.
    size : float
        Factor of all sizes (rounded to whole lots), > 0.
    common_share : float
        Share of the variance that comes from the factor of the universe.

    Returns
    -------
    Profile
        Its `clock` is that of `profile` times `activity`, so that its facts are told in event time;
        to the misses of `profile` it adds those of scale and of a quiet name.

    Notes
    -----
    Two things do not scale. Takers foresee `MOST_FORESIGHT_S` at most. And spread and volatility in
    basis points are matters of price: a quiet name that moves as many basis points a minute as a
    busy one does so in fewer steps, each of more of them (Kyle and Obizhaeva 2016 [1]_ find that
    spreads fall with activity across shares).

    References
    ----------
    .. [1] A. Kyle, A. Obizhaeva, "Market microstructure invariance: empirical hypotheses",
       Econometrica 84(4), 2016.
    """
    for label, value in (("activity", activity), ("volatility_bps", volatility_bps),
                         ("size", size)):
        if not value > 0:
            raise ValueError(f"{label} is {value}; it must be positive")
    crowd, takers, path, makers, impact = (profile.part(kind) for kind in (
        ZeroIntelligence, Takers, Fundamental, Makers, Impact))
    ticks = profile.ticks_of_bps(path.volatility_bps) * math.sqrt(activity)
    price = profile.tick_size * round(ticks / (volatility_bps * 1e-4))
    parts = [
        replace(crowd, limit_rate_per_s=crowd.limit_rate_per_s * activity,
                cancel_rate_per_s=crowd.cancel_rate_per_s * activity,
                limit_sizes=_sizes(crowd.limit_sizes, size, profile.lot_size)),
        replace(takers, market_rate_per_s=takers.market_rate_per_s * activity,
                lookahead_s=min(takers.lookahead_s / activity, MOST_FORESIGHT_S),
                bursts=tuple((share, time / activity) for share, time in takers.bursts),
                market_sizes=_sizes(takers.market_sizes, size, profile.lot_size)),
        replace(path, volatility_bps=volatility_bps, common_share=common_share,
                jump_rate_per_s=path.jump_rate_per_s * activity),
        replace(makers, stale_rate_per_s=makers.stale_rate_per_s * activity,
                refill_rate_per_s=makers.refill_rate_per_s * activity),
        # volume grows with activity and size, volatility with the root of activity
        replace(impact, depth_per_tick=impact.depth_per_tick * size * math.sqrt(activity),
                depth_growth=impact.depth_growth / math.sqrt(activity)),
    ]
    band = max(profile.band_ticks, 2 ** math.ceil(math.log2(16 * ticks * math.sqrt(390.0))))
    middle = round(price / profile.tick_size)
    return replace(profile.with_parts(*parts), name=name, symbol=name,
                   description=f"{profile.name} on a clock of {activity:.2g}, sizes of {size:.2g}",
                   start_price=price, daily_volume=profile.daily_volume * activity * size,
                   band_ticks=min(band, 2 * middle - 2), clock=profile.clock * activity,
                   misses=profile.misses | _misses(
                       profile.tick_size / price, volatility_bps,
                       takers.lookahead_s * profile.clock, activity * profile.clock))


def _misses(tick_share: float, volatility_bps: float, foresight_s: float, clock: float) -> dict:
    """What a change of scale moves out of the regions of busy names, and why."""
    found = {
        "spread_median_bps":
            f"One tick is {1e4 * tick_share:.2g} bps of the price; the region is that of busy "
            f"names.",
        "volatility_1min_bps":
            f"{volatility_bps:.2g} bps a minute were drawn; the region is that of a few busy "
            f"names.",
        **{f"volume_{end}_half_hour":
           "A few trades, in bursts: the share of a half hour differs more from day to day than "
           "the region is wide." for end in ("first", "last")},
    }
    found["obi_predictive_r2_10s"] = ("Imbalance tells little of ten seconds ahead, and a few days "
                                      "of one name tell little of how much.")
    if foresight_s > MOST_FORESIGHT_S * clock:
        reason = (f"Takers foresee {MOST_FORESIGHT_S * clock:.2g} s of this name's clock at most, "
                  f"{foresight_s:.2g} s in the profile it is made from.")
        found |= dict.fromkeys(_FORESEEN, reason)
    return found


def _sizes(sizes, factor: float, lot: float):
    """A table of sizes, each multiplied and rounded to whole lots, at least one."""
    return tuple((max(lot, lot * round(value * factor / lot)), share) for value, share in sizes)


def make_universe(archetypes: dict[str, Profile], count: int = 50, seed: int = 1) -> tuple:
    """Names of an index: few busy, many quiet; cheap and dear; all moved by one factor.

    Parameters
    ----------
    archetypes : dict of str to Profile
        Keys ``"large"``, ``"mid"``, ``"small"``: the tick regimes that names belong to.
    count : int
        Names, at least 1.
    seed : int
        Of the draw of the parameters; the default universe is seed 1.

    Returns
    -------
    tuple of Profile
        Named ``U01``, ``U02``, ... from the busiest to the quietest. Activity falls as a power
        of the rank (exponent 0.8, noise of 25 %) from 1.5 to a twentieth; volatility is
        log-normal around 6 bps a minute (spread 35 %), sizes around 1 (40 %); the share of the
        common factor in the diffusion is uniform from 0.3 to 0.9. Regimes are drawn with the
        chances 0.3 (large tick), 0.5 (mid), 0.2 (small).
    """
    if count < 1:
        raise ValueError(f"count is {count}; a universe has at least one name")
    dice = Dice(seed, _STREAM)
    kinds = dice.choice(count, np.array(["large", "mid", "small"], dtype=object), [0.3, 0.5, 0.2])
    activity = np.clip(1.5 * np.arange(1, count + 1) ** -0.8 * _bell(dice, count, 0.25), 0.05, 1.5)
    activity = np.sort(activity)[::-1]
    volatility = np.clip(6.0 * _bell(dice, count, 0.35), 2.5, 15.0)
    size = np.clip(_bell(dice, count, 0.40), 0.4, 2.5)
    share = dice.uniform(count, 0.3, 0.9)
    return tuple(rescaled(archetypes[kinds[k]], f"U{k + 1:02}", activity=float(activity[k]),
                          volatility_bps=float(volatility[k]), size=float(size[k]),
                          common_share=float(share[k])).without(Metaorders)
                 for k in range(count))


def _bell(dice: Dice, count: int, spread: float) -> np.ndarray:
    """Factors around 1 whose logarithm is near normal (a sum of twelve uniform numbers)."""
    normal = dice.uniform(12 * count).reshape(count, 12).sum(axis=1) - 6.0
    return np.exp(spread * normal)
