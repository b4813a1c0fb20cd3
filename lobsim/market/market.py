"""`Market`: a venue with background flow on a clock, in which own orders truly rest and take."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.engine.book import Depth, as_side
from lobsim.engine.codes import Kind
from lobsim.engine.state import ASK_ORDERS, BEST_ASK, BEST_BID, BID_ORDERS
from lobsim.engine.views import ahead_of, depth_into
from lobsim.market.arguments import checked_seed, checked_window, kind_of
from lobsim.market.curve import cumulative_share, minute_weights
from lobsim.market.kernel import DONE, run, table_of
from lobsim.market.ledger import Ledger
from lobsim.market.opening import open_market
from lobsim.market.outside import outside_flow
from lobsim.market.own import see_until, send, withdraw_all
from lobsim.market.parts import Regimes
from lobsim.market.profile import Profile
from lobsim.market.profiles import find_profile
from lobsim.market.recording import Recording, snapshot, top_table
from lobsim.market.reports import What
from lobsim.market.setup import regime_path
from lobsim.market.state import (C_NOW, C_TRADER, L_EXOGENOUS, MINUTE_NS, N_DROPPED, N_HALTED,
                                 N_ORDER_ID, N_OWN_FILLS, N_OWN_LIVE, N_REPORTS, N_TAPE_FILLS,
                                 N_TAPE_MESSAGES, N_TAPE_TOPS, N_VOLUME, NS, OWN_ROOM,
                                 PENDING_ROOM, W_FILL_RULE, W_HIGH, W_LOW, W_RECORD)
from lobsim.market.venue import KEEP_ALL, KEEP_FILLS, LARGEST_ID, new_order_id

_MAX_LOTS = 2**31 - 1


class OwnOrder(NamedTuple):
    """An own order that rests: ids, side (+1/-1), price in currency, size left."""

    order_id: int
    side: int
    price: float
    size: float


class Market:
    """One simulated venue: order book, background flow, clock, fees, and own orders.

    Own orders rest in the true queue and take true depth; the crowd's price responds to them
    (`lobsim.market.parts.Impact`). The same seed gives the same market bit for bit, whatever the
    size of the steps in which it is advanced, alone or in a `MarketBatch`.

    With a `Latency` part there are two clocks: yours, and that of the venue as you see it, which
    is behind. Everything that a market shows is what you could know at your time.

    Parameters
    ----------
    profile : str or Profile
        A name of `lobsim.market.profiles`, or a profile of your own.
    seed : int
        0 to 2**63 - 1. Neighbouring seeds are as independent as any two.
    start_s, end_s : float
        The window in seconds after midnight of the market's time zone.
    parts : sequence of parts
        Added to the profile, each in place of one of its class (``[Latency(order_s=0.01)]``).
    record : bool
        Keep every message, fill and change of the best quotes (memory grows with the run).
    keep_trades : bool
        Keep the trade prints for `trades`; without it memory does not grow at all.
    common_seed : int, optional
        Seed of the factor that the markets of a universe share (`Fundamental.common_share`).
    flow : str, Path or object, optional
        In place of the profile's flow, on the profile's book: "learned" (the shipped message
        model), the folder of another, or a model (`lobsim.market.outside`).

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
                 start_s: float = 10 * 3600, end_s: float = 14 * 3600, *, parts=(),
                 record: bool = False, keep_trades: bool = True, common_seed: int | None = None,
                 flow=None):
        profile = find_profile(profile).with_parts(*parts)
        seed = checked_seed(seed)
        if common_seed is not None:
            common_seed = checked_seed(common_seed, "common_seed")
        window = checked_window(profile, start_s, end_s)
        speaker = None
        if flow is not None:
            profile, speaker = outside_flow(flow, parts).open(profile, seed, window)
        keep = KEEP_ALL if record else KEEP_FILLS if keep_trades else 0
        arrays = open_market(profile, seed, round(window[0] * NS), keep, common_seed)
        self._take_arrays(profile, seed, window, arrays)
        if speaker is not None:
            self._speaker = speaker.join(self)
        if record:
            self._initial = snapshot(self._book, int(self._flow.clock[C_NOW]))

    def _take_arrays(self, profile, seed, window, arrays) -> None:
        """Become the market whose book, flow and tape are given."""
        self.profile, self.seed = profile, seed
        self.start_s, self.end_s = window
        self._book, self._flow, self._tape = arrays
        self._table = None  # of the addresses of these arrays, made at the first run
        self._ledger = Ledger(profile)
        self._kept: dict[str, list[np.ndarray]] = {"fills": [], "messages": [], "tops": []}
        self._trades: tuple[int, pd.DataFrame] | None = None
        self._initial = self._speaker = None

    @classmethod
    def _of_arrays(cls, profile, seed, window, arrays) -> "Market":
        """A market over arrays that belong to somebody else (a `MarketBatch`)."""
        market = cls.__new__(cls)
        market._take_arrays(profile, seed, window, arrays)
        return market

    def __getstate__(self):
        return self.__dict__ | {"_table": None}  # a copy has its arrays elsewhere

    # -- clock ---------------------------------------------------------------------------------

    @property
    def clock_s(self) -> float:
        """Your time now, seconds after midnight."""
        return int(self._flow.clock[C_TRADER]) / NS

    @property
    def venue_s(self) -> float:
        """Time of the venue as you see it now; behind `clock_s` by the latency of the feed."""
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
        if until_ns < self._flow.clock[C_TRADER]:
            raise ValueError(f"advance() got {until_s} s, but the clock is already at "
                             f"{self.clock_s} s; time runs forward only")
        if until_s > self.end_s + 1e-9:
            raise ValueError(f"advance() got {until_s} s, but the market's window ends at "
                             f"{self.end_s} s; make it with a larger end_s")
        with np.errstate(over="ignore"):  # hashing wraps around on purpose (uncompiled runs warn)
            self._run(see_until(self._flow, until_ns))

    def _run(self, until_ns: int) -> None:
        if self._speaker is None:
            return self._play(until_ns)
        self._told = self._speaker.play(self, until_ns)

    def _play(self, until_ns: int) -> None:
        if self._table is None:
            self._table = table_of((self._book, self._flow, self._tape))
        with np.errstate(over="ignore"):
            while run(self._table, 0, until_ns) != DONE:
                self._empty_tape()
        self._take_own()

    # -- own orders ----------------------------------------------------------------------------

    def submit(self, side, size: float, price: float | None = None, kind="limit") -> int:
        """Send an order; without latency it reaches the book at once.

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
            Order id; 0 when the venue refused the order at once (a post-only order would have
            traded, a fill-or-kill order could not be filled, trading is halted); nothing happened
            then. With latency the answer comes later, in `reports`.

        Raises
        ------
        ValueError
            When an argument is not one of the above.
        """
        side, kind = as_side(side), kind_of(kind)
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
        before = self._flow.count[N_ORDER_ID]
        order_id = int(new_order_id(self._flow))
        told = self._send(kind, side, ticks, lots, order_id)
        refused = told[(told["order_id"] == order_id) & (told["what"] == What.REJECTED)]
        if len(refused):
            self._flow.count[N_ORDER_ID] = before  # nothing happened
            return 0
        return order_id

    def cancel(self, order_id: int) -> float:
        """Withdraw an own order.

        Returns
        -------
        float
            The size withdrawn, 0 if the order no longer rests; always 0 with latency, where the
            answer comes later, in `reports`.
        """
        return self._ledger.size(self._taken_off(order_id, Kind.CANCEL, 0))

    def reduce(self, order_id: int, size: float) -> float:
        """Take `size` off an own order, which keeps its place; returns what was taken off."""
        return self._ledger.size(self._taken_off(order_id, Kind.REDUCE, self._lots(size)))

    def _taken_off(self, order_id: int, kind: Kind, lots: int) -> int:
        order = self._own(order_id)
        told = self._send(kind, 0, 0 if order is None else int(order["price_ticks"]), lots,
                          int(order_id))
        told = told[(told["order_id"] == order_id) & (told["what"] != What.REJECTED)]
        gone = told[told["what"] == What.CANCELLED]
        return int(gone["size"].sum()) if len(gone) or not len(told) else lots

    def replace(self, order_id: int, price: float, size: float) -> None:
        """Give an own order a new price and open size; it keeps its id.

        It keeps its place in the queue only at the same price and with no larger size; else it is
        cancelled and enters anew in one step, and may trade at once.
        """
        self._send(Kind.REPLACE, 0, self._ticks(price), self._lots(size), int(order_id))

    def cancel_all(self) -> int:
        """Send a cancel for every own order that rests as you see it; returns how many."""
        with np.errstate(over="ignore"):
            sent = withdraw_all(self._flow)
        self._run(self._flow.clock[C_NOW])
        return int(sent)

    def _send(self, kind, side, ticks, lots, order_id) -> np.ndarray:
        """Send a message; returns what the venue told about it at once."""
        if not 0 < order_id <= LARGEST_ID:
            order_id = 0  # nobody's, and refused as such
        with np.errstate(over="ignore"):
            if not send(self._flow, int(kind), int(side), ticks, lots, order_id):
                raise ValueError(f"{PENDING_ROOM} own messages are on their way already; advance "
                                 f"the clock before sending more")
        self._run(self._flow.clock[C_NOW])
        return self._told

    @property
    def open_orders(self) -> list[OwnOrder]:
        """Own orders that rest now as you see it, oldest first."""
        return [OwnOrder(int(o["order_id"]), int(o["side"]), self._ledger.price(o["price_ticks"]),
                         self._ledger.size(o["left"]))
                for o in self._flow.own[:self._flow.count[N_OWN_LIVE]]]

    def queue_position(self, order_id: int) -> tuple[float, int]:
        """Size and number of the orders ahead of an own resting order at its price.

        Raises
        ------
        KeyError
            When no own order with this id rests (see `open_orders`).
        """
        order = self._own(order_id)
        if order is None:
            raise KeyError(f"no own order with the id {order_id} rests")
        if self._flow.whole[W_FILL_RULE]:
            resting = snapshot(self._book, int(self._flow.clock[C_NOW]))
            ahead = resting[(resting["price_ticks"] == order["price_ticks"])
                            & (resting["side"] == order["side"])
                            & (resting["order_id"] <= order["place"])]
            return self._ledger.size(ahead["size"].sum()), len(ahead)
        lots, orders = ahead_of(self._book, int(order["slot"]))
        return self._ledger.size(lots), int(orders)

    def _own(self, order_id: int):
        """Entry of an open own order, or None."""
        own = self._flow.own[:self._flow.count[N_OWN_LIVE]]
        found = np.flatnonzero(own["order_id"] == order_id)
        return own[found[0]] if len(found) else None

    # -- account -------------------------------------------------------------------------------

    @property
    def own_fills(self) -> pd.DataFrame:
        """Own trades: ``time_s, side, price, size, fee, maker, order_id`` (fee > 0: paid)."""
        return self._account.table()

    @property
    def reports(self) -> pd.DataFrame:
        """What the venue told: ``time_s, order_id, what, price, size, left, reason``.

        `what` is accepted, filled, cancelled or rejected, at the venue's time `time_s`.
        """
        return self._account.report_table()

    @property
    def report_records(self) -> np.ndarray:
        """The same as records of `lobsim.market.state.REPORT`, prices in ticks, sizes in lots."""
        return self._account.all_reports

    @property
    def position(self) -> float:
        """Own inventory since the start, positive = long."""
        return self._ledger.size(self._account.position_lots)

    @property
    def cash(self) -> float:
        """Own cash since the start, fees deducted."""
        return self._account.cash

    @property
    def fees(self) -> float:
        """Fees paid so far (negative: rebates received)."""
        return self._account.fees

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
    def halted(self) -> bool:
        """Whether trading is halted."""
        return bool(self._flow.count[N_HALTED])

    @property
    def regime(self) -> str:
        """Name of the regime that holds now, "" in a market without regimes (hidden in life)."""
        part = self.profile.part(Regimes)
        if part is None:
            return ""
        minute = int(self._flow.clock[C_NOW] - round(self.profile.day_start_s * NS)) // MINUTE_NS
        whole_day = self.profile.day_start_s, self.profile.day_end_s
        path = regime_path(part, len(minute_weights((1.0,), *whole_day)), self.seed)
        return part.regimes[path[min(max(minute, 0), len(path) - 1)]].name

    @property
    def dropped(self) -> int:
        """Background messages that the book could not carry out (see `Recorded`)."""
        return int(self._flow.count[N_DROPPED])

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
        return Recording(self._initial, self._collected("messages").copy(),
                         self._collected("fills").copy(),
                         top_table(self._collected("tops"), self._ledger))

    # -- inside --------------------------------------------------------------------------------

    def _empty_tape(self) -> None:
        """Move what the kernel wrote out of its buffers."""
        count = self._flow.count
        for name, entry in (("fills", N_TAPE_FILLS), ("messages", N_TAPE_MESSAGES),
                            ("tops", N_TAPE_TOPS)):
            if count[entry]:
                self._kept[name].append(getattr(self._tape, name)[:count[entry]].copy())
                count[entry] = 0
        self._take_own()

    def _collected(self, name: str) -> np.ndarray:
        """Everything kept under a name, as one array."""
        self._empty_tape()
        chunks = self._kept[name]
        if len(chunks) != 1:
            dtype = getattr(self._tape, name).dtype
            chunks[:] = [np.concatenate(chunks) if chunks else np.zeros(0, dtype)]
        return chunks[0]

    @property
    def _account(self) -> Ledger:
        """The account with all that the kernel has told (a batch may have run it meanwhile)."""
        if self._flow.count[N_OWN_FILLS] or self._flow.count[N_REPORTS]:
            self._take_own()
        return self._ledger

    def _take_own(self) -> None:
        """Enter what the kernel tells of own orders into the account; `_told` is the latest."""
        count = self._flow.count
        self._told = self._tape.reports[:count[N_REPORTS]].copy()
        if count[N_OWN_FILLS]:
            self._ledger.book(self._tape.own[:count[N_OWN_FILLS]])
            count[N_OWN_FILLS] = 0
        if count[N_REPORTS]:
            self._ledger.tell(self._told)
            count[N_REPORTS] = 0

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


def _band(flow) -> tuple[int, int]:
    return int(flow.whole[W_LOW]), int(flow.whole[W_HIGH])


