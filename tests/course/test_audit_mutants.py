"""Changed solutions: one place at a time, valid Python, and the slips that people make."""

import ast

import pytest

from lobsim.course.mutants import mutants, trivial_answers

SOURCE = '''
def cost(side, prices, mid, xs=()):
    """Cost in bps; "left" and 3 in here are prose."""
    if not len(prices):
        return None
    total = 0.0
    for price in prices[1:]:
        total += price - mid
    sign = 1 if side == "buy" else -1
    return 1e4 * sign * total / mid
'''


@pytest.mark.parametrize("line, change", [
    (4, "not len(prices) -> len(prices)"),
    (4, "if not len(prices): return None -> (nothing)"),
    (5, "None -> 0"),
    (6, "0.0 -> 1.0"),
    (7, "1 -> 0"),
    (7, "1: -> 1:-1"),
    (8, "total += price - mid -> total -= price - mid"),
    (8, "total += price - mid -> total = price - mid"),
    (8, "price - mid -> price + mid"),
    (8, "price - mid -> price"),
    (9, "side == 'buy' -> side != 'buy'"),
    (9, "1 if side == 'buy' else -1 -> 1 if True else -1"),
    (10, "10000.0 -> 1.0"),
    (10, "10000.0 * sign * total / mid -> 10000.0 * sign * total"),
])
def test_known_slips_are_among_the_changes(line, change):
    assert (line, change) in [(m.line, m.change) for m in mutants(SOURCE, "cost")]


@pytest.mark.parametrize("code, change", [
    ("return np.mean(x)", "np.mean -> np.median"),
    ("return x.cumsum()", "x.cumsum -> x.cumprod"),
    ("return np.std(x, ddof=1)", "np.std(x, ddof=1) -> np.std(x)"),
    ("return np.searchsorted(x, 3, side='right')", "'right' -> 'left'"),
    ("return x[:-1]", "1 -> 2"),
    ("return abs(x)", "abs(x) -> x"),
    ("return f(x, y)", "f(x, y) -> f(y, x)"),
    ("return max(x)", "max -> min"),
    ("return x, y", "return (x, y) -> return (y, x)"),
    ("return {'a': x, 'b': y}", "{'a': x, 'b': y} -> {'a': y, 'b': x}"),
    ("return np.where(x > 0, x, y)", "np.where(x > 0, x, y) -> x"),
    ("return x and y", "x and y -> x or y"),
])
def test_each_operator_changes_what_it_is_for(code, change):
    found = mutants(f"def g(x, y):\n    {code}", "g")
    assert change in [m.change for m in found]


def test_every_change_is_another_function_in_valid_python():
    found = mutants(SOURCE, "cost")
    assert len({m.source for m in found}) == len(found) > 30
    unchanged = ast.dump(ast.parse(SOURCE))
    for mutant in found:
        assert ast.dump(ast.parse(mutant.source)) != unchanged
        assert "prose" in mutant.source and '"left" and 3' in mutant.source
        assert "def cost(side, prices, mid, xs=" in mutant.source


def test_answers_without_thought_keep_the_arguments():
    found = trivial_answers(SOURCE, "cost")
    assert {"return None", "return prices", "return [0] * len(xs)"} <= {m.change for m in found}
    for answer in found:
        assert answer.source.startswith("def cost(side, prices, mid, xs=()):")


def test_a_cell_without_the_function_is_refused():
    with pytest.raises(ValueError, match="no function 'cost'"):
        mutants("price = 3", "cost")
