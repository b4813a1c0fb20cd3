"""Data for calibration from simulated markets: hung quotes, prices, injected orders."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.analytics.impact import inject_metaorder
from lobsim.analytics.impact_runs import settled
from lobsim.engine.units import Grid
from lobsim.market import MarketBatch, Profile
from lobsim.strategies.calibration import (
    FillIntensity,
    ImpactTerms,
    fill_rates,
    fit_fill_intensity,
    fit_impact,
)

__all__ = ["HungQuotes", "calibrate_impact", "hang_quotes", "sample_prices"]

_TOGETHER = 64  # markets of a batch


@dataclass(frozen=True, eq=False)
class HungQuotes:
    """Quotes that were hung out and watched; see `hang_quotes`.

    Attributes
    ----------
    table : DataFrame
        ``seed, side, distance_ticks`` (from the mid when it was posted), ``posted_s,
        exposure_s, filled``, one row per quote.
    """

    table: pd.DataFrame

    def fit(self) -> FillIntensity:
        """A (1 / s) and k (1 / tick), with errors that allow for fills of one seed together."""
        table = self.table
        clusters = table["seed"] if table["seed"].nunique() > 1 else None
        return fit_fill_intensity(table["distance_ticks"], table["exposure_s"], table["filled"],
                                  clusters)

    def rates(self, width_ticks: float = 1.0) -> pd.DataFrame:
        """Fill rates in bins of distance; see `lobsim.strategies.calibration.fill_rates`."""
        table = self.table
        return fill_rates(table["distance_ticks"], table["exposure_s"], table["filled"],
                          width_ticks)


def hang_quotes(profile: str | Profile, seeds, *, distances_ticks, size: float, window_s: float,
                start_s: float = 36_000.0, end_s: float = 39_600.0) -> HungQuotes:
    """Post a bid and an ask at stated distances, watch them for a while, cancel, and again.

    The quotes are real: they wait at the back of the queue at their price. Every quote is
    complete when its whole size is traded. In every window one distance is tried, in turn, a
    different one on each seed.

    Parameters
    ----------
    profile : str or Profile
        Latency is taken out.
    seeds : sequence of int
    distances_ticks : sequence of float
        From the mid, >= 0; prices are rounded away from it, and the true distance is kept.
    size : float
        In the profile's unit.
    window_s : float
        Longest exposure. Short against the time in which the mid moves a tick or two, else the
        distance means little.
    start_s, end_s : float
        Seconds after midnight.

    Returns
    -------
    HungQuotes
    """
    profile, seeds = settled(profile), list(seeds)
    distances = np.asarray(distances_ticks, dtype=float)
    if distances.ndim != 1 or len(distances) == 0 or not (distances >= 0).all():
        raise ValueError(f"distances_ticks is {distances_ticks}; they must not be negative")
    if not 0 < window_s <= end_s - start_s:
        raise ValueError(f"window_s is {window_s}; it must be above 0 and fit into "
                         f"{start_s} to {end_s} s")
    tables = [_hang(profile, seeds[at:at + _TOGETHER], at, distances, size, window_s, start_s,
                    end_s)
              for at in range(0, len(seeds), _TOGETHER)]
    return HungQuotes(pd.concat(tables, ignore_index=True))


def _hang(profile, seeds, offset, distances, size, window_s, start_s, end_s) -> pd.DataFrame:
    """`hang_quotes` for one batch."""
    batch = MarketBatch(profile, seeds, start_s, end_s)
    grid = Grid(profile.tick_size, "tick_size")
    posted = []
    for window in range(int((end_s - start_s) / window_s + 1e-9)):
        now = start_s + window * window_s
        batch.advance(now)
        for market in batch:
            market.cancel_all()
        mid = batch.mid / profile.tick_size
        bid, ask = batch.best_bid / profile.tick_size, batch.best_ask / profile.tick_size
        which = distances[(np.arange(len(seeds)) + offset + window) % len(distances)]
        for side in (1, -1):
            ticks = -side * np.ceil(-side * (mid - side * which) - 1e-9)
            far = side * (np.where(side > 0, ask, bid) - ticks) > 0.5  # would not trade at once
            rows = np.flatnonzero(np.isfinite(mid) & far)
            if len(rows) == 0:
                continue
            prices = [grid.value(int(round(t))) for t in ticks[rows]]
            ids = batch.submit(rows, side, size, prices)
            posted.append(pd.DataFrame({
                "row": rows, "order_id": ids, "side": side, "posted_s": now,
                "distance_ticks": side * (mid[rows] - ticks[rows])}))
    batch.advance(min(now + window_s, end_s))
    table = pd.concat(posted, ignore_index=True)
    fills = [market.own_fills.assign(row=i) for i, market in enumerate(batch)]
    done = pd.concat(fills).groupby(["row", "order_id"]).agg(
        done=("size", "sum"), filled_s=("time_s", "max"))
    table = table.join(done, on=["row", "order_id"])
    table["filled"] = table["done"].fillna(0.0) >= size - 0.5 * profile.lot_size
    # A fill in the nanosecond of posting would be an exposure of nothing.
    waited = (table["filled_s"] - table["posted_s"]).clip(lower=1e-6)
    table["exposure_s"] = waited.where(table["filled"], window_s).clip(upper=window_s)
    table["seed"] = np.asarray(seeds)[table["row"]]
    return table[["seed", "side", "distance_ticks", "posted_s", "exposure_s", "filled"]]


def sample_prices(profile: str | Profile, seeds, *, interval_s: float = 1.0,
                  kind: str = "weighted", start_s: float = 36_000.0,
                  end_s: float = 39_600.0) -> np.ndarray:
    """Prices of untouched markets at equal distances, for `fit_volatility`.

    Parameters
    ----------
    profile : str or Profile
    seeds : sequence of n ints
    interval_s : float
    kind : str
        "mid", or "weighted": the mid weighted with the sizes of the opposite sides, the simplest
        micro-price.
    start_s, end_s : float

    Returns
    -------
    ndarray, shape (n, m)
        Currency; NaN while a side is empty.
    """
    if kind not in ("mid", "weighted"):
        raise ValueError(f"kind is {kind!r}; allowed are 'mid' and 'weighted'")
    if not 0 < interval_s <= end_s - start_s:
        raise ValueError(f"interval_s is {interval_s}; it must be above 0 and fit into "
                         f"{start_s} to {end_s} s")
    seeds = list(seeds)
    times = start_s + interval_s * np.arange(int((end_s - start_s) / interval_s + 1e-9) + 1)
    prices = np.empty((len(seeds), len(times)))
    for at in range(0, len(seeds), _TOGETHER):
        some = seeds[at:at + _TOGETHER]
        batch = MarketBatch(settled(profile), some, start_s, end_s)
        for k, time_s in enumerate(times):
            batch.advance(time_s)
            if kind == "mid":
                now = batch.mid
            else:
                bids, asks = batch.best_sizes()
                with np.errstate(invalid="ignore"):
                    share = bids / (bids + asks)
                now = share * batch.best_ask + (1 - share) * batch.best_bid
            prices[at:at + len(some), k] = now
    return prices


def calibrate_impact(profile: str | Profile, seeds, *, quantity: float, durations_s,
                     horizon_s: float, interval_s: float = 15.0, start_s: float = 36_000.0,
                     threads: int = 1) -> ImpactTerms:
    """Linear impact for Almgren and Chriss, by injecting one order at several speeds.

    Parameters
    ----------
    profile : str or Profile
    seeds : sequence of int
    quantity : float
        About what is to be traded: real impact is not linear, so terms hold near it.
    durations_s : sequence of float
        At least two, about as fast as it may be traded.
    horizon_s : float
        What the fastest order's impact still is after this time counts as permanent: what decays
        more slowly than the order is worked cannot be told from it.
    interval_s : float
        Between the slices of the injected orders.
    start_s : float
    threads : int

    Returns
    -------
    ImpactTerms
        In currency at the profile's start price.
    """
    seeds, price = list(seeds), settled(profile).start_price
    durations = [float(one) for one in durations_s]
    runs = []
    for duration in durations:
        runs.append(inject_metaorder(
            profile, seeds, side="buy", quantity=quantity, duration_s=duration,
            slices=max(1, round(duration / interval_s)), start_s=start_s,
            after=max(1.0, horizon_s / duration) if duration == min(durations) else 1.0,
            threads=threads))
    fastest = runs[int(np.argmin(durations))]
    last = int(np.argmin(abs(fastest.u * fastest.leg.duration_s - horizon_s)))
    unit = price * 1e-4
    costs = np.column_stack([run.costs_bps["paired"] * unit for run in runs])
    spreads = np.mean([run.costs_bps["half_spread"].to_numpy() for run in runs], axis=0) * unit
    return fit_impact(quantity, durations, costs, fastest.paths_bps[:, last] * unit, spreads)
