"""`lobsim train` and `lobsim evaluate`: tiny budgets, JSON, one sentence for what is wrong."""

import json

import pytest
from typer.testing import CliRunner

from lobsim.agents import Agent, shipped_names
from lobsim.cli import app

TINY = ["--set", "n_envs=32", "--set", "validations=1", "--set", "net=[8, 8]"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """``run("train", "chriss") -> (status, output, errors)`` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        done = CliRunner().invoke(app, list(map(str, arguments)))
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


def refused(outcome, *words):
    status, _, errors = outcome
    assert status == 2
    assert errors.startswith("lobsim: ") and errors.count("\n") == 1, errors
    for word in words:
        assert word in errors


def test_train_then_resume_then_evaluate(run, tmp_path):
    status, text, _ = run("train", "chriss", "--seeds", 2, "--steps", 640, *TINY)
    assert status == 0
    folders = [f"agents/chriss-ppo-{seed}" for seed in (0, 1)]
    assert f"lobsim evaluate chriss --agent {folders[0]} --agent {folders[1]}" in text
    assert [Agent.load(tmp_path / folder).record["seed"] for folder in folders] == [0, 1]

    status, text, _ = run("train", "chriss", "--steps", 1280, "--resume", "--out", folders[0],
                          *TINY, "--json")
    (record,) = json.loads(text)
    assert status == 0 and record["trained_steps"] == 1280 and record["folder"] == folders[0]

    evaluated = ("evaluate", "chriss", "--agent", folders[0], "--agent", folders[1], "--seeds", 20)
    status, text, _ = run(*evaluated, "--plot", "out.png")
    assert status == 0 and (tmp_path / "out.png").stat().st_size > 10_000
    assert "optimum (closed form)" in text and "255.071" in text and "worse" in text
    status, text, _ = run(*evaluated, "--json", "--sampled", "--set", "risk_aversion=0.0")
    found = json.loads(text)
    assert status == 0 and found["optimum"] == pytest.approx(132.5)
    assert {row["policy"] for row in found["table"]} > {"TWAP", "PPO", "PPO, sampled"}
    assert {row["block"] for row in found["differences"]} == {0, 1, "all"}
    status, text, _ = run(*evaluated, "--json", "--first-block", 7)
    assert {row["block"] for row in json.loads(text)["differences"]} == {7, 8, "all"}
    assert status == 0 and json.loads(text)["episodes"] == 40


def test_evaluate_without_agents_shows_benchmarks_and_what_is_shipped(run):
    status, text, _ = run("evaluate", "chriss", "--seeds", 10, "--json")
    rows = {row["policy"] for row in json.loads(text)["table"]}
    own = [name for name in shipped_names() if Agent.load(name).case == "chriss"]
    assert status == 0 and "TWAP" in rows and len(rows) >= 4 + bool(own)


def test_one_policy_of_two_names_is_trained_and_judged_in_three(run, tmp_path):
    short = ("--set", "horizon_s=120.0", "--set", "names=2")
    status, text, _ = run("train", "portfolio", "--algo", "ppo", "--steps", 16, *TINY[2:], *short,
                          "--set", "n_envs=2", "--set", 'options={"n_steps": 2}', "--set",
                          "batch_size=8")
    assert status == 0 and "lobsim evaluate portfolio --agent agents/portfolio-ppo-0" in text
    status, text, _ = run("evaluate", "portfolio", "--agent", "agents/portfolio-ppo-0", "--seeds",
                          2, "--blocks", 1, "--blinded", "--json", *short[:2], "--set", "names=3")
    found = json.loads(text)
    rows = {row["policy"]: row for row in found["table"]}
    assert status == 0 and found["measure"] == "client_bps" and not found["more_is_better"]
    assert {"portfolio Almgren-Chriss", "passive", "PPO", "PPO, liquidity blanked"} < set(rows)
    assert all(row["violations"] == 0 for row in rows.values())
    text = run("evaluate", "portfolio", "--seeds", 2, "--blocks", 1, *short)[1]
    # Costs, what else is told of a day, and what is shipped less it in both measures.
    assert text.count("portfolio Almgren-Chriss") == 4
    heads = [line for line in text.splitlines() if line.startswith("policy ")]
    assert "client bps" in heads[0] and heads[1].endswith("violations") and "…" not in text
    assert "of client_bps less is better" in " ".join(text.split())


@pytest.mark.parametrize("blocks, told", [(1, "1 block of"), (2, "2 blocks of")])
def test_a_table_tells_on_how_many_blocks_it_stands(run, blocks, told):
    status, text, _ = run("evaluate", "chriss", "--seeds", 10, "--blocks", blocks)
    assert status == 0 and f": {told} 10 unseen seeds" in " ".join(text.split())


def test_what_a_user_can_get_wrong_is_told_in_one_sentence(run, tmp_path):
    refused(run("train", "nothing"), "'nothing'", "execution, pacing, making, stoikov")
    refused(run("train", "chriss", "--algo", "dqn"), "'dqn'", "ppo, sac")
    refused(run("train", "chriss", "--minutes", 0), "minutes is 0")
    refused(run("train", "chriss", "--blind"), "no signals")
    refused(run("train", "chriss", "--set", "horizon"), "'horizon'", "NAME=VALUE")
    refused(run("train", "chriss", "--set", "nonsense=1"), "nonsense is neither")
    refused(run("train", "execution", "--set", "depth_levels=-1"), "depth_levels is -1")
    refused(run("train", "execution", "--set", "depth_levels=2", "--set", "features=depth"),
            "levels 2; there must be at least 3")
    refused(run("train", "chriss", "--resume", "--out", tmp_path / "none"), "no checkpoint")
    refused(run("evaluate", "chriss", "--agent", tmp_path), "no folder of an agent")
    refused(run("evaluate", "chriss", "--plot", "out.doc"), ".png, .svg or .pdf")
    refused(run("evaluate", "chriss", "--plot", "out.png", "--agent", tmp_path / "x"), "x is no")
    assert run("train", "chriss", "--algo", "nonsense")[0] == 2


def test_shipped_agents_are_readable_and_small():
    for name in shipped_names():
        agent = Agent.load(name)
        assert agent.record["made_by"].startswith("train(") and agent.record["validation"]
