"""Policies on the same seeds: summaries by their formulas, pairing, blocks, control variate."""

import doctest
import importlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lobsim.envs.baselines import (AlmgrenChrissRule, AtOnceRule, PassiveTWAPRule, POVRule,
                                   ScheduleRule, TWAPRule, default_rules)
from lobsim.envs.evaluate import Evaluation, RandomPolicy, cvar, evaluate
from lobsim.envs.seeding import episode_seeds
from small_markets import FLOWS, START_S, profile_of

SMALL = profile_of(*FLOWS["poisson"])
SETTINGS = dict(profile=SMALL, quantity=60, horizon_s=60.0, interval_s=3.0, start_s=START_S,
                slice_s=6.0)


def test_the_table_is_what_its_formulas_say():
    rng = np.random.default_rng(1)
    own, other = rng.normal(3, 2, 40), rng.normal(1, 2, 40)
    blank = dict(news_bps=0.0, reward=0.0, completion=1.0, maker_share=0.5, duration_s=1.0)
    rows = [pd.DataFrame({"policy": name, "seed": range(40), "shortfall_bps": cost,
                          "controlled_bps": cost / 2, **blank})
            for name, cost in (("a", own), ("b", other))]
    table = Evaluation(pd.concat(rows), "a").table()
    gap = other - own
    low, high = stats.t.interval(0.95, 39, gap.mean(), gap.std(ddof=1) / np.sqrt(40))
    assert table.loc["a", "mean"] == pytest.approx(own.mean())
    assert table.loc["a", "std"] == pytest.approx(own.std(ddof=1))
    assert table.loc["a", "cvar"] == pytest.approx(np.sort(own)[-2:].mean())
    assert table.loc["a", "difference"] == 0.0
    assert table.loc["b", "difference"] == pytest.approx(gap.mean())
    assert table.loc["b", "difference_half"] == pytest.approx((high - low) / 2)
    assert table.loc["b", "controlled_difference"] == pytest.approx(gap.mean() / 2)


def test_the_dearest_share_is_at_least_one_episode():
    assert cvar(np.array([1.0, 5.0, 2.0])) == 5.0
    assert cvar(np.arange(100.0), 0.1) == np.arange(90, 100).mean()


def test_side_by_side_or_one_by_one_gives_the_same_and_blocks_join():
    rules = {"passive": PassiveTWAPRule(6), "TWAP": TWAPRule(6)}
    whole = evaluate(rules, episodes=6, num_envs=64, **SETTINGS).episodes
    apart = evaluate(rules, episodes=6, num_envs=1, **SETTINGS).episodes
    pd.testing.assert_frame_equal(whole, apart)
    block = evaluate(rules, episodes=2, first=4, **SETTINGS).episodes
    later = whole[whole.seed.isin(episode_seeds(0, 4, 2))].reset_index(drop=True)
    pd.testing.assert_frame_equal(block, later)
    assert (block.groupby("seed").size() == 2).all()


def test_the_control_variate_takes_most_of_the_noise_of_the_price():
    told = evaluate({"TWAP": TWAPRule(6)}, episodes=40, **SETTINGS).table().loc["TWAP"]
    assert told["controlled_std"] < 0.6 * told["std"]


def test_every_rule_runs_and_a_function_of_observations_too():
    policies = default_rules(6) | {"random": RandomPolicy(10, seed=1),
                                   "blind": (lambda seen: np.where(seen[:, 7:].any(1), 99, 5),
                                             {"blind": True})}
    told = evaluate(policies, episodes=3, **SETTINGS).table()
    assert list(told.index) == list(policies)
    for name in ("TWAP", "VWAP", "Almgren-Chriss", "immediate", "passive TWAP"):
        assert told.loc[name, "completion"] > 0.8
    assert told.loc["TWAP", "maker_share"] == 0.0 < told.loc["passive TWAP", "maker_share"]


def test_almgren_chriss_goes_from_even_to_all_at_once():
    edges = np.linspace(0, 60, 11)
    even, early = AlmgrenChrissRule(1e-3, 6), AlmgrenChrissRule(20.0, 6)
    assert even.shares(None, 0, edges) == pytest.approx(edges / 60, abs=1e-6)
    assert early.shares(None, 0, edges)[1] > 0.85


@pytest.mark.parametrize("call, text", [
    (lambda: evaluate({}), "policies is empty"),
    (lambda: evaluate({"a": AtOnceRule()}, reference="b"), "reference is 'b'"),
    (lambda: evaluate({"a": AtOnceRule()}, episodes=1), "episodes is 1"),
    (lambda: evaluate({"a": ScheduleRule(5)}, episodes=2, **SETTINGS), "slice_s is 5"),
    (lambda: POVRule(1.0), "rate is 1"),
    (lambda: AlmgrenChrissRule(0.0), "kappa_horizon is 0"),
])  # fmt: skip
def test_wrong_use_is_one_sentence(call, text):
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize("name", ["evaluate", "randomise", "rewards", "seeding"])
def test_examples_in_docstrings_hold(name):
    module = importlib.import_module(f"lobsim.envs.{name}")
    failed, tried = doctest.testmod(module)
    assert tried > 0 and failed == 0
