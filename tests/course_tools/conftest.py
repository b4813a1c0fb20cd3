"""A tiny course of one lesson, released as a real one is, for the tests of the learner's tools."""

import json

import pytest

TINY = "01_tiny"

CHECKS = '''
from lobsim.course.declare import Case, Check, Mistake, Part

CHECKS = [
    Check(
        "double", "Double a number", reference=lambda x: 2 * x,
        parts=[
            Part("small numbers", 2, [Case({"x": 3}), Case({"x": -1})]),
            Part("numbers nobody sees", 1, [Case({"x": 271828})], visible=False,
                 category="other numbers"),
        ],
        mistakes=[Mistake("squared", lambda x: x * x, "this squares instead of doubling")],
        reread="section 1",
    ),
    Check(
        "total", "Add numbers", reference=lambda xs: sum(xs),
        parts=[
            Part("short lists", 2, [Case({"xs": [1, 2, 3]}), Case({"xs": []})]),
            Part("negative numbers", 1, [Case({"xs": [-5, 4]})], visible=False, category="signs"),
        ],
    ),
]
'''

FIRST = """# Tiny lesson

How fast is a small lesson? You will be able to test the tools. Before you start: nothing.
Time: 10 minutes. Files used: none."""

BLANK = "raise NotImplementedError"


def _cell(kind, name, source, mark=None, tags=()):
    metadata = {"nbgrader": {"schema_version": 3, "task": False, **mark}} if mark else {}
    if tags:
        metadata["tags"] = list(tags)
    cell = {"cell_type": kind, "id": f"l01-{name}", "metadata": metadata, "source": source}
    return cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []}


def _exercise(name, argument, answer):
    code = f"def {name}({argument}):\n    ### BEGIN SOLUTION\n    {answer}\n    ### END SOLUTION\n"
    mark = {"grade": False, "solution": True, "locked": False, "grade_id": name}
    return _cell("code", name, code, mark)


def _check(name, points):
    mark = {"grade": True, "solution": False, "locked": True, "grade_id": f"check_{name}"}
    return _cell("code", f"check-{name}", f'check("{name}", {name})', {**mark, "points": points})


def write_source(course):
    folder = course / "solutions" / TINY
    folder.mkdir(parents=True)
    (folder / "checks.py").write_text(CHECKS)
    written = {"grade": True, "solution": True, "locked": False, "grade_id": "why", "points": 2}
    scheme = "=== BEGIN MARK SCHEME ===\n2 points for a reason.\n=== END MARK SCHEME ==="
    setup = f'from lobsim.course import lesson\n\ncheck = lesson("{TINY}")'
    cells = [
        _cell("markdown", "title", FIRST),
        _cell("code", "setup", setup),
        _cell("code", "parameters", "BUDGET = 1", tags=["parameters"]),
        _cell("markdown", "double-text", "## Exercise 1: Double"),
        _exercise("double", "x", "return 2 * x"),
        _check("double", 3),
        _cell("markdown", "total-text", "## Exercise 2: Add"),
        _exercise("total", "xs", "return sum(xs)"),
        _check("total", 3),
        _cell("markdown", "why-text", "## Exercise 3: Say why"),
        _cell("markdown", "why", f"Because.\n\n{scheme}", written),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"title": "Tiny lesson", "minutes": 10, "question": "How fast?"}
    document = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "lobsim": about},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / f"{TINY}.ipynb").write_text(json.dumps(document, indent=1))


@pytest.fixture
def solve():
    """``solve(notebook, name="return 1")`` puts a body in place of the blank of an exercise."""

    def solve(notebook, **answers):
        document = json.loads(notebook.read_text())
        for cell in document["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in answers:
                source = "".join(cell["source"])
                assert BLANK in source
                cell["source"] = source.replace(BLANK, answers[name])
        notebook.write_text(json.dumps(document))

    return solve


@pytest.fixture(scope="session")
def tiny_course(tmp_path_factory):
    """Course root with ``solutions/`` and the ``lessons/`` that release makes of it."""
    from lobsim.course.release import release

    course = tmp_path_factory.mktemp("course")
    write_source(course)
    (course / "data").mkdir()
    release(course)
    return course
