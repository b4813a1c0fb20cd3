"""A small `AlgorithmImports` for the tests: LEAN's names, driven by markets of lobsim.

What LEAN offers an execution model, as far as an exported file uses it: the classes of `API` have
no public name that LEAN's stubs lack, which a test lets mypy check. Orders go to a `lobsim.Market`
for each symbol, so that they rest in a true queue, or are filled by LEAN's rule, as its parts say.
Events of an order come while it is sent, before its ticket is returned, as they do in LEAN.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from pathlib import Path

from lobsim.market import Market
from lobsim.market.reports import What, explain_reason

_DAY = datetime(2026, 1, 5)
_UTC_HOURS = 5  # New York in winter


class OrderStatus(IntEnum):
    NEW = 0
    SUBMITTED = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 5
    INVALID = 7
    CANCEL_PENDING = 8
    UPDATE_SUBMITTED = 9


class TickType(IntEnum):
    TRADE = 0


class Symbol(str):
    @property
    def value(self) -> str:
        return str(self)


class _Given:
    """Attributes as they were given; each is annotated in its class."""

    def __init__(self, **given):
        vars(self).update(given)


class CashAmount(_Given):
    amount: float


class OrderFee(_Given):
    value: CashAmount


class OrderResponse(_Given):
    is_error: bool


class OrderEvent(_Given):
    order_id: int
    symbol: Symbol
    utc_time: datetime
    status: OrderStatus
    fill_price: float
    fill_quantity: float
    order_fee: OrderFee
    message: str


class OrderTicket(_Given):
    order_id: int
    symbol: Symbol
    status: OrderStatus
    quantity: float
    quantity_filled: float
    tag: str

    def cancel(self, tag: str = "") -> OrderResponse:
        return self._venue.cancel(self)

    def update_quantity(self, quantity: float, tag: str = "") -> OrderResponse:
        return self._venue.update(self, quantity)


class SymbolProperties(_Given):
    minimum_price_variation: float
    lot_size: float


class SecurityExchange(_Given):
    exchange_open: bool


class SecurityHolding(_Given):
    quantity: float


class Security(_Given):
    symbol: Symbol
    symbol_properties: SymbolProperties
    exchange: SecurityExchange
    holdings: SecurityHolding

    def _side(self, side: str, what: str) -> float:
        """0 where there is nothing, as in LEAN."""
        found = getattr(self._market.depth(1), f"{side}_{what}")
        return float(found[0]) if len(found) else 0.0

    @property
    def bid_price(self) -> float:
        return self._side("bid", "price")

    @property
    def ask_price(self) -> float:
        return self._side("ask", "price")

    @property
    def bid_size(self) -> float:
        return self._side("bid", "size")

    @property
    def ask_size(self) -> float:
        return self._side("ask", "size")

    @property
    def local_time(self) -> datetime:
        return _DAY + timedelta(microseconds=round(self._market.clock_s * 1e6))


class TradeBar(_Given):
    volume: float
    is_fill_forward: bool


class TradeBars(dict):
    def contains_key(self, key: Symbol) -> bool:
        return key in self


class Ticks(TradeBars):
    pass


class Slice(_Given):
    bars: TradeBars
    ticks: Ticks


class IPortfolioTarget(_Given):
    symbol: Symbol
    quantity: float


class PortfolioTarget(IPortfolioTarget):
    def __init__(self, symbol: Symbol, quantity: float):
        super().__init__(symbol=symbol, quantity=quantity)


class PortfolioTargetCollection:
    def __init__(self):
        self._targets = {}

    def add_range(self, targets: list[IPortfolioTarget]) -> None:
        self._targets.update({target.symbol: target for target in targets})

    def remove(self, symbol: Symbol) -> bool:
        return self._targets.pop(symbol, None) is not None

    def order_by_margin_impact(self, algorithm: QCAlgorithm) -> Sequence[IPortfolioTarget]:
        return [one for one in self._targets.values()
                if OrderSizing.get_unordered_quantity(algorithm=algorithm, target=one)]


class OrderSizing:
    @staticmethod
    def get_unordered_quantity(algorithm: QCAlgorithm, target: IPortfolioTarget) -> float:
        held = algorithm.securities[target.symbol].holdings.quantity
        way = sum(ticket.quantity - ticket.quantity_filled
                  for ticket in algorithm._venues[target.symbol].tickets.values()
                  if ticket.status not in (OrderStatus.FILLED, OrderStatus.CANCELED,
                                           OrderStatus.INVALID))
        return target.quantity - held - way


class SecurityChanges(_Given):
    removed_securities: Sequence[Security]


class ExecutionModel:
    def __init__(self, asynchronous: bool = True):
        pass

    def execute(self, algorithm: QCAlgorithm, targets: list[IPortfolioTarget]) -> None:
        raise NotImplementedError

    def on_order_event(self, algorithm: QCAlgorithm, order_event: OrderEvent) -> None:
        raise NotImplementedError

    def on_securities_changed(self, algorithm: QCAlgorithm, changes: SecurityChanges) -> None:
        raise NotImplementedError


class SecurityManager(dict):
    pass


class QCAlgorithm:
    securities: SecurityManager
    current_slice: Slice
    utc_time: datetime
    is_warming_up: bool

    def market_order(self, symbol: Symbol, quantity: float, asynchronous: bool = False,
                     tag: str = "") -> OrderTicket:
        return self._venues[symbol].send(quantity, None, tag)

    def limit_order(self, symbol: Symbol, quantity: float, limit_price: float,
                    asynchronous: bool = False, tag: str = "") -> OrderTicket:
        return self._venues[symbol].send(quantity, limit_price, tag)

    def log(self, message: str) -> None:
        self._lines.append(message)


API = (OrderStatus, TickType, Symbol, CashAmount, OrderFee, OrderResponse, OrderEvent, OrderTicket,
       SymbolProperties, SecurityExchange, SecurityHolding, Security, TradeBar, TradeBars, Ticks,
       Slice, IPortfolioTarget, PortfolioTarget, PortfolioTargetCollection, OrderSizing,
       SecurityChanges, ExecutionModel, SecurityManager, QCAlgorithm)
__all__ = [one.__name__ for one in API]


class _Venue:
    """A market of lobsim that speaks LEAN: tickets and events of one symbol."""

    def __init__(self, day: LeanDay, symbol: Symbol, market: Market):
        self._day, self.symbol, self.market = day, symbol, market
        self.tickets: dict[int, OrderTicket] = {}
        self._ids: dict[int, int] = {}  # of the market, by those of LEAN
        self._told = self._filled = 0
        self.volume = market.volume
        profile = market.profile
        self.security = Security(
            symbol=symbol, exchange=SecurityExchange(exchange_open=True),
            holdings=SecurityHolding(quantity=0.0), _market=market,
            symbol_properties=SymbolProperties(minimum_price_variation=profile.tick_size,
                                               lot_size=profile.lot_size))

    def send(self, quantity, price, tag) -> OrderTicket:
        self._day.orders += 1
        ticket = OrderTicket(order_id=self._day.orders, symbol=self.symbol, tag=tag,
                             status=OrderStatus.NEW, quantity=quantity, quantity_filled=0.0,
                             _venue=self)
        self.tickets[ticket.order_id] = ticket
        side, size = (1 if quantity > 0 else -1), abs(quantity)
        own = self.market.submit(side, size, price, "market" if price is None else "limit")
        self._day.sent.append((self.symbol, quantity, price))
        if own == 0:
            self._event(ticket, OrderStatus.INVALID, message="refused")
        else:
            self._ids[own] = ticket.order_id
            self.tell()
        return ticket

    def _own(self, ticket) -> int:
        return next(own for own, lean in self._ids.items() if lean == ticket.order_id)

    def _ask(self, ticket, act) -> OrderResponse:
        if ticket.status in (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.INVALID):
            return OrderResponse(is_error=True)
        act(self._own(ticket))
        self.tell()
        return OrderResponse(is_error=False)

    def cancel(self, ticket) -> OrderResponse:
        if ticket.status == OrderStatus.CANCEL_PENDING:
            return OrderResponse(is_error=True)
        if ticket.status in (OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED,
                             OrderStatus.UPDATE_SUBMITTED, OrderStatus.NEW):
            ticket.status = OrderStatus.CANCEL_PENDING
        self._day.cancels += 1
        return self._ask(ticket, self.market.cancel)

    def update(self, ticket, quantity) -> OrderResponse:
        """Only a smaller total: LEAN's quantity counts what is filled already."""
        if self._day.refuses_updates:
            return OrderResponse(is_error=True)
        off = abs(ticket.quantity) - abs(quantity)
        return self._ask(ticket, lambda own: self.market.reduce(own, off))

    def tell(self) -> None:
        """Turn what the market reported into events."""
        reports = self.market.reports.iloc[self._told:]
        self._told += len(reports)
        for row in reports.itertuples():
            ticket = self.tickets[self._ids[row.order_id]]
            sign = 1 if ticket.quantity > 0 else -1
            if row.what == What.FILLED.name.lower():
                fee = float(self.market.own_fills["fee"].iloc[self._filled])
                self._filled += 1
                ticket.quantity_filled += sign * row.size
                self.security.holdings.quantity += sign * row.size
                status = OrderStatus.PARTIALLY_FILLED if row.left else OrderStatus.FILLED
                if ticket.status == OrderStatus.CANCEL_PENDING and row.left:
                    status = OrderStatus.CANCEL_PENDING
                self._event(ticket, status, sign * row.size, row.price, fee)
            elif row.what == What.CANCELLED.name.lower():
                self._event(ticket, OrderStatus.CANCELED)
            elif row.what == What.REJECTED.name.lower():
                if ticket.status == OrderStatus.NEW:  # not a late change of what is gone
                    self._event(ticket, OrderStatus.INVALID, message=explain_reason(0))
            else:
                known = ticket.status != OrderStatus.NEW
                total = abs(ticket.quantity_filled) + row.left
                if total < abs(ticket.quantity):
                    ticket.quantity = sign * total
                self._event(ticket, OrderStatus.UPDATE_SUBMITTED if known
                            else OrderStatus.SUBMITTED)

    def _event(self, ticket, status, quantity=0.0, price=0.0, fee=0.0, message="") -> None:
        ticket.status = status
        self._day.model.on_order_event(self._day.algorithm, OrderEvent(
            order_id=ticket.order_id, symbol=self.symbol, status=status, fill_price=price,
            utc_time=self._day.algorithm.utc_time, fill_quantity=quantity, message=message,
            order_fee=OrderFee(value=CashAmount(amount=fee))))


class LeanDay:
    """LEAN's clock: each second data, then events, then the execution model.

    Parameters
    ----------
    model : ExecutionModel
    markets : dict of str to Market
        By ticker, all at the same time.
    refuses_updates : bool
        Whether the broker cannot change an order.
    """

    def __init__(self, model, markets: dict[str, Market], refuses_updates: bool = False):
        self.model, self.algorithm = model, QCAlgorithm()
        self.refuses_updates = refuses_updates
        self.orders = self.cancels = 0
        self.sent: list[tuple[str, float, float | None]] = []
        venues = {Symbol(name): _Venue(self, Symbol(name), one) for name, one in markets.items()}
        self.venues = self.algorithm._venues = venues
        self.algorithm.securities = SecurityManager(
            {symbol: venue.security for symbol, venue in venues.items()})
        self.algorithm._lines, self.algorithm.is_warming_up = [], False
        self._show()

    def _show(self) -> None:
        """The slice of now."""
        bars = TradeBars()
        for symbol, venue in self.venues.items():
            bars[symbol] = TradeBar(volume=float(venue.market.volume - venue.volume),
                                    is_fill_forward=False)
            venue.volume = venue.market.volume
        market = next(iter(self.venues.values())).market
        self.algorithm.current_slice = Slice(bars=bars, ticks=Ticks())
        self.algorithm.utc_time = _DAY + timedelta(
            hours=_UTC_HOURS, microseconds=round(market.clock_s * 1e6))

    def run(self, seconds: int, targets: dict[str, float] | None = None) -> LeanDay:
        """Give the targets to the model now, then let so many seconds pass."""
        wanted = [PortfolioTarget(Symbol(name), size) for name, size in (targets or {}).items()]
        self.model.execute(self.algorithm, wanted)
        for _ in range(seconds):
            for venue in self.venues.values():
                venue.market.advance(venue.market.clock_s + 1.0)
            self._show()
            for venue in self.venues.values():
                venue.tell()
            self.model.execute(self.algorithm, [])
        return self


def load_model(path: Path):
    """The module of an exported file, with this one as its `AlgorithmImports`."""
    before = sys.modules.get("AlgorithmImports")
    sys.modules["AlgorithmImports"] = sys.modules[__name__]
    try:
        spec = importlib.util.spec_from_file_location(f"exported_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.modules.pop("AlgorithmImports")
        if before is not None:
            sys.modules["AlgorithmImports"] = before
