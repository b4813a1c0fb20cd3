"""Between flow and engine: every change of the book goes through here and is kept on the tape.

All matching is the engine's (`lobsim.engine.kernel`). This file adds ids, own fills, the reaction
of the efficient price to own trades, and recording.
"""

from typing import NamedTuple

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.jit import njit
from lobsim.engine.kernel import available, crosses, match, remove, rest, shrink
from lobsim.engine.state import ASK_ORDERS, BEST_ASK, BEST_BID, BID_ORDERS, PRICE_MAX, PRICE_MIN
from lobsim.market.price import react_to_own
from lobsim.market.state import (N_FILLS, N_MESSAGE, N_ORDER_ID, N_OWN_FILLS, N_OWN_LIVE,
                                 N_TAPE_FILLS, N_TAPE_MESSAGES, N_TAPE_TOPS, N_TRADES, N_VOLUME,
                                 OWN_ROOM, W_MAX_LIVE, W_RECORD)

KEEP_FILLS, KEEP_ALL = 1, 2
"""Values of the recording switch: trades only, or messages and best quotes as well."""

_LIMIT, _MARKET, _IOC, _CANCEL, _REDUCE = (int(k) for k in (
    Kind.LIMIT, Kind.MARKET, Kind.IOC, Kind.CANCEL, Kind.REDUCE))
_POST_ONLY, _FOK = int(Kind.POST_ONLY), int(Kind.FOK)
OWN = 1
"""Owner number of the orders that come through `Market.submit`."""


class Tape(NamedTuple):
    """Buffers that a kernel writes to and Python empties between calls.

    `scratch` takes the fills of one order; `own` the own fills; `fills`, `messages` and `tops`
    are the recording.
    """

    scratch: np.ndarray
    own: np.ndarray
    fills: np.ndarray
    messages: np.ndarray
    tops: np.ndarray


@njit(borrows=True)
def tape_is_full(flow, tape):
    """Whether one more event might not fit into a buffer."""
    count = flow.count
    room = len(tape.scratch)
    if count[N_OWN_FILLS] + room > len(tape.own):
        return True
    if flow.whole[W_RECORD] == 0:
        return False
    if count[N_TAPE_FILLS] + room > len(tape.fills):
        return True
    if flow.whole[W_RECORD] < KEEP_ALL:
        return False
    return (count[N_TAPE_MESSAGES] + 2 > len(tape.messages)
            or count[N_TAPE_TOPS] + 2 > len(tape.tops))


@njit(borrows=True)
def bid_of(book):
    """Best bid in ticks, -1 without bids."""
    return book.scalars[BEST_BID] if book.scalars[BID_ORDERS] > 0 else -1


@njit(borrows=True)
def ask_of(book):
    """Best ask in ticks, -1 without asks."""
    return book.scalars[BEST_ASK] if book.scalars[ASK_ORDERS] > 0 else -1


@njit(borrows=True)
def orders_of(book, side):
    """Orders resting on one side."""
    return book.scalars[BID_ORDERS] if side > 0 else book.scalars[ASK_ORDERS]


@njit(borrows=True)
def live_orders(book):
    """Orders resting on both sides."""
    return book.scalars[BID_ORDERS] + book.scalars[ASK_ORDERS]


@njit(borrows=True)
def flow_is_full(book, flow):
    """Whether the background may rest no more orders; own orders do not count against it."""
    background = live_orders(book) - flow.count[N_OWN_LIVE]
    return background >= flow.whole[W_MAX_LIVE] - OWN_ROOM


@njit(borrows=True)
def _count_own(book):
    """Own orders that rest, counted slot by slot (after a self-trade removed some)."""
    found = 0
    for slot in range(1, len(book.orders)):
        if book.orders[slot]["size"] > 0 and book.orders[slot]["owner"] == OWN:
            found += 1
    return found


@njit(borrows=True)
def new_order_id(book, flow):
    """Next id of a ring of ids; passes over those of orders that still rest after a round."""
    count = flow.count
    while True:
        count[N_ORDER_ID] += 1
        if count[N_ORDER_ID] >= len(book.slot_of):
            count[N_ORDER_ID] = 1
        if book.slot_of[count[N_ORDER_ID]] <= 0:
            return count[N_ORDER_ID]


@njit(borrows=True)
def _note(flow, tape, time_ns, order_id, price, size, owner, kind, side):
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


@njit(borrows=True)
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


@njit(borrows=True)
def _keep_fills(flow, tape, n_fills):
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
        side = np.int64(fill["taker_side"])
        count[N_VOLUME] += size
        if fill["taker_owner"] != 0:
            react_to_own(flow, side * size, True)
        if fill["maker_owner"] != 0:
            react_to_own(flow, -side * size, False)
            if fill["maker_left"] == 0:
                count[N_OWN_LIVE] -= 1
        if fill["taker_owner"] != 0 or fill["maker_owner"] != 0:
            tape.own[count[N_OWN_FILLS]] = fill
            count[N_OWN_FILLS] += 1
        if recording:
            tape.fills[count[N_TAPE_FILLS]] = fill
            count[N_TAPE_FILLS] += 1


@njit(borrows=True)
def rest_order(book, flow, tape, side, price, size, time_ns):
    """A background limit order joins the queue; the price must not cross."""
    order_id = new_order_id(book, flow)
    rest(book, side, price, size, 0, order_id)
    _note(flow, tape, time_ns, order_id, price, size, 0, _LIMIT, side)


@njit(borrows=True)
def take_up_to(book, flow, tape, side, price, size, time_ns):
    """A background order takes what rests at `price` or better and leaves the remainder."""
    order_id = new_order_id(book, flow)
    index = _note(flow, tape, time_ns, order_id, price, size, 0, _IOC, side)
    _, n_fills, _, _ = match(book, side, price, size, 0, order_id, time_ns, index,
                             tape.scratch, 0)
    _keep_fills(flow, tape, n_fills)


@njit(borrows=True)
def slot_is_flow(book, slot):
    """Whether the slot holds a resting order of the background flow."""
    order = book.orders[slot]
    return order["size"] > 0 and order["owner"] == 0


@njit(borrows=True)
def cancel_flow_order(book, flow, tape, slot, time_ns):
    """A background order is withdrawn."""
    order = book.orders[slot]
    _note(flow, tape, time_ns, order["order_id"], order["price_ticks"], order["size"], 0, _CANCEL,
          order["side"])
    remove(book, slot)


@njit(borrows=True)
def reduce_flow_order(book, flow, tape, slot, time_ns):
    """A background order gives up half of its size (a whole cancel if it is one lot)."""
    order = book.orders[slot]
    half = order["size"] // 2
    if half == 0:
        cancel_flow_order(book, flow, tape, slot, time_ns)
        return
    _note(flow, tape, time_ns, order["order_id"], order["price_ticks"], half, 0, _REDUCE,
          order["side"])
    shrink(book, slot, half)


@njit(borrows=True)
def flow_order_at_best(book, side, skip):
    """Slot of a background order at the best price of `side`, `skip` orders back; -1 if none."""
    price = book.scalars[BEST_BID] if side > 0 else book.scalars[BEST_ASK]
    slot = book.levels[price - book.scalars[PRICE_MIN]]["head"]
    found = -1
    while slot != 0:
        order = book.orders[slot]
        if order["owner"] == 0:
            found = slot
            if skip <= 0:
                break
            skip -= 1
        slot = order["next"]
    return found


@njit(borrows=True)
def own_order(book, flow, tape, side, price, size, kind, time_ns):
    """Send an own order: match it, rest what is left of a limit order.

    Returns
    -------
    order_id, left, resting : int, int, int
        The id (0 if a post-only or fill-or-kill order was refused), lots not traded, and lots
        resting.
    """
    if kind == _MARKET:
        price = book.scalars[PRICE_MAX] if side > 0 else book.scalars[PRICE_MIN]
    if kind == _POST_ONLY and crosses(book, side, price):
        return 0, size, 0
    if kind == _FOK and available(book, side, price, size, OWN) < size:
        return 0, size, 0
    order_id = new_order_id(book, flow)
    index = _note(flow, tape, time_ns, order_id, price, size, OWN, kind, side)
    left, n_fills, self_cancelled, stopped = match(
        book, side, price, size, OWN, order_id, time_ns, index, tape.scratch, 0)
    _keep_fills(flow, tape, n_fills)
    if self_cancelled > 0:
        flow.count[N_OWN_LIVE] = _count_own(book)
    resting = 0
    if left > 0 and not stopped and (kind == _LIMIT or kind == _POST_ONLY):
        rest(book, side, price, left, OWN, order_id)
        resting = left
        flow.count[N_OWN_LIVE] += 1
    note_top(book, flow, tape, time_ns)
    return order_id, left, resting


@njit(borrows=True)
def own_cancel(book, flow, tape, order_id, time_ns):
    """Withdraw an own order; returns the lots withdrawn, 0 if it no longer rests."""
    if order_id < 1 or order_id >= len(book.slot_of) or book.slot_of[order_id] <= 0:
        return 0
    slot = book.slot_of[order_id]
    order = book.orders[slot]
    if order["owner"] != OWN:
        return 0
    size = np.int64(order["size"])
    _note(flow, tape, time_ns, order_id, order["price_ticks"], size, OWN, _CANCEL, order["side"])
    remove(book, slot)
    flow.count[N_OWN_LIVE] -= 1
    note_top(book, flow, tape, time_ns)
    return size
