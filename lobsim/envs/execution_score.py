"""What a step of an execution environment costs, and what the agent sees after it.

All money is in ticks times lots until it is told, and positive = cost. With side s, fills q_j at
p_j in step k, x_k lots left before it, M the mid, F the exogenous price, S the mid at arrival:

* cost of the fills by two measures, ``s sum q (p - M_{k+1})`` and ``s sum q (p - S)``;
* what is left is worth less by ``s x_k (M_{k+1} - M_k)``, split into ``s x_k (F_{k+1} - F_k)``,
  which no trader can help, and the rest.

Summed by parts, fills against the mid plus revaluation, or fills against the arrival price alone,
give the same implementation shortfall once the leftover is priced: `lobsim.envs.rewards`.
"""

import numpy as np

from lobsim.engine.bits import next_above, next_below
from lobsim.engine.jit import njit
from lobsim.engine.state import PRICE_MIN
from lobsim.engine.views import ahead_of
from lobsim.envs.execution_layout import (E_ALIVE, E_ASK, E_ASK_LOTS, E_BID, E_BID_LOTS, E_DEPTH,
                                         E_FILLED, E_FILLED_BEFORE, E_LOTS, E_PHASE, E_SIDE,
                                         E_SLICE, E_START_NS, E_STEP, E_STEPS, IDLE, I_ARRIVAL,
                                         I_CASH, I_FEES, I_FILLED, I_LEFT, I_MAKER, I_MID, I_NEWS,
                                         I_POSITION, I_RESTING, I_SHORTFALL, I_TERMS, I_TIME,
                                         I_VOLUME, O_BEHIND, O_DEPTH, O_DISTANCE, O_FILLED,
                                         O_FROM_ARRIVAL, O_IMBALANCE, O_IMBALANCE_5, O_LEFT,
                                         O_MOVE, O_OFI, O_OTHER_DEPTH, O_OWN_DEPTH, O_QUEUE,
                                         O_RESTING, O_SIGNALS, O_SPREAD, O_SWING, O_TIME_LEFT,
                                         O_TREND, O_VOLUME, T_ARRIVAL, T_EXECUTION, T_EXOGENOUS,
                                         T_FEES, T_IMPACT, T_LEFTOVER, T_LEFTOVER_ARRIVAL, T_NEWS,
                                         T_OFF_SCHEDULE, T_RISK, T_TRACKING, T_TRACKING_SHIFT,
                                         X_AHEAD, X_ARRIVAL, X_BLIND, X_CANCEL, X_CASH, X_DEPTH,
                                         X_DISCOUNT, X_EXOGENOUS, X_FEES, X_LOT, X_MAKER, X_MID,
                                         X_MONEY, X_MOVE, X_NEWS, X_OFF, X_OFI, X_PER_UNIT, X_SCALE,
                                         X_SHARE, X_SHORTFALL, X_SIGMA_ALL, X_SIGMA_STEP, X_SWING,
                                         X_TAKER, X_TICK, X_TREND, X_VARIANCE, X_VOLUME,
                                         X_VOLUME_BEFORE)
from lobsim.envs.execution_rules import resting_lots
from lobsim.market.price import driftless
from lobsim.market.state import (C_TRADER, L_CASH, L_EXOGENOUS, L_MADE, L_TOOK, N_MADE,
                                 N_OWN_CANCELS, N_OWN_LIVE, N_POSITION, N_TOOK, N_VOLUME)
from lobsim.market.venue import ask_of, bid_of

__all__ = ["account", "inform", "look", "observe", "settle_leftover", "start"]
_OFF_SCHEDULE = 100.0  # bps for being off by the whole order: tracking of 0.1 throughout costs 1
_SHIFT = 10.0  # bps of potential for being off by the whole order
_LEVELS = 5  # of the deeper imbalance
_FEW_TICKS = 5.0
_FEW_SLICES = 5.0
_MEMORY = 1.0 / 6.0  # weight of the newest step in trend and swing
_MEAN_SWING = 0.7978845608028654  # E|z| of a standard normal


@njit(borrows=True, inner=True)
def _mid(book, before):
    """Mid in ticks; the one before while a side is empty."""
    bid, ask = bid_of(book), ask_of(book)
    return 0.5 * (bid + ask) if bid >= 0 and ask >= 0 else before


@njit(borrows=True, inner=True)
def _lots_at(book, price):
    return book.levels[price - book.scalars[PRICE_MIN]]["total"] if price >= 0 else 0


@njit(borrows=True, inner=True)
def _fees(flow, real):
    """Fees so far, in ticks times lots."""
    count, level = flow.count, flow.level
    if real[X_PER_UNIT] != 0.0:
        rated = real[X_MAKER] * count[N_MADE] + real[X_TAKER] * count[N_TOOK]
    else:
        rated = real[X_MAKER] * level[L_MADE] + real[X_TAKER] * level[L_TOOK]
    return (rated + real[X_SHARE] * (count[N_MADE] + count[N_TOOK])
            + real[X_CANCEL] * count[N_OWN_CANCELS])


@njit(borrows=True, inner=True)
def look(book, word, real):
    """Add to the order flow imbalance what changed at the best quotes since the last look.

    A coarse form of Cont, Kukanov and Stoikov (2014), eq. 2: between two looks, not two events.
    """
    bid, ask = bid_of(book), ask_of(book)
    bid_lots, ask_lots = _lots_at(book, bid), _lots_at(book, ask)
    if bid >= 0 and word[E_BID] >= 0:
        if bid >= word[E_BID]:
            real[X_OFI] += bid_lots
        if bid <= word[E_BID]:
            real[X_OFI] -= word[E_BID_LOTS]
    if ask >= 0 and word[E_ASK] >= 0:
        if ask <= word[E_ASK]:
            real[X_OFI] -= ask_lots
        if ask >= word[E_ASK]:
            real[X_OFI] += word[E_ASK_LOTS]
    word[E_BID], word[E_BID_LOTS] = bid, bid_lots
    word[E_ASK], word[E_ASK_LOTS] = ask, ask_lots


@njit(borrows=True, inner=True)
def start(book, flow, word, real):
    """Take the first look at a market that was just opened."""
    fallback = flow.level[L_EXOGENOUS]
    real[X_ARRIVAL] = real[X_MID] = _mid(book, fallback)
    real[X_EXOGENOUS], real[X_AHEAD] = flow.level[L_EXOGENOUS], driftless(flow)
    real[X_SCALE] = 1e4 / (word[E_LOTS] * real[X_ARRIVAL])
    for k in (X_CASH, X_FEES, X_OFI, X_TREND, X_VOLUME_BEFORE, X_SHORTFALL, X_NEWS, X_OFF, X_MOVE):
        real[k] = 0.0
    real[X_SWING] = 1.0
    for k in (E_STEP, E_FILLED, E_FILLED_BEFORE):
        word[k] = 0
    word[E_PHASE] = IDLE
    word[E_ALIVE] = 1
    word[E_BID], word[E_ASK] = -1, -1
    look(book, word, real)
    real[X_OFI] = 0.0


@njit(borrows=True, inner=True)
def settle_leftover(book, word, real):
    """Price what is left by walking the other side of the book; returns ticks times lots.

    Lots beyond the last level are priced there, and at the mid where that side is empty.
    """
    side, left = word[E_SIDE], word[E_LOTS] - word[E_FILLED]
    best = ask_of(book) if side > 0 else bid_of(book)
    if best < 0:
        return real[X_MID] * left
    low = book.scalars[PRICE_MIN]
    index, paid = best - low, 0.0
    while left > 0:
        found = min(left, book.levels[index]["total"])
        after = (next_above(book.words, book.summary, index) if side > 0
                 else next_below(book.words, book.summary, index))
        if after < 0:
            found = left
        paid += float(found * (index + low))
        left -= found
        index = after
    return paid


@njit(borrows=True, inner=True)
def _end_terms(book, word, real, terms):
    """Terms of what is left at the end of an episode (writes to `terms`)."""
    left = word[E_LOTS] - word[E_FILLED]
    if left == 0:
        return
    side = word[E_SIDE]
    paid = settle_leftover(book, word, real)
    rate = real[X_TAKER] * (left if real[X_PER_UNIT] != 0.0 else paid)
    fee = rate + real[X_SHARE] * left
    terms[T_LEFTOVER] = side * (paid - left * real[X_MID]) + fee
    terms[T_LEFTOVER_ARRIVAL] = side * (paid - left * real[X_ARRIVAL]) + fee


@njit(borrows=True, inner=True)
def _shape(word, real, schedule, is_over, left_before, terms):
    """Terms that are no money: distance from the schedule, and risk (writes to `terms`)."""
    lots, step = word[E_LOTS], word[E_STEP]
    left = lots - word[E_FILLED]
    share_of_time = 1.0 / word[E_STEPS]
    gap = schedule[step] - word[E_FILLED] / lots
    terms[T_TRACKING] = _OFF_SCHEDULE * gap * gap * share_of_time
    off = 0.0 if is_over else _SHIFT * abs(gap)
    terms[T_TRACKING_SHIFT] = real[X_DISCOUNT] * off - real[X_OFF]
    real[X_OFF] = off
    before, after = left_before / lots, left / lots
    terms[T_RISK] = 0.5 * (before * before + after * after) * real[X_VARIANCE]


@njit(borrows=True, inner=True)
def account(book, flow, word, real, schedule, weights, is_over, info):
    """Enter a step into the account; writes the information, returns the reward in bps."""
    side = word[E_SIDE]
    terms = info[I_TERMS:]
    left_before = word[E_LOTS] - word[E_FILLED_BEFORE]
    filled = word[E_FILLED] - word[E_FILLED_BEFORE]
    mid = _mid(book, real[X_MID])
    cash, fees = flow.level[L_CASH], _fees(flow, real)
    paid = side * (real[X_CASH] - cash)  # price times lots, summed over the fills
    exogenous = side * left_before * (flow.level[L_EXOGENOUS] - real[X_EXOGENOUS])
    move = side * (mid - real[X_MID])
    for k in range(len(terms)):
        terms[k] = 0.0
    terms[T_EXECUTION] = side * (paid - filled * mid)
    terms[T_EXOGENOUS] = exogenous
    terms[T_IMPACT] = left_before * move - exogenous
    terms[T_FEES] = fees - real[X_FEES]
    terms[T_ARRIVAL] = side * (paid - filled * real[X_ARRIVAL])
    terms[T_NEWS] = side * left_before * (driftless(flow) - real[X_AHEAD])
    on_schedule = word[E_LOTS] * (1.0 - schedule[word[E_STEP] - 1])
    terms[T_OFF_SCHEDULE] = (left_before - on_schedule) * move
    real[X_MOVE] = move
    real[X_TREND] += _MEMORY * (move - real[X_TREND])
    real[X_SWING] += _MEMORY * (abs(move) / (_MEAN_SWING * real[X_SIGMA_STEP]) - real[X_SWING])
    real[X_MID], real[X_CASH], real[X_FEES] = mid, cash, fees
    real[X_EXOGENOUS], real[X_AHEAD] = flow.level[L_EXOGENOUS], driftless(flow)
    if is_over:
        _end_terms(book, word, real, terms)
    for k in range(T_TRACKING):
        terms[k] *= real[X_SCALE]
    _shape(word, real, schedule, is_over, left_before, terms)
    real[X_SHORTFALL] += (terms[T_EXECUTION] + terms[T_IMPACT] + terms[T_EXOGENOUS]
                          + terms[T_FEES] + terms[T_LEFTOVER])
    real[X_NEWS] += terms[T_NEWS]
    inform(flow, word, real, info)
    reward = 0.0
    for k in range(len(terms)):
        reward -= weights[k] * terms[k]
    return reward


@njit(borrows=True, inner=True)
def inform(flow, word, real, info):
    """Write the information but for the terms; sizes in lots, prices in ticks."""
    count = flow.count
    info[I_TIME] = (flow.clock[C_TRADER] - word[E_START_NS]) * 1e-9
    info[I_LEFT] = word[E_LOTS] - word[E_FILLED]
    info[I_FILLED] = word[E_FILLED]
    info[I_POSITION] = count[N_POSITION]
    info[I_CASH] = real[X_MONEY] * (flow.level[L_CASH] - real[X_FEES])
    info[I_FEES] = real[X_MONEY] * real[X_FEES]
    info[I_MID] = real[X_MID] * real[X_TICK]
    info[I_ARRIVAL] = real[X_ARRIVAL] * real[X_TICK]
    info[I_VOLUME] = count[N_VOLUME]
    info[I_RESTING] = resting_lots(flow)
    info[I_MAKER] = count[N_MADE]
    for k in (I_LEFT, I_FILLED, I_POSITION, I_VOLUME, I_RESTING, I_MAKER):
        info[k] *= real[X_LOT]
    info[I_SHORTFALL] = real[X_SHORTFALL]
    info[I_NEWS] = real[X_NEWS]


@njit(borrows=True, inner=True, forceinline=True)
def _within(value, most):
    return min(max(value, -most), most)


@njit(borrows=True, inner=True)
def _near_lots(book, side):
    """Lots at the best levels of one side."""
    price = bid_of(book) if side > 0 else ask_of(book)
    if price < 0:
        return 0
    index, total = price - book.scalars[PRICE_MIN], 0
    for _ in range(_LEVELS):
        total += book.levels[index]["total"]
        index = (next_below(book.words, book.summary, index) if side > 0
                 else next_above(book.words, book.summary, index))
        if index < 0:
            break
    return total


@njit(borrows=True, inner=True)
def _observe_order(book, flow, word, real, schedule, seen):
    """The columns that tell of the order alone."""
    lots, side = word[E_LOTS], word[E_SIDE]
    left = lots - word[E_FILLED]
    seen[O_TIME_LEFT] = 1.0 - word[E_STEP] / word[E_STEPS]
    seen[O_LEFT] = left / lots
    slices = (schedule[word[E_STEP]] * lots - word[E_FILLED]) / word[E_SLICE]
    seen[O_BEHIND] = _within(slices / _FEW_SLICES, 1.0)
    seen[O_FILLED] = min((word[E_FILLED] - word[E_FILLED_BEFORE]) / word[E_SLICE], 5.0)
    seen[O_RESTING] = resting_lots(flow) / left if left > 0 else 0.0
    seen[O_DISTANCE] = 0.0
    seen[O_QUEUE] = 0.0
    if flow.count[N_OWN_LIVE] > 0:
        first = flow.own[0]
        best = bid_of(book) if side > 0 else ask_of(book)
        price, slot = np.int64(first["price_ticks"]), np.int64(first["slot"])
        if best >= 0:
            seen[O_DISTANCE] = _within(side * (best - price) / _FEW_TICKS, 1.0)
        if slot > 0:
            ahead, _ = ahead_of(book, slot)
            seen[O_QUEUE] = ahead / max(_lots_at(book, price), 1)


@njit(borrows=True, inner=True)
def _own_lots_at(book, flow, price):
    """Lots of own orders in the book at a price; those on paper (slot 0) are in no book."""
    total = 0
    for k in range(flow.count[N_OWN_LIVE]):
        entry = flow.own[k]
        if entry["slot"] > 0 and entry["price_ticks"] == price:
            total += np.int64(book.orders[entry["slot"]]["size"])
    return total


@njit(borrows=True, inner=True)
def _observe_depth(book, flow, word, real, seen):
    """The last columns: what others show at the best prices of the own side, then of the other.

    A price at which only own orders rest is no level, so that no own order looks like interest of
    the crowd or moves the levels behind it.
    """
    low, column = book.scalars[PRICE_MIN], O_DEPTH
    for side in (word[E_SIDE], -word[E_SIDE]):
        best, stop = bid_of(book) if side > 0 else ask_of(book), column + word[E_DEPTH]
        index = best - low if best >= 0 else -1
        while index >= 0 and column < stop:
            lots = book.levels[index]["total"] - _own_lots_at(book, flow, index + low)
            if lots > 0:
                seen[column] = lots / (lots + real[X_DEPTH])
                column += 1
            index = (next_below(book.words, book.summary, index) if side > 0
                     else next_above(book.words, book.summary, index))
        while column < stop:
            seen[column] = 0.0
            column += 1


@njit(borrows=True, inner=True)
def observe(book, flow, word, real, schedule, seen):
    """Write an observation; see the table in `lobsim.envs.execution.ExecutionEnv`."""
    _observe_order(book, flow, word, real, schedule, seen)
    if real[X_BLIND] != 0.0:
        for k in range(O_SIGNALS, len(seen)):
            seen[k] = 0.0
        return
    side = word[E_SIDE]
    bid, ask = bid_of(book), ask_of(book)
    bid_lots, ask_lots = _lots_at(book, bid), _lots_at(book, ask)
    own, other = (bid_lots, ask_lots) if side > 0 else (ask_lots, bid_lots)
    deep_own, deep_other = _near_lots(book, side), _near_lots(book, -side)
    seen[O_SPREAD] = min((ask - bid) / _FEW_TICKS, 4.0) if bid >= 0 and ask >= 0 else 0.0
    seen[O_IMBALANCE] = (own - other) / max(own + other, 1)
    seen[O_IMBALANCE_5] = (deep_own - deep_other) / max(deep_own + deep_other, 1)
    flow_ratio = side * real[X_OFI] / real[X_DEPTH]
    seen[O_OFI] = flow_ratio / (1.0 + abs(flow_ratio))
    seen[O_MOVE] = _within(real[X_MOVE] / real[X_SIGMA_STEP], 5.0)
    seen[O_TREND] = _within(real[X_TREND] / real[X_SIGMA_STEP], 5.0)
    seen[O_SWING] = min(real[X_SWING], 5.0)
    seen[O_VOLUME] = min((flow.count[N_VOLUME] - real[X_VOLUME_BEFORE]) / real[X_VOLUME], 5.0)
    seen[O_FROM_ARRIVAL] = _within(side * (real[X_MID] - real[X_ARRIVAL]) / real[X_SIGMA_ALL], 5.0)
    seen[O_OWN_DEPTH] = own / (own + real[X_DEPTH])
    seen[O_OTHER_DEPTH] = other / (other + real[X_DEPTH])
    if word[E_DEPTH] > 0:
        _observe_depth(book, flow, word, real, seen)
    real[X_OFI] = 0.0
    real[X_VOLUME_BEFORE] = flow.count[N_VOLUME]
