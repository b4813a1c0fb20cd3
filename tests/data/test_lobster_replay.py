"""A LOBSTER day as engine messages: after each row the engine's book is the orderbook file's."""

import numpy as np
import pandas as pd
import pytest

from lobsim.data import LobsterDay, bundled, read_lobster, to_messages
from lobsim.engine import Kind, OrderBook, watch

REAL_DAYS = [
    "AAPL_2012-06-21_trimmed998_message_10.csv",
    "LOBSTER_SampleFile_AMZN_2012-06-21_1.zip",
    "LOBSTER_SampleFile_GOOG_2012-06-21_5.zip",
]
NEW, PARTIAL, DELETE, EXECUTION, HIDDEN, HALT = 1, 2, 3, 4, 5, 7


def make_day(events, books):
    """A day from (type, order_id, size, price, direction) and ([bids], [asks]) of (price, size)."""
    messages = pd.DataFrame(events, columns=["type", "order_id", "size", "price", "direction"])
    messages.insert(0, "time_ns", 34_200 * 10**9 + np.arange(len(events)))
    messages["price_e4"] = np.rint(messages["price"].to_numpy() * 1e4).astype(np.int64)
    depth = max(len(side) for book in books for side in book)
    columns = {}
    for level in range(depth):
        for name, place in (("ask", 1), ("bid", 0)):
            pairs = [book[place][level] if level < len(book[place]) else (np.nan, 0)
                     for book in books]  # fmt: skip
            columns[f"{name}_price_{level + 1}"] = [float(price) for price, _ in pairs]
            columns[f"{name}_size_{level + 1}"] = [size for _, size in pairs]
    return LobsterDay(messages, pd.DataFrame(columns))


def run(day, replay):
    """The engine's fills, and its levels after the last message of each row that has one."""
    book = OrderBook(replay.tick_size, 1, replay.price_min, replay.price_max)
    book.process(replay.initial)
    last = np.flatnonzero(np.diff(replay.rows, append=-1))
    seen = watch(book, replay.messages, day.levels, last)
    assert book.reject_counts == {}
    book.check_invariants()
    return seen, replay.rows[last]


def fills_of(replay):
    book = OrderBook(replay.tick_size, 1, replay.price_min, replay.price_max)
    book.process(replay.initial)
    return book.process(replay.messages)


def assert_equal_books(day, replay):
    seen, rows = run(day, replay)
    for side, ticks, sizes in (
        ("ask", seen.ask_ticks, seen.ask_sizes),
        ("bid", seen.bid_ticks, seen.bid_sizes),
    ):
        for level in range(day.levels):
            price = day.book[f"{side}_price_{level + 1}"].to_numpy()[rows]
            size = day.book[f"{side}_size_{level + 1}"].to_numpy()[rows]
            expected = np.rint(np.nan_to_num(price) / replay.tick_size)
            assert (sizes[:, level] == size).all()
            assert (ticks[:, level] == np.where(size > 0, expected, 0)).all()
    # A row without a message of its own changes nothing.
    silent = np.setdiff1d(np.arange(1, len(day)), rows)
    values = day.book.fillna(0).to_numpy()
    assert (values[silent] == values[silent - 1]).all()


def assert_executions_hit_named_orders(day, replay):
    """Each execution row fills its size at its price from the order it names."""
    fills = fills_of(replay)
    rows = replay.rows[fills["message_index"]]
    events = day.messages.iloc[rows]
    maker = replay.order_ids[fills["maker_id"]]
    assert (events["type"] == EXECUTION).all()
    assert (maker == events["order_id"]).all()
    price = np.rint(events["price_e4"] / (replay.tick_size * 1e4))
    assert (fills["price_ticks"] == price).all()
    assert (fills["taker_side"] == -events["direction"]).all()
    executed = day.messages["type"] == EXECUTION
    filled = np.bincount(rows, fills["size"], minlength=len(day))
    assert (filled == np.where(executed, day.messages["size"], 0)).all()


@pytest.mark.parametrize("name", REAL_DAYS)
def test_every_row_of_a_real_day_is_met_at_every_level(name, real_data):
    day = read_lobster(real_data / "lobster" / name)
    replay = to_messages(day)
    assert_equal_books(day, replay)
    assert_executions_hit_named_orders(day, replay)


def test_every_row_of_the_bundled_day_is_met_at_every_level():
    day = read_lobster(bundled("lobster_messages"))
    replay = to_messages(day)
    assert_equal_books(day, replay)
    assert_executions_hit_named_orders(day, replay)


BOOK = ([(10.00, 100)], [(10.02, 50)])


def test_the_first_book_is_the_one_before_the_first_message():
    day = make_day([(NEW, 7, 30, 10.00, 1)], [([(10.00, 130)], [(10.02, 50)])])
    replay = to_messages(day)
    assert replay.initial["size"].tolist() == [100, 50]
    assert replay.messages["size"].tolist() == [30]
    assert not replay.is_patch.any()


def test_known_orders_keep_their_lobster_ids():
    day = make_day(
        [(NEW, 77, 30, 10.01, 1), (PARTIAL, 77, 10, 10.01, 1), (DELETE, 77, 20, 10.01, 1)],
        [([(10.01, 30), (10.00, 100)], [(10.02, 50)]),
         ([(10.01, 20), (10.00, 100)], [(10.02, 50)]),
         BOOK],
    )  # fmt: skip
    replay = to_messages(day)
    assert replay.messages["kind"].tolist() == [Kind.LIMIT, Kind.REDUCE, Kind.CANCEL]
    assert len(set(replay.messages["order_id"].tolist())) == 1
    assert replay.order_ids[replay.messages["order_id"][0]] == 77
    assert not replay.is_patch.any()
    assert_equal_books(day, replay)


def test_hidden_executions_and_halts_give_no_message():
    day = make_day(
        [(HIDDEN, 0, 10, 10.01, 1), (HALT, 0, 0, -0.0001, -1), (NEW, 1, 10, 10.00, 1)],
        [BOOK, BOOK, ([(10.00, 110)], [(10.02, 50)])],
    )
    replay = to_messages(day)
    assert replay.rows.tolist() == [2]


def test_an_execution_is_matched_from_the_other_side():
    day = make_day([(EXECUTION, 5, 20, 10.02, -1)], [([(10.00, 100)], [(10.02, 30)])])
    replay = to_messages(day)
    message = replay.messages[~replay.is_patch][0]
    assert (message["kind"], message["side"], message["size"]) == (Kind.IOC, 1, 20)
    assert_equal_books(day, replay)
    assert_executions_hit_named_orders(day, replay)


def test_an_order_named_by_an_execution_comes_before_shares_of_unknown_age():
    """The 100 shares there at the start may be younger than they look: the tape says who was first."""
    day = make_day(
        [(NEW, 9, 40, 10.00, 1), (EXECUTION, 9, 40, 10.00, 1)],
        [([(10.00, 140)], [(10.02, 50)]), BOOK],
    )
    replay = to_messages(day)
    fills = fills_of(replay)
    assert replay.order_ids[fills["maker_id"]].tolist() == [9]
    assert replay.is_patch.tolist() == [False, True, True, False]
    assert_equal_books(day, replay)


def test_depth_that_comes_into_view_is_patched_in():
    """One level: the bid goes, and a level that was hidden behind it appears."""
    day = make_day(
        [(NEW, 1, 10, 10.02, -1), (DELETE, 2, 100, 10.00, 1)],
        [([(10.00, 100)], [(10.02, 60)]), ([(9.97, 700)], [(10.02, 60)])],
    )
    replay = to_messages(day)
    assert replay.is_patch.tolist() == [False, False, True]
    assert (replay.messages["price_ticks"][-1], replay.messages["size"][-1]) == (997, 700)
    assert replay.order_ids[replay.messages["order_id"][-1]] == 0
    assert_equal_books(day, replay)


def test_shares_that_went_unseen_are_taken_from_the_end_of_the_queue():
    """A level leaves the view with 100 shares of two orders and comes back with 70 shares."""
    day = make_day(
        [(NEW, 1, 60, 10.00, 1), (NEW, 2, 40, 10.00, 1), (NEW, 3, 10, 10.01, 1),
         (DELETE, 3, 10, 10.01, 1)],
        [([(10.00, 60)], [(10.02, 60)]), ([(10.00, 100)], [(10.02, 60)]),
         ([(10.01, 10)], [(10.02, 60)]), ([(10.00, 70)], [(10.02, 60)])],
    )  # fmt: skip
    replay = to_messages(day)
    patch = replay.messages[replay.is_patch]
    assert patch["kind"].tolist() == [Kind.REDUCE] and patch["size"].tolist() == [30]
    assert replay.order_ids[patch["order_id"]].tolist() == [2]
    assert_equal_books(day, replay)


def test_shares_that_went_unseen_are_not_those_that_the_tape_names_later():
    """As before, but the younger order is deleted by name later: it was the older that went."""
    day = make_day(
        [(NEW, 1, 60, 10.00, 1), (NEW, 2, 40, 10.00, 1), (NEW, 3, 10, 10.01, 1),
         (DELETE, 3, 10, 10.01, 1), (DELETE, 2, 40, 10.00, 1)],
        [([(10.00, 60)], [(10.02, 60)]), ([(10.00, 100)], [(10.02, 60)]),
         ([(10.01, 10)], [(10.02, 60)]), ([(10.00, 70)], [(10.02, 60)]),
         ([(10.00, 30)], [(10.02, 60)])],
    )  # fmt: skip
    replay = to_messages(day)
    patch = replay.messages[replay.is_patch]
    assert patch["size"].tolist() == [30]
    assert replay.order_ids[patch["order_id"]].tolist() == [1]
    assert_equal_books(day, replay)


def test_the_tick_is_the_largest_that_all_visible_prices_share():
    day = make_day([(NEW, 1, 10, 10.0005, 1)], [([(10.0005, 10), (10.00, 100)], [(10.02, 50)])])
    assert to_messages(day).tick_size == 0.0005
    assert to_messages(day, 0.0001).tick_size == 0.0001
    with pytest.raises(ValueError, match="tick_size is 0.01; the prices .* multiples of 0.0005"):
        to_messages(day, 0.01)


def test_messages_unpack_with_the_book_before_them():
    messages, initial = to_messages(make_day([(NEW, 7, 30, 10.00, 1)], [BOOK]))
    assert messages["kind"].tolist() == [Kind.LIMIT]
    assert (initial["side"] == [1, -1]).all()
