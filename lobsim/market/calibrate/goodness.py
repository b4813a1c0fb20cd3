"""Tests of fit for point processes: residuals, independence, dispersion, moments."""

import numpy as np
from scipy import stats

from lobsim.market.calibrate.result import FitTest

LAGS = 20
"""Autocorrelations that the test of independence looks at."""

LEAST = 30
"""Fewest observations for a test."""

_NAN = float("nan")


def ljung_box(values, lags: int = LAGS) -> tuple[float, float]:
    r"""Ljung and Box's statistic of no autocorrelation, and its p-value.

    .. math:: Q = n (n + 2) \sum_{k=1}^{h} \frac{\hat\rho_k^2}{n - k} \sim \chi^2_h

    Parameters
    ----------
    values : array_like of float, shape (n,)
    lags : int
        h, smaller than n.

    References
    ----------
    G. M. Ljung, G. E. P. Box, "On a measure of lack of fit in time series models",
    Biometrika 65(2), 1978, equation (1.1) and after.
    """
    x = np.asarray(values, float)
    x = x - x.mean()
    n, total = len(x), float(x @ x)
    if n <= lags + 1 or total == 0:
        return _NAN, _NAN
    acf = np.array([x[k:] @ x[:-k] for k in range(1, lags + 1)]) / total
    q = n * (n + 2) * float((acf**2 / (n - np.arange(1, lags + 1))).sum())
    return q, float(stats.chi2.sf(q, lags))


def exponential_tests(residuals: list[np.ndarray], claim: str) -> tuple[FitTest, FitTest]:
    """Whether compensator increments are Exp(1), and whether they are independent.

    Parameters
    ----------
    residuals : list of ndarray
        Increments of the fitted compensator between events, one array for each type.
    claim : str
        Who should have produced them, for the verdict.

    Returns
    -------
    tuple of 2 `FitTest`
        The Kolmogorov-Smirnov distance, and the Ljung-Box statistic of the increments' ranks, each
        of the type that fits worst; the p-value is multiplied by the number of types (Bonferroni).

    Notes
    -----
    With the true parameters the increments are independent and Exp(1) (Papangelou's theorem). The
    parameters are estimated from the same data, which makes the first test lenient. Ranks are
    used in the second because a fourth moment of an exponential is noisy.
    """
    ks, independence = [], []
    for values in residuals:
        if len(values) < LEAST:
            continue
        found = stats.kstest(values, "expon")
        ks.append((float(found.pvalue), float(found.statistic)))
        q, p = ljung_box(stats.rankdata(values))
        independence.append((p, q))
    tests = []
    for name, found, said in (
        ("residuals, Kolmogorov-Smirnov", ks, f"{claim} (residuals are exponential)"),
        ("residuals, Ljung-Box", independence, f"{claim} (residuals are independent)"),
    ):
        p, statistic = min(found, default=(_NAN, _NAN))
        tests.append(FitTest(name, statistic, min(1.0, p * len(found)) if found else _NAN, said))
    return tuple(tests)


def window_counts(times_s, duration_s: float, window_s: float) -> np.ndarray:
    """Events in consecutive whole windows of `window_s`; the rest at the end is left out."""
    n = int(duration_s / window_s + 1e-9)
    times = np.asarray(times_s, float)
    return np.bincount((times[times < n * window_s] / window_s).astype(np.int64), minlength=n)[:n]


def dispersion_test(times_s, duration_s: float, what: str) -> FitTest:
    r"""Fisher's index of dispersion: whether counts in windows vary as Poisson counts do.

    .. math:: D = \sum_k (n_k - \bar n)^2 / \bar n \sim \chi^2_{m-1}

    Two-sided: clustered events vary more, evenly spaced ones less. Windows hold ten events on
    average.

    Parameters
    ----------
    times_s : array_like of float
        Since the start.
    duration_s : float
    what : str
        The events' name, for the verdict.

    References
    ----------
    R. A. Fisher, "The significance of deviations from expectation in a Poisson series",
    Biometrics 6(1), 1950.
    """
    times = np.asarray(times_s, float)
    claim = f"{what} arrive as a Poisson process of constant rate"
    if len(times) < 10 * LEAST:
        return FitTest(f"dispersion of {what}", _NAN, _NAN, claim)
    counts = window_counts(times, duration_s, 10 * duration_s / len(times))
    mean = counts.mean()
    d = float(((counts - mean) ** 2).sum() / mean)
    tail = min(stats.chi2.cdf(d, len(counts) - 1), stats.chi2.sf(d, len(counts) - 1))
    ratio = d / (len(counts) - 1)
    return FitTest(f"dispersion of {what}", ratio, float(min(1.0, 2 * tail)), claim)


def branching_from_counts(counts) -> tuple[float, float]:
    r"""Branching ratio from the variance of counts in wide windows: ``1 - sqrt(mean / var)``.

    For a stationary Hawkes process the Fano factor var / mean of counts in windows much wider than
    the memory of the kernel is ``1 / (1 - n)**2``.

    Parameters
    ----------
    counts : array_like of int, shape (m,)
        Events in equally long windows.

    Returns
    -------
    branching, standard_error : float
        The error assumes nearly normal, independent counts: var(s^2) = 2 s^4 / (m - 1).

    Notes
    -----
    A rate that changes over the day adds variance and is mistaken for excitement.

    References
    ----------
    S. J. Hardiman, J.-P. Bouchaud, "Branching-ratio approximation for the self-exciting Hawkes
    process", Physical Review E 90, 2014, equation (4).

    Examples
    --------
    >>> branching_from_counts([4, 4, 4, 20, 20, 20])[0].__round__(3)
    0.605
    """
    counts = np.asarray(counts, float)
    m = len(counts)
    if m < 2 or counts.mean() == 0 or counts.var() == 0:
        return _NAN, _NAN
    mean, var = counts.mean(), counts.var(ddof=1)
    ratio = np.sqrt(mean / var)
    relative = 0.5 * np.sqrt(2 / (m - 1) + var / mean**2 / m)
    return float(1 - ratio), float(ratio * relative)
