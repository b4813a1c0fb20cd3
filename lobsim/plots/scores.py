"""The scorecard as a picture: every fact of a market against its target region."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lobsim.analytics import FACTS, Scorecard
from lobsim.plots.style import BLUE, GREY, VERMILLION, styled

_REACH = 1.25
"""Widths of a region that are drawn on either side of it; what lies beyond is at the edge."""
_BAR = "#C9DCE9"
_LOOKS = {"inside": ("o", BLUE, "inside"), "low": ("<", VERMILLION, "too low"),
          "high": (">", VERMILLION, "too high"), "unknown": ("x", GREY, "not known")}
# Inches: the words stand outside the axes, where no automatic layout makes room for them.
_WIDTH_IN, _LEFT_IN, _RIGHT_IN = 9.0, 2.0, 2.45
_ROW_IN, _LINE_IN, _TOP_IN, _BOTTOM_IN = 0.235, 0.165, 0.85, 0.65
_NOTE_CHARACTERS = 125
_VALUE_X, _TARGET_X = 1.02, 1.27  # of the words, in widths of the axes


@styled
def scorecard_plot(card: Scorecard, *, notes: bool = True, title: str | None = None) -> Figure:
    """Facts in rows: the target region as a bar, the value as a marker on the region's scale.

    Parameters
    ----------
    card : Scorecard
        From :func:`lobsim.analytics.scorecard`.
    notes : bool
        Whether the reasons for misses stand below, numbered by row.
    title : str, optional
        Default: how many facts lie in their regions.

    Returns
    -------
    Figure

    Notes
    -----
    Every region is drawn equally wide, so the distance of a marker from the bar is told in widths
    of the region. A marker farther than 1.25 widths outside is put at the edge of the picture; its
    distance stands beside it. Whiskers reach two standard errors of the mean over markets.
    """
    rows = card.rows
    reasons = _numbered(rows) if notes else {}
    lines = [line for note in dict.fromkeys(reasons.values()) for line in _wrapped(*note)]
    rows_in, notes_in = _ROW_IN * max(len(rows), 1), _LINE_IN * len(lines) + 0.1 * bool(lines)
    height = _TOP_IN + rows_in + _BOTTOM_IN + notes_in
    fig = plt.figure(figsize=(_WIDTH_IN, height), layout="none")
    ax = fig.add_axes((_LEFT_IN / _WIDTH_IN, (_BOTTOM_IN + notes_in) / height,
                       1 - (_LEFT_IN + _RIGHT_IN) / _WIDTH_IN, rows_in / height))
    for at, row in enumerate(rows.itertuples()):
        _draw_row(ax, at, row, reasons.get(row.Index))
    _divide(ax, list(rows.index))
    ax.set_xlim(-_REACH - 0.12, 1 + _REACH + 0.12)
    ax.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    ax.set_yticks([])
    ax.set_xticks([-1, 0, 1, 2], ["-1 width", "lowest", "highest", "+1 width"])
    ax.spines["left"].set_visible(False)
    ax.grid(False)
    ax.set_xlabel("place of the value on the scale of its target region")
    top = {"va": "bottom", "fontsize": 8, "color": GREY, "transform": ax.transAxes}
    ax.text(_VALUE_X, 1.0, "value", **top)
    ax.text(_TARGET_X, 1.0, "target", **top)
    fig.text(0.012, 1 - 0.1 / height, _heading(card) if title is None else title, va="top",
             fontsize=11, fontweight="bold")
    fig.legend(handles=_legend(rows), loc="upper left", ncols=5, fontsize=8, borderaxespad=0,
               bbox_to_anchor=(_LEFT_IN / _WIDTH_IN, 1 - 0.36 / height))
    fig.text(0.012, 0.08 / height, "\n".join(lines), va="bottom", fontsize=8, color=GREY,
             linespacing=1.35)
    return fig


def _heading(card: Scorecard) -> str:
    judged = len(card.rows) - len(card.unknown)
    markets = "one market" if card.markets == 1 else f"mean of {card.markets} markets"
    return (f"{len(card.inside)} of {judged} facts as in a {card.target.replace('_', '-')} "
            f"market ({markets})")


def _numbered(rows) -> dict[str, tuple[int, str]]:
    """Number and reason of each miss that has one; equal reasons share a number."""
    numbers: dict[str, int] = {}
    found = {}
    for fact, reason in rows["reason"].items():
        if reason:
            found[fact] = (numbers.setdefault(reason, len(numbers) + 1), reason)
    return found


def _wrapped(number: int, text: str) -> list[str]:
    return textwrap.wrap(f"{number}) {text}", _NOTE_CHARACTERS, subsequent_indent="    ")


def _draw_row(ax, at: int, row, reason) -> None:
    words = {"va": "center", "fontsize": 8.5, "transform": ax.get_yaxis_transform()}
    ax.barh(at, 1.0, left=0.0, height=0.62, color=_BAR, zorder=1)
    name = row.Index if reason is None else f"{row.Index}  {reason[0]})"
    ax.text(-0.02, at, name, ha="right", **words)
    unit = f" {row.unit}" if row.unit else ""
    told = f"{row.value:.3g}{unit}" if np.isfinite(row.value) else "not known"
    ax.text(_VALUE_X, at, told, **words)
    ax.text(_TARGET_X, at, f"{row.low:.3g} to {row.high:.3g}", **words)
    marker, colour, _ = _LOOKS[row.verdict]
    width = row.high - row.low
    place = 0.5 if row.verdict == "unknown" else (row.value - row.low) / width
    shown = min(max(place, -_REACH), 1 + _REACH)
    if np.isfinite(row.stderr):
        ends = np.clip([place - 2 * row.stderr / width, place + 2 * row.stderr / width],
                       -_REACH, 1 + _REACH)
        ax.plot(ends, (at, at), color=colour, linewidth=1.2, zorder=2)
    edge = {} if marker == "x" else {"edgecolor": "white", "linewidth": 0.6}
    ax.scatter(shown, at, s=46, marker=marker, color=colour, zorder=3, **edge)
    if shown != place:
        side = "left" if place > 0 else "right"
        ax.text(shown + (-0.09 if place > 0 else 0.09), at, f"{abs(row.distance):.2g} widths",
                ha="right" if side == "left" else "left", va="center", fontsize=7.5,
                color=VERMILLION)


def _divide(ax, facts: list[str]) -> None:
    """A thin line where the group of facts changes."""
    groups = [FACTS[fact].group for fact in facts]
    for at in range(1, len(groups)):
        if groups[at] != groups[at - 1]:
            ax.axhline(at - 0.5, color="#D0D0D0", linewidth=0.8, zorder=0)


def _legend(rows) -> list:
    handles = [Patch(color=_BAR, label="target region")]
    for verdict, (marker, colour, label) in _LOOKS.items():
        if (rows["verdict"] == verdict).any():
            handles.append(Line2D([], [], marker=marker, color=colour, linestyle="none",
                                  label=label))
    return handles
