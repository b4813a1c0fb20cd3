"""Every number that lesson 04 works out by hand or claims of its run is recomputed here."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from reading import ROOT, Lesson

from lobsim.analytics import paired_difference
from lobsim.strategies import AlmgrenChriss, ObizhaevaWang

LESSON = Lesson("04_optimal_execution")
text_of, printed, by_hand = LESSON.text_of, LESSON.printed, LESSON.by_hand
SMALL = AlmgrenChriss(1000, 2, 2, volatility=2, temporary=0.01, permanent=0.002, half_spread=0.05)
PAPER = AlmgrenChriss(1e6, 5, 5, volatility=0.95, temporary=2.5e-6, permanent=2.5e-7,
                      half_spread=0.0625)


def test_two_trades_cost_what_the_table_walks_through():
    first, second = 600 * (0.05 + 0.01 * 600), 400 * (0.002 * 600 + 0.05 + 0.01 * 400)
    assert "| 3630 |" in text_of("cost-intro") and "| 2100 |" in text_of("cost-intro")
    assert (first, second) == (pytest.approx(3630), pytest.approx(2100))
    assert by_hand("cost_and_variance") == (pytest.approx(5730), pytest.approx(640000))
    assert SMALL.expected_cost([1000, 400, 0]) == pytest.approx(5730)
    assert "= 5730$" in text_of("cost-intro")
    assert "V = 4\\cdot 400^2 = 640000" in text_of("cost-intro")


def test_the_table_of_three_schedules_is_that_of_the_library():
    rows = re.findall(r"^\| (0[.\d]*) \| ([\d.]+) \| (\d+) \| (\d+) \| (\d+) \|$",
                      text_of("frontier-intro"), flags=re.MULTILINE)
    assert len(rows) == 3
    for aversion, held, cost, std, bad in np.array(rows, dtype=float):
        path = SMALL.trajectory(aversion)
        assert path[1] == pytest.approx(held, abs=0.005)
        assert SMALL.expected_cost(path) == pytest.approx(cost, abs=0.5)
        assert math.sqrt(SMALL.variance(path)) == pytest.approx(std, abs=0.5)
        assert SMALL.value_at_risk(path) == pytest.approx(bad, abs=0.6)
    assert by_hand("choose") == (0.0036, 0.0009)
    assert SMALL.kappa(0.0009) == pytest.approx(0.6224, abs=5e-5)


def test_the_papers_example_is_printed_to_the_digit():
    told = printed("see-trajectory")
    for number in ("541,955.55", "289,854.22", "147,897.49", "62,141.80", "911,226.99",
                   "603,430.67", "1,275,355.56", "1,140,715.17", "662,500.00", "1,040,672.86"):
        assert number in told
    path = PAPER.trajectory(1e-6)
    assert f"{PAPER.objective(path, 1e-6):,.2f}" in told
    assert "0.607076" in printed("kappas") and "0.600833" in printed("kappas")
    assert "1.647" in printed("kappas") and "1.142" in printed("kappas")
    assert "11,080" in printed("drift")


def test_three_seeds_and_three_days_have_the_intervals_of_the_text():
    assert by_hand("impact_estimate") == pytest.approx((2, -0.484138, 4.484138), abs=1e-6)
    assert by_hand("verdict") == pytest.approx((2, -0.484138, 4.484138, 32), abs=1e-6)
    found = paired_difference([3.0, 5, 7], [2.0, 3, 4])
    assert found.pairs_needed(0.5) == 32
    assert "from −0.484 to 4.484" in text_of("impact-hand") and "32 days" in text_of("beat-hand")


def test_four_trades_against_a_book_that_refills_a_quarter():
    assert "400, 100, 100, 400" in text_of("ow-intro")
    model = ObizhaevaWang(1000, 3, math.log(4 / 3))
    np.testing.assert_allclose(model.trades(3), [400, 100, 100, 400])
    np.testing.assert_allclose(by_hand("block_trades"), [400, 100, 100, 400])


def test_the_colleague_is_as_wrong_as_the_text_says():
    assert by_hand("mended_urgency") == pytest.approx((0.6063, 1.649), abs=5e-4)
    assert 0.30 * 50 / math.sqrt(250) == pytest.approx(0.9487, abs=5e-5)
    assert "0.0370" in printed("bug") and "0.037" in text_of("bug-text")


def test_what_the_text_says_of_impact_is_what_the_run_printed():
    fixed, rate = re.findall(r"delta (\d\.\d\d) \((\d\.\d\d), (\d\.\d\d)\)", printed("sizes"))
    assert f"the exponent is {fixed[0]}" in text_of("sizes-text") and float(fixed[1]) > 0.5
    assert f"and it is {rate[0]}" in text_of("sizes-text") and float(rate[1]) < 0.5
    eta, error = map(float, re.search(r"temporary +(\S+) ± (\S+)", printed("calibrate")).groups())
    assert abs(eta) < error and "its interval contains zero" in text_of("calibrate-text")
    left = [float(line.split()[1]) for line in printed("path").splitlines()[-3:]]
    assert left[0] > left[1] > left[2] > 0.5


def test_the_stored_days_say_what_the_text_claims():
    days = pd.read_csv(LESSON.folder / "almgren_chriss_days.csv")
    count = days["seed"].nunique()
    assert f"--seeds {count} " in text_of("beat-setup") and len(days) == 8 * count
    assert "--seeds" in (ROOT / "tests/benchmarks/measure_strategies.py").read_text("utf-8")
    needed = []
    for impact, dearer in (("on", (0.0, 0.02, 0.07)), ("off", (0.01, 0.04, 0.11))):
        part = days[days["impact"] == impact]
        raw, calm = (part.pivot(index="seed", columns="strategy", values=c)
                     for c in ("raw_bps", "cv_bps"))
        for name, told in zip(("A-C 2", "A-C 4", "A-C 8"), dearer):
            one = paired_difference(raw[name], raw["TWAP"])
            two = paired_difference(calm[name], calm["TWAP"])
            assert one.ci_low < 0 < one.ci_high
            assert two.mean == pytest.approx(told, abs=0.0051)
            assert (two.ci_low > 0) == ((impact, name) != ("on", "A-C 2"))
            assert two.pairs_needed(0.1) <= 26
            needed.append(one.pairs_needed(0.1))
            if impact == "on":
                ratio = raw[name].std() / raw["TWAP"].std()
                assert f"{ratio:.2f}" in text_of("objective-text")
    assert f"from {min(needed):,} to {max(needed):,} days" in text_of("mean-text")
    gains = re.findall(r"less TWAP's +(-\d\.\d\d) bps \((-\d\.\d\d), (-\d\.\d\d)\)",
                       printed("objective"))
    assert len(gains) == 6 and all(float(high) < 0 for _, _, high in gains)


def test_one_decision_lowers_the_objective_by_the_per_cent_of_the_text():
    assert "(-1.8%)" in printed("adaptive") and "by 1.8 %" in text_of("adaptive-text")
