"""Encoded days as the input of a message model, split into days to learn from and days to judge."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lobsim.orderflow_ai.tokens import Encoded
from lobsim.orderflow_ai.tokens_layout import field_of

__all__ = ["Stream", "pieces", "split_days", "stream_of"]


class Stream(NamedTuple):
    """One day as pairs of a token and the one that follows it.

    Attributes
    ----------
    tokens, targets : ndarray of int64, shape (n,)
        Each token but the last, and the token after it.
    message : ndarray of int64, shape (n,)
        To which message each target belongs.
    features : ndarray of float32, shape (messages, 12)
    fields : ndarray of int64, shape (n,)
        Field of each target.
    """

    tokens: np.ndarray
    targets: np.ndarray
    message: np.ndarray
    features: np.ndarray
    fields: np.ndarray


def stream_of(encoded: Encoded) -> Stream:
    """An encoded day as a `Stream`.

    Raises
    ------
    ValueError
        When the day has no message.
    """
    tokens = encoded.tokens.astype(np.int64)
    if len(tokens) < 2:
        raise ValueError("the day holds no message; there is nothing to foretell")
    message = np.repeat(np.arange(len(encoded.starts) - 1), np.diff(encoded.starts))
    return Stream(tokens[:-1], tokens[1:], message[1:], encoded.features,
                  field_of(tokens[1:]).astype(np.int64))


def split_days(days: Sequence, held_out: int, validation: int = 1) -> tuple[list, list, list]:
    """Days in order of time: those to learn from, to stop by, and to judge by, the last ones.

    Parameters
    ----------
    days : sequence
    held_out, validation : int
        How many of the last days are judged by, and how many before those stop the training.

    Raises
    ------
    ValueError
        When no day is left to learn from.
    """
    learn = len(days) - held_out - validation
    if learn < 1 or held_out < 1 or validation < 0:
        raise ValueError(f"{len(days)} days with {held_out} held out and {validation} for "
                         f"validation leave {learn} to learn from; each must be at least 1 "
                         f"(validation may be 0)")
    days = list(days)
    return days[:learn], days[learn:learn + validation], days[learn + validation:]


def pieces(streams: Sequence[Stream], starts: np.ndarray, length: int) -> tuple[np.ndarray, ...]:
    """Pieces of streams as a batch: tokens, features, targets, fields.

    Parameters
    ----------
    streams : sequence of Stream
    starts : ndarray of int, shape (N, 2)
        Which stream, and where in it, each piece begins.
    length : int
        Tokens of a piece, which must not reach beyond its stream.

    Returns
    -------
    tuple of ndarray
        Shapes (N, length), (N, length, 12), (N, length), (N, length).
    """
    batch: list[tuple] = []
    for which, start in starts.tolist():
        stream, cut = streams[which], slice(start, start + length)
        batch.append((stream.tokens[cut], stream.features[stream.message[cut]],
                      stream.targets[cut], stream.fields[cut]))
    return tuple(np.stack(column) for column in zip(*batch, strict=True))
