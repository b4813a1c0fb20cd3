"""What a learner needs when every name of a day is an environment of its own: no idle steps.

A block ends before its day does, and its row of the batch idles until the next day
(`lobsim.envs.portfolio_names`). Those steps are no experience: the action does nothing there, and a
policy that learned from them would be pulled towards noise at a view that tells nothing.
"""

from collections.abc import Generator

import numpy as np
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.type_aliases import RolloutBufferSamples

__all__ = ["AtWorkRollouts"]

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
