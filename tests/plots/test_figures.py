"""Laws of the figures: units on axes, nothing lost, sides told by shape, repeatable bytes."""

import doctest

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lobsim import plots
from lobsim.analytics import implementation_shortfall
from lobsim.engine import OrderBook
from lobsim.plots import levels as levels_module
from lobsim.strategies import TWAP, Immediate, ParentOrder, execute

matplotlib.use("Agg")

BOOK = ([(10.00, 300), (9.98, 100)], [(10.02, 200), (10.03, 500)])


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def shortfall():
    return implementation_shortfall(
        "sell", 100, [9.9], [60], decision_price=10.0, arrival_price=9.95, end_price=10.2, fees=1.0
    )


def quotes_and_trades():
    quotes = pd.DataFrame({
        "time_ns": np.arange(8) * 10**9, "exchange": list("NQNQNQNQ"),
        "bid": [10.0, 9.9, 10.1, 10.0, 10.0, 9.9, 10.1, 10.0], "bid_size": 100,
        "ask": [10.2, 10.3, 10.3, 10.2, 10.2, 10.3, 10.3, 10.2], "ask_size": 100,
    })  # fmt: skip
    trades = pd.DataFrame({
        "time_ns": np.array([1, 3, 5]) * 10**9 + 5, "price": [10.2, 10.0, 10.15],
        "size": [100, 200, 5], "sign": [1, -1, 0],
    })  # fmt: skip
    return quotes, trades


def every_figure():
    quotes, trades = quotes_and_trades()
    best = quotes[["time_ns", "bid", "bid_size", "ask", "ask_size"]]
    a = np.linspace(0, 9, 20)
    fills = (np.array([36000.0, 36600.0]), np.array([50, 50]))
    window = {"start_s": 0, "end_s": 8}
    return {
        "ladder": plots.book_ladder(BOOK, own={10.0: 100}, tick_size=0.01),
        "depth": plots.depth_chart(BOOK),
        "queue": plots.queue_view([[(1, 100), (2, 50)], [(2, 50)]], own=2, labels=["a", "b"]),
        "waterfall": plots.shortfall_waterfall(shortfall()),
        "schedule": plots.schedule_chart({"x": fills}, quantity=100),
        "pairs": plots.distribution_pairs(a, a[::-1] / 2, ("a", "b")),
        "nbbo": plots.nbbo_view(best, quotes=quotes, trades=trades, **window),
        "tape": plots.tape_view(trades, best, **window),
    }


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(levels_module).failed == 0


def test_every_axis_says_what_it_measures():
    for name, fig in every_figure().items():
        for ax in fig.axes:
            has_ticks = len(ax.get_yticks()) > 0
            assert ax.get_title(loc="left") or ax.get_ylabel(), name
            if has_ticks and name not in ("ladder", "queue"):
                assert ax.get_ylabel(), f"{name} has a y axis without a name"
        assert any(ax.get_xlabel() or name == "waterfall" for ax in fig.axes), name


def test_equal_input_gives_equal_bytes_without_date_or_version():
    first = {name: plots.png_bytes(fig) for name, fig in every_figure().items()}
    plt.close("all")
    again = {name: plots.png_bytes(fig) for name, fig in every_figure().items()}
    assert first == again
    for data in first.values():
        assert b"Software" not in data and b"tIME" not in data


def test_figures_do_not_depend_on_the_style_of_the_session():
    before = plots.png_bytes(plots.depth_chart(BOOK))
    with plt.rc_context({"lines.linewidth": 9, "font.size": 30, "savefig.dpi": 20}):
        assert plots.png_bytes(plots.depth_chart(BOOK)) == before


def test_plotting_leaves_the_style_of_the_session_alone():
    before = dict(matplotlib.rcParams)
    every_figure()
    changed = {key for key in before if matplotlib.rcParams[key] != before[key]}
    assert changed <= {"backend", "interactive"}


def test_buys_point_up_and_sells_down_and_unknown_are_round():
    assert plots.MARKERS == {1: "^", -1: "v", 0: "o"}
    _, trades = quotes_and_trades()
    fig = plots.tape_view(trades, start_s=0, end_s=8)
    labels = [text.get_text() for text in fig.axes[0].get_legend().get_texts()]
    assert labels == ["buyer started", "seller started", "trade, unsigned"]


def test_waterfall_ends_where_its_parts_add_up():
    cost = shortfall()
    fig = plots.shortfall_waterfall(cost)
    bars = [bar for bar in fig.axes[0].patches if bar.get_width() > 0]
    ends = [bar.get_y() + bar.get_height() for bar in bars]
    assert ends[3] == pytest.approx(cost.total_bps)
    assert ends[4] == pytest.approx(cost.total_bps) and bars[4].get_y() == 0
    low, high = fig.axes[0].get_ylim()
    assert low <= min(ends + [0]) and high > max(ends)


def test_schedule_ends_at_what_was_filled():
    times, sizes = np.array([0.0, 10.0, 20.0]), np.array([5, 6, 7])
    fig = plots.schedule_chart({"x": (times, sizes)})
    assert fig.axes[0].lines[0].get_ydata()[-1] == 18


def test_depth_chart_holds_all_shares():
    fig = plots.depth_chart(BOOK)
    tops = [max(line.get_ydata()) for line in fig.axes[0].lines[:4]]
    assert max(tops[:2]) == 400 and max(tops[2:]) == 700


def test_levels_are_read_alike_from_all_kinds_of_books():
    book = OrderBook(tick_size=0.01)
    for side, levels in (("buy", BOOK[0]), ("sell", BOOK[1])):
        for price, size in levels:
            book.limit(side, price, size)
    row = pd.Series({
        "ask_price_1": 10.02, "ask_size_1": 200, "bid_price_1": 10.0, "bid_size_1": 300,
        "ask_price_2": 10.03, "ask_size_2": 500, "bid_price_2": 9.98, "bid_size_2": 100,
        "ask_price_3": np.nan, "ask_size_3": 0, "bid_price_3": np.nan, "bid_size_3": 0,
    })  # fmt: skip
    expected = plots.book_levels(BOOK)
    sources = [book, row, {"bids": BOOK[0], "asks": BOOK[1]}, tuple(map(np.array, BOOK)), expected]
    for source in sources:
        found = plots.book_levels(source)
        np.testing.assert_allclose(found.bids, expected.bids)
        np.testing.assert_allclose(found.asks, expected.asks)
    assert len(plots.book_levels(book, levels=1).bids) == 1


def test_queue_of_a_real_book_can_be_drawn():
    book = OrderBook(tick_size=0.01)
    for size in (100, 200):
        book.limit("buy", 10.0, size)
    own = book.limit("buy", 10.0, 50, owner=7).order_id
    before = book.orders("buy")
    book.market("sell", 100)
    fig = plots.queue_view([before, book.orders("buy")], own=own)
    told = [text.get_text() for text in fig.axes[0].texts if "you" in text.get_text()]
    assert told == ["you: 300 ahead", "you: 200 ahead"]


def test_empty_book_draws():
    assert plots.png_bytes(plots.book_ladder(([], [])))
    assert plots.png_bytes(plots.depth_chart(([], [(1.0, 5)])))


def test_executions_can_be_drawn_as_they_are():
    from lobsim.market import Market

    start = 10 * 3600
    order = ParentOrder("buy", 400, start, start + 120)
    done = {
        name: execute(Market("SPY", seed=2, start_s=start, end_s=start + 120), strategy, order)
        for name, strategy in {"TWAP": TWAP(30), "at once": Immediate()}.items()
    }
    fig = plots.schedule_chart(done)
    assert [line.get_ydata()[-1] for line in fig.axes[0].lines[:2]] == [400, 400]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: plots.show(plots.depth_chart(BOOK), alt=""), "alt is ''"),
        (lambda: plots.shortfall_waterfall(shortfall(), unit="cents"), "unit is 'cents'"),
        (lambda: plots.queue_view([[(1, 2)]], labels=["a", "b"]), "2 labels for 1 queues"),
        (lambda: plots.book_levels(BOOK, levels=0), "levels is 0"),
        (lambda: plots.step_through([], alt="an empty book here"), "no frames"),
        (lambda: plots.step_through([BOOK], alt="one book here", captions=[]), "0 captions"),
    ],
)
def test_a_wrong_argument_is_refused_in_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_something_without_levels_is_refused():
    with pytest.raises(TypeError, match="no price levels in a int"):
        plots.book_levels(7)
