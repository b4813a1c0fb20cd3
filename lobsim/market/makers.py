"""Makers' reactions: pull a stale quote, refill an open spread; and quotes of an empty side."""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.market import rng
from lobsim.market.state import (C_REACT, CROWD, K_REACT, L_FAIR, L_SLACK, NEVER, N_CANCELS,
                                 N_HALTED, N_LIMITS, N_MARKETS, N_REACT, N_REACT_KIND, R_REFILL,
                                 R_SNIPE, R_STALE, W_HIGH, W_LOW, W_MAKERS, W_REFILL_TICKS)
from lobsim.market.venue import (ask_of, bid_of, cancel_flow_order, flow_is_full,
                                 flow_order_at_best, orders_of, rest_order, take_up_to)

_ONE = np.uint64(1)
_TWO = np.uint64(2)
_S8 = np.uint64(8)
_S16 = np.uint64(16)
_S24 = np.uint64(24)
_BYTE = np.uint64(255)
_LEVELS_ASIDE = 3  # where the quote of an empty side is thought to be, in ticks from F

REACT_NONE, REACT_REFILL_BID, REACT_REFILL_ASK, REACT_STALE_BID, REACT_STALE_ASK = 0, 1, 2, 3, 4


@njit(borrows=True, inner=True, forceinline=True)
def bid_or_aside(book, fair):
    """Best bid in ticks, or a stand-in below the efficient price when there is none."""
    bid = bid_of(book)
    return bid if bid >= 0 else np.int64(np.floor(fair)) - _LEVELS_ASIDE


@njit(borrows=True, inner=True, forceinline=True)
def ask_or_aside(book, fair):
    """Best ask in ticks, or a stand-in above the efficient price when there is none."""
    ask = ask_of(book)
    return ask if ask >= 0 else np.int64(np.ceil(fair)) + _LEVELS_ASIDE


@njit(borrows=True, inner=True, forceinline=True)
def follow_mid(book, flow):
    """Without makers nobody knows F better than the book: it is the mid (or the quote there is)."""
    bid, ask = bid_of(book), ask_of(book)
    if bid >= 0 and ask >= 0:
        flow.level[L_FAIR] = 0.5 * (bid + ask)
    elif bid >= 0:
        flow.level[L_FAIR] = bid + 0.5
    elif ask >= 0:
        flow.level[L_FAIR] = ask - 0.5


@njit(borrows=True, inner=True, forceinline=True)
def _reaction_due(book, flow):
    """What makers would do now: pull a stale quote, refill an open spread, or nothing."""
    fair = flow.level[L_FAIR]
    slack = flow.level[L_SLACK]
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


@njit(borrows=True, inner=True, forceinline=True)
def arm_reaction(book, flow, time_ns):
    """After any change of book or efficient price: set, keep or clear the reaction's clock."""
    if flow.whole[W_MAKERS] == 0:
        follow_mid(book, flow)
        return
    kind = _reaction_due(book, flow)
    count = flow.count
    if kind == count[N_REACT_KIND]:
        return
    count[N_REACT_KIND] = kind
    if kind == REACT_NONE:
        flow.clock[C_REACT] = NEVER
        return
    _draw_reaction(flow, kind, time_ns)


@njit(borrows=True, inner=True, forceinline=True)
def _draw_reaction(flow, kind, time_ns):
    real, count = flow.real, flow.count
    rate = real[R_REFILL] if kind <= REACT_REFILL_ASK else real[R_STALE]
    wait = rng.exponential(rng.word(flow.keys[K_REACT], np.uint64(count[N_REACT]) * _TWO)) / rate
    flow.clock[C_REACT] = time_ns + 1 + np.int64(wait * 1e9)


@njit(borrows=True, inner=True)
def reaction_event(book, flow, tape, time_ns):
    """Carry out the reaction that falls due, and wait for the next one."""
    count = flow.count
    kind = count[N_REACT_KIND]
    bits = rng.word(flow.keys[K_REACT], np.uint64(count[N_REACT]) * _TWO + _ONE)
    count[N_REACT] += 1
    if count[N_HALTED] == 0:
        if kind == REACT_REFILL_BID or kind == REACT_REFILL_ASK:
            _refill(book, flow, tape, 1 if kind == REACT_REFILL_BID else -1, bits, time_ns)
        elif kind != REACT_NONE:
            _stale_quote(book, flow, tape, 1 if kind == REACT_STALE_BID else -1, bits, time_ns)
    count[N_REACT_KIND] = REACT_NONE
    flow.clock[C_REACT] = NEVER


@njit(borrows=True, inner=True)
def _refill(book, flow, tape, side, bits, time_ns):
    """A new best quote of `side` inside an open spread, as far as its edge allows."""
    fair = flow.level[L_FAIR]
    if side > 0:
        price = bid_or_aside(book, fair) + 1
        room = min(fair - price + flow.level[L_SLACK], ask_or_aside(book, fair) - 1.0 - price)
    else:
        price = ask_or_aside(book, fair) - 1
        room = min(price - fair + flow.level[L_SLACK], price - 1.0 - bid_or_aside(book, fair))
    most = flow.whole[W_REFILL_TICKS]
    if most > 1 and room >= 1.0:
        more = np.int64(((bits >> _S24) & _BYTE) * np.uint64(most) >> _S8)
        price += side * min(more, np.int64(room))
    size = flow.limit_sizes[np.int64(bits & _BYTE)]
    if not flow_is_full(book, flow) and flow.whole[W_LOW] <= price <= flow.whole[W_HIGH]:
        rest_order(book, flow, tape, side, price, size, time_ns)
        flow.count[N_LIMITS] += 1


@njit(borrows=True, inner=True)
def _stale_quote(book, flow, tape, side, bits, time_ns):
    """One order at the stale best of `side` is pulled by its maker, or is hit before that.

    The last order of a side is followed by a new one farther off, so that no side runs empty.
    """
    if orders_of(book, side) <= 1:
        fair = flow.level[L_FAIR]
        if side > 0:
            aside = min(np.int64(np.floor(fair)), bid_of(book)) - _LEVELS_ASIDE
        else:
            aside = max(np.int64(np.ceil(fair)), ask_of(book)) + _LEVELS_ASIDE
        if not flow_is_full(book, flow) and flow.whole[W_LOW] <= aside <= flow.whole[W_HIGH]:
            size = flow.limit_sizes[np.int64(bits & _BYTE)]
            rest_order(book, flow, tape, side, aside, size, time_ns)
            flow.count[N_LIMITS] += 1
            return
    slot = flow_order_at_best(book, side, np.int64((bits >> _S8) & _BYTE) >> 5)
    if slot < 0 or rng.uniform(rng.mix(bits)) < flow.real[R_SNIPE]:
        price = bid_of(book) if side > 0 else ask_of(book)
        size = flow.market_sizes[np.int64((bits >> _S16) & _BYTE)]
        take_up_to(book, flow, tape, -side, price, size, CROWD, time_ns)
        flow.count[N_MARKETS] += 1
    else:
        cancel_flow_order(book, flow, tape, slot, time_ns)
        flow.count[N_CANCELS] += 1
