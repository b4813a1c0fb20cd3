"""Shows the mark scheme of a written answer right above it in formgrader, and nowhere else.

Formgrader makes its page from the autograded notebook with nbconvert. `ShowRubric` is a step of
that conversion: it reads the scheme from the lesson's source each time and adds it to the page
alone. So it is in no file, gets into no release, and a regrade cannot lose it. Imports nbconvert,
so only ``nbgrader_config.py`` names it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbconvert.preprocessors import Preprocessor
from traitlets import Bool

_SCHEME = re.compile(r"^[ \t]*=== BEGIN MARK SCHEME ===[ \t]*\n(.*?)^[ \t]*=== END MARK SCHEME ===",
                     re.MULTILINE | re.DOTALL)
_BOX = ("border-left: 4px solid #b87700; background-color: #fff6e5; padding: 8px 16px; "
        "margin-bottom: 8px")


class ShowRubric(Preprocessor):
    """Puts the mark scheme above each written answer.

    In ``nbgrader_config.py``::

        c.HTMLExporter.preprocessors = ["lobsim.course.rubric.ShowRubric"]
        c.ShowRubric.in_feedback = False   # True: nbgrader's own feedback pages show it too
    """

    enabled = Bool(True).tag(config=True)
    in_feedback = Bool(False, help="Show it on the pages of `nbgrader generate_feedback` too."
                       ).tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Add the schemes to the notebook that is about to become a page."""
        lesson = self._lesson(resources)
        if lesson is None:
            return nb, resources
        schemes = self._schemes(lesson)
        cells = []
        for cell in nb.cells:
            about = cell.metadata.get("nbgrader", {})
            scheme = schemes.get(about.get("grade_id"))
            if scheme and about.get("grade") and about.get("solution"):
                cells.append(_shown(scheme, cell, about))
            cells.append(cell)
        nb.cells = cells
        return nb, resources

    def _lesson(self, resources: Any) -> str | None:
        """The lesson whose page this is; None where its schemes are not to be shown."""
        if "submission_id" in resources:  # only formgrader's page of a submission has one
            return resources.get("assignment_id")
        if self.in_feedback and "nbgrader" in resources:
            return resources["nbgrader"].get("assignment")
        return None

    def _schemes(self, lesson: str) -> dict[str, str]:
        from nbgrader.coursedir import CourseDirectory

        directory = CourseDirectory(config=self.config)
        folder = Path(directory.format_path(directory.source_directory, ".", lesson))
        path = folder / f"{lesson}.ipynb"
        try:
            return mark_schemes(path, path.stat().st_mtime_ns)
        except (OSError, ValueError) as error:
            self.log.warning("no mark schemes: %s cannot be read (%s)", path, error)
            return {}


@lru_cache(maxsize=64)
def mark_schemes(path: Path, version: int = 0) -> dict[str, str]:
    """The mark schemes in a lesson's source: grade_id -> markdown.

    Parameters
    ----------
    path : Path
        The author's notebook.
    version : int
        Any number that changes with the file; a notebook is read once for each.
    """
    import nbformat

    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        parts = [part.strip() for part in _SCHEME.findall(cell.source)]
        if grade_id and any(parts):
            found[grade_id] = "\n\n".join(part for part in parts if part)
    return found


def _shown(scheme: str, answer: Any, about: dict) -> Any:
    """The cell on formgrader's page: set off from the student's words, and outside their panel."""
    from nbformat.v4 import new_markdown_cell

    head = f"**Mark scheme**, {float(about.get('points', 0)):g} points. Students do not see this."
    boxed = f'<div class="mark-scheme" style="{_BOX}">\n\n{head}\n\n{scheme}\n\n</div>'
    return new_markdown_cell(boxed, id=f"scheme-{answer.get('id', '')}"[:64])
