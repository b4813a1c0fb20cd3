"""What the venue tells the owner of an order: codes, and the kernel that writes them down."""

from enum import IntEnum

import numpy as np

from lobsim.engine.codes import Reject, explain_reject
from lobsim.engine.jit import njit
from lobsim.market.state import (L_CASH, L_MADE, L_TOOK, N_MADE, N_OWN_CANCELS, N_POSITION,
                                 N_REPORTS, N_TOOK)

__all__ = ["ACCEPTED", "CANCELLED", "FILLED", "REJECTED", "What", "HALTED", "NO_ROOM", "book_own",
           "explain_reason", "report"]

HALTED, NO_ROOM = np.int64(100), np.int64(101)
"""Reasons of a market for a refusal, beside the engine's (`lobsim.engine.Reject`)."""

_WORDS = {100: "trading is halted", 101: "too many own orders rest already"}


class What(IntEnum):
    """What a report says of an order."""

    ACCEPTED = 1  # it reached the book; `left` rests
    FILLED = 2  # `size` traded at `price`; `left` is still open
    CANCELLED = 3  # `size` was taken off without a trade
    REJECTED = 4  # refused, for `reason`; nothing happened


ACCEPTED, FILLED, CANCELLED, REJECTED = (np.int64(code) for code in What)


def explain_reason(code: int) -> str:
    """Words for the reason of a refusal.

    Examples
    --------
    >>> explain_reason(HALTED)
    'trading is halted'
    """
    code = int(code)
    return _WORDS[code] if code in _WORDS else explain_reject(Reject(code))


@njit(borrows=True, inner=True)
def report(flow, tape, time_ns, order_id, what, price, size, left, reason):
    """Write one report."""
    if what == CANCELLED:
        flow.count[N_OWN_CANCELS] += 1
    row = tape.reports[flow.count[N_REPORTS]]
    row["time_ns"] = time_ns
    row["order_id"] = order_id
    row["what"] = what
    row["price_ticks"] = price
    row["size"] = size
    row["left"] = left
    row["reason"] = reason
    flow.count[N_REPORTS] += 1


@njit(borrows=True, inner=True)
def book_own(flow, side, price, size, making):
    """Enter an own trade into the account that the kernel keeps; `side` is our own."""
    count, level = flow.count, flow.level
    count[N_POSITION] += side * size
    level[L_CASH] -= float(side * size * price)
    if making != 0:
        count[N_MADE] += size
        level[L_MADE] += float(size * price)
    else:
        count[N_TOOK] += size
        level[L_TOOK] += float(size * price)
