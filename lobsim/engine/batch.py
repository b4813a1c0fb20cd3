"""A whole array of messages in one call: `process`, and `watch`, which also records depth."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .dispatch import DONE, process_messages
from .jit import njit
from .records import FILL, MESSAGE, OUTCOME
from .room import make_room
from .single import send_many
from .views import depth_into

if TYPE_CHECKING:
    from .book import OrderBook

__all__ = ["process", "watch"]

FEWEST_FILLS = 8  # that there is room for at first; more room is made where it is needed
MANY_FILLS = 64  # an array longer than this is cut down to the fills that there were
NO_OUTCOMES = np.zeros(0, OUTCOME)


def _copy(records: np.ndarray) -> np.ndarray:
    """Contiguous records in an array of their own, byte for byte.

    NumPy's copy of records goes field by field: it leaves chance bytes in between, and takes
    longer than the engine takes to process them.
    """
    copied = np.zeros(len(records), records.dtype)
    copied.view(np.uint8)[:] = records.view(np.uint8)
    return copied


def _as_records(array: np.ndarray, dtype: np.dtype, name: str) -> np.ndarray:
    """Check the type; copy only what kernels were not compiled for (strided, read-only)."""
    given = getattr(array, "dtype", type(array).__name__)
    if given != dtype or array.ndim != 1:
        raise ValueError(
            f"{name} must be a one-dimensional array of lobsim.engine.{name_of(dtype)} records, "
            f"not {given}" + (f" with {array.ndim} dimensions" if given == dtype else "")
        )
    flags = array.flags
    if flags.carray:
        return array
    if flags.c_contiguous and flags.aligned:
        return _copy(array)
    return np.require(array, dtype, ["C", "W", "A"])


def name_of(dtype: np.dtype) -> str:
    """Public name of a record type."""
    return {MESSAGE: "MESSAGE", FILL: "FILL", OUTCOME: "OUTCOME"}[dtype]


def process(
    book: "OrderBook", messages: np.ndarray, outcomes: np.ndarray | None = None
) -> np.ndarray:
    """Apply an array of messages to a book in one compiled call.

    Parameters
    ----------
    book : OrderBook
        Modified in place.
    messages : ndarray of shape (n,), dtype `MESSAGE`
        Applied in the order of the array; `time_ns` does not matter to priority.
    outcomes : ndarray of shape (n,), dtype `OUTCOME`, optional
        Filled in place: one row per message with the reject code and lots filled, resting,
        cancelled. For an accepted new or replaced order ``size = filled + resting +
        cancelled``; for CANCEL and REDUCE `cancelled` is what was taken off.

    Returns
    -------
    ndarray of dtype `FILL`
        In order of occurrence; `message_index` points into `messages`.

    Raises
    ------
    ValueError
        If an array has the wrong type or length. A bad *message* never raises: it is refused
        with a `Reject` code, changes nothing else, and is counted in ``book.reject_counts``.

    Examples
    --------
    >>> from lobsim.engine import OrderBook, Kind, Side, empty_messages, process
    >>> batch = empty_messages(2)
    >>> batch["kind"] = Kind.LIMIT
    >>> batch["side"] = [Side.SELL, Side.BUY]
    >>> batch["order_id"] = [1, 2]
    >>> batch["price_ticks"] = [101, 102]
    >>> batch["size"] = 5
    >>> fills = process(OrderBook(), batch)
    >>> int(fills["price_ticks"][0]), int(fills["size"][0])
    (101, 5)
    """
    messages = _as_records(messages, MESSAGE, "messages")
    if outcomes is None:
        written = NO_OUTCOMES
    else:
        written = _as_records(outcomes, OUTCOME, "outcomes")
        if len(written) != len(messages):
            raise ValueError(
                f"outcomes has {len(written)} rows; it needs one per message, {len(messages)}"
            )
    fills = np.zeros(len(messages) // 4 + FEWEST_FILLS, FILL)
    index = n_fills = 0
    while True:
        index, n_fills, need = send_many(
            book._wiring(), messages, index, fills, n_fills, written
        )
        if need == DONE:
            break
        book.state, fills = make_room(book.state, messages[index], fills, n_fills, need)
    book.ids_are_stale = True
    if written is not NO_OUTCOMES and written is not outcomes:
        outcomes[:] = written
    wastes_little = 2 * n_fills >= len(fills) or len(fills) <= MANY_FILLS
    return fills[:n_fills] if wastes_little else _copy(fills[:n_fills])


class Watched(NamedTuple):
    """What `watch` returns. ``n`` rows, each the book just after one message."""

    fills: np.ndarray  # dtype FILL
    bid_ticks: np.ndarray  # (n, levels) int64, best first; 0 where there is no such level
    bid_sizes: np.ndarray  # (n, levels) int64 lots; 0 where there is no such level
    bid_orders: np.ndarray  # (n, levels) int64
    ask_ticks: np.ndarray
    ask_sizes: np.ndarray
    ask_orders: np.ndarray


@njit
def watch_messages(book, messages, at, row, start, fills, n_fills, prices, sizes, counts):
    """Apply messages and write the depth after each index in `at`, from `row` on.

    Returns the next row, the next message, the number of fills, and the need.
    """
    nothing = np.zeros(0, OUTCOME)
    while row < at.shape[0]:
        stop = at[row] + 1
        start, n_fills, need = process_messages(
            book, messages[:stop], start, fills, n_fills, nothing
        )
        if need != DONE:
            return row, start, n_fills, need
        depth_into(book, 1, prices[0, row], sizes[0, row], counts[0, row])
        depth_into(book, -1, prices[1, row], sizes[1, row], counts[1, row])
        row += 1
    start, n_fills, need = process_messages(book, messages, start, fills, n_fills, nothing)
    return row, start, n_fills, need


def watch(
    book: "OrderBook", messages: np.ndarray, levels: int = 1, at: np.ndarray | None = None
) -> Watched:
    """Like `process`, and also record the depth of the book after messages.

    Parameters
    ----------
    book : OrderBook
        Modified in place.
    messages : ndarray of shape (m,), dtype `MESSAGE`
    levels : int
        Occupied prices a side to record, at least 1.
    at : array of int, optional
        Indices of messages, increasing, after which the depth is recorded; all by default.

    Returns
    -------
    Watched
        Fills, and six arrays of shape (len(at), levels).

    Raises
    ------
    ValueError
        If `levels` < 1, or `at` is not increasing or not inside the messages.
    """
    messages = _as_records(messages, MESSAGE, "messages")
    at = np.arange(len(messages)) if at is None else np.ascontiguousarray(at, np.int64)
    if levels < 1:
        raise ValueError(f"levels is {levels}; it must be at least 1")
    if len(at) and (at[0] < 0 or at[-1] >= len(messages) or np.any(np.diff(at) <= 0)):
        raise ValueError(f"at must be increasing indices from 0 to {len(messages) - 1}")
    prices, sizes, counts = np.zeros((3, 2, len(at), levels), np.int64)
    fills = np.zeros(len(messages) // 4 + FEWEST_FILLS, FILL)
    row = index = n_fills = 0
    while True:
        row, index, n_fills, need = watch_messages(
            book.state, messages, at, row, index, fills, n_fills, prices, sizes, counts
        )
        if need == DONE:
            break
        book.state, fills = make_room(book.state, messages[index], fills, n_fills, need)
    book.ids_are_stale = True
    return Watched(
        _copy(fills[:n_fills]), prices[0], sizes[0], counts[0], prices[1], sizes[1], counts[1]
    )
