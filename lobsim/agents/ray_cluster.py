"""How a Ray cluster is reached, or one of this machine alone is started; nothing is reported.

Ray is imported here when a cluster is asked for and not before.
"""

import importlib.util
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

__all__ = ["ClusterError", "cluster", "connect", "installed"]

_KNOCK_S = 20.0  # for a machine far away to accept a connection
_STORE_BYTES = 200_000_000  # object store of a cluster that is started here


class ClusterError(RuntimeError):
    """The cluster cannot be used; the text says in one sentence why and what helps."""


def installed(package: str = "ray") -> bool:
    """Whether a package is there; Ray's are imported only when they are used."""
    return importlib.util.find_spec(package) is not None


def connect(address: str, cpus: int | None = None, extra: str = "cluster") -> Any:
    """The package ray, connected to a cluster.

    Parameters
    ----------
    address : str
        ``"auto"`` (the cluster this machine belongs to), ``"host:port"`` (of its head; this
        machine is one of its nodes), ``"ray://host:port"`` (through Ray's client server), or
        ``"local"`` (a cluster of this machine alone, for trying out).
    cpus : int, optional
        Processors of a cluster that is started here, by default all; more of them than there are
        share what there is.
    extra : str
        Of ``pip install``, named where Ray is missing.

    Raises
    ------
    ClusterError
        Ray is not installed, or the cluster cannot be reached.
    """
    if not installed():
        raise ClusterError("--ray needs the package ray, which is not installed here: "
                           f'pip install "lobsim[{extra}]"')
    _knock(address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing about anybody's work is reported
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # a node of our own may start on a busy machine: Ray gives its parts up after 30 s otherwise
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "150")
    os.environ.setdefault("RAY_agent_register_timeout_ms", "150000")
    import ray

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == "local":
        options |= {"include_dashboard": False, "num_cpus": cpus or os.cpu_count() or 1,
                    "object_store_memory": _STORE_BYTES}
    try:
        ray.init(address=address, **options)
    except ImportError as error:
        raise ClusterError(f"the address {address} needs more of Ray than is installed here "
                           f'({error}); pip install "ray[client]" in the same version') from error
    except Exception as error:  # Ray raises whatever kept it from starting
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise _unreachable(address, said) from error
    return ray


@contextmanager
def cluster(address: str, cpus: int | None = None, extra: str = "cluster") -> Iterator[Any]:
    """`connect` for as long as a block of code runs.

    Ray tells of lost nodes on stdout, from a thread of its own, whatever it is asked about logs:
    meanwhile that is stderr, so that figures which a command prints after the block stay alone.
    """
    with redirect_stdout(sys.stderr):
        ray = connect(address, cpus, extra)
        try:
            yield ray
        finally:
            ray.shutdown()


def _knock(address: str) -> None:
    """Fail at once where nobody listens: Ray itself would try for minutes."""
    host, separator, port = address.removeprefix("ray://").rpartition(":")
    if address in ("auto", "local"):
        return
    if not separator or not port.isdigit():
        raise _unreachable(address, "that is no address")
    try:
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()
    except OSError as error:
        raise _unreachable(address, error.strerror or str(error)) from None


def _unreachable(address: str, why: str) -> ClusterError:
    return ClusterError(f"no Ray cluster answers at {address!r} ({why}); give 'auto', 'host:port' "
                        "or 'ray://host:port' of a running one, or 'local'")
