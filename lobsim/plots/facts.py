"""Stylised facts as pictures: signature plot, and small multiples of signs, hits, volume, gaps."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from lobsim.analytics import Facts, facts_of, reference_facts
from lobsim.analytics.targets import SAMPLES
from lobsim.plots.style import GREY, LINE_STYLES, OKABE_ITO, clock_axis, styled

_MARKERS = ("o", "s", "D", "v", "P", "X")
_SIGN_LAGS = (1, 5, 10, 20, 50, 100)
_BUCKETS = ("0_25", "25_50", "50_75", "75_100")
_HOUR_S = 3600.0
MOST_MARKETS = len(_MARKERS)


class _Measured(NamedTuple):
    """Facts of a market, and the times of its market orders where they are known."""

    facts: Facts
    trades_s: np.ndarray | None


@styled
def signature_plot(
    markets: Mapping[str, object],
    *,
    reference: Sequence[str] = (),
    title: str = "Signature plot: volatility by sampling step",
    **options,
) -> Figure:
    """Realised volatility against the sampling step, mid and trade price, one panel a market.

    Parameters
    ----------
    markets : mapping of name to Facts, or to anything `facts_of` takes alone
        At most six.
    reference : sequence of str
        Real samples (`lobsim.analytics.targets.SAMPLES`) to show in grey: what their mid shows at
        0.1 s, as a multiple of its own longest step, drawn from that step of each market.
    title : str
    **options
        Passed to `facts_of` (``tick_size`` for recordings, for example).

    Returns
    -------
    Figure

    Notes
    -----
    Volatility is per square root of an hour, so that windows of different length compare. A
    random walk is flat. The bounce of trades between bid and ask, and mids that come back, lift
    the left end.
    """
    measured = {name: each.facts for name, each in _measured(markets, options, False).items()}
    table = reference_facts()
    unknown = [name for name in reference if name not in table.columns]
    if unknown:
        raise ValueError(f"reference holds {unknown[0]!r}; the real samples are "
                         f"{', '.join(table.columns)}")
    flatness = table.loc["signature_flatness"].dropna()
    fig, axes = plt.subplots(1, len(measured), squeeze=False, sharey=False,
                             figsize=(max(4.6, 3.4 * len(measured)), 3.9))
    for ax, (name, facts) in zip(axes[0], measured.items(), strict=True):
        _one_signature(ax, facts, {key: flatness[key] for key in reference if key in flatness})
        ax.set_title(name, fontsize=10)
    axes[0][0].set_ylabel("realised volatility (bps per √hour)")
    axes[0][0].legend(loc="lower left")
    if reference:
        notes = "; ".join(f"{name}: {SAMPLES[name]}" for name in reference)
        text = "\n".join(textwrap.wrap(f"Real days: {notes}", max(70, 48 * len(measured))))
        fig.supxlabel(text, x=0.01, ha="left", fontsize=8, color=GREY)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return fig


def _one_signature(ax, facts: Facts, flatness: dict[str, float]) -> None:
    table = facts.signature()
    step_s = table.index.to_numpy()
    scale = np.sqrt(_HOUR_S / (facts.end_s - facts.start_s)) if len(table) else 1.0
    looks = (("mid_bps", OKABE_ITO[0], "-", "o", "mid"),
             ("trade_bps", OKABE_ITO[1], LINE_STYLES[1], "s", "trade price"))
    for column, colour, dashes, marker, label in looks:
        ax.plot(step_s, scale * table[column], color=colour, linestyle=dashes, marker=marker,
                markersize=5, label=label, zorder=3)
    mid = scale * table["mid_bps"]
    top = 1.1 * np.nanmax([*mid, *(scale * table["trade_bps"]),
                           *(mid.get(60.0, np.nan) * ratio for ratio in flatness.values()), 0.0])
    lowest_label = -np.inf
    for name, ratio in sorted(flatness.items(), key=lambda pair: pair[1]):
        longest_s = 10.0 if "minutes" in SAMPLES[name] else 60.0
        own = mid.get(longest_s, np.nan)
        if not np.isfinite(own):
            continue
        ax.plot((0.1, longest_s), (own * ratio, own), color="#9A9A9A", linewidth=1.0,
                marker=".", zorder=1, label="real days" if np.isinf(lowest_label) else None)
        lowest_label = max(own * ratio, lowest_label + 0.05 * top)  # labels must not overlap
        ax.text(0.085, lowest_label, name, ha="right", va="center", fontsize=7.5, color=GREY)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(list(step_s)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: "" if x == 300 else f"{x:g}"))
    ax.set_xlim(0.03 if flatness else 0.07, 900)
    ax.set_ylim(0, top if top > 0 else None)
    ax.set_xlabel("sampling step (s)")


@styled
def facts_plot(
    markets: Mapping[str, object], *, title: str = "Four stylised facts", **options
) -> Figure:
    """Memory of trade signs, imbalance and the next move, volume of the day, gaps between trades.

    Parameters
    ----------
    markets : mapping of name to Market, Recording, LobsterDay or Facts
        At most six. Gaps need more than `Facts`: they are left out for these.
    title : str
    **options
        Passed to `facts_of` (``tick_size`` for recordings, for example).

    Returns
    -------
    Figure

    Notes
    -----
    Signs: autocorrelation against the lag in trades, both logarithmic, so that a power law is a
    straight line; values below the noise (two standard errors, dotted) may be nothing, and those
    not above 0 cannot be drawn. Hits: how often the heavier side of the book is that of the next
    mid move; 0.5 is chance. Gaps: share of gaps longer than a multiple of the mean gap; arrivals
    without memory follow the grey line.
    """
    measured = _measured(markets, options, True)
    fig, axes = plt.subplots(2, 2, figsize=(9.0, 6.6))
    for at, (name, each) in enumerate(measured.items()):
        look = {"color": OKABE_ITO[at], "linestyle": LINE_STYLES[at % len(LINE_STYLES)],
                "marker": _MARKERS[at], "markersize": 4.5, "label": name}
        _sign_memory(axes[0, 0], each.facts, look)
        hits = [each.facts.numbers.get(f"obi_hit_{bucket}", np.nan) for bucket in _BUCKETS]
        axes[0, 1].plot((0.125, 0.375, 0.625, 0.875), hits, **look)
        _volume(axes[1, 0], each.facts, look)
        _gaps(axes[1, 1], each.trades_s, look)
    _label_facts(axes)
    start_s = min(each.facts.start_s for each in measured.values())
    end_s = max(each.facts.end_s for each in measured.values())
    axes[1, 0].set_xlim(start_s, end_s)
    clock_axis(axes[1, 0].xaxis, start_s, end_s)
    handles, labels = axes[0, 1].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower left", ncols=min(len(measured) + 1, 6))
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return fig


def _sign_memory(ax, facts: Facts, look) -> None:
    values = np.array([facts.numbers.get(f"sign_acf_{lag}", np.nan) for lag in _SIGN_LAGS])
    ax.plot(_SIGN_LAGS, np.where(values > 0, values, np.nan), **look)
    trades = facts.numbers.get("trades_per_min", np.nan) * (facts.end_s - facts.start_s) / 60
    if trades > 0:
        ax.axhline(2 / np.sqrt(trades), color=look["color"], linewidth=0.9, linestyle=":")


def _volume(ax, facts: Facts, look) -> None:
    """Share of the window's volume by bin, each bin at its middle."""
    curve = facts.volume()
    if not len(curve):
        return
    starts = curve.index.to_numpy()
    middles = 0.5 * (starts + np.append(starts[1:], facts.end_s))
    ax.plot(middles, 100 * curve.to_numpy(), **look)


def _gaps(ax, trades_s, look) -> None:
    gaps = np.sort(np.diff(trades_s)) if trades_s is not None else np.zeros(0)
    if not len(gaps) or not gaps.mean() > 0:
        return
    share = 1 - np.arange(len(gaps)) / len(gaps)
    # Some hundred points draw the same line as all of them.
    shown = np.unique(np.geomspace(1, len(gaps), 160).astype(int))
    ax.plot((gaps / gaps.mean())[-shown], share[-shown], **look | {"marker": None})


def _label_facts(axes) -> None:
    signs, hits, volume, gaps = axes.flat
    signs.set(xscale="log", yscale="log", xlabel="lag (trades)", ylabel="autocorrelation of signs")
    signs.xaxis.set_major_locator(FixedLocator(list(_SIGN_LAGS)))
    signs.xaxis.set_minor_locator(NullLocator())
    signs.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    signs.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    signs.set_title("Memory of trade signs", fontsize=10)
    hits.axhline(0.5, color=GREY, linewidth=1.0)
    hits.set(xlim=(0, 1), xlabel="|imbalance of the best sizes|", ylabel="share of hits",
             xticks=(0, 0.25, 0.5, 0.75, 1))
    hits.set_title("Imbalance and the next mid move", fontsize=10)
    volume.set(xlabel="time of day (hh:mm)", ylabel="share of volume per bin (%)")
    volume.set_ylim(bottom=0)
    volume.set_title("Volume through the window", fontsize=10)
    x = np.geomspace(0.01, 10, 100)
    gaps.plot(x, np.exp(-x), color=GREY, linewidth=1.2, label="exponential", zorder=1)
    gaps.set(xscale="log", yscale="log", xlabel="gap between trades (mean gaps)",
             ylabel="share of longer gaps", ylim=(1e-4, 1.3), xlim=(0.01, 100))
    gaps.set_title("Gaps between trades", fontsize=10)
    gaps.legend(handles=gaps.lines[-1:], loc="lower left")


def _measured(markets: Mapping[str, object], options, with_trades: bool) -> dict[str, _Measured]:
    if not isinstance(markets, Mapping):
        raise TypeError(f"markets is a {type(markets).__name__}; give a mapping of names to "
                        "markets, for example {'SPY': market}")
    if not 1 <= len(markets) <= MOST_MARKETS:
        raise ValueError(f"there are {len(markets)} markets; one picture holds 1 to {MOST_MARKETS}")
    found = {}
    for name, market in markets.items():
        facts = market if isinstance(market, Facts) else facts_of(market, **options)
        times = None if isinstance(market, Facts) or not with_trades else _trade_times(market)
        found[name] = _Measured(facts, times)
    return found


def _trade_times(market) -> np.ndarray:
    """Times of the market orders in seconds: fills of one order are one trade."""
    if hasattr(market, "book") and hasattr(market, "messages"):  # a LobsterDay
        from lobsim.analytics.facts_sources import from_lobster

        return from_lobster(market)[1]["time_ns"].to_numpy() / 1e9
    fills = (market.record() if hasattr(market, "record") else market).fills
    first = np.diff(fills["message_index"], prepend=-1) != 0
    return fills["time_ns"][first] / 1e9
