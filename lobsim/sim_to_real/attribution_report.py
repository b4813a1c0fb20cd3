"""An attribution, and the parts of a gap, as text and pictures."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lobsim.plots.style import BLACK, GREEN, GREY, VERMILLION, styled
from lobsim.sim_to_real.attribution import BLIND, FOUND, Attribution, Effect
from lobsim.sim_to_real.gap_parts import PARTS

__all__ = ["attribution_plot", "attribution_text", "gap_parts_plot"]


def attribution_text(result: Attribution, most: int = 12) -> str:
    """What was found, in words and a table.

    Parameters
    ----------
    result : Attribution
    most : int
        Causes to tell of, in the order of the ranking.

    Returns
    -------
    str
    """
    how = "on the same seeds" if result.paired else "on days of their own"
    cost = f"cost on {result.days} simulated days" if result.days else "cost not run"
    lines = [_heading(result), f"{result.live_days} live days against the simulator {how}; {cost}.",
             f"Gap {_told(result.gap)} bps, explained {_told(result.explained)}, unexplained "
             f"{_told(result.unexplained)}.", ""]
    head = (f"{'cause':<18} {'verdict':<18} {'size':>6} {'Holm':>8} {'alone (bps)':>22} "
            f"{'Shapley (bps)':>22}  seen in / shows from")
    lines += [head, "-" * len(head)]
    for row in result.table.head(most).itertuples(index=False):
        is_found = row.verdict == FOUND
        size = f"{row.size:.2f}" if is_found else ""
        alone = _told(Effect(row.alone_bps, row.alone_low, row.alone_high)) if is_found else ""
        share = _told(Effect(row.shapley_bps, row.shapley_low, row.shapley_high)
                      ) if is_found else ""
        last = row.seen_in if is_found else _from(row.shows_from)
        lines.append(f"{row.cause:<18} {row.verdict:<18} {size:>6} {row.p_holm:>8.1e} "
                     f"{alone:>22} {share:>22}  {last}")
    if len(result.table) > most:
        lines.append(f"... and {len(result.table) - most} more causes")
    return "\n".join(lines)


@styled
def attribution_plot(result: Attribution, *, title: str | None = None) -> Figure:
    """Left: size of each cause that was found. Right: what it costs, alone and its fair share.

    Parameters
    ----------
    result : Attribution
    title : str, optional
        Default: what was found.

    Returns
    -------
    Figure

    Notes
    -----
    Lines are intervals, corrected for the number of causes. The last row on the right is what of
    the gap the simulator does not explain.
    """
    found = result.table[result.table["verdict"] == FOUND]
    n = len(found)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 1.7 + 0.5 * (n + 1)), sharey=True)
    for at, row in enumerate(found.itertuples(index=False)):
        left.plot([row.low, row.high], [at, at], color=GREY)
        left.plot(row.size, at, "o", color=BLACK)
        for shift, marker, colour, name in ((-0.12, "s", GREY, "alone"),
                                            (0.12, "o", VERMILLION, "shapley")):
            mean, low, high = (getattr(row, f"{name}_{part}") for part in ("bps", "low", "high"))
            right.plot([low, high], [at + shift] * 2, color=colour)
            right.plot(mean, at + shift, marker, color=colour,
                       label=None if at else {"alone": "alone", "shapley": "Shapley"}[name])
    rest = result.unexplained
    right.plot([rest.low, rest.high], [n, n], color=GREEN)
    right.plot(rest.mean, n, "D", color=GREEN, label="unexplained")
    left.set_yticks(range(n + 1), [*found["cause"], "unexplained"])
    left.set_ylim(n + 0.6, -0.6)
    for ax, label in ((left, "size (1 = as the table of gaps says)"), (right, "cost (bps)")):
        ax.axvline(0, color=BLACK, linewidth=0.8)
        ax.set_xlabel(label)
    right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.35), ncols=3)
    fig.suptitle(_heading(result) if title is None else title, x=0.01, ha="left", fontsize=11,
                 fontweight="bold")
    return fig


@styled
def gap_parts_plot(table: pd.DataFrame, *, title: str = "From simulated to live") -> Figure:
    """Parts of a gap stacked to the total, with the intervals of their means over days.

    Parameters
    ----------
    table : DataFrame
        Of `lobsim.sim_to_real.parts_table`.
    title : str

    Returns
    -------
    Figure
    """
    names = [*PARTS, "gap"]
    means = table.loc[names, "mean_bps"].to_numpy()
    tops = np.concatenate([[0.0], np.cumsum(means[:-1])])
    bottoms = np.append(tops[:-1], 0.0)
    fig, ax = plt.subplots(figsize=(6.8, 3.6))
    for at, (name, bottom, height) in enumerate(zip(names, bottoms, means, strict=True)):
        costs = height >= 0
        ax.bar(at, height, 0.62, bottom, color=VERMILLION if costs else GREEN, alpha=0.85,
               hatch="////" if costs else None, edgecolor=BLACK,
               linewidth=1.4 if name == "gap" else 0.6)
        half = table.loc[name, "high"] - table.loc[name, "mean_bps"]
        if math.isfinite(half):
            ax.errorbar(at, bottom + height, half, color=BLACK, capsize=3, linewidth=1.0)
        ax.annotate(f"{height:+.2f}", (at, 1.0), xycoords=("data", "axes fraction"), ha="center",
                    va="bottom", fontsize=9)
    ax.axhline(0, color=BLACK, linewidth=0.8)
    ax.set_xticks(range(len(names)), names)
    ax.set_ylabel("bps of the order's value")
    ax.set_title(title, loc="left", pad=16)
    return fig


def _heading(result: Attribution) -> str:
    found = result.table[result.table["verdict"] == FOUND]["cause"].tolist()
    blind = result.table[result.table["verdict"] == BLIND]["cause"].tolist()
    if found:
        return "Found: " + ", ".join(found)
    return "Nothing is blamed" + (f"; not to be seen: {', '.join(blind)}" if blind else "")


def _told(effect: Effect) -> str:
    if not math.isfinite(effect.mean):
        return "not run"
    return f"{effect.mean:+.2f} [{effect.low:+.2f}, {effect.high:+.2f}]"


def _from(size: float) -> str:
    return f"would show from size {size:.2g}" if math.isfinite(size) else "never shows"
