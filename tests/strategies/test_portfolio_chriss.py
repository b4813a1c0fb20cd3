"""Many names at once: the sum of single ones without correlation, hedges with it, and limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.strategies.almgren_chriss import AlmgrenChriss
from lobsim.strategies.portfolio_chriss import PortfolioChriss

PERIODS, HORIZON = 6, 1.5


def random_list(seed, names=4, correlated=True):
    """Orders of both sides with covariance and costs."""
    rng = np.random.default_rng(seed)
    loads = rng.normal(size=(names, 2)) if correlated else np.zeros((names, 2))
    covariance = loads @ loads.T + np.diag(rng.uniform(0.2, 2.0, names))
    return PortfolioChriss(
        rng.choice([-1, 1], names) * rng.uniform(50, 500, names), HORIZON, PERIODS, covariance,
        rng.uniform(0.01, 0.05, names), rng.uniform(0, 0.01, names), rng.uniform(0, 0.02, names))


@pytest.mark.parametrize("aversion", [0.0, 1e-3, 0.05])
def test_without_correlation_fifty_names_are_fifty_single_orders(aversion):
    many = random_list(1, names=50, correlated=False)
    found = many.solve(aversion)
    total = 0.0
    for i, quantity in enumerate(many.quantities):
        alone = AlmgrenChriss(abs(quantity), HORIZON, PERIODS, np.sqrt(many.covariance[i, i]),
                              many.temporary[i], many.permanent[i], many.half_spreads[i])
        path = alone.trajectory(aversion)
        assert np.abs(found.holdings[:, i]) == pytest.approx(path, abs=1e-4 * abs(quantity))
        total += alone.objective(path, aversion)
    assert found.objective == pytest.approx(total, rel=1e-6)


def test_two_names_in_two_periods_by_hand():
    """One unknown x = holdings after the first period: (2 H + lambda tau^2 Sigma) x = H X."""
    quantities, temporary = np.array([100.0, -60.0]), np.array([0.02, 0.03])
    covariance, aversion, tau = np.array([[1.0, 0.5], [0.5, 2.0]]), 0.01, 0.5
    found = PortfolioChriss(quantities, 1.0, 2, covariance, temporary).solve(aversion)
    matrix = 2 * np.diag(temporary) + aversion * tau**2 * covariance
    assert found.holdings[1] == pytest.approx(np.linalg.solve(matrix, temporary * quantities),
                                              rel=1e-5)


def test_a_hedged_pair_takes_its_time_and_two_of_a_kind_hurry():
    def left(quantities):
        pair = PortfolioChriss(quantities, 1.0, 4, np.ones((2, 2)), [0.01, 0.01])
        return np.abs(pair.solve(0.1).holdings[1, 0])

    alone = AlmgrenChriss(100, 1.0, 4, 1.0, 0.01).trajectory(0.1)[1]
    assert left([100, -100]) == pytest.approx(75, abs=0.01)
    assert left([100, 100]) < alone < 75


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), aversion=st.floats(0, 0.1))
def test_no_other_schedule_within_the_limits_is_better(seed, aversion):
    many = random_list(seed)
    rng = np.random.default_rng(seed + 1)
    size = np.abs(many.quantities)
    most = np.maximum(rng.uniform(0.1, 0.6, (PERIODS, len(size))), 1.2 / PERIODS) * size
    found = many.solve(aversion, most=most)
    assert (np.abs(found.trades) <= most * (1 + 1e-6)).all()
    assert (found.trades * many.quantities >= 0).all()
    assert found.holdings[0] == pytest.approx(many.quantities) and not found.holdings[-1].any()
    for _ in range(10):  # mix with another schedule that the limits allow
        share = rng.dirichlet(np.ones(PERIODS), len(size)).T
        share = np.clip(share, 0, most / size)
        if (share.sum(axis=0) <= 0).any():
            continue
        room = most / size - share
        share += room * (1 - share.sum(axis=0)) / room.sum(axis=0)
        if (share < 0).any():
            continue
        trades = 0.9 * found.trades + 0.1 * share * many.quantities
        path = np.vstack([many.quantities, many.quantities - trades.cumsum(axis=0)])
        assert many.objective(path, aversion) >= found.objective * (1 - 1e-6)


def test_deadlines_and_net_exposure_are_kept():
    many = random_list(5, names=8)
    ends = np.array([1, 2, 3, 6, 6, 4, 5, 6])
    prices = np.linspace(10, 80, 8)
    whole = abs(float(prices @ many.quantities))
    for net in (0.0, 2.0 * whole):
        found = many.solve(0.01, deadlines=ends, prices=prices, most_net=net)
        for i, end in enumerate(ends):
            assert np.abs(found.holdings[end:, i]).max() < 1e-6 * abs(many.quantities[i])
        assert np.abs(found.holdings @ prices).max() <= max(net, whole) * (1 + 1e-6)
    tighter = many.solve(0.0, prices=prices, most_net=0.0)
    assert tighter.objective >= many.solve(0.0).objective * (1 - 1e-9)


@pytest.mark.parametrize("aversion", [0.0, 0.02])
def test_buying_mirrors_selling(aversion):
    many = random_list(9)
    other = PortfolioChriss(-many.quantities, HORIZON, PERIODS, many.covariance, many.temporary,
                            many.permanent, many.half_spreads)
    assert other.solve(aversion).holdings == pytest.approx(-many.solve(aversion).holdings,
                                                           abs=1e-4)


@pytest.mark.parametrize(("changes", "told"), [
    ({"quantities": [1.0, 0.0]}, "each name needs shares to sell"),
    ({"temporary": [0.01]}, "temporary is [0.01]; it must be 2 numbers"),
    ({"temporary": [0.01, 0.0]}, "each must be more than permanent * tau / 2"),
    ({"covariance": [[1, 0], [1, 1]]}, "it must be symmetric"),
    ({"covariance": [[1, 2], [2, 1]]}, "covariance has the eigenvalue -1"),
    ({"half_spreads": [-1, 0]}, "none may be negative"),
    ({"periods": 0}, "periods is 0"),
    ({"horizon": 0}, "horizon is 0"),
])  # fmt: skip
def test_a_wrong_list_is_told_in_one_sentence(changes, told):
    arguments = {"quantities": [5.0, -5.0], "horizon": 1.0, "periods": 4,
                 "covariance": np.eye(2), "temporary": [0.01, 0.01]} | changes
    with pytest.raises(ValueError) as caught:
        PortfolioChriss(**arguments)
    assert told in str(caught.value)


@pytest.mark.parametrize(("limits", "told"), [
    ({"most": [100.0, 1.0]}, "name 1 has 5 shares to trade; its limits allow 4"),
    ({"most": [1.0]}, "most has the shape (1,)"),
    ({"deadlines": [0, 4]}, "deadlines is [0, 4]; it must be 2 periods from 1 to 4"),
    ({"most_net": 1.0}, "most_net needs prices"),
    ({"most_net": -1.0, "prices": [1, 1]}, "most_net is -1.0"),
    ({"most_net": 0.0, "prices": [1, 1], "deadlines": [1, 4], "most": [5.0, 2.0]},
     "no schedule keeps within all limits"),
])  # fmt: skip
def test_wrong_limits_are_told_in_one_sentence(limits, told):
    pair = PortfolioChriss([5.0, -5.0], 1.0, 4, np.eye(2), [0.01, 0.01])
    with pytest.raises(ValueError) as caught:
        pair.solve(0.1, **limits)
    assert told in str(caught.value)
    with pytest.raises(ValueError, match="risk_aversion is -1"):
        pair.solve(-1)
