"""Hawkes processes: simulated as they should be, found again, accepted as such, refused elsewhere.

Estimates are within 4.5 standard errors of what was planted, on fixed seeds (so a pass stays one).
"""

import doctest
import importlib

import numpy as np
import pytest

from calibrate_simulators import START_S, zero_intelligence
from lobsim.market.calibrate import (
    branching_from_counts,
    calibrate,
    fit_hawkes,
    simulate_hawkes,
    window_counts,
)
from lobsim.market.calibrate.goodness import exponential_tests, ljung_box
from lobsim.market.calibrate.hawkes_kernels import log_likelihood
from lobsim.market.parts import Hawkes

ERRORS = 4.5


def branching_matrix():
    """Six types that excite themselves and their like, spectral radius 0.6."""
    b = np.full((6, 6), 0.03) + 0.3 * np.eye(6)
    b[2, 4] = b[3, 5] = 0.25  # cancellations follow market orders
    return b * 0.6 / np.abs(np.linalg.eigvals(b)).max()


def slow_log_likelihood(times, types, horizon, level, exposure, mu, alpha, beta):
    """From the definition: every event looks back at all before it."""
    total = -mu.sum() * exposure
    for k, (t, i) in enumerate(zip(times, types, strict=True)):
        past, who = times[:k], types[:k]
        kernel = sum(alpha[p, i, who] * np.exp(-beta[p] * (t - past)) for p in range(len(beta)))
        total += np.log(mu[i] * level[k] + np.sum(kernel))
        total -= sum(alpha[p, :, i].sum() / beta[p] * -np.expm1(-beta[p] * (horizon - t))
                     for p in range(len(beta)))
    return total


def small_case():
    rng = np.random.default_rng(11)
    times, types = np.sort(rng.uniform(0, 30, 60)), rng.integers(0, 3, 60)
    times[20] = times[19]  # two events at once
    return (times, types, 31.0, rng.uniform(0.5, 2, 60), 33.0, rng.uniform(0.2, 1, 3),
            rng.uniform(0, 1, (2, 3, 3)), np.array([0.7, 6.0]))


def value_and_gradient(*case):
    gradient = np.zeros(3), np.zeros((2, 3, 3)), np.zeros(2)
    value = log_likelihood(*case, np.zeros((2, 2, 3)), *gradient)
    return value, gradient


def test_the_recursion_is_the_likelihood():
    case = small_case()
    assert value_and_gradient(*case)[0] == pytest.approx(slow_log_likelihood(*case), rel=1e-12)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_gradient_is_that_of_the_likelihood(which):
    *data, mu, alpha, beta = small_case()
    parameters = [mu, alpha, beta]
    exact = value_and_gradient(*data, *parameters)[1][which]
    for at in np.ndindex(parameters[which].shape):
        values = []
        for step in (1e-6, -1e-6):
            moved = [p.copy() for p in parameters]
            moved[which][at] += step
            values.append(value_and_gradient(*data, *moved)[0])
        assert (values[0] - values[1]) / 2e-6 == pytest.approx(exact[at], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_type_is_recovered_and_its_residuals_pass(seed):
    times, _ = simulate_hawkes(0.8, 1.8, 3.0, 5000.0, seed)
    fit = fit_hawkes(times, duration_s=5000.0)
    for estimate, truth in zip(fit.estimates(), (0.8, 3.0, 1.8, 0.6), strict=True):
        assert abs(estimate.value - truth) < ERRORS * estimate.standard_error, estimate
    assert fit.converged
    assert all(test.passed for test in fit.tests)
    assert fit.log_likelihood > fit.poisson_log_likelihood + 100
    assert np.mean(np.concatenate(fit.residuals)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("seed", [1, 2])
def test_two_time_scales_are_recovered(seed):
    beta, branching = np.array([0.2, 15.0]), np.array([0.35, 0.3])
    times, _ = simulate_hawkes(0.5, branching * beta, beta, 12_000.0, seed)
    fit = fit_hawkes(times, duration_s=12_000.0, n_exponentials=2)
    assert (np.abs(fit.beta - beta) < ERRORS * fit.beta_error).all()
    found, error = (fit.alpha[:, 0, 0] / fit.beta), fit.part_error[:, 0, 0]
    assert (np.abs(found - branching) < ERRORS * error).all()
    assert abs(fit.branching[0, 0] - 0.65) < ERRORS * fit.branching_error[0, 0]
    assert all(test.passed for test in fit.tests)


@pytest.mark.parametrize("fixed", [False, True])
def test_six_types_are_recovered(fixed):
    beta, b = np.array([1.0, 25.0]), branching_matrix()
    alpha = np.stack([0.5 * b * beta[0], 0.5 * b * beta[1]])
    mu = np.array([0.4, 0.4, 0.3, 0.3, 0.1, 0.1])
    times, types = simulate_hawkes(mu, alpha, beta, 6000.0, seed=21)
    fit = fit_hawkes(times, types, duration_s=6000.0, n_exponentials=2,
                     beta=beta if fixed else None)
    known = np.isfinite(fit.branching_error)  # the others are zero, at their bound
    assert known.mean() > 0.9
    assert (np.abs(fit.branching - b)[known] < ERRORS * fit.branching_error[known]).all()
    assert (np.abs(fit.mu - mu) < ERRORS * fit.mu_error).all()
    if fixed:
        assert (fit.beta == beta).all() and np.isnan(fit.beta_error).all()
    else:
        assert (np.abs(fit.beta - beta) < ERRORS * fit.beta_error).all()
    assert abs(fit.spectral_radius - 0.6) < 0.05
    assert all(test.passed for test in fit.tests)


def test_errors_have_the_size_of_the_scatter():
    """Squared deviations over squared errors average to 1: 80 of them, 1 +- 0.16."""
    z = []
    for seed in range(20):
        times, _ = simulate_hawkes(1.0, 1.0, 2.0, 1500.0, 300 + seed)
        fit = fit_hawkes(times, duration_s=1500.0)
        z += [(e.value - truth) / e.standard_error
              for e, truth in zip(fit.estimates(), (1.0, 2.0, 1.0, 0.5), strict=True)]
    assert 0.4 < np.mean(np.square(z)) < 1.8


def test_a_poisson_stream_has_no_excitation_and_its_fit_is_refused_on_hawkes_data():
    poisson = np.sort(np.random.default_rng(8).uniform(0, 4000, 8000))
    fit = fit_hawkes(poisson, duration_s=4000.0)
    assert fit.branching[0, 0] < 0.05
    assert all(test.passed for test in fit.tests)
    # A Poisson process is a Hawkes process without excitation: a fast beta that nothing uses.
    clustered, _ = simulate_hawkes(1.0, 0.8, 1.6, 4000.0, seed=9)
    rate = len(clustered) / 4000.0
    ks, independence = exponential_tests([np.diff(clustered, prepend=0) * rate], "Poisson")
    assert not ks.passed and not independence.passed


def test_one_exponential_is_refused_where_there_are_two():
    times, _ = simulate_hawkes(0.3, [0.08, 12.0], [0.2, 40.0], 20_000.0, seed=10)
    assert not all(test.passed for test in fit_hawkes(times, duration_s=20_000.0).tests)
    both = fit_hawkes(times, duration_s=20_000.0, n_exponentials=2)
    assert all(test.passed for test in both.tests)


def test_the_simulation_has_the_mean_and_the_variance_of_theory():
    """theory: mean mu/(1-n); Var N(0,t) = m [t/(1-n)^2 + (1 - 1/(1-n)^2)(1 - e^(-gt))/g]."""
    mu, alpha, beta, window = 1.0, 1.0, 2.0, 10.0
    times, _ = simulate_hawkes(mu, alpha, beta, 200_000.0, seed=12)
    n, g, mean = alpha / beta, beta - alpha, mu / (1 - alpha / beta)
    counts = window_counts(times[times > 1000] - 1000, 199_000.0, window)
    variance = mean * (window / (1 - n) ** 2
                       + (1 - 1 / (1 - n) ** 2) * -np.expm1(-g * window) / g)
    m = len(counts)
    assert abs(counts.mean() / window - mean) < ERRORS * np.sqrt(variance / m) / window * 1.1
    assert counts.var() == pytest.approx(variance, rel=ERRORS * np.sqrt(3 / m))


def test_types_come_at_the_rates_of_theory():
    part = Hawkes((0.4, 0.4, 0.3, 0.3, 0.1, 0.1), (branching_matrix() * 3.0,), (3.0,))
    _, types = simulate_hawkes(part.hawkes_mu, part.hawkes_alpha, part.hawkes_beta, 50_000.0, 13)
    rates = np.bincount(types, minlength=6) / 50_000.0
    np.testing.assert_allclose(rates, part.mean_rates_per_s, rtol=0.03)


def test_a_rate_that_changes_is_no_excitement_when_it_is_known():
    """Poisson events whose rate falls and rises again: with the activity no branching is left."""
    rng = np.random.default_rng(20)
    weights = np.array([3.0, 1.0, 0.5, 0.5, 1.0, 3.0])
    counts = rng.poisson(weights * 1500)
    times = np.sort(np.concatenate([rng.uniform(600 * i, 600 * (i + 1), n)
                                    for i, n in enumerate(counts)]))
    without = fit_hawkes(times, duration_s=3600.0)
    known = fit_hawkes(times, duration_s=3600.0, activity=weights)
    assert without.branching[0, 0] > 0.3
    assert known.branching[0, 0] < 0.05
    assert abs(known.mu[0] - 2.5 * 1.5) < 0.3
    assert known.log_likelihood > without.log_likelihood
    assert all(test.passed for test in known.tests)


def test_an_even_activity_changes_nothing():
    times, _ = simulate_hawkes(1.0, 1.0, 2.0, 800.0, seed=21)
    plain = fit_hawkes(times, duration_s=800.0)
    even = fit_hawkes(times, duration_s=800.0, activity=[7.0] * 11)
    assert even.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-9)
    np.testing.assert_allclose(even.mu, plain.mu, rtol=1e-4)
    np.testing.assert_allclose(np.concatenate(even.residuals), np.concatenate(plain.residuals),
                               rtol=1e-3)


def test_branching_shows_in_the_variance_of_counts():
    times, _ = simulate_hawkes(0.5, 3.0, 5.0, 100_000.0, seed=14)
    branching, error = branching_from_counts(window_counts(times, 100_000.0, 50.0))
    assert abs(branching - 0.6) < ERRORS * error
    assert error < 0.03
    poisson = np.random.default_rng(15).poisson(20, 2000)
    branching, error = branching_from_counts(poisson)
    assert abs(branching) < ERRORS * error
    assert np.isnan(branching_from_counts([3, 3, 3])).all()


def test_ljung_box_accepts_noise_and_refuses_memory():
    x = np.random.default_rng(16).normal(size=5000)
    assert ljung_box(x)[1] > 0.01
    assert ljung_box(x[1:] + 0.2 * x[:-1])[1] < 1e-6


def test_the_same_seed_gives_the_same_events():
    first = simulate_hawkes(1.0, 0.5, 1.0, 100.0, seed=17)
    again = simulate_hawkes(1.0, 0.5, 1.0, 100.0, seed=17)
    other = simulate_hawkes(1.0, 0.5, 1.0, 100.0, seed=18)
    assert (first[0] == again[0]).all() and (first[1] == again[1]).all()
    assert len(first[0]) != len(other[0]) or (first[0] != other[0]).any()


def test_zero_intelligence_messages_are_no_hawkes_flow():
    """The front door on Poisson flow: little excitation of market orders, dispersion accepted."""
    messages, initial = zero_intelligence([3.0, 2.0, 1.5], [0.4] * 3, 0.8, 900.0, 19)
    found = calibrate("hawkes", messages, initial, window_s=(START_S, START_S + 900),
                      n_exponentials=1)
    own = found["branching[market buy <- market buy]"].value
    assert own < 0.1
    part, crowd, takers = found.parts
    assert part.spectral_radius == pytest.approx(found["spectral radius"].value)
    assert crowd.limit_levels == 3 and takers.market_sizes == ((1.0, 1.0),)
    assert "a Poisson process of constant rates" in str(found)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="spectral radius of alpha / beta is 1.500"):
        simulate_hawkes(1.0, 3.0, 2.0, 10.0, 1)
    with pytest.raises(ValueError, match=r"alpha has the shape \(2,\)"):
        simulate_hawkes(1.0, [1.0, 2.0], 5.0, 10.0, 1)
    with pytest.raises(ValueError, match="must not be negative"):
        simulate_hawkes(-1.0, 1.0, 2.0, 10.0, 1)
    with pytest.raises(ValueError, match="must not decrease"):
        fit_hawkes([2.0, 1.0], duration_s=3.0)
    with pytest.raises(ValueError, match="at least 2 events"):
        fit_hawkes([1.0], duration_s=3.0)
    with pytest.raises(ValueError, match="each type from 0 to 2 needs at least one"):
        fit_hawkes([1.0, 2.0], [0, 1], duration_s=3.0, n_types=3)
    with pytest.raises(ValueError, match="activity has the shape"):
        fit_hawkes([1.0, 2.0], duration_s=3.0, activity=[1.0, 0.0])
    with pytest.raises(ValueError, match="n_exponentials is 0"):
        fit_hawkes([1.0, 2.0], duration_s=3.0, n_exponentials=0)


@pytest.mark.parametrize("name", ["hawkes", "goodness", "queue_reactive", "reference", "sizes",
                                  "zero_intelligence"])
def test_examples_hold(name):
    result = doctest.testmod(importlib.import_module(f"lobsim.market.calibrate.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
