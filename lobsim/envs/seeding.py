"""Seeds of episodes: hashed, so that neighbouring seeds and episodes share nothing.

An environment that was reset with a seed plays episodes 0, 1, 2, ... of that seed; which one it
plays depends on nothing else, so the scalar and the vector form meet the same markets.
"""

from functools import lru_cache

import numpy as np

from lobsim.market import rng
from lobsim.market.arguments import checked_seed

__all__ = ["episode_key", "episode_rng", "episode_seeds", "episode_uniforms", "seeds_of"]

_EPISODES = np.uint64(0x65706973)  # a stream of its own beside those of the markets
_DRAWS = np.uint64(0x64726177)
_LUCK = np.uint64(0x6C75636B)
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
    key = episode_key(seed)
    if first < 0 or count < 0:
        raise ValueError(f"first is {first} and count {count}; neither may be negative")
    return seeds_of(key, np.arange(first, first + count, dtype=np.uint64))


@lru_cache(maxsize=2**15, typed=True)  # each episode of a seed asks for it again
def episode_key(seed: int) -> np.uint64:
    """Key of the stream of market seeds that belongs to `seed`, 0 to 2**63 - 1."""
    with np.errstate(over="ignore"):  # hashing wraps around on purpose
        return np.uint64(rng.stream_key(np.uint64(checked_seed(seed)), _EPISODES))


def seeds_of(keys: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """`episode_seeds` of many streams at once: the seed of one episode in each.

    Parameters
    ----------
    keys : ndarray of uint64, shape (N,), or one for all
        As `episode_key` gives them.
    numbers : ndarray of uint64, shape (N,)
        Which episode of each, from 0.

    Returns
    -------
    ndarray of uint64, shape (N,)
    """
    return _words(keys, numbers) >> _ONE_BIT


def episode_uniforms(market_seeds: np.ndarray, count: int) -> np.ndarray:
    """Uniform numbers for episodes outside the market, all at once.

    For worlds so small that a generator for each episode (`episode_rng`) would cost more than the
    episode. A function of the seed alone, whichever others stand beside it.

    Parameters
    ----------
    market_seeds : ndarray of uint64, shape (N,)
    count : int
        How many for each episode.

    Returns
    -------
    ndarray of float64, shape (N, count)
        In [0, 1).

    Examples
    --------
    >>> seeds = episode_seeds(7, 0, 3)
    >>> bool((episode_uniforms(seeds, 5)[2, :4] == episode_uniforms(seeds[2:], 4)[0]).all())
    True
    """
    keys = _mixed(_mixed(np.asarray(market_seeds, np.uint64) + rng.GOLDEN) + _LUCK)
    words = _words(keys[:, None], np.arange(count, dtype=np.uint64))
    return (words >> np.uint64(11)) * 2.0**-53


def _words(keys, numbers: np.ndarray) -> np.ndarray:
    """`lobsim.market.rng.word` of arrays (which, unlike single numbers, wrap without a warning)."""
    return _mixed((numbers + _ONE_BIT) * rng.GOLDEN + keys)


def _mixed(words: np.ndarray) -> np.ndarray:
    """`lobsim.market.rng.mix` of an array."""
    for shift, factor in ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
                          (np.uint64(27), np.uint64(0x94D049BB133111EB))):
        words = (words ^ (words >> shift)) * factor
    return words ^ (words >> np.uint64(31))


def episode_rng(market_seed: int) -> np.random.Generator:
    """Generator for what is drawn once an episode outside the market (start, side, parameters)."""
    with np.errstate(over="ignore"):
        return np.random.default_rng(int(rng.stream_key(np.uint64(market_seed), _DRAWS)))
