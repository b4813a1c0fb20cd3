"""What a learner needs when every name of a day is an environment of its own: no idle steps.

A block ends before its day does, and its row of the batch idles until the next day
(`lobsim.envs.portfolio_names`). Those steps are no experience: the action does nothing there, and a
policy that learned from them would be pulled towards noise at a view that tells nothing.
"""

from collections.abc import Generator

import numpy as np
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.type_aliases import RolloutBufferSamples

from lobsim.envs import execution_layout as at
from lobsim.envs.portfolio_names import NamesVectorEnv

__all__ = ["AtWorkRollouts", "BookNoise", "SteadyNames"]

_TENSORS = ("observations", "actions", "values", "log_probs", "advantages", "returns")


class AtWorkRollouts(RolloutBuffer):
    """A `RolloutBuffer` whose batches hold the steps of rows at work alone.

    Advantages are worked out before, over whole rollouts: a row ends when its block does, so no
    idle step is ever looked back from. What is left is cut into batches of one size, so that none
    is a small rest with moments of its own.

    Parameters
    ----------
    *arguments, **keywords
        Of `RolloutBuffer`.
    column : int
        Of an observation, 0 exactly in idle steps.
    """

    def __init__(self, *arguments, column: int, **keywords):
        super().__init__(*arguments, **keywords)
        self.column = column

    def get(self, batch_size: int | None = None) -> Generator[RolloutBufferSamples, None, None]:
        """Batches in a new random order; after the first one the buffer holds nothing else."""
        if not self.full:
            raise RuntimeError("the rollout is not complete; add more steps before batches")
        if not self.generator_ready:
            flat = {name: self.swap_and_flatten(getattr(self, name)) for name in _TENSORS}
            at_work = flat["observations"][:, self.column] != 0
            for name, tensor in flat.items():
                setattr(self, name, tensor[at_work])
            self.generator_ready = True
        order = np.random.permutation(len(self.values))
        batches = 1 if batch_size is None else max(1, round(len(order) / batch_size))
        for part in np.array_split(order, batches):
            if len(part):
                yield self._get_samples(part)


class BookNoise:
    r"""What the book's noise does to what is unfilled, to be added to the rewards of names.

    A step's reward is marked to the mid: what is left of a block gets dearer when the mid moves
    beyond the outer price, and cheaper when it returns. In a thin book that is most of a reward,
    and none of it is an action's doing. With x the share that is left and G how far the mid has
    moved beyond the outer price since the start (on the block's side, bps), the potential x G is
    added (Ng, Harada, Russell 1999): what remains of both is what a *fill* costs against the outer
    price. Undiscounted, the sum over a block is the same, as the potential is 0 at both ends.

    Parameters
    ----------
    core : PortfolioCore
        With weight 1 for the term ``impact``.
    """

    def __init__(self, core):
        self._core = core
        self._moved, self._potential = np.zeros((2, core.quantity_lots.size))
        self._before = self._left()

    def _left(self) -> np.ndarray:
        asked = self._core.quantity_lots
        return ((asked - self._core.filled_lots) / np.maximum(asked, 1)).reshape(-1)

    def begin(self, rows) -> None:
        """New blocks stand in these rows: a mask, or a slice."""
        self._moved[rows] = self._potential[rows] = 0.0

    def look(self) -> None:
        """Before each step: remember what is left."""
        self._before = self._left()

    def added(self, working: np.ndarray) -> np.ndarray:
        """After each step: what to add to its rewards, bps; `working` are rows not over yet."""
        dearer = self._core.notes[:, at.I_TERMS + at.T_IMPACT]
        self._moved[working] += dearer[working] / self._before[working]
        potential = np.where(working, self._left() * self._moved, 0.0)
        added = potential - self._potential
        self._moved[~working], self._potential = 0.0, potential
        return added


class SteadyNames(NamesVectorEnv):
    """`NamesVectorEnv` whose rewards leave out what the book's noise does (`BookNoise`).

    Parameters
    ----------
    env : PortfolioVectorEnv
        With weight 1 for the term ``impact``.
    """

    def __init__(self, env):
        super().__init__(env, "block")
        self._noise = None

    def reset(self, *, seed=None, options=None):
        """Begin new days."""
        found = super().reset(seed=seed, options=options)
        if self._noise is None:
            self._noise = BookNoise(self.env.core)
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, bool))
        self._noise.begin(np.asarray(mask).reshape(-1))
        return found

    def step(self, actions):
        """One decision of every name."""
        self._noise.look()
        seen, rewards, ended, truncated, infos = super().step(actions)
        at_work = ~self.idle
        rewards[at_work] += self._noise.added(at_work & ~ended)[at_work]
        return seen, rewards, ended, truncated, infos
