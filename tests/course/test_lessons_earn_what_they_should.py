"""Every lesson in a plain kernel, as at home: its own check cells give all points or none.

`tests/notebooks/test_lesson_marks.py` asks the same of the sandboxed grader.
"""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lobsim.course import catalogue

ROOT = Path(__file__).resolve().parents[2]
LESSONS = catalogue.names(ROOT)


def _scores(path):
    """Check name -> (score shown, points), after running the notebook in its folder."""
    notebook = nbformat.read(path, as_version=4)
    # the small budgets of marking: no mark may depend on them
    quick = notebook.metadata.get("lobsim", {}).get("quick") or {}
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source += "".join(f"\n{name} = {value!r}" for name, value in quick.items())
    NotebookClient(notebook, kernel_name="python3", timeout=180,
                   resources={"metadata": {"path": str(path.parent)}}).execute()
    scores = {}
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and about.get("grade"):
            shown = [o.data["text/plain"] for o in cell.outputs
                     if o.output_type == "execute_result"]
            scores[about.grade_id] = (shown, about.points)
    return scores


@pytest.mark.parametrize("name", LESSONS)
def test_the_solution_earns_every_point(name, monkeypatch):
    monkeypatch.delenv("LOBSIM_COURSE", raising=False)
    scores = _scores(ROOT / "solutions" / name / f"{name}.ipynb")
    assert {n: shown for n, (shown, _) in scores.items()} == {
        n: [repr(float(points))] for n, (_, points) in scores.items()}
    assert scores


@pytest.mark.parametrize("name", LESSONS)
def test_an_untouched_lesson_earns_nothing_and_runs_to_its_end(name, tmp_path, monkeypatch):
    monkeypatch.delenv("LOBSIM_COURSE", raising=False)
    folder = tmp_path / name
    shutil.copytree(ROOT / "lessons" / name, folder)
    scores = _scores(folder / f"{name}.ipynb")
    assert all(shown in ([], ["0.0"]) for shown, _ in scores.values()), scores
    assert scores
