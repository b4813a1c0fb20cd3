"""One simulated book seen as many exchanges: who holds which order, and each one's best quote."""

import numpy as np
import pandas as pd

from lobsim.engine.codes import Kind
from lobsim.market.rng import Dice

EXCHANGES = ("P", "T", "N", "Z", "K", "B", "J", "Y", "V", "M")
"""Letters of the Daily TAQ specification: Arca, Nasdaq, NYSE, BATS, EDGX, BX, EDGA, BATS-Y, IEX,
Chicago."""
_SHARES = (0.20, 0.19, 0.12, 0.13, 0.12, 0.06, 0.05, 0.05, 0.04, 0.04)
LATENCY_NS = dict(zip(EXCHANGES, (180_000, 210_000, 190_000, 260_000, 270_000, 300_000,
                                  3_800_000, 290_000, 640_000, 21_000_000)))
"""Typical delay between the matching engine and the consolidated tape; Chicago's is long."""
ROUND_LOT = 100


def exchange_of_orders(seed: int, largest_id: int) -> np.ndarray:
    """Exchange (index into `EXCHANGES`) on which each order id, 0 to `largest_id`, rests."""
    return Dice(seed, 101).choice(largest_id + 1, np.arange(len(EXCHANGES)), _SHARES)


def exchange_quotes(recording, home: np.ndarray) -> pd.DataFrame:
    """Best quote of every exchange after each change of it.

    Only round lots are quoted: a price counts when at least 100 shares rest there, and the size
    is rounded down to hundreds.

    Parameters
    ----------
    recording : Recording
        Of a market; prices stay in ticks here.
    home : ndarray of int
        Exchange of each order id.

    Returns
    -------
    DataFrame
        ``time_ns, exchange (index), bid_ticks, bid_size, ask_ticks, ask_size`` in the order in
        which they happened; ticks are -1 and sizes 0 for a side without a round lot.
    """
    books = [({}, {}) for _ in EXCHANGES]
    orders: dict[int, tuple[int, int]] = {}
    last = [None] * len(EXCHANGES)
    rows: list[tuple] = []

    def change(order_id, lots):
        side, price = orders[order_id]
        venue = home[order_id]
        levels = books[venue][side < 0]
        left = levels.get(price, 0) + lots
        if left:
            levels[price] = left
        else:
            del levels[price]
        return venue

    def publish(venue, time_ns):
        state = (*_best(books[venue][0], max), *_best(books[venue][1], min))
        if state != last[venue]:
            last[venue] = state
            rows.append((time_ns, venue, *state))

    fills = recording.fills
    fill_at = np.searchsorted(fills["message_index"], np.arange(len(recording.messages) + 1))
    makers, sizes = fills["maker_id"].tolist(), fills["size"].tolist()
    for message in recording.initial.tolist():
        _, order_id, price, size, _, _, side, _ = message
        orders[order_id] = (side, price)
        change(order_id, size)
    for venue in range(len(EXCHANGES)):
        publish(venue, int(recording.initial["time_ns"][0]))
    for index, message in enumerate(recording.messages.tolist()):
        time_ns, order_id, price, size, _, kind, side, _ = message
        touched = set()
        if kind == Kind.LIMIT:
            orders[order_id] = (side, price)
            touched.add(change(order_id, size))
        elif kind in (Kind.CANCEL, Kind.REDUCE):
            touched.add(change(order_id, -size))
        for k in range(fill_at[index], fill_at[index + 1]):
            touched.add(change(makers[k], -sizes[k]))
        for venue in sorted(touched):
            publish(venue, time_ns)
    names = ["time_ns", "exchange", "bid_ticks", "bid_size", "ask_ticks", "ask_size"]
    return pd.DataFrame(rows, columns=names)


def _best(levels: dict[int, int], pick) -> tuple[int, int]:
    """Best price with a round lot and its size in round lots times 100; (-1, 0) without."""
    prices = [price for price, lots in levels.items() if lots >= ROUND_LOT]
    if not prices:
        return -1, 0
    price = pick(prices)
    return price, levels[price] // ROUND_LOT * ROUND_LOT
