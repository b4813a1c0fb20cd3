"""Every number that lesson 02 works out by hand in its text is what the library computes."""

import re

import numpy as np
import pandas as pd
import pytest
from reading import Lesson, column, number, rows_of, tables

from lobsim import analytics

LESSON = Lesson("02_imbalance")
text_of, printed, check_named = LESSON.text_of, LESSON.printed, LESSON.check_named


def test_the_three_books_have_the_imbalance_of_the_library():
    rows = tables(text_of("obi-intro"))[0]
    bids, asks = (np.array([[number(x) for x in row[side].split(",")] for row in rows])
                  for side in ("bids, best first", "asks, best first"))
    best = analytics.order_book_imbalance(bids[:, 0], asks[:, 0])
    both = analytics.multi_level_imbalance(bids, asks)
    np.testing.assert_allclose(best, column(rows, r"$\rho$ of the best level"))
    np.testing.assert_allclose(both, column(rows, r"$\rho_2$"), atol=5e-5)


def test_the_seven_changes_have_the_flow_of_the_library():
    assert "10.00 (500) bid, 10.02 (300) offered" in text_of("ofi-intro")
    # two columns are called "size": read them by position
    lines = [row for row in rows_of(text_of("ofi-intro")) if re.fullmatch(r"\d", row[0])]
    table = [(10.00, 500.0, 10.02, 300.0)]
    table += [tuple(number(line[k]) for k in (1, 2, 3, 4)) for line in lines]
    quotes = pd.DataFrame(table, columns=["bid", "bid_size", "ask", "ask_size"])
    flow = analytics.order_flow_imbalance(quotes)[1:]
    np.testing.assert_allclose(flow, [number(line[7]) for line in lines])
    np.testing.assert_allclose(flow, [number(line[5]) + number(line[6]) for line in lines])


def test_the_five_changes_make_the_three_bars_of_the_table():
    changes, bars = tables(text_of("bars-intro"))
    move, ofi, obi_start = check_named("make_bars").reference(
        column(changes, "time (s)"), column(changes, "mid (ticks)"),
        column(changes, "flow of the change"), column(changes, "OBI after it"),
        np.array([0.0, 10, 20, 30]))
    np.testing.assert_allclose(move, column(bars, "move"))
    np.testing.assert_allclose(ofi, column(bars, "OFI"))
    np.testing.assert_allclose(obi_start, column(bars, "OBI at the start"))


def test_the_five_points_have_the_r2_that_the_text_works_out():
    found = check_named("out_of_sample").reference(
        np.array([1.0, 2, 3, 4, 3]), np.array([0.0, 1, 2, 3, 4]), 3, 0)
    assert "= 1 - 4/5 = 0.2" in text_of("oos-intro") and found == pytest.approx(0.2)


def test_the_five_states_hit_as_the_table_counts():
    rows = tables(text_of("hits-intro"))[0]
    per_state, per_move = check_named("hits").reference(
        column(rows, "mid (ticks)"), column(rows, r"$\rho$"))
    told = [row["per state"] for row in rows if row["per state"]]
    votes = [row["per move"] for row in rows if row["per move"]]
    assert per_state == pytest.approx(told.count("hit") / len(told)) == 0.75
    assert per_move == pytest.approx(votes.count("hit") / len(votes)) == 0.5
    assert "Per state 3 of 4, per move 1 of 2." in text_of("hits-intro")


def test_the_two_bucket_chain_has_the_adjustment_of_the_text():
    check = check_named("micro_adjustment")
    path = check.parts[0].cases[0].inputs
    first = check.reference(**{**path, "terms": 1})
    limit = check.reference(**{**path, "terms": 200})
    np.testing.assert_allclose(first, [-1 / 3, 1 / 3])
    np.testing.assert_allclose(limit, [-0.5, 0.5])
    assert "G_1 = (-0.3333, 0.3333)" in text_of("weighted-text")
    assert "G^* = (-0.5, 0.5)" in text_of("weighted-text")


def test_the_four_bars_have_the_known_signal_of_the_table():
    rows = tables(text_of("bug-text"))[0]
    signal = check_named("known_signal").reference(column(rows, "flow"))
    np.testing.assert_allclose(signal, column(rows, "signal"), atol=5e-4)
    assert 1 - 0.82**6 == pytest.approx(0.70, abs=0.005)


def test_what_the_text_says_of_the_run_is_what_the_run_printed():
    """The claims in words: explaining beats foretelling, the taker loses, the leak is all."""
    table = [line.split() for line in printed("table").splitlines()[2:]]
    explain, trades, foretell, before = np.array([row[-4:] for row in table], dtype=float).T
    assert (explain > 25).all() and (foretell < 6).all() and (before < 6).all()
    assert (explain > 3 * trades).all()
    gains = re.findall(r"(taker|maker): +(-?\d+\.\d+) ± (\d+\.\d+)", printed("pay"))
    assert len(gains) == 6
    for who, gain, error in gains:
        assert float(gain) + float(error) < 0 if who == "taker" else float(gain) > 0
    known = re.search(r"known signal: +(-?\d+\.\d+) ± (\d+\.\d+)", printed("see-known-signal"))
    assert abs(float(known[1])) < 1.5 * float(known[2])
    levels = re.findall(r"out of sample +(\d+\.\d)", printed("levels"))
    assert float(levels[0]) < float(levels[1]) < float(levels[2])
    t = np.array(re.findall(r"t = +(-?\d+\.\d+)", printed("errors")), dtype=float)
    assert abs(t[2]) > 2 * abs(t[3])
