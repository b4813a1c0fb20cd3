"""Laws of the implementation shortfall and of the average prices."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.analytics import implementation_shortfall, slippage_bps, twap_price, vwap

PARTS = ("delay", "trading", "opportunity", "fees")
PRICE = st.floats(1, 1000)


@st.composite
def orders(draw):
    fills = draw(st.lists(st.tuples(PRICE, st.integers(1, 500)), max_size=12))
    prices, sizes = [p for p, _ in fills], [q for _, q in fills]
    quantity = max(1, sum(sizes) + draw(st.sampled_from([0, 1, 700])))
    given_prices = {
        "decision_price": draw(PRICE),
        "arrival_price": draw(PRICE),
        "end_price": draw(PRICE),
        "fees": draw(st.floats(-20, 20)),
    }
    return quantity, prices, sizes, given_prices


@settings(max_examples=150, deadline=None)
@given(orders(), st.sampled_from(["buy", "sell"]))
def test_parts_add_to_perolds_difference_of_paper_and_real(order, side):
    quantity, prices, sizes, told = order
    cost = implementation_shortfall(side, quantity, prices, sizes, **told)
    sign = 1 if side == "buy" else -1
    paper = sign * quantity * (told["end_price"] - told["decision_price"])
    held = sign * sum(sizes) * told["end_price"]
    real = held - sign * sum(p * q for p, q in zip(prices, sizes, strict=True)) - told["fees"]
    scale = quantity * 1000
    assert cost.total == pytest.approx(paper - real, abs=1e-12 * scale)
    assert cost.total == sum(getattr(cost, part) for part in PARTS)
    assert cost.total_bps == pytest.approx(
        sum(getattr(cost, f"{part}_bps") for part in PARTS), rel=1e-9, abs=1e-6
    )


@settings(max_examples=80, deadline=None)
@given(orders())
def test_a_sell_at_mirrored_prices_costs_what_the_buy_costs(order):
    quantity, prices, sizes, told = order
    mirror = {k: (v if k == "fees" else 2001 - v) for k, v in told.items()}
    buy = implementation_shortfall("buy", quantity, prices, sizes, **told)
    sell = implementation_shortfall("sell", quantity, [2001 - p for p in prices], sizes, **mirror)
    for part in PARTS:
        assert getattr(sell, part) == pytest.approx(getattr(buy, part), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(orders(), st.integers(2, 9))
def test_twice_the_shares_is_twice_the_dollars_and_the_same_bps(order, factor):
    quantity, prices, sizes, told = order
    one = implementation_shortfall("buy", quantity, prices, sizes, **told)
    told = told | {"fees": told["fees"] * factor}
    more = implementation_shortfall(
        "buy", quantity * factor, prices, [q * factor for q in sizes], **told
    )
    for part in PARTS:
        assert getattr(more, part) == pytest.approx(factor * getattr(one, part), abs=1e-6)
    assert more.total_bps == pytest.approx(one.total_bps, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(orders(), st.randoms())
def test_order_of_fills_does_not_matter(order, random):
    quantity, prices, sizes, told = order
    fills = list(zip(prices, sizes, strict=True))
    random.shuffle(fills)
    a = implementation_shortfall("sell", quantity, prices, sizes, **told)
    prices, sizes = [price for price, _ in fills], [size for _, size in fills]
    b = implementation_shortfall("sell", quantity, prices, sizes, **told)
    assert b.total == pytest.approx(a.total, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(orders())
def test_moving_all_prices_together_moves_nothing(order):
    quantity, prices, sizes, told = order
    shifted = {k: (v if k == "fees" else v + 17) for k, v in told.items()}
    a = implementation_shortfall("buy", quantity, prices, sizes, **told)
    b = implementation_shortfall("buy", quantity, [p + 17 for p in prices], sizes, **shifted)
    for part in PARTS:
        assert getattr(b, part) == pytest.approx(getattr(a, part), abs=1e-6)


def test_a_finished_order_has_no_opportunity_cost_and_needs_no_end_price():
    cost = implementation_shortfall("buy", 300, [10.1, 10.2], [100, 200], decision_price=10.0)
    assert cost.opportunity == 0.0 and cost.delay == 0.0 and cost.fill_rate == 1.0
    assert cost.trading == pytest.approx(50.0)
    assert cost.average_price == pytest.approx(10.1 + 0.1 * 2 / 3)


def test_an_order_without_fills_is_all_opportunity():
    cost = implementation_shortfall(
        "sell", 100, [], [], decision_price=10.0, arrival_price=9.9, end_price=9.5
    )
    assert (cost.delay, cost.trading, cost.opportunity) == (0.0, 0.0, 50.0)
    assert math.isnan(cost.average_price) and cost.fill_rate == 0.0
    assert cost.total_bps == pytest.approx(500.0)


def test_a_gain_is_a_negative_cost_for_both_sides():
    buy = implementation_shortfall("buy", 1, [9.0], [1], decision_price=10.0)
    sell = implementation_shortfall("sell", 1, [11.0], [1], decision_price=10.0)
    assert buy.total == sell.total == -1.0


def test_fees_may_be_given_per_fill():
    cost = implementation_shortfall(1, 2, [1.0, 1.0], [1, 1], decision_price=1.0, fees=[0.3, -0.1])
    assert cost.fees == pytest.approx(0.2)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"side": "long"}, "side is 'long'; allowed are 'buy', 'sell'"),
        ({"quantity": 0}, "quantity is 0.0; it must be a positive"),
        ({"sizes": [5]}, "more than the quantity 4"),
        ({"prices": [-1.0]}, "prices must be positive and finite; -1.0 is not"),
        ({"sizes": [0]}, "sizes must be positive"),
        ({"prices": [1.0, 2.0]}, "prices 2, sizes 1"),
        ({"decision_price": float("nan")}, "decision_price is nan"),
        ({"end_price": None}, "end_price is needed: 2 of 4 were not traded"),
    ],
)
def test_a_wrong_argument_is_refused_in_a_sentence(change, message):
    told = {"side": "buy", "quantity": 4, "prices": [1.0], "sizes": [2]}
    told |= {"decision_price": 1.0, "end_price": 1.0} | change
    with pytest.raises(ValueError, match=message):
        implementation_shortfall(**told)


def test_the_table_for_people_holds_every_part():
    text = implementation_shortfall("buy", 1, [2.0], [1], decision_price=1.0).describe()
    for word in (*PARTS, "total", "buy 1, filled 1"):
        assert word in text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(PRICE, st.integers(1, 99)), min_size=1, max_size=20))
def test_vwap_lies_between_the_prices_and_does_not_see_order_or_scale(fills):
    prices, sizes = (np.array(c, dtype=float) for c in zip(*fills, strict=True))
    average = vwap(prices, sizes)
    assert prices.min() - 1e-9 <= average <= prices.max() + 1e-9
    assert vwap(prices[::-1], 3 * sizes[::-1]) == pytest.approx(average)


def test_averages_of_nothing_are_nan():
    assert math.isnan(vwap([], [])) and math.isnan(vwap([5.0], [0]))
    assert math.isnan(twap_price([], [], start_s=0, end_s=1))
    assert math.isnan(twap_price([5], [1.0], start_s=0, end_s=5))
    assert math.isnan(slippage_bps("buy", float("nan"), 10.0))


def test_twap_price_ignores_time_without_a_price_and_outside_the_window():
    times, prices = [0, 10, 20, 30], [5.0, np.nan, 7.0, 100.0]
    assert twap_price(times, prices, start_s=5, end_s=30) == pytest.approx((5 * 5 + 7 * 10) / 15)
    assert twap_price([0], [5.0], start_s=100, end_s=200) == 5.0
