"""Whole Bitstamp tapes as engine messages: of a venue of our own, the bundled file, a real day."""

import numpy as np
import pandas as pd
import pytest
from bitstamp_laws import assert_engine_agrees
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.data import (
    bitstamp_quotes,
    bitstamp_to_messages,
    bitstamp_trades,
    bundled,
    read_bitstamp,
)
from lobsim.data.bitstamp_book import TapeBook
from lobsim.engine import Kind, OrderBook
from lobsim.engine.records import MESSAGE

pytestmark = pytest.mark.filterwarnings("error")


# A tape made by the engine: what the exchange did must come back.

ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["limit", "limit", "limit", "cancel", "reduce"]),
        st.sampled_from([1, -1]),
        st.integers(95, 105),
        st.integers(1, 40),
    ),
    min_size=1,
    max_size=60,
)


def tape_of(orders, shuffle):
    """Events of a venue that runs these orders, one millisecond each, its fills and its book."""
    book = OrderBook(1.0, 1.0, 1, 200)
    rows, fills, alive = [], [], {}
    for number, (kind, side, price, size) in enumerate(orders, start=1):
        here = []
        if kind == "limit":
            message = (0, number, price, size, 0, Kind.LIMIT, side, -1)
            here.append((number, price, size, "created", side))
            alive[number] = [side, price, size]
        elif not alive:
            continue
        else:
            order = list(alive)[size % len(alive)]
            side, price, left = alive[order]
            if kind == "cancel" or left == 1:
                message = (0, order, 0, 0, 0, Kind.CANCEL, 0, -1)
                here.append((order, price, left, "deleted", side))
                del alive[order]
            else:
                gone = min(size, left - 1)
                message = (0, order, 0, gone, 0, Kind.REDUCE, 0, -1)
                alive[order][2] -= gone
                here.append((order, price, left - gone, "changed", side))
        made = book.process(np.array([message], dtype=MESSAGE))
        names = ["price_ticks", "size", "taker_side", "maker_id", "taker_id"]
        for at, traded, taker_side, maker, taker in made[names].tolist():
            fills.append((at, traded, taker_side, maker, taker))
            for order in (maker, taker):
                alive[order][2] -= traded
                place, limit, left = alive[order]
                here.append((order, limit, left, "changed" if left else "deleted", place))
                if not left:
                    del alive[order]
        shuffle(here)
        rows += [(order, number, *rest) for order, *rest in here]
    return rows, fills, alive


@settings(max_examples=150, deadline=None)
@given(orders=ORDERS, random=st.randoms(use_true_random=False))
def test_the_fills_and_the_book_of_a_venue_come_back_from_its_tape(orders, random):
    rows, fills, alive = tape_of(orders, random.shuffle)
    if not rows:
        return
    table = pd.DataFrame(
        rows, columns=["order_id", "time_ns", "price", "remaining", "action", "side"]
    )
    table["time_ns"] *= 1_000_000
    table = table.astype({"price": float, "remaining": float})
    replay = bitstamp_to_messages(table, 1.0, 1.0, window_ns=0)
    columns = ["price", "size", "sign", "maker_id", "taker_id"]
    found = sorted(map(tuple, replay.trades[columns].astype(int).to_numpy().tolist()))
    assert found == sorted(fills)
    made = assert_engine_agrees(replay)
    for count in ("stale_orders", "fills_out_of_priority", "fills_unbooked"):
        assert replay.report[count] == 0
    assert len(made) == len(fills)
    resting: dict = {}
    for side, price, left in alive.values():
        resting[side, price] = resting.get((side, price), 0) + left
    book = OrderBook(1.0, 1.0, 1, 200)
    book.process(np.concatenate((replay.initial, replay.messages)))
    depth = book.depth(200)
    assert resting == {
        **{(1, p): s for p, s in zip(depth.bid_price, depth.bid_size, strict=True)},
        **{(-1, p): s for p, s in zip(depth.ask_price, depth.ask_size, strict=True)},
    }


# Whole files


def time_weighted_spread(quotes):
    """Mean and median over time, dollars."""
    spread = (quotes["ask"] - quotes["bid"]).to_numpy()[:-1]
    weight = np.diff(quotes["time_ns"])
    order = np.argsort(spread)
    middle = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    return np.average(spread, weights=weight), spread[order][middle]


def test_the_real_day_replays_in_the_engine_and_has_the_facts_of_the_feed(real_data):
    """Facts of the same day from the feed's own snapshots and trade messages, not from events."""
    events = read_bitstamp(real_data / "bitstamp_btcusd" / "2015-05-01_orders.csv.bz2")
    replay = bitstamp_to_messages(events)
    assert_engine_agrees(replay)
    mean, median = time_weighted_spread(replay.quotes)
    assert mean / replay.tick_size == pytest.approx(19.41, abs=0.1)
    assert median / replay.tick_size == pytest.approx(17, abs=0.5)
    minutes = np.ptp(events["time_ns"]) / 60e9
    report = replay.report
    assert len(replay.trades) / minutes == pytest.approx(3.0, rel=0.03)
    assert report["cancels"] / report["created"] == pytest.approx(0.96, abs=0.005)
    assert report["created"] / len(replay.trades) == pytest.approx(28.0, rel=0.01)
    assert replay.trades["size"].mean() == pytest.approx(1.573, rel=0.02)
    assert (replay.trades["sign"] == 1).mean() == pytest.approx(0.53, abs=0.01)
    assert report["fills_in_engine"] > 0.998 * len(replay.trades)
    assert report["fills_unmatched"] < 0.02 * (report["fills_bid"] + report["fills_ask"])
    assert replay.is_patch.mean() < 1e-4


def plain_best_prices(events):
    """Row, bid and ask wherever a book made of the rows as they stand is not crossed.

    Orders that the file never creates are put in first; a deleted order stays deleted.
    """
    book, gone = TapeBook(), set()
    made = set(events["order_id"][events["action"] == "created"])
    columns = ["order_id", "action", "side", "price", "remaining"]
    rows = list(events[columns].itertuples(index=False, name=None))
    for order, _, side, price, _ in rows:
        if order not in made:
            book.put(order, side, price, 1)
    for row, (order, action, side, price, remaining) in enumerate(rows):
        if action == "deleted":
            gone.add(order)
        book.put(order, side, price, 0 if order in gone else round(remaining * 1e8))
        if not book.crossed() and book.keys[1] and book.keys[-1]:
            yield row, -book.keys[1][0], book.keys[-1][0]


def test_best_prices_of_the_real_day_are_those_of_a_plain_book_where_it_is_not_crossed(real_data):
    events = read_bitstamp(real_data / "bitstamp_btcusd" / "2015-05-01_orders.csv.bz2")
    rows, bid, ask = map(np.array, zip(*plain_best_prices(events), strict=True))
    quotes = bitstamp_quotes(events, changes_only=False).iloc[rows]
    same = np.isclose(quotes["bid"], bid, atol=1e-6) & np.isclose(quotes["ask"], ask, atol=1e-6)
    assert len(rows) > 0.95 * len(events)
    assert same.mean() > 0.999  # the rest: trades told by two rows are booked at the first


def test_the_bundled_file_goes_the_same_way():
    events = read_bitstamp(bundled("btcusd_events"))
    replay = bitstamp_to_messages(events)
    fills = assert_engine_agrees(replay)
    report = replay.report
    assert len(replay.initial) == report["initial_snapshot"] > 100
    assert report["end_deletes"] > 100 and report["flash_orders"] > 1000
    assert report["crossed_rows"] > report["crossed_rows_without_flash"] > 0
    assert len(fills) == len(replay.trades) > 300
    assert not replay.is_patch.any()


def test_the_trades_of_a_simulated_file_are_the_fills_of_the_market_that_made_it():
    from lobsim.market.bitstamp_day import BTC_THIN, synthesise_bitstamp
    from lobsim.market.market import Market

    seed, start_s, end_s = 5, 50_400, 50_700
    rows = synthesise_bitstamp(BTC_THIN, seed, start_s, end_s)
    names = ["order_id", "time_ms", "exchange_ms", "price", "remaining", "action", "side"]
    table = pd.DataFrame(rows, columns=names)
    table["time_ns"] = table["time_ms"] * 1_000_000
    table["exchange_time_ns"] = table["exchange_ms"] * 1_000_000
    table["side"] = np.where(table["side"] == "bid", 1, -1)
    market = Market(BTC_THIN, seed, start_s, end_s, record=True)
    market.advance(end_s)
    fills = market.record().fills
    trades = bitstamp_trades(table)
    made = zip(fills["price_ticks"], fills["size"], fills["taker_side"], strict=True)
    ticks = np.rint(trades["price"] / BTC_THIN.tick_size).astype(int)
    lots = np.rint(trades["size"] / BTC_THIN.lot_size).astype(int)
    assert len(trades) > 20
    assert sorted(zip(ticks, lots, trades["sign"], strict=True)) == sorted(made)
