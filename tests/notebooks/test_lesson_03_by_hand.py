"""Every number that lesson 03 works out by hand in its text is what its references compute."""

import re

import numpy as np
import pytest
from reading import Lesson, number, rows_of

from lobsim import analytics
from lobsim.market.calibrate import branching_from_counts, fit_hawkes

LESSON = Lesson("03_order_flow")
text_of, printed, by_hand, check_named = (
    LESSON.text_of, LESSON.printed, LESSON.by_hand, LESSON.check_named)


def test_the_rates_and_the_event_of_the_text():
    rows = rows_of(text_of("clocks-intro"))[2:]
    rates = [number(row[2]) for row in rows]
    np.testing.assert_allclose(rates, [2, 2, 1 + 3 * 0.5, 1 + 1 * 0.5])
    np.testing.assert_allclose(np.cumsum(rates), [number(row[3]) for row in rows])
    wait, bid, ask = by_hand("next_event")
    assert "= 0.0866$" in text_of("clocks-intro") and wait == pytest.approx(0.0866, abs=5e-5)
    assert (bid, ask) == (2, 1)


def test_the_four_odds_of_the_text():
    np.testing.assert_allclose(by_hand("odds_up"), [[1 / 2, 1 / 3], [2 / 3, 1 / 2]])


def test_long_queues_have_the_odds_of_the_paper():
    b, a = np.mgrid[1:6, 1:6]
    mine = check_named("odds_up").reference(25, 1.85, 0.94, 0.71)[:5, :5]
    library = analytics.probability_mid_up(b, a, 1.85, 0.71, 0.94)
    np.testing.assert_allclose(mine, library, atol=1e-8)


def test_the_seven_fills_have_the_memory_of_the_text():
    text = text_of("plot-gaps-text")
    rows = rows_of(text)
    time_ns, sign = (np.array([int(number(x)) for x in row[1:]]) for row in rows[2:])
    found = check_named("sign_memory").reference(time_ns, sign, [1, 2])
    told = [float(x) for x in re.findall(r"\\rho_\d = (-?\d+\.\d+)", text)]
    np.testing.assert_allclose(found, told, atol=5e-5)


def test_the_two_events_have_the_likelihood_and_residuals_of_the_text():
    assert by_hand("hawkes_loglik") == pytest.approx(-1.4127, abs=5e-5)
    assert "= -1.4127$" in text_of("loglik-intro")
    residuals, distance = by_hand("residual_test")
    np.testing.assert_allclose(residuals, [0.5, 0.5966], atol=5e-5)
    assert "= 0.5507$" in text_of("residual-intro")
    assert distance == pytest.approx(0.5507, abs=5e-5)


def test_likelihood_and_residuals_are_those_of_the_library():
    times = np.cumsum(np.random.default_rng(1).exponential(0.7, 200))
    fit = fit_hawkes(times, duration_s=150.0)
    given = (fit.mu[0], fit.alpha[0, 0, 0], fit.beta[0])
    found = check_named("hawkes_loglik").reference(times, *given, 150.0)
    assert found == pytest.approx(fit.log_likelihood, rel=1e-9)
    residuals, distance = check_named("residual_test").reference(times, *given)
    np.testing.assert_allclose(residuals, fit.residuals[0], rtol=1e-6, atol=1e-9)
    assert distance == pytest.approx(fit.tests[0].statistic, abs=1e-6)


def test_the_two_parts_have_the_branching_of_the_text():
    counts = np.array([2, 4, 6, 12, 18, 24])
    assert "0.6165$" in text_of("bug-text") and "0.2584$" in text_of("bug-text")
    assert counts.var(ddof=1) == pytest.approx(74.8)
    assert branching_from_counts(counts)[0] == pytest.approx(0.6165, abs=5e-5)
    assert by_hand("branching") == pytest.approx(0.2584, abs=5e-5)


def test_the_four_events_have_the_rates_of_the_text():
    rows = [row for row in rows_of(text_of("queue-intro")) if re.fullmatch(r"\d", row[0])]
    events, table = rows[:4], np.array([[number(x) for x in row] for row in rows[4:]])
    joined = np.array([row[2] == "one joins" for row in events])
    time_s, length = (np.array([number(row[k]) for row in events]) for k in (0, 1))
    up, down = check_named("queue_rates").reference(time_s, length.astype(int), joined, 10.0, 2)
    np.testing.assert_allclose(up, table[:, 4])
    np.testing.assert_allclose(down, table[:, 5])
    np.testing.assert_allclose(table[:, 1].sum(), 10)


def test_what_the_text_says_of_the_run_is_what_the_run_printed():
    """The claims in words: which table is printed, what each model lacks, what was planted."""
    differences = [float(x) for x in re.findall(r"two rows (\d\.\d+)", printed("trap"))]
    assert differences[2] < 1e-3 < 0.1 < differences[0] < differences[1]
    limit = float(re.search(r"5 % limit (\d\.\d+)", printed("see-residual-test"))[1])
    poisson, one, two = (float(x) for x in re.findall(r"D = (\d\.\d+)",
                                                      printed("see-residual-test")))
    assert two < limit < one < poisson
    inside = re.findall(r"(\d+) of (\d+) facts inside", printed("cards"))
    poisson, hawkes, queues, spy, file = (int(n) for n, _ in inside)
    assert {m for _, m in inside} == {"21"}
    assert poisson == hawkes and queues < poisson and (spy, file) == (17, 4)
    table = {row[0]: [float(x) for x in row[1:]] for row in
             (line.split() for line in printed("cannot").splitlines()[2:])}
    assert table["gap_cv"][0] < 0 == table["gap_cv"][1] and table["gap_cv"][2] < 0
    assert min(table["adverse_selection_10s"][1], table["volatility_1min_bps"][1]) > 10
    assert table["obi_predictive_r2_1s"][2] > 2 and table["sign_acf_1"][2] < -5
    assert table["adverse_selection_1s"][3] == 0 > table["obi_hit_75_100"][3]
    bps = [float(x) for x in re.findall(r"(\d+\.\d) bps", printed("mechanical"))]
    queue_reactive, pushed, poisson, hawkes, spy = bps
    assert max(queue_reactive, pushed, poisson) < spy and 8 < hawkes / spy < 20
    assert float(re.search(r"length\^(\d\.\d+)", printed("fit-queues"))[1]) < 0.8
    gain = re.search(r"log-likelihood ([\d,]+); constant rates reach ([\d,]+)",
                     printed("fit-markets"))
    assert 1000 < int(gain[1].replace(",", "")) - int(gain[2].replace(",", "")) < 10_000
