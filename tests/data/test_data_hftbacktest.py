"""hftbacktest event files: flags, absolute quantities, clocks; written files are read back."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim import data
from lobsim.data import (
    DataError,
    bitstamp_quotes,
    bitstamp_trades,
    bundled,
    hftbacktest_events,
    hftbacktest_quotes,
    hftbacktest_trades,
    read_bitstamp,
    read_hftbacktest,
    read_lobster,
    write_hftbacktest,
)
from lobsim.data.hftbacktest import BUY, EVENT_DTYPE, EVENT_TYPES, EXCH, LOCAL, SELL

pytestmark = pytest.mark.filterwarnings("error")
MIDNIGHT = int(np.datetime64("2025-01-15", "ns").astype(np.int64))
BOTH = EXCH | LOCAL
DEPTH, TRADE, CLEAR, SNAPSHOT, BBO = 1, 2, 3, 4, 5


def save(tmp_path, rows, name="day.npz", **arrays):
    """A file of rows (ev, exchange ns, local ns, price, quantity), times from midnight."""
    made = np.zeros(len(rows), dtype=EVENT_DTYPE)
    for place, (ev, sent, received, price, size) in enumerate(rows):
        made[place] = (ev, MIDNIGHT + sent, MIDNIGHT + received, price, size, 0, 0, 0)
    path = tmp_path / name
    np.savez_compressed(path, **(arrays or {"data": made}))
    return path


def values(quotes):
    table = quotes[["bid", "bid_size", "ask", "ask_size"]]
    return [[None if x != x else x for x in row] for row in table.to_numpy().tolist()]


def both_sides(time, bid, bid_size, ask, ask_size):
    return [
        (BOTH | BUY | DEPTH, time, time + 5, bid, bid_size),
        (BOTH | SELL | DEPTH, time, time + 5, ask, ask_size),
    ]


def test_flags_stand_in_the_top_bits_and_the_type_in_the_last_byte(tmp_path):
    rows = [
        (0xE0000001, 0, 5, 100, 2),  # exchange, local, buy: depth
        (0xD0000002, 1, 6, 100, 2),  # exchange, local, sell: trade
        (0xA0000004, 2, 7, 100, 2),  # exchange only, buy: snapshot
        (0x5000000D, 3, 8, 100, 2),  # local only, sell: fill
        (0xC0000003, 4, 9, 0, 0),  # clear of both sides
    ]
    table = read_hftbacktest(save(tmp_path, rows))
    assert table["type"].tolist() == ["depth", "trade", "depth_snapshot", "fill", "depth_clear"]
    assert table["side"].tolist() == [1, -1, 1, -1, 0]
    assert table["at_exchange"].tolist() == [True, True, True, False, True]
    assert table["at_local"].tolist() == [True, True, False, True, True]
    assert table["time_ns"].tolist() == [5, 6, 7, 8, 9]
    assert table["exchange_time_ns"].tolist() == [0, 1, 2, 3, 4]
    assert (table.attrs["date"], table.attrs["time_zone"]) == ("2025-01-15", "UTC")


def test_every_type_of_the_format_is_known(tmp_path):
    rows = [(BOTH | BUY | code, n, n, 100, 1) for n, code in enumerate(EVENT_TYPES)]
    assert read_hftbacktest(save(tmp_path, rows))["type"].tolist() == list(EVENT_TYPES.values())


def test_a_quantity_is_the_new_total_and_0_takes_the_level_away(tmp_path):
    rows = [
        *both_sides(0, 100, 3, 101, 7),
        (BOTH | SELL | DEPTH, 10, 15, 102, 1),
        (BOTH | SELL | DEPTH, 20, 25, 101, 4),
        (BOTH | SELL | DEPTH, 30, 35, 101, 0),
        (BOTH | SELL | DEPTH, 40, 45, 150, 0),
    ]
    quotes = hftbacktest_quotes(read_hftbacktest(save(tmp_path, rows)))
    assert values(quotes) == [[100, 3, 101, 7], [100, 3, 101, 4], [100, 3, 102, 1]]
    assert quotes["time_ns"].tolist() == [5, 25, 35]
    assert quotes.attrs["report"]["removed_unknown"] == 1


def test_rows_of_one_time_are_one_message(tmp_path):
    rows = both_sides(0, 100, 3, 101, 7) + [
        (BOTH | BUY | DEPTH, 10, 15, 102, 1),
        (BOTH | SELL | DEPTH, 10, 15, 101, 0),
        (BOTH | SELL | DEPTH, 10, 15, 103, 2),
    ]
    quotes = hftbacktest_quotes(read_hftbacktest(save(tmp_path, rows)))
    assert values(quotes) == [[100, 3, 101, 7], [102, 1, 103, 2]]
    assert quotes.attrs["report"]["crossed"] == 0


def test_a_clear_takes_the_levels_from_the_best_to_its_price(tmp_path):
    """What lies behind the snapshot that follows a clear is kept."""
    rows = [
        *both_sides(0, 100, 3, 101, 7),
        (BOTH | BUY | DEPTH, 0, 5, 99, 1),
        (BOTH | BUY | DEPTH, 0, 5, 98, 2),
        (BOTH | BUY | CLEAR, 10, 15, 99, 0),
        (BOTH | BUY | SNAPSHOT, 20, 25, 97, 4),
    ]
    quotes = hftbacktest_quotes(read_hftbacktest(save(tmp_path, rows)))
    assert values(quotes) == [[100, 3, 101, 7], [98, 2, 101, 7]]


@pytest.mark.parametrize("price", [0.0, np.nan, np.inf])
def test_a_clear_without_a_price_takes_its_side_and_one_without_side_both(price, tmp_path):
    rows = [*both_sides(0, 100, 3, 101, 7), (BOTH | BUY | CLEAR, 10, 15, price, 0)]
    assert values(hftbacktest_quotes(read_hftbacktest(save(tmp_path, rows))))[-1] == [
        None, 0, 101, 7,
    ]  # fmt: skip
    rows[-1] = (BOTH | CLEAR, 10, 15, price, 0)
    assert values(hftbacktest_quotes(read_hftbacktest(save(tmp_path, rows))))[-1] == [
        None, 0, None, 0,
    ]  # fmt: skip


def test_a_bbo_event_names_the_best_level_so_better_ones_are_gone(tmp_path):
    rows = [*both_sides(0, 100, 3, 101, 7), (BOTH | BUY | BBO, 10, 15, 99, 2)]
    assert values(hftbacktest_quotes(read_hftbacktest(save(tmp_path, rows))))[-1][:2] == [99, 2]


def test_a_split_row_counts_on_one_clock_only(tmp_path):
    rows = [
        *both_sides(0, 100, 3, 101, 7),
        (EXCH | BUY | DEPTH, 10, 90, 100, 1),
        (LOCAL | BUY | DEPTH, 10, 90, 100, 1),
        (LOCAL | BUY | TRADE, 11, 95, 101, 1),
    ]
    events = read_hftbacktest(save(tmp_path, rows))
    for clock, time in (("local", [5, 90]), ("exchange", [0, 10])):
        quotes = hftbacktest_quotes(events, clock=clock)
        assert quotes["time_ns"].tolist() == time
        assert quotes["bid_size"].tolist() == [3, 1]
    assert len(hftbacktest_trades(events)) == 1
    assert len(hftbacktest_trades(events, clock="exchange")) == 0
    with pytest.raises(ValueError, match="clock is 'mine'; allowed are 'local' and 'exchange'"):
        hftbacktest_quotes(events, clock="mine")


def test_the_flag_of_a_trade_is_who_took(tmp_path):
    rows = [(BOTH | BUY | TRADE, 0, 5, 101, 2), (BOTH | SELL | TRADE, 1, 6, 100, 1)]
    trades = hftbacktest_trades(read_hftbacktest(save(tmp_path, rows)))
    assert list(trades) == ["time_ns", "price", "size", "sign"]
    assert trades.to_numpy().tolist() == [[5, 101, 2, 1], [6, 100, 1, -1]]
    assert trades.attrs["kind"] == "trades"


def test_negative_latency_is_counted_and_corrected_only_on_request(tmp_path):
    rows = [(BOTH | BUY | DEPTH, sent, received, 100, 1)
            for sent, received in ((100, 40), (200, 150), (300, 310))]  # fmt: skip
    path = save(tmp_path, rows)
    as_it_is = read_hftbacktest(path)
    assert as_it_is["time_ns"].tolist() == [40, 150, 310]
    assert as_it_is.attrs["report"]["negative_latency"] == 2
    assert as_it_is.attrs["report"]["latency_corrected"] == 0
    right = read_hftbacktest(path, correct_latency=True, base_latency_ns=7)
    assert right["time_ns"].tolist() == [107, 217, 377]
    assert right["exchange_time_ns"].tolist() == [100, 200, 300]
    report = right.attrs["report"]
    assert report["negative_latency"] == 2, "what the file has is still told"
    assert (report["latency_corrected"], report["latency_shift_ns"]) == (3, 67)
    with pytest.raises(ValueError, match="base_latency_ns is -1"):
        read_hftbacktest(path, correct_latency=True, base_latency_ns=-1)


def test_a_file_without_negative_latency_is_not_corrected(tmp_path):
    path = save(tmp_path, both_sides(0, 100, 3, 101, 7))
    table = read_hftbacktest(path, correct_latency=True, base_latency_ns=1000)
    assert table["time_ns"].tolist() == [5, 5]
    assert table.attrs["report"]["latency_shift_ns"] == 0


def test_clocks_that_jump_back_are_counted_for_each_side_of_split_rows(tmp_path):
    rows = [
        (BOTH | BUY | DEPTH, 10, 20, 100, 1),
        (EXCH | BUY | DEPTH, 5, 30, 100, 1),
        (LOCAL | BUY | DEPTH, 1, 25, 100, 1),
        (LOCAL | BUY | DEPTH, 6, 22, 100, 1),
    ]
    report = read_hftbacktest(save(tmp_path, rows)).attrs["report"]
    assert report["exchange_time_backwards"] == 1
    assert report["local_time_backwards"] == 1


def test_a_crossed_book_is_counted_and_left_crossed(tmp_path):
    rows = [*both_sides(0, 100, 3, 101, 7), (BOTH | BUY | DEPTH, 10, 15, 102, 1)]
    quotes = hftbacktest_quotes(read_hftbacktest(save(tmp_path, rows)))
    assert values(quotes)[-1] == [102, 1, 101, 7]
    assert quotes.attrs["report"]["crossed"] == 1


def test_times_that_do_not_count_from_1970_have_no_date(tmp_path):
    made = np.zeros(1, dtype=EVENT_DTYPE)
    made[0] = (BOTH | BUY | DEPTH, 34_200_000_000_000, 34_200_000_000_005, 100, 1, 0, 0, 0)
    table = read_hftbacktest(save(tmp_path, [], data=made))
    assert table["time_ns"].tolist() == [34_200_000_000_005]
    assert table.attrs["date"] is None


@pytest.mark.parametrize(
    "row, says",
    [
        ((BOTH | BUY | 6, 0, 5, 100, 1), "event type is 6; allowed are 1 depth, 2 trade"),
        ((BOTH | BUY | DEPTH | 1 << 20, 0, 5, 100, 1), "ev is 0xe0100001; allowed are the flags"),
        ((BUY | DEPTH, 0, 5, 100, 1), "counts neither at the exchange .* nor at the receiver"),
        ((BOTH | BUY | SELL | DEPTH, 0, 5, 100, 1), "buy and sell at once"),
        ((BOTH | DEPTH, 0, 5, 100, 1), "depth event without side"),
        ((BOTH | BUY | DEPTH, 0, 5, np.nan, 1), "px is nan; allowed is a positive number"),
        ((BOTH | BUY | DEPTH, 0, 5, -1, 1), "px is -1.0"),
        ((BOTH | BUY | DEPTH, 0, 5, 100, -2), "qty is -2.0; .* not its change"),
        ((BOTH | BUY | DEPTH, 0, 5, 100, np.inf), "qty is inf"),
        ((BOTH | BUY | TRADE, 0, 5, 100, 0), "qty of a trade is 0.0; allowed is above 0"),
    ],
)
def test_a_malformed_row_is_named_with_file_row_and_value(row, says, tmp_path):
    path = save(tmp_path, [*both_sides(0, 100, 3, 101, 7), row])
    with pytest.raises(DataError, match=says) as error:
        read_hftbacktest(path)
    assert "day.npz, row 3: " in str(error.value)


def test_files_of_another_layout_are_refused_with_what_they_hold(tmp_path):
    with pytest.raises(DataError, match="holds book, px; an hftbacktest event file holds an arr"):
        read_hftbacktest(save(tmp_path, [], book=np.zeros(2), px=np.zeros(2)))
    with pytest.raises(DataError, match=r"shape \(4, 6\) \(the layout of hftbacktest 1\)"):
        read_hftbacktest(save(tmp_path, [], data=np.zeros((4, 6))))
    other = EVENT_DTYPE.descr[:-1] + [("fval", "<f4")]
    with pytest.raises(DataError, match="fval is float32; .* fval float64"):
        read_hftbacktest(save(tmp_path, [], data=np.zeros(2, dtype=other)))
    with pytest.raises(DataError, match="ev is missing"):
        read_hftbacktest(save(tmp_path, [], data=np.zeros(2, dtype=EVENT_DTYPE.descr[1:])))
    with pytest.raises(DataError, match="holds no data rows"):
        read_hftbacktest(save(tmp_path, [], data=np.zeros(0, dtype=EVENT_DTYPE)))


def test_a_pickled_array_is_never_loaded(tmp_path):
    path = tmp_path / "objects.npz"
    np.savez(path, data=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="is not an hftbacktest event file or is damaged"):
        read_hftbacktest(path)


def test_a_damaged_file_gives_one_data_error(tmp_path):
    whole = save(tmp_path, both_sides(0, 100, 3, 101, 7) * 50).read_bytes()
    path = tmp_path / "cut.npz"
    for content in (whole[:-40], whole[:100], b"not a zip", b""):
        path.write_bytes(content)
        with pytest.raises(DataError, match="cut.npz"):
            read_hftbacktest(path)
    with pytest.raises(DataError, match="there is no such file"):
        read_hftbacktest(tmp_path / "missing.npz")


def test_a_file_larger_than_allowed_is_refused(tmp_path):
    path = save(tmp_path, both_sides(0, 100, 3, 101, 7))
    with pytest.raises(DataError, match="more than 100 bytes, the largest size allowed"):
        read_hftbacktest(path, max_bytes=100)


def test_packed_and_plain_arrays_and_either_byte_order_are_the_same(tmp_path):
    path = save(tmp_path, both_sides(0, 100, 3, 101, 7))
    table = read_hftbacktest(path)
    array = np.load(path)["data"]
    np.save(tmp_path / "day.npy", array)
    pd.testing.assert_frame_equal(read_hftbacktest(tmp_path / "day.npy"), table)
    swapped = save(tmp_path, [], "swapped.npz", data=array.astype(array.dtype.newbyteorder(">")))
    pd.testing.assert_frame_equal(read_hftbacktest(swapped), table)
    for name in ("day.npz", "day.npy", "swapped.npz"):
        assert data.sniff(tmp_path / name) == "hftbacktest"
        pd.testing.assert_frame_equal(data.read_any(tmp_path / name), table)


# Writing


def test_a_written_file_has_the_layout_that_hftbacktest_loads(tmp_path):
    events = read_hftbacktest(save(tmp_path, both_sides(0, 100, 3, 101, 7)))
    path = write_hftbacktest(events, tmp_path / "out.npz")
    found = np.load(path, allow_pickle=False)
    assert found.files == ["data"]
    array = found["data"]
    assert array.dtype == EVENT_DTYPE and array.dtype.itemsize == 64
    assert array["ev"].tolist() == [0xE0000001, 0xD0000001]
    assert array["exch_ts"].tolist() == [MIDNIGHT] * 2
    again = write_hftbacktest(events, tmp_path / "again.npz")
    assert path.read_bytes() == again.read_bytes()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(EVENT_TYPES)),
            st.sampled_from([BUY, SELL]),
            st.sampled_from([BOTH, EXCH, LOCAL]),
            st.integers(0, 10**6),
            st.floats(0.01, 1e6),
            st.floats(0.001, 1e6),
            st.integers(0, 2**64 - 1),
            st.integers(-(2**63), 2**63 - 1),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_events_survive_writing_and_reading(tmp_path_factory, rows):
    made, time = np.zeros(len(rows), dtype=EVENT_DTYPE), MIDNIGHT
    for place, (kind, side, at, step, price, size, order, free) in enumerate(rows):
        time += step
        made[place] = (at | side | kind, time, time + 7, price, size, order, free, 0.5)
    folder = tmp_path_factory.getbasetemp()
    events = read_hftbacktest(save(folder, [], data=made))
    path = write_hftbacktest(events, folder / "back.npz")
    assert (np.load(path)["data"] == made).all()
    pd.testing.assert_frame_equal(read_hftbacktest(path), events, check_exact=True)


@pytest.mark.parametrize(
    "change, says",
    [
        ({"time_ns": [0, 20]}, "row 1 is received at .*, before it was sent"),
        ({"exchange_time_ns": [5, 4]}, "row 2 has exch_ts .* after .*in order of the clocks"),
        ({"type": ["depth", "quote"]}, "type is 'quote'; allowed are depth, trade"),
        ({"side": [1, 2]}, "side may only be 1"),
        ({"size": [1.0, -1.0]}, "row 2: qty is -1.0"),
        ({"price": [1.0, np.nan]}, "row 2: px is nan"),
    ],
)
def test_events_that_hftbacktest_would_refuse_are_not_written(change, says, tmp_path):
    good = {"time_ns": [10, 20], "exchange_time_ns": [5, 15], "type": ["depth", "trade"],
            "side": [1, -1], "price": [1.0, 1.0], "size": [1.0, 1.0]}  # fmt: skip
    write_hftbacktest(pd.DataFrame(good), tmp_path / "good.npz")
    with pytest.raises(ValueError, match=says):
        write_hftbacktest(pd.DataFrame(good | change), tmp_path / "bad.npz")
    assert not (tmp_path / "bad.npz").exists()


def test_names_and_columns_are_asked_for(tmp_path):
    events = read_hftbacktest(save(tmp_path, both_sides(0, 100, 3, 101, 7)))
    with pytest.raises(ValueError, match="allowed is a name that ends in .npz"):
        write_hftbacktest(events, tmp_path / "day.csv")
    with pytest.raises(ValueError, match="needs rows with the columns time_ns"):
        write_hftbacktest(events.drop(columns="price"), tmp_path / "day.npz")


# A simulated day


def unchanged_left_out(quotes):
    """Rows whose best quote is not that of the row before, last row of each time."""
    quotes = quotes.drop_duplicates("time_ns", keep="last")
    values = quotes.drop(columns="time_ns").fillna(-1).to_numpy()
    new = np.ones(len(quotes), dtype=bool)
    new[1:] = (values[1:] != values[:-1]).any(axis=1)
    return quotes[new].reset_index(drop=True)


def test_a_lobster_day_comes_back_as_quotes_and_trades_after_the_latency(tmp_path):
    day = read_lobster(bundled("lobster_messages"))
    latency_ns = 250_000
    path = write_hftbacktest(hftbacktest_events(day, latency_ns=latency_ns), tmp_path / "day.npz")
    events = read_hftbacktest(path)
    assert events.attrs["date"] == day.attrs["date"]
    assert (events["time_ns"] - events["exchange_time_ns"] == latency_ns).all()
    names = {"bid_price_1": "bid", "bid_size_1": "bid_size", "ask_price_1": "ask",
             "ask_size_1": "ask_size"}  # fmt: skip
    best = day.book[list(names)].rename(columns=names).astype(float)
    best.insert(0, "time_ns", day.messages["time_ns"])
    expected = unchanged_left_out(best)
    quotes = hftbacktest_quotes(events, clock="exchange")
    pd.testing.assert_frame_equal(quotes, expected, check_exact=True)
    late = hftbacktest_quotes(events)
    assert (late["time_ns"] - quotes["time_ns"] == latency_ns).all()
    took = day.messages[day.messages["type"].isin([4, 5])]
    trades = hftbacktest_trades(events, clock="exchange")
    assert trades["time_ns"].tolist() == took["time_ns"].tolist()
    assert trades["price"].tolist() == took["price"].tolist()
    assert trades["size"].tolist() == took["size"].tolist()
    assert (trades["sign"] == -took["direction"].to_numpy()).all()


def test_quotes_and_trades_of_another_feed_come_back_too(tmp_path):
    source = read_bitstamp(bundled("btcusd_events"))
    best, took = bitstamp_quotes(source), bitstamp_trades(source)
    path = write_hftbacktest(hftbacktest_events(best, took), tmp_path / "btc.npz")
    events = read_hftbacktest(path)
    quotes = hftbacktest_quotes(events)
    pd.testing.assert_frame_equal(quotes, unchanged_left_out(best), check_exact=True)
    trades = hftbacktest_trades(events)
    columns = ["time_ns", "price", "size", "sign"]
    pd.testing.assert_frame_equal(trades, took[columns], check_exact=True)


def test_a_trade_comes_before_the_change_of_the_book_that_it_made(tmp_path):
    quotes = pd.DataFrame({"time_ns": [0, 10], "bid": [100.0, 100.0], "bid_size": [1, 1],
                           "ask": [101.0, np.nan], "ask_size": [2, 0]})  # fmt: skip
    trades = pd.DataFrame({"time_ns": [10], "price": [101.0], "size": [2], "sign": [1]})
    events = hftbacktest_events(quotes, trades)
    assert events["type"].tolist() == ["depth_snapshot", "depth_snapshot", "trade", "depth"]
    assert events.iloc[-1][["side", "price", "size"]].tolist() == [-1, 101, 0]


def test_what_cannot_be_made_into_events_is_refused():
    quotes = pd.DataFrame({"time_ns": [10, 0], "bid": [1.0, 1.0], "bid_size": [1, 1],
                           "ask": [2.0, 2.0], "ask_size": [2, 1]})  # fmt: skip
    trades = pd.DataFrame({"time_ns": [10], "price": [2.0], "size": [2], "sign": [0]})
    with pytest.raises(ValueError, match="time_ns of book goes back to 0 in row 1"):
        hftbacktest_events(quotes)
    with pytest.raises(ValueError, match="sign of a trade may only be"):
        hftbacktest_events(quotes[:1], trades)
    with pytest.raises(ValueError, match="latency_ns is -5"):
        hftbacktest_events(quotes[:1], latency_ns=-5)
    with pytest.raises(ValueError, match="book needs rows with the columns"):
        hftbacktest_events(quotes.drop(columns="ask"))
    day = read_lobster(bundled("lobster_messages"))
    with pytest.raises(ValueError, match="may not be given with a LobsterDay"):
        hftbacktest_events(day, trades)


# The real file

REAL = "usdm_btcusdt_20240808_first50000.npz"


def test_the_real_file_is_read_whole_and_written_back_the_same(real_data, tmp_path):
    path = real_data / "hftbacktest" / REAL
    events = data.read_any(path)
    with zipfile.ZipFile(path) as archive:
        array = np.load(io.BytesIO(archive.read("data.npy")))
    assert len(events) == len(array) == 50_000
    assert events.attrs["date"] == "2024-08-08"
    codes, counts = np.unique(array["ev"] % 256, return_counts=True)
    found = events["type"].value_counts().to_dict()
    assert found == {EVENT_TYPES[c]: n for c, n in zip(codes.tolist(), counts, strict=True)}
    assert {"depth", "depth_snapshot", "trade", "depth_clear"} == set(found)
    assert all(count == 0 for name, count in events.attrs["report"].items() if "rows" not in name)
    again = np.load(write_hftbacktest(events, tmp_path / "again.npz"))["data"]
    assert all((again[name] == array[name]).all() for name in array.dtype.names)


def test_the_real_book_has_the_facts_of_the_perpetual(real_data):
    """Spread a tick of 0.1 nearly always; the receiver sees what the exchange had, later."""
    events = read_hftbacktest(real_data / "hftbacktest" / REAL)
    quotes = hftbacktest_quotes(events)
    assert quotes.attrs["report"]["crossed"] == quotes.attrs["report"]["locked"] == 0
    ticks = ((quotes["ask"] - quotes["bid"]) / 0.1).dropna()
    assert ticks.median() == pytest.approx(1) and (ticks < 1.5).mean() > 0.9
    local, exchange = hftbacktest_trades(events), hftbacktest_trades(events, clock="exchange")
    assert sorted(local["price"]) == sorted(exchange["price"])
    at = np.searchsorted(quotes["time_ns"], local["time_ns"]) - 1
    before = quotes.iloc[at[at >= 0]].reset_index(drop=True)
    took = local[at >= 0].reset_index(drop=True)
    # Book and trade messages come on separate streams, so a trade may be a few ticks off.
    middle = (before["bid"] + before["ask"]) / 2
    right = np.sign(took["price"] - middle) == took["sign"]
    assert right.mean() > 0.7
