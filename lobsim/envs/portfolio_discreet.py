"""A family of schedules for portfolio days that give less away: random, resting, and choosy."""

import numpy as np

from lobsim.envs import execution_layout as at
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio_rules import VWAPDay, orders_of

__all__ = ["DiscreetDay", "discreet_rules"]


class DiscreetDay(VWAPDay):
    r"""The VWAP of each name, moved, roughened, and traded by resting orders where it may wait.

    The curve of shares is :math:`1 - (1 - s_k)^{tilt}`, s the cumulated share of the expected
    volume after its parts were multiplied by random numbers (a gamma law of mean 1) or left out.
    Of what is due by the next decision a part is crossed and the rest waits at the own best; of
    what was due before and is still not done a part is crossed, at least one by the decisions that
    are left, so that the end brings no rush. In the last decision all is crossed.

    ``DiscreetDay(cross=1)`` is the VWAP by market orders, ``DiscreetDay()`` the passive one.

    Parameters
    ----------
    tilt : float
        Above 0; 1 keeps the curve, more trades sooner.
    pause : float
        Chance that a decision has no part, 0 to below 1.
    roughness : float
        Coefficient of variation of the parts, at least 0.
    cross : float
        Share of what is due next that is crossed, 0 to 1.
    catch_up : float
        Share of what is overdue that is crossed, 0 to 1.
    choosy : float
        0 to 1: how much of both is left where the spread is wider, or the volume since the last
        decision smaller, than in the median of the decisions so far.
    seed : int
        The draws depend on it and on the seed of the day.

    Examples
    --------
    >>> DiscreetDay(pause=0.5, roughness=1.0).numbers["pause"]
    0.5
    """

    def __init__(self, tilt: float = 1.0, pause: float = 0.0, roughness: float = 0.0,
                 cross: float = 0.0, catch_up: float = 1.0, choosy: float = 0.0, seed: int = 0):
        if not (0 < tilt < np.inf and 0 <= roughness < np.inf):
            raise ValueError(f"tilt is {tilt} and roughness {roughness}; the first must be above "
                             f"0, the second at least 0")
        if not 0 <= pause < 1:
            raise ValueError(f"pause is {pause}; it must lie from 0 to below 1")
        for name, value in (("cross", cross), ("catch_up", catch_up), ("choosy", choosy)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}; it must be a share, from 0 to 1")
        self.numbers = {"tilt": float(tilt), "pause": float(pause), "roughness": float(roughness),
                        "cross": float(cross), "catch_up": float(catch_up),
                        "choosy": float(choosy)}
        self.seed = int(seed)

    def reset(self, core):
        """Lay out the curves of new days; nothing is known yet of what is usual on them."""
        super().reset(core)
        self._looks: list[np.ndarray] = []

    def shares(self, core, e):
        """Cumulated shares, rough and tilted; the draws of a day are its own."""
        told = self.numbers
        parts = np.diff(super().shares(core, e), axis=1)
        rng = np.random.default_rng((self.seed, int(core.seeds[e])))
        drawn, stays = parts.copy(), rng.random(parts.shape) >= told["pause"]
        if told["roughness"] > 0:
            drawn *= rng.gamma(told["roughness"]**-2, size=parts.shape)
        drawn *= stays
        total = drawn.sum(axis=1, keepdims=True)
        # a curve that pauses throughout, or has no volume at all, is not roughened
        drawn = np.where(total > 0, drawn / np.where(total > 0, total, 1.0), parts)
        share = np.minimum(np.cumsum(drawn, axis=1), 1.0)
        share = np.concatenate([np.zeros((len(share), 1)), share], axis=1)
        share[np.arange(share.shape[1]) >= core.ends[e][:, None]] = 1.0
        return 1.0 - (1.0 - share)**told["tilt"]

    def act(self, core, outcome):
        """Cross what does not wait, rest the others."""
        told, left = self.numbers, core.quantity_lots - core.filled_lots
        overdue = np.maximum(self._due(core, 0) - core.filled_lots, 0)
        soon = np.maximum(self._due(core, 1) - core.filled_lots - overdue, 0)
        now = 1.0 - told["choosy"] * ~self._is_good(core, outcome)
        ahead = np.maximum(core.ends - core.step_number[:, None], 1)
        part = np.maximum(told["catch_up"] * now, 1.0 / ahead)
        cross = np.rint(part * overdue + told["cross"] * now * soon)
        cross = np.where(ahead == 1, left, np.minimum(cross, left))
        return orders_of(cross, np.maximum(overdue + soon - cross, 0))

    def _is_good(self, core, outcome) -> np.ndarray:
        """Whether spread and volume are no worse than in the median decision, shape (N, M)."""
        if self.numbers["choosy"] == 0:
            return np.ones(core.filled_lots.shape, bool)
        names = outcome.seen[:, :-len(pl.BOOK_OBSERVED)].reshape(len(core), core.names_count, -1)
        self._looks.append(np.stack([-names[..., pl.P_SPREAD], names[..., at.O_VOLUME]]))
        usual = np.median(self._looks, axis=0)
        return (self._looks[-1] >= usual - 1e-9).all(axis=0)


def discreet_rules() -> dict[str, DiscreetDay]:
    """Schedules that hide by chance, and by waiting for good moments; by name."""
    return {"randomised": DiscreetDay(pause=0.5, roughness=1.0, cross=1.0),
            "opportunistic": DiscreetDay(cross=1.0, choosy=1.0)}
