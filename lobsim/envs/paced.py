"""A hand-written rule that paces an order by signals: the one that an agent with signals must beat.

It sees what an agent sees and nothing else. Without weights it is the passive rule near a schedule.
"""

from collections.abc import Mapping

import numpy as np

from lobsim.envs.execution_core import ExecutionCore, Outcome
from lobsim.envs.execution_layout import O_SIGNALS, OBSERVED

__all__ = ["PacedRule"]


class PacedRule:
    """Rests what is due soon and crosses what is late, on a schedule that signals move.

    With the schedule D(t), signals x and weights w the order shall be at ``D(t + sum w x)``, the
    sum cut to plus or minus `band_s`: a positive weight of a signal that says "the price moves
    away" trades sooner. What would be due `rest_s` later rests, what was due `late_s` before is
    crossed; in the last `late_s` nothing is put off any more.

    Parameters
    ----------
    weights : mapping of str to float
        Seconds for a signal of 1, by the name of a column of the market
        (`lobsim.envs.execution.ExecutionEnv`); none by default.
    band_s, rest_s, late_s : float
        Seconds, at least 0.

    Examples
    --------
    >>> PacedRule({"trend": 400.0}).weights
    {'trend': 400.0}
    """

    def __init__(self, weights: Mapping[str, float] | None = None, *, band_s: float = 300.0,
                 rest_s: float = 60.0, late_s: float = 60.0):
        self.weights = dict(weights or {})
        unknown = [name for name in self.weights if name not in OBSERVED[O_SIGNALS:]]
        if unknown:
            raise ValueError(f"weights has {unknown[0]!r}; signals are "
                             f"{', '.join(OBSERVED[O_SIGNALS:])}")
        for name, value in (("band_s", band_s), ("rest_s", rest_s), ("late_s", late_s)):
            if not 0 <= value < np.inf:
                raise ValueError(f"{name} is {value}; it must be at least 0 s")
        self.band_s, self.rest_s, self.late_s = float(band_s), float(rest_s), float(late_s)
        self._columns = [OBSERVED.index(name) for name in self.weights]
        self._values = np.array(list(self.weights.values()))

    def reset(self, core: ExecutionCore) -> None:
        """Nothing to prepare."""

    def act(self, core: ExecutionCore, outcome: Outcome) -> np.ndarray:
        """Lots to cross, offset in ticks, lots to rest; shape (N, 3)."""
        shift_s = outcome.seen[:, self._columns] @ self._values
        shift_s = np.clip(shift_s, -self.band_s, self.band_s)
        crossed = np.maximum(self._due(core, shift_s - self.late_s) - core.filled_lots, 0)
        rested = self._due(core, shift_s + self.rest_s) - core.filled_lots - crossed
        return np.stack([crossed, np.zeros(len(core)), np.maximum(rested, 0)], axis=1)

    def _due(self, core, shift_s) -> np.ndarray:
        """Lots due so many seconds from now."""
        now_s = core.step_number * core.settings.interval_s
        left_s = core.settings.horizon_s - now_s
        is_last = left_s <= max(self.late_s, core.settings.interval_s)
        return core.due_lots(np.where(is_last, core.settings.horizon_s, now_s + shift_s))
