"""One look for every figure: colours that all eyes can tell apart, markers for the sides."""

from collections.abc import Callable
from functools import wraps

import matplotlib.pyplot as plt
from matplotlib import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

# Palette of M. Okabe and K. Ito (2008), "Color universal design".
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
OKABE_ITO = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK, YELLOW)
GREY = "#6E6E6E"

BUY, SELL = BLUE, VERMILLION
"""Bids and buys are blue, asks and sells vermillion, everywhere."""
MARKERS = {1: "^", -1: "v", 0: "o"}
"""Buys point up, sells down, unknown signs are round."""
LINE_STYLES = ("-", (0, (5, 2)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (3, 1, 1, 1, 1, 1)))
"""Lines differ in dashes as well as in colour."""

STYLE = {
    "axes.prop_cycle": cycler(color=OKABE_ITO),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "figure.figsize": (7.5, 3.8),
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.constrained_layout.h_pad": 0.08,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "image.cmap": "cividis",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "hatch.linewidth": 0.6,
    "savefig.dpi": 110,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}


def use_style() -> None:
    """Give all later matplotlib figures of this session the look of the course."""
    plt.rcParams.update(STYLE)


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Decorator: run a plotting function under the course's style, whatever the session uses."""

    @wraps(draw)
    def inside(*args, **kwargs):
        with plt.rc_context(STYLE):
            return draw(*args, **kwargs)

    return inside


def clock_axis(axis, start_s: float, end_s: float) -> None:
    """Label an axis in seconds since midnight as time of day, at most about seven round times."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
    step = next((s for s in steps if (end_s - start_s) / s <= 7), 14400)
    axis.set_major_formatter(FuncFormatter(_clock))
    axis.set_major_locator(MultipleLocator(step if end_s - start_s > 2 else (end_s - start_s) / 4))


def _clock(seconds: float, _position=None) -> str:
    hours, rest = divmod(round(seconds, 6), 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{int(hours):02d}:{int(minutes):02d}"
    return text if abs(rest) < 1e-6 else f"{text}:{rest:06.3f}".rstrip("0").rstrip(".")
