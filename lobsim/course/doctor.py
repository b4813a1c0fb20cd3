"""Look at this machine and say what would go wrong before it does, and how to mend it."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lobsim.course.workspace import Workspace

GOOD, NOTE, BAD = "good", "note", "bad"
MIN_DISK_GB = 1.0
MIN_MEMORY_GB = 4.0
KERNEL_TIMEOUT_S = 60

__all__ = ["Finding", "examine"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``state`` is ``good``, ``note`` (works, but know this) or ``bad``."""

    name: str
    state: str
    detail: str
    fix: str = ""


def examine(workspace: Workspace) -> list[Finding]:
    """Run every examination; one that fails unexpectedly is itself a finding."""
    course, folder = workspace.course, workspace.folder
    examinations: list[tuple[str, Callable[[], Finding]]] = [
        ("python", _python),
        ("packages", lambda: _packages(course)),
        ("course", lambda: _course(workspace)),
        ("data", lambda: _data(course)),
        ("kernel", lambda: _kernel(course)),
        ("compile cache", _compile_cache),
        ("sandbox", _sandbox),
        ("disk", lambda: _disk(folder)),
        ("memory", _memory),
        ("browser tests", _chromium),
    ]
    findings = []
    for name, look in examinations:
        try:
            findings.append(look())
        except Exception as error:
            findings.append(Finding(name, BAD, f"the examination failed: {error!r}"))
    return findings


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    bits = struct.calcsize("P") * 8
    detail = f"Python {version}, {bits} bit, {sys.executable}"
    if sys.version_info < (3, 11) or bits != 64:
        return Finding("python", BAD, detail, "install a 64-bit Python 3.11 or newer")
    if sys.prefix == sys.base_prefix and "CONDA_PREFIX" not in os.environ:
        fix = "the README's first command makes an environment of the course's own"
        return Finding("python", NOTE, f"{detail}, not in an environment of its own", fix)
    return Finding("python", GOOD, detail)


def _requirements(course: Path) -> list[str]:
    """Core requirements: of the clone if there is one (it may be newer), else as installed."""
    project = course / "pyproject.toml"
    if project.is_file():
        return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    return [text for text in metadata.requires("lobsim") or [] if "extra ==" not in text]


def _packages(course: Path) -> Finding:
    from packaging.requirements import Requirement

    wrong, requirements = [], [Requirement(text) for text in _requirements(course)]
    for requirement in requirements:
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} does not satisfy {requirement.specifier}")
    if wrong:
        fix = f'in the clone: "{sys.executable}" -m pip install -e .'
        return Finding("packages", BAD, "; ".join(wrong), fix)
    return Finding("packages", GOOD, f"all {len(requirements)} required packages are in place")


def _course(workspace: Workspace) -> Finding:
    lessons = workspace.lessons()
    if not lessons:
        fix = "get a whole clone of the course, or set LOBSIM_COURSE to one"
        return Finding("course", BAD, f"no lesson in {workspace.course / 'lessons'}", fix)
    where = f"{len(lessons)} lessons in {workspace.course}"
    if workspace.folder.is_dir():
        return Finding("course", GOOD, f"{where}; workspace {workspace.folder}")
    return Finding("course", GOOD, f"{where}; no workspace yet", "`lobsim lab` makes one")


def _data(course: Path) -> Finding:
    from lobsim.market.bundled import verify

    problems = verify(course / "data")
    if problems:
        fix = "in the clone: git checkout -- data, or `lobsim data make`"
        return Finding("data", BAD, "; ".join(problems), fix)
    count = len(json.loads((course / "data" / "manifest.json").read_bytes())["files"])
    return Finding("data", GOOD, f"{count} files, checksums right")


def _kernel(course: Path) -> Finding:
    """Start a kernel of this Python as JupyterLab would and import the library in it."""
    from jupyter_client.manager import KernelManager

    started = time.perf_counter()
    manager = KernelManager()
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager.kernel_spec.argv = argv  # as in `lobsim lab`, whatever kernels lie elsewhere
    environment = {**os.environ, "LOBSIM_COURSE": str(course)}
    manager.start_kernel(env=environment, stderr=subprocess.DEVNULL)
    try:
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=KERNEL_TIMEOUT_S)
            reply = client.execute_interactive(
                "import lobsim, lobsim.engine", timeout=KERNEL_TIMEOUT_S, output_hook=lambda _: None
            )["content"]
        finally:
            client.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)
    if reply["status"] != "ok":
        problem = f"{reply.get('ename')}: {reply.get('evalue')}"
        fix = f'in the clone: "{sys.executable}" -m pip install -e .'
        return Finding("kernel", BAD, f"a notebook cannot import lobsim ({problem})", fix)
    seconds = time.perf_counter() - started
    return Finding("kernel", GOOD, f"starts and imports lobsim in {seconds:.1f} s")


def _compile_cache() -> Finding:
    from lobsim.engine import jit

    folder = jit.cache_folder("engine")
    if folder is None:
        fix = "set NUMBA_CACHE_DIR to a folder that you may write to"
        detail = "no cache folder can be written to; every start compiles anew"
        return Finding("compile cache", NOTE, detail, fix)
    if not any(folder.rglob("*.nbi")):
        detail = f"writable, still cold: the first book compiles once ({folder})"
        return Finding("compile cache", GOOD, detail)
    return Finding("compile cache", GOOD, f"warm ({folder})")


def _sandbox() -> Finding:
    from lobsim.course import sandbox

    usable, reason = sandbox.available()
    if usable:
        return Finding("sandbox", GOOD, "bubblewrap works: hand-ins can be graded safely here")
    detail = f"{reason}; `lobsim check` runs your own code without it, `lobsim grade` will not"
    fix = "on Debian or Ubuntu: apt-get install bubblewrap (Linux only)"
    return Finding("sandbox", NOTE, detail, fix)


def _disk(folder: Path) -> Finding:
    present = next(path for path in (folder, *folder.parents) if path.exists())
    free_gb = shutil.disk_usage(present).free / 1e9
    detail = f"{free_gb:.1f} GB free at {present}"
    if not os.access(present, os.W_OK):
        return Finding("disk", BAD, f"{present} cannot be written to", "choose --workspace FOLDER")
    if free_gb < MIN_DISK_GB:
        return Finding("disk", BAD, detail, f"free at least {MIN_DISK_GB:.0f} GB")
    return Finding("disk", GOOD, detail)


def _memory() -> Finding:
    import psutil

    memory = psutil.virtual_memory()
    total_gb, free_gb = memory.total / 1e9, memory.available / 1e9
    detail = f"{total_gb:.0f} GB, {free_gb:.0f} GB of it free; {os.cpu_count()} processors"
    if free_gb < MIN_MEMORY_GB / 2 or total_gb < MIN_MEMORY_GB:
        return Finding("memory", NOTE, detail, "close other programs before long simulations")
    return Finding("memory", GOOD, detail)


def _chromium() -> Finding:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found:
        return Finding("browser tests", GOOD, f"{found} is there")
    return Finding("browser tests", GOOD, "no Chromium: the browser tests will skip, lessons work")
