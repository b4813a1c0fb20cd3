"""Parameters of the models from data: A and k from fills, sigma from prices, impact from costs.

Nothing here runs a market; the data may come from one (`lobsim.strategies.calibration_runs`) or
from a venue.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from lobsim.analytics._checks import float_array, same_length

__all__ = ["FillIntensity", "ImpactTerms", "Volatility", "fill_rates", "fit_fill_intensity",
           "fit_impact", "fit_volatility", "volatility_signature"]

_Z95 = 1.959963984540054


@dataclass(frozen=True)
class FillIntensity:
    """A and k of the fill rate ``A exp(-k d)``, with their errors; see `fit_fill_intensity`.

    Attributes
    ----------
    intensity, intensity_se : float
        A, fills per second of a quote at distance 0.
    decay, decay_se : float
        k, 1 / unit of distance.
    log_covariance : ndarray, shape (2, 2)
        Of (ln A, k).
    log_likelihood : float
    n, fills : int
        Quotes, and those that were filled.
    exposure_s : float
        Seconds that all of them were open.
    """

    intensity: float
    intensity_se: float
    decay: float
    decay_se: float
    log_covariance: np.ndarray
    log_likelihood: float
    n: int
    fills: int
    exposure_s: float

    def rate(self, distance) -> np.ndarray:
        """Fills per second at a distance."""
        return self.intensity * np.exp(-self.decay * np.asarray(distance, dtype=float))

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % intervals: of A by that of ln A, and of k."""
        reach = _Z95 * math.sqrt(self.log_covariance[0, 0])
        return {
            "intensity": (self.intensity * math.exp(-reach), self.intensity * math.exp(reach)),
            "decay": (self.decay - _Z95 * self.decay_se, self.decay + _Z95 * self.decay_se),
        }


def fit_fill_intensity(distances, exposures_s, filled, clusters=None) -> FillIntensity:
    r"""Maximum likelihood of the fill rate A exp(-k d) from quotes that were open for a while.

    A quote that is cancelled (or still open) at the end of its exposure is censored: it says that
    no fill came so far, not that none would have come.

    .. math:: \ell(A, k) = \sum_{i\,\text{filled}} (\ln A - k d_i) - \sum_i A e^{-k d_i} t_i

    Parameters
    ----------
    distances : array-like of float, shape (n,)
        Of each quote from the mid, any unit; at least two different ones among the fills.
    exposures_s : array-like of float, shape (n,)
        Seconds from posting to the fill or to the end of watching, > 0.
    filled : array-like of bool, shape (n,)
        False = censored.
    clusters : array-like, shape (n,), optional
        What each quote belongs to (a seed, a day). Errors then allow for quotes of one cluster
        that are filled together (sandwich estimator); without it fills are taken as independent.

    Returns
    -------
    FillIntensity

    Raises
    ------
    ValueError
        When nothing was filled, or the fills do not determine k.

    References
    ----------
    J. Kalbfleisch, R. Prentice, "The Statistical Analysis of Failure Time Data", 2nd edition,
    2002, section 3.4: censoring in the likelihood. A and k: M. Avellaneda, S. Stoikov (2008),
    section 2.5.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> d = rng.choice([0.5, 1.5, 2.5], 4000)
    >>> t = rng.exponential(1 / (0.8 * np.exp(-0.7 * d)))
    >>> fit = fit_fill_intensity(d, np.minimum(t, 2.0), t < 2.0)
    >>> abs(fit.intensity - 0.8) < 3 * fit.intensity_se, abs(fit.decay - 0.7) < 3 * fit.decay_se
    (True, True)
    """
    d = float_array(distances, "distances")
    t = float_array(exposures_s, "exposures_s")
    hit = np.atleast_1d(np.asarray(filled)).astype(bool)
    same_length(distances=d, exposures_s=t, filled=hit)
    if not (np.isfinite(d).all() and np.isfinite(t).all() and (t > 0).all()):
        raise ValueError("distances must be finite, and exposures_s finite and positive")
    if not hit.any():
        raise ValueError(f"none of {len(d)} quotes was filled; watch longer or quote closer")
    if np.ptp(d) == 0:
        raise ValueError(f"all quotes have the distance {d[0]:g}; k needs at least two")
    if np.ptp(d[hit]) == 0 and d[hit][0] in (d.min(), d.max()):
        raise ValueError(f"all fills have the distance {d[hit][0]:g}, an end of those tried; k "
                         f"is not determined: watch longer or try other distances")
    middle = d[hit].mean()  # centred, so that the two parameters hardly depend on one another
    x = d - middle
    design = np.column_stack([np.ones(len(x)), -x])
    theta = np.array([math.log(hit.sum() / t.sum()), 0.0])
    for _ in range(100):
        expected = t * np.exp(np.minimum(design @ theta, 500.0))
        gradient = design.T @ (hit - expected)
        information = design.T @ (design * expected[:, None])
        change = np.linalg.solve(information, gradient)
        size = np.abs(change * [1.0, max(np.abs(x).max(), 1e-300)]).max()
        theta = theta + change * min(1.0, 2.0 / max(size, 1e-300))
        if size < 1e-10:
            break
    else:
        raise ValueError("the likelihood found no maximum: k is not determined by these fills")
    covariance = np.linalg.inv(information)
    if clusters is not None:
        covariance = covariance @ _meat(design, hit - expected, clusters, len(d)) @ covariance
    turn = np.array([[1.0, middle], [0.0, 1.0]])  # ln A at distance 0
    log_a, k = turn @ theta
    covariance = turn @ covariance @ turn.T
    intensity = math.exp(log_a)
    return FillIntensity(
        intensity, intensity * math.sqrt(covariance[0, 0]), float(k), math.sqrt(covariance[1, 1]),
        covariance, float((design @ theta)[hit].sum() - expected.sum()), len(d), int(hit.sum()),
        float(t.sum()),
    )


def _meat(design, residual, clusters, n) -> np.ndarray:
    """Sum over clusters of the squared score."""
    names, index = np.unique(np.asarray(clusters), return_inverse=True)
    if len(index) != n or len(names) < 2:
        raise ValueError(f"clusters has {len(index)} entries of {len(names)} names; it must have "
                         f"{n}, of at least 2")
    scores = np.zeros((len(names), 2))
    np.add.at(scores, index, design * residual[:, None])
    return scores.T @ scores * len(names) / (len(names) - 1)


def fill_rates(distances, exposures_s, filled, width: float = 1.0) -> pd.DataFrame:
    """Fill rate in bins of distance, to hold against the fit.

    Parameters
    ----------
    distances, exposures_s, filled
        As in `fit_fill_intensity`.
    width : float
        Of a bin, unit of distance.

    Returns
    -------
    DataFrame
        ``distance`` (mean, weighted with exposure), ``quotes, exposure_s, fills, rate`` (1/s),
        ``rate_low, rate_high`` (exact 95 % interval of a Poisson count).
    """
    table = pd.DataFrame({"distance": float_array(distances, "distances"),
                          "exposure_s": float_array(exposures_s, "exposures_s"),
                          "fills": np.asarray(filled).astype(int)})
    table["weighted"] = table["distance"] * table["exposure_s"]
    groups = table.groupby(np.floor(table["distance"] / width).astype(int))
    out = groups[["weighted", "exposure_s", "fills"]].sum()
    out["quotes"] = groups.size()
    out["distance"] = out.pop("weighted") / out["exposure_s"]
    out["rate"] = out["fills"] / out["exposure_s"]
    with np.errstate(invalid="ignore"):
        low = np.where(out["fills"] > 0, chi2.ppf(0.025, 2 * out["fills"]) / 2, 0.0)
    out["rate_low"] = low / out["exposure_s"]
    out["rate_high"] = chi2.ppf(0.975, 2 * out["fills"] + 2) / 2 / out["exposure_s"]
    names = ["distance", "quotes", "exposure_s", "fills", "rate", "rate_low", "rate_high"]
    return out[names].reset_index(drop=True)


@dataclass(frozen=True)
class Volatility:
    """sigma per square root of a second, its standard error, and the changes it rests on."""

    sigma: float
    sigma_se: float
    n: int


def fit_volatility(prices, interval_s: float) -> Volatility:
    r"""Volatility from prices at equal distances: root of the mean squared change per second.

    .. math:: \hat\sigma^2 = \frac{1}{n\,\Delta}\sum_i (P_{i+1} - P_i)^2

    Parameters
    ----------
    prices : array-like, shape (m,) or (paths, m)
        Mids or micro-prices, not trade prices: the bounce between bid and ask is no risk. NaN
        where there was none; changes to and from it are left out.
    interval_s : float
        Delta > 0; long enough for the price to have stopped bouncing (`volatility_signature`).

    Returns
    -------
    Volatility
        The standard error takes squared changes as uncorrelated between paths; with several
        paths it comes from their spread, so that it allows for bursts of volatility.

    Examples
    --------
    >>> fit_volatility([10.0, 10.5, 10.0, 10.5], interval_s=4.0).sigma
    0.25
    """
    prices = np.atleast_2d(np.asarray(prices, dtype=float))
    if not interval_s > 0:
        raise ValueError(f"interval_s is {interval_s}; it must be positive")
    squares = np.diff(prices, axis=1) ** 2 / interval_s
    known = np.isfinite(squares)
    n = int(known.sum())
    if n < 2:
        raise ValueError(f"prices of the shape {prices.shape} have {n} changes; at least 2 are "
                         f"needed")
    variance = float(squares[known].mean())
    if len(prices) > 1:
        means = np.array([row[there].mean() for row, there in zip(squares, known) if there.any()])
        error = means.std(ddof=1) / math.sqrt(len(means)) if len(means) > 1 else math.nan
    else:
        error = squares[known].std(ddof=1) / math.sqrt(n)
    sigma = math.sqrt(variance)
    return Volatility(sigma, float(error / (2 * sigma)) if sigma > 0 else 0.0, n)


def volatility_signature(prices, interval_s: float, multiples=(1, 2, 5, 10, 30, 60)):
    """`fit_volatility` at several sampling intervals: flat where the price is a martingale.

    Returns
    -------
    DataFrame
        ``interval_s, sigma, sigma_se, n``; intervals longer than the data are left out.
    """
    prices = np.atleast_2d(np.asarray(prices, dtype=float))
    rows = []
    for multiple in multiples:
        sampled = prices[:, ::multiple]
        if sampled.shape[1] > 2:
            fit = fit_volatility(sampled, interval_s * multiple)
            rows.append((interval_s * multiple, fit.sigma, fit.sigma_se, fit.n))
    return pd.DataFrame(rows, columns=["interval_s", "sigma", "sigma_se", "n"])


@dataclass(frozen=True)
class ImpactTerms:
    """Linear impact for `AlmgrenChriss`, in currency, shares and seconds, with standard errors.

    ``temporary`` (eta, per share a second), ``permanent`` (gamma, per share and share),
    ``half_spread`` (epsilon, per share).
    """

    temporary: float
    temporary_se: float
    permanent: float
    permanent_se: float
    half_spread: float
    half_spread_se: float


def fit_impact(quantity: float, durations_s, costs, displacements, half_spreads) -> ImpactTerms:
    r"""Almgren and Chriss' impact from one order worked at several speeds on the same seeds.

    At a constant speed v = Q / T their model makes the mean fill cost
    :math:`\epsilon + \gamma Q/2 + \eta v`, so eta is the slope of cost on speed, seed by seed;
    gamma is what the price keeps, over Q.

    Parameters
    ----------
    quantity : float
        Q, shares.
    durations_s : array-like, shape (m,)
        At least two different ones.
    costs : array-like, shape (n, m)
        Currency per share against the same market without the order, one row per seed.
    displacements : array-like, shape (n,)
        How far the price was moved for good, currency, in the direction of the order.
    half_spreads : array-like, shape (n,)
        Currency per share.

    Returns
    -------
    ImpactTerms
    """
    speeds = quantity / float_array(durations_s, "durations_s")
    costs = np.asarray(costs, dtype=float)
    if costs.ndim != 2 or costs.shape[1] != len(speeds) or np.ptp(speeds) == 0 or len(costs) < 2:
        raise ValueError(f"costs have the shape {costs.shape} for {len(speeds)} durations; at "
                         f"least 2 seeds and 2 different durations are needed")
    lean = speeds - speeds.mean()
    slopes = costs @ lean / (lean**2).sum()
    terms = []
    for values in (slopes, float_array(displacements, "displacements") / quantity,
                   float_array(half_spreads, "half_spreads")):
        terms += [float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))]
    return ImpactTerms(*terms)
