"""The benchmarks on the simulated market itself."""

import numpy as np
import pytest

from lobsim.analytics import paired_difference
from lobsim.market import Market
from lobsim.strategies import (
    POV,
    TWAP,
    VWAP,
    Immediate,
    ParentOrder,
    PassiveTWAP,
    execute,
    run_seeds,
)

START, END = 10 * 3600, 10.25 * 3600
STRATEGIES = {
    "twap": TWAP(60),
    "vwap": VWAP(interval_s=60),
    "pov": POV(0.1, interval_s=10, finish=True),
    "immediate": Immediate(),
    "passive": PassiveTWAP(60, repeg_s=5),
}


def spy(seed):
    return Market("SPY", seed=seed, start_s=START, end_s=END)


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_order_is_done_to_the_share_and_the_account_agrees(name, side):
    market = spy(3)
    order = ParentOrder(side, 2345, START + 30, END)
    done = execute(market, STRATEGIES[name], order)
    assert done.filled == 2345
    assert market.position == order.side * 2345
    assert market.open_orders == []
    paper = -order.side * 2345 * done.decision_price
    assert done.shortfall.total == pytest.approx(paper - market.cash, abs=1e-6)
    assert done.fills["size"].sum() == 2345
    assert done.fills["time_s"].between(order.start_s, order.end_s).all()


def test_same_seed_gives_the_same_execution():
    order = ParentOrder("sell", 900, START, END)
    a, b = (execute(spy(8), TWAP(60), order) for _ in range(2))
    assert a.fills.equals(b.fills) and a.shortfall == b.shortfall


def test_taking_a_small_order_costs_about_the_half_spread_and_waiting_costs_less():
    order = ParentOrder("buy", 1500, START, END)
    table = run_seeds(spy, {k: STRATEGIES[k] for k in ("twap", "passive")}, order, range(24))
    wide = table.pivot(index="seed", columns="strategy", values="total_bps")
    assert (table["fill_rate"] == 1.0).all()
    difference = paired_difference(wide["passive"], wide["twap"])
    assert difference.ci_high < 0
    assert -1.2 < difference.mean  # a SPY spread is about 0.6 bps, and no more is to be had


def test_pairing_by_seed_removes_most_of_the_noise():
    order = ParentOrder("buy", 1500, START, END)
    table = run_seeds(spy, {k: STRATEGIES[k] for k in ("twap", "vwap")}, order, range(8))
    wide = table.pivot(index="seed", columns="strategy", values="total_bps")
    assert paired_difference(wide["twap"], wide["vwap"]).variance_ratio > 10


def test_market_without_a_trade_record_gives_no_vwap_but_the_same_cost():
    order = ParentOrder("buy", 500, START, END)
    quiet = Market("SPY", seed=4, start_s=START, end_s=END, keep_trades=False)
    told, silent = execute(spy(4), TWAP(60), order), execute(quiet, TWAP(60), order)
    assert silent.shortfall == told.shortfall
    assert np.isnan(silent.market_vwap) and np.isfinite(told.market_vwap)


def test_vwap_is_that_of_the_window_and_not_of_what_came_before():
    market = spy(5)
    market.advance(START + 300)
    order = ParentOrder("buy", 500, START + 400, START + 800)
    done = execute(market, TWAP(100), order)
    prints = market.trades
    inside = prints[(prints["time_s"] >= START + 400) & (prints["time_s"] <= START + 800)]
    expected = np.average(inside["price"], weights=inside["size"])
    assert done.market_vwap == pytest.approx(expected)
    assert done.market_volume == inside["size"].sum()
