"""Takers: rate, bursts, sizes and the memory of signs are found again; errors are honest.

Estimates are within 4.5 standard errors of what was planted, on fixed seeds.
"""

import numpy as np
import pytest

from calibrate_simulators import START_S, Tape, meta_order_signs
from lobsim.engine import MESSAGE, Kind
from lobsim.market.calibrate import calibrate, simulate_hawkes
from lobsim.market.calibrate.takers import (
    fit_meta_orders,
    meta_autocorrelation,
    sign_autocorrelation,
)

ERRORS = 4.5
DURATION_S = 6000.0


def market_orders(times, signs, sizes):
    """A book so deep that nothing ever moves, and takers who take from it."""
    tape = Tape()
    deep = 1 << 30
    initial = np.array([(0, 1, 100, deep, 0, Kind.LIMIT, 1, -1),
                        (0, 2, 101, deep, 0, Kind.LIMIT, -1, -1)], MESSAGE)
    tape.next_id = 3
    for time, sign, size in zip(times, signs, sizes, strict=True):
        tape.take(time, int(sign), 101 if sign > 0 else 100, int(size))
    return tape.messages(), initial


def fit(times, signs, sizes, **options):
    messages, initial = market_orders(times, signs, sizes)
    return calibrate("takers", messages, initial, window_s=(START_S, START_S + DURATION_S),
                     **options)


def close(estimate, truth):
    assert abs(estimate.value - truth) < ERRORS * estimate.standard_error, estimate


@pytest.mark.parametrize("seed", [1, 2])
def test_planted_takers_are_recovered(seed):
    beta, branching, meta = np.array([0.5, 20.0]), np.array([0.3, 0.25]), 2.5
    times, _ = simulate_hawkes(1.0, branching * beta, beta, DURATION_S, seed)
    rng = np.random.default_rng(seed)
    sizes = rng.choice([1, 2, 5], len(times), p=[0.5, 0.3, 0.2])
    found = fit(times, meta_order_signs(meta, len(times), seed), sizes, lot_size=100)
    close(found["market_rate_per_s"], 1.0 / (1 - 0.55))
    close(found["branching"], 0.55)
    close(found["meta_min_orders"], meta)
    part = found.part
    for p, (share, time_s) in enumerate(part.bursts):
        close(found[f"branching_{p + 1}"], branching[p])
        close(found[f"time_{p + 1}_s"], 1 / beta[p])
        assert (share, time_s) == (found[f"branching_{p + 1}"].value,
                                   found[f"time_{p + 1}_s"].value)
    assert len(part.bursts) == 2
    assert [size for size, _ in part.market_sizes] == [100, 200, 500]
    shares = np.array([share for _, share in part.market_sizes])
    assert (np.abs(shares - [0.5, 0.3, 0.2]) < ERRORS * 0.5 / np.sqrt(len(times))).all()
    assert all(test.p_value > 1e-4 for test in found.tests), str(found)
    assert found.notes == ()


def test_poisson_takers_have_no_bursts():
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(0, DURATION_S, 9000))
    found = fit(times, rng.choice([-1, 1], 9000), np.ones(9000))
    assert sum(share for share, _ in found.part.bursts) < 0.05
    assert found.part.meta_min_orders < 0.2
    forced = fit(times, rng.choice([-1, 1], 9000), np.ones(9000), n_exponentials=0)
    assert forced.part.bursts == () and forced.passed


def test_poisson_is_refused_for_takers_in_bursts():
    times, _ = simulate_hawkes(1.0, 1.0, 2.0, DURATION_S, seed=4)
    signs = meta_order_signs(2.0, len(times), 4)
    assert not fit(times, signs, np.ones(len(times)), n_exponentials=0).passed


def test_the_memory_of_signs_is_that_of_meta_orders():
    signs = meta_order_signs(3.0, 400_000, seed=5)
    np.testing.assert_allclose(sign_autocorrelation(signs), meta_autocorrelation(3.0), atol=0.03)


@pytest.mark.parametrize("meta", [1.0, 2.0, 6.0])
def test_meta_orders_are_recovered(meta):
    close(fit_meta_orders(meta_order_signs(meta, 30_000, seed=6)), meta)


def test_longer_meta_orders_mean_longer_memory():
    grid = np.array([meta_autocorrelation(m) for m in (0.1, 0.5, 1, 2, 5, 20)])
    assert (np.diff(grid, axis=0) > 0).all()
    assert (np.diff(grid, axis=1) < 0).all()
    assert ((grid > 0) & (grid < 1)).all()


def test_signs_that_are_no_meta_orders_are_told():
    """A Markov chain of signs: autocorrelation 0.8 ** lag, which no meta-orders have."""
    rng = np.random.default_rng(7)
    flips = rng.random(8000) < 0.1
    signs = np.where(np.cumsum(flips) % 2 == 0, 1, -1)
    found = fit(np.sort(rng.uniform(0, DURATION_S, 8000)), signs, np.ones(8000), n_exponentials=0)
    assert any("the signs remember in another way" in note for note in found.notes)


def test_too_few_market_orders_are_told():
    with pytest.raises(ValueError, match="there are 3 market orders; at least 50 are needed"):
        fit([1.0, 2.0, 3.0], [1, 1, -1], [1, 1, 1])
    with pytest.raises(ValueError, match="n_exponentials is 3"):
        fit([1.0, 2.0, 3.0], [1, 1, -1], [1, 1, 1], n_exponentials=3)
