"""Pictures of a tape: the NBBO, the quotes of each exchange, and signed trades."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lobsim.analytics import between
from lobsim.plots.style import (
    BUY,
    GREY,
    LINE_STYLES,
    MARKERS,
    OKABE_ITO,
    SELL,
    clock_axis,
    styled,
)

_NS = 1e9


@styled
def nbbo_view(
    nbbo: pd.DataFrame,
    *,
    start_s: float,
    end_s: float,
    quotes: pd.DataFrame | None = None,
    trades: pd.DataFrame | None = None,
    sign: Sequence[int] | None = None,
    exchanges: Sequence[str] | None = None,
    title: str = "National best bid and offer",
    ax=None,
) -> Figure:
    """NBBO as a band with the quotes of single exchanges and the trades.

    Parameters
    ----------
    nbbo : DataFrame
        From :func:`lobsim.analytics.nbbo`.
    start_s, end_s : float
        Window in seconds since midnight; a few seconds to minutes read best.
    quotes : DataFrame, optional
        Per-exchange quotes, drawn as thin lines; those far from the NBBO leave the picture.
    trades : DataFrame, optional
        Trades, drawn as triangles: up for buyer-initiated, down for seller-initiated, round if
        unknown.
    sign : sequence of int, optional
        Sign of each row of ``trades``; default its column ``sign``, else unknown.
    exchanges : sequence of str, optional
        Which exchanges to draw, at most five; default the five that quote most often.
    title : str
    ax : Axes, optional

    Returns
    -------
    Figure
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(8.2, 4.2))
    if quotes is not None:
        _exchange_lines(ax, quotes, start_s, end_s, exchanges)
    _band(ax, nbbo, start_s, end_s)
    _focus(ax, nbbo, start_s, end_s)
    if trades is not None:
        _trade_marks(ax, trades, sign, start_s, end_s)
    _time_axis(ax, start_s, end_s)
    ax.set_ylabel("price ($)")
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set_title(title)
    return ax.figure


@styled
def tape_view(
    trades: pd.DataFrame,
    nbbo: pd.DataFrame | None = None,
    *,
    start_s: float,
    end_s: float,
    sign: Sequence[int] | None = None,
    bins: int = 40,
    title: str = "The tape",
) -> Figure:
    """Signed trades over the NBBO, and below them the traded size: buys up, sells down.

    Parameters
    ----------
    trades : DataFrame
        With ``time_ns, price, size``.
    nbbo : DataFrame, optional
    start_s, end_s : float
        Window in seconds since midnight.
    sign : sequence of int, optional
        As in :func:`nbbo_view`.
    bins : int
        Time bins of the lower panel.
    title : str

    Returns
    -------
    Figure
    """
    fig, (upper, lower) = plt.subplots(
        2, 1, figsize=(8.2, 5.0), sharex=True, height_ratios=(2.2, 1)
    )
    if nbbo is not None:
        _band(upper, nbbo, start_s, end_s)
    _trade_marks(upper, trades, sign, start_s, end_s)
    upper.set_ylabel("price ($)")
    upper.ticklabel_format(axis="y", useOffset=False)
    upper.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    upper.set_title(title)

    signs = _signs(trades, sign)
    time_s = trades["time_ns"].to_numpy() / _NS
    size = trades["size"].to_numpy(np.float64)
    edges = np.linspace(start_s, end_s, bins + 1)
    width = edges[1] - edges[0]
    looks = ((1, BUY, None, "bought"), (-1, SELL, "////", "sold"))
    for direction, colour, hatch, label in looks:
        mine = signs == direction
        volume, _ = np.histogram(time_s[mine], edges, weights=size[mine])
        lower.bar(
            edges[:-1],
            direction * volume,
            width,
            align="edge",
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0.4,
            label=label,
        )
    lower.axhline(0, color=GREY, linewidth=0.8)
    lower.yaxis.set_major_formatter(plt.FuncFormatter(lambda y, _: f"{abs(y):,.6g}"))
    lower.set_ylabel(f"size per {width:.3g} s\n(shares)")
    lower.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    _time_axis(lower, start_s, end_s)
    return fig


def _band(ax, nbbo, start_s, end_s) -> None:
    """The two best prices as steps, with the spread shaded between them."""
    best = nbbo[["time_ns", "bid", "ask"]]
    best.attrs["kind"] = "nbbo"
    best = between(best, start_s, end_s)
    if not len(best):
        return
    x = np.append(best["time_ns"].to_numpy() / _NS, end_s)
    bid, ask = (np.append(best[s].to_numpy(), best[s].iloc[-1]) for s in ("bid", "ask"))
    ax.fill_between(x, bid, ask, step="post", color="#D9D9D9", alpha=0.7, linewidth=0)
    ax.step(x, ask, where="post", color=SELL, linewidth=2.0, linestyle="-", label="best ask")
    ax.step(x, bid, where="post", color=BUY, linewidth=2.0, linestyle="-", label="best bid")


def _focus(ax, nbbo, start_s, end_s) -> None:
    """Hold the price axis to the NBBO and its surroundings: a lone far quote hides the rest."""
    best = nbbo[["time_ns", "bid", "ask"]]
    best.attrs["kind"] = "nbbo"
    best = between(best, start_s, end_s)
    low, high = best["bid"].min(), best["ask"].max()
    if np.isfinite(low) and np.isfinite(high) and high > low:
        room = 0.75 * (high - low)
        ax.set_ylim(low - room, high + room)


def _exchange_lines(ax, quotes, start_s, end_s, exchanges) -> None:
    """Thin lines of single exchanges; dashes and colour name the exchange, both sides alike."""
    if exchanges is None:
        inside = quotes[quotes["time_ns"].between(start_s * _NS, end_s * _NS)]
        exchanges = sorted(inside["exchange"].astype(str).value_counts().index[:5])
    colours = OKABE_ITO[2:7]
    for at, letter in enumerate(list(exchanges)[:5]):
        own = quotes[(quotes["exchange"] == letter).to_numpy()]
        own = own[["time_ns", "bid", "ask"]]
        own.attrs["kind"] = "nbbo"
        own = between(own, start_s, end_s)
        if not len(own):
            continue
        x = np.append(own["time_ns"].to_numpy() / _NS, end_s)
        look = {"color": colours[at], "linestyle": LINE_STYLES[at], "linewidth": 1.1, "alpha": 0.9}
        for side, label in (("bid", f"exchange {letter}"), ("ask", None)):
            y = np.append(own[side].to_numpy(), own[side].iloc[-1])
            ax.step(x, y, where="post", label=label, **look)


def _trade_marks(ax, trades, sign, start_s, end_s) -> None:
    signs = _signs(trades, sign)
    time_s = trades["time_ns"].to_numpy() / _NS
    inside = (time_s >= start_s) & (time_s < end_s)
    size = trades["size"].to_numpy(np.float64)
    area = np.clip(14 + 0.18 * size, 14, 160)
    looks = ((1, BUY, "buyer started"), (-1, SELL, "seller started"), (0, GREY, "trade, unsigned"))
    for direction, colour, label in looks:
        chosen = inside & (signs == direction)
        if chosen.any():
            ax.scatter(
                time_s[chosen],
                trades["price"].to_numpy()[chosen],
                s=area[chosen],
                marker=MARKERS[direction],
                color=colour,
                edgecolor="white",
                linewidth=0.5,
                zorder=3,
                label=label,
            )


def _signs(trades, sign) -> np.ndarray:
    if sign is None:
        sign = trades["sign"] if "sign" in trades.columns else np.zeros(len(trades))
    sign = np.asarray(sign)
    if len(sign) != len(trades):
        raise ValueError(f"{len(sign)} signs for {len(trades)} trades; give one per trade")
    return sign


def _time_axis(ax, start_s, end_s) -> None:
    ax.set_xlim(start_s, end_s)
    clock_axis(ax.xaxis, start_s, end_s)
    ax.set_xlabel("time of day (hh:mm or hh:mm:ss)")
