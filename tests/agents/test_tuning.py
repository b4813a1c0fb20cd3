"""Hand-written rules are tuned to what costs least, on seeds of their own."""

import doctest

import numpy as np
import pandas as pd
import pytest

from lobsim.agents import evolution, seeds, tuning
from lobsim.agents.cases import find_case
from lobsim.agents.evolution import evolved
from lobsim.agents.tuning import tuned_pace, tuned_signals
from lobsim.envs.evaluate_making import evaluate
from lobsim.market.parts import Fundamental


def test_the_pace_follows_a_trend_and_not_its_opposite():
    steep = Fundamental(volatility_bps=0.5, trend_bps_per_min=-20.0)
    case = find_case("pacing").with_settings(quantity=1_000, horizon_s=600.0, parts=(steep,))
    rule = tuned_pace(case, weights=(-100.0, 0.0, 100.0), late_s=(20.0,), episodes=4)
    assert rule.weights == {"trend": 100.0} and rule.late_s == 20.0


# -- the evolution strategy ------------------------------------------------------------------------


def test_the_top_of_a_tilted_ridge_is_found_through_noise_that_candidates_share():
    """A quadratic whose axes are a hundred to one, and lie across the numbers."""
    rng, top = np.random.default_rng(5), np.array([1.0, -2.0, 0.5])
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    bend = turn @ np.diag([1.0, 10.0, 100.0]) @ turn.T

    def scores(points, generation):
        off = points - top
        return -np.einsum("ij,jk,ik->i", off, bend, off) + 1e3 * rng.normal()

    found = evolved(scores, np.zeros(3), np.ones(3), generations=120, seed=1)
    assert found == pytest.approx(top, abs=0.01)


def test_a_search_is_repeatable_and_does_not_depend_on_the_units_of_its_numbers():
    def scores(points, generation):
        return -np.abs(points - 3.0).sum(axis=1)

    def scaled(points, generation):
        return scores(points / 100.0, generation)

    one = evolved(scores, [0.0, 1.0], [1.0, 1.0], generations=9, seed=4)
    assert one.tolist() == evolved(scores, [0.0, 1.0], [1.0, 1.0], generations=9, seed=4).tolist()
    assert one.tolist() != evolved(scores, [0.0, 1.0], [1.0, 1.0], generations=9, seed=5).tolist()
    other = evolved(scaled, [0.0, 100.0], [100.0, 100.0], generations=9, seed=4)
    assert other == pytest.approx(100.0 * one)


def test_a_search_without_generations_or_parents_is_refused():
    for wrong in ({"generations": 0}, {"generations": 3, "candidates": 3}):
        with pytest.raises(ValueError, match="must be at least 1 and 4"):
            evolved(lambda points, generation: points[:, 0], [0.0], [1.0], **wrong)


def test_examples_in_the_docstrings_hold():
    failed, tried = doctest.testmod(evolution)
    assert tried > 0 and failed == 0


# -- the rule that uses all signals ----------------------------------------------------------------

BEST = {"half": 0.7, "swing": 1.0, "lean": 1.5, "slow": 3.0, "fast": 2.0, "move": 0.5,
        "imbalance": -1.0, "near_imbalance": 1.0, "ofi": 0.5, "volume": 0.2}


def test_the_rule_of_all_signals_is_tuned_to_the_certainty_equivalent_without_the_news(monkeypatch):
    """A made-up market: news are huge, and a larger ``lean`` than 1.5 earns more but risks more.

    Mean 0.2 lean and standard deviation s lean: the best is 0.2 / (gamma s^2) for
    CE = 0.2 lean - gamma/2 s^2 lean^2, with s such that it is 1.5. Other numbers have their best.
    """
    asked = []

    def market(env, rules, episodes, seed):
        asked.append((episodes, seed))
        rng = np.random.default_rng(seed)
        luck = np.tile([-1.0, 1.0], episodes // 2) * np.sqrt(0.2 / (0.1 * 1.5))
        luck *= np.sqrt((episodes - 1) / episodes)  # of the sample variance
        tables = []
        for name, rule in rules.items():
            off = sum((getattr(rule, one) - best)**2 for one, best in BEST.items() if one != "lean")
            news = 30.0 * rng.normal(size=1) + np.zeros(episodes)  # moves the means alone
            profit = 0.2 * rule.lean + luck * rule.lean - off + news
            tables.append(pd.DataFrame({"policy": name, "profit": profit, "news_gain": news}))
        return pd.concat(tables)

    monkeypatch.setattr(tuning.making, "evaluate", market)
    found = tuned_signals("making", generations=120, episodes=4)
    assert found == pytest.approx(BEST, abs=0.1)
    assert asked == [(4, seeds.TUNING + 4 * generation) for generation in range(120)]


def test_the_rule_of_all_signals_is_tuned_on_the_market_itself_and_on_tuning_seeds(monkeypatch):
    played = []

    def spy(*arguments):
        played.append(evaluate(*arguments))
        return played[-1]

    monkeypatch.setattr(tuning.making, "evaluate", spy)
    short = find_case("making").with_settings(session_s=10.0)
    found = tuned_signals(short, start={"half": -1.0}, generations=2, candidates=4, episodes=3)
    seen = pd.concat(played)["seed"]
    assert sorted(set(seen)) == [seeds.TUNING + k for k in range(6)] and len(seen) == 24
    assert set(found) == set(tuning.UNITS) and found["half"] >= 0
    with pytest.raises(ValueError, match="start has .'hlaf'.; the numbers are half, swing"):
        tuned_signals(short, start={"hlaf": 1.0})
