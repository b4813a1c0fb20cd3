"""Every number that lesson 00 states in its text is what the library or the solution computes."""

import re

import numpy as np
import pytest
from reading import Lesson

from lobsim import OrderBook

LESSON = Lesson("00_order_book")


def text_of(short_id: str) -> str:
    """Source of a cell, with the thin thousands blanks of prices closed."""
    return re.sub(r"(?<=\d)(?: |\\,)(?=\d{3})", "", LESSON.text_of(short_id))


@pytest.fixture
def book():
    """The book of the table in section 1, order by order as the table lists them."""
    book = OrderBook(tick_size=1.0)
    rows = re.findall(r"\| (ask|bid) \| (\d+) \| ([\d, ]+) \| (\d+) \|", text_of("book"))
    assert len(rows) == 4
    for side, ticks, orders, total in rows:
        sizes = [int(size) for size in orders.split(",")]
        assert sum(sizes) == int(total)
        for size in sizes:
            book.limit("sell" if side == "ask" else "buy", float(ticks), size)
    return book


def test_the_symbol_table_describes_the_book(book):
    text, top = text_of("book"), book.depth(1)
    for stated in (f"{book.best_bid:.0f}, {book.best_ask:.0f} ticks",
                   f"{top.bid_size[0]}, {top.ask_size[0]} shares",
                   f"{book.spread_ticks} ticks", f"{book.mid:.0f} ticks"):
        assert stated in text
    task = text_of("top-of-book-task")
    assert (f"spread {book.spread_ticks} ticks, mid {book.mid:.0f} ticks, {top.bid_size[0]} shares "
            f"at the bid, {top.ask_size[0]} at the ask") in task


def test_the_market_orders_of_the_text_pay_what_it_says(book):
    mid = book.mid
    bought = book.market("buy", 450)
    text, task = text_of("walk"), text_of("walk-the-book-task")
    assert f"= {bought.average_price:.2f}$ ticks" in text
    assert f"that is {bought.average_price - mid:.2f} ticks a share" in text
    assert f"({bought.average_price:.2f}…, 450)" in task
    assert f"({book.market('sell', 400).average_price:.3f}, 400)" in task


def test_the_order_in_the_queue_ends_where_the_text_says():
    stages = [int(n) for n in re.findall(r"(\d+) ahead[;.]", text_of("queue"))]
    queue, events = [(1, 200), (2, 50), (3, 100)], [("cancel", 2), ("join", 4, 500), ("trade", 120)]
    ahead = LESSON.check_named("shares_ahead").reference
    assert stages == [ahead(queue, 3, events[:k]) for k in (1, 2, 3)]
    assert f"story above:* {stages[-1]}." in text_of("shares-ahead-task")


def test_the_fills_of_the_backtest_are_those_of_the_rule():
    filled = LESSON.check_named("filled_shares").reference
    one = filled(100, 250, np.array([10_001]), np.array([100]), 10_001)
    two = filled(100, 250, np.array([10_001, 10_001]), np.array([200, 90]), 10_001)
    assert (f"a trade of 100 fills {one} of yours; trades of 200 and 90 fill {two}."
            in text_of("filled-shares-task"))


def test_the_fills_of_the_example_are_the_engines():
    given: dict = {}
    exec(text_of("engine-example"), given)
    assert given["expected_fills"] == LESSON.check_named("match").reference(given["example"])


def test_prices_after_fees_and_delays_are_those_of_the_reference():
    price = LESSON.check_named("all_in_price").reference
    buys = price("buy", 100.03, False, 0.003, 0.002)
    sells = price("sell", 100.03, True, 0.003, 0.002)
    assert (f"takes at 100.03 pays {buys:.3f}, a seller who makes at 100.03 receives {sells:.3f}"
            in text_of("all-in-price-task"))
    text = text_of("price-on-arrival-task")
    changes = re.search(r"the ask is (\d+) from (\d+) µs, (\d+) from (\d+), (\d+) from (\d+), "
                        r"(\d+) from (\d+)\.", text)
    numbers = np.array([int(n) for n in changes.groups()])
    arrive = LESSON.check_named("price_on_arrival").reference
    seen, met = arrive(numbers[1::2], numbers[::2], 900, 300, 200)
    assert f"you saw {seen} and met {met}." in text


def test_a_tick_in_basis_points_is_what_the_text_says():
    text = text_of("tick")
    for price in (10, 600):
        assert f"\\${price} stock" in text
        assert f"{100 / price:.2g} bps" in text
    assert f"0.003 is only {1e4 * 0.003 / 100:.1f} bps" in text_of("fees").replace("\\$", "")
    assert f"it is {100 * 0.003 / 0.005:.0f} %" in text_of("fees")
