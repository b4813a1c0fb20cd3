"""Recorded markets: played again the same, with own orders in the true queue among them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.data import read_lobster, to_messages
from lobsim.engine import MESSAGE, Kind, OrderBook, process
from lobsim.market import Market
from lobsim.market.parts import FillRule, Halts, Recorded
from lobsim.market.state import OWN_ROOM
from small_markets import FLOWS, NS, START_S, TICK, market_of, profile_of, same_bits

SECONDS = 120


def rows(*orders):
    """Messages from (seconds, id, side, price in ticks, size, kind[, new id])."""
    return np.array([((START_S + o[0]) * NS, o[1], o[3], o[4], 0, o[5], o[2],
                      o[6] if len(o) > 6 else -1) for o in orders], MESSAGE)


def replay_of(messages, initial, *parts, seconds=SECONDS, record=False, seed=1, **changes):
    return market_of(Recorded(messages, initial), *parts, seconds=seconds, record=record,
                     seed=seed, **changes)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_recorded_market_is_played_again_the_same(flow):
    """Own trades of the first run are messages of others in the second.

    Hence no own order may meet another one there: what cannot trade with itself can with others.
    """
    first = market_of(*FLOWS[flow], seed=2, seconds=SECONDS, record=True)
    for k in range(1, 30):
        first.advance(START_S + 4 * k)
        side = 1 if k % 2 else -1
        first.cancel_all()
        first.submit(-side, 2, kind="market")
        here = first.best_bid if side > 0 else first.best_ask
        order_id = first.submit(side, 3, here if np.isfinite(here) else 200.0 - side)
        if k % 3 == 0:
            first.replace(order_id, round(first.open_orders[0].price - side * TICK, 2), 4)
        elif k % 3 == 1:
            first.reduce(order_id, 1)
    first.advance(START_S + SECONDS)
    recording = first.record()
    again = replay_of(recording.messages, recording.initial, record=True)
    again.advance(START_S + SECONDS)
    assert again.dropped == 0
    told = again.record()
    assert told.tops.equals(recording.tops) and len(told.tops) > 100
    for name in ("time_ns", "price_ticks", "size", "maker_id", "taker_id", "maker_left",
                 "taker_side", "message_index"):
        assert same_bits(told.fills[name], recording.fills[name]), name
    for a, b in zip(again.depth(1000), first.depth(1000), strict=True):
        assert same_bits(a, b)
    assert again.volume == first.volume


@settings(max_examples=60)
@given(data=st.lists(st.tuples(
    st.integers(1, 30), st.integers(95, 106), st.integers(1, 9),
    st.sampled_from([Kind.LIMIT, Kind.LIMIT, Kind.LIMIT, Kind.IOC, Kind.MARKET, Kind.POST_ONLY,
                     Kind.FOK, Kind.CANCEL, Kind.REDUCE, Kind.REPLACE]),
    st.sampled_from([1, -1]), st.sampled_from([-1, -1, 31, 32, 33, 34, 5])), max_size=60))
def test_any_messages_do_in_the_market_what_they_do_in_the_engine(data):
    """But for reductions of more than is left, which a replay takes as a cancellation."""
    messages = rows(*((k, order, side, 20_000 + price - 100, size, kind, new) for
                      k, (order, price, size, kind, side, new) in enumerate(data)))
    initial = rows((0, 40, 1, 19_998, 5, Kind.LIMIT), (0, 41, -1, 20_003, 5, Kind.LIMIT))
    market = replay_of(messages, initial, record=True)
    market.advance(START_S + 100)
    book = OrderBook(price_min=190, price_max=210)
    process(book, initial)
    fills, dropped = [], 0
    for message in messages:
        before = sum(book.reject_counts.values())
        if message["kind"] == Kind.REDUCE and message["order_id"] < 50:
            live = {order.order_id: order.size for side in ("buy", "sell")
                    for order in book.orders(side)}
            if live.get(int(message["order_id"]), 99) < message["size"]:
                message = message.copy()
                message["kind"] = Kind.CANCEL
        fills.append(process(book, np.array([message])))
        dropped += sum(book.reject_counts.values()) - before
    fills = np.concatenate(fills) if fills else np.zeros(0)
    played = market.record().fills
    assert len(fills) == len(played)
    for name in ("price_ticks", "size", "maker_id", "taker_id", "maker_left"):
        if len(fills):
            assert np.array_equal(fills[name], played[name]), name
    assert market.dropped == dropped
    mine, theirs = market.depth(50), book.depth(50)
    for name in ("bid_price", "bid_size", "ask_price", "ask_size"):
        np.testing.assert_allclose(getattr(mine, name), getattr(theirs, name))
    again = OrderBook(price_min=190, price_max=210)
    process(again, market.record().initial)
    process(again, market.record().messages)
    assert not any(again.reject_counts.values())
    assert all(np.array_equal(a, b) for a, b in zip(again.depth(50), theirs, strict=True))


INITIAL = rows((0, 1, 1, 19_999, 10, Kind.LIMIT), (0, 2, -1, 20_001, 10, Kind.LIMIT))


def test_an_own_order_in_front_gets_the_fill_of_the_recorded_maker():
    """Own 3 lots come before the recorded 5 at the same new price: of 6 taken 3 are ours."""
    messages = rows((2, 10, 1, 20_000, 5, Kind.LIMIT), (3, 11, -1, 20_000, 6, Kind.IOC),
                    (4, 10, 0, 0, 0, Kind.CANCEL), (5, 12, -1, 19_999, 4, Kind.IOC))
    market = replay_of(messages, INITIAL, record=True)
    market.advance(START_S + 1)
    order_id = market.submit("buy", 3, 200.00)
    market.advance(START_S + 2.5)
    assert market.queue_position(order_id) == (0, 0)
    assert market.depth(1).bid_size[0] == 8
    market.advance(START_S + 3.5)
    assert market.own_fills[["time_s", "price", "size", "maker"]].values.tolist() == [
        [START_S + 3, 200.0, 3, True]]
    assert market.depth(1).bid_size[0] == 2  # of the recorded maker, who was filled alone once
    market.advance(START_S + 10)
    fills = market.record().fills
    assert fills["maker_id"].tolist() == [order_id, 10, 1]
    assert fills["size"].tolist() == [3, 3, 4]
    assert market.dropped == 0


def test_an_own_order_behind_gets_nothing_that_the_recorded_maker_had():
    messages = rows((2, 11, -1, 19_999, 10, Kind.IOC), (3, 12, -1, 19_999, 1, Kind.IOC))
    market = replay_of(messages, INITIAL)
    order_id = market.submit("buy", 3, 199.99)
    assert market.queue_position(order_id) == (10, 1)
    market.advance(START_S + 2)
    assert market.own_fills.empty and market.queue_position(order_id) == (0, 0)
    market.advance(START_S + 3)
    assert market.position == 1


def test_messages_about_orders_that_own_ones_took_are_counted_as_dropped():
    messages = rows((2, 2, 0, 0, 3, Kind.REDUCE), (3, 2, 0, 0, 0, Kind.CANCEL),
                    (4, 2, 0, 20_002, 5, Kind.REPLACE), (5, 3, -1, 20_001, 1, Kind.LIMIT))
    market = replay_of(messages, INITIAL)
    market.submit("buy", 10, 200.01)
    assert market.position == 10
    market.advance(START_S + 10)
    assert market.dropped == 3
    assert market.best_ask == 200.01


def test_seeds_do_not_matter_in_a_replay():
    first = market_of(*FLOWS["poisson"], seed=2, seconds=60, record=True)
    first.advance(START_S + 60)
    recording = first.record()
    told = []
    for seed in (1, 2):
        market = replay_of(recording.messages, recording.initial, seed=seed, record=True)
        market.advance(START_S + 30)
        market.submit("buy", 4, market.best_bid)
        market.advance(START_S + 60)
        told.append((market.record(), market.own_fills))
    assert same_bits(told[0][0].messages, told[1][0].messages)
    assert told[0][0].tops.equals(told[1][0].tops) and told[0][1].equals(told[1][1])


def test_the_step_size_changes_nothing_in_a_replay():
    first = market_of(*FLOWS["queues"], seed=2, seconds=60, record=True)
    first.advance(START_S + 60)
    recording = first.record()
    fine, coarse = (replay_of(recording.messages, recording.initial) for _ in range(2))
    for k in range(1, 600):
        fine.advance(START_S + 0.1 * k)
    for market in (fine, coarse):
        market.advance(START_S + 60)
    assert fine.trades.equals(coarse.trades)
    assert fine.trades[["time_s", "price", "size"]].equals(
        first.trades[["time_s", "price", "size"]])


def test_a_full_replay_leaves_room_for_own_orders():
    max_live = 2 * OWN_ROOM
    messages = rows(*((1, k, 1, 19_990, 1, Kind.LIMIT) for k in range(10, 10 + max_live)))
    market = replay_of(messages, INITIAL, max_live=max_live)
    market.advance(START_S + 2)
    assert market.depth(5).bid_orders.sum() + 1 == max_live - OWN_ROOM
    assert market.dropped == max_live - (max_live - OWN_ROOM - 2)
    for _ in range(OWN_ROOM):
        assert market.submit("buy", 1, 199.85) > 0
    assert len(market.open_orders) == OWN_ROOM


def test_halted_a_replay_takes_only_cancellations():
    messages = rows((2, 10, 1, 20_000, 5, Kind.LIMIT), (3, 1, 0, 0, 0, Kind.CANCEL),
                    (4, 11, 1, 20_001, 1, Kind.IOC), (8, 12, 1, 20_001, 1, Kind.IOC))
    market = replay_of(messages, INITIAL, Halts(((START_S + 1.0, 5.0),)))
    market.advance(START_S + 5)
    assert np.isnan(market.best_bid) and market.volume == 0 and market.dropped == 2
    market.advance(START_S + 9)
    assert market.volume == 1


def test_touch_and_chance_work_in_a_replay_and_no_impact_says_why_not():
    messages = rows((2, 11, -1, 19_998, 12, Kind.IOC))
    initial = np.concatenate([INITIAL, rows((0, 3, 1, 19_998, 5, Kind.LIMIT))])
    market = replay_of(messages, initial, FillRule("touch"))
    market.submit("buy", 100, 199.99)
    market.advance(START_S + 3)
    assert market.position == 100 and market.volume == 12
    with pytest.raises(ValueError, match="'no_impact', which needs ids that grow with arrival"):
        replay_of(messages, initial, FillRule("no_impact"))


def test_an_empty_recording_is_a_market_in_which_nothing_happens():
    market = replay_of(INITIAL[:0], INITIAL)
    market.advance(START_S + 60)
    assert (market.best_bid, market.best_ask, market.volume) == (199.99, 200.01, 0)


@pytest.mark.parametrize("name", ["LOBSTER_SampleFile_AMZN_2012-06-21_1.zip",
                                  "LOBSTER_SampleFile_GOOG_2012-06-21_5.zip"])
def test_a_real_day_plays_with_few_dropped_messages(real_data, name):
    """Untouched no message is dropped; with own trades some are, and the book stays whole."""
    replay = to_messages(read_lobster(real_data / "lobster" / name))
    first = int(replay.messages["price_ticks"][replay.messages["price_ticks"] > 0][0])
    profile = profile_of(Recorded(replay.messages, replay.initial), tick_size=TICK,
                         start_price=first * TICK, max_live=1 << 14)
    start_s = replay.messages["time_ns"][0] / NS - 0.001
    end_s = start_s + 3600

    def played(trading):
        market = Market(profile, 1, max(start_s, 34_200.0), end_s, record=True)
        for k in range(1, 60):
            market.advance(start_s + 60 * k)
            if trading and np.isfinite(market.mid):
                market.submit(1 if k % 2 else -1, 10, kind="market")
                market.submit("buy", 10, market.best_bid)
        return market

    untouched = played(False)
    book = OrderBook(price_min=(first - 4000) * TICK, price_max=(first + 4000) * TICK)
    process(book, replay.initial)
    n = int((replay.messages["time_ns"] <= untouched.venue_s * NS).sum())
    fills = process(book, replay.messages[:n])
    rejected = sum(book.reject_counts.values())
    assert n > 5000
    assert untouched.dropped == rejected < 0.001 * n
    assert untouched.volume == fills["size"].sum()
    assert (untouched.best_bid, untouched.best_ask) == (book.best_bid, book.best_ask)
    traded = played(True)
    assert len(traded.own_fills) > 20
    assert untouched.dropped <= traded.dropped < 0.01 * n
