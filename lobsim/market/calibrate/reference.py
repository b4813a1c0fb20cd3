"""The reference price of the queue-reactive model: how far it moves, how often it turns back."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lobsim.market.calibrate.result import Estimate

WINDOW_S = 600.0
"""Window of the volatility (ten minutes, as in the paper)."""

GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
"""First values of theta and theta_reinit that the search looks at."""

_HALVINGS = 3


class ReferenceMoves(NamedTuple):
    """Statistics of the mid, each a pair (value, standard error).

    `volatility`: standard deviation of its change over ten minutes, in ticks. `eta`: continuations
    over twice the alternations of its moves; 1/2 for a random walk, less when it turns back.
    """

    volatility: tuple[float, float]
    eta: tuple[float, float]


def mid_statistics(times_s, mid_ticks, duration_s: float, window_s: float = WINDOW_S):
    r"""Volatility and mean-reversion ratio :math:`\eta = N_{cont} / (2 N_{alt})` of a mid.

    Parameters
    ----------
    times_s, mid_ticks : array_like of float, shape (n,)
        Changes of the mid; the first pair is its start.
    duration_s : float
    window_s : float

    Returns
    -------
    ReferenceMoves
        NaN where there are fewer than two whole windows, or no alternation. Errors take windows as
        normal and moves as independent.

    References
    ----------
    W. Huang, C.-A. Lehalle, M. Rosenbaum, "Simulating and analyzing order book data: the
    queue-reactive model", JASA 110(509), 2015, section 3.1; C. Y. Robert, M. Rosenbaum, "A new
    approach for the dynamics of ultra-high-frequency data", Journal of Financial Econometrics
    9(2), 2011.

    Examples
    --------
    >>> moves = mid_statistics([0, 1, 2, 3, 4], [0, 1, 2, 1, 2], 5, window_s=1)
    >>> moves.eta[0]  # up, up, down, up: one continuation, two alternations
    0.25
    """
    times, mid = np.asarray(times_s, float), np.asarray(mid_ticks, float)
    nan = (float("nan"),) * 2
    volatility = eta = nan
    n = int(duration_s / window_s + 1e-9)
    if n >= 2 and len(mid):
        ends = np.arange(n + 1) * window_s
        at = mid[np.maximum(np.searchsorted(times, ends, side="right") - 1, 0)]
        std = float(np.sqrt((np.diff(at) ** 2).mean()))
        volatility = (std, std / np.sqrt(2 * n))
    steps = np.sign(np.diff(mid))
    same = int((steps[1:] == steps[:-1]).sum())
    turned = len(steps) - 1 - same
    if turned > 0:
        ratio = same / (2 * turned)
        eta = (ratio, ratio * np.sqrt(1 / max(same, 1) + 1 / turned))
    return ReferenceMoves(volatility, eta)


def fit_reference_moves(part, observed: ReferenceMoves, simulate: Callable, seeds=(0, 1)):
    """theta and theta_reinit whose simulated statistics are nearest to the observed ones.

    Parameters
    ----------
    part : QueueReactive
        Rates as fitted.
    observed : ReferenceMoves
    simulate : callable
        ``simulate(part, seed) -> (times_s, mid_ticks, duration_s)``.
    seeds : sequence of int
        The same for all candidates, so that they differ by their parameters and not by luck.

    Returns
    -------
    part : QueueReactive
        With the two found.
    theta, theta_reinit : Estimate
        The error of each is how far it can go, at the other's value, before the distance grows by
        one (as the quadratic through the last three points has it); NaN where that is flat.

    Notes
    -----
    The distance is the sum of squared differences over their variances. A grid of five by five is
    followed by halvings of the step around the best point. The mean of the mid's moves is zero
    in the model: the volatility takes no mean off.
    """
    targets = np.array([observed.volatility, observed.eta])
    if not np.isfinite(targets).all():
        raise ValueError("the recording is too short to tell volatility or mean reversion; theta "
                         "and theta_reinit need two windows of ten minutes and some moves")
    known: dict[tuple[float, float], float] = {}

    def distance(point):
        if point not in known:
            found = []
            for seed in seeds:
                one = replace(part, theta=point[0], theta_reinit=point[1])
                moves = mid_statistics(*simulate(one, seed))
                found.append([moves.volatility, moves.eta])
            values = np.nanmean(found, axis=0)
            variance = targets[:, 1] ** 2 + values[:, 1] ** 2 / len(seeds)
            gap = (values[:, 0] - targets[:, 0]) ** 2 / variance
            known[point] = float(gap.sum()) if np.isfinite(gap).all() else np.inf
        return known[point]

    best = min(((a, b) for a in GRID for b in GRID), key=distance)
    step = GRID[1] - GRID[0]
    for _ in range(_HALVINGS):
        step /= 2
        near = [(best[0] + i * step, best[1] + j * step) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        best = min((p for p in near if 0 <= min(p) and max(p) <= 1), key=distance)
    errors = [_error(best, axis, distance) for axis in (0, 1)]
    return (replace(part, theta=best[0], theta_reinit=best[1]),
            Estimate("theta", best[0], errors[0]), Estimate("theta_reinit", best[1], errors[1]))


def _error(best, axis: int, distance) -> float:
    """Where the quadratic through three points of the grid has grown by one."""
    step = GRID[1] - GRID[0]
    values = []
    for shift in (-step, 0.0, step):
        point = list(best)
        point[axis] = min(max(point[axis] + shift, 0.0), 1.0)
        values.append((point[axis], distance(tuple(point))))
    (x0, y0), (x1, y1), (x2, y2) = values
    if x0 == x1 or x1 == x2:  # at a bound: one-sided slope instead of a curvature
        x, y = (x2, y2) if x0 == x1 else (x0, y0)
        return float(abs(x - x1) / np.sqrt(y - y1)) if y > y1 else float("nan")
    curvature = 2 * (y0 / ((x0 - x1) * (x0 - x2)) + y1 / ((x1 - x0) * (x1 - x2))
                     + y2 / ((x2 - x0) * (x2 - x1)))
    return float(np.sqrt(2 / curvature)) if curvature > 0 else float("nan")
