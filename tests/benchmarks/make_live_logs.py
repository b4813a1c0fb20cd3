"""Makes the logs of lesson 11: a shipped agent works orders at venues with one gap each, or none.

Run from the course's folder (a few minutes of one core)::

    python tests/benchmarks/make_live_logs.py

It writes into ``solutions/11_live``: ``suspects.csv``, what the simulator says of each suspect;
``live_orders.csv``, blotters of the training market and of two live desks; and
``checks_logs.npz``, the blotters from which hidden cases are drawn, which no learner gets.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.agents import Agent
from lobsim.sim_to_real import settings_of

FOLDER = Path(__file__).resolve().parents[2] / "solutions" / "11_live"
AGENT = "execution-ppo-0"
CAUSES = ("nothing", "order_latency", "feed_latency", "ack_delay", "stale_feed", "fees", "rejects",
          "queue", "spread", "regime", "volatility", "flow")
SUSPECT_ORDERS, HIDDEN_ORDERS = 5, 5
HIDDEN_SIZES = (0.8, 1.4)
# at 1.4 one look in five is fresh, and that at which the agent decides is always among them
OTHER_SIZES = {"stale_feed": (0.8, 1.0)}
TRAINING_ORDERS, HIDDEN_TRAINING = 4, 10
DESKS = {"A": (("feed_latency", 1.2), 700_000), "B": (("regime", 1.0), 700_100)}
_STORMY = 6  # orders of a regime more than of the others: in calm ones there is nothing to see


def main() -> int:
    sys.path.insert(0, str(FOLDER))
    from live_logs import MEASURES, blotter, measures, play

    agent = Agent.load(AGENT)
    settings = settings_of(agent)

    def orders(gaps, count, seed):
        return blotter(pd.concat([play(agent, settings, seed + k, gaps=gaps, number=k)
                                  for k in range(count)], ignore_index=True))

    suspects, hidden, desks = [], [], []
    for number, cause in enumerate(CAUSES):
        more = _STORMY if cause == "regime" else 0
        gaps = [] if cause == "nothing" else [(cause, 1.0)]
        own = measures(orders(gaps, SUSPECT_ORDERS + more, 100_000 + 1_000 * number))
        suspects.append(own.assign(cause=cause)[["cause", *MEASURES]])
        for k, size in enumerate(OTHER_SIZES.get(cause, HIDDEN_SIZES)):
            gaps = [] if cause == "nothing" else [(cause, size)]
            seed = 400_000 + 1_000 * number + 100 * k
            hidden.append(orders(gaps, HIDDEN_ORDERS + more, seed).assign(cause=cause, size=size))
        print(cause, flush=True)
    hidden.append(orders([], HIDDEN_TRAINING, 600_000).assign(cause="training", size=0.0))
    desks.append(orders([], TRAINING_ORDERS, 650_000).assign(desk="training"))
    for desk, (gap, seed) in DESKS.items():
        desks.append(orders([gap], TRAINING_ORDERS, seed).assign(desk=desk))
    pd.concat(suspects).round(4).to_csv(FOLDER / "suspects.csv", index=False)
    desks = pd.concat(desks)
    desks[["desk", *desks.columns.drop("desk")]].to_csv(FOLDER / "live_orders.csv", index=False)
    hidden = pd.concat(hidden, ignore_index=True)
    np.savez_compressed(FOLDER / "checks_logs.npz", **{
        name: hidden[name].to_numpy("U16" if name in ("what", "reason", "cause") else np.float32)
        for name in hidden})
    return 0


if __name__ == "__main__":
    sys.exit(main())
