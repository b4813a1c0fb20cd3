"""The exported file sees, decides and trades as the agent in Execution-v0, and is safe alone."""

import ast
import sys

import lean_shim as lean
import numpy as np
import pytest
from lean_agents import SMALL, TASK, WORKERS, at_work
from small_markets import START_S

from lobsim.agents.agent import Agent, AgentError, shipped_names
from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_layout import OBSERVED
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.market import Market
from lobsim.market.parts import FillRule, Latency
from lobsim.sim_to_real.lean_export import (UNKNOWN_COLUMNS, agent_settings, export_lean,
                                            level_one)

AFTER_S = 40
LATE = Latency(order_s=0.4, cancel_s=1.7, feed_s=0.2, order_jitter_s=0.5, cancel_jitter_s=1.0)


def exported(agent, folder):
    """The module of an agent's file."""
    return lean.load_model(export_lean(agent, folder / "model.py"))


def market_of(agent, seed, *parts) -> Market:
    settings = ExecutionSettings(**agent_settings(agent))
    start_s = settings.starts_s[0]
    return Market(settings.base, seed, start_s, start_s + settings.horizon_s + AFTER_S,
                  parts=parts)


def played(agent, seed):
    """Rows, actions and the last information of the agent in the environment."""
    core = ExecutionCore(1, ExecutionSettings(**agent_settings(agent)))
    outcome, rows, actions = core.fresh(), [], []
    core.open([0], [seed], outcome)
    while core.alive.any():
        rows.append(outcome.seen[0].copy())
        chosen = agent(outcome.seen)
        actions.append(np.atleast_1d(chosen[0]).astype(float))
        outcome = core.step(chosen)
    return np.array(rows), np.array(actions), dict(zip(core.names, outcome.info[0], strict=True))


@pytest.mark.parametrize("side", ["sell", "buy"])
@pytest.mark.parametrize("worker", WORKERS)
def test_the_file_takes_the_agents_own_path_through_the_environment(worker, side, tmp_path):
    """In the same market, second by second: rows to the bit, actions, fills and their cost."""
    agent, sign = WORKERS[worker](side=side), 1 if side == "buy" else -1
    module = exported(agent, tmp_path)
    rows, actions, told = played(level_one(agent), 3)
    if worker.startswith("made up"):  # made so that they do not do the same all the time
        assert len(np.unique(actions.round(3), axis=0)) > 1
    model, market = module.LobsimExecutionModel(keep_decisions=True), market_of(agent, 3)
    lean.LeanDay(model, {"SMALL": market}).run(95, {"SMALL": sign * TASK["quantity"]})
    made = model.decisions["SMALL"]
    rows[:, UNKNOWN_COLUMNS] = 0.0
    np.testing.assert_array_equal([one.row for one in made], rows)
    np.testing.assert_allclose([one.action for one in made], actions, rtol=0, atol=2e-5)
    (report,) = model.reports
    assert report.shortfall_bps == pytest.approx(told["shortfall_bps"], abs=1e-6)
    assert report.filled == sign * TASK["quantity"] == market.position
    made_lots = sum(abs(one.quantity) for one in report.fills if one.is_maker)
    assert made_lots == told["maker_filled"]


def test_a_shipped_agent_works_its_order_in_spy_as_in_the_environment(tmp_path):
    agent = Agent.load("execution-ppo-1")
    agent = Agent(agent.network, agent.record | {"task": {"horizon_s": 240.0, "quantity": 700}})
    rows, _, told = played(level_one(agent), 11)
    model = exported(agent, tmp_path).LobsimExecutionModel(keep_decisions=True)
    lean.LeanDay(model, {"SPY": market_of(agent, 11)}).run(245, {"SPY": -700})
    rows[:, UNKNOWN_COLUMNS] = 0.0
    np.testing.assert_array_equal([one.row for one in model.decisions["SPY"]], rows)
    assert model.reports[0].shortfall_bps == pytest.approx(told["shortfall_bps"], abs=1e-6)


@pytest.mark.parametrize("name", [name for name in shipped_names()
                                  if name.startswith(("execution", "pacing"))])
def test_numpy_says_what_the_network_says(name, tmp_path):
    agent = level_one(Agent.load(name))
    module = exported(Agent.load(name), tmp_path)
    rows = np.random.default_rng(0).uniform(-1, 1, (200, len(OBSERVED))).astype(np.float32)
    np.testing.assert_allclose([module.head(row) for row in rows], agent.scores(rows), atol=1e-4)
    own = np.array([module.act(row) for row in rows])
    np.testing.assert_allclose(own.reshape(len(rows), -1), agent(rows).reshape(len(rows), -1),
                               atol=1e-4)


def test_the_agent_of_the_file_sees_nothing_that_level_one_cannot_tell():
    agent = Agent.load("execution-ppo-0")
    rows = np.random.default_rng(1).uniform(-1, 1, (300, len(OBSERVED))).astype(np.float32)
    other = rows.copy()
    other[:, UNKNOWN_COLUMNS] = np.random.default_rng(2).uniform(0, 1, (300, 2))
    assert (level_one(agent)(rows) == level_one(agent)(other)).all()
    assert (agent(rows) != agent(other)).any()  # as trained it does look at them
    blind = level_one(agent.blinded())
    assert set(blind.record["groups"]["depth"]) == {*UNKNOWN_COLUMNS, *agent.record["signals"]}


def test_the_file_stands_alone_and_is_the_same_each_time(tmp_path):
    agent = Agent.load("execution-dqn-0")
    first = export_lean(agent, tmp_path / "a.py").read_text()
    assert first == export_lean(agent, tmp_path / "b.py").read_text()
    assert "@@" not in first and max(map(len, first.splitlines())) <= 100
    imported = {name.name.split(".")[0] for node in ast.walk(ast.parse(first))
                if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module.split(".")[0] for node in ast.walk(ast.parse(first))
                 if isinstance(node, ast.ImportFrom)}
    assert imported - set(sys.stdlib_module_names) == {"AlgorithmImports", "numpy"}
    told = ast.get_docstring(ast.parse(first))
    assert "case execution, DQN, seed 0" in told and "75,008 steps" in told
    assert all(OBSERVED[k] in told for k in UNKNOWN_COLUMNS)


def test_agents_of_other_worlds_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(AgentError, match="the agent is of case making and acts in lobsim/MarketMa"):
        export_lean(Agent.load("making-ppo-0"), tmp_path / "a.py")
    shape = Agent.load("execution-ppo-0").network.shape
    deep = Agent.load("execution-ppo-0")
    deep.network.shape = type(shape)(**shape.as_dict() | {"columns": len(OBSERVED) + 20,
                                                          "levels": 10, "net": shape.net})
    with pytest.raises(AgentError, match="sees 20 columns of depth, and LEAN shows the best"):
        export_lean(deep, tmp_path / "a.py")
    assert not list(tmp_path.iterdir())


class Watched(lean.LeanDay):
    """A day that notes what no execution model may do."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.wrongs = []
        for venue in self.venues.values():
            venue.send = self._watch(venue, venue.send)

    def _watch(self, venue, send):
        def watched(quantity, price, tag):
            tickets = venue.tickets.values()
            if any(one.status == lean.OrderStatus.CANCEL_PENDING for one in tickets):
                self.wrongs.append("sent while a cancellation was not confirmed")
            at_work = sum(one.quantity - one.quantity_filled for one in tickets if one.status not in
                          (lean.OrderStatus.FILLED, lean.OrderStatus.CANCELED,
                           lean.OrderStatus.INVALID))
            most = abs(venue.security.holdings.quantity + at_work + quantity)
            if most > TASK["quantity"]:
                self.wrongs.append(f"{most} could trade")
            return send(quantity, price, tag)
        return watched


@pytest.mark.parametrize("parts", [(LATE,), (FillRule("touch"),), (LATE, FillRule("touch"))],
                         ids=["late", "touch", "late and touch"])
@pytest.mark.parametrize("worker", ["PPO, discrete", "SAC, pace"])
def test_whatever_is_late_cancellations_are_awaited_and_never_too_much_trades(worker, parts,
                                                                              tmp_path):
    agent = WORKERS[worker]()
    module = exported(agent, tmp_path)
    model, market = module.LobsimExecutionModel(), market_of(agent, 2, *parts)
    day = Watched(model, {"SMALL": market}).run(125, {"SMALL": -TASK["quantity"]})
    assert day.wrongs == [] and day.cancels > 0
    assert market.position == -TASK["quantity"] == model.reports[0].filled
    assert not market.open_orders and not model.parents


def test_a_broker_that_cannot_shorten_orders_gets_cancellations(tmp_path):
    agent = WORKERS["PPO, pace"]()
    model, market = exported(agent, tmp_path).LobsimExecutionModel(), market_of(agent, 2)
    day = Watched(model, {"SMALL": market}, refuses_updates=True).run(99, {"SMALL": -60})
    assert day.wrongs == [] and market.position == -60


def test_each_symbol_is_a_parent_order_of_its_own(tmp_path):
    """Beside another order, one takes the path that it takes alone."""
    agent = WORKERS["PPO, discrete"]()
    module = exported(agent, tmp_path)
    alone = {}
    for name, seed, size in (("A", 5, -60), ("B", 6, 40)):
        model = module.LobsimExecutionModel()
        lean.LeanDay(model, {name: market_of(agent, seed)}).run(95, {name: size})
        alone[name] = model.reports[0]
    model = module.LobsimExecutionModel()
    lean.LeanDay(model, {"A": market_of(agent, 5), "B": market_of(agent, 6)}).run(
        95, {"A": -60, "B": 40})
    assert {one.symbol: one for one in model.reports} == alone


def test_a_changed_target_ends_the_order_at_work_and_the_rest_begins_anew(tmp_path):
    agent = WORKERS["PPO, discrete"]()
    model = exported(agent, tmp_path).LobsimExecutionModel()
    market = Market(SMALL, 7, START_S, START_S + 300.0)
    day = lean.LeanDay(model, {"SMALL": market}).run(30, {"SMALL": -60})
    sold = -market.position
    assert 0 < sold < 60
    day.run(100, {"SMALL": -5})
    first, second = model.reports
    assert first.quantity == -60 and -60 < first.filled <= -sold
    assert second.quantity == second.filled == -5 - first.filled
    assert market.position == -5 and not market.open_orders


def test_orders_of_others_in_the_symbol_are_not_counted(tmp_path):
    agent = WORKERS["PPO, discrete"]()
    model, market = exported(agent, tmp_path).LobsimExecutionModel(), market_of(agent, 8)
    day = lean.LeanDay(model, {"SMALL": market}).run(10, {"SMALL": -60})
    day.algorithm.market_order("SMALL", 7.0, tag="by hand")
    day.run(85)
    assert model.reports[0].filled == -60 and market.position == -53


def test_when_the_exchange_shuts_the_rest_is_reported_and_not_crossed(tmp_path):
    agent = at_work("execution-ppo-0")
    model, market = exported(agent, tmp_path).LobsimExecutionModel(), market_of(agent, 9)
    day = lean.LeanDay(model, {"SMALL": market}).run(30, {"SMALL": -60})
    day.venues["SMALL"].security.exchange.exchange_open = False
    sent = day.orders
    day.run(5)
    assert day.orders == sent and not market.open_orders
    assert model.reports[0].filled == market.position and -60 < market.position < 0
