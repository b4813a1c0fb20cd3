"""Plots: every figure of the course in one style, with units, markers and alternative text.

Functions return a matplotlib ``Figure``; ``show(fig, alt=...)`` displays it with alternative text.
"""

from lobsim.plots.animate import animate_book, book_animation
from lobsim.plots.book import book_ladder, depth_chart, queue_view
from lobsim.plots.execution import distribution_pairs, schedule_chart, shortfall_waterfall
from lobsim.plots.facts import facts_plot, signature_plot
from lobsim.plots.heat import heat_map
from lobsim.plots.impact import (
    impact_against_size,
    impact_path,
    round_trip_distribution,
    round_trip_gains,
)
from lobsim.plots.levels import Levels, book_levels
from lobsim.plots.own_orders import OwnRest, own_orders
from lobsim.plots.scores import scorecard_plot
from lobsim.plots.show import on_a_page, png_bytes, show
from lobsim.plots.step import frame_strip, step_through, widgets_live
from lobsim.plots.stream import BookFrames, book_frames, stream_of
from lobsim.plots.style import BUY, LINE_STYLES, MARKERS, OKABE_ITO, SELL, STYLE, use_style
from lobsim.plots.tape import nbbo_view, tape_view
from lobsim.plots.watch import MarketWatch, watch_market

__all__ = [
    "BUY",
    "LINE_STYLES",
    "MARKERS",
    "OKABE_ITO",
    "SELL",
    "STYLE",
    "BookFrames",
    "Levels",
    "MarketWatch",
    "OwnRest",
    "animate_book",
    "book_animation",
    "book_frames",
    "book_ladder",
    "book_levels",
    "depth_chart",
    "distribution_pairs",
    "facts_plot",
    "frame_strip",
    "heat_map",
    "impact_against_size",
    "impact_path",
    "nbbo_view",
    "on_a_page",
    "own_orders",
    "png_bytes",
    "queue_view",
    "round_trip_distribution",
    "round_trip_gains",
    "schedule_chart",
    "scorecard_plot",
    "shortfall_waterfall",
    "show",
    "signature_plot",
    "step_through",
    "stream_of",
    "tape_view",
    "use_style",
    "watch_market",
    "widgets_live",
]
