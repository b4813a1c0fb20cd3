r"""A block of lots to sell in a few steps: N sales at a time, and their optimum worked out exactly.

The world of two lots in lesson 06 for any number of them. In a step one *rests* a lot, which is
taken with a known chance and earns a tick, or *crosses* one lot or two, which walk down a book of
one lot a tick. What is left at the end walks the same book. The mid does not count: it has no
trend, so it is the same luck whatever is done.
"""

from typing import NamedTuple

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from lobsim.envs.core import KernelCore
from lobsim.envs.seeding import episode_uniforms
from lobsim.envs.vector import KernelVectorEnv

__all__ = ["ACTIONS", "BlockSaleVectorEnv"]

ACTIONS = ("rest", "cross one", "cross two")


class _Outcome(NamedTuple):
    """As `lobsim.envs.core.Outcome`, and which episodes are told to be cut off."""

    seen: np.ndarray
    rewards: np.ndarray
    over: np.ndarray
    info: np.ndarray
    truncated: np.ndarray  # (N,) bool


class _Core(KernelCore):
    """N sales at work."""

    def __init__(self, count, quantity, steps, chance, truncates):
        super().__init__(count, columns=2, actions=1)
        self.quantity, self.steps, self.chance = quantity, steps, chance
        self._truncates = truncates
        self._left, self._done = np.zeros((2, len(self)), np.int64)
        self._luck = np.zeros((len(self), steps))

    def fresh(self, seen=None, info=None):
        return _Outcome(*super().fresh(seen, info), np.zeros(len(self), bool))

    def begin(self, rows, seeds, seen):
        self._left[rows], self._done[rows] = self.quantity, 0
        self._luck[rows] = episode_uniforms(seeds, self.steps)
        self._look(rows, seen)

    def step(self, actions, outcome=None):
        actions = np.asarray(actions)
        if not np.isin(actions, range(len(ACTIONS))).all():
            raise ValueError(f"actions are {np.unique(actions).tolist()}; each must be 0, 1 or 2")
        outcome = super().step(actions.reshape(len(actions), -1), outcome)
        self._going &= ~outcome.truncated
        return outcome

    def advance(self, actions, rows, outcome):
        left, chosen = self._left[rows], actions[rows, 0].astype(np.int64)
        taken = (chosen == 0) & (left > 0) & (self._luck[rows, self._done[rows]] < self.chance)
        crossed = np.minimum(chosen, left)
        left = left - taken - crossed
        self._left[rows], self._done[rows] = left, self._done[rows] + 1
        late = self._done[rows] == self.steps
        outcome.rewards[rows] = taken - walked(crossed) - np.where(late, walked(left), 0.0)
        cut = late & (left > 0) & self._truncates
        outcome.over[rows], outcome.truncated[rows] = (late | (left == 0)) & ~cut, cut
        self._look(rows, outcome.seen)

    def _look(self, rows, seen):
        seen[rows, 0] = self._left[rows] / self.quantity
        seen[rows, 1] = 1 - self._done[rows] / self.steps


def walked(lots):
    """Ticks times lots that so many lots cost who crosses: x (x + 1) / 2."""
    return 0.5 * lots * (lots + 1.0)


class BlockSaleVectorEnv(KernelVectorEnv):
    r"""Sell ``quantity`` lots in ``steps`` steps, many times over.

    Observations
    ------------
    ====== ================================ ===== === ===
    column meaning                          unit  min max
    ====== ================================ ===== === ===
    0      lots left / ``quantity``         share 0   1
    1      steps left / ``steps``           share 0   1
    ====== ================================ ===== === ===

    Actions
    -------
    0 rests one lot: with ``chance`` it sells a tick above the mid, reward 1. 1 and 2 cross that
    many lots, at most what is left; n lots cost n (n + 1) / 2 ticks.

    Rewards
    -------
    Ticks times lots, as above; in the last step also minus x (x + 1) / 2 for x lots left.

    Episode end
    -----------
    *Terminates* when nothing is left or the steps are over. With ``deadline="truncates"`` the end
    of the steps is told as a truncation, which is wrong and here to be studied: a learner then
    adds the value of a state from which nothing comes.

    Parameters
    ----------
    num_envs : int
        N, at least 1.
    autoreset_mode, info, copy
        As in `lobsim.envs.vector.KernelVectorEnv`.
    quantity, steps : int
        At least 1.
    chance : float
        Between 0 and 1.
    deadline : str
        "terminates" or "truncates".

    Examples
    --------
    >>> world = BlockSaleVectorEnv(1, quantity=2, steps=2)
    >>> values, actions = world.optimum()
    >>> round(float(values[0, 2]), 2), ACTIONS[actions[0, 2]]
    (-1.22, 'rest')
    """

    def __init__(self, num_envs: int = 16, *, quantity: int = 6, steps: int = 8,
                 chance: float = 0.3, deadline: str = "terminates",
                 autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
                 info: str = "all", copy: bool = True):
        for name, value in (("quantity", quantity), ("steps", steps)):
            if value != int(value) or value < 1:
                raise ValueError(f"{name} is {value}; it must be a whole number above 0")
        if not 0 <= chance <= 1:
            raise ValueError(f"chance is {chance}; it must be from 0 to 1")
        if deadline not in ("terminates", "truncates"):
            raise ValueError(f"deadline is {deadline!r}; it must be 'terminates' or 'truncates'")
        self.quantity, self.steps, self.chance = int(quantity), int(steps), float(chance)
        core = _Core(num_envs, self.quantity, self.steps, self.chance, deadline == "truncates")
        super().__init__(core, spaces.Box(0.0, 1.0, (2,), np.float32),
                         spaces.Discrete(len(ACTIONS)), autoreset_mode, info, copy)

    def optimum(self, discount: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Largest expected sums of rewards, (steps + 1, quantity + 1), and best actions.

        By backward induction; of equally good actions the lowest number.
        """
        lots = np.arange(self.quantity + 1)
        values = [0.0 - walked(lots)]
        best = []
        for _ in range(self.steps):
            after = discount * values[0] if len(values) > 1 else values[0]
            total = np.zeros((len(ACTIONS), len(lots)))
            down = after[np.maximum(lots - 1, 0)]
            total[0] = self.chance * (1 + down) + (1 - self.chance) * after
            for n in (1, 2):
                sold = np.minimum(n, lots)
                total[n] = after[lots - sold] - walked(sold)
            total[:, 0] = 0.0
            values.insert(0, total.max(axis=0))
            best.insert(0, total.argmax(axis=0))
        return np.array(values), np.array(best)
