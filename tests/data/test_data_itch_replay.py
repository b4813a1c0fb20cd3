"""NASDAQ ITCH 5.0: files of any size in bounded memory, and the way back from a replay."""

import gzip
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itch_bytes import SYMBOLS, book_after, day_of_many_symbols, found, two_symbols
from pandas.testing import assert_frame_equal
from streams import as_array, message, random_stream, streams

from lobsim import data
from lobsim.data.itch_layout import EVENT_TYPES
from lobsim.engine import Kind, OrderBook, SelfTrade, Side
from lobsim.market import Market

pytestmark = pytest.mark.filterwarnings("error")


# -- large files -----------------------------------------------------------------------------------


def peak_bytes(call):
    """What a call returns, and the most memory that it held."""
    tracemalloc.start()
    try:
        returned = call()
        return returned, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(tmp_path):
    short = day_of_many_symbols(tmp_path / "short.itch", 600)
    long = day_of_many_symbols(tmp_path / "long.itch", 6000)
    data.read_itch(short, "SYM3")  # compiled, and loaded into memory
    peaks = {}
    for path, rounds in ((short, 600), (long, 6000)):
        listed, peaks[path] = peak_bytes(lambda path=path: data.read_itch_directory(path))
        assert listed.attrs["report"]["rows_in_file"] == (5 * rounds + 1) * SYMBOLS
        assert (listed["messages"] == 5 * rounds + 1).all()
    grown = long.stat().st_size - short.stat().st_size
    assert grown > 30 << 20 and listed.attrs["report"]["rows_in_file"] > 1_200_000
    assert abs(peaks[long] - peaks[short]) < grown / 100
    assert peaks[long] < grown / 2


def test_memory_grows_only_with_the_events_of_the_symbol(tmp_path):
    path = day_of_many_symbols(tmp_path / "long.itch", 6000)
    data.read_itch(path, "SYM3")
    table, peak = peak_bytes(lambda: data.read_itch(path, "SYM3"))
    assert len(table) == 5 * 6000
    assert table["type"].tolist()[:5] == list("AXEUD")
    assert set(found(table.attrs["report"])) == {
        "rows_in_file", "rows_returned", *(f"type_{letter}" for letter in "RAXEUD")
    }  # fmt: skip
    assert peak < path.stat().st_size / 1.5


def test_blocks_cut_anywhere_give_the_same_table(tmp_path, monkeypatch):
    path, _ = two_symbols(tmp_path)
    whole = data.read_itch(path)
    for size in (1, 2, 3, 7, 40, 64):
        monkeypatch.setattr("lobsim.data.itch._BLOCK_BYTES", size)
        assert_frame_equal(data.read_itch(path), whole)


# -- there and back --------------------------------------------------------------------------------


def assert_replay_is_exact(path, messages, policy, initial=None, band=(1, 12)):
    """What a book did, written, read and replayed: the same fills and the same queues."""
    book = OrderBook(1, 1, *band, self_trade=policy, max_order_id=10**6)
    written = data.write_itch(path, book, messages, initial)
    direct = OrderBook(1, 1, *band, self_trade=policy, max_order_id=10**6)
    everything = messages if initial is None else np.concatenate([initial, messages])
    assert (direct.process(everything) == written.fills).all()
    table = data.read_itch(path, "SIM")
    assert not set(found(table.attrs["report"])) & {"unknown_orders", "reused_ids", "over_taken"}
    replay = data.itch_to_messages(table, 1)
    assert found(replay.report) == {}
    again, fills = book_after(replay)
    for name in ("time_ns", "price_ticks", "size", "maker_left", "taker_side"):
        assert (fills[name] == written.fills[name]).all(), name
    maker = written.order_ids[replay.order_ids[fills["maker_id"]]]
    assert (maker == written.fills["maker_id"]).all()
    assert (replay.trades["size"].to_numpy() == fills["size"]).all()
    assert (replay.trades["sign"].to_numpy() == fills["taker_side"]).all()
    for side in Side:
        ids = [int(written.order_ids[replay.order_ids[o.order_id]]) for o in again.orders(side)]
        mine = [(order, o.price, o.size) for order, o in zip(ids, again.orders(side), strict=True)]
        assert mine == [(o.order_id, o.price, o.size) for o in book.orders(side)]
    return written, table


@settings(max_examples=80)
@given(stream=streams(), policy=st.sampled_from(SelfTrade))
def test_what_a_book_did_is_read_back_exactly(stream, policy, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "back.itch"
    assert_replay_is_exact(path, as_array(stream), policy)


@pytest.mark.parametrize("policy", SelfTrade)
def test_a_long_day_is_read_back_exactly(policy, tmp_path):
    messages = as_array(random_stream(np.random.default_rng(5), 4000))
    written, table = assert_replay_is_exact(tmp_path / "long.itch.gz", messages, policy)
    assert set("AEXDU") <= set(written.counts), "the day holds every way to change a book"
    assert table["type"].value_counts().to_dict() == {
        letter: count for letter, count in written.counts.items() if letter in EVENT_TYPES
    }


@pytest.mark.parametrize("new_id", [-1, 50])
@pytest.mark.parametrize(
    "price, size, told",
    [(5, 4, "X"), (5, 6, ""), (5, 9, "U"), (4, 6, "U"), (7, 8, "DEA"), (7, 2, "DE")],
)
def test_a_replace_is_told_by_what_it_does(price, size, told, new_id, tmp_path):
    """Order 1 stands before order 2 at 5; an offer of 3 waits at 7."""
    messages = as_array([
        message(Kind.LIMIT, 1, 1, 5, 6), message(Kind.LIMIT, 2, 1, 5, 6),
        message(Kind.LIMIT, 3, -1, 7, 3), message(Kind.REPLACE, 1, 0, price, size, 0, new_id),
        message(Kind.IOC, 4, -1, 5, 1),
    ])  # fmt: skip
    written, table = assert_replay_is_exact(tmp_path / "x.itch", messages, SelfTrade.ALLOW)
    orders = "".join(letter for letter in table["type"] if letter not in "SH")
    assert orders == "AAA" + told + "E"
    keeps = told in ("X", "") or price > 5 and "A" in told
    first = written.fills["maker_id"][-1]
    assert first == ((1 if new_id < 0 else new_id) if keeps else 2)


def test_the_book_before_the_day_is_written_first(tmp_path):
    stream = random_stream(np.random.default_rng(6), 600)
    messages = as_array(stream)
    book = OrderBook(1, 1, 1, 12, max_order_id=10**6)
    book.process(messages[:300])
    initial = np.zeros(0, messages.dtype)
    for side in Side:
        part = np.zeros(len(book.orders(side)), messages.dtype)
        for row, order in zip(part, book.orders(side), strict=True):
            row["order_id"], row["price_ticks"] = order.order_id, order.price
            row["size"], row["owner"], row["side"] = order.size, order.owner, side
        part["kind"], part["new_order_id"] = Kind.LIMIT, -1
        initial = np.concatenate([initial, part])
    rest = messages[300:]
    assert_replay_is_exact(tmp_path / "x.itch", rest, SelfTrade.CANCEL_RESTING, initial)


def test_a_simulated_market_is_read_back_exactly(tmp_path):
    """Own orders and all: the recording, its file, and the file's replay agree."""
    market = Market("SPY", seed=3, start_s=36_000, end_s=36_060, record=True)
    market.advance(36_020)
    market.submit("buy", 300, kind="market")
    market.submit("sell", 200, price=market.best_ask)
    market.advance(36_060)
    recording = market.record()
    book = OrderBook(market.profile.tick_size, market.profile.lot_size)
    path = tmp_path / "SPY.itch.gz"
    written = data.write_itch(path, book, recording.messages, recording.initial, symbol="SPY")
    assert book.reject_counts == {}
    fills = recording.fills.copy()
    fills["message_index"] += len(recording.initial)
    assert (fills == written.fills).all() and len(fills) > 50
    replay = data.itch_to_messages(data.read_itch(path, "SPY"), market.profile.tick_size)
    again, refilled = book_after(replay)
    for name in ("time_ns", "price_ticks", "size", "maker_left", "taker_side"):
        assert (refilled[name] == fills[name]).all(), name
    for mine, theirs in zip(again.depth(5), market.depth(5), strict=True):
        assert mine.tolist() == theirs.tolist()


def test_the_same_day_gives_the_same_bytes(tmp_path):
    messages = as_array(random_stream(np.random.default_rng(7), 300))
    paths = [
        data.write_itch(tmp_path / name, OrderBook(1, 1, 1, 12), messages).path
        for name in ("a.itch.gz", "b.itch.gz", "c.itch")
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert gzip.decompress(paths[0].read_bytes()) == paths[2].read_bytes()


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda m: m["time_ns"].__setitem__(0, -1), "within the day and not decrease"),
        (lambda m: m["time_ns"].__setitem__(2, 10**15), "within the day and not decrease"),
    ],
)
def test_times_that_the_format_cannot_hold_are_refused(change, says, tmp_path):
    messages = as_array(random_stream(np.random.default_rng(8), 10))
    change(messages)
    with pytest.raises(ValueError, match=says):
        data.write_itch(tmp_path / "x.itch", OrderBook(1, 1, 1, 12), messages)


def test_books_that_the_format_cannot_tell_of_are_refused(tmp_path):
    messages = as_array(random_stream(np.random.default_rng(9), 40))
    path = tmp_path / "x.itch"
    for book, says in (
        (OrderBook(0.00001, 1), "tick_size is 1e-05; ITCH prices are multiples of 0.0001"),
        (OrderBook(1, 0.5, 1, 12), "lot_size is 0.5; ITCH sizes are whole shares"),
        (OrderBook(100_000, 1, 100_000, 1_200_000), "does not fit into ITCH"),
    ):
        with pytest.raises(ValueError, match=says):
            data.write_itch(path, book, messages)
    used = OrderBook(1, 1, 1, 12)
    used.limit("buy", 3, 1)
    with pytest.raises(ValueError, match="the book has been used"):
        data.write_itch(path, used, messages)
    assert not path.exists()
