"""What experiments on impact find: paths, curves and round trips with intervals, and the laws.

Moves are positive in the direction of the order, costs for whoever trades, gains when money is
made. All intervals are over seeds. Nothing here runs a market.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtrit

if TYPE_CHECKING:
    from lobsim.analytics.impact_runs import Leg
    from lobsim.analytics.round_trips import Trip


def mean_interval(values, confidence: float = 0.95, axis: int = 0):
    """Mean over an axis with Student's t interval: ``(mean, low, high)``; NaN below two values.

    Examples
    --------
    >>> [round(float(x), 3) for x in mean_interval([1.0, 2.0, 3.0])]
    [2.0, -0.484, 4.484]
    """
    values = np.asarray(values, dtype=float)
    n = values.shape[axis]
    mean = values.mean(axis=axis)
    if n < 2:
        return mean, mean * np.nan, mean * np.nan
    reach = float(stdtrit(n - 1, 0.5 * (1 + confidence)))
    error = reach * values.std(axis=axis, ddof=1) / math.sqrt(n)
    return mean, mean - error, mean + error


def ratio_interval(top, bottom, confidence: float = 0.95) -> tuple[float, float, float]:
    """Ratio of two paired means with its interval by the delta method.

    The error of ``mean(top) / mean(bottom)`` is that of the mean of ``top - ratio * bottom``,
    over the mean of the bottom.

    Examples
    --------
    >>> ratio_interval([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    (0.5, 0.5, 0.5)
    """
    top, bottom = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    if bottom.mean() == 0:
        return math.nan, math.nan, math.nan
    ratio = float(top.mean() / bottom.mean())
    mean, low, high = mean_interval(top - ratio * bottom, confidence)
    reach = float((high - low) / 2 / abs(bottom.mean()))
    return ratio, ratio - reach, ratio + reach


def relaxation_law(u, beta: float = 0.5) -> np.ndarray:
    r"""Impact during and after an evenly worked order under a power-law propagator.

    .. math:: u^{1-\beta} - (u - 1)_+^{1-\beta}

    times the peak, with u in durations of the order.

    Parameters
    ----------
    u : array-like of float
        At least 0.
    beta : float
        Decay exponent of the propagator, 0 to 1; 1/2 belongs to the square-root law.

    References
    ----------
    J. Gatheral, "No-dynamic-arbitrage and market impact", Quantitative Finance 10(7), 2010,
    section 5.

    Examples
    --------
    >>> relaxation_law([0.25, 1.0, 2.0]).round(4).tolist()
    [0.5, 1.0, 0.4142]
    """
    u = np.asarray(u, dtype=float)
    return u ** (1 - beta) - np.maximum(u - 1.0, 0.0) ** (1 - beta)


@dataclass(frozen=True)
class PowerLaw:
    """``y = prefactor * x**exponent``, fitted in logs, with intervals; see :func:`fit_power_law`.

    ``exponent``, ``prefactor`` and their bounds; ``chi2`` is the weighted sum of squared misfits
    in logs, over the degrees of freedom.
    """

    exponent: float
    exponent_low: float
    exponent_high: float
    prefactor: float
    prefactor_low: float
    prefactor_high: float
    chi2: float

    def at(self, x) -> np.ndarray:
        """The fitted law at x."""
        return self.prefactor * np.asarray(x, dtype=float) ** self.exponent


def fit_power_law(x, samples, confidence: float = 0.95) -> PowerLaw:
    r"""Fit a power law to means over seeds, by weighted least squares in logs.

    .. math:: \min_{a, \delta} \sum_j \left(\frac{\log \bar y_j - a - \delta \log x_j}
              {s_j / \bar y_j}\right)^2

    Parameters
    ----------
    x : array-like of m floats
        Positive; at least two different ones.
    samples : array-like of shape (n, m)
        One row per seed, at least 3; means must be positive.
    confidence : float

    Returns
    -------
    PowerLaw
        Intervals come from leaving out one seed at a time (jackknife), because the errors of two
        sizes are not independent when they share their seeds.

    Raises
    ------
    ValueError
        When a mean is not positive (too few seeds, or no impact), or shapes are wrong.

    References
    ----------
    B. Efron, C. Stein, "The jackknife estimate of variance", Annals of Statistics 9(3), 1981.

    Examples
    --------
    >>> y = 3 * np.sqrt([1.0, 4.0, 16.0]) * np.array([[0.9], [1.0], [1.1]])
    >>> law = fit_power_law([1, 4, 16], y)
    >>> round(law.exponent, 6), round(law.prefactor, 6)
    (0.5, 3.0)
    """
    x, samples = np.asarray(x, dtype=float), np.asarray(samples, dtype=float)
    n, m = samples.shape
    if n < 3 or x.shape != (m,) or len(np.unique(x)) < 2 or not (x > 0).all():
        raise ValueError(f"samples have the shape {samples.shape} and x {x.shape}; at least 3 "
                         f"seeds and 2 different positive sizes are needed")
    means = samples.mean(axis=0)
    if not (means > 0).all():
        raise ValueError(f"the mean at x = {x[~(means > 0)][0]:g} is {means[~(means > 0)][0]:g}; a "
                         f"power law needs positive means: use more seeds or larger sizes")
    spread = samples.std(axis=0, ddof=1) / math.sqrt(n) / means
    weights = 1.0 / np.maximum(spread, 1e-3 * max(spread.max(), 1e-9)) ** 2
    slope, level = _line(np.log(x), np.log(means), weights)
    left_out = (samples.sum(axis=0) - samples) / (n - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes, levels = _line(np.log(x), np.log(left_out), weights)
    reach = float(stdtrit(n - 1, 0.5 * (1 + confidence))) * (n - 1) / math.sqrt(n)
    reach_slope, reach_level = reach * slopes.std(ddof=1), reach * levels.std(ddof=1)
    misfit = weights * (np.log(means) - level - slope * np.log(x)) ** 2
    return PowerLaw(float(slope), float(slope - reach_slope), float(slope + reach_slope),
                    float(np.exp(level)), float(np.exp(level - reach_level)),
                    float(np.exp(level + reach_level)), float(misfit.sum() / max(m - 2, 1)))


def _line(x, y, weights):
    """Weighted line through y (shape (..., m)); returns slope and intercept."""
    weights = weights / weights.sum()
    middle, height = (weights * x).sum(), (weights * y).sum(axis=-1)
    slope = (weights * (x - middle) * y).sum(axis=-1) / (weights * (x - middle) ** 2).sum()
    return slope, height - slope * middle


@dataclass(frozen=True, eq=False)
class MetaorderImpact:
    """What one kind of order did, over n seeds.

    Made by :func:`lobsim.analytics.impact.inject_metaorder`.

    Attributes
    ----------
    leg : Leg
    confidence : float
    u, times_s : ndarray, shape (m,)
        The grid in durations of the order, and in seconds after midnight.
    paths_bps : ndarray, shape (n, m)
        Side times (mid with - mid without), in bps of the arrival mid.
    bps_per_tick : float
        Of the start price; ``paths_bps / bps_per_tick`` is in ticks.
    costs_bps : DataFrame
        One row per seed: ``half_spread, walking, impact, free_move``, their sum ``shortfall``
        (against the arrival mid), and ``paired`` = shortfall without the free move, all in bps.
    filled : ndarray, shape (n,)
        Size traded.
    """

    leg: Leg
    confidence: float
    u: np.ndarray
    times_s: np.ndarray
    paths_bps: np.ndarray
    bps_per_tick: float
    costs_bps: pd.DataFrame
    filled: np.ndarray

    def path(self) -> pd.DataFrame:
        """Table over the grid: ``u, time_s, mean_bps, ci_low_bps, ci_high_bps, mean_ticks``."""
        mean, low, high = mean_interval(self.paths_bps, self.confidence)
        return pd.DataFrame({"u": self.u, "time_s": self.times_s, "mean_bps": mean,
                             "ci_low_bps": low, "ci_high_bps": high,
                             "mean_ticks": mean / self.bps_per_tick})

    def costs(self) -> pd.DataFrame:
        """Table of the parts of the cost: ``mean_bps, ci_low_bps, ci_high_bps``."""
        mean, low, high = mean_interval(self.costs_bps.to_numpy(), self.confidence)
        return pd.DataFrame({"mean_bps": mean, "ci_low_bps": low, "ci_high_bps": high},
                            index=self.costs_bps.columns)

    @property
    def peaks_bps(self) -> np.ndarray:
        """Impact at the end of the order, shape (n,)."""
        return self.paths_bps[:, np.argmin(abs(self.u - 1.0))]

    def decay(self) -> pd.DataFrame:
        """Impact after the end as a share of the peak: ``u, ratio, ci_low, ci_high, law``.

        The interval is that of a ratio of paired means (delta method); `law` is
        :func:`relaxation_law`.
        """
        after = np.flatnonzero(self.u > 1.0)
        rows = []
        for k in after:
            ratio, low, high = ratio_interval(self.paths_bps[:, k], self.peaks_bps,
                                              self.confidence)
            rows.append((self.u[k], ratio, low, high, float(relaxation_law(self.u[k]))))
        return pd.DataFrame(rows, columns=["u", "ratio", "ci_low", "ci_high", "law"])


@dataclass(frozen=True, eq=False)
class ImpactCurve:
    """Peak impact and cost against size, in one protocol.

    Made by :func:`lobsim.analytics.impact.impact_curve`.

    Attributes
    ----------
    protocol : str
        "participation" or "duration".
    value : float
        The participation, or the duration in seconds.
    shares : ndarray, shape (m,)
        Q over the daily volume.
    sigma_bps : float
    runs : tuple of m `MetaorderImpact`
    peak : PowerLaw
        Of the peak in bps against Q over daily volume.
    cost : PowerLaw
        Of the mean fill's impact (half-spread and walking left out) in bps.
    """

    protocol: str
    value: float
    shares: np.ndarray
    sigma_bps: float
    runs: tuple
    peak: PowerLaw
    cost: PowerLaw

    @property
    def y_at_one_percent(self) -> float:
        """Y of the square-root law, read off the fit at Q / V = 1 %."""
        return float(self.peak.at(0.01) / (self.sigma_bps * math.sqrt(0.01)))

    def table(self) -> pd.DataFrame:
        """One row per size: peak and cost with intervals, and the decay at u = 1.5, 2, 3, 5."""
        rows = []
        for share, run in zip(self.shares, self.runs):
            peak, low, high = mean_interval(run.peaks_bps, run.confidence)
            paid, paid_low, paid_high = mean_interval(run.costs_bps["paired"], run.confidence)
            row = {"share": share, "quantity": run.leg.quantity, "duration_s": run.leg.duration_s,
                   "peak_bps": peak, "peak_low": low, "peak_high": high, "cost_bps": paid,
                   "cost_low": paid_low, "cost_high": paid_high,
                   "impact_cost_bps": run.costs_bps["impact"].mean()}
            decay = run.decay().set_index("u")["ratio"]
            row |= {f"left_{u:g}": decay.get(u, math.nan) for u in (1.5, 2.0, 3.0, 5.0)}
            rows.append(row)
        return pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class RoundTrip:
    """Gains of one kind of round trip; see
    :func:`lobsim.analytics.round_trips.round_trip`.

    Attributes
    ----------
    trip : Trip
    quantity : float
    gains_bps : ndarray, shape (n,)
        Per seed, in bps of quantity times start price.
    adjusted_bps : ndarray, shape (n,)
        The same less what the planned schedule would have gained at free mids: that has mean zero
        whatever the order does, so the mean is the same and the interval far narrower.
    confidence : float
    """

    trip: Trip
    quantity: float
    gains_bps: np.ndarray
    adjusted_bps: np.ndarray
    confidence: float

    @property
    def mean_bps(self) -> float:
        """Mean gain, from the adjusted ones."""
        return float(self.adjusted_bps.mean())

    @property
    def interval_bps(self) -> tuple[float, float]:
        """Its interval."""
        _, low, high = mean_interval(self.adjusted_bps, self.confidence)
        return float(low), float(high)
