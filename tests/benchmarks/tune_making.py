"""A rule of all signals for the case "making", tuned on seeds that nothing else ever sees.

``python tests/benchmarks/tune_making.py --trials 120`` prints the numbers that lesson 09 uses.
"""

import argparse

import numpy as np

from lobsim.agents import find_case
from lobsim.agents.seeds import TUNING
from lobsim.envs.evaluate_making import certainty_equivalent, evaluate
from lobsim.envs.making_rules import SignalQuotes

START = {"half": 0.0, "swing": 1.0, "lean": 3.5, "slow": 2.0, "fast": 0.5, "move": 0.0,
         "imbalance": 1.0, "near_imbalance": 1.0, "ofi": 1.0, "volume": 0.2}
"""Ticks, and ticks per unit of a signal: the tuned linear rule, and a guess for the others."""
SCALE = {"half": 1.0, "imbalance": 2.0, "near_imbalance": 2.0, "ofi": 2.0, "volume": 0.5}
_CHANGED = 0.4  # share of the numbers that a trial changes


def tuned_signal_quotes(episodes: int = 48, trials: int = 120, seed: int = 0) -> dict[str, float]:
    """Numbers of `SignalQuotes`, by a random search around the best so far that narrows.

    Parameters
    ----------
    episodes : int
        Markets in which each trial is played.
    trials : int
    seed : int
        Of the search.
    """
    case = find_case("making")
    env = case.vector(episodes)
    rng = np.random.default_rng(seed)
    scale = np.array([SCALE.get(name, 1.0) for name in START])

    def worth(numbers):
        rule = SignalQuotes(env, **dict(zip(START, map(float, numbers))))
        profit = evaluate(env, {"rule": rule}, episodes, TUNING)["profit"]
        return certainty_equivalent(profit, env.risk_aversion)[0]

    best, width = np.array([*START.values()]), 1.0
    score = worth(best)
    for _ in range(trials):
        tried = best + width * scale * rng.normal(size=len(best)) * (
            rng.random(len(best)) < _CHANGED)
        found = worth(tried)
        if found > score:
            best, score, width = tried, found, min(1.3 * width, 1.5)
            print(f"{score:.2f} " + ", ".join(f"{name}={value:.2f}" for name, value
                                              in zip(START, best)), flush=True)
        else:
            width = max(0.95 * width, 0.15)
    return {name: round(float(value), 2) for name, value in zip(START, best)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=48)
    parser.add_argument("--trials", type=int, default=120)
    given = parser.parse_args()
    print(tuned_signal_quotes(given.episodes, given.trials))
