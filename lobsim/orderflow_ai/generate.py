"""A trained message model as order flow: on a book of its own (`say_messages`), or as a market.

In ``Market("MIDCAP", flow="learned")`` the background flow is a message model (`LearnedFlow`). It
says when its next message comes, then, at that time, what it is, on the book as it then stands, own
orders included; so it never says an invalid one. It hears own orders as it hears its own messages,
and a gap that it had drawn before is drawn anew. Between its messages runs the market's own event
loop, with its latency, fees, reports and records. `LearnedMarket` is such a market on any book.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.engine.dispatch import process_messages
from lobsim.engine.records import KEEP_ID, MESSAGE
from lobsim.engine.state import MAX_ID, PRICE_MAX, PRICE_MIN
from lobsim.market import Market, Profile, replay_profile
from lobsim.market.outside import venue_parts
from lobsim.market.parts import Recorded
from lobsim.market.rng import Dice
from lobsim.market.state import (C_BASE, C_NOW, C_OWN, N_BASE, N_PENDING, N_PENDING_HEAD, NS,
                                 OWN_ROOM, PENDING_ROOM)
from lobsim.orderflow_ai.generate_kernel import GAP, HEAR, RECALL, REST, speak
from lobsim.orderflow_ai.generate_network import network_of, new_memory
from lobsim.orderflow_ai.message_model import MessageModel, load_model
from lobsim.orderflow_ai.tokens import Encoded, Tokenizer, plain_initial
from lobsim.orderflow_ai.tokens_book import FEATURES
from lobsim.orderflow_ai.tokens_grammar import new_state_machine
from lobsim.orderflow_ai.tokens_kernels import LONGEST
from lobsim.orderflow_ai.tokens_layout import VOCABULARY

__all__ = ["LearnedFlow", "LearnedMarket", "Said", "default_band", "say_messages"]

_STREAM = 400  # of the dice, far from those of markets
_DRAWS = 4096
_IDS = 1 << 22
"""Messages that enter an order which a learned market can take, own ones not counted."""
_MORE_ORDERS = 20_000
"""Orders that may rest beyond those at the start."""


class Said(NamedTuple):
    """What a model said: messages, tokens (draws), and messages that the engine refused: 0."""

    messages: np.ndarray
    tokens: int
    refused: int


def say_messages(model: MessageModel, initial: np.ndarray, seed: int, *, until_s: float,
                 start_s: float, tokenizer: Tokenizer | None = None, most: int = 1_000_000,
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
    tokenizer : Tokenizer, optional
        By default the one that the model was trained with.
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
    plain = plain_initial(initial)
    band = default_band(plain) if band is None else band
    until_ns = round(until_s * NS)
    bench = (tokenizer or model.tokenizer).bench(plain, band, round(start_s * NS), most)
    voice = _Voice(model, seed, warmth, bench.state, bench.machine, prompt)
    messages = np.zeros(min(most, _DRAWS), MESSAGE)
    said = refused = 0
    while said < most and voice.next_ns() <= until_ns:
        if said == len(messages):
            messages = np.concatenate([messages, np.zeros(min(most - said, said), MESSAGE)])
        one = voice.say()
        process_messages(bench.state, one, 0, bench.fills, 0, bench.outcome)
        refused += int(bench.outcome[0]["reject"] != 0)
        messages[said] = one[0]
        said += 1
    return Said(messages[:said].copy(), voice.tokens, refused)


def default_band(initial: np.ndarray) -> tuple[int, int]:
    """Prices from half to one and a half times the middle of a book, and all of its own, ticks."""
    prices = initial["price_ticks"]
    middle = (int(prices.min()) + int(prices.max())) // 2
    half = min(max(middle // 2, int(prices.max()) - middle + 1_000), middle - 1)
    return middle - half, middle + half


class _Voice:
    """A network with what it remembers of one stream of messages, and the draws that it takes."""

    def __init__(self, model: MessageModel, seed: int, warmth: float, book, machine,
                 prompt: Encoded | None = None):
        self._network, self._warmth = network_of(model), float(warmth)
        self._memory = new_memory(self._network, model.shape.window)
        self._book, self._machine = book, machine
        self._dice, self._draws = Dice(seed, _STREAM), np.zeros(0)
        self._due: int | None = None
        self._one = np.zeros(1, MESSAGE)
        self._scratch = (np.zeros(VOCABULARY, np.bool_), self._one, np.zeros(LONGEST, np.int32),
                         np.zeros((0, FEATURES), np.float32), np.zeros((0, VOCABULARY)))
        self.tokens = 0
        if prompt is not None and len(prompt.tokens):
            self._recall(prompt)

    def _recall(self, prompt: Encoded) -> None:
        """Take in a prompt's last tokens: as many as reach the newest one through all layers."""
        message = np.repeat(np.arange(len(prompt.starts) - 1), np.diff(prompt.starts))
        keys = self._memory.keys
        first = max(0, len(prompt.tokens) - 1 - keys.shape[0] * keys.shape[1])
        recall(prompt.tokens[first:], prompt.features[message[first + 1:]], self._book,
               self._machine, self._network, self._memory, np.zeros((0, VOCABULARY)))

    def _speak(self, what: int, slot: int = 0) -> int:
        if len(self._draws) < LONGEST:
            self._draws = np.concatenate([self._draws, self._dice.uniform(_DRAWS)])
        used, due_ns = speak(self._book, self._machine, self._network, self._memory, what, slot,
                             self._draws, self._warmth, *self._scratch)
        self._draws = self._draws[used:]
        self.tokens += used
        return due_ns

    def next_ns(self) -> int:
        """When the next message comes; drawn when asked first."""
        if self._due is None:
            self._due = self._speak(GAP)
        return self._due

    def say(self) -> np.ndarray:
        """The message that falls due, on the book as it is now; shape (1,), overwritten later."""
        self._speak(REST)
        self._due = None
        return self._one

    def hear(self, message: np.void, slot: int) -> None:
        """Take in a message of somebody else; the gap that was drawn is void."""
        self._one[0] = message
        self._one["new_order_id"] = KEEP_ID
        self._speak(HEAR, slot)
        self._due = None


def recall(tokens, features, book, machine, network, memory, logits) -> None:
    """Take in tokens; `features[k]` is the book that token ``k + 1`` met (`speak`)."""
    speak(book, machine, network, memory, RECALL, 0, np.zeros(0), 1.0, np.zeros(0, np.bool_),
          np.zeros(1, MESSAGE), np.array(tokens, np.int32), np.array(features, np.float32), logits)


class LearnedFlow:
    """A message model as background flow: ``Market(flow=LearnedFlow(...))``.

    Parameters
    ----------
    model : MessageModel or Path, optional
        A model, or the folder of a saved one; by default the shipped one.
    tokenizer : Tokenizer, optional
        By default the one that the model was trained with.
    initial : ndarray of `MESSAGE`, optional
        LIMIT orders that rest at the start, with prices in ticks; by default those of the market's
        profile, which a seed draws.
    prompt : Encoded, optional
        Messages that led to `initial`, to begin with something remembered.
    warmth : float
        Logits are divided by it.

    Raises
    ------
    ValueError
        When warmth is not positive.
    """

    def __init__(self, model: MessageModel | Path | None = None, *,
                 tokenizer: Tokenizer | None = None, initial: np.ndarray | None = None,
                 prompt: Encoded | None = None, warmth: float = 1.0):
        if not warmth > 0:
            raise ValueError(f"warmth is {warmth}; it must be positive")
        if not isinstance(model, MessageModel):
            model, _ = load_model(model)
        self.model = model
        self.tokenizer = tokenizer or model.tokenizer
        self.initial, self.prompt, self.warmth = initial, prompt, float(warmth)

    def open(self, profile: Profile, seed: int, window: tuple[float, float]):
        """The venue with the book at the start, and who speaks (`lobsim.market.outside`)."""
        initial = self.initial
        if initial is None:
            initial = Market(profile, seed, *window, record=True).record().initial
        plain = plain_initial(initial)
        plain["time_ns"] = round(window[0] * NS)
        if len(plain) == 0:
            raise ValueError("there are no initial orders; a model needs a book to speak about")
        low, high = default_band(plain)
        venue = replace(profile, band_ticks=high - low, max_live=len(plain) + _MORE_ORDERS,
                        start_price=(low + high) // 2 * profile.tick_size, misses={},
                        parts=(*venue_parts(profile.parts), Recorded(_never(window[1]), plain)))
        return venue, _Speaker(self, len(plain), seed)


def _never(end_s: float) -> np.ndarray:
    """A message that never comes: it makes room for ids, and for the one that is said next."""
    never = np.zeros(1, MESSAGE)
    never["time_ns"], never["kind"] = round((end_s + 1) * NS), Kind.CANCEL
    never["order_id"], never["new_order_id"] = _IDS, KEEP_ID
    return never


class _Speaker:
    """A learned flow in one market."""

    def __init__(self, flow: LearnedFlow, orders: int, seed: int):
        self._flow, self._orders, self._seed = flow, orders, seed

    def join(self, market: Market) -> "_Speaker":
        """Speak in a market that was just opened."""
        book, flow = market._book, self._flow
        book.scalars[MAX_ID] = _IDS - 1
        low, high = int(book.scalars[PRICE_MIN]), int(book.scalars[PRICE_MAX])
        machine = new_state_machine(
            flow.tokenizer.round_lot, self._orders + 1, round(market.start_s * NS),
            (low + high) // 2, market.profile.max_live - OWN_ROOM, flow.tokenizer.largest_size)
        self._voice = _Voice(flow.model, self._seed, flow.warmth, book, machine, flow.prompt)
        return self

    def play(self, market: Market, until_ns: int) -> np.ndarray:
        """Run the market, saying each message at its time; returns what own orders were told."""
        voice, flow = self._voice, market._flow
        clock, count = flow.clock, flow.count
        told = []
        while True:
            due, own = max(voice.next_ns(), int(clock[C_NOW])), int(clock[C_OWN])
            at = min(due, own, until_ns)
            if own == at:
                self._hear(market, own)
            elif due == at:
                flow.recorded[0] = voice.say()[0]
                count[N_BASE] = 0
                clock[C_BASE] = due
            market._play(at)
            told.append(market._told)
            if at == until_ns and own != at and due != at:
                return np.concatenate(told)

    def _hear(self, market: Market, time_ns: int) -> None:
        """Let the model take in the own messages that arrive at a time.

        An own order that a message names is told by the levels and places of the crowd before it,
        which is where a model has learned to look.
        """
        flow, count = market._flow, market._flow.count
        for k in range(int(count[N_PENDING])):
            row = flow.pending[(count[N_PENDING_HEAD] + k) % PENDING_ROOM]
            if row["time_ns"] > time_ns:
                break
            entry = market._own(int(row["order_id"]))
            self._voice.hear(row, 0 if entry is None else int(entry["slot"]))


class LearnedMarket(Market):
    """A market of a message model on a book that is given; used as any other `Market`.

    Parameters
    ----------
    model, initial, tokenizer, prompt, warmth
        As in `LearnedFlow`; `initial` is needed.
    seed : int
    start_s, end_s : float
        The window, seconds after midnight.
    tick_size, lot_size : float
        What a tick and a lot are worth.
    parts : sequence of parts
        Of the venue (`Latency`, `Fees`); the flow is the model's.
    record, keep_trades : bool
        As in `Market`.

    Notes
    -----
    One market at a time: a `MarketBatch` cannot hold it. The same seed gives the same market
    whatever the size of the steps in which it is advanced.
    """

    def __init__(self, model: MessageModel | Path, initial: np.ndarray, seed: int = 0,
                 start_s: float = 36_000, end_s: float = 39_600, *, tick_size: float = 0.01,
                 lot_size: float = 1.0, tokenizer: Tokenizer | None = None,
                 prompt: Encoded | None = None, parts=(), warmth: float = 1.0,
                 record: bool = False, keep_trades: bool = True):
        flow = LearnedFlow(model, tokenizer=tokenizer, initial=initial, prompt=prompt,
                           warmth=warmth)
        venue = replay_profile(_never(end_s), initial, tick_size=tick_size, lot_size=lot_size,
                               name="learned", day_start_s=start_s // 60 * 60,
                               day_end_s=(end_s + 1) // 60 * 60 + 60)
        super().__init__(venue, seed, start_s, end_s, parts=parts, record=record,
                         keep_trades=keep_trades, flow=flow)
