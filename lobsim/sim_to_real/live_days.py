r"""Live days one after the other: a policy works one parent order a day, and every day is new.

What a day cost is told in two ways. The shortfall is what it came to. Most of its spread is the
price of the day, which is no doing of the policy. The cost *against the schedule*,

.. math:: c = \sum_k \bigl( e_k + f_k + s\,(x_k - \bar x_k)(M_{k+1} - M_k) \bigr)

with fills against the mid after the step :math:`e`, fees :math:`f`, what is left :math:`x`, what
the schedule would have left :math:`\bar x` and the mid M, is the shortfall less the move of what
the schedule had left, :math:`\sum_k s \bar x_k (M_{k+1} - M_k)`. That is the same for every policy
on one day, but for what its own trades do to the mid; it takes most of the noise with it, and the
trader can work it out from the own log alone. So two policies can be compared on *different* days,
as they must be live, where each day is lived once. It is the reward ``"against_schedule"`` of
training (`lobsim.envs.rewards`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.analytics._checks import side_sign
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.envs.seeding import episode_seeds
from lobsim.sim_to_real.gaps import as_gaps
from lobsim.sim_to_real.links import embedded
from lobsim.sim_to_real.live_run import LiveDay, run_live
from lobsim.sim_to_real.logs import Recorder, day_table
from lobsim.sim_to_real.venue import VenueDay

__all__ = ["LiveDesk", "against_schedule", "schedule_policy"]

_AFTER_S = 30.0  # of the venue's day behind the order's time, for the last answers


def schedule_policy(seen) -> np.ndarray:
    """The fallback: the schedule itself, of an environment whose actions are ``"pace"``.

    A shift of 0 rests what is due within a slice and crosses what was due a slice before; it looks
    at nothing.

    Examples
    --------
    >>> schedule_policy(np.ones((2, 18))).tolist()
    [[0.0], [0.0]]
    """
    return np.zeros((len(seen), 1), np.float32)


def against_schedule(live: LiveDay, settings: ExecutionSettings, start_s: float) -> np.ndarray:
    """Cost of each decision against the schedule, bps; its sum is that of the day.

    Parameters
    ----------
    live : LiveDay
    settings : ExecutionSettings
    start_s : float

    Returns
    -------
    ndarray, shape (decisions,)
    """
    lots = live.filled + live.left
    scheduled = 1.0 - settings.shares_due(settings.base, start_s)
    found = []
    for one in live.decisions:
        left = 1.0 - one.filled / lots
        ahead = 1.0 - scheduled[one.step] / left if left > 0 else 0.0
        found.append(one.terms["execution"] + one.terms["fees"] + ahead * one.terms["revaluation"])
    return np.array(found)


@dataclass
class LiveDesk:
    """A desk at the live venue, where every day is lived once.

    Parameters
    ----------
    settings : ExecutionSettings
        Of the training environment; one side, one start.
    gaps : iterable
        How the venue differs, `lobsim.sim_to_real.as_gaps`.
    seed : int
        Of the days: day k is ``episode_seeds(seed, k, 1)``.

    Attributes
    ----------
    lived : int
        Days so far.

    Examples
    --------
    >>> settings = ExecutionSettings(quantity=100, horizon_s=60, interval_s=20, actions="pace")
    >>> desk = LiveDesk(settings, ["fees"], seed=3)
    >>> days, log = desk.work(schedule_policy, 1)
    >>> days["left"].tolist(), desk.lived
    ([0], 1)
    """

    settings: ExecutionSettings
    gaps: Iterable = ()
    seed: int = 0
    lived: int = 0

    def __post_init__(self):
        settings = self.settings
        self.gaps = as_gaps(self.gaps)
        start_s, latest_s = settings.starts_s
        if settings.side == "random" or start_s != latest_s:
            raise ValueError(f"side is {settings.side!r} and start_s {settings.start_s!r}; a desk "
                             f"needs one side and one time")

    def work(self, policy: Callable, days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Work one parent order on each of the next days.

        Parameters
        ----------
        policy : callable
            As in `lobsim.sim_to_real.run_live`.
        days : int
            At least 1.

        Returns
        -------
        DataFrame, DataFrame
            A row a day: ``day, seed, shortfall_bps, schedule_bps`` (against the schedule),
            ``filled, left`` (lots). And their log (`lobsim.sim_to_real.logs`), with the day as
            ``episode``.
        """
        if days != int(days) or days < 1:
            raise ValueError(f"days is {days}; it must be a whole number above 0")
        first, self.lived = self.lived, self.lived + int(days)
        return self._worked(policy, range(first, self.lived))

    def decisions(self, policy: Callable, days: int) -> dict[str, np.ndarray]:
        """The next days as a learner wants them: `lobsim.sim_to_real.policy_update.decisions_of`.
        """
        from lobsim.sim_to_real.policy_update import decisions_of

        return decisions_of(self.work(policy, days)[1], self.settings)

    def again(self, policy: Callable, days: Iterable[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What another policy would have done on days by number: for a laboratory alone.

        No desk can live a day twice. With it policies are paired by day, to measure what cannot be
        known live.
        """
        return self._worked(policy, list(days))

    def _worked(self, policy, numbers) -> tuple[pd.DataFrame, pd.DataFrame]:
        settings = self.settings
        side, start_s = side_sign(settings.side), settings.starts_s[0]
        rows, logs = [], []
        for number in numbers:
            seed = int(episode_seeds(self.seed, number, 1)[0])
            client, _ = embedded(VenueDay(
                settings.profile, seed, start_s, start_s + settings.horizon_s + _AFTER_S,
                look_s=min(1.0, settings.interval_s), levels=5 + 3 * settings.depth_levels,
                gaps=self.gaps, parts=settings.parts))
            recorder = Recorder(client)
            live = run_live(client, settings, policy, side=side, start_s=start_s)
            rows.append({"day": number, "seed": seed, "shortfall_bps": live.shortfall_bps,
                         "schedule_bps": float(against_schedule(live, settings, start_s).sum()),
                         "filled": live.filled, "left": live.left})
            logs.append(day_table(recorder, live, settings, episode=number))
        return pd.DataFrame(rows), pd.concat(logs, ignore_index=True)
