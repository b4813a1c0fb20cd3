"""Several threads for one step of many environments: each advances some rows, and alone.

A kernel compiled with ``nogil=True`` lets others run meanwhile. As no environment knows of another,
the number of threads changes no result.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from numba import config

__all__ = ["MOST_THREADS", "cores", "shares", "side_by_side"]

MOST_THREADS = 64
_LEAST_ROWS = 4
"""Rows of a share at least: below, waking a thread costs more than it saves."""


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


def shares(count: int, threads: int) -> list[slice]:
    """Rows of each thread, in order; fewer shares than threads where there are few rows.

    Examples
    --------
    >>> shares(10, 2)
    [slice(0, 5, None), slice(5, 10, None)]
    """
    parts = 1 if config.DISABLE_JIT else max(1, min(threads, count // _LEAST_ROWS))
    edges = [count * k // parts for k in range(parts + 1)]
    return [slice(low, high) for low, high in zip(edges, edges[1:], strict=False)]


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Threads that wait for work; a forked process has none of its parent's: it makes its own."""
    return ThreadPoolExecutor(threads, thread_name_prefix="lobsim")


def side_by_side(parts: list[slice], work: Callable[[slice], object]) -> None:
    """Do the work of every part, the first in this thread; what one raises is raised here."""
    pool = _pool(os.getpid(), len(parts) - 1)
    others = [pool.submit(work, part) for part in parts[1:]]
    try:
        work(parts[0])
    finally:
        for other in others:
            other.exception()  # waits: nobody may go on while a thread still writes
    for other in others:
        other.result()
