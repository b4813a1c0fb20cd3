"""Acting beside a rule: the agent says how far to depart from what a classical rule would do."""

import numpy as np
from gymnasium.vector import VectorWrapper

__all__ = ["ResidualEnv"]


class ResidualEnv(VectorWrapper):
    """A vector environment whose actions are added to those of a rule.

    The environment gets ``clip(rule(observation) + scale * action, low, high)``. Action 0 is the
    rule, so an untrained agent starts as good as it, and learns where to depart from it.

    Parameters
    ----------
    env : gymnasium.vector.VectorEnv
        With a continuous action.
    rule : callable
        ``rule(observations) -> actions``.
    scale : float
        Above 0.
    """

    def __init__(self, env, rule, scale: float):
        super().__init__(env)
        self.rule, self.scale = rule, float(scale)
        space = env.single_action_space
        self._low, self._high = space.low, space.high
        self._seen = None

    def reset(self, *, seed=None, options=None):
        """Begin new episodes."""
        self._seen, info = self.env.reset(seed=seed, options=options)
        return self._seen, info

    def step(self, actions):
        """Add to the rule's actions and step."""
        whole = np.clip(self.rule(self._seen) + self.scale * np.asarray(actions), self._low,
                        self._high)
        self._seen, *rest = self.env.step(whole)
        return self._seen, *rest
