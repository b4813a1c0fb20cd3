"""Pictures of an order book: the ladder, the depth on both sides, and the queue at a price."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from lobsim.plots.levels import Levels, book_levels
from lobsim.plots.style import BLACK, BUY, GREY, SELL, YELLOW, styled


@styled
def book_ladder(
    book,
    levels: int = 8,
    *,
    own: Mapping[float, float] | None = None,
    tick_size: float | None = None,
    prices: Sequence[float] | None = None,
    max_size: float | None = None,
    title: str = "Order book",
    size_unit: str = "shares",
    ax=None,
) -> Figure:
    """Ladder of a book: prices down the middle, bids to the left, asks to the right.

    Parameters
    ----------
    book
        Anything that :func:`lobsim.plots.book_levels` reads.
    levels : int
        Occupied levels per side.
    own : mapping of price to size, optional
        Own resting orders, drawn hatched and named.
    tick_size : float, optional
        Draw a row for every tick between the lowest and the highest price, also empty ones.
    prices : sequence of float, optional
        The rows to draw; keeps them in place from frame to frame.
    max_size : float, optional
        Size at the edge of the picture; keeps the scale from frame to frame.
    title, size_unit : str
    ax : Axes, optional
        Draw here instead of on a new figure.

    Returns
    -------
    Figure
    """
    state = book_levels(book, levels)
    rows = _ladder_rows(state, tick_size, prices)
    if ax is None:
        fig, ax = plt.subplots(figsize=(6.4, max(2.0, 0.30 * len(rows) + 1.1)))
    biggest = max_size or max([size for _, size in state.bids + state.asks], default=1.0)
    middle = _price_column(rows) * biggest
    own = {round(price, 9): size for price, size in (own or {}).items()}
    for side, direction, colour in ((state.bids, -1, BUY), (state.asks, 1, SELL)):
        for price, size in side:
            row = rows.get(round(price, 9))
            if row is None:
                continue
            _bar(ax, direction, middle, row, size, colour, own.get(round(price, 9), 0.0), biggest)
    for price, row in rows.items():
        ax.text(0, row, f"{price:,.2f}", ha="center", va="center", fontsize=9)
    _ladder_axes(ax, rows, middle, biggest, size_unit)
    if own:
        yours = Patch(facecolor=YELLOW, edgecolor=BLACK, hatch="////", label="your order")
        ax.legend(handles=[yours], loc="upper left", bbox_to_anchor=(0.0, 1.0))
    ax.set_title(title)
    return ax.figure


def _price_column(rows: dict[float, int]) -> float:
    """Half the width of the column that holds the prices, in largest sizes: longer, wider."""
    longest = max((len(f"{price:,.2f}") for price in rows), default=0)
    share = 0.155 + 0.022 * max(0, longest - 6)  # of the width of the picture
    return 1.2 * share / (1 - share)


def _ladder_rows(state: Levels, tick_size, prices) -> dict[float, int]:
    """Row number of each price, the highest price at the top."""
    if prices is None:
        prices = [price for price, _ in state.bids + state.asks]
        if tick_size and prices:
            ticks = np.arange(round(min(prices) / tick_size), round(max(prices) / tick_size) + 1)
            prices = ticks * tick_size
    ordered = sorted({round(float(price), 9) for price in prices})
    return {price: row for row, price in enumerate(ordered)}


def _bar(ax, direction, middle, row, size, colour, mine, biggest) -> None:
    start = direction * middle
    ax.barh(row, direction * size, left=start, height=0.78, color=colour, alpha=0.85)
    if mine > 0:
        mine = min(mine, size)
        ax.barh(
            row,
            direction * mine,
            left=start + direction * (size - mine),
            height=0.78,
            color=YELLOW,
            edgecolor=BLACK,
            hatch="////",
        )
    end = start + direction * (size + 0.02 * biggest)
    side = "right" if direction < 0 else "left"
    ax.text(end, row, f"{size:,.6g}", ha=side, va="center", fontsize=8)


def _ladder_axes(ax, rows, middle, biggest, size_unit) -> None:
    reach = middle + 1.2 * biggest
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-0.7, len(rows) - 0.3)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.grid(False)
    marks = plt.MaxNLocator(3).tick_values(0, biggest)
    marks = marks[(marks >= 0) & (marks <= 1.05 * biggest)]
    ax.set_xticks(np.concatenate([-middle - marks[::-1], middle + marks]))
    labels = [f"{mark:,.6g}" for mark in marks]
    ax.set_xticklabels(labels[::-1] + labels)
    ax.set_xlabel(f"bids: size ({size_unit})      price ($)      asks: size ({size_unit})")


@styled
def depth_chart(
    book, levels: int = 20, *, title: str = "Depth", size_unit: str = "shares", ax=None
) -> Figure:
    """Cumulated size on both sides against price: what a market order would have to walk through.

    Parameters
    ----------
    book
        Anything that :func:`lobsim.plots.book_levels` reads.
    levels : int
        Occupied levels per side.
    title, size_unit : str
    ax : Axes, optional

    Returns
    -------
    Figure
    """
    state = book_levels(book, levels)
    if ax is None:
        _, ax = plt.subplots(figsize=(7.0, 3.6))
    looks = (
        (state.bids, BUY, "bids (buyers wait)", "-", "^"),
        (state.asks, SELL, "asks (sellers wait)", (0, (5, 2)), "v"),
    )
    for side, colour, label, dashes, marker in looks:
        if not side:
            continue
        price = np.array([at for at, _ in side])
        total = np.cumsum([size for _, size in side])
        x, y = np.repeat(price, 2), np.concatenate([[0.0], np.repeat(total, 2)[:-1]])
        ax.plot(x, y, color=colour, linestyle=dashes, label=label)
        ax.fill_between(x, y, color=colour, alpha=0.15)
        ax.plot(price, total, color=colour, marker=marker, markersize=4, linestyle="none")
    if state.bids and state.asks:
        mid = 0.5 * (state.bids[0][0] + state.asks[0][0])
        ax.axvline(mid, color=GREY, linewidth=1.0, linestyle=":")
        ax.annotate(
            f"mid {mid:,.4g}" if mid < 1 else f"mid {mid:,.3f}",
            (mid, 0.97),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="top",
            fontsize=8,
            color=GREY,
            backgroundcolor="white",
        )
    ax.set_ylim(bottom=0)
    ax.set_xlabel("price ($)")
    ax.set_ylabel(f"cumulated size ({size_unit})")
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.yaxis.set_major_formatter(plt.FuncFormatter(lambda y, _: f"{y:,.6g}"))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    ax.set_title(title)
    return ax.figure


@styled
def queue_view(
    queues: Sequence,
    own: int | None = None,
    *,
    side: int = 1,
    labels: Sequence[str] | None = None,
    title: str = "The queue at one price",
    size_unit: str = "shares",
    ax=None,
) -> Figure:
    """Orders that wait at one price, front of the queue on the left; one row per moment.

    Parameters
    ----------
    queues : sequence
        Queues, one per row from top to bottom; each a sequence of ``(order_id, size)`` or of the
        orders that ``OrderBook.orders(side)`` returns, front first.
    own : int, optional
        Order id of the own order, drawn hatched with the size that is ahead of it.
    side : int
        +1 bids (blue), -1 asks (vermillion).
    labels : sequence of str, optional
        Names of the rows, e.g. "10:00:01".
    title, size_unit : str
    ax : Axes, optional

    Returns
    -------
    Figure
    """
    rows = [[_id_and_size(order) for order in queue] for queue in queues]
    labels = list(labels) if labels is not None else [""] * len(rows)
    if len(labels) != len(rows):
        raise ValueError(f"{len(labels)} labels for {len(rows)} queues; give one per queue")
    if ax is None:
        _, ax = plt.subplots(figsize=(7.5, 0.52 * len(rows) + 1.3))
    colour = BUY if side > 0 else SELL
    longest = max((sum(size for _, size in row) for row in rows), default=1) or 1
    for at, row in enumerate(rows):
        _queue_row(ax, at, row, own, colour, longest)
    ax.set_xlim(0, 1.28 * longest)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_yticks(range(len(rows)), labels)
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"size from the front of the queue ({size_unit}); trades take from the left")
    ax.set_title(title)
    return ax.figure


def _id_and_size(order) -> tuple[int, float]:
    if hasattr(order, "order_id"):
        return int(order.order_id), float(order.size)
    order_id, size = order
    return int(order_id), float(size)


def _queue_row(ax, at, row, own, colour, longest) -> None:
    start, ahead, found = 0.0, 0.0, False
    for order_id, size in row:
        mine = order_id == own
        if mine:
            ahead, found = start, True
        ax.add_patch(
            Rectangle(
                (start, at - 0.32),
                size,
                0.64,
                facecolor=YELLOW if mine else colour,
                edgecolor=BLACK if mine else "white",
                hatch="////" if mine else None,
                linewidth=1.0,
                alpha=1.0 if mine else 0.8,
            )
        )
        if not mine and size > 0.045 * longest:
            middle = {"ha": "center", "va": "center", "fontsize": 8, "color": "white"}
            ax.text(start + size / 2, at, f"{size:,.6g}", **middle)
        start += size
    if own is not None:
        told = f"you: {ahead:,.6g} ahead" if found else "you: not in the queue"
        ax.text(start + 0.015 * longest, at, told, ha="left", va="center", fontsize=8)
