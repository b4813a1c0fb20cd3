"""Looking at agents tells what they did: fills add up, shares too, and a map is the policy."""

import doctest

import matplotlib.pyplot as plt
import numpy as np
import pytest
from tiny_agents import CASES, training

from lobsim.agents import compare, look
from lobsim.agents.look import (action_names, difference_plot, habits, habits_plot, paths_plot,
                                policy_map, policy_map_plot, walk)
from lobsim.envs.baselines import AtOnceRule, PassiveTWAPRule
from lobsim.envs.evaluate import evaluate


@pytest.fixture(scope="module")
def chooser():
    return training("execution", "dqn").run()


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_walk_is_the_episodes_of_the_evaluation(chooser):
    case = CASES["execution"]
    for policy in (PassiveTWAPRule(6), chooser):
        walked = walk(case, policy, episodes=3, seed=5)
        last = walked.groupby("episode").last()
        own = policy if policy is not chooser else (chooser, chooser.environment)
        settings = {**case.settings}
        for i in range(3):
            theirs = evaluate({"it": own}, episodes=2, seed=5 + i, **settings).episodes.iloc[0]
            assert last["shortfall_bps"][i] == pytest.approx(theirs["shortfall_bps"])
            assert len(walked[walked["episode"] == i]) == round(theirs["duration_s"] / 3.0)
        filled = walked.groupby("episode")[["posted", "crossed"]].sum()
        assert filled["posted"].to_numpy() == pytest.approx(last["maker_filled"].to_numpy())
        assert filled.sum(axis=1).to_numpy() == pytest.approx(last["filled"].to_numpy())
        assert (walked[["posted", "crossed"]] >= 0).all(axis=None)


def test_who_crosses_at_once_posts_nothing():
    walked = walk(CASES["execution"], AtOnceRule(), episodes=2)
    assert walked["posted"].sum() == 0 < walked["crossed"].sum()


def test_shares_of_actions_add_up_and_bins_hold_every_step(chooser):
    walked = walk(CASES["execution"], chooser, episodes=4)
    found = habits(walked, "seen.imbalance", bins=5)
    assert found.sum(axis=1).to_numpy() == pytest.approx(np.ones(len(found)))
    counts = habits(walked.assign(flat=0.0), "flat", bins=1)
    shares = walked["action"].value_counts(normalize=True).sort_index()
    assert counts.iloc[0].to_numpy() == pytest.approx(shares.to_numpy())


def test_a_map_is_the_policy_on_a_grid():
    case = CASES["signal"]
    agent = training("signal", "ppo").run()
    xs, ys, actions = policy_map(case, agent, "estimate", "inventory", points=5,
                                 at={"time_left": 0.5})
    assert actions.shape == (5, 5, 2) and (xs[0], ys[-1]) == (-6.0, 1.0)
    looks = np.array([[ys[1], 0.5, 0.0, xs[3]]], np.float32)
    assert actions[1, 3] == pytest.approx(agent(looks)[0], abs=1e-6)
    with pytest.raises(ValueError, match="'nonsense' is no column"):
        policy_map(case, agent, "nonsense", "inventory")


def test_columns_are_named_for_every_case():
    for name, case in CASES.items():
        space = case.vector(1).single_observation_space
        assert len(case.columns) == len(space.low), name
        assert all(0 <= k < len(case.columns) for k in case.signals)
    agent = training("execution", "dqn").agent()
    assert action_names(CASES["execution"], agent) == [
        "wait", "withdraw", "deeper 1", "join 1", "improve 1", "cross 1"]
    farther = CASES["execution"].with_settings(sizes=(2.0,), offsets=(0, 3))
    assert action_names(farther, None) == [
        "wait", "withdraw", "join 2", "improve by 3 ticks, 2", "cross 2"]
    assert action_names(CASES["execution"].with_settings(actions="pace"), None) == ["shift"]


def test_figures_show_what_was_counted(chooser):
    case = CASES["execution"]
    walked = walk(case, chooser, episodes=3)
    names = action_names(case, chooser)
    paths = paths_plot({"DQN": walked, "passive": walk(case, PassiveTWAPRule(6), 3)}).axes[0]
    assert [text.get_text() for text in paths.get_legend().get_texts()] == ["DQN", "passive"]
    found = habits(walked, "seen.time_left", bins=4)
    bars = habits_plot(found, names).axes[0]
    assert len(bars.patches) == found.size
    drawn = policy_map(case, chooser, "imbalance", "time_left", points=7, typical=walked)
    chart = policy_map_plot(drawn, "imbalance", "time_left", names).axes[0]
    shown = {text.get_text() for text in chart.get_legend().get_texts()}
    assert shown == {names[action] for action in np.unique(drawn[2])}


def test_the_plot_of_differences_has_a_whisker_for_every_number():
    found = compare(CASES["chriss"], [training("chriss", "ppo").run()], seeds=10)
    (ax,) = difference_plot(found, "realised_bps").axes
    points = {tuple(np.round(np.asarray(line.get_xdata(), float), 9)) for line in ax.lines}
    for block in (0, 1, "all"):
        wanted = tuple(round(found.difference("PPO", name, "realised_bps", block)["difference"], 9)
                       for name in found.benchmarks[::-1])
        assert wanted in points
    with pytest.raises(ValueError, match="no agent"):
        difference_plot(compare(CASES["chriss"], seeds=10))


def test_examples_in_the_docstrings_hold():
    failed, tried = doctest.testmod(look)
    assert tried > 0 and failed == 0
