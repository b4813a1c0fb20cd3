"""Running a strategy on a market and measuring what the parent order cost."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.analytics.shortfall import Shortfall, implementation_shortfall, slippage_bps, vwap
from lobsim.engine.codes import Kind
from lobsim.engine.units import Grid
from lobsim.strategies.orders import ChildOrder, ParentOrder
from lobsim.strategies.schedules import Strategy, resting_orders


@dataclass(frozen=True)
class Execution:
    """What happened to a parent order.

    Attributes
    ----------
    order : ParentOrder
    strategy : str
        Name of the strategy's class.
    fills : DataFrame
        ``time_s, side, price, size, fee, maker, order_id``; fees in currency, positive = paid.
    children : DataFrame
        What was sent: ``time_s, kind`` (name), ``size, price, order_id``.
    decision_price, arrival_price, end_price : float
        Midpoints when :func:`execute` was called, at ``order.start_s`` and at ``order.end_s``.
    shortfall : Shortfall
        Measured against the decision price.
    market_volume : float
        Shares that everybody, the order included, traded in the window.
    market_vwap : float
        Average price of all that volume; NaN when there was none or the market keeps no trades.
    """

    order: ParentOrder
    strategy: str
    fills: pd.DataFrame
    children: pd.DataFrame
    decision_price: float
    arrival_price: float
    end_price: float
    shortfall: Shortfall
    market_volume: float
    market_vwap: float

    @property
    def filled(self) -> float:
        """Size traded, in the market's unit; a whole number for shares."""
        grid = Grid(self.order.lot_size, "lot_size")
        return grid.value(round(float(self.fills["size"].sum()) / self.order.lot_size))

    @property
    def participation(self) -> float:
        """Own share of the market's volume in the window, 0 to 1; NaN without volume."""
        return self.filled / self.market_volume if self.market_volume > 0 else math.nan

    @property
    def maker_share(self) -> float:
        """Share of the filled shares that rested in the book, 0 to 1; NaN without fills."""
        if not self.filled:
            return math.nan
        return float(self.fills.loc[self.fills["maker"].astype(bool), "size"].sum() / self.filled)

    @property
    def vwap_slippage_bps(self) -> float:
        """Average fill against the market's VWAP of the window, bps; positive = cost."""
        return slippage_bps(self.order.side, self.shortfall.average_price, self.market_vwap)


def execute(market, strategy: Strategy, order: ParentOrder) -> Execution:
    """Run ``strategy`` on ``market`` until the order's window ends.

    The decision is made now (``market.clock_s``); the order reaches the market at
    ``order.start_s``; the strategy acts at ``start_s, start_s + interval_s, ...`` and once more at
    ``end_s``; then what still rests is cancelled.

    Parameters
    ----------
    market : lobsim.Market
        Its clock must not be past ``order.start_s``. It is left at ``order.end_s``.
    strategy : Strategy
        Anything with ``interval_s``, ``reset(order, market)`` and ``act(market)``.
    order : ParentOrder
        Sizes of child orders are in the market's shares.

    Returns
    -------
    Execution
        Fills, prices and the shortfall.

    Raises
    ------
    ValueError
        When the clock is past the start, the order is not in whole lots of the market, the book
        has no midpoint at one of the three moments, or the strategy asks for more than is left.
    """
    _same_lots(market, order)
    if market.clock_s > order.start_s + 1e-9:
        raise ValueError(
            f"the market's clock is at {market.clock_s:g} s, past the start of the order at "
            f"{order.start_s:g} s; use a market that starts earlier"
        )
    decision_price = _mid(market, "decision")
    market.advance(order.start_s)
    arrival_price = _mid(market, "arrival")
    fills_before, volume_before = len(market.own_fills), market.volume
    strategy.reset(order, market)
    sent: list[dict] = []
    position = market.position
    for time_s in _action_times(order, strategy.interval_s):
        market.advance(time_s)
        for child in strategy.act(market):
            sent.append(_send(market, child, order, position))
    for order_id, _, _ in resting_orders(market):
        market.cancel(order_id)
    end_price = _mid(market, "end")

    fills = market.own_fills.iloc[fills_before:].reset_index(drop=True)
    shortfall = implementation_shortfall(
        order.side,
        order.quantity,
        fills["price"],
        fills["size"],
        decision_price=decision_price,
        arrival_price=arrival_price,
        end_price=end_price,
        fees=float(fills["fee"].sum()),
    )
    return Execution(
        order=order,
        strategy=type(strategy).__name__,
        fills=fills,
        children=pd.DataFrame(sent, columns=["time_s", "kind", "size", "price", "order_id"]),
        decision_price=decision_price,
        arrival_price=arrival_price,
        end_price=end_price,
        shortfall=shortfall,
        market_volume=float(market.volume - volume_before),
        market_vwap=_market_vwap(market, order),
    )


def run_seeds(
    make_market: Callable[[int], object],
    strategies: Mapping[str, Strategy],
    order: ParentOrder,
    seeds: Iterable[int],
) -> pd.DataFrame:
    """Execute the same order with several strategies on the same seeds.

    Parameters
    ----------
    make_market : callable
        ``make_market(seed)`` returns a fresh market; the same seed must give the same market.
    strategies : mapping of str to Strategy
        Name to strategy.
    order : ParentOrder
    seeds : iterable of int

    Returns
    -------
    DataFrame
        One row per seed and strategy: ``seed, strategy, total_bps, delay_bps, trading_bps,
        opportunity_bps, fees_bps, fill_rate, maker_share, participation``. For a paired
        comparison: ``table.pivot(index="seed", columns="strategy", values="total_bps")``.
    """
    rows = []
    for seed in seeds:
        for name, strategy in strategies.items():
            done = execute(make_market(int(seed)), strategy, order)
            cost = done.shortfall.as_dict()
            rows.append(
                {"seed": int(seed), "strategy": name}
                | {key: value for key, value in cost.items() if key.endswith("_bps")}
                | {
                    "fill_rate": done.shortfall.fill_rate,
                    "maker_share": done.maker_share,
                    "participation": done.participation,
                }
            )
    return pd.DataFrame(rows)


def _same_lots(market, order: ParentOrder) -> None:
    """Refuse an order whose lots are no whole number of the market's."""
    profile = getattr(market, "profile", None)
    if profile is not None and not Grid(profile.lot_size, "lot_size").units(order.lot_size):
        raise ValueError(
            f"the order's lot_size is {order.lot_size:g}; {profile.name} trades whole lots of "
            f"{profile.lot_size:g} {profile.size_unit}"
        )


def _action_times(order: ParentOrder, interval_s: float) -> np.ndarray:
    """Start, every interval after it, and the end."""
    if not interval_s > 0:
        raise ValueError(f"the strategy's interval_s is {interval_s}; it must be positive")
    count = max(1, math.ceil(order.duration_s / interval_s - 1e-9))
    return np.append(order.start_s + interval_s * np.arange(count), order.end_s)


def _send(market, child: ChildOrder, order: ParentOrder, position: float) -> dict:
    """Pass one child to the market; refuse what would trade more than the parent order."""
    if child.kind == Kind.CANCEL:
        market.cancel(child.order_id)
        number = child.order_id
    else:
        done = order.side * (market.position - position)
        committed = done + sum(size for _, _, size in resting_orders(market))
        if committed + child.size > order.quantity + 1e-6 * order.lot_size:
            raise ValueError(
                f"the strategy asked for {child.size} at {market.clock_s:g} s, but of "
                f"{order.quantity} only {order.quantity - committed:g} are left"
            )
        number = market.submit(order.side, child.size, price=child.price, kind=child.kind)
    return {
        "time_s": market.clock_s,
        "kind": child.kind.name,
        "size": child.size,
        "price": math.nan if child.price is None else child.price,
        "order_id": number,
    }


def _market_vwap(market, order: ParentOrder) -> float:
    """Average price of all prints of the window; NaN where the market keeps no trades."""
    try:
        prints = market.trades
    except ValueError:
        return math.nan
    time_s = prints["time_s"].to_numpy()
    inside = (time_s >= order.start_s - 1e-9) & (time_s <= order.end_s + 1e-9)
    return vwap(prints["price"].to_numpy()[inside], prints["size"].to_numpy()[inside])


def _mid(market, moment: str) -> float:
    """Midpoint now, or a ValueError that says at which moment there was none."""
    mid = market.mid
    if mid is None or math.isnan(mid):
        raise ValueError(
            f"the book has an empty side at the {moment}, {market.clock_s:g} s: no midpoint"
        )
    return float(mid)
