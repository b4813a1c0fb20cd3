"""The efficient price: an exogenous path shared by seed, plus the reaction to own trades.

The exogenous path has its own random stream and advances on a fixed grid, so markets of one seed
share it whatever is traded in them; that is what makes differences paired by seed precise. It is a
martingale: diffusion with a slowly varying variance plus rare jumps, scaled by the square root of
the intraday activity.

**Rule of own impact** (source: Obizhaeva and Wang 2013 [1]_, sections 3-4; permanent part linear
because anything else can be pumped by round trips, Huberman and Stanzl 2004 [2]_). An own *taking*
trade of ``n`` lots moves the price makers and takers believe in by ``n / q`` ticks in its
direction: the share `permanent_share` stays, the rest decays as a weighted sum of three
exponentials (together close to the power law of propagator models). An own *resting* order that is
filled leaves the permanent part only: whoever hit it would else have hit someone else.
On top of this, a trade consumes the depth it takes, as any trade does.

References
----------
.. [1] A. Obizhaeva, J. Wang, "Optimal trading strategy and supply/demand dynamics",
   Journal of Financial Markets 16(1), 2013.
.. [2] G. Huberman, W. Stanzl, "Price manipulation and quasi-arbitrage", Econometrica 72(4), 2004.
"""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.market import rng
from lobsim.market.state import (GRID_NS, K_PATH, L_AHEAD, L_EXOGENOUS, L_PERMANENT, L_TRANSIENT,
                                 L_VARIANCE, N_GRID, R_DECAY, R_JUMP_PROB, R_JUMP_STD,
                                 R_PERMANENT, R_STEP_STD, R_TRANSIENT, R_VOL_OF_VOL, R_WEIGHT,
                                 RING, STEPS_PER_MINUTE, W_DAY_START, W_HIGH, W_LOW, W_LOOKAHEAD)

_MINUTE_NS = 60_000_000_000
_PULL = 0.02  # per minute: the variance forgets half of a shock in about 35 minutes
_MARGIN = 256.0  # ticks kept free at both ends of the price band
_WORDS = np.uint64(4)  # words of the stream reserved for one step
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)


@njit(borrows=True)
def step_price(flow, time_ns):
    """Advance the efficient price by one step of the grid that ends at `time_ns`."""
    level, real, count = flow.level, flow.real, flow.count
    step = count[N_GRID]
    base = np.uint64(step) * _WORDS
    key = flow.keys[K_PATH]
    if step % STEPS_PER_MINUTE == 0:
        shock = real[R_VOL_OF_VOL] * rng.normal(rng.word(key, base + _THREE))
        variance = level[L_VARIANCE]
        variance += _PULL * (1.0 - variance) + shock * variance
        level[L_VARIANCE] = min(max(variance, 0.25), 4.0)
    ahead_ns = time_ns + flow.whole[W_LOOKAHEAD] * GRID_NS
    minute = (ahead_ns - flow.whole[W_DAY_START]) // _MINUTE_NS
    minute = min(max(minute, 0), len(flow.activity) - 1)
    scale = np.sqrt(level[L_VARIANCE] * flow.activity[minute])
    change = real[R_STEP_STD] * rng.normal(rng.word(key, base))
    if rng.uniform(rng.word(key, base + _ONE)) < real[R_JUMP_PROB]:
        change += real[R_JUMP_STD] * rng.normal(rng.word(key, base + _TWO))
    low, high = flow.whole[W_LOW] + _MARGIN, flow.whole[W_HIGH] - _MARGIN
    ahead = min(max(level[L_AHEAD] + scale * change, low), high)
    level[L_AHEAD] = ahead
    flow.ring[step % RING] = ahead
    level[L_EXOGENOUS] = flow.ring[(step - flow.whole[W_LOOKAHEAD]) % RING]
    for k in range(3):
        level[L_TRANSIENT + k] *= real[R_DECAY + k]
    count[N_GRID] = step + 1


@njit(borrows=True)
def own_shift(flow):
    """Shift of the efficient price by own trades so far, in ticks."""
    level = flow.level
    return (level[L_PERMANENT] + level[L_TRANSIENT] + level[L_TRANSIENT + 1]
            + level[L_TRANSIENT + 2])


@njit(borrows=True)
def efficient(flow):
    """The price makers believe in now, in ticks: exogenous path plus own impact."""
    return flow.level[L_EXOGENOUS] + own_shift(flow)


@njit(borrows=True)
def foreseen(flow):
    """The price informed takers believe in: the same, but seen `lookahead_s` ahead."""
    return flow.level[L_AHEAD] + own_shift(flow)


@njit(borrows=True)
def react_to_own(flow, signed_lots, taking):
    """Move the efficient price after an own trade (lots > 0: bought)."""
    level, real = flow.level, flow.real
    level[L_PERMANENT] += real[R_PERMANENT] * signed_lots
    if taking:
        for k in range(3):
            level[L_TRANSIENT + k] += real[R_TRANSIENT] * real[R_WEIGHT + k] * signed_lots
