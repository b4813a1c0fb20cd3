"""A quiet, quick market of the tests, so that laws do not hang on a shipped profile's numbers."""

import math

from lobsim.market import Profile
from lobsim.market.parts import Fundamental, Impact, Makers, Takers, ZeroIntelligence

VOLUME, SIGMA_BPS, PRICE, TICK = 2e6, 100.0, 50.0, 0.01
MINUTES = 390

CALM = Profile(
    name="calm", symbol="CALM", description="A quiet market of the tests", tick_size=TICK,
    start_price=PRICE, daily_volume=VOLUME, max_live=320,
    parts=(
        ZeroIntelligence(limit_rate_per_s=1.0, cancel_rate_per_s=0.1, limit_levels=15,
                         limit_sizes=((100, 0.6), (300, 0.4))),
        Takers(market_rate_per_s=0.5, market_sizes=((100, 0.8), (300, 0.2)), informed_share=0.1,
               lookahead_s=3.0),
        Fundamental(volatility_bps=SIGMA_BPS / math.sqrt(MINUTES)),
        Makers(maker_slack_ticks=0.5, stale_rate_per_s=50.0, refill_rate_per_s=40.0),
        Impact.square_root(VOLUME, SIGMA_BPS * 1e-4 * PRICE / TICK),
    ))
