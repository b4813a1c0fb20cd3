"""The micro-price is a martingale, a mirror image of itself, and lies where the paper says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.analytics import fit_micro_price, tape_of, weighted_mid
from lobsim.data import read_any
from lobsim.market import Market, profiles

sizes = st.integers(1, 5000)


def states(seed: int, n: int = 4000) -> pd.DataFrame:
    """Quotes whose heavier side tends to win: imbalance walks, and the mid moves with it."""
    rng = np.random.default_rng(seed)
    bid, spread, share, rows = 1000, 1, 0.5, []
    for _ in range(n):
        share = float(np.clip(share + rng.normal(0, 0.15), 0.02, 0.98))
        if rng.random() < 0.2 * abs(2 * share - 1):
            bid += 1 if share > 0.5 else -1
            share = 1 - share
        spread = 1 + int(rng.random() < 0.3)
        rows.append((bid, round(100 * share) + 1, bid + spread, round(100 * (1 - share)) + 1))
    table = pd.DataFrame(rows, columns=["bid", "bid_size", "ask", "ask_size"])
    table["time_ns"] = np.arange(n, dtype=np.int64) * 10**9
    table["bid"] *= 0.01
    table["ask"] *= 0.01
    return table


@pytest.fixture(scope="module")
def fitted():
    return fit_micro_price(states(1), n_imbalance=6, n_spread=2)


def test_the_papers_weighted_mid_moves_against_an_order():
    """Stoikov's example: an offer of 1 at 10.01 lifts it from 10.005 to 10.009."""
    assert weighted_mid(10.00, 9, 10.02, 27)[0] == pytest.approx(10.005)
    assert weighted_mid(10.00, 9, 10.01, 1)[0] == pytest.approx(10.009)


@given(sizes, sizes)
def test_the_weighted_mid_lies_between_bid_and_ask_and_mirrors(bid_size, ask_size):
    w = weighted_mid(10.0, bid_size, 10.03, ask_size)[0]
    assert 10.0 <= w <= 10.03
    assert w + weighted_mid(10.0, ask_size, 10.03, bid_size)[0] == pytest.approx(20.03)


def test_swapping_the_sides_turns_the_adjustment_round(fitted):
    table = fitted.adjustment_ticks
    assert table == pytest.approx(-table[::-1], abs=1e-10)
    up, down = fitted.price(10.0, 300, 10.01, 50), fitted.price(10.0, 50, 10.01, 300)
    assert up[0] + down[0] == pytest.approx(20.01)
    assert fitted.price(10.0, 80, 10.01, 80)[0] == pytest.approx(10.005)


def test_the_expected_adjusted_mid_after_a_step_is_the_adjusted_mid_now(fitted):
    """Martingale: E[dM] + (Q + T) G* = G* in every state, with E[dM] = (1 - Q) G1."""
    g = fitted.adjustment_ticks[tuple(fitted.states.T)]
    mean_move = fitted.first_ticks - fitted.still @ fitted.first_ticks
    assert mean_move + (fitted.still + fitted.moved) @ g == pytest.approx(g, abs=1e-9)
    assert (fitted.still + fitted.moved).sum(axis=1) == pytest.approx(np.ones(len(g)))


def test_the_terms_of_the_sum_approach_the_limit_as_the_second_eigenvalue_says(fitted):
    told = fitted.convergence(40)
    assert 0 <= told.second_eigenvalue < 1
    assert abs(told.drift_ticks) < 1e-10
    assert told.partial_ticks[-1] == pytest.approx(fitted.adjustment_ticks, abs=1e-6)
    error = [np.abs(part - fitted.adjustment_ticks).max() for part in told.partial_ticks]
    # a bound: modes that look the same from both sides have no part in the adjustment
    assert 0 < error[12] / error[8] <= 1.01 * told.second_eigenvalue**4


def test_without_symmetry_a_rising_day_leaves_a_drift():
    rising = states(2)
    rising["bid"] += 0.01 * (np.arange(len(rising)) // 40)
    rising["ask"] += 0.01 * (np.arange(len(rising)) // 40)
    biased = fit_micro_price(rising, n_imbalance=4, symmetric=False)
    assert biased.convergence().drift_ticks > 0.01
    assert abs(fit_micro_price(rising, n_imbalance=4).convergence().drift_ticks) < 1e-10


def test_a_heavier_bid_means_a_higher_micro_price(fitted):
    assert (np.diff(fitted.adjustment_ticks[:, 0]) > 0).all()


def test_a_chain_with_a_known_answer():
    """Light, heavy, light ...: the mid rises after each heavy bid, falls after each heavy offer."""
    time = np.arange(9, dtype=np.int64) * 10**9
    bid = np.array([0, 0, 1, 1, 0, 0, 1, 1, 0]) * 0.01 + 5
    heavy = np.array([0, 1, 0, -1, 0, 1, 0, -1, 0])
    table = pd.DataFrame({"time_ns": time, "bid": bid, "ask": bid + 0.01,
                          "bid_size": 50 + 40 * heavy, "ask_size": 50 - 40 * heavy})
    found = fit_micro_price(table, n_imbalance=3, n_spread=1)
    # from a heavy bid +1 comes; then the balanced state leads to a heavy bid or offer alike
    assert found.adjustment_ticks[:, 0] == pytest.approx([-1, 0, 1])


def test_nothing_can_be_learnt_where_the_mid_never_moves():
    still = states(3).assign(bid=10.0, ask=10.01)
    with pytest.raises(ValueError, match="never moves"):
        fit_micro_price(still)


@pytest.mark.parametrize(("name", "word"), [("n_imbalance", "buckets"), ("n_spread", "n_spread"),
                                            ("step_s", "step_s")])
def test_a_parameter_out_of_range_is_named(name, word):
    with pytest.raises(ValueError, match=word):
        fit_micro_price(states(1, 50), **{name: 0})


def test_on_a_large_tick_market_it_lies_between_mid_and_weighted_mid():
    """As the paper finds for BAC: flatter than the weighted mid, inside half the spread."""
    market = Market(profiles["SPY"], 3, 36_000, 50_400, record=True)
    market.advance(50_400)
    found = fit_micro_price(tape_of(market).quotes, n_imbalance=10, n_spread=1, step_s=None)
    at_one_tick = found.adjustment_ticks[:, 0]
    share = (np.arange(10) + 0.5) / 10
    assert (np.abs(at_one_tick) <= np.abs(share - 0.5) + 0.02).all()
    assert (at_one_tick[5:] > 0).all()


def test_on_a_real_day_it_lies_inside_half_a_spread(real_data):
    day = read_any(real_data / "lobster/LOBSTER_SampleFile_AMZN_2012-06-21_1.zip")
    book = day.book
    quotes = pd.DataFrame({
        "time_ns": day.messages["time_ns"], "bid": book["bid_price_1"],
        "bid_size": book["bid_size_1"], "ask": book["ask_price_1"], "ask_size": book["ask_size_1"]})
    found = fit_micro_price(quotes, n_imbalance=4, n_spread=12, step_s=1.0)
    half = 0.5 * np.arange(1, 13)
    seen = found.visits > 100
    assert seen.sum() > 20
    assert (np.abs(found.adjustment_ticks) <= half + 0.5)[seen].all()
    assert np.sign(found.adjustment_ticks[3, 11]) == 1
