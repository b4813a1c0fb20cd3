"""Seeds of episodes: one hashed seed for every episode of every environment."""

import numpy as np

from lobsim.market.rng import stream_key, word

__all__ = ["episode_seeds"]

_EPISODES = np.uint64(0x45504953)  # a stream that no market draws from


def episode_seeds(seed: int, first: int, count: int) -> np.ndarray:
    """Seeds of the episodes `first`, `first` + 1, ... of an environment that was given `seed`.

    They are hashed, because seeds in a row may give shifted copies of one path.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.
    first : int
        Number of the first episode, counted from 0 at the last seeded reset.
    count : int

    Returns
    -------
    ndarray of uint64, shape (count,)
        All below 2**63, so that a market takes them, too.

    Examples
    --------
    >>> bool(episode_seeds(1, 0, 5)[4] == episode_seeds(1, 4, 1)[0])
    True
    """
    with np.errstate(over="ignore"):  # hashing wraps around on purpose (uncompiled runs warn)
        key = np.uint64(stream_key(np.uint64(seed), _EPISODES))
        words = [word(key, np.uint64(first + k)) for k in range(count)]
    return np.array(words, dtype=np.uint64) >> np.uint64(1)
