"""Grammar of order messages: which token may come next, given the book, and what they spell.

A message is spelled ``TIME EVENT [LEVEL PLACE] [PRICE] [SIZE]``, each number followed by its
digits. Every number has a range that the book gives (`open_field`); a bucket or digit is allowed
when its own range meets that one. So the tokens that are allowed always lead to a whole message,
and every whole message is one that the engine accepts. One state machine, an array of integers
whose entries are named below, serves to write, to read and to generate.
"""

import numpy as np

from lobsim.engine.jit import njit
from lobsim.engine.kernel import available
from lobsim.engine.records import KEEP_ID
from lobsim.engine.state import BEST_ASK, BEST_BID, MAX_ID, PRICE_MAX, PRICE_MIN
from lobsim.orderflow_ai.tokens_book import (crowd_levels, crowd_orders, has_crowd, level_at,
                                             orders_on, slot_at)
from lobsim.orderflow_ai.tokens_layout import (ACROSS, BEHIND, DIGIT, DIGIT_BITS, EVENT, FIELDS,
                                               INSIDE, K_CANCEL, K_FOK, K_LIMIT, K_MARKET,
                                               K_POST_ONLY, K_REDUCE, K_REPLACE, K_REPLACE_NEW,
                                               LARGEST, LEVEL, NUMBERS, ODD, PLACE, PRICE, ROUND,
                                               SIZE, TIME, bits_of, bucket_of, gap_within, low_of)

__all__ = ["REFUSED", "WHOLE", "allowed", "feed", "new_state_machine", "write_message"]

# Entries of the state machine.
(M_FIELD,  # field of the next token
 M_NUMBER,  # field of the number that is spelled, while M_FIELD is DIGIT
 M_KIND, M_SIDE,
 M_LOW, M_BITS,  # the number so far, and the bits that are still to come
 M_FROM, M_TO,  # range of the number
 M_PART,  # zone of a price, half of the sizes
 M_FACTOR,  # what a size is counted in
 M_GAP, M_LEVEL, M_SLOT, M_PRICE, M_SIZE,  # what was read: token, index, slot, ticks, lots
 M_UNIT,  # round lot, in lots
 M_NEXT_ID, M_CLOCK,  # id of the next new order; time of the message before, ns
 M_MIDDLE,  # price to count from when the book is empty
 M_ROOM,  # resting orders that the book may hold
 M_LARGEST,  # largest size of an order
 M_LENGTH) = range(22)

MORE, WHOLE, REFUSED = 0, 1, -1
"""What `feed` answers: the message goes on, it is whole, the token is not allowed here."""
_MOST = np.int64(LARGEST)


def new_state_machine(unit: int, next_id: int, clock_ns: int, middle: int, room: int,
                      largest: int = LARGEST) -> np.ndarray:
    """State machine before the first token of a message.

    Parameters
    ----------
    unit : int
        Round lot, in lots.
    next_id : int
        Id of the first new order.
    clock_ns : int
        Time that the first gap counts from.
    middle : int
        Price, in ticks, that prices are told from while the book is empty.
    room : int
        Resting orders that the book may hold.
    largest : int
        Largest size of a new order, lots.
    """
    machine = np.zeros(M_LENGTH, np.int64)
    machine[[M_UNIT, M_NEXT_ID, M_CLOCK, M_MIDDLE, M_ROOM, M_LARGEST]] = (
        unit, next_id, clock_ns, middle, room, largest)
    machine[M_FIELD] = TIME
    return machine


@njit(borrows=True, inner=True)
def is_new(kind):
    """Whether an event enters an order (and does not name a resting one)."""
    return kind <= K_POST_ONLY


@njit(borrows=True, inner=True)
def has_price(kind):
    """Whether an event tells a price."""
    return (kind <= K_POST_ONLY and kind != K_MARKET) or kind >= K_REPLACE


@njit(borrows=True, inner=True)
def base_price(book, machine, side):
    """Best price of the own side; without one, the price before the other side's; or the middle."""
    scalars = book.scalars
    if orders_on(book, side) > 0:
        return scalars[BEST_BID] if side > 0 else scalars[BEST_ASK]
    if orders_on(book, -side) > 0:
        return (scalars[BEST_ASK] if side > 0 else scalars[BEST_BID]) - side
    return machine[M_MIDDLE]


@njit(borrows=True, inner=True)
def zone_end(book, machine, side, zone, kind):
    """Largest number that a zone of prices has for an event, -1 if it has none."""
    scalars = book.scalars
    low, high = scalars[PRICE_MIN], scalars[PRICE_MAX]
    edge = high if side > 0 else low
    other = scalars[BEST_ASK] if side > 0 else scalars[BEST_BID]
    has_other = orders_on(book, -side) > 0
    base = base_price(book, machine, side)
    if zone == ACROSS:
        if kind == K_POST_ONLY or not has_other:
            return -1
        return (edge - other) * side
    if kind == K_FOK:
        return -1
    if zone == BEHIND:
        return base - low if side > 0 else high - base
    last = other - side if has_other else edge
    return (last - base) * side - 1


@njit(borrows=True, inner=True)
def price_in(book, machine, side, zone, number):
    """Price, in ticks, of a number in a zone."""
    base = base_price(book, machine, side)
    if zone == BEHIND:
        return base - side * number
    if zone == INSIDE:
        return base + side * (number + 1)
    other = book.scalars[BEST_ASK] if side > 0 else book.scalars[BEST_BID]
    return other + side * number


@njit(borrows=True, inner=True)
def may_happen(book, machine, kind, side):
    """Whether an event is possible on this book."""
    if (is_new(kind) or kind == K_REPLACE_NEW) and machine[M_NEXT_ID] > book.scalars[MAX_ID]:
        return False
    if kind == K_LIMIT or kind == K_POST_ONLY:
        if orders_on(book, 1) + orders_on(book, -1) >= machine[M_ROOM]:
            return False
        # A post-only order needs a price that does not cross.
        return (kind == K_LIMIT or zone_end(book, machine, side, BEHIND, kind) >= 0
                or zone_end(book, machine, side, INSIDE, kind) >= 0)
    if kind == K_FOK:
        return orders_on(book, -side) > 0
    return is_new(kind) or has_crowd(book, side)


@njit(borrows=True, inner=True)
def open_field(book, machine, field):
    """Make `field` the next one, and find the range of its number."""
    machine[M_FIELD] = field
    machine[M_FROM] = 0
    kind, side = machine[M_KIND], machine[M_SIDE]
    if field == LEVEL:
        machine[M_TO] = crowd_levels(book, side) - 1
    elif field == PLACE:
        machine[M_TO] = crowd_orders(book, machine[M_LEVEL]) - 1
    elif field == SIZE:
        machine[M_FROM], machine[M_TO] = 1, machine[M_LARGEST]
        if kind == K_FOK:
            machine[M_TO] = available(book, side, machine[M_PRICE], machine[M_LARGEST],
                                      np.int64(0))
        elif kind == K_REDUCE:
            machine[M_TO] = np.int64(book.orders[machine[M_SLOT]]["size"])


@njit(borrows=True, inner=True)
def _mark(mask, first, low, high):
    """Allow the buckets, from token `first` on, that meet the range of numbers."""
    if low > high:
        return
    for bucket in range(bucket_of(low), bucket_of(high) + 1):
        mask[first + bucket] = True


@njit(borrows=True, inner=True)
def allowed(book, machine, mask):
    """Write which tokens may come next into `mask` (bool, one entry per token of the vocabulary).

    Returns the first token and the end of the field in which they lie; the rest of `mask` is not
    touched.
    """
    field = machine[M_FIELD]
    first, end = FIELDS[field], FIELDS[field + 1]
    for token in range(first, end):
        mask[token] = False
    if field == TIME:
        for token in range(first, end):
            mask[token] = True
    elif field == EVENT:
        for token in range(first, end):
            number = token - first
            mask[token] = may_happen(book, machine, number // 2, 1 - 2 * (number % 2))
    elif field == PRICE:
        for zone in range(3):
            _mark(mask, first + zone * NUMBERS, 0,
                  zone_end(book, machine, machine[M_SIDE], zone, machine[M_KIND]))
    elif field == SIZE:
        unit, low, high = machine[M_UNIT], machine[M_FROM], machine[M_TO]
        _mark(mask, first + ROUND * NUMBERS, (low + unit - 1) // unit, high // unit)
        if unit > 1:
            _mark(mask, first + ODD * NUMBERS, low, high)
    elif field == DIGIT:
        bits = min(machine[M_BITS], DIGIT_BITS)
        rest = machine[M_BITS] - bits
        for digit in range(1 << bits):
            low = machine[M_LOW] + (digit << rest)
            mask[first + digit] = low <= machine[M_TO] and low + (1 << rest) > machine[M_FROM]
    else:
        _mark(mask, first, machine[M_FROM], machine[M_TO])
    return first, end


@njit(borrows=True, inner=True)
def _number_is_read(book, machine):
    """The number is spelled to its end: take it, and open the next field."""
    field, kind, side = machine[M_NUMBER], machine[M_KIND], machine[M_SIDE]
    number = machine[M_LOW]
    if field == LEVEL:
        machine[M_LEVEL] = level_at(book, side, number)
        open_field(book, machine, PLACE)
        return MORE
    if field == PLACE:
        machine[M_SLOT] = slot_at(book, machine[M_LEVEL], number)
        if kind == K_CANCEL:
            return WHOLE
        open_field(book, machine, SIZE if kind == K_REDUCE else PRICE)
        return MORE
    if field == PRICE:
        machine[M_PRICE] = price_in(book, machine, side, machine[M_PART], number)
        open_field(book, machine, SIZE)
        return MORE
    machine[M_SIZE] = number * machine[M_FACTOR]
    return WHOLE


@njit(borrows=True, inner=True)
def _bucket_is_read(book, machine, field, number):
    """The first token of a number."""
    machine[M_NUMBER] = field
    machine[M_PART] = number // NUMBERS
    bucket = number % NUMBERS
    if field == PRICE:
        machine[M_TO] = zone_end(book, machine, machine[M_SIDE], machine[M_PART], machine[M_KIND])
    elif field == SIZE:
        machine[M_FACTOR] = machine[M_UNIT] if machine[M_PART] == ROUND else 1
        factor = machine[M_FACTOR]
        machine[M_FROM] = (machine[M_FROM] + factor - 1) // factor
        machine[M_TO] //= factor
    low, bits = low_of(bucket), bits_of(bucket)
    if low > machine[M_TO] or low + (np.int64(1) << bits) <= machine[M_FROM]:
        return REFUSED
    machine[M_LOW], machine[M_BITS] = low, bits
    if bits == 0:
        return _number_is_read(book, machine)
    machine[M_FIELD] = DIGIT
    return MORE


@njit(borrows=True, inner=True)
def feed(book, machine, token):
    """Read one token; returns ``MORE``, ``WHOLE`` or ``REFUSED``.

    After a refusal the machine is of no more use. After a whole message `write_message` gives it,
    and readies the machine for the next one; the book must then be told of it.
    """
    field = machine[M_FIELD]
    number = token - FIELDS[field]
    if number < 0 or token >= FIELDS[field + 1]:
        return REFUSED
    if field == TIME:
        machine[M_GAP] = number
        machine[M_FIELD] = EVENT
        return MORE
    if field == EVENT:
        kind, side = number // 2, 1 - 2 * (number % 2)
        if not may_happen(book, machine, kind, side):
            return REFUSED
        machine[M_KIND], machine[M_SIDE] = kind, side
        if not is_new(kind):
            open_field(book, machine, LEVEL)
        else:
            open_field(book, machine, SIZE if kind == K_MARKET else PRICE)
        return MORE
    if field != DIGIT:
        return _bucket_is_read(book, machine, field, number)
    bits = min(machine[M_BITS], DIGIT_BITS)
    rest = machine[M_BITS] - bits
    low = machine[M_LOW] + (number << rest)
    if number >= 1 << bits or low > machine[M_TO] or low + (1 << rest) <= machine[M_FROM]:
        return REFUSED
    machine[M_LOW], machine[M_BITS] = low, rest
    return _number_is_read(book, machine) if rest == 0 else MORE


@njit(borrows=True, inner=True)
def write_message(book, machine, share, out):
    """Write the whole message into the record `out`, and ready the machine for the next one.

    Parameters
    ----------
    book, machine
        The machine is modified.
    share : float
        Where in the bucket of its time the message falls, 0 to 1 on a logarithmic scale.
    out : record of `MESSAGE`
        Modified. A message about a resting order carries its side, a cancellation its price and
        size too, a reduction its price.
    """
    kind, slot, side = machine[M_KIND], machine[M_SLOT], machine[M_SIDE]
    machine[M_MIDDLE] = min(max(base_price(book, machine, side), book.scalars[PRICE_MIN]),
                            book.scalars[PRICE_MAX])
    machine[M_CLOCK] += gap_within(machine[M_GAP], share)
    out["time_ns"] = machine[M_CLOCK]
    out["owner"] = 0
    out["side"] = side
    out["new_order_id"] = KEEP_ID
    out["price_ticks"] = machine[M_PRICE] if has_price(kind) else 0
    out["size"] = machine[M_SIZE]
    if is_new(kind):
        out["kind"] = kind + 1  # the engine's kinds stand in the same order, from 1 on
        out["order_id"] = machine[M_NEXT_ID]
        machine[M_NEXT_ID] += 1
    else:
        order = book.orders[slot]
        out["kind"] = min(kind, K_REPLACE) + 1
        out["order_id"] = order["order_id"]
        if kind == K_CANCEL:
            out["size"] = order["size"]
        if kind == K_CANCEL or kind == K_REDUCE:
            out["price_ticks"] = order["price_ticks"]
        if kind == K_REPLACE_NEW:
            out["new_order_id"] = machine[M_NEXT_ID]
            machine[M_NEXT_ID] += 1
    machine[M_FIELD] = TIME
