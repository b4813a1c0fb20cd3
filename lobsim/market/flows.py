"""Base flows other than the Poisson crowd's, each a loop around that of `lobsim.market.kernel`.

Each is compiled when the first market that has it is opened, and by nobody else.
"""

from lobsim.engine.jit import njit
from lobsim.market import kernel
from lobsim.market.hawkes import hawkes_event
from lobsim.market.kernel import BASE_DUE, BOOK_CHANGED, run_to_base, settle
from lobsim.market.queues import draw_queue_clock, queue_event
from lobsim.market.recorded import recorded_event
from lobsim.market.state import BASE_HAWKES, BASE_QUEUES, BASE_RECORDED, C_NOW, W_BASE

__all__ = ["run_any", "runner_of"]


@njit(borrows=True)
def run_hawkes(book, flow, tape, until_ns):
    """`kernel.run` for a market whose base flow is a Hawkes process."""
    while True:
        told = run_to_base(book, flow, tape, until_ns)
        if told != BASE_DUE:
            return told
        time_ns = flow.clock[C_NOW]
        if hawkes_event(book, flow, tape, time_ns):
            settle(book, flow, tape, time_ns)


@njit(borrows=True)
def run_queues(book, flow, tape, until_ns):
    """`kernel.run` for a queue-reactive market."""
    while True:
        told = run_to_base(book, flow, tape, until_ns)
        time_ns = flow.clock[C_NOW]
        if told == BOOK_CHANGED:  # what changed the queues changed their rates
            draw_queue_clock(book, flow, time_ns)
        elif told == BASE_DUE:
            queue_event(book, flow, tape, time_ns)
            settle(book, flow, tape, time_ns)
        else:
            return told


@njit(borrows=True)
def run_recorded(book, flow, tape, until_ns):
    """`kernel.run` for a market that replays recorded messages."""
    while True:
        told = run_to_base(book, flow, tape, until_ns)
        if told != BASE_DUE:
            return told
        time_ns = flow.clock[C_NOW]
        recorded_event(book, flow, tape, time_ns)
        settle(book, flow, tape, time_ns)


_RUNNERS = {BASE_HAWKES: run_hawkes, BASE_QUEUES: run_queues, BASE_RECORDED: run_recorded}


def runner_of(flow):
    """The kernel that plays the base flow of a market; all have the arguments of `kernel.run`."""
    return _RUNNERS.get(int(flow.whole[W_BASE]), kernel.run)


@njit(borrows=True)
def run_any(book, flow, tape, until_ns):
    """Whatever the base flow is; compiles them all, so only batches that need it call it."""
    base = flow.whole[W_BASE]
    if base == BASE_HAWKES:
        return run_hawkes(book, flow, tape, until_ns)
    if base == BASE_QUEUES:
        return run_queues(book, flow, tape, until_ns)
    if base == BASE_RECORDED:
        return run_recorded(book, flow, tape, until_ns)
    return kernel.run(book, flow, tape, until_ns)
