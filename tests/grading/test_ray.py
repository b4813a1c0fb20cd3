"""The driver's rules on a Ray cluster: what is sent again, given up, refused or told."""

import json
import os
import subprocess
import sys

import pytest
from whole_class import LESSON

from lobsim.agents import ray_cluster
from lobsim.course import ray_node, ray_pool
from lobsim.course.ray_pool import ClusterError

GOOD, BARE = "ab" * 28, "cd" * 28  # ids of nodes


@pytest.fixture(scope="module")
def ray():
    """The package, told to report nothing; skips where it is not installed."""
    if not ray_pool.installed():
        pytest.skip("the package ray is not installed")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    return ray


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "somewhere"])
def test_a_cluster_out_of_reach_is_told_in_one_sentence(ray, address):
    with pytest.raises(ClusterError, match=f"no Ray cluster answers at '{address}'"):
        ray_pool.run([], address, 1, lambda job: None)


def test_without_ray_the_command_says_what_to_install(course, monkeypatch):
    monkeypatch.setattr(ray_cluster, "installed", lambda *_: False)
    with pytest.raises(ClusterError, match=r'pip install "lobsim\[cluster\]"'):
        ray_pool.run([], "auto", None, lambda job: None)


def test_ray_is_not_imported_before_it_is_asked_for(repo):
    code = ("import sys, lobsim.cli, lobsim.course.grade, lobsim.course.ray_pool\n"
            "assert not any(name.split('.')[0] == 'ray' for name in sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=repo)


# ------------------------------------------------------- the driver's rules, without a cluster

class Scripted:
    """Stands for Ray: task by task gives what the script says, and notes where it was sent."""

    def __init__(self, ray, nodes, script):
        self.exceptions = ray.exceptions
        self.script, self.alive, self.sent = script, list(nodes), []

    def put(self, value):
        return value

    def remote(self, *arguments):
        """The decorator for a function, or the call of a task."""
        if len(arguments) == 1:
            return self
        self.sent.append((arguments[0].job.student, self.chosen))
        return len(self.sent) - 1

    def options(self, **options):
        self.chosen = options
        return self

    def wait(self, references, num_returns):
        return references[:1], references[1:]

    def get(self, reference):
        outcome = self.script(*self.sent[reference])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def nodes(self):
        return [{"NodeID": node, "Alive": True, "Resources": {"CPU": 1}} for node in self.alive]

    def cluster_resources(self):
        return {"CPU": len(self.alive)}


@pytest.fixture
def jobs(course, tmp_path):
    from lobsim.course.grade_job import Job
    from lobsim.course.limits import Limits

    return [Job(student, LESSON, course, None, tmp_path / f"{student}.json", f"key of {student}",
                (), True, Limits()) for student in ("ada", "ben")]


def done(student):
    return ray_node.Outcome(GOOD, json.dumps({"key": f"key of {student}"}).encode())


def play(ray, jobs, script, nodes=(GOOD,)):
    stand_in = Scripted(ray, nodes, script)
    return ray_pool._Run(stand_in, jobs, 1, lambda job: None).run(), stand_in.sent


def test_a_submission_that_ends_every_worker_is_given_up_alone(ray, jobs):
    def script(student, options):
        return ray.exceptions.WorkerCrashedError() if student == "ada" else done(student)

    errors, sent = play(ray, jobs, script)
    assert not errors
    assert [(student, options["max_retries"]) for student, options in sent] == [
        ("ada", ray_pool.RETRIES), ("ben", ray_pool.RETRIES), ("ada", 0)]
    assert "process died" in json.loads(jobs[0].result.read_text())["problems"][0]
    assert json.loads(jobs[1].result.read_text()) == {"key": "key of ben"}


def test_a_job_whose_nodes_go_away_is_sent_again_and_then_left_for_another_day(ray, jobs):
    def script(student, options):
        return ray.exceptions.NodeDiedError("gone") if student == "ada" else done(student)

    errors, sent = play(ray, jobs, script)
    assert list(errors) == [("ada", LESSON)] and "went away" in errors["ada", LESSON]
    assert [student for student, _ in sent].count("ada") > 1 and not jobs[0].result.exists()


def test_a_node_that_cannot_shut_submissions_in_gets_no_more_of_them(ray, jobs):
    def script(student, options):
        if options["scheduling_strategy"] == "SPREAD":
            return ray_node.Outcome(BARE, unfit="bare: bwrap is not installed")
        return done(student)

    errors, sent = play(ray, jobs, script, nodes=(BARE, GOOD))
    assert not errors and all(job.result.is_file() for job in jobs)
    assert [getattr(options["scheduling_strategy"], "node_id", None)
            for _, options in sent] == [None, GOOD, GOOD]
    with pytest.raises(ClusterError, match="bwrap is not installed"):
        play(ray, jobs, script, nodes=(BARE,))


def test_what_is_not_the_result_of_its_job_is_no_result(ray, jobs):
    errors, _ = play(ray, jobs, lambda student, options: done("somebody"))
    assert len(errors) == 2 and not any(job.result.exists() for job in jobs)


def test_a_node_with_another_version_of_the_library_is_unfit(jobs):
    parcel = ray_node.Parcel(jobs[0], b"", "another")
    assert "another version of lobsim" in ray_node._unfit(parcel)


def test_no_solved_notebook_and_no_gradebook_travels(course):
    _, files = ray_node.course_files(course, LESSON)
    assert f"solutions/{LESSON}/checks.py" in files and f"lessons/{LESSON}/{LESSON}.ipynb" in files
    assert f"solutions/{LESSON}/{LESSON}.ipynb" not in files
    assert not any("gradebook" in name for name in files)
