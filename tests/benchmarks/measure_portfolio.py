"""Measures portfolio days: how fast they are and what they hold, and what the rules cost on them.

Run one of::

    python tests/benchmarks/measure_portfolio.py speed --names 50 --days 4
    python tests/benchmarks/measure_portfolio.py rules --days 40 --neutral dollar

Times are processor time of the thread. Every table goes to stdout.
"""

import argparse
import resource
import time

import numpy as np
import pandas as pd

from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.envs.portfolio_evaluate import evaluate_days
from lobsim.envs.portfolio_rules import day_rules
from lobsim.envs.portfolio_settings import PortfolioSettings
from lobsim.envs.seeding import episode_seeds


def speed(names: int, days: int, horizon_s: float, turns: int) -> pd.DataFrame:
    """Days a second and memory, for `days` side by side."""
    settings = PortfolioSettings(names=names, horizon_s=horizon_s,
                                 start_s=36_000.0 if horizon_s > 1560 else (34_500.0, 56_040.0))
    rows = []
    for turn in range(turns):
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        core = PortfolioCore(days, settings)
        outcome, begun = core.fresh(), time.thread_time()
        core.open(range(days), episode_seeds(turn, 0, days), outcome)
        opened = time.thread_time()
        actions, steps = np.zeros((days, names)), 0
        while core.alive.any():
            core.step(actions)
            steps += 1
        ended = time.thread_time()
        after_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rows.append({"turn": turn, "open_s_per_day": (opened - begun) / days,
                     "play_s_per_day": (ended - opened) / days,
                     "days_per_s": days / (ended - begun),
                     "name_decisions_per_s": names * steps * days / (ended - begun),
                     "grown_mb_per_day": (after_kb - before_kb) / 1024 / days})
    return pd.DataFrame(rows)


def main():
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("speed", "rules"))
    parser.add_argument("--names", type=int, default=50)
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--horizon-s", type=float, default=1560.0)
    parser.add_argument("--neutral", choices=("dollar", "cash"))
    told = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 40)
    if told.what == "speed":
        print(speed(told.names, told.days, told.horizon_s, told.turns).round(4).to_string())
        return
    found = evaluate_days(day_rules(), days=told.days, seed=told.seed, names=told.names,
                          horizon_s=told.horizon_s, neutral=told.neutral, num_envs=4)
    print(found.table().round(3).T.to_string())
    print(found.by_urgency().round(3).to_string())


if __name__ == "__main__":
    main()
