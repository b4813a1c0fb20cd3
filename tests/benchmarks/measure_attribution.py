"""Measures attribution: does it name the one gap that was planted, and none where there is none?

Run one of::

    python tests/benchmarks/measure_attribution.py --kept days.csv --store   # plays, then judges
    python tests/benchmarks/measure_attribution.py --kept days.csv --no-play  # what is there

A desk works 13,000 shares of MIDCAP in ten minutes, at random a buyer or a seller, resting at the
best and crossing when late. In each of `--seeds` runs one gap is planted, of a size between 0.75
and 1.5 as `hidden_gaps` draws them (the throttle of three times that: this desk sends two or three
requests at a time, and a throttle that never stops it cannot be seen in anything), and `--days`
live days are played. Three judges look at the same days:

* paired: the simulator plays the seeds of the live days;
* unseeded: it does not know them; since luck needs more days, `--pool` days of one gap, of several
  runs, are judged together (of days without a gap each run is judged by itself as well);
* by cost alone: the gap whose known effect on the cost at size 1 is nearest to the paired gap in
  cost. It is the judge that most people are.

The first two rank by evidence. "first": the planted gap is ranked first; "alone": and nothing else
is found. `--kept` keeps the measurements of every day, so that a run can be interrupted;
`--store` writes the table that `lobsim.sim_to_real.measured_attribution` reads.
"""

import argparse
import csv
import json
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.sim_to_real import GAPS, Gap, Laboratory, attribute, learn_responses
from lobsim.sim_to_real.attribution import FOUND
from lobsim.sim_to_real.stored_attribution import ATTRIBUTION
from lobsim.sim_to_real.day_measures import MEASURES
from lobsim.sim_to_real.laboratory import COST

SETTINGS = ExecutionSettings(profile="MIDCAP", quantity=13_000, horizon_s=600, interval_s=10,
                             side="random", guard_s=60, ahead_s=60, offsets=(-1, 0, 1),
                             sizes=(1.0,))
LEARN, BASE, LIVE = range(1000, 1010), range(2000, 2060), 3000
SIZES = (1.0, 2.0)
NONE = "none"
COLUMNS = ("gap", "size", "seed", *MEASURES, COST)


def desk(seen):
    """Rests at the best, crosses when late."""
    return [5] if seen[0, 2] > 0.1 else [3]


class Stored(Laboratory):
    """A laboratory that writes the measurements of each day to a file as soon as it has them."""

    def __init__(self, path: Path):
        super().__init__(SETTINGS, desk, LEARN)
        self.path, self.rows = path, {}
        if path.exists():
            for row in pd.read_csv(path).itertuples(index=False):
                self.rows[row.gap, round(row.size, 4), row.seed] = row[3:]
        else:
            path.write_text(",".join(COLUMNS) + "\n")

    def has(self, gap: str, size: float, seed: int) -> bool:
        return (gap, round(size, 4), seed) in self.rows

    def measured(self, gaps=(), seeds=None):
        gap, = gaps or (Gap("fees", 0.0),)
        name, size = (gap.name, gap.size) if gap.size else (NONE, 0.0)
        found = []
        for seed in self.seeds if seeds is None else seeds:
            key = name, round(size, 4), seed
            if key not in self.rows:
                record, = self.play([gap], [seed], label="live")
                row = self.measure(record)
                self.rows[key] = tuple(row.values())
                with open(self.path, "a", newline="") as file:
                    csv.writer(file).writerow([*key, *(repr(float(x)) for x in row.values())])
            found.append(self.rows[key])
        return pd.DataFrame(found, columns=[*MEASURES, COST], dtype=float)


def planted(gap: str, run: int) -> float:
    """Size of the gap planted in a run."""
    if gap == NONE:
        return 0.0
    size = np.random.default_rng([run, GAPS.index(gap)]).uniform(0.75, 1.5)
    return round(float(size) * (3 if gap == "throttle" else 1), 2)


def seeds_of(run: int, days: int) -> list[int]:
    return [LIVE + days * run + day for day in range(days)]


def play(store: Stored, options) -> None:
    """The days of all runs, run by run, so that what is there can be judged at any time."""
    for run in range(options.seeds):
        started = time.process_time()
        for gap in (NONE, *options.gaps):
            planted_gap = [] if gap == NONE else [Gap(gap, planted(gap, run))]
            store.measured(planted_gap, seeds_of(run, options.days))
        print(f"run {run}: {time.process_time() - started:.0f} s of processor time", flush=True)


def is_played(store: Stored, gap: str, run: int, days: int) -> bool:
    return all(store.has(name, size, seed) for seed in seeds_of(run, days)
               for name, size in ((NONE, 0.0), (gap, planted(gap, run))))


def live_days(store: Stored, gap: str, run: int, days: int) -> pd.DataFrame:
    some = [] if gap == NONE else [Gap(gap, planted(gap, run))]
    return store.measured(some, seeds_of(run, days))


def judged(found, gap: str) -> tuple[bool, bool, float, list[str]]:
    """Whether the gap was ranked first; and alone; its size (NaN); all else that was found."""
    named = found.table[found.table["verdict"] == FOUND]
    others = [name for name in named["cause"] if name != gap]
    if gap == NONE:
        return not others, not others, np.nan, others
    first = bool(len(named)) and named["cause"].iloc[0] == gap
    return first, first and not others, float(named["size"].iloc[0]) if first else np.nan, others


def counted(names) -> str:
    return ", ".join(f"{name} {n}" for name, n in Counter(names).most_common(3))


def by_cost(responses, effect: float) -> str:
    """The gap whose mean effect on cost at size 1 is nearest."""
    return min(responses.by_gap, key=lambda gap: abs(responses.by_gap[gap].cost[0].mean() - effect))


def tell(store: Stored, responses, options) -> pd.DataFrame:
    """A row a gap: how often each judge names it."""
    rows = []
    for gap in (NONE, *options.gaps):
        runs = [run for run in range(options.seeds) if is_played(store, gap, run, options.days)]
        if not runs:
            continue
        paired, cost, sizes, wrong = [], [], [], []
        for run in runs:
            live, seeds = live_days(store, gap, run, options.days), seeds_of(run, options.days)
            first, alone, size, others = judged(attribute(live, store, responses, seeds=seeds,
                                                          rerun=False), gap)
            paired.append((first, alone))
            wrong += others
            sizes.append(size / planted(gap, run) if gap != NONE else np.nan)
            effect = float((live[COST] - store.measured((), seeds)[COST]).mean())
            cost.append(by_cost(responses, effect) == gap)
        table = pd.concat([live_days(store, gap, run, options.days) for run in runs])
        months = [table.iloc[k:k + options.pool]
                  for k in range(0, len(table) - options.pool + 1, options.pool)]
        unseeded = [judged(attribute(month, store, responses, rerun=False), gap)
                    for month in months]
        row = {"gap": gap, "runs": len(runs), "first": sum(one[0] for one in paired),
               "alone": sum(one[1] for one in paired),
               "size_ratio": round(float(np.nanmedian(sizes)), 2) if np.isfinite(
                   sizes).any() else None,
               "by_cost": sum(cost) if gap != NONE else None,
               "months": len(months), "first_unseeded": sum(one[0] for one in unseeded),
               "alone_unseeded": sum(one[1] for one in unseeded),
               "else_found": counted(wrong + [f"({one})" for month in unseeded
                                              for one in month[3]])}
        if gap != NONE:
            effect = responses.by_gap[gap].cost[0]
            error = effect.std(ddof=1) / len(effect) ** 0.5
            found = attribute(live_days(store, NONE, 0, options.days), store, responses,
                              rerun=False).table.set_index("cause").loc[gap]
            row |= {"cost_bps": round(float(effect.mean()), 3), "cost_error_bps": round(error, 3),
                    "seen_in": found["seen_in"]}
        rows.append(row)
        print(".", end="", file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kept", required=True, help="FILE.csv for the measurements of days")
    parser.add_argument("--store", action="store_true", help=f"write {ATTRIBUTION.name}")
    parser.add_argument("--seeds", type=int, default=20, help="runs of each gap")
    parser.add_argument("--days", type=int, default=3, help="live days of a run")
    parser.add_argument("--pool", type=int, default=20, help="days judged without their seeds")
    parser.add_argument("--gaps", nargs="+", default=list(GAPS), choices=GAPS,
                        help="to plant; all are looked for")
    parser.add_argument("--no-play", action="store_true", help="judge what the store holds")
    options = parser.parse_args(arguments)
    store = Stored(Path(options.kept))
    started = time.process_time()
    responses = learn_responses(store, sizes=SIZES, base_seeds=BASE)
    print(f"{len(LEARN)} days a switch and size, {len(BASE)} without: "
          f"{time.process_time() - started:.0f} s of processor time", flush=True)
    if not options.no_play:
        play(store, options)
    table = tell(store, responses, options)
    runs = [run for run in range(options.seeds) if is_played(store, NONE, run, options.days)]
    clean = sum(judged(attribute(live_days(store, NONE, run, options.days), store, responses,
                                 rerun=False), NONE)[0] for run in runs)
    print(f"no gap, {options.days} days without their seeds: nothing blamed in {clean} of "
          f"{len(runs)} runs")
    print("else found: in brackets without seeds")
    print(table.to_string(index=False))
    if options.store:
        rows = json.loads(table.to_json(orient="records"))
        about = {"live_days": options.days, "days_unseeded": options.pool,
                 "clean_unseeded": clean, "runs_unseeded": len(runs)}
        ATTRIBUTION.write_text(json.dumps(about | {"rows": rows}, indent=1) + "\n",
                               encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
