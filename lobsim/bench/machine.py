"""What a speed was measured on: processor, cores, Python, packages, compiler, and the load."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["describe_machine"]


def _processor() -> str:
    """Name of the processor as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def describe_machine(packages: tuple[str, ...] = ("numba", "numpy")) -> dict:
    """Facts that belong beside every measured speed.

    Parameters
    ----------
    packages : tuple of str
        Whose versions to add, as pip knows them; None where not installed.

    Returns
    -------
    dict
        ``processor``, ``cores``, ``system``, ``python``, ``load_1min`` (None where the system
        does not tell), and one entry a package.
    """
    versions = {}
    for name in packages:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    return {
        "processor": _processor(),
        "cores": _cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **versions,
        "load_1min": load,
    }
