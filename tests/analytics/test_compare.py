"""Laws of paired comparison."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lobsim.analytics import paired_difference, pairs_needed

NUMBERS = st.floats(-1e3, 1e3)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=30))
def test_interval_is_that_of_the_paired_t_test(pairs):
    a, b = (np.array(c) for c in zip(*pairs, strict=True))
    if np.std(a - b) < 1e-6:
        return
    ours = paired_difference(a, b, confidence=0.9)
    theirs = stats.ttest_rel(a, b)
    interval = theirs.confidence_interval(0.9)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-9)
    assert (ours.ci_low, ours.ci_high) == pytest.approx((interval.low, interval.high), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=20))
def test_exchanging_the_two_turns_the_sign(pairs):
    a, b = zip(*pairs, strict=True)
    one, other = paired_difference(a, b), paired_difference(b, a)
    assert other.mean == pytest.approx(-one.mean)
    assert other.ci_low == pytest.approx(-one.ci_high)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(600):
        common = rng.normal(0, 50, 12)
        result = paired_difference(common + rng.normal(1, 3, 12), common)
        hits += result.ci_low <= 1 <= result.ci_high
    assert abs(hits / 600 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 600)


def test_pairing_helps_by_what_the_two_share():
    rng = np.random.default_rng(4)
    common = rng.normal(0, 30, 4000)
    a, b = (common + rng.normal(0, 3, 4000) for _ in range(2))
    assert paired_difference(a, b).variance_ratio == pytest.approx(101, rel=0.1)


def test_the_number_of_pairs_needed_gives_the_power_it_promises():
    n = pairs_needed(5.0, 2.0, power=0.8)
    rng = np.random.default_rng(6)
    shown = 0
    for _ in range(500):
        result = paired_difference(rng.normal(2, 5, n), np.zeros(n))
        shown += result.ci_low > 0
    assert abs(shown / 500 - 0.8) < 0.06
    assert pairs_needed(10.0, 2.0) == pytest.approx(4 * pairs_needed(5.0, 2.0), abs=4)


def test_few_or_equal_pairs_are_told_and_not_hidden():
    one = paired_difference([2.0], [1.0])
    assert one.mean == 1.0 and math.isnan(one.ci_low) and math.isnan(one.p_value)
    none = paired_difference([], [])
    assert none.n == 0 and math.isnan(none.mean)
    equal = paired_difference([3.0, 4.0], [1.0, 2.0])
    assert (equal.ci_low, equal.ci_high) == (2.0, 2.0) and math.isnan(equal.p_value)
    assert math.isnan(equal.variance_ratio)
    assert paired_difference([1.0, np.nan, 3.0], [0.0, 5.0, 1.0]).n == 2


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: paired_difference([1.0], [1.0, 2.0]), "a 1, b 2"),
        (lambda: paired_difference([1.0], [1.0], confidence=95), "confidence is 95"),
        (lambda: pairs_needed(1.0, 0.0), "difference is 0.0"),
        (lambda: pairs_needed(-1.0, 1.0), "std is -1.0"),
    ],
)
def test_a_wrong_argument_is_refused_in_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
