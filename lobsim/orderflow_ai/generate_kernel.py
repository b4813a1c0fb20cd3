"""A network speaks order messages on a book: the compiled loop of the module `generate`."""

from lobsim.engine.dispatch import process_messages
from lobsim.engine.jit import njit
from lobsim.orderflow_ai.generate_network import N_WAITING, field_logits, push
from lobsim.orderflow_ai.tokens_book import book_features
from lobsim.orderflow_ai.tokens_grammar import (M_CLOCK, M_FIELD, M_GAP, M_UNIT, WHOLE, allowed,
                                                feed, write_message)
from lobsim.orderflow_ai.tokens_kernels import LONGEST, pick, spell_message
from lobsim.orderflow_ai.tokens_layout import EVENT, TIME, copy_into, gap_within

__all__ = ["GAP", "HEAR", "RECALL", "REST", "STREAM", "due_time", "speak"]

GAP, REST, STREAM, HEAR, RECALL = range(5)
"""What `speak` does: draw the time of the next message; say the rest of it; say and play messages;
take in a message that somebody else sent; take in what was said before."""
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
def speak(book, machine, network, memory, what, until_ns, slot, draws, warmth, mask, one, fills,
          outcome, tokens, features, logits, messages):
    """Say messages, or take in what others said.

    Parameters
    ----------
    book, machine, network, memory
        All but the network are modified.
    what : int
        ``GAP``, ``REST`` (the message is written to `one`, the book is not told), ``STREAM``,
        ``HEAR`` (the message in `one` is taken in; the book is not told), or ``RECALL``.
    until_ns : int
        A stream stops before the first message after this time, whose gap stays drawn.
    slot : int
        Of the order that a message heard is about, 0 for a new one.
    draws : ndarray of float64
        Uniform numbers in [0, 1), one a token; a stream stops where fewer than `LONGEST` are left,
        if need be within a message, and goes on from there when called again.
    warmth : float
        Logits are divided by it.
    mask, fills, outcome
        Scratch.
    one : ndarray of `MESSAGE`, shape (1,)
    tokens : ndarray of int32
        To be recalled; else scratch, at least `LONGEST`.
    features : ndarray of float32, shape (n, 12)
        To be recalled: the book that the token after each met; else of no rows.
    logits : ndarray of float64, shape (n, `VOCABULARY`)
        Written when recalling: the logits after each token but the last; or of no rows.
    messages : ndarray of `MESSAGE`
        Written by a stream, which stops where it is full.

    Returns
    -------
    count, used, refused : int, int, int
        Messages, draws used, and messages that the engine refused (always 0).
    """
    count, used, refused = 0, 0, 0
    if what == HEAR or what == RECALL:
        length = len(tokens)
        if what == HEAR:
            machine[M_FIELD] = TIME  # a gap drawn before it was heard is void
            length = spell_message(book, machine, one[0], slot, tokens)
            machine[M_CLOCK] = one[0]["time_ns"]
        _take_in(book, machine, network, memory, tokens, length, features, logits)
        return count, used, refused
    while used + LONGEST <= len(draws):
        field = machine[M_FIELD]
        if what == STREAM and field == EVENT:
            gap_ns = gap_within(machine[M_GAP], memory.share[0])
            if count == len(messages) or machine[M_CLOCK] + gap_ns > until_ns:
                break
        state = _say(book, machine, network, memory, mask, draws[used], warmth)
        used += 1
        if what == GAP and field == TIME:
            break
        if state != WHOLE:
            continue
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
