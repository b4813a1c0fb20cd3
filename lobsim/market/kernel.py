"""The event loop of one market: a handful of clocks, the earliest of which goes next.

`run_to_base` plays everything but the base flow; around it stands a loop for each base flow, here
that of the Poisson crowd, the others in `lobsim.market.flows`. So a market compiles only the flow
that it has. The inner loop is inlined into each: to return through a call for every event would
take three times as long as the event.
"""

from lobsim.engine.jit import njit
from lobsim.market.crowd import base_event, next_base_time
from lobsim.market.makers import arm_reaction, reaction_event
from lobsim.market.others import metaorder_event, predator_event
from lobsim.market.own import own_arrival
from lobsim.market.paper import paper_chances
from lobsim.market.price import step_price
from lobsim.market.state import (BASE_POISSON, BASE_QUEUES, BASE_RECORDED, C_BASE, C_GRID, C_HALT,
                                 C_METAORDER, C_NOW, C_OWN, C_PREDATOR, C_REACT, C_TAKER,
                                 FILL_QUEUE, GRID_NS, NEVER, NONE, N_BASE, N_CLOCKS, N_GRID,
                                 N_HALT, N_HALTED, W_BASE, W_FILL_RULE)
from lobsim.market.takers import taker_event
from lobsim.market.venue import note_top, tape_is_full

DONE, TAPE_FULL, BASE_DUE, BOOK_CHANGED = 0, 1, 2, 3
"""Why a loop stopped; `run` and its like tell their callers the first two only."""

__all__ = ["BASE_DUE", "BOOK_CHANGED", "DONE", "TAPE_FULL", "run", "run_to_base", "settle"]


@njit(borrows=True, inner=True)
def _first_base_time(flow):
    """Draw the first event of the base clock, once."""
    clock = flow.clock
    if flow.count[N_BASE] != 0 or clock[C_BASE] != clock[C_NOW]:
        return
    if flow.whole[W_BASE] == BASE_POISSON:
        clock[C_BASE] = next_base_time(flow, clock[C_NOW])
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


@njit(borrows=True, inner=True, forceinline=True)
def settle(book, flow, tape, time_ns):
    """After an event that may have changed the book: note the best quotes, arm the makers."""
    note_top(book, flow, tape, time_ns)
    arm_reaction(book, flow, time_ns)


@njit(borrows=True, inner=True, forceinline=True)
def run_to_base(book, flow, tape, until_ns):
    """Play all events up to `until_ns`, or up to the next one of the base clock.

    Returns
    -------
    int
        ``DONE``; ``TAPE_FULL``, if a buffer must be emptied before going on; ``BASE_DUE``, when the
        base clock has gone off: its event, at ``C_NOW``, is left to the caller; ``BOOK_CHANGED``,
        if the base flow reacts to queues and something else changed them.
    """
    clock = flow.clock
    base = flow.whole[W_BASE]
    _first_base_time(flow)
    while True:
        which, time_ns = NONE, clock[0]
        for k in range(1, N_CLOCKS):
            if clock[k] < time_ns:
                which, time_ns = k, clock[k]
        if time_ns > until_ns:
            clock[C_NOW] = until_ns
            return DONE
        if tape_is_full(flow, tape):
            return TAPE_FULL
        clock[C_NOW] = time_ns
        if which == C_BASE:
            return BASE_DUE
        if which == C_GRID:
            if flow.whole[W_FILL_RULE] != FILL_QUEUE:
                paper_chances(book, flow, tape, flow.count[N_GRID], time_ns)
            step_price(flow, time_ns)
            clock[C_GRID] = time_ns + GRID_NS
            arm_reaction(book, flow, time_ns)
        else:
            _rare_event(book, flow, tape, which, time_ns)
            settle(book, flow, tape, time_ns)
            # Own orders on paper change nothing.
            if base == BASE_QUEUES and (which != C_OWN or flow.whole[W_FILL_RULE] == FILL_QUEUE):
                return BOOK_CHANGED


@njit(borrows=True)
def run(book, flow, tape, until_ns):
    """Play all events up to and including `until_ns`; pending ones keep their times.

    Because every pending event keeps its time across calls, the market is the same whatever the
    size of the steps in which it is advanced.

    Returns
    -------
    int
        ``DONE``, or ``TAPE_FULL`` if a buffer must be emptied before going on.
    """
    while True:
        told = run_to_base(book, flow, tape, until_ns)
        if told != BASE_DUE:
            return told
        time_ns = flow.clock[C_NOW]
        if base_event(book, flow, tape, time_ns):
            settle(book, flow, tape, time_ns)
