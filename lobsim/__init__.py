"""lobsim: a limit-order-book simulator under a course on microstructure and RL for trading.

Names are loaded on first use, so that ``import lobsim`` stays fast and needs neither
torch nor jupyter nor ray.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "OrderBook": "lobsim.engine",
    "process": "lobsim.engine",
    "MESSAGE": "lobsim.engine",
    "FILL": "lobsim.engine",
    "warm_up": "lobsim.engine",
    "Market": "lobsim.market",
    "MarketBatch": "lobsim.market",
    "profiles": "lobsim.market",
}
FLOWS = {"learned": ("lobsim.orderflow_ai.generate", "LearnedFlow")}
"""Flows that `Market(flow=...)` knows by name, and where they live: floors above the market."""
_FLOORS = ("engine", "data", "market", "analytics", "strategies", "envs", "agents", "plots",
           "orderflow_ai", "sim_to_real", "course")

__all__ = [*_HOME, *_FLOORS, "__version__"]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _FLOORS:
        return import_module(f"lobsim.{name}")
    raise AttributeError(f"module 'lobsim' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
