"""Between flow and engine: every change of the book goes through here and is kept on the tape.

All matching is the engine's (`lobsim.engine.kernel`). This file adds ids, the reaction of the
efficient price to trades, the reports of own fills, and recording.
"""

from typing import NamedTuple

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.jit import njit
from lobsim.engine.kernel import match, remove, rest, shrink
from lobsim.engine.state import (ASK_ORDERS, BEST_ASK, BEST_BID, BID_ORDERS, PRICE_MAX,
                                 PRICE_MIN)
from lobsim.market.paper import paper_fills
from lobsim.market.price import react
from lobsim.market.reports import FILLED, book_own, report
from lobsim.market.state import (CROWD, FILL_NO_IMPACT, FILL_QUEUE, L_SIGNAL, N_AHEAD, N_FILLS,
                                 N_HIGHEST, N_MESSAGE, N_ORDER_ID, N_OWN_FILLS, N_OWN_LIVE,
                                 N_REPORTS, N_TAPE_FILLS, N_TAPE_MESSAGES, N_TAPE_TOPS, N_TRADES,
                                 N_VOLUME, NONE, OWN, OWN_ROOM, PREDATOR, W_FILL_RULE, W_MAX_LIVE,
                                 W_RECORD)

KEEP_FILLS, KEEP_ALL = 1, 2
"""Values of the recording switch: trades only, or messages and best quotes as well."""

_LIMIT, _IOC, _CANCEL, _REDUCE = (np.int64(k) for k in (Kind.LIMIT, Kind.IOC, Kind.CANCEL,
                                                        Kind.REDUCE))
_NO, _YES = np.arange(2)
LARGEST_ID = np.int64((1 << 31) - 2)


class Tape(NamedTuple):
    """Buffers that a kernel writes to and Python empties between calls.

    `scratch` takes the fills of one order; `own` the own fills, `reports` what the venue tells;
    `fills`, `messages` and `tops` are the recording.
    """

    scratch: np.ndarray
    own: np.ndarray
    reports: np.ndarray
    fills: np.ndarray
    messages: np.ndarray
    tops: np.ndarray


@njit(borrows=True, inner=True, forceinline=True)
def tape_is_full(flow, tape):
    """Whether one more event might not fit into a buffer."""
    count = flow.count
    room = len(tape.scratch)
    if (count[N_OWN_FILLS] + room > len(tape.own)
            or count[N_REPORTS] + room + OWN_ROOM > len(tape.reports)):
        return True
    if flow.whole[W_RECORD] == 0:
        return False
    if count[N_TAPE_FILLS] + room > len(tape.fills):
        return True
    if flow.whole[W_RECORD] < KEEP_ALL:
        return False
    # A queue-reactive book that is drawn anew is cancelled and filled in one event.
    return (count[N_TAPE_MESSAGES] + 2 * room > len(tape.messages)
            or count[N_TAPE_TOPS] + 2 > len(tape.tops))


@njit(borrows=True, inner=True, forceinline=True)
def bid_of(book):
    """Best bid in ticks, -1 without bids."""
    return book.scalars[BEST_BID] if book.scalars[BID_ORDERS] > 0 else -1


@njit(borrows=True, inner=True, forceinline=True)
def ask_of(book):
    """Best ask in ticks, -1 without asks."""
    return book.scalars[BEST_ASK] if book.scalars[ASK_ORDERS] > 0 else -1


@njit(borrows=True, inner=True, forceinline=True)
def orders_of(book, side):
    """Orders resting on one side."""
    return book.scalars[BID_ORDERS] if side > 0 else book.scalars[ASK_ORDERS]


@njit(borrows=True, inner=True, forceinline=True)
def live_orders(book):
    """Orders resting on both sides."""
    return book.scalars[BID_ORDERS] + book.scalars[ASK_ORDERS]


@njit(borrows=True, inner=True, forceinline=True)
def flow_is_full(book, flow):
    """Whether the background may rest no more orders; own orders do not count against it."""
    background = live_orders(book) - flow.count[N_OWN_LIVE]
    return background >= flow.whole[W_MAX_LIVE] - OWN_ROOM


@njit(borrows=True, forceinline=True)
def new_order_id(flow):
    """Next id: a counter, so that a smaller id always arrived earlier (until it starts anew)."""
    order_id = flow.count[N_ORDER_ID] + 1
    if order_id > LARGEST_ID:
        order_id = 1
    flow.count[N_ORDER_ID] = order_id
    return order_id


@njit(borrows=True, inner=True, forceinline=True)
def note_slot(flow, slot):
    """An order of the background rests in a slot: beyond the highest one nobody need look."""
    count = flow.count
    if slot > count[N_HIGHEST]:
        count[N_HIGHEST] = slot
        count[N_AHEAD] = 0  # was told with the highest slot as it was


@njit(borrows=True, inner=True, forceinline=True)
def note(flow, tape, time_ns, order_id, price, size, owner, kind, side):
    """Number the message, and keep it when recording."""
    count = flow.count
    index = count[N_MESSAGE]
    count[N_MESSAGE] = index + 1
    if flow.whole[W_RECORD] == KEEP_ALL:
        row = tape.messages[count[N_TAPE_MESSAGES]]
        row["time_ns"] = time_ns
        row["order_id"] = order_id
        row["price_ticks"] = price
        row["size"] = size
        row["owner"] = owner
        row["kind"] = kind
        row["side"] = side
        row["new_order_id"] = -1
        count[N_TAPE_MESSAGES] += 1
    return index


@njit(borrows=True, forceinline=True)
def note_top(book, flow, tape, time_ns):
    """When recording: keep the best quotes if they changed since last kept."""
    if flow.whole[W_RECORD] != KEEP_ALL:
        return
    bid, ask = bid_of(book), ask_of(book)
    low = book.scalars[PRICE_MIN]
    bid_lots = book.levels[bid - low]["total"] if bid >= 0 else 0
    ask_lots = book.levels[ask - low]["total"] if ask >= 0 else 0
    n = flow.count[N_TAPE_TOPS]
    if n > 0:
        last = tape.tops[n - 1]
        if (last["bid_ticks"] == bid and last["ask_ticks"] == ask
                and last["bid_lots"] == bid_lots and last["ask_lots"] == ask_lots):
            return
        if last["time_ns"] == time_ns:
            n -= 1
    row = tape.tops[n]
    row["time_ns"] = time_ns
    row["bid_ticks"] = bid
    row["bid_lots"] = bid_lots
    row["ask_ticks"] = ask
    row["ask_lots"] = ask_lots
    flow.count[N_TAPE_TOPS] = n + 1


@njit(borrows=True, inner=True)
def keep_fills(flow, tape, n_fills):
    """Count the fills of one taking order, pass own ones on, record."""
    count = flow.count
    if n_fills == 0:
        return
    count[N_TRADES] += 1
    count[N_FILLS] += n_fills
    recording = flow.whole[W_RECORD] >= KEEP_FILLS
    for k in range(n_fills):
        fill = tape.scratch[k]
        size = np.int64(fill["size"])
        side, price = np.int64(fill["taker_side"]), np.int64(fill["price_ticks"])
        count[N_VOLUME] += size
        taker = fill["taker_owner"]
        if taker != CROWD:
            react(flow, side * size, _YES, price)
        if taker != PREDATOR:
            flow.level[L_SIGNAL] += side * size
        if fill["maker_owner"] == OWN:
            maker, left = np.int64(fill["maker_id"]), np.int64(fill["maker_left"])
            react(flow, -side * size, _NO, price)
            book_own(flow, -side, price, size, _YES)
            own_maker_filled(flow, maker, left)
            report(flow, tape, fill["time_ns"], maker, FILLED, price, size, left, NONE)
        if taker == OWN:
            book_own(flow, side, price, size, _NO)
        if taker == OWN or fill["maker_owner"] == OWN:
            tape.own[count[N_OWN_FILLS]] = fill
            count[N_OWN_FILLS] += 1
        if recording:
            tape.fills[count[N_TAPE_FILLS]] = fill
            count[N_TAPE_FILLS] += 1
        if flow.whole[W_FILL_RULE] != FILL_QUEUE and count[N_OWN_LIVE] > 0 and taker != OWN:
            paper_fills(flow, tape, side, price, size, np.int64(fill["maker_id"]),
                        np.int64(fill["taker_id"]), fill["time_ns"])


@njit(borrows=True, inner=True)
def own_entry(flow, order_id):
    """Place of an open own order in `Flow.own`, -1 if it is not open."""
    for k in range(flow.count[N_OWN_LIVE]):
        if flow.own[k]["order_id"] == order_id:
            return k
    return -1


@njit(borrows=True, inner=True)
def drop_own(flow, k):
    """Take entry `k` out of the open own orders; the rest stays in order of age."""
    last = flow.count[N_OWN_LIVE] - 1
    for j in range(k, last):
        flow.own[j] = flow.own[j + 1]
    flow.count[N_OWN_LIVE] = last


@njit(borrows=True, inner=True)
def own_maker_filled(flow, order_id, left):
    """Note what is left of an own resting order after a fill."""
    k = own_entry(flow, order_id)
    if k >= 0:
        flow.own[k]["left"] = left
        if left == 0:
            drop_own(flow, k)


@njit(borrows=True, inner=True, forceinline=True)
def beyond_the_book(flow, tape, side, price, size, order_id, time_ns):
    """What an order does not find in the book reaches own orders on paper ("no_impact")."""
    if flow.whole[W_FILL_RULE] == FILL_NO_IMPACT and flow.count[N_OWN_LIVE] > 0 and size > 0:
        paper_fills(flow, tape, side, price, size, LARGEST_ID, order_id, time_ns)


@njit(borrows=True, inner=True, forceinline=True)
def rest_order(book, flow, tape, side, price, size, time_ns, owner=CROWD):
    """A background limit order joins the queue; the price must not cross."""
    order_id = new_order_id(flow)
    note_slot(flow, rest(book, side, price, size, owner, order_id))
    note(flow, tape, time_ns, order_id, price, size, owner, _LIMIT, side)
    beyond_the_book(flow, tape, side, price, size, order_id, time_ns)


@njit(borrows=True, inner=True)
def take_up_to(book, flow, tape, side, price, size, owner, time_ns):
    """An order takes what rests at `price` or better and leaves the remainder.

    Returns the lots that it got.
    """
    # The stand-in for the quote of an empty side may lie beyond the band, where no level is.
    price = min(max(price, book.scalars[PRICE_MIN]), book.scalars[PRICE_MAX])
    order_id = new_order_id(flow)
    index = note(flow, tape, time_ns, order_id, price, size, owner, _IOC, side)
    left, n_fills, _, _ = match(book, side, price, size, owner, order_id, time_ns, index,
                                tape.scratch, NONE)
    keep_fills(flow, tape, n_fills)
    beyond_the_book(flow, tape, side, price, left, order_id, time_ns)
    return size - left


@njit(borrows=True, inner=True, forceinline=True)
def slot_is_flow(book, slot):
    """Whether the slot holds a resting order of the background flow."""
    order = book.orders[slot]
    return order["size"] > 0 and order["owner"] == CROWD


@njit(borrows=True, inner=True, forceinline=True)
def cancel_flow_order(book, flow, tape, slot, time_ns):
    """A background order is withdrawn."""
    order = book.orders[slot]
    note(flow, tape, time_ns, np.int64(order["order_id"]), np.int64(order["price_ticks"]),
         np.int64(order["size"]), CROWD, _CANCEL, np.int64(order["side"]))
    remove(book, slot)


@njit(borrows=True, inner=True, forceinline=True)
def reduce_flow_order(book, flow, tape, slot, time_ns):
    """A background order gives up half of its size (a whole cancel if it is one lot)."""
    order = book.orders[slot]
    half = np.int64(order["size"]) // 2
    if half == 0:
        cancel_flow_order(book, flow, tape, slot, time_ns)
        return
    note(flow, tape, time_ns, np.int64(order["order_id"]), np.int64(order["price_ticks"]), half,
         CROWD, _REDUCE, np.int64(order["side"]))
    shrink(book, slot, half)


@njit(borrows=True, inner=True)
def flow_order_at_best(book, side, skip):
    """Slot of a background order at the best price of `side`, `skip` orders back; -1 if none."""
    price = book.scalars[BEST_BID] if side > 0 else book.scalars[BEST_ASK]
    return flow_order_at(book, price, skip)


@njit(borrows=True, inner=True)
def flow_order_at(book, price, skip):
    """Slot of the background order `skip` places back at a price, or the last one; -1 if none."""
    slot = book.levels[price - book.scalars[PRICE_MIN]]["head"]
    found = -1
    while slot != 0:
        order = book.orders[slot]
        if order["owner"] == CROWD:
            found = slot
            if skip <= 0:
                break
            skip -= 1
        slot = order["next"]
    return found
