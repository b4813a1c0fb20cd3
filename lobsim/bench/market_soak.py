"""`lobsim bench soak`: one market for a simulated month, watched for broken invariants and memory.

The market is made hard on purpose: so busy that thirty days are a thousand million events, a price
band so narrow that the efficient price runs into its ends, order ids that start before the largest
one and so begin anew on the way, latency, and a trader who always has orders resting and sends a
mixture of sensible and senseless messages.
"""

import time
from dataclasses import asdict, dataclass, field

import numpy as np
import psutil

from lobsim.engine.state import ASK_ORDERS, BEST_ASK, BEST_BID, BID_ORDERS
from lobsim.engine.views import FAULTS, find_fault
from lobsim.market import Market, Profile
from lobsim.market.parts import Latency, VolumeCurve
from lobsim.market.price import _MARGIN as BAND_MARGIN
from lobsim.market.profiles import find_profile
from lobsim.market.state import (L_EXOGENOUS, N_BASE, N_GRID, N_MESSAGE, N_METAORDER, N_ORDER_ID,
                                 N_OWN_LIVE, N_PENDING, N_POSITION, N_PREDATOR, N_REACT, N_TAKER,
                                 W_HIGH, W_LOW, W_MAX_LIVE)
from lobsim.market.universe import rescaled
from lobsim.market.venue import LARGEST_ID as _LARGEST_ID

__all__ = ["SoakReport", "soak", "soak_profile"]

LARGEST_ID = int(_LARGEST_ID)
MONTH_DAYS, MONTH_EVENTS = 30, 1_000_000_000
DAY_S = 86_400
CHECK_S = 600.0  # of market time, or a two-hundredth of the run if that is less
CHECKS = 200
GROWTH_MB = 64.0  # allowed; the account of own messages grows, the market does not
WARM_SHARE = 0.1  # of the run, before memory is first measured
MESSAGES = 8  # own ones after each check
DEEP_TICKS = 100  # orders that are to rest for long are this far from the touch at most
MOST_LOTS = 2**31 - 1
_CLOCKS = (N_BASE, N_GRID, N_REACT, N_TAKER, N_METAORDER, N_PREDATOR)
_MEASURE_S = 1_800  # of market time, to find how busy a profile is


@dataclass
class SoakReport:
    """What a long run showed."""

    profile: str
    days: float
    events: int
    messages: int
    seconds: float  # of processor time, checks and own messages included
    checks: int
    first_mb: float  # resident memory after a tenth of the run
    last_mb: float
    most_mb: float
    ids_began_anew: int
    at_low_end: int  # checks at which the efficient price stood at an end of its band
    at_high_end: int
    own_sent: int
    own_refused: int  # by a ValueError, before they were sent
    own_rejected: int  # by the venue
    own_fills: int
    own_resting: float  # own orders on average
    faults: list[str] = field(default_factory=list)

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds

    @property
    def sound(self) -> bool:
        """No broken invariant, and memory that stayed."""
        return not self.faults

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self) | {"events_per_s": self.events_per_s, "sound": self.sound}


def _events(market: Market) -> int:
    return int(sum(market._flow.count[k] for k in _CLOCKS))


def soak_profile(profile: str | Profile, band_ticks: int) -> Profile:
    """A profile made so busy that thirty days are `MONTH_EVENTS`, in a narrow band."""
    base = find_profile(profile).with_changes(
        day_start_s=0.0, day_end_s=float(MONTH_DAYS * DAY_S), band_ticks=band_ticks
    )
    base = base.with_parts(VolumeCurve((1.0,)), Latency(0.001, 0.005, 0.005, 0.001, 0.002, 0.002))
    market = Market(base, 0, 0.0, _MEASURE_S, keep_trades=False)
    before = _events(market), int(market._flow.count[N_GRID])
    market.advance(_MEASURE_S)
    grid = int(market._flow.count[N_GRID]) - before[1]  # steps of the price are not sped up
    busy = (_events(market) - before[0] - grid) / _MEASURE_S
    wanted = MONTH_EVENTS / (MONTH_DAYS * DAY_S) - grid / _MEASURE_S
    busier = rescaled(base, f"{base.name} soak", activity=wanted / busy,
                      volatility_bps=base.volatility_bps)  # fmt: skip
    return busier.with_changes(band_ticks=band_ticks)  # a busier market is given a wider one


def _faults(market: Market) -> list[str]:
    """What is wrong with a market now."""
    book, flow = market._book, market._flow
    scalars, count = book.scalars, flow.count
    found = []
    fault = find_fault(book)
    if fault:
        found.append(FAULTS[fault])
    resting = book.orders[book.orders["size"] > 0]
    if len(np.unique(resting["order_id"])) != len(resting):
        found.append("two resting orders have one id")
    if len(resting) > flow.whole[W_MAX_LIVE] or len(resting) != (
        scalars[BID_ORDERS] + scalars[ASK_ORDERS]
    ):
        found.append("more orders rest than may")
    for name, best, orders in (("bid", BEST_BID, BID_ORDERS), ("ask", BEST_ASK, ASK_ORDERS)):
        inside = flow.whole[W_LOW] <= scalars[best] <= flow.whole[W_HIGH]
        if scalars[orders] == 0:
            found.append(f"there is no {name}")
        elif not inside:
            found.append(f"the best {name} lies outside the band")
    own = flow.own[: count[N_OWN_LIVE]]
    orders = book.orders[own["slot"]]
    if not all(np.array_equal(own[a], orders[b]) for a, b in (
        ("order_id", "order_id"), ("left", "size"), ("price_ticks", "price_ticks"), ("side", "side")
    )):  # fmt: skip
        found.append("an own order is not in the book as the account has it")
    if np.count_nonzero(resting["owner"]) != len(own):
        found.append("an own order rests that the account does not know")
    if market._account.position_lots != count[N_POSITION]:
        found.append("the two accounts of the position differ")
    if not np.isfinite(flow.level).all():
        found.append("a level is not a number")
    return found


class _Trader:
    """Sends own messages, most of them sensible; counts what was refused."""

    def __init__(self, market: Market, seed: int):
        self.market, self.rng = market, np.random.default_rng(seed)
        self.sent = self.refused = 0

    def act(self) -> None:
        """A handful of messages; more than a few resting orders are withdrawn."""
        for _ in range(MESSAGES):
            self.sent += 1
            try:
                self._message()
            except (ValueError, KeyError):
                self.refused += 1
        if self.market._flow.count[N_OWN_LIVE] > 4 * MESSAGES or self.rng.random() < 0.02:
            if self.market._flow.count[N_PENDING] < MESSAGES:
                self.market.cancel_all()

    def _message(self) -> None:
        market, rng = self.market, self.rng
        tick, what = market.profile.tick_size, rng.integers(12)
        side = "buy" if rng.random() < 0.5 else "sell"
        touch = market.best_bid if side == "buy" else market.best_ask
        away = touch + tick * int(rng.integers(-3, 4))
        deep = touch - tick * int(rng.integers(DEEP_TICKS)) * (1 if side == "buy" else -1)
        size = int(rng.integers(1, 500)) * market.profile.lot_size
        known = [order.order_id for order in market.open_orders]
        order_id = int(rng.choice(known)) if known else int(rng.integers(1, LARGEST_ID))
        if what < 5:
            price = away if what < 2 else deep
            market.submit(side, size, price=round(price / tick) * tick)
        elif what == 5:
            kind = rng.choice(["ioc", "fok", "post_only"])
            market.submit(side, size, price=round(away / tick) * tick, kind=str(kind))
        elif what == 6:
            market.submit(side, size, kind="market")
        elif what == 7:
            market.cancel(order_id)
        elif what == 8:
            market.reduce(order_id, size)
        elif what == 9:
            market.replace(order_id, round(away / tick) * tick, size)
        elif what == 10:
            self._senseless(side, tick, order_id)
        else:  # everything that rests within the band, now and then
            lots = MOST_LOTS if rng.random() < 0.02 else 1
            market.submit(side, lots * market.profile.lot_size, kind="market")

    def _senseless(self, side, tick, order_id) -> None:
        """Messages that must be refused, or must do no harm."""
        market = self.market
        low, high = (int(market._flow.whole[k]) for k in (W_LOW, W_HIGH))
        prices = (float("nan"), float("inf"), -1.0, 0.0, tick / 2, (high + 1) * tick,
                  (low - 1) * tick, low * tick, high * tick)  # fmt: skip
        sizes = (0, -1, 0.5 * market.profile.lot_size, float("nan"), 1e300, market.profile.lot_size)
        price, size = float(self.rng.choice(prices)), float(self.rng.choice(sizes))
        what = self.rng.integers(4)
        if what == 0:
            market.submit(side, size, price=price)
        elif what == 1:
            market.replace(order_id, price, size)
        elif what == 2:
            market.reduce(-order_id, size)
        else:
            market.cancel(LARGEST_ID if self.rng.random() < 0.5 else 0)


def soak(
    events: float = MONTH_EVENTS, profile: str | Profile = "SPY", seed: int = 1,
    band_ticks: int = 1024,
) -> SoakReport:  # fmt: skip
    """Run one market for about so many events and check it all the way.

    Parameters
    ----------
    events : float
        1e6 to 1e9; 1e9 are thirty days.
    profile : str or Profile
    seed : int
    band_ticks : int
        Width of the price band, in which the efficient price keeps `BAND_MARGIN` ticks from both
        ends.

    Returns
    -------
    SoakReport
        Ends at the first check that finds a fault.

    Raises
    ------
    ValueError
        If `events` or `band_ticks` is out of range.
    """
    if not 1e6 <= events <= MONTH_EVENTS or not 2 * BAND_MARGIN < band_ticks <= 1 << 16:
        raise ValueError(f"events is {events:g} and band_ticks {band_ticks}; they must be from 1e6 "
                         f"to {MONTH_EVENTS:g} and from {2 * BAND_MARGIN + 1:g} to {1 << 16}")
    made = soak_profile(profile, band_ticks)
    end_s = MONTH_DAYS * DAY_S * events / MONTH_EVENTS
    market = Market(made, seed, 0.0, end_s, keep_trades=False)
    flow = market._flow
    flow.count[N_ORDER_ID] = LARGEST_ID - int(events / 32)
    trader = _Trader(market, seed)
    step_s = min(CHECK_S, end_s / CHECKS)
    steps = int(end_s / step_s)
    memory, resting, anew, ends = [], 0, 0, [0, 0]
    low, high = flow.whole[W_LOW] + BAND_MARGIN, flow.whole[W_HIGH] - BAND_MARGIN
    process, before, start_s = psutil.Process(), _events(market), time.process_time()
    faults: list[str] = []
    for k in range(1, steps + 1):
        last_id = flow.count[N_ORDER_ID]
        market.advance(k * step_s)
        faults = _faults(market)
        memory.append(process.memory_info().rss / 2**20)
        anew += int(flow.count[N_ORDER_ID] < last_id)
        resting += int(flow.count[N_OWN_LIVE])
        ends[0] += int(flow.level[L_EXOGENOUS] <= low)
        ends[1] += int(flow.level[L_EXOGENOUS] >= high)
        if faults:
            faults = [f"at {market.venue_s:g} s: {fault}" for fault in faults]
            break
        trader.act()
    first = memory[min(len(memory) - 1, int(WARM_SHARE * steps))]
    if memory[-1] - first > GROWTH_MB:
        faults.append(f"memory grew from {first:.0f} to {memory[-1]:.0f} MB")
    reports = market.reports
    return SoakReport(
        made.name, market.venue_s / DAY_S, _events(market) - before,
        int(flow.count[N_MESSAGE]), time.process_time() - start_s, len(memory),
        first, memory[-1], max(memory), anew, *ends, trader.sent, trader.refused,
        int((reports["what"] == "rejected").sum()), len(market.own_fills),
        resting / len(memory), faults,
    )  # fmt: skip
