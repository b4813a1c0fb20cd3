"""From what an agent wants to what clients allow: caps, neutrality and deadlines, before any order.

Every limit is kept in the worst case, so that no fill, in whatever order and with whatever latency,
can break it. In order of precedence:

1. No block trades more than its quantity, and none on its other side.
2. *Cap*: with c of a block, V the market's volume since arrival (own trades in it) and F filled,
   at most ``(c V - F) / (1 - c)`` lots may be open: were they all filled at once, the block would
   have c of the volume; every other trade only adds to V.
3. *Net*: with R what is left to sell less what is left to buy, in money at arrival prices, orders
   to sell may be open for at most R - low and orders to buy for at most high - R: were all orders
   of one side filled and none of the other, R would be at its bound.
4. *Completion*: what must be done by the deadline is crossed in equal parts over the last
   `FINISH` decisions, sooner where the net limit would not let a whole side through.

If the first three leave no way to complete, the block ends short, and why is told.
"""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.envs.execution_layout import (E_CROSS, E_INTERVAL_NS, E_REST, E_SIDE, E_SLICE_NS,
                                          E_STEP)
from lobsim.envs.execution_rules import filled_lots, keep_pace, lots_on_their_way, resting_lots
from lobsim.envs.portfolio_layout import (B_CROSS, B_ENDS, B_FORCED, B_LEAST, B_LOTS, B_MOST,
                                          B_OFFSET, B_OPEN, B_REST, B_WHY, BY_BOOK, BY_CAP, BY_NET,
                                          C_CAP, C_PRICE, J_CAPPED, J_FORCED, J_HELD, J_OVERSHOT,
                                          ORDERS, PACE, PACE_CROSS, PACE_PRICE, W_HIGH,
                                          W_LEFT_NET, W_LOW)
from lobsim.market.state import (N_VOLUME, W_CANCEL_JITTER_NS, W_CANCEL_NS, W_FEED_JITTER_NS,
                                 W_FEED_NS)
from lobsim.market.venue import ask_of, bid_of

__all__ = ["FINISH", "cap_room", "hold_back", "left_to_do", "wish"]

FINISH = 3
"""Decisions over which what must be done before a deadline is spread."""
_SURE = 0.5  # share of its net room that a side can count on in a later decision
_NO_CAP = np.int64(1 << 40)


@njit(borrows=True, inner=True)
def cap_room(flow, filled, cap):
    """Lots that may be open without the risk of more than the share `cap` of the volume."""
    if cap >= 1.0:
        return _NO_CAP
    return max(0, np.int64(np.floor((cap * flow.count[N_VOLUME] - filled) / (1.0 - cap))))


@njit(borrows=True, inner=True)
def left_to_do(bound, done):
    """Lots that must still be done by the deadline."""
    return max(0, bound[B_LEAST] - done)


@njit(borrows=True, inner=True)
def wish(book, flow, word, schedule, action, mode, bound, client, told):
    """What the action wants of one block, cut to its quantity and its cap (writes `bound`).

    Returns lots that must still be done by the deadline.
    """
    filled, way = filled_lots(flow, word), lots_on_their_way(flow)
    done = filled + way
    left = bound[B_LOTS] - done
    offset = 0
    if mode == ORDERS:
        cross, rest = max(np.int64(action[0]), 0), max(np.int64(action[2]), 0)
        offset = np.int64(action[1])
        if cross + rest > left:
            told[J_OVERSHOT] += 1.0
    else:
        last_ns = word[E_INTERVAL_NS]
        if mode != PACE_PRICE:
            last_ns = max(last_ns, word[E_SLICE_NS])
        keep_pace(flow, word, schedule, action, done, last_ns)
        cross, rest = word[E_CROSS], word[E_REST]
        second = min(max(action[1], -1.0), 1.0) if mode != PACE else 0.0
        if mode == PACE_PRICE:
            bid, ask = bid_of(book), ask_of(book)
            if bid >= 0 and ask >= 0:
                offset = np.int64(0.5 * second * (ask - bid))
        elif mode == PACE_CROSS:
            more = np.int64(np.rint(0.5 * (second + 1.0) * rest))
            cross, rest = cross + more, rest - more
    cross = min(cross, left)
    rest = min(rest, left - cross)
    most = min(left, max(0, cap_room(flow, filled, client[C_CAP]) - way))
    must = left_to_do(bound, done)
    ahead = bound[B_ENDS] - word[E_STEP] - 1  # decisions that follow before the deadline
    forced = (must + ahead) // (ahead + 1) if ahead < FINISH else 0
    bound[B_WHY] = BY_CAP if most < must else BY_BOOK
    if cross + rest > most or forced > most:
        told[J_CAPPED] += 1.0
    whole = flow.whole
    is_late = whole[W_CANCEL_NS] + whole[W_CANCEL_JITTER_NS] + whole[W_FEED_NS] + (
        whole[W_FEED_JITTER_NS]) > 0
    bound[B_CROSS], bound[B_OFFSET], bound[B_REST] = cross, offset, rest
    bound[B_FORCED], bound[B_MOST] = min(forced, most), most
    bound[B_OPEN] = min(resting_lots(flow), most) if is_late else 0
    return must


@njit(borrows=True, inner=True)
def _sooner(bound, word, must, ahead_money, capacity):
    """Lots of one block to force now, because its side needs longer than its deadlines leave."""
    ahead = bound[B_ENDS] - word[E_STEP] - 1
    short = ahead_money[ahead] - _SURE * ahead * capacity
    if short <= 0.0 or must == 0:
        return 0
    return np.int64(np.ceil(must * min(1.0, short / ahead_money[ahead])))


@njit(borrows=True, inner=True)
def _share(room, first, second, third):
    """Parts of the second and of the third claim on a room that can be met."""
    room = max(room - first, 0.0)
    part = 1.0 if second <= room else room / second
    room = max(room - second, 0.0)
    rest = 1.0 if third <= room else room / third
    return part, rest


@njit(borrows=True, inner=True)
def hold_back(side, working, word, bound, client, musts, ways, whole, money, told):
    """Cut what one side wants to the room that the net limit leaves it (modifies `bound`).

    Parameters
    ----------
    side : int
    working : ndarray of bool
        Blocks that are at work; all arrays hold the rows of one episode.
    musts, ways : ndarray of int
        Lots that must still be done; lots of new orders that are on their way.
    money : ndarray of float
        Room for sums by the decisions that are ahead; overwritten.
    """
    sells = side < 0
    room = whole[W_LEFT_NET] - whole[W_LOW] if sells else whole[W_HIGH] - whole[W_LEFT_NET]
    capacity = 0.5 * (whole[W_HIGH] - whole[W_LOW])
    is_bound = room < np.inf
    for k in range(len(money)):
        money[k] = 0.0
    if is_bound:
        for n in range(len(working)):
            if working[n] and word[n, E_SIDE] == side:
                money[bound[n, B_ENDS] - word[n, E_STEP] - 1] += musts[n] * client[n, C_PRICE]
        for k in range(1, len(money)):
            money[k] += money[k - 1]
    first, second, third = 0.0, 0.0, 0.0
    for n in range(len(working)):
        if not working[n] or word[n, E_SIDE] != side:
            continue
        row, price = bound[n], client[n, C_PRICE]
        if is_bound:
            sooner = _sooner(row, word[n], musts[n], money, capacity)
            row[B_FORCED] = max(row[B_FORCED], min(sooner, row[B_MOST]))
        if row[B_FORCED] > row[B_CROSS]:
            told[J_FORCED] += 1.0
            row[B_CROSS] = row[B_FORCED]
        row[B_CROSS] = min(row[B_CROSS], row[B_MOST])
        row[B_REST] = min(row[B_REST], row[B_MOST] - row[B_CROSS])
        claim = max(row[B_OPEN], row[B_FORCED])
        first += price * (row[B_OPEN] + ways[n])
        second += price * (claim - row[B_OPEN])
        third += price * max(row[B_CROSS] + row[B_REST] - claim, 0)
    part, rest = _share(room, first, second, third) if is_bound else (1.0, 1.0)
    for n in range(len(working)):
        if not working[n] or word[n, E_SIDE] != side:
            continue
        row = bound[n]
        claim, wanted = max(row[B_OPEN], row[B_FORCED]), row[B_CROSS] + row[B_REST]
        most = row[B_OPEN] + np.int64(part * (claim - row[B_OPEN]))
        most += np.int64(rest * max(wanted - claim, 0))
        if most < wanted:
            told[J_HELD] += 1.0
            if row[B_WHY] == BY_BOOK and most < musts[n]:
                row[B_WHY] = BY_NET
        row[B_MOST] = most
        row[B_CROSS] = min(row[B_CROSS], most)
        row[B_REST] = min(row[B_REST], most - row[B_CROSS])
