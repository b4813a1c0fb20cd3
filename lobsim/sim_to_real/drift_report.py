"""A drift result as text and pictures: evidence by test, densities and shifts by column."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from lobsim.plots.style import BLACK, BLUE, GREEN, GREY, LINE_STYLES, VERMILLION, styled
from lobsim.sim_to_real.drift_tests import DRIFT, QUIET, SUSPECT, TOO_LITTLE, DriftResult

__all__ = ["drift_columns_plot", "drift_evidence_plot", "drift_text"]

NAMES = {"ks": "KS", "psi": "PSI", "mmd": "MMD²", "classifier": "AUC"}
_LOOKS = {DRIFT: ("o", VERMILLION), SUSPECT: ("s", BLUE), QUIET: ("x", GREY),
          TOO_LITTLE: ("x", GREY)}
_POINTS = 101
_ROW_IN, _WIDTH_IN, _LEFT_IN, _RIGHT_IN, _TOP_IN, _BOTTOM_IN = 0.24, 9.0, 2.6, 2.3, 0.85, 0.6


def drift_text(result: DriftResult, most: int = 12) -> str:
    """What was found, in words and a table.

    Parameters
    ----------
    result : DriftResult
    most : int
        Rows of the table to show, strongest evidence first.

    Returns
    -------
    str
        A verdict, how it was judged, then a row a test: p values, and what the statistic
        typically is without drift.
    """
    rows = result.table.head(most)
    lines = [_heading(result), _method(result), ""]
    head = (f"{'test':<5} {'of':<28} {'value':>9} {'typical':>9} {'p':>7} {'Holm':>7} {'BH':>7}"
            f"  verdict")
    lines += [head, "-" * len(head)]
    for row in rows.itertuples():
        lines.append(f"{NAMES[row.test]:<5} {_short(row.what, 28):<28} {row.statistic:>9.3g} "
                     f"{row.typical:>9.3g} {row.p_value:>7.4f} {row.p_holm:>7.4f} "
                     f"{row.p_bh:>7.4f}  {row.verdict}")
    if len(result.table) > len(rows):
        lines.append(f"... and {len(result.table) - len(rows)} tests with weaker evidence")
    own = result.shifts.loc[result.worst_columns(most)]
    lines += ["", f"{'column':<28} {'mean shift (sd)':>16} {'sd live/ref':>12}"]
    lines += [f"{_short(name, 28):<28} {row['mean_shift']:>+16.2f} {row['scale']:>12.2f}"
              for name, row in own.iterrows()]
    return "\n".join(lines)


@styled
def drift_evidence_plot(result: DriftResult, *, most: int = 30, title: str | None = None) -> Figure:
    """Tests in rows, strongest evidence first: p values on a log scale, raw and after Holm.

    Parameters
    ----------
    result : DriftResult
    most : int
        Rows to show.
    title : str, optional
        Default: the verdict.

    Returns
    -------
    Figure

    Notes
    -----
    The marker is the p value after Holm, the end of the thin line the raw one. Beside it stands the
    statistic with, in brackets, its median without drift.
    """
    rows = result.table.head(most)
    rows_in = _ROW_IN * max(len(rows), 1)
    height = _TOP_IN + rows_in + _BOTTOM_IN
    fig = plt.figure(figsize=(_WIDTH_IN, height), layout="none")
    ax = fig.add_axes((_LEFT_IN / _WIDTH_IN, _BOTTOM_IN / height,
                       1 - (_LEFT_IN + _RIGHT_IN) / _WIDTH_IN, rows_in / height))
    words = {"va": "center", "fontsize": 8.5, "transform": ax.get_yaxis_transform()}
    for at, row in enumerate(rows.itertuples()):
        marker, colour = _LOOKS[row.verdict]
        edge = {} if marker == "x" else {"edgecolor": "white", "linewidth": 0.6}
        ax.plot([row.p_value, row.p_holm], [at, at], color=colour, linewidth=1.0, zorder=2)
        ax.scatter(row.p_holm, at, s=42, marker=marker, color=colour, zorder=3, **edge)
        ax.text(-0.02, at, f"{_short(row.what, 30)}  {NAMES[row.test]}", ha="right", **words)
        ax.text(1.02, at, f"{row.statistic:.3g}  ({row.typical:.3g})", **words)
    ax.axvline(result.alpha, color=BLACK, linewidth=1.0, linestyle=LINE_STYLES[1])
    ax.set_xscale("log")
    ax.set_xlim(1.5, 0.5 / (result.draws + 1))  # strong evidence to the right
    ax.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(f"p value (line ends: raw; markers: after Holm; dashed: {result.alpha:g})")
    ax.text(1.02, 1.0, "value (typical without drift)", va="bottom", fontsize=8, color=GREY,
            transform=ax.transAxes)
    seen = [verdict for verdict in _LOOKS if (rows["verdict"] == verdict).any()]
    handles = [Line2D([], [], marker=_LOOKS[v][0], color=_LOOKS[v][1], linestyle="none", label=v)
               for v in seen]
    fig.legend(handles=handles, loc="upper left", ncols=4, fontsize=8, borderaxespad=0,
               bbox_to_anchor=(_LEFT_IN / _WIDTH_IN, 1 - 0.36 / height))
    fig.text(0.012, 1 - 0.1 / height, _heading(result) if title is None else title, va="top",
             fontsize=11, fontweight="bold")
    return fig


@styled
def drift_columns_plot(reference: pd.DataFrame, live: pd.DataFrame, columns: Sequence[str], *,
                       units: dict[str, str] | None = None,
                       title: str = "Reference and live") -> Figure:
    """Each column in a row: densities of both sides, and how far each quantile has moved.

    Parameters
    ----------
    reference, live : DataFrame
        As given to :func:`lobsim.sim_to_real.find_drift`.
    columns : sequence of str
        Mostly :meth:`DriftResult.worst_columns`.
    units : dict of str to str, optional
        Unit of a column, for its axis.
    title : str

    Returns
    -------
    Figure

    Notes
    -----
    A level quantile shift is a move of all values alike, a rising one a wider spread, a bend at an
    end a tail. The middle 99 % are drawn; quantile shifts run from 1 % to 99 %.
    """
    columns, units = list(columns), units or {}
    if not columns:
        raise ValueError("there is no column to draw")
    fig, axes = plt.subplots(len(columns), 2, figsize=(9.0, 0.5 + 2.3 * len(columns)),
                             squeeze=False, width_ratios=(1.25, 1))
    for (left, right), name in zip(axes, columns, strict=True):
        a, b = (table[name].to_numpy(np.float64) for table in (reference, live))
        unit = f"{name} ({units[name]})" if name in units else str(name)
        _densities(left, a, b, unit)
        share = np.linspace(0.01, 0.99, _POINTS)
        right.axhline(0, color=BLACK, linewidth=0.8)
        right.plot(share, np.quantile(b, share) - np.quantile(a, share), color=GREEN)
        right.xaxis.set_major_formatter(PercentFormatter(1.0))
        right.set_xlabel("quantile")
        right.set_ylabel("live minus reference" + (f" ({units[name]})" if name in units else ""))
    axes[0, 0].set_title(title)
    axes[0, 1].set_title("Shift of quantiles")
    axes[0, 0].legend(loc="best")
    return fig


def _densities(ax, a: np.ndarray, b: np.ndarray, unit: str) -> None:
    both = np.concatenate([a, b])
    values = np.unique(both)
    looks = ((a, "reference", BLUE, LINE_STYLES[0]), (b, "live", VERMILLION, LINE_STYLES[1]))
    ax.set_xlabel(unit)
    if len(values) <= 12:  # a handful of values: shares, side by side
        step = 0.18 * (np.diff(values).min() if len(values) > 1 else 1.0)
        for sign, (own, label, colour, dashes) in zip((-1, 1), looks, strict=True):
            shares = [(own == value).mean() for value in values]
            ax.bar(values + sign * step, shares, 2 * step, color="none", edgecolor=colour,
                   linestyle=dashes, linewidth=1.6, label=label,
                   hatch="//" if sign > 0 else None)
        ax.set_xticks(values)
        ax.set_ylabel("share of rows")
        return
    low, high = np.quantile(both, [0.005, 0.995])
    count = int(np.clip(1.5 * math.sqrt(min(len(a), len(b))), 10, 50))
    bins = np.linspace(low, high if high > low else low + 1.0, count + 1)
    for own, label, colour, dashes in looks:
        counts = np.histogram(own, bins)[0] / (len(own) * np.diff(bins))
        ax.stairs(counts, bins, color=colour, linestyle=dashes, linewidth=1.8, label=label)
    ax.set_ylabel("density")


def _heading(result: DriftResult) -> str:
    if not result.enough:
        return (f"Too little data for a verdict: {result.units[0]} and {result.units[1]} "
                f"independent units")
    drifted = result.table[result.table["verdict"] == DRIFT]
    if not len(drifted):
        return f"No drift seen in {len(result.table)} tests (level {result.alpha:.0%}, Holm)"
    what = list(dict.fromkeys(drifted["what"]))
    told = ", ".join(map(str, what[:3])) + (f" and {len(what) - 3} more" if len(what) > 3 else "")
    return f"Drift in {told} ({len(drifted)} of {len(result.table)} tests, Holm)"


def _method(result: DriftResult) -> str:
    ours, theirs = result.units
    how = {"permutation": "dealt to the sides anew"}.get(
        result.null, f"and a {result.null} bootstrap of each side")
    if math.isnan(result.block):
        return f"Units: {ours} and {theirs} episodes, {how}; {result.draws} draws."
    return (f"Units: {ours} and {theirs} blocks (about {result.block:.0f} rows), {how}; "
            f"{result.draws} draws.")


def _short(text, most: int) -> str:
    text = str(text)
    return text if len(text) <= most else text[:most - 3] + "..."
