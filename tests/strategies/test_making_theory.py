"""Laws of market making in theory: Avellaneda-Stoikov, GLFT, Cartea-Jaimungal, and their world."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from lobsim.strategies import (
    GLFT,
    AvellanedaStoikov,
    AvellanedaStoikovSteady,
    CarteaJaimungalMaking,
    QuoteWorld,
    avellaneda_stoikov,
    cj_market_making,
    glft,
    quote_world,
)
from lobsim.strategies.ladder import Ladder

# The parameters of Avellaneda and Stoikov's tables, and of the figures of Gueant and others.
WORLD = QuoteWorld()
FIGURE = dict(risk_aversion=0.01, volatility=0.3, intensity=0.9, decay=0.3, max_inventory=30)
PRINTED = {  # gamma, strategy: spread, profit, its std, std of final inventory (1,000 paths)
    (0.1, "inventory"): (1.49, 65.0, 6.6, 2.9), (0.1, "symmetric"): (1.49, 68.4, 12.7, 8.4),
    (0.01, "inventory"): (1.35, 68.6, 8.7, 5.1), (0.01, "symmetric"): (1.35, 68.8, 12.8, 8.7),
    (1.0, "inventory"): (3.02, 31.4, 5.0, 1.7), (1.0, "symmetric"): (3.02, 44.0, 11.0, 5.1),
}
EXACT_SYMMETRIC = {0.01: (68.666, 13.677, 8.712), 0.1: (68.223, 13.456, 8.399),
                   0.5: (59.918, 12.321, 6.918), 1.0: (43.685, 10.733, 5.171)}


def paper(aversion):
    return AvellanedaStoikov(aversion, 2.0, 1.5)


def test_examples_in_the_docstrings_hold():
    for module in (avellaneda_stoikov, glft, cj_market_making, quote_world):
        result = doctest.testmod(module)
        assert result.attempted and result.failed == 0


# -- Avellaneda and Stoikov ----------------------------------------------------------------------


@pytest.mark.parametrize("aversion, start, end", [
    (0.01, 1.3689, 1.3289), (0.1, 1.6908, 1.2908), (0.5, 3.1507, 1.1507), (1.0, 5.0217, 1.0217)])
def test_spread_is_total_and_falls_to_its_last_value(aversion, start, end):
    assert paper(aversion).spread(np.array([1.0, 0.0])) == pytest.approx([start, end], abs=5e-5)
    bid, ask = paper(aversion).depths(0.0, 1.0)
    assert bid == ask == pytest.approx(start / 2, abs=3e-5)


@settings(max_examples=50)
@given(q=st.floats(-20, 20), left=st.floats(0, 2), aversion=st.floats(1e-3, 2))
def test_quotes_lie_evenly_around_the_reservation_price(q, left, aversion):
    model = paper(aversion)
    bid, ask = model.depths(q, left)
    middle = 100.0 + (ask - bid) / 2
    assert middle == pytest.approx(model.reservation_price(100.0, q, left))
    assert bid + ask == pytest.approx(model.spread(left))


@pytest.mark.parametrize("model", [
    paper(0.1), AvellanedaStoikovSteady(0.1, 2, 1.5, 20), GLFT(0.1, 2, 140, 1.5, 20),
    GLFT(0.1, 2, 140, 1.5, 20, solution="closed"), CarteaJaimungalMaking(0.2, 140, 1.5, 20)])
def test_long_and_short_are_mirror_images_and_inventory_leans_the_quotes(model):
    q = np.arange(-10, 11)
    bid, ask = model.depths(q, 0.5)
    assert bid == pytest.approx(ask[::-1], rel=1e-9)
    assert (np.diff(bid) > 0).all() and (np.diff(ask) < 0).all()


def test_without_aversion_quotes_are_symmetric_at_one_over_k():
    q = np.arange(-3, 4)
    for model in (paper(0.0), paper(1e-9), GLFT(1e-9, 2, 140, 1.5, 400, solution="closed"),
                  GLFT(1e-9, 2, 140, 1.5, 30), CarteaJaimungalMaking(0.0, 140, 1.5, 30)):
        bid, ask = model.depths(q, 0.02)
        assert bid == pytest.approx(np.full(7, 1 / 1.5), abs=1e-3)
        assert ask == pytest.approx(np.full(7, 1 / 1.5), abs=1e-3)


def test_steady_quotes_never_lead_beyond_the_bound():
    model = AvellanedaStoikovSteady(0.1, 2, 1.5, max_inventory=5)
    bid, ask = model.depths(np.arange(-5, 6))
    assert np.isinf(bid[-1]) and np.isinf(ask[0])
    assert np.isfinite(bid[:-1]).all() and np.isfinite(ask[1:]).all()


@pytest.mark.parametrize("aversion, strategy", PRINTED)
def test_a_thousand_paths_give_the_paper_s_tables(aversion, strategy):
    spread, profit, std, std_q = PRINTED[aversion, strategy]
    model = paper(aversion)
    tables = WORLD.tables(model) if strategy == "inventory" else WORLD.symmetric_twin(model)
    row = WORLD.simulate(*tables, 1000, np.random.default_rng(2008)).row()
    assert row["spread"] == pytest.approx(spread, abs=0.013)  # the paper may count t = T
    # Both runs have 1,000 paths; numbers are printed to one digit.
    for name, printed in (("profit", profit), ("std_profit", std), ("std_inventory", std_q)):
        tolerance = 4 * math.hypot(2**0.5 * row[f"{name}_se"], 0.05 / 3**0.5)
        assert row[name] == pytest.approx(printed, abs=tolerance), name
    assert abs(row["inventory"]) < 4 * row["inventory_se"]


@pytest.mark.parametrize("aversion", EXACT_SYMMETRIC)
def test_symmetric_quotes_have_the_exact_moments(aversion):
    profit, std, std_q = EXACT_SYMMETRIC[aversion]
    row = WORLD.simulate(*WORLD.symmetric_twin(paper(aversion)), 4000,
                         np.random.default_rng(3)).row()
    for name, exact in (("profit", profit), ("std_profit", std), ("std_inventory", std_q)):
        assert row[name] == pytest.approx(exact, abs=4 * row[f"{name}_se"] + 0.001), name


def test_the_same_seed_gives_the_same_paths_and_the_mid_does_not_depend_on_the_quotes():
    tables = WORLD.tables(paper(0.1))
    a, b = (WORLD.simulate(*tables, 50, np.random.default_rng(5)) for _ in range(2))
    assert (a.profit == b.profit).all() and (a.inventory == b.inventory).all()
    # Without spread income, one that holds the same inventory gains the same.
    far = WORLD.flat_tables(50.0)
    assert (WORLD.simulate(*far, 50, np.random.default_rng(5)).profit == 0).all()


def test_fills_of_the_other_rule_earn_an_eighth_less():
    other = QuoteWorld(fills="exponential")
    profits = [w.simulate(*w.tables(paper(0.1)), 2000, np.random.default_rng(1)).row()["profit"]
               for w in (WORLD, other)]
    assert profits[1] / profits[0] == pytest.approx(57.1 / 64.9, abs=0.02)


# -- certainty equivalents, and the optimum ------------------------------------------------------


@pytest.fixture(scope="module")
def bounded():
    return QuoteWorld(max_inventory=60)


def test_exact_certainty_equivalents_are_the_known_ones(bounded):
    values = [bounded.certainty_equivalent(*bounded.tables(model), 0.1) for model in
              (paper(0.1), GLFT(0.1, 2, 140, 1.5, 60, solution="closed"))]
    assert values == pytest.approx([62.787, 65.187], abs=1e-3)
    best = bounded.best_tables(0.1)
    assert bounded.certainty_equivalent(*best, 0.1) == pytest.approx(65.248, abs=1.5e-3)


def test_certainty_equivalent_agrees_with_simulated_utility(bounded):
    tables = bounded.tables(paper(0.1))
    profit = bounded.simulate(*tables, 20_000, np.random.default_rng(6)).profit
    utility = np.exp(-0.1 * (profit - 60))
    simulated = 60 - math.log(utility.mean()) / 0.1
    error = utility.std() / utility.mean() / 20_000**0.5 / 0.1
    assert abs(simulated - bounded.certainty_equivalent(*tables, 0.1)) < 4 * error


def test_no_change_of_the_best_quotes_is_better():
    small = QuoteWorld(horizon=0.1, max_inventory=6)
    bid, ask = small.best_tables(0.1)
    best = small.certainty_equivalent(bid, ask, 0.1)
    rng = np.random.default_rng(8)
    for size in (0.01, 0.05, 0.2):
        for _ in range(10):
            moved = bid + size * rng.standard_normal(bid.shape), ask + size * rng.standard_normal(
                ask.shape)
            assert small.certainty_equivalent(*moved, 0.1) < best


def test_glft_is_the_optimum_of_a_brute_force_search_in_fine_steps():
    """Backward induction over a grid of quotes that knows neither formula nor exponential."""
    gamma, sigma, a, k, bound, horizon, steps = 0.2, 1.5, 8.0, 1.2, 3, 0.5, 1000
    dt, grid = horizon / steps, np.linspace(-0.5, 3.5, 401)
    chance, gain = a * np.exp(-k * grid) * dt, np.exp(-gamma * grid)
    value = np.ones(2 * bound + 1)  # E exp(-gamma profit), to be made small
    q = np.arange(-bound, bound + 1)
    for _ in range(steps):
        held = value * np.exp(0.5 * (gamma * sigma * q) ** 2 * dt)
        sides = []
        for way in (1, -1):
            after = np.full(len(q), np.nan)
            if way > 0:
                after[:-1] = held[1:]
            else:
                after[1:] = held[:-1]
            change = chance * (gain * after[:, None] - held[:, None])
            sides.append((np.nanmin(np.nan_to_num(change, nan=0.0), axis=1),
                          grid[np.argmin(np.nan_to_num(change, nan=np.inf), axis=1)]))
        value = held + sides[0][0] + sides[1][0]
    model = GLFT(gamma, sigma, a, k, bound)
    bid, ask = model.depths(q, horizon)
    assert sides[0][1][:-1] == pytest.approx(bid[:-1], abs=0.02)
    assert sides[1][1][1:] == pytest.approx(ask[1:], abs=0.02)
    assert -np.log(value[bound]) / gamma == pytest.approx(
        model.certainty_equivalent(horizon), rel=5e-3)


# -- the ladder ----------------------------------------------------------------------------------


@pytest.mark.parametrize("aversion, volatility, bound", [(0.01, 0.3, 15), (0.1, 2.0, 25)])
@pytest.mark.parametrize("time_left", [0.0, 0.01, 1.0, 3.0])
def test_the_ladder_is_the_matrix_exponential(aversion, volatility, bound, time_left):
    ladder = GLFT(aversion, volatility, 140, 1.5, bound).ladder
    n = 2 * bound + 1
    matrix = np.diag(ladder.diagonal) - ladder.coupling * (np.eye(n, k=1) + np.eye(n, k=-1))
    assert ladder.log_values(time_left) == pytest.approx(
        np.log(expm(-matrix * time_left) @ np.ones(n)), rel=1e-8, abs=1e-8)


def test_far_tails_of_the_ladder_keep_their_digits():
    """Where v spans fifty orders of magnitude, ln v still solves the equation of v."""
    ladder = GLFT(0.1, 2, 140, 1.5, 60).ladder
    logs = ladder.log_values(5.0)
    assert np.ptp(logs) > 100
    assert logs - logs[60] == pytest.approx(ladder._steady - ladder._steady[60], abs=1e-8)
    up, down = np.exp(np.diff(logs)), np.exp(-np.diff(logs))
    rest = ladder.diagonal[1:-1] - ladder.coupling * (up[1:] + down[:-1])
    assert rest == pytest.approx(np.full(len(rest), ladder.decay_rate), rel=1e-6)


@settings(max_examples=30)
@given(first=st.floats(0.001, 3), second=st.floats(0.001, 3), penalty=st.floats(0, 0.3))
def test_time_on_the_ladder_adds_up(first, second, penalty):
    q = np.arange(-8, 9)
    start = Ladder(0.4 * q**2, 3.0, np.exp(-penalty * q**2))
    logs = start.log_values(first)
    onward = Ladder(0.4 * q**2, 3.0, np.exp(logs - logs.max()))
    assert onward.log_values(second) + logs.max() == pytest.approx(
        start.log_values(first + second), rel=1e-7, abs=1e-7)


# -- GLFT and Cartea-Jaimungal -------------------------------------------------------------------


def test_figures_of_gueant_lehalle_and_fernandez_tapia():
    model = GLFT(**FIGURE)
    q = np.arange(-29, 30)
    left = model.depths(q, 600.0)
    far = GLFT(**FIGURE, solution="asymptotic").depths(q)
    for finite, steady in zip(left, far):  # ten minutes are enough for the quotes to settle
        assert finite == pytest.approx(steady, abs=2e-3)
    near = np.abs(q) <= 15
    bid, _ = model.closed_depths(q)
    assert bid[near] == pytest.approx(far[0][near], rel=2e-3)


def test_closed_form_spread_is_twice_c_plus_d():
    model = GLFT(**FIGURE)
    bid, ask = model.closed_depths(np.arange(-20, 21))
    assert bid + ask == pytest.approx(np.full(41, 2 * model.half_spread + model.lean))
    ratio = 1 + 0.01 / 0.3
    lean = math.sqrt(0.3**2 * 0.01 / (2 * 0.3 * 0.9) * ratio ** (1 + 0.3 / 0.01))
    assert model.lean == pytest.approx(lean)


def test_asymptotic_and_closed_form_agree_as_the_ladder_becomes_fine():
    errors = []
    for aversion in (1e-1, 1e-2, 1e-3):
        model = GLFT(aversion, 0.3, 0.9, 0.3, 120)
        exact, closed = model.depths(3.0, math.inf), model.closed_depths(3.0)
        errors.append(abs(float(exact[0] - closed[0])))
    assert errors[0] > errors[1] > errors[2] and errors[2] < 2e-4


def test_avellaneda_stoikov_is_glft_shortly_before_the_end():
    model, q = GLFT(0.1, 2, 140, 1.5, 30), np.arange(-5, 6)
    for tau, tolerance in ((1e-3, 2e-4), (1e-4, 2e-6)):
        for exact, expansion in zip(model.depths(q, tau), paper(0.1).depths(q, tau)):
            assert exact == pytest.approx(expansion, abs=tolerance)
    assert model.certainty_equivalent(1.0) == pytest.approx(64.13, abs=5e-3)


def test_cartea_and_jaimungal_are_glft_with_little_aversion():
    gamma, sigma = 1e-5, 2.0
    first = GLFT(gamma, sigma, 140, 1.5, 15)
    second = CarteaJaimungalMaking(0.5 * gamma * sigma**2, 140, 1.5, 15)
    q = np.arange(-15, 16)
    for a, b in zip(first.depths(q, 0.7), second.depths(q, 0.7)):
        assert a == pytest.approx(b, abs=2e-5)


def test_at_the_end_only_the_price_of_getting_rid_counts():
    maker = CarteaJaimungalMaking(0.2, 140, 1.5, 10, terminal_penalty=0.05)
    bid, ask = maker.depths(np.arange(-9, 10), 0.0)
    q = np.arange(-9, 10)
    assert bid == pytest.approx(1 / 1.5 + 0.05 * ((q + 1) ** 2 - q**2))
    assert ask == pytest.approx(1 / 1.5 + 0.05 * ((q - 1) ** 2 - q**2))


def test_drift_moves_both_quotes_its_way_and_a_mirrored_drift_mirrors_them():
    up, down = (GLFT(0.1, 2, 140, 1.5, 20, drift=mu) for mu in (0.5, -0.5))
    none = GLFT(0.1, 2, 140, 1.5, 20)
    for q in (-2, 0, 3):
        bid, ask = up.depths(q, 1.0)
        assert bid < none.depths(q, 1.0)[0] and ask > none.depths(q, 1.0)[1]
        assert down.depths(-q, 1.0)[1] == pytest.approx(bid)
        closed = up.closed_depths(q)
        assert closed[0] == pytest.approx(up.depths(q, math.inf)[0], abs=6e-3)


@settings(max_examples=30)
@given(scale=st.floats(0.05, 20), q=st.integers(-5, 5), left=st.floats(0.01, 2))
def test_prices_and_clocks_have_no_unit(scale, q, left):
    model = GLFT(0.1, 2, 140, 1.5, 10)
    bid = model.depths(q, left)[0]
    ticks = GLFT(0.1 / scale, 2 * scale, 140, 1.5 / scale, 10)
    assert ticks.depths(q, left)[0] == pytest.approx(scale * bid, rel=1e-6)
    minutes = GLFT(0.1, 2 / scale**0.5, 140 / scale, 1.5, 10)
    assert minutes.depths(q, left * scale)[0] == pytest.approx(bid, rel=1e-6)


@pytest.mark.parametrize("make, message", [
    (lambda: AvellanedaStoikov(-0.1, 2, 1.5), "risk_aversion is -0.1"),
    (lambda: AvellanedaStoikov(0.1, 2, 0), "decay is 0"),
    (lambda: GLFT(0.0, 2, 140, 1.5, 10), "use CarteaJaimungalMaking"),
    (lambda: GLFT(0.1, 2, 140, 1.5, 2.5), "max_inventory is 2.5"),
    (lambda: GLFT(0.1, 2, 140, 1.5, 5, solution="best"), "solution is 'best'; allowed are 'exact'"),
    (lambda: CarteaJaimungalMaking(0.1, 0, 1.5, 5), "intensity is 0"),
    (lambda: QuoteWorld(step=0.3), "step is 0.3"),
    (lambda: QuoteWorld().certainty_equivalent(np.ones((200, 3)), np.ones((200, 3)), 1),
     r"bid has the shape \(200, 3\); it must be \(200, 401\)"),
])
def test_impossible_terms_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
