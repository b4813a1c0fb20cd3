"""Every number that lesson 05 works out by hand or claims of its run is recomputed here."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from reading import Lesson, between, body_of, number, said

from lobsim.analytics import paired_difference
from lobsim.strategies import GLFT, AvellanedaStoikov, QuoteWorld

LESSON = Lesson("05_market_making")
SETTINGS = {"calm": ("off", 0.0), "fee": ("on", 0.0), "trend": ("off", 1.0)}
PAPER = AvellanedaStoikov(0.1, 2, 1.5)
text_of, printed, by_hand, check_named = (
    LESSON.text_of, LESSON.printed, LESSON.by_hand, LESSON.check_named)


@pytest.fixture(scope="module")
def hours():
    """``hours(setting, maker, column)``: a column of the stored hours by seed."""
    table = pd.read_csv(LESSON.folder / "makers_hours.csv")

    def hours(setting, maker, column="profit"):
        fees, trend = SETTINGS[setting]
        rows = table[(table["fees_are"] == fees) & (table["trend_bps_per_min"] == trend)
                     & (table["maker"] == maker)]
        return rows.set_index("seed")[column].sort_index()

    return hours


# -- the theory ----------------------------------------------------------------------------------


def test_long_two_has_the_quotes_of_the_table():
    reservation, spread, bid, ask = (number(row[2]) for row in body_of(text_of("model-intro")))
    assert reservation == pytest.approx(PAPER.reservation_price(100, 2, 1.0), abs=5e-5)
    assert spread == pytest.approx(PAPER.spread(1.0), abs=5e-5)
    below, above = PAPER.depths(2, 1.0)
    assert (bid, ask) == pytest.approx((100 - below, 100 + above), abs=5e-5)
    assert by_hand("quotes") == pytest.approx((reservation, bid, ask), abs=5e-5)
    assert "98.3546" in printed("see-quotes") and "100.0454" in printed("see-quotes")
    # the ask crosses the mid from three quotes long, as the slider's text says
    assert PAPER.depths(2, 1.0)[1] > 0 > PAPER.depths(3, 1.0)[1]
    assert "From three quotes long" in text_of("lean-text")


def test_distance_three_maximises_rate_times_utility():
    gamma, k = 0.1, 1.5
    grid = np.linspace(0, 3, 300_001)
    best = grid[np.argmax(np.exp(-k * grid) * (1 - np.exp(-gamma * grid)) / gamma)]
    assert best == pytest.approx(math.log1p(gamma / k) / gamma, abs=2e-5)


def test_two_steps_have_the_chances_and_the_profit_of_the_table():
    rows = body_of(text_of("world-intro"))
    for row in rows:
        left, held = number(row[1]), number(row[2])
        distances = [number(x) for x in row[3].split(",")]
        assert PAPER.depths(held, left) == pytest.approx(distances, abs=5e-5)
        chances = [2 * math.exp(-1.5 * d) * 0.5 for d in PAPER.depths(held, left)]
        assert [number(x) for x in row[4].split(",")] == pytest.approx(chances, abs=5e-5)
    profit, held = by_hand("run_path")
    assert profit == pytest.approx(0.3908, abs=5e-5) and held == 0
    assert "=0.3908$" in text_of("world-intro")


def test_the_tables_are_the_papers_within_the_errors_of_both_runs():
    """Three standard errors of a difference of two runs of 1000 paths, and rounding."""
    entries = re.findall(r"(-?\d+\.\d+) ±(\d\.\d+) / *(-?\d+\.\d+)", printed("tables"))
    assert len(entries) == 24
    for here, error, paper in np.array(entries, dtype=float):
        assert abs(here - paper) < 3 * math.hypot(2**0.5 * error, 0.05) + 0.005
    spreads = re.findall(r"spread (\d\.\d+) /(\d\.\d+)", printed("tables"))
    for here, paper in np.array(spreads, dtype=float):
        assert here == pytest.approx(paper, abs=0.013)  # the paper may count t = T


def test_stored_tables_have_100_000_paths_and_agree_with_the_paper():
    stored = pd.read_csv(LESSON.folder / "avellaneda_stoikov_tables.csv")
    assert len(stored) == 24 and stored["z"].abs().max() < 2.5
    profit = stored[stored["number"] == "profit"].set_index(["gamma", "strategy"])
    std = stored[stored["number"] == "std_profit"].set_index(["gamma", "strategy"])
    paths = (std["here"] / profit["se"]) ** 2
    assert paths.round().tolist() == pytest.approx([100_000] * 6, rel=1e-9)
    worst = stored.sort_values("z", key=abs).tail(2)
    assert (worst["strategy"] == "symmetric").all() and (worst["number"] == "std_profit").all()
    assert f"are {worst['z'].min():.1f} and {worst['z'].max():.1f} standard errors low" in text_of(
        "stored-tables-text")
    assert "13.46" in printed("stored-tables") and "13.68" in printed("stored-tables")


def test_fill_rule_and_step_change_the_result_as_the_text_says():
    rows = re.findall(r"profit (\d+\.\d) .*inventory (\d\.\d\d)", printed("rules"))
    (one, _), (two, _), (three, wide) = np.array(rows, dtype=float)
    assert two / one == pytest.approx(7 / 8, abs=0.02)
    assert three == pytest.approx(one, rel=0.03) and wide > 3.2


def test_the_ranking_by_certainty_equivalent_is_exact():
    world = QuoteWorld(max_inventory=60)
    values = [float(line.split()[-1]) for line in printed("rank").splitlines()]
    exact = [world.certainty_equivalent(*world.tables(model), 0.1)
             for model in (PAPER, AvellanedaStoikov(0.025, 2, 1.5),
                           GLFT(0.1, 2, 140, 1.5, 60, solution="closed"))]
    assert values[:3] == pytest.approx(exact, abs=0.006)
    assert values[2] < values[3] < values[2] + 0.1  # the closed form, and the optimum
    assert values[3] - values[0] == pytest.approx(2.5, abs=0.05)
    mean, worth = zip(*re.findall(r"mean +(\d+\.\d), worth a sure (\d+\.\d+)", printed("certain")))
    assert float(mean[1]) > float(mean[0]) and float(worth[1]) < float(worth[0]) - 20


def test_long_one_has_the_glft_quotes_of_the_text():
    assert by_hand("glft_quotes") == pytest.approx((2.0719, 1.4719), abs=5e-5)
    model = GLFT(0.25, 0.4, 1.5, 0.5, 5)
    assert (model.half_spread, model.lean) == (pytest.approx(1.6219, abs=5e-5), pytest.approx(0.3))
    assert "=2.0719$" in text_of("glft-intro") and "=1.4719$" in text_of("glft-intro")
    assert "3.3129" in printed("see-glft-quotes") and "3.3130" in printed("see-glft-quotes")


def test_cartea_jaimungal_is_a_little_wider_and_leans_alike():
    rows = [[float(x) for x in re.findall(r"\d\.\d+", line)]
            for line in printed("cartea").splitlines()]
    (flat, _, far, near), (other, _, other_far, other_near) = rows
    assert flat < other < flat + 0.03 and "a little wider" in text_of("rank-text")
    assert far - near == pytest.approx(other_far - other_near, abs=0.01)


# -- the book ------------------------------------------------------------------------------------


def test_six_quotes_have_the_rates_of_the_text():
    rows = body_of(text_of("calibrate-intro"))
    case = check_named("fill_intensity").parts[0].cases[0].inputs
    told = sorted((number(d), number(t), hit == "yes") for d, t, hit in rows)
    assert told == sorted(zip(*(np.asarray(x).tolist() for x in case.values())))
    assert by_hand("fill_intensity") == pytest.approx((0.4, 0.693), abs=5e-4)


def test_four_bars_are_traded_as_the_table_says():
    rows = body_of(text_of("bug-text"))
    case = check_named("mended_backtest").parts[0].cases[0].inputs
    for column, name in ((1, "low"), (2, "high"), (3, "close")):
        assert [number(row[column]) for row in rows] == case[name].tolist()
    for n, row in enumerate(rows[1:], start=1):
        assert row[4] == f"{case['close'][n] - 2:g}, {case['close'][n] + 2:g}"
        assert row[6] == f"{case['close'][n - 1] - 2:g}, {case['close'][n - 1] + 2:g}"
    assert by_hand("mended_backtest") == (0.0, -1)
    theirs = check_named("mended_backtest").mistakes[0].wrong(**case)
    assert theirs == (4.0, 1) and "he made 4 and holds one quote" in text_of("bug-text")


def test_two_fills_have_the_parts_of_the_table():
    rows = body_of(text_of("parts-intro"))
    parts = np.array([[number(x) for x in row[6:9]] for row in rows]).sum(axis=0)
    assert by_hand("profit_parts") == pytest.approx((*parts, -0.15))
    assert sum(by_hand("profit_parts")) == pytest.approx(3.85) == -97.15 + 101


def test_the_two_backtests_and_the_three_rules_differ_as_told():
    theirs, error = map(float, re.search(r"([+-]\d+\.\d+) ± (\d\.\d+)", printed("bug")).groups())
    yours, other = map(float, re.search(r"([+-]\d+\.\d+) ± (\d\.\d+)",
                                        printed("see-mended-backtest")).groups())
    assert theirs > 3 * error and yours < -3 * other
    rules = {line.split()[0]: [float(x) for x in re.findall(r"-?\d+\.\d+", line)]
             for line in printed("fill-rules").splitlines()}
    profit, error, spread, adverse = (rules["probability"][n] for n in range(4))
    assert profit > 3 * error and -adverse < 0.2 * spread
    profit, error, spread, adverse = (rules["queue"][n] for n in range(4))
    assert profit < 1.96 * error and -adverse > 1.5 * spread
    assert rules["touch"][-1] < 0.5 * rules["queue"][-1]


def test_parts_add_up_to_the_account_for_every_maker():
    lines = printed("see-profit-parts").splitlines()
    assert len(lines) == 3
    for line in lines:
        *_, total, account = (float(x) for x in re.findall(r"-?\d+\.\d+", line))
        assert total == account


def test_mark_outs_fall_below_zero_in_the_queue_and_not_under_dice():
    pairs = r"s +(-?\d+\.\d+) ±(\d+\.\d+)"
    rows = {line.split()[0]: np.array(re.findall(pairs, line), dtype=float)
            for line in printed("mark-outs").splitlines()}
    assert (rows["probability"][:, 0] > 2 * rows["probability"][:, 1]).all()
    for rule in ("touch", "queue"):
        assert rows[rule][0, 0] > 7 and rows[rule][1, 0] < -2 * rows[rule][1, 1]


def test_the_stored_hours_are_complete_and_add_up():
    table = pd.read_csv(LESSON.folder / "makers_hours.csv")
    count = table["seed"].nunique()
    assert len(table) == 9 * count and count >= 50
    assert f"--seeds {count} " in text_of("many-intro")
    parts = table[["spread", "adverse", "inventory_gain", "fees"]].sum(axis=1)
    np.testing.assert_allclose(parts, table["profit"], atol=1e-5)
    assert table.loc[table["fees_are"] == "off", "fees"].eq(0).all()


MAKERS = ("symmetric", "A-S 600 s", "GLFT")


def test_what_the_text_says_of_the_makers_means_is_in_the_stored_hours(hours):
    text = text_of("many-text")
    for name in MAKERS:
        calm, fee = hours("calm", name), hours("fee", name)
        assert calm.mean() + 1.96 * calm.sem() < 0 and fee.mean() < 0
        assert f"{said(calm.mean())} ± {said(1.96 * calm.sem())}" in text
        assert fee.mean() > calm.mean()  # the wider quotes lose less
        spreads = [hours(setting, name, "quoted_spread").mean() for setting in ("calm", "fee")]
        assert 15 < (spreads[1] - spreads[0]) / 2 < 20.5
        assert hours("fee", name, "fills").mean() < 0.22 * hours("calm", name, "fills").mean()
        assert 4 <= hours("calm", name, "spread").mean() < 5
        for setting in SETTINGS:
            part = [hours(setting, name, column).mean() for column in ("adverse", "spread")]
            assert -part[0] > part[1] > 0
        assert 8.5 < -hours("calm", name, "adverse").mean() < 11.5
    gap = paired_difference(hours("calm", "A-S 600 s"), hours("calm", "GLFT"))
    assert gap.ci_low > 0 and f"by {said(gap.mean)} dollars" in text
    wide, narrow = (hours("calm", n, "quoted_spread").mean() for n in ("A-S 600 s", "GLFT"))
    assert round(wide) == 24 and round(narrow) == 15


def test_what_the_text_says_of_risk_and_trend_is_in_the_stored_hours(hours):
    text = text_of("paired-text")
    calm = paired_difference(hours("calm", "GLFT"), hours("calm", "symmetric"))
    assert calm.ci_low < 0 < calm.ci_high and between(calm) in text
    for setting in ("calm", "trend"):
        for name in MAKERS[1:]:
            ratio = hours(setting, name).std() / hours(setting, "symmetric").std()
            assert ratio < 0.5 and f"{ratio:.2f}" in text
    for name in MAKERS:
        cost = paired_difference(hours("calm", name), hours("trend", name))
        assert cost.ci_low > 0
        assert f"{said(cost.mean)} dollars ({said(cost.ci_low)} to {said(cost.ci_high)})" in text
    trend = paired_difference(hours("trend", "GLFT"), hours("trend", "symmetric"))
    assert trend.ci_low > 0 and between(trend) in text


def test_the_model_answer_uses_the_facts_of_the_lesson(hours):
    answer = text_of("ex-note").split("=== BEGIN")[0]
    assert len(answer.split()) <= 150
    calm = hours("calm", "symmetric")
    assert f"{said(calm.mean())} ± {said(1.96 * calm.sem())}" in answer
    for part in ("spread", "adverse"):
        assert said(hours("calm", "symmetric", part).mean()) in answer
    fee = hours("calm", "symmetric", "volume").mean() * 78_000 * 2e-4
    assert f"about {fee:.0f} more" in answer
    assert 0.01 * 78_000 * 2e-4 == pytest.approx(0.156)


def test_the_trend_hour_is_as_the_text_tells_it():
    held = {tuple(line.split()[:2]): [float(x) for x in re.findall(r"-?\d+\.\d+", line)]
            for line in printed("trend").splitlines() if "rms" in line}
    profit, inventory, rms = held["trend", "symmetric"]
    assert f"{-inventory:.0f} dollars" in text_of("trend-text") and rms > 5
    assert held["trend", "GLFT"][2] == pytest.approx(1.3, abs=0.15)
    assert held["trend", "A-S"][2] == pytest.approx(0.5, abs=0.15)
    assert 60 / (2.93 * 60**0.5) == pytest.approx(2.5, abs=0.5)  # in ordinary hours' deviations
