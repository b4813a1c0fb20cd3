"""Days of a universe: names move by market and sector as their parameters say; shocks hold."""

import numpy as np
import pytest

from lobsim.market import UNIVERSE, MarketBatch
from lobsim.market.parts import Fundamental, Regime, Regimes, Shock, Shocks, VolumeCurve
from lobsim.market.setup import minute_table
from lobsim.market.state import MIN_ACTIVITY, MIN_SLACK, MIN_VOLATILITY
from lobsim.market.trading_days import DayRates, Universe, _variance_moments
from small_markets import CROWD, FLOWS, MAKERS, START_S, TAKERS, market_of, profile_of

MINUTES = 5000
BARE = dict(max_live=80, band_ticks=1 << 15, day_start_s=START_S,  # nothing but a price
            day_end_s=START_S + 60 * MINUTES)
VOLATILITY = (4.0, 6.0, 8.0, 6.0, 5.0, 7.0)


def names(jump_share=0.25, vol_of_vol=0.0):
    """Six names without orders, moved by one market."""
    return [profile_of(Fundamental(volatility, jump_share, 0.5 if jump_share else 0.0, vol_of_vol,
                                   common_share=0.1 * k), VolumeCurve((3.0, 1.0, 2.0)),
                       name=f"N{k}", **BARE)
            for k, volatility in enumerate(VOLATILITY)]


def moves(universe, seed=1):
    """Returns in bps of the start price, of all names in each minute of a long day."""
    batch = MarketBatch(universe.profiles, range(seed, seed + len(universe)), START_S,
                        START_S + 60 * MINUTES, common_seed=seed)
    prices = [batch.efficient_price.copy()]
    for minute in range(1, MINUTES + 1):
        batch.advance(START_S + 60 * minute)
        prices.append(batch.efficient_price.copy())
    return 1e4 * np.diff(prices, axis=0) / 200.0


def test_the_covariance_is_that_of_simulated_returns():
    universe = Universe(names(), sectors=2, seed=3)
    assert len(set(universe.sectors)) == 2
    found = moves(universe)
    for first, last in ((0, 800), (2000, 2600), (0, MINUTES)):  # busy, quiet, and the whole day
        meant = universe.covariance(START_S + 60 * first, 60.0 * (last - first))
        seen = found[first:last].T @ found[first:last]
        scale = np.sqrt(np.outer(meant.diagonal(), meant.diagonal()))
        # Standard error of a covariance of normal numbers; jumps widen it.
        error = np.sqrt(scale**2 + meant**2) / np.sqrt(last - first)
        assert (np.abs(seen - meant) < 5 * error).all(), (seen / meant).round(2)
        assert np.linalg.eigvalsh(meant)[0] > 0
    off = ~np.eye(len(universe), dtype=bool)
    assert abs(((seen - meant) / scale)[off].mean()) < 0.02


def test_a_varying_variance_raises_variances_and_lowers_correlations_as_stated():
    universe = Universe(names(0.0, vol_of_vol=0.15), sectors=1, seed=3)
    found, meant = moves(universe), universe.covariance(START_S, 60.0 * MINUTES)
    seen = found.T @ found
    # The variance forgets in some 70 minutes, so that a name has seen it seventy times or so.
    assert (seen.diagonal() / meant.diagonal()).mean() == pytest.approx(1.0, abs=0.08)
    scale, felt = (np.sqrt(np.outer(one.diagonal(), one.diagonal())) for one in (meant, seen))
    off = ~np.eye(len(universe), dtype=bool)
    assert (seen / felt)[off].mean() == pytest.approx((meant / scale)[off].mean(), abs=0.03)
    assert (meant / scale)[off].mean() < universe.correlation()[off].mean()


def test_names_of_one_sector_move_together_beyond_the_market():
    universe = Universe(names(0.0), sectors=2, sector_part=0.6, seed=3)
    found = np.corrcoef(moves(universe).T)
    assert np.abs(found - universe.correlation()).max() < 0.06
    # N0 has nothing of the market: only its sector is left
    same = universe.sectors == universe.sectors[0]
    mine, others = same & (np.arange(6) > 0), ~same
    assert found[0, mine].min() > 0.3 and np.abs(found[0, others]).max() < 0.06


def test_a_name_is_the_same_whoever_its_neighbours_are():
    universe = Universe(names(), sectors=2, seed=3)
    profile = universe.profiles[4]
    batch = MarketBatch([profile], [7], START_S, START_S + 60, common_seed=[3])
    among = MarketBatch(list(universe.profiles), [1, 2, 3, 4, 7, 6], START_S, START_S + 60,
                        common_seed=3)
    for one in (batch, among):
        one.advance(START_S + 60)
    assert batch.efficient_price[0] == among.efficient_price[4] != among.efficient_price[3]


def test_without_a_sector_share_the_path_is_what_it_was():
    plain, sector = (MarketBatch([profile_of(Fundamental(6.0, common_share=0.4, sector=number),
                                             **BARE)], [5], START_S, START_S + 60, common_seed=8)
                     for number in (0, 4))
    for one in (plain, sector):
        one.advance(START_S + 60)
    assert plain.efficient_price[0] == sector.efficient_price[0]


def test_the_variance_of_the_chain_settles_and_is_known_without_noise():
    assert (_variance_moments(0.0, 50) == 1.0).all()
    mean, root = _variance_moments(0.2, 2000)
    assert mean[0] == pytest.approx(1.0, abs=0.01) and (root**2 < mean).all()
    assert abs(mean[-1] - mean[-500]) < 1e-6


def test_flow_is_correlated_where_the_price_is():
    """Takers who foresee the price buy names together whose common part rises."""
    def correlation(commons):
        parts = [part for part in FLOWS["poisson"] if not isinstance(part, Fundamental)]
        sharp = profile_of(*parts, Fundamental(12.0, common_share=0.95), max_live=256)
        sharp = sharp.with_changes(informed_share=0.8, lookahead_s=5.0)
        batch = MarketBatch([sharp] * 2, [1, 2], START_S, START_S + 1800, common_seed=commons)
        bought = []
        for k in range(1, 121):
            mids = batch.mid.copy()
            batch.advance(START_S + 15 * k)
            bought.append(batch.mid - mids)
        return np.corrcoef(np.array(bought).T)[0, 1]

    assert correlation([4, 4]) > 0.5 and abs(correlation([4, 5])) < 0.3


def test_shocks_hold_in_their_minutes_and_multiply():
    day = dict(day_start_s=START_S, day_end_s=START_S + 3600)
    profile = profile_of(CROWD, TAKERS, MAKERS, Fundamental(6.0), Shocks((
        Shock("a", START_S + 600, 10.0, activity=0.5, volatility=2.0, slack_ticks=-2.0),
        Shock("b", START_S + 900, 10.0, activity=3.0, slack_ticks=-1.0),
        Shock("c", START_S - 1200, 5.0, activity=9.0), Shock("d", START_S + 3540, 99.0, 7.0))),
        **day)
    table = minute_table(profile, 0)
    assert table[:, MIN_ACTIVITY].tolist() == (10 * [1.0] + 5 * [0.5] + 5 * [1.5] + 5 * [3.0]
                                               + 34 * [1.0] + [7.0])
    assert table[8:21, MIN_VOLATILITY].tolist() == 2 * [1.0] + 10 * [4.0] + [1.0]
    assert table[8:26, MIN_SLACK].tolist() == 2 * [0] + 5 * [-2.0] + 5 * [-3.0] + 5 * [-1.0] + [0]


def test_a_widening_widens_and_a_drought_dries_up():
    shocks = (Shock("widening", START_S + 300, 5.0, slack_ticks=-1.5),
              Shock("drought", START_S + 900, 5.0, 0.2, 0.2**-0.5))
    day = dict(day_start_s=START_S, day_end_s=START_S + 3600)
    spreads, volumes = [[], [], [], []], np.zeros(4)
    for seed in range(4):
        market = market_of(*FLOWS["poisson"], Shocks(shocks), seed=seed, seconds=1200, **day)
        for minute in range(1, 21):
            volume = market.volume
            market.advance(START_S + 60 * minute)
            volumes[(minute - 1) // 5] += market.volume - volume
            spreads[(minute - 1) // 5].append(market.best_ask - market.best_bid)
    means = [np.nanmean(one) for one in spreads]  # a small book may have an empty side
    assert means[1] > 1.5 * max(means[0], means[2]), means
    # Who is hit because F has moved on is hit in a drought as well: F keeps its volatility.
    assert volumes[3] < 0.6 * min(volumes[0], volumes[2]), volumes


def test_a_day_is_that_of_its_seed_and_days_differ():
    universe = Universe()
    first, again, other = (universe.day(seed) for seed in (4, 4, 5))
    told = [[one.shocks for one in day] for day in (first, again, other)]
    assert told[0] == told[1] != told[2]
    assert len({shocks for shocks in told[0]}) == 50
    assert [one.name for one in first] == [one.name for one in UNIVERSE]
    plain = Universe(rates=DayRates.ordinary()).day(4)
    assert all(one.shocks == () for one in plain)


def test_what_happens_happens_as_often_as_its_rates_say():
    rates = DayRates(widenings_per_day=2.0, droughts_per_day=0.5, rush_chance=0.25)
    universe, kinds, rushed = Universe(rates=rates), [], []
    for seed in range(24):
        day = [[shock.name for shock in one.shocks] for one in universe.day(seed)]
        kinds += [(one.count("widening"), one.count("drought")) for one in day]
        rushed.append({one.count("rush") for one in day})
    assert all(len(one) == 1 for one in rushed)  # all names or none
    assert np.mean([one.pop() for one in rushed]) == pytest.approx(0.25, abs=0.27)
    mean = np.mean(kinds, axis=0)
    assert mean == pytest.approx([2.0, 0.5], abs=0.16)
    assert np.var(kinds, axis=0) == pytest.approx([2.0, 0.5], abs=0.35)  # Poisson


def test_some_names_of_a_universe_keep_their_sectors_and_order():
    universe = Universe()
    few = universe.some(5)
    assert [one.name for one in few.profiles] == ["U01", "U13", "U25", "U38", "U50"]
    places = [int(one.name[1:]) - 1 for one in few.profiles]
    whole = universe.covariance(40_000, 600)
    # Sums of products are of other lengths there, and a processor may add these in another order.
    np.testing.assert_allclose(few.covariance(40_000, 600), whole[np.ix_(places, places)],
                               rtol=1e-12)
    with_parts = few.with_parts(Shocks())
    assert all(one.part(Shocks) is not None for one in with_parts.profiles)


@pytest.mark.parametrize("wrong, what", [
    (dict(profiles=()), "profiles holds 0"), (dict(sectors=0), "sectors is 0"),
    (dict(sector_part=1.5), "sector_part"),
    (dict(profiles=[profile_of(CROWD)]), "must have Fundamental"),
    (dict(profiles=[profile_of(Fundamental(5.0), Regimes((Regime("x", 5.0),)))]), "no Regimes")])
def test_a_wrong_universe_is_refused(wrong, what):
    with pytest.raises(ValueError, match=what):
        Universe(**wrong)


@pytest.mark.parametrize("wrong, what", [
    (dict(own_activity=-1.0), "own_activity"), (dict(widening_minutes=(5.0, 1.0)), "widening_min"),
    (dict(rush_chance=1.5), "rush_chance"), (dict(drought_activity=(0.0, 0.5)), "drought_activ")])
def test_wrong_rates_of_days_are_refused(wrong, what):
    with pytest.raises(ValueError, match=what):
        DayRates(**wrong)


def test_wrong_parts_are_refused():
    with pytest.raises(ValueError, match="together they may be at most 1"):
        profile_of(Fundamental(5.0, common_share=0.7, sector_share=0.4))
    with pytest.raises(ValueError, match="sector is -1"):
        profile_of(Fundamental(5.0, sector=-1))
    with pytest.raises(ValueError, match="Shock.activity is 0"):
        profile_of(CROWD, Shocks((Shock("x", 36_000, 5.0, activity=0.0),)))
