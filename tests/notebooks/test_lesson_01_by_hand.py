"""Every number that lesson 01 works out by hand in its text is what the library computes."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lobsim import analytics, strategies

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "solutions/01_implementation_shortfall/01_implementation_shortfall.ipynb"


@pytest.fixture(scope="module")
def text_of():
    """``text_of(cell id)``: source of a cell."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in cells}.__getitem__


def table(text: str) -> list[dict[str, str]]:
    """The first markdown table of a text, one dict per row."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def number(text: str) -> float:
    """A number of a table; NaN for a dash."""
    plain = text.replace("−", "-").replace(",", "").strip("`$ ")
    return float("nan") if plain in ("–", "") else float(plain)


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([number(row[name]) for row in rows])


def test_the_five_quotes_have_the_nbbo_of_the_library(text_of):
    rows = table(text_of("l01-nbbo-intro"))
    quotes = pd.DataFrame({
        "time_ns": [pd.Timedelta(row["time"]).value for row in rows],
        "exchange": [row["exchange"] for row in rows],
        "bid": column(rows, "its bid"), "bid_size": 100,
        "ask": column(rows, "its ask"), "ask_size": 100,
    })
    best = analytics.nbbo(quotes, same_time="all", changes_only=False)
    assert len(rows) == 5
    np.testing.assert_allclose(best["bid"], column(rows, "best bid"))
    np.testing.assert_allclose(best["ask"], column(rows, "best ask"))


def test_the_seven_prints_count_as_the_library_says(text_of):
    rows = table(text_of("l01-prints-intro"))
    prints = pd.DataFrame({
        "time_ns": range(len(rows)),
        "condition": [row["condition"].strip("`") for row in rows],
        "correction": [row["correction"] for row in rows],
        "price": column(rows, "price"), "size": column(rows, "size").astype(int),
    })
    kept = set(analytics.regular_trades(prints)["time_ns"])
    assert [i in kept for i in range(7)] == [row["counts?"] == "yes" for row in rows]


def test_the_six_signs_are_those_of_lee_and_ready(text_of):
    rows = table(text_of("l01-signs-intro"))
    tape = pd.DataFrame({"time_ns": range(len(rows)), "price": column(rows, "price"),
                         "bid": 100.00, "ask": 100.02})
    assert analytics.lee_ready(tape).tolist() == column(rows, "sign").tolist()


def test_the_three_trades_split_as_stated(text_of):
    rows = table(text_of("l01-spreads-intro"))
    price, sign, later = (column(rows, name) for name in ("price", "sign", "mid later"))
    mid, unit = np.full(3, 100.0), {"unit": "bps", "half": True}
    for name, values in (
        ("effective", analytics.effective_spread(price, mid, sign, **unit)),
        ("realised", analytics.realised_spread(price, mid, later, sign, **unit)),
        ("impact", analytics.price_impact(mid, later, sign, **unit)),
    ):
        np.testing.assert_allclose(values, column(rows, name), atol=1e-9)


def test_the_order_by_hand_costs_what_the_text_says(text_of):
    text = text_of("l01-shortfall-hand")
    stated = {row["part"]: number(row["dollars"]) for row in table(text)}
    cost = analytics.implementation_shortfall(
        "sell", 1000, [99.95, 99.90], [600, 200], decision_price=100.0, arrival_price=99.98,
        end_price=99.80, fees=2.40)
    for part, dollars in stated.items():
        assert getattr(cost, part) == pytest.approx(dollars), part
    assert cost.total_bps == pytest.approx(9.24) and "= 9.24$ bps" in text


def test_seven_shares_are_cut_as_the_table_says(text_of):
    rows = table(text_of("l01-twap-intro"))
    assert strategies.allocate(7, np.ones(3)).tolist() == column(rows, "this slice").tolist()
    np.testing.assert_allclose(column(rows, "exact running total"), 7 * np.arange(1, 4) / 3,
                               atol=0.005)


def test_the_five_days_have_the_stated_difference(text_of):
    text = text_of("l01-paired-intro")
    rows = table(text)
    a, b = column(rows, "cost of a"), column(rows, "cost of b")
    found = analytics.paired_difference(a, b)
    mean, std, pairs = map(float, re.search(
        r"difference is (\S+) and \$s_d = ([\d.]+)\$, so (\d+) pairs", text).groups())
    np.testing.assert_allclose(a - b, column(rows, "a − b"), atol=1e-9)
    assert (found.mean, found.std) == (pytest.approx(mean), pytest.approx(std, abs=5e-4))
    assert found.pairs_needed(0.1) == pairs
    assert a.std(ddof=1) == pytest.approx(20, abs=2) == b.std(ddof=1)


def test_the_four_minutes_have_the_stated_benchmark(text_of):
    rows = table(text_of("l01-bug-text"))
    price, volume = column(rows, "VWAP of its trades"), column(rows, "volume")
    before = [analytics.vwap(price[:k], volume[:k]) for k in range(4)]
    np.testing.assert_allclose(before, column(rows, "VWAP of the minutes before"))
    sells = column(rows, "mid at its start") > before
    assert sells.tolist() == [row["sell?"] == "yes" for row in rows]
