"""State of one market as plain arrays, and the names of their entries.

Kernels get a `Flow`: a NamedTuple of small arrays. Parameters are read only; `clock`, `count` and
`level` are what a run changes. Constants below name the entries, so that no bare index appears
further down; a batch of markets is the same arrays with one more axis.
"""

from typing import NamedTuple

import numpy as np

from lobsim.market.curve import BIN_S, activity
from lobsim.market.profiles import Profile, size_table
from lobsim.market.rng import stream_key

NS = 1_000_000_000
GRID_NS = 100_000_000
"""Step of the efficient price, in nanoseconds (0.1 s)."""
STEPS_PER_MINUTE = 60 * NS // GRID_NS
RING = 64
"""Steps of the efficient price held in advance (6.4 s): the farthest that takers can foresee."""
OWN_ROOM = 64
"""Slots of the book that the flow leaves free: the most own orders that may rest."""
NEVER = np.iinfo(np.int64).max

# Flow.real: parameters with a fraction.
R_LIMIT, R_CANCEL, R_MARKET, R_TOTAL = 0, 1, 2, 3  # event rates per second, and their sum
R_STEP_STD, R_JUMP_STD, R_JUMP_PROB = 4, 5, 6  # efficient price per grid step, in ticks
R_VOL_OF_VOL, R_META_INFORMED, R_META_MIN, R_INFORMED = 7, 8, 9, 10
R_SLACK, R_STALE, R_SNIPE, R_REFILL = 11, 12, 13, 14
R_PERMANENT, R_TRANSIENT = 15, 16  # move of the efficient price per own lot, in ticks
R_WEIGHT, R_DECAY = 17, 20  # three weights, three decay factors per grid step
R_LEAN = 23  # slope of the chance that a maker joins, per tick of edge
R_SIZE = 24

# Flow.whole: parameters that are whole numbers.
W_DAY_START, W_LOOKAHEAD, W_MAX_LIVE, W_LOW, W_HIGH, W_RECORD = 0, 1, 2, 3, 4, 5
W_SIZE = 6

# Flow.clock: times in ns after midnight.
C_NOW, C_BASE, C_REACT, C_GRID = 0, 1, 2, 3
C_SIZE = 4

# Flow.count: counters.
N_BASE, N_REACT, N_GRID, N_META_LEFT, N_META_SIDE, N_REACT_KIND = 0, 1, 2, 3, 4, 5
N_VOLUME, N_TRADES, N_FILLS, N_OWN_LIVE, N_ORDER_ID, N_MESSAGE = 6, 7, 8, 9, 11, 12
N_OWN_FILLS, N_TAPE_MESSAGES, N_TAPE_FILLS, N_TAPE_TOPS = 13, 14, 15, 16
N_LIMITS, N_CANCELS, N_MARKETS, N_DROPPED = 17, 18, 19, 20
N_SIZE = 21

# Flow.level: quantities that move.
L_EXOGENOUS, L_AHEAD, L_VARIANCE, L_PERMANENT, L_TRANSIENT = 0, 1, 2, 3, 4  # 3 transient parts
L_SIZE = 7

# Flow.keys: one key per random stream.
K_PATH, K_FLOW, K_REACT, K_META = 0, 1, 2, 3
K_SIZE = 4

TOP = np.dtype([("time_ns", "i8"), ("bid_ticks", "i4"), ("bid_lots", "i4"), ("ask_ticks", "i4"),
                ("ask_lots", "i4")], align=True)
"""One state of the best quotes; a side without orders has size 0."""


class Flow(NamedTuple):
    """Everything a kernel needs besides the book: parameters, tables, clocks, counters."""

    real: np.ndarray
    whole: np.ndarray
    activity: np.ndarray
    distances: np.ndarray
    limit_sizes: np.ndarray
    market_sizes: np.ndarray
    keys: np.ndarray
    clock: np.ndarray
    count: np.ndarray
    level: np.ndarray
    ring: np.ndarray


def distance_table(profile: Profile, entries: int = 1024) -> np.ndarray:
    """Spread lambda(i) ~ i**-decay, i = 1..levels, over equally likely entries (CST eq. 3)."""
    rates = np.arange(1, profile.limit_levels + 1, dtype=float) ** -profile.limit_decay
    edges = np.rint(np.cumsum(rates) / rates.sum() * entries).astype(int)
    counts = np.diff(np.concatenate([[0], edges]))
    return np.repeat(np.arange(1, profile.limit_levels + 1), counts).astype(np.int64)


def make_flow(profile: Profile, seed: int, start_ns: int, record: bool) -> Flow:
    """Build the arrays of a market that starts at `start_ns` (ns after midnight)."""
    distances = distance_table(profile)
    at_one = np.count_nonzero(distances == 1) / len(distances)
    real = np.zeros(R_SIZE)
    real[R_LIMIT] = 2.0 * profile.limit_rate_per_s / at_one
    real[R_CANCEL] = profile.cancel_rate_per_s * profile.max_live
    real[R_MARKET] = profile.market_rate_per_s
    real[R_TOTAL] = real[R_LIMIT] + real[R_CANCEL] + real[R_MARKET]
    _price_parameters(real, profile)
    real[R_META_MIN] = profile.meta_min_orders
    real[R_META_INFORMED] = profile.meta_informed_share
    real[R_INFORMED] = profile.informed_share
    real[R_SLACK] = profile.maker_slack_ticks
    real[R_STALE] = profile.stale_rate_per_s
    real[R_SNIPE] = profile.snipe_share
    real[R_REFILL] = profile.refill_rate_per_s
    real[R_LEAN] = profile.maker_lean
    whole = np.zeros(W_SIZE, dtype=np.int64)
    whole[W_DAY_START] = round(profile.day_start_s * NS)
    whole[W_LOOKAHEAD] = min(round(profile.lookahead_s * NS / GRID_NS), RING - 1)
    whole[W_MAX_LIVE] = profile.max_live
    middle = round(profile.start_price / profile.tick_size)
    whole[W_LOW] = middle - profile.band_ticks // 2
    whole[W_HIGH] = middle + profile.band_ticks // 2
    whole[W_RECORD] = record
    with np.errstate(over="ignore"):  # uncompiled, NumPy warns of the intended wrap-around
        keys = np.array([stream_key(np.uint64(seed), np.uint64(k)) for k in range(K_SIZE)],
                        dtype=np.uint64)
    clock = np.full(C_SIZE, NEVER, dtype=np.int64)
    clock[C_NOW] = clock[C_GRID] = clock[C_BASE] = start_ns
    level = np.zeros(L_SIZE)
    level[[L_EXOGENOUS, L_AHEAD]] = middle + 0.5
    level[L_VARIANCE] = 1.0
    return Flow(real, whole, activity(profile), distances,
                size_table(profile.limit_sizes, profile.lot_size),
                size_table(profile.market_sizes, profile.lot_size), keys, clock,
                np.zeros(N_SIZE, dtype=np.int64), level, np.full(RING, middle + 0.5))


def _price_parameters(real, profile):
    """Per-step standard deviations and impact coefficients (modifies `real`)."""
    step_s = GRID_NS / NS
    variance = profile.volatility_ticks_per_sqrt_s**2
    real[R_STEP_STD] = np.sqrt(variance * (1.0 - profile.jump_share) * step_s)
    if profile.jump_rate_per_s > 0:
        real[R_JUMP_STD] = np.sqrt(variance * profile.jump_share / profile.jump_rate_per_s)
    real[R_JUMP_PROB] = profile.jump_rate_per_s * step_s
    real[R_VOL_OF_VOL] = profile.vol_of_vol
    per_lot = profile.lot_size / profile.depth_per_tick
    real[R_PERMANENT] = per_lot * profile.permanent_share
    real[R_TRANSIENT] = per_lot * (1.0 - profile.permanent_share)
    for k in range(3):
        real[R_WEIGHT + k] = profile.impact_weights[k]
        real[R_DECAY + k] = np.exp(-step_s / profile.impact_times_s[k])


def minute_of(time_ns: int, day_start_ns: int) -> int:
    """Bin of the activity curve that holds a time."""
    return (time_ns - day_start_ns) // (BIN_S * NS)
