"""Measures whether the next move of the mid can be foretold from the book, and whether that pays.

Run ``python tests/benchmarks/measure_forecast.py --store``.

Logistic regression on OBI and OFI beside several trainings of the network
(`lobsim.orderflow_ai.forecast_judging`), at every horizon, on three worlds: hours of the market
behind the bundled LOBSTER pair, made from seeds (whole hours to learn from, to choose by and to
judge by, and the bundled pair itself as one more to judge by), and two real LOBSTER days. Of those
there is one each, so it is cut in time with an embargo. They are looked for where LOBSIM_REAL_DATA
points to; without them nothing can be stored. About 40 s of one core for each horizon, world and
training.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch

from lobsim.data import bundled, read_lobster
from lobsim.market import Market
from lobsim.market.lobster_day import LOBM
from lobsim.orderflow_ai.book_windows import (DepthDay, depth_of_lobster, depth_of_recording,
                                              usable_rows)
from lobsim.orderflow_ai.forecast import Part
from lobsim.orderflow_ai.forecast_judging import SHARES, parts_of, train_forecasts
from lobsim.orderflow_ai.stored_forecast import FORECAST

HORIZONS = (10, 30, 100)
LENGTH = 30
LEARN, CHOOSE, JUDGE = range(1, 9), range(9, 11), range(11, 15)
"""Seeds of hours of the bundled pair's market; the pair's own seed, 20250116, is none of them."""
HOUR_S = (37_800.0, 41_400.0)
REAL = {"GOOG": ("LOBSTER_SampleFile_GOOG_2012-06-21_5.zip", 5),
        "AMZN": ("LOBSTER_SampleFile_AMZN_2012-06-21_1.zip", 1)}
"""File and levels of each real day."""
FEE_TICKS = 0.3
"""Of taking, a share: 0.30 cents, the cap of Regulation NMS in the years of these days."""
DIGITS = 4


def made_day(seed: int) -> DepthDay:
    """One hour of the market behind the bundled pair."""
    market = Market(LOBM, seed, *HOUR_S, record=True)
    market.advance(HOUR_S[1])
    return depth_of_recording(market.record())


def worlds(real: Path | None):
    """Name, whether real, the three parts for a horizon, and the days of it, one world at a time.

    The parts to judge by have names of their own, because a world may have several.
    """
    learn, choose, judge = ([made_day(seed) for seed in seeds] for seeds in (LEARN, CHOOSE, JUDGE))
    pair = [depth_of_lobster(read_lobster(bundled("lobster_messages")))]

    def whole(days: list, horizon: int) -> Part:
        return Part(days, [usable_rows(day, LENGTH, horizon) for day in days])

    yield "LOBM", [*learn, *choose, *judge], lambda horizon: (
        whole(learn, horizon), whole(choose, horizon),
        {"LOBM": whole(judge, horizon), "LOBM, the bundled pair": whole(pair, horizon)})
    for name, (file, levels) in REAL.items() if real else ():
        day = depth_of_lobster(read_lobster(real / "lobster" / file), levels)

        def cut(horizon: int, day=day, name=name):
            one, two, three = parts_of([day], horizon, LENGTH)
            return one, two, {name: three}

        yield name, [day], cut


def about(world: str, days: list) -> dict:
    """What a world's days are like."""
    mid, spread = (np.concatenate([getattr(day, name) for day in days])
                   for name in ("mid", "half_spread"))
    return {"world": world, "days": len(days), "levels": days[0].bid_ticks.shape[1],
            "rows": len(mid), "hours": round(sum(np.ptp(day.time_ns) for day in days) / 3.6e12, 2),
            "spread_ticks": round(2 * float(spread.mean()), 2),
            "bps_of_a_tick": round(1e4 / float(mid.mean()), 4)}


def rounded(value):
    """Few digits, in whatever is stored; None in place of NaN, which JSON does not have."""
    if isinstance(value, (list, tuple)):
        return [rounded(one) for one in value]
    if isinstance(value, float):
        return round(value, DIGITS) if np.isfinite(value) else None
    return value


def measure(trainings: int, steps: int, draws: int, real: Path | None) -> dict:
    """What is stored."""
    begun = time.process_time()
    told: dict = {"settings": {"trainings": trainings, "steps": steps, "draws": draws,
                               "length": LENGTH, "horizons": HORIZONS, "fee_ticks": FEE_TICKS,
                               "hours": [len(LEARN), len(CHOOSE), len(JUDGE)], "shares": SHARES},
                  "worlds": [], "rows": []}
    for world, days, parts in worlds(real):
        told["worlds"].append(about(world, days))
        for horizon in HORIZONS:
            learn, choose, judges = parts(horizon)
            made = train_forecasts(learn, choose, horizon, length=LENGTH, trainings=trainings,
                                   fee=FEE_TICKS, steps=steps)
            for judged, part in judges.items():
                for entry in made.judge(part, draws=draws):
                    row = {"world": world, "judged": judged} | entry
                    told["rows"].append({name: rounded(value) for name, value in row.items()})
                    print(json.dumps(told["rows"][-1]), flush=True)
    told["cpu_s"] = round(time.process_time() - begun, 1)
    return told


def main():
    """Read the command line and print what is found."""
    folder = os.environ.get("LOBSIM_REAL_DATA")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trainings", type=int, default=3)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--real", type=Path, default=folder, help="folder of real market data")
    parser.add_argument("--store", action="store_true", help=f"write {FORECAST.name}")
    options = parser.parse_args()
    if options.store and not options.real:
        parser.error("--store needs the real days: --real FOLDER, or LOBSIM_REAL_DATA")
    torch.set_num_threads(1)
    told = measure(options.trainings, options.steps, options.draws, options.real)
    print(f"\n{told['cpu_s']:.0f} s of processor time")
    if options.store:
        FORECAST.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
