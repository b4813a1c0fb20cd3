"""Names of a day as environments: parts of the reward add up, rows end with their blocks."""

import doctest

import numpy as np
import pytest

from desk import BLOCKS, NAMES, SHORT, opened
from lobsim.envs import execution_layout as at
from lobsim.envs import portfolio, portfolio_evaluate
from lobsim.envs import portfolio_layout as pl
from lobsim.envs import portfolio_names as module
from lobsim.envs.clients import ClientBook
from lobsim.envs.portfolio import PortfolioVectorEnv
from lobsim.envs.portfolio_names import ROW_OBSERVED, NamesVectorEnv, rows_of
from lobsim.envs.portfolio_settings import portfolio_weights

SOME = ClientBook(coverage=0.7)
ALL_TERMS = {name: 0.3 + 0.1 * k for k, name in enumerate(pl.PORTFOLIO_TERMS)}


def days(count=2, **settings):
    return PortfolioVectorEnv(count, **SHORT | {"reward": "clients"} | settings)


def plan_for(rows, numbers=1, steps=14, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (steps, rows, numbers)).astype(np.float32)


@pytest.mark.parametrize("reward", ["clients", "marked", ALL_TERMS], ids=str)
def test_what_names_earn_adds_up_to_the_reward_of_the_day(reward):
    for settings in ({"blocks": BLOCKS}, {"clients": SOME, "neutral": "dollar"}):
        core, _ = opened(3, 5, reward=reward, **settings)
        for action in plan_for(3, 3):
            running = core.alive
            if not running.any():
                break
            outcome = core.step(action)
            assert core.earned[running].sum(axis=1) == pytest.approx(outcome.rewards[running],
                                                                     rel=1e-9, abs=1e-9)


def test_a_name_earns_its_own_costs_and_its_share_of_the_risks():
    core, _ = opened(2, 4, blocks=BLOCKS, reward=ALL_TERMS)
    weights = portfolio_weights(ALL_TERMS)
    alone = np.delete(weights[:len(at.TERMS)], at.T_RISK)

    def shares():
        """Half of x (C x) by name, of positions and of those weighed by aversion."""
        x = (core.sides * core.working * core.client[:, pl.C_WEIGHT].reshape(2, 3)
             * (core.quantity_lots - core.filled_lots) / core.quantity_lots)
        felt = x * core.client[:, pl.C_AVERSION].reshape(2, 3)
        weight = core.client[:, pl.C_WEIGHT].reshape(2, 3)
        alone = felt**2 * np.einsum("enn->en", core.covariance) / weight
        assert core.own_charges * weight == pytest.approx(alone)
        return np.array([*(0.5 * one * (core.covariance @ one[..., None])[..., 0]
                           for one in (x, felt)), 0.5 * alone])

    before = shares()
    for action in plan_for(2, 3, steps=6, seed=2):
        running, was = core.alive, core.working
        core.step(action)
        after = shares()
        costs = core.notes[:, at.I_TERMS:].reshape(2, 3, -1)
        own = core.client[:, pl.C_WEIGHT].reshape(2, 3) * (
            np.delete(costs, at.T_RISK, axis=2) @ alone) * was
        risk, averse, minded = before + after
        whole = own + weights[at.T_RISK] * risk + weights[pl.T_AVERSION] * averse + (
            weights[pl.T_OWN_RISK] * minded)
        assert core.earned[running] == pytest.approx(-whole[running], abs=1e-9)
        before = after


@pytest.mark.parametrize("part", module.PARTS)
@pytest.mark.parametrize("actions", ["pace", "pace_cross", "pace_price"])
def test_the_same_days_are_played_name_by_name(part, actions):
    whole, names = days(actions=actions), NamesVectorEnv(days(actions=actions), part)
    seen, _ = whole.reset(seed=[7, 10])
    rows, _ = names.reset(seed=7)
    numbers = names.single_action_space.shape[0]
    ends = 0
    for action in plan_for(6, numbers):
        assert rows.tobytes() == rows_of(seen, pl.NAME_COLUMNS, 7).tobytes()
        assert all(names.single_observation_space.contains(row) for row in rows)
        weight = whole.core.client[:, pl.C_WEIGHT].reshape(2, 3).copy()
        seen, rewards, over, *_ = whole.step(action.reshape(2, -1))
        rows, own, ended, truncated, told = names.step(action)
        scale = weight if part == "block" else 1.0
        assert (scale * own.reshape(2, 3)).sum(axis=1) == pytest.approx(rewards, abs=1e-9)
        assert ended.reshape(2, 3)[over].all() and not truncated.any()
        ends += over.sum()
        if ended.any():
            assert told["final_obs"].shape == rows.shape
            assert (told["_final_obs"] == ended).all()
    assert ends >= 4


def test_a_row_ends_with_its_block_and_idles_to_the_end_of_the_day():
    names = NamesVectorEnv(days(4, clients=SOME))
    rows, _ = names.reset(seed=3)
    side = names.at_work_column
    idled = worked = 0
    for action in plan_for(12, steps=20, seed=1):
        was = rows[:, side] != 0
        rows, own, ended, _, told = names.step(action)
        assert (names.idle == ~was).all() and (own[~was] == 0).all()
        day_over = np.repeat((rows[:, ROW_OBSERVED.index("portfolio_time_left")] == 1)
                             .reshape(4, 3)[:, 0], 3)
        now = (rows[:, side] != 0) & ~day_over  # of the day that was
        assert (ended == (day_over | (was & ~now))).all()
        if ended.any():
            last = told["final_obs"][ended]
            assert (last[:, :pl.NAME_COLUMNS] == 0).all()
        idled, worked = idled + (~was).sum(), worked + was.sum()
    assert idled > 10 and worked > 10


def test_only_whole_days_begin_anew():
    names = NamesVectorEnv(days(2))
    first, _ = names.reset(seed=3)
    names.step(plan_for(6)[0])
    mask = np.array([False] * 3 + [True] * 3)
    rows, _ = names.reset(seed=[0, 0, 0, 6, 0, 0], options={"reset_mask": mask})
    assert rows[3:].tobytes() == first[3:].tobytes() and rows[:3].tobytes() != first[:3].tobytes()
    with pytest.raises(ValueError, match="parts the names of a day"):
        names.reset(options={"reset_mask": np.arange(6) < 2})


@pytest.mark.parametrize("wrong, part, what", [
    ({}, "name", "part is 'name'"), ({"actions": "orders"}, "gross", "actions 'orders'"),
    ({"observation": "dict"}, "gross", "observation is 'dict'"),
    ({"autoreset_mode": "Disabled"}, "gross", "autoreset_mode is")])
def test_days_that_cannot_be_parted_are_refused(wrong, part, what):
    with pytest.raises(ValueError, match=what):
        NamesVectorEnv(days(**wrong), part)


def test_columns_compare_names_by_what_it_takes_to_trade_them():
    core, outcome = opened(1, 3, blocks=BLOCKS)
    for action in (np.zeros((1, 3)), np.full((1, 3), 0.3)):
        rows = outcome.seen[0, :3 * pl.NAME_COLUMNS].reshape(3, -1)
        left, step = (core.quantity_lots - core.filled_lots)[0], core.step_number[0]
        decisions = core.ends[0] - step
        x = core.sides[0] * core.client[:, pl.C_WEIGHT] * left / core.quantity_lots[0]
        felt = core.covariance[0] @ (x * core.client[:, pl.C_AVERSION])
        charge = core.sides[0] * core.client[:, pl.C_AVERSION] * felt
        assert rows[:, pl.P_CHARGE] == pytest.approx(charge / (abs(charge) + 0.02), abs=1e-6)
        for n in range(3):
            market, lot = core.market(0, n), NAMES[n].lot_size
            spread = 1e4 * (market.best_ask - market.best_bid) / market.mid
            v = core.covariance[0, n, n] ** 0.5
            part = left[n] * lot / (core.expected_volume(0, n) * decisions[n] / core.ends[0, n])
            depth = market.depth(1)
            sizes = depth.ask_size if core.sides[0, n] > 0 else depth.bid_size
            lots = sizes.sum() / lot
            assert rows[n, pl.P_SPREAD] == pytest.approx(spread / (spread + 5), abs=1e-6)
            assert rows[n, pl.P_VOLATILITY] == pytest.approx(v / (v + 10), abs=1e-6)
            assert rows[n, pl.P_SIZE] == pytest.approx(part / (part + 0.05), abs=1e-6)
            assert rows[n, pl.P_COVER] == pytest.approx(lots / (lots + left[n] / decisions[n]))
        outcome = core.step(action)


def test_blind_days_hide_the_market_and_nothing_else():
    (core, first), (other, same) = (opened(2, 3, blind=blind) for blind in (True, False))
    hidden = [*range(at.O_SIGNALS, len(at.OBSERVED)), pl.P_SPREAD, pl.P_COVER]
    told = np.zeros(len(hidden), bool)
    for action in plan_for(2, 3, steps=3):
        blind, sighted = (one.seen[:, :-7].reshape(6, -1) for one in (first, same))
        assert (blind[:, hidden] == 0).all()
        told |= (sighted[:, hidden] != 0).any(axis=0)
        assert np.delete(blind, hidden, 1).tobytes() == np.delete(sighted, hidden, 1).tobytes()
        first, same = core.step(action), other.step(action)
        assert (first.rewards == same.rewards).all()
    assert told.all()


def test_the_examples_of_the_docstrings_hold():
    with pytest.raises(ValueError, match="a day has 8 columns"):
        rows_of(np.zeros((2, 8)), own=3, common=1)
    for one in (module, portfolio, portfolio_evaluate):
        failed, tried = doctest.testmod(one)
        assert tried > 0 and failed == 0
