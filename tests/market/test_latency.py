"""Latency: what is seen is old, what is sent is late, and nothing overtakes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.market import Market
from lobsim.market.parts import Halts, Latency
from lobsim.market.state import PENDING_ROOM
from small_markets import FLOWS, START_S, TICK, market_of, profile_of, same_bits

FEED_S, ORDER_S, CANCEL_S = 0.020, 0.050, 0.030
DELAYS = Latency(feed_s=FEED_S, order_s=ORDER_S, cancel_s=CANCEL_S)
PARTS = FLOWS["poisson"]
SHOWN = ("best_bid", "best_ask", "spread_ticks", "volume", "efficient_price", "halted")


def far(market, side, ticks=40):
    """A price away from the market, on the grid."""
    price = market.best_bid - ticks * TICK if side > 0 else market.best_ask + ticks * TICK
    return round(price, 2)


def told_of(market, order_id):
    """Reports of one order as (what, time)."""
    rows = market.reports
    rows = rows[rows["order_id"] == order_id]
    return list(zip(rows["what"], rows["time_s"]))


@settings(max_examples=12)
@given(steps=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=25), seed=st.integers(0, 2**60))
def test_what_is_seen_is_what_the_venue_showed_before(steps, seed):
    late, prompt = market_of(*PARTS, DELAYS, seed=seed), market_of(*PARTS, seed=seed)
    clock = float(START_S)
    for step in steps:
        clock = round(clock + step, 6)
        late.advance(clock)
        prompt.advance(max(round(clock - FEED_S, 9), prompt.clock_s))
        assert late.clock_s == pytest.approx(clock, abs=1e-9)
        assert late.venue_s == prompt.clock_s
        for name in SHOWN:
            np.testing.assert_equal(getattr(late, name), getattr(prompt, name), name)
        for a, b in zip(late.depth(10), prompt.depth(10), strict=True):
            assert same_bits(a, b)
        assert late.trades.equals(prompt.trades)


def test_an_order_and_a_cancel_reach_the_venue_exactly_when_they_should():
    market = market_of(*PARTS, DELAYS)
    market.advance(START_S + 10)
    sent_s = market.clock_s
    order_id = market.submit("buy", 5, far(market, 1))
    assert order_id > 0 and told_of(market, order_id) == []
    market.advance(sent_s + ORDER_S + FEED_S - 1e-6)
    assert told_of(market, order_id) == [] and market.open_orders == []
    market.advance(sent_s + ORDER_S + FEED_S)
    assert told_of(market, order_id) == [("accepted", pytest.approx(sent_s + ORDER_S, abs=1e-9))]
    assert [order.order_id for order in market.open_orders] == [order_id]
    cancelled_s = market.clock_s
    assert market.cancel(order_id) == 0
    market.advance(cancelled_s + CANCEL_S + FEED_S - 1e-6)
    assert len(market.open_orders) == 1
    market.advance(cancelled_s + CANCEL_S + FEED_S)
    assert market.open_orders == []
    assert told_of(market, order_id)[1:] == [
        ("cancelled", pytest.approx(cancelled_s + CANCEL_S, abs=1e-9))]


def test_a_late_order_does_what_a_prompt_one_sent_at_its_arrival_does():
    """Beside one that was decided 50 ms later without latency: the same orders, fills, quotes."""
    late, prompt = market_of(*PARTS, Latency(order_s=ORDER_S)), market_of(*PARTS)
    for k in range(1, 60):
        at_s = START_S + 5 * k
        late.advance(at_s), prompt.advance(at_s)
        side = 1 if k % 2 else -1
        price = late.best_ask if k % 3 else late.best_bid
        late.submit(side, 7, price)
        prompt.advance(at_s + ORDER_S)
        prompt.submit(side, 7, price)
    for market in (late, prompt):
        market.advance(START_S + 400)
    assert len(prompt.own_fills) > 30
    assert late.own_fills.drop(columns="order_id").equals(prompt.own_fills.drop(columns="order_id"))
    assert late.trades.equals(prompt.trades)
    assert late.cash == pytest.approx(prompt.cash, abs=1e-9)


def test_a_late_price_is_worse_for_a_taker():
    """The price runs away in 2 s as often to one side as to the other; the wait itself costs
    nothing on average, but the fill is at the quote of its arrival and not at the one seen."""
    moved = 0
    for seed in range(20):
        market = market_of(*PARTS, Latency(order_s=2.0), seed=seed)
        market.advance(START_S + 30)
        ask = market.best_ask
        market.submit("buy", 1, kind="market")
        market.advance(START_S + 32)
        assert len(market.own_fills) == 1
        moved += market.own_fills["price"].iloc[0] != ask
    assert moved >= 5


@settings(max_examples=20)
@given(seed=st.integers(0, 2**60),
       jitters=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
       kinds=st.lists(st.tuples(st.sampled_from(["order", "cancel"]), st.floats(0, 0.3)),
                      min_size=2, max_size=30))
def test_messages_never_overtake_one_another(seed, jitters, kinds):
    part = Latency(feed_s=0.01, order_s=0.1, cancel_s=0.02, order_jitter_s=jitters[0],
                   cancel_jitter_s=jitters[1])
    market = market_of(*PARTS, part, seed=seed)
    sent, expected = [], []
    for kind, wait in kinds:
        market.advance(market.clock_s + wait)
        if kind == "cancel" and sent:
            market.cancel(sent[-1])
            expected.append((sent[-1], market.clock_s + part.cancel_s))
        else:
            sent.append(market.submit("buy", 1, far(market, 1)))
            expected.append((sent[-1], market.clock_s + part.order_s))
    market.advance(START_S + 200)
    reports = market.reports
    reports = reports[reports["what"] != "filled"]
    assert reports["order_id"].tolist() == [order_id for order_id, _ in expected]
    assert (reports["time_s"].diff().iloc[1:] >= 0).all()
    assert (reports["time_s"].to_numpy() >= np.array([at for _, at in expected]) - 1e-6).all()


def test_jitter_is_exponential_with_its_mean():
    market = market_of(*PARTS, Latency(order_s=0.02, order_jitter_s=0.05), seconds=3000)
    sent_s = []
    for k in range(900):
        market.advance(START_S + 3 * k)  # far apart, so that nobody waits for one before
        sent_s.append(market.clock_s)
        market.submit("buy", 1, far(market, 1), "ioc")
    market.advance(START_S + 2800)
    jitter = market.reports["time_s"].to_numpy() - np.array(sent_s) - 0.02
    assert len(jitter) == 900 and jitter.min() > -1e-6
    error = 0.05 / np.sqrt(900)
    assert abs(jitter.mean() - 0.05) < 4 * error
    assert abs(np.mean(jitter > 0.05 * np.log(2)) - 0.5) < 4 * 0.5 / 30
    assert jitter.std() == pytest.approx(0.05, rel=0.2)


def test_the_feed_never_runs_backwards():
    market = market_of(*PARTS, Latency(feed_s=0.01, feed_jitter_s=0.5))
    behind, before = [], START_S
    for k in range(1, 600):
        market.advance(START_S + 0.5 * k)
        assert before <= market.venue_s <= market.clock_s - 0.01 + 1e-9
        before = market.venue_s
        behind.append(market.clock_s - market.venue_s)
    assert 0.2 < np.mean(behind) < 0.6 and np.std(behind) > 0.1


def test_a_cancel_that_comes_too_late_is_refused_with_a_reason():
    market = market_of(*PARTS, Latency(cancel_s=1.0))
    market.advance(START_S + 10)
    order_id = market.submit("buy", 1, market.best_ask)
    market.cancel(order_id)
    market.advance(START_S + 12)
    assert [what for what, _ in told_of(market, order_id)] == ["filled", "rejected"]
    last = market.reports.iloc[-1]
    assert last["reason"] == "no resting order has this id"
    assert last["time_s"] == pytest.approx(START_S + 11, abs=1e-9)
    assert market.position == 1


def test_an_order_may_be_cancelled_before_it_has_arrived():
    market = market_of(*PARTS, Latency(order_s=0.5, cancel_s=0.1))
    market.advance(START_S + 10)
    order_id = market.submit("buy", 1, far(market, 1))
    market.cancel(order_id)
    market.advance(START_S + 11)
    assert told_of(market, order_id) == [
        ("accepted", pytest.approx(START_S + 10.5)), ("cancelled", pytest.approx(START_S + 10.5))]


@pytest.mark.parametrize("flow", FLOWS)
def test_zero_latency_is_no_latency_bit_for_bit(flow):
    plain = market_of(*FLOWS[flow], seed=9, record=True)
    zero = market_of(*FLOWS[flow], Latency(), seed=9, record=True)
    for market in (plain, zero):
        for k in range(1, 40):
            market.advance(START_S + 2 * k)
            market.submit(1 if k % 2 else -1, 3, market.best_bid if k % 2 else market.best_ask)
            market.submit(-1 if k % 2 else 1, 2, kind="market")
            if k % 5 == 0:
                market.cancel_all()
    first, second = plain.record(), zero.record()
    assert len(first.messages) > 300
    assert same_bits(first.messages, second.messages) and same_bits(first.fills, second.fills)
    assert first.tops.equals(second.tops) and plain.reports.equals(zero.reports)
    assert plain.cash == zero.cash


def test_step_size_changes_nothing_with_latency():
    coarse, fine = (market_of(*PARTS, DELAYS, seed=4) for _ in range(2))
    for market in (coarse, fine):
        market.advance(START_S + 10)
        market.submit("buy", 4, market.best_bid)
        market.submit("sell", 4, kind="market")
    for k in range(1, 400):
        fine.advance(START_S + 10 + 0.07 * k)
    for market in (coarse, fine):
        market.advance(START_S + 40)
    assert coarse.trades.equals(fine.trades) and coarse.reports.equals(fine.reports)


def test_a_halt_is_judged_at_arrival():
    market = market_of(*PARTS, Halts(((START_S + 10.0, 5.0),)), Latency(order_s=1.0))
    market.advance(START_S + 9.5)
    late = market.submit("buy", 1, far(market, 1))
    market.advance(START_S + 14.5)
    in_time = market.submit("buy", 1, far(market, 1))
    market.advance(START_S + 20)
    assert [what for what, _ in told_of(market, late)] == ["rejected"]
    assert [what for what, _ in told_of(market, in_time)] == ["accepted"]


def test_too_many_messages_on_their_way_are_told():
    market = market_of(*PARTS, Latency(order_s=10.0))
    price = far(market, 1)
    for _ in range(PENDING_ROOM):
        market.submit("buy", 1, price)
    with pytest.raises(ValueError, match=f"{PENDING_ROOM} own messages are on their way"):
        market.submit("buy", 1, price)


def test_negative_delays_are_told():
    with pytest.raises(ValueError, match="delays must not be negative"):
        Latency(feed_s=-0.1)


def test_a_market_with_latency_opens_at_its_start():
    market = Market(profile_of(*PARTS), 1, START_S, START_S + 60, parts=[DELAYS])
    assert market.clock_s == market.venue_s == START_S
