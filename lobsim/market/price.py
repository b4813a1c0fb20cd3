"""The efficient price: an exogenous path shared by seed, plus the reaction to trades.

The exogenous path has its own random stream and advances on a fixed grid, so markets of one seed
share it whatever is traded in them; that is what makes differences paired by seed precise. It is a
diffusion with a slowly varying variance plus rare jumps, scaled by the square root of the intraday
activity, plus the trend of the regime. The rule by which trades move it is that of
`lobsim.market.parts.Impact`.
"""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.market import rng
from lobsim.market.state import (GRID_NS, IMPACT_PARTS, K_COMMON, K_PATH, K_SECTOR, L_AHEAD,
                                 L_CROWD, L_DRIFT, L_EXOGENOUS, L_EXPECTED, L_FAIR, L_PERMANENT,
                                 L_SHIFT, L_SLACK, L_TRANSIENT, L_VARIANCE, MINUTE_NS,
                                 MIN_ACTIVITY, MIN_SLACK, MIN_TREND, MIN_VOLATILITY, N_GRID, RING,
                                 R_APART, R_COMMON, R_CROWD, R_DECAY, R_EXPECT, R_GROWTH,
                                 R_JUMP_PROB, R_JUMP_STD, R_PERMANENT, R_REGRET_FREE, R_RESTING,
                                 R_SECTOR, R_SLACK, R_STEP_STD, R_TRANSIENT, R_VOL_OF_VOL,
                                 R_WEIGHT, STEPS_PER_MINUTE, W_DAY_START, W_HIGH, W_LOOKAHEAD,
                                 W_LOW, W_PATH)

_PULL = 0.02  # per minute: the variance forgets half of a shock in about 35 minutes
_HALVINGS = 20  # steps in search of the lots that count: to a millionth of them
_MARGIN = 256.0  # ticks kept free at both ends of the price band
_EXPECT = 0.4  # weight of the newest side in what makers expect of the next
_WORDS = np.uint64(4)  # words of the stream reserved for one step
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)


@njit(borrows=True, inner=True, forceinline=True)
def minute_of(flow, time_ns):
    """Row of `Flow.minutes` that holds at a time; the first and the last hold outside the day."""
    minute = (time_ns - flow.whole[W_DAY_START]) // MINUTE_NS
    return min(max(minute, 0), len(flow.minutes) - 1)


@njit(borrows=True, inner=True)
def step_price(flow, time_ns):
    """Advance the efficient price by one step of the grid that ends at `time_ns`."""
    level, real, count = flow.level, flow.real, flow.count
    step = count[N_GRID]
    if flow.whole[W_PATH] != 0:
        _step_path(flow, step, time_ns)
    for k in range(IMPACT_PARTS):
        level[L_TRANSIENT + k] *= real[R_DECAY + k]
    if step % STEPS_PER_MINUTE == 0:
        level[L_SLACK] = real[R_SLACK] + flow.minutes[minute_of(flow, time_ns), MIN_SLACK]
    count[N_GRID] = step + 1
    set_fair(flow)


@njit(borrows=True, inner=True)
def _step_path(flow, step, time_ns):
    """One step of the exogenous path, `lookahead` steps ahead of what the market knows."""
    level, real = flow.level, flow.real
    base = np.uint64(step) * _WORDS
    key = flow.keys[K_PATH]
    if step % STEPS_PER_MINUTE == 0:
        shock = real[R_VOL_OF_VOL] * rng.normal(rng.word(key, base + _THREE))
        variance = level[L_VARIANCE]
        variance += _PULL * (1.0 - variance) + shock * variance
        level[L_VARIANCE] = min(max(variance, 0.25), 4.0)
    minute = minute_of(flow, time_ns + flow.whole[W_LOOKAHEAD] * GRID_NS)
    scale = np.sqrt(level[L_VARIANCE] * flow.minutes[minute, MIN_ACTIVITY]
                    * flow.minutes[minute, MIN_VOLATILITY])
    noise = rng.normal(rng.word(key, base))
    if real[R_COMMON] != 0.0 or real[R_SECTOR] != 0.0:
        common = rng.normal(rng.word(flow.keys[K_COMMON], base))
        noise = real[R_COMMON] * common + real[R_APART] * noise
    if real[R_SECTOR] != 0.0:
        noise += real[R_SECTOR] * rng.normal(rng.word(flow.keys[K_SECTOR], base))
    change = real[R_STEP_STD] * noise
    if rng.uniform(rng.word(key, base + _ONE)) < real[R_JUMP_PROB]:
        change += real[R_JUMP_STD] * rng.normal(rng.word(key, base + _TWO))
    low, high = flow.whole[W_LOW] + _MARGIN, flow.whole[W_HIGH] - _MARGIN
    trend = flow.minutes[minute, MIN_TREND]
    level[L_DRIFT] += trend
    ahead = level[L_AHEAD] + scale * change + trend
    ahead = min(max(ahead, low), high)
    level[L_AHEAD] = ahead
    flow.ring[step % RING] = ahead
    level[L_EXOGENOUS] = flow.ring[(step - flow.whole[W_LOOKAHEAD]) % RING]


@njit(borrows=True, inner=True, forceinline=True)
def set_fair(flow):
    """Work out anew the shift by trades and the price that makers believe in."""
    level, real = flow.level, flow.real
    growth = real[R_GROWTH]
    shift = level[L_CROWD] + level[L_PERMANENT]
    if growth == 0.0:
        for k in range(IMPACT_PARTS):
            shift += level[L_TRANSIENT + k]
    else:
        for k in range(IMPACT_PARTS):
            shift += _concave(level[L_TRANSIENT + k], real[R_WEIGHT + k], growth)
    level[L_SHIFT] = shift
    level[L_FAIR] = level[L_EXOGENOUS] + shift


@njit(borrows=True, inner=True, forceinline=True)
def _concave(part, weight, growth):
    """``w (sqrt(1 + 2 g u) - 1) / g`` with ``part = w u``, for both signs."""
    if part == 0.0:
        return 0.0
    move = (np.sqrt(weight * (weight + 2.0 * growth * abs(part))) - weight) / growth
    return move if part > 0.0 else -move


@njit(borrows=True, inner=True, forceinline=True)
def driftless(flow):
    """The exogenous path as far ahead as anyone sees it, less its trends: a martingale."""
    return flow.level[L_AHEAD] - flow.level[L_DRIFT]


@njit(borrows=True, inner=True, forceinline=True)
def foreseen(flow):
    """The price informed takers believe in: the same, but seen `lookahead_s` ahead."""
    return flow.level[L_AHEAD] + flow.level[L_SHIFT]


@njit(borrows=True, inner=True)
def _moved_by(flow, lots):
    """How far `lots` more would move the efficient price, in ticks."""
    level, real = flow.level, flow.real
    growth = real[R_GROWTH]
    move = real[R_PERMANENT] * lots
    for k in range(IMPACT_PARTS):
        part, weight = level[L_TRANSIENT + k], real[R_WEIGHT + k]
        more = real[R_TRANSIENT] * weight * lots
        if growth == 0.0:
            move += more
        else:
            move += _concave(part + more, weight, growth) - _concave(part, weight, growth)
    return move


@njit(borrows=True, inner=True)
def _without_regret(flow, lots, price):
    """The lots of a trade that count: as many as move the efficient price to that of the trade."""
    side = 1.0 if lots > 0.0 else -1.0
    room = side * (price - flow.level[L_FAIR])
    if room <= 0.0:
        return 0.0
    if side * _moved_by(flow, lots) <= room:
        return lots
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if side * _moved_by(flow, middle * lots) <= room:
            low = middle
        else:
            high = middle
    return low * lots


@njit(borrows=True, inner=True)
def react(flow, signed_lots, taking, price):
    """Move the efficient price after a trade from outside the crowd (lots > 0: bought)."""
    level, real = flow.level, flow.real
    lots = float(signed_lots)
    if taking != 0 and real[R_REGRET_FREE] != 0.0:
        lots = _without_regret(flow, lots, float(price))
    level[L_PERMANENT] += real[R_PERMANENT] * lots
    share = 1.0 if taking != 0 else real[R_RESTING]
    if share != 0.0:
        for k in range(IMPACT_PARTS):
            level[L_TRANSIENT + k] += share * real[R_TRANSIENT] * real[R_WEIGHT + k] * lots
    set_fair(flow)


@njit(borrows=True, inner=True)
def learn_from_crowd(flow, side):
    """Makers move the price by how surprising the side of a trade of the crowd is.

    The surprise is the side less its expectation, a share of an exponential average of the sides
    before, so that a price that follows it is near a martingale although sides are persistent
    (Madhavan,
    Richardson, Roomans 1997, eq. 4, with a longer memory).
    """
    level = flow.level
    if flow.real[R_CROWD] == 0.0:
        return
    surprise = side - flow.real[R_EXPECT] * level[L_EXPECTED]
    level[L_EXPECTED] += _EXPECT * (side - level[L_EXPECTED])
    level[L_CROWD] += flow.real[R_CROWD] * surprise
    set_fair(flow)
