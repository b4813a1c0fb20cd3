r"""Inference that may be looked at every day: always-valid p values and confidence sequences.

A p value of one look promises its level for that look alone; whoever looks daily and stops at the
first p below 5 % is wrong far more often. Here the promise holds for all looks together, whatever
makes one stop (Ville's inequality for a martingale).

Everything is written for an estimate :math:`\hat\theta` and its standard error s at each look. An
efficient estimate behaves as a Brownian motion with drift in *information* :math:`1/s^2`
(Jennison and Turnbull 2000, section 3.1), so that means, stratified and covariate-adjusted
differences all take the same formulas; a mean of n values has :math:`s^2 = \sigma^2 / n`.

The likelihood ratio of an effect drawn from :math:`N(\theta_0, \tau^2)` against
:math:`\theta_0` is

.. math:: \Lambda = \sqrt{\frac{s^2}{s^2 + \tau^2}}
          \exp\left(\frac{\tau^2 (\hat\theta - \theta_0)^2}{2 s^2 (s^2 + \tau^2)}\right)

and it stays below :math:`1/\alpha` for ever with chance at least :math:`1 - \alpha` when
:math:`\theta_0` is true. With a known variance that is exact. With an estimated one it holds
asymptotically (Waudby-Smith et al. 2024): leave the first looks out until each arm has some tens of
orders, as :func:`lobsim.sim_to_real.ab_test` does. For bounded outcomes there is
:mod:`lobsim.sim_to_real.bounded_sequence`, which promises its level from the first order on.

References
----------
R. Johari, P. Koomen, L. Pekelis, D. Walsh (2022), "Always valid inference: continuous monitoring of
A/B tests", Operations Research 70(3) (2017 at KDD as "Peeking at A/B tests"). I. Waudby-Smith,
D. Arbour, R. Sinha, E. Kennedy, A. Ramdas (2024), "Time-uniform central limit theory and asymptotic
confidence sequences", Annals of Statistics 52(6). H. Robbins (1970), Annals of Mathematical
Statistics 41(5). C. Jennison, B. Turnbull (2000), "Group Sequential Methods".
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

__all__ = ["ConfidenceSequence", "always_valid_p", "best_tau", "confidence_sequence", "first_look",
           "log_mixture_ratio", "naive_p", "running_intersection"]


class ConfidenceSequence(NamedTuple):
    """Lower and upper ends at each look; the last axis is that of looks."""

    low: np.ndarray
    high: np.ndarray

    def excludes(self, value: float = 0.0) -> np.ndarray:
        """At which looks `value` lies outside."""
        return (self.low > value) | (self.high < value)


def best_tau(standard_error: float, alpha: float = 0.05) -> float:
    r"""The mixture that makes the confidence sequence about narrowest at a planned precision.

    .. math:: \tau^2 = s^2 \bigl(-2 \ln \alpha + \ln(1 - 2 \ln \alpha)\bigr)

    Parameters
    ----------
    standard_error : float
        Error s at the moment for which the test is planned. It must be planned, not looked up:
        a tau chosen from the results voids the promise.
    alpha : float

    Returns
    -------
    float
        In the unit of the outcome. Being wrong by a factor of 3 costs some percent of width.

    References
    ----------
    Waudby-Smith et al. (2024), appendix on the choice of rho (there
    :math:`\rho^2 = \tau^2/\sigma^2` and a time t* with :math:`s^2 = \sigma^2/t^*`).

    Examples
    --------
    >>> round(best_tau(1.0), 3)
    2.817
    """
    _check_alpha(alpha)
    if not standard_error > 0:
        raise ValueError(f"standard_error is {standard_error}; it must be above 0")
    bound = -2 * math.log(alpha)
    return standard_error * math.sqrt(bound + math.log1p(bound))


def log_mixture_ratio(estimate, standard_error, tau: float, *, null: float = 0.0) -> np.ndarray:
    r"""Logarithm of the mixture likelihood ratio :math:`\Lambda` of the module.

    Parameters
    ----------
    estimate, standard_error : array_like of float
        One or many looks. A look without a (positive, finite) error has ratio 0.
    tau : float
        Standard deviation of the effects looked for, in the unit of the outcome.
    null : float
        The effect :math:`\theta_0` that is tested.

    References
    ----------
    Johari et al. (2022), the normal mixture of section 4; a mean of n values with variance
    :math:`\sigma^2` has :math:`s^2 = \sigma^2 / n`, a difference of n pairs
    :math:`2 \sigma^2 / n`.

    Examples
    --------
    >>> round(float(log_mixture_ratio(3.0, 1.0, 1.0)), 4)  # 9/4 - ln(2)/2
    1.9034
    """
    if not tau > 0:
        raise ValueError(f"tau is {tau}; it must be above 0")
    d, known, v = _look(estimate, standard_error, null)
    ratio = 0.5 * (tau**2 * d**2 / (v * (v + tau**2)) - np.log1p(tau**2 / v))
    return np.where(known, ratio, -np.inf)


def always_valid_p(estimate, standard_error, tau: float, *, null: float = 0.0) -> np.ndarray:
    r"""Two-sided p values that may be read at every look.

    .. math:: p_n = \min\{1, \min_{m \le n} 1 / \Lambda_m\}

    Parameters
    ----------
    estimate, standard_error : array_like of float, shape (..., looks)
        Cumulative, in order of time.
    tau, null
        Of :func:`log_mixture_ratio`.

    Returns
    -------
    ndarray, shape (..., looks)
        Never rising. Under the null the chance that one is ever at most alpha is at most alpha.

    References
    ----------
    Johari et al. (2022), section 4: the p value of the mixture SPRT.

    Examples
    --------
    >>> always_valid_p([1.0, 3.0, 0.0], [1.0, 1.0, 1.0], 1.0).round(3).tolist()
    [1.0, 0.149, 0.149]
    """
    ratio = np.atleast_1d(log_mixture_ratio(estimate, standard_error, tau, null=null))
    return np.minimum(np.exp(-np.maximum(np.maximum.accumulate(ratio, axis=-1), 0.0)), 1.0)


def confidence_sequence(estimate, standard_error, tau: float, *, alpha: float = 0.05,
                        nested: bool = True) -> ConfidenceSequence:
    r"""Intervals of which all together hold the truth with chance at least 1 - alpha.

    .. math:: \hat\theta \pm s \sqrt{\frac{s^2 + \tau^2}{\tau^2}
              \left(2 \ln \frac1\alpha + \ln\frac{s^2 + \tau^2}{s^2}\right)}

    Parameters
    ----------
    estimate, standard_error : array_like of float, shape (..., looks)
        Cumulative, in order of time.
    tau : float
        See :func:`best_tau`.
    alpha : float
    nested : bool
        Whether each interval is cut to all before it: the promise covers that too.

    Returns
    -------
    ConfidenceSequence
        Infinite where a look has no error. A nested interval may become empty (low above high):
        the looks contradict each other, as happens with chance at most alpha if the effect stays
        the same, and otherwise says that it does not.

    Notes
    -----
    Zero is outside the (nested) sequence exactly when :func:`always_valid_p` is at most alpha; the
    ends are the effects :math:`\theta_0` that are not rejected.

    References
    ----------
    Waudby-Smith et al. (2024), theorem 2.2, with :math:`t = \sigma^2/s^2` and
    :math:`\rho = \tau/\sigma`; the same as the inverted test of Johari et al. (2022).

    Examples
    --------
    >>> found = confidence_sequence([3.0], [1.0], 1.0)
    >>> found.low.round(2).tolist(), found.high.round(2).tolist()
    ([-0.66], [6.66])
    """
    _check_alpha(alpha)
    if not tau > 0:
        raise ValueError(f"tau is {tau}; it must be above 0")
    estimate = np.atleast_1d(np.asarray(estimate, dtype=np.float64))
    _, known, v = _look(estimate, standard_error, 0.0)
    reach = np.sqrt(v * (v + tau**2) / tau**2 * (-2 * math.log(alpha) + np.log1p(tau**2 / v)))
    low = np.where(known, estimate - reach, -np.inf)
    high = np.where(known, estimate + reach, np.inf)
    found = ConfidenceSequence(low, high)
    return running_intersection(found) if nested else found


def running_intersection(sequence: ConfidenceSequence) -> ConfidenceSequence:
    """Each interval cut to all before it.

    Examples
    --------
    >>> given = ConfidenceSequence(np.array([0.0, -1.0]), np.array([3.0, 2.0]))
    >>> running_intersection(given).low.tolist(), running_intersection(given).high.tolist()
    ([0.0, 0.0], [3.0, 2.0])
    """
    return ConfidenceSequence(np.maximum.accumulate(sequence.low, axis=-1),
                              np.minimum.accumulate(sequence.high, axis=-1))


def naive_p(estimate, standard_error, *, null: float = 0.0) -> np.ndarray:
    r"""Two-sided p values of a test that is looked at once, :math:`2 \Phi(-|\hat\theta|/s)`.

    Right for one look that was planned; wrong for whoever stops at the first small one: with 60
    looks the null is rejected about every third time.

    Examples
    --------
    >>> naive_p([1.96], [1.0]).round(3).tolist()
    [0.05]
    """
    d, known, v = _look(estimate, standard_error, null)
    return np.where(known, 2 * ndtr(-np.abs(d) / np.sqrt(v)), 1.0)


def first_look(rejected) -> np.ndarray:
    """Number (from 1) of the first look that rejects, shape (...); 0 where none does.

    Examples
    --------
    >>> first_look([[False, True, True], [False, False, False]]).tolist()
    [2, 0]
    """
    rejected = np.asarray(rejected, dtype=bool)
    return np.where(rejected.any(axis=-1), rejected.argmax(axis=-1) + 1, 0)


def _look(estimate, standard_error, null: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance from the null, whether the look is usable, and its variance (1 if not)."""
    d = np.asarray(estimate, dtype=np.float64) - null
    s = np.asarray(standard_error, dtype=np.float64)
    if d.shape != s.shape:
        raise ValueError(f"estimates have shape {d.shape} and standard errors {s.shape}")
    if (s < 0).any():
        raise ValueError("a standard error is negative")
    known = np.isfinite(d) & np.isfinite(s) & (s > 0)
    return np.where(known, d, 0.0), known, np.where(known, s, 1.0)**2


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; it must lie between 0 and 1")
