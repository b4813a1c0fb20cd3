"""Traps of LOBSTER's pair of files, and of Bitstamp's order events."""

import gzip

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from tiny_files import LOBSTER_BOOK, LOBSTER_MESSAGES, TINY, text, zipped

from lobsim import data
from lobsim.data import DataError

NAME = "LOBM_2025-01-15_34200000_57600000_{}_2.csv"
OPEN_NS = 34_200 * 10**9
pytestmark = pytest.mark.filterwarnings("error")


def save(folder, messages=LOBSTER_MESSAGES, book=LOBSTER_BOOK, name=NAME):
    """Write both files and return the path of the messages."""
    for word, lines in (("message", messages), ("orderbook", book)):
        (folder / name.format(word)).write_bytes(text(lines))
    return folder / name.format("message")


def with_row(lines, place, line):
    """The lines with one more at a place (from 0)."""
    return [*lines[:place], line, *lines[place:]]


def assert_same_day(day, other):
    """Same messages and books; what is known about the files may differ."""
    assert_frame_equal(day.messages, other.messages, check_exact=True)
    assert_frame_equal(day.book, other.book, check_exact=True)


def test_every_message_of_the_tiny_day(tmp_path):
    messages = data.read_lobster(save(tmp_path)).messages
    expected = pd.DataFrame(
        {
            "time_ns": [OPEN_NS + 17_459_617, OPEN_NS + 500_000_000, 34_201 * 10**9,
                        34_201_250_000_000, 34_202_000_000_001, 34_203_750_000_000],
            "type": [1, 1, 4, 5, 2, 3],
            "order_id": [101, 102, 101, 0, 102, 102],
            "size": [100, 30, 40, 10, 10, 20],
            "price_e4": [1_000_000, 1_000_100, 1_000_000, 1_000_050, 1_000_100, 1_000_100],
            "price": [100.0, 100.01, 100.0, 100.005, 100.01, 100.01],
            "direction": [1, -1, 1, -1, -1, -1],
        }
    )  # fmt: skip
    assert_frame_equal(messages, expected, check_exact=True)


def test_the_first_line_is_a_row_and_no_header(tmp_path):
    day = data.read_lobster(save(tmp_path))
    assert len(day) == len(LOBSTER_MESSAGES) == len(day.book)
    with pytest.raises(DataError, match="_message_2.csv, row 1: Time is 'Time'"):
        data.read_lobster(save(tmp_path, ["Time,Type,Order ID,Size,Price,Direction",
                                          *LOBSTER_MESSAGES]))  # fmt: skip


def test_times_are_exact_to_the_nanosecond(tmp_path):
    times = ["34200.000000001", "34200.1", "45000", "57599.123456789", "57599.999999999", "86399"]
    lines = [f"{time},{line.split(',', 1)[1]}" for time, line in zip(times, LOBSTER_MESSAGES)]
    day = data.read_lobster(save(tmp_path, lines))
    assert day.messages["time_ns"].tolist() == [
        OPEN_NS + 1, OPEN_NS + 100_000_000, 45_000 * 10**9, 57_599_123_456_789,
        57_599_999_999_999, 86_399 * 10**9,
    ]  # fmt: skip


def test_levels_that_do_not_exist_are_missing_and_not_prices(tmp_path):
    day = data.read_lobster(save(tmp_path))
    assert list(day.book) == [
        "ask_price_1", "ask_size_1", "bid_price_1", "bid_size_1",
        "ask_price_2", "ask_size_2", "bid_price_2", "bid_size_2",
    ]  # fmt: skip
    assert day.book["bid_price_2"].isna().all() and (day.book["bid_size_2"] == 0).all()
    assert day.book["ask_price_2"].isna().tolist() == [True, False, False, False, False, True]
    assert day.book["ask_price_1"].max() < 101
    assert day.book["ask_size_1"].tolist() == [50, 30, 30, 30, 20, 50]
    assert day.book.attrs["report"]["missing_levels"] == 8
    assert day.book["ask_size_1"].dtype == np.int64


@pytest.mark.parametrize("dummy", ["9999999999", "-9999999999", "0", "-1"])
def test_a_bid_takes_only_its_own_dummy(dummy, tmp_path):
    book = list(LOBSTER_BOOK)
    book[2] = book[2].replace("-9999999999", dummy)
    if dummy == "-9999999999":
        assert_same_day(data.read_lobster(save(tmp_path, book=book)),
                        data.read_lobster(save(tmp_path)))  # fmt: skip
    else:
        with pytest.raises(DataError, match=rf"orderbook.*row 3: bid price of level 2 is {dummy}"):
            data.read_lobster(save(tmp_path, book=book))


def test_halt_rows_stay_with_their_code_and_without_a_price(tmp_path):
    messages, book = list(LOBSTER_MESSAGES), list(LOBSTER_BOOK)
    for code in (1, 0, -1):  # written backwards, so that -1 (halt) comes first
        messages = with_row(messages, 3, f"34201,7,0,0,{code},-1")
        book = with_row(book, 3, book[2])
    day = data.read_lobster(save(tmp_path, messages, book))
    halts = day.messages[day.messages["type"] == 7]
    assert halts["price_e4"].tolist() == [-1, 0, 1]
    assert halts["price"].isna().all()
    assert day.messages.attrs["report"]["halts"] == 3
    assert day.messages["price"].notna().sum() == len(LOBSTER_MESSAGES)


@pytest.mark.parametrize(
    "line, problem",
    [
        ("34201,7,0,0,2,-1", r"price of a halt row \(type 7\) is 2; allowed are -1, 0 and 1"),
        ("34201,8,1,5,1000000,1", "type is 8; allowed are 1 to 7"),
        ("34201,0,1,5,1000000,1", "type is 0; allowed are 1 to 7"),
        ("34201,1,1,5,1000000,0", "direction is 0; allowed are 1 and -1"),
        ("34201,1,1,0,1000000,1", "size is 0; allowed is at least 1 share"),
        ("34201,1,1,5,0,1", "price is 0; allowed is a positive number"),
    ],
)
def test_values_that_no_event_has(line, problem, tmp_path):
    messages = list(LOBSTER_MESSAGES)
    messages[2] = line
    with pytest.raises(DataError, match=f"_message_2.csv, row 3: {problem}"):
        data.read_lobster(save(tmp_path, messages))


def test_executions_of_hidden_orders_have_no_id_and_leave_the_book_alone(tmp_path):
    day = data.read_lobster(save(tmp_path))
    hidden = np.flatnonzero(day.messages["type"] == 5)
    assert (day.messages["order_id"].iloc[hidden] == 0).all()
    assert day.messages.attrs["report"]["hidden"] == len(hidden) == 1
    for row in hidden:
        assert day.book.iloc[row].equals(day.book.iloc[row - 1].rename(row))


def test_the_direction_is_that_of_the_resting_order(tmp_path):
    """A seller takes 40 of the bid: the row says 1, the sign of the trade is -1."""
    day = data.read_lobster(save(tmp_path))
    trade = day.messages.iloc[2]
    assert (trade["type"], trade["direction"]) == (4, 1)
    assert trade["price"] == day.book["bid_price_1"].iloc[1]
    assert day.book["bid_size_1"].iloc[1] - day.book["bid_size_1"].iloc[2] == trade["size"]


def test_cross_trades_of_newer_files_are_counted(tmp_path):
    messages = with_row(LOBSTER_MESSAGES, 3, "34201,6,0,5000,1000100,-1")
    book = with_row(LOBSTER_BOOK, 3, LOBSTER_BOOK[2])
    day = data.read_lobster(save(tmp_path, messages, book))
    assert day.messages.attrs["report"]["crosses"] == 1


@pytest.mark.parametrize("shorter", ["messages", "book"])
def test_both_files_must_have_as_many_rows(shorter, tmp_path):
    cut = {shorter: {"messages": LOBSTER_MESSAGES, "book": LOBSTER_BOOK}[shorter][:-1]}
    counts = (5, 6) if shorter == "book" else (6, 5)
    with pytest.raises(DataError, match="has {} rows but the message file has {}".format(*counts)):
        data.read_lobster(save(tmp_path, **cut))


@pytest.mark.parametrize("place, side", [(0, "ask"), (2, "bid")])
def test_levels_that_are_not_in_order_are_refused(place, side, tmp_path):
    values = ["1000100", "30", "1000000", "60", "1000200", "50", "999900", "10"]
    values[place], values[place + 4] = values[place + 4], values[place]
    book = list(LOBSTER_BOOK)
    book[3] = ",".join(values)
    with pytest.raises(DataError, match=f"row 4: {side} price of level 2 is .* behind"):
        data.read_lobster(save(tmp_path, book=book))


@pytest.mark.parametrize(
    "name, symbol, date",
    [
        ("GOOG_2012-06-21_34200000_57600000_{}_2.csv", "GOOG", "2012-06-21"),
        ("BRK.B_2020-02-29_34200000_46800000_{}_2.csv", "BRK.B", "2020-02-29"),
        ("A_2020-12-31_0_86400000_{}_2.csv", "A", "2020-12-31"),
        ("my_{}_file.csv", None, None),
    ],
)
def test_symbol_and_day_come_from_the_name(name, symbol, date, tmp_path):
    day = data.read_lobster(save(tmp_path, name=name))
    assert (day.attrs["symbol"], day.attrs["date"]) == (symbol, date)
    assert day.attrs["time_zone"] == "America/New_York"
    assert day.book.attrs["symbol"] == symbol


def test_the_pair_is_found_packed_zipped_and_under_any_name(tmp_path):
    path = save(tmp_path)
    good = data.read_lobster(path)
    book_path = tmp_path / NAME.format("orderbook")

    for name in (path, book_path):
        (tmp_path / f"{name.name}.gz").write_bytes(gzip.compress(name.read_bytes()))
    assert_same_day(data.read_lobster(tmp_path / f"{path.name}.gz"), good)

    members = {NAME.format("orderbook"): text(LOBSTER_BOOK), "ReadMe.txt": b"\x93LOBSTER\x94\r\n",
               NAME.format("message"): text(LOBSTER_MESSAGES)}  # fmt: skip
    (tmp_path / "sample.zip").write_bytes(zipped(members))
    assert_same_day(data.read_lobster(tmp_path / "sample.zip"), good)
    assert data.read_lobster(tmp_path / "sample.zip").attrs["symbol"] == "LOBM"

    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_bytes(text(LOBSTER_MESSAGES))
    two.write_bytes(text(LOBSTER_BOOK))
    assert_same_day(data.read_lobster(one, two), good)
    with pytest.raises(DataError, match="orderbook=PATH"):
        data.read_lobster(one)


def test_swapped_files_are_refused(tmp_path):
    path = save(tmp_path)
    with pytest.raises(DataError, match="has 8 columns .* a LOBSTER message file has 6"):
        data.read_lobster(path.with_name(NAME.format("orderbook")), path)


def test_fewer_levels_may_be_asked_for_but_not_more(tmp_path):
    path = save(tmp_path)
    whole, first = data.read_lobster(path), data.read_lobster(path, levels=1)
    assert (whole.levels, first.levels) == (2, 1)
    assert_frame_equal(first.book, whole.book[list(whole.book)[:4]])
    for levels in (0, 3):
        with pytest.raises(DataError, match=f"has 2 levels; levels={levels} was asked for"):
            data.read_lobster(path, levels=levels)


# Bitstamp


EVENTS = TINY["Bitstamp events"]


def test_the_volume_of_an_order_event_is_what_remains(tmp_path):
    events = EVENTS.read(EVENTS.save(tmp_path))
    own = events[events["order_id"] == 2002347637555202]
    assert own["remaining"].tolist() == [0.0327, 0.01, 0.0]
    assert own["action"].tolist() == ["created", "changed", "deleted"]
    assert events["side"].tolist() == [1, -1, 1, -1, 1]


def test_times_of_events_count_from_the_utc_midnight_of_the_first(tmp_path):
    events = EVENTS.read(EVENTS.save(tmp_path))
    assert events.attrs["date"] == "2025-01-15"
    assert events.attrs["time_zone"] == "UTC"
    assert events["time_ns"].iloc[0] == 14 * 3600 * 10**9 + 17_000_000
    assert events["exchange_time_ns"].iloc[0] == 14 * 3600 * 10**9
    over_midnight = [line.replace(",17369", ",17370") for line in EVENTS.lines[1:]]
    both = EVENTS.read(EVENTS.save(tmp_path, [*EVENTS.lines, *over_midnight]))
    assert both["time_ns"].iloc[-1] > 86_400 * 10**9


def test_events_out_of_order_stay_in_place_and_are_counted(tmp_path):
    lines = list(EVENTS.lines)
    lines[2], lines[3] = lines[3], lines[2]
    events = EVENTS.read(EVENTS.save(tmp_path, lines))
    assert events["order_id"].tolist()[:3] == [2002347637555202, 2002347637555202, 2002347637555203]
    assert events.attrs["report"]["out_of_order"] == 1


def test_the_layout_of_2015_counts_in_satoshi(tmp_path):
    """Its header has a dot, its volumes are whole hundred-millionths of a bitcoin."""
    lines = [
        "id,timestamp,exchange.timestamp,price,volume,action,direction",
        "65595247,1430438404518,1430438404000,236.47,200000000,created,bid",
        "65595247,1430438404635,1430438404000,236.47,178855669,changed,bid",
    ]
    events = EVENTS.read(EVENTS.save(tmp_path, lines))
    assert events["remaining"].tolist() == [2.0, 1.78855669]
    assert data.sniff(EVENTS.save(tmp_path, lines)) == "bitstamp"


@pytest.mark.parametrize(
    "column, value, problem",
    [
        (5, "moved", "action is 'moved'; allowed are created, changed, deleted"),
        (6, "buy", "direction is 'buy'; allowed are bid and ask"),
        (1, "1736949600", r"timestamp is 1736949600; allowed are milliseconds since 1970"),
        (1, "1736949600017000000", "timestamp is 1736949600017000000; allowed"),
    ],
)
def test_values_that_no_order_event_has(column, value, problem, tmp_path):
    with pytest.raises(DataError, match=f"row 3: {problem}"):
        EVENTS.read(EVENTS.save(tmp_path, EVENTS.changed(3, column, value)))
