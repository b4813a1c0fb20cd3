"""What the next events of a market will read, asked for before they come.

Where many markets do not fit into the cache, an event waits for the order that it looks at. But
the numbers of an event depend on nothing but its place in the stream (`lobsim.market.rng`), so the
slots that the next cancellations look at are known beforehand and can be fetched side by side. This
only saves waiting: no result depends on it.
"""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.prefetch import prefetch
from lobsim.engine.state import BEST_ASK, BEST_BID, FREE_SLOT, PRICE_MIN
from lobsim.market.crowd import candidate_of, choice_of
from lobsim.market.state import (BASE_POISSON, C_NOW, MIN_ACTIVITY, N_BASE, N_MINUTE, R_CANCEL,
                                 R_TOTAL, W_BASE)

__all__ = ["foresee"]

_MOST = 64
"""Events that are looked into; for more, all orders are fetched in a row, which is as fast."""
_LINE = 2
"""Orders to a cache line, and prices to one, rounded down."""
_NEAR = 8
"""Prices on either side of the spread that are fetched."""


@njit(borrows=True, inner=True)
def foresee(book, flow, until_ns):
    """Fetch what the events up to `until_ns` (ns after midnight) will read, as far as can be told.

    The events of other base flows than the Poisson crowd depend on the book: there all orders are
    fetched.
    """
    orders, levels, scalars = book.orders, book.levels, book.scalars
    bid, ask = scalars[BEST_BID] - scalars[PRICE_MIN], scalars[BEST_ASK] - scalars[PRICE_MIN]
    for k in range(0, _NEAR, _LINE):
        prefetch(levels, bid - k)
        prefetch(levels, ask + k)
    seconds = (until_ns - flow.clock[C_NOW]) * 1e-9
    expected = seconds * flow.real[R_TOTAL] * flow.minutes[flow.count[N_MINUTE], MIN_ACTIVITY]
    if flow.whole[W_BASE] != BASE_POISSON or not expected < _MOST:
        for slot in range(0, len(orders), _LINE):
            prefetch(orders, slot)
        return
    prefetch(orders, scalars[FREE_SLOT])
    number = flow.count[N_BASE]
    for k in range(number, number + 2 + np.int64(max(expected, 0.0))):
        choice = choice_of(flow, k)
        if choice < flow.real[R_CANCEL]:
            prefetch(orders, candidate_of(flow, choice))
