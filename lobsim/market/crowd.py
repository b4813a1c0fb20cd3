"""The zero-intelligence crowd: what one event of the Poisson clock does to the book."""

import numpy as np

from lobsim.engine.bits import at
from lobsim.engine.jit import njit
from lobsim.market import rng
from lobsim.market.makers import ask_or_aside, bid_or_aside
from lobsim.market.state import (C_BASE, C_MINUTE_END, C_NOW, CROWD, K_FLOW, L_FAIR, L_SLACK, MIN_ACTIVITY,
                                 MINUTE_NS, N_BASE, N_CANCELS, N_DROPPED, N_HALTED, N_LIMITS,
                                 N_MINUTE, R_CANCEL, R_CANCEL_LEAN, R_INSIDE, R_LEAN, R_LIMIT,
                                 R_TOTAL, W_BEHIND, W_DAY_START, W_HIGH, W_LOW, W_MAKERS,
                                 W_MAX_LIVE, W_PARTIAL)
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
def next_base_time(flow, time_ns):
    """Time of the event after `time_ns`: Poisson with the intraday rate, by change of clock.

    The draw depends on the event's number alone, so own orders never move the timetable; that
    keeps markets of one seed alike after one of them was traded in.
    """
    index = np.uint64(flow.count[N_BASE]) * _WORDS
    left = rng.exponential(rng.word(flow.keys[K_FLOW], index)) / flow.real[R_TOTAL]
    start = flow.whole[W_DAY_START]
    last = len(flow.minutes) - 1
    if time_ns >= flow.clock[C_MINUTE_END] or time_ns < start:
        minute = min(max((time_ns - start) // MINUTE_NS, 0), last)
        flow.count[N_MINUTE] = minute
        flow.clock[C_MINUTE_END] = start + (minute + 1) * MINUTE_NS
    while True:
        minute = flow.count[N_MINUTE]
        activity = flow.minutes[minute, MIN_ACTIVITY]
        end_ns = flow.clock[C_MINUTE_END]
        span_s = (end_ns - time_ns) * 1e-9
        if left <= span_s * activity or minute == last or time_ns < start:
            return time_ns + 1 + np.int64(left / activity * 1e9)
        left -= span_s * activity
        time_ns = end_ns
        flow.count[N_MINUTE] = minute + 1
        flow.clock[C_MINUTE_END] = end_ns + MINUTE_NS


@njit(borrows=True, inner=True)
def next_base_time_of(flow, number, time_ns):
    """`next_base_time` of event `number`, once, for where a minute ends."""
    flow.count[N_BASE] = number
    return next_base_time(flow, time_ns)


@njit(borrows=True, inner=True, forceinline=True)
def pass_idle(book, flow, until_ns):
    """Pass over the events of the Poisson clock that change nothing, up to and including a time.

    Most events are cancellations that find no order in their slot or leave it, so this is where a
    market spends its time. Whatever it needs is read once: a store through one array would make
    the compiler read all others anew. Sets the clocks as if each event had been carried out.

    Returns the time of the first event that may change something or comes later.
    """
    real, clock, orders = flow.real, flow.clock, book.orders
    key, total, cancel = flow.keys[K_FLOW], real[R_TOTAL], real[R_CANCEL]
    start, places = flow.whole[W_DAY_START], flow.whole[W_MAX_LIVE]
    number, time_ns, last_ns = flow.count[N_BASE], clock[C_BASE], clock[C_NOW]
    activity, end_ns = flow.minutes[flow.count[N_MINUTE], MIN_ACTIVITY], clock[C_MINUTE_END]
    while time_ns <= until_ns:
        index = np.uint64(number) * _WORDS
        choice = rng.uniform(rng.word(key, index + _ONE)) * total
        if choice >= cancel:
            break
        slot = 1 + np.int64(choice / cancel * places)
        if orders[at(slot)]["size"] > 0 and orders[at(slot)]["owner"] == CROWD:
            if _gives_up(book, flow, slot, rng.word(key, index + _TWO)):
                break
        number += 1
        last_ns = time_ns
        left = rng.exponential(rng.word(key, index + _WORDS)) / total
        if start <= time_ns < end_ns and left <= (end_ns - time_ns) * 1e-9 * activity:
            time_ns += 1 + np.int64(left / activity * 1e9)
        else:
            time_ns = next_base_time_of(flow, number, time_ns)
            activity = flow.minutes[flow.count[N_MINUTE], MIN_ACTIVITY]
            end_ns = clock[C_MINUTE_END]
    flow.count[N_BASE], clock[C_BASE], clock[C_NOW] = number, time_ns, last_ns
    return time_ns


@njit(borrows=True, inner=True, forceinline=True)
def choice_of(flow, number):
    """What event `number` of the clock is: below R_CANCEL a cancellation, then a limit order."""
    bits = rng.word(flow.keys[K_FLOW], np.uint64(number) * _WORDS + _ONE)
    return rng.uniform(bits) * flow.real[R_TOTAL]


@njit(borrows=True, inner=True, forceinline=True)
def candidate_of(flow, choice):
    """Slot that a cancellation looks at: any one, as likely to be empty as the book is."""
    return 1 + np.int64(choice / flow.real[R_CANCEL] * flow.whole[W_MAX_LIVE])


@njit(borrows=True, inner=True, forceinline=True)
def base_event(book, flow, tape, time_ns):
    """Carry out the event of the Poisson clock that falls due: limit, cancel or market order.

    Returns whether anything may have changed in the book.
    """
    count, real = flow.count, flow.real
    number = count[N_BASE]
    index = np.uint64(number) * _WORDS
    key = flow.keys[K_FLOW]
    choice = choice_of(flow, number)
    bits = rng.word(key, index + _TWO)
    changed = False
    if count[N_HALTED] != 0:
        pass
    elif choice < real[R_CANCEL]:
        slot = candidate_of(flow, choice)
        if slot_is_flow(book, slot) and _gives_up(book, flow, slot, bits):
            if flow.whole[W_PARTIAL] != 0 and (bits & _PARTIAL) == np.uint64(0):
                reduce_flow_order(book, flow, tape, slot, time_ns)
            else:
                cancel_flow_order(book, flow, tape, slot, time_ns)
            count[N_CANCELS] += 1
            changed = True
    elif choice < real[R_CANCEL] + real[R_LIMIT]:
        changed = limit_order(book, flow, tape, bits, time_ns)
    else:
        market_order(book, flow, tape, bits, number, time_ns)
        changed = True
    count[N_BASE] = number + 1
    flow.clock[C_BASE] = next_base_time(flow, time_ns)
    return changed


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
