"""ITCH events as messages for the engine, and as a table of trades."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lobsim.data.order_tape import OrderTape, TapeReplay, common_tick
from lobsim.data.textout import need

__all__ = ["itch_to_messages", "itch_trades"]

_E4 = 1e-4  # dollars of a unit of price
_NEEDED = (
    "time_ns", "type", "order_id", "new_order_id", "side", "size", "price_e4", "match",
    "printable",
)  # fmt: skip


def itch_trades(table: pd.DataFrame) -> pd.DataFrame:
    """Trades of an ITCH table.

    Parameters
    ----------
    table : DataFrame
        From :func:`read_itch`, of one symbol.

    Returns
    -------
    DataFrame
        One row for each E, C, P and Q with shares: ``time_ns``, ``price`` (dollars; NaN where the
        order is not known), ``size`` (shares), ``sign`` (1 buyer-initiated, -1 seller, 0 not
        known), ``order_id`` (of the resting order, 0 = not shown), ``match``, ``type``,
        ``printable`` (False: not part of the volume, for it is in a cross or reported
        otherwise), ``broken`` (a later B broke it off), ``row`` (of `table`).

        The sign of E and C is minus the side of the resting order, also for non-printable ones.
        A P names the side of the hidden order; since 14 July 2014 that is always B, so signs of P
        are 0 unless both sides occur. Volume is the sum of printable, not broken sizes.
    """
    need(table, _NEEDED, "a table of ITCH trades")
    kind = table["type"].to_numpy(dtype=str)
    row = np.flatnonzero(np.isin(kind, ["E", "C", "P", "Q"]) & (table["size"].to_numpy() > 0))
    part, kind = table.iloc[row], kind[row]
    side = part["side"].to_numpy().copy()
    hidden = kind == "P"
    if len(np.unique(side[hidden])) < 2:
        side[hidden] = 0
    match = part["match"].to_numpy()
    broken = table["match"].to_numpy()[table["type"].to_numpy(dtype=str) == "B"]
    price_e4 = part["price_e4"].to_numpy()
    return pd.DataFrame(
        {
            "time_ns": part["time_ns"].to_numpy(),
            "price": np.where(price_e4 < 0, np.nan, price_e4 / 1e4),
            "size": part["size"].to_numpy(),
            "sign": -side,
            "order_id": part["order_id"].to_numpy(),
            "match": match,
            "type": pd.Series(kind, dtype=str),
            "printable": part["printable"].to_numpy(),
            "broken": np.isin(match, broken),
            "row": row,
        }
    )


def itch_to_messages(table: pd.DataFrame, tick_size: float | None = None) -> TapeReplay:
    """Turn the ITCH events of one symbol into messages for the engine.

    Parameters
    ----------
    table : DataFrame
        From :func:`read_itch`.
    tick_size : float, optional
        Dollars; by default the largest that all orders' prices are multiples of.

    Returns
    -------
    TapeReplay
        Its ``initial`` is empty: an ITCH day begins with an empty book. ``trades`` is
        :func:`itch_trades`. ``report`` counts ``unknown_orders`` (events about orders never
        added or gone: left out), ``reused_ids`` (an order was added under a living order's
        number, which it pushes out), ``over_taken`` (cut to what was left), ``no_size`` (left
        out), ``crossed`` (orders kept back until they no longer crossed),
        ``executed_while_crossed`` and ``out_of_priority`` (executions that are no fills of the
        engine, for the order was not first in the queue of the best price; its shares leave all
        the same), ``other_price`` and ``not_printable`` (C messages: shares leave without
        a fill), and ``still_kept_back`` (orders never released).

    Raises
    ------
    ValueError
        When the table holds several symbols, or prices are no multiples of `tick_size`.

    Notes
    -----
    A and F become LIMIT, X REDUCE, D CANCEL; U a CANCEL and a LIMIT of a new id, for it loses its
    place whatever it changes. E becomes an IOC order of the other side, so the engine matches it
    against its own queue. P, Q, B and H do not touch the book.
    """
    need(table, _NEEDED, "a table of ITCH events")
    symbols = set(table["symbol"].unique()) - {""} if "symbol" in table else set()
    if len(symbols) > 1:
        raise ValueError(
            f"the table holds {len(symbols)} symbols; read one with read_itch(path, symbol)"
        )
    kind = table["type"].to_numpy(dtype=str)
    price = table["price_e4"].to_numpy()
    tick = common_tick(price[np.isin(kind, ["A", "F", "U"])], _E4, tick_size)
    tape = OrderTape()
    acts = _acts(tape, tick)
    rows = np.flatnonzero(np.isin(kind, list(acts)))
    columns = ("time_ns", "order_id", "new_order_id", "side", "size", "price_e4", "printable")
    values = [table[name].to_numpy()[rows].tolist() for name in columns]
    for row, letter, time, *event in zip(rows.tolist(), kind[rows].tolist(), *values, strict=True):
        tape.start(time, row)
        acts[letter](*event)
        tape.settle()
    messages, at = tape.end()
    tape.counts["still_kept_back"] = len(tape.kept_back)
    none = tape.lowest > tape.highest  # no order at all
    return TapeReplay(
        messages=messages,
        initial=messages[:0],
        rows=at,
        is_patch=np.zeros(len(messages), bool),
        order_ids=np.array(tape.references, np.int64),
        tick_size=tick / 1e4,
        price_min=(1 if none else tape.lowest) * tick / 1e4,
        price_max=(1 if none else tape.highest) * tick / 1e4,
        trades=itch_trades(table),
        report=_report(tape),
    )


def _acts(tape: OrderTape, tick: int) -> dict:
    """What each type does, with the arguments id, new id, side, size, price and printable."""

    def add(order, _new, side, size, price, _printable):
        tape.add(order, side, price // tick, size)

    def execute(order, _new, _side, size, _price, _printable):
        tape.execute(order, size)

    def execute_at(order, _new, _side, size, price, printable):
        held = tape.orders.get(order)
        if printable and held is not None and held[2] * tick == price:
            tape.execute(order, size)
            return
        tape.counts["other_price" if printable else "not_printable"] += 1
        tape.take(order, size)

    def cancel(order, _new, _side, size, _price, _printable):
        tape.take(order, size)

    def delete(order, *_):
        tape.delete(order)

    def replace(order, new, _side, size, price, _printable):
        tape.replace(order, new, price // tick, size)

    return {
        "A": add, "F": add, "E": execute, "C": execute_at, "X": cancel, "D": delete, "U": replace,
    }  # fmt: skip


def _report(tape: OrderTape) -> dict:
    names = (
        "unknown_orders", "reused_ids", "over_taken", "no_size", "crossed",
        "executed_while_crossed", "out_of_priority", "other_price", "not_printable",
        "still_kept_back",
    )  # fmt: skip
    return {name: tape.counts[name] for name in names}
