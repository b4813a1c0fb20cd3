"""`lobsim bench envs`: figures of a run are whole; wrong use is one sentence."""

import json

import gymnasium
import numpy as np
import pytest
import readme_parts
import speed_table
from numba import config
from typer.testing import CliRunner

from lobsim.bench import envs as bench
from lobsim.bench import envs_peers, envs_profile, envs_training
from lobsim.cli import app
from lobsim.envs import ExecutionVectorEnv

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off")


def run(*arguments):
    """Exit code, output, and what went to standard error."""
    done = CliRunner().invoke(app, ["bench", "envs", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def brief(monkeypatch):
    """Turns of a moment."""
    monkeypatch.setattr(bench, "MARKET_S", {interval_s: 2.0 for interval_s in bench.INTERVALS_S})
    monkeypatch.setattr(bench, "PARTS_OF", 3)
    monkeypatch.setattr(bench, "PARTS_STEPS", {interval_s: 5 for interval_s in bench.INTERVALS_S})
    monkeypatch.setattr(envs_training, "ENVS", 4)
    monkeypatch.setattr(envs_training, "ROLLOUT", 4)


def test_the_figures_of_a_run_are_whole(brief, monkeypatch):
    monkeypatch.setattr("lobsim.envs.threads.cores", lambda: 2)
    code, out, _ = run("--turns", 1, "--envs", 3, "--json")
    told = json.loads(out)
    assert code == 0 and told["cartpole_steps_per_s"] > 0
    assert [(row["form"], row["info"], row["envs"], row["threads"]) for row in told["rows"]] == [
        ("scalar", "all", 1, 1), ("scalar", "end", 1, 1), ("vector", "end", 3, 1),
        ("vector", "end", 3, 2)] * len(bench.INTERVALS_S)
    for row in told["rows"]:
        assert row["events_per_step"] > row["messages_per_step"] > 0
        assert row["events_per_s"] == pytest.approx(
            row["steps_per_s"] * row["events_per_step"], rel=1e-6)
        assert row["over_cartpole"] > 0 and row["reset_ms"] > 0
        assert (row["batch_share"] is None) == (row["threads"] > 1)
    assert [(row["form"], row["threads"]) for row in told["training"]] == [
        ("DummyVecEnv", 1), ("vector", 1), ("vector", 2)] * len(envs_training.INTERVALS_S)
    for row in told["training"]:
        assert row["steps_per_s"] > 0 and 0 < row["env_share"] < 1
        assert row["over_dummy"] == 1.0 or row["form"] == "vector"


@pytest.mark.skipif(not envs_profile.can_profile(), reason="the counter is not told to programs")
def test_the_parts_of_a_step_add_up_to_it(brief):
    code, out, _ = run("--turns", 1, "--envs", 2, "--no-training", "--no-peers", "--json")
    told = json.loads(out)
    assert code == 0 and told["training"] == told["peers"] == told["not_installed"] == []
    assert [(row["form"], row["envs"]) for row in told["parts"]] == [
        ("scalar", 1), ("vector", 3), ("scalar", 1), ("vector", 3), ("scalar", 1)]
    assert max(row["envs"] * row["interval_s"] for row in told["parts"]) <= bench.PARTS_MOST_S
    for row in told["parts"]:
        each = [row[f"{name}_ns"] for name in (*envs_profile.PARTS, "python")]
        assert min(each[:4]) > 0 and sum(each) == pytest.approx(row["step_ns"])


@pytest.mark.skipif(not envs_profile.can_profile(), reason="the counter is not told to programs")
def test_the_kernel_that_tells_its_parts_plays_the_same_episodes():
    settings = dict(quantity=2_000, horizon_s=12.0, interval_s=2.0, slice_s=2.0, side="random")
    plain, timed = (ExecutionVectorEnv(3, **settings) for _ in range(2))
    cycles = np.zeros(len(envs_profile.PARTS), np.int64)
    envs_profile._with_timed_kernel(timed._core, cycles)
    assert np.array_equal(plain.reset(seed=4)[0], timed.reset(seed=4)[0])
    ends = 0
    for row in np.random.default_rng(4).integers(10, size=(15, 3)):
        one, other = plain.step(row), timed.step(row)
        for a, b in zip(one[:3], other[:3], strict=True):
            assert a.tobytes() == b.tobytes()
        assert all(np.array_equal(one[4][name], other[4][name]) for name in plain.info_names)
        ends += one[2].sum()
    assert ends >= 3 and (cycles > 0).all()


def test_a_peer_that_is_missing_is_named_and_one_that_fails_is_told(brief, monkeypatch):
    class Broken(gymnasium.Env):
        def reset(self, **_):
            raise RuntimeError("no table")

    kinds = (envs_peers.EnvPeer("numpy", "fails", Broken),
             envs_peers.EnvPeer("gymnasium", "a pole", lambda: gymnasium.make(bench.PEER)),
             envs_peers.EnvPeer("no-such-package", "is not there", Broken))
    monkeypatch.setattr(bench, "ENV_PEERS", kinds)
    code, out, _ = run("--turns", 1, "--envs", 2, "--no-training", "--no-parts", "--json")
    told = json.loads(out)
    assert code == 0 and told["not_installed"] == ["no-such-package"]
    broken, pole = told["peers"]
    assert broken["failed"] == "RuntimeError: no table" and broken["steps_per_s"] is None
    assert pole["steps_per_s"] > 0 and pole["over_cartpole"] > 0 and not pole["failed"]


def test_the_table_is_shown(brief):
    code, out, _ = run("--turns", 1, "--envs", 2, "--no-peers")
    assert code == 0
    for words in ("k steps/s", "MarketBatch", "a bare CartPole-v1 made", "x DummyVecEnv"):
        assert words in " ".join(out.split())
    assert ("a step of" in out) == envs_profile.can_profile()


def test_the_speed_in_the_readme_is_that_of_the_stored_run():
    assert readme_parts.shown("speed") == speed_table.section()


@pytest.mark.parametrize("arguments, text", [
    (("--turns", 0), "turns is 0"), (("--envs", 0), "at least one environment"),
    (("--profile", "NONE"), "there is no profile"),
])  # fmt: skip
def test_wrong_use_is_one_sentence_and_status_2(arguments, text):
    code, out, said = run(*arguments)
    assert (code, out) == (2, "")
    assert text in said and len(said.strip().splitlines()) == 1
