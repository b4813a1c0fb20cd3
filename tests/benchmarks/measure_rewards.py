"""Measures what rewards teach: terms of a family of rules, and a table of Q-learning, on SPY.

Run one of::

    python tests/benchmarks/measure_rewards.py rules --episodes 300 --out rules_episodes.csv
    python tests/benchmarks/measure_rewards.py table --logged 2000 --episodes 600 --out FILE.csv

`rules` keeps the terms of every episode; `table` learns twice from `--logged` random episodes of a
market that does not react to own trades (blind, and with the imbalance), and plays both tables and
three rules in that market and in one that does react, on unseen seeds. `promised` is the value of
the whole order in the table, with the imbalance the mean over its buckets.
"""

import argparse

import numpy as np
import pandas as pd

from lobsim import profiles
from lobsim.envs.evaluate import evaluate
from lobsim.envs.sliced import (
    SLICE_ACTIONS,
    BandRule,
    SliceRule,
    band_family,
    episode_terms,
    explore_slices,
    leftover_costs,
)
from lobsim.market.parts import Impact

SPY = profiles["SPY"]
MARKETS = {"still": SPY.without(Impact), "reacting": SPY}
ORDER = {"side": "sell", "horizon_s": 600.0, "schedule": "twap"}
KEPT = ["execution", "impact", "exogenous", "fees", "leftover", "tracking", "risk", "news",
        "shortfall", "completion"]
UNITS, INTERVAL_S, QUANTITY = 10, 30.0, 10_000


def rules(options) -> pd.DataFrame:
    """Terms of every rule of the family in every episode."""
    family = band_family(60, 10)
    table = episode_terms(family, episodes=options.episodes, seed=options.seed, interval_s=10.0,
                          quantity=20_000, profile=SPY, **ORDER)
    mean = table.groupby("rule", sort=False)[KEPT].mean()
    print(mean.round(3).to_string())
    table["seed"] = table.groupby("rule").cumcount()
    return table[["rule", "seed", *KEPT]].round(4)


def learned(log: pd.DataFrame, leftover: np.ndarray, steps: int, with_imbalance: bool):
    """Values of all actions, shape (steps, units + 1, 3 or 1, actions), by backward induction."""
    buckets, count = (3 if with_imbalance else 1), len(SLICE_ACTIONS)
    now, later = ((log[name].to_numpy() if with_imbalance else np.zeros(len(log), int))
                  for name in ("seen", "next_seen"))
    cell = (log["left"].to_numpy() * buckets + now) * count + log["action"].to_numpy()
    shape = (len(leftover), buckets, count)
    visits = np.bincount(cell, minlength=np.prod(shape))
    low = np.floor(log["next_left"].to_numpy()).astype(int)
    high = np.minimum(low + 1, len(leftover) - 1)
    weight = log["next_left"].to_numpy() - low
    value, tables = np.repeat(leftover[:, None], buckets, axis=1), []
    for _ in range(steps):
        after = (1 - weight) * value[low, later] + weight * value[high, later]
        total = np.bincount(cell, log["cost"].to_numpy() + after, minlength=len(visits))
        q = np.where(visits > 0, total / np.maximum(visits, 1), np.inf).reshape(shape)
        value = q.min(axis=2)
        value[0] = 0.0
        tables.append(q)
    return np.array(tables[::-1])


def table(options) -> pd.DataFrame:
    """Tables and rules in both markets; prints what each table promised."""
    order = ORDER | {"quantity": QUANTITY, "interval_s": INTERVAL_S}
    steps = round(ORDER["horizon_s"] / INTERVAL_S)
    log = explore_slices(episodes=options.logged, units=UNITS, seed=1, profile=MARKETS["still"],
                         **order)
    part = {"quantity": QUANTITY, "interval_s": INTERVAL_S, "side": "sell",
            "profile": MARKETS["still"]}
    leftover = leftover_costs(units=UNITS, episodes=64, seed=1, **part)
    policies, promised = {}, {}
    for name, with_imbalance in (("table", False), ("table, imbalance", True)):
        values = learned(log, leftover, steps, with_imbalance)
        promised[name] = values[0, UNITS].min(axis=1).mean()
        print(f"{name}: promised {promised[name]:.3f} bps, {len(log)} steps")
        best = values.argmin(axis=3)
        policies[name] = SliceRule(best if with_imbalance else best[:, :, 0])
    begun, due = np.arange(steps) / steps, (np.arange(steps) + 1) / steps
    last = np.zeros(steps)
    last[-1] = 1.0
    policies |= {"passive TWAP": BandRule(begun, due), "TWAP": BandRule(due, due),
                 "submit and leave": BandRule(last, np.ones(steps))}
    runs = []
    for market, profile in MARKETS.items():
        found = evaluate(policies, episodes=options.episodes, seed=options.seed,
                         reference="passive TWAP", profile=profile, **order)
        print(market, found.table().round(3).to_string(), sep="\n")
        own = found.episodes.assign(market=market)
        own["promised"] = own["policy"].map(promised)
        own["seed"] = own.groupby("policy").cumcount()
        runs.append(own)
    kept = ["market", "policy", "seed", "shortfall_bps", "controlled_bps", "completion",
            "maker_share", "promised"]
    return pd.concat(runs)[kept].round(4)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("rules", "table"))
    parser.add_argument("--episodes", type=int, default=300)
    parser.add_argument("--logged", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--out")
    options = parser.parse_args()
    runs = {"rules": rules, "table": table}[options.what](options)
    if options.out:
        runs.to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
