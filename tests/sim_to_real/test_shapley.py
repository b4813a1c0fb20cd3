"""Shapley's axioms hold for exact and for drawn splits, whatever the game."""

import doctest
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.sim_to_real import shapley_values
from lobsim.sim_to_real.shapley_values import shapley

SEEDS = st.integers(0, 10**6)
WAYS = st.sampled_from([None, 2, 6])


def game(seed, k, cases=3):
    """A value for every set of k players, drawn."""
    table = np.random.default_rng(seed).normal(size=(2**k, cases))
    return lambda some: table[sum(1 << i for i in some)]


@given(SEEDS, st.integers(0, 4), WAYS)
def test_shares_add_up_to_the_whole_in_every_case(seed, k, way):
    value = game(seed, k)
    found = shapley(value, range(k), permutations=way)
    whole = value(frozenset(range(k))) - value(frozenset())
    np.testing.assert_allclose(found.cases.sum(axis=0), whole if k else 0 * whole, atol=1e-12)
    np.testing.assert_allclose(found.total, whole)


@given(SEEDS, WAYS)
def test_who_adds_nothing_gets_nothing(seed, way):
    value = game(seed, 4)
    found = shapley(lambda some: value(some - {4}), range(5), permutations=way)
    np.testing.assert_allclose(found.cases[4], 0, atol=1e-12)


@given(SEEDS)
def test_who_add_the_same_get_the_same(seed):
    value = game(seed, 4)

    def blind(some):
        """Cannot tell 0 from 1."""
        return value(frozenset([0]) | (some - {0, 1})) if len(some & {0, 1}) == 1 else value(some)

    found = shapley(blind, range(4))
    np.testing.assert_allclose(found.cases[0], found.cases[1], atol=1e-12)


@given(SEEDS, st.floats(-3, 3))
def test_a_sum_of_games_is_split_as_the_sum_of_splits(seed, factor):
    one, other = game(seed, 3), game(seed + 1, 3)
    both = shapley(lambda some: one(some) + factor * other(some), range(3))
    apart = shapley(one, range(3)).cases + factor * shapley(other, range(3)).cases
    np.testing.assert_allclose(both.cases, apart, atol=1e-9)


def test_an_order_and_its_reverse_are_exact_where_players_meet_in_pairs_only():
    """A reversed twin takes the other half of every pair's interaction."""
    rng = np.random.default_rng(3)
    pairs, own = rng.normal(size=(10, 10)), rng.normal(size=10)

    def value(some):
        some = sorted(some)
        return own[some].sum() + pairs[np.ix_(some, some)].sum()

    drawn = shapley(value, range(10), permutations=2)
    np.testing.assert_allclose(drawn.values, own + 0.5 * (pairs + pairs.T).sum(axis=0))


def test_drawn_orders_come_near_the_exact_split_and_know_how_near():
    value = game(5, 6, cases=1)
    exact, drawn = shapley(value, range(6)), shapley(value, range(6), permutations=400, seed=1)
    off = np.abs(drawn.values - exact.values) / drawn.drawn_error
    assert off.max() < 4 and 0.2 < off.mean() < 2
    assert exact.evaluated == 2**6 and not exact.drawn_error.any()


def test_a_split_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="once"):
        shapley(len, "aa")
    with pytest.raises(ValueError, match="9 players"):
        shapley(len, range(9))
    with pytest.raises(ValueError, match="even"):
        shapley(len, range(3), permutations=3)
    assert factorial(9) > 2**9 >= shapley(len, range(9), permutations=20).evaluated


def test_the_glove_market_is_split_as_the_docstring_says():
    failed, tried = doctest.testmod(shapley_values)
    assert tried and not failed
