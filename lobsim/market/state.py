"""State of one market as plain arrays, and the names of their entries.

Kernels get a `Flow`: a NamedTuple of small arrays. `real`, `whole` and the tables are parameters
and only read; `clock`, `count`, `level`, `ring`, `own`, `pending`, `excite`, `ahead` and `waits`
are what a run changes. Constants below name the entries, so that no bare index appears further
down.
"""

from typing import NamedTuple

import numpy as np

from lobsim.engine.records import MESSAGE

NS = 1_000_000_000
GRID_NS = 100_000_000
"""Step of the efficient price, in nanoseconds (0.1 s)."""
STEPS_PER_MINUTE = 60 * NS // GRID_NS
MINUTE_NS = 60 * NS
RING = 64
"""Steps of the efficient price held in advance (6.4 s): the farthest that takers can foresee."""
OWN_ROOM = 64
"""Slots of the book that the flow leaves free: the most own orders that may rest."""
PENDING_ROOM = 256
"""Own messages that may be on their way to the venue at one time."""
NEVER = np.iinfo(np.int64).max

# Owners of orders. Only the background (0) and own orders rest; hidden ones are taken as they come
# (`lobsim.market.parts.Hidden`), the others only take.
# As NumPy integers, so that Numba compiles a kernel once and not once for each constant.
CROWD, OWN, METAORDER, PREDATOR, HIDDEN = np.arange(5)
NONE = np.int64(0)

# Flow.real: parameters with a fraction.
(R_LIMIT, R_CANCEL, R_MARKET, R_TOTAL,  # event rates per second, and their sum
 R_STEP_STD, R_JUMP_STD, R_JUMP_PROB, R_VOL_OF_VOL, R_COMMON, R_APART,  # F per grid step, ticks
 R_META_INFORMED, R_META_MIN, R_INFORMED, R_SWEEP, R_MARKET_MEAN,
 R_SLACK, R_LEAN, R_CANCEL_LEAN, R_STALE, R_SNIPE, R_REFILL,
 R_PERMANENT, R_TRANSIENT, R_GROWTH,  # move of the efficient price per lot taken, in ticks
 R_RESTING,  # share of the transient move that a filled resting order makes
 R_REGRET_FREE,  # 1: no trade moves the efficient price beyond its own
 R_FILL_RATE, R_FILL_DECAY,
 R_METAORDER_RATE, R_METAORDER_GAP, R_METAORDER_SIZE,
 R_PREDATOR_THRESHOLD, R_PREDATOR_KEEP,
 R_THETA, R_REINIT, R_UNIT) = range(36)
IMPACT_PARTS = 5
"""The most exponentials in which the transient move of the price by trades may decay."""
R_BURST_JUMP, R_BURST_RATE = 36, 38  # two jumps of the takers' rate, two decay rates
R_WEIGHT = 40  # IMPACT_PARTS weights, and as many decay factors per grid step
R_DECAY = R_WEIGHT + IMPACT_PARTS
R_CROWD = R_DECAY + IMPACT_PARTS  # move of the price by a surprising trade of the crowd, ticks
R_EXPECT = R_CROWD + 1  # share of the average of past sides that makers expect of the next
R_INSIDE = R_EXPECT + 1  # share of limit orders within the spread
R_HIDDEN = R_INSIDE + 1  # chance that a taker meets a hidden order
R_META_MOST = R_HIDDEN + 1  # orders of the longest meta-order
R_SECTOR = R_META_MOST + 1  # weight of the sector's factor in a step of F
R_SIZE = R_SECTOR + 1

# Flow.whole: parameters that are whole numbers.
(W_DAY_START, W_LOOKAHEAD, W_MAX_LIVE, W_LOW, W_HIGH, W_RECORD, W_BASE, W_MAKERS, W_PATH,
 W_PARTIAL, W_REFILL_TICKS, W_FILL_RULE, W_BURSTS, W_METAORDER_CHILD, W_METAORDER_ROOT,
 W_PREDATOR_SIZE, W_PREDATOR_LIMIT, W_PREDATOR_NS, W_QUEUES, W_LONGEST,
 W_FEED_NS, W_ORDER_NS, W_CANCEL_NS, W_FEED_JITTER_NS, W_ORDER_JITTER_NS, W_CANCEL_JITTER_NS,
 W_BEHIND,  # 1: distances of limit orders count from the best quote of their own side
 W_WIDEST,  # ticks of the spread beyond which takers stay away; 0 for any
 W_SIZE) = range(29)

# Values of W_BASE, the flow of the base clock, and of W_FILL_RULE.
BASE_NONE, BASE_POISSON, BASE_HAWKES, BASE_QUEUES, BASE_RECORDED = range(5)
FILL_QUEUE, FILL_NO_IMPACT, FILL_TOUCH, FILL_PROBABILITY = range(4)

DONE, TAPE_FULL = 0, 1
"""Why the event loop stopped."""
BASE_DUE, BOOK_CHANGED = np.arange(2)
"""What a base flow is told: its event falls due; another event may have changed the book."""

# Flow.clock: times in ns after midnight. The first N_CLOCKS are pending events; where two fall
# together, the one further up goes first.
(C_GRID, C_HALT, C_REACT, C_BASE, C_TAKER, C_METAORDER, C_PREDATOR, C_OWN) = range(8)
N_CLOCKS = 8
C_NOW, C_MINUTE_END, C_BURST, C_TRADER, C_SIZE = 8, 9, 10, 11, 12  # C_TRADER: the owner's clock

# Flow.count: counters.
(N_BASE, N_REACT, N_GRID, N_META_LEFT, N_META_SIDE, N_REACT_KIND, N_VOLUME, N_TRADES, N_FILLS,
 N_OWN_LIVE, N_ORDER_ID, N_MESSAGE, N_OWN_FILLS, N_REPORTS, N_TAPE_MESSAGES, N_TAPE_FILLS,
 N_TAPE_TOPS, N_LIMITS, N_CANCELS, N_MARKETS, N_DROPPED, N_MINUTE, N_TAKER, N_METAORDER,
 N_METAORDER_LEFT, N_METAORDER_SIDE, N_METAORDERS, N_PREDATOR, N_PREDATOR_POSITION, N_HALT,
 N_HALTED, N_PENDING_HEAD, N_PENDING, N_SENT, N_LOOKS, N_REFERENCE, N_REINIT,
 N_POSITION, N_MADE, N_TOOK, N_OWN_CANCELS,  # own account: lots held, made, taken; cancels
 N_AHEAD,  # which events `Flow.ahead` tells of, 0 for none
 N_HIGHEST,  # highest slot that an order of the background ever had
 N_SIZE) = range(44)

AHEAD_BITS = 5
AHEAD = 1 << AHEAD_BITS
"""Events of the Poisson crowd that are looked at in one go (`lobsim.market.ahead`)."""

# Flow.level: quantities that move.
L_EXOGENOUS, L_AHEAD, L_VARIANCE, L_PERMANENT = 0, 1, 2, 3
L_DRIFT = 4  # part of L_AHEAD that trends and regimes made: what is left is a martingale
L_FAIR, L_SHIFT, L_SLACK, L_BURST, L_SIGNAL, L_SIGNAL_VAR, L_PREDATOR_CASH = 7, 8, 9, 10, 12, 13, 14
L_CASH, L_MADE, L_TOOK = 15, 16, 17  # own account in ticks times lots: cash, notional by kind
L_TRANSIENT = 18  # IMPACT_PARTS of them
L_CROWD, L_EXPECTED = L_TRANSIENT + IMPACT_PARTS, L_TRANSIENT + IMPACT_PARTS + 1
L_SIZE = L_EXPECTED + 1

# Flow.keys: one key per random stream. The common one is shared by the markets of a universe, that
# of the sector (stream SECTORS + its number) by those of one sector of it.
K_PATH, K_FLOW, K_REACT, K_META, K_REGIME, K_TAKER, K_METAORDER, K_LATENCY, K_FILL = range(9)
K_COMMON, K_SECTOR = 9, 10
K_SIZE = 11
SECTORS = 1 << 16

# Columns of Flow.minutes: what holds during one minute of the day.
MIN_ACTIVITY, MIN_VOLATILITY, MIN_TREND, MIN_SLACK = 0, 1, 2, 3  # trend in ticks per grid step

TOP = np.dtype([("time_ns", "i8"), ("bid_ticks", "i4"), ("bid_lots", "i4"), ("ask_ticks", "i4"),
                ("ask_lots", "i4")], align=True)
"""One state of the best quotes; a side without orders has size 0."""

OWN_ORDER = np.dtype([("order_id", "i8"), ("place", "i8"), ("slot", "i4"), ("price_ticks", "i4"),
                      ("left", "i4"), ("side", "i4")], align=True)
"""An own order that is open; slot 0 under a fill rule that keeps it out of the book.

`place` is the largest id given before it reached the venue: what rests at its price with an id up
to that stands ahead. Its own id does not tell that, for it is older under latency and after a
replacement.
"""

REPORT = np.dtype([("time_ns", "i8"), ("order_id", "i4"), ("what", "i4"), ("price_ticks", "i4"),
                   ("size", "i4"), ("left", "i4"), ("reason", "i4")], align=True)
"""What the venue tells the owner of an order; `what` and `reason` as in `lobsim.market.reports`."""


class Flow(NamedTuple):
    """Everything a kernel needs besides the book: parameters, tables, clocks, counters."""

    real: np.ndarray
    whole: np.ndarray
    minutes: np.ndarray  # (minutes of the day, 4)
    distances: np.ndarray  # 1024 equally likely distances of limit orders
    limit_sizes: np.ndarray  # 256 equally likely sizes
    market_sizes: np.ndarray
    cancel_shape: np.ndarray  # chance that a candidate at distance 1, 2, ... is cancelled
    tables: np.ndarray  # (3, K, n + 1) rates of queues, or (P, 6, 6) jumps of a Hawkes process
    rates: np.ndarray  # Hawkes: baselines (6) and decay rates (P)
    halts: np.ndarray  # (halts, 2) start and end, ns
    recorded: np.ndarray  # MESSAGE records to play
    keys: np.ndarray
    clock: np.ndarray
    count: np.ndarray
    level: np.ndarray
    ring: np.ndarray
    own: np.ndarray  # OWN_ORDER, OWN_ROOM long, oldest first
    pending: np.ndarray  # MESSAGE, a ring of PENDING_ROOM
    excite: np.ndarray  # (P, 6) decayed sums of a Hawkes process
    ahead: np.ndarray  # slots that AHEAD events of the crowd look at
    waits: np.ndarray  # (2, AHEAD) times from each of them to the next, ns; scratch


def new_pending() -> np.ndarray:
    """An empty ring of own messages."""
    return np.zeros(PENDING_ROOM, MESSAGE)
