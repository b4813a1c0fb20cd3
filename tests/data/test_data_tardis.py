"""Tardis CSV of all five types: what each trap of the format does to the table, and real files."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_files import text

from lobsim import data
from lobsim.data import DataError, read_tardis, tardis_quotes

pytestmark = pytest.mark.filterwarnings("error")
HEAD = "exchange,symbol,timestamp,local_timestamp"
TRADES = f"{HEAD},id,side,price,amount"
QUOTES = f"{HEAD},ask_amount,ask_price,bid_price,bid_amount"
CHANGES = f"{HEAD},is_snapshot,side,price,amount"
BOOK = f"{HEAD},asks[0].price,asks[0].amount,bids[0].price,bids[0].amount" + (
    ",asks[1].price,asks[1].amount,bids[1].price,bids[1].amount"
)
START_US = 1_736_899_200_000_000  # 2025-01-15, UTC


def read(tmp_path, header, rows, symbol="BTCUSDT"):
    """A file of rows (microseconds of exchange and receiver as offsets, then the columns)."""
    lines = [header] + [
        f"exch,{symbol},{START_US + sent},{START_US + received},{rest}"
        for sent, received, rest in rows
    ]
    path = tmp_path / "tardis.csv"
    path.write_bytes(text(lines))
    return read_tardis(path)


def values(quotes):
    """Rows of a quote table, None for an empty side."""
    table = quotes[["bid", "bid_size", "ask", "ask_size"]]
    return [[None if x != x else x for x in row] for row in table.to_numpy().tolist()]


def test_times_are_microseconds_since_1970_and_become_nanoseconds_of_the_day(tmp_path):
    table = read(tmp_path, TRADES, [(1_000_001, 1_000_251, "a,buy,100.5,2")])
    assert table["exchange_time_ns"].tolist() == [1_000_001_000]
    assert table["time_ns"].tolist() == [1_000_251_000]
    assert table["time_ns"].dtype == np.int64
    assert (table.attrs["date"], table.attrs["time_zone"]) == ("2025-01-15", "UTC")


@pytest.mark.parametrize("time", [1_736_899_200_000, 1_736_899_200_000_000_000, 0])
def test_milliseconds_and_nanoseconds_are_refused(time, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(text([TRADES, f"exch,BTCUSDT,{START_US},{time},a,buy,1,1"]))
    with pytest.raises(DataError, match=f"row 2: local_timestamp is {time}; .*microseconds"):
        read_tardis(path)


def test_the_columns_of_quotes_stand_ask_first_and_amount_outside(tmp_path):
    """ask_amount,ask_price,bid_price,bid_amount: amounts at the ends, prices in the middle."""
    table = read(tmp_path, QUOTES, [(0, 5, "7,101,100,3"), (10, 15, "8,101,100,2")])
    assert table.attrs["kind"] == "quotes"
    assert values(table) == [[100, 3, 101, 7], [100, 2, 101, 8]]


def test_columns_are_found_by_name(tmp_path):
    header = f"{HEAD},bid_price,bid_amount,ask_price,ask_amount"
    assert values(read(tmp_path, header, [(0, 5, "100,3,101,7")])) == [[100, 3, 101, 7]]


def test_an_empty_side_is_nan_with_size_0_and_counted(tmp_path):
    table = read(tmp_path, QUOTES, [(0, 5, ",,100,3"), (0, 6, "7,101,,"), (0, 7, "0,0,100,1")])
    assert values(table) == [[100, 3, None, 0], [None, 0, 101, 7], [100, 1, None, 0]]
    report = table.attrs["report"]
    assert (report["no_ask"], report["no_bid"]) == (2, 1)


def test_crossed_and_locked_quotes_are_counted_and_kept(tmp_path):
    rows = [(0, 5, "1,100,101,1"), (1, 6, "1,101,101,1"), (2, 7, "1,102,101,1")]
    table = read(tmp_path, QUOTES, rows)
    assert len(table) == 3
    assert (table.attrs["report"]["crossed"], table.attrs["report"]["locked"]) == (1, 1)


def test_the_side_of_a_trade_is_the_takers(tmp_path):
    rows = [(0, 5, "a,buy,100,1"), (0, 5, "b,sell,99,2"), (1, 6, "c,unknown,99,2")]
    table = read(tmp_path, TRADES, rows)
    assert table["sign"].tolist() == [1, -1, 0]
    assert table["trade_id"].tolist() == ["a", "b", "c"]
    assert table.attrs["report"]["unknown_side"] == 1


def test_trades_and_quotes_have_the_columns_that_all_readers_share(tmp_path):
    trades = read(tmp_path, TRADES, [(0, 5, "a,buy,100,1")])
    pd.testing.assert_frame_equal(data.read_trades(tmp_path / "tardis.csv"), trades)
    assert list(trades)[:8] == [
        "time_ns", "exchange", "symbol", "price", "size", "condition", "correction", "sequence",
    ]  # fmt: skip
    quotes = read(tmp_path, QUOTES, [(0, 5, "7,101,100,3")])
    pd.testing.assert_frame_equal(data.read_quotes(tmp_path / "tardis.csv"), quotes)
    assert list(quotes)[:9] == [
        "time_ns", "exchange", "symbol", "bid", "bid_size", "ask", "ask_size", "condition",
        "sequence",
    ]  # fmt: skip


SNAPSHOT = [
    (0, 5, "true,bid,100,3"),
    (0, 5, "true,ask,101,7"),
    (0, 5, "true,ask,102,1"),
]


def test_an_amount_is_the_new_total_of_the_level_and_not_its_change(tmp_path):
    changes = read(tmp_path, CHANGES, [*SNAPSHOT, (9, 12, "false,ask,101,4")])
    assert values(tardis_quotes(changes)) == [[100, 3, 101, 7], [100, 3, 101, 4]]


def test_an_amount_of_0_takes_the_level_away(tmp_path):
    rows = [*SNAPSHOT, (9, 12, "false,ask,101,0"), (10, 13, "false,ask,105,0"),
            (11, 14, "false,ask,102,0")]  # fmt: skip
    changes = read(tmp_path, CHANGES, rows)
    quotes = tardis_quotes(changes)
    assert values(quotes) == [[100, 3, 101, 7], [100, 3, 102, 1], [100, 3, None, 0]]
    assert changes.attrs["report"]["removals"] == 3
    assert quotes.attrs["report"]["removed_unknown"] == 1


def test_rows_of_one_local_timestamp_belong_together(tmp_path):
    """Both sides move up: in between the book would look crossed."""
    rows = [*SNAPSHOT, (9, 12, "false,bid,103,1"), (9, 12, "false,ask,101,0"),
            (9, 12, "false,ask,102,0"), (9, 12, "false,ask,104,2")]  # fmt: skip
    quotes = tardis_quotes(read(tmp_path, CHANGES, rows))
    assert values(quotes) == [[100, 3, 101, 7], [103, 1, 104, 2]]
    assert quotes["time_ns"].tolist() == [5_000, 12_000]
    assert quotes.attrs["report"]["crossed"] == 0


def test_a_snapshot_after_changes_clears_the_book_first(tmp_path):
    rows = [*SNAPSHOT, (9, 12, "false,bid,100.5,1"), (20, 25, "true,bid,90,2"),
            (20, 25, "true,ask,95,2")]  # fmt: skip
    changes = read(tmp_path, CHANGES, rows)
    assert changes.attrs["report"]["snapshots"] == 2
    assert values(tardis_quotes(changes))[-1] == [90, 2, 95, 2]


def test_rows_of_one_snapshot_do_not_clear_each_other(tmp_path):
    """A snapshot may come in several messages: only the turn from false to true clears."""
    rows = [*SNAPSHOT, (1, 6, "true,bid,99,1"), (2, 7, "false,bid,100,0")]
    assert values(tardis_quotes(read(tmp_path, CHANGES, rows)))[-1] == [99, 1, 101, 7]


def test_a_crossed_book_is_counted_and_left_crossed(tmp_path):
    quotes = tardis_quotes(read(tmp_path, CHANGES, [*SNAPSHOT, (9, 12, "false,bid,101.5,1")]))
    assert values(quotes)[-1] == [101.5, 1, 101, 7]
    assert quotes.attrs["report"]["crossed"] == 1


def test_snapshots_of_any_depth_are_read_level_by_level(tmp_path):
    book = read(tmp_path, BOOK, [(0, 5, "101,7,100,3,102,1,99,4"), (8, 9, "101,6,100,3,102,1,,")])
    assert book.attrs["kind"] == "book"
    levels = ["ask_price_1", "ask_size_1", "bid_price_1", "bid_size_1"]
    assert book[levels].to_numpy().tolist() == [[101, 7, 100, 3], [101, 6, 100, 3]]
    assert book["bid_price_2"].iloc[0] == 99 and np.isnan(book["bid_price_2"].iloc[1])
    assert book["bid_size_2"].tolist() == [4, 0]
    assert book.attrs["report"]["missing_levels"] == 1
    assert values(tardis_quotes(book)) == [[100, 3, 101, 7], [100, 3, 101, 6]]


def test_clocks_that_jump_back_are_counted_and_rows_stay_where_they_are(tmp_path):
    rows = [(10, 20, "a,buy,1,1"), (5, 30, "b,buy,1,1"), (40, 35, "c,buy,1,1"),
            (41, 33, "d,buy,1,1")]  # fmt: skip
    table = read(tmp_path, TRADES, rows)
    report = table.attrs["report"]
    assert report["exchange_time_backwards"] == 1
    assert report["local_time_backwards"] == 1
    assert report["negative_latency"] == 2
    assert table["trade_id"].tolist() == ["a", "b", "c", "d"]


def test_one_symbol_of_a_grouped_file(tmp_path):
    lines = [CHANGES] + [
        f"exch,{symbol},{START_US},{START_US + 5},true,bid,{price},1"
        for symbol, price in (("AAA", 5), ("BBB", 7), ("AAA", 6))
    ]
    path = tmp_path / "grouped.csv.gz"
    path.write_bytes(gzip.compress(text(lines)))
    both = read_tardis(path)
    with pytest.raises(ValueError, match="holds 2 symbols .*allowed is one"):
        tardis_quotes(both)
    one = read_tardis(path, "AAA")
    assert one["price"].tolist() == [5, 6]
    assert tardis_quotes(one)["bid"].tolist() == [6]
    pd.testing.assert_frame_equal(data.read_any(path, "AAA"), one)


def test_quotes_are_not_made_from_trades(tmp_path):
    with pytest.raises(ValueError, match="kind 'trades'; allowed are 'book changes' and 'book'"):
        tardis_quotes(read(tmp_path, TRADES, [(0, 5, "a,buy,1,1")]))


@pytest.mark.parametrize(
    "header, row, says",
    [
        (TRADES, "a,taker,1,1", "side is 'taker'; allowed are buy, sell, unknown"),
        (TRADES, "a,buy,zero,1", "price is 'zero'"),
        (TRADES, "a,buy,0,1", "price is 0.0; allowed is a positive number"),
        (TRADES, "a,buy,1,-1", "amount is '-1'"),
        (TRADES, "a,buy,1", "has 7 columns"),
        (CHANGES, "yes,bid,1,1", "is_snapshot is 'yes'; allowed are true, false"),
        (CHANGES, "true,buy,1,1", "side is 'buy'; allowed are bid, ask"),
        (CHANGES, "true,bid,,1", "price is ''"),
        (QUOTES, "1,2,x,1", "bid_price is 'x'"),
        (BOOK, "1,1,1,1,1,nan,1,1", r"asks\[1\].amount is 'nan'"),
    ],
)
def test_a_malformed_row_is_named_with_file_row_and_value(header, row, says, tmp_path):
    good = {TRADES: "a,buy,1,1", CHANGES: "true,bid,1,1", QUOTES: "1,2,1,1",
            BOOK: "1,1,1,1,1,1,1,1"}[header]  # fmt: skip
    with pytest.raises(DataError, match=says) as error:
        read(tmp_path, header, [(0, 1, good), (1, 2, row)])
    assert "tardis.csv, row 3" in str(error.value)


def test_a_header_of_no_tardis_file_is_refused_with_what_it_looks_like(tmp_path):
    path = tmp_path / "x.csv"
    header = "id,timestamp,exchange_timestamp,price,volume,action,direction"
    path.write_bytes(text([header, "1,1,1,1,1,x,y"]))
    with pytest.raises(DataError, match="not the header of a Tardis .* Bitstamp order events"):
        read_tardis(path)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),  # microseconds to the one before
            st.sampled_from(["false", "false", "false", "true"]),
            st.sampled_from(["bid", "ask"]),
            st.integers(1, 9),
            st.integers(0, 3),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_quotes_are_those_of_a_book_kept_in_plain_python(tmp_path_factory, rows):
    time, lines, sides, before = 0, [], {"bid": {}, "ask": {}}, "false"
    seen = {}  # local time -> best quotes after its last row
    for step, snapshot, side, price, amount in rows:
        time += step
        lines.append((time, time, f"{snapshot},{side},{price},{amount}"))
        if (before, snapshot) == ("false", "true"):
            sides = {"bid": {}, "ask": {}}
        before = snapshot
        sides[side][price] = amount
        bids, asks = ({p for p, a in sides[name].items() if a} for name in ("bid", "ask"))
        bid, ask = max(bids, default=None), min(asks, default=None)
        seen[time] = [bid, sides["bid"].get(bid, 0), ask, sides["ask"].get(ask, 0)]
    changes = read(tmp_path_factory.getbasetemp(), CHANGES, lines)
    states = list(seen.items())
    new = [state for k, state in enumerate(states) if k == 0 or states[k - 1][1] != state[1]]
    quotes = tardis_quotes(changes)
    assert values(quotes) == [state for _, state in new]
    assert (quotes["time_ns"] // 1000).tolist() == [at for at, _ in new]


REAL = {  # file -> kind, rows, symbol, day
    "binance-futures_book_snapshot_25_BTCUSDT.csv": ("book", 10, "BTCUSDT", "2020-09-01"),
    "binance-futures_book_snapshot_5_BTCUSDT.csv": ("book", 10, "BTCUSDT", "2020-09-01"),
    "bitmex_trades_XBTUSD.csv": ("trades", 10, "XBTUSD", "2020-03-01"),
    "deribit_incremental_book_L2_BTC-PERPETUAL.csv":
        ("book changes", 15, "BTC-PERPETUAL", "2020-04-01"),
    "huobi-dm-swap_quotes_BTC-USD.csv": ("quotes", 10, "BTC-USD", "2020-05-01"),
}  # fmt: skip


def test_every_real_file_is_in_this_table(real_data):
    assert {path.name for path in (real_data / "tardis").iterdir()} == set(REAL)


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_read_whole_and_agree_with_their_text(name, real_data):
    kind, rows, symbol, day = REAL[name]
    path = real_data / "tardis" / name
    table = data.read_any(path)
    header, *lines = path.read_text().splitlines()
    assert data.sniff(path) == "tardis" and table.attrs["kind"] == kind
    assert len(table) == len(lines) == rows
    assert (table.attrs["symbol"], table.attrs["date"]) == (symbol, day)
    midnight = int(np.datetime64(day, "us").astype(np.int64))
    columns = {"ask_price": "ask", "bid_price": "bid", "ask_amount": "ask_size",
               "bid_amount": "bid_size", "amount": "size", "price": "price",
               "asks[4].amount": "ask_size_5", "bids[0].price": "bid_price_1"}  # fmt: skip
    for number, line in enumerate(lines):
        cells = dict(zip(header.split(","), line.split(","), strict=True))
        row = table.iloc[number]
        assert row["time_ns"] == (int(cells["local_timestamp"]) - midnight) * 1000
        assert row["exchange_time_ns"] == (int(cells["timestamp"]) - midnight) * 1000
        for column, own in columns.items():
            if column in cells:
                assert row[own] == float(cells[column])
    bad = ("crossed", "local_time_backwards", "exchange_time_backwards", "negative_latency")
    assert all(table.attrs["report"].get(count, 0) == 0 for count in bad)


def test_real_snapshots_of_5_levels_and_of_25_tell_the_same_book(real_data):
    """At a time that both files hold the first five levels are equal."""
    five, all_levels = (
        read_tardis(real_data / "tardis" / f"binance-futures_book_snapshot_{n}_BTCUSDT.csv")
        for n in (5, 25)
    )
    both = five.merge(all_levels, on="time_ns", suffixes=("", "_of_25"))
    assert len(both) > 0
    for column in five.filter(regex="_[1-5]$"):
        assert (both[column] == both[f"{column}_of_25"]).all()
