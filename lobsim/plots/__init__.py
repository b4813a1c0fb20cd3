"""Plots: every figure of the course in one style, with units, markers and alternative text.

Functions return a matplotlib ``Figure``; ``show(fig, alt=...)`` displays it with alternative text.
"""

from lobsim.plots.book import book_ladder, depth_chart, queue_view
from lobsim.plots.execution import distribution_pairs, schedule_chart, shortfall_waterfall
from lobsim.plots.levels import Levels, book_levels
from lobsim.plots.show import on_a_page, png_bytes, show
from lobsim.plots.step import frame_strip, step_through, widgets_live
from lobsim.plots.style import BUY, LINE_STYLES, MARKERS, OKABE_ITO, SELL, STYLE, use_style
from lobsim.plots.tape import nbbo_view, tape_view

__all__ = [
    "BUY",
    "LINE_STYLES",
    "MARKERS",
    "OKABE_ITO",
    "SELL",
    "STYLE",
    "Levels",
    "book_ladder",
    "book_levels",
    "depth_chart",
    "distribution_pairs",
    "frame_strip",
    "nbbo_view",
    "on_a_page",
    "png_bytes",
    "queue_view",
    "schedule_chart",
    "shortfall_waterfall",
    "show",
    "step_through",
    "tape_view",
    "use_style",
    "widgets_live",
]
