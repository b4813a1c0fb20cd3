"""Measures overfitting to recorded histories: gains on own and on fresh days, by their number.

Run one of::

    python tests/benchmarks/measure_overfitting.py --quick
    python tests/benchmarks/measure_overfitting.py --store

PPO is trained on 1, 4, 16, 64 histories, for the same number of steps each, several training seeds
with histories of their own. A gain is the shortfall of the schedule on the same day less that of
the agent, bps, as it came. `--store` writes ``lobsim/sim_to_real/measured/overfitting.json``.
"""

import argparse
import json
import sys
import time

import pandas as pd
from fixes_case import CASE, TRAINING

from lobsim.sim_to_real.histories import learning_curve
from lobsim.sim_to_real.live_days import schedule_policy
from lobsim.sim_to_real.stored_fixes import OVERFITTING

SCHEDULE = (schedule_policy, {"actions": "pace", "max_shift_s": TRAINING["max_shift_s"]})


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each")
    parser.add_argument("--steps", type=int, default=40_960, help="of each training")
    parser.add_argument("--days", type=int, default=256, help="fresh days")
    parser.add_argument("--quick", action="store_true", help="one training of 1 and 16, few steps")
    parser.add_argument("--store", action="store_true", help=f"write {OVERFITTING.name}")
    options = parser.parse_args(arguments)
    if options.quick:
        options.histories, options.seeds = [1, 16], 1
        options.steps, options.days = 8_192, 64
    begun, rows = time.process_time(), []
    for count in options.histories:
        table = learning_curve(CASE, "ppo", SCHEDULE, histories=[count],
                               seeds=range(options.seeds), days=options.days,
                               steps=options.steps, **TRAINING)
        rows += table.to_dict("records")
        shown = pd.DataFrame(rows).round(3)
        print(f"{shown.to_string(index=False)}\n{time.process_time() - begun:.0f} s of processor "
              f"time", flush=True)
    if options.store:
        found = {"case": CASE.title, "horizon_s": CASE.settings["horizon_s"],
                 "steps": options.steps, "unit": "bps gained over the schedule", "rows": rows}
        OVERFITTING.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
