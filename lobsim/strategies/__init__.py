"""Strategies: optimal execution and market making in theory, and on a market.

An execution strategy is any object with ``interval_s``, ``reset(order, market)`` and
``act(market) -> list[ChildOrder]``; a market maker one with ``interval_s``, ``reset(session,
market)`` and ``quote(state) -> Quotes``.
"""

from lobsim.strategies.almgren_chriss import AlmgrenChriss, AlmgrenChrissSchedule
from lobsim.strategies.avellaneda_stoikov import AvellanedaStoikov, AvellanedaStoikovSteady
from lobsim.strategies.calibration import (
    FillIntensity,
    ImpactTerms,
    Volatility,
    fill_rates,
    fit_fill_intensity,
    fit_impact,
    fit_volatility,
    volatility_signature,
)
from lobsim.strategies.calibration_runs import (
    HungQuotes,
    calibrate_impact,
    hang_quotes,
    sample_prices,
)
from lobsim.strategies.cartea_jaimungal import CarteaJaimungal, CarteaJaimungalSchedule
from lobsim.strategies.cj_market_making import CarteaJaimungalMaking
from lobsim.strategies.discreet import Opportunistic, RandomisedTWAP
from lobsim.strategies.glft import GLFT
from lobsim.strategies.hunted import HuntedMarket, WatchedMarket
from lobsim.strategies.makers import (
    FixedMaker,
    Maker,
    MakerState,
    MakingSession,
    ModelMaker,
    Quotes,
)
from lobsim.strategies.making import Making, ProfitParts, make_markets, make_seeds
from lobsim.strategies.obizhaeva_wang import ObizhaevaWang, ObizhaevaWangSchedule
from lobsim.strategies.orders import ChildOrder, ParentOrder, allocate, slice_edges
from lobsim.strategies.portfolio_chriss import PortfolioChriss, PortfolioSchedule
from lobsim.strategies.quote_world import QuotedPaths, QuoteWorld
from lobsim.strategies.run import Execution, execute, run_seeds
from lobsim.strategies.schedules import POV, TWAP, VWAP, Immediate, PassiveTWAP, Strategy

__all__ = [
    "AlmgrenChriss",
    "AlmgrenChrissSchedule",
    "AvellanedaStoikov",
    "AvellanedaStoikovSteady",
    "CarteaJaimungal",
    "CarteaJaimungalMaking",
    "CarteaJaimungalSchedule",
    "ChildOrder",
    "Execution",
    "FillIntensity",
    "FixedMaker",
    "GLFT",
    "HungQuotes",
    "HuntedMarket",
    "Immediate",
    "ImpactTerms",
    "Maker",
    "MakerState",
    "Making",
    "MakingSession",
    "ModelMaker",
    "ObizhaevaWang",
    "ObizhaevaWangSchedule",
    "Opportunistic",
    "POV",
    "ParentOrder",
    "PassiveTWAP",
    "PortfolioChriss",
    "PortfolioSchedule",
    "ProfitParts",
    "QuoteWorld",
    "QuotedPaths",
    "Quotes",
    "RandomisedTWAP",
    "Strategy",
    "TWAP",
    "VWAP",
    "Volatility",
    "WatchedMarket",
    "allocate",
    "calibrate_impact",
    "execute",
    "fill_rates",
    "fit_fill_intensity",
    "fit_impact",
    "fit_volatility",
    "hang_quotes",
    "make_markets",
    "make_seeds",
    "run_seeds",
    "sample_prices",
    "slice_edges",
    "volatility_signature",
]
