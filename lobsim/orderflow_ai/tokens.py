r"""Order messages as tokens, and back: `Tokenizer`.

**What is kept.** Every message that the engine accepts is spelled and read back exactly: kind,
side, price in ticks, size in lots, and which resting order it means. Three things are lost on
purpose. *Time*: the gap to the message before falls into one of 75 buckets (0; below 1 us; eight a
decade up to 1000 s; beyond), so from a microsecond on a gap comes back to within 16 %, and times of
day carry the sum of these errors. *Names*: ids come back as 1, 2, 3, ... in order of arrival, and
owners not at all, for nobody on a venue sees them. *Idle fields*: what the engine ignores (the
price of a market order) comes back as 0, or as the named order has it.

**Scale-free.** A price is told by its distance in ticks from the best price of its own side: behind
it, inside the spread, or across it (then from the best price of the other side). A size is told in
round lots where it is a multiple of one, else in single lots. Distances and sizes are buckets that
grow with the number, four to a doubling, followed by digits that make them exact
(`lobsim.orderflow_ai.tokens_layout`). A bid two ticks behind the best is the same token at any
price, and so is an order of two round lots in any share.

**Always valid.** A cancel, a reduction or a replacement names its order by level (counted from the
best) and place in the queue, never by an id, so it cannot name one that is gone. Given the book,
the range of every number is known, and `lobsim.orderflow_ai.tokens_grammar` tells which tokens may
come next: whatever a model says among those, the engine accepts.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lobsim.engine.book import OrderBook
from lobsim.engine.codes import Kind, Reject
from lobsim.engine.records import FILL, KEEP_ID, MESSAGE, OUTCOME
from lobsim.engine.state import BookState, new_state
from lobsim.orderflow_ai.tokens_book import FEATURES
from lobsim.orderflow_ai.tokens_grammar import new_state_machine
from lobsim.orderflow_ai.tokens_kernels import LONGEST, spell_messages, write_stream
from lobsim.orderflow_ai.tokens_layout import (DIGIT, FIELD_NAMES, FIELDS, GAP_EDGES_NS, KINDS,
                                               NUMBERS, VOCABULARY, field_of)

__all__ = ["Bench", "Encoded", "Tokenizer", "describe", "plain_initial"]

_MARGIN = 1_000  # ticks of the band beyond the prices of a stream
_PRICED = (Kind.LIMIT, Kind.POST_ONLY, Kind.IOC, Kind.FOK, Kind.REPLACE)


class Encoded(NamedTuple):
    """A stream of messages as tokens, and what is needed to read it back.

    Attributes
    ----------
    tokens : ndarray of int32
    starts : ndarray of int64, shape (messages + 1,)
        Where the tokens of each message begin; the last entry is the number of tokens.
    features : ndarray of float32, shape (messages, 12)
        The book before each message (`lobsim.orderflow_ai.tokens_book.FEATURE_NAMES`).
    messages : ndarray of `MESSAGE`
        The messages with the names that decoding gives them, at their exact times.
    kept : ndarray of int64
        Which of the messages given they were.
    initial : ndarray of `MESSAGE`
        The orders that rested at the start, named 1, 2, ...
    band : tuple of int
        Lowest and highest price of the book, ticks.
    start_ns : int
        What the first gap counts from.
    """

    tokens: np.ndarray
    starts: np.ndarray
    features: np.ndarray
    messages: np.ndarray
    kept: np.ndarray
    initial: np.ndarray
    band: tuple[int, int]
    start_ns: int

    @property
    def refused(self) -> int:
        """Messages from the first to the last kept one that the book refused, so have no tokens."""
        return int(self.kept[-1]) + 1 - len(self.kept) if len(self.kept) else 0


class Bench(NamedTuple):
    """A book with room for a stream, a state machine on it, and scratch for one message."""

    state: BookState
    machine: np.ndarray
    one: np.ndarray
    fills: np.ndarray
    outcome: np.ndarray


@dataclass(frozen=True)
class Tokenizer:
    """Turns order messages into tokens and back; see the module for what is kept.

    Parameters
    ----------
    round_lot : int
        Lots in which sizes are counted where they are multiples of it; 100 suits shares.
    largest_size : int
        Largest size of a new order that is allowed when messages are made up, lots.

    Examples
    --------
    >>> from lobsim.engine import empty_messages
    >>> stream = empty_messages(2)
    >>> stream["kind"], stream["side"] = Kind.LIMIT, [1, -1]
    >>> stream["order_id"], stream["price_ticks"], stream["size"] = [7, 9], [100, 103], 200
    >>> encoded = Tokenizer().encode(stream)
    >>> [describe(token) for token in encoded.tokens[-4:]]
    ['TIME 0', 'EVENT LIMIT sell', 'PRICE behind 0', 'SIZE 2 round lots']
    >>> Tokenizer().decode(encoded)["price_ticks"].tolist()
    [100, 103]
    """

    round_lot: int = 100
    largest_size: int = 2**31 - 1

    def __post_init__(self):
        for name in ("round_lot", "largest_size"):
            if not 1 <= getattr(self, name) <= 2**31 - 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be from 1 to 2**31 - 1")

    def encode(self, messages: np.ndarray, initial: np.ndarray | None = None, *,
               band: tuple[int, int] | None = None) -> Encoded:
        """Spell messages.

        Parameters
        ----------
        messages : ndarray of `MESSAGE`
            In order of time. Owners are ignored: all orders count as the crowd's. What the book
            refuses is left out (`Encoded.kept`).
        initial : ndarray of `MESSAGE`, optional
            LIMIT orders that rest at the start, as in a market's recording.
        band : tuple of int, optional
            Lowest and highest price of the book; by default 1,000 ticks beyond those of the stream.

        Returns
        -------
        Encoded

        Raises
        ------
        ValueError
            When times go back, or `initial` is not a book of resting orders.
        """
        initial = np.zeros(0, MESSAGE) if initial is None else initial
        times = messages["time_ns"]
        if (np.diff(times) < 0).any():
            row = int(np.argmax(np.diff(times) < 0)) + 1
            raise ValueError(f"time_ns goes back in row {row}: {times[row]} after "
                             f"{times[row - 1]}; messages must be in order of time")
        band = _band(np.concatenate([initial, messages])) if band is None else band
        names, ids = _compact_ids(initial, messages)
        plain = plain_initial(initial)
        names[ids[:len(initial), 0]] = plain["order_id"]
        start_ns = int(initial["time_ns"].max()) if len(initial) else None
        if len(times) and (start_ns is None or start_ns > times[0]):
            start_ns = int(times[0])
        start_ns = start_ns or 0
        bench = self.bench(plain, band, start_ns, len(messages))
        n = len(messages)
        tokens = np.zeros(LONGEST * (n + 1), np.int32)
        starts, kept = np.zeros(n + 1, np.int64), np.zeros(n, np.int64)
        features, written = np.zeros((n, FEATURES), np.float32), np.zeros(n, MESSAGE)
        messages = np.require(messages, MESSAGE, ["C", "W", "A"])
        count = spell_messages(bench.state, bench.machine, messages, ids[len(initial):], names,
                               bench.machine.copy(), *bench[2:], written, tokens, starts, features,
                               kept)
        if count < 0:
            raise RuntimeError(f"message {-1 - count} was spelled but the book refused it: "
                               f"{Reject(int(bench.outcome[0]['reject'])).name}")
        return Encoded(tokens[:starts[count]].copy(), starts[:count + 1], features[:count],
                       written[:count], kept[:count], plain, band, start_ns)

    def decode(self, encoded: Encoded) -> np.ndarray:
        """Messages of an encoded stream, read from its tokens alone.

        Parameters
        ----------
        encoded : Encoded
            `tokens`, `initial`, `band` and `start_ns` are used.

        Returns
        -------
        ndarray of `MESSAGE`

        Raises
        ------
        ValueError
            When a token is not allowed where it stands, or the last message is not whole.
        """
        tokens = np.array(encoded.tokens, np.int32)
        most = len(tokens) // 3 + 1
        bench = self.bench(encoded.initial, encoded.band, encoded.start_ns, most)
        messages = np.zeros(most, MESSAGE)
        count, whole, _ = write_stream(bench.state, bench.machine, tokens, len(tokens),
                                       np.zeros((1, 1)), np.zeros(1), np.zeros(1, np.bool_),
                                       *bench[2:], messages)
        if whole < len(tokens):
            raise ValueError(f"the message that begins at token {whole}, "
                             f"{describe(tokens[whole])}, is not allowed there or not whole")
        return messages[:count]

    def make_up(self, logits: np.ndarray, draws: np.ndarray, initial: np.ndarray | None = None, *,
                band: tuple[int, int], start_ns: int = 0
                ) -> tuple[np.ndarray, np.ndarray, int]:
        """Make up messages from a table of logits, among the tokens that the book allows.

        Parameters
        ----------
        logits : ndarray of float, shape (1 or `VOCABULARY`, `VOCABULARY`)
            Row of the token before, or one row for all.
        draws : ndarray of float, shape (n,)
            Uniform numbers in [0, 1), one per token.
        initial, band, start_ns
            The book at the start, as in `Encoded`.

        Returns
        -------
        messages : ndarray of `MESSAGE`
        tokens : ndarray of int32
        refused : int
            Messages that the engine refused: always 0, or the grammar is wrong.
        """
        plain = plain_initial(np.zeros(0, MESSAGE) if initial is None else initial)
        most = len(draws) // 3 + 1
        bench = self.bench(plain, band, start_ns, most)
        messages, tokens = np.zeros(most, MESSAGE), np.zeros(len(draws), np.int32)
        logits = np.ascontiguousarray(np.atleast_2d(logits), np.float64)
        count, whole, refused = write_stream(
            bench.state, bench.machine, tokens, 0, logits, np.ascontiguousarray(draws),
            np.zeros(VOCABULARY, np.bool_), *bench[2:], messages)
        return messages[:count], tokens[:whole], refused

    def bench(self, initial: np.ndarray, band: tuple[int, int], start_ns: int,
              messages: int) -> Bench:
        """A book with room for `messages` more, on which `initial` rests, and a state machine.

        Raises
        ------
        ValueError
            When an initial order does not rest.
        """
        low, high = band
        room = len(initial) + messages + 1
        book = OrderBook(price_min=0.01, price_max=0.02)  # its arrays are replaced
        book.state = new_state(low, high, max_orders=room, slots=room, ids=room + 1)
        fills = book.process(np.require(initial, MESSAGE, ["C", "W", "A"]))
        resting = int(book.state.scalars[2] + book.state.scalars[3])
        if len(fills) or resting != len(initial):
            raise ValueError(f"{len(initial) - resting} of the {len(initial)} initial orders do "
                             f"not rest in a book of prices {low} to {high}")
        machine = new_state_machine(self.round_lot, len(initial) + 1, start_ns,
                                    (low + high) // 2, room, self.largest_size)
        return Bench(book.state, machine, np.zeros(1, MESSAGE), np.zeros(room + 1, FILL),
                     np.zeros(1, OUTCOME))


def plain_initial(initial: np.ndarray) -> np.ndarray:
    """Initial orders without owners, named 1, 2, ... in their order."""
    plain = np.zeros(len(initial), MESSAGE)
    for name in ("time_ns", "price_ticks", "size", "side"):
        plain[name] = initial[name]
    plain["order_id"] = np.arange(1, len(initial) + 1)
    plain["kind"], plain["new_order_id"] = Kind.LIMIT, KEEP_ID
    return plain


def _band(messages: np.ndarray) -> tuple[int, int]:
    """Prices of a stream, with a margin on both sides, not below one tick unless they are."""
    prices = messages["price_ticks"][np.isin(messages["kind"], _PRICED)]
    if len(prices) == 0:
        return 1, 2 * _MARGIN
    low, high = int(prices.min()), int(prices.max())
    return (max(low - _MARGIN, 1) if low >= 1 else low), min(high + _MARGIN, 2**31 - 2)


def _compact_ids(initial: np.ndarray, messages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Room for the names of all ids of a stream, and each message's two ids as indices into it."""
    both = np.concatenate([initial, messages])
    raw = np.column_stack([both["order_id"], both["new_order_id"]])
    known, index = np.unique(raw, return_inverse=True)
    return np.zeros(len(known) + 1, np.int64), index.reshape(-1, 2).astype(np.int64)


def describe(token: int) -> str:
    """A token in words.

    Examples
    --------
    >>> describe(75)
    'EVENT LIMIT buy'
    """
    token = int(token)
    if not 0 <= token < VOCABULARY:
        raise ValueError(f"token is {token}; it must be from 0 to {VOCABULARY - 1}")
    field = int(field_of(token))
    name, number = FIELD_NAMES[field], token - int(FIELDS[field])
    if name == "TIME":
        edge = GAP_EDGES_NS[number]
        return "TIME 0" if number == 0 else f"TIME from {edge * 1e-9:.3g} s"
    if name == "EVENT":
        return f"EVENT {KINDS[number // 2]} {'sell' if number % 2 else 'buy'}"
    if field == DIGIT:
        return f"DIGIT {number}"
    bucket = number % NUMBERS
    low = bucket if bucket < 8 else (4 + (bucket - 8) % 4) << (1 + (bucket - 8) // 4)
    told = f"{low}" if bucket < 8 else f"{low}.."
    if name == "PRICE":
        return f"PRICE {('behind', 'inside', 'across')[number // NUMBERS]} {told}"
    if name == "SIZE":
        return f"SIZE {told} {('round lots', 'single lots')[number // NUMBERS]}"
    return f"{name} {told}"
