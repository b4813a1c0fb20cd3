"""The Hawkes flow: rates, residuals and refusals of the stated process."""

import numpy as np
import pytest

from lobsim.engine import Kind
from lobsim.market.calibrate.goodness import exponential_tests
from lobsim.market.parts import Hawkes, Takers, VolumeCurve
from small_markets import CROWD, NS, START_S, market_of

BETA = np.array([1.5, 30.0])
BRANCHING = 0.02 + 0.3 * np.eye(6)
BRANCHING[2, 4] = BRANCHING[3, 5] = 0.2
ALPHA = 0.5 * BRANCHING * BETA[:, None, None]
MU = np.array([0.9, 0.9, 0.35, 0.35, 0.15, 0.15])
PART = Hawkes(tuple(MU), tuple(tuple(map(tuple, one)) for one in ALPHA.tolist()), tuple(BETA))
SECONDS = 3000
TYPE = {Kind.LIMIT: 0, Kind.CANCEL: 2, Kind.IOC: 4}


def events_of(*parts, seed=1, seconds=SECONDS):
    """Times in seconds from the start, and types 0 to 5, of a market whose book never empties."""
    market = market_of(*parts, CROWD, Takers(1.0), seed=seed, seconds=seconds, record=True,
                       max_live=1 << 14)
    market.advance(START_S + seconds)
    assert market.dropped == 0  # else events would be missing from the recording
    messages = market.record().messages
    types = np.array([TYPE[kind] for kind in messages["kind"].tolist()]) + (messages["side"] < 0)
    return messages["time_ns"] / NS - START_S, types


@pytest.fixture(scope="module")
def events():
    return events_of(PART)


def test_types_come_at_the_rates_of_theory(events):
    times, types = events
    blocks = 50
    counts = np.zeros((blocks, 6))
    np.add.at(counts, ((times / SECONDS * blocks).astype(int), types), 1)
    rates = counts * blocks / SECONDS
    error = rates.std(axis=0, ddof=1) / np.sqrt(blocks)
    z = (rates.mean(axis=0) - PART.mean_rates_per_s) / error
    assert np.abs(z).max() < 4
    assert (PART.mean_rates_per_s > 1.4 * MU).all()  # so that excitation is what is tested


def time_changed(times, types, part):
    """Residuals of every type: increases of its compensator between two of its events.

    From the definition: between events every exponential decays by itself, and its integral is
    what it has lost over its rate. What came before the start is forgotten after 20 events.
    """
    mu, alpha, beta = (np.asarray(x, float) for x in (part.hawkes_mu, part.hawkes_alpha,
                                                      part.hawkes_beta))
    excited, passed = np.zeros((len(beta), 6)), np.zeros(6)
    residuals, before = [[] for _ in range(6)], 0.0
    for now, kind in zip(times, types, strict=True):
        lost = excited * -np.expm1(-beta * (now - before))[:, None]
        passed += mu * (now - before) + (lost / beta[:, None]).sum(axis=0)
        excited += alpha[:, :, kind] - lost
        residuals[kind].append(passed[kind])
        passed[kind], before = 0.0, now
    return [np.array(found[20:]) for found in residuals]


def test_residuals_of_the_stated_process_pass_and_those_of_poisson_do_not(events):
    times, types = events
    tests = exponential_tests(time_changed(times, types, PART), "Hawkes")
    assert all(test.p_value > 1e-3 for test in tests)
    poisson = Hawkes(tuple(PART.mean_rates_per_s), (tuple(map(tuple, np.zeros((6, 6)))),), (1.0,))
    refused = exponential_tests(time_changed(times, types, poisson), "Poisson")
    assert min(test.p_value for test in refused) < 1e-10


def test_without_excitation_it_is_poisson():
    part = Hawkes(tuple(2 * MU), (tuple(map(tuple, np.zeros((6, 6)))),), (1.0,))
    times, types = events_of(part)
    assert all(test.p_value > 1e-3
               for test in exponential_tests(time_changed(times, types, part), "Poisson"))
    expected = 2 * MU * SECONDS
    assert (np.abs(np.bincount(types, minlength=6) - expected) < 4 * np.sqrt(expected)).all()


def test_baselines_follow_the_curve_of_the_day():
    curve = VolumeCurve((1.0, 3.0))
    market = market_of(PART, CROWD, Takers(1.0), curve, seconds=3600, record=True,
                       day_start_s=START_S, day_end_s=START_S + 3600, max_live=1 << 14)
    market.advance(START_S + 3600)
    minutes = market._flow.minutes[:, 0]
    time_s = market.record().messages["time_ns"] / NS - START_S
    seen = np.histogram(time_s, np.arange(0, 3601, 600))[0]
    expected = PART.mean_rates_per_s.sum() * 60 * minutes.reshape(-1, 10).sum(axis=1)
    spread = 1 / (1 - PART.spectral_radius)
    assert (np.abs(seen - expected) < 4.5 * spread * np.sqrt(expected)).all()
    assert seen[-1] > 2 * seen[0]


def test_what_is_traded_does_not_move_the_timetable():
    """Own orders excite nothing: the same market orders come at the same times."""
    plain, traded = (market_of(PART, CROWD, Takers(1.0), seconds=200, record=True,
                               max_live=1 << 13) for _ in range(2))
    for k in range(1, 200):
        traded.advance(START_S + k)
        traded.submit("buy", 1, kind="market")
    plain.advance(START_S + 200), traded.advance(START_S + 200)
    told = [market.record().messages for market in (plain, traded)]
    times = [m["time_ns"][(m["kind"] == Kind.IOC) & (m["owner"] == 0)] for m in told]
    assert np.array_equal(*times) and len(times[0]) > 50


EYE = tuple(map(tuple, np.eye(6)))


@pytest.mark.parametrize("arguments, words", [
    ((MU, (EYE,), (1.0,)), "the spectral radius of alpha / beta is 1.000"),
    ((MU, (EYE,), (1.0, 2.0)), "they must be"), ((MU[:5], (EYE,), (2.0,)), "they must be"),
    ((-MU, (EYE,), (2.0,)), "must not be negative"), ((MU, (EYE,), (-2.0,)), "must be positive"),
])
def test_impossible_processes_are_told(arguments, words):
    with pytest.raises(ValueError, match=words):
        Hawkes(*arguments)


def test_just_below_the_border_it_is_accepted():
    assert Hawkes(MU, (tuple(map(tuple, 0.999 * np.eye(6))),), (1.0,)).spectral_radius < 1
