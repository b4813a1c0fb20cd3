"""Portfolio days as RLlib wants them: names are agents of one environment, and share one module.

This file imports RLlib, and is imported where a training on a cluster begins and in its workers.
"""

import random
from functools import partial
from typing import Any

import numpy as np
import ray
import torch
from gymnasium import spaces
from ray.rllib.algorithms.ppo import PPO
from ray.rllib.algorithms.ppo.torch.default_ppo_torch_rl_module import DefaultPPOTorchRLModule
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.core import COMPONENT_LEARNER, COMPONENT_RL_MODULE
from ray.rllib.env.multi_agent_env import MultiAgentEnv
from ray.rllib.utils.metrics import NUM_AGENT_STEPS_SAMPLED

from lobsim.agents.shared import BookNoise
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.envs.portfolio_names import rows_of
from lobsim.envs.portfolio_settings import PortfolioSettings
from lobsim.envs.seeding import episode_seeds

__all__ = ["NAMES", "NamesEnv", "NamesLearner", "NamesModule", "NamesPPO", "one_for_all",
           "tell_absent"]

NAMES = "names"
"""Id of the module that acts for every name."""

_COMMON = len(pl.BOOK_OBSERVED)
_MOST_DAYS = 2**12  # of an iteration of a worker: iterations have numbers of days of their own


class NamesEnv(MultiAgentEnv):
    """Days of a desk, played side by side to the end of the last: each of their names is an agent.

    Views, actions and rewards of an agent are those of a name in
    `lobsim.agents.shared.SteadyNames`, the rewards times `scale`.
    It leaves when its block is over, so there are no idle steps. An episode ends with the last.

    The days are numbers of the stream of market seeds of the training seed and the worker, and
    begin anew with each iteration (`begin`): they depend on nothing that was played before. So a
    worker that was lost, or a training that goes on from a checkpoint, meets the days that it would
    have met.

    Parameters
    ----------
    config : EnvContext
        ``settings`` of `lobsim.envs.PortfolioEnv`, ``days``, ``first_seed`` (that of worker 0) and
        ``scale``; ``worker_index`` is set by RLlib.
    """

    def __init__(self, config):
        super().__init__()
        settings = PortfolioSettings(**config["settings"])
        self.core = PortfolioCore(config["days"], settings)
        self.seed = config["first_seed"] + config.worker_index
        self.scale = config["scale"]
        self.noise = BookNoise(self.core)
        self.begin(0)
        names = self.core.names_count
        # Numbers: RLlib keeps agents in sets, whose order, and with it who gets which random
        # number, would be another in every process if they were names.
        self.ids = list(range(len(self.core) * names))
        self.rows = {one: row for row, one in enumerate(self.ids)}
        self.possible_agents, self.agents = self.ids, []
        low, high = (np.array([*name, *book], np.float32) for name, book in (
            (pl.NAME_LOW, pl.BOOK_LOW), (pl.NAME_HIGH, pl.BOOK_HIGH)))
        self.observation_spaces = dict.fromkeys(self.ids, spaces.Box(low, high))
        self.action_spaces = dict.fromkeys(
            self.ids, spaces.Box(-1.0, 1.0, (settings.numbers,), np.float32))

    def begin(self, iteration: int) -> None:
        """Go to the days of an iteration."""
        self.number = iteration * _MOST_DAYS

    def reset(self, *, seed=None, options=None):
        """Begin the next days; RLlib's seed, the same for every call, is not theirs."""
        core = self.core
        outcome = core.fresh()
        self.seeds = episode_seeds(self.seed, self.number, len(core))
        self.number += len(core)
        core.open(range(len(core)), self.seeds, outcome)
        self.noise.begin(slice(None))
        self._look(outcome)
        return self._told(self.seen, np.flatnonzero(self.at_work)), {}

    def _look(self, outcome) -> None:
        self.seen = rows_of(outcome.seen, pl.NAME_COLUMNS, _COMMON)
        self.at_work = self.seen[:, pl.P_SIDE] != 0
        self.agents = [self.ids[row] for row in np.flatnonzero(self.at_work)]

    def _told(self, values, rows) -> dict[str, Any]:
        return {self.ids[row]: values[row] for row in rows.tolist()}

    def step(self, actions):
        """One decision of all names at work."""
        numbers = np.zeros((len(self.ids), self.core.settings.numbers))
        for one, action in actions.items():
            numbers[self.rows[one]] = action
        was = np.flatnonzero(self.at_work)
        self.noise.look()
        outcome = self.core.step(numbers.reshape(len(self.core), -1))
        self._look(outcome)
        rewards = np.zeros(len(self.ids))
        earned = self.core.earned.reshape(-1)[was] / self.core.client[was, pl.C_WEIGHT]
        rewards[was] = self.scale * (earned + self.noise.added(self.at_work)[was])
        over = self._told((~self.at_work).tolist(), was) | {"__all__": not self.agents}
        cut = dict.fromkeys(over, False)
        return self._told(self.seen, was), self._told(rewards.tolist(), was), over, cut, {}


class NamesModule(DefaultPPOTorchRLModule):
    """RLlib's network for PPO, begun as Stable-Baselines3 begins its own (orthogonal weights).

    Beside the fields of RLlib's ``DefaultModelConfig`` the model's configuration has
    ``log_std_init`` and ``head_scale``, which are those of a `Recipe`.
    """

    def setup(self):
        """Build the network."""
        super().setup()
        heads = {self.pi: 0.01 * self.model_config["head_scale"], self.vf: 1.0}
        with torch.no_grad():
            for head, gain in heads.items():
                for layer in head.modules():
                    if isinstance(layer, torch.nn.Linear):
                        torch.nn.init.orthogonal_(layer.weight, gain)
                        layer.bias.zero_()
            self.pi.log_std.fill_(self.model_config["log_std_init"])


class NamesLearner(PPOTorchLearner):
    """RLlib's learner for PPO, whose random numbers are those of the iteration.

    They are drawn from the generators of a process, which other threads of it use while the workers
    play: so these begin anew just before there is something to learn.

    Attributes
    ----------
    words : tuple of int
        What they are a function of.
    """

    words = (0, 0)

    def before_gradient_based_update(self, *, timesteps) -> None:
        """Begin them."""
        _randomise(*self.words, -1)
        super().before_gradient_based_update(timesteps=timesteps)


class NamesPPO(PPO):
    """RLlib's PPO, whose iterations have days and random numbers of their own.

    Attributes
    ----------
    number : int
        Of the iteration that comes next.
    rate : float
        Its learning rate.
    """

    number, rate = 0, 0.0

    def training_step(self) -> None:
        """Sample, learn, and tell the workers what was learned."""
        self.announce()
        super().training_step()

    def announce(self) -> None:
        """Tell workers and learners which iteration this is, and workers what they act by.

        RLlib sends weights without waiting, and not at all to a worker that has not answered to the
        last ones: it would play an iteration by old weights now and then, as chance has it.
        """
        words = self.config.seed, self.number
        state = self.learner_group.get_state(
            components=f"{COMPONENT_LEARNER}/{COMPONENT_RL_MODULE}", inference_only=True)
        weights = ray.put(state[COMPONENT_LEARNER][COMPONENT_RL_MODULE])
        self.env_runner_group.foreach_env_runner(partial(_begin, words=words, weights=weights))
        self.learner_group.foreach_learner(partial(_prepare, words=words, rate=self.rate))


def one_for_all(agent, episode, **_) -> str:
    """The module that acts for an agent."""
    return NAMES


def tell_absent(*, env_runner, metrics_logger, **_) -> None:
    """Count a step of no length for every name: RLlib cannot add up those that were not there."""
    for one in env_runner.env.envs[0].unwrapped.ids:
        metrics_logger.log_value((NUM_AGENT_STEPS_SAMPLED, str(one)), 0, reduce="sum")


def _begin(runner, words: tuple[int, int], weights) -> None:
    """A worker at the start of an iteration."""
    if runner.env is None:
        return
    runner.set_state({COMPONENT_RL_MODULE: weights})  # without a number: whatever it has
    _randomise(*words, runner.worker_index)
    for env in runner.env.envs:
        env.unwrapped.begin(words[1])


def _prepare(learner, words: tuple[int, int], rate: float) -> None:
    """A learner at the start of an iteration."""
    learner.words = words
    for _, optimiser in learner.get_optimizers_for_module(NAMES):
        learner._set_optimizer_lr(optimiser, lr=rate)


def _randomise(*words: int) -> None:
    """Seed the global generators of a process by a hash of some numbers."""
    seeds = np.random.SeedSequence([word + 1 for word in words]).generate_state(3)
    random.seed(int(seeds[0]))
    np.random.seed(seeds[1])
    torch.manual_seed(int(seeds[2]))
