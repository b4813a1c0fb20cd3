"""`lobsim bench envs`: figures of a run are whole; wrong use is one sentence."""

import json

import pytest
from numba import config
from typer.testing import CliRunner

from lobsim.bench import envs as bench
from lobsim.cli import app

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


def test_the_figures_of_a_run_are_whole(brief):
    code, out, _ = run("--turns", 1, "--envs", 3, "--json")
    told = json.loads(out)
    assert code == 0 and told["cartpole_steps_per_s"] > 0
    assert [(row["form"], row["envs"]) for row in told["rows"]] == [
        ("scalar", 1), ("vector", 3)] * len(bench.INTERVALS_S)
    for row in told["rows"]:
        assert row["events_per_step"] > row["messages_per_step"] > 0
        assert row["events_per_s"] == pytest.approx(
            row["steps_per_s"] * row["events_per_step"], rel=1e-6)
        assert row["over_cartpole"] > 0 and row["batch_share"] > 0 and row["reset_ms"] > 0


def test_the_table_is_shown(brief):
    code, out, _ = run("--turns", 1, "--envs", 2)
    assert code == 0
    for words in ("k steps/s", "MarketBatch", "a bare CartPole-v1 made"):
        assert words in " ".join(out.split())


@pytest.mark.parametrize("arguments, text", [
    (("--turns", 0), "turns is 0"), (("--envs", 0), "at least one environment"),
    (("--profile", "NONE"), "there is no profile"),
])  # fmt: skip
def test_wrong_use_is_one_sentence_and_status_2(arguments, text):
    code, out, said = run(*arguments)
    assert (code, out) == (2, "")
    assert text in said and len(said.strip().splitlines()) == 1
