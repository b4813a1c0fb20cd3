r"""Confidence sequences for means of bounded outcomes, exact from the first value on, by betting.

No variance is estimated first and no normal law is assumed: the outcome need only lie between two
known ends and have the same mean given the past. Two forms:

*bernstein*: a closed form that adapts to the variance (predictable plug-in empirical Bernstein);

*betting*: for each candidate mean a bettor plays against it; means against which he becomes rich
are out (hedged capital). Narrower, and costs a grid of candidates.

References
----------
I. Waudby-Smith and A. Ramdas (2024), "Estimating means of bounded random variables by betting",
JRSS B 86(1): theorem 2 (Bernstein) and theorem 3 (hedged capital).
"""

import math

import numpy as np

from lobsim.analytics._checks import float_array, one_of
from lobsim.sim_to_real.sequential import ConfidenceSequence, running_intersection

__all__ = ["bounded_confidence_sequence"]

_MOST_BET = {"bernstein": 0.5, "betting": 0.5}
"""Truncation c of the bets: the paper's 1/2 (3/4 is as valid)."""


def bounded_confidence_sequence(values, low: float, high: float, *, alpha: float = 0.05,
                                kind: str = "bernstein", grid: int = 1000) -> ConfidenceSequence:
    r"""Confidence sequence for the mean of values between `low` and `high`.

    On the unit interval, with bets :math:`\lambda_i` that depend on the past alone,

    .. math:: \frac{\sum_i \lambda_i X_i}{\sum_i \lambda_i} \pm
              \frac{\ln(2/\alpha) + \sum_i v_i \psi_E(\lambda_i)}{\sum_i \lambda_i}, \qquad
              v_i = 4 (X_i - \hat\mu_{i-1})^2, \quad \psi_E(\lambda) = \frac{-\ln(1-\lambda) -
              \lambda}{4}, \quad \lambda_t = \min\Bigl\{\sqrt{\frac{2 \ln (2/\alpha)}
              {\hat\sigma_{t-1}^2 t \ln (1 + t)}}, c\Bigr\}

    or all m whose capital :math:`\frac12 \max\{\prod (1 + \lambda_i^+ (X_i - m)),
    \prod (1 - \lambda_i^- (X_i - m))\}` is below :math:`1/\alpha`, the bets cut to c/m and
    c/(1 - m).

    Parameters
    ----------
    values : array_like of float, shape (n,)
        In order of time.
    low, high : float
        Ends that no value can leave. They are known beforehand, not taken from the values.
    alpha : float
    kind : {"bernstein", "betting"}
    grid : int
        Candidate means of the betting form; its ends are rounded outwards to them.

    Returns
    -------
    ConfidenceSequence
        Nested, within `low` and `high`, shape (n,).

    Raises
    ------
    ValueError
        When a value lies outside the ends: the promise would be void.

    Examples
    --------
    >>> found = bounded_confidence_sequence([0.5] * 400, 0.0, 1.0)
    >>> float(found.low[-1].round(2)), float(found.high[-1].round(2))
    (0.48, 0.52)
    """
    one_of(kind, tuple(_MOST_BET), "kind")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; it must lie between 0 and 1")
    if not high > low:
        raise ValueError(f"low is {low} and high {high}; high must be the larger")
    x = float_array(values, "values")
    outside = ~((x >= low) & (x <= high))
    if outside.any():
        at = int(np.argmax(outside))
        raise ValueError(f"value {at} is {x[at]}; it must lie between {low} and {high}")
    x = (x - low) / (high - low)
    bets, centre = _bets(x, alpha)
    found = _bernstein(x, bets, centre, alpha) if kind == "bernstein" else _betting(
        x, bets, alpha, grid)
    found = ConfidenceSequence(np.maximum(found.low, 0.0), np.minimum(found.high, 1.0))
    return ConfidenceSequence(*(low + (high - low) * end for end in running_intersection(found)))


def _bets(x: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Untruncated bets, and the running mean before each value; nobody sees the present one."""
    t = np.arange(1, len(x) + 1)
    mean = (0.5 + np.cumsum(x)) / (t + 1)
    variance = (0.25 + np.cumsum((x - mean)**2)) / (t + 1)
    mean, variance = np.append(0.5, mean[:-1]), np.append(0.25, variance[:-1])
    return np.sqrt(2 * math.log(2 / alpha) / (variance * t * np.log1p(t))), mean


def _bernstein(x, bets, centre, alpha) -> ConfidenceSequence:
    bets = np.minimum(bets, _MOST_BET["bernstein"])
    penalty = 4 * (x - centre)**2 * (-np.log1p(-bets) - bets) / 4
    total = np.cumsum(bets)
    middle = np.cumsum(bets * x) / total
    reach = (math.log(2 / alpha) + np.cumsum(penalty)) / total
    return ConfidenceSequence(middle - reach, middle + reach)


def _betting(x, bets, alpha, grid: int) -> ConfidenceSequence:
    if grid < 2:
        raise ValueError(f"grid is {grid}; at least 2 candidates are needed")
    means = np.arange(grid + 1) / grid
    most = _MOST_BET["betting"]
    up, down = np.zeros(grid + 1), np.zeros(grid + 1)
    low, high = np.empty(len(x)), np.empty(len(x))
    with np.errstate(divide="ignore"):
        most_up, most_down = most / means, most / (1 - means)
    kept = np.ones(grid + 1, dtype=bool)
    for i, (value, bet) in enumerate(zip(x, bets, strict=True)):
        up += np.log1p(np.minimum(bet, most_up) * (value - means))
        down += np.log1p(-np.minimum(bet, most_down) * (value - means))
        kept &= np.maximum(up, down) - math.log(2) < -math.log(alpha)
        inside = np.flatnonzero(kept)
        if not len(inside):  # contradicted everywhere between the candidates
            low[i:], high[i:] = 1.0, 0.0
            break
        # the true end lies between a candidate that is in and its neighbour that is out
        low[i], high[i] = means[max(inside[0] - 1, 0)], means[min(inside[-1] + 1, grid)]
    return ConfidenceSequence(low, high)
