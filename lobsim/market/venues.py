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
    replay = _Venues(home)
    fills, messages = recording.fills, recording.messages
    fill_at = np.searchsorted(fills["message_index"], np.arange(len(messages) + 1))
    makers, sizes = fills["maker_id"].tolist(), fills["size"].tolist()
    for _, order_id, price, size, _, _, side, _ in recording.initial.tolist():
        replay.place(order_id, side, price, size)
    for venue in range(len(EXCHANGES)):
        replay.publish(venue, int(recording.initial["time_ns"][0]))
    for index, message in enumerate(messages.tolist()):
        time_ns, order_id, price, size, _, kind, side, _ = message
        touched = set()
        if kind == Kind.LIMIT:
            touched.add(replay.place(order_id, side, price, size))
        elif kind in (Kind.CANCEL, Kind.REDUCE):
            touched.add(replay.change(order_id, -size))
        for k in range(fill_at[index], fill_at[index + 1]):
            touched.add(replay.change(makers[k], -sizes[k]))
        for venue in sorted(touched):
            replay.publish(venue, time_ns)
    names = ["time_ns", "exchange", "bid_ticks", "bid_size", "ask_ticks", "ask_size"]
    return pd.DataFrame(replay.rows, columns=names)


class _Venues:
    """Price levels of every exchange, and the rows written whenever a best quote changed."""

    def __init__(self, home: np.ndarray):
        self.home = home
        self.rows: list[tuple] = []
        self._books: list[tuple[dict, dict]] = [({}, {}) for _ in EXCHANGES]
        self._orders: dict[int, tuple[int, int]] = {}
        self._last: list[tuple | None] = [None] * len(EXCHANGES)

    def place(self, order_id: int, side: int, price: int, lots: int) -> int:
        """A new order rests; returns its exchange."""
        self._orders[order_id] = (side, price)
        return self.change(order_id, lots)

    def change(self, order_id: int, lots: int) -> int:
        """An order grows or shrinks by `lots`; returns its exchange."""
        side, price = self._orders[order_id]
        venue = int(self.home[order_id])
        levels = self._books[venue][side < 0]
        left = levels.get(price, 0) + lots
        if left:
            levels[price] = left
        else:
            del levels[price]
        return venue

    def publish(self, venue: int, time_ns: int) -> None:
        """Write the best quote of an exchange if it is not the one written last."""
        bids, asks = self._books[venue]
        state = (*_best(bids, max), *_best(asks, min))
        if state != self._last[venue]:
            self._last[venue] = state
            self.rows.append((time_ns, venue, *state))


def _best(levels: dict[int, int], pick) -> tuple[int, int]:
    """Best price with a round lot and its size in round lots times 100; (-1, 0) without."""
    prices = [price for price, lots in levels.items() if lots >= ROUND_LOT]
    if not prices:
        return -1, 0
    price = pick(prices)
    return price, levels[price] // ROUND_LOT * ROUND_LOT
