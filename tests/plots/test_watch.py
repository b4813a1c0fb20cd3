"""Laws of the live view: it shows the market, changes nothing by looking, and its buttons trade."""

import re

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from plot_markets import START, plain_profile, traded_market

from lobsim import plots
from lobsim.market import Market
from lobsim.market.parts import FillRule, Latency
from lobsim.plots.scene import ladder_prices
from lobsim.plots.watch import control_panel

END = START + 120


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    assert not plt.get_fignums()
    plt.close("all")


def new_market(*parts, **options):
    market = Market(plain_profile(*parts), 5, START, END, **options)
    market.advance(START + 30)
    return market


def test_watching_does_not_change_the_market():
    watched, alone = new_market(record=True), new_market(record=True)
    watch = plots.MarketWatch(watched, step_s=2.5)
    for _ in range(4):
        watch.step()
        watch.picture()
        watch.account_html()
    alone.advance(START + 40)
    assert watched.clock_s == alone.clock_s
    assert watched.record().tops.equals(alone.record().tops)
    assert watched.record().messages.tobytes() == alone.record().messages.tobytes()


def test_scene_is_the_market_as_it_is():
    market = traded_market(4)
    scene = plots.MarketWatch(market).scene()
    assert scene.levels == plots.book_levels(market, 56)
    assert scene.path_bid[-1] == market.best_bid and scene.path_ask[-1] == market.best_ask
    recent = market.trades[market.trades["time_s"] >= market.clock_s - 60]
    np.testing.assert_array_equal(scene.trade_size, recent["size"])
    assert [(own.side, own.price, own.size) for own in scene.own] == [
        (own.side, own.price, own.size) for own in market.open_orders]
    for own, order in zip(scene.own, market.open_orders, strict=True):
        assert (own.ahead, own.orders_ahead) == market.queue_position(order.order_id)


def test_the_past_of_a_recorded_market_is_in_the_first_picture():
    recorded, plain = new_market(record=True), new_market()
    assert len(plots.MarketWatch(recorded, window_s=20).scene().path_s) > 10
    assert len(plots.MarketWatch(plain, window_s=20).scene().path_s) == 1


def test_path_forgets_what_left_the_window():
    watch = plots.MarketWatch(new_market(), step_s=5.0, window_s=10.0)
    for _ in range(8):
        watch.step()
    path_s = watch.scene().path_s
    assert path_s[0] <= watch.market.clock_s - 10 < path_s[1]
    assert (np.diff(path_s) >= 0).all() and len(path_s) < 50


def test_buttons_do_what_they_say():
    market = new_market()
    watch = plots.MarketWatch(market, size=100)
    bid, ask = market.best_bid, market.best_ask
    watch.join(1)
    watch.join(-1)
    assert [(own.side, own.price) for own in market.open_orders] == [(1, bid), (-1, ask)]
    watch.take(1)
    assert market.position == 100 and market.cash < 0
    watch.take(-1)
    watch.take(-1)
    assert market.position == -100
    watch.join(1)
    resting = len(market.open_orders)
    watch.cancel_all()
    assert not market.open_orders and resting > 1 and watch.told == f"Sent {resting} cancels."


def test_queue_place_position_and_cash_can_be_read():
    market = new_market()
    watch = plots.MarketWatch(market, size=100)
    watch.join(1)
    watch.take(-1)
    ahead, orders = market.queue_position(market.open_orders[0].order_id)
    text = re.sub(r"<[^>]*>", " ", watch.account_html())
    assert f"{ahead:,.6g} in {orders} orders" in text
    assert "position  -100" in text and f"{market.cash:,.2f}" in text
    assert "Sent: sell 100 shares at the market." in text


@pytest.mark.parametrize("size", [0, -5, 0.5, float("nan")])
def test_a_wrong_size_is_told_and_sends_nothing(size):
    watch = plots.MarketWatch(new_market(), size=size)
    watch.take(1)
    watch.join(-1)
    assert watch.told.startswith("Not sent: size is")
    assert watch.market.position == 0 and not watch.market.open_orders


def test_after_the_window_a_step_says_so_and_does_nothing():
    market = new_market()
    watch = plots.MarketWatch(market, step_s=60.0)
    assert watch.steps_left == 2
    for _ in range(3):
        watch.step()
    assert market.clock_s == END and "window is over" in watch.told and watch.steps_left == 0


@pytest.mark.parametrize("parts", [(Latency(feed_s=0.2, order_s=0.3, cancel_s=0.1),),
                                   (FillRule("touch"),)])
def test_markets_with_latency_or_paper_fills_can_be_watched(parts):
    watch = plots.MarketWatch(new_market(*parts, keep_trades=not parts), size=100)
    watch.join(1)
    for _ in range(3):
        watch.step()
    assert len(watch.market.open_orders) + len(watch.market.own_fills) > 0
    data, words = watch.picture()
    assert data.startswith(b"\x89PNG") and "best bid" in words


def test_equal_markets_give_equal_pictures():
    first, again = (plots.MarketWatch(new_market()).picture() for _ in range(2))
    assert first == again


@pytest.mark.parametrize("call, text", [
    (lambda m: plots.MarketWatch(m, step_s=0), "step_s is 0"),
    (lambda m: plots.MarketWatch(m, window_s=-1), "window_s is -1"),
    (lambda m: plots.MarketWatch(m, rows=1), "rows is 1"),
    (lambda m: plots.book_animation(m, alt="a book here", frames=1), "frames is 1"),
    (lambda m: plots.book_animation(m, alt=""), "alt is ''"),
])  # fmt: skip
def test_a_wrong_argument_is_refused_in_a_sentence(call, text):
    with pytest.raises(ValueError, match=text):
        call(new_market(record=True))


def test_ladder_keeps_its_number_of_rows_and_holds_the_best_prices():
    for bid, ask in ((100, 101), (100, 104), (93, 100)):
        levels = plots.Levels([(bid / 100, 5)], [(ask / 100, 5)])
        rows = [round(100 * price) for price in ladder_prices(levels, 0.01, 14)]
        assert len(rows) == 14 and bid in rows and ask in rows
    assert ladder_prices(plots.Levels([(1.0, 5)], []), 0.01, 14) is None
    assert ladder_prices(plots.Levels([(1.0, 5)], [(2.0, 5)]), 0.01, 14) is None


def parts_of(box, kind):
    found = [box] if isinstance(box, kind) else []
    for child in getattr(box, "children", ()):
        found += parts_of(child, kind)
    return found


def test_play_advances_the_market_one_step_a_tick():
    market = new_market()
    panel = control_panel(plots.MarketWatch(market, step_s=1.0))
    (play,) = parts_of(panel, ipywidgets.Play)
    view = next(part for part in parts_of(panel, ipywidgets.HTML) if "<img" in part.value)
    before = view.value
    play.value = 1
    assert market.clock_s == START + 31 and view.value != before
    play.value = 0  # the stop button
    assert market.clock_s == START + 31
    (pace,) = parts_of(panel, ipywidgets.Dropdown)
    pace.value = 5.0
    play.value = 1
    assert market.clock_s == START + 36
    assert play.max - play.value == np.ceil((END - market.clock_s) / 5)


def test_buttons_of_the_panel_trade_and_redraw():
    market = new_market()
    panel = control_panel(plots.MarketWatch(market, size=100))
    buttons = {b.description: b for b in parts_of(panel, ipywidgets.Button)}
    (size,) = parts_of(panel, ipywidgets.FloatText)
    account = parts_of(panel, ipywidgets.HTML)[-1]
    size.value = 200
    buttons["Buy"].click()
    assert market.position == 200 and "Sent: buy 200 shares" in account.value
    buttons["Join bid"].click()
    assert len(market.open_orders) == 1
    buttons["Cancel all"].click()
    assert not market.open_orders
    buttons["One step"].click()
    assert market.clock_s == START + 31
    assert all(b.tooltip for b in buttons.values())


def test_an_animation_is_small_repeatable_and_needs_nothing_from_outside():
    market = traded_market(6)
    film = plots.book_animation(market, alt="A book over two minutes", frames=6)
    assert film == plots.book_animation(market, alt="A book over two minutes", frames=6)
    assert len(film) < 6 * plots.animate.MAX_BYTES / 30
    assert "http" not in film and 'alt="A book over two minutes First frame: Order book' in film
    captions = re.search(r"captions = (\[.*?\]);", film)[1]
    assert captions.count(":") == 12 and "10:02:00.0" in captions


def test_an_animation_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(plots.animate, "MAX_BYTES", 10_000)
    with pytest.raises(ValueError, match="ask for fewer frames"):
        plots.book_animation(traded_market(6), alt="A book over two minutes", frames=4)
