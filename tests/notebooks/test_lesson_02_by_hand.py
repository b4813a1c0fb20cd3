"""Every number that lesson 02 works out by hand in its text is what the library computes."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lobsim import analytics
from lobsim.course.declare import load_checks

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "solutions/02_imbalance"


@pytest.fixture(scope="module")
def cells():
    document = json.loads((FOLDER / "02_imbalance.ipynb").read_text(encoding="utf-8"))
    return {cell["id"]: cell for cell in document["cells"]}


@pytest.fixture(scope="module")
def text_of(cells):
    """``text_of(cell id)``: source of a cell."""
    return lambda name: "".join(cells[name]["source"])


@pytest.fixture(scope="module")
def printed(cells):
    """``printed(cell id)``: what a cell printed when the lesson was run."""
    return lambda name: "".join("".join(output.get("text", ""))
                                for output in cells[name]["outputs"]
                                if output.get("name") == "stdout")


def tables(text: str) -> list[list[dict[str, str]]]:
    """The markdown tables of a text, each as a list of rows."""
    found, block = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            block.append([part.strip() for part in line.strip().strip("|").split("|")])
        elif block:
            found.append([dict(zip(block[0], row, strict=True)) for row in block[2:]])
            block = []
    return found


def number(text: str) -> float:
    plain = text.replace("−", "-").replace(",", "").strip("`$ ")
    return float("nan") if plain in ("–", "", "none") else float(plain)


def column(rows, name: str) -> np.ndarray:
    return np.array([number(row[name]) for row in rows])


def check_named(name: str):
    checks = load_checks(FOLDER / "checks.py")
    return next(check for check in checks if check.name == name)


def test_the_three_books_have_the_imbalance_of_the_library(text_of):
    rows = tables(text_of("l02-obi-intro"))[0]
    bids, asks = (np.array([[number(x) for x in row[side].split(",")] for row in rows])
                  for side in ("bids, best first", "asks, best first"))
    best = analytics.order_book_imbalance(bids[:, 0], asks[:, 0])
    both = analytics.multi_level_imbalance(bids, asks)
    np.testing.assert_allclose(best, column(rows, r"$\rho$ of the best level"))
    np.testing.assert_allclose(both, column(rows, r"$\rho_2$"), atol=5e-5)


def test_the_seven_changes_have_the_flow_of_the_library(text_of):
    assert "10.00 (500) bid, 10.02 (300) offered" in text_of("l02-ofi-intro")
    # two columns are called "size": read them by position
    lines = [[part.strip() for part in line.strip().strip("|").split("|")]
             for line in text_of("l02-ofi-intro").splitlines() if re.match(r"\| \d \|", line)]
    table = [(10.00, 500.0, 10.02, 300.0)]
    table += [tuple(number(line[k]) for k in (1, 2, 3, 4)) for line in lines]
    quotes = pd.DataFrame(table, columns=["bid", "bid_size", "ask", "ask_size"])
    flow = analytics.order_flow_imbalance(quotes)[1:]
    np.testing.assert_allclose(flow, [number(line[7]) for line in lines])
    np.testing.assert_allclose(flow, [number(line[5]) + number(line[6]) for line in lines])


def test_the_five_changes_make_the_three_bars_of_the_table(text_of):
    changes, bars = tables(text_of("l02-bars-intro"))
    move, ofi, obi_start = check_named("make_bars").reference(
        column(changes, "time (s)"), column(changes, "mid (ticks)"),
        column(changes, "flow of the change"), column(changes, "OBI after it"),
        np.array([0.0, 10, 20, 30]))
    np.testing.assert_allclose(move, column(bars, "move"))
    np.testing.assert_allclose(ofi, column(bars, "OFI"))
    np.testing.assert_allclose(obi_start, column(bars, "OBI at the start"))


def test_the_five_points_have_the_r2_that_the_text_works_out(text_of):
    found = check_named("out_of_sample").reference(
        np.array([1.0, 2, 3, 4, 3]), np.array([0.0, 1, 2, 3, 4]), 3, 0)
    assert "= 1 - 4/5 = 0.2" in text_of("l02-oos-intro") and found == pytest.approx(0.2)


def test_the_five_states_hit_as_the_table_counts(text_of):
    rows = tables(text_of("l02-hits-intro"))[0]
    per_state, per_move = check_named("hits").reference(
        column(rows, "mid (ticks)"), column(rows, r"$\rho$"))
    told = [row["per state"] for row in rows if row["per state"]]
    votes = [row["per move"] for row in rows if row["per move"]]
    assert per_state == pytest.approx(told.count("hit") / len(told)) == 0.75
    assert per_move == pytest.approx(votes.count("hit") / len(votes)) == 0.5
    assert "Per state 3 of 4, per move 1 of 2." in text_of("l02-hits-intro")


def test_the_two_bucket_chain_has_the_adjustment_of_the_text(text_of):
    check = check_named("micro_adjustment")
    path = check.parts[0].cases[0].inputs
    first = check.reference(**{**path, "terms": 1})
    limit = check.reference(**{**path, "terms": 200})
    np.testing.assert_allclose(first, [-1 / 3, 1 / 3])
    np.testing.assert_allclose(limit, [-0.5, 0.5])
    assert "G_1 = (-0.3333, 0.3333)" in text_of("l02-weighted-text")
    assert "G^* = (-0.5, 0.5)" in text_of("l02-weighted-text")


def test_the_four_bars_have_the_known_signal_of_the_table(text_of):
    rows = tables(text_of("l02-bug-text"))[0]
    signal = check_named("known_signal").reference(column(rows, "flow"))
    np.testing.assert_allclose(signal, column(rows, "signal"), atol=5e-4)
    assert 1 - 0.82**6 == pytest.approx(0.70, abs=0.005)


def test_what_the_text_says_of_the_run_is_what_the_run_printed(printed):
    """The claims in words: explaining beats foretelling, the taker loses, the leak is all."""
    table = [line.split() for line in printed("l02-table").splitlines()[2:]]
    explain, trades, foretell, before = np.array([row[-4:] for row in table], dtype=float).T
    assert (explain > 25).all() and (foretell < 6).all() and (before < 6).all()
    assert (explain > 3 * trades).all()
    gains = re.findall(r"(taker|maker): +(-?\d+\.\d+) ± (\d+\.\d+)", printed("l02-pay"))
    assert len(gains) == 6
    for who, gain, error in gains:
        assert float(gain) + float(error) < 0 if who == "taker" else float(gain) > 0
    known = re.search(r"known signal: +(-?\d+\.\d+) ± (\d+\.\d+)", printed("l02-see-known-signal"))
    assert abs(float(known[1])) < 1.5 * float(known[2])
    levels = re.findall(r"out of sample +(\d+\.\d)", printed("l02-levels"))
    assert float(levels[0]) < float(levels[1]) < float(levels[2])
    t = np.array(re.findall(r"t = +(-?\d+\.\d+)", printed("l02-errors")), dtype=float)
    assert abs(t[2]) > 2 * abs(t[3])
