"""A policy of Execution-v0 trades live what it trades in training, as long as there is no gap."""

import numpy as np
import pytest

from lobsim.agents import Agent
from lobsim.envs import execution_layout as at
from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.sim_to_real.account import reconcile
from lobsim.sim_to_real.links import embedded
from lobsim.sim_to_real.live_run import names_of, run_live, settings_of
from lobsim.sim_to_real.venue import VenueDay

START_S, SEED = 36_000.0, 11
SETTINGS = {
    "discrete": {"side": "buy", "depth_levels": 3, "guard_s": 120.0},
    "continuous": {"side": "sell", "ahead_s": 200.0},
    "pace": {"side": "buy", "profile": "MIDCAP"},
    "orders": {"side": "sell", "schedule": "twap"},
}
ACTIONS = {
    "discrete": lambda dice: int(dice.integers(10)),
    "continuous": lambda dice: dice.uniform(-1, 1, 2),
    "pace": lambda dice: dice.uniform(-1, 1, 1),
    "orders": lambda dice: np.array([dice.integers(0, 2) * 40, dice.integers(-2, 3),
                                     dice.integers(-1, 5) * 100]),
}


def chosen(actions):
    return ExecutionSettings(actions=actions, quantity=6000, horizon_s=600, interval_s=10,
                             start_s=START_S, **SETTINGS[actions])


def day_of(settings, **more):
    return VenueDay(settings.profile, SEED, START_S, START_S + 600,
                    levels=5 + 3 * settings.depth_levels, **more)


def in_training(settings, policy):
    core = ExecutionCore(1, settings)
    outcome = core.fresh()
    core.open([0], [SEED], outcome)
    seen, costs = [outcome.seen[0].copy()], []
    while core.alive[0]:
        action = policy(outcome.seen)
        outcome = core.step(action if core.takes_numbers else np.atleast_2d(action))
        seen.append(outcome.seen[0].copy())
        costs.append(dict(zip(core.names, outcome.info[0].tolist(), strict=True)))
    return np.array(seen[:-1]), costs, core.market(0)


def at_random(actions):
    dice = np.random.default_rng(3)
    return lambda seen: [ACTIONS[actions](dice)]


@pytest.mark.parametrize("actions", ACTIONS)
def test_without_a_gap_every_column_and_every_cost_is_that_of_training(actions):
    settings = chosen(actions)
    seen, costs, market = in_training(settings, at_random(actions))
    client, gateway = embedded(day_of(settings))
    day = run_live(client, settings, at_random(actions), side=1 if settings.side == "buy" else -1,
                   start_s=START_S)
    live = np.array([one.seen for one in day.decisions])
    assert live.shape == seen.shape
    for k, name in enumerate(names_of(settings)):
        np.testing.assert_array_equal(live[:, k], seen[:, k], err_msg=name)
    assert abs(gateway.core.market.position) == costs[-1]["filled"] == day.filled
    assert client.account.cash() == pytest.approx(costs[-1]["cash"], rel=1e-12)
    for one, cost in list(zip(day.decisions, costs, strict=True))[:-1]:
        for name in ("execution", "arrival", "fees"):
            assert one.terms[name] == pytest.approx(cost[f"{name}_step_bps"], abs=1e-9)
        revalued = cost["impact_step_bps"] + cost["exogenous_step_bps"]
        assert one.terms["revaluation"] == pytest.approx(revalued, abs=1e-9)
    assert gateway.core.market.clock_s == market.clock_s
    assert reconcile(client.account, client.status()).is_clean


def test_the_columns_of_training_are_all_compared():
    assert names_of(chosen("discrete"))[:len(at.OBSERVED)] == at.OBSERVED
    assert len(names_of(chosen("discrete"))) == len(at.OBSERVED) + 6


@pytest.mark.parametrize("gaps", [("order_latency", "feed_latency=0.3"), ("ack_delay=2",),
                                  ("rejects=5", "throttle=2"), ("stale_feed", "clock_skew"),
                                  ("spread", "volatility", "queue", "predator")])
def test_with_gaps_the_order_is_worked_never_beyond_its_size_and_both_sides_agree(gaps):
    settings = chosen("discrete")
    client, gateway = embedded(day_of(settings, gaps=gaps))
    day = run_live(client, settings, at_random("discrete"), side=1, start_s=START_S)
    client.step(gateway.core.end_ns)
    assert reconcile(client.account, client.status()).is_clean
    assert 0 < gateway.core.market.position <= 6000
    assert day.filled == client.account.position and day.left == 6000 - day.filled
    twin, _ = embedded(day_of(settings))
    there = run_live(twin, settings, at_random("discrete"), side=1, start_s=START_S)
    live, training = (np.array([one.seen for one in d.decisions[:20]]) for d in (day, there))
    assert live.shape != training.shape or (live != training).any()


def test_a_shipped_agent_does_live_what_it_does_in_training():
    agent = Agent.load("execution-ppo-0")
    settings = settings_of(agent)
    seen, costs, _ = in_training(settings, agent)
    client, _ = embedded(VenueDay(settings.profile, SEED, START_S, START_S + 900))
    day = run_live(client, settings, agent, side=-1, start_s=START_S)
    np.testing.assert_array_equal([one.seen for one in day.decisions], seen)
    assert day.filled == costs[-1]["filled"] > 0
    assert client.account.cash() == pytest.approx(costs[-1]["cash"], rel=1e-12)
    with pytest.raises(ValueError, match="only agents of lobsim/Execution-v0"):
        settings_of(Agent.load("making-ppo-0"))
