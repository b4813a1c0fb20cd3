"""Laws of the detector of overfitting: whom it blames, how often it errs, and what leaves it be."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_agents import BUDGETS, CASES

from lobsim.agents.seeds import training_seed
from lobsim.agents.training import Training
from lobsim.envs.seeding import episode_seeds
from lobsim.sim_to_real import find_overfitting, history_seeds, overfitting, train_on_histories
from lobsim.sim_to_real.histories import gains_on

TIMES = 12
SEASON = 2.0 * np.sin(np.linspace(0, 2 * np.pi, TIMES))  # true of every day: best at a quarter


def days_of(rng, count):
    """Prices of days, (count, times): the season, and a walk that is the day's own."""
    return SEASON + rng.normal(0, 1.0, (count, TIMES)).cumsum(axis=1)


def timing(histories):
    """The tabular agent: sells when the mean of its histories was highest."""
    return int(histories.mean(axis=0).argmax())


def gains(days, time):
    """What it gets over the mean price of each day."""
    return days[:, time] - days.mean(axis=1)


def agents(count, histories, seed=0, fresh=300):
    rng = np.random.default_rng([seed, histories])
    new, own, there = days_of(rng, fresh), [], []
    for _ in range(count):
        some = days_of(rng, histories)
        own.append(gains(some, timing(some)))
        there.append(gains(new, timing(some)))
    return np.array(own), np.array(there)


def test_examples_in_the_docstring_hold():
    assert doctest.testmod(overfitting).failed == 0


def test_the_agent_of_one_history_is_blamed_and_that_of_many_is_not():
    one = find_overfitting(*agents(8, 1))
    assert one.overfitted(0.01) and one.low > 0 and one.own > 2 * one.fresh
    many = find_overfitting(*agents(8, 1000))
    assert not many.overfitted() and many.low < 0 < many.high
    assert many.fresh > one.fresh  # and it has learned what holds on every day
    assert "overfitted" in one.verdict and "not told apart" in many.verdict


@pytest.mark.parametrize(("agents_", "histories"), [(1, 1), (1, 8), (4, 1), (4, 8)])
def test_agents_who_learned_nothing_of_their_days_are_blamed_no_more_often_than_the_level(
        agents_, histories):
    rng, runs = np.random.default_rng([agents_, histories]), 150
    found = [find_overfitting(rng.standard_t(3, (agents_, histories)),
                              rng.standard_t(3, (agents_, 100)), draws=199, seed=k)
             for k in range(runs)]
    blamed = np.mean([one.overfitted(0.05) for one in found])
    assert blamed <= 0.05 + 3 * (0.05 * 0.95 / runs)**0.5
    covered = np.mean([one.low <= 0 <= one.high for one in found])
    assert covered >= 0.90


def test_p_of_one_day_is_its_rank_among_the_fresh_ones():
    fresh = np.arange(99.0)
    for own, better in ((200.0, 0), (94.5, 4), (49.5, 49)):
        found = find_overfitting([own], fresh, draws=20_000)
        assert found.p_value == pytest.approx((1 + better) / 100, abs=0.012)


@settings(max_examples=15, deadline=None)
@given(st.floats(-50, 50), st.floats(0.1, 20), st.integers(0, 99))
def test_the_gap_knows_neither_level_nor_unit(level, unit, seed):
    own, fresh = agents(2, 3, seed, fresh=40)
    first = find_overfitting(own, fresh, draws=50)
    second = find_overfitting(level + unit * own, level + unit * fresh, draws=50)
    assert second.gap == pytest.approx(unit * first.gap, abs=1e-7)
    assert second.high - second.low == pytest.approx(unit * (first.high - first.low), abs=1e-7)
    assert second.p_value == pytest.approx(first.p_value, abs=0.021)


def test_wrong_tables_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="own is of 2 agents and fresh of 1"):
        find_overfitting([[1.0], [2.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least 2 gains"):
        find_overfitting([1.0], [2.0])
    with pytest.raises(ValueError, match="not finite"):
        find_overfitting([np.nan], [2.0, 1.0])
    with pytest.raises(ValueError, match="histories is 0"):
        history_seeds(0, 0)


# -- trainings on histories ----------------------------------------------------------------------

TINY = {"steps": 320, "n_envs": 4, "batch_size": 40, "net": (16, 16), "validations": 1,
        "options": BUDGETS["ppo"]["options"]}


def played_seeds(monkeypatch, histories):
    """Market seeds that a training opens, in order, but for those of validation."""
    from lobsim.envs.execution_core import ExecutionCore

    opened, true = [], ExecutionCore.open

    def spy(self, rows, seeds, outcome):
        if len(self) == TINY["n_envs"]:  # validation plays eight side by side
            opened.extend(int(seed) for seed in seeds)
        return true(self, rows, seeds, outcome)

    monkeypatch.setattr(ExecutionCore, "open", spy)
    agent = train_on_histories(CASES["execution"], "ppo", 3, histories=histories, **TINY)
    monkeypatch.setattr(ExecutionCore, "open", true)
    return opened, agent


def test_a_training_plays_its_histories_alike_often_and_no_others(monkeypatch):
    for histories in (1, 3):
        opened, agent = played_seeds(monkeypatch, histories)
        own = history_seeds(3, histories)
        assert set(opened) == set(own) and agent.record["histories"] == own
        counts = [opened.count(seed) for seed in own]
        assert max(counts) - min(counts) <= TINY["n_envs"]


def test_with_ever_new_histories_it_is_the_usual_training(monkeypatch):
    opened, agent = played_seeds(monkeypatch, None)
    assert len(set(opened)) > 2 * TINY["n_envs"] and agent.record["histories"] == []
    usual = Training(CASES["execution"], "ppo", 3, **TINY)
    usual.run()
    twin = usual.agent()
    for name, value in twin.network.state_dict().items():
        assert (value == agent.network.state_dict()[name]).all()


def test_an_agent_gains_nothing_over_itself_and_days_are_those_of_the_seed():
    case = CASES["execution"]
    agent = train_on_histories(case, "ppo", 3, histories=1, **TINY)
    rule = (agent, agent.environment)
    assert (gains_on(case, [agent], rule, days=3, seed=training_seed(3)) == 0).all()
    assert history_seeds(3, 2) == episode_seeds(training_seed(3), 0, 2).tolist()
    waits = gains_on(case, [lambda seen: np.zeros(len(seen), int)], rule, days=1, seed=5)
    assert waits.shape == (1, 1)
