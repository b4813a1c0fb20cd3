"""Measures what each fix wins back live, on unseen days, of what an agent loses at the venue.

Run one of::

    python tests/benchmarks/measure_fixes.py --quick
    python tests/benchmarks/measure_fixes.py --store

PPO is trained in the simulator (several training seeds), and meets two venues: "against" (the price
runs against the order, and fees are higher) and "calm" (there are no trends to follow, and spreads
are wide). Fixes: the simulator re-calibrated on logs of a pilot and PPO trained in it; PPO
trained over a range of gaps; the agent fine-tuned on live days under guard; the schedule. All are
played on the same unseen days, live, and costs are paired by day. `--store` writes
``lobsim/sim_to_real/measured/fixes.json``, anew after each training seed.
"""

import argparse
import json
import sys
import time

import numpy as np
from fixes_case import CASE, SETTINGS, TRAINING

from lobsim.agents.training import train
from lobsim.sim_to_real import (
    LiveDesk,
    Pilot,
    QuickDesk,
    RandomGaps,
    fine_tune,
    pilot_updates,
    recalibrated,
    schedule_policy,
    venue_figures,
)
from lobsim.sim_to_real.stored_fixes import FIXES, measured_table

VENUES = {"against": ("trend=-2", "fees=1"), "calm": ("regime=1", "spread=4")}
RANGES = {"trend": (-3.0, 3.0), "spread": (0.0, 4.0), "fees": (0.0, 2.0)}
UNSEEN, SIMULATED, CALIBRATION, PILOT = 2**44, 2**44 + 1000, 2**44 + 2000, 2**44 + 3000
"""Base seeds of days, beyond those of training, validation, tests and tuning."""
CHECKED = 2
"""Unseen days that the venue itself plays as well, for each agent as it is: the same numbers."""


def trained(seed: int, steps: int, **changes):
    """PPO in the simulator, or in one that was changed."""
    return train(CASE, "ppo", seed, steps=steps, validations=1, **TRAINING, **changes)


def costs(policy, gaps, days: int) -> list[float]:
    """Shortfall on the unseen days at a venue, or without gaps in the simulator, bps."""
    desk = QuickDesk(SETTINGS, gaps, seed=UNSEEN)
    return desk.again(policy, range(days))[0]["shortfall_bps"].tolist()


def check(policy, gaps, found: list[float]) -> None:
    """Stop where the venue says something else than its quick form."""
    days, _ = LiveDesk(SETTINGS, gaps, seed=UNSEEN).again(policy, range(CHECKED))
    np.testing.assert_allclose(days["shortfall_bps"], found[:CHECKED], atol=1e-9)


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
    """Fine-tuning under guard."""
    pilot = Pilot(blocks=options.blocks, learn_days=options.learn_days, most_loss_bps=3.0,
                  guard_days=options.guard_days, proof_days=options.proof_days)
    learn = pilot_updates(std=0.6, seed=seed, learning_rate=options.rate, most_kl=0.05)
    return fine_tune(agent, QuickDesk(SETTINGS, venue, seed=PILOT + seed), learn, pilot=pilot)


def measured(options) -> dict:
    """All training seeds and venues; what is found is stored as it comes."""
    begun, days = time.process_time(), options.days
    there = costs(schedule_policy, (), days)
    found = {name: {"gaps": VENUES[name], "fallback": costs(schedule_policy, VENUES[name], days),
                    "fallback_simulated": there, "simulated": [], "live": [], "fixed": {},
                    "pilots": [], "figures": []} for name in options.venues}
    for seed in range(options.seeds):
        agent = trained(seed, options.steps)
        random = trained(seed, options.steps, randomise=RandomGaps(RANGES))
        # Days of the simulator cost nothing but time: more of them.
        simulated = figures(agent, (), SIMULATED + seed, 2 * options.log_days)
        for name, part in found.items():
            venue = VENUES[name]
            again, told = recalibration(agent, simulated, venue, seed, options)
            pilot = tuned(agent, venue, seed, options)
            part["simulated"].append(costs(agent, (), days))
            part["live"].append(costs(agent, venue, days))
            check(agent, venue, part["live"][-1])
            fixed = {"re-calibrated": again, "random gaps": random,
                     "fine-tuned": pilot.candidates[-1] if pilot.best is None else pilot.best,
                     "fine-tuned, guarded": pilot.deployed}
            for fix, policy in fixed.items():
                part["fixed"].setdefault(fix, []).append(
                    part["fallback"] if policy is schedule_policy else costs(policy, venue, days))
            part["figures"].append(told.reset_index().to_dict("records"))
            part["pilots"].append({
                "days": pilot.days, "ended": pilot.ended, "is_fallback": pilot.is_fallback,
                "blocks": pilot.blocks.to_dict("records"),
                "proof": None if pilot.proof is None else vars(pilot.proof)})
            shown(name, part, begun)
        if options.store:
            store(options, found, seed + 1)
    return found


def shown(name: str, part: dict, begun: float) -> None:
    print(f"\n{name} {part['gaps']}, {len(part['live'])} trainings\n"
          f"{measured_table(part).round(2).to_string()}", flush=True)
    moved = {row["figure"]: round(row["difference"], 4) for row in part["figures"][-1]
             if row["moved"]}
    print(f"pilot: {part['pilots'][-1]}\nmoved: {moved}\n"
          f"{time.process_time() - begun:.0f} s of processor time", flush=True)


def store(options, found: dict, seeds: int) -> None:
    """Costs of every day, rounded to what they mean."""
    settings = {key: value for key, value in vars(options).items() if key != "store"}
    settings["seeds"] = seeds
    told = {"case": CASE.title, "horizon_s": CASE.settings["horizon_s"], "settings": settings,
            "ranges": RANGES, "venues": found}
    FIXES.write_text(json.dumps(rounded(told)) + "\n", encoding="utf-8")


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
    parser.add_argument("--steps", type=int, default=40_960, help="of each training")
    parser.add_argument("--days", type=int, default=128, help="unseen days")
    parser.add_argument("--log-days", type=int, default=16, help="live, of re-calibration")
    parser.add_argument("--blocks", type=int, default=4, help="of fine-tuning")
    parser.add_argument("--learn-days", type=int, default=160, help="of each block")
    parser.add_argument("--guard-days", type=int, default=30, help="of each block and side")
    parser.add_argument("--proof-days", type=int, default=120, help="of each side")
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate of fine-tuning")
    parser.add_argument("--quick", action="store_true", help="one seed and few of everything")
    parser.add_argument("--store", action="store_true", help=f"write {FIXES.name}")
    options = parser.parse_args(arguments)
    if options.quick:
        options.seeds, options.steps, options.days, options.log_days = 1, 4_096, 4, 4
        options.blocks, options.learn_days = 1, 3
        options.guard_days, options.proof_days = 3, 3
    measured(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
