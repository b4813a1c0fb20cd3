"""Grades jobs in worker processes of this machine; a worker that dies costs one submission."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from lobsim.course import grade_job
from lobsim.course.grade_job import Job

Errors = dict[tuple[str, str], str]  # (student, lesson) -> why it could not be graded here

DIED = "the grader's own process died while running it"


def run(jobs: list[Job], workers: int, tell: Callable[[Job], None]) -> Errors:
    """Run jobs, each of which leaves its result file.

    Parameters
    ----------
    jobs : list of Job
    workers : int
        Jobs at one time; with one they run in this process.
    tell : callable
        Called with each job that is done with.

    Returns
    -------
    dict
        (student, lesson) -> reason, for jobs that a fault of the machine kept from a result. A job
        that ends every process it runs in gets a result of no marks instead.
    """
    errors: Errors = {}
    if workers <= 1 or len(jobs) <= 1:
        for job in jobs:
            try:
                grade_job.work(job)
            except Exception as error:  # a fault of ours or of the machine costs one submission
                errors[job.student, job.lesson] = f"{type(error).__name__}: {error}"
            tell(job)
        return errors
    left = list(jobs)
    while left:
        left = _pool(left, min(workers, len(left)), errors, tell)
        # A worker died with what it was at, one of the first that were left. Alone in a pool, the
        # culprit is known.
        suspects, left = left[:workers + 1], left[workers + 1:]
        for job in suspects:
            if _pool([job], 1, errors, tell):
                grade_job.give_up(job, DIED)
                tell(job)
    return errors


def _pool(jobs: list[Job], workers: int, errors: Errors, tell: Callable[[Job], None]) -> list[Job]:
    """Run jobs in worker processes; returns, in order, those a dying worker left undone."""
    undone = set()
    # spawn: a copy of this process could carry locks and sockets of other threads with it
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"),
                             initializer=grade_job.end_with, initargs=(os.getpid(),)) as pool:
        futures = {pool.submit(grade_job.work, job): number for number, job in enumerate(jobs)}
        for future in as_completed(futures):
            job = jobs[futures[future]]
            try:
                future.result()
            except BrokenProcessPool:
                undone.add(futures[future])
                continue
            except Exception as error:
                errors[job.student, job.lesson] = f"{type(error).__name__}: {error}"
            tell(job)
    return [jobs[number] for number in sorted(undone)]
