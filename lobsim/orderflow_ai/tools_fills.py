"""Tools about the desk's fills: how resting orders fared, and what the price did after a fill."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
import pandas as pd

from lobsim.analytics import mid_at
from lobsim.orderflow_ai.desk import Desk, DeskError
from lobsim.orderflow_ai.order_costs import BPS, NS, ratio_of_means, t_reach
from lobsim.orderflow_ai.toolbox import Arg, Found, tool
from lobsim.orderflow_ai.tools_costs import FIRST, LAST


@tool
def fill_statistics(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
) -> Found:
    """How the desk's resting child orders fared: share filled, time to the last fill, size ahead in
    the queue, and the filled share of those with the shortest and the longest queue ahead.
    """
    desk.need("children", "fills")
    days = desk.period(first_day, last_day)
    children = desk.children[desk.children["date"].isin(days)]
    posts = children[children["kind"] == "post"]
    if not len(posts):
        raise DeskError("no child order rested in the book in this period")
    whole = posts["filled"] >= posts["size"]
    wait = (posts["end_ns"] - posts["time_ns"]) / NS
    fills = desk.fills[desk.fills["date"].isin(days)]
    known = fills[fills["maker"].notna()]
    values = {
        "posts": (len(posts), "count"), "takes": (len(children) - len(posts), "count"),
        "filled_share": (posts["filled"].sum() / posts["size"].sum(), "share"),
        "fully_filled_share": (whole.mean(), "share"),
        "untouched_share": ((posts["filled"] == 0).mean(), "share"),
        "median_time_to_fill_s": (wait[whole].median(), "s"),
        "maker_share": (known.loc[known["maker"] == 1, "size"].sum() / known["size"].sum()
                        if len(known) else math.nan, "share"),
    }
    bars = {}
    if "queue_ahead" in posts and posts["queue_ahead"].notna().any():
        queued = posts[posts["queue_ahead"].notna()]
        low, high = queued["queue_ahead"].quantile([1 / 3, 2 / 3])
        short, long = queued[queued["queue_ahead"] <= low], queued[queued["queue_ahead"] >= high]
        values |= {
            "median_queue_ahead": (queued["queue_ahead"].median(), "shares"),
            "short_queue": (low, "shares"), "long_queue": (high, "shares"),
            "filled_share_short_queue": (short["filled"].sum() / short["size"].sum(), "share"),
            "filled_share_long_queue": (long["filled"].sum() / long["size"].sum(), "share")}
        bars = {"short queue": values["filled_share_short_queue"][0],
                "all": values["filled_share"][0],
                "long queue": values["filled_share_long_queue"][0]}
    return Found(values, labels=(days[0], days[-1]), notes=(
        "The time to fill is that of orders filled in full; those withdrawn waited longer, so it "
        "is too short as a guide to how long a fill takes.",
        "Short and long queues are the lowest and the highest third."), series={"bars": bars})


@tool
def toxicity(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
    which: Annotated[Literal["maker", "taker", "all"], Arg("fills that rested, that took, or all")]
    = "maker",
    horizon_s: Annotated[float, Arg("longest horizon of the mark-outs", "s", 1, 3600)] = 60.0,
) -> Found:
    """Mark-outs of the desk's fills: what a fill had gained against the mid at once, after a sixth
    of the horizon and after all of it, size-weighted, in bps; negative after a while is toxic flow.
    """
    desk.need("orders", "fills", "quotes")
    days = desk.period(first_day, last_day)
    sides = desk.orders.set_index(["date", "order_id"])["side"]
    fills = desk.fills[desk.fills["date"].isin(days)]
    if which != "all":
        fills = fills[fills["maker"] == (1 if which == "maker" else 0)]
    keys = zip(fills["date"], fills["order_id"], strict=True)
    fills = fills[[key in sides.index for key in keys]]
    if not len(fills):
        raise DeskError(f"no {'' if which == 'all' else which + ' '}fill of a known order in this "
                        "period")
    horizons = (0.0, horizon_s / 6, horizon_s)
    rows = []
    for day, group in fills.groupby("date"):
        if day not in desk.quotes:
            continue
        quotes, last = desk.quotes[day], int(desk.quotes[day]["time_ns"].iloc[-1])
        side = sides.loc[list(zip(group["date"], group["order_id"], strict=True))].to_numpy()
        price, time = group["price"].to_numpy(), group["time_ns"].to_numpy(np.int64)
        row = {"day": day}
        for n, horizon in enumerate(horizons):
            mid = mid_at(quotes, time + round(horizon * NS), until_ns=last)
            gain = BPS * side * (mid - price) / price
            known = np.isfinite(gain)
            size = group["size"].to_numpy()[known]
            row |= {f"gain_{n}": float(gain[known] @ size), f"size_{n}": float(size.sum()),
                    f"fills_{n}": int(known.sum())}
        rows.append(row)
    if not rows:
        raise DeskError("no fill has quotes on its day")
    table = pd.DataFrame(rows)
    values: dict[str, tuple[float, str]] = {"fills": (table["fills_0"].sum(), "count"),
                                            "days": (len(table), "count")}
    for n, name in enumerate(("at_once", "middle", "end")):
        mean, error, count = ratio_of_means(table[f"gain_{n}"], table[f"size_{n}"])
        reach = t_reach(error, count)
        values |= {f"{name}_s": (horizons[n], "s"), f"{name}_bps": (mean, "bps"),
                   f"{name}_low_bps": (mean - reach, "bps"),
                   f"{name}_high_bps": (mean + reach, "bps")}
    return Found(values, labels=(days[0], days[-1]), notes=(
        "Fees and rebates are not in the mark-outs.", "The intervals are over days."),
        series={"horizon": list(horizons),
                "bps": [values[f"{name}_bps"][0] for name in ("at_once", "middle", "end")]})
