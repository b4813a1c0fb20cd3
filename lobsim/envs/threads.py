"""Threads that help with the steps of many environments.

A helper waits for the next job (`lobsim.envs.jobs`) in compiled code, for as long as steps usually
follow one another, and goes to sleep after that; to wake it costs more than a short step, so it is
woken without waiting for it, and whoever steps does all that nobody else has begun. As no
environment knows of another, the number of threads changes no result.
"""

import os
import threading
import weakref

import numpy as np
from numba import config

from lobsim.envs.jobs import FAILED, SLEEPS, STOP, line_of, serve

__all__ = ["MOST_THREADS", "Helpers", "cores", "shared_by"]

MOST_THREADS = 64
_LEAST_ROWS, _MOST_CHUNKS = 2, 8
"""Rows of a chunk at least, and chunks of a thread at most: a claim costs some 50 ns."""
_PATIENCE = 3_000
"""Looks for work before a helper sleeps, some 50 microseconds."""


def cores() -> int:
    """Cores that this process may use, at most `MOST_THREADS`.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), MOST_THREADS)
    return min(os.cpu_count() or 1, MOST_THREADS)


def shared_by(rows: int, threads: int) -> tuple[int, int]:
    """How many of some threads should share so many rows, and in how many chunks each.

    Examples
    --------
    >>> shared_by(64, 1), shared_by(64, 2), shared_by(12, 3), shared_by(3, 2)
    ((1, 1), (2, 8), (3, 2), (1, 1))
    """
    threads = 1 if config.DISABLE_JIT else max(1, min(threads, rows // (2 * _LEAST_ROWS)))
    if threads == 1:
        return 1, 1
    return threads, min(rows // threads // _LEAST_ROWS, _MOST_CHUNKS)


class Helpers:
    """Threads beside the one that steps, for one job.

    Parameters
    ----------
    job : ndarray of int64
        Of `lobsim.envs.jobs.new_job`.
    count : int
        Of helpers, at least 1.
    """

    def __init__(self, job: np.ndarray, count: int):
        self._process, self._job = os.getpid(), job
        self._errors: list[BaseException] = []
        self._bells = [threading.Semaphore(0) for _ in range(count)]
        self._threads = [threading.Thread(target=_stand_by, args=(job, k + 1, bell, self._errors),
                                          name=f"lobsim-{k + 1}", daemon=True)
                         for k, bell in enumerate(self._bells)]
        for thread in self._threads:
            thread.start()
        self._end = weakref.finalize(self, _dismiss, job, self._bells)

    def are_here(self) -> bool:
        """Whether this is their process: a forked one has none of its parent's threads."""
        return self._process == os.getpid()

    def wake(self) -> None:
        """Ring for those who sleep."""
        job = self._job
        for k, bell in enumerate(self._bells):
            place = line_of(k + 1) + SLEEPS
            if job[0, place]:
                job[0, place] = 0
                bell.release()

    def end(self) -> BaseException | None:
        """Let all of them finish what they do and end; returns what one has failed with."""
        self._end()
        for thread in self._threads:
            thread.join()
        return self._errors[0] if self._errors else None


def _stand_by(job, number, bell, errors) -> None:
    """What a helper does all day."""
    try:
        while not job[0, STOP]:
            serve(job, number, _PATIENCE)
            bell.acquire()
    except BaseException as error:  # whoever waits for this thread must hear of it
        errors.append(error)
        job[0, FAILED] = 1


def _dismiss(job, bells) -> None:
    job[0, STOP] = 1
    for bell in bells:
        bell.release()
