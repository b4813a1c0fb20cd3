"""Named markets: small sets of documented parameters (`profiles["SPY"]`, `profiles["BTC-USD"]`).

The numbers were found by a random search (an evolution strategy) that minimised the mean distance
of `lobsim.analytics.scorecard` to the regions of real markets, over two-hour windows and new seeds
in every generation (for the mid-tick names of the universe by hand after that, for SMALLTICK see
below); what a profile still misses is named in `misses`, and both are tested.

SMALLTICK's book is sparse: queues of one order or two, gaps of a power law between them, orders and
hidden liquidity within the spread. Cancellations alone hold the number of orders, some 40 where 192
have room: none is refused for want of a place, and a side is empty for less than a thousandth of
the time. Its numbers were found by linear fits of the facts to the parameters, over whole days, and
by hand after that.
"""

import math

from lobsim.market.parts import (Fees, Fundamental, Hidden, Impact, Makers, Takers, VolumeCurve,
                                 ZeroIntelligence)
from lobsim.market.profile import Profile
from lobsim.market.universe import make_universe


def _patience(levels: int, half: float, power: float = 1.0, digits: int = 3) -> tuple[float, ...]:
    """Cancellation rates at distances 1, 2, ...; `half` ticks farther off it is half as large."""
    return tuple(round(1.0 / (1.0 + (i / half)**power), digits) for i in range(levels))


def _impact(daily_volume: float, volatility_bps: float, minutes: int,
            ticks_per_bp: float) -> Impact:
    """The square-root law for a day's volume and volatility."""
    return Impact.square_root(daily_volume, volatility_bps * math.sqrt(minutes) * ticks_per_bp)


_SPY_RESTS = ((10, 0.0405), (40, 0.0405), (100, 0.425), (200, 0.2024), (300, 0.1315), (500,
              0.1012), (1000, 0.0506), (3000, 0.0059), (6000, 0.0025))
_SPY_TAKES = ((5, 0.06), (20, 0.06), (50, 0.08), (100, 0.45), (200, 0.16), (300, 0.08), (500,
              0.06), (1000, 0.035), (2000, 0.012), (5000, 0.003))
_MID_RESTS = ((10, 0.05), (40, 0.06), (100, 0.6), (200, 0.15), (300, 0.07), (500, 0.05), (1000,
              0.02))
_MID_TAKES = ((5, 0.06), (20, 0.05), (50, 0.06), (100, 0.52), (200, 0.15), (300, 0.07), (500,
              0.05), (1000, 0.03), (2000, 0.01))
_SMALL_RESTS = ((10, 0.22), (30, 0.14), (50, 0.1), (100, 0.43), (200, 0.05), (300, 0.03), (500,
                0.03))
_SMALL_TAKES = ((5, 0.046), (20, 0.064), (50, 0.074), (100, 0.647), (200, 0.101), (300, 0.042),
                (500, 0.025))
_BTC_RESTS = ((0.005, 0.15), (0.013, 0.25), (0.03, 0.2), (0.06, 0.2), (0.12, 0.12), (0.4, 0.08))
_BTC_TAKES = ((0.0005, 0.15), (0.003, 0.2), (0.013, 0.25), (0.03, 0.2), (0.08, 0.12), (0.2, 0.06),
              (0.8, 0.02))

SPY = Profile(
    name="SPY",
    symbol="SPY",
    description="Large-tick index fund on one venue with about a fifteenth of its volume",
    tick_size=0.01,
    start_price=168.0,
    daily_volume=9.43e6,  # mean of 64 days
    max_live=448,
    parts=(
        ZeroIntelligence(
            limit_rate_per_s=9.01, limit_decay=1.2, limit_levels=12,
            cancel_rate_per_s=1.01, cancel_shape=_patience(12, 1.5), limit_sizes=_SPY_RESTS),
        Takers(
            market_rate_per_s=2.2, market_sizes=_SPY_TAKES, meta_min_orders=2.22,
            meta_informed_share=0.744, informed_share=0.0235, lookahead_s=3.36,
            surprise_ticks=0.0181,
            bursts=((0.625, 0.226), (0.296, 1.79))),
        Fundamental(volatility_bps=3.7, jump_share=0.585, jump_rate_per_s=0.0222,
                    vol_of_vol=0.0542),
        Makers(maker_slack_ticks=0.128, maker_lean=0.931, cancel_lean=0.142,
               stale_rate_per_s=42.9, snipe_share=0.209,
               refill_rate_per_s=144.0),
        _impact(9140000.0, 3.6, 390, 1.68),
        VolumeCurve((0.113, 0.094, 0.083, 0.077, 0.073, 0.060, 0.050, 0.050, 0.049, 0.055, 0.060,
                     0.075, 0.169)),
        Fees(maker_fee=-0.0020, taker_fee=0.0030),
    ),
    facts="large_tick",
    misses={
        "obi_hit_75_100":
            "0.76 where real large-tick shares reach 0.8 and more: heavy orders that come and "
            "go blur what the queues tell.",
        "sign_acf_10":
            "0.38 (0.40 to 0.55): meta-orders are cut off at 1,000 orders and interrupted by "
            "informed ones.",
    },
)

MIDCAP = Profile(
    name="MIDCAP",
    symbol="MIDC",
    description="Mid-tick share: a spread of a few ticks, queues of a few trades",
    tick_size=0.01,
    start_price=110.0,
    daily_volume=6070000.0,
    max_live=384,
    band_ticks=16384,
    parts=(
        ZeroIntelligence(
            limit_rate_per_s=4.32, limit_decay=1.08, limit_levels=24,
            cancel_rate_per_s=0.553, cancel_shape=_patience(24, 3), limit_sizes=_MID_RESTS),
        Takers(
            market_rate_per_s=1.42, market_sizes=_MID_TAKES, meta_min_orders=1.49,
            meta_informed_share=0.941, informed_share=0.369, lookahead_s=4.54,
            sweep_share=0.0965, surprise_ticks=0.105,
            bursts=((0.204, 0.1), (0.299, 36.7))),
        Fundamental(volatility_bps=4.75, jump_share=0.579, jump_rate_per_s=0.0309,
                    vol_of_vol=0.0691),
        Makers(maker_slack_ticks=-0.277, maker_lean=0.817, cancel_lean=0.368,
               stale_rate_per_s=107.0, snipe_share=0.352,
               refill_rate_per_s=84.6, refill_ticks=3),
        _impact(6070000.0, 4.67, 390, 1.1),
        VolumeCurve((0.163, 0.100, 0.090, 0.077, 0.068, 0.056, 0.048, 0.049, 0.048, 0.055, 0.048,
                     0.072, 0.148)),
        Fees(maker_fee=-0.0020, taker_fee=0.0030),
    ),
    facts="mid_tick",
    misses={
        "ofi_r2_10s":
            "0.78 (0.5 to 0.7): on one venue every change of the quotes passes through visible "
            "orders.",
        "obi_predictive_r2_10s":
            "0.002 (0.006 and more): imbalance is forgotten within seconds here.",
        "gap_cv": "1.36 (1.9 to 4): stronger bursts would make signs too persistent.",
        "sign_acf_50": "0.05 (at most 0.03): the meta-orders of all venues are seen on one.",
        "adverse_selection_1s":
            "0.47 (0.55 to 0.82): makers take some seconds to learn from a trade.",
        "signature_flatness": "1.28 (at most 1.19): a thin best quote flickers and returns.",
    },
)

SMALLTICK = Profile(
    name="SMALLTICK",
    symbol="SMTK",
    description="Dear share with a spread of many ticks on one venue, as GOOG was in 2012",
    tick_size=0.01,
    start_price=570.0,
    daily_volume=7.03e5,  # mean of 10 days
    max_live=256,
    band_ticks=65536,
    parts=(
        ZeroIntelligence(
            limit_rate_per_s=2.62, limit_levels=300, limit_tail=1.02, limit_scale_ticks=2.43,
            inside_share=0.37, limit_sizes=_SMALL_RESTS, partial_cancels=False,
            cancel_rate_per_s=0.59,
            cancel_shape=_patience(200, 20.0, power=2.26, digits=4)),
        Hidden(hidden_share=0.36),
        Takers(
            market_rate_per_s=0.559, market_sizes=_SMALL_TAKES, meta_min_orders=2.3,
            meta_most_orders=10.5, meta_informed_share=0.155, informed_share=0.333,
            sweep_share=0.137, widest_spread_ticks=35,
            surprise_ticks=3.62, expected_share=0.462,
            bursts=((0.586, 0.0359), (0.294, 3.82))),
        Fundamental(volatility_bps=2.8, jump_share=0.844, jump_rate_per_s=0.0298,
                    vol_of_vol=0.252),
        Makers(maker_slack_ticks=-2.81, maker_lean=0.164, cancel_lean=0.32,
               stale_rate_per_s=22.0, snipe_share=0.0496, refill_rate_per_s=0.48,
               refill_ticks=7),
        _impact(7.03e5, 4.9, 390, 5.7),
        VolumeCurve((0.102, 0.075, 0.088, 0.078, 0.052, 0.055, 0.048, 0.042, 0.045, 0.058, 0.045,
                     0.090, 0.256)),
        Fees(maker_fee=-0.0020, taker_fee=0.0030),
    ),
    facts="small_tick",
    misses={
        "ofi_predictive_r2_1s":
            "0.012 (at most 0.005): quotes follow what makers learn from a trade within a second "
            "or two, and flow comes first.",
        "obi_hit":
            "0.548 (0.55 to 0.59): all that a queue tells is that the rest of a half-taken order "
            "goes next.",
        "sign_acf_50":
            "-0.01 to 0 (0 to 0.03): meta-orders end after ten orders; longer ones would keep too "
            "much memory at lag 10.",
    },
)

BTC_USD = Profile(
    name="BTC-USD",
    symbol="BTC/USD",
    description="Bitcoin against the dollar on one exchange: coarse tick, thin queues, jumps",
    tick_size=1.0,
    start_price=78000.0,
    daily_volume=3510.0,
    lot_size=0.0001,
    size_unit="BTC",
    day_start_s=0.0,
    day_end_s=86400.0,
    max_live=384,
    band_ticks=32768,
    parts=(
        ZeroIntelligence(
            limit_rate_per_s=2.87, limit_decay=1.37, limit_levels=30,
            cancel_rate_per_s=0.563, cancel_shape=_patience(30, 3), limit_sizes=_BTC_RESTS),
        Takers(
            market_rate_per_s=0.456, market_sizes=_BTC_TAKES, meta_min_orders=1.61,
            meta_informed_share=0.51, informed_share=0.234, lookahead_s=1.77,
            sweep_share=0.159, surprise_ticks=0.245,
            bursts=((0.343, 0.0142), (0.33, 2.63))),
        Fundamental(volatility_bps=2.93, jump_share=0.944, jump_rate_per_s=0.0303,
                    vol_of_vol=0.291),
        Makers(maker_slack_ticks=1.64, maker_lean=0.281, cancel_lean=0.427,
               stale_rate_per_s=253.0, snipe_share=0.025,
               refill_rate_per_s=35.2, refill_ticks=3),
        _impact(3510.0, 2.49, 1440, 7.8),
        VolumeCurve((1.0,) * 24),
        Fees(maker_fee=2.0, taker_fee=5.0, fee_unit="bps"),
    ),
    facts="crypto",
    misses={
        "cancel_to_limit":
            "1.02 cancellations a limit order (real: 0.96): partial cancellations are counted, "
            "too.",
        "signature_flatness":
            "0.63 (0.70 and more): quotes trail the jumps of a price from outside the book.",
    },
)

profiles: dict[str, Profile] = {"SPY": SPY, "MIDCAP": MIDCAP, "SMALLTICK": SMALLTICK,
                                "BTC-USD": BTC_USD}

_SMALLTICK_NAME = SMALLTICK.with_changes(misses=SMALLTICK.misses | dict.fromkeys(
    ("limit_filled_share", "ofi_r2_10s", "obi_predictive_r2_1s", "sign_acf_1", "sign_acf_10",
     "adverse_selection_1s", "adverse_selection_10s", "signature_flatness"),
    "Near the edge of its region in SMALLTICK, and in a quiet name of it to either side."))
"""SMALLTICK with what a few days of a slower copy may miss besides."""

_MIDCAP_NEAR = MIDCAP.with_parts(_impact(5.51e6, 5.5, 390, 1.1)).with_changes(
    daily_volume=5.51e6,  # mean of 12 days
    limit_rate_per_s=6.0, cancel_rate_per_s=0.8,
    meta_min_orders=1.05, meta_informed_share=1.0, informed_share=0.4, lookahead_s=0.45,
    surprise_ticks=0.24, expected_share=0.6, bursts=((0.6, 0.015), (0.2, 5.0)),
    volatility_bps=4.0, jump_share=0.8, jump_rate_per_s=0.07, vol_of_vol=0.2,
    cancel_lean=0.25, stale_rate_per_s=70.0, snipe_share=0.36,
    misses={
        "ofi_r2_10s": MIDCAP.misses["ofi_r2_10s"],
        "obi_predictive_r2_1s":
            "0.003 (0.005 and more): the price moves in jumps that no queue tells of before.",
        "obi_predictive_r2_10s": MIDCAP.misses["obi_predictive_r2_10s"],
        "sign_acf_50": MIDCAP.misses["sign_acf_50"],
        "obi_hit": "0.60 (0.61 to 0.63): takers' surprises move the price through full queues.",
        "sign_acf_1": "0.53 (at most 0.52): a burst of takers knows the same news.",
        "adverse_selection_10s": "0.7 (0.75 and more): takers foresee half a second.",
        "adverse_selection_60s":
            "1.6 and more (at most 1.4) in busy names: makers expect too little of a flow that "
            "goes on, and the price follows it.",
    },
)
"""MIDCAP for takers who foresee half a second: as far as those of a quiet name see on its clock."""

UNIVERSE: tuple[Profile, ...] = make_universe(
    {"large": SPY, "mid": _MIDCAP_NEAR, "small": _SMALLTICK_NAME})
"""Fifty names of different liquidity; give their markets one `common_seed`."""


def find_profile(profile: str | Profile) -> Profile:
    """A profile by name (or itself); ``U01`` to ``U50`` are the names of the universe.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    if isinstance(profile, Profile):
        return profile
    if profile in profiles:
        return profiles[profile]
    for one in UNIVERSE:
        if one.name == profile:
            return one
    raise ValueError(f"there is no profile {profile!r}; the names are "
                     f"{', '.join(sorted(profiles))}, and {UNIVERSE[0].name} to "
                     f"{UNIVERSE[-1].name} of the universe")
