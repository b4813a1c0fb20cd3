"""Round trips: buy and sell the same quantity; what is left tells whether a market can be pumped.

A market in which some round trip gains on average pays for being manipulated (Huberman and Stanzl
2004; Gatheral 2010). Results are gains: positive is money made, fees left out unless asked for.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.analytics.impact import BPS, START_S
from lobsim.analytics.impact_results import RoundTrip
from lobsim.analytics.impact_runs import FreeMids, Leg, needed_times, settled, slices_of, work
from lobsim.market import Profile

__all__ = ["RoundTrip", "Trip", "manipulations", "round_trip", "search_manipulation"]


@dataclass(frozen=True)
class Trip:
    """How a round trip is traded: two legs one after the other.

    Parameters
    ----------
    name : str
    first_s, second_s : float
        Durations of the legs, in seconds.
    pause_s : float
        Between them.
    first_slices, second_slices : int, optional
        A slice about every 15 s unless told.
    first_style, second_style : str
        As in `Leg`.
    """

    name: str
    first_s: float
    second_s: float
    pause_s: float = 0.0
    first_slices: int | None = None
    second_slices: int | None = None
    first_style: str = "market"
    second_style: str = "market"

    def legs(self, quantity: float, first_side: int, start_s: float) -> tuple[Leg, Leg]:
        """The two legs of a trip that begins at a time."""
        first = Leg(first_side, quantity, start_s, self.first_s,
                    self.first_slices or slices_of(self.first_s), self.first_style)
        second = Leg(-first_side, quantity, first.end_s + self.pause_s, self.second_s,
                     self.second_slices or slices_of(self.second_s), self.second_style,
                     closes=True)
        return first, second


def manipulations(duration_s: float = 900.0) -> tuple[Trip, ...]:
    """Round trips by which a naive model of impact can be pumped, around one length in seconds.

    Each answers one way to go wrong: impact that is concave in the rate (slow one way, at once the
    other), in single orders (many small, one big), impact that takers have and resting orders do
    not (pump, then sell at the quote), or that comes late or leaves too slowly (with a pause).
    """
    d = duration_s
    short = d / 15
    return (
        Trip("even", d, d),
        Trip("even, after a pause", d, d, d),
        Trip("quick both ways", short, short),
        Trip("slow, then at once", d, 1.0, second_slices=1),
        Trip("slow, then quick", d, short),
        Trip("at once, then slow", 1.0, d, first_slices=1),
        Trip("at once, pause, at once", 1.0, 1.0, short, 1, 1),
        Trip("many small, then one big", d, d, first_slices=math.ceil(d), second_slices=1),
        Trip("one big, then many small", d, d, first_slices=1, second_slices=math.ceil(d)),
        Trip("pump at once, then rest at the quote", 1.0, d, 0.0, 1, second_style="passive"),
        Trip("pump, then rest at the quote", short, d, second_style="passive"),
        Trip("pump slowly, then rest at the quote", d, d, second_style="passive"),
        Trip("rest at the quote, then dump", d, short, first_style="passive"),
    )


def round_trip(profile: str | Profile, seeds, quantity: float, trip: Trip | None = None, *,
               duration_s: float = 900.0, first_side: int = 1, start_s: float = START_S,
               with_fees: bool = False, confidence: float = 0.95, threads: int = 1) -> RoundTrip:
    """Buy a quantity and sell it again in the market of every seed.

    Parameters
    ----------
    profile : str or Profile
    seeds : sequence of n ints
    quantity : float
    trip : Trip, optional
        Equal even schedules of `duration_s` unless told.
    first_side : int
        -1 sells first.
    start_s : float
    with_fees : bool
        Whether the venue's fees and rebates count.
    confidence : float
    threads : int

    Returns
    -------
    RoundTrip
        A position that could not be closed is valued at the last mid.

    Examples
    --------
    >>> made = round_trip("SPY", range(4), 2000, duration_s=60)
    >>> made.mean_bps < 0
    True
    """
    trip = trip or Trip("even", duration_s, duration_s)
    return _trips(settled(profile), list(seeds), quantity, [trip], first_side, start_s, with_fees,
                  confidence, threads)[0]


def search_manipulation(profile: str | Profile, seeds, quantity: float, trips=None, *,
                        duration_s: float = 900.0, start_s: float = START_S,
                        with_fees: bool = False, confidence: float = 0.95,
                        threads: int = 1) -> tuple[pd.DataFrame, list[RoundTrip]]:
    """Try many round trips on the same seeds and report them, the best first.

    Parameters
    ----------
    profile, seeds, quantity, duration_s, start_s, with_fees, threads
        As in `round_trip`.
    trips : sequence of Trip, optional
        :func:`manipulations` of the duration unless told.
    confidence : float
        Of *all* intervals together: each is widened for the number of trips (Bonferroni), since
        the best of many looks good by chance.

    Returns
    -------
    table : DataFrame
        ``trip, mean_bps, ci_low_bps, ci_high_bps, gains`` (share of seeds that gained), the best
        first.
    trips : list of RoundTrip
        In the same order.
    """
    trips = list(manipulations(duration_s) if trips is None else trips)
    each = 1 - (1 - confidence) / len(trips)
    made = _trips(settled(profile), list(seeds), quantity, trips, 1, start_s, with_fees, each,
                  threads)
    made.sort(key=lambda done: -done.mean_bps)
    rows = [(done.trip.name, done.mean_bps, *done.interval_bps, float((done.gains_bps > 0).mean()))
            for done in made]
    return pd.DataFrame(rows, columns=["trip", "mean_bps", "ci_low_bps", "ci_high_bps",
                                       "gains"]), made


def _trips(profile, seeds, quantity, trips, first_side, start_s, with_fees, confidence,
           threads) -> list[RoundTrip]:
    """Run trips on the same seeds; the untouched markets are run once for all."""
    legs = [trip.legs(quantity, first_side, start_s) for trip in trips]
    ends = [[pair[1].end_s] for pair in legs]
    times = np.concatenate([needed_times(pair, end, start_s) for pair, end in zip(legs, ends)])
    free = FreeMids(profile, seeds, times, start_s, threads)
    unit = BPS / (quantity * free.at([start_s])[:, 0])
    found = []
    for trip, pair, end in zip(trips, legs, ends):
        # The price after the last slice values what could not be closed.
        worked = work(profile, seeds, pair, end, free, start_s, threads)
        gains = worked.cash + worked.position * worked.mids[:, -1]
        if with_fees:
            gains = gains - worked.fees
        found.append(RoundTrip(trip, quantity, gains * unit, (gains - worked.planned) * unit,
                               confidence))
    return found
