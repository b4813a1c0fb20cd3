"""Trading environments of other packages, each stepped as its own documentation does.

They differ from ours in what happens in a step: none has an order book. One step of theirs looks
up the next row of a table of prices, one of ours plays a market; only how often an agent may decide
in a second is compared. A peer is never needed; each is imported when it is measured.
"""

import statistics
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .market import _now_s
from .peers import installed_version

__all__ = ["ENV_PEERS", "EnvPeer", "PeerEnv", "peer_turn"]

STEPS = 2_000
ROWS = STEPS + 200
_WINDOW = 10  # rows that an observation shows


class EnvPeer(NamedTuple):
    """A package and how its environment is made."""

    package: str  # as pip knows it
    what: str
    make: Callable[[], Any]  # a gymnasium.Env with two actions


@dataclass
class PeerEnv:
    """Steps a second of another package's environment."""

    package: str
    version: str
    what: str
    steps_per_s: float | None = None
    over_cartpole: float | None = None
    failed: str = ""

    @classmethod
    def of(cls, peer: EnvPeer, speeds: list, cartpole: list[float]) -> "PeerEnv":
        """The row of a peer: medians over the turns, or what it raised."""
        row = cls(peer.package, installed_version(peer.package), peer.what)
        errors = [speed for speed in speeds if isinstance(speed, str)]
        if errors:
            row.failed = errors[0]
            return row
        row.steps_per_s = statistics.median(speeds)
        row.over_cartpole = statistics.median(
            s / c for s, c in zip(speeds, cartpole, strict=True))
        return row


def _prices() -> pd.Series:
    """A random walk, a row an hour."""
    returns = 0.001 * np.random.default_rng(0).standard_normal(ROWS)
    return pd.Series(100.0 * np.exp(np.cumsum(returns)),
                     pd.date_range("2024-01-01", periods=ROWS, freq="h"))


def _gym_anytrading():
    import gym_anytrading  # noqa: F401  (registers)
    from gym_anytrading.envs import StocksEnv

    prices = _prices()
    table = pd.DataFrame({name: prices for name in ("Open", "High", "Low", "Close")})
    return StocksEnv(df=table, window_size=_WINDOW, frame_bound=(_WINDOW, ROWS))


def _gym_trading_env():
    from gym_trading_env.environments import TradingEnv

    prices = _prices()
    table = pd.DataFrame({name: prices for name in ("open", "high", "low", "close")})
    table["feature_move"] = prices.pct_change().fillna(0.0)
    return TradingEnv(df=table, positions=[0, 1], windows=_WINDOW, verbose=0)


ENV_PEERS = (
    EnvPeer("gym-anytrading", "a table of prices, two positions", _gym_anytrading),
    EnvPeer("gym-trading-env", "a table of prices, two positions", _gym_trading_env),
)


def peer_turn(peer: EnvPeer, seed: int) -> float | str:
    """Steps a second under random actions, its resets included; or what went wrong, in words."""
    plan = np.random.default_rng(seed).integers(2, size=STEPS).tolist()
    try:
        with warnings.catch_warnings():  # one of them turns all warnings into errors
            env = peer.make()
            warnings.simplefilter("ignore")
            env.reset(seed=seed)
            begun_s = _now_s()
            for action in plan:
                _, _, over, cut, _ = env.step(action)
                if over or cut:
                    env.reset()
            return STEPS / (_now_s() - begun_s)
    except Exception as error:  # a stranger's package may raise anything
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
