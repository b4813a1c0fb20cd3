"""An A/B test as a picture: the confidence sequence through its looks, and the p values."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lobsim.plots.style import BLACK, BLUE, GREEN, GREY, LINE_STYLES, VERMILLION, styled
from lobsim.sim_to_real.ab_experiment import ABResult

__all__ = ["ab_plot"]


@styled
def ab_plot(result: ABResult, *, title: str | None = None) -> Figure:
    """Left: effect to date with its confidence sequence. Right: always-valid and naive p values.

    Parameters
    ----------
    result : ABResult
    title : str, optional
        Default: the verdict.

    Returns
    -------
    Figure

    Notes
    -----
    The vertical line is the look at which the test decided. The naive p value is drawn to show how
    it wanders; nobody may stop by it.
    """
    looks = result.looks
    numbered = pd.api.types.is_numeric_dtype(looks["look"])
    at = looks["look"].to_numpy() if numbered else np.arange(1, len(looks) + 1)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.8), width_ratios=(1.25, 1))
    known = np.isfinite(looks["low"]) & np.isfinite(looks["high"])
    left.fill_between(at[known], looks["low"][known], looks["high"][known], color=GREEN, alpha=0.25,
                      label=f"{1 - result.alpha:.0%} confidence sequence")
    left.plot(at, looks["effect"], color=GREEN, label="effect to date")
    left.axhline(0, color=BLACK, linewidth=0.8)
    if known.any():  # the first estimates may lie anywhere
        ends = np.concatenate([looks["low"][known], looks["high"][known], [0.0]])
        pad = 0.05 * max(float(np.ptp(ends)), 1e-12)
        left.set_ylim(ends.min() - pad, ends.max() + pad)
    left.set_ylabel(f"new minus old ({result.unit})")
    right.plot(at, looks["p_value"], color=BLUE, label="always valid")
    right.plot(at, looks["naive_p"], color=VERMILLION, linestyle=LINE_STYLES[1],
               label="naive, of one look")
    right.axhline(result.alpha, color=GREY, linestyle=LINE_STYLES[2], label=f"{result.alpha:g}")
    right.set_yscale("log")
    right.set_ylim(max(1e-6, 0.5 * float(looks[["p_value", "naive_p"]].min().min())), 1.5)
    right.set_ylabel("p value")
    stop = np.flatnonzero(looks["p_value"] <= result.alpha)
    for ax in (left, right):
        ax.set_xlabel("look (day)" if numbered else "looks, in order")
        ax.set_xlim(at[0] - 0.5, at[-1] + 0.5)
        if len(stop):
            ax.axvline(at[stop[0]], color=BLACK, linewidth=1.0, linestyle=LINE_STYLES[3])
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, columnspacing=1.0)
    fig.suptitle(result.verdict.capitalize() if title is None else title, x=0.01, ha="left",
                 fontsize=11, fontweight="bold")
    return fig
