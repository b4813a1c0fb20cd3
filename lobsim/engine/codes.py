"""Named constants of the matching engine: sides, message kinds, reject reasons, policies.

All are ``IntEnum``, so they are plain integers inside kernels and print by name outside.
"""

from enum import IntEnum

__all__ = ["Side", "Kind", "Reject", "SelfTrade", "explain_reject"]


class Side(IntEnum):
    """Side of an order. The sign is the sign of the inventory that a fill adds."""

    BUY = 1
    SELL = -1


class Kind(IntEnum):
    """What a message asks the engine to do."""

    LIMIT = 1  # take what crosses the price, rest the remainder
    MARKET = 2  # take at any price, cancel the remainder
    IOC = 3  # take what crosses the price, cancel the remainder (immediate or cancel)
    FOK = 4  # take the whole size at once or be rejected (fill or kill)
    POST_ONLY = 5  # rest, or be rejected if it would take
    CANCEL = 6  # remove a resting order
    REDUCE = 7  # take `size` lots off a resting order; it keeps its place in the queue
    REPLACE = 8  # new price and/or size (and perhaps a new id) for a resting order


class Reject(IntEnum):
    """Why a message was refused. A refused message changes nothing but a counter.

    The engine checks in the order: kind, side, size, owner, price, id, capacity, and last
    what depends on the book (``WOULD_TAKE``, ``CANNOT_FILL``); the first failure is reported.
    Messages about a resting order check id, owner, then the new values.
    """

    OK = 0
    UNKNOWN_KIND = 1  # kind is not one of `Kind`
    BAD_SIDE = 2  # side is neither +1 nor -1
    BAD_SIZE = 3  # size < 1 lot, or REDUCE by more than the order has left
    BAD_OWNER = 4  # owner < 0
    OFF_GRID = 5  # price is not a whole number of ticks (found at the float border)
    OUT_OF_BAND = 6  # price lies outside the book's band of prices
    BAD_ID = 7  # id < 1, or above the book's largest id
    DUPLICATE_ID = 8  # id was used before on this book, by a live or a finished order
    UNKNOWN_ID = 9  # no resting order has this id (never had, or it is finished)
    NOT_OWNER = 10  # the resting order belongs to another owner
    CAPACITY = 11  # the book already holds `max_orders` resting orders
    WOULD_TAKE = 12  # post-only order would have traded at once
    CANNOT_FILL = 13  # fill-or-kill order could not be filled completely


class SelfTrade(IntEnum):
    """What happens when an incoming order meets a resting order of the same owner.

    Owner 0 is anonymous: it never counts as the same owner. The rule is applied order by
    order, at the moment when the two would trade; fills made before it stand.
    """

    ALLOW = 0  # they trade like any two orders
    CANCEL_RESTING = 1  # the resting order goes, the incoming one carries on
    CANCEL_INCOMING = 2  # the incoming remainder goes, the resting order stays
    CANCEL_BOTH = 3  # both the resting order and the incoming remainder go


_REASONS = {
    Reject.OK: "accepted",
    Reject.UNKNOWN_KIND: "the message kind is unknown",
    Reject.BAD_SIDE: "the side must be +1 (buy) or -1 (sell)",
    Reject.BAD_SIZE: "the size must be a whole number of lots, at least one, "
    "and no more than is left when reducing",
    Reject.BAD_OWNER: "the owner must be 0 (anonymous) or positive",
    Reject.OFF_GRID: "the price is not a whole number of ticks",
    Reject.OUT_OF_BAND: "the price lies outside the book's band",
    Reject.BAD_ID: "the order id must be at least 1 and at most the book's largest id",
    Reject.DUPLICATE_ID: "the order id was used before on this book",
    Reject.UNKNOWN_ID: "no resting order has this id",
    Reject.NOT_OWNER: "the resting order belongs to another owner",
    Reject.CAPACITY: "the book is full",
    Reject.WOULD_TAKE: "a post-only order would have traded at once",
    Reject.CANNOT_FILL: "a fill-or-kill order could not be filled completely",
}


def explain_reject(code: int) -> str:
    """One plain sentence part for a reject code.

    Examples
    --------
    >>> explain_reject(Reject.UNKNOWN_ID)
    'no resting order has this id'
    """
    return _REASONS[Reject(code)]
