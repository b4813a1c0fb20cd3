"""Impact measured by experiment: inject an order, and compare with the same market without it.

Moves are signed so that positive is in the direction of the order; costs are positive for whoever
trades. Everything comes with Student intervals over seeds. The law that it is compared with is

.. math:: I(Q) = Y \\sigma_D (Q / V_D)^\\delta

with the day's volatility in bps and volume, an exponent of about 1/2 and Y of order 1 (B. Toth et
al., Physical Review X 1, 2011; Y. Sato and K. Kanazawa 2024, arXiv 2411.13965, measure 0.489).
"""

import numpy as np
import pandas as pd

from lobsim.analytics.impact_results import (ImpactCurve, MetaorderImpact, PowerLaw,
                                             fit_power_law, mean_interval, ratio_interval,
                                             relaxation_law)
from lobsim.analytics.impact_runs import (FreeMids, Leg, Worked, daily_volatility_bps,
                                          needed_times, settled, slices_of, work)
from lobsim.market import Profile

__all__ = ["ImpactCurve", "MetaorderImpact", "PowerLaw", "fit_power_law", "impact_curve",
           "inject_metaorder", "mean_interval", "ratio_interval", "relaxation_law"]

BPS = 1e4
START_S = 36_000.0
DURATIONS_DURING = np.linspace(0.0, 1.0, 21)
DURATIONS_AFTER = np.array([1.05, 1.1, 1.2, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0])
"""When impact is looked at, in durations of the order."""
PROTOCOLS = ("participation", "duration")


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
