r"""A block of lots to sell in a few steps: N sales at a time, and their optimum worked out exactly.

The world of two lots in lesson 06 for any number of them. In a step one *rests* a lot, which is
taken with a known chance and earns a tick, or *crosses* one lot or two, which walk down a book of
one lot a tick. What is left at the end walks the same book. The mid does not count: it has no
trend, so it is the same luck whatever is done.
"""

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

__all__ = ["ACTIONS", "BlockSaleVectorEnv"]

ACTIONS = ("rest", "cross one", "cross two")


class BlockSaleVectorEnv(VectorEnv):
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
    adds the value of a state from which nothing comes. Resets itself in the same step
    (`AutoresetMode.SAME_STEP`): the last view is in ``info["final_obs"]``.

    Parameters
    ----------
    num_envs : int
        N, at least 1.
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

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": []}

    def __init__(self, num_envs: int = 16, *, quantity: int = 6, steps: int = 8,
                 chance: float = 0.3, deadline: str = "terminates"):
        for name, value in (("num_envs", num_envs), ("quantity", quantity), ("steps", steps)):
            if value != int(value) or value < 1:
                raise ValueError(f"{name} is {value}; it must be a whole number above 0")
        if not 0 <= chance <= 1:
            raise ValueError(f"chance is {chance}; it must be from 0 to 1")
        if deadline not in ("terminates", "truncates"):
            raise ValueError(f"deadline is {deadline!r}; it must be 'terminates' or 'truncates'")
        self.num_envs = int(num_envs)
        self.quantity, self.steps = int(quantity), int(steps)
        self.chance, self.deadline = float(chance), deadline
        self.single_observation_space = spaces.Box(0.0, 1.0, (2,), np.float32)
        self.single_action_space = spaces.Discrete(len(ACTIONS))
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._left = np.zeros(self.num_envs, np.int64)
        self._done = np.zeros(self.num_envs, np.int64)

    def reset(self, *, seed=None, options: dict | None = None):
        """Begin new sales; ``seed`` is a whole number, or a sequence of which the first counts."""
        if seed is not None and np.ndim(seed):
            seed = seed[0]
        super().reset(seed=None if seed is None else int(seed))
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, bool))
        self._left[mask], self._done[mask] = self.quantity, 0
        return self._look(), {}

    def _look(self) -> np.ndarray:
        return np.stack([self._left / self.quantity, 1 - self._done / self.steps],
                        axis=1).astype(np.float32)

    def step(self, actions):
        """One decision in each sale."""
        actions = np.asarray(actions)
        taken = (actions == 0) & (self.np_random.random(self.num_envs) < self.chance)
        crossed = np.minimum(actions, self._left)
        rewards = taken - 0.5 * crossed * (crossed + 1.0)
        self._left, self._done = self._left - taken - crossed, self._done + 1
        late = self._done == self.steps
        rewards -= np.where(late, 0.5 * self._left * (self._left + 1.0), 0.0)
        truncated = late & (self._left > 0) & (self.deadline == "truncates")
        over = late | (self._left == 0)
        told: dict[str, Any] = {}
        seen = self._look()
        if over.any():
            last = np.full(self.num_envs, None, object)
            for i in np.flatnonzero(over):
                last[i] = seen[i]
            told = {"final_obs": last, "_final_obs": over, "final_info": {}, "_final_info": over}
            self._left[over], self._done[over] = self.quantity, 0
            seen = self._look()
        return seen, rewards, over & ~truncated, truncated, told

    def optimum(self, discount: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Largest expected sums of rewards, (steps + 1, quantity + 1), and best actions.

        By backward induction; of equally good actions the lowest number.
        """
        lots = np.arange(self.quantity + 1)
        values = [0.0 - 0.5 * lots * (lots + 1.0)]
        best = []
        for _ in range(self.steps):
            after = discount * values[0] if len(values) > 1 else values[0]
            total = np.zeros((len(ACTIONS), len(lots)))
            down = after[np.maximum(lots - 1, 0)]
            total[0] = self.chance * (1 + down) + (1 - self.chance) * after
            for n in (1, 2):
                sold = np.minimum(n, lots)
                total[n] = after[lots - sold] - 0.5 * sold * (sold + 1)
            total[:, 0] = 0.0
            values.insert(0, total.max(axis=0))
            best.insert(0, total.argmax(axis=0))
        return np.array(values), np.array(best)
