"""Laws of an agent: it acts as what was trained, comes back from its files, can be blinded."""

import doctest
import json
import pickle
from dataclasses import fields

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.vec_env import DummyVecEnv
from tiny_agents import BUDGETS, CASES, KINDS, seen, training

from lobsim.agents import Agent, AgentError, Recipe, agent, networks
from lobsim.agents.algorithms import Budget, build, policy_of, values_of
from lobsim.agents.networks import DepthConv, PolicyNetwork, PolicyShape
from lobsim.envs.making_rules import LinearQuotes, SignalQuotes


@pytest.fixture(scope="module")
def trained():
    """A tiny training of every kind that is over, by case and algorithm."""
    found = {}
    for case, algo in KINDS:
        one = training(case, algo, normalise_observations=(case, algo) == ("chriss", "ppo"))
        one.run()
        found[case, algo] = one
    return found


each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_it_acts_as_the_model_that_was_trained(kind, trained):
    one = trained[kind]
    looks, now = seen(kind[0]), one.agent()
    given = looks if one.normal is None else one.normal.normalize_obs(looks)
    theirs, _ = one.model.predict(given, deterministic=True)
    if one.base is not None:
        theirs = np.clip(one.base(looks) + one.recipe.residual * theirs, -1, 1).astype(np.float32)
    ours = now(looks)
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    assert ours == pytest.approx(theirs, abs=2e-6)
    assert now(looks[:1]) == pytest.approx(ours[:1], abs=2e-6)


@each_kind
def test_it_comes_back_from_its_files_bit_for_bit(kind, trained, tmp_path):
    now = trained[kind].agent()
    again = Agent.load(now.save(tmp_path / "a"))
    looks = seen(kind[0], 200)
    assert again(looks).tobytes() == now(looks).tobytes()
    rngs = np.random.default_rng(1), np.random.default_rng(1)
    assert again.sampled(rngs[0])(looks).tobytes() == now.sampled(rngs[1])(looks).tobytes()
    twice = again.save(tmp_path / "b")
    for name in (agent.ARRAYS, agent.RECORD):
        assert (twice / name).read_bytes() == (tmp_path / "a" / name).read_bytes()
    record = json.loads((twice / agent.RECORD).read_text())
    assert {"case", "algo", "seed", "steps", "recipe", "task", "versions", "made_by",
            "validation", "environment"} <= set(record)


@pytest.mark.parametrize("case, kind", [("signal", LinearQuotes), ("making", SignalQuotes)])
def test_the_record_says_to_which_rule_it_adds_and_by_which_numbers(case, kind, trained, tmp_path):
    now = trained[case, "ppo"].agent()
    folder = now.save(tmp_path)
    kept = json.loads((folder / agent.RECORD).read_text())["base"]
    rule = getattr(now.base, "quotes", now.base)
    assert type(rule) is kind
    assert kept == {"rule": kind.__name__} | {name: getattr(rule, name) for name in kept
                                              if name != "rule"}
    assert {field.name for field in fields(kind)} - {"env"} == set(kept) - {"rule"}
    looks = seen(case)
    again = Agent.load(folder)
    assert again.base(looks).tobytes() == now.base(looks).tobytes()
    assert np.abs(again.base(looks)).max() > 0


def test_a_record_without_a_rule_s_name_is_of_linear_quotes_and_an_unknown_one_is_refused(
        trained, tmp_path):
    now = trained["signal", "ppo"].agent()
    folder = now.save(tmp_path)
    record = json.loads((folder / agent.RECORD).read_text())
    del record["base"]["rule"]
    (folder / agent.RECORD).write_text(json.dumps(record))
    looks = seen("signal")
    assert Agent.load(folder)(looks).tobytes() == now(looks).tobytes()
    for base in ({"rule": "eval"}, {"rule": "LinearQuotes", "odd": 1.0}, {}):
        (folder / agent.RECORD).write_text(json.dumps(record | {"base": base}))
        with pytest.raises(AgentError, match="the rule of the agent .* cannot be read"):
            Agent.load(folder)


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_with_a_small_head_a_residual_agent_begins_at_its_rule(algo):
    looks = seen("signal")
    first = {}
    for scale in (None, 0.01):
        asked = BUDGETS[algo]["options"] | ({"head_scale": scale} if scale else {})
        one = training("signal", algo, residual=0.5, options=asked)
        now = one.agent()
        first[scale] = np.abs(now(looks) - np.clip(one.base(looks), -1, 1)).max()
        if scale:
            assert (now.network.head.bias == 0).all()
            assert (now.network.head.weight != 0).any()  # it is small, and not asleep
    assert 0 < first[0.01] < 0.1 * first[None] and first[0.01] < 0.01


@each_kind
def test_actions_lie_in_the_action_space(kind, trained):
    now = trained[kind].agent()
    space = CASES[kind[0]].vector(1, **now.environment).single_action_space
    looks = seen(kind[0])
    for policy in (now, now.sampled(np.random.default_rng(0))):
        assert all(space.contains(action) for action in policy(looks))


def test_the_network_s_copy_does_not_learn_on(trained):
    one = trained["chriss", "sac"]
    before = one.agent()
    kept = before.scores(seen("chriss")).copy()
    with torch.no_grad():
        for weight in one.model.actor.parameters():
            weight.add_(0.1)
    assert (before.scores(seen("chriss")) == kept).all()
    assert (one.agent().scores(seen("chriss")) != kept).any()


def an_agent(kind, outputs=3, columns=2, **record):
    shape = PolicyShape(columns, outputs, kind, (8,), "tanh")
    low, high = [-1.0] * outputs, [1.0] * outputs
    return Agent(PolicyNetwork(shape), {"case": "mine", "algo": "ppo", "low": low, "high": high,
                                        "signals": [1]} | record)


def test_sampled_policies_have_the_probabilities_of_their_heads():
    looks = np.tile(np.array([[0.3, -0.7]], np.float32), (40_000, 1))
    rng = np.random.default_rng(3)
    chooser = an_agent("categorical")
    logits = chooser.scores(looks[:1])[0]
    wanted = np.exp(logits) / np.exp(logits).sum()
    shares = np.bincount(chooser.sampled(rng)(looks), minlength=3) / len(looks)
    assert shares == pytest.approx(wanted, abs=0.01)
    stray = an_agent("values", epsilon=0.3)
    best = stray(looks)[0]
    shares = np.bincount(stray.sampled(rng)(looks), minlength=3) / len(looks)
    assert shares[best] == pytest.approx(0.7 + 0.1, abs=0.01)
    normal = an_agent("gaussian")
    normal.network.log_std.data[:] = -3.0
    drawn = normal.sampled(rng)(looks)
    assert drawn.mean(axis=0) == pytest.approx(normal(looks)[0], abs=0.002)
    assert drawn.std(axis=0) == pytest.approx(np.exp([-3.0] * 3), rel=0.02)


def test_a_blinded_agent_looks_at_the_order_alone_and_leaves_the_first_as_it_was():
    sighted = an_agent("gaussian")
    looks = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    other = looks.copy()
    other[:, 1] = 5.0
    blind = sighted.blinded()
    assert (blind(looks) == blind(other)).all() and (sighted(looks) != sighted(other)).any()
    assert (looks[:, 1] != 0).all(), "the caller's observations were changed"
    with pytest.raises(AgentError, match="no signals"):
        an_agent("gaussian", signals=[]).blinded()


# -- files that are no agents ----------------------------------------------------------------------


def test_arrays_that_would_run_code_are_refused(tmp_path):
    folder = an_agent("values").save(tmp_path)
    ran = tmp_path / "ran"

    class Attack:
        def __reduce__(self):
            return open, (str(ran), "w")

    with np.load(folder / agent.ARRAYS) as file:
        arrays = dict(file)
    np.savez(folder / agent.ARRAYS, **arrays | {"head.bias": np.array([Attack()], dtype=object)})
    with pytest.raises(AgentError, match="cannot be read"):
        Agent.load(folder)
    (folder / agent.ARRAYS).write_bytes(pickle.dumps(Attack()))
    with pytest.raises(AgentError, match="cannot be read"):
        Agent.load(folder)
    assert not ran.exists()


@pytest.mark.parametrize("damage", [
    lambda folder: (folder / agent.RECORD).write_text("{"),
    lambda folder: (folder / agent.RECORD).write_text("[]"),
    lambda folder: (folder / agent.RECORD).write_text('{"format": 99, "network": {}}'),
    lambda folder: (folder / agent.ARRAYS).write_bytes(b"PK"),
    lambda folder: (folder / agent.ARRAYS).unlink(),
    lambda folder: np.savez(folder / agent.ARRAYS, head=np.zeros(3)),
])  # fmt: skip
def test_damaged_files_are_one_sentence(damage, tmp_path):
    folder = an_agent("values").save(tmp_path)
    damage(folder)
    with pytest.raises(AgentError, match="cannot be read") as told:
        Agent.load(folder)
    assert "\n" not in str(told.value)


def test_what_does_not_fit_is_told():
    with pytest.raises(AgentError, match="no folder of an agent"):
        Agent.load("no-such-agent")
    with pytest.raises(AgentError, match=r"shape \(4, 3\)"):
        an_agent("values")(np.zeros((4, 3)))
    with pytest.raises(AgentError, match="rule, which is missing"):
        an_agent("gaussian", residual=0.5)
    with pytest.raises(ValueError, match="kind is 'odd'"):
        an_agent("odd")


# -- networks --------------------------------------------------------------------------------------


class Noise(gymnasium.Env):
    """Observations at random, with a book of ten levels in the last columns."""

    observation_space = spaces.Box(0, 1, (4 + 20,), np.float32)
    action_space = spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.np_random.random(24, dtype=np.float32), {}

    def step(self, action):
        return self.np_random.random(24, dtype=np.float32), 0.0, False, False, {}


@pytest.mark.parametrize("algo", ["ppo", "dqn"])
def test_a_network_over_depth_is_trained_and_acts_the_same_outside(algo):
    recipe = Recipe(features="depth", net=(8, 8), batch_size=16)
    model = build(algo, recipe, DummyVecEnv([Noise]), Budget(100, None), levels=10)
    looks = np.random.default_rng(0).random((30, 24)).astype(np.float32)
    outside = Agent(policy_of(model, recipe, levels=10), {"case": "noise", "algo": algo})
    assert (outside(looks) == model.predict(looks, deterministic=True)[0]).all()
    assert values_of(model, looks).shape == (30,)


def test_the_convolution_sees_both_sides_of_neighbouring_levels_with_the_same_weights():
    net = DepthConv(columns=3 + 16, levels=8)
    flat = net.conv[:-1]  # without the flattening: (N, channels, levels)

    def found(own, other):
        with torch.no_grad():
            return flat(torch.tensor(np.array([[own, other]]), dtype=torch.float32))[0]

    lone, empty = np.eye(8), np.zeros(8)
    first, later = found(lone[3], empty), found(lone[4], empty)
    assert torch.allclose(first[:, 1:6], later[:, 2:7], atol=1e-6)  # the same, one level on
    assert not torch.allclose(first, found(empty, lone[3]), atol=1e-4)  # sides are told apart
    nothing = found(empty, empty)
    far = (first - nothing).abs().sum(dim=0) > 1e-9
    assert far.tolist() == [False, True, True, True, True, True, False, False]  # five levels
    looks = torch.rand(2, 19)
    assert torch.equal(net(looks)[:, :3], looks[:, :3])  # plain columns pass


def test_double_q_learning_takes_the_value_from_the_other_network():
    """One state, two actions: the online network prefers 0, the target thinks little of it."""
    losses = {}
    for double in (False, True):
        model = training("execution", "dqn", options={"double": double}).model
        for net, values in ((model.q_net, [1.0, 0.0]), (model.q_net_target, [-3.0, 5.0])):
            last = net.q_net[-1]
            with torch.no_grad():
                last.weight.zero_()
                last.bias.fill_(-9.0)
                last.bias[:2] = torch.tensor(values)
        buffer = model.replay_buffer
        looks = np.zeros((4, 18), np.float32)
        for _ in range(10):
            buffer.add(looks, looks, np.zeros((4, 1)), np.zeros(4, np.float32), np.zeros(4),
                       [{}] * 4)
        model._logger = training("chriss", "ppo").model.logger
        model._current_progress_remaining = 1.0
        model.train(1, 8)
        losses[double] = model.logger.name_to_value["train/loss"]
    gamma = CASES["execution"].recipe("dqn").gamma
    for double, ahead in ((False, 5.0), (True, -3.0)):
        assert losses[double] == pytest.approx(abs(gamma * ahead - 1.0) - 0.5, rel=1e-5)


def test_examples_in_the_docstrings_hold():
    for module in (agent, networks):
        failed, tried = doctest.testmod(module)
        assert tried > 0 and failed == 0
