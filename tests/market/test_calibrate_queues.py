"""The queue-reactive model is found again in its own flow and refused where time is not memoryless.

Estimates are within 4.5 standard errors of what was planted, on fixed seeds.
"""

import numpy as np
import pytest

from calibrate_simulators import START_S, queue_reactive
from lobsim.market.calibrate import (
    calibrate,
    event_log,
    fit_reference_moves,
    invariant_law,
    mid_statistics,
    simulate_hawkes,
)
from lobsim.market.calibrate.queue_reactive import opened_spread_share
from lobsim.market.parts import QueueReactive

ERRORS = 4.5
N = np.arange(11)
# Shapes of the paper's figures: limit orders rarer where a queue is empty, concave cancellations,
# market orders that shun long queues.
LIMIT = np.stack([np.where(N == 0, 4.0, 2.0), 1.6 * np.exp(-N / 25), 1.4 * 0.97**N]) * (N < 10)
CANCEL = np.stack([0.5 * np.sqrt(N), 0.42 * np.sqrt(N), 0.16 * N])
MARKET = np.where(N > 0, 0.9 * np.exp(-N / 8), 0.0)
DURATION_S = 3000.0
WINDOW = (START_S, START_S + DURATION_S)


@pytest.fixture(scope="module")
def planted():
    messages, initial = queue_reactive(LIMIT, CANCEL, MARKET, DURATION_S, seed=1)
    return calibrate("queue_reactive", messages, initial, window_s=WINDOW, n_max=10, unit=1.0)


def test_planted_rates_are_recovered(planted):
    """Lengths with 100 events or more; the reference price of the data is told from the quotes."""
    checked = 0
    for i in range(3):
        for n in range(11):
            pairs = [(planted[f"limit_{i + 1}({n})"], LIMIT[i, n])]
            pairs += [(planted[f"cancel_{i + 1}({n})"], CANCEL[i, n])] if n else []
            for estimate, truth in pairs:
                if estimate.value < 10 * estimate.standard_error or truth == 0:
                    continue  # the relative error of n events is 1 / sqrt(n)
                checked += 1
                assert abs(estimate.value - truth) < ERRORS * estimate.standard_error, estimate
    for n in range(1, 9):
        estimate = planted[f"market({n})"]
        assert abs(estimate.value - MARKET[n]) < ERRORS * estimate.standard_error, estimate
    assert checked > 40


def test_its_own_flow_is_not_refused(planted):
    assert all(test.p_value > 1e-4 for test in planted.tests), str(planted)
    assert len(planted.tests) == 5


def test_the_part_holds_the_estimates(planted):
    part = planted.part
    assert np.shape(part.qr_limit) == np.shape(part.qr_cancel) == (3, 11)
    assert part.qr_limit[1][4] == planted["limit_2(4)"].value
    assert part.qr_market[3] == planted["market(3)"].value
    assert part.qr_market[0] == part.qr_cancel[0][0] == 0
    assert part.qr_unit == 1.0


def test_waits_of_a_hawkes_process_are_refused():
    """The same steps at clustered times: the counts over times look alike, the waits do not."""
    times, _ = simulate_hawkes(7.0, 1.5, 3.0, DURATION_S, seed=2)
    waits = iter(np.diff(times, prepend=0.0))
    messages, initial = queue_reactive(LIMIT, CANCEL, MARKET, times[-1] - 1, seed=3, waits=waits)
    found = calibrate("queue_reactive", messages, initial, n_max=10, unit=1.0)
    refused = {test.name: not test.passed for test in found.tests}
    assert refused["residuals, Kolmogorov-Smirnov"]


def test_poisson_is_refused_for_queue_reactive_flow():
    """One rate for all lengths does not explain the cancellations of the first queue."""
    messages, initial = queue_reactive(LIMIT, CANCEL, MARKET, DURATION_S, seed=1)
    found = calibrate("zero_intelligence", messages, initial, window_s=WINDOW)
    verdicts = {test.name: test.passed for test in found.tests}
    assert not verdicts["one cancellation rate"]


def test_the_invariant_law_balances_every_step():
    down = CANCEL[0] + MARKET
    law = invariant_law(LIMIT[0], down)
    assert law.sum() == pytest.approx(1)
    np.testing.assert_allclose(law[:-1] * LIMIT[0, :-1], law[1:] * down[1:], rtol=1e-12)
    poisson = invariant_law(np.full(60, 3.0), 0.5 * np.arange(60))  # M/M/infinity: mean 6
    assert poisson @ np.arange(60) == pytest.approx(6)
    assert invariant_law([1.0, 0.0, 1.0], [0.0, 1.0, 1.0]).tolist() == [0.5, 0.5, 0.0]


@pytest.mark.parametrize("theta", [0.0, 0.3, 0.9])
def test_who_fills_an_opened_spread_tells_theta(theta):
    """Short first queues, so that spreads open often; the estimate is exact up to double moves."""
    limit, cancel = LIMIT.copy(), CANCEL.copy()
    limit[0] = np.where(N == 0, 4.0, 0.5) * (N < 10)
    messages, initial = queue_reactive(limit, cancel, MARKET, 2000.0, seed=4, theta=theta)
    share = opened_spread_share(event_log(messages, initial))
    assert share.standard_error < 0.03
    assert abs(share.value - theta) < 0.06 + 2 * share.standard_error


def test_mean_reversion_is_one_half_for_a_random_walk():
    rng = np.random.default_rng(5)
    n = 40_000
    times, mid = np.arange(n) * 1.0, np.cumsum(rng.choice([-1, 1], n))
    moves = mid_statistics(times, mid, float(n))
    assert abs(moves.eta[0] - 0.5) < ERRORS * moves.eta[1]
    assert abs(moves.volatility[0] - np.sqrt(600)) < ERRORS * moves.volatility[1]
    bouncing = mid_statistics(times, np.arange(n) % 2, float(n))
    assert bouncing.eta[0] == 0


def walk(part, seed, hours=30):
    """A mid whose rate of moves grows with theta and whose next move repeats the last with a chance
    that grows with theta_reinit: a cheap stand-in for a market, with known answers."""
    rng = np.random.default_rng(seed)
    duration = hours * 3600.0
    n = int(duration * (0.02 + 0.2 * part.theta))
    times = np.sort(rng.uniform(0, duration, n))
    again = rng.random(n) < 0.2 + 0.4 * part.theta_reinit
    return times, np.cumsum(np.cumprod(np.where(again, 1, -1))), duration


@pytest.mark.parametrize("theta, reinit", [(0.3, 0.7), (0.8, 0.2)])
def test_theta_and_reinit_are_found_by_search(theta, reinit):
    part = QueueReactive((((1.0, 1.0)),), ((0.0, 1.0),), (0.0, 1.0), 1.0, theta, reinit)
    observed = mid_statistics(*walk(part, seed=99))
    found, first, second = fit_reference_moves(part, observed, walk)
    assert (found.theta, found.theta_reinit) == (first.value, second.value)
    for estimate, truth in ((first, theta), (second, reinit)):
        assert abs(estimate.value - truth) < 3 * estimate.standard_error
        assert 0 < estimate.standard_error < 0.2


def test_bad_arguments_are_named():
    messages, initial = queue_reactive(LIMIT, CANCEL, MARKET, 30.0, seed=6)
    with pytest.raises(ValueError, match="n_max is 0; it must be from 1"):
        calibrate("queue_reactive", messages, initial, n_max=0)
    with pytest.raises(ValueError, match="unit is -1.0; it must be positive"):
        calibrate("queue_reactive", messages, initial, unit=-1)
    with pytest.raises(ValueError, match="too short to tell volatility"):
        calibrate("queue_reactive", messages, initial, simulate=walk)
