"""Laws of the distances of two samples: closed forms, symmetries, what they do not depend on."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import ks_2samp

from lobsim.sim_to_real import (
    classifier_auc,
    drift_statistics,
    ks_statistic,
    median_distance,
    mmd2,
    psi,
    psi_edges,
)

NUMBERS = st.lists(st.integers(-50, 50), min_size=2, max_size=40)


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(drift_statistics).failed == 0


@settings(max_examples=30, deadline=None)
@given(NUMBERS, NUMBERS)
def test_ks_is_that_of_scipy_with_ties_too(a, b):
    wanted = ks_2samp(a, b, method="asymp").statistic
    assert ks_statistic(a, b) == pytest.approx(wanted, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(NUMBERS, NUMBERS)
def test_ks_and_psi_by_shared_bins_do_not_see_a_rising_map(a, b):
    a, b = np.array(a, dtype=float), np.array(b, dtype=float)
    bent = [np.sinh(x / 20) + 3 for x in (a, b)]
    assert ks_statistic(*bent) == pytest.approx(ks_statistic(a, b), abs=1e-12)
    edges = np.array([-20.0, 0.0, 20.0])
    assert psi(*bent, edges=np.sinh(edges / 20) + 3) == pytest.approx(psi(a, b, edges=edges))


@settings(max_examples=30, deadline=None)
@given(NUMBERS, NUMBERS)
def test_distances_are_symmetric_and_never_negative(a, b):
    edges = psi_edges(a + b)
    for distance in (ks_statistic, mmd2, lambda x, y: psi(x, y, edges=edges)):
        assert distance(a, b) >= 0
        assert distance(a, b) == pytest.approx(distance(b, a), abs=1e-9)
        assert distance(a, a) == pytest.approx(0, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.001, 1000), st.floats(-100, 100))
def test_mmd_and_classifier_do_not_see_the_unit_of_a_column(seed, unit, origin):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(30, 2)), rng.normal(0.5, 1, size=(25, 2))
    scale = np.array([unit, 1.0])
    turned = [x * scale + [origin * unit, 0.0] for x in (a, b)]
    assert mmd2(*turned) == pytest.approx(mmd2(a, b), rel=1e-6, abs=1e-9)
    assert classifier_auc(*turned) == pytest.approx(classifier_auc(a, b), abs=0.01)


@pytest.mark.parametrize("d, h", [(1.0, 1.0), (0.5, 2.0), (2.0, 0.7)])
def test_mmd_of_two_normals_is_the_closed_form(d, h):
    a = ndtri((np.arange(400) + 0.5) / 400)  # a normal law without the noise of a sample
    b = a + d
    spread = np.concatenate([a, b]).std()  # the bandwidth is told in pooled deviations
    wanted = 2 * h / math.sqrt(h**2 + 2) * (1 - math.exp(-d**2 / (2 * (h**2 + 2))))
    assert mmd2(a, b, bandwidth=h / spread) == pytest.approx(wanted, rel=0.01)


def test_mmd_is_the_double_sum_of_its_formula():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=7), rng.normal(size=9)
    both = np.concatenate([a, b])
    both = (both - both.mean()) / both.std()
    h = median_distance(both)
    k = np.exp(-(both[:, None] - both)**2 / (2 * h**2))
    wanted = k[:7, :7].mean() + k[7:, 7:].mean() - 2 * k[:7, 7:].mean()
    assert mmd2(a, b) == pytest.approx(wanted)


def test_psi_of_known_shares_is_the_sum_by_hand():
    reference, live = [1] * 50 + [2] * 50, [1] * 20 + [2] * 80
    wanted = (0.2 - 0.5) * math.log(0.2 / 0.5) + (0.8 - 0.5) * math.log(0.8 / 0.5)
    assert psi(reference, live) == pytest.approx(wanted)


def test_an_empty_bin_costs_as_half_an_observation():
    reference, live = np.repeat([1.0, 2.0], 50), np.full(100, 1.0)
    floor = 0.5 / 100
    wanted = 0.5 * math.log(2) + (floor - 0.5) * math.log(floor / 0.5)
    assert psi(reference, live) == pytest.approx(wanted)


def test_bins_have_equal_shares_of_the_reference():
    rng = np.random.default_rng(1)
    x = rng.exponential(size=1000)
    counts = np.bincount(np.searchsorted(psi_edges(x), x))
    assert counts.tolist() == [100] * 10


def test_only_joint_statistics_see_dependence_with_the_same_marginals():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(800, 2))
    b = rng.normal(size=(800, 2)) @ np.linalg.cholesky([[1, 0.8], [0.8, 1]]).T
    assert classifier_auc(a, b) > 0.65
    null = mmd2(a[:400], a[400:])
    assert mmd2(a, b) > 4 * null
    for column in (0, 1):
        assert ks_statistic(a[:, column], b[:, column]) < 1.36 * math.sqrt(2 / 800)  # 5 % level


def test_a_classifier_that_saw_its_test_rows_would_be_found_out_on_noise():
    """Out-of-fold areas of noise lie around .5, whatever the number of columns."""
    rng = np.random.default_rng(4)
    areas = [classifier_auc(rng.normal(size=(40, 8)), rng.normal(size=(40, 8)), seed=k)
             for k in range(25)]
    assert abs(np.mean(areas) - 0.5) < 0.05


def test_wrong_samples_are_refused_by_name():
    with pytest.raises(ValueError, match="live has 1 values that are not finite"):
        ks_statistic([1.0, 2.0], [1.0, math.nan])
    with pytest.raises(ValueError, match="reference has no values"):
        psi([], [1.0])
    with pytest.raises(ValueError, match="bins is 1"):
        psi_edges([1.0, 2.0], 1)
    with pytest.raises(ValueError, match="2 columns and live 1"):
        mmd2(np.zeros((3, 2)), np.zeros((3, 1)))


def test_columns_without_variation_are_no_drift():
    constant = np.ones(20)
    for distance in (ks_statistic, psi, mmd2):
        assert distance(constant, constant) == pytest.approx(0, abs=1e-12)
    assert classifier_auc(constant, constant) == 0.5
