"""What each parent order of a desk cost, and the conditions in which it was worked."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from lobsim.analytics import implementation_shortfall, mid_at, quoted_spread, twap_price, vwap
from lobsim.orderflow_ai.desk import Desk, DeskError, safe_label

__all__ = ["PARTS", "order_costs", "ratio_of_means", "t_reach", "weighted_mean"]

BPS, NS = 1e4, 1_000_000_000
PARTS = ("delay", "trading", "opportunity", "fees")


def order_costs(desk: Desk, days: list[str], side: str = "both") -> pd.DataFrame:
    """Shortfall of every order and the market around it.

    Parameters
    ----------
    desk : Desk
        With orders, fills and quotes.
    days : list of str
    side : {"both", "buy", "sell"}

    Returns
    -------
    DataFrame
        One row an order: ``date, order_id, side, quantity, filled, notional`` ($, quantity times
        decision mid), ``total, delay, trading, opportunity, fees`` ($, positive = cost),
        ``decision_price, arrival_price, average_price``, ``delay_s``, ``half_spread_bps``
        (time-weighted over the window), ``volatility_bps`` (root of the summed squared moves of
        the mid over ten seconds), ``participation`` (filled over market volume, NaN without
        prints), ``vwap, twap`` of the window. Orders without a mid at one of their three times are
        left out and counted in ``attrs["left_out"]``.

    Raises
    ------
    DeskError
        Nothing is left, or fills exceed an order.
    """
    desk.need("orders", "fills", "quotes")
    wanted = desk.orders[desk.orders["date"].isin(days)]
    if side != "both":
        wanted = wanted[wanted["side"] == (1 if side == "buy" else -1)]
    fills = dict(tuple(desk.fills.groupby(["date", "order_id"])))
    nothing = desk.fills.iloc[:0]
    rows = []
    for order in wanted.itertuples():
        quotes = desk.quotes.get(order.date)
        key = "order_costs", order.date, order.order_id
        if quotes is not None and key not in desk.memo:
            own = fills.get(key[1:], nothing)
            desk.memo[key] = _one(order, own, quotes, desk.trades.get(order.date))
        rows.append(desk.memo.get(key))
    rows = [row for row in rows if row is not None]
    if not rows:
        raise DeskError(f"no order from {days[0]} to {days[-1]} has quotes at its times"
                        + (f" (side {side})" if side != "both" else ""))
    table = pd.DataFrame(rows)
    table.attrs["left_out"] = len(wanted) - len(table)
    return table


def _one(order, fills: pd.DataFrame, quotes: pd.DataFrame, trades) -> dict | None:
    moments = np.array([order.decision_ns, order.start_ns, order.end_ns])
    decision, arrival, end = mid_at(quotes, moments)
    if not np.isfinite([decision, arrival, end]).all():
        return None
    try:
        cost = implementation_shortfall(
            order.side, order.quantity, fills["price"], fills["size"], decision_price=decision,
            arrival_price=arrival, end_price=end, fees=float(fills["fee"].sum()))
    except ValueError as error:
        name = safe_label(order.order_id) or "with an odd name"  # the sentence may go to a model
        raise DeskError(f"order {name} of {order.date}: {error}") from None
    start_s, end_s = order.start_ns / NS, order.end_ns / NS
    volume, market_vwap = math.nan, math.nan
    if trades is not None:
        time = trades["time_ns"].to_numpy()
        inside = trades[(time >= order.start_ns) & (time < order.end_ns)]
        volume, market_vwap = float(inside["size"].sum()), vwap(inside["price"], inside["size"])
    mids = mid_at(quotes, np.arange(order.start_ns, order.end_ns + 1, 10 * NS))
    moves = np.diff(np.log(mids[np.isfinite(mids)]))
    mid = 0.5 * (quotes["bid"] + quotes["ask"])
    return {
        "date": order.date, "order_id": order.order_id, "side": order.side,
        "quantity": order.quantity, "filled": cost.filled, "notional": cost.notional,
        "total": cost.total, **{part: getattr(cost, part) for part in PARTS},
        "decision_price": decision, "arrival_price": arrival,
        "average_price": cost.average_price,
        "delay_s": (order.start_ns - order.decision_ns) / NS,
        "half_spread_bps": 0.5 * quoted_spread(quotes, start_s=start_s, end_s=end_s, unit="bps"),
        "volatility_bps": BPS * math.sqrt(float(moves @ moves)),
        "participation": cost.filled / volume if volume > 0 else math.nan,
        "vwap": market_vwap,
        "twap": twap_price(quotes["time_ns"] / NS, mid, start_s=start_s, end_s=end_s),
    }


def ratio_of_means(top, bottom) -> tuple[float, float, int]:
    """``sum(top) / sum(bottom)`` with its standard error by the delta method, and the count.

    The error is that of the mean of ``top - ratio * bottom`` over the mean of the bottom; NaN
    with fewer than two pairs.

    Examples
    --------
    >>> ratio_of_means([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    (0.5, 0.0, 3)
    """
    top, bottom = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    n, total = len(top), float(bottom.sum())
    if n == 0 or total == 0:
        return math.nan, math.nan, n
    ratio = float(top.sum()) / total
    if n < 2:
        return ratio, math.nan, n
    left = top - ratio * bottom
    return ratio, float(math.sqrt(n / (n - 1) * float(left @ left)) / abs(total)), n


def t_reach(error: float, n: int) -> float:
    """Half of the 95 % interval of a mean of n pieces: Student's t times the standard error."""
    return float(stdtrit(n - 1, 0.975)) * error if n > 1 else math.nan


def weighted_mean(values, weights) -> float:
    """Weighted mean of what is known; NaN where nothing is."""
    values, weights = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    known = np.isfinite(values)
    return float(values[known] @ weights[known] / weights[known].sum()) if known.any() else math.nan
