"""Fill rules that keep own orders out of the book: filled on paper, seen by nobody.

See `lobsim.market.parts.FillRule` for what each rule assumes.
"""

import math

import numpy as np

from lobsim.engine.bits import next_above, next_below
from lobsim.engine.jit import njit
from lobsim.engine.state import ASK_ORDERS, BEST_ASK, BEST_BID, BID_ORDERS, PRICE_MIN
from lobsim.market import rng
from lobsim.market.reports import FILLED, book_own, report
from lobsim.market.state import (CROWD, FILL_NO_IMPACT, FILL_PROBABILITY, FILL_TOUCH, GRID_NS,
                                 K_FILL, N_HALTED, N_MESSAGE, N_OWN_FILLS, N_OWN_LIVE, NONE, NS,
                                 OWN, R_FILL_DECAY, R_FILL_RATE, W_FILL_RULE)

_NO, _YES = np.arange(2)
_STEP_S = GRID_NS / NS


@njit(borrows=True, inner=True)
def paper_fill(flow, tape, time_ns, price, size, order_id, other_id, side, left, making):
    """Enter a fill that happened on paper: `side` is that of the taker."""
    count = flow.count
    fill = tape.own[count[N_OWN_FILLS]]
    count[N_OWN_FILLS] += 1
    fill["time_ns"] = time_ns
    fill["message_index"] = count[N_MESSAGE]
    fill["price_ticks"] = price
    fill["size"] = size
    fill["maker_id"] = order_id if making != 0 else other_id
    fill["taker_id"] = other_id if making != 0 else order_id
    fill["maker_owner"] = OWN if making != 0 else CROWD
    fill["taker_owner"] = CROWD if making != 0 else OWN
    fill["maker_left"] = left if making != 0 else 0
    fill["taker_side"] = side
    book_own(flow, -side if making != 0 else side, price, size, making)
    report(flow, tape, time_ns, order_id, FILLED, price, size, left, NONE)


@njit(borrows=True, inner=True)
def _fill_entry(flow, tape, k, size, other_id, time_ns):
    """Fill `size` lots of the own resting order at place `k`; a finished one is dropped."""
    entry = flow.own[k]
    left = np.int64(entry["left"]) - size
    paper_fill(flow, tape, time_ns, np.int64(entry["price_ticks"]), size, entry["order_id"],
               other_id, -np.int64(entry["side"]), left, _YES)
    entry["left"] = left
    if left == 0:
        last = flow.count[N_OWN_LIVE] - 1
        for j in range(k, last):
            flow.own[j] = flow.own[j + 1]
        flow.count[N_OWN_LIVE] = last


@njit(borrows=True, inner=True)
def paper_fills(flow, tape, taker_side, price, size, maker_id, taker_id, time_ns):
    """After a trade of the market: fill the own orders on paper that it would have reached."""
    rule = flow.whole[W_FILL_RULE]
    if rule == FILL_NO_IMPACT:
        left = size
        while left > 0:
            k = _first_reached(flow, taker_side, price, maker_id)
            if k < 0:
                return
            take = min(left, np.int64(flow.own[k]["left"]))
            left -= take
            _fill_entry(flow, tape, k, take, taker_id, time_ns)
    elif rule == FILL_TOUCH:
        k = NONE
        while k < flow.count[N_OWN_LIVE]:
            entry = flow.own[k]
            if entry["side"] == -taker_side and (price - entry["price_ticks"]) * taker_side > 0:
                _fill_entry(flow, tape, k, np.int64(entry["left"]), taker_id, time_ns)
            else:
                k += 1


@njit(borrows=True, inner=True)
def _first_reached(flow, taker_side, price, maker_id):
    """The own order on paper that stands first before the maker of a trade; -1 if none does.

    Ids grow with arrival, so at one price an order with an id up to `place` stands ahead.
    """
    found = -1
    for k in range(flow.count[N_OWN_LIVE]):
        entry = flow.own[k]
        if entry["side"] == taker_side:
            continue
        beyond = (price - entry["price_ticks"]) * taker_side
        if beyond > 0 or (beyond == 0 and maker_id > entry["place"]):
            nearer = (flow.own[found]["price_ticks"] - entry["price_ticks"]) * taker_side > 0
            if found < 0 or nearer:
                found = k
    return found


@njit(borrows=True, inner=True)
def paper_chances(book, flow, tape, step, time_ns):
    """Once per grid step under the rule "probability": draw who is filled; nobody in a halt."""
    if flow.whole[W_FILL_RULE] != FILL_PROBABILITY or flow.count[N_HALTED] != 0:
        return
    scalars = book.scalars
    if scalars[BID_ORDERS] == 0 or scalars[ASK_ORDERS] == 0:
        return
    mid = 0.5 * (scalars[BEST_BID] + scalars[BEST_ASK])
    k = NONE
    drawn = np.uint64(step) * np.uint64(64)
    while k < flow.count[N_OWN_LIVE]:
        entry = flow.own[k]
        distance = max(0.0, (mid - entry["price_ticks"]) * entry["side"])
        rate = flow.real[R_FILL_RATE] * math.exp(-flow.real[R_FILL_DECAY] * distance)
        chance = 1.0 - math.exp(-rate * _STEP_S)
        if rng.uniform(rng.word(flow.keys[K_FILL], drawn)) < chance:
            _fill_entry(flow, tape, k, np.int64(entry["left"]), NONE, time_ns)
        else:
            k += 1
        drawn += np.uint64(1)


@njit(borrows=True, inner=True)
def paper_take(book, flow, tape, side, price, size, order_id, time_ns):
    """A taking own order on paper; returns the lots left.

    Under "no_impact" it walks the visible depth up to its price; under the other rules it is
    filled in full at the best quote.
    """
    scalars = book.scalars
    if scalars[ASK_ORDERS if side > 0 else BID_ORDERS] == 0:
        return size
    low = scalars[PRICE_MIN]
    index = (scalars[BEST_ASK] if side > 0 else scalars[BEST_BID]) - low
    left = size
    while left > 0 and index >= 0 and (price - low - index) * side >= 0:
        take = left
        if flow.whole[W_FILL_RULE] == FILL_NO_IMPACT:
            take = min(left, book.levels[index]["total"])
        left -= take
        paper_fill(flow, tape, time_ns, index + low, take, order_id, NONE, side, left, _NO)
        if side > 0:
            index = next_above(book.words, book.summary, index)
        else:
            index = next_below(book.words, book.summary, index)
    return left
