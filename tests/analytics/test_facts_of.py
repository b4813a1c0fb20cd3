"""Facts of simulated markets and of order messages: counts, lifetimes, windows, what is refused."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.analytics import FACTS, OrderEvents, facts_of
from lobsim.analytics.facts_messages import message_facts
from lobsim.engine import MESSAGE
from lobsim.engine.codes import Kind
from lobsim.market import Market

NS = 1_000_000_000


def slow_message_facts(rows):
    """One message after the other; an id may come back after its order was cancelled."""
    placed, lives, limits, cancels = {}, [], 0, 0
    for time_ns, order_id, kind in rows:
        if kind == Kind.LIMIT:
            limits += 1
            placed[order_id] = time_ns
        elif kind == Kind.CANCEL:
            cancels += 1
            if order_id in placed:
                lives.append((time_ns - placed.pop(order_id)) / NS)
        elif kind == Kind.REDUCE:
            cancels += 1
    return limits, cancels, lives


@st.composite
def histories(draw):
    """Orders placed, reduced and cancelled; ids of a small pool (or spread wide) come back."""
    wide = draw(st.sampled_from([1, 1_000_003]))
    live, seen, rows, time_ns = set(), set(), [], 0
    for _ in range(draw(st.integers(0, 60))):
        time_ns += draw(st.integers(0, 2 * NS))
        order_id = draw(st.integers(1, 8))
        if order_id not in live:
            # Sometimes an order goes that stood there before the window.
            old = [] if order_id in seen else [Kind.CANCEL, Kind.REDUCE]
            kind = draw(st.sampled_from([Kind.LIMIT, Kind.LIMIT, Kind.MARKET, *old]))
            live |= {order_id} if kind == Kind.LIMIT else set()
        else:
            kind = draw(st.sampled_from([Kind.CANCEL, Kind.REDUCE]))
            live -= {order_id} if kind == Kind.CANCEL else set()
        seen.add(order_id)
        rows.append((time_ns, order_id * wide, kind))
    return rows


@given(histories(), st.integers(0, 5))
def test_order_facts_are_those_of_a_slow_count(rows, trades):
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    found = message_facts(OrderEvents(*columns, np.zeros(0, np.int64)), trades, 10.0)
    limits, cancels, lives = slow_message_facts(rows)
    assert found["limits_per_s"] == limits / 10
    assert found["cancels_per_s"] == cancels / 10
    expected = {
        "cancel_to_limit": cancels / limits if limits else np.nan,
        "limit_to_market": limits / trades if trades else np.nan,
        "cancel_life_median_s": np.median(lives) if lives else np.nan,
        "cancelled_within_1s": np.mean([life < 1 for life in lives]) if lives else np.nan,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, nan_ok=True), name
    assert np.isnan(found["limit_filled_share"]), "no fill is known"


def test_share_of_limit_orders_that_trade_counts_orders_and_not_fills():
    events = OrderEvents(np.arange(4), np.array([11, 12, 13, 14]), np.full(4, Kind.LIMIT),
                         np.array([12, 12, 12, 99]))
    assert message_facts(events, 1, 1.0)["limit_filled_share"] == 0.25


@pytest.fixture(scope="module")
def market():
    market = Market("SPY", seed=5, record=True)
    market.advance(market.start_s + 1_200)
    return market


def test_facts_of_a_market_are_those_of_its_recording(market):
    record, profile = market.record(), market.profile
    here = facts_of(market)
    there = facts_of(record, tick_size=profile.tick_size, lot_size=profile.lot_size,
                     start_s=market.start_s, end_s=market.clock_s)
    assert [name for name in FACTS
            if not np.array_equal(here[name], there[name], equal_nan=True)] == []
    without_window = facts_of(record, tick_size=profile.tick_size)
    assert without_window.gap_cv == here.gap_cv


def test_facts_of_a_market_agree_with_its_tape(market):
    facts, record = facts_of(market), market.record()
    orders = len(np.unique(record.fills["message_index"]))
    assert facts.trades_per_min * 20 == pytest.approx(orders)
    assert facts.trade_size_mean * orders == pytest.approx(market.volume)
    assert facts.fills_per_trade == pytest.approx(len(record.fills) / orders)
    kinds = record.messages["kind"]
    assert facts.limits_per_s * 1_200 == pytest.approx((kinds == Kind.LIMIT).sum())
    # A trade of the simulator is at the quote that stood just before it, so it pays at least half.
    assert facts.effective_half_spread_ticks >= 0.5
    assert facts.quote_updates_per_s * 1_200 == pytest.approx(len(record.tops), abs=1)


def test_coins_and_lots_keep_their_units():
    market = Market("BTC-USD", seed=1, record=True)
    market.advance(market.start_s + 1_200)
    facts = facts_of(market)
    trades = market.trades
    orders = len(np.unique(market.record().fills["message_index"]))
    assert facts.trade_size_mean == pytest.approx(trades["size"].sum() / orders)
    assert facts.spread_mean_ticks >= 1
    assert facts.spread_median_bps == pytest.approx(1e4 / market.mid, rel=0.02)


def test_the_state_at_the_start_counts_from_the_start(market):
    """Between the start and the first change the book is that of the snapshot."""
    record = market.record()
    assert record.tops["time_ns"].iloc[0] == market.start_s * NS
    first_change_s = record.tops["time_ns"].iloc[1] / NS
    facts = facts_of(market, end_s=0.5 * (market.start_s + first_change_s))
    best = {}
    for side, pick in ((1, np.max), (-1, np.min)):
        orders = record.initial[record.initial["side"] == side]
        price = pick(orders["price_ticks"])
        best[side] = price, orders["size"][orders["price_ticks"] == price].sum()
    assert facts.spread_mean_ticks == pytest.approx(best[-1][0] - best[1][0])
    assert facts.depth_median == 0.5 * (best[1][1] + best[-1][1])


def test_what_cannot_be_measured_is_refused(market):
    with pytest.raises(TypeError, match="facts_of got a list"):
        facts_of([1, 2])
    with pytest.raises(ValueError, match="does not know its tick size"):
        facts_of(market.record())
    with pytest.raises(ValueError, match="advance the market first"):
        facts_of(Market("SPY", seed=1, record=True))
    with pytest.raises(ValueError, match="record=True"):
        idle = Market("SPY", seed=1)
        idle.advance(idle.start_s + 1)
        facts_of(idle)
    with pytest.raises(ValueError, match="needs its trades"):
        facts_of(market.record().tops)
    with pytest.raises(ValueError, match="signs is 'guess'"):
        facts_of(market.record().tops, market.trades, signs="guess")
    nothing = dataclasses.replace(market.record(), messages=np.zeros(0, MESSAGE))
    with pytest.raises(ValueError, match="holds no span of time"):
        facts_of(nothing, tick_size=0.01)
