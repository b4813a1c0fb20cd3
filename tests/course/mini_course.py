"""A whole course of one tiny lesson, built anew in a folder of the test's choice.

``build(root)`` writes ``solutions/00_mini/{00_mini.ipynb,checks.py,numbers.csv}``.  ``fill`` puts
answers into a released notebook; ``RIGHT``, ``WRONG`` and ``HALF`` are such answers.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import v4

NAME = "00_mini"
POINTS = {"double": 3.0, "spreads": 4.0, "larger": 1.0}  # by check; the written answer has 2
WRITTEN_POINTS = 2.0

CHECKS_PY = '''
"""Checks of the mini lesson."""

import numpy as np
import pandas as pd

from lobsim.course import Case, Check, Mistake, Part, Tolerance

SECRET_HIDDEN_NUMBER = 424242.125


def double(x):
    return 2 * x


def spreads(quotes):
    good = quotes[quotes["ask"] > quotes["bid"]]
    return pd.DataFrame({"time_ns": good["time_ns"].to_numpy(),
                         "spread": (good["ask"] - good["bid"]).to_numpy()})


def quotes(bid, ask):
    return pd.DataFrame({"time_ns": np.arange(len(bid)) * 10**9, "bid": bid, "ask": ask})


def per_student(rng):
    bid = rng.uniform(99, 100, 6).round(2)
    return [Case({"quotes": quotes(bid, bid + rng.uniform(0.01, 0.5, 6).round(2))})]


CHECKS = [
    Check("double", "Twice a number", reference=double,
          parts=[Part("by hand", 1, [Case({"x": 3}, "a whole number"), Case({"x": -1.5})]),
                 Part("other numbers", 2, [Case({"x": SECRET_HIDDEN_NUMBER}), Case({"x": 0.0})],
                      visible=False, category="other numbers", partial=True)],
          mistakes=[Mistake("squared", lambda x: x * x, "you squared the number.")],
          reread="section 1"),
    Check("spreads", "Quoted spreads", reference=spreads,
          parts=[Part("three quotes", 1, [Case({"quotes": quotes([99.0, 99.5, 99.0],
                                                                 [99.1, 99.5, 99.3])})]),
                 Part("your own day", 2, per_student, visible=False, category="other numbers"),
                 Part("crossed quotes", 1, [Case({"quotes": quotes([100.0], [99.0])})],
                      visible=False, category="edge cases")],
          tolerance=Tolerance(rtol=1e-9, atol=1e-9, why="rounding of decimal prices"),
          mistakes=[Mistake("half", lambda quotes: spreads(quotes).assign(
              spread=lambda t: t["spread"] / 2), "this is the half spread.")],
          reread="section 2"),
    Check("larger", "Which is larger?", kind="value", reference="ask", choices=("bid", "ask"),
          parts=[Part("your choice", 1)],
          mistakes=[Mistake("swapped", lambda: "bid", "the bid is what a buyer offers.")],
          reread="section 2"),
]
'''

_FIRST = """# Mini lesson

**Desk question.** How wide is the market?

**You will be able to** compute a spread.

**Before you start:** nothing. **Time:** 5 minutes. **Files used:** numbers.csv."""

_HINTS = """<details><summary>Hint 1</summary>

Look at the words.

</details>
<details><summary>Hint 2</summary>

Look at the formula.

</details>"""


def _exercise(name: str, stub: str, solution: str) -> nbformat.NotebookNode:
    source = f"{stub}### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
    if stub.endswith("    "):
        source = stub + "### BEGIN SOLUTION\n" + "\n".join(
            "    " + line for line in solution.splitlines()) + "\n    ### END SOLUTION"
    cell = v4.new_code_cell(source, id=f"l00-{name}")
    cell.metadata.nbgrader = {"grade": False, "grade_id": name, "locked": False,
                              "schema_version": 3, "solution": True, "task": False}
    return cell


def _check(name: str, variable: str) -> nbformat.NotebookNode:
    cell = v4.new_code_cell(f'check("{name}", {variable})', id=f"l00-check-{name}")
    cell.metadata.nbgrader = {"grade": True, "grade_id": f"check_{name}", "locked": True,
                              "points": POINTS[name], "schema_version": 3, "solution": False,
                              "task": False}
    return cell


def solution_notebook() -> nbformat.NotebookNode:
    """The author's notebook."""
    written = v4.new_markdown_cell(
        "Write two sentences.\n\n=== BEGIN MARK SCHEME ===\nSECRET MARK SCHEME: one point a "
        "sentence.\n=== END MARK SCHEME ===", id="l00-why")
    written.metadata.nbgrader = {"grade": True, "grade_id": "why", "locked": False,
                                 "points": WRITTEN_POINTS, "schema_version": 3, "solution": True,
                                 "task": False}
    parameters = v4.new_code_cell("N = 3", id="l00-parameters")
    parameters.metadata.tags = ["parameters"]
    expected = v4.new_code_cell("print(double(N))", id="l00-show-double")
    expected.metadata.tags = ["expected-output"]
    expected.outputs = [v4.new_output("stream", name="stdout", text="6\n")]
    expected.execution_count = 4
    cells = [
        v4.new_markdown_cell(_FIRST, id="l00-title"),
        v4.new_code_cell('import pandas as pd\n\nfrom lobsim.course import lesson\n\n'
                         f'check = lesson("{NAME}")', id="l00-setup"),
        parameters,
        v4.new_markdown_cell("## 1 Numbers\n\n### Exercise 1: twice a number\n\n" + _HINTS,
                             id="l00-text-double"),
        _exercise("double", "def double(x):\n    ", "return 2 * x"),
        _check("double", "double"),
        expected,
        v4.new_markdown_cell("## 2 Spreads\n\n### Exercise 2: quoted spreads\n\n" + _HINTS,
                             id="l00-text-spreads"),
        _exercise("spreads", "def spreads(quotes):\n    ",
                  "good = quotes[quotes['ask'] > quotes['bid']]\n"
                  "return pd.DataFrame({'time_ns': good['time_ns'],\n"
                  "                     'spread': good['ask'] - good['bid']})"),
        _check("spreads", "spreads"),
        v4.new_markdown_cell("### Exercise 3: which is larger?\n\n" + _HINTS,
                             id="l00-text-larger"),
        _exercise("larger", "larger = ...\n", "larger = 'ask'"),
        _check("larger", "larger"),
        v4.new_markdown_cell("### Exercise 4: why?\n\nWhy is a spread not negative?",
                             id="l00-text-why"),
        written,
    ]
    notebook = v4.new_notebook(cells=cells)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python",
                       "name": "python3"},
        "language_info": {"name": "python", "version": "3.11.2"},
        "lobsim": {"title": "Mini lesson", "minutes": 5, "question": "How wide is the market?"},
    }
    return notebook


def build(root: Path) -> Path:
    """Write the course's sources below ``root`` and return ``root``."""
    folder = Path(root) / "solutions" / NAME
    folder.mkdir(parents=True)
    nbformat.write(solution_notebook(), folder / f"{NAME}.ipynb")
    (folder / "checks.py").write_text(CHECKS_PY.lstrip(), encoding="utf-8")
    (folder / "numbers.csv").write_text("x\n1\n2\n", encoding="utf-8")
    return Path(root)


RIGHT = {
    "double": "def double(x):\n    return x + x",
    "spreads": "def spreads(quotes):\n    t = quotes.query('ask > bid')\n"
               "    return t.assign(spread=t.ask - t.bid)",
    "larger": "larger = 'ASK '",
    "why": "Because a buyer who bids more than the ask trades at once.",
}
WRONG = {
    "double": "def double(x):\n    return x * x",
    "spreads": "def spreads(quotes):\n    return None",
    "larger": "larger = 'bid'",
    "why": "I do not know.",
}
HALF = {**RIGHT, "spreads": "def spreads(quotes):\n    raise NotImplementedError()",
        "larger": "larger = 'bid'"}


def fill(released: Path | nbformat.NotebookNode, answers: dict[str, str]) -> nbformat.NotebookNode:
    """A submission: the released notebook with ``answers`` (grade_id -> source) filled in."""
    if not isinstance(released, nbformat.NotebookNode):
        released = nbformat.read(released, as_version=4)
    notebook = nbformat.from_dict(released)
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution") and about.get("grade_id") in answers:
            cell.source = answers[about["grade_id"]]
    return notebook
