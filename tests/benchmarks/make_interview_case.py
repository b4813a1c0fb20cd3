"""Makes the looks of lesson 13's second case: what each suspect does to an order's measurements.

Run from the course's folder (some minutes of one core)::

    python tests/benchmarks/make_interview_case.py

A shipped agent works orders at venues with one gap each, or none. Written into
``solutions/13_interview_lab``: ``case_orders.csv``, ten measurements of each order, from which the
lesson works out how often a look raises an alarm; and ``checks_case.npz``, the same of other
orders at other sizes of the gaps, from which hidden cases are drawn and which no learner gets.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.agents import Agent
from lobsim.sim_to_real import VenueDay, play_day, settings_of

ROOT = Path(__file__).resolve().parents[2]
FOLDER, LOGS = ROOT / "solutions" / "13_interview_lab", ROOT / "solutions" / "11_live"
AGENT, START_S = "execution-ppo-0", 36_000.0
CAUSES = ("nothing", "order_latency", "feed_latency", "ack_delay", "stale_feed", "fees", "rejects",
          "queue", "spread", "volatility", "flow")
SIZE, HIDDEN_SIZES = 0.5, (0.4, 0.7)
"""Half of what lesson 11 planted: a look may miss it, and that is what its chance is about."""
ORDERS, HIDDEN_ORDERS = 16, 8


def orders(agent, settings, cause: str, size: float, seed: int, count: int) -> pd.DataFrame:
    """Measurements of some orders of a cause, a row an order; even seeds sell, others buy."""
    from live_logs import blotter, measures

    gaps, logs = (() if cause == "nothing" else ((cause, size),)), []
    for number in range(count):
        day = VenueDay(settings.profile, seed + number, START_S, START_S + settings.horizon_s,
                       gaps=gaps)
        logs.append(play_day(day, settings, agent, label="live", side=1 if number % 2 else -1,
                             episode=number).log)
    return measures(blotter(pd.concat(logs, ignore_index=True))).assign(cause=cause, size=size)


def main() -> int:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    sys.path.insert(0, str(LOGS))
    from live_logs import MEASURES

    agent = Agent.load(AGENT)
    settings = settings_of(agent)
    shown, hidden = [], []
    for number, cause in enumerate(CAUSES):
        shown.append(orders(agent, settings, cause, SIZE, 1_300_000 + 1_000 * number, ORDERS))
        for k, size in enumerate(HIDDEN_SIZES if cause != "nothing" else HIDDEN_SIZES[:1]):
            seed = 1_400_000 + 1_000 * number + 100 * k
            hidden.append(orders(agent, settings, cause, size, seed, HIDDEN_ORDERS))
        print(cause, flush=True)
    columns = ["cause", *MEASURES]
    pd.concat(shown)[columns].round(4).to_csv(FOLDER / "case_orders.csv", index=False)
    table = pd.concat(hidden, ignore_index=True)
    np.savez_compressed(FOLDER / "checks_case.npz", cause=table["cause"].to_numpy("U16"),
                        size=table["size"].to_numpy(np.float32),
                        measures=table[list(MEASURES)].to_numpy(np.float32))
    return 0


if __name__ == "__main__":
    sys.exit(main())
