"""Any Gymnasium `VectorEnv` as a Stable-Baselines3 `VecEnv`, without Python for each environment.

Importing this needs Stable-Baselines3 (and torch); nothing else in `lobsim.envs` does.
"""

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

try:
    from stable_baselines3.common.vec_env import VecEnv
except ImportError:
    raise ImportError("lobsim.envs.sb3 needs Stable-Baselines3; install it with: "
                      "pip install 'stable-baselines3>=2.6'") from None

__all__ = ["VecEnvOf"]


class VecEnvOf(VecEnv):
    """A vector environment for Stable-Baselines3.

    What the two disagree on is put right: Stable-Baselines3 wants the first view of the next
    episode at once and the last one in ``infos[i]["terminal_observation"]``, and one flag for both
    ends with ``infos[i]["TimeLimit.truncated"]`` beside it. Environments that reset in the same
    step give that; others (``NEXT_STEP``, ``DISABLED``) are reset by mask as soon as they are over,
    so that no action is lost on a reset.

    Episodes are told as ``infos[i]["episode"]`` (return, length), so that no `VecMonitor` is
    needed.

    Parameters
    ----------
    env : gymnasium.vector.VectorEnv
        Whose ``metadata["autoreset_mode"]`` is set. Rewards and observations pass through.

    Examples
    --------
    .. code-block:: python

        envs = gymnasium.make_vec("lobsim/Execution-v0", num_envs=64,
                                  autoreset_mode="SameStep", info="end")
        model = PPO("MlpPolicy", VecEnvOf(envs))
    """

    def __init__(self, env: VectorEnv):
        if not isinstance(env, VectorEnv):
            raise ValueError(f"env is a {type(env).__name__}; it must be a VectorEnv, as from "
                             f"gymnasium.make_vec")
        self.env = env
        mode = env.metadata.get("autoreset_mode")
        if not isinstance(mode, AutoresetMode):
            raise ValueError(f"the autoreset_mode of the environment is {mode!r}; its metadata "
                             f"must name an AutoresetMode")
        self._resets_itself = mode is AutoresetMode.SAME_STEP
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self._returns = np.zeros(env.num_envs)
        self._lengths = np.zeros(env.num_envs, np.int64)
        self._actions: Any = None

    def reset(self) -> np.ndarray:
        """Begin new episodes everywhere; with the seeds of the last `seed`, if it was called."""
        seeds = None if all(seed is None for seed in self._seeds) else self._seeds
        options = next((one for one in self._options if one), None)
        seen, _ = self.env.reset(seed=seeds, options=options)
        self.reset_infos = [{} for _ in range(self.num_envs)]
        self._reset_seeds()
        self._reset_options()
        self._returns[:] = 0.0
        self._lengths[:] = 0
        return seen

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self):
        """Advance all environments by one step.

        Returns
        -------
        observations, rewards (float32), dones, infos
        """
        seen, rewards, terminated, truncated, told = self.env.step(self._actions)
        done = np.logical_or(terminated, truncated)
        self._returns += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if done.any():
            ended = np.flatnonzero(done)
            last = told["final_obs"] if self._resets_itself else seen
            final = told.get("final_info", {}) if self._resets_itself else told
            for i in ended.tolist():
                infos[i] = self._end(i, np.array(last[i]), final)
                infos[i]["TimeLimit.truncated"] = bool(truncated[i] and not terminated[i])
            if not self._resets_itself:
                seen, _ = self.env.reset(options={"reset_mask": done})
            self._returns[ended] = 0.0
            self._lengths[ended] = 0
        return seen, np.asarray(rewards, np.float32), done, infos

    def _end(self, i: int, last: np.ndarray, told: dict) -> dict[str, Any]:
        """What is told of an episode that ended."""
        info = {name: column[i] for name, column in told.items()
                if not name.startswith("_") and f"_{name}" in told and told[f"_{name}"][i]}
        info["terminal_observation"] = last
        info["episode"] = {"r": float(self._returns[i]), "l": int(self._lengths[i])}
        return info

    def close(self) -> None:
        """Close the environments."""
        self.env.close()

    def _count(self, indices) -> int:
        return len(list(self._get_indices(indices)))

    def get_attr(self, attr_name: str, indices=None) -> list[Any]:
        """An attribute of the vector environment, which all of its environments share."""
        return [getattr(self.env.unwrapped, attr_name)] * self._count(indices)

    def set_attr(self, attr_name: str, value: Any, indices=None) -> None:
        """Set an attribute of the vector environment, for all."""
        if self._count(indices) != self.num_envs:
            raise ValueError(f"{attr_name} belongs to all environments; it cannot be set for some")
        setattr(self.env.unwrapped, attr_name, value)

    def env_method(self, method_name: str, *method_args, indices=None, **method_kwargs) -> list:
        """Call a method of the vector environment once; everyone gets what it returned."""
        told = getattr(self.env.unwrapped, method_name)(*method_args, **method_kwargs)
        return [told] * self._count(indices)

    def env_is_wrapped(self, wrapper_class, indices=None) -> list[bool]:
        """No environment has a wrapper of its own."""
        return [False] * self._count(indices)
