"""Laws of the stylised facts: symmetries, scales, slow twins, planted values, empty cases."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.analytics import (FACTS, between, market_orders, mid_at, order_book_imbalance,
                              quoted_spread, stylised_facts, trade_costs)

SEEDS = st.integers(0, 2**32 - 1)
pytestmark = pytest.mark.filterwarnings("error")
NS = 1_000_000_000
TICK = 0.01
CENTRE = 1_000_000  # ticks; so high that a return in bps and a move in ticks are nearly one thing


def tape_of_chance(seed, *, states=600, trades=300, span_s=2_000.0, start_s=36_000.0):
    """A quote table (some states one-sided) and a trade table of a window; some stamps repeat."""
    rng = np.random.default_rng(seed)
    start_ns, span_ns = round(start_s * NS), round(span_s * NS)
    time = start_ns + np.sort(rng.integers(0, span_ns, states))
    time[1::7] = time[::7][:len(time[1::7])]
    bid = CENTRE + np.cumsum(rng.choice([-2, -1, 0, 0, 0, 1, 2], states))
    ask = bid + rng.integers(1, 4, states)
    size = rng.integers(1, 9, (2, states)) * 100.0
    quotes = pd.DataFrame({"time_ns": time, "bid": bid * TICK, "bid_size": size[0],
                           "ask": ask * TICK, "ask_size": size[1]})
    empty = rng.random(states) < 0.02
    quotes.loc[empty, "bid"], quotes.loc[empty, "bid_size"] = np.nan, 0.0
    when = start_ns + np.sort(rng.integers(0, span_ns, trades))
    sign = rng.choice([-1, 1], trades)
    sign[1::2] = sign[::2][:len(sign[1::2])]  # pairs, so that signs have some memory
    row = np.clip(np.searchsorted(time, when) - 1, 0, None)
    price = np.where(sign > 0, ask[row], bid[row]) * TICK
    table = pd.DataFrame({"time_ns": when, "price": price,
                          "size": rng.integers(1, 6, trades) * 100, "sign": sign})
    return quotes, table


def window(span_s=2_000.0, start_s=36_000.0):
    """The arguments that go with `tape_of_chance`."""
    return {"tick_size": TICK, "start_s": start_s, "end_s": start_s + span_s}


def same(found, expected, *, rel=1e-9, absolute=1e-9, but=()):
    """The facts that differ."""
    return {name: (found[name], expected[name]) for name in FACTS if name not in but
            and not np.isclose(found[name], expected[name], rel, absolute, equal_nan=True)}


@given(SEEDS)
def test_buyers_and_sellers_are_mirror_images(seed):
    """Prices reflected, sides swapped: every fact stays, and the buyers' share becomes sellers'."""
    quotes, trades = tape_of_chance(seed)
    mirrored = pd.DataFrame({
        "time_ns": quotes["time_ns"],
        "bid": 2 * CENTRE * TICK - quotes["ask"], "bid_size": quotes["ask_size"],
        "ask": 2 * CENTRE * TICK - quotes["bid"], "ask_size": quotes["bid_size"],
    })  # fmt: skip
    image = trades.assign(price=2 * CENTRE * TICK - trades["price"], sign=-trades["sign"])
    here = stylised_facts(quotes, trades, **window())
    there = stylised_facts(mirrored, image, **window())
    # Log returns are not exactly odd in ticks: 1e-4 off at a price of a million ticks.
    assert not same(there, here, rel=1e-3, absolute=1e-4, but=("buy_share",))
    assert there.buy_share == pytest.approx(1 - here.buy_share)


@given(SEEDS, st.sampled_from([0.001, 0.5, 7.0, 1000.0]))
def test_sizes_in_another_unit_change_only_sizes(seed, factor):
    quotes, trades = tape_of_chance(seed)
    here = stylised_facts(quotes, trades, **window())
    larger = quotes.assign(bid_size=quotes["bid_size"] * factor,
                           ask_size=quotes["ask_size"] * factor)
    there = stylised_facts(larger, trades.assign(size=trades["size"] * factor), **window())
    sizes = [name for name, fact in FACTS.items() if fact.unit == "units"]
    assert sizes
    assert not same(there, here, but=sizes)
    for name in sizes:
        assert there[name] == pytest.approx(factor * here[name])
    assert there.volume_curve == pytest.approx(here.volume_curve)


@given(SEEDS, st.sampled_from([0.1, 10.0, 2.5]))
def test_prices_in_another_currency_change_nothing(seed, factor):
    quotes, trades = tape_of_chance(seed)
    here = stylised_facts(quotes, trades, **window())
    abroad = quotes.assign(bid=quotes["bid"] * factor, ask=quotes["ask"] * factor)
    there = stylised_facts(abroad, trades.assign(price=trades["price"] * factor),
                           **window() | {"tick_size": TICK * factor})
    assert not same(there, here, rel=1e-6, absolute=1e-6)


@given(SEEDS, st.integers(-9, 12))
def test_another_hour_of_the_day_changes_nothing(seed, hours):
    quotes, trades = tape_of_chance(seed)
    here = stylised_facts(quotes, trades, **window())
    later_ns = hours * 3600 * NS
    later = [table.assign(time_ns=table["time_ns"] + later_ns) for table in (quotes, trades)]
    there = stylised_facts(*later, **window(start_s=36_000.0 + hours * 3600))
    assert not same(there, here)


@given(SEEDS)
def test_what_lies_outside_the_window_does_not_matter(seed):
    """All but the last state before it, which is still in force when it opens."""
    quotes, trades = tape_of_chance(seed)
    cut = {"tick_size": TICK, "start_s": 36_500.0, "end_s": 37_700.0}
    usable = quotes[quotes["bid"].notna()]
    usable.attrs["kind"] = "nbbo"
    inside = between(usable, cut["start_s"], cut["end_s"])
    here = stylised_facts(quotes, trades, **cut)
    there = stylised_facts(inside, between(trades, cut["start_s"], cut["end_s"]), **cut)
    assert not same(there, here)


@given(SEEDS)
def test_unchanged_states_and_empty_sides_do_not_matter(seed):
    quotes, trades = tape_of_chance(seed)
    usable = quotes[quotes["bid"].notna()]
    twice = usable.loc[usable.index.repeat(2)].reset_index(drop=True)
    assert not same(stylised_facts(twice, trades, **window()),
                    stylised_facts(quotes, trades, **window()))


@given(SEEDS)
def test_spread_is_the_one_of_quoted_spread(seed):
    quotes, trades = tape_of_chance(seed)
    facts = stylised_facts(quotes, trades, **window())
    usable = quotes[quotes["bid"].notna()]
    span = {"start_s": 36_000.0, "end_s": 38_000.0}
    for statistic in ("mean", "median"):
        cents = quoted_spread(usable, **span, statistic=statistic)
        assert facts[f"spread_{statistic}_ticks"] == pytest.approx(cents / TICK, abs=1e-6)
        bps = quoted_spread(usable, **span, statistic=statistic, unit="bps")
        assert facts[f"spread_{statistic}_bps"] == pytest.approx(bps, rel=1e-6)


@given(SEEDS)
def test_costs_are_the_ones_of_trade_costs(seed):
    quotes, trades = tape_of_chance(seed)
    facts = stylised_facts(quotes, trades, **window())
    usable = quotes[quotes["bid"].notna()]
    sign = trades["sign"]  # trade_costs finds signs by itself; here they are given
    for horizon_s in (1, 10, 60):
        costs = trade_costs(trades, usable, horizon_s=horizon_s, half=True, until_s=38_000.0)
        before = costs["price"] - costs["mid"]
        after = costs["mid_after"] - costs["mid"]
        seen = after.notna()
        moved = (sign * after)[seen].mean() / TICK
        paid = (sign * before)[seen].mean() / TICK
        assert facts[f"response_{horizon_s}s_ticks"] == pytest.approx(moved, abs=1e-6)
        assert facts[f"realised_half_spread_{horizon_s}s_ticks"] == pytest.approx(
            paid - moved, abs=1e-6)
        assert facts[f"adverse_selection_{horizon_s}s"] == pytest.approx(moved / paid, abs=1e-6)
    assert facts.effective_half_spread_ticks == pytest.approx(
        (sign * before).mean() / TICK, abs=1e-6)


@given(SEEDS)
def test_hits_are_those_of_a_slow_count(seed):
    """State by state: look ahead for the next mid that differs."""
    quotes, trades = tape_of_chance(seed, states=150)
    facts = stylised_facts(quotes, trades, **window())
    usable = quotes[quotes["bid"].notna()].drop(columns="time_ns")
    usable = usable[(usable != usable.shift()).any(axis=1)].reset_index(drop=True)
    obi = order_book_imbalance(usable["bid_size"], usable["ask_size"])
    mid = np.rint((usable["bid"] + usable["ask"]) / TICK).tolist()
    told, buckets = [], {"0_25": [], "25_50": [], "50_75": [], "75_100": []}
    for row, now in enumerate(mid):
        ahead = [later for later in mid[row:] if later != now]
        if ahead and obi[row] != 0:
            hit = (ahead[0] > now) == (obi[row] > 0)
            told.append(hit)
            buckets[list(buckets)[min(int(4 * abs(obi[row]) + 1e-9), 3)]].append(hit)
    assert facts.obi_hit == pytest.approx(np.mean(told))
    for name, hits in buckets.items():
        expected = np.mean(hits) if hits else np.nan
        assert facts[f"obi_hit_{name}"] == pytest.approx(expected, nan_ok=True)


@given(SEEDS)
def test_returns_are_those_of_mids_looked_up_one_by_one(seed):
    quotes, trades = tape_of_chance(seed)
    facts = stylised_facts(quotes, trades, **window())
    usable = quotes[quotes["bid"].notna()]
    for step_s, found in zip((1, 10, 60, 300), facts.signature_bps[1:5], strict=True):
        at = np.arange(36_000, 38_001, step_s) * NS
        mids = mid_at(usable, at)
        returns = np.diff(np.log(mids[~np.isnan(mids)])) * 1e4
        assert found == pytest.approx(np.sqrt((returns**2).sum()), rel=1e-6)
        if step_s == 60:
            assert facts.volatility_1min_bps == pytest.approx(returns.std(ddof=1), rel=1e-6)


def walk(rng, seconds, start=CENTRE):
    """One-tick quotes of constant size whose mid makes a step of one tick each half second."""
    steps = rng.choice([-1, 1], 2 * seconds)
    bid = start + np.concatenate([[0], np.cumsum(steps)])
    time = 36_000 * NS + np.arange(len(bid)) * (NS // 2)
    return pd.DataFrame({"time_ns": time, "bid": bid * TICK, "bid_size": 500.0,
                         "ask": (bid + 1) * TICK, "ask_size": 500.0})


NO_TRADES = pd.DataFrame({"time_ns": np.zeros(0, np.int64), "price": np.zeros(0),
                          "size": np.zeros(0), "sign": np.zeros(0)})


def test_planted_linear_flow_is_explained_whole():
    """Both quotes step together, so each step of the mid has an OFI of two queues: R2 = 1."""
    quotes = walk(np.random.default_rng(1), 3600)
    facts = stylised_facts(quotes, NO_TRADES, **window(3600.0))
    for name in ("ofi_r2_1s", "ofi_r2_10s", "ofi_r2_10s_half_hours"):
        assert facts[name] == pytest.approx(1)
    assert facts.ofi_predictive_r2_1s < 0.01, "a random walk is not foretold"


def test_a_random_walk_has_a_flat_signature_and_normal_tails():
    """Bounds are four standard errors of 240 minutes."""
    quotes = walk(np.random.default_rng(2), 4 * 3600)
    facts = stylised_facts(quotes, NO_TRADES, **window(4 * 3600.0))
    assert facts.signature_flatness == pytest.approx(1, abs=4 / np.sqrt(2 * 240))
    per_minute_bps = np.sqrt(120) / CENTRE * 1e4
    assert facts.volatility_1min_bps == pytest.approx(per_minute_bps, rel=4 / np.sqrt(2 * 240))
    assert abs(facts.return_acf_1s) < 4 / np.sqrt(4 * 3600)
    assert facts.kurtosis_1min == pytest.approx(3, abs=4 * np.sqrt(24 / 240))
    assert facts.one_tick_share == 1


def test_imbalance_that_always_tells_the_next_move_always_hits():
    quotes = walk(np.random.default_rng(3), 600)
    ahead = np.append(np.sign(np.diff(quotes["bid"])), 1)
    quotes = quotes.assign(bid_size=500 + 400 * ahead, ask_size=500 - 400 * ahead)
    facts = stylised_facts(quotes, NO_TRADES, **window(600.0))
    assert facts.obi_hit == facts.obi_hit_75_100 == facts.obi_hit_per_second == 1
    assert np.isnan(facts.obi_hit_0_25)
    against = quotes.assign(bid_size=quotes["ask_size"], ask_size=quotes["bid_size"])
    assert stylised_facts(against, NO_TRADES, **window(600.0)).obi_hit == 0


def tape(gaps_s, sign, size=100.0):
    """Trades at one price with given gaps."""
    time = 36_000 * NS + np.cumsum(np.rint(gaps_s * NS).astype(np.int64))
    return pd.DataFrame({"time_ns": time, "price": 100.0, "size": size, "sign": sign})


QUOTE = pd.DataFrame({"time_ns": [36_000 * NS], "bid": [99.99], "bid_size": [100.0],
                      "ask": [100.01], "ask_size": [100.0]})


def test_independent_signs_have_no_memory():
    n = 20_000
    rng = np.random.default_rng(4)
    facts = stylised_facts(QUOTE, tape(np.full(n, 0.1), rng.choice([-1, 1], n)), **window())
    for lag in (1, 5, 10, 20, 50, 100):
        assert abs(facts[f"sign_acf_{lag}"]) < 4 / np.sqrt(n)
    assert facts.same_sign_share == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(n))


def test_signs_that_stay_with_probability_p_have_a_geometric_memory():
    """A two-state chain has the autocorrelation (2p - 1)**lag."""
    n, stay = 19_990, 0.9
    rng = np.random.default_rng(5)
    sign = np.cumprod(np.where(rng.random(n) < stay, 1, -1))
    facts = stylised_facts(QUOTE, tape(np.full(n, 0.1), sign), **window())
    assert facts.same_sign_share == pytest.approx(stay, abs=0.01)
    for lag in (1, 5, 10, 20):
        assert facts[f"sign_acf_{lag}"] == pytest.approx((2 * stay - 1) ** lag, abs=0.06)


def test_gaps_of_a_clock_a_poisson_process_and_clusters_are_told_apart():
    """Coefficient of variation: 0, 1, and above 3 for a mixture of short and long gaps."""
    n = 4_000
    rng = np.random.default_rng(6)
    cv = {name: stylised_facts(QUOTE, tape(gaps, np.ones(n)), **window(2 * gaps.sum())).gap_cv
          for name, gaps in {
              "clock": np.full(n, 0.5),
              "poisson": rng.exponential(0.5, n),
              "clusters": rng.exponential(np.where(rng.random(n) < 0.9, 0.1, 4.1)),
          }.items()}
    assert cv["clock"] == pytest.approx(0, abs=1e-6)
    assert cv["poisson"] == pytest.approx(1, abs=4 / np.sqrt(n))
    # Mixture of exponentials: E[g] = 0.5, E[g**2] = 2 (0.9 * 0.01 + 0.1 * 16.81) = 3.38.
    assert cv["clusters"] == pytest.approx(np.sqrt(3.38 / 0.25 - 1), rel=0.1)


def test_response_and_costs_of_one_trade_by_hand():
    """Bought at 100.02 at a mid of 100.01; a second later the mid is 100.015, and so it stays."""
    quotes = pd.DataFrame({
        "time_ns": np.array([0.0, 10.0, 10.5]) * NS, "bid": [100.00, 100.00, 100.01],
        "bid_size": 100, "ask": [100.02, 100.02, 100.02], "ask_size": [300, 200, 100]})
    trades = pd.DataFrame({"time_ns": [10 * NS], "price": [100.02], "size": [100], "sign": [1]})
    facts = stylised_facts(quotes, trades, tick_size=0.01, start_s=0, end_s=30)
    assert facts.effective_half_spread_ticks == pytest.approx(1)
    assert facts.response_1s_ticks == pytest.approx(0.5)
    assert facts.adverse_selection_10s == pytest.approx(0.5)
    assert facts.realised_half_spread_10s_ticks == pytest.approx(0.5)
    assert np.isnan(facts.response_60s_ticks), "a minute later the window is over"


def test_medians_over_time_weigh_by_duration():
    """A spread of 1 tick for 3 s, of 4 for 2 s, then 2 for 1 s; depths 100, 300 and 500."""
    quotes = pd.DataFrame({"time_ns": np.array([0, 3, 5]) * NS, "bid": [10.00, 10.00, 10.00],
                           "bid_size": [100, 300, 500], "ask": [10.01, 10.04, 10.02],
                           "ask_size": [100, 300, 500]})
    trades = pd.DataFrame({"time_ns": [NS], "price": [10.01], "size": [50], "sign": [1]})
    facts = stylised_facts(quotes, trades, tick_size=0.01, start_s=0, end_s=6)
    assert facts.spread_median_ticks == 1
    assert facts.spread_mean_ticks == pytest.approx((3 * 1 + 2 * 4 + 1 * 2) / 6)
    assert facts.one_tick_share == pytest.approx(0.5)
    assert (facts.depth_median, facts.depth_in_trades) == (100, 2)
    assert facts.quote_updates_per_s == pytest.approx(2 / 6)
    assert facts.mid_changes_per_min == pytest.approx(2 * 10)


def test_volume_curve_holds_every_share_and_names_the_ends_of_a_whole_day_only():
    time = np.array([34_200, 34_300, 40_000, 57_599]) * NS
    trades = pd.DataFrame({"time_ns": time, "price": 10.0, "size": [100, 300, 500, 100],
                           "sign": 1})
    day = {"tick_size": 0.01, "start_s": 34_200, "end_s": 57_600}
    facts = stylised_facts(QUOTE, trades, **day, day_s=(34_200, 57_600))
    assert facts.volume_curve.tolist() == [0.4, 0, 0, 0.5, *[0] * 8, 0.1]
    assert (facts.volume_first_half_hour, facts.volume_last_half_hour) == (0.4, 0.1)
    assert facts.volume().index[3] == 34_200 + 3 * 1800
    assert np.isnan(stylised_facts(QUOTE, trades, **day).volume_first_half_hour)
    part = stylised_facts(QUOTE, trades, **day | {"end_s": 50_000}, day_s=(34_200, 57_600))
    assert np.isnan(part.volume_first_half_hour)
    around = stylised_facts(QUOTE, trades, tick_size=0.01, start_s=0, end_s=86_400,
                            day_s=(0, 86_400))
    assert len(around.volume_curve) == 24
    assert np.isnan(around.volume_first_half_hour), "a day around the clock has no open"


def test_fills_of_one_order_are_one_trade():
    fills = pd.DataFrame({"time_ns": [1, 1, 1, 2, 2], "price": [10.0, 11.0, 9.0, 10.0, 10.0],
                          "size": [1, 3, 2, 1, 1], "sign": [1, 1, -1, 1, 1]})
    orders = market_orders(fills)
    assert orders["size"].tolist() == [4, 2, 2]
    assert orders["price"].tolist() == [10.75, 9.0, 10.0]
    assert orders["fills"].tolist() == [2, 1, 2]
    apart = market_orders(fills.assign(message_index=[0, 1, 2, 3, 3]))
    assert apart["size"].tolist() == [1, 3, 2, 2]
    assert len(market_orders(fills.iloc[:0])) == 0


@pytest.mark.parametrize("quotes", [QUOTE.iloc[:0], QUOTE, QUOTE.assign(bid=np.nan)])
@pytest.mark.parametrize("trades", [NO_TRADES, tape(np.ones(1), 1), tape(np.ones(2), 0)])
def test_what_cannot_be_told_is_nan_and_no_warning(quotes, trades):
    facts = stylised_facts(quotes, trades, **window())
    assert set(facts) == set(FACTS)
    for name in ("ofi_r2_1s", "obi_hit", "sign_acf_1", "kurtosis_1s", "cancel_to_limit"):
        assert np.isnan(facts[name])
    known = len(quotes) == 1 and quotes["bid"].notna().all()
    assert np.isnan(facts.spread_mean_ticks) != known
    assert len(facts.table()) == len(FACTS)


def test_wrong_input_is_named():
    quotes, trades = tape_of_chance(1)
    with pytest.raises(ValueError, match="not a multiple of tick_size=0.05"):
        stylised_facts(quotes, trades, **window() | {"tick_size": 0.05})
    with pytest.raises(ValueError, match="sign of trades holds 2"):
        stylised_facts(quotes, trades.assign(sign=2), **window())
    with pytest.raises(ValueError, match="the start must come first"):
        stylised_facts(quotes, trades, tick_size=TICK, start_s=5, end_s=5)
    with pytest.raises(ValueError, match="tick_size is 0"):
        stylised_facts(quotes, trades, tick_size=0, start_s=5, end_s=6)
    with pytest.raises(ValueError, match="quotes is not sorted"):
        stylised_facts(quotes[::-1], trades, **window())
    with pytest.raises(ValueError, match="trades has no column sign"):
        stylised_facts(quotes, trades.drop(columns="sign"), **window())
    facts = stylised_facts(quotes, trades, **window())
    with pytest.raises(AttributeError, match="there is no fact 'spred'"):
        facts.spred  # noqa: B018


def test_facts_are_a_mapping_with_units_that_survives_pickling():
    facts = stylised_facts(*tape_of_chance(2), **window())
    again = pickle.loads(pickle.dumps(facts))
    assert not same(again, facts)
    assert again.gap_cv == facts["gap_cv"]
    assert "gap_cv" in dir(facts) and "gap_cv" in repr(facts)
    table = facts.table()
    assert table.loc["volatility_1min_bps", "unit"] == "bps"
    assert (table["meaning"].str.len() > 0).all()
    assert list(facts.signature().columns) == ["mid_bps", "trade_bps"]
