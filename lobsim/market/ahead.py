"""The Poisson clock of the crowd: when its events come, and which slot of the book each looks at.

The numbers of an event depend on nothing but its place in the stream (`lobsim.market.rng`): neither
on the book nor on what anybody trades. So they are worked out for a block of events in one go, and
kept in ``Flow.ahead`` and ``Flow.waits`` until the clock has passed them. What an event does is in
`lobsim.market.crowd`.
"""

import numpy as np

from lobsim.engine.bits import at
from lobsim.engine.jit import njit
from lobsim.engine.prefetch import prefetch
from lobsim.market import rng
from lobsim.market.state import (AHEAD, AHEAD_BITS, C_MINUTE_END, K_FLOW, MIN_ACTIVITY, MINUTE_NS,
                                 N_AHEAD, N_HIGHEST, N_MINUTE, R_CANCEL, R_TOTAL, W_DAY_START,
                                 W_MAX_LIVE)

__all__ = ["block_of", "choice_of", "look_ahead", "next_base_time", "time_after"]

_WORDS = np.uint64(4)
_ONE = np.uint64(1)
_SIGN = 63  # bit of a whole number's sign
_MOST_MINUTES = 20  # bits of a minute's number
_LONG_NS = 1e18  # beyond the end of any minute
_LITTLE = 1e-300  # in place of a rate of 0, by which nobody divides


@njit(borrows=True, inner=True)
def next_base_time(flow, number, time_ns):
    """Time of event `number`, if that before it comes at `time_ns`: Poisson by change of clock.

    The draw depends on the event's number alone, so own orders never move the timetable; that
    keeps markets of one seed alike after one of them was traded in.
    """
    index = np.uint64(number) * _WORDS
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


@njit(borrows=True, inner=True, forceinline=True)
def choice_of(flow, number):
    """What event `number` of the clock is: below R_CANCEL a cancellation, then a limit order."""
    bits = rng.word(flow.keys[K_FLOW], np.uint64(number) * _WORDS + _ONE)
    return rng.uniform(bits) * flow.real[R_TOTAL]


@njit(borrows=True, inner=True, forceinline=True)
def block_of(flow, number):
    """What ``count[N_AHEAD]`` is when ``Flow.ahead`` tells of event `number` in this minute."""
    return (number >> AHEAD_BITS << _MOST_MINUTES) + flow.count[N_MINUTE] + 1


@njit(borrows=True, inner=True, error_model="numpy")
def look_ahead(book, flow, number):
    """See to it that ``Flow.ahead`` tells of event `number`; returns the first of the next block.

    A cancellation looks at any slot, as likely to be empty as the book is: 0, where no order ever
    is, stands for those in which no order of the background ever was. It is -1 for other events.
    The wait is until the event after, if that comes within the minute.
    """
    first = number & ~(AHEAD - 1)
    block = block_of(flow, number)
    if flow.count[N_AHEAD] == block:
        return first + AHEAD
    ahead, waits, orders = flow.ahead, flow.waits, book.orders
    key, places, highest = flow.keys[K_FLOW], flow.whole[W_MAX_LIVE], flow.count[N_HIGHEST]
    cancel, total, most = max(flow.real[R_CANCEL], _LITTLE), flow.real[R_TOTAL], float(places)
    activity = max(flow.minutes[flow.count[N_MINUTE], MIN_ACTIVITY], _LITTLE)
    for k in range(AHEAD):
        index = np.uint64(first + k) * _WORDS
        choice = rng.uniform(rng.word(key, index + _ONE)) * total
        slot = 1 + np.int64(min(choice / cancel * places, most))
        # Masks in place of jumps, which would be guessed wrongly half of the time.
        slot &= (slot - highest - 1) >> _SIGN  # 0 beyond the highest
        prefetch(orders, slot)
        ahead[at(k)] = slot | -np.int64(choice >= cancel)
        bits = rng.word(key, index + _WORDS)
        waits[1, at(k)], waits[0, at(k)] = rng.exponential_parts(bits)
    for k in range(AHEAD):  # apart, so that the compiler divides four at a time
        left = (waits[1, at(k)] - rng.log_of_one_and(waits[0, at(k)])) / total
        waits[0, at(k)] = min(left / activity * 1e9, _LONG_NS)
    flow.count[N_AHEAD] = block
    return first + AHEAD


@njit(borrows=True, inner=True, forceinline=True)
def time_after(flow, number, time_ns):
    """Time of the event after event `number`, which comes at `time_ns`."""
    if flow.count[N_AHEAD] == block_of(flow, number) and time_ns >= flow.whole[W_DAY_START]:
        due_ns = time_ns + 1 + np.int64(flow.waits[0, at(number & (AHEAD - 1))])
        if due_ns < flow.clock[C_MINUTE_END]:
            return due_ns
    return next_base_time(flow, number + 1, time_ns)
