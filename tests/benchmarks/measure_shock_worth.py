"""Measures what there is to gain from knowing that liquidity is shocked: is adapting worth it?

Run ``python tests/benchmarks/measure_shock_worth.py --store``.

A rule rests within the spread near a patient schedule, `WITHIN`, and in one window of the day, the
same every day, it makes another decision: a shift of the schedule and a price. The best decision is
searched for twice: on learning days on which a shock fills the window, which is what a rule can do
that knows of the shock, its beginning and its end; and on the same days without, which is what a
rule can do that knows the clock alone and is blind to the shock. Then both play unseen days with
the shock, beside four decisions that a desk may think of. What one costs less the blind one, paired
by day, is what adapting is worth. Losers are left out of the search early: all decisions play the
first days, the best few and the usual one play the rest.

Tables go to stdout; ``--store`` keeps what they say where `lobsim.agents.adaptation.measured_worth`
reads it. Intervals are 95 %, over days.
"""

import argparse
import itertools
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.agents.adaptation import (
    HEAVY,
    SHOCK_MIN,
    SHOCKS,
    START_S,
    STORED_WORTH,
    ShockedUniverse,
)
from lobsim.agents.comparing import two_way_interval
from lobsim.agents.desk_rules import DESK
from lobsim.agents.seeds import TUNING, test_seed
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.clients import ClientBook, Urgency
from lobsim.envs.portfolio_evaluate import evaluate_days
from lobsim.market.trading_days import Universe

BLOCK = 9
"""Of test seeds: one that nothing else of the case has used."""
USUAL = (0.0, 0.5)
"""Shift and price of `lobsim.agents.cases_portfolio.WITHIN`."""
GRID = [USUAL, *(one for one in itertools.product((-1.0, -0.5, 0.0, 0.5, 1.0), (0.0, 0.5, 1.0))
                 if one != USUAL)]
"""Decisions that are searched; the usual one first."""
OTHERS = {"later": (-0.5, 0.5), "sooner": (0.5, 0.5), "at the own best": (0.0, 0.0),
          "at the mid": (0.0, 1.0)}
KNOWS = "as one that knows"
FINALISTS = 4
NAMES, DECISION_S = 12, 60.0


class Scene(NamedTuple):
    """A shock of all names, and the day around it."""

    shock: str
    first: int  # minute of the window it begins with
    last: int  # minute it ends before
    minutes: int  # of the whole day
    days: tuple[int, int, int]  # of a first and a second round of learning, and unseen ones


_SHORT, _LONG = (16, 32, 96), (8, 24, 48)
SCENES = {**{name: Scene(name, *SHOCK_MIN, 26, _SHORT) for name in SHOCKS},
          **{name: Scene(name, *SHOCK_MIN, 26, _SHORT) for name in HEAVY},
          "dry and wide, an hour": Scene("dry and wide", 15, 75, 90, _LONG)}


class InWindow:
    """The usual decision, and another one from minute `first` of a day until `last`.

    Parameters
    ----------
    decision : (float, float)
        Shift and price.
    first, last, minutes : int
        The window, and the day, in decisions.
    """

    environment = DESK

    def __init__(self, decision, first: int, last: int, minutes: int):
        self.decision, self.first, self.last, self.minutes = decision, first, last, minutes

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        """From views of days (N, columns) to actions (N, 2 M)."""
        names = (seen.shape[1] - len(pl.BOOK_OBSERVED)) // pl.NAME_COLUMNS
        time_left = seen[:, pl.Q_TIME - len(pl.BOOK_OBSERVED)]
        minute = np.rint((1.0 - time_left) * self.minutes)
        inside = (self.first <= minute) & (minute < self.last)
        return np.tile(np.where(inside[:, None], self.decision, USUAL), (1, names))


def costs(scene: Scene, decisions, *, shocked: bool, seed: int, first: int,
          days: int) -> np.ndarray:
    """``client_bps`` of every decision on some days, shape (decisions, days)."""
    base = Universe()
    seconds = START_S + 60.0 * scene.first
    universe = ShockedUniverse(base, scene.shock if shocked else None, seconds,
                               scene.last - scene.first)
    rules = {str(k): (InWindow(one, *scene[1:4]), DESK) for k, one in enumerate(decisions)}
    clients = replace(ClientBook(), urgencies={"medium": Urgency(0.003, (1.0, 1.0))})
    found = evaluate_days(rules, days=days, seed=seed, first=first, audit=False, num_envs=8,
                          universe=universe, names=NAMES, start_s=START_S, clients=clients,
                          horizon_s=60.0 * scene.minutes, interval_s=DECISION_S).days
    return np.stack([own["client_bps"].to_numpy()
                     for _, own in found.groupby("policy", sort=False)])


def best(scene: Scene, shocked: bool) -> tuple[float, float]:
    """The decision of `GRID` with the least cost on learning days."""
    few, more, _ = scene.days
    found = costs(scene, GRID, shocked=shocked, seed=TUNING, first=0, days=few)
    order = [k for k in np.argsort(found.mean(axis=1), kind="stable") if k != 0]
    kept = [0, *order[:FINALISTS]]
    rest = costs(scene, [GRID[k] for k in kept], shocked=shocked, seed=TUNING, first=few, days=more)
    whole = np.concatenate([found[kept], rest], axis=1).mean(axis=1)
    return GRID[kept[int(whole.argmin())]]


def measure(scenes: Mapping[str, Scene] = SCENES) -> dict:
    """What is stored."""
    begun, told, rows, known = time.process_time(), {}, [], {}
    for name, scene in scenes.items():
        if scene[1:] not in known:  # scenes of one window share the days without a shock
            known[scene[1:]] = best(scene, shocked=False)
        blind, knows = known[scene[1:]], best(scene, shocked=True)
        told[name] = {"first": scene.first, "last": scene.last, "minutes": scene.minutes,
                      "learning": sum(scene.days[:2]), "days": scene.days[2],
                      "blind": blind, "knows": knows}
        decisions = {"blind": blind, KNOWS: knows, **OTHERS}
        played = list(dict.fromkeys(decisions.values()))
        found = dict(zip(played, costs(scene, played, shocked=True, seed=test_seed(BLOCK), first=0,
                                       days=scene.days[2]), strict=True))
        told[name]["cost"] = round(float(found[blind].mean()), 4)
        for rule in (KNOWS, *OTHERS):
            mean, half = two_way_interval(found[decisions[rule]] - found[blind])
            shift, price = decisions[rule]
            rows.append({"scene": name, "rule": rule, "shift": shift, "price": price,
                         "difference": round(mean, 4), "low": round(mean - half, 4),
                         "high": round(mean + half, 4)})
        print(f"\n{name}: blind {blind}, knows {knows}, {told[name]['cost']:.2f} bps\n"
              f"{pd.DataFrame(rows[-5:]).to_string(index=False)}", flush=True)
    return {"settings": {"block": BLOCK, "names": NAMES, "decisions": len(GRID)},
            "cpu_s": round(time.process_time() - begun, 1), "scenes": told, "rows": rows}


def keep(told: dict) -> None:
    """Put these keys into what is stored; other measurements there stay."""
    whole = {}
    if STORED_WORTH.is_file():
        whole = json.loads(STORED_WORTH.read_text(encoding="utf-8"))
    STORED_WORTH.write_text(json.dumps(whole | told, indent=1) + "\n", encoding="utf-8")


def main():
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", action="store_true", help=f"write {STORED_WORTH.name}")
    options = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 40)
    told = measure()
    print(f"\n{told['cpu_s']:.0f} s of processor time")
    if options.store:
        keep(told)


if __name__ == "__main__":
    main()
