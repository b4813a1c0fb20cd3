"""`MakingCore`: N makers at work in N books, advanced together by a few Numba calls a look."""

import numpy as np

from lobsim.envs import making_kernel as kernel
from lobsim.envs.core import KernelCore
from lobsim.envs.making_markets import open_row, stack_for
from lobsim.market.kernel import DONE, TAPE_FULL
from lobsim.market.stack import run_markets, table_of_stack

__all__ = ["MakingCore"]

_NO_ACTIONS = np.zeros((0, 2))


class MakingCore(KernelCore):
    """N episodes of `lobsim.envs.making`, without any environment around them.

    Parameters
    ----------
    count : int
        N, at least 1.
    shape : (int, int)
        Columns of an observation, numbers in an action.
    profile : Profile
    start_ns : int
        Nanoseconds after midnight at which the markets open.
    terms : ndarray
        Entries ``T_...`` of `lobsim.envs.making_kernel`.
    flatten : bool
    threads : int
    """

    names = kernel.TOLD

    def __init__(self, count, shape, profile, start_ns, terms, flatten, threads):
        super().__init__(count, *shape)
        count = len(self)
        self.profile, self.flatten, self.threads = profile, flatten, threads
        self._start_ns, self._terms = start_ns, terms
        self._stack = stack_for(profile, count, start_ns)
        self._desks = np.zeros((count, kernel.ROOM, kernel.O_SIZE), np.int64)
        self._ints = np.zeros((count, kernel.I_SIZE), np.int64)
        self._memories = np.zeros((count, kernel.M_SIZE))
        self._wanted = np.zeros((count, 4), np.int64)  # bid, its lots, ask, its lots
        self._until, self._status = np.zeros((2, count), np.int64)
        self._table = table_of_stack(self._stack)

    def __setstate__(self, state):
        """A copy has its arrays elsewhere."""
        self.__dict__.update(state)
        self._table = table_of_stack(self._stack)

    def begin(self, rows, seeds, seen):
        for i, seed in zip(rows, seeds):
            open_row(self._stack, int(i), self.profile, int(seed) & (2**63 - 1), self._start_ns)
        kernel.begin(self._table, self._desks, self._ints, self._memories, rows, self._terms,
                     seen, self.told)

    def advance(self, actions, rows, outcome):
        desk = self._table, self._desks, self._ints
        kernel.withdraw(*desk, self._memories, rows, actions, self._terms, self._wanted,
                        self._until)
        self._run(rows)
        kernel.post(*desk, rows, self._terms, self._wanted, self._until)
        self._run(rows)
        outcome.over[rows] = self._ints[rows, kernel.I_STEP] >= self._terms[kernel.T_STEPS]
        over = rows[outcome.over[rows]]
        if len(over):
            self._finish(over)
        kernel.look(*desk, self._memories, rows, self._terms, outcome.seen, outcome.rewards,
                    self.told)

    def _finish(self, rows):
        """Withdraw everything, wait for the answers, flatten if asked to."""
        desk = self._table, self._desks, self._ints
        kernel.withdraw(*desk, self._memories, rows, _NO_ACTIONS, self._terms, self._wanted,
                        self._until)
        self._run(rows)
        self._wait(rows)
        if self.flatten:
            kernel.flatten(*desk, rows, self._until)
            self._run(rows)
            self._wait(rows)

    def _wait(self, rows):
        """Look on until the venues have answered everything."""
        for _ in range(kernel.FINISH_LOOKS):
            rows = rows[self._ints[rows, kernel.I_OPEN] > 0]
            if not len(rows):
                return
            kernel.wait(self._table, self._ints, rows, self._terms, self._until)
            self._run(rows)

    def _run(self, rows):
        """Let the markets of these rows run to `_until`, and hear what they tell."""
        self._status[:] = DONE
        self._status[rows] = TAPE_FULL
        while True:
            run_markets(self._table, self._until, self._status, self.threads)
            kernel.hear(self._table, self._desks, self._ints, rows)  # empties the buffers
            if (self._status == DONE).all():
                return
