"""Small repairs to the surroundings in which nbgrader is called from a program."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def tools_on_path() -> Iterator[None]:
    """The environment's programs on PATH: nbgrader calls ``alembic`` by name when it makes a
    gradebook, and a virtual environment need not be activated to run ``lobsim``."""
    before = os.environ.get("PATH", "")
    here = str(Path(sys.executable).parent)
    if here not in before.split(os.pathsep):
        os.environ["PATH"] = here + os.pathsep + before
    try:
        yield
    finally:
        os.environ["PATH"] = before


def quick_alembic() -> None:
    """Let nbgrader look up the version of a new gradebook itself.

    It starts the program ``alembic`` for that and waits seconds for it; the answer is the same. A
    database that has to be brought up to date is still left to the program.
    """
    import nbgrader.api

    nbgrader.api.get_alembic_version = newest_gradebook


def newest_gradebook() -> str:
    """Version of a gradebook that nbgrader makes today.

    >>> len(newest_gradebook())
    12
    """
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    config = Config()
    config.set_main_option("script_location", ALEMBIC_DIR.replace("%", "%%"))
    return ScriptDirectory.from_config(config).get_current_head()
