"""Best quotes from changes of price levels: the book behind depth feeds of exchanges."""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np
import pandas as pd

__all__ = ["SET", "CLEAR_TO", "CLEAR", "BEST", "Levels", "best_quotes", "count_crossed"]

# What a row does to the book.
SET = 0  # the level at this price now holds this size; 0 takes it away
CLEAR_TO = 1  # levels of the side from the best to this price (itself too) are gone
CLEAR = 2  # all levels of the side are gone; of both sides when the side is 0
BEST = 3  # this is now the best level of the side: better ones are gone


class Levels:
    """Sizes by price on both sides; may be crossed, as feeds are."""

    def __init__(self):
        self.sizes: dict[int, dict[float, float]] = {1: {}, -1: {}}
        self.keys: dict[int, list[float]] = {1: [], -1: []}  # -side * price, the best first
        self.removed_unknown = 0

    def apply(self, what: int, side: int, price: float, size: float) -> None:
        """Carry out one row."""
        if what == CLEAR:
            for one in (1, -1) if side == 0 else (side,):
                self.sizes[one].clear()
                self.keys[one].clear()
        elif what == CLEAR_TO:
            self._drop_best(side, price, itself=True)
        else:
            if what == BEST:
                self._drop_best(side, price, itself=False)
            self._put(side, price, size)

    def _put(self, side: int, price: float, size: float) -> None:
        sizes, keys = self.sizes[side], self.keys[side]
        if size > 0:
            if price not in sizes:
                insort(keys, -side * price)
            sizes[price] = size
        elif price in sizes:
            del sizes[price], keys[bisect_left(keys, -side * price)]
        else:
            self.removed_unknown += 1

    def _drop_best(self, side: int, price: float, itself: bool) -> None:
        keys = self.keys[side]
        while keys and (keys[0] < -side * price or (itself and keys[0] == -side * price)):
            del self.sizes[side][-side * keys.pop(0)]

    def best(self, side: int) -> tuple[float, float]:
        """Best price and its size; NaN and 0 when the side is empty."""
        keys = self.keys[side]
        if not keys:
            return np.nan, 0.0
        price = -side * keys[0]
        return price, self.sizes[side][price]


def best_quotes(
    time_ns: np.ndarray,
    what: np.ndarray,
    side: np.ndarray,
    price: np.ndarray,
    size: np.ndarray,
    together: np.ndarray | None = None,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Best quotes after each group of rows that changes them.

    Parameters
    ----------
    time_ns : ndarray of int64
        Time of each row, in the order in which rows are applied.
    what : ndarray of int
        `SET`, `CLEAR_TO`, `CLEAR` or `BEST`.
    side : ndarray of int
        1 bid, -1 ask (0 both, with `CLEAR`).
    price, size : ndarray of float64
        Currency; units of the feed.
    together : ndarray of int64, optional
        Neighbouring rows of one value are one message: the book in between is never shown. By
        default `time_ns`.

    Returns
    -------
    DataFrame
        ``time_ns`` int64, ``bid, bid_size, ask, ask_size`` float64; NaN and 0 for an empty side.
    dict
        Counts of ``crossed, locked`` (rows of the table with the bid above, at the ask) and of
        ``removed_unknown`` (a level taken away that was not there).
    """
    together = time_ns if together is None else together
    ends = np.ones(len(time_ns), dtype=bool)
    ends[:-1] = together[1:] != together[:-1]
    book = Levels()
    found: list[tuple] = []
    last: tuple = (None,)
    columns = (time_ns, what, side, price, size, ends)
    for time, action, at, level, amount, end in zip(
        *(np.asarray(column).tolist() for column in columns), strict=True
    ):
        book.apply(action, at, level, amount)
        if end:
            (bid, bid_size), (ask, ask_size) = book.best(1), book.best(-1)
            # NaN is not equal to itself, so sizes tell an empty side.
            now = (bid_size and bid, bid_size, ask_size and ask, ask_size)
            if now != last:
                found.append((time, bid, bid_size, ask, ask_size))
                last = now
    table = pd.DataFrame(found, columns=["time_ns", "bid", "bid_size", "ask", "ask_size"])
    table = table.astype(dict.fromkeys(table.columns, np.float64) | {"time_ns": np.int64})
    return table, {**count_crossed(table), "removed_unknown": book.removed_unknown}


def count_crossed(quotes: pd.DataFrame) -> dict[str, int]:
    """Rows whose bid is above, and at, the ask."""
    return {
        "crossed": int((quotes["bid"] > quotes["ask"]).sum()),
        "locked": int((quotes["bid"] == quotes["ask"]).sum()),
    }
