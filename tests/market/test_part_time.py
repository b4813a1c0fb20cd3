"""What changes in time: curve of the day, regimes, the efficient price and its common factor."""

import numpy as np
import pytest

from lobsim.engine import Kind
from lobsim.engine.views import FAULTS, find_fault
from lobsim.market import Market, MarketBatch
from lobsim.market.parts import (
    Fundamental,
    Makers,
    Regime,
    Regimes,
    Takers,
    VolumeCurve,
    ZeroIntelligence,
)
from lobsim.market.setup import regime_path
from small_markets import NS, START_S, TICK, market_of, profile_of

CALM = Regime("calm", 8.0)
BUSY = Regime("busy", 3.0, activity=3.0, volatility=2.0)
TREND = Regime("trend", 5.0, trend_bps_per_min=6.0)
THREE = Regimes((CALM, BUSY, TREND))
QUIET = ZeroIntelligence(limit_rate_per_s=1.0, cancel_rate_per_s=0.2)
BAND = 1 << 15  # so that the efficient price never meets its border
SMALL = 80  # orders; the fewer, the faster, where only the price is looked at


def prices_of(*parts, seed=1, minutes=600, every_s=60.0, **changes):
    """The efficient price in bps of its start, at every step of a long market."""
    day = dict(day_start_s=START_S, day_end_s=START_S + 60 * minutes, band_ticks=BAND,
               max_live=SMALL) | changes
    market = market_of(*parts, seed=seed, seconds=60 * minutes, **day)
    found = [market.efficient_price]
    for k in range(1, int(round(60 * minutes / every_s)) + 1):
        market.advance(START_S + every_s * k)
        found.append(market.efficient_price)
    return np.array(found) / 200.0 * 1e4, market


# -- regimes -----------------------------------------------------------------------------------


def test_each_regime_takes_its_share_of_the_time():
    n, blocks = 400_000, 40
    path = regime_path(THREE, n, seed=5)
    lengths = np.array([8.0, 3.0, 5.0])  # each as often as the others, hence shares as lengths
    share = np.stack([(path.reshape(blocks, -1) == k).mean(axis=1) for k in range(3)])
    error = share.std(axis=1, ddof=1) / np.sqrt(blocks)
    assert (np.abs(share.mean(axis=1) - lengths / lengths.sum()) < 4 * error).all()


def test_lengths_are_memoryless_with_their_mean_and_any_other_regime_follows():
    path = regime_path(THREE, 400_000, seed=6)
    starts = np.flatnonzero(np.diff(path)) + 1
    length, which = np.diff(starts), path[starts[:-1]]
    for k, part in enumerate(THREE.regimes):
        mine = length[which == k]
        deviation = np.sqrt(part.mean_minutes**2 - part.mean_minutes)  # of a geometric law
        assert abs(mine.mean() - part.mean_minutes) < 4 * deviation / np.sqrt(len(mine))
        assert mine.std() == pytest.approx(deviation, rel=0.05)
        follow = path[starts[1:]][which == k]
        others = [j for j in range(3) if j != k]
        half = np.mean(follow == others[0])
        assert set(follow) == set(others)
        assert abs(half - 0.5) < 4 * 0.5 / np.sqrt(len(follow))


def test_regimes_are_those_of_the_seed():
    first, again, other = (regime_path(THREE, 5000, seed) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert np.mean(first != other) > 0.3


def test_the_regime_that_is_told_is_the_one_that_holds():
    market = market_of(QUIET, THREE, seconds=3600)
    path = regime_path(THREE, 390, 1)
    seen = []
    for minute in range(59):
        market.advance(START_S + 60 * minute + 30)
        seen.append(market.regime)
    at_start = (START_S - 34_200) // 60
    assert seen == [THREE.regimes[k].name for k in path[at_start:at_start + 59]]
    assert len(set(seen)) == 3
    assert market_of(QUIET).regime == ""


def test_activity_multiplies_arrivals():
    minutes, seed = 600, 3
    market = market_of(QUIET, THREE, seconds=60 * minutes, seed=seed, record=True,
                       day_start_s=START_S, day_end_s=START_S + 60 * minutes)
    market.advance(START_S + 60 * minutes)
    messages = market.record().messages
    time_s = messages["time_ns"][messages["kind"] == Kind.LIMIT] / NS - START_S
    per_minute = np.histogram(time_s, np.arange(minutes + 1) * 60)[0]
    path = regime_path(THREE, minutes, seed)
    rates = np.array([per_minute[path == k].mean() for k in range(3)])
    error = np.sqrt(rates / np.bincount(path))
    expected = 60 * 2 * np.sum(np.arange(1, 6) ** -0.5) * np.array([1.0, 3.0, 1.0])
    assert (np.abs(rates - expected) < 4 * error + 0.002 * expected).all()


def test_volatility_multiplies_that_of_the_price_and_a_trend_moves_it():
    minutes, seed = 3000, 4
    prices, _ = prices_of(QUIET, THREE, Fundamental(volatility_bps=5.0), seed=seed,
                          minutes=minutes, start_price=200.0)
    change, path = np.diff(prices), regime_path(THREE, minutes, seed)
    activity = np.array([1.0, 3.0, 1.0])
    for k, part in enumerate(THREE.regimes):
        mine = change[path == k]
        std = 5.0 * part.volatility * np.sqrt(1.0)
        assert abs(mine.mean() - part.trend_bps_per_min) < 4.5 * mine.std() / np.sqrt(len(mine))
        # arrivals in a busy regime also carry the volatility of a busy time of day
        assert mine.std() == pytest.approx(std * np.sqrt(activity[k]), rel=0.12)


# -- the efficient price -----------------------------------------------------------------------


def test_the_price_has_its_volatility_and_its_trend():
    minutes = 4000
    prices, _ = prices_of(QUIET, Fundamental(volatility_bps=5.0, trend_bps_per_min=1.5),
                          minutes=minutes)
    change = np.diff(prices)
    assert abs(change.mean() - 1.5) < 4 * 5.0 / np.sqrt(minutes)
    assert change.std() == pytest.approx(5.0, rel=4 / np.sqrt(2 * minutes))
    later = np.corrcoef(change[1:], change[:-1])[0, 1]
    assert abs(later) < 4 / np.sqrt(minutes)


def test_jumps_take_their_share_of_the_variance():
    """Ten a day of six standard deviations each: fat tails, the same variance."""
    minutes = 6000
    still = Fundamental(volatility_bps=5.0)
    jumpy = Fundamental(volatility_bps=5.0, jump_share=0.5, jump_rate_per_s=0.002)
    plain, fat = (np.diff(prices_of(QUIET, part, minutes=minutes)[0]) for part in (still, jumpy))
    for change in (plain, fat):
        kurtosis = np.mean(change**4) / np.mean(change**2) ** 2
        error = np.sqrt((kurtosis - 1) / minutes)  # of the variance, relatively
        assert np.mean(change**2) == pytest.approx(25.0, rel=4 * error)
    kurtosis = [np.mean(c**4) / np.mean(c**2) ** 2 for c in (plain, fat)]
    assert kurtosis[0] == pytest.approx(3, abs=0.3) and kurtosis[1] > 5


def test_the_price_follows_the_curve_of_the_day_by_its_square_root():
    minutes = 3000
    prices, market = prices_of(QUIET, VolumeCurve((4.0, 1.0, 1.0, 2.0)),
                               Fundamental(volatility_bps=5.0), minutes=minutes)
    change = np.diff(prices).reshape(12, -1)
    activity = market._flow.minutes[:, 0].reshape(12, -1).mean(axis=1)
    n = minutes // 12
    np.testing.assert_allclose(change.std(axis=1), 5.0 * np.sqrt(activity),
                               rtol=4.2 / np.sqrt(2 * n))


def test_own_trades_do_not_move_the_exogenous_price():
    plain, traded = (market_of(QUIET, Fundamental(5.0), seconds=300) for _ in range(2))
    for k in range(1, 300):
        plain.advance(START_S + k), traded.advance(START_S + k)
        traded.submit("buy", 1, kind="market")
        assert plain.efficient_price == traded.efficient_price


def changes_of(shares, commons, minutes=2500, seeds=(1, 2)):
    profiles = [profile_of(QUIET, Fundamental(5.0, common_share=share), day_start_s=START_S,
                           day_end_s=START_S + 60 * minutes, band_ticks=BAND, max_live=SMALL)
                for share in shares]
    batch = MarketBatch(profiles, seeds, START_S, START_S + 60 * minutes, common_seed=commons)
    found = [batch.efficient_price]
    for k in range(1, minutes + 1):
        batch.advance(START_S + 60 * k)
        found.append(batch.efficient_price)
    return np.diff(np.array(found), axis=0)


@pytest.mark.parametrize("shares", [(0.8, 0.5), (0.6, -0.4), (1.0, 1.0), (0.3, 0.3)])
def test_two_markets_of_a_universe_are_correlated_by_their_shares(shares):
    change = changes_of(shares, 77)
    expected = np.prod(np.sign(shares)) * np.sqrt(np.prod(np.abs(shares)))
    found = np.corrcoef(change.T)[0, 1]
    error = (1 - expected**2) / np.sqrt(len(change))
    assert abs(found - expected) < 4 * error + 1e-9
    np.testing.assert_allclose(change.std(axis=0), 5.0 * 0.02, rtol=4 / np.sqrt(2 * len(change)))


@pytest.mark.parametrize("commons", [(77, 78), None])
def test_markets_of_different_universes_are_not_correlated(commons):
    change = changes_of((0.8, 0.8), commons)
    assert abs(np.corrcoef(change.T)[0, 1]) < 4 / np.sqrt(len(change))


def test_the_common_seed_changes_the_price_only_as_far_as_it_is_shared():
    def last(share, common):
        market = Market(profile_of(QUIET, Fundamental(5.0, common_share=share)), 3, START_S,
                        START_S + 600, common_seed=common)
        market.advance(START_S + 600)
        return market.efficient_price

    assert last(0.5, 1) == last(0.5, 1) != last(0.5, 2)
    assert last(0.0, 1) == last(0.0, 2)


def test_the_price_stays_in_its_band_and_so_does_the_book():
    """A trend runs into the border: prices stop there, and the book stays whole."""
    for trend in (60.0, -60.0):
        market = market_of(QUIET, Takers(1.0, sweep_share=0.2), Makers(),
                           Fundamental(5.0, trend_bps_per_min=trend), seconds=3600,
                           band_ticks=1024, record=True)
        for k in range(1, 361):
            market.advance(START_S + 10 * k)
            market.submit(1 if trend > 0 else -1, 40, kind="market")
        low, high = 200 - 512 * TICK, 200 + 512 * TICK
        prices = market.record().messages["price_ticks"] * TICK
        assert prices.min() > low - 1e-9 and prices.max() < high + 1e-9
        assert low + 2.5 < market.efficient_price < high - 2.5
        assert FAULTS[find_fault(market._book)] == ""


def test_a_crowd_at_the_border_of_the_band_stays_whole():
    """Without makers the book may drift to the border and lose a side there."""
    market = market_of(QUIET, Takers(3.0), seconds=3600, band_ticks=32)
    for k in range(1, 3600):
        market.advance(START_S + k)
        market.submit("buy", 25, kind="market")
    assert FAULTS[find_fault(market._book)] == ""
    assert market.trades["price"].max() <= 200 + 16 * TICK + 1e-9
