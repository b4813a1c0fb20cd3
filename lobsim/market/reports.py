"""What the venue tells the owner of an order: codes, and the kernel that writes them down."""

from enum import IntEnum

from lobsim.engine.codes import Reject, explain_reject
from lobsim.engine.jit import njit
from lobsim.market.state import N_REPORTS

__all__ = ["What", "HALTED", "NO_ROOM", "explain_reason", "report"]

HALTED, NO_ROOM = 100, 101
"""Reasons of a market for a refusal, beside the engine's (`lobsim.engine.Reject`)."""

_WORDS = {HALTED: "trading is halted", NO_ROOM: "too many own orders rest already"}


class What(IntEnum):
    """What a report says of an order."""

    ACCEPTED = 1  # it reached the book; `left` rests
    FILLED = 2  # `size` traded at `price`; `left` is still open
    CANCELLED = 3  # `size` was taken off without a trade
    REJECTED = 4  # refused, for `reason`; nothing happened


def explain_reason(code: int) -> str:
    """Words for the reason of a refusal.

    Examples
    --------
    >>> explain_reason(HALTED)
    'trading is halted'
    """
    return _WORDS[code] if code in _WORDS else explain_reject(Reject(code))


@njit(borrows=True)
def report(flow, tape, time_ns, order_id, what, price, size, left, reason):
    """Write one report."""
    row = tape.reports[flow.count[N_REPORTS]]
    row["time_ns"] = time_ns
    row["order_id"] = order_id
    row["what"] = what
    row["price_ticks"] = price
    row["size"] = size
    row["left"] = left
    row["reason"] = reason
    flow.count[N_REPORTS] += 1
