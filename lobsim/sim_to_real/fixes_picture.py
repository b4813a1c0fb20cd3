"""Overfitting and fixes as pictures: gains by the number of histories, and what each fix costs."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lobsim.plots.style import BLACK, BLUE, GREEN, GREY, LINE_STYLES, MARKERS, VERMILLION, styled

__all__ = ["fixes_plot", "learning_curve_plot"]

_SHARES = (("edge_share", "edge"), ("share", "loss"))


@styled
def learning_curve_plot(curve: pd.DataFrame, *, title: str | None = None) -> Figure:
    """Gains on own and on fresh days by the number of histories of a training.

    Parameters
    ----------
    curve : DataFrame
        Of `lobsim.sim_to_real.learning_curve`.
    title : str, optional

    Returns
    -------
    Figure

    Notes
    -----
    Left the two gains, right their gap with its 95 % interval; a gap above 0 is overfitting.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.8))
    at, names = np.arange(len(curve)), [str(int(n)) for n in curve["histories"]]
    left.plot(at, curve["own"], color=VERMILLION, marker=MARKERS[0], label="own histories")
    left.plot(at, curve["fresh"], color=BLUE, marker=MARKERS[1], linestyle=LINE_STYLES[1],
              label="fresh days")
    left.set_ylabel("gain over the schedule (bps)")
    left.legend()
    ends = [curve["gap"] - curve["low"], curve["high"] - curve["gap"]]
    right.errorbar(at, curve["gap"], yerr=ends, color=BLACK, marker=MARKERS[0], linestyle="none",
                   capsize=4)
    right.set_ylabel("own less fresh (bps)")
    for ax in (left, right):
        ax.axhline(0, color=GREY, linewidth=0.8)
        ax.set_xticks(at, names)
        ax.set_xlabel("histories of the training")
    fig.suptitle(title or "Overfitting is gone once there are enough histories", x=0.01, ha="left",
                 fontsize=11, fontweight="bold")
    return fig


@styled
def fixes_plot(table: pd.DataFrame, *, title: str = "Cost live beyond that of the fallback"
               ) -> Figure:
    """What the agent as it is and each fix cost beyond the fallback, with intervals.

    Parameters
    ----------
    table : DataFrame
        Of `lobsim.sim_to_real.fixes_table`.
    title : str

    Returns
    -------
    Figure

    Notes
    -----
    Left of 0 is cheaper than the fallback. The share of the lost edge (where none was lost: of the
    loss) that is won back stands beside each fix.
    """
    rows = table
    fig, ax = plt.subplots(figsize=(7.5, 0.55 * len(rows) + 1.4))
    at = np.arange(len(rows))[::-1]
    for y, (_, row) in zip(at, rows.iterrows(), strict=True):
        colour = GREEN if row["excess_high"] < 0 else VERMILLION if row["excess_low"] > 0 else GREY
        marker = MARKERS[1] if row["excess_high"] < 0 else MARKERS[0]
        ax.errorbar(row["excess_bps"], y, color=colour, marker=marker, capsize=4,
                    xerr=[[row["excess_bps"] - row["excess_low"]],
                          [row["excess_high"] - row["excess_bps"]]])
        told = next((f"{100 * row[share]:.0f} % of the {name}" for share, name in _SHARES
                     if np.isfinite(row[share])), "")
        ax.annotate(told, (1.02, y), va="center", xycoords=("axes fraction", "data"), fontsize=9)
    ax.axvline(0, color=BLACK, linewidth=0.8)
    ax.set_yticks(at, rows.index)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlabel("cost less that of the fallback on the same days (bps), 95 % intervals")
    ax.set_title(title, loc="left")
    return fig
