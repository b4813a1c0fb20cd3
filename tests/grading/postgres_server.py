"""A PostgreSQL server of the test's own: a temporary folder, a Unix socket, no network."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

USER = "lobsim"


def programs() -> Path | None:
    """Folder of `initdb` and `pg_ctl`; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((p for p in places if (p / "initdb").is_file() and (p / "pg_ctl").is_file()), None)


@contextlib.contextmanager
def running(binaries: Path) -> Iterator[Path]:
    """A server while the block runs; gives the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="lobsim-postgres-", dir="/tmp"))  # sockets: short names
    identity = {}
    if os.getuid() == 0:  # the server refuses to run as root
        account = next(pwd.getpwnam(name) for name in ("postgres", "nobody") if _known(name))
        os.chown(folder, account.pw_uid, account.pw_gid)
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}

    def call(*argv: str) -> None:
        done = subprocess.run([str(binaries / argv[0]), *argv[1:]], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, **identity)
        assert done.returncode == 0, done.stderr

    data, log = str(folder / "data"), str(folder / "log")
    try:
        call("initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        call("pg_ctl", "-D", data, "-l", log, "-w", "-t", "300", "-o", options, "start")
        try:
            yield folder
        finally:
            call("pg_ctl", "-D", data, "-w", "-t", "300", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _known(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def new_database(socket: Path, name: str) -> str:
    """An empty database; returns its address as it is written into nbgrader_config.py."""
    import psycopg

    with psycopg.connect(f"host={socket} user={USER} dbname=postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    return f"postgresql+psycopg://{USER}@/{name}?host={socket}"
