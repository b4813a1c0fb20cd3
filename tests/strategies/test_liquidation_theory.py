"""Laws of optimal execution: Almgren-Chriss, Obizhaeva-Wang, Cartea-Jaimungal."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from lobsim.strategies import (
    TWAP,
    AlmgrenChriss,
    AlmgrenChrissSchedule,
    CarteaJaimungal,
    CarteaJaimungalSchedule,
    ObizhaevaWang,
    ObizhaevaWangSchedule,
    ParentOrder,
    almgren_chriss,
    cartea_jaimungal,
    execute,
    obizhaeva_wang,
)

# Table 1 of Almgren and Chriss (2000); time in days.
PAPER = dict(quantity=1e6, horizon=5.0, periods=5, volatility=0.95, temporary=2.5e-6,
             permanent=2.5e-7, half_spread=0.0625)
PRINTED = {  # risk aversion: kappa, E, sqrt V, holdings
    1e-6: (0.607076, 911_226.99, 603_430.67, (541_955.55, 289_854.22, 147_897.49, 62_141.80)),
    2e-6: (0.846297, 1_140_715.17, 449_367.65, (428_598.85, 182_932.81, 76_295.72, 27_643.38)),
    0.0: (0.0, 662_500.00, 1_040_672.86, (800_000, 600_000, 400_000, 200_000)),
    -2e-7: (None, 717_958.10, 1_258_654.32, (910_056.44, 750_948.58, 534_768.64, 277_946.28)),
}
models = st.builds(
    AlmgrenChriss, quantity=st.floats(10, 1e6), horizon=st.floats(0.5, 20),
    periods=st.integers(2, 12), volatility=st.floats(0.05, 2), temporary=st.floats(1e-3, 1e-1),
    permanent=st.floats(0, 5e-5), half_spread=st.floats(0, 0.1), drift=st.floats(-0.1, 0.1))


def test_examples_in_the_docstrings_hold():
    for module in (almgren_chriss, obizhaeva_wang, cartea_jaimungal):
        result = doctest.testmod(module)
        assert result.attempted and result.failed == 0


# -- Almgren and Chriss --------------------------------------------------------------------------


@pytest.mark.parametrize("aversion", PRINTED)
def test_the_paper_s_example_holds_to_the_printed_digits(aversion):
    kappa, cost, std, holdings = PRINTED[aversion]
    model = AlmgrenChriss(**PAPER)
    path = model.trajectory(aversion)
    assert path[1:-1] == pytest.approx(holdings, abs=0.006)
    assert model.expected_cost(path) == pytest.approx(cost, abs=0.006)
    assert model.variance(path) ** 0.5 == pytest.approx(std, abs=0.006)
    if kappa is not None:
        assert model.kappa(aversion) == pytest.approx(kappa, abs=5e-7)


def test_the_objective_beats_twap_by_a_quarter_in_the_paper_s_example():
    model = AlmgrenChriss(**PAPER)
    best, twap = model.trajectory(1e-6), model.trajectory(0)
    assert model.objective(best, 1e-6) == pytest.approx(1_275_355.56, abs=0.006)
    gain = 1 - model.objective(best, 1e-6) / model.objective(twap, 1e-6)
    assert gain == pytest.approx(0.2693, abs=5e-5)


def test_the_paper_s_half_life_is_an_e_folding_time():
    model = AlmgrenChriss(**PAPER)
    assert model.decay_time(1e-6) == pytest.approx(1.64724, abs=5e-6)
    assert model.decay_time(0) == np.inf
    assert model.continuous_kappa(1e-6) == pytest.approx(0.600833, abs=5e-7)


def test_drift_makes_eleven_thousand_shares_worth_holding():
    model = AlmgrenChriss(**PAPER, drift=0.02)
    assert model.static_holding(1e-6) == pytest.approx(11_080, abs=0.5)


def test_all_at_once_costs_most_and_risks_nothing():
    model = AlmgrenChriss(**PAPER)
    path = np.array([1e6, 0, 0, 0, 0, 0])
    assert (model.expected_cost(path), model.variance(path)) == (2_562_500.0, 0.0)
    assert model.trajectory(1e9)[1:] == pytest.approx(0, abs=1)


def test_short_periods_lead_to_the_continuous_urgency():
    fine = AlmgrenChriss(**PAPER | dict(periods=100_000))
    assert fine.kappa(1e-6) == pytest.approx(fine.continuous_kappa(1e-6), rel=1e-5)


def _best_of_all_paths(model, aversion):
    """The optimum of E + lambda V by linear algebra on the objective itself, read off at points."""
    n, scale = model.periods - 1, model.quantity

    def value(inner):
        return model.objective(np.concatenate([[scale], scale * inner, [0.0]]), aversion)

    # |n| is smooth only while all trades go one way; the half-spread is left to the caller.
    origin, units = value(np.zeros(n)), np.eye(n)
    single = np.array([value(e) for e in units])
    minus = np.array([value(-e) for e in units])
    hessian = np.array([[value(a + b) for b in units] for a in units])
    hessian = hessian - single[:, None] - single[None, :] + origin
    gradient = (single - minus) / 2
    return scale * np.linalg.solve(hessian, -gradient)


@settings(max_examples=60)
@given(model=models, aversion=st.floats(1e-6, 1e-1))
def test_no_path_is_better_than_the_closed_form(model, aversion):
    smooth = AlmgrenChriss(**{**model.__dict__, "half_spread": 0.0})
    found = _best_of_all_paths(smooth, aversion)
    assert smooth.trajectory(aversion)[1:-1] == pytest.approx(found, abs=2e-5 * model.quantity)


def test_a_search_that_knows_no_formula_finds_the_same_path():
    model = AlmgrenChriss(**PAPER)

    def value(inner):
        return model.objective(np.concatenate([[1e6], 1e6 * inner, [0]]), 1e-6) / 1e6

    found = minimize(value, np.linspace(0.8, 0.2, 4), method="Nelder-Mead",
                     options=dict(xatol=1e-9, fatol=1e-13, maxiter=4000))
    assert 1e6 * found.x == pytest.approx(model.trajectory(1e-6)[1:-1], rel=2e-4)


def test_expected_cost_and_variance_are_those_of_simulated_sales():
    model = AlmgrenChriss(**PAPER, drift=0.02)
    path = model.trajectory(1e-6)
    sold = -np.diff(path)
    rng = np.random.default_rng(4)
    moves = 0.02 + 0.95 * rng.standard_normal((200_000, 5)) - 2.5e-7 * sold
    before = 50 + np.concatenate([np.zeros((200_000, 1)), moves.cumsum(axis=1)[:, :-1]], axis=1)
    cost = 1e6 * 50 - (sold * (before - 0.0625 - 2.5e-6 * sold)).sum(axis=1)
    error = cost.std() / 200_000**0.5
    assert abs(cost.mean() - model.expected_cost(path)) < 4 * error
    assert cost.var() == pytest.approx(model.variance(path), rel=4 * (2 / 200_000) ** 0.5)


@settings(max_examples=40)
@given(model=models)
def test_no_aversion_and_no_drift_is_twap(model):
    calm = AlmgrenChriss(**{**model.__dict__, "drift": 0.0})
    equal = np.full(model.periods, model.quantity / model.periods)
    assert calm.trades(0) == pytest.approx(equal)
    nearly = calm.net_temporary / calm.volatility**2 / calm.horizon**2 * 1e-9
    assert calm.trades(nearly) == pytest.approx(equal, rel=1e-6)


@settings(max_examples=40)
@given(model=models, aversion=st.floats(1e-7, 1e-1), scale=st.floats(0.1, 10))
def test_path_scales_with_size_and_the_clock_has_no_unit(model, aversion, scale):
    calm = AlmgrenChriss(**{**model.__dict__, "drift": 0.0})
    path = calm.trajectory(aversion)
    larger = AlmgrenChriss(**{**calm.__dict__, "quantity": scale * calm.quantity})
    assert larger.trajectory(aversion) == pytest.approx(scale * path, abs=1e-9 * scale * path[0])
    slower = AlmgrenChriss(**{**calm.__dict__, "horizon": scale * calm.horizon,
                              "volatility": calm.volatility / scale**0.5,
                              "temporary": scale * calm.temporary})
    assert slower.trajectory(aversion) == pytest.approx(path, abs=1e-9 * path[0])
    assert slower.expected_cost(path) == pytest.approx(calm.expected_cost(path))
    assert slower.variance(path) == pytest.approx(calm.variance(path))


def test_frontier_falls_in_cost_as_it_rises_in_risk_and_is_flat_at_twap():
    model = AlmgrenChriss(**PAPER)
    table = model.frontier([0, 1e-8, 1e-7, 1e-6, 1e-5])
    assert (np.diff(table["expected_cost"]) > 0).all() and (np.diff(table["std"]) < 0).all()
    saved = table["std"][0] ** 2 - table["std"][1] ** 2
    paid = table["expected_cost"][1] - table["expected_cost"][0]
    assert paid == pytest.approx(0.5e-8 * saved, rel=0.02)  # the first cut is nearly free


@pytest.mark.parametrize("confidence", [0.6, 0.95, 0.999])
def test_no_efficient_path_has_a_smaller_value_at_risk(confidence):
    model = AlmgrenChriss(**PAPER)
    best = model.value_at_risk_aversion(confidence)
    least = model.value_at_risk(model.trajectory(best), confidence)
    for factor in (0.3, 0.9, 0.99, 1.01, 1.1, 3.0):
        assert model.value_at_risk(model.trajectory(factor * best), confidence) > least


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(quantity=0), "quantity is 0"),
        (dict(periods=2.5), "periods is 2.5"),
        (dict(volatility=-1), "volatility is -1"),
        (dict(temporary=1e-7), "temporary is 1e-07; it must be more than permanent"),
    ],
)
def test_impossible_terms_are_refused_in_a_sentence(change, message):
    with pytest.raises(ValueError, match=message):
        AlmgrenChriss(**PAPER | change)


def test_risk_sought_too_eagerly_has_no_optimum():
    model = AlmgrenChriss(**PAPER)
    with pytest.raises(ValueError, match="there is no optimum"):
        model.trajectory(-1e-5)
    with pytest.raises(ValueError, match="must run from 1e"):
        model.variance([1, 0, 0, 0, 0, 0])


# -- Obizhaeva and Wang --------------------------------------------------------------------------


@settings(max_examples=50)
@given(resilience=st.floats(0, 30), periods=st.integers(1, 12), permanent=st.floats(0, 2))
def test_no_discrete_schedule_is_cheaper_than_obizhaeva_and_wang_s(resilience, periods, permanent):
    model = ObizhaevaWang(3.0, 1.0, resilience, transient=0.7, permanent=permanent)
    best = model.trades(periods)
    assert best.sum() == pytest.approx(3.0)
    # A quadratic form with a linear constraint: solved without the formula.
    units = np.eye(periods + 1)
    single = np.array([model.cost(e) for e in units])
    form = np.array([[model.cost(a + b) for b in units] for a in units])
    form = form - single[:, None] - single[None, :]
    form[np.diag_indices_from(form)] = 2 * single
    system = np.ones((periods + 2, periods + 2))
    system[:-1, :-1], system[-1, -1] = form, 0.0
    found = np.linalg.lstsq(system, np.append(np.zeros(periods + 1), 3.0), rcond=1e-12)[0][:-1]
    assert found.sum() == pytest.approx(3.0)
    assert model.cost(best) <= model.cost(found) * (1 + 1e-7)
    assert model.cost(best) == pytest.approx(model.cost(found), rel=1e-5)


def test_many_small_trades_lead_to_block_rate_block():
    model = ObizhaevaWang(1e5, 2.0, resilience=3.0, transient=1e-4, permanent=2e-5)
    block, rate = model.continuous()
    fine = model.trades(20_000)
    assert fine[0] == pytest.approx(block, rel=1e-3)
    assert fine[10_000] * 20_000 / 2.0 == pytest.approx(rate, rel=1e-3)
    assert model.cost(fine) == pytest.approx(model.continuous_cost(), rel=1e-3)


def test_resilience_decides_between_two_blocks_and_equal_parts():
    still = ObizhaevaWang(100.0, 1.0, 0.0).trades(4)
    assert still == pytest.approx([50, 0, 0, 0, 50])
    quick = ObizhaevaWang(100.0, 1.0, 1e4).trades(4)
    assert quick == pytest.approx(np.full(5, 20.0))


def test_depth_and_permanent_share_do_not_change_the_schedule():
    one = ObizhaevaWang(100.0, 1.0, 4.0, transient=1e-3, permanent=0.0).trades(7)
    two = ObizhaevaWang(100.0, 1.0, 4.0, transient=5e-2, permanent=3.0).trades(7)
    assert one == pytest.approx(two)


# -- Cartea and Jaimungal ------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", [0.0, 1e-4, 3e-2])
@pytest.mark.parametrize("terminal", [2e-3, 0.1, np.inf])
def test_no_path_is_better_than_cartea_and_jaimungal_s(penalty, terminal):
    model = CarteaJaimungal(100.0, 2.0, 1e-3, penalty, terminal, permanent=2e-4)
    times = np.linspace(0, 2, 401)
    best = model.holdings(times)
    least = model.cost(times, best)
    rng = np.random.default_rng(1)
    for _ in range(50):
        bend = np.interp(times, np.linspace(0, 2, 6), np.append(0, rng.normal(0, 2, 5)))
        if np.isinf(terminal):
            bend = bend - times / 2 * bend[-1]
        assert model.cost(times, best + bend) > least
    # The best path of straight pieces, from the quadratic form itself.
    coarse = np.linspace(0, 2, 101)
    free = 100 if np.isfinite(terminal) else 99

    def value(inner):
        return model.cost(coarse, np.concatenate([[100.0], inner, np.zeros(100 - free)]))

    units = np.eye(free)
    origin, plus = value(np.zeros(free)), np.array([value(e) for e in units])
    minus = np.array([value(-e) for e in units])
    second = np.array([[value(a + b) for b in units] for a in units])
    second = second - plus[:, None] - plus[None, :] + origin
    found = np.linalg.solve(second, -(plus - minus) / 2)
    assert model.holdings(coarse)[1 : free + 1] == pytest.approx(found, abs=0.03)


def test_an_infinite_terminal_penalty_is_almgren_chriss_in_short_periods():
    cj = CarteaJaimungal(1e6, 5.0, temporary=2.5e-6, running_penalty=1e-6 * 0.95**2)
    ac = AlmgrenChriss(**PAPER | dict(periods=20_000, permanent=0.0))
    assert cj.holdings(ac.times) == pytest.approx(ac.trajectory(1e-6), abs=50)
    assert cj.urgency == pytest.approx(ac.continuous_kappa(1e-6))


def test_without_a_running_penalty_the_speed_is_constant():
    model = CarteaJaimungal(100.0, 2.0, 1e-3, 0.0, terminal_penalty=5e-3)
    speeds = np.diff(model.holdings(np.linspace(0, 2, 9)))
    assert speeds == pytest.approx(np.full(8, speeds[0]))
    nearly = CarteaJaimungal(100.0, 2.0, 1e-3, 1e-12, terminal_penalty=5e-3)
    assert nearly.holdings([1.0, 2.0]) == pytest.approx(model.holdings([1.0, 2.0]), rel=1e-6)


# -- as benchmarks on a market -------------------------------------------------------------------

SCHEDULES = {
    "almgren-chriss": AlmgrenChrissSchedule(1e-4, volatility=0.05, temporary=1e-3, interval_s=60),
    "obizhaeva-wang": ObizhaevaWangSchedule(0.01, interval_s=60),
    "cartea-jaimungal": CarteaJaimungalSchedule(temporary=1e-3, running_penalty=1e-8,
                                                terminal_penalty=1e-3, interval_s=60),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_every_schedule_completes_to_the_share(path_market, name, side):
    market = path_market(lambda t: 100 + 0.1 * np.sin(t / 50))
    done = execute(market, SCHEDULES[name], ParentOrder(side, 1237, 10, 610))
    assert done.filled == 1237
    assert market.position == (1237 if side == "buy" else -1237)


@pytest.mark.parametrize("name", SCHEDULES)
def test_buys_and_sales_follow_the_same_curve(path_market, name):
    sizes = [execute(path_market(), SCHEDULES[name], ParentOrder(side, 1000, 0, 600))
             .fills["size"].tolist() for side in ("buy", "sell")]
    assert sizes[0] == sizes[1]


def test_schedule_trades_what_the_theory_says(path_market):
    order = ParentOrder("sell", 100_000, 0, 600)
    done = execute(path_market(), SCHEDULES["almgren-chriss"], order)
    theory = SCHEDULES["almgren-chriss"].model(order).trades(1e-4)
    assert np.diff(done.fills["size"].cumsum(), prepend=0) == pytest.approx(theory, abs=1)
    blocks = execute(path_market(), SCHEDULES["obizhaeva-wang"], order).fills
    assert blocks["time_s"].tolist() == [60.0 * k for k in range(11)]
    expected = ObizhaevaWang(100_000, 600, 0.01).trades(10)
    assert blocks["size"].to_numpy() == pytest.approx(expected, abs=1)


def test_almgren_chriss_without_aversion_trades_as_twap(path_market):
    order = ParentOrder("buy", 1003, 0, 400)
    flat = AlmgrenChrissSchedule(0.0, volatility=0.05, temporary=1e-3, interval_s=40)
    assert execute(path_market(), flat, order).fills.equals(
        execute(path_market(), TWAP(40), order).fills)


def test_a_rising_price_hurries_the_buyer_and_slows_the_seller(path_market):
    terms = dict(volatility=0.05, temporary=1e-3, interval_s=60)
    for side, quicker in (("buy", True), ("sell", False)):
        order = ParentOrder(side, 1000, 0, 600)
        first = [execute(path_market(), AlmgrenChrissSchedule(1e-6, drift=drift, **terms), order)
                 .fills["size"][0] for drift in (0.0, 1e-6)]
        assert (first[1] > first[0]) == quicker
