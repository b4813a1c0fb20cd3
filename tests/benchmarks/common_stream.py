"""The common stream of `lobsim.bench.stream` for tests: short, of every depth, generated once."""

from functools import cache

import numpy as np

from lobsim.bench.stream import DEPTHS, MARKETABLE
from lobsim.bench.stream import common_stream as generate

__all__ = ["COUNT_PER_ORDER", "DEPTHS", "MARKETABLE", "stream_of"]

COUNT_PER_ORDER = 20  # messages a live order; 5 are enough to forget how the book was filled
SHORTEST = 50_000


@cache
def stream_of(live_orders: int) -> np.ndarray:
    """Messages around a book of so many orders, long enough to forget how it started."""
    return generate(max(SHORTEST, COUNT_PER_ORDER * live_orders), live_orders)
