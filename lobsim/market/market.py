"""`Market`: a venue with background flow on a clock, in which own orders truly rest and take."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.engine.book import Depth, as_side
from lobsim.engine.codes import Kind
from lobsim.engine.records import FILL, MESSAGE
from lobsim.engine.state import ASK_ORDERS, BEST_ASK, BEST_BID, BID_ORDERS, new_state
from lobsim.engine.views import ahead_of, depth_into
from lobsim.market import kernel
from lobsim.market.curve import cumulative_share
from lobsim.market.initial import WARM_UP_S, expected_queue, fill_book, reset_counters
from lobsim.market.ledger import Ledger
from lobsim.market.profiles import Profile, profiles
from lobsim.market.state import (C_NOW, L_EXOGENOUS, N_OWN_FILLS, N_OWN_LIVE, N_TAPE_FILLS,
                                 N_TAPE_MESSAGES, N_TAPE_TOPS, N_VOLUME, NS, OWN_ROOM, TOP, W_HIGH,
                                 W_LOW, W_RECORD, make_flow)
from lobsim.market.venue import KEEP_ALL, KEEP_FILLS, OWN, Tape

ID_RING = 1 << 22
"""Order ids are handed out again after this many orders (memory stays bounded at 16 MB)."""

_CHUNK = 1 << 14
_NOTHING = np.zeros(1, FILL)
_MAX_LOTS = 2**31 - 1


class OwnOrder(NamedTuple):
    """An own order that rests: ids, side (+1/-1), price in currency, size left."""

    order_id: int
    side: int
    price: float
    size: float


@dataclass(frozen=True)
class Recording:
    """What a market with ``record=True`` kept.

    Attributes
    ----------
    initial : ndarray of MESSAGE
        Limit orders that build the book as it was at the start, in priority order.
    messages : ndarray of MESSAGE
        Every message since, background and own; replaying `initial` and these through the
        engine gives the same book and the same fills.
    fills : ndarray of FILL
        Every fill; ``message_index`` counts in `messages`.
    tops : DataFrame
        ``time_ns, bid, bid_size, ask, ask_size`` after each change; NaN for an empty side.
    """

    initial: np.ndarray
    messages: np.ndarray
    fills: np.ndarray
    tops: pd.DataFrame


class Market:
    """One simulated venue: order book, background flow, clock, fees, and own orders.

    Own orders rest in the true queue and take true depth; the crowd's price responds to them
    (`lobsim.market.price`). The same seed gives the same market bit for bit, whatever the size of
    the steps in which it is advanced.

    Parameters
    ----------
    profile : str or Profile
        A name of `lobsim.market.profiles`, or a profile of your own.
    seed : int
        0 to 2**63 - 1. Neighbouring seeds are as independent as any two.
    start_s, end_s : float
        The window in seconds after midnight of the market's time zone.
    record : bool
        Keep every message, fill and change of the best quotes (memory grows with the run).
    keep_trades : bool
        Keep the trade prints for `trades`; without it memory does not grow at all.

    Raises
    ------
    ValueError
        When the profile is unknown, the seed negative, or the window not inside the day.

    Examples
    --------
    >>> market = Market("SPY", seed=1)
    >>> market.advance(10 * 3600 + 60)
    >>> order = market.submit("buy", 100, kind="market")
    >>> int(market.position)
    100
    """

    def __init__(self, profile: str | Profile = "SPY", seed: int = 0,
                 start_s: float = 10 * 3600, end_s: float = 14 * 3600, *,
                 record: bool = False, keep_trades: bool = True):
        self.profile = _find_profile(profile)
        self.seed = _checked_seed(seed)
        self.start_s, self.end_s = _checked_window(self.profile, start_s, end_s)
        p = self.profile
        keep = KEEP_ALL if record else KEEP_FILLS if keep_trades else 0
        start_ns = round(self.start_s * NS)
        self._flow = make_flow(p, self.seed, start_ns - WARM_UP_S * NS, record=False)
        low, high = _band(self._flow)
        self._book = new_state(low, high, max_orders=p.max_live, max_order_id=ID_RING,
                               slots=p.max_live, ids=ID_RING)
        room = p.max_live + 2
        chunk = max(_CHUNK, 4 * room)
        self._tape = Tape(np.zeros(room, FILL), np.zeros(4 * room, FILL),
                          np.zeros(chunk, FILL) if keep else _NOTHING,
                          np.zeros(chunk if record else 1, MESSAGE),
                          np.zeros(chunk if record else 1, TOP))
        self._ledger = Ledger(p)
        self._kept: dict[str, list[np.ndarray]] = {"fills": [], "messages": [], "tops": []}
        self._trades: tuple[int, pd.DataFrame] | None = None
        with np.errstate(over="ignore"):
            fill_book(self._book, self._flow, expected_queue(p))
        self._run(start_ns)
        reset_counters(self._flow)
        self._flow.whole[W_RECORD] = keep
        self._initial = self._snapshot() if record else None

    # -- clock ---------------------------------------------------------------------------------

    @property
    def clock_s(self) -> float:
        """Time now, seconds after midnight."""
        return int(self._flow.clock[C_NOW]) / NS

    def advance(self, until_s: float) -> None:
        """Let the market run until `until_s` (seconds after midnight), in one kernel call.

        Raises
        ------
        ValueError
            When `until_s` lies before the clock or after the end of the window.
        """
        until_s = float(until_s)
        until_ns = round(until_s * NS) if np.isfinite(until_s) else -1
        if until_ns < self._flow.clock[C_NOW]:
            raise ValueError(f"advance() got {until_s} s, but the clock is already at "
                             f"{self.clock_s} s; time runs forward only")
        if until_s > self.end_s + 1e-9:
            raise ValueError(f"advance() got {until_s} s, but the market's window ends at "
                             f"{self.end_s} s; make it with a larger end_s")
        self._run(until_ns)

    def _run(self, until_ns: int) -> None:
        with np.errstate(over="ignore"):  # hashing wraps around on purpose (uncompiled runs warn)
            while kernel.run(self._book, self._flow, self._tape, until_ns) != kernel.DONE:
                self._empty_tape()
        self._take_own_fills()

    # -- own orders ----------------------------------------------------------------------------

    def submit(self, side, size: float, price: float | None = None, kind="limit") -> int:
        """Send an order; it reaches the book at once (latency comes with a later version).

        Parameters
        ----------
        side : "buy", "sell", Side, +1 or -1
        size : float
            In the profile's unit (shares, BTC); a whole number of lots.
        price : float, optional
            On the tick grid within 1e-6 tick. Needed by all kinds but market orders.
        kind : str or Kind
            "limit", "market", "ioc", "fok" or "post_only".

        Returns
        -------
        int
            Order id; 0 when a post-only order would have traded or a fill-or-kill order could
            not be filled (nothing happened then).

        Raises
        ------
        ValueError
            When an argument is not one of the above.
        """
        side, kind = as_side(side), _kind(kind)
        lots = self._lots(size)
        if kind == Kind.MARKET:
            ticks = 0
        elif price is None:
            raise ValueError(f"a {kind.name} order needs a price; only MARKET orders go without")
        else:
            ticks = self._ticks(price)
        if self._flow.count[N_OWN_LIVE] >= OWN_ROOM and kind in (Kind.LIMIT, Kind.POST_ONLY):
            raise ValueError(f"{OWN_ROOM} own orders rest already, which is the most that a "
                             f"market holds; cancel some first")
        with np.errstate(over="ignore"):
            if kernel.tape_is_full(self._flow, self._tape):
                self._empty_tape()
            order_id, _, left = kernel.submit(self._book, self._flow, self._tape, int(side),
                                              ticks, lots, int(kind))
        self._take_own_fills()
        if left > 0:
            self._ledger.open_ids.append(int(order_id))
        return int(order_id)

    def cancel(self, order_id: int) -> float:
        """Withdraw an own order; returns the size withdrawn, 0 if it no longer rests."""
        with np.errstate(over="ignore"):
            if kernel.tape_is_full(self._flow, self._tape):
                self._empty_tape()
            lots = kernel.withdraw(self._book, self._flow, self._tape, int(order_id))
        return self._ledger.size(lots)

    @property
    def open_orders(self) -> list[OwnOrder]:
        """Own orders that rest now, oldest first."""
        found = []
        for order_id in self._ledger.open_ids:
            slot = self._own_slot(order_id)
            if slot > 0:
                order = self._book.orders[slot]
                found.append(OwnOrder(order_id, int(order["side"]),
                                      self._ledger.price(order["price_ticks"]),
                                      self._ledger.size(order["size"])))
        self._ledger.open_ids = [order.order_id for order in found]
        return found

    def queue_position(self, order_id: int) -> tuple[float, int]:
        """Size and number of the orders ahead of an own resting order at its price.

        Raises
        ------
        KeyError
            When no own order with this id rests (see `open_orders`).
        """
        slot = self._own_slot(order_id)
        if slot <= 0:
            raise KeyError(f"no own order with the id {order_id} rests")
        lots, orders = ahead_of(self._book, slot)
        return self._ledger.size(lots), int(orders)

    def _own_slot(self, order_id: int) -> int:
        slot = int(self._book.slot_of[order_id]) if 0 < order_id < len(self._book.slot_of) else 0
        return slot if slot > 0 and self._book.orders[slot]["owner"] == OWN else 0

    # -- account -------------------------------------------------------------------------------

    @property
    def own_fills(self) -> pd.DataFrame:
        """Own trades: ``time_s, side, price, size, fee, maker, order_id`` (fee > 0: paid)."""
        return self._ledger.table()

    @property
    def position(self) -> float:
        """Own inventory since the start, positive = long."""
        return self._ledger.size(self._ledger.position_lots)

    @property
    def cash(self) -> float:
        """Own cash since the start, fees deducted."""
        return self._ledger.cash

    @property
    def fees(self) -> float:
        """Fees paid so far (negative: rebates received)."""
        return self._ledger.fees

    # -- what the market shows -----------------------------------------------------------------

    @property
    def best_bid(self) -> float:
        """Best bid price; NaN without bids."""
        scalars = self._book.scalars
        return self._ledger.price(scalars[BEST_BID]) if scalars[BID_ORDERS] else float("nan")

    @property
    def best_ask(self) -> float:
        """Best ask price; NaN without asks."""
        scalars = self._book.scalars
        return self._ledger.price(scalars[BEST_ASK]) if scalars[ASK_ORDERS] else float("nan")

    @property
    def mid(self) -> float:
        """Middle of the best quotes; NaN when a side is empty."""
        return 0.5 * (self.best_bid + self.best_ask)

    @property
    def spread_ticks(self) -> int:
        """Best ask minus best bid in ticks, 0 when a side is empty."""
        scalars = self._book.scalars
        if not (scalars[BID_ORDERS] and scalars[ASK_ORDERS]):
            return 0
        return int(scalars[BEST_ASK] - scalars[BEST_BID])

    def depth(self, levels: int = 5) -> Depth:
        """Best `levels` occupied prices of each side, best first: price, size, orders."""
        if levels < 1:
            raise ValueError(f"levels is {levels}; it must be at least 1")
        columns = []
        for side in (1, -1):
            ticks, lots, orders = np.zeros((3, levels), np.int64)
            n = depth_into(self._book, side, ticks, lots, orders)
            columns += [self._ledger.prices(ticks[:n]), self._ledger.sizes(lots[:n]), orders[:n]]
        return Depth(*columns)

    @property
    def efficient_price(self) -> float:
        """The hidden exogenous price (own impact excluded): the control variate of a study.

        No strategy may look at it; it is shared by all markets of a seed.
        """
        return float(self._flow.level[L_EXOGENOUS]) * self.profile.tick_size

    @property
    def volume(self) -> float:
        """Size traded in the market since the start, own trades included."""
        return self._ledger.size(self._flow.count[N_VOLUME])

    @property
    def trades(self) -> pd.DataFrame:
        """Prints since the start: ``time_s, price, size, side`` (side of the taker).

        One row per fill, own trades included.
        """
        if self._flow.whole[W_RECORD] < KEEP_FILLS:
            raise ValueError("this market keeps no trades; make it with keep_trades=True")
        fills = self._collected("fills")
        if self._trades is None or self._trades[0] != len(fills):
            table = pd.DataFrame({
                "time_s": fills["time_ns"] / NS,
                "price": self._ledger.prices(fills["price_ticks"]),
                "size": self._ledger.sizes(fills["size"]),
                "side": fills["taker_side"].astype(np.int8),
            })
            self._trades = (len(fills), table)
        return self._trades[1]

    def expected_volume_curve(self, times_s) -> np.ndarray:
        """Expected share of the day's volume traded before each time (0 to 1)."""
        return cumulative_share(self.profile, times_s)

    def record(self) -> Recording:
        """All that was kept since the start; needs ``record=True``."""
        if self._initial is None:
            raise ValueError("nothing was recorded; make the market with record=True")
        tops = self._collected("tops")
        values = np.column_stack([tops[name] for name in TOP.names[1:]])
        last = np.append(tops["time_ns"][1:] != tops["time_ns"][:-1], True) if len(tops) else []
        tops, values = tops[last], values[last]
        new = np.append(True, (values[1:] != values[:-1]).any(axis=1)) if len(tops) else []
        return Recording(self._initial, self._collected("messages").copy(),
                         self._collected("fills").copy(), self._top_table(tops[new]))

    def _top_table(self, tops: np.ndarray) -> pd.DataFrame:
        bid, ask = self._ledger.prices(tops["bid_ticks"]), self._ledger.prices(tops["ask_ticks"])
        return pd.DataFrame({
            "time_ns": tops["time_ns"],
            "bid": np.where(tops["bid_ticks"] >= 0, bid, np.nan),
            "bid_size": self._ledger.sizes(tops["bid_lots"]),
            "ask": np.where(tops["ask_ticks"] >= 0, ask, np.nan),
            "ask_size": self._ledger.sizes(tops["ask_lots"]),
        })

    # -- inside --------------------------------------------------------------------------------

    def _snapshot(self) -> np.ndarray:
        """Limit messages that rebuild the book as it is, best price and oldest order first."""
        rows = []
        for index in np.flatnonzero(self._book.levels["count"]):
            slot = int(self._book.levels[index]["head"])
            while slot:
                rows.append(slot)
                slot = int(self._book.orders[slot]["next"])
        orders = self._book.orders[rows]
        messages = np.zeros(len(rows), MESSAGE)
        for name in ("order_id", "price_ticks", "size", "owner", "side"):
            messages[name] = orders[name]
        messages["kind"] = Kind.LIMIT
        messages["new_order_id"] = -1
        messages["time_ns"] = self._flow.clock[C_NOW]
        return messages

    def _empty_tape(self) -> None:
        """Move what the kernel wrote out of its buffers."""
        count = self._flow.count
        for name, entry in (("fills", N_TAPE_FILLS), ("messages", N_TAPE_MESSAGES),
                            ("tops", N_TAPE_TOPS)):
            if count[entry]:
                self._kept[name].append(getattr(self._tape, name)[:count[entry]].copy())
                count[entry] = 0
        self._take_own_fills()

    def _collected(self, name: str) -> np.ndarray:
        """Everything kept under a name, as one array."""
        self._empty_tape()
        chunks = self._kept[name]
        if len(chunks) != 1:
            dtype = getattr(self._tape, name).dtype
            chunks[:] = [np.concatenate(chunks) if chunks else np.zeros(0, dtype)]
        return chunks[0]

    def _take_own_fills(self) -> None:
        count = int(self._flow.count[N_OWN_FILLS])
        if count:
            self._ledger.book(self._tape.own[:count])
            self._flow.count[N_OWN_FILLS] = 0

    def _lots(self, size: float) -> int:
        lots = self._ledger.size_grid.units(size)
        if lots is None or not 1 <= lots <= _MAX_LOTS:
            raise ValueError(f"size is {size}; it must be a positive whole number of lots of "
                             f"{self.profile.lot_size:g} {self.profile.size_unit}, "
                             f"at most {_MAX_LOTS} lots")
        return lots

    def _ticks(self, price: float) -> int:
        ticks = self._ledger.price_grid.units(price)
        low, high = _band(self._flow)
        if ticks is None or not low <= ticks <= high:
            raise ValueError(f"price is {price}; it must be a multiple of "
                             f"{self.profile.tick_size:g} from {self._ledger.price(low):g} to "
                             f"{self._ledger.price(high):g}")
        return ticks


def _find_profile(profile) -> Profile:
    if isinstance(profile, Profile):
        return profile
    if profile not in profiles:
        raise ValueError(f"there is no profile {profile!r}; the names are "
                         f"{', '.join(sorted(profiles))}")
    return profiles[profile]


def _checked_seed(seed) -> int:
    if not 0 <= int(seed) < 2**63 or int(seed) != seed:
        raise ValueError(f"seed is {seed}; it must be a whole number from 0 to 2**63 - 1")
    return int(seed)


def _checked_window(profile: Profile, start_s, end_s) -> tuple[float, float]:
    start_s, end_s = float(start_s), float(end_s)
    if not profile.day_start_s <= start_s < end_s <= profile.day_end_s:
        raise ValueError(f"the window is {start_s:g} to {end_s:g} s; it must lie inside the day "
                         f"of {profile.name}, {profile.day_start_s:g} to {profile.day_end_s:g} s")
    return start_s, end_s


def _band(flow) -> tuple[int, int]:
    return int(flow.whole[W_LOW]), int(flow.whole[W_HIGH])


def _kind(kind) -> Kind:
    allowed = (Kind.LIMIT, Kind.MARKET, Kind.IOC, Kind.FOK, Kind.POST_ONLY)
    try:
        found = Kind[kind.upper()] if isinstance(kind, str) else Kind(kind)
    except (KeyError, ValueError):
        found = None
    if found not in allowed:
        names = ", ".join(k.name.lower() for k in allowed)
        raise ValueError(f"kind is {kind!r}; it must be one of {names}")
    return found
