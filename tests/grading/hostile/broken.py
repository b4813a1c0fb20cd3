"""Submissions that are broken or changed where nothing should be: files, cells, descriptions."""

from __future__ import annotations

import json

import nbformat
from nbformat import v4

from hostile.desk import (
    NOTHING,
    RIGHT,
    TOTAL,
    VISIBLE_ONLY,
    Case,
    beside,
    called,
    cell_of,
    link_to_solution,
    twice,
)


def old_format(desk):
    return nbformat.writes(nbformat.convert(desk.fill(), 3), version=3).encode()


def old_and_damaged(desk):
    return b'{"nbformat": 3, "worksheets": [7]}'


def two_of_each(desk):
    """Honest copy and paste in JupyterLab keeps the cell's description."""
    notebook = desk.fill()
    for name in ("double", "check_double"):
        copy = nbformat.from_dict(cell_of(notebook, name))
        copy.id += "-copy"
        notebook.cells.insert(4, copy)
    return notebook


def checks_deleted(desk):
    notebook = desk.fill()
    for name in ("check_double", "check_larger"):
        notebook.cells.remove(cell_of(notebook, name))
    return notebook


def checks_edited(desk):
    notebook = desk.fill(NOTHING)
    for name, points in (("double", 3.0), ("spreads", 4.0), ("larger", 1.0)):
        cell_of(notebook, f"check_{name}").source = f"{points}"
    return notebook


def points_altered(desk):
    notebook = desk.fill({**NOTHING, "larger": RIGHT["larger"]})
    for name in ("double", "spreads", "larger"):
        cell_of(notebook, f"check_{name}").metadata.nbgrader.points = 100
    return notebook


def exercise_as_text(desk):
    notebook = desk.fill()
    at = notebook.cells.index(cell_of(notebook, "double"))
    old = notebook.cells[at]
    notebook.cells[at] = v4.new_markdown_cell(old.source, metadata=old.metadata, id=old.id)
    return notebook


def check_as_text(desk):
    notebook = desk.fill()
    at = notebook.cells.index(cell_of(notebook, "check_double"))
    old = notebook.cells[at]
    notebook.cells[at] = v4.new_markdown_cell(old.source, metadata=old.metadata, id=old.id)
    return notebook


def own_marked_cell(desk):
    notebook = desk.fill(NOTHING)
    bonus = v4.new_code_cell("50.0", id="bonus")
    bonus.metadata.nbgrader = {"grade": True, "grade_id": "bonus", "locked": False, "points": 50,
                               "schema_version": 3, "solution": False, "task": False}
    notebook.cells.append(bonus)
    return notebook


def grading_switched_off(desk):
    notebook = desk.fill()
    cell_of(notebook, "check_double").metadata.nbgrader.grade = False
    return notebook


def odd_schema(desk):
    notebook = desk.fill()
    cell_of(notebook, "check_larger").metadata.nbgrader.schema_version = 99
    return notebook


def garbage_descriptions(desk):
    data = json.loads(desk.bytes(desk.fill()))
    for cell, junk in zip(data["cells"], (7, [], {"nbgrader": []}, {"nbgrader": {"grade_id": {}}})):
        cell["metadata"] = junk
    data["metadata"] = {"kernelspec": {"name": "no-such-kernel", "display_name": "x"},
                        "language_info": 5}
    return json.dumps(data).encode()


def outputs_cleared(desk):
    notebook = desk.fill()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def outputs_forged(desk):
    notebook = desk.fill(NOTHING)
    for name, points in (("double", 3.0), ("spreads", 4.0), ("larger", 1.0)):
        cell_of(notebook, f"check_{name}").outputs = [v4.new_output(
            "execute_result", {"text/plain": repr(points), "text/html": "<b>all passed</b>"})]
    return notebook


def a_hundred_thousand_cells(desk):
    data = json.loads(desk.bytes(desk.fill()))
    data["cells"] += [{"cell_type": "markdown", "metadata": {}, "source": "x"}] * 100_000
    return json.dumps(data).encode()


def one_huge_cell(desk):
    return desk.fill(end=("# " + "x" * 2_000_000,))


def lone_surrogate(desk):
    data = json.loads(desk.bytes(desk.fill()))
    data["cells"][0]["source"] = "half a \ud83d sign"
    return json.dumps(data).encode()


def order_reversed(desk):
    notebook = desk.fill()
    a, b = (notebook.cells.index(cell_of(notebook, n)) for n in ("double", "check_double"))
    notebook.cells[a], notebook.cells[b] = notebook.cells[b], notebook.cells[a]
    return notebook


def syntax_error(desk):
    return desk.fill({**RIGHT, "double": "def double(x)\n    return 2 x"})


def strange_ids(desk):
    data = json.loads(desk.bytes(desk.fill()))
    for cell in data["cells"]:
        cell["id"] = "../../../solutions" if cell["cell_type"] == "code" else "a" * 5000
    return json.dumps(data).encode()


def right(desk):
    return desk.fill()


def fixed(content: bytes):
    return lambda desk: content


CASES = [
    Case("empty", "an empty file", fixed(b""), 0.0, "the file is empty"),
    Case("cut-off", "not JSON: cut off in the middle",
         lambda desk: desk.bytes(desk.fill())[:1500], 0.0, "not JSON"),
    Case("binary", "a binary file", fixed(b"PK\x03\x04" + bytes(range(256)) * 50), 0.0,
         "the file is not text"),
    Case("deep-json", "JSON nested 200,000 deep", fixed(b"[" * 200_000), 0.0, "not JSON"),
    Case("a-list", "JSON, but not a notebook", fixed(b"[1, 2]"), 0.0, "not a notebook"),
    Case("no-cells", "a notebook without cells", fixed(b'{"cells": [], "nbformat": 4}'), 0.0,
         "no cells"),
    Case("old-format", "notebook format 3", old_format, TOTAL),
    Case("old-damaged", "notebook format 3, damaged", old_and_damaged, 0.0, "old format"),
    Case("file-name", "the file has another name", right, TOTAL, "the file is called",
         called("Untitled (1).ipynb")),
    Case("odd-name", "the student's name is a formula", right, TOTAL, "",
         called("00_mini.ipynb", "=cmd('x')"), "_cmd__x__"),
    Case("linked", "the file is a link to the solution", right, 0.0, "link", link_to_solution),
    Case("twice", "handed in twice, an older file beside", right, TOTAL, "", twice),
    Case("copied-cells", "exercise and check cell are there twice", two_of_each, TOTAL,
         "is there 2 times"),
    Case("checks-deleted", "check cells deleted", checks_deleted, TOTAL, "has been put back"),
    Case("checks-edited", "check cells replaced by the full points", checks_edited, 0.0,
         "was changed and has been restored"),
    Case("points-altered", "100 points written into every check cell", points_altered, 1.0,
         "description of cell 'check_double' is not the lesson's"),
    Case("exercise-as-text", "exercise turned into a text cell", exercise_as_text, TOTAL,
         "has been turned back"),
    Case("check-as-text", "check cell turned into a text cell", check_as_text, TOTAL,
         "has been restored"),
    Case("own-marks", "a marked cell of its own worth 50 points", own_marked_cell, 0.0,
         "'bonus' is no marked cell of this lesson"),
    Case("grading-off", "check cell no longer marked as one", grading_switched_off, TOTAL,
         "description of cell 'check_double' is not the lesson's"),
    Case("odd-schema", "description of an unknown version", odd_schema, TOTAL,
         "description of cell 'check_larger' is not the lesson's"),
    Case("garbage", "descriptions of the wrong types, unknown kernel", garbage_descriptions,
         TOTAL),
    Case("cleared", "outputs cleared", outputs_cleared, TOTAL),
    Case("forged-outputs", "full points saved as output, answers wrong", outputs_forged, 0.0),
    Case("many-cells", "100,000 cells more", a_hundred_thousand_cells, TOTAL,
         "only the first 2,000"),
    Case("huge-cell", "a cell of 2 MB of text", one_huge_cell, TOTAL, "was cut"),
    Case("surrogate", "half a character in a text", lone_surrogate, TOTAL),
    Case("reversed", "check stands before its exercise", order_reversed, TOTAL, "was moved"),
    Case("syntax", "an answer that is no Python", syntax_error, 5.0),
    Case("strange-ids", "cell ids with path parts, thousands of characters", strange_ids, TOTAL),
    Case("own-numpy", "a numpy.py beside the notebook", right, TOTAL, "",
         beside("numpy.py", "raise SystemExit('mine')\n")),
    Case("visible-only", "answers looked up for the visible cases only",
         lambda desk: desk.fill({**NOTHING, "double": "def double(x):\n"
                                 "    return {3: 6, -1.5: -3.0}.get(x)"}), VISIBLE_ONLY,
         in_stock=0.0),
]
