"""Bad messages: refused with a code, counted, and without any effect; room grows or ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from numba import config
from streams import BAND, as_array, message, new_book, resting, streams

from lobsim.engine import (
    FILL,
    MESSAGE,
    OUTCOME,
    Kind,
    OrderBook,
    Reject,
    copy_state,
    empty_messages,
    explain_reject,
    process,
    watch,
)
from lobsim.engine.state import REJECTS

EXAMPLES = 30 if config.DISABLE_JIT else 100
INT32_MAX, INT32_MIN = 2**31 - 1, -(2**31)


def seeded():
    """Book with bids at 5 and asks at 8; order 2 belongs to owner 4."""
    book = new_book(max_order_id=1000)
    process(book, as_array([
        message(Kind.LIMIT, 1, 1, 5, 10), message(Kind.LIMIT, 2, 1, 5, 10, owner=4),
        message(Kind.LIMIT, 3, -1, 8, 10), message(Kind.CANCEL, 3),
        message(Kind.LIMIT, 4, -1, 8, 10),
    ]))
    return book


BAD = [
    (message(0, 9, 1, 5, 1), Reject.UNKNOWN_KIND),
    (message(9, 9, 1, 5, 1), Reject.UNKNOWN_KIND),
    (message(-1, 9, 1, 5, 1), Reject.UNKNOWN_KIND),
    (message(Kind.LIMIT, 9, 0, 5, 1), Reject.BAD_SIDE),
    (message(Kind.MARKET, 9, 2, 5, 1), Reject.BAD_SIDE),
    (message(Kind.LIMIT, 9, 1, 5, 0), Reject.BAD_SIZE),
    (message(Kind.MARKET, 9, 1, 0, -5), Reject.BAD_SIZE),
    (message(Kind.LIMIT, 9, 1, 5, INT32_MIN), Reject.BAD_SIZE),
    (message(Kind.LIMIT, 9, 1, 5, 1, owner=-1), Reject.BAD_OWNER),
    (message(Kind.LIMIT, 9, 1, BAND[1] + 1, 1), Reject.OUT_OF_BAND),
    (message(Kind.IOC, 9, 1, BAND[0] - 1, 1), Reject.OUT_OF_BAND),
    (message(Kind.LIMIT, 9, 1, INT32_MIN, 1), Reject.OUT_OF_BAND),
    (message(Kind.LIMIT, 9, -1, INT32_MAX, 1), Reject.OUT_OF_BAND),
    (message(Kind.LIMIT, 0, 1, 5, 1), Reject.BAD_ID),
    (message(Kind.MARKET, INT32_MIN, 1, 5, 1), Reject.BAD_ID),
    (message(Kind.LIMIT, 1001, 1, 5, 1), Reject.BAD_ID),
    (message(Kind.LIMIT, INT32_MAX, 1, 5, 1), Reject.BAD_ID),
    (message(Kind.LIMIT, 1, 1, 5, 1), Reject.DUPLICATE_ID),
    (message(Kind.MARKET, 3, 1, 5, 1), Reject.DUPLICATE_ID),
    (message(Kind.CANCEL, 3), Reject.UNKNOWN_ID),
    (message(Kind.CANCEL, 0), Reject.UNKNOWN_ID),
    (message(Kind.CANCEL, -1), Reject.UNKNOWN_ID),
    (message(Kind.CANCEL, INT32_MAX), Reject.UNKNOWN_ID),
    (message(Kind.REDUCE, INT32_MIN, size=1), Reject.UNKNOWN_ID),
    (message(Kind.REPLACE, 500, 1, 5, 1), Reject.UNKNOWN_ID),
    (message(Kind.CANCEL, 2), Reject.NOT_OWNER),
    (message(Kind.REDUCE, 1, size=1, owner=4), Reject.NOT_OWNER),
    (message(Kind.REPLACE, 2, 1, 5, 1, owner=5), Reject.NOT_OWNER),
    (message(Kind.REDUCE, 1, size=0), Reject.BAD_SIZE),
    (message(Kind.REDUCE, 1, size=11), Reject.BAD_SIZE),
    (message(Kind.REDUCE, 1, size=INT32_MIN), Reject.BAD_SIZE),
    (message(Kind.REPLACE, 1, price=5, size=0), Reject.BAD_SIZE),
    (message(Kind.REPLACE, 1, price=0, size=5), Reject.OUT_OF_BAND),
    (message(Kind.REPLACE, 1, price=INT32_MAX, size=5), Reject.OUT_OF_BAND),
    (message(Kind.REPLACE, 1, price=6, size=5, new_id=4), Reject.DUPLICATE_ID),
    (message(Kind.REPLACE, 1, price=5, size=5, new_id=3), Reject.DUPLICATE_ID),
    (message(Kind.REPLACE, 1, price=5, size=5, new_id=0), Reject.BAD_ID),
    (message(Kind.REPLACE, 1, price=8, size=5, new_id=-2), Reject.BAD_ID),
    (message(Kind.REPLACE, 1, price=8, size=5, new_id=1001), Reject.BAD_ID),
    (message(Kind.POST_ONLY, 9, 1, 8, 1), Reject.WOULD_TAKE),
    (message(Kind.FOK, 9, 1, 8, 11), Reject.CANNOT_FILL),
    (message(Kind.FOK, 9, 1, 7, 1), Reject.CANNOT_FILL),
]


@pytest.mark.parametrize("bad, code", BAD, ids=[f"{i}-{c.name}" for i, (_, c) in enumerate(BAD)])
def test_a_refused_message_changes_nothing_but_its_counter(bad, code):
    book = seeded()
    before = copy_state(book.state)
    outcome = np.zeros(1, OUTCOME)
    fills = book.process(as_array([bad]), outcome)
    assert outcome[0].item() == (0, code, 0, 0, 0)
    assert len(fills) == 0
    before.scalars[REJECTS + code] += 1
    for name, was, now in zip(before._fields, before, book.state, strict=True):
        assert np.array_equal(was, now), name
    assert book.reject_counts == {code.name: 1}
    assert explain_reject(code)


def test_every_reject_code_of_the_kernel_has_a_case():
    elsewhere = {Reject.OK, Reject.OFF_GRID, Reject.CAPACITY}
    assert {code for _, code in BAD} | elsewhere == set(Reject)


@settings(max_examples=EXAMPLES)
@given(stream=streams())
def test_refused_messages_can_be_left_out(stream):
    array = as_array(stream)
    outcomes = np.zeros(len(array), OUTCOME)
    with_bad = new_book(max_order_id=10**6)
    fills = with_bad.process(array, outcomes)
    without = new_book(max_order_id=10**6)
    good_fills = without.process(array[outcomes["reject"] == 0])
    names = [name for name in FILL.names if name != "message_index"]
    assert [fill[names].item() for fill in fills] == [fill[names].item() for fill in good_fills]
    assert resting(with_bad) == resting(without)


def test_any_bytes_are_survived():
    rng = np.random.default_rng(3)
    noise = np.frombuffer(rng.bytes(2_000 * MESSAGE.itemsize), MESSAGE)
    small = noise.copy()
    for name, high in (("order_id", 50), ("price_ticks", 14), ("kind", 9), ("owner", 2)):
        small[name] = rng.integers(0, high, len(small))
    small["side"] = rng.choice([1, -1], len(small))
    book = new_book(max_order_id=10**5)
    book.process(noise)
    book.process(small)
    book.check_invariants()
    assert sum(book.reject_counts.values()) > 2_000


def test_level_totals_hold_more_than_int32():
    book = new_book()
    for _ in range(5):
        book.limit("buy", 5, INT32_MAX)
    assert book.depth(1).bid_size[0] == 5 * INT32_MAX
    result = book.ioc("sell", 5, INT32_MAX)
    assert result.filled == INT32_MAX
    assert book.queue_position(5) == (3 * INT32_MAX, 3)
    assert book.fok("sell", 5, INT32_MAX).status == "filled"
    book.check_invariants()


def test_own_resting_lots_beyond_int32_are_counted():
    book = new_book()
    for _ in range(3):
        book.limit("sell", 5, INT32_MAX, owner=1)
    assert book.limit("buy", 5, 1, owner=1).self_cancelled == 3 * INT32_MAX


def test_slots_ids_and_fills_grow_inside_one_batch():
    count = 5_000
    batch = empty_messages(count + 1)
    batch["kind"] = Kind.LIMIT
    batch["side"] = -1
    batch["size"] = 1
    batch["price_ticks"] = 5
    batch["order_id"] = 1 + 7 * np.arange(count + 1)
    batch[-1] = (0, 10**6, 5, count, 0, Kind.MARKET, 1, -1)
    book = new_book()
    fills = book.process(batch)
    assert len(fills) == count
    assert np.array_equal(fills["maker_id"], batch["order_id"][:-1])
    book.check_invariants()


def test_growth_while_replacing_keeps_every_order():
    book = new_book()
    ids = [book.limit("buy", 5, 2).order_id for _ in range(10)]
    for order_id in ids:
        assert book.replace(order_id, price=6, size=9, new_order_id=order_id * 100_000).accepted
    assert [o.order_id for o in book.orders("buy")] == [i * 100_000 for i in ids]
    book.check_invariants()


@pytest.mark.parametrize("count", [63, 64, 65, 500])
def test_a_sweep_longer_than_the_fill_array_loses_nothing(count):
    for sweep in (lambda book: book.limit("buy", 6, count),
                  lambda book: book.market("buy", count),
                  lambda book: book.replace(book.limit("buy", 4, 1).order_id, 6, count)):
        book = new_book()
        for _ in range(count):
            book.limit("sell", 5, 1)
        result = sweep(book)
        assert [fill.maker_id for fill in result.fills] == list(range(1, count + 1))
        book.check_invariants()


def test_slots_are_used_again():
    book = new_book(max_orders=3)
    for _ in range(50):
        ids = [book.limit("buy", 5, 1).order_id for _ in range(3)]
        assert book.limit("buy", 5, 1).reject == Reject.CAPACITY
        assert book.ioc("buy", 5, 1).accepted
        book.market("sell", 2)
        book.cancel(ids[2])
        book.check_invariants()
    assert len(book.state.orders) == 4


def test_fresh_ids_avoid_those_of_batches():
    book = new_book()
    book.process(as_array([message(Kind.LIMIT, 500, 1, 5, 1), message(Kind.CANCEL, 500)]))
    assert book.limit("buy", 5, 1).order_id == 501


@pytest.mark.parametrize(
    "messages, text",
    [
        (np.zeros(3), "MESSAGE"),
        (np.zeros((2, 2), MESSAGE), "2 dimensions"),
        ([1, 2], "list"),
        (np.zeros(3, FILL), "MESSAGE"),
    ],
)
def test_a_wrong_array_is_one_clear_error(messages, text):
    for function in (process, watch):
        with pytest.raises(ValueError, match=text):
            function(new_book(), messages)


def test_outcomes_must_be_as_long_as_the_messages():
    with pytest.raises(ValueError, match="one per message, 2"):
        process(new_book(), empty_messages(2), np.zeros(3, OUTCOME))


def test_strided_and_read_only_arrays_are_accepted():
    batch = empty_messages(6)
    batch["kind"], batch["side"], batch["size"] = Kind.LIMIT, 1, 1
    batch["price_ticks"] = 5
    batch["order_id"] = 1 + np.arange(6)
    batch.setflags(write=False)
    outcomes = np.zeros(6, OUTCOME)
    book = new_book()
    book.process(batch[::2], outcomes[::2])
    assert [order.order_id for order in book.orders("buy")] == [1, 3, 5]
    assert outcomes["resting"].tolist() == [1, 0] * 3


def test_watch_refuses_rows_that_are_not_there():
    for at in ([2], [-1], [1, 0], [0, 0]):
        with pytest.raises(ValueError, match="at must be"):
            watch(new_book(), empty_messages(2), at=at)
    with pytest.raises(ValueError, match="levels"):
        watch(new_book(), empty_messages(2), levels=0)


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({"tick_size": 0}, "tick_size"),
        ({"tick_size": float("nan")}, "tick_size"),
        ({"lot_size": -1}, "lot_size"),
        ({"lot_size": "1"}, "lot_size"),
        ({"price_min": 0.005}, "price_min"),
        ({"price_max": "high"}, "price_max"),
        ({"price_min": 5.0, "price_max": 4.0}, "price_max"),
        ({"tick_size": 1e-6, "price_max": 1000.0}, "number of prices"),
        ({"price_max": 1e9}, "price_max"),
        ({"max_orders": 0}, "max_orders"),
        ({"max_order_id": 2**31}, "max_order_id"),
        ({"self_trade": 9}, "SelfTrade"),
    ],
)
def test_a_book_that_cannot_be_is_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        OrderBook(**arguments)


@pytest.mark.parametrize("count", [150, 400])
def test_the_bytes_between_the_fields_of_fills_are_zero(count):
    used = np.dtype((np.uint8, FILL.itemsize))
    fields = np.zeros(FILL.itemsize, bool)
    for name in FILL.names:
        kind, offset = FILL.fields[name][:2]
        fields[offset : offset + kind.itemsize] = True
    assert not fields.all()
    dirt = [np.full(n * FILL.itemsize, 255, np.uint8) for n in range(1, count)]
    del dirt  # chance bytes for whoever asks for memory next
    batch = empty_messages(2 * count)
    batch["kind"], batch["price_ticks"], batch["size"] = Kind.LIMIT, 5, 1
    batch["side"][:count], batch["side"][count:] = 1, -1
    batch["order_id"] = 1 + np.arange(2 * count)
    batch["side"][3:count] = 0  # refused, so that few of the fills that there is room for are used
    for fills in (process(new_book(), batch), watch(new_book(), batch).fills):
        assert 0 < len(fills) <= 3
        rows = fills.view(used).reshape(len(fills), FILL.itemsize)
        assert not rows[:, ~fields].any()
