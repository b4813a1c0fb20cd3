"""A hundred thousand hostile messages: each refused with its reason, every byte as it was."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config
from streams import as_array, message, resting

from lobsim.engine import OUTCOME, Kind, OrderBook, Reject, Side, empty_messages
from lobsim.engine.state import REJECTS

BATCH = 1_000
BATCHES = 5 if config.DISABLE_JIT else 100
EXAMPLES = 40 if config.DISABLE_JIT else 300
LOW, HIGH, MAX_ID = 100, 199, 1_000
INT32, INT16 = np.iinfo(np.int32), np.iinfo(np.int16)
NEW = [Kind.LIMIT, Kind.MARKET, Kind.IOC, Kind.FOK, Kind.POST_ONLY]
PRICED = [Kind.LIMIT, Kind.IOC, Kind.FOK, Kind.POST_ONLY]
RESTING_IDS = np.arange(1, 81)
USED_IDS = np.array([900, MAX_ID])  # finished orders


def crowded_book():
    """Bids from 110 to 149, asks from 150 to 189, two owners; all ids up to 1,000 are mapped."""
    book = OrderBook(1, 1, LOW, HIGH, max_order_id=MAX_ID)
    book.process(as_array(
        [message(Kind.LIMIT, int(i), 1 if i <= 40 else -1, 109 + int(i), 10, owner=int(i) % 3)
         for i in RESTING_IDS]
        + [message(Kind.IOC, int(i), 1, LOW, 1) for i in USED_IDS]
    ))  # fmt: skip
    assert len(book.state.slot_of) == MAX_ID + 1
    return book


def snapshot(book):
    """Bytes of every array of the book, without the counters of refusals."""
    scalars, *others = book.state
    return [scalars[:REJECTS].tobytes(), *(array.tobytes() for array in others)]


def extreme(rng, dtype, count):
    """Integers that are extreme, tiny, or anything."""
    limits = np.iinfo(dtype)
    edges = np.array([limits.min, limits.min + 1, -2, -1, 0, 1, 2, limits.max - 1, limits.max])
    anything = rng.integers(limits.min, limits.max, count, endpoint=True)
    return np.where(rng.random(count) < 0.5, rng.choice(edges, count), anything).astype(dtype)


def outside(rng, low, high, limits, count):
    """Integers below `low` or above `high`, half of the time next to them or at the very end."""
    below = rng.choice([low - 1, int(limits.min), int(rng.integers(limits.min, low))], count)
    above = rng.choice([high + 1, int(limits.max), int(rng.integers(high + 1, limits.max))], count)
    return np.where(rng.random(count) < 0.5, below, above)


def harmless(rng, count):
    """Messages of which any would be accepted as a new order at first."""
    batch = empty_messages(count)
    batch["time_ns"] = extreme(rng, np.int64, count)
    batch["kind"] = rng.choice(NEW, count)
    batch["order_id"] = rng.integers(200, 800, count)
    batch["side"] = rng.choice([1, -1], count)
    batch["price_ticks"] = rng.integers(LOW, HIGH + 1, count)
    batch["size"] = rng.integers(1, 10, count)
    batch["owner"] = rng.integers(0, 3, count)
    return batch


def about_resting(rng, kinds, batch):
    """Turn messages into requests about resting orders, by their owners."""
    batch["kind"] = rng.choice(kinds, len(batch))
    batch["order_id"] = rng.choice(RESTING_IDS, len(batch))
    batch["owner"] = batch["order_id"] % 3


def make_unknown_kind(rng, batch):
    batch["kind"] = outside(rng, 1, 8, INT16, len(batch))


def make_bad_side(rng, batch):
    odd = extreme(rng, np.int16, len(batch))
    batch["side"] = np.where(np.abs(odd.astype(int)) == 1, 0, odd)


def make_bad_size(rng, batch):
    batch["size"] = -np.abs(extreme(rng, np.int32, len(batch)).astype(np.int64))


def make_too_large_reduction(rng, batch):
    about_resting(rng, [Kind.REDUCE], batch)
    batch["size"] = outside(rng, 1, 10, INT32, len(batch))


def make_bad_owner(rng, batch):
    batch["owner"] = -1 - rng.integers(0, INT32.max, len(batch), endpoint=True)


def make_out_of_band(rng, batch):
    batch["kind"] = rng.choice(PRICED, len(batch))
    batch["price_ticks"] = outside(rng, LOW, HIGH, INT32, len(batch))


def make_replacement_out_of_band(rng, batch):
    about_resting(rng, [Kind.REPLACE], batch)
    batch["price_ticks"] = outside(rng, LOW, HIGH, INT32, len(batch))


def make_bad_id(rng, batch):
    batch["order_id"] = outside(rng, 1, MAX_ID, INT32, len(batch))


def make_duplicate_id(rng, batch):
    batch["order_id"] = rng.choice(np.concatenate([RESTING_IDS, USED_IDS]), len(batch))


def make_unknown_id(rng, batch):
    batch["kind"] = rng.choice([Kind.CANCEL, Kind.REDUCE, Kind.REPLACE], len(batch))
    never = rng.integers(200, 800, len(batch))
    odd = np.where(rng.random(len(batch)) < 0.5, never, outside(rng, 1, MAX_ID, INT32, len(batch)))
    batch["order_id"] = np.where(rng.random(len(batch)) < 0.2, rng.choice(USED_IDS), odd)
    for name in ("price_ticks", "size", "owner", "new_order_id"):
        batch[name] = extreme(rng, np.int32, len(batch))


def make_not_owner(rng, batch):
    about_resting(rng, [Kind.CANCEL, Kind.REDUCE, Kind.REPLACE], batch)
    odd = extreme(rng, np.int32, len(batch))
    batch["owner"] = np.where(odd == batch["owner"], -1, odd)


def make_would_take(rng, batch):
    batch["kind"] = Kind.POST_ONLY
    batch["price_ticks"] = np.where(batch["side"] > 0, 150, 149)
    batch["size"] = rng.choice([1, INT32.max], len(batch))


def make_cannot_fill(rng, batch):
    batch["kind"] = Kind.FOK
    batch["size"] = rng.integers(401, INT32.max, len(batch), endpoint=True)


HOSTILE = [
    (make_unknown_kind, Reject.UNKNOWN_KIND),
    (make_bad_side, Reject.BAD_SIDE),
    (make_bad_size, Reject.BAD_SIZE),
    (make_too_large_reduction, Reject.BAD_SIZE),
    (make_bad_owner, Reject.BAD_OWNER),
    (make_out_of_band, Reject.OUT_OF_BAND),
    (make_replacement_out_of_band, Reject.OUT_OF_BAND),
    (make_bad_id, Reject.BAD_ID),
    (make_duplicate_id, Reject.DUPLICATE_ID),
    (make_unknown_id, Reject.UNKNOWN_ID),
    (make_not_owner, Reject.NOT_OWNER),
    (make_would_take, Reject.WOULD_TAKE),
    (make_cannot_fill, Reject.CANNOT_FILL),
]


def test_a_hundred_thousand_hostile_messages_change_nothing():
    rng = np.random.default_rng(11)
    book = crowded_book()
    before = snapshot(book)
    refused = dict.fromkeys(Reject, 0)
    outcomes = np.zeros(BATCH, OUTCOME)
    for number in range(BATCHES):
        batch = harmless(rng, BATCH)
        expected = np.zeros(BATCH, int)
        chosen = rng.integers(0, len(HOSTILE), BATCH)
        for index, (make, code) in enumerate(HOSTILE):
            part = batch[chosen == index]
            make(rng, part)
            batch[chosen == index] = part
            expected[chosen == index] = code
        fills = book.process(batch, outcomes)
        assert len(fills) == 0
        wrong = np.flatnonzero(outcomes["reject"] != expected)
        assert len(wrong) == 0, (number, batch[wrong[0]], outcomes[wrong[0]])
        for name in ("filled", "resting", "cancelled", "self_cancelled"):
            assert not outcomes[name].any()
        assert snapshot(book) == before, number
        for code in Reject:
            refused[code] += int((expected == code).sum())
    assert book.reject_counts == {code.name: n for code, n in refused.items() if n}
    assert sum(refused.values()) == BATCH * BATCHES
    book.check_invariants()


def test_noise_that_is_refused_changes_nothing():
    rng = np.random.default_rng(12)
    for _ in range(BATCHES):
        book = crowded_book()
        noise = empty_messages(BATCH)
        for name in noise.dtype.names:
            noise[name] = extreme(rng, noise.dtype[name], BATCH)
        usual = harmless(rng, BATCH)
        for name in ("kind", "side", "order_id"):
            sane = rng.random(BATCH) < 0.8
            noise[name][sane] = usual[name][sane]
        outcomes = np.zeros(BATCH, OUTCOME)
        crowded_book().process(noise, outcomes)
        # On a fresh book, the refused ones alone: none may do anything, whatever came before.
        alone = noise[np.isin(outcomes["reject"], [
            Reject.UNKNOWN_KIND, Reject.BAD_SIDE, Reject.BAD_SIZE, Reject.BAD_OWNER,
            Reject.OUT_OF_BAND, Reject.BAD_ID,
        ])]  # fmt: skip
        before = snapshot(book)
        assert len(book.process(alone)) == 0
        assert snapshot(book) == before
        assert sum(book.reject_counts.values()) == len(alone) > BATCH / 4


int32s = st.one_of(
    st.integers(INT32.min, INT32.max), st.sampled_from([-1, 0, 1, INT32.min, INT32.max]),
    st.integers(1, 200),
)  # fmt: skip
int16s = st.one_of(st.integers(INT16.min, INT16.max), st.integers(-1, 9))


@settings(max_examples=EXAMPLES)
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1), int32s, int32s, int32s, int32s, int16s, int16s, int32s
        ),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_a_message_is_accepted_or_leaves_every_byte(rows):
    book = crowded_book()
    outcome = np.zeros(1, OUTCOME)
    for row in rows:
        one = empty_messages(1)
        one[0] = row
        before, refusals = snapshot(book), sum(book.reject_counts.values())
        fills = book.process(one, outcome)
        if outcome["reject"][0]:
            assert len(fills) == 0
            assert snapshot(book) == before
            assert sum(book.reject_counts.values()) == refusals + 1
        book.check_invariants()


whole = st.one_of(
    st.integers(-(2**70), 2**70), st.sampled_from([2**31 - 1, 2**31, -(2**31) - 1, 2**63, 0, 1, 5])
)
number = st.one_of(whole, st.floats(), st.none(), st.just("twelve"))


@settings(max_examples=EXAMPLES)
@given(
    call=st.sampled_from(["limit", "ioc", "fok", "post_only", "market", "cancel", "reduce",
                          "replace"]),
    order_id=st.one_of(whole, st.integers(1, 90)), price=number, size=number, owner=whole,
    side=st.sampled_from(list(Side)),
)  # fmt: skip
def test_a_single_call_is_accepted_or_leaves_every_byte(call, order_id, price, size, owner, side):
    book = crowded_book()
    before = snapshot(book)
    if call == "market":
        result = book.market(side, size, owner)
    elif call in ("cancel", "reduce"):
        result = getattr(book, call)(order_id, *([size] if call == "reduce" else []), owner=owner)
    elif call == "replace":
        result = book.replace(order_id, price, size, owner=owner)
    else:
        result = getattr(book, call)(side, price, size, owner)
    book.check_invariants()
    if not result.accepted:
        assert (result.filled, result.resting, result.cancelled, result.fills) == (0, 0, 0, [])
        assert snapshot(book) == before
        assert book.reject_counts == {result.reject.name: 1}


def test_a_clock_that_no_record_can_hold_is_one_clear_error():
    book = crowded_book()
    book.time_ns = 2**63
    before = snapshot(book)
    with pytest.raises(ValueError, match="time_ns is 9223372036854775808; it must be"):
        book.limit("buy", 120, 1)
    assert snapshot(book) == before
    assert book.limit("buy", math.inf, 1).reject == Reject.OFF_GRID


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda book: pickle.loads(pickle.dumps(book))])
def test_a_copy_of_a_book_shares_nothing_with_it(copied):
    book = OrderBook(1, 1, LOW, HIGH)
    for price in (148, 149):
        book.limit("buy", price, 10)  # its way to the kernel is open now
    other = copied(book)
    before = snapshot(book)
    assert other.limit("sell", 150, 7).order_id == 3
    assert other.market("sell", 15).filled == 15
    assert snapshot(book) == before
    here, there = resting(book), resting(other)
    assert book.market("sell", 10).filled == 10
    assert resting(book) != here
    assert resting(other) == there
    other.check_invariants()
    book.check_invariants()


def test_a_book_whose_arrays_are_not_its_own_is_one_clear_error():
    book = crowded_book()
    book.state = book.state._replace(slot_of=book.state.slot_of.astype(np.int64))
    with pytest.raises(ValueError, match="slot_of is an array of int64"):
        book.cancel(1)
