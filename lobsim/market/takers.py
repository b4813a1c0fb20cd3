"""Market orders of the crowd: when (Poisson or in bursts), on which side, how large."""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.state import PRICE_MAX, PRICE_MIN
from lobsim.market import rng
from lobsim.market.makers import ask_or_aside, bid_or_aside
from lobsim.market.price import foreseen, learn_from_crowd, minute_of
from lobsim.market.state import (C_BURST, C_TAKER, CROWD, HIDDEN, K_META, K_TAKER, L_BURST, L_FAIR,
                                 MIN_ACTIVITY, MINUTE_NS, N_HALTED, N_MARKETS, N_META_LEFT,
                                 N_META_SIDE, N_TAKER, R_BURST_JUMP, R_BURST_RATE, R_HIDDEN,
                                 R_INFORMED, R_MARKET_MEAN, R_META_INFORMED, R_META_MIN,
                                 R_META_MOST, R_SWEEP, W_DAY_START, W_WIDEST)
from lobsim.market.venue import ask_of, bid_of, flow_is_full, rest_order, take_up_to

_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)
_WORDS = np.uint64(4)
_S20 = np.uint64(20)
_BYTE = np.uint64(255)
_NEAR = 0.25  # ticks: a foreseen gain below this tells nobody which side to take


@njit(borrows=True, inner=True)
def market_order(book, flow, tape, bits, number, time_ns):
    """A taker arrives; it trades at the best price and leaves the rest (selective taking).

    `number` is that of the event, for the random numbers of a new meta-order.
    """
    real, count = flow.real, flow.count
    fair = flow.level[L_FAIR]
    bid, ask = bid_or_aside(book, fair), ask_or_aside(book, fair)
    if flow.whole[W_WIDEST] != 0 and ask - bid > flow.whole[W_WIDEST]:
        return
    gain = foreseen(flow) - 0.5 * (bid + ask)
    chance = rng.mix(bits)
    if rng.uniform(chance) < real[R_INFORMED] and abs(gain) > _NEAR:
        side = 1 if gain > 0 else -1
    else:
        side = _meta_side(flow, gain, number)
    size = flow.market_sizes[np.int64((bits >> _S20) & _BYTE)]
    price = ask if side > 0 else bid
    if real[R_SWEEP] > 0.0 and rng.uniform(rng.mix(chance)) < real[R_SWEEP]:
        price = book.scalars[PRICE_MAX] if side > 0 else book.scalars[PRICE_MIN]
    if real[R_HIDDEN] > 0.0:
        _show_hidden(book, flow, tape, -side, size, bits, time_ns)
    if take_up_to(book, flow, tape, side, price, size, CROWD, time_ns) > 0:
        learn_from_crowd(flow, side)
    count[N_MARKETS] += 1


@njit(borrows=True, inner=True)
def _show_hidden(book, flow, tape, side, most, bits, time_ns):
    """Perhaps a hidden order of `side` within the spread, of `most` lots or fewer.

    The taker that follows at once fills all of it, as no other price is better.
    """
    bid, ask = bid_of(book), ask_of(book)
    chance = rng.mix(rng.mix(rng.mix(bits)))
    if (bid < 0 or ask - bid < 2 or flow_is_full(book, flow)
            or rng.uniform(chance) >= flow.real[R_HIDDEN]):
        return
    place = rng.mix(chance)
    price = bid + 1 + np.int64(rng.uniform(place) * (ask - bid - 1))
    size = min(flow.limit_sizes[np.int64(place & _BYTE)], most)
    rest_order(book, flow, tape, side, price, size, time_ns, HIDDEN)


@njit(borrows=True, inner=True)
def _meta_side(flow, gain, number):
    """Side of the running meta-order; starts a new one when it is used up.

    Lengths have the tail exponent 4/3 (Lillo-Mike-Farmer: signs then decorrelate like
    ``lag**-1/3``); the power is taken by square roots, so that no libm is needed.
    """
    count = flow.count
    if count[N_META_LEFT] <= 0:
        bits = rng.word(flow.keys[K_META], np.uint64(number))
        root = np.sqrt(1.0 - rng.uniform(bits))
        length = flow.real[R_META_MIN] / (root * np.sqrt(root))
        count[N_META_LEFT] = np.int64(min(length, flow.real[R_META_MOST]))
        side = 1 if bits & _ONE else -1
        reason = rng.uniform(rng.mix(bits)) < flow.real[R_META_INFORMED]
        if reason and abs(gain) > _NEAR:
            side = 1 if gain > 0 else -1
        count[N_META_SIDE] = side
    count[N_META_LEFT] -= 1
    return count[N_META_SIDE]


@njit(borrows=True, inner=True)
def _decay(flow, time_ns):
    """Bring the excitation of the takers' rate to a later time."""
    seconds = (time_ns - flow.clock[C_BURST]) * 1e-9
    for k in range(2):
        flow.level[L_BURST + k] *= rng.decay(flow.real[R_BURST_RATE + k] * seconds)
    flow.clock[C_BURST] = time_ns


@njit(borrows=True, inner=True)
def taker_event(book, flow, tape, time_ns):
    """One candidate of the takers' clock: thinned exactly, then the next one is drawn.

    Between events the rate can only fall (within a minute), so the rate now bounds it; a candidate
    is kept with the ratio of the rate at its time to that bound (Ogata's thinning). Candidates are
    numbered and own orders excite nothing, so the timetable is the same whatever is traded.
    """
    level, count = flow.level, flow.count
    start = flow.whole[W_DAY_START]
    # At the end of a minute (and at the very start) nobody arrives; only the rate is new.
    at_boundary = (time_ns - start) % MINUTE_NS == 0 or count[N_TAKER] == 0
    bound = level[L_BURST] + level[L_BURST + 1] + _base_rate(flow, flow.clock[C_BURST])
    _decay(flow, time_ns)
    rate = level[L_BURST] + level[L_BURST + 1] + _base_rate(flow, time_ns)
    number = count[N_TAKER]
    index = np.uint64(number) * _WORDS
    key = flow.keys[K_TAKER]
    if rng.uniform(rng.word(key, index + _ONE)) * bound < rate and not at_boundary:
        if count[N_HALTED] == 0:
            market_order(book, flow, tape, rng.word(key, index + _TWO), number, time_ns)
        for k in range(2):
            level[L_BURST + k] += flow.real[R_BURST_JUMP + k]
        rate = level[L_BURST] + level[L_BURST + 1] + _base_rate(flow, time_ns)
    count[N_TAKER] = number + 1
    wait = rng.exponential(rng.word(key, index + _THREE)) / rate if rate > 0 else 1e9
    end_ns = start + ((time_ns - start) // MINUTE_NS + 1) * MINUTE_NS
    due = time_ns + 1 + np.int64(min(wait, 1e9) * 1e9)
    # The bound holds within the minute only, so its end is an event that draws anew.
    flow.clock[C_TAKER] = min(due, end_ns)


@njit(borrows=True, inner=True)
def _base_rate(flow, time_ns):
    return flow.real[R_MARKET_MEAN] * flow.minutes[minute_of(flow, time_ns), MIN_ACTIVITY]
