"""Other packages that simulate a market with its order flow, each as its own documentation runs it.

Their markets are not ours: traders, prices and sizes differ, and so does what a run records. Only
the number of orders and cancellations that reach the book is compared, per second of processor
time. A peer is never needed; each is imported when it is measured.
"""

import contextlib
import io
import random
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["MARKET_PEERS", "MarketPeer", "Run"]

SEED = 5
BOURSE_AGENTS = 250
BOURSE_STEPS = 400
BOURSE_TICKS = (90, 110)  # prices uniform over twenty ticks, so that orders meet
PAMS_AGENTS = 100
PAMS_STEPS = 1_500


class Run(NamedTuple):
    """One timed run."""

    messages: int  # orders and cancellations that reached the book
    seconds: float  # of processor time


class MarketPeer(NamedTuple):
    """A package and how its market is run."""

    package: str  # as pip knows it
    what: str  # what was run
    run: Callable[[], Run]


def bourse_agents() -> Run:
    """Python agents over a Rust book: each places an order, or cancels the one it has."""
    from bourse import core, step_sim

    env = core.StepEnv(SEED, 0, 1, 1_000)
    agents = [
        step_sim.agents.RandomAgent(i, 1.0, BOURSE_TICKS, (1, 10), 1) for i in range(BOURSE_AGENTS)
    ]
    start_s = time.thread_time()
    step_sim.run(env, agents, BOURSE_STEPS, SEED, show_progress=False)
    return Run(BOURSE_AGENTS * BOURSE_STEPS, time.thread_time() - start_s)


def bourse_arrays() -> Run:
    """Arrays of random limit orders over a Rust book; nothing is cancelled."""
    from bourse import core, step_sim

    env = core.StepEnvNumpy(SEED, 0, 1, 1_000)
    agents = [step_sim.agents.NumpyRandomAgents(BOURSE_AGENTS, BOURSE_TICKS, (1, 10), 1)]
    start_s = time.thread_time()
    step_sim.run(env, agents, BOURSE_STEPS, SEED, show_progress=False, use_numpy=True)
    return Run(BOURSE_AGENTS * BOURSE_STEPS, time.thread_time() - start_s)


def pams_agents() -> Run:
    """Agents that weigh fundamental, chart and noise, all in Python."""
    from pams.logs.base import Logger
    from pams.runners import SequentialRunner

    class Count(Logger):
        messages = 0

        def process_order_log(self, log):
            self.messages += 1

        def process_cancel_log(self, log):
            self.messages += 1

    session = {"sessionName": 0, "iterationSteps": PAMS_STEPS, "withOrderPlacement": True,
               "withOrderExecution": True, "withPrint": False, "maxNormalOrders": 3}  # fmt: skip
    agents = {"class": "FCNAgent", "numAgents": PAMS_AGENTS, "markets": ["Market"],
              "assetVolume": 50, "cashAmount": 10_000, "fundamentalWeight": {"expon": [1.0]},
              "chartWeight": {"expon": [0.2]}, "noiseWeight": {"expon": [1.0]},
              "meanReversionTime": {"uniform": [50, 100]}, "noiseScale": 0.001,
              "timeWindowSize": [100, 200], "orderMargin": [0.0, 0.1]}  # fmt: skip
    settings = {
        "simulation": {"markets": ["Market"], "agents": ["Agents"], "sessions": [session]},
        "Market": {"class": "Market", "tickSize": 0.01, "marketPrice": 300.0},
        "Agents": agents,
    }
    count = Count()
    runner = SequentialRunner(settings=settings, prng=random.Random(SEED), logger=count)
    start_s = time.thread_time()
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it rounds prices to the tick, and says so each time
        runner.main()
    return Run(count.messages, time.thread_time() - start_s)


MARKET_PEERS = (
    MarketPeer("bourse", "random agents in Python, book in Rust", bourse_agents),
    MarketPeer("bourse", "random limit orders as arrays, no cancellations", bourse_arrays),
    MarketPeer("pams", "agents and book in Python", pams_agents),
)
