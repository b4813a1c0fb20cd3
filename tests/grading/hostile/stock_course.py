"""The mini lesson as an ordinary nbgrader assignment: asserts in the notebook, hidden ones too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mini_course
import nbformat

from lobsim.course.nbgrader_env import tools_on_path

CONFIG = """c = get_config()
c.CourseDirectory.course_id = "stock"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "lessons"
c.ExecutePreprocessor.timeout = {timeout_s}
"""
TESTS = {
    "double": """from numpy.testing import assert_allclose
assert_allclose(double(3), 6)
assert_allclose(double(-1.5), -3.0)
### BEGIN HIDDEN TESTS
assert_allclose(double(424242.125), 848484.25)
assert_allclose(double(0.0), 0.0)
### END HIDDEN TESTS""",
    "spreads": """def quotes(bid, ask):
    return pd.DataFrame({"time_ns": range(len(bid)), "bid": bid, "ask": ask})
got = spreads(quotes([99.0, 99.5, 99.0], [99.1, 99.5, 99.3]))
assert abs(got["spread"].to_numpy() - [0.1, 0.3]).max() < 1e-9
### BEGIN HIDDEN TESTS
assert len(spreads(quotes([100.0], [99.0]))) == 0
### END HIDDEN TESTS""",
    "larger": 'assert larger.strip().lower() == "ask"',
}


def build(root: Path, timeout_s: int) -> Path:
    """Write the course below `root`, released with stock nbgrader, and return `root`."""
    notebook = mini_course.solution_notebook()
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name.startswith("check_"):
            cell.source = TESTS[name.removeprefix("check_")]
        elif name == "why":
            cell.source = "Write two sentences."
        elif cell.id == "l00-setup":
            cell.source = "import pandas as pd"
    folder = Path(root) / "solutions" / mini_course.NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{mini_course.NAME}.ipynb")
    (Path(root) / "nbgrader_config.py").write_text(CONFIG.format(timeout_s=timeout_s))
    with tools_on_path():  # nbgrader calls the program alembic
        done = subprocess.run([sys.executable, "-m", "nbgrader", "generate_assignment",
                               mini_course.NAME], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"nbgrader could not release the lesson: {done.stderr[-2000:]}")
    return Path(root)
