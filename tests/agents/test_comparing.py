"""Laws of judgement: intervals that cover, paired blocks, and an optimum that nobody beats."""

import doctest
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tiny_agents import CASES, training

from lobsim.agents import AgentError, compare, comparing, seeds
from lobsim.agents.comparing import Comparison, two_way_interval
from lobsim.agents.judging import JUDGES, play, score
from lobsim.envs.evaluate import evaluate, interval
from lobsim.envs.evaluate_making import certainty_equivalent
from lobsim.envs.evaluate_making import compare as making_compare
from lobsim.envs.making_rules import LinearQuotes, QuotePolicy


@pytest.fixture(scope="module")
def agents():
    """Three tiny agents of other training seeds for each world with an optimum."""
    return {case: [training(case, "ppo", seed).run() for seed in range(3)]
            for case in ("chriss", "stoikov")}


def test_one_agent_has_the_interval_of_its_episodes():
    values = np.random.default_rng(0).normal(1, 2, 40)
    assert two_way_interval(values) == pytest.approx(interval(values))
    assert two_way_interval(values[None]) == pytest.approx(interval(values))


@pytest.mark.parametrize("spread", [(0.0, 1.0, 1.0), (0.5, 1.0, 0.3), (1.0, 0.2, 0.2)])
def test_intervals_cover_the_mean_of_all_trainings_and_all_markets(spread):
    """Random effects of 5 agents, 60 episodes and their pairs: 95 % cover 0, within chance."""
    of_agent, of_episode, of_pair = spread
    rng = np.random.default_rng(7)
    hits, trials = 0, 1000
    for _ in range(trials):
        table = (of_agent * rng.normal(size=(5, 1)) + of_episode * rng.normal(size=(1, 60))
                 + of_pair * rng.normal(size=(5, 60)))
        mean, half = two_way_interval(table)
        hits += abs(mean) < half
    assert 0.93 < hits / trials < 0.99


def test_to_count_episodes_alone_would_be_too_sure():
    rng = np.random.default_rng(1)
    table = rng.normal(size=(5, 1)) + 0.1 * rng.normal(size=(5, 400))
    assert two_way_interval(table)[1] > 10 * interval(table.mean(axis=0))[1]


def test_the_table_is_what_the_environment_s_own_evaluation_says():
    case = CASES["execution"]
    found = compare(case, seeds=4, blocks=1)
    theirs = evaluate(case.benchmarks(None), episodes=4, seed=seeds.test_seed(0),
                      **case.settings).table()
    ours = found.table
    assert ours["shortfall_bps"].to_numpy() == pytest.approx(theirs["mean"].to_numpy())
    assert ours["controlled_bps"].to_numpy() == pytest.approx(theirs["controlled"].to_numpy())
    for name in ("std", "cvar", "completion", "maker_share"):
        assert ours[name].to_numpy() == pytest.approx(theirs[name].to_numpy())


def test_differences_of_certainty_equivalents_are_those_of_the_environment(agents):
    found = compare(CASES["stoikov"], agents["stoikov"][:1], seeds=30, blocks=1)
    own = found.episodes[found.episodes["policy"].isin(["PPO", "GLFT"])]
    gamma = CASES["stoikov"].settings["risk_aversion"]
    theirs = making_compare(own, "GLFT", gamma).loc["PPO"]
    ours = found.difference("PPO", "GLFT")
    assert ours["difference"] == pytest.approx(theirs["ce"])
    assert (ours["low"], ours["high"]) == pytest.approx((theirs["ce_low"], theirs["ce_high"]))
    profit = own[own["policy"] == "GLFT"]["profit"]
    assert found.table.loc["GLFT", "ce"] == pytest.approx(certainty_equivalent(profit, gamma)[0])


def test_blocks_are_other_seeds_and_together_they_are_all(agents):
    found = compare(CASES["chriss"], agents["chriss"], seeds=20, blocks=2)
    by_block = found.episodes.groupby("block")["seed"].unique()
    assert len(by_block) == 2 and not set(by_block[0]) & set(by_block[1])
    rows = {block: found.difference("PPO", "TWAP", "realised_bps", block)["difference"]
            for block in (0, 1, "all")}
    assert rows["all"] == pytest.approx((rows[0] + rows[1]) / 2)
    later = compare(CASES["chriss"], agents["chriss"], seeds=20, blocks=1, first_block=1)
    assert later.difference("PPO", "TWAP", "realised_bps")["difference"] == rows[1]
    members = found.episodes[found.episodes["policy"] == "PPO"]["member"].unique()
    assert list(members) == [0, 1, 2] and found.table.loc["PPO", "members"] == 3


def test_members_are_paired_with_themselves_blinded_and_sampled(agents):
    seen = training("signal", "ppo").run()
    found = compare(CASES["signal"], [seen], seeds=10, blocks=1, blinded=True, sampled=True)
    assert found.agents == ["PPO", "PPO, signals blanked", "PPO, sampled"]
    assert found.difference("PPO", "PPO, signals blanked")["half"] > 0
    pooled = compare(CASES["chriss"], agents["chriss"], seeds=10, blocks=1, sampled=True)
    against = pooled.difference("PPO", "PPO, sampled")
    own = pooled.contributions("PPO", "objective_bps")
    other = pooled.contributions("PPO, sampled", "objective_bps")
    assert (against["difference"], against["half"]) == pytest.approx(two_way_interval(own - other))


# -- nobody beats the optimum ----------------------------------------------------------------------


def test_no_agent_sells_a_block_cheaper_than_the_closed_form(agents):
    """The objective has no noise: not even by luck, whatever the agent, sampled ones included."""
    case = replace(CASES["chriss"], judge_envs=100)
    found = compare(case, agents["chriss"], seeds=100, sampled=True)
    best = case.optimum(case.vector(1))
    assert found.optimum == best
    for policy in found.table.index:
        assert (found.contributions(policy, "objective_bps") >= best * (1 - 1e-12)).all(), policy
    assert found.table.loc["optimum (closed form)", "objective_bps"] == pytest.approx(best)
    assert found.difference("PPO", "optimum (closed form)")["verdict"] == "worse"


def test_no_agent_quotes_better_than_the_dynamic_programme(agents):
    """Exactly for every agent; by simulation within what luck explains."""
    case = replace(CASES["stoikov"], judge_envs=500)
    found = compare(case, agents["stoikov"], seeds=500, blocks=2)
    best = case.optimum(case.vector(1))
    for agent in agents["stoikov"]:
        assert case.exact(case.vector(1, **agent.environment), agent) <= best + 1e-9
    assert found.exact["PPO"] <= best
    for policy in found.table.index:
        row = found.table.loc[policy]
        assert row["ce"] - 1.5 * row["ce_half"] <= best, policy
    optimum = found.benchmarks[-1]
    assert found.difference("PPO", optimum)["verdict"] != "better"


# -- the rest --------------------------------------------------------------------------------------


def test_scores_are_signed_so_that_more_is_better(agents):
    chriss, stoikov = CASES["chriss"], CASES["stoikov"]
    rules = chriss.benchmarks(chriss.vector(1))
    assert score(chriss, rules["optimum (closed form)"], 4, 1) == pytest.approx(-255.0711, abs=1e-3)
    env = stoikov.vector(4)
    good, bad = (score(stoikov, QuotePolicy(env, LinearQuotes(half=half)), 100, 1)
                 for half in (0.7, 0.01))
    assert good > bad
    assert all(judge.main is judge.measures[0] for judge in JUDGES.values())


def test_ties_are_not_told_apart_and_signs_are_right():
    case = CASES["chriss"]
    rows = [pd.DataFrame({"policy": name, "member": 0, "block": 0, "seed": range(20),
                          "objective_bps": cost, "realised_bps": cost, "shortfall_bps": cost})
            for name, cost in (("a", np.full(20, 3.0)), ("b", np.full(20, 3.0 + 1e-13)),
                               ("c", np.linspace(3.9, 4.1, 20)))]
    found = Comparison(case, pd.concat(rows), ["a"])
    assert found.difference("b", "a")["verdict"] == "not told apart"
    assert found.difference("c", "a")["verdict"] == "worse"
    assert found.difference("a", "c")["verdict"] == "better"


def test_an_interval_that_holds_zero_tells_nothing_apart():
    rows = [pd.DataFrame({"policy": name, "member": 0, "block": 0, "seed": range(20),
                          "objective_bps": cost, "realised_bps": cost, "shortfall_bps": cost})
            for name, cost in (("a", np.full(20, 3.0)), ("b", 3.01 + np.linspace(-1, 1, 20)))]
    told = Comparison(CASES["chriss"], pd.concat(rows), ["a"]).difference("b", "a")
    assert told["difference"] == pytest.approx(0.01) and told["low"] < 0 < told["high"]
    assert told["verdict"] == "not told apart"


@pytest.mark.parametrize("call, text", [
    (lambda a: compare("nothing"), "case is 'nothing'"),
    (lambda a: compare("chriss", seeds=1), "seeds is 1"),
    (lambda a: compare("chriss", blocks=0), "blocks 0"),
    (lambda a: compare("chriss", {"PPO": []}), "no agents"),
    (lambda a: compare("chriss", {"TWAP": a["chriss"]}), "both called 'TWAP'"),
    (lambda a: compare(CASES["stoikov"], a["chriss"]), "trained for case chriss"),
    (lambda a: play(CASES["chriss"], {}, 1, 0), "episodes is 1"),
])  # fmt: skip
def test_wrong_use_is_one_sentence(call, text, agents):
    with pytest.raises((ValueError, AgentError), match=text):
        call(agents)


def test_examples_in_the_docstrings_hold():
    failed, tried = doctest.testmod(comparing)
    assert tried > 0 and failed == 0
