"""Reads what somebody handed in and makes a sound notebook of it, saying what had to be mended.

Nothing of a submission is taken over but the text of its cells and their order: cell descriptions,
points, locked cells and notebook metadata come from the released lesson.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobsim.course import show
from lobsim.course.quick_jupyter import quick_jupyter

NOTE_ID = "unreadable"  # id of the note at the head of a lesson that stands for such a file
MAX_BYTES = 60_000_000
_MAX_CELLS = 2000
_MAX_SOURCE = 1_000_000  # characters of one cell
_MAX_ATTACHMENT = 3_000_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Unreadable(ValueError):
    """The file holds no notebook; the text says in one clause what it holds."""


@dataclass(frozen=True)
class Mended:
    """A sound notebook and one sentence for each thing that was wrong with it.

    `outputs` holds, by cell id, what stood below unmarked cells; it is as it was handed in.
    """

    notebook: Any
    problems: list[str]
    outputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Marked:
    """A marked cell of the released lesson."""

    grade_id: str
    cell: Any
    about: dict
    check: tuple[str, str] | None  # (check name, expression handed to it)

    @property
    def locked(self) -> bool:
        """Whether the learner's text counts for nothing."""
        return not self.about.get("solution", False)


def read_trusted(path: Path) -> Any:
    """A notebook of the course itself."""
    quick_jupyter()
    import nbformat

    return nbformat.read(path, as_version=4)


def marked_cells(trusted: Any) -> dict[str, Marked]:
    """The marked cells of a released (or solution) notebook in their order, by grade_id."""
    found = {}
    for cell in trusted.cells:
        about = dict(cell.metadata.get("nbgrader", {}))
        grade_id = about.get("grade_id")
        if not grade_id:
            continue
        check = None
        if about.get("grade") and not about.get("solution") and cell.cell_type == "code":
            check = check_call(cell.source)
        found[grade_id] = Marked(grade_id, cell, about, check)
    return found


def check_call(source: str) -> tuple[str, str] | None:
    """``check("nbbo", nbbo)`` -> ("nbbo", "nbbo"); None where the cell is no such line."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    call = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    if (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "check"
            and len(call.args) == 2 and isinstance(call.args[0], ast.Constant)
            and isinstance(call.args[0].value, str)):
        return call.args[0].value, ast.unparse(call.args[1])
    return None


def quick_budgets(trusted: Any) -> dict[str, str]:
    """Lines that shrink a lesson's budgets while it is marked: no mark depends on them.

    Parameters
    ----------
    trusted : notebook
        The released lesson. Its ``metadata.lobsim.quick`` maps names of the cell tagged
        ``parameters`` to small values.

    Returns
    -------
    dict of str to str
        Id of that cell -> assignments to run behind it; empty where the lesson declares none.
    """
    quick = trusted.metadata.get("lobsim", {}).get("quick", {})
    lines = "".join(f"\n{name} = {value!r}" for name, value in quick.items())
    return {cell.id: lines for cell in trusted.cells
            if lines and "parameters" in cell.metadata.get("tags", [])}


def parse(content: bytes) -> list[dict]:
    """The cells of a notebook file of any version, as plain dicts ``{cell_type, source, ...}``.

    Raises
    ------
    Unreadable
        The file is empty, too large, not JSON or not a notebook.
    """
    if not content.strip():
        raise Unreadable("the file is empty")
    if len(content) > MAX_BYTES:
        raise Unreadable(f"the file has {len(content):,} bytes; at most {MAX_BYTES:,} are read")
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("the file is not text") from None
    except (ValueError, RecursionError):
        raise Unreadable("the file is not JSON, it may be cut off or saved in another format") \
            from None
    if not isinstance(data, dict):
        raise Unreadable("the file is JSON but not a notebook")
    if isinstance(data.get("worksheets"), list) or data.get("nbformat") in (1, 2, 3):
        data = _upgrade(data)
    cells = data.get("cells")
    if not isinstance(cells, list):
        raise Unreadable("the file is JSON but not a notebook: it has no cells")
    cells = [cell for cell in cells if isinstance(cell, dict)]
    if not cells:
        raise Unreadable("the notebook has no cells")
    return cells


def _upgrade(data: dict) -> dict:
    """A notebook of format 1 to 3 in format 4."""
    quick_jupyter()
    import nbformat

    try:
        return nbformat.reads(json.dumps(data), as_version=4)
    except Exception:  # nbformat's converters raise whatever a damaged file makes them raise
        raise Unreadable(f"the notebook has the old format {data.get('nbformat')!r} and is "
                         "damaged") from None


def mend(content: bytes, trusted: Any) -> Mended:
    """A sound notebook from a submission and the released lesson.

    Known cells get their description from `trusted`; locked ones also their text. Of a cell that
    occurs twice the last that was worked on counts; marked cells that are gone come back behind
    their exercise.

    Raises
    ------
    Unreadable
        There is nothing to mend.
    """
    quick_jupyter()
    from nbformat import v4

    known = marked_cells(trusted)
    problems: list[str] = []
    given = parse(content)
    if len(given) > _MAX_CELLS:
        problems.append(f"the notebook has {len(given):,} cells; only the first {_MAX_CELLS:,} and "
                        "the marked ones were read")
        given = [*given[:_MAX_CELLS],
                 *[raw for raw in given[_MAX_CELLS:] if _claim(raw) in known][:_MAX_CELLS]]
    cells = [_clean_cell(raw, v4) for raw in given]
    problems += [f"cell {index + 1} has {len(_source(raw)):,} characters and was cut to "
                 f"{_MAX_SOURCE:,}" for index, raw in enumerate(given)
                 if len(_source(raw)) > _MAX_SOURCE]
    owners = _owners(cells, known, problems)
    shown = [(cell, raw.get("outputs")) for cell, raw in zip(cells, given)]
    result = []
    for index, cell in enumerate(cells):
        grade_id = cell.metadata.pop("claims", None)
        if grade_id is not None and owners.get(grade_id) == index:
            _told_description(given[index], known[grade_id], problems)
            cell = _known_cell(cell, known[grade_id], v4, problems)
        elif grade_id not in known and _about(given[index]).get("grade"):
            problems.append(f"{show.one_line(repr(grade_id), 60)} is no marked cell of this "
                            "lesson; it earns nothing")
        result.append(cell)
    _put_back(result, known, problems, v4)
    _behind_exercise(result, known, problems)
    _unique_ids(result)
    notebook = v4.new_notebook(cells=result)
    notebook.metadata.update({
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python",
                       "name": "python3"},
        "language_info": {"name": "python"}})
    outputs = {cell.id: below for cell, below in shown if cell.cell_type == "code"}
    return Mended(notebook, problems, outputs)


def blank(trusted: Any, why: str) -> Any:
    """The released lesson with a note at its head: stands for a submission that cannot be read."""
    import copy

    from nbformat import v4

    notebook = copy.deepcopy(trusted)
    note = f"**This submission could not be read:** {why}. Nothing in it could be marked."
    notebook.cells.insert(0, v4.new_markdown_cell(note, id=NOTE_ID))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _clean_cell(raw: dict, v4: Any) -> Any:
    source = _source(raw)[:_MAX_SOURCE]
    # lone surrogates are legal JSON but no legal text: they could not be written again
    source = source.encode("utf-8", "replace").decode("utf-8")
    kind = raw.get("cell_type")
    if kind == "code":
        cell = v4.new_code_cell(source)
    elif kind == "raw":
        cell = v4.new_raw_cell(source)
    else:
        cell = v4.new_markdown_cell(source)
        attachments = _attachments(raw.get("attachments"))
        if attachments:
            cell.attachments = attachments
    given = raw.get("id")
    cell.id = given if isinstance(given, str) and _ID.fullmatch(given) else ""
    grade_id = _claim(raw)
    if grade_id is not None:
        cell.metadata["claims"] = grade_id
    return cell


def _source(raw: dict) -> str:
    source = raw.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _about(raw: dict) -> dict:
    """What a submitted cell says of itself to nbgrader."""
    metadata = raw.get("metadata")
    about = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return about if isinstance(about, dict) else {}


def _claim(raw: dict) -> str | None:
    grade_id = _about(raw).get("grade_id")
    return grade_id if isinstance(grade_id, str) else None


def _told_description(raw: dict, marked: Marked, problems: list[str]) -> None:
    """Points and the like count as the lesson has them; where others stand there it is told."""
    about = _about(raw)
    differ = [name for name in ("points", "grade", "solution", "locked", "schema_version")
              if name in marked.about and name in about and about[name] != marked.about[name]]
    if differ:
        problems.append(f"the description of cell {marked.grade_id!r} is not the lesson's "
                        f"({', '.join(differ)}); the lesson's counts")


def _attachments(given: Any) -> dict:
    """Pictures a learner pasted into an answer."""
    kept = {}
    for name, bundle in given.items() if isinstance(given, dict) else ():
        for kind, data in bundle.items() if isinstance(bundle, dict) else ():
            if (kind in ("image/png", "image/jpeg", "image/gif") and isinstance(data, str)
                    and len(data) < _MAX_ATTACHMENT and re.fullmatch(r"[A-Za-z0-9+/=\s]*", data)):
                kept[str(name)[:200]] = {kind: data}
    return kept


def _owners(cells: list, known: dict[str, Marked], problems: list[str]) -> dict[str, int]:
    """Which cell stands for each grade_id."""
    claims: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        grade_id = cell.metadata.get("claims")
        if grade_id in known:
            claims.setdefault(grade_id, []).append(index)
    owners = {}
    for grade_id, indices in claims.items():
        worked_on = [i for i in indices if cells[i].source != known[grade_id].cell.source]
        owners[grade_id] = (worked_on or indices)[-1] if not known[grade_id].locked else indices[-1]
        if len(indices) > 1:
            problems.append(f"cell {grade_id!r} is there {len(indices)} times; the last one counts")
    return owners


def _known_cell(cell: Any, marked: Marked, v4: Any, problems: list[str]) -> Any:
    trusted = marked.cell
    if marked.locked:
        if cell.source.strip() != trusted.source.strip() or cell.cell_type != trusted.cell_type:
            problems.append(f"locked cell {marked.grade_id!r} was changed and has been restored")
        source = trusted.source
    else:
        source = cell.source
        if cell.cell_type != trusted.cell_type:
            problems.append(f"cell {marked.grade_id!r} was turned into a {cell.cell_type} cell and "
                            f"has been turned back")
    return _cell_like(trusted, source, cell, marked, v4)


def _cell_like(trusted: Any, source: str, submitted: Any, marked: Marked, v4: Any) -> Any:
    make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell}.get(
        trusted.cell_type, v4.new_raw_cell)
    cell = make(source)
    cell.id = trusted.get("id", "") or ""
    cell.metadata["nbgrader"] = dict(marked.about)
    if marked.locked:
        cell.metadata.update(deletable=False, editable=False)
    if submitted is not None and "attachments" in submitted and trusted.cell_type == "markdown":
        cell.attachments = submitted.attachments
    return cell


def _put_back(cells: list, known: dict[str, Marked], problems: list[str], v4: Any) -> None:
    """Missing marked cells: behind the nearest marked cell before them, checks behind their
    exercise, at the end where neither is there."""
    previous = None
    for grade_id, marked in known.items():
        if _place(cells, grade_id) is not None:
            previous = grade_id
            continue
        if not marked.about.get("grade"):
            problems.append(f"cell {grade_id!r} was deleted"
                            + ("" if marked.locked else "; its work counts if it is elsewhere"))
            continue
        problems.append(f"marked cell {grade_id!r} was deleted and has been put back")
        anchor = marked.check[0] if marked.check else previous
        place = _place(cells, anchor) if anchor else None
        cell = _cell_like(marked.cell, marked.cell.source, None, marked, v4)
        cells.insert(len(cells) if place is None else place + 1, cell)
        previous = grade_id


def _behind_exercise(cells: list, known: dict[str, Marked], problems: list[str]) -> None:
    """A check that stands before its exercise would look at nothing: move it behind."""
    for grade_id, marked in known.items():
        if marked.check is None:
            continue
        here, exercise = _place(cells, grade_id), _place(cells, marked.check[0])
        if here is not None and exercise is not None and here < exercise:
            cells.insert(exercise, cells.pop(here))
            problems.append(f"check cell {grade_id!r} stood before its exercise and was moved "
                            "behind it")


def _place(cells: list, grade_id: str) -> int | None:
    for index, cell in enumerate(cells):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            return index
    return None


def _unique_ids(cells: list) -> None:
    """Ids as they were where they are sound and used once; else made from the position, so that
    the same submission always gives the same notebook."""
    marked = {cell.id for cell in cells if "nbgrader" in cell.metadata and cell.id}
    seen: set[str] = set()
    for index, cell in enumerate(cells):
        own = "nbgrader" in cell.metadata and cell.id
        if not cell.id or cell.id in seen or (cell.id in marked and not own):
            cell.id = f"cell-{index}"
        seen.add(cell.id)
