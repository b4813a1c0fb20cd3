"""Analytics: NBBO, signs, spreads, imbalance, micro-price, stylised facts, shortfall, regression.

Names: ``*_spread`` and ``*_shortfall`` are costs, positive for whoever takes liquidity or trades;
``*_bps`` is in basis points. Times are ``time_ns`` (int64 nanoseconds since local midnight) in
tables and seconds since midnight in arguments named ``*_s``. Sides and signs: +1 buy, -1 sell.
"""

from lobsim.analytics.book_levels import (
    BookLevels,
    book_levels,
    integrated_weights,
    multi_level_imbalance,
    multi_level_ofi,
)
from lobsim.analytics.compare import PairedDifference, paired_difference, pairs_needed
from lobsim.analytics.consolidate import ELIGIBLE_CONDITIONS, nbbo
from lobsim.analytics.facts_messages import OrderEvents
from lobsim.analytics.facts_names import FACTS
from lobsim.analytics.cst import (
    probability_filled_before_move,
    probability_making_the_spread,
    probability_mid_up,
)
from lobsim.analytics.facts_of import facts_of
from lobsim.analytics.facts_tape import market_orders
from lobsim.analytics.flow_bars import flow_bars
from lobsim.analytics.imbalance import order_book_imbalance, order_flow_imbalance
from lobsim.analytics.leak_detector import (
    AUC,
    LeakageDetector,
    LeakDay,
    auc,
    auc_difference,
    auc_of,
)
from lobsim.analytics.leakage import tape_features
from lobsim.analytics.matching import between, match_quotes, mid_at
from lobsim.analytics.mark_outs import mark_outs
from lobsim.analytics.micro_price import MicroPrice, fit_micro_price, weighted_mid
from lobsim.analytics.regression import (
    HitRate,
    OutOfSample,
    Regression,
    hit_rate,
    out_of_sample_r2,
    regress,
)
from lobsim.analytics.scorecard import Scorecard, scorecard
from lobsim.analytics.shortfall import (
    Shortfall,
    implementation_shortfall,
    slippage_bps,
    twap_price,
    vwap,
)
from lobsim.analytics.signs import lee_ready, quote_rule, tick_rule
from lobsim.analytics.spreads import (
    effective_spread,
    price_impact,
    quoted_spread,
    realised_spread,
    trade_costs,
)
from lobsim.analytics.stylised_facts import Facts, stylised_facts
from lobsim.analytics.tape_of import Tape, tape_of
from lobsim.analytics.targets import TARGETS, Target, reference_facts
from lobsim.analytics.trades import SALE_CONDITIONS, regular_trades, sale_conditions

__all__ = [
    "AUC",
    "ELIGIBLE_CONDITIONS",
    "FACTS",
    "SALE_CONDITIONS",
    "TARGETS",
    "BookLevels",
    "Facts",
    "HitRate",
    "LeakDay",
    "LeakageDetector",
    "MicroPrice",
    "OrderEvents",
    "OutOfSample",
    "PairedDifference",
    "Regression",
    "Scorecard",
    "Shortfall",
    "Tape",
    "Target",
    "auc",
    "auc_difference",
    "auc_of",
    "between",
    "book_levels",
    "effective_spread",
    "facts_of",
    "fit_micro_price",
    "flow_bars",
    "hit_rate",
    "implementation_shortfall",
    "integrated_weights",
    "lee_ready",
    "mark_outs",
    "market_orders",
    "match_quotes",
    "mid_at",
    "multi_level_imbalance",
    "multi_level_ofi",
    "nbbo",
    "order_book_imbalance",
    "order_flow_imbalance",
    "out_of_sample_r2",
    "paired_difference",
    "pairs_needed",
    "price_impact",
    "probability_filled_before_move",
    "probability_making_the_spread",
    "probability_mid_up",
    "quote_rule",
    "quoted_spread",
    "realised_spread",
    "reference_facts",
    "regress",
    "regular_trades",
    "sale_conditions",
    "scorecard",
    "slippage_bps",
    "stylised_facts",
    "tick_rule",
    "tape_features",
    "tape_of",
    "trade_costs",
    "twap_price",
    "vwap",
    "weighted_mid",
]
