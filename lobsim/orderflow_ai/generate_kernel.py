"""A network speaks order messages on a book: the compiled loop of the module `generate`."""

import numpy as np

from lobsim.engine.dispatch import process_messages
from lobsim.engine.jit import njit
from lobsim.orderflow_ai.generate_network import N_WAITING, field_logits, push
from lobsim.orderflow_ai.tokens_book import book_features
from lobsim.orderflow_ai.tokens_grammar import (M_CLOCK, M_FIELD, M_GAP, M_UNIT, WHOLE, allowed,
                                                feed, write_message)
from lobsim.orderflow_ai.tokens_kernels import LONGEST, pick, spell_message
from lobsim.orderflow_ai.tokens_layout import TIME, gap_within

__all__ = ["GAP", "HEAR", "REST", "STREAM", "speak"]

GAP, REST, STREAM, HEAR = range(4)
"""What `speak` does: draw the time of the next message; say the rest of it; say and play messages;
take in a message that somebody else sent."""
_SHARES = 4096.0  # of a draw's bits, those that a choice among tokens does not need
_NONE = np.int64(-1)


@njit(borrows=True, inner=True)
def _take_in(book, machine, network, memory):
    """Push the token that waits, with the book as it stands."""
    token = memory.count[N_WAITING]
    if token >= 0:
        book_features(book, machine[M_UNIT], memory.features)
        push(network, memory, token)
        memory.count[N_WAITING] = _NONE


@njit(borrows=True, inner=True)
def _say(book, machine, network, memory, mask, draw, warmth):
    """Draw a token among those allowed and read it; returns what `feed` answers."""
    _take_in(book, machine, network, memory)
    first, end = allowed(book, machine, mask)
    field_logits(network, memory, first, end)
    for token in range(first, end):
        memory.logits[token] /= warmth
    token = pick(memory.logits, mask, first, end, draw)
    if machine[M_FIELD] == TIME:
        memory.share[0] = (draw * _SHARES) % 1.0
    memory.count[N_WAITING] = token
    return feed(book, machine, token)


@njit(borrows=True)
def speak(book, machine, network, memory, what, until_ns, slot, draws, warmth, mask, one, fills,
          outcome, scratch, messages):
    """Say messages, or hear one.

    Parameters
    ----------
    book, machine, network, memory
        All but the network are modified.
    what : int
        ``GAP``, ``REST`` (the message is written to `one`, the book is not told), ``STREAM``, or
        ``HEAR`` (the message in `one` is taken in; the book is not told).
    until_ns : int
        A stream stops before the first message after this time, whose gap stays drawn.
    slot : int
        Of the order that a message heard is about, 0 for a new one.
    draws : ndarray of float64
        Uniform numbers in [0, 1), one a token; a stream stops where fewer than `LONGEST` are left.
    warmth : float
        Logits are divided by it.
    mask, fills, outcome, scratch
        Scratch; the last of `LONGEST` int32.
    one : ndarray of `MESSAGE`, shape (1,)
    messages : ndarray of `MESSAGE`
        Written by a stream, which stops where it is full.

    Returns
    -------
    count, used, refused : int, int, int
        Messages, draws used, and messages that the engine refused (always 0).
    """
    count, used, refused = 0, 0, 0
    if what == HEAR:
        machine[M_FIELD] = TIME  # a gap drawn before it was heard is void
        length = spell_message(book, machine, one[0], slot, scratch)
        for k in range(length):
            _take_in(book, machine, network, memory)
            memory.count[N_WAITING] = scratch[k]
        machine[M_CLOCK] = one[0]["time_ns"]
        return count, used, refused
    while used + LONGEST <= len(draws):
        if machine[M_FIELD] == TIME:
            _say(book, machine, network, memory, mask, draws[used], warmth)
            used += 1
        if what == GAP:
            break
        if what == STREAM:
            gap_ns = gap_within(machine[M_GAP], memory.share[0])
            if count == len(messages) or machine[M_CLOCK] + gap_ns > until_ns:
                break
        while _say(book, machine, network, memory, mask, draws[used], warmth) != WHOLE:
            used += 1
        used += 1
        write_message(book, machine, memory.share[0], one[0])
        count += 1
        if what == REST:
            break
        process_messages(book, one, 0, fills, 0, outcome)
        if outcome[0]["reject"] != 0:
            refused += 1
        messages[count - 1] = one[0]
    return count, used, refused


@njit(borrows=True)
def due_time(machine, memory):
    """When the message falls due whose gap was drawn, ns."""
    return machine[M_CLOCK] + gap_within(machine[M_GAP], memory.share[0])
