"""Quotes, market orders and order events out of a recording, a LOBSTER day, or read tables."""

import numpy as np
import pandas as pd

from lobsim.analytics._checks import NS_PER_S, need_columns
from lobsim.analytics.consolidate import nbbo
from lobsim.analytics.facts_messages import OrderEvents
from lobsim.analytics.facts_tape import market_orders
from lobsim.analytics.signs import lee_ready, tick_rule
from lobsim.analytics.trades import regular_trades
from lobsim.data import LobsterDay, bars_to_quotes
from lobsim.engine.codes import Kind
from lobsim.engine.units import Grid

__all__ = ["LobsterDay", "from_lobster", "from_tables", "is_market", "is_recording", "recorded",
           "recorded_window"]

_LOBSTER_KINDS = {1: Kind.LIMIT, 2: Kind.REDUCE, 3: Kind.CANCEL}
_VISIBLE, _HIDDEN = 4, 5  # LOBSTER types of executions


def is_market(source) -> bool:
    """Known by what it offers, so that measuring real data loads no simulator."""
    return all(hasattr(source, name) for name in ("record", "profile", "start_s", "clock_s"))


def is_recording(source) -> bool:
    """The same for the `Recording` of a market."""
    return all(hasattr(source, name) for name in ("initial", "messages", "fills", "tops"))


def recorded_window(recording) -> tuple[float, float]:
    """From the snapshot (or first message) to the last message, in seconds."""
    times = np.concatenate([recording.initial["time_ns"][:1], recording.messages["time_ns"][:1],
                            recording.messages["time_ns"][-1:]])
    if len(times) < 2 or times[0] >= times[-1]:
        raise ValueError("the recording holds no span of time; advance the market first")
    return times[0] / NS_PER_S, times[-1] / NS_PER_S


def recorded(recording, tick_size: float, lot_size: float):
    """Quotes (with the state at the start), market orders and order events of a recording."""
    from lobsim.market.state import HIDDEN  # here, where a recording has loaded it already

    fills, messages = recording.fills, recording.messages
    executions = pd.DataFrame({
        "time_ns": fills["time_ns"],
        "price": Grid(tick_size, "tick_size").value(fills["price_ticks"].astype(np.int64)),
        "size": Grid(lot_size, "lot_size").value(fills["size"].astype(np.int64)),
        "sign": fills["taker_side"],
        "message_index": fills["message_index"],
    }, copy=False)
    quotes = recording.tops
    opening = _opening(recording.initial, tick_size, lot_size)
    if opening is not None:
        quotes = pd.concat([opening, quotes], ignore_index=True)
    hidden = messages["owner"] == HIDDEN
    if hidden.any():
        messages = messages[~hidden]
    events = OrderEvents(messages["time_ns"], messages["order_id"], messages["kind"],
                         fills["maker_id"])
    return quotes, market_orders(executions), events


def _opening(initial: np.ndarray, tick_size: float, lot_size: float) -> pd.DataFrame | None:
    """Best quotes of the snapshot; None where it lacks a side."""
    row = {}
    for name, side, best in (("bid", 1, np.max), ("ask", -1, np.min)):
        orders = initial[initial["side"] == side]
        if not len(orders):
            return None
        price = best(orders["price_ticks"])
        lots = orders["size"][orders["price_ticks"] == price].sum()
        row[name] = float(Grid(tick_size, "tick_size").value(int(price)))
        row[f"{name}_size"] = Grid(lot_size, "lot_size").value(int(lots))
    return pd.DataFrame({"time_ns": initial["time_ns"][:1], **row})


def from_lobster(day: LobsterDay):
    """Quotes, market orders and order events of a LOBSTER day; hidden executions trade too."""
    messages, book = day.messages, day.book
    time = messages["time_ns"].to_numpy()
    quotes = pd.DataFrame({"time_ns": time} | {
        name: book[f"{side}_{what}_1"].to_numpy()
        for side in ("bid", "ask") for name, what in ((side, "price"), (f"{side}_size", "size"))})
    kind = messages["type"].to_numpy()
    traded = messages[(kind == _VISIBLE) | (kind == _HIDDEN)]
    executions = traded[["time_ns", "price", "size"]].assign(sign=-traded["direction"])
    codes = np.zeros(kind.max(initial=0) + 1, dtype=np.int64)
    for number, code in _LOBSTER_KINDS.items():
        codes[number:number + 1] = code
    order_id = messages["order_id"].to_numpy()
    events = OrderEvents(time, order_id, codes[kind], order_id[kind == _VISIBLE])
    return quotes, market_orders(executions), events


def from_tables(quotes, trades, signs, *, start_s, end_s, day_s, **_):
    """Consolidated quotes and signed regular trades."""
    if signs not in ("lee_ready", "tick"):
        raise ValueError(f"signs is {signs!r}; allowed are 'lee_ready' and 'tick'")
    kind = quotes.attrs.get("kind")
    best = bars_to_quotes(quotes) if kind == "bars" else quotes
    if kind in ("quotes", "nbbo", "bars"):
        # Every state counts, also of one time stamp: the order flow is the sum of all changes.
        best = nbbo(best, crossed="drop", locked="drop", same_time="all")
    if start_s == day_s[0]:  # the market before the opening auction is another one
        best = best[best["time_ns"] >= round(start_s * NS_PER_S)]
    need_columns(trades, ("time_ns", "price", "size"), "trades")
    trades = regular_trades(trades, start_s=start_s, end_s=end_s)
    if "sign" not in trades.columns:
        sign = tick_rule(trades["price"]) if signs == "tick" else lee_ready(trades, best)
        trades = trades.assign(sign=sign)
    return best, trades
