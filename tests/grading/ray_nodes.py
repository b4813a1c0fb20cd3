"""Clusters of several nodes on this machine, by Ray's own utility, that leave nothing behind."""

import atexit
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil

STORE_BYTES = 80_000_000  # of a node; Ray's least is 75 MB
TRIES = 5  # a node that is slow to start on a busy machine is given up by Ray after 30 s


@cache
def quick_folder() -> str:
    """A folder for PYTHONPATH in which a grammar is not found that takes seconds to compile.

    Whatever imports Ray compiles it and nothing uses it; a node is half a dozen processes, and
    gives up those that are not there after 15 s.
    """
    folder = Path(tempfile.mkdtemp(prefix="lobsim-ray-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "rfc3987_syntax.py").write_text("raise ImportError('nothing here needs it')\n")
    return str(folder)


def ray_package():
    """The package ray, told to report nothing."""
    sys.modules.setdefault("rfc3987_syntax", None)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "150")
    os.environ.setdefault("RAY_agent_register_timeout_ms", "150000")
    import ray

    return ray


def _family() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


@contextmanager
def new_cluster():
    """A cluster without nodes; whatever it started is gone afterwards."""
    from ray.cluster_utils import Cluster

    before, path = _family(), os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (quick_folder(), path)))
    cluster = Cluster(shutdown_at_exit=False)
    try:
        yield cluster
    finally:
        del os.environ["PYTHONPATH"]
        os.environ |= {} if path is None else {"PYTHONPATH": path}
        family = _family() - before
        cluster.shutdown()
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive, "the test left processes"


def add_node(cluster, **options):
    """A node of one processor."""
    settings = {"num_cpus": 1, "object_store_memory": STORE_BYTES, "include_dashboard": False}
    for attempt in range(TRIES):
        before = _family()
        try:
            return cluster.add_node(**settings | options)
        except Exception:
            if attempt == TRIES - 1:
                raise
            for process in _family() - before:
                process.kill()
