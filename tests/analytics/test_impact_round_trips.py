"""Round trips lose: in the rule itself every schedule does, in the market those that are tried."""

import doctest
import math

import numpy as np
import pytest
from calm_market import CALM
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.analytics import round_trips
from lobsim.analytics.impact import START_S as START
from lobsim.analytics.round_trips import Trip, manipulations, round_trip, search_manipulation
from lobsim.market import Market
from lobsim.market.parts import Fees, FillRule, Impact
from lobsim.market.state import L_FAIR, L_SHIFT

RULE = CALM.part(Impact)


def rule_cost(times_s, lots, rule):
    """Cost in tick lots of a schedule in the rule alone: each trade walks up the price it moves."""
    left = np.zeros(len(rule.impact_times_s))
    moved, cost, now = 0.0, 0.0, 0.0
    decay, g = 1 / np.array(rule.impact_times_s), rule.depth_growth
    for time_s, n in zip(times_s, lots):
        left *= np.exp(-(time_s - now) * decay)
        now = time_s
        to = left + n * (1 - rule.permanent_share) / rule.depth_per_tick
        per_lot = rule.depth_per_tick / (1 - rule.permanent_share)
        cost += per_lot * np.dot(rule.impact_weights, area(to, g) - area(left, g))
        slope = rule.permanent_share / rule.depth_per_tick
        cost += moved * n + 0.5 * slope * n * n
        moved, left = moved + slope * n, to
    return cost


def area(u, g):
    """Integral from 0 to u of the bent displacement p, where u = p + g p^2 / 2 (even in u)."""
    u = np.abs(u)
    p = 2 * u / (np.sqrt(1 + 2 * g * u) + 1)
    return p**2 / 2 + g * p**3 / 3


@st.composite
def flat_schedules(draw):
    n = draw(st.integers(1, 12))
    lots = draw(st.lists(st.floats(-5e3, 5e3).filter(lambda x: abs(x) > 1), min_size=n,
                         max_size=n))
    gaps = draw(st.lists(st.floats(0.1, 4000), min_size=n + 1, max_size=n + 1))
    return np.cumsum(gaps), [*lots, -sum(lots)]


@given(flat_schedules(), st.floats(0, 20), st.floats(0, 0.9))
@settings(max_examples=300, deadline=None)
def test_no_flat_schedule_gains_from_the_rule(schedule, growth, permanent):
    rule = Impact(80.0, permanent, RULE.impact_times_s, RULE.impact_weights, growth)
    times, lots = schedule
    scale = np.abs(lots).sum() ** 2 / 80.0
    assert rule_cost(times, lots, rule) >= -1e-9 * scale


def test_the_market_moves_its_price_by_the_rule():
    """The kernel's shift after taking and resting trades is the formula of the docstring."""
    market = Market(CALM.with_changes(regret_free=False), 4, START, START + 600)
    u, permanent = np.zeros(5), 0.0
    now = START
    for side, size, wait_s in (("buy", 300, 0.0), ("buy", 100, 20.0), ("sell", 700, 100.0)):
        market.advance(now + wait_s)
        now += wait_s
        u *= np.exp(-wait_s / np.array(RULE.impact_times_s))
        market.submit(side, size, kind="market")
        signed = size if side == "buy" else -size
        u += signed * (1 - RULE.permanent_share) / RULE.depth_per_tick
        permanent += signed * RULE.permanent_share / RULE.depth_per_tick
        g = RULE.depth_growth
        bent = np.sign(u) * (np.sqrt(1 + 2 * g * np.abs(u)) - 1) / g
        shift = permanent + np.dot(RULE.impact_weights, bent)
        assert market._flow.level[L_SHIFT] == pytest.approx(shift, rel=1e-6)


@pytest.mark.parametrize("growth", [0.0, RULE.depth_growth])
def test_no_trade_moves_the_efficient_price_beyond_its_own(growth):
    capped = 0
    for seed in range(6):
        for side, sign in (("buy", 1), ("sell", -1)):
            markets = [Market(CALM.with_changes(depth_growth=growth, regret_free=free), seed, START,
                              START + 60) for free in (True, False)]
            moves = []
            for market in markets:
                market.advance(START + 30)
                before = market._flow.level[L_FAIR]
                market.submit(side, 1500, kind="market")
                moves.append(sign * (market._flow.level[L_FAIR] - before))
            assert 0 <= moves[0] <= moves[1] + 1e-9
            last = market.own_fills["price"].iloc[-1] / CALM.tick_size
            assert moves[0] <= max(0.0, sign * (last - before)) + 1e-6
            capped += moves[0] < moves[1] - 1e-9
    assert capped > 0


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_resting_share_is_the_share_of_a_takers_move(share):
    rule = Impact(500.0, 0.0, (1e9,), (1.0,), 0.0, resting_share=share)
    market = Market(CALM.with_parts(rule), 2, START, START + 1800)
    market.submit("sell", 100, price=market.best_ask)
    market.advance(START + 1800)
    assert market.own_fills["size"].sum() == 100
    assert market._flow.level[L_SHIFT] == pytest.approx(-share * 100 / 500.0, rel=1e-5)


def test_round_trip_loses():
    made = round_trip(CALM, range(40), 4000, duration_s=300)
    assert made.interval_bps[1] < 0


def test_selling_first_loses_as_much():
    buy, sell = (round_trip(CALM, range(40), 4000, duration_s=300, first_side=side)
                 for side in (1, -1))
    gaps = buy.adjusted_bps - sell.adjusted_bps
    error = 3 * gaps.std(ddof=1) / math.sqrt(len(gaps))
    assert abs(gaps.mean()) < error and sell.interval_bps[1] < 0


def test_no_manipulation_that_is_tried_gains():
    table, made = search_manipulation(CALM, range(40), 4000, duration_s=300)
    assert len(table) == len(manipulations()) == len(made)
    assert table["mean_bps"].is_monotonic_decreasing
    assert (table["mean_bps"] < 0).all() and (table["ci_low_bps"] < 0).all()
    assert (table["ci_high_bps"] < 0).sum() >= len(table) - 2


def test_search_finds_the_pump_where_resting_orders_push_nothing():
    """The search has teeth: a rule with a known hole is found out."""
    rule = Impact(40.0, 0.0, (3000.0,), (1.0,), 0.0, resting_share=0.0)
    pump = Trip("pump, then rest", 20.0, 1200.0, second_style="passive")
    table, _ = search_manipulation(CALM.with_parts(rule), range(30), 1000, trips=[pump])
    assert table["ci_low_bps"].iloc[0] > 0


def test_without_impact_a_round_trip_costs_spreads_and_no_more():
    made = round_trip(CALM.with_parts(FillRule("no_impact")), range(30), 1000, duration_s=120)
    alone = []
    for seed in range(30):
        market = Market(CALM.with_parts(FillRule("no_impact")), seed, START, START + 300)
        for k, side in enumerate(["buy"] * 8 + ["sell"] * 8):
            market.advance(START + 15 * (k + 0.5))
            market.submit(side, 125, kind="market")
        alone.append(market.cash + market.fees)
    gains = made.gains_bps * 1000 * CALM.start_price * 1e-4
    assert gains == pytest.approx(np.array(alone), rel=0.02, abs=0.5)


def test_fees_lower_the_gain_by_what_they_are():
    dear = CALM.with_parts(Fees(taker_fee=0.01, fee_unit="per_share"))
    kinds = {"seeds": range(4), "quantity": 1000, "duration_s": 60}
    before, after = (round_trip(dear, with_fees=fees, **kinds) for fees in (False, True))
    paid = before.gains_bps - after.gains_bps
    assert paid == pytest.approx(0.02 / CALM.start_price * 1e4, rel=0.01)


def test_adjusting_leaves_the_mean_and_narrows_the_interval():
    made = round_trip(CALM, range(60), 2000, duration_s=300)
    assert made.adjusted_bps.std() < 0.5 * made.gains_bps.std()
    gap = made.gains_bps - made.adjusted_bps
    assert abs(gap.mean()) < 3 * gap.std(ddof=1) / math.sqrt(len(gap))


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(round_trips).failed == 0
