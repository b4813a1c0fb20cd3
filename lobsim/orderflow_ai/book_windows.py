"""Windows of book depth and what the mid does next, without leakage: the data of a forecaster.

**No leakage, by construction.** A day is a `DepthDay`; windows and labels are rows of one day and
never reach into another. What is seen at row t ends with row t and begins `reach` rows before; its
label is of rows t + 1 to t + horizon. Days are given whole to learning, to choosing, or to judging;
where there is only one day it is cut in time, and `split_day` leaves out `embargo_of` rows between
the parts. Scales and thresholds are measured on the rows learned from (`Scale.fit`).

A row is a state at which one could act. A trade that takes several resting orders changes the book
several times at one time stamp; of those states only the last is a row, because nobody can come
between, and because a forecast of the rest of a sweep from its first part would be worth nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lobsim.engine.book import OrderBook
from lobsim.engine.batch import watch

__all__ = ["DepthDay", "Scale", "depth_day", "depth_of_lobster", "depth_of_recording",
           "embargo_of", "flow_features", "mid_moves", "mirrored", "move_labels", "reach",
           "split_day", "usable_rows"]

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
        Not decreasing; of the rows of one time the last is kept.
    bid_ticks, bid_sizes, ask_ticks, ask_sizes : array_like, shape (n, levels)
        Size 0 where there is no such level; the best bid must lie below the best ask.
    """
    bid_ticks, bid_sizes, ask_ticks, ask_sizes = (
        np.array(a, float) for a in (bid_ticks, bid_sizes, ask_ticks, ask_sizes))
    for ticks, sizes in ((bid_ticks, bid_sizes), (ask_ticks, ask_sizes)):
        for level in range(1, ticks.shape[1]):
            gone = sizes[:, level] <= 0
            ticks[gone, level] = ticks[gone, level - 1]
    time_ns = np.asarray(time_ns, np.int64)
    if (np.diff(time_ns) < 0).any():
        row = int(np.flatnonzero(np.diff(time_ns) < 0)[0]) + 1
        raise ValueError(f"time_ns[{row}] is {time_ns[row]}, before {time_ns[row - 1]} of the row "
                         f"before; rows must be in order of time")
    both = (bid_sizes[:, 0] > 0) & (ask_sizes[:, 0] > 0) & (bid_ticks[:, 0] < ask_ticks[:, 0])
    both &= np.diff(time_ns, append=time_ns[-1:] + 1) > 0
    book = np.hstack([bid_ticks, bid_sizes, ask_ticks, ask_sizes])[both]
    new = np.append(True, (book[1:] != book[:-1]).any(axis=1)) if len(book) else []
    rows = np.flatnonzero(both)[new] if len(book) else np.zeros(0, int)
    return DepthDay(time_ns[rows], bid_ticks[rows], bid_sizes[rows],
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
        ahead = total[horizon + 1:] - total[1:-horizon]
        # Multiples of half a tick up to the division: equal moves are equal in all digits, and a
        # threshold that is one of them puts them all on the same side.
        moves[:-horizon] = (ahead - horizon * (mid[:-horizon] - mid[0])) / horizon
    return moves


def move_labels(moves: np.ndarray, threshold: float) -> np.ndarray:
    """0 down, 1 flat, 2 up: a move beyond the threshold (ticks), either way; -1 where unknown."""
    labels = np.full(len(moves), FLAT)
    labels[moves > threshold] = UP
    labels[moves < -threshold] = DOWN
    labels[~np.isfinite(moves)] = -1
    return labels


def reach(length: int) -> int:
    """Rows that a forecast sees, the one at which it is made among them.

    A window of `length` rows and the mid before them; or the longest sum of order-flow imbalance
    and the quotes before it, which a linear model sees.
    """
    return max(length, max(OFI_SPANS)) + 1


def embargo_of(length: int, horizon: int) -> int:
    """Rows to leave out between two parts of a day, so that no row is of use on both sides."""
    return reach(length) + horizon


def usable_rows(day: DepthDay, length: int, horizon: int) -> np.ndarray:
    """Rows that have all that a forecast sees before them and a whole horizon after them."""
    return np.arange(reach(length) - 1, len(day.time_ns) - horizon)


def split_day(rows: np.ndarray, shares: Sequence[float], embargo: int) -> list[np.ndarray]:
    """Cut the rows of one day into parts in order of time, with `embargo` rows left out between.

    Parameters
    ----------
    rows : ndarray of int
        As from `usable_rows`.
    shares : sequence of float
        Of each part; they add up to 1.
    embargo : int
        At least `embargo_of`, so that no row is used on both sides of a cut.

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


def mirrored(pictures: np.ndarray) -> np.ndarray:
    """Pictures of the book with buyers and sellers changed over, shape (..., levels, 4 or 5).

    What foretells a rise in one foretells a fall in the other. A forecaster that learns from both
    cannot take the direction in which the days learned from happened to go for a rule.
    """
    swapped = pictures[..., [2, 3, 0, 1, 4][:pictures.shape[-1]]]  # a copy
    swapped[..., 4:] *= -1.0
    return swapped


class Scale(NamedTuple):
    """Mean and standard deviation of each picture element over the rows learned from.

    They are those of the rows and of the same `mirrored`: alike for bid and ask.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, days: Sequence[DepthDay], rows: Sequence[np.ndarray]) -> "Scale":
        """Measure on rows of days, none of which may be judged by."""
        seen = np.concatenate([_pictures(day)[some] for day, some in zip(days, rows, strict=True)])
        seen = np.concatenate([seen, mirrored(seen)]).astype(float)
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
