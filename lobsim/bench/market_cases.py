"""The markets that `lobsim bench market` measures: named profiles, and one for each base flow."""

import numpy as np

from lobsim.market import Market, Profile, profiles
from lobsim.market.parts import Hawkes, QueueReactive, Recorded, Takers, ZeroIntelligence

__all__ = ["CROWD", "END_S", "START_S", "base_flows", "named_markets", "replay_of"]

START_S, END_S = 36_000.0, 50_400.0  # the four hours of the 10,000-share case
_SIZES = ((1, 0.5), (2, 0.3), (7, 0.2))
_FLOW = ZeroIntelligence(
    limit_rate_per_s=5.5, limit_decay=0.7, limit_levels=20, cancel_rate_per_s=0.25,
    limit_sizes=_SIZES,
)  # fmt: skip
_TAKERS = Takers(market_rate_per_s=2.2, market_sizes=((1, 0.6), (9, 0.4)))
_QUEUES = 5  # on each side
_LONGEST = 40  # units

CROWD = Profile(
    name="zero intelligence", symbol="ZI", description="the Poisson crowd and its takers alone",
    tick_size=0.01, start_price=100.0, max_live=448, parts=(_FLOW, _TAKERS),
)  # fmt: skip


def _hawkes() -> Profile:
    """Limits, cancels and takers that excite their own kind most; branching ratio 0.6."""
    jumps = np.full((6, 6), 0.2) + np.diag(np.full(6, 1.8))
    part = Hawkes(
        hawkes_mu=(14.0, 14.0, 13.0, 13.0, 0.8, 0.8),
        hawkes_alpha=(tuple(map(tuple, jumps)),), hawkes_beta=(5.0,),
    )  # fmt: skip
    return CROWD.with_changes(name="Hawkes", symbol="HAWKES").with_parts(part)


def _queue_reactive() -> Profile:
    """Five queues a side; the longer one is, the more is cancelled and the less arrives."""
    length = np.arange(_LONGEST + 1.0)
    limit = 4.0 / (1.0 + 0.02 * length)
    part = QueueReactive(
        qr_limit=(tuple(limit),) * _QUEUES, qr_cancel=(tuple(0.25 * length),) * _QUEUES,
        qr_market=(0.0, *np.full(_LONGEST, 1.1)), qr_unit=1.0,
    )  # fmt: skip
    return CROWD.with_changes(
        name="queue-reactive", symbol="QR", parts=(part,), max_live=2 * _QUEUES * _LONGEST + 448
    )


def replay_of(profile: Profile, seed: int, seconds: float) -> Profile:
    """The same messages again, from a recording of a market."""
    market = Market(profile, seed, START_S, START_S + seconds, record=True)
    market.advance(START_S + seconds)
    told = market.record()
    return CROWD.with_changes(
        name="replay", symbol="REPLAY", parts=(Recorded(told.messages, told.initial),)
    )


def base_flows(replay_s: float) -> dict[str, Profile]:
    """One market for each base flow, by name; the recording to replay is that long."""
    flows = (CROWD, _hawkes(), _queue_reactive(), replay_of(CROWD, 1, replay_s))
    return {profile.name: profile for profile in flows}


def named_markets() -> dict[str, Profile]:
    """The named profiles whose day holds the four hours."""
    return {
        name: profile for name, profile in profiles.items()
        if profile.day_start_s <= START_S and END_S <= profile.day_end_s
    }  # fmt: skip
