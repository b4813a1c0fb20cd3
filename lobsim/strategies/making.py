"""Running a market maker on a market, and where its profit comes from."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.engine.units import Grid
from lobsim.strategies.makers import Maker, MakerState, MakingSession, Quotes
from lobsim.strategies.quote_keeper import QuoteKeeper

__all__ = ["Making", "ProfitParts", "make_markets", "make_seeds"]


@dataclass(frozen=True)
class ProfitParts:
    """Profit of a maker in currency and its parts, which add up to it exactly.

    Attributes
    ----------
    spread : float
        Sum over fills of side x size x (mid at the fill - price): what the quotes earned when they
        were hit.
    adverse : float
        Sum of side x size x (mid after the mark-out time - mid at the fill): usually negative.
    inventory : float
        Sum of side x size x (mid at the end - mid after the mark-out time): what the price did
        while the position was carried.
    fees : float
        Less the fees paid; positive when rebates exceeded them.
    """

    spread: float
    adverse: float
    inventory: float
    fees: float

    @property
    def total(self) -> float:
        """The profit."""
        return self.spread + self.adverse + self.inventory + self.fees


@dataclass(frozen=True, eq=False)
class Making:
    """What happened in a session.

    Attributes
    ----------
    session : MakingSession
    maker : str
        Name of the maker's model, or of its class.
    path : DataFrame
        One row per look: ``time_s`` (the venue's, as seen), ``mid``, ``inventory``, ``bid``,
        ``ask`` (currency; own quotes that should rest, NaN where none).
    fills : DataFrame
        ``time_s, side, price, size, fee, maker, order_id, mid`` (at the last look before it) and
        ``mid_later`` (at the first look after the mark-out time, at the latest the end).
    cash : float
        Gained since the start, fees deducted, currency.
    inventory : float
        At the end.
    end_mid : float
    fees : float
        Paid, currency.
    profit : ProfitParts
    orders_sent, cancels_sent, refused : int
        Messages; ``refused`` are orders that would have traded at once.
    """

    session: MakingSession
    maker: str
    path: pd.DataFrame
    fills: pd.DataFrame
    cash: float
    inventory: float
    end_mid: float
    fees: float
    profit: ProfitParts
    orders_sent: int
    cancels_sent: int
    refused: int

    @property
    def value(self) -> float:
        """Cash and inventory at the last mid, currency: the profit."""
        return self.cash + self.inventory * self.end_mid

    @property
    def volume(self) -> float:
        """Size traded."""
        return float(self.fills["size"].sum())

    @property
    def largest_inventory(self) -> float:
        """Largest inventory without its sign, after any fill."""
        held = (self.fills["side"] * self.fills["size"]).cumsum()
        return float(held.abs().max()) if len(held) else 0.0

    @property
    def inventory_std(self) -> float:
        """Root of the mean squared inventory over the looks."""
        return float(np.sqrt((self.path["inventory"] ** 2).mean()))

    def row(self) -> dict[str, float]:
        """The main numbers, flat: profit and its parts in currency, sizes in the market's unit."""
        parts = self.profit
        return {
            "profit": parts.total, "spread": parts.spread, "adverse": parts.adverse,
            "inventory_gain": parts.inventory, "fees": parts.fees, "fills": len(self.fills),
            "volume": self.volume, "end_inventory": self.inventory,
            "inventory_std": self.inventory_std, "largest_inventory": self.largest_inventory,
            "quoted_spread": float((self.path["ask"] - self.path["bid"]).mean()),
            "orders_sent": self.orders_sent, "cancels_sent": self.cancels_sent,
        }


def make_markets(market, maker: Maker, session: MakingSession) -> Making:
    """Run a maker on a market for a session.

    At ``start_s`` and every ``interval_s`` after it the maker is asked for quotes. An order that
    already rests where it should stays and keeps its place in the queue; one that should not is
    cancelled, and a new one is posted (post-only). A partly filled order is not topped up. At the
    end everything is cancelled, and with ``session.flatten`` what is held is taken out of the book.

    Parameters
    ----------
    market : lobsim.Market
        Its clock must not be past ``session.start_s``, and no own orders may rest. With latency
        its end must leave room for the last answers; the session then ends when they are in.
    maker : Maker
        Anything with ``interval_s``, ``reset(session, market)`` and ``quote(state)``.
    session : MakingSession

    Returns
    -------
    Making

    Raises
    ------
    ValueError
        When the clock is past the start, sizes are no whole lots, an own order rests already, the
        book has no midpoint at the start, or the maker's quotes cross one another.
    """
    lots = Grid(market.profile.lot_size, "lot_size")
    for name in ("quote_size", "max_inventory"):
        if not lots.units(getattr(session, name)):
            raise ValueError(f"{name} is {getattr(session, name)}; {market.profile.name} trades "
                             f"whole lots of {market.profile.lot_size:g} "
                             f"{market.profile.size_unit}")
    if market.clock_s > session.start_s + 1e-9:
        raise ValueError(f"the market's clock is at {market.clock_s:g} s, past the start of the "
                         f"session at {session.start_s:g} s; use a market that starts earlier")
    if not maker.interval_s > 0:
        raise ValueError(f"the maker's interval_s is {maker.interval_s}; it must be positive")
    if len(market.open_orders):
        raise ValueError("own orders rest in the market already; cancel them first")
    market.advance(session.start_s)
    if not math.isfinite(market.mid):
        raise ValueError(f"the book has an empty side at the start, {market.clock_s:g} s: no "
                         f"midpoint")
    run = _Session(market, maker, session)
    maker.reset(session, market)
    count = max(1, math.ceil(session.duration_s / maker.interval_s - 1e-9))
    for k in range(count):
        market.advance(session.start_s + k * maker.interval_s)
        run.look(quotes=True)
    market.advance(session.end_s)
    run.finish()
    return run.result()


class _Session:
    """A session under way."""

    def __init__(self, market, maker, session):
        self.market, self.maker, self.session = market, maker, session
        self.keeper = QuoteKeeper(market, session.max_inventory)
        self.ticks = Grid(market.profile.tick_size, "tick_size")
        self.cash, self.fees = market.cash, market.fees
        self.fills_before = len(market.own_fills)
        self.top = (0, 0, math.nan, math.nan)
        self.rows: list[tuple] = []

    def _see(self) -> None:
        """The best quotes in ticks and the two mids; while a side is empty the last ones."""
        bid, ask = self.market.best_bid, self.market.best_ask
        if math.isnan(bid) or math.isnan(ask):
            return
        depth = self.market.depth(1)
        size = float(depth.bid_size[0]), float(depth.ask_size[0])
        low, high = self.ticks.units(bid), self.ticks.units(ask)
        share = size[0] / (size[0] + size[1])
        self.top = low, high, 0.5 * (low + high), share * high + (1 - share) * low

    def look(self, quotes: bool) -> None:
        """Hear the venue, ask the maker (or withdraw), send what changes, note where we are."""
        market, session, keeper = self.market, self.session, self.keeper
        keeper.hear()
        self._see()
        low, high, mid, weighted = self.top
        wanted = Quotes(None, None, 0, 0)
        if quotes:
            wanted = self.maker.quote(MakerState(
                market.clock_s, session.end_s - market.clock_s, keeper.inventory, low, high, mid,
                weighted, len(market.own_fills) - self.fills_before, market))
        keeper.want(wanted)
        self.rows.append((market.venue_s, mid * self.market.profile.tick_size, keeper.inventory,
                          *keeper.resting_prices()))

    def finish(self) -> None:
        """Withdraw everything, wait for the answers, flatten if asked to, look a last time."""
        self.look(quotes=False)
        self._wait()
        if self.session.flatten and self.keeper.lots:
            self.keeper.flatten()
            self._wait()
            self.look(quotes=False)

    def _wait(self) -> None:
        """With latency: until the venue has answered everything, or the market ends."""
        market = self.market
        while self.keeper.is_waiting and market.clock_s < market.end_s - 1e-9:
            market.advance(min(market.clock_s + self.maker.interval_s, market.end_s))
            self.look(quotes=False)

    def result(self) -> Making:
        """The record of the session."""
        market, session = self.market, self.session
        path = pd.DataFrame(self.rows, columns=["time_s", "mid", "inventory", "bid", "ask"])
        fills = market.own_fills.iloc[self.fills_before:].reset_index(drop=True)
        end_mid = float(path["mid"].iloc[-1])
        times, mids = path["time_s"].to_numpy(), path["mid"].to_numpy()
        filled_s = fills["time_s"].to_numpy()
        at = np.searchsorted(times, filled_s, side="right") - 1
        later = np.searchsorted(times, filled_s + session.markout_s, side="left")
        fills["mid"] = mids[at.clip(min=0)]
        fills["mid_later"] = mids[later.clip(max=len(mids) - 1)]
        fees = market.fees - self.fees
        signed = (fills["side"] * fills["size"]).to_numpy()
        parts = ProfitParts(
            float((signed * (fills["mid"] - fills["price"])).sum()),
            float((signed * (fills["mid_later"] - fills["mid"])).sum()),
            float((signed * (end_mid - fills["mid_later"])).sum()),
            -fees,
        )
        model = getattr(self.maker, "model", self.maker)
        return Making(
            session, type(model).__name__.lstrip("_"), path, fills, market.cash - self.cash,
            self.keeper.inventory, end_mid, fees, parts, self.keeper.orders_sent,
            self.keeper.cancels_sent, self.keeper.refused)


def make_seeds(make_market: Callable[[int], object], makers: Mapping[str, Maker],
               session: MakingSession, seeds: Iterable[int]) -> pd.DataFrame:
    """Run several makers on the same seeds.

    Parameters
    ----------
    make_market : callable
        ``make_market(seed)`` returns a fresh market; the same seed must give the same market.
    makers : mapping of str to Maker
    session : MakingSession
    seeds : iterable of int

    Returns
    -------
    DataFrame
        One row per seed and maker: ``seed, maker`` and the columns of `Making.row`. For a paired
        comparison: ``table.pivot(index="seed", columns="maker", values="profit")``.
    """
    rows = []
    for seed in seeds:
        for name, maker in makers.items():
            done = make_markets(make_market(int(seed)), maker, session)
            rows.append({"seed": int(seed), "maker": name} | done.row())
    return pd.DataFrame(rows)
