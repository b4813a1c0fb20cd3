"""Record layouts that go into and come out of the engine: messages, fills, outcomes.

Prices are whole ticks and sizes whole lots, both int32; times are int64 nanoseconds. Order
ids are at least 1. Records are aligned, so that one message is half a cache line.
"""

import numpy as np

__all__ = ["MESSAGE", "FILL", "OUTCOME", "KEEP_ID", "empty_messages"]

KEEP_ID = -1  # `new_order_id` of a REPLACE that keeps its id

MESSAGE = np.dtype(
    [
        ("time_ns", np.int64),  # copied to the fills; arrival order is the order of the array
        ("order_id", np.int32),
        ("price_ticks", np.int32),  # ignored by MARKET, CANCEL, REDUCE
        ("size", np.int32),  # lots; for REDUCE the lots to take off; ignored by CANCEL
        ("owner", np.int32),  # 0 = anonymous; must match the order's owner in 6, 7, 8
        ("kind", np.int16),
        ("side", np.int16),  # ignored by CANCEL, REDUCE, REPLACE
        ("new_order_id", np.int32),  # REPLACE only
    ],
    align=True,
)

FILL = np.dtype(
    [
        ("time_ns", np.int64),
        ("message_index", np.int32),  # which message of the array caused it
        ("price_ticks", np.int32),  # always the resting order's price
        ("size", np.int32),
        ("maker_id", np.int32),  # the resting order
        ("taker_id", np.int32),  # the incoming order
        ("maker_owner", np.int32),
        ("taker_owner", np.int32),
        ("maker_left", np.int32),  # lots of the resting order still open after this fill
        ("taker_side", np.int16),  # +1: the buyer took
    ],
    align=True,
)

# For an accepted message: size asked for = filled + resting + cancelled (see `process`).
OUTCOME = np.dtype(
    [
        ("self_cancelled", np.int64),  # resting lots removed because of the self-trade policy
        ("reject", np.int32),  # `Reject`; 0 = accepted
        ("filled", np.int32),  # lots taken by this message
        ("resting", np.int32),  # lots of the named order open after this message
        ("cancelled", np.int32),  # lots of the named order taken off without a trade
    ],
    align=True,
)


def empty_messages(count: int) -> np.ndarray:
    """Array of `count` zeroed messages whose `new_order_id` keeps the id.

    Parameters
    ----------
    count : int
        Number of messages, at least 0.

    Returns
    -------
    ndarray of shape (count,), dtype `MESSAGE`
        Zero kinds are refused as ``UNKNOWN_KIND``, so a forgotten row does no harm.

    Examples
    --------
    >>> batch = empty_messages(2)
    >>> batch["kind"] = Kind.LIMIT                                      # doctest: +SKIP
    """
    messages = np.zeros(count, MESSAGE)
    messages["new_order_id"] = KEEP_ID
    return messages
