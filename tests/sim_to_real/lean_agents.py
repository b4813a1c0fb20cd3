"""Agents and a small quick market for the tests of the LEAN exporter."""

import numpy as np
import torch
from small_markets import FLOWS, START_S, profile_of

from lobsim.agents.agent import Agent, Moments
from lobsim.agents.networks import PolicyNetwork, PolicyShape
from lobsim.envs.execution_layout import O_SIGNALS, OBSERVED
from lobsim.market.parts import Fees, VolumeCurve

FEES = Fees(maker_fee=-0.002, taker_fee=0.003, share_fee=0.0001)  # LEAN charges fills alone
SMALL = profile_of(*FLOWS["bursts"][:-1], FEES, VolumeCurve((2.0, 1.0, 3.0)),
                   daily_volume=200_000.0)
TASK = {"profile": SMALL, "start_s": float(START_S), "quantity": 60, "horizon_s": 90.0,
        "interval_s": 3.0, "slice_s": 6.0}


def at_work(name: str, **task) -> Agent:
    """A shipped agent in the small market, where it decides badly but quickly."""
    agent = Agent.load(name)
    near = {key: 6.0 for key in ("guard_s", "ahead_s") if key in agent.environment}
    shift = {"max_shift_s": 12.0} if "max_shift_s" in agent.environment else {}
    record = agent.record | {"task": {"parts": ()} | TASK | task,
                             "environment": agent.environment | near | shift}
    return Agent(agent.network, record, moments=agent.moments)


def made_up(kind: str, outputs: int, seed: int = 1, **environment) -> Agent:
    """An untrained agent that normalises what it sees, in the small market."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = PolicyNetwork(PolicyShape(len(OBSERVED), outputs, kind, (16, 16), "relu"))
        for weights in network.parameters():
            weights.data *= 3.0  # so that it does one thing here and another there
    rng = np.random.default_rng(seed)
    moments = Moments(rng.normal(0, 0.3, len(OBSERVED)), rng.uniform(0.5, 2, len(OBSERVED)), 3.0)
    record = {"case": "execution", "algo": "sac", "seed": seed, "task": TASK,
              "signals": list(range(O_SIGNALS, len(OBSERVED))), "low": [-1.0] * outputs,
              "high": [1.0] * outputs, "environment": environment}
    return Agent(network, record, moments=moments)


WORKERS = {
    "PPO, discrete": lambda **task: at_work("execution-ppo-0", **task),
    "DQN, discrete": lambda **task: at_work("execution-dqn-1", **task),
    "PPO, pace": lambda **task: at_work("pacing-ppo-0", **task),
    "SAC, pace": lambda **task: at_work("pacing-sac-0", **task),
    "made up, continuous": lambda **task: with_task(
        made_up("squashed", 2, 2, actions="continuous"), task),
    "made up, gaussian": lambda **task: with_task(
        made_up("gaussian", 2, 2, actions="continuous", guard_s=9.0), task),
    "made up, shifts": lambda **task: with_task(
        made_up("values", 3, 2, actions="pace", shift_levels=3, max_shift_s=12.0), task),
    "made up, discrete": lambda **task: with_task(made_up("categorical", 10, 2), task),
}
"""Every way to act that Execution-v0 has, with and without normalisation."""


def with_task(agent: Agent, task) -> Agent:
    """The agent with some settings of its task changed."""
    return Agent(agent.network, agent.record | {"task": agent.record["task"] | task},
                 moments=agent.moments)
