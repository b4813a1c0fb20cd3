"""A Ray cluster gives the marks that one machine gives, whatever becomes of its nodes."""

import json
import shutil
import time
from pathlib import Path

import pytest
from ray_nodes import add_node, new_cluster, ray_package
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


@pytest.fixture
def cluster():
    """A cluster without nodes; skips where Ray is not installed."""
    if not ray_pool.installed():
        pytest.skip("the package ray is not installed")
    ray_package()
    with new_cluster() as cluster:
        yield cluster


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
