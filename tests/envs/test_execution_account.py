"""Money is accounted for at every step: identities, a frozen book by hand, leftovers, fees."""

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lobsim.envs  # noqa: F401 - registers
from lobsim.envs.rewards import MARKED, REALISED, REWARDS, TERMS, weights_of
from lobsim.market import Market
from lobsim.market.parts import Fees, Fundamental, Latency
from small_markets import FLOWS, START_S, TICK, profile_of

SMALL = profile_of(*FLOWS["poisson"])
FROZEN = profile_of(Fees(maker_fee=-0.002, taker_fee=0.003))
"""No flow at all: five levels of one share on each side, around 200.00 / 200.01."""


def make(profile=SMALL, **settings):
    given = dict(side="sell", quantity=60, horizon_s=60.0, interval_s=3.0, start_s=START_S,
                 slice_s=6.0) | settings
    return gymnasium.make("lobsim/Execution-v0", profile=profile, **given).unwrapped


def step_terms(info):
    return {name: info[name if name == "risk" else f"{name}_step_bps"] for name in TERMS}


WEIGHTS = {name: 0.1 + 0.2 * k for k, name in enumerate(TERMS)}


@settings(max_examples=25)
@given(seed=st.integers(0, 2**63 - 1), side=st.sampled_from(["buy", "sell"]),
       kind=st.sampled_from(["discrete", "continuous"]), guard_s=st.sampled_from([None, 0.0, 9.0]),
       late=st.booleans(), per_share=st.booleans(), data=st.data())
def test_the_account_closes_at_every_step(seed, side, kind, guard_s, late, per_share, data):
    profile = SMALL.with_parts(*[Latency(0.1, 0.2, 0.2, 0.05, 0.05, 0.05)] * late)
    if not per_share:
        profile = profile.with_parts(Fees(1.0, 3.0, fee_unit="bps", share_fee=0.001))
    env = make(profile, side=side, actions=kind, guard_s=guard_s, reward=WEIGHTS, discount=0.9)
    env.reset(seed=seed)
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    sign = 1 if side == "buy" else -1
    marked = realised = news = 0.0
    over = False
    while not over:
        action = rng.integers(10) if kind == "discrete" else rng.uniform(-1, 1, 2)
        seen, reward, over, truncated, info = env.step(action)
        assert not truncated and env.observation_space.contains(seen)
        terms = step_terms(info)
        assert reward == pytest.approx(-sum(WEIGHTS[name] * terms[name] for name in TERMS))
        marked += sum(terms[name] for name in MARKED)
        realised += sum(terms[name] for name in REALISED)
        news += terms["news"]
        assert info["shortfall_bps"] == pytest.approx(marked, abs=1e-8)
        assert info["news_bps"] == pytest.approx(news, abs=1e-8)
        assert info["filled"] + info["left"] == 60 and info["position"] == sign * info["filled"]
        if not over:
            value = -info["cash"] + sign * (info["left"] * info["mid"] - 60 * info["arrival_price"])
            bps = 1e4 * value / (60 * info["arrival_price"])
            assert marked == pytest.approx(bps, abs=1e-8)
    assert realised == pytest.approx(marked, abs=1e-8)


def test_a_twap_in_a_frozen_book_costs_what_the_hand_computes():
    env = make(FROZEN, quantity=4, horizon_s=40.0, interval_s=10.0, slice_s=10.0, sizes=(1.0,))
    env.reset(seed=1)
    cross = 5
    for k in range(4):
        _, _, over, _, info = env.step(cross)
        assert over == (k == 3)
    # Sold at 200.00, 199.99, 199.98, 199.97 against a mid of 200.005; 0.003 a share.
    money = 0.005 + 0.015 + 0.025 + 0.035 + 4 * 0.003
    assert info["arrival_price"] == pytest.approx(200.005)
    assert info["cash"] == pytest.approx(4 * 200.005 - money)
    assert info["shortfall_bps"] == pytest.approx(1e4 * money / (4 * 200.005))


def test_a_leftover_is_priced_by_walking_the_book():
    env = make(FROZEN, quantity=4, horizon_s=20.0, interval_s=10.0, slice_s=5.0, sizes=(1.0,))
    env.reset(seed=1)
    env.step(0)
    _, _, over, _, info = env.step(0)
    money = 0.005 + 0.015 + 0.025 + 0.035 + 4 * 0.003
    assert over and info["left"] == 4 and info["cash"] == 0.0
    assert info["shortfall_bps"] == pytest.approx(1e4 * money / (4 * 200.005))
    assert info["leftover_step_bps"] == pytest.approx(info["shortfall_bps"])


def test_what_the_book_does_not_hold_is_priced_at_its_last_level():
    env = make(FROZEN, quantity=7, horizon_s=10.0, interval_s=10.0)
    env.reset(seed=1)
    info = env.step(0)[-1]
    ticks = sum(k + 0.5 for k in range(5)) + 2 * 4.5
    money = ticks * TICK + 7 * 0.003
    assert info["shortfall_bps"] == pytest.approx(1e4 * money / (7 * 200.005))


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_leftover_costs_what_a_market_order_would_pay_at_the_end(side):
    env = make(side=side, quantity=25)
    env.reset(options={"market_seed": 5})
    over = False
    while not over:
        _, _, over, _, info = env.step(0)
    alone = Market(SMALL, 5, START_S)
    arrival = alone.mid
    alone.advance(START_S + 60)
    alone.submit(side, 25, kind="market")
    sign = 1 if side == "buy" else -1
    paid = -alone.cash - sign * 25 * arrival
    assert abs(alone.position) == 25
    assert info["shortfall_bps"] == pytest.approx(paid * 1e4 / (25 * arrival), abs=1e-8)


def test_rebates_are_earned_where_orders_rest():
    env = make(quantity=30, sizes=(1.0, 3.0))
    env.reset(seed=2)
    over = False
    while not over:
        _, _, over, _, info = env.step(2)  # join, and stay
    assert info["maker_filled"] == info["filled"] > 0
    fees = SMALL.part(Fees)
    beside = info["fees"] - (fees.maker_fee + fees.share_fee) * info["filled"]
    assert beside / fees.cancel_fee == pytest.approx(round(beside / fees.cancel_fee), abs=1e-9)
    assert beside >= -1e-12  # nothing but cancellations


def test_the_guard_crosses_what_is_behind_and_nothing_more():
    env = make(FROZEN, quantity=5, horizon_s=50.0, interval_s=10.0, guard_s=10.0, schedule="twap")
    env.reset(seed=1)
    filled = [env.step(0)[-1]["filled"] for _ in range(5)]
    assert filled == [0, 0, 1, 2, 3]  # due 10 s before each decision


def test_the_potential_moves_no_sum_but_by_its_start():
    env = make(FROZEN, quantity=4, horizon_s=40.0, interval_s=10.0, discount=1.0)
    env.reset(seed=1)
    total = sum(env.step(action)[-1]["tracking_shift_step_bps"] for action in (5, 0, 5, 0))
    assert total == pytest.approx(0.0, abs=1e-12)


def test_risk_is_the_variance_that_almgren_and_chriss_charge_for():
    env = make(quantity=40, horizon_s=60.0, interval_s=3.0)
    env.reset(seed=3)
    total, over = 0.0, False
    while not over:
        _, _, over, _, info = env.step(0)
        total += info["risk"]
    assert info["filled"] == 0
    assert total == pytest.approx(SMALL.volatility_bps**2 / 60 * 60)  # all of it, all the time


def test_named_rewards_are_the_shortfall_or_it_less_a_control():
    assert set(REWARDS["marked"]) == set(MARKED) and set(REWARDS["realised"]) == set(REALISED)
    lacking = weights_of("marked") - weights_of("controlled")
    assert dict(zip(TERMS, lacking, strict=True))["exogenous"] == 1.0 and lacking.sum() == 1.0


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_trend_that_is_built_into_the_market_is_no_news(side):
    profile = SMALL.with_parts(Fundamental(volatility_bps=1e-9, trend_bps_per_min=20.0))
    env = make(profile, side=side)
    env.reset(seed=4)
    over, exogenous, news = False, 0.0, 0.0
    while not over:
        _, _, over, _, info = env.step(0)
        exogenous += info["exogenous_step_bps"]
        news += info["news_step_bps"]
    assert exogenous == pytest.approx(20.0 if side == "buy" else -20.0, rel=0.05)
    assert news == pytest.approx(0.0, abs=1e-3)
