"""A network speaks order messages on a book: the compiled part of the module `generate`."""

from lobsim.engine.jit import njit
from lobsim.orderflow_ai.generate_network import N_WAITING, field_logits, push
from lobsim.orderflow_ai.tokens_book import book_features
from lobsim.orderflow_ai.tokens_grammar import (M_CLOCK, M_FIELD, M_GAP, M_UNIT, WHOLE, allowed,
                                                feed, write_message)
from lobsim.orderflow_ai.tokens_kernels import pick, spell_message
from lobsim.orderflow_ai.tokens_layout import TIME, copy_into, gap_within

__all__ = ["GAP", "HEAR", "RECALL", "REST", "speak"]

GAP, REST, HEAR, RECALL = range(4)
"""What `speak` does: draw the time of the next message; say the rest of it; take in a message that
somebody else sent; take in what was said before."""
_SHARES = 4096.0  # of a draw's bits, those that a choice among tokens does not need


@njit(borrows=True, inner=True)
def _say(book, machine, network, memory, mask, draw, warmth):
    """Draw a token among those allowed and read it; returns what `feed` answers."""
    if memory.count[N_WAITING] >= 0:
        book_features(book, machine[M_UNIT], memory.features)
        push(network, memory, memory.count[N_WAITING])
    first, end = allowed(book, machine, mask)
    field_logits(network, memory, first, end)
    for token in range(first, end):
        memory.logits[token] /= warmth
    token = pick(memory.logits, mask, first, end, draw)
    if machine[M_FIELD] == TIME:
        memory.share[0] = (draw * _SHARES) % 1.0
    memory.count[N_WAITING] = token
    return feed(book, machine, token)


@njit(borrows=True, inner=True)
def _take_in(book, machine, network, memory, tokens, length, features, logits):
    """Push tokens; the last one waits for the book that the next one meets.

    That book is `features[k]` after token k, or `book` as it stands where there are no features.
    """
    for k in range(length):
        if memory.count[N_WAITING] >= 0:
            if k > 0 and len(features) > 0:
                copy_into(features[k - 1], memory.features)
            else:
                book_features(book, machine[M_UNIT], memory.features)
            push(network, memory, memory.count[N_WAITING])
            if k > 0 and len(logits) > 0:
                field_logits(network, memory, 0, len(memory.logits))
                copy_into(memory.logits, logits[k - 1])
        memory.count[N_WAITING] = tokens[k]


@njit(borrows=True)
def speak(book, machine, network, memory, what, slot, draws, warmth, mask, one, tokens, features,
          logits):
    """Say a part of a message, or take in what others said. The book is told nothing.

    Parameters
    ----------
    book, machine, network, memory
        `machine` and `memory` are modified.
    what : int
        ``GAP``, ``REST`` (the message is written to `one`), ``HEAR`` (the message in `one` is taken
        in), or ``RECALL``.
    slot : int
        Of the order that a message heard is about, 0 for a new one.
    draws : ndarray of float64, shape (at least `LONGEST`,)
        Uniform numbers in [0, 1), one a token.
    warmth : float
        Logits are divided by it.
    mask
        Scratch.
    one : ndarray of `MESSAGE`, shape (1,)
    tokens : ndarray of int32
        To be recalled; else scratch, at least `LONGEST`.
    features : ndarray of float32, shape (n, 12)
        To be recalled: the book that the token after each met; else of no rows.
    logits : ndarray of float64, shape (n, `VOCABULARY`)
        Written when recalling: the logits after each token but the last; or of no rows.

    Returns
    -------
    used, due_ns : int, int
        Draws used, and when the message comes whose gap was drawn last.
    """
    used = 0
    if what == HEAR or what == RECALL:
        length = len(tokens)
        if what == HEAR:
            machine[M_FIELD] = TIME  # a gap drawn before it was heard is void
            length = spell_message(book, machine, one[0], slot, tokens)
            machine[M_CLOCK] = one[0]["time_ns"]
        _take_in(book, machine, network, memory, tokens, length, features, logits)
    else:
        while used + 1 <= len(draws):
            state = _say(book, machine, network, memory, mask, draws[used], warmth)
            used += 1
            if what == GAP:
                break
            if state == WHOLE:
                write_message(book, machine, memory.share[0], one[0])
                break
    return used, machine[M_CLOCK] + gap_within(machine[M_GAP], memory.share[0])
