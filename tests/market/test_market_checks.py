"""Parameters that would stop a clock, run for ever or corrupt a book are told at once."""

import numpy as np
import pytest

from lobsim.engine import MESSAGE
from lobsim.market import Market, MarketBatch, profiles
from lobsim.market.parts import (
    FillRule,
    Fundamental,
    Hidden,
    Latency,
    Makers,
    Metaorders,
    Predator,
    Recorded,
    Regime,
    Regimes,
    Takers,
    VolumeCurve,
    ZeroIntelligence,
)
from small_markets import CROWD, FLOWS, START_S, market_of, profile_of

NAN = float("nan")
BACKWARDS = np.zeros(3, MESSAGE)
BACKWARDS["time_ns"] = [1, 3, 2]


@pytest.mark.parametrize("part, words", [
    (ZeroIntelligence(0.0, 0.1), "ZeroIntelligence.limit_rate_per_s is 0.0; it must be positive"),
    (ZeroIntelligence(1.0, 0.0), "cancel_rate_per_s is 0.0; it must be positive"),
    (ZeroIntelligence(1.0, NAN), "cancel_rate_per_s is nan"),
    (ZeroIntelligence(1.0, 0.1, limit_levels=0), "limit_levels is 0"),
    (ZeroIntelligence(1.0, 0.1, limit_shape=(0.0, 1.0)), r"limit_shape is \(0.0, 1.0\)"),
    (ZeroIntelligence(1.0, 0.1, limit_sizes=((0, 1.0),)), "limit_sizes .* at least a lot of 1"),
    (ZeroIntelligence(1.0, 0.1, limit_sizes=()), "limit_sizes is .*pairs of a size"),
    (ZeroIntelligence(1.0, 0.1, limit_sizes=((1, 0.0),)), "limit_sizes"),
    (ZeroIntelligence(1.0, 0.1, limit_tail=-1.0), "limit_tail is -1.0; it must be not negative"),
    (ZeroIntelligence(1.0, 0.1, limit_scale_ticks=0.0), "limit_scale_ticks is 0.0; it must be pos"),
    (ZeroIntelligence(1.0, 0.1, inside_share=1.5), "inside_share is 1.5; it must be from 0 to 1"),
    (Hidden(-0.1), "Hidden.hidden_share is -0.1; it must be from 0 to 1"),
    (Takers(1.0, widest_spread_ticks=-1), "widest_spread_ticks is -1; it must be not negative"),
    (Takers(-1.0), "Takers.market_rate_per_s is -1.0; it must be not negative"),
    (Takers(1.0, market_sizes=((0.4, 1.0),)), "market_sizes"),
    (Takers(1.0, sweep_share=1.5), "sweep_share is 1.5; it must be from 0 to 1"),
    (Fundamental(-1.0), "volatility_bps is -1.0"),
    (Fundamental(1.0, common_share=2.0), "common_share is 2.0; it must be from -1 to 1"),
    (Fundamental(1.0, jump_share=1.1), "jump_share is 1.1"),
    (Makers(refill_rate_per_s=0.0), "refill_rate_per_s is 0.0; it must be positive"),
    (Makers(stale_rate_per_s=0.0), "stale_rate_per_s is 0.0"),
    (VolumeCurve(()), "volume_curve is empty"), (VolumeCurve((1.0, 0.0)), "volume_curve is"),
    (Regimes(()), "Regimes.regimes is empty"),
    (Regimes((Regime("a", 0.0),)), "Regime.mean_minutes is 0.0"),
    (Regimes((Regime("a", 1.0, activity=0.0),)), "Regime.activity is 0.0"),
    (Metaorders(1.0, 10.0, 0.0, 1.0), "metaorder_child_size is 0.0"),
    (Metaorders(1.0, 10.0, 1.0, 0.0), "metaorder_interval_s is 0.0"),
    (Predator(1.0, 1.0, predator_interval_s=0.0), "predator_interval_s is 0.0; it must be positi"),
    (Predator(1.0, 1.0, predator_memory_s=0.0), "predator_memory_s is 0.0"),
    (Latency(order_s=NAN), "order_s is nan; it must be not negative"),
    (Latency(order_s=float("inf")), "order_s is inf"),
    (FillRule("probability", NAN), "fill_rate_per_s is nan"),
    (Recorded(np.zeros(3)), "Recorded.messages has the dtype float64"),
    (Recorded(BACKWARDS), "Recorded.messages run back in time at row 2"),
])
def test_impossible_parameters_are_told(part, words):
    with pytest.raises(ValueError, match=words):
        profile_of(part)


@pytest.mark.parametrize("changes, words", [
    ({"tick_size": 0.0}, "tick_size of profile SMALL is 0.0; it must be positive"),
    ({"lot_size": -1.0}, "lot_size of profile SMALL is -1.0"),
    ({"start_price": NAN}, "start_price of profile SMALL is nan"),
    ({"max_live": 64}, "max_live of profile SMALL is 64; it must be more than the 64 places"),
    ({"day_end_s": 0.0}, "it must end after its start"),
    ({"parts": (CROWD, CROWD)}, "has ZeroIntelligence twice"),
    ({"parts": (CROWD, Regime("calm", 1.0))}, "Regime is not a part of a market; parts are Zero"),
    ({"spread": 2}, "profile SMALL has no parameter 'spread'"),
])
def test_impossible_profiles_are_told(changes, words):
    with pytest.raises(ValueError, match=words):
        profile_of(CROWD).with_changes(**changes)


@pytest.mark.parametrize("seed", [-1, 1.5, "one", None, 2**63, NAN])
def test_seeds_that_are_none_are_told(seed):
    with pytest.raises(ValueError, match="seed is .*; it must be a whole number from 0 to 2"):
        market_of(CROWD, seed=seed)
    with pytest.raises(ValueError, match="must be a whole number from 0 to 2"):
        MarketBatch(profile_of(CROWD), [seed], START_S, START_S + 60)
    if seed is not None:
        with pytest.raises(ValueError, match="common_seed is"):
            Market(profile_of(CROWD), 1, START_S, START_S + 60, common_seed=seed)
        with pytest.raises(ValueError, match="common_seed is"):
            MarketBatch(profile_of(CROWD), [1], START_S, START_S + 60, common_seed=seed)


def test_an_id_that_is_too_large_is_nobodys():
    """Ids are kept in 32 bits; one that is larger must not turn into somebody else's."""
    market = market_of(*FLOWS["poisson"])
    order_id = market.submit("buy", 5, round(market.best_bid - 0.1, 2))
    for other in (order_id + 2**32, order_id - 2**32, 0, -1, 2**40):
        assert market.cancel(other) == 0 and market.reduce(other, 1) == 0
        market.replace(other, market.best_bid, 1)
    assert [(o.order_id, o.size) for o in market.open_orders] == [(order_id, 5)]
    assert (market.reports["reason"].iloc[1:] == "no resting order has this id").all()
    batch = MarketBatch(profile_of(*FLOWS["poisson"]), [1], START_S, START_S + 60)
    with pytest.raises(ValueError, match="ids are at least 1 and at most"):
        batch.cancel([0], [2**32 + 5])


def test_named_profiles_pass_their_own_checks():
    for profile in profiles.values():
        assert profile.with_changes(name="again").name == "again"
