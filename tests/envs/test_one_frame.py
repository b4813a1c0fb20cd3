"""Laws of the one frame of all environments: registration, modes, the adapter, zero copy, info."""

import ast
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import DummyVecEnv

import lobsim.envs
from lobsim.envs.evaluate_making import evaluate
from lobsim.envs.sb3 import VecEnvOf
from lobsim.envs.vector import KernelEnv, KernelVectorEnv
from lobsim.strategies import AlmgrenChriss
from small_markets import FLOWS, START_S, profile_of

MODEL = AlmgrenChriss(1e5, 2.0, 4, volatility=0.9, temporary=2e-6, permanent=3e-7, half_spread=0.01)
SHORT = {
    "lobsim/Execution-v0": dict(profile=profile_of(*FLOWS["poisson"]), quantity=60, horizon_s=15.0,
                                interval_s=3.0, start_s=START_S, slice_s=6.0,
                                actions="continuous"),
    "lobsim/AvellanedaStoikov-v0": dict(horizon=0.03),
    "lobsim/AlmgrenChriss-v0": dict(model=MODEL, reward="realised"),
    "lobsim/MarketMaking-v0": dict(session_s=4),
    "lobsim/Portfolio-v0": dict(universe=[profile_of(*FLOWS["poisson"], name=f"N{k}")
                                          for k in range(2)], horizon_s=15.0, interval_s=3.0,
                                start_s=START_S, slice_s=6.0),
}
REGISTERED = sorted(name for name in gymnasium.registry if name.startswith("lobsim/"))
each_id = pytest.mark.parametrize("name", REGISTERED)


def many(name, n=3, **settings):
    return gymnasium.make_vec(name, num_envs=n, **SHORT[name] | settings)


def plan_for(envs, count, seed=0):
    shape = (count, *envs.action_space.shape)
    return np.random.default_rng(seed).uniform(-1, 0.2, shape).astype(np.float32)


@each_id
def test_every_registered_name_makes_one_and_many_of_the_one_frame(name):
    one = gymnasium.make(name, **SHORT[name])
    envs = many(name, 2)
    assert isinstance(one.unwrapped, KernelEnv) and isinstance(envs.unwrapped, KernelVectorEnv)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    first, told = one.reset(seed=4)
    seen, infos = envs.reset(seed=4)
    assert first.tobytes() == seen[0].tobytes() and set(told) == set(envs.unwrapped.info_names)
    action = plan_for(envs, 1)[0]
    first, reward, *_, told = one.step(action[0])
    seen, rewards, *_, infos = envs.step(action)
    assert first.tobytes() == seen[0].tobytes() and reward == rewards[0]
    assert all(infos[key][0] == value and infos["_" + key].all() for key, value in told.items())


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("name", ["lobsim/AvellanedaStoikov-v0", "lobsim/AlmgrenChriss-v0",
                                  "lobsim/MarketMaking-v0"])
def test_the_adapter_gives_what_stable_baselines_own_vector_gives(name, mode):
    """The last view of an episode is its own, not the first one of the next."""
    def one():
        return gymnasium.make(name, **SHORT[name]).unwrapped

    ours, theirs = VecEnvOf(many(name, autoreset_mode=mode)), DummyVecEnv([one] * 3)
    for envs in (ours, theirs):
        envs.seed(21)
    assert ours.reset().tobytes() == theirs.reset().tobytes()
    ends = 0
    for action in plan_for(ours.env, 14, seed=3):
        (seen, rewards, done, infos), other = ours.step(action), theirs.step(action)
        assert seen.tobytes() == other[0].tobytes() and rewards.tobytes() == other[1].tobytes()
        assert (done == other[2]).all()
        for i in np.flatnonzero(done):
            ends += 1
            last = infos[i]["terminal_observation"]
            assert last.tobytes() == other[3][i]["terminal_observation"].tobytes()
            assert last[1] == 0.0 and seen[i, 1] == 1.0  # the time left
            assert infos[i]["TimeLimit.truncated"] is other[3][i]["TimeLimit.truncated"] is False
            for key in ours.env.unwrapped.info_names:
                assert infos[i][key] == other[3][i][key]
    assert ends >= 6


@each_id
@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_without_copies_the_same_is_seen_in_two_buffers_in_turn(name, mode):
    copied, bare = (many(name, autoreset_mode=mode, copy=copy) for copy in (True, False))
    shown = [bare.reset(seed=6)[0]]
    kept = [copied.reset(seed=6)[0]]
    rewards = []
    for action in plan_for(copied, 8):
        kept.append(copied.step(action)[0])
        seen, reward, over, _, _ = bare.step(action)
        shown.append(seen)
        rewards.append((reward, reward.copy()))
        assert seen.tobytes() == kept[-1].tobytes()
        assert np.shares_memory(shown[-1], shown[-3 if len(shown) > 2 else -1])
        assert not np.shares_memory(shown[-1], shown[-2])
        assert shown[-2].tobytes() == kept[-2].tobytes()  # not written by one step
        if mode is AutoresetMode.DISABLED and over.any():
            kept.append(copied.reset(options={"reset_mask": over})[0])
            shown.append(bare.reset(options={"reset_mask": over})[0])
            assert shown[-1].tobytes() == kept[-1].tobytes()
    assert all((reward == copy).all() for reward, copy in rewards)


@each_id
def test_a_reset_by_mask_leaves_the_others_where_they_are(name):
    envs, twin = many(name), many(name)
    plan = plan_for(envs, 3)
    for one in (envs, twin):
        one.reset(seed=8)
    before = twin.step(plan[0])[0]
    envs.step(plan[0])
    mask = np.array([False, True, False])
    seen, infos = envs.reset(options={"reset_mask": mask})
    fresh = many(name).reset(seed=[8, 70, 10])[0]
    again = envs.reset(seed=[None, 70, None], options={"reset_mask": mask})[0]
    assert again[1].tobytes() == fresh[1].tobytes()
    for i in (0, 2):
        assert seen[i].tobytes() == before[i].tobytes() == again[i].tobytes()
    assert (infos["_" + envs.unwrapped.info_names[0]] == mask).all()
    ours, theirs = envs.step(plan[1]), twin.step(plan[1])
    for i in (0, 2):
        assert ours[0][i].tobytes() == theirs[0][i].tobytes() and ours[1][i] == theirs[1][i]


@each_id
def test_info_at_the_end_alone_changes_nothing_else(name):
    full, brief = many(name), many(name, info="end")
    full.reset(seed=2), brief.reset(seed=2)
    ends = 0
    for action in plan_for(full, 8):
        ours, theirs = full.step(action), brief.step(action)
        for a, b in zip(ours[:4], theirs[:4], strict=True):
            assert a.tobytes() == b.tobytes()
        final = {"final_obs", "_final_obs", "final_info", "_final_info"}
        assert set(theirs[4]) == set(ours[4]) & final
        if "final_info" in ours[4]:
            ends += 1
            for key, column in ours[4]["final_info"].items():
                assert (theirs[4]["final_info"][key] == column).all()
    assert ends


def test_an_evaluation_wants_to_be_told_every_step():
    envs = many("lobsim/AvellanedaStoikov-v0", info="end").unwrapped
    with pytest.raises(ValueError, match="info is 'end'"):
        evaluate(envs, {"still": lambda seen: np.zeros((3, 2))}, 3)


def test_there_is_one_frame():
    """Vector environments and automatic resets are written in one file only."""
    own = []
    for path in Path(lobsim.envs.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                own += [path.name] * bool(bases & {"VectorEnv", "Env"})
    assert set(own) == {"vector.py"}
