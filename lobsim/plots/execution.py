"""Pictures of an execution: shortfall as a waterfall, schedules, and paired costs over seeds."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lobsim.analytics import PairedDifference, Shortfall, paired_difference
from lobsim.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LINE_STYLES,
    OKABE_ITO,
    VERMILLION,
    clock_axis,
    styled,
)

_PARTS = ("delay", "trading", "opportunity", "fees")


@styled
def shortfall_waterfall(
    shortfall: Shortfall, *, unit: str = "bps", title: str | None = None, ax=None
) -> Figure:
    """Parts of a shortfall stacked to the total; costs hatched upwards, gains plain downwards.

    Parameters
    ----------
    shortfall : Shortfall
        From :func:`lobsim.analytics.implementation_shortfall`.
    unit : {"bps", "dollars"}
        Basis points of the decision notional, or currency.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Figure
    """
    if unit not in ("bps", "dollars"):
        raise ValueError(f"unit is {unit!r}; allowed are 'bps' and 'dollars'")
    suffix = "_bps" if unit == "bps" else ""
    values = np.array([getattr(shortfall, part + suffix) for part in _PARTS])
    total = float(getattr(shortfall, "total" + suffix))
    if ax is None:
        _, ax = plt.subplots(figsize=(6.8, 3.6))
    starts = np.concatenate([[0.0], np.cumsum(values)])
    heights = np.append(values, total)
    bottoms = np.append(starts[:-1], 0.0)
    reach = max(np.abs(starts).max(), np.abs(heights).max(), 1e-12)
    for at, (bottom, height) in enumerate(zip(bottoms, heights, strict=True)):
        cost = height >= 0
        ax.bar(
            at,
            height,
            bottom=bottom,
            width=0.62,
            color=VERMILLION if cost else GREEN,
            hatch="////" if cost else None,
            edgecolor=BLACK,
            linewidth=1.4 if at == len(_PARTS) else 0.6,
            alpha=0.85,
        )
        end = bottom + height
        sign = "+" if abs(height) > 1e-9 else ""
        text = format(height, f"{sign},.2f" if unit == "bps" else f"{sign},.0f")
        gap, va = (0.025 * reach, "bottom") if cost else (-0.025 * reach, "top")
        ax.text(at, end + gap, text, ha="center", va=va, fontsize=9)
    for at in range(len(_PARTS)):
        ax.plot([at + 0.31, at + 0.69], 2 * [starts[at + 1]], color=GREY, linewidth=0.8)
    ax.axhline(0, color=BLACK, linewidth=0.8)
    ax.set_xticks(range(len(_PARTS) + 1), [*_PARTS, "total"])
    low, high = min(starts.min(), total), max(starts.max(), total)
    ax.set_ylim(low - (0.14 * reach if low < 0 else 0), high + 0.14 * reach)
    ax.set_ylabel("cost (bps of decision notional)" if unit == "bps" else "cost ($)")
    ax.grid(axis="x", visible=False)
    keys = [
        Patch(facecolor=VERMILLION, edgecolor=BLACK, hatch="////", label="cost (+)"),
        Patch(facecolor=GREEN, edgecolor=BLACK, label="gain (-)"),
    ]
    ax.legend(handles=keys, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    what = "buy" if shortfall.side > 0 else "sell"
    ax.set_title(title or f"Implementation shortfall: {what} {shortfall.quantity:,.0f}, "
                          f"filled {shortfall.filled:,.0f}")
    return ax.figure


@styled
def schedule_chart(
    schedules: Mapping[str, object],
    *,
    quantity: float | None = None,
    title: str = "Schedules",
    size_unit: str = "shares",
    ax=None,
) -> Figure:
    """Cumulated traded quantity over time, one line per strategy.

    Parameters
    ----------
    schedules : mapping of str to Execution or (times_s, sizes)
        Executions, or pairs of fill times in seconds since midnight and fill sizes.
    quantity : float, optional
        The decided quantity, drawn as a dotted line.
    title, size_unit : str
    ax : Axes, optional

    Returns
    -------
    Figure
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7.5, 3.8))
    for at, (name, schedule) in enumerate(schedules.items()):
        start, end, times, sizes = _fills_of(schedule)
        x = np.concatenate([[start], times, [end]])
        y = np.concatenate([[0.0], np.cumsum(sizes), [np.sum(sizes)]])
        ax.plot(
            x,
            y,
            drawstyle="steps-post",
            label=name,
            color=OKABE_ITO[at % 7],
            linestyle=LINE_STYLES[at % len(LINE_STYLES)],
        )
        if quantity is None and hasattr(schedule, "order"):
            quantity = schedule.order.quantity
    if quantity is not None:
        ax.axhline(quantity, color=GREY, linestyle=":", linewidth=1.0)
        ax.annotate(
            f"order {quantity:,.0f}",
            (0.005, quantity),
            xycoords=("axes fraction", "data"),
            va="bottom",
            fontsize=8,
            color=GREY,
        )
    ax.set_ylim(bottom=0)
    ax.margins(y=0.1)
    clock_axis(ax.xaxis, *ax.get_xlim())
    ax.yaxis.set_major_formatter(plt.FuncFormatter(lambda y, _: f"{y:,.6g}"))
    ax.set_xlabel("time of day (hh:mm)")
    ax.set_ylabel(f"traded so far ({size_unit})")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set_title(title)
    return ax.figure


def _fills_of(schedule):
    if hasattr(schedule, "fills"):
        order, fills = schedule.order, schedule.fills
        return order.start_s, order.end_s, fills["time_s"].to_numpy(), fills["size"].to_numpy()
    times, sizes = (np.asarray(part, dtype=np.float64) for part in schedule)
    if not times.size:
        raise ValueError("a schedule given as (times_s, sizes) needs at least one fill")
    return times[0], times[-1], times, sizes


@styled
def distribution_pairs(
    a: Sequence[float],
    b: Sequence[float],
    labels: tuple[str, str] = ("a", "b"),
    *,
    unit: str = "bps",
    confidence: float = 0.95,
    title: str = "Cost over seeds",
) -> Figure:
    """Left: costs of two strategies over seeds. Right: their differences seed by seed.

    Parameters
    ----------
    a, b : sequence of float, shape (n,)
        Costs on the same seeds in the same order.
    labels : pair of str
        Names of the strategies.
    unit : str
        Unit for the axes.
    confidence : float
        Coverage of the interval of the mean difference.
    title : str

    Returns
    -------
    Figure
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    result = paired_difference(a, b, confidence=confidence)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.8), width_ratios=(1.25, 1))
    both = np.concatenate([a, b])
    count = int(np.clip(1.5 * np.sqrt(a.size), 6, 30))
    bins = np.histogram_bin_edges(both[np.isfinite(both)], bins=count)
    looks = ((a, labels[0], BLUE, "-"), (b, labels[1], VERMILLION, (0, (4, 2))))
    for values, label, colour, dashes in looks:
        left.hist(values, bins, histtype="step", color=colour, linestyle=dashes, linewidth=1.8)
        left.axvline(np.nanmean(values), color=colour, linestyle=dashes, linewidth=1.0)
        told = f"{label}: mean {np.nanmean(values):.2f}"
        left.plot([], [], color=colour, linestyle=dashes, label=told)
    left.set_xlabel(f"cost ({unit}); vertical lines are means")
    left.set_ylabel("number of seeds")
    left.yaxis.set_major_locator(plt.MaxNLocator(6, integer=True))
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    left.set_title(title)
    _differences(right, a - b, result, labels, unit, confidence)
    return fig


def _differences(ax, d, result: PairedDifference, labels, unit, confidence) -> None:
    """Dots of the sorted differences with the mean and its interval."""
    d = np.sort(d[np.isfinite(d)])
    rank = (np.arange(d.size) + 0.5) / max(d.size, 1)
    ax.plot(d, rank, linestyle="none", marker="o", markersize=3.5, color=GREY)
    ax.axvline(0, color=BLACK, linewidth=0.8)
    ax.axvspan(result.ci_low, result.ci_high, color=GREEN, alpha=0.25)
    ax.axvline(result.mean, color=GREEN, linewidth=1.8)
    ax.set_ylim(0, 1)
    ax.set_xlabel(f"{labels[0]} minus {labels[1]} ({unit})")
    ax.set_ylabel("share of seeds below")
    ax.set_title("Paired differences")
    ax.text(
        0.5,
        -0.2,
        f"mean {result.mean:+.2f}, {confidence:.0%} interval "
        f"[{result.ci_low:+.2f}, {result.ci_high:+.2f}] (green)",
        transform=ax.transAxes,
        ha="center",
        va="top",
        fontsize=9,
    )
