"""What a call of `OrderBook` returns: `Result` with its `Fill`s, `Order`, `Depth`.

All are named tuples: they cannot be changed, and making one is what a call can afford.
"""

from typing import NamedTuple

import numpy as np

from .codes import Reject, Side, explain_reject

__all__ = ["Result", "Fill", "Order", "Depth"]


class Fill(NamedTuple):
    """One trade, as a call of `OrderBook` reports it."""

    price: float
    size: float
    maker_id: int
    taker_id: int
    taker_side: Side
    maker_owner: int
    taker_owner: int
    maker_left: float


class Order(NamedTuple):
    """A resting order."""

    order_id: int
    side: Side
    price: float
    size: float
    owner: int


class Depth(NamedTuple):
    """Best levels of both sides, best first; arrays may be shorter than was asked for."""

    bid_price: np.ndarray
    bid_size: np.ndarray
    bid_orders: np.ndarray
    ask_price: np.ndarray
    ask_size: np.ndarray
    ask_orders: np.ndarray


class Result(NamedTuple):
    """What became of one order or request. Sizes in shares (or coins), like the input.

    Attributes
    ----------
    order_id : int
        Id under which the order is known from now on.
    reject : Reject
        ``Reject.OK`` if accepted.
    filled, resting, cancelled : float
        Traded at once; open in the book now; taken off without a trade.
    self_cancelled : float
        Size of own resting orders removed by the self-trade policy.
    fills : list of Fill
    """

    order_id: int
    reject: Reject
    filled: float
    resting: float
    cancelled: float
    self_cancelled: float
    fills: list[Fill]

    @property
    def accepted(self) -> bool:
        """Whether the book took the order or request."""
        return self.reject == Reject.OK

    @property
    def status(self) -> str:
        """``rejected``, ``filled``, ``partly filled``, ``resting`` or ``cancelled``."""
        if self.reject != Reject.OK:
            return "rejected"
        if self.filled and not self.resting and not self.cancelled:
            return "filled"
        if self.filled:
            return "partly filled"
        return "resting" if self.resting else "cancelled"

    @property
    def reason(self) -> str:
        """The reject reason in words, or ``accepted``."""
        return explain_reject(self.reject)

    @property
    def average_price(self) -> float:
        """Size-weighted price of the fills; NaN without any."""
        size = sum(fill.size for fill in self.fills)
        return sum(fill.price * fill.size for fill in self.fills) / size if size else np.nan
