"""The flows that the message model stands beside: fitted to the days that it learned from."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from lobsim.market import Market, Profile
from lobsim.market.calibrate import calibrate
from lobsim.market.parts import (Fundamental, Hidden, Impact, Makers, Metaorders, Predator, Takers,
                                 VolumeCurve, ZeroIntelligence)
from lobsim.market.profiles import profiles
from lobsim.orderflow_ai.flow_days import END_S, LEARN, PROFILE, START_S, recorded_day

FITTED = {"Poisson": "zero_intelligence", "Hawkes": "hawkes", "queue-reactive": "queue_reactive"}
"""The simulator's own models of flow, and what `calibrate` calls them."""
BARE = "held-out, without Impact"
"""The same, but that own orders move nobody's mind: `Impact` acts on own orders alone."""
TRUE, OTHERS, LEARNED = "held-out", "held-out, other days", "learned"
"""The market that was learned from, on days not learned from: twice, to tell what chance does."""
REAL_STEPS = 400
"""Of training on a real day."""
_CROWD = (ZeroIntelligence, Takers, Fundamental, Makers, Impact, Hidden, Metaorders, Predator,
          VolumeCurve)


def fitted_profiles(fit_s: float) -> dict[str, Profile]:
    """A profile of each fitted model: the venue of the true one, another crowd."""
    kept = recorded_day(LEARN[0], START_S + fit_s)
    venue = profiles[PROFILE].without(*_CROWD)
    return {name: venue.with_parts(*calibrate(model, kept.messages, kept.initial).parts)
            for name, model in FITTED.items()}


def flow_makers(fit_s: float, end_s: float = END_S, model=None, record: bool = False,
                ) -> dict[str, Callable[[int], Market]]:
    """For each flow, what makes a market of a seed: the true one, the learned one, the fitted."""
    made = {TRUE: dict(profile=PROFILE), LEARNED: dict(profile=PROFILE, flow=model or "learned")}
    made |= {name: dict(profile=one) for name, one in fitted_profiles(fit_s).items()}

    def maker(settings):
        return lambda seed: Market(seed=seed, start_s=START_S, end_s=end_s, record=record,
                                   **settings)

    return {name: maker(settings) for name, settings in made.items()}


def mean_interval(values) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and 95 % interval over independent values (Student's t), shape (n, ...)."""
    values = np.asarray(values, float)
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    mean = values.mean(axis=0)
    return mean, mean - half, mean + half
