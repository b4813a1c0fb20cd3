"""Pictures of impact: its path during and after an order, against size, and round trips."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from lobsim.analytics.impact_results import (
    ImpactCurve,
    MetaorderImpact,
    RoundTrip,
    mean_interval,
    relaxation_law,
)
from lobsim.plots.style import BLACK, GREEN, GREY, LINE_STYLES, OKABE_ITO, VERMILLION, styled

_FAIR_PRICE = 2 / 3  # where the price comes to rest if it ends at the mean price paid
_MARKS = ("o", "s", "D", "^", "v", "P", "X")


@styled
def impact_path(
    runs: MetaorderImpact | Mapping[str, MetaorderImpact],
    *,
    law: bool = True,
    title: str = "Impact during and after an order",
    ax=None,
) -> Figure:
    """Mean move of the mid over time with its band, and the square-root relaxation beside it.

    Parameters
    ----------
    runs : MetaorderImpact or mapping of str to MetaorderImpact
        From :func:`lobsim.analytics.impact.inject_metaorder`; several are told apart by name.
    law : bool
        Whether to draw ``u^(1/2) - (u - 1)^(1/2)`` and the level 2/3, scaled to the peak of each.
    title : str
    ax : Axes, optional

    Returns
    -------
    Figure
    """
    several = runs if isinstance(runs, Mapping) else {"": runs}
    if not several:
        raise ValueError("there is no run to draw")
    if ax is None:
        _, ax = plt.subplots(figsize=(7.5, 4.0))
    last = max(run.u[-1] for run in several.values())
    ax.axvspan(0, 1, color="#F0F0F0", zorder=0)
    ax.axhline(0, color=BLACK, linewidth=0.8)
    for at, (name, run) in enumerate(several.items()):
        table, colour = run.path(), OKABE_ITO[at % len(OKABE_ITO)]
        ax.fill_between(table["u"], table["ci_low_bps"], table["ci_high_bps"], color=colour,
                        alpha=0.25, linewidth=0)
        ax.plot(table["u"], table["mean_bps"], color=colour, marker=_MARKS[at % len(_MARKS)],
                markersize=3.5, label=name or f"mean of {len(run.paths_bps)} seeds, "
                                              f"{_percent(run.confidence)} band")
        if law:
            u = np.linspace(0, last, 300)
            peak = float(run.peaks_bps.mean())
            ax.plot(u, peak * relaxation_law(u), color=GREY, linestyle=LINE_STYLES[1],
                    linewidth=1.1,
                    label=r"$\sqrt{u} - \sqrt{u-1}$ times the peak" if at == 0 else None)
            ax.plot([1, last], 2 * [_FAIR_PRICE * peak], color=GREY, linestyle=LINE_STYLES[2],
                    linewidth=1.1, label="two thirds of the peak" if at == 0 else None)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.08 * (high - low))
    ax.annotate("order is worked", (0.5, 0.985), xycoords=("data", "axes fraction"), ha="center",
                va="top", fontsize=8, color=GREY)
    ax.set_xlim(0, last)
    ax.set_xlabel("time since the start, in durations of the order (u)")
    ax.set_ylabel("impact on the mid (bps)")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set_title(title)
    return ax.figure


@styled
def impact_against_size(
    curves: ImpactCurve | Sequence[ImpactCurve],
    *,
    title: str = "Impact against size",
    ax=None,
) -> Figure:
    """Peak impact over size on logarithmic axes with intervals, and the fitted power laws.

    Parameters
    ----------
    curves : ImpactCurve or sequence of ImpactCurve
        From :func:`lobsim.analytics.impact.impact_curve`, usually one of each protocol.
    title : str
    ax : Axes, optional

    Returns
    -------
    Figure
        The dashed grey line has slope 1/2 and Y = 1.
    """
    curves = [curves] if isinstance(curves, ImpactCurve) else list(curves)
    if not curves:
        raise ValueError("there is no curve to draw")
    if ax is None:
        _, ax = plt.subplots(figsize=(7.8, 4.2))
    ends = np.array([min(c.shares.min() for c in curves), max(c.shares.max() for c in curves)])
    ends = np.geomspace(ends[0] / 1.4, ends[1] * 1.4, 50)
    ax.plot(100 * ends, curves[0].sigma_bps * np.sqrt(ends), color=GREY, linestyle=(0, (5, 2)),
            linewidth=1.1, label=r"$\sigma_D \sqrt{Q/V_D}$  (Y = 1)")
    for at, curve in enumerate(curves):
        colour = OKABE_ITO[at % len(OKABE_ITO)]
        peaks = np.column_stack([run.peaks_bps for run in curve.runs])
        mean, low, high = mean_interval(peaks, curve.runs[0].confidence)
        law = curve.peak
        ax.errorbar(100 * curve.shares, mean, [mean - low, high - mean], color=colour,
                    marker=_MARKS[at % len(_MARKS)], markersize=5, linestyle="none", capsize=3,
                    elinewidth=1.2)
        told = (f"{_protocol(curve)}:\nexponent {law.exponent:.2f} "
                f"[{law.exponent_low:.2f}, {law.exponent_high:.2f}]")
        ax.plot(100 * ends, law.at(ends), color=colour, marker=_MARKS[at % len(_MARKS)],
                markevery=[], linestyle=LINE_STYLES[2 * at % len(LINE_STYLES)])
        ax.plot([], [], color=colour, marker=_MARKS[at % len(_MARKS)], markersize=5,
                linestyle=LINE_STYLES[2 * at % len(LINE_STYLES)], label=told)
    ax.set_xscale("log")
    ax.set_yscale("log")
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(plain)
        axis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("size of the order (% of the day's volume)")
    ax.set_ylabel("impact at its end (bps)")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), labelspacing=0.9)
    ax.set_title(title)
    return ax.figure


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _protocol(curve: ImpactCurve) -> str:
    if curve.protocol == "participation":
        return f"{_percent(curve.value)} of the volume"
    return f"within {curve.value / 60:g} min"


@styled
def round_trip_gains(
    trips: RoundTrip | Sequence[RoundTrip],
    *,
    title: str = "Round trips: what is left",
    ax=None,
) -> Figure:
    """Mean gain of each kind of round trip with its interval, over the gains of single seeds.

    Parameters
    ----------
    trips : RoundTrip or sequence of RoundTrip
        From :func:`lobsim.analytics.round_trips.search_manipulation`.
    title : str
    ax : Axes, optional

    Returns
    -------
    Figure
        Losses are vermillion circles, gains (a mean above 0) green triangles.
    """
    trips = [trips] if isinstance(trips, RoundTrip) else list(trips)
    if not trips:
        raise ValueError("there is no round trip to draw")
    if ax is None:
        _, ax = plt.subplots(figsize=(7.8, 0.36 * len(trips) + 1.5))
    places = np.arange(len(trips))[::-1]
    ax.axvline(0, color=BLACK, linewidth=1.0)
    for place, done in zip(places, trips, strict=True):
        low, high = done.interval_bps
        gains = done.mean_bps > 0
        colour, mark = (GREEN, "^") if gains else (VERMILLION, "o")
        spread = np.percentile(done.adjusted_bps, [5, 95])
        ax.plot(spread, [place, place], color=GREY, linewidth=4, alpha=0.3,
                solid_capstyle="butt")
        ax.errorbar(done.mean_bps, place, xerr=[[done.mean_bps - low], [high - done.mean_bps]],
                    color=colour, marker=mark, markersize=5, capsize=3)
        ax.annotate(f"{done.mean_bps:+.2f}", (1.01, place), xycoords=("axes fraction", "data"),
                    va="center", fontsize=8.5, color=BLACK)
    ax.set_yticks(places, [done.trip.name for done in trips])
    ax.set_ylim(-0.7, len(trips) - 0.3)
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.04)
    first = trips[0]
    ax.set_xlabel(f"gain (bps of the quantity's value)\ncoloured: mean and interval; grey: 5 % to "
                  f"95 % of {len(first.adjusted_bps)} seeds")
    ax.set_title(title)
    return ax.figure


@styled
def round_trip_distribution(done: RoundTrip, *, title: str | None = None) -> Figure:
    """Gains of one kind of round trip over seeds: as they came, and without the market's own move.

    Parameters
    ----------
    done : RoundTrip
        From :func:`lobsim.analytics.round_trips.round_trip`.
    title : str, optional

    Returns
    -------
    Figure
        Left the gains, right the adjusted ones on their own scale, with the interval of the mean.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.8))
    bins = int(np.clip(len(done.gains_bps) / 4, 6, 30))
    left.hist(done.gains_bps, bins, color=GREY, alpha=0.45)
    left.set_xlabel("gain of each seed (bps)")
    left.set_ylabel("number of seeds")
    left.set_title(title or f"Round trip of {done.quantity:,.6g}: {done.trip.name}")
    right.hist(done.adjusted_bps, bins, color=OKABE_ITO[0], alpha=0.6, hatch="////",
               edgecolor="white", linewidth=0.5)
    low, high = done.interval_bps
    right.axvspan(low, high, color=VERMILLION, alpha=0.35, linewidth=0)
    right.axvline(done.mean_bps, color=VERMILLION)
    right.set_xlabel(f"less the market's own move (bps)\nmean {done.mean_bps:+.2f}, "
                     f"{_percent(done.confidence)} interval [{low:+.2f}, {high:+.2f}] (band)")
    right.set_title("What the order did")
    for ax in (left, right):
        ax.axvline(0, color=BLACK, linewidth=1.0)
        ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    return fig
