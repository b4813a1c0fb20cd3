"""Only cells that no mark depends on are left out of a run."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from lobsim.course import catalogue, submission
from lobsim.course.needed import Idle, asks_for, idle_cells, names_of


@pytest.mark.parametrize(("source", "reads", "binds"), [
    ("a = b + 1", {"b"}, {"a"}),
    ("a = 1\nb = a", set(), {"a", "b"}),
    ("b = a\na = 1", {"a"}, {"a", "b"}),
    ("total += x", {"total", "x"}, {"total"}),
    ("rows.append(1)", {"rows"}, {"rows"}),
    ("show(rows)", {"show", "rows"}, set()),
    ("book.bids[0].size = 3", {"book"}, {"book"}),
    ("def f(x):\n    y = x + z\n    return y", {"z"}, {"f"}),
    ("def f():\n    global n\n    n = 2", set(), {"f", "n"}),
    ("class C(Base):\n    x = k", {"Base", "k"}, {"C"}),
    ("import numpy as np\nnp.zeros(3)", set(), {"np"}),
    ("from lobsim import data, plots as p", set(), {"data", "p"}),
    ("for day in days:\n    cost = run(day)\nprint(cost)", {"days", "run", "print", "cost"},
     {"day", "cost"}),
    ("with open(path) as file:\n    text = file.read()\ntext", {"open", "path"}, {"file", "text"}),
    ("if flag:\n    a = 1\nprint(a)", {"flag", "print", "a"}, {"a"}),
    ("try:\n    a = f()\nexcept E as error:\n    print(error)", {"f", "E", "print", "error"},
     {"a", "error"}),
    ("[x * k for x in xs]", {"k", "xs"}, set()),
    ("if (n := count()) > 1:\n    pass", {"count"}, {"n"}),
    ("del a[0]", {"a"}, {"a"}),
])
def test_names_are_those_that_pass_between_cells(source, reads, binds):
    found = names_of(source)
    assert found.plain
    assert reads <= found.reads and binds <= found.binds
    assert found.reads - reads <= binds, "no more is read than what the cell itself may bind"
    assert found.binds - binds <= reads


def test_what_is_no_python_counts_as_reading_every_word():
    found = names_of("%time run(day)\n!ls $here")
    assert not found.plain and {"run", "day", "here"} <= found.reads


def _notebook(*sources):
    return v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])


LESSON = ("import math", "days = 3", "costs = simulate(days)", "show(costs)", "k = days * 2",
          "def helper(x):\n    return x * k", "answer = ...", "print(answer)")


def test_cells_that_only_show_are_idle_and_those_an_answer_leans_on_are_not():
    released = _notebook(*LESSON)
    released.cells[6].metadata["nbgrader"] = {"grade_id": "answer", "solution": True}
    cells = [*released.cells]
    assert idle_cells(cells, released, ["answer"]).cells == {1, 2, 3, 4, 5, 7}
    cells[6] = v4.new_code_cell("answer = helper(2)",
                                metadata={"nbgrader": {"grade_id": "answer", "solution": True}})
    idle = idle_cells(cells, released, ["answer"])
    assert idle.cells == {2, 3, 7} and idle.names == {"costs"}


@given(st.integers(1, 7), st.sampled_from(LESSON[1:]))
def test_whatever_a_learner_wrote_runs_and_so_does_what_it_reads(place, other):
    released = _notebook(*LESSON)
    cells = [*released.cells]
    cells.insert(place, v4.new_code_cell("looked = costs\n" + other))
    idle = idle_cells(cells, released, [])
    assert 0 not in idle.cells and place not in idle.cells
    ran = [cells[n].source for n in range(len(cells)) if n not in idle.cells]
    assert LESSON[2] in ran and LESSON[1] in ran


@pytest.mark.parametrize("lesson", catalogue.names())
def test_in_a_lesson_every_name_that_a_running_cell_reads_is_made_by_one(lesson, repo):
    released = submission.read_trusted(repo / "lessons" / lesson / f"{lesson}.ipynb")
    solved = submission.read_trusted(repo / "solutions" / lesson / f"{lesson}.ipynb")
    marked = submission.marked_cells(released).values()
    idle = idle_cells(solved.cells, released, [m.check[1] for m in marked if m.check])
    code = [n for n, cell in enumerate(solved.cells) if cell.cell_type == "code"]
    assert len(idle.cells) > len(code) / 4, "most of a lesson shows, and need not run"
    reads = set().union(*(names_of(solved.cells[n].source).reads
                          for n in code if n not in idle.cells))
    binds = set().union(*(names_of(solved.cells[n].source).binds
                          for n in code if n not in idle.cells))
    assert not (reads & idle.names) - binds


def test_only_a_missing_name_of_an_idle_cell_asks_for_it():
    idle = Idle(frozenset({4}), frozenset({"costs"}))
    assert asks_for(idle, "NameError", "name 'costs' is not defined. Did you mean: 'cost'?")
    assert asks_for(idle, "NameError", None), "a hidden case does not say which"
    assert not asks_for(idle, "NameError", "name 'cost' is not defined")
    assert not asks_for(idle, "ValueError", "name 'costs' is not defined")
    assert not asks_for(Idle(), "NameError", None)


@given(st.lists(st.sampled_from([
    "a = 1", "a = b", "b = a", "a += 1", "b.append(a)", "b = [a]", "c = a", "c = f(b)",
    "def f(x):\n    return x, a", "del c", "for a in range(2):\n    c = a"]), max_size=7))
def test_leaving_idle_cells_out_changes_no_answer(sources):
    """Run in full and without the idle cells, the answer is the same or both have none."""
    released = _notebook("start = 0", *sources, "answer = c")
    released.cells[-1].metadata["nbgrader"] = {"grade_id": "answer", "solution": True}
    idle = idle_cells(released.cells, released, ["answer"])

    def run(left_out):
        space, missing = {}, False
        for n, cell in enumerate(released.cells):
            if n not in left_out:
                try:
                    exec(compile(ast.parse(cell.source), "cell", "exec"), space)  # noqa: S102
                except NameError as error:
                    missing |= asks_for(idle, "NameError", str(error))
                except Exception:
                    continue
        return space.get("answer"), missing

    full, _ = run(set())
    sliced, missing = run(idle.cells)
    assert missing or repr(sliced) == repr(full)
