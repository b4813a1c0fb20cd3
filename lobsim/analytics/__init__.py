"""Analytics: NBBO, trade filters and signs, spreads, implementation shortfall, paired comparison.

Names: ``*_spread`` and ``*_shortfall`` are costs, positive for whoever takes liquidity or trades;
``*_bps`` is in basis points. Times are ``time_ns`` (int64 nanoseconds since local midnight) in
tables and seconds since midnight in arguments named ``*_s``. Sides and signs: +1 buy, -1 sell.
"""

from lobsim.analytics.compare import PairedDifference, paired_difference, pairs_needed
from lobsim.analytics.consolidate import ELIGIBLE_CONDITIONS, nbbo
from lobsim.analytics.matching import between, match_quotes, mid_at
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
from lobsim.analytics.trades import SALE_CONDITIONS, regular_trades, sale_conditions

__all__ = [
    "ELIGIBLE_CONDITIONS",
    "SALE_CONDITIONS",
    "PairedDifference",
    "Shortfall",
    "between",
    "effective_spread",
    "implementation_shortfall",
    "lee_ready",
    "match_quotes",
    "mid_at",
    "nbbo",
    "paired_difference",
    "pairs_needed",
    "price_impact",
    "quote_rule",
    "quoted_spread",
    "realised_spread",
    "regular_trades",
    "sale_conditions",
    "slippage_bps",
    "tick_rule",
    "trade_costs",
    "twap_price",
    "vwap",
]
