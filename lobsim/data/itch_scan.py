"""Compiled loops of the ITCH reader: picking messages out of bytes, and following the orders."""

import numpy as np

from lobsim.data.itch_layout import (
    BOOK_TYPES,
    COLUMNS,
    EVENT_TYPES,
    PREFIX,
    lengths_by_code,
    places_by_code,
    stock_by_code,
)
from lobsim.engine.jit import njit

__all__ = ["scan", "follow", "new_scan_state", "FINE", "UNKNOWN_TYPE", "WRONG_LENGTH", "THE_END"]

# Why a scan stopped.
FINE = 0  # the block is used up
UNKNOWN_TYPE = 1
WRONG_LENGTH = 2  # the length does not belong to the type
THE_END = 3  # a message of length 0: the end mark of a file

LENGTHS = lengths_by_code()
PLACES = places_by_code()
STOCKS = stock_by_code()
KEPT = np.zeros(256, np.bool_)
KEPT[[ord(letter) for letter in EVENT_TYPES]] = True
SMALLEST = PREFIX + int(LENGTHS[[ord(letter) for letter in EVENT_TYPES]].min())

# Places in the state of a scan.
LOCATE = 0  # the symbol's locate code; -1 = not yet seen, ALL_SYMBOLS = keep every symbol
KEY = 1  # the symbol's eight bytes as a number
LAST_TIME = 2
TIME_WENT_BACK = 3
N_STATE = 4
ALL_SYMBOLS = -2

(TIME, TYPE, LOCATE_CODE, REFERENCE, NEW_REFERENCE, SIDE, SIZE, PRICE, MATCH, PRINTABLE,
 CODE) = range(len(COLUMNS))  # fmt: skip
LEFT = len(COLUMNS)  # column that `follow` fills
N_COLUMNS = len(COLUMNS) + 1
ADD, ADD_NAMED, EXECUTED, EXECUTED_AT, CANCELLED, DELETED, REPLACED = (
    ord(letter) for letter in BOOK_TYPES
)
SYSTEM, DIRECTORY, HIDDEN = ord("S"), ord("R"), ord("P")
BUY = ord("B")

# Places in the counts of `follow`.
UNKNOWN, DUPLICATE, OVER_TAKEN, ZERO_SIZE = range(4)


def new_scan_state(key: int | None) -> np.ndarray:
    """State before the first byte; without a key every symbol is kept."""
    state = np.zeros(N_STATE, np.int64)
    state[LOCATE] = ALL_SYMBOLS if key is None else -1
    state[KEY] = 0 if key is None else key
    return state


@njit(borrows=True, forceinline=True)
def _number(data, start, length):
    """Big-endian unsigned number."""
    value = np.int64(0)
    for place in range(length):
        value = (value << 8) | np.int64(data[start + place])
    return value


@njit(borrows=True)
def scan(data, stop, lengths, places, stocks, kept, state, counts, per_locate, events, directory):
    """Go through the whole messages of a block.

    Parameters
    ----------
    data : ndarray of uint8
        Begins with a message.
    stop : int
        Bytes used of `data`.
    lengths, places, stocks, kept
        The layout by type, see `lobsim.data.itch_layout`.
    state : ndarray of int64
        From `new_scan_state`; carried from block to block. Changed in place.
    counts : ndarray of int64, shape (256,)
        Messages of each type, added to.
    per_locate : ndarray of int64, shape (65536,)
        Messages of each locate code, added to.
    events : ndarray of int64, shape (N_COLUMNS, at least stop // SMALLEST)
        Written: the columns of the kept messages.
    directory : ndarray of int64, shape (at least stop // SMALLEST,)
        Written: where R messages begin, without prefix.

    Returns
    -------
    position, n_events, n_directory, problem : int
        First byte not used; what was written; why it stopped.
    """
    position = n_events = n_directory = 0
    problem = FINE
    while position + PREFIX <= stop:
        length = _number(data, position, PREFIX)
        if length == 0:
            problem = THE_END
            break
        start = position + PREFIX
        if start == stop:
            break
        kind = np.int64(data[start])
        if lengths[kind] != length:
            problem = UNKNOWN_TYPE if lengths[kind] == 0 else WRONG_LENGTH
            break
        if start + length > stop:
            break
        position = start + length
        counts[kind] += 1
        locate = _number(data, start + 1, 2)
        per_locate[locate] += 1
        time = _number(data, start + 5, 6)
        if time < state[LAST_TIME]:
            state[TIME_WENT_BACK] += 1
        state[LAST_TIME] = time
        if kind == DIRECTORY:
            directory[n_directory] = start
            n_directory += 1
        if state[LOCATE] == -1 and stocks[kind] > 0:
            if _number(data, start + stocks[kind], 8) == state[KEY]:
                state[LOCATE] = locate
        wanted = locate == state[LOCATE] or state[LOCATE] == ALL_SYMBOLS or kind == SYSTEM
        if wanted and kept[kind]:
            for column in range(places.shape[1]):
                width = places[kind, column, 1]
                events[column, n_events] = _number(data, start + places[kind, column, 0], width)
            n_events += 1
    return position, n_events, n_directory, problem


@njit(borrows=True, forceinline=True)
def _place_of(keys, reference):
    """Place of a reference in the table, or the free place where it belongs."""
    mask = keys.shape[0] - 1
    # Numbers that follow each other take neighbouring places; the shifts spread round ones.
    place = (reference ^ (reference >> 15) ^ (reference >> 31)) & mask
    while keys[place] != reference and keys[place] != -1:
        place = (place + 1) & mask
    return place


@njit(borrows=True)
def follow(events, keys, held, counts):
    """Give each event the side, price and size that its own message leaves out.

    Parameters
    ----------
    events : ndarray of int64, shape (N_COLUMNS, n)
        From `scan`. Changed in place: SIDE becomes 1 or -1 (0 = not known), of E, X, D and C, U
        that of the order; PRICE of E, X and D that of the order; SIZE of D what was left of it;
        LEFT what is left of the order (of the new one after U) after the event.
    keys : ndarray of int64, shape (a power of two,)
        All -1: references of the orders seen.
    held : ndarray of int64, shape (len(keys), 3)
        Scratch: side, price, size left of each of `keys`.
    counts : ndarray of int64, shape (4,)
        Added to: unknown references, references used twice, more taken than was left, adds
        without shares.
    """
    for row in range(events.shape[1]):
        kind = events[TYPE, row]
        if kind == ADD or kind == ADD_NAMED or kind == HIDDEN:
            events[SIDE, row] = 1 if events[SIDE, row] == BUY else -1
        if kind == ADD or kind == ADD_NAMED:
            place = _place_of(keys, events[REFERENCE, row])
            if keys[place] != -1:
                counts[DUPLICATE] += 1
            if events[SIZE, row] == 0:
                counts[ZERO_SIZE] += 1
            keys[place] = events[REFERENCE, row]
            held[place, 0] = events[SIDE, row]
            held[place, 1] = events[PRICE, row]
            held[place, 2] = events[SIZE, row]
            events[LEFT, row] = events[SIZE, row]
            continue
        if not (
            kind == EXECUTED or kind == EXECUTED_AT or kind == CANCELLED or kind == DELETED
            or kind == REPLACED
        ):
            continue
        place = _place_of(keys, events[REFERENCE, row])
        if keys[place] == -1 or held[place, 2] <= 0:
            counts[UNKNOWN] += 1
            continue
        events[SIDE, row] = held[place, 0]
        if kind == REPLACED:
            held[place, 2] = 0
            new = _place_of(keys, events[NEW_REFERENCE, row])
            if keys[new] != -1:
                counts[DUPLICATE] += 1
            if events[SIZE, row] == 0:
                counts[ZERO_SIZE] += 1
            keys[new] = events[NEW_REFERENCE, row]
            held[new, 0] = events[SIDE, row]
            held[new, 1] = events[PRICE, row]
            held[new, 2] = events[SIZE, row]
            events[LEFT, row] = events[SIZE, row]
            continue
        if kind != EXECUTED_AT:
            events[PRICE, row] = held[place, 1]
        if kind == DELETED:
            events[SIZE, row] = held[place, 2]
        if events[SIZE, row] > held[place, 2]:
            counts[OVER_TAKEN] += 1
        held[place, 2] = max(held[place, 2] - events[SIZE, row], 0)
        events[LEFT, row] = held[place, 2]
