"""Compiled loops over messages and tokens: spell a stream, read it back or make one up.

The loops run on a book of their own, whose arrays have room for all that may come, so that nothing
grows on the way (`lobsim.orderflow_ai.tokens`).
"""

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.dispatch import process_messages
from lobsim.engine.jit import njit
from lobsim.engine.state import BEST_ASK, BEST_BID, PRICE_MAX, PRICE_MIN
from lobsim.orderflow_ai.tokens_book import book_features, orders_on, place_of, rank_of
from lobsim.orderflow_ai.tokens_grammar import (M_CLOCK, M_UNIT, REFUSED, WHOLE, allowed,
                                                base_price, feed, has_price, is_new,
                                                write_message)
from lobsim.orderflow_ai.tokens_layout import (ACROSS, BEHIND, DIGIT, DIGIT_BITS, EVENT, FIELDS,
                                               INSIDE, K_CANCEL, K_POST_ONLY, K_REPLACE,
                                               K_REPLACE_NEW, LEVEL, NUMBERS, ODD, PLACE, PRICE,
                                               ROUND, SIZE, TIME, bits_of, bucket_of, copy_into,
                                               gap_token, low_of)

__all__ = ["LONGEST", "pick", "spell_message", "spell_messages", "write_stream"]

LONGEST = 40
"""Room for the tokens of one message: at most 2 + 4 numbers of 1 + 7 tokens."""
_REPLACE = np.int64(Kind.REPLACE)


@njit(borrows=True, inner=True)
def _spell(tokens, n, first, number):
    """Write the tokens of a number; returns how many tokens there are now."""
    bucket = bucket_of(number)
    tokens[n] = first + bucket
    n += 1
    rest = number - low_of(bucket)
    bits = bits_of(bucket)
    while bits > 0:
        taken = min(bits, DIGIT_BITS)
        bits -= taken
        tokens[n] = FIELDS[DIGIT] + (rest >> bits)
        rest &= (np.int64(1) << bits) - 1
        n += 1
    return n


@njit(borrows=True, inner=True)
def _spell_price(book, machine, side, price, tokens, n):
    """Write the tokens of a price: its zone is the one in which it lies."""
    scalars = book.scalars
    base = base_price(book, machine, side)
    other = scalars[BEST_ASK] if side > 0 else scalars[BEST_BID]
    if orders_on(book, -side) > 0 and (price - other) * side >= 0:
        return _spell(tokens, n, FIELDS[PRICE] + ACROSS * NUMBERS, (price - other) * side)
    if (base - price) * side >= 0:
        return _spell(tokens, n, FIELDS[PRICE] + BEHIND * NUMBERS, (base - price) * side)
    return _spell(tokens, n, FIELDS[PRICE] + INSIDE * NUMBERS, (price - base) * side - 1)


@njit(borrows=True, inner=True)
def spell_message(book, machine, message, slot, tokens):
    """Write the tokens of a message about the order in `slot` (0 for a new order).

    Returns the number of tokens, 0 if the message is not one that tokens can spell. Whether the
    book would take it is for `feed` to say.
    """
    kind = np.int64(message["kind"]) - 1
    side, size = np.int64(message["side"]), np.int64(message["size"])
    if kind < 0 or kind > K_REPLACE:
        return 0
    if kind == K_REPLACE and message["new_order_id"] != -1:
        if message["new_order_id"] != message["order_id"]:
            kind = K_REPLACE_NEW
    if is_new(kind):
        if side != 1 and side != -1:
            return 0
    else:
        if slot <= 0:
            return 0
        side = np.int64(book.orders[slot]["side"])
    if kind != K_CANCEL and size < 1:
        return 0
    tokens[0] = FIELDS[TIME] + gap_token(message["time_ns"] - machine[M_CLOCK])
    tokens[1] = FIELDS[EVENT] + 2 * kind + (1 if side < 0 else 0)
    n = 2
    if not is_new(kind):
        price = np.int64(book.orders[slot]["price_ticks"])
        n = _spell(tokens, n, FIELDS[LEVEL], rank_of(book, side, price))
        n = _spell(tokens, n, FIELDS[PLACE], place_of(book, slot))
    if has_price(kind):
        price = np.int64(message["price_ticks"])
        if price < book.scalars[PRICE_MIN] or price > book.scalars[PRICE_MAX]:
            return 0
        n = _spell_price(book, machine, side, price, tokens, n)
    if kind != K_CANCEL:
        unit = machine[M_UNIT]
        if size % unit == 0:
            n = _spell(tokens, n, FIELDS[SIZE] + ROUND * NUMBERS, size // unit)
        else:
            n = _spell(tokens, n, FIELDS[SIZE] + ODD * NUMBERS, size)
    return n


@njit(borrows=True)
def spell_messages(book, machine, messages, ids, names, before, one, fills, outcome, plain,
                   tokens, starts, features, kept):
    """Spell a stream of messages, playing it on the book.

    Parameters
    ----------
    book, machine
        Modified.
    messages : ndarray of `MESSAGE`, shape (n,)
    ids : ndarray of int64, shape (n, 2)
        `order_id` and `new_order_id` of each, as indices into `names`.
    names : ndarray of int64
        Id under which the book knows an order, 0 for none yet (modified).
    before, one, fills, outcome
        Scratch: room for the machine, one message, enough fills, one outcome.
    plain : ndarray of `MESSAGE`, shape (n,)
        Written: the messages that were spelled, as the book was told of them.
    tokens, starts, features, kept
        Written: tokens, where each message's begin (and the end of all), the book before each, and
        which of `messages` it was.

    Returns
    -------
    int
        Messages spelled; the others were ones that the book refuses.
    """
    n = 0
    count = 0
    for i in range(len(messages)):
        message = messages[i]
        kind = np.int64(message["kind"]) - 1
        named = names[ids[i, 0]]
        slot = 0
        if kind > K_POST_ONLY:
            slot = np.int64(book.slot_of[named])
        elif named != 0:
            continue  # the id is taken
        if message["kind"] == _REPLACE and message["new_order_id"] != -1:
            if message["new_order_id"] != message["order_id"] and names[ids[i, 1]] != 0:
                continue
        length = spell_message(book, machine, message, slot, tokens[n:])
        if length == 0:
            continue
        copy_into(machine, before)
        state = REFUSED
        for k in range(length):
            state = feed(book, machine, tokens[n + k])
            if state == REFUSED:
                break
        if state != WHOLE:
            copy_into(before, machine)
            continue
        book_features(book, machine[M_UNIT], features[count])
        write_message(book, machine, 0.5, one[0])
        one[0]["time_ns"] = message["time_ns"]
        machine[M_CLOCK] = message["time_ns"]
        process_messages(book, one, 0, fills, 0, outcome)
        if outcome[0]["reject"] != 0:
            return -1 - count
        if kind <= K_POST_ONLY:
            names[ids[i, 0]] = one[0]["order_id"]
        elif one[0]["new_order_id"] > 0:
            names[ids[i, 1]] = one[0]["new_order_id"]
        plain[count] = one[0]
        kept[count] = i
        starts[count] = n
        n += length
        count += 1
    starts[count] = n
    return count


@njit(borrows=True, inner=True)
def pick(logits, mask, first, end, draw):
    """Draw a token of a field in proportion to exp(logit), among those that `mask` allows.

    `draw` is uniform in [0, 1).
    """
    top = -np.inf
    for token in range(first, end):
        if mask[token] and logits[token] > top:
            top = logits[token]
    total = 0.0
    for token in range(first, end):
        if mask[token]:
            total += np.exp(logits[token] - top)
    left = draw * total
    last = -1
    for token in range(first, end):
        if mask[token]:
            weight = np.exp(logits[token] - top)
            if weight > 0.0:
                last = token
                left -= weight
                if left < 0.0:
                    break
    return last


@njit(borrows=True)
def write_stream(book, machine, tokens, told, logits, draws, mask, one, fills, outcome, messages):
    """Read tokens into messages, then make up more, and play all of them on the book.

    Parameters
    ----------
    book, machine
        Modified.
    tokens : ndarray of int32
        The first `told` are read, the others written.
    told : int
    logits : ndarray of float64, shape (rows, `VOCABULARY`)
        Tokens are drawn in proportion to exp(logit), among those allowed: from the row of the token
        before, or from row 0 if there is only one.
    draws : ndarray of float64, shape (len(tokens) - told + 1,)
        Uniform numbers in [0, 1), one per token to be made up.
    mask, one, fills, outcome
        Scratch.
    messages
        Written; where it is full the stream ends.

    Returns
    -------
    count, n, refused : int, int, int
        Messages, tokens of whole messages, and messages that the engine refused (always 0).
    """
    count, whole, refused = 0, 0, 0
    previous = 0
    for k in range(len(tokens)):
        if count == len(messages):
            break
        share = 0.5
        if k < told:
            token = np.int64(tokens[k])
        else:
            first, end = allowed(book, machine, mask)
            row = previous if logits.shape[0] > 1 else 0
            token = pick(logits[row], mask, first, end, draws[k - told])
            tokens[k] = token
            share = (draws[k - told] * 1024.0) % 1.0
        previous = token
        state = feed(book, machine, token)
        if state == REFUSED:
            break
        if state == WHOLE:
            write_message(book, machine, share, one[0])
            process_messages(book, one, 0, fills, 0, outcome)
            if outcome[0]["reject"] != 0:
                refused += 1
            messages[count] = one[0]
            count += 1
            whole = k + 1
    return count, whole, refused
