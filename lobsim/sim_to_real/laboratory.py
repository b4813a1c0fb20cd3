"""The simulator with its switches: days with any gaps, and what each gap changes in what is seen.

A `Laboratory` plays the same policy on the same seeds with any switches on, so that two settings
differ by the switches alone and not by luck (common random numbers). `learn_responses` turns each
switch a little, one at a time, and keeps how every measurement of a day
(`lobsim.sim_to_real.day_measures`) answers: the fingerprint of that gap.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.sim_to_real.day_measures import MEASURES, measure_day
from lobsim.sim_to_real.day_record import DayRecord, play_day
from lobsim.sim_to_real.gaps import GAPS, Gap, as_gaps
from lobsim.sim_to_real.venue import VenueDay

__all__ = ["COST", "Laboratory", "Response", "Responses", "learn_responses"]

COST = "cost_bps"
"""Column beside the measurements: the day's shortfall."""


class Laboratory:
    """A policy, its settings and seeds: days of the simulator with any gaps.

    Parameters
    ----------
    settings : ExecutionSettings
        Of the training environment, with one time of arrival. With side "random" each seed has
        the side that it has in training: only who both buys and sells can tell the market's
        trend from its own impact.
    policy : callable
        As in `lobsim.sim_to_real.run_live`; it must not remember earlier days.
    seeds : sequence of int
        Of the markets.
    look_s : float
        Seconds between two published books.

    Raises
    ------
    ValueError
        For settings that leave the time to chance, or seeds that are none or there twice.
    """

    def __init__(self, settings: ExecutionSettings, policy: Callable, seeds: Sequence[int], *,
                 look_s: float = 1.0):
        self.seeds = tuple(int(seed) for seed in seeds)
        if settings.starts_s[0] != settings.starts_s[1] or settings.randomise is not None:
            raise ValueError("the settings leave start_s or the market to chance; a laboratory "
                             "needs one of each")
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"seeds are {self.seeds}; there must be some, each once")
        self.settings, self.policy, self.look_s = settings, policy, look_s
        self._known: dict[tuple, pd.DataFrame] = {}

    def day(self, gaps: Iterable, seed: int) -> VenueDay:
        """The venue's day of one seed, as long as the order's horizon."""
        settings = self.settings
        start_s = settings.starts_s[0]
        return VenueDay(settings.base, seed, start_s, start_s + settings.horizon_s, self.look_s,
                        5 + 3 * settings.depth_levels, as_gaps(gaps))

    def play(self, gaps: Iterable = (), seeds: Sequence[int] | None = None, *,
             label: str = "training") -> list[DayRecord]:
        """Recorded days, one for each seed.

        Parameters
        ----------
        gaps : iterable
            As in `lobsim.sim_to_real.as_gaps`.
        seeds : sequence of int, optional
            Default: those of the laboratory.
        label : str
            "training" or "live", for the logs.
        """
        gaps = as_gaps(gaps)
        return [play_day(self.day(gaps, seed), self.settings, self.policy, label=label, episode=k,
                         side=self.settings.draw(int(seed)).side)
                for k, seed in enumerate(self.seeds if seeds is None else seeds)]

    def measured(self, gaps: Iterable = (), seeds: Sequence[int] | None = None) -> pd.DataFrame:
        """Measurements and cost of such days, a row a seed; played once and remembered."""
        seeds = self.seeds if seeds is None else tuple(int(seed) for seed in seeds)
        gaps = tuple(sorted((gap for gap in as_gaps(gaps) if gap.size), key=lambda g: g.name))
        if (gaps, seeds) not in self._known:
            rows = []
            for seed in seeds:  # one by one: the record of a day is large
                record, = self.play(gaps, [seed])
                rows.append(self.measure(record))
            self._known[gaps, seeds] = pd.DataFrame(rows, columns=[*MEASURES, COST])
        return self._known[gaps, seeds]

    def measure(self, record: DayRecord) -> dict[str, float]:
        """Measurements of any day of this policy, and its cost."""
        return measure_day(record, self.settings.base) | {COST: record.cost_bps}


@dataclass(frozen=True, eq=False)
class Response:
    """How measurements answer to one gap.

    Attributes
    ----------
    gap : str
    sizes : ndarray, shape (k,)
        At which the simulator was looked at, rising, > 0.
    mean : ndarray, shape (k, m)
        Mean change of each measurement over the days, paired by seed.
    spread : ndarray, shape (k, m)
        Standard deviation of that change from day to day.
    cost : ndarray, shape (k, days)
        Change of the cost of each day, bps.
    """

    gap: str
    sizes: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    cost: np.ndarray

    def at(self, size: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean and spread of the change at a size: straight lines from 0 through the sizes known.

        Beyond the last one the last line goes on; a negative size (of a trend) changes the sign.
        """
        knots = np.concatenate([[0.0], self.sizes])
        low = min(int(np.searchsorted(knots, abs(size), "right")) - 1, len(knots) - 2)
        share = (abs(size) - knots[low]) / (knots[low + 1] - knots[low])
        found = []
        for table in (self.mean, self.spread):
            rows = np.vstack([np.zeros(table.shape[1]), table])
            found.append(rows[low] + share * (rows[low + 1] - rows[low]))
        return np.sign(size) * found[0], np.abs(found[1])


@dataclass(frozen=True, eq=False)
class Responses:
    """The fingerprints of all gaps.

    Attributes
    ----------
    base : DataFrame
        Measurements and cost of days without a gap, a row a day: what luck alone does.
    by_gap : dict of str to Response
    days : int
        Days of each response.
    """

    base: pd.DataFrame
    by_gap: dict[str, Response] = field(default_factory=dict)
    days: int = 0


def learn_responses(laboratory: Laboratory, *, gaps: Iterable[str] = GAPS,
                    sizes: Sequence[float] = (1.0, 2.0), base_seeds: Sequence[int] | None = None
                    ) -> Responses:
    """Turn each switch of the simulator by itself and measure what changes.

    Parameters
    ----------
    laboratory : Laboratory
    gaps : iterable of str
        Names of the gaps to learn.
    sizes : sequence of float
        > 0, rising.
    base_seeds : sequence of int, optional
        More days without a gap than the laboratory has: they cost one run each, and how much the
        measurements vary by luck is known by them alone. Default: the laboratory's.

    Returns
    -------
    Responses
    """
    sizes = np.asarray(sizes, dtype=float)
    if not len(sizes) or (np.diff(sizes, prepend=0.0) <= 0).any():
        raise ValueError(f"sizes are {sizes.tolist()}; they must be positive and rise")
    usual = laboratory.measured()
    base = usual if base_seeds is None else laboratory.measured((), base_seeds)
    found = {}
    for name in gaps:
        tables = [laboratory.measured([Gap(name, size)]) - usual for size in sizes]
        found[name] = Response(
            name, sizes, np.array([_still(table[[*MEASURES]].mean()) for table in tables]),
            np.array([_still(table[[*MEASURES]].std()) for table in tables]),
            np.array([table[COST] for table in tables]))
    return Responses(base, found, len(usual))


def _still(values: pd.Series) -> np.ndarray:
    """A measurement that no day holds does not answer."""
    return values.fillna(0.0).to_numpy()
