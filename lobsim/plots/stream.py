"""The book through time: a market, a recording, a replay or a LOBSTER day as frames of depth."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.plots.levels import Levels

NS = 1_000_000_000
FULL_DEPTH = 256
"""Occupied prices a side that are kept by default; deeper ones are seldom in a picture."""
_HIDDEN, _VISIBLE = 5, 4  # LOBSTER types of executions
_TRADE_COLUMNS = ("time_ns", "price", "size", "sign", "own")
OWN = 1
"""Owner of a market's own orders (`lobsim.market.state.OWN`)."""


class Stream(NamedTuple):
    """A source in the engine's words.

    Attributes
    ----------
    messages : ndarray of MESSAGE
        Those that build the first book, then those of the window.
    first : int
        How many messages build the first book.
    tick_size, lot_size : float
    size_unit : str
    start_ns, end_ns : int
        What the source covers, nanoseconds since midnight.
    """

    messages: np.ndarray
    first: int
    tick_size: float
    lot_size: float
    size_unit: str
    start_ns: int
    end_ns: int


class BookFrames(NamedTuple):
    """Depth of a book at several times; best levels first.

    Attributes
    ----------
    time_ns : ndarray of int64, shape (n,)
    bid_price, ask_price : ndarray of float64, shape (n, levels)
        In currency; NaN where there is no such level.
    bid_size, ask_size : ndarray of float64, shape (n, levels)
        0 where there is no such level.
    trades : DataFrame
        What traded in the whole window: ``time_ns, price, size, sign, own``; one row for each
        order and price that it met; sign +1 = the buyer took, 0 = not known; own = an own order
        took (1), rested (-1), or had no part (0).
    tick_size : float
    size_unit : str
    """

    time_ns: np.ndarray
    bid_price: np.ndarray
    bid_size: np.ndarray
    ask_price: np.ndarray
    ask_size: np.ndarray
    trades: pd.DataFrame
    tick_size: float
    size_unit: str

    def levels_at(self, frame: int, levels: int = 10) -> Levels:
        """Levels of one frame, as :func:`lobsim.plots.book_ladder` draws them."""
        sides = []
        for price, size in ((self.bid_price, self.bid_size), (self.ask_price, self.ask_size)):
            there = np.flatnonzero(size[frame] > 0)[:levels]
            sides.append([(float(price[frame, k]), float(size[frame, k])) for k in there])
        return Levels(*sides)


def book_frames(
    source,
    times_s=None,
    *,
    levels: int = FULL_DEPTH,
    start_s: float | None = None,
    end_s: float | None = None,
    count: int = 600,
    initial: np.ndarray | None = None,
    tick_size: float | None = None,
    lot_size: float | None = None,
) -> BookFrames:
    """Depth of a book at given times, rebuilt by the engine in one pass.

    Parameters
    ----------
    source : Market, Recording, Replay, LobsterDay or ndarray of MESSAGE
        A `Market` must have been made with ``record=True``. A `LobsterDay` is read from its
        orderbook file, whose levels end the depth that is known.
    times_s : sequence of float, optional
        Increasing, in seconds since midnight; each frame is the book after everything up to that
        time. Default: `count` times, evenly spread over the window.
    levels : int
        Occupied prices of a side, at least 1.
    start_s, end_s : float, optional
        The window, in seconds since midnight; default all that the source covers.
    count : int
        How many times, where `times_s` is not given.
    initial : ndarray of MESSAGE, optional
        With an array of messages: those that build the book before it.
    tick_size, lot_size : float, optional
        Currency per tick and units per lot of a `Recording` or of messages, which do not know
        theirs; the lot is 1 by default.

    Returns
    -------
    BookFrames

    Raises
    ------
    TypeError, ValueError
        When the source is none of these, the tick is not known, or the window is empty.

    Examples
    --------
    >>> from lobsim.market import Market
    >>> market = Market("SPY", seed=1, record=True)
    >>> market.advance(market.start_s + 60)
    >>> frames = book_frames(market, [market.start_s + 30, market.clock_s], levels=5)
    >>> bool(frames.bid_price[-1, 0] == market.best_bid), frames.ask_size.shape
    (True, (2, 5))
    """
    if levels < 1:
        raise ValueError(f"levels is {levels}; it must be at least 1")
    if is_lobster(source):
        time = source.messages["time_ns"].to_numpy()
        covered = (int(time[0]), int(time[-1])) if len(time) else (0, 0)
        when = _times(covered, times_s, start_s, end_s, count)
        return _lobster_frames(source, time, when, levels, _window(covered, start_s, end_s))
    stream = stream_of(source, initial=initial, tick_size=tick_size, lot_size=lot_size)
    covered = (stream.start_ns, stream.end_ns)
    when = _times(covered, times_s, start_s, end_s, count)
    return _engine_frames(stream, when, levels, _window(covered, start_s, end_s))


def is_lobster(source) -> bool:
    """Known by what it offers, so that drawing a market loads no readers."""
    return hasattr(source, "messages") and hasattr(source, "book") and hasattr(source, "levels")


def stream_of(source, *, initial=None, tick_size=None, lot_size=None) -> Stream:
    """The messages of a source, with what is known of its units and its window."""
    from lobsim.engine import MESSAGE

    unit, window = "shares", None
    if hasattr(source, "record") and hasattr(source, "profile"):  # a Market
        profile = source.profile
        tick_size, lot_size, unit = profile.tick_size, profile.lot_size, profile.size_unit
        window = (round(source.start_s * NS), round(source.venue_s * NS))
        source = source.record()
    elif hasattr(source, "tick_size") and hasattr(source, "messages"):  # a Replay of real data
        tick_size = source.tick_size
        lot_size = getattr(source, "lot_size", lot_size)
    if hasattr(source, "messages") and hasattr(source, "initial"):
        initial, messages = source.initial, source.messages
    else:
        messages = source
    if getattr(messages, "dtype", None) != MESSAGE:
        raise TypeError(f"no book through time in a {type(source).__name__}; allowed are a Market "
                        "with record=True, a Recording, a Replay, a LobsterDay, or an array of "
                        "MESSAGE")
    if tick_size is None:
        raise ValueError("a Recording or an array of messages does not know its tick size; give "
                         "tick_size=, or pass the Market itself")
    lot_size = 1.0 if lot_size is None else lot_size
    unit = unit if lot_size == 1 or unit != "shares" else "units"
    initial = np.zeros(0, MESSAGE) if initial is None else initial
    if window is None:
        times = np.concatenate([initial["time_ns"][-1:], messages["time_ns"][[0, -1]]]
                               if len(messages) else [initial["time_ns"][-1:]])
        window = (int(times.min()), int(times.max())) if len(times) else (0, 0)
    both = np.concatenate([initial, messages]) if len(initial) else messages
    return Stream(both, len(initial), tick_size, lot_size, unit, *window)


def new_book(stream: Stream):
    """An empty book whose band holds all limit prices of the messages."""
    from lobsim.engine import Kind, OrderBook

    priced = np.isin(stream.messages["kind"], (Kind.LIMIT, Kind.IOC, Kind.FOK, Kind.POST_ONLY,
                                               Kind.REPLACE))
    ticks = stream.messages["price_ticks"][priced]
    low, high = (int(ticks.min()), int(ticks.max())) if len(ticks) else (1, 1)
    return OrderBook(stream.tick_size, stream.lot_size, price_min=low * stream.tick_size,
                     price_max=high * stream.tick_size)


def _window(covered, start_s, end_s) -> tuple[int, int]:
    start_ns = covered[0] if start_s is None else round(start_s * NS)
    end_ns = covered[1] if end_s is None else round(end_s * NS)
    if start_ns > end_ns:
        raise ValueError(f"the window is {start_ns / NS:g} to {end_ns / NS:g} s; its start must "
                         "not come after its end")
    return start_ns, end_ns


def _times(covered, times_s, start_s, end_s, count) -> np.ndarray:
    if times_s is not None:
        when = np.rint(np.asarray(times_s, dtype=np.float64) * NS).astype(np.int64)
        if when.ndim != 1 or not len(when) or np.any(np.diff(when) <= 0):
            raise ValueError("times_s must be increasing, and at least one")
        return when
    if count < 1:
        raise ValueError(f"count is {count}; it must be at least 1")
    start_ns, end_ns = _window(covered, start_s, end_s)
    return np.unique(np.linspace(start_ns, end_ns, count).astype(np.int64))


def _engine_frames(stream: Stream, when, levels, window) -> BookFrames:
    from lobsim.engine import watch
    from lobsim.engine.units import Grid

    # Arrival order rules; a clock that steps back must not hide what had already come.
    clock = np.maximum.accumulate(stream.messages["time_ns"])
    clock[:stream.first] = np.iinfo(np.int64).min  # the first book stands at any time
    last = np.searchsorted(clock, when, side="right") - 1
    at, place = np.unique(last[last >= 0], return_inverse=True)
    seen = watch(new_book(stream), stream.messages, levels, at)
    tick, lot = Grid(stream.tick_size, "tick_size"), Grid(stream.lot_size, "lot_size")
    columns = []
    for ticks, lots in ((seen.bid_ticks, seen.bid_sizes), (seen.ask_ticks, seen.ask_sizes)):
        price = np.full((len(when), levels), np.nan)
        size = np.zeros((len(when), levels))
        price[last >= 0] = np.where(lots > 0, tick.value(ticks), np.nan)[place]
        size[last >= 0] = lot.value(lots)[place]
        columns += [price, size]
    trades = _trades_of(seen.fills, tick, lot)
    inside = trades["time_ns"].between(*window).to_numpy()
    return BookFrames(when, *columns, trades[inside].reset_index(drop=True), stream.tick_size,
                      stream.size_unit)


def _trades_of(fills: np.ndarray, tick, lot) -> pd.DataFrame:
    """One row for each order and each price that it met."""
    if not len(fills):
        return pd.DataFrame({name: np.zeros(0) for name in _TRADE_COLUMNS})
    role = np.where(fills["taker_owner"] == OWN, 1, -(fills["maker_owner"] == OWN).astype(int))
    new = np.ones(len(fills), dtype=bool)
    new[1:] = ((np.diff(fills["message_index"]) != 0) | (np.diff(fills["price_ticks"]) != 0)
               | (np.diff(role) != 0))
    first = np.flatnonzero(new)
    return pd.DataFrame({
        "time_ns": fills["time_ns"][first],
        "price": tick.value(fills["price_ticks"][first].astype(np.int64)),
        "size": lot.value(np.add.reduceat(fills["size"].astype(np.int64), first)),
        "sign": fills["taker_side"][first].astype(np.int64),
        "own": role[first],
    })


def _lobster_frames(day, time, when, levels, window) -> BookFrames:
    """Frames from the orderbook file: row k is the book after message k."""
    levels = min(levels, day.levels)
    last = np.searchsorted(time, when, side="right") - 1
    known = last >= 0
    columns = []
    for side in ("bid", "ask"):
        price = np.full((len(when), levels), np.nan)
        size = np.zeros((len(when), levels))
        for level in range(levels):
            for column, name in ((price, "price"), (size, "size")):
                values = day.book[f"{side}_{name}_{level + 1}"].to_numpy()
                column[known, level] = values[last[known]]
        size[~np.isfinite(price)] = 0.0
        columns += [price, size]
    events = day.messages
    traded = events["type"].isin((_VISIBLE, _HIDDEN)).to_numpy()
    traded = traded & (time >= window[0]) & (time <= window[1])
    rows = events[traded]
    # Since 2014 the file says nothing of the side of hidden executions.
    sign = np.where(rows["type"] == _VISIBLE, -rows["direction"], 0)
    trades = pd.DataFrame({"time_ns": rows["time_ns"].to_numpy(), "price": rows["price"].to_numpy(),
                           "size": rows["size"].to_numpy(), "sign": sign, "own": 0})
    return BookFrames(when, *columns, trades, _tick_of(columns), "shares")


def _tick_of(columns) -> float:
    """Largest step in 1/10000 dollars that all prices in the frames are multiples of."""
    prices = np.concatenate([columns[0].ravel(), columns[2].ravel()])
    e4 = np.rint(prices[np.isfinite(prices)] * 1e4).astype(np.int64)
    return float(np.gcd.reduce(e4)) / 1e4 if len(e4) else 0.01
