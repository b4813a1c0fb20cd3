"""Zero intelligence is found again in its own flow, with honest errors, and refused elsewhere.

"Within 4.5 errors" is checked for a few dozen estimates on fixed seeds: chance alone would break it
once in about 150,000, and never here, because the seeds do not change. For the same reason tests of
fit ask for p > 1e-4 on a model's own data, where the verdict at 1 % would err in one case of 100.
"""

import numpy as np
import pytest

from calibrate_simulators import START_S, zero_intelligence
from lobsim.market.calibrate import FitTest, calibrate, fit_power_law, simulate_hawkes
from lobsim.market.calibrate.goodness import dispersion_test
from lobsim.market.calibrate.sizes import size_table

K, ALPHA, THETA, MU, LEVELS, DURATION_S = 3.0, 0.6, 0.2, 0.8, 5, 1500.0
LIMIT = K * np.arange(1, LEVELS + 1) ** -ALPHA
SHAPED = np.array([1.0, 2.5, 2.0, 0.8])
CANCEL = np.array([0.5, 0.3, 0.2, 0.25])
ERRORS = 4.5


def fit(limit, cancel, market, seed, duration_s=DURATION_S):
    messages, initial = zero_intelligence(limit, cancel, market, duration_s, seed)
    return calibrate("zero_intelligence", messages, initial,
                     window_s=(START_S, START_S + duration_s))


def close(estimate, truth):
    assert abs(estimate.value - truth) < ERRORS * estimate.standard_error, estimate


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_rates_are_recovered(seed):
    found = fit(LIMIT, [THETA] * LEVELS, MU, seed)
    for i in range(LEVELS):
        close(found[f"lambda({i + 1})"], LIMIT[i])
        close(found[f"theta({i + 1})"], THETA)
    close(found["limit_rate_per_s"], K)
    close(found["limit_decay"], ALPHA)
    close(found["cancel_rate_per_s"], THETA)
    close(found["market_rate_per_s"], 2 * MU)
    assert all(test.p_value > 1e-4 for test in found.tests), str(found)


def test_a_flow_that_no_test_rejects_becomes_a_part_of_few_numbers():
    found = fit(LIMIT, [THETA] * LEVELS, MU, seed=1)
    assert found.passed, str(found)
    part, takers = found.parts
    assert (part.limit_shape, part.cancel_shape, part.partial_cancels) == ((), (), False)
    assert part.limit_levels == LEVELS
    assert part.limit_rate_per_s == found["limit_rate_per_s"].value
    assert takers.market_rate_per_s == found["market_rate_per_s"].value


def test_rates_that_no_power_law_has_become_shapes():
    found = fit(SHAPED, CANCEL, MU, seed=4)
    verdicts = {test.name: test.passed for test in found.tests}
    assert not verdicts["power law"]
    assert not verdicts["one cancellation rate"]
    assert verdicts["dispersion of limit orders"]
    part = found.part
    limit = part.limit_rate_per_s * np.array(part.limit_shape)
    cancel = part.cancel_rate_per_s * np.array(part.cancel_shape)
    for i in range(4):
        close(found[f"lambda({i + 1})"], SHAPED[i])
        close(found[f"theta({i + 1})"], CANCEL[i])
        assert limit[i] == pytest.approx(found[f"lambda({i + 1})"].value)
        assert cancel[i] == pytest.approx(found[f"theta({i + 1})"].value)


def test_errors_have_the_size_of_the_scatter():
    """The mean of squared (estimate - truth) / error over 12 seeds is 1 up to its own scatter.

    Ten estimates a seed give 120 nearly independent squares: 1 +- 0.13; the band is five times it.
    """
    z = []
    for seed in range(12):
        found = fit(LIMIT, [THETA] * LEVELS, MU, 100 + seed, duration_s=300.0)
        z += [(found[f"lambda({i + 1})"].value - LIMIT[i])
              / found[f"lambda({i + 1})"].standard_error for i in range(LEVELS)]
        z += [(found[f"theta({i + 1})"].value - THETA)
              / found[f"theta({i + 1})"].standard_error for i in range(LEVELS)]
    assert 0.35 < np.mean(np.square(z)) < 1.65


def test_the_power_law_has_the_closed_form_when_there_is_no_decay():
    k, alpha, covariance, _ = fit_power_law([90, 90, 90], [30.0, 30.0, 30.0])
    assert (k, alpha) == (pytest.approx(3), pytest.approx(0, abs=1e-9))
    x = np.log([1, 2, 3])
    information = 90 * np.array([[3, -x.sum()], [-x.sum(), (x**2).sum()]])  # of (log k, alpha)
    expected = np.linalg.inv(information) * [[9, 3], [3, 1]]
    np.testing.assert_allclose(covariance, expected, rtol=1e-6)


def test_a_power_law_is_refused_where_there_is_none():
    assert fit_power_law([500, 300, 900, 200], [100.0] * 4)[3].p_value < 1e-10


def test_poisson_is_refused_for_clustered_and_for_even_times():
    times = np.sort(np.random.default_rng(5).uniform(0, 2000, 4000))
    assert dispersion_test(times, 2000, "events").passed
    clustered, _ = simulate_hawkes(1.0, 1.0, 2.0, 2000.0, seed=6)
    assert not dispersion_test(clustered, 2000, "events").passed
    assert dispersion_test(clustered, 2000, "events").statistic > 1
    even = np.arange(4000) / 2
    assert not dispersion_test(even, 2000, "events").passed
    assert dispersion_test(even, 2000, "events").statistic < 1


def test_a_size_table_keeps_common_sizes_and_the_mean():
    rng = np.random.default_rng(7)
    sizes = np.where(rng.random(5000) < 0.5, 100, rng.integers(1, 500, 5000))
    table = size_table(sizes, lot_size=2)
    assert sum(share for _, share in table) == pytest.approx(1)
    assert dict(table)[200.0] == pytest.approx((sizes == 100).mean())
    mean = sum(size * share for size, share in table) / 2
    assert mean == pytest.approx(sizes.mean(), rel=0.01)
    assert size_table([]) == ((1.0, 1.0),)


def test_the_report_names_what_was_found():
    found = fit(LIMIT, [THETA] * LEVELS, MU, seed=1, duration_s=200.0)
    text = str(found)
    assert text.startswith(f"zero_intelligence: {found.n_events:,} events in 200 s")
    assert "limit_decay" in text and "Not rejected (p = " in text
    table = found.table()
    assert table.loc["limit_decay", "value"] == found["limit_decay"].value
    with pytest.raises(KeyError, match="no estimate is called 'kappa'"):
        found["kappa"]


def test_a_verdict_is_one_sentence():
    assert FitTest("x", 1.0, 0.25, "it fits").verdict == "Not rejected (p = 0.25): it fits."
    assert FitTest("x", 9.0, 0.0, "it fits").verdict == "Rejected (p < 1e-16): it fits."
    assert FitTest("x", np.nan, np.nan, "it fits").verdict == (
        "Too few events to test whether it fits.")


def test_an_unknown_model_is_named():
    messages, initial = zero_intelligence(LIMIT, [THETA] * LEVELS, MU, 20.0, 1)
    with pytest.raises(ValueError, match="model is 'magic'; it must be one of zero_intelligence"):
        calibrate("magic", messages, initial)
    with pytest.raises(ValueError, match="lot_size is 0"):
        calibrate("takers", messages, initial, lot_size=0)
    with pytest.raises(ValueError, match="levels is 0; it must be from 1"):
        calibrate("zero_intelligence", messages, initial, distances=0)
