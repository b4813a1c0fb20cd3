"""Seeds of episodes: hashed, so that neighbouring seeds and episodes share nothing.

An environment that was reset with a seed plays episodes 0, 1, 2, ... of that seed; which one it
plays depends on nothing else, so the scalar and the vector form meet the same markets.
"""

import numpy as np

from lobsim.market import rng
from lobsim.market.arguments import checked_seed

__all__ = ["episode_seeds", "episode_rng"]

_EPISODES = np.uint64(0x65706973)  # a stream of its own beside those of the markets
_DRAWS = np.uint64(0x64726177)
_ONE_BIT = np.uint64(1)


def episode_seeds(seed: int, first: int, count: int) -> np.ndarray:
    """Market seeds of the episodes `first`, `first` + 1, ... that an environment plays.

    Word k of a SplitMix64 stream whose key is hashed from `seed` (`lobsim.market.rng`): a linear
    counter in place of the hash would give shifted copies of one price path for neighbouring
    seeds.

    Parameters
    ----------
    seed : int
        As given to ``reset``: 0 to 2**63 - 1.
    first : int
        Number of the first episode, from 0.
    count : int
        How many.

    Returns
    -------
    ndarray of uint64, shape (count,)
        Below 2**63, so that `lobsim.Market` takes them, too.

    Examples
    --------
    >>> episode_seeds(7, 0, 3)[2] == episode_seeds(7, 2, 1)[0]
    np.True_
    >>> len(set(episode_seeds(0, 0, 100)) | set(episode_seeds(1, 0, 100)))
    200
    """
    seed = checked_seed(seed)
    if first < 0 or count < 0:
        raise ValueError(f"first is {first} and count {count}; neither may be negative")
    with np.errstate(over="ignore"):  # hashing wraps around on purpose
        key = np.uint64(rng.stream_key(np.uint64(seed), _EPISODES))
        index = np.arange(first, first + count, dtype=np.uint64)
        words = (index + _ONE_BIT) * rng.GOLDEN + key
        for shift, factor in ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
                              (np.uint64(27), np.uint64(0x94D049BB133111EB))):
            words = (words ^ (words >> shift)) * factor
        return (words ^ (words >> np.uint64(31))) >> _ONE_BIT


def episode_rng(market_seed: int) -> np.random.Generator:
    """Generator for what is drawn once an episode outside the market (start, side, parameters)."""
    with np.errstate(over="ignore"):
        return np.random.default_rng(int(rng.stream_key(np.uint64(market_seed), _DRAWS)))
