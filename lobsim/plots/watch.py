"""A live market in a notebook: ladder, tape and prices with a play button and own orders."""

import html
import importlib.util
import time
from collections import deque

import matplotlib.pyplot as plt
import numpy as np

from lobsim.plots.levels import book_levels
from lobsim.plots.scene import OwnNow, Scene, clock, draw_scene, scene_alt
from lobsim.plots.show import image_html, on_a_page, png_bytes, show
from lobsim.plots.stream import NS

SAMPLES_PER_STEP = 20
"""How often the best prices are looked at while a step goes by."""
STEPS_S = (0.1, 0.5, 1.0, 5.0, 30.0, 60.0)
_DEFAULT_LOTS = 100
_TAPE_ROWS = 8
_LEAST_INTERVAL_MS = 400
_DRAWING_SHARE = 1.5  # the next step is asked for this many drawing times after the last


class MarketWatch:
    """A market with what a picture of it needs; the buttons of `watch_market` are its methods.

    Parameters
    ----------
    market : Market
    step_s : float
        Seconds of the market's clock that one step takes.
    window_s : float
        Seconds of the past in the picture.
    rows : int
        Prices in the ladder.
    size : float, optional
        Size of the orders that the buttons send; default 100 lots.

    Attributes
    ----------
    told : str
        What came of the last action, as a sentence.
    """

    def __init__(self, market, step_s: float = 1.0, window_s: float = 60.0, rows: int = 14,
                 size: float | None = None):
        for name, value in (("step_s", step_s), ("window_s", window_s)):
            if not 0 < value < np.inf:
                raise ValueError(f"{name} is {value}; it must be a positive number of seconds")
        if rows < 4:
            raise ValueError(f"rows is {rows}; it must be at least 4")
        self.market, self.step_s, self.window_s, self.rows = market, step_s, window_s, rows
        self.size = _DEFAULT_LOTS * market.profile.lot_size if size is None else size
        self.told = ""
        self._path: deque[tuple[float, float, float]] = deque()
        self._since_s: dict[int, float] = {}
        self._max_size = 0.0
        self._recall()
        self._sample()

    # -- time ------------------------------------------------------------------------------------

    def step(self) -> None:
        """Let the market run for one step, or until the end of its window."""
        market = self.market
        start_s, end_s = market.clock_s, min(market.clock_s + self.step_s, market.end_s)
        if end_s <= start_s:
            self.told = f"The market's window is over: it ends at {clock(market.end_s)}."
            return
        self.told = ""
        for until_s in np.linspace(start_s, end_s, SAMPLES_PER_STEP + 1)[1:]:
            market.advance(max(float(until_s), market.clock_s))
            self._sample()

    @property
    def steps_left(self) -> int:
        """Steps until the end of the market's window."""
        return int(np.ceil((self.market.end_s - self.market.clock_s) / self.step_s - 1e-9))

    def _recall(self) -> None:
        """Best prices before now, where the market was recorded."""
        try:
            tops = self.market.record().tops
        except ValueError:  # it was not
            return
        time_s = tops["time_ns"].to_numpy() / NS
        rows = tops[time_s >= self.market.venue_s - self.window_s]
        bid, ask = rows["bid"].tolist(), rows["ask"].tolist()
        self._path.extend(zip((rows["time_ns"] / NS).tolist(), bid, ask, strict=True))

    def _sample(self) -> None:
        """Note the best prices; forget what has left the window, but for the last before it."""
        market, path = self.market, self._path
        path.append((market.venue_s, market.best_bid, market.best_ask))
        while len(path) > 1 and path[1][0] <= market.venue_s - self.window_s:
            path.popleft()

    # -- own orders ------------------------------------------------------------------------------

    def take(self, side: int) -> None:
        """Send a market order: +1 buys, -1 sells."""
        self._send(side, None, "market")

    def join(self, side: int) -> None:
        """Rest at the best price of one's own side: +1 at the bid, -1 at the ask."""
        price = self.market.best_bid if side > 0 else self.market.best_ask
        if not np.isfinite(price):
            self.told = f"There is no {'bid' if side > 0 else 'ask'} to join."
            return
        self._send(side, price, "limit")

    def cancel_all(self) -> None:
        """Withdraw every own order."""
        sent = self.market.cancel_all()
        self.told = f"Sent {sent} cancel{'s' if sent != 1 else ''}."
        self._sample()

    def _send(self, side, price, kind) -> None:
        unit = self.market.profile.size_unit
        what = f"{'buy' if side > 0 else 'sell'} {self.size:,.6g} {unit}"
        what += " at the market" if price is None else f" at {price:,.2f}"
        try:
            order_id = self.market.submit(side, self.size, price=price, kind=kind)
        except ValueError as error:
            self.told = f"Not sent: {error}."
            return
        if order_id:
            self._since_s[order_id] = self.market.clock_s
        self.told = f"Sent: {what}." if order_id else f"The venue refused to {what}."
        self._sample()

    # -- what is shown ---------------------------------------------------------------------------

    def scene(self) -> Scene:
        """What the picture shows now."""
        market = self.market
        now_s, since_s = market.venue_s, market.venue_s - self.window_s
        path = np.array(self._path).reshape(-1, 3)
        trades = self._trades(since_s)
        fills = market.own_fills
        fills = fills[fills["time_s"] >= since_s]
        own_fills = tuple(zip(fills["time_s"], fills["price"], fills["side"], strict=True))
        profile = market.profile
        return Scene(profile.symbol, now_s, self.window_s, book_levels(market, 4 * self.rows),
                     *path.T, *trades, self._own(), own_fills, profile.tick_size,
                     profile.size_unit)

    def _trades(self, since_s: float) -> tuple[np.ndarray, ...]:
        try:
            table = self.market.trades
        except ValueError:  # the market keeps none
            return (np.zeros(0),) * 4
        rows = table.iloc[int(np.searchsorted(table["time_s"].to_numpy(), since_s)):]
        return tuple(rows[name].to_numpy(np.float64) for name in ("time_s", "price", "size",
                                                                  "side"))

    def _own(self) -> tuple[OwnNow, ...]:
        found = []
        for order in self.market.open_orders:
            ahead = self.market.queue_position(order.order_id)
            # One sent from another cell is known from the first picture on.
            since_s = self._since_s.setdefault(order.order_id, self.market.venue_s)
            found.append(OwnNow(order.side, order.price, order.size, since_s, *ahead))
        return tuple(found)

    def picture(self) -> tuple[bytes, str]:
        """PNG of the scene and the scene in words."""
        scene = self.scene()
        fig = self._draw(scene)
        data = png_bytes(fig)
        plt.close(fig)
        return data, self.words(scene)

    def _draw(self, scene: Scene):
        near = [size for side in scene.levels for _, size in side[:self.rows // 2]]
        self._max_size = max([self._max_size, *near])  # the scale grows and does not jump
        return draw_scene(scene, self.rows, self._max_size or None)

    def words(self, scene: Scene) -> str:
        """Alternative text: the book, own orders, and the account."""
        return (f"{scene_alt(scene)} Position {self.market.position:,.6g} {scene.size_unit}, "
                f"cash {self.market.cash:,.2f}.")

    def account_html(self) -> str:
        """Clock, account, own orders with their queue, and the last trades, as HTML."""
        market, scene = self.market, self.scene()
        unit = html.escape(scene.size_unit)
        worth = market.cash + (market.position * market.mid if market.position else 0.0)
        worth = f"{worth:,.2f}" if np.isfinite(worth) else "not known"  # a side may be empty
        head = (f"<b>{clock(market.clock_s)}</b> &nbsp; position <b>{market.position:,.6g}</b> "
                f"{unit} &nbsp; cash <b>{market.cash:,.2f}</b> &nbsp; fees {market.fees:,.2f} "
                f"&nbsp; cash and position at mid <b>{worth}</b>")
        orders = [("buy" if own.side > 0 else "sell", f"{own.size:,.6g}", f"{own.price:,.2f}",
                   f"{own.ahead:,.6g} in {own.orders_ahead} orders") for own in scene.own]
        columns = zip(scene.trade_s, scene.trade_sign, scene.trade_size, scene.trade_price,
                      strict=True)
        tape = [(clock(when), "buyer" if sign > 0 else "seller", f"{size:,.6g}", f"{price:,.2f}")
                for when, sign, size, price in list(columns)[:-_TAPE_ROWS - 1:-1]]
        tables = (_table("your orders", ("side", "size", "price", "ahead"), orders)
                  + _table("last trades", ("time", "taker", "size", "price"), tape))
        return (f"<div style='line-height:1.5'>{head}<br><span role='status'>"
                f"{html.escape(self.told)}&nbsp;</span></div>"
                f"<div style='display:flex;gap:3em;line-height:1.3'>{tables}</div>")


def _table(title: str, heads, rows) -> str:
    style = "style='text-align:right;padding:0 0.6em;line-height:1.3'"
    head = "".join(f"<th {style}>{name}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td {style}>{cell}</td>" for cell in row) + "</tr>"
                   for row in rows) or f"<tr><td {style} colspan='{len(heads)}'>none</td></tr>"
    return (f"<table style='font-size:12px;align-self:flex-start'><caption><b>{title}</b>"
            f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def watch_market(
    market,
    *,
    step_s: float = 1.0,
    window_s: float = 60.0,
    rows: int = 14,
    size: float | None = None,
    live: bool | None = None,
) -> None:
    """Watch a market live and trade in it: ladder, tape, prices, own orders, play and buttons.

    Parameters
    ----------
    market : Market
        Runs on from where its clock stands; with ``record=True`` the picture begins with its past.
    step_s : float
        Seconds of its clock in one step of the play button.
    window_s : float
        Seconds of the past in the picture.
    rows : int
        Prices in the ladder.
    size : float, optional
        Size that the order buttons send at first; default 100 lots.
    live : bool, optional
        True for the buttons, False for one picture of the market as it is. By default the
        buttons are shown when the cell was run from a notebook page that can show them; executing
        a notebook without a page (nbconvert, tests, grading) gives the picture. The market does
        not run until a button is pressed.

    Notes
    -----
    The buttons do what one line of code does (`Market.submit`, `Market.cancel_all`), so the market
    may be used from other cells meanwhile; the next step shows what came of it.
    """
    watch = MarketWatch(market, step_s, window_s, rows, size)
    is_live = importlib.util.find_spec("ipywidgets") is not None and on_a_page()
    if is_live if live is None else live:
        from IPython.display import display

        display(control_panel(watch))
    else:
        scene = watch.scene()
        show(watch._draw(scene), alt=watch.words(scene))


def control_panel(watch: MarketWatch):
    """The live form as an ipywidgets box: play, step, pace, size, orders, picture, account."""
    import ipywidgets as widgets

    view, account = widgets.HTML(), widgets.HTML()
    play = widgets.Play(min=0, max=watch.steps_left, interval=_LEAST_INTERVAL_MS,
                        show_repeat=False)

    def refresh() -> None:
        began = time.perf_counter()
        view.value = image_html(*watch.picture())
        account.value = watch.account_html()
        took_ms = 1000 * (time.perf_counter() - began)
        # A slow machine plays slower: steps must not pile up in front of the kernel.
        play.interval = max(_LEAST_INTERVAL_MS, round(_DRAWING_SHARE * took_ms))

    def played(change) -> None:
        if change["new"] > change["old"]:  # "stop" puts the value back to 0 and asks for nothing
            watch.step()
            refresh()
        else:
            play.max = change["new"] + watch.steps_left

    def button(label, tip, act):
        made = widgets.Button(description=label, tooltip=tip, layout={"width": "auto"})

        def pressed(_):
            act()
            refresh()

        made.on_click(pressed)
        return made

    steps = sorted({*STEPS_S, watch.step_s})
    pace = widgets.Dropdown(options=[(f"{s:g} s", s) for s in steps], value=watch.step_s,
                            description="step", layout={"width": "150px"})
    size = widgets.FloatText(watch.size, description="size", layout={"width": "170px"})

    def paced(change) -> None:
        watch.step_s = change["new"]
        play.max = play.value + watch.steps_left

    play.observe(played, names="value")
    pace.observe(paced, names="value")
    size.observe(lambda change: setattr(watch, "size", change["new"]), names="value")
    orders = [button("Buy", "send a market order to buy", lambda: watch.take(1)),
              button("Sell", "send a market order to sell", lambda: watch.take(-1)),
              button("Join bid", "rest a buy order at the best bid", lambda: watch.join(1)),
              button("Join ask", "rest a sell order at the best ask", lambda: watch.join(-1)),
              button("Cancel all", "withdraw all own orders", watch.cancel_all)]
    refresh()
    clocks = widgets.HBox([play, button("One step", "advance once", watch.step), pace, size])
    return widgets.VBox([clocks, widgets.HBox(orders), view, account])
