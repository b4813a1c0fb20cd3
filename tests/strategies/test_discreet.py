"""Schedules that hide, and markets under watch, where a detector hunts parent orders."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lobsim.analytics import LeakageDetector, LeakDay
from lobsim.market import Market
from lobsim.market.parts import Predator
from lobsim.strategies import (
    TWAP,
    HuntedMarket,
    Opportunistic,
    ParentOrder,
    RandomisedTWAP,
    WatchedMarket,
    execute,
)

START, END = 36_000.0, 36_900.0
HUNTER = Predator(200, 4000, predator_memory_s=1e6)


def spy(seed, **given):
    return Market("SPY", seed=seed, start_s=START, end_s=END, **given)


class Told:
    """A detector that always says the same, and notes the last time it saw."""

    def __init__(self, score):
        self.score, self.windows = score, []

    def lean(self, features):
        self.windows.append(features["time_s"].iloc[-1])
        return np.full(len(features), self.score)


@pytest.mark.parametrize("strategy", [RandomisedTWAP(7, block_s=100), Opportunistic(10)])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_order_is_done_to_the_share_by_its_end(strategy, side):
    done = execute(spy(3), strategy, ParentOrder(side, 23_457, START + 31, END - 3))
    assert done.filled == 23_457
    assert done.fills["time_s"].between(START + 31, END - 3).all()


def test_draw_is_that_of_the_day_and_another_day_has_another(path_market):
    strategy, order = RandomisedTWAP(10, block_s=100), ParentOrder("buy", 9000, 0, 900)
    times = []
    for seed in (5, 5, 6):
        market = path_market()
        market.seed = seed
        times.append(execute(market, strategy, order).children[["time_s", "size"]])
    pd.testing.assert_frame_equal(times[0], times[1])
    assert not times[0].equals(times[2])


def test_every_block_gets_its_share_of_time_and_its_moments_vary(path_market):
    order = ParentOrder("sell", 9000, 0, 900)
    children = execute(path_market(), RandomisedTWAP(10, block_s=100), order).children
    block = (children["time_s"] // 100).astype(int)
    assert children.groupby(block)["size"].sum().tolist() == pytest.approx([1000] * 9, abs=1)
    assert np.diff(children["time_s"]).std() > 3 and children["size"].std() > 50
    assert len(children) < 70  # pauses


@pytest.fixture
def deep_market(path_market):
    """A path market that shows 1,000 shares at each touch."""
    class Deep(path_market):
        def depth(self, levels):
            return SimpleNamespace(bid_size=[1000], ask_size=[1000])
    return Deep


def test_band_around_twap_is_kept(deep_market):
    order = ParentOrder("buy", 10_000, 0, 1000)
    children = execute(deep_market(rate=50.0), Opportunistic(10, band=0.1), order).children
    done = children.groupby("time_s")["size"].sum().cumsum().reindex(np.arange(0, 1001, 10.0))
    ahead = done.ffill().fillna(0).to_numpy() - 10.0 * np.arange(0, 1001, 10.0)
    assert ahead[:-1].min() >= -1000 and ahead.max() <= 1000 and ahead[-1] == 0


def test_dear_moments_are_left_to_the_band(deep_market):
    class Widening(deep_market):
        @property
        def best_ask(self):
            return self.mid + (0.01 if self.clock_s < 400 else 0.05)

    order = ParentOrder("buy", 10_000, 0, 1000)
    children = execute(Widening(rate=50.0), Opportunistic(10, band=0.1), order).children
    size = children.groupby("time_s")["size"].sum().cumsum()
    assert size.loc[:390.0].iloc[-1] > 3900  # ahead while it is cheap
    assert size.loc[:750.0].iloc[-1] == pytest.approx(6500, abs=20)  # and then as late as may be


def test_watching_changes_nothing_and_sees_what_the_market_shows():
    order = ParentOrder("buy", 20_000, START + 60, END)
    plain, watched = spy(4), WatchedMarket(spy(4))
    one, other = (execute(market, TWAP(60), order) for market in (plain, watched))
    assert one.fills.equals(other.fills)
    assert watched.quotes["time_ns"].tolist() == (36_000 + np.arange(901)).__mul__(10**9).tolist()
    assert watched.quotes.iloc[-1][["bid", "ask"]].tolist() == [plain.best_bid, plain.best_ask]
    assert watched.prints["size"].sum() == plain.volume


def test_silent_detector_leaves_the_market_as_it_is():
    order = ParentOrder("sell", 20_000, START + 60, END)
    hunted = HuntedMarket(spy(4, parts=[HUNTER]), Told(0.2), 0.5, window_s=60)
    assert execute(hunted, TWAP(60), order).fills.equals(execute(spy(4), TWAP(60), order).fills)
    assert hunted.predator_position == hunted.predator_profit == 0


@pytest.mark.parametrize("side", [1, -1])
def test_predator_goes_with_the_detector_up_to_its_limit_and_costs_the_parent_money(side):
    order = ParentOrder(side, 60_000, START + 60, END)
    costs = []
    for seed in range(2):
        told = Told(0.9 * side)
        hunted = HuntedMarket(spy(seed, parts=[HUNTER]), told, 0.5, window_s=60)
        done = execute(hunted, TWAP(60), order)
        assert hunted.predator_position == side * 4000
        assert told.windows == np.arange(START + 60, END + 1, 60).tolist()  # never the future
        costs.append(done.shortfall.total_bps
                     - execute(spy(seed), TWAP(60), order).shortfall.total_bps)
    assert np.mean(costs) > 0


def test_detector_learns_from_the_market_and_hunts_in_it():
    order = ParentOrder("buy", 90_000, START, END)
    days = []
    for seed in range(4):
        for strategy in (None, TWAP(60)):
            watched = WatchedMarket(spy(seed))
            if strategy is None:
                watched.advance(END)
            else:
                execute(watched, strategy, order)
            days.append(LeakDay(watched.features(300), int(strategy is not None), 0.0))
    detector = LeakageDetector().fit(days)
    hunted = HuntedMarket(spy(9, parts=[HUNTER]), detector, 0.3, window_s=300)
    execute(hunted, TWAP(60), order)
    assert [time_s for time_s, _ in hunted.leans] == np.arange(START + 300, END + 1, 60).tolist()
    assert np.mean([lean for _, lean in hunted.leans]) > 0.3 and hunted.predator_position > 0


def test_market_without_a_predator_is_refused():
    with pytest.raises(ValueError, match="no predator"):
        HuntedMarket(spy(1), Told(0.0), 0.5)
