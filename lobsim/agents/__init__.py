"""Agents: trained by DQN, PPO or SAC on the named cases, and judged beside the benchmarks.

Names are loaded on first use; most of them import torch.

.. code-block:: python

    from lobsim.agents import Agent, compare, train
    agent = train("execution", "ppo", seed=1, minutes=3)
    compare("execution", [agent]).table
"""

from importlib import import_module

_HOME = {
    "Agent": "lobsim.agents.agent",
    "AgentError": "lobsim.agents.agent",
    "CASES": "lobsim.agents.cases",
    "Case": "lobsim.agents.case",
    "Recipe": "lobsim.agents.case",
    "compare": "lobsim.agents.comparing",
    "find_case": "lobsim.agents.cases",
    "shipped": "lobsim.agents.shelf",
    "shipped_names": "lobsim.agents.agent",
    "shipped_results": "lobsim.agents.shelf",
    "train": "lobsim.agents.training",
}

__all__ = [*_HOME]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'lobsim.agents' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
