"""The common stream: 45-50 % limit, 40-45 % cancel, 10 % marketable, three depths of book.

The shape on which matching engines are compared. The generator plays the messages on a book
while it writes them, so that every cancel names an order that rests at that moment.
"""

from typing import NamedTuple

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.dispatch import process_messages
from lobsim.engine.jit import njit
from lobsim.engine.records import FILL, OUTCOME, empty_messages
from lobsim.engine.state import new_state

__all__ = ["DEPTHS", "BAND_TICKS", "MARKETABLE", "Shape", "common_stream", "shape_of"]

DEPTHS = (100, 1_000, 10_000)  # live orders
MID_TICKS = 10_000
BAND_TICKS = (1, 2 * MID_TICKS)  # prices that a book needs to hold any of the streams
MARKETABLE = 0.10  # share of IOC orders, priced through the other side
MAX_SIZE = 100  # lots of a resting order; a taker asks for half as many at most
REACH = 4  # a taker's limit lies this many mean placement distances beyond the mid
PULL = 0.05  # how much the share of limit orders moves to hold the number of live orders
LIMIT = int(Kind.LIMIT)
CANCEL = int(Kind.CANCEL)


class Shape(NamedTuple):
    """What makes a stream of one depth."""

    live_orders: int  # orders that rest once the book has filled
    placement_ticks: float  # mean distance of a new order from the mid


def shape_of(live_orders: int) -> Shape:
    """Shape of the stream that holds about so many orders.

    Parameters
    ----------
    live_orders : int
        1 to 1,000,000. The mean distance of new orders from the mid grows as its square root
        (12 ticks at 1,000 orders), so that levels and queues both grow with the book.

    Raises
    ------
    ValueError
        If `live_orders` is outside its range.
    """
    if not 1 <= live_orders <= 1_000_000:
        raise ValueError(f"live_orders is {live_orders}; it must be from 1 to 1000000")
    return Shape(live_orders, 12.0 * (live_orders / 1_000) ** 0.5)


@njit
def _fill_in(book, messages, takes, draws, picks, wanted, live, place):
    """Turn the drawn rows into limit orders, takers and cancels of what rests; plays them."""
    fills = np.zeros(messages.shape[0] + wanted, FILL)
    nothing = np.zeros(0, OUTCOME)
    n_live = 0
    for index in range(messages.shape[0]):
        message = messages[index]
        share = (0.5 if n_live < wanted else 0.5 - PULL) / (1 - MARKETABLE)
        if not takes[index] and index >= wanted and draws[index] > share and n_live > 0:
            chosen = live[np.int64(picks[index] * n_live)]
            message["kind"] = CANCEL
            message["order_id"] = chosen
            n_live -= 1
            live[place[chosen]] = live[n_live]
            place[live[n_live]] = place[chosen]
        elif not takes[index]:
            place[index + 1] = n_live
            live[n_live] = index + 1
            n_live += 1
        _, n_fills, _ = process_messages(book, messages[: index + 1], index, fills, 0, nothing)
        for row in range(n_fills):
            if fills[row]["maker_left"] == 0:
                gone = np.int64(fills[row]["maker_id"])
                n_live -= 1
                live[place[gone]] = live[n_live]
                place[live[n_live]] = place[gone]


def common_stream(count: int, live_orders: int = 1_000, seed: int = 7) -> np.ndarray:
    """Messages that build up and then hold about `live_orders` orders.

    Parameters
    ----------
    count : int
        Number of messages, 0 to 2**31 - 2. The first `live_orders` are all limit orders.
    live_orders : int
        See `shape_of`.
    seed : int
        Same arguments, same stream.

    Returns
    -------
    ndarray of shape (count,), dtype `MESSAGE`
        Order ids are 1 + index, prices lie in `BAND_TICKS`, owners are 0. All messages are
        accepted by a book that holds `BAND_TICKS` and ids up to `count`.

    Examples
    --------
    >>> stream = common_stream(1_000, live_orders=10)
    >>> sorted(set(stream["kind"].tolist())) == [Kind.LIMIT, Kind.IOC, Kind.CANCEL]
    True
    """
    wanted, placement_ticks = shape_of(live_orders)
    rng = np.random.default_rng(seed)
    messages = empty_messages(count)
    messages["time_ns"] = np.arange(count)
    messages["order_id"] = 1 + np.arange(count)
    side = rng.choice(np.array([1, -1]), count)
    size = rng.integers(1, MAX_SIZE + 1, count)
    offset_ticks = 1 + rng.exponential(placement_ticks, count)
    takes = rng.random(count) < MARKETABLE
    takes[:wanted] = False
    # A taker goes for the other side, a limit order stays on its own side of the mid.
    offset_ticks = np.where(takes, -REACH * placement_ticks - 1, offset_ticks)
    low, high = BAND_TICKS
    messages["side"] = side
    messages["size"] = np.where(takes, (size + 1) // 2, size)
    messages["price_ticks"] = np.clip(MID_TICKS - side * offset_ticks.astype(np.int64), low, high)
    messages["kind"] = np.where(takes, int(Kind.IOC), LIMIT)
    draws, picks = rng.random((2, count))
    book = new_state(low, high, slots=max(count, 1), ids=count + 1)
    live = np.zeros(count + 1, np.int64)
    place = np.zeros(count + 1, np.int64)
    _fill_in(book, messages, takes, draws, picks, wanted, live, place)
    return messages
