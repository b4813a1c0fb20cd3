"""Two earlier parameter sets, kept as they were: the bundled data sets are drawn from them.

They are simpler than the named profiles (Poisson takers, linear impact, no deep book), and their
facts are farther from real ones; a change of a parameter here changes the bundled files.
"""

from lobsim.market.parts import (Fees, Fundamental, Impact, Makers, Takers, VolumeCurve,
                                 ZeroIntelligence)
from lobsim.market.profile import Profile

_CURVE = (0.130, 0.092, 0.080, 0.074, 0.070, 0.058, 0.050, 0.050, 0.048, 0.053, 0.057, 0.073,
              0.165)

SHARE_SKETCH = Profile(
    name="SPY",
    symbol="SPY",
    description="Large-tick index fund on one venue with about a fifteenth of its volume",
    tick_size=0.01,
    start_price=168.0,
    daily_volume=8.9e6,
    max_live=448,
    parts=(
        ZeroIntelligence(
            limit_rate_per_s=5.5, limit_decay=0.7, limit_levels=20, cancel_rate_per_s=0.25,
            limit_sizes=((10, 0.04), (40, 0.04), (100, 0.42), (200, 0.20), (300, 0.13),
                         (500, 0.11), (1000, 0.06))),
        Takers(
            market_rate_per_s=2.2, meta_min_orders=1.7, meta_informed_share=0.75,
            informed_share=0.10, lookahead_s=4.0,
            market_sizes=((5, 0.06), (20, 0.06), (50, 0.08), (100, 0.45), (200, 0.16), (300, 0.08),
                          (500, 0.06), (1000, 0.035), (2000, 0.012), (5000, 0.003))),
        Fundamental(volatility_bps=3.8, jump_share=0.15, jump_rate_per_s=0.01, vol_of_vol=0.10),
        Makers(maker_slack_ticks=0.4, maker_lean=0.4, stale_rate_per_s=50.0, snipe_share=0.05,
               refill_rate_per_s=40.0),
        Impact(depth_per_tick=1200.0, permanent_share=0.2, impact_times_s=(5.0, 60.0, 600.0),
               impact_weights=(0.4, 0.3, 0.3)),
        VolumeCurve(_CURVE),
        Fees(maker_fee=-0.0020, taker_fee=0.0030, fee_unit="per_share"),
    ),
)

_FLAT_DAY = (1.0,) * 24

COIN_SKETCH = Profile(
    name="BTC-USD",
    symbol="BTC/USD",
    description="Bitcoin against the dollar on one exchange: coarse tick, thin queues, jumps",
    tick_size=1.0,
    lot_size=0.0001,
    size_unit="BTC",
    start_price=78_000.0,
    day_start_s=0.0,
    day_end_s=86400.0,
    daily_volume=870.0,
    max_live=512,
    band_ticks=32768,
    parts=(
        ZeroIntelligence(
            limit_rate_per_s=3.0, limit_decay=0.7, limit_levels=40, cancel_rate_per_s=0.25,
            limit_sizes=((0.005, 0.15), (0.013, 0.25), (0.03, 0.2), (0.06, 0.2), (0.12, 0.12),
                         (0.4, 0.08))),
        Takers(
            market_rate_per_s=0.15, meta_min_orders=2.2, meta_informed_share=0.8,
            informed_share=0.05, lookahead_s=4.0,
            market_sizes=((0.0005, 0.15), (0.003, 0.2), (0.013, 0.25), (0.03, 0.2), (0.08, 0.12),
                          (0.2, 0.06), (0.8, 0.02))),
        Fundamental(volatility_bps=3.2, jump_share=0.5, jump_rate_per_s=0.05, vol_of_vol=0.20),
        Makers(maker_slack_ticks=1.5, maker_lean=0.2, stale_rate_per_s=40.0, snipe_share=0.003,
               refill_rate_per_s=100.0),
        Impact(depth_per_tick=0.2, permanent_share=0.2, impact_times_s=(5.0, 60.0, 600.0),
               impact_weights=(0.4, 0.3, 0.3)),
        VolumeCurve(_FLAT_DAY),
        Fees(maker_fee=2.0, taker_fee=5.0, fee_unit="bps"),
    ),
)
