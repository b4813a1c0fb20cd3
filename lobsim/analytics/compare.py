"""Comparing two strategies on the same seeds: paired differences and how many pairs they need."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from lobsim.analytics._checks import float_array, same_length


class PairedDifference(NamedTuple):
    """Mean of ``a - b`` over pairs with its interval; see :func:`paired_difference`."""

    mean: float
    ci_low: float
    ci_high: float
    std: float
    n: int
    p_value: float
    unpaired_std: float

    @property
    def variance_ratio(self) -> float:
        """Variance without pairing over variance with it: how many times fewer runs are needed."""
        return (self.unpaired_std / self.std) ** 2 if self.std > 0 else float("nan")

    def pairs_needed(self, difference: float, *, confidence=0.95, power=0.8) -> int:
        """Pairs that show a given difference with the ``std`` seen here."""
        return pairs_needed(self.std, difference, confidence=confidence, power=power)


def paired_difference(a, b, *, confidence: float = 0.95) -> PairedDifference:
    r"""Mean difference of paired results with Student's t interval.

    .. math:: \bar d \pm t_{n-1,\,(1+c)/2}\; s_d / \sqrt n, \qquad d_i = a_i - b_i

    Parameters
    ----------
    a, b : array_like of float, shape (n,)
        Results of two strategies on the same seeds, in the same order (for costs a negative
        difference says that ``a`` is cheaper). Pairs with a NaN are left out.
    confidence : float
        Coverage c of the interval, between 0 and 1.

    Returns
    -------
    PairedDifference
        ``mean, ci_low, ci_high, std`` (of one difference), ``n``, two-sided ``p_value`` of no
        difference, and ``unpaired_std`` = sqrt(var a + var b), which the difference would have on
        different seeds. Mean NaN without pairs; interval NaN with fewer than two; with
        zero variance the interval is the mean itself and the p value NaN.

    Notes
    -----
    Pairing helps as far as both results share the same market: the variance of the
    difference is var a + var b - 2 cov(a, b).

    References
    ----------
    Student (1908), "The probable error of a mean", Biometrika 6(1).

    Examples
    --------
    >>> result = paired_difference([3.0, 5.0, 7.0], [2.0, 3.0, 4.0])
    >>> result.mean, round(result.ci_low, 3), round(result.ci_high, 3), result.n
    (2.0, -0.484, 4.484, 3)
    """
    a, b = float_array(a, "a"), float_array(b, "b")
    same_length(a=a, b=b)
    _check_share(confidence, "confidence")
    whole = ~(np.isnan(a) | np.isnan(b))
    a, b = a[whole], b[whole]
    d, n = a - b, int(whole.sum())
    if n < 2:
        mean, nan = (float(d.mean()) if n else math.nan), math.nan
        return PairedDifference(mean, nan, nan, nan, n, nan, nan)
    mean, std = float(d.mean()), float(d.std(ddof=1))
    error = std / math.sqrt(n)
    reach = float(stdtrit(n - 1, 0.5 * (1 + confidence))) * error
    p_value = 2 * float(stdtr(n - 1, -abs(mean) / error)) if error > 0 else math.nan
    unpaired = math.sqrt(a.var(ddof=1) + b.var(ddof=1))
    return PairedDifference(mean, mean - reach, mean + reach, std, n, p_value, unpaired)


def pairs_needed(
    std: float, difference: float, *, confidence: float = 0.95, power: float = 0.8
) -> int:
    r"""Pairs needed to show a difference.

    .. math:: n = \left\lceil \left(\frac{(z_{(1+c)/2} + z_{w})\,s_d}{\delta}\right)^2 \right\rceil

    Parameters
    ----------
    std : float
        Standard deviation of one paired difference, same unit as ``difference``.
    difference : float
        True difference to be shown, not 0; the sign does not matter.
    confidence, power : float
        Level c of the two-sided interval and chance w that it excludes 0.

    Returns
    -------
    int
        At least 2. Normal approximation: add a pair or two when the answer is below 30.

    Examples
    --------
    A difference of 1 bp under noise of 10 bps per pair:

    >>> pairs_needed(10.0, 1.0)
    785
    """
    _check_share(confidence, "confidence")
    _check_share(power, "power")
    if not std >= 0:
        raise ValueError(f"std is {std}; it must not be negative")
    if not abs(difference) > 0:
        raise ValueError(f"difference is {difference}; it must be a number other than 0")
    z = float(ndtri(0.5 * (1 + confidence)) + ndtri(power))
    return max(2, math.ceil((z * std / difference) ** 2))


def _check_share(value: float, name: str) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} is {value}; it must lie between 0 and 1")
