"""Windows of book depth and what the mid does next, without leakage: the data of a forecaster.

**No leakage, by construction.** A day is a `DepthDay`; windows and labels are rows of one day and
never reach into another. A window ends at row t and holds rows t - length + 1 to t; its label is of
rows t + 1 to t + horizon. Days are given whole to learning, to choosing, or to judging; where there
is only one day it is cut in time, and `split_day` leaves out `embargo` rows between the parts, at
least a window and a horizon. Scales and thresholds are measured on the rows learned from
(`Scale.fit`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lobsim.engine.book import OrderBook
from lobsim.engine.batch import watch

__all__ = ["DepthDay", "Scale", "depth_day", "depth_of_lobster", "depth_of_recording",
           "flow_features", "mid_moves", "move_labels", "split_day", "usable_rows"]

DOWN, FLAT, UP = range(3)
"""Labels."""
OFI_SPANS = (1, 10, 50)
"""Book changes over which order-flow imbalance is summed."""


class DepthDay(NamedTuple):
    """A day as the states of its book, one row per change within the levels kept.

    Attributes
    ----------
    time_ns : ndarray of int64, shape (n,)
    bid_ticks, bid_sizes, ask_ticks, ask_sizes : ndarray of float64, shape (n, levels)
        Best level first; a level that is not there repeats the price before it with size 0.
    """

    time_ns: np.ndarray
    bid_ticks: np.ndarray
    bid_sizes: np.ndarray
    ask_ticks: np.ndarray
    ask_sizes: np.ndarray

    @property
    def mid(self) -> np.ndarray:
        """Middle of the best quotes, ticks, shape (n,)."""
        return 0.5 * (self.bid_ticks[:, 0] + self.ask_ticks[:, 0])

    @property
    def half_spread(self) -> np.ndarray:
        """Half of the spread, ticks, shape (n,)."""
        return 0.5 * (self.ask_ticks[:, 0] - self.bid_ticks[:, 0])


def depth_day(time_ns, bid_ticks, bid_sizes, ask_ticks, ask_sizes) -> DepthDay:
    """Rows at which the book differs from the row before and both sides are there.

    Parameters
    ----------
    time_ns : array_like, shape (n,)
    bid_ticks, bid_sizes, ask_ticks, ask_sizes : array_like, shape (n, levels)
        Size 0 where there is no such level; the best bid must lie below the best ask.
    """
    bid_ticks, bid_sizes, ask_ticks, ask_sizes = (
        np.array(a, float) for a in (bid_ticks, bid_sizes, ask_ticks, ask_sizes))
    for ticks, sizes in ((bid_ticks, bid_sizes), (ask_ticks, ask_sizes)):
        for level in range(1, ticks.shape[1]):
            gone = sizes[:, level] <= 0
            ticks[gone, level] = ticks[gone, level - 1]
    both = (bid_sizes[:, 0] > 0) & (ask_sizes[:, 0] > 0) & (bid_ticks[:, 0] < ask_ticks[:, 0])
    book = np.hstack([bid_ticks, bid_sizes, ask_ticks, ask_sizes])[both]
    new = np.append(True, (book[1:] != book[:-1]).any(axis=1)) if len(book) else []
    rows = np.flatnonzero(both)[new] if len(book) else np.zeros(0, int)
    return DepthDay(np.asarray(time_ns, np.int64)[rows], bid_ticks[rows], bid_sizes[rows],
                    ask_ticks[rows], ask_sizes[rows])


def depth_of_recording(recording, levels: int = 5) -> DepthDay:
    """States of the book of a market's recording (`Market.record`)."""
    prices = np.concatenate([recording.initial["price_ticks"], recording.messages["price_ticks"]])
    low, high = int(prices[prices > 0].min()), int(prices.max())
    book = OrderBook(tick_size=1.0, price_min=max(low - 1, 1), price_max=high + 1)
    book.process(recording.initial)
    seen = watch(book, recording.messages, levels)
    return depth_day(recording.messages["time_ns"], seen.bid_ticks, seen.bid_sizes, seen.ask_ticks,
                     seen.ask_sizes)


def depth_of_lobster(day, levels: int = 5, tick_size: float = 0.01) -> DepthDay:
    """States of the book of a LOBSTER day (`lobsim.data.read_lobster`).

    Raises
    ------
    ValueError
        When the file has fewer levels.
    """
    if levels > day.levels:
        raise ValueError(f"levels is {levels}; this file has {day.levels}")
    book = day.book

    def columns(name: str, scale: float = 1.0) -> np.ndarray:
        values = np.column_stack([book[f"{name}_{k + 1}"].to_numpy(float) for k in range(levels)])
        return np.nan_to_num(values / scale)

    prices = [np.rint(columns(f"{side}_price", tick_size)) for side in ("bid", "ask")]
    sizes = [columns(f"{side}_size") for side in ("bid", "ask")]
    return depth_day(day.messages["time_ns"].to_numpy(), prices[0], sizes[0], prices[1], sizes[1])


def mid_moves(day: DepthDay, horizon: int) -> np.ndarray:
    r"""Mean mid over the next rows less the mid now, in ticks; NaN in the last `horizon` rows.

    .. math:: \ell_t = \frac1k \sum_{i=1}^{k} p_{t+i} - p_t

    The mean over the horizon k is the smoothing of Zhang, Zohren and Roberts (2019), "DeepLOB",
    IEEE Transactions on Signal Processing 67(11), eq. 4, against the mid *now*, at which one can
    still act, and not against a mean of the past.
    """
    if horizon < 1:
        raise ValueError(f"horizon is {horizon}; it must be at least 1 row")
    mid = day.mid
    moves = np.full(len(mid), np.nan)
    if len(mid) > horizon:
        total = np.concatenate([[0.0], np.cumsum(mid - mid[0])])
        ahead = (total[horizon + 1:] - total[1:-horizon]) / horizon
        moves[:-horizon] = ahead - (mid[:-horizon] - mid[0])
    return moves


def move_labels(moves: np.ndarray, threshold: float) -> np.ndarray:
    """0 down, 1 flat, 2 up: a move beyond the threshold (ticks), either way; -1 where unknown."""
    labels = np.full(len(moves), FLAT)
    labels[moves > threshold] = UP
    labels[moves < -threshold] = DOWN
    labels[~np.isfinite(moves)] = -1
    return labels


def usable_rows(day: DepthDay, length: int, horizon: int) -> np.ndarray:
    """Rows that have a whole window before them and a whole horizon after them."""
    return np.arange(max(length, max(OFI_SPANS) + 1) - 1, len(day.time_ns) - horizon)


def split_day(rows: np.ndarray, shares: Sequence[float], embargo: int) -> list[np.ndarray]:
    """Cut the rows of one day into parts in order of time, with `embargo` rows left out between.

    Parameters
    ----------
    rows : ndarray of int
        As from `usable_rows`.
    shares : sequence of float
        Of each part; they add up to 1.
    embargo : int
        At least window length plus horizon, so that no row is used on both sides of a cut.

    Raises
    ------
    ValueError
        When a part would be empty.
    """
    if not np.isclose(sum(shares), 1.0) or min(shares) <= 0:
        raise ValueError(f"shares are {tuple(shares)}; they must be positive and add up to 1")
    room = len(rows) - embargo * (len(shares) - 1)
    ends = np.rint(np.cumsum(shares) * room).astype(int)
    starts = np.concatenate([[0], ends[:-1]])
    if room < len(shares) or (ends <= starts).any():
        raise ValueError(f"{len(rows)} rows are too few for {len(shares)} parts and an embargo of "
                         f"{embargo} rows")
    return [rows[start + k * embargo:end + k * embargo]
            for k, (start, end) in enumerate(zip(starts, ends, strict=True))]


def _pictures(day: DepthDay) -> np.ndarray:
    """What a network sees of each row, shape (n, levels, 4): distances and log sizes by side."""
    mid = day.mid[:, None]
    return np.stack([np.log1p(np.maximum(mid - day.bid_ticks, 0.0)), np.log1p(day.bid_sizes),
                     np.log1p(np.maximum(day.ask_ticks - mid, 0.0)), np.log1p(day.ask_sizes)],
                    axis=2).astype(np.float32)


class Scale(NamedTuple):
    """Mean and standard deviation of each picture element over the rows learned from."""

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, days: Sequence[DepthDay], rows: Sequence[np.ndarray]) -> "Scale":
        """Measure on rows of days, none of which may be judged by."""
        seen = np.concatenate([_pictures(day)[some] for day, some in zip(days, rows, strict=True)])
        return cls(seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-3))

    def pictures(self, day: DepthDay) -> np.ndarray:
        """Scaled pictures of a day, shape (n, levels, 4), with the moves of the mid beside them.

        A fifth channel, the same at all levels, is the change of the mid since the row before, in
        ticks between -3 and 3: a row alone does not tell where the price has come from.
        """
        scaled = (_pictures(day) - self.mean) / self.std
        change = np.clip(np.diff(day.mid, prepend=day.mid[:1]), -3.0, 3.0)
        moved = np.broadcast_to(change[:, None, None], (*scaled.shape[:2], 1))
        return np.concatenate([scaled, moved], axis=2).astype(np.float32)


def flow_features(day: DepthDay) -> np.ndarray:
    """What the linear model sees, shape (n, 5): OBI at the best level and over all levels, and OFI
    (Cont, Kukanov, Stoikov 2014, section 2.1) summed over the last 1, 10 and 50 rows, as a share of
    the mean depth of those rows.
    """
    best_bid, best_ask = day.bid_sizes[:, 0], day.ask_sizes[:, 0]
    all_bid, all_ask = day.bid_sizes.sum(axis=1), day.ask_sizes.sum(axis=1)
    flow = np.zeros(len(best_bid))
    bid, ask = day.bid_ticks[:, 0], day.ask_ticks[:, 0]
    flow[1:] = ((bid[1:] >= bid[:-1]) * best_bid[1:] - (bid[1:] <= bid[:-1]) * best_bid[:-1]
                - (ask[1:] <= ask[:-1]) * best_ask[1:] + (ask[1:] >= ask[:-1]) * best_ask[:-1])
    columns = [(best_bid - best_ask) / (best_bid + best_ask),
               (all_bid - all_ask) / (all_bid + all_ask)]
    flows = np.concatenate([[0.0], np.cumsum(flow)])
    depths = np.concatenate([[0.0], np.cumsum(0.5 * (best_bid + best_ask))])
    row = np.arange(1, len(flow) + 1)
    for span in OFI_SPANS:
        first = np.maximum(row - span, 0)
        depth = (depths[row] - depths[first]) / (row - first)
        columns.append((flows[row] - flows[first]) / depth / np.sqrt(span))
    return np.column_stack(columns)
