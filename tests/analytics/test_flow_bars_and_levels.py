"""Bars add up to the day they are cut from; levels agree with the best quotes; mark-outs mirror."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.analytics import (BookLevels, book_levels, flow_bars, integrated_weights, mark_outs,
                              multi_level_imbalance, multi_level_ofi, order_book_imbalance,
                              order_flow_imbalance, reference_facts, regress, tape_of)
from lobsim.data import bundled, read_any, read_lobster, read_quotes, read_trades


@pytest.fixture(scope="module")
def day():
    return read_lobster(bundled("lobster_messages"), bundled("lobster_book"))


@pytest.fixture(scope="module")
def best(day):
    book = day.book
    return pd.DataFrame({"time_ns": day.messages["time_ns"], "bid": book["bid_price_1"],
                         "bid_size": book["bid_size_1"], "ask": book["ask_price_1"],
                         "ask_size": book["ask_size_1"]})


def test_flows_and_moves_of_the_bars_add_up_to_those_of_the_day(best):
    start = np.ceil(best["time_ns"].iloc[0] / 1e9)
    bars = flow_bars(best, 10, start_s=start, end_s=start + 3000)
    within = best["time_ns"].between(start * 1e9, (start + 3000) * 1e9, inclusive="right")
    assert bars["ofi"].sum() == pytest.approx(order_flow_imbalance(best)[within].sum())
    mids = 0.5 * (best["bid"] + best["ask"])
    first = mids[best["time_ns"] <= start * 1e9].iloc[-1]
    last = mids[best["time_ns"] <= (start + 3000) * 1e9].iloc[-1]
    assert bars["move_ticks"].sum() == pytest.approx((last - first) / 0.01)
    assert len(bars) == 300


def test_short_bars_join_to_long_ones(best):
    start = np.ceil(best["time_ns"].iloc[0] / 1e9)
    short = flow_bars(best, 1, start_s=start, end_s=start + 600)
    long = flow_bars(best, 10, start_s=start, end_s=start + 600)
    for name in ("ofi", "move_ticks", "events"):
        joined = short[name].to_numpy().reshape(-1, 10).sum(axis=1)
        assert joined == pytest.approx(long[name].to_numpy())
    assert short["obi_start"].to_numpy()[::10] == pytest.approx(long["obi_start"].to_numpy())


def test_what_stands_at_the_start_of_a_bar_knows_nothing_of_the_bar(best):
    """Quotes after a bar's start may be changed at will: its ``_start`` columns stay."""
    cut = int(best["time_ns"].iloc[len(best) // 2] // 10**9)
    changed = best.copy()
    after = changed["time_ns"] > cut * 10**9
    changed.loc[after, ["bid", "ask"]] += 1.0
    changed.loc[after, "bid_size"] += 500
    start = cut - 100
    one = flow_bars(best, 10, start_s=start, end_s=cut + 10)
    other = flow_bars(changed, 10, start_s=start, end_s=cut + 10)
    known = [name for name in one if "start" in name]
    assert len(known) == 5
    pd.testing.assert_frame_equal(one[known], other[known])
    assert one["move_ticks"].iloc[-1] != other["move_ticks"].iloc[-1]


@pytest.mark.parametrize(("changes", "word"), [
    ({"step_s": 0}, "step_s"), ({"tick_size": 0}, "tick_size"),
    ({"start_s": 38000, "end_s": 38001}, "no bar"),
])
def test_an_impossible_window_is_refused_in_a_sentence(best, changes, word):
    with pytest.raises(ValueError, match=word):
        flow_bars(best, **{"step_s": 10, **changes})


def test_trades_count_by_their_sign(best):
    start = int(best["time_ns"].iloc[0] // 10**9) + 1
    tape = pd.DataFrame({"time_ns": np.array([start + 1, start + 2, start + 11]) * 10**9,
                         "size": [100, 30, 5], "sign": [1, -1, -1], "price": 95.0})
    bars = flow_bars(best, 10, start_s=start, end_s=start + 20, trades=tape)
    assert bars["trade_imbalance"].tolist() == [70, -5]


def test_the_first_level_is_the_best_quote(day, best):
    flow = multi_level_ofi(book_levels(day.book, 3))
    assert flow[:, 0] == pytest.approx(order_flow_imbalance(best))
    levels = book_levels(day.book, 1)
    assert multi_level_imbalance(levels.bid_size, levels.ask_size) == pytest.approx(
        order_book_imbalance(best["bid_size"], best["ask_size"]), nan_ok=True)


@given(st.floats(0, 50))
def test_equal_sides_balance_at_any_weighting(decay):
    assert multi_level_imbalance([[3, 2, 9]], [[3, 2, 9]], decay=decay).tolist() == [0.0]


def test_mirroring_the_book_turns_the_flow_of_every_level(day):
    levels = book_levels(day.book.iloc[:3000], 5)
    mirrored = BookLevels(-levels.ask, levels.ask_size, -levels.bid, levels.bid_size)
    assert multi_level_ofi(mirrored) == pytest.approx(-multi_level_ofi(levels))


def test_an_absent_level_has_no_flow():
    book = BookLevels(np.array([[1.0, np.nan], [1.0, 0.9]]), np.array([[5.0, 0.0], [5.0, 7.0]]),
                      np.array([[1.1, np.nan]] * 2), np.array([[5.0, 0.0]] * 2))
    assert multi_level_ofi(book)[1].tolist() == [0.0, 7.0]


def test_deeper_levels_explain_more_than_the_best_alone_in_the_sample(day):
    """Least squares cannot lose by a regressor; integrated flow must keep most of that."""
    flow = multi_level_ofi(book_levels(day.book, 5))
    second = day.messages["time_ns"].to_numpy() // (10 * 10**9)
    bars = np.column_stack([np.bincount(second - second[0], weights=flow[:, m]) for m in range(5)])
    mid = (0.5 * (day.book["bid_price_1"] + day.book["ask_price_1"])).to_numpy()
    last = np.searchsorted(second, np.unique(second), side="right") - 1
    move = np.diff(mid[last], prepend=mid[0]) / 0.01
    one, all_five = regress(move, bars[:, 0]).r2, regress(move, bars).r2
    weights = integrated_weights(bars)
    assert np.abs(weights).sum() == pytest.approx(1)
    assert all_five >= one
    assert regress(move, bars @ weights).r2 > 0.5 * all_five


def test_too_little_flow_for_weights_is_refused():
    with pytest.raises(ValueError, match="finite rows"):
        integrated_weights([[1.0, np.nan], [2.0, 3.0]])
    with pytest.raises(ValueError, match="never vary"):
        integrated_weights(np.ones((5, 2)))
    with pytest.raises(ValueError, match="this book has 10"):
        book_levels(read_lobster(bundled("lobster_messages"), bundled("lobster_book")).book, 11)


def test_a_fill_of_the_other_side_is_marked_with_the_other_sign(best):
    time = best["time_ns"].to_numpy()[100:2000:37]
    fills = pd.DataFrame({"time_ns": time, "price": 95.0, "size": 100, "side": 1})
    bought = mark_outs(fills, best, [0, 1, 10])
    sold = mark_outs(fills.assign(side=-1), best, [0, 1, 10])
    assert bought["mark_out"].to_numpy() == pytest.approx(-sold["mark_out"].to_numpy())
    assert bought["stderr"].to_numpy() == pytest.approx(sold["stderr"].to_numpy())


def test_a_fill_at_the_bid_earns_half_the_spread_at_once(best):
    rows = best.iloc[50:500:9]
    fills = pd.DataFrame({"time_ns": rows["time_ns"], "price": rows["bid"], "size": 10, "side": 1})
    fills = fills[~rows["time_ns"].duplicated(keep=False)]
    at_once = mark_outs(fills, best, [0], unit="currency")["mark_out"].iloc[0]
    same = best.drop_duplicates("time_ns", keep="last").set_index("time_ns").loc[fills["time_ns"]]
    assert at_once == pytest.approx((0.5 * (same["ask"] - same["bid"])).mean())


def test_no_price_after_the_close_is_read(best):
    late = pd.DataFrame({"time_ns": [best["time_ns"].iloc[-1] - 10**9], "price": [95.0],
                         "size": [1], "side": [1]})
    found = mark_outs(late, best, [0.5, 5.0])
    assert found["fills"].tolist() == [1, 0]
    assert np.isnan(found["mark_out"].iloc[1])


@pytest.mark.parametrize(("change", "word"), [({"side": 2}, "side"), ({"horizon": -1}, "negative")])
def test_a_bad_fill_or_horizon_is_named(best, change, word):
    fills = pd.DataFrame({"time_ns": [1], "price": [1.0], "size": [1],
                          "side": [change.get("side", 1)]})
    with pytest.raises(ValueError, match=word):
        mark_outs(fills, best, [change.get("horizon", 1)])


REAL = {
    "AMZN": ("lobster/LOBSTER_SampleFile_AMZN_2012-06-21_1.zip",),
    "GOOG": ("lobster/LOBSTER_SampleFile_GOOG_2012-06-21_5.zip",),
    "IBM": tuple(f"quantconnect_lean/Data/equity/usa/tick/ibm/20131008_{kind}.zip"
                 for kind in ("quote", "trade")),
    "XXX": ("taq/cqm_20180102.csv.gz", "taq/ctm_20180102.csv.gz"),
}


@pytest.mark.parametrize("name", REAL)
def test_ofi_explains_real_days_as_was_found_independently(real_data, name):
    """R2 of bars of a second and of ten, and its fall from explaining to foretelling."""
    paths = [real_data / path for path in REAL[name]]
    tape = tape_of(read_any(paths[0]) if len(paths) == 1 else read_quotes(paths[0]),
                   None if len(paths) == 1 else read_trades(paths[1]))
    known = reference_facts()[name]
    for step_s in (1, 10):
        bars = flow_bars(tape.quotes, step_s, start_s=34200, end_s=57600, trades=tape.trades)
        move, flow = bars["move_ticks"].to_numpy(), bars["ofi"].to_numpy()
        assert regress(move, flow).r2 == pytest.approx(known[f"ofi_r2_{step_s}s"], abs=0.002)
        assert regress(move, bars["trade_imbalance"]).r2 < regress(move, flow).r2 + 0.1
        later = regress(move, bars["obi_start"]).r2
        assert later == pytest.approx(known[f"obi_predictive_r2_{step_s}s"], abs=0.0004)
        assert regress(move[1:], flow[:-1]).r2 < 0.02


def test_a_tape_is_refused_without_its_half(best):
    with pytest.raises(ValueError, match="needs its trades"):
        tape_of(best)
    with pytest.raises(TypeError, match="int"):
        tape_of(3)
