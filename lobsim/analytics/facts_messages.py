"""Stylised facts of order messages: how many rest, go, or trade, and how long an order lives."""

from typing import NamedTuple

import numpy as np

from lobsim.analytics._checks import NS_PER_S
from lobsim.analytics.facts_numbers import ratio

_SPARSE = 8
"""Ids larger than this many times the number of messages are renumbered before use as an index."""


class OrderEvents(NamedTuple):
    """What was done with resting orders, in order of time.

    Attributes
    ----------
    time_ns : ndarray of int64, shape (n,)
    order_id : ndarray of int, shape (n,)
        At least 0. An id may be used again once its order is gone.
    kind : ndarray of int, shape (n,)
        `Kind` codes: LIMIT and POST_ONLY are placed, CANCEL removes, REDUCE takes a part off.
        Other kinds are not counted.
    filled_id : ndarray of int
        Ids of resting orders that traded, one entry a fill; empty where not known.
    """

    time_ns: np.ndarray
    order_id: np.ndarray
    kind: np.ndarray
    filled_id: np.ndarray


def message_facts(events: OrderEvents, trade_count: int, span_s: float) -> dict[str, float]:
    """Rates and ratios of limit orders, cancellations and market orders; fills and lifetimes.

    Partial cancellations count as cancellations; a lifetime ends with a full one. A market order
    is a row of the trades, however many orders it met.
    """
    from lobsim.engine.codes import Kind  # here, as the engine takes a while to load

    kind = events.kind
    placed = np.flatnonzero((kind == Kind.LIMIT) | (kind == Kind.POST_ONLY))
    removed = np.flatnonzero(kind == Kind.CANCEL)
    cancels = len(removed) + np.count_nonzero(kind == Kind.REDUCE)
    life_s, filled = _lives(events, placed, removed)
    return {
        "limits_per_s": len(placed) / span_s,
        "cancels_per_s": cancels / span_s,
        "cancel_to_limit": ratio(cancels, len(placed)),
        "limit_to_market": ratio(len(placed), trade_count),
        "limit_filled_share": ratio(filled, len(placed)),
        "cancel_life_median_s": float(np.median(life_s)) if len(life_s) else np.nan,
        "cancelled_within_1s": ratio(np.count_nonzero(life_s < 1), len(life_s)),
    }


def _lives(events: OrderEvents, placed, removed) -> tuple[np.ndarray, float]:
    """Seconds from placing to cancelling, and how many placed orders ever traded.

    Orders that stood before the window have no start, so they count in neither.
    """
    ids, filled_id = events.order_id, events.filled_id
    size = int(max(ids.max(initial=-1), filled_id.max(initial=-1))) + 1
    if size > _SPARSE * (len(ids) + len(filled_id)):
        _, packed = np.unique(np.concatenate([ids, filled_id]), return_inverse=True)
        ids, filled_id = packed[:len(ids)], packed[len(ids):]
        size = int(packed.max(initial=-1)) + 1
    row_of = np.full(size, -1, dtype=np.int64)
    row_of[ids[placed]] = placed
    if np.array_equal(row_of[ids[placed]], placed):
        start = row_of[ids[removed]]
    else:
        start = _last_placed(ids, placed, removed)
    known = (start >= 0) & (start < removed)
    life_s = (events.time_ns[removed[known]] - events.time_ns[start[known]]) / NS_PER_S
    traded = np.zeros(size, dtype=bool)
    traded[filled_id] = True
    filled = np.count_nonzero(traded[ids[placed]]) if len(filled_id) else np.nan
    return life_s, filled


def _last_placed(ids, placed, removed) -> np.ndarray:
    """Row at which each removed order was placed when ids were used again; -1 where unknown."""
    rows = np.concatenate([placed, removed])
    order = np.lexsort((rows, ids[rows]))
    is_placed = order < len(placed)
    at = np.maximum.accumulate(np.where(is_placed, np.arange(len(order)), -1))
    found = np.where(at >= 0, rows[order[at]], -1)
    found[(at < 0) | (ids[rows[order[at]]] != ids[rows[order]])] = -1
    start = np.empty(len(rows), dtype=np.int64)
    start[order] = found
    return start[len(placed):]
