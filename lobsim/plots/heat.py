"""Heat map of a book through time: depth by price and time, best prices, trades, own orders."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from lobsim.plots.own_orders import OwnRest, own_orders, paper_orders
from lobsim.plots.stream import (
    FULL_DEPTH,
    NS,
    BookFrames,
    Stream,
    book_frames,
    is_lobster,
    stream_of,
)
from lobsim.plots.style import BLACK, BUY, GREY, MARKERS, SELL, YELLOW, clock_axis, styled

MAX_ROWS = 160
"""Rows of the map; where the prices in it are more, neighbouring ticks share a row."""
_LEAST_TICKS = 6
# Grey leaves all hues to what happens on the map, and its order is the same to every eye.
_DEPTH = LinearSegmentedColormap.from_list("depth", ["#F7F7F7", "#D2D2D2", "#6A6A6A"])
_LEAST_AREA, _MOST_AREA, _CROWDED_AREA = 14.0, 120.0, 42.0
"""Of a trade's marker, in points squared; the last is the most where not all trades are drawn."""


@styled
def heat_map(
    source,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    columns: int = 600,
    ticks: int | None = None,
    trades: int = 500,
    own: bool = True,
    initial: np.ndarray | None = None,
    tick_size: float | None = None,
    lot_size: float | None = None,
    title: str = "The book through time",
    ax=None,
) -> Figure:
    """Depth at every price through time, with best prices, trades and own orders.

    Parameters
    ----------
    source : Market, Recording, Replay, LobsterDay, ndarray of MESSAGE or BookFrames
        As for :func:`lobsim.plots.book_frames`, with `initial`, `tick_size` and `lot_size`.
    start_s, end_s : float, optional
        The window, in seconds since midnight; default all that the source covers.
    columns : int
        Moments at which the book is looked at, evenly spread; between two of them the map shows
        the book of the earlier one.
    ticks : int, optional
        Prices shown beyond the lowest best bid and the highest best ask; by default a few, and
        more where the spread or the price moves much.
    trades : int
        Most trades to draw; where there are more, the largest, and the legend says so.
    own : bool
        Whether to draw own orders.
    title : str
    ax : Axes, optional

    Returns
    -------
    Figure

    Notes
    -----
    The colour scale is logarithmic from the 5th to the 99.5th percentile of the sizes in the
    picture. A trade is one order at one price; the area of its marker grows with its size. An own
    order is a yellow line from the moment when it rests to the one when it does not.
    """
    tape = dict(initial=initial, tick_size=tick_size, lot_size=lot_size)
    frames, rests = _read(source, columns, own, start_s, end_s, tape)
    alone = ax is None
    if alone:
        _, ax = plt.subplots(figsize=(9.0, 5.0))
    low, high = _price_range(frames, ticks)
    _depth_image(ax, frames, low, high)
    _best_lines(ax, frames)
    _trade_marks(ax, frames, trades)
    _own_marks(ax, rests, frames, own)
    time_s = frames.time_ns / NS
    ax.set_xlim(time_s[0], time_s[-1] if len(time_s) > 1 else time_s[0] + 1)
    clock_axis(ax.xaxis, *ax.get_xlim())
    ax.set_ylim((low - 0.5) * frames.tick_size, (high + 0.5) * frames.tick_size)
    ax.set_xlabel("time of day (hh:mm or hh:mm:ss)")
    ax.set_ylabel("price ($)")
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.grid(False)
    ax.set_title(title)
    handles = {name: handle for handle, name in zip(*ax.get_legend_handles_labels(), strict=True)}
    if alone:
        ax.figure.legend(handles.values(), handles.keys(), loc="outside lower left", ncols=4)
    else:
        ax.legend(handles.values(), handles.keys(), loc="upper left", fontsize=8)
    return ax.figure


def _read(source, columns, own, start_s, end_s, tape) -> tuple[BookFrames, list[OwnRest]]:
    """Frames of the window and the own orders that rested in it."""
    if isinstance(source, BookFrames):
        return source, []
    window = {"start_s": start_s, "end_s": end_s, "count": columns, "levels": FULL_DEPTH}
    if is_lobster(source):
        return book_frames(source, **window), []
    stream = stream_of(source, **tape)
    frames = book_frames(source, **window, **tape)
    return frames, _own(source, stream) if own else []


def _own(source, stream: Stream) -> list[OwnRest]:
    found = own_orders(stream)
    if not found and hasattr(source, "reports") and len(source.reports):
        return paper_orders(source)
    return found


def _price_range(frames: BookFrames, ticks) -> tuple[int, int]:
    """Lowest and highest tick of the picture."""
    best = np.concatenate([frames.bid_price[:, 0], frames.ask_price[:, 0]])
    if not np.isfinite(best).any():
        best = frames.trades["price"].to_numpy(np.float64)
    best = best[np.isfinite(best)]
    if not len(best):
        return 0, 2 * _LEAST_TICKS
    low, high = (round(price / frames.tick_size) for price in (best.min(), best.max()))
    if ticks is None:
        spread = (frames.ask_price[:, 0] - frames.bid_price[:, 0]) / frames.tick_size
        spread = spread[np.isfinite(spread)]
        usual = float(np.median(spread)) if len(spread) else 1.0
        ticks = max(_LEAST_TICKS, round(usual), round(0.12 * (high - low)))
    return low - ticks, high + ticks


def depth_grid(frames: BookFrames, low: int, high: int) -> tuple[np.ndarray, int]:
    """Size by price (rows, lowest first) and time (columns), and how many ticks share a row.

    Parameters
    ----------
    frames : BookFrames
    low, high : int
        Prices in ticks, both included.

    Returns
    -------
    grid : ndarray of float64, shape (rows, frames)
        Sum of both sides; 0 where nothing rests.
    ticks_per_row : int
    """
    shared = -(-(high - low + 1) // MAX_ROWS)
    grid = np.zeros((-(-(high - low + 1) // shared), len(frames.time_ns)))
    for price, size in ((frames.bid_price, frames.bid_size), (frames.ask_price, frames.ask_size)):
        column, level = np.nonzero(size > 0)
        tick = np.rint(price[column, level] / frames.tick_size).astype(np.int64)
        seen = (tick >= low) & (tick <= high)
        np.add.at(grid, ((tick[seen] - low) // shared, column[seen]), size[column, level][seen])
    return grid, shared


def _depth_image(ax, frames: BookFrames, low: int, high: int) -> None:
    grid, shared = depth_grid(frames, low, high)
    there = grid[grid > 0]
    if not len(there):
        return
    least, most = np.percentile(there, (5, 99.5))
    time_s = frames.time_ns / NS
    bottom = (low - 0.5) * frames.tick_size
    edges = bottom + frames.tick_size * shared * np.arange(len(grid) + 1)
    step = time_s[-1] - time_s[-2] if len(time_s) > 1 else 1.0
    image = ax.pcolormesh(np.append(time_s, time_s[-1] + step), edges,
                          np.ma.masked_equal(grid, 0.0), cmap=_DEPTH,
                          norm=LogNorm(least, max(most, 1.01 * least)), rasterized=True)
    per = "price" if shared == 1 else f"{shared} prices"
    bar = ax.figure.colorbar(image, ax=ax, pad=0.015, aspect=32, extend="both")
    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.6g}"))
    bar.set_label(f"size resting per {per} ({frames.size_unit})")
    bar.outline.set_visible(False)


def _best_lines(ax, frames: BookFrames) -> None:
    time_s = frames.time_ns / NS
    looks = ((frames.ask_price, SELL, (0, (4, 1.2)), "best ask"),
             (frames.bid_price, BUY, "-", "best bid"))
    for price, colour, dashes, label in looks:
        ax.step(time_s, price[:, 0], where="post", color=colour, linestyle=dashes, linewidth=1.3,
                label=label)


def _trade_marks(ax, frames: BookFrames, most: int) -> None:
    """The largest trades, or all; own ones too, which get a mark of their own beside this one."""
    table = frames.trades
    if not len(table) or most < 1:
        return
    total = len(table)
    if total > most:
        # Equal sizes: the earlier one stays, so that the choice is the same in every run.
        table = table.sort_values("size", ascending=False, kind="stable").head(most).sort_index()
    size = table["size"].to_numpy(np.float64)
    largest = _MOST_AREA if total <= most else _CROWDED_AREA
    area = np.clip(largest * size / size.max(), _LEAST_AREA, largest)
    told = f" (largest {most:,} of {total:,} trades)" if total > most else ""
    time_s, price = table["time_ns"].to_numpy() / NS, table["price"].to_numpy()
    sign = table["sign"].to_numpy()
    looks = ((1, BUY, "buyer took"), (-1, SELL, "seller took"), (0, GREY, "trade, side not known"))
    for side, colour, label in looks:
        chosen = sign == side
        if chosen.any():
            ax.scatter(time_s[chosen], price[chosen], s=area[chosen], marker=MARKERS[side],
                       color=colour, edgecolor="white", linewidth=0.5, zorder=4,
                       label=label + told)
            told = ""


def _own_marks(ax, rests: list[OwnRest], frames: BookFrames, own: bool) -> None:
    """Own orders as lines from rest to end; own trades and cancellations marked."""
    start_ns, end_ns = frames.time_ns[0], frames.time_ns[-1]
    rests = [rest for rest in rests if rest.end_ns >= start_ns and rest.start_ns <= end_ns]
    lines = [((rest.start_ns / NS, rest.price), (rest.end_ns / NS, rest.price)) for rest in rests]
    if lines:
        for width, colour, label in ((4.2, BLACK, None), (2.4, YELLOW, "your order rests")):
            ax.add_collection(LineCollection(lines, colors=colour, linewidths=width, zorder=6,
                                             label=label, capstyle="butt"), autolim=False)
    taken = frames.trades[frames.trades["own"] == 1]
    for side, label in ((1, "you bought"), (-1, "you sold")):
        mine = taken[taken["sign"] == side]
        done = list(zip(mine["time_ns"] / NS, mine["price"], strict=True))
        done += [(when / NS, rest.price) for rest in rests if rest.side == side
                 for when, _ in rest.fills]
        if done and own:
            ax.scatter(*zip(*done, strict=True), s=64, marker=MARKERS[side], color=YELLOW,
                       edgecolor=BLACK, linewidth=1.0, zorder=7, label=label)
    gone = [(rest.end_ns / NS, rest.price) for rest in rests
            if rest.end in ("cancelled", "replaced")]
    if gone:
        ax.scatter(*zip(*gone, strict=True), s=34, marker="x", color=BLACK, linewidth=1.6,
                   zorder=7, label="you cancelled or replaced")
