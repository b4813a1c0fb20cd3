"""The tool that says whether a signal of the book is worth trading: out of sample, after costs."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
import pandas as pd

from lobsim.analytics import flow_bars, hit_rate, regress
from lobsim.orderflow_ai.desk import Desk, DeskError
from lobsim.orderflow_ai.order_costs import BPS, ratio_of_means, t_reach
from lobsim.orderflow_ai.toolbox import Arg, Found, tool
from lobsim.orderflow_ai.tools_costs import FIRST, LAST
from lobsim.orderflow_ai.tools_market import _with

SIGNAL = Arg("obi: imbalance of the best sizes; ofi: order-flow imbalance of the bar before, "
             "per depth")


@tool
def signal_worth(
    desk: Desk, signal: Annotated[Literal["obi", "ofi"], SIGNAL] = "obi",
    horizon_s: Annotated[float, Arg("how far the signal looks ahead", "s", 0.5, 1800)] = 10.0,
    share: Annotated[float, Arg("share of the bars with the strongest signal that are traded",
                                "", 0.01, 1.0)] = 0.1,
    fee_bps: Annotated[float, Arg("fee for each of the two trades", "bps", 0.0, 50.0)] = 0.0,
    first_day: Annotated[str, FIRST] = None, last_day: Annotated[str, LAST] = None,
) -> Found:
    """Whether an imbalance signal pays: a line fitted on the first half of the days foretells the
    mid move of the later half; the strongest signals are traded, crossing the spread in and out.
    """
    days = _with(desk, desk.period(first_day, last_day), "quotes")
    if len(days) < 4:
        raise DeskError(f"{len(days)} days of quotes are too few to fit on some and judge on "
                        "others; at least 4 are needed")
    bars = {day: _bars(desk, day, signal, horizon_s) for day in days}
    cut = len(days) // 2
    train = pd.concat([bars[day] for day in days[:cut]])
    if len(train) < 30:
        raise DeskError(f"{len(train)} bars of {horizon_s:g} s are too few to fit a line; "
                        "at least 30 are needed")
    line = regress(train["move"], train["signal"], lags=0)
    threshold = float(np.quantile(np.abs(line.predict(train["signal"])), 1 - share))
    test, traded = [], []
    for day in days[cut:]:
        table = bars[day].assign(foretold=line.predict(bars[day]["signal"]), day=day)
        test.append(table)
        chosen = table[np.abs(table["foretold"]) >= threshold]
        gross = np.sign(chosen["foretold"]) * chosen["move"]
        traded.append((len(chosen), gross.sum(), (chosen["cost"] + 2 * fee_bps).sum()))
    table = pd.concat(test)
    error = table["move"] - table["foretold"]
    spread = table["move"] - train["move"].mean()
    hits = hit_rate(table["signal"], table["move"])
    count, gross, cost = (np.array(column, dtype=float) for column in zip(*traded, strict=True))
    net, net_error, n = ratio_of_means(gross - cost, count)
    reach = t_reach(net_error, n)
    total = count.sum()
    values = {
        "train_days": (cut, "count"), "test_days": (len(days) - cut, "count"),
        "bars": (len(table), "count"), "trades": (total, "count"),
        "slope_bps": (line.slope, "bps"), "slope_t": (float(line.t[1]), "t"),
        "r2": (float(1 - error @ error / (spread @ spread)), "share"),
        "hit_rate": (hits.rate, "share"), "hit_rate_low": (hits.ci_low, "share"),
        "hit_rate_high": (hits.ci_high, "share"),
        "gross_bps": (gross.sum() / total if total else math.nan, "bps"),
        "cost_bps": (cost.sum() / total if total else math.nan, "bps"),
        "net_bps": (net, "bps"), "net_low_bps": (net - reach, "bps"),
        "net_high_bps": (net + reach, "bps"),
    }
    return Found(values, labels=(days[0], days[cut - 1], days[cut], days[-1]), notes=(
        "Every trade enters at the far quote and leaves at the far quote a horizon later; resting "
        "orders would pay less and be filled when the signal is wrong.",
        "Bars do not overlap, and the interval of the net is over test days.",
        "The slope is per unit of the signal."),
        series={"day": days[cut:], "gross": (gross / np.maximum(count, 1)).tolist(),
                "cost": (cost / np.maximum(count, 1)).tolist()})


def _bars(desk: Desk, day: str, signal: str, horizon_s: float) -> pd.DataFrame:
    """Bars with what is known at their start, the move in bps, and the cost of a round trip."""
    quotes = desk.quotes[day]
    try:
        bars = flow_bars(quotes, horizon_s, tick_size=desk.tick_size)
    except ValueError as error:
        raise DeskError(f"{day}: {error}") from None
    leaving = bars["spread_start_ticks"].shift(-1)
    to_bps = BPS * desk.tick_size / bars["mid_start"]
    known = bars["obi_start"] if signal == "obi" else (bars["ofi"] / bars["depth"]).shift(1)
    return pd.DataFrame({
        "signal": known, "move": bars["move_ticks"] * to_bps,
        "cost": 0.5 * (bars["spread_start_ticks"] + leaving) * to_bps,
    }).replace([np.inf, -np.inf], np.nan).dropna()
