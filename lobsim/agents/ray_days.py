"""Portfolio days on a Ray cluster: the numbers of one machine, whatever becomes of its nodes.

A job, some days of one policy, is one Ray task. What it gives depends on its arguments alone, so a
task that was lost with its node is run again elsewhere and nobody can tell; results come in the
order of the jobs.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from lobsim.agents.ray_cluster import ClusterError
from lobsim.engine.jit import source_hash

__all__ = ["on_cluster"]

_RETRIES = 5  # of a task whose process or node died, by Ray itself
_sources = lru_cache(source_hash)


def on_cluster(ray: Any, at_once: int | None = None) -> Callable:
    """A ``spread`` for `lobsim.agents.compare` and `lobsim.envs.portfolio_evaluate.evaluate_days`.

    Parameters
    ----------
    ray : module
        Connected, by `lobsim.agents.ray_cluster.cluster`.
    at_once : int, optional
        At most so many jobs at one time; by default two for each processor, so that none waits.

    Returns
    -------
    callable
        ``spread(play, jobs)``, which raises a `ClusterError` when a node has another version of
        lobsim or the same days were lost again and again; and what a job raises.

    Examples
    --------
    .. code-block:: python

        with cluster("10.0.0.1:6379") as ray:
            compare("portfolio", [agent], spread=on_cluster(ray))
    """
    task = ray.remote(num_cpus=1, max_retries=_RETRIES, scheduling_strategy="SPREAD")(_there)

    def spread(play: Callable, jobs: Iterable[Sequence]) -> list:
        sent: dict[int, Any] = {}  # a policy travels once, not with each of its jobs
        room = at_once or 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
        results: list = []
        under_way: list = []
        for policy, *rest in jobs:
            if id(policy) not in sent:
                sent[id(policy)] = ray.put(policy)
            if len(under_way) >= room:
                _, under_way = ray.wait(under_way, num_returns=1)
            results.append(task.remote(_sources(), play, sent[id(policy)], *rest))
            under_way.append(results[-1])
        try:
            return ray.get(results)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
            raise ClusterError(f"days were lost with the nodes that played them: {said}") from error

    return spread


def _there(sources: str, play: Callable, *job) -> Any:
    """Play a job on a node: with the same sources, for its numbers must not depend on the node."""
    if _sources() != sources:
        import socket

        raise ClusterError(f"{socket.gethostname()} has another version of lobsim than this "
                           f"machine; install the same on all nodes of the cluster")
    return play(*job)
