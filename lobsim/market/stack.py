"""The arrays of a `MarketBatch`, and the kernels that advance its markets or send to them."""

from typing import NamedTuple

import numba
import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.state import BookState
from lobsim.market.foresight import foresee
from lobsim.market.handles import market_at
from lobsim.market.kernel import DONE, run_market, table_of
from lobsim.market.own import see_until, send
from lobsim.market.state import Flow
from lobsim.market.venue import Tape, new_order_id

__all__ = ["SHARED", "Stack", "arrays_of", "run_markets", "see_all", "send_all",
           "table_of_stack"]


class Stack(NamedTuple):
    """The arrays of all markets with one more axis in front, and which table each market uses."""

    scalars: np.ndarray
    orders: np.ndarray
    levels: np.ndarray
    words: np.ndarray
    summary: np.ndarray
    slot_of: np.ndarray
    real: np.ndarray
    whole: np.ndarray
    minutes: np.ndarray
    distances: np.ndarray
    limit_sizes: np.ndarray
    market_sizes: np.ndarray
    cancel_shape: np.ndarray
    tables: np.ndarray
    rates: np.ndarray
    halts: np.ndarray
    recorded: np.ndarray
    keys: np.ndarray
    clock: np.ndarray
    count: np.ndarray
    level: np.ndarray
    ring: np.ndarray
    own: np.ndarray
    pending: np.ndarray
    excite: np.ndarray
    ahead: np.ndarray
    waits: np.ndarray
    scratch: np.ndarray
    own_fills: np.ndarray
    reports: np.ndarray
    fills: np.ndarray  # one row each, never written: a batch records nothing
    messages: np.ndarray
    tops: np.ndarray
    kind: np.ndarray  # (N,) row of the shared tables
    path: np.ndarray  # (N,) row of `minutes`


SHARED = ("real", "whole", "distances", "limit_sizes", "market_sizes", "cancel_shape", "tables",
          "rates", "halts", "recorded")
"""Arrays that all markets of a profile share."""


def arrays_of(stack: Stack, i: int) -> tuple[BookState, Flow, Tape]:
    """Book, flow and buffers of market `i`, for Python."""
    k = stack.kind[i]
    rows = {name: k for name in SHARED} | {"minutes": stack.path[i]}
    return (BookState(*(getattr(stack, name)[i] for name in BookState._fields)),
            Flow(*(getattr(stack, name)[rows.get(name, i)] for name in Flow._fields)),
            Tape(stack.scratch[i], stack.own_fills[i], stack.reports[i], stack.fills,
                 stack.messages, stack.tops))


def table_of_stack(stack: Stack) -> np.ndarray:
    """Addresses of the arrays of all markets, valid as long as the stack keeps them."""
    return table_of(*(arrays_of(stack, i) for i in range(len(stack.kind))))


@njit(borrows=True, inner=True)
def _advance(table, i, until_ns):
    """Fetch what market `i` will read, and run it."""
    book, flow, _ = market_at(table, i)
    foresee(book, flow, until_ns)
    return run_market(table, i, until_ns)


@njit(borrows=True)
def run_all(table, until_ns, status):
    """Advance every market that is not done to its own time, one after the other."""
    for i in range(len(status)):
        if status[i] != DONE:
            status[i] = _advance(table, i, until_ns[i])


@njit(parallel=True)
def run_parallel(table, until_ns, status):
    """The same on several threads; each market is touched by one thread only."""
    for i in numba.prange(len(status)):
        if status[i] != DONE:
            status[i] = _advance(table, i, until_ns[i])


def run_markets(table, until_ns, status, threads):
    """`run_all` on so many threads."""
    if threads == 1:
        run_all(table, until_ns, status)
        return
    numba.set_num_threads(threads)
    run_parallel(table, until_ns, status)


@njit(borrows=True)
def see_all(table, trader_ns, until_ns):
    """Set the traders' clocks; writes the times up to which they see their venues."""
    for i in range(len(trader_ns)):
        _, flow, _ = market_at(table, i)
        until_ns[i] = see_until(flow, trader_ns[i])


@njit(borrows=True)
def send_all(table, rows, kinds, sides, prices, sizes, ids):
    """Send one message for each row; an id of 0 asks for a new one, which is written to `ids`.

    Returns how many could not be sent because too many are on their way.
    """
    lost = 0
    for k in range(len(rows)):
        _, flow, _ = market_at(table, rows[k])
        if ids[k] == 0:
            ids[k] = new_order_id(flow)
        if not send(flow, kinds[k], sides[k], prices[k], sizes[k], ids[k]):
            lost += 1
            ids[k] = 0
    return lost
