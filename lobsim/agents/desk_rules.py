"""Rules in the actions of a portfolio agent: what an agent for many names must beat, by hand."""

from collections.abc import Mapping

import numpy as np

from lobsim.agents.evolution import evolved
from lobsim.agents.seeds import TUNING
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio_evaluate import evaluate_days
from lobsim.envs.portfolio_names import ROW_OBSERVED, rows_of

__all__ = ["DESK", "LinearPace", "tuned_desk"]

DESK = {"actions": "pace_price", "max_shift_s": 600.0, "slice_s": 600.0}
"""A desk that waits: up to ten minutes behind its schedule before it crosses, and up to ten ahead
of it at rest; both moved by as much."""
CENTRES = {"time_left": 0.5, "behind": 0.0, "imbalance": 0.0, "aversion": 0.5, "spread_bps": 0.5,
           "volatility": 0.4, "size": 0.3}
"""Columns that a tuned rule goes by, and what is usual there."""


class LinearPace:
    """The two numbers of "pace_price", linear in columns of each name and cut to -1 to 1.

    Parameters
    ----------
    shift, price : mapping of str to float
        Weights by the name of a column (`lobsim.envs.portfolio_names.ROW_OBSERVED`), of its
        distance from `CENTRES` (from 0 where that has none); ``"constant"`` is what is added. By
        default 0: near the schedule, at the own best.

    Attributes
    ----------
    environment : dict
        `DESK`, the settings that its numbers mean something in.

    Examples
    --------
    >>> LinearPace({"constant": 0.5, "aversion": 1.0})(np.zeros((1, 67))).tolist()
    [[0.0, 0.0, 0.0, 0.0]]
    """

    def __init__(self, shift: Mapping[str, float] | None = None,
                 price: Mapping[str, float] | None = None):
        self.environment = dict(DESK)
        given = [dict(shift or {}), dict(price or {})]
        named = sorted({name for one in given for name in one} - {"constant"})
        unknown = [name for name in named if name not in ROW_OBSERVED]
        if unknown:
            raise ValueError(f"a weight is of {unknown[0]!r}; columns are "
                             f"{', '.join(ROW_OBSERVED)}")
        self._columns = [ROW_OBSERVED.index(name) for name in named]
        self._centres = np.array([CENTRES.get(name, 0.0) for name in named])
        self._weights = np.array([[one.get(name, 0.0) for one in given] for name in named])
        self._constants = np.array([one.get("constant", 0.0) for one in given])

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        """From views of days (N, columns) to actions (N, 2 M)."""
        rows = rows_of(seen, pl.NAME_COLUMNS, len(pl.BOOK_OBSERVED))[:, self._columns]
        found = self._constants + (rows - self._centres) @ self._weights.reshape(-1, 2)
        return np.clip(found, -1.0, 1.0).reshape(len(seen), -1)


def tuned_desk(*, columns=tuple(CENTRES), generations: int = 24, candidates: int = 12,
               days: int = 10, seed: int = 0, **settings) -> LinearPace:
    """The linear rule with the least ``client_bps`` on tuning days, by an evolution strategy.

    Minutes of one core at the usual size.

    Parameters
    ----------
    columns : sequence of str
        That it may go by; none for the best constants.
    generations, candidates : int
        As in `lobsim.agents.evolution.evolved`.
    days : int
        Of each candidate in a generation; new ones every generation, the same for its candidates.
    seed : int
        Of the search.
    **settings
        Of `lobsim.envs.PortfolioEnv`.
    """
    names = ["constant", *columns]
    half = len(names)

    def rule(point) -> LinearPace:
        return LinearPace(*(dict(zip(names, (float(f"{one:.2g}") for one in part), strict=True))
                            for part in (point[:half], point[half:])))

    def scores(points, generation):
        rules = {str(k): (one, one.environment) for k, one in enumerate(map(rule, points))}
        found = evaluate_days(rules, days=days, seed=TUNING, first=generation * days,
                              num_envs=days, audit=False, **settings).days
        return -found.groupby("policy", sort=False)["client_bps"].mean().to_numpy()

    units = [0.5, *(0.7 for _ in columns)] * 2
    return rule(evolved(scores, np.zeros(2 * half), units, generations=generations,
                        candidates=candidates, seed=seed))
