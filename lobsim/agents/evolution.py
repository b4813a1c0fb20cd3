r"""A short evolution strategy, for rules of a dozen numbers whose score is noisy.

Each generation draws candidates around a centre, asks for their scores on seeds that are new to
all of them and the same for all of them, and moves the centre, the size and the shape of the cloud
towards the better half (CMA-ES, with Hansen's default constants). Only the order of scores within
a generation counts, so what all candidates share, most of a market's luck, does not matter.

References
----------
N. Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, 2016: recombination (6)-(8),
step size (43)-(44), covariance (45)-(47), constants of table 1 without negative weights.
"""

import math
from collections.abc import Callable

import numpy as np

__all__ = ["evolved"]

_SHARE = 0.25  # of the generations, the last ones, whose centres are averaged


def evolved(scores: Callable[[np.ndarray, int], np.ndarray], start, units, *, generations: int,
            candidates: int = 16, spread: float = 0.5, seed: int = 0) -> np.ndarray:
    """Numbers with a large score.

    Parameters
    ----------
    scores : callable
        ``scores(points, generation)``: from shape (candidates, d) to (candidates,), more is
        better. Noise may change with the generation; within one it should be shared.
    start, units : array-like, shape (d,)
        Where the search begins, and how far a number is usefully changed.
    generations, candidates : int
        At least 1 and 4.
    spread : float
        Standard deviation of the first candidates, in units.
    seed : int
        Of the candidates.

    Returns
    -------
    ndarray, shape (d,)
        Mean of the centres of the last quarter of the generations: a single one carries the noise
        of its seeds.

    Examples
    --------
    >>> def score(points, generation):
    ...     return -((points - [1.0, 2.0]) ** 2).sum(axis=1)
    >>> evolved(score, [0.0, 0.0], [1.0, 1.0], generations=60).round(2).tolist()
    [1.0, 2.0]
    """
    if generations < 1 or candidates < 4:
        raise ValueError(f"generations is {generations} and candidates {candidates}; they must be "
                         f"at least 1 and 4")
    rng = np.random.default_rng(seed)
    centre, units = np.array(start, dtype=float), np.asarray(units, dtype=float)
    d, parents = len(centre), candidates // 2
    weights = math.log(parents + 0.5) - np.log(np.arange(1, parents + 1))
    weights /= weights.sum()
    mass = 1.0 / (weights**2).sum()
    rate_size = (mass + 2.0) / (d + mass + 5.0)
    damping = 1.0 + rate_size + 2.0 * max(0.0, math.sqrt((mass - 1.0) / (d + 1.0)) - 1.0)
    rate_path = (4.0 + mass / d) / (d + 4.0 + 2.0 * mass / d)
    rate_one = 2.0 / ((d + 1.3) ** 2 + mass)
    rate_many = min(1.0 - rate_one, 2.0 * (mass - 2.0 + 1.0 / mass) / ((d + 2.0) ** 2 + mass))
    usual = math.sqrt(d) * (1.0 - 1.0 / (4.0 * d) + 1.0 / (21.0 * d * d))
    shape, size, step_path, shape_path = np.eye(d), float(spread), np.zeros(d), np.zeros(d)
    centres = []
    for generation in range(generations):
        root = np.linalg.cholesky(shape)
        moves = rng.standard_normal((candidates, d)) @ root.T
        found = np.asarray(scores(centre + size * moves * units, generation), dtype=float)
        best = moves[np.argsort(-found, kind="stable")[:parents]]
        move = weights @ best
        centre = centre + size * move * units
        step_path = ((1.0 - rate_size) * step_path
                     + math.sqrt(rate_size * (2.0 - rate_size) * mass)
                     * np.linalg.solve(root, move))
        size *= math.exp(rate_size / damping * (np.linalg.norm(step_path) / usual - 1.0))
        shape_path = ((1.0 - rate_path) * shape_path
                      + math.sqrt(rate_path * (2.0 - rate_path) * mass) * move)
        shape = ((1.0 - rate_one - rate_many) * shape
                 + rate_one * np.outer(shape_path, shape_path)
                 + rate_many * (best.T * weights) @ best)
        centres.append(centre)
    return np.mean(centres[-math.ceil(_SHARE * generations):], axis=0)
