"""Queues as birth-death processes: how long until they are empty, by Laplace transform.

A queue of n orders grows at `birth` (limit orders) and shrinks at ``death + n * cancel`` (market
orders, and a cancellation rate for each resting order). Its first-passage time to zero has a
transform that is a product of continued fractions; probabilities come back by numerical inversion.
Rates are per unit of time, whichever it is; times are in the same unit.
"""

import numpy as np
from scipy.special import comb

TAIL = 64
"""Least number of queue lengths beyond the longest of interest that a continued fraction covers."""

_LOG_STEP = 0.2  # trapezoid step of `probability_earlier`; error about exp(-pi**2 / step)
_LOG_RANGE = (-400.0, 42.0)  # of log frequency; a queue of mean n may take exp(n) to empty
_LONGEST_MEAN = 300.0  # birth / cancel up to which that range is wide enough
_EULER_TERMS, _EULER_MEAN, _EULER_A = 38, 11, 18.4  # Abate and Whitt's choice: error about 1e-8


def first_passage_transform(s, n_max: int, birth: float, death: float, cancel: float):
    r"""Laplace transform of the time until a queue of n orders is empty, n = 0..n_max.

    .. math:: \hat f_n(s) = \prod_{i=1}^n g_i(s), \qquad
        g_i(s) = \frac{\mu + i\theta}{\lambda + \mu + i\theta + s - \lambda g_{i+1}(s)}

    Parameters
    ----------
    s : array_like of complex, shape (m,)
        Arguments, real part at least 0.
    n_max : int
        Longest queue.
    birth, death, cancel : float
        Rates lambda >= 0, mu >= 0 and theta >= 0 per unit of time; mu + theta > 0, and without
        cancellations lambda < mu, or the queue need not empty at all.

    Returns
    -------
    ndarray of complex, shape (n_max + 1, m)

    Notes
    -----
    The fraction is evaluated from behind. Its tail starts from the fixed point that it would have
    if the death rate no longer grew, so that few terms are needed; without cancellations
    (theta = 0, the M/M/1 queue) that start is exact.

    References
    ----------
    .. [1] R. Cont, S. Stoikov, R. Talreja, "A stochastic model for order book dynamics",
       Operations Research 58(3), 2010, equations (12) and (13).

    Examples
    --------
    >>> bool(abs(first_passage_transform([0.0], 3, 1.85, 0.94, 0.71)[3, 0] - 1) < 1e-12)
    True
    """
    check_rates(birth, death, cancel)
    s = np.atleast_1d(np.asarray(s, complex))
    tail = TAIL + (int(8 * birth / cancel) if cancel > 0 else 0)
    depth = n_max + min(tail, 4096)
    # 1 - g is followed, not g: sums of positive terms keep their digits where g is nearly 1.
    drift = death + depth * cancel + s - birth
    rest = 2 * s / (drift + np.sqrt(drift * drift + 4 * birth * s))
    factors = np.empty((n_max, len(s)), complex)
    for i in range(depth - 1, 0, -1):
        flow = s + birth * rest
        rest = flow / (death + i * cancel + flow)
        if i <= n_max:
            factors[i - 1] = 1 - rest
    return np.vstack([np.ones((1, len(s))), np.cumprod(factors, axis=0)])


def pure_death_transform(s, n_max: int, death: float, cancel: float):
    """Transform of the time until the n-th order of a queue is filled, n = 0..n_max.

    The order itself is not cancelled and those that come later stand behind it, so the n-th order
    and those before it leave at the rates ``death + (i - 1) * cancel``, i = n, ..., 1 (Cont,
    Stoikov, Talreja 2010, Proposition 5).

    Parameters
    ----------
    s : array_like of complex, shape (m,)
    n_max : int
    death, cancel : float
        Rates per unit of time; death > 0, or the order is never filled.

    Returns
    -------
    ndarray of complex, shape (n_max + 1, m)
    """
    if not death > 0:
        raise ValueError(f"the rate of market orders is {death}; it must be positive, or no order "
                         f"is ever filled")
    s = np.atleast_1d(np.asarray(s, complex))
    rates = death + np.arange(n_max)[:, None] * cancel
    return np.vstack([np.ones((1, len(s))), np.cumprod(rates / (rates + s), axis=0)])


def stopped_transform(transform, s, rate: float):
    """Transform of min(T, E): E exponential with `rate`, independent of T.

    `transform` must be that of T at ``s + rate`` (Cont, Stoikov, Talreja 2010, Proposition 4).
    """
    return transform + rate / (rate + s) * (1 - transform) if rate > 0 else transform


def log_frequencies():
    """Frequencies at which `probability_earlier` needs transforms, and the trapezoid's step.

    Returns
    -------
    u : ndarray of float, shape (m,)
        Positive, geometrically spaced.
    step : float
    """
    return np.exp(np.arange(*_LOG_RANGE, _LOG_STEP)), _LOG_STEP


def probability_earlier(first, second, scale: float = 1.0):
    r"""P(X < Y) for independent positive times from their transforms on the imaginary axis.

    .. math:: P(X < Y) = \tfrac12 - \frac1\pi \int_0^\infty
        \mathrm{Im}\big[\hat f_X(-iu)\,\hat f_Y(iu)\big] \frac{du}{u}

    Parameters
    ----------
    first, second : ndarray of complex, shape (..., m)
        Transforms of X and of Y at ``1j * scale * u``, u from `log_frequencies`. X - Y must have
        a density.

    Returns
    -------
    ndarray of float, shape (...)

    Notes
    -----
    The two-sided transform of X - Y is inverted on the line Re s = 0 (Gil-Pelaez 1951 [1]_),
    without the shift of the time axis that the one-sided methods need. The transforms of
    first-passage times have their poles on the negative axis only, so in log u the integrand is
    analytic in a strip of half-width pi/2, and the trapezoidal rule errs by about
    ``exp(-pi**2 / step)``, that is by rounding only.

    References
    ----------
    .. [1] J. Gil-Pelaez, "Note on the inversion theorem", Biometrika 38, 1951.
    """
    _, step = log_frequencies()
    return 0.5 - step / np.pi * (np.conj(first) * second).imag.sum(axis=-1)


def first_passage_cdf(t, n: int, birth: float, death: float, cancel: float):
    r"""Probability that a queue of n orders is empty before time t.

    Parameters
    ----------
    t : array_like of float, shape (m,)
        Times, at least 0.
    n : int
        Queue length, at least 0.
    birth, death, cancel : float
        Rates, as in `first_passage_transform`.

    Returns
    -------
    ndarray of float, shape (m,)

    Notes
    -----
    Fourier-series method with Euler summation (Abate and Whitt 1995 [1]_, algorithm EULER);
    absolute error about 1e-8.

    References
    ----------
    .. [1] J. Abate, W. Whitt, "Numerical inversion of Laplace transforms of probability
       distributions", ORSA Journal on Computing 7(1), 1995, section 1.

    Examples
    --------
    >>> first_passage_cdf([0.0, 1.0], 1, 0.0, 1.0, 0.0).round(6).tolist()  # 1 - exp(-t)
    [0.0, 0.632121]
    """
    t = np.atleast_1d(np.asarray(t, float))
    if (t < 0).any():
        raise ValueError(f"t holds {t.min()}; times must not be negative")
    late = t > 0
    k = np.arange(_EULER_TERMS + _EULER_MEAN + 1)
    s = (_EULER_A + 2j * np.pi * k) / (2 * t[late, None])
    f = first_passage_transform(s.ravel(), n, birth, death, cancel)[n].reshape(s.shape) / s
    terms = np.where(k == 0, 0.5, (-1.0) ** k) * f.real
    partial = np.cumsum(terms, axis=1)[:, _EULER_TERMS:]
    weights = comb(_EULER_MEAN, np.arange(_EULER_MEAN + 1)) / 2.0**_EULER_MEAN
    found = np.zeros(len(t))
    found[late] = np.exp(_EULER_A / 2) / t[late] * (partial @ weights)
    return np.clip(found, 0.0, 1.0) if n else np.ones(len(t))


def check_rates(birth: float, death: float, cancel: float) -> None:
    """Raise a ValueError unless a queue with these rates empties sooner or later."""
    if min(birth, death, cancel) < 0 or death + cancel <= 0:
        raise ValueError(f"the rates are birth {birth}, death {death}, cancel {cancel}; they must "
                         f"not be negative, and the queue must have a way to shrink")
    if cancel == 0 and birth >= death:
        raise ValueError(f"birth is {birth} and death {death} without cancellations; a queue that "
                         f"must empty needs a birth rate below the death rate")
    if cancel > 0 and birth > _LONGEST_MEAN * cancel:
        raise ValueError(f"birth is {birth} and cancel {cancel}; a queue of more than "
                         f"{_LONGEST_MEAN:.0f} orders on average never empties for practical ends")
