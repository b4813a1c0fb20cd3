"""A message model as plain arrays, and its step from one token to the next in compiled code.

`Network` holds the weights of a `lobsim.orderflow_ai.message_model.MessageModel`; `Memory` the keys
and values of the last `window` tokens in a ring, so that a token costs the same however long the
stream. Arithmetic is single precision, as in PyTorch.
"""

from typing import NamedTuple

import numpy as np

from lobsim.engine.jit import njit
from lobsim.orderflow_ai.tokens_book import FEATURES
from lobsim.orderflow_ai.tokens_layout import VOCABULARY, copy_into

__all__ = ["Memory", "Network", "field_logits", "network_of", "new_memory", "push"]

TINY = np.float32(1e-5)  # of the norms, as in `lobsim.orderflow_ai.message_model`
ZERO = np.float32(0.0)
N_SEEN, N_WAITING = 0, 1
"""Entries of `Memory.count`: tokens pushed; the newest token, not pushed yet (-1 for none)."""


class Network(NamedTuple):
    """Weights, each matrix with one row per input; L layers, d numbers a token."""

    tokens: np.ndarray  # (V, d)
    book: np.ndarray  # (12, d)
    norm_1: np.ndarray  # (L, d)
    look: np.ndarray  # (L, d, 3 d): queries, keys, values
    mix: np.ndarray  # (L, d, d)
    norm_2: np.ndarray  # (L, d)
    widen: np.ndarray  # (L, d, 4 d)
    widen_bias: np.ndarray  # (L, 4 d)
    narrow: np.ndarray  # (L, 4 d, d)
    narrow_bias: np.ndarray  # (L, d)
    norm: np.ndarray  # (d,)
    head: np.ndarray  # (V, d): a row per token, for only those of one field are asked
    head_bias: np.ndarray  # (V,)
    slopes: np.ndarray  # (heads,)


class Memory(NamedTuple):
    """What a network remembers of a stream, and room for its sums."""

    keys: np.ndarray  # (L, window, d), a ring
    values: np.ndarray
    count: np.ndarray  # (2,) int64
    hidden: np.ndarray  # (d,), after the last token pushed
    features: np.ndarray  # (12,) float32
    x: np.ndarray  # (d,)
    normed: np.ndarray  # (d,)
    parts: np.ndarray  # (3 d,)
    wide: np.ndarray  # (4 d,)
    scores: np.ndarray  # (window,)
    logits: np.ndarray  # (V,) float64
    share: np.ndarray  # (1,) float64: where in its bucket the next time lies


def network_of(model) -> Network:
    """The weights of a `MessageModel`."""
    state = {name: value.detach().numpy() for name, value in model.state_dict().items()}

    def layers(name: str) -> np.ndarray:
        found = [state[f"blocks.{k}.{name}"] for k in range(model.shape.layers)]
        return _plain(np.stack([w.T if w.ndim == 2 else w for w in found]))

    from lobsim.orderflow_ai.message_model import slopes

    return Network(
        _plain(state["tokens.weight"]), _plain(state["book.weight"].T), layers("norm_1.weight"),
        layers("look.weight"), layers("mix.weight"), layers("norm_2.weight"),
        layers("widen.weight"), layers("widen.bias"), layers("narrow.weight"),
        layers("narrow.bias"), _plain(state["norm.weight"]), _plain(state["head.weight"]),
        _plain(state["head.bias"]), _plain(slopes(model.shape.heads)))


def _plain(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float32)


def new_memory(network: Network, window: int) -> Memory:
    """Memory of nothing; the first token, TIME 0, waits to be pushed."""
    layers, width = network.norm_1.shape
    wide = network.widen_bias.shape[1]
    return Memory(
        np.zeros((layers, window, width), np.float32),
        np.zeros((layers, window, width), np.float32), np.zeros(2, np.int64),
        *(np.zeros(n, np.float32) for n in (width, FEATURES, width, width, 3 * width, wide,
                                            window)),
        np.zeros(VOCABULARY), np.zeros(1))


@njit(borrows=True, inner=True)
def _norm(x, gain, out):
    """Divide by the root mean square."""
    total = ZERO
    for i in range(len(x)):
        total += x[i] * x[i]
    scale = np.float32(1.0) / np.sqrt(total / np.float32(len(x)) + TINY)
    for i in range(len(x)):
        out[i] = x[i] * scale * gain[i]


@njit(borrows=True, inner=True)
def _add_product(x, weights, out):
    """Add x @ weights to `out`, row by row so that the compiler can use vector instructions."""
    for j in range(len(x)):
        value = x[j]
        if value != ZERO:  # after the rectifier about half are
            row = weights[j]
            for i in range(len(out)):
                out[i] += value * row[i]


@njit(borrows=True, inner=True)
def _attend(network, memory, layer, seen):
    """Attention of the newest token over the ring; the result is in `memory.normed`."""
    heads = len(network.slopes)
    width = len(memory.x)
    size = width // heads
    keys, values = memory.keys[layer], memory.values[layer]
    window = keys.shape[0]
    reach = min(seen + 1, window)
    scale = np.float32(1.0) / np.sqrt(np.float32(size))
    for head in range(heads):
        first = head * size
        top = np.float32(-1e30)
        for distance in range(reach):
            key = keys[(seen - distance) % window]
            score = ZERO
            for i in range(first, first + size):
                score += memory.parts[i] * key[i]
            score = score * scale - network.slopes[head] * np.float32(distance)
            memory.scores[distance] = score
            top = max(top, score)
        total = ZERO
        for i in range(first, first + size):
            memory.normed[i] = ZERO
        for distance in range(reach):
            weight = np.exp(memory.scores[distance] - top)
            total += weight
            value = values[(seen - distance) % window]
            for i in range(first, first + size):
                memory.normed[i] += weight * value[i]
        for i in range(first, first + size):
            memory.normed[i] /= total


@njit(borrows=True, inner=True)
def push(network, memory, token):
    """Take in a token, with `memory.features` as the book that the next one meets."""
    width = len(memory.x)
    seen = memory.count[N_SEEN]
    slot = seen % memory.keys.shape[1]
    x, normed, parts, wide = memory.x, memory.normed, memory.parts, memory.wide
    copy_into(network.tokens[token], x)
    _add_product(memory.features, network.book, x)
    for layer in range(network.norm_1.shape[0]):
        _norm(x, network.norm_1[layer], normed)
        for i in range(len(parts)):
            parts[i] = ZERO
        _add_product(normed, network.look[layer], parts)
        for i in range(width):
            memory.keys[layer, slot, i] = parts[width + i]
            memory.values[layer, slot, i] = parts[2 * width + i]
        _attend(network, memory, layer, seen)
        _add_product(normed, network.mix[layer], x)
        _norm(x, network.norm_2[layer], normed)
        copy_into(network.widen_bias[layer], wide)
        _add_product(normed, network.widen[layer], wide)
        for i in range(len(wide)):
            wide[i] = max(wide[i], ZERO)
        _add_product(wide, network.narrow[layer], x)
        bias = network.narrow_bias[layer]
        for i in range(width):
            x[i] += bias[i]
    _norm(x, network.norm, memory.hidden)
    memory.count[N_SEEN] = seen + 1


@njit(borrows=True, inner=True)
def field_logits(network, memory, first, end):
    """Write the logits of the tokens of a field into `memory.logits`."""
    for token in range(first, end):
        row = network.head[token]
        total = network.head_bias[token]
        for i in range(len(row)):
            total += row[i] * memory.hidden[i]
        memory.logits[token] = total
