"""A desk of three small names for the tests of portfolio days."""

import numpy as np

from lobsim.envs.clients import Block
from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.envs.portfolio_settings import PortfolioSettings
from lobsim.envs.seeding import episode_seeds
from lobsim.market.parts import Fundamental
from lobsim.market.trading_days import DayRates, Universe
from small_markets import FLOWS, START_S, profile_of

PARTS = FLOWS["poisson"]


def name_of(k, **changes):
    """One of the small names, moved by the factor of all."""
    parts = [part for part in PARTS if not isinstance(part, Fundamental)]
    return profile_of(*parts, Fundamental(volatility_bps=6.0, common_share=0.5), name=f"N{k}",
                      symbol=f"N{k}", start_price=100.0 + 50 * k, max_live=256, **changes)


NAMES = tuple(name_of(k) for k in range(3))
DESK = Universe(NAMES, sectors=2, rates=DayRates(droughts_per_day=3.0, widenings_per_day=3.0))
BLOCKS = (Block("N0", 1, 60, 50.0, 0.01, 1.0, 0.2, "high"),
          Block("N1", -1, 90, 60.0, 0.003, 0.9, 0.25, "medium"),
          Block("N2", -1, 40, 60.0, 0.001, 1.0, 1.0, "low"))
SHORT = dict(universe=DESK, horizon_s=60.0, interval_s=10.0, slice_s=10.0, max_shift_s=30.0,
             start_s=(START_S, START_S + 600.0))


def opened(count=2, seed=1, **settings):
    """A core of so many days, and its first outcome."""
    core = PortfolioCore(count, PortfolioSettings(**SHORT | settings))
    outcome = core.fresh()
    core.open(range(count), episode_seeds(seed, 0, count), outcome)
    return core, outcome


def hostile(core, rng, kind):
    """Orders that no client would allow: far too many, or on and off, or at random."""
    shape = (len(core), core.names_count, 3)
    orders = np.zeros(shape)
    if kind == "all at once":
        orders[..., 0] = orders[..., 2] = 1e9
    elif kind == "all rests":
        orders[..., 1], orders[..., 2] = rng.integers(-3, 4, shape[:2]), 1e9
    elif kind == "one side":
        orders[..., 0] = np.where(core.sides > 0, 1e9, 0.0)
    elif kind == "wrong signs":
        orders[..., 0], orders[..., 2] = -1e6, -5.0
    elif kind == "at random":
        orders[..., 0] = rng.integers(-50, 200, shape[:2]) * (rng.random(shape[:2]) < 0.3)
        orders[..., 1] = rng.integers(-5, 6, shape[:2])
        orders[..., 2] = rng.integers(-50, 200, shape[:2])
    elif kind != "wait":
        raise ValueError(kind)
    return orders.reshape(len(core), -1)


KINDS = ("all at once", "all rests", "one side", "wrong signs", "at random", "wait")
