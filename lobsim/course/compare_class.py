"""Makes one lesson's graded notebooks comparable: answers, added cells, rare wrong results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lobsim.course.similarity import CODE, TEXT, Comparison, Piece, Work, compare

_TELLING = re.compile(r"\d(?:[.,]?\d){4,}")  # a number of five digits and more
_WRONG = re.compile(r"(?:It returned|It is) (?P<got>.+?)(?:, expected .*|\.)$")
_SHOWN = 200


def compare_class(root: Path, lesson: str, submissions: Sequence[Any]) -> Comparison:
    """Compare the submissions of one lesson.

    Parameters
    ----------
    root : path
        The course folder; the released notebook and the model solution in it are known to all.
    lesson : str
    submissions : sequence
        Each with ``student`` and ``result`` (a result file of `grade_job`).
    """
    released = _cells(root / "lessons" / lesson / f"{lesson}.ipynb")
    solution = _cells(root / "solutions" / lesson / f"{lesson}.ipynb")
    given = [Piece("", _kind(cell), _source(cell)) for cell in [*released, *solution]]
    for path in sorted((root / "solutions" / lesson).glob("checks*.py")):
        given.append(Piece("", CODE, path.read_text(encoding="utf-8")))
    ids = {cell.get("id") for cell in released}
    return compare([_work(one.student, one.result, ids) for one in submissions], given)


def _cells(path: Path) -> list[dict]:
    import json

    if not path.is_file():
        return []
    return json.loads(path.read_text(encoding="utf-8")).get("cells", [])


def _source(cell: dict) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def _kind(cell: dict) -> str:
    return CODE if cell.get("cell_type") == "code" else TEXT


def _work(student: str, result: dict, released_ids: set) -> Work:
    pieces, traces = [], set(_wrong_results(result))
    for cell in result["notebook"].get("cells", []):
        about = cell.get("metadata", {}).get("nbgrader", {})
        answer = bool(about.get("solution"))
        added = not about and cell.get("id") not in released_ids
        if not (answer or added) or not _source(cell).strip():
            continue
        pieces.append(Piece(about.get("grade_id") or "an added cell", _kind(cell), _source(cell)))
    return Work(student, tuple(pieces), frozenset(traces))


def _wrong_results(result: dict) -> Iterable[str]:
    """Wrong numbers of visible cases that no known mistake explains."""
    for name, check in result["results"].items():
        for part in check["parts"]:
            for case in part["cases"]:
                if case["passed"] or case["mistake"]:
                    continue
                if any(line.startswith("Perhaps:") for line in case["lines"]):
                    continue  # a factor, a sign, an order: many find the same way there
                for line in case["lines"]:
                    wrong = _WRONG.match(line)
                    if wrong and _TELLING.search(wrong["got"]):
                        yield f"{name}, {part['name']}: {wrong['got'][:_SHOWN]}"
