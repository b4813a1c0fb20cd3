"""Near a schedule: the limit ahead of it, prices to choose from, and the reward against it."""

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lobsim.envs  # noqa: F401 - registers
from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.envs.paced import PacedRule
from lobsim.envs.rewards import REWARDS
from lobsim.market.parts import Fees, Fundamental
from small_markets import FLOWS, START_S, profile_of

SMALL = profile_of(*FLOWS["poisson"])
FROZEN = profile_of(Fees(maker_fee=-0.002, taker_fee=0.003))
QUANTITY, STEPS = 60, 20


def make(**changes):
    given = dict(side="sell", quantity=QUANTITY, horizon_s=60.0, interval_s=3.0, start_s=START_S,
                 slice_s=6.0, schedule="twap", profile=SMALL) | changes
    return gymnasium.make("lobsim/Execution-v0", **given).unwrapped


@settings(max_examples=20)
@given(seed=st.integers(0, 2**63 - 1), ahead_s=st.sampled_from([0.0, 4.0, 12.0]),
       guard_s=st.sampled_from([0.0, 6.0]), kind=st.sampled_from(["discrete", "continuous"]))
def test_no_action_gets_farther_ahead_of_the_schedule_than_allowed(seed, ahead_s, guard_s, kind):
    env = make(ahead_s=ahead_s, guard_s=guard_s, actions=kind)
    env.reset(seed=seed)
    rng = np.random.default_rng(seed % 1000)
    over, step = False, 0
    while not over:
        action = rng.integers(10) if kind == "discrete" else rng.uniform(-1, 1, 2)
        _, _, over, _, info = env.step(action)
        most = QUANTITY * min(1.0, (3.0 * step + ahead_s) / 60.0)
        assert info["filled"] + info["resting"] <= most + 1e-9
        step += 1
    assert step == STEPS or info["left"] == 0


def test_without_a_limit_an_order_may_trade_at_once():
    env = make()
    env.reset(seed=3)
    while True:
        _, _, over, _, info = env.step(9)  # cross four slices
        if over:
            break
    assert info["left"] == 0 and info["time_s"] < 60.0


@settings(max_examples=20)
@given(seed=st.integers(0, 2**63 - 1), side=st.sampled_from(["buy", "sell"]))
def test_the_reward_against_the_schedule_is_the_shortfall_less_what_the_schedule_held(seed, side):
    env = make(side=side, reward="against_schedule")
    sign = 1 if side == "buy" else -1
    _, info = env.reset(seed=seed)
    rng = np.random.default_rng(seed % 1000)
    total, held, mid, scale = 0.0, 0.0, info["mid"], 1e4 / info["arrival_price"]
    over, step = False, 0
    while not over:
        _, reward, over, _, info = env.step(rng.integers(10))
        total -= reward
        held += sign * (1.0 - step / STEPS) * (info["mid"] - mid) * scale
        mid, step = info["mid"], step + 1
    assert total == pytest.approx(info["shortfall_bps"] - held, abs=1e-8)
    assert set(REWARDS["against_schedule"]) == {"execution", "fees", "leftover", "off_schedule"}


@settings(max_examples=15)
@given(seed=st.integers(0, 2**63 - 1), a=st.sampled_from([-1.0, 0.0, 1.0]))
def test_a_pace_keeps_the_order_within_a_slice_of_the_schedule_moved_in_time(seed, a):
    env = make(actions="pace", max_shift_s=12.0)
    env.reset(seed=seed)
    over, step = False, 0
    while not over:
        _, _, over, _, info = env.step(np.array([a], np.float32))
        due_s = 3.0 * step + 12.0 * a
        if 60.0 - 3.0 * step > 6.0:
            most = np.floor(QUANTITY * np.clip(due_s + 6.0, 0, 60) / 60 + 1e-9)
            least = np.floor(QUANTITY * np.clip(due_s - 6.0, 0, 60) / 60 + 1e-9)
            assert least <= info["filled"] <= max(most, least)
        step += 1
    assert info["left"] == 0


def test_numbered_shifts_are_the_same_as_those_by_number():
    numbered = make(actions="pace", max_shift_s=12.0, shift_levels=5)
    assert numbered.action_space.n == 5
    by_number = make(actions="pace", max_shift_s=12.0)
    rng = np.random.default_rng(3)
    for env in (numbered, by_number):
        env.reset(seed=8)
    over = False
    while not over:
        k = int(rng.integers(5))
        seen, reward, over, _, info = numbered.step(k)
        other, same, *_, told = by_number.step(np.array([k / 2 - 1], np.float32))
        assert np.array_equal(seen, other) and reward == same and info == told
    for wrong in (-1, 5):
        numbered.reset(seed=8)
        with pytest.raises(ValueError, match="not in the action space"):
            numbered.step(wrong)


def test_offsets_are_the_prices_to_rest_at_in_their_order():
    env = make(offsets=(2, -3), sizes=(1.0,), profile=FROZEN)
    assert env.action_space.n == 5
    assert env._core._choices.tolist() == [[0, 0, -1], [0, 0, 0], [0, 2, 1], [0, -3, 1], [1, 0, -1]]
    env.reset(seed=1)
    env.step(3)
    (order,) = env.market.open_orders
    assert order.price == pytest.approx(env.market.best_ask + 0.03)


@pytest.mark.parametrize(("changes", "told"), [
    ({"ahead_s": -1.0}, "ahead_s is -1.0; it must be None or at least 0 s"),
    ({"offsets": ()}, "offsets is (); it must hold whole numbers of ticks"),
    ({"offsets": (0.5,)}, "offsets is (0.5,); it must hold whole numbers of ticks"),
    ({"shift_levels": 1}, "shift_levels is 1; it must be None or a whole number from 2"),
])  # fmt: skip
def test_a_wrong_band_is_told_in_one_sentence(changes, told):
    with pytest.raises(ValueError) as caught:
        make(**changes)
    assert str(caught.value) == told


def test_a_pace_by_signals_trades_sooner_when_they_say_that_the_price_moves_away():
    """Falling prices make a seller trade sooner than rising ones, and only with a weight."""
    def done_after_30_s(weight, trend):
        profile = SMALL.with_parts(Fundamental(volatility_bps=1e-9, trend_bps_per_min=trend))
        found = ExecutionCore(16, ExecutionSettings(
            profile, side="sell", quantity=QUANTITY, horizon_s=120.0, interval_s=3.0,
            start_s=START_S, slice_s=6.0, schedule="twap", actions="orders"))
        outcome = found.fresh()
        found.open(range(16), range(16), outcome)
        rule = PacedRule({"trend": weight}, band_s=60.0, late_s=3.0, rest_s=3.0)
        for _ in range(10):
            outcome = found.step(rule.act(found, outcome))
        return found.filled_lots.mean()

    assert done_after_30_s(60.0, -400.0) > done_after_30_s(60.0, 400.0) + 5
    assert done_after_30_s(0.0, -400.0) == pytest.approx(QUANTITY / 4, abs=4)


@pytest.mark.parametrize("schedule", ["twap", "vwap"])
def test_lots_due_are_those_of_the_schedule_at_every_decision(schedule):
    asked = ExecutionSettings("SPY", quantity=10_000, horizon_s=7_200.0, interval_s=1_000.0,
                              schedule=schedule)
    core = ExecutionCore(2, asked)
    core.open(range(2), range(2), core.fresh())
    shares = asked.shares_due(asked.base, 36_000.0)
    for k, share in enumerate(shares):
        due = core.due_lots(np.full(2, min(1_000.0 * k, 7_200.0)))
        assert due.tolist() == [np.floor(10_000 * share + 1e-9)] * 2
    halfway = core.due_lots(np.full(2, 1_500.0))
    assert halfway.tolist() == [np.floor(5_000 * (shares[1] + shares[2]) + 1e-9)] * 2
    assert core.due_lots(np.array([-5.0, 9_999.0])).tolist() == [0, 10_000]


def test_a_pace_of_an_unknown_signal_is_told_in_one_sentence():
    with pytest.raises(ValueError, match="weights has 'left'; signals are spread, imbalance"):
        PacedRule({"left": 1.0})
