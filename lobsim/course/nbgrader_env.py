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
