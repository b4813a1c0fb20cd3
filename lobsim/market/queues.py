"""Queue-reactive flow: every queue's rates depend on its length (Huang, Lehalle, Rosenbaum 2015).

The reference price lies half a tick above ``N_REFERENCE``: bid queue i rests at that tick minus
i - 1, ask queue i at it plus i. All background orders have the size of one unit.
"""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.kernel import crosses
from lobsim.engine.state import PRICE_MIN
from lobsim.market import rng
from lobsim.market.price import minute_of
from lobsim.market.state import (C_BASE, CROWD, K_FLOW, MIN_ACTIVITY, N_BASE, N_CANCELS,
                                 N_DROPPED, N_HALTED, N_LIMITS, N_MARKETS, N_REFERENCE, N_REINIT,
                                 NONE, R_REINIT, R_THETA, R_UNIT, W_HIGH, W_LONGEST, W_LOW,
                                 W_QUEUES)
from lobsim.market.venue import (ask_of, bid_of, cancel_flow_order, flow_is_full, flow_order_at,
                                 rest_order, take_up_to)

LIMIT, CANCEL, MARKET = np.arange(3)  # first index of the tables of rates
_WORDS = np.uint64(8)
_FIRST = np.int64(1)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)
_FOUR = np.uint64(4)


@njit(borrows=True, inner=True)
def price_of(flow, side, i):
    """Price in ticks of queue i = 1, 2, ... of a side."""
    reference = flow.count[N_REFERENCE]
    return reference - i + 1 if side > 0 else reference + i


@njit(borrows=True, inner=True)
def length_of(book, flow, side, i):
    """Length of a queue in units, rounded up, at most the longest of the tables.

    A price held by the other side counts as an empty queue.
    """
    price = price_of(flow, side, i)
    best = bid_of(book) if side > 0 else ask_of(book)
    if best < 0 or (price - best) * side > 0:
        return 0
    total = book.levels[price - book.scalars[PRICE_MIN]]["total"]
    n = np.int64(np.ceil(total / flow.real[R_UNIT] - 1e-9))
    return min(n, flow.whole[W_LONGEST])


@njit(borrows=True, inner=True)
def _rate(book, flow, side, i, what):
    """Rate of one kind of event at one queue; market orders hit the best queue only."""
    n = length_of(book, flow, side, i)
    if what == MARKET:
        best = bid_of(book) if side > 0 else ask_of(book)
        if best < 0 or price_of(flow, side, i) != best:
            return 0.0
        return flow.tables[MARKET, 0, n]
    if what == LIMIT and crosses(book, side, price_of(flow, side, i)):
        return 0.0
    return flow.tables[what, i - 1, n] if what == LIMIT or n > 0 else 0.0


@njit(borrows=True, inner=True)
def _total_rate(book, flow):
    total = 0.0
    for i in range(1, flow.whole[W_QUEUES] + 1):
        for side in (1, -1):
            for what in range(3):
                total += _rate(book, flow, side, i, what)
    return total


@njit(borrows=True, inner=True)
def draw_queue_clock(book, flow, time_ns):
    """Time of the next event, with the rates of the book as it is (exact: waits have no memory)."""
    count = flow.count
    count[N_BASE] += 1
    rate = _total_rate(book, flow) * flow.minutes[minute_of(flow, time_ns), MIN_ACTIVITY]
    index = np.uint64(count[N_BASE]) * _WORDS
    wait = rng.exponential(rng.word(flow.keys[K_FLOW], index)) / max(rate, 1e-9)
    flow.clock[C_BASE] = time_ns + 1 + np.int64(min(wait, 1e9) * 1e9)


@njit(borrows=True, inner=True)
def queue_event(book, flow, tape, time_ns):
    """Carry out the event that falls due, let the reference price follow, draw the next one."""
    count = flow.count
    if count[N_BASE] > 0 and count[N_HALTED] == 0:
        bid, ask = bid_of(book), ask_of(book)
        index = np.uint64(count[N_BASE]) * _WORDS
        key = flow.keys[K_FLOW]
        left = rng.uniform(rng.word(key, index + _ONE)) * _total_rate(book, flow)
        _pick(book, flow, tape, left, rng.word(key, index + _TWO), time_ns)
        moved = bid_of(book) + ask_of(book) - bid - ask
        if moved != 0 and bid >= 0 and ask >= 0:
            _follow(book, flow, tape, 1 if moved > 0 else -1, rng.word(key, index + _THREE),
                    rng.word(key, index + _FOUR), time_ns)
    draw_queue_clock(book, flow, time_ns)
    return True


@njit(borrows=True, inner=True)
def _pick(book, flow, tape, left, bits, time_ns):
    """Find the event whose share of the total rate holds `left`, and carry it out."""
    for i in range(1, flow.whole[W_QUEUES] + 1):
        for side in (1, -1):
            for what in range(3):
                left -= _rate(book, flow, side, i, what)
                if left < 0.0:
                    _act(book, flow, tape, side, i, what, bits, time_ns)
                    return


@njit(borrows=True, inner=True)
def _act(book, flow, tape, side, i, what, bits, time_ns):
    count = flow.count
    price = price_of(flow, side, i)
    unit = np.int64(max(1.0, np.rint(flow.real[R_UNIT])))
    if what == LIMIT:
        if flow_is_full(book, flow) or not flow.whole[W_LOW] <= price <= flow.whole[W_HIGH]:
            count[N_DROPPED] += 1
            return
        rest_order(book, flow, tape, side, price, unit, time_ns)
        count[N_LIMITS] += 1
    elif what == CANCEL:
        orders = np.int64(book.levels[price - book.scalars[PRICE_MIN]]["count"])
        slot = flow_order_at(book, price, np.int64(rng.uniform(bits) * orders))
        if slot < 0:
            count[N_DROPPED] += 1  # only own orders rest there
            return
        cancel_flow_order(book, flow, tape, slot, time_ns)
        count[N_CANCELS] += 1
    else:
        take_up_to(book, flow, tape, -side, price, unit, CROWD, time_ns)
        count[N_MARKETS] += 1


@njit(borrows=True, inner=True)
def _follow(book, flow, tape, way, bits, more, time_ns):
    """After the mid moved: the reference price follows with probability theta (model III).

    It can follow only into a price that nobody holds: up when the first ask queue is empty.
    """
    if length_of(book, flow, -way, _FIRST) > 0 or rng.uniform(bits) >= flow.real[R_THETA]:
        return
    reference = flow.count[N_REFERENCE] + way
    queues = flow.whole[W_QUEUES]
    if not flow.whole[W_LOW] + queues < reference < flow.whole[W_HIGH] - queues:
        return
    flow.count[N_REFERENCE] = reference
    if rng.uniform(rng.mix(bits)) < flow.real[R_REINIT]:
        flow.count[N_REINIT] += 1
        for i in range(1, queues + 2):
            for side in (1, -1):
                _clear(book, flow, tape, side, i, time_ns)
        for i in range(1, queues + 1):
            for side in (1, -1):
                more = rng.mix(more)
                draw_queue(book, flow, tape, side, i, more, time_ns)
        return
    _clear(book, flow, tape, way, queues + 1, time_ns)  # has left the window
    if length_of(book, flow, -way, queues) == 0:  # has entered it
        draw_queue(book, flow, tape, -way, queues, more, time_ns)


@njit(borrows=True, inner=True)
def _clear(book, flow, tape, side, i, time_ns):
    """Withdraw the background orders of a queue."""
    price = price_of(flow, side, i)
    if price < flow.whole[W_LOW] or price > flow.whole[W_HIGH]:
        return
    best = bid_of(book) if side > 0 else ask_of(book)
    if best < 0 or (price - best) * side > 0:
        return  # empty, or the other side's
    while True:
        slot = flow_order_at(book, price, NONE)
        if slot < 0:
            return
        cancel_flow_order(book, flow, tape, slot, time_ns)


@njit(borrows=True, inner=True)
def draw_queue(book, flow, tape, side, i, bits, time_ns):
    """Rest a number of orders drawn from the queue's invariant law (HLR eq. 3 ff.).

    ``pi(n) = pi(0) prod_{j=1..n} limit(j - 1) / (cancel(j) + market(j))``; market orders only
    reach the first queue.
    """
    longest = flow.whole[W_LONGEST]
    total, weight = 1.0, 1.0
    for n in range(1, longest + 1):
        weight *= _step_up(flow, i, n)
        total += weight
    left = rng.uniform(bits) * total - 1.0
    weight, n = 1.0, 0
    while left >= 0.0 and n < longest:
        n += 1
        weight *= _step_up(flow, i, n)
        left -= weight
    price = price_of(flow, side, i)
    unit = np.int64(max(1.0, np.rint(flow.real[R_UNIT])))
    if price < flow.whole[W_LOW] or price > flow.whole[W_HIGH]:
        return
    for _ in range(n):
        if crosses(book, side, price) or flow_is_full(book, flow):
            return
        rest_order(book, flow, tape, side, price, unit, time_ns)


@njit(borrows=True, inner=True)
def _step_up(flow, i, n):
    """Ratio pi(n) / pi(n - 1) of the invariant law of queue i."""
    down = flow.tables[CANCEL, i - 1, n]
    if i == 1:
        down += flow.tables[MARKET, 0, n]
    return flow.tables[LIMIT, i - 1, n - 1] / down if down > 0.0 else 0.0
