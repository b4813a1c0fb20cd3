"""Measures how policies answer to shocks of liquidity.

Run ``python tests/benchmarks/measure_adaptation.py``.

Days of unseen seeds with a drought, a widening or a rush in all names, beside the same days
without (`lobsim.agents.adaptation`). The table goes to stdout; ``--out`` keeps it for lesson 10,
minute by minute. About a fifth of a second of one core for each policy, day and shock.
"""

import argparse
from pathlib import Path

import pandas as pd

from lobsim.agents import AgentError, shipped
from lobsim.agents.adaptation import SHOCKS, adaptation, by_phase
from lobsim.agents.desk_rules import LinearPace
from lobsim.agents.seeds import test_seed
from lobsim.envs.portfolio_rules import day_rules

BLOCK = 8
"""Of test seeds: one that no comparison of the case has used."""
RULES = ("passive", "TWAP", "VWAP", "POV", "Almgren-Chriss")


def policies(agents: int) -> dict:
    """The schedules, the rule that waits, and so many shipped agents."""
    rules = day_rules()
    found = {name: rules[name] for name in RULES} | {"patient": LinearPace()}
    try:
        found |= {f"PPO {agent.record['seed']}": agent
                  for agent in shipped("portfolio", "ppo")[:agents]}
    except AgentError:
        pass
    return found


def pooled(table: pd.DataFrame) -> pd.DataFrame:
    """The same with all agents as one policy: means over them, day by day."""
    named = table.assign(policy=table["policy"].str.replace(r"^PPO \d+$", "PPO", regex=True))
    keys = ["policy", "shock", "seed", "minute", "phase"]
    return named.groupby(keys, sort=False, as_index=False).mean()


def main():
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--agents", type=int, default=5)
    parser.add_argument("--out", type=Path, help="a .csv with the means minute by minute")
    told = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 40, "display.max_rows", 500)
    table = pooled(adaptation(policies(told.agents), days=told.days, seed=test_seed(BLOCK),
                              shocks=tuple(SHOCKS)))
    for column in ("pace", "taken", "shift", "price", "client_bps"):
        found = by_phase(table, column)
        if column == "client_bps":  # of whole days
            found = found[found["phase"] == "during"].drop(columns="phase")
        print(f"\n{column}\n{found.dropna(subset='quiet').round(3).to_string(index=False)}")
    if told.out:
        keys = ["policy", "shock", "minute", "phase"]
        means = table.groupby(keys, sort=False)[["pace", "taken", "shift", "price"]].mean()
        means.round(4).reset_index().to_csv(told.out, index=False)


if __name__ == "__main__":
    main()
