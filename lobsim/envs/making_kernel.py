"""The parts of a step of N market makers: quotes, orders, terms of the reward, observations.

The markets themselves are run in between by the kernels of `lobsim.market.stack`. All kernels get a
table of the addresses of the markets' arrays, `lobsim.market.handles`.

Orders are kept as `lobsim.strategies.quote_keeper` keeps them: one that rests where it should stays
and keeps its place in the queue; an order counts against the limit from the moment it is sent until
the venue has said that it is over, so that the limit holds at any latency.
"""

import math

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.jit import njit
from lobsim.engine.state import PRICE_MAX, PRICE_MIN
from lobsim.engine.views import ahead_of
from lobsim.market.handles import market_at
from lobsim.market.own import see_until, send
from lobsim.market.price import driftless, foreseen
from lobsim.market.reports import CANCELLED, FILLED, REJECTED
from lobsim.market.state import (C_NOW, C_TRADER, L_CASH, L_MADE, L_SIGNAL, L_TOOK, N_MADE,
                                 N_ORDER_ID, N_OWN_CANCELS, N_OWN_FILLS, N_OWN_LIVE, N_POSITION,
                                 N_REPORTS, N_TOOK)
from lobsim.market.venue import ask_of, bid_of, new_order_id

_MARKET, _POST_ONLY, _CANCEL = (np.int64(k) for k in (Kind.MARKET, Kind.POST_ONLY, Kind.CANCEL))

ROOM = 8
"""Own orders that are not over, at most; with more on their way no new one is sent."""
FINISH_LOOKS = 120
"""Looks after the end in which the venue may still answer."""
NEAR = 5
"""Ticks from the best price that count as its neighbourhood."""
CUT = 10.0
"""Bound of the features that have none by nature."""

(O_ID, O_SIDE, O_TICKS, O_LEFT, O_LEAVING, O_SIZE) = range(6)
(I_OPEN, I_STEP, I_BID, I_ASK, I_SENT, I_CANCELS, I_REFUSED, I_FILLS, I_SIZE) = range(9)
# What is remembered between looks.
(M_MID, M_BID_LOTS, M_ASK_LOTS, M_FAST, M_SLOW, M_VARIANCE, M_FLOW, M_CASH, M_POSITION, M_FEES,
 M_CHANGE, M_OFI, M_TAKEN, M_AHEAD, M_MARK, M_SIZE) = range(16)
(T_START, T_INTERVAL, T_STEPS, T_LIMIT, T_QUOTE, T_HALF, T_SKEW, T_SIZES, T_TICK, T_LOT, T_MAKER,
 T_TAKER, T_SHARE, T_CANCEL, T_PER_UNIT, T_STEP_STD, T_RISK, T_BLIND, T_VOLUME, T_SCALE,
 T_FAST, T_SLOW, T_SPREAD, T_ADVERSE, T_INVENTORY, T_FEES, T_RISK_WEIGHT, T_UNITS, T_NEWS,
 T_FORESIGHT, T_JUMP, T_SIZE) = range(32)
TOLD = ("wealth", "cash", "inventory", "mid", "bid", "ask", "fees", "spread_gain", "adverse_gain",
        "inventory_gain", "fee_gain", "risk_penalty", "news_gain", "foresight_gain", "fills",
        "orders_sent", "cancels_sent", "refused")
(D_WEALTH, D_CASH, D_INVENTORY, D_MID, D_BID, D_ASK, D_FEES, D_SPREAD, D_ADVERSE, D_HELD, D_FEE,
 D_RISK, D_NEWS, D_FORESIGHT, D_FILLS, D_SENT, D_CANCELS, D_REFUSED) = range(18)
WIDTH = 15
"""Columns of the observation."""


# -- orders ----------------------------------------------------------------------------------------


@njit(borrows=True, inner=True)
def _find(desk, ints, number):
    """Place of an order on the desk, -1 if it is over."""
    for k in range(ints[I_OPEN]):
        if desk[k, O_ID] == number:
            return k
    return -1


@njit(borrows=True, inner=True)
def _hear(flow, tape, desk, ints):
    """Take in what the venue has told since the last time."""
    count = flow.count
    for r in range(count[N_REPORTS]):
        row = tape.reports[r]
        what = np.int64(row["what"])
        k = _find(desk, ints, np.int64(row["order_id"]))
        if k < 0:
            continue
        ints[I_FILLS] += what == FILLED
        ints[I_REFUSED] += what == REJECTED
        left = np.int64(row["left"])
        if what == CANCELLED or what == REJECTED:
            left = 0
        desk[k, O_LEFT] = left
        if left == 0:
            last = ints[I_OPEN] - 1
            for j in range(k, last):
                for c in range(O_SIZE):
                    desk[j, c] = desk[j + 1, c]
            ints[I_OPEN] = last
    count[N_REPORTS] = 0
    count[N_OWN_FILLS] = 0


@njit(borrows=True, inner=True)
def _post(flow, desk, ints, kind, side, ticks, lots):
    """Send a new order."""
    if ints[I_OPEN] >= ROOM:
        return
    before = flow.count[N_ORDER_ID]
    number = np.int64(new_order_id(flow))
    if not send(flow, kind, side, ticks, lots, number):
        flow.count[N_ORDER_ID] = before
        return
    row = desk[ints[I_OPEN]]
    row[O_ID], row[O_SIDE], row[O_TICKS] = number, side, ticks
    row[O_LEFT], row[O_LEAVING] = lots, 0
    ints[I_OPEN] += 1
    ints[I_SENT] += 1


@njit(borrows=True, inner=True)
def _withdraw(flow, desk, ints, wanted):
    """Send cancels for all orders that should not rest, bids first."""
    for way in range(0, 4, 2):
        side = 1 if way == 0 else -1
        for k in range(ints[I_OPEN]):
            row = desk[k]
            wrong = row[O_TICKS] != wanted[way] or wanted[way + 1] == 0
            if row[O_SIDE] == side and row[O_LEAVING] == 0 and wrong:
                row[O_LEAVING] = 1
                ints[I_CANCELS] += 1
                send(flow, _CANCEL, 0, row[O_TICKS], 0, row[O_ID])


@njit(borrows=True, inner=True)
def _fill_up(flow, desk, ints, wanted, limit):
    """Post on a side where nothing stays, within the room that the limit leaves."""
    for way in range(0, 4, 2):
        side = 1 if way == 0 else -1
        pending, stays = 0, False
        for k in range(ints[I_OPEN]):
            if desk[k, O_SIDE] == side:
                pending += desk[k, O_LEFT]
                stays = stays or desk[k, O_LEAVING] == 0
        size = min(wanted[way + 1], limit - side * flow.count[N_POSITION] - pending)
        if not stays and size > 0:
            _post(flow, desk, ints, _POST_ONLY, np.int64(side), wanted[way], size)


@njit(borrows=True, inner=True)
def _quote(book, ints, memory, terms, action, wanted):
    """From an action to quotes on the tick, as `ModelMaker` rounds them."""
    half = terms[T_HALF] * (1.0 + min(max(action[0], -1.0), 1.0))
    shift = terms[T_SKEW] * min(max(action[1], -1.0), 1.0)
    bid = np.int64(math.ceil(memory[M_MID] - half + shift - 0.5 - 1e-9))
    ask = np.int64(math.floor(memory[M_MID] + half + shift + 0.5 + 1e-9))
    bid, ask = min(bid, ints[I_ASK] - 1), max(ask, ints[I_BID] + 1)
    if bid >= ask:  # on one tick: the side from which the quotes lean away gives way
        if shift >= 0.0:
            ask = bid + 1
        else:
            bid = ask - 1
    low, high = book.scalars[PRICE_MIN], book.scalars[PRICE_MAX]
    wanted[0], wanted[2] = min(max(bid, low), high), min(max(ask, low), high)
    wanted[1] = wanted[3] = np.int64(terms[T_QUOTE])
    if terms[T_SIZES] != 0.0:
        for k in range(2):
            share = 0.5 * (1.0 + min(max(action[2 + k], -1.0), 1.0))
            wanted[2 * k + 1] = np.int64(math.floor(terms[T_QUOTE] * share + 0.5))


# -- looking ---------------------------------------------------------------------------------------


@njit(borrows=True, inner=True)
def _lots_near(book, side, best):
    """Lots within `NEAR` ticks of the best price of a side."""
    low, high = book.scalars[PRICE_MIN], book.scalars[PRICE_MAX]
    lots = 0
    for k in range(NEAR):
        price = best - side * k
        if low <= price <= high:
            lots += book.levels[price - low]["total"]
    return lots


@njit(borrows=True, inner=True)
def _see(book, flow, ints, memory, terms):
    """The best quotes and what they tell; while a side is empty the last ones hold."""
    bid, ask = np.int64(bid_of(book)), np.int64(ask_of(book))
    change = ofi = 0.0
    if bid >= 0 and ask >= 0:
        low = book.scalars[PRICE_MIN]
        bid_lots = float(book.levels[bid - low]["total"])
        ask_lots = float(book.levels[ask - low]["total"])
        mid = 0.5 * (bid + ask)
        if ints[I_BID] != 0:
            change = mid - memory[M_MID]
            # Cont, Kukanov and Stoikov (2014), between two looks.
            ofi = ((bid_lots if bid >= ints[I_BID] else 0.0)
                   - (memory[M_BID_LOTS] if bid <= ints[I_BID] else 0.0)
                   - (ask_lots if ask <= ints[I_ASK] else 0.0)
                   + (memory[M_ASK_LOTS] if ask >= ints[I_ASK] else 0.0))
            ofi /= bid_lots + ask_lots + memory[M_BID_LOTS] + memory[M_ASK_LOTS]
        memory[M_MID], memory[M_BID_LOTS], memory[M_ASK_LOTS] = mid, bid_lots, ask_lots
        ints[I_BID], ints[I_ASK] = bid, ask
    scaled = change / terms[T_STEP_STD]
    memory[M_CHANGE], memory[M_OFI] = scaled, ofi
    # A jump tells no more of the trend than a step, but would drown it for as long as the memory.
    steady = min(max(scaled, -terms[T_JUMP]), terms[T_JUMP])
    memory[M_FAST] += terms[T_FAST] * (steady - memory[M_FAST])
    memory[M_SLOW] += terms[T_SLOW] * (steady - memory[M_SLOW])
    memory[M_VARIANCE] += terms[T_SLOW] * (scaled * scaled - memory[M_VARIANCE])
    memory[M_TAKEN] = (flow.level[L_SIGNAL] - memory[M_FLOW]) / terms[T_VOLUME]
    memory[M_FLOW] = flow.level[L_SIGNAL]


@njit(borrows=True, inner=True)
def _cut(value):
    return np.float32(min(max(value, -CUT), CUT))


@njit(borrows=True, inner=True)
def _show(book, flow, desk, ints, memory, terms, obs):
    """Write the observation; its table is in the environment's docstring."""
    obs[0] = np.float32(min(max(flow.count[N_POSITION] / terms[T_LIMIT], -1.0), 1.0))
    obs[1] = np.float32(max(terms[T_STEPS] - ints[I_STEP], 0.0) / terms[T_STEPS])
    for k in range(2, WIDTH):
        obs[k] = np.float32(0.0)
    if terms[T_BLIND] == 0.0:
        both = memory[M_BID_LOTS] + memory[M_ASK_LOTS]
        near_bid = float(_lots_near(book, 1, ints[I_BID]))
        near_ask = float(_lots_near(book, -1, ints[I_ASK]))
        obs[3] = np.float32((memory[M_BID_LOTS] - memory[M_ASK_LOTS]) / both)
        near = near_bid + near_ask
        obs[4] = np.float32((near_bid - near_ask) / near if near > 0.0 else 0.0)
        obs[5] = np.float32(memory[M_OFI])
        obs[6] = _cut(memory[M_TAKEN])
        obs[7] = _cut(memory[M_CHANGE])
        obs[8] = _cut(memory[M_FAST] * math.sqrt((2.0 - terms[T_FAST]) / terms[T_FAST]))
        obs[9] = _cut(memory[M_SLOW] * math.sqrt((2.0 - terms[T_SLOW]) / terms[T_SLOW]))
        obs[10] = _cut(math.sqrt(memory[M_VARIANCE]))
    obs[2] = _cut((ints[I_ASK] - ints[I_BID]) / 10.0)
    for way in range(2):
        side = 1 if way == 0 else -1
        distance, queue = 0.0, -1.0
        for k in range(ints[I_OPEN]):
            if desk[k, O_SIDE] == side and desk[k, O_LEAVING] == 0:
                distance = side * (memory[M_MID] - desk[k, O_TICKS]) / terms[T_HALF]
                queue = _share_ahead(book, flow, desk[k, O_ID])
        obs[11 + way], obs[13 + way] = _cut(distance), np.float32(queue)


@njit(borrows=True, inner=True)
def _share_ahead(book, flow, number):
    """Share of the lots at an own order's price that stand before it; -1 while it does not rest."""
    for k in range(flow.count[N_OWN_LIVE]):
        own = flow.own[k]
        if own["order_id"] == number and own["slot"] > 0:
            lots, _ = ahead_of(book, np.int64(own["slot"]))
            total = book.levels[np.int64(own["price_ticks"]) - book.scalars[PRICE_MIN]]["total"]
            return lots / total
    return -1.0


@njit(borrows=True, inner=True)
def _fees(flow, terms):
    """Fees paid so far, currency."""
    count, level = flow.count, flow.level
    made, took = count[N_MADE] * terms[T_LOT], count[N_TOOK] * terms[T_LOT]
    if terms[T_PER_UNIT] != 0.0:
        rated = terms[T_MAKER] * made + terms[T_TAKER] * took
    else:
        money = terms[T_TICK] * terms[T_LOT] * 1e-4
        rated = money * (terms[T_MAKER] * level[L_MADE] + terms[T_TAKER] * level[L_TOOK])
    return rated + terms[T_SHARE] * (made + took) + terms[T_CANCEL] * count[N_OWN_CANCELS]


@njit(borrows=True, inner=True)
def _account(flow, desk, ints, memory, terms, mid_before, told):
    """Write the account and the terms of this step; returns the reward."""
    unit = terms[T_TICK] * terms[T_LOT]
    cash, mid = flow.level[L_CASH], memory[M_MID]
    held, fees = float(flow.count[N_POSITION]), _fees(flow, terms)
    before, moved = memory[M_POSITION], mid - mid_before
    bought = held - before
    told[D_SPREAD] = (cash - memory[M_CASH] + bought * mid_before) * unit
    told[D_ADVERSE] = bought * moved * unit
    told[D_HELD] = before * moved * unit
    told[D_FEE] = memory[M_FEES] - fees
    told[D_RISK] = -terms[T_RISK] * held * held
    told[D_NEWS] = before * (driftless(flow) - memory[M_AHEAD]) * unit
    # At the end nothing is foreseen any more: a potential must come back to where it began.
    mark = 0.0 if ints[I_STEP] >= terms[T_STEPS] else held * (foreseen(flow) - mid) * unit
    told[D_FORESIGHT] = mark - memory[M_MARK]
    memory[M_AHEAD], memory[M_MARK] = driftless(flow), mark
    memory[M_CASH], memory[M_POSITION], memory[M_FEES] = cash, held, fees
    told[D_FEES], told[D_CASH] = fees, cash * unit - fees
    told[D_WEALTH] = (cash + held * mid) * unit - fees
    told[D_INVENTORY], told[D_MID] = held / terms[T_UNITS], mid * terms[T_TICK]
    told[D_BID] = told[D_ASK] = 0.0
    for k in range(ints[I_OPEN]):
        if desk[k, O_LEAVING] == 0:
            told[D_BID if desk[k, O_SIDE] > 0 else D_ASK] = desk[k, O_TICKS] * terms[T_TICK]
    told[D_FILLS], told[D_SENT] = ints[I_FILLS], ints[I_SENT]
    told[D_CANCELS], told[D_REFUSED] = ints[I_CANCELS], ints[I_REFUSED]
    return (terms[T_SPREAD] * told[D_SPREAD] + terms[T_ADVERSE] * told[D_ADVERSE]
            + terms[T_INVENTORY] * told[D_HELD] + terms[T_FEES] * told[D_FEE]
            + terms[T_RISK_WEIGHT] * told[D_RISK] + terms[T_NEWS] * told[D_NEWS]
            + terms[T_FORESIGHT] * told[D_FORESIGHT]) / terms[T_SCALE]


# -- entries: the parts of a step, between which the markets run -----------------------------------


@njit(borrows=True)
def begin(table, desks, ints, memories, rows, terms, obs, told):
    """Look for the first time at markets that were opened just now."""
    for j in range(len(rows)):
        i = rows[j]
        book, flow, _ = market_at(table, i)
        for k in range(I_SIZE):
            ints[i, k] = 0
        for k in range(M_SIZE):
            memories[i, k] = 0.0
        memories[i, M_FLOW] = flow.level[L_SIGNAL]
        memories[i, M_VARIANCE] = 1.0
        see_until(flow, np.int64(terms[T_START]))
        _see(book, flow, ints[i], memories[i], terms)
        _account(flow, desks[i], ints[i], memories[i], terms, memories[i, M_MID], told[i])
        _show(book, flow, desks[i], ints[i], memories[i], terms, obs[i])


@njit(borrows=True)
def hear(table, desks, ints, rows):
    """Take in what the venues have told, which empties their buffers."""
    for j in range(len(rows)):
        _, flow, tape = market_at(table, rows[j])
        _hear(flow, tape, desks[rows[j]], ints[rows[j]])


@njit(borrows=True)
def withdraw(table, desks, ints, memories, rows, actions, terms, wanted, until_ns):
    """Decide on quotes (none without actions), send cancels; writes `wanted` and `until_ns`."""
    for j in range(len(rows)):
        i = rows[j]
        book, flow, _ = market_at(table, i)
        if len(actions) > 0:
            _quote(book, ints[i], memories[i], terms, actions[i], wanted[i])
        else:
            for k in range(4):
                wanted[i, k] = 0
        _withdraw(flow, desks[i], ints[i], wanted[i])
        until_ns[i] = flow.clock[C_NOW]


@njit(borrows=True)
def post(table, desks, ints, rows, terms, wanted, until_ns):
    """Send new orders and set the clocks to the next look; writes `until_ns`."""
    for j in range(len(rows)):
        i = rows[j]
        _, flow, tape = market_at(table, i)
        _hear(flow, tape, desks[i], ints[i])
        _fill_up(flow, desks[i], ints[i], wanted[i], np.int64(terms[T_LIMIT]))
        ints[i, I_STEP] += 1
        now_ns = np.int64(terms[T_START]) + ints[i, I_STEP] * np.int64(terms[T_INTERVAL])
        until_ns[i] = see_until(flow, now_ns)


@njit(borrows=True)
def flatten(table, desks, ints, rows, until_ns):
    """Send market orders for what is held; writes `until_ns`."""
    for j in range(len(rows)):
        i = rows[j]
        _, flow, _ = market_at(table, i)
        lots = flow.count[N_POSITION]
        if lots != 0:
            side = np.int64(-1 if lots > 0 else 1)
            _post(flow, desks[i], ints[i], _MARKET, side, np.int64(0), abs(lots))
        until_ns[i] = flow.clock[C_NOW]


@njit(borrows=True)
def wait(table, ints, rows, terms, until_ns):
    """Set the clocks one look on; writes `until_ns`."""
    for j in range(len(rows)):
        _, flow, _ = market_at(table, rows[j])
        now_ns = flow.clock[C_TRADER] + np.int64(terms[T_INTERVAL])
        until_ns[rows[j]] = see_until(flow, now_ns)


@njit(borrows=True)
def look(table, desks, ints, memories, rows, terms, obs, rewards, told):
    """Account for the step and look at the market (modifies all but `rows` and `terms`)."""
    for j in range(len(rows)):
        i = rows[j]
        book, flow, _ = market_at(table, i)
        mid = memories[i, M_MID]
        _see(book, flow, ints[i], memories[i], terms)
        rewards[i] = _account(flow, desks[i], ints[i], memories[i], terms, mid, told[i])
        _show(book, flow, desks[i], ints[i], memories[i], terms, obs[i])
