"""One moment of a market as a picture: ladder, price path with trades, traded sizes, own orders."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lobsim.plots.book import book_ladder
from lobsim.plots.levels import Levels
from lobsim.plots.style import BLACK, BUY, GREY, MARKERS, SELL, YELLOW, clock_axis, styled

FIGURE_IN = (9.4, 4.4)
_PLACES = ((0.015, 0.125, 0.42, 0.81), (0.535, 0.385, 0.435, 0.55), (0.535, 0.125, 0.435, 0.2))
"""Of the ladder, the path and the traded sizes: left, bottom, width, height."""
_BARS = 30  # time bins of the traded sizes
_PATH_ROOM = 0.12  # of the price range, above and below the path


class OwnNow(NamedTuple):
    """An own order that rests: side +1/-1, price, size left, since when, what stands ahead."""

    side: int
    price: float
    size: float
    since_s: float = float("-inf")
    ahead: float = float("nan")
    orders_ahead: int = -1


class Scene(NamedTuple):
    """What one picture shows.

    Attributes
    ----------
    name : str
        Of the market.
    now_s : float
        Seconds since midnight; the right end of the path.
    window_s : float
        Length of the path, seconds.
    levels : Levels
    path_s, path_bid, path_ask : ndarray of float64
        Best prices through the window.
    trade_s, trade_price, trade_size, trade_sign : ndarray
        Trades in the window; sign +1 = the buyer took.
    own : tuple of OwnNow
        Own resting orders.
    own_fills : tuple of (float, float, int)
        Time in s, price and own side of own trades in the window.
    tick_size : float
    size_unit : str
    """

    name: str
    now_s: float
    window_s: float
    levels: Levels
    path_s: np.ndarray
    path_bid: np.ndarray
    path_ask: np.ndarray
    trade_s: np.ndarray
    trade_price: np.ndarray
    trade_size: np.ndarray
    trade_sign: np.ndarray
    own: tuple[OwnNow, ...]
    own_fills: tuple[tuple[float, float, int], ...]
    tick_size: float
    size_unit: str


def ladder_prices(levels: Levels, tick_size: float, rows: int) -> list[float] | None:
    """Prices around the mid, so that the ladder has the same rows from picture to picture.

    None (only occupied prices) where a side is empty or the spread is wider than the ladder.
    """
    if not (levels.bids and levels.asks):
        return None
    bid, ask = (round(side[0][0] / tick_size) for side in levels)
    if ask - bid > rows // 2:
        return None
    first = (bid + ask + 1) // 2 - rows // 2
    return [tick * tick_size for tick in range(first, first + rows)]


@styled
def draw_scene(
    scene: Scene,
    rows: int = 14,
    max_size: float | None = None,
    price_range: tuple[float, float] | None = None,
    time_range: tuple[float, float] | None = None,
) -> Figure:
    """Ladder to the left; to the right the last minute or so of prices, trades and sizes.

    Parameters
    ----------
    scene : Scene
    rows : int
        Prices in the ladder.
    max_size : float, optional
        Size at the edge of the ladder; keeps the scale from picture to picture.
    price_range : (float, float), optional
        Ends of the price axis of the path; by default what the window needs.
    time_range : (float, float), optional
        Ends of the time axis, seconds since midnight; by default the window before now.

    Returns
    -------
    Figure
    """
    # Fixed places: finding them anew for every picture of a film takes most of the time.
    fig = plt.figure(figsize=FIGURE_IN, layout="none")
    ladder, path, sizes = (fig.add_axes(place) for place in _PLACES)
    own: dict[float, float] = {}
    for order in scene.own:
        own[order.price] = own.get(order.price, 0.0) + order.size
    prices = ladder_prices(scene.levels, scene.tick_size, rows)
    shown = Levels(*(side[:rows if prices else rows // 2] for side in scene.levels))
    book_ladder(shown, rows, own=own, prices=prices, max_size=max_size, title=scene.name,
                size_unit=scene.size_unit, ax=ladder)
    _path(path, scene, price_range)
    _sizes(sizes, scene, time_range)
    start_s, end_s = time_range or (scene.now_s - scene.window_s, scene.now_s)
    for ax in (path, sizes):
        ax.set_xlim(start_s, end_s)
        clock_axis(ax.xaxis, start_s, end_s)
    sizes.tick_params(axis="x", labelsize=7.5)
    path.tick_params(axis="x", labelbottom=False)
    sizes.set_xlabel("time of day (hh:mm:ss)")
    return fig


def _path(ax, scene: Scene, price_range) -> None:
    ends = np.append(scene.path_s, scene.now_s)
    for price, colour, dashes in ((scene.path_ask, SELL, (0, (4, 1.2))),
                                  (scene.path_bid, BUY, "-")):
        if len(price):
            ax.step(ends, np.append(price, price[-1]), where="post", color=colour,
                    linestyle=dashes, linewidth=1.4)
    area = np.clip(90 * scene.trade_size / max(scene.trade_size.max(initial=0.0), 1e-12), 10, 90)
    for sign, colour in ((1, BUY), (-1, SELL), (0, GREY)):
        chosen = scene.trade_sign == sign
        if chosen.any():
            ax.scatter(scene.trade_s[chosen], scene.trade_price[chosen], s=area[chosen],
                       marker=MARKERS[sign], color=colour, edgecolor="white", linewidth=0.5,
                       zorder=3)
    low, high = price_range or path_range(scene)
    ax.set_ylim(low, high)
    for order in scene.own:
        if low <= order.price <= high:
            ends = (max(order.since_s, scene.now_s - scene.window_s), scene.now_s)
            for width, colour in ((4.0, BLACK), (2.4, YELLOW)):
                ax.plot(ends, (order.price, order.price), color=colour, linewidth=width,
                        solid_capstyle="butt", zorder=2.5)
    for when, price, side in scene.own_fills:
        ax.scatter(when, price, s=70, marker=MARKERS[side], color=YELLOW, edgecolor=BLACK,
                   linewidth=1.0, zorder=4)
    ax.set_ylabel("price ($)")
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.set_title("Best bid and ask, trades (yellow: yours)", fontsize=9)


def path_range(scene: Scene) -> tuple[float, float]:
    """What the path and the trades need, at least four ticks."""
    parts = (scene.path_bid, scene.path_ask, scene.trade_price,
             [level[0] for side in scene.levels for level in side[:1]])
    seen = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
    seen = seen[np.isfinite(seen)]
    if not len(seen):
        return 0.0, 1.0
    room = max(_PATH_ROOM * (seen.max() - seen.min()), 2 * scene.tick_size)
    return seen.min() - room, seen.max() + room


def _sizes(ax, scene: Scene, time_range) -> None:
    """Traded size per bin, bought upwards and sold downwards."""
    start_s, end_s = time_range or (scene.now_s - scene.window_s, scene.now_s)
    edges = np.linspace(start_s, end_s, _BARS + 1)
    for sign, colour, hatch in ((1, BUY, None), (-1, SELL, "////")):
        mine = scene.trade_sign == sign
        volume, _ = np.histogram(scene.trade_s[mine], edges, weights=scene.trade_size[mine])
        ax.bar(edges[:-1], sign * volume, edges[1] - edges[0], align="edge", color=colour,
               hatch=hatch, edgecolor="white", linewidth=0.4)
    ax.axhline(0, color=GREY, linewidth=0.8)
    reach = 1.1 * max(np.abs(ax.dataLim.get_points()[:, 1]).max(), 1e-12)
    if np.isfinite(reach) and len(scene.trade_s):
        ax.set_ylim(-reach, reach)
    ax.yaxis.set_major_locator(plt.MaxNLocator(3))
    ax.yaxis.set_major_formatter(plt.FuncFormatter(lambda y, _: f"{abs(y):,.6g}"))
    ax.set_ylabel(f"bought / sold\n({scene.size_unit})", fontsize=8)


def scene_alt(scene: Scene) -> str:
    """The scene in words, for whoever cannot see it."""
    told = [f"Order book of {scene.name} at {clock(scene.now_s)}:"]
    for name, side in zip(("bid", "ask"), scene.levels, strict=True):
        told.append(f"best {name} {side[0][0]:,.2f} for {side[0][1]:,.6g} {scene.size_unit},"
                    if side else f"no {name},")
    told.append(f"{len(scene.trade_s)} trades in the last {scene.window_s:g} s,")
    if not scene.own:
        return " ".join([*told, "no own orders."])
    orders = [f"{'buy' if order.side > 0 else 'sell'} {order.size:,.6g} at {order.price:,.2f}"
              for order in scene.own]
    return " ".join([*told, "own orders:", "; ".join(orders) + "."])


def clock(seconds: float) -> str:
    """Time of day with tenths of a second: 10:00:05.0."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"
