r"""One careful step of a policy on the log of live days, and no further than the days bear out.

The step is that of PPO: with the ratio :math:`\rho` of the new policy's likelihood of an action to
that of the policy that took it, and the advantage A,

.. math:: L = E\bigl[\min(\rho A,\ clip(\rho, 1 - \epsilon, 1 + \epsilon) A)\bigr]
          - \beta\, E\bigl[KL(\pi_0 \Vert \pi)\bigr]

The second term is a leash to a policy :math:`\pi_0`, that of the simulator: live days are few, and
a policy far from one that works needs more evidence than a policy near it. Passes over the log end
early when the KL from the policy that acted exceeds a target.

A log holds actions as they were sent, cut to their bounds. So the likelihood of an action at a
bound is the probability of *all* draws beyond it (a censored normal); that of the cut number under
the normal density would be wrong by however often the policy asks for more than there is.

Advantages are discounted costs to go (negative), less their mean at the same decision of all days,
and less what a ridge regression on the observation then foretells.

References
----------
J. Schulman, F. Wolski, P. Dhariwal, A. Radford, O. Klimov (2017), "Proximal policy optimization
algorithms", arXiv:1707.06347, equations (7) and (8). J. Tobin (1958), Econometrica 26, for the
censored normal.
"""

import copy

import numpy as np
import pandas as pd
import torch

from lobsim.agents.agent import Agent, AgentError
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.sim_to_real.live_run import names_of

__all__ = ["advantages", "decisions_of", "log_likelihood", "updated", "with_exploration"]

_RIDGE = 0.1  # of columns with a standard deviation of 1
_MOST_STD = 2.0


def decisions_of(log: pd.DataFrame, settings: ExecutionSettings) -> dict[str, np.ndarray]:
    """What a log tells of decisions, in order: ``seen, actions, costs, episode, step``.

    Parameters
    ----------
    log : DataFrame
        `lobsim.sim_to_real.day_table`, of one or many days.
    settings : ExecutionSettings
        Of the environment that the policy acted in.

    Returns
    -------
    dict of str to ndarray
        ``seen`` (n, columns), ``actions`` (n,) or (n, k) and ``costs`` (n,): each decision's cost
        against the schedule in bps (`lobsim.sim_to_real.live_days`).
    """
    rows = log[log["event"] == "decision"].sort_values(["episode", "step"], kind="stable")
    if not len(rows):
        raise ValueError("the log holds no decision")
    seen = rows[[f"state.{name}" for name in names_of(settings)]].to_numpy(np.float32)
    actions = rows[[f"action.{k}" for k in range(3)]].to_numpy(np.float64)
    actions = actions[:, ~np.isnan(actions).all(axis=0)]
    if settings.discrete_actions:
        actions = actions[:, 0].astype(np.int64)
    step = rows["step"].to_numpy()
    scheduled = 1.0 - settings.shares_due(settings.base, settings.starts_s[0])[step]
    left = rows["left"].to_numpy() / settings.lots
    ahead = np.where(left > 0, 1.0 - scheduled / np.maximum(left, 1e-12), 0.0)
    costs = (rows["term.execution"] + rows["term.fees"] + ahead * rows["term.revaluation"])
    return {"seen": seen, "actions": actions, "costs": costs.to_numpy(np.float64),
            "episode": rows["episode"].to_numpy(), "step": step}


def advantages(decisions: dict[str, np.ndarray], gamma: float) -> np.ndarray:
    """How much less an action cost from there on than was foretold, in standard deviations.

    Parameters
    ----------
    decisions : dict
        Of :func:`decisions_of`.
    gamma : float
        Discount of a decision, 0 to 1.

    Returns
    -------
    ndarray, shape (n,)
        Mean 0, standard deviation 1 (all 0 where all costs are as foretold: of a single day nothing
        can be learned).
    """
    if not 0 <= gamma <= 1:
        raise ValueError(f"gamma is {gamma}; it must be from 0 to 1")
    costs, episode = decisions["costs"], decisions["episode"]
    to_go, running = np.empty(len(costs)), 0.0
    for k in range(len(costs) - 1, -1, -1):
        is_last = k + 1 == len(costs) or episode[k + 1] != episode[k]
        running = costs[k] + (0.0 if is_last else gamma * running)
        to_go[k] = running
    _, step = np.unique(decisions["step"], return_inverse=True)
    count = np.bincount(step)
    within = [values - (np.bincount(step, values) / count)[step]
              for values in (to_go, *decisions["seen"].T.astype(np.float64))]
    dearer, x = within[0], np.column_stack(within[1:])
    x /= x.std(axis=0) + 1e-9
    better = x @ np.linalg.solve(x.T @ x + _RIDGE * np.eye(x.shape[1]), x.T @ dearer) - dearer
    spread = better.std()
    if not spread > 1e-9 * (1.0 + np.abs(to_go).max()):
        return np.zeros(len(better))
    return (better - better.mean()) / spread


def log_likelihood(agent: Agent, network, seen, actions) -> torch.Tensor:
    """Logarithm of the likelihood of actions as they were sent, shape (n,).

    Parameters
    ----------
    agent : Agent
        Whose bounds and normalisation hold; of PPO.
    network : PolicyNetwork
        Its own, or one that learns.
    seen : ndarray, shape (n, columns)
    actions : ndarray, shape (n,) of int, or (n, k)
        Within the bounds; at a bound the probability of all draws beyond it counts.
    """
    said = network(torch.from_numpy(agent.seen(seen)))
    kind = agent.network.shape.kind
    if kind == "categorical":
        chosen = torch.as_tensor(np.asarray(actions), dtype=torch.int64)
        return torch.log_softmax(said.centre, dim=1).gather(1, chosen[:, None])[:, 0]
    _must_be_ppo(agent)
    actions = torch.as_tensor(np.asarray(actions), dtype=torch.float32)
    low, high = (torch.as_tensor(agent.record[name], dtype=torch.float32)
                 for name in ("low", "high"))
    z = (actions - said.centre) / said.log_std.exp()
    inside = -0.5 * z**2 - said.log_std - 0.5 * float(np.log(2 * np.pi))
    found = torch.where(actions <= low, torch.special.log_ndtr(z),
                        torch.where(actions >= high, torch.special.log_ndtr(-z), inside))
    return found.sum(dim=1)


def with_exploration(agent: Agent, std: float) -> Agent:
    """The same agent whose chance (`Agent.sampled`) has another standard deviation.

    Parameters
    ----------
    agent : Agent
        Of PPO with continuous actions; another kind is returned as it is.
    std : float
        Of the action, above 0. Smaller costs less live, and learns less.
    """
    if not 0 < std <= _MOST_STD:
        raise ValueError(f"std is {std}; it must be above 0 and at most {_MOST_STD:g}")
    if agent.network.shape.kind != "gaussian":
        return agent
    network = copy.deepcopy(agent.network)
    with torch.no_grad():
        network.log_std.fill_(float(np.log(std)))
    return Agent(network, agent.record, moments=agent.moments, base=agent.base)


def updated(agent: Agent, decisions: dict[str, np.ndarray], *, learning_rate: float = 3e-4,
            epochs: int = 10, clip: float = 0.2, gamma: float = 0.95, most_kl: float = 0.02,
            leash: float = 0.0, home: Agent | None = None, batch_size: int = 256,
            seed: int = 0) -> Agent:
    """An agent that has learned from days on which it acted with its own chance.

    Parameters
    ----------
    agent : Agent
        Of PPO, whose `Agent.sampled` took the actions. It stays as it is.
    decisions : dict
        Of :func:`decisions_of`.
    learning_rate : float
        Of Adam, above 0; small.
    epochs : int
        Passes over the decisions, at most.
    clip : float
        Epsilon of the ratio.
    gamma : float
        Discount of a decision.
    most_kl : float
        KL divergence from the policy that acted, at which the passes end.
    leash : float
        Beta, weight of the KL divergence from `home`, at least 0.
    home : Agent, optional
        Policy of the leash; by default `agent`.
    batch_size, seed : int

    Returns
    -------
    Agent
    """
    _must_be_ppo(agent)
    if not 0 < learning_rate < np.inf or leash < 0:
        raise ValueError(f"learning_rate is {learning_rate} and leash {leash}; they must be above "
                         f"0, and at least 0")
    seen, actions = decisions["seen"], decisions["actions"]
    better = torch.as_tensor(advantages(decisions, gamma), dtype=torch.float32)
    network = copy.deepcopy(agent.network)
    if hasattr(network, "log_std"):
        network.log_std.requires_grad_(False)  # how much is explored is a decision, not a lesson
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad],
                                 lr=learning_rate, eps=1e-5)
    with torch.no_grad():
        before = log_likelihood(agent, agent.network, seen, actions)
        there = (home or agent).network(torch.from_numpy(agent.seen(seen)))
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        for part in np.array_split(rng.permutation(len(seen)),
                                   max(1, round(len(seen) / batch_size))):
            at = torch.from_numpy(part)
            ratio = (log_likelihood(agent, network, seen[part], actions[part]) - before[at]).exp()
            gain = torch.min(ratio * better[at], ratio.clamp(1 - clip, 1 + clip) * better[at])
            loss = -gain.mean()
            if leash:
                now = network(torch.from_numpy(agent.seen(seen[part])))
                loss = loss + leash * _divergence(agent, there, now, at).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimiser.step()
        with torch.no_grad():
            log_ratio = log_likelihood(agent, network, seen, actions) - before
            if float((log_ratio.exp() - 1 - log_ratio).mean()) > most_kl:
                break
    if hasattr(network, "log_std"):
        network.log_std.requires_grad_(True)
    return Agent(network, agent.record, moments=agent.moments, base=agent.base)


def _divergence(agent, there, now, at) -> torch.Tensor:
    """KL divergence of the policy now from that of the leash, for each decision."""
    if agent.network.shape.kind == "categorical":
        home = torch.log_softmax(there.centre[at], dim=1)
        return (home.exp() * (home - torch.log_softmax(now.centre, dim=1))).sum(dim=1)
    return (0.5 * ((now.centre - there.centre[at]) / now.log_std.exp())**2).sum(dim=1)


def _must_be_ppo(agent: Agent) -> None:
    if agent.network.shape.kind not in ("gaussian", "categorical") or agent.base is not None:
        raise AgentError(f"{agent!r} cannot be fine-tuned from a log: only PPO without a rule "
                         f"beneath it tells how likely its actions were")
