"""The steps that turn an author's notebook into a learner's, as nbgrader preprocessors.

Imports nbgrader, so only `lobsim.course.release` and ``nbgrader_config.py`` import it.
"""

from __future__ import annotations

import base64
import html
import re

from nbformat.v4 import new_markdown_cell
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

EXPECTED_TAG = "expected-output"
TEXT_STUB = "*Double-click here and write your answer in place of this line.*"
CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError"
TOP_LEVEL_STUB = "# YOUR CODE HERE"

# what never leaves the instructor's side, nor is copied over a submission
PRIVATE_FILES = ["checks.py", "checks_*.py", "__pycache__", "*.pyc", ".ipynb_checkpoints", ".pytest_cache",
                 ".DS_Store"]


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


def folded_output(cell):
    """A markdown cell that shows the stored output of ``cell``, text and pictures.

    Raises
    ------
    ValueError
        The cell has no stored output that can be shown, or a picture without alt text.
    """
    body, pictures = [], {}
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            body.append(_block(output.text))
        elif output.output_type in ("display_data", "execute_result"):
            if "image/png" in output.data:
                name = f"expected-{len(pictures) + 1}.png"
                pictures[name] = {"image/png": _base64(output.data["image/png"])}
                body.append(f"![{alt_text(output, cell.id)}](attachment:{name})")
            elif "text/plain" in output.data:
                body.append(_block(output.data["text/plain"]))
    if not body:
        raise ValueError(f"cell {cell.id} is tagged {EXPECTED_TAG} but has no stored output; "
                         "run the solution notebook and save it")
    source = "<details>\n<summary>What you should see</summary>\n\n" + "\n\n".join(body) \
        + "\n\n</details>"
    folded = new_markdown_cell(source, id=f"{cell.id}-expected")
    if pictures:
        folded.attachments = pictures
    return folded


def alt_text(output, cell_id: str) -> str:
    """The alt text of a picture output; a picture without one is an author's mistake."""
    about = output.get("metadata", {})
    alt = about.get("image/png", {}).get("alt") or about.get("alt")
    if not alt:
        raise ValueError(f"cell {cell_id}: the picture has no alt text; show it with "
                         "lobsim.plots.show(fig, alt=...)")
    return re.sub(r"\s+", " ", html.escape(alt, quote=False)).replace("[", "(").replace("]", ")")


def _block(text) -> str:
    text = "".join(text) if isinstance(text, list) else text
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _base64(data) -> str:
    data = "".join(data) if isinstance(data, list) else data
    return base64.b64encode(base64.b64decode(data)).decode("ascii")


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
