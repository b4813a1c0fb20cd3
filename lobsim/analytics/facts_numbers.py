"""The few statistics that the stylised facts are made of; NaN where there is too little to tell."""

import numpy as np

_ROUNDING = 1e-20
"""A variance below this share of the mean square is rounding, not movement."""
MIN_POINTS = 3
"""Two points always lie on a line, so a correlation needs a third."""


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson correlation of two arrays over the places where both are finite.

    Returns
    -------
    float
        NaN with fewer than three places, or where one of the two does not vary.

    Examples
    --------
    >>> round(correlation(np.array([1.0, 2.0, 3.0, np.nan]), np.array([2.0, 4.0, 6.0, 1.0])), 12)
    1.0
    >>> correlation(np.ones(4), np.arange(4.0))
    nan
    """
    both = np.isfinite(x) & np.isfinite(y)
    if not both.all():
        x, y = x[both], y[both]
    if len(x) < MIN_POINTS:
        return np.nan
    dx, dy = x - x.mean(), y - y.mean()
    xx, yy = dx @ dx, dy @ dy
    if xx <= _ROUNDING * (x @ x) or yy <= _ROUNDING * (y @ y):
        return np.nan
    return float(dx @ dy / np.sqrt(xx) / np.sqrt(yy))


def r_squared(x: np.ndarray, y: np.ndarray) -> float:
    """R2 of the straight line that explains `y` by `x`: the squared correlation."""
    return correlation(x, y) ** 2


def adjusted_r_squared(x: np.ndarray, y: np.ndarray) -> float:
    """R2 less what chance explains of so few points: ``1 - (1 - R2) (n - 1) / (n - 2)``.

    Its mean is 0 where `x` says nothing of `y`, so that it may be below 0 (M. Ezekiel, "Methods
    of Correlation Analysis", 1930).
    """
    points = np.count_nonzero(np.isfinite(x) & np.isfinite(y))
    return 1.0 - (1.0 - r_squared(x, y)) * (points - 1) / (points - 2) if points > 2 else np.nan


def autocorrelation(x: np.ndarray, lag: int) -> float:
    """Correlation of a series with itself `lag` places earlier."""
    return correlation(x[lag:], x[:-lag]) if len(x) > lag else np.nan


def mean(x: np.ndarray) -> float:
    """Mean of the finite values, NaN without any."""
    x = x[np.isfinite(x)]
    return float(x.mean()) if len(x) else np.nan


def ratio(above: float, below: float) -> float:
    """Quotient of two numbers, NaN where the lower one is 0 or NaN."""
    return float(above / below) if below and np.isfinite(below) else np.nan


def kurtosis(x: np.ndarray) -> float:
    """Fourth moment about zero over the squared second: 3 for a normal law."""
    square = x[np.isfinite(x)] ** 2
    return ratio(mean(square**2), mean(square) ** 2)


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Smallest value that is not exceeded for half of the weight; NaN without weight.

    Examples
    --------
    >>> weighted_median(np.array([5.0, 1.0, 3.0]), np.array([1.0, 1.0, 4.0]))
    3.0
    """
    if not weights.sum() > 0:
        return np.nan
    order = np.argsort(values)
    passed = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(passed, 0.5 * passed[-1])]])
