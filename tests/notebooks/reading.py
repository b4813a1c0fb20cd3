"""What the tests of a lesson read: its text, its tables and what its cells printed."""

import json
from functools import cached_property
from pathlib import Path

import numpy as np

from lobsim.course.declare import Check, load_checks

ROOT = Path(__file__).resolve().parents[2]


class Lesson:
    """The source of a lesson in ``solutions/``: cells by id, checks by name.

    Parameters
    ----------
    name : str
        Name of the folder. In ``Lesson("03_order_flow")`` every cell's id begins with ``l03-``,
        and the methods take the rest of it. An id or a name that is not there is a KeyError.
    """

    def __init__(self, name: str):
        self.name = name
        self.folder = ROOT / "solutions" / name

    @cached_property
    def cells(self) -> dict[str, dict]:
        """Cells of the notebook by id."""
        notebook = (self.folder / f"{self.name}.ipynb").read_text(encoding="utf-8")
        return {cell["id"]: cell for cell in json.loads(notebook)["cells"]}

    @cached_property
    def checks(self) -> dict[str, Check]:
        """What each exercise must return, by the name of the check."""
        return {check.name: check for check in load_checks(self.folder / "checks.py")}

    def _cell(self, short_id: str) -> dict:
        return self.cells[f"l{self.name[:2]}-{short_id}"]

    def text_of(self, short_id: str) -> str:
        """Source of a cell."""
        return "".join(self._cell(short_id)["source"])

    def printed(self, short_id: str) -> str:
        """What a code cell printed when the lesson was run."""
        return "".join("".join(output["text"]) for output in self._cell(short_id)["outputs"]
                       if output.get("name") == "stdout")

    def check_named(self, name: str) -> Check:
        return self.checks[name]

    def by_hand(self, name: str):
        """What the reference of a check returns for its first visible case, worked in the text."""
        check = self.checks[name]
        return check.reference(**check.parts[0].cases[0].inputs)


# -- tables -----------------------------------------------------------------------------------


def rows_of(text: str) -> list[list[str]]:
    """Rows of all markdown tables of a text, heads and rulers included."""
    return [[part.strip() for part in line.strip().strip("|").split("|")]
            for line in text.splitlines() if line.startswith("|")]


def body_of(text: str) -> list[list[str]]:
    """Rows of the one markdown table of a text, without head and ruler."""
    head, ruler, *body = rows_of(text)
    assert set("".join(ruler)) <= set(":-"), f"no ruler below {head}"
    assert not any(set("".join(row)) <= set(":-") for row in body), f"a second table after {head}"
    return body


def tables(text: str) -> list[list[dict[str, str]]]:
    """The markdown tables of a text, each as a list of rows by the names of the columns."""
    found, block = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            block += rows_of(line)
        elif block:
            found.append([dict(zip(block[0], row, strict=True)) for row in block[2:]])
            block = []
    return found


def number(text: str) -> float:
    """A number as the text sets it: ``−1,200.5``, ``+3``, ``$0.25$``. A dash is a ValueError."""
    return float(text.replace("−", "-").replace(",", "").strip("`$ "))


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    """Numbers of a table's column, NaN where it has a dash or nothing."""
    return np.array([np.nan if row[name].strip("`$ ") in ("–", "", "none") else number(row[name])
                     for row in rows])


# -- numbers as the text sets them ----------------------------------------------------------------


def said(value: float) -> str:
    """``-4.04`` as ``−4.0``."""
    return f"{value:.1f}".replace("-", "−")


def between(found) -> str:
    """Mean of a paired difference with its interval, as ``1.2 (0.4 to 2.0)``."""
    return f"{said(found.mean)} ({said(found.ci_low)} to {said(found.ci_high)})"
