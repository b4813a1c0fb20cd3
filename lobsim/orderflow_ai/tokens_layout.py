"""Layout of the vocabulary of order messages, and how a whole number is spelled in it.

A number n >= 0 is spelled as a *bucket* and the digits that tell where in the bucket it lies. The
numbers 0 to 7 have a bucket each; beyond that every doubling is cut into four, so that a bucket is
never wider than a quarter of its lower end: buckets are scale-free, and the digits make them exact.
Digits are in base 16, the most significant first; the last one may hold fewer than four bits.

============ ======= ==============================================================================
field        tokens  says
============ ======= ==============================================================================
TIME         75      time since the message before (`GAP_EDGES_NS`)
EVENT        18      kind and side
PRICE        360     three zones of `NUMBERS` buckets: behind the best price of the own side,
                     inside the spread, across it
LEVEL        120     which price level holds the order that is meant, counted from the best
PLACE        120     which order of that level, counted from the front of the queue
SIZE         240     `NUMBERS` buckets in round lots, `NUMBERS` in single lots
DIGIT        16      where in a bucket
============ ======= ==============================================================================
"""

import numpy as np

from lobsim.engine.jit import njit

__all__ = ["DIGIT", "EVENT", "FIELDS", "FIELD_NAMES", "GAP_EDGES_NS", "KINDS", "LEVEL", "NUMBERS",
           "PLACE", "PRICE", "SIZE", "TIME", "VOCABULARY", "bits_of", "bucket_of", "field_of",
           "gap_token", "low_of"]

EXACT = 8  # numbers that have a bucket of their own
QUARTER_BITS = 2  # a doubling is cut into 2**2
DIGIT_BITS = 4
LARGEST = 2**31 - 1  # the engine's prices, sizes and slots are int32
NUMBERS = EXACT + 4 * (31 - 3)
"""Buckets that spell every number from 0 to 2**31 - 1."""

GAPS_PER_DECADE = 8
_FIRST_NS, _DECADES = 1_000, 9
GAP_EDGES_NS = np.concatenate([
    [0, 1], np.rint(_FIRST_NS * 10.0 ** (np.arange(_DECADES * GAPS_PER_DECADE + 1)
                                         / GAPS_PER_DECADE))]).astype(np.int64)
"""Lower edges of the buckets of time, ns: 0 alone, below a microsecond, eight a decade to 1000 s,
and beyond. A gap is decoded as the middle of its bucket, so from a microsecond on it is told to
within 16 %: this, and the sum of these errors in the time of day, is what the tokens lose."""
GAPS = len(GAP_EDGES_NS)

KINDS = ("LIMIT", "MARKET", "IOC", "FOK", "POST_ONLY", "CANCEL", "REDUCE", "REPLACE",
         "REPLACE_NEW")
"""What an event can be; REPLACE_NEW gives the order a new id."""
(K_LIMIT, K_MARKET, K_IOC, K_FOK, K_POST_ONLY, K_CANCEL, K_REDUCE, K_REPLACE,
 K_REPLACE_NEW) = range(9)

FIELD_NAMES = ("TIME", "EVENT", "PRICE", "LEVEL", "PLACE", "SIZE", "DIGIT")
TIME, EVENT, PRICE, LEVEL, PLACE, SIZE, DIGIT = range(7)
BEHIND, INSIDE, ACROSS = range(3)  # zones of PRICE
ROUND, ODD = range(2)  # halves of SIZE
_COUNTS = (GAPS, 2 * len(KINDS), 3 * NUMBERS, NUMBERS, NUMBERS, 2 * NUMBERS, 1 << DIGIT_BITS)
FIELDS = np.concatenate([[0], np.cumsum(_COUNTS)]).astype(np.int64)
"""First token of each field; the last entry is the size of the vocabulary."""
VOCABULARY = int(FIELDS[-1])


@njit(borrows=True, inner=True)
def copy_into(source, target):
    """Copy an array; in such kernels a slice cannot be assigned, which may need a buffer."""
    for i in range(len(target)):
        target[i] = source[i]


@njit(borrows=True, inner=True)
def bucket_of(number):
    """Bucket of a whole number from 0 to `LARGEST`."""
    if number < EXACT:
        return number
    power = 3
    while number >> (power + 1) != 0:
        power += 1
    quarter = (number >> (power - QUARTER_BITS)) & 3
    return EXACT + 4 * (power - 3) + quarter


@njit(borrows=True, inner=True)
def low_of(bucket):
    """Smallest number of a bucket."""
    if bucket < EXACT:
        return bucket
    power = 3 + (bucket - EXACT) // 4
    return (4 + (bucket - EXACT) % 4) << (power - QUARTER_BITS)


@njit(borrows=True, inner=True)
def bits_of(bucket):
    """Bits that tell where in the bucket a number lies; 0 for a bucket of one number."""
    return 0 if bucket < EXACT else 1 + (bucket - EXACT) // 4


@njit(borrows=True, inner=True)
def gap_token(gap_ns):
    """Token of a time since the message before; a time that goes back counts as 0."""
    low, high = 0, GAPS - 1
    while low < high:
        middle = (low + high + 1) // 2
        if GAP_EDGES_NS[middle] <= gap_ns:
            low = middle
        else:
            high = middle - 1
    return low


@njit(borrows=True, inner=True)
def gap_within(token, share):
    """The time at `share` (0 to 1) of the way through a bucket, on a logarithmic scale, ns."""
    low = GAP_EDGES_NS[token]
    if token == 0:
        return low
    high = GAP_EDGES_NS[token + 1] if token + 1 < GAPS else 10 * low
    return min(np.int64(np.rint(low * (high / low) ** share)), max(high - 1, low))


def field_of(tokens: np.ndarray) -> np.ndarray:
    """Field of each token, 0 to 6 (see `FIELD_NAMES`).

    Examples
    --------
    >>> field_of(np.array([0, 75])).tolist()
    [0, 1]
    """
    return np.searchsorted(FIELDS, tokens, side="right") - 1
