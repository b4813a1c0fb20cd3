"""Measures what strategies give away: cost, leakage (AUC on unseen days), and its price.

Run one of::

    python tests/benchmarks/measure_leakage.py --quick
    python tests/benchmarks/measure_leakage.py --shares 0.05 0.2 --train 40 --test 60

A day is half an hour of a market, 300 s before the order begins. For each strategy and share of
volume a detector of its own is fitted to training days and judged on others (the adversary knows
the strategy, not the day). Then the predator of the market trades on that detector, on the test
days. All intervals are 95 %, over days; costs are paired by day. `--out FILE.csv` keeps the days.
"""

import argparse
import sys

import numpy as np
import pandas as pd

from lobsim.analytics import (
    LeakageDetector,
    LeakDay,
    auc_difference,
    auc_of,
    paired_difference,
)
from lobsim.market import Market
from lobsim.market.parts import Predator
from lobsim.strategies import (
    POV,
    TWAP,
    VWAP,
    AlmgrenChrissSchedule,
    HuntedMarket,
    Opportunistic,
    ParentOrder,
    PassiveTWAP,
    RandomisedTWAP,
    WatchedMarket,
    execute,
)

OPEN_S, START_S, END_S = 36_000.0, 36_300.0, 38_100.0
WINDOW_S, STEP_S, LOOK_S = 600.0, 300.0, 120.0
KAPPA_T = 4.0  # Almgren-Chriss: e-foldings of the holdings within the window


def strategies(share: float) -> dict:
    """Name to strategy, for an order of `share` of the others' volume."""
    aversion = (KAPPA_T / (END_S - START_S))**2  # with unit volatility and temporary impact
    return {
        "TWAP": TWAP(60),
        "passive TWAP": PassiveTWAP(60, repeg_s=5),
        "VWAP": VWAP(interval_s=60),
        # what it does not get done is an opportunity cost; a last sweep may empty the book
        "POV": POV(share / (1 + share), interval_s=20),
        "A-C urgent": AlmgrenChrissSchedule(aversion, volatility=1.0, temporary=1.0,
                                            permanent=0.0, interval_s=60),
        "randomised": RandomisedTWAP(10, block_s=300),
        "opportunistic": Opportunistic(10),
    }


def market_of(options, seed: int, parts=()) -> Market:
    """The day of a seed."""
    return Market(options.market, seed=seed, start_s=OPEN_S, end_s=END_S, parts=parts)


def order_of(options, seed: int, share: float) -> ParentOrder:
    """Half of the days buy, half sell; the size is a share of the expected volume."""
    market = market_of(options, seed)
    curve = market.expected_volume_curve(np.array([START_S, END_S]))
    expected = market.profile.daily_volume * float(np.diff(curve)[0])
    lot = market.profile.lot_size
    return ParentOrder("buy" if seed % 2 else "sell", round(share * expected / lot) * lot,
                       START_S, END_S, lot_size=lot)


def watch(options, seed: int, strategy, share: float):
    """One day: its features, side, and what the order cost (None without one)."""
    watched = WatchedMarket(market_of(options, seed))
    if strategy is None:
        watched.advance(END_S)
        done, side, part = None, 0, 0.0
    else:
        done = execute(watched, strategy, order_of(options, seed, share))
        side, part = done.order.side, done.participation
    seen = watched.features(WINDOW_S, step_s=STEP_S, start_s=START_S, end_s=END_S)
    return LeakDay(seen, side, part), done


def hunt(options, seed: int, strategy, share: float, detector, threshold: float):
    """The same day with a predator that listens to the detector: cost (bps) and its profit."""
    lot = market_of(options, seed).profile.lot_size
    limit = order_of(options, seed, share).quantity * options.predator_share
    part = Predator(max(lot, round(limit / 20 / lot) * lot), max(lot, round(limit / lot) * lot),
                    predator_memory_s=1e6)
    hunted = HuntedMarket(market_of(options, seed, [part]), detector, threshold,
                          window_s=WINDOW_S, look_s=LOOK_S)
    if strategy is None:
        hunted.advance(END_S)
        return 0.0, hunted.predator_profit
    done = execute(hunted, strategy, order_of(options, seed, share))
    return done.shortfall.total_bps, hunted.predator_profit


def measure(options) -> pd.DataFrame:
    """All days of all strategies: one row per share, strategy and test day."""
    train = range(options.first_seed, options.first_seed + options.train)
    test = range(options.first_seed + 10_000, options.first_seed + 10_000 + options.test)
    null = {seed: watch(options, seed, None, 0.0)[0] for seed in (*train, *test)}
    controls(options, null, train, test)
    rows = []
    for share in options.shares:
        for name, strategy in strategies(share).items():
            if options.only and name not in options.only:
                continue
            days = {seed: watch(options, seed, strategy, share) for seed in (*train, *test)}
            detector = LeakageDetector().fit([null[s] for s in train] + [days[s][0] for s in train])
            ordinary = np.concatenate([np.abs(detector.lean(null[s].features)) for s in train])
            threshold = float(np.clip(np.quantile(ordinary, options.quiet), 0.02, 0.98))
            for k, seed in enumerate(test):
                day, done = days[seed]
                row = {"share": share, "strategy": name, "seed": seed,
                       "cost_bps": done.shortfall.total_bps, "participation": day.share,
                       "score": detector.day_score(day.features),
                       "score_null": detector.day_score(null[seed].features),
                       "right_side": detector.day_side(day.features) == day.side,
                       "share_seen": detector.day_share(day.features)}
                if k < options.hunted:
                    cost, profit = hunt(options, seed, strategy, share, detector, threshold)
                    notional = done.order.quantity * done.arrival_price
                    row |= {"hunted_bps": cost, "predator_bps": 1e4 * profit / notional}
                rows.append(row)
            table = pd.DataFrame(rows)
            report(table[(table["share"] == share) & (table["strategy"] == name)], table)
            if options.out:
                table.to_csv(options.out, index=False)
    return table


def controls(options, null: dict, train, test) -> None:
    """Days without any order, half of them called days with one: nothing is to be found."""
    rng = np.random.default_rng(options.first_seed)

    def called(seeds):
        label = rng.permutation(np.arange(len(seeds)) % 2) * rng.choice([-1, 1], len(seeds))
        return [null[s]._replace(side=int(side)) for s, side in zip(seeds, label)]

    detector = LeakageDetector().fit(called(train))
    days = called(test)
    scores = [np.array([detector.day_score(day.features) for day in days if (day.side != 0) == on])
              for on in (True, False)]
    print("no order, labels drawn by lot: AUC {:.2f} ({:.2f}, {:.2f}), {} days of each".format(
        *auc_of(*scores, paired=False)))


def report(part: pd.DataFrame, table: pd.DataFrame) -> None:
    """One line for a strategy at a share of volume."""
    share, name = part["share"].iloc[0], part["strategy"].iloc[0]
    twap = table[(table["share"] == share) & (table["strategy"] == "TWAP")]
    found = auc_of(part["score"], part["score_null"])
    line = (f"{share:5.0%} {name:14s} part. {part['participation'].mean():.3f}"
            f" cost {part['cost_bps'].mean():6.2f}"
            f" AUC {found.value:.2f} ({found.ci_low:.2f}, {found.ci_high:.2f})"
            f" side {part['right_side'].mean():.2f} share seen {part['share_seen'].mean():.3f}")
    if "hunted_bps" in part:
        hunted = part.dropna(subset="hunted_bps")
        price = paired_difference(hunted["hunted_bps"], hunted["cost_bps"])
        gain = paired_difference(hunted["predator_bps"], np.zeros(len(hunted)))
        line += (f" hunted {price.mean:+.2f} ({price.ci_low:.2f}, {price.ci_high:.2f})"
                 f" predator {gain.mean:+.2f} ({gain.ci_low:.2f}, {gain.ci_high:.2f}) bps")
    if name != "TWAP" and len(twap):
        cost = paired_difference(part["cost_bps"].to_numpy(), twap["cost_bps"].to_numpy())
        leak = auc_difference(part["score"], twap["score"], part["score_null"],
                              without_b=twap["score_null"])
        line += (f" | to TWAP: cost {cost.mean:+.2f} ({cost.ci_low:.2f}, {cost.ci_high:.2f}) bps,"
                 f" AUC {leak.value:+.2f} ({leak.ci_low:.2f}, {leak.ci_high:.2f})")
    print(line)
    sys.stdout.flush()


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few days, one share of volume")
    parser.add_argument("--market", default="SPY", help="name of a profile")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.05, 0.2],
                        help="urgency: the order as a share of the others' expected volume")
    parser.add_argument("--train", type=int, default=40, help="training days")
    parser.add_argument("--test", type=int, default=60, help="test days")
    parser.add_argument("--hunted", type=int, default=60, help="test days with the predator")
    parser.add_argument("--only", nargs="+", help="names of strategies; default: all")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--quiet", type=float, default=0.9,
                        help="share of ordinary windows in which the predator keeps still")
    parser.add_argument("--predator-share", type=float, default=0.1,
                        help="the predator's largest position, as a share of the order")
    parser.add_argument("--out", help="CSV of the single days")
    options = parser.parse_args()
    if options.quick:
        options.shares, options.train, options.test, options.hunted = [0.1], 16, 20, 12
    table = measure(options)
    if options.out:
        table.to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
