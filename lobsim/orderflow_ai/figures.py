"""One figure for each tool that has something to show, drawn from the result itself."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lobsim.orderflow_ai.toolbox import Result
from lobsim.plots.style import BLACK, BLUE, GREEN, VERMILLION, styled

__all__ = ["figure_of"]


def figure_of(result: Result) -> tuple[str, Figure] | None:
    """Alternative text and figure of a result; None for tools that are better read than seen."""
    draw = _DRAWN.get(result.tool)
    empty = [one for one in result.series.values() if hasattr(one, "__len__") and not len(one)]
    return draw(result) if draw is not None and result.series and not empty else None


@styled
def _axes(title: str, y: str):
    figure, ax = plt.subplots(figsize=(6.4, 3.4))
    ax.set_title(title)
    ax.set_ylabel(y)
    ax.axhline(0, color=BLACK, linewidth=0.8)
    return figure, ax


def _bars(names, values, title: str, y: str, reach=None, is_cost: bool = True) -> Figure:
    """Bars; a cost is red and a gain green, what is neither is blue."""
    figure, ax = _axes(title, y)
    at = np.arange(len(names))
    colours = [VERMILLION if value >= 0 else GREEN for value in values] if is_cost else BLUE
    ax.bar(at, values, width=0.6, color=colours, edgecolor=BLACK, linewidth=0.6, yerr=reach,
           capsize=4)
    ax.set_xticks(at, names)
    ax.grid(axis="x", visible=False)
    return figure


def _shortfall(r: Result):
    parts = r.series["parts"]
    return ("Bars of the shortfall's parts in bps of the decision notional; cost is up.",
            _bars(list(parts), list(parts.values()), "Implementation shortfall by part",
                  "cost (bps)"))


def _one_order(r: Result):
    parts = r.series["parts"]
    return ("Bars of the parts of one order's shortfall in bps of its decision notional.",
            _bars(list(parts), list(parts.values()), f"Shortfall of order {r.labels[0]} by part",
                  "cost (bps)"))


def _by_day(r: Result):
    figure, ax = _axes("Shortfall by day", "cost (bps)")
    at = np.arange(len(r.series["day"]))
    ax.errorbar(at, r.series["bps"], yerr=r.series["reach"], marker="o", linestyle="", capsize=4,
                color=BLUE)
    step = max(1, len(at) // 8)
    ax.set_xticks(at[::step], [day[5:] for day in r.series["day"]][::step])
    ax.set_xlabel("day (month-day)")
    return "Points of each day's shortfall with intervals over its orders.", figure


def _compared(r: Result):
    figure, ax = _axes("Shortfall by part in both periods", "cost (bps)")
    names = list(r.series["parts"])
    at, pairs = np.arange(len(names)), np.array(list(r.series["parts"].values()))
    for shift, column, days, look in zip((-0.2, 0.2), pairs.T, r.series["days"], (
            {"color": BLUE}, {"color": VERMILLION, "hatch": "////"}), strict=True):
        span = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
        ax.bar(at + shift, column, 0.38, label=span, edgecolor=BLACK, **look)
    ax.set_xticks(at, names)
    ax.legend()
    return "Pairs of bars: each part of the shortfall before and in the period in question.", figure


def _explained(r: Result):
    names = ["spread", "volatility", "participation", "delay", "unexplained"]
    values = [*r.series["due"].values(), r.series["rest"]]
    reach = [r.values[f"due_to_{name}_error"].value for name in r.series["due"]]
    reach.append(np.nan)  # what remains has no error of its own
    return ("Bars of what changed conditions explain of the change, with standard errors, and of "
            "what they leave.", _bars(names, values, "What the change comes from",
                                      "part of the change (bps)", reach))


def _benchmarks(r: Result):
    names, rows = list(r.series["bars"]), np.array(list(r.series["bars"].values()))
    return ("Bars of the average fill against arrival, VWAP and TWAP in bps with intervals.",
            _bars([name if name == "arrival" else name.upper() for name in names], rows[:, 0],
                  "Fills against benchmarks", "worse than benchmark (bps)",
                  np.abs(rows[:, 1:] - rows[:, :1]).T))


def _steps(r: Result):
    steps = r.series["steps"]
    reach = [r.values[f"{name}_high_bps"].value - move if f"{name}_high_bps" in r.values else 0.0
             for name, move in steps.items()]
    return ("Bars of the mean move of the mid in the order's direction before, during and after, "
            "with intervals.",
            _bars(list(steps), list(steps.values()), "The price around orders",
                  "move in the order's direction (bps)", reach, is_cost=False))


def _spreads(r: Result):
    bars = r.series["bars"]
    return ("Bars of quoted, effective and realised spread and of price impact in bps.",
            _bars(list(bars), list(bars.values()), "Spreads", "full spread (bps)",
                  is_cost=False))


def _volume(r: Result):
    figure, ax = _axes("Volume over the day", "share of the day's volume (%)")
    clock, share = r.series["clock"], 100 * np.array(r.series["share"])
    ax.bar(np.arange(len(clock)), share, 0.9, color=BLUE, edgecolor=BLACK, linewidth=0.6)
    step = max(1, len(clock) // 8)
    ax.set_xticks(np.arange(0, len(clock), step), clock[::step])
    ax.set_xlabel("start of the bin (hh:mm)")
    return "Bars of the mean share of the volume in each bin of the day.", figure


def _impact(r: Result):
    figure, ax = _axes("Move of the mid after a trade", "move in the trade's direction (bps)")
    reach = [r.values[f"move_{n}_reach_bps"].value for n in range(1, len(r.series["size"]) + 1)]
    ax.errorbar(r.series["size"], r.series["move"], yerr=reach, marker="o", capsize=4, color=BLUE)
    ax.set_xscale("log")
    ax.set_xticks(r.series["size"], [f"{size:.0f}" for size in r.series["size"]])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("mean size of the group (shares)")
    return "Points of the mid's mean move against trade size, with intervals over days.", figure


def _signal(r: Result):
    figure, ax = _axes("Gain and cost of the signal by test day", "bps a trade")
    at = np.arange(len(r.series["day"]))
    ax.bar(at - 0.2, r.series["gross"], 0.38, label="gain", color=GREEN, edgecolor=BLACK)
    ax.bar(at + 0.2, r.series["cost"], 0.38, label="cost", color=VERMILLION, hatch="////",
           edgecolor=BLACK)
    ax.set_xticks(at, [day[5:] for day in r.series["day"]])
    ax.set_xlabel("test day (month-day)")
    ax.legend()
    return "Pairs of bars for each test day: what the signal gained and what trading it cost.", \
        figure


def _fills(r: Result):
    bars = {name: 100 * share for name, share in r.series["bars"].items()}
    return ("Bars of the filled share of resting orders behind short and long queues.",
            _bars(list(bars), list(bars.values()), "Filled share by queue ahead", "filled (%)",
                  is_cost=False))


def _toxicity(r: Result):
    figure, ax = _axes("Mark-outs of fills", "gain against the mid (bps)")
    ends = ("at_once", "middle", "end")
    reach = [r.values[f"{name}_high_bps"].value - r.values[f"{name}_bps"].value
             if f"{name}_high_bps" in r.values else 0.0 for name in ends]
    ax.errorbar(r.series["horizon"], r.series["bps"], yerr=reach, marker="o", capsize=4, color=BLUE)
    ax.set_xlabel("time after the fill (s)")
    return "Line of the fills' gain against the mid over time, with intervals over days.", figure


_DRAWN = {
    "shortfall": _shortfall, "one_order": _one_order, "cost_by_day": _by_day,
    "compare_periods": _compared, "explain_change": _explained, "benchmarks": _benchmarks,
    "price_around_orders": _steps, "spreads": _spreads,
    "volume_curve": _volume, "impact_curve": _impact, "signal_worth": _signal,
    "fill_statistics": _fills, "toxicity": _toxicity,
}
