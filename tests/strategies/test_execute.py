"""Laws of running a strategy on a market."""

import numpy as np
import pytest

from lobsim.strategies import (
    POV,
    TWAP,
    VWAP,
    ChildOrder,
    Immediate,
    ParentOrder,
    PassiveTWAP,
    execute,
    run_seeds,
)

ALL = {
    "twap": TWAP(60),
    "vwap": VWAP(interval_s=60),
    "pov": POV(0.2, interval_s=30, finish=True),
    "immediate": Immediate(),
    "passive": PassiveTWAP(60, repeg_s=5),
}


def rising(t):
    return 100.0 + 0.001 * t


def wavy(t):
    return 100.0 + 0.1 * np.sin(t / 7.0)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("path", [rising, wavy])
def test_every_benchmark_completes_exactly(path_market, name, side, path):
    market = path_market(path)
    done = execute(market, ALL[name], ParentOrder(side, 1237, 10, 610))
    assert done.filled == 1237
    assert market.position == (1237 if side == "buy" else -1237)
    assert len(market.open_orders) == 0
    assert market.clock_s == 610


@pytest.mark.parametrize("name", ALL)
def test_shortfall_equals_the_cash_that_is_missing(path_market, name):
    market = path_market(wavy)
    done = execute(market, ALL[name], ParentOrder("buy", 1000, 20, 620))
    paper_cash = -1000 * done.decision_price
    assert done.shortfall.total == pytest.approx(paper_cash - market.cash, abs=1e-6)


@pytest.mark.parametrize("name", ["twap", "vwap", "pov", "immediate"])
def test_buy_and_sell_cost_the_same_on_mirrored_paths(path_market, name):
    up = execute(path_market(rising), ALL[name], ParentOrder("buy", 900, 10, 610))
    down = execute(
        path_market(lambda t: 200.0 - rising(t)), ALL[name], ParentOrder("sell", 900, 10, 610)
    )
    for part in ("delay", "trading", "opportunity", "fees"):
        assert getattr(up.shortfall, part) == pytest.approx(getattr(down.shortfall, part))


def test_delay_is_the_move_between_decision_and_arrival(path_market):
    done = execute(path_market(rising), Immediate(), ParentOrder("buy", 100, 50, 60))
    assert done.shortfall.delay == pytest.approx(100 * 0.001 * 50)
    assert done.shortfall.trading == pytest.approx(100 * 0.01)


def test_twap_trades_equal_parts_at_equal_times(path_market):
    done = execute(path_market(), TWAP(100), ParentOrder("sell", 10, 0, 400))
    assert done.fills["size"].tolist() == [3, 2, 3, 2]
    assert done.fills["time_s"].tolist() == [0, 100, 200, 300]


def test_vwap_follows_the_curve_it_is_given(path_market):
    order = ParentOrder("buy", 100, 0, 40)
    curves = [lambda t: np.minimum(t, 10), ([0, 10, 40], [0, 5, 5]), None]
    sizes = [
        execute(path_market(), VWAP(curve, interval_s=10), order).fills["size"].tolist()
        for curve in curves
    ]
    assert sizes == [[100], [100], [6, 19, 31, 44]]


def test_vwap_with_a_flat_curve_is_twap(path_market):
    order = ParentOrder("buy", 1003, 0, 400)
    flat = execute(path_market(), VWAP(lambda t: t, interval_s=40), order)
    twap = execute(path_market(), TWAP(40), order)
    assert flat.fills.equals(twap.fills)


def test_pov_is_the_share_of_volume_it_promises(path_market):
    order = ParentOrder("buy", 10**6, 0, 1000)
    done = execute(path_market(rate=50.0), POV(0.2, interval_s=10), order)
    assert done.participation == pytest.approx(0.2, abs=0.003)
    assert done.participation <= 0.2
    assert done.shortfall.opportunity == 0.0  # the path is flat, so what is left costs nothing
    assert done.shortfall.fill_rate < 1


def test_pov_stops_when_the_order_is_done(path_market):
    done = execute(path_market(), POV(0.5, interval_s=1), ParentOrder("buy", 77, 0, 1000))
    assert done.filled == 77


def test_a_thin_book_is_asked_again_until_done(path_market):
    done = execute(path_market(depth=30), Immediate(interval_s=1), ParentOrder("buy", 100, 0, 60))
    assert done.fills["size"].tolist() == [30, 30, 30, 10]
    late = execute(path_market(depth=30), TWAP(10), ParentOrder("buy", 100, 0, 30))
    assert late.filled == 100 and late.fills["size"].max() == 30


def test_no_fill_is_worse_than_the_limit(path_market):
    order = ParentOrder("buy", 1000, 0, 600, limit_price=100.2)
    for strategy in ALL.values():
        done = execute(path_market(rising), strategy, order)
        assert (done.fills["price"] <= 100.2 + 1e-9).all()
    assert execute(path_market(rising), TWAP(60), order).shortfall.opportunity > 0


def test_patience_earns_where_the_price_swings(path_market):
    order = ParentOrder("buy", 1000, 0, 600)
    passive = execute(path_market(wavy), PassiveTWAP(60, repeg_s=1), order)
    assert 0 < passive.maker_share <= 1
    taker = execute(path_market(wavy), TWAP(60), order)
    assert taker.maker_share == 0.0
    assert passive.shortfall.fees < taker.shortfall.fees


def test_passive_order_that_is_never_hit_crosses_at_the_end_of_each_slice(path_market):
    done = execute(path_market(), PassiveTWAP(100, repeg_s=10), ParentOrder("sell", 40, 0, 400))
    assert done.fills["time_s"].tolist() == [100, 200, 300, 400]
    assert done.fills["size"].tolist() == [10, 10, 10, 10]
    kinds = done.children["kind"].value_counts()
    assert kinds["POST_ONLY"] == 4, "an order at the best price keeps its place in the queue"


def test_asking_for_more_than_is_left_is_refused(path_market):
    class Greedy:
        interval_s = 10

        def reset(self, order, market):
            pass

        def act(self, market):
            return [ChildOrder(60)]

    with pytest.raises(ValueError, match="asked for 60 at 10 s, but of 100 only 40 are left"):
        execute(path_market(), Greedy(), ParentOrder("buy", 100, 0, 100))


def test_an_order_from_the_past_is_refused(path_market):
    with pytest.raises(ValueError, match="past the start"):
        execute(path_market(start_s=50), TWAP(10), ParentOrder("buy", 1, 0, 100))


def test_a_strategy_starts_afresh_on_every_seed(path_market):
    order = ParentOrder("sell", 501, 5, 305)
    table = run_seeds(lambda seed: path_market(wavy), ALL, order, seeds=[1, 2])
    assert (table["fill_rate"] == 1).all()
    one, two = (table[table.seed == seed].drop(columns="seed") for seed in (1, 2))
    assert one.reset_index(drop=True).equals(two.reset_index(drop=True))
