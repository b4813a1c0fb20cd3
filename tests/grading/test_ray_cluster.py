"""A Ray cluster gives the marks that one machine gives, whatever becomes of its nodes."""

import json
import os
import shutil
import time
from pathlib import Path

import psutil
import pytest
from whole_class import (
    ANSWERS,
    finish,
    hand_in_all,
    picture,
    results,
    see_finished,
    see_same,
    start,
)

from lobsim.course import ray_pool

STORE_BYTES = 80_000_000  # of a node; Ray's least is 75 MB
TRIES = 5  # a node that is slow to start on a busy machine is given up by Ray after 30 s


@pytest.fixture(scope="module")
def ray():
    """The package, told to report nothing; skips where it is not installed."""
    if not ray_pool.installed():
        pytest.skip("the package ray is not installed")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "150")
    os.environ.setdefault("RAY_agent_register_timeout_ms", "150000")
    import ray

    return ray


@pytest.fixture
def cluster(ray):
    """A cluster without nodes; whatever it started is gone afterwards."""
    from ray.cluster_utils import Cluster

    before = {process.pid for process in psutil.Process().children(recursive=True)}
    cluster = Cluster(shutdown_at_exit=False)
    yield cluster
    family = [process for process in psutil.Process().children(recursive=True)
              if process.pid not in before]
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
        before = {process.pid for process in psutil.Process().children(recursive=True)}
        try:
            return cluster.add_node(**settings, **options)
        except Exception:
            if attempt == TRIES - 1:
                raise
            for process in psutil.Process().children(recursive=True):
                if process.pid not in before:
                    process.kill()


@pytest.fixture(scope="module")
def submissions(course, tmp_path_factory):
    return hand_in_all(tmp_path_factory.mktemp("class") / "submissions", course)


def fresh(course: Path, place: Path, name: str) -> Path:
    return Path(shutil.copytree(course, place / name / "course"))


def test_a_node_that_dies_midway_costs_no_mark_and_repeats_none(course, submissions, tmp_path,
                                                                cluster, shut_in):
    add_node(cluster)
    doomed = add_node(cluster)
    cluster.wait_for_nodes()
    root = fresh(course, tmp_path, "cluster")
    process = start(root, submissions, "--ray", cluster.address)
    deadline = time.monotonic() + 400
    while len(results(root)) < 3 and process.poll() is None:
        assert time.monotonic() < deadline, (root.parent / "grade.log").read_text()[-3000:]
        time.sleep(0.02)
    midway = results(root)
    assert process.poll() is None and len(midway) < len(ANSWERS) + 2, "the node died too late"
    cluster.remove_node(doomed, allow_graceful=False)
    see_finished(process, root)
    assert results(root).items() >= midway.items()
    one_machine = fresh(course, tmp_path, "one")
    finish(one_machine, submissions)
    see_same(picture(root), picture(one_machine))
    report = json.loads((root / "grading" / "report.json").read_text())
    assert report["run"] == len(ANSWERS) + 2 and not report["errors"]
