"""The zero-intelligence crowd: what one event of the Poisson clock does to the book."""

import numpy as np

from lobsim.engine.bits import at
from lobsim.engine.jit import njit
from lobsim.market import rng
from lobsim.market.ahead import choice_of, look_ahead, next_base_time, time_after
from lobsim.market.makers import ask_or_aside, bid_or_aside
from lobsim.market.state import (AHEAD, C_BASE, C_MINUTE_END, C_NOW, K_FLOW, L_FAIR, L_SLACK,
                                 N_BASE, N_CANCELS, N_DROPPED, N_LIMITS, NONE, R_CANCEL,
                                 R_CANCEL_LEAN, R_INSIDE, R_LEAN, R_LIMIT, W_BEHIND, W_DAY_START,
                                 W_HIGH, W_LOW, W_MAKERS, W_PARTIAL)
from lobsim.market.takers import market_order
from lobsim.market.venue import (ask_of, bid_of, cancel_flow_order, flow_is_full, reduce_flow_order,
                                 rest_order, slot_is_flow)

_WORDS = np.uint64(4)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_S10 = np.uint64(10)
_S20 = np.uint64(20)
_BYTE = np.uint64(255)
_TEN_BITS = np.uint64(1023)
_PARTIAL = np.uint64(15)  # one cancellation in sixteen is partial


@njit(borrows=True, inner=True, forceinline=True)
def base_event(book, flow, tape, time_ns):
    """Carry out the event at which `pass_idle` stopped: limit, cancel or market order.

    Returns whether anything may have changed in the book.
    """
    count = flow.count
    number = count[N_BASE]
    bits = rng.word(flow.keys[K_FLOW], np.uint64(number) * _WORDS + _TWO)
    slot = flow.ahead[at(number & (AHEAD - 1))]
    changed = True
    if slot > 0:
        if flow.whole[W_PARTIAL] != 0 and (bits & _PARTIAL) == np.uint64(0):
            reduce_flow_order(book, flow, tape, slot, time_ns)
        else:
            cancel_flow_order(book, flow, tape, slot, time_ns)
        count[N_CANCELS] += 1
    elif choice_of(flow, number) < flow.real[R_CANCEL] + flow.real[R_LIMIT]:
        changed = limit_order(book, flow, tape, bits, time_ns)
    else:
        market_order(book, flow, tape, bits, number, time_ns)
    pass_event(flow, time_ns)
    return changed


@njit(borrows=True, inner=True, forceinline=True)
def pass_event(flow, time_ns):
    """Set the clock to the event after that of `time_ns`."""
    number = flow.count[N_BASE]
    flow.clock[C_BASE] = time_after(flow, number, time_ns)
    flow.count[N_BASE] = number + 1


@njit(borrows=True, inner=True, forceinline=True)
def _gives_up(book, flow, slot, bits):
    """Whether a candidate is really cancelled: by its distance, or by its edge against F."""
    shape, lean = flow.cancel_shape, flow.real[R_CANCEL_LEAN]
    if len(shape) == 1 and lean == 0.0:
        return True
    order = book.orders[slot]
    price, side = np.int64(order["price_ticks"]), np.int64(order["side"])
    chance = 1.0
    if len(shape) > 1:
        other = ask_of(book) if side > 0 else bid_of(book)
        distance = (other - price) * side if other >= 0 else 1
        chance = shape[min(max(distance, 1), len(shape)) - 1]
    if lean > 0.0:
        edge = (flow.level[L_FAIR] - price) * side + flow.level[L_SLACK]
        chance *= 1.0 - lean * min(max(edge, 0.0), 1.0)
    return rng.uniform(rng.mix(bits)) < chance


@njit(borrows=True, inner=True, forceinline=True)
def pass_idle(book, flow, until_ns):
    """Pass over the events of the Poisson clock that change nothing, up to and including a time.

    Most events are cancellations that find no order in their slot, or leave it, so this is where a
    market spends its time. What it needs is read once: a store through one array would make the
    compiler read all the others anew. Sets the clocks as if each event had been carried out.

    Returns the time of the first event that may change something or comes later.
    """
    clock, ahead, waits = flow.clock, flow.ahead, flow.waits
    start = flow.whole[W_DAY_START]
    number, time_ns, last_ns = flow.count[N_BASE], clock[C_BASE], clock[C_NOW]
    end_ns, known = clock[C_MINUTE_END], NONE
    while time_ns <= until_ns:
        if number >= known:
            known = look_ahead(book, flow, number)
        k = at(number & (AHEAD - 1))
        slot = ahead[k]
        if slot < 0:
            break
        if slot_is_flow(book, at(slot)):
            bits = rng.word(flow.keys[K_FLOW], np.uint64(number) * _WORDS + _TWO)
            if _gives_up(book, flow, slot, bits):
                break
        last_ns = time_ns
        due_ns = time_ns + 1 + np.int64(waits[0, k])
        if due_ns < end_ns and time_ns >= start:
            time_ns = due_ns
        else:
            time_ns = next_base_time(flow, number + 1, time_ns)
            end_ns, known = clock[C_MINUTE_END], NONE
        number += 1
    flow.count[N_BASE], clock[C_BASE], clock[C_NOW] = number, time_ns, last_ns
    return time_ns


@njit(borrows=True, inner=True, forceinline=True)
def distance_of(book, flow, bits):
    """How far from the best quote of the other side a limit order of the crowd is placed."""
    distance = flow.distances[np.int64((bits >> _S10) & _TEN_BITS)]
    if flow.whole[W_BEHIND] == 0 and flow.real[R_INSIDE] == 0.0:
        return distance
    return _sparse_distance(book, flow, distance, bits)


@njit(borrows=True, inner=True)
def _sparse_distance(book, flow, distance, bits):
    """The same where orders are placed within the spread, or behind the best of their own side."""
    fair = flow.level[L_FAIR]
    spread = max(ask_or_aside(book, fair) - bid_or_aside(book, fair), 1)
    place = rng.mix(rng.mix(bits))
    if rng.uniform(place) < flow.real[R_INSIDE]:
        return 1 + np.int64(rng.uniform(rng.mix(place)) * max(spread - 1, 1))
    return distance + spread if flow.whole[W_BEHIND] != 0 else distance


@njit(borrows=True, inner=True, forceinline=True)
def limit_order(book, flow, tape, bits, time_ns):
    """A maker arrives at a random distance and stays away if its edge is too small.

    Returns whether an order was rested.
    """
    count, real = flow.count, flow.real
    side = 1 if bits & _ONE else -1
    distance = distance_of(book, flow, bits)
    fair = flow.level[L_FAIR]
    if side > 0:
        price = ask_or_aside(book, fair) - distance
        edge = fair - price
    else:
        price = bid_or_aside(book, fair) + distance
        edge = price - fair
    if flow.whole[W_MAKERS] != 0:
        accept = (edge + flow.level[L_SLACK]) * real[R_LEAN]
        if rng.uniform(rng.mix(bits)) >= accept:
            return False
    if flow_is_full(book, flow):
        count[N_DROPPED] += 1
        return False
    size = flow.limit_sizes[np.int64((bits >> _S20) & _BYTE)]
    if not flow.whole[W_LOW] <= price <= flow.whole[W_HIGH]:
        return False
    rest_order(book, flow, tape, side, price, size, time_ns)
    count[N_LIMITS] += 1
    return True
