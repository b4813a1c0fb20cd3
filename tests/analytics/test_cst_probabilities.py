"""Cont, Stoikov and Talreja's tables: by transform, by the chain, by simulation, and their laws."""

import doctest
import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from lobsim.analytics.birth_death import (
    first_passage_cdf,
    first_passage_transform,
    log_frequencies,
    probability_earlier,
    pure_death_transform,
)
from lobsim.analytics.cst import (
    probability_filled_before_move,
    probability_making_the_spread,
    probability_mid_up,
)

# Sky Perfect Communications, per minute (CST 2010, section 4.1)
LIMIT = (1.85, 1.51, 1.09, 0.88, 0.77)
CANCEL = (0.71, 0.81, 0.68, 0.56, 0.47)
MARKET = 0.94
RATES = (LIMIT, CANCEL, MARKET)
BID, ASK = np.ix_(range(1, 6), range(1, 6))
FUNCTIONS = (
    probability_mid_up,
    probability_filled_before_move,
    probability_making_the_spread,
)

TABLE_3 = """
.50000 .33517 .25902 .21579 .18782
.66483 .50000 .40689 .34789 .30720
.74098 .59311 .50000 .43655 .39059
.78421 .65211 .56345 .50000 .45234
.81218 .69280 .60941 .54766 .50000"""
TABLE_3_PRINTED = """
.500 .336 .259 .216 .188
.664 .500 .407 .348 .307
.741 .593 .500 .437 .391
.784 .652 .563 .500 .452
.812 .693 .609 .548 .500"""
PROPOSITION_5 = """
.50255 .69800 .79389 .84829 .88236
.35887 .55079 .66433 .73718 .78694
.29146 .46542 .57845 .65644 .71282
.25143 .40926 .51741 .59558 .65432
.22434 .36907 .47158 .54803 .60709"""
TABLE_4_PRINTED = """
.497 .641 .709 .749 .776
.302 .449 .535 .591 .631
.206 .336 .422 .483 .528
.152 .263 .344 .404 .452
.118 .213 .287 .346 .393"""
TABLE_5_UPPER = """
.26575 .30798 .30885 .29957 .28797
0 .38558 .40560 .40631 .39973
0 0 .44068 .45184 .45236
0 0 0 .47145 .47847
0 0 0 0 .49090"""


def table(text):
    return np.array(text.split(), float).reshape(5, 5)


def test_the_next_move_is_table_3():
    found = probability_mid_up(BID, ASK, *RATES)
    np.testing.assert_allclose(found, table(TABLE_3), atol=1e-5)
    np.testing.assert_allclose(found, table(TABLE_3_PRINTED), atol=9e-4)


def test_the_fill_before_a_move_is_proposition_5():
    found = probability_filled_before_move(BID, ASK, *RATES)
    np.testing.assert_allclose(found, table(PROPOSITION_5), atol=1e-5)


def test_the_printed_table_4_is_one_minus_proposition_5_transposed():
    found = probability_filled_before_move(BID, ASK, *RATES)
    np.testing.assert_allclose(1 - found.T, table(TABLE_4_PRINTED), atol=5e-4)


def test_making_the_spread_is_table_5():
    upper = table(TABLE_5_UPPER)
    whole = upper + np.triu(upper, 1).T
    np.testing.assert_allclose(probability_making_the_spread(BID, ASK, *RATES), whole, atol=1e-5)


@pytest.mark.parametrize("spread", [1, 2, 5])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_transform_and_chain_agree(function, spread):
    by_chain = function(BID, ASK, *RATES, spread=spread, method="chain")
    np.testing.assert_allclose(function(BID, ASK, *RATES, spread=spread), by_chain, atol=1e-11)


RATE = st.floats(0.05, 5)


@given(RATE, RATE, RATE, RATE, st.integers(1, 2), st.integers(1, 12), st.integers(1, 12))
def test_the_next_move_is_symmetric(birth, inside, death, cancel, spread, bid, ask):
    rates = ((inside, birth), (cancel, cancel), death)
    up = probability_mid_up(bid, ask, *rates, spread=spread)
    down = probability_mid_up(ask, bid, *rates, spread=spread)
    assert up + down == pytest.approx(1, abs=1e-9)


@given(RATE, RATE, RATE, RATE, st.integers(1, 2))
def test_more_bids_push_up_and_more_asks_push_down(birth, inside, death, cancel, spread):
    rates = ((inside, birth), (cancel, cancel), death)
    up = probability_mid_up(BID, ASK, *rates, spread=spread)
    assert (np.diff(up, axis=0) > -1e-9).all()
    assert (np.diff(up, axis=1) < 1e-9).all()
    filled = probability_filled_before_move(BID, ASK, *rates, spread=spread)
    assert (np.diff(filled, axis=0) < 1e-9).all()
    assert (np.diff(filled, axis=1) > -1e-9).all()


@settings(max_examples=30)
@given(RATE, RATE, RATE, RATE, st.integers(1, 2), st.integers(1, 8), st.integers(1, 8))
def test_both_fills_are_rarer_than_one(birth, inside, death, cancel, spread, bid, ask):
    rates = ((inside, birth), (cancel, cancel), death)
    both = probability_making_the_spread(bid, ask, *rates, spread=spread)
    swapped = probability_making_the_spread(ask, bid, *rates, spread=spread)
    assert both == pytest.approx(swapped, abs=1e-9)
    assert -1e-9 <= both <= 1 + 1e-9


@settings(max_examples=30)
@given(RATE, RATE, RATE, st.floats(0.1, 10), st.integers(1, 6), st.integers(1, 6))
def test_probabilities_have_no_unit_of_time(birth, death, cancel, factor, bid, ask):
    for function in FUNCTIONS:
        value = function(bid, ask, birth, cancel, death)
        scaled = function(bid, ask, birth * factor, cancel * factor, death * factor)
        assert scaled == pytest.approx(value, abs=1e-8)


def test_an_exponential_race_is_won_by_its_rate():
    u = log_frequencies()[0]
    fast, slow = 3.0, 0.5
    win = probability_earlier(fast / (fast + 1j * u), slow / (slow + 1j * u))
    assert win == pytest.approx(fast / (fast + slow), abs=1e-13)


def test_first_passage_times_agree_with_the_matrix_exponential():
    birth, death, cancel, n = 1.85, 0.94, 0.71, 60
    leave = death + np.arange(n + 1) * cancel
    leave[0] = 0
    generator = np.diag(np.append(0.0, np.full(n - 1, birth)), 1) + np.diag(leave[1:], -1)
    generator -= np.diag(generator.sum(axis=1))
    times = [0.05, 0.3, 1.0, 4.0, 12.0]
    for start in (1, 3, 6):
        exact = [expm(generator * t)[start, 0] for t in times]
        found = first_passage_cdf(times, start, birth, death, cancel)
        np.testing.assert_allclose(found, exact, atol=5e-8)


def test_transforms_hold_the_mean_time():
    """-f'(0) adds up the mean times from i to i - 1, which obey a recursion of their own."""
    birth, death, cancel = 1.2, 0.8, 0.3
    step = 1e-6
    found = (1 - first_passage_transform([step], 5, birth, death, cancel).real[:, 0]) / step
    mean = np.zeros(202)
    for i in range(200, 0, -1):
        mean[i] = (1 + birth * mean[i + 1]) / (death + i * cancel)
    np.testing.assert_allclose(found, np.append(0, np.cumsum(mean[1:6])), rtol=1e-4)
    fills = (1 - pure_death_transform([step], 3, death, cancel).real[:, 0]) / step
    waits = 1 / (death + np.arange(3) * cancel)
    np.testing.assert_allclose(fills, np.append(0, np.cumsum(waits)), rtol=1e-4)


def simulate(bid, ask, n_runs, rng, tagged):
    """Plain simulation of both best queues at spread 1, all runs side by side.

    `tagged` says which sides hold an own order at the end of the queue: those ahead of it are
    counted, those behind it in a queue of their own. Returns the outcomes of the runs: which
    side moved first, and which own orders were filled before that.
    """
    ahead = np.tile(np.array([bid, ask]), (n_runs, 1))
    behind = np.zeros((n_runs, 2), int)
    filled = np.zeros((n_runs, 2), bool)
    moved = np.zeros((n_runs, 2), bool)
    alive = np.arange(n_runs)
    while len(alive):
        a, b, done = ahead[alive], behind[alive], filled[alive]
        own = tagged & ~done
        joins = np.full(a.shape, LIMIT[0])
        leaves_ahead = np.where(a > 0, MARKET + (a - own) * CANCEL[0], 0.0)
        leaves_behind = np.where(a > 0, 0.0, np.where(b > 0, MARKET, 0.0)) + b * CANCEL[0]
        rates = np.concatenate([joins, leaves_ahead, leaves_behind], axis=1)
        pick = (rates.cumsum(axis=1) < rng.random((len(alive), 1)) * rates.sum(axis=1,
                keepdims=True)).sum(axis=1)
        kind, side = pick // 2, pick % 2
        row = alive
        joins_ahead = (kind == 0) & ~tagged[side]
        ahead[row, side] += joins_ahead.astype(int) - (kind == 1)
        behind[row, side] += ((kind == 0) & tagged[side]).astype(int) - (kind == 2)
        filled[row, side] |= tagged[side] & (ahead[row, side] == 0)
        moved[row, side] = ahead[row, side] + behind[row, side] == 0
        alive = row[~moved[row].any(axis=1)]
    return moved, filled


@pytest.mark.parametrize("bid, ask", [(1, 1), (3, 2), (5, 5)])
def test_simulation_agrees_with_all_three(bid, ask):
    """Within 4 standard errors of 40,000 runs; the seed is fixed, so this cannot come and go."""
    n_runs = 40_000
    rng = np.random.default_rng([2010, bid, ask])
    moved, _ = simulate(bid, ask, n_runs, rng, np.array([False, False]))
    _, one = simulate(bid, ask, n_runs, rng, np.array([True, False]))
    _, two = simulate(bid, ask, n_runs, rng, np.array([True, True]))
    shares = (moved[:, 1].mean(), one[:, 0].mean(), two.all(axis=1).mean())
    for function, share in zip(FUNCTIONS, shares, strict=True):
        exact = function(bid, ask, *RATES)
        assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / n_runs), function.__name__


@pytest.mark.parametrize("function", FUNCTIONS)
def test_wrong_arguments_are_named(function):
    with pytest.raises(ValueError, match=r"bid is 0; queue lengths are whole numbers from 1"):
        function(0, 1, *RATES)
    with pytest.raises(ValueError, match="ask is 1.5"):
        function(1, 1.5, *RATES)
    with pytest.raises(ValueError, match="spread is 0"):
        function(1, 1, *RATES, spread=0)
    with pytest.raises(ValueError, match="limit_rates has 5 entries; a spread of 6"):
        function(1, 1, *RATES, spread=6)
    with pytest.raises(ValueError, match="method is 'guess'"):
        function(1, 1, *RATES, method="guess")
    with pytest.raises(ValueError, match="must not be negative"):
        function(1, 1, -1.0, 1.0, 1.0)


@pytest.mark.parametrize("name", ["birth_death", "cst"])
def test_examples_hold(name):
    result = doctest.testmod(importlib.import_module(f"lobsim.analytics.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
