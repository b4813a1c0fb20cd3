"""The book a market opens with: every queue at its long-run length, then a minute of flow."""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.kernel import rest
from lobsim.market import rng
from lobsim.market.price import efficient
from lobsim.market.state import (K_FLOW, N_CANCELS, N_DROPPED, N_FILLS, N_LIMITS, N_MARKETS,
                                 N_MESSAGE, N_OWN_FILLS, N_TAPE_FILLS, N_TAPE_MESSAGES,
                                 N_TAPE_TOPS, N_TRADES, N_VOLUME, W_MAX_LIVE)
from lobsim.market.venue import live_orders, new_order_id

WARM_UP_S = 60
"""Seconds of flow before the market opens to its user; not counted in volume or trades."""

_BYTE = np.uint64(255)
_OFFSET = np.uint64(1 << 62)  # far from any event's words of the same stream
_RESET = np.array([N_VOLUME, N_TRADES, N_FILLS, N_LIMITS, N_CANCELS, N_MARKETS, N_DROPPED,
                   N_TAPE_FILLS, N_TAPE_MESSAGES, N_TAPE_TOPS, N_OWN_FILLS, N_MESSAGE])


@njit(borrows=True)
def fill_book(book, flow, expected):
    """Rest orders on both sides; `expected[i]` orders at distance ``i + 1`` from the other side."""
    middle = np.int64(np.floor(efficient(flow)))
    drawn = _OFFSET
    one = np.uint64(1)
    for i in range(len(expected)):
        for _ in range(expected[i]):
            for side in (1, -1):
                if live_orders(book) >= flow.whole[W_MAX_LIVE] // 2:
                    return
                size = flow.limit_sizes[np.int64(rng.word(flow.keys[K_FLOW], drawn) & _BYTE)]
                drawn += one
                price = middle - i if side > 0 else middle + 1 + i
                rest(book, side, price, size, 0, new_order_id(book, flow))


def expected_queue(profile) -> np.ndarray:
    """Long-run number of orders at distance 1, 2, ...: arrival rate over cancellation rate."""
    distance = np.arange(1, profile.limit_levels + 1, dtype=float)
    rates = profile.limit_rate_per_s * distance**-profile.limit_decay
    return np.maximum(1, np.rint(rates / profile.cancel_rate_per_s)).astype(np.int64)


def reset_counters(flow) -> None:
    """Forget what was traded and recorded during the warm-up (modifies `flow`)."""
    flow.count[_RESET] = 0
