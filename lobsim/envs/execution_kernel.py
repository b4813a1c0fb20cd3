"""One call for N environments: a decision of each, the market until the next, account, view.

Every environment is advanced alone, whatever its neighbours do, so that it takes the same path in
a batch of any size.
"""

from lobsim.engine.jit import njit
from lobsim.engine.prefetch import prefetch
from lobsim.envs.execution_layout import (E_ALIVE, E_FILLED, E_FILLED_BEFORE, E_LOTS, E_PHASE,
                                          E_STEP, E_STEPS, REALS, RUNNING, WORDS)
from lobsim.envs.execution_rules import begin, first_bad, go_on
from lobsim.envs.execution_score import account, inform, look, observe, start
from lobsim.envs.jobs import arrays_of, rows_of
from lobsim.market.handles import market_at
from lobsim.market.kernel import DONE, run_market
from lobsim.market.state import (AHEAD, C_SIZE, L_SIZE, NONE, N_OWN_FILLS, N_REPORTS,
                                 N_SIZE)

__all__ = ["bad_action", "start_some", "step_all", "step_chunk"]

_LINE = 8  # numbers in a cache line


@njit(borrows=True, inner=True)
def _empty(flow):
    """Own fills and reports are only counted here: make room for the next."""
    flow.count[N_OWN_FILLS] = 0
    flow.count[N_REPORTS] = 0


@njit(borrows=True, inner=True)
def _after_run(book, flow, word, real):
    """Look at the market where it stopped; the time to run it to next, or -1."""
    if word[E_PHASE] == RUNNING:
        look(book, word, real)
    return go_on(book, flow, word)


@njit(borrows=True, inner=True)
def _finish(book, flow, word, real, schedule, weights, seen, info):
    """Account and view of a step that is over; returns the reward and whether the episode is."""
    is_over = word[E_FILLED] >= word[E_LOTS] or word[E_STEP] >= word[E_STEPS]
    reward = account(book, flow, word, real, schedule, weights, is_over, info)
    observe(book, flow, word, real, schedule, seen)
    word[E_FILLED_BEFORE] = word[E_FILLED]
    if is_over:
        word[E_ALIVE] = 0
    return reward, is_over


@njit(borrows=True)
def start_some(rows, table, word, real, schedule, seen, info):
    """First look at the markets of `rows`, which were just opened; writes views and information."""
    for i in rows:
        book, flow, _ = market_at(table, i)
        start(book, flow, word[i], real[i])
        for k in range(info.shape[1]):
            info[i, k] = 0.0
        inform(flow, word[i], real[i], info[i])
        observe(book, flow, word[i], real[i], schedule[i], seen[i])


@njit(borrows=True, inner=True)
def _fetch(table, word, real, i):
    """Ask for what environment `i` will read first, while the one before it plays.

    All that is its own, but for the book, which is fetched when it is known what will be read of
    it (`lobsim.market.foresight`).
    """
    book, flow, _ = market_at(table, i)
    for k in range(0, N_SIZE, _LINE):
        prefetch(flow.count, k)
    for k in range(0, L_SIZE, _LINE):
        prefetch(flow.level, k)
    for k in range(0, AHEAD, _LINE):
        prefetch(flow.ahead, k)
        prefetch(flow.waits, k)
    for k in range(0, WORDS, _LINE):
        prefetch(word, i * WORDS + k)
        prefetch(real, i * REALS + k)
    for k in range(0, C_SIZE, _LINE):
        prefetch(flow.clock, k)
        prefetch(flow.keys, k)
        prefetch(book.scalars, k)
    prefetch(flow.own, NONE)


@njit(borrows=True, inner=True)
def _step(i, table, word, real, schedule, choices, weights, actions, seen, rewards, over, info):
    """Advance environment `i` by one decision."""
    book, flow, _ = market_at(table, i)
    until_ns = begin(book, flow, word[i], schedule[i], actions[i], choices)
    while until_ns >= 0:
        while run_market(table, i, until_ns) != DONE:
            _empty(flow)
        _empty(flow)
        until_ns = _after_run(book, flow, word[i], real[i])
    rewards[i], over[i] = _finish(book, flow, word[i], real[i], schedule[i], weights, seen[i],
                                  info[i])


@njit(borrows=True, nogil=True)
def step_chunk(job, chunk, _):
    """Advance the environments alive of one chunk of a job (`lobsim.envs.jobs`)."""
    (table, word, real, schedule, choices, weights, actions, seen, rewards, over,
     info) = arrays_of(job)
    first, stop = rows_of(job, chunk)
    for i in range(first, stop):
        if i + 1 < len(rewards):
            _fetch(table, word, real, i + 1)
        if word[i, E_ALIVE] != 0:
            _step(i, table, word, real, schedule, choices, weights, actions, seen, rewards, over,
                  info)
    return 0


@njit(borrows=True)
def bad_action(job, _, __):
    """-1, or the first environment of a job whose action means nothing."""
    _, word, _, _, choices, _, actions, _, _, _, _ = arrays_of(job)
    return first_bad(word, actions, choices)


@njit(borrows=True)
def step_all(table, word, real, schedule, choices, weights, actions, seen, rewards, over, info):
    """Advance every environment that is alive by one decision.

    Parameters
    ----------
    table : ndarray of int64
        Addresses of the markets, `lobsim.market.handles`.
    word, real, schedule : ndarray, N rows
        State and parameters, `lobsim.envs.execution_layout`; modified.
    choices : ndarray of float, shape (A, 3)
        Slices to cross, offset in ticks, slices to rest (-1: keep) of each discrete action.
    weights : ndarray of float
        Of the terms in the reward.
    actions : ndarray of float, shape (N, 3)
    seen : ndarray of float32; rewards : ndarray of float; over : ndarray of bool; info : ndarray
        Written for the environments that are alive.

    Returns
    -------
    int
        -1, or the first environment whose action means nothing; nothing has moved then.
    """
    bad = first_bad(word, actions, choices)
    if bad >= 0:
        return bad
    for i in range(len(rewards)):
        if word[i, E_ALIVE] != 0:
            _step(i, table, word, real, schedule, choices, weights, actions, seen, rewards, over,
                  info)
    return -1
