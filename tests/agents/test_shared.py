"""Laws of one policy for all names: whatever their order and number; idle steps teach nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from desk import DESK, SHORT
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer

from lobsim.agents import Agent, AgentError, compare, find_case
from lobsim.agents.algorithms import values_of
from lobsim.agents.seeds import training_seed
from lobsim.agents.shared import AtWorkRollouts
from lobsim.agents.training import Training
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.clients import ClientBook
from lobsim.envs.portfolio_names import ROW_OBSERVED, rows_of
from lobsim.envs.portfolio_rules import day_rules

OWN, COMMON = pl.NAME_COLUMNS, len(pl.BOOK_OBSERVED)
SMALL = find_case("portfolio").with_settings(
    **SHORT | {"horizon_s": 40.0}, names=None, clients=ClientBook(coverage=0.8))
TINY = {"steps": 192, "n_envs": 4, "batch_size": 24, "net": (16, 16), "validations": 1,
        "settings": {"actions": "pace", "slice_s": 10.0, "max_shift_s": 30.0},
        "options": {"n_steps": 4, "n_epochs": 2, "head_scale": 1.0}}


def small(**changes):
    """A tiny training of the case that has not begun."""
    case = replace(SMALL, validation_episodes=2, judge_envs=2)
    return Training(case, "ppo", 1, **TINY | changes)


@pytest.fixture(scope="module")
def done():
    one = small()
    one.run()
    return one


SPACES = spaces.Box(0, 1, (3,), np.float32), spaces.Box(-1, 1, (1,), np.float32)


def looks(days=6, names=3, seed=0):
    """Views of whole days at random, shape (days, names * OWN + COMMON)."""
    rng = np.random.default_rng(seed)
    low, high = (np.array([*np.tile(name, names), *book], np.float32) for name, book in (
        (pl.NAME_LOW, pl.BOOK_LOW), (pl.NAME_HIGH, pl.BOOK_HIGH)))
    return rng.uniform(low, high, (days, len(low))).astype(np.float32)


def shuffled(days, order):
    """The same days with their names in another order."""
    each = days[:, :-COMMON].reshape(len(days), -1, OWN)[:, order]
    return np.concatenate([each.reshape(len(days), -1), days[:, -COMMON:]], axis=1)


def test_actions_move_with_their_names_and_the_value_of_a_day_does_not_change(done):
    agent, days, order = done.agent(), looks(names=5), [3, 0, 4, 1, 2]
    assert agent(days).shape == (6, 5)
    assert agent(shuffled(days, order)) == pytest.approx(agent(days)[:, order], abs=1e-6)
    one, other = (values_of(done.model, rows_of(some, OWN, COMMON)).reshape(6, 5).sum(axis=1)
                  for some in (days, shuffled(days, order)))
    assert one == pytest.approx(other, abs=1e-4)
    assert np.ptp(agent(days)) > 1e-4  # or this would hold of one that says nothing


def test_the_numbers_of_a_name_stay_together():
    training = small(settings={"actions": "pace_price"})
    agent, days, order = training.agent(), looks(names=5), [3, 0, 4, 1, 2]
    theirs = training.model.predict(rows_of(days, OWN, COMMON), deterministic=True)[0]
    assert agent(days) == pytest.approx(theirs.reshape(6, 10), abs=2e-6)
    moved = agent(days).reshape(6, 5, 2)[:, order].reshape(6, 10)
    assert agent(shuffled(days, order)) == pytest.approx(moved, abs=1e-6)


def test_an_agent_acts_for_each_name_as_the_model_that_was_trained(done):
    days = looks(names=3)
    theirs, _ = done.model.predict(rows_of(days, OWN, COMMON), deterministic=True)
    assert done.agent()(days) == pytest.approx(theirs.reshape(6, 3), abs=2e-6)
    drawn = done.agent().sampled(np.random.default_rng(1))(days)
    assert drawn.shape == (6, 3) and abs(drawn).max() <= 1 and (drawn != done.agent()(days)).all()


def test_it_comes_back_from_its_files_and_acts_in_more_names_than_it_was_trained_in(done,
                                                                                    tmp_path):
    again = Agent.load(done.agent().save(tmp_path))
    for names in (1, 3, 50):
        days = looks(names=names)
        assert again(days).tobytes() == done.agent()(days).tobytes()
        assert again(days).shape == (6, names)
    with pytest.raises(AgentError, match="a day has 36 columns"):
        again(np.zeros((2, OWN + COMMON - 1), np.float32))


@pytest.mark.parametrize("group", ["signals", "liquidity", "urgency"])
def test_blanked_columns_are_blank_in_every_name_and_no_others(done, group):
    agent, days = done.agent(), looks()
    columns = {"signals": SMALL.signals, **SMALL.groups}[group]
    blank = agent.blinded(group)
    rows = blank.seen(days)
    others = [k for k in range(OWN + COMMON) if k not in columns]
    assert rows.shape == (18, OWN + COMMON) and (rows[:, list(columns)] == 0).all()
    assert (rows[:, others] == rows_of(days, OWN, COMMON)[:, others]).all()
    assert f"{group} blanked" in repr(blank) and (blank(days) != agent(days)).any()
    with pytest.raises(AgentError, match="no smells to blank"):
        agent.blinded("smells")


def test_the_columns_of_the_case_are_those_of_a_name():
    case = find_case("portfolio")
    told = {name: [case.columns[k] for k in some] for name, some in case.groups.items()}
    assert case.columns == ROW_OBSERVED
    assert {"spread_bps", "volatility", "size", "volume"} <= set(told["liquidity"])
    assert {"ends", "aversion"} <= set(told["urgency"])
    assert not set(told["liquidity"]) & set(told["urgency"])


def test_the_same_seed_gives_the_same_agent(done):
    again = small().run()
    first, other = (one.network.state_dict() for one in (done.best, again))
    assert all(torch.equal(value, other[name]) for name, value in first.items())
    assert [one["score"] for one in again.record["validation"]] == [
        one["score"] for one in done.validation]


def test_days_have_the_training_s_own_seeds_and_go_on_after_a_resumption(tmp_path):
    stopped = small(steps=96, out=tmp_path)
    stopped.run()
    bases = [training_seed(1) + 3 * e for e in range(4)]
    assert stopped.native._episodes._bases == bases
    resumed = small(out=tmp_path, resume=True)
    assert resumed.run().record["trained_steps"] == 192
    assert resumed.native._episodes._bases == bases
    played = (one.native._episodes._played for one in (resumed, stopped))
    assert all(now > before for now, before in zip(*played, strict=True))


def test_a_blind_training_never_sees_the_market():
    agent = small(blind=True, steps=48).run()
    assert agent.environment["blind"] and agent.label == "PPO, blind"
    rows = agent.seen(looks())
    assert (rows[:, list(SMALL.signals)] == 0).all()


def test_waiting_for_the_next_day_is_no_episode():
    timed = small().timed
    timed.reset()
    names, ends = timed.env, {True: 0, False: 0}
    for _ in range(12):
        working = names._at_work.copy()
        _, _, over, infos = timed.step(np.zeros((names.num_envs, 1), np.float32))
        for i in np.flatnonzero(over):
            assert ("episode" in infos[i]) == working[i]
            ends[bool(working[i])] += 1
    assert ends[True] > 5 and ends[False] > 1


# -- the buffer ------------------------------------------------------------------------------------


def filled(kind, **keywords):
    rng = np.random.default_rng(3)
    buffer = kind(10, *SPACES, device="cpu", gae_lambda=0.9, gamma=0.95, n_envs=4, **keywords)
    for _ in range(10):
        seen = rng.uniform(0.5, 1.0, (4, 3)).astype(np.float32)
        seen[rng.random(4) < 0.4, 1] = 0.0
        buffer.add(seen, rng.normal(size=(4, 1)), rng.normal(size=4), rng.random(4) < 0.2,
                   torch.tensor(rng.normal(size=4)), torch.tensor(rng.normal(size=4)))
    buffer.compute_returns_and_advantage(torch.zeros(4), np.zeros(4, bool))
    return buffer


def test_batches_hold_all_steps_at_work_once_and_no_idle_one():
    whole, some = filled(RolloutBuffer), filled(AtWorkRollouts, column=1)
    (every,) = whole.get()
    kept = every.observations[:, 1] != 0
    assert 10 < kept.sum() < 35
    for _ in range(2):  # every epoch
        batches = list(some.get(8))
        sizes = [len(batch.advantages) for batch in batches]
        assert len(sizes) == round(int(kept.sum()) / 8) and max(sizes) - min(sizes) <= 1
        for name in ("observations", "actions", "old_values", "old_log_prob", "advantages",
                     "returns"):
            ours = torch.cat([getattr(batch, name) for batch in batches]).reshape(sum(sizes), -1)
            theirs = getattr(every, name)[kept].reshape(sum(sizes), -1)
            assert sorted(map(tuple, ours.tolist())) == sorted(map(tuple, theirs.tolist()))


def test_a_rollout_must_be_whole():
    with pytest.raises(RuntimeError, match="not complete"):
        next(AtWorkRollouts(4, *SPACES, column=1).get())


# -- judged ----------------------------------------------------------------------------------------


def test_agents_stand_beside_all_rules_on_the_same_days(done):
    found = compare(done.case, [done.agent()], seeds=5, blocks=1, blinded=True)
    assert found.benchmarks == ["patient in the spread", "patient", "linear, tuned",
                                *day_rules()]
    assert found.agents == ["PPO", "PPO, signals blanked", "PPO, liquidity blanked",
                            "PPO, urgency blanked"]
    table = found.table
    assert (table["violations"] == 0).all() and (table["completion"] > 0.5).all()
    days = found.episodes
    assert np.allclose(days["objective_bps"], days["controlled_bps"] + days["aversion_bps"])
    classes = [f"{name}_bps" for name in ("low", "medium", "high")]
    known = days[classes].notna()
    assert known.any(axis=1).all() and set(classes) & set(table)
    least, most = days[classes].min(axis=1), days[classes].max(axis=1)
    assert (days["controlled_bps"] >= least - 1e-9).all()  # a mean of the classes by value
    assert (days["controlled_bps"] <= most + 1e-9).all()
    assert set(found.differences["verdict"]) <= {"better", "worse", "not told apart"}


@pytest.mark.parametrize("change, what", [
    (dict(stagger=True), "stagger is True"), (dict(normalise_observations=True), "idle names"),
    (dict(n_envs=1366), "4098 environments"), (dict(actions="orders"), "actions 'orders'")])
def test_what_names_as_environments_cannot_have_is_refused(change, what):
    with pytest.raises(ValueError, match=what):
        small(**change)


def test_the_case_is_a_desk_of_twelve_names_of_the_universe():
    case = find_case("portfolio")
    env = case.learner(case.vector(2, **case.recipe("ppo").settings))
    assert env.num_envs == 24 and env.single_observation_space.shape == (len(case.columns),)
    assert len(DESK) == 3 and SMALL.vector(1).core.names_count == 3
