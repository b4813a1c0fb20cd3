"""Parts of a gap add up, and a difference of one kind lands in the part of its kind."""

from functools import cache

import numpy as np
import pytest

from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.sim_to_real.day_record import play_day
from lobsim.sim_to_real.gap_parts import (PARTS, _more_fees, _valued, measured_delays, parts_table,
                                          split_gap)
from lobsim.sim_to_real.laboratory import Laboratory

SETTINGS = ExecutionSettings(profile="MIDCAP", quantity=4000, horizon_s=300, interval_s=10,
                             side="random", guard_s=60, ahead_s=60, offsets=(-1, 0, 1),
                             sizes=(1.0,))
SEEDS = (5, 6, 7)


def rule(seen):
    """Rests at the best, crosses when late."""
    return [5] if seen[0, 2] > 0.1 else [3]


@pytest.fixture(scope="module")
def laboratory():
    return Laboratory(SETTINGS, rule, SEEDS)


@cache
def split(laboratory, gaps, seeds=SEEDS):
    live = laboratory.play(gaps, seeds, label="live")
    return live, [split_gap(day, laboratory, seed) for day, seed in zip(live, seeds, strict=True)]


def test_without_a_gap_every_part_is_nothing(laboratory):
    _, days = split(laboratory, ())
    for day in days:
        assert list(day.parts) == list(PARTS)
        np.testing.assert_allclose(list(day.parts.values()), 0, atol=1e-9)


@pytest.mark.parametrize("gaps", [("volatility", "fees", "order_latency"),
                                  ("queue", "cancel_fee=50", "rejects=4", "clock_skew")])
def test_parts_add_up_and_the_live_fills_at_live_prices_are_the_live_cost(laboratory, gaps):
    live, days = split(laboratory, gaps)
    for record, day, seed in zip(live, days, SEEDS, strict=True):
        usual, = laboratory.play((), [seed])
        assert day.gap_bps == pytest.approx(record.cost_bps - usual.cost_bps)
        assert sum(day.parts.values()) == pytest.approx(day.gap_bps)
        paid = 1e4 * record.log["fee"].sum() / record.money / record.notional
        assert _valued(record, record, usual) + paid == pytest.approx(record.cost_bps)
        assert day.parts["fees"] == pytest.approx(_more_fees(record, laboratory))
        assert day.parts["fees"] > 0


def test_fees_land_in_fees_to_the_last_digit(laboratory):
    _, days = split(laboratory, ("fees",))
    for day in days:
        others = [value for name, value in day.parts.items() if name != "fees"]
        np.testing.assert_allclose(others, 0, atol=1e-9)
        assert day.parts["fees"] == pytest.approx(0.2, rel=0.01)  # bps, of what was traded


@pytest.mark.parametrize("gap", ["order_latency", "feed_latency", "ack_delay"])
def test_delays_land_in_latency_as_far_as_their_measured_size_reproduces_them(laboratory, gap):
    _, days = split(laboratory, (gap,))
    table = parts_table(days)["mean_bps"]
    assert all(day.parts["decisions"] == 0 for day in days) and abs(table["fees"]) < 1e-9
    assert abs(table["latency"]) > 2 * abs(table["gap"] - table["latency"]) > 0
    delays = days[0].delays
    least = {"order_latency": delays.order_s, "feed_latency": delays.feed_s,
             "ack_delay": delays.ack_s}[gap]
    assert least == pytest.approx(1.0, abs=0.15)


def test_what_the_market_did_lands_in_prices_with_the_sign_of_the_side(laboratory):
    live, days = split(laboratory, ("trend=20",), range(4))
    sides = {record.side for record in live}
    assert sides == {-1, 1}
    for record, day in zip(live, days, strict=True):
        assert day.parts["latency"] == 0
        others = abs(day.parts["fills"]) + abs(day.parts["decisions"])
        assert record.side * day.parts["prices"] > others


def test_a_venue_that_refuses_orders_changes_fills_and_not_prices(laboratory):
    _, days = split(laboratory, ("queue=20", "rejects=6"), range(4))
    mean = {name: np.mean([abs(day.parts[name]) for day in days]) for name in PARTS}
    assert mean["fills"] > 2 * mean["prices"] and mean["latency"] == 0


def test_a_clock_that_is_wrong_costs_nothing_and_moves_no_part(laboratory):
    _, days = split(laboratory, ("clock_skew=3",))
    for day in days:
        np.testing.assert_allclose(list(day.parts.values()), 0, atol=1e-9)


def test_a_script_that_ends_before_the_day_goes_on_with_the_policy(laboratory):
    """A live day that was done early is replayed where it is not."""
    fast = Laboratory(SETTINGS, lambda seen: [5], SEEDS)
    record, = fast.play((), [5])
    assert record.events("decision")["step"].max() < SETTINGS.steps - 1
    late = Laboratory(SETTINGS, rule, SEEDS)
    day = split_gap(record, late, 5)
    assert day.parts["decisions"] == pytest.approx(day.gap_bps) and day.gap_bps != 0


def test_a_table_of_parts_knows_its_intervals_and_wrong_use_is_refused(laboratory):
    _, days = split(laboratory, ("fees",))
    table = parts_table(days)
    assert table.index.tolist() == [*PARTS, "gap"]
    assert table.loc["fees", "low"] <= table.loc["fees", "mean_bps"] <= table.loc["fees", "high"]
    assert np.isnan(parts_table(days[:1])["low"]).all()
    with pytest.raises(ValueError, match="no day"):
        parts_table([])
    with pytest.raises(ValueError, match="side=1 or side=-1"):
        play_day(laboratory.day((), 1), SETTINGS, rule)
    record, = laboratory.play((), [1])
    assert measured_delays(record).order_s == 0
