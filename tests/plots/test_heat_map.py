"""Laws of the book through time: the engine's depth, every trade, own orders from rest to end."""

import doctest

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PathCollection
from plot_markets import START, message, random_rows, stream, traded_market

from lobsim import data, plots
from lobsim.engine import FILL, Kind, OrderBook, process
from lobsim.market.parts import FillRule
from lobsim.plots import stream as stream_module
from lobsim.plots.heat import depth_grid
from lobsim.plots.own_orders import paper_orders

NS = 1_000_000_000


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def market():
    return traded_market()


def marks(fig, label):
    """Places of the markers with a label that begins so."""
    found = [c for c in fig.axes[0].collections if isinstance(c, PathCollection)
             and str(c.get_label()).startswith(label)]
    return np.concatenate([c.get_offsets() for c in found]) if found else np.zeros((0, 2))


def own_segments(fig):
    lines = [c for c in fig.axes[0].collections if isinstance(c, LineCollection)
             and c.get_label() == "your order rests"]
    return lines[0].get_segments() if lines else []


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(stream_module).failed == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(0, 60), count=st.integers(1, 120))
def test_frames_are_the_engines_book_at_those_times(seed, cut, count):
    messages = stream(random_rows(np.random.default_rng(seed), count))
    initial, later = messages[:min(cut, count - 1)], messages[min(cut, count - 1):]
    initial = initial[initial["kind"] == Kind.LIMIT]
    first_s, last_s = later["time_ns"][0] / NS, later["time_ns"][-1] / NS
    times = np.unique(np.linspace(first_s - 2e-6, last_s + 2e-6, 17))
    frames = plots.book_frames(later, times, levels=20, initial=initial, tick_size=0.01)
    when = np.rint(times * NS).astype(np.int64)
    for k in range(len(times)):
        book = OrderBook(0.01, price_min=0.01, price_max=2.0)
        process(book, initial)
        process(book, later[later["time_ns"] <= when[k]])
        depth = book.depth(20)
        levels = frames.levels_at(k, 20)
        assert levels.bids == list(zip(depth.bid_price, depth.bid_size, strict=True))
        assert levels.asks == list(zip(depth.ask_price, depth.ask_size, strict=True))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 150))
def test_own_orders_rest_where_and_while_the_engine_says_so(seed, count):
    messages = stream(random_rows(np.random.default_rng(seed), count))
    tape = plots.stream_of(messages, tick_size=0.01)
    lines = plots.own_orders(tape)
    book = OrderBook(0.01, price_min=0.01, price_max=2.0)
    for k in range(count):
        process(book, messages[k:k + 1])
        now = messages["time_ns"][k]
        resting = [o for side in ("buy", "sell") for o in book.orders(side) if o.owner == 1]
        alive = [line for line in lines if line.start_ns <= now and (
            now < line.end_ns or line.end == "resting")]
        assert (sorted((o.side, round(o.price, 2)) for o in resting)
                == sorted((line.side, round(line.price, 2)) for line in alive))
    assert {line.order_id for line in lines if line.end == "resting"} == {
        o.order_id for side in ("buy", "sell") for o in book.orders(side) if o.owner == 1}


def test_the_map_holds_all_size_in_its_prices(market):
    frames = plots.book_frames(market, count=40)
    lowest = round(np.nanmin(frames.bid_price) * 100)
    highest = round(np.nanmax(frames.ask_price) * 100)
    total = frames.bid_size.sum(axis=1) + frames.ask_size.sum(axis=1)
    for low in (lowest, lowest - 700):  # the second needs rows that hold several ticks
        grid, shared = depth_grid(frames, low, highest)
        assert np.allclose(grid.sum(axis=0), total) and (total > 0).all()
        assert (shared > 1) == (low < lowest) and len(grid) <= 160


def test_last_frame_is_the_market_as_it_is(market):
    frames = plots.book_frames(market, count=3)
    assert frames.levels_at(-1, 10) == plots.book_levels(market, 10)


def test_a_market_and_its_recording_give_one_picture(market):
    from_market = plots.png_bytes(plots.heat_map(market, columns=60))
    window = {"start_s": market.start_s, "end_s": market.venue_s}
    recording = market.record()
    assert plots.png_bytes(plots.heat_map(recording, columns=60, tick_size=0.01, **window)) \
        == from_market
    array = plots.heat_map(recording.messages, initial=recording.initial, columns=60,
                           tick_size=0.01, **window)
    assert plots.png_bytes(array) == from_market


def test_every_trade_is_drawn_where_and_when_it_was(market):
    fills = market.record().fills
    fig = plots.heat_map(market, columns=60, trades=10**6)
    for sign, label in ((1, "buyer took"), (-1, "seller took")):
        mine = fills[fills["taker_side"] == sign]
        expected = {(t / NS, p / 100) for t, p in zip(mine["time_ns"].tolist(),
                                                      mine["price_ticks"].tolist(), strict=True)}
        assert {tuple(place) for place in marks(fig, label).tolist()} == expected
        assert len(expected) > 10
    assert plots.book_frames(market, count=2).trades["size"].sum() == fills["size"].sum()


def test_of_too_many_trades_the_largest_are_drawn_and_the_legend_says_so(market):
    table = plots.book_frames(market, count=2).trades
    fig = plots.heat_map(market, columns=60, trades=12)
    drawn = np.concatenate([marks(fig, "buyer took"), marks(fig, "seller took")])
    assert len(drawn) == 12 < len(table)
    least = table["size"].nlargest(12).min()
    times = set(np.round(drawn[:, 0] * NS).astype(np.int64))
    assert times <= set(table.loc[table["size"] >= least, "time_ns"])
    words = " ".join(text.get_text() for text in fig.legends[0].get_texts())
    assert f"largest 12 of {len(table):,} trades" in words


def test_own_lines_begin_at_rest_and_end_at_fill_or_cancellation(market):
    reports = market.reports
    accepted = reports[reports["what"] == "accepted"]
    ends = reports[reports["left"] == 0]
    segments = own_segments(plots.heat_map(market, columns=60))
    rests = plots.own_orders(plots.stream_of(market))
    assert len(segments) == len(rests) > 15
    assert {rest.end for rest in rests} == {"filled", "cancelled", "replaced", "resting"}
    for segment, rest in zip(segments, rests, strict=True):
        assert (segment[:, 1] == rest.price).all() and segment[0, 0] <= segment[1, 0]
        began = accepted[(accepted["order_id"] == rest.order_id)
                         & (accepted["price"] == rest.price)]
        assert segment[0, 0] in began["time_s"].to_numpy()
        if rest.end in ("filled", "cancelled"):
            ended = ends[(ends["order_id"] == rest.order_id) & (ends["what"] == rest.end)]
            assert segment[1, 0] in ended["time_s"].to_numpy()
        if rest.end == "resting":
            assert segment[1, 0] == market.venue_s
            assert rest.order_id in [own.order_id for own in market.open_orders]


def test_own_fills_are_marked_and_add_up(market):
    fills = market.own_fills
    rests = plots.own_orders(plots.stream_of(market))
    made = fills[fills["maker"]]
    assert sum(size for rest in rests for _, size in rest.fills) == made["size"].sum() > 0
    fig = plots.heat_map(market, columns=60)
    for side, label in ((1, "you bought"), (-1, "you sold")):
        mine = fills[fills["side"] == side]
        expected = {(row.time_s, row.price) for row in mine.itertuples()}
        assert {tuple(place) for place in marks(fig, label).tolist()} == expected != set()
    assert not len(marks(plots.heat_map(market, columns=60, own=False), "you"))


def test_orders_on_paper_are_drawn_from_their_reports():
    market = traded_market(2, FillRule("no_impact"))
    assert not plots.own_orders(plots.stream_of(market))
    rests = paper_orders(market)
    made = market.own_fills[market.own_fills["maker"]]
    assert sum(size for rest in rests for _, size in rest.fills) == made["size"].sum() > 0
    assert {rest.order_id for rest in rests if rest.end == "resting"} == {
        own.order_id for own in market.open_orders}
    sides = {own.order_id: own.side for own in market.open_orders}
    assert all(rest.side == sides[rest.order_id] for rest in rests if rest.end == "resting")
    assert len(own_segments(plots.heat_map(market, columns=60))) == len(rests)


BIDS = [message(Kind.LIMIT, k + 1, 1, 100 - k, 5) for k in range(3)]


@pytest.mark.parametrize("rows", [
    BIDS,
    [message(Kind.LIMIT, 1, -1, 100, 5), message(Kind.MARKET, 2, 1, 0, 5)],
    [message(Kind.MARKET, 1, 1, 0, 5), message(Kind.MARKET, 2, -1, 0, 5)],
])  # fmt: skip
def test_empty_and_one_sided_books_can_be_drawn(rows):
    fig = plots.heat_map(stream(rows), tick_size=0.01)
    assert plots.png_bytes(fig) and fig.axes[0].get_ylabel() == "price ($)"
    assert "frames" in plots.book_animation(stream(rows), alt="a book with one side",
                                            tick_size=0.01, frames=2)


def test_axes_say_what_they_measure(market):
    fig = plots.heat_map(market, columns=60)
    words = [fig.axes[0].get_xlabel(), fig.axes[0].get_ylabel(), fig.axes[1].get_ylabel()]
    assert words == ["time of day (hh:mm or hh:mm:ss)", "price ($)",
                     "size resting per price (shares)"]


@pytest.mark.parametrize("call, error, text", [
    (lambda m: plots.book_frames(m, levels=0), ValueError, "levels is 0"),
    (lambda m: plots.book_frames(m, [2.0, 1.0]), ValueError, "times_s must be increasing"),
    (lambda m: plots.book_frames(m.record()), ValueError, "does not know its tick size"),
    (lambda m: plots.heat_map(m, start_s=2.0, end_s=1.0), ValueError, "the window is 2 to 1 s"),
    (lambda m: plots.heat_map(np.zeros(3, FILL), tick_size=0.01), TypeError, "allowed are"),
    (lambda m: plots.heat_map(7), TypeError, "no book through time in a int"),
])  # fmt: skip
def test_a_wrong_argument_is_refused_in_a_sentence(market, call, error, text):
    with pytest.raises(error, match=text):
        call(market)


@pytest.mark.parametrize("name, rows", [("GOOG_2012-06-21_5", 4000), ("AMZN_2012-06-21_1", 4000)])
def test_a_lobster_day_and_its_replay_show_the_same_book(real_data, name, rows):
    day = data.read_lobster(real_data / f"lobster/LOBSTER_SampleFile_{name}.zip")
    day = data.LobsterDay(day.messages.iloc[:rows], day.book.iloc[:rows])
    replay = data.to_messages(day)
    time_s = day.messages["time_ns"].to_numpy() / NS
    times = np.linspace(time_s[10], time_s[-1], 150)
    from_file = plots.book_frames(day, times, levels=day.levels)
    from_engine = plots.book_frames(replay, times, levels=day.levels)
    for side in ("bid", "ask"):
        sizes = getattr(from_file, f"{side}_size")
        np.testing.assert_array_equal(getattr(from_engine, f"{side}_size"), sizes)
        np.testing.assert_allclose(getattr(from_engine, f"{side}_price"),
                                   getattr(from_file, f"{side}_price"))
        assert (sizes > 0).any(axis=1).all()
    visible = from_file.trades[from_file.trades["sign"] != 0]
    assert from_engine.trades["size"].sum() == visible["size"].sum() > 0
    assert plots.png_bytes(plots.heat_map(day, end_s=START - 1200))
