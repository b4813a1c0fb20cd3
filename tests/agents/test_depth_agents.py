"""Agents that look at the depth of the book: trained, kept, blinded, compared, mapped."""

import numpy as np
import pytest
from tiny_agents import BUDGETS, CASES, seen, training

from lobsim.agents import Agent, look, train
from lobsim.agents.judging import play
from lobsim.agents.networks import DepthConv
from lobsim.agents.training import Training
from lobsim.envs.execution_layout import depth_names

LEVELS = 4
COLUMNS = 18 + 2 * LEVELS


@pytest.fixture(scope="module")
def depth():
    """A tiny training of PPO with the convolution, that is over."""
    one = training("execution", "ppo", depth_levels=LEVELS, features="depth")
    one.run()
    return one


def test_the_convolution_is_trained_on_the_levels(depth):
    fresh = training("execution", "ppo", depth_levels=LEVELS, features="depth").agent()
    now = depth.agent()
    assert isinstance(now.network.features, DepthConv)
    assert now.network.features.levels == LEVELS and now.network.features.plain == 18
    before, after = (one.network.state_dict()["features.conv.0.weight"] for one in (fresh, now))
    assert not np.array_equal(before, after)
    looks = seen("execution", depth_levels=LEVELS)
    other = looks.copy()
    other[:, 18:] = np.roll(looks[:, 18:], 1, axis=0)
    assert np.abs(now.scores(looks) - now.scores(other)).max() > 1e-4


def test_it_acts_outside_and_from_its_files_as_the_model_that_was_trained(depth, tmp_path):
    looks, now = seen("execution", 200, depth_levels=LEVELS), depth.agent()
    theirs, _ = depth.model.predict(looks, deterministic=True)
    again = Agent.load(now.save(tmp_path))
    assert looks.shape == (200, COLUMNS)
    assert np.array_equal(now(looks), theirs)
    assert again(looks).tobytes() == now(looks).tobytes()
    assert again.scores(looks).tobytes() == now.scores(looks).tobytes()
    assert again.environment["depth_levels"] == LEVELS
    assert again.label == "PPO, 4 levels by convolution"
    case = CASES["execution"]
    first, second = (play(case, {"it": one}, 4, 3) for one in (now, again))
    assert first.equals(second)


def test_what_it_sees_is_its_own_and_the_task_is_that_of_agents_that_see_less(depth):
    flat = training("execution", "ppo").run()
    found = play(CASES["execution"], {"flat": flat, "depth": depth.agent()}, 4, 3)
    assert found.groupby("policy")["seed"].apply(list).map(tuple).nunique() == 1
    assert "depth_levels" not in depth.agent().record["task"]
    assert "depth_levels" not in flat.environment and flat.label == "PPO"


@pytest.mark.parametrize("way", ["blinded", "trained blind"])
def test_who_is_blind_sees_no_level(depth, way):
    if way == "blinded":
        blind = depth.agent().blinded()
    else:
        blind = training("execution", "ppo", depth_levels=LEVELS, blind=True).run()
    looks = seen("execution", depth_levels=LEVELS)
    other = looks.copy()
    other[:, 7:] = np.roll(looks[:, 7:], 1, axis=0)
    assert blind.scores(looks).tobytes() == blind.scores(other).tobytes()
    other[:, 1] = 1 - other[:, 1]
    assert blind.scores(looks).tobytes() != blind.scores(other).tobytes()


def test_a_case_with_levels_reaches_the_agent_too():
    case = CASES["execution"].with_settings(depth_levels=LEVELS)
    agent = Training(case, "ppo", 1, **BUDGETS["ppo"] | {"steps": 80, "validations": 1}).run()
    assert agent.network.shape.columns == COLUMNS and agent.network.shape.levels == 0
    assert agent.environment["depth_levels"] == LEVELS and agent.label == "PPO, 4 levels"
    play(CASES["execution"], {"it": agent}, 2, 3)  # in the case that shows none


def test_walks_and_maps_know_the_levels_by_name(depth):
    case, agent = CASES["execution"], depth.agent()
    walked = look.walk(case, agent, episodes=2)
    names = [f"seen.{name}" for name in depth_names(LEVELS)]
    assert (walked[names] >= 0).all(axis=None) and (walked[names].std() > 0).all()
    xs, ys, actions = look.policy_map(case, agent, "own_level_1", "other_level_4", points=3,
                                      typical=walked)
    looks = walked.filter(like="seen.").median().to_numpy(np.float32)[None].copy()
    looks[:, 18], looks[:, -1] = xs[2], ys[0]
    assert looks.shape == (1, COLUMNS) and actions[0, 2] == agent(looks)[0]
    with pytest.raises(ValueError, match="'own_level_5' is no column"):
        look.policy_map(case, agent, "own_level_5", "left")


@pytest.mark.parametrize("case, given, text", [
    ("execution", {"features": "depth"}, "features is 'depth'; this environment shows no depth"),
    ("execution", {"features": "depth", "depth_levels": 2}, "there must be at least 3 levels"),
    ("execution", {"depth_levels": -1}, "depth_levels is -1; it must be a whole number"),
    ("execution", {"depth_levels": "deep"}, "depth_levels is 'deep'"),
    ("chriss", {"depth_levels": 5}, "depth_levels is neither an argument of a recipe nor"),
])  # fmt: skip
def test_wrong_depth_is_one_sentence(case, given, text):
    with pytest.raises(ValueError, match=text) as told:
        train(case, "ppo", **given)
    assert "\n" not in str(told.value)
