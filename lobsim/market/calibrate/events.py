"""From messages to typed events: what came, where, and what the book was like just before.

The messages run through the matching engine itself, so an event knows the queue it met. Beside
the events stand the times that the book spent in each state, without which no rate can be told.
"""

from dataclasses import dataclass

import numpy as np

from lobsim.engine.bits import next_above, next_below
from lobsim.engine.codes import Kind
from lobsim.engine.dispatch import process_messages
from lobsim.engine.jit import njit
from lobsim.engine.records import FILL, MESSAGE, OUTCOME
from lobsim.engine.state import (ASK_ORDERS, BEST_ASK, BEST_BID, BID_ORDERS, PRICE_MIN, new_state)

NS_PER_S = 1_000_000_000
LIMIT, CANCEL, MARKET = 0, 1, 2
"""Kinds of event."""

EVENT_NAMES = ("limit bid", "limit ask", "cancel bid", "cancel ask", "market buy", "market sell")
"""The six types, ``2 * kind + (0 for a bid or a buyer, 1 for an ask or a seller)``."""

MAX_DISTANCE = 1024
"""Largest distance from the opposite best quote, in ticks, for which times are kept."""

EVENT = np.dtype(
    [
        ("time_ns", np.int64),
        ("queue_lots", np.int64),  # at its price just before
        ("queue_orders", np.int32),
        ("message_index", np.int32),
        ("price_ticks", np.int32),  # of a market order: the first price it traded at
        ("size", np.int32),  # lots that came to rest, left, or were traded
        ("distance", np.int32),  # from the opposite best quote, ticks; 0 = there is none
        ("kind", np.int16),  # LIMIT, CANCEL or MARKET
        ("side", np.int16),  # of the order in the book; of a market order: the taker's
        ("partial", np.int16),  # 1: a cancellation that left some of its order
    ],
    align=True,
)

NO_QUOTE = np.int64(-(1 << 40))  # stands for the best price of an empty side

_LIMIT_ORDER, _POST_ONLY = int(Kind.LIMIT), int(Kind.POST_ONLY)
_CANCEL_ORDER, _REDUCE, _REPLACE = int(Kind.CANCEL), int(Kind.REDUCE), int(Kind.REPLACE)


@dataclass(frozen=True, eq=False)
class EventLog:
    """Events of a recording, and how long the book was in each state.

    Attributes
    ----------
    events : ndarray of `EVENT`
        In order of time, inside the window. Market orders that arrive in the same nanosecond on
        the same side count as one.
    start_ns, end_ns : int
        The window.
    order_time_s : ndarray of float, shape (MAX_DISTANCE + 1,)
        Time integral of the number of orders at each distance from the opposite best quote, in
        order-seconds, both sides together.
    seen_time_s : ndarray of float, shape (MAX_DISTANCE + 1,)
        For how long an order at each distance would have been seen, both sides added up.
    row_time_s : ndarray of float, shape (n + 1,)
        Time that passed before each message and, last, after all of them, inside the window.
    queues : ndarray of int64, shape (n + 1, 2, K)
        Lots in the K queues on each side (bids first) of the reference price, before each message.
    best : ndarray of int64, shape (n + 1, 2, 2)
        Best quotes before each message: (bid, ask) by (ticks, lots); 0 lots = no quote.
    reference2 : ndarray of int64, shape (n + 1,)
        Twice the reference price in ticks, an odd number: it lies between two ticks.
    dropped : int
        Messages that the engine refused.
    """

    events: np.ndarray
    start_ns: int
    end_ns: int
    order_time_s: np.ndarray
    seen_time_s: np.ndarray
    row_time_s: np.ndarray
    queues: np.ndarray
    best: np.ndarray
    reference2: np.ndarray
    dropped: int

    @property
    def duration_s(self) -> float:
        """Length of the window in seconds."""
        return (self.end_ns - self.start_ns) / NS_PER_S

    @property
    def times_s(self) -> np.ndarray:
        """Times of the events in seconds since the start of the window."""
        return (self.events["time_ns"] - self.start_ns) / NS_PER_S

    @property
    def types(self) -> np.ndarray:
        """Type of each event, 0 to 5, see `EVENT_NAMES`."""
        return 2 * self.events["kind"].astype(np.int64) + (self.events["side"] < 0)


def event_log(messages: np.ndarray, initial: np.ndarray, *, window_s=None, ignore=None,
              levels: int | None = None, queues: int = 3) -> EventLog:
    """Replay messages and list the events with the state of the book before each.

    Parameters
    ----------
    messages : ndarray of `MESSAGE`, shape (n,)
        In order of time.
    initial : ndarray of `MESSAGE`
        Limit orders that build the book before them.
    window_s : tuple of 2 floats, optional
        Start and end in seconds on the clock of the messages; by default from the first message
        to the last. Messages before it still build the book.
    ignore : ndarray of bool, shape (n,), optional
        Messages that change the book but are no events: ``is_patch`` of `lobsim.data.to_messages`.
    levels : int, optional
        Occupied prices of a side that the source shows (N of a LOBSTER file); orders behind them
        are not counted, for their end would go unseen. By default the whole book is seen.
    queues : int
        Queues K on each side of the reference price to follow; at most `levels`.

    Returns
    -------
    EventLog

    Raises
    ------
    ValueError
        If an array has the wrong type or length, times run backwards or the window is empty.

    Notes
    -----
    A REPLACE is a cancel and a new order, unless it only takes lots off. A new order that trades
    is a market order, and what it leaves in the book a limit order as well. Refused messages are
    no events. The reference price is the mid where the spread is odd, else the half tick beside
    the mid that is nearer to the reference price before (Huang, Lehalle, Rosenbaum 2015, 2.2).
    """
    messages, initial = _as_messages(messages, "messages"), _as_messages(initial, "initial")
    n = len(messages)
    ignore = np.zeros(n, bool) if ignore is None else np.ascontiguousarray(ignore, bool)
    if ignore.shape != (n,):
        raise ValueError(f"ignore has the shape {ignore.shape}; it needs one entry per message, "
                         f"{n}")
    if n == 0:
        raise ValueError("messages is empty; there is nothing to count")
    back = np.flatnonzero(np.diff(messages["time_ns"]) < 0)
    if len(back):
        raise ValueError(f"messages run back in time at row {int(back[0]) + 1}; sort them first")
    if queues < 1:
        raise ValueError(f"queues is {queues}; it must be at least 1")
    if levels is not None and levels < queues:
        raise ValueError(f"levels is {levels} and queues {queues}; only queues that the source "
                         f"shows can be followed, so queues must be at most levels")
    first_ns, last_ns = _window_ns(messages, window_s)
    everything = np.concatenate([initial, messages])
    if not np.isin(initial["kind"], (_LIMIT_ORDER, _POST_ONLY)).all():
        raise ValueError("initial holds messages that are not limit orders; it must only build "
                         "the book")
    book = _empty_book(everything)
    everything = _with_small_ids(everything)
    outcomes = np.zeros(len(everything), OUTCOME)
    fills = np.zeros(len(everything) + 1, FILL)
    events = np.zeros(3 * n, EVENT)
    row_time = np.zeros(n + 1)
    queue_lots = np.zeros((n + 1, 2, queues), np.int64)
    best = np.zeros((n + 1, 2, 2), np.int64)
    reference2 = np.zeros(n + 1, np.int64)
    order_time, seen_to = np.zeros((2, MAX_DISTANCE + 1))
    levels = len(everything) if levels is None else levels
    n_events = _replay(book, everything, len(initial), ignore, first_ns, last_ns, fills, outcomes,
                       events, row_time, queue_lots, best, reference2, order_time, seen_to,
                       levels)
    seen = seen_to[::-1].cumsum()[::-1]
    dropped = int((outcomes["reject"] != 0).sum())
    return EventLog(events[:n_events].copy(), first_ns, last_ns, order_time / NS_PER_S,
                    seen / NS_PER_S, row_time / NS_PER_S, queue_lots, best, reference2, dropped)


def _as_messages(array, name: str) -> np.ndarray:
    if getattr(array, "dtype", None) != MESSAGE or array.ndim != 1:
        given = getattr(array, "dtype", type(array).__name__)
        raise ValueError(f"{name} must be a one-dimensional array of lobsim.MESSAGE records, not "
                         f"{given}")
    return array


def _window_ns(messages, window_s) -> tuple[int, int]:
    times = messages["time_ns"]
    if window_s is None:
        first, last = int(times[0]), int(times[-1])
    else:
        first, last = (round(float(t) * NS_PER_S) for t in window_s)
    if not first < last:
        raise ValueError(f"the window runs from {first / NS_PER_S} s to {last / NS_PER_S} s; it "
                         f"must have a length")
    return first, last


def _empty_book(messages):
    """A book with room for all prices and orders, so that no message asks for more."""
    new = (messages["kind"] != _CANCEL_ORDER) & (messages["kind"] != _REDUCE)
    new &= messages["kind"] != int(Kind.MARKET)
    prices = messages["price_ticks"][new] if new.any() else np.zeros(1, np.int32)
    count = len(messages) + 1
    return new_state(int(prices.min()) - 1, int(prices.max()) + 1, max_orders=count, slots=count,
                     ids=2 * count + 1)


def _with_small_ids(messages) -> np.ndarray:
    """The same messages with order ids 1, 2, ..., so that the map from ids to slots is short."""
    messages = messages.copy()
    both = np.concatenate([messages["order_id"], messages["new_order_id"]])
    known, small = np.unique(both, return_inverse=True)
    small = small - np.searchsorted(known, 1) + 1  # ids below 1 stay below 1
    small[both < 1] = both[both < 1]
    messages["order_id"], messages["new_order_id"] = np.split(small, 2)
    return messages


@njit
def _replay(book, messages, n_initial, ignore, first_ns, last_ns, fills, outcomes, events,
            row_time, queue_lots, best, reference2, order_time, seen_to, levels):
    """Apply all messages, writing events and states; returns the number of events."""
    process_messages(book, messages[:n_initial], 0, fills, 0, outcomes)
    n_events = 0
    now = first_ns
    reference = 0
    count = messages.shape[0] - n_initial
    last_market = -1
    for row in range(count + 1):
        index = n_initial + row
        time_ns = last_ns if row == count else messages[index]["time_ns"]
        passed = min(max(time_ns, first_ns), last_ns) - now
        now += passed
        row_time[row] = passed
        reference = _note_state(book, row, reference, queue_lots, best, reference2)
        if passed > 0:
            _add_order_time(book, passed, order_time, seen_to, levels)
        if row == count:
            break
        bid, ask, price, size, side = _before(book, messages[index])
        lots, orders = _at(book, price)
        process_messages(book, messages[: index + 1], index, fills, 0, outcomes)
        counted = first_ns <= time_ns <= last_ns and not ignore[row]
        if not counted or outcomes[index]["reject"] != 0:
            continue
        message = messages[index]
        kind = np.int64(message["kind"])
        filled = np.int64(outcomes[index]["filled"])
        resting = np.int64(outcomes[index]["resting"])
        reduced = kind == _REPLACE and message["price_ticks"] == price and (
            np.int64(message["size"]) <= size)
        if kind >= _CANCEL_ORDER:
            gone = _lots_gone(message, kind, size, reduced)
            if gone > 0:
                n_events = _write(events, n_events, time_ns, row, CANCEL, side, price, gone,
                                  lots, orders, bid, ask)
                events[n_events - 1]["partial"] = 1 if gone < size else 0
        if kind == _REPLACE and not reduced:
            price = np.int64(message["price_ticks"])
            lots, orders = _at(book, price)
            lots -= resting
            orders -= 1 if resting > 0 else 0
        if filled > 0:
            at_best = best[row, 1 if side > 0 else 0, 1]
            n_events, last_market = _write_market(events, n_events, last_market, time_ns, row,
                                                  side, filled, at_best, bid, ask)
        if resting > 0 and (kind < _CANCEL_ORDER or (kind == _REPLACE and not reduced)):
            if filled > 0:  # what lay at this price was the other side's
                lots = orders = np.int64(0)
                bid, ask = _quotes(book)
            n_events = _write(events, n_events, time_ns, row, LIMIT, side, price, resting, lots,
                              orders, bid, ask)
    return n_events


@njit(borrows=True)
def _before(book, message):
    """Best quotes, and price, open size and side of the order that a message is about."""
    bid, ask = _quotes(book)
    if message["kind"] < _CANCEL_ORDER:
        return (bid, ask, np.int64(message["price_ticks"]), np.int64(message["size"]),
                np.int64(message["side"]))
    order_id = np.int64(message["order_id"])
    slot = np.int64(0)
    if 0 < order_id < book.slot_of.shape[0]:
        slot = max(np.int64(book.slot_of[order_id]), np.int64(0))
    order = book.orders[slot]
    return (bid, ask, np.int64(order["price_ticks"]), np.int64(order["size"]),
            np.int64(order["side"]))


@njit(borrows=True)
def _quotes(book):
    """Best bid and ask; NO_QUOTE for an empty side."""
    scalars = book.scalars
    bid = scalars[BEST_BID] if scalars[BID_ORDERS] > 0 else NO_QUOTE
    ask = scalars[BEST_ASK] if scalars[ASK_ORDERS] > 0 else NO_QUOTE
    return bid, ask


@njit(borrows=True)
def _at(book, price):
    """Lots and orders at a price; none outside the band."""
    index = price - book.scalars[PRICE_MIN]
    if index < 0 or index >= book.levels.shape[0]:
        return np.int64(0), np.int64(0)
    return np.int64(book.levels[index]["total"]), np.int64(book.levels[index]["count"])


@njit(borrows=True)
def _lots_gone(message, kind, size, reduced):
    """Lots that a CANCEL, REDUCE or REPLACE takes off an order of `size`."""
    if kind == _REDUCE:
        return min(np.int64(message["size"]), size)
    if reduced:
        return size - np.int64(message["size"])
    return size


@njit(borrows=True)
def _write_market(events, n, last, time_ns, row, side, filled, at_best, bid, ask):
    """Append a market order, or add to the last one; returns the number of events and its place.

    A feed reports an order that meets several others part by part, all at one time.
    """
    if last >= 0 and events[last]["time_ns"] == time_ns and events[last]["side"] == side:
        events[last]["size"] += filled
        return n, last
    taken = ask if side > 0 else bid
    return _write(events, n, time_ns, row, MARKET, side, taken, filled, at_best, 0, bid, ask), n


@njit(borrows=True)
def _write(events, n, time_ns, row, kind, side, price, size, lots, orders, bid, ask):
    """Append an event; returns the new number of events."""
    event = events[n]
    event["time_ns"] = time_ns
    event["message_index"] = row
    event["kind"] = kind
    event["side"] = side
    event["price_ticks"] = price
    event["size"] = size
    event["queue_lots"] = lots
    event["queue_orders"] = orders
    opposite = ask if side > 0 else bid
    if kind == MARKET:  # the best quote that it takes, from the other one
        price = opposite
        opposite = bid if side > 0 else ask
    event["distance"] = abs(opposite - price) if opposite != NO_QUOTE else 0
    return n + 1


@njit(borrows=True)
def _note_state(book, row, reference, queue_lots, best, reference2):
    """Write the state before a message; returns twice the reference price."""
    scalars = book.scalars
    low = scalars[PRICE_MIN]
    has_bid, has_ask = scalars[BID_ORDERS] > 0, scalars[ASK_ORDERS] > 0
    bid, ask = scalars[BEST_BID], scalars[BEST_ASK]
    if has_bid:
        best[row, 0, 0] = bid
        best[row, 0, 1] = book.levels[bid - low]["total"]
    if has_ask:
        best[row, 1, 0] = ask
        best[row, 1, 1] = book.levels[ask - low]["total"]
    if has_bid and has_ask:
        middle = bid + ask
        if middle & 1:
            reference = middle
        elif reference < middle:
            reference = middle - 1
        else:
            reference = middle + 1
    reference2[row] = reference
    for i in range(queue_lots.shape[2]):
        bid_price = (reference - 1) // 2 - i
        ask_price = (reference + 1) // 2 + i
        if has_bid and bid_price <= bid:  # a queue holds its own side only
            queue_lots[row, 0, i] = _at(book, bid_price)[0]
        if has_ask and ask_price >= ask:
            queue_lots[row, 1, i] = _at(book, ask_price)[0]
    return reference


@njit(borrows=True)
def _add_order_time(book, passed_ns, order_time, seen_to, levels):
    """Add the time passed times the number of orders at each distance from the opposite best."""
    scalars = book.scalars
    if scalars[BID_ORDERS] == 0 or scalars[ASK_ORDERS] == 0:
        return
    low = scalars[PRICE_MIN]
    bid, ask = scalars[BEST_BID] - low, scalars[BEST_ASK] - low
    longest = order_time.shape[0] - 1
    for side in (1, -1):
        at = bid if side > 0 else ask
        opposite = ask if side > 0 else bid
        shown = 0
        while at >= 0 and shown < levels and abs(at - opposite) <= longest:
            farthest = abs(at - opposite)
            order_time[farthest] += passed_ns * np.float64(book.levels[at]["count"])
            shown += 1
            if side > 0:
                at = next_below(book.words, book.summary, at)
            else:
                at = next_above(book.words, book.summary, at)
        seen_to[farthest if shown == levels else longest] += passed_ns
