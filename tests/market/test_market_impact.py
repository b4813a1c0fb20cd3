"""Own impact: trading costs, faster costs more, part of the move stays, pairing by seed works."""

import numpy as np
import pytest

from lobsim.market import Market, profiles
from lobsim.market.parts import Impact
from lobsim.market.state import IMPACT_PARTS, L_PERMANENT, L_TRANSIENT

LINEAR = profiles["SPY"].with_parts(
    Impact(depth_per_tick=1200.0, permanent_share=0.2, impact_times_s=(5.0, 60.0, 600.0),
           impact_weights=(0.4, 0.3, 0.3)))
MOVED = [L_PERMANENT, *range(L_TRANSIENT, L_TRANSIENT + IMPACT_PARTS)]
START, QUANTITY = 36_000, 10_000


def sell(seed, slices, horizon_s, quantity=QUANTITY):
    """Sell in equal market orders; return times, prices and sizes of fills, and the market."""
    market = Market(LINEAR, seed, START, START + 5400, keep_trades=False)
    for k in range(slices):
        market.advance(START + horizon_s * k / slices)
        market.submit("sell", quantity // slices, kind="market")
    return market.own_fills, market


def untouched_mids(seed, times_s):
    market = Market(LINEAR, seed, START, START + 5400, keep_trades=False)
    mids = []
    for time_s in times_s:
        market.advance(time_s)
        mids.append(market.mid)
    return np.array(mids)


def cost_bps(seed, slices, horizon_s, quantity=QUANTITY):
    """Cost against the mid that the market of the same seed had without the seller."""
    fills, _ = sell(seed, slices, horizon_s, quantity)
    lost = (untouched_mids(seed, fills["time_s"]) - fills["price"]) * fills["size"]
    return lost.sum() / fills["size"].sum() / fills["price"].iloc[0] * 1e4


@pytest.fixture(scope="module")
def costs():
    seeds = range(500, 512)
    plans = {"a minute": (20, 60), "five minutes": (20, 300), "an hour": (60, 3600)}
    return {name: np.array([cost_bps(seed, *plan) for seed in seeds])
            for name, plan in plans.items()}


def interval(differences):
    """Mean and 99.7 % interval of paired differences."""
    error = 3 * differences.std(ddof=1) / np.sqrt(len(differences))
    return differences.mean() - error, differences.mean() + error


def test_twap_costs_more_than_the_half_spread(costs):
    half_spread_bps = 0.5 * 0.01 / 168 * 1e4
    assert interval(costs["an hour"])[0] > half_spread_bps


def test_selling_faster_costs_more(costs):
    assert interval(costs["five minutes"] - costs["an hour"])[0] > 0
    assert interval(costs["a minute"] - costs["five minutes"])[0] > 0


def test_cost_of_the_whole_order_is_of_the_square_root_laws_size(costs):
    """Peak sigma_D sqrt(Q / V) = 65 bps * sqrt(10,000 / 8.9e6) = 2.2; fills cost two thirds."""
    assert 0.7 < costs["five minutes"].mean() < 3.0


def test_part_of_the_move_stays_and_the_rest_decays():
    after, late, seeds = [], [], range(600, 612)
    for seed in seeds:
        _, market = sell(seed, 10, 60)
        market.advance(START + 61)
        after.append(market.mid)
        market.advance(START + 5400)
        late.append(market.mid)
    free = np.array([untouched_mids(seed, [START + 61, START + 5400]) for seed in seeds])
    drop = (free - np.column_stack([after, late])) / 168 * 1e4
    profile = LINEAR
    permanent = QUANTITY / profile.depth_per_tick * profile.permanent_share * 0.01 / 168 * 1e4
    low, high = interval(drop[:, 1])
    assert low < permanent < high and low > 0.5 * permanent
    assert interval(drop[:, 0] - drop[:, 1])[0] > 0


def test_buying_and_selling_cost_alike():
    sold = np.array([cost_bps(seed, 20, 300) for seed in range(700, 708)])
    bought = []
    for seed in range(700, 708):
        market = Market(LINEAR, seed, START, START + 5400, keep_trades=False)
        for k in range(20):
            market.advance(START + 15 * k)
            market.submit("buy", QUANTITY // 20, kind="market")
        fills = market.own_fills
        paid = (fills["price"] - untouched_mids(seed, fills["time_s"])) * fills["size"]
        bought.append(paid.sum() / QUANTITY / 168 * 1e4)
    low, high = interval(sold - np.array(bought))
    assert low < 0 < high and high - low < 0.6


def test_impact_is_linear_in_what_was_traded_before_rounding():
    market = Market(LINEAR, 1, START, START + 60)
    price = market.efficient_price
    market.submit("buy", 100, kind="market")
    shift = market._flow.level[MOVED].copy()
    assert np.count_nonzero(shift) == 1 + len(LINEAR.impact_times_s)
    market.submit("buy", 200, kind="market")
    assert market._flow.level[MOVED] == pytest.approx(3 * shift)
    assert market.efficient_price == price  # the exogenous path knows nothing of us


def test_a_filled_resting_order_moves_the_price_for_good_but_only_so():
    market = Market(LINEAR, 2, START, START + 600)
    market.submit("sell", 100, price=market.best_ask)
    market.advance(START + 600)
    fills = market.own_fills
    assert fills["maker"].all() and fills["size"].sum() == 100
    profile = LINEAR
    level = market._flow.level
    moved = -100 / profile.depth_per_tick * profile.permanent_share
    assert level[MOVED[0]] == pytest.approx(moved)
    assert (level[MOVED[1:]] == 0).all()


def test_pairing_by_seed_removes_most_of_the_noise():
    prices = {}
    for slices in (30, 60):
        prices[slices] = []
        for seed in range(800, 824):
            fills, _ = sell(seed, slices, 3600, quantity=6000)
            prices[slices].append((fills["price"] * fills["size"]).sum() / 6000 / 168 * 1e4)
    a, b = np.array(prices[30]), np.array(prices[60])
    assert (a - b).std() < 0.15 * a.std()
    assert np.corrcoef(a, b)[0, 1] > 0.98


def test_other_prices_hardly_change_after_a_small_own_trade():
    """One share traded leaves the rest of the afternoon as it was, to a tick."""
    touched, free = (Market(LINEAR, 31, START, START + 3600) for _ in range(2))
    touched.submit("buy", 1, kind="market")
    gaps = []
    for k in range(360):
        for market in (touched, free):
            market.advance(START + 10 * k)
        gaps.append(abs(touched.mid - free.mid))
    assert np.mean(np.array(gaps) < 1e-9) > 0.9 and max(gaps) < 0.025
