"""Grades jobs on a Ray cluster: submissions travel out and results back, no disk is shared.

A job is one Ray task. It carries the submission's bytes; the lesson, its checks and the course's
data are put into the cluster once. On its node it is laid out in a temporary folder, run in that
node's sandbox, and what comes back are the bytes of the result file. Only the driver writes into
the course. A node that dies costs nothing: its tasks are run elsewhere.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lobsim.agents import ray_cluster
from lobsim.agents.ray_cluster import ClusterError, installed
from lobsim.course import grade_job
from lobsim.course.grade_job import Job
from lobsim.course.local_pool import DIED, Errors
from lobsim.course.ray_node import Parcel, course_files, run_here, sources
from lobsim.course.workspace import write_atomically

RETRIES = 3  # of a task whose process or node died, by Ray itself
_ROUNDS = 3  # of a task whose node went away for good, by the driver
_IN_FLIGHT = 64  # tasks handed to Ray at one time, or four a processor where that is more


def run(jobs: list[Job], address: str, at_once: int | None,
        tell: Callable[[Job], None]) -> Errors:
    """Run jobs on a cluster, each of which leaves its result file here.

    Parameters
    ----------
    jobs : list of Job
    address : str
        ``"auto"`` (the cluster this machine belongs to), ``"host:port"`` (of its head; this
        machine is one of its nodes), ``"ray://host:port"`` (through Ray's client server), or
        ``"local"`` (a cluster of this machine alone, for trying out).
    at_once : int, optional
        At most so many tasks at one time; by default as many as the cluster takes.
    tell : callable
        Called with each job that is done with.

    Returns
    -------
    dict
        (student, lesson) -> reason, for jobs that a fault of the cluster kept from a result; they
        can be run again. A job that ends every process it runs in gets a result of no marks.

    Raises
    ------
    ClusterError
        Ray is not installed, the cluster cannot be reached, or none of its nodes can grade.
    """
    ray = ray_cluster.connect(address, at_once)
    try:
        return _Run(ray, jobs, at_once, tell).run()
    finally:
        ray.shutdown()


class _Run:
    """One pass over the jobs. All state is the driver's."""

    def __init__(self, ray: Any, jobs: list[Job], at_once: int | None,
                 tell: Callable[[Job], None]):
        self.ray = ray
        self.tell = tell
        self.at_once = at_once
        self.waiting = deque((job, 0) for job in jobs)
        self.running: dict[Any, tuple[Job, int]] = {}
        self.suspects: list[Job] = []
        self.unfit: dict[str, str] = {}  # node -> why it cannot grade
        self.errors: Errors = {}
        self.turns = itertools.count()
        self.sources = sources()
        self.task = ray.remote(run_here)
        self.lessons = {}
        for job in jobs:
            if (job.root, job.lesson) not in self.lessons:
                self.lessons[job.root, job.lesson] = ray.put(course_files(job.root, job.lesson))

    def run(self) -> Errors:
        try:
            self._drain(RETRIES)
            # What ended its process again and again is run once more with nothing beside it.
            for job in self.suspects:
                self.waiting.append((job, 0))
                self._drain(0, alone=True)
        except self.ray.exceptions.RaySystemError as error:
            self._all_left(f"the cluster went away: {error}")
        return self.errors

    def _drain(self, retries: int, alone: bool = False) -> None:
        while self.waiting or self.running:
            while self.waiting and len(self.running) < self._room():
                job, rounds = self.waiting.popleft()
                self.running[self._submit(job, retries)] = job, rounds
            ready, _ = self.ray.wait(list(self.running), num_returns=1)
            for reference in ready:
                job, rounds = self.running.pop(reference)
                self._take(reference, job, rounds, alone)

    def _room(self) -> int:
        if self.at_once is not None:
            return self.at_once
        return max(_IN_FLIGHT, 4 * int(self.ray.cluster_resources().get("CPU", 1)))

    def _submit(self, job: Job, retries: int) -> Any:
        content = None if job.original is None else job.original.read_bytes()
        parcel = Parcel(job, content, self.sources)
        task = self.task.options(num_cpus=1, max_retries=retries,
                                 scheduling_strategy=self._where())
        return task.remote(parcel, self.lessons[job.root, job.lesson])

    def _where(self) -> Any:
        """Anywhere, until a node has turned out to be unfit; then one of the others."""
        if not self.unfit:
            return "SPREAD"
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        fit = sorted(node["NodeID"] for node in self.ray.nodes()
                     if node["Alive"] and node["Resources"].get("CPU", 0) >= 1
                     and node["NodeID"] not in self.unfit)
        if not fit:
            raise ClusterError("no node of the cluster can grade: "
                               + "; ".join(sorted(set(self.unfit.values()))))
        return NodeAffinitySchedulingStrategy(fit[next(self.turns) % len(fit)], soft=False)

    def _take(self, reference: Any, job: Job, rounds: int, alone: bool) -> None:
        """What came of one task."""
        from ray import exceptions

        try:
            outcome = self.ray.get(reference)
        except (exceptions.WorkerCrashedError, exceptions.OutOfMemoryError):
            if alone:
                grade_job.give_up(job, DIED)
                self.tell(job)
            else:
                self.suspects.append(job)
            return
        except exceptions.RayTaskError as error:  # a fault of ours or of that machine
            cause = error.cause
            self._failed(job, f"{type(cause).__name__}: {cause}")
            return
        except exceptions.RayError as error:
            if rounds < _ROUNDS:
                self.waiting.append((job, rounds + 1))
            else:
                self._failed(job, f"the nodes it ran on went away ({type(error).__name__})")
            return
        if outcome.unfit:
            self.unfit[outcome.node] = outcome.unfit
            self.waiting.append((job, rounds))
            return
        write_atomically(job.result, outcome.result)
        if grade_job.read_result(job.result, job.key) is None:
            job.result.unlink()
            self._failed(job, "what came back from the cluster is not its result")
            return
        self.tell(job)

    def _failed(self, job: Job, why: str) -> None:
        self.errors[job.student, job.lesson] = why
        self.tell(job)

    def _all_left(self, why: str) -> None:
        for job in [*(job for job, _ in self.waiting), *(job for job, _ in self.running.values()),
                    *self.suspects]:
            if not Path(job.result).is_file():
                self.errors[job.student, job.lesson] = why
