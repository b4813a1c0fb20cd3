r"""Blocks of rows that may be exchanged or drawn anew: null distributions for dependent data.

Rows of a series remember their neighbours, so a test that shuffles rows cries wolf. Here the unit
is the episode, where data are episodes, or a block of consecutive rows. Two nulls:

*permutation*: units of both sides are dealt to the sides anew. Exact when units are exchangeable
(independent episodes); for blocks of one series nearly so, see below. Says "same distribution and
same dependence". Sides of equal length forgive other dependence; where a long reference forgets
fast and a short live side slowly, this null is too narrow, and it is the other one that holds
(`measure_drift.py dependence` counts both).

*bootstrap*: each side is drawn from itself, in blocks (stationary or circular bootstrap) or in
episodes, and moved to the common centre. Says "same distribution", and lets the sides differ in
dependence; needs longer series.

A mean over blocks of b rows that are taken as independent has too small a variance: with
autocovariances R,

.. math:: 1 - \frac{b \,Var(\bar x_b)}{\sum_k R(k)} \approx \frac{\mu}{b}, \qquad
          \mu = \frac{\sum_k |k| R(k)}{\sum_k R(k)}

is the share of the long-run variance that ends of blocks hide. Politis and White balance it with
the noise of few blocks, which is right for a bootstrap. A permutation of few blocks is as exact
as one of many, so it can afford longer blocks: b = mu / hidden.

References
----------
D. Politis and J. Romano (1994), "The stationary bootstrap", JASA 89. D. Politis and H. White
(2004), "Automatic block-length selection for the dependent bootstrap", Econometric Reviews 23(1),
with the correction of A. Patton, D. Politis and H. White (2009), Econometric Reviews 28(4).
B. Phipson and G. Smyth (2010), "Permutation p-values should never be zero", Statistical
Applications in Genetics and Molecular Biology 9(1).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lobsim.analytics._checks import float_array, one_of
from lobsim.sim_to_real.drift_statistics import Measures, side_measures

__all__ = ["BlockLength", "Pool", "block_length", "blocks_of", "exchange_length", "p_value"]

HIDDEN = 0.05
"""Share of the long-run variance that blocks of a permutation may hide."""
_CELLS = 4_000_000  # weights made at once, 32 MB


class BlockLength(NamedTuple):
    """Memory of a series in rows; see :func:`block_length`."""

    stationary: float
    circular: float
    memory: float


def block_length(series) -> BlockLength:
    r"""Optimal mean length of blocks for the bootstrap of a mean.

    .. math:: b = \left(\frac{2 G^2}{D}\right)^{1/3} n^{1/3}, \quad
              G = \sum_k \lambda(k/M) |k| \hat R(k), \quad
              g = \sum_k \lambda(k/M) \hat R(k)

    with :math:`D = 2 g^2` for the stationary and :math:`4 g^2 / 3` for the circular bootstrap, the
    flat-top window :math:`\lambda` and M twice the lag from which on correlations are noise.

    Parameters
    ----------
    series : array_like of float, shape (n,)
        At least 8 rows, in order of time.

    Returns
    -------
    BlockLength
        ``stationary`` and ``circular`` in rows, from 1 to min(3 sqrt n, n / 3). ``memory`` is
        :math:`\mu = G / g` in rows (see the module), by a window of up to n / 2 lags, or that of an
        AR(1) with the same lag-one correlation, :math:`2 \rho / (1 - \rho^2)`, if this is longer:
        windows of short series cut long memories. A constant has 1, 1 and 0.

    References
    ----------
    Politis and White (2004), section 3, with their rule for M; Patton, Politis and White (2009)
    for the D of the stationary bootstrap, which Lahiri (1999) and the former had too large.

    Examples
    --------
    >>> block_length([1.0, -1.0] * 50).memory  # alternating rows hide nothing
    0.0
    """
    x = float_array(series, "series")
    n = len(x)
    if n < 8:
        raise ValueError(f"the series has {n} rows; at least 8 are needed")
    covariance = _autocovariances(x - x.mean(), n // 2)
    if not covariance[0] > 1e-18 * max(1.0, float(np.abs(x).max())**2):
        return BlockLength(1.0, 1.0, 0.0)
    most = min(math.ceil(math.sqrt(n)) + _quiet_lags(n), n // 2)
    g, numerator = _long_run(covariance, n, most)
    if not g > 0:  # strongly alternating rows: what ends of blocks hide is negative
        return BlockLength(1.0, 1.0, 0.0)
    longest = min(3 * math.sqrt(n), n / 3)
    lengths = [float(np.clip((2 * numerator**2 / (d * g * g))**(1 / 3) * n**(1 / 3), 1, longest))
               for d in (2, 4 / 3)]
    g, numerator = _long_run(covariance, n, n // 2)
    one = covariance[1] / covariance[0]
    memory = [0.0, 2 * one / (1 - one**2), numerator / g if g > 0 else 0.0]
    return BlockLength(*lengths, float(max(memory)))


def exchange_length(tables, *, hidden: float = HIDDEN) -> int:
    """Rows of a block for a permutation that hides at most a share `hidden` of the variance.

    Parameters
    ----------
    tables : sequence of ndarray, shapes (rows, columns)
        The series of both sides. The most persistent column counts, and the distance of each from
        its median too: volatility remembers where returns do not.
    hidden : float
        Between 0 and 1.

    Returns
    -------
    int
        Of each column the mean of the sides, of columns the largest; at least 1.

    Examples
    --------
    >>> exchange_length([np.tile([[1.0], [-1.0]], (40, 1))] * 2)
    1
    """
    if not 0 < hidden < 1:
        raise ValueError(f"hidden is {hidden}; it must lie between 0 and 1")
    memory = []
    for table in tables:
        both = np.hstack([table, np.abs(table - np.median(table, axis=0))])
        memory.append([block_length(column).memory for column in both.T])
    return max(1, math.ceil(float(np.mean(memory, axis=0).max()) / hidden))


def blocks_of(rows: int, length: float) -> np.ndarray:
    """Number of the block of each row: as many of about `length` rows as fit, all about equal.

    Examples
    --------
    >>> blocks_of(7, 3).tolist()
    [0, 0, 0, 0, 1, 1, 1]
    """
    count = max(1, int(rows // max(length, 1)))
    return np.arange(rows) * count // rows


@dataclass(frozen=True, eq=False)
class Pool:
    """Rows of both sides with the unit of each, reference first.

    Attributes
    ----------
    n_reference, n_live : int
        Rows.
    unit : ndarray of int, shape (n_reference + n_live,)
        Block or episode of each row, numbered from 0; no unit has rows of both sides, and numbers
        of the reference are below those of the live side.
    series : bool
        Whether rows follow each other in time, so that a bootstrap may cut its own blocks.
    """

    n_reference: int
    n_live: int
    unit: np.ndarray
    series: bool = True

    @property
    def units(self) -> tuple[int, int]:
        """Units of the reference and of the live side."""
        own = int(self.unit[:self.n_reference].max()) + 1
        return own, int(self.unit.max()) + 1 - own

    @property
    def least_p(self) -> float:
        """The smallest p value that any data of so few units can have under permutation."""
        ours, theirs = self.units
        # with equal numbers the two sides may change places and nothing is farther apart
        return (2 if ours == theirs else 1) / math.comb(ours + theirs, ours)

    def observed(self) -> Measures:
        """The sides as they are."""
        return side_measures(self.n_reference, self.n_live)

    def permuted(self, draws: int, rng: np.random.Generator) -> Iterator[Measures]:
        """Measures with units dealt to the sides anew, in chunks of draws."""
        ours, theirs = self.units
        for some in self._chunks(draws):
            rank = rng.random((some, ours + theirs)).argsort(axis=1)
            live = (rank >= ours)[:, self.unit].astype(np.float64)
            own = 1.0 - live
            yield Measures(own / own.sum(axis=1, keepdims=True),
                           live / live.sum(axis=1, keepdims=True))

    def bootstrapped(self, draws: int, rng: np.random.Generator, lengths: tuple[float, float],
                     kind: str = "stationary") -> Iterator[Measures]:
        """Measures drawn from each side itself and moved to the common centre, in chunks.

        Parameters
        ----------
        draws : int
        rng : Generator
        lengths : pair of float
            (Mean) rows of a block on either side; unused where units are episodes.
        kind : {"stationary", "circular"}

        Notes
        -----
        A side's measure is (drawn - own + that of all rows): signed, but of sum 1, and centred on
        the same measure for both sides, as under the null.
        """
        one_of(kind, ("stationary", "circular"), "kind")
        own, n = self.observed(), self.n_reference
        common = 1 / (n + self.n_live)
        for some in self._chunks(draws):
            drawn = np.zeros((2, some, n + self.n_live))
            for side, rows in enumerate((slice(0, n), slice(n, None))):
                if self.series:
                    drawn[side, :, rows] = _drawn_rows(rng, some, len(own[side][0, rows]),
                                                       lengths[side], kind)
                else:
                    drawn[side, :, rows] = _drawn_units(rng, some, self.unit[rows])
            yield Measures(drawn[0] - own.reference + common, drawn[1] - own.live + common)

    def _chunks(self, draws: int) -> Iterator[int]:
        size = max(1, _CELLS // len(self.unit))
        for done in range(0, draws, size):
            yield min(size, draws - done)


def p_value(observed: float, null: np.ndarray) -> float:
    r"""Share of draws, and of the data themselves, that lie as far apart as the data do.

    .. math:: p = \frac{1 + \#\{T^* \ge T\}}{1 + B}

    References
    ----------
    Phipson and Smyth (2010), section 4 (there b + 1 over m + 1).

    Examples
    --------
    >>> p_value(3.0, np.array([1.0, 2.0, 3.0]))
    0.5
    """
    tie = 1e-9 * abs(observed) + 1e-12  # the same sum in another order
    return float((1 + (null >= observed - tie).sum()) / (1 + len(null)))


def _quiet_lags(n: int) -> int:
    """Lags that must be noise in a row before a correlation counts as gone."""
    return max(5, math.ceil(math.sqrt(math.log10(n))))


def _long_run(covariance: np.ndarray, n: int, most: int) -> tuple[float, float]:
    """Sums g of R(k) and G of |k| R(k) under the flat-top window."""
    lags = np.arange(1, _window(covariance[:most + 1] / covariance[0], n) + 1)
    weight = 2 * np.clip(2 * (1 - lags / lags[-1]), 0, 1) * covariance[lags]
    return float(covariance[0] + weight.sum()), float((lags * weight).sum())


def _autocovariances(x: np.ndarray, lags: int) -> np.ndarray:
    """R(0) to R(lags) by the fast Fourier transform; divided by n, to be positive definite."""
    size = 1 << (2 * len(x) - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(x, size))**2
    return np.fft.irfft(spectrum, size)[:lags + 1] / len(x)


def _window(correlation: np.ndarray, n: int) -> int:
    """M: twice the last lag before several in a row that are noise, or all lags there are."""
    quiet, most = _quiet_lags(n), len(correlation) - 1
    loud = np.abs(correlation[1:]) >= 2 * math.sqrt(math.log10(n) / n)
    run = 0
    for lag, one in enumerate(loud, 1):
        run = 0 if one else run + 1
        if run == quiet:
            return min(2 * max(lag - quiet, 1), most)
    return min(2 * (int(np.flatnonzero(loud).max(initial=0)) + 1), most)


def _drawn_rows(rng, draws: int, n: int, length: float, kind: str) -> np.ndarray:
    """Weights of n rows drawn in blocks from a circle of rows, shape (draws, n)."""
    at = np.arange(n)
    if kind == "stationary":
        new = rng.random((draws, n)) < 1 / max(length, 1.0)
        new[:, 0] = True
    else:
        new = np.broadcast_to(at % max(1, math.ceil(length)) == 0, (draws, n))
    first = np.maximum.accumulate(np.where(new, at, 0), axis=1)
    start = np.take_along_axis(rng.integers(0, n, (draws, n)), first, axis=1)
    row = (start + at - first) % n + n * np.arange(draws)[:, None]
    return np.bincount(row.ravel(), minlength=draws * n).reshape(draws, n) / n


def _drawn_units(rng, draws: int, unit: np.ndarray) -> np.ndarray:
    """Weights of rows when their episodes are drawn with replacement."""
    own = unit - unit.min()
    count = int(own.max()) + 1
    times = rng.multinomial(count, np.full(count, 1 / count), size=draws)[:, own].astype(float)
    return times / times.sum(axis=1, keepdims=True)
