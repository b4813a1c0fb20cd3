"""Finding the nearest occupied price: a two-level bitmap over the band of levels.

Bit ``i % 32`` of word ``i // 32`` is set while level ``i`` holds an order; bit ``w % 32`` of
summary word ``w // 32`` is set while word ``w`` is not zero. One bitmap serves both sides,
because every bid lies below every ask: the next bid is the next set bit below the best bid.
Words are stored as int64 but use 32 bits, so that no shift can overflow, compiled or not.

Measured against a plain walk over the levels: no difference on a dense book (52 M messages/s
both ways); where the next order is 10 ticks away, 40 against 2.6 M/s; 100 ticks, 31 against
0.3. The search is bounded by band / 1024 steps.
"""

import numpy as np
from numba.cpython.unsafe.numbers import leading_zeros, trailing_zeros
from numba.extending import overload

from .jit import njit

__all__ = ["at", "new_bitmap", "mark", "unmark", "next_above", "next_below"]

WORD_BITS = 32

# An index known not to be negative. Numba makes a signed index count from the end where it is
# below zero, and that test at every access costs the matching engine a tenth of its speed.
at = np.uint64


def lowest_bit(word):
    """Index of the lowest set bit of a positive word."""
    return (int(word) & -int(word)).bit_length() - 1


def highest_bit(word):
    """Index of the highest set bit of a positive word."""
    return int(word).bit_length() - 1


@overload(lowest_bit)
def _lowest_bit_compiled(word):
    return lambda word: np.int64(trailing_zeros(np.int64(word)))


@overload(highest_bit)
def _highest_bit_compiled(word):
    return lambda word: np.int64(63 - leading_zeros(np.int64(word)))


def new_bitmap(n_levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Zeroed words and summary for `n_levels` levels."""
    n_words = -(-n_levels // WORD_BITS)
    n_summary = -(-n_words // WORD_BITS)
    return np.zeros(n_words, np.int64), np.zeros(n_summary, np.int64)


@njit(borrows=True, inner=True, forceinline=True)
def mark(words, summary, level):
    """Set the bit of `level`; modifies both arrays in place."""
    word = at(level >> 5)
    words[word] |= 1 << (level & 31)
    summary[at(level >> 10)] |= 1 << ((level >> 5) & 31)


@njit(borrows=True, inner=True, forceinline=True)
def unmark(words, summary, level):
    """Clear the bit of `level`; modifies both arrays in place."""
    word = at(level >> 5)
    words[word] &= ~(1 << (level & 31))
    if words[word] == 0:
        summary[at(level >> 10)] &= ~(1 << ((level >> 5) & 31))


@njit(borrows=True, inner=True, forceinline=True)
def next_above(words, summary, level):
    """Lowest occupied level > `level`, or -1. `level` must lie inside the band."""
    word = level >> 5
    rest = words[at(word)] & ~((2 << (level & 31)) - 1)
    if rest == 0:
        group = word >> 5
        later = summary[at(group)] & ~((2 << (word & 31)) - 1)
        while later == 0:
            group += 1
            if group >= summary.shape[0]:
                return -1
            later = summary[at(group)]
        word = (group << 5) + lowest_bit(later)
        rest = words[at(word)]
    return (word << 5) + lowest_bit(rest)


@njit(borrows=True, inner=True, forceinline=True)
def next_below(words, summary, level):
    """Highest occupied level < `level`, or -1. `level` must lie inside the band."""
    word = level >> 5
    rest = words[at(word)] & ((1 << (level & 31)) - 1)
    if rest == 0:
        group = word >> 5
        earlier = summary[at(group)] & ((1 << (word & 31)) - 1)
        while earlier == 0:
            group -= 1
            if group < 0:
                return -1
            earlier = summary[at(group)]
        word = (group << 5) + highest_bit(earlier)
        rest = words[at(word)]
    return (word << 5) + highest_bit(rest)
