"""Measures how policies answer to shocks of liquidity.

Run ``python tests/benchmarks/measure_adaptation.py --store``.

Days of unseen seeds with a drought, a widening or a rush in all names, beside the same days
without (`lobsim.agents.adaptation`). Tables go to stdout; ``--store`` keeps what they say where
`lobsim.agents.adaptation.measured_adaptation` reads it, and ``--out`` the means minute by minute.
Intervals are 95 %, over days, and over trainings where agents are. About a fifth of a second of one
core for each policy, day and shock.
"""

import argparse
import json
import time
from pathlib import Path

import pandas as pd

from lobsim.agents import AgentError, shipped
from lobsim.agents.adaptation import SHOCKS, STORED, adaptation, by_phase
from lobsim.agents.cases_portfolio import TUNED
from lobsim.agents.desk_rules import LinearPace
from lobsim.agents.seeds import test_seed
from lobsim.envs.portfolio_rules import day_rules

BLOCK = 8
"""Of test seeds: one that no comparison of the case has used."""
RULES = ("passive", "TWAP", "VWAP", "POV", "Almgren-Chriss")
AGENTS = "PPO"
COLUMNS = ("pace", "taken", "shift", "price", "client_bps")
DIGITS = 4


def policies(agents: int) -> dict:
    """The schedules, the rules that wait, and so many shipped agents as one policy."""
    rules = day_rules()
    found = {name: rules[name] for name in RULES}
    found |= {"patient": LinearPace(), "linear, tuned": TUNED}
    try:
        found[AGENTS] = shipped("portfolio", "ppo")[:agents]
    except AgentError:
        pass
    return found


def rows_of(table: pd.DataFrame, column: str, rival: str | None = None) -> list[dict]:
    """What `by_phase` says of a column, for JSON: rows that say something, few digits."""
    found = by_phase(table, column, rival).dropna(subset="difference")
    if column == "client_bps":  # of whole days
        found = found[found["phase"] == "during"]
    if rival is not None:
        found = found[found["policy"] == AGENTS].assign(rival=rival)
    return [{"column": column} | {name: round(value, DIGITS) if isinstance(value, float) else value
                                  for name, value in row.items()}
            for row in found.to_dict("records")]


def measure(days: int, agents: int) -> tuple[dict, pd.DataFrame]:
    """What is stored, and the means minute by minute."""
    begun = time.process_time()
    table = adaptation(policies(agents), days=days, seed=test_seed(BLOCK), shocks=tuple(SHOCKS))
    told = {"settings": {"days": days, "agents": agents, "block": BLOCK},
            "cpu_s": round(time.process_time() - begun, 1),
            "rows": [row for column in COLUMNS for row in rows_of(table, column)], "beside": []}
    names = list(table["policy"].unique())
    if AGENTS in names:
        told["beside"] = [row for column in ("pace", "taken", "client_bps") for rival in names
                          if rival != AGENTS for row in rows_of(table, column, rival)]
        # schedules have no such actions, and the rule that waits never changes its mind
        told["beside"] += [row for column in ("shift", "price") for rival in ("patient",
                           "linear, tuned") for row in rows_of(table, column, rival)]
    keys = ["policy", "shock", "minute", "phase"]
    means = table.groupby(keys, sort=False)[["pace", "taken", "shift", "price"]].mean()
    return told, means.round(DIGITS).reset_index()


def main():
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--agents", type=int, default=5)
    parser.add_argument("--store", action="store_true", help=f"write {STORED.name}")
    parser.add_argument("--out", type=Path, help="a .csv with the means minute by minute")
    options = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 40, "display.max_rows", 500)
    told, minutes = measure(options.days, options.agents)
    for part in ("rows", "beside"):
        for column, rows in pd.DataFrame(told[part]).groupby("column", sort=False):
            print(f"\n{part}: {column}\n{rows.drop(columns='column').to_string(index=False)}")
    print(f"\n{told['cpu_s']:.0f} s of processor time")
    if options.store:
        STORED.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if options.out:
        minutes.to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
