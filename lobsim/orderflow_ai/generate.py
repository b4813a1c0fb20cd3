"""A trained message model as order flow: on a book of its own (`say_messages`), or as a market.

`LearnedMarket` is a `lobsim.market.Market` whose background flow is a message model. The model says
when its next message comes, then, at that time, what it is, on the book as it then stands, own
orders included; so it never says an invalid one. It hears own orders as it hears its own messages,
and a gap that it had drawn before is drawn anew. Between its messages runs the market's own event
loop, with its latency, fees, reports and records.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.records import FILL, KEEP_ID, MESSAGE, OUTCOME
from lobsim.engine.state import MAX_ID, PRICE_MAX, PRICE_MIN
from lobsim.market import Market, replay_profile
from lobsim.market.rng import Dice
from lobsim.market.state import (C_BASE, C_NOW, C_OWN, N_BASE, N_PENDING, N_PENDING_HEAD, NS,
                                 OWN_ROOM, PENDING_ROOM)
from lobsim.orderflow_ai.generate_kernel import (GAP, HEAR, RECALL, REST, STREAM, due_time,
                                                speak)
from lobsim.orderflow_ai.generate_network import network_of, new_memory
from lobsim.orderflow_ai.message_model import MessageModel, load_model
from lobsim.orderflow_ai.tokens import Encoded, Tokenizer, plain_initial
from lobsim.orderflow_ai.tokens_book import FEATURES
from lobsim.orderflow_ai.tokens_grammar import new_state_machine
from lobsim.orderflow_ai.tokens_kernels import LONGEST
from lobsim.orderflow_ai.tokens_layout import VOCABULARY

__all__ = ["LearnedMarket", "Said", "default_band", "say_messages"]

_STREAM = 400  # of the dice, far from those of markets
_DRAWS = 4096
_IDS = 1 << 22
"""Messages that enter an order which a learned market can take, own ones not counted."""
_MORE_ORDERS = 20_000
"""Orders that may rest beyond those at the start."""


class Said(NamedTuple):
    """What a model said: messages, the draws used (tokens), and messages refused (always 0)."""

    messages: np.ndarray
    tokens: int
    refused: int


def say_messages(model: MessageModel, initial: np.ndarray, seed: int, *, until_s: float,
                 start_s: float, tokenizer: Tokenizer = Tokenizer(), most: int = 1_000_000,
                 band: tuple[int, int] | None = None, prompt: Encoded | None = None,
                 warmth: float = 1.0) -> Said:
    """Let a model speak on a book of its own, with nobody else there.

    Parameters
    ----------
    model : MessageModel
    initial : ndarray of `MESSAGE`
        LIMIT orders that rest at the start.
    seed : int
    start_s, until_s : float
        Window, seconds after midnight.
    tokenizer : Tokenizer
        The one that the model was trained with.
    most : int
        Messages after which it ends in any case.
    band : tuple of int, optional
        Lowest and highest price, ticks; by default `default_band`.
    prompt : Encoded, optional
        Messages that led to the book at the start, to begin with something remembered.
    warmth : float
        Above 1 the model chooses more evenly, below 1 less. Only 1 is what it learned.

    Returns
    -------
    Said

    Raises
    ------
    ValueError
        When the book has no orders, or warmth is not positive.
    """
    if len(initial) == 0 or warmth <= 0:
        raise ValueError(f"there are {len(initial)} initial orders and warmth is {warmth}; at "
                         f"least one order is needed, and warmth must be positive")
    network = network_of(model)
    memory = new_memory(network, model.shape.window)
    plain = plain_initial(initial)
    band = default_band(plain) if band is None else band
    start_ns, until_ns = round(start_s * NS), round(until_s * NS)
    dice = Dice(seed, _STREAM)
    bench = tokenizer.bench(plain, band, start_ns, most)
    mask = np.zeros(VOCABULARY, np.bool_)
    _recall(prompt, bench.state, bench.machine, network, memory)
    chunks: list[np.ndarray] = []
    said = tokens = refused = 0
    draws = np.zeros(0)
    while said < most:
        if len(draws) < LONGEST:
            draws = np.concatenate([draws, dice.uniform(_DRAWS)])
        room = np.zeros(min(most - said, _DRAWS), MESSAGE)
        count, used, bad = speak(bench.state, bench.machine, network, memory, STREAM, until_ns, 0,
                                 draws, float(warmth), mask, *bench[2:], *_nothing(), room)
        chunks.append(room[:count])
        draws = draws[used:]
        said, tokens, refused = said + count, tokens + used, refused + bad
        if len(draws) >= LONGEST and count < len(room):
            break
    return Said(np.concatenate(chunks), tokens, refused)


def default_band(initial: np.ndarray) -> tuple[int, int]:
    """Prices from half to one and a half times the middle of a book, and all of its own, ticks."""
    prices = initial["price_ticks"]
    middle = (int(prices.min()) + int(prices.max())) // 2
    half = min(max(middle // 2, int(prices.max()) - middle + 1_000), middle - 1)
    return middle - half, middle + half


def _nothing() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scratch for tokens, and neither features nor logits."""
    return (np.zeros(LONGEST, np.int32), np.zeros((0, FEATURES), np.float32),
            np.zeros((0, VOCABULARY)))


def _recall(prompt: Encoded | None, book, machine, network, memory) -> None:
    """Take in a prompt's last tokens: as many as reach the newest one through all layers."""
    if prompt is None or len(prompt.tokens) == 0:
        return
    message = np.repeat(np.arange(len(prompt.starts) - 1), np.diff(prompt.starts))
    first = max(0, len(prompt.tokens) - 1 - memory.keys.shape[0] * memory.keys.shape[1])
    recall(prompt.tokens[first:], prompt.features[message[first + 1:]], book, machine, network,
           memory, np.zeros((0, VOCABULARY)))


def recall(tokens, features, book, machine, network, memory, logits) -> None:
    """Take in tokens; `features[k]` is the book that token ``k + 1`` met (`speak`)."""
    speak(book, machine, network, memory, RECALL, 0, 0, np.zeros(0), 1.0,
          np.zeros(0, np.bool_), np.zeros(1, MESSAGE), np.zeros(1, FILL), np.zeros(1, OUTCOME),
          np.array(tokens, np.int32), np.array(features, np.float32), logits,
          np.zeros(0, MESSAGE))


class LearnedMarket(Market):
    """A market whose background flow is a message model; used as any other `Market`.

    Parameters
    ----------
    model : MessageModel or Path
        A model, or the folder of a saved one.
    initial : ndarray of `MESSAGE`
        LIMIT orders that rest at the start, with prices in ticks.
    seed : int
    start_s, end_s : float
        The window, seconds after midnight.
    tick_size, lot_size : float
        What a tick and a lot are worth.
    tokenizer : Tokenizer
        The one that the model was trained with.
    prompt : Encoded, optional
        Messages that led to `initial`, to begin with something remembered.
    parts : sequence of parts
        Of the venue (`Latency`, `Fees`); the flow is the model's.
    warmth : float
        Logits are divided by it.
    record, keep_trades : bool
        As in `Market`.

    Notes
    -----
    One market at a time: a `MarketBatch` cannot hold it. The same seed gives the same market
    whatever the size of the steps in which it is advanced.
    """

    def __init__(self, model: MessageModel | Path, initial: np.ndarray, seed: int = 0,
                 start_s: float = 36_000, end_s: float = 39_600, *, tick_size: float = 0.01,
                 lot_size: float = 1.0, tokenizer: Tokenizer = Tokenizer(),
                 prompt: Encoded | None = None, parts=(), warmth: float = 1.0,
                 record: bool = False, keep_trades: bool = True):
        if isinstance(model, (str, Path)):
            model, _ = load_model(Path(model))
        plain = plain_initial(initial)
        plain["time_ns"] = round(start_s * NS)
        if len(plain) == 0:
            raise ValueError("there are no initial orders; a model needs a book to speak about")
        # A message that never comes makes room: for ids, and for the one that is said next.
        never = np.zeros(1, MESSAGE)
        never["time_ns"], never["kind"] = round((end_s + 1) * NS), Kind.CANCEL
        never["order_id"], never["new_order_id"] = _IDS, KEEP_ID
        profile = replay_profile(never, plain, tick_size=tick_size, lot_size=lot_size,
                                 name="learned", day_start_s=start_s // 60 * 60,
                                 day_end_s=(end_s + 1) // 60 * 60 + 60)
        low, high = default_band(plain)
        profile = replace(profile, band_ticks=high - low, max_live=len(plain) + _MORE_ORDERS,
                          start_price=(low + high) // 2 * tick_size)
        super().__init__(profile, seed, start_s, end_s, parts=parts, record=record,
                         keep_trades=keep_trades)
        self._book.scalars[MAX_ID] = _IDS - 1
        low, high = int(self._book.scalars[PRICE_MIN]), int(self._book.scalars[PRICE_MAX])
        self._machine = new_state_machine(
            tokenizer.round_lot, len(plain) + 1, round(start_s * NS), (low + high) // 2,
            profile.max_live - OWN_ROOM, tokenizer.largest_size)
        self._network, self._warmth = network_of(model), float(warmth)
        self._memory = new_memory(self._network, model.shape.window)
        _recall(prompt, self._book, self._machine, self._network, self._memory)
        self._dice = Dice(seed, _STREAM)
        self._draws = np.zeros(0)
        self._drawn = False
        self._scratch = (np.zeros(VOCABULARY, np.bool_), np.zeros(1, MESSAGE), np.zeros(1, FILL),
                         np.zeros(1, OUTCOME), *_nothing(), np.zeros(0, MESSAGE))

    def _speak(self, what: int, slot: int = 0) -> None:
        if len(self._draws) < 2 * LONGEST:
            self._draws = np.concatenate([self._draws, self._dice.uniform(_DRAWS)])
        _, used, _ = speak(self._book, self._machine, self._network, self._memory, what, 0, slot,
                           self._draws, self._warmth, *self._scratch)
        self._draws = self._draws[used:]

    def _run(self, until_ns: int) -> None:
        clock, count = self._flow.clock, self._flow.count
        told = []
        while True:
            if not self._drawn:
                self._speak(GAP)
                self._drawn = True
            due = max(int(due_time(self._machine, self._memory)), int(clock[C_NOW]))
            own = int(clock[C_OWN])
            at = min(due, own, until_ns)
            if own == at:
                self._hear(own)
                self._drawn = False
            elif due == at:
                self._speak(REST)
                self._flow.recorded[0] = self._scratch[1][0]
                count[N_BASE] = 0
                clock[C_BASE] = due
                self._drawn = False
            super()._run(at)
            told.append(self._told)
            if at == until_ns and own != at and due != at:
                break
        self._told = np.concatenate(told)

    def _hear(self, time_ns: int) -> None:
        """Let the model take in the own messages that arrive at a time.

        An own order that a message names is told by the levels and places of the crowd before it,
        which is where a model has learned to look.
        """
        flow, count = self._flow, self._flow.count
        one = self._scratch[1]
        for k in range(int(count[N_PENDING])):
            row = flow.pending[(count[N_PENDING_HEAD] + k) % PENDING_ROOM]
            if row["time_ns"] > time_ns:
                break
            entry = self._own(int(row["order_id"]))
            one[0] = row
            one["new_order_id"] = KEEP_ID
            self._speak(HEAR, 0 if entry is None else int(entry["slot"]))
