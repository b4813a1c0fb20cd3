"""Regressions: equal to the normal equations, errors that cover, no reward for noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.analytics import hit_rate, out_of_sample_r2, regress


def series(rng, n, memory):
    """An autoregressive series of order one, unit variance."""
    noise = rng.normal(size=n) * np.sqrt(1 - memory**2)
    out = np.empty(n)
    out[0] = rng.normal()
    for t in range(1, n):
        out[t] = memory * out[t - 1] + noise[t]
    return out


@given(st.integers(0, 10_000), st.integers(1, 3))
def test_errors_are_orthogonal_to_the_regressors(seed, k):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(30, k)), rng.normal(size=30)
    line = regress(y, x)
    errors = y - line.predict(x)
    assert errors.sum() == pytest.approx(0, abs=1e-9)
    assert x.T @ errors == pytest.approx(np.zeros(k), abs=1e-9)
    assert line.r2 == pytest.approx(np.corrcoef(y, line.predict(x))[0, 1] ** 2)


@given(st.integers(0, 10_000), st.floats(0.001, 1000))
def test_rescaling_a_regressor_rescales_its_slope_and_error(seed, factor):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=40), rng.normal(size=40)
    one, other = regress(y, x), regress(y, factor * x)
    assert other.slope * factor == pytest.approx(one.slope)
    assert other.stderr[1] * factor == pytest.approx(one.stderr[1])


def test_no_lags_are_whites_errors():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=50), rng.normal(size=50)
    line = regress(y, x, lags=0)
    design = np.column_stack([np.ones(50), x])
    e = y - design @ line.coefficients
    inverse = np.linalg.inv(design.T @ design)
    white = inverse @ (design.T * e**2) @ design @ inverse * 50 / 48
    assert line.stderr == pytest.approx(np.sqrt(np.diag(white)))


def test_newey_wests_errors_cover_where_whites_do_not():
    """x and errors both persistent: White's interval holds the true slope far too rarely."""
    rng = np.random.default_rng(2)
    covered = np.zeros(2)
    for _ in range(150):
        x, y = series(rng, 600, 0.9), series(rng, 600, 0.9)
        for k, lags in enumerate((0, 60)):
            line = regress(y, x, lags=lags)
            covered[k] += abs(line.slope) < 1.96 * line.stderr[1]
    white, newey_west = covered / 150
    assert white < 0.6
    assert newey_west > 0.78


def test_a_row_with_a_gap_is_left_out():
    y, x = np.array([1.0, np.nan, 2.0, 4.0, 5.0]), np.array([0.0, 9.0, 1.0, 2.0, 3.0])
    assert regress(y, x).coefficients == pytest.approx(
        regress(np.delete(y, 1), np.delete(x, 1)).coefficients)
    assert regress(y, x).n == 4


@pytest.mark.parametrize(("y", "x", "word"), [
    ([1, 2], [1, 2], "too few"),
    ([1, 2, 3, 4], [1, 1, 1, 1], "dependent"),
    ([1, 2, 3, 4], [[1, 2], [2, 4], [3, 6], [5, 10]], "dependent"),
])
def test_an_impossible_line_is_refused_in_a_sentence(y, x, word):
    with pytest.raises(ValueError, match=word):
        regress(y, x)


def test_noise_earns_no_out_of_sample_r2():
    """Twenty useless regressors: a good fit in the sample, worse than the mean afterwards."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(200, 20)), rng.normal(size=200)
    found = out_of_sample_r2(y, x)
    assert found.in_sample_r2 > 0.1
    assert found.r2 < 0


def test_the_interval_holds_the_true_r2_about_as_often_as_it_says():
    rng = np.random.default_rng(4)
    inside = 0
    for k in range(60):
        x = rng.normal(size=2000)
        y = 0.5 * x + rng.normal(size=2000)
        found = out_of_sample_r2(y, x, seed=k, draws=200)
        inside += found.ci_low < 0.2 < found.ci_high
    assert 50 <= inside <= 60


def test_overlap_without_a_gap_lets_the_training_part_see_the_answers():
    """y looks 100 rows ahead: the gap takes exactly those rows out."""
    found = out_of_sample_r2(np.arange(1000.0) % 7, np.arange(1000.0) % 5, gap=99)
    assert found.n_train == 500 and found.n_test == 401


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=60))
def test_a_turned_signal_hits_where_the_signal_misses(pairs):
    signal, outcome = np.array(pairs, dtype=float).T
    right, wrong = hit_rate(signal, outcome), hit_rate(-signal, outcome)
    assert right.n == wrong.n
    if right.n:
        assert right.rate + wrong.rate == pytest.approx(1)


def test_repeating_every_state_tells_no_more_than_once():
    """A thousand states that wait for one move are one piece of evidence."""
    rng = np.random.default_rng(6)
    signal, outcome = rng.choice([-1, 1], 200), rng.choice([-1, 1], 200)
    once = hit_rate(signal, outcome, groups=np.arange(200))
    moves = np.repeat(np.arange(200), 9)
    often = hit_rate(np.repeat(signal, 9), np.repeat(outcome, 9), groups=moves)
    assert often.rate == pytest.approx(once.rate)
    assert often.ci_high - often.ci_low == pytest.approx(once.ci_high - once.ci_low)
    naive = hit_rate(np.repeat(signal, 9), np.repeat(outcome, 9))
    assert naive.ci_high - naive.ci_low < 0.4 * (once.ci_high - once.ci_low)
    assert once.groups == often.groups == 200
