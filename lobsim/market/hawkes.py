"""Hawkes arrivals of six event types, simulated exactly by thinning (Ogata 1981)."""

import numpy as np

from lobsim.engine.bits import next_above, next_below
from lobsim.engine.jit import njit
from lobsim.engine.state import ASK_ORDERS, BEST_ASK, BEST_BID, BID_ORDERS, PRICE_MIN
from lobsim.market import rng
from lobsim.market.crowd import distance_of
from lobsim.market.makers import ask_or_aside, bid_or_aside
from lobsim.market.price import minute_of
from lobsim.market.state import (C_BASE, C_BURST, CROWD, K_FLOW, L_FAIR, MIN_ACTIVITY, MINUTE_NS,
                                 N_BASE, N_CANCELS, N_DROPPED, N_HALTED, N_LIMITS, N_MARKETS,
                                 W_DAY_START, W_HIGH, W_LOW)
from lobsim.market.venue import (cancel_flow_order, flow_is_full, flow_order_at, rest_order,
                                 take_up_to)

TYPES = 6
_WORDS = np.uint64(4)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)
_S20 = np.uint64(20)
_BYTE = np.uint64(255)


@njit(borrows=True, inner=True)
def _intensity(flow, kind, activity):
    """Rate of one type now, given the decayed sums in `excite`."""
    total = flow.rates[kind] * activity
    for p in range(flow.excite.shape[0]):
        total += flow.excite[p, kind]
    return total


@njit(borrows=True, inner=True)
def _total(flow, activity):
    total = 0.0
    for kind in range(TYPES):
        total += _intensity(flow, kind, activity)
    return total


@njit(borrows=True, inner=True)
def hawkes_event(book, flow, tape, time_ns):
    """One candidate: kept with the ratio of the rate at its time to the bound it was drawn with.

    The bound is the rate just after the candidate before, which can only fall within a minute; the
    end of a minute is an event that draws anew. Candidates are numbered and own orders excite
    nothing, so the timetable is the same whatever is traded.
    """
    count = flow.count
    start = flow.whole[W_DAY_START]
    at_boundary = (time_ns - start) % MINUTE_NS == 0 or count[N_BASE] == 0
    last_ns = flow.clock[C_BURST]
    bound = _total(flow, flow.minutes[minute_of(flow, last_ns), MIN_ACTIVITY])
    seconds = (time_ns - last_ns) * 1e-9
    for p in range(flow.excite.shape[0]):
        factor = rng.decay(flow.rates[TYPES + p] * seconds)
        for kind in range(TYPES):
            flow.excite[p, kind] *= factor
    flow.clock[C_BURST] = time_ns
    activity = flow.minutes[minute_of(flow, time_ns), MIN_ACTIVITY]
    number = count[N_BASE]
    index = np.uint64(number) * _WORDS
    key = flow.keys[K_FLOW]
    left = rng.uniform(rng.word(key, index + _ONE)) * bound
    changed = False
    if not at_boundary:
        for kind in range(TYPES):
            left -= _intensity(flow, kind, activity)
            if left < 0.0:
                if count[N_HALTED] == 0:
                    _act(book, flow, tape, kind, rng.word(key, index + _TWO), time_ns)
                for p in range(flow.excite.shape[0]):
                    for other in range(TYPES):
                        flow.excite[p, other] += flow.tables[p, other, kind]
                changed = True
                break
    rate = _total(flow, activity)
    count[N_BASE] = number + 1
    wait = rng.exponential(rng.word(key, index + _THREE)) / rate if rate > 0.0 else 1e9
    end_ns = start + ((time_ns - start) // MINUTE_NS + 1) * MINUTE_NS
    flow.clock[C_BASE] = min(time_ns + 1 + np.int64(min(wait, 1e9) * 1e9), end_ns)
    return changed


@njit(borrows=True, inner=True)
def _act(book, flow, tape, kind, bits, time_ns):
    """Carry out an event of a type on the book."""
    count = flow.count
    side = 1 if kind % 2 == 0 else -1
    fair = flow.level[L_FAIR]
    if kind < 2:
        distance = distance_of(book, flow, bits)
        if side > 0:
            price = ask_or_aside(book, fair) - distance
        else:
            price = bid_or_aside(book, fair) + distance
        if flow_is_full(book, flow) or not flow.whole[W_LOW] <= price <= flow.whole[W_HIGH]:
            count[N_DROPPED] += 1
            return
        size = flow.limit_sizes[np.int64((bits >> _S20) & _BYTE)]
        rest_order(book, flow, tape, side, price, size, time_ns)
        count[N_LIMITS] += 1
    elif kind < 4:
        slot = random_order(book, side, bits)
        if slot > 0 and not _is_last(book, side):
            cancel_flow_order(book, flow, tape, slot, time_ns)
            count[N_CANCELS] += 1
        else:
            count[N_DROPPED] += 1
    else:
        price = ask_or_aside(book, fair) if side > 0 else bid_or_aside(book, fair)
        size = flow.market_sizes[np.int64((bits >> _S20) & _BYTE)]
        take_up_to(book, flow, tape, side, price, size, CROWD, time_ns)
        count[N_MARKETS] += 1


@njit(borrows=True, inner=True)
def _is_last(book, side):
    """Whether at most one order is left on a side: it is not cancelled, so that quotes remain."""
    return (book.scalars[BID_ORDERS] if side > 0 else book.scalars[ASK_ORDERS]) <= 1


@njit(borrows=True, inner=True)
def random_order(book, side, bits):
    """Slot of a background order of a side, each with the same chance; -1 if there is none."""
    scalars = book.scalars
    n = scalars[BID_ORDERS] if side > 0 else scalars[ASK_ORDERS]
    if n == 0:
        return -1
    skip = np.int64(rng.uniform(rng.mix(bits)) * n)
    index = (scalars[BEST_BID] if side > 0 else scalars[BEST_ASK]) - scalars[PRICE_MIN]
    while index >= 0:
        here = np.int64(book.levels[index]["count"])
        if skip < here:
            return flow_order_at(book, index + scalars[PRICE_MIN], skip)
        skip -= here
        if side > 0:
            index = next_below(book.words, book.summary, index)
        else:
            index = next_above(book.words, book.summary, index)
    return -1
