"""`train`: from a case and an algorithm to an agent, validated while it learns.

The loop is that of Stable-Baselines3. Here stands what is around it: seeds, environments, the
budget, validation on a block of seeds of its own, the best checkpoint, and what is kept so that a
training can go on where it was stopped.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env import VecNormalize

from lobsim.agents import checkpoint
from lobsim.agents.agent import Agent, AgentError, Moments
from lobsim.agents.algorithms import Budget, build, policy_of
from lobsim.agents.case import Case, Recipe
from lobsim.agents.cases import find_case
from lobsim.agents.health import Health, TimedVecEnv
from lobsim.agents.judging import score
from lobsim.agents.residual import ResidualEnv
from lobsim.agents.seeds import MOST_ENVS, VALIDATION, training_seed
from lobsim.envs.threads import cores

__all__ = ["Training", "train"]

_CLIP = 10.0  # of normalised observations and rewards
_PACKAGES = ("lobsim", "numpy", "numba", "torch", "gymnasium", "stable-baselines3")


def train(case: str | Case, algo: str, seed: int = 0, *, minutes: float | None = None,
          steps: int | None = None, out: str | Path | None = None, resume: bool = False,
          tensorboard: str | Path | None = None,
          progress: Callable[[dict], None] | None = None, **overrides) -> Agent:
    """Train an agent; the one that validated best comes back.

    Parameters
    ----------
    case : str or Case
        A name of `lobsim.agents.CASES`, or a case.
    algo : str
        "dqn", "ppo" or "sac", as the case has recipes.
    seed : int
        Training seed: of the networks, of exploration, and of the markets. The same one with the
        same budget in `steps` gives the same agent, bit for bit, on the same machine.
    minutes, steps : float, int, optional
        Budget: stop after whichever comes first; by default the steps of the recipe. Learning rate
        and exploration are scheduled over it. The minutes are of training: they count from the
        first step, after compiling and the validation at the start.
    out : path, optional
        Folder for the agent (best so far, from the first moments on), and for a checkpoint to
        resume from.
    resume : bool
        Go on from the checkpoint in `out`, to the budget given now. Weights, optimisers, counters,
        random numbers, normalisation and the replay buffer are as they were; an episode that was
        under way is played again from its start. Where no episode is under way at a checkpoint
        (all end together), the result is that of a training that was never stopped.
    tensorboard : path, optional
        Folder for TensorBoard's files; needs the package ``tensorboard``.
    progress : callable, optional
        ``progress(figures)`` is told now and then how it goes: see `lobsim.agents.health`, and
        ``share`` of the budget, ``seconds``, ``validation`` (last), ``best``.
    **overrides
        Fields of the `Recipe`; ``blind=True`` or ``depth_levels=K``, what the agent sees; or
        settings of the environment, which change the task, too (compare it with
        ``find_case(...).with_settings(...)``).

    Returns
    -------
    Agent
        With its validation scores in ``agent.record["validation"]``. Ctrl-C ends the training
        early and returns the best so far (``agent.record["interrupted"]``).

    Raises
    ------
    ValueError
        When an argument is wrong.

    Examples
    --------
    >>> agent = train("chriss", "ppo", seed=1, steps=1_000, n_envs=32, validations=2)
    >>> len(agent.record["validation"])
    3
    """
    training = Training(find_case(case), algo, seed, minutes=minutes, steps=steps, out=out,
                        resume=resume, tensorboard=tensorboard, progress=progress, **overrides)
    return training.run()


class Training:
    """One training under way; `train` documents the arguments."""

    def __init__(self, case: Case, algo: str, seed: int, *, minutes=None, steps=None, out=None,
                 resume=False, tensorboard=None, progress=None, **overrides):
        self.case, self.recipe = case.changed(algo, **overrides)
        self.algo, self.seed, self.overrides = algo, seed, overrides
        self.progress = progress
        self.out = None if out is None else Path(out)
        if minutes is not None and not 0 < minutes < 1e6:
            raise ValueError(f"minutes is {minutes}; it must be above 0")
        if steps is not None and (steps < 1 or steps != int(steps)):
            raise ValueError(f"steps is {steps}; it must be a whole number above 0")
        if minutes is None and steps is None:
            steps = self.recipe.steps
        if self.recipe.n_envs > MOST_ENVS:
            raise ValueError(f"n_envs is {self.recipe.n_envs}; at most {MOST_ENVS} have seeds of "
                             f"their own")
        first_seed = training_seed(seed)
        kept = self._kept(resume)
        self.seconds = None if minutes is None else 60.0 * minutes
        self.steps = None if steps is None else int(steps)
        self.budget = Budget(self.steps, self.seconds, kept["seconds"] if kept else 0.0)
        self.validation: list[dict[str, float]] = json.loads(kept["validation"]) if kept else []
        self.best: Agent | None = None
        self.interrupted = False
        self._build(first_seed, tensorboard)
        if kept:
            self._restore(kept)
            self.best = Agent.load(self.out)
        self._randomness = checkpoint.random_state()  # other trainings may be made before it runs

    def _kept(self, resume: bool) -> dict | None:
        if not resume:
            return None
        if self.out is None:
            raise ValueError("resume needs the folder to go on from")
        return self._read()

    def _read(self) -> dict:
        return checkpoint.read(self.out, self.marks())

    def _restore(self, kept: dict) -> None:
        checkpoint.restore(self, kept)

    def marks(self) -> dict[str, Any]:
        """What must be the same for a training to go on: not its budget."""
        recipe = {name: value for name, value in described(self.recipe).items()
                  if name not in ("steps", "validations", "keep_buffer")}
        settings = described(dict(self.case.settings))
        return {"case": self.case.name, "algo": self.algo, "seed": self.seed,
                "recipe": recipe | {"environment": settings}}

    def _build(self, first_seed: int, tensorboard) -> None:
        case, recipe = self.case, self.recipe
        settings = {**recipe.settings, **recipe.training}
        set_random_seed(self.seed)
        if case.judge == "execution":  # many events a step: worth a thread for each core
            settings.setdefault("threads", cores())
        self.native = case.vector(recipe.n_envs, info="end", **settings)
        env = self.native
        self.base = None
        if recipe.residual:
            self.base = case.base(case.vector(1, **recipe.settings))
            env = ResidualEnv(env, self.base, recipe.residual)
        if case.learner:
            if recipe.stagger or recipe.residual:
                raise ValueError(f"stagger is {recipe.stagger} and residual {recipe.residual}; "
                                 f"where the names of a day are environments there is neither")
            env = case.learner(env)
        if env.num_envs > MOST_ENVS:
            raise ValueError(f"n_envs is {recipe.n_envs}, which makes {env.num_envs} environments; "
                             f"at most {MOST_ENVS} have seeds of their own")
        self.common = int(getattr(env, "common", 0))
        self.timed = TimedVecEnv(env, episode_steps(self.native) if recipe.stagger else 0)
        venv = self.timed
        self.normal = None
        if recipe.normalise_observations or recipe.normalise_rewards:
            self.normal = venv = VecNormalize(
                venv, norm_obs=recipe.normalise_observations, norm_reward=recipe.normalise_rewards,
                gamma=recipe.gamma, clip_obs=_CLIP, clip_reward=_CLIP)
        self.levels = int(getattr(self.native, "depth_levels", 0))
        self.model = build(self.algo, recipe, venv, self.budget, self.levels,
                           getattr(env, "at_work_column", None))
        self.model.action_space.seed(self.seed)
        venv.seed(first_seed)
        self.model.set_logger(Logger(None, _writers(tensorboard, self.name)))

    @property
    def name(self) -> str:
        """Name of the run: case, algorithm, seed."""
        return f"{self.case.name}-{self.algo}-{self.seed}"

    # -- running ---------------------------------------------------------------------------------

    def run(self) -> Agent:
        """Train to the end of the budget, or until Ctrl-C."""
        threads = torch.get_num_threads()
        torch.set_num_threads(self.recipe.threads)
        checkpoint.set_random_state(self._randomness)
        watch = _Watch(self)
        try:
            done = self.model.num_timesteps
            target = (2**62 if self.steps is None else self.steps) - done
            if target > 0 and self.budget.spent(done) < 1.0:
                self.model.learn(target, callback=watch, log_interval=None,
                                 reset_num_timesteps=False)
            if watch.validated_at != self.model.num_timesteps:
                watch.validate()
        except KeyboardInterrupt:
            if self.best is None:
                raise
            self.interrupted = True
        finally:
            torch.set_num_threads(threads)
            self.model.logger.close()
        return self._ended(self.model.num_timesteps)

    def _ended(self, steps: int) -> Agent:
        """The best agent, with what became of the training in its record."""
        self.best.record |= {"interrupted": self.interrupted, "validation": self.validation,
                             "trained_steps": steps,
                             "trained_s": round(self.budget.elapsed_s, 1)}
        if self.out is not None:
            self.best.save(self.out)
        return self.best

    def agent(self) -> Agent:
        """The agent as it is now, with a copy of the weights."""
        recipe, model = self.recipe, self.model
        epsilon = float(model.exploration_rate) if self.algo == "dqn" else None
        record = self.record(model.num_timesteps, model.observation_space, model.action_space)
        return Agent(policy_of(model, recipe, self.levels, self.common),
                     record | {"epsilon": epsilon}, moments=self._moments(), base=self.base)

    def record(self, steps: int, seen, space) -> dict[str, Any]:
        """What `Agent.record` tells of an agent that this training made after so many steps."""
        recipe = self.recipe
        is_box = hasattr(space, "low")
        columns = seen.shape[0]
        levels = range(columns - 2 * self.levels, columns)
        environment = {**recipe.settings} | ({"depth_levels": self.levels} if self.levels else {})
        return {
            "case": self.case.name, "algo": self.algo, "seed": self.seed,
            "steps": steps, "environment": environment,
            "signals": [*self.case.signals, *levels],
            "groups": {name: list(some) for name, some in self.case.groups.items()},
            "blind": bool(recipe.settings.get("blind")),
            "residual": recipe.residual,
            "low": space.low.tolist() if is_box else None,
            "high": space.high.tolist() if is_box else None,
            "epsilon": None,
            "score": self.validation[-1]["score"] if self.validation else None,
            "validation": list(self.validation), "recipe": described(recipe),
            "world": self.case.world, "task": dict(self.case.settings),
            "budget": {"steps": self.steps, "seconds": self.seconds}, "made_by": self.command,
            "versions": versions(),
        }

    @property
    def command(self) -> str:
        """The call that makes this agent."""
        extras = {"steps": self.steps, "minutes": self.seconds and self.seconds / 60}
        told = [f"{name}={value!r}" for name, value in (extras | self.overrides).items()
                if value is not None]
        return f"train({', '.join([repr(self.case.name), repr(self.algo), str(self.seed), *told])})"

    def _moments(self) -> Moments | None:
        if not self.recipe.normalise_observations:
            return None
        moments = self.normal.obs_rms
        return Moments(moments.mean.copy(), np.sqrt(moments.var + self.normal.epsilon),
                       self.normal.clip_obs)


class _Watch(BaseCallback):
    """Validates, keeps the best, writes checkpoints and tells of the progress.

    All of it happens between a learning phase and the next rollout, when the state is whole.
    """

    def __init__(self, training: Training):
        super().__init__()
        self.of = training
        self.validated_at = training.validation[-1]["steps"] if training.validation else -1
        self._next = len(training.validation)  # number of the validation that comes next
        self._told_at = -1.0

    def _on_training_start(self) -> None:
        self.health = Health(self.model, self.of.timed)
        self.health.begin(self.model._last_obs)

    def _on_step(self) -> bool:
        self.health.after_step(self.locals)
        # Steps end the loop by themselves, after a whole rollout; time ends it at once.
        return self.of.seconds is None or self.of.budget.elapsed_s < self.of.seconds

    def _on_rollout_start(self) -> None:
        share = self.of.budget.spent(self.model.num_timesteps)
        number, last = self._next, self.of.recipe.validations
        if number <= last and share >= min(number / last, 0.999):  # the last one before the end
            self.validate()
        self.of.budget.start()  # the kernels are compiled now, and what comes next is training
        self._tell(share)

    def validate(self) -> None:
        """Score the policy as it is now, without chance, on the validation seeds."""
        of, model = self.of, self.of.model
        figures = self.health.figures() if hasattr(self, "health") else {}
        agent = of.agent()
        found = score(of.case, agent, of.case.validation_episodes, VALIDATION)
        of.validation.append({"steps": model.num_timesteps, "score": found,
                              "seconds": round(of.budget.elapsed_s, 1)}
                             | {name: value for name, value in figures.items() if name != "steps"})
        self.validated_at, self._next = model.num_timesteps, self._next + 1
        if of.best is None or not found <= of.best.record["score"]:
            agent.record |= {"score": found, "validation": list(of.validation)}
            of.best = agent
            if of.out is not None:
                agent.save(of.out)
        model.logger.record("validation/score", found)
        model.logger.dump(model.num_timesteps)
        if of.out is not None:
            checkpoint.write(of)
        self._tell(of.budget.spent(model.num_timesteps), always=True)

    def _tell(self, share: float, always: bool = False) -> None:
        """Tell the progress, at most twice a second."""
        of = self.of
        now = of.budget.elapsed_s
        if of.progress is None or not (always or now - self._told_at > 0.5):
            return
        self._told_at = now
        figures = self.health.figures() if hasattr(self, "health") else {}
        last = of.validation[-1]["score"] if of.validation else float("nan")
        best = of.best.record["score"] if of.best else float("nan")
        of.progress(figures | {"share": share, "seconds": now, "validation": last, "best": best})


def episode_steps(env) -> int:
    """Decisions of an episode of a native vector environment, at most."""
    if hasattr(env, "world"):
        return env.world.steps
    if hasattr(env, "model"):
        return env.model.periods
    if hasattr(env, "steps"):
        return env.steps
    return env._core.settings.steps


def _writers(tensorboard, name: str) -> list:
    if tensorboard is None:
        return []
    if util.find_spec("tensorboard") is None:
        raise AgentError("--tensorboard needs the package tensorboard; install it with: "
                         "pip install tensorboard")
    return [TensorBoardOutputFormat(str(Path(tensorboard) / name))]


@cache
def versions() -> dict[str, str]:
    """Versions of what a result may depend on."""
    return {name: metadata.version(name) for name in _PACKAGES} | {
        "python": sys.version.split()[0]}


def described(thing) -> dict:
    """A recipe or settings as JSON can hold them; what it cannot is told by its ``repr``."""
    fields = asdict(thing) if isinstance(thing, Recipe) else thing
    return json.loads(json.dumps(fields, default=repr))
