"""The class report's pictures as inline SVG: marks of a lesson, outcomes of its exercises.

Drawn by hand: no file beside the page, no fonts to load, text that scales, prints and can be read
aloud, and the page's own text colour on light and dark screens. Fills are Okabe and Ito's colours
(2008, "Color universal design"); counts stand on the bars, so that colour only repeats.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

OUTCOMES = {  # key -> (what it means, fill, colour of the number on it)
    "full": ("full marks", "#009E73", "#fff"),
    "part": ("some of the marks", "#E69F00", "#000"),
    "none": ("tried, no marks", "#D55E00", "#fff"),
    "blank": ("left blank", "#8a8a8a", "#fff"),
    "waiting": ("to be marked by hand", "#56B4E9", "#000"),
}
_WIDTH = 640
_LABELS = 285  # room for the exercises' titles


def marks_histogram(counts: Sequence[int], points: float, median: float, name: str) -> str:
    """Bars of how many submissions have so many points.

    Parameters
    ----------
    counts : sequence of int
        Submissions in equal steps from 0 to all points.
    points : float
        Points of the lesson.
    median : float
        Median mark in points, drawn as a line.
    name : str
        A word that is unique on the page.
    """
    height, left, bottom = 205, 34, 40
    top = 38  # the median's label stands above the counts
    inner, tall = _WIDTH - left - 12, height - top - bottom
    most = max([1, *counts])
    step = inner / len(counts)
    edges = [points * number / len(counts) for number in range(len(counts) + 1)]
    out: list[str] = []
    labels: list[str] = []  # last, on top of the median's line
    for number, count in enumerate(counts):
        size = tall * count / most
        x, y = left + number * step, top + tall - size
        out.append(f'<rect x="{x + 2:.1f}" y="{y:.1f}" width="{step - 4:.1f}" '
                   f'height="{size:.1f}" fill="#0072B2"/>')
        if count:
            labels.append(_text(x + step / 2, y - 4, str(count), "middle", halo=True))
    for number in range(0, len(edges), 2 if len(counts) > 5 else 1):
        out.append(_text(left + number * step, top + tall + 15, f"{edges[number]:g}", "middle"))
    x = left + inner * median / points if points else left
    out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - 32}" y2="{top + tall}" '
               'stroke="currentColor" stroke-width="2" stroke-dasharray="5 3"/>')
    side = "end" if median > points * 0.8 else "start"
    out.append(_text(x + (-5 if side == "end" else 5), top - 22, f"median {median:g}", side))
    out.append(f'<line x1="{left}" x2="{left + inner}" y1="{top + tall}" y2="{top + tall}" '
               'stroke="currentColor"/>')
    out.append(_text(left + inner / 2, height - 4, f"points so far, of {points:g}", "middle"))
    out += labels
    said = "; ".join(f"{edges[i]:g} to {edges[i + 1]:g} points: {count}"
                     for i, count in enumerate(counts) if count)
    return _svg(name, height, "Distribution of marks", f"Number of submissions by points. {said}. "
                f"The median is {median:g}.", out)


def outcome_bars(rows: Sequence[tuple[str, dict[str, int]]], name: str) -> str:
    """One bar for each exercise, divided by how it went.

    Parameters
    ----------
    rows : sequence of (title, counts)
        Counts by the keys of `OUTCOMES`.
    name : str
        A word that is unique on the page.
    """
    height = 30 * len(rows) + 30
    inner = _WIDTH - _LABELS - 8
    out, said = [], []
    for number, (title, counts) in enumerate(rows):
        y = 30 * number + 4
        whole = sum(counts.values()) or 1
        out.append(_text(_LABELS - 8, y + 15, _short(title), "end"))
        x = float(_LABELS)
        for key, (_, fill, ink) in OUTCOMES.items():
            count = counts.get(key, 0)
            if not count:
                continue
            size = inner * count / whole
            out.append(f'<rect x="{x:.1f}" y="{y}" width="{max(size - 1, 0.5):.1f}" height="22" '
                       f'fill="{fill}"/>')
            if size > 9 * len(str(count)):
                out.append(_text(x + size / 2, y + 15.5, str(count), "middle", ink))
            x += size
        said.append(f"{title}: " + ", ".join(f"{counts[key]} {OUTCOMES[key][0]}"
                                             for key in OUTCOMES if counts.get(key)))
    for share in (0, 25, 50, 75, 100):
        x = _LABELS + inner * share / 100
        anchor = "end" if share == 100 else "middle"
        out.append(_text(x, height - 6, f"{share} %", anchor))
    return _svg(name, height, "How each exercise went",
                "Number of submissions by outcome. " + ". ".join(said) + ".", out)


def legend() -> str:
    """What the fills of `outcome_bars` mean, as a list."""
    items = "".join(f'<li><span class="swatch" style="background:{fill}"></span>{words}</li>'
                    for words, fill, _ in OUTCOMES.values())
    return f'<ul class="legend">{items}</ul>'


def _short(title: str, most: int = 42) -> str:
    return title if len(title) <= most else title[:most - 1].rstrip() + "…"


def _text(x: float, y: float, words: str, anchor: str, ink: str = "currentColor",
          halo: bool = False) -> str:
    around = ' stroke="Canvas" stroke-width="5" paint-order="stroke"' if halo else ""
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{ink}"{around}>'
            f"{html.escape(words)}</text>")


def _svg(name: str, height: int, title: str, description: str, parts: list[str]) -> str:
    return (f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" font-size="13" '
            f'aria-labelledby="{name}-title {name}-text"><title id="{name}-title">'
            f'{html.escape(title)}</title><desc id="{name}-text">{html.escape(description)}</desc>'
            + "".join(parts) + "</svg>")
