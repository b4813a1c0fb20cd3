"""NASDAQ ITCH 5.0: every trap of the format has a test named after it."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itch_bytes import NOON, SPECIFIED, Tape, book_after, found, queue, tape, two_symbols
from pandas.testing import assert_frame_equal

from lobsim import data
from lobsim.data import DataError
from lobsim.data.itch_layout import ITCH_TYPES, record_dtype
from lobsim.engine import Side

pytestmark = pytest.mark.filterwarnings("error")
REAL_FILE = "nasdaq_itch50/first1000_messages.itch"


# -- layout and framing ----------------------------------------------------------------------------


def test_every_type_has_the_length_that_the_specification_gives():
    assert {letter: entry.length for letter, entry in ITCH_TYPES.items()} == SPECIFIED
    for letter, entry in ITCH_TYPES.items():
        assert record_dtype(letter).itemsize == SPECIFIED[letter] + 2
        end = 0
        for place in entry.fields:
            assert place.offset == end, "fields stand without gaps"
            end += place.length


def test_numbers_are_big_endian_and_the_time_has_six_bytes(tmp_path):
    """Bytes written out by hand: 03:04:32.057543747, reference 258, 100 shares at 1.0001."""
    order = bytes.fromhex(
        "0024 41 0007 0000 0a11ea0e8c43 0000000000000102 42 00000064 4c4f425320202020 00002711"
    )
    path = tmp_path / "x.itch"
    path.write_bytes(tape().bytes() + order)
    row = data.read_itch(path, "LOBS").iloc[0]
    assert row["time_ns"] == ((3 * 60 + 4) * 60 + 32) * 10**9 + 57_543_747
    assert (row["order_id"], row["size"], row["side"]) == (258, 100, 1)
    assert (row["price_e4"], row["price"]) == (10_001, 1.0001)


def test_each_message_stands_behind_its_length_of_two_bytes(tmp_path):
    path = tmp_path / "x.itch"
    path.write_bytes(b"".join(tape().add(1, "B", 5, 10_000).messages))  # without the lengths
    with pytest.raises(DataError, match="at byte 0 a message"):
        data.read_itch(path, "LOBS")


def test_largest_numbers_are_read_unsigned(tmp_path):
    big = tape().add(2**63 - 1, "S", 2**32 - 1, 2**32 - 1).read(tmp_path).iloc[0]
    assert (big["order_id"], big["size"]) == (2**63 - 1, 2**32 - 1)
    assert big["price_e4"] == 2**32 - 1


def test_a_message_cut_off_by_the_end_names_its_byte(tmp_path):
    whole = tape().add(1, "B", 5, 10_000).deleted(1)
    start = len(whole.bytes()) - 21
    for kept in range(1, 21):
        path = tmp_path / "cut.itch"
        path.write_bytes(whole.bytes()[: start + kept])
        with pytest.raises(DataError, match=f"truncated: the message.* at byte {start} has only"):
            data.read_itch(path, "LOBS")


def test_an_unknown_type_names_its_byte(tmp_path):
    strange = tape().put("z", "Q", 1)
    with pytest.raises(DataError, match="at byte 41 a message of unknown type 'z' and 19 bytes"):
        strange.read(tmp_path)


def test_a_length_that_its_type_does_not_have_names_its_byte(tmp_path):
    strange = tape().put("D", "QQ", 1, 1)
    with pytest.raises(DataError, match="at byte 41 .* type 'D' .* length is 27 bytes; .* has 19"):
        strange.read(tmp_path)


def test_a_length_of_zero_is_the_end_mark_and_nothing_may_follow(tmp_path):
    path = tmp_path / "x.itch"
    content = tape().add(1, "B", 5, 10_000).bytes()
    path.write_bytes(content + b"\0\0")
    assert data.read_itch(path, "LOBS").attrs["end_mark"]
    path.write_bytes(content + b"\0\0" + content)
    with pytest.raises(DataError, match=f"goes on at byte {len(content) + 2}, behind the end mark"):
        data.read_itch(path, "LOBS")


def test_a_side_that_is_none_names_the_order(tmp_path):
    with pytest.raises(DataError, match="type 'A' with reference number 9 .* side 'Z'; allowed"):
        tape().add(9, "Z", 5, 10_000).read(tmp_path)


def test_an_empty_file_and_a_packed_empty_file(tmp_path):
    path = tmp_path / "x.itch"
    for content in (b"", gzip.compress(b"")):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"is empty \(0 bytes\)"):
            data.read_itch(path, "LOBS")


def test_a_packed_file_gives_the_same_table_and_a_cut_one_an_error(tmp_path):
    stream = tape().add(1, "B", 5, 10_000).executed(1, 3, 9)
    plain = stream.read(tmp_path)
    path = tmp_path / "day.itch.gz"
    packed = gzip.compress(stream.bytes())
    path.write_bytes(packed)
    assert_frame_equal(data.read_itch(path, "LOBS"), plain)
    path.write_bytes(packed[:-10])
    with pytest.raises(DataError, match="damaged or truncated"):
        data.read_itch(path, "LOBS")


@settings(max_examples=60)
@given(draw=st.data())
def test_any_damage_gives_a_table_or_one_data_error(draw, tmp_path_factory):
    stream = tape().add(1, "B", 5, 10_000).add(2, "S", 5, 10_100, "MPID").executed(1, 2, 3)
    content = bytearray(stream.replaced(2, 3, 4, 10_200).cancelled(1, 1).deleted(3).bytes())
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(0, len(content)))
        content[place : place + draw.draw(st.integers(0, 6))] = draw.draw(st.binary(max_size=6))
    path = tmp_path_factory.getbasetemp() / "damaged.itch"
    path.write_bytes(bytes(content))
    try:
        data.itch_to_messages(data.read_itch(path, "LOBS"), 0.0001)
    except DataError as error:
        assert "damaged.itch" in str(error) and "\n" not in str(error)
    except ValueError as error:
        assert "engine holds at most" in str(error)


# -- symbols ---------------------------------------------------------------------------------------


def test_messages_without_symbol_belong_to_the_locate_code(tmp_path):
    path, first = two_symbols(tmp_path)
    alone = first.read(tmp_path)
    picked = data.read_itch(path, "LOBS")
    assert picked["type"].tolist() == ["A", "E", "X", "U", "D"]
    assert_frame_equal(picked, alone)
    both = data.read_itch(path)
    assert both["symbol"].value_counts().to_dict() == {"LOBS": 5, "OTHR": 5}
    mine = both[both["symbol"] == "OTHR"].reset_index(drop=True)
    assert_frame_equal(mine, data.read_itch(path, "OTHR"))


def test_the_directory_counts_the_messages_of_each_symbol(tmp_path):
    path, _ = two_symbols(tmp_path)
    table = data.read_itch_directory(path)
    assert table["symbol"].tolist() == ["LOBS", "OTHR"]
    assert table["locate"].tolist() == [7, 300]
    assert table["messages"].tolist() == [6, 6]
    assert table["round_lot"].tolist() == [100, 100]


def test_an_unknown_symbol_is_answered_with_those_that_the_file_holds(tmp_path):
    path, _ = two_symbols(tmp_path)
    with pytest.raises(DataError, match="holds no symbol 'NONE'; it holds LOBS, OTHR"):
        data.read_itch(path, "NONE")
    with pytest.raises(DataError, match="symbol is 'TOOLONGNAME'; allowed are 1 to 8"):
        data.read_itch(path, "TOOLONGNAME")


def test_a_table_too_long_is_refused_before_it_is_made(tmp_path):
    path, _ = two_symbols(tmp_path)
    with pytest.raises(DataError, match="more than 9 events .* name one symbol"):
        data.read_itch(path, max_events=9)
    assert len(data.read_itch(path, "LOBS", max_events=5)) == 5


def test_without_directory_the_symbol_is_known_by_its_first_order(tmp_path):
    late = Tape().add(1, "B", 5, 10_000).executed(1, 5, 1)
    assert late.read(tmp_path)["type"].tolist() == ["A", "E"]


# -- what the messages mean ------------------------------------------------------------------------


def test_executions_cancels_and_deletes_take_side_and_price_from_their_order(tmp_path):
    stream = tape().add(1, "B", 10, 10_000).add(2, "S", 20, 10_100, "MPID")
    table = stream.executed(1, 3, 50).cancelled(1, 2).deleted(1).executed(2, 20, 51).read(tmp_path)
    assert table["side"].tolist() == [1, -1, 1, 1, 1, -1]
    assert table["price"].tolist() == [1.0, 1.01, 1.0, 1.0, 1.0, 1.01]
    assert table["size"].tolist() == [10, 20, 3, 2, 5, 20]
    assert table["left"].tolist() == [10, 20, 7, 5, 0, 0]
    assert table["code"].tolist() == ["", "MPID", "", "", "", ""]
    assert found(table.attrs["report"]) == {
        "rows_in_file": 7, "rows_returned": 6, "type_R": 1, "type_A": 1, "type_F": 1, "type_E": 2,
        "type_X": 1, "type_D": 1,
    }  # fmt: skip


def test_a_replace_inherits_side_and_symbol_and_loses_its_place(tmp_path):
    stream = tape().add(1, "S", 10, 10_000).add(2, "S", 20, 10_000)
    stream.replaced(1, 3, 5, 10_000)  # smaller and at the same price, and yet behind order 2
    table = stream.read(tmp_path)
    assert table["side"].tolist() == [-1, -1, -1]
    assert table["symbol"].tolist() == ["LOBS"] * 3
    replay = data.itch_to_messages(table)
    book, _ = book_after(replay)
    assert queue(replay, book, Side.SELL) == [(2, 1.0, 20), (3, 1.0, 5)]
    assert table.attrs["report"]["unknown_orders"] == 0


def test_the_old_number_of_a_replaced_order_is_gone(tmp_path):
    table = tape().add(1, "S", 10, 10_000).replaced(1, 3, 5, 10_000).deleted(1).read(tmp_path)
    assert table.attrs["report"]["unknown_orders"] == 1
    replay = data.itch_to_messages(table)
    assert replay.report["unknown_orders"] == 1
    assert queue(replay, book_after(replay)[0], Side.SELL) == [(3, 1.0, 5)]


def test_an_execution_is_a_fill_of_the_named_order(tmp_path):
    stream = tape().add(1, "B", 10, 10_000).add(2, "B", 10, 10_000)
    table = stream.executed(1, 10, 77).executed(2, 4, 78).read(tmp_path)
    replay = data.itch_to_messages(table)
    book, fills = book_after(replay)
    assert replay.order_ids[fills["maker_id"]].tolist() == [1, 2]
    assert fills["size"].tolist() == [10, 4]
    assert fills["taker_side"].tolist() == [-1, -1]
    assert fills["time_ns"].tolist() == table["time_ns"].tolist()[2:]
    assert replay.trades["sign"].tolist() == [-1, -1]
    assert found(replay.report) == {}
    assert queue(replay, book, Side.BUY) == [(2, 1.0, 6)]


def test_a_non_printable_execution_leaves_the_book_but_is_no_volume(tmp_path):
    """The shares of a cross are told twice: by C messages not to be printed, and by Q."""
    stream = tape().add(1, "B", 10, 10_000).add(2, "B", 10, 10_000)
    stream.executed_at(1, 6, 50, "N", 10_000).cross(6, 10_000, 50)
    table = stream.executed_at(2, 3, 51, "Y", 10_050).read(tmp_path)
    assert table["printable"].tolist() == [True, True, False, True, True]
    assert table.attrs["report"]["not_printable"] == 1
    trades = data.itch_trades(table)
    assert trades["type"].tolist() == ["C", "Q", "C"]
    assert trades["price"].tolist() == [1.0, 1.0, 1.005]  # C prints its own price
    assert trades.loc[trades["printable"], "size"].sum() == 6 + 3
    replay = data.itch_to_messages(table)
    book, fills = book_after(replay)
    assert queue(replay, book, Side.BUY) == [(1, 1.0, 4), (2, 1.0, 7)]
    assert len(fills) == 0, "neither happened at the price of the book"
    assert found(replay.report) == {"not_printable": 1, "other_price": 1}


def test_a_print_of_a_hidden_order_does_not_touch_the_book(tmp_path):
    stream = tape().add(1, "B", 10, 10_000).hidden("B", 500, 10_050, 60)
    replay = data.itch_to_messages(stream.read(tmp_path))
    book, fills = book_after(replay)
    assert queue(replay, book, Side.BUY) == [(1, 1.0, 10)] and len(fills) == 0
    trade = replay.trades[["price", "size", "sign", "match"]]
    assert trade.values.tolist() == [[1.005, 500, 0, 60]]


def test_hidden_orders_have_a_sign_only_where_both_sides_occur(tmp_path):
    new = tape().hidden("B", 5, 10_000, 1).hidden("B", 5, 10_000, 2).read(tmp_path)
    assert data.itch_trades(new)["sign"].tolist() == [0, 0]
    old = tape().hidden("B", 5, 10_000, 1).hidden("S", 5, 10_000, 2).read(tmp_path)
    assert data.itch_trades(old)["sign"].tolist() == [-1, 1]


def test_a_broken_trade_is_marked_in_the_trades(tmp_path):
    stream = tape().add(1, "B", 10, 10_000).executed(1, 1, 5).executed(1, 1, 6).broken(5)
    table = stream.read(tmp_path)
    assert data.itch_trades(table)["broken"].tolist() == [True, False]
    assert table.attrs["report"]["broken_trades"] == 1
    replay = data.itch_to_messages(table)
    assert queue(replay, book_after(replay)[0], Side.BUY) == [(1, 1.0, 8)], "the book stays"


def test_halts_and_crosses_are_counted(tmp_path):
    stream = tape().put("S", "c", b"Q", locate=0).action("T").action("H").action("T")
    table = stream.cross(0, 0, 8).cross(700, 10_000, 9, "H").read(tmp_path)
    assert table["type"].tolist() == ["S", "H", "H", "H", "Q", "Q"]
    assert table["code"].tolist() == ["Q", "T", "H", "T", "O", "H"]
    report = table.attrs["report"]
    assert (report["halts"], report["crosses"]) == (1, 2)
    assert data.itch_trades(table)["size"].tolist() == [700], "a cross of no shares is no trade"


# -- dirty feeds -----------------------------------------------------------------------------------


def test_a_stream_that_begins_late_counts_the_orders_it_does_not_know(tmp_path):
    stream = tape().executed(1, 5, 1).cancelled(2, 5).deleted(3).replaced(4, 5, 6, 10_000)
    table = stream.add(6, "B", 1, 10_000).read(tmp_path)
    assert table.attrs["report"]["unknown_orders"] == 4
    assert table["side"].tolist() == [0, 0, 0, 0, 1]
    assert table["price_e4"].tolist() == [-1, -1, -1, 10_000, 10_000]
    replay = data.itch_to_messages(table)
    assert found(replay.report) == {"unknown_orders": 4}
    assert queue(replay, book_after(replay)[0], Side.BUY) == [(6, 1.0, 1)]
    assert np.isnan(replay.trades["price"][0])


def test_a_clock_that_goes_back_is_counted_and_left(tmp_path):
    stream = tape().add(1, "B", 1, 10_000)
    stream.put("D", "Q", 1, time=NOON - 5)
    table = stream.add(2, "B", 1, 10_000).read(tmp_path)
    assert table.attrs["report"]["clock_back"] == 1
    assert table["time_ns"].tolist() == [NOON + 2, NOON - 5, NOON + 4]


def test_more_taken_than_was_left_is_counted_and_cut(tmp_path):
    table = tape().add(1, "B", 5, 10_000).executed(1, 8, 1).read(tmp_path)
    assert table.attrs["report"]["over_taken"] == 1
    assert table["left"].tolist() == [5, 0]
    replay = data.itch_to_messages(table)
    assert replay.report["over_taken"] == 1
    assert book_after(replay)[1]["size"].tolist() == [5]


def test_a_number_used_twice_and_an_order_without_shares_are_counted(tmp_path):
    stream = tape().add(1, "B", 5, 10_000).add(1, "B", 7, 9_900).add(2, "B", 0, 10_000)
    table = stream.read(tmp_path)
    assert table.attrs["report"]["reused_ids"] == 1
    assert table.attrs["report"]["no_size"] == 1
    replay = data.itch_to_messages(table)
    assert found(replay.report) == {"reused_ids": 1, "no_size": 1}
    assert queue(replay, book_after(replay)[0], Side.BUY) == [(1, 0.99, 7)]


def test_a_crossed_book_waits_until_it_no_longer_crosses(tmp_path):
    """As in a halt: orders cross until the cross executes them."""
    stream = tape().add(1, "S", 10, 10_000).add(2, "B", 4, 10_100).add(3, "B", 5, 10_100)
    before = data.itch_to_messages(stream.read(tmp_path))
    assert found(before.report) == {"crossed": 2, "still_kept_back": 2}
    assert queue(before, book_after(before)[0], Side.BUY) == []
    stream.executed_at(1, 10, 1, "N", 10_000).cancelled(3, 1)
    after = data.itch_to_messages(stream.add(4, "B", 6, 10_100).read(tmp_path))
    book, _ = book_after(after)
    assert queue(after, book, Side.BUY) == [(2, 1.01, 4), (3, 1.01, 4), (4, 1.01, 6)]
    assert found(after.report) == {"crossed": 2, "not_printable": 1}


def test_an_execution_out_of_priority_takes_the_named_order_and_no_other(tmp_path):
    stream = tape().add(1, "B", 10, 10_000).add(2, "B", 10, 10_000).executed(2, 10, 5)
    replay = data.itch_to_messages(stream.read(tmp_path))
    book, fills = book_after(replay)
    assert queue(replay, book, Side.BUY) == [(1, 1.0, 10)] and len(fills) == 0
    assert found(replay.report) == {"out_of_priority": 1}
    assert replay.trades["size"].tolist() == [10]


def test_a_table_of_several_symbols_is_no_book(tmp_path):
    path, _ = two_symbols(tmp_path)
    with pytest.raises(ValueError, match="holds 2 symbols; read one with"):
        data.itch_to_messages(data.read_itch(path))


def test_a_tick_that_prices_are_no_multiples_of_is_refused(tmp_path):
    table = tape().add(1, "B", 5, 10_050).read(tmp_path)
    with pytest.raises(ValueError, match=r"tick_size is 0.01; .* multiples of 1.005"):
        data.itch_to_messages(table, 0.01)


# -- a real file -----------------------------------------------------------------------------------


def test_the_real_file_is_read_as_python_reads_it(real_data):
    """Counted and decoded once more, message by message, with `struct`."""
    path = real_data / REAL_FILE
    content, position = path.read_bytes(), 0
    counts, stocks, times = {}, [], []
    while position < len(content):
        length = int.from_bytes(content[position : position + 2], "big")
        message = content[position + 2 : position + 2 + length]
        position += 2 + length
        letter = chr(message[0])
        counts[letter] = counts.get(letter, 0) + 1
        assert len(message) == SPECIFIED[letter]
        times.append(int.from_bytes(message[5:11], "big"))
        if letter == "R":
            locate, lot = struct.unpack(">H", message[1:3])[0], message[21:25]
            stocks.append((message[11:19].decode().rstrip(), locate, int.from_bytes(lot, "big")))
    table = data.read_itch_directory(path)
    assert list(zip(table["symbol"], table["locate"], table["round_lot"], strict=True)) == stocks
    report = table.attrs["report"]
    assert {name[5:]: n for name, n in report.items() if name.startswith("type_")} == counts
    assert report["rows_in_file"] == len(times) == 1000
    assert report["clock_back"] == int((np.diff(times) < 0).sum())
    assert data.sniff(path) == "itch"
    apple = data.read_any(path, "AAPL")
    assert apple["type"].tolist() == ["S"] and apple["time_ns"][0] == 11_072_057_543_747
    assert apple["code"].tolist() == ["O"]
