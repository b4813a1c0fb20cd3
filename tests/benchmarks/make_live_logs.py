"""Makes the logs of lesson 11: a shipped agent works orders at venues with one gap each, or none.

Run from the course's folder (some minutes of one core each)::

    python tests/benchmarks/make_live_logs.py logs
    python tests/benchmarks/make_live_logs.py coalitions

`logs` writes into ``solutions/11_live``: ``suspects.csv``, what the simulator says of each suspect;
``live_orders.csv``, blotters of the training market and of two live desks; and
``checks_logs.npz``, the blotters from which hidden cases are drawn, which no learner gets.
`coalitions` writes ``coalitions.csv`` there: what orders cost with each set of switches on.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.agents import Agent
from lobsim.sim_to_real import VenueDay, play_day, settings_of

FOLDER = Path(__file__).resolve().parents[2] / "solutions" / "11_live"
AGENT, START_S = "execution-ppo-0", 36_000.0
CAUSES = ("nothing", "order_latency", "feed_latency", "ack_delay", "stale_feed", "fees", "rejects",
          "queue", "spread", "regime", "volatility", "flow")
SUSPECT_ORDERS, HIDDEN_ORDERS = 5, 5
HIDDEN_SIZES = (0.8, 1.4)
# at 1.4 one look in five is fresh, and that at which the agent decides is always among them
OTHER_SIZES = {"stale_feed": (0.8, 1.0)}
TRAINING_ORDERS, HIDDEN_TRAINING = 4, 10
DESKS = {"A": (("feed_latency", 1.2), 700_000), "B": (("regime", 1.0), 700_100)}
SWITCHES = (("order_latency", 1.5), ("fees", 2.0), ("queue", 3.0), ("reaction", 3.0))
"""Of the lesson's own live venue; switch k is bit k of a set's number."""
SEEDS = range(800, 812)
_STORMY = 6  # orders of a regime more than of the others: in calm ones there is nothing to see


def play(agent, settings, seed: int, gaps, number: int = 0):
    """One order at a venue with these gaps; days with an even seed sell, others buy."""
    day = VenueDay(settings.profile, seed, START_S, START_S + settings.horizon_s, gaps=tuple(gaps))
    return play_day(day, settings, agent, label="live", side=1 if seed % 2 else -1, episode=number)


def logs(agent, settings) -> None:
    """Suspects, desks and the logs of hidden cases."""
    from live_logs import MEASURES, blotter, measures

    def orders(gaps, count, seed):
        return blotter(pd.concat([play(agent, settings, seed + k, gaps, number=k).log
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


def coalitions(agent, settings) -> None:
    """Cost of each order with each set of switches on, a row each."""
    rows = []
    for seed in SEEDS:
        for number in range(1 << len(SWITCHES)):
            gaps = [gap for k, gap in enumerate(SWITCHES) if number >> k & 1]
            cost = play(agent, settings, seed, gaps).cost_bps
            rows.append({"seed": seed, "switches": number, "cost_bps": round(cost, 4)})
        pd.DataFrame(rows).to_csv(FOLDER / "coalitions.csv", index=False)
        print(seed, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["logs", "coalitions"])
    options = parser.parse_args()
    sys.path.insert(0, str(FOLDER))
    agent = Agent.load(AGENT)
    for part in options.parts:
        {"logs": logs, "coalitions": coalitions}[part](agent, settings_of(agent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
