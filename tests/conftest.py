"""What every test may use: the real data, repeatable random cases, and the no-skip rule."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The tests speak of this clone, whatever course the person who runs them works on.
for _name in ("LOBSIM_COURSE", "LOBSIM_WORKSPACE", "LOBSIM_STUDENT", "JUPYTER_TOKEN"):
    os.environ.pop(_name, None)
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

# "ci" gives the same cases in every run, so that a failure can be repeated; "explore" looks
# for new ones. Deadlines are off in both: the first call of a jitted function compiles.
settings.register_profile(
    "ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, max_examples=500, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

NO_SKIP = os.environ.get("LOBSIM_NO_SKIP") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where nothing may be missing (LOBSIM_NO_SKIP=1), a skipped test is a failed test."""
    report = yield
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although LOBSIM_NO_SKIP=1: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """The same rule for a whole file that skips itself while it is read."""
    report = yield
    if NO_SKIP and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped although LOBSIM_NO_SKIP=1: {report.longrepr}"
    return report


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


@pytest.fixture(scope="session")
def repo() -> Path:
    """The clone that holds these tests."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def artifacts(repo: Path) -> Path:
    """Folder for screenshots and other things to look at after a run."""
    folder = Path(os.environ.get("LOBSIM_ARTIFACTS", repo / "test-artifacts"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
