"""The float border of `OrderBook`: grid rule, sides, units of results, what a learner sees."""

import doctest
import importlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.engine import OrderBook, Reject, Side, as_side
from lobsim.engine.units import Grid


@settings(max_examples=200)
@given(
    ticks=st.integers(-(10**7), 10**7), step=st.sampled_from([0.01, 0.05, 0.0001, 0.125, 1, 25])
)
def test_every_tick_survives_the_way_out_and_in(ticks, step):
    grid = Grid(step, "tick_size")
    assert grid.units(grid.value(ticks)) == ticks
    assert grid.units(ticks * step) == ticks


@settings(max_examples=100)
@given(ticks=st.integers(-(10**6), 10**6), off=st.floats(2e-6, 0.999_998))
def test_between_ticks_is_off_the_grid(ticks, off):
    assert Grid(0.01, "tick_size").units((ticks + off) * 0.01) is None


def test_prices_print_as_decimals():
    cents = Grid(0.01, "tick_size")
    assert [cents.value(n) for n in (22381, 10029, 7, 30)] == [223.81, 100.29, 0.07, 0.3]


@pytest.mark.parametrize("price", [10.005, math.nan, math.inf, -math.inf, None, "ten", 1e300])
def test_a_price_off_the_grid_is_refused_and_counted(price):
    book = OrderBook()
    result = book.limit("buy", price, 100)
    expected = Reject.OUT_OF_BAND if price == 1e300 else Reject.OFF_GRID
    assert (result.reject, result.status, result.fills) == (expected, "rejected", [])
    assert book.reject_counts == {expected.name: 1}


def test_a_refused_change_leaves_the_order_alone():
    book = OrderBook()
    mine = book.limit("buy", 10.00, 10).order_id
    for result, code in (
        (book.replace(mine, price=10.001), Reject.OFF_GRID),
        (book.replace(mine, price=1e7), Reject.OUT_OF_BAND),
        (book.replace(mine, size=0.5), Reject.BAD_SIZE),
        (book.replace(mine, new_order_id=2**40), Reject.BAD_ID),
        (book.reduce(mine, 2**40), Reject.BAD_SIZE),
        (book.cancel(2**40), Reject.UNKNOWN_ID),
        (book.cancel(mine, owner=2**40), Reject.NOT_OWNER),
        (book.reduce(99, 1), Reject.UNKNOWN_ID),
        (book.replace(99, price=1.0), Reject.UNKNOWN_ID),
    ):
        assert result.reject == code
    assert book.order(mine) == (mine, Side.BUY, 10.00, 10, 0)


@pytest.mark.parametrize("size", [0, -1, 0.5, 2**31, math.nan, None])
def test_a_size_that_is_not_whole_lots_is_refused(size):
    assert OrderBook().market("buy", size).reject == Reject.BAD_SIZE


def test_sizes_are_in_shares_whatever_the_lot():
    book = OrderBook(lot_size=100)
    assert book.limit("sell", 10.00, 150).reject == Reject.BAD_SIZE
    book.limit("sell", 10.00, 300)
    result = book.limit("buy", 10.00, 200)
    assert (result.filled, result.fills[0].size, result.fills[0].maker_left) == (200, 200, 100)
    assert (book.volume, book.depth(1).ask_size[0]) == (200, 100)


def test_coins_have_decimal_lots():
    book = OrderBook(tick_size=1, lot_size=1e-8, price_min=60_000, price_max=70_000)
    book.limit("sell", 65_000, 0.123_456_78)
    assert book.market("buy", 0.1).filled == 0.1
    assert book.order(1).size == 0.023_456_78


@pytest.mark.parametrize("side", ["buy", "BUY", " Buy", 1, 1.0, Side.BUY, np.int16(1)])
def test_ways_to_say_buy(side):
    assert as_side(side) is Side.BUY


@pytest.mark.parametrize("side", ["b", "", 0, 2, None, True, 0.5, [1]])
def test_other_sides_are_one_clear_error(side):
    with pytest.raises(ValueError, match="must be 'buy', 'sell'"):
        OrderBook().limit(side, 1.0, 1)


def test_an_empty_book_has_no_prices():
    book = OrderBook()
    assert (book.best_bid, book.best_ask, book.mid, book.spread_ticks) == (None,) * 4
    book.limit("buy", 10.00, 1)
    assert (book.best_bid, book.mid, book.spread_ticks) == (10.00, None, None)
    book.limit("sell", 10.01, 1)
    assert (book.mid, book.spread_ticks) == (10.005, 1)


def test_depth_adds_up_each_price():
    book = OrderBook()
    for price, size in ((10.00, 100), (10.00, 50), (9.98, 10), (9.97, 1)):
        book.limit("buy", price, size)
    depth = book.depth(2)
    assert depth.bid_price.tolist() == [10.00, 9.98]
    assert depth.bid_size.tolist() == [150, 10]
    assert depth.bid_orders.tolist() == [2, 1]
    assert len(depth.ask_price) == 0
    assert len(book.depth(10).bid_price) == 3
    with pytest.raises(ValueError, match="levels"):
        book.depth(0)


def test_orders_come_in_order_of_priority():
    book = OrderBook()
    for price in (10.00, 10.02, 10.00, 10.01):
        book.limit("buy", price, 1)
    assert [order.order_id for order in book.orders("buy")] == [2, 4, 1, 3]
    assert book.orders("sell") == []


def test_queue_position_of_an_order_that_does_not_rest_is_a_key_error():
    with pytest.raises(KeyError, match="does not rest"):
        OrderBook().queue_position(3)
    assert OrderBook().order(3) is None


def test_average_price_weighs_by_size():
    book = OrderBook()
    book.limit("sell", 10.00, 1)
    book.limit("sell", 10.04, 3)
    assert book.market("buy", 4).average_price == pytest.approx(10.03)
    assert math.isnan(book.market("buy", 4).average_price)


def test_fills_carry_the_clock_and_the_owners():
    book = OrderBook()
    book.time_ns = 34_200_000_000_000
    book.limit("sell", 10.00, 5, owner=3)
    fill = book.limit("buy", 10.00, 2, owner=4).fills[0]
    assert (fill.maker_owner, fill.taker_owner, fill.maker_left) == (3, 4, 3)


def test_examples_in_the_docstrings_are_true():
    for name in ("batch", "book", "codes", "units"):
        module = importlib.import_module(f"lobsim.engine.{name}")
        failed, tried = doctest.testmod(module)
        assert tried > 0 and failed == 0, name


def test_a_result_in_place_of_an_id_is_one_clear_error():
    book = OrderBook()
    result = book.limit("buy", 10.00, 5)
    for call in (book.cancel, book.order, book.queue_position):
        with pytest.raises(TypeError, match="order_id is Result.*whole number"):
            call(result)
    with pytest.raises(TypeError, match="owner is 'me'"):
        book.limit("buy", 10.00, 5, owner="me")
