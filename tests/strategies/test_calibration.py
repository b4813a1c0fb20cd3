"""Laws of calibration: what was planted is found, as often as the intervals promise."""

import doctest

import numpy as np
import pytest

from lobsim.market import Profile
from lobsim.market.parts import FillRule, Impact
from lobsim.market.profiles import profiles
from lobsim.strategies import (
    calibrate_impact,
    calibration,
    fill_rates,
    fit_fill_intensity,
    fit_impact,
    fit_volatility,
    hang_quotes,
    sample_prices,
    volatility_signature,
)


def hung(rng, n=800, intensity=0.8, decay=0.7, window=2.0):
    """Quotes at four distances, watched for a while."""
    distances = rng.choice([0.5, 1.5, 2.5, 4.5], n)
    waits = rng.exponential(1 / (intensity * np.exp(-decay * distances)))
    return distances, np.minimum(waits, window), waits < window


def test_examples_in_the_docstrings_hold():
    result = doctest.testmod(calibration)
    assert result.attempted and result.failed == 0


def test_planted_a_and_k_lie_in_95_of_100_intervals():
    rng, hits = np.random.default_rng(1), np.zeros(2)
    for _ in range(400):
        intervals = fit_fill_intensity(*hung(rng)).intervals()
        hits += [intervals["intensity"][0] < 0.8 < intervals["intensity"][1],
                 intervals["decay"][0] < 0.7 < intervals["decay"][1]]
    # 4 standard deviations of a binomial count of 400 at 95 %
    assert (np.abs(hits / 400 - 0.95) < 4 * (0.95 * 0.05 / 400) ** 0.5).all()


def test_ignoring_censored_quotes_would_be_wrong():
    distances, exposures, filled = hung(np.random.default_rng(2), n=20_000)
    right = fit_fill_intensity(distances, exposures, filled)
    wrong = fit_fill_intensity(distances[filled], exposures[filled], filled[filled])
    assert abs(right.intensity - 0.8) < 4 * right.intensity_se
    assert wrong.intensity > 1.1 * 0.8 and wrong.decay < 0.5


def test_the_likelihood_is_largest_at_the_fit():
    distances, exposures, filled = hung(np.random.default_rng(3))

    def likelihood(a, k):
        return (np.log(a) - k * distances)[filled].sum() - (
            a * np.exp(-k * distances) * exposures).sum()

    fit = fit_fill_intensity(distances, exposures, filled)
    assert fit.log_likelihood == pytest.approx(likelihood(fit.intensity, fit.decay))
    for da, dk in ((0.02, 0), (-0.02, 0), (0, 0.02), (0, -0.02)):
        assert likelihood(fit.intensity + da, fit.decay + dk) < fit.log_likelihood


def test_units_of_distance_and_time_carry_over():
    distances, exposures, filled = hung(np.random.default_rng(4))
    fit = fit_fill_intensity(distances, exposures, filled)
    other = fit_fill_intensity(100 * distances, exposures / 60, filled)
    assert other.decay == pytest.approx(fit.decay / 100)
    assert other.intensity == pytest.approx(60 * fit.intensity)
    assert other.intensity_se == pytest.approx(60 * fit.intensity_se)


def test_quotes_that_are_filled_together_widen_the_errors():
    distances, exposures, filled = hung(np.random.default_rng(5), n=400)
    copies = [np.repeat(values, 9) for values in (distances, exposures, filled)]
    naive = fit_fill_intensity(*copies)
    honest = fit_fill_intensity(*copies, clusters=np.repeat(np.arange(400), 9))
    assert honest.decay == pytest.approx(naive.decay)
    assert honest.decay_se / naive.decay_se == pytest.approx(3.0, rel=0.15)


def test_rates_in_bins_hold_the_planted_rate():
    distances, exposures, filled = hung(np.random.default_rng(6), n=20_000)
    table = fill_rates(distances, exposures, filled)
    planted = 0.8 * np.exp(-0.7 * table["distance"])
    assert table["fills"].sum() == filled.sum()
    assert table["exposure_s"].sum() == pytest.approx(exposures.sum())
    assert (np.abs(table["rate"] / planted - 1) < 4 / np.sqrt(table["fills"])).all()
    assert ((table["rate_low"] < table["rate"]) & (table["rate"] < table["rate_high"])).all()


@pytest.mark.parametrize("arguments, message", [
    (([1, 2], [1, 1], [False, False]), "none of 2 quotes was filled"),
    (([1, 1], [1, 1], [True, False]), "all quotes have the distance 1"),
    (([1, 2], [1, 1], [True, False]), "all fills have the distance 1"),
    (([1, 2], [1, 0], [True, True]), "positive"),
])
def test_data_that_determine_nothing_are_refused_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_fill_intensity(*arguments)


# -- prices and impact ---------------------------------------------------------------------------


def test_planted_volatility_lies_in_the_interval_and_bounce_does_not_fool_long_intervals():
    rng = np.random.default_rng(7)
    path = 0.3 * rng.standard_normal((20, 3000)).cumsum(axis=1)
    fit = fit_volatility(path, 1.0)
    assert abs(fit.sigma - 0.3) < 4 * fit.sigma_se
    bouncing = path + 0.5 * rng.choice([-1, 1], path.shape)
    table = volatility_signature(bouncing, 1.0, (1, 100))
    assert table["sigma"][0] > 0.7
    left = (0.3**2 + 2 * 0.5**2 / 100) ** 0.5  # of the bounce, over 100 steps
    assert abs(table["sigma"][1] - left) < 4 * table["sigma_se"][1]
    assert left < 0.31


def test_volatility_scales_with_price_and_clock():
    path = np.random.default_rng(8).standard_normal(500).cumsum()
    fit = fit_volatility(path, 1.0)
    assert fit_volatility(7 * path, 1.0).sigma == pytest.approx(7 * fit.sigma)
    assert fit_volatility(path, 4.0).sigma == pytest.approx(fit.sigma / 2)


def test_planted_linear_impact_is_found():
    rng = np.random.default_rng(9)
    durations = np.array([300.0, 600.0, 1200.0])
    noise = rng.normal(0, 2e-4, (200, 3))
    costs = 0.005 + 0.5 * 1e-6 * 1000 + 1e-3 * 1000 / durations + noise
    terms = fit_impact(1000, durations, costs, 1e-3 + rng.normal(0, 1e-4, 200),
                       np.full(200, 0.005) + rng.normal(0, 1e-5, 200))
    for name, planted in (("temporary", 1e-3), ("permanent", 1e-6), ("half_spread", 0.005)):
        assert abs(getattr(terms, name) - planted) < 4 * getattr(terms, name + "_se"), name


# -- on the market -------------------------------------------------------------------------------


def bitcoin(*parts) -> Profile:
    return profiles["BTC-USD"].with_parts(*parts)


def test_the_market_s_own_fill_law_is_recovered():
    """A venue that fills by A exp(-k d) itself is the planted truth."""
    rule = FillRule("probability", fill_rate_per_s=0.4, fill_decay_per_tick=0.5)
    # Short windows: the rule follows the mid, the fit knows where it was at the start.
    fit = hang_quotes(bitcoin(rule), range(12), distances_ticks=[1, 2, 3, 4], size=0.01,
                      window_s=0.5, end_s=36_120).fit()
    assert abs(fit.decay - 0.5) < 4 * fit.decay_se + 0.03
    assert fit.intensity == pytest.approx(0.4, abs=4 * fit.intensity_se + 0.03)


def test_nearer_quotes_fill_sooner_and_buyers_and_sellers_alike():
    made = hang_quotes("BTC-USD", range(12), distances_ticks=[1, 3, 9], size=0.01, window_s=10,
                       end_s=37_200)
    rates = made.rates(width_ticks=4)["rate"].to_numpy()
    assert (np.diff(rates) < 0).all()
    sides = made.table.groupby("side")["filled"].agg(["sum", "size"])
    assert abs(sides["sum"].diff().iloc[-1]) < 4 * sides["sum"].sum() ** 0.5
    assert (made.table["exposure_s"] <= 10).all() and (made.table["exposure_s"] > 0).all()
    alone = hang_quotes("BTC-USD", [3], distances_ticks=[1], size=0.01, window_s=10, end_s=36_100)
    assert alone.table["seed"].unique().tolist() == [3]


def test_volatility_of_the_market_is_that_of_its_profile():
    profile = bitcoin()
    prices = sample_prices(profile, range(16), interval_s=10, end_s=37_800)
    fit = fit_volatility(prices, 10)
    # The efficient price, and what the crowd's own trades add to it.
    planted = profile.volatility_ticks_per_sqrt_s * profile.tick_size
    assert 0.8 * planted - 4 * fit.sigma_se < fit.sigma < 1.6 * planted + 4 * fit.sigma_se


def test_impact_that_is_switched_off_is_not_found_and_that_is_on_is():
    spy = profiles["SPY"]
    terms = dict(quantity=3000, durations_s=[120, 480], horizon_s=600)
    on = calibrate_impact(spy, range(12), **terms)
    off = calibrate_impact(spy.without(Impact), range(12), **terms)
    assert on.permanent > 4 * on.permanent_se
    assert abs(off.permanent) < 4 * off.permanent_se + 1e-7
    assert off.permanent < 0.2 * on.permanent
    assert on.half_spread == pytest.approx(0.005, rel=0.1)
