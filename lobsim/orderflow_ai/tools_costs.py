"""Tools about the cost of the desk's orders: shortfall, worst orders, benchmarks, footprints."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from lobsim.analytics import mid_at
from lobsim.orderflow_ai.desk import Desk, DeskError, safe_label
from lobsim.orderflow_ai.order_costs import (
    BPS,
    NS,
    PARTS,
    order_costs,
    ratio_of_means,
    t_reach,
    weighted_mean,
)
from lobsim.orderflow_ai.toolbox import Arg, Found, tool

FIRST = Arg("first day of the period; left out: the first day of the data", is_day=True)
LAST = Arg("last day of the period, included; left out: the last day of the data", is_day=True)
SIDE = Arg("which orders count")
Side = Literal["both", "buy", "sell"]


@tool
def shortfall(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
    side: Annotated[Side, SIDE] = "both",
) -> Found:
    """Implementation shortfall of the desk's orders against the mid at the decision, in bps of the
    decision notional, split into delay, trading, opportunity and fees; positive is a cost.
    """
    days = desk.period(first_day, last_day)
    table = order_costs(desk, days, side)
    notional = table["notional"]
    total, error, n = ratio_of_means(table["total"], notional)
    reach = t_reach(error, n)
    values = {
        "orders": (n, "count"), "notional": (notional.sum(), "$"),
        "fill_rate": (table["filled"].sum() / table["quantity"].sum(), "share"),
        "participation": (weighted_mean(table["participation"], notional), "share"),
        "total": (table["total"].sum(), "$"), "total_bps": (BPS * total, "bps"),
        "total_low_bps": (BPS * (total - reach), "bps"),
        "total_high_bps": (BPS * (total + reach), "bps"),
    }
    for part in PARTS:
        values[part] = (table[part].sum(), "$")
        values[f"{part}_bps"] = (BPS * table[part].sum() / notional.sum(), "bps")
    return Found(
        values, labels=(days[0], days[-1]), notes=left_out_notes(table),
        series={"parts": {part: values[f"{part}_bps"][0] for part in PARTS}, "days": days})


@tool
def worst_orders(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
    side: Annotated[Side, SIDE] = "both",
    count: Annotated[int, Arg("how many orders", "orders", 1, 5)] = 3,
) -> Found:
    """The orders that cost most in currency, each with its cost, its share of the period's cost,
    and the conditions in which it was worked.
    """
    days = desk.period(first_day, last_day)
    table = order_costs(desk, days, side)
    worst = table.sort_values("total", ascending=False, kind="stable").head(count)
    values, labels = {"orders": (len(table), "count")}, []
    values["period_total"] = (table["total"].sum(), "$")
    for n, row in enumerate(worst.itertuples(), 1):
        label = safe_label(row.order_id) or f"row {n}"
        labels += [label, row.date]
        values |= {
            f"order_{n}": (row.total, "$"),
            f"order_{n}_bps": (BPS * row.total / row.notional, "bps"),
            f"order_{n}_delay_s": (row.delay_s, "s"),
            f"order_{n}_half_spread_bps": (row.half_spread_bps, "bps"),
            f"order_{n}_participation": (row.participation, "share"),
        }
    return Found(values, labels=tuple(labels), notes=left_out_notes(table),
                 series={"orders": [(str(row.order_id), row.total) for row in worst.itertuples()]})


@tool
def benchmarks(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
    side: Annotated[Side, SIDE] = "both",
) -> Found:
    """Average fill price against three benchmarks of each order's window: arrival mid, market VWAP
    and time-weighted mid (TWAP), in bps of the benchmark's notional; positive is worse than it.
    """
    desk.need("trades")
    days = desk.period(first_day, last_day)
    table = order_costs(desk, days, side)
    done = table[table["filled"] > 0]
    values: dict[str, tuple[float, str]] = {"orders": (len(done), "count")}
    for name, column in (("arrival", "arrival_price"), ("vwap", "vwap"), ("twap", "twap")):
        known = done[np.isfinite(done[column])]
        at = known["filled"] * known[column]
        cost = known["side"] * known["filled"] * (known["average_price"] - known[column])
        ratio, error, n = ratio_of_means(cost, at)
        reach = t_reach(error, n)
        values |= {f"{name}_bps": (BPS * ratio, "bps"),
                   f"{name}_low_bps": (BPS * (ratio - reach), "bps"),
                   f"{name}_high_bps": (BPS * (ratio + reach), "bps")}
    return Found(values, labels=(days[0], days[-1]), notes=(
        *left_out_notes(table),
        "The VWAP holds the desk's own prints, so a large order looks better "
        "against it than it was.", "What was not filled counts in none of the three."),
        series={"bars": {name: [values[f"{name}{end}_bps"][0] for end in ("", "_low", "_high")]
                         for name in ("arrival", "vwap", "twap")}})


@tool
def price_around_orders(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
    window_s: Annotated[float, Arg("seconds looked at before and after", "s", 1, 3600)] = 60.0,
) -> Found:
    """Mean move of the mid in the direction of the order, before the decision, from decision to
    arrival, during the order and after it: where information may have leaked, and what reverted.
    """
    days = desk.period(first_day, last_day)
    desk.need("orders", "quotes")
    span = round(window_s * NS)
    moves = []
    for order in desk.orders[desk.orders["date"].isin(days)].itertuples():
        quotes = desk.quotes.get(order.date)
        if quotes is None:
            continue
        edges = np.array([order.decision_ns - span, order.decision_ns, order.start_ns,
                          order.end_ns, order.end_ns + span])
        mids = mid_at(quotes, edges, until_ns=int(quotes["time_ns"].iloc[-1]))
        moves.append(order.side * BPS * np.diff(mids) / mids[1])
    if not moves:
        raise DeskError("no order has quotes at its times")
    moves = np.array(moves)
    values: dict[str, tuple[float, str]] = {"orders": (len(moves), "count")}
    for name, column in zip(("before", "waiting", "during", "after"), moves.T, strict=True):
        known = column[np.isfinite(column)]
        mean, error, n = ratio_of_means(known, np.ones(len(known)))
        reach = t_reach(error, n)
        values |= {f"{name}_bps": (mean, "bps"), f"{name}_low_bps": (mean - reach, "bps"),
                   f"{name}_high_bps": (mean + reach, "bps")}
    return Found(values, labels=(days[0], days[-1]), notes=(
        "Each order counts once, whatever its size.",
        "A drift before the decision may also be why the order was decided.",
        "Whether others can tell the order from public data is a question for a detector trained "
        "on days with and without it; these data hold no days without."),
        series={"steps": {name: values[f"{name}_bps"][0]
                          for name in ("before", "waiting", "during", "after")}})


def left_out_notes(table) -> tuple[str, ...]:
    left_out = table.attrs.get("left_out", 0)
    return ("Some orders were left out, as no mid was known at one of their times.",) \
        if left_out else ()
