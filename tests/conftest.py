"""Fixtures that every test may use: where the real data is, and a quiet, repeatable run."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real market data; the test is skipped, saying why, where there is none."""
    folder = os.environ.get("LOBSIM_REAL_DATA")
    if not folder:
        pytest.skip("real market data is not on this machine (LOBSIM_REAL_DATA is not set)")
    path = Path(folder).resolve()
    if not path.is_dir():
        pytest.fail(f"LOBSIM_REAL_DATA is set to {folder!r}, which is not a folder")
    return path
