"""Measures what strategies give away on portfolio days: cost, risk, leakage, and a predator's take.

Run one of::

    python tests/benchmarks/measure_portfolio_leakage.py --quick
    python tests/benchmarks/measure_portfolio_leakage.py --store

For each strategy and size of the blocks (a share of the volume that is expected until a deadline) a
detector of its own is fitted to the public tapes of training days and judged on others; half of the
name-days have nobody at work. At the middle size predators trade on that detector, on the test
days, in the names whose ordinary spread is at most `--most-spread`. Schedules are learned before,
on days of their own: the numbers of `DiscreetDay` with the least cost, aversion and `LAMBDAS` bps
for each unit of AUC. The first agent of case "portfolio" that comes with the library is one more
strategy, beside the rule that acts as it did before it had learned anything ("patient").

Tables go to stdout; `--store` keeps them where `lobsim.agents.leak_surface` reads them. Intervals
are 95 %, over days.
"""

import argparse
import json
import time

import numpy as np
import pandas as pd

from lobsim.agents import shipped
from lobsim.agents.agent import AgentError
from lobsim.agents.desk_rules import LinearPace
from lobsim.agents.leak_surface import CLASSES, STORED
from lobsim.analytics import paired_difference
from lobsim.envs.clients import ClientBook
from lobsim.envs.portfolio_discreet import DiscreetDay, discreet_rules
from lobsim.envs.portfolio_leakage import (
    NobodyDay,
    fitted,
    hunted_days,
    leakage_of,
    quiet,
    settings_for,
    watched_days,
)
from lobsim.envs.portfolio_rules import POVDay, day_rules
from lobsim.envs.portfolio_watched import sized_predator
from lobsim.envs.seeding import episode_seeds

LAMBDAS = (0.0, 20.0, 100.0)
"""What a unit of AUC weighs in the search for schedules, bps of a block."""
BOX = {"tilt": (1.0, 3.0), "pause": (0.0, 0.7), "roughness": (0.0, 1.5), "cross": (0.0, 1.0),
       "catch_up": (0.1, 1.0), "choosy": (0.0, 1.0)}
CAP = 0.5


def world(options, share: float) -> dict:
    """Settings of the days: blocks of one size, and caps that leave room for all of it."""
    book = ClientBook(volume_share=(share, share), caps=(CAP, CAP))
    # five minutes before the close are left, in which predators give up their positions
    return dict(names=options.names, clients=book, start_s=(34_500.0, 55_740.0))


def strategies(share: float, learned: dict) -> dict:
    """Name to policy; TWAP first, with which all are compared."""
    rules = {name: rule for name, rule in day_rules().items() if name != "TWAP"}
    found = {"TWAP": day_rules()["TWAP"], **rules, "POV": POVDay(share / (1.0 + share)),
             **discreet_rules(), **learned, "patient": LinearPace()}
    try:
        found["PPO"] = shipped("portfolio", "ppo")[0]
    except AgentError:
        pass
    return found


class Null:
    """Name-days without clients, the same for all strategies of one size of blocks."""

    def __init__(self, settings: dict, seeds):
        self.blocks, self.tapes = watched_days(NobodyDay(), quiet(**settings), seeds, audit=False)

    def of(self, seeds) -> list:
        """Those of some days."""
        return [self.tapes[k] for k in np.flatnonzero(self.blocks["seed"].isin(seeds))]

    def prey(self, most_bps: float) -> tuple[str, ...]:
        """Names with a mean spread of at most so much."""
        spread = pd.Series([one.features["spread_bps"].mean() for one in self.tapes])
        mean = spread.groupby(self.blocks["name"]).mean()
        return tuple(mean.index[mean <= most_bps])


def cost_of(blocks: pd.DataFrame) -> pd.Series:
    """Shortfall less the news that nobody could foresee, bps of each block."""
    return blocks["shortfall_bps"] - blocks["news_bps"]


def learn(options, settings: dict, null: Null, seeds) -> tuple[dict, list]:
    """The best of random numbers for each weight of leakage, and all that were tried."""
    rng = np.random.default_rng(options.seed)
    tried = [rule.numbers for rule in (DiscreetDay(), DiscreetDay(cross=1.0),
                                       *discreet_rules().values())]
    while len(tried) < options.candidates:
        tried.append({name: round(float(rng.uniform(*ends)), 2) for name, ends in BOX.items()})
    rows = []
    for numbers in tried[:options.candidates]:
        rule = DiscreetDay(**numbers)
        blocks, tapes = watched_days(rule, settings_for(rule, **settings), seeds)
        area = cross_fitted(blocks, tapes, null.of(seeds))
        total = float((cost_of(blocks) + blocks["aversion_bps"]).mean())
        rows.append(numbers | {"total_bps": total, "auc": area})
    table = pd.DataFrame(rows)
    print(f"candidates, {len(seeds)} days each\n{table.round(2).to_string()}", flush=True)
    best = {weight: tried[int((table["total_bps"] + weight * table["auc"]).argmin())]
            for weight in LAMBDAS}
    return best, rows


def by_name(best: dict) -> dict:
    """A strategy for each schedule that is best for some weights, named by them."""
    weights: dict[tuple, list] = {}
    for weight, numbers in best.items():
        weights.setdefault(tuple(numbers.items()), []).append(f"{weight:g}")
    return {f"learned, {', '.join(some)}": DiscreetDay(**dict(numbers))
            for numbers, some in weights.items()}


def cross_fitted(blocks, tapes, null) -> float:
    """Mean AUC on either half of the days, of a detector that is fitted to the other."""
    odd = (pd.factorize(blocks["seed"])[0] % 2).astype(bool)
    found = []
    for test in (odd, ~odd):
        taught, asked = np.flatnonzero(~test), np.flatnonzero(test)
        detector, _ = fitted([tapes[k] for k in taught], [null[k] for k in taught])
        found.append(leakage_of(detector, [tapes[k] for k in asked], [null[k] for k in asked],
                                blocks["seed"].to_numpy()[asked])["auc"])
    return float(np.mean(found))


def gap(a: pd.Series, b: pd.Series, days: pd.Series, prefix: str) -> dict:
    """Mean difference of blocks with its interval, by pairs of days."""
    by_day = (a - b).groupby(days).mean()
    found = paired_difference(by_day.to_numpy(), np.zeros(len(by_day)))
    return {f"{prefix}_bps": found.mean, f"{prefix}_low": found.ci_low,
            f"{prefix}_high": found.ci_high}


def rows_of(blocks, hunted, twap, detector, tapes, null) -> list[dict]:
    """What is told of one strategy: for all blocks and for each class of urgency."""
    found = []
    for urgency in CLASSES:
        of = np.flatnonzero((blocks["urgency"] == urgency) | (urgency == "all"))
        some = blocks.iloc[of]
        leak = leakage_of(detector, [tapes[k] for k in of], [null[k] for k in of], some["seed"])
        row = {"urgency": urgency, "blocks": len(of), "days": some["seed"].nunique(),
               "cost_bps": cost_of(some).mean(), "aversion_bps": some["aversion_bps"].mean(),
               **gap(cost_of(some), cost_of(twap.iloc[of]), some["seed"], "gap"),
               "risk_bps": float(np.sqrt((some["risk_bps"]**2).mean())),
               "completion": (some["filled"] / some["quantity"]).mean(),
               "violations": int(some.groupby("seed")["violations"].first().sum()), **leak}
        if hunted is not None:
            prey = of[np.isfinite(hunted["predator_bps"].to_numpy()[of])]
            more, profit = hunted.iloc[prey], hunted["predator_bps"].iloc[prey]
            row |= {"hunted_blocks": len(prey),
                    **gap(cost_of(more), cost_of(blocks.iloc[prey]), more["seed"], "hunted"),
                    **gap(profit, 0.0 * profit, more["seed"], "predator")}
        found.append(row)
    return found


def measure(options) -> dict:
    """All sizes and strategies; what is found is stored as it comes."""
    begun = time.process_time()
    blocks_of = [episode_seeds(options.seed + k, 0, n) for k, n in enumerate(
        (options.search_days, options.train, options.test))]
    told = {"settings": {key: value for key, value in vars(options).items() if key != "store"},
            "learned": [], "candidates": [], "rows": []}
    learned = {}
    for share in options.shares:
        settings, is_middle = world(options, share), share == options.shares[0]
        test = blocks_of[2] if is_middle else blocks_of[2][:options.test_others]
        null = Null(settings, [*(blocks_of[0] if is_middle else ()), *blocks_of[1], *test])
        if is_middle:
            best, told["candidates"] = learn(options, settings, null, blocks_of[0])
            told["prey"] = null.prey(options.most_spread)
            learned = by_name(best)
            told["learned"] = [{"weight": weight, **numbers} for weight, numbers in best.items()]
        twap = None
        for name, policy in strategies(share, learned).items():
            if options.only and name not in options.only:
                continue
            checked = settings_for(policy, **settings)
            _, train_tapes = watched_days(policy, checked, blocks_of[1])
            blocks, tapes = watched_days(policy, checked, test)
            twap = blocks if twap is None else twap
            detector, threshold = fitted(train_tapes, null.of(blocks_of[1]))
            hunted = None
            if is_middle and told["prey"]:
                parts = (sized_predator(options.predator_share * share),)
                hunted = hunted_days(policy, settings_for(policy, **settings, parts=parts), test,
                                     detector, threshold, prey=told["prey"])
            rows = rows_of(blocks, hunted, twap, detector, tapes, null.of(test))
            told["rows"] += [{"share": share, "strategy": name, **row} for row in rows]
            told["cpu_s"] = time.process_time() - begun
            print(f"{share:.0%} {name}, {told['cpu_s']:.0f} s\n"
                  f"{pd.DataFrame(rows).round(2).to_string(index=False)}", flush=True)
            if options.store:
                STORED.write_text(json.dumps(_short(told), indent=1) + "\n", encoding="utf-8")
    return told


def _short(value):
    """The same with numbers of four decimals, and None where there is none."""
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_short(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), 4) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def parser() -> argparse.ArgumentParser:
    """The command line; its defaults are what is stored."""
    found = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    found.add_argument("--quick", action="store_true", help="few days, one size of blocks")
    found.add_argument("--names", type=int, default=12)
    found.add_argument("--shares", type=float, nargs="+", default=[0.1, 0.05, 0.2],
                       help="sizes of blocks; predators and the search are at the first")
    found.add_argument("--train", type=int, default=8, help="training days of each detector")
    found.add_argument("--test", type=int, default=12, help="test days at the first size")
    found.add_argument("--test-others", type=int, default=8, help="test days at the others")
    found.add_argument("--search-days", type=int, default=6)
    found.add_argument("--candidates", type=int, default=8, help="schedules that are tried")
    found.add_argument("--predator-share", type=float, default=0.1,
                       help="a predator's largest position, as a share of an average block")
    found.add_argument("--most-spread", type=float, default=3.0,
                       help="bps, beyond which predators do not hunt in a name")
    found.add_argument("--only", nargs="+", help="names of strategies; default: all")
    found.add_argument("--seed", type=int, default=7_100)
    found.add_argument("--store", action="store_true", help=f"write {STORED.name}")
    return found


def main() -> None:
    """Read the command line and measure."""
    options = parser().parse_args()
    if options.quick:
        options.shares, options.train, options.test = [0.1], 4, 4
        options.search_days, options.candidates = 4, 5
    measure(options)


if __name__ == "__main__":
    main()
