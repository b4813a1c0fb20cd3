"""Keeping two quotes in a market: what rests, what is on its way, and what may still be filled."""

import math

from lobsim.engine.codes import Kind
from lobsim.engine.units import Grid
from lobsim.market.reports import What
from lobsim.strategies.makers import Quotes

__all__ = ["QuoteKeeper"]


_OVER = (What.CANCELLED, What.REJECTED)


class _Order:
    """An own order that is not known to be over."""

    __slots__ = ("side", "ticks", "left", "leaving")

    def __init__(self, side: int, ticks: int, left: int):
        self.side, self.ticks, self.left, self.leaving = side, ticks, left, False


class QuoteKeeper:
    """Sends the fewest messages that bring the book to what is wanted, within a limit.

    An order counts against the limit from the moment it is sent until the venue has said that it
    is over, so that the limit holds at any latency: no order of events can fill more.

    Parameters
    ----------
    market : lobsim.Market
    max_inventory : float
        In the market's unit.

    Attributes
    ----------
    lots : int
        Inventory since the start.
    orders_sent, cancels_sent, refused : int
    """

    def __init__(self, market, max_inventory: float):
        self.market = market
        self.sizes = Grid(market.profile.lot_size, "lot_size")
        self.prices = Grid(market.profile.tick_size, "tick_size")
        self.limit = self.sizes.units(max_inventory)
        self.lots = 0
        self.orders_sent = self.cancels_sent = self.refused = 0
        self.orders: dict[int, _Order] = {}
        self._heard = len(market.report_records)

    @property
    def inventory(self) -> float:
        """Since the start, in the market's unit."""
        return self.sizes.value(self.lots)

    @property
    def is_waiting(self) -> bool:
        """Whether an order may still be filled."""
        return bool(self.orders)

    def hear(self) -> None:
        """Take in what the venue has told since the last time."""
        records = self.market.report_records
        for row in records[self._heard:]:
            order = self.orders.get(int(row["order_id"]))
            if order is None:
                continue
            what = int(row["what"])
            if what == What.FILLED:
                self.lots += order.side * int(row["size"])
            # A cancel takes off everything; with latency a new order may be refused later. (The
            # refusal of a cancel is that of an order that is over, and no longer kept here.)
            order.left = 0 if what in _OVER else int(row["left"])
            self.refused += what == What.REJECTED
            if order.left == 0:
                del self.orders[int(row["order_id"])]
        self._heard = len(records)

    def want(self, quotes: Quotes) -> None:
        """Bring both sides to these quotes.

        Raises
        ------
        ValueError
            When the bid is not below the ask.
        """
        bid, ask = quotes.bid_ticks, quotes.ask_ticks
        if bid is not None and ask is not None and bid >= ask:
            raise ValueError(f"the maker bids {bid} ticks and asks {ask}; the bid must be below "
                             f"the ask")
        wanted = {1: (bid, self._lots(quotes.bid_size)), -1: (ask, self._lots(quotes.ask_size))}
        # All cancels first: what they free counts for both sides.
        for side, (ticks, lots) in wanted.items():
            for number, order in list(self.orders.items()):
                if order.side != side or order.leaving:
                    continue
                if ticks != order.ticks or lots == 0:
                    self._withdraw(number, order)
        for side, (ticks, lots) in wanted.items():
            if ticks is None or any(o.side == side and not o.leaving
                                    for o in self.orders.values()):
                continue
            pending = sum(o.left for o in self.orders.values() if o.side == side)
            room = self.limit - side * self.lots - pending
            if min(lots, room) > 0:
                self._post(side, ticks, min(lots, room))

    def flatten(self) -> None:
        """Take the inventory out of the book with a market order."""
        side = -1 if self.lots > 0 else 1
        self._send(side, 0, abs(self.lots), Kind.MARKET)
        for order in self.orders.values():
            order.leaving = True  # a market order under way is not called back

    def resting_prices(self) -> tuple[float, float]:
        """Prices of the bid and the ask that should rest, NaN where there is none."""
        found = {1: math.nan, -1: math.nan}
        for order in self.orders.values():
            if not order.leaving:
                found[order.side] = self.prices.value(order.ticks)
        return found[1], found[-1]

    def _withdraw(self, number: int, order: _Order) -> None:
        order.leaving = True
        self.cancels_sent += 1
        self.market.cancel(number)
        self.hear()

    def _post(self, side: int, ticks: int, lots: int) -> None:
        self._send(side, ticks, lots, Kind.POST_ONLY)

    def _send(self, side: int, ticks: int, lots: int, kind: Kind) -> None:
        price = None if kind == Kind.MARKET else self.prices.value(ticks)
        self.hear()
        self.orders_sent += 1
        number = self.market.submit(side, self.sizes.value(lots), price=price, kind=kind)
        if number == 0:
            # Its id will be given again: what was told of it must not be heard as of the next.
            self.refused += 1
            self._heard = len(self.market.report_records)
            return
        self.orders[number] = _Order(side, ticks, lots)
        self.hear()

    def _lots(self, size: float) -> int:
        """Whole lots in a size, rounded down."""
        return math.floor(size / self.sizes.step + 1e-6)
