"""The common stream: 45-50 % limit, 40-45 % cancel, 10 % marketable, about 1,000 live orders.

The shape on which matching engines are compared. The generator plays the messages on a book
while it writes them, so that every cancel names an order that really rests.
"""

import numpy as np

from lobsim.engine import Kind, OrderBook, empty_messages

LIVE_ORDERS = 1_000
MID_TICKS = 10_000
PLACEMENT_TICKS = 12.0  # mean distance of a new order from the mid
MARKETABLE = 0.10
MAX_SIZE = 100  # of a resting order; a taker is half as large, so it fills half an order


def common_stream(count: int, seed: int = 7) -> np.ndarray:
    """`count` messages that build up and then hold about 1,000 orders; same seed, same stream.

    Takes about 6 microseconds a message; it is not what is measured.
    """
    rng = np.random.default_rng(seed)
    book = OrderBook(price_max=2 * MID_TICKS / 100)
    messages = empty_messages(count)
    messages["time_ns"] = np.arange(count)
    messages["order_id"] = 1 + np.arange(count)
    messages["side"] = rng.choice(np.array([1, -1]), count)
    messages["size"] = rng.integers(1, MAX_SIZE + 1, count)
    offsets = 1 + rng.exponential(PLACEMENT_TICKS, count).astype(np.int64)
    messages["price_ticks"] = MID_TICKS - messages["side"] * offsets
    messages["kind"] = Kind.LIMIT
    takes = rng.random(count) < MARKETABLE
    takes[:LIVE_ORDERS] = False
    messages["kind"][takes] = Kind.IOC
    messages["price_ticks"][takes] = MID_TICKS + 40 * messages["side"][takes]
    messages["size"][takes] = (messages["size"][takes] + 1) // 2
    draws, picks = rng.random((2, count))
    live: list[int] = []
    place: dict[int, int] = {}

    def forget(order_id):
        hole = place.pop(order_id)
        last = live.pop()
        if last != order_id:
            live[hole], place[last] = last, hole

    for index in range(count):
        p_limit = 0.50 if len(live) < LIVE_ORDERS else 0.45
        if index >= LIVE_ORDERS and not takes[index] and draws[index] * (1 - MARKETABLE) > p_limit:
            messages["kind"][index] = Kind.CANCEL
            messages["order_id"][index] = live[int(picks[index] * len(live))]
            forget(int(messages["order_id"][index]))
        elif not takes[index]:
            place[index + 1] = len(live)
            live.append(index + 1)
        for fill in book.process(messages[index : index + 1]):
            if fill["maker_left"] == 0:
                forget(int(fill["maker_id"]))
    return messages
