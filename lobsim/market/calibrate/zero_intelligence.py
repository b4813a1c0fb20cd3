"""Rates of the zero-intelligence crowd: how often orders come, by distance, and how long they stay.

Everything is a count over the time in which it could have happened.
"""

import numpy as np
from scipy import stats
from scipy.special import xlogy

from lobsim.market.calibrate.events import CANCEL, LIMIT, MARKET, MAX_DISTANCE, EventLog
from lobsim.market.calibrate.goodness import dispersion_test, exponential_tests
from lobsim.market.calibrate.result import LEVEL, Calibration, Estimate, FitTest
from lobsim.market.calibrate.sizes import size_table
from lobsim.market.parts import Takers, ZeroIntelligence

COVERED = 0.95
"""Share of the limit orders that the distances of the fit must hold, by default."""

_LEAST_SEEN = 0.01  # share of the window in which a distance must have been seen


def fit_power_law(counts, exposure):
    r"""Maximum likelihood of counts that are Poisson with mean :math:`e_i\,k\,i^{-\alpha}`.

    Parameters
    ----------
    counts : array_like of int, shape (L,)
        Orders at distance i = 1..L.
    exposure : array_like of float, shape (L,)
        Seconds in which they could have come.

    Returns
    -------
    k, alpha : float
    covariance : ndarray, shape (2, 2)
        Of (k, alpha), from the Fisher information.
    test : FitTest
        Deviance against free rates, chi-squared with L - 2 degrees of freedom.

    Notes
    -----
    Cont, Stoikov and Talreja (2010, section 3.2) fit k and alpha by least squares on the rates;
    the likelihood gives each distance the weight that its count deserves, and standard errors.

    Examples
    --------
    >>> k, alpha, _, _ = fit_power_law([2000, 1000, 500], [1000, 1000, 1000])
    >>> bool(0.9 < alpha < 1.3)
    True
    """
    counts, exposure = np.asarray(counts, float), np.asarray(exposure, float)
    known = exposure > 0
    x = np.log(np.arange(1, len(counts) + 1.0))[known]
    n, seen = counts[known], exposure[known]
    if known.sum() < 2 or (n > 0).sum() < 2:
        raise ValueError(f"orders came at {(n > 0).sum()} distances; a power law needs at least 2")
    design = np.column_stack([np.ones(len(x)), -x])
    theta = np.array([np.log(n.sum() / seen.sum()), 0.0])
    for _ in range(100):  # Newton's method; the likelihood is concave in (log k, alpha)
        mean = seen * np.exp(design @ theta)
        information = design.T @ (mean[:, None] * design)
        step = np.linalg.solve(information, design.T @ (n - mean))
        theta = theta + step * min(1.0, 2 / np.abs(step).max())
        if np.abs(step).max() < 1e-12:
            break
    mean = seen * np.exp(design @ theta)
    k, alpha = float(np.exp(theta[0])), float(theta[1])
    slope = np.diag([k, 1.0])
    covariance = slope @ np.linalg.inv(information) @ slope
    deviance = float(2 * (xlogy(n, n / mean) - n + mean).sum())
    df = len(n) - 2
    test = FitTest("power law", deviance, float(stats.chi2.sf(deviance, df)) if df else np.nan,
                   "limit orders become rarer as a power of the distance")
    return k, alpha, covariance, test


def fit_zero_intelligence(log: EventLog, *, lot_size: float = 1.0,
                          levels: int | None = None) -> Calibration:
    """Fit `ZeroIntelligence` and the rate of `Takers` to events.

    Parameters
    ----------
    log : EventLog
    lot_size : float
        Shares (or coins) per lot.
    levels : int, optional
        Distances 1..levels from the opposite best quote that limit orders may take; by default as
        many as hold 95 % of them.

    Returns
    -------
    Calibration
        Parts (`ZeroIntelligence`, `Takers`). Estimates ``lambda(i)`` (per second and side),
        ``theta(i)`` (per second and order), ``limit_rate_per_s``, ``limit_decay``,
        ``cancel_rate_per_s`` and ``market_rate_per_s`` (both sides together).

    Notes
    -----
    lambda(i) = orders at distance i / seconds in which distance i was in view, added over both
    sides; theta(i) = cancellations, partial ones too, / order-seconds at distance i; errors are
    those of Poisson counts (of one event where there was none). Where the power law or the common
    cancellation rate is rejected, the part carries the measured rates as `limit_shape` and
    `cancel_shape`.
    """
    limits, cancels, markets = (log.events[log.events["kind"] == kind]
                                for kind in (LIMIT, CANCEL, MARKET))
    levels = _levels(log, limits["distance"], levels)
    n, seen = _by_distance(limits, levels), log.seen_time_s[1:levels + 1]
    gone, stood = _by_distance(cancels, levels), log.order_time_s[1:levels + 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        lam, lam_error = n / seen, np.sqrt(np.maximum(n, 1)) / seen
        theta, theta_error = gone / stood, np.sqrt(np.maximum(gone, 1)) / stood
    k, alpha, covariance, power_test = fit_power_law(n, seen)
    common = gone.sum() / stood.sum()
    cancel_test = _common_rate_test(gone, stood)
    duration = log.duration_s
    rate = len(markets) / duration
    waits = np.diff((limits["time_ns"] - log.start_ns) / 1e9) * len(limits) / duration
    tests = (
        *exponential_tests([waits], "waits between limit orders are memoryless")[:1],
        dispersion_test((limits["time_ns"] - log.start_ns) / 1e9, duration, "limit orders"),
        dispersion_test((markets["time_ns"] - log.start_ns) / 1e9, duration, "market orders"),
        power_test, cancel_test,
    )
    estimates = [Estimate("limit_rate_per_s", k, covariance[0, 0]**0.5),
                 Estimate("limit_decay", alpha, covariance[1, 1]**0.5),
                 Estimate("cancel_rate_per_s", common, np.sqrt(gone.sum()) / stood.sum()),
                 Estimate("market_rate_per_s", rate, np.sqrt(len(markets)) / duration)]
    for i in range(levels):
        estimates += [Estimate(f"lambda({i + 1})", lam[i], lam_error[i]),
                      Estimate(f"theta({i + 1})", theta[i], theta_error[i])]
    part = ZeroIntelligence(
        limit_levels=levels, limit_sizes=size_table(limits["size"], lot_size),
        partial_cancels=bool(cancels["partial"].any()),
        **_rates(n, seen, k, alpha, power_test, gone, stood, common, cancel_test))
    takers = Takers(rate, size_table(markets["size"], lot_size))
    likelihood = float((xlogy(n, n / seen) - n).sum() + (xlogy(gone, gone / stood) - gone).sum()
                       + xlogy(len(markets), rate) - len(markets)) if (stood > 0).all() else (
                           float("nan"))
    left_out = len(limits) - int(n.sum())
    notes = (f"{left_out} limit orders lie beyond {levels} ticks from the opposite quote",
             ) if left_out else ()
    return Calibration("zero_intelligence", (part, takers), tuple(estimates), tests,
                       len(log.events), duration, likelihood, notes)


def _levels(log, distances, levels) -> int:
    usable = int(np.flatnonzero(log.seen_time_s >= _LEAST_SEEN * 2 * log.duration_s).max(initial=0))
    distances = distances[distances > 0]
    if len(distances) == 0 or usable < 1:
        raise ValueError("no limit order arrived while both sides had quotes; there is nothing to "
                         "fit")
    if levels is None:
        levels = int(np.quantile(distances, COVERED, method="higher"))
    if not 1 <= levels <= MAX_DISTANCE:
        raise ValueError(f"levels is {levels}; it must be from 1 to {MAX_DISTANCE}")
    return max(2, min(levels, usable))


def _by_distance(events, levels: int) -> np.ndarray:
    distance = events["distance"]
    inside = distance[(distance >= 1) & (distance <= levels)]
    return np.bincount(inside - 1, minlength=levels).astype(float)


def _common_rate_test(gone, stood) -> FitTest:
    """Chi-squared test that all distances have the same cancellation rate."""
    expected = gone.sum() * stood / stood.sum()
    enough = expected >= 5
    claim = "every resting order is cancelled at the same rate, whatever its distance"
    if enough.sum() < 2:
        return FitTest("one cancellation rate", np.nan, np.nan, claim)
    n, stood = gone[enough], stood[enough]
    expected = n.sum() * stood / stood.sum()
    q = float(((n - expected) ** 2 / expected).sum())
    return FitTest("one cancellation rate", q, float(stats.chi2.sf(q, len(n) - 1)), claim)


def _rates(n, seen, k, alpha, power_test, gone, stood, common, cancel_test) -> dict:
    """Arguments of `ZeroIntelligence`: the short form unless the data reject it."""
    found = {"limit_rate_per_s": k, "limit_decay": alpha, "cancel_rate_per_s": float(common)}
    if power_test.p_value < LEVEL:
        lam = np.where(seen > 0, n / np.where(seen > 0, seen, 1), 0.0)
        # Shapes are relative to the rate at distance 1; half an order stands in for none.
        first = lam[0] if lam[0] > 0 else 0.5 / max(seen[0], seen.max())
        found |= {"limit_rate_per_s": float(first), "limit_shape": tuple((lam / first).tolist())}
    if cancel_test.p_value < LEVEL:
        theta = np.where(gone > 0, gone / np.where(stood > 0, stood, 1), common)
        found |= {"cancel_rate_per_s": float(theta[0]),
                  "cancel_shape": tuple((theta / theta[0]).tolist())}
    return found

