"""A recorded book as an animation in one piece of HTML: plays in static pages, without a kernel."""

import base64
import hashlib
import html
import io
import json

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb

from lobsim.plots.own_orders import OwnRest, own_orders
from lobsim.plots.scene import FIGURE_IN, OwnNow, Scene, clock, draw_scene, path_range, scene_alt
from lobsim.plots.show import display_bundle, need_alt, png_bytes
from lobsim.plots.stream import NS, BookFrames, book_frames, is_lobster, stream_of
from lobsim.plots.style import BLACK, BUY, SELL, YELLOW

MAX_BYTES = 2_000_000
"""Largest animation; beyond it a notebook becomes slow to open."""
_DPI = 80
_HUES = (BUY, SELL, YELLOW)
_SHADES = 12
"""A frame needs no more than the hues and greys of the style, each blended into white."""
_PATH_POINTS = 240

_PLAYER = """<div data-player="{name}" style="max-width:{width}px">
<img alt="{alt}" src="{first}" style="width:100%">
<div style="display:flex;gap:0.6em;align-items:center">
<button type="button" aria-label="play or pause">&#9654;</button>
<input type="range" min="0" max="{last}" value="0" aria-label="frame" style="flex:1">
<output>{caption}</output></div>
<script>
(() => {{
  const frames = {frames}, captions = {captions};
  document.querySelectorAll('[data-player="{name}"]:not([data-ready])').forEach((player) => {{
    player.dataset.ready = "1";
    const [picture, button, slider, output] = ["img", "button", "input", "output"].map(
      (tag) => player.querySelector(tag));
    let timer = null;
    const show = (at) => {{
      slider.value = at;
      picture.src = "data:image/png;base64," + frames[at];
      output.textContent = captions[at];
    }};
    const stop = () => {{ clearInterval(timer); timer = null; button.textContent = "\\u25B6"; }};
    const next = () => {{
      if (+slider.value >= {last}) stop(); else show(+slider.value + 1);
    }};
    button.onclick = () => {{
      if (timer) return stop();
      if (+slider.value >= {last}) show(0);
      button.textContent = "\\u275A\\u275A";
      timer = setInterval(next, {interval_ms});
    }};
    slider.oninput = () => {{ stop(); show(+slider.value); }};
  }});
}})();
</script></div>"""


def animate_book(source, *, alt: str, **options) -> None:
    """Show a recorded book as an animation that also plays where no kernel runs.

    Parameters
    ----------
    source, **options
        As for :func:`book_animation`.
    alt : str
        What the animation shows, in words.

    Notes
    -----
    Pages that run no scripts (an untrusted notebook, a printed page) show the first frame.
    """
    need_alt(alt)
    display_bundle({"text/html": book_animation(source, alt=alt, **options), "text/plain": alt})


def book_animation(
    source,
    *,
    alt: str,
    start_s: float | None = None,
    end_s: float | None = None,
    frames: int = 30,
    window_s: float | None = None,
    rows: int = 14,
    interval_ms: int = 400,
    initial: np.ndarray | None = None,
    tick_size: float | None = None,
    lot_size: float | None = None,
) -> str:
    """Ladder, prices, trades and own orders frame by frame, as self-contained HTML.

    Parameters
    ----------
    source : Market, Recording, Replay, LobsterDay or ndarray of MESSAGE
        As for :func:`lobsim.plots.book_frames`, with `initial`, `tick_size`, `lot_size`.
    alt : str
        What the animation shows, in words; the first frame in words is added.
    start_s, end_s : float, optional
        The window, in seconds since midnight; default all that the source covers.
    frames : int
        At least 2; evenly spread over the window, the last one at its end.
    window_s : float, optional
        Seconds of the past beside the ladder; by default the path grows from the start of the
        window to its end, on one scale.
    rows : int
        Prices in the ladder, at least 4.
    interval_ms : int
        Time that a frame is shown, milliseconds.

    Returns
    -------
    str
        HTML with the frames inside, under 2 MB; equal sources give equal strings.

    Raises
    ------
    ValueError
        When a number is out of its range, or the frames need more than 2 MB.
    """
    need_alt(alt)
    for name, value, least in (("frames", frames, 2), ("rows", rows, 4),
                               ("interval_ms", interval_ms, 20)):
        if value < least:
            raise ValueError(f"{name} is {value}; it must be at least {least}")
    tape = {"initial": initial, "tick_size": tick_size, "lot_size": lot_size}
    window = {"start_s": start_s, "end_s": end_s}
    path = book_frames(source, levels=4 * rows, **window, **tape,
                       count=frames * max(1, round(_PATH_POINTS / frames)) + 1)
    rests = [] if is_lobster(source) else own_orders(stream_of(source, **tape))
    name = getattr(getattr(source, "profile", None), "symbol", "Order book")
    scenes = _scenes(path, rests, frames, window_s, name)
    pictures = _pictures(scenes, rows, path if window_s is None else None)
    encoded = [base64.b64encode(data).decode("ascii") for data in pictures]
    total = sum(map(len, encoded))
    if total > MAX_BYTES:
        raise ValueError(f"{frames} frames need {total:,} bytes; an animation holds at most "
                         f"{MAX_BYTES:,}, so ask for fewer frames")
    captions = [clock(scene.now_s) for scene in scenes]
    return _PLAYER.format(
        name="book-" + hashlib.sha256("".join(encoded).encode()).hexdigest()[:12],
        width=round(1.2 * FIGURE_IN[0] * _DPI), last=len(scenes) - 1, interval_ms=interval_ms,
        alt=html.escape(f"{alt} First frame: {scene_alt(scenes[0])}", quote=True),
        first="data:image/png;base64," + encoded[0], caption=captions[0],
        frames=json.dumps(encoded), captions=json.dumps(captions))


def _scenes(path: BookFrames, rests: list[OwnRest], frames, window_s, name) -> list[Scene]:
    """Evenly spread moments of the window, each with its past."""
    time_s = path.time_ns / NS
    window_s = time_s[-1] - time_s[0] if window_s is None else window_s
    # One trade marker for each order: own resting orders are marked by their own fills.
    trades = path.trades
    trade_s = trades["time_ns"].to_numpy() / NS
    done = _own_trades(trades, rests)
    scenes = []
    for at in np.unique(np.linspace(0, len(time_s) - 1, frames).astype(int)):
        now_s = time_s[at]
        past = slice(int(np.searchsorted(time_s, now_s - window_s)), at + 1)
        told = (trade_s > now_s - window_s) & (trade_s <= now_s)
        scenes.append(Scene(
            name, float(now_s), window_s, path.levels_at(at, path.bid_size.shape[1]),
            time_s[past], path.bid_price[past, 0], path.ask_price[past, 0], trade_s[told],
            *(trades[column].to_numpy(np.float64)[told] for column in ("price", "size", "sign")),
            _resting(rests, round(now_s * NS)),
            tuple(fill for fill in done if now_s - window_s < fill[0] <= now_s),
            path.tick_size, path.size_unit))
    return scenes


def _own_trades(trades, rests) -> list[tuple[float, float, int]]:
    taken = trades[trades["own"] == 1]
    done = [(row.time_ns / NS, row.price, int(row.sign)) for row in taken.itertuples()]
    return done + [(when / NS, rest.price, rest.side) for rest in rests for when, _ in rest.fills]


def _resting(rests: list[OwnRest], now_ns: int) -> tuple[OwnNow, ...]:
    """Own orders that rest at a time."""
    return tuple(OwnNow(rest.side, rest.price, rest.size_at(now_ns), rest.start_ns / NS)
                 for rest in rests if rest.start_ns <= now_ns < rest.end_ns)


def _pictures(scenes: list[Scene], rows: int, path: BookFrames | None) -> list[bytes]:
    """PNG of every scene on one scale of sizes and, with `path`, of prices and time."""
    near = [size for scene in scenes for side in scene.levels for _, size in side[:rows // 2]]
    biggest = max(near, default=1.0)
    ranges = {}
    if path is not None:
        ranges["time_range"] = (path.time_ns[0] / NS, path.time_ns[-1] / NS)
        ranges["price_range"] = path_range(scenes[-1]._replace(
            path_bid=path.bid_price[:, 0], path_ask=path.ask_price[:, 0],
            trade_price=path.trades["price"].to_numpy(np.float64)))
    drawn = []
    for scene in scenes:
        fig = draw_scene(scene, rows, biggest, **ranges)
        drawn.append(_small(png_bytes(fig, dpi=_DPI)))
        plt.close(fig)
    return drawn


def _small(data: bytes) -> bytes:
    """The same picture with a palette: a third of the bytes, the same colours in all frames."""
    from PIL import Image

    stream = io.BytesIO()
    colours = Image.new("P", (1, 1))
    colours.putpalette(_palette())
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture = picture.quantize(palette=colours, dither=Image.Dither.NONE)
    picture.save(stream, format="png", optimize=True)
    return stream.getvalue()


def _palette() -> list[int]:
    """Red, green and blue of every colour of a frame, one after another."""
    white = np.full(3, 255.0)
    found = []
    for hue in (BLACK, *_HUES):
        ink = 255 * np.array(to_rgb(hue))
        found += [ink + (white - ink) * k / (_SHADES - 1) for k in range(_SHADES)]
    return np.rint(np.concatenate(found)).astype(int).tolist()
