"""Preprocessors that let nbgrader survive what students do to a notebook's cells.

Stock nbgrader drops a submission, or the whole run, over a copied cell, a deleted exercise, a
forged or damaged cell description; here such a cell is mended or taken for an ordinary one.
Imports nbgrader, so only ``nbgrader_config.py`` and the grader import it.
"""

from __future__ import annotations

import re

from nbgrader import utils
from nbgrader.api import MissingEntry
from nbgrader.preprocessors import NbGraderPreprocessor, OverwriteCells

SCHEMA_VERSION = 3


class DropDuplicates(NbGraderPreprocessor):
    """A marked cell that occurs twice (copy and paste keeps its id) counts once, the last one;
    the others become ordinary cells.  So do cells whose description is damaged."""

    def preprocess(self, nb, resources):
        seen: set[str] = set()
        for cell in reversed(nb.cells):
            if "nbgrader" not in cell.metadata:
                continue
            about = cell.metadata["nbgrader"]
            grade_id = about.get("grade_id") if isinstance(about, dict) else None
            if not isinstance(grade_id, str) or grade_id in seen:
                self.log.warning("Cell with id %r is a copy or damaged", grade_id)
                del cell.metadata["nbgrader"]
            else:
                seen.add(grade_id)
        return nb, resources


class RestoreCells(OverwriteCells):
    """`OverwriteCells` that takes nothing about a cell from the submission but an answer's text.

    Every known cell gets its whole description from the gradebook, unknown ones lose theirs, and
    missing marked cells come back behind the nearest one that is there.
    """

    def preprocess(self, nb, resources):
        about = resources["nbgrader"]
        self._known = self._descriptions(about)
        return super().preprocess(nb, resources)

    def _descriptions(self, about):
        from nbgrader.api import Gradebook

        with Gradebook(about["db_url"]) as gradebook:
            try:
                notebook = gradebook.find_notebook(about["notebook"], about["assignment"])
            except MissingEntry:
                return {}
            points = {cell.name: cell.max_score for cell in notebook.grade_cells}
            tasks = {cell.name: cell.max_score for cell in notebook.task_cells}
            solutions = {cell.name for cell in notebook.solution_cells}
            known = {}
            for cell in notebook.source_cells:
                known[cell.name] = {
                    "cell_type": cell.cell_type, "checksum": cell.checksum,
                    "grade": cell.name in points, "grade_id": cell.name, "locked": cell.locked,
                    "schema_version": SCHEMA_VERSION, "solution": cell.name in solutions,
                    "task": cell.name in tasks}
                if cell.name in points or cell.name in tasks:
                    known[cell.name]["points"] = {**tasks, **points}[cell.name]
            return known

    def preprocess_cell(self, cell, resources, cell_index):
        if "nbgrader" not in cell.metadata:
            return cell, resources
        known = self._known.get(cell.metadata.nbgrader.get("grade_id"))
        if known is None:
            del cell.metadata["nbgrader"]
            return cell, resources
        cell.metadata.nbgrader = dict(known)
        return super().preprocess_cell(cell, resources, cell_index)

    def add_missing_grade_cells(self, nb, resources):
        notebook = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        points = {cell.name: cell.max_score for cell in notebook.grade_cells}
        solutions = {cell.name for cell in notebook.solution_cells}
        present = {cell.metadata.nbgrader.grade_id for cell in nb.cells
                   if utils.is_grade(cell) or utils.is_solution(cell)}
        previous = None
        for source in notebook.source_cells:
            if source.name in present:
                previous = source.name
            elif source.name in points:
                self.log.warning("Missing grade cell %s put back", source.name)
                cell = self.missing_cell_transform(source, points[source.name],
                                                   is_solution=source.name in solutions)
                nb.cells.insert(self._place(nb, previous), cell)
                previous = source.name
        return nb, resources

    def missing_cell_transform(self, source_cell, max_score, is_solution=False, is_task=False):
        cell = super().missing_cell_transform(source_cell, max_score, is_solution, is_task)
        cell.id = re.sub(r"[^A-Za-z0-9_-]", "-", f"restored-{source_cell.name}")[:64]
        return cell

    @staticmethod
    def _place(nb, previous: str | None) -> int:
        """Behind the marked cell ``previous``; at the end where there is none before."""
        for index, cell in enumerate(nb.cells):
            if previous and cell.metadata.get("nbgrader", {}).get("grade_id") == previous:
                return index + 1
        return len(nb.cells)
