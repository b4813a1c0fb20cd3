"""Days on a Ray cluster are those of one machine, bit for bit, also when a node dies midway."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from desk_case import SMALL
from ray_nodes import add_node, new_cluster, ray_package
from typer.testing import CliRunner

from lobsim.agents import compare, ray_cluster, ray_days
from lobsim.agents.ray_cluster import ClusterError
from lobsim.cli import app

DAYS = 7  # four jobs of two days and of one
DESK = ["portfolio", "--seeds", "9", "--blocks", "1", "--json", "--set", "names=2", "--set",
        "horizon_s=120", "--set", "interval_s=60"]


def waiting(folder):
    """A policy that says which node plays it, and plays on when it may."""
    def policy(seen):
        import ray

        started = folder / ray.get_runtime_context().get_node_id() if ray.is_initialized() else None
        while started and not (folder / "go").exists():
            started.touch()
            time.sleep(0.05)
        return np.tanh(seen[:, :3])

    return policy


def test_a_node_that_dies_midway_changes_no_number(tmp_path):
    if not ray_cluster.installed():
        pytest.skip("the package ray is not installed")
    ray_package()
    rules = SMALL.benchmarks(None) | {"waits": waiting(tmp_path)}
    wanted = compare(SMALL, seeds=DAYS, blocks=2, benchmarks=rules).episodes
    assert not list(tmp_path.iterdir())  # one machine waits for nobody
    with new_cluster() as cluster, ThreadPoolExecutor(1) as pool:
        add_node(cluster)
        doomed = add_node(cluster)
        cluster.wait_for_nodes()
        with ray_cluster.cluster(cluster.address) as ray:
            assert ray.cluster_resources()["CPU"] == 2
            found = pool.submit(compare, SMALL, seeds=DAYS, blocks=2,
                                benchmarks={"waits": rules["waits"]} | rules,
                                spread=ray_days.on_cluster(ray))
            deadline = time.monotonic() + 400
            while len(list(tmp_path.iterdir())) < 2:  # both nodes play
                assert time.monotonic() < deadline and not found.done()
                time.sleep(0.05)
            cluster.remove_node(doomed, allow_graceful=False)
            (tmp_path / "go").touch()
            found = found.result(timeout=400).episodes
        see_same(found, wanted)
        see_the_command_give_the_same(cluster.address)


def see_same(found, wanted):
    keys = ["policy", "block", "seed"]
    found, wanted = (one.sort_values(keys, ignore_index=True) for one in (found, wanted))
    assert len(found) == 2 * DAYS * found["policy"].nunique() and found.equals(wanted)


def see_the_command_give_the_same(address):
    told = []
    for where in ([], ["--ray", address], ["--ray", address, "--workers", "1"]):
        done = CliRunner().invoke(app, ["evaluate", *DESK, *where])
        assert done.exit_code == 0, done.stderr
        told.append(done.stdout)
    assert told[0] == told[1] == told[2] and json.loads(told[0])["episodes"] == 9


# -- without a cluster -----------------------------------------------------------------------------


def refused(arguments, *words):
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2 and done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in " ".join(done.stderr.split())


def test_a_node_with_other_sources_is_refused():
    here = ray_days._sources()
    assert ray_days._there(here, max, 3, 4) == 4
    with pytest.raises(ClusterError, match="another version of lobsim"):
        ray_days._there(here[::-1], max, 3, 4)


@pytest.mark.parametrize("command, extra", [("evaluate", "cluster"), ("train", "scale")])
def test_without_ray_the_commands_say_what_to_install(monkeypatch, command, extra):
    monkeypatch.setattr(ray_cluster, "installed", lambda *_: False)
    refused([command, "portfolio", "--ray", "local"], f'pip install "lobsim[{extra}]"')


@pytest.mark.parametrize("arguments, word", [
    (["evaluate", "chriss", "--ray", "local"], "case portfolio"),
    (["evaluate", "portfolio", "--sampled", "--ray", "local"], "without --sampled"),
    (["evaluate", "chriss", "--workers", "2"], "goes with --ray"),
    (["train", "chriss", "--ray", "local"], "case portfolio"),
    (["train", "chriss", "--learners", "1"], "go with --ray"),
    (["evaluate", "portfolio", "--ray", "127.0.0.1:1"], "no Ray cluster answers")])
def test_what_a_cluster_cannot_do_is_told_in_one_sentence(arguments, word):
    refused(arguments, word)


def test_only_portfolio_days_without_chance_are_spread():
    for case, sampled in (("chriss", False), (SMALL, True)):
        with pytest.raises(ValueError, match="play anything else on one machine"):
            compare(case, seeds=2, sampled=sampled, spread=ray_days.on_cluster)


def test_nothing_is_reported_to_anybody(monkeypatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    seen = {}
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "init", lambda **options: seen.update(options))
    ray_cluster.connect("local", 3)
    import os

    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert seen["include_dashboard"] is False and seen["num_cpus"] == 3


def test_what_ray_says_is_not_among_the_figures(monkeypatch, capsys):
    class Ray:
        def shutdown(self):
            print("a node was marked dead")

    monkeypatch.setattr(ray_cluster, "connect", lambda *_: Ray())
    with ray_cluster.cluster("local"):
        print("lost tasks are played again")
    print("figures")
    told = capsys.readouterr()
    assert told.out == "figures\n" and told.err.count("\n") == 2
