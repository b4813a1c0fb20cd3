r"""How far two samples lie apart: KS, PSI, MMD, and how well a classifier tells them apart.

Every statistic is a function of two measures on the same rows, the rows of the reference above
those of the live side: a measure gives each row a weight, its weights sum to one. The plain
statistic takes each side's own rows with equal weights; the null distributions of
:mod:`lobsim.sim_to_real.blocks` take other weights, thousands at once. What a statistic needs of
the rows themselves (order, bins, kernel, folds) is made from both sides together and does not know
which row is whose; so relabelled rows are judged exactly as the true ones.

``*_statistic``, ``psi`` and ``mmd2`` are 0 for equal samples and grow with drift; an AUC is .5 for
samples that nothing tells apart.
"""

from typing import NamedTuple

import numpy as np

from lobsim.analytics import auc
from lobsim.analytics._checks import float_array

__all__ = ["KS", "MMD", "PSI", "Classifier", "Measures", "classifier_auc", "ks_statistic",
           "median_distance", "mmd2", "psi", "psi_edges", "side_measures"]

_LARGEST = 6.0  # standard deviations beyond which a value tells the classifier no more
_MOST_PAIRED = 30  # columns; with more the classifier sees squares but no products


class Measures(NamedTuple):
    """Weights of the pooled rows in either sample, shape (draws, rows); each row sums to 1."""

    reference: np.ndarray
    live: np.ndarray


def side_measures(n_reference: int, n_live: int) -> Measures:
    """The samples themselves: each side's own rows with equal weights, shape (1, rows)."""
    own = np.zeros((2, n_reference + n_live))
    own[0, :n_reference] = 1 / n_reference
    own[1, n_reference:] = 1 / n_live
    return Measures(own[:1], own[1:])


class KS:
    """Largest distance of two distribution functions; see :func:`ks_statistic`.

    Parameters
    ----------
    values : ndarray, shape (rows,)
        One column, reference above live.
    """

    def __init__(self, values: np.ndarray):
        self._order = np.argsort(values, kind="stable")
        ordered = values[self._order]
        ends = np.append(ordered[1:] != ordered[:-1], True)
        # a distribution function is read after the last of equal values, never between them
        self._ends = None if ends.all() else np.flatnonzero(ends)

    def __call__(self, measures: Measures) -> np.ndarray:
        gap = np.cumsum((measures.live - measures.reference)[:, self._order], axis=1)
        if self._ends is not None:
            gap = gap[:, self._ends]
        return np.abs(gap).max(axis=1)


class PSI:
    """Population stability index over fixed bins; see :func:`psi`.

    Parameters
    ----------
    values : ndarray, shape (rows,)
    edges : ndarray
        Of :func:`psi_edges`.
    floor : float
        Least share of a bin, so that an empty one costs much and not infinitely much.
    """

    def __init__(self, values: np.ndarray, edges: np.ndarray, floor: float):
        inside = np.searchsorted(edges, values, side="left")
        self._member = np.zeros((len(values), len(edges) + 1))
        self._member[np.arange(len(values)), inside] = 1.0
        self._floor = floor

    def __call__(self, measures: Measures) -> np.ndarray:
        p, q = (np.maximum(m @ self._member, self._floor) for m in measures)
        return ((q - p) * np.log(q / p)).sum(axis=1)


class MMD:
    """Squared maximum mean discrepancy of rows; see :func:`mmd2`.

    Parameters
    ----------
    points : ndarray, shape (rows, columns)
        Each column is divided by its standard deviation over all rows first.
    bandwidth : float, optional
        Of the kernel, in those units; default :func:`median_distance`.
    """

    def __init__(self, points: np.ndarray, bandwidth: float | None = None):
        square = _square_distances(_standard(points))
        if bandwidth is None:
            bandwidth = _median_of(square)
        self.bandwidth = bandwidth
        self._kernel = np.exp(-0.5 * square / bandwidth**2) if bandwidth > 0 else square * 0.0

    def __call__(self, measures: Measures) -> np.ndarray:
        gap = measures.live - measures.reference
        # rounding may leave a tiny negative number where the samples are equal
        return np.maximum(((gap @ self._kernel) * gap).sum(axis=1), 0.0)


class Classifier:
    """Out-of-fold AUC of a discriminant with squares and products; see :func:`classifier_auc`.

    Parameters
    ----------
    points : ndarray, shape (rows, columns)
    fold : ndarray of int, shape (rows,)
        Which rows are left out together; whole blocks or episodes, never single rows of a series.
    ridge : float
        Added to the covariance of the standardised features.
    """

    def __init__(self, points: np.ndarray, fold: np.ndarray, *, ridge: float = 0.01):
        features = _standard(_with_squares(np.clip(_standard(points), -_LARGEST, _LARGEST)))
        penalty = ridge * np.eye(features.shape[1])
        self._folds = []
        for k in np.unique(fold):
            out, kept = np.flatnonzero(fold == k), features[fold != k]
            spread = np.cov(kept.T, bias=True).reshape(penalty.shape) if len(kept) else penalty
            self._folds.append((out, features[out], np.linalg.inv(spread + penalty)))

    def scores(self, measures: Measures) -> np.ndarray:
        """How much each row looks live to the rule of the other folds, shape (draws, rows)."""
        sums = [[m[:, out] @ rows for out, rows, _ in self._folds] for m in measures]
        mass = [[m[:, out].sum(axis=1, keepdims=True) for out, _, _ in self._folds]
                for m in measures]
        scores = np.empty_like(measures.reference)
        for k, (out, rows, inverse) in enumerate(self._folds):
            ends = []
            for side in (0, 1):
                left = sum(mass[side]) - mass[side][k]
                centre = (sum(sums[side]) - sums[side][k]) / np.where(left > 1e-12, left, 1.0)
                ends.append((centre, left > 1e-12))
            known = ends[0][1] & ends[1][1]  # a rule without one side's rows knows nothing
            slope = np.where(known, ends[1][0] - ends[0][0], 0.0) @ inverse
            scores[:, out] = slope @ rows.T
        return scores

    def __call__(self, measures: Measures) -> np.ndarray:
        pairs = zip(self.scores(measures), measures.live > 0, strict=True)
        return np.array([auc(score[live], score[~live]) for score, live in pairs])


def ks_statistic(reference, live) -> float:
    r"""Two-sample statistic of Kolmogorov and Smirnov.

    .. math:: D = \sup_x |F_{live}(x) - F_{ref}(x)|

    Parameters
    ----------
    reference, live : array_like of float, shapes (n,) and (m,)

    Returns
    -------
    float
        0 to 1. The same for any increasing function of both samples.

    References
    ----------
    N. Smirnov (1939); Gibbons and Chakraborti (2011), "Nonparametric Statistical Inference",
    section 6.3.

    Examples
    --------
    >>> ks_statistic([1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0])
    0.5
    """
    a, b = _sample(reference, "reference"), _sample(live, "live")
    return float(KS(np.concatenate([a, b]))(side_measures(len(a), len(b)))[0])


def psi_edges(values, bins: int = 10) -> np.ndarray:
    """Inner edges of bins with about equal shares of `values`.

    Parameters
    ----------
    values : array_like of float
    bins : int
        At least 2. A column of no more than so many different values has a bin for each of them.

    Returns
    -------
    ndarray
        Bin k holds what is above edge k - 1 and not above edge k. Equal quantiles are one edge.

    Examples
    --------
    >>> psi_edges([0.0, 0.0, 1.0, 1.0, 2.0]).tolist()
    [0.0, 1.0]
    """
    values = _sample(values, "values")
    if bins < 2:
        raise ValueError(f"bins is {bins}; at least 2 are needed")
    distinct = np.unique(values)
    if len(distinct) <= bins:
        return distinct[:-1]
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins))
    return edges[edges < distinct[-1]]


def psi(reference, live, *, bins: int = 10, edges=None) -> float:
    r"""Population stability index.

    .. math:: PSI = \sum_k (q_k - p_k) \ln (q_k / p_k)

    with the shares p of the reference and q of the live sample in bin k: the symmetric divergence
    of Kullback and Leibler over bins.

    Parameters
    ----------
    reference, live : array_like of float, shapes (n,) and (m,)
    bins : int
        Bins with equal shares of the *reference* (its deciles by default), the outer ones open.
    edges : array_like, optional
        Other inner edges. :func:`lobsim.sim_to_real.find_drift` takes those of both samples
        together, because its null must not know which sample is which.

    Returns
    -------
    float
        At least 0. A share below that of half an observation of the larger sample counts as that.

    Notes
    -----
    The folklore thresholds .1 and .25 ignore sample size and autocorrelation: without drift
    the index is about chi-squared with bins - 1 degrees times (1/n + 1/m) for independent rows,
    and many times that for a persistent series.

    References
    ----------
    S. Kullback and R. Leibler (1951), Annals of Mathematical Statistics 22(1), section 2 (J);
    B. Yurdakul and J. Naranjo (2020), Journal of Risk Model Validation 14(4), for its null.

    Examples
    --------
    >>> round(psi([1, 1, 2, 2], [1, 2, 2, 2]), 4)
    0.2747
    """
    a, b = _sample(reference, "reference"), _sample(live, "live")
    edges = psi_edges(a, bins) if edges is None else np.sort(float_array(edges, "edges"))
    statistic = PSI(np.concatenate([a, b]), edges, 0.5 / max(len(a), len(b)))
    return float(statistic(side_measures(len(a), len(b)))[0])


def median_distance(points) -> float:
    """Median distance of two different rows, the usual width of a Gaussian kernel.

    Parameters
    ----------
    points : array_like, shape (rows,) or (rows, columns)

    References
    ----------
    A. Gretton et al. (2012), section 8: "the median distance between points in the aggregate
    sample".

    Examples
    --------
    >>> median_distance([0.0, 1.0, 3.0])
    2.0
    """
    return _median_of(_square_distances(_table(points, "points")))


def mmd2(reference, live, *, bandwidth: float | None = None) -> float:
    r"""Squared maximum mean discrepancy with a Gaussian kernel (biased form).

    .. math:: MMD_b^2 = \frac1{n^2}\sum_{ij} k(x_i, x_j) + \frac1{m^2}\sum_{ij} k(y_i, y_j)
              - \frac2{nm}\sum_{ij} k(x_i, y_j), \qquad k(x, y) = e^{-|x - y|^2 / 2h^2}

    Parameters
    ----------
    reference, live : array_like, shapes (n,) or (n, columns), (m,) or (m, columns)
    bandwidth : float, optional
        h in pooled standard deviations of the columns; default the median distance, which makes
        the statistic blind to the unit of every column.

    Returns
    -------
    float
        At least 0. Memory and time grow with (n + m) squared: thin long series first.

    References
    ----------
    A. Gretton, K. Borgwardt, M. Rasch, B. Schoelkopf and A. Smola (2012), "A kernel two-sample
    test", Journal of Machine Learning Research 13, equation (5).

    Examples
    --------
    >>> mmd2([0.0, 1.0], [0.0, 1.0])
    0.0
    """
    a, b = _table(reference, "reference"), _table(live, "live")
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"reference has {a.shape[1]} columns and live {b.shape[1]}")
    return float(MMD(np.concatenate([a, b]), bandwidth)(side_measures(len(a), len(b)))[0])


def classifier_auc(reference, live, *, reference_unit=None, live_unit=None, folds: int = 5,
                   seed: int = 0) -> float:
    r"""How well a classifier tells live rows from reference rows that it has not seen.

    The classifier is Fisher's discriminant on standardised columns, their squares and their
    products, with a ridge; its direction outside fold k is

    .. math:: \beta_k = (S_k + \lambda I)^{-1} (\bar x^{live}_k - \bar x^{ref}_k)

    Parameters
    ----------
    reference, live : array_like, shapes (n, columns) and (m, columns)
    reference_unit, live_unit : array_like of int, optional
        Block or episode of each row; folds take whole ones. Default: every row its own, which is
        right for independent rows only.
    folds : int
        At least 2.
    seed : int
        Of the assignment of units to folds.

    Returns
    -------
    float
        Chance that a live row looks more live than a reference row. Without drift it is a little
        *below* .5 when units are few: what is left out of a mean moves that mean the other way.

    Notes
    -----
    A discriminant and not a logit, because its covariance knows no labels: a thousand relabelled
    samples cost a thousand products of matrices and no fit. The area itself is
    :func:`lobsim.analytics.auc`.

    References
    ----------
    D. Lopez-Paz and M. Oquab (2017), "Revisiting classifier two-sample tests", ICLR; Hastie,
    Tibshirani and Friedman (2009), section 4.3 (discriminants with squares and products).

    Examples
    --------
    >>> classifier_auc([[0.0], [0.1], [0.2], [0.3]], [[9.0], [9.1], [9.2], [9.3]], folds=4)
    1.0
    """
    a, b = _table(reference, "reference"), _table(live, "live")
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"reference has {a.shape[1]} columns and live {b.shape[1]}")
    units = [np.arange(len(x)) if unit is None else np.unique(unit, return_inverse=True)[1]
             for x, unit in ((a, reference_unit), (b, live_unit))]
    unit = np.concatenate([units[0], units[0].max() + 1 + units[1]])
    fold = unit_folds(unit, folds, np.random.default_rng(seed))
    return float(Classifier(np.concatenate([a, b]), fold)(side_measures(len(a), len(b)))[0])


def unit_folds(unit: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Fold of each row: units 0, 1, ... dealt to folds at random, as evenly as can be."""
    if folds < 2:
        raise ValueError(f"folds is {folds}; at least 2 are needed")
    count = int(unit.max()) + 1
    return (rng.permutation(count) % folds)[unit]


def _with_squares(x: np.ndarray) -> np.ndarray:
    """Columns, squares, and products of two columns where these are not too many."""
    columns = x.shape[1]
    if columns > _MOST_PAIRED:
        return np.hstack([x, x**2])
    first, second = np.triu_indices(columns)
    return np.hstack([x, x[:, first] * x[:, second]])


def _standard(x: np.ndarray) -> np.ndarray:
    """Columns less their mean, in their standard deviations; 0 where a column is constant."""
    spread = x.std(axis=0)
    # what varies by rounding alone is constant
    known = spread > 1e-9 * np.abs(x).max(axis=0, initial=0.0)
    return np.where(known, (x - x.mean(axis=0)) / np.where(known, spread, 1.0), 0.0)


def _square_distances(x: np.ndarray) -> np.ndarray:
    norm = (x**2).sum(axis=1)
    square = np.maximum(norm[:, None] + norm - 2 * x @ x.T, 0.0)
    np.fill_diagonal(square, 0.0)
    return square


def _median_of(square: np.ndarray) -> float:
    return float(np.sqrt(np.median(square[np.triu_indices(len(square), 1)])))


def _sample(values, name: str) -> np.ndarray:
    """A column of finite numbers, at least one."""
    array = float_array(values, name)
    _check_finite(array, name)
    return array


def _table(values, name: str) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise ValueError(f"{name} has {array.ndim} dimensions; rows and columns are needed")
    _check_finite(array, name)
    return array


def _check_finite(array: np.ndarray, name: str) -> None:
    if not array.size:
        raise ValueError(f"{name} has no values")
    wrong = int((~np.isfinite(array)).sum())
    if wrong:
        raise ValueError(f"{name} has {wrong} values that are not finite numbers; drop the rows or "
                         f"fill them, and compare the share of missing rows as a column of its own")
