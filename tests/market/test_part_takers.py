"""Takers: Poisson without bursts, a Hawkes process exactly with them, and the curve of the day."""

import numpy as np
import pytest

from lobsim.engine import Kind
from lobsim.market.calibrate.goodness import exponential_tests
from lobsim.market.parts import Takers, VolumeCurve, ZeroIntelligence
from small_markets import NS, START_S, market_of

DEEP = ZeroIntelligence(limit_rate_per_s=2.0, cancel_rate_per_s=0.2, limit_levels=3,
                        limit_sizes=((50, 1.0),))
RATE = 4.0
BURSTS = ((0.35, 2.0), (0.3, 0.1))
SMALLEST_P = 1e-3


def taken_s(market, until_s):
    """Times of the market orders, in seconds from the start."""
    market.advance(until_s)
    messages = market.record().messages
    return messages["time_ns"][messages["kind"] == Kind.IOC] / NS - START_S


def times_of(bursts, seconds, seed=1, rate=RATE):
    market = market_of(DEEP, Takers(rate, bursts=bursts), seed=seed, seconds=seconds, record=True)
    return taken_s(market, START_S + seconds)


def residuals(times, rate, bursts):
    """Increase of the compensator between events: exponential with mean 1 if the law is right."""
    base = rate * (1 - sum(share for share, _ in bursts))
    share, time_s = np.array(bursts).T if bursts else np.zeros((2, 1)) + [[0.0], [1.0]]
    excited, found = np.zeros(len(share)), []
    for wait in np.diff(times):
        excited += share / time_s
        gone = np.exp(-wait / time_s)
        found.append(base * wait + (excited * time_s * (1 - gone)).sum())
        excited *= gone
    return np.array(found)[200:]  # what came before the start has been forgotten by then


@pytest.mark.parametrize("seed", [1, 2])
def test_without_bursts_arrivals_are_poisson(seed):
    times = times_of((), 3000, seed)
    tests = exponential_tests([residuals(times, RATE, ())], "Poisson")
    assert all(test.p_value > SMALLEST_P for test in tests)
    assert abs(len(times) - RATE * 3000) < 4 * np.sqrt(RATE * 3000)
    gaps = np.diff(times)
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bursts_are_thinned_exactly(seed):
    """The residuals of the stated law pass, those of a Poisson process of the same rate do not."""
    times = times_of(BURSTS, 4000, seed)
    tests = exponential_tests([residuals(times, RATE, BURSTS)], "Hawkes")
    assert all(test.p_value > SMALLEST_P for test in tests)
    refused = exponential_tests([residuals(times, RATE, ())], "Poisson")
    assert all(test.p_value < 1e-10 for test in refused)


def test_the_mean_rate_is_the_stated_one_whatever_the_branching():
    for bursts in (((0.2, 1.0),), ((0.5, 0.5),), ((0.4, 2.0), (0.4, 0.05))):
        branching = sum(share for share, _ in bursts)
        counts = [len(times_of(bursts, 3000, seed)) for seed in range(4)]
        error = np.sqrt(RATE * 3000 / 4) / (1 - branching)  # of a Hawkes process
        assert abs(np.mean(counts) - RATE * 3000) < 4 * error


def test_gaps_grow_uneven_with_the_branching():
    uneven = []
    for branching in (0.0, 0.3, 0.6, 0.85):
        gaps = np.diff(times_of(((branching, 0.5),) if branching else (), 3000))
        uneven.append(gaps.std() / gaps.mean())
    assert uneven[0] == pytest.approx(1, abs=0.04)
    assert (np.diff(uneven) > 0.1).all()


@pytest.mark.parametrize("bursts", [(), ((0.5, 1.0),)], ids=["Poisson", "bursts"])
def test_the_day_follows_the_curve_and_keeps_the_mean_rate(bursts):
    hours = 6
    curve = (3.0, 1.0, 2.0)
    market = market_of(DEEP, Takers(RATE, bursts=bursts), VolumeCurve(curve), seconds=hours * 3600,
                       record=True, day_start_s=START_S, day_end_s=START_S + hours * 3600,
                       max_live=512)
    times = taken_s(market, START_S + hours * 3600)
    spread = 1 / (1 - sum(share for share, _ in bursts))
    total = RATE * hours * 3600
    assert abs(len(times) - total) < 4 * spread * np.sqrt(total)
    minutes = market._flow.minutes[:, 0]
    assert minutes.mean() == pytest.approx(1)
    expected = RATE * 60 * minutes.reshape(-1, 20).sum(axis=1)
    seen = np.histogram(times, np.arange(0, hours * 3600 + 1, 1200))[0]
    z = (seen - expected) / (spread * np.sqrt(expected))
    assert np.abs(z).max() < 4.5 and np.mean(z**2) < 2.5


def test_a_share_of_orders_sweeps_the_book():
    market = market_of(DEEP, Takers(RATE, sweep_share=0.25), seconds=2000, record=True)
    market.advance(START_S + 2000)
    messages = market.record().messages
    price = messages["price_ticks"][messages["kind"] == Kind.IOC]
    anywhere = np.isin(price, [market._flow.whole[k] for k in (3, 4)])
    n = len(price)
    assert abs(anywhere.mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / n)


def test_sizes_come_with_their_probabilities():
    sizes = ((1, 0.5), (4, 0.3), (15, 0.2))
    market = market_of(DEEP, Takers(RATE, market_sizes=sizes), seconds=3000, record=True)
    market.advance(START_S + 3000)
    messages = market.record().messages
    size = messages["size"][messages["kind"] == Kind.IOC]
    for lots, share in sizes:
        error = np.sqrt(share * (1 - share) / len(size))
        assert abs(np.mean(size == lots) - share) < 4 * error + 1 / 256


@pytest.mark.parametrize("bursts, words", [
    (((0.6, 1.0), (0.4, 0.1)), "add up to less than 1"), (((-0.1, 1.0),), "must not be negative"),
    (((0.1, 0.0),), "times must be positive"), (((0.1, 1.0),) * 3, "at most 2 are allowed"),
])
def test_impossible_bursts_are_told(bursts, words):
    with pytest.raises(ValueError, match=words):
        Takers(1.0, bursts=bursts)
