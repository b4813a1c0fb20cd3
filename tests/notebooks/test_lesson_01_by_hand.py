"""Every number that lesson 01 works out by hand or claims of its run is recomputed here."""

import re

import numpy as np
import pandas as pd
import pytest
from reading import Lesson, column, number, tables

from lobsim import analytics, strategies
from lobsim.market import Market

LESSON = Lesson("01_implementation_shortfall")
text_of, printed = LESSON.text_of, LESSON.printed


def test_the_five_quotes_have_the_nbbo_of_the_library():
    rows = tables(text_of("nbbo-intro"))[0]
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


def test_the_seven_prints_count_as_the_library_says():
    rows = tables(text_of("prints-intro"))[0]
    prints = pd.DataFrame({
        "time_ns": range(len(rows)),
        "condition": [row["condition"].strip("`") for row in rows],
        "correction": [row["correction"] for row in rows],
        "price": column(rows, "price"), "size": column(rows, "size").astype(int),
    })
    kept = set(analytics.regular_trades(prints)["time_ns"])
    assert [i in kept for i in range(7)] == [row["counts?"] == "yes" for row in rows]


def test_the_six_signs_are_those_of_lee_and_ready():
    rows = tables(text_of("signs-intro"))[0]
    tape = pd.DataFrame({"time_ns": range(len(rows)), "price": column(rows, "price"),
                         "bid": 100.00, "ask": 100.02})
    assert analytics.lee_ready(tape).tolist() == column(rows, "sign").tolist()


def test_the_three_trades_split_as_stated():
    rows = tables(text_of("spreads-intro"))[0]
    price, sign, later = (column(rows, name) for name in ("price", "sign", "mid later"))
    mid, unit = np.full(3, 100.0), {"unit": "bps", "half": True}
    for name, values in (
        ("effective", analytics.effective_spread(price, mid, sign, **unit)),
        ("realised", analytics.realised_spread(price, mid, later, sign, **unit)),
        ("impact", analytics.price_impact(mid, later, sign, **unit)),
    ):
        np.testing.assert_allclose(values, column(rows, name), atol=1e-9)


def test_the_order_by_hand_costs_what_the_text_says():
    text = text_of("shortfall-hand")
    stated = {row["part"]: number(row["dollars"]) for row in tables(text)[0]}
    cost = analytics.implementation_shortfall(
        "sell", 1000, [99.95, 99.90], [600, 200], decision_price=100.0, arrival_price=99.98,
        end_price=99.80, fees=2.40)
    for part, dollars in stated.items():
        assert getattr(cost, part) == pytest.approx(dollars), part
    assert cost.total_bps == pytest.approx(9.24) and "= 9.24$ bps" in text


def test_seven_shares_are_cut_as_the_table_says():
    rows = tables(text_of("twap-intro"))[0]
    assert strategies.allocate(7, np.ones(3)).tolist() == column(rows, "this slice").tolist()
    np.testing.assert_allclose(column(rows, "exact running total"), 7 * np.arange(1, 4) / 3,
                               atol=0.005)


def test_the_five_days_have_the_stated_difference():
    text = text_of("paired-intro")
    rows = tables(text)[0]
    a, b = column(rows, "cost of a"), column(rows, "cost of b")
    found = analytics.paired_difference(a, b)
    mean, std, pairs = map(float, re.search(
        r"difference is (\S+) and \$s_d = ([\d.]+)\$, so (\d+) pairs", text).groups())
    np.testing.assert_allclose(a - b, column(rows, "a − b"), atol=1e-9)
    assert (found.mean, found.std) == (pytest.approx(mean), pytest.approx(std, abs=5e-4))
    assert found.pairs_needed(0.1) == pairs
    assert a.std(ddof=1) == pytest.approx(20, abs=2) == b.std(ddof=1)


def test_the_four_minutes_have_the_stated_benchmark():
    rows = tables(text_of("bug-text"))[0]
    price, volume = column(rows, "VWAP of its trades"), column(rows, "volume")
    before = [analytics.vwap(price[:k], volume[:k]) for k in range(4)]
    np.testing.assert_allclose(before, column(rows, "VWAP of the minutes before"))
    sells = column(rows, "mid at its start") > before
    assert sells.tolist() == [row["sell?"] == "yes" for row in rows]


# -- the run of the lesson -----------------------------------------------------------------------


def paired_lines(cell: str) -> dict[str, np.ndarray]:
    """Mean difference to TWAP and its interval in bps, by schedule or block, as printed."""
    lines = re.findall(r"^ *(\S+)(?: block +VWAP)? - TWAP +(-?[\d.]+) bps "
                       r"\( *(-?[\d.]+) to +(-?[\d.]+)\)", printed(cell), flags=re.MULTILINE)
    return {name: np.array(numbers, dtype=float) for name, *numbers in lines}


def test_no_schedule_of_four_hours_can_be_ranked_without_pairs():
    rows = [line.split() for line in printed("study-table").splitlines()[2:]]
    table = {row[0]: np.array(row[1:], dtype=float) for row in rows}
    days = int(re.search(r"^N_DAYS = (\d+)", text_of("parameters"), flags=re.MULTILINE)[1])
    slow = ("TWAP", "VWAP", "POV", "passive")
    means, errors = (np.array([table[name][k] for name in slow]) for k in (0, 2))
    assert np.ptp(means) < errors.min()
    for mean, std, error, _ in table.values():
        assert error == pytest.approx(std / days**0.5, abs=0.01)
    assert table["immediate"][1] < 0.2 * table["TWAP"][1]
    unfinished = {name: row[-1] for name, row in table.items()}
    assert 0 < unfinished.pop("POV") < days and not any(unfinished.values())


def test_pairs_settle_passive_within_a_handful_of_days_and_the_rest_not():
    found = paired_lines("see-paired")
    days = {name: tuple(int(n.replace(",", "")) for n in pair) for name, *pair in re.findall(
        r"(\S+) - TWAP .*: +([\d,]+) paired, +([\d,]+) not", printed("see-paired"))}
    assert list(found) == list(days) == ["VWAP", "POV", "passive", "immediate"]
    assert found["passive"][2] < 0 and days["passive"][0] < 10 < 1000 < days["VWAP"][0]
    for paired, unpaired in days.values():
        assert paired < unpaired
    assert "The intervals of VWAP and POV both leave out 0 here." in text_of("see-paired-text")
    assert found["VWAP"][2] < 0 and found["POV"][2] < 0


def test_what_vwap_gained_on_the_first_block_is_gone_on_the_second():
    found = paired_lines("second-block")
    assert found["first"].tolist() == paired_lines("see-paired")["VWAP"].tolist()
    assert found["first"][2] < 0 and found["second"][1] < 0 < found["second"][2]
    said = re.findall(r"mean cost of TWAP (-?[\d.]+) bps, correlation .* (-?[\d.]+)$",
                      printed("second-block"), flags=re.MULTILINE)
    (fell, first), (level, second) = np.array(said, dtype=float)
    assert fell > 10 * abs(level) and max(first, second) < -0.5
    assert text_of("second-block-after").startswith("The gain is gone.")
    market = Market("SPY", seed=1, start_s=36_000, end_s=50_400)
    hours = np.diff(market.expected_volume_curve(np.linspace(36_000, 50_400, 5)))
    assert hours[0] > 1.25 * hours.mean()  # VWAP sells more than TWAP in the first hour
