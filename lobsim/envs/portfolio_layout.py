"""Names of what a portfolio environment keeps besides the state of each order.

A *row* is one name of one episode: row ``e * M + n``. Rows of `word`, `real` and `schedule` are
those of `lobsim.envs.execution_layout`, so that the machinery of a single order works on them.
"""

from lobsim.envs.execution_layout import (INFO_NAMES, OBSERVED, OBSERVED_HIGH, OBSERVED_LOW,
                                          TERMS)

# Table `bound`, whole numbers of each row. What a reset sets:
(B_LOTS, B_LEAST, B_ENDS,  # lots of the block; lots that must be done; decisions to its deadline
 # and what changes:
 B_CROSS, B_OFFSET, B_REST,  # what the action wants, then what is allowed
 B_FORCED, B_OPEN, B_MOST,  # lots that must be crossed; may trade already; may trade at most
 B_WAS,  # lots left before the step
 B_WHY, BOUNDS) = range(12)
# Values of B_WHY: why a block ended with less than it must.
FINISHED, BY_CAP, BY_NET, BY_BOOK = range(4)

# Table `client`, numbers of each row, all set by a reset.
C_CAP, C_AVERSION, C_PRICE, C_WEIGHT, CLIENTS = range(5)
"""Share of volume, 1/bps, money of a lot at arrival, share of the gross value."""

# Table `whole`, numbers of each episode.
W_GROSS, W_LOW, W_HIGH, W_LEFT_NET, W_STEP, W_RISK_FIRST, WHOLES = range(7)
"""Money; bounds of what is left to sell less what is left to buy, in money, and its value now."""

# Values of the mode.
PACE, PACE_CROSS, ORDERS, PACE_PRICE = range(4)
MODES = {"pace": PACE, "pace_cross": PACE_CROSS, "pace_price": PACE_PRICE, "orders": ORDERS}
NUMBERS = {"pace": 1, "pace_cross": 2, "pace_price": 2, "orders": 3}

# Terms of the reward: those of one order, and what risk weighs to the clients: through the
# covariance of the desk, and to each by itself.
PORTFOLIO_TERMS = (*TERMS, "aversion", "own_risk")
T_AVERSION, T_OWN_RISK = len(TERMS), len(TERMS) + 1

# Columns of an observation: of each name, then of the portfolio.
NAME_OBSERVED = (*OBSERVED, "side", "value", "ends", "aversion", "must", "cap_room", "hedge",
                 "spread_bps", "volatility", "size", "cover", "charge")
(P_SIDE, P_VALUE, P_ENDS, P_AVERSION, P_MUST, P_CAP, P_HEDGE, P_SPREAD, P_VOLATILITY, P_SIZE,
 P_COVER, P_CHARGE, NAME_COLUMNS) = range(len(OBSERVED), len(NAME_OBSERVED) + 1)
NAME_LOW = (*OBSERVED_LOW, -1, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1)
NAME_HIGH = (*OBSERVED_HIGH, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
BOOK_OBSERVED = ("time_left", "left", "net_left", "room_to_sell", "room_to_buy", "risk", "working")
(Q_TIME, Q_LEFT, Q_NET, Q_SELL, Q_BUY, Q_RISK, Q_WORKING) = range(len(BOOK_OBSERVED))
BOOK_LOW = (0, 0, -1, 0, 0, 0, 0)
BOOK_HIGH = (1, 1, 1, 1, 1, 5, 1)

# Columns of the information of an episode; the terms follow.
TOLD = ("time_s", "gross", "left", "net_left", "cash", "fees", "shortfall_bps", "news_bps",
        "risk_left_bps", "working", "capped", "held_back", "forced", "overshot", "unfinished_cap",
        "unfinished_net", "unfinished_book")
(J_TIME, J_GROSS, J_LEFT, J_NET, J_CASH, J_FEES, J_SHORTFALL, J_NEWS, J_RISK, J_WORKING, J_CAPPED,
 J_HELD, J_FORCED, J_OVERSHOT, J_CAP, J_NET_SHORT, J_BOOK) = range(len(TOLD))
J_TERMS = len(TOLD)
TOLD_NAMES = (*TOLD, *(name if name == "risk" else f"{name}_step_bps" for name in PORTFOLIO_TERMS))
NAME_TOLD = INFO_NAMES
"""Columns that are kept of each name: those of `lobsim.envs.execution`."""
