"""Slot-level kernels: rest an order, take it out, match an incoming one. Compiled, exact.

A floor that generates its own flow (the market) calls these directly with a `BookState` and
integers; it must check prices, sizes and room itself, as `dispatch` does for messages:

* ``price_min <= price_ticks <= price_max``, ``1 <= size < 2**31``, side +1 or -1;
* ``order_id`` at least 1 and never used before; ids beyond ``slot_of`` rest and match all the
  same, but the caller must remember their slots itself (a market does, to stay small);
* before `rest`: a free slot (``scalars[FREE_SLOT] != 0``), and nothing that would cross;
* before `match`: room for ``fills_bound`` more fills in the fill array.

A kernel that calls these should be decorated ``@njit(borrows=True)`` too (see `lobsim.engine.jit`).
Pass int64 everywhere, so that each function is compiled once.

Each price is a doubly linked list of slots in order of arrival: price-time priority.
"""

import numpy as np

from .bits import at, mark, next_above, next_below, unmark
from .codes import SelfTrade
from .jit import njit
from .state import (
    ASK_ORDERS,
    BEST_ASK,
    BEST_BID,
    BID_ORDERS,
    FREE_SLOT,
    PRICE_MAX,
    PRICE_MIN,
    SELF_TRADE,
    VOLUME,
)

__all__ = ["rest", "remove", "shrink", "match", "available", "crosses", "fills_bound"]

ALLOW = int(SelfTrade.ALLOW)
CANCEL_RESTING = int(SelfTrade.CANCEL_RESTING)
CANCEL_INCOMING = int(SelfTrade.CANCEL_INCOMING)


@njit(borrows=True, inner=True, forceinline=True)
def own(scalar, side):
    """Position in `scalars` of the order's own side, of BEST_BID or BID_ORDERS and the next.

    Computed, because buying and selling alternate at random: a jump on the side is predicted
    wrongly half of the time, which costs more than the rest of the work on a new order.
    """
    return at(scalar + (side < 0))


@njit(borrows=True, inner=True, forceinline=True)
def other(scalar, side):
    """Position in `scalars` of the side that an order trades against; see `own`."""
    return at(scalar + (side > 0))


@njit(borrows=True, inner=True, forceinline=True)
def rest(book, side, price_ticks, size, owner, order_id):
    """Put an order at the back of the queue at its price; returns its slot.

    Takes a slot off the free list, which must not be empty. The price must not cross.
    """
    scalars = book.scalars
    slot = scalars[FREE_SLOT]
    order = book.orders[at(slot)]
    scalars[FREE_SLOT] = order["next"]
    index = price_ticks - scalars[PRICE_MIN]
    level = book.levels[at(index)]
    tail = level["tail"]
    order["order_id"] = order_id
    order["price_ticks"] = price_ticks
    order["size"] = size
    order["owner"] = owner
    order["next"] = 0
    order["prev"] = tail
    order["side"] = side
    order["tag"] = 0
    if order_id < book.slot_of.shape[0]:  # a book made with ids=0 keeps no map from ids to slots
        book.slot_of[at(order_id)] = slot
    level["tail"] = slot
    level["total"] += size
    level["count"] += 1
    if tail == 0:
        level["head"] = slot
        mark(book.words, book.summary, index)
    else:
        book.orders[at(tail)]["next"] = slot
    scalars[own(BID_ORDERS, side)] += 1
    best = scalars[own(BEST_BID, side)]
    scalars[own(BEST_BID, side)] = price_ticks if side * (price_ticks - best) > 0 else best
    return slot


@njit(borrows=True, inner=True, forceinline=True)
def _level_gone(book, side, index):
    """Clear an emptied level's bit and move the best price off it."""
    scalars = book.scalars
    unmark(book.words, book.summary, index)
    low = scalars[PRICE_MIN]
    if side > 0:
        if index == scalars[BEST_BID] - low:
            if scalars[BID_ORDERS] == 0:
                scalars[BEST_BID] = low - 1
            else:
                scalars[BEST_BID] = low + next_below(book.words, book.summary, index)
    elif index == scalars[BEST_ASK] - low:
        if scalars[ASK_ORDERS] == 0:
            scalars[BEST_ASK] = scalars[PRICE_MAX] + 1
        else:
            scalars[BEST_ASK] = low + next_above(book.words, book.summary, index)


@njit(borrows=True, inner=True, forceinline=True)
def remove(book, slot):
    """Take a resting order out of its queue and free its slot; its id stays used."""
    scalars = book.scalars
    orders = book.orders
    order = orders[at(slot)]
    side = np.int64(order["side"])
    ahead = order["prev"]
    behind = order["next"]
    index = order["price_ticks"] - scalars[PRICE_MIN]
    level = book.levels[at(index)]
    level["total"] -= order["size"]
    level["count"] -= 1
    # Slot 0 is a dummy: writing to it costs less than asking whether there is a neighbour.
    orders[at(ahead)]["next"] = behind
    orders[at(behind)]["prev"] = ahead
    # Chosen, not jumped over: whether an order stood first or last cannot be predicted.
    level["head"] = behind if ahead == 0 else level["head"]
    level["tail"] = ahead if behind == 0 else level["tail"]
    if order["order_id"] < book.slot_of.shape[0]:
        book.slot_of[at(order["order_id"])] = -1
    order["size"] = 0
    order["next"] = scalars[FREE_SLOT]
    scalars[FREE_SLOT] = slot
    scalars[own(BID_ORDERS, side)] -= 1
    if level["count"] == 0:
        _level_gone(book, side, index)


@njit(borrows=True, inner=True, forceinline=True)
def shrink(book, slot, size):
    """Take `size` lots off a resting order that has more; it keeps its place."""
    order = book.orders[at(slot)]
    order["size"] -= size
    book.levels[at(order["price_ticks"] - book.scalars[PRICE_MIN])]["total"] -= size


@njit(borrows=True, inner=True, forceinline=True)
def crosses(book, side, price_ticks):
    """Whether an incoming order at this price, inside the band, would meet a resting one.

    An empty side has its best price just outside the band, so it needs no question.
    """
    return side * (price_ticks - book.scalars[other(BEST_BID, side)]) >= 0


@njit(borrows=True, inner=True, forceinline=True)
def fills_bound(book, side, size):
    """Most fills that an incoming order can cause."""
    return min(book.scalars[other(BID_ORDERS, side)], size)


@njit(borrows=True, inner=True, forceinline=True)
def available(book, side, price_ticks, size, owner):
    """Lots that an incoming order could take under the self-trade policy, at most `size`.

    Only an owned order must look at every resting order; an anonymous one adds up levels.
    """
    scalars = book.scalars
    orders = book.orders
    policy = scalars[SELF_TRADE]
    by_order = owner != 0 and policy != ALLOW
    low = scalars[PRICE_MIN]
    found = 0
    if not crosses(book, side, price_ticks):
        return found
    index = (scalars[BEST_ASK] if side > 0 else scalars[BEST_BID]) - low
    limit = price_ticks - low
    while found < size:
        if by_order:
            slot = np.int64(book.levels[at(index)]["head"])
            while slot != 0 and found < size:
                if orders[at(slot)]["owner"] != owner:
                    found += np.int64(orders[at(slot)]["size"])
                elif policy != CANCEL_RESTING:
                    return found
                slot = np.int64(orders[at(slot)]["next"])
        else:
            found += book.levels[at(index)]["total"]
        if side > 0:
            index = next_above(book.words, book.summary, index)
            if index < 0 or index > limit:
                break
        else:
            index = next_below(book.words, book.summary, index)
            if index < limit:
                break
    return min(found, size)


@njit(borrows=True, inner=True, forceinline=True)
def match(book, side, price_ticks, size, owner, order_id, time_ns, message_index, fills, n_fills):
    """Trade an incoming order against the book, best price first, oldest order first.

    Parameters
    ----------
    book : BookState
        Modified in place.
    side, price_ticks, size, owner, order_id : int
        The incoming order; it trades at its limit price or better, at the resting price.
    time_ns, message_index : int
        Copied to the fills.
    fills : ndarray of `FILL`
        Written from position `n_fills`; must have room for `fills_bound` more.
    n_fills : int
        Fills written so far.

    Returns
    -------
    left, n_fills, self_cancelled, stopped : int, int, int, bool
        Lots not traded, fills written, resting lots removed by the self-trade policy, and
        whether that policy took the incoming remainder (it must then not rest).
    """
    scalars = book.scalars
    orders = book.orders
    left = size
    self_cancelled = 0
    while left > 0 and crosses(book, side, price_ticks):
        price = scalars[other(BEST_BID, side)]
        level = book.levels[at(price - scalars[PRICE_MIN])]
        while left > 0:
            slot = np.int64(level["head"])
            if slot == 0:
                break
            order = orders[at(slot)]
            open_size = np.int64(order["size"])
            if owner != 0 and order["owner"] == owner and scalars[SELF_TRADE] != ALLOW:
                policy = scalars[SELF_TRADE]
                if policy != CANCEL_INCOMING:
                    self_cancelled += open_size
                    remove(book, slot)
                if policy == CANCEL_RESTING:
                    continue
                scalars[VOLUME] += size - left
                return left, n_fills, self_cancelled, True
            traded = min(left, open_size)
            fill = fills[at(n_fills)]
            n_fills += 1
            fill["time_ns"] = time_ns
            fill["message_index"] = message_index
            fill["price_ticks"] = price
            fill["size"] = traded
            fill["maker_id"] = order["order_id"]
            fill["taker_id"] = order_id
            fill["maker_owner"] = order["owner"]
            fill["taker_owner"] = owner
            fill["maker_left"] = open_size - traded
            fill["taker_side"] = side
            left -= traded
            if traded == open_size:
                remove(book, slot)
            else:
                order["size"] = open_size - traded
                level["total"] -= traded
    scalars[VOLUME] += size - left
    return left, n_fills, self_cancelled, False
