"""One call for N portfolio days: limits of all blocks, a decision of each, the markets, account.

The machinery of a single order (`lobsim.envs.execution_rules`, `execution_score`) plays every
block, within the limits that `lobsim.envs.portfolio_limits` set before. No episode looks at
another, and within one no book looks at another between two decisions.
"""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.state import PRICE_MIN
from lobsim.envs.execution_layout import (E_ALIVE, E_FILLED, E_FILLED_BEFORE, E_INTERVAL_NS, E_LOTS,
                                          E_PHASE, E_SIDE, E_STEP, E_STEPS, I_CASH, I_FEES, I_NEWS,
                                          I_SHORTFALL, I_TERMS, RUNNING, T_RISK, X_ARRIVAL, X_BLIND,
                                          X_MONEY, X_VOLUME)
from lobsim.envs.execution_rules import begin, go_on, lots_on_their_way
from lobsim.envs.execution_score import account, inform, look, observe, start
from lobsim.envs.portfolio_layout import (BY_CAP, BY_NET, B_CROSS, B_LEAST, B_LOTS, B_MOST,
                                          B_OFFSET, B_REST, B_WAS, B_WHY, C_AVERSION, C_CAP,
                                          C_PRICE, C_WEIGHT, FINISHED, J_BOOK, J_CAP, J_CAPPED,
                                          J_CASH, J_FEES, J_GROSS, J_LEFT, J_NET, J_NET_SHORT,
                                          J_NEWS, J_OVERSHOT, J_RISK, J_SHORTFALL, J_TERMS, J_TIME,
                                          J_WORKING, NAME_COLUMNS, P_AVERSION, P_CAP, P_CHARGE,
                                          P_COVER, P_ENDS, P_HEDGE, P_MUST, P_SIDE, P_SIZE,
                                          P_SPREAD, P_VALUE, P_VOLATILITY, Q_BUY, Q_LEFT, Q_NET,
                                          Q_RISK, Q_SELL, Q_TIME, Q_WORKING, T_AVERSION, T_OWN_RISK,
                                          W_GROSS, W_HIGH, W_LEFT_NET, W_LOW, W_RISK_FIRST, W_STEP)
from lobsim.envs.portfolio_limits import cap_room, hold_back, left_to_do, wish
from lobsim.market.handles import market_at
from lobsim.market.kernel import DONE, run_market
from lobsim.market.state import N_OWN_FILLS, N_REPORTS, N_VOLUME
from lobsim.market.venue import ask_of, bid_of

__all__ = ["begin_days", "step_days"]

_MIDDLING = 0.003  # 1/bps: an aversion that shows as one half
_MANY = 5.0  # average blocks: a value that shows as one
# What shows as one half: a spread; a standard deviation of a decision; what is left, as a share of
# the volume that is expected until the deadline; what aversion charges for a decision.
_WIDE_BPS, _MOVES_BPS, _MUCH, _CHARGE_BPS = 5.0, 10.0, 0.05, 0.02
DOLLAR, CASH = np.arange(1, 3)
"""Which net exposure is bounded: of what is left, or of what is done."""


@njit(borrows=True, inner=True)
def _positions(rows, bound, word, client, x):
    """What is left of the blocks at work, as signed shares of the gross value (writes `x`)."""
    for n in range(len(x)):
        i = rows + n
        x[n] = 0.0
        if word[i, E_ALIVE] != 0:
            left = bound[i, B_LOTS] - word[i, E_FILLED]
            x[n] = word[i, E_SIDE] * left / bound[i, B_LOTS] * client[i, C_WEIGHT]


@njit(borrows=True, inner=True)
def _risks(rows, client, covariance, x, carried):
    """Variance of a step in bps^2: of positions, and of positions weighed by clients' aversion.

    Writes what each name's return has in common with the portfolio's to `carried`, and with the
    positions so weighed to its second row.
    """
    plain, averse = 0.0, 0.0
    for n in range(len(x)):
        row, both, felt = covariance[n], 0.0, 0.0
        for k in range(len(x)):
            both += row[k] * x[k]
            felt += row[k] * x[k] * client[rows + k, C_AVERSION]
        carried[0, n], carried[1, n] = both, felt
        plain += x[n] * both
        averse += x[n] * client[rows + n, C_AVERSION] * felt
    return max(plain, 0.0), max(averse, 0.0)  # rounding may leave them a hair below


@njit(borrows=True, inner=True)
def _share_risk(rows, client, covariance, x, carried, weights, earned, told):
    """Charge each name with half of its share of a step's risks: x (C x), which sum to x C x.

    And with half of what its client charges for its own variance; adds that to `told`.
    """
    for n in range(len(x)):
        averse = x[n] * client[rows + n, C_AVERSION] * carried[1, n]
        earned[n] -= 0.5 * (weights[T_RISK] * x[n] * carried[0, n] + weights[T_AVERSION] * averse)
        if x[n] != 0.0:
            felt = x[n] * client[rows + n, C_AVERSION]
            alone = felt * felt * covariance[n, n] / client[rows + n, C_WEIGHT]
            earned[n] -= 0.5 * weights[T_OWN_RISK] * alone
            told[J_TERMS + T_OWN_RISK] += 0.5 * alone


@njit(borrows=True, inner=True)
def _net_left(rows, count, bound, word, client):
    """What is left to sell less what is left to buy, at arrival prices; only fills change it."""
    total = 0.0
    for n in range(count):
        i = rows + n
        if bound[i, B_LOTS] > 0:
            left = bound[i, B_LOTS] - word[i, E_FILLED]
            total -= word[i, E_SIDE] * left * client[i, C_PRICE]
    return total


@njit(borrows=True, inner=True)
def _show_liquidity(book, word, real, left, own_variance, seen):
    """Columns that compare names by what it takes to trade them; the market's part unless blind."""
    decisions = word[E_STEPS] - word[E_STEP]  # to the deadline, at least 1 while it works
    volatility = np.sqrt(own_variance)
    seen[P_VOLATILITY] = volatility / (volatility + _MOVES_BPS)
    part = left / (real[X_VOLUME] * decisions)
    seen[P_SIZE] = part / (part + _MUCH)
    if real[X_BLIND] != 0.0:
        return
    bid, ask = bid_of(book), ask_of(book)
    if bid >= 0 and ask >= 0:
        spread_bps = 2e4 * (ask - bid) / (ask + bid)
        seen[P_SPREAD] = spread_bps / (spread_bps + _WIDE_BPS)
    other = ask if word[E_SIDE] > 0 else bid
    lots = book.levels[other - book.scalars[PRICE_MIN]]["total"] if other >= 0 else 0
    seen[P_COVER] = lots / (lots + left / decisions) if left > 0 else 1.0


@njit(borrows=True, inner=True)
def _show_name(book, flow, word, real, bound, client, own_variance, risk, carried, felt, count,
               days, seen):
    """Columns of a name that a single order does not have."""
    left = bound[B_LOTS] - word[E_FILLED]
    seen[P_SIDE] = word[E_SIDE]
    seen[P_VALUE] = min(1.0, client[C_WEIGHT] * count / _MANY)
    seen[P_ENDS] = word[E_STEPS] / days
    aversion = client[C_AVERSION] ** 2
    seen[P_AVERSION] = aversion / (aversion + _MIDDLING)
    if left > 0:
        seen[P_MUST] = left_to_do(bound, word[E_FILLED]) / left
        seen[P_CAP] = min(1.0, cap_room(flow, word[E_FILLED], client[C_CAP]) / left)
    scale = np.sqrt(risk * own_variance)
    # Positive: what is left of it adds to the risk of the rest; negative: it hedges that.
    seen[P_HEDGE] = min(max(word[E_SIDE] * carried / scale, -1.0), 1.0) if scale > 0.0 else 0.0
    charge_bps = word[E_SIDE] * client[C_AVERSION] * felt
    seen[P_CHARGE] = charge_bps / (abs(charge_bps) + _CHARGE_BPS)
    _show_liquidity(book, word, real, left, own_variance, seen)


@njit(borrows=True, inner=True)
def _show_all(e, count, days, table, word, real, bound, client, whole, covariance, x, carried, risk,
              told, seen):
    """Columns that a single order does not have, and those of the portfolio."""
    rows, width = e * count, NAME_COLUMNS
    left, working = 0.0, 0
    for n in range(count):
        i = rows + n
        if word[i, E_ALIVE] != 0:
            working += 1
            left += abs(x[n])
            book, flow, _ = market_at(table, i)
            _show_name(book, flow, word[i], real[i], bound[i], client[i], covariance[n, n], risk,
                       carried[0, n], carried[1, n], count, days,
                       seen[n * width:(n + 1) * width])
    tail = seen[count * width:]
    gross = whole[W_GROSS]
    net, low, high = whole[W_LEFT_NET], whole[W_LOW], whole[W_HIGH]
    tail[Q_TIME] = 1.0 - whole[W_STEP] / days
    tail[Q_LEFT] = min(left, 1.0)
    tail[Q_NET] = min(max(net / gross, -1.0), 1.0) if gross > 0.0 else 0.0
    tail[Q_SELL] = min(1.0, max(net - low, 0.0) / gross) if low > -np.inf else 1.0
    tail[Q_BUY] = min(1.0, max(high - net, 0.0) / gross) if high < np.inf else 1.0
    first = whole[W_RISK_FIRST]
    tail[Q_RISK] = min(5.0, np.sqrt(risk / first)) if first > 0.0 else 0.0
    tail[Q_WORKING] = working / count
    told[J_LEFT], told[J_WORKING] = left, working
    told[J_NET] = net / gross if gross > 0.0 else 0.0
    told[J_RISK] = np.sqrt(risk)


@njit(borrows=True)
def begin_days(episodes, count, days, table, word, real, schedule, bound, client, whole, covariance,
               positions, carried, neutral, most_net, notes, told, seen):
    """First look at the markets of `episodes`, which were just opened; sets values and bounds."""
    for e in episodes:
        rows = e * count
        gross = 0.0
        for k in range(seen.shape[1]):
            seen[e, k] = 0.0
        for n in range(count):
            i = rows + n
            for k in range(notes.shape[1]):
                notes[i, k] = 0.0
            if bound[i, B_LOTS] == 0:
                continue
            book, flow, _ = market_at(table, i)
            flow.count[N_OWN_FILLS] = 0
            start(book, flow, word[i], real[i])
            inform(flow, word[i], real[i], notes[i])
            width = NAME_COLUMNS
            observe(book, flow, word[i], real[i], schedule[i],
                    seen[e, n * width:n * width + P_SIDE])
            client[i, C_PRICE] = real[i, X_ARRIVAL] * real[i, X_MONEY]
            gross += client[i, C_PRICE] * bound[i, B_LOTS]
        for n in range(count):
            i = rows + n
            client[i, C_WEIGHT] = client[i, C_PRICE] * bound[i, B_LOTS] / gross
        net = _net_left(rows, count, bound, word, client)
        whole[e, W_GROSS], whole[e, W_LEFT_NET], whole[e, W_STEP] = gross, net, 0.0
        whole[e, W_LOW], whole[e, W_HIGH] = -np.inf, np.inf
        if neutral != 0:
            room = max(most_net * gross, abs(net))
            middle = net if neutral == CASH else 0.0
            whole[e, W_LOW], whole[e, W_HIGH] = middle - room, middle + room
        _positions(rows, bound, word, client, positions[e])
        risk, _ = _risks(rows, client, covariance[e], positions[e], carried[e])
        whole[e, W_RISK_FIRST] = risk
        told[e, J_GROSS] = gross
        _show_all(e, count, days, table, word, real, bound, client, whole[e], covariance[e],
                  positions[e], carried[e], risk, told[e], seen[e])


@njit(borrows=True, inner=True)
def _decide(e, count, table, word, schedule, bound, client, whole, actions, mode, numbers, musts,
            ways, working, money, told):
    """Limits of one episode: from what the action wants to what each block may do."""
    rows = e * count
    for n in range(count):
        i = rows + n
        working[n] = word[i, E_ALIVE] != 0
        if working[n]:
            book, flow, _ = market_at(table, i)
            ways[n] = lots_on_their_way(flow)
            musts[n] = wish(book, flow, word[i], schedule[i],
                            actions[n * numbers:(n + 1) * numbers], mode, bound[i], client[i],
                            told)
    last = rows + count
    for side in (-1, 1):
        hold_back(side, working, word[rows:last], bound[rows:last], client[rows:last], musts, ways,
                  whole, money, told)


@njit(borrows=True, inner=True)
def _play(table, i, word, real, schedule, bound, order, choices):
    """Let one block act and its market run to the next decision; own fills stay on the tape."""
    book, flow, _ = market_at(table, i)
    flow.count[N_OWN_FILLS], flow.count[N_REPORTS] = 0, 0
    order[0], order[1], order[2] = bound[B_CROSS], bound[B_OFFSET], bound[B_REST]
    done = word[E_FILLED] + lots_on_their_way(flow)
    bound[B_WAS] = bound[B_LOTS] - word[E_FILLED]
    word[E_LOTS] = done + bound[B_MOST]  # nothing may fill beyond, not even by overtaking
    until_ns = begin(book, flow, word, schedule, order, choices)
    while until_ns >= 0:
        while run_market(table, i, until_ns) != DONE:
            flow.count[N_REPORTS] = 0
            flow.count[N_OWN_FILLS] = 0
        if word[E_PHASE] == RUNNING:
            look(book, word, real)
        until_ns = go_on(book, flow, word)
    word[E_LOTS] = bound[B_LOTS]


@njit(borrows=True, inner=True)
def _close(word, bound, told):
    """A block that is over: whether it has what it must, and if not, why."""
    word[E_ALIVE] = 0
    if word[E_FILLED] >= bound[B_LEAST]:
        bound[B_WHY] = FINISHED
    elif bound[B_WHY] == BY_CAP:
        told[J_CAP] += 1.0
    elif bound[B_WHY] == BY_NET:
        told[J_NET_SHORT] += 1.0
    else:
        told[J_BOOK] += 1.0


@njit(borrows=True, inner=True)
def _account_all(rows, count, notes, client, told):
    """Sums over the names of what has happened since the start."""
    for k in (J_CASH, J_FEES, J_SHORTFALL, J_NEWS):
        told[k] = 0.0
    for n in range(count):
        i = rows + n
        told[J_CASH] += notes[i, I_CASH]
        told[J_FEES] += notes[i, I_FEES]
        told[J_SHORTFALL] += client[i, C_WEIGHT] * notes[i, I_SHORTFALL]
        told[J_NEWS] += client[i, C_WEIGHT] * notes[i, I_NEWS]


@njit(borrows=True, nogil=True)
def step_days(episodes, count, days, table, word, real, schedule, bound, client, whole, covariance,
              positions, carried, musts, ways, working, money, orders, choices, weights, nothing,
              mode, numbers, actions, notes, told, seen, earned, rewards, over):
    """Advance `episodes` by one decision; see `lobsim.envs.portfolio_core` for the arrays."""
    width = NAME_COLUMNS
    for e in episodes:
        rows, facts, own = e * count, told[e], earned[e]
        for k in range(J_CAPPED, J_OVERSHOT + 1):
            facts[k] = 0.0
        for k in range(J_TERMS, told.shape[1]):
            facts[k] = 0.0
        for k in range(seen.shape[1]):
            seen[e, k] = 0.0
        x = positions[e]
        _positions(rows, bound, word, client, x)
        plain, averse = _risks(rows, client, covariance[e], x, carried[e])
        for n in range(count):
            own[n] = 0.0
        _share_risk(rows, client, covariance[e], x, carried[e], weights, own, facts)
        _decide(e, count, table, word, schedule, bound, client, whole[e], actions[e], mode,
                numbers, musts, ways, working, money, facts)
        for n in range(count):
            i = rows + n
            if not working[n]:
                continue
            _play(table, i, word[i], real[i], schedule[i], bound[i], orders[i], choices)
            book, flow, _ = market_at(table, i)
            is_over = word[i, E_FILLED] >= bound[i, B_LOTS] or word[i, E_STEP] >= word[i, E_STEPS]
            account(book, flow, word[i], real[i], schedule[i], nothing, is_over, notes[i])
            for k in range(len(nothing)):
                cost = client[i, C_WEIGHT] * notes[i, I_TERMS + k]
                facts[J_TERMS + k] += cost
                if k != T_RISK:  # that of a single order; a name's share of the day's is its own
                    own[n] -= weights[k] * cost
            if is_over:
                _close(word[i], bound[i], facts)
            else:
                observe(book, flow, word[i], real[i], schedule[i],
                        seen[e, n * width:n * width + P_SIDE])
            word[i, E_FILLED_BEFORE] = word[i, E_FILLED]
        whole[e, W_STEP] += 1.0
        whole[e, W_LEFT_NET] = _net_left(rows, count, bound, word, client)
        _positions(rows, bound, word, client, x)
        after, averse_after = _risks(rows, client, covariance[e], x, carried[e])
        _share_risk(rows, client, covariance[e], x, carried[e], weights, own, facts)
        facts[J_TERMS + T_RISK] = 0.5 * (plain + after)
        facts[J_TERMS + T_AVERSION] = 0.5 * (averse + averse_after)
        facts[J_TIME] = whole[e, W_STEP] * word[rows, E_INTERVAL_NS] * 1e-9
        _account_all(rows, count, notes, client, facts)
        _show_all(e, count, days, table, word, real, bound, client, whole[e], covariance[e], x,
                  carried[e], after, facts, seen[e])
        rewards[e] = 0.0
        for k in range(len(weights)):
            rewards[e] -= weights[k] * facts[J_TERMS + k]
        over[e] = facts[J_WORKING] == 0.0
