"""RLlib trains the environment of one machine, outlives a node, and leaves an ordinary agent."""

import importlib.util
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from desk_case import SMALL
from packaging.requirements import Requirement
from ray_nodes import quick_folder

from lobsim.agents import Agent, compare
from lobsim.agents.ray_training import _PACKAGES, network_from

HERE = Path(__file__).resolve().parent
NEEDS = HERE / "rllib.txt"


@pytest.fixture(scope="session")
def rllib(repo):
    """Environment variables for a process that finds RLlib and the gymnasium that it pins."""
    folder = os.environ.get("LOBSIM_RLLIB")
    if folder is None and not all(map(importlib.util.find_spec, ("ray", *_PACKAGES))):
        pytest.skip("RLlib is not installed, and LOBSIM_RLLIB names no folder with its parts")
    tests = [str(repo / "tests" / name) for name in ("agents", "envs", "grading", "market")]
    path = [quick_folder(), folder, str(repo), *tests, os.environ.get("PYTHONPATH")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}


def run(code_or_file, rllib, *arguments):
    done = subprocess.run([sys.executable, *code_or_file, *map(str, arguments)], env=rllib,
                          capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("agent")


@pytest.fixture(scope="module")
def found(rllib, out):
    """What the scenario found."""
    text = run([HERE / "ray_scenario.py"], rllib, out)
    return json.loads(next(line for line in text.splitlines() if line.startswith("FOUND"))[5:])


def test_views_and_rewards_are_those_of_one_machine(found):
    assert found["days"] == 3 and found["seen_off"] == 0 and found["reward_off"] < 1e-12


def test_the_agent_says_what_the_module_says(found):
    assert found["apart"] < 1e-6


def test_workers_act_by_what_was_learned_whatever_they_had(found):
    assert found["stale"] == 0.0


def test_no_two_workers_and_no_judge_share_a_day(found):
    one, two = found["days_of_workers"].values()
    assert len(one) == len(two) == 2 and len({*one, *two}) == 4
    assert found["common_with_unseen"] == 0


def test_a_node_that_dies_ends_no_training(found):
    assert found["iterations"] == 2 and found["more"] and found["moved"]
    assert len(found["after_loss"]) == 1  # the other worker has no place to begin anew


def test_a_checkpoint_gives_back_weights_and_the_days_that_were_to_come(found):
    assert found["restored"]
    assert found["again"] == [found["resumed_days"], True]
    assert found["weights_again"] == 0.0
    before = {seed for some in found["days_of_workers"].values() for seed in some}
    assert not before & {seed for some in found["resumed_days"].values() for seed in some}
    assert found["folders"] == ["rllib-3", "rllib.json"]


def test_what_is_left_is_an_agent_like_any_other(found, out):
    agent = Agent.load(out)
    assert agent.record["trained_steps"] == found["trained"] == found["all"] > found["played"]
    assert agent.record["versions"]["ray"] == metadata.version("ray")
    judged = compare(SMALL, [agent], seeds=2, blocks=1)
    assert judged.agents == ["PPO"] and (judged.table["violations"] == 0).all()


def test_the_command_trains_on_a_cluster_of_its_own(rllib, tmp_path):
    command = ["-m", "lobsim", "train", "portfolio", "--ray", "local", "--workers", "1", "--steps",
               "10", "--out", tmp_path, "--json", *(part for text in (
                   "names=2", "horizon_s=120", "interval_s=60", "n_envs=2", "batch_size=4",
                   "net=[8, 8]", "validations=1") for part in ("--set", text))]
    (record,) = json.loads(run(command, rllib))
    assert record["trained_steps"] >= 10 and len(record["validation"]) == 2
    assert Agent.load(tmp_path).network.shape.net == (8, 8)


WORLDS = """
import sys, warnings
import gymnasium, lobsim.envs
from gymnasium.utils.env_checker import check_env
warnings.simplefilter("ignore")
for world in ("Execution", "MarketMaking", "AvellanedaStoikov", "AlmgrenChriss", "Portfolio"):
    small = {"Execution": dict(horizon_s=20), "MarketMaking": dict(session_s=10),
             "Portfolio": dict(names=2, horizon_s=120)}.get(world, {})
    check_env(gymnasium.make(f"lobsim/{world}-v0", **small).unwrapped, skip_render_check=True)
    envs = gymnasium.make_vec(f"lobsim/{world}-v0", num_envs=2, **small)
    envs.reset(seed=1)
    envs.step(envs.action_space.sample())
print(gymnasium.__version__)
"""


def test_all_worlds_hold_under_the_gymnasium_that_rllib_pins(rllib):
    wanted = next(Requirement(line) for line in NEEDS.read_text().splitlines()
                  if line.startswith("gymnasium"))
    assert run(["-c", WORLDS], rllib).split()[-1] in wanted.specifier


def test_the_list_of_rllib_s_parts_is_ray_s_own(repo):
    """What rllib.txt adds to the test environment, with its pins, is what Ray asks for."""
    pytest.importorskip("ray")
    listed = {one.name.replace("-", "_"): one for one in map(
        Requirement, filter(lambda line: line and line[0] != "#", NEEDS.read_text().splitlines()))}
    for line in metadata.requires("ray"):
        wanted = Requirement(line)
        if wanted.marker is None or not wanted.marker.evaluate({"extra": "rllib"}) \
                or wanted.marker.evaluate({"extra": ""}):
            continue
        name = wanted.name.replace("-", "_")
        if name in listed:
            assert listed[name].specifier == wanted.specifier, name
        else:
            assert metadata.version(wanted.name) in wanted.specifier


def test_weights_of_another_network_are_refused():
    with pytest.raises((KeyError, RuntimeError)):
        network_from({"pi.log_std": np.zeros(1)}, (8,), "tanh")
