"""Databento's market by order in the engine: snapshots, fills, priority, and dirty feeds."""

import pytest
from databento_rows import (
    BAD_TIME,
    BY_PRICE,
    LAST,
    SNAPSHOT,
    TOP,
    Mbo,
    book_after,
    found,
    queue,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim import data
from lobsim.data import DataError
from lobsim.engine import Side

pytestmark = pytest.mark.filterwarnings("error")
REAL_SNAPSHOT = "databento/esh4-glbx-mdp3-20231224.mbo.dbn.zst"


def test_the_snapshot_is_the_book_at_the_start(tmp_path):
    """With a leading R, flagged or not, and without; the rows keep the queue's order."""
    for cleared in (SNAPSHOT | BAD_TIME, LAST, None):
        rows = Mbo()
        if cleared is not None:
            rows.put("R", flags=cleared)
        for order, side, price in ((9, "B", 4799), (4, "B", 4799), (7, "A", 4800)):
            rows.put("A", side, price, order, order, SNAPSHOT | (LAST if order == 7 else 0))
        replay = rows.put("A", "B", 4799, 1, 5).replay(tmp_path)
        assert replay.order_ids[replay.initial["order_id"]].tolist() == [9, 4, 7]
        assert len(replay.messages) == 1
        assert queue(replay, Side.BUY) == [(9, 4799.0, 9), (4, 4799.0, 4), (5, 4799.0, 1)]


def test_trades_and_fills_alone_do_not_change_the_book(tmp_path):
    rows = Mbo().put("A", "B", 4799, 5, 11)
    rows.put("T", "A", 4799, 3, 99, 0).put("F", "B", 4799, 3, 11, LAST)
    replay = rows.put("N").replay(tmp_path)
    assert queue(replay, Side.BUY) == [(11, 4799.0, 5)]
    assert found(replay.report) == {"fills_without_change": 3}
    assert replay.trades[["price", "size", "sign"]].values.tolist() == [[4799, 3, -1]]


def test_the_cancel_behind_a_fill_is_the_fill(tmp_path):
    rows = Mbo().put("A", "B", 4799, 5, 11).put("A", "B", 4799, 5, 12)
    rows.put("T", "A", 4799, 8, 0, 0).put("F", "B", 4799, 5, 11, 0).put("F", "B", 4799, 3, 12, 0)
    rows.put("C", "B", 4799, 5, 11, 0).put("C", "B", 4799, 3, 12, LAST)
    replay = rows.replay(tmp_path)
    _, fills = book_after(replay)
    assert replay.order_ids[fills["maker_id"]].tolist() == [11, 12]
    assert fills["size"].tolist() == [5, 3] and (fills["taker_side"] == -1).all()
    assert queue(replay, Side.BUY) == [(12, 4799.0, 2)]
    assert found(replay.report) == {}


def test_the_modify_behind_a_fill_is_the_fill_and_keeps_the_place(tmp_path):
    rows = Mbo().put("A", "B", 4799, 5, 11).put("A", "B", 4799, 5, 12)
    rows.put("T", "A", 4799, 2, 0, 0).put("F", "B", 4799, 2, 11, 0).put("M", "B", 4799, 3, 11)
    replay = rows.replay(tmp_path)
    _, fills = book_after(replay)
    assert fills["size"].tolist() == [2]
    assert queue(replay, Side.BUY) == [(11, 4799.0, 3), (12, 4799.0, 5)]


def test_a_cancel_without_fill_is_no_trade(tmp_path):
    rows = Mbo().put("A", "B", 4799, 5, 11).put("C", "B", 4799, 2, 11)
    replay = rows.replay(tmp_path)
    assert queue(replay, Side.BUY) == [(11, 4799.0, 3)]
    assert len(book_after(replay)[1]) == len(replay.trades) == 0


@pytest.mark.parametrize(
    "price, size, keeps",
    [(4799, 3, True), (4799, 5, True), (4799, 6, False), (4798.75, 5, False), (4798.75, 2, False)],
)
def test_a_modify_keeps_its_place_only_if_it_merely_shrinks(price, size, keeps, tmp_path):
    rows = Mbo().put("A", "B", price, 1, 10).put("A", "B", 4799, 5, 11).put("A", "B", price, 1, 12)
    replay = rows.put("M", "B", price, size, 11).replay(tmp_path)
    orders = [order for order, at, _ in queue(replay, Side.BUY) if at == price]
    assert orders == ([10, 11, 12] if keeps else [10, 12, 11])
    assert (11, float(price), size) in queue(replay, Side.BUY)


def test_a_modify_that_changes_nothing_keeps_the_place_for_the_next_fill(tmp_path):
    rows = Mbo().put("A", "B", 4799, 5, 11).put("A", "B", 4799, 5, 12).put("M", "B", 4799, 5, 11)
    rows.put("F", "B", 4799, 5, 11, 0).put("C", "B", 4799, 5, 11)
    replay = rows.replay(tmp_path)
    assert found(replay.report) == {}
    _, fills = book_after(replay)
    assert replay.order_ids[fills["maker_id"]].tolist() == [11]


def test_order_numbers_beyond_32_bits_are_renumbered(tmp_path):
    rows = Mbo().put("A", "B", 4799, 5, 6_412_777_162_812).put("A", "A", 4800, 5, 2**62)
    replay = rows.put("C", "A", 4800, 1, 2**62).replay(tmp_path)
    assert replay.messages["order_id"].tolist() == [1, 2, 2]
    assert queue(replay, Side.SELL) == [(2**62, 4800.0, 4)]
    assert queue(replay, Side.BUY) == [(6_412_777_162_812, 4799.0, 5)]


def test_a_clear_takes_every_order_away(tmp_path):
    rows = Mbo().put("A", "B", 4799, 5, 11).put("A", "A", 4800, 5, 12).put("R")
    replay = rows.put("A", "B", 4790, 1, 11).replay(tmp_path)
    assert queue(replay, Side.BUY) == [(11, 4790.0, 1)] and queue(replay, Side.SELL) == []
    assert found(replay.report) == {"clears": 1}


def test_an_event_is_judged_when_it_is_complete(tmp_path):
    """What rests of the order that took comes before the cancels of those it hit."""
    rows = Mbo().put("A", "A", 4800, 5, 11)
    rows.put("T", "B", 4800, 5, 20, 0).put("F", "A", 4800, 5, 11, 0)
    rows.put("A", "B", 4800, 3, 20, 0).put("C", "A", 4800, 5, 11, LAST)
    replay = rows.replay(tmp_path)
    assert found(replay.report) == {}
    assert queue(replay, Side.BUY) == [(20, 4800.0, 3)] and queue(replay, Side.SELL) == []
    assert book_after(replay)[1]["size"].tolist() == [5]


def test_an_order_kept_back_goes_before_those_that_came_later(tmp_path):
    """In one event 12 crosses, 11 goes and 13 comes to the price of 12."""
    rows = Mbo().put("A", "A", 4800, 5, 11)
    rows.put("A", "B", 4800, 3, 12, 0).put("C", "A", 4800, 5, 11, 0).put("A", "B", 4800, 2, 13)
    replay = rows.replay(tmp_path)
    assert queue(replay, Side.BUY) == [(12, 4800.0, 3), (13, 4800.0, 2)]
    assert found(replay.report) == {}


def test_a_crossed_book_waits_until_it_no_longer_crosses(tmp_path):
    rows = Mbo().put("A", "A", 4800, 5, 11).put("A", "B", 4801, 3, 12)
    before = rows.replay(tmp_path)
    assert found(before.report) == {"crossed": 1, "still_kept_back": 1}
    after = rows.put("C", "A", 4800, 5, 11).replay(tmp_path)
    assert found(after.report) == {"crossed": 1}
    assert queue(after, Side.BUY) == [(12, 4801.0, 3)]


def test_a_stream_that_begins_late_counts_the_orders_it_does_not_know(tmp_path):
    rows = Mbo().put("C", "B", 4799, 5, 11).put("M", "A", 4800, 5, 12)
    rows.put("F", "B", 4799, 2, 13, 0).put("C", "B", 4799, 2, 13)
    replay = rows.replay(tmp_path)
    assert replay.report["unknown_orders"] >= 3
    assert queue(replay, Side.SELL) == [(12, 4800.0, 5)], "a modify tells all of the order"


def test_top_of_book_records_replace_what_stood_on_their_side(tmp_path):
    rows = Mbo().put("A", "B", 4799, 5, 0, TOP | LAST).put("A", "A", 4800, 7, 0, TOP | LAST)
    rows.put("A", "B", 4799.25, 4, 0, TOP | LAST).put("A", "A", None, 0, 0, TOP | LAST)
    replay = rows.replay(tmp_path)
    assert queue(replay, Side.BUY) == [(-1, 4799.25, 4)] and queue(replay, Side.SELL) == []
    assert replay.report["top_of_book"] == 4


def test_totals_of_prices_are_no_orders(tmp_path):
    table = Mbo().put("A", "B", 4799, 5, 0, BY_PRICE | LAST).read(tmp_path)
    with pytest.raises(ValueError, match=r"1 rows are totals of a price \(flag 16\), not orders"):
        data.mbo_to_messages(table)


def test_two_venues_or_instruments_are_not_one_book(tmp_path):
    rows = Mbo().put("A", "B", 4799, 5, 11).put("A", "B", 4799, 6, 12, ids="2,7")
    rows.put("A", "B", 4799, 7, 13, ids="1,8")
    table = rows.read(tmp_path)
    with pytest.raises(ValueError, match="2 values of instrument_id .* instrument=..."):
        data.mbo_to_messages(table)
    with pytest.raises(ValueError, match="2 values of publisher_id .* publisher=..."):
        data.mbo_to_messages(rows.read(tmp_path, instrument=7))
    one = data.mbo_to_messages(rows.read(tmp_path, publisher=1, instrument=7), 0.25)
    assert queue(one, Side.BUY) == [(11, 4799.0, 5)]
    with pytest.raises(DataError, match="no row with publisher_id 3; it holds 1, 2"):
        rows.read(tmp_path, publisher=3)


def test_a_tick_that_prices_are_no_multiples_of_is_refused(tmp_path):
    table = Mbo().put("A", "B", 4799.1, 5, 11).read(tmp_path)
    with pytest.raises(ValueError, match=r"tick_size is 0.25; .* multiples of 4799.1"):
        data.mbo_to_messages(table, 0.25)


_event = st.tuples(st.sampled_from("AAACM"), st.sampled_from("AB"), st.integers(1, 8),
                   st.integers(1, 5), st.integers(1, 6))  # fmt: skip


@settings(max_examples=80)
@given(events=st.lists(_event, max_size=40))
def test_the_engines_book_is_that_of_the_orders(events, tmp_path_factory):
    """Against a dict of orders; bids and asks never meet here, so nothing is kept back."""
    rows, orders = Mbo(), {}
    rows.put("A", "B", 1, 1, 1000)
    orders[1000] = ("B", 1, 1)
    for action, side, price, size, order in events:
        price += 0 if side == "B" else 10
        if (order in orders) == (action == "A"):
            continue
        if action == "A":
            orders[order] = (side, price, size)
        elif action == "M":
            side, price = orders[order][0], price if side == orders[order][0] else orders[order][1]
            orders[order] = (side, price, size)
        else:
            side, price, held = orders.pop(order)
            if size < held:
                orders[order] = (side, price, held - size)
            size = min(size, held)
        rows.put(action, side, price, size, order)
    replay = data.mbo_to_messages(rows.read(tmp_path_factory.getbasetemp()), 1.0)
    assert found(replay.report) == {}
    for side, letter in ((Side.BUY, "B"), (Side.SELL, "A")):
        expected = {(order, *rest) for order, (at, *rest) in orders.items() if at == letter}
        assert set(queue(replay, side)) == expected


def test_the_real_snapshot_is_a_book(real_data):
    pytest.importorskip("databento_dbn")
    table = data.read_databento(real_data / REAL_SNAPSHOT)
    replay = data.mbo_to_messages(table)
    assert len(replay.initial) == len(table) == 8725 and len(replay.messages) == 0
    assert replay.tick_size == 0.25 and found(replay.report) == {}
    book, _ = book_after(replay)
    for side in Side:
        mine = table[table["side"] == side]
        best = mine["price"].max() if side == Side.BUY else mine["price"].min()
        level = mine[mine["price"] == best]
        top = book.orders(side)[: len(level)]
        assert [int(replay.order_ids[o.order_id]) for o in top] == level["order_id"].tolist()
        assert [o.size for o in top] == level["size"].tolist()
        assert sum(o.size for o in book.orders(side)) == mine["size"].sum()
