"""`train` on a Ray cluster: RLlib's PPO on the days of a desk, and an ordinary `Agent` out of it.

What is around the loop is that of `lobsim.agents.training`: budget, validation on seeds of its own,
the best agent. RLlib plays days in workers (its env runners), which may be on any node, and learns
in this process or in learners of the cluster. A worker that is lost with its node is begun anew
where there is room, and meanwhile the others go on.
"""

import json
import logging
import shutil
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lobsim.agents.agent import Agent, AgentError, _write
from lobsim.agents.case import Case
from lobsim.agents.cases import find_case
from lobsim.agents.judging import score
from lobsim.agents.networks import PolicyNetwork, PolicyShape, network_of
from lobsim.agents.ray_cluster import ClusterError, installed
from lobsim.agents.seeds import MOST_ENVS, VALIDATION
from lobsim.agents.training import Training

__all__ = ["RayTraining", "network_from", "train_on"]

_PACKAGES = ("tree", "lz4", "ormsgpack", "tensorboardX", "pyarrow")  # that RLlib imports
STATE = "rllib.json"
FORMAT = 1
_PATIENCE = 30  # iterations in a row that no worker gave anything to
_PAUSE_S = 2.0
_SAMPLE_S = 1800.0  # for a worker to play its days
_PROBE_S = 10.0  # for a lost worker to answer again, in each iteration
_RETURNS_SEED = MOST_ENVS - 1  # of the training's seeds: days on which returns are measured
_OPTIONS = {"n_epochs": "num_epochs", "gae_lambda": "lambda_", "clip_range": "clip_param",
            "ent_coef": "entropy_coeff", "vf_coef": "vf_loss_coeff", "max_grad_norm": "grad_clip"}
_AS_SB3 = {"n_epochs": 10, "gae_lambda": 0.95, "clip_range": 0.2, "ent_coef": 0.0, "vf_coef": 0.5,
           "max_grad_norm": 0.5}
_OTHER = {"n_steps", "log_std_init", "head_scale"}
_SHOWN = {"vf_explained_var": "explained_variance", "vf_loss": "value_loss", "entropy": "entropy",
          "mean_kl_loss": "approx_kl", "curr_entropy_coeff": "ent_coef"}


def train_on(ray: Any, case: str | Case, algo: str, seed: int = 0, *, workers: int | None = None,
             learners: int = 0, every: int = 5, minutes: float | None = None,
             steps: int | None = None, out: str | Path | None = None, resume: bool = False,
             progress: Callable[[dict], None] | None = None, **overrides) -> Agent:
    """Train an agent on a cluster; the one that validated best comes back.

    Parameters
    ----------
    ray : module
        Connected, by `lobsim.agents.ray_cluster.cluster`.
    case : str or Case
        "portfolio", or a case like it.
    algo : str
        "ppo".
    seed : int
        Training seed. Days and the chance of decisions are functions of it, of the number of the
        iteration and of that of the worker: two trainings with the same number of workers play the
        same days, and one that goes on from a checkpoint those that were to come. With one worker
        going on twice from a checkpoint gives the same weights bit for bit.
    workers : int, optional
        RLlib's env runners, a processor each; by default one for each processor that learners
        leave. An iteration plays ``n_envs`` days of the recipe, shared among them.
    learners : int
        RLlib's learners, a processor each; 0 = learn in this process, which no node's death ends.
    every : int
        Iterations from checkpoint to checkpoint.
    minutes, steps, out, resume, progress, **overrides
        As in `lobsim.agents.train`; steps are decisions of names at work. A checkpoint is RLlib's,
        in a folder ``rllib-...`` of `out`. It is pickled: resume from folders of your own alone.

    Raises
    ------
    ValueError
        When an argument is wrong.
    ClusterError
        When RLlib is missing, the cluster is too small, or no worker is left.
    """
    training = RayTraining(find_case(case), algo, seed, ray=ray, workers=workers,
                           learners=learners, every=every, minutes=minutes, steps=steps, out=out,
                           resume=resume, progress=progress, **overrides)
    return training.run()


class RayTraining(Training):
    """One training on a cluster; `train_on` documents the arguments."""

    def __init__(self, case: Case, algo: str, seed: int, *, ray: Any, workers: int | None = None,
                 learners: int = 0, every: int = 5, **arguments):
        if algo != "ppo" or case.judge != "portfolio":
            raise ValueError(f"case is {case.name} and algo {algo}; a cluster trains case "
                             f"portfolio by ppo")
        if not all(map(installed, _PACKAGES)):
            raise ClusterError("training with --ray needs RLlib, which is not installed here: "
                               'pip install "lobsim[scale]"')
        for name, value, least in (("workers", 1 if workers is None else workers, 1),
                                   ("learners", learners, 0), ("every", every, 1)):
            if value != int(value) or value < least:
                raise ValueError(f"{name} is {value}; it must be a whole number, at least {least}")
        there = int(ray.cluster_resources().get("CPU", 0))
        self.ray, self.learners, self.every = ray, learners, every
        self.workers = max(1, there - learners) if workers is None else workers
        if self.workers + learners > there:
            raise ClusterError(f"the cluster has {there} processors; {self.workers} workers and "
                               f"{learners} learners need one each")
        if self.workers > _RETURNS_SEED - 1:
            raise ValueError(f"workers is {workers}; at most {_RETURNS_SEED - 1} have seeds of "
                             f"their own")
        self.iteration = self.played = 0
        super().__init__(case, algo, seed, **arguments)

    # -- building --------------------------------------------------------------------------------

    def _build(self, first_seed: int, tensorboard) -> None:
        from lobsim.agents.ray_names import NamesEnv, NamesPPO

        recipe = self.recipe
        unfit = [name for name in ("residual", "stagger", "normalise_observations")
                 if getattr(recipe, name)] + ["features"] * (recipe.features != "flat")
        unknown = sorted(set(recipe.options) - set(_OPTIONS) - _OTHER)
        if unfit or unknown:
            raise ValueError(f"{(unfit or unknown)[0]} is not known to a training on a cluster")
        self.levels, self._env = 0, {
            "settings": {**self.case.settings, **recipe.settings, **recipe.training},
            "days": -(-recipe.n_envs // self.workers), "first_seed": first_seed, "scale": 1.0}
        sample = NamesEnv(_Context(self._env | {"days": recipe.n_envs}, _RETURNS_SEED))
        if recipe.normalise_rewards:
            self._env["scale"] = 1.0 / _spread_of_returns(sample)
        self._spaces = (sample.observation_spaces[sample.ids[0]],
                        sample.action_spaces[sample.ids[0]])
        self._per_iteration = len(sample.ids) * sample.core.settings.steps
        logging.getLogger("ray.rllib").setLevel(logging.ERROR)  # it tells of its older self
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts of RLlib that are on their way out
            self.algorithm: NamesPPO = self._config().build_algo()

    def _config(self):
        from ray.rllib.algorithms.ppo import PPOConfig
        from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
        from ray.rllib.core.rl_module.multi_rl_module import MultiRLModuleSpec
        from ray.rllib.core.rl_module.rl_module import RLModuleSpec

        from lobsim.agents.ray_names import (
            NAMES,
            NamesEnv,
            NamesLearner,
            NamesModule,
            NamesPPO,
            one_for_all,
            tell_absent,
        )

        recipe = self.recipe
        options = _AS_SB3 | dict(recipe.options)
        orthogonal = {"fcnet_kernel_initializer": "orthogonal_",
                      "fcnet_kernel_initializer_kwargs": {"gain": 2.0**0.5},
                      "fcnet_bias_initializer": "zeros_"}
        model = asdict(DefaultModelConfig(
            fcnet_hiddens=list(recipe.net), fcnet_activation=recipe.activation,
            free_log_std=True, vf_share_layers=False, **orthogonal))
        model |= {"log_std_init": options.get("log_std_init", 0.0),
                  "head_scale": options.get("head_scale", 1.0)}
        module = RLModuleSpec(module_class=NamesModule, observation_space=self._spaces[0],
                              action_space=self._spaces[1], model_config=model)
        # One round of all workers is an iteration, also where many blocks are over early; a
        # second round is played when workers are lost.
        batch = max(recipe.batch_size, self._per_iteration // 8) // max(1, self.learners)
        return (
            PPOConfig(algo_class=NamesPPO)
            .environment(NamesEnv, env_config=self._env, disable_env_checking=True,
                         normalize_actions=False, clip_actions=True)
            .framework("torch")
            .multi_agent(policies={NAMES}, policy_mapping_fn=one_for_all,
                         count_steps_by="agent_steps")
            .rl_module(rl_module_spec=MultiRLModuleSpec(rl_module_specs={NAMES: module}))
            .env_runners(num_env_runners=self.workers, batch_mode="complete_episodes",
                         num_cpus_per_env_runner=1, sample_timeout_s=_SAMPLE_S)
            .learners(num_learners=self.learners, num_cpus_per_learner=1)
            .training(learner_class=NamesLearner, lr=recipe.learning_rate, gamma=recipe.gamma,
                      use_kl_loss=False, vf_clip_param=float("inf"), grad_clip_by="global_norm",
                      train_batch_size_per_learner=max(batch, recipe.batch_size),
                      minibatch_size=recipe.batch_size,
                      **{theirs: options[ours] for ours, theirs in _OPTIONS.items()})
            .fault_tolerance(restart_failed_env_runners=True,
                             delay_between_env_runner_restarts_s=1.0,
                             num_consecutive_env_runner_failures_tolerance=10**6,
                             env_runner_health_probe_timeout_s=_PROBE_S)
            .callbacks(on_sample_end=tell_absent)
            .debugging(seed=self.seed, log_level="ERROR")
        )  # fmt: skip

    # -- running ---------------------------------------------------------------------------------

    def run(self) -> Agent:
        """Train to the end of the budget, or until Ctrl-C."""
        threads = torch.get_num_threads()
        torch.set_num_threads(self.recipe.threads)
        due = len(self.validation)
        try:
            while True:
                share = self.budget.spent(self.played)
                last = self.recipe.validations
                if share >= 1.0 or due <= last and share >= min(due / last, 0.999):
                    self.validate()
                    due += 1
                if share >= 1.0:
                    break
                self.budget.start()
                self.iterate()
                if self.out is not None and self.iteration % self.every == 0:
                    self.checkpoint()
            if self.out is not None:
                self.checkpoint()
        except KeyboardInterrupt:
            if self.best is None:
                raise
            self.interrupted = True
        finally:
            torch.set_num_threads(threads)
            self.algorithm.stop()
        return self._ended(self.played)

    def iterate(self) -> None:
        """One iteration: days of all workers that answer, and what is learned from them."""
        algorithm, begun = self.algorithm, time.monotonic()
        for _ in range(_PATIENCE):
            algorithm.number = self.iteration
            algorithm.rate = self.recipe.rate(1.0 - self.budget.spent(self.played))
            result = algorithm.train()
            found = result.get("learners", {}).get("names", {})
            steps = int(result.get("env_runners", {}).get("num_module_steps_sampled", {}).get(
                "names", 0))
            if steps and found:
                break
            time.sleep(_PAUSE_S)
        else:
            raise ClusterError(f"no worker of the cluster has answered in {_PATIENCE} iterations; "
                               f"go on with --resume when it is up again")
        self.iteration += 1
        self.played += steps
        self.figures = {ours: float(found[theirs]) for theirs, ours in _SHOWN.items()
                        if theirs in found}
        self.figures["steps_per_s"] = steps / (time.monotonic() - begun)
        self._tell()

    def validate(self) -> None:
        """Score the policy as it is now, without chance, on the validation seeds."""
        agent = self.agent()
        found = score(self.case, agent, self.case.validation_episodes, VALIDATION)
        figures = getattr(self, "figures", {})
        self.validation.append({"steps": self.played, "score": found,
                                "seconds": round(self.budget.elapsed_s, 1)} | figures)
        if self.best is None or not found <= self.best.record["score"]:
            agent.record |= {"score": found, "validation": list(self.validation)}
            self.best = agent
            if self.out is not None:
                agent.save(self.out)
        self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            self.progress(getattr(self, "figures", {}) | {
                "share": self.budget.spent(self.played), "seconds": self.budget.elapsed_s,
                "validation": self.validation[-1]["score"] if self.validation else float("nan"),
                "best": self.best.record["score"] if self.best else float("nan")})

    def agent(self) -> Agent:
        """The agent as it is now, with a copy of the weights."""
        from lobsim.agents.ray_names import NAMES

        weights = self.algorithm.learner_group.get_weights()[NAMES]
        record = self.record(self.played, *self._spaces)
        record["versions"] = record["versions"] | {"ray": self.ray.__version__}
        return Agent(network_from(weights, self.recipe.net, self.recipe.activation), record)

    @property
    def command(self) -> str:
        """The call that makes this agent."""
        return (super().command.removesuffix(")").replace("train(", "train_on(ray, ", 1)
                + f", workers={self.workers}, learners={self.learners})")

    # -- checkpoints -----------------------------------------------------------------------------

    def checkpoint(self) -> None:
        """Write RLlib's state into a folder of its own, then name it; older ones go."""
        folder = self.out / f"rllib-{self.iteration}"
        shutil.rmtree(folder, ignore_errors=True)  # a rest of a training that was stopped there
        self.algorithm.save_to_path(folder.absolute())
        kept = {"format": FORMAT, "folder": folder.name, "iteration": self.iteration,
                "played": self.played, "seconds": self.budget.elapsed_s, "marks": self.marks(),
                "validation": json.dumps(self.validation), "scale": self._env["scale"]}
        _write(self.out / STATE, lambda file: file.write((json.dumps(kept) + "\n").encode()))
        for other in self.out.glob("rllib-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)

    def _read(self) -> dict:
        path = self.out / STATE
        if not path.is_file():
            raise AgentError(f"{self.out} holds no checkpoint to resume from ({STATE})")
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            known = kept["format"] == FORMAT and (self.out / kept["folder"]).is_dir()
        except (ValueError, KeyError, TypeError) as error:
            raise AgentError(f"the checkpoint {path} cannot be read: {error}") from None
        if not known:
            raise AgentError(f"the checkpoint {path} was written by another version, or its folder "
                             f"is gone")
        now = json.loads(json.dumps(self.marks()))
        if kept["marks"] != now:
            changed = next(name for name in now if kept["marks"].get(name) != now[name])
            raise AgentError(f"the checkpoint in {self.out} is of another {changed} "
                             f"({kept['marks'].get(changed)}, now {now[changed]})")
        return kept

    def _restore(self, kept: dict) -> None:
        self.iteration, self.played = kept["iteration"], kept["played"]
        self.algorithm.restore_from_path((self.out / kept["folder"]).absolute())


class _Context(dict):
    """What RLlib hands to an environment, for one that stands in this process."""

    def __init__(self, config: dict, worker_index: int):
        super().__init__(config)
        self.worker_index = worker_index


def _spread_of_returns(env) -> float:
    """Standard deviation of what blocks earn in the first days of `env` under actions of 0.

    The unit of rewards: values are learned in it, and nothing has to be kept in step between
    workers, as running moments would.
    """
    seen, _ = env.reset()
    total = dict.fromkeys(seen, 0.0)
    while env.agents:
        _, rewards, *_ = env.step({})
        for name, reward in rewards.items():
            total[name] += reward
    return float(np.std(list(total.values()))) or 1.0


def network_from(weights: dict[str, np.ndarray], net: tuple[int, ...],
                 activation: str) -> PolicyNetwork:
    """The part of RLlib's module that acts, as a `PolicyNetwork`.

    Parameters
    ----------
    weights : dict of str to ndarray
        State of a `lobsim.agents.ray_names.NamesModule`.
    net, activation
        Of the `Recipe`.
    """
    from lobsim.envs import portfolio_layout as pl

    body, head = "encoder.actor_encoder.net.mlp.", "pi.net.mlp.0."
    moved = {}
    for name, value in weights.items():
        value = torch.as_tensor(np.array(value))
        if name.startswith(body):
            moved["body." + name.removeprefix(body)] = value
        elif name.startswith(head):
            moved["head." + name.removeprefix(head)] = value
        elif name == "pi.log_std":
            moved["log_std"] = value
    columns, outputs = moved["body.0.weight"].shape[1], moved["head.weight"].shape[0]
    shape = PolicyShape(columns, outputs, "gaussian", tuple(net), activation,
                        common=len(pl.BOOK_OBSERVED))
    return network_of(shape, moved)
