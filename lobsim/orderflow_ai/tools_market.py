"""Tools about the market: how good the data are, spreads, the volume curve, impact of trades."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
import pandas as pd

from lobsim.analytics import mid_at, quoted_spread, trade_costs
from lobsim.orderflow_ai.desk import Desk, DeskError
from lobsim.orderflow_ai.order_costs import BPS, NS, ratio_of_means, t_reach
from lobsim.orderflow_ai.toolbox import Arg, Found, tool
from lobsim.orderflow_ai.tools_costs import FIRST, LAST

HORIZON = Arg("seconds after the trade at which the mid is read again", "s", 0.1, 3600)


@tool
def data_quality(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
) -> Found:
    """What the data hold and what is wrong with them: rows by table, fills without an order, fills
    beyond an order's size or outside the best quotes, empty or locked quotes, longest silence.
    """
    days = desk.period(first_day, last_day)
    values: dict[str, tuple[float, str]] = {"days": (len(days), "count")}
    for name in ("orders", "children", "fills"):
        table = getattr(desk, name)
        rows = 0 if table is None else int(table["date"].isin(days).sum())
        values[name] = (rows, "count")
    for name in ("quotes", "trades"):
        held = [table for day, table in getattr(desk, name).items() if day in days]
        values[name] = (sum(map(len, held)), "count")
        values[f"days_with_{name}"] = (len(held), "count")
    quotes = [desk.quotes[day] for day in days if day in desk.quotes]
    if quotes:
        values["one_sided_quotes"] = (sum(int((q["bid"].isna() | q["ask"].isna()).sum())
                                          for q in quotes), "count")
        values["locked_quotes"] = (sum(int((q["bid"] == q["ask"]).sum()) for q in quotes), "count")
        values["longest_silence_s"] = (max(float(np.diff(q["time_ns"]).max(initial=0)) / NS
                                           for q in quotes), "s")
    if desk.has("fills"):
        fills = desk.fills[desk.fills["date"].isin(days)]
        values["fills_outside_quotes"] = (_outside(desk, fills), "count")
        if desk.has("orders"):
            key = ["date", "order_id"]
            orders = desk.orders.set_index(key)["quantity"]
            done = fills.groupby(key)["size"].sum()
            known = done.index.isin(orders.index)
            values["fills_without_order"] = (
                int((~pd.MultiIndex.from_frame(fills[key]).isin(orders.index)).sum()), "count")
            over = done[known] > orders.reindex(done.index[known]) + 1e-9
            values["overfilled_orders"] = (int(over.sum()), "count")
    return Found(values, labels=(days[0], days[-1]), notes=(
        "A fill is outside the quotes when its price lies beyond the best bid and ask at, or just "
        "before, its time; a market order that walks the book makes such fills rightly.",))


@tool
def spreads(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
    horizon_s: Annotated[float, HORIZON] = 10.0,
) -> Found:
    """Quoted spread (time-weighted), and of the market's trades the effective spread and its split
    into realised spread and price impact (size-weighted); full spreads in bps of the mid.
    """
    days = _with(desk, desk.period(first_day, last_day), "quotes", "trades")
    quoted, held, rows = 0.0, 0.0, []
    for day in days:
        quotes = desk.quotes[day]
        span = (quotes["time_ns"].iloc[-1] - quotes["time_ns"].iloc[0]) / NS
        spread = quoted_spread(quotes, unit="bps")
        if math.isfinite(spread):
            quoted, held = quoted + spread * span, held + span
        costs = trade_costs(desk.signed(day)[["time_ns", "price", "size"]], quotes,
                            horizon_s=horizon_s, unit="bps")
        rows.append(costs[["size", "effective", "realised", "impact"]].dropna())
    trades = pd.concat(rows)
    if not len(trades) or not held:
        raise DeskError("no trade has quotes before it and at the horizon after it")
    weight = trades["size"] / trades["size"].sum()
    means = {name: float(weight @ trades[name]) for name in ("effective", "realised", "impact")}
    values = {"trades": (len(trades), "count"), "quoted_bps": (quoted / held, "bps"),
              **{f"{name}_bps": (mean, "bps") for name, mean in means.items()},
              "impact_share": (means["impact"] / means["effective"], "share")}
    return Found(values, labels=(days[0], days[-1]), notes=(
        "Trades are signed by Lee and Ready's rule; prints of one moment and side are one trade.",),
        series={"bars": {"quoted": quoted / held, **means}})


@tool
def volume_curve(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
    minutes: Annotated[int, Arg("length of a bin", "minutes", 5, 120)] = 15,
) -> Found:
    """How the market's volume spreads over the day: mean share of each bin over the days, and the
    busiest and the quietest bin that trade on every day.
    """
    days = _with(desk, desk.period(first_day, last_day), "trades")
    step = minutes * 60 * NS
    shares = {}
    for day in days:
        prints = desk.trades[day]
        volume = prints["size"].groupby(prints["time_ns"] // step).sum()
        shares[day] = volume / volume.sum()
    table = pd.DataFrame(shares).fillna(0.0).sort_index()
    mean = table.mean(axis=1)
    busy, quiet = mean.idxmax(), mean.idxmin()
    clock = [_clock(int(bin_) * step) for bin_ in mean.index]
    values = {"days": (len(days), "count"), "bins": (len(mean), "count"),
              "volume_per_day": (sum(desk.trades[d]["size"].sum() for d in days) / len(days),
                                 "shares"),
              "busiest_share": (mean[busy], "share"), "quietest_share": (mean[quiet], "share")}
    values |= {f"share_{n}": (share, "share") for n, share in enumerate(mean, 1)}
    labels = (_clock(int(busy) * step), _clock(int(quiet) * step), *clock)
    return Found(values, labels=labels, notes=(
        "The first two labels are the starts of the busiest and the quietest bin, the others those "
        "of all bins in order.", "Only the hours that the data hold are looked at."),
        series={"clock": clock, "share": mean.tolist()})


@tool
def impact_curve(
    desk: Desk, first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
    horizon_s: Annotated[float, HORIZON] = 10.0,
    buckets: Annotated[int, Arg("groups of equal count by size", "", 2, 6)] = 4,
) -> Found:
    """How far the mid moves with a trade, by the trade's size: mean move in its direction in bps
    for groups from the smallest to the largest trades, and the exponent of a power law.
    """
    days = _with(desk, desk.period(first_day, last_day), "quotes", "trades")
    rows = []
    for number, day in enumerate(days):
        quotes, orders = desk.quotes[day], desk.signed(day)
        time = orders["time_ns"].to_numpy(np.int64)
        before = mid_at(quotes, time - 1)
        after = mid_at(quotes, time + round(horizon_s * NS),
                       until_ns=int(quotes["time_ns"].iloc[-1]))
        move = orders["sign"].to_numpy() * BPS * (after - before) / before
        rows.append(pd.DataFrame({"day": number, "size": orders["size"].to_numpy(np.float64),
                                  "move": np.where(orders["sign"] == 0, np.nan, move)}))
    table = pd.concat(rows).dropna()
    if len(table) < 20 * buckets:
        raise DeskError(f"{len(table)} trades are too few for {buckets} groups")
    rank = np.argsort(np.argsort(table["size"].to_numpy(), kind="stable"), kind="stable")
    table["bucket"] = rank * buckets // len(table)
    values: dict[str, tuple[float, str]] = {"trades": (len(table), "count"),
                                            "groups": (buckets, "count")}
    size, move = [], []
    for bucket, group in table.groupby("bucket"):
        by_day = group.groupby("day")["move"].agg(["sum", "count"])
        mean, error, n = ratio_of_means(by_day["sum"], by_day["count"])
        size.append(float(group["size"].mean()))
        move.append(mean)
        values |= {f"size_{bucket + 1}": (size[-1], "shares"),
                   f"move_{bucket + 1}_bps": (mean, "bps"),
                   f"move_{bucket + 1}_reach_bps": (t_reach(error, n), "bps")}
    good = min(move) > 0 and min(size) < max(size)
    values["exponent"] = (float(np.polyfit(np.log(size), np.log(move), 1)[0]) if good else math.nan,
                          "exponent")
    return Found(values, labels=(days[0], days[-1]), notes=(
        "Reach is half of the interval over days.",
        "The exponent is the slope through the groups' means on logarithmic scales; it says how "
        "the response to single trades grows, not what a large order of many trades costs."),
        series={"size": size, "move": move})


def _with(desk: Desk, days: list[str], *names: str) -> list[str]:
    """Those of the days for which all of these tables are there."""
    desk.need(*names)
    kept = [day for day in days if all(day in getattr(desk, name) for name in names)]
    if not kept:
        raise DeskError(f"no day from {days[0]} to {days[-1]} has {' and '.join(names)}")
    return kept


def _outside(desk: Desk, fills: pd.DataFrame) -> int:
    count = 0
    for day, rows in fills.groupby("date"):
        if day not in desk.quotes:
            continue
        quotes = desk.quotes[day]
        time = quotes["time_ns"].to_numpy()
        beyond = np.ones(len(rows), dtype=bool)
        for side in ("left", "right"):  # before the instant of the fill, and at its end
            row = np.searchsorted(time, rows["time_ns"].to_numpy(), side=side) - 1
            bid, ask = (quotes[c].to_numpy()[np.maximum(row, 0)] for c in ("bid", "ask"))
            price = rows["price"].to_numpy()
            beyond &= (row >= 0) & ((price < bid - 1e-9) | (price > ask + 1e-9))
        count += int(beyond.sum())
    return count


def _clock(time_ns: int) -> str:
    return f"{time_ns // (3600 * NS):02d}:{time_ns // (60 * NS) % 60:02d}"
