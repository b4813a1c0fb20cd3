"""Measures what each fix wins back live, on unseen days, of what an agent loses at the venue.

Run one of::

    python tests/benchmarks/measure_fixes.py --quick
    python tests/benchmarks/measure_fixes.py --store

PPO is trained in the simulator (several training seeds), and meets two venues: "against" (the price
runs against the order, with fees and slower orders) and "calm" (no trends to follow, wide spreads,
slower orders). Fixes: the simulator re-calibrated on logs of a pilot and PPO trained in it; PPO
trained over a range of gaps; the agent fine-tuned on live days under guard; the schedule. All are
played on the same unseen days, live, and costs are paired by day. `--store` writes ``fixes.json``
beside this file, anew after each training seed and venue.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from fixes_case import CASE, SETTINGS, TRAINING

from lobsim.agents.training import train
from lobsim.envs.evaluate import evaluate
from lobsim.sim_to_real import (
    LiveDesk,
    Pilot,
    RandomGaps,
    fine_tune,
    fixes_table,
    pilot_updates,
    recalibrated,
    schedule_policy,
    venue_figures,
)

STORED = Path(__file__).with_name("fixes.json")
VENUES = {"against": ("trend=-2", "fees=1", "order_latency=1"),
          "calm": ("regime=1", "spread=4", "order_latency=1")}
RANGES = {"trend": (-3.0, 3.0), "spread": (0.0, 4.0), "fees": (0.0, 2.0),
          "order_latency": (0.0, 2.0)}
UNSEEN, SIMULATED, CALIBRATION, PILOT = 2**44, 2**44 + 1000, 2**44 + 2000, 2**44 + 3000
"""Base seeds of days, beyond those of training, validation, tests and tuning."""


def trained(seed: int, steps: int, **changes):
    """PPO in the simulator, or in one that was changed."""
    return train(CASE, "ppo", seed, steps=steps, validations=2, **TRAINING, **changes)


def live_costs(policy, venue, days: int) -> list[float]:
    """Shortfall on the unseen days at a venue, bps."""
    desk = LiveDesk(SETTINGS, venue, seed=UNSEEN)
    return desk.again(policy, range(days))[0]["shortfall_bps"].tolist()


def simulated_costs(policy, days: int) -> list[float]:
    """The same days without a gap: what the simulator says, bit for bit."""
    found = evaluate({"policy": (policy, {"actions": "pace", **TRAINING})}, episodes=days,
                     seed=UNSEEN, **CASE.settings).episodes
    return found["shortfall_bps"].tolist()


def figures(agent, gaps, seed: int, days: int):
    """What a pilot's log tells of a venue."""
    _, log = LiveDesk(SETTINGS, gaps, seed=seed).work(agent, days)
    return venue_figures(log, SETTINGS)


def recalibration(agent, simulated, venue, seed: int, options):
    """An agent of the simulator that was moved to what a pilot's log tells; and the figures."""
    live = figures(agent, venue, CALIBRATION + seed, options.log_days)
    market, told = recalibrated(SETTINGS.base, live, simulated)
    return trained(seed, options.steps, profile=market, parts=()), told


def tuned(agent, venue, seed: int, options):
    """What fine-tuning under guard deploys."""
    pilot = Pilot(blocks=options.blocks, learn_days=options.learn_days,
                  guard_days=options.guard_days, proof_days=options.proof_days)
    learn = pilot_updates(SETTINGS, std=0.4, seed=seed, learning_rate=options.rate, leash=0.01)
    return fine_tune(agent, LiveDesk(SETTINGS, venue, seed=PILOT + seed), learn, pilot=pilot)


def measured(options) -> dict:
    """All venues and training seeds; what is found is stored as it comes."""
    begun, found = time.process_time(), {}
    fallback_simulated = simulated_costs(schedule_policy, options.days)
    agents = {}
    for name in options.venues:
        venue = VENUES[name]
        part = found[name] = {"gaps": venue, "fallback": live_costs(schedule_policy, venue,
                                                                    options.days),
                              "fallback_simulated": fallback_simulated, "simulated": [],
                              "live": [], "fixed": {}, "pilots": [], "figures": []}
        for seed in range(options.seeds):
            if seed not in agents:
                agent = trained(seed, options.steps)
                random = trained(seed, options.steps, randomise=RandomGaps(RANGES))
                # Days of the simulator cost nothing but time: more of them.
                agents[seed] = agent, random, figures(agent, (), SIMULATED + seed,
                                                      2 * options.log_days)
            agent, random, simulated = agents[seed]
            again, told = recalibration(agent, simulated, venue, seed, options)
            pilot = tuned(agent, venue, seed, options)
            fixed = {"re-calibrated": again, "random gaps": random,
                     "fine-tuned, guarded": pilot.deployed}
            if pilot.best is not None:
                fixed["fine-tuned, unguarded"] = pilot.best
            part["simulated"].append(simulated_costs(agent, options.days))
            part["live"].append(live_costs(agent, venue, options.days))
            for fix, policy in fixed.items():
                part["fixed"].setdefault(fix, []).append(
                    part["fallback"] if policy is schedule_policy
                    else live_costs(policy, venue, options.days))
            part["figures"].append(told.reset_index().to_dict("records"))
            part["pilots"].append({
                "days": pilot.days, "ended": pilot.ended, "is_fallback": pilot.is_fallback,
                "blocks": pilot.blocks.to_dict("records"),
                "proof": None if pilot.proof is None else vars(pilot.proof)})
            shown(name, part, begun)
            if options.store:
                store(options, found)
    return found


def table_of(part: dict):
    """The table of fixes of a venue, as far as it is played."""
    whole = {fix: rows for fix, rows in part["fixed"].items() if len(rows) == len(part["live"])}
    return fixes_table(part["simulated"], part["live"], whole | {"fallback": [part["fallback"]]},
                       part["fallback"], part["fallback_simulated"])


def shown(name: str, part: dict, begun: float) -> None:
    print(f"\n{name} {part['gaps']}, {len(part['live'])} trainings\n"
          f"{table_of(part).round(2).to_string()}", flush=True)
    moved = {row["figure"]: round(row["difference"], 4) for row in part["figures"][-1]
             if row["moved"]}
    print(f"pilot: {part['pilots'][-1]}\nmoved: {moved}\n"
          f"{time.process_time() - begun:.0f} s of processor time", flush=True)


def store(options, found: dict) -> None:
    """Costs of every day and the tables, rounded to what they mean."""
    told = {name: part | {"table": table_of(part).reset_index().to_dict("records")}
            for name, part in found.items()}
    settings = {key: value for key, value in vars(options).items() if key != "store"}
    text = json.dumps({"command": "python tests/benchmarks/measure_fixes.py --store",
                       "case": CASE.title, "quantity": CASE.settings["quantity"],
                       "horizon_s": CASE.settings["horizon_s"], "settings": settings,
                       "ranges": RANGES, "venues": rounded(told)}, indent=1)
    STORED.write_text(text + "\n", encoding="utf-8")


def rounded(thing):
    """Plain values for JSON: four digits behind the point, and no NaN."""
    if isinstance(thing, dict):
        return {key: rounded(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [rounded(value) for value in thing]
    if isinstance(thing, float | np.floating):
        return round(float(thing), 4) if np.isfinite(thing) else None
    return thing.item() if isinstance(thing, np.generic) else thing


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venues", nargs="+", default=list(VENUES), choices=list(VENUES))
    parser.add_argument("--seeds", type=int, default=3, help="training seeds")
    parser.add_argument("--steps", type=int, default=51_200, help="of each training")
    parser.add_argument("--days", type=int, default=60, help="unseen days")
    parser.add_argument("--log-days", type=int, default=32, help="live, of re-calibration")
    parser.add_argument("--blocks", type=int, default=3, help="of fine-tuning")
    parser.add_argument("--learn-days", type=int, default=20, help="of each block")
    parser.add_argument("--guard-days", type=int, default=10, help="of each block and side")
    parser.add_argument("--proof-days", type=int, default=30, help="of each side")
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate of fine-tuning")
    parser.add_argument("--quick", action="store_true", help="one seed and few of everything")
    parser.add_argument("--store", action="store_true", help=f"write {STORED.name}")
    options = parser.parse_args(arguments)
    if options.quick:
        options.seeds, options.steps, options.days, options.log_days = 1, 4_096, 4, 4
        options.blocks, options.learn_days = 1, 3
        options.guard_days, options.proof_days = 3, 3
    measured(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
