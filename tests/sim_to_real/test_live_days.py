"""Laws of live days: both forms of a desk, the schedule's own cost, what logs tell of a venue."""

import doctest

import numpy as np
import pandas as pd
import pytest

from lobsim.envs.evaluate import evaluate
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.envs.paced import PacedRule
from lobsim.market import profiles
from lobsim.sim_to_real import (
    LiveDesk,
    QuickDesk,
    RandomGaps,
    fixes,
    fixes_table,
    live_days,
    quick_days,
    random_gaps,
    recalibrate,
    recalibrated,
    schedule_policy,
    venue_figures,
    with_gaps,
    won_back,
)

TASK = {"profile": "SPY", "side": "sell", "quantity": 1000, "horizon_s": 180.0, "interval_s": 15.0,
        "slice_s": 45.0, "schedule": "twap"}
SETTINGS = ExecutionSettings(**TASK, actions="pace", max_shift_s=60.0)
SEED = 2**44


def wavering(seen):
    """A policy that looks at the market, hurries and waits in turn."""
    return np.clip(np.sin(40 * seen[:, :1]) + 0.3 * seen[:, 12:13], -1, 1).astype(np.float32)


@pytest.fixture(scope="module")
def logs():
    """Logs of three days at a venue without and with gaps."""
    return {name: LiveDesk(SETTINGS, gaps, seed=SEED).work(wavering, 3) for name, gaps in {
        "none": (), "paid": ("fees=1",), "late": ("order_latency=1",),
        "seen late": ("feed_latency=2",)}.items()}


def test_examples_in_the_docstrings_hold():
    for module in (live_days, quick_days, random_gaps, recalibrate, fixes):
        assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("gaps", [(), ("fees=1", "trend=-2", "volatility=1"),
                                  ("regime=1", "spread=2", "flow=1"),
                                  ("predator", "adverse_selection", "hidden_liquidity",
                                   "reaction", "cancel_fee")])
def test_the_quick_form_of_a_live_day_is_the_venue_s_bit_for_bit(gaps):
    live, quick = (desk(SETTINGS, gaps, seed=SEED) for desk in (LiveDesk, QuickDesk))
    slow, _ = live.work(wavering, 1)
    fast, _ = quick.work(wavering, 1)
    pd.testing.assert_frame_equal(slow, fast, atol=1e-9, rtol=0, check_dtype=False)
    slow, fast = live.decisions(wavering, 1), quick.decisions(wavering, 1)
    for name, values in slow.items():
        np.testing.assert_allclose(values, fast[name], atol=1e-9, err_msg=name)
    assert slow["episode"].min() == 1 and live.lived == quick.lived == 2


def test_a_desk_lives_every_day_once_and_the_laboratory_can_repeat_it():
    desk = QuickDesk(SETTINGS, ("fees",), seed=SEED)
    first, second = desk.work(wavering, 3)[0], desk.work(wavering, 2)[0]
    days = pd.concat([first, second], ignore_index=True)
    assert days["day"].tolist() == [0, 1, 2, 3, 4] and days["seed"].nunique() == 5
    pd.testing.assert_frame_equal(desk.again(wavering, range(5))[0], days)
    assert desk.lived == 5


def test_the_quick_form_refuses_what_it_does_not_have():
    for gap in ("order_latency", "feed_latency", "queue", "rejects", "ack_delay"):
        with pytest.raises(ValueError, match="take a LiveDesk"):
            QuickDesk(SETTINGS, (gap,))


def test_the_fallback_costs_what_the_schedule_does():
    found = evaluate({"schedule": PacedRule(rest_s=45.0, late_s=45.0)}, episodes=4, seed=SEED,
                     **TASK).episodes
    days, _ = QuickDesk(SETTINGS, (), seed=SEED).work(schedule_policy, 4)
    np.testing.assert_allclose(days["shortfall_bps"], found["shortfall_bps"], atol=1e-9)


def test_cost_against_the_schedule_is_the_reward_of_that_name(logs):
    days, _ = logs["none"]
    found = evaluate({"policy": (wavering, {"actions": "pace", "max_shift_s": 60.0})}, episodes=3,
                     seed=SEED, **TASK, reward="against_schedule").episodes
    np.testing.assert_allclose(days["schedule_bps"], -found["reward"], atol=1e-9)
    assert (days["schedule_bps"] - days["shortfall_bps"]).abs().max() > 0.1


def test_figures_name_the_gap_and_nothing_else(logs):
    told = {name: venue_figures(log, SETTINGS) for name, (_, log) in logs.items()}
    market, table = recalibrated(SETTINGS.base, told["none"], told["none"])
    assert market == SETTINGS.base and not table["moved"].any()
    paid, table = recalibrated(SETTINGS.base, told["paid"], told["none"])
    assert table.index[table["moved"]].tolist() == ["maker_fee", "taker_fee"]
    truth = with_gaps(SETTINGS.base, ["fees=1"])[0]
    assert paid.maker_fee == pytest.approx(truth.maker_fee, rel=1e-9)
    assert paid.taker_fee == pytest.approx(truth.taker_fee, rel=1e-9)
    late, table = recalibrated(SETTINGS.base, told["late"], told["none"])
    assert table["moved"][["order_s", "cancel_s"]].all()
    assert not table["moved"][["maker_fee", "taker_fee", "trend"]].any()
    assert 1.0 <= late.order_s <= 1.4 and 1.0 <= late.cancel_s <= 1.4  # the delay, and jitter
    seen, table = recalibrated(SETTINGS.base, told["seen late"], told["none"])
    assert table["moved"]["feed_s"] and 1.4 <= seen.feed_s <= 2.8
    assert not table["moved"][["order_s", "maker_fee", "taker_fee"]].any()


def test_a_trend_is_measured_where_days_are_enough():
    told = []
    for trend in (0.0, -6.0):
        _, log = LiveDesk(SETTINGS, (("trend", trend),), seed=SEED).work(schedule_policy, 4)
        told.append(venue_figures(log, SETTINGS))
    market, table = recalibrated(SETTINGS.base, told[1], told[0])
    assert table["moved"]["trend"]
    assert market.trend_bps_per_min == pytest.approx(-6.0, abs=4 * table["error"]["trend"])


def test_random_gaps_stay_in_their_ranges_and_none_is_the_market_itself():
    base = profiles["SPY"]
    random = RandomGaps({"trend": (-2.0, 2.0), "order_latency": (0.0, 1.0)}, markets=20, seed=1)
    drawn = [random(np.random.default_rng(k), base) for k in range(60)]
    trends = {market.trend_bps_per_min for market in drawn}
    assert 10 < len(trends) <= 20 and -2 <= min(trends) < 0 < max(trends) <= 2
    assert RandomGaps({"trend": (0.0, 0.0)})(np.random.default_rng(0), base) == base
    settings = ExecutionSettings(**TASK, randomise=random)
    assert settings.draw(3).profile in random.markets(settings.base)
    with pytest.raises(ValueError, match="of the venue around the market"):
        RandomGaps({"rejects": (0.0, 1.0)})(np.random.default_rng(0), base)
    with pytest.raises(ValueError, match="it must rise"):
        RandomGaps({"fees": (2.0, 1.0)})


def test_shares_of_a_loss_add_up_and_the_fallback_is_no_better_than_itself():
    rng = np.random.default_rng(0)
    sim, noise = rng.normal(size=(2, 3, 50))
    live = sim + 2.0 + 0.3 * noise
    for share in (0.0, 0.4, 1.0):
        told, low, high = won_back(sim, live, live - share * (live - sim))
        assert told == pytest.approx(share) and low <= told <= high
    one, two = (won_back(sim, live, live - gain)[0] for gain in (0.5, 0.7))
    assert won_back(sim, live, live - 1.2)[0] == pytest.approx(one + two)
    assert np.isnan(won_back(live, sim, sim)[0])  # nothing was lost
    fallback = rng.normal(1.0, 1.0, 50)
    table = fixes_table(sim, live, {"all": sim, "fallback": [fallback]}, fallback, fallback - 0.5)
    assert table.loc["all", "share"] == 1.0 and table.loc["fallback", "excess_bps"] == 0.0
    assert table.loc["in the simulator", "excess_bps"] == pytest.approx(
        float((sim - fallback + 0.5).mean()))
    # The edge that was lost is the loss less what the venue does to everybody.
    lost = (live - sim).mean() - 0.5
    assert table.loc["all", "edge_share"] == pytest.approx((live - sim).mean() / lost)
    with pytest.raises(ValueError, match="same agents"):
        won_back(sim, live[:2], live)
