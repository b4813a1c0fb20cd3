"""Laws of the trade filter and of the as-of join with quotes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.analytics import (
    SALE_CONDITIONS,
    between,
    match_quotes,
    mid_at,
    regular_trades,
    sale_conditions,
)


def tape(conditions, **columns):
    n = len(conditions)
    base = {"time_ns": range(n), "price": 10.0, "size": 100, "condition": conditions}
    return pd.DataFrame(base | columns)


LETTERS = st.text(alphabet="@EFISXTUZLGPBWCNR47VHKO56MQ9 ", max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.lists(LETTERS, min_size=1, max_size=30))
def test_a_trade_is_kept_exactly_when_all_its_letters_are(conditions):
    kept = {entry.code for entry in SALE_CONDITIONS if entry.kept} | {" "}
    trades = tape(conditions)
    result = regular_trades(trades)
    expected = [all(letter in kept for letter in text) for text in conditions]
    assert result["time_ns"].tolist() == trades.loc[expected, "time_ns"].tolist()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(LETTERS, st.sampled_from(["00", "01", "08", "12"]), st.integers(-1, 3)),
        min_size=1,
        max_size=30,
    )
)
def test_every_dropped_trade_has_one_reason(rows):
    conditions, corrections, sizes = zip(*rows, strict=True)
    report = regular_trades(tape(conditions, correction=corrections, size=sizes)).attrs["report"]
    assert report["rows_in"] == report["rows_out"] + sum(report["dropped"].values())
    assert all(count > 0 for count in report["dropped"].values())


@settings(max_examples=60, deadline=None)
@given(st.lists(LETTERS, min_size=1, max_size=20))
def test_filtering_twice_is_filtering_once_and_the_place_of_a_letter_does_not_matter(conditions):
    once = regular_trades(tape(conditions))
    pd.testing.assert_frame_equal(regular_trades(once), once)
    turned = regular_trades(tape([text[::-1] for text in conditions]))
    assert turned["time_ns"].tolist() == once["time_ns"].tolist()


def test_only_never_corrected_prints_stay_however_they_are_read():
    trades = tape(["@"] * 6, correction=["00", "01", "07", "08", "10", "12"])
    assert len(regular_trades(trades)) == 1
    assert len(regular_trades(trades.assign(correction=[0, 1, 7, 8, 10, 12]))) == 1
    assert len(regular_trades(trades.assign(correction=[None] * 6))) == 6


def test_auctions_odd_lots_and_off_exchange_prints_are_a_choice():
    trades = tape(["@ O ", "@  I", "@   "], exchange=["N", "Q", "D"])
    assert regular_trades(trades)["exchange"].tolist() == ["Q", "D"]
    assert regular_trades(trades, auctions=True)["exchange"].tolist() == ["N", "Q", "D"]
    assert regular_trades(trades, odd_lots=False)["exchange"].tolist() == ["D"]
    assert regular_trades(trades, off_exchange=False)["exchange"].tolist() == ["Q"]


def test_an_unknown_letter_is_dropped_and_named():
    report = regular_trades(tape(["@", "?"])).attrs["report"]
    assert report["dropped"] == {"unknown sale condition": 1}


def test_window_includes_its_start_and_not_its_end():
    trades = tape(["@"] * 3, time_ns=[10**9, 2 * 10**9, 3 * 10**9])
    assert regular_trades(trades, start_s=1, end_s=3)["time_ns"].tolist() == [10**9, 2 * 10**9]


def test_every_letter_of_the_table_is_explained_once():
    table = sale_conditions()
    assert table["code"].is_unique and (table["code"].str.len() == 1).all()
    assert table["why"].str.len().min() > 5


def test_input_is_left_as_it_was():
    trades = tape(["@", "T"])
    before = trades.copy()
    regular_trades(trades)
    pd.testing.assert_frame_equal(trades, before)


def slow_match(trade_ns, quote_ns, lag, same_time):
    found = -1
    for row, when in enumerate(quote_ns):
        if when < trade_ns - lag or (same_time and when == trade_ns - lag):
            found = row
    return found


TIMES = st.lists(st.integers(0, 20), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(TIMES, TIMES, st.integers(0, 4), st.booleans())
def test_matching_equals_its_slow_twin(trade_times, quote_times, lag, same_time):
    quote_times = sorted(quote_times)
    best = pd.DataFrame({"time_ns": quote_times})
    best["bid"], best["ask"] = 1.0 + best.index, 2.0 + best.index
    trades = pd.DataFrame({"time_ns": trade_times, "price": 1.0})
    matched = match_quotes(trades, best, lag, same_time=same_time)
    for trade, bid, when in matched[["time_ns", "bid", "quote_time_ns"]].itertuples(index=False):
        row = slow_match(trade, quote_times, lag, same_time)
        assert (np.isnan(bid) and when == -1) if row < 0 else bid == 1.0 + row


@settings(max_examples=60, deadline=None)
@given(TIMES, TIMES)
def test_no_quote_from_the_future_is_used(trade_times, quote_times):
    best = pd.DataFrame({"time_ns": sorted(quote_times), "bid": 1.0, "ask": 2.0})
    matched = match_quotes(pd.DataFrame({"time_ns": trade_times}), best)
    assert (matched["quote_time_ns"] < matched["time_ns"]).all()


def test_quotes_that_are_not_sorted_are_refused():
    best = pd.DataFrame({"time_ns": [2, 1], "bid": 1.0, "ask": 2.0})
    with pytest.raises(ValueError, match="row 1 is earlier than row 0"):
        match_quotes(pd.DataFrame({"time_ns": [3]}), best)


def test_no_quotes_and_no_trades_are_fine():
    best = pd.DataFrame({"time_ns": [1], "bid": [1.0], "ask": [2.0], "bid_size": [5]})
    trades = pd.DataFrame({"time_ns": np.array([7], dtype=np.int64)})
    assert len(match_quotes(trades[:0], best)) == 0
    nothing = match_quotes(trades, best[:0])
    assert nothing["mid"].isna().all() and nothing["bid_size"].tolist() == [0]
    assert np.isnan(mid_at(best[:0], [3])).all()


def test_a_markout_does_not_read_beyond_the_session():
    best = pd.DataFrame({"time_ns": [10, 20], "bid": [1.0, 2.0], "ask": [1.0, 2.0]})
    assert np.isnan(mid_at(best, [25], until_ns=20)).all()
    assert mid_at(best, [20], until_ns=20).tolist() == [2.0]


def test_the_state_at_the_cut_is_carried_for_quotes_and_not_for_trades():
    best = pd.DataFrame({"time_ns": [1, 5 * 10**9], "bid": [1.0, 2.0]})
    assert between(best, 2, 9)["bid"].tolist() == [2.0]
    best.attrs["kind"] = "nbbo"
    assert between(best, 2, 9)["time_ns"].tolist() == [2 * 10**9, 5 * 10**9]
    assert between(best, 5, 9)["bid"].tolist() == [2.0]
    assert between(best, 6, 9)["time_ns"].tolist() == [6 * 10**9]
