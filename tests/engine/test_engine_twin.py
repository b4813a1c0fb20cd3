"""The engine against a slow twin in plain Python, event by event and in one batch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config
from streams import (
    as_array,
    fill_tuples,
    new_book,
    random_stream,
    resting,
    run_both,
    streams,
)

from lobsim.engine import OUTCOME, SelfTrade, Side, watch

EXAMPLES = 20 if config.DISABLE_JIT else 100
LONG = 300 if config.DISABLE_JIT else 2_000
policies = st.sampled_from(SelfTrade)


@settings(max_examples=EXAMPLES)
@given(stream=streams(), policy=policies)
def test_every_event_does_what_the_twin_does(stream, policy):
    run_both(stream, policy)


@settings(max_examples=EXAMPLES)
@given(stream=streams(), policy=policies, cut=st.integers(0, 40))
def test_a_batch_is_its_messages_one_by_one_however_it_is_cut(stream, policy, cut):
    book, one_by_one, outcomes = run_both(stream, policy, check_each=False)
    batch_book = new_book(policy, max_order_id=10**6)
    array = as_array(stream)
    batch_outcomes = np.zeros(len(array), OUTCOME)
    first = batch_book.process(array[:cut], batch_outcomes[:cut])
    second = batch_book.process(array[cut:], batch_outcomes[cut:])
    assert fill_tuples(first) + fill_tuples(second) == one_by_one
    assert np.array_equal(batch_outcomes, outcomes)
    assert resting(batch_book) == resting(book)
    caused_by = np.concatenate([first["message_index"], second["message_index"] + cut])
    assert [int(n) for n in array["time_ns"][caused_by]] == [fill[0] for fill in one_by_one]


@settings(max_examples=EXAMPLES)
@given(stream=streams(max_size=30), limit=st.integers(1, 6))
def test_a_full_book_refuses_and_stays_sound(stream, limit):
    book, _, _ = run_both(stream, SelfTrade.CANCEL_RESTING, max_orders=limit)
    assert len(book.orders("buy")) + len(book.orders("sell")) <= limit


@pytest.mark.parametrize("policy", list(SelfTrade))
def test_a_long_random_stream_gives_the_twins_fills(policy):
    stream = random_stream(np.random.default_rng(int(policy)), LONG)
    _, fills, outcomes = run_both(stream, policy, check_each=False)
    assert len(fills) > LONG / 10
    assert (outcomes["reject"] == 0).mean() > 0.5


@settings(max_examples=EXAMPLES)
@given(stream=streams(), policy=policies)
def test_shares_are_conserved(stream, policy):
    book, fills, outcomes = run_both(stream, policy, check_each=False)
    array = as_array(stream)
    new = (outcomes["reject"] == 0) & (array["kind"] <= 5)
    accepted = outcomes[new]
    asked = accepted["filled"] + accepted["resting"] + accepted["cancelled"]
    assert np.array_equal(asked, array["size"][new])
    traded = sum(fill[2] for fill in fills)
    assert traded == outcomes["filled"].sum() == book.volume
    replaces = array["kind"] == 8
    if not np.any(replaces & (outcomes["reject"] == 0)):
        entered = int(array["size"][new].sum(dtype=np.int64))
        left = sum(order.size for side in Side for order in book.orders(side))
        gone = int(outcomes["cancelled"].sum(dtype=np.int64) + outcomes["self_cancelled"].sum())
        assert entered == 2 * traded + gone + left


@settings(max_examples=EXAMPLES)
@given(stream=streams(), policy=policies)
def test_buy_and_sell_are_mirror_images(stream, policy):
    _, fills, outcomes = run_both(stream, policy, check_each=False)
    mirrored = [
        {**one, "side": -one["side"] if one["side"] > -(2**15) else one["side"],
         "price_ticks": 13 - one["price_ticks"] if abs(one["price_ticks"]) < 2**30
         else one["price_ticks"]}
        for one in stream
    ]
    _, mirror_fills, mirror_outcomes = run_both(mirrored, policy, check_each=False)
    assert np.array_equal(outcomes, mirror_outcomes)
    assert [(13 - f[1], *f[2:8], -f[8]) for f in mirror_fills] == [f[1:] for f in fills]


@settings(max_examples=EXAMPLES)
@given(stream=streams(), policy=policies, levels=st.integers(1, 5))
def test_watching_changes_nothing_and_sees_every_state(stream, policy, levels):
    array = as_array(stream)
    watched_book = new_book(policy, max_order_id=10**6)
    seen = watch(watched_book, array, levels)
    book = new_book(policy, max_order_id=10**6)
    for row, _ in enumerate(array):
        book.process(array[row : row + 1])
        depth = book.depth(levels)
        for name, got in (
            ("bid_price", seen.bid_ticks), ("bid_size", seen.bid_sizes),
            ("bid_orders", seen.bid_orders), ("ask_price", seen.ask_ticks),
            ("ask_size", seen.ask_sizes), ("ask_orders", seen.ask_orders),
        ):
            expected = np.zeros(levels, np.int64)
            values = getattr(depth, name)
            expected[: len(values)] = values
            assert np.array_equal(got[row], expected), name
    assert fill_tuples(seen.fills) == fill_tuples(
        new_book(policy, max_order_id=10**6).process(array)
    )
