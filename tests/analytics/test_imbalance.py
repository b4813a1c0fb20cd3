"""Imbalance of book and flow: every case of the formula by hand, and symmetries."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lobsim.analytics import order_book_imbalance, order_flow_imbalance

BID, ASK = 10.00, 10.05


def flow(bids, bid_sizes, asks, ask_sizes):
    return order_flow_imbalance(pd.DataFrame(
        {"bid": bids, "bid_size": bid_sizes, "ask": asks, "ask_size": ask_sizes})).tolist()


@pytest.mark.parametrize(("bid", "expected"), [(10.01, 700), (10.00, 400), (9.99, -300)])
def test_bid_side_of_the_flow(bid, expected):
    """Sizes 300, then 700: a better bid adds all of the new size, an equal one the difference, and
    a worse one takes the *old* size away (its sign is the trap)."""
    assert flow([BID, bid], [300, 700], [ASK, ASK], [100, 100]) == [0, expected]


@pytest.mark.parametrize(("ask", "expected"), [(10.04, -700), (10.05, -400), (10.06, 300)])
def test_ask_side_of_the_flow(ask, expected):
    assert flow([BID, BID], [100, 100], [ASK, ask], [300, 700]) == [0, expected]


def test_both_sides_of_a_step_up_add():
    """The ask of 200 is eaten and a bid of 500 follows: 500 + 200."""
    assert flow([BID, 10.01], [300, 500], [ASK, 10.06], [200, 900]) == [0, 700]


STATES = st.integers(2, 30).flatmap(lambda n: st.tuples(
    hnp.arrays(np.int64, n, elements=st.integers(-2, 2)),
    hnp.arrays(np.int64, (2, n), elements=st.integers(1, 9)),
    hnp.arrays(np.int64, n, elements=st.integers(1, 3)),
))


@given(STATES)
def test_flow_is_that_of_a_slow_twin_and_odd_under_reflection(states):
    step, size, spread = states
    bid = 1000 + np.cumsum(step)
    ask = bid + spread
    expected = [0]
    for n in range(1, len(bid)):
        total = 0
        if bid[n] >= bid[n - 1]:
            total += size[0][n]
        if bid[n] <= bid[n - 1]:
            total -= size[0][n - 1]
        if ask[n] <= ask[n - 1]:
            total -= size[1][n]
        if ask[n] >= ask[n - 1]:
            total += size[1][n - 1]
        expected.append(total)
    assert flow(bid, size[0], ask, size[1]) == expected
    assert flow(2000 - ask, size[1], 2000 - bid, size[0]) == [-value for value in expected]


@given(hnp.arrays(np.int64, (2, 20), elements=st.integers(0, 1000)))
def test_book_imbalance_is_odd_bounded_and_free_of_units(size):
    value = order_book_imbalance(*size)
    assert np.isnan(value).tolist() == (size.sum(axis=0) == 0).tolist()
    known = value[~np.isnan(value)]
    assert (np.abs(known) <= 1).all()
    assert np.array_equal(order_book_imbalance(*size[::-1]), -value, equal_nan=True)
    assert np.allclose(order_book_imbalance(*(7.5 * size)), value, equal_nan=True)


def test_an_empty_side_makes_two_changes_unknown():
    found = flow([BID, np.nan, BID, BID], [100, 0, 100, 300], [ASK] * 4, [100] * 4)
    assert np.isnan(found).tolist() == [False, True, True, False]
    assert found[3] == 200


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="same length"):
        order_book_imbalance([1, 2], [1])
    with pytest.raises(ValueError, match="quotes has no column ask_size"):
        order_flow_imbalance(pd.DataFrame({"bid": [1.0], "bid_size": [1], "ask": [2.0]}))
