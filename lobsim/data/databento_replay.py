"""Databento's market-by-order rows as messages for the engine, with the book of their snapshot."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from lobsim.data.databento import databento_trades
from lobsim.data.databento_layout import (
    BY_PRICE,
    LAST,
    MAYBE_BAD_BOOK,
    PRICE_UNITS,
    SNAPSHOT,
    TOP_OF_BOOK,
)
from lobsim.data.order_tape import OrderTape, TapeReplay, common_tick
from lobsim.data.textout import need

__all__ = ["mbo_to_messages"]

_NEEDED = (
    "time_ns", "action", "side", "price", "size", "order_id", "flags", "publisher_id",
    "instrument_id",
)  # fmt: skip
_REPORTED = (
    "unknown_orders", "reused_ids", "over_taken", "no_size", "no_price", "no_side", "crossed",
    "executed_while_crossed", "out_of_priority", "fills_without_change", "top_of_book", "clears",
)  # fmt: skip
_TOP = {1: -1, -1: -2}  # numbers of the one "order" of a side in a top-of-book feed


def mbo_to_messages(table: pd.DataFrame, tick_size: float | None = None) -> TapeReplay:
    """Turn market-by-order rows of one instrument and publisher into messages for the engine.

    Parameters
    ----------
    table : DataFrame
        From :func:`read_databento`, schema mbo.
    tick_size : float, optional
        Currency; by default the largest that all orders' prices are multiples of.

    Returns
    -------
    TapeReplay
        ``initial`` is the book of the snapshot at the beginning of the table (flag 32, with or
        without a leading R). ``trades`` is :func:`databento_trades`. ``order_ids`` holds the
        venue's order numbers; -1 and -2 stand for the best bid and ask of top-of-book records
        (flag 64), which are no orders. ``report`` counts ``unknown_orders`` (C of an order never
        added or gone: left out; an M of one is taken as an A), ``reused_ids``, ``over_taken``
        (cut to what was left), ``no_size``, ``no_price``, ``no_side`` (left out), ``crossed``
        (orders kept back at the end of their event until they no longer crossed),
        ``executed_while_crossed`` and ``out_of_priority`` (fills of orders that were not first in
        the queue of the best price: the shares leave without a fill of the engine),
        ``fills_without_change`` (shares of F rows that no C or M of the event took off),
        ``top_of_book``, ``clears``, ``maybe_bad_book`` (by flag 4) and ``still_kept_back``.

    Raises
    ------
    ValueError
        When the table holds several instruments or publishers, or totals of prices in place of
        orders (flag 16), or prices are no multiples of `tick_size`.

    Notes
    -----
    A becomes LIMIT, C CANCEL or REDUCE, R a CANCEL of every order. M keeps its place, as a REDUCE,
    if only its size falls; otherwise it is a REPLACE, which goes to the end of the queue. T and F
    change nothing by themselves: what an F says was filled, the C or M that follows in the same
    event takes off the order, as an IOC order of the other side, so the engine makes the fill. An
    event ends at flag 128.
    """
    need(table, _NEEDED, "a table of market-by-order rows")
    for name in ("instrument_id", "publisher_id"):
        values = table[name].unique()
        if len(values) > 1:
            raise ValueError(
                f"the table holds {len(values)} values of {name} ({values[0]}, {values[1]}, ...); "
                f"keep one with read_databento(path, {name.removesuffix('_id')}=...)"
            )
    flags = table["flags"].to_numpy()
    if (flags & BY_PRICE).any():
        raise ValueError(
            f"{int((flags & BY_PRICE > 0).sum())} rows are totals of a price (flag 16), not "
            "orders; such a feed cannot be turned into messages"
        )
    action, price = table["action"].to_numpy(dtype=str), table["price"].to_numpy()
    units = np.rint(np.nan_to_num(price) * PRICE_UNITS).astype(np.int64)
    resting = np.isin(action, ["A", "M"]) & ~np.isnan(price)
    tick = common_tick(units[resting], 1 / PRICE_UNITS, tick_size)
    ticks = np.where(np.isnan(price), 0, units // tick)
    walk = _Walk()
    behind = _end_of_snapshot(action, flags)
    columns = [table[name].to_numpy() for name in ("time_ns", "order_id", "side", "size")]
    columns += [ticks, np.isnan(price), flags, action]
    walk.rows(columns, 0, behind)
    initial, _ = walk.tape.end()
    walk.rows(columns, behind, len(table))
    messages, rows = walk.tape.end()
    tape = walk.tape
    none = tape.lowest > tape.highest
    report = {name: tape.counts[name] for name in _REPORTED}
    report["maybe_bad_book"] = int((flags & MAYBE_BAD_BOOK > 0).sum())
    report["still_kept_back"] = len(tape.kept_back)
    return TapeReplay(
        messages=messages,
        initial=initial,
        rows=rows,
        is_patch=np.zeros(len(messages), bool),
        order_ids=np.array(tape.references, np.int64),
        tick_size=tick / PRICE_UNITS,
        price_min=(1 if none else tape.lowest) * tick / PRICE_UNITS,
        price_max=(1 if none else tape.highest) * tick / PRICE_UNITS,
        trades=databento_trades(table),
        report=report,
    )


def _end_of_snapshot(action: np.ndarray, flags: np.ndarray) -> int:
    """Rows at the beginning that belong to a snapshot."""
    inside = (flags & SNAPSHOT > 0) | (action == "R")
    return len(inside) if inside.all() else int(np.argmin(inside))


class _Walk:
    """Goes through the rows, event by event."""

    def __init__(self):
        self.tape = OrderTape()
        self.filled: Counter[int] = Counter()  # by order: what F rows of the event said

    def rows(self, columns: list[np.ndarray], first: int, behind: int) -> None:
        """Rows `first` to `behind`; the last of them ends an event."""
        parts = [column[first:behind].tolist() for column in columns]
        for row, values in enumerate(zip(*parts, strict=True), first):
            time, order, side, size, ticks, no_price, flags, action = values
            self.tape.start(time, row)
            if flags & TOP_OF_BOOK and action == "A":
                self._top(side, ticks, size, no_price)
            elif action in "AM":
                self._order(action, order, side, ticks, size, no_price)
            elif action == "C":
                self._cancel(order, size)
            elif action == "R":
                self.tape.counts["clears"] += 1
                self.tape.clear()
            elif action == "F":
                self.filled[order] += size
            if flags & LAST:
                self._end()
        self._end()

    def _end(self) -> None:
        if self.filled:
            self.tape.counts["fills_without_change"] += self.filled.total()
            self.filled.clear()
        self.tape.settle()

    def _executed(self, order: int, most: int) -> int:
        """Carry out the fill of an order that is announced, as far as the change allows it."""
        size = min(self.filled.get(order, 0), most) if self.filled else 0
        if size > 0:
            self.filled[order] -= size
            self.tape.execute(order, size)
        return size

    def _cancel(self, order: int, size: int) -> None:
        self.tape.take(order, size - self._executed(order, size))

    def _order(self, action: str, order: int, side: int, ticks: int, size: int, no_price) -> None:
        if no_price or side == 0:
            self.tape.counts["no_price" if no_price else "no_side"] += 1
        elif action == "A":
            self.tape.add(order, side, ticks, size)
        else:
            held = self.tape.orders.get(order)
            if held is None:
                self.tape.counts["unknown_orders"] += 1
            else:
                self._executed(order, held[3])
            if order in self.tape.orders:
                self.tape.modify(order, side, ticks, size)
            else:
                self.tape.add(order, side, ticks, size)

    def _top(self, side: int, ticks: int, size: int, no_price: bool) -> None:
        """A new best price of a side replaces what stood there."""
        self.tape.counts["top_of_book"] += 1
        for name in (side,) if side else (1, -1):
            if _TOP[name] in self.tape.orders:
                self.tape.delete(_TOP[name])
        if side and not no_price and size:
            self.tape.add(_TOP[side], side, ticks, size)
