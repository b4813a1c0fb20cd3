"""Small markets of a few parts for the tests of those parts; none depends on a named profile."""

import numpy as np

from lobsim.market import Market, Profile
from lobsim.market.parts import (
    Fees,
    Fundamental,
    Hawkes,
    Impact,
    Makers,
    QueueReactive,
    Takers,
    ZeroIntelligence,
)

START_S = 36_000
NS = 1_000_000_000
TICK = 0.01

CROWD = ZeroIntelligence(limit_rate_per_s=4.0, limit_decay=0.5, limit_levels=5,
                         cancel_rate_per_s=0.25, limit_sizes=((1, 0.5), (3, 0.3), (8, 0.2)))
TAKERS = Takers(market_rate_per_s=3.0, market_sizes=((1, 0.5), (4, 0.3), (15, 0.2)))
PRICE = Fundamental(volatility_bps=6.0)
MAKERS = Makers()
IMPACT = Impact(depth_per_tick=60.0)
FEES = Fees(maker_fee=-0.002, taker_fee=0.003, share_fee=0.0001, cancel_fee=0.01)

_N = np.arange(13)
QUEUES = QueueReactive(
    tuple(map(tuple, (np.stack([np.where(_N == 0, 4.0, 1.5), 1.6 * np.exp(-_N / 25),
                                1.4 * 0.97**_N]) * (_N < 12)).tolist())),
    tuple(map(tuple, np.stack([0.5 * np.sqrt(_N), 0.42 * np.sqrt(_N), 0.16 * _N]).tolist())),
    tuple(np.where(_N > 0, 1.2 * np.exp(-_N / 8), 0.0).tolist()),
    qr_unit=2.0, theta=0.7, theta_reinit=0.4)
EXCITED = Hawkes((2.4, 2.4, 1.0, 1.0, 0.6, 0.6),
                 (tuple(map(tuple, (0.8 * np.eye(6) + 0.08).tolist())),
                  tuple(map(tuple, (5.0 * np.eye(6) + 0.5).tolist()))), (4.0, 20.0))

FLOWS = {
    "poisson": (CROWD, TAKERS, PRICE, MAKERS, IMPACT, FEES),
    "bursts": (CROWD, Takers(2.0, market_sizes=((1, 0.6), (5, 0.4)),
                             bursts=((0.3, 2.0), (0.3, 0.05))), PRICE, MAKERS, IMPACT, FEES),
    "crowd alone": (CROWD, TAKERS, FEES),
    "hawkes": (EXCITED, CROWD, Takers(1.0, market_sizes=((1, 0.6), (4, 0.4))), FEES),
    "queues": (QUEUES, FEES),
}
"""One set of parts for each base flow, with fees."""


def profile_of(*parts, **changes) -> Profile:
    """A small market with these parts: 1 cent ticks, 200.00, whole shares."""
    given = dict(name="SMALL", symbol="SMALL", description="parts under test", tick_size=TICK,
                 start_price=200.0, parts=parts, max_live=1024) | changes
    return Profile(**given)


def market_of(*parts, seed=1, seconds=600, record=False, **changes) -> Market:
    """A market with these parts, open for `seconds` from `START_S`."""
    return Market(profile_of(*parts, **changes), seed, START_S, START_S + seconds, record=record)


def same_bits(first, second) -> bool:
    """Whether two NumPy arrays hold the same bytes (between fields of a record anything may be)."""
    if first.dtype.names:
        return first.dtype == second.dtype and all(same_bits(first[name], second[name])
                                                   for name in first.dtype.names)
    return first.dtype == second.dtype and first.tobytes() == second.tobytes()
