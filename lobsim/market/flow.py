"""Background order flow: what one event of the zero-intelligence crowd does to the book."""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.market import rng
from lobsim.market.price import efficient, foreseen
from lobsim.market.state import (C_BASE, C_REACT, K_FLOW, K_META, K_REACT, NEVER, N_BASE,
                                 N_CANCELS, N_DROPPED, N_LIMITS, N_MARKETS, N_META_LEFT,
                                 N_META_SIDE, N_REACT, N_REACT_KIND, R_CANCEL, R_INFORMED, R_LEAN,
                                 R_LIMIT, R_META_INFORMED, R_META_MIN, R_REFILL, R_SLACK, R_SNIPE,
                                 R_STALE, R_TOTAL, W_DAY_START, W_HIGH, W_LOW, W_MAX_LIVE)
from lobsim.market.venue import (ask_of, bid_of, cancel_flow_order, flow_is_full,
                                 flow_order_at_best, orders_of, reduce_flow_order, rest_order,
                                 slot_is_flow, take_up_to)

_WORDS = np.uint64(4)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_S8 = np.uint64(8)
_S10 = np.uint64(10)
_S16 = np.uint64(16)
_S20 = np.uint64(20)
_BYTE = np.uint64(255)
_TEN_BITS = np.uint64(1023)
_PARTIAL = np.uint64(15)  # one cancellation in sixteen is partial
_BIN_NS = 60_000_000_000
_LONGEST_META = 1000.0  # orders
_LEVELS_ASIDE = 3  # where the quote of an empty side is thought to be, in ticks from F

REACT_NONE, REACT_REFILL_BID, REACT_REFILL_ASK, REACT_STALE_BID, REACT_STALE_ASK = 0, 1, 2, 3, 4


@njit(borrows=True)
def next_base_time(flow, time_ns):
    """Time of the event after `time_ns`: Poisson with the intraday rate, by change of clock.

    The draw depends on the event's number alone, so own orders never move the timetable; that
    keeps markets of one seed alike after one of them was traded in.
    """
    index = np.uint64(flow.count[N_BASE]) * _WORDS
    left = rng.exponential(rng.word(flow.keys[K_FLOW], index)) / flow.real[R_TOTAL]
    start = flow.whole[W_DAY_START]
    last = len(flow.activity) - 1
    while True:
        minute = min(max((time_ns - start) // _BIN_NS, 0), last)
        activity = flow.activity[minute]
        end_ns = start + (minute + 1) * _BIN_NS
        span_s = (end_ns - time_ns) * 1e-9
        if left <= span_s * activity or minute == last or time_ns < start:
            return time_ns + 1 + np.int64(left / activity * 1e9)
        left -= span_s * activity
        time_ns = end_ns


@njit(borrows=True)
def base_event(book, flow, tape, time_ns):
    """Carry out the event of the Poisson clock that falls due: limit, cancel or market order."""
    count, real = flow.count, flow.real
    index = np.uint64(count[N_BASE]) * _WORDS
    key = flow.keys[K_FLOW]
    choice = rng.uniform(rng.word(key, index + _ONE)) * real[R_TOTAL]
    bits = rng.word(key, index + _TWO)
    if choice < real[R_CANCEL]:
        slot = 1 + np.int64(choice / real[R_CANCEL] * flow.whole[W_MAX_LIVE])
        if slot_is_flow(book, slot):
            if (bits & _PARTIAL) == np.uint64(0):
                reduce_flow_order(book, flow, tape, slot, time_ns)
            else:
                cancel_flow_order(book, flow, tape, slot, time_ns)
            count[N_CANCELS] += 1
    elif choice < real[R_CANCEL] + real[R_LIMIT]:
        _limit_order(book, flow, tape, bits, time_ns)
    else:
        _market_order(book, flow, tape, bits, time_ns)
    count[N_BASE] += 1
    flow.clock[C_BASE] = next_base_time(flow, time_ns)


@njit(borrows=True)
def _limit_order(book, flow, tape, bits, time_ns):
    """A maker arrives at a random distance and stays away if its edge is too small."""
    count, real = flow.count, flow.real
    side = 1 if bits & _ONE else -1
    distance = flow.distances[np.int64((bits >> _S10) & _TEN_BITS)]
    fair = efficient(flow)
    if side > 0:
        price = ask_or_aside(book, fair) - distance
        edge = fair - price
    else:
        price = bid_or_aside(book, fair) + distance
        edge = price - fair
    accept = (edge + real[R_SLACK]) * real[R_LEAN]
    if rng.uniform(rng.mix(bits)) >= accept:
        return
    if flow_is_full(book, flow):
        count[N_DROPPED] += 1
        return
    size = flow.limit_sizes[np.int64((bits >> _S20) & _BYTE)]
    if flow.whole[W_LOW] <= price <= flow.whole[W_HIGH]:
        rest_order(book, flow, tape, side, price, size, time_ns)
        count[N_LIMITS] += 1


@njit(borrows=True)
def _market_order(book, flow, tape, bits, time_ns):
    """A taker arrives; it trades at the best price only and leaves the rest (selective taking)."""
    real, count = flow.real, flow.count
    fair = efficient(flow)
    bid, ask = bid_or_aside(book, fair), ask_or_aside(book, fair)
    gain = foreseen(flow) - 0.5 * (bid + ask)
    if rng.uniform(rng.mix(bits)) < real[R_INFORMED] and abs(gain) > 0.25:
        side = 1 if gain > 0 else -1
    else:
        side = _meta_side(flow, gain)
    size = flow.market_sizes[np.int64((bits >> _S20) & _BYTE)]
    take_up_to(book, flow, tape, side, ask if side > 0 else bid, size, time_ns)
    count[N_MARKETS] += 1


@njit(borrows=True)
def _meta_side(flow, gain):
    """Side of the running meta-order; starts a new one when it is used up.

    Lengths have the tail exponent 4/3 (Lillo-Mike-Farmer: signs then decorrelate like
    ``lag**-1/3``); the power is taken by square roots, so that no libm is needed.
    """
    count = flow.count
    if count[N_META_LEFT] <= 0:
        bits = rng.word(flow.keys[K_META], np.uint64(count[N_BASE]))
        root = np.sqrt(1.0 - rng.uniform(bits))
        length = flow.real[R_META_MIN] / (root * np.sqrt(root))
        count[N_META_LEFT] = np.int64(min(length, _LONGEST_META))
        side = 1 if bits & _ONE else -1
        reason = rng.uniform(rng.mix(bits)) < flow.real[R_META_INFORMED]
        if reason and abs(gain) > 0.25:
            side = 1 if gain > 0 else -1
        count[N_META_SIDE] = side
    count[N_META_LEFT] -= 1
    return count[N_META_SIDE]


@njit(borrows=True)
def bid_or_aside(book, fair):
    """Best bid in ticks, or a stand-in below the efficient price when there is none."""
    bid = bid_of(book)
    return bid if bid >= 0 else np.int64(np.floor(fair)) - _LEVELS_ASIDE


@njit(borrows=True)
def ask_or_aside(book, fair):
    """Best ask in ticks, or a stand-in above the efficient price when there is none."""
    ask = ask_of(book)
    return ask if ask >= 0 else np.int64(np.ceil(fair)) + _LEVELS_ASIDE


@njit(borrows=True)
def _reaction_due(book, flow):
    """What makers would do now: pull a stale quote, refill an open spread, or nothing."""
    fair = efficient(flow)
    slack = flow.real[R_SLACK]
    bid, ask = bid_of(book), ask_of(book)
    if ask >= 0 and fair - ask > slack:
        return REACT_STALE_ASK
    if bid >= 0 and bid - fair > slack:
        return REACT_STALE_BID
    bid, ask = bid_or_aside(book, fair), ask_or_aside(book, fair)
    if ask - bid <= 1:
        return REACT_NONE
    bid_edge, ask_edge = fair - (bid + 1), (ask - 1) - fair
    if bid_edge >= ask_edge:
        return REACT_REFILL_BID if bid_edge >= -slack else REACT_NONE
    return REACT_REFILL_ASK if ask_edge >= -slack else REACT_NONE


@njit(borrows=True)
def arm_reaction(book, flow, time_ns):
    """After any change of book or efficient price: set, keep or clear the reaction's clock."""
    kind = _reaction_due(book, flow)
    count = flow.count
    if kind == count[N_REACT_KIND]:
        return
    count[N_REACT_KIND] = kind
    if kind == REACT_NONE:
        flow.clock[C_REACT] = NEVER
        return
    _draw_reaction(flow, kind, time_ns)


@njit(borrows=True)
def _draw_reaction(flow, kind, time_ns):
    real, count = flow.real, flow.count
    rate = real[R_REFILL] if kind <= REACT_REFILL_ASK else real[R_STALE]
    wait = rng.exponential(rng.word(flow.keys[K_REACT], np.uint64(count[N_REACT]) * _TWO)) / rate
    flow.clock[C_REACT] = time_ns + 1 + np.int64(wait * 1e9)


@njit(borrows=True)
def reaction_event(book, flow, tape, time_ns):
    """Carry out the reaction that falls due, and wait for the next one."""
    count = flow.count
    kind = count[N_REACT_KIND]
    bits = rng.word(flow.keys[K_REACT], np.uint64(count[N_REACT]) * _TWO + _ONE)
    count[N_REACT] += 1
    fair = efficient(flow)
    if kind == REACT_REFILL_BID or kind == REACT_REFILL_ASK:
        if kind == REACT_REFILL_BID:
            side, price = 1, bid_or_aside(book, fair) + 1
        else:
            side, price = -1, ask_or_aside(book, fair) - 1
        size = flow.limit_sizes[np.int64(bits & _BYTE)]
        if not flow_is_full(book, flow):
            rest_order(book, flow, tape, side, price, size, time_ns)
            count[N_LIMITS] += 1
    elif kind != REACT_NONE:
        _stale_quote(book, flow, tape, 1 if kind == REACT_STALE_BID else -1, bits, time_ns)
    count[N_REACT_KIND] = REACT_NONE
    flow.clock[C_REACT] = NEVER


@njit(borrows=True)
def _stale_quote(book, flow, tape, side, bits, time_ns):
    """One order at the stale best of `side` is pulled by its maker, or is hit before that.

    The last order of a side is followed by a new one farther off, so that no side runs empty.
    """
    if orders_of(book, side) <= 1:
        fair = efficient(flow)
        if side > 0:
            aside = min(np.int64(np.floor(fair)), bid_of(book)) - _LEVELS_ASIDE
        else:
            aside = max(np.int64(np.ceil(fair)), ask_of(book)) + _LEVELS_ASIDE
        if not flow_is_full(book, flow):
            size = flow.limit_sizes[np.int64(bits & _BYTE)]
            rest_order(book, flow, tape, side, aside, size, time_ns)
            flow.count[N_LIMITS] += 1
            return
    slot = flow_order_at_best(book, side, np.int64((bits >> _S8) & _BYTE) >> 5)
    if slot < 0 or rng.uniform(rng.mix(bits)) < flow.real[R_SNIPE]:
        price = bid_of(book) if side > 0 else ask_of(book)
        size = flow.market_sizes[np.int64((bits >> _S16) & _BYTE)]
        take_up_to(book, flow, tape, -side, price, size, time_ns)
        flow.count[N_MARKETS] += 1
    else:
        cancel_flow_order(book, flow, tape, slot, time_ns)
        flow.count[N_CANCELS] += 1
