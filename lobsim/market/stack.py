"""The arrays of a `MarketBatch`, and the kernels that advance its markets or send to them."""

from typing import NamedTuple

import numba
import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.state import BookState
from lobsim.market.flows import run_any
from lobsim.market.kernel import DONE, run
from lobsim.market.own import see_until, send
from lobsim.market.state import BASE_NONE, BASE_POISSON, W_BASE, Flow
from lobsim.market.venue import Tape, new_order_id

__all__ = ["SHARED", "Stack", "runner_of_all", "see_all", "send_all"]


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


@njit(borrows=True, inner=True)
def book_of(stack, i):
    """The book of market `i`."""
    return BookState(stack.scalars[i], stack.orders[i], stack.levels[i], stack.words[i],
                     stack.summary[i], stack.slot_of[i])


@njit(borrows=True, inner=True)
def flow_of(stack, i):
    """The flow of market `i`."""
    k = stack.kind[i]
    return Flow(stack.real[k], stack.whole[k], stack.minutes[stack.path[i]], stack.distances[k],
                stack.limit_sizes[k], stack.market_sizes[k], stack.cancel_shape[k],
                stack.tables[k], stack.rates[k], stack.halts[k], stack.recorded[k],
                stack.keys[i], stack.clock[i], stack.count[i], stack.level[i], stack.ring[i],
                stack.own[i], stack.pending[i], stack.excite[i])


@njit(borrows=True, inner=True)
def tape_of(stack, i):
    """The buffers of market `i`; a batch records nothing but own fills and reports."""
    return Tape(stack.scratch[i], stack.own_fills[i], stack.reports[i], stack.fills,
                stack.messages, stack.tops)


@njit(borrows=True, inner=True)
def fetch(stack, i):
    """Read the orders of market `i` one after the other; returns a number that is never negative.

    Its events look at random ones, each of which would be waited for where many markets do not fit
    into the cache; reading in a row is foreseen by the processor. At ten messages a call a batch
    of 1,024 is twice as fast for it. The caller must use the number, or nothing would be read.
    """
    orders = stack.orders[i]
    total = 0
    for slot in range(0, len(orders), 2):  # two to a cache line
        total |= orders[slot]["size"]
    return total


@njit(borrows=True)
def run_all(stack, until_ns, status):
    """Advance every market that is not done to its own time, one after the other.

    All of them have the Poisson crowd or no base flow; see `run_all_any`.
    """
    for i in range(len(status)):
        if status[i] != DONE and fetch(stack, i) >= 0:
            status[i] = run(book_of(stack, i), flow_of(stack, i), tape_of(stack, i), until_ns[i])


@njit(parallel=True)
def run_parallel(stack, until_ns, status):
    """The same on several threads; each market is touched by one thread only."""
    for i in numba.prange(len(status)):
        if status[i] != DONE and fetch(stack, i) >= 0:
            status[i] = run(book_of(stack, i), flow_of(stack, i), tape_of(stack, i), until_ns[i])


@njit(borrows=True)
def run_all_any(stack, until_ns, status):
    """`run_all` for markets of any base flow; takes longer to compile."""
    for i in range(len(status)):
        if status[i] != DONE and fetch(stack, i) >= 0:
            status[i] = run_any(book_of(stack, i), flow_of(stack, i), tape_of(stack, i),
                                until_ns[i])


@njit(parallel=True)
def run_parallel_any(stack, until_ns, status):
    """`run_parallel` for markets of any base flow."""
    for i in numba.prange(len(status)):
        if status[i] != DONE and fetch(stack, i) >= 0:
            status[i] = run_any(book_of(stack, i), flow_of(stack, i), tape_of(stack, i),
                                until_ns[i])


def runner_of_all(stack, threads):
    """The kernel that advances these markets on so many threads."""
    plain = np.isin(stack.whole[:, W_BASE], (BASE_NONE, BASE_POISSON)).all()
    if threads == 1:
        return run_all if plain else run_all_any
    return run_parallel if plain else run_parallel_any


@njit(borrows=True)
def see_all(stack, trader_ns, until_ns):
    """Set the traders' clocks; writes the times up to which they see their venues."""
    for i in range(len(trader_ns)):
        until_ns[i] = see_until(flow_of(stack, i), trader_ns[i])


@njit(borrows=True)
def send_all(stack, rows, kinds, sides, prices, sizes, ids):
    """Send one message for each row; an id of 0 asks for a new one, which is written to `ids`.

    Returns how many could not be sent because too many are on their way.
    """
    lost = 0
    for k in range(len(rows)):
        flow = flow_of(stack, rows[k])
        if ids[k] == 0:
            ids[k] = new_order_id(flow)
        if not send(flow, kinds[k], sides[k], prices[k], sizes[k], ids[k]):
            lost += 1
            ids[k] = 0
    return lost
