"""Which cells of a submission its marks can depend on: the others need not run to be marked.

A lesson shows much more than it asks: simulated days, figures, comparisons. Those cells are the
course's own text as long as nobody changed them, and no answer leans on what they make. So the
grader runs the slice of the notebook that the answers can see (program slicing by names: Weiser
1981 [1]_), and shows the other cells as they were handed in.

The slice errs on the side of running: whatever a learner wrote or changed runs, and so does every
cell that binds, or may change, a name that a running cell reads, wherever it stands.

References
----------
.. [1] M. Weiser, "Program slicing", Proceedings of the 5th International Conference on Software
   Engineering, 1981.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Names:
    """Names of the notebook that a cell reads, and those it binds or may change."""

    reads: frozenset[str]
    binds: frozenset[str]
    modules: frozenset[str] = frozenset()  # those bound by an import
    plain: bool = True  # False: no plain Python, so anything might happen


def names_of(source: str) -> Names:
    """Read the names off one cell.

    Parameters
    ----------
    source : str

    Returns
    -------
    Names
        For a cell that is no plain Python (magics, half-written lines) every word counts as read.

    Examples
    --------
    >>> names = names_of("costs[day] = run(day)")
    >>> sorted(names.reads), sorted(names.binds)
    (['costs', 'day', 'run'], ['costs'])
    """
    try:
        tree = ast.parse(source)
        reads: set[str] = set()
        binds = _changed(tree)
        _scan(tree.body, set(), reads, binds)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names(frozenset(_NAME.findall(source)), frozenset(), plain=False)
    modules = {alias.asname or alias.name.partition(".")[0] for node in ast.walk(tree)
               if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}
    return Names(frozenset(reads), frozenset(binds), frozenset(modules))


def _scan(body: list[ast.stmt], bound: set[str], reads: set[str], binds: set[str]) -> None:
    """Walk statements in order. A name that is surely `bound` by then is not read from outside."""
    for statement in body:
        heads: list[ast.AST] = [statement]
        blocks: list[tuple[list[ast.stmt], set[str]]] = []
        if isinstance(statement, (ast.If, ast.While)):
            heads = [statement.test]
            blocks = [(statement.body, set(bound)), (statement.orelse, set(bound))]
        elif isinstance(statement, (ast.For, ast.AsyncFor)):
            target = _stored(statement.target)
            heads = [statement.iter]
            blocks = [(statement.body, bound | target), (statement.orelse, set(bound))]
            binds |= target
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            heads = [item.context_expr for item in statement.items]
            target = set().union(*map(_stored, statement.items))
            binds |= target
            blocks = [(statement.body, bound)]  # it runs, so what it binds is bound
        for head in heads:
            found, made = _symbols(head)
            reads |= found - bound
            binds |= made
            if head is statement:
                bound |= made
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            bound |= target
        for inner, known in blocks:
            _scan(inner, known, reads, binds)


def _stored(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def _symbols(node: ast.AST) -> tuple[set[str], set[str]]:
    """Names that a statement or expression takes from the notebook, and those it binds there."""
    reads, binds = set(), set()
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        reads.add(node.target.id)
    table = symtable.symtable(ast.unparse(node), "cell", "exec")
    for symbol in table.get_symbols():
        if symbol.is_referenced():
            reads.add(symbol.get_name())
        if symbol.is_assigned() or symbol.is_imported():
            binds.add(symbol.get_name())
    inner = list(table.get_children())
    while inner:
        child = inner.pop()
        inner += child.get_children()
        for symbol in child.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                reads.add(symbol.get_name())
            if symbol.is_declared_global() and symbol.is_assigned():
                binds.add(symbol.get_name())
    return reads, binds


def _changed(tree: ast.AST) -> set[str]:
    """Names whose objects get an item or attribute, or a method called for its effect."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            if isinstance(node.ctx, (ast.Store, ast.Del)):
                found.add(_root(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            found.add(_root(node.value.func, method=True))
    return found - {None}


def _root(node: ast.AST, method: bool = False) -> str | None:
    """``a`` of ``a.b[0].c``; with `method` None for a plain call ``a(...)``."""
    if method and isinstance(node, ast.Name):
        return None
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


@dataclass(frozen=True)
class Idle:
    """Cells that no mark depends on, by position, and the names that they would bind."""

    cells: frozenset[int] = frozenset()
    names: frozenset[str] = frozenset()


def idle_cells(cells: list[Any], released: Any, expressions: Iterable[str]) -> Idle:
    """Find the cells of a mended submission that need not run.

    Parameters
    ----------
    cells : list of cells
        Of the submission.
    released : notebook
        The lesson as it was released.
    expressions : iterable of str
        What the check cells hand to their checks.

    Returns
    -------
    Idle
        Never the first code cell, one tagged ``parameters``, a marked one, or one whose text is
        not the lesson's.
    """
    own = {cell.source.strip() for cell in released.cells if cell.cell_type == "code"}
    budgets = {cell.id for cell in released.cells
               if "parameters" in cell.metadata.get("tags", [])}
    code = [n for n, cell in enumerate(cells) if cell.cell_type == "code" and cell.source.strip()]
    names = {n: names_of(cells[n].source) for n in code}
    modules = frozenset().union(*(found.modules for found in names.values()))
    left = {n for n in code[1:] if cells[n].source.strip() in own and names[n].plain
            and "nbgrader" not in cells[n].metadata and cells[n].id not in budgets}
    needed = set().union(*(names_of(e).reads for e in expressions),
                         *(names[n].reads for n in code if n not in left))
    while True:
        # a call such as plots.show(fig) changes no module; plt.rcParams[...] = ... is a store
        run = {n for n in left
               if (names[n].binds - _called_only(cells[n], modules - names[n].modules)) & needed}
        if not run:
            break
        left -= run
        needed |= set().union(*(names[n].reads for n in run))
    return Idle(frozenset(left), frozenset().union(*(names[n].binds for n in left)))


def asks_for(idle: Idle, error: str | None, message: str | None) -> bool:
    """Whether an error may come from a name that an idle cell would have bound.

    >>> asks_for(Idle(names=frozenset({"quotes"})), "NameError", "name 'quotes' is not defined")
    True
    """
    if error != "NameError" or not idle.cells:
        return False
    named = re.search(r"name '(\w+)'", message or "")
    return named is None or named[1] in idle.names


def _called_only(cell: Any, modules: frozenset[str]) -> set[str]:
    """Those modules, imported elsewhere, to which the cell does nothing but call them."""
    tree = ast.parse(cell.source)
    stored = {_root(node) for node in ast.walk(tree)
              if isinstance(node, (ast.Attribute, ast.Subscript))
              and isinstance(node.ctx, (ast.Store, ast.Del))}
    stored |= {node.id for node in ast.walk(tree)
               if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del))}
    return set(modules) - stored
