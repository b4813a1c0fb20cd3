"""The book as plain arrays in a NamedTuple: layout, creation, growth, copying.

============ ======================== ==========================================================
array        one entry per            holds
============ ======================== ==========================================================
scalars      named constant           best prices, counts, free list, policy, band, reject counts
orders       slot (0 = none)          one resting order; 32 bytes; freed slots are used again
levels       price of the band        total lots (int64), first and last slot, number of orders
words        32 prices                bitmap of occupied prices (`lobsim.engine.bits`)
summary      1024 prices              bitmap of the words that are not zero
slot_of      order id                 slot; 0 = id never used, -1 = used and finished
============ ======================== ==========================================================

Why so: a message costs a few random memory accesses and hardly any arithmetic, so speed is
decided by how many cache lines it touches. An order is half a cache line, freed slots are
handed out again newest first (still in cache), and one level array serves both sides,
because a price never holds bids and asks at once. Slot 0 is a dummy end of every list, so
that a neighbour can be relinked without asking whether it exists.

Slots and ids grow from the Python side (`grow_orders`, `grow_ids`), never inside a kernel.
"""

from typing import NamedTuple

import numpy as np

from .bits import new_bitmap
from .codes import Reject, SelfTrade

__all__ = ["ORDER", "LEVEL", "BookState", "new_state", "clear", "copy_state"]

ORDER = np.dtype(
    [
        ("order_id", np.int32),
        ("price_ticks", np.int32),
        ("size", np.int32),  # lots still open; 0 in a free slot
        ("owner", np.int32),
        ("next", np.int32),  # next in the queue (behind), or next free slot
        ("prev", np.int32),  # next ahead in the queue
        ("side", np.int32),
        ("tag", np.int32),  # free for the floor above; the engine sets it to 0 and keeps it
    ],
    align=True,
)

LEVEL = np.dtype(
    [
        ("total", np.int64),  # int64: many orders of 2**31 - 1 lots may rest at one price
        ("head", np.int32),
        ("tail", np.int32),
        ("count", np.int32),
        ("pad", np.int32),
    ],
    align=True,
)

# Positions in `scalars`.
BEST_BID = 0  # ticks; PRICE_MIN - 1 when there is no bid
BEST_ASK = 1  # ticks; PRICE_MAX + 1 when there is no ask
BID_ORDERS = 2  # resting orders on the side
ASK_ORDERS = 3  # asks stand after bids in both pairs: kernels compute the position
FREE_SLOT = 4  # first slot of the free list, 0 = none free
PRICE_MIN = 5  # band of accepted prices, ticks, both ends included
PRICE_MAX = 6
SELF_TRADE = 7  # SelfTrade policy
MAX_ORDERS = 8  # resting orders that the slots may grow to
MAX_ID = 9  # largest order id that the id map may grow to
VOLUME = 10  # lots traded since the book was made or cleared
REJECTS = 11  # first of the counters, one per Reject code
N_SCALARS = REJECTS + len(Reject)

MAX_LEVELS = 1 << 26  # a wider band would reserve more than 1.6 GB
MAX_PRICE_TICKS = (1 << 31) - 2  # the band must leave room for the "none" prices in int32
FIRST_SLOTS = 1024
FIRST_IDS = 4096


class BookState(NamedTuple):
    """Arrays of one book, in the order in which kernels expect them. See the module."""

    scalars: np.ndarray
    orders: np.ndarray
    levels: np.ndarray
    words: np.ndarray
    summary: np.ndarray
    slot_of: np.ndarray


def new_state(
    price_min: int,
    price_max: int,
    *,
    max_orders: int = 1 << 20,
    max_order_id: int = (1 << 26) - 1,
    self_trade: int = SelfTrade.CANCEL_RESTING,
    slots: int | None = None,
    ids: int | None = None,
) -> BookState:
    """Make an empty book.

    Parameters
    ----------
    price_min, price_max : int
        Band of accepted prices in ticks, both included; may be negative. At most 2**26 prices.
        Memory is only touched where orders rest (24 bytes a price).
    max_orders : int
        Most resting orders, 1 to 2**28; a new order beyond it is refused with ``CAPACITY``.
    max_order_id : int
        Largest accepted order id, 1 to 2**31 - 2; the id map needs 4 bytes per id used.
    self_trade : SelfTrade
        Policy when an order meets one of the same owner.
    slots, ids : int, optional
        Room to reserve from the start; by default small, grown when needed. A kernel that
        calls slot-level functions itself should reserve what it will use.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    for name, value, low, high in (
        ("price_min", price_min, -MAX_PRICE_TICKS, MAX_PRICE_TICKS),
        ("price_max", price_max, price_min, MAX_PRICE_TICKS),
        ("the number of prices in the band", price_max - price_min + 1, 1, MAX_LEVELS),
        ("max_orders", max_orders, 1, 1 << 28),
        ("max_order_id", max_order_id, 1, (1 << 31) - 2),
        ("self_trade", self_trade, min(SelfTrade), max(SelfTrade)),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name} is {value}; it must be from {low} to {high}")
    slots = min(FIRST_SLOTS, max_orders) if slots is None else min(slots, max_orders)
    ids = min(FIRST_IDS, max_order_id) if ids is None else min(ids, max_order_id)
    n_levels = price_max - price_min + 1
    scalars = np.zeros(N_SCALARS, np.int64)
    scalars[PRICE_MIN] = price_min
    scalars[PRICE_MAX] = price_max
    scalars[SELF_TRADE] = self_trade
    scalars[MAX_ORDERS] = max_orders
    scalars[MAX_ID] = max_order_id
    state = BookState(
        scalars,
        np.zeros(slots + 1, ORDER),
        np.zeros(n_levels, LEVEL),
        *new_bitmap(n_levels),
        np.zeros(ids + 1, np.int32),
    )
    _empty(state)
    return state


def _empty(state: BookState) -> None:
    """Set the scalars and the free list of a book whose other arrays are zero."""
    scalars = state.scalars
    scalars[BEST_BID] = scalars[PRICE_MIN] - 1
    scalars[BEST_ASK] = scalars[PRICE_MAX] + 1
    scalars[BID_ORDERS] = scalars[ASK_ORDERS] = scalars[VOLUME] = 0
    scalars[REJECTS:] = 0
    _chain(state, 1)


def _chain(state: BookState, first: int) -> None:
    """Put slots `first` ... end in front of the free list, lowest first."""
    orders = state.orders
    orders["next"][first:-1] = np.arange(first + 1, len(orders), dtype=np.int32)
    orders["next"][-1] = state.scalars[FREE_SLOT]
    state.scalars[FREE_SLOT] = first


def clear(state: BookState) -> None:
    """Empty the book in place: no orders, no used ids, counters at zero."""
    for array in (state.orders, state.levels, state.words, state.summary, state.slot_of):
        array[:] = 0
    state.scalars[FREE_SLOT] = 0
    _empty(state)


def copy_state(state: BookState) -> BookState:
    """An independent copy of the book."""
    return BookState(*(array.copy() for array in state))


def grow_orders(state: BookState) -> BookState:
    """Book with twice the slots, at most ``MAX_ORDERS``; shares the other arrays."""
    old = len(state.orders)
    slots = min(2 * (old - 1), int(state.scalars[MAX_ORDERS]))
    orders = np.zeros(slots + 1, ORDER)
    orders[:old] = state.orders
    grown = state._replace(orders=orders)
    _chain(grown, old)
    return grown


def grow_ids(state: BookState, order_id: int) -> BookState:
    """Book whose id map holds at least `order_id`; shares the other arrays."""
    size = max(2 * len(state.slot_of), order_id + 1)
    slot_of = np.zeros(min(size, int(state.scalars[MAX_ID]) + 1), np.int32)
    slot_of[: len(state.slot_of)] = state.slot_of
    return state._replace(slot_of=slot_of)
