"""One kernel, two forms: the same path bit for bit; autoreset; the adapter; errors."""

import copy
import subprocess
import sys
import time
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import lobsim.envs
from lobsim.engine.indirect import address_of
from lobsim.engine.jit import njit
from lobsim.envs.jobs import AT_KERNEL, FAILED, line_of, new_job
from lobsim.envs.threads import Helpers, shared_by
from lobsim.market.parts import Latency
from small_markets import FLOWS, START_S, profile_of

ID = "lobsim/Execution-v0"
SMALL = profile_of(*FLOWS["poisson"], Latency(0.01, 0.02, 0.02, 0.01, 0.01, 0.01))
SETTINGS = dict(profile=SMALL, side="random", quantity=60, horizon_s=30.0, interval_s=3.0,
                start_s=(START_S, START_S + 600), slice_s=6.0)


def one(**settings):
    return gymnasium.make(ID, **SETTINGS | settings).unwrapped


def many(n, mode=AutoresetMode.NEXT_STEP, **settings):
    return gymnasium.make_vec(ID, num_envs=n, autoreset_mode=mode, **SETTINGS | settings)


def actions(n, steps=40, seed=0):
    return np.random.default_rng(seed).integers(10, size=(steps, n))


def same(first, second):
    return first.dtype == second.dtype and first.tobytes() == second.tobytes()


@pytest.mark.parametrize("kind", ["discrete", "continuous", "orders"])
def test_both_checkers_find_no_fault(kind):
    from gymnasium.utils.env_checker import check_env
    from stable_baselines3.common.env_checker import check_env as check_for_sb3

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if kind == "orders":  # for rules: the space is not one for a network
            warnings.filterwarnings("ignore", message=".*action space.*")
        check_env(one(actions=kind))
        if kind != "orders":
            check_for_sb3(one(actions=kind))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_every_environment_of_a_vector_takes_the_path_it_takes_alone(n):
    vector, plan = many(n), actions(5)
    seen, infos = vector.reset(seed=11)
    alone = [one() for _ in range(n)]
    paths = []
    for i, env in enumerate(alone):
        first, info = env.reset(seed=11 + i)
        assert same(first, seen[i]) and all(infos[name][i] == info[name] for name in info)
        steps, over = [], False
        for row in plan:
            if over:
                first, info = env.reset()
                steps.append((first, 0.0, False, info))
                over = False
            else:
                first, reward, over, _, info = env.step(row[i])
                steps.append((first, reward, over, info))
        paths.append(steps)
    ends = 0
    for k, row in enumerate(plan):
        seen, rewards, terminated, truncated, infos = vector.step(row[:n])
        ends += terminated.sum()
        assert not truncated.any()
        for i in range(n):
            first, reward, over, info = paths[i][k]
            assert same(first, seen[i]) and reward == rewards[i] and over == terminated[i]
            assert all(infos[name][i] == info[name] for name in info)
    assert ends >= 3 * n


def test_native_and_gymnasium_s_own_vector_agree_in_all_they_return():
    for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
        native = many(3, mode)
        theirs = SyncVectorEnv([one] * 3, autoreset_mode=mode)
        assert native.metadata["autoreset_mode"] is mode
        assert native.observation_space == theirs.observation_space
        assert native.action_space == theirs.action_space
        assert same(native.reset(seed=5)[0], theirs.reset(seed=5)[0])
        for row in actions(3, steps=25):
            ours, other = native.step(row), theirs.step(row)
            for a, b in zip(ours[:4], other[:4], strict=True):
                assert np.array_equal(a, b)
            for name in set(ours[4]) | set(other[4]):
                if name == "final_obs":
                    assert all(np.array_equal(a, b) for a, b in
                               zip(ours[4][name], other[4][name], strict=True))
                elif name == "final_info":
                    for key, column in other[4][name].items():
                        assert np.array_equal(ours[4][name][key], column), key
                else:
                    assert np.array_equal(ours[4][name], other[4][name]), name


def test_info_at_the_end_alone_changes_nothing_else():
    full, brief = one(), one(info="end")
    first, second = full.reset(seed=6), brief.reset(seed=6)
    assert same(first[0], second[0]) and first[1] == second[1]
    over = False
    while not over:
        first, second = full.step(6), brief.step(6)
        over = first[2]
        assert same(first[0], second[0]) and first[1:4] == second[1:4]
        assert second[4] == (first[4] if over else {})
    with pytest.raises(ValueError, match="info is 'none'"):
        one(info="none")


def test_what_was_returned_is_not_written_to_again():
    env = one()
    held = [env.reset(seed=1)[0], env.step(5)[0]]
    copied = [seen.copy() for seen in held]
    env.step(5)
    assert all(same(a, b) for a, b in zip(held, copied, strict=True))
    envs = many(2)
    kept = [envs.reset(seed=1)[0]]
    copies = [kept[0].copy()]
    for row in actions(2, steps=15):
        kept.append(envs.step(row)[0])
        copies.append(kept[-1].copy())
    assert all(same(a, b) for a, b in zip(kept, copies, strict=True))


def test_a_reset_by_mask_leaves_the_others_where_they_are():
    envs, twin = (many(2, AutoresetMode.DISABLED, quantity=600) for _ in range(2))
    plan = actions(2, steps=5)
    for env in (envs, twin):
        env.reset(seed=8)
        env.step(plan[0])
    before = twin.step(plan[1])[0]
    seen = envs.step(plan[1])[0]
    seen, _ = envs.reset(options={"reset_mask": np.array([True, False])})
    assert same(seen[1], before[1]) and not same(seen[0], before[0])
    assert same(envs.step(plan[2])[0][1], twin.step(plan[2])[0][1])


def test_without_autoreset_a_step_after_the_end_is_refused():
    envs = many(1, AutoresetMode.DISABLED)
    with pytest.raises(gymnasium.error.ResetNeeded):
        envs.step(np.array([0]))
    envs.reset(seed=1)
    while not envs.step(np.array([0]))[2].any():
        pass
    with pytest.raises(gymnasium.error.ResetNeeded):
        envs.step(np.array([0]))
    env = one()
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_the_adapter_gives_what_stable_baselines_own_vector_gives(mode):
    from stable_baselines3.common.vec_env import DummyVecEnv

    from lobsim.envs.sb3 import VecEnvOf

    ours, theirs = VecEnvOf(many(3, mode)), DummyVecEnv([one] * 3)
    for env in (ours, theirs):
        env.seed(21)
    assert same(ours.reset(), theirs.reset())
    ends = 0
    for row in actions(3, steps=25, seed=3):
        a, b = ours.step(row), theirs.step(row)
        for left, right in zip(a[:3], b[:3], strict=True):
            assert same(np.asarray(left), np.asarray(right))
        for done, left, right in zip(a[2], a[3], b[3], strict=True):
            if done:
                ends += 1
                assert same(left["terminal_observation"], right["terminal_observation"])
                assert left["TimeLimit.truncated"] == right["TimeLimit.truncated"]
                assert left["shortfall_bps"] == right["shortfall_bps"]
                assert left["episode"]["l"] <= 10
            else:
                assert left == {}
    assert ends > 3
    assert ours.get_attr("num_envs") == [3, 3, 3]


def test_stable_baselines_trains_on_it_and_sees_its_episodes():
    from stable_baselines3 import PPO

    from lobsim.envs.sb3 import VecEnvOf

    envs = VecEnvOf(many(4, AutoresetMode.SAME_STEP, info="end"))
    model = PPO("MlpPolicy", envs, n_steps=32, batch_size=64, n_epochs=1, seed=1, device="cpu")
    model.learn(256)
    assert len(model.ep_info_buffer) > 10


def test_hidden_signals_are_zero_and_the_order_s_own_columns_are_not_touched():
    open_eyes, blind = one(), one(blind=True)
    first, second = open_eyes.reset(seed=4)[0], blind.reset(seed=4)[0]
    for action in (2, 4, 7, 5):
        assert same(first[:7], second[:7]) and (second[7:] == 0).all() and (first[7:] != 0).any()
        first, second = open_eyes.step(action)[0], blind.step(action)[0]


@pytest.mark.parametrize("settings, text", [
    ({"profile": "NONE"}, "there is no profile"), ({"quantity": 0.5}, "quantity is 0.5"),
    ({"quantity": -3}, "quantity is -3"), ({"side": "both"}, "side"),
    ({"horizon_s": 0}, "horizon_s is 0"), ({"interval_s": 40.0}, "interval_s is 40"),
    ({"interval_s": 1e-6}, "more than 1000000 steps"), ({"actions": "words"}, "actions is 'words'"),
    ({"start_s": 3}, "the window is"), ({"start_s": (5.0, 3.0)}, "start_s is"),
    ({"schedule": "pov"}, "schedule is 'pov'"), ({"sizes": ()}, "sizes is"),
    ({"guard_s": -1}, "guard_s is -1"), ({"reward": "profit"}, "reward is 'profit'"),
    ({"reward": {"luck": 1}}, "no term 'luck'"), ({"reward": {"fees": np.inf}}, "must be finite"),
    ({"discount": 2}, "discount is 2"), ({"max_offset_ticks": 0.5}, "max_offset_ticks is 0.5"),
    ({"randomise": {"luck": (0, 1)}}, "names 'luck'"),
    ({"randomise": {"taker_fee": (2, 1)}}, "two finite numbers"),
    ({"randomise": lambda rng, profile: 3}, "randomise returned int"),
    ({"render_mode": "human"}, "draws nothing"),
    ({"depth_levels": -1}, "depth_levels is -1; it must be a whole number from 0 to 100"),
    ({"depth_levels": 101}, "depth_levels is 101"), ({"depth_levels": 2.5}, "depth_levels is 2.5"),
    ({"depth_levels": "all"}, "depth_levels is 'all'"),
])  # fmt: skip
def test_wrong_settings_are_one_sentence(settings, text):
    with pytest.raises(ValueError, match=text) as raised:
        lobsim.envs.ExecutionEnv(**SETTINGS | settings)
    assert len(str(raised.value).splitlines()) == 1


def test_wrong_actions_and_arguments_are_one_sentence():
    envs = many(2)
    envs.reset(seed=1)
    with pytest.raises(ValueError, match="action 10 of environment 1"):
        envs.step(np.array([0, 10]))
    smooth = one(actions="continuous")
    smooth.reset(seed=1)
    with pytest.raises(ValueError, match="not in the action space"):
        smooth.step(np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="reset_mask must be 2 bools"):
        envs.reset(options={"reset_mask": np.zeros(2, bool)})
    with pytest.raises(ValueError, match="seed has 3 entries"):
        envs.reset(seed=[1, 2, 3])
    with pytest.raises(ValueError, match="seed is -1"):
        envs.reset(seed=-1)
    with pytest.raises(ValueError, match="autoreset_mode is 'never'"):
        many(2, "never")
    with pytest.raises(ValueError, match="num_envs is 0"):
        lobsim.envs.ExecutionVectorEnv(0)


def test_importing_the_kit_asks_for_no_gymnasium_and_its_lack_is_one_sentence():
    code = ("import sys, lobsim; assert not {'gymnasium', 'torch', 'stable_baselines3'} "
            "& set(sys.modules)\n"
            "import importlib.util as u; found = u.find_spec\n"
            "u.find_spec = lambda name, *a: None if name == 'gymnasium' else found(name, *a)\n"
            "try: import lobsim.envs\n"
            "except ImportError as error: print(error)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ("lobsim.envs needs Gymnasium; install it with: pip install "
                                   "'gymnasium>=1.2,<2'")


@pytest.mark.parametrize("make", [
    lambda: many(2), lambda: gymnasium.make_vec("lobsim/MarketMaking-v0", num_envs=2,
                                                session_s=6.0)])
def test_a_copy_of_an_environment_goes_on_by_itself_as_the_original_would(make):
    envs = make()
    envs.reset(seed=4)
    envs.action_space.seed(1)
    plan = [envs.action_space.sample() for _ in range(3)]
    envs.step(plan[0])
    copied = copy.deepcopy(envs)
    told = [copied.step(action)[0] for action in plan[1:]]
    for theirs, action in zip(told, plan[1:], strict=True):
        assert same(theirs, envs.step(action)[0])
    del envs
    copied.step(plan[0])


@pytest.mark.parametrize("kind", ["discrete", "pace"])
def test_the_number_of_threads_changes_nothing(kind):
    """Whole episodes, automatic resets included, and a refused action that moves no market."""
    paths = []
    for threads in (1, 3):
        envs = many(13, AutoresetMode.SAME_STEP, threads=threads, actions=kind).unwrapped
        envs.action_space.seed(4)
        path = [envs.reset(seed=9)[0].copy()]
        for _ in range(15):
            seen, rewards, over, *_ = envs.step(envs.action_space.sample())
            path += [seen.copy(), rewards.copy(), over.copy()]
        before = envs._core.step_number.copy()
        wrong = envs.action_space.sample()
        wrong[5] = 99 if kind == "discrete" else np.nan
        with pytest.raises(ValueError, match="environment 5 is not in the action space"):
            envs.step(wrong)
        assert np.array_equal(envs._core.step_number, before)
        paths.append(path)
    assert all(map(np.array_equal, *paths))


def test_threads_must_be_a_number_that_can_be_had():
    with pytest.raises(ValueError, match="threads is 0; it must be a whole number from 1 to 64"):
        gymnasium.make_vec("lobsim/Execution-v0", num_envs=2, threads=0)


@njit(borrows=True)
def fails(job, chunk, _):
    if chunk >= 0:
        raise KeyError("chunk")
    return 0


def test_what_a_thread_raises_is_raised_and_the_next_step_is_played_by_new_ones():
    envs, alone = (many(12, threads=threads).unwrapped for threads in (3, 1))
    plan = np.zeros((3, 12), np.int64)
    for one in (envs, alone):
        one.reset(seed=2)
        one.step(plan[0])
    envs._core._job[0, AT_KERNEL] = address_of(fails)
    with pytest.raises(KeyError):
        envs.step(plan[1])
    for action in plan[1:]:
        assert same(envs.step(action)[0], alone.step(action)[0])


def test_a_helper_that_fails_says_so_and_ends():
    job = new_job(address_of(fails), 0, 8, 2, 2)
    helpers = Helpers(job, 1)
    job[0, line_of(1)] = 0  # its first chunk is there to be claimed
    deadline = time.monotonic() + 60.0
    while not job[0, FAILED] and time.monotonic() < deadline:
        helpers.wake()
        time.sleep(0.001)
    assert isinstance(helpers.end(), KeyError)


def test_rows_are_shared_by_no_more_threads_than_have_work():
    assert [shared_by(7, 4), shared_by(64, 3), shared_by(4096, 2)] == [(1, 1), (3, 8), (2, 8)]


def test_a_copy_of_an_environment_on_several_threads_has_threads_of_its_own():
    envs = many(12, threads=2)
    envs.reset(seed=4)
    plan = np.ones((4, 12), np.int64)
    envs.step(plan[0])
    copied = copy.deepcopy(envs)
    told = [copied.step(action)[0] for action in plan[1:]]
    for theirs, action in zip(told, plan[1:], strict=True):
        assert same(theirs, envs.step(action)[0])
