"""The steps that turn an author's notebook into a learner's, as nbgrader preprocessors.

Imports nbgrader, so only `lobsim.course.release` and ``nbgrader_config.py`` import it.
"""

from __future__ import annotations

from nbgrader import utils
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    NbGraderPreprocessor,
    SaveCells,
)

from lobsim.course.expected import EXPECTED_TAG, folded_output

TEXT_STUB = "*Double-click here and write your answer in place of this line.*"
CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError"
TOP_LEVEL_STUB = "# YOUR CODE HERE"

# what never leaves the instructor's side, nor is copied over a submission
PRIVATE_FILES = ["checks.py", "checks_*.py", "checks_*.npz", "checks_audit.toml", "__pycache__",
                 "*.pyc", ".ipynb_checkpoints", ".pytest_cache", ".DS_Store"]


class ExpectedOutput(NbGraderPreprocessor):
    """After each cell tagged ``expected-output``: its stored output, folded."""

    def preprocess(self, nb, resources):
        cells = []
        for cell in nb.cells:
            cells.append(cell)
            if EXPECTED_TAG in cell.metadata.get("tags", []) and cell.cell_type == "code":
                cells.append(folded_output(cell))
        nb.cells = cells
        return nb, resources


class WithoutTestMarks(NbGraderPreprocessor):
    """Comments that steer nbval say nothing to a learner."""

    def preprocess_cell(self, cell, resources, cell_index):
        if cell.cell_type == "code":
            lines = cell.source.split("\n")
            cell.source = "\n".join(line for line in lines if not line.startswith("# NBVAL_"))
        return cell, resources


class BlankSolutions(ClearSolutions):
    """A blank that keeps Run-All alive: inside a function it raises NotImplementedError when the
    function is called; at the top level it only leaves a comment (the author writes ``x = ...``
    above it)."""

    def preprocess_cell(self, cell, resources, cell_index):
        stubs = self.code_stub
        first = next((line for line in cell.source.split("\n")
                      if self.begin_solution_delimeter in line), "")
        if first and first == first.lstrip():
            self.code_stub = {**stubs, "python": TOP_LEVEL_STUB}
        try:
            return super().preprocess_cell(cell, resources, cell_index)
        finally:
            self.code_stub = stubs


class LearnerTags(NbGraderPreprocessor):
    """``raises-exception`` on every code cell from the first exercise on: each may depend on work
    that is not done yet, and Run-All is to go on past it."""

    def preprocess(self, nb, resources):
        started = False
        for cell in nb.cells:
            started = started or utils.is_solution(cell)
            if started and cell.cell_type == "code":
                tags = [tag for tag in cell.metadata.get("tags", []) if tag != "raises-exception"]
                cell.metadata.tags = [*tags, "raises-exception"]
        return nb, resources


class StableMetadata(NbGraderPreprocessor):
    """Only what a learner needs, the same on every machine."""

    _CELL_KEYS = ("nbgrader", "tags", "deletable", "editable")

    def preprocess(self, nb, resources):
        about = nb.metadata.get("lobsim", {})
        nb.metadata.clear()
        nb.metadata.update({
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python",
                           "name": "python3"},
            "language_info": {"name": "python"},
            "lobsim": about,
        })
        for cell in nb.cells:
            kept = {key: cell.metadata[key] for key in self._CELL_KEYS if key in cell.metadata}
            cell.metadata.clear()
            cell.metadata.update(kept)
            if cell.cell_type == "code":
                cell.execution_count = None
        return nb, resources


STEPS = [
    ExpectedOutput,
    WithoutTestMarks,
    LockCells,
    BlankSolutions,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    SaveCells,
    ClearHiddenTests,
    ClearMarkScheme,
    LearnerTags,
    StableMetadata,
    ComputeChecksums,
    CheckCellMetadata,
]
