"""Replay: recorded messages reach the book at their times, among own orders."""

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.jit import njit
from lobsim.engine.kernel import available, crosses, match, remove, rest, shrink
from lobsim.engine.state import FREE_SLOT, PRICE_MAX, PRICE_MIN
from lobsim.market.state import (C_BASE, CROWD, NEVER, N_BASE, N_CANCELS, N_DROPPED, N_HALTED,
                                 N_LIMITS, N_MARKETS, N_TAPE_MESSAGES, NONE, W_RECORD)
from lobsim.market.venue import KEEP_ALL, flow_is_full, keep_fills, note

_LIMIT, _MARKET, _IOC, _FOK, _POST_ONLY, _CANCEL, _REDUCE, _REPLACE = (
    np.int64(k) for k in (Kind.LIMIT, Kind.MARKET, Kind.IOC, Kind.FOK, Kind.POST_ONLY, Kind.CANCEL,
                     Kind.REDUCE, Kind.REPLACE))


@njit(borrows=True, inner=True)
def recorded_event(book, flow, tape, time_ns):
    """Play the next recorded message; what the book cannot do now is counted as dropped."""
    count = flow.count
    message = flow.recorded[count[N_BASE]]
    kind, side = np.int64(message["kind"]), np.int64(message["side"])
    price, size = np.int64(message["price_ticks"]), np.int64(message["size"])
    order_id = np.int64(message["order_id"])
    if count[N_HALTED] != 0 and kind != _CANCEL:
        count[N_DROPPED] += 1
    elif _LIMIT <= kind <= _POST_ONLY:
        if not play_new(book, flow, tape, side, price, size, kind, order_id, time_ns):
            count[N_DROPPED] += 1
    elif not _change(book, flow, tape, message, kind, price, size, order_id, time_ns):
        count[N_DROPPED] += 1
    count[N_BASE] += 1
    more = count[N_BASE] < len(flow.recorded)
    flow.clock[C_BASE] = max(flow.recorded[count[N_BASE]]["time_ns"], time_ns) if more else NEVER
    return True


@njit(borrows=True, inner=True)
def play_new(book, flow, tape, side, price, size, kind, order_id, time_ns):
    """A recorded order; False if the book refuses it."""
    scalars = book.scalars
    if (size < 1 or order_id < 1 or order_id >= book.slot_of.shape[0]
            or (side != 1 and side != -1) or book.slot_of[order_id] != 0):
        return False
    if kind == _MARKET:
        price = scalars[PRICE_MAX] if side > 0 else scalars[PRICE_MIN]
    if price < scalars[PRICE_MIN] or price > scalars[PRICE_MAX]:
        return False
    may_rest = kind == _LIMIT or kind == _POST_ONLY
    if may_rest and (scalars[FREE_SLOT] == 0 or flow_is_full(book, flow)):
        return False
    if kind == _POST_ONLY and crosses(book, side, price):
        return False
    if kind == _FOK and available(book, side, price, size, CROWD) < size:
        return False
    index = note(flow, tape, time_ns, order_id, price, size, CROWD, kind, side)
    _enter(book, flow, tape, side, price, size, may_rest, order_id, index, time_ns)
    return True


@njit(borrows=True, inner=True)
def _enter(book, flow, tape, side, price, size, may_rest, order_id, index, time_ns):
    """A recorded order that has passed all checks takes, and rests if it may."""
    left, n_fills, _, _ = match(book, side, price, size, CROWD, order_id, time_ns, index,
                                tape.scratch, NONE)
    keep_fills(flow, tape, n_fills)
    if n_fills > 0:
        flow.count[N_MARKETS] += 1
    if left > 0 and may_rest:
        rest(book, side, price, left, CROWD, order_id)
        flow.count[N_LIMITS] += 1
    else:
        book.slot_of[order_id] = -1


@njit(borrows=True, inner=True)
def _replace(book, flow, tape, slot, price, size, new_id, time_ns):
    """A recorded replacement, by the engine's rule; False if the book refuses it.

    At the same price and with no larger size the order keeps its place, whatever its new id.
    """
    order = book.orders[slot]
    order_id, left, old, side = (np.int64(order["order_id"]), np.int64(order["size"]),
                                 np.int64(order["price_ticks"]), np.int64(order["side"]))
    if new_id == -1:
        new_id = order_id
    if price < book.scalars[PRICE_MIN] or price > book.scalars[PRICE_MAX]:
        return False
    if new_id != order_id and (new_id < 1 or new_id >= book.slot_of.shape[0]
                               or book.slot_of[new_id] != 0):
        return False
    index = note(flow, tape, time_ns, order_id, price, size, CROWD, _REPLACE, side)
    if flow.whole[W_RECORD] == KEEP_ALL and new_id != order_id:
        tape.messages[flow.count[N_TAPE_MESSAGES] - 1]["new_order_id"] = new_id
    if price == old and size <= left:
        if size < left:
            shrink(book, slot, left - size)
        if new_id != order_id:
            order["order_id"] = new_id
            book.slot_of[order_id] = -1
            book.slot_of[new_id] = slot
        return True
    remove(book, slot)
    _enter(book, flow, tape, side, price, size, True, new_id, index, time_ns)
    return True


@njit(borrows=True, inner=True)
def _change(book, flow, tape, message, kind, price, size, order_id, time_ns):
    """A recorded cancel, reduction or replacement; False if its order is gone."""
    if order_id < 1 or order_id >= book.slot_of.shape[0] or book.slot_of[order_id] <= 0:
        return False
    slot = np.int64(book.slot_of[order_id])
    order = book.orders[slot]
    side, left, old = (np.int64(order["side"]), np.int64(order["size"]),
                       np.int64(order["price_ticks"]))
    if kind == _CANCEL or (kind == _REDUCE and size >= left):
        note(flow, tape, time_ns, order_id, old, left, CROWD, _CANCEL, side)
        remove(book, slot)
    elif kind == _REDUCE and size > 0:
        note(flow, tape, time_ns, order_id, old, size, CROWD, _REDUCE, side)
        shrink(book, slot, size)
    elif kind == _REPLACE and size > 0:
        if not _replace(book, flow, tape, slot, price, size, np.int64(message["new_order_id"]),
                        time_ns):
            return False
    else:
        return False
    flow.count[N_CANCELS] += 1
    return True
