"""Live days by the hundred: the same days as at the venue, without its messages.

A venue tells and asks in lines of text, and a day of ten minutes takes a quarter of a second. Where
the venue differs from the training market in its market alone, and nothing is late, all that passes
between it and a trader is what the environment's kernel computes; so the kernel can play the day,
many days side by side, some twenty times as fast. What comes out is that of
`lobsim.sim_to_real.LiveDesk`, bit for bit (tested): the market is the live one, and observations
are scaled by the training market, in which the trader believes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.envs import execution_layout as at
from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.envs.seeding import episode_seeds
from lobsim.market.parts import Latency
from lobsim.sim_to_real.gaps import Rules, as_gaps, with_gaps

__all__ = ["QuickDesk"]

_SCALES = (at.X_SIGMA_STEP, at.X_SIGMA_ALL, at.X_DEPTH, at.X_VOLUME)
_SIDE_BY_SIDE = 64
_SHORTFALL = ("execution", "impact", "exogenous", "fees")
_AGAINST = ("execution", "fees", "off_schedule")


class _LiveCore(ExecutionCore):
    """Episodes in a live market for a trader who believes in the training market."""

    def __init__(self, count: int, settings: ExecutionSettings, live):
        super().__init__(count, settings)
        self._live = live

    def open(self, rows, seeds, outcome) -> None:
        """Start new episodes, of the live market."""
        drawn, live = self.settings, self._live

        class _Drawn:
            def __getattr__(self, name):
                return getattr(drawn, name)

            def draw(self, seed):
                return drawn.draw(seed)._replace(profile=live)

        self.settings = _Drawn()
        try:
            super().open(rows, seeds, outcome)
        finally:
            self.settings = drawn

    def measured(self, profile, start_s):
        """Fees of the live market; scales and schedule of the training market."""
        real, _ = super().measured(profile, start_s)
        believed, schedule = super().measured(self.settings.base, start_s)
        real[list(_SCALES)] = believed[list(_SCALES)]
        return real, schedule


@dataclass
class QuickDesk:
    """A `LiveDesk` for venues that differ in their market alone, without delays.

    Parameters
    ----------
    settings, gaps, seed, lived
        As in `lobsim.sim_to_real.LiveDesk`: the same days.

    Raises
    ------
    ValueError
        When a gap is one of delays, or of the venue around the market.

    Examples
    --------
    >>> settings = ExecutionSettings(quantity=100, horizon_s=60, interval_s=20, actions="pace")
    >>> desk = QuickDesk(settings, ["fees"], seed=3)
    >>> days, _ = desk.work(lambda seen: np.zeros((len(seen), 1)), 2)
    >>> days["left"].tolist(), desk.lived
    ([0, 0], 2)
    """

    settings: ExecutionSettings
    gaps: Iterable = ()
    seed: int = 0
    lived: int = 0

    def __post_init__(self):
        self.gaps = as_gaps(self.gaps)
        self._live, rules = with_gaps(self.settings.base, self.gaps)
        late = self._live.part(Latency)
        if rules != Rules() or (late is not None and late != Latency()):
            raise ValueError(f"the gaps {[gap.name for gap in self.gaps]} are not of the market "
                             f"alone, or something is late; take a LiveDesk")

    def work(self, policy: Callable, days: int) -> tuple[pd.DataFrame, None]:
        """As `LiveDesk.work`, without a log."""
        return self._worked(policy, self._next(days))[0], None

    def decisions(self, policy: Callable, days: int) -> dict[str, np.ndarray]:
        """As `LiveDesk.decisions`."""
        return self._worked(policy, self._next(days))[1]

    def again(self, policy: Callable, days: Iterable[int]) -> tuple[pd.DataFrame, None]:
        """As `LiveDesk.again`."""
        return self._worked(policy, list(days))[0], None

    def _next(self, days: int) -> range:
        if days != int(days) or days < 1:
            raise ValueError(f"days is {days}; it must be a whole number above 0")
        first, self.lived = self.lived, self.lived + int(days)
        return range(first, self.lived)

    def _worked(self, policy, numbers) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
        tables, parts = [], []
        for begun in range(0, len(numbers), _SIDE_BY_SIDE):
            table, part = self._block(policy, np.asarray(numbers[begun:begun + _SIDE_BY_SIDE]))
            tables.append(table)
            parts.append(part)
        return (pd.concat(tables, ignore_index=True),
                {name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    def _block(self, policy, numbers) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
        """Some days side by side."""
        seeds = [int(episode_seeds(self.seed, int(number), 1)[0]) for number in numbers]
        core = _LiveCore(len(seeds), self.settings, self._live)
        outcome = core.fresh()
        core.open(range(len(seeds)), seeds, outcome)
        column = {name: core.names.index(f"{name}_step_bps")
                  for name in (*_SHORTFALL, "off_schedule")}
        shortfall, rows = np.zeros(len(seeds)), []
        while core.alive.any():
            running, seen = core.alive, outcome.seen.copy()
            step = core.step_number.copy()
            actions = np.asarray(policy(seen))
            outcome = core.step(actions)
            told = {name: outcome.info[:, k] for name, k in column.items()}
            shortfall[running] += sum(told[name] for name in _SHORTFALL)[running]
            rows.append({"seen": seen[running], "actions": actions[running],
                         "costs": sum(told[name] for name in _AGAINST)[running],
                         "episode": numbers[running], "step": step[running]})
        lived = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
        order = np.lexsort([lived["step"], lived["episode"]])
        lived = {name: values[order] for name, values in lived.items()}
        against = pd.Series(lived["costs"]).groupby(lived["episode"]).sum()
        return pd.DataFrame({
            "day": numbers, "seed": seeds, "shortfall_bps": shortfall,
            "schedule_bps": against[numbers].to_numpy(), "filled": core.filled_lots,
            "left": core.quantity_lots - core.filled_lots}), lived
