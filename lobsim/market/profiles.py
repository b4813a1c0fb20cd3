"""Named markets: small sets of documented parameters (`profiles["SPY"]`, `profiles["BTC-USD"]`)."""

import math
from dataclasses import dataclass, replace

import numpy as np

_TABLE = 256
"""Entries of a size table; a size is drawn by one byte of a random word."""


@dataclass(frozen=True)
class Profile:
    """Parameters of one market.

    Rates are per second of the *average* minute of the day; the intraday curve multiplies the
    arrivals (and their volatility, by its square root). Distances and edges are in ticks, sizes in
    `size_unit`, times in seconds.

    The flow is Cont-Stoikov-Talreja's [1]_ (limit arrivals that fall as a power of the distance
    from the opposite best quote, cancellation per order, market orders), moved by an efficient
    price ``F`` that is drawn beforehand from its own random stream:

    * a maker places an order only where its edge against ``F`` is at least ``-maker_slack_ticks``
      and pulls it (at `stale_rate_per_s`) when the edge falls below that; some of these stale
      orders are hit before they are pulled (`snipe_share`);
    * an open spread is refilled at `refill_rate_per_s`, on the side with the larger edge;
    * a market order follows the price that takers foresee, ``F`` after `lookahead_s`, with
      probability `informed_share`, and else continues the running meta-order (heavy-tailed
      length, Lillo-Mike-Farmer [2]_), which gives signs their long memory.

    Own trades move ``F`` (see `lobsim.market.impact`); the background flow's own impact is in the
    path already.

    Parameters
    ----------
    name, symbol, description : str
    tick_size, start_price : float
        Currency per unit.
    lot_size : float
        Smallest quantity (1 share, or a fraction of a coin); the engine counts in lots.
    size_unit : str
        "shares" or "BTC": what a size of 1.0 means.
    day_start_s, day_end_s : float
        The trading day, seconds after local midnight.
    volume_curve : tuple of float
        Weights of equally wide bins over the day.
    daily_volume : float
        Expected volume of a day.
    volatility_bps : float
        Standard deviation of one average minute's change of ``F``, in basis points.
    jump_share, jump_rate_per_s : float
        Share of the variance that arrives in jumps, and how often one happens.
    vol_of_vol : float
        Per-minute relative noise of the slowly varying variance (0 = constant volatility).
    limit_rate_per_s : float
        Arrivals at distance 1 from the opposite best, per side.
    limit_decay, limit_levels : float, int
        Power of the fall with distance, and the largest distance.
    limit_sizes, market_sizes : tuple of (size, probability)
        Whole shares take these sizes; coins take those in between as well.
    cancel_rate_per_s : float
        Rate at which each resting order is cancelled.
    market_rate_per_s : float
    meta_min_orders : float
        Smallest of the meta-order lengths, whose tail exponent is 4/3.
    informed_share, meta_informed_share : float
        Chance that a single order, or a meta-order when it starts, follows the foreseen price.
    lookahead_s : float
        How far takers foresee it (at most 6.3 s).
    maker_slack_ticks : float
        Smallest edge makers accept is minus this; negative values make them demand an edge, which
        widens the spread.
    maker_lean : float
        Slope, per tick of edge above the smallest, of the chance that an arriving maker joins.
    stale_rate_per_s, snipe_share, refill_rate_per_s : float
        See above.
    depth_per_tick : float
        Size that moves the efficient price by one tick if traded at once (1/q of Obizhaeva-Wang).
    permanent_share : float
        Share of that move which stays.
    impact_times_s, impact_weights : tuple of float
        Decay times of the transient rest and their weights (sum 1).
    maker_fee, taker_fee : float
        Paid per unit if `fee_unit` is "per_share", of the notional in bps if "bps"; negative
        values are rebates.
    max_live : int
        Orders that may rest at one time; 64 of these places are kept for own orders.
    band_ticks : int
        Width of the price band around `start_price`; the efficient price is held inside it.
    misses : tuple of str
        What real markets show and this profile does not, with the reason.

    References
    ----------
    .. [1] R. Cont, S. Stoikov, R. Talreja, "A stochastic model for order book dynamics",
       Operations Research 58(3), 2010, section 2.
    .. [2] F. Lillo, S. Mike, J. D. Farmer, "Theory for long memory in supply and demand",
       Physical Review E 71, 2005.
    """

    name: str
    symbol: str
    description: str
    tick_size: float
    lot_size: float
    size_unit: str
    start_price: float
    day_start_s: float
    day_end_s: float
    volume_curve: tuple[float, ...]
    daily_volume: float
    volatility_bps: float
    jump_share: float
    jump_rate_per_s: float
    vol_of_vol: float
    limit_rate_per_s: float
    limit_decay: float
    limit_levels: int
    limit_sizes: tuple[tuple[float, float], ...]
    cancel_rate_per_s: float
    market_rate_per_s: float
    market_sizes: tuple[tuple[float, float], ...]
    meta_min_orders: float
    meta_informed_share: float
    informed_share: float
    lookahead_s: float
    maker_slack_ticks: float
    maker_lean: float
    stale_rate_per_s: float
    snipe_share: float
    refill_rate_per_s: float
    depth_per_tick: float
    permanent_share: float
    impact_times_s: tuple[float, ...]
    impact_weights: tuple[float, ...]
    maker_fee: float
    taker_fee: float
    fee_unit: str
    max_live: int = 512
    band_ticks: int = 8192
    misses: tuple[str, ...] = ()

    @property
    def volatility_ticks_per_sqrt_s(self) -> float:
        """Standard deviation of one average second's change of the efficient price, in ticks."""
        per_minute = self.volatility_bps * 1e-4 * self.start_price / self.tick_size
        return per_minute / math.sqrt(60.0)

    def with_changes(self, **changes) -> "Profile":
        """Return a copy with some parameters replaced.

        Examples
        --------
        >>> profiles["SPY"].with_changes(taker_fee=0.0).taker_fee
        0.0
        """
        return replace(self, **changes)


def size_table(sizes, lot_size: float) -> np.ndarray:
    """Spread a size distribution over 256 equally likely entries, in lots.

    Whole shares take the listed sizes, with probabilities rounded to 1/256 by cumulative sums so
    that they add up. Fractions of a coin take all sizes in between as well (log-linear).
    """
    if lot_size != 1.0:
        at = np.cumsum([p for _, p in sizes])
        quantiles = (np.arange(_TABLE) + 0.5) / _TABLE * at[-1]
        logs = np.interp(quantiles, at - at[0], np.log([size for size, _ in sizes]))
        return np.maximum(1, np.rint(np.exp(logs) / lot_size)).astype(np.int64)
    values = np.array([round(size / lot_size) for size, _ in sizes], dtype=np.int64)
    edges = np.cumsum([p for _, p in sizes])
    edges = np.rint(edges / edges[-1] * _TABLE).astype(int)
    counts = np.diff(np.concatenate([[0], edges]))
    return np.repeat(values, counts)


_SPY_CURVE = (0.130, 0.092, 0.080, 0.074, 0.070, 0.058, 0.050, 0.050, 0.048, 0.053, 0.057, 0.073,
              0.165)

SPY = Profile(
    name="SPY",
    symbol="SPY",
    description="Large-tick index fund on one venue with about a fifteenth of its volume",
    tick_size=0.01,
    lot_size=1.0,
    size_unit="shares",
    start_price=168.0,
    day_start_s=34200.0,
    day_end_s=57600.0,
    volume_curve=_SPY_CURVE,
    daily_volume=8.9e6,
    volatility_bps=3.8,
    jump_share=0.15,
    jump_rate_per_s=0.01,
    vol_of_vol=0.10,
    limit_rate_per_s=5.5,
    limit_decay=0.7,
    limit_levels=20,
    limit_sizes=((10, 0.04), (40, 0.04), (100, 0.42), (200, 0.20), (300, 0.13), (500, 0.11),
                 (1000, 0.06)),
    cancel_rate_per_s=0.25,
    market_rate_per_s=2.2,
    market_sizes=((5, 0.06), (20, 0.06), (50, 0.08), (100, 0.45), (200, 0.16), (300, 0.08),
                  (500, 0.06), (1000, 0.035), (2000, 0.012), (5000, 0.003)),
    meta_min_orders=1.7,
    meta_informed_share=0.75,
    informed_share=0.10,
    lookahead_s=4.0,
    maker_slack_ticks=0.4,
    maker_lean=0.4,
    stale_rate_per_s=50.0,
    snipe_share=0.05,
    refill_rate_per_s=40.0,
    depth_per_tick=1200.0,
    permanent_share=0.2,
    impact_times_s=(5.0, 60.0, 600.0),
    impact_weights=(0.4, 0.3, 0.3),
    maker_fee=-0.0020,
    taker_fee=0.0030,
    fee_unit="per_share",
    max_live=448,
    misses=(
        "Volume and trade rate are a fifteenth and an eighth of SPY's (8.9 million shares, 118 "
        "market orders a minute), on purpose: 10,000 shares are to be a real order.",
        "Gaps between trades have a coefficient of variation of 1.06 (real: 2.4 to 4): arrivals "
        "are Poisson, nothing excites anything.",
        "Imbalance foretells the next move in 0.595 of cases, in 0.68 where it is extreme (> 0.75) "
        "(real: 0.60 to 0.65, and > 0.8), with a predictive R2 of 0.014 at 1 s (real: 0.02 to "
        "0.05): quotes follow a price from outside the book.",
        "Order-flow imbalance explains 0.84 of 10 s returns (real: 0.40 to 0.75): every change of "
        "the quotes passes through visible orders.",
        "Signs decorrelate a little fast: 0.72 / 0.35 / 0.15 at lags 1 / 10 / 50 "
        "(real: 0.75 / 0.40 to 0.55 / 0.07 to 0.29).",
        "Kurtosis of 1 s returns is 8 (real: 16 and more); news is mild.",
        "Orders live for seconds, with a constant hazard (real: most are cancelled within one).",
    ),
)

_FLAT_DAY = (1.0,) * 24

BTC_USD = Profile(
    name="BTC-USD",
    symbol="BTC/USD",
    description="Bitcoin against the dollar on one exchange: coarse tick, thin queues, jumps",
    tick_size=1.0,
    lot_size=0.0001,
    size_unit="BTC",
    start_price=78_000.0,
    day_start_s=0.0,
    day_end_s=86400.0,
    volume_curve=_FLAT_DAY,
    daily_volume=870.0,
    volatility_bps=3.2,
    jump_share=0.5,
    jump_rate_per_s=0.05,
    vol_of_vol=0.20,
    limit_rate_per_s=3.0,
    limit_decay=0.7,
    limit_levels=40,
    limit_sizes=((0.005, 0.15), (0.013, 0.25), (0.03, 0.2), (0.06, 0.2), (0.12, 0.12), (0.4, 0.08)),
    cancel_rate_per_s=0.25,
    market_rate_per_s=0.15,
    market_sizes=((0.0005, 0.15), (0.003, 0.2), (0.013, 0.25), (0.03, 0.2), (0.08, 0.12),
                  (0.2, 0.06), (0.8, 0.02)),
    meta_min_orders=2.2,
    meta_informed_share=0.8,
    informed_share=0.05,
    lookahead_s=4.0,
    maker_slack_ticks=1.5,
    maker_lean=0.2,
    stale_rate_per_s=40.0,
    snipe_share=0.003,
    refill_rate_per_s=100.0,
    depth_per_tick=0.2,
    permanent_share=0.2,
    impact_times_s=(5.0, 60.0, 600.0),
    impact_weights=(0.4, 0.3, 0.3),
    maker_fee=2.0,
    taker_fee=5.0,
    fee_unit="bps",
    max_live=512,
    band_ticks=32768,
    misses=(
        "Imbalance foretells nothing (hit rate 0.50; real: 0.59 to 0.77): quotes follow the jumps "
        "of a price from outside the book.",
        "The mid changes 166 times a minute in small steps (real: 40 in larger ones) and trails "
        "the price: 1 s returns have an autocorrelation of 0.24 (real: 0.11).",
        "Gaps between trades have a coefficient of variation of 1 (real: 2 and more), and volume "
        "has no bursts or daily shape.",
        "Order-flow imbalance explains 0.83 of 10 s returns (real: 0.05 to 0.70).",
        "A trade moves the mid by 1.9 half-spreads within a minute, so whoever quotes loses; and "
        "cancellations, partial ones included, are 1.06 per limit order (real: 0.96).",
    ),
)

profiles: dict[str, Profile] = {"SPY": SPY, "BTC-USD": BTC_USD}
