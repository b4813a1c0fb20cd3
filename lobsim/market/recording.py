"""What a market with ``record=True`` keeps, and the book as messages that build it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.engine.codes import Kind
from lobsim.engine.records import MESSAGE
from lobsim.market.ledger import Ledger
from lobsim.market.state import TOP


@dataclass(frozen=True)
class Recording:
    """What a market with ``record=True`` kept.

    Attributes
    ----------
    initial : ndarray of MESSAGE
        Limit orders that build the book as it was at the start, in priority order.
    messages : ndarray of MESSAGE
        Every message since, background and own; replaying `initial` and these through the
        engine gives the same book and the same fills.
    fills : ndarray of FILL
        Every fill; ``message_index`` counts in `messages`.
    tops : DataFrame
        ``time_ns, bid, bid_size, ask, ask_size`` after each change; NaN for an empty side.
    """

    initial: np.ndarray
    messages: np.ndarray
    fills: np.ndarray
    tops: pd.DataFrame


def top_table(tops: np.ndarray, ledger: Ledger) -> pd.DataFrame:
    """Best quotes in currency from `TOP` records: the last one of each instant, if it is new."""
    values = np.column_stack([tops[name] for name in TOP.names[1:]])
    last = np.append(tops["time_ns"][1:] != tops["time_ns"][:-1], True) if len(tops) else []
    tops, values = tops[last], values[last]
    new = np.append(True, (values[1:] != values[:-1]).any(axis=1)) if len(tops) else []
    tops = tops[new]
    bid, ask = ledger.prices(tops["bid_ticks"]), ledger.prices(tops["ask_ticks"])
    return pd.DataFrame({
        "time_ns": tops["time_ns"],
        "bid": np.where(tops["bid_ticks"] >= 0, bid, np.nan),
        "bid_size": ledger.sizes(tops["bid_lots"]),
        "ask": np.where(tops["ask_ticks"] >= 0, ask, np.nan),
        "ask_size": ledger.sizes(tops["ask_lots"]),
    })


def snapshot(book, time_ns: int) -> np.ndarray:
    """Limit messages that rebuild the book as it is, best price and oldest order first."""
    rows = []
    for index in np.flatnonzero(book.levels["count"]):
        slot = int(book.levels[index]["head"])
        while slot:
            rows.append(slot)
            slot = int(book.orders[slot]["next"])
    orders = book.orders[rows]
    messages = np.zeros(len(rows), MESSAGE)
    for name in ("order_id", "price_ticks", "size", "owner", "side"):
        messages[name] = orders[name]
    messages["kind"] = Kind.LIMIT
    messages["new_order_id"] = -1
    messages["time_ns"] = time_ns
    return messages
