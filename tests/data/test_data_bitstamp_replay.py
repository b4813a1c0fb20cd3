"""Bitstamp order events as engine messages: each trap of the feed, in a tiny file."""

import numpy as np
import pandas as pd
import pytest
from bitstamp_laws import assert_engine_agrees
from tiny_files import text

from lobsim.data import (
    DataError,
    bitstamp_quotes,
    bitstamp_to_messages,
    bitstamp_trades,
    read_bitstamp,
)
from lobsim.engine import Kind

pytestmark = pytest.mark.filterwarnings("error")
HEADER = "id,timestamp,exchange_timestamp,price,volume,action,direction"
START_MS = 1_736_949_600_000
FIRST_ID = 2_002_347_637_000_000  # beyond int32, as the exchange's ids are


def read(tmp_path, rows, header=HEADER):
    """Events from (id, ms, price, volume, action, direction), ids and ms as offsets."""
    lines = [header] + [
        f"{FIRST_ID + order},{START_MS + ms},{START_MS + ms - 5},{price},{volume},{action},{side}"
        for order, ms, price, volume, action, side in rows
    ]
    path = tmp_path / "events.csv"
    path.write_bytes(text(lines))
    return read_bitstamp(path)


BOOK = [
    (1, 0, 100, 2.0, "created", "bid"),
    (2, 10, 102, 1.0, "created", "ask"),
    (3, 20, 102, 0.5, "created", "ask"),
]


def test_volume_is_what_remains_so_a_fill_is_the_fall(tmp_path):
    rows = [
        *BOOK,
        (4, 30, 102, 1.2, "created", "bid"),
        (2, 31, 102, 0, "deleted", "ask"),
        (4, 31, 102, 0.2, "changed", "bid"),
        (3, 33, 102, 0.3, "changed", "ask"),
        (4, 33, 102, 0, "deleted", "bid"),
    ]
    replay = bitstamp_to_messages(read(tmp_path, rows))
    trades = replay.trades
    assert trades[["price", "size", "sign"]].values.tolist() == [[102, 1.0, 1], [102, 0.2, 1]]
    assert (trades["maker_id"] - FIRST_ID).tolist() == [2, 3]
    assert (trades["taker_id"] - FIRST_ID).tolist() == [4, 4]
    fills = assert_engine_agrees(replay)
    assert (replay.order_ids[fills["maker_id"]] - FIRST_ID).tolist() == [2, 3]
    assert (replay.order_ids[fills["taker_id"]] - FIRST_ID).tolist() == [4, 4]
    assert replay.quotes["ask_size"].iloc[-1] == 0.3


def test_a_delete_with_volume_left_is_a_cancel_and_no_trade(tmp_path):
    rows = [*BOOK, (2, 30, 102, 1.0, "deleted", "ask"), (3, 40, 102, 0.5, "deleted", "ask")]
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert len(replay.trades) == 0
    assert replay.report["cancels"] == 2
    assert replay.messages["kind"].tolist() == [Kind.LIMIT] * 3 + [Kind.CANCEL] * 2
    assert_engine_agrees(replay)
    assert np.isnan(replay.quotes["ask"].iloc[-1]) and replay.quotes["ask_size"].iloc[-1] == 0


def test_a_fall_without_a_partner_is_a_partial_cancel_and_counted(tmp_path):
    rows = [*BOOK, (2, 30, 102, 0.4, "changed", "ask")]
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["fills_unmatched"] == 1
    assert replay.messages["kind"][-1] == Kind.REDUCE
    assert replay.quotes["ask_size"].iloc[-1] == 0.9
    assert_engine_agrees(replay)


def test_satoshi_of_2015_and_bitcoin_of_2026_give_the_same_replay(tmp_path):
    rows = [*BOOK, (4, 30, 102, 1.0, "created", "bid"), (2, 31, 102, 0, "deleted", "ask"),
            (4, 31, 102, 0, "deleted", "bid")]  # fmt: skip
    bitcoin = bitstamp_to_messages(read(tmp_path, rows))
    old = [(*row[:3], round(row[3] * 10**8), *row[4:]) for row in rows]
    header = HEADER.replace("exchange_timestamp", "exchange.timestamp")
    satoshi = bitstamp_to_messages(read(tmp_path, old, header))
    pd.testing.assert_frame_equal(bitcoin.trades, satoshi.trades)
    pd.testing.assert_frame_equal(bitcoin.quotes, satoshi.quotes)
    assert (bitcoin.messages == satoshi.messages).all()


def test_flash_orders_are_left_out_and_counted(tmp_path):
    rows = [*BOOK, (4, 30, 103, 9.0, "created", "bid"), (4, 30, 103, 9.0, "deleted", "bid")]
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["flash_orders"] == 1
    assert replay.report["crossed_rows"] == 1
    assert replay.report["crossed_rows_without_flash"] == 0
    assert len(replay.messages) == len(BOOK)
    assert (replay.quotes["bid"].iloc[1:] == 100).all()


def test_an_order_deleted_in_its_millisecond_after_a_fill_is_no_flash_order(tmp_path):
    rows = [*BOOK, (4, 30, 102, 1.5, "created", "bid"), (4, 30, 102, 0.5, "changed", "bid"),
            (2, 30, 102, 0, "deleted", "ask"), (4, 30, 102, 0.5, "deleted", "bid")]  # fmt: skip
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["flash_orders"] == 0
    assert replay.trades["size"].tolist() == [1.0]
    assert_engine_agrees(replay)


def test_stale_snapshot_orders_are_taken_out_when_the_tape_goes_through_them(tmp_path):
    """The ask at 101 was gone before the stream began; bids come to its price and stay."""
    rows = [
        (1, 0, 100, 2.0, "created", "bid"),
        (2, 0, 101, 7.0, "created", "ask"),
        (3, 0, 103, 1.0, "created", "ask"),
        (4, 100, 101, 0.6, "created", "bid"),
        (5, 5000, 101, 0.1, "created", "bid"),
        (6, 5001, 99, 0.1, "created", "bid"),
        *((order, 9000, price, volume, "deleted", side) for order, price, volume, side in (
            (1, 100, 2.0, "bid"), (2, 101, 7.0, "ask"), (3, 103, 1.0, "ask"), (4, 101, 0.6, "bid"),
            (5, 101, 0.1, "bid"), (6, 99, 0.1, "bid"))),
    ]  # fmt: skip
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["initial_snapshot"] == len(replay.initial) == 3
    assert replay.report["end_deletes"] == 6 and replay.report["cancels"] == 0
    assert replay.report["stale_orders"] == 1
    assert replay.report["crossed_rows"] == replay.report["crossed_rows_without_flash"] > 0
    patch = replay.messages[replay.is_patch]
    assert patch["kind"].tolist() == [Kind.CANCEL]
    assert replay.order_ids[patch["order_id"]].tolist() == [FIRST_ID + 2]
    last = replay.quotes.iloc[-1]
    assert (last["bid"], last["ask"]) == (101, 103) and last["bid_size"] == pytest.approx(0.7)
    assert_engine_agrees(replay)


def test_a_rejected_order_that_crosses_for_some_milliseconds_waits_outside_the_book(tmp_path):
    rows = [*BOOK, (4, 30, 102, 0.7, "created", "bid"), (4, 45, 102, 0.7, "deleted", "bid"),
            (5, 90, 101, 0.7, "created", "bid")]  # fmt: skip
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["held_orders"] == 1
    assert replay.report["stale_orders"] == replay.report["flash_orders"] == 0
    assert replay.report["crossed_rows_without_flash"] == 1
    assert len(replay.messages) == 4
    assert_engine_agrees(replay)


def test_an_order_that_waited_rests_once_the_crossing_one_has_gone(tmp_path):
    """Its delete came late: first the new bid at 102, then the deletes of both asks there."""
    rows = [*BOOK, (4, 30, 102, 0.7, "created", "bid"), (2, 31, 102, 1.0, "deleted", "ask"),
            (3, 31, 102, 0.5, "deleted", "ask")]  # fmt: skip
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["held_orders"] == 1 and replay.report["stale_orders"] == 0
    assert replay.quotes["bid"].tolist() == [100, 100, 100, 100, 100, 102]
    assert_engine_agrees(replay)


def test_events_of_one_millisecond_may_come_in_any_order(tmp_path):
    rows = [
        *BOOK,
        (4, 30, 102, 0.3, "deleted", "bid"),
        (4, 30, 102, 0.3, "changed", "bid"),
        (4, 30, 102, 1.3, "created", "bid"),
        (2, 30, 102, 0, "deleted", "ask"),
    ]
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["events_reordered"] == 2  # of the three, the middle one stays
    assert replay.trades[["price", "size", "sign"]].values.tolist() == [[102, 1.0, 1]]
    fills = assert_engine_agrees(replay)
    assert fills["taker_side"].tolist() == [1]


def test_events_after_the_end_of_an_order_are_ignored_and_counted(tmp_path):
    rows = [*BOOK, (2, 30, 102, 1.0, "deleted", "ask"), (2, 31, 102, 1.0, "deleted", "ask")]
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["after_delete"] == 1
    assert replay.report["cancels"] == 1
    assert_engine_agrees(replay)


def test_a_volume_that_rises_gives_no_fill_and_is_counted(tmp_path):
    rows = [*BOOK, (2, 30, 102, 1.5, "changed", "ask")]
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["volume_rises"] == 1
    assert replay.report["fills_unmatched"] == len(replay.trades) == 0


def test_an_id_created_again_counts_as_a_change(tmp_path):
    """The stream repeats an order that the snapshot has shown."""
    rows = [*BOOK, (2, 30, 102, 1.0, "created", "ask")]
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["created_again"] == 1
    assert replay.quotes["ask_size"].iloc[-1] == 1.5


def test_a_market_order_is_created_at_an_extreme_price_and_trades_at_the_makers(tmp_path):
    rows = [*BOOK, (4, 30, 99999.99, 1.0, "created", "bid"), (2, 31, 102, 0, "deleted", "ask"),
            (4, 32, 99999.99, 0, "deleted", "bid"), (5, 40, 0.01, 2, "created", "ask"),
            (1, 41, 100, 0, "deleted", "bid"), (5, 41, 0.01, 0, "deleted", "ask")]  # fmt: skip
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.trades[["price", "sign"]].values.tolist() == [[102, 1], [100, -1]]
    assert (replay.price_min, replay.price_max) == (100, 102)
    assert_engine_agrees(replay)


def test_orders_far_from_the_market_are_left_out_and_counted(tmp_path):
    rows = [*BOOK, (4, 30, 0.01, 5500, "created", "bid"), (4, 99, 0.01, 5500, "deleted", "bid")]
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["far_orders"] == 1
    assert len(replay.messages) == 3
    assert replay.lot_size == 1e-8, "an order left out does not coarsen the lot"


def test_a_market_order_that_walks_takes_at_each_price_and_rests_nowhere_between(tmp_path):
    """In 2015 the price of such an order follows its fills; the row that moves it has none."""
    rows = [
        *BOOK,
        (5, 21, 103, 1.0, "created", "ask"),
        (4, 30, 102, 1.9, "created", "bid"),
        (2, 31, 102, 0, "deleted", "ask"),
        (4, 31, 102, 0.9, "changed", "bid"),
        (4, 32, 103, 0.9, "changed", "bid"),
        (3, 33, 102, 0, "deleted", "ask"),
        (4, 33, 103, 0.4, "changed", "bid"),
        (5, 35, 103, 0.6, "changed", "ask"),
        (4, 35, 103, 0, "deleted", "bid"),
    ]
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["price_changes"] == 1
    assert replay.trades["price"].tolist() == [102, 102, 103]
    assert (replay.trades["sign"] == 1).all()
    assert (replay.quotes["bid"] == 100).all()
    assert_engine_agrees(replay)


def test_a_changed_price_loses_priority(tmp_path):
    rows = [*BOOK, (4, 30, 101, 0.2, "created", "ask"), (4, 60, 102, 0.2, "changed", "ask"),
            (5, 90, 102, 1.2, "created", "bid"), (2, 91, 102, 0, "deleted", "ask"),
            (5, 91, 102, 0.2, "changed", "bid"), (3, 92, 102, 0.3, "changed", "ask"),
            (5, 92, 102, 0, "deleted", "bid")]  # fmt: skip
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["fills_out_of_priority"] == 0
    assert_engine_agrees(replay)


def test_a_fill_that_breaks_priority_is_a_counted_patch(tmp_path):
    """The younger of two asks is filled: the engine could only fill the older."""
    rows = [*BOOK, (4, 30, 102, 0.5, "created", "bid"), (3, 31, 102, 0, "deleted", "ask"),
            (4, 31, 102, 0, "deleted", "bid")]  # fmt: skip
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["fills_out_of_priority"] == 1
    assert replay.trades["size"].tolist() == [0.5]
    patch = replay.messages[replay.is_patch]
    assert replay.order_ids[patch["order_id"]].tolist() == [FIRST_ID + 3]
    assert_engine_agrees(replay)


def test_orders_older_than_the_file_are_in_the_first_book(tmp_path):
    """Of the ask the file only knows its end: what it held is what its partner lost."""
    rows = [(4, 0, 99, 1, "created", "bid"), (1, 10, 100, 2.0, "deleted", "bid"),
            (5, 20, 102, 0.8, "created", "bid"), (2, 21, 102, 0, "deleted", "ask"),
            (5, 22, 102, 0.1, "changed", "bid")]  # fmt: skip
    replay = bitstamp_to_messages(read(tmp_path, rows))
    assert replay.report["initial_unseen"] == 2 and replay.report["fills_inferred"] == 1
    assert (replay.order_ids[replay.initial["order_id"]] - FIRST_ID).tolist() == [1, 2]
    assert (replay.initial["size"] * replay.lot_size).tolist() == pytest.approx([2.0, 0.7])
    assert replay.trades[["price", "size", "sign"]].values.tolist() == [[102, 0.7, 1]]
    assert_engine_agrees(replay)


def test_ids_beyond_int32_are_numbered_anew_and_mapped_back(tmp_path):
    replay = bitstamp_to_messages(read(tmp_path, BOOK))
    assert replay.messages["order_id"].tolist() == [1, 2, 3]
    assert replay.order_ids.tolist() == [0, FIRST_ID + 1, FIRST_ID + 2, FIRST_ID + 3]


def test_the_lot_is_the_finest_that_the_largest_order_allows(tmp_path):
    assert bitstamp_to_messages(read(tmp_path, BOOK)).lot_size == 1e-8
    large = read(tmp_path, [*BOOK, (4, 30, 99, 300, "created", "bid")])
    assert bitstamp_to_messages(large).lot_size == 1e-6
    with pytest.raises(ValueError, match="lot_size is 1e-08; allowed is at least 0.0000001"):
        bitstamp_to_messages(large, lot_size=1e-8)
    coarse = bitstamp_to_messages(large, lot_size=0.5)
    assert coarse.messages["size"].tolist() == [4, 2, 1, 600]


def test_orders_below_half_a_lot_are_left_out_and_counted(tmp_path):
    events = read(tmp_path, [*BOOK, (4, 30, 101, 0.2, "created", "bid")])
    replay = bitstamp_to_messages(events, lot_size=0.5)
    assert replay.report["dust_orders"] == 1
    assert replay.quotes["bid"].iloc[-1] == 100


def test_a_tick_that_the_prices_do_not_share_is_refused(tmp_path):
    events = read(tmp_path, [*BOOK, (4, 30, 99.5, 1, "created", "bid")])
    assert bitstamp_to_messages(events).tick_size == 0.5
    assert bitstamp_to_messages(events, 0.1).tick_size == 0.1
    with pytest.raises(ValueError, match="tick_size is 1; the prices .* multiples of 0.5"):
        bitstamp_to_messages(events, 1)


def test_falls_that_the_feed_rounded_apart_are_one_trade(tmp_path):
    rows = [*BOOK, (4, 30, 102, 1.0, "created", "bid"), (2, 31, 102, 0.5, "changed", "ask"),
            (4, 31, 102, 0.49999999, "changed", "bid")]  # fmt: skip
    trades = bitstamp_trades(read(tmp_path, rows))
    assert trades["size"].tolist() == [0.50000001]
    assert trades.attrs["report"]["trades_rounded"] == 1
    apart = [*rows[:-1], (4, 31, 102, 0.4999, "changed", "bid")]
    assert bitstamp_trades(read(tmp_path, apart)).attrs["report"]["fills_unmatched"] == 2


def test_quotes_are_given_at_each_change_or_each_event(tmp_path):
    events = read(tmp_path, [*BOOK, (4, 30, 90, 1, "created", "bid")])
    assert len(bitstamp_quotes(events)) == 3
    every = bitstamp_quotes(events, changes_only=False)
    assert list(every) == ["time_ns", "bid", "bid_size", "ask", "ask_size"]
    assert len(every) == 4 and every.attrs["kind"] == "quotes"
    assert every.attrs["report"]["created"] == 4


def test_missing_columns_are_named():
    with pytest.raises(ValueError, match="events needs rows with the columns time_ns.* 0 rows"):
        bitstamp_trades(pd.DataFrame({"time_ns": []}))


@pytest.mark.parametrize(
    "row, wrong",
    [
        ("7,1736949600000,1736949600000,1,1,made,bid", "action is 'made'"),
        ("7,1736949600000,1736949600000,1,1,created,buy", "direction is 'buy'"),
        ("7,1736949600,1736949600000,1,1,created,bid", "timestamp is 1736949600; "),
        ("7,1736949600000,1736949600000,abc,1,created,bid", "price is 'abc'"),
        ("7,1736949600000,1736949600000,1,-1,created,bid", "volume is '-1'"),
        ("7,1736949600000,1736949600000,1,1,created", "6 columns"),
    ],
)
def test_a_malformed_row_is_named_with_file_row_and_value(row, wrong, tmp_path):
    path = tmp_path / "events.csv"
    path.write_bytes(text([HEADER, "6,1736949600000,1736949600000,1,1,created,bid", row]))
    with pytest.raises(DataError, match=wrong) as error:
        read_bitstamp(path)
    assert "events.csv, row 3" in str(error.value)
