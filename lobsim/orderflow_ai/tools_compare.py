"""Tools that compare two periods: the shortfall part by part, and what its change comes from."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from lobsim.orderflow_ai.desk import Desk, DeskError
from lobsim.orderflow_ai.order_costs import BPS, PARTS, order_costs, ratio_of_means, t_reach
from lobsim.orderflow_ai.toolbox import Arg, Found, tool

FEATURES = ("half_spread_bps", "volatility_bps", "participation", "delay_s")
BASE_FIRST = Arg("first day of the period compared with", is_day=True)
BASE_LAST = Arg("last day of the period compared with, included", is_day=True)
FIRST = Arg("first day of the period in question", is_day=True)
LAST = Arg("last day of the period in question, included", is_day=True)


def _both(desk: Desk, base_first, base_last, first, last):
    base, now = desk.period(base_first, base_last), desk.period(first, last)
    if set(base) & set(now):
        raise DeskError(f"the periods share the day {min(set(base) & set(now))}; "
                        "they must not overlap")
    return base, now, order_costs(desk, base), order_costs(desk, now)


@tool
def compare_periods(
    desk: Desk, base_first_day: Annotated[str, BASE_FIRST],
    base_last_day: Annotated[str, BASE_LAST], first_day: Annotated[str, FIRST],
    last_day: Annotated[str, LAST],
) -> Found:
    """Shortfall of one period beside that of another, in all and by part (bps of the decision
    notional), with the difference, its 95 % interval and the ratio of the two.
    """
    base_days, days, base, now = _both(desk, base_first_day, base_last_day, first_day, last_day)
    old, old_error, n_old = ratio_of_means(base["total"], base["notional"])
    new, new_error, n_new = ratio_of_means(now["total"], now["notional"])
    error = math.hypot(old_error, new_error)
    reach = t_reach(error, min(n_old, n_new))
    values = {
        "base_orders": (n_old, "count"), "orders": (n_new, "count"),
        "base_bps": (BPS * old, "bps"), "now_bps": (BPS * new, "bps"),
        "change_bps": (BPS * (new - old), "bps"),
        "change_low_bps": (BPS * (new - old - reach), "bps"),
        "change_high_bps": (BPS * (new - old + reach), "bps"),
        "ratio": (new / old if old > 0 and new > 0 else math.nan, "times"),
        "base_mean_notional": (base["notional"].mean(), "$"),
        "mean_notional": (now["notional"].mean(), "$"),
    }
    parts = {}
    for part in PARTS:
        pair = [BPS * t[part].sum() / t["notional"].sum() for t in (base, now)]
        parts[part] = pair
        values |= {f"base_{part}_bps": (pair[0], "bps"), f"{part}_bps": (pair[1], "bps"),
                   f"{part}_change_bps": (pair[1] - pair[0], "bps")}
    return Found(values, labels=(base_days[0], base_days[-1], days[0], days[-1]), notes=(
        "The interval takes orders as independent, and the degrees of freedom of the smaller "
        "period.",), series={"parts": parts, "days": (base_days, days)})


@tool
def explain_change(
    desk: Desk, base_first_day: Annotated[str, BASE_FIRST],
    base_last_day: Annotated[str, BASE_LAST], first_day: Annotated[str, FIRST],
    last_day: Annotated[str, LAST],
) -> Found:
    """Splits the change of the shortfall between two periods into what changed conditions (spread,
    volatility, participation, delay) explain at the base period's prices of them, and the rest.
    """
    base_days, days, base, now = _both(desk, base_first_day, base_last_day, first_day, last_day)
    base, now = (t[np.isfinite(t[list(FEATURES)]).all(axis=1)] for t in (base, now))
    if len(base) < 5 * (len(FEATURES) + 1) or not len(now):
        raise DeskError(f"{len(base)} orders of the base period are too few to price "
                        f"{len(FEATURES)} conditions; {5 * (len(FEATURES) + 1)} are needed")
    slope, error = _priced(base)
    weight = [t["notional"].to_numpy() / t["notional"].sum() for t in (base, now)]
    mean = [w @ t[list(FEATURES)].to_numpy() for w, t in zip(weight, (base, now), strict=True)]
    change = BPS * (now["total"].sum() / now["notional"].sum()
                    - base["total"].sum() / base["notional"].sum())
    due = slope * (mean[1] - mean[0])
    values = {"base_orders": (len(base), "count"), "orders": (len(now), "count"),
              "change_bps": (change, "bps")}
    units = {"half_spread_bps": "bps", "volatility_bps": "bps", "participation": "share",
             "delay_s": "s"}
    for n, name in enumerate(FEATURES):
        values |= {f"base_{name}": (mean[0][n], units[name]),
                   f"now_{name}": (mean[1][n], units[name]),
                   f"due_to_{name}": (due[n], "bps"),
                   f"due_to_{name}_error": (abs(mean[1][n] - mean[0][n]) * error[n], "bps")}
    values["explained_bps"] = (due.sum(), "bps")
    values["unexplained_bps"] = (change - due.sum(), "bps")
    return Found(values, labels=(base_days[0], base_days[-1], days[0], days[-1]), notes=(
        "Prices of the conditions are a least-squares line over the base period's orders, weighted "
        "by notional, with White's errors; the parts add up to the change.",
        "A part whose error is as large as itself is not told apart from nothing.",
        "A line is asked about conditions outside those it was fitted to when the period differs "
        "much, and it does not prove causes."),
        series={"due": dict(zip(FEATURES, due, strict=True)), "rest": change - due.sum()})


def _priced(base) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of cost in bps on the conditions, weighted by notional, and White's errors.

    With an intercept the weighted residuals of the base add up to nothing, so that the parts and
    the rest add up to the change exactly.
    """
    x = np.column_stack([np.ones(len(base)), base[list(FEATURES)].to_numpy()])
    y = BPS * (base["total"] / base["notional"]).to_numpy()
    w = (base["notional"] / base["notional"].mean()).to_numpy()
    scale = np.abs(x).max(axis=0)
    if (scale == 0).any() or np.linalg.matrix_rank(x / scale) < x.shape[1]:
        raise DeskError("the conditions of the base period do not vary enough to price each")
    inverse = np.linalg.inv((x / scale).T @ ((x / scale) * w[:, None])) / np.outer(scale, scale)
    slope = inverse @ (x.T @ (w * y))
    scores = x * (w * (y - x @ slope))[:, None]
    n, k = x.shape
    error = np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse) * n / (n - k))
    return slope[1:], error[1:]
