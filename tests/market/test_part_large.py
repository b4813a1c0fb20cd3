"""Large traders: metaorders by their laws, and a predator who trades with one-sided flow."""

import numpy as np
import pytest

from lobsim.market import Market
from lobsim.market.calibrate.goodness import exponential_tests
from lobsim.market.parts import (
    Fundamental,
    Impact,
    Makers,
    Metaorders,
    Predator,
    Takers,
    ZeroIntelligence,
)
from lobsim.market.state import (
    L_PREDATOR_CASH,
    METAORDER,
    N_METAORDERS,
    N_PREDATOR_POSITION,
    PREDATOR,
)
from small_markets import NS, START_S, market_of, profile_of

OCEAN = ZeroIntelligence(limit_rate_per_s=2.0, cancel_rate_per_s=0.2, limit_levels=3,
                         limit_sizes=((1_000_000, 1.0),))
"""A book so deep that every order finds all it wants."""


def slices_of(part, seconds, seed=1):
    market = market_of(OCEAN, part, seconds=seconds, seed=seed, record=True, day_start_s=0,
                       day_end_s=START_S + seconds)
    market.advance(START_S + seconds)
    messages = market.record().messages
    return messages[messages["owner"] == METAORDER], market


@pytest.mark.parametrize("tail", [1.0, 1.5])
def test_sizes_follow_the_pareto_law_cut_at_a_hundred(tail):
    """Each metaorder is one slice here, hence the size of the message is that of the whole."""
    least = 1000.0
    slices, _ = slices_of(Metaorders(7200.0, least, 1e9, 0.01, tail), 4000)
    times = slices["size"] / least
    n = len(times)
    assert n > 3000 and times.min() >= 1 and times.max() <= 100
    at = np.geomspace(1.05, 99, 60)
    above = (times[:, None] > at).mean(axis=0)
    assert np.abs(above - at**-tail).max() < 1.63 / np.sqrt(n)  # Kolmogorov, one per cent
    cut = 100.0**-tail
    assert abs(np.mean(times == 100) - cut) < 4 * np.sqrt(cut / n) + 1e-9
    half = np.mean(slices["side"] == 1)
    assert abs(half - 0.5) < 4 * 0.5 / np.sqrt(n)


def test_slices_have_the_child_size_and_add_up():
    slices, market = slices_of(Metaorders(3600.0, 95.0, 10.0, 0.5), 6000)
    size, side = slices["size"].astype(int), slices["side"].astype(int)
    assert set(size.tolist()) <= set(range(1, 11))
    assert np.mean(size == 10) > 0.85
    ends = np.flatnonzero(size < 10)  # a smaller slice is the last one of its metaorder
    for a, b in zip(ends[:-1], ends[1:], strict=True):
        runs = np.split(side[a + 1:b + 1], np.flatnonzero(np.diff(side[a + 1:b + 1])) + 1)
        for run in runs[:-1]:  # a change of side before: a metaorder that was a multiple of 10
            assert len(run) >= 10
    fills = market.record().fills
    assert fills["size"][fills["taker_owner"] == METAORDER].sum() == size.sum()


def test_slices_come_at_exponential_intervals_and_metaorders_too():
    gap_s, per_hour = 0.5, 360.0
    slices, market = slices_of(Metaorders(per_hour, 5000.0, 10.0, gap_s), 8000)
    gaps = np.diff(slices["time_ns"]) / NS
    within = gaps[(np.diff(slices["side"]) == 0) & (slices["size"][:-1] == 10)]
    tests = exponential_tests([within / gap_s], "exponential intervals")
    assert all(test.p_value > 1e-3 for test in tests)
    few, one = slices_of(Metaorders(per_hour, 100.0, 1e9, 1e-6), 40_000)
    waits = np.diff(few["time_ns"]) / NS
    assert abs(waits.mean() - 10.0) < 4 * 10.0 / np.sqrt(len(waits))
    assert abs(one._flow.count[N_METAORDERS] - len(few)) < 10
    assert len(few) > 3500


def test_the_timetable_of_metaorders_does_not_follow_own_trades():
    told = []
    for own in (False, True):
        market = market_of(OCEAN, Takers(1.0), Metaorders(3600.0, 50.0, 10.0, 0.5), seconds=300,
                           record=True)
        for k in range(1, 300):
            market.advance(START_S + k)
            if own:
                market.submit("buy", 3, kind="market")
        messages = market.record().messages
        mine = messages[messages["owner"] == METAORDER]
        told.append((mine["time_ns"].tolist(), mine["size"].tolist(), mine["side"].tolist()))
    assert told[0] == told[1] and len(told[0][0]) > 100


def test_an_unknown_tail_is_told():
    with pytest.raises(ValueError, match="metaorder_tail is 2.0; it must be 1 or 1.5"):
        Metaorders(1.0, 100.0, 10.0, 1.0, 2.0)


HUNTED = (ZeroIntelligence(limit_rate_per_s=6.0, cancel_rate_per_s=0.2, limit_levels=5,
                           limit_sizes=((4, 1.0),)),
          Takers(2.0, market_sizes=((2, 1.0),)), Fundamental(4.0), Makers(),
          Impact(depth_per_tick=150.0))
HUNTER = Predator(predator_size=8.0, predator_limit=80.0, predator_memory_s=20.0,
                  predator_threshold=2.5, predator_interval_s=1.0)
CALM_S, BUY_S, AFTER_S = 900, 120, 240


def hunt(*parts, seed, slice_lots=12, side="buy"):
    """Ten minutes of calm, two of own orders on one side, and time for the predator to leave."""
    end = START_S + CALM_S + BUY_S + AFTER_S
    market = market_of(*HUNTED, *parts, seed=seed, seconds=end - START_S, record=True)
    market.opened = account_of(market)  # the predator may have traded before the market opened
    market.advance(START_S + CALM_S)
    arrival = market.mid
    for k in range(BUY_S):
        market.advance(START_S + CALM_S + k)
        if slice_lots:
            market.submit(side, slice_lots, kind="market")
    market.advance(end)
    return market, arrival


def account_of(market):
    """Position in lots and cash in ticks times lots of the predator."""
    return (int(market._flow.count[N_PREDATOR_POSITION]),
            float(market._flow.level[L_PREDATOR_CASH]))


def predator_trades(market):
    """Time, signed lots and cash of every fill of the predator, in ticks."""
    fills = market.record().fills
    mine = fills[fills["taker_owner"] == PREDATOR]
    signed = mine["taker_side"].astype(int) * mine["size"]
    return mine["time_ns"] / NS - START_S, signed, mine["price_ticks"].astype(int)


def test_the_predator_trades_with_one_sided_flow_and_not_in_calm():
    calm = hunted = 0
    for seed in range(6):
        for side, sign in (("buy", 1), ("sell", -1)):
            market, _ = hunt(HUNTER, seed=seed, side=side)
            time_s, signed, _ = predator_trades(market)
            during = (time_s > CALM_S) & (time_s < CALM_S + BUY_S)
            with_us = (signed[during] * sign).clip(0).sum()
            against = (-signed[during] * sign).clip(0).sum()
            calm += np.abs(signed[time_s < CALM_S]).sum() / CALM_S
            hunted += (with_us - against) / BUY_S
            assert with_us > against
    assert hunted > 4 * calm > 0


def test_the_account_of_the_predator_closes_and_its_limit_holds():
    for seed in range(6):
        market, _ = hunt(HUNTER, seed=seed)
        _, signed, price = predator_trades(market)
        before, cash = market.opened
        position = before + np.cumsum(signed)
        assert np.abs(position).max() <= HUNTER.predator_limit
        assert np.abs(signed).max() <= HUNTER.predator_size
        assert account_of(market) == (position[-1], cash - (signed * price).sum())


def test_it_unwinds_when_the_flow_is_over():
    left = []
    for seed in range(8):
        market, _ = hunt(HUNTER, seed=seed)
        _, signed, _ = predator_trades(market)
        position = market.opened[0] + np.cumsum(signed)
        largest = np.abs(position).max()
        assert largest >= 3 * HUNTER.predator_size
        left.append(abs(position[-1]) / largest)
    assert np.mean(left) < 0.2


def cost_ticks(market, arrival):
    """What own buying cost over the mid at arrival, in ticks a lot."""
    fills = market.own_fills
    return (fills["price"] * fills["size"]).sum() / fills["size"].sum() / 0.01 - arrival / 0.01


def test_a_predator_makes_an_own_metaorder_dearer():
    """Pairs of the same seed: one price path, with and without the predator."""
    dearer = []
    for seed in range(40):
        hunted = cost_ticks(*hunt(HUNTER, seed=seed))
        dearer.append(hunted - cost_ticks(*hunt(seed=seed)))
    error = np.std(dearer, ddof=1) / np.sqrt(len(dearer))
    assert np.mean(dearer) > 3 * error
    assert np.mean(dearer) > 0.05


def test_without_a_predator_nobody_trades_under_its_name():
    market, _ = hunt(seed=1)
    owners = market.record().fills["taker_owner"]
    assert not np.isin(owners, (PREDATOR, METAORDER)).any()
    assert isinstance(Market(profile_of(*HUNTED), 1, START_S, START_S + 1), Market)
