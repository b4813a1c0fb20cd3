"""What parameters of parts may be: checked once, when a profile is made.

A rate of zero or a missing number would not fail in a kernel but stop its clock, or run for ever.
"""

import numpy as np

from lobsim.engine.records import MESSAGE
from lobsim.market.parts import (FillRule, Fundamental, Hidden, Latency, Makers, Metaorders,
                                 Predator, Recorded, Regime, Regimes, Shock, Shocks, Takers,
                                 VolumeCurve, ZeroIntelligence)

POSITIVE, NOT_NEGATIVE, FINITE = "positive", "not negative", "finite"
SHARE, SIGNED_SHARE = "from 0 to 1", "from -1 to 1"

_HOLDS = {
    POSITIVE: lambda x: (x > 0) & np.isfinite(x),
    NOT_NEGATIVE: lambda x: (x >= 0) & np.isfinite(x),
    FINITE: np.isfinite,
    SHARE: lambda x: (x >= 0) & (x <= 1),
    SIGNED_SHARE: lambda x: np.abs(x) <= 1,
}

_RULES = {
    ZeroIntelligence: {
        POSITIVE: ("limit_rate_per_s", "cancel_rate_per_s", "limit_levels", "limit_shape",
                   "cancel_shape", "limit_scale_ticks"),
        NOT_NEGATIVE: ("limit_tail",), SHARE: ("inside_share",), FINITE: ("limit_decay",)},
    Hidden: {SHARE: ("hidden_share",)},
    Takers: {
        NOT_NEGATIVE: ("market_rate_per_s", "meta_min_orders", "meta_most_orders", "lookahead_s",
                       "widest_spread_ticks"),
        SHARE: ("meta_informed_share", "informed_share", "sweep_share")},
    Fundamental: {
        NOT_NEGATIVE: ("volatility_bps", "jump_rate_per_s", "vol_of_vol"),
        SHARE: ("jump_share",), SIGNED_SHARE: ("common_share", "sector_share"),
        FINITE: ("trend_bps_per_min",)},
    Makers: {
        POSITIVE: ("stale_rate_per_s", "refill_rate_per_s", "refill_ticks"),
        NOT_NEGATIVE: ("maker_lean",), SHARE: ("cancel_lean", "snipe_share"),
        FINITE: ("maker_slack_ticks",)},
    VolumeCurve: {POSITIVE: ("volume_curve",)},
    Regime: {
        POSITIVE: ("mean_minutes", "activity"), NOT_NEGATIVE: ("volatility",),
        FINITE: ("trend_bps_per_min", "slack_ticks")},
    Shock: {
        POSITIVE: ("shock_minutes", "activity"), NOT_NEGATIVE: ("shock_start_s", "volatility"),
        FINITE: ("slack_ticks",)},
    Metaorders: {
        POSITIVE: ("metaorder_size", "metaorder_child_size", "metaorder_interval_s"),
        NOT_NEGATIVE: ("metaorders_per_hour",)},
    Predator: {
        POSITIVE: ("predator_size", "predator_limit", "predator_memory_s", "predator_threshold",
                   "predator_interval_s")},
    Latency: {
        NOT_NEGATIVE: ("feed_s", "order_s", "cancel_s", "feed_jitter_s", "order_jitter_s",
                       "cancel_jitter_s")},
    FillRule: {NOT_NEGATIVE: ("fill_rate_per_s", "fill_decay_per_tick")},
}


def check_parts(parts, lot_size: float) -> None:
    """Check the parameters of all parts of a profile.

    Parameters
    ----------
    parts : sequence of parts
    lot_size : float
        Sizes of orders must be at least this.

    Raises
    ------
    ValueError
        Which parameter it is, what it was, and what it must be.

    Examples
    --------
    >>> check_parts([Takers(market_rate_per_s=-1.0)], 1.0)
    Traceback (most recent call last):
        ...
    ValueError: Takers.market_rate_per_s is -1.0; it must be not negative
    """
    for part in parts:
        _check_values(part)
        for name in ("limit_sizes", "market_sizes"):
            if name in part.__dataclass_fields__:
                _check_sizes(part, name, lot_size)
        if isinstance(part, Regimes):
            if not part.regimes:
                raise ValueError("Regimes.regimes is empty; there must be at least one")
            for regime in part.regimes:
                _check_values(regime)
        elif isinstance(part, Fundamental):
            _check_factors(part)
        elif isinstance(part, Shocks):
            for shock in part.shocks:
                _check_values(shock)
        elif isinstance(part, VolumeCurve) and not len(part.volume_curve):
            raise ValueError("VolumeCurve.volume_curve is empty; there must be at least one weight")
        elif isinstance(part, Recorded):
            _check_messages(part)


def _check_values(part) -> None:
    for rule, names in _RULES.get(type(part), {}).items():
        for name in names:
            value = getattr(part, name)
            if not np.all(_HOLDS[rule](np.asarray(value, dtype=float))):
                raise ValueError(f"{type(part).__name__}.{name} is {value}; it must be {rule}")


def _check_factors(part: Fundamental) -> None:
    if abs(part.common_share) + abs(part.sector_share) > 1:
        raise ValueError(f"Fundamental.common_share is {part.common_share} and sector_share "
                         f"{part.sector_share}; together they may be at most 1")
    if part.sector < 0 or part.sector != int(part.sector):
        raise ValueError(f"Fundamental.sector is {part.sector}; it must be a whole number from 0")


def _check_sizes(part, name: str, lot_size: float) -> None:
    pairs = np.asarray(getattr(part, name), dtype=float)
    if not (pairs.ndim == 2 and pairs.shape[1] == 2 and len(pairs) and np.isfinite(pairs).all()
            and (pairs[:, 0] >= lot_size * (1 - 1e-9)).all() and (pairs[:, 1] >= 0).all()
            and pairs[:, 1].sum() > 0):
        raise ValueError(f"{type(part).__name__}.{name} is {getattr(part, name)}; it must be pairs "
                         f"of a size, at least a lot of {lot_size:g}, and a probability")


def _check_messages(part: Recorded) -> None:
    for name in ("messages", "initial"):
        array = np.asarray(getattr(part, name))
        if len(array) and (array.dtype != MESSAGE or array.ndim != 1):
            raise ValueError(f"Recorded.{name} has the dtype {array.dtype} and the shape "
                             f"{array.shape}; it must be a one-dimensional array of lobsim.MESSAGE")
    if len(part.messages):
        back = np.flatnonzero(np.diff(part.messages["time_ns"]) < 0)
        if len(back):
            raise ValueError(f"Recorded.messages run back in time at row {back[0] + 1}; they must "
                             f"be in order of time")
