"""Straight-line regressions with honest errors: serial correlation, out-of-sample R2, hit rates."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtr

from lobsim.analytics._checks import float_array, same_length


class Regression(NamedTuple):
    """A least-squares line; see :func:`regress`. The first coefficient is the intercept.

    Attributes
    ----------
    coefficients, stderr : ndarray of float64, shape (1 + regressors,)
    r2 : float
        In the sample; NaN where `y` does not vary.
    n : int
        Rows used.
    lags : int
        Lags of the standard errors.
    """

    coefficients: np.ndarray
    stderr: np.ndarray
    r2: float
    n: int
    lags: int

    @property
    def slope(self) -> float:
        """Coefficient of the first regressor."""
        return float(self.coefficients[1])

    @property
    def t(self) -> np.ndarray:
        """Coefficients over their standard errors."""
        return self.coefficients / self.stderr

    @property
    def p_values(self) -> np.ndarray:
        """Two-sided, from Student's t with n minus the number of coefficients."""
        return 2 * stdtr(self.n - len(self.coefficients), -np.abs(self.t))

    def predict(self, x) -> np.ndarray:
        """Values of the line at regressors of shape (m,) or (m, regressors)."""
        return _design(x) @ self.coefficients


def regress(y, x, *, lags: int | None = None) -> Regression:
    r"""Least squares with an intercept, and Newey-West standard errors.

    .. math::

        V = (X^\top X)^{-1}\Bigl[\Gamma_0 + \sum_{l=1}^{L}\bigl(1-\tfrac{l}{L+1}\bigr)
            (\Gamma_l + \Gamma_l^\top)\Bigr](X^\top X)^{-1}, \qquad
        \Gamma_l = \sum_t e_t e_{t-l}\, x_t x_{t-l}^\top

    With ``lags=0`` these are White's errors, which allow for unequal variances only. Overlapping
    returns and clustered volatility need more.

    Parameters
    ----------
    y : array_like of float, shape (n,)
        In order of time.
    x : array_like of float, shape (n,) or (n, regressors)
    lags : int, optional
        L >= 0; by default ``floor(4 (n/100)^(2/9))``. For returns over h overlapping steps take at
        least h - 1.

    Returns
    -------
    Regression
        Rows with a NaN are left out. The variance is scaled by n/(n - k), k coefficients.

    Raises
    ------
    ValueError
        Fewer rows than coefficients + 1, or regressors that are linearly dependent.

    References
    ----------
    W. Newey and K. West (1987), "A simple, positive semi-definite, heteroskedasticity and
    autocorrelation consistent covariance matrix", Econometrica 55(3), equation (5).

    Examples
    --------
    >>> line = regress([1.0, 3.0, 5.0, 7.5], [0.0, 1.0, 2.0, 3.0], lags=0)
    >>> line.coefficients.round(3).tolist(), round(line.r2, 3)
    ([0.9, 2.15], 0.997)
    """
    y, design = _aligned(y, x)
    n, k = design.shape
    if n <= k:
        raise ValueError(f"{n} finite rows are too few for {k} coefficients")
    if lags is None:
        lags = int(4 * (n / 100) ** (2 / 9))
    if not 0 <= lags < n:
        raise ValueError(f"lags is {lags}; 0 to {n - 1} are allowed for {n} rows")
    scale = np.abs(design).max(axis=0)
    if (scale == 0).any() or np.linalg.matrix_rank(design / scale) < k:
        raise ValueError("the regressors (with the intercept) are linearly dependent")
    inverse = np.linalg.inv((design / scale).T @ (design / scale)) / np.outer(scale, scale)
    coefficients = inverse @ (design.T @ y)
    errors = y - design @ coefficients
    scores = design * errors[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        cross = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (cross + cross.T)
    variance = inverse @ middle @ inverse * n / (n - k)
    return Regression(coefficients, np.sqrt(np.diag(variance)), _r2(y, errors), n, lags)


class OutOfSample(NamedTuple):
    """How a line fitted before does afterwards; see :func:`out_of_sample_r2`."""

    r2: float
    ci_low: float
    ci_high: float
    in_sample_r2: float
    n_train: int
    n_test: int


def out_of_sample_r2(
    y, x, *, train_share: float = 0.5, gap: int = 0, block: int | None = None,
    draws: int = 500, confidence: float = 0.95, seed: int = 0,
) -> OutOfSample:
    r"""R2 of the later part of a sample, with the line and the mean of the earlier part.

    .. math:: R^2_{oos} = 1 - \frac{\sum (y_t - \hat y_t)^2}{\sum (y_t - \bar y_{train})^2}

    It is negative when the line foretells worse than the mean of the past.

    Parameters
    ----------
    y, x : array_like
        As for :func:`regress`, in order of time.
    train_share : float
        Share of the rows that the line is fitted to, the earliest ones, between 0 and 1.
    gap : int
        Rows left out between the two parts. Where y looks h rows ahead it must be at least h - 1,
        or the last training rows know the first answers.
    block : int, optional
        Length in rows of the blocks of the moving-block bootstrap; default ``n_test ** (1/3)``
        rounded, at least 1.
    draws, confidence, seed
        Of the bootstrap interval. The fitted line is held fixed: the interval says how well the
        test part tells this line's R2, not how it would vary with another training part.

    Returns
    -------
    OutOfSample

    References
    ----------
    J. Campbell and S. Thompson (2008), Review of Financial Studies 21(4), equation (1);
    H. Kuensch (1989), Annals of Statistics 17(3), for the bootstrap.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=4000)
    >>> found = out_of_sample_r2(x + 3 * rng.normal(size=4000), x)
    >>> found.ci_low < 0.1 < found.ci_high
    True
    """
    if not 0 < train_share < 1:
        raise ValueError(f"train_share is {train_share}; it must lie between 0 and 1")
    if gap < 0:
        raise ValueError(f"gap is {gap}; it must not be negative")
    y, design = _aligned(y, x)
    cut = int(train_share * len(y))
    test = slice(cut + gap, len(y))
    n_test = max(len(y) - cut - gap, 0)
    if n_test < 2:
        raise ValueError(f"{n_test} rows are left to judge the line by; at least 2 are needed")
    line = regress(y[:cut], design[:cut, 1:], lags=0)
    squares = np.column_stack([(y[test] - design[test] @ line.coefficients) ** 2,
                               (y[test] - y[:cut].mean()) ** 2])
    block = max(1, round(n_test ** (1 / 3))) if block is None else block
    if not 1 <= block <= n_test:
        raise ValueError(f"block is {block}; 1 to {n_test} are allowed for {n_test} test rows")
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(squares, axis=0)])
    blocks = sums[block:] - sums[:-block]
    picks = np.random.default_rng(seed).integers(len(blocks), size=(draws, -(-n_test // block)))
    drawn = blocks[picks].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = 1 - drawn[:, 0] / drawn[:, 1]
        r2 = 1 - squares[:, 0].sum() / squares[:, 1].sum()
    low, high = np.quantile(spread, [(1 - confidence) / 2, (1 + confidence) / 2])
    return OutOfSample(float(r2), float(low), float(high), line.r2, line.n, n_test)


class HitRate(NamedTuple):
    """Share of right signs with its interval; see :func:`hit_rate`."""

    rate: float
    ci_low: float
    ci_high: float
    n: int
    groups: int


def hit_rate(signal, outcome, *, groups=None, confidence: float = 0.95) -> HitRate:
    r"""How often a signal has the sign of what came, with an interval clustered by group.

    States of the book that wait for the same price move share one outcome: a thousand of them are
    one piece of evidence. Give the number of the move as `groups`, and the interval counts moves.

    .. math:: \hat p \pm z \sqrt{\frac{G}{G-1}\sum_g \bigl(h_g - \hat p\, n_g\bigr)^2}\,\Big/\, n

    Parameters
    ----------
    signal, outcome : array_like of float, shape (n,)
        Places where either is 0 or NaN tell nothing and are left out.
    groups : array_like, shape (n,), optional
        Which places belong together; by default each stands alone.
    confidence : float
        Of the interval, between 0 and 1.

    Returns
    -------
    HitRate
        ``rate``, interval cut to 0 and 1, places counted ``n``, ``groups``. All NaN without any;
        the interval is NaN with one group.

    Examples
    --------
    >>> hit_rate([1, -1, 1, 1], [2, -3, -1, 0]).rate.__round__(3)
    0.667
    """
    signal, outcome = float_array(signal, "signal"), float_array(outcome, "outcome")
    same_length(signal=signal, outcome=outcome)
    product = np.sign(signal) * np.sign(outcome)
    told = np.isfinite(product) & (product != 0)
    hit = (product[told] > 0).astype(np.float64)
    n = len(hit)
    if n == 0:
        return HitRate(np.nan, np.nan, np.nan, 0, 0)
    if groups is None:
        number, count = np.arange(n), n
    else:
        groups = np.asarray(groups)
        same_length(signal=signal, groups=groups)
        _, number = np.unique(groups[told], return_inverse=True)
        count = int(number.max()) + 1
    rate = hit.mean()
    if count < 2:
        return HitRate(float(rate), np.nan, np.nan, n, count)
    excess = np.bincount(number, weights=hit - rate, minlength=count)
    error = np.sqrt(count / (count - 1) * (excess @ excess)) / n
    reach = ndtri(0.5 + confidence / 2) * error
    return HitRate(float(rate), max(0.0, rate - reach), min(1.0, rate + reach), n, count)


def _design(x) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    if x.ndim not in (1, 2):
        raise ValueError(f"x has {x.ndim} dimensions; (n,) or (n, regressors) is needed")
    return np.column_stack([np.ones(len(x)), x])


def _aligned(y, x) -> tuple[np.ndarray, np.ndarray]:
    """`y` and the regressors with an intercept, rows with a NaN left out."""
    y, design = float_array(y, "y"), _design(x)
    same_length(y=y, x=design)
    finite = np.isfinite(y) & np.isfinite(design).all(axis=1)
    return y[finite], design[finite]


def _r2(y: np.ndarray, errors: np.ndarray) -> float:
    spread = y - y.mean()
    total = spread @ spread
    # rounding of a constant is no variance
    return float(1 - errors @ errors / total) if total > 1e-20 * (y @ y) else float("nan")
