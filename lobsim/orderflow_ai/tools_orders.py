"""Tools about single orders and single days: one order beside the others, the cost day by day."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from lobsim.orderflow_ai.desk import Desk, DeskError, safe_label
from lobsim.orderflow_ai.order_costs import BPS, PARTS, order_costs, ratio_of_means, t_reach
from lobsim.orderflow_ai.toolbox import Arg, Found, tool
from lobsim.orderflow_ai.tools_costs import FIRST, LAST, SIDE, Side, left_out_notes

CONDITIONS = ("half_spread_bps", "volatility_bps", "participation", "delay_s")
_UNITS = dict(zip(CONDITIONS, ("bps", "bps", "share", "s"), strict=True))


@tool
def one_order(
    desk: Desk, order_id: Annotated[str, Arg("id of the order in the desk's records")],
    day: Annotated[str, Arg("its day; needed where ids come again", is_day=True)] = None,
) -> Found:
    """Cost of one order by its id: shortfall against the mid at the decision by part, fills against
    VWAP and time-weighted mid of its window, and its conditions beside the median of all others.
    """
    table = order_costs(desk, desk.period(None, None))
    own = (table["order_id"].astype(str) == order_id) & (table["date"] == (day or table["date"]))
    if not own.any():
        raise DeskError("no order of this id" + (" on this day" if day else "")
                        + " has quotes at its times")
    if own.sum() > 1:
        raise DeskError(f"{own.sum()} orders have this id; name the day")
    row, others = table[own].iloc[0], table[~own]
    cost = BPS * (others["total"] / others["notional"])
    own_cost = BPS * row["total"] / row["notional"]
    values = {"total": (row["total"], "$"), "total_bps": (own_cost, "bps"),
              "notional": (row["notional"], "$"),
              "fill_rate": (row["filled"] / row["quantity"], "share"),
              "others": (len(others), "count"),
              "cheaper_share": (float((cost < own_cost).mean()) if len(others) else math.nan,
                                "share")}
    for part in PARTS:
        values[f"{part}_bps"] = (BPS * row[part] / row["notional"], "bps")
    for name in ("vwap", "twap"):
        values[f"{name}_bps"] = (
            BPS * row["side"] * (row["average_price"] - row[name]) / row[name], "bps")
    for name in CONDITIONS:
        values |= {name: (row[name], _UNITS[name]),
                   f"others_{name}": (others[name].median(), _UNITS[name])}
    return Found(values, labels=(safe_label(row["order_id"]) or "with an odd name", row["date"]),
                 notes=("The others are all other orders of the data, with equal weight.",
                        "The VWAP holds the order's own prints."),
                 series={"parts": {part: values[f"{part}_bps"][0] for part in PARTS}})


@tool
def cost_by_day(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
    side: Annotated[Side, SIDE] = "both",
) -> Found:
    """Shortfall day by day in bps of the decision notional: the dearest, the cheapest and the
    median day, and the slope of a line through the days with its 95 % interval.
    """
    days = desk.period(first_day, last_day)
    table = order_costs(desk, days, side)
    held, cost, reach = [], [], []
    for day, rows in table.groupby("date"):
        mean, error, n = ratio_of_means(rows["total"], rows["notional"])
        held.append(str(day))
        cost.append(BPS * mean)
        reach.append(BPS * t_reach(error, n))
    low, high = int(np.argmin(cost)), int(np.argmax(cost))
    slope, error = _slope(np.array([days.index(day) for day in held], float), np.array(cost))
    # two parameters are fitted, so the interval has one degree of freedom fewer than a mean's
    half = t_reach(error, len(held) - 1)
    values = {"days": (len(held), "count"), "orders": (len(table), "count"),
              "dearest_bps": (cost[high], "bps"), "cheapest_bps": (cost[low], "bps"),
              "median_bps": (float(np.median(cost)), "bps"), "slope_bps": (slope, "bps"),
              "slope_low_bps": (slope - half, "bps"), "slope_high_bps": (slope + half, "bps")}
    return Found(values, labels=(held[0], held[-1], held[high], held[low]), notes=(
        *left_out_notes(table), "The line counts every day alike, whatever was traded, and takes "
        "days as independent; its slope is per day of the data.",
        "The dearest of many days is dear by chance, too."),
        series={"day": held, "bps": cost, "reach": np.nan_to_num(reach).tolist()})


def _slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Least-squares slope and its standard error; NaN with too few points."""
    if len(x) < 2:
        return math.nan, math.nan
    gap = x - x.mean()
    slope = float(gap @ y / (gap @ gap))
    if len(x) < 3:
        return slope, math.nan
    left = y - y.mean() - slope * gap
    return slope, math.sqrt(float(left @ left) / (len(x) - 2) / float(gap @ gap))
