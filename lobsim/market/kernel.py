"""The event loop of one market: three clocks (flow, reaction, price grid) up to a given time."""

from lobsim.engine.jit import njit
from lobsim.market.flow import arm_reaction, base_event, next_base_time, reaction_event
from lobsim.market.price import step_price
from lobsim.market.state import C_BASE, C_GRID, C_NOW, C_REACT, GRID_NS, N_BASE
from lobsim.market.venue import note_top, own_cancel, own_order, tape_is_full

DONE, TAPE_FULL = 0, 1


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
    clock = flow.clock
    if flow.count[N_BASE] == 0 and clock[C_BASE] == clock[C_NOW]:
        clock[C_BASE] = next_base_time(flow, clock[C_NOW])
    while True:
        base_ns, react_ns, grid_ns = clock[C_BASE], clock[C_REACT], clock[C_GRID]
        time_ns = min(base_ns, react_ns, grid_ns)
        if time_ns > until_ns:
            clock[C_NOW] = until_ns
            return DONE
        if tape_is_full(flow, tape):
            return TAPE_FULL
        clock[C_NOW] = time_ns
        if grid_ns == time_ns:
            step_price(flow, time_ns)
            clock[C_GRID] = grid_ns + GRID_NS
        elif react_ns == time_ns:
            reaction_event(book, flow, tape, time_ns)
            note_top(book, flow, tape, time_ns)
        else:
            base_event(book, flow, tape, time_ns)
            note_top(book, flow, tape, time_ns)
        arm_reaction(book, flow, time_ns)


@njit(borrows=True)
def submit(book, flow, tape, side, price, size, kind):
    """Send an own order now; see `lobsim.market.venue.own_order`."""
    time_ns = flow.clock[C_NOW]
    result = own_order(book, flow, tape, side, price, size, kind, time_ns)
    arm_reaction(book, flow, time_ns)
    return result


@njit(borrows=True)
def withdraw(book, flow, tape, order_id):
    """Cancel an own order now; returns the lots withdrawn."""
    time_ns = flow.clock[C_NOW]
    size = own_cancel(book, flow, tape, order_id, time_ns)
    arm_reaction(book, flow, time_ns)
    return size
