"""Seeds: one path each, none shared; randomisation is a function of the seed; any base flow."""

import os
import subprocess
import sys

import gymnasium
import numpy as np
import pytest

import lobsim.envs
from lobsim.envs import episode_seeds
from lobsim.envs.seeding import episode_key, episode_uniforms, seeds_of
from lobsim.market.parts import Latency
from small_markets import FLOWS, START_S, profile_of

SMALL = profile_of(*FLOWS["poisson"])
SETTINGS = dict(profile=SMALL, quantity=60, horizon_s=30.0, interval_s=3.0, start_s=START_S,
                slice_s=6.0)


def test_episodes_of_a_seed_are_one_stream_wherever_one_begins():
    whole = episode_seeds(5, 0, 20)
    assert np.array_equal(whole[7:], episode_seeds(5, 7, 13))
    assert whole.dtype == np.uint64 and (whole < 2**63).all()


def test_no_two_of_many_seeds_share_an_episode():
    drawn = np.concatenate([episode_seeds(seed, 0, 200) for seed in range(50)])
    assert len(np.unique(drawn)) == len(drawn)


def test_many_streams_at_once_give_the_seeds_of_each():
    bases, numbers = [0, 1, 7, 2**63 - 1], np.array([3, 0, 11, 2], np.uint64)
    found = seeds_of(np.array([episode_key(base) for base in bases]), numbers)
    assert found.tolist() == [int(episode_seeds(base, int(k), 1)[0])
                              for base, k in zip(bases, numbers)]


def test_uniform_numbers_of_an_episode_depend_on_its_seed_alone():
    seeds = np.arange(600, dtype=np.uint64)  # neighbours, as who sets market seeds may choose them
    whole = episode_uniforms(seeds, 40)
    for i in (0, 1, 599):
        assert (episode_uniforms(seeds[i:i + 1], 25)[0] == whole[i, :25]).all()
    assert 0 <= whole.min() and whole.max() < 1 and len(np.unique(whole)) == whole.size
    assert abs(whole.mean() - 0.5) < 4 / np.sqrt(12 * whole.size)
    counts = np.histogram(whole, 20, (0, 1))[0]
    assert ((counts - whole.size / 20) ** 2 / (whole.size / 20)).sum() < 43.8  # 1 in 1,000
    for moved in (whole[1:], np.roll(whole, 1, axis=1)):  # between seeds, and from draw to draw
        r = np.corrcoef(whole[:len(moved)].ravel(), moved.ravel())[0, 1]
        assert abs(r) < 4 / np.sqrt(whole.size)


@pytest.mark.parametrize("seed, first, count", [(-1, 0, 1), (2**63, 0, 1), (0, -1, 1), (0, 0, -1),
                                                (0.5, 0, 1)])
def test_a_wrong_seed_is_refused(seed, first, count):
    with pytest.raises(ValueError):
        episode_seeds(seed, first, count)


def paths(n, steps, seed):
    """Moves of the mid in n environments that do nothing, shape (n, steps)."""
    envs = gymnasium.make_vec("lobsim/Execution-v0", num_envs=n,
                              **SETTINGS | {"horizon_s": 3.0 * (steps + 1)})
    _, infos = envs.reset(seed=seed)
    mids = [infos["mid"].copy()]
    for _ in range(steps):
        mids.append(envs.step(np.zeros(n, int))[4]["mid"].copy())
    return np.diff(mids, axis=0).T


def test_neighbouring_seeds_give_uncorrelated_paths_at_any_shift():
    n, steps = 12, 60
    moves = paths(n, steps, seed=100)
    assert (moves.std(axis=1) > 0).all()
    found = []
    for i in range(n):
        for j in range(i):
            for shift in range(-20, 21):
                a, b = moves[i, max(0, shift):steps + min(0, shift)], moves[j]
                b = b[max(0, -shift):steps - max(0, shift)]
                found.append(np.corrcoef(a, b)[0, 1])
    found = np.array(found)
    # A shifted copy of a path would show as 1; chance alone has a deviation of 1 / sqrt(50).
    assert np.abs(found).max() < 0.85 and abs(found.mean()) < 0.02
    assert found.std() == pytest.approx(1 / np.sqrt(steps - 10), rel=0.15)


def test_the_same_seed_is_the_same_path_in_a_new_object():
    first, second = (paths(3, 10, seed=9) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert paths(3, 10, seed=12).tobytes() != first.tobytes()


def test_without_a_seed_two_environments_differ():
    first, second = (gymnasium.make("lobsim/Execution-v0", **SETTINGS) for _ in range(2))
    assert not np.array_equal(first.reset()[0], second.reset()[0])


RANGES = {"taker_fee": (0.001, 0.005), "order_s": (0.0, 0.2), "depth_per_tick": (20.0, 200.0)}


def drawn_profiles(**settings):
    env = lobsim.envs.ExecutionEnv(**SETTINGS | settings)
    found = []
    for seed in (3, 4, 3):
        env.reset(seed=seed)
        found.append((env._core.episodes[0].profile, env.step(5)[4]["cash"], env))
    return found


def test_ranges_are_drawn_from_the_seed_and_reach_the_market():
    (first, cash, _), (other, _, _), (again, same_cash, _) = drawn_profiles(randomise=RANGES)
    for name, (low, high) in RANGES.items():
        values = [getattr(profile, name) for profile in (first, other, again)]
        assert all(low <= value <= high for value in values)
        assert values[0] == values[2] != values[1]
    assert first.part(Latency).feed_s == 0.0 and SMALL.part(Latency) is None
    assert cash == same_cash


def test_a_callable_may_draw_any_profile():
    def swap(rng, profile):
        return profile.with_changes(max_live=int(rng.integers(300, 900)), name="drawn")

    first, other, again = (row[0] for row in drawn_profiles(randomise=swap))
    assert first.name == "drawn" and first.max_live == again.max_live != other.max_live


def test_side_and_start_are_drawn_from_the_seed():
    env = lobsim.envs.ExecutionEnv(**SETTINGS | {"side": "random",
                                                 "start_s": (START_S, START_S + 900)})
    drawn = {}
    for seed in list(range(12)) * 2:
        env.reset(seed=seed)
        episode = env._core.episodes[0]
        assert drawn.setdefault(seed, episode[1:]) == episode[1:]
        assert START_S <= episode.start_s <= START_S + 900
    assert {side for _, side in drawn.values()} == {1, -1}
    assert len({start for start, _ in drawn.values()}) > 8


UNCOMPILED = """
import numpy as np, gymnasium, lobsim.envs
from small_markets import FLOWS, START_S, profile_of
for flow in ("queues", "hawkes", "poisson"):
    env = gymnasium.make("lobsim/Execution-v0", profile=profile_of(*FLOWS[flow], max_live=256),
                         quantity=20, horizon_s=4.0, interval_s=1.0, start_s=START_S, slice_s=1.0)
    env.reset(seed=3)
    total = sum(env.step(action)[1] for action in (2, 6, 5))
    print(flow, total.hex(), env.step(0)[4]["shortfall_bps"].hex())
"""


def test_uncompiled_it_takes_the_same_path_and_plays_every_base_flow():
    told = {}
    for off in ("1", "0"):
        code = UNCOMPILED if off == "1" else UNCOMPILED.replace('("queues", "hawkes", "poisson")',
                                                                '("poisson",)')
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              env=os.environ | {"NUMBA_DISABLE_JIT": off, "PYTHONPATH":
                                                os.pathsep.join(sys.path)})
        assert done.returncode == 0, done.stderr
        told[off] = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert set(told["1"]) == {"queues", "hawkes", "poisson"}
    assert told["1"]["poisson"] == told["0"]["poisson"]
