"""Open JupyterLab on a workspace: quiet, offline, and always on this Python's own kernel."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from lobsim.course.workspace import Workspace, WorkspaceError, write_atomically

FIRST_PORT = 8888
PORTS_TRIED = 20
# The first would ask at every new start whether to fetch news; the rest serves course owners.
SWITCHED_OFF = ("@jupyterlab/apputils-extension:announcements", "@jupyter/nbgrader")
SERVER_PARTS_OFF = tuple(
    f"nbgrader.server_extensions.{part}"
    for part in ("formgrader", "validate_assignment", "assignment_list", "course_list")
)

__all__ = ["Launch", "find_port", "plan_launch", "start"]


@dataclass(frozen=True)
class Launch:
    """Everything that starting JupyterLab needs: ``command`` run with ``environment``."""

    command: list[str]
    environment: dict[str, str]
    url: str


def find_port(wanted: int | None = None) -> int:
    """The port asked for if it is free, else the first free one from 8888 on."""
    candidates = [wanted] if wanted is not None else range(FIRST_PORT, FIRST_PORT + PORTS_TRIED)
    for port in candidates:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
            if os.name == "posix":  # a server stopped a moment ago must not count as running
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            return port
    if wanted is not None:
        raise WorkspaceError(f"port {wanted} is taken or not allowed; leave out --port to find one")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as anything:
        anything.bind(("127.0.0.1", 0))
        return anything.getsockname()[1]


def plan_launch(
    workspace: Workspace, lesson: str, *, port: int | None = None, browser: bool = True
) -> Launch:
    """Write the workspace's Jupyter settings and compose the command that starts JupyterLab.

    The kernel named ``python3`` is this very Python, whatever kernels the user installed
    elsewhere: its description lies in the workspace and comes first on ``JUPYTER_PATH``.
    nbgrader's own buttons are switched off, because they are for whoever owns the course.
    """
    settings = _write_settings(workspace)
    port, token = find_port(port), os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(16)
    page = f"/lab/tree/{quote(f'{lesson}/{lesson}.ipynb')}"
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={workspace.folder}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--LabApp.default_url={page}",
        f"--ServerApp.open_browser={browser}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--Application.log_level=ERROR",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container everybody is root; Jupyter wants to be told
    environment = {
        **os.environ,
        "JUPYTER_TOKEN": token,  # not on the command line, where other users could read it
        "JUPYTER_PATH": _first_on_path(settings / "data", os.environ.get("JUPYTER_PATH")),
        "JUPYTER_CONFIG_PATH": _first_on_path(
            settings / "config", os.environ.get("JUPYTER_CONFIG_PATH")
        ),
        "JUPYTERLAB_WORKSPACES_DIR": str(settings / "layouts"),
        "LOBSIM_COURSE": str(workspace.course),
    }
    url = f"http://localhost:{port}{page}?token={token}"
    return Launch(command, environment, url)


def start(launch: Launch) -> int:
    """Run JupyterLab until it is stopped; returns its exit status (never returns on POSIX)."""
    if os.name == "posix":
        os.execve(launch.command[0], launch.command, launch.environment)
    return subprocess.run(launch.command, env=launch.environment, check=False).returncode


def _first_on_path(folder: Path, rest: str | None) -> str:
    return os.pathsep.join([str(folder), *([rest] if rest else [])])


def _write_settings(workspace: Workspace) -> Path:
    """Lay the kernel description and the page settings; returns the folder that holds them."""
    settings = workspace.state / "jupyter"
    kernel = {
        "argv": [
            sys.executable,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
            "--log-level=ERROR",  # a warning about unencrypted loopback would greet each start
        ],
        "display_name": "Python 3 (lobsim)",
        "language": "python",
        "metadata": {"debugger": True},
        # Two threads of a numerical library beside another busy process are far slower than one.
        "env": {"LOBSIM_COURSE": str(workspace.course), "OMP_NUM_THREADS": "1"},
    }
    page = {"disabledExtensions": dict.fromkeys(SWITCHED_OFF, True)}
    server = {"ServerApp": {"jpserver_extensions": dict.fromkeys(SERVER_PARTS_OFF, False)}}
    for path, content in (
        (settings / "data" / "kernels" / "python3" / "kernel.json", kernel),
        (settings / "config" / "labconfig" / "page_config.json", page),
        (settings / "config" / "jupyter_server_config.json", server),
    ):
        write_atomically(path, json.dumps(content, indent=1).encode())
    return settings
