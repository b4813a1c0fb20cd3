"""Many episodes in one kernel call: what the vector environments of this floor have in common.

An environment is written once, as a vector environment whose N episodes step in one call of a
Numba kernel; the scalar form is the same with N = 1, so both give the same numbers bit for bit.
"""

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from lobsim.envs.seeding import episode_seeds

__all__ = ["KernelVectorEnv", "ScalarOf"]


class KernelVectorEnv(VectorEnv):
    """N episodes side by side, each with its own seeds, stepped together.

    Environment i reset with ``seed=s`` plays the episodes that the scalar form reset with
    ``seed=s + i`` plays, one after the other (`lobsim.envs.seeding.episode_seeds`).

    A subclass gives ``_begin(rows, seeds)``, which starts episodes and writes their first
    observations, ``_advance(actions, rows)``, which plays one step of the episodes in `rows`, and
    `info_names`, the columns of `self._told`; `sum_names` are those that tell what a step adds
    (an evaluation sums them).

    Parameters
    ----------
    num_envs : int
        N, at least 1.
    observation_space, action_space : gymnasium.spaces.Box
        Of one environment; observations are float32 vectors.
    autoreset_mode : AutoresetMode or str
        "SameStep": the step that ends an episode returns the first observation of the next one,
        and the last one of the old in ``info["final_obs"]``, its info in ``info["final_info"]``.
        "NextStep": the next step does, whatever the action. "Disabled": only ``reset`` with
        ``options={"reset_mask": mask}`` does.
    copy : bool
        Whether returned observations are copies. Without it the kernel's own buffer is returned,
        which is written again by the second step after.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}
    info_names: tuple[str, ...] = ()
    sum_names: tuple[str, ...] = ()

    def __init__(self, num_envs: int, observation_space, action_space, *,
                 autoreset_mode=AutoresetMode.SAME_STEP, copy: bool = True) -> None:
        if num_envs < 1 or int(num_envs) != num_envs:
            raise ValueError(f"num_envs is {num_envs}; it must be a whole number of at least 1")
        self.num_envs = int(num_envs)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = self.metadata | {"autoreset_mode": self.autoreset_mode}
        self.single_observation_space = observation_space
        self.single_action_space = action_space
        self.observation_space = batch_space(observation_space, self.num_envs)
        self.action_space = batch_space(action_space, self.num_envs)
        self.copy = bool(copy)
        width = observation_space.shape[0]
        self._buffers = np.zeros((2, self.num_envs, width), np.float32)
        self._now = 0
        self._told = np.zeros((self.num_envs, len(self.info_names)))
        self._rewards = np.zeros(self.num_envs)
        self._ended = np.zeros(self.num_envs, np.bool_)
        self._done = np.zeros(self.num_envs, np.bool_)  # ended in the step before
        self._base = np.zeros(self.num_envs, np.uint64)
        self._episode = np.full(self.num_envs, -1, np.int64)

    # -- for subclasses ------------------------------------------------------------------------

    def _begin(self, rows: np.ndarray, seeds: np.ndarray) -> None:
        raise NotImplementedError

    def _advance(self, actions: np.ndarray, rows: np.ndarray) -> None:
        raise NotImplementedError

    @property
    def _obs(self) -> np.ndarray:
        """The buffer that the next observations go to, shape (N, width), float32."""
        return self._buffers[self._now]

    # -- the interface -------------------------------------------------------------------------

    def reset(self, *, seed=None, options=None):
        """Begin episodes in all environments, or in those of ``options["reset_mask"]``.

        Parameters
        ----------
        seed : int, sequence of N ints or None, optional
            A number s seeds environment i with s + i and starts its count of episodes anew;
            without one every environment goes on with its next episode.
        options : dict, optional
            ``reset_mask``: booleans of shape (N,).

        Returns
        -------
        observations : ndarray of float32
        info : dict
        """
        super().reset(seed=seed if isinstance(seed, (int, np.integer)) else None)
        mask = np.ones(self.num_envs, np.bool_)
        if options and options.get("reset_mask") is not None:
            mask = np.array(options["reset_mask"], np.bool_)
            if mask.shape != (self.num_envs,):
                raise ValueError(f"reset_mask has the shape {mask.shape}; it must be "
                                 f"({self.num_envs},)")
        self._seed_rows(seed, mask)
        self._turn()
        self._start(np.flatnonzero(mask))
        return self._shown(), self._info(mask)

    def _seed_rows(self, seed, mask) -> None:
        n = self.num_envs
        if seed is None or isinstance(seed, (int, np.integer)):
            given = [None if seed is None else int(seed) + i for i in range(n)]
        else:
            given = list(seed)
        if len(given) != n:
            raise ValueError(f"there are {len(given)} seeds for {n} environments")
        for i in np.flatnonzero(mask):
            if given[i] is not None:
                if not 0 <= given[i] < 2**63:
                    raise ValueError(f"seed is {given[i]}; it must be from 0 to 2**63 - 1")
                self._base[i], self._episode[i] = given[i], -1
            elif self._episode[i] < 0:  # never seeded
                self._base[i] = self.np_random.integers(2**63)

    def _start(self, rows) -> None:
        """Begin the next episode of each of these rows."""
        if not len(rows):
            return
        self._episode[rows] += 1
        seeds = np.array([episode_seeds(int(self._base[i]), int(self._episode[i]), 1)[0]
                          for i in rows], np.uint64)
        self._told[rows] = 0.0
        self._done[rows] = False
        self._begin(rows, seeds)

    def step(self, actions):
        """Play one step of every episode.

        Parameters
        ----------
        actions : ndarray, shape (N, ...)

        Returns
        -------
        observations, rewards (float64), terminated, truncated, info
        """
        actions = np.asarray(actions, dtype=np.float64)
        if actions.shape != self.action_space.shape:
            raise ValueError(f"actions have the shape {actions.shape}; it must be "
                             f"{self.action_space.shape}")
        if np.isnan(actions).any():
            raise ValueError("an action is not a number")
        if (self._episode < 0).any():
            raise gym.error.ResetNeeded("call reset() before step()")
        over = self._done.copy()
        if over.any() and self.autoreset_mode == AutoresetMode.DISABLED:
            raise gym.error.ResetNeeded(f"the episode of environment {int(np.argmax(over))} is "
                                        f"over; reset it before the next step")
        self._turn()
        self._rewards[:], self._ended[:] = 0.0, False
        self._advance(actions, np.flatnonzero(~over))
        self._start(np.flatnonzero(over))  # NextStep
        rewards, ended = self._rewards.copy(), self._ended.copy()
        final = {}
        if self.autoreset_mode == AutoresetMode.SAME_STEP and ended.any():
            final = {"final_obs": self._obs.copy(), "_final_obs": ended.copy(),
                     "final_info": self._info(ended), "_final_info": ended.copy()}
            self._start(np.flatnonzero(ended))
        else:
            self._done |= ended
        truncated = np.zeros(self.num_envs, np.bool_)
        return self._shown(), rewards, ended, truncated, self._info() | final

    def _turn(self) -> None:
        """Go over to the other buffer; rows that are not written keep what they show."""
        before = self._obs
        self._now = 1 - self._now
        self._obs[:] = before

    def _shown(self) -> np.ndarray:
        return self._obs.copy() if self.copy else self._obs

    def _info(self, mask=None) -> dict:
        """Columns of `_told` by name, each with the mask that Gymnasium's vector infos have."""
        told = self._told.copy()
        mask = np.ones(self.num_envs, np.bool_) if mask is None else mask
        info = {}
        for k, name in enumerate(self.info_names):
            info[name], info[f"_{name}"] = told[:, k], mask
        return info


class ScalarOf(gym.Env):
    """One environment of a vector class: its kernel with N = 1, and no automatic reset.

    A subclass names the class in `many`; its arguments are passed on.
    """

    metadata = {"render_modes": []}
    many: type[KernelVectorEnv]

    def __init__(self, **arguments) -> None:
        self.vector = self.many(num_envs=1, autoreset_mode=AutoresetMode.DISABLED, copy=True,
                                **arguments)
        self.observation_space = self.vector.single_observation_space
        self.action_space = self.vector.single_action_space

    def reset(self, *, seed=None, options=None):
        """Begin an episode: the first one of a seed, or the next one without.

        Returns
        -------
        observation : ndarray of float32
        info : dict of float
        """
        super().reset(seed=seed)
        if seed is None and self.vector._episode[0] < 0:
            seed = int(self.np_random.integers(2**63))
        obs, info = self.vector.reset(seed=None if seed is None else [seed])
        return obs[0], self._first(info)

    def step(self, action):
        """Play one step; returns observation, reward, terminated, truncated, info."""
        obs, rewards, terminated, truncated, info = self.vector.step(
            np.asarray(action, dtype=np.float64)[None])
        return (obs[0], float(rewards[0]), bool(terminated[0]), bool(truncated[0]),
                self._first(info))

    def _first(self, info) -> dict:
        return {name: float(info[name][0]) for name in self.vector.info_names}
