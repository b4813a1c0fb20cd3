"""The book a market opens with: every queue at its long-run length, then a minute of flow."""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.kernel import rest
from lobsim.market import rng
from lobsim.market.parts import Hawkes, Makers, ZeroIntelligence
from lobsim.market.queues import draw_queue
from lobsim.market.recorded import play_new
from lobsim.market.setup import distance_table
from lobsim.market.state import (CROWD, K_FLOW, L_FAIR, N_CANCELS, N_DROPPED, N_FILLS, N_LIMITS,
                                 N_MARKETS, N_MESSAGE, N_OWN_FILLS, N_REPORTS, N_TAPE_FILLS,
                                 N_TAPE_MESSAGES, N_TAPE_TOPS, N_TRADES, N_VOLUME, W_MAX_LIVE,
                                 W_QUEUES)
from lobsim.market.venue import live_orders, new_order_id, note_slot

WARM_UP_S = 60
"""Seconds of flow before the market opens to its user; not counted in volume or trades."""

_BYTE = np.uint64(255)
_OFFSET = np.uint64(1 << 62)  # far from any event's words of the same stream
_RESET = np.array([N_VOLUME, N_TRADES, N_FILLS, N_LIMITS, N_CANCELS, N_MARKETS, N_DROPPED,
                   N_TAPE_FILLS, N_TAPE_MESSAGES, N_TAPE_TOPS, N_OWN_FILLS, N_REPORTS, N_MESSAGE])


@njit(borrows=True)
def fill_book(book, flow, expected):
    """Rest orders on both sides; `expected[i]` orders at distance ``i + 1`` from the other side."""
    middle = np.int64(np.floor(flow.level[L_FAIR]))
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
                note_slot(flow, rest(book, side, price, size, CROWD, new_order_id(flow)))


@njit(borrows=True)
def fill_queues(book, flow, tape):
    """Draw every queue of a queue-reactive book from its invariant law."""
    drawn = _OFFSET
    for i in range(1, flow.whole[W_QUEUES] + 1):
        for side in (1, -1):
            draw_queue(book, flow, tape, side, i, rng.word(flow.keys[K_FLOW], drawn), 0)
            drawn += np.uint64(1)


@njit(borrows=True)
def fill_recorded(book, flow, tape, initial):
    """Rest the orders that a recording starts with; returns how many the book refused."""
    refused = 0
    for k in range(len(initial)):
        row = initial[k]
        if not play_new(book, flow, tape, np.int64(row["side"]), np.int64(row["price_ticks"]),
                        np.int64(row["size"]), np.int64(row["kind"]), np.int64(row["order_id"]),
                        row["time_ns"]):
            refused += 1
    return refused


def expected_queue(profile) -> np.ndarray:
    """Long-run number of orders at distance 1, 2, ...: arrival rate over cancellation rate."""
    part = profile.part(ZeroIntelligence)
    if part is None:
        return np.ones(5, dtype=np.int64)
    if profile.part(Hawkes):  # the rates are those of the Hawkes process; start with its places
        counts = np.bincount(distance_table(part))[1:]
        return np.maximum(1, np.rint(20 * counts / counts.max())).astype(np.int64)
    if part.limit_tail:
        return _sparse_queue(profile, part)
    if part.limit_shape:
        rates = part.limit_rate_per_s * np.asarray(part.limit_shape) / part.limit_shape[0]
    else:
        distance = np.arange(1, part.limit_levels + 1, dtype=float)
        rates = part.limit_rate_per_s * distance**-part.limit_decay
    return np.maximum(1, np.rint(rates / _cancel_rates(part, len(rates)))).astype(np.int64)


def _cancel_rates(part, levels: int) -> np.ndarray:
    """Cancellation rate of an order at distance 1, 2, ..."""
    if not part.cancel_shape:
        return np.full(levels, part.cancel_rate_per_s)
    shape = np.asarray(part.cancel_shape)
    return part.cancel_rate_per_s * shape[np.minimum(np.arange(levels), len(shape) - 1)]


def _sparse_queue(profile, part) -> np.ndarray:
    """The same where orders are few and far between: whole ones, a gap before each.

    The spread is the edge that makers demand on either side.
    """
    makers = profile.part(Makers)
    edge = int(max(0.0, -makers.maker_slack_ticks)) if makers else 0
    placed = np.bincount(distance_table(part), minlength=part.limit_levels + 1)
    cancel = _cancel_rates(part, 2 * edge + len(placed))[2 * edge:]
    expected = part.limit_rate_per_s * placed / placed.sum() / cancel
    whole = np.diff(np.floor(0.5 + np.cumsum(expected)), prepend=0.0)
    whole[0] = max(whole[0], 1.0)  # no side is empty
    return np.concatenate([np.zeros(edge), whole]).astype(np.int64)


def reset_counters(flow) -> None:
    """Forget what was traded and recorded during the warm-up (modifies `flow`)."""
    flow.count[_RESET] = 0
