"""Laws of portfolio days under watch: the public tape, discreet schedules, and the predator."""

import doctest

import numpy as np
import pandas as pd
import pytest

from desk import DESK, SHORT, opened
from lobsim.envs import portfolio_discreet, portfolio_leakage, portfolio_watched
from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.envs.portfolio_discreet import DiscreetDay, discreet_rules
from lobsim.envs.portfolio_evaluate import evaluate_days, play_days
from lobsim.envs.portfolio_leakage import (
    NobodyDay,
    fitted,
    hunted_days,
    leakage_of,
    quiet,
    settings_for,
    watched_days,
)
from lobsim.envs.portfolio_rules import AtOnceDay, TWAPDay, VWAPDay
from lobsim.envs.portfolio_watched import HuntedDays, WatchedDays, sized_predator
from lobsim.envs.seeding import episode_seeds
from lobsim.market import Market
from lobsim.market.parts import Predator
from lobsim.market.state import PREDATOR

SEEDS = episode_seeds(5, 0, 2)
WORLD = SHORT | dict(horizon_s=120.0)


class Sure:
    """A detector that always says the same, and notes which windows it was asked about."""

    def __init__(self, lean):
        self.says, self.asked = lean, []

    def lean(self, features):
        self.asked += features["time_s"].tolist()
        return np.full(len(features), self.says)


def played(core, rule):
    return play_days(rule, core, SEEDS[:len(core)])


def hunted(lean, rule, share=0.2, **settings):
    core = HuntedDays(2, settings_for(rule, **WORLD, parts=(sized_predator(share, every_s=2.5),)),
                      Sure(lean), 0.5, window_s=60.0, look_s=20.0, **settings)
    return core, played(core, rule)


def test_watching_a_day_changes_nothing_of_it():
    settings = settings_for(TWAPDay(), **WORLD)
    plain = played(PortfolioCore(2, settings), TWAPDay())
    watched = played(WatchedDays(2, settings), TWAPDay())
    for one, other in zip(plain, watched, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_a_day_without_clients_is_that_of_its_markets_alone():
    core = WatchedDays(1, quiet(**WORLD))
    _, blocks = played(core, NobodyDay())
    assert (blocks["filled"] == 0).all()
    day, end_s = core.days[0], core.days[0].start_s + 120.0
    for n in range(3):
        core.features(0, n, 60.0, end_s=end_s)
        alone = Market(day.profiles[n], int(day.seeds[n]), day.start_s, end_s, record=True,
                       common_seed=day.common_seed)
        alone.advance(end_s)
        pd.testing.assert_frame_equal(core.quotes(0, n), alone.record().tops)
        prints, trades = core.prints(0, n), alone.trades
        assert len(prints) == len(trades) > 0
        for name in ("price", "size"):
            assert (prints[name] == trades[name]).all()
        assert (prints["sign"] == trades["side"]).all()


def test_quiet_clients_want_the_same_blocks_but_do_not_insist():
    loud, still = settings_for(TWAPDay(), **WORLD).draw(7), quiet(**WORLD).draw(7)
    assert (loud.seeds == still.seeds).all() and loud.common_seed == still.common_seed
    for one, other in zip(loud.blocks, still.blocks, strict=True):
        assert (one.side, one.quantity, one.deadline_s) == (other.side, other.quantity,
                                                            other.deadline_s)
        assert other.min_completion == 0


def test_the_tape_has_all_that_traded_and_no_names():
    core = WatchedDays(2, settings_for(TWAPDay(), **WORLD))
    _, blocks = played(core, TWAPDay())
    volume = core.volume_lots
    for e in range(2):
        for n in range(3):
            prints = core.prints(e, n)
            assert list(prints) == ["time_ns", "price", "size", "sign"]
            assert prints["size"].sum() == volume[e, n] >= core.filled_lots[e, n] > 0
            assert prints["time_ns"].is_monotonic_increasing


def test_features_of_a_block_end_with_its_deadline():
    core = WatchedDays(2, settings_for(TWAPDay(), **WORLD))
    core.open(range(2), SEEDS, core.fresh())
    with pytest.raises(ValueError, match="at work"):
        core.features(0, 0, 60.0)
    played(core, TWAPDay())
    seen = core.features(1, 2, 60.0, step_s=10.0, end_s=core.days[1].start_s + 120.0)
    first = core.features(1, 2, 60.0, step_s=10.0, end_s=core.days[1].start_s + 80.0)
    pd.testing.assert_frame_equal(seen.iloc[:3], first)


def test_a_detector_tells_blocks_at_once_from_nobody_on_unseen_days():
    seeds = episode_seeds(11, 0, 12)
    options = dict(window_s=60.0, step_s=60.0)
    _, null = watched_days(NobodyDay(), quiet(**WORLD), seeds, audit=False, **options)
    blocks, tapes = watched_days(AtOnceDay(), settings_for(AtOnceDay(), **WORLD), seeds, **options)
    assert len(tapes) == len(null) == len(blocks) == 36
    assert [one.side for one in tapes] == blocks["side"].tolist()
    assert not any(one.side or one.share for one in null) and blocks["violations"].sum() == 0
    detector, threshold = fitted(tapes[:18], null[:18])
    found = leakage_of(detector, tapes[18:], null[18:], blocks["seed"][18:])
    assert found["auc"] > 0.6 and 0.02 <= threshold <= 0.98
    assert found["auc_low"] <= found["auc"] <= found["auc_high"]


def test_a_predator_that_detects_nothing_is_not_there():
    core, (days, blocks) = hunted(0.0, TWAPDay())
    plain = played(PortfolioCore(2, settings_for(TWAPDay(), **WORLD)), TWAPDay())
    pd.testing.assert_frame_equal(days, plain[0])
    pd.testing.assert_frame_equal(blocks, plain[1])
    assert (core.predator_bps(0) == 0).all()


def test_a_predator_acts_on_what_was_seen_by_then_and_keeps_its_limit():
    core, _ = hunted(0.9, TWAPDay())
    start = [day.start_s for day in core.days]
    asked = np.array(core._detector.asked)
    since = np.min([np.where(asked >= one, asked - one, np.inf) for one in start], axis=0)
    assert len(asked) and (since >= 60.0).all() and (np.mod(since, 20.0) == 0).all()
    before = [core.predator_bps(e) for e in range(2)]
    for e in range(2):
        for n in range(3):
            i = e * 3 + n
            limit = core.days[e].profiles[n].part(Predator).predator_limit
            fills = np.concatenate(core._told[i]["fills"])
            own = fills[fills["taker_owner"] == PREDATOR]
            held = np.cumsum(own["taker_side"].astype(int) * own["size"])
            assert len(own) == 0 or (0 <= held.min() and held.max() <= limit)
            # profit is cash and what is left at the touch, from the prints alone
            cash = -(own["taker_side"].astype(float) * own["size"] * own["price_ticks"]).sum()
            left = held[-1] if len(own) else 0
            worth = cash + left * (core.market(e, n).best_bid * 100 if left else 0.0)
            block = core.days[e].blocks[n]
            arrival = core.client[i, 2] * 100  # money of a lot at arrival, in ticks
            assert before[e][n] == pytest.approx(1e4 * worth / (block.quantity * arrival))
    assert any(one.any() for one in before)


def test_a_predator_hunts_its_prey_alone():
    core, (_, blocks) = hunted(0.9, TWAPDay(), prey=("N1",))
    assert np.isfinite(core.predator_bps(0)).tolist() == [False, True, False]
    assert (core.leans[:, [0, 2]] == 0).all()
    rows = hunted_days(TWAPDay(), core.settings, SEEDS, Sure(0.9), 0.5, window_s=60.0, look_s=20.0,
                       prey=("N1",))
    assert rows["predator_bps"].notna().tolist() == (rows["name"] == "N1").tolist()
    assert rows["shortfall_bps"].tolist() == blocks["shortfall_bps"].tolist()


@pytest.mark.parametrize("changes, text", [
    (dict(parts=()), "has no predator"), (dict(prey=("X",)), "among the names"),
    (dict(threshold=1.5), "threshold is 1.5"), (dict(look_s=15.0), "whole number of decisions")])
def test_a_hunt_that_makes_no_sense_is_refused(changes, text):
    given = dict(parts=(sized_predator(),), threshold=0.5, look_s=20.0) | changes
    settings = settings_for(TWAPDay(), **WORLD, parts=given.pop("parts"))
    with pytest.raises(ValueError, match=text):
        HuntedDays(1, settings, Sure(0.0), given.pop("threshold"), window_s=60.0, **given)


def test_a_predator_is_sized_by_what_its_name_trades():
    found = DESK.with_parts(sized_predator(0.2)).profiles
    twice = DESK.with_parts(sized_predator(0.4)).profiles
    for one, other in zip(found, twice, strict=True):
        assert other.part(Predator).predator_limit == pytest.approx(
            2 * one.part(Predator).predator_limit, abs=1)


def test_crossing_all_that_is_due_is_the_vwap():
    settings = settings_for(VWAPDay(), **WORLD)
    one = played(PortfolioCore(2, settings), VWAPDay())
    other = played(PortfolioCore(2, settings), DiscreetDay(cross=1.0))
    pd.testing.assert_frame_equal(one[1], other[1])


def test_random_curves_are_of_the_day_whole_and_monotone():
    core, _ = opened()
    rule = DiscreetDay(pause=0.5, roughness=1.0)
    found = [rule.shares(core, e) for e in range(2)]
    for e, share in enumerate(found):
        assert (share == rule.shares(core, e)).all() and (np.diff(share) >= -1e-12).all()
        assert (share[:, 0] == 0).all() and (share[np.arange(3), core.ends[e]] == 1).all()
    assert not np.allclose(*found)
    assert not np.allclose(found[0], DiscreetDay(pause=0.5, roughness=1.0, seed=1).shares(core, 0))
    assert (DiscreetDay(tilt=2.0).shares(core, 0) >= DiscreetDay().shares(core, 0) - 1e-12).all()


def test_discreet_rules_keep_every_limit_and_complete():
    rules = discreet_rules() | {"odd": DiscreetDay(2.0, 0.3, 0.7, 0.4, 0.3, 0.5)}
    found = evaluate_days(rules, days=4, seed=3, num_envs=4, neutral="dollar", most_net=0.3,
                          **SHORT)
    assert (found.table()["violations"] == 0).all()
    assert (found.blocks["risk_bps"] > 0).all()
    assert set(found.blocks["ended"]) <= {"finished", "cap", "net"}


@pytest.mark.parametrize("numbers", [dict(tilt=0.0), dict(pause=1.0), dict(roughness=-1.0),
                                     dict(cross=1.1), dict(catch_up=-0.1), dict(choosy=2.0)])
def test_numbers_that_mean_nothing_are_refused(numbers):
    with pytest.raises(ValueError, match=next(iter(numbers))):
        DiscreetDay(**numbers)


def test_an_agent_is_watched_with_settings_of_its_own():
    class Even:
        environment = {"actions": "pace", "max_shift_s": 30.0}

        def __call__(self, seen):
            return np.zeros((len(seen), 3))

    settings = settings_for(Even(), **WORLD | {"max_shift_s": 60.0})
    assert (settings.actions, settings.max_shift_s) == ("pace", 30.0)
    blocks, tapes = watched_days(Even(), settings, SEEDS, window_s=60.0, step_s=60.0)
    plain = evaluate_days({"even": (Even(), Even.environment)}, days=2, seed=5,
                          **WORLD).blocks
    assert len(tapes) == len(blocks) == 6
    assert blocks["shortfall_bps"].tolist() == plain["shortfall_bps"].tolist()


@pytest.mark.parametrize("module", [portfolio_discreet, portfolio_leakage, portfolio_watched])
def test_docstring_examples_give_what_they_say(module):
    failed, tried = doctest.testmod(module)
    assert tried > 0 and failed == 0
