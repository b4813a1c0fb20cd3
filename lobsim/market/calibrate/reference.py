"""The reference price of the queue-reactive model: how far it moves, how often it turns back."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from lobsim.market.calibrate.result import Estimate

WINDOW_S = 600.0
"""Window of the volatility (ten minutes, as in the paper)."""

GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
"""First values of theta and theta_reinit that the search looks at."""

_LATTICE = 201  # points a side between the grid's


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
        The mid from each time on; values that repeat the one before are no moves.
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
    steps = steps[steps != 0]
    same = int((steps[1:] == steps[:-1]).sum())
    turned = max(len(steps) - 1, 0) - same
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
        The error of each is half the range of it in which the other can be chosen so that the
        distance is at most one above the least.

    Notes
    -----
    The distance is the sum of squared differences over their variances. It is looked at between the
    points of a grid of five by five, where the statistics are taken as bilinear, and then between
    those of a finer grid around the best place. Volatility is told by few windows: expect a wide
    error of theta_reinit from a single day.
    """
    targets = np.array([observed.volatility, observed.eta])
    if not np.isfinite(targets).all():
        raise ValueError("the recording is too short to tell volatility or mean reversion; theta "
                         "and theta_reinit need two windows of ten minutes and some moves")

    def statistics(theta, reinit):
        """Mean values and squared errors of volatility and eta, of all seeds."""
        one = replace(part, theta=theta, theta_reinit=reinit)
        found = np.array([mid_statistics(*simulate(one, seed)) for seed in seeds], float)
        return found[:, :, 0].mean(axis=0), (found[:, :, 1] ** 2).mean(axis=0) / len(seeds)

    first = _distances(GRID, GRID, statistics, targets)
    step = GRID[1] - GRID[0]
    fine = [np.unique(np.clip(centre + step * np.linspace(-1, 1, 5), 0, 1))
            for centre in _best(*first)]
    theta, reinit = _best(*_distances(*fine, statistics, targets))
    errors = _reach(*first)
    return (replace(part, theta=theta, theta_reinit=reinit),
            Estimate("theta", theta, errors[0]), Estimate("theta_reinit", reinit, errors[1]))


def _distances(thetas, reinits, statistics, targets):
    """A fine lattice of the two parameters and the distance at each of its points."""
    known = [[statistics(a, b) for b in reinits] for a in thetas]
    values = np.array([[one[0] for one in row] for row in known])
    variances = np.array([[one[1] for one in row] for row in known])
    lattice = [np.linspace(axis[0], axis[-1], _LATTICE) for axis in (thetas, reinits)]
    at = np.stack(np.meshgrid(*lattice, indexing="ij"), axis=-1)
    table = np.concatenate([values, variances], axis=-1)
    between = RegularGridInterpolator((thetas, reinits), table)(at)
    variance = between[..., 2:] + targets[:, 1] ** 2
    gaps = ((between[..., :2] - targets[:, 0]) ** 2 / variance).sum(axis=-1)
    return lattice, np.where(np.isfinite(gaps), gaps, np.inf)


def _best(lattice, gaps) -> tuple[float, float]:
    i, j = np.unravel_index(np.argmin(gaps), gaps.shape)
    return float(lattice[0][i]), float(lattice[1][j])


def _reach(lattice, gaps) -> tuple[float, float]:
    """How far the points reach whose distance is at most one above the least, on each axis."""
    near = gaps <= gaps.min() + 1
    found = []
    for axis, values in enumerate(lattice):
        inside = values[near.any(axis=1 - axis)]
        found.append(max(float(inside[-1] - inside[0]) / 2, float(values[1] - values[0])))
    return tuple(found)
