"""The event loop of one market: a handful of clocks, the earliest of which goes next.

`run` plays every market. The events of the Poisson crowd are in it; those of any other base flow
are kernels of their own (`lobsim.market.flows`), called through the address in the market's row, so
that a market compiles only the flow that it has. `run` itself is compiled once: other kernels call
it through its address, by `run_market`.
"""

import numpy as np
from numba.extending import overload

from lobsim.engine.indirect import address_of, call_at
from lobsim.engine.jit import njit
from lobsim.market.ahead import next_base_time
from lobsim.market.crowd import base_event, pass_event, pass_idle
from lobsim.market.flows import base_of
from lobsim.market.handles import AT_BASE, AT_RUN, WIDTH, market_at, write_row
from lobsim.market.makers import arm_reaction, reaction_event
from lobsim.market.others import metaorder_event, predator_event
from lobsim.market.own import own_arrival
from lobsim.market.paper import paper_chances
from lobsim.market.price import step_price
from lobsim.market.state import (BASE_DUE, BASE_POISSON, BASE_QUEUES, BASE_RECORDED, BOOK_CHANGED,
                                 C_BASE, C_GRID, C_HALT, C_METAORDER, C_NOW, C_OWN, C_PREDATOR,
                                 C_REACT, C_TAKER, DONE, FILL_QUEUE, GRID_NS, NEVER, NONE, N_BASE,
                                 N_CLOCKS, N_GRID, N_HALT, N_HALTED, TAPE_FULL, W_BASE,
                                 W_FILL_RULE)
from lobsim.market.takers import taker_event
from lobsim.market.venue import note_top, tape_is_full

__all__ = ["DONE", "TAPE_FULL", "enter", "new_table", "run", "run_market", "table_of"]


@njit(borrows=True, inner=True)
def _first_base_time(flow):
    """Draw the first event of the base clock, once."""
    clock = flow.clock
    if flow.count[N_BASE] != 0 or clock[C_BASE] != clock[C_NOW]:
        return
    if flow.whole[W_BASE] == BASE_POISSON:
        clock[C_BASE] = next_base_time(flow, NONE, clock[C_NOW])
    elif flow.whole[W_BASE] == BASE_RECORDED:
        first = flow.recorded[0]["time_ns"] if len(flow.recorded) > 0 else NEVER
        clock[C_BASE] = max(first, clock[C_NOW])


@njit(borrows=True, inner=True)
def _halt(flow, time_ns):
    """Trading stops, or goes on."""
    count = flow.count
    number = count[N_HALT]
    if count[N_HALTED] == 0:
        count[N_HALTED] = 1
        flow.clock[C_HALT] = max(flow.halts[number, 1], time_ns)
        return
    count[N_HALTED] = 0
    count[N_HALT] = number + 1
    more = number + 1 < len(flow.halts)
    flow.clock[C_HALT] = max(flow.halts[number + 1, 0], time_ns) if more else NEVER


@njit(borrows=True, inner=True, forceinline=True)
def _earliest(clock):
    """Which clock goes next, and when."""
    which, time_ns = NONE, clock[0]
    for k in range(1, N_CLOCKS):
        if clock[k] < time_ns:
            which, time_ns = k, clock[k]
    return which, time_ns


@njit(borrows=True, inner=True)
def _rare_event(book, flow, tape, which, time_ns):
    """Everything but the base clock and the grid; kept out of the loop so that that stays small."""
    if which == C_REACT:
        reaction_event(book, flow, tape, time_ns)
    elif which == C_TAKER:
        taker_event(book, flow, tape, time_ns)
    elif which == C_OWN:
        own_arrival(book, flow, tape, time_ns)
    elif which == C_METAORDER:
        metaorder_event(book, flow, tape, time_ns)
    elif which == C_PREDATOR:
        predator_event(book, flow, tape, time_ns)
    elif which == C_HALT:
        _halt(flow, time_ns)


def play_base(table, i, told):
    """Let a base flow that is not the crowd's play its event, or see that the book has changed.

    Parameters
    ----------
    table, i
        As in `run`.
    told : int
        ``BASE_DUE`` or ``BOOK_CHANGED``.

    Returns
    -------
    int
        1 if the book may have changed, else 0.
    """
    return base_of(market_at(table, i)[1])(table, i, told)


@overload(play_base)
def _play_base_compiled(table, i, told):
    return lambda table, i, told: call_at(table[i, AT_BASE], table, i, told)


@njit(borrows=True)
def run(table, i, until_ns):
    """Play all events of a market up to and including `until_ns`; pending ones keep their times.

    Because every pending event keeps its time across calls, the market is the same whatever the
    size of the steps in which it is advanced.

    Parameters
    ----------
    table : ndarray of int64
        Addresses of the arrays of markets, `lobsim.market.handles`.
    i : int
        Row of the market.
    until_ns : int

    Returns
    -------
    int
        ``DONE``, or ``TAPE_FULL`` if a buffer must be emptied before going on.
    """
    book, flow, tape = market_at(table, i)
    clock = flow.clock
    base = flow.whole[W_BASE]
    _first_base_time(flow)
    while True:
        # The earliest clock goes next, and of two that fall together the one further up.
        before = min(clock[C_GRID], clock[C_HALT], clock[C_REACT])
        after = min(clock[C_TAKER], clock[C_METAORDER], clock[C_PREDATOR], clock[C_OWN])
        time_ns, which = clock[C_BASE], C_BASE
        if time_ns >= before or time_ns > after:
            which, time_ns = _earliest(clock)
        elif base <= BASE_POISSON and flow.count[N_HALTED] == 0:
            last_ns = min(before - 1, after, until_ns)
            time_ns = pass_idle(book, flow, last_ns)
            if last_ns < time_ns and last_ns < until_ns:
                continue
        if time_ns > until_ns:
            clock[C_NOW] = until_ns
            return DONE
        if tape_is_full(flow, tape):
            return TAPE_FULL
        clock[C_NOW] = time_ns
        if which == C_BASE and base <= BASE_POISSON:
            if flow.count[N_HALTED] != 0:
                pass_event(flow, time_ns)
                continue
            if not base_event(book, flow, tape, time_ns):
                continue
        elif which == C_BASE:
            if play_base(table, i, BASE_DUE) == 0:
                continue
        elif which == C_GRID:
            if flow.whole[W_FILL_RULE] != FILL_QUEUE:
                paper_chances(book, flow, tape, flow.count[N_GRID], time_ns)
            step_price(flow, time_ns)
            clock[C_GRID] = time_ns + GRID_NS
            arm_reaction(book, flow, time_ns)
            continue
        else:
            _rare_event(book, flow, tape, which, time_ns)
        note_top(book, flow, tape, time_ns)
        arm_reaction(book, flow, time_ns)
        # Own orders on paper change nothing.
        if (base == BASE_QUEUES and which != C_BASE
                and (which != C_OWN or flow.whole[W_FILL_RULE] == FILL_QUEUE)):
            play_base(table, i, BOOK_CHANGED)


def run_market(table, i, until_ns):
    """`run` for kernels: through its address, so that they do not compile it once more."""
    return run(table, i, until_ns)


@overload(run_market)
def _run_market_compiled(table, i, until_ns):
    return lambda table, i, until_ns: call_at(table[i, AT_RUN], table, i, until_ns)


def new_table(count: int) -> np.ndarray:
    """Room for the rows of `count` markets, see `lobsim.market.handles`."""
    return np.zeros((count, WIDTH), np.int64)


def enter(table: np.ndarray, i: int, arrays) -> None:
    """Enter a market into row `i` of a table (modified): its arrays, and the kernels it needs.

    Parameters
    ----------
    table : ndarray of int64
        Of `new_table`.
    i : int
    arrays : (BookState, Flow, Tape)
        To be kept alive as long as the row is used.
    """
    write_row(table, i, arrays)
    base = base_of(arrays[1])
    table[i, AT_RUN] = address_of(run)
    table[i, AT_BASE] = 0 if base is None else address_of(base)


def table_of(*markets) -> np.ndarray:
    """A table with one row for each market, given as its book, flow and tape."""
    table = new_table(len(markets))
    for i, arrays in enumerate(markets):
        enter(table, i, arrays)
    return table
