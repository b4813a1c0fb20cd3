"""Events that are told from messages: what they are, what they met, and the time between them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.engine import MESSAGE, Kind, OrderBook, process
from lobsim.market.calibrate.events import CANCEL, LIMIT, MARKET, event_log

NS = 1_000_000_000


def messages(*rows):
    """Rows of (seconds, id, price, size, kind, side[, new id])."""
    return np.array([(round(row[0] * NS), row[1], row[2], row[3], 0, row[4], row[5],
                      row[6] if len(row) > 6 else -1) for row in rows], MESSAGE)


BOOK = messages((0, 1, 100, 5, Kind.LIMIT, 1), (0, 2, 99, 5, Kind.LIMIT, 1),
                (0, 3, 102, 5, Kind.LIMIT, -1), (0, 4, 102, 3, Kind.LIMIT, -1),
                (0, 5, 104, 5, Kind.LIMIT, -1))


def told(log, *names):
    return [tuple(int(row[name]) for name in names) for row in log.events]


def test_each_kind_of_message_is_the_event_that_it_is():
    log = event_log(messages(
        (1, 6, 100, 2, Kind.LIMIT, 1),
        (2, 2, 0, 4, Kind.REDUCE, 0),
        (3, 2, 0, 0, Kind.CANCEL, 0),
        (4, 7, 102, 6, Kind.IOC, 1),
        (5, 8, 100, 1, Kind.MARKET, -1),
        (6, 9, 101, 7, Kind.POST_ONLY, -1),
    ), BOOK)
    assert told(log, "kind", "side", "price_ticks", "size", "distance", "queue_lots") == [
        (LIMIT, 1, 100, 2, 2, 5),
        (CANCEL, 1, 99, 4, 3, 5),
        (CANCEL, 1, 99, 1, 3, 1),
        (MARKET, 1, 102, 6, 2, 8),
        (MARKET, -1, 100, 1, 2, 7),
        (LIMIT, -1, 101, 7, 1, 0),
    ]
    assert told(log, "partial") == [(0,), (1,), (0,), (0,), (0,), (0,)]
    assert log.types.tolist() == [0, 2, 2, 4, 5, 1]
    assert log.dropped == 0


def test_an_order_that_trades_and_rests_is_two_events():
    log = event_log(messages((1, 6, 103, 10, Kind.LIMIT, 1), (2, 6, 0, 0, Kind.CANCEL, 0)), BOOK)
    assert told(log, "kind", "side", "price_ticks", "size", "queue_lots") == [
        (MARKET, 1, 102, 8, 8), (LIMIT, 1, 103, 2, 0), (CANCEL, 1, 103, 2, 2)]


def test_a_replacement_is_a_cancel_and_a_new_order_unless_it_only_shrinks():
    log = event_log(messages(
        (1, 1, 100, 3, Kind.REPLACE, 0),
        (2, 1, 99, 3, Kind.REPLACE, 0, 20),
        (3, 20, 102, 3, Kind.REPLACE, 0),
    ), BOOK)
    assert told(log, "kind", "price_ticks", "size", "queue_lots", "partial") == [
        (CANCEL, 100, 2, 5, 1), (CANCEL, 100, 3, 3, 0), (LIMIT, 99, 3, 5, 0),
        (CANCEL, 99, 3, 8, 0), (MARKET, 102, 3, 8, 0)]


def test_parts_of_a_market_order_reported_at_one_time_are_one_event():
    log = event_log(messages((1, 6, 102, 5, Kind.IOC, 1), (1, 7, 102, 1, Kind.IOC, 1),
                             (1, 8, 100, 1, Kind.IOC, -1), (2, 9, 102, 1, Kind.IOC, 1)), BOOK)
    assert told(log, "kind", "side", "size") == [(MARKET, 1, 6), (MARKET, -1, 1), (MARKET, 1, 1)]


def test_refused_and_ignored_messages_are_no_events_but_patches_change_the_book():
    rows = messages((1, 77, 0, 0, Kind.CANCEL, 0), (2, 6, 100, 9, Kind.LIMIT, 1),
                    (3, 7, 100, 1, Kind.LIMIT, 1))
    log = event_log(rows, BOOK, ignore=[False, True, False])
    assert told(log, "price_ticks", "size", "queue_lots") == [(100, 1, 14)]
    assert log.dropped == 1


def test_times_are_those_that_the_book_spent_in_each_state():
    """Spread 2: bids at distances 2 and 3, asks at 2 (two orders) and 4; from 4 s on more bids."""
    rows = messages((0, 6, 90, 1, Kind.LIMIT, 1), (4, 7, 100, 1, Kind.LIMIT, 1),
                    (10, 7, 0, 0, Kind.CANCEL, 0))
    log = event_log(rows, BOOK)
    assert log.duration_s == 10
    assert log.order_time_s[[2, 3, 4, 12]].tolist() == [3 * 10 + 6, 10, 10, 10]
    assert (log.seen_time_s[1:] == 20).all()
    assert log.row_time_s.tolist() == [0, 4, 6, 0]
    # an even spread and no reference price before: half a tick below the mid of 101 or above it
    assert set(log.reference2.tolist()) == {201}
    assert log.queues[2].tolist() == [[6, 5, 0], [0, 8, 0]]
    assert log.best[2].tolist() == [[100, 6], [102, 8]]


def test_a_window_leaves_out_what_lies_before_and_after_it():
    rows = messages((1, 6, 100, 1, Kind.LIMIT, 1), (3, 7, 100, 1, Kind.LIMIT, 1),
                    (5, 8, 100, 1, Kind.LIMIT, 1), (9, 9, 100, 1, Kind.LIMIT, 1))
    log = event_log(rows, BOOK, window_s=(2, 6))
    assert told(log, "queue_lots") == [(6,), (7,)]
    assert log.row_time_s.sum() == log.duration_s == 4
    assert log.times_s.tolist() == [1, 3]


def test_what_lies_behind_the_levels_that_a_source_shows_takes_no_time():
    rows = messages((0, 6, 100, 1, Kind.LIMIT, 1), (10, 7, 100, 1, Kind.LIMIT, 1))
    log = event_log(rows, BOOK, levels=1, queues=1)
    assert log.order_time_s.nonzero()[0].tolist() == [2]
    assert log.order_time_s[2] == 10 * (2 + 2)
    assert log.seen_time_s[1:5].tolist() == [20, 20, 0, 0]  # the second level is out of sight


ROW = st.tuples(st.integers(1, 40), st.integers(95, 106), st.integers(1, 9),
                st.sampled_from([Kind.LIMIT, Kind.LIMIT, Kind.IOC, Kind.MARKET, Kind.POST_ONLY,
                                 Kind.FOK, Kind.CANCEL, Kind.REDUCE, Kind.REPLACE]),
                st.sampled_from([1, -1]), st.integers(0, 2), st.integers(-1, 60))


@given(st.lists(ROW, min_size=2, max_size=60))
def test_lots_are_conserved(rows):
    """Lots before + limit orders - cancellations - market orders = lots after."""
    now, made = 0, []
    for order, price, size, kind, side, wait, new in rows:
        now += wait
        made.append((now, order, price, size, kind, side, new if new > 0 else -1))
    made.append((now + 1, 999, 100, 1, Kind.CANCEL, 0))
    stream = messages(*made)
    log = event_log(stream, BOOK)
    book = OrderBook(tick_size=1, price_min=1, price_max=200)
    process(book, BOOK)
    before = sum(order.size for side in ("buy", "sell") for order in book.orders(side))
    process(book, stream)
    after = sum(order.size for side in ("buy", "sell") for order in book.orders(side))
    size, kind = log.events["size"].astype(int), log.events["kind"]
    change = size[kind == LIMIT].sum() - size[kind != LIMIT].sum()
    assert before + change == after
    assert log.row_time_s.sum() == pytest.approx(log.duration_s)
    assert (log.events["distance"] >= 0).all()


def test_bad_arguments_are_named():
    rows = messages((1, 6, 100, 1, Kind.LIMIT, 1), (2, 7, 100, 1, Kind.LIMIT, 1))
    with pytest.raises(ValueError, match="messages must be a one-dimensional array of lobsim"):
        event_log(np.zeros(3), BOOK)
    with pytest.raises(ValueError, match="messages is empty"):
        event_log(rows[:0], BOOK)
    with pytest.raises(ValueError, match="run back in time at row 1"):
        event_log(rows[::-1], BOOK)
    with pytest.raises(ValueError, match="the window runs from 5.0 s to 5.0 s"):
        event_log(rows, BOOK, window_s=(5, 5))
    with pytest.raises(ValueError, match="ignore has the shape"):
        event_log(rows, BOOK, ignore=[True])
    with pytest.raises(ValueError, match="levels is 1 and queues 3"):
        event_log(rows, BOOK, levels=1)
    with pytest.raises(ValueError, match="initial holds messages that are not limit orders"):
        event_log(rows, messages((0, 1, 0, 0, Kind.CANCEL, 0)))
