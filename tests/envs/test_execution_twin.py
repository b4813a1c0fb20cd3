"""The kernel does what plain Python over `Market` does, and what `lobsim.strategies` does."""

import gymnasium
import numpy as np
import pytest

import lobsim.envs  # noqa: F401 - registers
from execution_twin import Twin
from lobsim.envs.baselines import AtOnceRule, PassiveTWAPRule, TWAPRule, VWAPRule
from lobsim.envs.evaluate import evaluate
from lobsim.market import Market
from lobsim.market.parts import Latency
from lobsim.strategies import TWAP, VWAP, Immediate, ParentOrder, PassiveTWAP, execute
from small_markets import FLOWS, START_S, profile_of

SMALL = profile_of(*FLOWS["poisson"])
LATE = SMALL.with_parts(Latency(feed_s=0.05, order_s=0.2, cancel_s=0.3))


def random_orders(rng, quantity):
    """Lots to cross, offset, lots to rest: mostly small, sometimes more than there is."""
    cross = int(rng.choice([0, 0, 0, 2, 9, quantity]))
    rest = int(rng.choice([-1, -1, 0, 3, 8, 20, quantity]))
    return cross, int(rng.integers(-3, 4)), rest


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("profile, interval_s", [(SMALL, 2.0), (LATE, 2.0), (LATE, 0.4)],
                         ids=["no latency", "latency", "latency beyond a step"])
def test_every_decision_ends_where_the_slow_twin_ends(profile, interval_s, side):
    rng = np.random.default_rng(7)
    for seed in range(4):
        quantity, horizon_s = 150, 60 * interval_s
        env = gymnasium.make("lobsim/Execution-v0", profile=profile, side=side, quantity=quantity,
                             horizon_s=horizon_s, interval_s=interval_s, start_s=START_S,
                             slice_s=interval_s, actions="orders").unwrapped
        env.reset(options={"market_seed": seed})
        twin = Twin(profile, seed, 1 if side == "buy" else -1, quantity, START_S, horizon_s,
                    interval_s)
        over = False
        while not over:
            orders = random_orders(rng, 12)
            _, _, over, _, info = env.step(np.array(orders))
            assert twin.step(*orders) == over
            assert info["filled"] == twin.filled <= quantity
            assert info["resting"] == sum(o.size for o in twin.market.open_orders)
            assert info["cash"] == pytest.approx(twin.market.cash, abs=1e-6)
            assert info["fees"] == pytest.approx(twin.market.fees, abs=1e-9)
            assert info["volume"] == twin.market.volume
            assert env.market.mid == twin.market.mid or np.isnan(twin.market.mid)
        assert info["filled"] > 0


def test_rules_cost_what_the_strategies_cost_on_the_same_seeds():
    order = ParentOrder("sell", 3000, START_S, START_S + 600)
    pairs = {
        "TWAP": (TWAPRule(60), TWAP(60)), "VWAP": (VWAPRule(60), VWAP(interval_s=60)),
        "passive": (PassiveTWAPRule(60), PassiveTWAP(60, 10)),
        "at once": (AtOnceRule(), Immediate()),
    }  # fmt: skip
    found = evaluate({name: rule for name, (rule, _) in pairs.items()}, episodes=2, seed=4,
                     quantity=3000, horizon_s=600, start_s=START_S)
    for row in found.episodes.itertuples():
        market = Market("SPY", row.seed, START_S, START_S + 600)
        done = execute(market, pairs[row.policy][1], order)
        assert row.shortfall_bps == pytest.approx(done.shortfall.total_bps, abs=1e-8), row.policy
        assert row.completion == 1.0 and row.maker_share == pytest.approx(done.maker_share)


def test_the_market_of_an_episode_is_the_market_of_its_seed():
    env = gymnasium.make("lobsim/Execution-v0", profile=SMALL, quantity=10, horizon_s=60,
                         start_s=START_S + 7).unwrapped
    env.reset(options={"market_seed": 3})
    alone = Market(SMALL, 3, START_S + 7)
    for ours, theirs in zip(env.market.depth(100), alone.depth(100), strict=True):
        assert (ours == theirs).all()
    env.step(0)
    alone.advance(START_S + 17)
    for ours, theirs in zip(env.market.depth(100), alone.depth(100), strict=True):
        assert (ours == theirs).all()
