"""Hand-written rules for `lobsim.envs.evaluate`: what a trained agent has to be better than.

A rule speaks in orders (``actions="orders"``): lots to cross, ticks better than the own best, lots
to rest (-1 keeps what rests). It acts for many episodes at once. The schedules are those of
`lobsim.strategies`, and so are their costs on the same seeds (tested).
"""

from typing import Protocol

import numpy as np

from lobsim.envs.execution_core import ExecutionCore, Outcome
from lobsim.envs.execution_rules import KEEP

__all__ = ["AlmgrenChrissRule", "AtOnceRule", "PassiveTWAPRule", "POVRule", "Rule", "ScheduleRule",
           "TWAPRule", "VWAPRule", "default_rules"]


class Rule(Protocol):
    """What `evaluate` needs of a hand-written rule."""

    def reset(self, core: ExecutionCore) -> None:
        """Take new orders, one for each row of the core."""

    def act(self, core: ExecutionCore, outcome: Outcome) -> np.ndarray:
        """Lots to cross, offset in ticks, lots to rest; shape (N, 3)."""


class AtOnceRule:
    """Everything by one market order; what the book could not give is asked for again."""

    def reset(self, core):
        """Nothing to prepare."""

    def act(self, core, outcome):
        """Cross what is left."""
        left = core.quantity_lots - core.filled_lots
        return np.stack([left, np.zeros(len(core)), np.full(len(core), KEEP)], axis=1)


class ScheduleRule:
    """Market orders along a curve of shares: each slice is crossed when it begins.

    Parameters
    ----------
    slice_s : float
        Length of a slice in seconds; a whole number of decisions.
    """

    def __init__(self, slice_s: float = 60.0):
        self.slice_s = float(slice_s)

    def shares(self, core: ExecutionCore, i: int, edges_s: np.ndarray) -> np.ndarray:
        """Share of the order done at the edges of the slices (seconds since the start)."""
        return edges_s / edges_s[-1]

    def reset(self, core):
        """Lay out the slices."""
        settings = core.settings
        self._every = round(self.slice_s / settings.interval_s)
        if self._every < 1 or abs(self._every * settings.interval_s - self.slice_s) > 1e-9:
            raise ValueError(f"slice_s is {self.slice_s}; it must be a whole number of decisions "
                             f"of {settings.interval_s:g} s")
        edges_s = np.append(np.arange(0.0, settings.horizon_s - 1e-9, self.slice_s),
                            settings.horizon_s)
        self._target = np.stack([self._lots(core, i, edges_s) for i in range(len(core))])

    def _lots(self, core, i, edges_s) -> np.ndarray:
        """Lots done at the edges, halves up, as `lobsim.strategies.allocate` rounds."""
        shares = np.asarray(self.shares(core, i, edges_s), dtype=float)
        return np.floor(core.quantity_lots[i] * shares + 0.5 + 1e-9).astype(np.int64)

    def _edge(self, core, ahead: int) -> np.ndarray:
        """Lots due at the edge that begins the slice of now, or `ahead` edges later."""
        slices = core.step_number // self._every + ahead
        return self._target[np.arange(len(core)), np.minimum(slices, self._target.shape[1] - 1)]

    def act(self, core, outcome):
        """Cross what the slice of now wants by its end."""
        lots = np.maximum(self._edge(core, 1) - core.filled_lots, 0)
        return np.stack([lots, np.zeros(len(core)), np.full(len(core), KEEP)], axis=1)


class TWAPRule(ScheduleRule):
    """Equal parts at equal intervals."""


class VWAPRule(ScheduleRule):
    """Parts in proportion to the volume that the profile expects."""

    def shares(self, core, i, edges_s):
        """Cumulated share of the expected volume."""
        return core.expected_volume(i, edges_s)


class AlmgrenChrissRule(ScheduleRule):
    """The risk-averse trajectory x(t) = X sinh(kappa (T - t)) / sinh(kappa T), crossed.

    Parameters
    ----------
    kappa_horizon : float
        kappa T > 0: urgency; a trade of cost for risk, to be judged by its own objective.
    slice_s : float

    References
    ----------
    R. Almgren, N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3(2),
    2000, equation (17).
    """

    def __init__(self, kappa_horizon: float = 1.5, slice_s: float = 60.0):
        super().__init__(slice_s)
        if not 0 < kappa_horizon < 50:
            raise ValueError(f"kappa_horizon is {kappa_horizon}; it must be between 0 and 50")
        self.kappa_horizon = float(kappa_horizon)

    def shares(self, core, i, edges_s):
        """One less the holdings."""
        left = 1.0 - edges_s / edges_s[-1]
        return 1.0 - np.sinh(self.kappa_horizon * left) / np.sinh(self.kappa_horizon)


class PassiveTWAPRule(ScheduleRule):
    """Each slice rests at the own best, followed at every decision; its end crosses the rest.

    The benchmark that matters: most of what an agent gains over TWAP is being passive.
    """

    def act(self, core, outcome):
        """Cross what earlier slices did not get, and rest what this one wants."""
        overdue = np.maximum(self._edge(core, 0) - core.filled_lots, 0)
        rest = np.maximum(self._edge(core, 1) - core.filled_lots - overdue, 0)
        return np.stack([overdue, np.zeros(len(core)), rest], axis=1)


class POVRule:
    """A share of the market's volume, its own included; crosses, and leaves the rest undone.

    Parameters
    ----------
    rate : float
        Between 0 and 1.
    """

    def __init__(self, rate: float = 0.1):
        if not 0 < rate < 1:
            raise ValueError(f"rate is {rate}; it must lie between 0 and 1")
        self.rate = float(rate)

    def reset(self, core):
        """Nothing to prepare."""

    def act(self, core, outcome):
        """Catch up with the volume of others."""
        volume = np.rint(outcome.info[:, core.names.index("volume")] / core.lot_sizes)
        others = volume - core.filled_lots
        wanted = np.floor(others * self.rate / (1 - self.rate) + 1e-9) - core.filled_lots
        lots = np.clip(wanted, 0, core.quantity_lots - core.filled_lots)
        return np.stack([lots, np.zeros(len(core)), np.full(len(core), KEEP)], axis=1)


def default_rules(slice_s: float = 60.0) -> dict[str, Rule]:
    """The rules that every agent should stand beside, by name."""
    return {
        "passive TWAP": PassiveTWAPRule(slice_s), "TWAP": TWAPRule(slice_s),
        "VWAP": VWAPRule(slice_s), "POV": POVRule(),
        "Almgren-Chriss": AlmgrenChrissRule(slice_s=slice_s), "immediate": AtOnceRule(),
    }  # fmt: skip
