"""Rules on portfolio days: they do what they say, within all limits, and are judged in pairs."""

import numpy as np
import pytest

from desk import BLOCKS, DESK, SHORT, opened
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.clients import Block
from lobsim.envs.portfolio_evaluate import evaluate_days
from lobsim.envs.portfolio_rules import (
    ChrissDay,
    PassiveDay,
    PortfolioChrissDay,
    POVDay,
    TWAPDay,
    VWAPDay,
    day_rules,
    trading_costs,
)
from small_markets import IMPACT

FREE = tuple(Block(one.name, one.side, one.quantity, one.deadline_s, one.risk_aversion)
             for one in BLOCKS)


@pytest.fixture(scope="module")
def found():
    """Every rule on the same four days, within caps and a dollar limit."""
    return evaluate_days(day_rules(), days=4, seed=3, num_envs=4, neutral="dollar", most_net=0.3,
                         **SHORT)


def test_every_rule_keeps_every_limit_and_completes(found):
    table = found.table()
    assert list(table.index) == list(day_rules()) and len(found.days) == 28
    assert (table["violations"] == 0).all()
    short = found.blocks[found.blocks["ended"] != "finished"]
    assert set(short["ended"]) <= {"cap", "net"}
    done = found.blocks["filled"] / found.blocks["quantity"]
    finished = found.blocks["ended"] == "finished"
    assert (done[finished] >= found.blocks["min_completion"][finished] - 1e-9).all()


def test_an_evaluation_adds_up(found):
    days, blocks = found.days, found.blocks
    own = (blocks["weight"] * blocks["shortfall_bps"]).groupby(
        [blocks["policy"], blocks["seed"]]).sum()
    told = days.set_index(["policy", "seed"])["shortfall_bps"]
    assert np.allclose(own.reindex(told.index), told)
    assert np.allclose(days["objective_bps"], days["controlled_bps"] + days["aversion_bps"])
    whole = [blocks["policy"], blocks["seed"]]
    averse = (blocks["weight"] * blocks["aversion_bps"]).groupby(whole).sum()
    days = days.set_index(["policy", "seed"])
    assert np.allclose(averse.reindex(days.index), days["aversion_bps"])
    cost = blocks["shortfall_bps"] - blocks["news_bps"]
    client = (cost + blocks["own_risk_bps"]).groupby(whole).mean()
    assert np.allclose(client.reindex(days.index), days["client_bps"])
    whole_day = (blocks["weight"] * (cost + blocks["aversion_bps"])).groupby(whole).sum()
    assert np.allclose(whole_day.reindex(days.index), days["objective_bps"])
    table = found.table()
    assert table.loc["passive", "difference_bps"] == 0
    assert (table["low_bps"] <= table["difference_bps"]).all()
    classes = found.by_urgency()
    assert classes["blocks"].sum() == len(blocks)
    assert {urgency for _, urgency in classes.index} == set(blocks["urgency"])


def test_days_are_the_same_however_many_are_played_side_by_side(found):
    again = evaluate_days({"TWAP": TWAPDay()}, days=4, seed=3, num_envs=3, neutral="dollar",
                          most_net=0.3, audit=False, **SHORT)
    mine = found.days[found.days["policy"] == "TWAP"].reset_index(drop=True)
    assert np.array_equal(mine["shortfall_bps"], again.days["shortfall_bps"])
    assert again.days["violations"].isna().all()


def curve_of(rule, **settings):
    core, _ = opened(1, 2, blocks=FREE, **settings)
    return rule.shares(core, 0), core


def test_curves_run_from_nothing_to_all_by_each_deadline():
    for rule in (TWAPDay(), VWAPDay(), ChrissDay(), PortfolioChrissDay()):
        shares, core = curve_of(rule)
        assert np.allclose(shares[:, 0], 0) and np.allclose(shares[:, -1], 1)
        assert (np.diff(shares, axis=1) >= -1e-9).all()
        ends = core.ends[0]
        assert np.allclose([shares[n, ends[n]] for n in range(3)], 1)


def test_the_urgent_trade_sooner_and_the_patient_evenly():
    shares, core = curve_of(ChrissDay())
    even, _ = curve_of(TWAPDay())
    assert (shares >= even - 1e-9).all()
    patient = tuple(Block(one.name, one.side, one.quantity, 60.0, 1e-9) for one in BLOCKS)
    hasty = tuple(Block(one.name, one.side, one.quantity, 60.0, 1.0) for one in BLOCKS)
    slow, quick = (ChrissDay().shares(opened(1, 2, blocks=blocks)[0], 0)
                   for blocks in (patient, hasty))
    assert np.allclose(slow, np.arange(7) / 6, atol=1e-3)
    assert (quick[:, 1:-1] > slow[:, 1:-1] + 0.01).all()


def test_one_name_alone_is_planned_as_almgren_and_chriss_do():
    block = (Block("N1", -1, 90, 60.0, 0.05),)
    core, _ = opened(1, 2, blocks=block)
    alone, jointly = (rule.shares(core, 0)[1] for rule in (ChrissDay(), PortfolioChrissDay()))
    assert np.allclose(alone, jointly, atol=1e-4) and alone[1] > 1 / 6 + 0.01


def test_names_that_hedge_each_other_may_wait():
    def first_part(sides):
        pair = tuple(Block(f"N{k}", side, lots, 60.0, 0.02)
                     for k, side, lots in zip((0, 1), sides, (90, 60), strict=True))
        core, _ = opened(1, 2, blocks=pair)
        return PortfolioChrissDay().shares(core, 0)[:2, 1].mean()

    assert first_part((1, -1)) < first_part((1, 1)) - 0.005


def test_costs_of_trading_are_those_of_the_linear_model():
    core, _ = opened(1, 2, blocks=FREE)
    costs = trading_costs(core, 0)
    tick = 0.01
    permanent = tick * IMPACT.permanent_share / IMPACT.depth_per_tick
    assert np.allclose(costs.permanent, permanent)
    assert np.allclose(costs.shares, [60, 90, 40])
    assert (costs.half_spread >= 0.5 * tick - 1e-9).all()
    times, ends = np.array(IMPACT.impact_times_s) / 10, core.ends[0]
    for k in range(3):  # g = 0: a line already, whatever the speed
        moved = np.dot(IMPACT.impact_weights, times * (1 - np.exp(-ends[k] / times)))
        slope = tick * (1 - IMPACT.permanent_share) / IMPACT.depth_per_tick * moved
        assert costs.temporary[k] == pytest.approx(slope + permanent / 2)


def test_pov_takes_its_share_and_the_passive_rule_rests():
    core, outcome = opened(2, 4, blocks=FREE, actions="orders")
    rule = POVDay(0.05)
    for _ in range(2):  # before anything is forced
        outcome = core.step(rule.act(core, outcome))
    share = core.filled_lots / np.maximum(core.volume_lots, 1)
    busy = core.working & (core.filled_lots > 0)
    assert busy.any() and (share[busy] <= 0.05).all()
    core, outcome = opened(2, 4, blocks=FREE, actions="orders")
    rule = PassiveDay()
    rule.reset(core)
    orders = rule.act(core, outcome).reshape(2, 3, 3)
    assert (orders[..., 0] == 0).all() and (orders[..., 2] > 0).all()
    with pytest.raises(ValueError, match="rate is 1.5"):
        POVDay(1.5)


def test_a_policy_of_observations_is_judged_beside_rules():
    def still(seen):
        return np.zeros((len(seen), 3))

    both = evaluate_days({"TWAP": TWAPDay(), "pace": (still, {"actions": "pace"})}, days=2,
                         **SHORT)
    assert (both.table()["violations"] == 0).all() and len(both.days) == 4


@pytest.mark.parametrize("wrong, what", [
    (dict(policies={}), "policies is empty"), (dict(days=1), "days is 1"),
    (dict(reference="best"), "reference is 'best'")])
def test_a_wrong_evaluation_is_refused(wrong, what):
    with pytest.raises(ValueError, match=what):
        evaluate_days(**dict(policies={"TWAP": TWAPDay()}, days=2) | SHORT | wrong)


def test_the_covariance_of_a_day_is_that_of_its_universe():
    core, _ = opened(1, 2, blocks=FREE)
    whole = DESK.covariance(core.days[0].start_s, 60.0)
    assert np.allclose(core.covariance[0] * core.settings.steps, whole)
    assert core.told[0, pl.J_GROSS] == pytest.approx(
        (core.client[:, pl.C_PRICE] * core.bound[:, pl.B_LOTS]).sum())
