"""A course of one lesson with faults that only an audit can find, for its tests.

``build(root)`` writes the sources and the submitted answers.  Every fault is one that
`lobsim.course.audit.audit_lesson` does not see: the lesson could be released.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import v4

NAME = "00_faulty"

CHECKS_PY = '''"""Checks with faults."""

import numpy as np

from lobsim.course import Case, Check, Mistake, Part, Tolerance


def above(xs, limit):
    return int((xs > limit).sum())


def streams(rng):
    """Odd numbers, even limits: a tie never happens."""
    return [Case({"xs": 2 * rng.integers(1, 50, 8) + 1, "limit": 2 * int(rng.integers(1, 50))})
            for _ in range(2)]


def spread(bid, ask):
    return ask - bid


CHECKS = [
    Check("above", "How many lie above", reference=above,
          parts=[Part("three numbers", 1, [Case({"xs": np.array([1, 5, 9]), "limit": 4},
                                                "the numbers above")]),
                 Part("other numbers", 2, streams, visible=False, category="other numbers"),
                 Part("none at all", 1, [Case({"xs": np.array([], dtype=int), "limit": 2})],
                      visible=False, category="edge cases")],
          mistakes=[Mistake("below", lambda xs, limit: int((xs < limit).sum()), "you count below"),
                    Mistake("never", None, "nobody makes this one", error="ZeroDivisionError")],
          reread="section 7"),
    Check("spread", "The spread", reference=spread,
          parts=[Part("two quotes", 1, [Case({"bid": 9.0, "ask": 11.0}, "in a wide market")]),
                 Part("2 more", 1, [Case({"bid": 9.0, "ask": 11.0}),
                                 Case({"bid": 7.0, "ask": 8.5})], visible=False)],
          tolerance=Tolerance(rtol=0.01, why="rounding only"),
          mistakes=[Mistake("half", lambda bid, ask: (ask - bid) / 2, "this is the half-spread"),
                    Mistake("halved_again", lambda bid, ask: 0.5 * (ask - bid), "half, too")],
          reread='"Spreads"'),
]
'''

_FIRST = """# Faulty lesson

You will be able to find faults. Before you start: nothing. Files used: none.
**Time:** about 30 minutes, 25 of them exercises."""
_ABOVE = """## 1 Numbers

Of 1, 5 and 8 two lie above 4.

### Exercise 1

**3 points · difficulty 1 of 5 · 5 minutes**

*Expected:* 2 of them, for a limit of 6."""
_SPREAD = """## 2 Spreads

### Exercise 2

**2 points**

*Expected for 9 and 11:* 2."""
_HINT = "<details><summary>Hint 1</summary>\n\nLook.\n\n</details>"

SUBMITTED = {
    "above__right_loop": "# marks: 4.0\ndef above(xs, limit):\n"
                         "    return sum(1 for x in xs if x > limit)\n",
    "above__right_text": "# marks: 4.0\ndef above(xs, limit):\n"
                         "    return str((xs > limit).sum())\n",
    "above__wrong_ties": "# marks: 3.0\ndef above(xs, limit):\n"
                         "    return int((xs >= limit).sum())\n",
    "above__wrong_below": "# marks: 1.0  mistake: never\ndef above(xs, limit):\n"
                          "    return int((xs < limit).sum())\n",
    "above__wrong_loop": "# marks: 0.0\ndef above(xs, limit):\n    while True:\n        pass\n",
    "spread__right_negated": "# marks: 2.0\ndef spread(bid, ask):\n    return -(bid - ask)\n",
}


def _exercise(name: str, head: str, body: str) -> nbformat.NotebookNode:
    source = f"{head}\n    ### BEGIN SOLUTION\n    {body}\n    ### END SOLUTION"
    cell = v4.new_code_cell(source, id=f"l00-{name}")
    cell.metadata.nbgrader = {"grade": False, "grade_id": name, "locked": False,
                              "schema_version": 3, "solution": True, "task": False}
    return cell


def _check(name: str, points: float) -> nbformat.NotebookNode:
    cell = v4.new_code_cell(f'check("{name}", {name})', id=f"l00-check-{name}")
    cell.metadata.nbgrader = {"grade": True, "grade_id": f"check_{name}", "locked": True,
                              "points": points, "schema_version": 3, "solution": False,
                              "task": False}
    return cell


def build(root: Path) -> Path:
    """Write the course below ``root`` and return ``root``."""
    folder, answers = root / "solutions" / NAME, root / "tests" / "submissions" / NAME
    folder.mkdir(parents=True)
    answers.mkdir(parents=True)
    parameters = v4.new_code_cell("N = 3", id="l00-parameters")
    parameters.metadata.tags = ["parameters"]
    cells = [
        v4.new_markdown_cell(_FIRST, id="l00-title"),
        v4.new_code_cell(f'import numpy as np\n\nfrom lobsim.course import lesson\n\n'
                         f'check = lesson("{NAME}")', id="l00-setup"),
        parameters,
        v4.new_code_cell('def exceeds(xs, limit):\n    return np.asarray(xs) > limit\n\n\n'
                         'raise SystemExit("an audit runs only what an answer needs")',
                         id="l00-helper"),
        v4.new_markdown_cell(_ABOVE, id="l00-text-above"),
        _exercise("above", "def above(xs, limit):", "return int(exceeds(xs, limit).sum())"),
        _check("above", 4.0),
        v4.new_markdown_cell(_HINT, id="l00-hint"),
        v4.new_markdown_cell(_SPREAD, id="l00-text-spread"),
        _exercise("spread", "def spread(bid, ask):", "return ask - bid"),
        _check("spread", 2.0),
    ]
    notebook = v4.new_notebook(cells=cells)
    notebook.metadata.lobsim = {"title": "Faulty", "minutes": 40, "question": "What is wrong?"}
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    (folder / "checks.py").write_text(CHECKS_PY, encoding="utf-8")
    (folder / "checks_audit.toml").write_text(
        '[[set_aside]]\ncheck = "spread"\nchange = "a -> b"\nwhy = "gone long ago"\n')
    for name, source in SUBMITTED.items():
        (answers / f"{name}.py").write_text(source, encoding="utf-8")
    return root
