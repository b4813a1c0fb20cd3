"""Measures what a reward can teach at best in the world with a drift signal: no learner is in it.

    python tests/benchmarks/measure_signal.py

The quotes that are best for a training reward and its discount follow by dynamic programming on
(step, estimate, inventory), and the oracle tells their certainty equivalent. It bounds what any
algorithm that maximises this reward can end with. The second table says how much farther from the
mid the best quotes lie for a maker whose actions are noisy, as those of PPO are in training. The
third says how the quotes of the shipped agents differ from those of the optimum.
"""

import math

import numpy as np

from lobsim.agents import find_case, shipped
from lobsim.agents.seeds import TUNING
from lobsim.envs.signal_oracle import SignalOracle

DISCOUNTS = (0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 1.0)
LOG_STDS = (0.0, -1.0, -1.5, -2.0, -2.5, -3.0)  # of both actions
_ROUNDS, _ENOUGH = 40, 1e-9


def best_for(oracle: SignalOracle, reward: str, discount: float):
    """Tables of bid and ask that maximise the discounted sum of "mean" or "marked", expected.

    Parameters
    ----------
    oracle : SignalOracle
        Of the world, the signal and the aversion in the running penalty.
    reward : str
        "mean" or "marked", of `AvellanedaStoikovVectorEnv`.
    discount : float
        Of a step, 0 to 1.

    Returns
    -------
    bid, ask : ndarray, shape (steps, points, 2 edge + 1)
    """
    world, signal = oracle.world, oracle.signal
    step, decay = world.step, world.decay
    q, m = world.inventories.astype(float)[None, :], oracle.beliefs[:, None]
    keep = signal.filter_terms(step)[0]
    drift = world.volatility * math.sqrt(step) * np.clip(
        m * math.sqrt(step) / world.volatility, -1, 1)
    risk = 0.5 * oracle.risk_aversion * world.volatility**2 * step * q**2
    closest = math.log(world.intensity * step) / decay  # where a fill is certain
    bid, ask = (np.full((world.steps, m.size, q.size), 1 / decay) for _ in range(2))
    bid[..., -1], ask[..., 0] = np.inf, np.inf
    value = np.zeros((m.size, q.size))
    for n in range(world.steps - 1, -1, -1):
        held = discount * (oracle._onward @ value) - risk
        mark = m * step * (1 - keep ** (world.steps - n)) / (1 - keep)
        if reward == "mean":
            held, mark = held + q * drift, 0.0 * mark
        buy, sell = np.zeros_like(held), np.zeros_like(held)  # worth of a fill beside its distance
        buy[:, :-1] = (held - signal.impact * q)[:, 1:] - held[:, :-1] + mark
        sell[:, 1:] = (held + signal.impact * q)[:, :-1] - held[:, 1:] - mark
        if n + 1 < world.steps:
            bid[n], ask[n] = bid[n + 1], ask[n + 1]
        for _ in range(_ROUNDS):
            before = bid[n].copy()
            for mine, other, own, theirs in ((bid, ask, buy, sell), (ask, bid, sell, buy)):
                chance = world.probabilities(other[n])
                best = 1 / decay - (1 - chance) * own + chance * theirs
                mine[n] = np.where(np.isinf(mine[n]), np.inf, np.maximum(best, closest))
            if np.allclose(bid[n], before, rtol=0, atol=_ENOUGH):
                break
        buys, sells = world.probabilities(bid[n]), world.probabilities(ask[n])
        paid, got = (np.where(np.isinf(side[n]), 0.0, side[n]) for side in (bid, ask))
        value = (held + buys * (1 - sells) * buy + sells * (1 - buys) * sell
                 + buys * paid + sells * got)
    return bid, ask


def widening(decay: float, max_skew: float, log_std: float) -> float:
    r"""How much farther than 1 / k the best distance lies if both actions have this noise, price.

    With noise of variance :math:`s^2` around a distance d the gain is
    :math:`A\,dt\,e^{-kd + k^2s^2/2}(d - ks^2)`, largest at :math:`d = 1/k + ks^2`.
    """
    spread, skew = math.exp(log_std) / decay, max_skew * math.exp(log_std)
    return decay * (spread**2 + skew**2)


def visited(case, worlds: int = 64, every: int = 7) -> np.ndarray:
    """Observations on paths of the optimum, on seeds of tuning: one in `every`, shape (N, 4)."""
    env = case.vector(worlds)
    best = case.benchmarks(env)["optimum (programme)"]
    obs, seen = env.reset(seed=TUNING)[0], []
    for _ in range(2 * env.world.steps):
        seen.append(obs.copy())
        obs = env.step(best(obs).astype(np.float32))[0]
    return np.concatenate(seen)[::every]


def shape_of(env, policy, seen: np.ndarray) -> tuple[float, float, float]:
    """How a policy quotes at observations: its mean half-spread, and how its skew leans.

    Returns
    -------
    half : float
        Mean half-spread, price.
    lean, follow : float
        Of the straight line that fits its skew best: price per quote held (less than 0: it wants to
        be rid of it), and price per unit of drift in the estimate.
    """
    inventory, _, _, estimate = env.read(seen)
    bid, ask = env.distances_of(policy(seen))
    terms = np.stack([np.ones_like(inventory), inventory, estimate], axis=1)
    _, lean, follow = np.linalg.lstsq(terms, (ask - bid) / 2, rcond=None)[0]
    return float(((bid + ask) / 2).mean()), float(lean), float(follow)


def leaning(case, env, policy, seen: np.ndarray):
    """The policy with the lean of the optimum in place of its own, and nothing else changed."""
    best = case.benchmarks(env)["optimum (programme)"]
    more = shape_of(env, best, seen)[1] - shape_of(env, policy, seen)[1]

    def mended(obs):
        inventory = env.read(obs)[0]
        bid, ask = env.distances_of(policy(obs))
        return env.actions_of(bid - more * inventory, ask + more * inventory)

    return mended


def main():
    case = find_case("signal")
    env = case.vector(1)
    oracle = SignalOracle(env.world, env.signal, env.risk_aversion)
    print(f"certainty equivalent of the best quotes for a reward; optimum {oracle.optimum:.2f}")
    print("discount    mean  marked")
    for discount in DISCOUNTS:
        found = [oracle.value(*best_for(oracle, reward, discount)) for reward in ("mean", "marked")]
        print(f"{discount:8g}{found[0]:8.2f}{found[1]:8.2f}", flush=True)
    print("\nlog std   best distance moves out by (1/k is "
          f"{1 / env.world.decay:.2f})")
    for log_std in LOG_STDS:
        print(f"{log_std:7g}{widening(env.world.decay, env.max_skew, log_std):10.3f}")
    print("\nquotes on paths of the optimum   exact   half-spread   lean a quote   a unit of drift")
    seen, rules = visited(case), case.benchmarks(env)
    chosen = {name: rules[name] for name in ("optimum (programme)", "GLFT with signal, tuned",
                                             "GLFT blind, tuned")}
    chosen |= {f"{agent.label} {agent.record['seed']}": agent
               for algo in ("ppo", "sac") for agent in shipped("signal", algo)}
    for name, policy in chosen.items():
        half, lean, follow = shape_of(env, policy, seen)
        print(f"{name:<30}{case.exact(env, policy):10.2f}{half:14.3f}{lean:15.3f}{follow:18.4f}")
    own, mended = (np.mean([case.exact(env, one) for one in some])
                   for some in zip(*((agent, leaning(case, env, agent, seen))
                                     for agent in shipped("signal", "sac"))))
    print(f"SAC on average {own:.2f}, with the lean of the optimum {mended:.2f}")


if __name__ == "__main__":
    main()
