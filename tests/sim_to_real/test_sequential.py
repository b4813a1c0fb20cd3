"""Laws of inference that may be looked at daily: levels over all looks, duality, worked numbers."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from lobsim.sim_to_real import (
    always_valid_p,
    best_tau,
    bounded_confidence_sequence,
    bounded_sequence,
    confidence_sequence,
    crossing_probability,
    group_sequential,
    group_sequential_bounds,
    log_mixture_ratio,
    naive_p,
    sequential,
)
from lobsim.sim_to_real.group_sequential import group_sequential_stops
from lobsim.sim_to_real.sequential import first_look

LOOKS = 60
ESTIMATES = st.lists(st.tuples(st.floats(-5, 5), st.floats(0.05, 3)), min_size=1, max_size=15)


def daily(rng, runs, effect=0.0, per_day=20, looks=LOOKS):
    """Cumulative difference of two arms and its estimated error after each day."""
    days = rng.normal(size=(2, runs, looks, per_day // 2))
    days[1] += effect
    n = np.arange(1, looks + 1) * (per_day // 2)
    mean = days.sum(axis=3).cumsum(axis=2) / n
    square = (days**2).sum(axis=3).cumsum(axis=2) / n
    variance = (square - mean**2) * n / (n - 1)
    return mean[1] - mean[0], np.sqrt((variance / n).sum(axis=0))


def test_examples_in_the_docstrings_hold():
    for module in (sequential, group_sequential, bounded_sequence):
        assert doctest.testmod(module).failed == 0


@settings(max_examples=30, deadline=None)
@given(ESTIMATES, st.floats(0.05, 5), st.sampled_from([0.01, 0.05, 0.2]))
def test_p_is_at_most_alpha_exactly_where_zero_is_outside(looks, tau, alpha):
    estimate, error = (np.array(c) for c in zip(*looks, strict=True))
    p = always_valid_p(estimate, error, tau)
    outside = confidence_sequence(estimate, error, tau, alpha=alpha).excludes()
    clear = np.abs(p - alpha) > 1e-9 * alpha  # rounding may fall either way
    assert ((p <= alpha) == outside)[clear].all()


@settings(max_examples=30, deadline=None)
@given(ESTIMATES, st.floats(0.05, 5))
def test_a_confidence_sequence_is_nested_and_p_never_rises(looks, tau):
    estimate, error = (np.array(c) for c in zip(*looks, strict=True))
    found = confidence_sequence(estimate, error, tau)
    assert (np.diff(found.low) >= 0).all() and (np.diff(found.high) <= 0).all()
    assert (np.diff(always_valid_p(estimate, error, tau)) <= 0).all()


@settings(max_examples=30, deadline=None)
@given(ESTIMATES, st.floats(0.1, 5), st.floats(0.01, 100))
def test_neither_sign_nor_unit_of_the_outcome_matters(looks, tau, unit):
    estimate, error = (np.array(c) for c in zip(*looks, strict=True))
    p = always_valid_p(estimate, error, tau)
    assert always_valid_p(-unit * estimate, unit * error, unit * tau) == pytest.approx(p)


def test_the_ratio_is_that_of_johari_for_a_mean_of_n_values():
    n, variance, tau, mean = 50, 4.0, 0.7, 0.6
    wanted = math.sqrt(variance / (variance + n * tau**2)) * math.exp(
        n**2 * tau**2 * mean**2 / (2 * variance * (variance + n * tau**2)))
    found = log_mixture_ratio(mean, math.sqrt(variance / n), tau)
    assert math.exp(found) == pytest.approx(wanted)


def test_the_ratio_is_the_mean_of_likelihood_ratios_over_the_mixture():
    estimate, error, tau = 1.3, 0.8, 0.5
    theta = np.linspace(-8, 8, 20001)
    prior = np.exp(-theta**2 / (2 * tau**2)) / (tau * math.sqrt(2 * math.pi))
    ratio = np.exp((theta * estimate - theta**2 / 2) / error**2)
    assert math.exp(log_mixture_ratio(estimate, error, tau)) == pytest.approx(
        np.trapezoid(prior * ratio, theta))


def test_the_sequence_is_that_of_the_asymptotic_theorem():
    t, sigma, rho, alpha = 80, 1.7, 0.3, 0.05
    reach = sigma * math.sqrt(2 * (t * rho**2 + 1) / (t**2 * rho**2)
                              * math.log(math.sqrt(t * rho**2 + 1) / alpha))
    found = confidence_sequence([0.0], [sigma / math.sqrt(t)], rho * sigma)
    assert found.high[0] == pytest.approx(reach) and found.low[0] == pytest.approx(-reach)


def test_the_best_tau_is_about_best():
    width = [confidence_sequence([0.0], [0.3], scale * best_tau(0.3)).high[0]
             for scale in (0.5, 0.8, 1.0, 1.25, 2.0)]
    assert width[2] <= min(width) * 1.01 and max(width) < 1.1 * width[2]


def test_looking_daily_errs_a_third_of_the_time_naively_and_hardly_with_valid_p():
    runs = 1500
    effect, error = daily(np.random.default_rng(1), runs, per_day=60)
    naive = (naive_p(effect, error) <= 0.05).any(axis=1).mean()
    valid = (always_valid_p(effect, error, best_tau(0.1)) <= 0.05).any(axis=1).mean()
    planned = group_sequential_stops(effect, error, group_sequential_bounds(LOOKS))[:, -1].mean()
    assert naive > 0.3
    assert valid <= 0.05
    assert abs(planned - 0.05) < 4 * math.sqrt(0.05 * 0.95 / runs)


def test_the_sequence_covers_a_true_effect_at_all_looks_together():
    effect, error = daily(np.random.default_rng(2), 1000, effect=0.3)
    found = confidence_sequence(effect[:, 2:], error[:, 2:], best_tau(0.1))
    missed = found.excludes(0.3).any(axis=1).mean()
    assert missed <= 0.05 + 3.3 * math.sqrt(0.05 * 0.95 / 1000)
    assert (found.low[:, -1] > 0).mean() > 0.5


def test_a_look_without_an_error_says_nothing():
    p = always_valid_p([9.0, 1.0], [math.nan, 1.0], 1.0)
    assert p[0] == 1.0
    found = confidence_sequence([9.0, 1.0], [math.nan, 1.0], 1.0)
    assert found.low[0] == -math.inf and math.isfinite(found.low[1])


def test_the_first_look_that_rejects_is_counted_from_one():
    assert first_look([[False, True], [True, True], [False, False]]).tolist() == [2, 1, 0]


@pytest.mark.parametrize("looks, constant", [(1, 1.960), (2, 1.977), (5, 2.040), (10, 2.087)])
def test_obrien_fleming_constants_are_those_of_the_book(looks, constant):
    """Jennison and Turnbull (2000), table 2.3."""
    assert group_sequential_bounds(looks)[-1] == pytest.approx(constant, abs=6e-4)


@pytest.mark.parametrize("looks, constant", [(2, 2.178), (5, 2.413), (10, 2.555)])
def test_pocock_constants_are_those_of_the_book(looks, constant):
    """Jennison and Turnbull (2000), table 2.1."""
    found = group_sequential_bounds(looks, kind="pocock")
    assert found == pytest.approx([constant] * looks, abs=6e-4)


@pytest.mark.parametrize("looks, errs", [(2, 0.083), (5, 0.142), (10, 0.193), (20, 0.248),
                                         (50, 0.320)])
def test_repeated_naive_looks_err_as_often_as_armitage_found(looks, errs):
    """Armitage, McPherson and Rowe (1969), table 2."""
    assert crossing_probability([1.96] * looks)[-1] == pytest.approx(errs, abs=6e-4)


def test_power_of_one_look_is_that_of_the_normal_test():
    wanted = ndtr(2.5 - 1.96) + ndtr(-1.96 - 2.5)
    assert crossing_probability([1.96], drift=2.5)[0] == pytest.approx(wanted)


def test_unequal_looks_keep_the_level():
    information = [1.0, 1.5, 4.0, 9.0]
    bounds = group_sequential_bounds(4, information=information)
    rng = np.random.default_rng(3)
    steps = rng.normal(size=(40_000, 4)) * np.sqrt(np.diff(information, prepend=0.0))
    z = steps.cumsum(axis=1) / np.sqrt(information)
    errs = (np.abs(z) >= bounds).any(axis=1).mean()
    assert abs(errs - 0.05) < 4 * math.sqrt(0.05 * 0.95 / 40_000)


@pytest.mark.parametrize("kind", ["bernstein", "betting"])
def test_bounded_sequences_cover_from_the_first_value_on(kind):
    rng, missed = np.random.default_rng(4), 0
    for _ in range(120):
        found = bounded_confidence_sequence(rng.random(150) < 0.1, 0.0, 1.0, kind=kind, grid=200)
        missed += found.excludes(0.1).any()
    assert missed <= 13  # 6 expected at most; more than 13 have a chance of .003


def test_betting_is_narrower_than_bernstein_and_both_narrow():
    x = np.random.default_rng(5).beta(10, 30, 500)
    width = {kind: np.subtract(*bounded_confidence_sequence(x, 0.0, 1.0, kind=kind)[::-1])
             for kind in ("bernstein", "betting")}
    assert width["betting"][-1] < width["bernstein"][-1] < 0.1 < width["betting"][10]
    for values in width.values():
        assert (np.diff(values) <= 1e-12).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(-50, 50), st.floats(0.1, 100))
def test_bounded_sequences_move_with_the_ends(values, low, width):
    for kind in ("bernstein", "betting"):
        unit = bounded_confidence_sequence(values, 0.0, 1.0, kind=kind, grid=50)
        scaled = np.clip(low + width * np.array(values), low, low + width)
        found = bounded_confidence_sequence(scaled, low, low + width, kind=kind, grid=50)
        step = width / 50  # rounding may move an end by one candidate
        assert found.low == pytest.approx(low + width * unit.low, abs=1.01 * step)
        assert found.high == pytest.approx(low + width * unit.high, abs=1.01 * step)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="value 1 is 2.0"):
        bounded_confidence_sequence([0.5, 2.0], 0.0, 1.0)
    with pytest.raises(ValueError, match="tau is 0"):
        always_valid_p([1.0], [1.0], 0.0)
    with pytest.raises(ValueError, match="negative"):
        naive_p([1.0], [-1.0])
    with pytest.raises(ValueError, match="rising"):
        group_sequential_bounds(3, information=[1.0, 1.0, 2.0])
