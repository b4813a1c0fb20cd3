"""Hand-written quoting rules as policies: observations in, actions out, like an agent.

Each sees what the agent sees and nothing else, and its quotes are cut to the agent's actions.
They serve `lobsim/AvellanedaStoikov-v0` (prices, inventory in quotes, time in units of T) and
`lobsim/MarketMaking-v0` (ticks, inventory in quotes, seconds); the *estimate* is the filter's in
the first and the slow average of price changes, in standard deviations, in the second.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from lobsim.envs.evaluate_making import certainty_equivalent, evaluate
from lobsim.envs.signal_oracle import SignalOracle

__all__ = ["LinearQuotes", "ModelPolicy", "QuotePolicy", "SignalQuotes", "tuned_by_play",
           "tuned_quotes"]


class QuotePolicy:
    """A policy from ``quotes(inventory, time_left, estimate) -> (bid, ask)`` distances.

    Parameters
    ----------
    env : AvellanedaStoikovVectorEnv or MarketMakingVectorEnv
    quotes : callable

    Examples
    --------
    >>> from lobsim.envs.stoikov import AvellanedaStoikovVectorEnv
    >>> env = AvellanedaStoikovVectorEnv(2)
    >>> policy = QuotePolicy(env, LinearQuotes(half=1.0, lean=0.1))
    >>> policy(env.reset(seed=1)[0]).round(3).tolist()
    [[0.5, 0.0], [0.5, 0.0]]
    """

    def __init__(self, env, quotes) -> None:
        self.env, self.quotes = env, quotes

    def __call__(self, obs) -> np.ndarray:
        inventory, left, _, estimate = self.env.read(obs)
        return self.env.actions_of(*self.quotes(inventory, left, estimate))


class ModelPolicy(QuotePolicy):
    """A policy from a model with ``depths(inventory, time_left)``: A-S, GLFT, C-J. It is blind.

    Parameters
    ----------
    env : AvellanedaStoikovVectorEnv or MarketMakingVectorEnv
    model
        In the environment's units of price and time, inventory in quotes.
    fee : float
        Added to both distances, as in `lobsim.strategies.ModelMaker`: a maker fee in units of
        price (negative: a rebate).
    """

    def __init__(self, env, model, fee: float = 0.0) -> None:
        super().__init__(env, lambda inventory, left, _: tuple(
            side + fee for side in model.depths(inventory, left)))


@dataclass(frozen=True)
class LinearQuotes:
    r"""Quotes at :math:`h_0 + h_1\tau` around :math:`s - (l_0 + l_1\tau) q + \beta m`.

    Both classics are of this kind: Avellaneda-Stoikov has :math:`h_1 = \gamma\sigma^2/2,
    l_1 = \gamma\sigma^2, l_0 = 0`, the closed form of GLFT :math:`h_1 = l_1 = 0`. With
    :math:`\beta \ne 0` the estimate of the drift is added to the reservation price.

    Parameters
    ----------
    half, half_slope : float
        h_0, price, and h_1, price per unit of time left.
    lean, lean_slope : float
        l_0, price per quote held, and l_1, the same per unit of time left.
    weight : float
        beta, time.
    """

    half: float
    half_slope: float = 0.0
    lean: float = 0.0
    lean_slope: float = 0.0
    weight: float = 0.0

    def __call__(self, inventory, time_left, estimate):
        half = self.half + self.half_slope * time_left
        shift = self.weight * estimate - (self.lean + self.lean_slope * time_left) * inventory
        return half - shift, half + shift

    @classmethod
    def of_stoikov(cls, model, weight: float = 0.0) -> "LinearQuotes":
        """The quotes of an `AvellanedaStoikov` model, and a weight of the signal."""
        slope = model.risk_aversion * model.volatility**2
        return cls(model.half_spread, 0.5 * slope, 0.0, slope, weight)

    @classmethod
    def of_glft(cls, model, weight: float = 0.0) -> "LinearQuotes":
        """The quotes of the closed form of a `GLFT` model, and a weight of the signal."""
        return cls(model.half_spread + 0.5 * model.lean, 0.0, model.lean, 0.0, weight)


@dataclass(frozen=True)
class SignalQuotes:
    r"""A hand-written policy of `lobsim/MarketMaking-v0` that uses all of its signals, linearly.

    The half-spread is :math:`h_0 + h_1 (v - 1)` with v the root mean square of price changes
    (column 10), at least 0; the quotes lie around

    .. math:: s - l\,q + \sum_j \beta_j x_j

    with q the inventory in quotes and x the columns of the observation that are named below.

    Parameters
    ----------
    env : MarketMakingVectorEnv
        Whose observations and actions it speaks.
    half, swing : float
        h_0 and h_1, ticks.
    lean : float
        l, ticks per quote held.
    slow, fast, move : float
        Weights of the averages and of the last change (columns 9, 8, 7), ticks per standard
        deviation.
    imbalance, near_imbalance, ofi, volume : float
        Weights of columns 3, 4, 5 and 6, ticks per unit.

    Examples
    --------
    >>> from lobsim.envs.making import MarketMakingVectorEnv
    >>> env = MarketMakingVectorEnv(1)
    >>> rule = SignalQuotes(env, half=1.0, swing=2.0, lean=2.0, ofi=1.5)
    >>> rule([[0.4, 1, 0.1, 0, 0, 0.5] + [0] * 4 + [1.5] + [0] * 4]).round(3).tolist()
    [[-0.6, -0.325]]
    """

    env: Any
    half: float
    swing: float = 0.0
    lean: float = 0.0
    slow: float = 0.0
    fast: float = 0.0
    move: float = 0.0
    imbalance: float = 0.0
    near_imbalance: float = 0.0
    ofi: float = 0.0
    volume: float = 0.0

    def __call__(self, obs) -> np.ndarray:
        obs = np.asarray(obs, dtype=float)
        held = self.env.read(obs)[0]
        half = np.maximum(self.half + self.swing * (obs[..., 10] - 1.0), 0.0)
        weights = (self.imbalance, self.near_imbalance, self.ofi, self.volume, self.move,
                   self.fast, self.slow)
        shift = obs[..., 3:10] @ np.array(weights) - self.lean * held
        return self.env.actions_of(half - shift, half + shift)


def tuned_quotes(oracle: SignalOracle, *, aware: bool, kind: str = "glft") -> LinearQuotes:
    """The best `LinearQuotes` of a kind by their value under an oracle, without simulation.

    Parameters
    ----------
    oracle : SignalOracle
    aware : bool
        Whether the rule may use the signal.
    kind : str
        "glft" (half-spread and lean constant), "a-s" (lean and part of the half-spread fall with
        the time left, tied to one gamma), or "symmetric" (the half-spread alone).

    Returns
    -------
    LinearQuotes
    """
    world = oracle.world
    aversion = oracle.risk_aversion * world.volatility**2
    makers = {
        "glft": lambda x: LinearQuotes(x[0], 0.0, x[1], 0.0, x[2] if aware else 0.0),
        "a-s": lambda x: LinearQuotes(x[0], 0.5 * x[1], 0.0, x[1], x[2] if aware else 0.0),
        "symmetric": lambda x: LinearQuotes(x[0], weight=x[2] if aware else 0.0),
    }
    if kind not in makers:
        raise ValueError(f"kind is {kind!r}; allowed are {', '.join(map(repr, makers))}")
    make = makers[kind]
    lean = 0.5 * aversion if kind == "a-s" else 0.1 / world.decay
    weight = 0.5 / oracle.signal.reversion
    start = np.array([1.0 / world.decay, lean, weight])
    free = [0] + ([1] if kind != "symmetric" else []) + ([2] if aware else [])

    def full(x):
        out = start.copy()
        out[free] = x * start[free]
        return out

    def loss(x):
        return -oracle.value(*oracle.tables(make(full(x))))

    found = minimize(loss, np.ones(len(free)), method="Nelder-Mead",
                     options={"xatol": 1e-2, "fatol": 1e-3, "maxfev": 120})
    return make([float(x) for x in full(found.x)])


def tuned_by_play(env, start: LinearQuotes, *, aware: bool, risk_aversion: float, episodes: int,
                  seed: int, trials: int = 60) -> LinearQuotes:
    """The best `LinearQuotes` with a constant half-spread and lean on one block of seeds.

    For a market without an oracle. Judge the result on other seeds: here it was chosen.

    Parameters
    ----------
    env : MarketMakingVectorEnv
    start : LinearQuotes
        Where the search begins; what is 0 there stays 0.
    aware : bool
        Whether the weight of the signal is free; otherwise it is 0.
    risk_aversion : float
        gamma of the certainty equivalent that is made large.
    episodes, seed : int
        As in `lobsim.envs.evaluate_making.evaluate`.
    trials : int
        Evaluations at most.
    """
    first = np.array([start.half, start.lean, start.weight if aware else 0.0])
    free = np.flatnonzero(first)

    def rule(x):
        out = first.copy()
        out[free] = x * first[free]
        return LinearQuotes(float(out[0]), lean=float(out[1]), weight=float(out[2]))

    def loss(x):
        table = evaluate(env, {"rule": QuotePolicy(env, rule(x))}, episodes, seed)
        return -certainty_equivalent(table["profit"], risk_aversion)[0]

    n = len(free)
    simplex = np.ones((n + 1, n)) + 0.5 * np.eye(n + 1, n, -1)
    found = minimize(loss, np.ones(n), method="Nelder-Mead",
                     options={"maxfev": trials, "initial_simplex": simplex, "xatol": 0.02})
    return rule(found.x)
