"""Models of the next token that are tables of counts: unigram and order-1 Markov.

They see the same tokens as the transformer, and know the field of the next one as it does, so their
perplexities compare with its own. Neither sees the book.
"""

from collections.abc import Sequence

import numpy as np

from lobsim.orderflow_ai.message_model_data import Stream
from lobsim.orderflow_ai.tokens_layout import FIELDS, VOCABULARY

__all__ = ["TableModel"]


class TableModel:
    r"""Token probabilities from counts, by field, or by field and the token before.

    .. math:: p_0(w) = \frac{n(w) + a}{\sum_{v \in f(w)} (n(v) + a)}, \qquad
        p_1(w \mid u) = \frac{n(u, w) + c\,p_0(w)}{\sum_{v \in f(w)} n(u, v) + c}

    Parameters
    ----------
    order : int
        0 unigram, 1 Markov.
    added : float
        a > 0, so that no token is impossible.
    backing : float
        c > 0, counts' worth of the unigram behind each row of the Markov model (Dirichlet prior).

    Examples
    --------
    >>> TableModel(order=2)
    Traceback (most recent call last):
    ...
    ValueError: order is 2; it must be 0 (unigram) or 1 (Markov)
    """

    def __init__(self, order: int, added: float = 0.1, backing: float = 5.0):
        if order not in (0, 1):
            raise ValueError(f"order is {order}; it must be 0 (unigram) or 1 (Markov)")
        if added <= 0 or backing <= 0:
            raise ValueError(f"added is {added} and backing {backing}; both must be positive")
        self.order, self.added, self.backing = order, added, backing
        self.logits = np.zeros((1, VOCABULARY))

    def fit(self, streams: Sequence[Stream]) -> "TableModel":
        """Count; afterwards `logits` holds log probabilities, one row, or one per token before."""
        single = np.full(VOCABULARY, self.added)
        for stream in streams:
            single += np.bincount(stream.targets, minlength=VOCABULARY)
        self.logits = _log_shares(single[None, :])
        if self.order:
            pairs = np.tile(self.backing * np.exp(self.logits), (VOCABULARY, 1))
            for stream in streams:
                np.add.at(pairs, (stream.tokens, stream.targets), 1.0)
            self.logits = _log_shares(pairs)
        return self

    def loss(self, stream: Stream) -> np.ndarray:
        """Minus log probability (nats) of each target of a stream, shape (n,)."""
        rows = stream.tokens if self.order else np.zeros(len(stream.tokens), np.int64)
        return -self.logits[rows, stream.targets]


def _log_shares(counts: np.ndarray) -> np.ndarray:
    """Logarithms of the shares within each field."""
    shares = np.empty_like(counts)
    for first, end in zip(FIELDS[:-1], FIELDS[1:], strict=True):
        part = counts[:, first:end]
        shares[:, first:end] = np.log(part) - np.log(part.sum(axis=1, keepdims=True))
    return shares
