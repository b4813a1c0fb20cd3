"""Impact measured by experiment: inject an order, and compare with the same market without it.

Moves are signed so that positive is in the direction of the order; costs are positive for whoever
trades. Everything comes with Student intervals over seeds. The law that it is compared with is

.. math:: I(Q) = Y \\sigma_D (Q / V_D)^\\delta

with the day's volatility in bps and volume, an exponent of about 1/2 and Y of order 1 (B. Toth et
al., Physical Review X 1, 2011; Y. Sato and K. Kanazawa 2024, arXiv 2411.13965, measure 0.489).
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from lobsim.analytics.impact_runs import (FreeMids, Leg, Worked, daily_volatility_bps,
                                          needed_times, settled, slices_of, work)
from lobsim.market import Profile

BPS = 1e4
START_S = 36_000.0
DURATIONS_DURING = np.linspace(0.0, 1.0, 21)
DURATIONS_AFTER = np.array([1.05, 1.1, 1.2, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0])
"""When impact is looked at, in durations of the order."""
PROTOCOLS = ("participation", "duration")


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


@dataclass(frozen=True, eq=False)
class MetaorderImpact:
    """What one kind of order did, over n seeds; see :func:`inject_metaorder`.

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


def inject_metaorder(profile: str | Profile, seeds, *, side="buy", quantity: float,
                     duration_s: float | None = None, participation: float | None = None,
                     slices: int | None = None, start_s: float = START_S,
                     after: float = 5.0, style: str = "market", confidence: float = 0.95,
                     threads: int = 1) -> MetaorderImpact:
    """Inject one metaorder into the market of every seed, and follow what it does to the price.

    Parameters
    ----------
    profile : str or Profile
        Latency is taken out: it is the market that is measured.
    seeds : sequence of n ints
    side, quantity, slices, style
        As in `Leg`; a slice about every 15 s unless told.
    duration_s, participation : float
        One of them: how long it is worked, or its share of the average volume meanwhile.
    start_s : float
        Seconds after midnight.
    after : float
        How long to look on after the start, in durations; cut at the end of the day.
    confidence : float
    threads : int
        As in `MarketBatch`.

    Returns
    -------
    MetaorderImpact

    Raises
    ------
    ValueError
        When both or neither of duration and participation are given, or they leave the day.

    Examples
    --------
    >>> made = inject_metaorder("SPY", range(4), quantity=2000, duration_s=60, after=1.5)
    >>> bool(made.path()["mean_bps"].iloc[0] == 0.0)  # before the first slice
    True
    >>> list(made.costs().index)
    ['half_spread', 'walking', 'impact', 'free_move', 'shortfall', 'paired']
    """
    profile = settled(profile)
    duration_s = _duration_s(profile, quantity, duration_s, participation)
    leg = Leg(side, quantity, start_s, duration_s, slices or slices_of(duration_s), style)
    u = _grid(profile, leg, after)
    seeds = list(seeds)
    grid_s = start_s + u * duration_s
    free = FreeMids(profile, seeds, needed_times([leg], grid_s, start_s), start_s, threads)
    return _inject(profile, seeds, leg, u, free, confidence, threads)


def _duration_s(profile, quantity, duration_s, participation) -> float:
    if (duration_s is None) == (participation is None):
        raise ValueError(f"duration_s is {duration_s} and participation {participation}; give one "
                         f"of them")
    if duration_s is not None:
        return float(duration_s)
    if not 0 < participation <= 1:
        raise ValueError(f"participation is {participation}; it must lie in (0, 1]")
    day_s = profile.day_end_s - profile.day_start_s
    return float(quantity) / (participation * daily_volume_of(profile)) * day_s


def daily_volume_of(profile: Profile) -> float:
    """The profile's daily volume, or a ValueError when it has none."""
    if not profile.daily_volume > 0:
        raise ValueError(f"profile {profile.name} has no daily_volume; set it with with_changes")
    return profile.daily_volume


def _grid(profile, leg, after) -> np.ndarray:
    """When to look, in durations, as far as the day lasts."""
    u = np.concatenate([DURATIONS_DURING, DURATIONS_AFTER[DURATIONS_AFTER <= after]])
    return u[leg.start_s + u * leg.duration_s <= profile.day_end_s]


def _inject(profile, seeds, leg, u, free, confidence, threads) -> MetaorderImpact:
    """Run with the order, and compare with the free mids."""
    grid_s = leg.start_s + u * leg.duration_s
    worked = work(profile, seeds, [leg], grid_s, free, leg.start_s, threads)
    arrival = free.at([leg.start_s])
    paths = leg.side * (worked.mids - free.at(grid_s)) / arrival * BPS
    return MetaorderImpact(leg, confidence, u, grid_s, paths,
                           BPS * profile.tick_size / profile.start_price,
                           _costs_bps(worked, arrival[:, 0]), worked.traded)


def _costs_bps(worked: Worked, arrival) -> pd.DataFrame:
    with np.errstate(invalid="ignore"):
        unit = BPS / (worked.traded * arrival)
    table = pd.DataFrame({name: getattr(worked, name) * unit for name in
                          ("half_spread", "walking", "impact", "free_move")})
    table["shortfall"] = table.sum(axis=1, skipna=False)
    table["paired"] = table["shortfall"] - table["free_move"]
    return table


# -- impact against size -----------------------------------------------------------------------


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
class ImpactCurve:
    """Peak impact and cost against size, in one protocol; see :func:`impact_curve`.

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


def impact_curve(profile: str | Profile, seeds, shares=(2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2),
                 *, participation: float | None = None, duration_s: float | None = None,
                 side="buy", interval_s: float = 15.0, start_s: float = START_S,
                 after: float = 1.0, style: str = "market", sigma_bps: float | None = None,
                 confidence: float = 0.95, threads: int = 1) -> ImpactCurve:
    """Peak impact and cost of metaorders of several sizes, all on the same seeds.

    Parameters
    ----------
    profile : str or Profile
    seeds : sequence of n ints
    shares : sequence of float
        Sizes over the daily volume.
    participation, duration_s : float
        One of them. At a fixed participation the duration grows with size; at a fixed duration
        the rate of trading does. The two answer different questions: only a market in which
        impact depends on size alone gives the same exponent in both.
    side, interval_s, start_s, after, style, confidence, threads
        As in `inject_metaorder`.
    sigma_bps : float, optional
        Daily volatility for the prefactor; that of the profile's `Fundamental` unless given.

    Returns
    -------
    ImpactCurve
    """
    profile = settled(profile)
    volume = daily_volume_of(profile)
    sigma = daily_volatility_bps(profile) if sigma_bps is None else float(sigma_bps)
    legs = []
    for share in shares:
        lots = max(1, round(share * volume / profile.lot_size))
        quantity = lots * profile.lot_size
        length = _duration_s(profile, quantity, duration_s, participation)
        slices = min(slices_of(length, interval_s), lots)
        legs.append(Leg(side, quantity, start_s, length, slices, style))
    grids = [_grid(profile, leg, after) for leg in legs]
    seeds = list(seeds)
    times = np.concatenate([needed_times([leg], start_s + u * leg.duration_s, start_s)
                            for leg, u in zip(legs, grids)])
    free = FreeMids(profile, seeds, times, start_s, threads)
    runs = tuple(_inject(profile, seeds, leg, u, free, confidence, threads)
                 for leg, u in zip(legs, grids))
    sizes = np.array([leg.quantity for leg in legs]) / volume
    peaks = np.column_stack([run.peaks_bps for run in runs])
    costs = np.column_stack([run.costs_bps["impact"] for run in runs])
    protocol = PROTOCOLS[0] if duration_s is None else PROTOCOLS[1]
    value = participation if duration_s is None else duration_s
    return ImpactCurve(protocol, float(value), sizes, sigma, runs,
                       fit_power_law(sizes, peaks, confidence),
                       fit_power_law(sizes, costs, confidence))
