"""Laws of orders and of splitting a quantity."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.strategies import ChildOrder, ParentOrder, allocate, orders, schedules, slice_edges


def test_examples_in_the_docstrings_hold():
    for module in (orders, schedules):
        result = doctest.testmod(module)
        assert result.failed == 0
    assert doctest.testmod(orders).attempted > 3


@settings(max_examples=200, deadline=None)
@given(
    quantity=st.integers(0, 10**9),
    weights=st.lists(st.floats(0, 1e6), min_size=1, max_size=50).filter(lambda w: sum(w) > 1e-3),
    lot=st.sampled_from([1, 7, 100]),
)
def test_allocation_is_exact_and_never_a_lot_away(quantity, weights, lot):
    parts = allocate(quantity, weights, lot)
    assert parts.sum() == quantity
    assert (parts >= 0).all()
    with_weight = np.flatnonzero(weights)[-1]
    others = np.delete(parts, with_weight)
    assert (others % lot == 0).all()
    exact = quantity * np.cumsum(weights) / np.sum(weights)
    assert np.abs(np.cumsum(parts) - exact).max() <= lot + 1e-6 * quantity


def test_nothing_is_allocated_where_the_weight_is_zero():
    assert allocate(1001, [0, 1, 0, 2, 0]).tolist() == [0, 334, 0, 667, 0]


def test_equal_weights_differ_by_at_most_one_share():
    for quantity in (1, 3, 10, 9_999):
        parts = allocate(quantity, np.ones(7))
        assert parts.max() - parts.min() <= 1


def test_order_does_not_depend_on_how_the_side_is_told():
    told = [ParentOrder(side, 5, 0, 1).side for side in ("sell", -1, "S")]
    assert told == [-1, -1, -1]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(side="hold", quantity=5, start_s=0, end_s=1), "side is 'hold'"),
        (dict(side=1, quantity=0, start_s=0, end_s=1), "quantity is 0"),
        (dict(side=1, quantity=2.5, start_s=0, end_s=1), "quantity is 2.5"),
        (dict(side=1, quantity=5, start_s=2, end_s=1), "start comes first"),
        (dict(side=1, quantity=5, start_s=0, end_s=1, limit_price=-3), "limit_price is -3"),
    ],
)
def test_a_wrong_parent_order_is_refused_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        ParentOrder(**arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(size=0), "size is 0"),
        (dict(size=5, kind="hope"), "kind is 'hope'"),
        (dict(size=5, kind="limit"), "needs a price"),
        (dict(size=5, price=1.0, kind="market"), "takes no price"),
        (dict(size=0, kind="cancel"), "order_id"),
    ],
)
def test_a_wrong_child_order_is_refused_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        ChildOrder(**arguments)


@settings(max_examples=50, deadline=None)
@given(start=st.floats(0, 1e5), length=st.floats(1, 3e4), interval=st.floats(0.5, 5e4))
def test_slices_cover_the_window(start, length, interval):
    edges = slice_edges(start, start + length, interval)
    assert edges[0] == start and edges[-1] == start + length
    widths = np.diff(edges)
    assert (widths > 0).all() and (widths <= interval * (1 + 1e-6)).all()
