"""Random numbers for kernels: hashed streams of 64-bit words, kept as plain integers.

A market draws from several streams (price path, order flow, reactions). Each stream is a
SplitMix64 sequence [1]_: word ``k`` is ``mix(key + (k + 1) * GOLDEN)``, so any word can be had
without the ones before it, state is one counter in an array, and a batch of markets needs no
generator objects. Keys are hashed from the seed twice, because streams keyed by a linear
counter would be shifted copies of one another for consecutive seeds.

Normal and exponential draws use only ``+ - * /`` (no libm), so that a seed gives the same
bits on every machine with IEEE arithmetic.

References
----------
.. [1] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
   OOPSLA 2014, figure 16 (constants of ``mix``).
"""

import numpy as np
from numba.cpython.unsafe.numbers import leading_zeros
from numba.extending import overload

from lobsim.engine.jit import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_STREAM = np.uint64(0xD1342543DE82EF95)
_S27 = np.uint64(27)
_S30 = np.uint64(30)
_S31 = np.uint64(31)
_S11 = np.uint64(11)
_S8 = np.uint64(8)
_S1 = np.uint64(1)
_LOW52 = np.uint64((1 << 52) - 1)
_EVEN_BYTES = np.uint64(0x00FF00FF00FF00FF)
_SUM16 = np.uint64(0x0001000100010001)
_S48 = np.uint64(48)
_TO_UNIT = 1.0 / 9007199254740992.0
_TO_UNIT52 = 1.0 / 4503599627370496.0
_LN2 = 0.6931471805599453
_INV_LN2 = 1.4426950408889634
_LN2_TIMES = np.cumsum(np.full(65, _LN2))  # added up one by one: a product would round otherwise
_MOST_SHIFT = np.int64(63)
# A sum of eight uniform bytes: mean 8 * 127.5, variance 8 * (256**2 - 1) / 12.
_BYTES_MEAN = 1020.0
_BYTES_INV_STD = 1.0 / 209.02152999054430


@njit(borrows=True, forceinline=True)
def mix(z):
    """Scramble a 64-bit word; a bijection whose output bits all depend on all input bits."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@njit(borrows=True)
def stream_key(seed, stream):
    """Key of one stream of one seed (both uint64); neighbouring seeds share nothing."""
    return mix(mix(seed + GOLDEN) + stream * _STREAM)


@njit(borrows=True, forceinline=True)
def word(key, index):
    """Word number ``index`` (uint64) of the stream ``key``."""
    return mix(key + (index + _S1) * GOLDEN)


@njit(borrows=True, forceinline=True)
def uniform(bits):
    """Uniform number in [0, 1) from 64 random bits."""
    return np.float64(bits >> _S11) * _TO_UNIT


def _zeros_ahead(bits):
    """Zeros before the first one of a 64-bit word."""
    return 64 - int(bits).bit_length()


@overload(_zeros_ahead)
def _zeros_ahead_compiled(bits):
    return lambda bits: np.int64(leading_zeros(bits))


@njit(borrows=True, forceinline=True)
def exponential_parts(bits):
    """The numbers ``(zeros + 1) log 2`` and ``fraction`` of `exponential`."""
    zeros = _zeros_ahead(bits)
    bits = bits << np.uint64(min(zeros, _MOST_SHIFT))  # a word of zeros alone stays what it is
    return _LN2_TIMES[zeros], np.float64((bits >> _S11) & _LOW52) * _TO_UNIT52


@njit(borrows=True, forceinline=True, error_model="numpy")
def log_of_one_and(fraction):
    """``log(1 + fraction)`` of `exponential`, 0 <= fraction < 1."""
    s = fraction / (2.0 + fraction)
    q = s * s
    return 2.0 * s * (1.0 + q * (1 / 3 + q * (0.2 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11))))))


@njit(borrows=True, forceinline=True)
def exponential(bits):
    """Exponential number with mean 1 from 64 random bits.

    The count of leading zeros is geometric and the bits after the first one are uniform and
    independent of it: ``-log(u) = (zeros + 1) log 2 - log(1 + fraction)``. The last logarithm is
    the series of ``2 artanh(s)`` to ``s**11`` (absolute error below 2e-7).
    """
    whole, fraction = exponential_parts(bits)
    return whole - log_of_one_and(fraction)


@njit(borrows=True, forceinline=True)
def normal(bits):
    """Standardised sum of the eight bytes of a word: mean 0, variance 1, kurtosis 2.85.

    Bell-shaped and bounded (|value| < 4.9); sums of a few of them are normal for any purpose
    here, and unlike Box-Muller it needs neither logarithm nor cosine.
    """
    pairs = (bits & _EVEN_BYTES) + ((bits >> _S8) & _EVEN_BYTES)
    total = (pairs * _SUM16) >> _S48
    return (np.float64(total) - _BYTES_MEAN) * _BYTES_INV_STD


@njit(borrows=True, inner=True)
def decay(x):
    """``exp(-x)`` for x >= 0 by range reduction and a series (relative error below 1e-14)."""
    if x > 700.0:
        return 0.0
    halvings = np.int64(x * _INV_LN2)
    r = x - halvings * _LN2
    total = 1.0
    for k in range(18, 0, -1):
        total = 1.0 - r / k * total
    for _ in range(halvings):
        total *= 0.5
    return total


@njit(borrows=True)
def fill_uniform(key, start, out):
    """Write `len(out)` uniform numbers from word `start` (uint64) of a stream into `out`."""
    index = start
    for i in range(len(out)):
        out[i] = uniform(word(key, index))
        index += _S1


@njit(borrows=True)
def fill_exponential(key, start, out):
    """Write `len(out)` exponential numbers (mean 1) from word `start` of a stream into `out`."""
    index = start
    for i in range(len(out)):
        out[i] = exponential(word(key, index))
        index += _S1


class Dice:
    """Arrays of random numbers from one stream, for code outside kernels.

    Unlike NumPy's generators, whose distributions may change between versions, a seed gives the
    same numbers for ever, so that generated files can be rebuilt bit for bit.

    Examples
    --------
    >>> bool(Dice(1, 2).uniform(3)[0] == Dice(1, 2).uniform(1)[0])
    True
    """

    def __init__(self, seed: int, stream: int):
        with np.errstate(over="ignore"):
            self._key = np.uint64(stream_key(np.uint64(seed), np.uint64(stream)))
        self._used = 0

    def _draw(self, kernel, count: int) -> np.ndarray:
        out = np.empty(count)
        with np.errstate(over="ignore"):
            kernel(self._key, np.uint64(self._used), out)
        self._used += count
        return out

    def uniform(self, count: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """`count` uniform numbers in [low, high)."""
        return low + (high - low) * self._draw(fill_uniform, count)

    def exponential(self, count: int, mean: float = 1.0) -> np.ndarray:
        """`count` exponential numbers."""
        return mean * self._draw(fill_exponential, count)

    def integers(self, count: int, low: int, high: int) -> np.ndarray:
        """`count` whole numbers from low to high - 1."""
        return low + (self._draw(fill_uniform, count) * (high - low)).astype(np.int64)

    def choice(self, count: int, values, weights) -> np.ndarray:
        """`count` picks among `values`, in proportion to `weights`."""
        edges = np.cumsum(np.asarray(weights, dtype=float))
        picked = np.searchsorted(edges, self.uniform(count, 0.0, edges[-1]), side="right")
        return np.asarray(values)[np.minimum(picked, len(edges) - 1)]
