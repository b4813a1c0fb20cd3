"""Impact by experiment: concave, decaying, alike on both sides, and absent where it should be."""

import doctest
import math

import numpy as np
import pytest
from calm_market import CALM, PRICE, SIGMA_BPS, TICK, VOLUME

from lobsim.analytics import impact, impact_results
from lobsim.analytics.impact import (fit_power_law, impact_curve, inject_metaorder, mean_interval,
                                     relaxation_law)
from lobsim.analytics.impact_runs import FreeMids, Leg, daily_volatility_bps, needed_times, work
from lobsim.market import Market
from lobsim.market.parts import FillRule, Fundamental, Impact, Latency

START = impact.START_S
SHARES = (5e-4, 2e-3, 8e-3)


@pytest.fixture(scope="module")
def by_participation():
    return impact_curve(CALM, range(40), SHARES, participation=0.2, after=3.0)


@pytest.fixture(scope="module")
def by_duration():
    return impact_curve(CALM, range(40), SHARES, duration_s=600)


def test_examples_in_the_docstrings_hold():
    for module in (impact, impact_results):
        assert doctest.testmod(module).failed == 0


def test_impact_grows_concavely_with_size_in_both_protocols(by_participation, by_duration):
    for curve in (by_participation, by_duration):
        assert 0.3 < curve.peak.exponent_low and curve.peak.exponent_high < 0.8
        assert 0.3 < curve.cost.exponent_low and curve.cost.exponent_high < 0.8
        assert 0.4 < curve.y_at_one_percent < 1.6


def test_impact_decays_after_the_end_but_not_to_zero(by_participation):
    for run in by_participation.runs:
        decay = run.decay().set_index("u")
        assert 0.3 < decay.loc[2.0, "ci_low"] and decay.loc[3.0, "ci_low"] > 0.3
        assert decay.loc[3.0, "ci_high"] < 1.0
    largest = by_participation.runs[-1].decay().set_index("u")
    assert largest.loc[3.0, "ci_high"] < largest.loc[1.1, "ci_low"]


def test_impact_rises_while_the_order_is_worked(by_participation):
    path = by_participation.runs[-1].path().set_index("u")
    assert path.loc[0.0, "mean_bps"] == 0.0
    assert path.loc[0.5, "ci_low_bps"] > 0
    assert path.loc[1.0, "ci_low_bps"] > path.loc[0.5, "ci_high_bps"]
    assert path["mean_ticks"].to_numpy() == pytest.approx(
        path["mean_bps"].to_numpy() * PRICE / TICK * 1e-4)


def test_average_fill_pays_less_than_the_peak(by_participation):
    run = by_participation.runs[-1]
    _, _, high = mean_interval(run.costs_bps["impact"] - run.peaks_bps)
    assert high < 0


def test_a_faster_order_of_the_same_size_costs_more():
    seeds = range(40)
    fast, slow = (inject_metaorder(CALM, seeds, quantity=8000, duration_s=length, after=1.0)
                  for length in (120, 1800))
    _, low, _ = mean_interval(fast.costs_bps["paired"] - slow.costs_bps["paired"])
    assert low > 0


def test_buying_and_selling_move_the_price_alike():
    made = [inject_metaorder(CALM, range(60), side=side, quantity=8000, duration_s=300, after=2.0)
            for side in ("buy", "sell")]
    for values in ([run.peaks_bps for run in made], [run.paths_bps[:, -1] for run in made],
                   [run.costs_bps["paired"] for run in made]):
        mean, low, high = mean_interval(values[0] - np.asarray(values[1]), 0.997)
        assert low < 0 < high and high - low < 2.0


def test_no_impact_rule_leaves_every_path_exactly_as_it_was():
    made = inject_metaorder(CALM.with_parts(FillRule("no_impact")), range(4), quantity=8000,
                            duration_s=120, after=3.0)
    assert (made.paths_bps == 0).all()
    assert (made.costs_bps["impact"] == 0).all()
    assert (made.filled == 8000).all() and (made.costs_bps["half_spread"] > 0).all()


def linear(depth=3000.0):
    """The linear rule, with a book so deep and children so small that they leave no hole in it."""
    return CALM.with_changes(
        limit_sizes=((20_000, 1.0),), market_sizes=((100, 1.0),)).with_parts(
        Impact(depth_per_tick=depth, permanent_share=0.1, impact_times_s=(30.0, 600.0),
               impact_weights=(0.5, 0.5)))


def test_impact_is_linear_in_size_without_depth_growth():
    curve = impact_curve(linear(), range(60), (4e-3, 8e-3, 1.6e-2), duration_s=600)
    assert curve.peak.exponent_low < 1 < curve.peak.exponent_high
    assert curve.peak.exponent_high - curve.peak.exponent_low < 0.15


def test_linear_impact_is_what_the_propagator_says():
    """Peak = Q / depth times (permanent + sum of w T / D (1 - exp(-D / T))), in ticks."""
    quantity, length, depth = 24_000, 600.0, 3000.0
    made = inject_metaorder(linear(depth), range(60), quantity=quantity, duration_s=length,
                            slices=200, after=1.0)
    kept = sum(0.5 * time / length * (1 - math.exp(-length / time)) for time in (30.0, 600.0))
    expected = quantity / depth * (0.1 + 0.9 * kept)
    mean, low, high = mean_interval(made.peaks_bps / made.bps_per_tick, 0.997)
    assert low - 0.1 < expected < high + 0.1 and high - low < 0.4


def test_parts_of_the_cost_add_up_to_that_of_the_fills_of_the_market_alone():
    """Played by hand in a `Market` of the same seed, the order gets the same fills."""
    seeds = (3, 8)
    made = inject_metaorder(CALM, seeds, side="sell", quantity=900, duration_s=90, slices=3,
                            after=1.0)
    for row, seed in enumerate(seeds):
        market = Market(CALM, seed, START, START + 200)
        arrival = market.mid
        for time_s in (15, 45, 75):
            market.advance(START + time_s)
            market.submit("sell", 300, kind="market")
        fills = market.own_fills
        cost = ((arrival - fills["price"]) * fills["size"]).sum() / (900 * arrival) * 1e4
        costs = made.costs_bps.iloc[row]
        assert costs["shortfall"] == pytest.approx(cost, abs=1e-9)
        parts = costs[["half_spread", "walking", "impact", "free_move"]].sum()
        assert parts == pytest.approx(cost, abs=1e-9)
        assert costs["paired"] == pytest.approx(cost - costs["free_move"], abs=1e-9)
        market.advance(START + 90)
        free = Market(CALM, seed, START, START + 200)
        free.advance(START + 90)
        assert made.peaks_bps[row] == pytest.approx(
            -(market.mid - free.mid) / arrival * 1e4, abs=1e-9)


def test_seeds_are_alone_whatever_the_number_run_with_them():
    kinds = {"quantity": 3000, "duration_s": 60, "after": 1.5}
    many, few = (inject_metaorder(CALM, seeds, **kinds) for seeds in (range(6), (4,)))
    assert (many.paths_bps[4] == few.paths_bps[0]).all()


def test_passive_order_is_done_in_the_end_and_pays_less_than_crossing_at_each_slice():
    made = {style: inject_metaorder(CALM, range(40), quantity=3000, duration_s=900, style=style,
                                    after=1.0) for style in ("market", "passive")}
    assert all((run.filled == 3000).all() for run in made.values())
    gap = made["market"].costs_bps["shortfall"] - made["passive"].costs_bps["shortfall"]
    assert mean_interval(gap)[1] > 0


def test_latency_is_taken_out_of_the_market():
    kinds = {"quantity": 900, "duration_s": 60, "after": 1.0}
    late = inject_metaorder(CALM.with_parts(Latency(order_s=2.0)), range(2), **kinds)
    assert (late.paths_bps == inject_metaorder(CALM, range(2), **kinds).paths_bps).all()


def test_closing_leg_trades_what_the_first_one_got():
    legs = [Leg("buy", 2_000_000, START, 1.0, 1), Leg("sell", 2_000_000, START + 60, 60, 4,
                                                      closes=True)]
    seeds, grid = range(3), [START + 150]
    free = FreeMids(CALM, seeds, needed_times(legs, grid, START), START)
    done = work(CALM, seeds, legs, grid, free, START)
    assert (done.position == 0).all() and (done.traded > 0).all()
    assert (done.traded < 2_000_000).all()  # there was less than that in the book


# -- the laws themselves -------------------------------------------------------------------------


def test_relaxation_law_has_the_values_of_the_reference():
    """Peak 1, and .5176, .4142, .3178, .2361, .1623 at u = 1.5, 2, 3, 5, 10 for beta = 1/2."""
    found = relaxation_law([1, 1.5, 2, 3, 5, 10])
    assert found == pytest.approx([1, 0.5176, 0.4142, 0.3178, 0.2361, 0.1623], abs=6e-5)


def test_fit_finds_the_power_law_that_made_the_data_and_its_intervals_cover_it():
    x = np.geomspace(1e-4, 1e-2, 6)
    dice = np.random.default_rng(5)
    covered = []
    for _ in range(300):
        common = dice.normal(1, 0.1, (25, 1))  # errors of the sizes hang together
        samples = 70 * x**0.5 * (common + dice.normal(0, 0.2, (25, 6)))
        law = fit_power_law(x, samples)
        covered.append(law.exponent_low < 0.5 < law.exponent_high)
    assert 0.90 < np.mean(covered) < 0.99
    assert law.exponent == pytest.approx(0.5, abs=0.05)


def test_fit_scales_with_the_unit_of_impact():
    samples = np.array([[1.0, 2.1, 4.2], [1.2, 2.3, 3.9], [0.9, 1.9, 4.1]])
    one, ten = fit_power_law([1, 4, 16], samples), fit_power_law([1, 4, 16], 10 * samples)
    assert ten.exponent == pytest.approx(one.exponent)
    assert ten.prefactor == pytest.approx(10 * one.prefactor)


def test_root_rule_moves_the_price_by_the_square_root_law_when_traded_at_once():
    rule = Impact.square_root(VOLUME, 50.0, prefactor=0.9, permanent=0.0)
    for share in (1e-3, 1e-2):
        taken = share * VOLUME / rule.depth_per_tick
        move = (math.sqrt(1 + 2 * rule.depth_growth * taken) - 1) / rule.depth_growth
        assert move == pytest.approx(0.9 * 50.0 * math.sqrt(share), rel=0.03)
    with_rest = Impact.square_root(VOLUME, 50.0, prefactor=0.9, permanent=0.3)
    rest = 0.01 * VOLUME / with_rest.depth_per_tick * with_rest.permanent_share
    assert rest == pytest.approx(0.3 * 0.9 * 50.0 * 0.1)


@pytest.mark.parametrize("wrong, said", [
    ({"quantity": 100}, "give one of them"),
    ({"quantity": 100, "duration_s": 60, "participation": 0.1}, "give one of them"),
    ({"quantity": 100, "participation": 2}, "must lie in"),
    ({"quantity": -1, "duration_s": 60}, "must be positive"),
    ({"quantity": 100, "duration_s": 60, "slices": 1.5}, "whole number"),
    ({"quantity": 100, "duration_s": 60, "side": "up"}, "side is 'up'"),
    ({"quantity": 100, "duration_s": 60, "style": "loud"}, "style is 'loud'"),
    ({"quantity": 100, "duration_s": 60, "start_s": 57_590}, "within the day"),
])
def test_wrong_use_is_told_in_one_sentence(wrong, said):
    with pytest.raises(ValueError, match=said):
        inject_metaorder(CALM, range(2), **wrong)


def test_volatility_needs_a_path():
    assert daily_volatility_bps(CALM) == pytest.approx(SIGMA_BPS)
    with pytest.raises(ValueError, match="sigma_bps"):
        daily_volatility_bps(CALM.without(Fundamental))
    with pytest.raises(ValueError, match="daily_volume"):
        inject_metaorder(CALM.with_changes(daily_volume=math.nan), range(2), quantity=100,
                         participation=0.1)
