"""Measures LEAN as a case: what level 1 costs an exported agent, and what LEAN's fills flatter.

Run one of::

    python tests/benchmarks/measure_lean.py level-one --case execution --episodes 250
    python tests/benchmarks/measure_lean.py fills --case execution --episodes 250
    python tests/benchmarks/measure_lean.py odds --episodes 500

Seeds are of a block of test seeds that no training and no stored comparison saw. Every table goes
to stdout; costs in bps, positive = cost, differences with half-widths of 95 % intervals.
"""

import argparse

import pandas as pd

from lobsim.agents.cases import find_case
from lobsim.agents.seeds import test_seed
from lobsim.agents.shelf import shipped
from lobsim.envs.baselines import PassiveTWAPRule, TWAPRule
from lobsim.envs.evaluate import evaluate, interval
from lobsim.envs.paced import PacedRule
from lobsim.sim_to_real.lean_export import level_one
from lobsim.sim_to_real.lean_fills import compare_fill_rules, resting_odds

BLOCK = 8


def level_one_cost(case: str, algo: str | None, episodes: int, seeds: int) -> pd.DataFrame:
    """Controlled cost of each agent as it is exported less that of the agent as it was trained."""
    settings, gaps, rows = find_case(case).settings, [], {}
    for agent in shipped(case, algo)[:seeds]:
        found = evaluate({"full": (agent, agent.environment),
                          "level 1": (level_one(agent), agent.environment)},
                         episodes=episodes, seed=test_seed(BLOCK), **settings)
        wide = found.episodes.pivot(index="seed", columns="policy", values="controlled_bps")
        gap = (wide["level 1"] - wide["full"]).to_numpy()
        gaps.append(gap)
        mean, half = interval(gap)
        rows[f"{agent.label}, seed {agent.record['seed']}"] = {
            "full": wide["full"].mean(), "level 1": wide["level 1"].mean(), "difference": mean,
            "half": half}
        print(pd.DataFrame(rows).T.tail(1).round(4).to_string(header=len(rows) == 1), flush=True)
    mean, half = interval(sum(gaps) / len(gaps))
    rows["mean of them"] = {"difference": mean, "half": half}
    return pd.DataFrame.from_dict(rows, orient="index")


def fills(case: str, episodes: int, seeds: int) -> pd.DataFrame:
    """Shipped agents, an algorithm's seeds together, and rules under each fill rule."""
    policies = {"passive near the schedule": PacedRule(late_s=20.0),
                "passive TWAP": PassiveTWAPRule(60.0), "TWAP": TWAPRule(60.0)}
    for agent in shipped(case):
        if agent.record["seed"] < seeds:
            policies.setdefault(agent.algo.upper(), []).append((agent, agent.environment))
    found = compare_fill_rules(policies, episodes=episodes, seed=test_seed(BLOCK),
                               **find_case(case).settings)
    return found.table()


def main():
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("level-one", "fills", "odds"))
    parser.add_argument("--case", default="execution", choices=("execution", "pacing"))
    parser.add_argument("--algo", choices=("dqn", "ppo", "sac"))
    parser.add_argument("--episodes", type=int, default=250)
    parser.add_argument("--seeds", type=int, default=5, help="training seeds of each algorithm")
    told = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 40)
    if told.what == "odds":
        table = resting_odds(episodes=told.episodes, seed=test_seed(BLOCK), quantity=200)
    elif told.what == "fills":
        table = fills(told.case, told.episodes, told.seeds)
    else:
        table = level_one_cost(told.case, told.algo, told.episodes, told.seeds)
    print(table.round(4).to_string())


if __name__ == "__main__":
    main()
