"""Laws of a market: repeatable, step-free, never crossed, conserving, replayable."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.engine import FILL, MESSAGE, OrderBook, process
from lobsim.engine.views import FAULTS, find_fault
from lobsim.market import Market, MarketBatch, profiles
from lobsim.market.curve import cumulative_share, minute_weights

START = 36_000


def fingerprint(market):
    """Everything a user can see of a market, as one comparable value."""
    trades = market.trades
    return (market.mid, market.volume, market.position, market.cash, trades.to_numpy().tobytes(),
            *(column.tobytes() for column in market.depth(20)))


@pytest.mark.parametrize("name", ["SPY", "BTC-USD"])
def test_same_seed_same_market(name):
    first, second = (Market(name, 11, START, START + 600) for _ in range(2))
    for market in (first, second):
        market.advance(START + 600)
    assert len(first.trades) > 10
    assert fingerprint(first) == fingerprint(second)


def test_another_seed_is_another_market():
    a, b = (Market("SPY", seed, START, START + 300) for seed in (1, 2))
    a.advance(START + 300), b.advance(START + 300)
    assert fingerprint(a) != fingerprint(b)


@settings(max_examples=15, deadline=None)
@given(steps=st.lists(st.floats(0.0, 60.0), max_size=60), seed=st.integers(0, 2**62))
def test_step_size_changes_nothing(steps, seed):
    coarse, fine = (Market("SPY", seed, START, START + 120) for _ in range(2))
    for market in (coarse, fine):
        market.advance(START + 30)
        market.submit("buy", 700, price=market.best_bid)
        market.submit("sell", 300, kind="market")
    clock = START + 30.0
    for step in steps:
        clock = min(clock + step, START + 120)
        fine.advance(clock)
    coarse.advance(START + 120), fine.advance(START + 120)
    assert fingerprint(coarse) == fingerprint(fine)


def test_recording_changes_nothing_and_is_complete():
    plain, kept = Market("SPY", 5), Market("SPY", 5, record=True)
    for market in (plain, kept):
        market.advance(START + 900)
    assert fingerprint(plain) == fingerprint(kept)
    assert kept.record().fills["size"].sum() == kept.volume


def test_engine_replays_the_recording_fill_by_fill():
    market = Market("SPY", 21, START, START + 400, record=True)
    for k in range(40):
        market.advance(START + 10 * k)
        market.submit("buy" if k % 3 else "sell", 150, price=market.best_bid if k % 3 else
                      market.best_ask)
        market.submit("sell" if k % 2 else "buy", 90, kind="market")
    recording = market.record()
    ticks = recording.messages["price_ticks"]
    book = OrderBook(price_min=(ticks.min() - 5) / 100, price_max=(ticks.max() + 5) / 100)
    assert len(process(book, recording.initial)) == 0
    fills = process(book, recording.messages)
    assert len(fills) == len(recording.fills) > 300
    for name in FILL.names:
        assert np.array_equal(fills[name], recording.fills[name]), name
    assert book.best_bid == market.best_bid and book.best_ask == market.best_ask
    assert recording.messages.dtype == MESSAGE


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**62), name=st.sampled_from(["SPY", "BTC-USD"]), own=st.booleans())
def test_book_is_never_crossed_and_no_side_runs_empty(seed, name, own):
    market = Market(name, seed, START, START + 300, record=True)
    size = 500 if name == "SPY" else 0.05
    for k in range(30):
        market.advance(START + 10 * k)
        if own:
            market.submit(1 if k % 2 else -1, size, kind="market")
    tops = market.record().tops
    assert len(tops) > 100
    assert (tops["ask"] > tops["bid"]).all()
    assert (tops[["bid_size", "ask_size"]] > 0).all().all()


def test_recorded_tops_change_at_each_row_and_time_runs_forward():
    market = Market("SPY", 9, START, START + 600, record=True)
    market.advance(START + 600)
    tops = market.record().tops
    assert (tops["time_ns"].diff().iloc[1:] > 0).all()
    values = tops.drop(columns="time_ns").to_numpy()
    assert (values[1:] != values[:-1]).any(axis=1).all()


def test_memory_does_not_grow_without_recording():
    market = Market("SPY", 3, keep_trades=False)
    arrays = [*market._book, *market._flow, *market._tape]
    before = [array.nbytes for array in arrays]
    market.advance(START + 3600)
    assert [array.nbytes for array in (*market._book, *market._flow, *market._tape)] == before
    assert not any(market._kept.values())
    with pytest.raises(ValueError, match="keep_trades"):
        market.trades


@pytest.mark.parametrize("name", sorted(profiles))
def test_expected_volume_curve_is_a_distribution(name):
    profile = profiles[name]
    times = np.linspace(profile.day_start_s, profile.day_end_s, 300)
    share = cumulative_share(profile, times)
    assert share[0] == 0.0 and share[-1] == 1.0
    assert (np.diff(share) > 0).all()
    assert cumulative_share(profile, [-1e9, 1e9]).tolist() == [0.0, 1.0]


def test_spy_volume_curve_is_u_shaped():
    profile = profiles["SPY"]
    weights = minute_weights(profile.volume_curve, profile.day_start_s, profile.day_end_s)
    thirds = weights.reshape(3, -1).sum(axis=1)
    assert thirds[0] > 1.3 * thirds[1] and thirds[2] > 1.3 * thirds[1]
    half_hours = weights.reshape(13, 30).sum(axis=1)
    assert 0.10 < half_hours[0] < 0.14 and 0.14 < half_hours[-1] < 0.18
    assert half_hours.argmin() in (6, 7, 8)


def test_simulated_volume_follows_the_curve_and_sums_to_the_stated_volume():
    profile = profiles["SPY"]
    edges = np.linspace(34_200, 57_600, 14)
    batch = MarketBatch("SPY", range(32), 34_200, 57_600)
    reached = [np.zeros(32)]
    for edge in edges[1:]:
        batch.advance(edge)
        reached.append(batch.volume.copy())
    volume = np.diff(reached, axis=0)  # half hours of 32 days; takers come in bursts
    assert volume.sum() / 32 == pytest.approx(profile.daily_volume, rel=0.03)
    share = volume.mean(axis=1) / volume.mean(axis=1).sum()
    expected = np.diff(cumulative_share(profile, edges))
    error = volume.std(axis=1, ddof=1) / np.sqrt(32) / volume.mean(axis=1)
    assert (np.abs(share / expected - 1) < 4 * error + 0.02).all()


def test_clock_runs_forward_only_and_inside_the_window():
    market = Market("SPY", 1, START, START + 60)
    market.advance(START + 10)
    with pytest.raises(ValueError, match="forward only"):
        market.advance(START + 9)
    with pytest.raises(ValueError, match="window ends"):
        market.advance(START + 61)
    with pytest.raises(ValueError, match="nan"):
        market.advance(float("nan"))
    assert market.clock_s == START + 10


def test_a_copy_runs_on_like_the_original():
    market = Market("SPY", 12, START, START + 120, record=True)
    market.advance(START + 30)
    market.submit("buy", 400, price=market.best_bid)
    copy = deepcopy(market)
    for each in (market, copy):
        each.advance(START + 120)
    assert fingerprint(market) == fingerprint(copy)
    assert market.record().tops.equals(copy.record().tops)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**62), sizes=st.lists(st.integers(-3000, 3000), max_size=30))
def test_the_engine_finds_no_fault_in_the_book(seed, sizes):
    market = Market("SPY", seed, START, START + 300)
    for k, size in enumerate(sizes):
        market.advance(START + 10 * k)
        if size:
            side = 1 if size > 0 else -1
            price = market.best_bid if k % 2 else market.best_ask
            market.submit(side, abs(size), price)
        if k % 5 == 4 and market.open_orders:
            market.cancel(market.open_orders[0].order_id)
    market.advance(START + 300)
    assert FAULTS[find_fault(market._book)] == ""


@pytest.mark.parametrize("arguments, word", [
    ({"profile": "SPX"}, "BTC-USD, MIDCAP, SMALLTICK, SPY"), ({"seed": -1}, "seed is -1"),
    ({"start_s": 0}, "inside the day"), ({"end_s": 35_000}, "inside the day"),
])
def test_wrong_arguments_are_told(arguments, word):
    with pytest.raises(ValueError, match=word):
        Market(**arguments)


def test_tables_have_the_stated_columns():
    market = Market("SPY", 1, START, START + 60)
    market.advance(START + 60)
    assert list(market.trades) == ["time_s", "price", "size", "side"]
    assert list(market.own_fills) == ["time_s", "side", "price", "size", "fee", "maker",
                                      "order_id"]
    assert isinstance(market.own_fills, pd.DataFrame) and market.own_fills.empty
