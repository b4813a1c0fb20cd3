"""Measures portfolio days: how fast they are and what they hold, and what the rules cost on them.

Run one of::

    python tests/benchmarks/measure_portfolio.py speed --store
    python tests/benchmarks/measure_portfolio.py rules --names 50 --days 40 --neutral dollar

Times are processor time of the thread. Every table goes to stdout; ``--store`` keeps the speeds for
the README.
"""

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
import psutil
from portfolio_speed_table import keep

from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.envs.portfolio_evaluate import evaluate_days
from lobsim.envs.portfolio_rules import day_rules
from lobsim.envs.portfolio_settings import PortfolioSettings
from lobsim.envs.seeding import episode_seeds


def resident_mb() -> float:
    """Memory that this process holds, MB."""
    return psutil.Process().memory_info().rss / 1e6


def days_of(names: int, days: int, horizon_s: float, turn: int) -> dict:
    """Open and play `days` side by side with orders that follow the plan."""
    settings = PortfolioSettings(names=names, horizon_s=horizon_s,
                                 start_s=36_000.0 if horizon_s > 1560 else (34_500.0, 56_040.0))
    before_mb = resident_mb()
    core = PortfolioCore(days, settings)
    outcome, begun = core.fresh(), time.thread_time()
    core.open(range(days), episode_seeds(turn, 0, days), outcome)
    opened = time.thread_time()
    actions, steps = np.zeros((days, names)), 0
    while core.alive.any():
        core.step(actions)
        steps += 1
    ended, now_mb = time.thread_time(), resident_mb()
    return {"names": names, "turn": turn, "open_s_per_day": (opened - begun) / days,
            "play_s_per_day": (ended - opened) / days, "days_per_s": days / (ended - begun),
            "name_decisions_per_s": names * steps * days / (ended - begun),
            "process_mb": now_mb, "mb_per_day": (now_mb - before_mb) / days}


def speed(names: int, days: int, horizon_s: float, turns: int) -> list[dict]:
    """Days a second and memory, turn by turn; all is loaded before the first one."""
    days_of(names, 1, horizon_s, turns)
    return [days_of(names, days, horizon_s, turn) for turn in range(turns)]


def speeds(told) -> pd.DataFrame:
    """`speed` for all numbers of names, each in a process of its own, or memory would be shared."""
    rows = []
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        for names in told.names:
            rows += pool.submit(speed, names, told.days, told.horizon_s, told.turns).result()
    return pd.DataFrame(rows)


def main():
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("speed", "rules"))
    parser.add_argument("--names", type=int, nargs="+", default=[1, 10, 25, 50],
                        help="numbers of names; rules take the last one")
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--horizon-s", type=float, default=1560.0)
    parser.add_argument("--neutral", choices=("dollar", "cash"))
    parser.add_argument("--store", action="store_true", help="keep the speeds for the README")
    told = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 40)
    if told.what == "speed":
        load = os.getloadavg()[0]
        found = speeds(told)
        print(f"load {load:.1f}\n{found.round(4).to_string(index=False)}")
        if told.store:
            # of memory the most, of speed the best turn
            best = found.groupby("names").agg({"days_per_s": "max", "name_decisions_per_s": "max",
                                               "process_mb": "max", "mb_per_day": "max"})
            keep("names", {"load": load, "days": told.days, "turns": told.turns,
                           "minutes": told.horizon_s / 60,
                           "rows": best.round(3).reset_index().to_dict("records")})
        return
    found = evaluate_days(day_rules(), days=told.days, seed=told.seed, names=told.names[-1],
                          horizon_s=told.horizon_s, neutral=told.neutral, num_envs=4)
    print(found.table().round(3).T.to_string())
    print(found.by_urgency().round(3).to_string())


if __name__ == "__main__":
    main()
