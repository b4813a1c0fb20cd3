"""Measures whether a policy adapts that was trained where liquidity is shocked nearly always.

Run ``python tests/benchmarks/measure_shock_training.py --store``.

Two reasons for a policy not to adapt are ruled out or found: that it does not see a shock, and
that it meets too few. For the first, how well single columns of a view tell a shocked minute from
the same minute of the same day without (area under the curve, pooled over names; 0.5 tells
nothing). For the second, PPO is trained as the shipped agents are, but on days on which nearly
every name has a drought or a widening, each larger than usual (`SHOCKED`); validated on such days,
too. Then its decisions, pace and costs are measured on unseen shocks (`lobsim.agents.adaptation`)
beside the rules that wait, and its costs on ordinary days.

A minute or two of one core a training. Tables go to stdout; ``--store`` keeps what they say
beside the measurement of `measure_shock_worth`. Intervals are 95 %, over days and trainings.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measure_shock_worth import keep

from lobsim.agents import compare, find_case, train
from lobsim.agents.adaptation import (
    HEAVY,
    SHOCK_MIN,
    SHOCKS,
    START_S,
    STORED_WORTH,
    ShockedUniverse,
    adaptation,
    by_phase,
)
from lobsim.agents.cases_portfolio import WITHIN
from lobsim.agents.desk_rules import DESK, LinearPace
from lobsim.agents.seeds import test_seed
from lobsim.analytics import auc
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.envs.portfolio_names import ROW_OBSERVED, rows_of
from lobsim.envs.portfolio_settings import PortfolioSettings
from lobsim.envs.seeding import episode_seeds
from lobsim.market.trading_days import DayRates, Universe

BLOCK = 10
"""Of test seeds: one that nothing else of the case has used."""
SHOCKED = DayRates(widenings_per_day=10.0, widening_minutes=(8.0, 26.0),
                   widening_ticks=(1.0, 4.0), droughts_per_day=8.0)
"""In a window of 26 minutes most names have one of each; by default one name in five has any."""
FIRST_SEED = 100
"""Of the trainings: not those of the shipped agents."""
SEEN = ("spread", "spread_bps", "volume", "own_depth", "cover")
SCHOOLED = "PPO of shocked days"
WAITS, WITHIN_SPREAD = "patient", "patient in the spread"


def views(shock: str | None, days: int) -> np.ndarray:
    """What names at work show while a shock lasts, shape (minutes, days, names, columns)."""
    first, last = SHOCK_MIN
    universe = ShockedUniverse(Universe(), shock, START_S + 60.0 * first, last - first)
    core = PortfolioCore(days, PortfolioSettings(universe=universe, names=12, start_s=START_S,
                                                 **DESK))
    outcome, kept, rule = core.fresh(), [], LinearPace()
    core.open(range(days), episode_seeds(test_seed(BLOCK), 0, days), outcome)
    for minute in range(last):
        if minute > first + 1:  # the first view that is of the shock alone
            rows = rows_of(outcome.seen, pl.NAME_COLUMNS, len(pl.BOOK_OBSERVED))
            kept.append(rows.reshape(days, 12, -1))
        outcome = core.step(rule(outcome.seen))
    return np.array(kept)


def told_by_views(days: int) -> list[dict]:
    """How well single columns tell a shock."""
    plain, rows = views(None, days), []
    for shock in (*SHOCKS, *HEAVY):
        shocked = views(shock, days)
        for name in SEEN:
            with_it, without = (one[..., ROW_OBSERVED.index(name)][one[..., pl.P_SIDE] != 0]
                                for one in (shocked, plain))
            rows.append({"shock": shock, "column": name, "auc": round(auc(with_it, without), 3)})
    return rows


def measure(seeds: int, days: int, steps: int, out: Path | None) -> dict:
    """What is stored."""
    begun = time.process_time()
    seen = told_by_views(days)
    print(pd.DataFrame(seen).pivot(index="column", columns="shock", values="auc"), flush=True)
    case = find_case("portfolio").with_settings(universe=Universe(rates=SHOCKED))
    agents = []
    for seed in range(seeds):
        agents.append(train(case, "ppo", FIRST_SEED + seed, steps=steps, validations=1,
                            out=out and out / f"{FIRST_SEED + seed}"))
        scores = [round(one["score"], 2) for one in agents[-1].record["validation"]]
        print(f"training {seed}: {scores}, {time.process_time() - begun:.0f} s", flush=True)
    policies = {WAITS: LinearPace(), WITHIN_SPREAD: WITHIN, SCHOOLED: agents}
    table = adaptation(policies, shocks=(*SHOCKS, *HEAVY), days=days, seed=test_seed(BLOCK))
    rows = []
    for column, rival in [*((name, WAITS) for name in ("shift", "price", "pace", "client_bps")),
                          ("client_bps", WITHIN_SPREAD)]:
        found = by_phase(table, column, rival).assign(column=column, rival=rival)
        rows += found[found["phase"] == "during"].to_dict("records")
    ordinary = compare("portfolio", {SCHOOLED: agents}, seeds=2 * days, blocks=1,
                       first_block=BLOCK + 1, benchmarks={WAITS: LinearPace(),
                                                          WITHIN_SPREAD: WITHIN})
    known = [ordinary.difference(SCHOOLED, other) for other in (WAITS, WITHIN_SPREAD)]
    return {"seeds": seeds, "days": days, "steps": agents[0].record["trained_steps"],
            "block": BLOCK, "ordinary_days": 2 * days, "rates": _rates(),
            "validation": [[round(one["score"], 4) for one in agent.record["validation"]]
                           for agent in agents],
            "cpu_s": round(time.process_time() - begun, 1), "seen": seen,
            "beside": [_short(row) for row in rows], "ordinary": [_short(row) for row in known]}


def _rates() -> dict:
    usual = DayRates()
    return {name: value for name, value in vars(SHOCKED).items() if value != getattr(usual, name)}


def _short(row: dict) -> dict:
    return {name: round(value, 4) if isinstance(value, float) else value
            for name, value in row.items()}


def main():
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--steps", type=int, default=99_840, help="of a training")
    parser.add_argument("--out", type=Path, help="a folder for the agents")
    parser.add_argument("--store", action="store_true", help=f"write {STORED_WORTH.name}")
    options = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 40)
    told = measure(options.seeds, options.days, options.steps, options.out)
    print(f"\n{pd.DataFrame(told['beside']).to_string(index=False)}\n"
          f"{pd.DataFrame(told['ordinary']).to_string(index=False)}\n{told['cpu_s']:.0f} s")
    if options.store:
        keep({"training": told})


if __name__ == "__main__":
    main()
