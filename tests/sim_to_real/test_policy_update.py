"""Laws of one step of learning from a log: likelihoods, the way it goes, and how far."""

import copy

import numpy as np
import pytest
import torch

from lobsim.agents.agent import Agent, AgentError
from lobsim.agents.networks import PolicyNetwork, PolicyShape
from lobsim.sim_to_real import decisions_of, updated, with_exploration
from lobsim.sim_to_real.policy_update import advantages, log_likelihood

SEEN = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)


def agent_of(kind, outputs, std=0.7, seed=0):
    torch.manual_seed(seed)
    network = PolicyNetwork(PolicyShape(3, outputs, kind, (16,), "tanh"))
    if kind == "gaussian":
        with torch.no_grad():
            network.log_std.fill_(float(np.log(std)))
    bounds = {"low": [-1.0] * outputs, "high": [1.0] * outputs} if kind == "gaussian" else {}
    return Agent(network, {"case": "mine", "algo": "ppo", "signals": []} | bounds)


def lived(agent, cost, rng):
    """Days of four decisions on which the agent acted with its chance."""
    actions = agent.sampled(rng)(SEEN)
    n = np.arange(len(SEEN))
    return {"seen": SEEN, "actions": actions, "costs": cost(SEEN, actions), "episode": n // 4,
            "step": n % 4}


def test_the_likelihood_of_all_that_can_be_sent_is_one():
    agent = agent_of("gaussian", 1, std=0.9)
    row = SEEN[:1]
    ends = log_likelihood(agent, agent.network, row.repeat(2, 0), [[-1.0], [1.0]]).exp().sum()
    grid = np.linspace(-1, 1, 20_001)[1:-1, None]
    inside = log_likelihood(agent, agent.network, row.repeat(len(grid), 0), grid).exp().mean() * 2
    assert float((ends + inside).detach()) == pytest.approx(1.0, abs=1e-3)
    discrete = agent_of("categorical", 5)
    all_five = log_likelihood(discrete, discrete.network, row.repeat(5, 0), np.arange(5)).exp()
    assert float(all_five.sum().detach()) == pytest.approx(1.0, abs=1e-6)


def test_ends_are_as_likely_as_they_are_sent():
    agent = agent_of("gaussian", 1, std=1.2)
    seen = SEEN[:1].repeat(40_000, 0)
    sent = agent.sampled(np.random.default_rng(1))(seen)
    at_end = float(log_likelihood(agent, agent.network, seen[:1], [[1.0]]).exp().detach())
    assert (sent == 1.0).mean() == pytest.approx(at_end, abs=0.01)


@pytest.mark.parametrize("kind", ["gaussian", "categorical"])
def test_what_costs_less_becomes_likelier_and_the_given_agent_stays(kind):
    agent = agent_of(kind, 1 if kind == "gaussian" else 3)
    before = copy.deepcopy(agent.network.state_dict())

    def cost(seen, actions):  # the best action is the largest one
        return -np.asarray(actions, float).reshape(len(seen))

    learned = agent
    for k in range(3):
        decisions = lived(learned, cost, np.random.default_rng(k))
        learned = updated(learned, decisions, learning_rate=3e-3, gamma=0.0, most_kl=0.2, seed=k)
    assert cost(SEEN, learned(SEEN)).mean() < cost(SEEN, agent(SEEN)).mean() - 0.2
    assert all((before[name] == value).all() for name, value in agent.network.state_dict().items())


def test_where_all_actions_cost_the_same_nothing_is_learned():
    agent = agent_of("gaussian", 1)
    same = updated(agent, lived(agent, lambda seen, actions: np.full(len(seen), 2.0),
                                np.random.default_rng(0)), learning_rate=1e-2)
    assert np.abs(same(SEEN) - agent(SEEN)).max() == 0


def test_a_cost_that_the_observation_foretells_is_no_reason_to_change():
    decisions = lived(agent_of("gaussian", 1), lambda seen, actions: 5.0 * seen[:, 0],
                      np.random.default_rng(0))
    chosen = decisions | {"costs": decisions["costs"] + 0.1 * decisions["actions"][:, 0]}
    found = advantages(chosen, 0.0)
    assert np.corrcoef(found, -decisions["actions"][:, 0])[0, 1] > 0.9
    assert found.mean() == pytest.approx(0, abs=1e-9) and found.std() == pytest.approx(1)


def test_a_leash_and_a_small_target_of_divergence_keep_it_near():
    agent = agent_of("gaussian", 1)
    decisions = lived(agent, lambda seen, actions: -actions[:, 0], np.random.default_rng(0))

    def moved(**changes):
        after = updated(agent, decisions, learning_rate=3e-3, gamma=0.0, **changes)
        return float(np.abs(after.scores(SEEN) - agent.scores(SEEN)).mean())

    free = moved(most_kl=10.0, epochs=20)
    assert moved(most_kl=10.0, epochs=20, leash=20.0) < 0.5 * free
    assert moved(most_kl=1e-4, epochs=20) < 0.5 * free


def test_exploration_is_what_was_asked_for_and_the_best_action_stays():
    agent = agent_of("gaussian", 1)
    careful = with_exploration(agent, 0.1)
    row = SEEN[:1].repeat(2000, 0)
    drawn = careful.sampled(np.random.default_rng(0))(row)
    assert drawn.std() == pytest.approx(0.1, rel=0.1)
    assert (careful(SEEN) == agent(SEEN)).all()
    with pytest.raises(ValueError, match="std is 0"):
        with_exploration(agent, 0)


def test_only_ppo_is_tuned():
    with pytest.raises(AgentError, match="cannot be fine-tuned"):
        updated(agent_of("values", 3), {})
    with pytest.raises(ValueError, match="no decision"):
        import pandas as pd

        decisions_of(pd.DataFrame({"event": [], "episode": [], "step": []}), None)
