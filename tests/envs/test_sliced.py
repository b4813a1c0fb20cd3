"""Rules between two curves, the terms they collect, and logs for a table of Q-learning."""

import numpy as np
import pandas as pd
import pytest

from lobsim.envs.baselines import TWAPRule
from lobsim.envs.evaluate import evaluate
from lobsim.envs.rewards import MARKED, REALISED
from lobsim.envs.sliced import (
    SLICE_ACTIONS,
    BandRule,
    SliceRule,
    band_family,
    episode_terms,
    explore_slices,
    leftover_costs,
)

SALE = {"quantity": 2000, "horizon_s": 120, "interval_s": 10, "schedule": "twap", "side": "sell"}


@pytest.fixture(scope="module")
def family():
    return episode_terms(band_family(12, 4), episodes=3, seed=5, **SALE)


def test_both_sums_of_terms_are_the_shortfall_of_every_rule(family):
    for terms in (MARKED, REALISED):
        np.testing.assert_allclose(family[list(terms)].sum(axis=1), family["shortfall"], atol=1e-9)


def test_a_floor_that_is_the_schedule_is_twap(family):
    found = evaluate({"TWAP": TWAPRule(30)}, episodes=3, seed=5, **SALE).episodes
    own = family[family["rule"] == "TWAP"]
    np.testing.assert_array_equal(own["shortfall"], found["shortfall_bps"])
    np.testing.assert_array_equal(own["seed"], found["seed"])


def test_who_waits_sells_nothing_and_who_crosses_sells_all(family):
    done = family.groupby("rule")["completion"].mean()
    assert done["wait"] == 0 and done["at once"] == 1 and done["TWAP"] == 1
    waited = family[family["rule"] == "wait"]
    assert (waited["execution"] == 0).all() and (waited["leftover"] > 0).all()


def test_a_front_loaded_schedule_carries_less_risk(family):
    risk = family.groupby("rule")["risk"].mean()
    assert risk["at once"] < risk["front 4"] < risk["front 2"] < risk["TWAP"] < risk["wait"]


def test_a_table_of_one_action_is_that_rule():
    table = np.full((4, 11), [name for name, *_ in SLICE_ACTIONS].index("cross 2"))
    sale = SALE | {"interval_s": 30}
    steps = np.minimum(0.2 * (np.arange(4) + 1), 1.0)
    found = episode_terms({"table": SliceRule(table), "curve": BandRule(steps, steps)}, episodes=2,
                          **sale)
    one, two = (found[found["rule"] == name].drop(columns="rule").reset_index(drop=True)
                for name in ("table", "curve"))
    pd.testing.assert_frame_equal(one, two)


def test_a_log_repeats_itself_and_stays_on_its_grid():
    sale = SALE | {"interval_s": 30}
    log = explore_slices(episodes=4, seed=3, **sale)
    pd.testing.assert_frame_equal(log, explore_slices(episodes=4, seed=3, **sale))
    assert log["left"].between(1, 10).all() and (log["next_left"] >= 0).all()
    assert set(log["seen"]) | set(log["next_seen"]) <= {0, 1, 2}
    crossed = log["action"] == len(SLICE_ACTIONS) - 1
    traded = log["left"] - log["next_left"]
    assert (traded[~crossed] <= 4).all() and (log.loc[log["action"] == 0, "cost"] == 0).all()


def test_the_leftover_costs_more_than_in_proportion():
    costs = leftover_costs(units=4, episodes=4, quantity=20_000, interval_s=10, side="sell")
    assert costs[0] == 0 and (np.diff(costs) > 0).all() and costs[4] > 2 * costs[2]


@pytest.mark.parametrize(("make", "message"), [
    (lambda: BandRule([0.0, 1.0], [1.0]), "one length"),
    (lambda: BandRule([0.0], [1.2]), "0 to 1"),
    (lambda: band_family(10, 4), "multiple"),
    (lambda: SliceRule([[0.5]]), "whole numbers"),
    (lambda: episode_terms({"a": BandRule([1.0], [1.0])}, episodes=1, **SALE), "12 decisions"),
    (lambda: explore_slices(episodes=1, units=7, **SALE), "equal parts"),
])
def test_what_does_not_fit_is_one_clear_error(make, message):
    with pytest.raises(ValueError, match=message):
        make()
