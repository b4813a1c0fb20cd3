r"""A/B test of two policies by parent order: stratified, adjusted, and looked at every day.

The effect is the mean outcome of the new policy less that of the old one, in the unit of the
outcome (a cost: negative is better), over the mix of strata that came in.

References
----------
G. Imbens and D. Rubin (2015), "Causal Inference for Statistics, Social, and Biomedical Sciences",
chapter 9. A. Deng, Y. Xu, R. Kohavi, T. Walker (2013), "Improving the sensitivity of online
controlled experiments by utilizing pre-experiment data" (CUPED), WSDM, section 3.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.analytics._checks import need_columns
from lobsim.sim_to_real.sequential import always_valid_p, confidence_sequence, naive_p

__all__ = ["ABResult", "Adjusted", "Estimate", "ab_test", "adjusted", "stratified_difference"]


class Estimate(NamedTuple):
    """Effect of the new policy; see :func:`stratified_difference`."""

    effect: float
    standard_error: float
    n_old: int
    n_new: int
    share: float


class Adjusted(NamedTuple):
    """Outcomes less what attributes explain; see :func:`adjusted`."""

    outcome: np.ndarray
    slopes: np.ndarray
    explained: float


def stratified_difference(outcome, new, stratum=None) -> Estimate:
    r"""Difference of means within strata, weighted by the orders in them.

    .. math:: \hat\theta = \sum_s \frac{n_s}{n} (\bar y_{s1} - \bar y_{s0}), \qquad
              \widehat{Var}(\hat\theta) = \sum_s \frac{n_s^2}{n^2}
              \left(\frac{s^2_{s1}}{n_{s1}} + \frac{s^2_{s0}}{n_{s0}}\right)

    Parameters
    ----------
    outcome : array_like of float, shape (orders,)
    new : array_like of bool, shape (orders,)
        Whether the order went to the new policy.
    stratum : array_like, shape (orders,), optional
        Default: one stratum.

    Returns
    -------
    Estimate
        ``share`` is that of the orders in strata with two orders or more of either policy; the
        others cannot be used and are not. Effect and error are NaN where no stratum can.

    References
    ----------
    Imbens and Rubin (2015), chapter 9: Neyman's variance, stratum by stratum.

    Examples
    --------
    >>> found = stratified_difference([1.0, 3.0, 4.0, 8.0], [False, False, True, True])
    >>> found.effect, round(found.standard_error, 3)
    (4.0, 2.236)
    """
    y, new = np.asarray(outcome, dtype=np.float64), np.asarray(new, dtype=bool)
    code = np.zeros(len(y), dtype=np.int64) if stratum is None else pd.factorize(
        np.asarray(stratum))[0]
    if not len(y) == len(new) == len(code):
        raise ValueError(f"there are {len(y)} outcomes, {len(new)} arms and {len(code)} strata")
    if np.isnan(y).any():
        raise ValueError(f"{np.isnan(y).sum()} outcomes are missing")
    cells = int(code.max(initial=-1)) + 1
    cell = 2 * code + new
    n = np.bincount(cell, minlength=2 * cells).reshape(cells, 2).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(cell, y, 2 * cells).reshape(cells, 2) / n
        # around the cell's own mean, so that a large common level costs no digits
        square = np.bincount(cell, (y - mean.ravel()[cell])**2, 2 * cells).reshape(cells, 2)
        variance = square / (n - 1) / n
    used = (n >= 2).all(axis=1)
    n_old, n_new = (int(total) for total in n[used].sum(axis=0))
    if not used.any():
        return Estimate(math.nan, math.nan, 0, 0, 0.0)
    weight = n[used].sum(axis=1) / n[used].sum()
    effect = float(weight @ (mean[used, 1] - mean[used, 0]))
    error = math.sqrt(float(weight**2 @ variance[used].sum(axis=1)))
    return Estimate(effect, error, n_old, n_new, (n_old + n_new) / len(y))


def adjusted(outcome, attributes, new, stratum=None) -> Adjusted:
    r"""Outcomes less the part that attributes known beforehand explain (control variates, CUPED).

    .. math:: \tilde y_i = y_i - \beta \cdot (x_i - \bar x), \qquad
              \beta = Cov_w(x)^{-1} Cov_w(x, y)

    with covariances within stratum and arm, so that neither the effect nor the strata enter beta.

    Parameters
    ----------
    outcome : array_like of float, shape (orders,)
    attributes : array_like of float, shape (orders,) or (orders, attributes)
        Known *before* the order starts (its size, the spread then, the cost that the simulator
        foretells). What the policy itself can change must not be in here.
    new, stratum
        As in :func:`stratified_difference`.

    Returns
    -------
    Adjusted
        ``outcome`` with the mean of the former one, ``slopes``, and ``explained``: the share of
        the variance within strata and arms that went.

    References
    ----------
    Deng et al. (2013), section 3: theta = Cov(Y, X) / Var(X) leaves the variance
    :math:`(1 - \rho^2) Var(Y)`.

    Examples
    --------
    >>> y, x = [1.0, 2.0, 3.0, 5.0, 6.0, 7.0], [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]
    >>> found = adjusted(y, x, [False] * 3 + [True] * 3)
    >>> found.slopes.tolist(), found.outcome.tolist()
    ([1.0], [2.0, 2.0, 2.0, 6.0, 6.0, 6.0])
    """
    y, x = np.asarray(outcome, dtype=np.float64), np.asarray(attributes, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    if len(x) != len(y) or not np.isfinite(x).all():
        raise ValueError("attributes need a finite number for every order")
    code = np.zeros(len(y), dtype=np.int64) if stratum is None else pd.factorize(
        np.asarray(stratum))[0]
    cell = pd.factorize(2 * code + np.asarray(new, dtype=np.int64))[0]
    n = np.bincount(cell)
    within = [v - (np.bincount(cell, v) / n)[cell] for v in (y, *x.T)]
    own, rest = np.column_stack(within[1:]), within[0]
    # attributes without variance, or that repeat each other, get the shortest slopes
    slopes = np.linalg.pinv(own.T @ own, hermitian=True) @ (own.T @ rest)
    total = float(rest @ rest)
    left = float(((rest - own @ slopes)**2).sum())
    return Adjusted(y - (x - x.mean(axis=0)) @ slopes, slopes,
                    1 - left / total if total > 0 else 0.0)


@dataclass(frozen=True, eq=False)
class ABResult:
    """What an A/B test showed at each look.

    Attributes
    ----------
    looks : DataFrame
        A row a look: ``look``, ``n_old``, ``n_new``, ``effect`` and ``standard_error`` (to date),
        ``low`` and ``high`` (confidence sequence), ``p_value`` (always valid), ``naive_p`` (of one
        planned look; shown as a warning, not for use), ``explained`` (share of the variance).
    alpha, tau : float
    unit : str
        Of the outcome.
    """

    looks: pd.DataFrame
    alpha: float
    tau: float
    unit: str

    @property
    def decided(self):
        """The first look at which the effect is told from 0, or None."""
        found = self.looks.loc[self.looks["p_value"] <= self.alpha, "look"]
        return found.iloc[0] if len(found) else None

    @property
    def verdict(self) -> str:
        """A sentence: what is known now, with the interval."""
        last = self.looks.iloc[-1]
        if not last["low"] <= last["high"]:
            return "the looks contradict each other: the effect has changed during the test"
        told = f"{last['low']:+.3g} to {last['high']:+.3g} {self.unit}"
        if self.decided is None:
            return f"not told apart: the new policy's effect is within {told}"
        side = "lower" if last["high"] < 0 else "higher"
        return f"the new policy's outcome is {side}, by {told}; known since look {self.decided}"


def ab_test(orders: pd.DataFrame, outcome: str, *, tau: float, new: str = "new", arm: str = "arm",
            stratum: str | None = "stratum", look: str = "day", attributes: Sequence[str] = (),
            alpha: float = 0.05, least: int = 30, unit: str = "bps") -> ABResult:
    """Look at an A/B test after each day, or whatever `look` counts.

    Parameters
    ----------
    orders : DataFrame
        A row a finished parent order: :attr:`lobsim.sim_to_real.Assigner.table` with outcomes and
        days.
    outcome : str
        Column with the outcome.
    tau : float
        Size of the effects that matter, in the unit of the outcome; fixed before the test. See
        :func:`lobsim.sim_to_real.best_tau`.
    new : str
        Name of the new policy in column `arm`.
    arm, stratum, look : str
        Columns; `stratum` None = do not stratify.
    attributes : sequence of str
        Columns known before the order starts, for :func:`adjusted`.
    alpha : float
    least : int
        Orders of either policy before the first look counts: the variance is estimated.
    unit : str

    Returns
    -------
    ABResult

    Notes
    -----
    A day's orders are judged when the day is over. An order belongs to the day on which it
    *started*: to count those that finish early first would favour whichever policy finishes early.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> orders = pd.DataFrame({"day": np.arange(400) // 20, "arm": ["old", "new"] * 200,
    ...                        "cost_bps": rng.normal(5, 2, 400)})
    >>> orders.loc[orders["arm"] == "new", "cost_bps"] -= 2
    >>> found = ab_test(orders, "cost_bps", tau=1.0, stratum=None)
    >>> bool(found.looks["high"].iloc[-1] < 0)
    True
    """
    need_columns(orders, [outcome, arm, look, *([stratum] if stratum else []), *attributes],
                 "orders")
    if orders[arm].nunique() > 2 or new not in set(orders[arm]):
        raise ValueError(f"column {arm!r} holds {sorted(map(str, orders[arm].unique()))}; "
                         f"{new!r} and one other policy are needed")
    if orders[outcome].isna().any():
        raise ValueError(f"{orders[outcome].isna().sum()} orders have no {outcome}; wait for them "
                         f"or count them at what they cost, for to leave them out favours a side")
    orders = orders.sort_values(look, kind="stable")
    rows = []
    y, is_new = orders[outcome].to_numpy(np.float64), (orders[arm] == new).to_numpy()
    x = orders[list(attributes)].to_numpy(np.float64)
    cells = orders[stratum].to_numpy() if stratum else np.zeros(len(orders), dtype=int)
    days = orders[look].to_numpy()
    for end in np.append(np.flatnonzero(days[1:] != days[:-1]) + 1, len(days)):
        own, explained = y[:end], 0.0
        if attributes and min(is_new[:end].sum(), (~is_new[:end]).sum()) > 2 * len(attributes) + 2:
            own, _, explained = adjusted(own, x[:end], is_new[:end], cells[:end])
        found = stratified_difference(own, is_new[:end], cells[:end])
        error = found.standard_error if min(found.n_old, found.n_new) >= least else math.nan
        rows.append({"look": days[end - 1], "n_old": found.n_old, "n_new": found.n_new,
                     "effect": found.effect, "standard_error": error, "explained": explained})
    table = pd.DataFrame(rows)
    effect, error = (table[name].to_numpy() for name in ("effect", "standard_error"))
    table["low"], table["high"] = confidence_sequence(effect, error, tau, alpha=alpha)
    table["p_value"] = always_valid_p(effect, error, tau)
    table["naive_p"] = naive_p(effect, error)
    return ABResult(table, alpha, tau, unit)
