"""Laws of the guard and of fine-tuning under it: what lost is not deployed, whoever chose it."""

import doctest

import numpy as np
import pandas as pd
import pytest

from lobsim.sim_to_real import Guard, Pilot, fine_tune, guard, proof_of

SMALL = Pilot(blocks=3, learn_days=4, guard_days=6, proof_days=12, most_loss_bps=1.0)


class Toy:
    """A policy whose cost is normal around a mean."""

    def __init__(self, mean):
        self.mean = mean


class ToyDesk:
    """Gives every day once."""

    def __init__(self, rng, spread=1.0):
        self.rng, self.spread, self.lived, self.worked = rng, spread, 0, []

    def work(self, policy, days):
        self.lived += days
        self.worked.append((policy, days))
        costs = self.rng.normal(policy.mean, self.spread, days)
        return pd.DataFrame({"schedule_bps": costs}), None


FALLBACK = Toy(0.0)


def tried(rng, means, pilot=SMALL):
    """Fine-tuning whose candidates have these means."""
    def learn(agent, desk, days, block):
        desk.work(agent, days)
        return Toy(means[block + 1])

    return fine_tune(Toy(means[0]), ToyDesk(rng), learn, fallback=FALLBACK, pilot=pilot)


def most(level, runs):
    """A share above which a level is not kept."""
    return level + 3 * (level * (1 - level) / runs)**0.5


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(guard).failed == 0


@pytest.mark.parametrize("means", [(0.0, 0.0, 0.0, 0.0), (0.5, 0.3, 0.1, 0.0)])
def test_what_is_no_better_than_the_fallback_is_deployed_no_more_often_than_alpha(means):
    rng, runs = np.random.default_rng(1), 150
    deployed = [tried(rng, means).is_fallback for _ in range(runs)].count(False)
    assert deployed / runs <= most(SMALL.alpha, runs)


def test_a_proof_has_its_level_and_finds_what_is_there():
    rng, runs = np.random.default_rng(2), 500
    for spread in (1.0, 4.0):  # of the candidate alone
        none = [proof_of(spread * rng.normal(size=15), rng.normal(size=15)).deploy
                for _ in range(runs)]
        assert np.mean(none) <= most(0.05, runs)
    clear = [proof_of(rng.normal(-1.5, 1, 15), rng.normal(size=15)).deploy for _ in range(200)]
    assert np.mean(clear) > 0.9


def test_a_guard_that_is_looked_at_after_every_block_seldom_stops_what_is_no_worse():
    rng, runs = np.random.default_rng(3), 100
    stopped = 0
    for _ in range(runs):
        watch = Guard(tau=1.0, least=20)
        for _ in range(15):
            watch.look(rng.normal(size=10), rng.normal(size=10))
        stopped += watch.verdict == "worse"
    assert stopped / runs <= most(0.05, runs)


def test_a_guard_stops_what_is_worse_soon_and_tells_the_difference():
    rng = np.random.default_rng(4)
    watch = Guard(tau=1.0, least=10)
    looks = 0
    while watch.look(rng.normal(2.0, 1, 10), rng.normal(0.0, 1, 10)) != "worse":
        looks += 1
    low, high = watch.interval
    assert looks <= 2 and 0 < low < 2.0 < high
    assert Guard().interval == (-np.inf, np.inf) and Guard().verdict == "not told apart"


def test_learning_that_helps_is_deployed_and_learning_that_harms_is_taken_back():
    rng = np.random.default_rng(5)
    helps = tried(rng, (0.5, -1.0, -2.0, -3.0))
    assert helps.best.mean == helps.deployed.mean == -3.0 and not helps.is_fallback
    harms = tried(rng, (-2.0, 2.5, -9.0, -9.0), Pilot(
        blocks=3, learn_days=4, guard_days=6, proof_days=12, most_loss_bps=20.0))
    assert harms.best.mean == -2.0 and len(harms.candidates) == 2
    assert "taken back" in harms.ended and harms.deployed is harms.best


def test_a_candidate_that_costs_too_much_ends_the_pilot_with_the_fallback():
    found = tried(np.random.default_rng(6), (8.0, 0.0, 0.0, 0.0), Pilot(guard_days=12))
    assert found.deployed is FALLBACK and found.best is None and found.proof is None
    assert found.is_fallback and "stopped" in found.ended
    assert found.blocks["verdict"].tolist() == ["worse"]


def test_the_proof_is_on_days_that_chose_nobody_and_every_day_is_counted_once():
    desk = ToyDesk(np.random.default_rng(7))
    found = fine_tune(Toy(-2.0), desk, lambda agent, d, days, block: (d.work(agent, days),
                                                                      Toy(-2.0))[1],
                      fallback=FALLBACK, pilot=SMALL)
    assert found.days == desk.lived == sum(days for _, days in desk.worked)
    (chosen, n), (fallback, m) = desk.worked[-2:]
    assert chosen is found.best and fallback is FALLBACK and n == m == SMALL.proof_days


def test_wrong_pilots_and_costs_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="guard_days is 1"):
        Pilot(guard_days=1)
    with pytest.raises(ValueError, match="step_alpha is 0.5"):
        Pilot(step_alpha=0.5)
    with pytest.raises(ValueError, match="alpha is 0.7"):
        Pilot(alpha=0.7)
    with pytest.raises(ValueError, match="costs of the candidate"):
        proof_of([np.nan, 1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least 2 of each"):
        proof_of([1.0], [1.0, 2.0])
