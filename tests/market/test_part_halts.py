"""Halts: nothing trades or rests, cancels work, the price moves on, and trading resumes."""

import numpy as np
import pytest

from lobsim.engine import Kind
from lobsim.market import Market
from lobsim.market.parts import FillRule, Halts, Metaorders, Predator, Recorded
from small_markets import FLOWS, NS, START_S, TICK, market_of, profile_of

HALT = Halts(((START_S + 60.0, 30.0), (START_S + 150.0, 10.0)))
INSIDE = ((60, 90), (150, 160))


def within(times_ns, windows=INSIDE):
    time_s = np.asarray(times_ns) / NS - START_S
    return np.any([(time_s > a) & (time_s < b) for a, b in windows], axis=0)


@pytest.mark.parametrize("flow", FLOWS)
def test_nothing_trades_or_rests_in_a_halt_and_trading_resumes(flow):
    parts = (*FLOWS[flow], Metaorders(1800.0, 20.0, 5.0, 1.0), Predator(3.0, 20.0, 10.0, 1.0, 1.0))
    market = market_of(*parts, HALT, seconds=240, record=True)
    open_one = market_of(*parts, seconds=240, record=True)
    for m in (market, open_one):
        m.advance(START_S + 240)
    recording = market.record()
    assert not within(recording.messages["time_ns"]).any()
    assert not within(recording.fills["time_ns"]).any()
    assert within(open_one.record().messages["time_ns"]).sum() > 20  # of the same, without halts
    for a, b in ((0, 60), (90, 150), (160, 240)):
        time_s = recording.fills["time_ns"] / NS - START_S
        assert ((time_s > a) & (time_s < b)).sum() > 5


@pytest.mark.parametrize("rule", ["queue", "no_impact", "touch", "probability"])
def test_own_orders_are_refused_cancels_work_and_what_rests_waits(rule):
    market = market_of(*FLOWS["poisson"], HALT, FillRule(rule, 0.5, 0.0), seconds=240)
    market.advance(START_S + 59.99)
    ids = [market.submit("buy", 2, round(market.best_bid - k * TICK, 2)) for k in (20, 21, 22)]
    market.advance(START_S + 61)
    assert market.halted
    before = len(market.reports)
    for kind in ("limit", "market", "ioc", "fok", "post_only"):
        assert market.submit("sell", 1, market.best_ask, kind) == 0
    market.replace(ids[1], market.best_bid, 1)
    market.reduce(ids[1], 1)
    told = market.reports.iloc[before:]
    assert (told["what"] == "rejected").all() and (told["reason"] == "trading is halted").all()
    assert len(told) == 7
    assert [order.order_id for order in market.open_orders][-2:] == ids[1:]
    assert market.cancel(ids[2]) == 2
    quotes, position = (market.best_bid, market.best_ask), market.position
    market.advance(START_S + 89.95)
    assert (market.best_bid, market.best_ask) == quotes and market.position == position
    market.advance(START_S + 91)
    assert not market.halted
    assert market.submit("sell", 1, kind="market") > 0
    assert market.reports["what"].iloc[-1] == "filled"


def test_the_price_moves_on_unseen_and_the_book_catches_up():
    moved, caught = [], []
    for seed in range(12):
        market = market_of(*FLOWS["poisson"], Halts(((START_S + 60.0, 60.0),)), seed=seed,
                           seconds=300)
        market.advance(START_S + 60)
        efficient, mid = market.efficient_price, market.mid
        market.advance(START_S + 119.9)
        assert market.mid == mid
        moved.append(market.efficient_price - efficient)
        market.advance(START_S + 150)
        caught.append(market.mid - mid)
    assert np.std(moved) > 3 * TICK
    assert np.corrcoef(moved, caught)[0, 1] > 0.7


def test_the_price_path_is_that_of_the_market_without_halts():
    halted, free = market_of(*FLOWS["poisson"], HALT), market_of(*FLOWS["poisson"])
    for k in range(1, 240):
        halted.advance(START_S + k), free.advance(START_S + k)
        assert halted.efficient_price == free.efficient_price


def test_a_halt_before_the_start_is_over_and_one_that_lasts_holds():
    over = Halts(((34_300.0, 60.0), (START_S + 10.0, 5.0)))
    market = market_of(*FLOWS["poisson"], over, seconds=60, record=True)
    assert not market.halted and market.clock_s == START_S
    plain = market_of(*FLOWS["poisson"], Halts(((START_S + 10.0, 5.0),)), seconds=60, record=True)
    for m in (market, plain):
        m.advance(START_S + 60)
    assert market.record().tops.equals(plain.record().tops)
    lasting = market_of(*FLOWS["poisson"], Halts(((START_S - 600.0, 620.0),)), seconds=60,
                        record=True)
    assert lasting.halted
    lasting.advance(START_S + 60)
    times = lasting.record().messages["time_ns"] / NS - START_S
    assert not lasting.halted and times.min() > 20 and len(times) > 50
    assert (np.diff(times) >= 0).all()


def test_the_step_size_changes_nothing_around_a_halt():
    fine, coarse = (market_of(*FLOWS["poisson"], HALT, seconds=240, record=True) for _ in range(2))
    for k in range(1, 2400):
        fine.advance(START_S + 0.1 * k)
    for market in (fine, coarse):
        market.advance(START_S + 240)
    assert fine.record().tops.equals(coarse.record().tops)


def test_a_venue_takes_only_cancels_of_a_replay_in_a_halt():
    market = market_of(*FLOWS["crowd alone"], seconds=120, record=True)
    market.advance(START_S + 120)
    recording = market.record()
    again = Market(profile_of(Recorded(recording.messages, recording.initial), HALT), 1, START_S,
                   START_S + 120, record=True)
    again.advance(START_S + 120)
    messages = again.record().messages
    assert set(messages["kind"][within(messages["time_ns"])].tolist()) == {Kind.CANCEL}
    assert again.dropped > 10


@pytest.mark.parametrize("halts", [((10.0, 0.0),), ((10.0, 5.0), (12.0, 5.0)), ((10.0, -1.0),)])
def test_impossible_halts_are_told(halts):
    with pytest.raises(ValueError, match="halts must follow one another and last longer than 0 s"):
        Halts(halts)
