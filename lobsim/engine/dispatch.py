"""Message-level kernel: check one message completely, then apply it, then the next.

Every check comes before the first change, so a refused message leaves the book as it was.
Where room is short (ids, slots, fills) the kernel stops before the message and says what it
needs; the Python side grows that array and carries on (`lobsim.engine.batch`). A kernel never
allocates and never writes outside its arrays, whatever the messages hold.
"""

import numpy as np

from .bits import at
from .codes import Kind, Reject
from .jit import njit
from .kernel import available, crosses, fills_bound, match, remove, rest, shrink
from .state import FREE_SLOT, MAX_ID, MAX_ORDERS, PRICE_MAX, PRICE_MIN, REJECTS

__all__ = ["process_messages", "NEED_IDS", "NEED_SLOTS", "NEED_FILLS", "DONE"]

LIMIT = int(Kind.LIMIT)
MARKET = int(Kind.MARKET)
IOC = int(Kind.IOC)
FOK = int(Kind.FOK)
POST_ONLY = int(Kind.POST_ONLY)
CANCEL = int(Kind.CANCEL)
REDUCE = int(Kind.REDUCE)
REPLACE = int(Kind.REPLACE)

OK = int(Reject.OK)
UNKNOWN_KIND = int(Reject.UNKNOWN_KIND)
BAD_SIDE = int(Reject.BAD_SIDE)
BAD_SIZE = int(Reject.BAD_SIZE)
BAD_OWNER = int(Reject.BAD_OWNER)
OUT_OF_BAND = int(Reject.OUT_OF_BAND)
BAD_ID = int(Reject.BAD_ID)
DUPLICATE_ID = int(Reject.DUPLICATE_ID)
UNKNOWN_ID = int(Reject.UNKNOWN_ID)
NOT_OWNER = int(Reject.NOT_OWNER)
CAPACITY = int(Reject.CAPACITY)
WOULD_TAKE = int(Reject.WOULD_TAKE)
CANNOT_FILL = int(Reject.CANNOT_FILL)

# Not rejections: the message was not looked at to the end, because an array is too short.
DONE = 0
NEED_IDS = -1
NEED_SLOTS = -2
NEED_FILLS = -3


@njit(borrows=True, inner=True, forceinline=True)
def _check_id(book, order_id):
    """OK, or why a new order may not have this id, or NEED_IDS."""
    if order_id < 1 or order_id > book.scalars[MAX_ID]:
        return BAD_ID
    if order_id >= book.slot_of.shape[0]:
        return NEED_IDS
    if book.slot_of[at(order_id)] != 0:
        return DUPLICATE_ID
    return OK


@njit(borrows=True, inner=True, forceinline=True)
def _check_new(book, kind, side, price_ticks, size, owner, order_id, fills_room):
    """OK, a reject code, or a NEED code, for a new order."""
    scalars = book.scalars
    if side * side != 1:  # one jump that is never taken; two would depend on the side
        return BAD_SIDE
    if size < 1:
        return BAD_SIZE
    if owner < 0:
        return BAD_OWNER
    if price_ticks < scalars[PRICE_MIN] or price_ticks > scalars[PRICE_MAX]:
        return OUT_OF_BAND
    status = _check_id(book, order_id)
    if status != OK:
        return status
    if scalars[FREE_SLOT] == 0 and (kind == LIMIT or kind == POST_ONLY):
        return NEED_SLOTS if book.orders.shape[0] <= scalars[MAX_ORDERS] else CAPACITY
    if crosses(book, side, price_ticks):
        if kind == POST_ONLY:
            return WOULD_TAKE
        if kind == FOK and available(book, side, price_ticks, size, owner) < size:
            return CANNOT_FILL
        if fills_bound(book, side, size) > fills_room:
            return NEED_FILLS
    elif kind == FOK:
        return CANNOT_FILL
    return OK


@njit(borrows=True, inner=True, forceinline=True)
def _enter(book, side, price_ticks, size, owner, order_id, may_rest, time_ns, index, fills,
           n_fills):
    """Match a checked order and rest what is left if it may rest.

    Returns lots filled, lots resting, lots of resting orders removed by the self-trade
    policy, and the number of fills.
    """
    left = size
    self_cancelled = 0
    stopped = False
    if crosses(book, side, price_ticks):
        left, n_fills, self_cancelled, stopped = match(
            book, side, price_ticks, size, owner, order_id, time_ns, index, fills, n_fills
        )
    if left > 0 and may_rest and not stopped:
        rest(book, side, price_ticks, left, owner, order_id)
        return size - left, left, self_cancelled, n_fills
    book.slot_of[at(order_id)] = -1
    return size - left, 0, self_cancelled, n_fills


@njit(borrows=True, inner=True, forceinline=True)
def _find(book, order_id, owner):
    """Reject code and slot for a message about a resting order."""
    if order_id < 1 or order_id >= book.slot_of.shape[0]:
        return UNKNOWN_ID, 0
    slot = np.int64(book.slot_of[at(order_id)])
    if slot <= 0:
        return UNKNOWN_ID, 0
    if book.orders[at(slot)]["owner"] != owner:
        return NOT_OWNER, 0
    return OK, slot


@njit(borrows=True, inner=True, forceinline=True)
def _replace(book, slot, price_ticks, size, new_id, time_ns, index, fills, n_fills):
    """Check and apply a REPLACE of a resting order.

    Returns a reject or NEED code, lots filled, lots resting, lots removed by the self-trade
    policy, and the number of fills.
    """
    order = book.orders[at(slot)]
    old_id = np.int64(order["order_id"])
    old_size = np.int64(order["size"])
    if size < 1:
        return BAD_SIZE, 0, 0, 0, n_fills
    if price_ticks < book.scalars[PRICE_MIN] or price_ticks > book.scalars[PRICE_MAX]:
        return OUT_OF_BAND, 0, 0, 0, n_fills
    if new_id == -1:
        new_id = old_id
    elif new_id != old_id:
        status = _check_id(book, new_id)
        if status != OK:
            return status, 0, 0, 0, n_fills
    if price_ticks == order["price_ticks"] and size <= old_size:
        # Asking for no more at the same price harms nobody behind: the place is kept.
        shrink(book, slot, old_size - size)
        if new_id != old_id:
            order["order_id"] = new_id
            book.slot_of[at(old_id)] = -1
            book.slot_of[at(new_id)] = slot
        return OK, 0, size, 0, n_fills
    side = np.int64(order["side"])
    owner = np.int64(order["owner"])
    if crosses(book, side, price_ticks):
        if fills_bound(book, side, size) > fills.shape[0] - n_fills:
            return NEED_FILLS, 0, 0, 0, n_fills
    remove(book, slot)
    filled, resting, self_cancelled, n_fills = _enter(
        book, side, price_ticks, size, owner, new_id, True, time_ns, index, fills, n_fills
    )
    return OK, filled, resting, self_cancelled, n_fills


@njit(borrows=True)
def process_messages(book, messages, start, fills, n_fills, outcomes):
    """Apply messages from `start` on until the end, or until an array is too short.

    Parameters
    ----------
    book : BookState
        Modified in place.
    messages : ndarray of `MESSAGE`
    start : int
        Index of the first message to apply.
    fills : ndarray of `FILL`
        Written from position `n_fills`.
    n_fills : int
        Fills already in `fills`.
    outcomes : ndarray of `OUTCOME`
        As long as `messages`, or of length 0 if not wanted.

    Returns
    -------
    index, n_fills, need : int
        Index of the first message not applied; fills written; ``DONE``, or what that message
        needs before it can be applied.
    """
    scalars = book.scalars
    wants_outcomes = outcomes.shape[0] > 0
    for index in range(start, messages.shape[0]):
        message = messages[at(index)]
        kind = np.int64(message["kind"])
        order_id = np.int64(message["order_id"])
        size = np.int64(message["size"])
        owner = np.int64(message["owner"])
        time_ns = message["time_ns"]
        filled = resting = cancelled = self_cancelled = 0
        if LIMIT <= kind <= POST_ONLY:
            side = np.int64(message["side"])
            price_ticks = np.int64(message["price_ticks"])
            if kind == MARKET:
                price_ticks = scalars[PRICE_MAX] if side > 0 else scalars[PRICE_MIN]
            status = _check_new(
                book, kind, side, price_ticks, size, owner, order_id, fills.shape[0] - n_fills
            )
            if status == OK:
                may_rest = kind == LIMIT or kind == POST_ONLY
                filled, resting, self_cancelled, n_fills = _enter(
                    book, side, price_ticks, size, owner, order_id, may_rest,
                    time_ns, index, fills, n_fills,
                )
                cancelled = size - filled - resting
        elif CANCEL <= kind <= REPLACE:
            status, slot = _find(book, order_id, owner)
            if status == OK and kind == CANCEL:
                cancelled = np.int64(book.orders[at(slot)]["size"])
                remove(book, slot)
            elif status == OK and kind == REDUCE:
                resting = np.int64(book.orders[at(slot)]["size"]) - size
                if size < 1 or resting < 0:
                    status = BAD_SIZE
                    resting = 0
                else:
                    cancelled = size
                    if resting == 0:
                        remove(book, slot)
                    else:
                        shrink(book, slot, size)
            elif status == OK:
                status, filled, resting, self_cancelled, n_fills = _replace(
                    book, slot, np.int64(message["price_ticks"]), size,
                    np.int64(message["new_order_id"]), time_ns, index, fills, n_fills,
                )
                cancelled = size - filled - resting if status == OK else 0
        else:
            status = UNKNOWN_KIND
        if status != OK:
            if status < 0:
                return index, n_fills, status
            scalars[REJECTS + status] += 1
        if wants_outcomes:
            outcome = outcomes[at(index)]
            outcome["reject"] = status
            outcome["filled"] = filled
            outcome["resting"] = resting
            outcome["cancelled"] = cancelled
            outcome["self_cancelled"] = self_cancelled
    return messages.shape[0], n_fills, DONE
