"""Calibration of real LOBSTER days: rates of the known size, Poisson refused, Hawkes branching.

GOOG with five levels and AMZN with one, NASDAQ, 21 June 2012.
"""

from functools import cache

import numpy as np
import pytest

from lobsim import data
from lobsim.market.calibrate import (
    MODELS,
    branching_from_counts,
    calibrate,
    event_log,
    fit_hawkes,
)
from lobsim.market.calibrate.goodness import window_counts

OPEN_S, CLOSE_S = 34_200, 57_600
DAYS = {"GOOG": ("LOBSTER_SampleFile_GOOG_2012-06-21_5.zip", 5),
        "AMZN": ("LOBSTER_SampleFile_AMZN_2012-06-21_1.zip", 1)}


@cache
def replayed(path):
    return data.to_messages(data.read_lobster(path))


@pytest.fixture(params=DAYS)
def day(request, real_data):
    """Name, messages, initial and the options of a day."""
    name, levels = DAYS[request.param]
    replay = replayed(real_data / "lobster" / name)
    options = {"window_s": (OPEN_S, CLOSE_S), "ignore": replay.is_patch, "levels": levels}
    return request.param, replay.messages, replay.initial, options


def test_events_are_the_rows_of_the_tape(day, real_data):
    """New orders, cancels and deletes of the message file, and executions joined by time and side.

    Cancels of orders of which nothing was left in the rebuilt book are missing: less than 0.1 %.
    """
    name, messages, initial, options = day
    tape = data.read_lobster(real_data / "lobster" / DAYS[name][0]).messages
    inside = tape[tape["time_ns"].between(OPEN_S * 10**9, CLOSE_S * 10**9)]
    log = event_log(messages, initial, queues=1, **options)
    counts = np.bincount(log.events["kind"], minlength=3)
    assert log.dropped == 0
    assert counts[0] == (inside["type"] == 1).sum()
    gone = inside["type"].isin([2, 3]).sum()
    assert gone * 0.999 <= counts[1] <= gone * 1.1
    executions = inside[inside["type"] == 4]
    joined = executions.groupby(["time_ns", "direction"]).ngroups
    assert counts[2] == pytest.approx(joined, rel=0.001)


def test_rates_are_those_of_the_day(day):
    """Visible orders a second; level 5 of GOOG shows fewer than the 3.05 and 2.78 of level 10."""
    name, messages, initial, options = day
    log = event_log(messages, initial, queues=1, **options)
    limit, cancel, market = np.bincount(log.events["kind"], minlength=3) / log.duration_s
    lowest, highest = {"GOOG": ((1.8, 1.5, 0.2), (3.05, 2.78, 0.341)),
                       "AMZN": ((0.8, 0.6, 0.2), (3.31, 2.87, 0.350))}[name]
    assert (np.array([limit, cancel, market]) > lowest).all()
    assert (np.array([limit, cancel, market]) < highest).all()
    assert 0.6 < cancel / limit < 1


def test_poisson_is_refused(day):
    _, messages, initial, options = day
    found = calibrate("zero_intelligence", messages, initial, **options)
    verdicts = {test.name: test for test in found.tests}
    for what in ("limit orders", "market orders"):
        test = verdicts[f"dispersion of {what}"]
        assert test.statistic > 1.5 and not test.passed
    part, takers = found.parts
    assert 0 < part.cancel_rate_per_s < 10
    assert 0.2 < takers.market_rate_per_s < 0.35
    assert sum(size * share for size, share in takers.market_sizes) == pytest.approx(
        {"GOOG": 95, "AMZN": 105}[day[0]], rel=0.25)


def test_hawkes_branching_lies_between_a_third_and_one(day):
    _, messages, initial, options = day
    found = calibrate("hawkes", messages, initial, **options)
    assert 0.3 < found["spectral radius"].value < 1
    assert 0.3 < found["branching[market buy <- market buy]"].value < 1
    takers = calibrate("takers", messages, initial, **options)
    branching = takers["branching"]
    assert 0.3 < branching.value < 1
    assert 0 < branching.standard_error < 0.05
    log = event_log(messages, initial, queues=1, **options)
    market = log.times_s[log.events["kind"] == 2]
    by_counts, error = branching_from_counts(window_counts(market, log.duration_s, 60.0))
    assert 0.3 < by_counts < 1 and error < 0.1


def test_the_more_time_scales_the_larger_the_branching(day):
    """Market orders remember on all scales: each exponential more fits better and finds more."""
    _, messages, initial, options = day
    log = event_log(messages, initial, queues=1, **options)
    times = log.times_s[log.events["kind"] == 2]
    fits = [fit_hawkes(times, duration_s=log.duration_s, n_exponentials=p) for p in (1, 2, 3, 4)]
    branching = [fit.branching[0, 0] for fit in fits]
    assert (np.diff(branching) > 0.02).all() and branching[-1] < 1
    assert (np.diff([fit.aic for fit in fits]) < -50).all()


def test_every_model_reports_what_it_found(day):
    _, messages, initial, options = day
    for model in MODELS:
        found = calibrate(model, messages, initial, queues=1, **options)
        assert np.isfinite(found.log_likelihood)
        assert not found.passed  # a real day is none of these models, and the tests say so
        assert str(found).startswith(f"{model}: {found.n_events:,} events")
