"""Looking at a book without changing it: depth, queues, order lists, consistency."""

import numpy as np

from .bits import next_above, next_below
from .jit import njit
from .state import (
    ASK_ORDERS,
    BEST_ASK,
    BEST_BID,
    BID_ORDERS,
    FREE_SLOT,
    PRICE_MAX,
    PRICE_MIN,
)

__all__ = ["depth_into", "ahead_of", "slots_into", "find_fault", "FAULTS"]

FAULTS = (
    "",
    "the best bid is not below the best ask",
    "a best price is not the first occupied price of its side",
    "the bitmap of occupied prices does not agree with the levels",
    "a level's queue is not linked correctly",
    "an order does not belong to the level it is queued at",
    "an order is not found under its id",
    "a level's total or count does not agree with its orders",
    "the number of orders on a side is wrong",
    "the free list is not exactly the unused slots",
    "an id points to an order that does not rest",
)


@njit(borrows=True)
def depth_into(book, side, prices, sizes, counts):
    """Write the best levels of a side, best first; returns how many there were.

    At most ``len(prices)`` levels: price in ticks, total lots, number of orders.
    """
    scalars = book.scalars
    low = scalars[PRICE_MIN]
    if scalars[BID_ORDERS if side > 0 else ASK_ORDERS] == 0:
        return 0
    index = (scalars[BEST_BID] if side > 0 else scalars[BEST_ASK]) - low
    n = 0
    while index >= 0 and n < prices.shape[0]:
        prices[n] = index + low
        sizes[n] = book.levels[index]["total"]
        counts[n] = book.levels[index]["count"]
        n += 1
        if side > 0:
            index = next_below(book.words, book.summary, index)
        else:
            index = next_above(book.words, book.summary, index)
    return n


@njit(borrows=True)
def ahead_of(book, slot):
    """Lots and orders that stand before a resting order at its price."""
    lots = 0
    orders = 0
    other = np.int64(book.orders[slot]["prev"])
    while other != 0:
        lots += np.int64(book.orders[other]["size"])
        orders += 1
        other = np.int64(book.orders[other]["prev"])
    return lots, orders


@njit(borrows=True)
def slots_into(book, side, slots):
    """Write the slots of a side in order of priority; returns how many were written."""
    scalars = book.scalars
    if scalars[BID_ORDERS if side > 0 else ASK_ORDERS] == 0:
        return 0
    index = (scalars[BEST_BID] if side > 0 else scalars[BEST_ASK]) - scalars[PRICE_MIN]
    n = 0
    while index >= 0:
        slot = np.int64(book.levels[index]["head"])
        while slot != 0:
            if n == slots.shape[0]:
                return n
            slots[n] = slot
            n += 1
            slot = np.int64(book.orders[slot]["next"])
        if side > 0:
            index = next_below(book.words, book.summary, index)
        else:
            index = next_above(book.words, book.summary, index)
    return n


@njit(borrows=True, inner=True)
def _level_fault(book, index):
    """Fault of one occupied level, or 0."""
    level = book.levels[index]
    price = index + book.scalars[PRICE_MIN]
    side = 1 if price <= book.scalars[BEST_BID] else -1
    total = 0
    count = 0
    ahead = 0
    slot = np.int64(level["head"])
    while slot != 0:
        order = book.orders[slot]
        if order["prev"] != ahead or count > level["count"]:
            return 4
        if order["price_ticks"] != price or order["side"] != side or order["size"] < 1:
            return 5
        order_id = np.int64(order["order_id"])
        if order_id < book.slot_of.shape[0] and book.slot_of[order_id] != slot:
            return 6
        total += np.int64(order["size"])
        count += 1
        ahead = slot
        slot = np.int64(order["next"])
    if level["tail"] != ahead:
        return 4
    if total != level["total"] or count != level["count"]:
        return 7
    return 0


@njit(borrows=True)
def find_fault(book):
    """Index into `FAULTS` of the first broken invariant, 0 if the book is sound.

    Looks at every level, slot and id, so it is slow on large books.
    """
    scalars = book.scalars
    low = scalars[PRICE_MIN]
    bids = 0
    asks = 0
    top_bid = low - 1
    top_ask = scalars[PRICE_MAX] + 1
    if scalars[BEST_BID] >= scalars[BEST_ASK]:
        return 1
    for index in range(book.levels.shape[0]):
        count = np.int64(book.levels[index]["count"])
        marked = (book.words[index >> 5] >> (index & 31)) & 1
        if marked != (1 if count > 0 else 0):
            return 3
        if count == 0:
            if book.levels[index]["total"] != 0 or book.levels[index]["head"] != 0:
                return 7
            continue
        fault = _level_fault(book, index)
        if fault != 0:
            return fault
        if index + low <= scalars[BEST_BID]:
            bids += count
            top_bid = index + low
        else:
            asks += count
            top_ask = min(top_ask, index + low)
    for word in range(book.words.shape[0]):
        marked = (book.summary[word >> 5] >> (word & 31)) & 1
        if marked != (1 if book.words[word] != 0 else 0):
            return 3
    if top_bid != scalars[BEST_BID] or top_ask != scalars[BEST_ASK]:
        return 2
    if bids != scalars[BID_ORDERS] or asks != scalars[ASK_ORDERS]:
        return 8
    free = 0
    slot = scalars[FREE_SLOT]
    while slot != 0 and free <= book.orders.shape[0]:
        if book.orders[slot]["size"] != 0:
            return 9
        free += 1
        slot = np.int64(book.orders[slot]["next"])
    if free + bids + asks != book.orders.shape[0] - 1:
        return 9
    for order_id in range(book.slot_of.shape[0]):
        slot = np.int64(book.slot_of[order_id])
        order = book.orders[max(slot, 0)]
        if slot > 0 and (order["size"] < 1 or order["order_id"] != order_id):
            return 10
    return 0
