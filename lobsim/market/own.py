"""Own messages: on their way to the venue in a ring, then carried out and reported."""

import numpy as np

from lobsim.engine.codes import Kind, Reject
from lobsim.engine.jit import njit
from lobsim.engine.kernel import available, crosses, match, remove, rest, shrink
from lobsim.engine.state import PRICE_MAX, PRICE_MIN
from lobsim.market import rng
from lobsim.market.paper import paper_take
from lobsim.market.reports import (ACCEPTED, CANCELLED, FILLED, HALTED, NO_ROOM, REJECTED,
                                   report)
from lobsim.market.state import (C_NOW, C_OWN, C_TRADER, FILL_PROBABILITY, FILL_QUEUE, FILL_TOUCH,
                                 K_LATENCY, NEVER, N_HALTED, N_LOOKS, N_ORDER_ID, N_OWN_LIVE,
                                 N_PENDING, N_PENDING_HEAD, N_SENT, NONE, OWN, OWN_ROOM,
                                 PENDING_ROOM, W_CANCEL_JITTER_NS, W_CANCEL_NS, W_FEED_JITTER_NS,
                                 W_FEED_NS, W_FILL_RULE, W_ORDER_JITTER_NS, W_ORDER_NS)
from lobsim.market.venue import drop_own, keep_fills, note, note_top, own_entry

_LIMIT, _MARKET, _IOC, _FOK, _POST_ONLY, _CANCEL, _REDUCE, _REPLACE = (
    np.int64(k) for k in (Kind.LIMIT, Kind.MARKET, Kind.IOC, Kind.FOK, Kind.POST_ONLY, Kind.CANCEL,
                     Kind.REDUCE, Kind.REPLACE))
_UNKNOWN, _WOULD_TAKE, _CANNOT_FILL, _BAD_SIZE = (np.int64(r) for r in (
    Reject.UNKNOWN_ID, Reject.WOULD_TAKE, Reject.CANNOT_FILL, Reject.BAD_SIZE))


@njit(borrows=True, inner=True)
def _arrival(flow, kind):
    """When a message that the trader sends now reaches the venue."""
    whole, count = flow.whole, flow.count
    late = kind == _CANCEL
    delay = whole[W_CANCEL_NS if late else W_ORDER_NS]
    jitter = whole[W_CANCEL_JITTER_NS if late else W_ORDER_JITTER_NS]
    if jitter > 0:
        bits = rng.word(flow.keys[K_LATENCY], np.uint64(2 * count[N_SENT]))
        delay += np.int64(jitter * rng.exponential(bits))
    count[N_SENT] += 1
    return flow.clock[C_TRADER] + delay


@njit(borrows=True)
def see_until(flow, trader_ns):
    """Set the trader's clock; returns the time up to which it now sees the venue."""
    whole, count, clock = flow.whole, flow.count, flow.clock
    clock[C_TRADER] = trader_ns
    delay = whole[W_FEED_NS]
    if whole[W_FEED_JITTER_NS] > 0:
        bits = rng.word(flow.keys[K_LATENCY], np.uint64(2 * count[N_LOOKS] + 1))
        delay += np.int64(whole[W_FEED_JITTER_NS] * rng.exponential(bits))
        count[N_LOOKS] += 1
    return max(clock[C_NOW], trader_ns - delay)


@njit(borrows=True)
def send(flow, kind, side, price, size, order_id):
    """Put an own message on its way; messages never overtake one another.

    Returns
    -------
    bool
        False when `PENDING_ROOM` messages are on their way already; nothing is sent then.
    """
    count = flow.count
    n = count[N_PENDING]
    if n >= PENDING_ROOM:
        return False
    arrive_ns = max(_arrival(flow, kind), flow.clock[C_NOW])
    if n > 0:
        newest = (count[N_PENDING_HEAD] + n - 1) % PENDING_ROOM
        arrive_ns = max(arrive_ns, flow.pending[newest]["time_ns"])
    row = flow.pending[(count[N_PENDING_HEAD] + n) % PENDING_ROOM]
    row["time_ns"] = arrive_ns
    row["order_id"] = order_id
    row["price_ticks"] = price
    row["size"] = size
    row["owner"] = OWN
    row["kind"] = kind
    row["side"] = side
    count[N_PENDING] = n + 1
    if n == 0:
        flow.clock[C_OWN] = arrive_ns
    return True


@njit(borrows=True, inner=True)
def own_arrival(book, flow, tape, time_ns):
    """The oldest own message reaches the venue."""
    count = flow.count
    row = flow.pending[count[N_PENDING_HEAD]]
    kind, side = np.int64(row["kind"]), np.int64(row["side"])
    price, size, order_id = (np.int64(row["price_ticks"]), np.int64(row["size"]),
                             np.int64(row["order_id"]))
    count[N_PENDING_HEAD] = (count[N_PENDING_HEAD] + 1) % PENDING_ROOM
    count[N_PENDING] -= 1
    if count[N_PENDING] > 0:
        flow.clock[C_OWN] = flow.pending[count[N_PENDING_HEAD]]["time_ns"]
    else:
        flow.clock[C_OWN] = NEVER
    if kind <= _POST_ONLY:
        _new_order(book, flow, tape, side, price, size, kind, order_id, time_ns)
    else:
        _change(book, flow, tape, price, size, kind, order_id, time_ns)
    note_top(book, flow, tape, time_ns)


@njit(borrows=True, inner=True)
def _can_fill(book, flow, side, price, size):
    """Whether the venue (or the fill rule, which may ignore depth) can fill a whole order now."""
    rule = flow.whole[W_FILL_RULE]
    if rule == FILL_TOUCH or rule == FILL_PROBABILITY:
        return crosses(book, side, price)
    return available(book, side, price, size, OWN) >= size


@njit(borrows=True, inner=True)
def _refusal(book, flow, side, price, size, kind):
    """Why the venue refuses a new own order; 0 if it does not."""
    if flow.count[N_HALTED] != 0:
        return HALTED
    if kind == _POST_ONLY and crosses(book, side, price):
        return _WOULD_TAKE
    if kind == _FOK and not _can_fill(book, flow, side, price, size):
        return _CANNOT_FILL
    if (kind == _LIMIT or kind == _POST_ONLY) and flow.count[N_OWN_LIVE] >= OWN_ROOM:
        return NO_ROOM
    return 0


@njit(borrows=True, inner=True)
def _new_order(book, flow, tape, side, price, size, kind, order_id, time_ns):
    """An own order reaches the venue: it takes what it crosses and rests if it may."""
    if kind == _MARKET:
        price = book.scalars[PRICE_MAX] if side > 0 else book.scalars[PRICE_MIN]
    reason = _refusal(book, flow, side, price, size, kind)
    if reason != 0:
        report(flow, tape, time_ns, order_id, REJECTED, price, size, NONE, reason)
        return
    may_rest = kind == _LIMIT or kind == _POST_ONLY
    index = _note_own(flow, tape, time_ns, order_id, price, size, kind, side)
    _enter(book, flow, tape, side, price, size, may_rest, order_id, index, time_ns)


@njit(borrows=True, inner=True)
def _note_own(flow, tape, time_ns, order_id, price, size, kind, side):
    """Number and keep an own message; the book never hears of an order on paper."""
    if flow.whole[W_FILL_RULE] != FILL_QUEUE:
        return NONE
    return note(flow, tape, time_ns, order_id, price, size, OWN, kind, side)


@njit(borrows=True, inner=True)
def _enter(book, flow, tape, side, price, size, may_rest, order_id, index, time_ns):
    """Match an own order in the book (or on paper), report its fills, rest what is left."""
    if flow.whole[W_FILL_RULE] != FILL_QUEUE:
        left = paper_take(book, flow, tape, side, price, size, order_id, time_ns)
        _settle(flow, tape, side, price, size, left, may_rest, NONE, order_id, time_ns)
        return
    left, n_fills, self_cancelled, stopped = match(
        book, side, price, size, OWN, order_id, time_ns, index, tape.scratch, NONE)
    open_size = size
    for k in range(n_fills):
        fill = tape.scratch[k]
        open_size -= np.int64(fill["size"])
        report(flow, tape, time_ns, order_id, FILLED, np.int64(fill["price_ticks"]),
               np.int64(fill["size"]), open_size, NONE)
    keep_fills(flow, tape, n_fills)
    if self_cancelled > 0:
        _drop_gone(book, flow, tape, time_ns)
    slot = NONE
    if left > 0 and may_rest and not stopped:
        slot = rest(book, side, price, left, OWN, order_id)
    _settle(flow, tape, side, price, size, left, may_rest and not stopped, slot, order_id, time_ns)


@njit(borrows=True, inner=True)
def _settle(flow, tape, side, price, size, left, may_rest, slot, order_id, time_ns):
    """Enter what rests into the open own orders and report it; report what was cancelled."""
    if left > 0 and may_rest:
        entry = flow.own[flow.count[N_OWN_LIVE]]
        entry["order_id"] = order_id
        entry["place"] = flow.count[N_ORDER_ID]
        entry["slot"] = slot
        entry["price_ticks"] = price
        entry["left"] = left
        entry["side"] = side
        flow.count[N_OWN_LIVE] += 1
        report(flow, tape, time_ns, order_id, ACCEPTED, price, size, left, NONE)
    elif left > 0:
        report(flow, tape, time_ns, order_id, CANCELLED, price, left, NONE, NONE)


@njit(borrows=True, inner=True)
def _drop_gone(book, flow, tape, time_ns):
    """After the self-trade rule removed own resting orders: report them and forget them."""
    k = NONE
    while k < flow.count[N_OWN_LIVE]:
        entry = flow.own[k]
        order = book.orders[entry["slot"]]
        if order["size"] > 0 and order["order_id"] == entry["order_id"]:
            k += 1
            continue
        report(flow, tape, time_ns, entry["order_id"], CANCELLED, np.int64(entry["price_ticks"]),
               np.int64(entry["left"]), NONE, NONE)
        drop_own(flow, k)


@njit(borrows=True, inner=True)
def _change(book, flow, tape, price, size, kind, order_id, time_ns):
    """Cancel, reduce or replace an own order; one that is gone is refused."""
    k = own_entry(flow, order_id)
    if k < 0:
        report(flow, tape, time_ns, order_id, REJECTED, price, size, NONE, _UNKNOWN)
        return
    entry = flow.own[k]
    side, left = np.int64(entry["side"]), np.int64(entry["left"])
    slot, old = np.int64(entry["slot"]), np.int64(entry["price_ticks"])
    if kind == _CANCEL or (kind == _REDUCE and size == left):
        _note_own(flow, tape, time_ns, order_id, old, left, _CANCEL, side)
        if slot > 0:
            remove(book, slot)
        drop_own(flow, k)
        report(flow, tape, time_ns, order_id, CANCELLED, old, left, NONE, NONE)
    elif kind == _REDUCE and size > left:
        report(flow, tape, time_ns, order_id, REJECTED, old, size, left, _BAD_SIZE)
    elif flow.count[N_HALTED] != 0:
        report(flow, tape, time_ns, order_id, REJECTED, price, size, left, HALTED)
    elif kind == _REDUCE or (price == old and size <= left):
        off = size if kind == _REDUCE else left - size
        if off > 0:
            _note_own(flow, tape, time_ns, order_id, old, off, _REDUCE, side)
            if slot > 0:
                shrink(book, slot, off)
            entry["left"] = left - off
        report(flow, tape, time_ns, order_id, ACCEPTED, old, left - off, left - off, NONE)
    else:
        # One message: a cancel and a new order of the same id could not be played again.
        index = _note_own(flow, tape, time_ns, order_id, price, size, _REPLACE, side)
        if slot > 0:
            remove(book, slot)
        drop_own(flow, k)
        report(flow, tape, time_ns, order_id, CANCELLED, old, left, NONE, NONE)
        _enter(book, flow, tape, side, price, size, True, order_id, index, time_ns)


@njit(borrows=True)
def withdraw_all(flow):
    """Send a cancel for every open own order; returns how many were sent."""
    sent = 0
    for k in range(flow.count[N_OWN_LIVE]):
        entry = flow.own[k]
        if send(flow, _CANCEL, np.int64(entry["side"]), np.int64(entry["price_ticks"]),
                np.int64(entry["left"]), np.int64(entry["order_id"])):
            sent += 1
    return sent
