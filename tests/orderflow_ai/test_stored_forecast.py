"""What was measured of forecasts: stored whole, shown as it is, paired as it says."""

import doctest

import forecast_table
import numpy as np
import readme_parts

from lobsim.orderflow_ai import stored_forecast
from lobsim.orderflow_ai.forecast_judging import LINEAR, NETWORK
from lobsim.orderflow_ai.stored_forecast import measured_forecast, measured_scores


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(stored_forecast).failed == 0


def test_the_readme_shows_what_is_stored():
    assert readme_parts.shown("forecast") == forecast_table.section()


def test_every_horizon_was_judged_on_made_and_on_real_days_over_several_trainings():
    told, scores = measured_forecast(), measured_scores()
    assert told["settings"]["trainings"] >= 3 and len(told["settings"]["horizons"]) >= 3
    judged = {"LOBM", "LOBM, the bundled pair", "GOOG", "AMZN"}
    assert set(zip(scores["judged"], scores["horizon"], scores["model"], strict=True)) == {
        (name, horizon, model) for name in judged for horizon in told["settings"]["horizons"]
        for model in (LINEAR, NETWORK)}
    networks = scores[scores["model"] == NETWORK]
    assert (networks["trainings"] == told["settings"]["trainings"]).all()


def test_gains_are_differences_and_costs_are_the_spread_and_the_fee():
    scores = measured_scores().set_index(["judged", "horizon", "model"])
    linear, network = (scores.xs(name, level="model") for name in (LINEAR, NETWORK))
    for name in ("f1", "net"):
        gain = network[f"{name}_gain"].astype(float)
        known = gain.notna()
        assert known.sum() > 6 or name == "net"
        found = (network[name] - linear[name]).astype(float)
        assert np.allclose(gain[known], found[known], atol=2e-4)
        assert (network.loc[known, f"{name}_gain_low"] <= gain[known]).all()
    told = scores.dropna(subset="net")
    least = 2 * measured_forecast()["settings"]["fee_ticks"] + 1.0  # a spread of a tick at least
    assert (told["gross"] - told["net"] >= least).all()
    assert (np.sign(told["net_bps"].astype(float)) == np.sign(told["net"].astype(float))).all()


def test_what_is_said_of_profit_is_what_the_intervals_say():
    told = measured_forecast()
    said = forecast_table.verdict(told)
    nets = [row["net"] for row in told["rows"] if row["net"][0] is not None]
    assert ("It does not pay" in said) == all(low <= 0 for _, low, _ in nets)
    assert f"earns beyond its interval in {sum(low > 0 for _, low, _ in nets)} of the" in said
