"""Profiles beside the regions of real markets: what is outside is named, and what is named is."""

import numpy as np
import pytest

from lobsim.analytics import TARGETS, facts_of, scorecard
from lobsim.engine import Kind
from lobsim.market import Market, MarketBatch, profiles
from lobsim.market.profiles import UNIVERSE, find_profile

SEEDS = (1, 2, 3)
NOON = 45_900
BUSY, QUIET = 0.6, 0.15
"""Clocks above which half a day tells enough, and below which two days tell too little."""
DAY = (34_200, 57_600)  # of a coin's day the same hours
LEAST_INSIDE = {"SPY": 0.7, "MIDCAP": 0.65, "BTC-USD": 0.7, "SMALLTICK": 0.8}
"""Share of the facts that a profile has inside."""
MOST_EMPTY, MOST_REFUSED = 1e-3, 1e-3
"""Shares of the time without one of the sides, and of the limit orders for which no place is left.
"""


def day(profile, seed, window=DAY):
    market = Market(profile, seed, *window, record=True)
    market.advance(window[1])
    return market


def facts(profile, seed, window=DAY):
    return facts_of(day(profile, seed, window))


def lacks(market):
    """Shares of the time without one of the sides, and of the limit orders that found no place."""
    recording = market.record()
    tops = recording.tops
    held = np.diff(tops["time_ns"], append=round(market.clock_s * 1e9))
    empty = held[(tops[["bid_size", "ask_size"]] == 0).any(axis=1)].sum() / held.sum()
    placed = np.count_nonzero(recording.messages["kind"] == Kind.LIMIT)
    return empty, market.dropped / (placed + market.dropped)


@pytest.fixture(scope="module", params=list(profiles))
def days_of(request):
    """Facts and lacks of each day; the days themselves would fill the memory."""
    profile = profiles[request.param]
    markets = (day(profile, seed) for seed in SEEDS)
    return profile, [(facts_of(market), lacks(market)) for market in markets]


@pytest.fixture(scope="module")
def card(days_of):
    profile, told = days_of
    return profile, scorecard([facts for facts, _ in told], profile.facts, reasons=profile.misses)


def test_as_many_facts_as_stated_lie_within_the_region_of_real_markets(card):
    profile, scored = card
    assert profile.facts in TARGETS
    share = len(scored.inside) / (len(scored.inside) + len(scored.outside))
    assert share >= LEAST_INSIDE[profile.name], str(scored)


def test_every_miss_is_named_with_its_reason(card):
    """A fact on the edge of its region may be named or not."""
    profile, scored = card
    table = scored.table()
    far = table[table["distance"].abs() > 0.1]
    assert set(far.index) <= set(profile.misses), str(scored)
    assert all(len(reason) > 20 for reason in profile.misses.values())


def test_no_miss_is_named_that_is_none(card):
    profile, scored = card
    inside = scored.table().loc[list(profile.misses)]
    error = inside["stderr"].fillna(0.0)
    margin = np.minimum(inside["value"] - inside["low"], inside["high"] - inside["value"])
    assert not (margin > 3 * error + 0.1 * (inside["high"] - inside["low"])).any(), str(scored)


def test_a_book_is_held_by_its_cancellations_and_neither_side_runs_empty(days_of):
    """Else facts could be had by a book that is full to its last place, or that is not there."""
    profile, told = days_of
    empty, refused = np.array([lacking for _, lacking in told]).T
    assert (empty < MOST_EMPTY).all() and (refused < MOST_REFUSED).all(), (profile, empty, refused)


def test_imbalance_does_not_give_the_market_away(card):
    """A market whose imbalance foretells nine moves in ten would teach nonsense."""
    _, scored = card
    value = scored.table()["value"]
    assert value["obi_hit"] < 0.77 and value["obi_hit_75_100"] < 0.9
    assert value["obi_predictive_r2_1s"] < 0.1


def test_a_maker_does_not_keep_the_whole_half_spread(card):
    _, scored = card
    assert scored.table()["value"]["adverse_selection_10s"] > 0.25


def test_the_universe_spans_liquidity_and_moves_together():
    assert len(UNIVERSE) == 50 and len({p.name for p in UNIVERSE}) == 50
    volumes = np.array([p.daily_volume for p in UNIVERSE])
    assert volumes.max() > 20 * volumes.min()
    assert find_profile("U07") is UNIVERSE[6]
    batch = MarketBatch(UNIVERSE, range(50), 36_000, 39_600, common_seed=5)
    moves = []
    for minute in range(1, 61):
        batch.advance(36_000 + 60 * minute)
        moves.append(batch.efficient_price.copy())
    moves = np.diff(np.log(moves), axis=0)
    seen = np.corrcoef(moves.T)
    share = np.array([p.common_share * (1 - p.jump_share) for p in UNIVERSE])
    meant = np.sqrt(np.outer(share, share))
    off = ~np.eye(50, dtype=bool)
    # 59 minutes: an error of 0.13 for a pair, of 0.03 or so for the mean of all pairs
    assert seen[off].mean() == pytest.approx(meant[off].mean(), abs=0.1)
    assert (batch.volume > 0).all() and np.isfinite(batch.mid).all()


@pytest.fixture(scope="module")
def names():
    """The scorecard of each name of the universe."""
    return {profile.name: scorecard([facts(profile, *one) for one in looks(profile)],
                                    profile.facts, reasons={})
            for profile in UNIVERSE}


def looks(profile):
    """Seeds and windows in which a name is looked at: a quiet one needs more of them."""
    if profile.clock > BUSY:
        return [(1, (DAY[0], NOON)), (2, (NOON, DAY[1]))]
    return [(seed, DAY) for seed in range(1, 3 if profile.clock > QUIET else 7)]


LEAST_OF_A_NAME = 0.5
"""Share of the facts that each name has inside, at the least."""


def test_each_of_the_fifty_names_has_as_many_facts_as_stated_within_its_region(names):
    share = {name: len(card.inside) / (len(card.inside) + len(card.outside))
             for name, card in names.items()}
    assert len(share) == 50
    few = {name: inside for name, inside in share.items() if inside <= LEAST_OF_A_NAME}
    assert not few, share


def test_every_miss_of_a_name_is_named_with_its_reason(names):
    """But for what chance moves out: a fact within three standard errors of its region."""
    for profile in UNIVERSE:
        table = names[profile.name].table()
        far = table["distance"].abs() > 0.1
        beyond = np.maximum(table["low"] - table["value"], table["value"] - table["high"])
        sure = far & ~(beyond < 3 * table["stderr"])
        unnamed = set(table.index[sure]) - set(profile.misses)
        assert not unnamed, f"{profile.name} {unnamed}: {names[profile.name]}"


def test_a_name_is_told_on_its_own_clock():
    for profile in UNIVERSE:
        base = profiles[profile.description.split()[0]]
        assert profile.clock == pytest.approx(profile.market_rate_per_s / base.market_rate_per_s)
        assert profile.misses["spread_median_bps"].startswith(
            f"One tick is {1e4 * profile.tick_size / profile.start_price:.2g} bps")


def test_a_rescaled_market_is_the_same_in_event_time():
    """Twice the activity: twice the trades and twice the variance in ticks, the same spread."""
    from lobsim.market.universe import rescaled

    base = profiles["MIDCAP"]
    busy = rescaled(base, "busy", activity=2.0, volatility_bps=base.volatility_bps)
    slow, fast = facts(base, 1), facts(busy, 1)
    assert fast.trades_per_min == pytest.approx(2 * slow.trades_per_min, rel=0.1)
    assert fast.spread_mean_ticks == pytest.approx(slow.spread_mean_ticks, rel=0.1)
    assert fast.depth_in_trades == pytest.approx(slow.depth_in_trades, rel=0.2)
