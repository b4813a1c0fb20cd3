"""Names of what an execution environment keeps: its state, its information, its observations.

State is two tables with a row for each environment: `word` of whole numbers, `real` of others.
Prices in them are in ticks, sizes in lots, money in ticks times lots.
"""

# Table `word`. What a reset sets:
(E_SIDE, E_LOTS, E_STEPS, E_START_NS, E_END_NS, E_INTERVAL_NS, E_LOOK_NS, E_GUARD_NS, E_AHEAD_NS,
 E_SHIFT_NS, E_SLICE_NS, E_SLICE,
 E_MODE, E_LEVELS,  # continuous actions: ticks off the best at 1
 E_DEPTH,  # levels of each side in the last columns of an observation
 # and what changes:
 E_ALIVE, E_STEP, E_PHASE, E_UNTIL, E_CROSS, E_OFFSET, E_REST, E_FILLED, E_FILLED_BEFORE,
 E_BID, E_BID_LOTS, E_ASK, E_ASK_LOTS, WORDS) = range(29)

# Values of E_MODE: how an action is told.
DISCRETE, CONTINUOUS, ORDERS, PACE = range(4)

# Values of E_PHASE: what a step waits for.
IDLE, CANCELLING, RUNNING, CLOSING = range(4)

# Table `real`. What a reset sets:
(X_MAKER, X_TAKER, X_SHARE, X_CANCEL, X_PER_UNIT,  # fees, in ticks times lots
 X_TICK, X_LOT, X_MONEY,  # currency of a tick, units of a lot, currency of a tick times a lot
 X_SCALE,  # bps of the order's value at arrival in a tick times a lot
 X_SIGMA_STEP, X_SIGMA_ALL, X_DEPTH, X_VOLUME, X_VARIANCE, X_DISCOUNT, X_BLIND,
 # and what changes:
 X_ARRIVAL, X_MID, X_EXOGENOUS, X_AHEAD, X_CASH, X_FEES, X_OFI, X_TREND, X_SWING,
 X_MOVE, X_VOLUME_BEFORE, X_SHORTFALL, X_NEWS, X_OFF, REALS) = range(31)

# Columns of an observation.
OBSERVED = (
    "time_left", "left", "behind", "resting", "rest_distance", "queue_ahead", "filled_step",
    "spread", "imbalance", "imbalance_5", "ofi", "move", "trend", "swing", "volume",
    "from_arrival", "own_depth", "other_depth",
)  # fmt: skip
(O_TIME_LEFT, O_LEFT, O_BEHIND, O_RESTING, O_DISTANCE, O_QUEUE, O_FILLED, O_SPREAD, O_IMBALANCE,
 O_IMBALANCE_5, O_OFI, O_MOVE, O_TREND, O_SWING, O_VOLUME, O_FROM_ARRIVAL, O_OWN_DEPTH,
 O_OTHER_DEPTH) = range(len(OBSERVED))
O_SIGNALS = O_SPREAD
"""From this column on an observation tells of the market; before it, of the order alone."""
OBSERVED_LOW = (0, 0, -1, 0, -1, 0, 0, 0, -1, -1, -1, -5, -5, 0, 0, -5, 0, 0)
OBSERVED_HIGH = (1, 1, 1, 1, 1, 1, 5, 4, 1, 1, 1, 5, 5, 5, 5, 5, 1, 1)
O_DEPTH = len(OBSERVED)
"""Where the sizes at the best prices begin, if any are shown; 0 to 1 each."""


def depth_names(levels: int) -> tuple[str, ...]:
    """Names of the columns from `O_DEPTH` on: so many levels of the own side, then of the other.

    Examples
    --------
    >>> depth_names(2)
    ('own_level_1', 'own_level_2', 'other_level_1', 'other_level_2')
    """
    return tuple(f"{side}_level_{k}" for side in ("own", "other") for k in range(1, levels + 1))


# Terms of the reward, see `lobsim.envs.rewards`.
TERMS = ("execution", "impact", "exogenous", "fees", "leftover", "arrival", "leftover_arrival",
         "news",
         "off_schedule", "tracking", "tracking_shift", "risk")
(T_EXECUTION, T_IMPACT, T_EXOGENOUS, T_FEES, T_LEFTOVER, T_ARRIVAL, T_LEFTOVER_ARRIVAL, T_NEWS,
 T_OFF_SCHEDULE, T_TRACKING, T_TRACKING_SHIFT, T_RISK) = range(len(TERMS))

# Columns of the information of a step; the terms follow.
INFO = ("time_s", "left", "filled", "position", "cash", "fees", "mid", "arrival_price", "volume",
        "resting", "maker_filled", "shortfall_bps", "news_bps")
(I_TIME, I_LEFT, I_FILLED, I_POSITION, I_CASH, I_FEES, I_MID, I_ARRIVAL, I_VOLUME, I_RESTING,
 I_MAKER, I_SHORTFALL, I_NEWS) = range(len(INFO))
I_TERMS = len(INFO)
INFO_NAMES = (*INFO, *(name if name == "risk" else f"{name}_step_bps" for name in TERMS))
"""All columns of the information; a term is told for the step alone, in bps (risk in bps^2)."""
