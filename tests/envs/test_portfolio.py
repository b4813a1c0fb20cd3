"""Portfolio days: both forms are the same, accounts close, risk is through the covariance."""

import warnings
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from desk import BLOCKS, DESK, NAMES, SHORT, opened
from lobsim.envs import execution_layout as at
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.clients import Block
from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_kernel import start_some
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.envs.portfolio_settings import PortfolioSettings, portfolio_weights
from lobsim.envs.rewards import MARKED, REALISED
from lobsim.market import Market
from lobsim.market.parts import FillRule
from small_markets import FLOWS, START_S, profile_of

ID = "lobsim/Portfolio-v0"
WIDTH = pl.NAME_COLUMNS


def one(**settings):
    return gymnasium.make(ID, **SHORT | settings).unwrapped


def many(n, mode=AutoresetMode.SAME_STEP, **settings):
    return gymnasium.make_vec(ID, num_envs=n, autoreset_mode=mode, **SHORT | settings).unwrapped


def plan_for(n, numbers, steps=8, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (steps, n, numbers)).astype(np.float32)


@pytest.mark.parametrize("observation", ["flat", "dict"])
@pytest.mark.parametrize("actions", ["pace", "pace_cross", "pace_price", "orders"])
def test_both_checkers_find_no_fault(observation, actions):
    from gymnasium.utils.env_checker import check_env
    from stable_baselines3.common.env_checker import check_env as check_for_sb3

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if actions == "orders":  # for rules: the space is not one for a network
            warnings.filterwarnings("ignore", message=".*action space.*")
        # a row for each name is no image: who wants a stock network takes the flat form
        warnings.filterwarnings("ignore", message=".*unconventional shape.*")
        check_env(one(actions=actions, observation=observation))
        if actions != "orders":
            check_for_sb3(one(actions=actions, observation=observation))


@pytest.mark.parametrize("n", [1, 3])
def test_every_environment_of_a_vector_takes_the_path_it_takes_alone(n):
    settings = dict(actions="pace_cross", neutral="dollar", most_net=0.2)
    vector, plan = many(n, AutoresetMode.DISABLED, **settings), plan_for(3, 6)
    seen, _ = vector.reset(seed=11)
    alone = [one(**settings) for _ in range(n)]
    for i, env in enumerate(alone):
        assert env.reset(seed=11 + i)[0].tobytes() == seen[i].tobytes()
    going = np.ones(n, bool)
    for action in plan:
        seen, rewards, over, _, infos = vector.step(action[:n])
        for i in np.flatnonzero(going):
            mine = alone[i].step(action[i])
            assert mine[0].tobytes() == seen[i].tobytes()
            assert mine[1] == rewards[i] and mine[2] == over[i]
            assert all(infos[key][i] == value for key, value in mine[4].items())
        going &= ~over
        if not going.any():
            break
        if over.any():
            vector.reset(options={"reset_mask": over})  # who is over plays another day, unseen
    assert not going.any()


def test_a_dictionary_tells_what_the_flat_form_tells():
    flat, named = many(2), many(2, observation="dict")
    seen, told = flat.reset(seed=3)[0], named.reset(seed=3)[0]
    ends = 0
    for action in plan_for(2, 3, steps=9):
        assert set(told) == {"names", "portfolio"} and told["names"].shape == (2, 3, WIDTH)
        whole = np.concatenate([told["names"].reshape(2, -1), told["portfolio"]], axis=1)
        assert whole.tobytes() == seen.tobytes()
        assert all(named.single_observation_space.contains(
            {key: part[i] for key, part in told.items()}) for i in range(2))
        seen, rewards, *_ = flat.step(action)
        told, others, over, _, infos = named.step(action)
        assert (rewards == others).all()
        if over.any():
            ends += 1
            last = infos["final_obs"][np.flatnonzero(over)[0]]
            assert last["names"].shape == (3, WIDTH) and last["portfolio"][0] >= 0
    assert ends


@pytest.mark.parametrize("settings", [{}, {"blocks": BLOCKS}, {"actions": "pace_cross"}])
def test_the_cost_of_a_day_is_the_sum_of_its_terms_and_of_what_happened(settings):
    core, outcome = opened(3, 7, reward="marked", **settings)
    sums, rewards = np.zeros((3, len(pl.PORTFOLIO_TERMS))), np.zeros(3)
    numbers = core.settings.numbers * 3
    size, paid = np.zeros((3, 3), int), np.zeros(3)
    for action in plan_for(3, numbers):
        running = core.alive
        if not running.any():
            break
        working = core.working
        outcome = core.step(action)
        sums[running] += outcome.info[running, pl.J_TERMS:]
        rewards += outcome.rewards
        for e, n in zip(*np.nonzero(working)):
            tick, arrival = NAMES[n].tick_size, core.notes[3 * e + n, at.I_ARRIVAL]
            for fill in core.fills(e, n):
                size[e, n] += fill["size"]
                paid[e] += core.sides[e, n] * fill["size"] * (fill["price_ticks"] * tick - arrival)
    assert not core.alive.any()
    terms = dict(zip(pl.PORTFOLIO_TERMS, sums.T, strict=True))
    shortfall = core.told[:, pl.J_SHORTFALL]
    marked, realised = (sum(terms[name] for name in names) for names in (MARKED, REALISED))
    assert np.allclose(marked, shortfall, atol=1e-8) and np.allclose(rewards, -shortfall)
    assert np.allclose(realised, shortfall, atol=1e-8)
    assert (size == core.filled_lots).all()  # and from the fills that the venues told
    assert np.allclose(1e4 * paid / core.told[:, pl.J_GROSS], terms["arrival"])
    for e in range(3):
        table = core.blocks(e)
        assert (table["weight"] * table["shortfall_bps"]).sum() == pytest.approx(shortfall[e])
        assert table["weight"].sum() == pytest.approx(1.0)


def test_risk_is_that_of_what_is_left_through_the_covariance():
    core, outcome = opened(2, 4, blocks=BLOCKS, actions="pace_cross")
    aversion = np.array([one.risk_aversion for one in BLOCKS])

    def held(e):
        left = (core.quantity_lots - core.filled_lots)[e] / core.quantity_lots[e]
        weight = core.client[3 * e:3 * e + 3, pl.C_WEIGHT]
        return core.sides[e] * weight * left * core.working[e]

    before = [held(e) for e in range(2)]
    for e in range(2):
        whole = DESK.covariance(core.days[e].start_s, 60.0) / 6
        assert np.allclose(core.covariance[e], whole)
    for action in plan_for(2, 6, steps=6, seed=2):
        running = core.alive
        outcome = core.step(action)
        for e in np.flatnonzero(running):
            after, sigma = held(e), core.covariance[e]
            risk, averse = ((0.5 * (a @ sigma @ a + b @ sigma @ b)) for a, b in (
                (before[e], after), (np.sqrt(aversion) * before[e], np.sqrt(aversion) * after)))
            terms = outcome.info[e, pl.J_TERMS:]
            assert terms[at.T_RISK] == pytest.approx(risk)
            assert terms[pl.T_AVERSION] == pytest.approx(averse)
            assert outcome.info[e, pl.J_RISK] == pytest.approx(np.sqrt(after @ sigma @ after))
            before[e] = after


def test_one_block_alone_is_an_order_of_the_execution_environment():
    """Without limits and with one name, a day is an episode of ``lobsim/Execution-v0``."""
    block = Block("N1", -1, 60, 60.0, min_completion=0.0)
    core, outcome = opened(2, 6, blocks=(block,), start_s=START_S, reward="controlled")
    same = dict(profile=NAMES[1], side="sell", quantity=60, horizon_s=60.0, interval_s=10.0,
                slice_s=10.0, max_shift_s=30.0, start_s=START_S, actions="pace")
    single = ExecutionCore(2, ExecutionSettings(**same))
    other = single.fresh()
    for e, day in enumerate(core.days):  # the market of the day: its shocks, its factor
        single.open([e], [int(day.seeds[1])], other)
        single._markets.open(e, day.profiles[1], int(day.seeds[1]), START_S, day.common_seed)
        profile = day.profiles[1]
        single._set_up(e, single.settings.draw(0)._replace(profile=profile))
        start_some(np.array([e]), single._markets.table, single._word, single._real,
                   single._schedule, other.seen, other.info)
    columns = slice(WIDTH, WIDTH + len(at.OBSERVED))
    scaled = [at.O_OFI, at.O_VOLUME, at.O_OWN_DEPTH, at.O_OTHER_DEPTH]  # by mean sizes, rounded
    for action in plan_for(2, 3, seed=5):
        going = core.alive  # what is over shows as nothing here
        gap = np.abs(outcome.seen[going, columns] - other.seen[going])
        assert gap[:, scaled].max() < 0.05 and np.delete(gap, scaled, axis=1).max() < 1e-6
        outcome, other = core.step(action), single.step(action[:, 1:2])
        assert np.allclose(outcome.rewards, other.rewards)
        if not core.alive.any():
            break
    assert np.allclose(core.told[:, pl.J_SHORTFALL], single._real[:, at.X_SHORTFALL])
    assert not single.alive.any()


def test_views_stay_within_their_space_and_tell_of_the_blocks():
    core, outcome = opened(3, 2, neutral="dollar", blocks=BLOCKS[:2])
    space = many(1).single_observation_space
    for action in plan_for(3, 3):
        assert all(space.contains(row) for row in outcome.seen)
        names = outcome.seen[:, :3 * WIDTH].reshape(3, 3, WIDTH)
        assert (names[:, 2] == 0).all()  # nobody wants to trade it
        assert (names[..., pl.P_SIDE] == core.sides * core.working).all()
        tail = outcome.seen[:, 3 * WIDTH:]
        assert np.allclose(tail[:, pl.Q_LEFT], core.told[:, pl.J_LEFT], atol=1e-6)
        if not core.alive.all():
            break
        outcome = core.step(action)


def test_a_hedge_shows_as_one():
    pair = (Block("N0", 1, 90, 60.0), Block("N1", -1, 60, 60.0))
    core, outcome = opened(1, 3, blocks=pair)
    hedge = outcome.seen[0, :3 * WIDTH].reshape(3, WIDTH)[:, pl.P_HEDGE]
    sigma = core.covariance[0]
    x = core.sides[0] * core.client[:, pl.C_WEIGHT]
    both = x @ sigma @ x
    meant = np.sign(x) * (sigma @ x) / np.sqrt(both * sigma.diagonal())
    assert np.allclose(hedge[:2], meant[:2], atol=1e-6)
    alone, seen = opened(1, 3, blocks=pair[:1])
    assert seen.seen[0, pl.P_HEDGE] == pytest.approx(1.0)
    assert hedge[0] < 1 and core.told[0, pl.J_RISK] > 0


def test_a_market_of_a_day_is_the_market_of_its_seeds():
    core, _ = opened(1, 5)
    day = core.days[0]
    alone = Market(day.profiles[0], int(day.seeds[0]), start_s=day.start_s,
                   end_s=day.start_s + 60, common_seed=day.common_seed)
    assert alone.mid == core.market(0, 0).mid
    core.step(np.full((1, 3), -1.0))
    alone.advance(day.start_s + 10)
    assert core.filled_lots[0, 0] == 0  # late as can be: nothing is due yet
    assert alone.mid == core.market(0, 0).mid
    assert alone.efficient_price == core.market(0, 0).efficient_price


def test_days_of_neighbouring_seeds_differ_in_everything():
    settings = PortfolioSettings(**SHORT)
    days = [settings.draw(seed) for seed in range(1, 9)]
    assert len({day.start_s for day in days}) > 2
    assert len({day.blocks for day in days}) == 8
    assert len({day.common_seed for day in days}) == 8
    assert len({int(seed) for day in days for seed in day.seeds}) == 24
    again = settings.draw(3)
    assert again.blocks == days[2].blocks and (again.seeds == days[2].seeds).all()
    assert all((day.start_s - START_S) % 60 == 0 for day in days)


@pytest.mark.parametrize("wrong, what", [
    (dict(horizon_s=65.0), "whole decisions"), (dict(interval_s=0.0), "interval_s is 0"),
    (dict(actions="discrete"), "actions is 'discrete'"), (dict(neutral="beta"), "neutral is"),
    (dict(observation="list"), "observation is"), (dict(most_net=2.0), "most_net is"),
    (dict(discount=2.0), "discount is"), (dict(names=9), "names is 9"),
    (dict(start_s=(5.0, 1.0)), "start_s is"), (dict(start_s=57_599.0), "end_s|window"),
    (dict(reward="fast"), "reward is"), (dict(reward={"greed": 1.0}), "no term 'greed'"),
    (dict(reward={"fees": np.inf}), "must be finite"),
    (dict(blocks=()), "blocks are in"), (dict(blocks=(Block("X", 1, 5, 60.0),)), "blocks are in"),
    (dict(blocks=(Block("N0", 1, 5.5, 60.0),)), "whole lots"),
    (dict(blocks=(Block("N0", 1, 5, 61.0),)), "the horizon"),
    (dict(parts=(FillRule("touch"),)), "fill rule 'touch'")])
def test_a_wrong_setting_is_refused(wrong, what):
    with pytest.raises(ValueError, match=what):
        PortfolioSettings(**SHORT | wrong)


def test_weights_name_their_terms():
    weights = dict(zip(pl.PORTFOLIO_TERMS, portfolio_weights("clients"), strict=True))
    assert weights["aversion"] == 1 and weights["risk"] == 0 and weights["exogenous"] == 0


def test_who_asks_for_a_name_without_a_block_is_told():
    core, _ = opened(1, 1, blocks=BLOCKS[:1])
    for ask in (core.market, core.fills):
        with pytest.raises(ValueError, match="nobody wants|has no block"):
            ask(0, 2)


def test_a_profile_without_a_daily_volume_has_one_to_expect():
    assert np.isnan(profile_of(*FLOWS["poisson"]).daily_volume)
    core, _ = opened(1, 1)
    assert (core.quantity_lots > 0).all()


def test_a_pace_with_a_price_is_a_pace_at_the_own_best():
    """With slices of a decision; and its price says how far into the spread it rests."""
    (plain, _), (priced, _) = opened(2, 5, actions="pace"), opened(2, 5, actions="pace_price")
    rng = np.random.default_rng(4)
    for _ in range(6):
        shift = rng.uniform(-1, 1, (2, 3))
        plain.step(shift)
        priced.step(np.stack([shift, np.zeros((2, 3))], axis=2).reshape(2, -1))
        assert np.array_equal(plain.notes, priced.notes)
    core, _ = opened(2, 5, actions="pace_price")
    best = [core.market(e, n) for e in range(2) for n in range(3)
            if core.days[e].blocks[n] is not None]
    spreads = [round((one.best_ask - one.best_bid) / 0.01) for one in best]
    core.step(np.tile([1.0, 1.0], (2, 3)))
    offsets = core.bound[core.bound[:, pl.B_LOTS] > 0, pl.B_OFFSET]
    assert offsets.tolist() == [spread // 2 for spread in spreads] and max(offsets) > 0


def test_a_desk_that_waits_crosses_what_is_left_in_the_last_decision_alone():
    blocks = [replace(one, min_completion=0.0, max_participation=1.0, deadline_s=60.0)
              for one in BLOCKS]
    core, _ = opened(1, 5, blocks=blocks, actions="pace_price", slice_s=60.0, max_shift_s=120.0)
    crossed = []
    while core.alive.any():
        before = core.notes[:, at.I_FILLED] - core.notes[:, at.I_MAKER]
        core.step(np.tile([-1.0, 0.0], (1, 3)))  # what was due a minute ago may rest: nothing
        crossed.append(core.notes[:, at.I_FILLED] - core.notes[:, at.I_MAKER] - before)
    assert len(crossed) == 6 and not np.any(crossed[:-1]) and np.all(crossed[-1])
    assert (core.filled_lots == core.quantity_lots).all()
