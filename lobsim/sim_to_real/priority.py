"""Worse queue priority: an own resting order falls behind everything else at its price."""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.kernel import remove, rest
from lobsim.market.state import OWN

__all__ = ["fall_behind"]


@njit(borrows=True)
def fall_behind(book, own, k):
    """Put the k-th open own order at the end of its queue; price and size stay (modifies both).

    To the rest of the market nothing has happened: the level shows the same size. It stands for a
    venue that serves others first: by size, by parity, by what they pay.

    Parameters
    ----------
    book : BookState
    own : ndarray of OWN_ORDER
        The open own orders.
    k : int
    """
    entry = own[k]
    slot = np.int64(entry["slot"])
    if slot <= 0:  # an order on paper is in no queue
        return
    side, price, left = (np.int64(entry["side"]), np.int64(entry["price_ticks"]),
                         np.int64(entry["left"]))
    remove(book, slot)
    entry["slot"] = rest(book, side, price, left, OWN, np.int64(entry["order_id"]))
