"""Strategies: the classical schedules, and running them on a market.

A strategy is any object with ``interval_s``, ``reset(order, market)`` and ``act(market) ->
list[ChildOrder]``.
"""

from lobsim.strategies.orders import ChildOrder, ParentOrder, allocate, slice_edges
from lobsim.strategies.run import Execution, execute, run_seeds
from lobsim.strategies.schedules import POV, TWAP, VWAP, Immediate, PassiveTWAP, Strategy

__all__ = [
    "POV",
    "TWAP",
    "VWAP",
    "ChildOrder",
    "Execution",
    "Immediate",
    "ParentOrder",
    "PassiveTWAP",
    "Strategy",
    "allocate",
    "execute",
    "run_seeds",
    "slice_edges",
]
