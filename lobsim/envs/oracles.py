"""What a quoting rule is worth in the Avellaneda-Stoikov world, exactly, and the best that can be.

The world is `lobsim.strategies.QuoteWorld` (its dynamic programming is used here), which
`lobsim/AvellanedaStoikov-v0` plays step by step. Everything depends on dt: a bound belongs to the
world in which it was computed. A *policy* is any function from observations of shape (n, width) to
actions of shape (n, 2); a *table* has the shape (steps, 2 edge + 1), steps by inventories.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from lobsim.envs.signal_oracle import SignalOracle
from lobsim.strategies import AvellanedaStoikov
from lobsim.strategies.quote_world import QuoteWorld

__all__ = ["Moments", "best_risk_aversion", "certainty_equivalent", "exact_moments", "grid",
           "optimum", "policy_tables"]


class Moments(NamedTuple):
    """Exact mean and standard deviation of the profit and of the inventory at the end."""

    profit: float
    std_profit: float
    inventory: float
    std_inventory: float


def optimum(world: QuoteWorld, risk_aversion: float) -> float:
    """The largest certainty equivalent that any quoting can have in a world without a signal.

    Examples
    --------
    >>> round(optimum(QuoteWorld(max_inventory=15), 0.1), 3)
    65.249
    """
    return world.certainty_equivalent(*world.best_tables(risk_aversion), risk_aversion)


def exact_moments(world: QuoteWorld, bid, ask) -> Moments:
    """Moments under tables of quotes, by backward induction, without simulation.

    Parameters
    ----------
    world : QuoteWorld
    bid, ask : ndarray, shape (N, 2 edge + 1)

    Examples
    --------
    >>> world = QuoteWorld(max_inventory=40)
    >>> moments = exact_moments(world, *world.tables(AvellanedaStoikov(0.1, 2, 1.5)))
    >>> round(moments.profit, 1), round(moments.std_profit, 1), round(moments.std_inventory, 1)
    (64.9, 6.5, 2.9)
    """
    q = world.inventories.astype(float)
    move = world.volatility * np.sqrt(world.step)
    bid, ask = np.asarray(bid, dtype=float), np.asarray(ask, dtype=float)
    # First and second moments of the profit still to come, and of the inventory at the end.
    first, second = np.zeros(len(q)), np.zeros(len(q))
    end, square = q.copy(), q**2
    for n in range(world.steps - 1, -1, -1):
        p_bid, p_ask = world.probabilities(bid[n]), world.probabilities(ask[n])
        gain_bid = np.where(np.isinf(bid[n]), 0.0, bid[n])
        gain_ask = np.where(np.isinf(ask[n]), 0.0, ask[n])
        # The mid's move has mean zero and is independent of what follows.
        carried = second + (q * move) ** 2
        sums = np.zeros((4, len(q)))
        for bought, sold in ((0, 0), (1, 0), (0, 1), (1, 1)):
            chance = (p_bid if bought else 1 - p_bid) * (p_ask if sold else 1 - p_ask)
            gain = bought * gain_bid + sold * gain_ask
            f, s, e, z = (_moved(x, bought - sold) for x in (first, carried, end, square))
            sums += chance * np.stack([gain + f, gain**2 + 2 * gain * f + s, e, z])
        first, second, end, square = sums
    k = world.edge
    return Moments(float(first[k]), float(np.sqrt(max(second[k] - first[k] ** 2, 0.0))),
                   float(end[k]), float(np.sqrt(max(square[k] - end[k] ** 2, 0.0))))


def best_risk_aversion(world: QuoteWorld, risk_aversion: float) -> tuple[float, float]:
    """The gamma to put into the formula of Avellaneda and Stoikov, and what it is worth.

    Parameters
    ----------
    world : QuoteWorld
    risk_aversion : float
        gamma by which results are judged.

    Returns
    -------
    gamma, certainty_equivalent : float
        The formula is an expansion for little time left; a maker who uses it does better with a
        smaller gamma than his own.
    """
    def loss(log_gamma):
        model = AvellanedaStoikov(np.exp(log_gamma), world.volatility, world.decay)
        return -world.certainty_equivalent(*world.tables(model), risk_aversion)

    found = minimize_scalar(loss, bounds=np.log([risk_aversion / 100, risk_aversion * 2]),
                            method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x)), float(-found.fun)


def grid(env) -> np.ndarray:
    """Observations of every (step, inventory) of an environment without a signal.

    Parameters
    ----------
    env : AvellanedaStoikovVectorEnv

    Returns
    -------
    ndarray of float32, shape (steps, 2 edge + 1, 2)
    """
    world = env.world
    left = (world.steps - np.arange(world.steps)) / world.steps
    seen = np.stack(np.broadcast_arrays(world.inventories[None, :] / world.edge, left[:, None]), -1)
    return seen.astype(np.float32)


def policy_tables(env, policy) -> tuple[np.ndarray, np.ndarray]:
    """The quotes of a policy in every state, as tables for `QuoteWorld`.

    Parameters
    ----------
    env : AvellanedaStoikovVectorEnv
        Without a signal.
    policy : callable

    Returns
    -------
    bid, ask : ndarray, shape (steps, 2 edge + 1)
        Infinite at the cap, as the environment does it.
    """
    if env.signal is not None:
        raise ValueError("the environment has a signal; use SignalOracle.policy_tables")
    seen = grid(env)
    actions = np.asarray(policy(seen.reshape(-1, seen.shape[-1])), dtype=float)
    bid, ask = (side.copy() for side in env.distances_of(actions.reshape(*seen.shape[:2], 2)))
    bid[:, -1], ask[:, 0] = np.inf, np.inf
    return bid, ask


def certainty_equivalent(env, policy) -> float:
    """Exact certainty equivalent of a policy in an environment without a signal, at its gamma.

    It sees states that training may never visit; the environment's cap bounds what they can do.
    Simulate as well, and doubt a policy on which the two disagree.

    Examples
    --------
    >>> from lobsim.envs.stoikov import AvellanedaStoikovVectorEnv
    >>> env = AvellanedaStoikovVectorEnv(max_inventory=15)
    >>> symmetric = certainty_equivalent(env, lambda obs: np.zeros((len(obs), 2)))
    >>> bool(symmetric < optimum(env.world, env.risk_aversion))
    True
    """
    if env.signal is not None:
        oracle = SignalOracle(env.world, env.signal, env.risk_aversion)
        return oracle.value(*oracle.policy_tables(env, policy))
    return env.world.certainty_equivalent(*policy_tables(env, policy), env.risk_aversion)


def _moved(values, way):
    """Values at the inventory that is `way` higher; those beyond the edge are never used."""
    if way == 0:
        return values
    out = np.zeros_like(values)
    if way > 0:
        out[:-1] = values[1:]
    else:
        out[1:] = values[:-1]
    return out
