"""Stepping through frames of a book: a slider where widgets live, else a strip of pictures."""

import html
import importlib.util
import math
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lobsim.plots.book import book_ladder
from lobsim.plots.levels import book_levels
from lobsim.plots.show import image_html, need_alt, on_a_page, png_bytes, show
from lobsim.plots.style import styled


def step_through(
    frames: Sequence,
    draw: Callable | None = None,
    *,
    alt: str,
    captions: Sequence[str] | None = None,
    strip: int = 4,
    live: bool | None = None,
    **ladder,
) -> None:
    """Show frames one by one with a slider, or some of them side by side.

    Parameters
    ----------
    frames : sequence
        One entry per step: books or levels (:func:`lobsim.plots.book_levels`) unless ``draw`` is
        given. A live book changes while you collect it, so collect ``book_levels(book)``.
    draw : callable, optional
        ``draw(frame, ax)`` draws one frame. Default: the ladder, with the same rows and scale in
        all frames.
    alt : str
        What the sequence shows, in words; serves all frames.
    captions : sequence of str, optional
        One line per frame, e.g. the message that led to it.
    strip : int
        Frames of the static form, spread evenly from first to last.
    live : bool, optional
        True for the slider, False for the strip. By default the slider is used when the cell was
        run from a notebook page that can show widgets; executing a notebook without a page
        (nbconvert, tests, grading) gives the strip, which stores well.
    **ladder
        Further arguments of :func:`lobsim.plots.book_ladder`.
    """
    need_alt(alt)
    frames = list(frames)
    if not frames:
        raise ValueError("there are no frames to step through")
    captions = [f"step {k + 1}" for k in range(len(frames))] if captions is None else list(captions)
    if len(captions) != len(frames):
        raise ValueError(f"{len(captions)} captions for {len(frames)} frames; give one per frame")
    draw = draw or _ladder_drawer(frames, ladder)
    if widgets_live() if live is None else live:
        _slider(frames, draw, captions, alt)
    else:
        show(frame_strip(frames, draw, captions, strip), alt=alt)


def widgets_live() -> bool:
    """Whether a slider would be seen: ipywidgets is installed and the cell was run from a page."""
    return importlib.util.find_spec("ipywidgets") is not None and on_a_page()


@styled
def frame_strip(
    frames: Sequence, draw: Callable, captions: Sequence[str], count: int = 4
) -> Figure:
    """Some frames side by side, at most two in a row, each with its caption.

    Parameters
    ----------
    frames, draw, captions
        As in :func:`step_through`.
    count : int
        How many frames to show.

    Returns
    -------
    Figure
    """
    count = max(1, min(count, len(frames)))
    chosen = np.unique(np.linspace(0, len(frames) - 1, count).round().astype(int))
    columns = min(2, len(chosen))
    lines = math.ceil(len(chosen) / columns)
    height = _frame_height(frames, draw)
    fig, axes = plt.subplots(
        lines, columns, figsize=(4.9 * columns, height * lines), squeeze=False
    )
    for ax, index in zip(axes.flat, chosen, strict=False):
        draw(frames[index], ax)
        ax.set_title(f"{index + 1}/{len(frames)}  {captions[index]}", fontsize=9)
    for ax in axes.flat[len(chosen) :]:
        ax.set_visible(False)
    return fig


def _frame_height(frames, draw) -> float:
    return getattr(draw, "height_in", 3.4)


def _ladder_drawer(frames: list, ladder: dict) -> Callable:
    """Draw ladders whose rows and scale stay the same over all frames."""
    levels = ladder.pop("levels", 6)
    states = [book_levels(frame, levels) for frame in frames]
    all_levels = [level for state in states for level in state.bids + state.asks]
    prices = sorted({round(price, 9) for price, _ in all_levels})
    tick_size = ladder.pop("tick_size", None)
    if tick_size and prices:
        ticks = np.arange(round(prices[0] / tick_size), round(prices[-1] / tick_size) + 1)
        prices = list(ticks * tick_size)
    biggest = max((size for _, size in all_levels), default=1.0)
    fixed = {"levels": levels, "prices": prices, "max_size": biggest} | ladder

    def draw(frame, ax):
        book_ladder(frame, ax=ax, **fixed)

    draw.height_in = max(2.0, 0.26 * len(prices) + 1.0)
    return draw


def _slider(frames, draw, captions, alt) -> None:
    """The live form: a slider, a play button and one picture that is drawn when first asked for."""
    import ipywidgets as widgets
    from IPython.display import display

    drawn: dict[int, str] = {}

    def picture(index: int) -> str:
        if index not in drawn:
            words = f"{alt} Step {index + 1} of {len(frames)}: {captions[index]}"
            picture_html = image_html(png_bytes(_one_frame(frames[index], draw)), words)
            caption = f"<b>{index + 1}/{len(frames)}</b> {html.escape(captions[index])}"
            drawn[index] = f"{picture_html}<p>{caption}</p>"
        return drawn[index]

    last = len(frames) - 1
    slider = widgets.IntSlider(0, 0, last, description="step", continuous_update=False)
    play = widgets.Play(min=0, max=last, interval=700)
    widgets.jslink((play, "value"), (slider, "value"))
    view = widgets.HTML(picture(0))
    slider.observe(lambda change: setattr(view, "value", picture(change["new"])), names="value")
    display(widgets.VBox([widgets.HBox([play, slider]), view]))


@styled
def _draw_alone(frame, draw) -> Figure:
    fig, ax = plt.subplots(figsize=(6.4, getattr(draw, "height_in", 3.4)))
    draw(frame, ax)
    return fig


def _one_frame(frame, draw) -> Figure:
    fig = _draw_alone(frame, draw)
    plt.close(fig)
    return fig
