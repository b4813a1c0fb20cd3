"""Large traders beside the crowd: hidden metaorders, and the predator that hunts them."""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.state import PRICE_MAX, PRICE_MIN
from lobsim.market import rng
from lobsim.market.price import minute_of
from lobsim.market.state import (C_METAORDER, C_PREDATOR, K_METAORDER, L_PREDATOR_CASH, L_SIGNAL,
                                 L_SIGNAL_VAR, METAORDER, MIN_ACTIVITY, N_HALTED, N_METAORDER,
                                 N_METAORDER_LEFT, N_METAORDER_SIDE, N_METAORDERS, N_PREDATOR,
                                 N_PREDATOR_POSITION, PREDATOR, R_METAORDER_GAP,
                                 R_METAORDER_RATE, R_METAORDER_SIZE, R_PREDATOR_KEEP,
                                 R_PREDATOR_THRESHOLD, W_METAORDER_CHILD, W_METAORDER_ROOT,
                                 W_PREDATOR_LIMIT, W_PREDATOR_NS, W_PREDATOR_SIZE)
from lobsim.market.venue import ask_of, bid_of, take_up_to

_ONE = np.uint64(1)
_TWO = np.uint64(2)
_LARGEST = 100.0  # times the smallest metaorder
_FORGET = 0.002  # per look: the predator's picture of ordinary flow spans 500 looks
_LOOKS_FIRST = 30  # looks before it trusts that picture


@njit(borrows=True, inner=True)
def metaorder_event(book, flow, tape, time_ns):
    """A new metaorder arrives, or the running one trades a slice at any price; sets the clock."""
    count, real = flow.count, flow.real
    number = count[N_METAORDER]
    index = np.uint64(number) * np.uint64(4)
    key = flow.keys[K_METAORDER]
    if count[N_METAORDER_LEFT] > 0:
        side = count[N_METAORDER_SIDE]
        size = min(flow.whole[W_METAORDER_CHILD], count[N_METAORDER_LEFT])
        if count[N_HALTED] == 0:
            price = book.scalars[PRICE_MAX] if side > 0 else book.scalars[PRICE_MIN]
            got = take_up_to(book, flow, tape, side, price, size, METAORDER, time_ns)
            count[N_METAORDER_LEFT] -= got
    elif number > 0:
        bits = rng.word(key, index)
        left = 1.0 - rng.uniform(bits)
        if flow.whole[W_METAORDER_ROOT] != 0:  # left ** (-2/3) by Newton's cube root
            left = _cube_root(left * left)
        times = min(1.0 / left, _LARGEST)
        count[N_METAORDER_LEFT] = np.int64(real[R_METAORDER_SIZE] * times)
        count[N_METAORDER_SIDE] = 1 if bits & _ONE else -1
        count[N_METAORDERS] += 1
    count[N_METAORDER] = number + 1
    wait = rng.exponential(rng.word(key, index + _ONE))
    if count[N_METAORDER_LEFT] > 0:
        wait *= real[R_METAORDER_GAP]
    else:
        activity = flow.minutes[minute_of(flow, time_ns), MIN_ACTIVITY]
        wait = wait / (real[R_METAORDER_RATE] * activity) if real[R_METAORDER_RATE] > 0 else 1e9
    flow.clock[C_METAORDER] = time_ns + 1 + np.int64(min(wait, 1e9) * 1e9)


@njit(borrows=True, inner=True)
def _cube_root(x):
    """Cube root of a number in (0, 1] by Newton's method from above; no libm is needed."""
    root = 1.0
    for _ in range(60):
        step = (root - x / (root * root)) / 3.0
        root -= step
        if step < 1e-15 * root:
            break
    return root


@njit(borrows=True, inner=True)
def predator_event(book, flow, tape, time_ns):
    """The predator looks at the flow, enters or leaves, and marks the next look."""
    count, level, whole = flow.count, flow.level, flow.whole
    signal = level[L_SIGNAL]
    looks = count[N_PREDATOR]
    weight = max(_FORGET, 1.0 / (looks + 1.0))
    level[L_SIGNAL_VAR] += weight * (signal * signal - level[L_SIGNAL_VAR])
    level[L_SIGNAL] = signal * flow.real[R_PREDATOR_KEEP]
    count[N_PREDATOR] = looks + 1
    flow.clock[C_PREDATOR] = time_ns + whole[W_PREDATOR_NS]
    if looks < _LOOKS_FIRST or count[N_HALTED] != 0 or level[L_SIGNAL_VAR] <= 0.0:
        return
    score = signal / np.sqrt(level[L_SIGNAL_VAR])
    position = count[N_PREDATOR_POSITION]
    threshold = flow.real[R_PREDATOR_THRESHOLD]
    size = whole[W_PREDATOR_SIZE]
    side = 0
    if abs(score) > threshold:
        side = 1 if score > 0 else -1
        size = min(size, whole[W_PREDATOR_LIMIT] - side * position)
    elif position != 0 and score * position < 0.5 * threshold * abs(position):
        side = -1 if position > 0 else 1
        size = min(size, abs(position))
    if side != 0 and size > 0:
        _predator_takes(book, flow, tape, side, size, time_ns)


@njit(borrows=True, inner=True)
def _predator_takes(book, flow, tape, side, size, time_ns):
    """Take at the best price only, and keep the account (cash in ticks times lots)."""
    price = ask_of(book) if side > 0 else bid_of(book)
    if price < 0:
        return
    got = take_up_to(book, flow, tape, side, price, size, PREDATOR, time_ns)
    flow.count[N_PREDATOR_POSITION] += side * got
    flow.level[L_PREDATOR_CASH] -= side * got * price
