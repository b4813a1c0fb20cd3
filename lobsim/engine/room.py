"""Growing what a kernel found too short: ids, slots, fills. Kernels themselves never allocate."""

import numpy as np

from .dispatch import NEED_FILLS, NEED_IDS, NEED_SLOTS
from .records import FILL
from .state import ASK_ORDERS, BID_ORDERS, MAX_ID, BookState, grow_ids, grow_orders

__all__ = ["make_room"]


def make_room(
    state: BookState, message: np.void, fills: np.ndarray, n_fills: int, need: int
) -> tuple[BookState, np.ndarray]:
    """Grow what a kernel said it needs before `message`; returns the book and the fills."""
    if need == NEED_FILLS:
        resting = int(state.scalars[BID_ORDERS] + state.scalars[ASK_ORDERS])
        longer = np.zeros(2 * len(fills) + resting, FILL)
        longer[:n_fills] = fills[:n_fills]
        return state, longer
    if need == NEED_SLOTS:
        return grow_orders(state), fills
    assert need == NEED_IDS
    wanted = max(int(message["order_id"]), int(message["new_order_id"]))
    return grow_ids(state, min(wanted, int(state.scalars[MAX_ID]))), fills
