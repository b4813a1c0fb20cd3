"""Laws of trade signs and of spreads."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.analytics import (
    effective_spread,
    lee_ready,
    price_impact,
    quote_rule,
    quoted_spread,
    realised_spread,
    tick_rule,
    trade_costs,
)

CENTS = st.integers(990, 1010)


@st.composite
def quoted_tapes(draw):
    rows = draw(
        st.lists(
            st.tuples(CENTS, CENTS, st.integers(0, 6), st.booleans(), st.booleans()),
            min_size=1,
            max_size=40,
        )
    )
    price, bid, width, half, missing = (np.array(column) for column in zip(*rows, strict=True))
    return pd.DataFrame({
        "time_ns": np.arange(len(rows)),
        "price": (price + 0.5 * half) / 100,
        "bid": np.where(missing, np.nan, bid / 100),
        "ask": (bid + width) / 100,
    })  # fmt: skip


def slow_lee_ready(table):
    """Lee and Ready in whole tenths of a cent, one trade at a time."""
    signs, history = [], []
    for row in table.itertuples():
        price = round(row.price * 1000)
        history.append(price)
        sign = 0
        if row.bid == row.bid:
            twice = 2 * price - round(row.bid * 1000) - round(row.ask * 1000)
            sign = (twice > 0) - (twice < 0)
        if sign == 0:
            for earlier in reversed(history[:-1]):
                if earlier != price:
                    sign = 1 if price > earlier else -1
                    break
        signs.append(sign)
    return signs


@settings(max_examples=200, deadline=None)
@given(quoted_tapes())
def test_lee_ready_equals_its_slow_twin(table):
    assert lee_ready(table).tolist() == slow_lee_ready(table)


@settings(max_examples=80, deadline=None)
@given(quoted_tapes())
def test_mirroring_prices_turns_every_sign(table):
    mirrored = table.assign(price=20 - table["price"], bid=20 - table["ask"], ask=20 - table["bid"])
    assert (lee_ready(mirrored) == -lee_ready(table)).all()


@settings(max_examples=80, deadline=None)
@given(quoted_tapes(), st.sampled_from([0.5, 3.0, 1000.0, 1e-6]))
def test_signs_do_not_depend_on_the_currency(table, factor):
    scaled = table.assign(**{c: table[c] * factor for c in ("price", "bid", "ask")})
    assert (lee_ready(scaled) == lee_ready(table)).all()


def test_first_trades_without_a_change_have_no_sign():
    assert tick_rule([5.0, 5.0, 5.0]).tolist() == [0, 0, 0]
    assert tick_rule([]).tolist() == []
    assert tick_rule([np.nan, 5.0, np.nan, 6.0]).tolist() == [0, 0, 0, 1]
    assert tick_rule([1.0]).dtype == np.int8


def test_midpoint_is_found_in_spite_of_rounding():
    bid = np.round(np.arange(1, 2000) * 0.01, 2)
    ask = bid + 0.01
    assert not quote_rule(bid + 0.005, bid, ask).any()
    assert (quote_rule(ask, bid, ask) == 1).all() and (quote_rule(bid, bid, ask) == -1).all()


def test_lee_ready_matches_quotes_itself():
    best = pd.DataFrame({"time_ns": [0, 10], "bid": [1.0, 2.0], "ask": [1.2, 2.2]})
    trades = pd.DataFrame({"time_ns": [10, 11], "price": [1.2, 2.0]})
    assert lee_ready(trades, best).tolist() == [1, -1]
    assert lee_ready(trades, best, lag_ns=5).tolist() == [1, 1]
    with pytest.raises(ValueError, match="trades without nbbo has no column bid, ask"):
        lee_ready(trades)


SIGNS = st.sampled_from([-1, 0, 1])
PRICE = st.floats(1, 1000)
COSTS = st.lists(st.tuples(PRICE, PRICE, PRICE, SIGNS), min_size=1, max_size=20)
UNITS = st.sampled_from(["dollars", "bps"])


@settings(max_examples=100, deadline=None)
@given(COSTS, UNITS, st.booleans())
def test_effective_is_realised_plus_impact(rows, unit, half):
    price, mid, after, sign = (np.array(c) for c in zip(*rows, strict=True))
    options = {"unit": unit, "half": half}
    effective = effective_spread(price, mid, sign, **options)
    kept = realised_spread(price, mid, after, sign, **options)
    impact = price_impact(mid, after, sign, **options)
    np.testing.assert_allclose(effective, kept + impact, rtol=1e-9, atol=1e-6)
    assert np.array_equal(np.isnan(effective), sign == 0)


@settings(max_examples=60, deadline=None)
@given(COSTS, UNITS)
def test_half_is_half_and_sides_are_mirror_images(rows, unit):
    price, mid, _, sign = (np.array(c) for c in zip(*rows, strict=True))
    full = effective_spread(price, mid, sign, unit=unit)
    np.testing.assert_allclose(effective_spread(price, mid, sign, unit=unit, half=True), full / 2)
    mirrored = effective_spread(2 * mid - price, mid, -sign, unit=unit)
    np.testing.assert_allclose(mirrored, full, rtol=1e-6, atol=1e-6)


def test_dollars_scale_with_the_price_and_bps_do_not():
    arguments = (np.array([10.02]), np.array([10.0]), [1])
    ten_times = (arguments[0] * 10, arguments[1] * 10, [1])
    assert effective_spread(*ten_times) == pytest.approx(10 * effective_spread(*arguments))
    in_bps = effective_spread(*arguments, unit="bps")
    assert effective_spread(*ten_times, unit="bps") == pytest.approx(in_bps)


def test_buying_at_the_ask_costs_the_quoted_spread():
    best = pd.DataFrame({"time_ns": [0, 10**10], "bid": 10.0, "ask": 10.03})
    assert effective_spread([10.03], [10.015], [1])[0] == pytest.approx(quoted_spread(best))


def test_quoted_spread_weighs_by_time_and_skips_unusable_states():
    best = pd.DataFrame({
        "time_ns": np.array([0, 1, 3, 6]) * 10**9,
        "bid": [10.00, 10.00, np.nan, 10.05],
        "ask": [10.01, 10.04, 10.04, 10.04],
    })  # fmt: skip
    window = {"start_s": 0, "end_s": 8}
    assert quoted_spread(best, **window) == pytest.approx((0.01 * 1 + 0.04 * 2) / 3)
    assert quoted_spread(best, **window, statistic="median") == pytest.approx(0.04)
    assert quoted_spread(best, start_s=0.5, end_s=1) == pytest.approx(0.01)
    assert np.isnan(quoted_spread(best, start_s=6, end_s=8)), "crossed all the time"
    assert np.isnan(quoted_spread(best[:0]))


def test_median_spread_is_not_exceeded_for_half_of_the_time():
    best = pd.DataFrame({
        "time_ns": np.array([0, 4, 7]) * 10**9, "bid": 10.0, "ask": [10.01, 10.02, 10.03],
    })  # fmt: skip
    medians = [quoted_spread(best, start_s=0, end_s=end, statistic="median") for end in (8, 9, 15)]
    assert medians == pytest.approx([0.01, 0.02, 0.03])


def test_splitting_a_quote_in_time_changes_no_spread():
    best = pd.DataFrame({"time_ns": [0, 4 * 10**9], "bid": [9.0, 9.5], "ask": [10.0, 10.0]})
    split = pd.DataFrame({"time_ns": [0, 10**9, 4 * 10**9], "bid": [9.0, 9.0, 9.5], "ask": 10.0})
    a, b = (quoted_spread(t, start_s=0, end_s=7, unit="bps") for t in (best, split))
    assert a == pytest.approx(b)


def test_a_horizon_beyond_the_session_gives_no_realised_spread():
    best = pd.DataFrame({"time_ns": [0, 10 * 10**9], "bid": 10.0, "ask": 10.02})
    trades = pd.DataFrame({"time_ns": np.array([2, 8]) * 10**9, "price": 10.02, "size": 100})
    costs = trade_costs(trades, best, horizon_s=5)
    assert costs["realised"].isna().tolist() == [False, True]
    assert costs["effective"].notna().all()


def test_a_sign_that_is_no_sign_is_refused():
    with pytest.raises(ValueError, match=r"sign holds 2.0; allowed are \+1, -1 and 0"):
        effective_spread([1.0], [1.0], [2])
    with pytest.raises(ValueError, match="price 2, mid 1, sign 1"):
        effective_spread([1.0, 2.0], [1.0], [1])
