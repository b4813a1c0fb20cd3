"""What the next events of a market will read, asked for before they come.

Where many markets do not fit into the cache, an event waits for the order that it looks at. But
the slots that the next cancellations look at are known beforehand (`lobsim.market.ahead`), and can
be fetched side by side; those of a later block are when it is worked out. This only saves waiting:
no result depends on it.
"""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.prefetch import prefetch
from lobsim.engine.state import BEST_ASK, BEST_BID, FREE_SLOT, PRICE_MIN
from lobsim.market.ahead import block_of
from lobsim.market.state import (AHEAD, BASE_POISSON, C_NOW, MIN_ACTIVITY, N_AHEAD, N_BASE,
                                 N_MINUTE, NONE, R_TOTAL, W_BASE)

__all__ = ["foresee"]

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
    if flow.whole[W_BASE] != BASE_POISSON:
        for slot in range(0, len(orders), _LINE):
            prefetch(orders, slot)
        return
    prefetch(orders, scalars[FREE_SLOT])
    number = flow.count[N_BASE]
    if flow.count[N_AHEAD] == block_of(flow, number):
        first = number & (AHEAD - 1)
        for k in range(first, min(first + 2 + np.int64(min(max(expected, 0.0), AHEAD)), AHEAD)):
            prefetch(orders, max(flow.ahead[k], NONE))
