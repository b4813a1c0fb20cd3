"""Ten simulated mornings of one desk: its parent orders, child orders and fills, and the tape.

The desk knows something: three of four orders are on the side to which the hidden price moves
within minutes, so that waiting costs. The last day is made worse in three ways that an analysis
should find: the book is thinner and the price wilder, orders are larger, and they reach the market
later after the decision.
"""

import math
from dataclasses import dataclass

from lobsim.market.lobster_day import LOBM
from lobsim.market.market import Market
from lobsim.market.rng import Dice

NS = 1_000_000_000
DATES = ("20250106", "20250107", "20250108", "20250109", "20250110",
         "20250113", "20250114", "20250115", "20250116", "20250117")
START_S, END_S = 36_000, 40_500  # 10:00 to 11:15
_ORDERS, _FIRST_S, _APART_S, _WORK_S = 8, 36_060, 540, 420
_SLICE_S, _PATIENCE_S = 60, 40
_INFORMED, _AHEAD_S = 0.75, 120  # share of orders that foresee the hidden price, and how far
ALGOS = ("twap", "passive", "urgent")

DESK = LOBM.with_changes(
    name="DESK", symbol="DSKA", description="The fictional share that the bundled desk trades")
WORSE = DESK.with_changes(volatility_bps=7.0, depth_per_tick=75.0, maker_slack_ticks=-1.2)
"""The same share on the last day."""


@dataclass(frozen=True)
class _Order:
    """A parent order before it is worked; times in seconds after midnight."""

    name: str
    side: int
    quantity: int
    decided_s: float
    start_s: float
    end_s: float
    algo: str


def synthesise_desk(seed: int) -> dict[str, list[str]]:
    """Simulate the ten days; returns the lines of five CSV files, header first.

    Parameters
    ----------
    seed : int
        Day d is the market of seed + d.

    Returns
    -------
    dict of str to list of str
        ``desk_orders, desk_children, desk_fills, desk_quotes, desk_trades``; columns as
        `lobsim.orderflow_ai.desk` documents them. Times are cut to whole microseconds.
    """
    lines = {
        "desk_orders": ["date,order_id,symbol,side,quantity,decision_ns,start_ns,end_ns,algo"],
        "desk_children": ["date,order_id,child_id,kind,time_ns,end_ns,price,size,filled,"
                          "queue_ahead"],
        "desk_fills": ["date,order_id,child_id,time_ns,price,size,fee,maker"],
        "desk_quotes": ["date,time_ns,bid,bid_size,ask,ask_size"],
        "desk_trades": ["date,time_ns,price,size"],
    }
    for number, date in enumerate(DATES):
        bad = number == len(DATES) - 1
        profile = WORSE if bad else DESK
        market = Market(profile, seed + number, START_S, END_S, record=True)
        for order in _orders(profile, seed + number, date, bad):
            _work(market, order, date, lines)
        market.advance(END_S)
        _write_tape(market, date, lines)
    return lines


def _orders(profile, seed: int, date: str, bad: bool) -> list[_Order]:
    """The day's orders, one after another; a market without the desk tells what it knows."""
    dice = Dice(seed, 140)
    sizes, delays = dice.uniform(_ORDERS, 3, 12), dice.uniform(_ORDERS, 0.5, 1.5)
    knows = dice.uniform(_ORDERS) < _INFORMED
    twin, orders = Market(profile, seed, START_S, END_S, keep_trades=False), []
    for n in range(_ORDERS):
        size = 100 * round(sizes[n] * (1.8 if bad else 1.0))
        start = _FIRST_S + n * _APART_S
        decided = start - (45 if bad else 8) * delays[n]
        twin.advance(decided)
        price = twin.efficient_price
        twin.advance(start + _AHEAD_S)
        rises = twin.efficient_price > price
        orders.append(_Order(f"{date[4:]}-{n + 1}", 1 if rises == knows[n] else -1, size, decided,
                             start, start + _WORK_S, ALGOS[(n + n // 3) % 3]))
    return orders


def _work(market: Market, order: _Order, date: str, lines: dict) -> None:
    """Work one order in equal slices; the algo says how a slice is traded."""
    side = "buy" if order.side > 0 else "sell"
    lines["desk_orders"].append(
        f"{date},{order.name},{DESK.symbol},{side},{order.quantity},{_us(order.decided_s)},"
        f"{_us(order.start_s)},{_us(order.end_s)},{order.algo}")
    market.advance(order.start_s)
    slices = int((order.end_s - order.start_s) // _SLICE_S)
    done, child = 0, 0
    for n in range(slices):
        due = math.ceil(order.quantity * (n + 1) / slices / 10) * 10
        start = order.start_s + n * _SLICE_S
        market.advance(start)
        if order.algo != "urgent":
            child += 1
            done += _post(market, order, min(due, order.quantity) - done, start, child, date, lines)
        left = min(due, order.quantity) - done
        if order.algo != "passive" and left > 0:
            child += 1
            done += _take(market, order, left, child, date, lines)


def _post(market, order, size, start, child, date, lines) -> int:
    """Rest at the best of the own side for a while; returns what was filled."""
    if size <= 0:
        return 0
    price = market.best_bid if order.side > 0 else market.best_ask
    before = len(market.own_fills)
    mine = market.submit(order.side, size, price=price, kind="post_only")
    if not mine:  # the venue refused it: it would have traded
        return 0
    ahead, _ = market.queue_position(mine)
    market.advance(start + _PATIENCE_S)
    market.cancel(mine)
    fills = market.own_fills.iloc[before:]
    filled = int(fills["size"].sum())
    ended = float(fills["time_s"].iloc[-1]) if filled == size else start + _PATIENCE_S
    name = f"{order.name}.{child}"
    lines["desk_children"].append(
        f"{date},{order.name},{name},post,{_us(start)},{_us(ended)},{price:.2f},{size},{filled},"
        f"{int(ahead)}")
    _write_fills(fills, order, name, date, lines)
    return filled


def _take(market, order, size, child, date, lines) -> int:
    """Cross the spread now; returns what was filled."""
    now, before = market.clock_s, len(market.own_fills)
    market.submit(order.side, size, kind="market")
    fills = market.own_fills.iloc[before:]
    filled, name = int(fills["size"].sum()), f"{order.name}.{child}"
    lines["desk_children"].append(
        f"{date},{order.name},{name},market,{_us(now)},{_us(now)},,{size},{filled},")
    _write_fills(fills, order, name, date, lines)
    return filled


def _write_fills(fills, order, child, date, lines) -> None:
    for fill in fills.itertuples():
        lines["desk_fills"].append(
            f"{date},{order.name},{child},{_us(fill.time_s)},{fill.price:.2f},{int(fill.size)},"
            f"{fill.fee:.4f},{int(fill.maker)}")


def _write_tape(market: Market, date: str, lines: dict) -> None:
    """The day's best quotes and prints; of the quotes of one microsecond the last."""
    tops = market.record().tops
    tops = tops.assign(us=tops["time_ns"] // 1000).drop_duplicates("us", keep="last")
    for row in tops.itertuples():
        lines["desk_quotes"].append(
            f"{date},{row.us * 1000},{_price(row.bid)},{int(row.bid_size)},{_price(row.ask)},"
            f"{int(row.ask_size)}")
    for row in market.trades.itertuples():
        lines["desk_trades"].append(f"{date},{_us(row.time_s)},{row.price:.2f},{int(row.size)}")


def _us(seconds: float) -> int:
    """Nanoseconds after midnight, cut to whole microseconds."""
    return int(round(seconds * NS)) // 1000 * 1000


def _price(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"
