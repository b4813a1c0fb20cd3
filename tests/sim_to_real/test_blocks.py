"""Laws of blocks: their length follows the memory, measures sum to one, nulls keep their level."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from lobsim.sim_to_real import blocks
from lobsim.sim_to_real.blocks import (
    Pool,
    block_length,
    blocks_of,
    exchange_length,
    p_value,
)
from lobsim.sim_to_real.drift_statistics import KS


def ar1(rng, rows, rho):
    """A stationary AR(1) with variance 1."""
    noise = rng.normal(size=rows + 400) * math.sqrt(1 - rho**2)
    return lfilter([1.0], [1.0, -rho], noise)[400:]


def pool_of(n, m, length):
    own, other = blocks_of(n, length), blocks_of(m, length)
    return Pool(n, m, np.concatenate([own, own.max() + 1 + other]))


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(blocks).failed == 0


@pytest.mark.parametrize("rho", [0.5, 0.8, 0.9])
def test_block_length_of_an_ar1_is_that_of_its_known_autocovariances(rho):
    n, rng = 4000, np.random.default_rng(1)
    found = np.median([block_length(ar1(rng, n, rho)) for _ in range(30)], axis=0)
    big_g, g = 2 * rho / (1 - rho)**2, (1 + rho) / (1 - rho)
    wanted = [(2 * big_g**2 / (d * g**2))**(1 / 3) * n**(1 / 3) for d in (2, 4 / 3)]
    wanted += [2 * rho / (1 - rho**2)]
    assert found == pytest.approx(wanted, rel=0.2)


def test_circular_blocks_are_longer_than_stationary_ones_by_the_corrected_factor():
    found = block_length(ar1(np.random.default_rng(2), 3000, 0.7))
    assert found.circular / found.stationary == pytest.approx(1.5**(1 / 3))


def test_independent_rows_need_no_blocks():
    rng = np.random.default_rng(3)
    assert np.median([exchange_length([rng.normal(size=(1000, 1))] * 2) for _ in range(20)]) <= 4


def test_volatility_that_clusters_needs_blocks_although_returns_do_not_repeat():
    rng = np.random.default_rng(4)
    volatility = np.exp(ar1(rng, 4000, 0.95))
    returns = (volatility * rng.normal(size=4000))[:, None]
    assert block_length(returns[:, 0]).memory < 5
    assert exchange_length([returns] * 2) > 100


def test_a_longer_memory_than_the_window_is_still_seen():
    rng = np.random.default_rng(5)
    memory = np.median([block_length(ar1(rng, 2000, 0.99)).memory for _ in range(20)])
    assert memory > 50  # 99.5 in truth; the plug-in window alone sees 17


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.floats(0.5, 400))
def test_blocks_are_about_equal_and_in_order(rows, length):
    block = blocks_of(rows, length)
    sizes = np.bincount(block)
    assert len(block) == rows and (np.diff(block) >= 0).all()
    assert sizes.max() - sizes.min() <= 1
    assert sizes.min() >= min(rows, math.floor(length))


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 60), st.integers(8, 60), st.integers(1, 8), st.integers(0, 10**6))
def test_every_measure_sums_to_one(n, m, length, seed):
    pool, rng = pool_of(n, m, length), np.random.default_rng(seed)
    sets = [pool.observed(), *pool.permuted(5, rng),
            *pool.bootstrapped(5, rng, (3.0, 4.0), "stationary"),
            *pool.bootstrapped(5, rng, (3.0, 4.0), "circular")]
    for measures in sets:
        for side in measures:
            assert side.sum(axis=1) == pytest.approx(1.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 10**6))
def test_permutations_keep_units_whole_and_their_number(ours, theirs, seed):
    pool = pool_of(4 * ours, 4 * theirs, 4)
    assert pool.units == (ours, theirs)
    for measures in pool.permuted(20, np.random.default_rng(seed)):
        live = measures.live > 0
        assert (live == (measures.reference == 0)).all()
        units = live.reshape(20, -1, 4)
        assert (units.all(axis=2) == units.any(axis=2)).all()
        assert (units[:, :, 0].sum(axis=1) == theirs).all()


def test_the_order_of_blocks_does_not_matter():
    rng = np.random.default_rng(6)
    x = np.concatenate([ar1(rng, 200, 0.8), ar1(rng, 200, 0.8) + 0.4])
    shuffled = np.concatenate([x[:200].reshape(10, 20)[rng.permutation(10)].ravel(),
                               x[200:].reshape(10, 20)[rng.permutation(10)].ravel()])
    pool = pool_of(200, 200, 20)
    assert KS(x)(pool.observed()) == pytest.approx(KS(shuffled)(pool.observed()))
    p = []
    for rows in (x, shuffled):
        statistic = KS(rows)
        null = np.concatenate([statistic(m)
                               for m in pool.permuted(2000, np.random.default_rng(7))])
        p.append(p_value(statistic(pool.observed())[0], null))
    assert p[0] == pytest.approx(p[1], abs=5 * math.sqrt(0.25 / 2000))


def test_a_bootstrap_is_centred_and_as_wide_as_the_mean_of_an_ar1():
    n, rho, rng = 4000, 0.7, np.random.default_rng(8)
    x = np.concatenate([ar1(rng, n, rho), ar1(rng, n, rho) + 5])
    pool = pool_of(n, n, 1)
    for kind in ("stationary", "circular"):
        lengths = (40.0, 40.0)
        drawn = np.concatenate([(m.live - m.reference) @ x
                                for m in pool.bootstrapped(400, rng, lengths, kind)])
        truth = math.sqrt(2 * (1 + rho) / (1 - rho) / n)
        assert abs(drawn.mean()) < 4 * truth / math.sqrt(400)
        assert drawn.std() == pytest.approx(truth, rel=0.2)


def test_few_units_cannot_give_small_p_values():
    pool = pool_of(30, 30, 10)  # three blocks on either side
    assert pool.least_p == pytest.approx(2 / 20)
    x = np.concatenate([np.zeros(30), np.ones(30)])
    statistic = KS(x)
    null = np.concatenate([statistic(m) for m in pool.permuted(4000, np.random.default_rng(9))])
    assert p_value(1.0, null) == pytest.approx(0.1, abs=5 * math.sqrt(0.09 / 4000))


def test_p_values_are_never_zero_and_count_ties_against_drift():
    assert p_value(5.0, np.zeros(99)) == 0.01
    assert p_value(1.0, np.ones(99)) == 1.0


def test_short_series_are_refused():
    with pytest.raises(ValueError, match="7 rows"):
        block_length(np.zeros(7))
