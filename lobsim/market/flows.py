"""Base flows other than the Poisson crowd's, each a kernel that `lobsim.market.kernel.run` calls.

Each is compiled when the first market that has it is opened, and by nobody else. All have the form
``kernel(table, i, told) -> int``: market `i` of a table of addresses; ``BASE_DUE`` or
``BOOK_CHANGED``; 1 if the book may have changed, else 0.
"""

from lobsim.engine.jit import njit
from lobsim.market.handles import market_at
from lobsim.market.hawkes import hawkes_event
from lobsim.market.queues import draw_queue_clock, queue_event
from lobsim.market.recorded import recorded_event
from lobsim.market.state import (BASE_HAWKES, BASE_QUEUES, BASE_RECORDED, BOOK_CHANGED, C_NOW,
                                 W_BASE)

__all__ = ["base_of"]


@njit(borrows=True)
def play_hawkes(table, i, told):
    """The base flow is a Hawkes process."""
    book, flow, tape = market_at(table, i)
    return 1 if hawkes_event(book, flow, tape, flow.clock[C_NOW]) else 0


@njit(borrows=True)
def play_queues(table, i, told):
    """The market is queue-reactive."""
    book, flow, tape = market_at(table, i)
    if told == BOOK_CHANGED:  # what changed the queues changed their rates
        draw_queue_clock(book, flow, flow.clock[C_NOW])
        return 0
    queue_event(book, flow, tape, flow.clock[C_NOW])
    return 1


@njit(borrows=True)
def play_recorded(table, i, told):
    """The market replays recorded messages."""
    book, flow, tape = market_at(table, i)
    recorded_event(book, flow, tape, flow.clock[C_NOW])
    return 1


_BASES = {BASE_HAWKES: play_hawkes, BASE_QUEUES: play_queues, BASE_RECORDED: play_recorded}


def base_of(flow):
    """The kernel that plays the base flow of a market; None if that is the crowd's, or none."""
    return _BASES.get(int(flow.whole[W_BASE]))
