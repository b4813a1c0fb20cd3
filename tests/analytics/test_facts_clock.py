"""Facts on a market's own clock: a stretched tape tells what the tape itself tells."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.analytics import FACTS, facts_of, stylised_facts
from lobsim.analytics.facts_numbers import adjusted_r_squared, r_squared
from lobsim.analytics.stylised_facts import FEWEST_RETURNS

NS = 1_000_000_000
SPAN_S = 2_000
IN_WALL_SECONDS = {"quote_updates_per_s", "mid_changes_per_min", "trades_per_min",
                   "volatility_1min_bps", "volume_first_half_hour", "volume_last_half_hour"}
"""Facts of scale, which a stretched clock leaves as they are in the seconds of the wall."""
ADJUSTED = {name for name in FACTS if "_r2_" in name}


def tape(seed, stretch=1):
    """Quotes and trades of a window of `SPAN_S` seconds, drawn out by a whole number."""
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, SPAN_S * NS, 800))
    bid = 10_000 + np.cumsum(rng.choice([-1, 0, 1], 800))
    size = rng.integers(1, 9, (2, 800)) * 100.0
    quotes = pd.DataFrame({"time_ns": stretch * time, "bid": bid * 0.01, "bid_size": size[0],
                           "ask": (bid + rng.integers(1, 4, 800)) * 0.01, "ask_size": size[1]})
    when = np.sort(rng.integers(time[0] + 1, SPAN_S * NS, 300))
    row = np.searchsorted(time, when) - 1
    sign = rng.choice([-1, 1], 300)
    trades = pd.DataFrame({"time_ns": stretch * when, "sign": sign,
                           "price": np.where(sign > 0, quotes["ask"][row], quotes["bid"][row]),
                           "size": rng.integers(1, 6, 300) * 100.0})
    return quotes, trades


def measured(seed, stretch=1, **options):
    return stylised_facts(*tape(seed, stretch), tick_size=0.01, start_s=0, end_s=SPAN_S * stretch,
                          **options)


@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 5, 20]))
def test_a_tape_drawn_out_has_the_same_facts_on_its_own_clock(seed, stretch):
    base, slow = measured(seed), measured(seed, stretch, clock=1 / stretch)
    for name in set(FACTS) - IN_WALL_SECONDS - ADJUSTED - {"kurtosis_1min"}:
        assert slow[name] == pytest.approx(base[name], rel=1e-9, abs=1e-12, nan_ok=True), name
    assert stretch * slow.trades_per_min == pytest.approx(base.trades_per_min)
    assert SPAN_S // 60 < FEWEST_RETURNS and np.isnan(slow.kurtosis_1min)
    assert np.isfinite(base.kurtosis_1min)


@given(st.integers(0, 2**32 - 1))
def test_r2_on_a_stretched_clock_is_adjusted_for_its_few_intervals(seed):
    base, slow = measured(seed), measured(seed, 5, clock=0.2)
    for step_s in (1, 10):
        name = f"ofi_r2_{step_s}s"
        points = SPAN_S // step_s
        loosest = (1 - base[name]) / (0.9 * points)  # what a tenth of unknown intervals costs
        assert base[name] - loosest < slow[name] <= base[name]


def test_adjusted_r2_of_noise_is_zero_on_average_where_r2_is_not():
    rng = np.random.default_rng(4)
    noise = rng.standard_normal((4_000, 2, 20))
    plain = np.array([r_squared(x, y) for x, y in noise])
    fair = np.array([adjusted_r_squared(x, y) for x, y in noise])
    error = fair.std() / np.sqrt(len(fair))
    assert abs(fair.mean()) < 4 * error < plain.mean() / 4
    x = np.arange(5.0)
    assert adjusted_r_squared(x, 2 * x + 1) == pytest.approx(1.0)
    assert np.isnan(adjusted_r_squared(x[:2], x[:2]))


def test_wall_facts_do_not_know_of_the_clock():
    wall, own = measured(7, 5), measured(7, 5, clock=0.2)
    for name in IN_WALL_SECONDS:
        assert own[name] == pytest.approx(wall[name], nan_ok=True), name
    assert np.array_equal(own.signature_bps, wall.signature_bps)
    assert own.response_1s_ticks != wall.response_1s_ticks


@pytest.mark.parametrize("clock", [0.0, -1.0, np.inf, np.nan])
def test_a_clock_that_does_not_run_is_refused(clock):
    quotes, trades = tape(1)
    with pytest.raises(ValueError, match=f"clock is {clock}; it must be a positive number"):
        facts_of(quotes, trades, start_s=0, end_s=SPAN_S, clock=clock)
