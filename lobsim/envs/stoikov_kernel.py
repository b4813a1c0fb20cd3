"""One step of N Avellaneda-Stoikov worlds: quotes, fills, the move of the mid, rewards."""

import math

import numpy as np

from lobsim.engine.jit import njit
from lobsim.market import rng

# Columns of the state, of the terms, and of what is told.
(X_MID, X_CASH, X_INVENTORY, X_DRIFT, X_ESTIMATE, X_READING, X_STEP, X_SIZE) = range(8)
(T_DT, T_MOVE, T_UP, T_INTENSITY, T_DECAY, T_HALF, T_SKEW, T_CAP, T_STEPS, T_AVERSION, T_RISK,
 T_CENTRE, T_START, T_STD, T_KEEP, T_GAIN, T_VARIANCE, T_NOISE, T_IMPACT, T_SIGNAL, T_BLIND,
 T_EXPONENTIAL, T_SIZE) = range(23)
TOLD = ("wealth", "cash", "inventory", "mid", "bid_distance", "ask_distance", "bid_filled",
        "ask_filled", "spread_gain", "inventory_gain", "risk_penalty", "drift")
(D_WEALTH, D_CASH, D_INVENTORY, D_MID, D_BID, D_ASK, D_BOUGHT, D_SOLD, D_SPREAD, D_HELD, D_RISK,
 D_DRIFT) = range(12)

REWARDS = ("pnl", "risk", "expected", "mean", "utility", "marked")
PNL, RISK, EXPECTED, MEAN, UTILITY, MARKED = range(6)

SIGNAL_BOUND = 6.0
"""Readings and estimates are shown in standard deviations of the drift, cut at this many."""

_WORDS = np.uint64(8)  # words of an episode's stream for one step
_BEGIN = np.uint64(1 << 62)  # words for the start, far from those of any step
_1, _2, _3, _4 = (np.uint64(k) for k in range(1, 5))


@njit(borrows=True, inner=True)
def _show(state, terms, obs):
    """Write the observation."""
    obs[0] = np.float32(state[X_INVENTORY] / terms[T_CAP])
    obs[1] = np.float32((terms[T_STEPS] - state[X_STEP]) / terms[T_STEPS])
    if terms[T_SIGNAL] != 0.0:
        if terms[T_BLIND] != 0.0 or terms[T_STD] == 0.0:
            obs[2], obs[3] = np.float32(0.0), np.float32(0.0)
        else:
            for k in range(2):
                seen = state[X_READING if k == 0 else X_ESTIMATE] / terms[T_STD]
                obs[2 + k] = np.float32(min(max(seen, -SIGNAL_BOUND), SIGNAL_BOUND))


@njit(borrows=True)
def begin(states, keys, rows, seeds, terms, obs, told):
    """Start episodes (modifies the rows of all but `seeds` and `terms`)."""
    for j in range(len(rows)):
        i = rows[j]
        keys[i] = rng.stream_key(seeds[j], _1)
        state = states[i]
        for k in range(X_SIZE):
            state[k] = 0.0
        state[X_MID] = terms[T_START]
        if terms[T_SIGNAL] != 0.0:
            # The filter has always run: what it expects, the drift around it, the first reading.
            std = terms[T_STD]
            ahead = terms[T_KEEP] ** 2 * terms[T_VARIANCE] + std**2 * (1.0 - terms[T_KEEP] ** 2)
            expected = math.sqrt(max(std**2 - ahead, 0.0)) * rng.normal(rng.word(keys[i], _BEGIN))
            drift = expected + math.sqrt(ahead) * rng.normal(rng.word(keys[i], _BEGIN + _1))
            reading = drift + terms[T_NOISE] * rng.normal(rng.word(keys[i], _BEGIN + _2))
            state[X_DRIFT], state[X_READING] = drift, reading
            state[X_ESTIMATE] = expected + terms[T_GAIN] * (reading - expected)
        told[i, D_MID] = state[X_MID]
        told[i, D_DRIFT] = state[X_DRIFT]
        _show(state, terms, obs[i])


@njit(borrows=True, inner=True)
def _chance(distance, terms):
    """Probability that a quote at a distance from the mid is filled in a step."""
    rate = terms[T_INTENSITY] * terms[T_DT] * math.exp(-terms[T_DECAY] * distance)
    return -math.expm1(-rate) if terms[T_EXPONENTIAL] != 0.0 else min(rate, 1.0)


@njit(borrows=True, inner=True)
def _ahead(left, terms):
    """Move of the mid that is expected within `left` steps, for a drift of 1."""
    keep = terms[T_KEEP]
    return terms[T_DT] * (1.0 - keep**left) / (1.0 - keep) if keep < 1.0 else 0.0


@njit(borrows=True)
def advance(states, keys, rows, actions, terms, form, obs, rewards, ended, told):
    """Play one step of the worlds `rows` (modifies all but `rows`, `actions` and `terms`)."""
    for j in range(len(rows)):
        i = rows[j]
        state, key = states[i], keys[i]
        index = np.uint64(np.int64(state[X_STEP])) * _WORDS
        q, drift, estimate = state[X_INVENTORY], state[X_DRIFT], state[X_ESTIMATE]
        left = terms[T_STEPS] - state[X_STEP]
        half = terms[T_HALF] * (1.0 + min(max(actions[i, 0], -1.0), 1.0))
        shift = terms[T_SKEW] * min(max(actions[i, 1], -1.0), 1.0)
        bid, ask = half - shift, half + shift
        can_buy, can_sell = q < terms[T_CAP], q > -terms[T_CAP]
        p_bid = _chance(bid, terms) if can_buy else 0.0
        p_ask = _chance(ask, terms) if can_sell else 0.0
        # The mid's draw does not depend on the quotes, so that policies meet the same moves.
        tilt = min(max(drift * terms[T_UP], -1.0), 1.0)
        up = rng.uniform(rng.word(key, index)) < 0.5 * (1.0 + tilt)
        drawn = terms[T_MOVE] if up else -terms[T_MOVE]
        bought = 1.0 if rng.uniform(rng.word(key, index + _1)) < p_bid else 0.0
        sold = 1.0 if rng.uniform(rng.word(key, index + _2)) < p_ask else 0.0
        held = q + bought - sold
        move = drawn + terms[T_IMPACT] * (sold - bought)
        mid = state[X_MID]
        cash = state[X_CASH] - bought * (mid - bid) + sold * (mid + ask)
        spread_gain, inventory_gain = bought * bid + sold * ask, held * move
        state[X_MID], state[X_CASH], state[X_INVENTORY] = mid + move, cash, held
        state[X_STEP] += 1.0
        if terms[T_SIGNAL] != 0.0:
            _learn(state, terms, key, index)
        over = state[X_STEP] >= terms[T_STEPS]
        wealth = cash + held * state[X_MID]
        penalty = terms[T_RISK] * held * held
        reward = 0.0
        if form == UTILITY:
            if over:
                reward = -math.expm1(-terms[T_AVERSION] * wealth) / terms[T_AVERSION]
        elif form == EXPECTED or form == MEAN or form == MARKED:
            mean_held = q + p_bid - p_ask
            spread = p_bid * (1.0 - p_bid) + p_ask * (1.0 - p_ask)
            if form == MARKED:  # what is bought now gains all that is to come, what is held nothing
                gained = (p_bid - p_ask) * estimate * _ahead(left, terms)
            else:
                gained = mean_held * (drawn if form == EXPECTED else terms[T_MOVE] * tilt)
            pushed = q * (p_ask - p_bid) - (spread + (p_bid - p_ask) ** 2)  # E held (sold - bought)
            reward = (p_bid * bid + p_ask * ask + gained + terms[T_IMPACT] * pushed
                      - terms[T_RISK] * (mean_held * mean_held + spread) - terms[T_CENTRE])
        else:
            reward = spread_gain + inventory_gain - terms[T_CENTRE]
            if form == RISK:
                reward -= penalty
        rewards[i], ended[i] = reward, over
        row = told[i]
        row[D_WEALTH], row[D_CASH], row[D_INVENTORY] = wealth, cash, held
        row[D_MID], row[D_BID], row[D_ASK] = state[X_MID], bid, ask
        row[D_BOUGHT], row[D_SOLD] = bought, sold
        row[D_SPREAD], row[D_HELD], row[D_RISK] = spread_gain, inventory_gain, -penalty
        row[D_DRIFT] = state[X_DRIFT]
        _show(state, terms, obs[i])


@njit(borrows=True, inner=True)
def _learn(state, terms, key, index):
    """The drift moves on; the estimate learns from a new reading."""
    keep, std, estimate = terms[T_KEEP], terms[T_STD], state[X_ESTIMATE]
    drift = keep * state[X_DRIFT] + std * math.sqrt(1.0 - keep * keep) * rng.normal(
        rng.word(key, index + _3))
    reading = drift + terms[T_NOISE] * rng.normal(rng.word(key, index + _4))
    state[X_DRIFT], state[X_READING] = drift, reading
    state[X_ESTIMATE] = keep * estimate + terms[T_GAIN] * (reading - keep * estimate)
