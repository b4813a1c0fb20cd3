"""What the tokens ask of a book: where an order stands, which order stands there, how it looks.

Only orders of the crowd (owner 0) are counted as levels and places: a learned flow may not cancel
somebody else's order. Prices relative to the best quote do count everybody's orders.
"""

import numpy as np

from lobsim.engine.bits import next_above, next_below
from lobsim.engine.jit import njit
from lobsim.engine.state import ASK_ORDERS, BEST_ASK, BEST_BID, BID_ORDERS, PRICE_MIN

__all__ = ["FEATURES", "FEATURE_NAMES", "book_features"]

FEATURE_NAMES = ("spread", "imbalance", "bid_orders", "ask_orders",
                 "bid_size", "bid_size_2", "bid_queue", "bid_gap",
                 "ask_size", "ask_size_2", "ask_queue", "ask_gap")
FEATURES = len(FEATURE_NAMES)
"""Numbers that tell a model how the book looks before a message."""


@njit(borrows=True, inner=True)
def orders_on(book, side):
    """Orders that rest on a side, whoever owns them."""
    return book.scalars[BID_ORDERS] if side > 0 else book.scalars[ASK_ORDERS]


@njit(borrows=True, inner=True)
def first_level(book, side):
    """Index of the best level of a side, -1 if there is none."""
    if orders_on(book, side) == 0:
        return -1
    best = book.scalars[BEST_BID] if side > 0 else book.scalars[BEST_ASK]
    return best - book.scalars[PRICE_MIN]


@njit(borrows=True, inner=True)
def next_level(book, side, index):
    """Index of the next occupied level behind `index`, -1 if there is none."""
    if side > 0:
        return next_below(book.words, book.summary, index)
    return next_above(book.words, book.summary, index)


@njit(borrows=True, inner=True)
def crowd_from(book, slot):
    """The first order of the crowd from `slot` on, going back in the queue; 0 if there is none."""
    while slot != 0 and book.orders[slot]["owner"] != 0:
        slot = np.int64(book.orders[slot]["next"])
    return slot


@njit(borrows=True, inner=True)
def crowd_levels(book, side):
    """Levels of a side at which an order of the crowd rests."""
    count = 0
    index = first_level(book, side)
    while index >= 0:
        if crowd_from(book, np.int64(book.levels[index]["head"])) != 0:
            count += 1
        index = next_level(book, side, index)
    return count


@njit(borrows=True, inner=True)
def has_crowd(book, side):
    """Whether an order of the crowd rests on a side."""
    index = first_level(book, side)
    while index >= 0:
        if crowd_from(book, np.int64(book.levels[index]["head"])) != 0:
            return True
        index = next_level(book, side, index)
    return False


@njit(borrows=True, inner=True)
def level_at(book, side, rank):
    """Index of the level number `rank` = 0, 1, ... of the crowd; -1 if there are not so many."""
    index = first_level(book, side)
    while index >= 0:
        if crowd_from(book, np.int64(book.levels[index]["head"])) != 0:
            if rank == 0:
                return index
            rank -= 1
        index = next_level(book, side, index)
    return -1


@njit(borrows=True, inner=True)
def rank_of(book, side, price):
    """Levels of the crowd that are better than `price`."""
    rank = 0
    index = first_level(book, side)
    target = price - book.scalars[PRICE_MIN]
    while index >= 0 and index != target:
        if crowd_from(book, np.int64(book.levels[index]["head"])) != 0:
            rank += 1
        index = next_level(book, side, index)
    return rank


@njit(borrows=True, inner=True)
def crowd_orders(book, index):
    """Orders of the crowd at a level."""
    count = 0
    slot = crowd_from(book, np.int64(book.levels[index]["head"]))
    while slot != 0:
        count += 1
        slot = crowd_from(book, np.int64(book.orders[slot]["next"]))
    return count


@njit(borrows=True, inner=True)
def slot_at(book, index, place):
    """Slot of the order of the crowd that has `place` others of the crowd before it; 0 if none."""
    slot = crowd_from(book, np.int64(book.levels[index]["head"]))
    while slot != 0 and place > 0:
        place -= 1
        slot = crowd_from(book, np.int64(book.orders[slot]["next"]))
    return slot


@njit(borrows=True, inner=True)
def place_of(book, slot):
    """Orders of the crowd that stand before an order at its price."""
    place = 0
    ahead = np.int64(book.orders[slot]["prev"])
    while ahead != 0:
        if book.orders[ahead]["owner"] == 0:
            place += 1
        ahead = np.int64(book.orders[ahead]["prev"])
    return place


@njit(borrows=True, inner=True)
def book_features(book, unit, out):
    """Write `FEATURES` numbers of about unit size that describe the best two levels of each side.

    Sizes, orders and gaps (ticks from the best to the second level, 0 without one) enter as
    ``log(1 + x) / 4``, sizes in round lots of `unit`; the spread as ``log(ticks) / 4``; imbalance
    is (bid - ask) / (bid + ask) of the best sizes.
    """
    bid, ask = first_level(book, 1), first_level(book, -1)
    out[0] = 0.25 * np.log(ask - bid) if bid >= 0 and ask >= 0 else 0.0
    best = 0.0
    for which in range(2):
        side = 1 - 2 * which
        out[2 + which] = 0.25 * np.log1p(orders_on(book, side))
        index = bid if side > 0 else ask
        base = 4 + 4 * which
        for k in range(4):
            out[base + k] = 0.0
        if index < 0:
            continue
        total = book.levels[index]["total"]
        best += side * total
        out[base] = 0.25 * np.log1p(total / unit)
        out[base + 2] = 0.25 * np.log1p(book.levels[index]["count"])
        behind = next_level(book, side, index)
        if behind >= 0:
            out[base + 1] = 0.25 * np.log1p(book.levels[behind]["total"] / unit)
            out[base + 3] = 0.25 * np.log1p(abs(behind - index))
    both = 0.0
    if bid >= 0:
        both += book.levels[bid]["total"]
    if ask >= 0:
        both += book.levels[ask]["total"]
    out[1] = best / both if both > 0.0 else 0.0
