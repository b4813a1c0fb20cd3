"""Policies under several fill rules: the same episodes, averaged members, and LEAN's rule last."""

import doctest
import importlib

import numpy as np
import pytest
from lean_agents import TASK

from lobsim.envs.baselines import AtOnceRule, PassiveTWAPRule, TWAPRule
from lobsim.envs.evaluate import evaluate
from lobsim.market.parts import FillRule
from lobsim.sim_to_real.lean_fills import compare_fill_rules, resting_odds

FEW = {"episodes": 6, "seed": 3, **TASK}


def test_each_rule_is_the_environments_own_on_the_same_seeds():
    found = compare_fill_rules({"passive": PassiveTWAPRule(6.0)}, **FEW).episodes
    for rule in ("queue", "touch"):
        own = evaluate({"passive": PassiveTWAPRule(6.0)}, parts=(FillRule(rule),), **FEW).episodes
        part = found[found["rule"] == rule]
        assert part["seed"].tolist() == own["seed"].tolist()
        assert part["shortfall_bps"].tolist() == own["shortfall_bps"].tolist()


def test_members_of_a_policy_count_as_one_and_differences_are_paired():
    pair = compare_fill_rules({"both": [TWAPRule(6.0), AtOnceRule()]}, **FEW)
    alone = compare_fill_rules({"TWAP": TWAPRule(6.0), "at once": AtOnceRule()}, **FEW).table()
    table = pair.table()
    assert len(pair.episodes) == 2 * 3 * FEW["episodes"]
    for rule in ("queue", "no_impact", "touch"):
        both = [alone.loc[(name, rule), "controlled_bps"] for name in ("TWAP", "at once")]
        assert table.loc[("both", rule), "controlled_bps"] == pytest.approx(np.mean(both))
        gap = (table.loc[("both", rule), "controlled_bps"]
               - table.loc[("both", "queue"), "controlled_bps"])
        assert table.loc[("both", rule), "controlled_difference"] == pytest.approx(gap)
    assert table.loc[("both", "queue"), "controlled_difference_half"] == 0.0


def test_under_leans_rule_any_size_crosses_at_the_quote():
    """So that it costs no more than the truth, and as much a share whatever the size."""
    table = compare_fill_rules({"at once": AtOnceRule()}, **FEW).table()["controlled_bps"]
    large = compare_fill_rules({"at once": AtOnceRule()}, **FEW | {"quantity": 6_000}).table()
    assert table["at once", "touch"] < table["at once", "queue"]
    assert large.loc[("at once", "touch"), "controlled_bps"] == pytest.approx(
        table["at once", "touch"], abs=1e-9)


def test_leans_rule_fills_a_resting_order_no_sooner_than_its_place_in_the_queue_would():
    given = {key: TASK[key] for key in ("profile", "start_s")}
    odds = resting_odds(horizons_s=(5.0, 30.0), episodes=40, quantity=3, **given)["filled"]
    for horizon_s in (5.0, 30.0):
        assert odds[horizon_s, "touch"] < odds[horizon_s, "no_impact"]
    assert odds[30.0, "queue"] > odds[5.0, "queue"]


@pytest.mark.parametrize("name", ["lean_export", "lean_fills"])
def test_examples_hold(name):
    result = doctest.testmod(importlib.import_module(f"lobsim.sim_to_real.{name}"))
    assert result.attempted > 0 and result.failed == 0
