"""From an action to messages: what an order at work does between two decisions.

A step is a short chain of phases. Each function here returns the venue's time up to which the
market must now be run, or -1 when the step is over; only the kernel that calls them runs markets.

* A decision cancels or shortens own orders that no longer suit it (`begin`).
* New orders are sent when the venue has confirmed that (`go_on`), so that a fill that overtakes a
  cancellation never makes the order trade more than its quantity. Without latency that is at once.
* At the end of the horizon all that rests is cancelled, and the step ends with the confirmation.

An action is three numbers in the end: lots to cross for now, ticks between the best price of the
own side and the price to rest at (positive: better), and lots that shall rest there (-1: leave
everything as it is).
"""

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.jit import njit
from lobsim.envs.execution_layout import (CANCELLING, CLOSING, CONTINUOUS, DISCRETE, E_ALIVE,
                                          E_AHEAD_NS, E_CROSS, E_END_NS, E_FILLED, E_GUARD_NS,
                                          E_INTERVAL_NS, E_LEVELS, E_LOOK_NS, E_LOTS, E_MODE,
                                          E_OFFSET, E_PHASE, E_REST, E_SHIFT_NS, E_SIDE, E_SLICE,
                                          E_SLICE_NS, E_START_NS, E_STEP, E_STEPS, E_UNTIL, PACE,
                                          RUNNING)
from lobsim.market.foresight import foresee
from lobsim.market.own import see_until, send, withdraw_all
from lobsim.market.state import (C_NOW, C_TRADER, N_OWN_LIVE, N_PENDING, N_PENDING_HEAD,
                                 N_POSITION, PENDING_ROOM, W_FEED_JITTER_NS, W_FEED_NS, W_HIGH,
                                 W_LOW)
from lobsim.market.venue import ask_of, bid_of, new_order_id

__all__ = ["KEEP", "begin", "filled_lots", "first_bad", "go_on", "keep_pace", "lots_on_their_way",
           "resting_lots"]

KEEP = -1
"""Lots to rest that mean: leave what rests as it is."""
_MOST_OWN = 32
"""Own orders at one price before they are put together into a new one."""
_MARKET, _POST_ONLY, _CANCEL, _REDUCE = (np.int64(k) for k in (
    Kind.MARKET, Kind.POST_ONLY, Kind.CANCEL, Kind.REDUCE))


@njit(borrows=True, inner=True)
def filled_lots(flow, word):
    """Lots of the order that have traded, as seen now."""
    return word[E_SIDE] * flow.count[N_POSITION]


@njit(borrows=True, inner=True)
def resting_lots(flow):
    """Lots of all own orders that rest, as seen now."""
    total = 0
    for k in range(flow.count[N_OWN_LIVE]):
        total += np.int64(flow.own[k]["left"])
    return total


@njit(borrows=True, inner=True)
def lots_on_their_way(flow):
    """Lots of new own orders that have not reached the venue."""
    total, first = 0, flow.count[N_PENDING_HEAD]
    for k in range(flow.count[N_PENDING]):
        row = flow.pending[(first + k) % PENDING_ROOM]
        if row["kind"] <= _POST_ONLY:
            total += np.int64(row["size"])
    return total


@njit(borrows=True, inner=True)
def _price_at(book, flow, side, offset):
    """Ticks of the price `offset` better than the own best, short of crossing; -1 if none."""
    bid, ask = bid_of(book), ask_of(book)
    own, other = (bid, ask) if side > 0 else (ask, bid)
    if own < 0 and other < 0:
        return -1
    if own < 0:
        own = other - side
    price = own + side * offset
    if other >= 0 and side * (price - other) >= 0:
        price = other - side
    return min(max(price, flow.whole[W_LOW]), flow.whole[W_HIGH])


@njit(borrows=True, inner=True)
def due_lots(word, schedule, time_ns):
    """Lots that the schedule wants traded by a time."""
    steps = word[E_STEPS]
    place = (time_ns - word[E_START_NS]) / word[E_INTERVAL_NS]
    if place <= 0.0:
        return 0
    if place >= steps or time_ns >= word[E_END_NS]:
        return word[E_LOTS]
    k = np.int64(place)
    share = schedule[k] + (place - k) * (schedule[k + 1] - schedule[k])
    return np.int64(word[E_LOTS] * share + 1e-9)


@njit(borrows=True, inner=True)
def first_bad(word, actions, choices):
    """Index of the first environment alive whose action means nothing, -1 if there is none."""
    for i in range(len(actions)):
        if word[i, E_ALIVE] == 0:
            continue
        action = actions[i]
        if not np.isfinite(action[0] + action[1] + action[2]):
            return i
        if word[i, E_MODE] == DISCRETE and not 0.0 <= action[0] < len(choices):
            return i
    return -1


@njit(borrows=True, inner=True)
def _decode(word, action, choices):
    """Write what an action means into `word`: lots to cross, offset, lots to rest."""
    word[E_CROSS], word[E_OFFSET], word[E_REST] = 0, 0, KEEP
    if word[E_MODE] == DISCRETE:
        row = choices[np.int64(action[0])]
        word[E_CROSS] = np.int64(np.ceil(row[0] * word[E_SLICE]))
        word[E_OFFSET] = np.int64(row[1])
        if row[2] >= 0:
            word[E_REST] = np.int64(np.ceil(row[2] * word[E_SLICE]))
    elif word[E_MODE] == CONTINUOUS:
        aim, size = min(max(action[0], -1.0), 1.0), min(max(action[1], -1.0), 1.0)
        lots = np.int64(np.rint(0.5 * (size + 1.0) * choices[0, 2] * word[E_SLICE]))
        offset = np.int64(np.rint(aim * word[E_LEVELS]))
        if offset >= word[E_LEVELS]:
            word[E_CROSS] = lots
        else:
            word[E_OFFSET], word[E_REST] = offset, lots
    elif word[E_MODE] != PACE:
        word[E_CROSS], word[E_OFFSET] = np.int64(action[0]), np.int64(action[1])
        word[E_REST] = np.int64(action[2])


@njit(borrows=True, inner=True)
def keep_pace(flow, word, schedule, action, done, last_ns):
    """Cross what was due a slice ago and rest what is due in a slice, on a schedule moved in time.

    In the last `last_ns` all that is left is crossed.
    """
    now, around = flow.clock[C_TRADER], word[E_SLICE_NS]
    shift = np.int64(min(max(action[0], -1.0), 1.0) * word[E_SHIFT_NS])
    if word[E_END_NS] - now <= last_ns:
        shift = word[E_END_NS]  # beyond the end, whatever is taken off
    word[E_OFFSET] = 0
    word[E_CROSS] = max(0, due_lots(word, schedule, now + shift - around) - done)
    soon = due_lots(word, schedule, now + shift + around)
    word[E_REST] = max(0, soon - done - word[E_CROSS])


@njit(borrows=True, inner=True)
def begin(book, flow, word, schedule, action, choices):
    """The decision: cancel what does not suit it, and go on as far as the clock allows."""
    foresee(book, flow, flow.clock[C_NOW] + word[E_INTERVAL_NS])
    _decode(word, action, choices)
    way = lots_on_their_way(flow)
    filled = filled_lots(flow, word)
    left = word[E_LOTS] - filled - way
    if word[E_MODE] == PACE:
        keep_pace(flow, word, schedule, action, filled + way,
                  max(word[E_SLICE_NS], word[E_INTERVAL_NS]))
    if word[E_GUARD_NS] >= 0:
        now = flow.clock[C_TRADER]
        behind = due_lots(word, schedule, now - word[E_GUARD_NS]) - filled - way
        word[E_CROSS] = max(word[E_CROSS], behind)
    most = left
    if word[E_AHEAD_NS] >= 0:
        now = flow.clock[C_TRADER]
        most = min(left, due_lots(word, schedule, now + word[E_AHEAD_NS]) - filled - way)
    word[E_CROSS] = max(0, min(word[E_CROSS], most))
    if word[E_REST] != KEEP:
        word[E_REST] = max(0, min(word[E_REST], most - word[E_CROSS]))
    if word[E_CROSS] > most - resting_lots(flow) and word[E_REST] == KEEP:
        word[E_REST] = 0  # what rests would be traded twice, or too early
    word[E_PHASE] = CANCELLING
    if not _withdraw_unsuited(book, flow, word):
        return _place(book, flow, word)
    return _after_pending(flow, word, True)


@njit(borrows=True, inner=True)
def _withdraw_unsuited(book, flow, word):
    """Cancel or shorten what is at another price or too much; returns whether anything was."""
    if word[E_REST] == KEEP:
        return False
    if word[E_REST] == 0 or flow.count[N_OWN_LIVE] >= _MOST_OWN:
        return withdraw_all(flow) > 0
    price = _price_at(book, flow, word[E_SIDE], word[E_OFFSET])
    kept, sent = 0, False
    for k in range(flow.count[N_OWN_LIVE]):
        entry = flow.own[k]
        side, at = np.int64(entry["side"]), np.int64(entry["price_ticks"])
        lots, order_id = np.int64(entry["left"]), np.int64(entry["order_id"])
        stays = min(lots, word[E_REST] - kept) if at == price else 0
        kept += stays
        if stays == 0:
            sent = send(flow, _CANCEL, side, at, lots, order_id) or sent
        elif stays < lots:
            sent = send(flow, _REDUCE, side, at, lots - stays, order_id) or sent
    return sent


@njit(borrows=True, inner=True)
def _after_pending(flow, word, is_first):
    """Let the trader wait until it has seen what became of its messages, or the step ends."""
    newest = (flow.count[N_PENDING_HEAD] + flow.count[N_PENDING] - 1) % PENDING_ROOM
    whole, now = flow.whole, flow.clock[C_TRADER]
    if is_first:
        seen = max(now, flow.pending[newest]["time_ns"] + whole[W_FEED_NS])
    else:
        seen = now + 1 + whole[W_FEED_JITTER_NS]
    if word[E_PHASE] != CLOSING:
        seen = min(seen, _step_end(word))
    return see_until(flow, seen)


@njit(borrows=True, inner=True)
def _step_end(word):
    """When the step ends on the trader's clock."""
    step_end = word[E_START_NS] + (word[E_STEP] + 1) * word[E_INTERVAL_NS]
    return min(step_end, word[E_END_NS])


@njit(borrows=True, inner=True)
def _place(book, flow, word):
    """Send the new orders of the decision, then let the market run to the end of the step."""
    side = word[E_SIDE]
    free = (word[E_LOTS] - filled_lots(flow, word) - resting_lots(flow)
            - lots_on_their_way(flow))
    cross = min(word[E_CROSS], free)
    if cross > 0 and send(flow, _MARKET, side, 0, cross, new_order_id(flow)):
        free -= cross
    if word[E_REST] > 0 and free > 0:
        price = _price_at(book, flow, side, word[E_OFFSET])
        there = 0
        for k in range(flow.count[N_OWN_LIVE]):
            if flow.own[k]["price_ticks"] == price:
                there += np.int64(flow.own[k]["left"])
        lots = min(word[E_REST] - there, free)
        if price >= 0 and lots > 0:
            send(flow, _POST_ONLY, side, price, lots, new_order_id(flow))
    word[E_PHASE] = RUNNING
    word[E_UNTIL] = see_until(flow, max(_step_end(word), flow.clock[C_TRADER]))
    return min(flow.clock[C_NOW] + word[E_LOOK_NS], word[E_UNTIL])


@njit(borrows=True, inner=True)
def go_on(book, flow, word):
    """The market has run as far as it was asked to; what comes next."""
    if word[E_PHASE] == CANCELLING:
        if flow.count[N_PENDING] == 0:
            return _place(book, flow, word)
        if flow.clock[C_TRADER] < _step_end(word):
            return _after_pending(flow, word, False)
        word[E_CROSS], word[E_REST] = 0, KEEP  # too late for new orders
        return _place(book, flow, word)
    if word[E_PHASE] == RUNNING:
        if flow.clock[C_NOW] < word[E_UNTIL]:
            return min(flow.clock[C_NOW] + word[E_LOOK_NS], word[E_UNTIL])
        word[E_STEP] += 1
        word[E_FILLED] = filled_lots(flow, word)
        if word[E_FILLED] < word[E_LOTS] and word[E_STEP] < word[E_STEPS]:
            return -1
        word[E_PHASE] = CLOSING
        withdraw_all(flow)
        if flow.count[N_PENDING] > 0:
            return _after_pending(flow, word, True)
        return -1
    if flow.count[N_PENDING] > 0:
        return _after_pending(flow, word, False)
    word[E_FILLED] = filled_lots(flow, word)
    return -1
