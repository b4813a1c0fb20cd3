"""What a core is made of: the outcome of a call, and a base for cores whose rows step together."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["KernelCore", "Outcome", "checked_count"]


class Outcome(NamedTuple):
    """What a call tells of all N episodes; fresh arrays each time, written by the kernel."""

    seen: np.ndarray  # (N, columns) float32
    rewards: np.ndarray  # (N,) float64
    over: np.ndarray  # (N,) bool
    info: np.ndarray  # (N, len(names)) float64


def checked_count(count) -> int:
    """`count` as a number of environments, or a `ValueError`."""
    if count < 1 or count != int(count):
        raise ValueError(f"num_envs is {count}; it must be a whole number above 0")
    return int(count)


class KernelCore:
    """N episodes for `lobsim.envs.vector`, of which a subclass tells how they begin and step.

    A subclass gives ``begin(rows, seeds, seen)``, which starts episodes, and ``advance(actions,
    rows, outcome)``, which plays one step of the episodes in `rows` and writes their views,
    rewards and ends. Both write the information to `self.told`, which stays from step to step
    (a kernel may keep its accounts there) and is zero where an episode begins.

    Parameters
    ----------
    count : int
        N, at least 1.
    columns : int
        Of an observation.
    actions : int
        Numbers in an action.
    """

    names: tuple[str, ...] = ()

    def __init__(self, count: int, columns: int, actions: int):
        self._count = checked_count(count)
        self._columns, self._shape = columns, (self._count, actions)
        self.told = np.zeros((self._count, len(self.names)))
        self._going = np.zeros(self._count, bool)

    def begin(self, rows: np.ndarray, seeds: np.ndarray, seen: np.ndarray) -> None:
        """Start an episode in each of `rows` and write its first view and information."""
        raise NotImplementedError

    def advance(self, actions: np.ndarray, rows: np.ndarray, outcome: Outcome) -> None:
        """Play one step of the episodes in `rows`."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self._count

    def fresh(self, seen: np.ndarray | None = None,
              info: np.ndarray | None = None) -> Outcome:
        """Arrays for an outcome, all new and zero but those that are given."""
        n = len(self)
        seen = np.zeros((n, self._columns), np.float32) if seen is None else seen
        info = np.zeros(self.told.shape) if info is None else info
        return Outcome(seen, np.zeros(n), np.zeros(n, bool), info)

    def open(self, rows: Sequence[int], seeds: Sequence[int], outcome: Outcome) -> None:
        """Start new episodes in some rows; writes their first view and information."""
        rows = np.asarray(rows, np.int64)
        self.told[rows] = 0.0
        with np.errstate(over="ignore"):  # hashing wraps around on purpose (uncompiled runs warn)
            self.begin(rows, np.array(seeds, np.uint64), outcome.seen)
        self._going[rows] = True
        outcome.info[rows] = self.told[rows]

    def step(self, actions, outcome: Outcome | None = None) -> Outcome:
        """One decision for every episode that is not over; the rows of others stay as they are.

        Parameters
        ----------
        actions : ndarray, shape (N, k)
        outcome : Outcome, optional
            Where to write; by default fresh arrays, all zero.

        Raises
        ------
        ValueError
            When the actions have another shape or hold a NaN.
        """
        actions = np.asarray(actions, dtype=np.float64)
        if actions.shape != self._shape:
            raise ValueError(f"actions have the shape {actions.shape}; it must be {self._shape}")
        if np.isnan(actions).any():
            raise ValueError("an action is not a number")
        outcome = self.fresh() if outcome is None else outcome
        rows = np.flatnonzero(self._going)
        with np.errstate(over="ignore"):
            self.advance(actions, rows, outcome)
        self._going[rows] = ~outcome.over[rows]
        outcome.info[rows] = self.told[rows]
        return outcome
