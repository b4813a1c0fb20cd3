"""From a profile to arrays: tables, parameters, the regimes' path, and the state at the start."""

import numpy as np

from lobsim.engine.records import MESSAGE
from lobsim.market.curve import minute_weights
from lobsim.market.parts import (FILL_RULES, FillRule, Fundamental, Halts, Hawkes, Hidden, Impact,
                                 Latency, Makers, Metaorders, Predator, QueueReactive, Recorded,
                                 Regimes, Shocks, Takers, VolumeCurve, ZeroIntelligence)
from lobsim.market.profile import Profile, size_table
from lobsim.market.rng import Dice, stream_key
from lobsim.market import state as s
from lobsim.market.state import Flow, GRID_NS, NS

_STEP_S = GRID_NS / NS
_ONE_TABLE = np.zeros((1, 1, 1))


def distance_table(part: ZeroIntelligence, entries: int = 1024) -> np.ndarray:
    """Spread lambda(i) over equally likely entries (CST eq. 3, `limit_shape`, or a power tail).

    Entries are distances from the best quote of the other side, at least 1; those of a power tail
    count from that of the own side, at least 0.
    """
    if part.limit_tail:
        return tail_distances(part, entries)
    if part.limit_shape:
        rates = np.asarray(part.limit_shape, dtype=float)
    else:
        rates = np.arange(1, part.limit_levels + 1, dtype=float) ** -part.limit_decay
    edges = np.rint(np.cumsum(rates) / rates.sum() * entries).astype(int)
    counts = np.diff(np.concatenate([[0], edges]))
    return np.repeat(np.arange(1, len(rates) + 1), counts).astype(np.int64)


def tail_distances(part: ZeroIntelligence, entries: int) -> np.ndarray:
    """Quantiles of ``P(at least i ticks) = (1 + i / scale) ** -tail``, cut at `limit_levels`."""
    share = 1.0 - (np.arange(entries) + 0.5) / entries
    last = (1.0 + (part.limit_levels + 1) / part.limit_scale_ticks) ** -part.limit_tail
    share = last + (1.0 - last) * share
    distance = part.limit_scale_ticks * (share ** (-1.0 / part.limit_tail) - 1.0)
    return np.minimum(distance, part.limit_levels).astype(np.int64)


def minute_table(profile: Profile, seed: int) -> np.ndarray:
    """What holds in each minute of the day: activity, volatility, trend, slack.

    Returns
    -------
    ndarray of shape (minutes, 4)
        Activity relative to the day's mean; standard deviation of F relative to the profile's,
        squared; ticks per grid step; ticks.
    """
    part = profile.part(VolumeCurve)
    curve = part.volume_curve if part else (1.0,)
    weights = minute_weights(curve, profile.day_start_s, profile.day_end_s)
    table = np.zeros((len(weights), 4))
    table[:, s.MIN_ACTIVITY] = weights * len(weights)
    table[:, s.MIN_VOLATILITY] = 1.0
    path = profile.part(Fundamental)
    per_step = profile.ticks_of_bps(1.0) * _STEP_S / 60.0
    if path:
        table[:, s.MIN_TREND] = path.trend_bps_per_min * per_step
    regimes = profile.part(Regimes)
    if regimes:
        which = regime_path(regimes, len(table), seed)
        kinds = regimes.regimes
        table[:, s.MIN_ACTIVITY] *= np.array([r.activity for r in kinds])[which]
        table[:, s.MIN_VOLATILITY] *= np.array([r.volatility for r in kinds])[which] ** 2
        table[:, s.MIN_TREND] += np.array([r.trend_bps_per_min for r in kinds])[which] * per_step
        table[:, s.MIN_SLACK] += np.array([r.slack_ticks for r in kinds])[which]
    shocks = profile.part(Shocks)
    for shock in shocks.shocks if shocks else ():
        begins = (shock.shock_start_s - profile.day_start_s) / 60.0
        ends = begins + shock.shock_minutes
        rows = slice(max(0, round(begins)), max(0, round(ends)))
        table[rows, s.MIN_ACTIVITY] *= shock.activity
        table[rows, s.MIN_VOLATILITY] *= shock.volatility**2
        table[rows, s.MIN_SLACK] += shock.slack_ticks
    return table


def regime_path(part: Regimes, minutes: int, seed: int) -> np.ndarray:
    """Index of the regime of each minute: memoryless lengths, then any other one.

    The chain starts in a regime drawn by how much of the time it takes up.
    """
    dice = Dice(seed, s.K_REGIME)
    lengths = np.array([r.mean_minutes for r in part.regimes], dtype=float)
    leave, pick = dice.uniform(minutes), dice.uniform(minutes)
    now = int(np.searchsorted(np.cumsum(lengths / lengths.sum()), pick[0], side="right"))
    now = min(now, len(lengths) - 1)
    path = np.zeros(minutes, dtype=np.int64)
    for minute in range(minutes):
        if minute and len(lengths) > 1 and leave[minute] < 1.0 / max(lengths[now], 1.0):
            now = (now + 1 + int(pick[minute] * (len(lengths) - 1))) % len(lengths)
        path[minute] = now
    return path


def make_flow(profile: Profile, seed: int, start_ns: int, common_seed: int | None = None) -> Flow:
    """Build the arrays of a market that starts at `start_ns` (ns after midnight).

    Parameters
    ----------
    profile : Profile
    seed : int
    start_ns : int
    common_seed : int, optional
        Seed of the factor that the markets of a universe share.
    """
    real = np.zeros(s.R_SIZE)
    whole = np.zeros(s.W_SIZE, dtype=np.int64)
    middle = round(profile.start_price / profile.tick_size)
    whole[s.W_DAY_START] = round(profile.day_start_s * NS)
    whole[s.W_MAX_LIVE] = profile.max_live
    whole[s.W_LOW] = middle - profile.band_ticks // 2
    whole[s.W_HIGH] = middle + profile.band_ticks // 2
    tables = _crowd(profile, real, whole)
    _takers(profile, real, whole)
    _price(profile, real, whole)
    _others(profile, real, whole)
    rule = profile.part(FillRule)
    if rule:
        whole[s.W_FILL_RULE] = FILL_RULES.index(rule.fill_rule)
        real[s.R_FILL_RATE], real[s.R_FILL_DECAY] = rule.fill_rate_per_s, rule.fill_decay_per_tick
    with np.errstate(over="ignore"):  # uncompiled, NumPy warns of the intended wrap-around
        keys = np.array([stream_key(np.uint64(seed), np.uint64(k)) for k in range(s.K_SIZE)],
                        dtype=np.uint64)
        shared = np.uint64(seed if common_seed is None else common_seed)
        path = profile.part(Fundamental)
        sector = np.uint64(s.SECTORS + int(path.sector if path else 0))
        keys[s.K_COMMON] = stream_key(shared, np.uint64(s.K_COMMON))
        keys[s.K_SECTOR] = stream_key(shared, sector)
    latency = profile.part(Latency)
    if latency:
        for entry, delay_s in ((s.W_FEED_NS, latency.feed_s), (s.W_ORDER_NS, latency.order_s),
                               (s.W_CANCEL_NS, latency.cancel_s),
                               (s.W_FEED_JITTER_NS, latency.feed_jitter_s),
                               (s.W_ORDER_JITTER_NS, latency.order_jitter_s),
                               (s.W_CANCEL_JITTER_NS, latency.cancel_jitter_s)):
            whole[entry] = round(delay_s * NS)
    halts = profile.part(Halts)
    halt_ns = np.array([[round(a * NS), round((a + b) * NS)] for a, b in halts.halts]
                       if halts else np.zeros((0, 2)), dtype=np.int64).reshape(-1, 2)
    return Flow(real, whole, minute_table(profile, seed), *tables, halt_ns,
                _recorded(profile), keys, *_start(profile, real, whole, start_ns, halt_ns))


def _start(profile, real, whole, start_ns, halts):
    """Clocks, counters, levels, ring, own orders and so on at the start."""
    middle = whole[s.W_LOW] + profile.band_ticks // 2
    clock = np.full(s.C_SIZE, s.NEVER, dtype=np.int64)
    clock[[s.C_NOW, s.C_GRID, s.C_BURST, s.C_TRADER]] = start_ns
    clock[s.C_MINUTE_END] = start_ns  # the first event finds its minute
    if whole[s.W_BASE] != s.BASE_NONE:
        clock[s.C_BASE] = start_ns
    for entry, kind in ((s.C_METAORDER, Metaorders), (s.C_PREDATOR, Predator)):
        if profile.part(kind):
            clock[entry] = start_ns
    if whole[s.W_BURSTS]:
        clock[s.C_TAKER] = start_ns
    count = np.zeros(s.N_SIZE, dtype=np.int64)
    if len(halts):
        clock[s.C_HALT] = halts[0, 0]
    level = np.zeros(s.L_SIZE)
    level[[s.L_EXOGENOUS, s.L_AHEAD, s.L_FAIR]] = middle + 0.5
    level[s.L_VARIANCE] = 1.0
    level[s.L_SLACK] = real[s.R_SLACK]
    count[s.N_REFERENCE] = middle
    hawkes = profile.part(Hawkes)
    decays = len(hawkes.hawkes_beta) if hawkes else 1
    return (clock, count, level, np.full(s.RING, middle + 0.5), np.zeros(s.OWN_ROOM, s.OWN_ORDER),
            s.new_pending(), np.zeros((decays, 6)), np.zeros(s.AHEAD, np.int64),
            np.zeros((2, s.AHEAD)))


def _crowd(profile, real, whole):
    """Tables of the base flow: distances, sizes of limits and markets, cancels, rates."""
    crowd, takers = profile.part(ZeroIntelligence), profile.part(Takers)
    lot = profile.lot_size
    one = ((lot, 1.0),)
    market_sizes = size_table(takers.market_sizes if takers else one, lot)
    cancel_shape = np.ones(1)
    distances = np.ones(1024, dtype=np.int64)
    limit_sizes = size_table(crowd.limit_sizes if crowd else one, lot)
    if crowd:
        distances = distance_table(crowd)
        at_one = np.count_nonzero(distances == 1) / len(distances) if not crowd.limit_tail else 1.0
        whole[s.W_BEHIND] = crowd.limit_tail > 0
        real[s.R_INSIDE] = crowd.inside_share
        whole[s.W_BASE] = s.BASE_POISSON
        whole[s.W_PARTIAL] = crowd.partial_cancels
        real[s.R_LIMIT] = 2.0 * crowd.limit_rate_per_s / at_one
        rate = crowd.cancel_rate_per_s
        if crowd.cancel_shape:
            shape = np.asarray(crowd.cancel_shape, dtype=float)
            rate *= shape.max()
            cancel_shape = shape / shape.max()
        real[s.R_CANCEL] = rate * profile.max_live
    tables, rates = _ONE_TABLE, np.zeros(1)
    hawkes, queues = profile.part(Hawkes), profile.part(QueueReactive)
    if hawkes:
        whole[s.W_BASE] = s.BASE_HAWKES
        tables = np.asarray(hawkes.hawkes_alpha, dtype=float)
        rates = np.concatenate([hawkes.hawkes_mu, hawkes.hawkes_beta]).astype(float)
    if queues:
        whole[s.W_BASE] = s.BASE_QUEUES
        limit = np.asarray(queues.qr_limit, dtype=float)
        market = np.zeros_like(limit)
        market[0] = queues.qr_market
        tables = np.stack([limit, np.asarray(queues.qr_cancel, dtype=float), market])
        whole[s.W_QUEUES], whole[s.W_LONGEST] = limit.shape[0], limit.shape[1] - 1
        real[s.R_THETA], real[s.R_REINIT] = queues.theta, queues.theta_reinit
        real[s.R_UNIT] = queues.qr_unit / lot
    if profile.part(Recorded):
        whole[s.W_BASE] = s.BASE_RECORDED
    return distances, limit_sizes, market_sizes, cancel_shape, tables, rates


def _recorded(profile) -> np.ndarray:
    part = profile.part(Recorded)
    return np.require(part.messages, MESSAGE, ["C", "W", "A"]) if part else np.zeros(1, MESSAGE)


def _takers(profile, real, whole):
    takers = profile.part(Takers)
    if takers:
        real[s.R_MARKET_MEAN] = takers.market_rate_per_s
        real[s.R_META_MIN] = takers.meta_min_orders
        real[s.R_META_MOST] = takers.meta_most_orders
        real[s.R_META_INFORMED] = takers.meta_informed_share
        real[s.R_INFORMED] = takers.informed_share
        real[s.R_SWEEP] = takers.sweep_share
        whole[s.W_WIDEST] = takers.widest_spread_ticks
        real[s.R_CROWD] = takers.surprise_ticks
        real[s.R_EXPECT] = takers.expected_share
        whole[s.W_LOOKAHEAD] = min(round(takers.lookahead_s * NS / GRID_NS), s.RING - 1)
        base = whole[s.W_BASE]
        if base == s.BASE_POISSON and not takers.bursts:
            real[s.R_MARKET] = takers.market_rate_per_s  # one clock for all that is Poisson
        elif base not in (s.BASE_HAWKES, s.BASE_RECORDED):  # whose takers are their own
            whole[s.W_BURSTS] = 1
        for k, (branching, time_s) in enumerate(takers.bursts):
            real[s.R_BURST_JUMP + k] = branching / time_s
            real[s.R_BURST_RATE + k] = 1.0 / time_s
        real[s.R_MARKET_MEAN] *= 1.0 - sum(branching for branching, _ in takers.bursts)
    real[s.R_TOTAL] = real[s.R_LIMIT] + real[s.R_CANCEL] + real[s.R_MARKET]


def _price(profile, real, whole):
    """Per-step standard deviations, the makers, and impact coefficients (modifies `real`)."""
    path, makers, impact = (profile.part(k) for k in (Fundamental, Makers, Impact))
    if path:
        whole[s.W_PATH] = 1
        variance = profile.volatility_ticks_per_sqrt_s**2
        real[s.R_STEP_STD] = np.sqrt(variance * (1.0 - path.jump_share) * _STEP_S)
        if path.jump_rate_per_s > 0:
            real[s.R_JUMP_STD] = np.sqrt(variance * path.jump_share / path.jump_rate_per_s)
        real[s.R_JUMP_PROB] = path.jump_rate_per_s * _STEP_S
        real[s.R_VOL_OF_VOL] = path.vol_of_vol
        real[s.R_COMMON] = np.sign(path.common_share) * np.sqrt(abs(path.common_share))
        real[s.R_SECTOR] = np.sign(path.sector_share) * np.sqrt(abs(path.sector_share))
        apart = 1.0 - abs(path.common_share) - abs(path.sector_share)
        real[s.R_APART] = np.sqrt(max(apart, 0.0))  # rounding may leave it a hair below 0
    if makers:
        whole[s.W_MAKERS] = 1
        whole[s.W_REFILL_TICKS] = makers.refill_ticks
        real[s.R_SLACK], real[s.R_LEAN] = makers.maker_slack_ticks, makers.maker_lean
        real[s.R_CANCEL_LEAN] = makers.cancel_lean
        real[s.R_STALE], real[s.R_SNIPE] = makers.stale_rate_per_s, makers.snipe_share
        real[s.R_REFILL] = makers.refill_rate_per_s
    real[s.R_DECAY:s.R_DECAY + s.IMPACT_PARTS] = 1.0
    if impact:
        per_lot = profile.lot_size / impact.depth_per_tick
        real[s.R_PERMANENT] = per_lot * impact.permanent_share
        real[s.R_TRANSIENT] = per_lot * (1.0 - impact.permanent_share)
        real[s.R_GROWTH], real[s.R_RESTING] = impact.depth_growth, impact.resting_share
        real[s.R_REGRET_FREE] = impact.regret_free
        for k, (time_s, weight) in enumerate(zip(impact.impact_times_s, impact.impact_weights)):
            real[s.R_WEIGHT + k] = weight
            real[s.R_DECAY + k] = np.exp(-_STEP_S / time_s)


def _others(profile, real, whole):
    """Hidden orders, and large traders: hidden metaorders and the predator."""
    lot = profile.lot_size
    hidden = profile.part(Hidden)
    real[s.R_HIDDEN] = hidden.hidden_share if hidden else 0.0
    meta, predator = profile.part(Metaorders), profile.part(Predator)
    if meta:
        real[s.R_METAORDER_RATE] = meta.metaorders_per_hour / 3600.0
        real[s.R_METAORDER_GAP] = meta.metaorder_interval_s
        real[s.R_METAORDER_SIZE] = meta.metaorder_size / lot
        whole[s.W_METAORDER_CHILD] = max(1, round(meta.metaorder_child_size / lot))
        whole[s.W_METAORDER_ROOT] = meta.metaorder_tail == 1.5
    if predator:
        whole[s.W_PREDATOR_SIZE] = max(1, round(predator.predator_size / lot))
        whole[s.W_PREDATOR_LIMIT] = max(1, round(predator.predator_limit / lot))
        whole[s.W_PREDATOR_NS] = round(predator.predator_interval_s * NS)
        real[s.R_PREDATOR_THRESHOLD] = predator.predator_threshold
        real[s.R_PREDATOR_KEEP] = np.exp(-predator.predator_interval_s / predator.predator_memory_s)



