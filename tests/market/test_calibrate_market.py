"""The circle closes: what the market simulates from a part, `calibrate` finds in its recording.

Estimates are within 4.5 standard errors of what was planted, on fixed seeds.
"""

import doctest
import importlib
from dataclasses import replace

import numpy as np
import pytest

from lobsim.market import Market, Profile
from lobsim.market.calibrate import calibrate, event_log, mid_changes, mid_statistics
from lobsim.market.parts import Hawkes, QueueReactive, Takers, VolumeCurve, ZeroIntelligence

ERRORS = 4.5
START_S = 36_000
CROWD = ZeroIntelligence(limit_rate_per_s=3.0, limit_decay=0.6, limit_levels=5,
                         cancel_rate_per_s=0.2, limit_sizes=((2, 0.5), (3, 0.5)))
TAKERS = Takers(market_rate_per_s=1.2, market_sizes=((1, 0.6), (2, 0.4)), meta_min_orders=2.0)


def recorded(*parts, seconds, seed, max_live=512):
    profile = Profile(name="planted", symbol="PLANTED", description="parts to be found again",
                      tick_size=0.01, start_price=100.0, parts=parts, max_live=max_live)
    market = Market(profile, seed, START_S, START_S + seconds, record=True)
    market.advance(START_S + seconds)
    return market.record()


def fit(model, recording, seconds, **options):
    return calibrate(model, recording.messages, recording.initial,
                     window_s=(START_S, START_S + seconds), **options)


def close(estimate, truth):
    assert abs(estimate.value - truth) < ERRORS * estimate.standard_error, (estimate, truth)


@pytest.mark.parametrize("seed", [1, 2])
def test_zero_intelligence_comes_back(seed):
    found = fit("zero_intelligence", recorded(CROWD, TAKERS, seconds=3000, seed=seed), 3000)
    close(found["limit_rate_per_s"], CROWD.limit_rate_per_s)
    close(found["limit_decay"], CROWD.limit_decay)
    close(found["cancel_rate_per_s"], CROWD.cancel_rate_per_s)
    close(found["market_rate_per_s"], TAKERS.market_rate_per_s)
    assert found.part.partial_cancels
    assert found.part.limit_levels == CROWD.limit_levels
    sizes = dict(found.part.limit_sizes)
    assert set(sizes) == {2, 3} and sizes[2] == pytest.approx(0.5, abs=0.03)
    assert all(test.p_value > 1e-4 for test in found.tests), str(found)


def test_a_shape_comes_back():
    crowd = ZeroIntelligence(limit_rate_per_s=1.0, cancel_rate_per_s=0.5, limit_levels=4,
                             limit_shape=(1.0, 2.5, 2.0, 0.8), cancel_shape=(1.0, 0.6, 0.4, 0.5))
    found = fit("zero_intelligence", recorded(crowd, TAKERS, seconds=3000, seed=3), 3000)
    for i in range(4):
        close(found[f"lambda({i + 1})"], crowd.limit_shape[i])
        close(found[f"theta({i + 1})"], 0.5 * crowd.cancel_shape[i])
    ratio = np.array(found.part.limit_shape) / crowd.limit_shape
    np.testing.assert_allclose(ratio, 1, atol=0.15)


@pytest.mark.parametrize("seed", [1, 2])
def test_takers_come_back(seed):
    takers = Takers(market_rate_per_s=2.0, market_sizes=((1, 0.6), (2, 0.4)), meta_min_orders=2.0,
                    bursts=((0.3, 2.0), (0.3, 0.05)))
    seconds = 8000
    deep = ZeroIntelligence(limit_rate_per_s=8.0, cancel_rate_per_s=0.1, limit_levels=3,
                            limit_sizes=((9, 1.0),))  # so that hardly any market order falls short
    found = fit("takers", recorded(deep, takers, seconds=seconds, seed=seed), seconds)
    close(found["market_rate_per_s"], 2.0)
    close(found["branching"], 0.6)
    close(found["branching_1"], 0.3)
    close(found["time_1_s"], 2.0)
    close(found["branching_2"], 0.3)
    close(found["time_2_s"], 0.05)
    close(found["meta_min_orders"], 2.0)
    assert all(test.p_value > 1e-4 for test in found.tests), str(found)


def test_bursts_and_the_curve_of_the_day_are_told_apart():
    """A day with a U-shaped curve: without it the branching is too large, with it it is right."""
    curve = VolumeCurve((0.20, 0.08, 0.05, 0.04, 0.03, 0.03, 0.03, 0.03, 0.04, 0.05, 0.08, 0.12,
                         0.22))
    takers = Takers(market_rate_per_s=1.5, bursts=((0.4, 1.0),))
    deep = ZeroIntelligence(limit_rate_per_s=4.0, cancel_rate_per_s=0.05, limit_levels=2,
                            limit_sizes=((9, 1.0),))
    profile = Profile(name="planted", symbol="PLANTED", description="parts to be found again",
                      tick_size=0.01, start_price=100.0, parts=(deep, takers, curve))
    market = Market(profile, 6, profile.day_start_s, profile.day_end_s, record=True)
    market.advance(profile.day_end_s)
    recording = market.record()
    day = {"window_s": (profile.day_start_s, profile.day_end_s), "n_exponentials": 1}
    told = calibrate("takers", recording.messages, recording.initial, curve_bins=13, **day)
    flat = calibrate("takers", recording.messages, recording.initial, **day)
    close(told["branching"], 0.4)
    close(told["time_1_s"], 1.0)
    assert flat["branching"].value > 0.4 + ERRORS * flat["branching"].standard_error
    found = told.parts[1].volume_curve
    np.testing.assert_allclose(found, curve.volume_curve, atol=0.02)
    assert all(test.p_value > 1e-4 for test in told.tests), str(told)
    assert not flat.passed


def test_hawkes_comes_back():
    branching = np.full((6, 6), 0.02) + 0.3 * np.eye(6)
    branching[2, 4] = branching[3, 5] = 0.2
    beta = np.array([1.5, 30.0])
    mu = (0.8, 0.8, 0.35, 0.35, 0.15, 0.15)  # the book grows, for nothing may be dropped
    alpha = 0.5 * branching * beta[:, None, None]
    part = Hawkes(mu, tuple(tuple(map(tuple, one)) for one in alpha.tolist()), tuple(beta))
    seconds = 3000
    recording = recorded(part, CROWD, TAKERS, seconds=seconds, seed=4, max_live=1 << 13)
    found = fit("hawkes", recording, seconds)
    names = ("limit bid", "limit ask", "cancel bid", "cancel ask", "market buy", "market sell")
    for i, to in enumerate(names):
        close(found[f"mu[{to}]"], mu[i])
        for j, by in enumerate(names):
            estimate = found[f"branching[{to} <- {by}]"]
            if np.isfinite(estimate.standard_error):
                close(estimate, branching[i, j])
    close(found["beta_1"], beta[0])
    close(found["beta_2"], beta[1])
    assert found.part.spectral_radius == pytest.approx(part.spectral_radius, abs=0.06)
    verdicts = {test.name: test for test in found.tests}
    assert verdicts["residuals, Kolmogorov-Smirnov"].p_value > 1e-4
    assert verdicts["residuals, Ljung-Box"].p_value > 1e-4
    assert not verdicts["dispersion of all events"].passed


N = np.arange(11)
QUEUES = QueueReactive(
    tuple(map(tuple, (np.stack([np.where(N == 0, 4.0, 2.0), 1.6 * np.exp(-N / 25), 1.4 * 0.97**N])
                      * (N < 10)).tolist())),
    tuple(map(tuple, np.stack([0.5 * np.sqrt(N), 0.42 * np.sqrt(N), 0.16 * N]).tolist())),
    tuple(np.where(N > 0, 0.9 * np.exp(-N / 8), 0.0).tolist()), 1.0, theta=0.0, theta_reinit=0.0)


def test_queue_reactive_rates_come_back():
    seconds = 4000
    recording = recorded(QUEUES, seconds=seconds, seed=5)
    found = fit("queue_reactive", recording, seconds, n_max=10, unit=1.0)
    checked = 0
    for i in range(3):
        for n in range(11):
            pairs = [(f"limit_{i + 1}({n})", QUEUES.qr_limit[i][n])]
            pairs += [(f"cancel_{i + 1}({n})", QUEUES.qr_cancel[i][n])] if n else []
            for name, truth in pairs:
                estimate = found[name]
                if estimate.value > 10 * estimate.standard_error and truth > 0:
                    checked += 1
                    close(estimate, truth)
    assert checked > 40
    assert found["theta"].value < 0.05
    assert all(test.p_value > 1e-4 for test in found.tests), str(found)


def short_first_queues(theta, theta_reinit):
    """Queues whose first one is often empty, so that the reference price has reason to move."""
    first = tuple(np.where(N == 0, 4.0, 0.5 * (N < 10)).tolist())
    return replace(QUEUES, qr_limit=(first, *QUEUES.qr_limit[1:]), theta=theta,
                   theta_reinit=theta_reinit)


def simulate(part, seed, seconds=6000):
    """Changes of the mid in a market with this part, for the search of theta and theta_reinit."""
    tops = recorded(part, seconds=seconds, seed=seed).tops.dropna()
    mid_ticks = 0.5 * (tops["bid"] + tops["ask"]).to_numpy() / 0.01
    return tops["time_ns"].to_numpy() / 1e9 - START_S, mid_ticks, float(seconds)


def test_theta_comes_back_through_volatility_and_mean_reversion():
    """The rates are those of the fit; theta_reinit is told by ten windows, hence widely."""
    seconds = 6000
    recording = recorded(short_first_queues(0.6, 0.3), seconds=seconds, seed=7)
    found = fit("queue_reactive", recording, seconds, n_max=10, unit=1.0, simulate=simulate)
    assert abs(found["theta"].value - 0.6) < 3 * found["theta"].standard_error
    assert abs(found["theta_reinit"].value - 0.3) < 3 * found["theta_reinit"].standard_error
    assert found["theta"].standard_error < 0.1
    assert (found.part.theta, found.part.theta_reinit) == (found["theta"].value,
                                                           found["theta_reinit"].value)
    assert not any("was not estimated" in note for note in found.notes)


def test_the_market_shows_the_mid_that_its_messages_make():
    seconds = 2000
    recording = recorded(short_first_queues(0.6, 0.3), seconds=seconds, seed=8)
    log = event_log(recording.messages, recording.initial,
                    window_s=(START_S, START_S + seconds))
    tops = recording.tops.dropna()
    times = tops["time_ns"].to_numpy() / 1e9 - START_S
    shown = mid_statistics(times, 0.5 * (tops["bid"] + tops["ask"]).to_numpy() / 0.01, seconds)
    told = mid_statistics(*mid_changes(log), seconds)
    np.testing.assert_allclose(told, shown, rtol=1e-9)


def test_calibrate_has_a_true_example():
    result = doctest.testmod(importlib.import_module("lobsim.market.calibrate.front"))
    assert result.attempted > 0
    assert result.failed == 0
