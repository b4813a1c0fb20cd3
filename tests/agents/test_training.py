"""Laws of training: repeatable, resumable, validated on seeds of its own, and it keeps the best."""

import doctest
import json

import numpy as np
import pytest
import torch
from tiny_agents import BUDGETS, CASES, KINDS, seen, training

from lobsim.agents import Agent, AgentError, algorithms, checkpoint, seeds, train
from lobsim.agents import training as module
from lobsim.agents.health import TimedVecEnv
from lobsim.envs.seeding import episode_seeds

each_kind = pytest.mark.parametrize("case, algo", KINDS)


def weights(agent):
    return {name: value.numpy().tobytes() for name, value in agent.network.state_dict().items()}


def final_state(folder):
    return torch.load(folder / checkpoint.STATE, weights_only=True)


def flat(state, path=""):
    """Tensors and plain values of nested mappings, by their path."""
    if isinstance(state, dict):
        parts = state.items()
    else:
        parts = enumerate(state) if isinstance(state, list | tuple) else None
    if parts is not None:
        return {at: leaf for name, part in parts
                for at, leaf in flat(part, f"{path}/{name}").items()}
    return {path: state.numpy().tobytes() if torch.is_tensor(state) else state}


def without_clock(state):
    """All of a checkpoint but how long it took, which no seed can fix."""
    told = [(one["steps"], one["score"]) for one in json.loads(state["validation"])]
    kept = {name: part for name, part in state.items() if name not in ("seconds", "validation")}
    return flat(kept) | {"scores": told}


def scores(agent):
    return [(one["steps"], one["score"]) for one in agent.record["validation"]]


@each_kind
def test_the_same_seed_gives_the_same_agent(case, algo):
    first, again = (training(case, algo, seed).run() for seed in (1, 1))
    assert weights(first) == weights(again) and scores(first) == scores(again)


def test_another_seed_gives_another_agent():
    first, other = (training("chriss", "ppo", seed).run() for seed in (1, 2))
    assert scores(first) != scores(other)


@pytest.mark.parametrize("case, algo", [("chriss", "ppo"), ("stoikov", "sac")])
def test_looking_more_often_changes_nothing_that_is_learned(case, algo):
    models = [training(case, algo, validations=often) for often in (1, 4)]
    for one in models:
        one.run()
    assert len(models[1].validation) > len(models[0].validation)
    assert weights(models[0].agent()) == weights(models[1].agent())


class Stop:
    """Presses Ctrl-C once, when the share of the budget has reached `at`."""

    def __init__(self, at):
        self.at, self.figures = at, []

    def __call__(self, figures):
        self.figures.append(figures)
        if self.at is not None and figures["share"] >= self.at:
            self.at = None
            raise KeyboardInterrupt


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_a_training_that_was_stopped_between_episodes_ends_as_if_it_never_was(algo, tmp_path):
    """All episodes of the block world end together, and checkpoints lie between them."""
    training("chriss", algo, out=tmp_path / "whole").run()
    stopped = training("chriss", algo, out=tmp_path / "parts", progress=Stop(0.5)).run()
    assert stopped.record["interrupted"] and stopped.record["trained_steps"] < 320
    resumed = training("chriss", algo, out=tmp_path / "parts", resume=True).run()
    assert not resumed.record["interrupted"] and resumed.record["trained_steps"] >= 320
    whole, parts = (without_clock(final_state(tmp_path / name)) for name in ("whole", "parts"))
    assert whole == parts
    assert weights(Agent.load(tmp_path / "whole")) == weights(Agent.load(tmp_path / "parts"))


@pytest.mark.parametrize("case, algo", [("stoikov", "sac"), ("execution", "dqn")])
def test_a_resumed_training_has_the_state_that_was_kept(case, algo, tmp_path):
    training(case, algo, out=tmp_path, progress=Stop(0.5)).run()
    kept = final_state(tmp_path)
    resumed = training(case, algo, out=tmp_path, resume=True)
    buffer = resumed.model.replay_buffer
    with np.load(tmp_path / checkpoint.BUFFER) as file:
        assert buffer.pos == file["pos"] > 0
        assert buffer.rewards[:buffer.pos].tobytes() == file["rewards"].tobytes()
    before = {name: part for name, part in without_clock(kept).items() if "/played/" not in name}
    checkpoint.write(resumed)
    after = without_clock(final_state(tmp_path))
    assert {name: after[name] for name in before} == before
    assert resumed.native._episodes._played == [played - 1 for played in kept["played"]]
    steps = resumed.model.num_timesteps
    done = resumed.run()
    assert done.record["trained_steps"] >= 320 > steps > 0


def test_a_buffer_that_was_not_kept_is_filled_anew_before_learning_goes_on(tmp_path):
    training("stoikov", "sac", out=tmp_path, progress=Stop(0.5), keep_buffer=False).run()
    assert not (tmp_path / checkpoint.BUFFER).exists()
    resumed = training("stoikov", "sac", out=tmp_path, resume=True, keep_buffer=False)
    assert resumed.model.learning_starts == resumed.model.num_timesteps + 40


@pytest.mark.parametrize("scores, best", [([1.0, 3.0, 2.0], 1), ([3.0, 2.0, 1.0], 0),
                                          ([1.0, 2.0, 2.0], 1), ([0.0, float("nan"), 0.5], 2)])
def test_the_best_by_validation_is_kept_and_no_other_seeds_are_looked_at(scores, best, tmp_path,
                                                                         monkeypatch):
    asked, answers = [], iter(scores)

    def score(case, policy, episodes, seed):
        asked.append((episodes, seed))
        return next(answers)

    monkeypatch.setattr(module, "score", score)
    agent = training("chriss", "ppo", out=tmp_path).run()
    steps = [one["steps"] for one in agent.record["validation"]]
    assert agent.record["steps"] == steps[best] and agent.record["score"] == scores[best]
    assert set(asked) == {(CASES["chriss"].validation_episodes, seeds.VALIDATION)}
    assert weights(Agent.load(tmp_path)) == weights(agent)


def test_ctrl_c_at_the_very_start_already_leaves_an_agent(tmp_path):
    agent = training("stoikov", "sac", out=tmp_path, progress=Stop(0.0)).run()
    assert agent.record["interrupted"] and agent.record["steps"] == 0
    assert weights(Agent.load(tmp_path)) == weights(agent)


def test_a_budget_of_minutes_ends_a_training_without_end_of_steps():
    stop = Stop(None)
    agent = training("chriss", "ppo", minutes=0.02, steps=None, progress=stop).run()
    assert stop.figures[-1]["share"] == 1.0 and agent.record["trained_steps"] > 0


class Clock:
    """A clock that moves by a hundredth of a second whenever somebody looks."""

    now = 0.0

    def monotonic(self):
        self.now += 0.01
        return self.now


def test_minutes_count_from_the_first_step_after_compiling_and_the_first_validation(monkeypatch):
    clock, looked = Clock(), []

    def score(case, policy, episodes, seed):
        clock.now += 0.0 if looked else 3600.0  # the first one compiles, too
        looked.append(clock.now)
        return 0.0

    monkeypatch.setattr(algorithms, "time", clock)
    monkeypatch.setattr(module, "score", score)
    under_way = training("chriss", "ppo", minutes=0.02, steps=None)
    clock.now += 3600.0  # nor does what passes between making it and running it
    record = under_way.run().record
    assert record["validation"][0]["seconds"] == 0.0
    assert 1.2 <= record["trained_s"] < 2.0
    assert record["trained_steps"] > 10 * under_way.recipe.n_envs


def test_the_clock_goes_on_from_the_seconds_before_a_resumption(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(algorithms, "time", clock)
    budget = algorithms.Budget(None, 60.0, before_s=30.0)
    clock.now += 100.0
    assert budget.elapsed_s == 30.0 and budget.spent(0) == 0.5
    budget.start()
    clock.now += 15.0
    budget.start()  # a second one changes nothing
    assert budget.elapsed_s == pytest.approx(45.01)


@pytest.mark.parametrize("case, algo, told", [
    ("execution", "dqn", {"loss", "epsilon", "td_error"}),
    ("chriss", "ppo", {"approx_kl", "clip_fraction", "explained_variance", "entropy", "at_bound"}),
    ("chriss", "sac", {"ent_coef", "critic_loss", "at_bound"}),
])  # fmt: skip
def test_health_is_told_for_every_algorithm(case, algo, told):
    figures = training(case, algo).run().record["validation"][-1]
    always = {"steps", "score", "seconds", "steps_per_s", "environment_share", "episode_return",
              "value_at_start", "return_from_start"}
    assert told | always <= set(figures)
    assert 0 < figures["environment_share"] < 1


def test_without_a_discount_the_return_from_the_start_is_the_episode_s():
    figures = training("chriss", "ppo", normalise_rewards=False).run().record["validation"][-1]
    assert figures["return_from_start"] == pytest.approx(figures["episode_return"], rel=1e-6)
    assert figures["episode_return"] < -255.07  # of the optimum


def test_staggered_environments_are_cut_once_each_at_its_time():
    env = TimedVecEnv(CASES["stoikov"].vector(5, info="end"), stagger_steps=10)
    env.seed(0)
    env.reset()
    ends = {i: [] for i in range(5)}
    for step in range(1, 26):
        seen, _, done, infos = env.step(np.zeros((5, 2)))
        for i in np.flatnonzero(done):
            ends[int(i)].append((step, infos[i]["TimeLimit.truncated"]))
            assert seen[i, 1] == 1.0 > infos[i]["terminal_observation"][1]
    assert ends[0] == [(10, False), (20, False)]
    for i in range(1, 5):
        assert ends[i][:2] == [(2 * i, True), (2 * i + 10, False)]


def test_roles_have_seeds_that_never_meet():
    training_bases = {seeds.training_seed(s) + i for s in range(20) for i in range(64)}
    last = seeds.training_seed(seeds.MOST_SEED - 1) + seeds.MOST_ENVS
    assert last < seeds.VALIDATION < seeds.VALIDATION + 2**20 < seeds.test_seed(0)
    assert seeds.test_seed(seeds.MOST_BLOCKS - 1) + seeds.MOST_EPISODES <= seeds.TUNING
    blocks = [seeds.test_seed(block) + np.arange(500) for block in (0, 1)]
    markets = {"training": [episode_seeds(base, 0, 40) for base in training_bases],
               "validation": [episode_seeds(seeds.VALIDATION, 0, 500)],
               "validation, one each": [episode_seeds(seeds.VALIDATION + k, 0, 1)
                                        for k in range(1, 500)],
               "test": [episode_seeds(seeds.test_seed(block), 0, 500) for block in (0, 1)],
               "test, one each": [episode_seeds(base, 0, 1) for block in blocks
                                  for base in block[1:].tolist()]}
    found = np.concatenate([seed for role in markets.values() for seed in role])
    assert len(np.unique(found)) == len(found)


def test_the_environments_are_reset_with_the_training_s_own_seeds():
    one = training("chriss", "ppo", seed=3)
    one.run()
    first = seeds.training_seed(3)
    assert one.native._episodes._bases == [first + i for i in range(4)]


def test_a_blind_training_gives_an_agent_that_cannot_see():
    agent = training("signal", "ppo", blind=True).run()
    looks = seen("signal")
    other = looks.copy()
    other[:, 2:] = np.random.default_rng(1).uniform(-3, 3, (len(looks), 2))
    assert agent.environment["blind"] and agent.label == "PPO, blind"
    assert agent.scores(looks).tobytes() == agent.scores(other).tobytes()


@pytest.mark.parametrize("call, text", [
    (lambda: train("nothing", "ppo"), "case is 'nothing'"),
    (lambda: train("chriss", "dqn"), "algo is 'dqn'"),
    (lambda: train("chriss", "ppo", -1), "seed is -1"),
    (lambda: train("chriss", "ppo", minutes=0), "minutes is 0"),
    (lambda: train("chriss", "ppo", steps=0.5), "steps is 0.5"),
    (lambda: train("chriss", "ppo", n_envs=0), "n_envs is 0"),
    (lambda: train("chriss", "ppo", n_envs=5000), "n_envs is 5000"),
    (lambda: train("chriss", "ppo", nonsense=1), "nonsense is neither"),
    (lambda: train("chriss", "ppo", blind=True), "no signals"),
    (lambda: train("chriss", "ppo", residual=0.5), "no rule"),
    (lambda: train("chriss", "ppo", features="depth"), "shows no depth"),
    (lambda: train("chriss", "ppo", options={"n_stepz": 1}), "n_stepz"),
    (lambda: train("chriss", "ppo", options={"double": True}), "double"),
    (lambda: train("chriss", "ppo", options={"head_scale": 0.0}), "head_scale is 0.0"),
    (lambda: train("execution", "dqn", options={"head_scale": 0.1}), "head_scale is an option"),
    (lambda: train("execution", "sac", actions="discrete"), "cannot choose discrete"),
    (lambda: train("chriss", "ppo", resume=True), "resume needs the folder"),
])  # fmt: skip
def test_wrong_use_is_one_sentence(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_only_the_same_training_is_resumed(tmp_path):
    with pytest.raises(AgentError, match="no checkpoint"):
        training("chriss", "ppo", out=tmp_path, resume=True)
    training("chriss", "ppo", out=tmp_path, progress=Stop(0.0)).run()
    for change, text in (({"seed": 2}, "of seed 1"), ({"gamma": 0.5}, "another gamma"),
                         ({"risk_aversion": 1e-5}, "another environment")):
        with pytest.raises(AgentError, match=text):
            training("chriss", "ppo", out=tmp_path, resume=True, **change)
    (tmp_path / checkpoint.STATE).write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(AgentError, match="cannot be read"):
        training("chriss", "ppo", out=tmp_path, resume=True)


def test_tensorboard_is_optional_and_missing_it_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(module.util, "find_spec", lambda name: None)
    with pytest.raises(AgentError, match="pip install tensorboard"):
        training("chriss", "ppo", tensorboard=tmp_path)


def test_examples_in_the_docstrings_hold():
    for name in (module, seeds):
        failed, tried = doctest.testmod(name)
        assert tried > 0 and failed == 0


def test_overrides_change_the_recipe_the_agent_or_the_task():
    case = CASES["execution"]
    changed, recipe = case.changed("dqn", horizon_s=30.0, guard_s=9.0, blind=True, gamma=0.9,
                                   options={"buffer_size": 7})
    assert changed.settings["horizon_s"] == 30.0 and case.settings["horizon_s"] == 60.0
    own = case.recipe("dqn").settings
    assert own["guard_s"] != 9.0 and recipe.gamma == 0.9
    assert recipe.settings == {**own, "guard_s": 9.0, "blind": True}
    assert recipe.options == {**case.recipe("dqn").options, "buffer_size": 7}
    assert set(BUDGETS) == set(case.recipes)
