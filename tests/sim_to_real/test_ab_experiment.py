"""Laws of the A/B test: fair and repeatable assignment, unbiased effect, variance that is true."""

import doctest
import math

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.sim_to_real import (
    Assigner,
    ab_assignment,
    ab_experiment,
    ab_plot,
    ab_test,
    adjusted,
    balance,
    stratified_difference,
)
from lobsim.sim_to_real.ab_assignment import redrawn

matplotlib.use("Agg")

CUTS = {"size_share": [0.02, 0.1], "volatility": [1.0]}


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def dealt(seed, orders=200, **kind):
    rng = np.random.default_rng([seed, 1])
    assigner = Assigner(CUTS, seed=seed, **kind)
    for k in range(orders):
        assigner.assign(k, size_share=rng.exponential(0.05), volatility=rng.lognormal())
    return assigner


def with_outcomes(table, rng, effect=0.0):
    """Costs that depend on the stratum and on the order's size, and on the arm by `effect`."""
    cost = 3.0 * table["stratum"] + 40 * table["size_share"] + rng.normal(0, 1, len(table))
    return table.assign(cost_bps=cost + effect * (table["arm"] == "new"),
                        day=np.arange(len(table)) // 20)


def test_examples_in_the_docstrings_hold():
    for module in (ab_assignment, ab_experiment):
        assert doctest.testmod(module).failed == 0


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**40), st.sampled_from([2, 4, 6]))
def test_every_full_block_of_a_stratum_is_half_and_half(seed, block):
    table = dealt(seed, 120, block=block).table
    for (_, number), own in table.groupby(["stratum", "block"]):
        new = int((own["arm"] == "new").sum())
        assert max(new, len(own) - new) <= block // 2
        if len(own) == block:
            assert new == block // 2
    strata = table.groupby("stratum")["arm"].apply(lambda arm: (arm == "new").sum() * 2 - len(arm))
    assert strata.abs().max() <= block // 2


def test_the_same_seed_deals_the_same_and_another_seed_otherwise():
    assert dealt(5).table.equals(dealt(5).table)
    assert (dealt(5).table["arm"] != dealt(6).table["arm"]).any()


def test_an_order_keeps_its_arm_and_others_do_not_move():
    rng = np.random.default_rng(1)
    once, twice = Assigner(CUTS, seed=3), Assigner(CUTS, seed=3)
    for k in range(60):
        attributes = {"size_share": rng.exponential(0.05), "volatility": rng.lognormal()}
        arm = once.assign(k, **attributes)
        assert twice.assign(k, **attributes) == twice.assign(k, **attributes) == arm


def test_arms_of_a_stratum_do_not_depend_on_orders_of_others():
    alone, mixed = Assigner(CUTS, seed=4), Assigner(CUTS, seed=4)
    own = {"size_share": 0.5, "volatility": 0.5}
    for k in range(40):
        mixed.assign(("other", k), size_share=0.01, volatility=2.0)
        assert alone.assign(k, **own) == mixed.assign(k, **own)


def test_a_restarted_assigner_goes_on_as_if_nothing_had_happened():
    whole, table = dealt(7, 100).table, dealt(7, 63).table
    rest = Assigner(CUTS, seed=7).resume(table)
    for row in whole[63:].to_dict("records"):
        rest.assign(row["order"], size_share=row["size_share"], volatility=row["volatility"])
    pd.testing.assert_frame_equal(rest.table, whole)
    with pytest.raises(ValueError, match="seed, cuts or blocks differ"):
        Assigner(CUTS, seed=8).resume(table)


def test_what_equals_a_cut_belongs_below_it():
    assigner = Assigner({"x": [1.0, 2.0]})
    assert [assigner.stratum(x=x) for x in (0.9, 1.0, 1.1, 2.0, 2.1)] == [0, 0, 1, 1, 2]


def test_redrawn_assignments_obey_the_design():
    table = dealt(9, 150).table
    new = redrawn(table["stratum"].to_numpy(), table["place"].to_numpy(), 4, 200,
                  np.random.default_rng(0))
    full = table.groupby(["stratum", "block"])["order"].transform("size").to_numpy() == 4
    for _, rows in table[full].groupby(["stratum", "block"]).groups.items():
        assert (new[:, rows].sum(axis=1) == 2).all()
    assert new.mean(axis=0) == pytest.approx(np.full(150, 0.5), abs=5 * math.sqrt(0.25 / 200))


def test_a_fair_assignment_passes_the_balance_check_and_a_rigged_one_does_not():
    p = []
    for seed in range(30):
        p.append(balance(dealt(seed, 60).table, list(CUTS), draws=39, seed=seed).p_value)
    assert sum(value <= 0.1 for value in p) <= 9  # 3 expected; more have a chance of 5e-4
    table = dealt(1).table
    table.loc[table["size_share"].nlargest(30).index, "arm"] = "new"
    assert balance(table, list(CUTS)).p_value < 0.005
    assert balance(table, list(CUTS)).table.loc["size_share", "difference"] > 0.3


def test_outcomes_lost_by_one_policy_alone_are_seen():
    table = with_outcomes(dealt(2).table, np.random.default_rng(2))
    assert balance(table, ["volatility"], outcome="cost_bps").missing_p == 1.0
    new = table.index[table["arm"] == "new"]
    table.loc[new[:15], "cost_bps"] = math.nan
    assert balance(table, ["volatility"], outcome="cost_bps").missing_p < 0.001


def test_stratified_effect_and_error_are_the_sums_by_hand():
    rng = np.random.default_rng(3)
    stratum, new, y = rng.integers(0, 3, 60), rng.random(60) < 0.5, rng.normal(size=60)
    effect = variance = 0.0
    for s in range(3):
        a, b = y[(stratum == s) & new], y[(stratum == s) & ~new]
        weight = (stratum == s).mean()
        effect += weight * (a.mean() - b.mean())
        variance += weight**2 * (a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    found = stratified_difference(y, new, stratum)
    assert (found.effect, found.standard_error) == pytest.approx((effect, math.sqrt(variance)))
    assert found.n_new == new.sum() and found.share == 1.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_effects_scale_with_the_unit_and_do_not_see_the_level(seed, level, unit):
    rng = np.random.default_rng(seed)
    stratum, new, y = rng.integers(0, 2, 30), np.arange(30) % 2 == 0, rng.normal(size=30)
    one, other = (stratified_difference(v, new, stratum) for v in (y, level + unit * y))
    assert other.effect == pytest.approx(unit * one.effect, abs=1e-8)
    assert other.standard_error == pytest.approx(unit * one.standard_error, rel=1e-6)


def test_strata_level_out_and_attributes_explain():
    table = with_outcomes(dealt(4, 600).table, np.random.default_rng(4), effect=0.5)
    y, new, stratum = table["cost_bps"], table["arm"] == "new", table["stratum"]
    plain = stratified_difference(y, new)
    layered = stratified_difference(y, new, stratum)
    found = adjusted(y, table[["size_share"]], new, stratum)
    sharp = stratified_difference(found.outcome, new, stratum)
    assert plain.standard_error > 1.5 * layered.standard_error > 1.5 * sharp.standard_error
    assert found.slopes[0] == pytest.approx(40, rel=0.1)
    for estimate in (plain, layered, sharp):
        assert abs(estimate.effect - 0.5) < 3.5 * estimate.standard_error


def test_adjusted_effect_is_unbiased_and_its_error_true():
    rng, z = np.random.default_rng(5), []
    table = dealt(6, 160).table
    for new in redrawn(table["stratum"].to_numpy(), table["place"].to_numpy(), 4, 120, rng):
        y = with_outcomes(table, rng)["cost_bps"].to_numpy() + 0.7 * new
        own = adjusted(y, table[["size_share"]], new, table["stratum"]).outcome
        found = stratified_difference(own, new, table["stratum"])
        z.append((found.effect - 0.7) / found.standard_error)
    assert abs(np.mean(z)) < 4 / math.sqrt(120)
    assert np.std(z) == pytest.approx(1.0, abs=0.25)


def test_an_attribute_that_says_nothing_changes_nothing():
    y, new = np.random.default_rng(6).normal(size=20), np.arange(20) % 2 == 0
    found = adjusted(y, np.ones((20, 2)), new)
    assert found.outcome == pytest.approx(y) and found.explained == pytest.approx(0)


def test_a_better_policy_is_found_and_an_equal_one_is_not():
    rng = np.random.default_rng(7)
    table = dealt(8, 800).table
    for effect in (-1.0, 0.0):
        orders = with_outcomes(table, rng, effect)
        result = ab_test(orders, "cost_bps", tau=1.0, attributes=["size_share"])
        looks = result.looks
        assert len(looks) == 40
        assert (looks["low"] <= effect).all() and (looks["high"] >= effect).all()
        assert looks["standard_error"].isna()[:3].all()  # fewer than 30 orders an arm
        if effect:
            assert result.decided is not None and "lower" in result.verdict
            assert looks["explained"].iloc[-1] > 0.5
        else:
            assert result.decided is None and "not told apart" in result.verdict


def test_an_effect_that_turns_round_is_called_a_contradiction():
    orders = with_outcomes(dealt(9, 1200).table, np.random.default_rng(8))
    sign = np.where(np.arange(1200) < 400, 4.0, -12.0)
    orders["cost_bps"] += sign * (orders["arm"] == "new")
    assert "contradict" in ab_test(orders, "cost_bps", tau=2.0).verdict


def test_orders_without_outcome_or_arm_are_refused():
    orders = with_outcomes(dealt(1, 60).table, np.random.default_rng(1))
    with pytest.raises(ValueError, match="1 orders have no cost_bps"):
        ab_test(orders.assign(cost_bps=orders["cost_bps"].where(orders.index > 0)), "cost_bps",
                tau=1.0)
    with pytest.raises(ValueError, match="'newer' and one other policy"):
        ab_test(orders, "cost_bps", tau=1.0, new="newer")
    with pytest.raises(ValueError, match="no volatility"):
        Assigner(CUTS).assign(1, size_share=0.1)
    with pytest.raises(ValueError, match="even number"):
        Assigner(CUTS, block=3)


def test_the_picture_shows_the_sequence_and_labels_its_axes():
    orders = with_outcomes(dealt(3, 300).table, np.random.default_rng(3), -2.0)
    result = ab_test(orders, "cost_bps", tau=1.0)
    fig = ab_plot(result)
    fig.canvas.draw()
    left, right = fig.axes
    assert "(bps)" in left.get_ylabel() and right.get_ylabel() == "p value"
    assert left.lines[0].get_ydata() == pytest.approx(result.looks["effect"].to_numpy())
