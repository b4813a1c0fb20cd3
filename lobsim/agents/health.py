"""Figures that tell whether a training is healthy, taken while it runs.

For every algorithm: steps a second, the share of time that the environments took, the return of
recent episodes, and the *value at the start of an episode* beside the discounted return that then
came. The two must approach each other; a value that runs away above the return is the first sign
of a learner that believes its own errors. For DQN the loss, epsilon and the size of the temporal
difference error; for PPO approximate KL, clip fraction, explained variance and entropy; for SAC the
entropy coefficient and the critic's loss; with continuous actions the share at a bound.
"""

import time
from collections import deque
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import DQN

from lobsim.agents.algorithms import values_of
from lobsim.envs.sb3 import VecEnvOf

__all__ = ["Health", "TimedVecEnv", "nice_figures"]

_RECENT = 200  # episodes
_BOUND = 0.99  # of the half-width of an action, from which on it counts as at its bound
_EVERY = 50  # steps between looks at the temporal difference error

_NAMES = {"train/loss": "loss", "train/approx_kl": "approx_kl",
          "train/clip_fraction": "clip_fraction", "train/value_loss": "value_loss",
          "train/explained_variance": "explained_variance", "train/entropy_loss": "entropy",
          "train/ent_coef": "ent_coef", "train/critic_loss": "critic_loss",
          "train/actor_loss": "actor_loss", "train/learning_rate": "learning_rate"}


class TimedVecEnv(VecEnvOf):
    """A `VecEnvOf` that keeps the time its environments take, and can start them out of step.

    Parameters
    ----------
    env : gymnasium.vector.VectorEnv
    stagger_steps : int
        Steps of an episode. Environment i of N is cut after about i/N of it, once, and begins
        anew; the cut is told as a time limit, so that learners look beyond it. 0 = no cut.
    """

    def __init__(self, env, stagger_steps: int = 0):
        super().__init__(env)
        self.seconds = 0.0
        self._cuts = np.zeros(self.num_envs, np.int64)
        if stagger_steps > 1:
            self._cuts = np.arange(self.num_envs) * stagger_steps // self.num_envs
        self._step = 0

    def reset(self) -> np.ndarray:
        """Begin new episodes everywhere."""
        self._step = 0
        return super().reset()

    def step_wait(self):
        """Advance all environments by one step."""
        begun = time.perf_counter()
        seen, rewards, done, infos = super().step_wait()
        self._step += 1
        for i in np.flatnonzero(done & getattr(self.env, "idle", False)):
            infos[i].pop("episode", None)  # the end of a wait, which is no episode
        cut = (self._cuts == self._step) & ~done
        if cut.any():
            seen, done, infos = self._cut(cut, seen, done, infos)
        self.seconds += time.perf_counter() - begun
        return seen, rewards, done, infos

    def _cut(self, cut, seen, done, infos):
        """Begin some environments anew in the middle of an episode."""
        for i in np.flatnonzero(cut):
            infos[i] = {"terminal_observation": np.array(seen[i]), "TimeLimit.truncated": True}
        fresh, _ = self.env.reset(options={"reset_mask": cut})
        self._returns[cut], self._lengths[cut] = 0.0, 0
        return fresh, done | cut, infos


class Health:
    """Keeps the figures of a training.

    Parameters
    ----------
    model
        Of `lobsim.agents.algorithms.build`.
    timed : TimedVecEnv
    """

    def __init__(self, model, timed: TimedVecEnv):
        self.model, self.timed = model, timed
        n = timed.num_envs
        self._value, self._return = np.full(n, np.nan), np.zeros(n)
        self._weight = np.ones(n)
        self._pairs: deque = deque(maxlen=_RECENT)  # value at the start, discounted return
        self._episodes: deque = deque(maxlen=_RECENT)  # undiscounted returns
        self._saturated, self._td_error = np.nan, np.nan
        self._steps, self._begun = 0, time.perf_counter()
        self._env_s, self._from_steps = timed.seconds, model.num_timesteps

    def begin(self, seen: np.ndarray) -> None:
        """The first observations of a training (as the model gets them)."""
        self._value = values_of(self.model, seen).astype(float)

    def after_step(self, told: dict[str, Any]) -> None:
        """What the learner's loop knows after a step of the environments."""
        seen, done, infos = told["new_obs"], told["dones"], told["infos"]
        rewards = np.asarray(told["rewards"], float)
        self._return += self._weight * rewards
        self._weight *= self.model.gamma
        self._steps += 1
        if self._steps % _EVERY == 0:
            self._look(told, seen, rewards, done)
        if not done.any():
            return
        ended = np.flatnonzero(done)
        for i in ended:
            if "episode" in infos[i]:
                self._episodes.append(infos[i]["episode"]["r"])
                if np.isfinite(self._value[i]):
                    self._pairs.append((self._value[i], self._return[i]))
        self._value[ended] = values_of(self.model, seen[ended])
        self._return[ended], self._weight[ended] = 0.0, 1.0

    def _look(self, told, seen, rewards, done) -> None:
        model = self.model
        if isinstance(model, DQN):
            with torch.no_grad():
                before = model.q_net(torch.as_tensor(model._last_obs, dtype=torch.float32))
                ahead = model.q_net_target(torch.as_tensor(seen, dtype=torch.float32))
                target = rewards + model.gamma * ~done * ahead.max(dim=1).values.numpy()
            taken = before.numpy()[np.arange(len(rewards)), np.asarray(told["actions"])]
            self._td_error = float(np.abs(target - taken).mean())
        elif isinstance(model.action_space, spaces.Box):
            space = model.action_space
            actions = np.asarray(told.get("clipped_actions", told["actions"]))
            place = (actions - space.low) / (space.high - space.low) * 2.0 - 1.0
            self._saturated = float((np.abs(place) > _BOUND).mean())

    def figures(self) -> dict[str, float]:
        """The figures now, plain numbers; what is not known yet is left out."""
        model = self.model
        seconds = max(time.perf_counter() - self._begun, 1e-9)
        kept = dict(model.logger.name_to_value)
        found = {
            "steps": model.num_timesteps,
            "steps_per_s": (model.num_timesteps - self._from_steps) / seconds,
            "environment_share": (self.timed.seconds - self._env_s) / seconds,
            "episode_return": _mean(self._episodes),
            "value_at_start": _mean([value for value, _ in self._pairs]),
            "return_from_start": _mean([earned for _, earned in self._pairs]),
            "td_error": self._td_error, "at_bound": self._saturated,
        } | {name: float(kept[key]) for key, name in _NAMES.items() if key in kept}
        if isinstance(model, DQN):
            found["epsilon"] = float(model.exploration_rate)
        if "entropy" in found:
            found["entropy"] = -found["entropy"]
        return {name: value for name, value in found.items() if np.isfinite(value)}


def _mean(numbers) -> float:
    return float(np.mean(numbers)) if len(numbers) else float("nan")


_SHOWN = ("episode_return", "value_at_start", "return_from_start", "epsilon", "td_error", "loss",
          "approx_kl", "clip_fraction", "explained_variance", "entropy", "ent_coef",
          "critic_loss", "at_bound")


def nice_figures(figures: dict[str, float], most: int = 7) -> str:
    """The figures of health in a line, for a progress bar."""
    told = [f"{name.replace('_', ' ')} {figures[name]:.3g}" for name in _SHOWN if name in figures]
    return ", ".join(told[:most])
