"""Measures the statistics of drift and of A/B tests: false alarms, power, levels under daily looks.

Run one of::

    python tests/benchmarks/measure_drift.py --quick
    python tests/benchmarks/measure_drift.py alarms --runs 400
    python tests/benchmarks/measure_drift.py power --runs 100
    python tests/benchmarks/measure_drift.py dependence --runs 200
    python tests/benchmarks/measure_drift.py looks --runs 4000
    python tests/benchmarks/measure_drift.py bounded --runs 400

Drift: two columns, each a stationary AR(1), `--rows` rows on either side; the tests look at column
x (KS, PSI) or at both (MMD, classifier). Alarms are counted at p <= .05 without any adjustment.
Looks: `--per-day` orders of both arms together, on 60 days. In brackets: two standard errors.
`--out FILE.csv` keeps the tables.
"""

import argparse
import math
import sys
import time

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from scipy.special import kolmogorov

from lobsim.sim_to_real import (
    always_valid_p,
    best_tau,
    block_length,
    bounded_confidence_sequence,
    confidence_sequence,
    group_sequential_bounds,
    naive_p,
)
from lobsim.sim_to_real.blocks import Pool, blocks_of, exchange_length, p_value
from lobsim.sim_to_real.drift_statistics import KS, MMD, PSI, Classifier, Measures, psi_edges
from lobsim.sim_to_real.drift_statistics import unit_folds
from lobsim.sim_to_real.group_sequential import group_sequential_stops
from lobsim.sim_to_real.sequential import first_look

ALPHA, DAYS, LEAST = 0.05, 60, 30
DRAWS = 99  # the sixth largest of 100 is the 5 % point exactly
JOINT_ROWS = 800  # evenly spaced; MMD and classifier


def ar1(rng, rows: int, rho: float, correlation: float = 0.0) -> np.ndarray:
    """Two columns of variance 1 with the given autocorrelation and correlation."""
    noise = rng.normal(size=(rows + 1000, 2)) * math.sqrt(1 - rho**2)
    noise[:, 1] = correlation * noise[:, 0] + math.sqrt(1 - correlation**2) * noise[:, 1]
    return lfilter([1.0], [1.0, -rho], noise, axis=0)[1000:]


def outliers(rng, x: np.ndarray) -> np.ndarray:
    """One row in twenty of column x is drawn with five times the standard deviation."""
    found, hit = x.copy(), rng.random(len(x)) < 0.05
    found[hit, 0] = rng.normal(0, 5, hit.sum())
    return found


SHIFTS = {
    "mean + .25 sd": lambda rng, rows, rho: ar1(rng, rows, rho) + [0.25, 0],
    "mean + .5 sd": lambda rng, rows, rho: ar1(rng, rows, rho) + [0.5, 0],
    "mean + 1 sd": lambda rng, rows, rho: ar1(rng, rows, rho) + [1.0, 0],
    "scale x 1.25": lambda rng, rows, rho: ar1(rng, rows, rho) * [1.25, 1],
    "scale x 1.5": lambda rng, rows, rho: ar1(rng, rows, rho) * [1.5, 1],
    "correlation 0 to .6": lambda rng, rows, rho: ar1(rng, rows, rho, 0.6),
    "5 % outliers (5 sd)": lambda rng, rows, rho: outliers(rng, ar1(rng, rows, rho)),
}


def p_values(rng, sides: list[np.ndarray], *, rivals: bool = False) -> dict[str, float]:
    """p value of every test; `rivals` adds KS with the nulls that are worse."""
    x, n = np.concatenate(sides), len(sides[0])
    block = blocks_of(n, exchange_length(sides))
    pool = Pool(n, n, np.concatenate([block, block.max() + 1 + block]))
    few = np.linspace(0, 2 * n - 1, min(JOINT_ROWS, 2 * n)).astype(int)
    fold = unit_folds(pool.unit, 5, rng)
    tests = {"KS": KS(x[:, 0]), "PSI": PSI(x[:, 0], psi_edges(x[:, 0]), 0.5 / n)}
    joint = {"MMD": MMD(x[few]), "classifier": Classifier(x[few], fold[few])}

    def values(measures: Measures) -> dict[str, np.ndarray]:
        thin = Measures(*(m[:, few] / m[:, few].sum(axis=1, keepdims=True) for m in measures))
        return ({name: test(measures) for name, test in tests.items()}
                | {name: test(thin) for name, test in joint.items()})

    seen, drawn = values(pool.observed()), [values(m) for m in pool.permuted(DRAWS, rng)]
    found = {name: p_value(value[0], np.concatenate([one[name] for one in drawn]))
             for name, value in seen.items()}
    if rivals:
        found["KS, rows as independent"] = float(kolmogorov(seen["KS"][0] * math.sqrt(n / 2)))
        lengths = tuple(block_length(side[:, 0]).stationary for side in sides)
        null = [tests["KS"](m) for m in pool.bootstrapped(DRAWS, rng, lengths)]
        found["KS, stationary bootstrap"] = p_value(seen["KS"][0], np.concatenate(null))
        found["too little data"] = 0.0 if pool.least_p > ALPHA else 1.0
    return found


def counted(rows: list[dict], label: dict) -> dict:
    """Shares at or below 5 %, with two standard errors."""
    table = pd.DataFrame(rows) <= ALPHA
    error = 2 * np.sqrt(table.mean() * (1 - table.mean()) / len(table))
    told = {name: f"{100 * table[name].mean():.1f} ({100 * error[name]:.1f})" for name in table}
    return label | {"runs": len(rows)} | told


def alarms(options) -> pd.DataFrame:
    """False alarms in percent without drift."""
    rows = []
    for rho in options.rhos:
        rng = np.random.default_rng([options.seed, int(1000 * rho)])
        runs = [p_values(rng, [ar1(rng, options.rows, rho) for _ in range(2)], rivals=True)
                for _ in range(options.runs)]
        rows.append(counted(runs, {"rho": rho}))
        shown(rows[-1:], f"false alarms, % at {ALPHA:.0%}")
    return pd.DataFrame(rows)


def power(options) -> pd.DataFrame:
    """Drift found, in percent, by kind of drift."""
    rows = []
    for name, shift in SHIFTS.items():
        rng = np.random.default_rng([options.seed, 7])
        runs = [p_values(rng, [ar1(rng, options.rows, options.rho),
                               shift(rng, options.rows, options.rho)])
                for _ in range(options.runs)]
        rows.append(counted(runs, {"drift": name}))
        shown(rows[-1:], f"power, % at {ALPHA:.0%}, rho {options.rho:g}")
    return pd.DataFrame(rows)


def dependence(options) -> pd.DataFrame:
    """Alarms of KS in percent where only the memory differs: rho .5 in the reference, .9 live."""
    rows = []
    for longer in (1, 4):
        rng, runs = np.random.default_rng([options.seed, longer]), []
        for _ in range(options.runs):
            sides = [ar1(rng, longer * options.rows, 0.5), ar1(rng, options.rows, 0.9)]
            x, length = np.concatenate(sides)[:, 0], exchange_length(sides)
            block = [blocks_of(len(side), length) for side in sides]
            unit = np.concatenate([block[0], block[0].max() + 1 + block[1]])
            pool, test = Pool(len(sides[0]), len(sides[1]), unit), KS(x)
            seen = test(pool.observed())[0]
            lengths = tuple(block_length(side[:, 0]).stationary for side in sides)
            nulls = {"permutation": pool.permuted(DRAWS, rng),
                     "stationary bootstrap": pool.bootstrapped(DRAWS, rng, lengths)}
            runs.append({name: p_value(seen, np.concatenate([test(m) for m in null]))
                         for name, null in nulls.items()})
        rows.append(counted(runs, {"reference rows": longer * options.rows,
                                   "live rows": options.rows}))
    shown(rows, f"the same marginals, other memory: alarms of KS, % at {ALPHA:.0%}")
    return pd.DataFrame(rows)


def daily(rng, runs: int, per_day: int, effect: float, heavy: bool):
    """Effect to date and its error after each day, shape (runs, days)."""
    own = per_day // 2
    shape = (2, runs, DAYS, own)
    days = rng.standard_t(4, shape) / math.sqrt(2) if heavy else rng.normal(size=shape)
    days[1] += effect
    n = np.arange(1, DAYS + 1) * own
    mean = days.sum(axis=3).cumsum(axis=2) / n
    square = (days**2).sum(axis=3).cumsum(axis=2) / n
    variance = (square - mean**2) * n / (n - 1)
    return mean[1] - mean[0], np.sqrt((variance / n).sum(axis=0))


def looks(options) -> pd.DataFrame:
    """Levels, power, days needed and coverage of a test that is looked at on 60 days."""
    from_day = math.ceil(LEAST / (options.per_day // 2)) - 1
    last_error = math.sqrt(2 / (DAYS * (options.per_day // 2)))
    tau = best_tau(2 * last_error)  # tightest at a quarter of the information
    bounds = group_sequential_bounds(DAYS)[from_day:]
    rows = []
    for heavy in (False, True):
        for size in (0.0, 2.0, 3.0, 4.0, 6.0):
            effect = size * last_error
            rng = np.random.default_rng([options.seed, int(10 * size), heavy])
            parts = {name: [] for name in ("naive", "valid", "planned", "once")}
            missed = []
            for some in (options.runs // 4,) * 4:
                estimate, error = (v[:, from_day:] for v in daily(rng, some, options.per_day,
                                                                  effect, heavy))
                naive = naive_p(estimate, error) <= ALPHA
                parts["naive"].append(first_look(naive))
                parts["once"].append(naive[:, -1] * (DAYS - from_day))
                parts["valid"].append(first_look(always_valid_p(estimate, error, tau) <= ALPHA))
                parts["planned"].append(first_look(group_sequential_stops(estimate, error, bounds)))
                found = confidence_sequence(estimate, error, tau)
                missed.append(found.excludes(effect).any(axis=1))
            row = {"outcome": "t(4)" if heavy else "normal", "effect (last se)": size}
            for name, told in (("naive", "naive daily"), ("valid", "always valid"),
                               ("planned", "O'Brien-Fleming"), ("once", "one look")):
                first = np.concatenate(parts[name])
                row[f"{told} %"] = round(100 * float((first > 0).mean()), 1)
                if size and name in ("valid", "planned"):
                    day = np.where(first > 0, first + from_day, DAYS)
                    row[f"{told} days"] = round(float(day.mean()), 1)
            row["sequence covers %"] = round(100 * (1 - float(np.concatenate(missed).mean())), 1)
            rows.append(row)
    table = pd.DataFrame(rows)
    error = 200 * math.sqrt(ALPHA * (1 - ALPHA) / options.runs)
    shown(table, f"daily looks from day {from_day + 1} on; {options.runs} runs, a level of 5 % is "
                 f"known to {error:.1f}; days: mean with those that never stop as {DAYS}")
    return table


def bounded(options) -> pd.DataFrame:
    """Coverage over all looks, and width, of sequences for bounded outcomes."""
    laws = {"Bernoulli .1": lambda rng, n: (rng.random(n) < 0.1, 0.1),
            "uniform": lambda rng, n: (rng.random(n), 0.5),
            "beta(10, 30)": lambda rng, n: (rng.beta(10, 30, n), 0.25)}
    rows = []
    for name, law in laws.items():
        for kind in ("bernstein", "betting"):
            rng, missed, width = np.random.default_rng(options.seed), 0, []
            for _ in range(options.runs):
                values, mean = law(rng, 400)
                found = bounded_confidence_sequence(values, 0.0, 1.0, kind=kind, grid=200)
                missed += bool(found.excludes(mean).any())
                width.append((found.high - found.low)[[49, 399]])
            at = np.mean(width, axis=0)
            rows.append({"outcome": name, "kind": kind,
                         "covers %": round(100 * (1 - missed / options.runs), 1),
                         "width at 50": round(at[0], 3), "width at 400": round(at[1], 3)})
    table = pd.DataFrame(rows)
    shown(table, f"bounded outcomes, 400 values, {options.runs} runs")
    return table


def shown(table, title: str) -> None:
    print(f"\n{title}\n{pd.DataFrame(table).to_string(index=False)}", flush=True)


PARTS = {"alarms": (alarms, 400), "power": (power, 100), "dependence": (dependence, 200),
         "looks": (looks, 4000), "bounded": (bounded, 400)}


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default all")
    parser.add_argument("--runs", type=int, help="of each part; default 400, 100, 200, 4000, 400")
    parser.add_argument("--rows", type=int, default=2000, help="of either side")
    parser.add_argument("--rho", type=float, default=0.9, help="of the power table")
    parser.add_argument("--rhos", type=float, nargs="+", default=[0.0, 0.5, 0.9, 0.99])
    parser.add_argument("--per-day", type=int, default=60, help="orders of both arms, even")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the runs")
    parser.add_argument("--out", help="FILE.csv for the tables")
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {unknown.pop()!r}; there are {', '.join(PARTS)}")
    runs, found = options.runs, []
    for name in options.parts or PARTS:
        part, usual = PARTS[name]
        options.runs = runs or (usual // 20 if options.quick else usual)
        started = time.process_time()
        found.append(part(options).assign(part=name))
        print(f"{name}: {time.process_time() - started:.0f} s of processor time", flush=True)
    if options.out:
        pd.concat(found, ignore_index=True).to_csv(options.out, index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
