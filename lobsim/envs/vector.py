"""What every environment of the kit needs around its kernel: seeds, episodes, autoreset.

A *core* holds N episodes in arrays and advances them in one compiled call. It has

* ``len(core)``, N, and ``core.names``, the names of the columns of its information;
* ``core.fresh(seen=None, info=None) -> outcome`` with arrays ``seen`` (N, columns) float32,
  ``rewards`` (N,), ``over`` (N,) bool, ``info`` (N, len(names)) float64, and optionally
  ``truncated`` (N,) bool, all new but those that are given;
* ``core.open(rows, seeds, outcome)``: new episodes in some rows, whose first view it writes;
* ``core.step(actions, outcome=None) -> outcome``, by default in fresh arrays; rows whose episode
  is over are not written.

`lobsim.envs.core.KernelCore` is a base for cores. `KernelEnv` makes a `gymnasium.Env` of a core
with one row, `KernelVectorEnv` a `gymnasium.vector.VectorEnv` of any, `ScalarOf` the first of a
class of the second. All play the same episodes, bit for bit: episode k after ``reset(seed=s)`` has
the market seed ``episode_seeds(s, k, 1)``, and environment i of a vector is reset with s + i, as
Gymnasium has it.

All environments reset in the *same step* unless told otherwise (Gymnasium's own vectors do so in
the next one). Then every step of every environment is one of an episode: none is lost on a reset
whose action is ignored, no row of a batch has to be masked out of a learner's loss, and it is what
Stable-Baselines3 and `lobsim.envs.evaluate_making` expect.
"""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from lobsim.envs.seeding import episode_key, seeds_of
from lobsim.market.arguments import checked_seed

__all__ = ["KernelEnv", "KernelVectorEnv", "ScalarOf"]


def _tells_all(info: str) -> bool:
    if info not in ("all", "end"):
        raise ValueError(f"info is {info!r}; it must be 'all' or 'end'")
    return info == "all"


class Episodes:
    """Which market seed each of N environments plays next."""

    def __init__(self, count: int):
        self._bases: list[int | None] = [None] * count
        self._played = [0] * count

    def reseed(self, i: int, seed: int) -> None:
        """Start anew at episode 0 of a seed."""
        self._bases[i], self._played[i] = checked_seed(seed), 0

    def next(self, rows: Sequence[int], rng: np.random.Generator) -> list[int]:
        """Market seeds of the next episodes of some rows; `rng` seeds those that never were."""
        for i in rows:
            if self._bases[i] is None:
                self.reseed(i, int(rng.integers(2**63)))
        keys = np.array([episode_key(self._bases[i]) for i in rows], np.uint64)
        seeds = seeds_of(keys, np.array([self._played[i] for i in rows], np.uint64))
        for i in rows:
            self._played[i] += 1
        return seeds.tolist()


class KernelEnv(gymnasium.Env):
    """One environment over a core of one row.

    Parameters
    ----------
    core : object
        See the module.
    observation_space, action_space : gymnasium.Space
    info : str
        "all": every step tells all columns; "end": only the first and the last one, which saves
        half of the time of a short step.
    """

    metadata = {"render_modes": []}

    def __init__(self, core, observation_space, action_space, info: str = "all"):
        self._tells_all = _tells_all(info)
        self.observation_space, self.action_space = observation_space, action_space
        self.render_mode = None
        self._core = core
        self._episodes = Episodes(1)

    def reset(self, *, seed: int | None = None, options: dict | None = None):
        """Begin an episode: number 0 of `seed`, or without one the next.

        Parameters
        ----------
        seed : int, optional
            0 to 2**63 - 1.
        options : dict, optional
            ``{"market_seed": n}`` plays the market with that seed itself, hashed no more.

        Returns
        -------
        ndarray of float32, dict
        """
        super().reset(seed=seed)
        if seed is not None:
            self._episodes.reseed(0, seed)
        if options and "market_seed" in options:
            market_seed = checked_seed(options["market_seed"], "market_seed")
        else:
            [market_seed] = self._episodes.next([0], self.np_random)
        self._outcome = outcome = self._core.fresh()
        self._seen = outcome.seen[0]
        self._may_cut = hasattr(outcome, "truncated")
        self._core.open([0], [market_seed], outcome)
        self._is_over = False
        return self._shown(outcome.seen[0].copy()), self._told(outcome)

    def _shown(self, seen: np.ndarray):
        """A row of columns as the observation space has it."""
        return seen

    def _told(self, outcome) -> dict[str, Any]:
        return dict(zip(self._core.names, outcome.info[0].tolist()))

    def step(self, action):
        """Advance to the next decision."""
        if self._is_over:
            raise gymnasium.error.ResetNeeded("the episode is over; call reset() before step()")
        outcome = self._core.step(self._rows(action), self._outcome)
        over = outcome.over.item(0)  # as Python's own; faster than bool(outcome.over[0])
        truncated = self._may_cut and outcome.truncated.item(0)
        self._is_over = over or truncated
        told = self._told(outcome) if self._tells_all or self._is_over else {}
        seen = self._shown(self._seen.copy())
        return seen, outcome.rewards.item(0), over, truncated, told

    _is_over = True

    def _rows(self, action) -> np.ndarray:
        """An action as the core wants it: with one more axis in front."""
        return np.asarray(action)[None]


class KernelVectorEnv(VectorEnv):
    """N environments over a core of N rows: one compiled call a step, no Python for each.

    Parameters
    ----------
    core : object
        See the module.
    observation_space, action_space : gymnasium.Space
        Of a single environment.
    autoreset_mode : AutoresetMode or str
        ``SAME_STEP`` (the last step returns the first view of the next episode, and the last view
        in ``infos["final_obs"]``, its information in ``infos["final_info"]``; the default, see the
        module), ``NEXT_STEP`` (the step after the last one of an episode resets and ignores the
        action) or ``DISABLED`` (nothing; reset with ``options={"reset_mask": ...}``).
    info : str
        "all": every step tells all columns; "end": only ``final_info`` (with ``SAME_STEP``), which
        is faster.
    copy : bool
        Whether observations are returned in fresh arrays. Without it they lie in one of two
        buffers in turn, which the kernel writes again in the second step after.

    Attributes
    ----------
    info_names : tuple of str
        Columns of the information.
    sum_names : tuple of str
        Those that tell what a step adds: an evaluation sums them.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}
    sum_names: tuple[str, ...] = ()

    def __init__(self, core, observation_space, action_space,
                 autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
                 info: str = "all", copy: bool = True):
        self._tells_all = _tells_all(info)
        try:
            self.autoreset_mode = AutoresetMode(autoreset_mode)
        except ValueError:
            raise ValueError(f"autoreset_mode is {autoreset_mode!r}; it must be one of "
                             f"{', '.join(mode.value for mode in AutoresetMode)}") from None
        self.num_envs = len(core)
        self.metadata = type(self).metadata | {"autoreset_mode": self.autoreset_mode}
        self.info_names, self.copy = tuple(core.names), bool(copy)
        self.single_observation_space = observation_space
        self.single_action_space = action_space
        self.observation_space = batch_space(observation_space, self.num_envs)
        self.action_space = batch_space(action_space, self.num_envs)
        self._core = core
        self._episodes = Episodes(self.num_envs)
        self._everyone = np.ones(self.num_envs, bool)
        self._everyone.flags.writeable = False
        self._masks = {"_" + name: self._everyone for name in self.info_names}
        self._waiting = np.ones(self.num_envs, bool)  # for a reset
        self._some_wait = True
        self._buffers = () if copy else (core.fresh().seen, core.fresh().seen)
        # What is told at the end alone is copied then; until then it may lie where it lay before.
        self._info = None if self._tells_all else core.fresh().info

    @property
    def tells_all(self) -> bool:
        """Whether every step tells all columns of the information."""
        return self._tells_all

    def _room(self, info=None):
        """An outcome to write to, whose views are not those that were returned last."""
        if self.copy:
            return self._core.fresh(info=info)
        first, second = self._buffers
        is_taken = self._last is not None and self._last.seen is first
        return self._core.fresh(second if is_taken else first, info)

    def reset(self, *, seed: int | Sequence[int | None] | None = None,
              options: dict | None = None):
        """Begin new episodes, in all environments or in those of ``options["reset_mask"]``.

        Parameters
        ----------
        seed : int or sequence of N ints, optional
            An int gives environment i the seed + i.
        options : dict, optional
            ``{"reset_mask": ndarray of bool, shape (N,)}``; environments left out go on, and
            their rows of what is returned are as after their last step.
        """
        seeds = self._seeds(seed)
        mask = self._mask(options)
        if mask.all():
            outcome = self._room()
        else:
            if self._last is None:
                raise gymnasium.error.ResetNeeded("reset all environments before some of them")
            outcome = self._room()
            outcome.seen[:], outcome.info[:] = self._last.seen, self._last.info
        for i in np.flatnonzero(mask):
            if seeds[i] is not None:
                self._episodes.reseed(int(i), seeds[i])
        self._open(np.flatnonzero(mask), outcome)
        self._last = outcome
        return self._shown(outcome.seen), self._columns(outcome, mask)

    _last = None

    def _shown(self, seen: np.ndarray):
        """Rows of columns, or a single row, as the observation space has them."""
        return seen

    def _seeds(self, seed) -> list:
        if seed is None:
            return [None] * self.num_envs
        if np.ndim(seed) == 0:
            seed = checked_seed(seed)
            super().reset(seed=seed)
            return [seed + i for i in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"seed has {len(seed)} entries; there are {self.num_envs} "
                             f"environments")
        return list(seed)

    def _mask(self, options) -> np.ndarray:
        mask = (options or {}).get("reset_mask")
        if mask is None:
            return self._everyone
        mask = np.asarray(mask)
        if mask.shape != (self.num_envs,) or mask.dtype != bool or not mask.any():
            raise ValueError(f"reset_mask must be {self.num_envs} bools, at least one of them True")
        return mask

    def _open(self, rows, outcome) -> None:
        if len(rows):
            self._core.open(rows, self._episodes.next(rows.tolist(), self.np_random), outcome)
            self._waiting[rows] = False
            self._some_wait = bool(self._waiting.any())

    def step(self, actions):
        """Advance all environments by one decision, in one compiled call.

        Returns
        -------
        observations, rewards, terminations, truncations, infos
            Fresh arrays; nothing is written to them later (but for observations, without `copy`).
        """
        waiting = np.flatnonzero(self._waiting) if self._some_wait else ()
        if self._some_wait and (self._last is None
                             or self.autoreset_mode is not AutoresetMode.NEXT_STEP):
            raise gymnasium.error.ResetNeeded("an episode is over; reset it before step()")
        outcome = self._core.step(actions, self._room(self._info))
        truncated = getattr(outcome, "truncated", None)
        if truncated is None:
            over, truncated = outcome.over, np.zeros(self.num_envs, bool)
        else:
            over = outcome.over | truncated
        infos: dict[str, Any] = {}
        self._open(waiting, outcome)
        if np.count_nonzero(over):  # in half the time of over.any()
            ended = np.flatnonzero(over)
            self._waiting[ended] = self._some_wait = True
            if self.autoreset_mode is AutoresetMode.SAME_STEP:
                infos = self._final(outcome, over, ended)
                self._open(ended, outcome)
        self._last = outcome
        if self._tells_all:
            infos.update(zip(self.info_names, outcome.info.T))
            infos.update(self._masks)
        return self._shown(outcome.seen), outcome.rewards, outcome.over, truncated, infos

    def _columns(self, outcome, mask) -> dict[str, Any]:
        """Information by name, each with its mask, as Gymnasium has it."""
        told: dict[str, Any] = {}
        for name, column in zip(self._core.names, outcome.info.T, strict=True):
            told[name], told["_" + name] = column, mask
        return told

    def _final(self, outcome, over, ended) -> dict[str, Any]:
        """The last view and information of episodes that ended, before the new ones replace it."""
        final = np.full(self.num_envs, None, dtype=object)
        for i in ended:
            final[i] = self._shown(outcome.seen[i].copy())
        info = np.where(over, outcome.info.T, 0.0)
        told: dict[str, Any] = {}
        for name, column in zip(self._core.names, info, strict=True):
            told[name], told["_" + name] = column, over
        return {"final_obs": final, "_final_obs": over, "final_info": told, "_final_info": over}


class ScalarOf(KernelEnv):
    """One environment of a vector class: its core with one row, and no automatic reset.

    A subclass names the class in `many`; its arguments are passed on.

    Parameters
    ----------
    info : str
        As in `KernelEnv`.
    **arguments
        Of the vector class, but for ``num_envs``, ``autoreset_mode`` and ``copy``.
    """

    many: type[KernelVectorEnv]

    def __init__(self, *, info: str = "all", **arguments):
        self.vector = self.many(num_envs=1, autoreset_mode=AutoresetMode.DISABLED, **arguments)
        super().__init__(self.vector._core, self.vector.single_observation_space,
                         self.vector.single_action_space, info)

    def _shown(self, seen):
        return self.vector._shown(seen)
