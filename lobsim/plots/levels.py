"""Price levels of anything with a book: an OrderBook, a Market, a LOBSTER row, plain lists."""

from typing import NamedTuple

import numpy as np


class Levels(NamedTuple):
    """Best levels first: lists of (price, size) of both sides."""

    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]


def book_levels(source, levels: int = 10) -> Levels:
    """Read up to ``levels`` occupied price levels of each side.

    Parameters
    ----------
    source : object
        One of: anything with ``depth(levels)``; a pair ``(bids, asks)`` of lists whose entries
        begin with price and size; a mapping or row with ``bid_price_1, bid_size_1, ask_price_1,
        ...``.
    levels : int
        Most levels of one side, >= 1.

    Returns
    -------
    Levels

    Examples
    --------
    >>> book_levels(([(9.99, 100)], [(10.01, 50), (10.02, 70)]), levels=1)
    Levels(bids=[(9.99, 100.0)], asks=[(10.01, 50.0)])
    """
    if levels < 1:
        raise ValueError(f"levels is {levels}; it must be 1 or more")
    if isinstance(source, Levels):
        return Levels(source.bids[:levels], source.asks[:levels])
    if hasattr(source, "depth"):
        source = source.depth(levels)
    if hasattr(source, "bid_price") and hasattr(source, "ask_price"):
        bids = zip(source.bid_price, source.bid_size, strict=True)
        source = (bids, zip(source.ask_price, source.ask_size, strict=True))
    if hasattr(source, "bids") and hasattr(source, "asks"):
        source = (source.bids, source.asks)
    if hasattr(source, "keys") and "bid_price_1" in source.keys():  # noqa: SIM118 (a Series)
        return Levels(_numbered(source, "bid", levels), _numbered(source, "ask", levels))
    if hasattr(source, "keys") and {"bids", "asks"} <= set(source.keys()):
        source = (source["bids"], source["asks"])
    try:
        bids, asks = source
    except (TypeError, ValueError):
        raise TypeError(
            f"no price levels in a {type(source).__name__}; "
            "give a book, a pair (bids, asks) or a LOBSTER row"
        ) from None
    return Levels(_pairs(bids, levels), _pairs(asks, levels))


def _pairs(side, levels: int) -> list[tuple[float, float]]:
    if hasattr(side, "itertuples"):
        side = side[["price", "size"]].itertuples(index=False)
    return [(float(row[0]), float(row[1])) for row in side][:levels]


def _numbered(row, side: str, levels: int) -> list[tuple[float, float]]:
    found = []
    for number in range(1, levels + 1):
        price = row.get(f"{side}_price_{number}", np.nan)
        size = row.get(f"{side}_size_{number}", 0)
        if np.isfinite(price) and size > 0:
            found.append((float(price), float(size)))
    return found
