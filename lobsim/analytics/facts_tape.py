"""Quotes and trades of a window as plain arrays in ticks: what every stylised fact is read from."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.analytics._checks import NS_PER_S, need_columns, need_sorted

_OFF_GRID_TICKS = 0.01
"""A quote this far from a whole tick is no rounding of a decimal: the tick size is wrong."""


class Quotes(NamedTuple):
    """Best quotes in force within a window; every state has two sides and a positive spread.

    Attributes
    ----------
    time_ns : ndarray of int64
        Start of each state, sorted; the first may lie at the start of the window (carried in).
    bid, ask : ndarray of float64
        In whole ticks.
    bid_size, ask_size : ndarray of float64
    mid : ndarray of float64
        In ticks.
    end_ns : int
        End of the window: until when the last state is in force.
    """

    time_ns: np.ndarray
    bid: np.ndarray
    bid_size: np.ndarray
    ask: np.ndarray
    ask_size: np.ndarray
    mid: np.ndarray
    end_ns: int

    @property
    def held_s(self) -> np.ndarray:
        """Seconds for which each state stood."""
        return np.diff(self.time_ns, append=self.end_ns) / NS_PER_S

    def row_at(self, when: np.ndarray, *, before: bool = False) -> np.ndarray:
        """Row in force at (or just before) each time; -1 where none is known yet."""
        return np.searchsorted(self.time_ns, when, side="left" if before else "right") - 1

    def mid_at(self, when: np.ndarray, *, before: bool = False) -> np.ndarray:
        """Mid in ticks at (or just before) each time; NaN before the first state."""
        return pick(self.mid, self.row_at(when, before=before))


class Trades(NamedTuple):
    """Market orders within a window: time, price in ticks, size, sign (+1, -1, 0 unknown)."""

    time_ns: np.ndarray
    price: np.ndarray
    size: np.ndarray
    sign: np.ndarray
    fills: np.ndarray | None


def pick(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """`values[rows]`, NaN where a row is -1."""
    if not len(values):
        return np.full(len(rows), np.nan)
    picked = values[rows]
    if len(rows) and rows.min() < 0:
        picked = np.where(rows < 0, np.nan, picked)
    return picked


def grid_ns(start_ns: int, end_ns: int, step_ns: int) -> np.ndarray:
    """Times `step_ns` apart from the start of a window to its end, both included if they fit."""
    return np.arange(start_ns, end_ns + 1, step_ns, dtype=np.int64)


def quote_arrays(table: pd.DataFrame, tick_size: float, start_ns: int, end_ns: int) -> Quotes:
    """Cut a quote table to a window and turn its prices into ticks.

    A state with an empty side (NaN price or no size), or whose bid is not below its ask, is left
    out, and the state before it lives on; so do states equal to the one before.
    """
    need_columns(table, ("time_ns", "bid", "bid_size", "ask", "ask_size"), "quotes")
    time = table["time_ns"].to_numpy(np.int64)
    need_sorted(time, "quotes")
    stop = int(np.searchsorted(time, end_ns, side="left"))
    first = int(np.searchsorted(time, start_ns, side="right"))
    bid, bid_size, ask, ask_size = (table[name].to_numpy(np.float64)[:stop]
                                    for name in ("bid", "bid_size", "ask", "ask_size"))
    usable = (bid < ask) & (bid_size > 0) & (ask_size > 0)  # False where a value is NaN
    carried = np.flatnonzero(usable[:first])[-1:]
    rows = np.concatenate([carried, first + np.flatnonzero(usable[first:])])
    time = np.maximum(time[rows], start_ns)
    bid, ask = _ticks(bid[rows], tick_size, "bid"), _ticks(ask[rows], tick_size, "ask")
    bid_size, ask_size = bid_size[rows], ask_size[rows]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = ((np.diff(bid) != 0) | (np.diff(ask) != 0)
               | (np.diff(bid_size) != 0) | (np.diff(ask_size) != 0))
    if not new.all():
        time, bid, bid_size, ask, ask_size = (x[new] for x in (time, bid, bid_size, ask, ask_size))
    return Quotes(time, bid, bid_size, ask, ask_size, 0.5 * (bid + ask), end_ns)


def _ticks(price: np.ndarray, tick_size: float, name: str) -> np.ndarray:
    exact = price / tick_size
    ticks = np.rint(exact)
    off = np.abs(exact - ticks) > _OFF_GRID_TICKS
    if off.any():
        raise ValueError(f"{name} {price[off][0]:g} is not a multiple of tick_size={tick_size:g}; "
                         "give the tick size of this market")
    return ticks


def trade_arrays(table: pd.DataFrame, tick_size: float, start_ns: int, end_ns: int) -> Trades:
    """Cut a table of market orders to a window and turn its prices into ticks."""
    need_columns(table, ("time_ns", "price", "size", "sign"), "trades")
    time = table["time_ns"].to_numpy(np.int64)
    need_sorted(time, "trades")
    inside = slice(*np.searchsorted(time, (start_ns, end_ns), side="left"))
    sign = table["sign"].to_numpy(np.float64)[inside]
    if not np.isin(sign, (-1.0, 0.0, 1.0)).all():
        odd = sign[~np.isin(sign, (-1.0, 0.0, 1.0))][0]
        raise ValueError(f"sign of trades holds {odd}; allowed are +1, -1 and 0 (unknown)")
    fills = table["fills"].to_numpy(np.float64)[inside] if "fills" in table.columns else None
    return Trades(time[inside], table["price"].to_numpy(np.float64)[inside] / tick_size,
                  table["size"].to_numpy(np.float64)[inside], sign, fills)


def market_orders(executions: pd.DataFrame) -> pd.DataFrame:
    """One row per market order from the fills that it made on its way through the book.

    Neighbouring fills belong to one order when they have the same ``message_index``, or, where
    that column is missing, the same time stamp and side.

    Parameters
    ----------
    executions : DataFrame
        ``time_ns, price, size, sign`` in order of time and, where known, ``message_index``;
        sign +1 = the buyer took.

    Returns
    -------
    DataFrame
        ``time_ns, price`` (size-weighted mean), ``size`` (total), ``sign, fills`` (how many).

    Examples
    --------
    >>> fills = pd.DataFrame({"time_ns": [5, 5, 5], "price": [10.0, 10.3, 10.0],
    ...                       "size": [200, 100, 50], "sign": [1, 1, -1]})
    >>> market_orders(fills)
       time_ns  price  size  sign  fills
    0        5   10.1   300     1      2
    1        5   10.0    50    -1      1
    """
    need_columns(executions, ("time_ns", "price", "size", "sign"), "executions")
    time, sign = executions["time_ns"].to_numpy(), executions["sign"].to_numpy()
    if "message_index" in executions.columns:
        new = np.diff(executions["message_index"].to_numpy()) != 0
    else:
        new = (np.diff(time) != 0) | (np.diff(sign) != 0)
    first = np.flatnonzero(np.concatenate([[True], new])) if len(time) else np.zeros(0, np.int64)
    if not len(first):
        return executions[["time_ns", "price", "size", "sign"]].assign(fills=0)
    size, price = executions["size"].to_numpy(), executions["price"].to_numpy(np.float64)
    total = np.add.reduceat(size, first)
    orders = pd.DataFrame({
        "time_ns": time[first],
        "price": np.add.reduceat(size * price, first) / total,
        "size": total,
        "sign": sign[first],
        "fills": np.diff(first, append=len(time)),
    })
    orders.attrs = dict(executions.attrs)
    return orders
