"""JupyterLab starts quietly, on this Python's kernel, on a free port, with nothing to leak."""

import json
import os
import socket
import subprocess
import sys

import pytest

from lobsim.course.lab import find_port, plan_launch
from lobsim.course.workspace import Workspace, WorkspaceError

LESSON = "00_start"


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.delenv("JUPYTER_TOKEN", raising=False)
    lesson = tmp_path / "course" / "lessons" / LESSON
    lesson.mkdir(parents=True)
    (lesson / f"{LESSON}.ipynb").write_text('{"cells": []}')
    workspace = Workspace(tmp_path / "my work", tmp_path / "course")
    workspace.prepare()
    return workspace


def test_the_course_s_own_python_wins_over_any_other_kernel(own, tmp_path, monkeypatch):
    foreign = tmp_path / "foreign" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text(json.dumps({"argv": ["/no/such/python"]}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "foreign"))
    launch = plan_launch(own, LESSON, browser=False)
    ask = (
        "from jupyter_client.kernelspec import KernelSpecManager as M;"
        "print(M().get_kernel_spec('python3').argv[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask], env=launch.environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == sys.executable, done.stderr


def test_the_course_is_found_from_the_kernel_wherever_the_workspace_lies(own):
    plan_launch(own, LESSON, browser=False)
    (kernel,) = own.state.rglob("kernel.json")
    assert json.loads(kernel.read_text())["env"]["LOBSIM_COURSE"] == str(own.course)


def test_nothing_asks_calls_home_or_shows_a_secret(own):
    launch = plan_launch(own, LESSON, browser=False)
    assert "--LabApp.news_url=None" in launch.command
    assert "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate" in launch.command
    assert "--ServerApp.open_browser=False" in launch.command
    token = launch.environment["JUPYTER_TOKEN"]
    assert len(token) >= 32 and launch.url.endswith(f"?token={token}")
    assert not any(token in word for word in launch.command), "other users can read command lines"
    other = plan_launch(own, LESSON, browser=False)
    assert other.environment["JUPYTER_TOKEN"] != token


def test_jupyter_accepts_the_settings(own):
    launch = plan_launch(own, LESSON, browser=False)
    done = subprocess.run(
        [*launch.command, "--show-config-json"],
        env=launch.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["ServerApp"]["root_dir"] == str(own.folder)
    assert shown["LabApp"]["default_url"] == f"/lab/tree/{LESSON}/{LESSON}.ipynb"


@pytest.mark.skipif(os.name != "posix", reason="Windows lets two programs bind one port")
def test_a_taken_port_is_refused_or_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(WorkspaceError, match=f"port {port} is taken"):
            find_port(port)
    assert find_port(port) == port
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", find_port()))
        first.listen()
        second.bind(("127.0.0.1", find_port()))
        assert first.getsockname()[1] != second.getsockname()[1]
