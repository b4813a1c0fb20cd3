"""Hawkes processes with exponential kernels: simulation, maximum likelihood, residuals.

D types of events, P exponentials with decay rates that all types share:

.. math:: \\lambda_i(t) = \\mu_i + \\sum_p \\sum_{t_k < t} \\alpha_{p,i,c_k} e^{-\\beta_p (t - t_k)}

Times in seconds, rates per second.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from lobsim.market.calibrate.goodness import exponential_tests
from lobsim.market.calibrate.hawkes_kernels import (compensators_at_events, information_blocks,
                                                    log_likelihood, thin)
from lobsim.market.calibrate.result import Estimate, FitTest

_AT_BOUND = 1e-7  # a branching below it counts as zero
_BETA_RANGE = (1e-4, 1e5)  # 1/s: memories of three hours to ten microseconds
_STEP = 1e-4  # relative, of the difference quotients by beta
_MAX_ITERATIONS = 1000


def _shaped(mu, alpha, beta):
    mu = np.atleast_1d(np.asarray(mu, float))
    beta = np.atleast_1d(np.asarray(beta, float))
    alpha = np.asarray(alpha, float)
    shape = (len(beta), len(mu), len(mu))
    if alpha.size != np.prod(shape):
        raise ValueError(f"alpha has the shape {alpha.shape}; with {len(beta)} decay rates and "
                         f"{len(mu)} types it must be {shape}")
    if (mu < 0).any() or (alpha < 0).any() or (beta <= 0).any():
        raise ValueError("mu and alpha must not be negative, beta must be positive")
    return mu, np.ascontiguousarray(alpha.reshape(shape)), beta


def simulate_hawkes(mu, alpha, beta, horizon_s: float, seed: int):
    """Simulate a Hawkes process exactly, from an empty past.

    Parameters
    ----------
    mu : float or array_like, shape (D,)
        Baseline rates, 1/s.
    alpha : array_like, shape (P, D, D)
        Jump of the rate of type i (row) per event of type j (column), 1/s; a number for D = P = 1.
    beta : float or array_like, shape (P,)
        Decay rates, 1/s.
    horizon_s : float
    seed : int

    Returns
    -------
    times_s : ndarray of float, shape (n,)
        Increasing, in (0, `horizon_s`].
    types : ndarray of int64, shape (n,)
        0 to D - 1.

    Raises
    ------
    ValueError
        When the spectral radius of the branching matrix is 1 or more: the process explodes.

    References
    ----------
    Y. Ogata, "On Lewis' simulation method for point processes", IEEE Transactions on Information
    Theory 27(1), 1981. Between events the rate only falls, so the rate just after the last one is
    the bound of the thinning.

    Examples
    --------
    >>> times, types = simulate_hawkes(1.0, 0.5, 1.0, 1000.0, seed=1)
    >>> bool(1500 < len(times) < 2500)  # 1 / (1 - 0.5) a second
    True
    """
    mu, alpha, beta = _shaped(mu, alpha, beta)
    radius = np.abs(np.linalg.eigvals((alpha / beta[:, None, None]).sum(axis=0))).max()
    if radius >= 1:
        raise ValueError(f"the spectral radius of alpha / beta is {radius:.3f}; it must be below "
                         f"1, or the number of events explodes")
    return thin(mu, alpha, beta, float(horizon_s), np.random.default_rng(seed))


@dataclass(frozen=True, eq=False)
class HawkesFit:
    """A Hawkes process fitted by maximum likelihood.

    Attributes
    ----------
    mu, alpha, beta : ndarray of float, shapes (D,), (P, D, D), (P,)
        Rates per second; `beta` ascending.
    mu_error, alpha_error, beta_error : ndarray
        Standard errors from the observed information; NaN where a parameter is zero (at its bound)
        or was given.
    branching, branching_error : ndarray, shape (D, D)
        Direct children of type i per event of type j, and standard errors.
    part_error : ndarray, shape (P, D, D)
        Standard errors of ``alpha / beta``, the children by each of the exponentials.
    log_likelihood, poisson_log_likelihood : float
        In nats; the second is that of constant rates.
    residuals : list of ndarray
        Compensator increments of each type.
    n_events, duration_s : int, float
    converged : bool
    """

    mu: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    mu_error: np.ndarray
    alpha_error: np.ndarray
    beta_error: np.ndarray
    branching: np.ndarray
    branching_error: np.ndarray
    part_error: np.ndarray
    log_likelihood: float
    poisson_log_likelihood: float
    residuals: list[np.ndarray]
    n_events: int
    duration_s: float
    converged: bool

    @property
    def spectral_radius(self) -> float:
        """Of the branching matrix; below 1 the process is stationary."""
        return float(np.abs(np.linalg.eigvals(self.branching)).max())

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 (parameters that are not zero) - 2 log-likelihood; less is better.
        """
        free = np.isfinite(np.concatenate([self.mu_error, self.alpha_error.ravel(),
                                           self.beta_error])).sum()
        return 2 * float(free) - 2 * self.log_likelihood

    @property
    def tests(self) -> tuple[FitTest, FitTest]:
        """Whether the residuals are independent and Exp(1)."""
        return exponential_tests(self.residuals, "the events come from this Hawkes process")

    def estimates(self, names=None) -> tuple[Estimate, ...]:
        """All numbers with errors; `names` are those of the types."""
        d = len(self.mu)
        names = [str(i) for i in range(d)] if names is None else list(names)
        tag = (lambda i: "") if d == 1 else (lambda i: f"[{names[i]}]")
        found = [Estimate(f"mu{tag(i)}", self.mu[i], self.mu_error[i]) for i in range(d)]
        found += [Estimate(f"beta_{p + 1}", self.beta[p], self.beta_error[p])
                  for p in range(len(self.beta))]
        if d == 1:
            found += [Estimate(f"alpha_{p + 1}", self.alpha[p, 0, 0], self.alpha_error[p, 0, 0])
                      for p in range(len(self.beta))]
            return (*found, Estimate("branching", self.branching[0, 0],
                                     self.branching_error[0, 0]))
        found.append(Estimate("spectral radius", self.spectral_radius))
        found += [Estimate(f"branching[{names[i]} <- {names[j]}]", self.branching[i, j],
                           self.branching_error[i, j]) for i in range(d) for j in range(d)]
        return tuple(found)


def fit_hawkes(times_s, types=None, *, duration_s: float, n_types: int | None = None,
               n_exponentials: int = 1, beta=None, activity=None) -> HawkesFit:
    """Fit a Hawkes process by maximum likelihood.

    Parameters
    ----------
    times_s : array_like of float, shape (n,)
        Not decreasing, 0 to `duration_s`.
    types : array_like of int, shape (n,), optional
        0 to D - 1; by default all the same.
    duration_s : float
        Length of the window in which the events were seen; the past before it is taken as empty.
    n_types : int, optional
        D; by default the largest type plus one.
    n_exponentials : int
        P, when `beta` is not given.
    beta : float or array_like, shape (P,), optional
        Decay rates to keep fixed; estimated by default.
    activity : array_like of float, shape (m,), optional
        Positive weights of m equal parts of the window: the baseline rates are `mu` times these,
        divided by their mean. Without them a rate that changes over the day is taken for slow
        excitement, and the branching comes out too large.

    Returns
    -------
    HawkesFit

    Raises
    ------
    ValueError
        If times or types are out of range or of different length, or a type has no event.

    Notes
    -----
    The exact likelihood and its gradient cost O(n P D) by the recursion of Ogata (1988); they are
    climbed by L-BFGS-B in baseline rates, branching ratios and log decay rates. For given `beta`
    the likelihood is concave; with several free ones it may have more than one top, so the climb
    starts from decay rates that span the gaps between events.

    References
    ----------
    Y. Ogata, "Statistical models for earthquake occurrences and residual analysis for point
    processes", JASA 83(401), 1988; E. Bacry, I. Mastromatteo, J.-F. Muzy, "Hawkes processes in
    finance", Market Microstructure and Liquidity 1(1), 2015, section 3.

    Examples
    --------
    >>> times, _ = simulate_hawkes(1.0, 1.2, 2.0, 4000.0, seed=3)
    >>> fit = fit_hawkes(times, duration_s=4000.0)
    >>> bool(abs(fit.branching[0, 0] - 0.6) < 4 * fit.branching_error[0, 0])
    True
    """
    times, types, d = _checked_events(times_s, types, duration_s, n_types)
    if beta is None and n_exponentials < 1:
        raise ValueError(f"n_exponentials is {n_exponentials}; it must be at least 1")
    counts = np.bincount(types, minlength=d)
    fixed = None if beta is None else np.sort(np.atleast_1d(np.asarray(beta, float)))
    start = _first_beta(times, n_exponentials) if fixed is None else fixed
    level, reached = _activity(times, duration_s, activity)
    if fixed is None and d > 1:  # decay rates of all events together are a good beginning
        start = _climb(times, np.zeros(len(times), np.int64), counts.sum()[None], duration_s,
                       level, start, False)[2]
    mu, alpha, betas, value, converged = _climb(times, types, counts, duration_s, level, start,
                                                fixed is not None)
    order = np.argsort(betas)
    alpha, betas = np.ascontiguousarray(alpha[order]), betas[order]
    errors = _errors(times, types, duration_s, level, mu, alpha, betas, fixed is None)
    own = compensators_at_events(times, types, reached, mu, alpha, betas)
    residuals = [np.diff(own[types == i], prepend=0.0) for i in range(d)]
    return HawkesFit(mu, alpha, betas, *errors[:3], (alpha / betas[:, None, None]).sum(axis=0),
                     *errors[3:], value, float((counts * np.log(counts / duration_s)).sum()
                                             - counts.sum()),
                     residuals, len(times), float(duration_s), converged)


def _checked_events(times_s, types, duration_s, n_types):
    times = np.ascontiguousarray(times_s, float)
    types = np.zeros(len(times), np.int64) if types is None else np.ascontiguousarray(
        types, np.int64)
    if times.ndim != 1 or times.shape != types.shape or len(times) < 2:
        raise ValueError(f"times_s and types have the shapes {times.shape} and {types.shape}; they "
                         f"must be one-dimensional, the same, and hold at least 2 events")
    if times[0] < 0 or times[-1] > duration_s or (np.diff(times) < 0).any():
        raise ValueError(f"times_s run from {times[0]} to {times[-1]} s; they must not decrease "
                         f"and lie between 0 and duration_s, {duration_s}")
    d = int(types.max()) + 1 if n_types is None else n_types
    counts = np.bincount(types[types >= 0], minlength=d)
    if types.min() < 0 or len(counts) > d or (counts == 0).any():
        raise ValueError(f"there are {counts.tolist()} events of the {d} types; each type from 0 "
                         f"to {d - 1} needs at least one")
    return times, types, d


def _first_beta(times, p: int) -> np.ndarray:
    """Decay rates spread over the gaps between events, slow to fast."""
    gaps = np.diff(times)
    gaps = gaps[gaps > 0]
    slow = 0.3 / gaps.mean()
    fast = max(3 / np.median(gaps), 10 * slow)
    rates = np.sqrt([slow * fast]) if p == 1 else np.geomspace(slow, fast, p)
    return np.clip(rates, *_BETA_RANGE)


def _activity(times, duration_s, activity):
    """Relative activity at each event, and its integral from 0 to each event (s)."""
    if activity is None:
        return np.ones(len(times)), times
    weights = np.asarray(activity, float)
    if weights.ndim != 1 or len(weights) == 0 or not (weights > 0).all():
        raise ValueError(f"activity has the shape {weights.shape}; it must hold positive weights "
                         f"of equal parts of the window")
    weights = weights / weights.mean()
    width = duration_s / len(weights)
    part = np.minimum((times / width).astype(np.int64), len(weights) - 1)
    before = np.append(0.0, np.cumsum(weights))[part] * width
    return weights[part], before + (times - part * width) * weights[part]


def _climb(times, types, counts, duration_s, level, beta, keep_beta):
    """Maximise the likelihood; returns mu, alpha, beta, its value, and whether it converged."""
    d, p = len(counts), len(beta)
    rates = counts / duration_s
    n_alpha = p * d * d
    total = float(counts.sum())

    def unpack(x):
        betas = beta if keep_beta else np.exp(x[d + n_alpha:])
        branching = x[d:d + n_alpha].reshape(p, d, d)
        # Branching is scaled by rates, so that all entries of a row weigh alike.
        alpha = branching * betas[:, None, None] * np.sqrt(rates[:, None] / rates)
        return x[:d] * rates, alpha, betas

    def negative(x):
        mu, alpha, betas = unpack(x)
        g_mu, g_alpha, g_beta = np.zeros(d), np.zeros((p, d, d)), np.zeros(p)
        value = log_likelihood(times, types, duration_s, level, duration_s, mu,
                               np.ascontiguousarray(alpha), betas, np.zeros((2, p, d)), g_mu,
                               g_alpha, g_beta)
        slope = g_alpha * betas[:, None, None] * np.sqrt(rates[:, None] / rates)
        gradient = [g_mu * rates, slope.ravel()]
        if not keep_beta:  # alpha moves with beta, for branching is what is held fixed
            gradient.append(g_beta * betas + (g_alpha * alpha).sum(axis=(1, 2)))
        return -value / total, -np.concatenate(gradient) / total

    first = np.concatenate([np.full(d, 0.5), np.full(n_alpha, 0.5 / (p * d))])
    bounds = [(1e-8, None)] * d + [(0.0, None)] * n_alpha
    if not keep_beta:
        first = np.append(first, np.log(beta))
        bounds += [tuple(np.log(_BETA_RANGE))] * p
    found = minimize(negative, first, jac=True, method="L-BFGS-B", bounds=bounds,
                     options={"maxiter": _MAX_ITERATIONS, "maxfun": 2 * _MAX_ITERATIONS,
                              "ftol": 1e-13, "gtol": 1e-7, "maxcor": 20})
    mu, alpha, betas = unpack(found.x)
    return mu, alpha, np.array(betas), -float(found.fun) * total, bool(found.success)


def _errors(times, types, duration_s, level, mu, alpha, beta, free_beta):
    """Standard errors of mu, alpha, beta, branching and its parts, from the observed information.

    The second derivatives by mu and alpha are exact (rows of different types do not mix); those
    by beta are difference quotients of the exact gradient.
    """
    p, d = alpha.shape[:2]
    width = 1 + p * d
    blocks = np.zeros((d, width, width))
    information_blocks(times, types, level, mu, alpha, beta, np.zeros((p, d)), blocks)
    size = d * width + p
    information = np.zeros((size, size))
    for i in range(d):
        at = slice(i * width, (i + 1) * width)
        information[at, at] = blocks[i]

    def gradient(betas):
        g_mu, g_alpha, g_beta = np.zeros(d), np.zeros((p, d, d)), np.zeros(p)
        log_likelihood(times, types, duration_s, level, duration_s, mu, alpha, betas,
                       np.zeros((2, p, d)), g_mu, g_alpha, g_beta)
        rows = np.concatenate([g_mu[:, None], g_alpha.transpose(1, 0, 2).reshape(d, -1)], axis=1)
        return np.append(rows.ravel(), g_beta)

    for q in range(p):
        step = np.zeros(p)
        step[q] = _STEP * beta[q]
        column = -(gradient(beta + step) - gradient(beta - step)) / (2 * step[q])
        information[:, d * width + q] = information[d * width + q] = column
    values = np.concatenate([mu[:, None], alpha.transpose(1, 0, 2).reshape(d, -1)], axis=1)
    limits = np.concatenate([np.full((d, 1), _AT_BOUND * len(times) / duration_s),
                             np.broadcast_to(np.repeat(_AT_BOUND * beta, d), (d, p * d))], axis=1)
    free = np.append((values > limits).ravel(), np.full(p, free_beta))
    # What is zero stays in the matrix: without it the others would look surer than they are.
    used = np.append(np.full(d * width, True), np.full(p, free_beta))
    covariance = np.zeros((size, size))
    covariance[np.ix_(used, used)] = np.linalg.pinv(information[np.ix_(used, used)],
                                                    hermitian=True)
    spread = np.where(free & (covariance.diagonal() > 0),
                      np.sqrt(np.maximum(covariance.diagonal(), 0)), np.nan)
    rows = spread[:d * width].reshape(d, width)
    part_error = np.full((p + 1, d, d), np.nan)  # of each exponential, and last of their sum
    for i in range(d):
        for j in range(d):
            slopes = np.zeros((p + 1, size))
            at = i * width + 1 + d * np.arange(p) + j
            slopes[np.arange(p), at] = 1 / beta
            slopes[np.arange(p), d * width + np.arange(p)] = -alpha[:, i, j] / beta**2
            slopes[p] = slopes[:p].sum(axis=0)
            variance = np.einsum("qa,ab,qb->q", slopes, covariance, slopes)
            known = np.append(free[at], free[at].any())
            part_error[known, i, j] = np.sqrt(np.maximum(variance[known], 0.0))
    return (rows[:, 0], rows[:, 1:].reshape(d, p, d).transpose(1, 0, 2), spread[d * width:],
            part_error[p], part_error[:p])
